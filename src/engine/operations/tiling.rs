//! How the texture of a patch is spread over a picture.

use super::parameter::Choice;
use crate::engine::raster::{Plane, Region};

/// How a patch is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiling {
    /// By-example synthesis: no seam, no visible repeat.
    Blend,
    /// Repeated as by Photoshop's Pattern Stamp, aligned to the picture's origin.
    Pattern,
}

impl Choice for Tiling {
    const NAMES: &'static [(&'static str, Self)] =
        &[("blend", Tiling::Blend), ("pattern", Tiling::Pattern)];
}

/// The patch, repeated from the picture's origin, in a region of the picture.
pub fn repeat(patch: &Plane, region: Region) -> Plane {
    let mut out = Plane::filled(region.width, region.height, 0.0);
    let start = region.x % patch.width();
    for y in 0..region.height {
        let row = patch.row((region.y + y) % patch.height());
        let repeated = row.iter().cycle().skip(start);
        for (out, sample) in out.row_mut(y).iter_mut().zip(repeated) {
            *out = *sample;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_repeats_from_the_origin() {
        let patch = Plane::from_samples(3, 2, (0..6).map(|i| i as f32).collect());
        let spread = repeat(&patch, Region::new(4, 3, 4, 2));
        assert_eq!(spread.row(0), [4.0, 5.0, 3.0, 4.0]);
        assert_eq!(spread.row(1), [1.0, 2.0, 0.0, 1.0]);
    }
}
