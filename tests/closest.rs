//! `repore match` as people run it: noise of known amount and blur comes back.

mod common;

use common::{Folder, Ran, plastic, skin};
use image::{DynamicImage, ImageBuffer, Luma};
use serde_json::Value as Json;

const SIDE: u32 = 256;

/// Of pictures with coarse noise, which has few waves.
const LARGE: u32 = 400;

fn json(ran: &Ran) -> Json {
    ran.check_done();
    serde_json::from_str(&ran.stdout()).expect("a line of JSON")
}

/// Renders noise over `smooth` and looks for it again.
#[track_caller]
fn check_noise_comes_back(smooth: &DynamicImage, amount: f64, blur: f64, settings: &[&str]) {
    let folder = Folder::new();
    folder.picture("smooth.png", smooth);
    folder.text("noise.toml", "[[layer]]\nkind = \"noise\"\n");
    let mut flags = vec!["--recipe", "noise.toml"];
    for setting in settings {
        flags.extend(["--set", setting]);
    }
    let (amount_is, blur_is) = (
        format!("noise.amount={amount}"),
        format!("noise.blur={blur}"),
    );
    let known = [
        "--set",
        &amount_is,
        "--set",
        &blur_is,
        "--seed",
        "7",
        "-o",
        "noisy.png",
    ];
    folder
        .run(&[&["render", "smooth.png"], &flags[..], &known].concat())
        .check_done();
    let matching = ["match", "smooth.png", "--reference", "noisy.png", "--json"];
    let found = json(&folder.run(&[&matching[..], &flags].concat()));
    let layer = &found["recipe"]["layer"][0];
    let close = |key: &str, expected: f64| {
        let is = layer[key].as_f64().expect("a number");
        assert!(
            (is - expected).abs() <= 0.1 * expected.max(0.1),
            "{key} {is} for {expected}"
        );
    };
    close("amount", amount);
    close("blur", blur);
    assert!(found["difference_db"].as_f64() < Some(0.5), "{found}");
    // Octaves do not tell how draws are spread, so both amounts are told where the recipe does not say gaussian.
    let is = layer["amount"].as_f64().expect("a number");
    let both = format!(
        "{is} % of uniform noise are as much as {:.2} %",
        is / 3.0f64.sqrt()
    );
    let told = found["notes"].to_string().contains(&both);
    assert_eq!(told, layer["distribution"] == "uniform", "{found}");
}

/// Soft tone in 16-bit grey.
fn grey() -> DynamicImage {
    let tone = |x: u32, y: u32| (16_000 + 50 * x + 40 * y) as u16;
    DynamicImage::ImageLuma16(ImageBuffer::from_fn(LARGE, LARGE, |x, y| {
        Luma([tone(x, y)])
    }))
}

#[test]
fn fine_noise_of_colour_pictures_comes_back() {
    check_noise_comes_back(&plastic(SIDE, SIDE), 4.0, 0.5, &[]);
}

#[test]
fn weak_and_coarse_noise_of_grey_pictures_comes_back() {
    check_noise_comes_back(&grey(), 2.0, 1.5, &[]);
    check_noise_comes_back(
        &grey().to_luma8().into(),
        2.0,
        1.5,
        &["noise.blend=soft-light"],
    );
}

#[test]
fn normal_noise_of_each_channel_comes_back() {
    let settings = ["noise.distribution=gaussian", "noise.monochromatic=false"];
    check_noise_comes_back(&plastic(SIDE, SIDE), 3.0, 0.8, &settings);
}

/// Two thirds in shadow, where rounding leaves nothing of faint noise.
#[test]
fn noise_that_shadows_of_eight_bits_swallow_comes_back_from_the_rest() {
    let tone = |x: u32, y: u32| {
        if x < 2 * LARGE / 3 {
            10
        } else {
            118 + (y / 40) as u8
        }
    };
    let half_dark = image::GrayImage::from_fn(LARGE, LARGE, |x, y| Luma([tone(x, y)]));
    check_noise_comes_back(&half_dark.into(), 2.0, 1.0, &[]);
}

/// Where nobody chose a recipe the noise differs from channel to channel as the reference's grain does; one that was
/// chosen stays as it is.
#[test]
fn grain_of_each_channel_gets_noise_of_each_channel() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(SIDE, SIDE));
    let noise = |monochromatic: bool| {
        format!(
            "[[layer]]\nkind = \"noise\"\namount = 4\nblur = 0.6\nmonochromatic = {monochromatic}\n"
        )
    };
    let matched = |monochromatic: bool, more: &[&str]| {
        folder.text("grain.toml", &noise(monochromatic));
        let render = [
            "render",
            "a.png",
            "--recipe",
            "grain.toml",
            "--seed",
            "3",
            "-o",
            "b.png",
            "--overwrite",
        ];
        folder.run(&render).check_done();
        let matching = ["match", "a.png", "--reference", "b.png", "--json"];
        let found = json(&folder.run(&[&matching[..], more].concat()));
        let layer = found["recipe"]["layer"][0].clone();
        assert_eq!(layer["kind"], "noise", "{found}");
        let told = found["notes"]
            .to_string()
            .contains("differs from channel to channel");
        let amount = layer["amount"].as_f64().expect("a number");
        (layer["monochromatic"] == true, told, amount)
    };
    let (same, told, amount) = matched(false, &[]);
    assert!(!same && told && (amount - 4.0).abs() < 0.4, "{amount}");
    let (same, told, amount) = matched(true, &[]);
    assert!(same && !told && (amount - 4.0).abs() < 0.4, "{amount}");
    folder.text("chosen.toml", &noise(true));
    let (same, told, amount) = matched(false, &["--recipe", "chosen.toml"]);
    assert!(same && told && amount < 3.5, "{amount}");
}

