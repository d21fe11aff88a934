//! What was found for a layer: the best patches in turn, and keeping what a preview found.

use super::marquee::{chosen_graft, graft};
use super::recipe::change;
use crate::engine::operations::Rectangle;
use crate::engine::operations::parameter::Adjust;
use crate::engine::recipe::Operation;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::tool::Tool;

/// Takes the next of the best patches for a graft layer, once the worker has found them.
pub fn next(model: &mut Model) -> Vec<Effect> {
    let Some(layer) = chosen_graft(model) else {
        model.status = "there is no graft layer; a adds one".to_string();
        return Vec::new();
    };
    model.status = "looking for patches…".to_string();
    model.next_patch_of = Some(layer);
    model.wish_preview()
}

/// Goes on where the best patches were waited for and are known now.
pub fn known(model: &mut Model) -> Option<Vec<Effect>> {
    let wanted = model.next_patch_of?;
    let preview = model.preview.as_ref()?;
    let (layer, patches) = preview.patches.clone()?;
    let resolved = match preview.resolved.layers.get(layer).map(|it| &it.operation) {
        Some(Operation::Graft(it)) => Some(it.clone()),
        _ => None,
    };
    if layer != wanted {
        return None;
    }
    model.next_patch_of = None;
    let (label, settings) = graft(model, layer)?;
    let found = resolved.as_ref().and_then(|it| it.patch);
    let instead = resolved.is_some_and(|it| it.donor != settings.donor);
    if patches.is_empty() || instead {
        model.status = format!("no even skin was found for {label}; m marks a patch");
        return None;
    }
    let now = settings.patch.or(found);
    let at = next_after(&patches, now);
    let patch = patches[at];
    let effects = change(model, None, |recipe| {
        if let Operation::Graft(graft) = &mut recipe.layers[layer].operation {
            graft.patch = Some(patch);
        }
    });
    model.stack.layer = layer;
    model.clamp_stack();
    let Rectangle {
        x,
        y,
        width,
        height,
    } = patch;
    let (number, count) = (at + 1, patches.len());
    // With the marquee it is seen already.
    let seen = match model.tool {
        Some(Tool::Marquee(_)) => "",
        _ => "; m shows it",
    };
    model.status =
        format!("patch {number} of {count} for {label}: {width}×{height} at {x}, {y}{seen}");
    (!effects.is_empty()).then_some(effects)
}

fn next_after(patches: &[Rectangle], now: Option<Rectangle>) -> usize {
    let at = patches.iter().position(|it| Some(*it) == now);
    at.map_or(0, |at| (at + 1) % patches.len())
}

/// Writes what was found for the selected layer into its settings.
pub fn keep_found(model: &mut Model) -> Vec<Effect> {
    let layer = model.stack.layer;
    let settings = model.settings(layer).into_iter();
    let found: Vec<_> = settings
        .filter_map(|it| Some((it.spec.name, model.found(layer, it)?)))
        .collect();
    if found.is_empty() {
        model.status = "nothing was left open in this layer, or it was not found yet".to_string();
        return Vec::new();
    }
    let names: Vec<&str> = found.iter().map(|it| it.0).collect();
    model.status = format!("kept what was found: {}", names.join(", "));
    change(model, None, |recipe| {
        for (name, value) in found {
            recipe.layers[layer].put(name, value);
        }
    })
}
