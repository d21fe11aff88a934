//! How far the tone of a picture is from that of its reference.

use rayon::prelude::*;

use super::whole::Part;
use super::{Subject, TONE_RADIUS, Values, blocks};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region};

/// Sums over all pixels that count.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sums {
    pub weight: f64,
    /// Sizes of differences of tone.
    pub sizes: f64,
    pub most: f64,
}

impl Sums {
    pub fn add(&mut self, other: &Self) {
        self.weight += other.weight;
        self.sizes += other.sizes;
        self.most = self.most.max(other.most);
    }
}

/// The sums of a part of a picture; `None` when cancelled.
pub(super) fn sums(subject: &Subject, part: &Part, cancel: &Cancel) -> Option<Sums> {
    let tone = Gaussian::new(TONE_RADIUS);
    let found: Option<Vec<Sums>> = blocks::cores(part.core)
        .par_iter()
        .map(|core| {
            (!cancel.is_cancelled()).then(|| {
                let mut sums = Sums::default();
                let coverage = part.coverage.crop(core.seen_from(&part.core));
                sums.weight = coverage.samples().iter().map(|it| f64::from(*it)).sum();
                let Some(reference) = subject.reference.filter(|_| sums.weight > 0.0) else {
                    return sums;
                };
                let shifts = difference(subject, reference, (&tone, *core), cancel);
                for (weight, shift) in coverage.samples().iter().zip(shifts.samples()) {
                    let (weight, size) = (f64::from(*weight), f64::from(shift.abs()));
                    sums.sizes += weight * size;
                    if weight >= 0.5 {
                        sums.most = sums.most.max(size);
                    }
                }
                sums
            })
        })
        .collect();
    let mut all = Sums::default();
    // In the order of the blocks, so that the figures do not depend on threads.
    for it in &found? {
        all.add(it);
    }
    Some(all)
}

/// The difference of tone in each pixel of a block.
fn difference(
    subject: &Subject,
    reference: Values,
    (tone, core): (&Gaussian, Region),
    cancel: &Cancel,
) -> Plane {
    let around = core.expanded(tone.halo(), &subject.bounds);
    let difference = (subject.luma)(around).zip_map(&reference(around), |luma, it| luma - it);
    tone.blur(&difference, around, core, subject.bounds, cancel)
}
