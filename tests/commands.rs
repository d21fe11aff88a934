//! The real program in a temporary folder: what it writes, says and returns.

mod common;

use common::{Folder, grey, plastic, see_through, skin};
use serde_json::{Value, json};

const NOTHING: &str = "version = 1\n";

#[test]
fn the_original_s_detail_comes_back() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(80, 60));
    folder.picture("originals/a.png", &skin(80, 60));
    let ran = folder.run(&["render", "a.png", "--recipe", "separation"]);
    ran.check_done();
    assert_eq!(ran.stdout(), "", "a pipe hears nothing");
    let restored = folder.read("a.repored.png").to_rgb8();
    let original = folder.read("originals/a.png").to_rgb8();
    for (restored, original) in restored.as_raw().iter().zip(original.as_raw()) {
        assert!(
            restored.abs_diff(*original) <= 4,
            "{restored} for {original}"
        );
    }
}

#[test]
fn depth_channels_and_alpha_stay() {
    let folder = Folder::new();
    folder.text("nothing.toml", NOTHING);
    for (name, picture) in [
        ("rgb.png", skin(31, 17)),
        ("rgba.png", see_through(31, 17)),
        ("grey.png", grey(31, 17)),
        ("rgb.tif", skin(31, 17)),
        ("rgba.tif", see_through(31, 17)),
        ("grey.tif", grey(31, 17)),
        ("rgb.webp", skin(31, 17)),
        ("grey8.png", skin(9, 9).to_luma8().into()),
        ("greya.png", skin(9, 9).to_luma_alpha8().into()),
        ("one.png", skin(1, 1)),
    ] {
        folder.picture(name, &picture);
        folder
            .run(&[
                "render",
                name,
                "--recipe",
                "nothing.toml",
                "--output-dir",
                "out",
            ])
            .check_done();
        let (stem, extension) = name.split_once('.').expect("an extension");
        assert_eq!(
            folder.read(&format!("out/{stem}.repored.{extension}")),
            picture,
            "{name}"
        );
    }
}

#[test]
fn a_jpeg_stays_close_and_keeps_its_full_colour() {
    let folder = Folder::new();
    folder.text("nothing.toml", NOTHING);
    folder.picture("a.jpg", &skin(64, 48));
    folder
        .run(&["render", "a.jpg", "--recipe", "nothing.toml"])
        .check_done();
    let (before, after) = (folder.read("a.jpg"), folder.read("a.repored.jpg"));
    let pairs = before.as_bytes().iter().zip(after.as_bytes());
    let worst = pairs.map(|(before, after)| before.abs_diff(*after)).max();
    assert!(worst < Some(8), "{worst:?}");
}

#[test]
fn profile_and_exif_are_carried_over_and_the_picture_stands_upright() {
    use image::ImageDecoder;
    use image::codecs::png::PngEncoder;
    use image::{ExtendedColorType, ImageEncoder};
    let folder = Folder::new();
    // One entry: orientation 6, to be turned to the right.
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    let stored: Vec<u8> = (0..85 * 75).map(|i| (i / 85) as u8).collect();
    let mut bytes = Vec::new();
    let mut encoder = PngEncoder::new(&mut bytes);
    encoder
        .set_icc_profile(b"a profile of a kind".to_vec())
        .expect("it fits");
    encoder.set_exif_metadata(exif).expect("it fits");
    encoder
        .write_image(&stored, 85, 75, ExtendedColorType::L8)
        .expect("it is encoded");
    std::fs::write(folder.at("turned.png"), bytes).expect("it is written");
    folder.text("nothing.toml", NOTHING);
    for output in ["out.png", "out.jpg", "out.tif", "out.webp"] {
        folder
            .run(&[
                "render",
                "turned.png",
                "--recipe",
                "nothing.toml",
                "-o",
                output,
            ])
            .check_done();
        let reader = image::ImageReader::open(folder.at(output)).expect("it is there");
        let mut decoder = reader.into_decoder().expect("it is a picture");
        assert_eq!(decoder.dimensions(), (75, 85), "{output}");
        let profile = decoder.icc_profile().expect("it is readable");
        assert_eq!(
            profile.as_deref(),
            Some(&b"a profile of a kind"[..]),
            "{output}"
        );
        let upright = decoder.orientation().expect("it is readable");
        assert_eq!(upright, image::metadata::Orientation::NoTransforms);
    }
    // The first column of what is stored, from below, is the first row of what is shown.
    let shown = folder.read("out.png").to_luma8();
    assert_eq!(shown.as_raw()[..3], [74, 73, 72]);
}

