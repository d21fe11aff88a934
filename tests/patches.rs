//! The patches that are found in the sample portraits.

use std::path::Path;
use std::sync::Arc;

use repore::engine::operations::parameter::Strength;
use repore::engine::operations::{Graft, Rectangle, SMALLEST_PATCH};
use repore::engine::raster::{Image, Plane, Region, Tile};
use repore::engine::recipe::{Kind, Layer, Operation, Recipe};
use repore::engine::render::{Cancel, Inputs, Plan};
use repore::files::read_photo;

fn sample(name: &str) -> Arc<Image> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name);
    read_photo(&path).expect("a sample").image
}

/// The mean colour of a patch.
fn colour(image: &Image, patch: &Rectangle) -> [f32; 3] {
    let [x, y, width, height] = [patch.x, patch.y, patch.width, patch.height].map(|it| it as usize);
    let tile = image.tile(Region::new(x, y, width, height));
    [0, 1, 2].map(|channel| {
        let samples = tile.planes()[channel].samples();
        samples.iter().sum::<f32>() / samples.len() as f32
    })
}

#[test]
fn the_patches_of_a_portrait_are_skin() {
    for name in ["originals/glasses.jpg", "originals/stubble.jpg"] {
        let picture = sample(name);
        let mut inputs = Inputs::alone(picture.clone());
        inputs.original = Some(picture.clone());
        let graft = Graft {
            donor: "original".to_string(),
            ..Graft::default()
        };
        let patches = inputs.patches(&graft).expect("there is skin");
        assert!(!patches.is_empty());
        for patch in &patches {
            assert!(patch.width as usize >= SMALLEST_PATCH, "{name}: {patch:?}");
            let [r, g, b] = colour(&picture, patch);
            let skin = r > 0.3 && r > g + 0.01 && g > b + 0.01;
            assert!(skin, "{name}: {patch:?} has {r}, {g}, {b}");
        }
    }
}

#[test]
fn a_smoothed_portrait_is_no_donor_for_itself() {
    let inputs = Inputs::alone(sample("stubble.jpg"));
    let refusal = inputs
        .patches(&Graft::default())
        .expect_err("it is all smoothed");
    assert!(refusal.contains("no unspoiled skin"), "{refusal}");
}

#[test]
fn a_smoothed_portrait_gets_skin_by_formula_and_says_so() {
    let picture = sample("stubble.jpg");
    let recipe = Recipe {
        layers: vec![Layer::new(Kind::Graft)],
        ..Recipe::default()
    };
    let plan = Plan::new(&recipe, Inputs::alone(picture.clone()));
    assert_eq!(plan.skipped(), []);
    assert!(plan.notes()[0].contains("skin made by formula is used"));
    let Operation::Graft(graft) = &plan.resolved().layers[0].operation else {
        panic!("it is a graft");
    };
    assert!(graft.has_built_in_donor() && graft.patch.is_some());
    // The face is a third as large as that which scale 1 suits.
    assert!((0.25..0.45).contains(&graft.scale), "{}", graft.scale);
    let written = Recipe::from_toml(&plan.resolved().to_toml()).expect("it was written by us");
    let again = Plan::new(&written, Inputs::alone(picture.clone()));
    assert_eq!(again.notes(), [""; 0]);
    let region = Region::new(400, 300, 160, 120);
    let render = |plan: &Plan| plan.tile(region, &Cancel::default());
    assert_eq!(render(&plan), render(&again));
    assert_ne!(render(&plan), picture.tile(region));
}

#[test]
fn skin_by_formula_is_as_strong_as_what_is_left_of_texture() {
    let strength = |name: &str, percent: f64| {
        let mut layer = Layer::new(Kind::Graft);
        layer.operation = Operation::Graft(Graft {
            strength: Strength::Percent(percent),
            ..Graft::default()
        });
        let recipe = Recipe {
            layers: vec![layer],
            ..Recipe::default()
        };
        let plan = Plan::new(&recipe, Inputs::alone(sample(name)));
        match &plan.resolved().layers[0].operation {
            Operation::Graft(Graft {
                strength: Strength::Percent(it),
                ..
            }) => *it,
            other => panic!("{other:?}"),
        }
    };
    let (rough, even) = (
        strength("stubble.jpg", 100.0),
        strength("glasses.jpg", 100.0),
    );
    assert!(rough > 105.0 && rough < 200.0, "{rough}");
    assert!(even > 60.0 && even < 95.0, "{even}");
    assert!((strength("stubble.jpg", 50.0) - rough / 2.0).abs() <= 1.0);
    // A face without pores.
    assert_eq!(strength("astronaut.png", 100.0), 100.0);
}

#[test]
fn skin_by_formula_is_not_for_pictures_that_have_an_original_or_no_face() {
    let recipe = Recipe {
        layers: vec![Layer::new(Kind::Graft)],
        ..Recipe::default()
    };
    let portrait = sample("stubble.jpg");
    let mut beside = Inputs::alone(portrait.clone());
    beside.original = Some(portrait.clone());
    assert_eq!(Plan::new(&recipe, beside).skipped().len(), 1);
    let flat = Tile::new(
        Region::of_size(300, 300),
        vec![Plane::filled(300, 300, 0.5)],
    );
    let flat = Inputs::alone(Arc::new(Image::from_tile(&flat)));
    assert_eq!(Plan::new(&recipe, flat).skipped().len(), 1);
}
