//! What lies over the panes.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Paragraph};

use super::{ACCENT, SELECTED, fitted, meter, padded, row_of, width, wrapped};
use crate::engine::operations::parameter::Choice;
use crate::engine::recipe::{Kind, PRESETS};
use crate::tui::geometry::Size;
use crate::tui::keys::help_rows;
use crate::tui::layout::inner;
use crate::tui::model::{Dialog, Model, scrolled};
use crate::tui::update::donor_rows;

/// Columns of the keys in the help.
const HELP_KEYS: usize = 14;
/// Names of pictures that a question shows at most.
const NAMES: usize = 8;
/// Columns of a window beside its text.
const BESIDE_TEXT: usize = 4;
/// Rows of a screen that a window leaves free, and those of its border.
const BESIDE_ROWS: usize = 4;

pub fn draw(model: &Model, frame: &mut Frame) {
    match &model.dialog {
        None | Some(Dialog::Type(_) | Dialog::Filter) => {}
        Some(Dialog::Help(row)) => help(frame, *row),
        Some(Dialog::Presets(at)) => {
            let rows = PRESETS
                .iter()
                .map(|it| format!("{:<11}{}", it.name, it.about));
            choice(frame, " Presets ", &rows.collect::<Vec<_>>(), *at);
        }
        Some(Dialog::AddLayer(at)) => {
            let rows: Vec<String> = Kind::names().into_iter().map(str::to_string).collect();
            choice(frame, " Add a layer ", &rows, *at);
        }
        Some(Dialog::Donors { at, library }) => {
            choice(frame, " The donor of the graft ", &donor_rows(library), *at);
        }
        Some(Dialog::SaveDonor(text, save)) => {
            let (width, height) = (save.patch.width, save.patch.height);
            let rows = [
                typed(frame, text),
                String::new(),
                "Enter saves it to the donor library   Esc does not".to_string(),
            ];
            note(
                frame,
                &format!(" A name for the patch of {width}×{height} "),
                &rows,
            );
        }
        Some(Dialog::LowLayer(text, layer)) => {
            let does = if layer.replace { "replaces" } else { "writes" };
            let rows = [
                typed(frame, text),
                String::new(),
                format!("Enter {does} it, PNG or TIFF   Esc does not"),
            ];
            let title = format!(" A file for the low layer, radius {} px ", layer.radius);
            note(frame, &title, &rows);
        }
        Some(Dialog::Toning(text, toning)) => {
            let does = if toning.now { "merges" } else { "waits for" };
            let rows = [
                typed(frame, text),
                String::new(),
                format!("Enter {does} it   Esc leaves it"),
            ];
            note(frame, " The file that is made of the low layer ", &rows);
        }
        Some(Dialog::Meter) => meter::draw(model, frame),
        Some(Dialog::Said) => {
            let said: Vec<String> = model.said().into_iter().map(str::to_string).collect();
            note(frame, " What is to be said · any key closes ", &said);
        }
        Some(Dialog::Quit(failure)) => quit(model, failure.as_deref(), frame),
        Some(Dialog::Overwrite(requests)) => {
            let names = requests.iter().map(|it| model.entries[it.picture].name());
            let mut rows = vec!["The results of these pictures exist:".to_string()];
            rows.extend(names.take(NAMES).map(|it| format!("  {it}")));
            rows.push(String::new());
            rows.push("y replace them   n keep them".to_string());
            note(frame, " Replace? ", &rows);
        }
    }
}

fn quit(model: &Model, failure: Option<&str>, frame: &mut Frame) {
    let unwritten = model.unwritten();
    let mut rows = Vec::new();
    if let Some(why) = failure {
        rows.push(why.to_string());
        rows.push(String::new());
    }
    if !model.renders.is_empty() {
        rows.push(format!(
            "{} renders will be cancelled.",
            model.renders.len()
        ));
    }
    if !unwritten.is_empty() {
        rows.push("These recipes were changed and not written:".to_string());
        let names = unwritten.iter().map(|it| model.entries[*it].name());
        rows.extend(names.take(NAMES).map(|it| format!("  {it}")));
        rows.push(String::new());
        rows.push("y write and quit   n quit   Esc stay".to_string());
    } else {
        rows.push(String::new());
        rows.push("y quit   Esc stay".to_string());
    }
    note(frame, " Quit ", &rows);
}

