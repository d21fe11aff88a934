//! The patches that are found in the sample portraits.

use std::path::Path;
use std::sync::Arc;

use repore::engine::operations::{Graft, Rectangle, SMALLEST_PATCH};
use repore::engine::raster::{Image, Region};
use repore::engine::render::Inputs;
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
