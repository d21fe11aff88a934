//! Rows brought into another order, and their ends repeated.

use std::ops::Range;

use crate::engine::raster::wide;

/// Repeats the first and the last pixel of what a row holds as far as there is room.
pub fn repeat_ends(row: &mut [f32], inside: Range<usize>, interleaved: usize) {
    let (before, others) = row.split_at_mut(inside.start);
    let (inside, after) = others.split_at_mut(inside.len());
    repeat(&inside[..interleaved], before);
    repeat(&inside[inside.len() - interleaved..], after);
}

fn repeat(pixel: &[f32], row: &mut [f32]) {
    for it in row.chunks_exact_mut(pixel.len()) {
        it.copy_from_slice(pixel);
    }
}

/// Every fourth sample of a row from the first on, then from the second on, and so on.
pub fn unweave(row: &[f32], phases: &mut [Vec<f32>; 4]) {
    let (groups, left) = row.as_chunks::<4>();
    let length = groups.len() + usize::from(!left.is_empty());
    for (i, phase) in phases.iter_mut().enumerate() {
        phase.resize(length, 0.0);
        if let (Some(left), Some(last)) = (left.get(i), phase.last_mut()) {
            *last = *left;
        }
    }
    let [a, b, c, d] = phases.each_mut().map(|it| &mut it[..groups.len()]);
    wide!({
        for (i, group) in groups.iter().enumerate() {
            [a[i], b[i], c[i], d[i]] = *group;
        }
    });
}

/// An even sample, then an odd one, and so on. There may be an odd one too many.
pub fn weave(even: &[f32], odd: &[f32], out: &mut [f32]) {
    let (pairs, left) = out.as_chunks_mut::<2>();
    if let ([left], Some(last)) = (left, even.last()) {
        *left = *last;
    }
    wide!({
        for ((pair, even), odd) in pairs.iter_mut().zip(even).zip(odd) {
            *pair = [*even, *odd];
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_apart_is_put_together_again() {
        let row: Vec<f32> = (0..47).map(|i| i as f32).collect();
        let mut phases = [const { Vec::new() }; 4];
        unweave(&row, &mut phases);
        for (i, sample) in row.iter().enumerate() {
            assert_eq!(phases[i % 4][i / 4], *sample);
        }
        let [even, odd] = [0, 1].map(|i| row[i..].iter().step_by(2).copied().collect::<Vec<_>>());
        let mut again = [0.0; 47];
        weave(&even, &odd, &mut again);
        assert_eq!(again[..], row);
    }
}
