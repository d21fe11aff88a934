//! Keys in, state and effects out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

mod looking;
mod meter;
mod tone;
mod tools;

use super::*;
use crate::engine::recipe::{Kind, preset};
use crate::tui::geometry::Size;
use crate::tui::layout::{Layout, inner};
use crate::tui::message::RenderRequest;
use crate::tui::picture::{Colours, Offer, Protocol, Why};
use crate::tui::view;

/// A model of a screen of so many cells on a terminal with kitty's graphics.
fn model_of(paths: Vec<std::path::PathBuf>, screen: Size) -> Model {
    let offer = Offer {
        chosen: Protocol::Kitty,
        why: Why::Asked,
        all: vec![
            Protocol::Kitty,
            Protocol::Cells(Colours::True),
            Protocol::Off,
        ],
    };
    Model::new(paths, screen, Size::new(8, 16), offer, false)
}

/// Two pictures; the first is open with the recipe `full`.
fn model() -> Model {
    let paths = ["a.png", "b.png"].map(Into::into).to_vec();
    let mut model = model_of(paths, Size::new(100, 30));
    let effects = start(&mut model);
    assert_eq!(effects, [Effect::ReadRecipe { picture: 0 }]);
    read(&mut model, 0);
    model
}

fn read(model: &mut Model, picture: usize) {
    let recipe = preset("full").expect("built in");
    update(
        model,
        Message::RecipeRead {
            picture,
            recipe: Ok((recipe, Default::default())),
        },
    );
    let size = Size::new(6000, 4000);
    update(model, Message::PictureRead { picture, size });
}

/// What the worker would answer to the newest wish.
fn preview(model: &Model, subject: Subject) -> Preview {
    let size = match &subject {
        Subject::Picture => Size::new(6000, 4000),
        Subject::Donor { size, .. } => *size,
    };
    Preview {
        number: model.wish,
        picture: model.open.expect("a picture is open"),
        image: Default::default(),
        frame: model.view.frame(size, model.preview_pixels()),
        subject,
        settled: true,
        skipped: Vec::new(),
        remarks: Vec::new(),
        uncovered: false,
        resolved: Default::default(),
        patches: None,
        spots: None,
        histogram: Default::default(),
    }
}

