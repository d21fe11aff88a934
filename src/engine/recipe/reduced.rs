//! The same recipe for a reduced picture, as drafts of a preview use it.

use super::{Operation, Recipe};
use crate::engine::operations::{Rectangle, SMALLEST_PATCH, Tiling};

impl Recipe {
    /// What this recipe looks like on the picture reduced to `scale`, 0..=1: all lengths shrink.
    ///
    /// The amount of noise shrinks too: the mean of n by n pixels of white noise has one nth of its
    /// deviation, and with the blur shrinking as well this holds for softened noise.
    pub fn reduced(&self, scale: f64) -> Recipe {
        let mut recipe = self.clone();
        for layer in &mut recipe.layers {
            match &mut layer.operation {
                Operation::Texture(texture) => {
                    texture.radius *= scale;
                    for place in texture.kept.iter_mut().flatten() {
                        *place = (*place + 0.5) * scale - 0.5;
                    }
                }
                Operation::Graft(graft) => {
                    graft.radius *= scale;
                    // What is made by formula is made for its scale; its patch is always the same.
                    if graft.has_built_in_donor() {
                        graft.scale *= scale;
                        continue;
                    }
                    graft.patch = graft.patch.map(|patch| reduced_patch(patch, scale));
                    // A draft shows what it can of a patch that became too small to blend.
                    if graft
                        .patch
                        .is_some_and(|it| (it.width.min(it.height) as usize) < SMALLEST_PATCH)
                    {
                        graft.tiling = Tiling::Pattern;
                    }
                }
                Operation::Noise(noise) => {
                    noise.amount *= scale;
                    noise.blur *= scale;
                }
                Operation::Picture(_) => {}
            }
        }
        recipe.masks.smoothed.feather *= scale;
        recipe.masks.skin.feather *= scale;
        recipe.masks.skin.grow *= scale;
        recipe.masks.brush = recipe.masks.brush.reduced(scale);
        recipe
    }
}

fn reduced_patch(patch: Rectangle, scale: f64) -> Rectangle {
    let scaled = |length: u32| (f64::from(length) * scale).floor() as u32;
    Rectangle {
        x: scaled(patch.x),
        y: scaled(patch.y),
        width: scaled(patch.width).max(1),
        height: scaled(patch.height).max(1),
    }
}
