//! Wide Gaussians: the picture is reduced to a coarser grid, blurred there and enlarged again.
//!
//! Reducing and enlarging are done with cubic B-splines, which are themselves nearly Gaussians, and
//! the blur between them makes up for what they do to the picture (compare Unser, Aldroubi and Eden,
//! B-spline signal processing, 1993). The grid lies on the multiples of its step from the picture's
//! origin, whatever the region: each of its samples is a function of its position alone.

use pulp::Arch;

use super::sums::{sum_four, sum_pairs};
use super::{ROWS_BETWEEN_CHECKS, taps};
use crate::engine::operations::Cancel;
use crate::engine::raster::{Plane, Region, wide};

/// From so many steps of the grid on, the error for any picture of 0..=1 is no more than 1e-4.
const SMALLEST_RATIO: f64 = 3.3;

/// A wide Gaussian, ready to blur.
#[derive(Clone, Debug)]
pub struct Decimated {
    /// Pixels from one sample of the grid to the next, a power of two.
    step: usize,
    /// Reduces: centre and one side.
    down: Vec<f32>,
    /// Blurs on the grid: centre and one side.
    low: Vec<f32>,
    /// Enlarges: for each position behind a sample of the grid the weights of the one before it, of
    /// itself and of the two after it.
    up: Vec<[f32; 4]>,
}

/// A run of positions on the grid; those beyond the picture are negative or beyond its last.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub first: isize,
    pub length: usize,
}

impl Run {
    fn widened(self, by: usize) -> Self {
        Self {
            first: self.first - by as isize,
            length: self.length + 2 * by,
        }
    }

    /// The pieces that it touches, of so many positions each from 0 on.
    pub fn pieces(self, side: usize) -> impl Iterator<Item = isize> {
        let last = self.first + self.length as isize - 1;
        self.first.div_euclid(side as isize)..=last.div_euclid(side as isize)
    }

    fn positions(self) -> impl Iterator<Item = isize> {
        self.first..self.first + self.length as isize
    }
}

impl Decimated {
    /// The widest grid that is fine enough for `sigma` pixels; `None` for small ones.
    pub fn new(sigma: f64) -> Option<Self> {
        let mut step = 1;
        while sigma >= SMALLEST_RATIO * (2 * step) as f64 {
            step *= 2;
        }
        if step == 1 {
            return None;
        }
        let size = step as f64;
        let narrow = |taps: Vec<f64>| taps.into_iter().map(|it| it as f32).collect();
        let up = |position: usize| {
            let weight = |at: f64| taps::spline(position as f64 / size - at) as f32;
            [weight(-1.0), weight(0.0), weight(1.0), weight(2.0)]
        };
        let down = (0..2 * step).map(|i| taps::spline(i as f64 / size) / size);
        Some(Self {
            step,
            down: narrow(down.collect()),
            low: narrow(taps::between_splines(sigma / size, step)),
            up: (0..step).map(up).collect(),
        })
    }

    /// How far beyond a region it reads, in pixels.
    pub fn halo(&self) -> usize {
        // Two samples of the grid are needed beyond a pixel, the blur's reach beyond them, and each
        // reads less than two steps.
        (self.low.len() + 3) * self.step
    }

