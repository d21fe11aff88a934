//! `strength = "match"`: the result has as much fine texture inside the mask as its reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use repore::engine::masks::{Found, MaskName, MaskSources, Masks};
use repore::engine::operations::parameter::Strength;
use repore::engine::operations::{Gaussian, HighPass, Random, Rectangle};
use repore::engine::raster::{Image, Layout, Plane, Region, Samples, Tile};
use repore::engine::recipe::{Kind, Layer, Operation, Recipe, preset};
use repore::engine::render::{Cancel, Inputs, Plan};

const SIDE: usize = 400;

/// Grain of a deviation over soft tone.
fn skin(seed: u64, grain: f32) -> Plane {
    let random = Random::new(seed, 0, 0);
    let bounds = Region::of_size(SIDE, SIDE);
    let samples = (0..SIDE * SIDE).map(|i| random.row(i / SIDE).normal(i % SIDE));
    let noise = Plane::from_samples(SIDE, SIDE, samples.collect());
    let mut skin = Gaussian::new(0.7).blur(&noise, bounds, bounds, bounds, &Cancel::default());
    for y in 0..SIDE {
        for (x, sample) in skin.row_mut(y).iter_mut().enumerate() {
            *sample = 0.55 + 0.0003 * x as f32 + grain * *sample;
        }
    }
    skin
}

fn image(plane: Plane) -> Arc<Image> {
    let region = Region::of_size(plane.width(), plane.height());
    Arc::new(Image::from_tile(&Tile::new(region, vec![plane])))
}

/// A mask that covers a disc, softly.
fn disc() -> Plane {
    let mut mask = Plane::filled(SIDE, SIDE, 0.0);
    for y in 0..SIDE {
        for (x, covered) in mask.row_mut(y).iter_mut().enumerate() {
            let distance = (x as f32 - 190.0).hypot(y as f32 - 210.0);
            *covered = ((150.0 - distance) / 20.0).clamp(0.0, 1.0);
        }
    }
    mask
}

/// A picture without grain, its original with it, and a mask file.
fn inputs(original: Option<Arc<Image>>) -> Inputs {
    let mut inputs = Inputs::alone(image(skin(1, 0.002)));
    inputs.original = original;
    inputs.files = BTreeMap::from([
        ("mask".to_string(), image(disc())),
        ("donor".to_string(), image(skin(2, 0.03))),
    ]);
    inputs
}

/// The energy of a picture's fine band under the disc, in decibels.
fn energy(tile: &Tile) -> f64 {
    energy_under(tile, &disc())
}

/// The same under a mask.
fn energy_under(tile: &Tile, mask: &Plane) -> f64 {
    let bounds = tile.region();
    let cancel = Cancel::default();
    let band = HighPass::new(2.0).detail(&tile.luma(), bounds, bounds, bounds, &cancel);
    let pairs = band.samples().iter().zip(mask.samples());
    let (sum, weight) = pairs.fold((0.0, 0.0), |(sum, weight), (it, w)| {
        (sum + f64::from(w * it * it), weight + f64::from(*w))
    });
    10.0 * (sum / weight).log10()
}

fn masked(mut layer: Layer) -> Layer {
    layer.masks = vec![MaskName::File];
    match &mut layer.operation {
        Operation::Graft(graft) => {
            graft.strength = Strength::Match;
            graft.donor = "donor".to_string();
            graft.patch = Some(Rectangle {
                x: 40,
                y: 50,
                width: 160,
                height: 128,
            });
        }
        Operation::Noise(noise) => noise.strength = Strength::Match,
        _ => {}
    }
    layer
}

fn recipe(layers: Vec<Layer>) -> Recipe {
    let mut recipe = Recipe {
        layers,
        ..Recipe::default()
    };
    recipe.masks.file.path = "mask".to_string();
    recipe
}

fn strength(plan: &Plan, layer: usize) -> f64 {
    let strength = match &plan.resolved().layers[layer].operation {
        Operation::Graft(it) => it.strength,
        Operation::Noise(it) => it.strength,
        _ => Strength::Match,
    };
    match strength {
        Strength::Percent(it) => it,
        Strength::Match => panic!("it was not found"),
    }
}

fn whole(plan: &Plan) -> Tile {
    plan.tile(plan.picture().bounds(), &Cancel::default())
}

