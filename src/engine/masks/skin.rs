//! Skin of all tones, found from the faces of the picture: their own colours on a reduced copy as far as edges do not part
//! them from the face, and from there along the edges of the full picture.

mod body;
mod colour;
mod flood;
mod geometry;
mod grow;
mod guided;
mod known;
mod likeness;
mod measured;

use super::found::Found;
use super::smoothstep;
use crate::engine::operations::parameter::{Allowed, Parameter, Settings, parameter};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Image, Plane, Region, Resample, Tile};
use guided::Guide;
use known::Known;
pub use likeness::Likeness;

/// Radius of the guided filter, in sizes of the largest face.
const GUIDED: f64 = 0.025;

/// The guided filter's values that become no coverage, and full.
const EDGE: (f32, f32) = (0.2, 0.8);

/// Coverage that differs from full by no more than what softening rounds is full.
const FULL: f32 = 1.0 - 1e-5;

/// Settings of the `skin` mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Skin {
    /// How far from the middle of skin colour still counts.
    pub tolerance: f64,
    /// Softness of the edge, in pixels.
    pub feather: f64,
    /// How far the mask is widened, or narrowed below 0, in pixels.
    pub grow: f64,
    /// Turned round.
    pub invert: bool,
}

impl Default for Skin {
    fn default() -> Self {
        Self {
            tolerance: 0.5,
            feather: 4.0,
            grow: 0.0,
            invert: false,
        }
    }
}

impl Settings for Skin {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(
            tolerance,
            "",
            Allowed::number(0.0, 1.0, 0.01, 0.1),
            "how far from skin colour still counts"
        ),
        parameter!(
            feather,
            "px",
            Allowed::number(0.0, 64.0, 0.5, 4.0),
            "softness of the mask's edge"
        ),
        parameter!(
            grow,
            "px",
            Allowed::number(-64.0, 64.0, 1.0, 8.0),
            "widens the mask, or narrows it"
        ),
        parameter!(invert, "", Allowed::Flag, "turned round"),
    ];
}

impl Skin {
    /// Why there is no mask, if there is none.
    pub fn missing(picture: &Image, found: &Found) -> Option<String> {
        let reason = "no face was found that tells the colour of skin; paint with brush instead";
        found
            .likeness(picture)
            .is_none()
            .then(|| reason.to_string())
    }

    /// The coverage in a region of the picture.
    pub fn coverage(
        &self,
        picture: &Image,
        found: &Found,
        region: Region,
        cancel: &Cancel,
    ) -> Plane {
        let mut coverage = Plane::filled(region.width, region.height, 0.0);
        let Some(refined) = found.skin(picture, self) else {
            return coverage;
        };
        // The softness of an edge is about four deviations.
        let soften = Gaussian::new(self.feather / 4.0);
        let bounds = picture.bounds();
        for (part, known) in refined.parts(picture, region, soften.halo()) {
            let soft = match known {
                Known::Nothing => continue,
                Known::Full => Plane::filled(part.width, part.height, 1.0),
                Known::Open => {
                    let from = part.expanded(soften.halo(), &bounds);
                    let sharp = refined.coverage(picture, from);
                    let soft = soften.blur(&sharp, from, part, bounds, cancel);
                    soft.map(|it| if it > FULL { 1.0 } else { it })
                }
            };
            coverage.paste(&soft, part.seen_from(&region));
        }
        coverage
    }
}

/// Skin of the whole picture, as far as its reduced copy tells.
pub struct Refined {
    guide: Guide,
    /// The widened or narrowed coverage of the copy.
    grown: Option<Plane>,
    /// Widened rather than narrowed.
    wider: bool,
    resample: Resample,
    /// Columns and rows of the picture for one of the copy.
    sides: [f32; 2],
}

impl Refined {
    /// From what is known of the copy of a picture.
    pub fn new(skin: &Skin, likeness: &Likeness, copy: &Tile, picture: &Image) -> Self {
        let _room = likeness::room(copy);
        let coverage = likeness.coverage(skin.tolerance);
        let coverage = measured::blur(&coverage, 0.008 * likeness.face);
        let guide = Guide::new(copy, &coverage, (GUIDED * likeness.face).max(2.0));
        let size = (picture.width(), picture.height());
        let small = (coverage.width(), coverage.height());
        let by = skin.grow * small.0 as f64 / size.0 as f64;
        let grown = (by != 0.0).then(|| grow::grown(&guide.of_copy(copy).map(edge), by as f32));
        Self {
            guide,
            grown,
            wider: by > 0.0,
            resample: Resample::new(small, size),
            sides: [
                size.0 as f32 / small.0 as f32,
                size.1 as f32 / small.1 as f32,
            ],
        }
    }

    /// A region of the picture in parts, and what is known of each and of so many pixels around it.
    fn parts(&self, picture: &Image, region: Region, halo: usize) -> Vec<(Region, Known)> {
        match self.grown {
            None => known::parts(&self.guide, picture, region, halo),
            Some(_) => vec![(region, Known::Open)],
        }
    }

    fn coverage(&self, picture: &Image, region: Region) -> Plane {
        let coverage = self.guide.coverage(picture, region, self.sides, edge);
        let Some(grown) = &self.grown else {
            return coverage;
        };
        let copy = Region::of_size(grown.width(), grown.height());
        let grown = self.resample.apply_to((grown, copy), region);
        coverage.zip_map(&grown, if self.wider { f32::max } else { f32::min })
    }
}

#[inline(always)]
fn edge(guided: f32) -> f32 {
    smoothstep(EDGE.0, EDGE.1, guided)
}