fn key(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    update(model, Message::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn keys(model: &mut Model, keys: &str) -> Vec<Effect> {
    let effects = keys.chars().map(|it| match it {
        '\t' => key(model, KeyCode::Tab),
        '\n' => key(model, KeyCode::Enter),
        it => key(model, KeyCode::Char(it)),
    });
    effects.flatten().collect()
}

fn shown(model: &Model) -> String {
    shown_at(model, 100, 30)
}

fn shown_at(model: &Model, width: u16, height: u16) -> String {
    let backend = TestBackend::new(width, height);
    let mut terminal = Terminal::new(backend).expect("a terminal in memory");
    let frame = terminal.draw(|frame| view::draw(model, None, frame));
    frame.expect("it is drawn");
    terminal.backend().to_string()
}

/// The answer to a wish to write the recipe as it is now.
fn written(model: &mut Model, picture: usize, error: Option<&str>) -> Vec<Effect> {
    let edit = model.entries[picture].edit.as_ref().expect("a recipe");
    let recipe = edit.recipe.clone();
    let error = error.map(str::to_string);
    update(
        model,
        Message::RecipeWritten {
            picture,
            recipe,
            error,
        },
    )
}

fn kinds(model: &Model) -> Vec<Kind> {
    let layers = &model.edit().expect("a recipe").recipe.layers;
    layers.iter().map(|it| it.kind()).collect()
}

#[test]
fn tab_leads_to_the_first_parameter_of_the_first_layer() {
    let mut model = model();
    keys(&mut model, "\t");
    let setting = model.selected_setting().expect("a setting");
    assert_eq!((model.stack.layer, setting.spec.name), (0, "radius"));
    let effects = keys(&mut model, "l");
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    assert!(shown(&model).contains("6.1 px"));
}

#[test]
fn a_layer_that_is_selected_is_got_ready_for() {
    let mut model = model();
    keys(&mut model, "\t");
    let to_the_next = (0..20).map(|_| keys(&mut model, "j"));
    let mut effects = to_the_next.flatten();
    assert!(matches!(effects.next(), Some(Effect::Prepare { layer: 1 })));
}

#[test]
fn a_draft_of_an_earlier_recipe_is_shown_while_a_key_is_held() {
    let mut model = model();
    keys(&mut model, "\tlll");
    let draft = |model: &Model, behind: u64| Preview {
        number: model.wish - behind,
        settled: false,
        ..preview(model, Subject::Picture)
    };
    let shown = |model: &Model| model.preview.as_ref().map(|it| model.wish - it.number);
    let (older, newer) = (draft(&model, 2), draft(&model, 1));
    update(&mut model, Message::PreviewReady(newer));
    assert_eq!(shown(&model), Some(1));
    // What is older than what is shown is not, nor what another view was wished for before.
    update(&mut model, Message::PreviewReady(older));
    assert_eq!(shown(&model), Some(1));
    let late = draft(&model, 0);
    keys(&mut model, "z");
    update(&mut model, Message::PreviewReady(late));
    assert_eq!(shown(&model), Some(2));
}

#[test]
fn the_preview_goes_through_all_protocols_and_off_wishes_for_nothing() {
    let mut model = model();
    let effects = keys(&mut model, "V");
    let cells = Protocol::Cells(Colours::True);
    assert!(matches!(effects[..], [Effect::Show(it), Effect::Preview(_)] if it == cells));
    assert!(shown(&model).contains("preview: cells (2 of 3)"));
    assert_eq!(model.preview_cell(), Size::new(1, 2));
    let effects = keys(&mut model, "V");
    assert_eq!(effects, [Effect::Show(Protocol::Off), Effect::LeavePreview]);
    assert!(shown(&model).contains("The preview is off. V shows it."));
    assert_eq!(
        keys(&mut model, "jklbz.mtZ"),
        [Effect::ReadRecipe { picture: 1 }]
    );
    assert!(shown(&model).contains("the preview is off; V shows it"));
    let effects = keys(&mut model, "V");
    assert!(matches!(effects[0], Effect::Show(Protocol::Kitty)));
}

#[test]
fn every_key_of_a_held_one_counts_and_only_the_last_wish_is_answered() {
    let mut model = model();
    keys(&mut model, "\t");
    for _ in 0..100 {
        keys(&mut model, "l");
    }
    assert!(shown(&model).contains("16.0 px"));
    let old = Preview {
        number: model.wish - 1,
        ..preview(&model, Subject::Picture)
    };
    let old = Message::PreviewReady(old);
    update(&mut model, old);
    assert!(model.preview.is_none());
}

#[test]
fn a_held_key_is_one_step_to_undo() {
    let mut model = model();
    keys(&mut model, "\tllllljlu");
    assert!(shown(&model).contains("6.5 px"));
    keys(&mut model, "u");
    assert!(shown(&model).contains("6.0 px"));
    assert!(!model.edit().expect("a recipe").is_changed());
}

#[test]
fn a_default_a_typed_value_and_what_is_written_are_steps_of_their_own() {
    for (typed, earlier) in [("L0", "7.0 px"), ("L\n9\n", "7.0 px"), ("\n9\nL", "9.0 px")] {
        let mut model = model();
        keys(&mut model, "\t");
        keys(&mut model, typed);
        keys(&mut model, "u");
        assert!(
            shown(&model).contains(earlier),
            "{typed}: {}",
            shown(&model)
        );
    }
    let mut model = model();
    keys(&mut model, "\tL");
    written(&mut model, 0, None);
    keys(&mut model, "Lu");
    assert!(shown(&model).contains("7.0 px"), "{}", shown(&model));
    assert!(model.unwritten().is_empty());
}

#[test]
fn what_was_said_of_a_change_goes_with_it() {
    let mut model = model();
    keys(&mut model, "o\n");
    assert!(model.status.contains("u brings the earlier recipe back"));
    keys(&mut model, "u");
    assert_eq!(model.status, "");
}

#[test]
fn the_help_scrolls_back_from_its_end_at_once() {
    let mut model = model();
    keys(&mut model, "?");
    keys(&mut model, &"j".repeat(80));
    let end = shown(&model);
    keys(&mut model, "j");
    assert_eq!(shown(&model), end);
    keys(&mut model, "k");
    assert_ne!(shown(&model), end);
    // On a larger screen the end is farther up.
    keys(&mut model, "j");
    update(&mut model, Message::Resized(Size::new(100, 40)));
    let end = shown_at(&model, 100, 40);
    keys(&mut model, "k");
    assert_ne!(shown_at(&model, 100, 40), end);
}

#[test]
fn a_filter_without_a_match_leaves_the_open_picture_open() {
    let mut model = model();
    keys(&mut model, "n");
    read(&mut model, 1);
    keys(&mut model, "/x");
    key(&mut model, KeyCode::Esc);
    assert_eq!((model.open, model.cursor), (Some(1), 1));
}

#[test]
fn text_is_pasted_into_the_filter() {
    let mut model = model();
    keys(&mut model, "/");
    let effects = update(&mut model, Message::Pasted("b.p\n".to_string()));
    assert_eq!(effects, [Effect::ReadRecipe { picture: 1 }]);
    assert!(shown(&model).contains("/b.p▏"));
}

#[test]
fn a_picture_that_was_rendered_after_all_is_looked_at_again() {
    let mut model = model();
    let why = "the file ends early".to_string();
    update(&mut model, Message::PictureFailed { picture: 0, why });
    let rendered = || Message::RenderEnded {
        picture: 0,
        result: Ok(Some(("a.repored.png".into(), Vec::new()))),
    };
    let effects = update(&mut model, rendered());
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    assert_eq!(model.status, "wrote a.repored.png");
    assert_eq!(update(&mut model, rendered()), []);
}

#[test]
fn a_typed_value_out_of_range_is_refused_in_words() {
    let mut model = model();
    keys(&mut model, "\t\n900\n");
    assert_eq!(model.status, "radius 900 px is outside 0.5 to 200 px");
    assert!(shown(&model).contains("900▏"));
}

#[test]
fn layers_are_added_moved_and_deleted() {
    let mut model = model();
    keys(&mut model, "\tJ");
    assert_eq!(kinds(&model), [Kind::Graft, Kind::Texture, Kind::Noise]);
    keys(&mut model, "D");
    assert_eq!(kinds(&model), [Kind::Graft, Kind::Noise]);
    keys(&mut model, "ajjj\n");
    assert_eq!(kinds(&model), [Kind::Graft, Kind::Noise, Kind::Picture]);
    keys(&mut model, "uuu");
    assert_eq!(kinds(&model), [Kind::Texture, Kind::Graft, Kind::Noise]);
}

#[test]
fn a_recipe_goes_from_one_picture_to_another() {
    let mut model = model();
    keys(&mut model, "\tlyn");
    read(&mut model, 1);
    keys(&mut model, "P");
    assert_eq!(model.open, Some(1));
    assert!(shown(&model).contains("6.1 px"));
}

#[test]
fn the_paths_of_a_copied_recipe_lead_to_the_same_files_from_another_folder() {
    let mut model = model();
    model.working_folder = "/shoot".into();
    let read_from = |model: &mut Model, picture, folder: &str| {
        let mut recipe = preset("full").expect("built in");
        recipe.mask_with_file("grain.png".to_string());
        let recipe = Ok((recipe, folder.into()));
        update(model, Message::RecipeRead { picture, recipe });
    };
    let path = |model: &Model| {
        let edit = model.edit().expect("a recipe");
        edit.recipe.masks.file.path.clone()
    };
    read_from(&mut model, 0, "A");
    keys(&mut model, "yn");
    read_from(&mut model, 1, "A");
    keys(&mut model, "P");
    assert_eq!(path(&model), "grain.png");
    read_from(&mut model, 1, "B");
    keys(&mut model, "P");
    assert_eq!(path(&model), "/shoot/A/grain.png");
    keys(&mut model, "u");
    assert_eq!(path(&model), "grain.png");
}

#[test]
fn a_recipe_that_cannot_be_read_is_told_and_nothing_pretends_to_change_it() {
    let mut model = model();
    let seen = preview(&model, Subject::Picture);
    update(&mut model, Message::PreviewReady(seen.clone()));
    keys(&mut model, "yn");
    let why = "cannot use the recipe b.png.repore.toml: unknown foo";
    let failed = Message::RecipeRead {
        picture: 1,
        recipe: Err(why.to_string()),
    };
    update(&mut model, failed);
    // Nor does a late preview of the picture before come back under this one's name.
    update(&mut model, Message::PreviewReady(seen));
    assert!(model.preview.is_none());
    let words = |model: &Model| shown(model).matches("b.png.repore.toml").count();
    assert_eq!(words(&model), 2, "{}", shown(&model));
    for typed in ["o\n", "P", "y"] {
        assert_eq!(keys(&mut model, typed), []);
        let status = "there is no recipe to work on: cannot use";
        assert!(model.status.starts_with(status), "{}", model.status);
    }
}

#[test]
fn quitting_asks_only_when_something_would_be_lost() {
    let mut model = model();
    assert_eq!(keys(&mut model, "q"), [Effect::Quit]);
    keys(&mut model, "\tl");
    assert_eq!(keys(&mut model, "q"), []);
    assert!(shown(&model).contains("a.png"));
    let effects = keys(&mut model, "y");
    assert!(matches!(
        effects[..],
        [Effect::WriteRecipe { picture: 0, .. }]
    ));
    assert_eq!(written(&mut model, 0, None), [Effect::Quit]);
}

#[test]
fn a_recipe_that_cannot_be_written_is_not_left_behind() {
    let mut model = model();
    keys(&mut model, "\tln");
    read(&mut model, 1);
    assert_eq!(keys(&mut model, "lqy").len(), 3);
    let why = "cannot write a.png.repore.toml: it is a folder";
    assert_eq!(written(&mut model, 0, Some(why)), []);
    assert_eq!(written(&mut model, 1, None), []);
    assert!(shown(&model).contains(why), "{}", shown(&model));
    assert_eq!(model.unwritten(), [0]);
    // Esc stays, and what could be mended in the meantime is tried again.
    key(&mut model, KeyCode::Esc);
    let effects = keys(&mut model, "qy");
    assert!(matches!(
        effects[..],
        [Effect::WriteRecipe { picture: 0, .. }]
    ));
    assert!(!shown(&model).contains(why));
    assert_eq!(written(&mut model, 0, None), [Effect::Quit]);
}

#[test]
fn a_key_that_was_meant_for_another_dialog_replaces_nothing() {
    let exists = |picture| {
        Message::RenderExists(RenderRequest {
            picture,
            recipe: None,
            overwrite: false,
        })
    };
    let mut model = model();
    keys(&mut model, "/");
    update(&mut model, exists(0));
    update(&mut model, exists(1));
    assert_eq!(keys(&mut model, "y"), []);
    assert_eq!(model.filter, "y");
    assert!(!shown(&model).contains("Replace?"));
    // It is asked as soon as the other is closed, once for both.
    key(&mut model, KeyCode::Esc);
    assert!(shown(&model).contains("Replace?"));
    let replaced = keys(&mut model, "y");
    assert!(matches!(&replaced[..], [Effect::Render(it), Effect::Render(_)] if it.overwrite));
    // Nor does it take the place of the question whether to quit.
    let mut model = self::model();
    keys(&mut model, "\tlq");
    update(&mut model, exists(0));
    let effects = keys(&mut model, "y");
    assert!(matches!(effects[..], [Effect::WriteRecipe { .. }]));
}

#[test]
fn the_end_of_the_line_writes_what_was_changed() {
    let mut model = model();
    keys(&mut model, "\tl");
    let effects = update(&mut model, Message::Terminate);
    assert!(matches!(
        effects[..],
        [Effect::WriteRecipe { keep_old: true, .. }, Effect::Quit]
    ));
}

#[test]
fn the_mouse_drags_a_slider_and_pans_the_preview() {
    let mut model = model();
    let layout = Layout::of(model.screen).expect("large enough");
    let area = inner(layout.parameters);
    let (start, width) = Layout::slider(area);
    let at = |kind, column, row| {
        Message::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        })
    };
    let left = MouseButton::Left;
    update(
        &mut model,
        at(MouseEventKind::Down(left), start, area.y + 2),
    );
    assert!(shown(&model).contains(" 0 %"));
    let end = start + width - 1;
    update(&mut model, at(MouseEventKind::Drag(left), end, area.y + 2));
    assert!(shown(&model).contains("300 %"));
    update(&mut model, at(MouseEventKind::Up(left), end, area.y + 2));

    keys(&mut model, "z");
    let centre = model.view.centre;
    let (x, y) = (layout.picture.x + 9, layout.picture.y + 9);
    update(&mut model, at(MouseEventKind::Down(left), x, y));
    update(&mut model, at(MouseEventKind::Drag(left), x - 4, y));
    assert!(model.view.centre.0 > centre.0);
}

