//! The meter as a table with bars.

use std::fmt::Write;
use std::io::{self, IsTerminal};
use std::path::Path;

use crate::engine::meter::{Octave, Reading};
use crate::engine::render::Inspection;
use crate::files::Inspected;

/// Columns of a bar as long as the reference.
const FULL: usize = 20;

/// Columns of the longest bar.
const LONGEST: usize = 30;

const GREY: &str = "\u{1b}[90m";
const GREEN: &str = "\u{1b}[32m";
const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";

/// Whether stdout shows colours and is asked to.
pub fn coloured() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|it| !it.is_empty());
    io::stdout().is_terminal() && !refused
}

/// The figures of one picture.
pub fn text(input: &Path, inspected: &Inspected, coloured: bool) -> String {
    let paint = Paint { coloured };
    let inspection = &inspected.inspection;
    let mut text = format!("{}\n", paint.with(BOLD, &input.display().to_string()));
    line(&mut text, &headline(inspected));
    line(
        &mut text,
        "wave px   original   picture  recovered  coherent",
    );
    rows(&mut text, &inspection.picture, paint, GREY);
    if let Some(result) = &inspection.result {
        line(
            &mut text,
            "wave px   original    result  recovered  coherent",
        );
        rows(&mut text, result, paint, GREEN);
    }
    for words in summaries(inspection) {
        line(&mut text, &words);
    }
    text
}

/// What a picture was compared with, and where it was measured.
pub fn headline(inspected: &Inspected) -> String {
    let original = inspected.original.as_ref();
    let original = original.map_or("none".to_string(), |it| it.display().to_string());
    format!("original {original}   mask {}", inspected.mask)
}

/// The figures beside the octaves, a line for the picture and one for the result.
pub fn summaries(inspection: &Inspection) -> Vec<String> {
    let picture = summary(&inspection.picture, "picture");
    let result = inspection.result.as_ref();
    let result = result.and_then(|it| summary(it, "result"));
    picture.into_iter().chain(result).collect()
}

fn rows(text: &mut String, reading: &Reading, paint: Paint, colour: &str) {
    for octave in &reading.octaves {
        let name = format!("{}–{}", octave.from_px, octave.to_px);
        let figures = format!(
            "{name:<7} {:>10} {:>9} {:>10} {:>9}",
            level(octave.reference_rms),
            level(octave.rms),
            percent(octave.recovered()),
            percent(octave.coherent),
        );
        line(text, &format!("{figures}  {}", bar(octave, paint, colour)));
    }
}

fn summary(reading: &Reading, what: &str) -> Option<String> {
    let mut figures = Vec::new();
    if let Some(tone) = reading.tone {
        figures.push(format!(
            "recovered up to 8 px {}, tone shift {:.2} levels (largest {:.1})",
            percent(reading.recovered()),
            tone.mean,
            tone.max
        ));
    }
    if let Some(repetition) = reading.repetition {
        figures.push(format!("repetition {repetition:.2}"));
    }
    if let Some(halo) = reading.halo {
        figures.push(format!("halo {:.1} %", 100.0 * halo));
    }
    (!figures.is_empty()).then(|| format!("{what}: {}", figures.join(", ")))
}

/// What there is of the reference, which is outlined: `▕████░░░▏`.
fn bar(octave: &Octave, paint: Paint, colour: &str) -> String {
    let Some(share) = octave.recovered() else {
        return String::new();
    };
    let filled = ((share * FULL as f64).round() as usize).min(LONGEST);
    let inside = filled.min(FULL);
    let mut bar = String::from("▕");
    bar += &paint.with(colour, &"█".repeat(inside));
    bar += &" ".repeat(FULL - inside);
    bar += "▏";
    if filled > FULL {
        bar += &paint.with(colour, &"█".repeat(filled - FULL));
    }
    bar
}

fn level(value: Option<f64>) -> String {
    value.map_or("–".to_string(), |it| format!("{it:.2}"))
}

fn percent(value: Option<f64>) -> String {
    value.map_or("–".to_string(), |it| format!("{:.0} %", 100.0 * it))
}

fn line(text: &mut String, words: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "  {}", words.trim_end());
}

/// Colours, where they are wanted.
#[derive(Clone, Copy)]
struct Paint {
    coloured: bool,
}

impl Paint {
    fn with(self, colour: &str, words: &str) -> String {
        if self.coloured {
            format!("{colour}{words}{PLAIN}")
        } else {
            words.to_string()
        }
    }
}
