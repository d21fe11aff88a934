//! Wide Gaussians: the picture is reduced to a coarser grid, blurred there and enlarged again.
//!
//! Reducing and enlarging go by the weights with which B-splines are made of finer ones. These are themselves nearly
//! Gaussians, and the blur between them makes up for what they do to the picture (compare Unser, Aldroubi and Eden,
//! B-spline signal processing, 1993). The grid lies on the multiples of its step from the picture's
//! origin, whatever the region: each of its samples is a function of its position alone.

use pulp::Arch;

use super::across::Across;
use super::down::Down;
use super::halving::{Halving, Phases, Run};
use super::sums::{sum_along, sum_pairs};
use super::{Blurred, taps};
use crate::engine::operations::Cancel;
use crate::engine::raster::{Plane, Region, RowSet, RowSource, join, row_set};

/// Orders of [halving](taps::halving), the least costly first: on which grids, and from how many of their steps on, the
/// error for any picture of 0..=1 is no more than 1e-4.
const ORDERS: [Order; 3] = [
    Order {
        order: 6,
        steps: (4, usize::MAX),
        smallest_ratio: 2.0,
    },
    Order {
        order: 6,
        steps: (2, 2),
        smallest_ratio: 2.1,
    },
    Order {
        order: 8,
        steps: (2, FINE_STEP),
        smallest_ratio: 1.6,
    },
];

/// Up to this step so much is done on the grid that it counts.
const FINE_STEP: usize = 4;

/// Which Gaussians an order of halving is good for.
struct Order {
    order: usize,
    /// The smallest and the largest.
    steps: (usize, usize),
    smallest_ratio: f64,
}

impl Order {
    fn fits(&self, sigma: f64, step: usize) -> bool {
        let (smallest, largest) = self.steps;
        sigma >= self.smallest_ratio * step as f64 && (smallest..=largest).contains(&step)
    }
}

