//! What the brush and the marquee have in common.

use crossterm::event::KeyEvent;

use super::{brush, look, marquee};
use crate::engine::masks::Point;
use crate::tui::geometry::View;
use crate::tui::keys::{BRUSH_BINDINGS, MARQUEE_BINDINGS, tool_action_of};
use crate::tui::message::Effect;
use crate::tui::model::{Model, Pane};
use crate::tui::tool::Tool;

/// One step of the brush or the marquee, as a share of what is seen.
const STEP: f64 = 1.0 / 48.0;

/// Does what a key asks of the tool; `None` if it asks nothing of it.
pub fn key(model: &mut Model, key: &KeyEvent) -> Option<Vec<Effect>> {
    if model.focus != Pane::Preview {
        return None;
    }
    match &model.tool {
        Some(Tool::Brush(_)) => {
            let action = tool_action_of(key, BRUSH_BINDINGS)?;
            Some(brush::key(model, action))
        }
        Some(Tool::Marquee(_)) => {
            let action = tool_action_of(key, MARQUEE_BINDINGS)?;
            Some(marquee::key(model, action))
        }
        Some(Tool::Spots(_)) | None => None,
    }
}

/// A smaller or larger brush or patch.
pub fn resize(model: &mut Model, larger: bool) -> Vec<Effect> {
    match model.tool {
        Some(Tool::Marquee(_)) => return marquee::resize(model, larger),
        Some(Tool::Brush(_)) => brush::resize(model, larger),
        Some(Tool::Spots(_)) | None => {
            model.status = "B starts the brush, m the marquee".to_string()
        }
    }
    Vec::new()
}

/// Puts the brush or the marquee away.
pub fn leave(model: &mut Model) -> Vec<Effect> {
    model.drag = None;
    match model.tool.take() {
        None => Vec::new(),
        Some(Tool::Brush(_) | Tool::Spots(_)) => {
            model.status.clear();
            Vec::new()
        }
        // The donor was shown instead of the picture.
        Some(Tool::Marquee(_)) => {
            model.status.clear();
            model.wish_preview()
        }
    }
}

/// One step of the brush or the marquee in whole pixels of what is shown, at least one of the
/// screen's.
pub fn step(model: &Model) -> f64 {
    let Some(size) = model.shown_size() else {
        return 1.0;
    };
    let frame = model.view.frame(size, model.preview_pixels());
    let seen = frame.region.width.min(frame.region.height) as f64;
    (seen * STEP).max(1.0 / frame.scale).round().max(1.0)
}

/// Has a point of what is shown come into view.
pub fn follow(model: &mut Model, [x, y]: Point) -> Vec<Effect> {
    let Some(size) = model.shown_size() else {
        return Vec::new();
    };
    let room = model.preview_pixels();
    let seen = model.view.frame(size, room).region;
    let within = |at: f64, start: usize, end: usize| (start as f64..=end as f64).contains(&at);
    if within(x, seen.x, seen.right()) && within(y, seen.y, seen.bottom()) {
        return Vec::new();
    }
    let view = View {
        centre: (x / size.width as f64, y / size.height as f64),
        ..model.view
    };
    look(model, view.panned((0.0, 0.0), size, room))
}
