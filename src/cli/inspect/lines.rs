//! What `inspect --json` prints for a picture.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::cli::json::rounded;
use crate::engine::meter::{Octave, Reading};
use crate::engine::original::Alignment;
use crate::files::Inspected;

/// The line of a picture that was measured.
pub fn line(input: &Path, inspected: &Inspected) -> Json {
    let inspection = &inspected.inspection;
    let Reading {
        pixels,
        octaves,
        tone,
        halo,
        ..
    } = &inspection.picture;
    json!({
        "input": input.to_string_lossy(),
        "original": inspected.original.as_ref().map(|it| it.to_string_lossy()),
        "mask": inspected.mask,
        "pixels": pixels.round(),
        "octaves": octaves.iter().map(octave).collect::<Vec<_>>(),
        "recovered": rounded(inspection.picture.recovered()),
        "tone_shift": rounded(tone.map(|it| it.mean)),
        "tone_shift_max": rounded(tone.map(|it| it.max)),
        "halo": rounded(*halo),
        "spots": inspection.spots,
        "alignment": inspection.alignment.as_deref().map(alignment),
        "result": inspection.result.as_ref().map(result),
        "notes": inspected.notes,
    })
}

fn octave(octave: &Octave) -> Json {
    json!({
        "from_px": octave.from_px,
        "to_px": octave.to_px,
        "rms": rounded(octave.rms),
        "reference_rms": rounded(octave.reference_rms),
        "recovered": rounded(octave.recovered()),
        "coherent": rounded(octave.coherent),
    })
}

fn result(reading: &Reading) -> Json {
    json!({
        "octaves": reading.octaves.iter().map(octave).collect::<Vec<_>>(),
        "recovered": rounded(reading.recovered()),
        "tone_shift": rounded(reading.tone.map(|it| it.mean)),
        "tone_shift_max": rounded(reading.tone.map(|it| it.max)),
        "repetition": rounded(reading.repetition),
        "halo": rounded(reading.halo),
    })
}

fn alignment(found: &Alignment) -> Json {
    json!({
        "shift_px": found.shift.map(|it| rounded(Some(it))),
        "scale": rounded(Some(found.scale)),
        "confidence": rounded(Some(found.confidence)),
    })
}