#[test]
fn recipes_are_found_beside_the_picture_and_changed_by_flags() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(64, 64));
    folder.text(
        "a.png.repore.toml",
        "[[layer]]\nkind = \"noise\"\namount = 20\nblur = 0\n",
    );
    let spread = |args: &[&str]| {
        let mut all = vec!["render", "a.png", "--overwrite"];
        all.extend(args);
        folder.run(&all).check_done();
        let (before, after) = (folder.read("a.png"), folder.read("a.repored.png"));
        let pairs = before.as_bytes().iter().zip(after.as_bytes());
        pairs
            .map(|(a, b)| a.abs_diff(*b))
            .max()
            .expect("there are pixels")
    };
    let own = spread(&[]);
    assert!(
        (40..=51).contains(&own),
        "20 % of 255 at mid grey, not {own}"
    );
    let less = spread(&["--set", "noise.amount=2"]);
    assert!(
        (3..=6).contains(&less),
        "2 % of 255 at mid grey, not {less}"
    );
    assert_eq!(spread(&["--set", "noise.enabled=false"]), 0);
}

#[test]
fn the_seed_fixes_the_grain() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(64, 64));
    let bytes = |output: &str, seed: &str, threads: &str| {
        let args = [
            "render",
            "a.png",
            "-o",
            output,
            "--recipe",
            "noise",
            "--set",
            "noise.masks=none",
            "--seed",
            seed,
            "--threads",
            threads,
        ];
        folder.run(&args).check_done();
        std::fs::read(folder.at(output)).expect("it is there")
    };
    let first = bytes("1.png", "5", "1");
    assert_eq!(first, bytes("2.png", "5", "2"));
    assert_eq!(first, bytes("3.png", "5", "7"));
    assert_ne!(first, bytes("4.png", "6", "1"));
}

#[test]
fn a_mask_file_keeps_layers_to_its_white_part() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(64, 64));
    let half =
        image::GrayImage::from_fn(64, 64, |x, _| image::Luma([if x < 32 { 255 } else { 0 }]));
    folder.picture("mask.png", &half.into());
    folder
        .run(&[
            "render",
            "a.png",
            "--recipe",
            "noise",
            "--set",
            "noise.masks=[]",
            "--mask",
            "mask.png",
        ])
        .check_done();
    let (before, after) = (
        folder.read("a.png").to_rgb8(),
        folder.read("a.repored.png").to_rgb8(),
    );
    let changed =
        |from: u32| (from..from + 32).any(|x| before.get_pixel(x, 9) != after.get_pixel(x, 9));
    assert!(changed(0) && !changed(32));
}

#[test]
fn json_tells_of_every_picture() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(32, 32));
    folder.text("b.png", "no picture");
    let ran = folder.run(&["render", "a.png", "b.png", "--recipe", "full", "--json"]);
    assert_eq!(ran.code(), 1);
    let lines: Vec<Value> = ran
        .stdout()
        .lines()
        .map(|it| serde_json::from_str(it).expect("each line is JSON"))
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["input"], "a.png");
    assert_eq!(lines[0]["output"], "a.repored.png");
    assert_eq!(lines[0]["recipe"]["layer"][2]["kind"], "noise");
    assert_eq!(lines[0]["recipe"]["layer"][2]["amount"], 3.0);
    assert_eq!(lines[0]["skipped"][0]["kind"], "texture");
    assert_eq!(lines[0]["skipped"][0]["reason"], "there is no original");
    assert!(lines[0]["ms"]["render"].as_f64().is_some());
    assert_eq!(lines[1]["input"], "b.png");
    assert!(
        lines[1]["error"]
            .as_str()
            .is_some_and(|it| it.contains("b.png"))
    );
}

#[test]
fn the_recipe_in_json_is_all_of_it() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(32, 32));
    folder.text(
        "mine.toml",
        "[[layer]]\nkind = \"texture\"\nkept = [[3, 4.5]]\n\
         [[layer]]\nkind = \"noise\"\nmasks = [\"brush\"]\n\
         [[mask.brush.stroke]]\nmode = \"erase\"\npoints = [[1, 2], [3, 4]]\n",
    );
    folder.text("none.toml", NOTHING);
    let recipe = |name: &str| {
        let args = ["render", "a.png", "--overwrite", "--json", "--recipe", name];
        let line = folder.run(&args).stdout();
        let line: Value = serde_json::from_str(&line).expect("a line of JSON");
        line["recipe"].clone()
    };
    let mine = recipe("mine.toml");
    assert_eq!(mine["layer"][0]["kept"], json!([[3.0, 4.5]]));
    let stroke = &mine["mask"]["brush"]["stroke"][0];
    assert_eq!(stroke["mode"], "erase");
    assert_eq!(stroke["points"], json!([[1.0, 2.0], [3.0, 4.0]]));
    // What TOML leaves out is there too.
    assert_eq!(mine["layer"][1]["enabled"], true);
    folder.text(
        "graft.toml",
        "[[layer]]\nkind = \"graft\"\nenabled = false\n",
    );
    let graft = &recipe("graft.toml")["layer"][0];
    let keys = graft.as_object().expect("a table");
    assert_eq!(
        (&keys["enabled"], &keys["patch"]),
        (&json!(false), &Value::Null)
    );
    let none = recipe("none.toml");
    assert_eq!((&none["layer"], &none["mask"]), (&json!([]), &json!({})));
}

