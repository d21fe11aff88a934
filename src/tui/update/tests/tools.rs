//! The brush and the marquee: every key, and the mouse.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::super::*;
use super::{key, keys, model, preview, shown};
use crate::engine::masks::{Brush, BrushMode, MaskName};
use crate::engine::operations::parameter::Strength;
use crate::engine::operations::{Graft, Rectangle};
use crate::engine::recipe::{Operation, Recipe};
use crate::files::Donor;
use crate::tui::geometry::{Size, placed};
use crate::tui::message::{Histogram, PreviewRequest, Subject};
use crate::tui::model::Owner;
use crate::tui::tool::{Marquee, Painting};

const LEFT: MouseButton = MouseButton::Left;

/// Answers the newest wish with the picture.
fn answer(model: &mut Model) {
    let answer = preview(model, Subject::Picture);
    update(model, Message::PreviewReady(answer));
}

/// Answers the newest wish with a donor of 6000×4000 pixels, or of another size.
fn answer_donor(model: &mut Model, size: Size) {
    let subject = Subject::Donor {
        size,
        texture: Default::default(),
    };
    let answer = preview(model, subject);
    update(model, Message::PreviewReady(answer));
}

fn recipe(model: &Model) -> &Recipe {
    &model.edit().expect("a recipe").recipe
}

fn brush(model: &Model) -> &Brush {
    &recipe(model).masks.brush
}

fn painting(model: &Model) -> &Painting {
    match &model.tool {
        Some(Tool::Brush(it)) => it,
        other => panic!("no brush but {other:?}"),
    }
}

fn marquee(model: &Model) -> &Marquee {
    match &model.tool {
        Some(Tool::Marquee(it)) => it,
        other => panic!("no marquee but {other:?}"),
    }
}

fn shift(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(
        model,
        Message::Key(KeyEvent::new(code, KeyModifiers::SHIFT)),
    )
}

fn mouse(model: &mut Model, kind: MouseEventKind, cell: (u16, u16), modifiers: KeyModifiers) {
    let event = MouseEvent {
        kind,
        column: cell.0,
        row: cell.1,
        modifiers,
    };
    update(model, Message::Mouse(event));
}

/// Presses at the first cell, drags over all, and lets go at the last.
fn draw(model: &mut Model, button: MouseButton, modifiers: KeyModifiers, cells: &[(u16, u16)]) {
    mouse(model, MouseEventKind::Down(button), cells[0], modifiers);
    for cell in &cells[1..] {
        mouse(model, MouseEventKind::Drag(button), *cell, modifiers);
    }
    let last = cells[cells.len() - 1];
    mouse(model, MouseEventKind::Up(button), last, modifiers);
}

/// The first cell of the picture in the preview.
fn corner(model: &Model) -> (u16, u16) {
    let layout = model.layout().expect("large enough");
    let frame = model.preview.as_ref().expect("a preview").frame;
    let place = placed(frame.shown, layout.picture, model.cell);
    (place.x, place.y)
}

/// The brush on the graft layer of `full`, with the preview there.
fn brushing() -> Model {
    let mut model = model();
    answer(&mut model);
    keys(&mut model, "\tgJB");
    answer(&mut model);
    model
}

fn graft(model: &Model) -> (usize, &Graft) {
    let layers = recipe(model).layers.iter().enumerate();
    let mut grafts = layers.filter_map(|(at, it)| match &it.operation {
        Operation::Graft(graft) => Some((at, graft)),
        _ => None,
    });
    grafts.next().expect("a graft")
}

