//! `repore split`, `merge` and `tone` as they are run: what they write, say and return.

mod common;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use common::{Folder, Ran, grey, see_through, skin};
use image::DynamicImage;

fn split(folder: &Folder, photo: &str, extension: &str) {
    let (low, high) = (format!("low.{extension}"), format!("high.{extension}"));
    let layers = ["--low", &low, "--high", &high, "--overwrite"];
    let mut args = vec!["split", photo, "--radius", "3"];
    args.extend(layers);
    folder.run(&args).check_done();
}

fn tone(folder: &Folder, command: &str, more: &[&str]) -> Ran {
    let mut args = vec!["tone", "a.png", "--radius", "3", "-o", "out.png"];
    args.extend(["--run", command]);
    args.extend(more);
    folder.run(&args)
}

/// A folder with one photo, which is all there is again after what fails.
fn one_photo() -> Folder {
    let folder = Folder::new();
    folder.picture("a.png", &skin(60, 40));
    folder
}

#[test]
fn layers_that_were_exchanged_are_told() {
    let folder = Folder::new();
    // Dark at the left, bright at the right.
    let photo = image::RgbImage::from_fn(300, 80, |x, _| image::Rgb([20 + (x / 2) as u8; 3]));
    folder.picture("a.png", &photo.into());
    split(&folder, "a.png", "png");
    let merge = |low: &str, high: &str| {
        let args = ["merge", "--low", low, "--high", high];
        folder.run(&[&args[..], &["-o", "merged.png", "--overwrite"]].concat())
    };
    merge("high.png", "low.png").check(0, "were they exchanged?");
    let right = merge("low.png", "high.png");
    right.check_done();
    assert!(!right.stderr().contains("exchanged"));
}

#[test]
fn merged_layers_are_the_photo() {
    let folder = Folder::new();
    for (name, photo) in [
        ("rgb.png", skin(31, 17)),
        ("rgb.tif", skin(31, 17)),
        ("grey8.png", skin(9, 9).to_luma8().into()),
        ("greya.png", skin(9, 9).to_luma_alpha8().into()),
        ("rgba8.png", see_through(31, 17).to_rgba8().into()),
        ("rgba.png", see_through(31, 17)),
        ("rgba.tif", see_through(31, 17)),
        ("grey.png", grey(31, 17)),
        ("one.png", skin(1, 1)),
    ] {
        folder.picture(name, &photo);
        for extension in ["png", "tif"] {
            split(&folder, name, extension);
            let layers = [format!("low.{extension}"), format!("high.{extension}")];
            if extension == "png" {
                let (layer, photo) = (folder.read(&layers[0]).color(), photo.color());
                assert_eq!(layer.has_color(), photo.has_color());
                assert_eq!(layer.has_alpha(), photo.has_alpha());
                assert_eq!(layer.bytes_per_pixel(), 2 * layer.channel_count());
            }
            let args = ["merge", "--low", &layers[0], "--high", &layers[1]];
            let mut args = args.to_vec();
            args.extend(["-o", "merged.png", "--overwrite", "--json"]);
            let ran = folder.run(&args);
            ran.check_done();
            let told = format!("{{\"input\":\"{}\",\"high\":\"{}\",", layers[0], layers[1]);
            assert!(ran.stdout().starts_with(&told), "{}", ran.stdout());
            let merged = folder.read("merged.png");
            assert_eq!(merged.color(), photo.color(), "{name}");
            check_close(&merged, &photo, name);
        }
    }
}

/// 8 bits are equal, 16 bits within a level.
fn check_close(merged: &DynamicImage, photo: &DynamicImage, name: &str) {
    if photo.color().bytes_per_pixel() == photo.color().channel_count() {
        assert_eq!(merged, photo, "{name}");
        return;
    }
    let (merged, photo) = (merged.to_rgba16(), photo.to_rgba16());
    let pairs = merged.as_raw().iter().zip(photo.as_raw());
    let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max();
    assert!(worst <= Some(1), "{name}: {worst:?}");
}

#[test]
fn the_depth_can_be_said_and_the_low_layer_may_have_any() {
    let folder = one_photo();
    split(&folder, "a.png", "png");
    let merge = |low: &str, more: &[&str]| {
        let mut args = vec!["merge", "--low", low, "--high", "high.png", "--overwrite"];
        args.extend(["-o", "out.png"]);
        args.extend(more);
        folder.run(&args).check_done();
        folder.read("out.png")
    };
    let deep = merge("low.png", &["--depth", "16"]);
    assert_eq!(deep.color(), image::ColorType::Rgb16);
    check_close(&deep, &skin(60, 40).to_rgb16().into(), "16 bits of 8");
    // As a program may write it.
    let low = folder.read("low.png").to_rgb8();
    folder.picture("low.jpg", &low.into());
    let of_jpeg = merge("low.jpg", &[]).to_rgb8();
    let photo = skin(60, 40).to_rgb8();
    let pairs = of_jpeg.as_raw().iter().zip(photo.as_raw());
    assert!(pairs.into_iter().all(|(a, b)| a.abs_diff(*b) < 12));
    // Nothing tells the depth once the metadata is gone.
    let stripped = ["split", "a.png", "--radius", "3", "--low", "low.png"];
    let mut stripped = stripped.to_vec();
    stripped.extend(["--high", "high.png", "--overwrite", "--strip"]);
    folder.run(&stripped).check_done();
    assert_eq!(merge("low.png", &[]).color(), image::ColorType::Rgb16);
}

