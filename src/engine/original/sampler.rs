//! Samples between samples: a windowed sinc that keeps fine detail, and takes away what the step from pixel to
//! pixel cannot hold.

use crate::engine::raster::{Plane, Region};

/// Places between two samples that are told apart; the error is that of 1/512 px.
const PHASES: usize = 256;

/// Samples that are weighed together, in registers.
const LANES: usize = 8;

/// Up to this step the narrowest kernel serves.
const NARROW: f64 = 1.25;

/// Reads a picture at any places.
#[derive(Clone, Debug)]
pub(super) struct Sampler {
    /// Samples that make one, across and down; a multiple of [`LANES`].
    taps: usize,
    /// The weights of each phase, one after the other.
    weights: Vec<f32>,
}

impl Sampler {
    /// For places that lie `step` samples apart.
    pub fn new(step: f64) -> Self {
        let step = if step.is_finite() {
            step.clamp(1.0, 32.0)
        } else {
            1.0
        };
        let taps = LANES * (step / NARROW).ceil().max(1.0) as usize;
        let weights =
            (0..=PHASES).flat_map(|phase| kernel(phase as f64 / PHASES as f64, step, taps));
        Self {
            taps,
            weights: weights.collect(),
        }
    }

    /// The samples that are needed for some places, of a picture that covers `bounds`.
    pub fn needs(&self, places: &[[f64; 2]], bounds: Region) -> Region {
        let span = |axis: usize, length: usize| {
            let along = places.iter().map(|it| it[axis]);
            let (first, last) = along
                .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| {
                    (low.min(it), high.max(it))
                });
            let inside = |it: f64| it.clamp(0.0, length as f64 - 1.0) as usize;
            let reach = (self.taps / 2) as f64;
            let first = inside(first.floor() - reach + 1.0);
            (first, inside(last.floor() + reach + 1.0) + 1 - first)
        };
        let (x, width) = span(0, bounds.width);
        let (y, height) = span(1, bounds.height);
        Region::new(x, y, width, height)
    }

    /// The values at some places, from a plane that holds the region `from` of the picture: at least what they
    /// [need](Self::needs). Beyond the edge the nearest pixel repeats.
    pub fn read(&self, plane: &Plane, from: Region, places: &[[f64; 2]]) -> Vec<f32> {
        places
            .iter()
            .map(|it| self.value(plane, from, *it))
            .collect()
    }

    #[inline(always)]
    fn value(&self, plane: &Plane, from: Region, [x, y]: [f64; 2]) -> f32 {
        let (left, across) = self.weights(x - from.x as f64);
        let (top, down) = self.weights(y - from.y as f64);
        let fits = |first: isize, length: usize| {
            first >= 0 && first.saturating_add_unsigned(self.taps) <= length as isize
        };
        if !fits(left, plane.width()) || !fits(top, plane.height()) {
            return self.value_at_edge(plane, (left, across), (top, down));
        }
        let (left, top) = (left as usize, top as usize);
        let mut value = 0.0;
        for (i, across) in across.as_chunks::<LANES>().0.iter().enumerate() {
            let mut sums = [0.0f32; LANES];
            for (j, down) in down.iter().enumerate() {
                let row = &plane.row(top + j)[left + i * LANES..];
                let row = row.first_chunk::<LANES>().expect("the taps fit");
                for lane in 0..LANES {
                    sums[lane] += down * row[lane];
                }
            }
            for lane in 0..LANES {
                value += across[lane] * sums[lane];
            }
        }
        value
    }

    /// The same sums in the same order, with pixels beyond the edge repeated.
    fn value_at_edge(
        &self,
        plane: &Plane,
        (left, across): (isize, &[f32]),
        (top, down): (isize, &[f32]),
    ) -> f32 {
        let inside = |at: isize, length: usize| at.clamp(0, length as isize - 1) as usize;
        let mut value = 0.0;
        for (i, across) in across.iter().enumerate() {
            let x = inside(left.saturating_add_unsigned(i), plane.width());
            let mut sum = 0.0;
            for (j, down) in down.iter().enumerate() {
                sum += down * plane.at(x, inside(top.saturating_add_unsigned(j), plane.height()));
            }
            value += across * sum;
        }
        value
    }

    /// The first sample that makes the value at a place, and the weights from there on.
    fn weights(&self, place: f64) -> (isize, &[f32]) {
        let floor = place.floor();
        let phase = ((place - floor) * PHASES as f64 + 0.5) as usize;
        let weights = &self.weights[phase.min(PHASES) * self.taps..][..self.taps];
        (floor as isize - (self.taps / 2) as isize + 1, weights)
    }
}

