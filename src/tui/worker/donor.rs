//! What a patch is marked on: the donor of a graft layer, and the texture that the patch has.

use std::sync::Arc;

use image::{Rgb, RgbImage, imageops};

use crate::engine::operations::{Cancel, Graft, HighPass, Rectangle};
use crate::engine::raster::{Image, Region, store};
use crate::engine::recipe::{Operation, Recipe};
use crate::engine::render::{Inputs, ORIGINAL, SELF};
use crate::tui::geometry::Size;

/// How much the texture of a patch is amplified about mid grey.
const GAIN: f32 = 8.0;

/// The largest magnification of a small patch.
const LARGEST_FACTOR: usize = 3;

/// The settings and the donor of a graft layer.
///
/// # Errors
/// With why there is no donor.
pub fn of_layer<'a>(
    recipe: &'a Recipe,
    layer: usize,
    inputs: &'a Inputs,
) -> Result<(&'a Graft, &'a Arc<Image>), String> {
    let label = recipe.layer_label(layer);
    let Some(Operation::Graft(graft)) = recipe.layers.get(layer).map(|it| &it.operation) else {
        return Err(format!("{label} is no graft"));
    };
    let donor = match graft.donor.as_str() {
        SELF => Some(&inputs.picture),
        ORIGINAL => inputs.original.as_ref(),
        path => inputs.files.get(path),
    };
    let donor = donor.ok_or_else(|| match graft.donor.as_str() {
        ORIGINAL => format!("{label} takes its patch from the original, and there is none"),
        path => format!("the donor {path} of {label} was not read"),
    })?;
    Ok((graft, donor))
}

/// Screen pixels for the texture beside what is marked.
pub fn inset(available: Size) -> Size {
    Size::new(available.width / 3, available.height / 3)
}

/// The middle of a patch as the graft sees it: desaturated, high-passed, amplified about mid grey,
/// pixel by pixel, or magnified if there is room.
pub fn texture(radius: f64, donor: &Image, patch: Rectangle, room: Size) -> RgbImage {
    let bounds = donor.bounds();
    let middle = |start: u32, length: u32, room: usize| {
        let (start, length) = (start as usize, length as usize);
        let shown = length.min(room.max(1));
        (start + (length - shown) / 2, shown)
    };
    let (x, width) = middle(patch.x, patch.width, room.width);
    let (y, height) = middle(patch.y, patch.height, room.height);
    let region = Region::new(x, y, width, height).within(&bounds);
    if region.is_empty() {
        return RgbImage::new(1, 1);
    }
    let high_pass = HighPass::new(radius);
    let from = region.expanded(high_pass.halo(), &bounds);
    let grey = donor.tile(from).desaturated();
    let detail = high_pass.detail(&grey, from, region, bounds, &Cancel::default());
    let (width, height) = (region.width as u32, region.height as u32);
    let image = RgbImage::from_fn(width, height, |x, y| {
        let detail = detail.at(x as usize, y as usize);
        Rgb([store::to_eight(0.5 + GAIN * detail); 3])
    });
    let factor = (room.width / region.width).min(room.height / region.height);
    let factor = factor.clamp(1, LARGEST_FACTOR) as u32;
    imageops::resize(
        &image,
        width * factor,
        height * factor,
        imageops::FilterType::Nearest,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::{Layout, Samples};

    #[test]
    fn the_texture_is_the_detail_eightfold_about_grey() {
        let mut samples = vec![128; 64 * 64];
        samples[32 * 64 + 32] = 132;
        let donor = Image::new(64, 64, Layout::Grey, Samples::Eight(samples)).expect("a square");
        let patch = Rectangle {
            x: 8,
            y: 8,
            width: 48,
            height: 48,
        };
        let image = texture(4.0, &donor, patch, Size::new(48, 48));
        assert_eq!(image.dimensions(), (48, 48));
        // Mid grey lies between two levels.
        let flat = image.get_pixel(2, 2).0[0];
        assert!((127..=128).contains(&flat), "{flat}");
        // A dot loses a hundredth of itself to a blur of 4 px.
        let dot = image.get_pixel(24, 24).0[0];
        assert!((157..=160).contains(&dot), "{dot}");
        // Less room shows the middle, more magnifies.
        let small = texture(4.0, &donor, patch, Size::new(20, 10));
        assert_eq!(small.dimensions(), (20, 10));
        assert!(small.get_pixel(10, 5).0[0] > 150);
        let large = texture(4.0, &donor, patch, Size::new(100, 100));
        assert_eq!(large.dimensions(), (96, 96));
    }

    #[test]
    fn a_patch_beyond_its_donor_shows_something() {
        let donor = Image::new(8, 8, Layout::Grey, Samples::Eight(vec![9; 64])).expect("a square");
        let patch = Rectangle {
            x: 500,
            y: 0,
            width: 48,
            height: 48,
        };
        assert_eq!(
            texture(2.0, &donor, patch, Size::new(9, 9)).dimensions(),
            (1, 1)
        );
    }
}
