//! The layer stack: headings, and a widget for each setting of the selected layer.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{ACCENT, DIM, SELECTED, fitted, luma, padded, pane, row_of, width};
use crate::engine::operations::parameter::{Allowed, Choice, Value};
use crate::engine::recipe::Layer;
use crate::tui::layout::{Layout, inner};
use crate::tui::model::{Dialog, Model, Pane, Setting, scrolled};
use crate::tui::update::slide_of;

/// Marks a setting whose effect cannot be seen at this zoom.
const HIDDEN: &str = "○";

/// Every row as (layer, line) where line 0 is the heading, and which of them the cursor is on.
pub fn stack_rows(model: &Model) -> (Vec<(usize, usize)>, usize) {
    let layers = model.edit().map_or(0, |it| it.recipe.layers.len());
    let mut rows = Vec::new();
    for layer in 0..layers {
        rows.push((layer, 0));
        if layer == model.stack.layer {
            rows.extend((1..=model.settings(layer).len()).map(|line| (layer, line)));
        }
    }
    let selected = (model.stack.layer, model.stack.row);
    let cursor = rows.iter().position(|it| *it == selected).unwrap_or(0);
    (rows, cursor)
}

pub fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let seed = model
        .edit()
        .map_or_else(String::new, |it| format!("· seed {} ", it.recipe.seed));
    let mut block = pane(model, Pane::Parameters, format!(" Layers {seed}"));
    if let Some(what) = model.under_way() {
        block = block.title_bottom(Line::styled(format!(" {what} "), ACCENT));
    }
    frame.render_widget(block, area);
    let (area, chart) = luma::divided(model, inner(area));
    if let Some(chart) = chart {
        luma::draw(model, frame, chart);
    }
    let Some(edit) = model.edit() else {
        return;
    };
    if edit.recipe.layers.is_empty() {
        let line = Line::styled("no layers: a adds one, o a preset", DIM);
        frame.render_widget(line, row_of(area, 0));
        return;
    }
    let (rows, cursor) = stack_rows(model);
    let room = usize::from(area.height);
    let first = scrolled(cursor, rows.len(), room);
    let settings = model.settings(model.stack.layer);
    for (place, (at, &(layer, line))) in rows.iter().enumerate().skip(first).take(room).enumerate()
    {
        let place = row_of(area, place);
        let selected = at == cursor && model.focus == Pane::Parameters;
        match line.checked_sub(1).and_then(|it| settings.get(it)) {
            None => heading(
                model,
                frame,
                place,
                layer,
                &edit.recipe.layers[layer],
                selected,
            ),
            Some(setting) => draw_setting(model, frame, place, layer, *setting, selected),
        }
    }
}

fn heading(
    model: &Model,
    frame: &mut Frame,
    area: Rect,
    index: usize,
    layer: &Layer,
    selected: bool,
) {
    let open = if index == model.stack.layer {
        "▾"
    } else {
        "▸"
    };
    let state = if layer.enabled { "[x]" } else { "[ ]" };
    let label = format!("{open} {state} {} {}", index + 1, layer.label());
    let columns = usize::from(area.width);
    let mut detail = format!("{} {:.0} %", layer.blend.name(), layer.opacity);
    if width(&label) + 1 + detail.len() > columns {
        // The blend mode has a row of its own when the layer is selected.
        detail = format!("{:.0} %", layer.opacity);
    }
    let room = columns.saturating_sub(detail.len() + 1);
    let label = padded(&label, room);
    let skipped = model.is_skipped(index);
    let style = match (selected, layer.enabled && !skipped) {
        (true, _) => SELECTED,
        (false, true) => ACCENT,
        (false, false) => DIM,
    };
    let text = format!("{label} {detail}");
    frame.render_widget(Line::styled(text, style), area);
}

