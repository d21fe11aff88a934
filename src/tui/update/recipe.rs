//! Changes to the recipe of the open picture. Each can be undone.

use crate::engine::masks::{MaskName, Tip};
use crate::engine::operations::parameter::{Adjust, Allowed, Value};
use crate::engine::recipe::{Kind, Layer, Recipe};
use crate::tui::message::{Effect, Show};
use crate::tui::model::{Model, Owner, Setting, StackCursor};
use crate::tui::picture::Protocol;

/// Earlier states that are kept.
const UNDO_STEPS: usize = 200;

/// What undo takes back at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// This change alone.
    Single,
    /// All changes of the setting, on and on.
    Held,
}

/// Changes the recipe and keeps its earlier state. `what` names a setting: changing it again and
/// again is one step.
pub fn change(
    model: &mut Model,
    what: Option<StackCursor>,
    change: impl FnOnce(&mut Recipe),
) -> Vec<Effect> {
    let Some(edit) = model.edit_mut() else {
        return Vec::new();
    };
    let mut recipe = edit.recipe.clone();
    change(&mut recipe);
    if recipe == edit.recipe {
        return Vec::new();
    }
    let what = what.map(|it| (it.layer, it.row));
    let before = std::mem::replace(&mut edit.recipe, recipe);
    if what.is_none() || edit.last_changed != what {
        edit.undo.push(before);
        if edit.undo.len() > UNDO_STEPS {
            edit.undo.remove(0);
        }
    }
    edit.last_changed = what;
    edit.redo.clear();
    model.clamp_stack();
    model.check_tool();
    model.wish_preview()
}

/// Takes back the last change.
pub fn undo(model: &mut Model) -> Vec<Effect> {
    step(model, false)
}

/// Makes the last change again that was taken back.
pub fn redo(model: &mut Model) -> Vec<Effect> {
    step(model, true)
}

fn step(model: &mut Model, forwards: bool) -> Vec<Effect> {
    let Some(edit) = model.edit_mut() else {
        return Vec::new();
    };
    let (from, to) = if forwards {
        (&mut edit.redo, &mut edit.undo)
    } else {
        (&mut edit.undo, &mut edit.redo)
    };
    let Some(recipe) = from.pop() else {
        let nothing = if forwards {
            "nothing to redo"
        } else {
            "nothing to undo"
        };
        model.status = nothing.to_string();
        return Vec::new();
    };
    to.push(std::mem::replace(&mut edit.recipe, recipe));
    edit.last_changed = None;
    // What was last said may be taken back with it.
    model.status.clear();
    model.clamp_stack();
    model.check_tool();
    model.wish_preview()
}

/// Moves the cursor of the layer stack by one row.
pub fn move_cursor(model: &mut Model, down: bool) -> Vec<Effect> {
    let layers = model.edit().map_or(0, |it| it.recipe.layers.len());
    let StackCursor { layer, row } = model.stack;
    let rows = model.settings(layer).len();
    let to = if down && row < rows {
        (layer, row + 1)
    } else if down && layer + 1 < layers {
        (layer + 1, 0)
    } else if !down && row > 0 {
        (layer, row - 1)
    } else if !down && layer > 0 {
        (layer - 1, model.settings(layer - 1).len())
    } else {
        (layer, row)
    };
    select(model, to.0, to.1)
}

/// Moves the cursor to the first or last row of the layer stack.
pub fn cursor_to(model: &mut Model, last: bool) -> Vec<Effect> {
    let layers = model.edit().map_or(0, |it| it.recipe.layers.len());
    if last {
        let layer = layers.saturating_sub(1);
        let rows = model.settings(layer).len();
        select(model, layer, rows)
    } else {
        select(model, 0, 0)
    }
}

/// Puts the cursor on a row of a layer.
pub fn select(model: &mut Model, layer: usize, row: usize) -> Vec<Effect> {
    let other_layer = model.stack.layer != layer;
    let to = StackCursor { layer, row };
    if model.stack != to {
        // What is selected now does is said in its place.
        model.status.clear();
    }
    model.stack = to;
    match model.show {
        _ if !other_layer => Vec::new(),
        // The mask that is shown is that of the selected layer.
        Show::Mask => model.wish_preview(),
        _ if model.protocol != Protocol::Off => vec![Effect::Prepare { layer }],
        _ => Vec::new(),
    }
}

