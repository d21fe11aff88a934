//! The low layer written, waited for and merged.

use std::time::{Duration, SystemTime};

use super::*;
use crate::tui::message::{LowLayer, LowResult};

fn written(model: &mut Model) -> LowLayer {
    keys(model, "T");
    let effects = keys(model, "\n");
    let [Effect::WriteLow(layer)] = &effects[..] else {
        panic!("the layer is written: {effects:?}");
    };
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(7);
    let message = Message::LowWritten(layer.clone(), LowResult::Written(time));
    assert_eq!(update(model, message), []);
    layer.clone()
}

#[test]
fn the_low_layer_has_the_recipe_s_radius_and_a_name_that_can_be_typed_over() {
    let mut model = model();
    keys(&mut model, "\tllllT");
    let screen = shown(&model);
    assert!(screen.contains("a.low-layer.tif▏"), "{screen}");
    assert!(screen.contains("radius 6.4 px"), "{screen}");
    for _ in 0..3 {
        key(&mut model, KeyCode::Backspace);
    }
    update(&mut model, Message::Pasted("png\n".to_string()));
    let effects = keys(&mut model, "\n");
    let [Effect::WriteLow(layer)] = &effects[..] else {
        panic!("the layer is written: {effects:?}");
    };
    assert_eq!(layer.path.to_string_lossy(), "a.low-layer.png");
    assert_eq!((layer.radius, layer.replace), (6.4, false));
}

#[test]
fn a_layer_that_exists_is_replaced_only_by_a_second_enter() {
    let mut model = model();
    keys(&mut model, "T");
    let effects = keys(&mut model, "\n");
    let [Effect::WriteLow(layer)] = &effects[..] else {
        panic!("the layer is written: {effects:?}");
    };
    let exists = Message::LowWritten(layer.clone(), LowResult::Exists);
    update(&mut model, exists);
    assert!(shown(&model).contains("Enter replaces it"));
    let again = keys(&mut model, "\n");
    assert!(matches!(&again[..], [Effect::WriteLow(it)] if it.replace));
    let exists = Message::LowWritten(layer.clone(), LowResult::Exists);
    update(&mut model, exists);
    let other = keys(&mut model, "f\n");
    assert!(matches!(&other[..], [Effect::WriteLow(it)] if !it.replace));
    let exists = Message::LowWritten(layer.clone(), LowResult::Exists);
    update(&mut model, exists);
    update(&mut model, Message::Pasted("f".to_string()));
    let other = keys(&mut model, "\n");
    assert!(matches!(&other[..], [Effect::WriteLow(it)] if !it.replace));
}

#[test]
fn the_answer_is_waited_for_and_can_be_taken_at_once() {
    let mut model = model();
    let layer = written(&mut model);
    assert!(shown(&model).contains("Enter waits for it"));
    let effects = keys(&mut model, "\n");
    let [Effect::AwaitTone(toning)] = &effects[..] else {
        panic!("it is waited for: {effects:?}");
    };
    assert_eq!((&toning.answer, toning.now), (&layer.path, false));
    assert!(model.dialog.is_none(), "the rest of the interface works on");
    // What that has to say does not hide that a tone is waited for.
    keys(&mut model, "u");
    assert!(shown(&model).contains("T: waiting for the tone…"));
    keys(&mut model, "T");
    assert!(shown(&model).contains("Enter merges it"));
    let effects = keys(&mut model, "\n");
    assert!(matches!(&effects[..], [Effect::AwaitTone(it)] if it.now));
    // Another file may not be there yet.
    keys(&mut model, "T");
    let effects = keys(&mut model, "x\n");
    assert!(matches!(&effects[..], [Effect::AwaitTone(it)] if !it.now));
    let done = Ok(("a.toned.png".into(), Vec::new()));
    update(&mut model, Message::Toned(done));
    assert!(model.toning.is_none());
    assert!(shown(&model).contains("wrote a.toned.png"));
    assert!(!shown(&model).contains("T: waiting"));
}

#[test]
fn escape_leaves_the_wait_and_a_failure_does_not() {
    let mut model = model();
    written(&mut model);
    keys(&mut model, "\n");
    update(&mut model, Message::Toned(Err("it is damaged".to_string())));
    assert!(shown(&model).contains("it is damaged; T tries again"));
    keys(&mut model, "T");
    assert_eq!(key(&mut model, KeyCode::Esc), [Effect::LeaveTone]);
    assert!(model.toning.is_none());
    let mut model = self::model();
    keys(&mut model, "T");
    assert_eq!(key(&mut model, KeyCode::Esc), []);
    assert!(model.dialog.is_none());
}
