//! Pictures to bytes, with everything beside their pixels.

mod deflate;
mod filter;
mod jpeg;
mod png;
mod tiff;

use std::borrow::Cow;
use std::io::{Cursor, Seek, Write};

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
pub struct Strip {
    /// As they stand in the file.
    bytes: Vec<u8>,
    /// Their check sum (RFC 1950) before they were compressed, where the file has one.
    sum: u32,
    /// So many bytes they were then.
    length: u64,
}

impl Strip {
    /// Bytes in the file.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }
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
    let encoded = contain(|| {
        let size = (image.width(), image.height());
        let kind = (image.layout(), image.depth());
        let Some(coding) = Coding::new(size, kind, metadata, options)? else {
            return webp(&image, metadata);
        };
        let mut bytes = Cursor::new(Vec::new());
        let mut file = coding.begin(&mut bytes)?;
        for strip in coding.strips(0, &image)? {
            file.add(strip)?;
        }
        file.finish()?;
        Ok(bytes.into_inner())
    });
    encoded.unwrap_or_else(|| Err("its encoder failed".into()))
}

/// How a picture is coded, in strips that know nothing of each other.
enum Coding<'a> {
    Jpeg(Box<jpeg::Coding>, &'a Metadata),
    Png(png::Coding, &'a Metadata),
    Tiff(tiff::Coding),
}

impl<'a> Coding<'a> {
    /// For a picture of a size (width, height); `None` where the format asks for the whole picture at
    /// once.
    fn new(
        size: (usize, usize),
        (layout, depth): (Layout, Depth),
        metadata: &'a Metadata,
        options: EncodeOptions,
    ) -> Result<Option<Self>, Refusal> {
        Ok(match options.format {
            Format::Jpeg => {
                let coding = jpeg::Coding::new(size, layout, metadata, options.quality)?;
                Some(Coding::Jpeg(Box::new(coding), metadata))
            }
            Format::Png => Some(Coding::Png(
                png::Coding::new(size, layout, depth)?,
                metadata,
            )),
            Format::Tiff => Some(Coding::Tiff(tiff::Coding::new(
                size,
                (layout, depth),
                metadata,
            ))),
            Format::WebP => None,
        })
    }

    /// The strips of a band that begins at the row `top`.
    fn strips(&self, top: usize, band: &Image) -> Result<Vec<Strip>, Refusal> {
        match self {
            Coding::Jpeg(it, _) => it.strips(band),
            Coding::Png(it, _) => it.strips(top, band),
            Coding::Tiff(it) => it.strips(band),
        }
    }

    /// Begins a file in `out`, at its start.
    fn begin<W: Write + Seek>(&self, mut out: W) -> Result<FileInTheMaking<'_, W>, Refusal> {
        let joint = match self {
            Coding::Jpeg(coding, metadata) => Joint::Jpeg(coding.begin(metadata, &mut out)?),
            Coding::Png(coding, metadata) => Joint::Png(coding.begin(metadata, &mut out)?),
            Coding::Tiff(coding) => Joint::Tiff(coding.begin(&mut out)?),
        };
        Ok(FileInTheMaking { joint, out })
    }
}

/// A file that grows strip by strip.
pub struct FileInTheMaking<'a, W> {
    joint: Joint<'a>,
    out: W,
}

enum Joint<'a> {
    Jpeg(jpeg::Joint),
    Png(png::Joint),
    Tiff(tiff::Joint<'a>),
}

impl<W: Write + Seek> FileInTheMaking<'_, W> {
    /// Adds the next strip from above.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn add(&mut self, strip: Strip) -> Result<(), Refusal> {
        match &mut self.joint {
            Joint::Jpeg(it) => it.add(&strip, &mut self.out),
            Joint::Png(it) => it.add(&strip, &mut self.out),
            Joint::Tiff(it) => it.add(&strip, &mut self.out),
        }
    }

    /// Writes what comes behind the last strip.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> Result<(), Refusal> {
        match self.joint {
            Joint::Jpeg(it) => it.finish(&mut self.out)?,
            Joint::Png(it) => it.finish(&mut self.out)?,
            Joint::Tiff(it) => it.finish(&mut self.out)?,
        }
        Ok(self.out.flush()?)
    }
}

/// A picture that is coded while it is rendered, band by band.
pub struct Bands<'a> {
    coding: Coding<'a>,
}

impl<'a> Bands<'a> {
    /// Begins a picture of a size (width, height); `None` where the format asks for the whole picture
    /// at once.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn new(
        size: (usize, usize),
        kind: (Layout, Depth),
        metadata: &'a Metadata,
        options: EncodeOptions,
    ) -> Result<Option<Self>, Refusal> {
        let coding = Coding::new(size, kind, metadata, options)?;
        Ok(coding.map(|coding| Self { coding }))
    }

    /// Codes the band that begins at the row `top`, a multiple of 64 as its height is but for the
    /// last one's.
    ///
    /// # Errors
    /// As [`encode`].
    pub fn code(&self, top: usize, band: &Image) -> Result<Vec<Strip>, Refusal> {
        let coded = contain(|| self.coding.strips(top, band));
        coded.unwrap_or_else(|| Err("its encoder failed".into()))
    }

    /// Begins the picture's file in `out`, at its start.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin<W: Write + Seek>(&self, out: W) -> Result<FileInTheMaking<'_, W>, Refusal> {
        self.coding.begin(out)
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
