//! Pictures that are decoded while they are rendered: the results are those of whole pictures, and damage is told as if
//! they had been read before.

mod common;

use std::path::Path;

use common::{Folder, plastic, skin};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GenericImageView};
use repore::engine::raster::Samples;
use repore::files::read_photo;

const SIZE: (u32, u32) = (700, 900);

/// Recipes that read their pictures from top to bottom.
const RECIPES: [&str; 5] = [
    "[[layer]]\nkind = \"texture\"\nradius = 8\n",
    "[[layer]]\nkind = \"texture\"\nradius = 3\nmode = \"add\"\nmasks = [\"midtones\"]\n[[layer]]\nkind = \"noise\"\n",
    "[[layer]]\nkind = \"noise\"\namount = 12\nmasks = [\"brush\"]\n[[mask.brush.stroke]]\nradius = 40\npoints = [[300, 500]]\n",
    "[[layer]]\nkind = \"graft\"\npatch = { x = 400, y = 600, width = 96, height = 96 }\nstrength = 80\nmasks = [\"midtones\"]\n",
    "[[layer]]\nkind = \"noise\"\nenabled = false\n",
];

/// A JPEG in one piece by another encoder, or with restart markers by our own, subsampled like its source.
fn jpeg(folder: &Folder, name: &str, picture: &DynamicImage, in_one_piece: bool) {
    let mut bytes = Vec::new();
    let done = JpegEncoder::new_with_quality(&mut bytes, 92).encode_image(picture);
    done.expect("memory");
    std::fs::write(folder.at(name), &bytes).expect("the file is written");
    if !in_one_piece {
        folder.text("none.toml", RECIPES[4]);
        let args = ["render", name, "--recipe", "none.toml", "-o", "copy.jpg"];
        folder.run(&args).check_done();
        std::fs::rename(folder.at("copy.jpg"), folder.at(name)).expect("it is renamed");
    }
}

/// The same pixels as a BMP, which is read before it is rendered.
fn as_bmp(folder: &Folder, from: &str, to: &str) {
    let photo = read_photo(&folder.at(from)).expect("a picture");
    let Samples::Eight(samples) = photo.image.samples() else {
        unreachable!("a JPEG has 8 bits");
    };
    let (width, height) = (photo.image.width() as u32, photo.image.height() as u32);
    let image = image::RgbImage::from_raw(width, height, samples.clone()).expect("RGB");
    folder.picture(to, &DynamicImage::ImageRgb8(image));
}

fn render(folder: &Folder, names: [&str; 2], output: &str, more: &[&str]) -> common::Ran {
    let [picture, original] = names;
    let args = [
        "render",
        picture,
        "--original",
        original,
        "--recipe",
        "recipe.toml",
        "-o",
        output,
    ];
    folder.run(&[&args[..], &["--overwrite"], more].concat())
}

#[test]
fn results_are_those_of_whole_pictures_on_any_number_of_threads() {
    for in_one_piece in [true, false] {
        let folder = Folder::new();
        jpeg(&folder, "a.jpg", &plastic(SIZE.0, SIZE.1), in_one_piece);
        jpeg(&folder, "o.jpg", &skin(SIZE.0, SIZE.1), in_one_piece);
        as_bmp(&folder, "a.jpg", "a.bmp");
        as_bmp(&folder, "o.jpg", "o.bmp");
        for recipe in RECIPES {
            folder.text("recipe.toml", recipe);
            render(&folder, ["a.bmp", "o.bmp"], "whole.tif", &[]).check_done();
            for threads in ["1", "2", "5"] {
                let threads = ["--threads", threads];
                render(&folder, ["a.jpg", "o.jpg"], "rows.tif", &threads).check_done();
                let same = folder.read("whole.tif") == folder.read("rows.tif");
                assert!(same, "{threads:?}, in one piece: {in_one_piece}, {recipe}");
            }
        }
    }
}

