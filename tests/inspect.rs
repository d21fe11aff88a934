//! `repore inspect` as people and pipelines run it.

mod common;

use common::{Folder, Ran, plastic, skin};
use serde_json::Value as Json;

const SIDE: u32 = 200;

/// Plastic skin, whose original is beside it.
fn pair() -> Folder {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(SIDE, SIDE));
    folder.picture("originals/a.png", &skin(SIDE, SIDE));
    folder
}

fn lines(ran: &Ran) -> Vec<Json> {
    let stdout = ran.stdout();
    let parsed = stdout.lines().map(serde_json::from_str);
    parsed.map(|it| it.expect("a line of JSON")).collect()
}

#[test]
fn json_has_a_line_for_each_picture_with_all_figures() {
    let folder = pair();
    folder.picture("b.png", &skin(SIDE, SIDE));
    let ran = folder.run(&["inspect", "a.png", "b.png", "--json"]);
    ran.check_done();
    let [a, b] = &lines(&ran)[..] else {
        panic!("two lines: {}", ran.stdout());
    };
    assert_eq!(a["input"], "a.png");
    assert_eq!(a["original"], "originals/a.png");
    assert_eq!(a["mask"], "all");
    assert_eq!(a["octaves"].as_array().map(Vec::len), Some(5));
    let fine = &a["octaves"][1];
    assert_eq!(
        (fine["from_px"].as_f64(), fine["to_px"].as_f64()),
        (Some(2.0), Some(4.0))
    );
    let number = |it: &Json| it.as_f64().unwrap_or_else(|| panic!("{it} is a number"));
    assert!(number(&fine["rms"]) < number(&fine["reference_rms"]) / 3.0);
    assert!(number(&fine["recovered"]) < 0.3 && number(&a["recovered"]) < 0.3);
    assert!(number(&a["tone_shift"]) < 1.0);
    assert_eq!(a["alignment"]["scale"].as_f64(), Some(1.0));
    assert_eq!(a["alignment"]["shift_px"].as_array().map(Vec::len), Some(2));
    assert!(a["alignment"]["confidence"].is_number() && a["spots"].is_u64());
    for key in [
        "original",
        "tone_shift",
        "alignment",
        "recovered",
        "spots",
        "halo",
    ] {
        assert!(b[key].is_null(), "{key} of {b}");
    }
    assert!(b["octaves"][1]["rms"].is_number());
    assert!(b["octaves"][1]["recovered"].is_null());
}

#[test]
fn a_batch_fails_below_a_share_and_goes_on_over_bad_files() {
    let folder = pair();
    folder.picture("good.png", &skin(SIDE, SIDE));
    folder.picture("originals/good.png", &skin(SIDE, SIDE));
    let gate = ["--fail-below", "0.8", "--quiet"];
    let run = |inputs: &[&str]| folder.run(&[&["inspect"], inputs, &gate].concat());
    run(&["good.png"]).check_done();
    run(&["a.png", "good.png"]).check(1, "a.png: recovered 0.");
    folder.text("bad.png", "no picture");
    let ran = folder.run(&["inspect", "bad.png", "good.png", "--json"]);
    ran.check(1, "bad.png");
    assert_eq!(lines(&ran).len(), 2);
    folder.picture("alone.png", &skin(SIDE, SIDE));
    run(&["alone.png"]).check(
        1,
        "alone.png: what was recovered cannot be told: there is no original",
    );
}

#[test]
fn a_recipe_is_measured_by_what_it_makes() {
    let folder = pair();
    let args = ["inspect", "a.png", "--recipe", "separation", "--json"];
    let gated = [&args[..], &["--fail-below", "0.8"]].concat();
    let ran = folder.run(&gated);
    ran.check_done();
    let line = &lines(&ran)[0];
    assert!(line["recovered"].as_f64() < Some(0.3));
    assert!(line["result"]["recovered"].as_f64() > Some(0.9), "{line}");
    assert!(line["result"]["repetition"].as_f64() < Some(0.2), "{line}");
    assert!(line["repetition"].is_null());
}

#[test]
fn a_mask_says_where_to_measure() {
    let folder = pair();
    // Half skin, half plastic.
    let (mut half, skin) = (plastic(SIDE, SIDE).to_rgb8(), skin(SIDE, SIDE).to_rgb8());
    let mut mask = image::GrayImage::new(SIDE, SIDE);
    for (x, y, pixel) in half.enumerate_pixels_mut() {
        if x < SIDE / 2 {
            *pixel = *skin.get_pixel(x, y);
            mask.put_pixel(x, y, image::Luma([255]));
        }
    }
    folder.picture("a.png", &half.into());
    folder.picture("mask.png", &mask.into());
    let recovered = |args: &[&str]| {
        let ran = folder.run(&[&["inspect", "a.png", "--json"], args].concat());
        ran.check_done();
        lines(&ran)[0].clone()
    };
    let (all, masked) = (recovered(&[]), recovered(&["--mask", "mask.png"]));
    assert_eq!(masked["mask"], "mask.png");
    assert!(all["recovered"].as_f64() < Some(0.8));
    assert!(masked["recovered"].as_f64() > Some(0.97), "{masked}");
}

#[test]
fn the_table_has_bars_and_no_escape_codes_where_no_terminal_reads_it() {
    let ran = pair().run(&["inspect", "a.png"]);
    ran.check_done();
    let text = ran.stdout();
    assert!(text.contains("16–32") && text.contains('▕'), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_report_has_a_sheet_of_each_picture_and_replaces_nothing() {
    let folder = pair();
    folder.picture("b.png", &skin(SIDE, SIDE));
    let report = |inputs: &[&str], more: &[&str]| {
        let args = ["--recipe", "full", "--quiet", "--report", "sheet.png"];
        folder.run(&[&["inspect"], inputs, &args, more].concat())
    };
    report(&["a.png"], &[]).check_done();
    let one = folder.read("sheet.png").to_rgb8();
    report(&["a.png", "b.png"], &[]).check(1, "sheet.png: it exists; use --overwrite");
    report(&["a.png", "b.png"], &["--overwrite"]).check_done();
    let two = folder.read("sheet.png").to_rgb8();
    assert_eq!(two.width(), one.width());
    assert!(two.height() > one.height() + 500, "{}", two.height());
    // The first sheet stays what it was: its bars are green as far as texture came back.
    let green = |it: &image::Rgb<u8>| it.0 == [60, 150, 80];
    assert!(one.pixels().filter(|it| green(it)).count() > 2000);
    assert!(one.pixels().zip(two.pixels()).all(|(one, two)| one == two));
    let refused = |output: &str, code: i32, words: &str| {
        let args = [
            "inspect",
            "a.png",
            "--report",
            output,
            "--overwrite",
            "--quiet",
        ];
        folder.run(&args).check(code, words);
    };
    refused("a.png", 1, "inputs are never written to");
    refused("originals/a.png", 1, "inputs are never written to");
    refused("sheet.jpg", 2, "a report is a PNG");
    refused("nowhere/sheet.png", 1, "the folder nowhere does not exist");
    assert_eq!(folder.names(), ["a.png", "b.png", "originals", "sheet.png"]);
}

#[test]
fn measuring_more_than_the_limit_is_refused() {
    let folder = pair();
    let run = |limit| folder.run(&["inspect", "a.png", "--max-memory", limit]);
    // Read it could be: three times its 120 KB.
    run("500K").check(1, "cannot measure a.png: 200×200 pixels need");
    run("500K").check(1, "raise the limit with --max-memory");
    run("2M").check_done();
}
