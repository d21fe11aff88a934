//! The curve of the `midtones` mask over the picture's histogram, while it is tuned.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Color;
use ratatui::symbols::Marker;
use ratatui::text::Line;
use ratatui::widgets::canvas::{Canvas, Line as Segment};
use ratatui::widgets::{Block, Borders};

use super::DIM;
use crate::engine::masks::{MaskName, Midtones};
use crate::tui::model::{Model, Owner, Pane};

/// Rows of the chart with its heading.
const ROWS: u16 = 8;

/// Steps in which the curve is drawn.
const STEPS: u32 = 128;

/// The room of the stack's rows, and that of the chart below them while a setting of the mask is
/// selected.
pub fn divided(model: &Model, area: Rect) -> (Rect, Option<Rect>) {
    let tuned =
        model.selected_setting().map(|it| it.owner) == Some(Owner::Mask(MaskName::Midtones));
    if !tuned || model.focus != Pane::Parameters || area.height < 2 * ROWS {
        return (area, None);
    }
    let rows = Rect {
        height: area.height - ROWS,
        ..area
    };
    let chart = Rect {
        y: rows.bottom(),
        height: ROWS,
        ..area
    };
    (rows, Some(chart))
}

/// Draws the histogram with the curve over it.
pub fn draw(model: &Model, frame: &mut Frame, area: Rect) {
    let Some(edit) = model.edit() else {
        return;
    };
    let midtones = edit.recipe.masks.midtones.clone();
    let histogram = model.preview.as_ref().map(|it| it.histogram.clone());
    let title = Line::styled(" coverage over luma ", DIM);
    let canvas = Canvas::default()
        .block(
            Block::new()
                .borders(Borders::TOP)
                .border_style(DIM)
                .title(title),
        )
        .marker(Marker::Braille)
        .x_bounds([0.0, 1.0])
        .y_bounds([0.0, 1.0])
        .paint(move |context| {
            let bars = histogram.iter().flat_map(|it| it.0.iter().enumerate());
            let count = histogram.as_ref().map_or(1, |it| it.0.len().max(1)) as f64;
            for (at, share) in bars {
                let x = (at as f64 + 0.5) / count;
                // The root lets the few very dark and light pixels be seen beside the many.
                let y = f64::from(share.sqrt());
                context.draw(&Segment::new(x, 0.0, x, y, Color::DarkGray));
            }
            context.layer();
            for step in 0..STEPS {
                let at = |step: u32| {
                    let luma = f64::from(step) / f64::from(STEPS);
                    (luma, coverage(&midtones, luma))
                };
                let ((x1, y1), (x2, y2)) = (at(step), at(step + 1));
                context.draw(&Segment::new(x1, y1, x2, y2, Color::Cyan));
            }
        });
    frame.render_widget(canvas, area);
}

fn coverage(midtones: &Midtones, luma: f64) -> f64 {
    let coverage = f64::from(midtones.of_luma(luma as f32));
    if midtones.invert {
        1.0 - coverage
    } else {
        coverage
    }
}