fn help(frame: &mut Frame, first: usize) {
    let rows = help_lines(usize::from(frame.area().width));
    let area = window(frame, " Keys · j k scroll, any other key closes ", &rows);
    let room = usize::from(area.height);
    let first = first.min(rows.len().saturating_sub(room));
    for (line, row) in rows.iter().skip(first).take(room).enumerate() {
        frame.render_widget(Line::raw(row.as_str()), row_of(area, line));
    }
}

/// The help as lines for a screen of so many columns.
fn help_lines(columns: usize) -> Vec<String> {
    let room = columns.saturating_sub(BESIDE_TEXT);
    let lines = help_rows()
        .into_iter()
        .flat_map(|(keys, help)| match keys.as_str() {
            "" => wrapped(help, room, 0),
            keys => wrapped(&(padded(keys, HELP_KEYS) + help), room, HELP_KEYS),
        });
    lines.collect()
}

/// The row of the help that comes first when its end is seen.
pub fn last_help_row(screen: Size) -> usize {
    let room = screen.height.saturating_sub(BESIDE_ROWS);
    help_lines(screen.width).len().saturating_sub(room)
}

fn choice(frame: &mut Frame, title: &str, rows: &[String], at: usize) {
    let columns = text_room(frame);
    let rows = rows.iter().enumerate();
    let rows = rows.flat_map(|(index, row)| {
        let rows = wrapped(row, columns, 2).into_iter();
        rows.map(move |row| (index, row))
    });
    let (of, rows): (Vec<usize>, Vec<String>) = rows.unzip();
    let area = window(frame, title, &rows);
    let room = usize::from(area.height);
    let cursor = of.iter().position(|it| *it == at).unwrap_or(0);
    let first = scrolled(cursor, rows.len(), room);
    for (line, (index, row)) in of.iter().zip(&rows).skip(first).take(room).enumerate() {
        let style = if *index == at { SELECTED } else { Style::new() };
        frame.render_widget(Line::styled(row.as_str(), style), row_of(area, line));
    }
}

fn note(frame: &mut Frame, title: &str, rows: &[String]) {
    let room = text_room(frame);
    let rows: Vec<String> = rows.iter().flat_map(|it| wrapped(it, room, 2)).collect();
    let area = window(frame, title, &rows);
    frame.render_widget(Paragraph::new(rows.join("\n")), area);
}

/// Text that is being typed; of a long one its end.
fn typed(frame: &Frame, text: &str) -> String {
    fitted(&format!("{text}▏"), text_room(frame))
}

/// Columns of text that a window may have.
pub(super) fn text_room(frame: &Frame) -> usize {
    usize::from(frame.area().width).saturating_sub(BESIDE_TEXT)
}

/// An empty window in the middle of the screen, large enough for the rows if the screen is.
pub(super) fn window(frame: &mut Frame, title: &str, rows: &[String]) -> Rect {
    let screen = frame.area();
    let widest = rows.iter().map(|it| width(it)).max().unwrap_or(0);
    let widest = widest.max(width(title));
    let columns = u16::try_from(widest + BESIDE_TEXT)
        .unwrap_or(u16::MAX)
        .min(screen.width);
    let height = u16::try_from(rows.len() + 2).unwrap_or(u16::MAX);
    let height = height.min(screen.height.saturating_sub(2));
    let area = Rect::new(
        (screen.width - columns) / 2,
        (screen.height - height) / 2,
        columns,
        height,
    );
    frame.render_widget(Clear, area);
    let block = Block::bordered()
        .border_style(ACCENT)
        .title(fitted(title, usize::from(columns).saturating_sub(2)));
    frame.render_widget(block, area);
    let area = inner(area);
    Rect::new(
        area.x + 1,
        area.y,
        area.width.saturating_sub(2),
        area.height,
    )
}