#[test]
fn the_brush_adds_its_mask_to_the_selected_layer_and_says_so() {
    let mut model = model();
    answer(&mut model);
    let effects = keys(&mut model, "\tB");
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    assert_eq!(recipe(&model).layers[0].masks, [MaskName::Brush]);
    assert_eq!(
        model.status,
        "brush mask added to layer 1 \"texture\"; nothing is painted yet"
    );
    assert_eq!(model.focus, Pane::Preview);
    assert_eq!(painting(&model).cursor, [2999.5, 1999.5]);
    answer(&mut model);
    assert!(
        shown(&model).contains("BRUSH 250 px · "),
        "{}",
        shown(&model)
    );
    keys(&mut model, "B");
    assert_eq!(model.tool, None);
    // It is there already: nothing changes.
    assert_eq!(keys(&mut model, "B"), []);
    assert!(model.status.starts_with("brush mask for layer 1"));
    key(&mut model, KeyCode::Esc);
    assert_eq!(model.tool, None);
    keys(&mut model, "u");
    assert!(recipe(&model).layers[0].masks.is_empty());
}

#[test]
fn without_a_layer_there_is_nothing_to_paint_for() {
    let mut model = model();
    keys(&mut model, "\tDDDB");
    assert_eq!(model.tool, None);
    assert_eq!(model.status, "there is no layer to paint for; a adds one");
}

#[test]
fn the_keyboard_moves_the_brush_and_paints() {
    let mut model = brushing();
    // A step is a 48th of the 4000 pixels that are seen.
    keys(&mut model, "ll");
    key(&mut model, KeyCode::Down);
    assert_eq!(painting(&model).cursor, [2999.5 + 166.0, 1999.5 + 83.0]);
    keys(&mut model, "hk");
    assert_eq!(painting(&model).cursor, [2999.5 + 83.0, 1999.5]);
    keys(&mut model, "L");
    shift(&mut model, KeyCode::Down);
    assert_eq!(painting(&model).cursor, [2999.5 + 581.0, 1999.5 + 498.0]);
    let effects = keys(&mut model, " ");
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    let stroke = &brush(&model).strokes[0];
    assert_eq!(*stroke.points, [[3580.5, 2497.5]]);
    assert_eq!(
        (stroke.tip.mode, stroke.tip.radius),
        (BrushMode::Add, 250.0)
    );
    // A line from there.
    keys(&mut model, "HHe\n");
    assert_eq!(
        *brush(&model).strokes[1].points,
        [[3580.5, 2497.5], [2584.5, 2497.5]]
    );
    assert_eq!(brush(&model).strokes.len(), 3);
    // Each is one step to undo, and can be made again.
    keys(&mut model, "uu");
    assert_eq!(brush(&model).strokes.len(), 1);
    update(
        &mut model,
        Message::Key(KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL)),
    );
    assert_eq!(brush(&model).strokes.len(), 2);
}

#[test]
fn a_line_needs_a_beginning() {
    let mut model = brushing();
    assert_eq!(keys(&mut model, "e"), []);
    assert_eq!(model.status, "Space paints a dot; e goes on from there");
    assert!(brush(&model).strokes.is_empty());
}

#[test]
fn the_cursor_stays_in_the_picture_and_in_view() {
    let mut model = brushing();
    for _ in 0..200 {
        keys(&mut model, "H");
    }
    assert_eq!(painting(&model).cursor[0], 0.0);
    keys(&mut model, "z");
    let size = Size::new(6000, 4000);
    keys(&mut model, "l");
    let seen = model.view.frame(size, model.preview_pixels()).region;
    let [x, y] = painting(&model).cursor;
    assert!(x >= seen.x as f64 && x < seen.right() as f64, "{seen:?}");
    assert!(y >= seen.y as f64 && y < seen.bottom() as f64, "{seen:?}");
    // At 1:1 a step is a few pixels.
    assert!((1.0..=8.0).contains(&x), "{x}");
}

