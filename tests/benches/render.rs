//! What layers, masks and cancelling cost on a picture of 24 megapixels. Read the figures as ratios
//! to `copy`, which moves the same picture once: machines differ, and are seldom quiet. Layers are rendered in bands, as
//! files are written, each dropped when it is made.

use std::ops::ControlFlow;
use std::sync::{Arc, LazyLock};
use std::thread::JoinHandle;
use std::time::Duration;

use divan::{Bencher, counter::ItemsCount};
use rayon::prelude::*;
use repore::engine::masks::{MaskName, Stroke, Tip};
use repore::engine::operations::{Align, Graft, Random, Spots};
use repore::engine::raster::{Depth, Image, Layout, Region, Samples};
use repore::engine::recipe::{Operation, Recipe, preset};
use repore::engine::render::{
    Cancel, Cancelled, Freedom, Inputs, Inspection, Plan, Reference, inspection_recipe, tune,
};
use repore::files::read_photo;

const WIDTH: usize = 6000;
const HEIGHT: usize = 4000;

fn main() {
    divan::main();
}

/// Grain over mid grey, 8 bits RGB; of seed 1 or 2, made once.
fn picture(seed: u64) -> Arc<Image> {
    static PICTURES: LazyLock<[Arc<Image>; 2]> =
        LazyLock::new(|| [1, 2].map(|seed| picture_of((WIDTH, HEIGHT), seed)));
    PICTURES[seed as usize - 1].clone()
}

fn picture_of((width, height): (usize, usize), seed: u64) -> Arc<Image> {
    let random = Random::new(seed, 0, 0);
    let row = |y: usize| {
        let row = random.row(y);
        (0..width * 3).map(move |x| (128.0 + 20.0 * row.signed(x)) as u8)
    };
    let samples = Samples::Eight((0..height).flat_map(row).collect());
    Arc::new(Image::new(width, height, Layout::Rgb, samples).expect("as many as it takes"))
}

/// Mid grey, 8 bits RGB.
fn flat() -> Arc<Image> {
    let samples = Samples::Eight(vec![128; WIDTH * HEIGHT * 3]);
    Arc::new(Image::new(WIDTH, HEIGHT, Layout::Rgb, samples).expect("as many as it takes"))
}

fn plan(name: &str, changes: &[&str]) -> Plan {
    plan_of(&recipe(name, changes))
}

fn recipe(name: &str, changes: &[&str]) -> Recipe {
    let mut recipe = preset(name).expect("built in");
    for change in changes {
        recipe.set(change).expect("it fits");
    }
    // The original is noise of its own, which does not match and has no spots.
    for layer in &mut recipe.layers {
        if let Operation::Texture(texture) = &mut layer.operation {
            texture.align = Align::Off;
            texture.spots = Spots::BringBack;
        }
    }
    recipe
}

fn plan_of(recipe: &Recipe) -> Plan {
    let mut inputs = Inputs::alone(picture(1));
    inputs.original = Some(picture(2));
    Plan::new(recipe, inputs)
}

fn render(bencher: Bencher, plan: &Plan) {
    bencher
        .counter(ItemsCount::new(WIDTH * HEIGHT))
        .bench(|| in_bands(plan));
}

fn in_bands(plan: &Plan) -> Result<(), Cancelled> {
    plan.render_bands(
        Depth::Eight,
        &|_, _| {},
        &Cancel::default(),
        |_, band| divan::black_box(band).height(),
        |_| ControlFlow::Continue(()),
    )
}

/// Into memory that was used before.
#[divan::bench(sample_count = 5)]
fn copy(bencher: Bencher) {
    let picture = picture(1);
    let Samples::Eight(samples) = picture.samples() else {
        unreachable!("8 bits")
    };
    let mut copy = samples.clone();
    bencher
        .counter(ItemsCount::new(WIDTH * HEIGHT))
        .bench_local(|| divan::black_box(&mut copy).copy_from_slice(samples));
}

/// Into memory that is new from the system.
#[divan::bench(sample_count = 5)]
fn copy_to_new_memory(bencher: Bencher) {
    let picture = picture(1);
    bencher
        .counter(ItemsCount::new(WIDTH * HEIGHT))
        .bench(|| picture.as_ref().clone());
}

#[divan::bench(sample_count = 3)]
fn no_layers(bencher: Bencher) {
    render(bencher, &plan_of(&Recipe::default()));
}

#[divan::bench(sample_count = 3)]
fn noise(bencher: Bencher) {
    render(bencher, &plan("noise", &["noise.masks=none"]));
}