#[test]
fn profile_and_metadata_go_into_the_layers_and_back() {
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageDecoder, ImageEncoder, ImageReader};
    let folder = Folder::new();
    // One entry: the orientation, to be turned to the right.
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    let profile = b"a profile of a kind".to_vec();
    encoder.set_icc_profile(profile.clone()).expect("it fits");
    encoder.set_exif_metadata(exif).expect("it fits");
    let stored: Vec<u8> = (0..85 * 75).map(|i| (i / 85) as u8).collect();
    let written = encoder.write_image(&stored, 85, 75, ExtendedColorType::L8);
    written.expect("it is encoded");
    folder.text("nothing.toml", "version = 1\n");
    std::fs::write(folder.at("a.png"), bytes).expect("it is written");
    let upright = [
        "render",
        "a.png",
        "--recipe",
        "nothing.toml",
        "-o",
        "up.png",
    ];
    folder.run(&upright).check_done();
    split(&folder, "a.png", "tif");
    let merge = [
        "merge", "--low", "low.tif", "--high", "high.tif", "-o", "out.png",
    ];
    folder.run(&merge).check_done();
    for name in ["low.tif", "high.tif", "out.png"] {
        let reader = ImageReader::open(folder.at(name)).expect("it is there");
        let mut decoder = reader.into_decoder().expect("it is a picture");
        assert_eq!(decoder.dimensions(), (75, 85), "{name}");
        let kept = decoder.icc_profile().expect("it is readable");
        assert_eq!(kept.as_ref(), Some(&profile), "{name}");
    }
    assert_eq!(folder.read("out.png"), folder.read("up.png"));
    let toned = tone(&folder, "cp {in} {out}", &["--overwrite"]);
    toned.check_done();
    assert_eq!(folder.read("out.png"), folder.read("up.png"));
}

#[test]
fn layers_that_do_not_fit_are_refused_and_nothing_is_written() {
    let folder = one_photo();
    let refused = |args: &[&str], code, words| {
        let before = folder.names();
        folder.run(args).check(code, words);
        assert_eq!(folder.names(), before);
    };
    let with = |low, high| {
        let args = [
            "split", "a.png", "--radius", "3", "--low", low, "--high", high,
        ];
        args.to_vec()
    };
    refused(
        &with("low.jpg", "high.png"),
        2,
        "low.jpg: a jpeg holds 8 bits",
    );
    refused(
        &with("low.png", "high.webp"),
        2,
        "high.webp: a webp holds 8 bits",
    );
    refused(
        &with("same.png", "same.png"),
        2,
        "both layers would go there",
    );
    refused(&with("low.png", "a.png"), 1, "it is the input a.png");
    refused(
        &with("none/low.png", "high.png"),
        1,
        "the folder none does not exist",
    );
    let mut large = with("low.png", "high.png");
    large[3] = "900";
    refused(&large, 2, "900 px is outside 0.5 to 200 px");
    split(&folder, "a.png", "png");
    refused(&with("low.png", "new.png"), 1, "low.png: it exists");
    refused(&with("new.png", "high.png"), 1, "high.png: it exists");
    let half = folder.read("low.png").thumbnail_exact(30, 20);
    folder.picture("half.png", &half);
    let mut merge = vec!["merge", "--low", "half.png", "--high", "high.png"];
    merge.extend(["-o", "out.png"]);
    refused(&merge, 1, "it has 30×20 pixels, and high.png has 60×40");
    merge.push("--fit");
    folder.run(&merge).check_done();
}

#[test]
fn a_program_gives_the_tone_and_the_photo_keeps_its_texture() {
    let folder = one_photo();
    tone(&folder, "cp {in} {out}", &["--json"]).check_done();
    assert_eq!(folder.read("out.png"), skin(60, 40));
    // A flat grey of the photo's size: what is left is the texture around it.
    let flat = "cat {in} >/dev/null; (printf 'P5 60 40 255\\n'; \
                head -c 2400 /dev/zero | tr '\\0' '\\200') | cat >\"{out}\"";
    tone(&folder, flat, &["--overwrite"]).check_done();
    let (flat, photo) = (folder.read("out.png").to_rgb8(), skin(60, 40).to_rgb8());
    assert_ne!(flat, photo);
    let mean = flat.as_raw().iter().map(|it| f64::from(*it)).sum::<f64>();
    assert!((mean / flat.as_raw().len() as f64 - 128.0).abs() < 0.5);
    let texture =
        |it: &image::RgbImage, x| i32::from(it[(x, 20)][1]) - i32::from(it[(x + 1, 20)][1]);
    for x in 10..50 {
        assert!(
            (texture(&flat, x) - texture(&photo, x)).abs() <= 2,
            "at {x}"
        );
    }
}

