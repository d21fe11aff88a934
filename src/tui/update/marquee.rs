//! The marquee: marking the patch of skin that a graft layer takes its texture from.

use super::recipe::{add_layer, change};
use super::tools::{follow, leave, step};
use crate::engine::masks::Point;
use crate::engine::operations::{Graft, Rectangle};
use crate::engine::recipe::{Kind, Operation};
use crate::engine::render::{ORIGINAL, SELF};
use crate::tui::geometry::Size;
use crate::tui::keys::ToolAction;
use crate::tui::message::Effect;
use crate::tui::model::{Model, Pane};
use crate::tui::tool::{Marquee, SMALLEST_PATCH, Tool, inside};

/// What one key press does to the size of the patch, in pixels a side.
const SIZE_STEP: i64 = 16;

/// Starts the marquee, or leaves it.
pub fn toggle(model: &mut Model) -> Vec<Effect> {
    if matches!(model.tool, Some(Tool::Marquee(_))) {
        return leave(model);
    }
    let (Some(_), Some(size)) = (model.edit(), model.entry().and_then(|it| it.size)) else {
        model.status = "the picture was not read yet".to_string();
        return Vec::new();
    };
    if size.width.min(size.height) < SMALLEST_PATCH as usize {
        model.status = format!(
            "a patch has at least {SMALLEST_PATCH}×{SMALLEST_PATCH} pixels; this picture has {}×{}",
            size.width, size.height
        );
        return Vec::new();
    }
    let (layer, added) = graft_layer(model);
    let Some((label, graft)) = graft(model, layer) else {
        return Vec::new();
    };
    if graft.has_built_in_donor() {
        model.status = format!("the skin of {label} is made by formula; C chooses another donor");
        return Vec::new();
    }
    let seen = model.view.centre;
    let centre = [seen.0 * size.width as f64, seen.1 * size.height as f64];
    let donor = (graft.donor == SELF).then_some(size);
    let found = model.preview.as_ref().and_then(|it| {
        let resolved = it.resolved.layers.get(layer).map(|it| &it.operation);
        match resolved {
            // A patch of what is used instead is none of the donor's.
            Some(Operation::Graft(it)) if it.donor == graft.donor => it.patch,
            _ => None,
        }
    });
    let patch = match graft.patch.or(found) {
        Some(patch) => donor.map_or(patch, |it| inside(patch, it)),
        None => Marquee::proposed(centre, size),
    };
    model.status = match (added, graft.donor.as_str()) {
        (true, _) => format!("{label} was added; mark its patch of real skin"),
        (false, SELF) => format!("mark a patch of real skin for {label}"),
        (false, ORIGINAL) => format!("mark a patch of the original for {label}"),
        (false, path) => format!("mark a patch of {path} for {label}"),
    };
    model.tool = Some(Tool::Marquee(Marquee {
        layer,
        patch,
        donor,
        anchor: None,
    }));
    model.stack.layer = layer;
    model.clamp_stack();
    model.focus = Pane::Preview;
    show_patch(model)
}

/// Has the patch come into view, and wishes for a preview of what is seen.
fn show_patch(model: &mut Model) -> Vec<Effect> {
    let Some(Marquee { patch, .. }) = marquee(model) else {
        return Vec::new();
    };
    let middle = [
        f64::from(patch.x) + f64::from(patch.width) / 2.0,
        f64::from(patch.y) + f64::from(patch.height) / 2.0,
    ];
    let effects = follow(model, middle);
    if effects.is_empty() {
        model.wish_preview()
    } else {
        effects
    }
}

/// The selected layer if it is a graft, or else the first graft.
pub fn chosen_graft(model: &Model) -> Option<usize> {
    let layers = &model.edit()?.recipe.layers;
    let is_graft = |at: &usize| layers.get(*at).is_some_and(|it| it.kind() == Kind::Graft);
    let selected = Some(model.stack.layer).filter(is_graft);
    selected.or_else(|| (0..layers.len()).find(is_graft))
}

/// The graft layer that is meant, or else a new one, and whether it is new.
fn graft_layer(model: &mut Model) -> (usize, bool) {
    match chosen_graft(model) {
        Some(layer) => (layer, false),
        None => {
            // The preview is wished for when the marquee is there.
            let _ = add_layer(model, Kind::Graft);
            (model.stack.layer, true)
        }
    }
}

/// The label and the settings of a graft layer.
pub fn graft(model: &Model, layer: usize) -> Option<(String, Graft)> {
    let recipe = &model.edit()?.recipe;
    match &recipe.layers.get(layer)?.operation {
        Operation::Graft(graft) => Some((recipe.layer_label(layer), graft.clone())),
        _ => None,
    }
}

fn marquee(model: &mut Model) -> Option<&mut Marquee> {
    match &mut model.tool {
        Some(Tool::Marquee(marquee)) => Some(marquee),
        _ => None,
    }
}

