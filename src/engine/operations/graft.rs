//! Method 3, high-pass graft: the texture of a patch of real skin, spread over the picture.

use std::sync::Arc;

use super::parameter::{
    Allowed, Choice, LARGEST_STRENGTH, Parameter, Settings, Strength, parameter,
};
use super::synthesis::{Field, SMALLEST_PATCH, Synthesis};
use super::tiling::{self, Tiling};
use super::{Cancel, HighPass, Source};
use crate::engine::raster::{Image, Plane, Region, Resample, wide};

/// A rectangle that a person marked, in pixels of the donor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// Left edge.
    pub x: u32,
    /// Top edge.
    pub y: u32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

/// What the names of donors from the library begin with.
pub const LIBRARY: &str = "library:";

/// The donor that is made by formula.
pub const BUILT_IN: &str = "built-in";

/// The same with skin whose relief shines, as that of dark or wet skin does.
pub const GLOSSY: &str = "built-in-glossy";

/// Pixels around the patch of a donor from the library, so that its high pass has real neighbours.
pub const LIBRARY_RIM: u32 = 64;

/// Settings of a graft layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Graft {
    /// High-pass radius, in pixels.
    pub radius: f64,
    /// Scales the texture.
    pub strength: Strength,
    /// How the patch is spread.
    pub tiling: Tiling,
    /// Where the patch is: `self`, `original`, `library:NAME`, `built-in`, `built-in-glossy`, or the path of a picture.
    pub donor: String,
    /// The patch, in pixels of the donor; left open, the best one is found.
    pub patch: Option<Rectangle>,
    /// Magnification of the donor.
    pub scale: f64,
}

impl Default for Graft {
    fn default() -> Self {
        Self {
            radius: 2.0,
            strength: Strength::Percent(100.0),
            tiling: Tiling::Blend,
            donor: "self".to_string(),
            patch: None,
            scale: 1.0,
        }
    }
}

impl Settings for Graft {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(
            radius,
            "px",
            Allowed::number(0.1, 100.0, 0.1, 1.0),
            "high-pass radius: how fine the grafted texture is"
        ),
        parameter!(
            strength,
            "%",
            Allowed::PercentOrMatch {
                max: LARGEST_STRENGTH
            },
            "scales the texture, or matches the reference"
        ),
        parameter!(
            tiling,
            "",
            Allowed::OneOf(Tiling::names),
            "how the patch is spread"
        ),
        parameter!(
            donor,
            "",
            Allowed::Text,
            "where the patch is: self, original, library:NAME, built-in, built-in-glossy, or a picture's path"
        ),
        parameter!(
            patch,
            "",
            Allowed::Rectangle,
            "the patch of real skin: x, y, width, height"
        ),
        parameter!(
            scale,
            "×",
            Allowed::number(0.25, 4.0, 0.01, 0.1),
            "magnification of the donor"
        ),
    ];
}

impl Graft {
    /// Whether the donor is a picture that has to be read.
    pub fn has_file_donor(&self) -> bool {
        !matches!(self.donor.as_str(), "self" | "original") && !self.has_built_in_donor()
    }

    /// Whether the donor is a patch that was saved by name.
    pub fn has_library_donor(&self) -> bool {
        self.donor.starts_with(LIBRARY)
    }

    /// Whether the donor is made by formula, and for the layer's scale at once.
    pub fn has_built_in_donor(&self) -> bool {
        matches!(self.donor.as_str(), BUILT_IN | GLOSSY)
    }

    /// How much the donor has to be magnified.
    fn magnification(&self) -> f64 {
        if self.has_built_in_donor() {
            1.0
        } else {
            self.scale
        }
    }
}

/// Why no texture can be taken from a donor.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraftError {
    /// The recipe names no patch.
    #[error("no patch is marked; mark one, or set patch to x, y, width and height")]
    NoPatch,
    /// The patch reaches beyond the donor.
    #[error(
        "the patch {},{} {}×{} reaches beyond its donor of {width}×{height} pixels",
        patch.x, patch.y, patch.width, patch.height
    )]
    Outside {
        /// The patch.
        patch: Rectangle,
        /// Width of the donor.
        width: usize,
        /// Height of the donor.
        height: usize,
    },
    /// The patch is too small to be spread by example.
    #[error(
        "the patch of {width}×{height} pixels is too small to blend; mark one of at least \
         {SMALLEST_PATCH}×{SMALLEST_PATCH}, or use tiling = \"pattern\""
    )]
    TooSmall {
        /// Width of the patch, magnified as the layer says.
        width: usize,
        /// Height of the patch.
        height: usize,
    },
}

/// The high-passed patch, ready to be spread.
#[derive(Clone, Debug, PartialEq)]
pub struct GraftTexture {
    detail: Plane,
    /// By example, or else as a pattern.
    synthesis: Option<Synthesis>,
}

