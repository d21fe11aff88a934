//! Rendered tiles put together into what the screen shows.

use image::RgbImage;

use crate::engine::raster::Tile;
use crate::tui::display::to_rgb;
use crate::tui::geometry::Frame;

/// How much the detail view is amplified.
const DETAIL_GAIN: f32 = 8.0;

/// The size in which a frame is rendered: what is magnified on the screen is rendered 1:1.
pub fn reduced(frame: Frame) -> (usize, usize) {
    if frame.scale >= 1.0 {
        (frame.region.width, frame.region.height)
    } else {
        (frame.shown.width, frame.shown.height)
    }
}

/// 8 bits, and magnified by whole pixels if the frame says so.
pub fn to_screen(tile: &Tile, frame: Frame) -> Option<RgbImage> {
    let image = to_rgb(tile)?;
    if frame.scale <= 1.0 {
        return Some(image);
    }
    let (width, height) = (
        u32::try_from(frame.shown.width).ok()?,
        u32::try_from(frame.shown.height).ok()?,
    );
    Some(image::imageops::resize(
        &image,
        width,
        height,
        image::imageops::FilterType::Nearest,
    ))
}

/// As it was read on the left, restored on the right, and a line between.
pub fn split(before: &Tile, after: &Tile) -> Tile {
    let mut composed = after.clone();
    let middle = after.region().width / 2;
    for (out, before) in composed.planes_mut().iter_mut().zip(before.planes()) {
        for y in 0..out.height() {
            let row = out.row_mut(y);
            row[..middle].copy_from_slice(&before.row(y)[..middle]);
            row[middle] = 1.0;
        }
    }
    composed
}

/// What was added, amplified about mid grey.
pub fn detail(before: &Tile, after: &Tile) -> Tile {
    let mut composed = after.clone();
    for (out, before) in composed.planes_mut().iter_mut().zip(before.planes()) {
        for (out, before) in out.samples_mut().iter_mut().zip(before.samples()) {
            *out = 0.5 + DETAIL_GAIN * (*out - before);
        }
    }
    composed
}
