//! Samples between samples: a windowed sinc that keeps fine detail, and takes away what the step from pixel to
//! pixel cannot hold.

use pulp::{Arch, Simd, WithSimd};

use super::placement::Places;
use crate::engine::raster::{Plane, Region};

/// Samples that are weighed together, in registers.
const LANES: usize = 8;

/// How many places at most are read together where they lie a sample apart, and how many are worth it.
const MOST_RUN: usize = 16;
const LEAST_RUN: usize = 4;

/// Up to this step the narrowest kernel serves.
const NARROW: f64 = 1.25;

/// Coefficients of a weight as a polynomial of the phase: of this degree it is off by less than 1e-5.
const COEFFICIENTS: usize = 8;

/// Reads a picture at any places.
#[derive(Clone, Debug)]
pub(super) struct Sampler {
    /// Samples that make one, across and down; a multiple of [`LANES`].
    taps: usize,
    /// The polynomials of all weights: their highest coefficients, one for each tap, then the next lower ones.
    polynomials: Vec<f32>,
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
        Self {
            taps,
            polynomials: polynomials(taps, |phase| kernel(phase, step, taps)),
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
            let weights = along.iter().map(|it| {
                let (first, phase) = self.split(it - first as f64);
                let mut weights = vec![0.0; self.taps];
                self.weigh(phase, &mut weights);
                (first, weights)
            });
            weights.collect::<Vec<_>>()
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

    /// The first sample that makes the value at a place along one axis, which may lie beyond the edge, and how far the
    /// place lies behind the middle two's first.
    #[inline(always)]
    fn split(&self, place: f64) -> (isize, f32) {
        let floor = place.floor();
        let first = floor as isize - (self.taps / 2) as isize + 1;
        (first, (place - floor) as f32)
    }

    /// The weights of all taps at a phase.
    #[inline(always)]
    fn weigh(&self, phase: f32, weights: &mut [f32]) {
        weights.fill(0.0);
        for coefficients in self.polynomials.chunks_exact(self.taps) {
            for (weight, coefficient) in weights.iter_mut().zip(coefficients) {
                *weight = *weight * phase + coefficient;
            }
        }
    }

    /// The weights of all taps at many phases: the same, to the bit.
    #[inline(always)]
    fn weigh_many<S: Simd>(&self, simd: S, phases: S::f32s, weights: &mut [S::f32s]) {
        for (i, weights) in weights.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
            let mut sums = [simd.splat_f32s(0.0); LANES];
            for coefficients in self.polynomials.chunks_exact(self.taps) {
                let coefficients = &coefficients[i * LANES..][..LANES];
                for (sum, coefficient) in sums.iter_mut().zip(coefficients) {
                    let coefficient = simd.splat_f32s(*coefficient);
                    *sum = simd.add_f32s(simd.mul_f32s(*sum, phases), coefficient);
                }
            }
            *weights = sums;
        }
    }
}

/// The weights of the samples that make a value along one axis, and the first of them.
type Weights = (isize, Vec<f32>);

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
    fn with_simd<S: Simd>(self, simd: S) -> Vec<Vec<f32>> {
        let taps = self.sampler.taps;
        let mut values = vec![vec![0.0; self.places.len()]; self.planes.len()];
        // Weights of single places, and of runs: those across, then those down.
        let mut single = vec![0.0; 2 * taps];
        let mut run = vec![simd.splat_f32s(0.0); 2 * taps];
        let mut phases = [[0.0; MOST_RUN]; 2];
        let mut at = 0;
        while at < self.places.len() {
            let (length, corner) = self.run(at, S::F32_LANES, &mut phases);
            let reach = taps - 1;
            if length >= LEAST_RUN && self.fits(corner, [S::F32_LANES + reach, taps]) {
                let (across, down) = run.split_at_mut(taps);
                let sampler = self.sampler;
                sampler.weigh_many(simd, load(simd, &phases[0]), across);
                sampler.weigh_many(simd, load(simd, &phases[1]), down);
                for (values, plane) in values.iter_mut().zip(self.planes) {
                    let corner = corner.map(|it| it as usize);
                    let run = together(simd, plane, corner, across, down);
                    simd.partial_store_f32s(&mut values[at..at + length], run);
                }
                at += length;
            } else {
                // Longer ones may fit from their next place on.
                let (across, down) = single.split_at_mut(taps);
                self.sampler.weigh(phases[0][0], across);
                self.sampler.weigh(phases[1][0], down);
                let fits = self.fits(corner, [taps, taps]);
                for (values, plane) in values.iter_mut().zip(self.planes) {
                    values[at] = match fits {
                        true => alone(plane, corner.map(|it| it as usize), across, down),
                        false => alone_at_edge(plane, corner, across, down),
                    };
                }
                at += 1;
            }
        }
        values
    }
}

