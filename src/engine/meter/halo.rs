//! Halos: a rim beside strong edges that is brighter or darker than anything the picture had there.

use rayon::prelude::*;

use super::{Values, blocks};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region};

/// Radius of the Gaussian that takes texture away before edges are looked at, in pixels.
const SMOOTH: f64 = 2.0;

/// So far around a pixel its surroundings go, in pixels.
const REACH: usize = 8;

/// An edge is strong if its surroundings have this range, of 0..=1.
const STRONG: f32 = 0.15;

/// How far a picture goes beyond the range that others have around each pixel, as a share of that range, in the mean
/// over the surroundings of strong edges: 0 where there is no halo, 0.1 for an edge with rims of a tenth of its height.
/// All are smoothed by 2 px, so that texture does not count. `None` where there is no strong edge, or it is cancelled.
pub fn halo(picture: Values, others: &[Values], bounds: Region, cancel: &Cancel) -> Option<f64> {
    let sums: Option<Vec<(f64, f64)>> = blocks::cores(bounds)
        .par_iter()
        .map(|block| {
            (!cancel.is_cancelled()).then(|| sums(picture, others, *block, bounds, cancel))
        })
        .collect();
    let add = |(a, b): (f64, f64), (c, d): &(f64, f64)| (a + c, b + d);
    let (over, range) = sums?.iter().fold((0.0, 0.0), add);
    (range > 0.0).then(|| over / range)
}

/// How far the picture goes beyond, and the ranges, over the strong edges of a block.
fn sums(
    picture: Values,
    others: &[Values],
    block: Region,
    bounds: Region,
    cancel: &Cancel,
) -> (f64, f64) {
    let gaussian = Gaussian::new(SMOOTH);
    let smooth = |values: Values, part: Region| {
        let around = part.expanded(gaussian.halo(), &bounds);
        gaussian.blur(&values(around), around, part, bounds, cancel)
    };
    let wide = block.expanded(REACH, &bounds);
    let others: Vec<Plane> = others.iter().map(|it| smooth(*it, wide)).collect();
    let extreme = |better: fn(f32, f32) -> f32| {
        let planes = others
            .iter()
            .map(|it| surroundings(it, wide, block, better));
        planes.reduce(|one, other| one.zip_map(&other, better))
    };
    let (Some(least), Some(most)) = (extreme(f32::min), extreme(f32::max)) else {
        return (0.0, 0.0);
    };
    let picture = smooth(picture, block);
    let (mut over, mut ranges) = (0.0, 0.0);
    let limits = least.samples().iter().zip(most.samples());
    for (value, (least, most)) in picture.samples().iter().zip(limits) {
        if most - least >= STRONG {
            over += f64::from((value - most).max(least - value).max(0.0));
            ranges += f64::from(most - least);
        }
    }
    (over, ranges)
}

/// The extreme of the surroundings of each pixel of a block.
fn surroundings(plane: &Plane, from: Region, to: Region, better: fn(f32, f32) -> f32) -> Plane {
    let near = |at: usize, start: usize, length: usize| {
        let at = at - start;
        at.saturating_sub(REACH)..(at + REACH + 1).min(length)
    };
    let mut across = Plane::filled(to.width, from.height, 0.0);
    for y in 0..from.height {
        let row = plane.row(y);
        for (x, out) in across.row_mut(y).iter_mut().enumerate() {
            let values = &row[near(to.x + x, from.x, from.width)];
            *out = values.iter().copied().fold(values[0], better);
        }
    }
    let mut out = Plane::filled(to.width, to.height, 0.0);
    for y in 0..to.height {
        let rows = near(to.y + y, from.y, from.height);
        let row = out.row_mut(y);
        row.copy_from_slice(across.row(rows.start));
        for other in rows {
            for (it, value) in row.iter_mut().zip(across.row(other)) {
                *it = better(*it, *value);
            }
        }
    }
    out
}
