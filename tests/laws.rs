//! The laws of the engine, on random pictures and recipes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use proptest::prelude::*;
use repore::engine::masks::{BrushMode, MaskName, Stroke, Tip};
use repore::engine::operations::parameter::Strength;
use repore::engine::operations::{Align, Gaussian, Random, Rectangle};
use repore::engine::raster::{Blend, Depth, Image, Layout, Plane, Region, Samples, Tile, store};
use repore::engine::recipe::{Kind, Layer, Operation, Recipe, preset};
use repore::engine::render::{Cancel, Inputs, Plan, TileSize};
use repore::files::read_photo;

/// A picture of noise over a ramp, which every operation does something to.
fn picture(width: usize, height: usize, layout: Layout, depth: Depth, seed: u64) -> Image {
    let random = Random::new(seed, 0, 0);
    let channels = layout.channels();
    let unit = |i: usize| {
        let (x, y) = (i % (width * channels), i / (width * channels));
        let ramp = x as f32 / (width * channels) as f32;
        (0.6 * ramp + 0.2 + 0.2 * random.row(y).signed(x)).clamp(0.0, 1.0)
    };
    let samples = (0..width * height * channels).map(unit);
    let samples = match depth {
        Depth::Eight => Samples::Eight(samples.map(|it| (it * 255.0) as u8).collect()),
        Depth::Sixteen => Samples::Sixteen(samples.map(|it| (it * 65_535.0) as u16).collect()),
        Depth::Float => Samples::Float(samples.collect()),
    };
    Image::new(width, height, layout, samples).expect("as many samples as it takes")
}

fn sizes() -> impl Strategy<Value = (usize, usize)> {
    prop_oneof![
        Just((1, 1)),
        (1usize..80).prop_map(|length| (1, length)),
        (1usize..80).prop_map(|length| (length, 1)),
        (
            prop::sample::select(&[2, 3, 31, 37, 61, 97][..]),
            2usize..70
        ),
    ]
}

fn layouts() -> impl Strategy<Value = Layout> {
    prop::sample::select(&[Layout::Grey, Layout::GreyAlpha, Layout::Rgb, Layout::Rgba][..])
}

fn depths() -> impl Strategy<Value = Depth> {
    prop::sample::select(&[Depth::Eight, Depth::Sixteen][..])
}

/// A layer of any kind with settings that make it do something.
fn layers() -> impl Strategy<Value = Layer> {
    let kinds = prop::sample::select(&[Kind::Texture, Kind::Graft, Kind::Noise, Kind::Picture][..]);
    let blends = prop::sample::select(&Blend::NAMES[..]);
    let masks = prop::sample::subsequence(vec!["smoothed", "midtones", "brush", "file"], 0..=4);
    let numbers = (0.0f64..=1.0, 0.0f64..=1.0, any::<bool>());
    (kinds, blends, masks, numbers).prop_map(|(kind, blend, masks, (one, two, flag))| {
        let mut recipe = Recipe {
            layers: vec![Layer::new(kind)],
            ..Recipe::default()
        };
        let mut set = |key: &str, value: String| {
            recipe.set(&format!("1.{key}={value}")).expect("it fits");
        };
        set("blend", blend.0.to_string());
        set("opacity", (one * 100.0).to_string());
        set("masks", format!("[{}]", masks.join(",")));
        match kind {
            Kind::Texture => {
                set("radius", (0.5 + 8.0 * two).to_string());
                set("amount", (300.0 * one).to_string());
                set("mode", if flag { "add" } else { "replace" }.to_string());
            }
            Kind::Graft => {
                set("radius", (0.1 + 4.0 * two).to_string());
                // The donor file is large enough to blend; the original may be a single pixel.
                if flag {
                    set("donor", "original".to_string());
                    set("patch", "1,0,7,5".to_string());
                    set("tiling", "pattern".to_string());
                } else {
                    set("donor", "donor".to_string());
                    set("patch", "3,2,57,48".to_string());
                    set("tiling", "blend".to_string());
                }
            }
            Kind::Noise => {
                set("amount", (100.0 * one).to_string());
                set("blur", (3.0 * two).to_string());
                set("monochromatic", flag.to_string());
                let distribution = if flag { "uniform" } else { "gaussian" };
                set("distribution", distribution.to_string());
            }
            Kind::Picture => {
                set("path", "donor".to_string());
                let fit = ["stretch", "tile", "center"][(two * 2.99) as usize];
                set("fit", fit.to_string());
            }
        }
        recipe.layers.remove(0)
    })
}