#[test]
fn pngs_and_tiffs_arrive_as_jpegs_do_and_so_do_masks() {
    let folder = Folder::new();
    let (picture, original) = (plastic(SIZE.0, SIZE.1), skin(SIZE.0, SIZE.1));
    let wide = |it: &DynamicImage| DynamicImage::ImageRgb16(it.to_rgb16());
    for extension in ["png", "tif"] {
        folder.picture(&format!("a.{extension}"), &wide(&picture));
        folder.picture(&format!("o.{extension}"), &wide(&original));
    }
    let mask = DynamicImage::ImageLuma8(original.to_luma8());
    folder.picture("mask.png", &mask);
    folder.picture("small.png", &mask.thumbnail(90, 70));
    // A format that is read before it is rendered, as PNGs are of which a part is enough.
    folder.picture("mask.pgm", &mask);
    folder.picture("small.pgm", &mask.thumbnail(90, 70));
    for recipe in RECIPES {
        folder.text("recipe.toml", recipe);
        for mask in ["mask", "small"] {
            let whole = ["--partial", "--mask", &format!("{mask}.pgm")];
            render(&folder, ["a.png", "o.png"], "whole.tif", &whole).check_done();
            for names in [["a.png", "o.png"], ["a.tif", "o.tif"]] {
                for threads in ["1", "4"] {
                    let mask = format!("{mask}.png");
                    let more = ["--mask", &mask, "--threads", threads];
                    render(&folder, names, "rows.tif", &more).check_done();
                    let same = folder.read("whole.tif") == folder.read("rows.tif");
                    assert!(same, "{names:?}, {more:?}, {recipe}");
                }
            }
        }
    }
}

/// A file whose scan is cut off somewhere and ends with the marker of an end, or has other bytes there.
fn damage(path: &Path, cut_off: bool) {
    let mut bytes = std::fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    if cut_off {
        bytes.truncate(middle);
        bytes.extend([0xFF, 0xD9]);
    } else {
        bytes[middle..middle + 40].fill(0xFF);
    }
    std::fs::write(path, bytes).expect("the file is written");
}

#[test]
fn damage_is_told_as_if_the_file_had_been_read_before() {
    for (damaged, cut_off) in [
        ("a.jpg", true),
        ("a.jpg", false),
        ("o.jpg", true),
        ("o.jpg", false),
    ] {
        let folder = Folder::new();
        jpeg(&folder, "a.jpg", &plastic(SIZE.0, SIZE.1), true);
        jpeg(&folder, "o.jpg", &skin(SIZE.0, SIZE.1), true);
        damage(&folder.at(damaged), cut_off);
        folder.text("recipe.toml", RECIPES[2]);
        let before = folder.names();
        let ran = render(&folder, ["a.jpg", "o.jpg"], "rows.tif", &[]);
        match read_photo(&folder.at(damaged)) {
            // Whoever makes the best of it does so here as well.
            Ok(_) => {
                ran.check_done();
                for (from, to) in [("a.jpg", "a.bmp"), ("o.jpg", "o.bmp")] {
                    as_bmp(&folder, from, to);
                }
                render(&folder, ["a.bmp", "o.bmp"], "whole.tif", &[]).check_done();
                assert!(folder.read("whole.tif") == folder.read("rows.tif"));
            }
            Err(error) => {
                let words = error.to_string();
                ran.check(1, words.rsplit(": ").next().unwrap_or(&words));
                assert_eq!(folder.names(), before);
            }
        }
    }
}

#[test]
fn damaged_pngs_tiffs_and_masks_are_named() {
    for damaged in ["a.png", "a.tif", "mask.png"] {
        let folder = Folder::new();
        folder.picture("a.png", &plastic(300, 200));
        folder.picture("a.tif", &plastic(300, 200));
        folder.picture(
            "mask.png",
            &DynamicImage::ImageLuma8(skin(300, 200).to_luma8()),
        );
        let mut bytes = std::fs::read(folder.at(damaged)).expect("a file");
        let middle = bytes.len() / 2;
        match damaged {
            // Its directory stays.
            "a.tif" => _ = bytes.drain(middle..middle + 100),
            _ => bytes.truncate(middle),
        }
        std::fs::write(folder.at(damaged), bytes).expect("the file is written");
        folder.text("recipe.toml", RECIPES[1]);
        let before = folder.names();
        let picture = if damaged == "a.tif" { damaged } else { "a.png" };
        let ran = render(
            &folder,
            [picture, picture],
            "b.tif",
            &["--mask", "mask.png"],
        );
        ran.check(1, damaged);
        assert_eq!(folder.names(), before);
    }
}

#[test]
fn a_picture_that_lies_on_its_side_is_turned_before_it_is_rendered() {
    let folder = Folder::new();
    jpeg(&folder, "a.jpg", &plastic(300, 200), true);
    let bytes = std::fs::read(folder.at("a.jpg")).expect("a file");
    // EXIF with nothing but orientation 6.
    let exif =
        b"\xFF\xE1\0\x22Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let turned = [&bytes[..2], exif, &bytes[2..]].concat();
    std::fs::write(folder.at("a.jpg"), turned).expect("the file is written");
    folder.text("recipe.toml", RECIPES[4]);
    let args = ["render", "a.jpg", "--recipe", "recipe.toml", "-o", "b.tif"];
    folder.run(&args).check_done();
    assert_eq!(folder.read("b.tif").dimensions(), (200, 300));
}