fn draw_setting(
    model: &Model,
    frame: &mut Frame,
    area: Rect,
    layer: usize,
    setting: Setting,
    selected: bool,
) {
    let (start, slides) = Layout::slider(area);
    let name_width = usize::from(start - area.x);
    let value_width = usize::from(area.width).saturating_sub(name_width + usize::from(slides));
    let name = match setting.owner.mask() {
        Some(mask) => format!(" {}.{}", mask_mark(mask.name()), setting.spec.name),
        None => format!(" {}", setting.spec.name),
    };
    let name_style = if selected { SELECTED } else { Style::new() };
    let typed = match &model.dialog {
        Some(Dialog::Type(text)) if selected => Some(text),
        _ => None,
    };
    let value = model.value(layer, setting).unwrap_or(Value::Open);
    let mark = if model.is_hidden(layer, setting) {
        HIDDEN
    } else {
        " "
    };
    let mut spans = vec![
        Span::styled(padded(&name, name_width - 1), name_style),
        Span::styled(mark, DIM),
    ];
    let wide = usize::from(slides) + value_width;
    if let Some(text) = typed {
        spans.push(Span::styled(padded(&format!("{text}▏"), wide), ACCENT));
    } else {
        match (&value, setting.spec.allowed.range()) {
            (Value::Number(number), Some(range)) => {
                spans.extend(slider(slide_of(*number, range), usize::from(slides)));
                let shown = format!("{} {}", shown_number(*number, range.2), setting.spec.unit);
                spans.push(Span::raw(format!("{:>value_width$}", shown.trim_end())));
            }
            _ => {
                let own = shown(&value, &setting.spec.allowed);
                // What the program found where the recipe leaves it open stands back.
                let found = model.found(layer, setting);
                let found = found.map(|it| (&value, shown(&it, &setting.spec.allowed)));
                match found {
                    Some((Value::Open, found)) => {
                        spans.push(Span::styled(fitted(&found, wide), DIM));
                    }
                    Some((_, found)) => {
                        let found = format!(" {found} {}", setting.spec.unit);
                        let room = wide.saturating_sub(width(&own));
                        spans.push(Span::raw(own));
                        spans.push(Span::styled(fitted(found.trim_end(), room), DIM));
                    }
                    None => spans.push(Span::raw(fitted(&own, wide))),
                }
            }
        }
    }
    frame.render_widget(Line::from(spans), area);
}

/// Masks have long names and share few columns.
fn mask_mark(name: &str) -> &str {
    name.get(..3).unwrap_or(name)
}

fn slider<'a>(share: f64, width: usize) -> Vec<Span<'a>> {
    let room = width.saturating_sub(1);
    let filled = ((share * room as f64).round() as usize).min(room);
    vec![
        Span::styled("━".repeat(filled), ACCENT),
        Span::styled("●", ACCENT),
        Span::styled("─".repeat(room - filled), DIM),
    ]
}

/// A number with as many digits as its steps need.
fn shown_number(number: f64, fine: f64) -> String {
    let digits = [0, 1, 2, 3].into_iter().find(|&digits| {
        let factor = 10f64.powi(digits);
        let whole = |it: f64| (it * factor - (it * factor).round()).abs() < 1e-6;
        whole(fine) && whole(number)
    });
    format!("{number:.digits$}", digits = digits.unwrap_or(3) as usize)
}

fn shown(value: &Value, allowed: &Allowed) -> String {
    match (value, allowed) {
        (Value::Text(it), Allowed::OneOf(_)) => format!("‹ {it} ›"),
        (Value::Text(it), _) if it.is_empty() => "–".to_string(),
        (Value::Text(it), _) => it.clone(),
        (Value::Flag(true), _) => "[x]".to_string(),
        (Value::Flag(false), _) => "[ ]".to_string(),
        (Value::Names(names), _) if names.is_empty() => "‹ everywhere ›".to_string(),
        (Value::Names(names), _) => format!("‹ {} ›", names.join(" × ")),
        (Value::Rectangle(it), _) => format!("{},{} {}×{}", it.x, it.y, it.width, it.height),
        (Value::Number(it), _) => it.to_string(),
        (Value::Open, _) => "–".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_as_many_digits_as_their_steps_need() {
        assert_eq!(shown_number(3.0, 0.1), "3.0");
        assert_eq!(shown_number(0.4, 0.05), "0.40");
        assert_eq!(shown_number(100.0, 1.0), "100");
        assert_eq!(shown_number(2.125, 0.1), "2.125");
    }
}