impl Each<'_> {
    /// How many places from `at` on, at most `most`, lie a sample apart but for their phases, which are written; and the
    /// first sample of the first of them, across and down.
    #[inline(always)]
    fn run(
        &self,
        at: usize,
        most: usize,
        phases: &mut [[f32; MOST_RUN]; 2],
    ) -> (usize, [isize; 2]) {
        let places = &self.places[at..];
        let first = places[0].map(f64::floor);
        // A place just before a sample may be rounded onto it: there is no run then, but it has a phase.
        for (phases, (place, first)) in phases.iter_mut().zip(places[0].iter().zip(first)) {
            phases[0] = (place - first) as f32;
        }
        let mut length = 0;
        for [x, y] in places.iter().take(most.min(MOST_RUN)) {
            let (across, down) = (x - first[0] - length as f64, y - first[1]);
            let behind = 0.0..1.0;
            if !(behind.contains(&across) && behind.contains(&down)) {
                break;
            }
            (phases[0][length], phases[1][length]) = (across as f32, down as f32);
            length += 1;
        }
        let corner = [first[0] - self.from.x as f64, first[1] - self.from.y as f64];
        let corner = corner.map(|it| self.sampler.split(it).0);
        (length, corner)
    }

    /// Whether so many samples from a corner on, across and down, lie inside.
    #[inline(always)]
    fn fits(&self, corner: [isize; 2], samples: [usize; 2]) -> bool {
        let inside = |axis: usize, length: usize| {
            let end = corner[axis].saturating_add_unsigned(samples[axis]);
            corner[axis] >= 0 && end <= length as isize
        };
        inside(0, self.from.width) && inside(1, self.from.height)
    }
}

/// As many samples as a register holds.
#[inline(always)]
fn load<S: Simd>(_: S, samples: &[f32]) -> S::f32s {
    S::as_simd_f32s(&samples[..S::F32_LANES]).0[0]
}

/// The values of a run of places, each with its own weights.
#[inline(always)]
fn together<S: Simd>(
    simd: S,
    plane: &Plane,
    [left, top]: [usize; 2],
    across: &[S::f32s],
    down: &[S::f32s],
) -> S::f32s {
    let mut values = simd.splat_f32s(0.0);
    for (i, across) in across.as_chunks::<LANES>().0.iter().enumerate() {
        let mut sums = [simd.splat_f32s(0.0); LANES];
        for (j, down) in down.iter().enumerate() {
            let samples = &plane.row(top + j)[left + i * LANES..][..S::F32_LANES + LANES - 1];
            for (first, sum) in sums.iter_mut().enumerate() {
                let samples = load(simd, &samples[first..]);
                *sum = simd.add_f32s(*sum, simd.mul_f32s(*down, samples));
            }
        }
        for (across, sum) in across.iter().zip(sums) {
            values = simd.add_f32s(values, simd.mul_f32s(*across, sum));
        }
    }
    values
}

/// The value at one place: the same sums in the same order.
#[inline(always)]
fn alone(plane: &Plane, [left, top]: [usize; 2], across: &[f32], down: &[f32]) -> f32 {
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

/// The same with pixels beyond the edge repeated.
fn alone_at_edge(plane: &Plane, [left, top]: [isize; 2], across: &[f32], down: &[f32]) -> f32 {
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

/// Places where columns and rows cross: each row is summed up down once for all its columns.
struct Crossed<'a> {
    planes: &'a [Plane],
    columns: &'a [Weights],
    rows: &'a [Weights],
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
                    Some((left, across)) => along_evenly(row, &sums, *left, across),
                    None => along(row, &sums, self.columns),
                }
            }
        }
        values
    }
}

/// The first sample and the weights of columns that lie a sample apart, all inside; `None` where they lie otherwise.
fn even(columns: &[Weights]) -> Option<&Weights> {
    let first = columns.first()?;
    let follows =
        |(i, it): (usize, &Weights)| it.0 == first.0.saturating_add_unsigned(i) && it.1 == first.1;
    let even = columns.iter().enumerate().all(follows);
    even.then_some(first)
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

/// The polynomials of weights between one sample and the next, through their values there and at Chebyshev's places in
/// between: weights that sum up to 1 do so everywhere. Highest coefficients first, one for each of the taps.
fn polynomials(taps: usize, weights: impl Fn(f64) -> Vec<f64>) -> Vec<f32> {
    let place = |i: usize| {
        let angle = core::f64::consts::PI * i as f64 / (COEFFICIENTS - 1) as f64;
        0.5 - 0.5 * libm::cos(angle)
    };
    let places: [f64; COEFFICIENTS] = core::array::from_fn(place);
    let values = places.map(weights);
    let mut sums = vec![0.0; COEFFICIENTS * taps];
    for (i, own) in places.iter().enumerate() {
        // Lagrange's polynomial that is 1 here and 0 at all the other places, lowest coefficient first.
        let mut basis = [0.0; COEFFICIENTS];
        basis[0] = 1.0;
        for other in places
            .iter()
            .enumerate()
            .filter(|it| it.0 != i)
            .map(|it| it.1)
        {
            let scale = 1.0 / (own - other);
            for power in (0..COEFFICIENTS).rev() {
                let lower = if power > 0 { basis[power - 1] } else { 0.0 };
                basis[power] = scale * (lower - other * basis[power]);
            }
        }
        for (power, factor) in basis.iter().enumerate() {
            let row = (COEFFICIENTS - 1 - power) * taps;
            for (sum, value) in sums[row..row + taps].iter_mut().zip(&values[i]) {
                *sum += factor * value;
            }
        }
    }
    sums.into_iter().map(|it| it as f32).collect()
}

/// The weights of `taps` samples for a place `t` behind the middle two's first, normalised: a sinc that ends at
/// half the samples' rate, or the step's, in the window that Duchon (1979) made of the sinc's own main lobe.
fn kernel(t: f64, step: f64, taps: usize) -> Vec<f64> {
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
    weights.iter().map(|it| it / sum).collect()
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
