//! A temporary folder with pictures in it, and the real program run there.

#![allow(dead_code, reason = "each test file uses a part of it")]

#[cfg(unix)]
pub mod pty;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use image::{DynamicImage, ImageBuffer, Luma, Rgb, RgbImage, Rgba};

/// A temporary folder.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a picture; its name says the format.
    pub fn picture(&self, name: &str, picture: &DynamicImage) -> PathBuf {
        let path = self.at(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        picture.save(&path).expect("the picture is written");
        path
    }

    pub fn text(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.at(name), text).expect("the file is written");
        self.at(name)
    }

    pub fn read(&self, name: &str) -> DynamicImage {
        image::open(self.at(name)).unwrap_or_else(|it| panic!("{name}: {it}"))
    }

    /// Names of all files, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path()).expect("the folder is there");
        let names = entries.map(|it| it.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|it| it.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// Runs the program in the folder, which also holds its donor library.
    pub fn run(&self, args: &[&str]) -> Ran {
        let output = Command::new(env!("CARGO_BIN_EXE_repore"))
            .args(args)
            .current_dir(self.path())
            // Nobody's own donor library is touched.
            .env("XDG_DATA_HOME", self.at("data"))
            .output()
            .expect("the program runs");
        Ran(output)
    }
}

/// A finished run.
pub struct Ran(Output);

impl Ran {
    pub fn code(&self) -> i32 {
        self.0.status.code().expect("it was not killed")
    }

    pub fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    pub fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    /// That it ended with this code and these words on stderr, in one line.
    pub fn check(&self, code: i32, words: &str) {
        let stderr = self.stderr();
        assert_eq!(self.code(), code, "{stderr}");
        assert!(
            stderr.lines().any(|line| line.contains(words)),
            "{words:?} is not in {stderr:?}"
        );
    }

    /// That all went well.
    pub fn check_done(&self) {
        assert_eq!(self.code(), 0, "{}", self.stderr());
    }
}

/// A number between 0 and 1 that looks random.
fn unit(x: u32, y: u32, seed: u32) -> f32 {
    let mut hash = x.wrapping_mul(0x9E37_79B9) ^ y.wrapping_mul(0x85EB_CA6B) ^ seed;
    hash = (hash ^ (hash >> 15)).wrapping_mul(0x2C1B_3C6D);
    hash = (hash ^ (hash >> 12)).wrapping_mul(0x297A_2D39);
    (hash ^ (hash >> 15)) as f32 / u32::MAX as f32
}

/// Skin of a kind: soft tone with grain over it.
pub fn skin(width: u32, height: u32) -> DynamicImage {
    portrait(width, height, 0.06)
}

/// The same without the grain.
pub fn plastic(width: u32, height: u32) -> DynamicImage {
    portrait(width, height, 0.0)
}

fn portrait(width: u32, height: u32, grain: f32) -> DynamicImage {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let tone = 0.5 + 0.2 * (x as f32 / width as f32 - y as f32 / height as f32);
        let tone = tone + grain * (unit(x, y, 5) - 0.5);
        Rgb([tone * 1.2, tone, tone * 0.8].map(|it| (it * 255.0 + 0.5) as u8))
    });
    DynamicImage::ImageRgb8(picture)
}

/// Half-transparent pixels with colour under them, 16 bits.
pub fn see_through(width: u32, height: u32) -> DynamicImage {
    let picture = ImageBuffer::from_fn(width, height, |x, y| {
        Rgba([x as u16 * 900, y as u16 * 700, 30_000, (x * y * 97) as u16])
    });
    DynamicImage::ImageRgba16(picture)
}

/// 16-bit grey.
pub fn grey(width: u32, height: u32) -> DynamicImage {
    let picture = ImageBuffer::from_fn(width, height, |x, y| Luma([(x * 511 + y * 313) as u16]));
    DynamicImage::ImageLuma16(picture)
}
