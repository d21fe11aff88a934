//! Draws the model as cells. It reads, and does nothing else. A picture that is not made of cells is
//! printed after them, into a rectangle that is left alone here.

mod dialogs;
mod list;
mod luma;
mod meter;
mod preview;
mod stack;
mod status;
mod text;

use self::text::{fitted, padded, width, wrapped};

pub use dialogs::last_help_row;
pub use luma::divided;
pub use stack::stack_rows;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::widgets::{Block, Paragraph};

use super::layout::SMALLEST;
use super::model::{Model, Pane};
use super::picture::Cells;

/// What stands out.
const ACCENT: Style = Style::new().fg(Color::Cyan);
/// What stands back.
const DIM: Style = Style::new().fg(Color::DarkGray);
/// What went wrong.
const BAD: Style = Style::new().fg(Color::Red);
/// What is selected.
const SELECTED: Style = Style::new().add_modifier(Modifier::REVERSED);

/// Draws everything, with the picture if it is made of cells.
pub fn draw(model: &Model, picture: Option<&Cells>, frame: &mut Frame) {
    let Some(layout) = model.layout() else {
        too_small(model, frame);
        return;
    };
    list::draw(model, frame, layout.pictures);
    preview::draw(model, frame, &layout);
    if let Some(picture) = picture {
        picture.draw(frame.buffer_mut());
    }
    stack::draw(model, frame, layout.parameters);
    status::draw(model, frame, &layout);
    dialogs::draw(model, frame);
}

/// Takes the colours away for who wants none: what stands out is bold, what stands back is dim.
pub fn take_colours(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        match std::mem::take(&mut cell.fg) {
            Color::Reset => {}
            Color::DarkGray => cell.modifier |= Modifier::DIM,
            _ => cell.modifier |= Modifier::BOLD,
        }
        cell.bg = Color::Reset;
    }
}

fn too_small(model: &Model, frame: &mut Frame) {
    let text = format!(
        "repore needs {}×{} cells; this terminal has {}×{}. Make it larger, or q quits.",
        SMALLEST.width, SMALLEST.height, model.screen.width, model.screen.height
    );
    let paragraph = Paragraph::new(text).wrap(ratatui::widgets::Wrap { trim: true });
    frame.render_widget(paragraph, frame.area());
}

/// A pane's border with its title; the pane that has the focus stands out.
fn pane<'a>(model: &Model, pane: Pane, title: String) -> Block<'a> {
    let focused = model.focus == pane && model.dialog.is_none();
    let style = if focused { ACCENT } else { DIM };
    Block::bordered().border_style(style).title(title)
}

/// The row of an area, counted from its top.
fn row_of(area: Rect, row: usize) -> Rect {
    let row = u16::try_from(row).unwrap_or(u16::MAX);
    Rect::new(area.x, area.y.saturating_add(row), area.width, 1).intersection(area)
}
