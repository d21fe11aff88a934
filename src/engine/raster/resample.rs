//! Another size of the same picture: linear interpolation when it grows, and a triangle as wide as
//! the step when it shrinks, so that nothing aliases. At the same size it copies.

use super::{Plane, Region};

/// Which source samples make one target sample: the first of them, and their weights.
#[derive(Clone, Debug, PartialEq)]
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

/// A change of size, prepared for both axes. Any region of the target can be computed alone and
/// comes out the same as in the whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Resample {
    columns: Vec<Taps>,
    rows: Vec<Taps>,
}

impl Resample {
    /// From a picture of size `from` to one of size `to`, both (width, height) and not empty.
    pub fn new(from: (usize, usize), to: (usize, usize)) -> Self {
        Self {
            columns: axis(from.0, to.0),
            rows: axis(from.1, to.1),
        }
    }

    /// The source region that the target region is made of.
    pub fn needs(&self, target: Region) -> Region {
        let span = |taps: &[Taps]| {
            let first = taps.first().map_or(0, |it| it.first);
            let last = taps.last().map_or(0, |it| it.first + it.weights.len());
            (first, last - first)
        };
        let (x, width) = span(&self.columns[target.x..target.right()]);
        let (y, height) = span(&self.rows[target.y..target.bottom()]);
        Region::new(x, y, width, height)
    }

    /// The target region, from a plane that holds what it [needs](Self::needs).
    pub fn apply(&self, source: &Plane, target: Region) -> Plane {
        let from = self.needs(target);
        assert_eq!((source.width(), source.height()), (from.width, from.height));
        let mut across = Plane::filled(target.width, from.height, 0.0);
        for y in 0..from.height {
            let row = source.row(y);
            let columns = &self.columns[target.x..target.right()];
            for (out, taps) in across.row_mut(y).iter_mut().zip(columns) {
                let samples = &row[taps.first - from.x..][..taps.weights.len()];
                *out = samples.iter().zip(&taps.weights).map(|(s, w)| s * w).sum();
            }
        }
        let mut out = Plane::filled(target.width, target.height, 0.0);
        for (y, taps) in self.rows[target.y..target.bottom()].iter().enumerate() {
            for (i, weight) in taps.weights.iter().enumerate() {
                let row = across.row(taps.first - from.y + i);
                for (sum, sample) in out.row_mut(y).iter_mut().zip(row) {
                    *sum += sample * weight;
                }
            }
        }
        out
    }
}

fn axis(from: usize, to: usize) -> Vec<Taps> {
    let step = from as f64 / to as f64;
    let reach = step.max(1.0);
    let taps = |i: usize| {
        let centre = (i as f64 + 0.5) * step - 0.5;
        let first = (centre - reach).floor().max(0.0) as usize;
        let last = ((centre + reach).ceil() as usize).min(from - 1);
        let weight = |at: usize| (1.0 - (at as f64 - centre).abs() / reach).max(0.0);
        // Weightless taps at the ends are dropped, so that an equal size needs one sample only.
        let first = (first..=last).find(|&at| weight(at) > 1e-9);
        let first = first.unwrap_or((centre.round().max(0.0) as usize).min(from - 1));
        let last = (first..=last)
            .rfind(|&at| weight(at) > 1e-9)
            .unwrap_or(first);
        let weights: Vec<f64> = (first..=last).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        let weights = if sum > 0.0 {
            weights.iter().map(|it| (it / sum) as f32).collect()
        } else {
            vec![1.0]
        };
        Taps { first, weights }
    };
    (0..to).map(taps).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(width: usize, height: usize) -> Plane {
        let samples = (0..width * height).map(|i| i as f32).collect();
        Plane::from_samples(width, height, samples)
    }

    fn whole(source: &Plane, to: (usize, usize)) -> Plane {
        let resample = Resample::new((source.width(), source.height()), to);
        let target = Region::of_size(to.0, to.1);
        let needs = resample.needs(target);
        resample.apply(&source.crop(needs), target)
    }

    #[test]
    fn the_same_size_copies() {
        assert_eq!(whole(&ramp(7, 5), (7, 5)), ramp(7, 5));
    }

    #[test]
    fn a_region_alone_equals_the_region_of_the_whole() {
        let source = ramp(13, 11);
        for to in [(29, 7), (5, 31), (1, 1)] {
            let resample = Resample::new((13, 11), to);
            let target = Region::new(to.0 / 3, to.1 / 2, to.0 - to.0 / 3, to.1 - to.1 / 2);
            let alone = resample.apply(&source.crop(resample.needs(target)), target);
            assert_eq!(alone, whole(&source, to).crop(target));
        }
    }

    #[test]
    fn a_flat_picture_stays_flat() {
        for to in [(3, 17), (40, 2)] {
            let scaled = whole(&Plane::filled(9, 9, 0.25), to);
            assert!(scaled.samples().iter().all(|it| (it - 0.25).abs() < 1e-6));
        }
    }
}
