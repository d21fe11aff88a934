//! The original brought onto the picture: shifts, scales and drifts that were planted are taken back, pairs that lie
//! over each other stay as they are, and another picture gives nothing.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use repore::engine::operations::{Gaussian, HighPass, Random};
use repore::engine::original::Alignment;
use repore::engine::raster::{Depth, Image, Plane, Region, Samples, Tile};
use repore::engine::recipe::{Recipe, preset};
use repore::engine::render::{Cancel, Findings, Inputs, Plan, TileSize};
use repore::files::read_photo;

/// The size of the scene; pictures are taken from its middle.
const WIDE: usize = 760;
const HIGH: usize = 620;

/// A place of the scene for a pixel of a picture.
type Lens = fn(f64, f64) -> [f64; 2];

/// Structures of all sizes over soft tone, and grain: what a portrait has.
fn scene(seed: u64) -> Plane {
    let bounds = Region::of_size(WIDE, HIGH);
    let layer = |index: u64, radius: f64, amplitude: f32| {
        let random = Random::new(seed, index, 0);
        let samples = (0..WIDE * HIGH).map(|i| random.row(i / WIDE).normal(i % WIDE));
        let noise = Plane::from_samples(WIDE, HIGH, samples.collect());
        let cancel = Cancel::default();
        let soft = Gaussian::new(radius).blur(&noise, bounds, bounds, bounds, &cancel);
        // White noise blurred by σ keeps 1/(2·√π·σ) of its deviation.
        let gain = amplitude * 2.0 * 1.7725 * radius as f32;
        soft.map(|it| it * gain)
    };
    let sum = |a: Plane, b: &Plane| a.zip_map(b, |a, b| a + b);
    let tone = layer(0, 30.0, 0.08).map(|it| 0.5 + it);
    let coarse = sum(tone, &layer(1, 6.0, 0.03));
    let middle = sum(coarse, &layer(2, 2.5, 0.02));
    sum(middle, &layer(3, 0.9, 0.02))
}

fn original() -> &'static Plane {
    static SCENE: OnceLock<Plane> = OnceLock::new();
    SCENE.get_or_init(|| scene(1))
}

/// The same without what an AI takes away.
fn smooth(scene: &Plane) -> Plane {
    let bounds = Region::of_size(WIDE, HIGH);
    Gaussian::new(2.2).blur(scene, bounds, bounds, bounds, &Cancel::default())
}

/// A picture of `width` × `height` of a scene, by a wide sinc in a Hann window.
fn taken(scene: &Plane, (width, height): (usize, usize), lens: Lens) -> Plane {
    const REACH: isize = 12;
    let weights = |place: f64| {
        let first = place.floor() as isize - REACH + 1;
        let weight = |i: isize| {
            let distance = (first + i) as f64 - place;
            let angle = core::f64::consts::PI * distance;
            let sinc = if angle.abs() < 1e-9 {
                1.0
            } else {
                angle.sin() / angle
            };
            sinc * (0.5 + 0.5 * (angle / REACH as f64).cos())
        };
        (first, (0..2 * REACH).map(weight).collect::<Vec<f64>>())
    };
    let inside = |at: isize, length: usize| at.clamp(0, length as isize - 1) as usize;
    let value = |i: usize| {
        let [x, y] = lens((i % width) as f64, (i / width) as f64);
        let ((left, across), (top, down)) = (weights(x), weights(y));
        let mut sum = 0.0;
        for (j, down) in down.iter().enumerate() {
            let row = scene.row(inside(top + j as isize, HIGH));
            let along = across.iter().enumerate();
            let along = along.map(|(i, it)| it * f64::from(row[inside(left + i as isize, WIDE)]));
            sum += down * along.sum::<f64>();
        }
        sum as f32
    };
    Plane::from_samples(width, height, (0..width * height).map(value).collect())
}

fn image(plane: Plane) -> Arc<Image> {
    let region = Region::of_size(plane.width(), plane.height());
    Arc::new(Image::from_tile(&Tile::new(region, vec![plane])))
}

