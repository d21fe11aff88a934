//! The real program in a real pseudo-terminal: keys in, screen and files out.

#![cfg(unix)]

mod common;

use std::time::Duration;

use common::pty::{Session, Terminal, check_restored};
use common::{Folder, plastic, skin};
use repore::engine::recipe::Recipe;

fn folder() -> Folder {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(160, 120));
    folder.picture("b.png", &plastic(120, 160));
    folder.picture("originals/a.png", &skin(160, 120));
    folder
}

#[test]
fn a_whole_job_from_opening_to_the_exported_pixels() {
    let folder = folder();
    // The recipe of the job, with a patch for the graft.
    folder.text(
        "job.toml",
        "[[layer]]\nkind = \"graft\"\ndonor = \"original\"\ntiling = \"pattern\"\n\
         patch = { x = 8, y = 8, width = 64, height = 64 }\n\
         [[layer]]\nkind = \"noise\"\n",
    );
    let session = Session::start(&folder, &[".", "--recipe", "job.toml"], 100, 30);
    session.await_text("a.png 160×120");
    session.await_settled();

    // High-pass radius up by three fine steps and one coarse one: 2.0 to 3.3 px.
    session.keys("\tlllL");
    session.await_text("3.3 px");
    // Down to the noise layer: its amount typed, its blur down by two steps.
    session.keys("G");
    session.keys("kkkkkkkk");
    session.await_text("noise amount");
    session.keys("\r12.5\r");
    session.await_text("12.5 %");
    session.keys("jhh");
    session.await_text("0.30 px");
    session.keys("ll");
    session.await_text("0.40 px");

    // Compare.
    session.keys("b");
    session.await_text("BEFORE");
    session.keys("bs");
    session.await_text("before|after");
    session.keys("sd");
    session.await_text("detail");
    session.keys("dz");
    session.await_settled();

    // Write, render, quit.
    session.keys("w");
    session.await_text("wrote a.png.repore.toml");
    session.keys("r");
    session.await_text("wrote a.repored.png");
    session.keys("q");
    let (code, bytes) = session.end();
    assert_eq!(code, 0);
    check_restored(&bytes);

    // What was exported is what the command makes of the recipe that was tuned.
    let recipe = std::fs::read_to_string(folder.at("a.png.repore.toml")).expect("it was written");
    assert!(recipe.contains("radius = 3.3"), "{recipe}");
    assert!(recipe.contains("amount = 12.5"), "{recipe}");
    folder
        .run(&["render", "a.png", "-o", "again.png"])
        .check_done();
    let (exported, again) = (folder.read("a.repored.png"), folder.read("again.png"));
    assert_eq!(exported, again);
    assert_ne!(exported, folder.read("a.png"));
}

#[test]
fn a_recipe_that_cannot_be_written_keeps_the_program_open() {
    let folder = folder();
    let session = Session::start(&folder, &[".", "--recipe", "noise"], 100, 30);
    session.await_text("a.png 160×120");
    session.keys("\tL");
    let sidecar = folder.at("a.png.repore.toml");
    std::fs::create_dir(&sidecar).expect("it is made");
    session.keys("qy");
    session.await_screen("reason", |screen| {
        screen.contains("These recipes were changed and not written")
            && screen.contains("cannot write")
    });
    std::fs::remove_dir(&sidecar).expect("it is empty");
    session.keys("y");
    assert_eq!(session.end().0, 0);
    assert!(sidecar.is_file());
}

#[test]
fn a_picture_that_ends_early_is_previewed_as_far_as_it_goes() {
    let folder = folder();
    let cut = |name: &str| {
        let mut bytes = std::fs::read(folder.at(name)).expect("it is there");
        bytes.truncate(bytes.len() / 2);
        std::fs::write(folder.at(name), bytes).expect("it is written");
    };
    cut("a.png");
    cut("originals/a.png");
    let session = Session::start(&folder, &["a.png"], 100, 30);
    session.await_text("the file ends early");
    session.keys("q");
    assert_eq!(session.end().0, 0);
    let session = Session::start(
        &folder,
        &["a.png", "--recipe", "noise", "--partial"],
        100,
        30,
    );
    session.await_text("a.png 160×120");
    session.await_settled();
    // Its original is read in the same way.
    assert!(
        !session.screen().contains("cannot read"),
        "{}",
        session.screen()
    );
    session.keys("q");
    assert_eq!(session.end().0, 0);
}

/// What a terminal sends when the left button is pressed in the first cell, dragged over the others
/// and let go in the last; cells count from 0.
fn drag(cells: &[(u16, u16)]) -> String {
    let report = |button: u16, (column, row): (u16, u16), end: char| {
        format!("\x1b[<{button};{};{}{end}", column + 1, row + 1)
    };
    let mut sent = report(0, cells[0], 'M');
    sent.extend(cells[1..].iter().map(|it| report(32, *it, 'M')));
    sent + &report(0, cells[cells.len() - 1], 'm')
}

