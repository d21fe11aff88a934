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

/// Every `step`th sample from the first on, then every one from the second on, and so on.
pub fn unweave(row: &[f32], step: usize, phases: &mut [f32]) {
    match step {
        2 => unweave_samples::<2>(row, phases),
        4 => unweave_samples::<4>(row, phases),
        8 => unweave_samples::<8>(row, phases),
        _ => unreachable!("wider steps are summed up in blocks"),
    }
}

/// Puts the first sample of each phase in a row, then the second of each, and so on.
pub fn weave(phases: &[f32], step: usize, out: &mut [f32]) {
    match step {
        2 => weave_samples::<2>(phases, out),
        4 => weave_samples::<4>(phases, out),
        8 => weave_samples::<8>(phases, out),
        _ => unreachable!("wider steps are enlarged in blocks"),
    }
}

fn unweave_samples<const N: usize>(row: &[f32], phases: &mut [f32]) {
    let groups = row.as_chunks::<N>().0;
    let mut rest = phases;
    let rows: [&mut [f32]; N] = std::array::from_fn(|_| {
        let (row, others) = std::mem::take(&mut rest).split_at_mut(groups.len());
        rest = others;
        row
    });
    wide(move || {
        for (i, group) in groups.iter().enumerate() {
            for phase in 0..N {
                rows[phase][i] = group[phase];
            }
        }
    });
}

fn weave_samples<const N: usize>(phases: &[f32], out: &mut [f32]) {
    let groups = out.as_chunks_mut::<N>().0;
    let length = groups.len();
    let mut rest = phases;
    let rows: [&[f32]; N] = std::array::from_fn(|_| {
        let (row, others) = rest.split_at(length);
        rest = others;
        row
    });
    wide(move || {
        for (i, group) in groups.iter_mut().enumerate() {
            for phase in 0..N {
                group[phase] = rows[phase][i];
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_apart_is_put_together_again() {
        for step in [2, 4, 8] {
            let row: Vec<f32> = (0..11 * step).map(|i| i as f32).collect();
            let (mut phases, mut again) = (vec![0.0; row.len()], vec![0.0; row.len()]);
            let of_phase = |phase| row.iter().skip(phase).step_by(step).copied();
            let expected: Vec<f32> = (0..step).flat_map(of_phase).collect();
            unweave(&row, step, &mut phases);
            assert_eq!(phases, expected);
            weave(&expected, step, &mut again);
            assert_eq!(again, row);
        }
    }
}
