//! Rows of pixels that hold one sample, or several side by side, brought into another order.

use crate::engine::raster::wide;

/// Fills a row with one pixel.
pub fn repeat(pixel: &[f32], row: &mut [f32]) {
    match pixel {
        [sample] => row.fill(*sample),
        _ => row
            .chunks_exact_mut(pixel.len())
            .for_each(|it| it.copy_from_slice(pixel)),
    }
}

/// Puts a row of pixels into a longer one, so many samples from its start, and repeats its ends as far as there is room.
pub fn pad(row: &[f32], interleaved: usize, left: usize, padded: &mut [f32]) {
    let (before, others) = padded.split_at_mut(left);
    let (inside, after) = others.split_at_mut(row.len());
    repeat(&row[..interleaved], before);
    inside.copy_from_slice(row);
    repeat(&row[row.len() - interleaved..], after);
}

/// Every `step`th pixel from the first on, then every one from the second on, and so on.
pub fn unweave(row: &[f32], step: usize, interleaved: usize, phases: &mut [f32]) {
    match (interleaved, step) {
        (1, 2) => unweave_samples::<2>(row, phases),
        (1, 4) => unweave_samples::<4>(row, phases),
        (1, 8) => unweave_samples::<8>(row, phases),
        (3, _) => {
            let length = phases.len() / step;
            for (phase, out) in phases.chunks_exact_mut(length).enumerate() {
                for i in 0..length / 3 {
                    copy_three(&row[3 * (i * step + phase)..], &mut out[3 * i..]);
                }
            }
        }
        _ => unreachable!(
            "one sample, or red, green and blue; wide steps of one are summed up in blocks"
        ),
    }
}

/// Puts the first pixel of each phase in a row, then the second of each, and so on.
pub fn weave(phases: &[f32], step: usize, interleaved: usize, out: &mut [f32]) {
    let length = phases.len() / step;
    match (interleaved, step) {
        (1, 2) => weave_samples::<2>(phases, out),
        (1, 4) => weave_samples::<4>(phases, out),
        (1, _) => {
            for (i, out) in out.chunks_exact_mut(step).enumerate() {
                for (phase, out) in out.iter_mut().enumerate() {
                    *out = phases[phase * length + i];
                }
            }
        }
        _ => {
            for i in 0..length / 3 {
                for phase in 0..step {
                    let from = &phases[phase * length + 3 * i..];
                    copy_three(from, &mut out[3 * (i * step + phase)..]);
                }
            }
        }
    }
}

/// Copies the three samples that two rows begin with. Where there is a fourth it is copied as well, which makes it one
/// load and one store: rows are filled in their order, so that the next pixel takes its place.
#[inline(always)]
fn copy_three(from: &[f32], to: &mut [f32]) {
    match (from.first_chunk::<4>(), to.first_chunk_mut::<4>()) {
        (Some(from), Some(to)) => *to = *from,
        _ => to[..3].copy_from_slice(&from[..3]),
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
        for (interleaved, step) in [(1, 2), (1, 4), (1, 8), (3, 2), (3, 4), (3, 16)] {
            let row: Vec<f32> = (0..11 * step * interleaved).map(|i| i as f32).collect();
            let (mut phases, mut again) = (vec![0.0; row.len()], vec![0.0; row.len()]);
            unweave(&row, step, interleaved, &mut phases);
            assert_eq!(phases[interleaved], (step * interleaved) as f32);
            weave(&phases, step, interleaved, &mut again);
            assert_eq!(again, row);
        }
    }
}