fn recipe(align: &str) -> Recipe {
    let mut recipe = preset("separation").expect("built in");
    recipe.set("texture.spots=bring-back").expect("it fits");
    recipe
        .set(&format!("texture.align={align}"))
        .expect("it fits");
    recipe
}

fn inputs(picture: &Arc<Image>, original: &Arc<Image>) -> Inputs {
    let mut inputs = Inputs::alone(picture.clone());
    inputs.original = Some(original.clone());
    inputs
}

fn whole(plan: &Plan) -> Plane {
    let bounds = plan.picture().bounds();
    plan.tile(bounds, &Cancel::default()).planes()[0].clone()
}

/// How alike the fine detail of two planes is, away from the edge.
fn alike(one: &Plane, other: &Plane) -> f64 {
    let bounds = Region::of_size(one.width(), one.height());
    let rim = 30;
    let inner = Region::new(rim, rim, bounds.width - 2 * rim, bounds.height - 2 * rim);
    let detail =
        |plane: &Plane| HighPass::new(6.0).detail(plane, bounds, inner, bounds, &Cancel::default());
    let (one, other) = (detail(one), detail(other));
    let product = |a: &Plane, b: &Plane| {
        let pairs = a.samples().iter().zip(b.samples());
        pairs.map(|(a, b)| f64::from(a * b)).sum::<f64>()
    };
    product(&one, &other) / (product(&one, &one) * product(&other, &other)).sqrt()
}

/// Takes the smoothed scene through a lens and the original as it is, and checks that the restored detail is the
/// original's through the same lens.
fn check(size: (usize, usize), lens: Lens, least: f64) -> Arc<Alignment> {
    let original = original();
    let picture = image(taken(&smooth(original), size, lens));
    let inputs = inputs(&picture, &image(original.clone()));
    let plan = Plan::new(&recipe("auto"), inputs.clone());
    assert!(plan.skipped().is_empty(), "{:?}", plan.skipped());
    let found = alike(&whole(&plan), &taken(original, size, lens));
    assert!(found >= least, "{found}: {:?}", plan.notes());
    let alignment = inputs.alignment().expect("there is an original");
    alignment.expect("it shows the same")
}

const SIZE: (usize, usize) = (WIDE, HIGH);

fn check_shift(lens: Lens, expected: [f64; 2]) {
    let found = check(SIZE, lens, 0.97);
    for (found, expected) in found.shift.iter().zip(expected) {
        assert!((found - expected).abs() < 0.1, "{found} for {expected}");
    }
    assert!((found.scale - 1.0).abs() < 1e-3);
}

#[test]
fn shifts_are_taken_back() {
    check_shift(|x, y| [x - 0.3, y + 0.7], [0.3, -0.7]);
    check_shift(|x, y| [x - 2.4, y - 1.1], [2.4, 1.1]);
    check_shift(|x, y| [x - 17.0, y + 9.0], [17.0, -9.0]);
    // The plain formula gives little or nothing of it back.
    let shifted = image(taken(&smooth(original()), SIZE, |x, y| [x - 2.4, y - 1.1]));
    let plan = Plan::new(&recipe("off"), inputs(&shifted, &image(original().clone())));
    let truth = taken(original(), SIZE, |x, y| [x - 2.4, y - 1.1]);
    assert!(alike(&whole(&plan), &truth) < 0.7);
}

#[test]
fn large_shifts_are_found() {
    let found = check(SIZE, |x, y| [x - 160.5, y + 90.25], 0.6);
    assert!((found.shift[0] - 160.5).abs() < 0.1 && (found.shift[1] + 90.25).abs() < 0.1);
    // A fifth of the width and a seventh of the height show nothing of the original.
    assert!((found.left_out - 0.33).abs() < 0.03, "{}", found.left_out);
}

