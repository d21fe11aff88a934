//! The marquee: every key, and the mouse.

use super::*;

#[test]
fn the_marquee_moves_sizes_and_takes_a_patch_in_one_step() {
    let mut model = marking();
    assert_eq!(
        model.status,
        "mark a patch of real skin for layer 2 \"graft\""
    );
    assert_eq!(patch(&model), (2920, 1920, 160, 160));
    assert!(shown(&model).contains("PATCH 160×160"), "{}", shown(&model));
    let effects = keys(&mut model, "l");
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    keys(&mut model, "jj");
    assert_eq!(patch(&model), (3003, 2086, 160, 160));
    keys(&mut model, "hkk");
    assert_eq!(patch(&model), (2920, 1920, 160, 160));
    keys(&mut model, "LJ");
    assert_eq!(patch(&model), (2920, 1920, 243, 243));
    shift(&mut model, KeyCode::Left);
    keys(&mut model, "K");
    assert_eq!(patch(&model), (2920, 1920, 160, 160));
    keys(&mut model, "]");
    assert_eq!(patch(&model), (2912, 1912, 176, 176));
    keys(&mut model, "[");
    assert_eq!(patch(&model), (2920, 1920, 160, 160));
    let undo = model.edit().expect("a recipe").undo.len();
    let effects = keys(&mut model, "\n");
    let [Effect::Preview(PreviewRequest { marking: None, .. })] = effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(model.tool, None);
    let expected = Rectangle {
        x: 2920,
        y: 1920,
        width: 160,
        height: 160,
    };
    assert_eq!(graft(&model).1.patch, Some(expected));
    assert_eq!(model.edit().expect("a recipe").undo.len(), undo + 1);
    // Marking again begins with it.
    keys(&mut model, "m");
    assert_eq!(marquee(&model).patch, expected);
    key(&mut model, KeyCode::Esc);
    assert_eq!(model.tool, None);
    keys(&mut model, "u");
    assert_eq!(graft(&model).1.patch, None);
}

#[test]
fn what_the_marquee_said_goes_with_its_layer() {
    let mut model = marking();
    keys(&mut model, "l");
    assert!(model.status.contains("Enter takes them"));
    keys(&mut model, "DDD");
    assert_eq!((&model.tool, model.status.as_str()), (&None, ""));
}

#[test]
fn a_patch_that_is_too_small_is_said() {
    let mut model = marking();
    keys(&mut model, "HH");
    assert_eq!(patch(&model).2, 77);
    assert_eq!(model.status, "a patch has at least 48×48 pixels");
    let (x, y) = corner(&model);
    // At fit a cell is more than a hundred pixels wide: zoom in.
    keys(&mut model, "z");
    answer_donor(&mut model, Size::new(6000, 4000));
    let none = KeyModifiers::NONE;
    draw(&mut model, LEFT, none, &[(x + 5, y + 5), (x + 6, y + 6)]);
    assert_eq!((patch(&model).2, patch(&model).3), (48, 48));
    assert!(
        model
            .status
            .starts_with("a patch has at least 48×48 pixels")
    );
    // A picture that is smaller cannot be marked.
    model.tool = None;
    model.entries[0].size = Some(Size::new(40, 300));
    keys(&mut model, "m");
    assert_eq!(
        model.status,
        "a patch has at least 48×48 pixels; this picture has 40×300"
    );
}

#[test]
fn a_drag_draws_the_marquee_and_a_click_moves_it() {
    let mut model = marking();
    keys(&mut model, "z");
    answer_donor(&mut model, Size::new(6000, 4000));
    let (x, y) = corner(&model);
    let region = model.preview.as_ref().expect("a preview").frame.region;
    let none = KeyModifiers::NONE;
    draw(
        &mut model,
        LEFT,
        none,
        &[(x + 2, y + 1), (x + 4, y + 2), (x + 22, y + 9)],
    );
    // From the middle of one cell to the middle of the other: 160 by 128 screen pixels.
    let left = (region.x + 2 * 8 + 4) as u32;
    let top = (region.y + 16 + 8) as u32;
    assert_eq!(patch(&model), (left, top, 161, 129));
    draw(&mut model, LEFT, none, &[(x + 20, y + 10)]);
    let (_, _, width, height) = patch(&model);
    assert_eq!((width, height), (161, 129));
    let middle = (patch(&model).0 + 80, patch(&model).1 + 64);
    let clicked = (region.x + 20 * 8 + 3, region.y + 10 * 16 + 7);
    assert!(
        middle.0.abs_diff(clicked.0 as u32) <= 1,
        "{middle:?} {clicked:?}"
    );
    assert!(
        middle.1.abs_diff(clicked.1 as u32) <= 1,
        "{middle:?} {clicked:?}"
    );
}

#[test]
fn the_marquee_stays_inside_a_donor_of_another_size() {
    let mut model = model();
    answer(&mut model);
    if let Some(edit) = model.edit_mut() {
        edit.recipe.set("graft.donor=original").expect("it fits");
    }
    keys(&mut model, "m");
    assert_eq!(
        model.status,
        "mark a patch of the original for layer 2 \"graft\""
    );
    // Until it is known how large the donor is, nothing moves and nothing is taken.
    let before = marquee(&model).patch;
    keys(&mut model, "l");
    assert_eq!(marquee(&model).patch, before);
    keys(&mut model, "\n");
    assert_eq!(model.status, "the donor is still being read");
    answer_donor(&mut model, Size::new(500, 300));
    assert_eq!(patch(&model), (340, 140, 160, 160));
    for _ in 0..99 {
        keys(&mut model, "l");
    }
    assert_eq!(patch(&model), (340, 140, 160, 160));
}

#[test]
fn a_donor_that_is_not_there_ends_the_marquee_with_the_reason() {
    let mut model = model();
    keys(&mut model, "m");
    let mut without = preview(&model, Subject::Picture);
    without.remarks = vec!["there is no original".to_string()];
    update(&mut model, Message::PreviewReady(without));
    assert_eq!(model.tool, None);
    assert_eq!(model.status, "there is no original");
}

#[test]
fn the_selected_graft_is_marked_or_one_is_added() {
    let mut model = model();
    answer(&mut model);
    // Without a graft one is added.
    keys(&mut model, "\tjD");
    while recipe(&model).layers.iter().any(|it| it.label() == "graft") {
        keys(&mut model, "gJD");
    }
    keys(&mut model, "m");
    let at = marquee(&model).layer;
    assert_eq!(recipe(&model).layers[at].label(), "graft");
    assert!(model.status.contains("was added"), "{}", model.status);
    // Undo takes it out again, and the marquee with it.
    keys(&mut model, "u");
    assert_eq!(model.tool, None);
    // Of two grafts the selected one is meant.
    let mut model = super::model();
    keys(&mut model, "\tGaj\n");
    let last = recipe(&model).layers.len() - 1;
    keys(&mut model, "m");
    assert_eq!(marquee(&model).layer, last);
}
