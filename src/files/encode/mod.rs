//! Pictures to bytes, with everything beside their pixels.

mod deflate;
mod filter;
mod jpeg;
mod png;
mod tiff;

use std::borrow::Cow;

use image_webp::{ColorType, WebPEncoder};

use super::Format;
use super::contain::contain;
use super::metadata::Metadata;
use crate::engine::raster::{Depth, Image, Layout, Samples};

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeOptions {
    /// The file format.
    pub format: Format,
    /// JPEG quality, 1..=100; `None` is 95, and no coarser anywhere than the picture was read.
    pub quality: Option<u8>,
}

/// Rows of a picture that were coded on their own.
struct Strip {
    /// As they stand in the file.
    bytes: Vec<u8>,
    /// Their check sum (RFC 1950) before they were compressed.
    sum: u32,
    /// So many bytes they were then.
    length: u64,
}

/// What an encoder said.
pub type Refusal = Box<dyn std::error::Error + Send + Sync>;

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

/// The bytes of a picture file: the pixels of `image` with this metadata.
///
/// # Errors
/// With what the encoder said, when the picture does not fit the format: more than 65535 pixels a
/// side in a JPEG, 16383 in a WebP.
pub fn encode(
    image: Image,
    metadata: &Metadata,
    options: EncodeOptions,
) -> Result<Vec<u8>, Refusal> {
    let encoded = contain(|| match options.format {
        Format::Jpeg => jpeg::encode(&image, metadata, options.quality),
        Format::Png => png::encode(&image, metadata),
        Format::Tiff => tiff::encode(&image, metadata),
        Format::WebP => webp(&image, metadata),
    });
    encoded.unwrap_or_else(|| Err("its encoder failed".into()))
}

/// A picture that is coded while it is rendered, band by band.
pub struct Bands<'a> {
    coding: jpeg::Coding,
    metadata: &'a Metadata,
}

impl<'a> Bands<'a> {
    /// Begins a picture of a size (width, height); `None` where the format asks for the whole picture
    /// at once.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn new(
        size: (usize, usize),
        layout: Layout,
        metadata: &'a Metadata,
        options: EncodeOptions,
    ) -> Result<Option<Self>, Refusal> {
        if options.format != Format::Jpeg {
            return Ok(None);
        }
        let coding = jpeg::Coding::new(size, layout, metadata, options.quality)?;
        Ok(coding.has_strips().then_some(Self { coding, metadata }))
    }

    /// Codes the band that begins at the row `top`, a multiple of 64 as its height is but for the
    /// last one's.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn code(&self, top: usize, band: &Image) -> Result<Vec<Vec<u8>>, Refusal> {
        let coded = contain(|| self.coding.strips(top, band));
        coded.unwrap_or_else(|| Err("its encoder failed".into()))
    }

    /// The bytes of the picture file, from what was coded of all bands from top to bottom.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn finish(&self, bands: Vec<Vec<Vec<u8>>>) -> Result<Vec<u8>, Refusal> {
        let strips: Vec<Vec<u8>> = bands.into_iter().flatten().collect();
        self.coding.joined(&strips, self.metadata)
    }
}

fn webp(image: &Image, metadata: &Metadata) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    let mut encoder = WebPEncoder::new(&mut bytes);
    encoder.set_icc_profile(metadata.icc.clone().unwrap_or_default());
    encoder.set_exif_metadata(metadata.exif.clone().unwrap_or_default());
    encoder.set_xmp_metadata(metadata.xmp.clone().unwrap_or_default());
    // Too large a side is refused here, before the encoder counts on it.
    let fits = |side: usize| u32::try_from(side).ok().filter(|it| *it <= 16_383);
    let (Some(width), Some(height)) = (fits(image.width()), fits(image.height())) else {
        return Err("a WebP has at most 16383 pixels a side".into());
    };
    let Samples::Eight(samples) = image.samples() else {
        return Err("a WebP holds 8 bits a sample".into());
    };
    // It knows no grey.
    let grey = |channels| samples.chunks_exact(channels);
    let pixels = match image.layout() {
        Layout::Grey => grey(1).flat_map(|it| [it[0]; 3]).collect(),
        Layout::GreyAlpha => grey(2)
            .flat_map(|it| [it[0], it[0], it[0], it[1]])
            .collect(),
        Layout::Rgb | Layout::Rgba => Cow::Borrowed(samples.as_slice()),
    };
    let kind = match image.layout().has_alpha() {
        true => ColorType::Rgba8,
        false => ColorType::Rgb8,
    };
    encoder.encode(&pixels, width, height, kind)?;
    Ok(bytes)
}
