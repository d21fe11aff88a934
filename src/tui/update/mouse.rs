//! The mouse: click, drag a slider, wheel zooms, drag pans, moves the loupe, or draws with the brush or the marquee.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::{brush, look, marquee, open_listed, recipe, spots};
use crate::tui::geometry::{View, middle_of_cell};
use crate::tui::layout::{Layout, hits, inner};
use crate::tui::message::Effect;
use crate::tui::model::{Drag, Model, Pane, scrolled};
use crate::tui::tool::Tool;
use crate::tui::view::{divided, stack_rows};

/// Does what the mouse asks for.
pub fn mouse(model: &mut Model, event: MouseEvent) -> Vec<Effect> {
    let Some(layout) = model.layout().filter(|_| model.dialog.is_none()) else {
        return Vec::new();
    };
    let (column, row) = (event.column, event.row);
    match event.kind {
        MouseEventKind::Down(button) if hits(layout.picture, column, row) => {
            press_preview(model, button, &event)
        }
        MouseEventKind::Down(MouseButton::Left) => press(model, &layout, column, row),
        MouseEventKind::Drag(_) => drag(model, &layout, column, row),
        MouseEventKind::Up(_) => release(model),
        MouseEventKind::ScrollUp => wheel(model, &layout, column, row, true),
        MouseEventKind::ScrollDown => wheel(model, &layout, column, row, false),
        _ => Vec::new(),
    }
}

fn press(model: &mut Model, layout: &Layout, column: u16, row: u16) -> Vec<Effect> {
    if hits(inner(layout.pictures), column, row) {
        model.focus = Pane::Pictures;
        let area = inner(layout.pictures);
        let listed = model.listed().len();
        let first = scrolled(model.cursor, listed, usize::from(area.height));
        let at = first + usize::from(row - area.y);
        if at < listed {
            return open_listed(model, at);
        }
    } else if hits(inner(layout.parameters), column, row) {
        model.focus = Pane::Parameters;
        return press_parameter(model, layout, column, row);
    }
    Vec::new()
}

/// In the preview the left button draws with the tool, or pans; the right one, and Shift, erase; the
/// middle one always pans.
fn press_preview(model: &mut Model, button: MouseButton, event: &MouseEvent) -> Vec<Effect> {
    // The release of an earlier press may have got lost.
    let mut effects = release(model);
    model.focus = Pane::Preview;
    let (column, row) = (event.column, event.row);
    if model.tool.is_none() && button == MouseButton::Left && model.loupe_shows() {
        model.drag = Some(Drag::Loupe);
        effects.extend(loupe_to(model, column, row));
        return effects;
    }
    let walks = matches!(model.tool, Some(Tool::Spots(_)));
    if walks && button == MouseButton::Left {
        let toggled = model
            .pointed(column, row)
            .and_then(|it| spots::click(model, it));
        if let Some(toggled) = toggled {
            effects.extend(toggled);
            return effects;
        }
    }
    if model.tool.is_none() || walks || button == MouseButton::Middle {
        if button != MouseButton::Right {
            model.drag = Some(Drag::Pan(column, row));
        }
        return effects;
    }
    let Some(point) = model.pointed(column, row) else {
        return effects;
    };
    model.drag = Some(Drag::Tool);
    let erase = button == MouseButton::Right || event.modifiers.contains(KeyModifiers::SHIFT);
    effects.extend(match model.tool {
        Some(Tool::Brush(_)) => brush::press(model, point, erase),
        _ => marquee::press(model, point),
    });
    effects
}

/// Brings the loupe to what is under the pointer.
fn loupe_to(model: &mut Model, column: u16, row: u16) -> Vec<Effect> {
    let (Some([x, y]), Some(size)) = (model.pointed(column, row), model.shown_size()) else {
        return Vec::new();
    };
    let centre = (x / size.width as f64, y / size.height as f64);
    super::move_loupe(model, centre)
}