#[test]
fn size_mode_and_overlay_have_their_keys() {
    let mut model = brushing();
    keys(&mut model, "]");
    assert_eq!(
        (model.tip().radius, model.status.as_str()),
        (312.5, "brush of 312.5 px")
    );
    keys(&mut model, "[[");
    assert_eq!(model.tip().radius, 200.0);
    for _ in 0..80 {
        keys(&mut model, "[");
    }
    assert_eq!(model.tip().radius, 0.5);
    keys(&mut model, "]]");
    assert_eq!(model.tip().radius, 1.5);
    for _ in 0..80 {
        keys(&mut model, "]");
    }
    assert_eq!(model.tip().radius, 2000.0);
    keys(&mut model, "x ");
    answer(&mut model);
    assert!(shown(&model).contains("ERASER 2000 px"));
    assert_eq!(brush(&model).strokes[0].tip.mode, BrushMode::Erase);
    keys(&mut model, "x ");
    assert_eq!(brush(&model).strokes[1].tip.mode, BrushMode::Add);
    assert!(painting(&model).overlay);
    keys(&mut model, "M");
    assert!(!painting(&model).overlay);
    assert_eq!(model.show, Show::After);
    // Changing the brush is no change of the recipe.
    let undo = model.edit().expect("a recipe").undo.len();
    keys(&mut model, "]x");
    assert_eq!(model.edit().expect("a recipe").undo.len(), undo);
}

#[test]
fn without_a_tool_its_keys_say_how_to_start_it() {
    let mut model = model();
    keys(&mut model, "x");
    assert_eq!(model.status, "B starts the brush");
    keys(&mut model, "[");
    assert_eq!(model.status, "B starts the brush, m the marquee");
}

#[test]
fn the_tip_is_tuned_among_the_parameters() {
    let mut model = brushing();
    keys(&mut model, "\t\tG");
    // The last rows of the layer are those of its brush mask.
    keys(&mut model, "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk");
    while model.selected_setting().map(|it| it.spec.name) != Some("hardness") {
        keys(&mut model, "j");
    }
    assert_eq!(keys(&mut model, "l"), []);
    assert_eq!(model.tip().hardness, 51.0);
    keys(&mut model, "j\n40\n");
    assert_eq!(model.tip().opacity, 40.0);
    assert!(shown(&model).contains("51 %"), "{}", shown(&model));
    keys(&mut model, "0");
    assert_eq!(model.tip().opacity, 100.0);
    keys(&mut model, "jl");
    assert!(brush(&model).invert);
    // Back in the preview, the stroke is painted with it.
    keys(&mut model, "\t ");
    assert_eq!(brush(&model).strokes[0].tip.hardness, 51.0);
}

#[test]
fn a_drag_paints_one_stroke_at_the_pixels_under_the_mouse() {
    for zoom in ["", "z", "+", "++", "z+", "z+++", "-"] {
        let mut model = brushing();
        keys(&mut model, zoom);
        answer(&mut model);
        while model.tip().radius > 4.0 {
            keys(&mut model, "[");
        }
        let frame = model.preview.as_ref().expect("a preview").frame;
        let (x, y) = corner(&model);
        let cells = [(x + 3, y + 2), (x + 5, y + 2), (x + 5, y + 4)];
        draw(&mut model, LEFT, KeyModifiers::NONE, &cells);
        assert_eq!(brush(&model).strokes.len(), 1, "{zoom}");
        let stroke = brush(&model).strokes[0].clone();
        assert_eq!(stroke.points.len(), 3);
        for (point, (column, row)) in stroke.points.iter().zip(cells) {
            // The middle of the cell in screen pixels, which the frame maps into the picture.
            let (px, py) = (
                (f64::from(column - x) + 0.5) * 8.0,
                (f64::from(row - y) + 0.5) * 16.0,
            );
            let expected = [
                frame.region.x as f64 + px / frame.scale - 0.5,
                frame.region.y as f64 + py / frame.scale - 0.5,
            ];
            for axis in [0, 1] {
                // Shown sizes are whole pixels: over the whole preview that is one at most.
                let slack = 1.0 / frame.scale + 0.1;
                let off = (point[axis] - expected[axis]).abs();
                assert!(off < slack, "{zoom}: {point:?} for {expected:?}");
            }
        }
        keys(&mut model, "u");
        assert!(brush(&model).strokes.is_empty());
    }
}

