//! The Gaussian blur that everything else is built from.
//!
//! Separable, taps ∝ exp(−i²/2s²) for |i| ≤ ⌈4σ⌉, normalised, where s is the number for which the
//! taps' standard deviation is σ. That differs from s = σ below about 0.8 px, where a plain sampled
//! Gaussian would hardly blur at all. Beyond the picture's edge the nearest pixel repeats. Wide ones
//! are made on a coarser grid, at most 1e-4 of full scale off.

mod across;
mod decimated;
mod flowing;
mod lows;
mod pixels;
mod sums;
mod taps;
#[cfg(test)]
mod tests;

use decimated::Decimated;
pub use flowing::Flowing;
pub use lows::Lows;
use pulp::Arch;
use sums::{BETWEEN, MOST_ROWS, sum_pairs, sum_rows};

use super::Cancel;
use crate::engine::raster::{Plane, Region, RowSet, RowSource, row_set, split_pixels};

/// A Gaussian of one radius, ready to blur.
#[derive(Clone, Debug)]
pub struct Gaussian {
    method: Method,
}

#[derive(Clone, Debug)]
enum Method {
    /// Sums up all taps: the centre tap and those to one side; the other side is its mirror image.
    Direct(Vec<f32>),
    /// On a coarser grid.
    Decimated(Decimated),
}

/// Rows between two looks at the cancel flag.
const ROWS_BETWEEN_CHECKS: usize = 4;

impl Gaussian {
    /// A Gaussian of standard deviation `sigma` in pixels; 0 copies.
    pub fn new(sigma: f64) -> Self {
        let direct = || {
            let taps = taps::exact(sigma);
            Method::Direct(taps.iter().map(|it| *it as f32).collect())
        };
        Self {
            method: Decimated::new(sigma).map_or_else(direct, Method::Decimated),
        }
    }

    /// What one of this sigma leaves of waves along rows or columns, 1 for all: at `steps` + 1 frequencies from 0 to
    /// half a cycle a pixel.
    pub fn gains(sigma: f64, steps: usize) -> Vec<f64> {
        let turn = |i: usize| core::f64::consts::PI * i as f64 / steps as f64;
        // From there on the taps are a Gaussian, whose transform is known.
        if sigma >= 2.0 {
            let gain = |turn: f64| libm::exp(-0.5 * (turn * sigma) * (turn * sigma));
            return (0..=steps).map(|i| gain(turn(i))).collect();
        }
        let taps = taps::exact(sigma);
        let gain = |turn: f64| {
            let sides = taps[1..].iter().zip(1..);
            let sides = sides.map(|(tap, i)| 2.0 * tap * libm::cos(turn * f64::from(i)));
            taps[0] + sides.sum::<f64>()
        };
        (0..=steps).map(|i| gain(turn(i))).collect()
    }

    /// How far beyond a region it reads, in pixels.
    pub fn halo(&self) -> usize {
        match &self.method {
            Method::Direct(taps) => taps.len() - 1,
            Method::Decimated(it) => it.halo(),
        }
    }

    /// Blurs the region `to` of a plane, which holds the region `from` of a picture.
    ///
    /// `from` must reach [`halo`](Self::halo) pixels beyond `to`, or to the picture's edge at `bounds`. Once cancelled,
    /// what is returned is unfinished.
    pub fn blur(
        &self,
        source: &Plane,
        from: Region,
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Plane {
        let needed = to.expanded(self.halo(), &bounds);
        assert_eq!((source.width(), source.height()), (from.width, from.height));
        assert!(from.contains(&needed), "the blur's rim is there");
        let mut blurred = self.blurred(&mut (source, from), to, bounds, cancel);
        let mut out = Plane::unfilled(to.width, to.height);
        for y in 0..to.height {
            if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
                break;
            }
            blurred.read_plane(0, y, out.row_mut(y));
        }
        out
    }

