//! The structures of both pictures on copies of one size after the other.

use super::bands::{luma_copy, resized, shrunk, structures};
use crate::engine::operations::Cancel;
use crate::engine::original::placement::Placement;
use crate::engine::raster::{Image, Plane};

/// Pixels of the largest copy that is looked at.
const MOST_PIXELS: f64 = 2.0e6;

/// The luma of both pictures, on copies of a few megapixels.
#[derive(Debug)]
pub struct Copies {
    pub picture: Plane,
    pub original: Plane,
    /// Pixels of the full picture, across and down.
    pub picture_size: [usize; 2],
    pub original_size: [usize; 2],
}

impl Copies {
    pub fn of(picture: &Image, original: &Image) -> Self {
        let (one, other) = rayon::join(
            || luma_copy(picture, MOST_PIXELS),
            // Where a small part of it is the picture, that part has as many pixels as the picture's copy.
            || luma_copy(original, 2.0 * MOST_PIXELS),
        );
        Self {
            picture: one,
            original: other,
            picture_size: [picture.width(), picture.height()],
            original_size: [original.width(), original.height()],
        }
    }

    /// The longest side of the picture's copy.
    pub fn longest(&self) -> usize {
        self.picture.width().max(self.picture.height())
    }
}

/// The structures of both pictures on copies that show them equally large.
#[derive(Debug)]
pub struct Level {
    pub picture: Plane,
    pub original: Plane,
    /// Pixels of the full picture for each of the copy's, across and down.
    pub picture_step: [f64; 2],
    pub original_step: [f64; 2],
}

impl Level {
    /// On a copy of the picture whose longest side is `longest`, where `magnification` pixels of the full original lie
    /// on one of the full picture.
    pub fn new(copies: &Copies, longest: usize, magnification: f64, cancel: &Cancel) -> Self {
        let shrink = longest as f64 / copies.longest() as f64;
        let picture = at_size(&copies.picture, shrink);
        let step = copies.picture_size[0] as f64 / picture.width() as f64;
        let held = copies.original_size[0] as f64 / copies.original.width() as f64;
        let original = at_size(&copies.original, held / (step * magnification));
        let steps = |full: [usize; 2], copy: &Plane| {
            [
                full[0] as f64 / copy.width() as f64,
                full[1] as f64 / copy.height() as f64,
            ]
        };
        let (picture_step, original_step) = (
            steps(copies.picture_size, &picture),
            steps(copies.original_size, &original),
        );
        let (picture, original) = rayon::join(
            || structures(&picture, cancel),
            || structures(&original, cancel),
        );
        Self {
            picture,
            original,
            picture_step,
            original_step,
        }
    }

    /// The longest side of the picture's copy, in pixels.
    pub fn longest(&self) -> usize {
        self.picture.width().max(self.picture.height())
    }

    /// Pixels of the picture's copy.
    pub fn pixels(&self) -> f64 {
        (self.picture.width() * self.picture.height()) as f64
    }

    /// A placement of the full pictures as it is between the copies.
    pub fn own(&self, placement: &Placement) -> Placement {
        placement.reduced(self.picture_step, self.original_step)
    }
}

/// A plane made smaller, or itself where it is not to be larger by more than a trifle.
fn at_size(plane: &Plane, factor: f64) -> Plane {
    if factor > 0.98 {
        return plane.clone();
    }
    resized(plane, shrunk((plane.width(), plane.height()), factor))
}
