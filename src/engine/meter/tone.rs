//! How far the tone of a picture is from that of its reference.

use rayon::prelude::*;

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

/// The sums of a whole picture; `None` when cancelled.
pub(super) fn sums(subject: &Subject, cancel: &Cancel) -> Option<Sums> {
    let tone = Gaussian::new(TONE_RADIUS);
    let found: Option<Vec<Sums>> = blocks::cores(subject.bounds)
        .par_iter()
        .map(|core| {
            (!cancel.is_cancelled()).then(|| {
                let mut sums = Sums::default();
                let coverage = (subject.coverage)(*core);
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
    // In the order of the blocks, so that the figures do not depend on threads.
    let add = |all: Sums, it: &Sums| Sums {
        weight: all.weight + it.weight,
        sizes: all.sizes + it.sizes,
        most: all.most.max(it.most),
    };
    Some(found?.iter().fold(Sums::default(), add))
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
