//! At 1:1 the pixels on the terminal are those of the export: what the real program sent to a
//! pseudo-terminal is decoded and compared with a crop of what it renders.

#![cfg(unix)]

mod common;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{Folder, plastic};
use image::{DynamicImage, Rgb, RgbImage};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const PATIENCE: Duration = Duration::from_secs(30);
const COLUMNS: u16 = 100;
const ROWS: u16 = 30;
/// Pixels of a cell.
const CELL: (u16, u16) = (8, 16);

/// A terminal that speaks one of the protocols.
#[derive(Clone, Copy, PartialEq)]
enum Terminal {
    Kitty,
    Iterm,
    Cells,
}

impl Terminal {
    /// What it answers to each occurrence of a question.
    fn answers(self) -> Vec<(&'static str, &'static str)> {
        let mut answers = vec![("\x1b[5n", "\x1b[0n"), ("\x1b[16t", "\x1b[6;16;8t")];
        match self {
            Terminal::Kitty => {
                answers.push(("a=q", "\x1b_Gi=31;OK\x1b\\"));
                answers.push(("\x1b[c", "\x1b[?62;c"));
            }
            Terminal::Iterm => answers.push(("\x1b[c", "\x1b[?62;c")),
            Terminal::Cells => answers.push(("\x1b[c", "\x1b[?6c")),
        }
        answers
    }

    /// The picture that was sent last, if it was sent whole.
    fn picture(self, bytes: &[u8]) -> Option<RgbImage> {
        match self {
            Terminal::Kitty => last_of_kitty(bytes),
            Terminal::Iterm => last_of_iterm(bytes),
            Terminal::Cells => of_cells(bytes),
        }
    }
}

/// Bodies of escape sequences that begin and end like this.
fn bodies<'a>(bytes: &'a [u8], start: &'a [u8], end: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let find = |within: &[u8], what: &[u8]| within.windows(what.len()).position(|it| it == what);
    let mut rest = bytes;
    std::iter::from_fn(move || {
        rest = &rest[find(rest, start)? + start.len()..];
        let (body, after) = rest.split_at(find(rest, end)?);
        rest = after;
        Some(body)
    })
}

/// The last picture without alpha that was transmitted whole: PNG, or 24 bits a pixel that may be deflated.
fn last_of_kitty(bytes: &[u8]) -> Option<RgbImage> {
    let mut open: Option<(BTreeMap<String, String>, Vec<u8>)> = None;
    let mut last = None;
    for body in bodies(bytes, b"\x1b_G", b"\x1b\\") {
        let text = String::from_utf8_lossy(body);
        let (keys, data) = text.split_once(';').unwrap_or((&text, ""));
        let keys: BTreeMap<String, String> = keys
            .split(',')
            .filter_map(|it| it.split_once('='))
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect();
        if matches!(keys.get("a").map(String::as_str), Some("t" | "T")) {
            open = Some((keys.clone(), Vec::new()));
        }
        let is = |key: &str, value: &str| keys.get(key).is_some_and(|it| it == value);
        if let Some((_, whole)) = &mut open {
            whole.extend_from_slice(data.as_bytes());
        }
        if !is("m", "1")
            && let Some((keys, whole)) = open.take()
        {
            let data = STANDARD.decode(whole).expect("base64");
            assert!(keys.get("t").is_none_or(|it| it == "d"), "{keys:?}");
            let shown = match keys.get("f").map(String::as_str) {
                Some("100") => image::load_from_memory(&data).expect("a PNG"),
                Some("24") => {
                    let side = |key: &str| keys[key].parse().expect("a number");
                    let mut samples = data.clone();
                    if keys.contains_key("o") {
                        samples.clear();
                        let read =
                            flate2::read::ZlibDecoder::new(&data[..]).read_to_end(&mut samples);
                        read.expect("it is deflated");
                    }
                    let image = RgbImage::from_raw(side("s"), side("v"), samples);
                    DynamicImage::ImageRgb8(image.expect("as many as it takes"))
                }
                other => panic!("format {other:?}"),
            };
            if !shown.color().has_alpha() {
                last = Some(shown.to_rgb8());
            }
        }
    }
    last
}

fn last_of_iterm(bytes: &[u8]) -> Option<RgbImage> {
    let last = bodies(bytes, b"\x1b]1337;File=", b"\x07").last()?;
    let at = last.iter().position(|it| *it == b':')?;
    let data = STANDARD.decode(&last[at + 1..]).expect("base64");
    Some(image::load_from_memory(&data).expect("a picture").to_rgb8())
}