/// Waits until so many processes sleep for a time that nobody else sleeps for.
fn wait_for_sleepers(mark: &str, count: usize) {
    let sleeping = || {
        let listed = Command::new("ps").args(["-eo", "args"]).output();
        let listed = String::from_utf8_lossy(&listed.expect("a list").stdout).into_owned();
        let of_mark = |it: &&str| *it == format!("sleep {mark}");
        listed.lines().filter(of_mark).count()
    };
    let start = Instant::now();
    while sleeping() != count && start.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(sleeping(), count, "processes that sleep {mark} s");
}

#[test]
fn a_program_that_goes_wrong_leaves_nothing() {
    let folder = one_photo();
    let room = folder.at("room");
    std::fs::create_dir(&room).expect("a folder");
    let check = |command: &str, more: &[&str], code, words: &str| {
        let before = folder.names();
        let mut args = vec!["tone", "a.png", "--radius", "3", "-o", "out.png"];
        args.extend(["--run", command]);
        args.extend(more);
        let mut program = Command::new(env!("CARGO_BIN_EXE_repore"));
        program.args(&args).current_dir(folder.path());
        let output = program.env("TMPDIR", &room).output().expect("it runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{stderr}");
        assert!(stderr.contains(words), "{words:?} is not in {stderr:?}");
        assert_eq!(folder.names(), before, "{command}");
        let left = std::fs::read_dir(&room).expect("it is there").count();
        assert_eq!(left, 0, "{command}");
    };
    check("false # {in} {out}", &[], 1, "failed with exit code 1");
    check(
        "echo too little memory >&2; exit 4 # {in} {out}",
        &["--quiet"],
        1,
        "exit code 4: too little memory",
    );
    check(
        "cp {in} {out}; sleep 60",
        &["--timeout", "1"],
        1,
        "did not end within 1 s",
    );
    check(
        "true {in} {out}",
        &[],
        1,
        "wrote no picture; have it write to {out}",
    );
    check("echo words >{out}; true {in}", &[], 1, "cannot be read");
    check(
        "printf 'P5 30 20 255\\n' >{out}; head -c 600 {in} >>{out}",
        &[],
        1,
        "the program wrote 30×20 pixels and the photo has 60×40; have it keep the size, or let --fit",
    );
    check(
        "printf 'P5 30 30 255\\n' >{out}; head -c 900 {in} >>{out}",
        &["--fit"],
        1,
        "the program wrote 30×30 pixels",
    );
    check("cp {in} there", &[], 2, "does not say {out}");
    check("cp here {out}", &[], 2, "does not say {in}");
    check("cp {in} {out}", &["--timeout", "0"], 2, "--timeout");
    // What was started in the background is ended as well, though the program says that all went well.
    let mark = format!("78{}", std::process::id());
    let of_another_size = "printf 'P5 30 20 255\\n' >{out}; head -c 600 {in} >>{out}";
    for command in [
        format!("sleep {mark} & : {{in}} {{out}}"),
        format!("sleep {mark} & {of_another_size}"),
    ] {
        check(&command, &[], 1, "the program");
        wait_for_sleepers(&mark, 0);
    }
    let fitted = "printf 'P5 30 20 255\\n' >{out}; head -c 600 {in} >>{out}";
    tone(&folder, fitted, &["--fit"]).check(0, "30×20 pixels was scaled to 60×40");
}

#[test]
fn an_interrupted_program_is_ended_and_leaves_nothing() {
    let folder = one_photo();
    let room = folder.at("room");
    std::fs::create_dir(&room).expect("a folder");
    for (i, signal) in ["INT", "TERM", "HUP"].iter().enumerate() {
        let before = folder.names();
        let mark = format!("79{i}{}", std::process::id());
        let command = format!("cp {{in}} {{out}}; sleep {mark} | sleep {mark}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_repore"))
            .args([
                "tone", "a.png", "--radius", "3", "-o", "out.png", "--run", &command,
            ])
            .current_dir(folder.path())
            .env("TMPDIR", &room)
            .stderr(Stdio::null())
            .spawn()
            .expect("it runs");
        wait_for_sleepers(&mark, 2);
        let mut kill = Command::new("kill");
        kill.args([&format!("-{signal}"), &child.id().to_string()]);
        assert!(kill.status().expect("it runs").success());
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(130), "{signal}");
        wait_for_sleepers(&mark, 0);
        assert_eq!(std::fs::read_dir(&room).expect("it is there").count(), 0);
        assert_eq!(folder.names(), before);
    }
}
