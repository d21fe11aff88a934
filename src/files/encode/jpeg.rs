//! Pictures to JPEG.

use std::borrow::Cow;
use std::io::Write;

use jpeg_encoder::{
    ChromaSubsamplingMethod, ColorType, Encoder, QuantizationTableType, SamplingFactor,
};

use rayon::prelude::*;

use super::{Refusal, Strip};
use crate::engine::raster::{Image, Layout, Samples};
use crate::files::containers::jpeg::{END, Header, RESTART, frame_of, scan_of, with_segments};
use crate::files::metadata::{Metadata, Own};

/// The quality of a result whose quality nobody named.
const QUALITY: u8 = 95;

/// Rows that are coded together, whole blocks for any subsampling that can be cut. A strip has no
/// more blocks than the widest JPEG has columns, which is as many as may lie between two restart
/// markers.
const STRIP: usize = 64;

/// A JPEG on its way: how its pixels are coded.
///
/// Strips of it are coded on all cores, with the standard Huffman tables, and joined by restart
/// markers: the same picture as in one piece, and the same bytes on any number of cores.
pub struct Coding {
    quality: u8,
    subsampling: SamplingFactor,
    tables: Option<[QuantizationTableType; 2]>,
    colour: ColorType,
    /// Channels of a pixel in memory.
    channels: usize,
    width: u16,
    height: u16,
}

impl Coding {
    /// Decides how a picture of a size (width, height) is coded.
    pub fn new(
        (width, height): (usize, usize),
        layout: Layout,
        metadata: &Metadata,
        quality: Option<u8>,
    ) -> Result<Self, Refusal> {
        let colour = match layout.colours() {
            1 => ColorType::Luma,
            _ => ColorType::Rgb,
        };
        let mut coding = Self {
            quality: quality.unwrap_or(QUALITY).clamp(1, 100),
            subsampling: SamplingFactor::F_1_1,
            tables: None,
            colour,
            channels: layout.channels(),
            width: u16::try_from(width)?,
            height: u16::try_from(height)?,
        };
        if let Own::Jpeg(form) = &metadata.own {
            let factors = form.subsampling.filter(|_| colour == ColorType::Rgb);
            let factors = factors.and_then(|(x, y)| SamplingFactor::from_factors(x, y));
            coding.subsampling = factors.unwrap_or(coding.subsampling);
            if quality.is_none() {
                coding.tables = Some(finest_tables(&form.tables)?);
            }
        }
        Ok(coding)
    }

    /// Whether bands of the picture can be coded one by one; otherwise the encoder does not
    /// interleave the components, and each of them is a scan of its own.
    pub fn has_strips(&self) -> bool {
        use SamplingFactor::{F_1_1, F_1_2, F_2_1, F_2_2};
        matches!(self.subsampling, F_1_1 | F_1_2 | F_2_1 | F_2_2)
    }

    /// The strips of a band of the picture that begins at the row `top`, which is a multiple of 64.
    pub fn strips(&self, top: usize, band: &Image) -> Result<Vec<Strip>, Refusal> {
        let Samples::Eight(samples) = band.samples() else {
            return Err("a JPEG holds 8 bits a sample".into());
        };
        let rows = match self.has_strips() {
            true => STRIP,
            false => usize::from(self.height),
        };
        let several = usize::from(self.height) > rows;
        let strips = samples.par_chunks(band.width() * self.channels * rows);
        let strip = |(i, samples): (usize, &[u8])| {
            let bytes = self.strip(samples, several && top + i == 0)?;
            Ok(Strip {
                bytes,
                sum: 0,
                length: 0,
            })
        };
        strips.enumerate().map(strip).collect()
    }

    /// A JPEG of the strip alone.
    fn strip(&self, samples: &[u8], begins_several: bool) -> Result<Vec<u8>, Refusal> {
        let opaque = match self.channels {
            2 | 4 => Cow::Owned(without_alpha(samples, self.channels)),
            _ => Cow::Borrowed(samples),
        };
        let height = samples.len() / (usize::from(self.width) * self.channels);
        let mut bytes = Vec::new();
        let mut encoder = Encoder::new(&mut bytes, self.quality);
        encoder.set_sampling_factor(self.subsampling);
        encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        if let Some([luma, chroma]) = self.tables.clone() {
            encoder.set_quantization_tables(luma, chroma);
        }
        if begins_several {
            encoder.set_restart_interval(self.blocks()?);
        }
        encoder.encode(&opaque, self.width, u16::try_from(height)?, self.colour)?;
        Ok(bytes)
    }

    /// What puts the strips together.
    pub fn joint<'a>(&self, metadata: &'a Metadata) -> Joint<'a> {
        Joint {
            height: self.height,
            metadata,
            count: 0,
        }
    }

    /// Units that are coded one after the other, in a strip.
    fn blocks(&self) -> Result<u16, Refusal> {
        let factors = match self.subsampling {
            _ if self.colour == ColorType::Luma => (1, 1),
            SamplingFactor::F_2_1 => (2, 1),
            SamplingFactor::F_1_2 => (1, 2),
            SamplingFactor::F_2_2 => (2, 2),
            _ => (1, 1),
        };
        let across = usize::from(self.width).div_ceil(8 * factors.0);
        Ok(u16::try_from(across * (STRIP / (8 * factors.1)))?)
    }
}

