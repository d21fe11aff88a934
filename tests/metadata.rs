//! What a file says beside its pixels, through the real program.

mod common;

use std::fs;

use common::{Folder, plastic, skin};
use repore::files::containers::jpeg::{APP1, APP13, COMMENT, Header, Segment, with_segments};
use repore::files::containers::png::{Chunk, Chunks, with_chunks};
use repore::files::read_photo;

const XMP: &str = "<x:xmpmeta xmlns:x='adobe:ns:meta/'>\
    <rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
    <rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/' dc:format='image/jpeg'/>\
    </rdf:RDF></x:xmpmeta>";

/// A little-endian block with one tag, the orientation.
fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    block.extend([orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

fn render(folder: &Folder, args: &[&str]) {
    let all = [&["render", "--recipe", "noise", "--overwrite"], args].concat();
    folder.run(&all).check_done();
}

fn rich_png(folder: &Folder) -> Vec<Chunk> {
    let path = folder.picture("a.png", &plastic(24, 16));
    let before = vec![
        Chunk::new(b"gAMA", 45_455u32.to_be_bytes().to_vec()),
        Chunk::new(b"pHYs", vec![0, 0, 0x2E, 0x23, 0, 0, 0x2E, 0x23, 1]),
        Chunk::new(
            b"tEXt",
            b"prompt\0{\"3\": {\"class_type\": \"KSampler\"}}".to_vec(),
        ),
        Chunk::new(b"tEXt", b"Author\0somebody".to_vec()),
    ];
    let after = [Chunk::new(b"tEXt", b"Comment\0behind the pixels".to_vec())];
    let plain = fs::read(&path).expect("it is there");
    fs::write(&path, with_chunks(&plain, &before, &after)).expect("it is written");
    before.into_iter().chain(after).collect()
}

fn chunks(folder: &Folder, name: &str) -> Vec<Chunk> {
    let mut file = fs::File::open(folder.at(name)).expect("it is there");
    Chunks::read(&mut file).iter().cloned().collect()
}

#[test]
fn the_chunks_of_a_png_stay() {
    let folder = Folder::new();
    let given = rich_png(&folder);
    render(&folder, &["a.png"]);
    let kept = chunks(&folder, "a.repored.png");
    for chunk in &given {
        assert!(kept.contains(chunk), "{chunk:?}");
    }
    let history = kept
        .iter()
        .find(|it| &it.kind == b"iTXt")
        .expect("a history");
    let history = String::from_utf8_lossy(&history.data).into_owned();
    assert!(
        history.contains(concat!("repore ", env!("CARGO_PKG_VERSION"))),
        "{history}"
    );
    assert!(history.contains("kind = &quot;noise&quot;"), "{history}");
}

#[test]
fn prompts_alone_or_everything_can_be_dropped() {
    let folder = Folder::new();
    let given = rich_png(&folder);
    render(&folder, &["a.png", "--strip-prompt"]);
    let kept = chunks(&folder, "a.repored.png");
    assert!(!kept.contains(&given[2]) && kept.contains(&given[3]));
    render(&folder, &["a.png", "--strip"]);
    let kept = chunks(&folder, "a.repored.png");
    assert_eq!(kept, given[..1], "only what fixes the colours");
}

#[test]
fn what_a_jpeg_cannot_hold_is_said() {
    let folder = Folder::new();
    rich_png(&folder);
    let ran = folder.run(&["render", "a.png", "--recipe", "noise", "--format", "jpeg"]);
    ran.check(
        0,
        "jpeg does not hold the PNG's texts (prompt, Author); dropped",
    );
    assert!(!ran.stderr().contains("named as"));
    let misnamed = ["a.png", "--format", "jpeg", "-o", "b.png"];
    let ran = folder.run(&[&["render", "--recipe", "noise"], &misnamed[..]].concat());
    ran.check(0, "b.png is named as png and written as jpeg");
    let photo = read_photo(&folder.at("a.repored.jpg")).expect("a JPEG");
    assert_eq!(photo.metadata.resolution.map(|it| it.x), Some(300.0));
}

#[test]
fn the_segments_of_a_jpeg_stay_and_it_stands_upright_in_all_of_them() {
    let folder = Folder::new();
    let path = folder.picture("a.jpg", &plastic(24, 16));
    let comment = Segment::new(COMMENT, b"", b"for the studio");
    let caption = b"\x1C\x02\x78\0\x07caption".to_vec();
    let resources = [&b"8BIM\x04\x04\0\0\0\0\0\x0C"[..], &caption].concat();
    let given = [
        Segment::new(APP1, b"Exif\0\0", &exif(6)),
        Segment::new(APP1, b"http://ns.adobe.com/xap/1.0/\0", XMP.as_bytes()),
        Segment::new(APP13, b"Photoshop 3.0\0", &resources),
        comment.clone(),
    ];
    let plain = fs::read(&path).expect("it is there");
    fs::write(&path, with_segments(&plain, &given)).expect("it is written");
    for format in ["jpeg", "png", "tiff", "webp"] {
        render(&folder, &["a.jpg", "--format", format, "-o", "out"]);
        let photo = read_photo(&folder.at("out")).expect("a picture");
        assert_eq!((photo.image.width(), photo.image.height()), (16, 24));
        let xmp = photo.metadata.xmp.clone().expect("a packet");
        assert!(
            String::from_utf8_lossy(&xmp).contains("dc:format='image/jpeg'"),
            "{format}"
        );
        assert!(photo.metadata.provenance().is_some(), "{format}");
        if format != "webp" {
            assert_eq!(photo.metadata.iptc, Some(caption.clone()), "{format}");
            // And out of that format again.
            let args = ["render", "--recipe", "noise", "out", "-o", "back.jpg"];
            let ran = folder.run(&[&args[..], &["--overwrite"]].concat());
            assert!(!ran.stderr().contains("does not hold"), "{}", ran.stderr());
            let back = read_photo(&folder.at("back.jpg")).expect("a picture");
            assert_eq!(back.metadata.iptc, Some(caption.clone()), "{format}");
        }
        if format == "jpeg" {
            let header = Header::read(&fs::read(folder.at("out")).expect("it is there"));
            assert!(header.segments.contains(&comment));
            assert_eq!(photo.metadata.exif, Some(exif(1)));
        }
    }
}

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";

/// The name of an extended part.
const NAME: &str = "0123456789ABCDEF0123456789ABCDEF";

/// A packet with a property as long as `large`, and a name for an extended part if it is to have one.
fn packet(large: &str, more: &str) -> String {
    format!(
        "<x:xmpmeta xmlns:x='adobe:ns:meta/' xmlns:u='urn:test'><rdf:RDF xmlns:rdf='{RDF}'>\
         <rdf:Description rdf:about='' u:large='{large}' xmlns:xmpNote='http://ns.adobe.com/xmp/note/'{more}>\
         <u:small>pores</u:small></rdf:Description></rdf:RDF></x:xmpmeta>"
    )
}

/// A JPEG whose XMP has an extended part in pieces: of each its offset, its bytes, and the length of the whole that it
/// tells.
fn jpeg_with_extended(folder: &Folder, pieces: &[(usize, &[u8], usize)]) {
    let path = folder.picture("a.jpg", &plastic(24, 16));
    let plain = fs::read(&path).expect("it is there");
    let main = format!(
        "<rdf:RDF xmlns:rdf='{RDF}'><rdf:Description rdf:about='uuid:7' xmlns:u='urn:test' u:main='skin' \
         xmlns:xmpNote='http://ns.adobe.com/xmp/note/' xmpNote:HasExtendedXMP='{NAME}'/></rdf:RDF>"
    );
    let xmp = b"http://ns.adobe.com/xap/1.0/\0";
    let mut segments = vec![Segment::new(APP1, xmp, main.as_bytes())];
    for (offset, bytes, length) in pieces {
        let numbers = [*length, *offset].map(|it| (it as u32).to_be_bytes());
        let data = [NAME.as_bytes(), &numbers.concat(), bytes].concat();
        let extension = b"http://ns.adobe.com/xmp/extension/\0";
        segments.push(Segment::new(APP1, extension, &data));
    }
    fs::write(&path, with_segments(&plain, &segments)).expect("it is written");
}

fn xmp_of(folder: &Folder, name: &str) -> String {
    let photo = read_photo(&folder.at(name)).expect("a picture");
    String::from_utf8(photo.metadata.xmp.expect("a packet")).expect("text")
}

#[test]
fn the_parts_of_an_extended_xmp_become_one_where_a_packet_may_be_large() {
    let folder = Folder::new();
    let large = "depth".repeat(26_000);
    let extended = packet(&large, "");
    let (length, bytes) = (extended.len(), extended.as_bytes());
    // The order in the file does not count.
    let (first, second) = bytes.split_at(65_000);
    let (second, third) = second.split_at(60_000);
    let pieces = [
        (65_000, second, length),
        (0, first, length),
        (125_000, third, length),
    ];
    jpeg_with_extended(&folder, &pieces);
    for format in ["png", "tiff", "webp", "jpeg"] {
        let args = ["--format", format, "-o", "out", "--overwrite"];
        let ran = folder.run(&[&["render", "a.jpg", "--recipe", "noise"], &args[..]].concat());
        ran.check_done();
        assert!(!ran.stderr().contains("does not hold"), "{}", ran.stderr());
        let xmp = xmp_of(&folder, "out");
        for told in [&large, "u:main='skin'", "<u:small>pores</u:small>", "noise"] {
            assert!(xmp.contains(told), "{format}: {told:.20}");
        }
        assert!(!xmp.contains(NAME), "{format}");
        if format == "jpeg" {
            let header = Header::read(&fs::read(folder.at("out")).expect("it is there"));
            let names_old = |it: &Segment| it.data.windows(32).any(|it| it == NAME.as_bytes());
            assert!(!header.segments.iter().any(names_old));
        } else {
            let file = fs::read(folder.at("out")).expect("it is there");
            assert!(format == "png" || file.windows(large.len()).any(|it| it == large.as_bytes()));
        }
    }
}

#[test]
fn an_extended_xmp_that_is_not_whole_is_not_joined() {
    let folder = Folder::new();
    let extended = packet("depth", "");
    let (length, bytes) = (extended.len(), extended.as_bytes());
    let huge = u32::MAX as usize;
    for pieces in [
        &[(0, &bytes[..50], length), (60, &bytes[60..], length)][..],
        &[(0, &bytes[..60], length), (50, &bytes[50..], length)],
        &[(0, bytes, length), (0, bytes, length)],
        &[(0, bytes, length + 1)],
        &[(0, bytes, huge)],
        &[(huge, bytes, huge)],
        &[(0, &bytes[..50], length), (50, &bytes[50..], length + 1)],
        &[(50, &bytes[50..], length)],
        &[(0, &bytes[..length - 9], length - 9)],
    ] {
        jpeg_with_extended(&folder, pieces);
        let args = [
            "render",
            "a.jpg",
            "--recipe",
            "noise",
            "--overwrite",
            "--format",
        ];
        let ran = folder.run(&[&args[..], &["png"]].concat());
        ran.check(
            0,
            "png does not hold an extended part of the XMP that is not whole or cannot be read; dropped",
        );
        let xmp = xmp_of(&folder, "a.repored.png");
        assert!(
            xmp.contains("u:main='skin'") && !xmp.contains("pores"),
            "{xmp}"
        );
        // In a JPEG it stays as it is.
        folder.run(&[&args[..], &["jpeg"]].concat()).check_done();
        let segments =
            |name| Header::read(&fs::read(folder.at(name)).expect("it is there")).segments;
        let (before, after) = (segments("a.jpg"), segments("a.repored.jpg"));
        for piece in before.iter().rev().take(pieces.len()) {
            assert!(after.contains(piece));
        }
    }
}

#[test]
fn a_large_packet_becomes_standard_and_extended_xmp_in_a_jpeg() {
    let folder = Folder::new();
    let large = "depth".repeat(40_000);
    let path = folder.picture("a.png", &plastic(24, 16));
    let plain = fs::read(&path).expect("it is there");
    let given = packet(&large, " u:next='hair'");
    let chunk = [b"XML:com.adobe.xmp\0\0\0\0\0", given.as_bytes()].concat();
    let chunk = Chunk::new(b"iTXt", chunk);
    fs::write(&path, with_chunks(&plain, &[chunk], &[])).expect("it is written");
    let ran = folder.run(&["render", "a.png", "--recipe", "noise", "--format", "jpeg"]);
    ran.check_done();
    assert!(!ran.stderr().contains("XMP"), "{}", ran.stderr());
    let header = Header::read(&fs::read(folder.at("a.repored.jpg")).expect("it is there"));
    let parts = header.segments.iter().filter_map(|it| {
        let data = it.after(APP1, b"http://ns.adobe.com/xmp/extension/\0")?;
        Some((data[36..40].to_vec(), data.len() - 40))
    });
    let expected = [(0u32, 65_400), (65_400, 65_400), (130_800, 65_400)];
    let expected = expected.map(|(at, length)| (at.to_be_bytes().to_vec(), length));
    let parts: Vec<_> = parts.collect();
    assert_eq!((&parts[..3], parts.len()), (&expected[..], 4));
    let xmp = xmp_of(&folder, "a.repored.jpg");
    for told in [&large, "u:next='hair'", "<u:small>pores</u:small>", "noise"] {
        assert!(xmp.contains(told), "{told:.20}");
    }
}

/// ExifTool names it with two words, and ImageMagick writes all resources and the IPTC alone.
#[test]
fn the_iptc_of_a_png_comes_into_other_formats() {
    let folder = Folder::new();
    let caption = b"\x1C\x02\x78\0\x07caption";
    let resources = [&b"8BIM\x04\x04\0\0\0\0\0\x0C"[..], caption].concat();
    let hex = |bytes: &[u8]| -> String { bytes.iter().map(|it| format!("{it:02x}")).collect() };
    let text = |keyword: &str, name: &str, bytes: &[u8]| {
        let text = format!("\n{name}\n{:8}\n{}\n", bytes.len(), hex(bytes));
        (format!("Raw profile type {keyword}"), text)
    };
    for (keyword, text) in [
        text("iptc", "IPTC profile", &resources),
        text("iptc", "iptc", caption),
        text("8bim", "8bim", &resources),
    ] {
        let path = folder.picture("a.png", &plastic(24, 16));
        let plain = fs::read(&path).expect("it is there");
        let chunk = Chunk::new(
            b"tEXt",
            [keyword.as_bytes(), b"\0", text.as_bytes()].concat(),
        );
        fs::write(&path, with_chunks(&plain, &[chunk], &[])).expect("it is written");
        for format in ["jpeg", "tiff"] {
            let args = ["--overwrite", "--format", format, "-o", "out"];
            let ran = folder.run(&[&["render", "a.png", "--recipe", "noise"], &args[..]].concat());
            ran.check_done();
            assert!(!ran.stderr().contains("does not hold"), "{}", ran.stderr());
            let photo = read_photo(&folder.at("out")).expect("a picture");
            assert_eq!(
                photo.metadata.iptc.as_deref(),
                Some(&caption[..]),
                "{text} {format}"
            );
        }
    }
}

/// In a TIFF a second directory is a second picture.
#[test]
fn a_thumbnail_is_kept_or_its_loss_is_said() {
    let folder = Folder::new();
    let path = folder.picture("a.jpg", &plastic(24, 16));
    let plain = fs::read(&path).expect("it is there");
    let mut block = exif(1);
    let end = block.len();
    // The next directory follows: where the thumbnail is, and how long.
    block[end - 4..].copy_from_slice(&(end as u32).to_le_bytes());
    block.extend(b"\x02\0\x01\x02\x04\0\x01\0\0\0");
    block.extend((end as u32 + 30).to_le_bytes());
    block.extend(b"\x02\x02\x04\0\x01\0\0\0\x04\0\0\0\0\0\0\0\xFF\xD8\xFF\xD9");
    let segment = Segment::new(APP1, b"Exif\0\0", &block);
    fs::write(&path, with_segments(&plain, &[segment])).expect("it is written");
    for (format, is_kept) in [
        ("jpeg", true),
        ("png", true),
        ("webp", true),
        ("tiff", false),
    ] {
        let args = ["--overwrite", "--format", format, "-o", "out"];
        let ran = folder.run(&[&["render", "a.jpg", "--recipe", "noise"], &args[..]].concat());
        ran.check_done();
        let said = "tiff does not hold the thumbnail of the EXIF block; dropped";
        assert_eq!(ran.stderr().contains(said), !is_kept, "{}", ran.stderr());
        let photo = read_photo(&folder.at("out")).expect("a picture");
        assert_eq!(
            photo.metadata.exif == Some(block.clone()),
            is_kept,
            "{format}"
        );
    }
    // One of a TIFF's own has none.
    let ran = folder.run(&["render", "out", "--recipe", "noise", "-o", "b.tif"]);
    ran.check_done();
    assert!(!ran.stderr().contains("thumbnail"), "{}", ran.stderr());
}

#[test]
fn comments_go_from_a_jpeg_to_a_png_and_back() {
    let folder = Folder::new();
    let path = folder.picture("a.jpg", &plastic(24, 16));
    let plain = fs::read(&path).expect("it is there");
    let convert = |from: &str, to: &str, format: &str| {
        let args = ["--overwrite", "--format", format, "-o", to];
        let ran = folder.run(&[&["render", from, "--recipe", "noise"], &args[..]].concat());
        ran.check_done();
        ran.stderr()
    };
    let comments = |name: &str| {
        let header = Header::read(&fs::read(folder.at(name)).expect("it is there"));
        let comments = header
            .segments
            .into_iter()
            .filter(|it| it.marker == COMMENT);
        comments.map(|it| it.data).collect::<Vec<_>>()
    };
    let given = [
        &b"for the studio\0"[..],
        "für später".as_bytes(),
        "写真".as_bytes(),
        b"caf\xE9",
    ];
    let segments = given.map(|it| Segment::new(COMMENT, b"", it));
    fs::write(&path, with_segments(&plain, &segments)).expect("it is written");
    assert!(!convert("a.jpg", "b.png", "png").contains("does not hold"));
    let texts: Vec<_> = chunks(&folder, "b.png");
    let international = "写真".as_bytes();
    for (kind, text) in [
        (b"tEXt", &b"Comment\0for the studio"[..]),
        (b"tEXt", b"Comment\0f\xFCr sp\xE4ter"),
        (b"iTXt", &[b"Comment\0\0\0\0\0", international].concat()),
        (b"tEXt", b"Comment\0caf\xE9"),
    ] {
        assert!(
            texts.contains(&Chunk::new(kind, text.to_vec())),
            "{texts:?}"
        );
    }
    assert!(!convert("b.png", "c.jpg", "jpeg").contains("does not hold"));
    let back = ["for the studio", "für später", "写真", "café"].map(|it| it.as_bytes().to_vec());
    assert_eq!(comments("c.jpg"), back);
    for format in ["tiff", "webp"] {
        let said = format!("{format} does not hold the JPEG's comment; dropped");
        assert!(convert("a.jpg", "out", format).contains(&said));
    }
    // What is no text, or too long for a segment, is said.
    let segment = Segment::new(COMMENT, b"", b"\x01\0\x02");
    fs::write(&path, with_segments(&plain, &[segment])).expect("it is written");
    assert!(convert("a.jpg", "b.png", "png").contains("does not hold the JPEG's comment"));
    assert!(
        !chunks(&folder, "b.png")
            .iter()
            .any(|it| it.keyword() == b"Comment")
    );
    let path = folder.picture("b.png", &plastic(24, 16));
    let plain = fs::read(&path).expect("it is there");
    let long = [&b"Comment\0"[..], &[b'a'; 70_000]].concat();
    let chunk = Chunk::new(b"tEXt", long);
    fs::write(&path, with_chunks(&plain, &[chunk], &[])).expect("it is written");
    assert!(convert("b.png", "c.jpg", "jpeg").contains("the PNG's texts (Comment)"));
    assert!(comments("c.jpg").is_empty());
}

#[test]
fn the_same_render_has_the_same_bytes() {
    let folder = Folder::new();
    rich_png(&folder);
    let bytes = || {
        render(&folder, &["a.png"]);
        fs::read(folder.at("a.repored.png")).expect("it is there")
    };
    assert!(bytes() == bytes());
}

#[test]
fn a_picture_that_ends_early_is_read_as_far_as_it_goes_when_asked_to() {
    let folder = Folder::new();
    for name in ["a.jpg", "a.png"] {
        let path = folder.picture(name, &plastic(64, 64));
        let bytes = fs::read(&path).expect("it is there");
        fs::write(&path, &bytes[..bytes.len() * 3 / 4]).expect("it is cut");
        let ran = folder.run(&["render", name, "--recipe", "noise"]);
        // Wherever a flag is named as a cure, it is there.
        let save = [
            "donors",
            "save",
            "skin",
            name,
            "--patch",
            "0,0,48,48",
            "--overwrite",
        ];
        for command in [&["show", name][..], &save] {
            let ran = folder.run(command);
            ran.check(1, "take what is there with --partial");
            let partial = [command, &["--partial"]].concat();
            folder.run(&partial).check_done();
        }
        let cure = "copy it again, or take what is there with --partial";
        ran.check(
            1,
            &format!("cannot read {name}: the file ends early; {cure}"),
        );
        let ran = folder.run(&["render", name, "--recipe", "noise", "--partial"]);
        ran.check(0, "the file ends early; what is missing is grey");
    }
}

/// Donors, layers and masks: each is read on a path of its own.
#[test]
fn pictures_that_a_recipe_names_are_read_as_the_flags_say() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(64, 64));
    let path = folder.picture("cut.png", &skin(200, 200));
    let bytes = fs::read(&path).expect("it is there");
    fs::write(&path, &bytes[..bytes.len() * 9 / 10]).expect("it is cut");
    for (name, layer) in [
        ("picture", "kind = \"picture\"\npath = \"cut.png\""),
        (
            "mask",
            "kind = \"noise\"\nmasks = [\"file\"]\n[mask.file]\npath = \"cut.png\"",
        ),
        (
            "graft",
            "kind = \"graft\"\ndonor = \"cut.png\"\npatch = { x = 9, y = 9, width = 64, height = 64 }",
        ),
    ] {
        let recipe = format!("{name}.toml");
        folder.text(&recipe, &format!("[[layer]]\n{layer}\n"));
        for args in [
            &["render", "a.png", "--overwrite"][..],
            &["inspect", "a.png"],
        ] {
            let run = |more: &[&str]| folder.run(&[args, &["--recipe", &recipe], more].concat());
            run(&[]).check(1, "cut.png: the file ends early");
            run(&["--partial"]).check_done();
            let limit = ["--partial", "--max-memory", "200K"];
            run(&limit).check(1, "cut.png: 200×200 pixels need");
        }
    }
}