#[test]
fn a_mask_that_covers_nothing_says_why() {
    let folder = folder();
    folder.text(
        "job.toml",
        "[[layer]]\nkind = \"texture\"\n\
         [[layer]]\nkind = \"noise\"\nmasks = [\"midtones\"]\n\
         [mask.midtones]\nlow = 0.97\nhigh = 1.0\n",
    );
    // The first layer is skipped, as this picture has no original; that of the second covers no pixel.
    let session = Session::start(&folder, &["b.png", "--recipe", "job.toml"], 120, 30);
    session.await_text("b.png 120×160");
    session.keys("M");
    session.await_text("layer 1 \"texture\" skipped: there is no original");
    session.keys("\tG");
    session.await_text("layer 2 \"noise\" paints nothing here");
    session.keys(" ");
    session.await_text("layer 2 \"noise\" is off: it paints nowhere");
    session.keys("qn");
    assert_eq!(session.end().0, 0);
}

#[test]
fn a_patch_is_marked_and_a_mask_painted_with_the_mouse() {
    let folder = folder();
    folder.text(
        "job.toml",
        "[[layer]]\nkind = \"graft\"\ndonor = \"original\"\ntiling = \"pattern\"\n",
    );
    let session = Session::start(&folder, &[".", "--recipe", "job.toml"], 100, 30);
    session.await_text("a.png 160×120");
    session.await_settled();

    // The picture lies in columns 21 to 66 and rows 5 to 22, at 3.5 px a column and 7 a row.
    session.keys("m");
    session.await_text("PATCH");
    session.await_settled();
    session.keys(&drag(&[(25, 7), (30, 10), (45, 15)]));
    session.await_text("Enter takes them");
    session.keys("\r");
    session.await_text("takes its texture from");
    session.keys("S");
    session.await_text("A name for the patch");
    session.keys("cheek\r");
    session.await_text("saved cheek to the donor library");
    assert!(folder.at("data/repore/donors/cheek.png").exists());
    session.keys("C");
    session.await_text("The donor of the graft");
    session.await_text("cheek");
    session.keys("q");
    session.await_screen("no choice", |screen| !screen.contains("The donor of"));

    session.keys("B");
    session.await_text("brush mask added to layer 1");
    session.await_settled();
    session.keys(&drag(&[(24, 7), (26, 7), (28, 8)]));
    session.await_screen("a stroke", |screen| !screen.contains("brush mask added"));
    session.keys("xll ");
    session.await_text("ERASER");
    session.keys("B");
    session.await_screen("no brush", |screen| !screen.contains("ERASER"));
    session.keys("w");
    session.await_text("wrote a.png.repore.toml");
    session.keys("r");
    session.await_text("wrote a.repored.png");
    session.keys("q");
    assert_eq!(session.end().0, 0);

    let text = std::fs::read_to_string(folder.at("a.png.repore.toml")).expect("it was written");
    let recipe = Recipe::from_toml(&text).expect("it is a recipe");
    let strokes = &recipe.masks.brush.strokes;
    assert_eq!(strokes.len(), 2, "{text}");
    assert_eq!(strokes[0].points.len(), 3, "{text}");
    let [x, y] = strokes[0].points[0];
    assert!(
        (9.0..16.0).contains(&x) && (12.0..24.0).contains(&y),
        "{text}"
    );
    assert!(text.contains("mode = \"erase\""), "{text}");
    folder
        .run(&["render", "a.png", "-o", "again.png"])
        .check_done();
    let (before, after) = (
        folder.read("a.png").to_rgb8(),
        folder.read("a.repored.png").to_rgb8(),
    );
    assert_eq!(after, folder.read("again.png").to_rgb8());
    assert_ne!(after, before);
    // Far from what was painted nothing changes.
    for (x, y) in [(150, 110), (100, 20), (10, 110)] {
        assert_eq!(after.get_pixel(x, y), before.get_pixel(x, y));
    }
}

#[test]
fn pictures_are_browsed_filtered_marked_and_rendered_together() {
    let folder = folder();
    let session = Session::start(&folder, &[".", "--recipe", "noise"], 80, 24);
    session.await_text("a.png 160×120");
    session.keys("j");
    session.await_text("b.png 120×160");
    session.keys("p");
    session.await_text("a.png 160×120");
    session.keys("/b.p");
    session.await_text("b.png 120×160");
    session.await_screen("only b", |screen| !screen.contains("a.png"));
    session.keys("\x1b");
    session.await_text("Pictures 2");
    session.keys("gvGv");
    session.keys("R");
    session.await_screen("two results", |_| {
        folder.at("a.repored.png").exists() && folder.at("b.repored.png").exists()
    });
    session.await_text("wrote");
    session.keys("q");
    assert_eq!(session.end().0, 0);
}

