//! The recipes that come with the program: the values that retouchers pass on.

use super::Recipe;

/// A built-in recipe.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// What `--recipe` calls it.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The recipe as TOML.
    pub text: &'static str,
}

/// The recipe used where none is named.
pub const DEFAULT: &str = "full";

/// All built-in recipes.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "noise",
        about: "fine grain where the AI smoothed; needs nothing but the picture",
        text: include_str!("presets/noise.toml"),
    },
    Preset {
        name: "separation",
        about: "the original's fine detail over the AI's tone; needs the original",
        text: include_str!("presets/separation.toml"),
    },
    Preset {
        name: "graft",
        about: "the texture of the best patch of real skin where the AI smoothed; needs some real skin",
        text: include_str!("presets/graft.toml"),
    },
    Preset {
        name: "full",
        about: "separation, graft and noise, each where it can be done",
        text: include_str!("presets/full.toml"),
    },
];

/// The built-in recipe of this name.
pub fn preset(name: &str) -> Option<Recipe> {
    let preset = PRESETS.iter().find(|it| it.name == name)?;
    Some(Recipe::from_toml(preset.text).expect("a test reads every built-in recipe"))
}

impl Recipe {
    /// The recipe used where none is named: `full`.
    pub fn standard() -> Self {
        preset(DEFAULT).expect("the default is a built-in recipe")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::recipe::Kind;

    #[test]
    fn every_preset_can_be_read() {
        for it in PRESETS {
            assert!(Recipe::from_toml(it.text).is_ok(), "{}", it.name);
        }
    }

    #[test]
    fn full_is_separation_then_graft_then_noise() {
        let kinds: Vec<Kind> = Recipe::standard()
            .layers
            .iter()
            .map(|it| it.kind())
            .collect();
        assert_eq!(kinds, [Kind::Texture, Kind::Graft, Kind::Noise]);
        let parts = ["separation", "graft", "noise"].map(|it| preset(it).expect("built in"));
        let layers: Vec<_> = parts.into_iter().flat_map(|it| it.layers).collect();
        assert_eq!(Recipe::standard().layers, layers);
    }
}
