//! The meter's panel, and settings that are looked for.

use super::*;
use crate::engine::meter::{Octave, Reading, Tone};
use crate::engine::recipe::Recipe;
use crate::engine::render::Inspection;
use crate::tui::message::MeasureRequest;

fn asked(model: &mut Model) -> MeasureRequest {
    let effects = keys(model, "F");
    let [Effect::Tune(request)] = &effects[..] else {
        panic!("settings are looked for: {effects:?}");
    };
    request.clone()
}

fn found(request: &MeasureRequest) -> Message {
    Message::Tuned {
        request: Box::new(request.clone()),
        result: Ok((
            Box::new(preset("noise").expect("built in")),
            "0.2 dB from the original".to_string(),
        )),
    }
}

fn recipe(model: &Model) -> Recipe {
    model.edit().expect("a recipe").recipe.clone()
}

#[test]
fn settings_that_were_found_are_one_step_to_undo() {
    let mut model = model();
    let before = recipe(&model);
    let request = asked(&mut model);
    assert_eq!((request.picture, &request.recipe), (0, &before));
    let effects = update(&mut model, found(&request));
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    assert_eq!(kinds(&model), [Kind::Noise]);
    assert!(
        model.status.starts_with("0.2 dB from the original"),
        "{}",
        model.status
    );
    keys(&mut model, "u");
    assert_eq!(recipe(&model), before);
}

#[test]
fn settings_for_another_recipe_than_the_present_one_are_not_taken() {
    let mut model = model();
    let request = asked(&mut model);
    keys(&mut model, "\tl");
    let changed = recipe(&model);
    assert_eq!(update(&mut model, found(&request)), []);
    assert_eq!(recipe(&model), changed);
    assert!(
        model.status.contains("changed meanwhile"),
        "{}",
        model.status
    );
    // Neither are those for a picture that is no longer open.
    let request = asked(&mut model);
    keys(&mut model, "n");
    read(&mut model, 1);
    assert_eq!(update(&mut model, found(&request)), []);
    assert_eq!(
        model.status,
        "settings were found for a.png, which is no longer open; F there looks again"
    );
    keys(&mut model, "p");
    assert_eq!(recipe(&model), changed);
    // Asked again, the search is left, and what it still finds does not matter.
    let request = asked(&mut model);
    assert_eq!(keys(&mut model, "F"), [Effect::LeaveMeasure]);
    assert_eq!(update(&mut model, found(&request)), []);
    assert_eq!(recipe(&model), changed);
    let request = Box::new(asked(&mut model));
    let result = Err("there is nothing to match".to_string());
    update(&mut model, Message::Tuned { request, result });
    assert_eq!(model.status, "there is nothing to match");
}

#[test]
fn a_search_is_told_of_until_it_ends() {
    let mut model = model();
    asked(&mut model);
    // What other keys have to say does not hide that it goes on.
    keys(&mut model, "u");
    for (width, height) in [(100, 30), (60, 20)] {
        model.screen = Size::new(width.into(), height.into());
        let screen = shown_at(&model, width, height);
        assert!(screen.contains("nothing to undo"), "{screen}");
        assert!(screen.contains("F: looking for settings…"), "{screen}");
    }
    // The meter needs what the search works with.
    assert!(matches!(keys(&mut model, "i")[..], [Effect::Measure(_)]));
    assert!(
        model.status.contains("no longer looked for"),
        "{}",
        model.status
    );
    assert!(!shown_at(&model, 60, 20).contains("F: looking"));
}

fn reading(share: f64) -> Reading {
    let octave = |(from_px, to_px): (f64, f64)| Octave {
        from_px,
        to_px,
        rms: Some(2.0 * share),
        reference_rms: Some(2.0),
        coherent: Some(0.5),
    };
    Reading {
        pixels: 1e6,
        octaves: crate::engine::meter::OCTAVES
            .into_iter()
            .map(octave)
            .collect(),
        tone: Some(Tone {
            mean: 1.1,
            max: 9.0,
        }),
        repetition: Some(0.03),
        halo: Some(0.01),
    }
}

#[test]
fn the_meter_shows_bars_before_and_after_and_closes_by_any_key() {
    let mut model = model();
    let effects = keys(&mut model, "i");
    let [Effect::Measure(request)] = &effects[..] else {
        panic!("it is measured: {effects:?}");
    };
    assert!(shown(&model).contains("measuring…"));
    let result = || {
        Ok(Box::new(Inspection {
            mask: None,
            alignment: None,
            spots: None,
            picture: reading(0.25),
            result: Some(reading(1.0)),
            notes: Vec::new(),
        }))
    };
    let number = request.number;
    update(
        &mut model,
        Message::Measured {
            number: number - 1,
            result: result(),
        },
    );
    assert!(shown(&model).contains("measuring…"));
    update(
        &mut model,
        Message::Measured {
            number,
            result: result(),
        },
    );
    for screen in [shown(&model), shown_at(&model, 80, 24)] {
        for row in [
            "2–4 px    before ▕█████               ▏ 25 %",
            "after  ▕████████████████████▏ 100 %  50 % its own",
            "after: recovered 100 %, tone shift 1.1, repetition 0.03, halo 1.0 %",
        ] {
            assert!(screen.contains(row), "{row}: {screen}");
        }
    }
    let small = shown_at(&model, 60, 20);
    for row in [
        "▕██████████▏ 100 %  50 % its own",
        "after: recovered 100 %, tone shift 1.1, repetition 0.03,",
        "  halo 1.0 %",
    ] {
        assert!(small.contains(row), "{row}: {small}");
    }
    assert_eq!(key(&mut model, KeyCode::Esc), []);
    assert!(model.dialog.is_none());
    // Closed before it was measured, the work is not wanted any more.
    keys(&mut model, "i");
    assert_eq!(key(&mut model, KeyCode::Esc), [Effect::LeaveMeasure]);
}
