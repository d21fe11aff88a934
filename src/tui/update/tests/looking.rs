//! What is seen at which zoom: the loupe, marks on what is too fine, small screens and wide letters.

use super::*;
use crate::tui::message::PreviewRequest;

fn request(effects: &[Effect]) -> &PreviewRequest {
    match effects {
        [Effect::Preview(request)] => request,
        other => panic!("{other:?}"),
    }
}

fn mouse(model: &mut Model, kind: MouseEventKind, column: u16, row: u16) -> Vec<Effect> {
    update(
        model,
        Message::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        }),
    )
}

#[test]
fn settings_that_cannot_be_seen_at_this_zoom_are_marked() {
    let mut model = model();
    // The first layer separates: its radius is 6 px, and the picture is shown at 6 %.
    keys(&mut model, "\t");
    let row = |model: &Model, name: &str| {
        let screen = shown(model);
        let row = screen.lines().find(|it| it.contains(name));
        row.map(str::to_string)
            .unwrap_or_else(|| panic!("{name}: {screen}"))
    };
    assert!(row(&model, "radius").contains('○'));
    assert!(shown(&model).contains("too fine here"));
    // Where it works is seen.
    assert!(!row(&model, "align").contains('○'));
    // A wide radius separates what can be seen.
    keys(&mut model, "\n60\n");
    assert!(!row(&model, "radius").contains('○'));
    // The loupe shows all of it, and so does 1:1.
    keys(&mut model, "0");
    assert!(row(&model, "radius").contains('○'));
    keys(&mut model, "Z");
    assert!(!row(&model, "radius").contains('○'));
    keys(&mut model, "Zz");
    assert!(!row(&model, "radius").contains('○'));
}

#[test]
fn the_loupe_comes_goes_and_is_moved_by_keys() {
    let mut model = model();
    let effects = keys(&mut model, "Z");
    assert_eq!(request(&effects).loupe, Some((0.5, 0.5)));
    update_preview(&mut model);
    assert!(shown(&model).contains("loupe 1:1"));
    keys(&mut model, "\t\t");
    let effects = keys(&mut model, "l");
    let (x, y) = request(&effects).loupe.expect("a loupe");
    assert!(x > 0.5 && y == 0.5);
    assert_eq!(request(&effects).view, View::default());
    // It stays inside the picture.
    keys(&mut model, &"hhhhhhhhhh".repeat(20));
    assert_eq!(keys(&mut model, "h"), []);
    let left = model.loupe.expect("a loupe").0;
    assert!(left > 0.0 && left < 0.05, "{left}");
    // At 1:1 the keys pan.
    keys(&mut model, "z");
    assert!(!model.loupe_shows());
    let effects = keys(&mut model, "l");
    assert_ne!(request(&effects).view, View::default());
    let effects = keys(&mut model, "Z");
    assert_eq!(request(&effects).loupe, None);
}

fn update_preview(model: &mut Model) {
    let ready = preview(model, Subject::Picture);
    update(model, Message::PreviewReady(ready));
}

#[test]
fn the_mouse_takes_the_loupe_along() {
    let mut model = model();
    keys(&mut model, "Z");
    update_preview(&mut model);
    let picture = model.layout().expect("large enough").picture;
    let (x, y) = (
        picture.x + picture.width / 4,
        picture.y + picture.height / 2,
    );
    let left = MouseButton::Left;
    let effects = mouse(&mut model, MouseEventKind::Down(left), x, y);
    let (across, down) = request(&effects).loupe.expect("a loupe");
    assert!((0.2..0.3).contains(&across) && (0.4..0.6).contains(&down));
    let effects = mouse(&mut model, MouseEventKind::Drag(left), x + 20, y);
    assert!(request(&effects).loupe.expect("a loupe").0 > across + 0.2);
    assert_eq!(model.view, View::default());
}

