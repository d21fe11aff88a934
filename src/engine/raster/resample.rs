//! Another size of the same picture. Kernels widen with the step when a picture shrinks, so that
//! nothing aliases. At the same size a picture is copied.

mod stored;

use std::ops::Range;

use super::{Plane, Region, wide};
pub(super) use stored::StoredRows;

/// How samples between samples are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    /// Linear interpolation; a mean when a picture shrinks.
    Triangle,
    /// Duchon's windowed sinc with three lobes to a side: keeps fine detail, overshoots at edges.
    Lanczos,
}

impl Kernel {
    /// How far it reaches to a side, in samples.
    fn reach(self) -> f64 {
        match self {
            Kernel::Triangle => 1.0,
            Kernel::Lanczos => 3.0,
        }
    }

    fn weight(self, distance: f64) -> f64 {
        let distance = distance.abs();
        match self {
            Kernel::Triangle => (1.0 - distance).max(0.0),
            Kernel::Lanczos if distance >= 3.0 => 0.0,
            Kernel::Lanczos => sinc(distance) * sinc(distance / 3.0),
        }
    }
}

fn sinc(at: f64) -> f64 {
    let angle = core::f64::consts::PI * at;
    if angle < 1e-9 {
        1.0
    } else {
        libm::sin(angle) / angle
    }
}

/// Which source samples make each of some target samples.
#[derive(Clone, Debug, PartialEq)]
struct Taps {
    /// The first of the target samples.
    start: usize,
    /// Of each target sample the first source sample, and where its weights are.
    places: Vec<(usize, Range<usize>)>,
    weights: Vec<f32>,
}

/// A change of size, prepared for both axes. Any region of the target can be computed alone and
/// comes out the same as in the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Resample {
    columns: Taps,
    rows: Taps,
    /// There are fewer rows than before.
    is_lower: bool,
}

impl Resample {
    /// From a picture of size `from` to one of size `to`, both (width, height) and not empty.
    pub fn new(from: (usize, usize), to: (usize, usize)) -> Self {
        Self::in_region(from, to, Region::of_size(to.0, to.1))
    }

    /// The same for a region of the target alone, which takes no longer than the region is large.
    pub fn in_region(from: (usize, usize), to: (usize, usize), region: Region) -> Self {
        Self::with(Kernel::Triangle, from, to, region)
    }

    /// From a picture of one size to one of another with a kernel that keeps fine detail, for texture.
    pub fn fine(from: (usize, usize), to: (usize, usize)) -> Self {
        Self::with(Kernel::Lanczos, from, to, Region::of_size(to.0, to.1))
    }

    fn with(kernel: Kernel, from: (usize, usize), to: (usize, usize), region: Region) -> Self {
        Self {
            columns: Taps::new(kernel, from.0, to.0, region.x..region.right()),
            rows: Taps::new(kernel, from.1, to.1, region.y..region.bottom()),
            is_lower: to.1 < from.1,
        }
    }

    /// The source region that the target region is made of.
    pub fn needs(&self, target: Region) -> Region {
        let (x, width) = self.columns.span(target.x..target.right());
        let (y, height) = self.rows.span(target.y..target.bottom());
        Region::new(x, y, width, height)
    }

    /// The target region, from a plane that holds what it [needs](Self::needs).
    pub fn apply(&self, source: &Plane, target: Region) -> Plane {
        self.apply_to((source, self.needs(target)), target)
    }

    /// The same from a plane that holds a region in which that lies.
    pub fn apply_to(&self, (source, held): (&Plane, Region), target: Region) -> Plane {
        let from = self.needs(target);
        assert_eq!((source.width(), source.height()), (held.width, held.height));
        assert!(held.contains(&from), "what it needs is there");
        let columns = from.x - held.x..from.right() - held.x;
        let row = |y: usize| &source.row(y - held.y)[columns.clone()];
        if self.is_lower {
            return self.down_first(row, from, target);
        }
        let mut across = Plane::unfilled(target.width, from.height);
        for y in 0..from.height {
            let columns = self.columns.of(target.x..target.right());
            sum_along(row(from.y + y), from.x, columns, across.row_mut(y));
        }
        let mut out = Plane::filled(target.width, target.height, 0.0);
        let rows = self.rows.of(target.y..target.bottom());
        for (y, (first, weights)) in rows.enumerate() {
            for (i, weight) in weights.iter().enumerate() {
                add_weighted(out.row_mut(y), across.row(first - from.y + i), *weight);
            }
        }
        out
    }

