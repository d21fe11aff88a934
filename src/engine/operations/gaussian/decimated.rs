//! Wide Gaussians: the picture is reduced to a coarser grid, blurred there and enlarged again.
//!
//! Reducing and enlarging are done with quintic B-splines, which are themselves nearly Gaussians, and
//! the blur between them makes up for what they do to the picture (compare Unser, Aldroubi and Eden,
//! B-spline signal processing, 1993). The grid lies on the multiples of its step from the picture's
//! origin, whatever the region: each of its samples is a function of its position alone.

use pulp::Arch;

use super::sums::{BETWEEN, NARROW, sum_between, sum_blocks, sum_pairs};
use super::taps::SPLINE_REACH;
use super::{Blurred, Down, ROWS_BETWEEN_CHECKS, taps};
use crate::engine::operations::Cancel;
use crate::engine::raster::{Plane, Region, RowSource, row_set, wide};

/// From so many steps of the grid on, the error for any picture of 0..=1 is no more than 1e-4.
const SMALLEST_RATIO: f64 = 2.0;

/// Steps that are summed up in blocks: below, adding up the lanes of a block costs more than the block.
const SMALLEST_BLOCK: usize = 2 * NARROW;

/// A wide Gaussian, ready to blur.
#[derive(Clone, Debug)]
pub struct Decimated {
    /// Pixels from one sample of the grid to the next, a power of two.
    step: usize,
    /// Reduces: centre and one side.
    down: Vec<f32>,
    /// The same for each block of a step that a sample of the grid is made from, the first block's first.
    blocks: Vec<f32>,
    /// Blurs on the grid: centre and one side.
    low: Vec<f32>,
    /// Enlarges: for each position behind a sample of the grid the weights of the two before it, of
    /// itself and of the three after it.
    up: Vec<[f32; BETWEEN]>,
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
            let first = 1.0 - SPLINE_REACH as f64;
            std::array::from_fn(|i| {
                taps::spline(position as f64 / size - (first + i as f64)) as f32
            })
        };
        let reach = SPLINE_REACH * step;
        let of_step = |i: usize| taps::spline(i as f64 / size) / size;
        let down = (0..reach).map(of_step);
        let blocks = (0..2 * reach).map(|i| of_step(i.abs_diff(reach)));
        Some(Self {
            step,
            down: narrow(down.collect()),
            blocks: narrow(blocks.collect()),
            low: narrow(taps::between_splines(sigma / size, step)),
            up: (0..step).map(up).collect(),
        })
    }

    /// How far beyond a region it reads, in pixels.
    pub fn halo(&self) -> usize {
        // Samples of the grid are needed beyond a pixel, the blur's reach beyond them, and each reads
        // less than the spline's reach.
        (self.low.len() - 1 + 2 * SPLINE_REACH) * self.step
    }

    /// As [`Gaussian::blurred`](super::Gaussian::blurred).
    pub fn blurred(
        &self,
        source: &mut impl RowSource,
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Blurred {
        let grids = self.reduce(source, self.grid_around(to), bounds, cancel);
        self.blur_grids(&grids, to)
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
        let reach = (SPLINE_REACH * self.step) as isize - 1;
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

    /// The blurred region from all of the grid around it, a grid for each plane.
    pub fn blur_grids(&self, grids: &[Plane], to: Region) -> Blurred {
        let arch = Arch::new();
        let planes = grids.iter();
        let planes = planes.map(|it| self.enlarge_across(arch, &self.blur_grid(arch, it), to));
        Blurred {
            planes: planes.collect(),
            down: Down::Enlarge {
                weights: self.up.clone(),
                skipped: to.y % self.step,
            },
        }
    }

    /// A grid blurred, without the rim that this needs.
    fn blur_grid(&self, arch: Arch, grid: &Plane) -> Plane {
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
        low
    }

    /// What of the grid is needed to enlarge a run of pixels.
    fn run(&self, start: usize, length: usize) -> Run {
        let (first, last) = (start / self.step, (start + length - 1) / self.step);
        Run {
            first: first as isize + 1 - SPLINE_REACH as isize,
            length: last - first + BETWEEN,
        }
    }

    /// The samples of the grid in some of its columns and rows, one plane for each of the source's.
    pub fn reduce(
        &self,
        source: &mut impl RowSource,
        (wide, tall): (Run, Run),
        bounds: Region,
        cancel: &Cancel,
    ) -> Vec<Plane> {
        let arch = Arch::new();
        let from = self.sources_of((wide, tall), bounds);
        let narrow = self.reduce_across(arch, source, from, wide, cancel);
        let rows = narrow.iter();
        rows.map(|it| self.reduce_down(arch, it, from, tall))
            .collect()
    }

    /// The rows of the source in a region, in some columns of the grid.
    fn reduce_across(
        &self,
        arch: Arch,
        source: &mut impl RowSource,
        from: Region,
        wide: Run,
        cancel: &Cancel,
    ) -> Vec<Plane> {
        let planes = (0..source.planes()).map(|_| Plane::unfilled(wide.length, from.height));
        let mut narrow: Vec<Plane> = planes.collect();
        let mut rows = row_set(source.planes(), from.width);
        // One row for each position between two samples of the grid.
        let (step, spread) = (self.step as isize, wide.length + BETWEEN);
        let mut phases = vec![0.0; self.step * spread];
        // The row where the grid needs it, with its ends repeated.
        let mut padded = vec![0.0; self.step * spread];
        let reach = SPLINE_REACH as isize;
        let start = (wide.first - reach) * step - from.x as isize;
        let left = (-start).clamp(0, padded.len() as isize) as usize;
        let skipped = start.clamp(0, from.width as isize) as usize;
        let length = (from.width - skipped).min(padded.len() - left);
        for y in 0..from.height {
            if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
                break;
            }
            source.read(from.y + y, from.x..from.right(), &mut rows);
            for (row, narrow) in rows.iter().zip(&mut narrow) {
                padded[..left].fill(row[0]);
                padded[left..][..length].copy_from_slice(&row[skipped..][..length]);
                padded[left + length..].fill(row[row.len() - 1]);
                self.reduce_row(arch, &padded, &mut phases, narrow.row_mut(y));
            }
        }
        narrow
    }

    /// The samples of the grid in a row that begins as many blocks before them as a spline reaches and ends as many
    /// behind. `phases` is room for one row of each position between two samples of the grid.
    fn reduce_row(&self, arch: Arch, row: &[f32], phases: &mut [f32], out: &mut [f32]) {
        if self.step >= SMALLEST_BLOCK {
            return sum_blocks(arch, out, &self.blocks, row, self.step);
        }
        deinterleave(row, self.step, phases);
        let (step, spread) = (self.step as isize, row.len() / self.step);
        let at = |offset: isize| {
            let (phase, shift) = (offset.rem_euclid(step), offset.div_euclid(step));
            let shift = SPLINE_REACH as isize + shift;
            &phases[phase as usize * spread + shift as usize..]
        };
        let (before, after) = (|j: usize| at(-(j as isize)), |j: usize| at(j as isize));
        sum_pairs(arch, out, &self.down, before, after);
    }

    /// Some rows of the grid from the rows of a region of the source.
    fn reduce_down(&self, arch: Arch, narrow: &Plane, from: Region, tall: Run) -> Plane {
        let mut reduced = Plane::unfilled(narrow.width(), tall.length);
        let last = from.height as isize - 1;
        for (i, position) in tall.positions().enumerate() {
            let middle = position * self.step as isize - from.y as isize;
            let row = |offset: isize| narrow.row((middle + offset).clamp(0, last) as usize);
            let (above, below) = (|j: usize| row(-(j as isize)), |j: usize| row(j as isize));
            sum_pairs(arch, reduced.row_mut(i), &self.down, above, below);
        }
        reduced
    }

    /// All rows of a blurred grid, in the columns of `to`.
    fn enlarge_across(&self, arch: Arch, low: &Plane, to: Region) -> Plane {
        let steps = low.width() + 1 - BETWEEN;
        let skipped = to.x % self.step;
        let mut phases = vec![0.0; self.step * steps];
        let mut whole = vec![0.0; self.step * steps];
        let mut along = Plane::unfilled(to.width, low.height());
        for y in 0..low.height() {
            let row = low.row(y);
            for (weights, out) in self.up.iter().zip(phases.chunks_exact_mut(steps)) {
                sum_between(arch, out, weights, std::array::from_fn(|i| &row[i..]));
            }
            interleave(&phases, self.step, &mut whole);
            along
                .row_mut(y)
                .copy_from_slice(&whole[skipped..][..to.width]);
        }
        along
    }
}

/// Every `step`th sample from the first on, then every one from the second on, and so on.
fn deinterleave(row: &[f32], step: usize, phases: &mut [f32]) {
    match step {
        2 => deinterleave_by::<2>(row, phases),
        4 => deinterleave_by::<4>(row, phases),
        8 => deinterleave_by::<8>(row, phases),
        _ => unreachable!("wider steps are summed up in blocks"),
    }
}

fn deinterleave_by<const N: usize>(row: &[f32], phases: &mut [f32]) {
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
    wide(move || {
        for (i, group) in groups.iter_mut().enumerate() {
            for phase in 0..N {
                group[phase] = rows[phase][i];
            }
        }
    });
}