/// Sets the selected setting to a value that was checked.
pub fn set(model: &mut Model, setting: Setting, value: Value, step: Step) -> Vec<Effect> {
    let (cursor, name) = (model.stack, setting.spec.name);
    let what = (step == Step::Held).then_some(cursor);
    match setting.owner {
        Owner::Layer => change(model, what, |recipe| {
            if let Some(layer) = recipe.layers.get_mut(cursor.layer) {
                layer.put(name, value);
            }
        }),
        Owner::Mask(mask) => change(model, what, |recipe| {
            recipe.masks.settings_mut(mask).put(name, value);
        }),
        Owner::Tip => {
            let mut tip = model.tip();
            tip.put(name, value);
            model.tip = Some(tip);
            Vec::new()
        }
    }
}

/// Adjusts the selected setting by one step.
pub fn adjust(model: &mut Model, direction: f64, coarse: bool) -> Vec<Effect> {
    let Some(setting) = model.selected_setting() else {
        return adjust_opacity(model, direction, coarse);
    };
    let Some(value) = model.value(model.stack.layer, setting) else {
        return Vec::new();
    };
    match stepped(&setting.spec.allowed, &value, direction, coarse) {
        Some(value) => set(model, setting, value, Step::Held),
        None => {
            model.status = format!("Enter types a value for {}", setting.spec.name);
            Vec::new()
        }
    }
}

/// On a layer's heading, the layer as a whole is adjusted: its opacity.
fn adjust_opacity(model: &mut Model, direction: f64, coarse: bool) -> Vec<Effect> {
    let layer = model.stack.layer;
    let settings = model.settings(layer);
    let Some(opacity) = settings.into_iter().find(|it| it.spec.name == "opacity") else {
        return Vec::new();
    };
    let value = model.value(layer, opacity);
    let value = value.and_then(|it| stepped(&opacity.spec.allowed, &it, direction, coarse));
    value.map_or_else(Vec::new, |value| set(model, opacity, value, Step::Held))
}

/// A value one step further; `None` for what has no steps.
fn stepped(allowed: &Allowed, value: &Value, direction: f64, coarse: bool) -> Option<Value> {
    let number = |now: f64, min: f64, max: f64, fine: f64, large: f64| {
        let step = if coarse { large } else { fine };
        // On whole steps, so that going up and down again leads back.
        let next = ((now + direction * step) / fine).round() * fine;
        let digits = 1e6;
        Value::Number(((next * digits).round() / digits).clamp(min, max))
    };
    match (allowed, value) {
        (
            Allowed::Number {
                min,
                max,
                fine,
                coarse,
            },
            Value::Number(now),
        ) => Some(number(*now, *min, *max, *fine, *coarse)),
        (Allowed::PercentOrMatch { max }, Value::Number(now)) => {
            Some(number(*now, 0.0, *max, 1.0, 10.0))
        }
        (Allowed::PercentOrMatch { .. }, _) => Some(Value::Number(100.0)),
        (Allowed::OneOf(words), Value::Text(now)) => {
            let words = words();
            let at = words.iter().position(|it| it == now).unwrap_or(0);
            Some(Value::Text(turned(&words, at, direction).to_string()))
        }
        (Allowed::Flag, Value::Flag(now)) => Some(Value::Flag(!now)),
        (Allowed::AnyOf(_), Value::Names(now)) => Some(Value::Names(next_masks(now, direction))),
        _ => None,
    }
}

fn turned<'a>(words: &[&'a str], at: usize, direction: f64) -> &'a str {
    let count = words.len();
    let next = if direction > 0.0 {
        at + 1
    } else {
        at + count - 1
    };
    words[next % count]
}

/// Turns through the combinations of the masks that need nothing to be set up first; other masks
/// of the layer stay.
fn next_masks(now: &[String], direction: f64) -> Vec<String> {
    const TURNED: [&str; 2] = ["smoothed", "midtones"];
    let has = |name: &str| now.iter().any(|it| it == name);
    let bits = usize::from(has(TURNED[0])) + 2 * usize::from(has(TURNED[1]));
    let next = if direction > 0.0 { bits + 1 } else { bits + 3 } % 4;
    let chosen = TURNED
        .iter()
        .enumerate()
        .filter(|(i, _)| next >> i & 1 == 1);
    let others = now.iter().filter(|it| !TURNED.contains(&it.as_str()));
    chosen
        .map(|(_, name)| (*name).to_string())
        .chain(others.cloned())
        .collect()
}

/// Sets the selected setting to its default.
pub fn reset(model: &mut Model) -> Vec<Effect> {
    let Some(setting) = model.selected_setting() else {
        return Vec::new();
    };
    let name = setting.spec.name;
    let default = match setting.owner {
        Owner::Mask(mask) => Recipe::default().masks.settings(mask).get(name),
        Owner::Tip => Tip::default().get(name),
        Owner::Layer => model
            .edit()
            .and_then(|it| it.recipe.layers.get(model.stack.layer))
            .and_then(|layer| layer.default_of(name)),
    };
    default.map_or_else(Vec::new, |value| set(model, setting, value, Step::Single))
}

