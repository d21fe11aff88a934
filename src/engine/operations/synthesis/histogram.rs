//! From a patch's histogram to the normal one, and back.

use pulp::{Simd, WithSimd};

use super::blend::LANES;
use super::grid::{Grid, MARGIN, ROW, towards_ends};
use crate::engine::operations::normal::{quantile, share_below};
use crate::engine::raster::Plane;

/// The way back from the normal histogram is tabulated from minus to plus this many deviations.
const TABLE_REACH: f32 = 4.5;

/// Steps of the table.
const TABLE_STEPS: usize = 2048;

/// Normal values are kept in steps of the table: so many are one deviation.
const SCALE: f32 = TABLE_STEPS as f32 / (2.0 * TABLE_REACH);

/// How often each pixel of a patch is shown, as columns and rows whose product it is.
pub fn shown(width: usize, height: usize, grid: &Grid) -> [Vec<f64>; 2] {
    let across = share_shown(width, grid.side as f64, grid.side as f64);
    // Pieces are a little lower than they are wide, as rows of triangles are.
    let tall = grid.row as f64 / ROW;
    [across, share_shown(height, tall, 0.9 * tall)]
}

/// How often each of `size` pixels is shown, when pieces that reach `reach` pixels to both sides are
/// laid with `margin` for triangles of `side`.
fn share_shown(size: usize, side: f64, reach: f64) -> Vec<f64> {
    const DRAWS: usize = 256;
    let margin = MARGIN * side;
    let weight = |distance: f64| {
        // One of two pieces on an edge of a triangle.
        let own = (1.0 - distance / reach).max(0.0);
        let (own, other) = (eighth_power(own), eighth_power(1.0 - own));
        own / (own + other)
    };
    let length = size as f64;
    let mut shown = vec![0.0; size];
    for draw in 0..DRAWS {
        let unit = (draw as f64 + 0.5) / DRAWS as f64;
        let middle = margin + (length - 2.0 * margin) * towards_ends(unit);
        for (i, shown) in shown.iter_mut().enumerate() {
            let distance = (i as f64 + 0.5 - middle).abs();
            *shown += weight(distance.min(length - distance));
        }
    }
    shown
}

fn eighth_power(it: f64) -> f64 {
    let square = it * it;
    (square * square) * (square * square)
}

/// The patch with a normal histogram, in steps of the table. Ranks count each pixel as often as it is shown, so that the field
/// is normal.
pub fn to_normal(patch: &Plane, [columns, rows]: &[Vec<f64>; 2]) -> Plane {
    let (width, samples) = (patch.width(), patch.samples());
    // By value, and equal ones by place: whole numbers sort several times as fast as places by their values.
    let by_value = |(i, sample): (usize, &f32)| u64::from(rising_bits(*sample)) << 32 | i as u64;
    let mut order: Vec<u64> = samples.iter().enumerate().map(by_value).collect();
    order.sort_unstable();
    let places = order.iter().map(|it| *it as u32 as usize);
    let shown = |i: usize| columns[i % width] * rows[i / width];
    let total: f64 = places.clone().map(shown).sum();
    let mut normal = Plane::filled(width, patch.height(), 0.0);
    let mut below = 0.0;
    for i in places {
        let own = shown(i);
        normal.samples_mut()[i] = quantile((below + 0.5 * own) / total) as f32 * SCALE;
        below += own;
    }
    normal
}

/// Bits that rise with a sample, in the order of [`f32::total_cmp`].
fn rising_bits(sample: f32) -> u32 {
    let bits = sample.to_bits();
    // All bits of negative numbers are turned, and the sign of the others.
    bits ^ (((bits as i32 >> 31) as u32) | 1 << 31)
}

/// The table from normal values to the patch's own: its quantiles at their shares. They are those of
/// the patch as it is, because its periodic part has lost the peaks at its edges.
pub fn way_back(patch: &Plane) -> Vec<[f32; 2]> {
    let mut sorted = patch.samples().to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let last = sorted.len() - 1;
    let step = 2.0 * f64::from(TABLE_REACH) / TABLE_STEPS as f64;
    let entry = |i: usize| {
        let share = share_below(i as f64 * step - f64::from(TABLE_REACH));
        let at = (share * sorted.len() as f64 - 0.5).clamp(0.0, last as f64);
        let low = at as usize;
        let high = (low + 1).min(last);
        let part = (at - low as f64) as f32;
        sorted[low] + part * (sorted[high] - sorted[low])
    };
    let entries: Vec<f32> = (0..=TABLE_STEPS).map(entry).collect();
    let steps = entries.windows(2);
    let step = |it: &[f32]| [0.5 * (it[0] + it[1]), it[1] - it[0]];
    steps.map(step).collect()
}

/// Takes normal values back to the patch's own.
pub struct Back<'a> {
    pub table: &'a [[f32; 2]],
    pub values: &'a [f32],
    /// As many as there are values.
    pub out: &'a mut [f32],
}

impl WithSimd for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Ok(table) = self.table.try_into() else {
            unreachable!("a step for each entry")
        };
        let (blocks, rest) = self.values.as_chunks::<LANES>();
        let (outs, out_rest) = self.out.as_chunks_mut::<LANES>();
        for (out, values) in outs.iter_mut().zip(blocks) {
            *out = back(table, values);
        }
        let mut last = [0.0; LANES];
        last[..rest.len()].copy_from_slice(rest);
        out_rest.copy_from_slice(&back(table, &last)[..rest.len()]);
    }
}

#[inline(always)]
fn back(table: &[[f32; 2]; TABLE_STEPS], values: &[f32; LANES]) -> [f32; LANES] {
    const HALF: f32 = TABLE_STEPS as f32 / 2.0;
    // Above 2²³ floats have no fraction, and their low bits are the number: the sum is the nearest middle of a step.
    const TO_STEP: f32 = 8_388_608.0 + HALF;
    let (mut steps, mut parts, mut out) = ([0; LANES], [0.0; LANES], [0.0; LANES]);
    for i in 0..LANES {
        let value = values[i].clamp(0.5 - HALF, HALF - 0.5) - 0.5;
        let step = value + TO_STEP;
        steps[i] = step.to_bits();
        parts[i] = value - (step - TO_STEP);
    }
    for i in 0..LANES {
        let [middle, rise] = table[steps[i] as usize % TABLE_STEPS];
        out[i] = middle + parts[i] * rise;
    }
    out
}