    /// The same where there are fewer rows to go along than come: going down is a wide loop, and going along is not.
    fn down_first<'r>(
        &self,
        row: impl Fn(usize) -> &'r [f32],
        from: Region,
        target: Region,
    ) -> Plane {
        let mut out = Plane::unfilled(target.width, target.height);
        let mut sums = vec![0.0; from.width];
        let rows = self.rows.of(target.y..target.bottom());
        for (y, (first, weights)) in rows.enumerate() {
            sums.fill(0.0);
            for (i, weight) in weights.iter().enumerate() {
                add_weighted(&mut sums, row(first + i), *weight);
            }
            let columns = self.columns.of(target.x..target.right());
            sum_along(&sums, from.x, columns, out.row_mut(y));
        }
        out
    }
}

/// A region of the target that is summed up while the rows of its source come, none of which has to be kept.
#[derive(Debug)]
pub struct Summing<'a> {
    resample: &'a Resample,
    target: Region,
    /// What the target [needs](Resample::needs).
    from: Region,
    channels: usize,
    /// Rows of the target, still as wide as the source; a plane for each channel, or one of pixels. None before a row
    /// has come.
    sums: Vec<Plane>,
    /// The first row of the target that is not complete.
    open: usize,
}

impl<'a> Summing<'a> {
    /// Nothing of a region yet, in so many channels.
    pub fn new(resample: &'a Resample, target: Region, channels: usize) -> Self {
        Self {
            resample,
            target,
            from: resample.needs(target),
            channels,
            sums: Vec::new(),
            open: 0,
        }
    }

    /// Adds row `y` of the source, or what it has from column `x` on, both counted from the first that is needed: a row
    /// for each channel, or one of pixels. Rows have to come from top to bottom, all in the same way.
    pub fn add(&mut self, (x, y): (usize, usize), row: &[impl AsRef<[f32]>]) {
        let interleaved = self.channels / row.len();
        if self.sums.is_empty() {
            let empty = Plane::filled(self.from.width * interleaved, self.target.height, 0.0);
            self.sums = vec![empty; row.len()];
        }
        let x = x * interleaved;
        let y = self.from.y + y;
        let targets = self.target.y + self.open..self.target.bottom();
        let rows = (self.open..).zip(self.resample.rows.of(targets));
        for (at, (first, weights)) in rows {
            if first > y {
                break;
            }
            let Some(weight) = weights.get(y - first) else {
                // Those below it may need more.
                self.open = at + 1;
                continue;
            };
            for (sums, samples) in self.sums.iter_mut().zip(row) {
                add_weighted(&mut sums.row_mut(at)[x..], samples.as_ref(), *weight);
            }
        }
    }

    /// The planes of the region.
    pub fn finish(self) -> Vec<Plane> {
        let Region { width, height, .. } = self.target;
        let mut planes = vec![Plane::filled(width, height, 0.0); self.channels];
        let pixel = self.channels / self.sums.len().max(1);
        for (sums, planes) in self.sums.iter().zip(planes.chunks_exact_mut(pixel)) {
            for y in 0..height {
                let rows = planes.iter_mut().map(|it| it.row_mut(y)).collect();
                self.across(sums.row(y), rows);
            }
        }
        planes
    }