#[test]
fn a_batch_goes_on_past_a_bad_picture() {
    let folder = Folder::new();
    folder.picture("1.png", &plastic(16, 16));
    folder.text("2.png", "");
    folder.picture("4.png", &plastic(16, 16));
    let ran = folder.run(&[
        "render", "1.png", "2.png", "3.png", "4.png", "--recipe", "noise",
    ]);
    ran.check(1, "cannot read 2.png: the file is empty");
    ran.check(1, "cannot read 3.png: there is no such file or folder");
    ran.check(1, "2 done, 2 failed");
    assert_eq!(
        folder.names(),
        ["1.png", "1.repored.png", "2.png", "4.png", "4.repored.png"]
    );
}

#[cfg(unix)]
#[test]
fn a_pipe_or_a_device_is_refused_and_neither_waited_for_nor_replaced() {
    use std::os::unix::fs::FileTypeExt;
    let folder = Folder::new();
    folder.picture("a.png", &plastic(16, 16));
    let made = std::process::Command::new("mkfifo")
        .arg(folder.at("b.png"))
        .status();
    assert!(made.expect("mkfifo runs").success());
    for path in ["b.png", "/dev/zero"] {
        let words =
            format!("cannot read {path}: it is a pipe or a device; save the picture as a file");
        for args in [
            &["render", path, "--recipe", "noise", "-o", "out.png"][..],
            &["render", "a.png", "--original", path, "-o", "out.png"],
            &["inspect", path],
            &["show", path],
        ] {
            folder.run(args).check(1, &words);
        }
    }
    let render = ["render", "a.png", "--recipe", "noise", "-o", "b.png"];
    folder.run(&[&render[..], &["--overwrite"]].concat()).check(
        1,
        "cannot write b.png: it is a pipe or a device; name a file",
    );
    let pipe = folder.at("b.png").metadata().expect("it is there");
    assert!(pipe.file_type().is_fifo());
    assert_eq!(folder.names(), ["a.png", "b.png"]);
}

#[test]
fn a_truncated_jpeg_is_not_taken_for_a_whole_one() {
    let folder = Folder::new();
    let path = folder.picture("a.jpg", &skin(64, 64));
    let bytes = std::fs::read(&path).expect("it is there");
    std::fs::write(&path, &bytes[..bytes.len() * 2 / 3]).expect("it is cut");
    folder
        .run(&["render", "a.jpg", "--recipe", "noise"])
        .check(1, "cannot read a.jpg: the file ends early; copy it again");
    assert_eq!(folder.names(), ["a.jpg"]);
}

#[test]
fn inputs_are_never_written_to() {
    let folder = Folder::new();
    let input = folder.picture("a.png", &plastic(16, 16));
    let before = std::fs::read(&input).expect("it is there");
    let render = |output: &str| {
        folder.run(&[
            "render",
            "a.png",
            "-o",
            output,
            "--recipe",
            "noise",
            "--overwrite",
        ])
    };
    render("a.png").check(1, "cannot write a.png: it is the input a.png");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&input, folder.at("soft.png")).expect("a link");
        std::fs::hard_link(&input, folder.at("hard.png")).expect("a link");
        render("soft.png").check(1, "it is the input a.png");
        render("hard.png").check(1, "it is the input a.png");
    }
    assert_eq!(std::fs::read(&input).expect("it is there"), before);
}

#[test]
fn an_existing_file_is_kept_unless_told_otherwise() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(16, 16));
    folder.text("a.repored.png", "precious");
    let render = ["render", "a.png", "--recipe", "noise", "--overwrite"];
    folder.run(&render[..4]).check(
        1,
        "cannot write a.repored.png: it exists; use --overwrite to replace it",
    );
    assert_eq!(
        std::fs::read(folder.at("a.repored.png")).expect("there"),
        b"precious"
    );
    folder.run(&render).check_done();
    assert_eq!(folder.names(), ["a.png", "a.repored.png"]);
}

