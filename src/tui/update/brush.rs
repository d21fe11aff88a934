//! The brush: painting on the brush mask in the preview, by keys or with the mouse.

use super::recipe::{change, select};
use super::tools::{follow, leave, step};
use crate::engine::masks::{BrushMode, MaskName, Point, Stroke, Tip};
use crate::engine::operations::parameter::Settings;
use crate::engine::raster::Region;
use crate::tui::keys::ToolAction;
use crate::tui::message::Effect;
use crate::tui::model::{Model, Pane};
use crate::tui::tool::{Painting, Tool};

/// How many tips fit across what is seen when the brush is first used.
const TIPS_ACROSS: f64 = 16.0;

/// What one key press does to the size of the tip.
const SIZE_STEP: f64 = 1.25;

/// A long step is so many short ones.
const LONG_STEP: f64 = 6.0;

/// A line that is drawn gets a new point when it has gone this far, as a share of the radius.
const POINT_SPACING: f64 = 0.125;

/// Coordinates are kept in steps of this many pixels.
const GRAIN: f64 = 0.1;

/// Starts the brush, or leaves it.
pub fn toggle(model: &mut Model) -> Vec<Effect> {
    if matches!(model.tool, Some(Tool::Brush(_))) {
        return leave(model);
    }
    let (Some(edit), Some(size)) = (model.edit(), model.entry().and_then(|it| it.size)) else {
        model.status = "the picture was not read yet".to_string();
        return Vec::new();
    };
    // What is painted for a layer that does not apply would not be seen.
    let applies = |layer: &usize| edit.recipe.layers[*layer].enabled && !model.is_skipped(*layer);
    let layers = 0..edit.recipe.layers.len();
    let layer = Some(model.stack.layer)
        .filter(|it| !model.is_skipped(*it))
        .or_else(|| layers.into_iter().find(applies))
        .unwrap_or(model.stack.layer);
    let label = edit.recipe.layer_label(layer);
    let Some(listed) = edit.recipe.layers.get(layer).map(|it| &it.masks) else {
        model.status = "there is no layer to paint for; a adds one".to_string();
        return Vec::new();
    };
    let (listed, empty) = (
        listed.contains(&MaskName::Brush),
        edit.recipe.masks.brush.is_empty() && !edit.recipe.masks.brush.invert,
    );
    let mut effects = leave(model);
    if layer != model.stack.layer {
        effects.extend(select(model, layer, 0));
    }
    let seen = model.view.frame(size, model.preview_pixels()).region;
    model.tool = Some(Tool::Brush(Painting::at(middle(seen))));
    model.focus = Pane::Preview;
    model.tip.get_or_insert_with(|| Tip {
        radius: fitting(seen.width.min(seen.height) as f64 / TIPS_ACROSS),
        ..Tip::default()
    });
    if !listed {
        effects.extend(change(model, None, |recipe| {
            recipe.layers[layer].masks.push(MaskName::Brush);
        }));
    }
    let does = if listed { "for" } else { "added to" };
    let state = if empty {
        "; nothing is painted yet"
    } else {
        ""
    };
    model.status = format!("brush mask {does} {label}{state}");
    effects
}

fn middle(seen: Region) -> Point {
    [
        seen.x as f64 + (seen.width as f64 - 1.0) / 2.0,
        seen.y as f64 + (seen.height as f64 - 1.0) / 2.0,
    ]
}

/// A radius in half pixels and within its limits.
fn fitting(radius: f64) -> f64 {
    let radius = (radius * 2.0).round() / 2.0;
    let allowed = Tip::PARAMETERS.iter().find(|it| it.spec.name == "radius");
    match allowed.and_then(|it| it.spec.allowed.range()) {
        Some((min, max, _)) => radius.clamp(min, max),
        None => radius,
    }
}

/// A smaller or larger tip.
pub fn resize(model: &mut Model, larger: bool) {
    let mut tip = model.tip();
    let factor = if larger { SIZE_STEP } else { 1.0 / SIZE_STEP };
    let step = if larger { 0.5 } else { -0.5 };
    let next = fitting(tip.radius * factor);
    // Small tips change by the smallest step at least.
    tip.radius = if next == tip.radius {
        fitting(tip.radius + step)
    } else {
        next
    };
    model.status = format!("brush of {} px", tip.radius);
    model.tip = Some(tip);
}