    /// A row of the target from its sums: one of samples, or of red, green and blue from pixels.
    fn across(&self, sums: &[f32], mut out: Vec<&mut [f32]>) {
        let columns = self.target.x..self.target.right();
        let columns = self.resample.columns.of(columns);
        match out.as_mut_slice() {
            [r, g, b] => {
                let pixels = sums.as_chunks::<3>().0;
                for (x, (first, weights)) in columns.enumerate() {
                    let mut sum = [0.0; 3];
                    for (pixel, weight) in pixels[first - self.from.x..].iter().zip(weights) {
                        for (sum, sample) in sum.iter_mut().zip(pixel) {
                            *sum += sample * weight;
                        }
                    }
                    [r[x], g[x], b[x]] = sum;
                }
            }
            [row] => sum_along(sums, self.from.x, columns, row),
            _ => unreachable!("samples, or pixels of red, green and blue"),
        }
    }
}

/// Adds so much of a row to sums, which may be more.
fn add_weighted(sums: &mut [f32], row: &[f32], weight: f32) {
    wide!({
        for (sum, sample) in sums.iter_mut().zip(row) {
            *sum += sample * weight;
        }
    });
}

/// Each sample of `out` from its weights and samples of a row whose first is `start`.
fn sum_along<'a>(
    row: &[f32],
    start: usize,
    places: impl Iterator<Item = (usize, &'a [f32])>,
    out: &mut [f32],
) {
    for (out, (first, weights)) in out.iter_mut().zip(places) {
        let samples = &row[first - start..][..weights.len()];
        *out = match (samples, weights) {
            // What is enlarged.
            ([sample, next], [weight, other]) => sample * weight + next * other,
            _ => samples.iter().zip(weights).map(|(s, w)| s * w).sum(),
        };
    }
}

impl Taps {
    /// Those of some samples of an axis that has `from` samples and gets `to`.
    fn new(kernel: Kernel, from: usize, to: usize, targets: Range<usize>) -> Self {
        let step = from as f64 / to as f64;
        let widened = step.max(1.0);
        let reach = kernel.reach() * widened;
        let mut taps = Self {
            start: targets.start,
            places: Vec::with_capacity(targets.len()),
            weights: Vec::new(),
        };
        for i in targets {
            let centre = (i as f64 + 0.5) * step - 0.5;
            let first = (centre - reach).floor().max(0.0) as usize;
            let last = ((centre + reach).ceil() as usize).min(from - 1);
            let weight = |at: usize| kernel.weight((at as f64 - centre) / widened);
            // Weightless taps at the ends are dropped, so that an equal size needs one sample only.
            let first = (first..=last).find(|&at| weight(at).abs() > 1e-9);
            let first = first.unwrap_or((centre.round().max(0.0) as usize).min(from - 1));
            let last = (first..=last)
                .rfind(|&at| weight(at).abs() > 1e-9)
                .unwrap_or(first);
            let sum: f64 = (first..=last).map(weight).sum();
            let start = taps.weights.len();
            if sum > 0.0 {
                let normalised = (first..=last).map(|at| (weight(at) / sum) as f32);
                taps.weights.extend(normalised);
            } else {
                taps.weights.push(1.0);
            }
            taps.places.push((first, start..taps.weights.len()));
        }
        taps
    }

    /// Of some target samples the first source sample and the weights from it on.
    fn of(&self, targets: Range<usize>) -> impl Iterator<Item = (usize, &[f32])> {
        let places = &self.places[targets.start - self.start..targets.end - self.start];
        let places = places.iter();
        places.map(|(first, weights)| (*first, &self.weights[weights.clone()]))
    }

