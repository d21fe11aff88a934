//! What to do, as plain data: ordered layers, masks and a seed.

mod layer;
mod presets;
mod reduced;
mod set;
mod strokes;
mod toml;

pub use layer::{Kind, Layer, Operation};
pub use presets::{PRESETS, Preset, preset};

use super::masks::{MaskName, Masks};
use super::operations::parameter::Choice;

/// Everything a render does, but for the pictures.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Fixes every random draw.
    pub seed: u64,
    /// Painted one over the other, the first one lowest.
    pub layers: Vec<Layer>,
    /// Settings of the masks that layers list.
    pub masks: Masks,
}

impl Default for Recipe {
    /// A recipe without layers, which leaves a picture as it is.
    fn default() -> Self {
        Self {
            seed: 1,
            layers: Vec::new(),
            masks: Masks::default(),
        }
    }
}

impl Recipe {
    /// The paths of all pictures that enabled layers and their masks name, each once, as they are
    /// written in the recipe.
    pub fn files(&self) -> Vec<&str> {
        let mut files: Vec<&str> = Vec::new();
        for layer in self.layers.iter().filter(|it| it.enabled) {
            files.extend(layer.operation.file());
            if layer.masks.contains(&MaskName::File) && !self.masks.file.path.is_empty() {
                files.push(&self.masks.file.path);
            }
        }
        files.sort_unstable();
        files.dedup();
        files
    }

    /// Whether a picture that the recipe names is what a mask is made from, and nothing else.
    pub fn is_mask_alone(&self, path: &str) -> bool {
        let mut painted = self.layers.iter().filter_map(|it| it.operation.file());
        path == self.masks.file.path && painted.all(|it| it != path)
    }

    /// Changes the path of every picture that the recipe names.
    pub fn move_files(&mut self, moved: impl Fn(&str) -> String) {
        for layer in &mut self.layers {
            if let Some(path) = layer.operation.file_mut() {
                *path = moved(path);
            }
        }
        if !self.masks.file.path.is_empty() {
            self.masks.file.path = moved(&self.masks.file.path);
        }
    }

    /// Puts the picture at `path` into the `file` mask, and has every layer use that mask unless
    /// the recipe already says which do.
    pub fn mask_with_file(&mut self, path: String) {
        self.masks.file.path = path;
        if !self
            .layers
            .iter()
            .any(|it| it.masks.contains(&MaskName::File))
        {
            for layer in &mut self.layers {
                layer.masks.push(MaskName::File);
            }
        }
    }

    /// How a message names a layer: its number, and its name or kind.
    pub fn layer_label(&self, index: usize) -> String {
        let name = self.layers.get(index).map_or("", |it| it.label());
        format!("layer {} \"{name}\"", index + 1)
    }

    /// The masks that enabled layers list, each once.
    pub fn used_masks(&self) -> Vec<MaskName> {
        let listed = |mask: &MaskName| {
            let mut enabled = self.layers.iter().filter(|it| it.enabled);
            enabled.any(|it| it.masks.contains(mask))
        };
        MaskName::NAMES
            .iter()
            .map(|(_, mask)| *mask)
            .filter(listed)
            .collect()
    }
}

/// Why a recipe is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecipeError {
    /// The text is not TOML.
    #[error("line {line}: {what}")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        what: String,
    },
    /// A key has a value that it cannot have, or does not exist.
    #[error("{place}: {what}")]
    Value {
        /// The layer or table.
        place: String,
        /// Key, value and what is allowed.
        what: String,
    },
}

impl RecipeError {
    fn value(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Value {
            place: place.into(),
            what: what.into(),
        }
    }
}