fn strokes() -> impl Strategy<Value = Stroke> {
    let points = prop::collection::vec(prop::array::uniform2(-20.0f64..120.0), 1..6);
    let tip = (any::<bool>(), 0.5f64..40.0, 0.0f64..=100.0, 0.0f64..=100.0);
    (points, tip).prop_map(|(points, (adds, radius, hardness, opacity))| Stroke {
        tip: Tip {
            mode: if adds {
                BrushMode::Add
            } else {
                BrushMode::Erase
            },
            radius,
            hardness,
            opacity,
        },
        points: points.into(),
    })
}

fn recipes() -> impl Strategy<Value = Recipe> {
    let strokes = prop::collection::vec(strokes(), 0..5);
    let layers = prop::collection::vec(layers(), 0..4);
    (any::<u32>(), layers, strokes, any::<bool>()).prop_map(|(seed, layers, strokes, invert)| {
        let mut recipe = Recipe {
            seed: seed.into(),
            layers,
            ..Recipe::default()
        };
        recipe.masks.file.path = "donor".to_string();
        recipe.masks.smoothed.feather = 3.0;
        recipe.masks.brush.strokes = strokes;
        recipe.masks.brush.invert = invert;
        recipe
    })
}

/// A picture with an original and a donor file beside it.
fn inputs(picture: Image, original: Image) -> Inputs {
    let donor = Arc::new(self::picture(61, 53, Layout::Rgba, Depth::Eight, 99));
    Inputs {
        original: Some(Arc::new(original)),
        files: BTreeMap::from([("donor".to_string(), donor)]),
        ..Inputs::alone(Arc::new(picture))
    }
}

/// A part of a portrait, with an original that has spots which the portrait has not, and shows somebody else in a corner:
/// in ways that the two may lie to each other and be stored.
fn pairs() -> &'static [Inputs] {
    static PAIRS: OnceLock<Vec<Inputs>> = OnceLock::new();
    PAIRS.get_or_init(|| {
        let sample = |name: &str| {
            let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
            let photo = read_photo(&samples.join(name)).expect("a sample");
            photo.image.tile(photo.image.bounds())
        };
        let theirs = sample("originals/glasses.jpg").crop(Region::new(420, 520, 150, 130));
        let part = Region::new(310, 330, 380, 320);
        let mut original = sample("originals/stubble.jpg");
        for (plane, theirs) in original.planes_mut().iter_mut().zip(theirs.planes()) {
            plane.paste(theirs, Region::new(part.x, part.bottom() - 130, 150, 130));
            for y in part.y..part.bottom() {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    let [across, down] = [x, y].map(|it| (it % 50) as f32 - 25.3);
                    *sample -= 0.2 / (1.0 + (across.hypot(down) - 4.0).exp());
                }
            }
        }
        let picture = sample("stubble.jpg").crop(part);
        let lies_right = original.clone().crop(part);
        let elsewhere = original.crop(Region::new(part.x - 23, part.y + 6, 400, 330));
        let rgb = |tile: &Tile, depth| stored(tile, Layout::Rgb, depth);
        let pairs = [
            (rgb(&picture, Depth::Eight), rgb(&lies_right, Depth::Eight)),
            (
                stored(&picture, Layout::Rgba, Depth::Eight),
                rgb(&elsewhere, Depth::Eight),
            ),
            (
                rgb(&picture, Depth::Sixteen),
                rgb(&elsewhere, Depth::Sixteen).halved(),
            ),
            (
                stored(&picture, Layout::Grey, Depth::Eight),
                stored(&lies_right, Layout::Grey, Depth::Eight),
            ),
        ];
        let pairs = pairs.map(|(picture, original)| inputs(picture, original));
        for inputs in &pairs {
            let alignment = inputs.alignment().expect("an original");
            let left_out = alignment.expect("the same portrait").left_out;
            assert!((0.03..0.5).contains(&left_out), "{left_out}");
            assert!(inputs.spots(Align::Auto).len() > 10);
        }
        pairs.into()
    })
}

