//! What a key costs until its preview: the worker in this process, without a terminal.
//!
//! A sample is enlarged to a camera's size. `draft` is from the wish to the first answer, `settled` to the true picture,
//! of single presses: between those of a held key the worker waits another 40 ms.

use std::fs;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use divan::Bencher;
use image::imageops::FilterType;
use image::{DynamicImage, ImageFormat};
use repore::engine::recipe::{Layer, Recipe, preset};
use repore::files::{Originals, ReadOptions};
use repore::tui::{Message, Preview, PreviewRequest, PreviewWorker, Show, Size, View};

fn main() {
    divan::main();
}

/// Megapixels of the pictures.
const SIZES: [usize; 2] = [24, 102];

/// A worker with a picture and its original, and the folder they are in.
struct Desk {
    worker: PreviewWorker,
    answers: Receiver<Message>,
    number: u64,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn new(megapixels: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/");
        let width = (megapixels as f64 * 1e6 * 0.8).sqrt() as u32;
        for name in ["stubble.jpg", "originals/stubble.jpg"] {
            let sample = image::open(format!("{samples}{name}")).expect("a sample");
            let large = image::imageops::resize(
                &sample.to_rgb8(),
                width,
                width * 5 / 4,
                FilterType::Triangle,
            );
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            let large = DynamicImage::ImageRgb8(large);
            large
                .save_with_format(&path, ImageFormat::Jpeg)
                .expect("it is written");
        }
        let (sender, answers) = mpsc::channel();
        let paths = vec![folder.path().join("stubble.jpg")];
        let worker = PreviewWorker::start(paths, Originals::Beside, ReadOptions::default(), sender);
        Self {
            worker,
            answers,
            number: 0,
            _folder: folder,
        }
    }

    /// Wishes for a preview of the whole picture in a box of 80×40 cells of 8×16 pixels.
    fn wish(&mut self, Keys { recipe, layer, .. }: &Keys) {
        self.number += 1;
        self.worker.wish(PreviewRequest {
            number: self.number,
            picture: 0,
            recipe: recipe.clone(),
            folder: Default::default(),
            view: View::default(),
            available: Size::new(640, 640),
            loupe: None,
            show: Show::After,
            layer: *layer,
            marking: None,
            patches_of: None,
        });
    }

    fn answer(&self, fits: impl Fn(&Preview) -> bool) {
        loop {
            match self.answers.recv().expect("it works") {
                Message::PreviewReady(it) if it.number == self.number && fits(&it) => return,
                Message::PictureFailed { why, .. } => panic!("{why}"),
                _ => {}
            }
        }
    }
}

/// A recipe, and the same after some presses of a key in the layer that is selected.
struct Keys {
    recipe: Recipe,
    layer: usize,
    setting: &'static str,
    presses: u32,
}

impl Keys {
    fn new(name: &str, setting: &'static str) -> Self {
        let recipe = preset(name).expect("built in");
        let tuned = setting.split('.').next();
        let is_tuned = |it: &Layer| Some(it.label()) == tuned;
        let layer = recipe.layers.iter().position(is_tuned);
        Self {
            recipe,
            layer: layer.expect("it has such a layer"),
            setting,
            presses: 0,
        }
    }

    fn press(&mut self) -> &Self {
        self.presses += 1;
        let value = 2.0 + f64::from(self.presses % 40) / 10.0;
        let change = format!("{}={value}", self.setting);
        self.recipe.set(&change).expect("it fits");
        self
    }
}

/// Recipes, and what is tuned in them.
const TUNED: [(&str, &str); 4] = [
    ("noise", "noise.amount"),
    ("separation", "texture.radius"),
    ("full", "noise.amount"),
    ("full", "graft.radius"),
];

fn cases() -> impl Iterator<Item = (usize, usize)> {
    SIZES
        .into_iter()
        .flat_map(|size| (0..TUNED.len()).map(move |tuned| (size, tuned)))
}

fn case((megapixels, tuned): (usize, usize)) -> (Desk, Keys) {
    let (name, setting) = TUNED[tuned];
    let (mut desk, keys) = (Desk::new(megapixels), Keys::new(name, setting));
    desk.wish(&keys);
    desk.answer(|it| it.settled);
    (desk, keys)
}

#[divan::bench(sample_count = 20, args = cases())]
fn draft(bencher: Bencher, tuned: (usize, usize)) {
    let (mut desk, mut keys) = case(tuned);
    bencher.bench_local(|| {
        desk.wish(keys.press());
        desk.answer(|_| true);
    });
}

#[divan::bench(sample_count = 3, sample_size = 1, args = cases())]
fn settled(bencher: Bencher, tuned: (usize, usize)) {
    let (mut desk, mut keys) = case(tuned);
    // Nobody presses faster than this without holding the key.
    let pause = || thread::sleep(Duration::from_millis(200));
    bencher.with_inputs(pause).bench_local_values(|()| {
        desk.wish(keys.press());
        desk.answer(|it| it.settled);
    });
}

/// From opening a picture to the first thing to be seen, to compare with `decoding` it.
#[divan::bench(sample_count = 3, sample_size = 1, args = SIZES)]
fn opening(bencher: Bencher, megapixels: usize) {
    bencher
        .with_inputs(|| Desk::new(megapixels))
        .bench_local_values(|mut desk| {
            desk.wish(&Keys::new("noise", "noise.amount"));
            desk.answer(|_| true);
            desk
        });
}

/// Decoding the whole file.
#[divan::bench(sample_count = 3, sample_size = 1, args = SIZES)]
fn decoding(bencher: Bencher, megapixels: usize) {
    let desk = Desk::new(megapixels);
    let path = desk._folder.path().join("stubble.jpg");
    bencher.bench_local(|| repore::files::read_photo(&path).expect("it is read"));
}