#[test]
fn what_belongs_to_the_pixels_as_they_were_is_dropped_and_said() {
    let folder = Folder::new();
    let path = folder.picture("a.jpg", &plastic(24, 16));
    let bytes = fs::read(&path).expect("it is there");
    let mut segments = Header::read(&bytes).segments;
    segments.push(Segment::new(0xEB, b"JP", b"a signature"));
    segments.push(Segment::new(0xE2, b"MPF\0", b"II*\0"));
    fs::write(&path, with_segments(&bytes, &segments)).expect("it is written");
    let path = folder.picture("b.png", &plastic(24, 16));
    let bytes = fs::read(&path).expect("it is there");
    let chunks = [Chunk::new(b"caBX", b"a signature".to_vec())];
    fs::write(&path, with_chunks(&bytes, &chunks, &[])).expect("it is written");
    let mut file = fs::File::create(folder.at("c.tif")).expect("it is made");
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).expect("an encoder");
    let mut image = encoder
        .new_image::<tiff::encoder::colortype::Gray8>(24, 16)
        .expect("an image");
    let tag = tiff::tags::Tag::Unknown(52_545);
    image
        .encoder()
        .write_tag(tag, &b"a signature"[..])
        .expect("it is written");
    image.write_data(&[9; 24 * 16]).expect("it is written");
    for name in ["a.jpg", "b.png", "c.tif"] {
        let ran = folder.run(&["render", name, "--recipe", "noise"]);
        ran.check(0, "its content credentials are dropped");
        let (stem, extension) = name.split_once('.').expect("an extension");
        let result = fs::read(folder.at(&format!("{stem}.repored.{extension}"))).expect("a result");
        assert!(!result.windows(11).any(|it| it == b"a signature"), "{name}");
    }
    let ran = folder.run(&["render", "a.jpg", "--recipe", "noise", "--overwrite"]);
    ran.check(0, "only the first of its pictures is used");
}

