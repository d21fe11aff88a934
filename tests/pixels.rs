//! At 1:1 the pixels on the terminal are those of the export: what the real program sent to a
//! pseudo-terminal is decoded and compared with a crop of what it renders.

#![cfg(unix)]

mod common;

use std::collections::BTreeMap;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::pty::{Session, Terminal};
use common::{Folder, plastic};
use image::{DynamicImage, Rgb, RgbImage};

const COLUMNS: u16 = 100;
const ROWS: u16 = 30;

/// The picture that was sent last, if it was sent whole.
fn picture(terminal: Terminal, bytes: &[u8]) -> Option<RgbImage> {
    match terminal {
        Terminal::Kitty => last_of_kitty(bytes),
        Terminal::Iterm => last_of_iterm(bytes),
        Terminal::Cells => of_cells(bytes),
        other => panic!("{other:?} cannot be decoded here"),
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

/// The keys of a command of kitty's graphics, and its data.
fn command(body: &[u8]) -> (BTreeMap<String, String>, Vec<u8>) {
    let text = String::from_utf8_lossy(body);
    let (keys, data) = text.split_once(';').unwrap_or((&text, ""));
    let pairs = keys.split(',').filter_map(|it| it.split_once('='));
    let keys = pairs.map(|(key, value)| (key.to_string(), value.to_string()));
    (keys.collect(), data.as_bytes().to_vec())
}

/// A picture that was transmitted whole: PNG, or 24 bits a pixel that may be deflated.
fn transmitted(keys: &BTreeMap<String, String>, whole: &[u8]) -> DynamicImage {
    let data = STANDARD.decode(whole).expect("base64");
    assert!(keys.get("t").is_none_or(|it| it == "d"), "{keys:?}");
    match keys.get("f").map(String::as_str) {
        Some("100") => image::load_from_memory(&data).expect("a PNG"),
        Some("24") => {
            let side = |key: &str| keys[key].parse().expect("a number");
            let mut samples = data.clone();
            if keys.contains_key("o") {
                samples.clear();
                let read = flate2::read::ZlibDecoder::new(&data[..]).read_to_end(&mut samples);
                read.expect("it is deflated");
            }
            let image = RgbImage::from_raw(side("s"), side("v"), samples);
            DynamicImage::ImageRgb8(image.expect("as many as it takes"))
        }
        other => panic!("format {other:?}"),
    }
}

/// What was placed last of the pictures without alpha: the part of it that is shown.
fn last_of_kitty(bytes: &[u8]) -> Option<RgbImage> {
    let mut open: Option<(BTreeMap<String, String>, Vec<u8>)> = None;
    let (mut held, mut shown) = (BTreeMap::new(), None);
    for body in bodies(bytes, b"\x1b_G", b"\x1b\\") {
        let (keys, data) = command(body);
        let is = |key: &str, value: &str| keys.get(key).is_some_and(|it| it == value);
        if is("a", "t") {
            open = Some((keys.clone(), Vec::new()));
        }
        if is("a", "p") {
            shown = Some(keys);
            continue;
        }
        if let Some((_, whole)) = &mut open {
            whole.extend_from_slice(&data);
        }
        if !is("m", "1")
            && let Some((keys, whole)) = open.take()
        {
            held.insert(keys["i"].clone(), (keys, whole));
        }
    }
    let shown = shown?;
    let (keys, whole) = held.get(&shown["i"])?;
    let image = transmitted(keys, whole);
    if image.color().has_alpha() {
        return None;
    }
    let image = image.to_rgb8();
    let number = |key: &str| shown.get(key).and_then(|it| it.parse().ok());
    Some(match (number("w"), number("h")) {
        (Some(width), Some(height)) => {
            let (x, y) = (number("x").unwrap_or(0), number("y").unwrap_or(0));
            image::imageops::crop_imm(&image, x, y, width, height).to_image()
        }
        _ => image,
    })
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
    // A frame of which a part is still on its way is no rectangle.
    let (width, height) = (right.checked_sub(left)? + 1, bottom - top + 1);
    let columns = left..=right;
    let whole = pixels.len() == usize::from(width) * usize::from(height);
    if !whole || !pixels.keys().all(|(_, column)| columns.contains(column)) {
        return None;
    }
    let mut image = RgbImage::new(width.into(), height.into());
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

    let args = ["a.png", "--recipe", "grain.toml"];
    let session = Session::start_on(terminal, &folder, &args, COLUMNS, ROWS);
    let sent = || picture(terminal, &session.bytes());
    session.await_that("picture", || sent().is_some());
    session.keys("z");
    session.await_that("export", || {
        sent().is_some_and(|shown| {
            let part = shown.width() < export.width() && shown.height() < export.height();
            part && middle(&export, shown.dimensions()) == shown
        })
    });
    session.keys("q");
    assert_eq!(session.end().0, 0);
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

#[test]
fn panning_in_kitty_shows_other_pixels_of_the_export_without_sending_them() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(1800, 1400));
    folder.text("grain.toml", "[[layer]]\nkind = \"noise\"\namount = 12\n");
    let rendered = folder.run(&["render", "a.png", "--recipe", "grain.toml", "-o", "b.tif"]);
    rendered.check_done();
    let export = folder.read("b.tif").to_rgb8();
    let args = ["a.png", "--recipe", "grain.toml"];
    let session = Session::start_on(Terminal::Kitty, &folder, &args, COLUMNS, ROWS);
    let sent = || picture(Terminal::Kitty, &session.bytes());
    session.await_that("picture", || sent().is_some());
    let pictures = || {
        let bytes = session.bytes();
        bodies(&bytes, b"\x1b_Ga=t", b";").count()
    };
    session.keys("\t\tz");
    session.await_that("export", || {
        sent().is_some_and(|it| middle(&export, it.dimensions()) == it)
    });
    let shown = sent().expect("a picture");
    // This one, the one before it, and what is around, after that at fit.
    session.await_that("what is around", || pictures() >= 4);
    std::thread::sleep(std::time::Duration::from_millis(500));
    let (before, bytes) = (pictures(), session.bytes().len());
    session.keys("l");
    let (width, height) = shown.dimensions();
    session.await_that("another part", || sent().as_ref() != Some(&shown));
    assert_eq!(pictures(), before);
    let sent_bytes = session.bytes().len() - bytes;
    assert!(sent_bytes < 1000, "{sent_bytes} bytes");
    let panned = sent().expect("a picture");
    assert_eq!(panned.dimensions(), (width, height));
    let moved = (0..width).any(|by| {
        let (x, y) = ((1800 - width) / 2 + by, (1400 - height) / 2);
        let part = image::imageops::crop_imm(&export, x, y, width, height).to_image();
        by > 0 && part == panned
    });
    assert!(moved);
    session.keys("q");
    assert_eq!(session.end().0, 0);
}