#[test]
fn other_sizes_are_brought_over_the_picture() {
    let found = check(
        (745, 608),
        |x, y| [(x + 0.5) / 0.98 - 0.5, (y + 0.5) / 0.98 - 0.5],
        0.97,
    );
    assert!((found.scale - 0.98).abs() < 1e-3);
    let found = check(
        (1140, 930),
        |x, y| [(x + 0.5) / 1.5 - 0.5, (y + 0.5) / 1.5 - 0.5],
        0.97,
    );
    assert!((found.scale - 1.5).abs() < 1e-3);
    let found = check(
        (418, 341),
        |x, y| [(x + 0.5) / 0.55 - 0.5, (y + 0.5) / 0.55 - 0.5],
        0.97,
    );
    assert!((found.scale - 0.55).abs() < 1e-3);
}

#[test]
fn a_crop_is_found_in_its_original() {
    let lens: Lens = |x, y| [120.3 + x / 1.3, 77.8 + y / 1.3];
    let found = check((620, 500), lens, 0.97);
    assert!((found.scale - 1.3).abs() < 1e-3);
}

#[test]
fn places_that_drifted_are_followed() {
    let lens: Lens = |x, y| {
        let wave = |at: f64| (core::f64::consts::TAU * at / 330.0).sin();
        [x + 2.6 * wave(x + 0.6 * y), y + 1.5 * wave(y - 0.4 * x)]
    };
    let found = check(SIZE, lens, 0.9);
    assert!(found.drift > 1.0 && found.left_out < 0.05);
}

#[test]
fn a_pair_that_lies_right_stays_bit_for_bit() {
    let original = image(original().clone());
    let picture = image(smooth(self::original()));
    let [plain, aligned] =
        ["off", "auto"].map(|align| Plan::new(&recipe(align), inputs(&picture, &original)));
    assert!(whole(&plain) == whole(&aligned));
    assert!(aligned.notes().is_empty());
}

#[test]
fn another_picture_gives_nothing() {
    let picture = image(smooth(original()));
    for other in [scene(2), taken(&scene(3), (500, 640), |x, y| [x, y])] {
        let plan = Plan::new(&recipe("auto"), inputs(&picture, &image(other)));
        let reasons: Vec<&str> = plan.skipped().iter().map(|it| it.reason.as_str()).collect();
        assert_eq!(
            reasons,
            ["the original does not show the same as the picture"]
        );
        assert!(whole(&plan) == picture.tile(picture.bounds()).planes()[0]);
    }
}

/// Where the picture shows something else than the original, nothing is taken.
#[test]
fn a_region_that_shows_something_else_is_left_out() {
    let mut picture = taken(&smooth(original()), SIZE, |x, y| [x - 2.4, y - 1.1]);
    let other = smooth(&scene(4));
    for y in 200..400 {
        picture.row_mut(y)[250..450].copy_from_slice(&other.row(y)[250..450]);
    }
    let picture = image(picture);
    let inputs = inputs(&picture, &image(original().clone()));
    let plan = Plan::new(&recipe("auto"), inputs.clone());
    let found = inputs.alignment().expect("an original").expect("a match");
    // The square is 8.5 % of the picture.
    assert!((found.left_out - 0.085).abs() < 0.03, "{}", found.left_out);
    assert!(plan.notes()[0].contains("left out"), "{:?}", plan.notes());
    // It covers most of the middle and nothing of the corners, and the report says so.
    let parts = found.left_out_of_parts;
    assert!(parts[4] > 0.4, "{parts:?}");
    assert!([0, 2, 6, 8].iter().all(|it| parts[*it] < 0.05), "{parts:?}");
    assert!(plan.notes()[0].contains("middle "), "{:?}", plan.notes());
    let middle = Region::new(310, 260, 80, 80);
    let sure = found.confidence_plane(middle);
    let mean = sure.samples().iter().sum::<f32>() / sure.samples().len() as f32;
    assert!(mean < 0.05, "{mean}");
    let restored = plan.tile(middle, &Cancel::default());
    let picture = picture.tile(middle);
    let moved = restored.planes()[0].clone();
    let moved = moved.zip_map(&picture.planes()[0], |a, b| (a - b) * (a - b));
    let moved = moved.samples().iter().sum::<f32>() / moved.samples().len() as f32;
    assert!(moved.sqrt() < 0.002, "{}", moved.sqrt());
}

