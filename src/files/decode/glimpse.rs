//! A first look at a large picture, long before all of it is decoded.

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use image::metadata::Orientation;
use image::{DynamicImage, ImageBuffer};

use super::jpeg::Decoder;
use super::spans::Spans;
use crate::engine::raster::Image;
use crate::files::contain::contain;
use crate::files::containers::jpeg::Header;
use crate::files::metadata::Metadata;
use crate::files::ordinary::open_ordinary;

/// Pictures with fewer pixels are decoded as soon as looked at.
const LEAST_PIXELS: usize = 4_000_000;

/// A picture as it looks from afar.
#[derive(Clone, Debug)]
pub struct Glimpse {
    /// Its pixels, upright, at an eighth of its size.
    pub image: Arc<Image>,
    /// Columns and rows of the full picture, upright.
    pub size: (usize, usize),
}

/// Looks at a large JPEG of the usual kind: of each block only the mean is taken, which needs less than half the time of
/// decoding it. `None` for all other files, and for damaged ones.
pub fn glimpse(path: &Path) -> Option<Glimpse> {
    let mut bytes = Vec::new();
    open_ordinary(path).ok()?.read_to_end(&mut bytes).ok()?;
    contain(|| look(bytes, path)).flatten()
}

fn look(bytes: Vec<u8>, path: &Path) -> Option<Glimpse> {
    let header = Header::read(&bytes);
    let orientation = Metadata::of_jpeg(&header).orientation();
    let decoder = Decoder::new(bytes).ok()?;
    let (width, height) = decoder.size();
    if width * height < LEAST_PIXELS {
        return None;
    }
    let ((across, down), samples) = decoder.means()?;
    let (across, down) = (u32::try_from(across).ok()?, u32::try_from(down).ok()?);
    let mut pixels = match decoder.channels() {
        1 => DynamicImage::ImageLuma8(ImageBuffer::from_raw(across, down, samples)?),
        _ => DynamicImage::ImageRgb8(ImageBuffer::from_raw(across, down, samples)?),
    };
    pixels.apply_orientation(orientation);
    let turned = matches!(
        orientation,
        Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH
    );
    Some(Glimpse {
        image: Arc::new(super::to_image(path, pixels, false).ok()?),
        size: if turned {
            (height, width)
        } else {
            (width, height)
        },
    })
}