#[test]
fn every_screen_fits_a_small_terminal() {
    let mut model = model();
    model.screen = Size::new(60, 20);
    for (typed, expected) in [
        ("", "a.png"),
        ("\t", "radius"),
        ("?", "next pane"),
        ("q", "Layers"),
        ("o", "separation"),
        ("q", "Layers"),
        ("a", "texture"),
        ("q", "Layers"),
        ("lq", "Esc stay"),
    ] {
        keys(&mut model, typed);
        let screen = shown_at(&model, 60, 20);
        assert!(screen.contains(expected), "{typed}: {screen}");
    }
    model.screen = Size::new(59, 20);
    assert!(shown_at(&model, 59, 20).contains("60×20"));
}

#[test]
fn no_hint_is_cut_off() {
    let mut model = model();
    let hints = |model: &mut Model, width: u16| {
        model.screen = Size::new(width.into(), 24);
        let screen = shown_at(model, width, 24);
        let row = screen.lines().last().expect("a row").to_string();
        row.trim_matches(['"', ' ']).to_string()
    };
    for _ in 0..3 {
        let all = hints(&mut model, 200);
        for width in 60..100 {
            let row = hints(&mut model, width);
            let rest = all.strip_prefix(&row).expect("the first of the hints");
            let whole = rest.is_empty() || rest.starts_with("  ");
            assert!(whole, "{width}: {row}|{rest}");
        }
        keys(&mut model, "\t");
    }
}

#[test]
fn what_a_parameter_does_is_said_when_the_cursor_gets_there() {
    let mut model = model();
    keys(&mut model, "\tu");
    assert!(shown(&model).contains("nothing to undo"));
    keys(&mut model, "jk");
    assert!(shown(&model).contains("the original  ○ too fine here: z, Z"));
    // Where it does not fit, nothing is begun to be said of the zoom.
    model.screen = Size::new(60, 20);
    let screen = shown_at(&model, 60, 20);
    let row = screen.lines().rev().nth(1).expect("a row");
    assert!(row.contains("the original ") && !row.contains('○'), "{row}");
}

#[test]
fn while_something_is_typed_the_hints_are_of_that() {
    let mut model = model();
    let hints = |model: &Model| {
        let screen = shown(model);
        screen.lines().last().expect("a row").to_string()
    };
    keys(&mut model, "/");
    assert!(hints(&model).contains("\" Enter keep it  Esc list all "));
    key(&mut model, KeyCode::Esc);
    keys(&mut model, "\t\n999\n");
    assert!(hints(&model).contains("\" Enter set it  Esc leave it "));
    assert!(shown(&model).contains("is outside"));
    key(&mut model, KeyCode::Esc);
    assert!(hints(&model).contains("? help"));
    assert!(!shown(&model).contains("is outside"));
}

#[test]
fn of_renders_that_are_equally_far_the_first_is_named() {
    let mut model = model();
    model.renders = [(0, 0.0), (1, 0.0)].into();
    let screen = shown(&model);
    assert!(screen.contains("rendering a.png"), "{screen}");
}

#[test]
fn wide_letters_in_names_move_nothing() {
    let names = [
        "写真の肖像画です.png",
        "👩‍👩‍👧 famille.png",
        "e\u{301}te\u{301}.png",
    ];
    let paths = names.map(Into::into).to_vec();
    let mut model = model_of(paths, Size::new(60, 20));
    start(&mut model);
    read(&mut model, 0);
    model.renders.insert(0, 0.5);
    for screen in [(60, 20), (80, 24), (120, 40)] {
        model.screen = Size::new(screen.0, screen.1);
        let (width, height) = (screen.0 as u16, screen.1 as u16);
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("in memory");
        let frame = terminal.draw(|frame| view::draw(&model, None, frame));
        let buffer = frame.expect("it is drawn").buffer.clone();
        let layout = model.layout().expect("large enough");
        for pane in [layout.pictures, layout.preview, layout.parameters] {
            for row in pane.y..pane.bottom() {
                for column in [pane.x, pane.right() - 1] {
                    let symbol = buffer[(column, row)].symbol();
                    assert!(
                        "│┌┐└┘".contains(symbol),
                        "{symbol:?} in {column},{row} of {screen:?}"
                    );
                }
            }
        }
        let status: String = (0..width)
            .map(|x| buffer[(x, layout.status.y)].symbol())
            .collect();
        assert!(status.contains("50 %"), "{status}");
    }
}
