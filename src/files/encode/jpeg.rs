//! Pictures to JPEG.

mod huffman;
mod lanes;
mod transform;

use std::io::Write;

use rayon::prelude::*;

use self::huffman::{FIRST, OTHERS, Table};
use self::transform::Transform;
use super::{Refusal, Strip};
use crate::engine::raster::{Image, Layout, Samples};
use crate::files::containers::jpeg::{
    BASELINE, CODES, END, INTERVAL, RESTART, SCAN, START, TABLES, ZIGZAG, segment, with_segments,
};
use crate::files::metadata::{Metadata, Own};

/// The quality of a result whose quality nobody named.
const QUALITY: u8 = 95;

/// Rows that are coded together, whole blocks for any subsampling.
const STRIP: usize = 64;

/// Most blocks, or groups of them, that may lie between two restart markers.
const LONGEST_INTERVAL: usize = 65_535;

/// The tables of luma and chroma of quality 50, row by row (ITU-T T.81, annex K.1).
#[rustfmt::skip]
const STANDARD: [[u16; 64]; 2] = [
    [
        16, 11, 10, 16, 24, 40, 51, 61,
        12, 12, 14, 19, 26, 58, 60, 55,
        14, 13, 16, 24, 40, 57, 69, 56,
        14, 17, 22, 29, 51, 87, 80, 62,
        18, 22, 37, 56, 68, 109, 103, 77,
        24, 35, 55, 64, 81, 104, 113, 92,
        49, 64, 78, 87, 103, 121, 120, 101,
        72, 92, 95, 98, 112, 100, 103, 99,
    ],
    [
        17, 18, 24, 47, 99, 99, 99, 99,
        18, 21, 26, 66, 99, 99, 99, 99,
        24, 26, 56, 99, 99, 99, 99, 99,
        47, 66, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99,
    ],
];

/// A JPEG on its way: how its pixels are coded.
///
/// Strips of it are coded on all cores, with the standard Huffman tables, and joined by restart
/// markers: the same picture as in one piece, and the same bytes on any number of cores.
pub struct Coding {
    transform: Transform,
    /// Quantisation tables of luma and chroma, row by row.
    tables: [[u16; 64]; 2],
    /// How much coarser chroma is sampled than luma, across and down.
    factors: (usize, usize),
    layout: Layout,
    width: u16,
    height: u16,
    /// Rows of a strip.
    rows: usize,
}

impl Coding {
    /// Decides how a picture of a size (width, height) is coded.
    pub fn new(
        (width, height): (usize, usize),
        layout: Layout,
        metadata: &Metadata,
        quality: Option<u8>,
    ) -> Result<Self, Refusal> {
        let mut tables = tables_of(quality.unwrap_or(QUALITY));
        let mut factors = (1, 1);
        if let Own::Jpeg(form) = &metadata.own {
            let given = form.subsampling.filter(|_| layout.colours() == 3);
            factors = given.and_then(known_factors).unwrap_or(factors);
            if quality.is_none() {
                // For each coefficient the finer of the step that the source had and of this one.
                for (table, source) in tables.iter_mut().zip(&form.tables) {
                    let steps = table.iter_mut().zip(source.iter().flatten());
                    steps.for_each(|(step, source)| *step = (*step).min(*source).max(1));
                }
            }
        }
        let rows = match units(width, STRIP, factors) <= LONGEST_INTERVAL {
            true => STRIP,
            false => STRIP / 2,
        };
        Ok(Self {
            transform: Transform::new(layout.channels(), factors, &tables),
            tables,
            factors,
            layout,
            width: u16::try_from(width)?,
            height: u16::try_from(height)?,
            rows,
        })
    }

    /// The strips of a band of the picture that begins at a multiple of 64 rows.
    pub fn strips(&self, band: &Image) -> Result<Vec<Strip>, Refusal> {
        let Samples::Eight(samples) = band.samples() else {
            return Err("a JPEG holds 8 bits a sample".into());
        };
        let width = band.width();
        let strips = samples.par_chunks(width * self.layout.channels() * self.rows);
        let strip = |samples: &[u8]| Strip {
            bytes: self.transform.code(samples, width),
            sum: 0,
            length: 0,
        };
        Ok(strips.map(strip).collect())
    }

    /// Writes what comes before the pixels.
    pub fn begin(&self, metadata: &Metadata, out: &mut impl Write) -> Result<Joint, Refusal> {
        out.write_all(&with_segments(&self.head(), &metadata.jpeg_segments()))?;
        Ok(Joint { count: 0 })
    }