#[test]
fn a_result_does_not_tell_where_files_lie() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(64, 64));
    let mask = folder.picture("mask.png", &skin(64, 64));
    let mask = mask.to_str().expect("its path is text");
    let args = ["--recipe", "noise", "a.png", "--mask", mask];
    let told = |more: &[&str]| {
        folder
            .run(&[&["render", "--json"], more, &args].concat())
            .stdout()
    };
    let rendered = told(&[]);
    assert!(rendered.contains(mask), "who rendered it knows");
    let bytes = fs::read(folder.at("a.repored.png")).expect("it is there");
    let text = String::from_utf8_lossy(&bytes);
    assert!(
        text.contains("path = &quot;mask.png&quot;"),
        "its name is told"
    );
    let place = folder.path().to_str().expect("its path is text");
    assert!(!text.contains(place));
    let resumed = told(&["--resume"]);
    assert!(
        resumed.contains(mask) && resumed.contains("\"unchanged\":true"),
        "{resumed}"
    );
}

#[test]
fn a_picture_over_the_limit_is_refused() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(64, 64));
    let ran = folder.run(&["render", "a.png", "--recipe", "noise", "--max-memory", "8K"]);
    ran.check(1, "cannot read a.png: 64×64 pixels need");
    ran.check(1, "raise the limit with --max-memory");
}