#[test]
fn the_screens_show_what_they_should() {
    let mut model = model();
    for (typed, expected) in [
        ("?", "next pane"),
        ("q", "Pictures 2"),
        ("o", "separation"),
        ("q", "Layers"),
        ("/", "/▏"),
    ] {
        keys(&mut model, typed);
        assert!(
            shown(&model).contains(expected),
            "{typed}: {}",
            shown(&model)
        );
    }
    keys(&mut model, "b.");
    assert!(!shown(&model).contains("a.png  "));
    assert_eq!(model.open, Some(1));
}

#[test]
fn what_does_not_fit_the_status_line_is_read_in_full() {
    let mut model = model();
    keys(&mut model, "!");
    assert_eq!(model.status, "there is nothing to say");
    let why = "cannot write a.repored.png: the permission is denied; check the owner and mode of file and folder";
    let result = Err(why.to_string());
    update(&mut model, Message::RenderEnded { picture: 0, result });
    let line = "cannot write a.repored.png: the permission is denied; check the … ! says all";
    model.screen = Size::new(80, 24);
    assert!(shown_at(&model, 80, 24).contains(line));
    let check_said = |model: &mut Model| {
        keys(model, "!");
        let screen = shown_at(model, 60, 20);
        for row in [
            "cannot write a.repored.png: the permission is denied;",
            "check the owner and mode of file and folder",
        ] {
            assert!(screen.contains(row), "{screen}");
        }
        keys(model, "j");
        assert!(model.dialog.is_none());
    };
    check_said(&mut model);
    // It is there when the picture is looked at again, until it was rendered.
    keys(&mut model, "n");
    read(&mut model, 1);
    assert!(!shown(&model).contains("permission"));
    keys(&mut model, "p");
    assert!(shown_at(&model, 80, 24).contains(line));
    check_said(&mut model);
}