/// The donor is shown, and has this size.
pub fn donor_shown(model: &mut Model, donor: Size) -> Vec<Effect> {
    match marquee(model) {
        Some(marquee) if marquee.donor != Some(donor) => {
            marquee.donor = Some(donor);
            marquee.patch = inside(marquee.patch, donor);
            show_patch(model)
        }
        _ => Vec::new(),
    }
}

/// Does what a key asks of the marquee.
pub fn key(model: &mut Model, action: ToolAction) -> Vec<Effect> {
    let step = step(model) as i64;
    let by = |right: i8, down: i8| (i64::from(right) * step, i64::from(down) * step);
    match action {
        ToolAction::Move(right, down) => {
            let Some(marquee) = marquee(model) else {
                return Vec::new();
            };
            let patch = marquee.moved(by(right, down));
            set(model, patch)
        }
        ToolAction::Stretch(right, down) => stretch(model, by(right, down), (0, 0)),
        ToolAction::Apply => take(model),
        ToolAction::Line => Vec::new(),
    }
}

/// A smaller or larger patch about the same middle.
pub fn resize(model: &mut Model, larger: bool) -> Vec<Effect> {
    let by = if larger { SIZE_STEP } else { -SIZE_STEP };
    stretch(model, (by, by), (-by / 2, -by / 2))
}

fn stretch(model: &mut Model, by: (i64, i64), moved: (i64, i64)) -> Vec<Effect> {
    let Some(marquee) = marquee(model) else {
        return Vec::new();
    };
    let (patch, too_small) = marquee.stretched(by);
    if too_small {
        model.status = smallest();
        return Vec::new();
    }
    marquee.patch = patch;
    let patch = marquee.moved(moved);
    set(model, patch)
}

fn smallest() -> String {
    format!("a patch has at least {SMALLEST_PATCH}×{SMALLEST_PATCH} pixels")
}

fn set(model: &mut Model, patch: Rectangle) -> Vec<Effect> {
    let Some(marquee) = marquee(model) else {
        return Vec::new();
    };
    marquee.patch = patch;
    model.status = format!(
        "{}×{} pixels at {}, {} · Enter takes them",
        patch.width, patch.height, patch.x, patch.y
    );
    show_patch(model)
}

/// Writes the patch into the recipe, which is one step to undo, and leaves.
fn take(model: &mut Model) -> Vec<Effect> {
    let Some(marquee) = marquee(model) else {
        return Vec::new();
    };
    let (layer, patch) = (marquee.layer, marquee.patch);
    if marquee.donor.is_none() || patch.width.min(patch.height) < SMALLEST_PATCH {
        model.status = match marquee.donor {
            None => "the donor is still being read".to_string(),
            Some(_) => smallest(),
        };
        return Vec::new();
    }
    model.tool = None;
    let mut effects = change(model, None, |recipe| {
        if let Operation::Graft(graft) = &mut recipe.layers[layer].operation {
            graft.patch = Some(patch);
        }
    });
    let label = graft(model, layer).map(|it| it.0).unwrap_or_default();
    model.status = format!(
        "{label} takes its texture from {}×{} pixels at {}, {}",
        patch.width, patch.height, patch.x, patch.y
    );
    if effects.is_empty() {
        // The same patch as before: only the view changes.
        effects = model.wish_preview();
    }
    effects
}

/// The mouse puts the patch around a point, and may go on to draw another.
pub fn press(model: &mut Model, point: Point) -> Vec<Effect> {
    let Some(marquee) = marquee(model) else {
        return Vec::new();
    };
    marquee.anchor = Some(point);
    let to = |at: f64, length: u32| (at - f64::from(length) / 2.0).round() as i64;
    let Rectangle {
        x,
        y,
        width,
        height,
    } = marquee.patch;
    let by = (
        to(point[0], width) - i64::from(x),
        to(point[1], height) - i64::from(y),
    );
    let patch = marquee.moved(by);
    set(model, patch)
}

/// The mouse draws the patch.
pub fn drag(model: &mut Model, point: Point) -> Vec<Effect> {
    let Some(marquee) = marquee(model) else {
        return Vec::new();
    };
    let (Some(anchor), Some(donor)) = (marquee.anchor, marquee.donor) else {
        return Vec::new();
    };
    let patch = Marquee::between(anchor, point, donor);
    let effects = set(model, patch);
    if patch.width.min(patch.height) < SMALLEST_PATCH {
        model.status = format!("{}; {}×{}", smallest(), patch.width, patch.height);
    }
    effects
}

/// The mouse has drawn the patch. One that is too small is made as large as it must be.
pub fn release(model: &mut Model) -> Vec<Effect> {
    let Some(marquee) = marquee(model) else {
        return Vec::new();
    };
    marquee.anchor = None;
    let patch = marquee.large_enough();
    if patch == marquee.patch {
        return Vec::new();
    }
    let effects = set(model, patch);
    model.status = format!("{}; that is what is marked now", smallest());
    effects
}
