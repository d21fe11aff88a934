//! Blobs in one scale of a difference that stand out from what is usual around them.

use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region};

/// Deviations of the Gaussians whose differences answer to blobs, in pixels of a level.
const SCALES: [f64; 3] = [1.0, 1.6, 2.56];

/// A blob that stands out by less than this many deviations is taken for a pore.
const LEAST_STRENGTH: f32 = 3.9;

/// A blob longer than this many times its width is a line or an edge.
const LONGEST: f32 = 3.0;

/// Side of the squares over which deviations are measured, in pixels of a level.
const BLOCK: usize = 32;

/// Every so many pixels of a block are looked at, across and down.
const BLOCK_STEP: usize = 2;

/// The share of the smaller values in a block by which, beside their median, its deviation is told: pores have long
/// tails. A Gaussian has 1.44 deviations there, and 0.6745 at the median.
const TAIL: f64 = 0.85;
const TAIL_DEVIATIONS: f32 = 1.44;
const MEDIAN_DEVIATIONS: f32 = 0.6745;

/// Networks move edges by about this share of the blob's size: what that alone makes in the difference is no blob.
const EDGE_SHIFT: f32 = 0.08;

/// Deviations below this are rounding: a sixth of a step of 8 bits.
const LEAST_DEVIATION: f32 = 0.0006;

/// What is looked at: what the AI changed, and the edges of the picture.
pub struct Level {
    /// Original less picture: luma, and red less green if there are colours.
    pub changes: Vec<Plane>,
    /// Luma of the picture.
    pub luma: Plane,
}

/// A blob of a level.
#[derive(Clone, Copy, Debug)]
pub struct Blob {
    /// In pixels of the level.
    pub x: f64,
    pub y: f64,
    /// The deviation of the Gaussian that is as wide as it, in pixels of the level.
    pub size: f64,
    /// In deviations of what is around it.
    pub strength: f32,
    /// What stands out: a number in the changes of the level.
    pub channel: usize,
    /// How much, in samples.
    pub height: f32,
}

impl Level {
    /// At half the size.
    pub fn halved(&self) -> Self {
        Self {
            changes: self.changes.iter().map(halved).collect(),
            luma: halved(&self.luma),
        }
    }

    /// The blobs of all scales of this level.
    pub fn blobs(&self, cancel: &Cancel) -> Vec<Blob> {
        let bounds = Region::of_size(self.luma.width(), self.luma.height());
        let blur = |plane: &Plane, sigma: f64| {
            Gaussian::new(sigma).blur(plane, bounds, bounds, bounds, cancel)
        };
        let edges = blur(&gradient(&blur(&self.luma, SCALES[0])), SCALES[2]);
        let blurred = |plane: &Plane| SCALES.map(|sigma| blur(plane, sigma));
        let stacks: Vec<[Plane; 3]> = self.changes.iter().map(blurred).collect();
        let mut found = Vec::new();
        for (fine, coarse) in [(0, 1), (1, 2)] {
            let answer = |it: &[Plane; 3]| it[fine].clone().zip_map(&it[coarse], |a, b| a - b);
            let answers: Vec<Plane> = stacks.iter().map(answer).collect();
            let size = (SCALES[fine] * SCALES[coarse]).sqrt();
            let strengths: Vec<Plane> = answers
                .iter()
                .map(|it| strengths(it, &edges, size as f32))
                .collect();
            found.extend(peaks(&answers, &strengths, size));
        }
        found
    }
}

/// The mean of each two by two pixels.
fn halved(plane: &Plane) -> Plane {
    let (width, height) = ((plane.width() / 2).max(1), (plane.height() / 2).max(1));
    let (last, bottom) = (plane.width() - 1, plane.height() - 1);
    let mut half = Plane::filled(width, height, 0.0);
    for y in 0..height {
        let (upper, lower) = (plane.row(2 * y), plane.row((2 * y + 1).min(bottom)));
        for (x, out) in half.row_mut(y).iter_mut().enumerate() {
            let (left, right) = (2 * x, (2 * x + 1).min(last));
            *out = 0.25 * (upper[left] + upper[right] + lower[left] + lower[right]);
        }
    }
    half
}

/// The slope of a plane, for each pixel.
fn gradient(plane: &Plane) -> Plane {
    let (last, bottom) = (plane.width() - 1, plane.height() - 1);
    let mut slopes = Plane::filled(plane.width(), plane.height(), 0.0);
    for y in 0..plane.height() {
        let row = plane.row(y);
        let (upper, lower) = (
            plane.row(y.saturating_sub(1)),
            plane.row((y + 1).min(bottom)),
        );
        for (x, out) in slopes.row_mut(y).iter_mut().enumerate() {
            let across = row[(x + 1).min(last)] - row[x.saturating_sub(1)];
            let down = lower[x] - upper[x];
            *out = 0.5 * (across * across + down * down).sqrt();
        }
    }
    slopes
}

