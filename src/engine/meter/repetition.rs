//! Whether an added texture repeats itself: a patch that was stamped, or a pattern that comes back.

use rayon::prelude::*;

use super::{Subject, Values, blocks};
use crate::engine::operations::{Cancel, HighPass, Spectrum};
use crate::engine::raster::{Plane, Region};

/// Repeats at smaller distances are the grain of the texture itself, in pixels.
const NEAREST: usize = 24;

/// Side of the part that is looked at, in pixels; repeats up to that far are found.
const SIDE: usize = 512;

/// A distance counts where so much of the part lies over itself.
const OVERLAP: f64 = 0.25;

/// Radius of the high pass that takes tone away, in pixels.
const TONE: f64 = super::TONE_RADIUS;

/// The largest normalised autocorrelation of what a picture has more than its reference, at distances of 24 px and
/// more: 1 for a pattern that is repeated exactly, some hundredths where nothing repeats. It is that of the part of
/// 512 px a side that is covered most; `None` where nothing was added, or it is cancelled.
///
/// # Panics
/// If the subject has no reference.
pub fn repetition(subject: &Subject, cancel: &Cancel) -> Option<f64> {
    let part = most_covered(subject.bounds, subject.coverage)?;
    let reference = subject
        .reference
        .expect("a picture that something was added to");
    let high_pass = HighPass::new(TONE);
    let around = part.expanded(high_pass.halo(), &subject.bounds);
    let added = (subject.luma)(around).zip_map(&reference(around), |it, before| it - before);
    let added = high_pass.detail(&added, around, part, subject.bounds, cancel);
    let coverage = (subject.coverage)(part);
    if cancel.is_cancelled() {
        return None;
    }
    let weighted = added.zip_map(&coverage, |it, weight| it * weight);
    // Twice the size, so that nothing is laid over itself from the other side.
    let torus = [part.width, part.height].map(|it| (2 * it).next_power_of_two());
    let of_itself = |plane: &Plane| {
        let spectrum = Spectrum::of(plane.samples(), part.width, (torus[0], torus[1]));
        spectrum.correlation(&spectrum)
    };
    let (products, overlaps) = rayon::join(|| of_itself(&weighted), || of_itself(&coverage));
    let power = products[0] / overlaps[0];
    // Less than a hundredth of a level is rounding.
    if power < (0.01f64 / 255.0).powi(2) {
        return None;
    }
    let mut largest = 0.0f64;
    for (i, (product, overlap)) in products.iter().zip(&overlaps).enumerate() {
        let away = |at: usize, length: usize| at.min(length - at);
        let (x, y) = (away(i % torus[0], torus[0]), away(i / torus[0], torus[1]));
        if x * x + y * y >= NEAREST * NEAREST && *overlap >= OVERLAP * overlaps[0] {
            largest = largest.max(product / overlap / power);
        }
    }
    Some(largest.min(1.0))
}

/// The part that is covered most; `None` where nothing is.
fn most_covered(bounds: Region, coverage: Values) -> Option<Region> {
    let blocks = blocks::cores(bounds);
    let sums: Vec<f64> = blocks
        .par_iter()
        .map(|block| {
            coverage(*block)
                .samples()
                .iter()
                .map(|it| f64::from(*it))
                .sum()
        })
        .collect();
    let parts = blocks.iter().map(|block| {
        let part = Region::new(block.x, block.y, SIDE, SIDE).within(&bounds);
        let inside = blocks.iter().zip(&sums).filter(|(it, _)| part.contains(it));
        (part, inside.map(|(_, sum)| sum).sum::<f64>())
    });
    let most = parts.max_by(|a, b| a.1.total_cmp(&b.1));
    most.filter(|it| it.1 > 0.0).map(|it| it.0)
}
