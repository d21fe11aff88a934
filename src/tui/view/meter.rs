//! The panel of the meter: octaves as bars, the original outlined, before and after filled.

use ratatui::Frame;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::dialogs::{text_room, window};
use super::{BAD, DIM, row_of, wrapped};
use crate::engine::meter::{Octave, Reading};
use crate::engine::render::Inspection;
use crate::tui::model::{Meter, Model};

/// Columns of a bar as long as the original, on a screen that is wide enough or is not; the longest is half as long again.
const FULL: usize = 20;
const SHORT: usize = 10;

/// Columns that a long bar needs with its figures and the window's border.
const WIDE: u16 = 72;

const AFTER: Style = Style::new().fg(Color::Green);

pub fn draw(model: &Model, frame: &mut Frame) {
    let lines = match &model.meter {
        Meter::Measured(Ok(inspection)) => {
            let wide = frame.area().width >= WIDE;
            lines(
                inspection,
                if wide { FULL } else { SHORT },
                text_room(frame),
            )
        }
        Meter::Measured(Err(why)) => {
            let rows = wrapped(why, text_room(frame), 0).into_iter();
            rows.map(|it| Line::styled(it, BAD)).collect()
        }
        Meter::Idle | Meter::Measuring | Meter::Tuning => {
            vec![Line::raw("measuring…"), Line::styled("Esc leaves it", DIM)]
        }
    };
    let widths: Vec<String> = lines.iter().map(|it| " ".repeat(it.width())).collect();
    let area = window(frame, " Texture by octaves · any key closes ", &widths);
    for (row, line) in lines.into_iter().enumerate() {
        frame.render_widget(line, row_of(area, row));
    }
}

fn lines(inspection: &Inspection, full: usize, room: usize) -> Vec<Line<'static>> {
    let (before, after) = (&inspection.picture, inspection.result.as_ref());
    let mut lines = Vec::new();
    for (i, octave) in before.octaves.iter().enumerate() {
        let name = format!("{}–{} px", octave.from_px, octave.to_px);
        lines.push(row(&name, "before", octave, (full, DIM)));
        if let Some(octave) = after.and_then(|it| it.octaves.get(i)) {
            lines.push(row("", "after", octave, (full, AFTER)));
        }
    }
    lines.push(Line::default());
    let words = [
        words(before, "before"),
        after.and_then(|it| words(it, "after")),
    ];
    let rows = words.iter().flatten().flat_map(|it| wrapped(it, room, 2));
    lines.extend(rows.map(Line::raw));
    if before.octaves.iter().all(|it| it.reference_rms.is_none()) {
        lines.push(Line::styled("there is no original to compare with", DIM));
    }
    lines
}

/// One bar with its figures; without an original its level alone.
fn row(name: &str, what: &str, octave: &Octave, (full, style): (usize, Style)) -> Line<'static> {
    let head = Span::raw(format!("{name:<9} {what:<7}"));
    let level = octave.rms.map_or("–".to_string(), |it| format!("{it:.2}"));
    let Some(share) = octave.recovered() else {
        return Line::from(vec![head, Span::raw(level)]);
    };
    let filled = ((share * full as f64).round() as usize).min(full * 3 / 2);
    let inside = filled.min(full);
    let own = octave
        .coherent
        .map(|it| format!("  {:.0} % its own", 100.0 * it));
    let own = own.unwrap_or_default();
    Line::from(vec![
        head,
        Span::raw("▕"),
        Span::styled("█".repeat(inside), style),
        Span::raw(" ".repeat(full - inside)),
        Span::raw("▏"),
        Span::styled("█".repeat(filled - inside), style),
        Span::raw(format!(" {:.0} %{own}", 100.0 * share)),
    ])
}

/// The figures beside the octaves.
fn words(reading: &Reading, what: &str) -> Option<String> {
    let percent = |it: f64| format!("{:.0} %", 100.0 * it);
    let recovered = reading
        .recovered()
        .map(|it| format!("recovered {}", percent(it)));
    let tone = reading.tone.map(|it| format!("tone shift {:.1}", it.mean));
    let repetition = reading.repetition.map(|it| format!("repetition {it:.2}"));
    let halo = reading.halo.map(|it| format!("halo {:.1} %", 100.0 * it));
    let all: Vec<String> = [recovered, tone, repetition, halo]
        .into_iter()
        .flatten()
        .collect();
    (!all.is_empty()).then(|| format!("{what}: {}", all.join(", ")))
}
