//! The chart of a report: for each octave the reference outlined, before and after filled.

use super::canvas::{Canvas, Colour, FAINT, GREEN, GREY, INK, LINE};
use crate::engine::meter::{Octave, Reading};
use crate::engine::render::Inspection;

/// Height of the chart with its words, in pixels.
pub const HEIGHT: u32 = BARS + 4 * LINE;

/// Height of the bars, in pixels.
const BARS: u32 = 200;

/// A bar that is as high as the reference has this share of the height; what is higher than the height is cut off.
const FULL: f64 = 0.65;

/// Width of a bar, in pixels.
const BAR: u32 = 70;

/// Draws the chart into the rectangle at `corner` that is `width` wide.
pub fn draw(canvas: &mut Canvas, (left, top): (u32, u32), width: u32, inspection: &Inspection) {
    let before = &inspection.picture;
    let after = inspection.result.as_ref();
    let compared = before.octaves.iter().any(|it| it.recovered().is_some());
    let legend = match (compared, after.is_some()) {
        (true, true) => "rms by waves: original outlined, before grey, after green",
        (true, false) => "rms by waves: original outlined, before grey",
        (false, true) => "rms by waves in levels of 255: before grey, after green",
        (false, false) => "rms by waves in levels of 255: before grey",
    };
    canvas.words((left, top), width, legend, INK);
    let step = width / before.octaves.len().max(1) as u32;
    let base = top + LINE + BARS;
    let highest = largest(before).max(after.map_or(0.0, largest));
    for (i, octave) in before.octaves.iter().enumerate() {
        let x = left + i as u32 * step;
        let reading = |it: &Reading| it.octaves.get(i).copied();
        let bars = [
            Some((*octave, GREY)),
            after.and_then(reading).map(|it| (it, GREEN)),
        ];
        let mut shares = Vec::new();
        for (i, (octave, colour)) in bars.into_iter().flatten().enumerate() {
            let x = x + i as u32 * (BAR + 10);
            bar(canvas, (x, base), &octave, (compared, highest), colour);
            shares.push(match compared {
                true => octave
                    .recovered()
                    .map_or("-".to_string(), |it| format!("{:.0} %", 100.0 * it)),
                false => octave.rms.map_or("-".to_string(), |it| format!("{it:.2}")),
            });
        }
        let reference = octave.reference_rms.map(|it| format!(" of {it:.2}"));
        let words = format!("{}{}", shares.join(" > "), reference.unwrap_or_default());
        let name = format!("{}-{} px", octave.from_px, octave.to_px);
        canvas.words((x, base + 4), step, &name, INK);
        canvas.words((x, base + 4 + LINE), step, &words, FAINT);
        let own = bars
            .into_iter()
            .flatten()
            .last()
            .and_then(|it| it.0.coherent);
        if let Some(own) = own {
            let words = format!("{:.0} % the original's", 100.0 * own);
            canvas.words((x, base + 4 + 2 * LINE), step, &words, FAINT);
        }
    }
}

/// One bar, standing on `base`; beside an original with its outline.
fn bar(
    canvas: &mut Canvas,
    (x, base): (u32, u32),
    octave: &Octave,
    (compared, highest): (bool, f64),
    colour: Colour,
) {
    let share = match compared {
        true => octave.recovered(),
        false => octave.rms.map(|it| it / highest.max(1e-9)),
    };
    let height = |share: f64| ((share * FULL * f64::from(BARS)).round() as u32).min(BARS);
    if let Some(share) = share {
        let tall = height(share);
        canvas.fill((x, base - tall), (BAR, tall), colour);
    }
    if compared {
        let tall = height(1.0);
        canvas.outline((x, base - tall), (BAR, tall), INK);
    }
    canvas.fill((x, base), (BAR, 1), INK);
}

fn largest(reading: &Reading) -> f64 {
    reading
        .octaves
        .iter()
        .filter_map(|it| it.rms)
        .fold(0.0, f64::max)
}
