//! The list of pictures with its marks.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::{ACCENT, BAD, DIM, SELECTED, padded, pane, row_of};
use crate::tui::layout::inner;
use crate::tui::model::{Dialog, Edit, Entry, Model, Pane, scrolled};

/// Columns of the marks in front of a name.
const MARKS: usize = 5;

pub fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let listed = model.listed();
    let title = if model.dialog == Some(Dialog::Filter) {
        format!(" /{}▏", model.filter)
    } else if model.filter.is_empty() {
        format!(" Pictures {} ", listed.len())
    } else {
        format!(" /{} {} ", model.filter, listed.len())
    };
    frame.render_widget(pane(model, Pane::Pictures, title), area);
    let area = inner(area);
    let room = usize::from(area.height);
    if listed.is_empty() {
        let text = if model.entries.is_empty() {
            "no pictures"
        } else {
            "no match"
        };
        frame.render_widget(Line::styled(text, DIM), row_of(area, 0));
    }
    let first = scrolled(model.cursor, listed.len(), room);
    for (line, (at, &picture)) in listed.iter().enumerate().skip(first).take(room).enumerate() {
        let style = if at == model.cursor {
            SELECTED
        } else {
            Style::new()
        };
        let entry = &model.entries[picture];
        let room = usize::from(area.width).saturating_sub(MARKS);
        let mut spans = marks(model, picture, entry);
        spans.push(Span::raw(padded(&entry.name(), room)));
        frame.render_widget(Line::from(spans).style(style), row_of(area, line));
    }
}

/// Marked, paired, edited, rendered or failed: one column each.
fn marks<'a>(model: &Model, picture: usize, entry: &Entry) -> Vec<Span<'a>> {
    let changed = entry.edit.as_ref().is_some_and(Edit::is_changed);
    let blank = || Span::raw(" ");
    vec![
        if entry.marked {
            Span::styled("▸", ACCENT)
        } else {
            blank()
        },
        if entry.survey.paired {
            Span::raw("=")
        } else {
            blank()
        },
        match (changed, entry.survey.edited) {
            (true, _) => Span::styled("*", ACCENT),
            (false, true) => Span::raw("•"),
            (false, false) => blank(),
        },
        if model.renders.contains_key(&picture) {
            Span::styled("…", ACCENT)
        } else if entry.failure.is_some() {
            Span::styled("!", BAD)
        } else if entry.survey.rendered {
            Span::raw("✓")
        } else {
            blank()
        },
        blank(),
    ]
}