/// What a file of that kind would have of a tile.
fn stored(tile: &Tile, layout: Layout, depth: Depth) -> Image {
    let Region { width, height, .. } = tile.region();
    let tile = tile.clone().with_channels(layout.colours());
    let samples = (0..width * height).flat_map(|i| {
        let colours = tile.planes().iter().map(move |it| it.samples()[i]);
        colours.chain(layout.has_alpha().then_some(0.5))
    });
    let samples = match depth {
        Depth::Eight => Samples::Eight(samples.map(store::to_eight).collect()),
        Depth::Sixteen => Samples::Sixteen(samples.map(store::to_sixteen).collect()),
        Depth::Float => Samples::Float(samples.collect()),
    };
    Image::new(width, height, layout, samples).expect("as many samples as it takes")
}

/// Recipes in which a texture of an original that is brought over the picture, mostly without its spots, lies among other
/// layers, and above it a graft fills in where that is left out.
fn pair_recipes() -> impl Strategy<Value = Recipe> {
    // Narrow blurs are taken by other ways than wide ones.
    let radii = prop_oneof![0.5f64..5.0, 0.5f64..30.0];
    let texture = (radii, any::<bool>(), prop::bool::weighted(0.8));
    let masks = || prop::sample::subsequence(vec!["smoothed", "midtones", "brush"], 0..=1);
    let places = (0usize..=3, 0usize..=3);
    let settings = (texture, 0.3f64..6.0, masks(), masks());
    (recipes(), places, settings).prop_map(|(mut recipe, (below, above), settings)| {
        let ((texture_radius, adds, leaves_out), radius, texture_masks, masks) = settings;
        let texture = below.min(recipe.layers.len());
        recipe.layers.insert(texture, Layer::new(Kind::Texture));
        let graft = (texture + 1 + above).min(recipe.layers.len());
        recipe.layers.insert(graft, Layer::new(Kind::Graft));
        let (texture, graft) = (texture + 1, graft + 1);
        for change in [
            format!("{texture}.align=auto"),
            format!("{texture}.radius={texture_radius}"),
            format!("{texture}.mode={}", if adds { "add" } else { "replace" }),
            format!("{texture}.masks=[{}]", texture_masks.join(",")),
            format!("{graft}.radius={radius}"),
            format!("{graft}.masks=[{}]", masks.join(",")),
        ] {
            recipe.set(&change).expect("it fits");
        }
        if leaves_out {
            recipe
                .set(&format!("{texture}.spots=leave-out"))
                .expect("it fits");
        }
        recipe
    })
}

/// A part of one axis of a picture: how long it is, and how far from the start to the end.
fn spans() -> impl Strategy<Value = (usize, f64)> {
    (prop_oneof![1usize..8, 1usize..90, 1usize..400], 0.0f64..1.0)
}

/// The part of an axis of `length` that was drawn: its first pixel, and how many they are.
fn span((count, place): (usize, f64), length: usize) -> (usize, usize) {
    let count = count.min(length);
    ((place * (length - count + 1) as f64) as usize, count)
}

fn render(plan: &Plan, depth: Depth) -> Image {
    plan.render(depth, &|_, _| {}, &Cancel::default())
        .expect("nobody cancels")
}

