//! What was found out about the pictures of a render, once for all plans made from them.

use crate::engine::masks::{Face, Found};

use super::Inputs;

/// Everything that is found by looking at whole pictures, each thing when a plan first asks for it.
///
/// Clones of [`Inputs`] share it, so that a preview made after every key does not look again. What
/// is found depends on the pictures alone, or on them and a key (see
/// [`Memory`](crate::engine::masks::Memory)): inputs that get another picture need new findings.
#[derive(Debug, Default)]
pub struct Findings {
    /// What masks find out about the picture.
    pub(super) masks: Found,
}

impl Inputs {
    /// The faces of the picture, the surest first; positions in its pixels.
    pub fn faces(&self) -> &[Face] {
        self.findings.masks.faces(&self.picture)
    }
}
