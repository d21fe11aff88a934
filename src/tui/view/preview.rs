//! The border of the preview, and what stands in it while there is no picture.

use ratatui::Frame;
use ratatui::layout::Alignment;
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

use super::{BAD, DIM, fitted, pane, width};
use crate::engine::masks::BrushMode;
use crate::tui::layout::Layout;
use crate::tui::message::Show;
use crate::tui::model::{Model, Pane};
use crate::tui::picture::Protocol;
use crate::tui::tool::Tool;

pub fn draw(model: &Model, frame: &mut Frame, layout: &Layout) {
    let block = pane(model, Pane::Preview, title(model, layout.preview.width));
    let block = block.title_bottom(Line::from(state(model)).alignment(Alignment::Right));
    frame.render_widget(block, layout.preview);
    let failure = model.entry().and_then(|it| it.failure.clone());
    let (text, style) = match (&model.preview, failure) {
        (Some(_), _) => return,
        (None, Some(why)) => (why, BAD),
        (None, None) if model.protocol == Protocol::Off => {
            ("The preview is off. V shows it.".to_string(), DIM)
        }
        // It was read before, and is about to come.
        (None, None) if model.entry().is_some_and(|it| it.size.is_some()) => return,
        (None, None) if model.open.is_some() => ("reading…".to_string(), DIM),
        (None, None) => ("no picture is open".to_string(), DIM),
    };
    let paragraph = Paragraph::new(text).style(style).wrap(Wrap { trim: true });
    frame.render_widget(paragraph, layout.picture);
}

fn title(model: &Model, columns: u16) -> String {
    let Some(entry) = model.entry() else {
        return " Preview ".to_string();
    };
    let size = entry
        .size
        .map_or_else(String::new, |it| format!(" {}×{}", it.width, it.height));
    let room = usize::from(columns).saturating_sub(width(&size) + 4);
    format!(" {}{size} ", fitted(&entry.name(), room))
}

/// What is shown, how large, and whether it is the true picture yet.
fn state(model: &Model) -> String {
    let shown = match model.show {
        Show::After => "after",
        Show::Before => "BEFORE",
        Show::Split => "before|after",
        Show::Detail => "detail ×8",
        Show::Mask => "mask",
    };
    let what = match &model.tool {
        None => shown.to_string(),
        Some(Tool::Brush(_)) => {
            let tip = model.tip();
            let brush = match tip.mode {
                BrushMode::Add => "BRUSH",
                BrushMode::Erase => "ERASER",
            };
            match model.show {
                Show::After => format!("{brush} {} px", tip.radius),
                _ => format!("{brush} {} px · {shown}", tip.radius),
            }
        }
        Some(Tool::Spots(_)) => format!("SPOTS · {shown}"),
        Some(Tool::Marquee(it)) => {
            format!("PATCH {}×{}", it.patch.width, it.patch.height)
        }
    };
    let Some(preview) = model
        .preview
        .as_ref()
        .filter(|it| Some(it.picture) == model.open)
    else {
        return format!(" {what} ");
    };
    let scale = if preview.frame.scale == 1.0 {
        "1:1".to_string()
    } else if preview.frame.scale > 1.0 {
        format!("{:.0}:1", preview.frame.scale)
    } else {
        format!("{:.0} %", preview.frame.scale * 100.0)
    };
    let loupe = if model.loupe_shows() {
        " · loupe 1:1"
    } else {
        ""
    };
    let state = if preview.settled && preview.number == model.wish {
        ""
    } else {
        " · draft"
    };
    format!(" {what} · {scale}{loupe}{state} ")
}
