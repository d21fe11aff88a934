//! What was found out about the pictures of a render, once for all plans made from them.

use std::sync::Arc;

use super::Inputs;
use super::matching::Match;
use crate::engine::masks::{Face, Found, Memory};
use crate::engine::operations::{Graft, GraftError, GraftTexture, Rectangle};
use crate::engine::recipe::Recipe;

/// Everything that is found by looking at whole pictures, each thing when a plan first asks for it.
///
/// Clones of [`Inputs`] share it, so that a preview made after every key does not look again. What
/// is found depends on the pictures alone, or on them and a key (see
/// [`Memory`](crate::engine::masks::Memory)): inputs that get another picture need new findings.
#[derive(Debug, Default)]
pub struct Findings {
    /// What masks find out about the picture.
    pub(super) masks: Found,
    /// The best patches of donors, by the donor's name and the bits of its magnification.
    pub(super) patches: Memory<(String, u64), Vec<Rectangle>>,
    /// The strengths of layers that match their reference, by the recipe up to and with the layer.
    pub(super) strengths: Memory<Recipe, Match>,
    /// The textures of patches, by the settings that make them.
    pub(super) textures: Memory<Graft, Result<Arc<GraftTexture>, GraftError>>,
}

impl Inputs {
    /// The faces of the picture, the surest first; positions in its pixels.
    pub fn faces(&self) -> &[Face] {
        self.findings.masks.faces(&self.picture)
    }
}
