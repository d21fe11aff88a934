//! Grey TIFFs that the crate `image` does not read.

use std::io::{BufRead, Seek};

use image::{DynamicImage, ImageBuffer};
use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::Decoding;
use crate::files::FileError;

impl Decoding<'_> {
    /// The pixels of TIFFs that `image` does not read: of grey floats, as RGB of three equal channels,
    /// and of grey with alpha. `None` for all others.
    pub(super) fn grey_tiff(
        &self,
        source: &mut (impl BufRead + Seek),
    ) -> Result<Option<DynamicImage>, FileError> {
        let Ok(mut decoder) = Decoder::new(source) else {
            return Ok(None);
        };
        let (Ok(colour), Ok((width, height))) = (decoder.colortype(), decoder.dimensions()) else {
            return Ok(None);
        };
        let bytes = match colour {
            ColorType::Gray(32) => 12,
            // Samples of a pixel side by side; the second one is alpha.
            ColorType::Multiband {
                bit_depth: bits @ (8 | 16),
                num_samples: 2,
            } if !is_planar(&mut decoder) => u64::from(bits) / 4,
            _ => return Ok(None),
        };
        self.check_size(
            (width as usize, height as usize),
            bytes * u64::from(width) * u64::from(height),
        )?;
        let mut limits = Limits::default();
        limits.decoding_buffer_size = usize::MAX;
        let mut decoder = decoder.with_limits(limits);
        match decoder.read_image() {
            Ok(DecodingResult::F32(samples)) => {
                let three = samples.iter().flat_map(|it| [*it; 3]).collect();
                let pixels = ImageBuffer::from_raw(width, height, three);
                Ok(pixels.map(DynamicImage::ImageRgb32F))
            }
            Ok(DecodingResult::U8(samples)) => {
                let pixels = ImageBuffer::from_raw(width, height, samples);
                Ok(pixels.map(DynamicImage::ImageLumaA8))
            }
            Ok(DecodingResult::U16(samples)) => {
                let pixels = ImageBuffer::from_raw(width, height, samples);
                Ok(pixels.map(DynamicImage::ImageLumaA16))
            }
            Ok(_) => Ok(None),
            Err(error) => {
                let cause = format!("it is damaged: {error}");
                Err(FileError::new("read", self.path, cause).with_cure("copy or export it again"))
            }
        }
    }
}

/// Whether a TIFF has its channels one after the other instead of side by side.
fn is_planar(decoder: &mut Decoder<impl BufRead + Seek>) -> bool {
    let arrangement = decoder.get_tag_u32(Tag::PlanarConfiguration);
    arrangement.is_ok_and(|it| it != 1)
}
