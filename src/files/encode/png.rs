//! Pictures to PNG: strips are filtered and compressed on all cores, each into a chunk of its own.

use std::io::Write;

use rayon::prelude::*;
use simd_adler32::Adler32;

use super::deflate::{LAST_BLOCK, ZLIB, deflate};
use super::filter::Filter;
use super::{Refusal, Strip};
use crate::engine::raster::{Depth, Image, Layout, Samples};
use crate::files::containers::png::{Chunk, SIGNATURE};
use crate::files::metadata::Metadata;

/// Rows that are compressed together. The first of them is filtered without the row above, so that
/// strips know nothing of each other.
const STRIP: usize = 64;

/// The largest prime below 2¹⁶.
const ADLER: u64 = 65_521;

/// A PNG on its way: what its header says.
pub struct Coding {
    width: u32,
    height: u32,
    depth: Depth,
    layout: Layout,
}

impl Coding {
    /// For a picture of a size (width, height).
    pub fn new(
        (width, height): (usize, usize),
        layout: Layout,
        depth: Depth,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            width: u32::try_from(width)?,
            height: u32::try_from(height)?,
            depth,
            layout,
        })
    }

    /// The strips of a band of the picture that begins at the row `top`, which is a multiple of 64.
    pub fn strips(&self, top: usize, band: &Image) -> Result<Vec<Strip>, Refusal> {
        let row = band.width() * self.layout.channels();
        match band.samples() {
            Samples::Eight(it) => {
                let strips = it.par_chunks(row * STRIP).enumerate();
                let strip = strips.map(|(i, it)| self.strip(it, top + i == 0));
                Ok(strip.collect())
            }
            Samples::Sixteen(it) => {
                let strips = it.par_chunks(row * STRIP).enumerate();
                let strip = strips.map(|(i, it)| self.strip(&big_endian(it), top + i == 0));
                Ok(strip.collect())
            }
            Samples::Float(_) => Err("a PNG holds whole numbers".into()),
        }
    }

    /// A chunk of the rows in `bytes`.
    fn strip(&self, bytes: &[u8], is_first: bool) -> Strip {
        let pixel = self.layout.channels() * self.depth.bytes();
        let row = self.width as usize * pixel;
        let mut filter = Filter::new(pixel, row);
        let mut filtered = Vec::with_capacity(bytes.len() + STRIP);
        let mut above = None;
        for row in bytes.chunks_exact(row) {
            filter.row(row, above, &mut filtered);
            above = Some(row);
        }
        let mut sum = Adler32::new();
        sum.write(&filtered);
        let mut data = Vec::with_capacity(filtered.len());
        if is_first {
            data.extend(ZLIB);
        }
        deflate(&filtered, &mut data);
        let mut chunk = Vec::with_capacity(data.len() + 12);
        Chunk::new(b"IDAT", data).write(&mut chunk);
        Strip {
            bytes: chunk,
            sum: sum.finish(),
            length: filtered.len() as u64,
        }
    }

    /// Writes what comes before the pixels.
    pub fn begin(&self, metadata: &Metadata, out: &mut impl Write) -> Result<Joint, Refusal> {
        let colour = match self.layout {
            Layout::Grey => 0,
            Layout::Rgb => 2,
            Layout::GreyAlpha => 4,
            Layout::Rgba => 6,
        };
        // Depth, colours, and the only compression, filters and order of rows that are used.
        let form = [8 * self.depth.bytes() as u8, colour, 0, 0, 0];
        let size = [self.width.to_be_bytes(), self.height.to_be_bytes()].concat();
        let (before, after) = metadata.png_chunks(form);
        let mut start = SIGNATURE.to_vec();
        Chunk::new(b"IHDR", [size.as_slice(), &form].concat()).write(&mut start);
        before.iter().for_each(|it| it.write(&mut start));
        out.write_all(&start)?;
        Ok(Joint { sum: 1, after })
    }
}

/// A PNG of which some strips are written.
pub struct Joint {
    /// The check sum of all of them.
    sum: u32,
    /// What comes behind the pixels.
    after: Vec<Chunk>,
}

impl Joint {
    /// Writes the next strip.
    pub fn add(&mut self, strip: &Strip, out: &mut impl Write) -> Result<(), Refusal> {
        self.sum = joined_sum(self.sum, strip);
        Ok(out.write_all(&strip.bytes)?)
    }

    /// Writes what comes behind the last strip.
    pub fn finish(self, out: &mut impl Write) -> Result<(), Refusal> {
        let mut end = Vec::new();
        let data = [LAST_BLOCK.as_slice(), &self.sum.to_be_bytes()].concat();
        Chunk::new(b"IDAT", data).write(&mut end);
        self.after.iter().for_each(|it| it.write(&mut end));
        Chunk::new(b"IEND", Vec::new()).write(&mut end);
        Ok(out.write_all(&end)?)
    }
}

/// The check sum of what came before with a strip behind it.
fn joined_sum(before: u32, strip: &Strip) -> u32 {
    let halves = |sum: u32| (u64::from(sum & 0xFFFF), u64::from(sum >> 16));
    let ((a, b), (more_a, more_b)) = (halves(before), halves(strip.sum));
    // The sums begin at 1, here for the second time.
    let before = a + ADLER - 1;
    let low = (before + more_a) % ADLER;
    let high = (b + more_b + strip.length % ADLER * (before % ADLER)) % ADLER;
    (high << 16 | low) as u32
}

fn big_endian(samples: &[u16]) -> Vec<u8> {
    let mut bytes = vec![0; 2 * samples.len()];
    for (out, sample) in bytes.as_chunks_mut().0.iter_mut().zip(samples) {
        *out = sample.to_be_bytes();
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::{EncodeOptions, encode};
    use super::*;
    use crate::files::Format;

    #[test]
    fn every_layout_and_depth_comes_back() {
        for layout in [Layout::Grey, Layout::GreyAlpha, Layout::Rgb, Layout::Rgba] {
            for (width, height) in [(1, 1), (3, 2 * STRIP), (75, 3 * STRIP + 7)] {
                let count = (width * height * layout.channels()) as u32;
                // Smooth above, then grain.
                let at = |i: u32| (i / 3).max((i.wrapping_mul(2_654_435_761) >> 16) & (i / 9));
                let eight = Samples::Eight((0..count).map(|i| at(i) as u8).collect());
                let sixteen = Samples::Sixteen((0..count).map(|i| at(i) as u16).collect());
                for samples in [eight, sixteen] {
                    let image = Image::new(width, height, layout, samples).expect("right size");
                    let options = EncodeOptions {
                        format: Format::Png,
                        quality: None,
                    };
                    let bytes = encode(image.clone(), &Metadata::default(), options);
                    let bytes = bytes.expect("a PNG");
                    let mut decoder = png::Decoder::new(std::io::Cursor::new(bytes));
                    decoder.set_transformations(png::Transformations::IDENTITY);
                    let mut reader = decoder.read_info().expect("a header");
                    let mut back = vec![0; reader.output_buffer_size().expect("small")];
                    reader.next_frame(&mut back).expect("pixels");
                    reader.finish().expect("an end");
                    let expected = match image.samples() {
                        Samples::Eight(it) => it.clone(),
                        Samples::Sixteen(it) => big_endian(it),
                        Samples::Float(_) => unreachable!("whole numbers"),
                    };
                    assert!(back == expected, "{layout:?} {width}×{height}");
                }
            }
        }
    }
}