#[divan::bench(sample_count = 5, args = [0.5, 1.0, 2.0, 3.0, 3.9, 5.0, 8.0, 16.0, 30.0, 200.0])]
fn texture(bencher: Bencher, radius: f64) {
    render_texture(bencher, radius, in_bands);
}

/// The same on so many threads, whatever number all else runs on.
#[divan::bench(sample_count = 5, args = [1, 2])]
fn texture_on_threads(bencher: Bencher, threads: usize) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.expect("threads can be had");
    render_texture(bencher, 8.0, |plan| pool.install(|| in_bands(plan)));
}

/// With a plan of its own for each render: a plan keeps what it found for wide radii.
fn render_texture(bencher: Bencher, radius: f64, render: impl Fn(&Plan) -> Result<(), Cancelled>) {
    let recipe = recipe("separation", &[&format!("texture.radius={radius}")]);
    bencher
        .counter(ItemsCount::new(WIDTH * HEIGHT))
        .with_inputs(|| plan_of(&recipe))
        .bench_local_values(|plan| render(&plan));
}

/// Looks for the best patch of a donor file that is skin all over, the most there can be to measure.
#[divan::bench(sample_count = 3)]
fn patch_search(bencher: Bencher) {
    let graft = Graft {
        donor: "skin".to_string(),
        ..Graft::default()
    };
    let inputs = || {
        let mut inputs = Inputs::alone(picture(1));
        inputs
            .files
            .insert("skin".to_string(), inputs.picture.clone());
        inputs
    };
    bencher
        .counter(ItemsCount::new(WIDTH * HEIGHT))
        .with_inputs(inputs)
        .bench_values(|inputs| inputs.patches(&graft));
}

/// A picture that its original was moved and scaled for, a little or so far that it is searched for.
fn elsewhere(shift: f64) -> Inputs {
    let original = structures(1.02, 0.0);
    let mut inputs = Inputs::alone(structures(1.0, shift));
    inputs.original = Some(original);
    inputs
}

/// Noise of 12 px and coarser, scaled and shifted by so many pixels.
fn structures(scale: f64, shift: f64) -> Arc<Image> {
    let random = Random::new(3, 0, 0);
    let value = |x: f64, y: f64| {
        let (column, row) = (x.floor(), y.floor());
        let (right, down) = ((x - column) as f32, (y - row) as f32);
        let at = |i: f64, j: f64| random.row((row + j) as usize).signed((column + i) as usize);
        let along = |j: f64| at(0.0, j) * (1.0 - right) + at(1.0, j) * right;
        along(0.0) * (1.0 - down) + along(1.0) * down
    };
    let sample = |i: usize| {
        let place = |at: usize| 200.0 + (at as f64 + shift) / scale;
        let (x, y) = (place(i % WIDTH), place(i / WIDTH));
        (128.0 + 60.0 * value(x / 12.0, y / 12.0) + 40.0 * value(x / 90.0, y / 90.0)) as u8
    };
    let grey = (0..WIDTH * HEIGHT).map(sample);
    let samples = Samples::Eight(grey.flat_map(|it| [it; 3]).collect());
    Arc::new(Image::new(WIDTH, HEIGHT, Layout::Rgb, samples).expect("as many as it takes"))
}

/// Finds how an original lies.
#[divan::bench(sample_count = 3, args = [2.4, 900.5])]
fn finding_an_alignment(bencher: Bencher, shift: f64) {
    let inputs = elsewhere(shift);
    let anew = || Inputs {
        findings: Arc::default(),
        ..inputs.clone()
    };
    bencher.with_inputs(anew).bench_values(|inputs| {
        let found = inputs.alignment();
        assert!(found.is_some_and(|it| it.is_ok()));
    });
}

/// A texture layer with an original that lies elsewhere.
#[divan::bench(sample_count = 3)]
fn aligned_texture(bencher: Bencher) {
    let recipe = preset("separation").expect("built in");
    let plan = Plan::new(&recipe, elsewhere(2.4));
    assert!(plan.skipped().is_empty());
    render(bencher, &plan);
}

/// Finds what the AI removed, in noise that it took away.
#[divan::bench(sample_count = 3)]
fn finding_spots(bencher: Bencher) {
    let inputs = || {
        let mut inputs = Inputs::alone(picture(1));
        inputs.original = Some(picture(2));
        inputs
    };
    bencher
        .counter(ItemsCount::new(WIDTH * HEIGHT))
        .with_inputs(inputs)
        .bench_values(|inputs| inputs.spots(Align::Off));
}

