//! The luminosity mask: a trapezoid over luma that keeps a layer out of shadows and highlights.

use super::smoothstep;
use crate::engine::operations::parameter::{Allowed, Parameter, Settings, parameter};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Image, Plane, Region};

/// Luma is smoothed by this much first, in pixels, so that texture does not mask itself.
const SMOOTHING: f64 = 2.0;

/// Settings of the `midtones` mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Midtones {
    /// Luma below which nothing is covered.
    pub low: f64,
    /// Luma above which nothing is covered.
    pub high: f64,
    /// Width of the two slopes, in luma.
    pub feather: f64,
    /// Turned round.
    pub invert: bool,
}

impl Default for Midtones {
    fn default() -> Self {
        Self {
            low: 0.10,
            high: 0.90,
            feather: 0.20,
            invert: false,
        }
    }
}

impl Settings for Midtones {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(
            low,
            "",
            Allowed::number(0.0, 1.0, 0.01, 0.1),
            "luma below which nothing is covered"
        ),
        parameter!(
            high,
            "",
            Allowed::number(0.0, 1.0, 0.01, 0.1),
            "luma above which nothing is covered"
        ),
        parameter!(
            feather,
            "",
            Allowed::number(0.0, 1.0, 0.01, 0.1),
            "width of the two slopes"
        ),
        parameter!(invert, "", Allowed::Flag, "turned round"),
    ];
}

impl Midtones {
    /// The coverage of one smoothed luma, before it may be turned round.
    #[inline(always)]
    pub fn of_luma(&self, luma: f32) -> f32 {
        let (low, high, feather) = (self.low as f32, self.high as f32, self.feather as f32);
        smoothstep(low, low + feather, luma) * smoothstep(-high, feather - high, -luma)
    }

    /// The coverage in a region of the picture.
    pub fn coverage(&self, picture: &Image, region: Region, cancel: &Cancel) -> Plane {
        let bounds = picture.bounds();
        let gaussian = Gaussian::new(SMOOTHING);
        let from = region.expanded(gaussian.halo(), &bounds);
        let luma = picture.luma(from);
        gaussian
            .blur(&luma, from, region, bounds, cancel)
            .map(|luma| self.of_luma(luma))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trapezoid_has_its_corners_where_they_are_set() {
        let mask = Midtones::default();
        #[rustfmt::skip]
        let expected = [
            (0.0, 0.0), (0.10, 0.0), (0.20, 0.5), (0.30, 1.0), (0.5, 1.0),
            (0.70, 1.0), (0.80, 0.5), (0.90, 0.0), (1.0, 0.0),
        ];
        for (luma, coverage) in expected {
            assert!((mask.of_luma(luma) - coverage).abs() < 1e-5, "at {luma}");
        }
    }

    #[test]
    fn without_feather_the_edges_are_hard() {
        let mask = Midtones {
            feather: 0.0,
            ..Midtones::default()
        };
        assert_eq!(mask.of_luma(0.09), 0.0);
        assert_eq!(mask.of_luma(0.11), 1.0);
        assert_eq!(mask.of_luma(0.89), 1.0);
        assert_eq!(mask.of_luma(0.91), 0.0);
    }
}