impl GraftTexture {
    /// Takes the patch's detail, high-passed over the donor itself so that the rim of the patch has
    /// its real neighbours.
    ///
    /// # Errors
    /// When there is no patch, it does not lie inside the donor, or it is too small for its tiling.
    pub fn take(graft: &Graft, donor: &Image) -> Result<Self, GraftError> {
        let patch = graft.patch.ok_or(GraftError::NoPatch)?;
        let marked = Region::new(
            patch.x as usize,
            patch.y as usize,
            patch.width as usize,
            patch.height as usize,
        );
        if marked.is_empty() || !donor.bounds().contains(&marked) {
            return Err(GraftError::Outside {
                patch,
                width: donor.width(),
                height: donor.height(),
            });
        }
        let scale = graft.magnification();
        let scaled = |length: usize| ((length as f64 * scale).round() as usize).max(1);
        let bounds = Region::of_size(scaled(donor.width()), scaled(donor.height()));
        let region = Region::new(
            (marked.x as f64 * scale).round() as usize,
            (marked.y as f64 * scale).round() as usize,
            scaled(marked.width),
            scaled(marked.height),
        )
        .within(&bounds);
        let by_example = graft.tiling == Tiling::Blend;
        if by_example && region.width.min(region.height) < SMALLEST_PATCH {
            return Err(GraftError::TooSmall {
                width: region.width,
                height: region.height,
            });
        }
        let high_pass = HighPass::new(graft.radius);
        let from = region.expanded(high_pass.halo(), &bounds);
        let magnify = Resample::fine(
            (donor.width(), donor.height()),
            (bounds.width, bounds.height),
        );
        let grey = donor.tile(magnify.needs(from)).desaturated();
        let grey = magnify.apply(&grey, from);
        let detail = high_pass.detail(&grey, from, region, bounds, &Cancel::default());
        Ok(Self {
            synthesis: by_example.then(|| Synthesis::new(&detail, graft.radius)),
            detail,
        })
    }

    /// The source of a graft layer, ½ + strength·T, in a region of the picture that covers `bounds`.
    /// `factor` is the strength, 1 for 100 %.
    pub fn paint(
        self: &Arc<Self>,
        factor: f32,
        (seed, layer): (u64, u64),
        region: Region,
        bounds: Region,
    ) -> Spread {
        let by_example = self.synthesis.as_ref();
        Spread {
            texture: self.clone(),
            by_example: by_example.map(|it| it.spread(seed, layer, region)),
            factor,
            region,
            bounds,
        }
    }

    /// Whether it is spread by example.
    pub fn is_by_example(&self) -> bool {
        self.synthesis.is_some()
    }

    /// The high-passed patch itself, around 0.
    pub fn detail(&self) -> &Plane {
        &self.detail
    }
}

/// The source of a graft layer: texture spread over a region.
pub struct Spread {
    texture: Arc<GraftTexture>,
    /// By example; otherwise it is repeated.
    by_example: Option<Field>,
    factor: f32,
    region: Region,
    /// The whole picture.
    bounds: Region,
}

impl Source for Spread {
    fn planes(&self) -> usize {
        1
    }

    fn paint(&mut self, y: usize, _: &[Vec<f32>], out: &mut [Vec<f32>]) {
        let (row, factor) = (&mut out[0], self.factor);
        match &self.by_example {
            Some(field) => {
                field.row(y, row);
                clear_rim(row, y, self.region, self.bounds);
            }
            None => tiling::repeat(&self.texture.detail, self.region.y + y, self.region.x, row),
        }
        wide!({ row.iter_mut().for_each(|it| *it = 0.5 + factor * *it) });
    }
}

/// Takes texture away from the picture's outermost pixels. Where the nearest pixel repeats beyond the edge, these are half
/// of all that a Gaussian sees, and would move tone.
fn clear_rim(row: &mut [f32], y: usize, region: Region, bounds: Region) {
    let y = region.y + y;
    if y == bounds.y || y + 1 == bounds.bottom() {
        row.fill(0.0);
    }
    if region.x == bounds.x {
        row[0] = 0.0;
    }
    if region.right() == bounds.right() {
        row[region.width - 1] = 0.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::{Layout, Samples};

    fn donor() -> Image {
        let samples = (0..40 * 30 * 3u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
        Image::new(40, 30, Layout::Rgb, Samples::Eight(samples.collect())).expect("right size")
    }

    fn patch(x: u32, y: u32, width: u32, height: u32) -> Graft {
        Graft {
            patch: Some(Rectangle {
                x,
                y,
                width,
                height,
            }),
            tiling: Tiling::Pattern,
            ..Graft::default()
        }
    }

    #[test]
    fn the_rim_of_a_patch_has_its_real_neighbours() {
        let donor = donor();
        let whole = GraftTexture::take(&patch(0, 0, 40, 30), &donor).expect("inside");
        let part = GraftTexture::take(&patch(5, 6, 16, 12), &donor).expect("inside");
        assert_eq!(part.detail, whole.detail.crop(Region::new(5, 6, 16, 12)));
    }

    #[test]
    fn a_patch_beyond_its_donor_is_refused() {
        let refusal =
            GraftTexture::take(&patch(30, 0, 11, 4), &donor()).expect_err("it does not fit");
        assert_eq!(
            refusal.to_string(),
            "the patch 30,0 11×4 reaches beyond its donor of 40×30 pixels"
        );
        let endless = patch(u32::MAX, 0, u32::MAX, 4);
        assert!(GraftTexture::take(&endless, &donor()).is_err());
    }

    #[test]
    fn a_patch_too_small_to_blend_is_refused() {
        let graft = Graft {
            tiling: Tiling::Blend,
            scale: 1.5,
            ..patch(0, 0, 40, 30)
        };
        let refusal = GraftTexture::take(&graft, &donor()).expect_err("it is too small");
        assert_eq!(
            refusal.to_string(),
            "the patch of 60×45 pixels is too small to blend; mark one of at least 48×48, or use \
             tiling = \"pattern\""
        );
    }

    #[test]
    fn a_magnified_patch_grows() {
        let graft = Graft {
            scale: 2.0,
            ..patch(5, 6, 16, 12)
        };
        let texture = GraftTexture::take(&graft, &donor()).expect("inside");
        assert_eq!((texture.detail.width(), texture.detail.height()), (32, 24));
    }
}
