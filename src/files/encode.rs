//! Pictures to bytes, with profile and EXIF.

use std::io::{Cursor, Seek, Write};

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageBuffer, ImageEncoder};
use jpeg_encoder::{ColorType as JpegColour, Encoder as JpegEncoder, SamplingFactor};
use tiff::encoder::{TiffEncoder, TiffValue, colortype};
use tiff::tags::{ExtraSamples, Tag};

use super::{Format, Photo};
use crate::engine::raster::{Depth, Image, Layout, Samples};

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// The file format.
    pub format: Format,
    /// JPEG quality, 1..=100.
    pub quality: u8,
}

/// What an encoder said.
type Refusal = Box<dyn std::error::Error + Send + Sync>;

impl Format {
    /// The depth nearest to `wanted` that this format can hold.
    pub fn nearest_depth(self, wanted: Depth) -> Depth {
        match (self, wanted) {
            (Format::Jpeg | Format::WebP, _) => Depth::Eight,
            (Format::Png, Depth::Float) => Depth::Sixteen,
            (Format::Png | Format::Tiff, wanted) => wanted,
        }
    }
}

impl Format {
    /// What a picture of this depth and layout loses in this format, in words.
    pub(super) fn losses(self, depth: Depth, layout: Layout) -> Vec<String> {
        let mut losses = Vec::new();
        let kept = self.nearest_depth(depth);
        if kept != depth {
            losses.push(format!(
                "{} holds {} bits a sample; the rest is dropped (PNG and TIFF keep it)",
                self.name(),
                8 * kept.bytes()
            ));
        }
        if self == Format::Jpeg && layout.has_alpha() {
            losses.push("jpeg holds no alpha; it is dropped (PNG and TIFF keep it)".to_string());
        }
        losses
    }
}

/// The bytes of a picture file: the pixels of `image`, with the profile and EXIF of `source`.
///
/// # Errors
/// With what the encoder said, when the picture does not fit the format: more than 65535 pixels a
/// side in a JPEG, 16383 in a WebP.
pub fn encode(image: Image, source: &Photo, options: EncodeOptions) -> Result<Vec<u8>, Refusal> {
    match options.format {
        Format::Jpeg => jpeg(image, source, options.quality),
        Format::Png => png(image, source),
        Format::Tiff => tiff(image, source),
        Format::WebP => webp(image, source),
    }
}

fn jpeg(image: Image, source: &Photo, quality: u8) -> Result<Vec<u8>, Refusal> {
    let (width, height) = (
        u16::try_from(image.width())?,
        u16::try_from(image.height())?,
    );
    let layout = image.layout();
    let Samples::Eight(samples) = image.into_samples() else {
        return Err("a JPEG holds 8 bits a sample".into());
    };
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new(&mut bytes, quality.clamp(1, 100));
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    encoder.set_optimized_huffman_tables(true);
    if let Some(exif) = &source.exif {
        // A block too large for one segment cannot be carried by a JPEG.
        encoder.add_exif_metadata(exif)?;
    }
    if let Some(icc) = &source.icc {
        encoder.add_icc_profile(icc)?;
    }
    let (samples, colour) = match layout {
        Layout::Grey => (samples, JpegColour::Luma),
        Layout::Rgb => (samples, JpegColour::Rgb),
        Layout::GreyAlpha => (without_alpha(&samples, 2), JpegColour::Luma),
        Layout::Rgba => (without_alpha(&samples, 4), JpegColour::Rgb),
    };
    encoder.encode(&samples, width, height, colour)?;
    Ok(bytes)
}

fn without_alpha(samples: &[u8], channels: usize) -> Vec<u8> {
    let pixels = samples.chunks_exact(channels);
    pixels.flat_map(|it| &it[..channels - 1]).copied().collect()
}

fn png(image: Image, source: &Photo) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut encoder =
        PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
    annotate(&mut encoder, source)?;
    to_pixels(image)?.write_with_encoder(encoder)?;
    Ok(bytes)
}

