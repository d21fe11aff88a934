//! However the interface ends, and whatever it has shown: nothing is left behind in the terminal.

#![cfg(unix)]

mod common;

use std::collections::BTreeSet;

use common::pty::{Session, Terminal, check_restored};
use common::{Folder, plastic, skin};

const ALL: [Terminal; 4] = [
    Terminal::Kitty,
    Terminal::Iterm,
    Terminal::Sixel,
    Terminal::Cells,
];

fn folder() -> Folder {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(640, 520));
    folder.picture("b.png", &skin(520, 640));
    folder
}

/// What begins a picture in the terminal's protocol.
fn start_of_picture(terminal: Terminal) -> &'static [u8] {
    match terminal {
        Terminal::Kitty => b"\x1b_Ga=t",
        Terminal::Iterm => b"\x1b]1337;File=",
        Terminal::Sixel => b"\x1bP",
        Terminal::Cells | Terminal::Silent => "▄".as_bytes(),
    }
}

/// Starts the interface and waits for a picture on the screen.
fn shown(terminal: Terminal, folder: &Folder) -> Session {
    let session = Session::start_on(terminal, folder, &[".", "--recipe", "noise"], 100, 30);
    session.await_text("a.png 640×520");
    let start = start_of_picture(terminal);
    session.await_that("picture", || {
        let bytes = session.bytes();
        bytes.windows(start.len()).any(|it| it == start)
    });
    session
}

/// The ids of pictures that kitty holds after all this, of which it never held more than four.
fn held_by_kitty(bytes: &str) -> BTreeSet<u32> {
    let mut held = BTreeSet::new();
    for command in bytes.split("\x1b_G").skip(1) {
        let keys = command.split([';', '\x1b']).next().unwrap_or_default();
        let key = |name: &str| {
            let all = keys.split(',').filter_map(|it| it.split_once('='));
            all.filter(|it| it.0 == name).map(|it| it.1).next()
        };
        let id = key("i").and_then(|it| it.parse().ok());
        match (key("a"), key("d")) {
            (Some("t" | "T"), _) => {
                let id = id.expect("a picture has an id");
                assert_ne!(id, 0);
                held.insert(id);
            }
            (Some("d"), Some("I")) => {
                held.remove(&id.expect("its own alone"));
            }
            (Some("d"), how) => assert_eq!(how, Some("i"), "{keys}"),
            _ => {}
        }
        assert!(held.len() <= 4, "{held:?}");
    }
    held
}

/// That the terminal is as it was.
fn check_left(terminal: Terminal, bytes: &str) {
    check_restored(bytes);
    if terminal == Terminal::Kitty {
        assert_eq!(held_by_kitty(bytes), BTreeSet::new());
    }
}

#[test]
fn quitting_leaves_nothing_behind() {
    let folder = folder();
    for terminal in ALL {
        let session = shown(terminal, &folder);
        // Pictures come and go, in kitty by their ids.
        session.keys("\tzb+");
        session.keys("\x1b[Z");
        session.keys("j");
        session.await_text("b.png 520×640");
        session.keys("V");
        session.await_text("preview: ");
        session.keys("q");
        let (code, bytes) = session.end();
        assert_eq!(code, 0);
        check_left(terminal, &bytes);
    }
}

#[test]
fn a_signal_leaves_nothing_behind() {
    let folder = folder();
    for terminal in ALL {
        for signal in ["-TERM", "-HUP"] {
            let session = shown(terminal, &folder);
            session.keys("z");
            session.signal(signal);
            check_left(terminal, &session.end().1);
        }
    }
}

#[test]
fn a_terminal_that_goes_away_ends_the_program() {
    let folder = folder();
    for terminal in ALL {
        let session = shown(terminal, &folder);
        session.keys("\tl");
        session.await_text("3.1 %");
        session.hang_up();
        let kept = std::fs::read_to_string(folder.at("a.png.repore.toml"));
        assert!(kept.expect("it was kept").contains("amount = 3.1"));
        std::fs::remove_file(folder.at("a.png.repore.toml")).expect("it was there");
    }
}

