//! The Gaussian blur that everything else is built from.
//!
//! Separable, taps ∝ exp(−i²/2s²) for |i| ≤ ⌈4σ⌉, normalised, where s is the number for which the
//! taps' standard deviation is σ. That differs from s = σ below about 0.8 px, where a plain sampled
//! Gaussian would hardly blur at all. Beyond the picture's edge the nearest pixel repeats. Wide ones
//! are made on a coarser grid, at most 1e-4 of full scale off.

mod across;
mod blurred;
mod decimated;
mod down;
mod flowing;
mod halving;
mod lows;
mod pairs;
mod pixels;
mod sums;
mod taps;
#[cfg(test)]
mod tests;

use blurred::Blurred;
use decimated::Decimated;
pub use flowing::Flowing;
pub use lows::Lows;

use super::Cancel;
use crate::engine::raster::{Plane, Region, RowSource};

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
        let mut blurred = self.flowing((source, from), to, bounds, cancel);
        let mut out = Plane::unfilled(to.width, to.height);
        for y in 0..to.height {
            if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
                break;
            }
            blurred.read_into(y, out.row_mut(y));
        }
        out
    }

    /// The region `to` of a picture, to be blurred while it is read from top to bottom.
    ///
    /// The source is read up to [`halo`](Self::halo) pixels beyond `to`, as far as the picture reaches at `bounds`. Once
    /// cancelled, what is returned is unfinished.
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
}

/// Rows that are made together: what they are made from is read once for all of them.
const TOGETHER: usize = 4;
