//! Wide Gaussians: the picture is reduced to a coarser grid, blurred there and enlarged again.
//!
//! Reducing and enlarging are done with quintic B-splines, which are themselves nearly Gaussians, and
//! the blur between them makes up for what they do to the picture (compare Unser, Aldroubi and Eden,
//! B-spline signal processing, 1993). The grid lies on the multiples of its step from the picture's
//! origin, whatever the region: each of its samples is a function of its position alone.

use std::ops::RangeInclusive;

use pulp::Arch;

use super::across::{Across, SMALLEST_BLOCK};
use super::pixels;
use super::sums::{BETWEEN, enlarge_blocks, sum_along, sum_between, sum_pairs, sum_rows};
use super::taps::SPLINE_REACH;
use super::{Blurred, taps};
use crate::engine::operations::Cancel;
use crate::engine::raster::{Plane, Region, RowSet, RowSource, join, row_set};

/// From so many steps of the grid on, the error for any picture of 0..=1 is no more than 1e-4.
const SMALLEST_RATIO: f64 = 2.0;

/// Rows of the source that are read before they are added to the grid's: few, so that they stay in the nearest caches.
const ROWS_AT_ONCE: usize = 8;

/// A wide Gaussian, ready to blur.
#[derive(Clone, Debug)]
pub struct Decimated {
    /// Pixels from one sample of the grid to the next, a power of two.
    step: usize,
    /// Reduces: the weights of each position behind a sample of the grid in the two samples before that one, in itself
    /// and in the three after it.
    down: Vec<[f32; BETWEEN]>,
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
    pub fn pieces(self, side: usize) -> RangeInclusive<isize> {
        let last = self.first + self.length as isize - 1;
        self.first.div_euclid(side as isize)..=last.div_euclid(side as isize)
    }
}