#[test]
fn undo_paste_presets_and_layers_work_by_keys() {
    let folder = folder();
    let session = Session::start(&folder, &[".", "--recipe", "noise"], 100, 30);
    session.await_text("a.png 160×120");
    session.keys("\tllll");
    session.await_text("3.4 %");
    session.keys("uu");
    session.await_text("3.0 %");
    session.keys("\x12");
    session.await_text("3.4 %");
    session.keys("0");
    session.await_text("3.0 %");
    session.keys("uyn");
    session.await_text("b.png 120×160");
    session.await_text("3.0 %");
    session.keys("P");
    session.await_text("3.4 %");
    session.keys("o");
    session.await_text("Presets");
    session.keys("jjj\r");
    session.await_text("3 noise");
    session.keys("gD");
    session.await_text("2 noise");
    session.keys("a");
    session.await_text("Add a layer");
    session.keys("jjj\r");
    session.await_text("picture");
    session.keys(" ");
    session.await_text("[ ]");
    session.keys("?");
    session.await_text("next pane");
    session.keys("\x1b");
    session.await_screen("no help", |screen| !screen.contains("next pane"));
    session.keys("q");
    session.await_text("These recipes were changed");
    session.keys("n");
    let (code, bytes) = session.end();
    assert_eq!(code, 0);
    check_restored(&bytes);
    assert!(!folder.at("a.png.repore.toml").exists());
}

#[test]
fn a_picture_is_seen_as_cells_behind_a_dialog() {
    let folder = folder();
    let args = [".", "--link", "fast"];
    let session = Session::start_on(Terminal::Kitty, &folder, &args, 100, 30);
    session.await_that("a picture", || {
        String::from_utf8_lossy(&session.bytes()).contains("a=t,f=100")
    });
    assert!(!session.screen().contains('▄'));
    session.keys("i");
    // Not on the screen, where the dialog covers the picture as soon as it has something to tell.
    session.await_that("cells", || {
        String::from_utf8_lossy(&session.bytes()).contains('▄')
    });
    session.keys("\x1b");
    session.await_screen("no cells", |screen| !screen.contains('▄'));
    session.keys("q");
    assert_eq!(session.end().0, 0);
}

#[test]
fn an_existing_result_is_replaced_only_after_asking() {
    let folder = folder();
    folder.text("a.repored.png", "precious");
    let session = Session::start(&folder, &[".", "--recipe", "noise"], 100, 30);
    session.await_text("a.png 160×120");
    session.keys("r");
    session.await_text("Replace?");
    session.keys("n");
    session.await_screen("no question", |screen| !screen.contains("Replace?"));
    assert_eq!(
        std::fs::read(folder.at("a.repored.png")).expect("there"),
        b"precious"
    );
    session.keys("r");
    session.await_text("Replace?");
    session.keys("y");
    session.await_text("wrote a.repored.png");
    assert_eq!(folder.read("a.repored.png").width(), 160);
    session.keys("q");
    assert_eq!(session.end().0, 0);
}

#[test]
fn the_low_layer_is_written_and_what_becomes_of_it_merged() {
    let folder = folder();
    let session = Session::start(&folder, &["."], 100, 30);
    session.await_text("a.png 160×120");
    session.keys("T");
    session.await_text("a.low-layer.tif");
    session.keys("\r");
    session.await_text("Enter waits for it");
    // Another file than the layer itself, as a program makes it.
    session.keys("\x15made.png\r");
    session.await_text("waiting for made.png");
    let low = folder.read("a.low-layer.tif").to_rgb8();
    folder.picture("made.png", &low.into());
    session.await_text("wrote a.toned.png");
    let (toned, photo) = (
        folder.read("a.toned.png").to_rgb8(),
        folder.read("a.png").to_rgb8(),
    );
    let pairs = toned.as_raw().iter().zip(photo.as_raw());
    assert!(pairs.into_iter().all(|(a, b)| a.abs_diff(*b) <= 1));
    session.keys("q");
    assert_eq!(session.end().0, 0);
}

#[test]
fn a_damaged_picture_is_shown_as_such_and_the_others_work() {
    let folder = folder();
    folder.text("0.png", "no picture at all");
    let session = Session::start(&folder, &["."], 100, 30);
    session.await_text("cannot read");
    session.keys("n");
    session.await_text("a.png 160×120");
    session.await_settled();
    session.keys("q");
    assert_eq!(session.end().0, 0);
}

#[test]
fn a_small_terminal_says_what_is_needed_and_grows() {
    let folder = folder();
    let session = Session::start(&folder, &["."], 59, 20);
    session.await_text("60×20");
    session.resize(60, 20);
    session.await_text("a.png 160×120");
    session.await_settled();
    session.keys("\x03");
    assert_eq!(session.end().0, 0);
}