#[test]
fn the_right_button_and_shift_erase() {
    let mut model = brushing();
    let (x, y) = corner(&model);
    let cells = [(x + 3, y + 2), (x + 6, y + 3)];
    draw(&mut model, MouseButton::Right, KeyModifiers::NONE, &cells);
    draw(&mut model, LEFT, KeyModifiers::SHIFT, &cells);
    draw(&mut model, LEFT, KeyModifiers::NONE, &cells);
    let modes: Vec<BrushMode> = brush(&model).strokes.iter().map(|it| it.tip.mode).collect();
    assert_eq!(modes, [BrushMode::Erase, BrushMode::Erase, BrushMode::Add]);
    // The middle button pans.
    keys(&mut model, "z");
    answer(&mut model);
    let centre = model.view.centre;
    draw(&mut model, MouseButton::Middle, KeyModifiers::NONE, &cells);
    assert_ne!(model.view.centre, centre);
    assert_eq!(brush(&model).strokes.len(), 3);
}

#[test]
fn while_it_is_drawn_a_stroke_is_no_change_yet() {
    let mut model = brushing();
    let (x, y) = corner(&model);
    let none = KeyModifiers::NONE;
    mouse(&mut model, MouseEventKind::Down(LEFT), (x + 1, y + 1), none);
    mouse(&mut model, MouseEventKind::Drag(LEFT), (x + 9, y + 1), none);
    assert!(brush(&model).strokes.is_empty());
    let (points, erases) = painting(&model).live.as_ref().expect("a line");
    assert_eq!((points.len(), *erases), (2, false));
    // A release that got lost ends with the next press.
    mouse(&mut model, MouseEventKind::Down(LEFT), (x + 1, y + 1), none);
    assert_eq!(brush(&model).strokes.len(), 1);
}

#[test]
fn undoing_the_mask_and_painting_on_lists_it_again() {
    let mut model = brushing();
    keys(&mut model, "u");
    assert!(!recipe(&model).layers[1].masks.contains(&MaskName::Brush));
    keys(&mut model, " ");
    let listed = |model: &Model| {
        let layers = &recipe(model).layers;
        layers.iter().any(|it| it.masks.contains(&MaskName::Brush))
    };
    assert!(listed(&model));
    keys(&mut model, "u");
    assert!(!listed(&model));
}

#[test]
fn another_picture_puts_the_tool_away() {
    let mut model = brushing();
    keys(&mut model, "n");
    assert_eq!(model.tool, None);
    assert_eq!(model.open, Some(1));
}

/// The marquee on the graft of `full`, with the donor in the preview.
fn marking() -> Model {
    let mut model = model();
    answer(&mut model);
    let effects = keys(&mut model, "m");
    let [Effect::Preview(PreviewRequest { marking, .. })] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(marking.map(|it| it.layer), Some(1));
    answer_donor(&mut model, Size::new(6000, 4000));
    model
}

fn patch(model: &Model) -> (u32, u32, u32, u32) {
    let it = marquee(model).patch;
    (it.x, it.y, it.width, it.height)
}

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

#[test]
fn at_the_smallest_size_the_tools_still_say_what_they_do() {
    let mut model = model();
    update(&mut model, Message::Resized(Size::new(80, 24)));
    answer(&mut model);
    keys(&mut model, "\tB");
    answer(&mut model);
    let screen = super::shown_at(&model, 80, 24);
    for expected in ["BRUSH 250 px", "painted yet", "Space", "paint", "?"] {
        assert!(screen.contains(expected), "{expected}:\n{screen}");
    }
    keys(&mut model, "m");
    answer_donor(&mut model, Size::new(6000, 4000));
    let screen = super::shown_at(&model, 80, 24);
    for expected in ["PATCH 160×160", "Enter", "take"] {
        assert!(screen.contains(expected), "{expected}:\n{screen}");
    }
}