    /// As [`Gaussian::blur`](super::Gaussian::blur).
    pub fn blur(
        &self,
        source: &Plane,
        from: Region,
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Plane {
        let across = to.expanded(self.halo(), &bounds);
        let grid = self.reduce(source, (from, across, bounds), self.grid_around(to), cancel);
        self.blur_grid(&grid, to, cancel)
    }

    /// Pixels from one sample of the grid to the next.
    pub fn step(&self) -> usize {
        self.step
    }

    /// The columns and rows of the grid that are needed to blur a region.
    pub fn grid_around(&self, to: Region) -> (Run, Run) {
        let reach = self.low.len() - 1;
        let (columns, rows) = (self.run(to.x, to.width), self.run(to.y, to.height));
        (columns.widened(reach), rows.widened(reach))
    }

    /// The part of a picture that columns and rows of the grid are made of.
    pub fn sources_of(&self, (wide, tall): (Run, Run), bounds: Region) -> Region {
        let reach = 2 * self.step as isize - 1;
        let ends = |run: Run, start: usize, end: usize| {
            let (first, last) = (start as isize, end as isize - 1);
            let step = self.step as isize;
            let low = (run.first * step - reach).clamp(first, last);
            let high = (run.first + run.length as isize - 1) * step + reach;
            (low as usize, (high.clamp(first, last) - low + 1) as usize)
        };
        let (x, width) = ends(wide, bounds.x, bounds.right());
        let (y, height) = ends(tall, bounds.y, bounds.bottom());
        Region::new(x, y, width, height)
    }

    /// The blurred region from all of the grid around it.
    pub fn blur_grid(&self, grid: &Plane, to: Region, cancel: &Cancel) -> Plane {
        let arch = Arch::new();
        let reach = self.low.len() - 1;
        let (width, height) = (grid.width() - 2 * reach, grid.height() - 2 * reach);
        let mut along = Plane::unfilled(width, grid.height());
        for y in 0..grid.height() {
            let row = grid.row(y);
            let (before, after) = (|j: usize| &row[reach - j..], |j: usize| &row[reach + j..]);
            sum_pairs(arch, along.row_mut(y), &self.low, before, after);
        }
        let mut low = Plane::unfilled(width, height);
        for y in 0..height {
            let above = |j: usize| along.row(y + reach - j);
            let below = |j: usize| along.row(y + reach + j);
            sum_pairs(arch, low.row_mut(y), &self.low, above, below);
        }
        self.enlarge(arch, &low, to, cancel)
    }

    /// What of the grid is needed to enlarge a run of pixels.
    fn run(&self, start: usize, length: usize) -> Run {
        let (first, last) = (start / self.step, (start + length - 1) / self.step);
        Run {
            first: first as isize - 1,
            length: last - first + 4,
        }
    }

    /// The samples of the grid in some of its columns and rows, made from the columns `across` of the
    /// source.
    pub fn reduce(
        &self,
        source: &Plane,
        (from, across, bounds): (Region, Region, Region),
        (wide, tall): (Run, Run),
        cancel: &Cancel,
    ) -> Plane {
        let arch = Arch::new();
        let step = self.step as isize;
        let nearest = |at: isize, start: usize, end: usize| {
            at.clamp(start as isize, end as isize - 1) as usize
        };
        let source_row = |y: isize| {
            let y = nearest(y, bounds.y, bounds.bottom()) - from.y;
            &source.row(y)[across.x - from.x..][..across.width]
        };
        let mut reduced = Plane::unfilled(wide.length, tall.length);
        let mut row = vec![0.0; across.width];
        // One row for each position between two samples of the grid.
        let spread = wide.length + 4;
        let mut phases = vec![0.0; self.step * spread];
        let start = (wide.first - 2) * step - across.x as isize;
        // The row where the grid needs it, with its ends repeated.
        let mut padded = vec![0.0; self.step * spread];
        let left = (-start).clamp(0, padded.len() as isize) as usize;
        let skipped = start.clamp(0, row.len() as isize) as usize;
        let length = (row.len() - skipped).min(padded.len() - left);
        for (i, y) in tall.positions().enumerate() {
            if i % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
                break;
            }
            let above = |j: usize| source_row(y * step - j as isize);
            let below = |j: usize| source_row(y * step + j as isize);
            sum_pairs(arch, &mut row, &self.down, above, below);
            padded[..left].fill(row[0]);
            padded[left..][..length].copy_from_slice(&row[skipped..][..length]);
            padded[left + length..].fill(row[row.len() - 1]);
            deinterleave(&padded, self.step, &mut phases);
            let at = |offset: isize| {
                let (phase, shift) = (offset.rem_euclid(step), offset.div_euclid(step));
                &phases[phase as usize * spread + (2 + shift) as usize..]
            };
            let before = |j: usize| at(-(j as isize));
            let after = |j: usize| at(j as isize);
            sum_pairs(arch, reduced.row_mut(i), &self.down, before, after);
        }
        reduced
    }

    /// The region `to` from the samples of the grid around it.
    fn enlarge(&self, arch: Arch, low: &Plane, to: Region, cancel: &Cancel) -> Plane {
        let steps = low.width() - 3;
        let skipped = to.x % self.step;
        let mut phases = vec![0.0; self.step * steps];
        let mut whole = vec![0.0; self.step * steps];
        let mut along = Plane::unfilled(to.width, low.height());
        for y in 0..low.height() {
            let row = low.row(y);
            for (weights, out) in self.up.iter().zip(phases.chunks_exact_mut(steps)) {
                sum_four(arch, out, *weights, [row, &row[1..], &row[2..], &row[3..]]);
            }
            interleave(&phases, self.step, &mut whole);
            along
                .row_mut(y)
                .copy_from_slice(&whole[skipped..][..to.width]);
        }
        let mut out = Plane::unfilled(to.width, to.height);
        for y in 0..to.height {
            if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
                break;
            }
            let position = to.y + y;
            let first = position / self.step - to.y / self.step;
            let rows = [0, 1, 2, 3].map(|i| along.row(first + i));
            sum_four(arch, out.row_mut(y), self.up[position % self.step], rows);
        }
        out
    }
}

/// Every `step`th sample from the first on, then every one from the second on, and so on.
fn deinterleave(row: &[f32], step: usize, phases: &mut [f32]) {
    match step {
        2 => deinterleave_by::<2>(row, phases),
        4 => deinterleave_by::<4>(row, phases),
        _ => {
            let length = row.len() / step;
            for (phase, out) in phases.chunks_exact_mut(length).enumerate() {
                let samples = row[phase..].iter().step_by(step);
                out.iter_mut().zip(samples).for_each(|(out, it)| *out = *it);
            }
        }
    }
}

fn deinterleave_by<const N: usize>(row: &[f32], phases: &mut [f32]) {
    let groups = row.as_chunks::<N>().0;
    for (phase, out) in phases.chunks_exact_mut(groups.len()).enumerate() {
        wide(|| {
            for (out, group) in out.iter_mut().zip(groups) {
                *out = group[phase];
            }
        });
    }
}

/// Puts the first of each phase in a row, then the second of each, and so on.
fn interleave(phases: &[f32], step: usize, out: &mut [f32]) {
    let length = phases.len() / step;
    match step {
        2 => interleave_by::<2>(phases, out),
        4 => interleave_by::<4>(phases, out),
        _ => {
            for (i, out) in out.chunks_exact_mut(step).enumerate() {
                for (phase, out) in out.iter_mut().enumerate() {
                    *out = phases[phase * length + i];
                }
            }
        }
    }
}

fn interleave_by<const N: usize>(phases: &[f32], out: &mut [f32]) {
    let groups = out.as_chunks_mut::<N>().0;
    let length = groups.len();
    let mut rest = phases;
    let rows: [&[f32]; N] = std::array::from_fn(|_| {
        let (row, others) = rest.split_at(length);
        rest = others;
        row
    });
    wide(|| {
        for (i, group) in groups.iter_mut().enumerate() {
            for phase in 0..N {
                group[phase] = rows[phase][i];
            }
        }
    });
}
