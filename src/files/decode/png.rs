//! A PNG that ends early, as far as it goes.

use std::io::{BufRead, Seek};

use image::{DynamicImage, ImageBuffer};
use png::{BitDepth, ColorType, Decoder, Transformations};

use super::Decoding;
use crate::files::FileError;

/// What rows that are missing are filled with.
const GREY: u8 = 128;

impl Decoding<'_> {
    /// The pixels, the profile, and whether all pixels were there.
    pub(super) fn partial_png(
        &self,
        source: impl BufRead + Seek,
    ) -> Result<(DynamicImage, Option<Vec<u8>>, bool), FileError> {
        let damaged = |what: String| {
            FileError::new("read", self.path, format!("it is damaged: {what}"))
                .with_cure("copy or export it again")
        };
        let mut decoder = Decoder::new(source);
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info().map_err(|it| damaged(it.to_string()))?;
        let (width, height) = reader.info().size();
        let bytes = reader.output_buffer_size();
        let bytes = bytes.ok_or_else(|| damaged("its size has no number".to_string()))?;
        self.check_size(width, height, bytes as u64)?;
        let icc = reader.info().icc_profile.as_ref().map(|it| it.to_vec());
        let mut buffer = vec![GREY; bytes];
        let whole = reader.next_frame(&mut buffer).is_ok();
        let wide = || {
            let pairs = buffer.as_chunks::<2>().0;
            pairs
                .iter()
                .map(|it| u16::from_be_bytes(*it))
                .collect::<Vec<_>>()
        };
        use {BitDepth as Bits, ColorType as Colour, DynamicImage as Pixels};
        let pixels = match reader.output_color_type() {
            (Colour::Grayscale, Bits::Sixteen) => {
                ImageBuffer::from_raw(width, height, wide()).map(Pixels::ImageLuma16)
            }
            (Colour::GrayscaleAlpha, Bits::Sixteen) => {
                ImageBuffer::from_raw(width, height, wide()).map(Pixels::ImageLumaA16)
            }
            (Colour::Rgb, Bits::Sixteen) => {
                ImageBuffer::from_raw(width, height, wide()).map(Pixels::ImageRgb16)
            }
            (Colour::Rgba, Bits::Sixteen) => {
                ImageBuffer::from_raw(width, height, wide()).map(Pixels::ImageRgba16)
            }
            (Colour::Grayscale, _) => {
                ImageBuffer::from_raw(width, height, buffer).map(Pixels::ImageLuma8)
            }
            (Colour::GrayscaleAlpha, _) => {
                ImageBuffer::from_raw(width, height, buffer).map(Pixels::ImageLumaA8)
            }
            (Colour::Rgb, _) => ImageBuffer::from_raw(width, height, buffer).map(Pixels::ImageRgb8),
            (Colour::Rgba | Colour::Indexed, _) => {
                ImageBuffer::from_raw(width, height, buffer).map(Pixels::ImageRgba8)
            }
        };
        let pixels = pixels.ok_or_else(|| damaged("its pixels do not fill it".to_string()))?;
        Ok((pixels, icc, whole))
    }
}
