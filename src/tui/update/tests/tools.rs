//! The tools: brush, marquee and the patches they take.

mod brush;
mod marquee;
mod patches;
mod spots;

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
    let place = placed(frame.shown, layout.picture, model.preview_cell());
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
    update(&mut model, Message::Resized(Size::new(80, 24)));
    keys(&mut model, "?");
    for _ in 0..99 {
        keys(&mut model, "j");
    }
    let screen = super::shown_at(&model, 80, 24);
    for text in ["With the marquee (m)", "take the patch", "Shift-→"] {
        assert!(screen.contains(text), "{text}: {screen}");
    }
}
