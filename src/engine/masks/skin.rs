//! Skin of all tones. Its settings have their place in recipes; finding skin has not been built.

use crate::engine::operations::parameter::{Allowed, Parameter, Settings, parameter};

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