/// What a file is may differ from what its name says.
#[test]
fn two_pictures_of_one_name_do_not_replace_each_other_s_result() {
    let folder = Folder::new();
    for (name, shade) in [("a.png", 90), ("other.png", 200)] {
        folder.picture(
            name,
            &image::GrayImage::from_pixel(16, 16, image::Luma([shade])).into(),
        );
    }
    std::fs::rename(folder.at("other.png"), folder.at("a.tif")).expect("it is there");
    folder.text("nothing.toml", NOTHING);
    let args = [
        "--recipe",
        "nothing.toml",
        "--output-dir",
        "out",
        "--overwrite",
    ];
    let ran = folder.run(&[&["render", "a.png", "a.tif"], &args[..]].concat());
    ran.check(1, "its result would replace that of a.png");
    assert_eq!(folder.read("out/a.repored.png"), folder.read("a.png"));
}

#[test]
fn pictures_without_an_original_in_the_folder_are_rendered_without_one() {
    let folder = Folder::new();
    for name in ["a.png", "b.png"] {
        folder.picture(name, &plastic(80, 60));
    }
    folder.picture("before/a.png", &skin(80, 60));
    let args = [
        "render",
        "a.png",
        "b.png",
        "--recipe",
        "separation",
        "--original",
        "before",
    ];
    let ran = folder.run(&args);
    ran.check(
        0,
        "b.png: layer 1 \"texture\" skipped: there is no original",
    );
    assert_eq!(folder.read("b.repored.png"), folder.read("b.png"));
    assert_ne!(folder.read("a.repored.png"), folder.read("a.png"));
}

#[test]
fn an_original_that_is_the_picture_itself_is_told() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(80, 60));
    let args = ["render", "a.png", "--recipe", "separation"];
    let ran = folder.run(&[&args[..], &["--original", "a.png"]].concat());
    ran.check(
        0,
        "its original is the picture itself, which gives it no texture",
    );
    assert_eq!(folder.read("a.repored.png"), folder.read("a.png"));
}

#[test]
fn wrong_usage_does_nothing() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(16, 16));
    folder.picture("b.png", &plastic(16, 16));
    folder.text(
        "bad.toml",
        "[[layer]]\nkind = \"graft\"\nname = \"pores\"\nradius = 900\n",
    );
    let render = |args: &[&str]| {
        let mut all = vec!["render", "a.png"];
        all.extend(args);
        folder.run(&all)
    };
    render(&["--recipe", "bad.toml"]).check(
        2,
        "cannot use the recipe bad.toml: layer 1 \"pores\": radius 900 px is outside 0.1 to 100 px",
    );
    render(&["--recipe", "none.toml"]).check(
        2,
        "cannot read none.toml: there is no such file or folder; name a file or a preset: \
         noise, separation, graft, full",
    );
    std::fs::write(folder.at("binary.toml"), b"\xff\xfe[").expect("it is written");
    render(&["--recipe", "binary.toml"]).check(2, "it is no text in UTF-8; save it as UTF-8");
    std::fs::remove_file(folder.at("binary.toml")).expect("it is there");
    render(&["--recipe", "full", "--set", "noise.amount=200"])
        .check(2, "amount 200 % is outside 0 to 100 %");
    render(&["--set", "noise.amount=400"]).check(2, "amount 400 % is outside 0 to 100 %");
    render(&["--set", "garbage"]).check(2, "it has no \"=\"");
    for share in ["nan", "-1", "80"] {
        let limit = format!("--fail-below={share}");
        folder
            .run(&["inspect", "a.png", &limit])
            .check(2, "write a number from 0 to 10");
    }
    render(&["b.png", "-o", "c.png"]).check(2, "--output names one file and there are 2 pictures");
    render(&["-o", "-", "--format", "png"]).check(2, "results are files");
    render(&["--quality", "0"]).check(2, "--quality");
    render(&["--nonsense"]).check(2, "--nonsense");
    assert_eq!(folder.names(), ["a.png", "b.png", "bad.toml"]);
}

#[test]
fn a_folder_stands_for_its_pictures() {
    let folder = Folder::new();
    folder.picture("in/a.png", &plastic(16, 16));
    folder.picture("in/b.jpg", &plastic(16, 16));
    folder.picture("in/b.original.jpg", &skin(16, 16));
    folder
        .run(&["render", "in", "--recipe", "noise", "--output-dir", "out"])
        .check_done();
    assert!(folder.at("out/a.repored.png").exists());
    assert!(folder.at("out/b.repored.jpg").exists());
    assert!(!folder.at("out/b.original.repored.jpg").exists());
}

