//! The Gaussian blur that everything else is built from.
//!
//! Separable, taps ∝ exp(−i²/2s²) for |i| ≤ ⌈4σ⌉, normalised, where s is the number for which the
//! taps' standard deviation is σ. That differs from s = σ below about 0.8 px, where a plain sampled
//! Gaussian would hardly blur at all. Beyond the picture's edge the nearest pixel repeats.

use super::Cancel;
use crate::engine::raster::{Plane, Region};

/// A Gaussian of one radius, ready to blur.
#[derive(Clone, Debug)]
pub struct Gaussian {
    /// The centre tap and those to one side of it; the other side is its mirror image.
    taps: Vec<f32>,
}

/// Samples that are summed up together, in registers.
const LANES: usize = 32;

/// Rows between two looks at the cancel flag.
const ROWS_BETWEEN_CHECKS: usize = 4;

impl Gaussian {
    /// A Gaussian of standard deviation `sigma` in pixels; 0 copies.
    pub fn new(sigma: f64) -> Self {
        let taps = exact_taps(sigma);
        Self {
            taps: taps.iter().map(|it| *it as f32).collect(),
        }
    }

    /// How far beyond a region it reads, in pixels.
    pub fn halo(&self) -> usize {
        self.taps.len() - 1
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
        if self.halo() == 0 {
            return source.crop(Region {
                x: to.x - from.x,
                y: to.y - from.y,
                ..to
            });
        }
        if cancel.is_cancelled() {
            return Plane::filled(to.width, to.height, 0.0);
        }
        let across = self.blur_across(source, from, to, needed, cancel);
        self.blur_down(&across, needed, to, cancel)
    }

    /// The rows of `needed`, blurred along, in the columns of `to`.
    fn blur_across(
        &self,
        source: &Plane,
        from: Region,
        to: Region,
        needed: Region,
        cancel: &Cancel,
    ) -> Plane {
        let halo = self.halo();
        let mut across = Plane::filled(to.width, needed.height, 0.0);
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
            self.sum_along(&padded, across.row_mut(y));
        }
        across
    }

    fn sum_along(&self, padded: &[f32], out: &mut [f32]) {
        let halo = self.halo();
        let (blocks, rest) = out.as_chunks_mut::<LANES>();
        let done = blocks.len() * LANES;
        for (i, block) in blocks.iter_mut().enumerate() {
            let centre = i * LANES + halo;
            *block = scaled(lanes(padded, centre), self.taps[0]);
            for (j, tap) in self.taps.iter().enumerate().skip(1) {
                add_pair(
                    block,
                    *tap,
                    lanes(padded, centre - j),
                    lanes(padded, centre + j),
                );
            }
        }
        for (i, out) in rest.iter_mut().enumerate() {
            let centre = done + i + halo;
            *out = self.taps[0] * padded[centre];
            for (j, tap) in self.taps.iter().enumerate().skip(1) {
                *out += tap * (padded[centre - j] + padded[centre + j]);
            }
        }
    }

    /// The columns of `across`, blurred downwards, in the rows of `to`.
    fn blur_down(&self, across: &Plane, needed: Region, to: Region, cancel: &Cancel) -> Plane {
        let mut out = Plane::filled(to.width, to.height, 0.0);
        let last = across.height() - 1;
        let start = to.y - needed.y;
        for y in 0..to.height {
            if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
                break;
            }
            let above = |j: usize| across.row((start + y).saturating_sub(j));
            let below = |j: usize| across.row((start + y + j).min(last));
            let (blocks, rest) = out.row_mut(y).as_chunks_mut::<LANES>();
            let done = blocks.len() * LANES;
            for (i, block) in blocks.iter_mut().enumerate() {
                let x = i * LANES;
                *block = scaled(lanes(above(0), x), self.taps[0]);
                for (j, tap) in self.taps.iter().enumerate().skip(1) {
                    add_pair(block, *tap, lanes(above(j), x), lanes(below(j), x));
                }
            }
            for (i, out) in rest.iter_mut().enumerate() {
                let x = done + i;
                *out = self.taps[0] * above(0)[x];
                for (j, tap) in self.taps.iter().enumerate().skip(1) {
                    *out += tap * (above(j)[x] + below(j)[x]);
                }
            }
        }
        out
    }
}

#[inline(always)]
fn lanes(samples: &[f32], at: usize) -> &[f32; LANES] {
    samples[at..]
        .first_chunk()
        .expect("a block lies inside its row")
}

#[inline(always)]
fn scaled(samples: &[f32; LANES], factor: f32) -> [f32; LANES] {
    samples.map(|it| it * factor)
}

#[inline(always)]
fn add_pair(sums: &mut [f32; LANES], tap: f32, one: &[f32; LANES], other: &[f32; LANES]) {
    for i in 0..LANES {
        sums[i] += tap * (one[i] + other[i]);
    }
}