/// The grid around a region, in pieces.
pub struct Grid<'p> {
    /// Where the first piece begins.
    pub corner: (isize, isize),
    /// Columns and rows of a piece.
    pub side: (usize, usize),
    /// The planes of each piece: from left to right, and in each column from the top.
    pub columns: Vec<Vec<&'p [Plane]>>,
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
        // How the spline weighs a position for the samples of the grid around it.
        let weights = |position: usize| -> [f64; BETWEEN] {
            let first = 1.0 - SPLINE_REACH as f64;
            std::array::from_fn(|i| taps::spline(position as f64 / size - (first + i as f64)))
        };
        let up = |position: usize| weights(position).map(|it| it as f32);
        let down = |position: usize| weights(position).map(|it| (it / size) as f32);
        Some(Self {
            step,
            down: (0..step).map(down).collect(),
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

    /// As [`Gaussian::flowing`](super::Gaussian::flowing).
    pub fn blurred(
        &self,
        source: &mut impl RowSource,
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Blurred {
        let (wide, tall) = self.grid_around(to);
        let made = self.reduce(source, (wide, tall), bounds, cancel);
        let grid = Grid {
            corner: (wide.first, tall.first),
            side: (wide.length, tall.length),
            columns: vec![vec![&made]],
        };
        self.blur_grid(&grid, source.interleaved(), to)
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

    /// The blurred region from all of the grid around it. Colours that lie side by side in the source have a plane each
    /// in the grid, and lie side by side again in what is made.
    pub fn blur_grid(&self, grid: &Grid, interleaved: usize, to: Region) -> Blurred {
        let arch = Arch::new();
        let planes = 0..grid.columns[0][0].len();
        let low =
            planes.map(|plane| self.blur_rows(arch, &self.blur_columns(arch, grid, plane, to)));
        let enlarged = self.enlarge_across(arch, &low.collect::<Vec<_>>(), interleaved);
        let start = to.x % self.step * interleaved;
        let samples = start..start + to.width * interleaved;
        Blurred::new(enlarged, &self.up, samples, to.y)
    }

    /// A plane of the grid around a region blurred down its columns, without the rows above and below that this needs.
    fn blur_columns(&self, arch: Arch, grid: &Grid, plane: usize, to: Region) -> Plane {
        let reach = self.low.len() - 1;
        let (wide, tall) = self.grid_around(to);
        let mut low = Plane::unfilled(wide.length, tall.length - 2 * reach);
        let end = wide.first + wide.length as isize;
        let above = (tall.first - grid.corner.1) as usize;
        for (pieces, left) in grid
            .columns
            .iter()
            .zip((grid.corner.0..).step_by(grid.side.0))
        {
            let first = left.max(wide.first);
            let length = (end.min(left + grid.side.0 as isize) - first) as usize;
            let (skipped, start) = ((first - left) as usize, (first - wide.first) as usize);
            for y in 0..low.height() {
                let row = |offset: usize| {
                    let row = above + y + offset;
                    let piece = &pieces[row / grid.side.1][plane];
                    &piece.row(row % grid.side.1)[skipped..][..length]
                };
                let (above, below) = (|j| row(reach - j), |j| row(reach + j));
                let sums = &mut low.row_mut(y)[start..][..length];
                sum_pairs(arch, sums, &self.low, above, below);
            }
        }
        low
    }

    /// The same along its rows, without the columns that this needs.
    fn blur_rows(&self, arch: Arch, grid: &Plane) -> Plane {
        let reach = self.low.len() - 1;
        let mut low = Plane::unfilled(grid.width() - 2 * reach, grid.height());
        for y in 0..low.height() {
            sum_along(arch, low.row_mut(y), &self.low, grid.row(y), 1);
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

    /// The samples of the grid in some of its columns and rows: a plane for each of the source's, or for each colour where
    /// they lie side by side there.
    pub fn reduce(
        &self,
        source: &mut impl RowSource,
        (wide, tall): (Run, Run),
        bounds: Region,
        cancel: &Cancel,
    ) -> Vec<Plane> {
        let arch = Arch::new();
        let interleaved = source.interleaved();
        let from = self.sources_of((wide, tall), bounds);
        let mut across = Across::new(self.step, from, wide, interleaved);
        let planes = 0..source.planes();
        let grid = |_| Plane::unfilled(wide.length, tall.length);
        let mut grids: Vec<Plane> = (0..source.planes() * interleaved).map(grid).collect();
        // The rows of the grid that a block of source rows is a part of; the first is complete with it.
        let empty = || vec![0.0; from.width * interleaved];
        let mut sums: Vec<[Vec<f32>; BETWEEN]> =
            planes.map(|_| std::array::from_fn(|_| empty())).collect();
        let mut rows = vec![row_set(source.planes(), from.width * interleaved); ROWS_AT_ONCE];
        let reach = SPLINE_REACH as isize;
        for block in tall.first - reach..tall.first + tall.length as isize + reach - 1 {
            if cancel.is_cancelled() {
                break;
            }
            self.add_block(arch, source, (block, bounds, from), &mut rows, &mut sums);
            let complete = block + 1 - reach - tall.first;
            for (sums, grids) in sums.iter_mut().zip(grids.chunks_exact_mut(interleaved)) {
                if complete >= 0 {
                    let rows = grids.iter_mut().map(|it| it.row_mut(complete as usize));
                    across.reduce(arch, &sums[0], rows);
                }
                sums[0].fill(0.0);
                sums.rotate_left(1);
            }
        }
        grids
    }

    /// Adds the rows of a block of the source, which is a step high, to the rows of the grid that they are a part of.
    fn add_block(
        &self,
        arch: Arch,
        source: &mut impl RowSource,
        (block, bounds, from): (isize, Region, Region),
        rows: &mut [RowSet],
        sums: &mut [[Vec<f32>; BETWEEN]],
    ) {
        let (first, last) = (bounds.y as isize, bounds.bottom() as isize - 1);
        let top = block * self.step as isize;
        let edge = [self.whole_block()];
        // All rows of a block beyond the picture are the same.
        let is_beyond = top > last || top + (self.step as isize) <= first;
        let weights = if is_beyond { &edge[..] } else { &self.down };
        for (weights, start) in weights
            .chunks(ROWS_AT_ONCE)
            .zip((top..).step_by(ROWS_AT_ONCE))
        {
            for (row, y) in rows.iter_mut().zip(start..).take(weights.len()) {
                // The first row of the first block weighs nothing in what is needed, and may not be there.
                let y = y.clamp(from.y as isize, from.bottom() as isize - 1);
                source.read(y as usize, from.x..from.right(), row);
            }
            for (plane, sums) in sums.iter_mut().enumerate() {
                let mut read: [&[f32]; ROWS_AT_ONCE] = [&[]; ROWS_AT_ONCE];
                for (read, row) in read.iter_mut().zip(&*rows) {
                    *read = &row[plane];
                }
                let sums = sums.each_mut().map(Vec::as_mut_slice);
                sum_rows(arch, sums, &read[..weights.len()], weights, false);
            }
        }
    }

    /// The weights of a block whose rows are all the same.
    fn whole_block(&self) -> [f32; BETWEEN] {
        std::array::from_fn(|i| self.down.iter().map(|it| it[i]).sum())
    }

    /// All rows of a blurred grid, with as many columns as lie between its own.
    fn enlarge_across(&self, arch: Arch, low: &[Plane], interleaved: usize) -> Vec<Plane> {
        let (width, height) = (low[0].width(), low[0].height());
        let steps = width - (BETWEEN - 1);
        let weights = std::array::from_fn(|i| self.up.iter().map(|it| it[i]).collect());
        let mut phases = vec![0.0; self.step * steps];
        let plane = |_| Plane::unfilled(self.step * steps * interleaved, height);
        let mut along: Vec<Plane> = (0..low.len() / interleaved).map(plane).collect();
        let mut rows = row_set(interleaved, self.step * steps);
        for y in 0..height {
            for (low, along) in low.chunks_exact(interleaved).zip(&mut along) {
                for (low, row) in low.iter().zip(&mut rows) {
                    let low = low.row(y);
                    if self.step >= SMALLEST_BLOCK {
                        enlarge_blocks(arch, row, &weights, low, self.step);
                        continue;
                    }
                    for (weights, out) in self.up.iter().zip(phases.chunks_exact_mut(steps)) {
                        sum_between(arch, out, weights, std::array::from_fn(|i| &low[i..]));
                    }
                    pixels::weave(&phases, self.step, row);
                }
                let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
                join(arch, &rows, along.row_mut(y), |it| it);
            }
        }
        along
    }
}
