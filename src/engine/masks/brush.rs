//! Painted strokes. The mask has its place in recipes; painting has not been built.

use crate::engine::operations::parameter::{Allowed, Parameter, Settings, parameter};

/// Settings of the `brush` mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brush {
    /// Turned round.
    pub invert: bool,
}

impl Settings for Brush {
    const PARAMETERS: &'static [Parameter<Self>] =
        &[parameter!(invert, "", Allowed::Flag, "turned round")];
}
