//! The brush: every key, and the mouse.

use super::*;

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
fn a_layer_that_does_not_apply_is_not_painted_for() {
    let mut model = model();
    answer(&mut model);
    model.preview.as_mut().expect("an answer").skipped = vec![0];
    keys(&mut model, "\tB");
    assert!(recipe(&model).layers[0].masks.is_empty());
    assert!(recipe(&model).layers[1].masks.contains(&MaskName::Brush));
    assert_eq!(model.stack.layer, 1);
    assert!(
        model.status.starts_with("brush mask added to layer 2"),
        "{}",
        model.status
    );
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