    /// The first of all source samples of some target samples, and how many there are.
    fn span(&self, targets: Range<usize>) -> (usize, usize) {
        let first = self.of(targets.clone()).map(|(first, _)| first).min();
        let first = first.unwrap_or(0);
        let end = self
            .of(targets)
            .map(|(first, weights)| first + weights.len());
        (first, end.max().unwrap_or(first) - first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Plane {
        let samples = (0..width * height).map(|i| i as f32).collect();
        Plane::from_samples(width, height, samples)
    }

    fn whole(source: &Plane, to: (usize, usize)) -> [Plane; 2] {
        let from = (source.width(), source.height());
        [Resample::new(from, to), Resample::fine(from, to)].map(|resample| {
            let target = Region::of_size(to.0, to.1);
            let needs = resample.needs(target);
            resample.apply(&source.crop(needs), target)
        })
    }

    #[test]
    fn the_same_size_copies() {
        for copy in whole(&ramp(7, 5), (7, 5)) {
            assert_eq!(copy, ramp(7, 5));
        }
    }

    #[test]
    fn a_region_alone_equals_the_region_of_the_whole() {
        let source = ramp(13, 11);
        for to in [(29, 7), (5, 31), (1, 1)] {
            let target = Region::new(to.0 / 3, to.1 / 2, to.0 - to.0 / 3, to.1 - to.1 / 2);
            let resamples = [Resample::new((13, 11), to), Resample::fine((13, 11), to)];
            for (resample, whole) in resamples.iter().zip(whole(&source, to)) {
                let alone = resample.apply(&source.crop(resample.needs(target)), target);
                assert_eq!(alone, whole.crop(target));
            }
        }
    }

    #[test]
    fn rows_are_summed_up_to_the_same_picture() {
        let source = ramp(13, 11);
        for to in [(29, 7), (5, 31), (4, 3), (13, 11)] {
            let resample = Resample::new((13, 11), to);
            let target = Region::new(to.0 / 3, to.1 / 2, to.0 - to.0 / 3, to.1 - to.1 / 2);
            let part = source.crop(resample.needs(target));
            let expected = resample.apply(&part, target);
            let [mut planes, mut pixels] = [3; 2].map(|it| Summing::new(&resample, target, it));
            for y in 0..part.height() {
                planes.add((0, y), &[part.row(y); 3]);
                let spread: Vec<f32> = part.row(y).iter().flat_map(|it| [*it; 3]).collect();
                let (left, right) = spread.split_at(spread.len() / 6 * 3);
                pixels.add((0, y), &[left]);
                pixels.add((left.len() / 3, y), &[right]);
            }
            let whole: Vec<[f32; 4]> = source.samples().iter().map(|it| [*it; 4]).collect();
            let whole = resample.apply_to_pixels(&whole, 13, target);
            let whole = whole.iter().map(|it| it[3]).collect();
            let whole = Plane::from_samples(target.width, target.height, whole);
            let with_alpha: Vec<f32> = source.samples().iter().flat_map(|it| [*it, 9.0]).collect();
            let stored = StoredRows {
                row: |y: usize| &with_alpha[26 * y..][..26],
                channels: 2,
                convert: |it: f32| it,
            };
            let grey = resample.apply_to_stored(&stored, 1, target);
            let colours: Vec<f32> = source.samples().iter().flat_map(|it| [*it; 3]).collect();
            let stored = StoredRows {
                row: |y: usize| &colours[39 * y..][..39],
                channels: 3,
                convert: |it: f32| it,
            };
            let stored = resample.apply_to_stored(&stored, 3, target);
            let planes = planes.finish().into_iter().chain(pixels.finish());
            for plane in planes.chain([whole]).chain(grey).chain(stored) {
                let pairs = plane.samples().iter().zip(expected.samples());
                assert!(
                    pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-3),
                    "{to:?}"
                );
            }
        }
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        for to in [(3, 17), (40, 2)] {
            for scaled in whole(&Plane::filled(9, 9, 0.25), to) {
                assert!(scaled.samples().iter().all(|it| (it - 0.25).abs() < 1e-6));
            }
        }
    }

    /// What a wave of four samples keeps of its power when a picture grows by a quarter.
    #[test]
    fn the_fine_kernel_keeps_fine_detail() {
        let wave = |i: usize| libm::sinf(core::f32::consts::TAU * i as f32 / 4.0 + 0.4);
        let source = Plane::from_samples(400, 1, (0..400).map(wave).collect());
        let power = |plane: &Plane| {
            let middle = &plane.samples()[20..plane.width() - 20];
            middle.iter().map(|it| it * it).sum::<f32>() / middle.len() as f32
        };
        let [linear, fine] = whole(&source, (500, 1)).map(|it| power(&it) / power(&source));
        assert!((fine - 1.0).abs() < 0.03, "{fine}");
        assert!(linear < 0.8, "{linear}");
    }
}
