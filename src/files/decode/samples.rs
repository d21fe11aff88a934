//! Between the pixels of the crate `image` and ours.

use std::path::Path;

use image::{DynamicImage, ImageBuffer};

use crate::engine::raster::{Image, Layout, Samples};
use crate::files::FileError;

/// Pixels out of interleaved samples; `None` if these do not fill them.
pub fn to_pixels(
    (width, height): (usize, usize),
    channels: usize,
    samples: Samples,
) -> Option<DynamicImage> {
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    match (channels, samples) {
        (1, Samples::Eight(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageLuma8)
        }
        (2, Samples::Eight(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageLumaA8)
        }
        (3, Samples::Eight(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgb8)
        }
        (_, Samples::Eight(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgba8)
        }
        (1, Samples::Sixteen(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageLuma16)
        }
        (2, Samples::Sixteen(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageLumaA16)
        }
        (3, Samples::Sixteen(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgb16)
        }
        (_, Samples::Sixteen(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgba16)
        }
        (_, Samples::Float(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgba32F)
        }
    }
}

/// A picture out of pixels; of grey ones in three equal channels, one.
///
/// # Errors
/// When it is empty, or its pixels are of an unknown kind.
pub fn to_image(path: &Path, pixels: DynamicImage, is_grey: bool) -> Result<Image, FileError> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let (layout, samples) = match pixels {
        DynamicImage::ImageLuma8(it) => (Layout::Grey, Samples::Eight(it.into_raw())),
        DynamicImage::ImageLumaA8(it) => (Layout::GreyAlpha, Samples::Eight(it.into_raw())),
        DynamicImage::ImageRgb8(it) => (Layout::Rgb, Samples::Eight(it.into_raw())),
        DynamicImage::ImageRgba8(it) => (Layout::Rgba, Samples::Eight(it.into_raw())),
        DynamicImage::ImageLuma16(it) => (Layout::Grey, Samples::Sixteen(it.into_raw())),
        DynamicImage::ImageLumaA16(it) => (Layout::GreyAlpha, Samples::Sixteen(it.into_raw())),
        DynamicImage::ImageRgb16(it) => (Layout::Rgb, Samples::Sixteen(it.into_raw())),
        DynamicImage::ImageRgba16(it) => (Layout::Rgba, Samples::Sixteen(it.into_raw())),
        DynamicImage::ImageRgb32F(it) if is_grey => {
            let samples = it.into_raw().into_iter().step_by(3).collect();
            (Layout::Grey, Samples::Float(samples))
        }
        DynamicImage::ImageRgb32F(it) => (Layout::Rgb, Samples::Float(it.into_raw())),
        DynamicImage::ImageRgba32F(it) => (Layout::Rgba, Samples::Float(it.into_raw())),
        other => {
            let cause = format!("its pixels are of an unknown kind ({:?})", other.color());
            return Err(FileError::new("read", path, cause));
        }
    };
    Image::new(width, height, layout, samples)
        .map_err(|it| FileError::new("read", path, it.to_string()))
}
