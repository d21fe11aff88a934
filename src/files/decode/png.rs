//! A PNG that ends early, as far as it goes.

use std::io::{BufRead, Seek};

use image::DynamicImage;
use png::{BitDepth, Decoder, Transformations};

use super::{Decoding, to_pixels};
use crate::engine::raster::Samples;
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
        let size = (width as usize, height as usize);
        self.check_size(size, bytes as u64)?;
        let icc = reader.info().icc_profile.as_ref().map(|it| it.to_vec());
        let mut buffer = vec![GREY; bytes];
        let whole = reader.next_frame(&mut buffer).is_ok();
        let (colours, bits) = reader.output_color_type();
        let samples = match bits {
            BitDepth::Sixteen => {
                let pairs = buffer.as_chunks().0;
                Samples::Sixteen(pairs.iter().map(|it| u16::from_be_bytes(*it)).collect())
            }
            _ => Samples::Eight(buffer),
        };
        let pixels = to_pixels(size, colours.samples(), samples);
        let pixels = pixels.ok_or_else(|| damaged("its pixels do not fill it".to_string()))?;
        Ok((pixels, icc, whole))
    }
}