#[test]
fn presets_can_be_listed_printed_and_used() {
    let folder = Folder::new();
    let listed = folder.run(&["presets"]).stdout();
    for name in ["noise", "separation", "graft", "full"] {
        assert!(listed.lines().any(|it| it.starts_with(name)), "{name}");
    }
    folder.picture("a.png", &plastic(16, 16));
    let printed = folder.run(&["presets", "noise"]).stdout();
    folder.text("mine.toml", &printed);
    folder
        .run(&["render", "a.png", "--recipe", "mine.toml"])
        .check_done();
    folder
        .run(&["presets", "magic"])
        .check(2, "there is no preset \"magic\"");
}

#[test]
fn without_a_terminal_the_interface_says_so() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(16, 16));
    folder.run(&["."]).check(2, "needs a terminal");
    folder.run(&["nowhere"]).check(2, "cannot open nowhere");
}

#[test]
fn completions_and_manual_are_printed() {
    let folder = Folder::new();
    assert!(
        folder
            .run(&["completions", "bash"])
            .stdout()
            .contains("repore")
    );
    // One page has all of it: nobody could get at another one.
    let page = folder.run(&["man"]).stdout();
    for words in [
        ".TH repore",
        ".SH \"REPORE DONORS SAVE\"",
        "fail\\-below",
        ".SH \"EXIT STATUS\"",
    ] {
        assert!(page.contains(words), "{words}");
    }
    assert!(!page.contains("\\-render(1)") && !page.contains("draw\\-preview"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_batch_leaves_no_half_written_file() {
    use std::process::{Command, Stdio};
    use std::time::Duration;
    let folder = Folder::new();
    let pictures: Vec<String> = (0..40).map(|i| format!("{i}.png")).collect();
    for name in &pictures {
        folder.picture(name, &plastic(600, 600));
    }
    let mut child = Command::new(env!("CARGO_BIN_EXE_repore"))
        .arg("render")
        .args(&pictures)
        .args(["--recipe", "noise", "--set", "noise.blur=20"])
        .current_dir(folder.path())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    // It is at work once the first result is there.
    while !folder.at("0.repored.png").exists() {
        assert_eq!(child.try_wait().expect("it can be asked"), None);
        std::thread::sleep(Duration::from_millis(1));
    }
    let stopped = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(stopped.expect("kill runs").success());
    let status = child.wait().expect("it ends");
    assert_eq!(status.code(), Some(130));
    let names = folder.names();
    assert!(names.len() < 2 * pictures.len(), "{names:?}");
    for name in names {
        folder.read(&name);
    }
}

#[test]
fn a_mask_is_written_and_can_be_read_back() {
    let folder = Folder::new();
    folder.picture("a.png", &skin(80, 60));
    let set = ["--set", "mask.midtones.high=0.6"];
    let ran = folder.run(&[&["mask", "midtones", "a.png", "-o", "mask.png"], &set[..]].concat());
    ran.check_done();
    let mask = folder.read("mask.png");
    assert!(matches!(mask, image::DynamicImage::ImageLuma8(_)));
    assert_ne!(mask.to_luma8().as_raw().iter().max(), Some(&0));
    let set = ["--set", "mask.file.path=mask.png"];
    let ran = folder.run(&[&["mask", "file", "a.png", "-o", "again.png"], &set[..]].concat());
    ran.check_done();
    assert_eq!(folder.read("again.png"), mask);
    let ran = folder.run(&["mask", "midtones", "a.png", "-o", "mask.png"]);
    ran.check(1, "mask.png");
    let ran = folder.run(&["mask", "midtones", "a.png", "-o", "told.png", "--json"]);
    let line: Value = serde_json::from_str(&ran.stdout()).expect("a line of JSON");
    assert_eq!(line["output"], "told.png");
    let ran = folder.run(&["mask", "midtones", "a.png", "-o", "timed.png", "--timings"]);
    assert!(ran.stdout().contains("a.png: read "), "{}", ran.stdout());
    folder
        .run(&["mask", "skin", "a.png", "--set", "garbage", "-o", "b.png"])
        .check(2, "it has no");
    let ran = folder.run(&["mask", "brush", "a.png", "-o", "brush.png"]);
    ran.check(1, "nothing is painted");
    folder
        .run(&["mask", "hair", "a.png", "-o", "b.png"])
        .check(2, "smoothed, midtones");
}