/// The pixels of the largest rectangle of coloured cells on the screen.
fn of_cells(bytes: &[u8]) -> Option<RgbImage> {
    let size = |it: u16| std::num::NonZero::new(it).expect("a screen has cells");
    let mut parser = vt100::Parser::new(size(ROWS), size(COLUMNS), 0);
    parser.process(bytes);
    let rgb = |colour| match colour {
        vt100::Color::Rgb(r, g, b) => Some(Rgb([r, g, b])),
        _ => None,
    };
    let mut pixels = BTreeMap::new();
    for row in 0..ROWS {
        for column in 0..COLUMNS {
            let cell = parser.screen().cell(row, column).expect("on the screen");
            let (front, back) = (rgb(cell.fgcolor()), rgb(cell.bgcolor()));
            let (above, below) = match cell.contents() {
                "▄" => (back, front),
                "▀" => (front, back),
                _ => (back, back),
            };
            if let Some(above) = above {
                pixels.insert((2 * row, column), above);
            }
            if let Some(below) = below {
                pixels.insert((2 * row + 1, column), below);
            }
        }
    }
    let (top, left) = *pixels.keys().next()?;
    let (bottom, right) = *pixels.keys().next_back()?;
    let (width, height) = (u32::from(right - left) + 1, u32::from(bottom - top) + 1);
    let mut image = RgbImage::new(width, height);
    for ((row, column), pixel) in pixels {
        image.put_pixel(u32::from(column - left), u32::from(row - top), pixel);
    }
    Some(image)
}

/// The middle of a picture.
fn middle(picture: &RgbImage, size: (u32, u32)) -> RgbImage {
    let start =
        |length: u32, part: u32| ((f64::from(length) - f64::from(part)) / 2.0).round() as u32;
    let (x, y) = (
        start(picture.width(), size.0),
        start(picture.height(), size.1),
    );
    image::imageops::crop_imm(picture, x, y, size.0, size.1).to_image()
}

/// Opens a picture at 1:1 and compares what was sent with the export.
fn check(terminal: Terminal) {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(640, 520));
    folder.text("grain.toml", "[[layer]]\nkind = \"noise\"\namount = 12\n");
    let rendered = folder.run(&["render", "a.png", "--recipe", "grain.toml", "-o", "b.tif"]);
    rendered.check_done();
    let export = folder.read("b.tif").to_rgb8();

    let size = PtySize {
        rows: ROWS,
        cols: COLUMNS,
        pixel_width: COLUMNS * CELL.0,
        pixel_height: ROWS * CELL.1,
    };
    let pair = native_pty_system().openpty(size).expect("a pty");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_repore"));
    command.args(["a.png", "--recipe", "grain.toml"]);
    command.cwd(folder.path());
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    for name in [
        "SSH_CONNECTION",
        "LC_TERMINAL",
        "KONSOLE_VERSION",
        "NO_COLOR",
        "TMUX",
    ] {
        command.env_remove(name);
    }
    match terminal {
        Terminal::Iterm => command.env("TERM_PROGRAM", "iTerm.app"),
        _ => command.env_remove("TERM_PROGRAM"),
    }
    let mut child = pair.slave.spawn_command(command).expect("the program runs");
    drop(pair.slave);
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keyboard = Arc::new(Mutex::new(pair.master.take_writer().expect("a keyboard")));
    let mut reader = pair.master.try_clone_reader().expect("a screen");
    let (into, answering) = (heard.clone(), keyboard.clone());
    std::thread::spawn(move || {
        let mut buffer = [0; 65_536];
        let mut answered = BTreeMap::new();
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            let mut heard = into.lock().expect("no panic");
            heard.extend_from_slice(&buffer[..count]);
            for (question, answer) in terminal.answers() {
                let asked = heard
                    .windows(question.len())
                    .filter(|it| *it == question.as_bytes());
                let asked = asked.count();
                let before = answered.insert(question, asked).unwrap_or(0);
                let mut keyboard = answering.lock().expect("no panic");
                let answer = answer.repeat(asked - before);
                keyboard.write_all(answer.as_bytes()).expect("an answer");
            }
        }
    });
    let press = |keys: &str| {
        let mut keyboard = keyboard.lock().expect("no panic");
        keyboard.write_all(keys.as_bytes()).expect("it listens");
    };
    let sent = || terminal.picture(&heard.lock().expect("no panic"));
    let start = Instant::now();
    while sent().is_none() {
        assert!(start.elapsed() < PATIENCE, "no picture was sent");
        std::thread::sleep(Duration::from_millis(50));
    }
    press("z");
    loop {
        let shown = sent().expect("a picture");
        let part = shown.width() < export.width() && shown.height() < export.height();
        let expected = part.then(|| middle(&export, shown.dimensions()));
        if expected.as_ref() == Some(&shown) {
            break;
        }
        if start.elapsed() > PATIENCE {
            let wrong = expected.map(|it| {
                let pairs = it.pixels().zip(shown.pixels());
                pairs.filter(|(a, b)| a != b).count()
            });
            panic!("of {:?} pixels {wrong:?} differ", shown.dimensions());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    press("q");
    child.wait().expect("it ends");
}

#[test]
fn kitty_shows_the_pixels_of_the_export() {
    check(Terminal::Kitty);
}

#[test]
fn iterm_shows_the_pixels_of_the_export() {
    check(Terminal::Iterm);
}

#[test]
fn cells_show_the_pixels_of_the_export() {
    check(Terminal::Cells);
}