    /// The region `to` of a picture, to be blurred while it is read from top to bottom.
    ///
    /// As for [`blurred`](Self::blurred), the source is read as far as [`halo`](Self::halo) says.
    pub fn flowing<S: RowSource>(
        &self,
        mut source: S,
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Flowing<S> {
        match &self.method {
            Method::Direct(taps) => Flowing::summed(taps.clone(), source, to, bounds),
            Method::Decimated(it) => {
                let blurred = it.blurred(&mut source, to, bounds, cancel);
                Flowing::blurred(source, blurred)
            }
        }
    }

    /// Makes the region `to` of a picture ready to be read blurred.
    ///
    /// The source is read up to [`halo`](Self::halo) pixels beyond `to`, as far as the picture reaches at `bounds`. Once
    /// cancelled, what is returned is unfinished.
    pub fn blurred(
        &self,
        source: &mut impl RowSource,
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Blurred {
        match &self.method {
            Method::Direct(taps) => summed_up(taps, source, to, bounds, cancel),
            Method::Decimated(it) => it.blurred(source, to, bounds, cancel),
        }
    }
}

/// Rows that are made together: what they are made from is read once for all of them.
const TOGETHER: usize = 4;

/// A region of a picture whose rows are blurred when they are read, so that blurred planes need not be in memory.
#[derive(Clone, Debug)]
pub struct Blurred {
    /// What rows are made from, down its columns.
    planes: Vec<Plane>,
    /// Samples of a pixel that lie side by side.
    interleaved: usize,
    down: Down,
    /// What is summed up along the rows that were made down the columns: centre and one side.
    across: Vec<f32>,
    /// Where in what is made the region's columns begin, and samples in a row of the region.
    start: usize,
    length: usize,
    /// Rows that were made together, for each plane, and which ones those are.
    made: Vec<[Vec<f32>; TOGETHER]>,
    made_are: Option<usize>,
}

/// How rows that are made together are made from those of planes.
#[derive(Clone, Debug)]
struct Down {
    /// What each row around them weighs in each of them, for some groups in turn.
    groups: Vec<Vec<[f32; TOGETHER]>>,
    /// Rows made for each row of the planes.
    step: usize,
    /// Which of the rows made is the region's first, from the top of the planes on; and how many rows of the planes
    /// above those that a group lies at weigh in it.
    skipped: usize,
    above: usize,
}

impl Down {
    /// From rows of a grid, the weights for each position between two of its rows; the region's first row lies so many
    /// positions behind a row of the grid.
    fn enlarging(up: &[[f32; BETWEEN]], skipped: usize) -> Self {
        let step = up.len();
        let rows = BETWEEN + (TOGETHER - 1) / step;
        let weight = |row: usize, position: usize| {
            let row = row.checked_sub(position / step);
            row.and_then(|it| up[position % step].get(it)).copied()
        };
        let group = |first: usize| {
            let row = |row| std::array::from_fn(|of| weight(row, first + of).unwrap_or(0.0));
            (0..rows).map(row).collect()
        };
        Self {
            groups: (0..step).step_by(TOGETHER).map(group).collect(),
            step,
            skipped,
            above: 0,
        }
    }

    /// Sums of the rows around, by these taps: centre and one side. The region's first row is so many rows below the
    /// planes' first.
    fn summing(taps: &[f32], skipped: usize) -> Self {
        let reach = taps.len() - 1;
        let weight = |row: usize, of: usize| *taps.get(row.abs_diff(of + reach)).unwrap_or(&0.0);
        let row = |row: usize| std::array::from_fn(|of| weight(row, of));
        Self {
            groups: vec![(0..2 * reach + TOGETHER).map(row).collect()],
            step: 1,
            skipped,
            above: reach,
        }
    }
}

impl Blurred {
    fn new(planes: Vec<Plane>, interleaved: usize, down: Down, to: Region) -> Self {
        let row = |it: &Plane| std::array::from_fn(|_| vec![0.0; it.width()]);
        Self {
            made: planes.iter().map(row).collect(),
            made_are: None,
            planes,
            interleaved,
            down,
            across: vec![1.0],
            start: 0,
            length: to.width * interleaved,
        }
    }

    /// One row of each plane, `y` counted from the region's top. Pixels whose samples lie side by side are split where
    /// there is a row for each sample.
    pub fn read(&mut self, y: usize, out: &mut [Vec<f32>]) {
        if out.len() == self.planes.len() {
            for (plane, out) in out.iter_mut().enumerate() {
                self.read_plane(plane, y, out);
            }
            return;
        }
        let mut whole = vec![0.0; self.length];
        self.read_plane(0, y, &mut whole);
        split_pixels(&whole, out);
    }

    fn read_plane(&mut self, plane: usize, y: usize, out: &mut [f32]) {
        let arch = Arch::new();
        let position = self.down.skipped + y;
        self.make(arch, position / TOGETHER);
        let row = &self.made[plane][position % TOGETHER];
        let reach = self.across.len() - 1;
        if reach == 0 {
            return out.copy_from_slice(&row[self.start..][..self.length]);
        }
        let before = |j: usize| &row[(reach - j) * self.interleaved..];
        let after = |j: usize| &row[(reach + j) * self.interleaved..];
        sum_pairs(arch, out, &self.across, before, after);
    }

    /// Makes the rows of a group down the columns, if they are not there.
    fn make(&mut self, arch: Arch, group: usize) {
        if self.made_are.replace(group) == Some(group) {
            return;
        }
        let Down { groups, step, .. } = &self.down;
        let weights = &groups[group % groups.len()];
        let first = (group * TOGETHER / step) as isize - self.down.above as isize;
        for (plane, made) in self.planes.iter().zip(&mut self.made) {
            let last = plane.height() as isize - 1;
            let mut rows: [&[f32]; MOST_ROWS] = [&[]; MOST_ROWS];
            for (row, y) in rows.iter_mut().zip(first..).take(weights.len()) {
                *row = plane.row(y.clamp(0, last) as usize);
            }
            let made = made.each_mut().map(Vec::as_mut_slice);
            sum_rows(arch, made, &rows[..weights.len()], weights, true);
        }
    }
}

/// Reads the rows that are summed up for a region, with their ends repeated as far as the taps reach.
fn summed_up(
    taps: &[f32],
    source: &mut impl RowSource,
    to: Region,
    bounds: Region,
    cancel: &Cancel,
) -> Blurred {
    let halo = taps.len() - 1;
    let needed = to.expanded(halo, &bounds);
    let pixel = source.interleaved();
    let width = (to.width + 2 * halo) * pixel;
    let planes = (0..source.planes()).map(|_| Plane::unfilled(width, needed.height));
    let mut planes: Vec<Plane> = planes.collect();
    let mut rows: RowSet = row_set(source.planes(), needed.width * pixel);
    let left = (halo - (to.x - needed.x)) * pixel;
    for y in 0..needed.height {
        if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
            break;
        }
        source.read(needed.y + y, needed.x..needed.right(), &mut rows);
        for (row, plane) in rows.iter().zip(&mut planes) {
            pixels::pad(row, pixel, left, plane.row_mut(y));
        }
    }
    let down = Down::summing(taps, to.y - needed.y);
    Blurred {
        across: taps.to_vec(),
        ..Blurred::new(planes, pixel, down, to)
    }
}

/// Sums up along single rows.
struct Along {
    halo: usize,
    /// The row with its ends repeated as far as the taps reach.
    padded: Vec<f32>,
    /// Where what was read begins in it.
    left: usize,
}

impl Along {
    /// For rows of a region, of which so much is read.
    fn new(halo: usize, to: Region, needed: Region) -> Self {
        Self {
            halo,
            padded: vec![0.0; to.width + 2 * halo],
            left: halo - (to.x - needed.x),
        }
    }

    fn blur(&mut self, taps: &[f32], row: &[f32], out: &mut [f32]) {
        pixels::pad(row, 1, self.left, &mut self.padded);
        let before = |j: usize| &self.padded[self.halo - j..];
        let after = |j: usize| &self.padded[self.halo + j..];
        sum_pairs(Arch::new(), out, taps, before, after);
    }
}