#[test]
fn what_a_preset_needs_is_read_on_small_terminals_too() {
    let mut model = model();
    keys(&mut model, "o");
    let screen = shown_at(&model, 60, 20);
    assert!(screen.contains("needs some real skin"), "{screen}");
}

#[test]
fn all_remarks_on_a_picture_can_be_read() {
    let mut model = model();
    let remarks = ["layer 1 is skipped", "layer 2 has no patch"];
    let preview = Preview {
        remarks: remarks.map(str::to_string).to_vec(),
        ..preview(&model, Subject::Picture)
    };
    update(&mut model, Message::PreviewReady(preview));
    assert!(shown(&model).contains("layer 1 is skipped … ! says all"));
    keys(&mut model, "!");
    let screen = shown(&model);
    assert!(remarks.iter().all(|it| screen.contains(it)), "{screen}");
}

#[test]
fn all_pictures_of_the_list_are_marked_at_once() {
    let mut model = model();
    let marked = |model: &Model| [0, 1].map(|it| model.entries[it].marked);
    keys(&mut model, "vA");
    assert_eq!(marked(&model), [true, true]);
    keys(&mut model, "A");
    assert_eq!(marked(&model), [false, false]);
    // What the filter hides is left as it is.
    keys(&mut model, "/b");
    key(&mut model, KeyCode::Enter);
    keys(&mut model, "A");
    assert_eq!(marked(&model), [false, true]);
}