fn sample(name: &str) -> Arc<Image> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    read_photo(&samples.join(name)).expect("a sample").image
}

/// A portrait with an original that shows somebody else in the lower left part, and that part.
fn partly_somebody_else() -> (Inputs, Region) {
    let [picture, own, other] = [
        "stubble.jpg",
        "originals/stubble.jpg",
        "originals/glasses.jpg",
    ]
    .map(sample);
    let part = Region::new(0, 620, 330, 380);
    let theirs = other.tile(Region::new(420, 520, part.width, part.height));
    let mut tile = own.tile(own.bounds());
    for (plane, theirs) in tile.planes_mut().iter_mut().zip(theirs.planes()) {
        plane.paste(theirs, part);
    }
    (inputs(&picture, &Arc::new(Image::from_tile(&tile))), part)
}

/// Where the original shows somebody else a graft fills in, with the skin of the original's own part, and nothing else:
/// the report says where, and a recipe without a graft leaves it as it is.
#[test]
fn a_graft_fills_what_is_left_out() {
    let (inputs, part) = partly_somebody_else();
    let bounds = inputs.picture.bounds();
    let render = |recipe: &Recipe| {
        let plan = Plan::new(recipe, inputs.clone());
        let tile = plan.tile(bounds, &Cancel::default());
        (plan.notes().to_vec(), plan.skipped().to_vec(), tile)
    };
    let mut full = preset("full").expect("built in");
    // Masks are another matter: what of this neck is skin, and what of it was smoothed.
    full.set("noise.enabled=false").expect("it fits");
    full.set("graft.masks=[]").expect("it fits");
    let (notes, skipped, grafted) = render(&full);
    // Where all of a tile is taken from the original nothing is grafted, as in a larger one.
    let plan = Plan::new(&full, inputs.clone());
    let in_tiles = |width: usize, height: usize| {
        let (size, progress) = (TileSize { width, height }, |_: usize, _: usize| {});
        plan.render_in_tiles(Depth::Eight, size, &progress, &Cancel::default())
    };
    let (tiled, whole) = (in_tiles(256, 256), in_tiles(bounds.width, bounds.height));
    assert!(tiled == whole);
    assert!(skipped.is_empty(), "{skipped:?}");
    assert!(notes[0].contains("% of the picture left out"), "{notes:?}");
    assert!(notes[0].contains("lower left "), "{notes:?}");
    let used = "where the original is left out, its patch ";
    let patch = notes.iter().find_map(|it| it.split(used).nth(1));
    let patch: Vec<usize> = patch
        .unwrap_or_default()
        .split([',', ' '])
        .map_while(|it| it.parse().ok())
        .collect();
    let [x, y, width, height] = patch[..] else {
        panic!("{notes:?}");
    };
    let patch = Region::new(x, y, width, height);
    assert!(patch.within(&part).is_empty(), "{notes:?}");
    let (_, _, separated) = render(&preset("separation").expect("built in"));
    let picture = inputs.picture.tile(bounds);
    let detail = |tile: &Tile| {
        let skin = Region::new(205, 700, 80, 100);
        HighPass::new(2.0).detail(&tile.luma(), bounds, skin, bounds, &Cancel::default())
    };
    let rms = |plane: &Plane| {
        let squares = plane.samples().iter().map(|it| it * it);
        (squares.sum::<f32>() / plane.samples().len() as f32).sqrt()
    };
    assert!(detail(&separated) == detail(&picture));
    let own = sample("originals/stubble.jpg").tile(bounds).luma();
    let given = HighPass::new(2.0).detail(&own, bounds, patch, bounds, &Cancel::default());
    let given = rms(&given);
    let [before, after] = [&picture, &grafted].map(|it| rms(&detail(it)));
    // It has more than the AI left, and no more than the patch has to give beside that.
    assert!(
        after > 1.25 * before && after < 1.05 * before.hypot(given),
        "{before} {after} {given}"
    );
    let restored = Region::new(400, 0, bounds.width - 400, 560);
    assert!(grafted.crop(restored) == separated.crop(restored));
}