fn threads(count: usize) -> rayon::ThreadPool {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count).build();
    pool.expect("threads")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Law 1: a crop of a render is the render of that crop.
    #[test]
    fn tiles_and_threads_do_not_show(
        (width, height) in sizes(),
        layout in layouts(),
        // A pair that is stored alike in levels has a way of its own.
        (depth, alike) in (depths(), any::<bool>()),
        recipe in recipes(),
        (tile_width, tile_height) in (1usize..90, 1usize..90),
    ) {
        let picture = picture(width, height, layout, depth, 1);
        let original_layout = if alike { layout } else { Layout::Rgb };
        let original = self::picture(width, height, original_layout, Depth::Eight, 2);
        let plan = Plan::new(&recipe, inputs(picture, original));
        let size = TileSize { width: tile_width, height: tile_height };
        let whole = threads(1).install(|| render(&plan, Depth::Float));
        for count in [1, 2, 7] {
            let tiled = threads(count).install(|| {
                plan.render_in_tiles(Depth::Float, size, &|_, _| {}, &Cancel::default())
            });
            prop_assert_eq!(&tiled.expect("nobody cancels"), &whole);
        }
        let part = Region::new(width / 3, height / 2, width - width / 3, height - height / 2);
        let all = plan.tile(whole.bounds(), &Cancel::default());
        prop_assert_eq!(plan.tile(part, &Cancel::default()), all.crop(part));
    }

    /// Law 2: nothing painted, nothing changed.
    #[test]
    fn nothing_painted_changes_nothing(
        (width, height) in sizes(),
        layout in layouts(),
        depth in depths(),
        mut recipe in recipes(),
        way in 0..3,
    ) {
        let picture = picture(width, height, layout, depth, 3);
        let original = self::picture(width, height, layout, depth, 4);
        for layer in &mut recipe.layers {
            match (way, &mut layer.operation) {
                (0, _) => layer.opacity = 0.0,
                (1, _) => layer.enabled = false,
                // An amount of 0 leaves a neutral source, which is nothing in these modes only.
                (_, Operation::Noise(noise)) => {
                    noise.amount = 0.0;
                    layer.blend = Blend::Overlay;
                }
                (_, Operation::Texture(texture)) => {
                    texture.amount = 0.0;
                    layer.blend = Blend::Normal;
                }
                (_, Operation::Graft(graft)) => {
                    graft.strength = Strength::Percent(0.0);
                    layer.blend = Blend::LinearLight;
                }
                (_, Operation::Picture(_)) => layer.opacity = 0.0,
            }
        }
        let plan = Plan::new(&recipe, inputs(picture.clone(), original));
        prop_assert_eq!(render(&plan, depth), picture);
    }

    /// Law 2: an empty mask is the same as no layer.
    #[test]
    fn an_empty_mask_changes_nothing(
        (width, height) in sizes(),
        layout in layouts(),
        depth in depths(),
        mut recipe in recipes(),
    ) {
        for layer in &mut recipe.layers {
            layer.masks = vec![MaskName::File];
        }
        let picture = picture(width, height, layout, depth, 3);
        let original = self::picture(width, height, layout, depth, 4);
        let mut inputs = inputs(picture.clone(), original);
        let black = Image::new(3, 3, Layout::Grey, Samples::Eight(vec![0; 9])).expect("nine");
        recipe.masks.file.path = "black".to_string();
        inputs.files.insert("black".to_string(), Arc::new(black));
        prop_assert_eq!(render(&Plan::new(&recipe, inputs), depth), picture);
    }

    /// Law 2: so is a brush mask that nothing is painted on, and the report says so.
    #[test]
    fn an_unpainted_brush_mask_changes_nothing(
        (width, height) in sizes(),
        layout in layouts(),
        depth in depths(),
        mut recipe in recipes(),
    ) {
        for layer in &mut recipe.layers {
            layer.masks = vec![MaskName::Brush];
        }
        recipe.masks.brush = Default::default();
        let picture = picture(width, height, layout, depth, 3);
        let original = self::picture(width, height, layout, depth, 4);
        let plan = Plan::new(&recipe, inputs(picture.clone(), original));
        prop_assert!(plan.skipped().iter().all(|it| it.reason.contains("nothing is painted")));
        prop_assert_eq!(plan.skipped().len(), recipe.layers.len());
        prop_assert_eq!(render(&plan, depth), picture);
    }

    /// Law 3: the same input and recipe give the same samples.
    #[test]
    fn a_render_can_be_repeated((width, height) in sizes(), recipe in recipes()) {
        let make = || {
            let picture = picture(width, height, Layout::Rgb, Depth::Eight, 5);
            let original = self::picture(width, height, Layout::Rgb, Depth::Eight, 6);
            render(&Plan::new(&recipe, inputs(picture, original)), Depth::Eight)
        };
        prop_assert_eq!(make(), make());
    }

    /// Law 4: a picture that is its own original gets no texture.
    #[test]
    fn a_picture_as_its_own_original_stays_as_it_is(
        (width, height) in sizes(),
        layout in layouts(),
        radius in 0.5f64..30.0,
        amount in 0.0f64..300.0,
    ) {
        let mut recipe = Recipe { layers: vec![Layer::new(Kind::Texture)], ..Recipe::default() };
        recipe.set(&format!("1.radius={radius}")).expect("it fits");
        recipe.set(&format!("1.amount={amount}")).expect("it fits");
        let picture = picture(width, height, layout, Depth::Float, 7);
        let plan = Plan::new(&recipe, inputs(picture.clone(), picture.clone()));
        let (Samples::Float(is), Samples::Float(was)) =
            (render(&plan, Depth::Float).into_samples(), picture.into_samples())
        else {
            panic!("both are float");
        };
        for (is, was) in is.iter().zip(was) {
            prop_assert!((is - was).abs() <= f32::EPSILON * was.abs(), "{} for {}", is, was);
        }
    }

    /// A recipe that was written and read again is the same one.
    #[test]
    fn recipes_survive_writing_and_reading(recipe in recipes()) {
        prop_assert_eq!(Recipe::from_toml(&recipe.to_toml()), Ok(recipe));
    }

    /// Law 6: output is finite, whatever comes in.
    #[test]
    fn output_is_finite(recipe in recipes(), wild in prop::collection::vec(any::<f32>(), 7 * 5 * 3)) {
        let picture = Image::new(7, 5, Layout::Rgb, Samples::Float(wild)).expect("right size");
        let plan = Plan::new(&recipe, inputs(picture.clone(), picture));
        let Samples::Float(samples) = render(&plan, Depth::Float).into_samples() else {
            panic!("it is float");
        };
        prop_assert!(samples.iter().all(|it| (0.0..=1.0).contains(it)));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Law 1, for what depends on places of a pair: spots, confidence, and grafts where there is none.
    #[test]
    fn tiles_of_pairs_do_not_show(
        pair in 0..4usize,
        recipe in pair_recipes(),
        parts in prop::collection::vec((spans(), spans()), 4),
        (tile_width, tile_height) in (20usize..300, 20usize..300),
    ) {
        let cancel = Cancel::default();
        let plan = Plan::new(&recipe, pairs()[pair].clone());
        let bounds = plan.picture().bounds();
        let all = plan.tile(bounds, &cancel);
        for (across, down) in parts {
            let ((x, width), (y, height)) = (span(across, bounds.width), span(down, bounds.height));
            let part = Region::new(x, y, width, height);
            let expected = all.clone().crop(part);
            // What is seen is made in other tiles, in pixels rather than planes.
            let seen = plan.render_reduced(part, (width, height), &cancel);
            let seen = seen.expect("nobody cancels");
            prop_assert!(plan.tile(part, &cancel) == expected, "{:?}", part);
            prop_assert!(seen.planes() == expected.planes(), "{:?}, seen", part);
        }
        let size = TileSize { width: tile_width, height: tile_height };
        let tiled = plan.render_in_tiles(Depth::Float, size, &|_, _| {}, &cancel);
        let size = TileSize { width: bounds.width, height: bounds.height };
        let whole = plan.render_in_tiles(Depth::Float, size, &|_, _| {}, &cancel);
        prop_assert!(tiled == whole);
    }
}