/// The answers in deviations of what is usual around each.
fn strengths(answer: &Plane, edges: &Plane, size: f32) -> Plane {
    let (columns, rows, deviations) = deviations(answer);
    let mut strengths = answer.clone();
    for y in 0..answer.height() {
        let (top, down) = between(y, rows);
        let edges = edges.row(y);
        for (x, it) in strengths.row_mut(y).iter_mut().enumerate() {
            let (left, across) = between(x, columns);
            let at = |i: usize, j: usize| {
                deviations[(top + j).min(rows - 1) * columns + (left + i).min(columns - 1)]
            };
            let upper = at(0, 0) + across * (at(1, 0) - at(0, 0));
            let lower = at(0, 1) + across * (at(1, 1) - at(0, 1));
            let usual = upper + down * (lower - upper);
            let edge = EDGE_SHIFT * size * edges[x];
            *it /= (usual * usual + edge * edge + LEAST_DEVIATION * LEAST_DEVIATION).sqrt();
        }
    }
    strengths
}

/// The block whose middle is before a pixel, and how far it is on the way to the next, 0..=1.
fn between(pixel: usize, blocks: usize) -> (usize, f32) {
    let place = ((pixel as f32 + 0.5) / BLOCK as f32 - 0.5).clamp(0.0, blocks as f32 - 1.0);
    (place as usize, place.fract())
}

/// Columns and rows of blocks, and the deviation in each: the median of it and those around it, so that a blob does
/// not hide itself.
fn deviations(answer: &Plane) -> (usize, usize, Vec<f32>) {
    let columns = answer.width().div_ceil(BLOCK);
    let rows = answer.height().div_ceil(BLOCK);
    let own: Vec<f32> = (0..columns * rows)
        .map(|i| deviation(answer, (i % columns) * BLOCK, (i / columns) * BLOCK))
        .collect();
    let middle = (0..columns * rows).map(|i| {
        let (x, y) = (i % columns, i / columns);
        let mut around = Vec::with_capacity(9);
        for row in y.saturating_sub(1)..(y + 2).min(rows) {
            for column in x.saturating_sub(1)..(x + 2).min(columns) {
                around.push(own[row * columns + column]);
            }
        }
        quantile(&mut around, 0.5).max(0.7 * own[i])
    });
    (columns, rows, middle.collect())
}

/// The deviation of the values in the block whose corner is at (x, y).
fn deviation(answer: &Plane, x: usize, y: usize) -> f32 {
    let mut values = Vec::with_capacity(BLOCK * BLOCK / BLOCK_STEP / BLOCK_STEP);
    for row in (y..(y + BLOCK).min(answer.height())).step_by(BLOCK_STEP) {
        let end = (x + BLOCK).min(answer.width());
        let row = &answer.row(row)[x..end];
        values.extend(row.iter().step_by(BLOCK_STEP).map(|it| it.abs()));
    }
    let median = quantile(&mut values, 0.5) / MEDIAN_DEVIATIONS;
    median.max(quantile(&mut values, TAIL) / TAIL_DEVIATIONS)
}

/// The value that `share` of them lie below.
fn quantile(values: &mut [f32], share: f64) -> f32 {
    let at = ((values.len() - 1) as f64 * share) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

/// Where a strength is above all around it and the answer is round.
fn peaks(answers: &[Plane], strengths: &[Plane], size: f64) -> Vec<Blob> {
    let (width, height) = (answers[0].width(), answers[0].height());
    let step = (size.round() as usize).max(1);
    let mut found = Vec::new();
    for y in step..height.saturating_sub(step) {
        for (channel, plane) in strengths.iter().enumerate() {
            for x in step..width.saturating_sub(step) {
                let strength = plane.at(x, y).abs();
                if strength < LEAST_STRENGTH {
                    continue;
                }
                let near = (y - 1..=y + 1).flat_map(|j| plane.row(j)[x - 1..=x + 1].iter());
                if near.into_iter().any(|it| it.abs() > strength) {
                    continue;
                }
                let answer = &answers[channel];
                if let Some([dx, dy]) = roundness(answer, (x, y), step) {
                    found.push(Blob {
                        x: x as f64 + dx,
                        y: y as f64 + dy,
                        size,
                        strength,
                        channel,
                        height: answer.at(x, y).abs(),
                    });
                }
            }
        }
    }
    found
}

/// How far the top of a round blob is from the pixel; `None` if it is no blob, or a long one: by the eigenvalues of
/// its second derivatives, as in Lowe, Distinctive image features (2004), 4.1.
fn roundness(answer: &Plane, (x, y): (usize, usize), step: usize) -> Option<[f64; 2]> {
    let middle = answer.at(x, y);
    let (left, right) = (answer.at(x - step, y), answer.at(x + step, y));
    let (upper, lower) = (answer.at(x, y - step), answer.at(x, y + step));
    let across = left + right - 2.0 * middle;
    let down = upper + lower - 2.0 * middle;
    let both = 0.25
        * (answer.at(x + step, y + step) + answer.at(x - step, y - step)
            - answer.at(x + step, y - step)
            - answer.at(x - step, y + step));
    let (trace, determinant) = (across + down, across * down - both * both);
    let longest = (LONGEST + 1.0) * (LONGEST + 1.0) / LONGEST;
    if determinant <= 0.0 || trace * trace > longest * determinant {
        return None;
    }
    let top = |before: f32, after: f32, curve: f32| {
        let shift = 0.5 * (before - after) / curve;
        f64::from(shift.clamp(-0.5, 0.5)) * step as f64
    };
    Some([top(left, right, across), top(upper, lower, down)])
}