/// Strokes erase, or add again.
pub fn toggle_erase(model: &mut Model) {
    let mut tip = model.tip();
    (tip.mode, model.status) = match tip.mode {
        BrushMode::Add => (BrushMode::Erase, "the brush erases".to_string()),
        BrushMode::Erase => (BrushMode::Add, "the brush adds".to_string()),
    };
    model.tip = Some(tip);
}

/// Does what a key asks of the brush.
pub fn key(model: &mut Model, action: ToolAction) -> Vec<Effect> {
    match action {
        ToolAction::Move(right, down) => go(model, right, down, 1.0),
        ToolAction::Stretch(right, down) => go(model, right, down, LONG_STEP),
        ToolAction::Apply => {
            let Some(painting) = painting(model) else {
                return Vec::new();
            };
            let cursor = painting.cursor;
            paint(model, &[cursor], false)
        }
        ToolAction::Line => {
            let Some(painting) = painting(model) else {
                return Vec::new();
            };
            let cursor = painting.cursor;
            match painting.last {
                Some(last) => paint(model, &[last, cursor], false),
                None => {
                    model.status = "Space paints a dot; e goes on from there".to_string();
                    Vec::new()
                }
            }
        }
    }
}

fn painting(model: &mut Model) -> Option<&mut Painting> {
    match &mut model.tool {
        Some(Tool::Brush(painting)) => Some(painting),
        _ => None,
    }
}

fn go(model: &mut Model, right: i8, down: i8, steps: f64) -> Vec<Effect> {
    let Some(size) = model.shown_size() else {
        return Vec::new();
    };
    let step = step(model) * steps;
    let Some(painting) = painting(model) else {
        return Vec::new();
    };
    let [x, y] = painting.cursor;
    let inside = |at: f64, by: i8, length: usize| {
        (at + f64::from(by) * step).clamp(0.0, length as f64 - 1.0)
    };
    painting.cursor = [inside(x, right, size.width), inside(y, down, size.height)];
    let cursor = painting.cursor;
    follow(model, cursor)
}

/// Paints one stroke, which is one step to undo.
fn paint(model: &mut Model, points: &[Point], erase: bool) -> Vec<Effect> {
    let mut tip = model.tip();
    if erase {
        tip.mode = BrushMode::Erase;
    }
    let on_grain = |it: f64| ((it / GRAIN).round() * GRAIN * 1e6).round() / 1e6;
    let stroke = Stroke {
        tip,
        points: points.iter().map(|it| it.map(on_grain)).collect(),
    };
    if let (Some(painting), Some(end)) = (painting(model), points.last()) {
        painting.cursor = *end;
        painting.last = Some(*end);
    }
    model.status.clear();
    let layer = model.stack.layer;
    change(model, None, |recipe| {
        let lists = |masks: &[MaskName]| masks.contains(&MaskName::Brush);
        let listed = recipe.layers.iter().any(|it| lists(&it.masks));
        // Undo may have taken the mask out of its layer.
        if let Some(layer) = recipe.layers.get_mut(layer).filter(|_| !listed) {
            layer.masks.push(MaskName::Brush);
        }
        recipe.masks.brush.strokes.push(stroke);
    })
}

/// The mouse begins a line.
pub fn press(model: &mut Model, point: Point, erase: bool) -> Vec<Effect> {
    if let Some(painting) = painting(model) {
        painting.cursor = point;
        painting.live = Some((vec![point], erase));
    }
    Vec::new()
}

/// The mouse goes on with its line.
pub fn drag(model: &mut Model, point: Point) -> Vec<Effect> {
    let spacing = model.tip().radius * POINT_SPACING;
    if let Some(painting) = painting(model)
        && let Some((points, _)) = &mut painting.live
    {
        painting.cursor = point;
        let from = points.last().copied().unwrap_or(point);
        if (from[0] - point[0]).hypot(from[1] - point[1]) >= spacing {
            points.push(point);
        }
    }
    Vec::new()
}

/// The mouse ends its line.
pub fn release(model: &mut Model) -> Vec<Effect> {
    let live = painting(model).and_then(|it| it.live.take());
    live.map_or_else(Vec::new, |(points, erase)| paint(model, &points, erase))
}