/// Law 5: below a layer's radius band nothing moves.
#[test]
fn grafts_and_noise_leave_tone_alone() {
    const SIDE: usize = 320;
    let picture = picture(SIDE, SIDE, Layout::Grey, Depth::Float, 8);
    // Midtones only: near black and white the blend modes are not symmetric.
    let samples = picture.tile(picture.bounds()).planes()[0].clone();
    let flat = samples.map(|it| 0.4 + 0.2 * it);
    let tile = Tile::new(picture.bounds(), vec![flat]);
    let picture = Image::from_tile(&tile);
    for name in ["graft", "noise"] {
        let mut recipe = preset(name).expect("built in");
        recipe.layers[0].masks.clear();
        if let Operation::Graft(graft) = &mut recipe.layers[0].operation {
            graft.patch = Some(Rectangle {
                x: 40,
                y: 40,
                width: 96,
                height: 96,
            });
        }
        let plan = Plan::new(&recipe, inputs(picture.clone(), picture.clone()));
        assert!(plan.skipped().is_empty());
        let (before, after) = (tone(&picture), tone(&render(&plan, Depth::Float)));
        let moved = before.zip_map(&after, |before, after| (before - after).abs());
        // Near the edge the measuring blur repeats single pixels of the grain.
        let moved = moved.crop(Region::new(96, 96, SIDE - 192, SIDE - 192));
        let largest = moved.samples().iter().copied().fold(0.0, f32::max);
        assert!(
            largest < 0.5 / 255.0,
            "{name} moves tone by {}",
            largest * 255.0
        );
    }
}

