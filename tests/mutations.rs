//! Damaged files: whatever is in them, a picture or an error that names the file, and never a panic.

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, ImageFormat};
use repore::files::{ReadOptions, decode_photo};

mod common;

/// How many files are made of each picture.
const MUTATIONS: u64 = 150;

/// A sequence of numbers that is the same in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) % limit.max(1) as u64) as usize
    }
}

fn mutated(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=numbers.below(6) {
        let at = numbers.below(bytes.len());
        match numbers.below(4) {
            0 => bytes[at] ^= 1 << numbers.below(8),
            1 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][numbers.below(5)],
            2 => bytes.truncate(at.max(1)),
            _ => {
                let from = numbers.below(bytes.len());
                let piece = bytes[from..(from + 16).min(bytes.len())].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

#[test]
fn damaged_files_are_read_or_refused() {
    let pictures: [(&str, DynamicImage, ImageFormat); 7] = [
        ("a.png", common::see_through(21, 13), ImageFormat::Png),
        ("b.png", common::grey(21, 13), ImageFormat::Png),
        ("c.jpg", common::skin(33, 17), ImageFormat::Jpeg),
        ("d.tif", common::grey(21, 13), ImageFormat::Tiff),
        ("e.webp", common::skin(21, 13), ImageFormat::WebP),
        ("f.gif", common::skin(21, 13), ImageFormat::Gif),
        ("g.bmp", common::skin(21, 13), ImageFormat::Bmp),
    ];
    let mut numbers = Numbers(1);
    let mut refused = 0;
    for (name, picture, format) in pictures {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).expect("it is written");
        for _ in 0..MUTATIONS {
            let bytes = mutated(bytes.get_ref(), &mut numbers);
            for partial in [false, true] {
                let options = ReadOptions {
                    max_memory: 16 << 20,
                    partial,
                };
                match decode_photo(Cursor::new(&bytes), Path::new(name), options) {
                    Ok(photo) => assert!(photo.image.width() > 0),
                    Err(error) => {
                        refused += 1;
                        let words = error.to_string();
                        assert!(words.contains(name) && !words.contains('\n'), "{words}");
                    }
                }
            }
        }
    }
    assert!(refused > 100, "the damage is real: {refused}");
}
