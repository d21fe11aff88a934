//! Samples between samples: a windowed sinc that keeps fine detail, and takes away what the step from pixel to
//! pixel cannot hold.

use pulp::{Arch, Simd, WithSimd};

use super::placement::Places;
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
    pub fn needs(&self, places: &Places, bounds: Region) -> Region {
        let span = |axis: usize, length: usize| {
            let (first, last) = places.span(axis);
            let inside = |it: f64| it.clamp(0.0, length as f64 - 1.0) as usize;
            let reach = (self.taps / 2) as f64;
            let first = inside(first.floor() - reach + 1.0);
            (first, inside(last.floor() + reach + 1.0) + 1 - first)
        };
        let (x, width) = span(0, bounds.width);
        let (y, height) = span(1, bounds.height);
        Region::new(x, y, width, height)
    }

    /// The values at some places, from each of some planes that hold the region `from` of the picture: at least what
    /// they [need](Self::needs). Beyond the edge the nearest pixel repeats. Places that are given by columns and rows
    /// have the values, to the bit, that they have one by one.
    pub fn read(&self, planes: &[Plane], from: Region, places: &Places) -> Vec<Vec<f32>> {
        let weights = |along: &[f64], first: usize| {
            let along = along.iter().map(|it| self.weights(it - first as f64));
            along.collect::<Vec<_>>()
        };
        match places {
            Places::Each(places) => Arch::new().dispatch(Each {
                sampler: self,
                planes,
                from,
                places,
            }),
            Places::Grid { columns, rows } => Arch::new().dispatch(Crossed {
                planes,
                columns: &weights(columns, from.x),
                rows: &weights(rows, from.y),
            }),
        }
    }

    /// The value where the samples of these weights lie, across and down.
    #[inline(always)]
    fn value(&self, plane: &Plane, (left, across): Weights, (top, down): Weights) -> f32 {
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
    fn value_at_edge(&self, plane: &Plane, (left, across): Weights, (top, down): Weights) -> f32 {
        let mut value = 0.0;
        for (i, across) in across.iter().enumerate() {
            let x = clamped(left, i, plane.width());
            let mut sum = 0.0;
            for (j, down) in down.iter().enumerate() {
                sum += down * plane.at(x, clamped(top, j, plane.height()));
            }
            value += across * sum;
        }
        value
    }

    /// The first sample that makes the value at a place, and the weights from there on.
    #[inline(always)]
    fn weights(&self, place: f64) -> Weights<'_> {
        let floor = place.floor();
        let phase = ((place - floor) * PHASES as f64 + 0.5) as usize;
        let weights = &self.weights[phase.min(PHASES) * self.taps..][..self.taps];
        (floor as isize - (self.taps / 2) as isize + 1, weights)
    }
}

/// The first of the samples that make a value along one axis, which may lie beyond the edge, and their weights.
type Weights<'a> = (isize, &'a [f32]);

/// The sample `i` behind `first`, or that at the edge.
#[inline(always)]
fn clamped(first: isize, i: usize, length: usize) -> usize {
    first
        .saturating_add_unsigned(i)
        .clamp(0, length as isize - 1) as usize
}

/// Places one by one.
struct Each<'a> {
    sampler: &'a Sampler,
    planes: &'a [Plane],
    from: Region,
    places: &'a [[f64; 2]],
}

impl WithSimd for Each<'_> {
    type Output = Vec<Vec<f32>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<Vec<f32>> {
        let mut values = vec![vec![0.0; self.places.len()]; self.planes.len()];
        for (i, [x, y]) in self.places.iter().enumerate() {
            let across = self.sampler.weights(x - self.from.x as f64);
            let down = self.sampler.weights(y - self.from.y as f64);
            for (values, plane) in values.iter_mut().zip(self.planes) {
                values[i] = self.sampler.value(plane, across, down);
            }
        }
        values
    }
}

/// Places where columns and rows cross: each row is summed up down once for all its columns.
struct Crossed<'a> {
    planes: &'a [Plane],
    columns: &'a [Weights<'a>],
    rows: &'a [Weights<'a>],
}

impl WithSimd for Crossed<'_> {
    type Output = Vec<Vec<f32>>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Vec<Vec<f32>> {
        let mut values = vec![vec![0.0; self.columns.len() * self.rows.len()]; self.planes.len()];
        let even = even(self.columns);
        for (values, plane) in values.iter_mut().zip(self.planes) {
            let mut sums = vec![0.0; plane.width()];
            let rows = values.chunks_mut(self.columns.len().max(1));
            for (row, (top, down)) in rows.zip(self.rows) {
                sums.fill(0.0);
                for (j, down) in down.iter().enumerate() {
                    let source = plane.row(clamped(*top, j, plane.height()));
                    for (sum, sample) in sums.iter_mut().zip(source) {
                        *sum += down * sample;
                    }
                }
                match even {
                    Some((left, across)) => along_evenly(row, &sums, left, across),
                    None => along(row, &sums, self.columns),
                }
            }
        }
        values
    }
}