/// The tone of a grey picture: what a Gaussian of 24 px leaves.
fn tone(image: &Image) -> Plane {
    let (bounds, tile) = (image.bounds(), image.tile(image.bounds()));
    let cancel = Cancel::default();
    Gaussian::new(24.0).blur(&tile.planes()[0], bounds, bounds, bounds, &cancel)
}

/// Law 5 where black and white cut texture off: midtones keep grafts away from there.
#[test]
fn midtones_keep_tone_where_black_and_white_cut_texture_off() {
    const SIDE: usize = 400;
    let grain = picture(SIDE, SIDE, Layout::Grey, Depth::Float, 8);
    let mut ramp = grain.tile(grain.bounds()).planes()[0].clone();
    for y in 0..SIDE {
        for (x, it) in ramp.row_mut(y).iter_mut().enumerate() {
            let tone = (x as f32 / 300.0 - 0.15).clamp(0.0, 1.0);
            *it = (tone + 0.12 * tone * (1.0 - tone) * (*it - 0.5)).clamp(0.0, 1.0);
        }
    }
    let picture = Image::from_tile(&Tile::new(grain.bounds(), vec![ramp]));
    let moved = |masks: &[MaskName]| {
        let mut recipe = preset("graft").expect("built in");
        recipe.layers[0].masks = masks.to_vec();
        for change in ["graft.strength=300", "graft.patch=150,150,96,96"] {
            recipe.set(change).expect("it fits");
        }
        let plan = Plan::new(&recipe, inputs(picture.clone(), picture.clone()));
        assert!(plan.skipped().is_empty());
        let after = tone(&render(&plan, Depth::Sixteen));
        let moved = tone(&picture).zip_map(&after, |before, after| 255.0 * (before - after).abs());
        moved.samples().iter().copied().fold(0.0, f32::max)
    };
    let (all, midtones) = (moved(&[]), moved(&[MaskName::Midtones]));
    assert!(all > 0.5 && midtones < 0.25, "{all}, {midtones}");
}

