//! What is usual of a plane from place to place: figures of blocks, read between their middles.

use crate::engine::raster::{Plane, wide};

/// Side of a block, in pixels: what is usual changes within some tens of pixels, beside a beard, an eye or a nostril.
const BLOCK: usize = 16;

/// Every so many pixels of a block are looked at, across and down.
const STEP: usize = 2;

/// The shares of the smaller values in a block by which its deviation is told, and how many deviations a Gaussian has
/// there: the greatest counts, as pores have long tails. The last is stretched a little, so that it speaks only where
/// tails are clearly longer.
const QUANTILES: [(f64, f32); 3] = [(0.5, 0.6745), (0.85, 1.44), (0.95, 1.1 * 1.96)];

/// The share of the smaller sizes in a block by which its scale is told, and how many deviations a Gaussian has there.
const SCALE: (f64, f32) = (0.8, 1.282);

/// Blocks whose median is a smaller share of one's own tell nothing about it: the AI left them alone.
const ALIKE: f32 = 0.4;

/// A block is at least this share as usual as it tells itself.
const LEAST_OWN: f32 = 0.7;

/// A blob fills at most so many blocks.
const FILLED_BY_A_BLOB: usize = 3;

/// A block is as usual as the median of those at most so many blocks away: a blob does not hide itself, and the scale
/// of a strength is that of a wide surrounding.
const NEAR: usize = 1;
const FAR: usize = 4;

/// A figure for each block.
pub struct Blocks {
    columns: usize,
    rows: usize,
    values: Vec<f32>,
    /// The median of the sizes in each block.
    medians: Vec<f32>,
}

impl Blocks {
    /// The figure that `value` makes of what is told at the `shares` of the sizes in each block, of values that
    /// `counts`. The first share is that of the median.
    fn of<const N: usize>(
        plane: &Plane,
        counts: impl Fn(f32) -> bool,
        shares: [f64; N],
        value: impl Fn([f32; N]) -> f32,
    ) -> Self {
        let columns = plane.width().div_ceil(BLOCK);
        let rows = plane.height().div_ceil(BLOCK);
        let of_block = |i: usize| {
            let place = ((i % columns) * BLOCK, (i / columns) * BLOCK);
            let (mut sizes, count) = sizes(plane, place, &counts);
            let told = quantiles(&mut sizes[..count], shares);
            (value(told), told[0])
        };
        let (values, medians) = (0..columns * rows).map(of_block).unzip();
        Self {
            columns,
            rows,
            values,
            medians,
        }
    }

    /// Each block's median with those at most `reach` blocks away that are like it, by what it is `like`.
    fn evened_out(self, reach: usize, like: &[f32]) -> Self {
        let around = |i: usize| {
            let others = self.near(i, reach);
            let alike = others.filter(|other| self.medians[*other] >= ALIKE * like[i]);
            let mut around: Vec<u32> = alike.map(|other| self.values[other].to_bits()).collect();
            quantiles(&mut around, [0.5])[0]
        };
        let values = (0..self.values.len()).map(around).collect();
        Self { values, ..self }
    }

    /// The blocks that are at most `reach` blocks away from one.
    fn near(&self, i: usize, reach: usize) -> impl Iterator<Item = usize> {
        let (x, y, columns) = (i % self.columns, i / self.columns, self.columns);
        let across = x.saturating_sub(reach)..(x + reach + 1).min(columns);
        let down = y.saturating_sub(reach)..(y + reach + 1).min(self.rows);
        down.flat_map(move |row| across.clone().map(move |column| row * columns + column))
    }

    /// The median of the sizes in each block, but no more than some blocks beside it have: a blob that fills some is not
    /// what is usual there.
    fn usual_medians(&self) -> Vec<f32> {
        let of_block = |i: usize| {
            let mut near: Vec<f32> = self.near(i, NEAR).map(|it| self.medians[it]).collect();
            near.sort_unstable_by(|a, b| b.total_cmp(a));
            self.medians[i].min(near[FILLED_BY_A_BLOB.min(near.len() - 1)])
        };
        (0..self.medians.len()).map(of_block).collect()
    }