fn webp(image: Image, source: &Photo) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new_lossless(&mut bytes);
    annotate(&mut encoder, source)?;
    // WebP knows no grey.
    let pixels = match to_pixels(image)? {
        grey @ DynamicImage::ImageLuma8(_) => DynamicImage::ImageRgb8(grey.to_rgb8()),
        grey @ DynamicImage::ImageLumaA8(_) => DynamicImage::ImageRgba8(grey.to_rgba8()),
        pixels => pixels,
    };
    pixels.write_with_encoder(encoder)?;
    Ok(bytes)
}

fn annotate(encoder: &mut impl ImageEncoder, source: &Photo) -> Result<(), Refusal> {
    if let Some(icc) = &source.icc {
        encoder.set_icc_profile(icc.clone())?;
    }
    if let Some(exif) = &source.exif {
        encoder.set_exif_metadata(exif.clone())?;
    }
    Ok(())
}

fn to_pixels(image: Image) -> Result<DynamicImage, Refusal> {
    let (width, height) = (
        u32::try_from(image.width())?,
        u32::try_from(image.height())?,
    );
    let layout = image.layout();
    let pixels = match (layout, image.into_samples()) {
        (Layout::Grey, Samples::Eight(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageLuma8)
        }
        (Layout::GreyAlpha, Samples::Eight(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageLumaA8)
        }
        (Layout::Rgb, Samples::Eight(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgb8)
        }
        (Layout::Rgba, Samples::Eight(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgba8)
        }
        (Layout::Grey, Samples::Sixteen(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageLuma16)
        }
        (Layout::GreyAlpha, Samples::Sixteen(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageLumaA16)
        }
        (Layout::Rgb, Samples::Sixteen(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgb16)
        }
        (Layout::Rgba, Samples::Sixteen(it)) => {
            ImageBuffer::from_raw(width, height, it).map(DynamicImage::ImageRgba16)
        }
        (_, Samples::Float(_)) => None,
    };
    pixels.ok_or_else(|| "the format does not hold these samples".into())
}

fn tiff(image: Image, source: &Photo) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Cursor::new(Vec::new());
    let (size, layout) = ((image.width(), image.height()), image.layout());
    match image.samples() {
        Samples::Eight(it) => match layout.colours() {
            1 => tiff_image::<colortype::Gray8, _>(&mut bytes, size, layout, it, source)?,
            _ if layout.has_alpha() => {
                tiff_image::<colortype::RGBA8, _>(&mut bytes, size, layout, it, source)?;
            }
            _ => tiff_image::<colortype::RGB8, _>(&mut bytes, size, layout, it, source)?,
        },
        Samples::Sixteen(it) => match layout.colours() {
            1 => tiff_image::<colortype::Gray16, _>(&mut bytes, size, layout, it, source)?,
            _ if layout.has_alpha() => {
                tiff_image::<colortype::RGBA16, _>(&mut bytes, size, layout, it, source)?;
            }
            _ => tiff_image::<colortype::RGB16, _>(&mut bytes, size, layout, it, source)?,
        },
        Samples::Float(it) => match layout.colours() {
            1 => tiff_image::<colortype::Gray32Float, _>(&mut bytes, size, layout, it, source)?,
            _ if layout.has_alpha() => {
                tiff_image::<colortype::RGBA32Float, _>(&mut bytes, size, layout, it, source)?;
            }
            _ => tiff_image::<colortype::RGB32Float, _>(&mut bytes, size, layout, it, source)?,
        },
    }
    Ok(bytes.into_inner())
}

fn tiff_image<C, W>(
    out: W,
    (width, height): (usize, usize),
    layout: Layout,
    samples: &[C::Inner],
    source: &Photo,
) -> Result<(), Refusal>
where
    C: colortype::ColorType,
    [C::Inner]: TiffValue,
    W: Write + Seek,
{
    let mut encoder = TiffEncoder::new(out)?;
    let mut image = encoder.new_image::<C>(u32::try_from(width)?, u32::try_from(height)?)?;
    if layout == Layout::GreyAlpha {
        image.extra_samples(&[ExtraSamples::UnassociatedAlpha])?;
    }
    if let Some(icc) = &source.icc {
        image.encoder().write_tag(Tag::IccProfile, icc.as_slice())?;
    }
    image.write_data(samples)?;
    Ok(())
}