/// Finds the strength of a layer that covers the whole picture, which has no texture of its own.
#[divan::bench(sample_count = 3)]
fn matching(bencher: Bencher) {
    let mut recipe = preset("noise").expect("built in");
    for change in ["noise.masks=none", "noise.strength=match"] {
        recipe.set(change).expect("it fits");
    }
    let inputs = || {
        let mut inputs = Inputs::alone(flat());
        inputs.original = Some(picture(2));
        inputs
    };
    bencher
        .with_inputs(inputs)
        .bench_values(|inputs| Plan::new(&recipe, inputs));
}

#[divan::bench(sample_count = 3, args = ["smoothed", "midtones"])]
fn noise_behind_a_mask(bencher: Bencher, mask: &str) {
    render(bencher, &plan("noise", &[&format!("noise.masks={mask}")]));
}

#[divan::bench(sample_count = 3, args = [40.0, 200.0])]
fn noise_behind_strokes(bencher: Bencher, radius: f64) {
    render(bencher, &plan_of(&behind_strokes(radius)));
}

/// Noise behind a hundred strokes across the picture, in curves of forty points.
fn behind_strokes(radius: f64) -> Recipe {
    let mut recipe = preset("noise").expect("built in");
    recipe.layers[0].masks = vec![MaskName::Brush];
    recipe.masks.brush.strokes = (0..100)
        .map(|at| {
            let along = |i: i32| {
                let x = 60.0 * f64::from(at) + 40.0 * f64::from(i);
                [x, 40.0 * f64::from(at) + 400.0 * (f64::from(i) / 6.0).sin()]
            };
            Stroke {
                tip: Tip {
                    radius,
                    ..Tip::default()
                },
                points: (0..40).map(along).collect(),
            }
        })
        .collect();
    recipe
}

/// The meter on a picture and its original, as `inspect` reads them.
#[divan::bench(sample_count = 3)]
fn inspecting(bencher: Bencher) {
    let recipe = inspection_recipe(None);
    let inputs = || {
        let mut inputs = Inputs::alone(picture(1));
        inputs.original = Some(picture(2));
        inputs
    };
    bencher.with_inputs(inputs).bench_values(|inputs| {
        Inspection::take(&inputs, &recipe, None, &Cancel::default()).expect("it is not cancelled")
    });
}

/// The amount and blur of noise that come closest to another picture.
#[divan::bench(sample_count = 3)]
fn tuning(bencher: Bencher) {
    let mut recipe = preset("noise").expect("built in");
    recipe.set("noise.masks=none").expect("it fits");
    let reference = Reference {
        picture: picture(2),
        patch: None,
    };
    let inputs = || Inputs::alone(flat());
    bencher.with_inputs(inputs).bench_values(|inputs| {
        tune(
            &recipe,
            &inputs,
            &reference,
            Freedom::Tune,
            &Cancel::default(),
        )
        .expect("noise applies")
    });
}

/// Masks and synthesis, and the blurs that they sit beside.
mod beside_a_blur {
    use super::*;

    /// Noise softened by so many pixels.
    #[divan::bench(sample_count = 5, args = [2.0])]
    fn blur_of_noise(bencher: Bencher, radius: f64) {
        let changes = ["noise.masks=none", &format!("noise.blur={radius}")];
        render(bencher, &plan("noise", &changes));
    }

    /// The difference to the original, blurred by so many pixels; 6 is what the presets have.
    #[divan::bench(sample_count = 5, args = [2.0, 6.0])]
    fn blur_of_texture(bencher: Bencher, radius: f64) {
        render_texture(bencher, radius, in_bands);
    }

    #[divan::bench(sample_count = 5, args = ["blend", "pattern"])]
    fn graft(bencher: Bencher, tiling: &str) {
        let changes = [
            "graft.masks=none",
            "graft.patch=9,9,160,160",
            &format!("graft.tiling={tiling}"),
        ];
        render(bencher, &plan("graft", &changes));
    }

    /// What a mask finds out about a picture beside its original, and its coverage everywhere.
    #[divan::bench(sample_count = 5, args = ["midtones", "smoothed"])]
    fn mask(bencher: Bencher, name: &str) {
        coverage(bencher, &recipe("noise", &[&format!("noise.masks={name}")]));
    }

    /// The same of a portrait by itself, whose face is looked for.
    #[divan::bench(sample_count = 5, args = ["skin", "smoothed"])]
    fn mask_of_a_face(bencher: Bencher, name: &str) {
        let recipe = recipe("noise", &[&format!("noise.masks={name}")]);
        coverage_of(bencher, &recipe, || Inputs::alone(portrait()));
    }