/// Sets the selected setting to a share of its range, as a slider does.
pub fn slide(model: &mut Model, share: f64) -> Vec<Effect> {
    let Some(setting) = model.selected_setting() else {
        return Vec::new();
    };
    let Some((min, max, fine)) = setting.spec.allowed.range() else {
        return Vec::new();
    };
    let value = unslide(share.clamp(0.0, 1.0), (min, max, fine));
    let value = ((value / fine).round() * fine).clamp(min, max);
    let value = Value::Number((value * 1e6).round() / 1e6);
    set(model, setting, value, Step::Held)
}

/// The value at a share of a slider. Fine steps over a wide range are spread so that small values
/// have room.
fn unslide(share: f64, (min, max, fine): (f64, f64, f64)) -> f64 {
    let share = if is_wide(min, max, fine) {
        share.powi(3)
    } else {
        share
    };
    min + share * (max - min)
}

/// The share of a slider at which a value is.
pub fn slide_of(value: f64, (min, max, fine): (f64, f64, f64)) -> f64 {
    let share = ((value - min) / (max - min)).clamp(0.0, 1.0);
    if is_wide(min, max, fine) {
        share.cbrt()
    } else {
        share
    }
}

fn is_wide(min: f64, max: f64, fine: f64) -> bool {
    (max - min) / fine >= 390.0
}

/// Layer on or off.
pub fn toggle_layer(model: &mut Model) -> Vec<Effect> {
    let layer = model.stack.layer;
    change(model, None, |recipe| {
        if let Some(layer) = recipe.layers.get_mut(layer) {
            layer.enabled = !layer.enabled;
        }
    })
}

/// Adds a layer above the selected one and selects it.
pub fn add_layer(model: &mut Model, kind: Kind) -> Vec<Effect> {
    let layers = model.edit().map_or(0, |it| it.recipe.layers.len());
    let at = (model.stack.layer + 1).min(layers);
    let mut layer = Layer::new(kind);
    if matches!(kind, Kind::Noise | Kind::Graft) {
        layer.masks.push(MaskName::Smoothed);
    }
    let effects = change(model, None, |recipe| recipe.layers.insert(at, layer));
    model.stack = StackCursor { layer: at, row: 1 };
    effects
}

/// Deletes the selected layer.
pub fn delete_layer(model: &mut Model) -> Vec<Effect> {
    let layer = model.stack.layer;
    change(model, None, |recipe| {
        if layer < recipe.layers.len() {
            recipe.layers.remove(layer);
        }
    })
}

/// Moves the selected layer up or down in the list.
pub fn move_layer(model: &mut Model, up: bool) -> Vec<Effect> {
    let layers = model.edit().map_or(0, |it| it.recipe.layers.len());
    let from = model.stack.layer;
    let to = if up {
        from.checked_sub(1)
    } else {
        Some(from + 1)
    };
    let Some(to) = to.filter(|it| *it < layers) else {
        return Vec::new();
    };
    let effects = change(model, None, |recipe| recipe.layers.swap(from, to));
    model.stack.layer = to;
    effects
}

/// Replaces the recipe; `done` is said when there was one to be replaced.
pub fn replace(model: &mut Model, with: Recipe, done: String) -> Vec<Effect> {
    if model.edit().is_none() {
        refuse(model);
        return Vec::new();
    }
    let effects = change(model, None, |recipe| *recipe = with);
    model.stack = StackCursor { layer: 0, row: 1 };
    model.clamp_stack();
    model.status = done;
    effects
}

/// Says why there is no recipe to work on.
fn refuse(model: &mut Model) {
    let failure = model.entry().and_then(|it| it.failure.as_deref());
    let why = failure.unwrap_or("no picture is open");
    model.status = format!("there is no recipe to work on: {why}");
}

/// Copies the recipe.
pub fn copy(model: &mut Model) {
    let Some(edit) = model.edit() else {
        return refuse(model);
    };
    model.clipboard = Some((edit.recipe.clone(), edit.folder.clone()));
    model.status = "recipe copied; P pastes it".to_string();
}

/// Replaces the recipe by the one that was copied. Its paths lead to the same files from another folder.
pub fn paste(model: &mut Model) -> Vec<Effect> {
    let Some((mut recipe, folder)) = model.clipboard.clone() else {
        model.status = "no recipe was copied; y copies one".to_string();
        return Vec::new();
    };
    if model.edit().is_some_and(|it| it.folder != folder) {
        let folder = model.working_folder.join(folder);
        recipe.move_files(|path| folder.join(path).to_string_lossy().into_owned());
    }
    replace(model, recipe, "recipe pasted".to_string())
}