/// The two best patches of the donor, as the worker finds them.
fn answer_patches(model: &mut Model, open: bool) {
    let patches = [900, 1200].map(|x| Rectangle {
        x,
        y: 500,
        width: 128,
        height: 128,
    });
    let mut resolved = recipe(model).clone();
    if let (true, Operation::Graft(graft)) = (open, &mut resolved.layers[1].operation) {
        graft.patch = Some(patches[0]);
        graft.strength = Strength::Percent(137.0);
    }
    let found = Preview {
        resolved: resolved.into(),
        patches: model.next_patch_of.map(|it| (it, patches.to_vec())),
        ..preview(model, Subject::Picture)
    };
    let effects = update(model, Message::PreviewReady(found));
    if let [Effect::Preview(_)] = effects[..] {
        answer(model);
    }
}

#[test]
fn the_best_patches_come_in_turn() {
    let mut model = model();
    answer_patches(&mut model, true);
    let effects = keys(&mut model, "t");
    let [Effect::Preview(PreviewRequest { patches_of, .. })] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(*patches_of, Some(1));
    // The first one is used already, so the second is next.
    answer_patches(&mut model, true);
    assert_eq!(graft(&model).1.patch.map(|it| it.x), Some(1200));
    assert_eq!(
        model.status,
        "patch 2 of 2 for layer 2 \"graft\": 128×128 at 1200, 500"
    );
    keys(&mut model, "t");
    answer_patches(&mut model, false);
    assert_eq!(graft(&model).1.patch.map(|it| it.x), Some(900));
    // Each is a step to undo.
    keys(&mut model, "uu");
    assert_eq!(graft(&model).1.patch, None);
}

#[test]
fn what_was_found_is_shown_and_can_be_kept() {
    let mut model = model();
    if let Some(edit) = model.edit_mut() {
        edit.recipe.set("graft.strength=match").expect("it fits");
    }
    answer_patches(&mut model, true);
    keys(&mut model, "\tj");
    while model.stack.layer == 0 {
        keys(&mut model, "j");
    }
    let screen = shown(&model);
    assert!(screen.contains("900,500 128×128"), "{screen}");
    assert!(screen.contains("match 137 %"), "{screen}");
    assert_eq!(graft(&model).1.patch, None);
    keys(&mut model, "f");
    assert_eq!(model.status, "kept what was found: strength, patch");
    assert_eq!(graft(&model).1.patch.map(|it| it.x), Some(900));
    assert_eq!(graft(&model).1.strength, Strength::Percent(137.0));
    keys(&mut model, "f");
    assert!(model.status.starts_with("nothing was left open"));
    keys(&mut model, "u");
    assert_eq!(graft(&model).1.strength, Strength::Match);
}

#[test]
fn the_curve_of_the_midtones_is_drawn_while_they_are_tuned() {
    let mut model = model();
    let mut answer = preview(&model, Subject::Picture);
    answer.histogram = Histogram(vec![1.0; 128]).into();
    update(&mut model, Message::PreviewReady(answer));
    keys(&mut model, "\t");
    assert!(!shown(&model).contains("coverage over luma"));
    while model.selected_setting().map(|it| it.owner) != Some(Owner::Mask(MaskName::Midtones)) {
        keys(&mut model, "j");
    }
    for (width, height) in [(100, 30), (80, 24)] {
        let size = Size::new(width.into(), height.into());
        update(&mut model, Message::Resized(size));
        let screen = super::shown_at(&model, width, height);
        assert!(screen.contains("coverage over luma"), "{screen}");
        assert!(screen.contains("mid.low"), "{screen}");
        assert!(screen.contains('⣿'), "{screen}");
    }
}