/// The weights of `taps` samples for a place `t` behind the middle two's first, normalised: a sinc that ends at
/// half the samples' rate, or the step's, in the window that Duchon (1979) made of the sinc's own main lobe.
fn kernel(t: f64, step: f64, taps: usize) -> Vec<f32> {
    let half = (taps / 2) as f64;
    let weight = |i: usize| {
        let distance = i as f64 - (half - 1.0) - t;
        if distance.abs() < half {
            sinc(distance / step) * sinc(distance / half)
        } else {
            0.0
        }
    };
    let weights: Vec<f64> = (0..taps).map(weight).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|it| (it / sum) as f32).collect()
}

fn sinc(at: f64) -> f64 {
    let angle = core::f64::consts::PI * at;
    if angle.abs() < 1e-9 {
        1.0
    } else {
        libm::sin(angle) / angle
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 96;

    fn wave(period: f64) -> impl Fn(f64, f64) -> f64 {
        move |x, y| {
            let angle = core::f64::consts::TAU / period;
            libm::sin(angle * x + 0.4) + libm::cos(angle * y)
        }
    }

    fn plane(value: impl Fn(f64, f64) -> f64) -> Plane {
        let samples = (0..SIDE * SIDE).map(|i| value((i % SIDE) as f64, (i / SIDE) as f64) as f32);
        Plane::from_samples(SIDE, SIDE, samples.collect())
    }

    fn places(step: f64) -> Vec<[f64; 2]> {
        let along = move |i: usize| 20.3 + step * i as f64;
        (0..400).map(|i| [along(i % 20), along(i / 20)]).collect()
    }

    fn largest_error(period: f64, step: f64, expected: impl Fn(f64, f64) -> f64) -> f64 {
        let plane = plane(wave(period));
        let places = places(step);
        let bounds = Region::of_size(SIDE, SIDE);
        let values = Sampler::new(step).read(&plane, bounds, &places);
        let errors = values.iter().zip(&places);
        errors
            .map(|(value, [x, y])| (f64::from(*value) - expected(*x, *y)).abs())
            .fold(0.0, f64::max)
    }

    #[test]
    fn fine_waves_are_kept_between_samples() {
        assert!(largest_error(6.0, 0.7, wave(6.0)) < 0.02);
        assert!(largest_error(3.0, 0.7, wave(3.0)) < 0.06);
    }

    #[test]
    fn what_a_step_cannot_hold_is_taken_away() {
        assert!(largest_error(2.5, 2.2, |_, _| 0.0) < 0.05);
        assert!(largest_error(12.0, 2.2, wave(12.0)) < 0.05);
    }

    #[test]
    fn a_part_gives_the_values_of_the_whole_bit_for_bit() {
        let plane = plane(wave(4.4));
        let bounds = Region::of_size(SIDE, SIDE);
        for step in [1.0, 1.7] {
            let sampler = Sampler::new(step);
            let mut places = places(step);
            places.extend([[-3.2, 4.0], [95.0, 95.9], [200.0, -50.0], [1.25, 94.5]]);
            let whole = sampler.read(&plane, bounds, &places);
            for (place, expected) in places.iter().zip(whole) {
                let from = sampler.needs(&[*place], bounds);
                let alone = sampler.read(&plane.crop(from), from, &[*place]);
                assert_eq!(alone, [expected]);
            }
        }
    }

    #[test]
    fn places_on_samples_have_their_values() {
        let plane = plane(wave(3.3));
        let value = Sampler::new(1.0).read(&plane, Region::of_size(SIDE, SIDE), &[[31.0, 47.0]]);
        assert!((value[0] - plane.at(31, 47)).abs() < 1e-6);
    }
}