    /// The figure at a pixel.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        let ((left, across), (top, down)) = (between(x, self.columns), between(y, self.rows));
        let row = |row: usize| {
            let right = (left + 1).min(self.columns - 1);
            let [left, right] = [left, right].map(|it| self.values[row * self.columns + it]);
            left + across * (right - left)
        };
        let upper = row(top);
        upper + down * (row((top + 1).min(self.rows - 1)) - upper)
    }

    /// Reads the figures along the row `y` of pixels.
    pub fn read_row(&self, y: usize, out: &mut [f32]) {
        let (top, down) = between(y, self.rows);
        let bottom = (top + 1).min(self.rows - 1);
        for left in 0..self.columns {
            // The pixels from the middle of this block to that of the next, and those before the first and behind the last.
            let start = if left == 0 {
                0
            } else {
                left * BLOCK + BLOCK / 2
            };
            let end = if left + 1 == self.columns {
                out.len()
            } else {
                (left + 1) * BLOCK + BLOCK / 2
            };
            let (start, end) = (start.min(out.len()), end.min(out.len()));
            let right = (left + 1).min(self.columns - 1);
            let nodes = |row: usize| [left, right].map(|it| self.values[row * self.columns + it]);
            let ([upper_left, upper_right], [lower_left, lower_right]) =
                (nodes(top), nodes(bottom));
            let out = &mut out[start..end];
            wide!({
                for (i, out) in out.iter_mut().enumerate() {
                    let place = ((start + i) as i32 as f32 + 0.5) / BLOCK as f32 - 0.5;
                    let across = place.max(0.0) - left as f32;
                    let upper = upper_left + across * (upper_right - upper_left);
                    let lower = lower_left + across * (lower_right - lower_left);
                    *out = upper + down * (lower - upper);
                }
            });
        }
    }
}

/// The block whose middle is before a pixel, and how far it is on the way to the next, 0..=1.
fn between(pixel: usize, blocks: usize) -> (usize, f32) {
    let place = ((pixel as f32 + 0.5) / BLOCK as f32 - 0.5).clamp(0.0, blocks as f32 - 1.0);
    (place as usize, place.fract())
}

/// The deviations of positive and of negative values around each place.
pub fn deviations(plane: &Plane) -> [Blocks; 2] {
    [false, true].map(|negative| {
        let of_sign = |it: f32| (it < 0.0) == negative;
        let own = Blocks::of(plane, of_sign, QUANTILES.map(|(share, _)| share), |told| {
            let told = told.iter().zip(QUANTILES);
            told.fold(0.0, |most, (told, (_, deviations))| {
                most.max(told / deviations)
            })
        });
        let like = own.usual_medians();
        let mut around = own.evened_out(NEAR, &like);
        let of_median = LEAST_OWN / QUANTILES[0].1;
        for (it, like) in around.values.iter_mut().zip(like) {
            *it = it.max(of_median * like);
        }
        around
    })
}

/// How large strengths are far around each place, as a share of what a Gaussian of deviation 1 would have: less where
/// deviations are taken too large for want of pixels to tell them by, more where they differ much from place to place.
pub fn scale(strengths: &Plane) -> Blocks {
    let (share, deviations) = SCALE;
    let own = Blocks::of(
        strengths,
        |_| true,
        [0.5, share],
        |[_, told]| told / deviations,
    );
    let like = own.usual_medians();
    own.evened_out(FAR, &like)
}

/// Values of a block that are looked at, at most.
const MOST: usize = (BLOCK / STEP) * (BLOCK / STEP);

/// The bits of the sizes of values that count, of some in the block whose corner is at (x, y), and how many those are: bits
/// of sizes are in the order of the sizes.
fn sizes(
    plane: &Plane,
    (x, y): (usize, usize),
    counts: impl Fn(f32) -> bool,
) -> ([u32; MOST], usize) {
    let (mut sizes, mut count) = ([0; MOST], 0);
    let end = (x + BLOCK).min(plane.width());
    for row in (y..(y + BLOCK).min(plane.height())).step_by(STEP) {
        for value in plane.row(row)[x..end].iter().step_by(STEP) {
            // Whether a value counts is a matter of chance: no branch is taken on it.
            sizes[count.min(MOST - 1)] = value.abs().to_bits();
            count += usize::from(counts(*value));
        }
    }
    (sizes, count)
}

/// The values that each of some growing shares of them lie below, by their bits; 0 of none.
fn quantiles<const N: usize>(values: &mut [u32], shares: [f64; N]) -> [f32; N] {
    if values.is_empty() {
        return [0.0; N];
    }
    let last = values.len() - 1;
    // What lies below the one before needs no second look.
    let mut known = 0;
    shares.map(|share| {
        let at = (last as f64 * share) as usize;
        let value = *values[known..].select_nth_unstable(at - known).1;
        known = at;
        f32::from_bits(value)
    })
}
