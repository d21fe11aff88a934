//! The Gaussian blur that everything else is built from.
//!
//! Separable, taps ∝ exp(−i²/2s²) for |i| ≤ ⌈4σ⌉, normalised, where s is the number for which the
//! taps' standard deviation is σ. That differs from s = σ below about 0.8 px, where a plain sampled
//! Gaussian would hardly blur at all. Beyond the picture's edge the nearest pixel repeats. Wide ones
//! are made on a coarser grid, at most 1e-4 of full scale off.

mod decimated;
mod lows;
mod sums;
mod taps;
#[cfg(test)]
mod tests;

use decimated::Decimated;
pub use lows::Lows;
use pulp::Arch;
use sums::{BETWEEN, sum_between, sum_pairs};

use super::Cancel;
use crate::engine::raster::{Plane, Region, RowSource, row_set};

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
        let blurred = self.blurred(&mut (source, from), to, bounds, cancel);
        let mut out = Plane::unfilled(to.width, to.height);
        for y in 0..to.height {
            if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
                break;
            }
            blurred.read_plane(0, y, out.row_mut(y));
        }
        out
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
            Method::Direct(taps) => blurred_across(taps, source, to, bounds, cancel),
            Method::Decimated(it) => it.blurred(source, to, bounds, cancel),
        }
    }
}

/// A region of a picture, blurred along its rows; what is still to be done down its columns is done for each row when it
/// is read, so that blurred planes need not be in memory.
#[derive(Clone, Debug)]
pub struct Blurred {
    planes: Vec<Plane>,
    down: Down,
}

/// How one row is made from others.
#[derive(Clone, Debug)]
enum Down {
    /// By these taps, the first row from so many rows on.
    Sum { taps: Vec<f32>, start: usize },
    /// From rows of a grid, the weights for each position between two of its rows; the first row lies so many positions
    /// behind a row of the grid.
    Enlarge {
        weights: Vec<[f32; BETWEEN]>,
        skipped: usize,
    },
}

impl Blurred {
    /// One row of each plane, `y` counted from the region's top.
    pub fn read(&self, y: usize, out: &mut [Vec<f32>]) {
        for (plane, out) in out.iter_mut().enumerate() {
            self.read_plane(plane, y, out);
        }
    }

    fn read_plane(&self, plane: usize, y: usize, out: &mut [f32]) {
        let (arch, across) = (Arch::new(), &self.planes[plane]);
        match &self.down {
            Down::Sum { taps, start } => {
                let last = across.height() - 1;
                let above = |j: usize| across.row((start + y).saturating_sub(j));
                let below = |j: usize| across.row((start + y + j).min(last));
                sum_pairs(arch, out, taps, above, below);
            }
            Down::Enlarge { weights, skipped } => {
                let (step, position) = (weights.len(), skipped + y);
                let rows = std::array::from_fn(|i| across.row(position / step + i));
                sum_between(arch, out, &weights[position % step], rows);
            }
        }
    }
}

/// Sums up along the rows that are needed for a region.
fn blurred_across(
    taps: &[f32],
    source: &mut impl RowSource,
    to: Region,
    bounds: Region,
    cancel: &Cancel,
) -> Blurred {
    let arch = Arch::new();
    let halo = taps.len() - 1;
    let needed = to.expanded(halo, &bounds);
    let planes = (0..source.planes()).map(|_| Plane::unfilled(to.width, needed.height));
    let mut planes: Vec<Plane> = planes.collect();
    let mut rows = row_set(source.planes(), needed.width);
    // The row with its ends repeated as far as the taps reach.
    let mut padded = vec![0.0; to.width + 2 * halo];
    let left = halo - (to.x - needed.x);
    let right = left + needed.width;
    for y in 0..needed.height {
        if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
            break;
        }
        source.read(needed.y + y, needed.x..needed.right(), &mut rows);
        for (row, plane) in rows.iter().zip(&mut planes) {
            padded[..left].fill(row[0]);
            padded[left..right].copy_from_slice(row);
            padded[right..].fill(row[row.len() - 1]);
            let before = |j: usize| &padded[halo - j..];
            let after = |j: usize| &padded[halo + j..];
            sum_pairs(arch, plane.row_mut(y), taps, before, after);
        }
    }
    Blurred {
        planes,
        down: Down::Sum {
            taps: taps.to_vec(),
            start: to.y - needed.y,
        },
    }
}