fn release(model: &mut Model) -> Vec<Effect> {
    match (model.drag.take(), &model.tool) {
        (Some(Drag::Tool), Some(Tool::Brush(_))) => brush::release(model),
        (Some(Drag::Tool), Some(Tool::Marquee(_))) => marquee::release(model),
        _ => Vec::new(),
    }
}

fn press_parameter(model: &mut Model, layout: &Layout, column: u16, row: u16) -> Vec<Effect> {
    let (area, _) = divided(model, inner(layout.parameters));
    if !hits(area, column, row) {
        return Vec::new();
    }
    let (rows, cursor) = stack_rows(model);
    let first = scrolled(cursor, rows.len(), usize::from(area.height));
    let Some(&(layer, line)) = rows.get(first + usize::from(row - area.y)) else {
        return Vec::new();
    };
    let again = (model.stack.layer, model.stack.row) == (layer, line);
    let mut effects = recipe::select(model, layer, line);
    let (start, width) = Layout::slider(area);
    if line == 0 {
        if again {
            effects.extend(recipe::toggle_layer(model));
        }
    } else if (start..start + width).contains(&column) {
        let slides = model
            .selected_setting()
            .is_some_and(|it| it.spec.allowed.range().is_some());
        if slides {
            model.drag = Some(Drag::Slider);
            effects.extend(recipe::slide(model, share(column, start, width)));
        } else {
            effects.extend(recipe::adjust(model, 1.0, false));
        }
    }
    effects
}

fn share(column: u16, start: u16, width: u16) -> f64 {
    let along = f64::from(column) - f64::from(start);
    along / f64::from(width.saturating_sub(1).max(1))
}

fn drag(model: &mut Model, layout: &Layout, column: u16, row: u16) -> Vec<Effect> {
    match model.drag {
        Some(Drag::Slider) => {
            let (start, width) = Layout::slider(inner(layout.parameters));
            recipe::slide(model, share(column, start, width))
        }
        Some(Drag::Pan(from_column, from_row)) => {
            model.drag = Some(Drag::Pan(column, row));
            let Some(size) = model.shown_size() else {
                return Vec::new();
            };
            let by = (
                (f64::from(from_column) - f64::from(column)) * model.preview_cell().width as f64,
                (f64::from(from_row) - f64::from(row)) * model.preview_cell().height as f64,
            );
            let view = model.view.panned(by, size, model.preview_pixels());
            look(model, view)
        }
        Some(Drag::Loupe) => loupe_to(model, column, row),
        Some(Drag::Tool) => match (model.pointed(column, row), &model.tool) {
            (Some(point), Some(Tool::Brush(_))) => brush::drag(model, point),
            (Some(point), Some(Tool::Marquee(_))) => marquee::drag(model, point),
            _ => Vec::new(),
        },
        None => Vec::new(),
    }
}

fn wheel(model: &mut Model, layout: &Layout, column: u16, row: u16, up: bool) -> Vec<Effect> {
    if hits(layout.pictures, column, row) {
        let by = if up { -1 } else { 1 };
        return super::step_picture(model, by);
    }
    if hits(layout.parameters, column, row) {
        return recipe::move_cursor(model, !up);
    }
    let Some(size) = model.shown_size() else {
        return Vec::new();
    };
    if !hits(layout.picture, column, row) {
        return Vec::new();
    }
    // What is under the pointer stays there.
    let room = model.preview_pixels();
    let (x, y) = middle_of_cell(column, row, layout.picture, model.preview_cell());
    let off_centre = (x - room.width as f64 / 2.0, y - room.height as f64 / 2.0);
    let before = model.view.scale(size, room);
    let zoomed = model.view.zoomed(up, size, room);
    let factor = zoomed.scale(size, room) / before;
    let by = (off_centre.0 * (factor - 1.0), off_centre.1 * (factor - 1.0));
    let view: View = zoomed.panned(by, size, room);
    look(model, view)
}
