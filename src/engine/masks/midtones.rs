//! The luminosity mask: a trapezoid over luma that keeps a layer out of shadows and highlights.

use pulp::{Arch, Simd, WithSimd};

use super::smoothstep;
use crate::engine::operations::parameter::{Allowed, Parameter, Settings, parameter};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Image, Plane, Region};

/// Luma is smoothed by this much first, in pixels, so that texture does not mask itself.
const SMOOTHING: f64 = 2.0;

/// Columns whose lumas are looked at together: where all of them are midtones, or none is, nothing is smoothed.
const STRIPE: usize = 128;

/// By so much smoothing may leave the range of what is smoothed.
const ROUNDING: f32 = 1e-5;

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
        self.curve()(luma)
    }

    /// The same of any, which needs no more than its numbers.
    #[inline(always)]
    fn curve(&self) -> impl Fn(f32) -> f32 + use<> {
        let (low, high, feather) = (self.low as f32, self.high as f32, self.feather as f32);
        move |luma| smoothstep(low, low + feather, luma) * smoothstep(-high, feather - high, -luma)
    }

    /// The coverage in a region of the picture.
    pub fn coverage(&self, picture: &Image, region: Region, cancel: &Cancel) -> Plane {
        let bounds = picture.bounds();
        let gaussian = Gaussian::new(SMOOTHING);
        let from = region.expanded(gaussian.halo(), &bounds);
        let luma = picture.luma(from);
        let mut out = Plane::unfilled(region.width, region.height);
        for (part, of_all) in self.parts(&luma, from, region, gaussian.halo(), &bounds) {
            let coverage = match of_all {
                Some(coverage) => Plane::filled(part.width, part.height, coverage),
                None => gaussian
                    .blur(&luma, from, part, bounds, cancel)
                    .map(self.curve()),
            };
            out.paste(&coverage, part.seen_from(&region));
        }
        out
    }

    /// A region in stripes of full height that each have one coverage all over, and in what lies between them.
    fn parts(
        &self,
        luma: &Plane,
        from: Region,
        region: Region,
        halo: usize,
        bounds: &Region,
    ) -> Vec<(Region, Option<f32>)> {
        let mut parts: Vec<(Region, Option<f32>)> = Vec::new();
        for x in (region.x..region.right()).step_by(STRIPE) {
            let stripe = Region::new(x, region.y, STRIPE, region.height).within(&region);
            let around = stripe.expanded(halo, bounds);
            let of_all = self.of_all(luma, around.seen_from(&from));
            match parts.last_mut() {
                Some((part, last)) if *last == of_all => part.width += stripe.width,
                _ => parts.push((stripe, of_all)),
            }
        }
        parts
    }

    /// The coverage that all of a part of a plane has, however it is smoothed, if its lumas say so.
    fn of_all(&self, luma: &Plane, part: Region) -> Option<f32> {
        let mut range = Range([f32::INFINITY, f32::NEG_INFINITY]);
        for y in part.y..part.bottom() {
            let row = &luma.row(y)[part.x..part.right()];
            range = Arch::new().dispatch(Widened { range, row });
        }
        // What is smoothed stays inside, but for rounding.
        let Range([least, most]) = range;
        let (least, most) = (least - ROUNDING, most + ROUNDING);
        let (low, high, feather) = (self.low as f32, self.high as f32, self.feather as f32);
        if most <= low || least >= high {
            Some(0.0)
        } else if least >= low + feather && most <= high - feather {
            Some(1.0)
        } else {
            None
        }
    }
}

/// The least and the most of some values.
#[derive(Clone, Copy)]
struct Range([f32; 2]);

/// The range of a row and of what came before.
struct Widened<'a> {
    range: Range,
    row: &'a [f32],
}

impl WithSimd for Widened<'_> {
    type Output = Range;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Range {
        const LANES: usize = 16;
        let Range([least, most]) = self.range;
        let (mut leasts, mut mosts) = ([least; LANES], [most; LANES]);
        let (chunks, rest) = self.row.as_chunks::<LANES>();
        for chunk in chunks {
            for i in 0..LANES {
                leasts[i] = if chunk[i] < leasts[i] {
                    chunk[i]
                } else {
                    leasts[i]
                };
                mosts[i] = if chunk[i] > mosts[i] {
                    chunk[i]
                } else {
                    mosts[i]
                };
            }
        }
        let least = leasts.iter().chain(rest).copied().fold(least, f32::min);
        let most = mosts.iter().chain(rest).copied().fold(most, f32::max);
        Range([least, most])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Random;
    use crate::engine::raster::{Layout, Samples};

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

    /// Where a stripe is judged as a whole it has the coverage that each pixel would have.
    #[test]
    fn what_is_not_smoothed_is_as_if_it_were() {
        let (width, height) = (500, 40);
        let random = Random::new(1, 0, 0);
        let luma =
            |i: usize| (i % width) as f32 / 480.0 + 0.02 * random.row(i / width).signed(i % width);
        let samples: Vec<f32> = (0..width * height).map(luma).collect();
        let picture = Image::new(width, height, Layout::Grey, Samples::Float(samples.clone()));
        let picture = picture.expect("as many as it takes");
        let (bounds, cancel) = (picture.bounds(), Cancel::default());
        let smoothed =
            Gaussian::new(SMOOTHING).blur(&picture.luma(bounds), bounds, bounds, bounds, &cancel);
        for (low, high, feather) in [(0.1, 0.9, 0.2), (0.3, 0.6, 0.05), (0.4, 0.6, 0.0)] {
            let mask = Midtones {
                low,
                high,
                feather,
                ..Midtones::default()
            };
            let expected = smoothed.clone().map(|it| mask.of_luma(it));
            assert_eq!(mask.coverage(&picture, bounds, &cancel), expected);
            assert!(expected.samples().contains(&0.0) && expected.samples().contains(&1.0));
        }
    }
}