/// A JPEG of which some strips are written: each is a JPEG of its own, and all but the first leave
/// their heads.
pub struct Joint<'a> {
    height: u16,
    metadata: &'a Metadata,
    count: usize,
}

impl Joint<'_> {
    /// Writes the next strip.
    pub fn add(&mut self, strip: &Strip, out: &mut impl Write) -> Result<(), Refusal> {
        let strip = &strip.bytes[..strip.bytes.len() - END.len()];
        if let Some(earlier) = self.count.checked_sub(1) {
            let start = scan_of(strip).ok_or("it has no scan")?;
            out.write_all(&[0xFF, RESTART + (earlier % 8) as u8])?;
            out.write_all(&strip[start..])?;
        } else {
            let mut whole = with_segments(strip, &self.metadata.jpeg_segments());
            let frame = frame_of(&whole).ok_or("it has no frame")?;
            // Behind marker, length and precision.
            whole[frame + 5..frame + 7].copy_from_slice(&self.height.to_be_bytes());
            out.write_all(&whole)?;
        }
        self.count += 1;
        Ok(())
    }

    /// Writes what comes behind the last strip.
    pub fn finish(self, out: &mut impl Write) -> Result<(), Refusal> {
        Ok(out.write_all(&END)?)
    }
}

/// For each coefficient the finer of the step that the source had and of the step of quality 95.
fn finest_tables(source: &[Option<[u16; 64]>; 2]) -> Result<[QuantizationTableType; 2], Refusal> {
    // The encoder's own tables, as it writes them for a picture of one pixel.
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, QUALITY).encode(&[0; 3], 1, 1, ColorType::Rgb)?;
    let standard = Header::read(&bytes);
    let table = |component: usize| -> Result<_, Refusal> {
        let mut steps = *standard.table_of(component).ok_or("it has no tables")?;
        if let Some(source) = &source[component] {
            for (step, source) in steps.iter_mut().zip(source) {
                *step = (*step).min(*source).max(1);
            }
        }
        Ok(QuantizationTableType::Custom(Box::new(steps)))
    };
    Ok([table(0)?, table(1)?])
}

fn without_alpha(samples: &[u8], channels: usize) -> Vec<u8> {
    let pixels = samples.chunks_exact(channels);
    pixels.flat_map(|it| &it[..channels - 1]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::super::{EncodeOptions, encode};
    use super::*;
    use crate::files::Format;

    fn encoded(image: Image, metadata: &Metadata, quality: Option<u8>) -> Vec<u8> {
        let options = EncodeOptions {
            format: Format::Jpeg,
            quality,
        };
        encode(image, metadata, options).expect("a JPEG")
    }

    #[test]
    fn no_step_is_coarser_than_the_source_s() {
        let samples: Vec<u8> = (0..48u8 * 3).collect();
        let image = Image::new(8, 6, Layout::Rgb, Samples::Eight(samples)).expect("right size");
        let mut fine = [1; 64];
        fine[63] = 300;
        let form = crate::files::metadata::JpegForm {
            tables: [Some(fine), None],
            subsampling: Some((2, 2)),
            ..Default::default()
        };
        let metadata = Metadata {
            own: Own::Jpeg(Box::new(form)),
            ..Metadata::default()
        };
        let bytes = encoded(image, &metadata, None);
        let header = Header::read(&bytes);
        let luma = header.table_of(0).expect("a table");
        assert!(luma[63] > 1 && luma[63] < 30, "{luma:?}");
        assert!(
            luma.iter().enumerate().all(|(i, it)| i == 63 || *it == 1),
            "{luma:?}"
        );
        assert_eq!(
            (header.components[0].across, header.components[0].down),
            (2, 2)
        );
    }

    fn noisy(width: usize, height: usize, layout: Layout) -> Image {
        let count = (width * height * layout.channels()) as u32;
        let samples = (0..count).map(|i| (i.wrapping_mul(2_654_435_761) >> 26) as u8 + 90);
        Image::new(width, height, layout, Samples::Eight(samples.collect())).expect("right size")
    }

    fn decoded(bytes: Vec<u8>) -> image::RgbImage {
        let decoder = image::codecs::jpeg::JpegDecoder::new(std::io::Cursor::new(bytes));
        let pixels = image::DynamicImage::from_decoder(decoder.expect("a header"));
        pixels.expect("a picture").to_rgb8()
    }

    #[test]
    fn strips_decode_to_the_picture_in_one_piece() {
        for layout in [Layout::Grey, Layout::Rgb, Layout::Rgba] {
            for factors in [(1, 1), (2, 1), (1, 2), (2, 2)] {
                let image = noisy(75, 1 + 9 * STRIP, layout);
                let form = crate::files::metadata::JpegForm {
                    subsampling: Some(factors),
                    ..Default::default()
                };
                let metadata = Metadata {
                    own: Own::Jpeg(Box::new(form)),
                    ..Metadata::default()
                };
                let coding =
                    Coding::new((75, 1 + 9 * STRIP), layout, &metadata, Some(90)).expect("it fits");
                let Samples::Eight(samples) = image.samples() else {
                    unreachable!("8 bits")
                };
                let whole = coding.strip(samples, false).expect("a JPEG");
                let strips = encoded(image, &metadata, Some(90));
                assert!(decoded(strips) == decoded(whole), "{layout:?} {factors:?}");
            }
        }
    }
}
