//! A first look at a large picture, long before all of it is decoded.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use image::{DynamicImage, ImageBuffer};
use jpeg_decoder::{Decoder, PixelFormat};

use crate::engine::raster::Image;
use crate::files::contain::contain;
use crate::files::containers::jpeg::Header;
use crate::files::metadata::Metadata;

/// Pictures with fewer pixels are decoded as soon as looked at.
const LEAST_PIXELS: usize = 4_000_000;

/// A picture as it looks from afar.
#[derive(Clone, Debug)]
pub struct Glimpse {
    /// Its pixels, upright, at an eighth of its size or more.
    pub image: Arc<Image>,
    /// Columns and rows of the full picture, upright.
    pub size: (usize, usize),
}

/// Looks at a large baseline JPEG, at least so many pixels wide or high where it can be: of most blocks only the mean
/// is taken, which needs about half the time of decoding it. `None` for all other files, and for damaged ones.
pub fn glimpse(path: &Path, least: usize) -> Option<Glimpse> {
    let bytes = fs::read(path).ok()?;
    contain(|| look(&bytes, path, least)).flatten()
}

fn look(bytes: &[u8], path: &Path, least: usize) -> Option<Glimpse> {
    let header = Header::read(bytes);
    // A progressive one has to be held as a whole, which takes the memory of the full picture.
    if !header.is_baseline || !header.ends {
        return None;
    }
    let mut decoder = Decoder::new(bytes);
    decoder.read_info().ok()?;
    let info = decoder.info()?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    if width * height < LEAST_PIXELS {
        return None;
    }
    let least = u16::try_from(least).unwrap_or(u16::MAX);
    let (across, down) = decoder.scale(least, least).ok()?;
    let samples = decoder.decode().ok()?;
    let (across, down) = (u32::from(across), u32::from(down));
    let mut pixels = match info.pixel_format {
        PixelFormat::L8 => DynamicImage::ImageLuma8(ImageBuffer::from_raw(across, down, samples)?),
        PixelFormat::RGB24 => {
            DynamicImage::ImageRgb8(ImageBuffer::from_raw(across, down, samples)?)
        }
        PixelFormat::L16 | PixelFormat::CMYK32 => return None,
    };
    let orientation = Metadata::of_jpeg(&header).orientation();
    pixels.apply_orientation(orientation);
    let turned = pixels.width() != across;
    Some(Glimpse {
        image: Arc::new(super::to_image(path, pixels, false).ok()?),
        size: if turned {
            (height, width)
        } else {
            (width, height)
        },
    })
}
