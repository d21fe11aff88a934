//! Pictures from disk: pixels upright, in the file's own depth, with profile and EXIF.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader};

use super::{FileError, Format};
use crate::engine::raster::{Image, Layout, Samples};

/// Decoded pictures larger than this are refused, in bytes.
const LARGEST_PICTURE: u64 = 2 << 30;

/// A picture file in memory.
#[derive(Clone, Debug)]
pub struct Photo {
    /// The pixels, upright.
    pub image: Arc<Image>,
    /// The format to write it back in; `None` for formats that are only read.
    pub format: Option<Format>,
    /// The ICC profile, byte for byte.
    pub icc: Option<Vec<u8>>,
    /// The EXIF block, with its orientation set to upright.
    pub exif: Option<Vec<u8>>,
}

/// Reads a picture file. Its content says what format it has, not its name.
///
/// # Errors
/// When the file cannot be read, is no picture, is damaged, or is too large.
pub fn read_photo(path: &Path) -> Result<Photo, FileError> {
    let refuse = |error: &ImageError| refusal(path, error);
    let file = File::open(path).map_err(|it| FileError::from_io("read", path, &it))?;
    let metadata = file.metadata();
    let metadata = metadata.map_err(|it| FileError::from_io("read", path, &it))?;
    if metadata.is_dir() {
        return Err(FileError::new("read", path, "it is a folder").with_cure("name a picture file"));
    }
    if metadata.len() == 0 {
        return Err(FileError::new("read", path, "the file is empty").with_cure("copy it again"));
    }
    let mut reader = ImageReader::new(BufReader::new(file));
    reader.no_limits();
    let reader = reader.with_guessed_format();
    let reader = reader.map_err(|it| FileError::from_io("read", path, &it))?;
    let format = match reader.format() {
        Some(ImageFormat::Jpeg) => Some(Format::Jpeg),
        Some(ImageFormat::Png) => Some(Format::Png),
        Some(ImageFormat::Tiff) => Some(Format::Tiff),
        Some(ImageFormat::WebP) => Some(Format::WebP),
        _ => None,
    };
    if format == Some(Format::Jpeg) {
        let bytes = fs::read(path).map_err(|it| FileError::from_io("read", path, &it))?;
        if !jpeg_has_its_end(&bytes) {
            return Err(
                FileError::new("read", path, "the file ends early").with_cure("copy it again")
            );
        }
    }
    let mut decoder = reader.into_decoder().map_err(|it| refuse(&it))?;
    let (width, height) = decoder.dimensions();
    if decoder.total_bytes() > LARGEST_PICTURE {
        let cause = format!(
            "{width}×{height} pixels are more than {} MiB of memory",
            LARGEST_PICTURE >> 20
        );
        return Err(FileError::new("read", path, cause).with_cure("crop or scale it down"));
    }
    let icc = match format {
        Some(Format::Tiff) => tiff_profile(path),
        _ => decoder.icc_profile().unwrap_or_default(),
    };
    let mut exif = decoder.exif_metadata().unwrap_or_default();
    // A tag that cannot be read says nothing: the picture is shown as it is stored.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut pixels = DynamicImage::from_decoder(decoder).map_err(|it| refuse(&it))?;
    pixels.apply_orientation(orientation);
    if let Some(exif) = &mut exif {
        // The pixels are upright now. What it returns is what was read above.
        let _ = Orientation::remove_from_exif_chunk(exif);
    }
    Ok(Photo {
        image: Arc::new(to_image(path, pixels)?),
        format,
        icc,
        exif,
    })
}

/// Whether a JPEG has an end marker after the start of its picture. The decoder fills what is missing
/// with grey, which must not be taken for a photo. Thumbnails have ends of their own, before it.
fn jpeg_has_its_end(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some(&[0xFF, marker, high, low]) = bytes.get(at..).and_then(|it| it.first_chunk()) {
        match marker {
            // Start of scan: the picture itself.
            0xDA => return bytes[at..].windows(2).any(|it| it == [0xFF, 0xD9]),
            // A marker may be padded with any number of FF.
            0xFF => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([high, low])),
        }
    }
    // No picture at all: the decoder has the words for that.
    true
}

/// The ICC profile of a TIFF. `image` holds back profiles that are large beside a tiny picture.
fn tiff_profile(path: &Path) -> Option<Vec<u8>> {
    let mut decoder = tiff::decoder::Decoder::new(BufReader::new(File::open(path).ok()?)).ok()?;
    decoder.get_tag_u8_vec(tiff::tags::Tag::IccProfile).ok()
}

fn to_image(path: &Path, pixels: DynamicImage) -> Result<Image, FileError> {
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

fn refusal(path: &Path, error: &ImageError) -> FileError {
    match error {
        ImageError::IoError(it) => FileError::from_io("read", path, it),
        ImageError::Unsupported(it) => FileError::new("read", path, it.to_string())
            .with_cure("convert it to PNG, TIFF or JPEG"),
        ImageError::Decoding(it) => FileError::new("read", path, format!("it is damaged: {it}"))
            .with_cure("copy or export it again"),
        other => FileError::new("read", path, other.to_string()),
    }
}
