//! What was found out about the pictures of a render, once for all plans made from them.

use std::sync::{Arc, OnceLock};

use super::Inputs;
use super::matching::Match;
use crate::engine::masks::{Face, Found, Memory};
use crate::engine::operations::{Cancel, Graft, GraftError, GraftTexture, Rectangle};
use crate::engine::original::{Alignment, Mismatch};
use crate::engine::raster::Image;
use crate::engine::recipe::Recipe;

/// Everything that is found by looking at whole pictures, each thing when a plan first asks for it.
///
/// Clones of [`Inputs`] share it, so that a preview made after every key does not look again. What
/// is found depends on the pictures alone, or on them and a key (see
/// [`Memory`](crate::engine::masks::Memory)): inputs that get another picture need new findings.
#[derive(Debug, Default)]
pub struct Findings {
    /// The pictures that these are smaller copies of.
    full: Option<Inputs>,
    /// How the original lies to the picture.
    alignment: OnceLock<Result<Arc<Alignment>, Mismatch>>,
    /// What masks find out about the picture.
    pub(super) masks: Found,
    /// The best patches of donors, by the donor's name and the bits of its magnification.
    pub(super) patches: Memory<(String, u64), Vec<Rectangle>>,
    /// The strengths of layers that match their reference, by the recipe up to and with the layer.
    pub(super) strengths: Memory<Recipe, Match>,
    /// The textures of patches, by the settings that make them.
    pub(super) textures: Memory<Graft, Result<Arc<GraftTexture>, GraftError>>,
}

impl Findings {
    /// For smaller copies of these pictures: what is known of them holds for the copies.
    pub fn of_copies(full: Inputs) -> Self {
        Self {
            full: Some(full),
            ..Self::default()
        }
    }
}

impl Inputs {
    /// How the original lies to the picture; `None` without an original. Found once and remembered; the first call
    /// looks at both as wholes, which takes a second or so for pictures of 24 megapixels.
    ///
    /// # Errors
    /// When the original does not show the same as the picture.
    pub fn alignment(&self) -> Option<Result<Arc<Alignment>, Mismatch>> {
        let original = self.original.as_ref()?;
        let find = || match &self.findings.full {
            Some(full) => self.alignment_of_copies(full, original),
            None => Alignment::find(&self.picture, original, &Cancel::default()).map(Arc::new),
        };
        Some(self.findings.alignment.get_or_init(find).clone())
    }

    /// The alignment that was found for the full pictures, as it is for these smaller copies.
    fn alignment_of_copies(
        &self,
        full: &Inputs,
        original: &Image,
    ) -> Result<Arc<Alignment>, Mismatch> {
        let (Some(found), Some(whole)) = (full.alignment(), &full.original) else {
            return Alignment::find(&self.picture, original, &Cancel::default()).map(Arc::new);
        };
        // How often a copy was halved; odd sizes are rounded up.
        let factor = |full: usize, copy: usize| ((full as f64 / copy as f64).log2().round()).exp2();
        let factors = |full: &Image, copy: &Image| [factor(full.width(), copy.width()); 2];
        let picture = factors(&full.picture, &self.picture);
        Ok(Arc::new(found?.reduced(picture, factors(whole, original))))
    }

    /// The faces of the picture, the surest first; positions in its pixels.
    pub fn faces(&self) -> &[Face] {
        self.findings.masks.faces(&self.picture)
    }
}