/// Law 7: a render can only be cancelled, and then there is no picture.
#[test]
fn a_cancelled_render_gives_no_picture() {
    let picture = picture(300, 300, Layout::Rgb, Depth::Eight, 9);
    let plan = Plan::new(&Recipe::standard(), inputs(picture.clone(), picture));
    let cancel = Cancel::default();
    let rendered = plan.render(Depth::Eight, &|_, _| cancel.cancel(), &cancel);
    assert!(rendered.is_err());
    assert!(plan.render(Depth::Eight, &|_, _| {}, &cancel).is_err());
}

#[test]
fn bands_are_the_picture_cut_up() {
    let picture = picture(40, 700, Layout::Rgba, Depth::Eight, 5);
    let plan = Plan::new(
        &preset("noise").expect("built in"),
        inputs(picture.clone(), picture),
    );
    let Samples::Eight(whole) = render(&plan, Depth::Eight).into_samples() else {
        unreachable!("8 bits")
    };
    let mut cut = Vec::new();
    let rendered = plan.render_bands(
        Depth::Eight,
        &|_, _| {},
        &Cancel::default(),
        |top, band: Image| (top, band.into_samples()),
        |(top, band)| {
            assert_eq!(top * 40 * 4, cut.len());
            let Samples::Eight(band) = band else {
                unreachable!("8 bits")
            };
            cut.extend(band);
            ControlFlow::Continue(())
        },
    );
    rendered.expect("nobody cancels");
    assert_eq!(cut, whole);
}

#[test]
fn no_more_bands_are_made_than_are_taken() {
    let picture = picture(40, 64_000, Layout::Grey, Depth::Eight, 5);
    let plan = Plan::new(&Recipe::default(), Inputs::alone(Arc::new(picture)));
    let made = std::sync::atomic::AtomicUsize::new(0);
    let make = |_: usize, _: Image| made.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let enough = |_| ControlFlow::Break(());
    let rendered = plan.render_bands(Depth::Eight, &|_, _| {}, &Cancel::default(), make, enough);
    assert!(rendered.is_ok());
    // Each thread may have begun one.
    assert!(made.into_inner() <= 2 * rayon::current_num_threads());
}

#[test]
fn progress_reaches_the_last_row() {
    let picture = picture(70, 900, Layout::Grey, Depth::Eight, 9);
    let plan = Plan::new(&Recipe::default(), Inputs::alone(Arc::new(picture)));
    let furthest = std::sync::atomic::AtomicUsize::new(0);
    let progress = |done: usize, total: usize| {
        assert!(done <= total && total == 900);
        furthest.fetch_max(done, std::sync::atomic::Ordering::Relaxed);
    };
    plan.render(Depth::Eight, &progress, &Cancel::default())
        .expect("nobody cancels");
    assert_eq!(furthest.into_inner(), 900);
}

/// A reduced render is the mean of the full one, not a render of something smaller.
#[test]
fn a_preview_scaled_down_is_the_export_scaled_down() {
    let picture = picture(96, 64, Layout::Rgb, Depth::Eight, 10);
    let plan = Plan::new(
        &preset("noise").expect("built in"),
        Inputs::alone(Arc::new(picture)),
    );
    let full = plan.tile(Region::of_size(96, 64), &Cancel::default());
    let reduced = plan
        .render_reduced(Region::of_size(96, 64), (24, 16), &Cancel::default())
        .expect("nobody cancels");
    let resample = repore::engine::raster::Resample::new((96, 64), (24, 16));
    for (full, reduced) in full.planes().iter().zip(reduced.planes()) {
        let expected = resample.apply(full, Region::of_size(24, 16));
        // Sums of a few samples in another order.
        let pairs = reduced.samples().iter().zip(expected.samples());
        assert!(pairs.into_iter().all(|(a, b)| (a - b).abs() < 1e-6));
    }
    let same = plan.render_reduced(Region::new(10, 5, 30, 20), (30, 20), &Cancel::default());
    let part = full.crop(Region::new(10, 5, 30, 20));
    assert_eq!(same.expect("nobody cancels").planes(), part.planes());
}