fn donor(name: &str) -> Donor {
    Donor {
        name: name.to_string(),
        path: Default::default(),
        source: "neck.jpg".to_string(),
        source_size: (900, 900),
        patch: Rectangle {
            x: 5,
            y: 6,
            width: 160,
            height: 150,
        },
    }
}

#[test]
fn a_patch_is_saved_to_the_library_by_name() {
    let mut model = model();
    keys(&mut model, "S");
    assert_eq!(model.status, "layer 2 \"graft\" has no patch; m marks one");
    let mut model = marking();
    keys(&mut model, "S");
    assert!(shown(&model).contains("A name for the patch of 160×160"));
    assert_eq!(keys(&mut model, "\n"), []);
    keys(&mut model, "S");
    let effects = keys(&mut model, "neck-2\n");
    let [Effect::SaveDonor(save)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (save.name.as_str(), save.donor.as_str()),
        ("neck-2", "self")
    );
    assert_eq!((save.patch.x, save.patch.width), (2920, 160));
    update(&mut model, Message::DonorSaved(Ok("saved".to_string())));
    assert_eq!(model.status, "saved");
    update(
        &mut model,
        Message::DonorSaved(Err("it exists".to_string())),
    );
    assert_eq!(model.status, "it exists");
}

#[test]
fn a_donor_is_chosen_from_the_library() {
    let mut model = marking();
    keys(&mut model, "\n");
    assert_eq!(keys(&mut model, "C"), [Effect::ListDonors]);
    let library = vec![donor("brow"), donor("neck")];
    update(&mut model, Message::DonorsListed(Ok(library.clone())));
    let screen = shown(&model);
    for row in [
        "self",
        "the picture before the AI",
        "brow",
        "160×150 of neck.jpg",
    ] {
        assert!(screen.contains(row), "{row}: {screen}");
    }
    let effects = keys(&mut model, "jjj\n");
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    assert_eq!(graft(&model).1.donor, "library:neck");
    assert_eq!(graft(&model).1.patch, None);
    // It is where the cursor starts the next time, and it cannot be saved again.
    update(&mut model, Message::DonorsListed(Ok(library)));
    assert!(matches!(model.dialog, Some(Dialog::Donors { at: 3, .. })));
    key(&mut model, KeyCode::Esc);
    answer(&mut model);
    keys(&mut model, "mS");
    assert!(
        model.status.contains("in the library already"),
        "{}",
        model.status
    );
    key(&mut model, KeyCode::Esc);
    keys(&mut model, "u");
    assert_eq!(graft(&model).1.donor, "self");
    update(
        &mut model,
        Message::DonorsListed(Err("cannot read".to_string())),
    );
    assert_eq!(model.status, "cannot read");
}

#[test]
fn the_marquee_begins_at_the_patch_that_was_found_and_shows_it() {
    let mut model = model();
    answer_patches(&mut model, true);
    keys(&mut model, "z");
    answer_patches(&mut model, true);
    keys(&mut model, "m");
    assert_eq!(patch(&model), (900, 500, 128, 128));
    let size = Size::new(6000, 4000);
    let seen = model.view.frame(size, model.preview_pixels()).region;
    assert!(seen.x < 900 && seen.right() > 1028, "{seen:?}");
}

#[test]
fn the_same_pixels_are_not_sent_again() {
    let mut model = model();
    answer(&mut model);
    let first = model.preview.as_ref().expect("a preview").image.clone();
    keys(&mut model, "b");
    answer(&mut model);
    let second = &model.preview.as_ref().expect("a preview").image;
    assert!(std::sync::Arc::ptr_eq(&first, second));
}

#[test]
fn the_help_ends_with_the_keys_of_the_tools() {
    let mut model = model();
    keys(&mut model, "?");
    for _ in 0..99 {
        keys(&mut model, "j");
    }
    let screen = super::shown_at(&model, 80, 24);
    for text in ["With the marquee (m)", "take the patch", "Shift-→"] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}