/// Law 1 with an original that lies elsewhere, and law 3: the same alignment with any number of threads.
#[test]
fn tiles_and_threads_do_not_show() {
    let lens: Lens = |x, y| [0.9 * x + 31.2 + (y / 50.0).sin(), 0.9 * y + 17.7];
    let picture = image(taken(&smooth(original()), (700, 560), lens));
    let original = image(original().clone());
    let render = |threads: usize, width: usize, height: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            let inputs = inputs(&picture, &original);
            let plan = Plan::new(&recipe("auto"), inputs.clone());
            let size = TileSize { width, height };
            let (progress, cancel) = (|_: usize, _: usize| {}, Cancel::default());
            let rendered = plan.render_in_tiles(Depth::Float, size, &progress, &cancel);
            (rendered.expect("nobody cancels"), inputs.alignment())
        })
    };
    let (one, found) = render(1, 4096, 4096);
    for (threads, width, height) in [(2, 97, 61), (7, 256, 256)] {
        let (other, again) = render(threads, width, height);
        assert!(other == one && again == found, "{threads} threads");
    }
}

/// Copies for drafts get the full pictures' alignment, scaled.
#[test]
fn drafts_are_not_aligned_anew() {
    let picture = image(taken(&smooth(original()), SIZE, |x, y| [x - 17.0, y + 9.0]));
    let full = inputs(&picture, &image(original().clone()));
    let mut half = Inputs::alone(Arc::new(full.picture.halved()));
    half.original = full.original.as_ref().map(|it| Arc::new(it.halved()));
    half.findings = Arc::new(Findings::of_copies(full.clone()));
    let found = |inputs: &Inputs| inputs.alignment().expect("an original").expect("a match");
    let [of_full, of_half] = [found(&full), found(&half)];
    for (full, half) in of_full.shift.iter().zip(of_half.shift) {
        assert!((full / 2.0 - half).abs() < 1e-9);
    }
    let mut reduced = recipe("auto").reduced(0.5);
    reduced.set("texture.radius=6").expect("it fits");
    let draft = whole(&Plan::new(&reduced, half));
    let restored = whole(&Plan::new(&recipe("auto"), full));
    let restored = image(restored).halved();
    let restored = restored.tile(restored.bounds()).planes()[0].clone();
    assert!(alike(&draft, &restored) > 0.95);
}

#[test]
fn pictures_without_structures_are_taken_as_they_lie() {
    let flat = image(Plane::filled(200, 160, 0.4));
    let skin = taken(original(), (200, 160), |x, y| [x, y]);
    let plan = Plan::new(&recipe("auto"), inputs(&flat, &image(skin)));
    assert!(plan.skipped().is_empty());
    let skin = image(taken(original(), (300, 160), |x, y| [x, y]));
    let plan = Plan::new(&recipe("auto"), inputs(&flat, &skin));
    let reason = &plan.skipped()[0].reason;
    assert!(
        reason.contains("300×160") && reason.contains("200×160"),
        "{reason}"
    );
}

/// Any pair of pictures can be asked about.
#[test]
fn odd_pictures_are_no_trouble() {
    let black = |width: usize, height: usize| image(Plane::filled(width, height, 0.0));
    let noise = image(taken(original(), (64, 700), |x, y| [x, y]));
    let wild = Samples::Float(
        (0..64 * 64)
            .map(|i| if i % 3 == 0 { f32::NAN } else { 9e9 })
            .collect(),
    );
    let wild = Image::new(64, 64, repore::engine::raster::Layout::Grey, wild).expect("a square");
    let pictures = [
        black(1, 1),
        black(3, 900),
        black(64, 64),
        noise,
        Arc::new(wild),
    ];
    for picture in &pictures {
        for original in &pictures {
            let plan = Plan::new(&recipe("auto"), inputs(picture, original));
            assert!(whole(&plan).samples().iter().all(|it| it.is_finite()));
        }
    }
}