/// The centre tap and those to one side, for a standard deviation of exactly `sigma`.
fn exact_taps(sigma: f64) -> Vec<f64> {
    if sigma <= 0.0 {
        return vec![1.0];
    }
    let reach = (4.0 * sigma).ceil() as usize;
    let deviation = |taps: &[f64]| {
        let variance: f64 = (1..taps.len())
            .map(|i| 2.0 * (i * i) as f64 * taps[i])
            .sum();
        variance.sqrt()
    };
    // The deviation grows with s: halve the interval until it cannot be halved any more.
    let (mut low, mut high) = (sigma * 0.5, sigma + 1.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if deviation(&sampled_taps(middle, reach)) < sigma {
            low = middle;
        } else {
            high = middle;
        }
    }
    sampled_taps(0.5 * (low + high), reach)
}

/// exp(−i²/2s²) for i from 0 to `reach`, normalised over both sides.
fn sampled_taps(s: f64, reach: usize) -> Vec<f64> {
    let taps: Vec<f64> = (0..=reach)
        .map(|i| libm::exp(-((i * i) as f64) / (2.0 * s * s)))
        .collect();
    let sum = 2.0 * taps.iter().sum::<f64>() - taps[0];
    taps.iter().map(|it| it / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Random;

    /// The same blur, slow and obvious, in `f64`.
    fn reference(plane: &Plane, sigma: f64) -> Vec<f64> {
        let taps = exact_taps(sigma);
        let reach = taps.len() as isize - 1;
        let (width, height) = (plane.width() as isize, plane.height() as isize);
        let mut across = vec![0.0; plane.samples().len()];
        let mut out = across.clone();
        for y in 0..height {
            for x in 0..width {
                for i in -reach..=reach {
                    let at = (x + i).clamp(0, width - 1) as usize;
                    across[(y * width + x) as usize] +=
                        taps[i.unsigned_abs()] * f64::from(plane.at(at, y as usize));
                }
            }
        }
        for y in 0..height {
            for x in 0..width {
                for i in -reach..=reach {
                    let at = (y + i).clamp(0, height - 1);
                    out[(y * width + x) as usize] +=
                        taps[i.unsigned_abs()] * across[(at * width + x) as usize];
                }
            }
        }
        out
    }

    fn noise(width: usize, height: usize) -> Plane {
        let random = Random::new(7, 0, 0);
        let samples = (0..width * height).map(|i| random.row(i / width).signed(i % width));
        Plane::from_samples(width, height, samples.collect())
    }

    fn whole(plane: &Plane, sigma: f64) -> Plane {
        let bounds = Region::of_size(plane.width(), plane.height());
        Gaussian::new(sigma).blur(plane, bounds, bounds, bounds, &Cancel::default())
    }

    #[test]
    fn it_equals_the_slow_version() {
        for (width, height) in [(1, 1), (1, 23), (67, 1), (37, 41), (131, 64)] {
            for sigma in [0.0, 0.1, 0.3, 0.5, 0.8, 2.0, 6.0, 23.7] {
                let plane = noise(width, height);
                let blurred = whole(&plane, sigma);
                for (fast, slow) in blurred.samples().iter().zip(reference(&plane, sigma)) {
                    assert!(
                        (f64::from(*fast) - slow).abs() < 2e-6,
                        "{width}×{height} at {sigma}: {fast} for {slow}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_taps_deviate_by_sigma_and_sum_to_one() {
        for sigma in [0.05, 0.3, 0.4, 0.5, 1.0, 6.0, 200.0] {
            let taps = exact_taps(sigma);
            let sum = 2.0 * taps.iter().sum::<f64>() - taps[0];
            let variance: f64 = (1..taps.len())
                .map(|i| 2.0 * (i * i) as f64 * taps[i])
                .sum();
            assert!((sum - 1.0).abs() < 1e-12);
            assert!((variance.sqrt() - sigma).abs() < 1e-9, "{sigma}");
        }
    }

    #[test]
    fn a_small_radius_blurs_noise_by_the_factor_of_its_taps() {
        // At 0.3 px the taps are 0.0450, 0.9100, 0.0450: noise keeps their power in both directions.
        let blurred = whole(&noise(256, 256), 0.3);
        let power = |plane: &Plane| plane.samples().iter().map(|v| v * v).sum::<f32>();
        let kept = (power(&blurred) / power(&noise(256, 256))).sqrt();
        let expected = 0.91 * 0.91 + 2.0 * 0.045 * 0.045;
        assert!((kept - expected).abs() < 0.005, "{kept} for {expected}");
    }

    #[test]
    fn a_region_alone_equals_the_region_of_the_whole_bit_for_bit() {
        let plane = noise(101, 67);
        let bounds = Region::of_size(101, 67);
        for sigma in [0.4, 3.0, 11.0] {
            let gaussian = Gaussian::new(sigma);
            let all = whole(&plane, sigma);
            for to in [
                Region::new(0, 0, 1, 1),
                Region::new(50, 30, 33, 5),
                Region::new(90, 60, 11, 7),
            ] {
                let from = to.expanded(gaussian.halo(), &bounds);
                let part = gaussian.blur(&plane.crop(from), from, to, bounds, &Cancel::default());
                assert_eq!(part, all.crop(to));
            }
        }
    }
}