#[test]
fn each_layer_alone_matches_the_original() {
    let original = image(skin(3, 0.02));
    let wanted = energy(&original.tile(original.bounds()));
    let mut soft = masked(Layer::new(Kind::Noise));
    soft.blend = repore::engine::raster::Blend::SoftLight;
    for layer in [
        masked(Layer::new(Kind::Graft)),
        masked(Layer::new(Kind::Noise)),
        soft,
    ] {
        let plan = Plan::new(&recipe(vec![layer]), inputs(Some(original.clone())));
        assert_eq!(plan.skipped(), []);
        let is = energy(&whole(&plan));
        assert!((is - wanted).abs() < 0.5, "{is} dB for {wanted} dB");
        assert!(
            plan.notes()[0].contains("matches the original"),
            "{:?}",
            plan.notes()
        );
    }
}

/// All of a picture counts, not only the tiles that are measured first: here few of them have nearly all of the texture.
#[test]
fn texture_in_a_few_places_counts() {
    const WIDE: usize = 2304;
    const HIGH: usize = 1664;
    let grainy = |place: usize| place.is_multiple_of(31);
    let grain = |seed: u64, amount: f32| {
        let random = Random::new(seed, 0, 0);
        let sample = |i: usize| {
            let (x, y) = (i % WIDE, i / WIDE);
            let strong = if grainy(x / 128 + y / 128 * 18) {
                12.0
            } else {
                1.0
            };
            0.5 + amount * strong * random.row(y).signed(x)
        };
        Plane::from_samples(WIDE, HIGH, (0..WIDE * HIGH).map(sample).collect())
    };
    let original = image(grain(1, 0.02));
    let everywhere = Plane::filled(WIDE, HIGH, 1.0);
    let wanted = energy_under(&original.tile(original.bounds()), &everywhere);
    let mut inputs = Inputs::alone(image(grain(2, 0.01)));
    inputs.original = Some(original);
    let mut layer = masked(Layer::new(Kind::Noise));
    layer.masks.clear();
    let plan = Plan::new(&recipe(vec![layer]), inputs);
    let is = energy_under(&whole(&plan), &everywhere);
    assert!((is - wanted).abs() < 0.1, "{is} dB for {wanted} dB");
}

/// Overlay over black hardly paints: it takes thousands of per cent.
#[test]
fn noise_over_shadows_gets_as_strong_as_it_takes() {
    let dark = |plane: Plane| image(plane.map(|it| 0.08 * it));
    let original = dark(skin(3, 0.1));
    let mut inputs = inputs(Some(original.clone()));
    inputs.picture = dark(skin(1, 0.002));
    let wanted = energy(&original.tile(original.bounds()));
    let mut layer = masked(Layer::new(Kind::Noise));
    if let Operation::Noise(noise) = &mut layer.operation {
        noise.blur = 1.5;
    }
    let plan = Plan::new(&recipe(vec![layer]), inputs);
    let is = energy(&whole(&plan));
    assert!((is - wanted).abs() < 0.1, "{is} dB for {wanted} dB");
    assert!(strength(&plan, 0) > 1000.0, "{} %", strength(&plan, 0));
    let written = plan.resolved().to_toml();
    Recipe::from_toml(&written).expect("what was found can be read again");
}

/// A portrait of which a third was smoothed: the other skin says how much it has to have.
#[test]
fn without_an_original_unspoiled_skin_around_is_matched() {
    let path =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/originals/stubble.jpg");
    let portrait = repore::files::read_photo(&path).expect("a sample").image;
    let bounds = portrait.bounds();
    let cancel = Cancel::default();
    let mut part = Plane::filled(bounds.width, bounds.height, 0.0);
    for y in 0..bounds.height {
        part.row_mut(y)[..bounds.width / 3].fill(1.0);
    }
    let tile = portrait.tile(bounds);
    let smooth = |plane: &Plane| {
        let soft = Gaussian::new(2.0).blur(plane, bounds, bounds, bounds, &cancel);
        let removed = plane.clone().zip_map(&soft, |it, soft| it - soft);
        let removed = removed.zip_map(&part, |it, part| it * part);
        plane.clone().zip_map(&removed, |it, removed| it - removed)
    };
    let planes = tile.planes().iter().map(smooth).collect();
    let smoothed = Arc::new(Image::from_tile(&Tile::new(bounds, planes)));
    let found = Found::default();
    let sources = MaskSources::alone(&portrait, &found);
    let skin = Masks::default().coverage(MaskName::Skin, &sources, bounds, &cancel);
    let unspoiled = skin.zip_map(&part, |skin, part| skin * (1.0 - part));
    let wanted = energy_under(&tile, &unspoiled);
    let mut inputs = Inputs::alone(smoothed);
    inputs.files = BTreeMap::from([("mask".to_string(), image(part.clone()))]);
    let plan = Plan::new(&recipe(vec![masked(Layer::new(Kind::Noise))]), inputs);
    let notes = plan.notes();
    assert!(notes[0].contains("the picture's own skin"), "{notes:?}");
    let is = energy_under(&whole(&plan), &part);
    assert!((is - wanted).abs() < 0.5, "{is} dB for {wanted} dB");
}