#[test]
fn a_recipe_that_cannot_be_written_is_kept_elsewhere_when_the_program_has_to_end() {
    let folder = folder();
    // Nothing can be written where a folder is, whoever runs this.
    std::fs::create_dir(folder.at("a.png.repore.toml")).expect("a folder");
    let args = ["a.png", "--recipe", "noise"];
    for name in ["a.png.repore.toml", "a.png.2.repore.toml"] {
        let session = Session::start(&folder, &args, 100, 30);
        session.await_text("a.png 640×520");
        session.keys("\tl");
        session.await_text("3.1 %");
        session.signal("-TERM");
        let (_, said) = session.end();
        let kept = folder.at("data/repore/recipes").join(name);
        let text = std::fs::read_to_string(&kept).expect("it was kept");
        assert!(text.contains("amount = 3.1"), "{text}");
        let words = format!("the recipe of a.png was kept as {}", kept.display());
        assert!(said.contains(&words), "{said}");
    }
}

#[test]
fn every_way_to_show_it_takes_away_what_the_one_before_has_shown() {
    let folder = folder();
    let session = shown(Terminal::Kitty, &folder);
    let written = || String::from_utf8_lossy(&session.bytes()).into_owned();
    session.keys("V");
    session.await_text("preview: cells (2 of 4)");
    session.await_settled();
    assert_eq!(held_by_kitty(&written()), BTreeSet::new());
    session.keys("V");
    session.await_text("preview: viuer with kitty's protocol (3 of 4)");
    session.await_that("picture by viuer", || {
        written().contains("f=32,a=T") && held_by_kitty(&written()).len() == 1
    });
    session.keys("V");
    session.await_text("The preview is off.");
    assert_eq!(held_by_kitty(&written()), BTreeSet::new());
    session.keys("b");
    session.await_text("the preview is off; V shows it");
    session.keys("q");
    check_left(Terminal::Kitty, &session.end().1);
}

#[test]
fn moving_in_the_list_without_a_preview_sends_little() {
    let folder = folder();
    let args = [".", "--recipe", "noise", "--preview", "off"];
    let session = Session::start_on(Terminal::Kitty, &folder, &args, 100, 30);
    session.await_text("The preview is off.");
    // What is found out about the first picture is shown a little later.
    session.await_that("silence", || {
        let before = session.bytes().len();
        std::thread::sleep(std::time::Duration::from_millis(300));
        session.bytes().len() == before
    });
    for (key, name) in [("j", " b.png "), ("k", " a.png ")] {
        let before = session.bytes().len();
        session.keys(key);
        session.await_text(name);
        std::thread::sleep(std::time::Duration::from_millis(200));
        let sent = session.bytes().len() - before;
        assert!(sent < 1500, "{sent} bytes");
    }
    session.keys("q");
    let (_, bytes) = session.end();
    assert!(!bytes.contains("\x1b_Ga=t"));
}

#[test]
fn the_doctor_tells_what_was_asked_and_answered() {
    let folder = folder();
    for (terminal, preview, answer) in [
        (Terminal::Kitty, "kitty: the terminal says", "ESC_Gi=31;OK"),
        (Terminal::Sixel, "sixel: the terminal", "ESC[?62;4;22c"),
        (Terminal::Cells, "cells: the terminal knows none", "ESC[?6c"),
        (
            Terminal::Silent,
            "cells: the terminal answered nothing",
            "no answer",
        ),
    ] {
        let session = Session::start_on(terminal, &folder, &["doctor"], 100, 60);
        let (code, bytes) = session.end();
        assert_eq!(code, 0, "{bytes}");
        for words in [preview, answer, "ESC[c", "xterm-256color"] {
            assert!(bytes.contains(words), "{words:?} is not in {bytes}");
        }
    }
    let session = Session::start_on(Terminal::Kitty, &folder, &["doctor", "--json"], 100, 60);
    let (_, bytes) = session.end();
    let line = bytes
        .lines()
        .find(|it| it.contains('{'))
        .expect("a line of JSON");
    let start = line.find('{').expect("its beginning");
    let json: serde_json::Value = serde_json::from_str(&line[start..]).expect("JSON");
    assert_eq!(json["chosen"]["preview"]["value"], "kitty");
    folder
        .run(&["doctor"])
        .check(2, "there is no terminal to ask");
}