    /// All that a decoder needs to know.
    fn head(&self) -> Vec<u8> {
        // Luma and chroma differ in their tables; grey has no chroma.
        let colours = self.layout.colours();
        let kinds = 0..colours.min(2);
        let mut head = START.to_vec();
        for kind in kinds.clone() {
            let steps = ZIGZAG.map(|it| self.tables[kind][it]);
            // No step is larger than that of quality 1, which is 255.
            let steps = steps.map(|it| it.to_be_bytes()[1]);
            head.extend(segment(TABLES, &[&[kind as u8][..], &steps].concat()));
        }
        let (height, width) = (self.height.to_be_bytes(), self.width.to_be_bytes());
        let mut frame = [&[8][..], &height, &width, &[colours as u8]].concat();
        let mut scan = vec![colours as u8];
        for component in 0..colours as u8 {
            let kind = component.min(1);
            let (across, down) = match component {
                0 => (self.factors.0 as u8, self.factors.1 as u8),
                _ => (1, 1),
            };
            frame.extend([component + 1, across << 4 | down, kind]);
            scan.extend([component + 1, kind << 4 | kind]);
        }
        // All coefficients, in one go.
        scan.extend([0, 63, 0]);
        head.extend(segment(BASELINE, &frame));
        for kind in kinds {
            head.extend(segment(CODES, &table(kind as u8, &FIRST[kind])));
            head.extend(segment(CODES, &table(0x10 | kind as u8, &OTHERS[kind])));
        }
        if usize::from(self.height) > self.rows {
            let units = units(self.width.into(), self.rows, self.factors);
            head.extend(segment(INTERVAL, &(units as u16).to_be_bytes()));
        }
        head.extend(segment(SCAN, &scan));
        head
    }
}

/// The blocks, or groups of them, in so many whole rows of them.
fn units(width: usize, rows: usize, (across, down): (usize, usize)) -> usize {
    width.div_ceil(8 * across) * (rows / (8 * down))
}

/// The quantisation tables of a quality, as libjpeg scales them.
fn tables_of(quality: u8) -> [[u16; 64]; 2] {
    let quality = u16::from(quality.clamp(1, 100));
    let percent = match quality {
        ..50 => 5000 / quality,
        _ => 200 - 2 * quality,
    };
    let scaled = |step: u16| (u32::from(step) * u32::from(percent) + 50) / 100;
    STANDARD.map(|table| table.map(|it| scaled(it).clamp(1, 255) as u16))
}

/// Factors that a JPEG can have whose components lie side by side: at most ten blocks together.
fn known_factors((across, down): (u8, u8)) -> Option<(usize, usize)> {
    let known = [1, 2, 4].contains(&across) && [1, 2, 4].contains(&down) && across * down <= 8;
    known.then_some((usize::from(across), usize::from(down)))
}

/// A code table as it stands in the file.
fn table(number: u8, table: &Table) -> Vec<u8> {
    [&[number][..], &table.lengths, table.symbols].concat()
}

/// A JPEG of which some strips are written.
pub struct Joint {
    count: usize,
}

impl Joint {
    /// Writes the next strip.
    pub fn add(&mut self, strip: &Strip, out: &mut impl Write) -> Result<(), Refusal> {
        if let Some(earlier) = self.count.checked_sub(1) {
            out.write_all(&[0xFF, RESTART + (earlier % 8) as u8])?;
        }
        self.count += 1;
        Ok(out.write_all(&strip.bytes)?)
    }

    /// Writes what comes behind the last strip.
    pub fn finish(self, out: &mut impl Write) -> Result<(), Refusal> {
        Ok(out.write_all(&END)?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{EncodeOptions, encode};
    use super::*;
    use crate::files::Format;
    use crate::files::containers::jpeg::Header;

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
            for factors in [
                (1, 1),
                (2, 1),
                (1, 2),
                (2, 2),
                (4, 1),
                (1, 4),
                (4, 2),
                (2, 4),
            ] {
                let image = noisy(75, 1 + 9 * STRIP, layout);
                let form = crate::files::metadata::JpegForm {
                    subsampling: Some(factors),
                    ..Default::default()
                };
                let metadata = Metadata {
                    own: Own::Jpeg(Box::new(form)),
                    ..Metadata::default()
                };
                let size = (75, 1 + 9 * STRIP);
                let mut coding = Coding::new(size, layout, &metadata, Some(90)).expect("it fits");
                coding.rows = 10 * STRIP;
                let mut whole = Vec::new();
                let mut file = coding.begin(&metadata, &mut whole).expect("a head");
                for strip in coding.strips(&image).expect("a strip") {
                    file.add(&strip, &mut whole).expect("memory");
                }
                file.finish(&mut whole).expect("memory");
                assert!(!whole.windows(2).any(|it| it == [0xFF, RESTART]));
                let strips = encoded(image, &metadata, Some(90));
                assert!(decoded(strips) == decoded(whole), "{layout:?} {factors:?}");
            }
        }
    }
}
