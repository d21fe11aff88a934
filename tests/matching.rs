//! `strength = "match"`: the result has as much fine texture inside the mask as its reference.

use std::collections::BTreeMap;
use std::sync::Arc;

use repore::engine::masks::MaskName;
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

/// The energy of a picture's fine band under the mask, in decibels.
fn energy(tile: &Tile) -> f64 {
    let bounds = tile.region();
    let cancel = Cancel::default();
    let band = HighPass::new(2.0).detail(&tile.luma(), bounds, bounds, bounds, &cancel);
    let mask = disc();
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
