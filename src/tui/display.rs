//! Pictures as terminals take them: 8 bits, RGB or RGBA.

use image::{DynamicImage, RgbImage, RgbaImage};
use pulp::Arch;

use crate::engine::raster::{Image, Plane, Tile, join, store};

/// A picture in 8 bits; `None` if it has more than `u32::MAX` pixels a side.
pub fn to_display(image: &Image) -> Option<DynamicImage> {
    let tile = image.tile(image.bounds()).with_channels(3);
    let Some(alpha) = image.alpha(image.bounds()) else {
        return Some(DynamicImage::ImageRgb8(to_rgb(&tile)?));
    };
    let [r, g, b] = tile.planes() else {
        return None;
    };
    let colours = r.samples().iter().zip(g.samples()).zip(b.samples());
    let bytes = colours
        .zip(alpha.samples())
        .flat_map(|(((r, g), b), a)| [*r, *g, *b, *a].map(store::to_eight))
        .collect();
    let (width, height) = (image.width(), image.height());
    let image = RgbaImage::from_raw(width.try_into().ok()?, height.try_into().ok()?, bytes);
    image.map(DynamicImage::ImageRgba8)
}

/// A tile in 8 bits RGB; `None` if it has more than `u32::MAX` pixels a side.
pub fn to_rgb(tile: &Tile) -> Option<RgbImage> {
    let planes = tile.planes();
    let (r, b) = (planes.first()?, planes.last()?);
    let g = planes.get(1).unwrap_or(r);
    let rows = [r, g, b].map(Plane::samples);
    let mut bytes = vec![0; 3 * r.samples().len()];
    join(Arch::new(), &rows, &mut bytes, store::to_eight);
    let region = tile.region();
    RgbImage::from_raw(
        region.width.try_into().ok()?,
        region.height.try_into().ok()?,
        bytes,
    )
}