/// Ends a session with changes by a signal.
fn check_signal(signal: &str) {
    let folder = folder();
    let session = Session::start(&folder, &[".", "--recipe", "noise"], 100, 30);
    session.await_text("a.png 160×120");
    session.keys("\tL");
    session.await_text("4.0 %");
    session.signal(signal);
    let (_, bytes) = session.end();
    check_restored(&bytes);
    let kept = std::fs::read_to_string(folder.at("a.png.repore.toml")).expect("it was kept");
    assert!(kept.contains("amount = 4.0"), "{kept}");
}

#[test]
fn a_hangup_keeps_the_recipe_and_gives_the_terminal_back() {
    check_signal("-HUP");
}

#[test]
fn a_request_to_end_keeps_the_recipe_and_gives_the_terminal_back() {
    check_signal("-TERM");
}

/// Types a hundred keys, one every `pause`, and waits until the noise, 3 % at first, has counted them all.
fn raise_the_amount_a_hundred_times(session: &Session, pause: Duration) {
    session.keys("\t");
    for _ in 0..100 {
        session.keys("l");
        std::thread::sleep(pause);
    }
    session.await_text("13.0 %");
}

#[test]
fn no_key_is_lost_while_previews_are_made() {
    let folder = Folder::new();
    folder.picture("large.png", &plastic(2400, 1800));
    let session = Session::start(&folder, &[".", "--recipe", "noise"], 100, 30);
    session.await_text("large.png");
    raise_the_amount_a_hundred_times(&session, Duration::from_millis(5));
    session.keys("q");
    session.await_text("These recipes were changed");
    session.keys("n");
    assert_eq!(session.end().0, 0);
}

#[test]
fn a_terminal_that_answers_nothing_can_be_used_and_left() {
    let folder = folder();
    let session = Session::start_on(
        Terminal::Silent,
        &folder,
        &[".", "--recipe", "noise"],
        100,
        30,
    );
    // Typed before there is a screen.
    session.keys("\tl");
    session.await_settled();
    session.await_text("3.1 %");
    session.keys("q");
    session.await_text("These recipes were changed");
    session.keys("n");
    let (code, bytes) = session.end();
    assert_eq!(code, 0);
    check_restored(&bytes);
}

#[test]
fn a_suspended_session_goes_on_where_it_was() {
    let folder = folder();
    let session = Session::start(&folder, &[".", "--recipe", "noise"], 100, 30);
    session.await_text("a.png 160×120");
    session.await_settled();
    session.keys("\x1a");
    let written = || String::from_utf8_lossy(&session.bytes()).into_owned();
    session.await_that("screen given back", || written().contains("\x1b[?1049l"));
    check_restored(&written());
    std::thread::sleep(Duration::from_millis(200));
    session.signal("-CONT");
    session.await_text("a.png 160×120");
    session.await_settled();
    session.keys("q");
    let (code, bytes) = session.end();
    assert_eq!(code, 0);
    check_restored(&bytes);
    assert_eq!(bytes.matches("\x1b[?1049h").count(), 2);
}

#[test]
fn no_question_gets_into_a_picture_while_the_window_is_resized() {
    let folder = Folder::new();
    folder.picture("a.png", &skin(600, 400));
    let session = Session::start_on(Terminal::Kitty, &folder, &["a.png"], 150, 50);
    session.await_text("a.png 600×400");
    for step in 0..60 {
        session.resize(150 - step % 7, 50);
        std::thread::sleep(Duration::from_millis(15));
    }
    session.keys("q");
    let (code, bytes) = session.end();
    assert_eq!(code, 0);
    // Once at the start, and then for each size.
    assert!(bytes.matches("\x1b[16t").count() > 1);
    let pictures: Vec<&str> = bytes.split("\x1b_G").skip(1).collect();
    assert!(pictures.len() > 10, "{}", pictures.len());
    for picture in pictures {
        let (inside, _) = picture.split_once('\x1b').expect("an end");
        assert_eq!(picture.get(inside.len()..inside.len() + 2), Some("\x1b\\"));
    }
}

#[test]
fn every_key_of_a_fast_typist_counts_and_a_rest_costs_nothing() {
    let folder = folder();
    let session = Session::start(&folder, &[".", "--recipe", "noise"], 100, 30);
    session.await_text("a.png 160×120");
    raise_the_amount_a_hundred_times(&session, Duration::from_millis(2));
    session.await_settled();
    std::thread::sleep(Duration::from_secs(1));
    let count = || session.bytes().len();
    let before = count();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(count(), before);
    session.keys("q");
    session.await_text("These recipes were changed");
    session.keys("n");
    assert_eq!(session.end().0, 0);
}