/// Strong texture: waves of 4 to 16 px in all directions.
fn textured() -> DynamicImage {
    let wave = |x: u32, y: u32, i: u32| {
        let (length, turn) = (4.0 + 0.5 * f64::from(i), 2.4 * f64::from(i));
        let along = f64::from(x) * turn.cos() + f64::from(y) * turn.sin();
        (along * std::f64::consts::TAU / length + f64::from(i)).sin()
    };
    DynamicImage::ImageLuma16(ImageBuffer::from_fn(LARGE, LARGE, |x, y| {
        let waves: f64 = (0..24).map(|i| wave(x, y, i)).sum();
        Luma([((0.5 + 0.015 * waves) * 65_535.0) as u16])
    }))
}

#[test]
fn faint_noise_comes_back_beside_strong_texture() {
    check_noise_comes_back(&textured(), 2.0, 1.5, &[]);
}

#[test]
fn a_patch_of_another_picture_is_matched_by_a_recipe_that_renders() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(SIDE, SIDE));
    folder.picture("skin.png", &skin(300, 200));
    let matching = [
        "match",
        "a.png",
        "--reference",
        "skin.png",
        "--patch",
        "60,20,160,128",
    ];
    let ran = folder.run(&matching);
    ran.check_done();
    assert!(
        ran.stderr().contains("dB from skin.png"),
        "{}",
        ran.stderr()
    );
    let recipe = ran.stdout();
    let of_masks = recipe.matches("[mask.").count();
    let listed = ["smoothed", "midtones"].map(|it| recipe.contains(&format!("\"{it}\"")));
    let listed = listed.into_iter().filter(|it| *it).count();
    assert_eq!(
        of_masks, listed,
        "masks of layers that were left out: {recipe}"
    );
    folder.text("found.toml", &recipe);
    folder
        .run(&["render", "a.png", "--recipe", "found.toml", "-o", "b.png"])
        .check_done();
    // What is measured of the result is what was promised of it.
    let found = json(&folder.run(&[&matching[..], &["--json"]].concat()));
    let measured = json(&folder.run(&["inspect", "b.png", "--json"]));
    for octave in 0..3 {
        let promised = found["octaves"][octave]["rms"].as_f64().expect("a number");
        let is = measured["octaves"][octave]["rms"]
            .as_f64()
            .expect("a number");
        assert!(
            (is - promised).abs() < 0.15 * promised,
            "{is} for {promised}"
        );
    }
}

#[test]
fn a_recipe_is_written_whole_and_over_nothing() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(64, 64));
    folder.picture("skin.png", &skin(64, 64));
    let run = |output: &str, more: &[&str]| {
        let args = ["match", "a.png", "--reference", "skin.png", "-o", output];
        folder.run(&[&args[..], more].concat())
    };
    let ran = run("found.toml", &[]);
    ran.check_done();
    assert_eq!(ran.stdout(), "");
    run("found.toml", &[]).check(1, "found.toml: it exists; use --overwrite");
    run("found.toml", &["--overwrite"]).check_done();
    run("skin.png", &["--overwrite"]).check(1, "inputs are never written to");
    assert_eq!(folder.names(), ["a.png", "found.toml", "skin.png"]);
}

#[test]
fn what_cannot_be_matched_is_said() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(64, 64));
    folder.picture("skin.png", &skin(64, 64));
    folder.text(
        "plain.toml",
        "[[layer]]\nkind = \"picture\"\npath = \"skin.png\"\n",
    );
    let run = |more: &[&str]| folder.run(&[&["match", "a.png"], more].concat());
    run(&["--reference", "no.png"]).check(2, "--reference names no.png, which does not exist");
    run(&["--reference", "skin.png", "--patch", "0,0,65,9"])
        .check(1, "skin.png: the patch reaches beyond its 64×64 pixels");
    run(&["--reference", "skin.png", "--recipe", "plain.toml"]).check(
        1,
        "a.png: the recipe has no texture, graft or noise that applies",
    );
    run(&["--reference", "skin.png", "--recipe", "separation"])
        .check(1, "layer 1 \"texture\" skipped: there is no original");
}