/// A wide Gaussian, ready to blur.
#[derive(Clone, Debug)]
pub struct Decimated {
    /// Times that the picture is halved.
    halvings: usize,
    halving: Halving,
    /// Blurs on the grid: centre and one side.
    low: Vec<f32>,
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
        let all = 1..usize::BITS as usize - 1;
        let fits = |step: usize| ORDERS.iter().find(|it| it.fits(sigma, step));
        let grids = all.map_while(|halvings| Some((halvings, fits(1 << halvings)?.order)));
        grids.last().map(|grid| Self::on(grid, sigma))
    }

    fn on((halvings, order): (usize, usize), sigma: f64) -> Self {
        let step = 1 << halvings;
        let ratio = sigma / step as f64;
        // What halving and doubling blur already is left out, where many samples are blurred.
        let spared = if step <= FINE_STEP { order / 2 - 2 } else { 0 };
        let reach = (4.0 * ratio).ceil() as usize - spared;
        let low = taps::between(ratio, (order, step), reach);
        Self {
            halvings,
            halving: Halving::new(order),
            low: low.into_iter().map(|it| it as f32).collect(),
        }
    }

    /// How far beyond a region it reads, in pixels.
    pub fn halo(&self) -> usize {
        let beyond = |position: usize| {
            let own = Run::new(position as isize, 1);
            let grid = self.on_grid(own).widened(self.low.len() - 1);
            let read = self.on_picture(grid);
            (own.first - read.first).max(read.last() - own.last())
        };
        let farthest = (0..self.step()).map(beyond).max();
        farthest.unwrap_or(0) as usize
    }

    /// What of the grid is needed to enlarge a run of pixels: on every grid whole pairs are made.
    fn on_grid(&self, pixels: Run) -> Run {
        let coarser = |run: Run, _| self.halving.coarser(run.in_pairs());
        (0..self.halvings).fold(pixels, coarser)
    }

    /// The pixels that a run of the grid is made of.
    fn on_picture(&self, grid: Run) -> Run {
        (0..self.halvings).fold(grid, |run, _| self.halving.finer(run))
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
        1 << self.halvings
    }

    /// The columns and rows of the grid that are needed to blur a region.
    pub fn grid_around(&self, to: Region) -> (Run, Run) {
        let reach = self.low.len() - 1;
        let columns = self.on_grid(Run::new(to.x as isize, to.width));
        let rows = self.on_grid(Run::new(to.y as isize, to.height));
        (columns.widened(reach), rows.widened(reach))
    }

    /// The part of a picture that columns and rows of the grid are made of.
    pub fn sources_of(&self, (wide, tall): (Run, Run), bounds: Region) -> Region {
        let ends = |run: Run, start: usize, end: usize| {
            let (first, last) = (start as isize, end as isize - 1);
            let read = self.on_picture(run);
            let low = read.first.clamp(first, last);
            (
                low as usize,
                (read.last().clamp(first, last) - low + 1) as usize,
            )
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
        let runs = self.columns_between(to);
        let enlarged = self.enlarge_across(arch, &low.collect::<Vec<_>>(), &runs, interleaved);
        let start = (to.x as isize - runs[0].first) as usize * interleaved;
        let rows = self.on_grid(Run::new(to.y as isize, to.height));
        let lies = (enlarged, rows);
        Blurred::new(&self.halving, self.halvings, lies, start, (to, interleaved))
    }

    /// The columns of ever coarser grids that a region is enlarged from: those of the picture first, and in whole pairs
    /// but for the last ones.
    fn columns_between(&self, to: Region) -> Vec<Run> {
        let mut runs = vec![Run::new(to.x as isize, to.width)];
        for halvings in 0..self.halvings {
            runs[halvings] = runs[halvings].in_pairs();
            runs.push(self.halving.coarser(runs[halvings]));
        }
        runs
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
            let rows: Vec<&[f32]> = (above..above + tall.length)
                .map(|row| &pieces[row / grid.side.1][plane].row(row % grid.side.1)[skipped..])
                .collect();
            for y in 0..low.height() {
                let (above, below) = (|j| rows[y + reach - j], |j| rows[y + reach + j]);
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
        let mut across = Across::new(&self.halving, self.halvings, from, (wide, interleaved));
        let mut down = Down::new(&self.halving, self.halvings, source, (from, bounds));
        let grid = |_| Plane::unfilled(wide.length, tall.length);
        let mut grids: Vec<Plane> = (0..source.planes() * interleaved).map(grid).collect();
        for (row, y) in (tall.first..=tall.last()).enumerate() {
            if cancel.is_cancelled() {
                break;
            }
            let rows = down.row(source, y);
            for (samples, grids) in rows.iter().zip(grids.chunks_exact_mut(interleaved)) {
                let rows = grids.iter_mut().map(|it| it.row_mut(row));
                across.reduce(arch, samples, rows);
            }
        }
        grids
    }

    /// All rows of a blurred grid, with the columns of the picture.
    fn enlarge_across(
        &self,
        arch: Arch,
        low: &[Plane],
        runs: &[Run],
        interleaved: usize,
    ) -> Vec<Plane> {
        let height = low[0].height();
        let plane = |_| Plane::unfilled(runs[0].length * interleaved, height);
        let mut along: Vec<Plane> = (0..low.len() / interleaved).map(plane).collect();
        let (last, others) = runs.split_last().expect("the grid's own");
        let mut doubled: RowSet = others.iter().map(|it| vec![0.0; it.length]).collect();
        let mut rows = row_set(interleaved, runs[0].length);
        let mut phases = Phases::default();
        for y in 0..height {
            for (low, along) in low.chunks_exact(interleaved).zip(&mut along) {
                for (low, row) in low.iter().zip(&mut rows) {
                    let (mut coarse, mut lies) = (low.row(y), *last);
                    for (finer, run) in doubled.iter_mut().zip(others).rev() {
                        let to = (finer.as_mut_slice(), *run);
                        self.halving
                            .double_along(arch, (coarse, lies), &mut phases, to);
                        (coarse, lies) = (finer, *run);
                    }
                    row.copy_from_slice(coarse);
                }
                let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
                join(arch, &rows, along.row_mut(y), |it| it);
            }
        }
        along
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ |tap − exact tap| of what a position is made from along a line, the worst of all positions.
    fn error(sigma: f64) -> f64 {
        let it = Decimated::new(sigma).expect("a wide one");
        let order = 2 * it.halving.reach();
        let (step, side) = (it.step() as isize, it.low.len() as isize - 1);
        let (exact, halving) = (taps::exact(sigma), taps::halving(order, it.step()));
        let weight = |at: isize| *halving.get(at.unsigned_abs()).unwrap_or(&0.0);
        let reach = it.halo() as isize;
        let every = (step as usize / 16).max(1);
        let errors = (0..step).step_by(every).map(|position| {
            let grid = it.on_grid(Run::new(position, 1));
            let tap = |at: isize| {
                let terms = (grid.first..=grid.last()).flat_map(|from| {
                    let up = weight(position - from * step) * step as f64;
                    let low = (-side..=side).map(move |i| (i, from + i));
                    low.map(move |(i, grid)| (i, up, at - grid * step))
                });
                let terms =
                    terms.map(|(i, up, at)| up * f64::from(it.low[i.unsigned_abs()]) * weight(at));
                terms.sum::<f64>()
            };
            let error = |at: isize| {
                let exact = exact.get((at - position).unsigned_abs()).unwrap_or(&0.0);
                (tap(at) - exact).abs()
            };
            (position - reach..=position + reach)
                .map(error)
                .sum::<f64>()
        });
        errors.fold(0.0, f64::max)
    }

    /// The error along one line is at most half of the sum for samples of 0..=1, and that of both directions at most the
    /// sum: reached only by a picture made to reach it.
    #[test]
    fn it_is_the_exact_gaussian_to_a_ten_thousandth() {
        let near = std::iter::successors(Some(3.2), |it| Some(it * 1.013));
        let far = [32.0, 50.0, 63.9, 64.0, 127.9, 128.0, 140.0, 200.0];
        let mut steps = Vec::new();
        for sigma in near.take_while(|it| *it < 20.0).chain(far) {
            let error = error(sigma);
            assert!(error < 1e-4, "{sigma}: {error}");
            steps.push(Decimated::new(sigma).map(|it| it.step()));
        }
        steps.dedup();
        assert_eq!(steps, [2, 4, 8, 16, 32, 64].map(Some));
        assert!(Decimated::new(3.19).is_none());
    }
}
