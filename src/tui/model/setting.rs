//! The settings of the layer stack: which there are, what they are set to, and whether that can be seen.

use super::Model;
use crate::engine::masks::{MaskName, Tip};
use crate::engine::operations::parameter::{Adjust, Allowed, Spec, Value};
use crate::engine::recipe::Operation;

/// Where the cursor is in the layer stack: a layer, and its heading (0) or one of its settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StackCursor {
    /// The layer.
    pub layer: usize,
    /// 0 is the layer's heading, 1 its first setting.
    pub row: usize,
}

/// Whose setting it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The layer's.
    Layer,
    /// That of a mask that the layer lists.
    Mask(MaskName),
    /// That of the brush: what the next stroke is painted with. It is no part of the recipe.
    Tip,
}

impl Owner {
    /// The mask that it belongs to.
    pub fn mask(self) -> Option<MaskName> {
        match self {
            Owner::Layer => None,
            Owner::Mask(mask) => Some(mask),
            Owner::Tip => Some(MaskName::Brush),
        }
    }
}

/// A setting that can be tuned.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Whose it is.
    pub owner: Owner,
    /// Name, unit and limits.
    pub spec: &'static Spec,
}

impl Model {
    /// The settings of a layer of the open picture, in the order in which they are shown.
    pub fn settings(&self, layer: usize) -> Vec<Setting> {
        let Some(edit) = self.edit() else {
            return Vec::new();
        };
        let Some(layer) = edit.recipe.layers.get(layer) else {
            return Vec::new();
        };
        let own = layer
            .specs()
            .into_iter()
            // The heading shows and toggles what is left out here.
            .filter(|it| !matches!(it.name, "enabled"))
            .map(|spec| Setting {
                owner: Owner::Layer,
                spec,
            });
        let masks = layer.masks.iter().flat_map(|mask| {
            let tip = (*mask == MaskName::Brush).then(|| self.tip());
            let tip = tip
                .into_iter()
                .flat_map(|it| it.specs())
                .map(|spec| Setting {
                    owner: Owner::Tip,
                    spec,
                });
            let settings = edit.recipe.masks.settings(*mask).specs().into_iter();
            tip.chain(settings.map(|spec| Setting {
                owner: Owner::Mask(*mask),
                spec,
            }))
        });
        own.chain(masks).collect()
    }

    /// The selected setting.
    pub fn selected_setting(&self) -> Option<Setting> {
        let row = self.stack.row.checked_sub(1)?;
        self.settings(self.stack.layer).get(row).copied()
    }

    /// What a setting of a layer is set to.
    pub fn value(&self, layer: usize, setting: Setting) -> Option<Value> {
        let recipe = &self.edit()?.recipe;
        match setting.owner {
            Owner::Mask(mask) => recipe.masks.settings(mask).get(setting.spec.name),
            Owner::Layer => recipe.layers.get(layer)?.get(setting.spec.name),
            Owner::Tip => self.tip().get(setting.spec.name),
        }
    }

    /// What was found for a setting of a layer that the recipe leaves open.
    pub fn found(&self, layer: usize, setting: Setting) -> Option<Value> {
        let preview = self.preview.as_ref();
        let preview = preview.filter(|it| Some(it.picture) == self.open)?;
        let mine = self.edit()?.recipe.layers.get(layer)?;
        let resolved = preview.resolved.layers.get(layer)?;
        let open = match (setting.owner, mine.get(setting.spec.name)?) {
            (Owner::Layer, Value::Open) => true,
            (Owner::Layer, Value::Text(it)) => {
                matches!(setting.spec.allowed, Allowed::PercentOrMatch { .. }) && it == "match"
            }
            _ => false,
        };
        // A donor that has no skin to give is another one, at its own scale.
        let donors = [mine, resolved].map(|it| it.get("donor"));
        let instead = matches!(setting.spec.name, "donor" | "scale") && donors[0] != donors[1];
        let open = open || instead;
        let value = resolved.get(setting.spec.name)?;
        let found = instead || matches!(value, Value::Rectangle(_) | Value::Number(_));
        (open && found && resolved.kind() == mine.kind()).then_some(value)
    }

    /// What the next stroke of the brush is painted with.
    pub fn tip(&self) -> Tip {
        self.tip.clone().unwrap_or_default()
    }

    /// Whether the effect of a setting is too fine to be seen at this zoom, and no loupe shows it.
    pub fn is_hidden(&self, layer: usize, setting: Setting) -> bool {
        if setting.owner != Owner::Layer || COARSE_SETTINGS.contains(&setting.spec.name) {
            return false;
        }
        let layer = self.edit().and_then(|it| it.recipe.layers.get(layer));
        let size = layer.and_then(|it| detail_size(&it.operation));
        match (size, self.scale()) {
            (Some(size), Some(scale)) => {
                scale < 1.0 && size * scale < SEEN_FROM && !self.loupe_shows()
            }
            _ => false,
        }
    }
}

/// Settings that say what a layer is called, where it works or what it takes, which is seen at any zoom.
const COARSE_SETTINGS: [&str; 4] = ["name", "masks", "align", "spots"];

/// Detail that is finer on the screen, in screen pixels, is averaged away.
const SEEN_FROM: f64 = 1.5;

/// How fine the detail is that an operation adds, in pixels of the picture; `None` where that is not known.
fn detail_size(operation: &Operation) -> Option<f64> {
    match operation {
        // A grain is a pixel wide, and wider by what it is blurred.
        Operation::Noise(noise) => Some(1.0 + noise.blur),
        Operation::Graft(graft) => Some(graft.radius * graft.scale),
        Operation::Texture(texture) => Some(texture.radius),
        Operation::Picture(_) => None,
    }
}
