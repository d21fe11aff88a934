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
use sums::sum_pairs;

use super::Cancel;
use crate::engine::raster::{Plane, Region};

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

    /// Blurs the region `to` of a picture.
    ///
    /// `source` holds the region `from` of that picture, which must reach [`halo`](Self::halo)
    /// pixels beyond `to`, or to the picture's edge at `bounds`. Once cancelled, what is returned
    /// is unfinished.
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
        if cancel.is_cancelled() {
            return Plane::filled(to.width, to.height, 0.0);
        }
        match &self.method {
            Method::Direct(taps) if taps.len() == 1 => source.crop(to.seen_from(&from)),
            Method::Direct(taps) => {
                let arch = Arch::new();
                let across = blur_across(arch, taps, source, (from, needed, to), cancel);
                blur_down(arch, taps, &across, (needed, to), cancel)
            }
            Method::Decimated(it) => it.blur(source, from, to, bounds, cancel),
        }
    }
}

/// The rows of `needed`, blurred along, in the columns of `to`.
fn blur_across(
    arch: Arch,
    taps: &[f32],
    source: &Plane,
    (from, needed, to): (Region, Region, Region),
    cancel: &Cancel,
) -> Plane {
    let halo = taps.len() - 1;
    let mut across = Plane::unfilled(to.width, needed.height);
    // The row with its ends repeated as far as the taps reach.
    let mut padded = vec![0.0; to.width + 2 * halo];
    let left = halo - (to.x - needed.x);
    let right = left + needed.width;
    for y in 0..needed.height {
        if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
            break;
        }
        let row = &source.row(y + needed.y - from.y)[needed.x - from.x..][..needed.width];
        padded[..left].fill(row[0]);
        padded[left..right].copy_from_slice(row);
        padded[right..].fill(row[row.len() - 1]);
        let before = |j: usize| &padded[halo - j..];
        let after = |j: usize| &padded[halo + j..];
        sum_pairs(arch, across.row_mut(y), taps, before, after);
    }
    across
}

/// The columns of `across`, blurred downwards, in the rows of `to`.
fn blur_down(
    arch: Arch,
    taps: &[f32],
    across: &Plane,
    (needed, to): (Region, Region),
    cancel: &Cancel,
) -> Plane {
    let mut out = Plane::unfilled(to.width, to.height);
    let last = across.height() - 1;
    let start = to.y - needed.y;
    for y in 0..to.height {
        if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
            break;
        }
        let above = |j: usize| across.row((start + y).saturating_sub(j));
        let below = |j: usize| across.row((start + y + j).min(last));
        sum_pairs(arch, out.row_mut(y), taps, above, below);
    }
    out
}
