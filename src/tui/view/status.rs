//! The two lowest rows: what happens, and what the keys do.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{ACCENT, BAD, DIM, fitted, width, wrapped};
use crate::engine::operations::parameter::Choice;
use crate::tui::layout::Layout;
use crate::tui::message::Show;
use crate::tui::model::{Dialog, Model, Pane};
use crate::tui::tool::Tool;

/// What stands behind a text that goes on.
const GOES_ON: &str = " … ! says all";

/// What stands behind a setting whose effect cannot be seen at this zoom, where there is room for it.
const TOO_FINE: &str = "  ○ too fine here: z, Z";

/// Columns of the gauge.
const GAUGE: usize = 12;
/// Columns of the gauge's line beside the name.
const BESIDE_NAME: usize = 12 + GAUGE + 33;

pub fn draw(model: &Model, frame: &mut Frame, layout: &Layout) {
    frame.render_widget(status(model, layout.status.width), layout.status);
    hints(model, frame, layout.hints);
}

fn status<'a>(model: &Model, columns: u16) -> Line<'a> {
    if !model.renders.is_empty() {
        return gauge(model, columns);
    }
    if !model.status.is_empty() {
        return told(&model.status, false, Style::new(), columns);
    }
    if let Some(setting) = model
        .selected_setting()
        .filter(|_| model.focus == Pane::Parameters && !shows_nothing(model))
    {
        let mask = match setting.owner.mask() {
            Some(mask) => format!("{} mask: ", mask.name()),
            None => String::new(),
        };
        let help = format!(" {mask}{}", setting.spec.help);
        let hidden = model.is_hidden(model.stack.layer, setting);
        let fits = width(&help) + width(TOO_FINE) <= usize::from(columns);
        let beside = if hidden && fits { TOO_FINE } else { "" };
        return Line::styled(format!("{help}{beside}"), DIM);
    }
    let said = model.said();
    let failed = model.entry().is_some_and(|it| it.failure.is_some());
    let style = if failed { BAD } else { DIM };
    said.first()
        .map_or_else(Line::default, |it| told(it, said.len() > 1, style, columns))
}

/// Whether a mask is shown in which nothing can be seen: that wants a reason.
fn shows_nothing(model: &Model) -> bool {
    let uncovered = model.preview.as_ref().is_some_and(|it| it.uncovered);
    model.show == Show::Mask && uncovered
}

/// A text in one row; where it does not fit, or there is more to be said, how that is read.
fn told<'a>(text: &str, more: bool, style: Style, columns: u16) -> Line<'a> {
    let room = usize::from(columns).saturating_sub(1);
    if width(text) <= room && !more {
        return Line::styled(format!(" {text}"), style);
    }
    let rows = wrapped(text, room.saturating_sub(width(GOES_ON)), 0);
    let first = rows.into_iter().next().unwrap_or_default();
    Line::from(vec![
        Span::styled(format!(" {first}"), style),
        Span::styled(GOES_ON, ACCENT),
    ])
}

/// How far the full-size renders are.
fn gauge<'a>(model: &Model, width: u16) -> Line<'a> {
    // Of those that are equally far the first: the others wait for it.
    let running = model.renders.iter().rev();
    let running = running.max_by(|a, b| a.1.total_cmp(b.1));
    let (picture, share) = running.map_or((0, 0.0), |(picture, share)| (*picture, *share));
    let all = model.renders.len() + model.renders_ended;
    let room = usize::from(width).saturating_sub(BESIDE_NAME);
    let name = fitted(&model.entries[picture].name(), room);
    let filled = ((share * GAUGE as f64).round() as usize).min(GAUGE);
    Line::from(vec![
        Span::raw(format!(" rendering {name} ")),
        Span::styled("█".repeat(filled), ACCENT),
        Span::styled("░".repeat(GAUGE - filled), DIM),
        Span::raw(format!(" {:.0} %", share * 100.0)),
        Span::raw(format!("  {} of {all}", model.renders_ended + 1)),
        Span::styled("  c cancels", DIM),
    ])
}

/// A key, or some, and what they do.
type Hint = (&'static str, &'static str);

/// What the most used keys do. As many as there is room for: none is cut off.
fn hints(model: &Model, frame: &mut Frame, area: Rect) {
    // Those that work everywhere come first, so that they are there on a narrow screen.
    let (first, others): (&[Hint], &[Hint]) = match &model.dialog {
        Some(Dialog::Type(_)) => (&[], &[("Enter", "set it"), ("Esc", "leave it")]),
        Some(Dialog::Filter) => (&[], &[("Enter", "keep it"), ("Esc", "list all")]),
        _ => (&[("?", "help"), ("q", "quit")], hinted(model)),
    };
    let mut spans = vec![Span::raw(" ")];
    let mut room = usize::from(area.width).saturating_sub(1);
    for (key, does) in first.iter().chain(others) {
        let needed = width(key) + 1 + width(does);
        if needed > room {
            break;
        }
        room = room.saturating_sub(needed + 2);
        spans.push(Span::styled(*key, ACCENT));
        spans.push(Span::styled(format!(" {does}  "), Style::new()));
    }
    frame.render_widget(Line::from(spans), area);
}

/// Keys for what has the focus, and what they do; those that are most used first.
fn hinted(model: &Model) -> &'static [Hint] {
    let tool = model.tool.as_ref().filter(|_| model.focus == Pane::Preview);
    match model.focus {
        _ if matches!(tool, Some(Tool::Brush(_))) => &[
            ("h j k l", "move"),
            ("Space", "paint"),
            ("e", "line"),
            ("[ ]", "size"),
            ("x", "erase"),
            ("u", "undo"),
            ("M", "overlay"),
            ("Esc", "leave"),
        ],
        _ if matches!(model.tool, Some(Tool::Spots(_))) => &[
            (". ,", "next, previous spot"),
            ("e", "comes back / stays removed"),
            ("u", "undo"),
            ("b", "before/after"),
            ("Esc", "leave"),
        ],
        _ if tool.is_some() => &[
            ("h j k l", "move"),
            ("H J K L", "size"),
            ("Enter", "take"),
            ("Esc", "leave"),
            ("t", "best patches"),
            ("+ - z", "zoom"),
        ],
        Pane::Pictures => &[
            ("Tab", "parameters"),
            ("j k", "pictures"),
            ("/", "filter"),
            ("v", "mark"),
            ("r R", "render"),
            ("b s d M", "compare"),
            ("z", "1:1"),
        ],
        Pane::Parameters => &[
            ("j k", "move"),
            ("h l", "adjust"),
            ("Enter", "type"),
            ("0", "default"),
            ("Space", "on/off"),
            ("u", "undo"),
            ("w", "write"),
            ("r", "render"),
        ],
        Pane::Preview => &[
            ("h j k l", "pan"),
            ("+ -", "zoom"),
            ("z", "fit/1:1"),
            ("Z", "loupe"),
            ("b", "before"),
            ("s", "split"),
            ("d", "detail"),
            ("M", "mask"),
        ],
    }
}
