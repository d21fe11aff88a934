//! What a layer paints: one file each, with its settings, its reach, its maths and its tests.

mod cancel;
mod formula;
mod fourier;
mod gaussian;
mod gloss;
mod graft;
mod high_pass;
mod logarithm;
mod noise;
mod normal;
mod overlay;
pub mod parameter;
pub mod patches;
mod periodic;
mod random;
mod source;
mod synthesis;
mod texture;
mod tiling;

pub use cancel::Cancel;
pub use formula::{FACE, FORMULA_DEVIATION, Surface, skin_by_formula};
pub(in crate::engine) use fourier::Spectrum;
pub use gaussian::{Flowing, Gaussian, Lows};
pub use gloss::gloss;
pub use graft::{
    BUILT_IN, GLOSSY, Graft, GraftError, GraftTexture, LIBRARY, LIBRARY_RIM, Rectangle,
};
pub use high_pass::HighPass;
pub(in crate::engine) use logarithm::{exp2, log2};
pub use noise::{Distribution, Noise, NoisePlace};
pub use overlay::{Fit, Overlay};
pub use random::Random;
pub use source::{Source, painted};
pub use synthesis::SMALLEST_PATCH;
pub use texture::{Align, Below, Mode, Spots, Texture};
pub use tiling::Tiling;