#[test]
fn layers_below_count() {
    let original = image(skin(3, 0.02));
    let wanted = energy(&original.tile(original.bounds()));
    let mut below = masked(Layer::new(Kind::Noise));
    if let Operation::Noise(noise) = &mut below.operation {
        noise.strength = Strength::Percent(40.0);
    }
    let layers = vec![below, masked(Layer::new(Kind::Graft))];
    let plan = Plan::new(&recipe(layers), inputs(Some(original.clone())));
    let is = energy(&whole(&plan));
    assert!((is - wanted).abs() < 0.5, "{is} dB for {wanted} dB");
    let alone = Plan::new(
        &recipe(vec![masked(Layer::new(Kind::Graft))]),
        inputs(Some(original)),
    );
    assert!(strength(&plan, 1) < strength(&alone, 0));
}

#[test]
fn a_picture_with_enough_texture_gets_none() {
    let original = image(skin(3, 0.001));
    let layers = vec![masked(Layer::new(Kind::Noise))];
    let plan = Plan::new(&recipe(layers), inputs(Some(original)));
    assert_eq!(strength(&plan, 0), 0.0);
    assert!(
        plan.notes()[0].contains("as much texture"),
        "{:?}",
        plan.notes()
    );
}

#[test]
fn without_an_original_a_graft_matches_its_donor_and_noise_has_nothing_to_match() {
    let graft = masked(Layer::new(Kind::Graft));
    let plan = Plan::new(&recipe(vec![graft]), inputs(None));
    let donor = image(skin(2, 0.03));
    let (is, wanted) = (energy(&whole(&plan)), energy(&donor.tile(donor.bounds())));
    assert!((is - wanted).abs() < 0.5, "{is} dB for {wanted} dB");
    let noise = masked(Layer::new(Kind::Noise));
    let plan = Plan::new(&recipe(vec![noise]), inputs(None));
    assert_eq!(strength(&plan, 0), 100.0);
    assert!(
        plan.notes()[0].contains("cannot be matched"),
        "{:?}",
        plan.notes()
    );
}

#[test]
fn what_was_found_is_rendered_again_bit_for_bit() {
    let original = image(skin(3, 0.02));
    let layers = vec![
        masked(Layer::new(Kind::Graft)),
        masked(Layer::new(Kind::Noise)),
    ];
    let plan = Plan::new(&recipe(layers), inputs(Some(original.clone())));
    let written = Recipe::from_toml(&plan.resolved().to_toml()).expect("it was written by us");
    let again = Plan::new(&written, inputs(Some(original)));
    assert_eq!(again.notes(), [""; 0]);
    assert_eq!(whole(&plan), whole(&again));
}

#[test]
fn an_empty_mask_leaves_nothing_to_match() {
    let mut inputs = inputs(Some(image(skin(3, 0.02))));
    let black = Samples::Eight(vec![0; 4]);
    let black = Image::new(2, 2, Layout::Grey, black).expect("four");
    inputs.files.insert("mask".to_string(), Arc::new(black));
    let layers = vec![masked(Layer::new(Kind::Noise))];
    let plan = Plan::new(&recipe(layers), inputs);
    assert_eq!(strength(&plan, 0), 100.0);
    assert!(
        plan.notes()[0].contains("cover nothing"),
        "{:?}",
        plan.notes()
    );
}

/// The built-in recipes give the same whether strengths are found once or every time.
#[test]
fn findings_are_shared_by_plans() {
    let mut recipe = preset("noise").expect("built in");
    recipe.set("noise.strength=match").expect("it fits");
    let inputs = inputs(Some(image(skin(3, 0.02))));
    let plans = [
        Plan::new(&recipe, inputs.clone()),
        Plan::new(&recipe, inputs),
    ];
    assert_eq!(plans[0].resolved(), plans[1].resolved());
}