/// The first sample and the weights of columns that lie a sample apart, all inside; `None` where they lie otherwise.
fn even<'a>(columns: &[Weights<'a>]) -> Option<Weights<'a>> {
    let (first, across) = *columns.first()?;
    let follows = |(i, it): (usize, &Weights)| {
        it.0 == first.saturating_add_unsigned(i) && core::ptr::eq(it.1, across)
    };
    let even = columns.iter().enumerate().all(follows);
    even.then_some((first, across))
}

/// The values of a row from its sums, in columns that lie a sample apart.
#[inline(always)]
fn along_evenly(row: &mut [f32], sums: &[f32], left: isize, across: &[f32]) {
    // Columns before this have samples beyond the left edge, those from `end` on beyond the right one.
    let start = row.len().min(left.min(0).unsigned_abs());
    let whole = (sums.len() as isize - across.len() as isize + 1 - left).max(0) as usize;
    let end = whole.clamp(start, row.len());
    let at_edge = |x: usize| {
        let first = left.saturating_add_unsigned(x);
        let products = across.iter().enumerate();
        products.fold(0.0, |sum, (i, it)| {
            sum + it * sums[clamped(first, i, sums.len())]
        })
    };
    for x in (0..start).chain(end..row.len()) {
        row[x] = at_edge(x);
    }
    let inside = &mut row[start..end];
    inside.fill(0.0);
    for (i, weight) in across.iter().enumerate() {
        let first = left.saturating_add_unsigned(start + i).max(0) as usize;
        for (value, sum) in inside.iter_mut().zip(&sums[first.min(sums.len())..]) {
            *value += weight * sum;
        }
    }
}

/// The values of a row from its sums.
#[inline(always)]
fn along(row: &mut [f32], sums: &[f32], columns: &[Weights]) {
    for (value, (left, across)) in row.iter_mut().zip(columns) {
        let inside = usize::try_from(*left).ok();
        let samples = inside.and_then(|it| sums.get(it..it + across.len()));
        *value = match samples {
            Some(samples) => across
                .iter()
                .zip(samples)
                .fold(0.0, |sum, (it, sample)| sum + it * sample),
            None => {
                let products = across.iter().enumerate();
                products.fold(0.0, |sum, (i, it)| {
                    sum + it * sums[clamped(*left, i, sums.len())]
                })
            }
        };
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
    use core::slice::from_ref;

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

    fn read(step: f64, plane: &Plane, from: Region, places: &Places) -> Vec<f32> {
        Sampler::new(step)
            .read(from_ref(plane), from, places)
            .remove(0)
    }

    fn largest_error(period: f64, step: f64, expected: impl Fn(f64, f64) -> f64) -> f64 {
        let places = places(step);
        let bounds = Region::of_size(SIDE, SIDE);
        let values = read(
            step,
            &plane(wave(period)),
            bounds,
            &Places::Each(places.clone()),
        );
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
            let mut places = places(step);
            places.extend([[-3.2, 4.0], [95.0, 95.9], [200.0, -50.0], [1.25, 94.5]]);
            let whole = read(step, &plane, bounds, &Places::Each(places.clone()));
            for (place, expected) in places.iter().zip(whole) {
                let alone = Places::Each(vec![*place]);
                let from = Sampler::new(step).needs(&alone, bounds);
                assert_eq!(read(step, &plane.crop(from), from, &alone), [expected]);
            }
        }
    }

    #[test]
    fn crossed_places_have_the_values_that_they_have_one_by_one() {
        let plane = plane(wave(4.4));
        let bounds = Region::of_size(SIDE, SIDE);
        // From before the left edge to beyond the right one, a sample apart and not.
        for step in [1.0, 0.98, 1.7] {
            let along = |first: f64| (0..110).map(move |i| first + step * f64::from(i));
            let (columns, rows): (Vec<f64>, Vec<f64>) =
                (along(-7.4).collect(), along(-3.3).collect());
            let each = rows.iter().flat_map(|y| columns.iter().map(|x| [*x, *y]));
            let each = read(step, &plane, bounds, &Places::Each(each.collect()));
            assert_eq!(
                read(step, &plane, bounds, &Places::Grid { columns, rows }),
                each
            );
        }
    }

    #[test]
    fn places_on_samples_have_their_values() {
        let plane = plane(wave(3.3));
        let place = Places::Each(vec![[31.0, 47.0]]);
        let value = read(1.0, &plane, Region::of_size(SIDE, SIDE), &place);
        assert!((value[0] - plane.at(31, 47)).abs() < 1e-6);
    }
}