    /// The coverage of strokes, beside which nothing is looked at.
    #[divan::bench(sample_count = 5, args = [40.0, 200.0])]
    fn brush(bencher: Bencher, radius: f64) {
        coverage(bencher, &behind_strokes(radius));
    }

    fn coverage(bencher: Bencher, recipe: &Recipe) {
        let (picture, original) = (picture(1), picture(2));
        let inputs = || {
            let mut inputs = Inputs::alone(picture.clone());
            inputs.original = Some(original.clone());
            inputs
        };
        coverage_of(bencher, recipe, inputs);
    }

    fn coverage_of(bencher: Bencher, recipe: &Recipe, inputs: impl Fn() -> Inputs + Sync) {
        bencher
            .counter(ItemsCount::new(WIDTH * HEIGHT))
            .with_inputs(&inputs)
            .bench_values(|inputs| {
                let bounds = inputs.picture.bounds();
                let plan = Plan::new(recipe, inputs);
                let rows: Vec<usize> = (0..bounds.height).step_by(64).collect();
                rows.par_iter().for_each(|y| {
                    for x in (0..bounds.width).step_by(500) {
                        let region = Region::new(x, *y, 500, 64).within(&bounds);
                        let coverage = plan.coverage(0, region, &Cancel::default());
                        divan::black_box(coverage.expect("there is a face"));
                    }
                });
            });
    }

    /// A sample of 1200 × 1500 pixels, each four times as wide and high, as far down as its face, made once.
    fn portrait() -> Arc<Image> {
        static PORTRAIT: LazyLock<Arc<Image>> = LazyLock::new(|| {
            let path = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/glasses.jpg");
            let sample = read_photo(path.as_ref()).expect("a sample").image;
            let Samples::Eight(samples) = sample.samples() else {
                panic!("it has 8 bits");
            };
            let (width, height) = (4800, WIDTH * HEIGHT / 4800);
            let pixel = |i: usize| {
                let (x, y) = (i % width / 4, i / width / 4);
                let at = 3 * (y * sample.width() + x);
                samples[at..at + 3].iter().copied()
            };
            let samples = (0..width * height).flat_map(pixel).collect();
            let samples = Samples::Eight(samples);
            Arc::new(Image::new(width, height, Layout::Rgb, samples).expect("as many as it takes"))
        });
        PORTRAIT.clone()
    }
}

/// Noise that covers nothing but one dot, in bands as files are written.
#[divan::bench(sample_count = 3)]
fn nearly_untouched(bencher: Bencher) {
    let mut recipe = preset("noise").expect("built in");
    recipe.layers[0].masks = vec![MaskName::Brush];
    recipe.masks.brush.strokes = vec![Stroke {
        tip: Tip::default(),
        points: vec![[3000.0, 2000.0]].into(),
    }];
    let plan = Plan::new(&recipe, Inputs::alone(picture(1)));
    render(bencher, &plan);
}

/// All layers on 102 megapixels.
#[divan::bench(sample_count = 2)]
fn full_at_102_megapixels(bencher: Bencher) {
    let (width, height) = (11_648, 8736);
    let mut recipe = preset("full").expect("built in");
    for change in ["graft.patch=9,9,160,160", "texture.align=off"] {
        recipe.set(change).expect("it fits");
    }
    let mut inputs = Inputs::alone(picture_of((width, height), 1));
    inputs.original = Some(picture_of((width, height), 2));
    let plan = Plan::new(&recipe, inputs);
    bencher
        .counter(ItemsCount::new(width * height))
        .bench(|| plan.render(Depth::Eight, &|_, _| {}, &Cancel::default()));
}

#[divan::bench(sample_count = 3)]
fn full(bencher: Bencher) {
    render(bencher, &plan("full", &["graft.patch=9,9,160,160"]));
}

type Running = (Cancel, JoinHandle<Result<Image, Cancelled>>);

/// From raising the flag until the render has stopped.
#[divan::bench(sample_count = 10, args = [6.0, 200.0])]
fn cancelling(bencher: Bencher, radius: f64) {
    let plan = plan("full", &[&format!("texture.radius={radius}")]);
    let start = || -> Running {
        let (plan, cancel) = (plan.clone(), Cancel::default());
        let flag = cancel.clone();
        let run = move || plan.render(Depth::Eight, &|_, _| {}, &flag);
        let render = std::thread::spawn(run);
        std::thread::sleep(Duration::from_millis(100));
        (cancel, render)
    };
    bencher
        .with_inputs(start)
        .bench_local_values(|(cancel, render)| {
            cancel.cancel();
            render.join().expect("no panic")
        });
}