#[test]
fn another_picture_of_the_batch_is_never_written_to() {
    let folder = Folder::new();
    folder.picture("a.png", &plastic(16, 16));
    let other = folder.picture("a.repored.png", &plastic(20, 20));
    let before = fs::read(&other).expect("it is there");
    let ran = folder.run(&[
        "render",
        "a.png",
        "a.repored.png",
        "--recipe",
        "noise",
        "--overwrite",
    ]);
    ran.check(1, "it is the input a.repored.png");
    assert!(fs::read(&other).expect("it is there") == before);
}

#[test]
fn a_batch_is_resumed_where_something_has_changed() {
    let folder = Folder::new();
    for name in ["a.png", "b.jpg", "c.tif", "d.webp"] {
        folder.picture(name, &plastic(20, 20));
    }
    let resume = |more: &[&str]| {
        let files = [
            "render", "a.png", "b.jpg", "c.tif", "d.webp", "--recipe", "noise",
        ];
        folder.run(&[&files, &["--resume"][..], more].concat())
    };
    resume(&[]).check(0, "4 done, 0 failed, 0 skipped");
    let before = fs::read(folder.at("a.repored.png")).expect("it is there");
    resume(&[]).check(0, "0 done, 0 failed, 4 skipped");
    assert!(fs::read(folder.at("a.repored.png")).expect("it is there") == before);
    resume(&["--set", "noise.amount=5"]).check(0, "4 done, 0 failed, 0 skipped");
    assert!(fs::read(folder.at("a.repored.png")).expect("it is there") != before);
    folder.picture("b.jpg", &plastic(22, 20));
    resume(&["--set", "noise.amount=5"]).check(0, "1 done, 0 failed, 3 skipped");
    // A file that is none of ours is not replaced.
    folder.picture("a.repored.png", &plastic(9, 9));
    resume(&["--set", "noise.amount=5"]).check(1, "a.repored.png: it exists");
}

#[test]
fn grey_floats_stay_grey_floats() {
    let folder = Folder::new();
    let samples: Vec<f32> = (0..12 * 9).map(|i| i as f32 / 100.0).collect();
    let mut file = fs::File::create(folder.at("a.tif")).expect("it is made");
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).expect("an encoder");
    encoder
        .write_image::<tiff::encoder::colortype::Gray32Float>(12, 9, &samples)
        .expect("it is written");
    folder.text("nothing.toml", "version = 1\n");
    let ran = folder.run(&["render", "a.tif", "--recipe", "nothing.toml"]);
    ran.check_done();
    let photo = read_photo(&folder.at("a.repored.tif")).expect("a TIFF");
    let samples: Vec<f32> = samples.into_iter().map(|it| it.min(1.0)).collect();
    assert_eq!(
        photo.image.samples(),
        &repore::engine::raster::Samples::Float(samples)
    );
}
