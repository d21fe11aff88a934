//! Pictures to TIFF: strips, compressed on all cores, with all tags of the source in its byte order.
//!
//! No library in reach writes foreign tags with their types, the directories below them and either
//! byte order; the directories are those of the metadata, so little is left to do here.

use std::io::{Seek, SeekFrom, Write};

use rayon::prelude::*;
use weezl::BitOrder;
use weezl::encode::Encoder as Lzw;

use super::deflate::zlib;
use super::{Refusal, Strip};
use crate::engine::raster::{Depth, Image, Layout, Samples};
use crate::files::metadata::{
    self, ByteOrder, Compression, Directory, Field, LONG, LONG8, Metadata, Own, SHORT, Width,
};

/// Bytes of a strip before it is compressed, where it has more than a row and fewer than 64.
const STRIP: usize = 256 << 10;

/// Most rows of a strip; bands of a picture are a multiple of it high.
const ROWS: usize = 64;

/// Offsets of a TIFF that is no BigTIFF end here; a rest is left for the tags.
const LARGEST_CLASSIC: usize = (4 << 30) - (64 << 20);

/// A TIFF on its way: how its pixels are coded, and its tags.
pub struct Coding {
    size: (usize, usize),
    layout: Layout,
    depth: Depth,
    compression: Compression,
    /// What alpha stands for, as a TIFF says it.
    alpha: u16,
    order: ByteOrder,
    width: Width,
    directory: Directory,
    /// Rows of a strip.
    rows: usize,
}

impl Coding {
    /// For a picture of a size (width, height).
    pub fn new(
        size: (usize, usize),
        (layout, depth): (Layout, Depth),
        metadata: &Metadata,
    ) -> Self {
        let (compression, given_width, alpha) = match &metadata.own {
            Own::Tiff(form) => (form.compression, form.width, form.alpha),
            _ => (Compression::default(), Width::Classic, 2),
        };
        let (order, directory) = metadata.tiff_tags();
        let row = size.0 * layout.channels() * depth.bytes();
        // LZW may make half as much again of what has no order.
        let most = row.saturating_mul(size.1).saturating_mul(3) / 2;
        // As many that strips begin where bands do.
        let rows = (STRIP / row.max(1)).clamp(1, ROWS);
        Self {
            size,
            layout,
            depth,
            compression,
            alpha,
            order,
            width: if most > LARGEST_CLASSIC {
                Width::Big
            } else {
                given_width
            },
            directory,
            rows: 1 << rows.ilog2(),
        }
    }

    /// The strips of a band of the picture that begins at a multiple of 64 rows.
    pub fn strips(&self, band: &Image) -> Result<Vec<Strip>, Refusal> {
        match band.samples() {
            Samples::Eight(it) => self.strips_of(it, u8::wrapping_sub, |it| [it]),
            Samples::Sixteen(it) => match self.order {
                ByteOrder::Little => self.strips_of(it, u16::wrapping_sub, u16::to_le_bytes),
                ByteOrder::Big => self.strips_of(it, u16::wrapping_sub, u16::to_be_bytes),
            },
            // Differences of floats would need a predictor of their own.
            Samples::Float(it) => match self.order {
                ByteOrder::Little => self.strips_of(it, |it, _| it, f32::to_le_bytes),
                ByteOrder::Big => self.strips_of(it, |it, _| it, f32::to_be_bytes),
            },
        }
    }

    fn strips_of<T: Copy + Default + Sync, const N: usize>(
        &self,
        samples: &[T],
        difference: impl Fn(T, T) -> T + Sync,
        to_bytes: impl Fn(T) -> [u8; N] + Sync,
    ) -> Result<Vec<Strip>, Refusal> {
        let channels = self.layout.channels();
        let row = self.size.0 * channels;
        let strip = |samples: &[T]| {
            let mut raw = vec![0; size_of_val(samples)];
            let rows = samples.chunks_exact(row);
            for (row, out) in rows.zip(raw.chunks_exact_mut(row * N)) {
                let out = out.as_chunks_mut().0.iter_mut();
                if predicts(self.compression) {
                    let left =
                        std::iter::repeat_n(T::default(), channels).chain(row.iter().copied());
                    for ((out, sample), left) in out.zip(row).zip(left) {
                        *out = to_bytes(difference(*sample, left));
                    }
                } else {
                    for (out, sample) in out.zip(row) {
                        *out = to_bytes(*sample);
                    }
                }
            }
            let bytes = compressed(self.compression, raw, row * N)?;
            Ok(Strip {
                bytes,
                sum: 0,
                length: 0,
            })
        };
        samples.par_chunks(row * self.rows).map(strip).collect()
    }

    /// Writes what comes before the pixels.
    pub fn begin(&self, out: &mut impl Write) -> Result<Joint<'_>, Refusal> {
        let head = metadata::head(self.order, self.width);
        out.write_all(&head)?;
        Ok(Joint {
            coding: self,
            link: head.len() - self.width.bytes(),
            at: head.len(),
            offsets: Vec::new(),
            lengths: Vec::new(),
        })
    }
}

/// A TIFF of which some strips are written.
pub struct Joint<'a> {
    coding: &'a Coding,
    /// Where in the file it is written where the tags are.
    link: usize,
    /// Where the file ends so far.
    at: usize,
    offsets: Vec<u64>,
    lengths: Vec<u64>,
}

impl Joint<'_> {
    /// Writes the next strip.
    pub fn add(&mut self, strip: &Strip, out: &mut impl Write) -> Result<(), Refusal> {
        self.align(out)?;
        self.offsets.push(self.at as u64);
        self.lengths.push(strip.bytes.len() as u64);
        self.at += strip.bytes.len();
        Ok(out.write_all(&strip.bytes)?)
    }

    /// Writes the tags behind the last strip, and at the start where they are.
    pub fn finish(mut self, out: &mut (impl Write + Seek)) -> Result<(), Refusal> {
        self.align(out)?;
        let Coding { order, width, .. } = *self.coding;
        let mut directory = self.coding.directory.clone();
        self.coding.describe(&mut directory);
        let wide = if width == Width::Big { LONG8 } else { LONG };
        directory.set(273, Field::numbers(wide, order, &self.offsets));
        directory.set(
            278,
            Field::numbers(
                LONG,
                order,
                &[self.coding.rows.min(self.coding.size.1) as u64],
            ),
        );
        directory.set(279, Field::numbers(wide, order, &self.lengths));
        let mut end = Vec::new();
        metadata::write_directory(&mut end, self.at, &directory, (order, width));
        out.write_all(&end)?;
        out.seek(SeekFrom::Start(self.link as u64))?;
        Ok(out.write_all(&order.bytes(self.at as u64, width.bytes()))?)
    }

    /// Offsets in a TIFF are even.
    fn align(&mut self, out: &mut impl Write) -> Result<(), Refusal> {
        if self.at % 2 == 1 {
            out.write_all(&[0])?;
            self.at += 1;
        }
        Ok(())
    }
}

impl Coding {
    /// Sets the tags of the pixels.
    fn describe(&self, directory: &mut Directory) {
        let channels = self.layout.channels();
        let short = |numbers: &[u64]| Field::numbers(SHORT, self.order, numbers);
        let is_float = self.depth == Depth::Float;
        let number = match self.compression {
            Compression::None => 1,
            Compression::Lzw => 5,
            Compression::Deflate => 8,
            Compression::PackBits => 32_773,
        };
        let side = |it: usize| Field::numbers(LONG, self.order, &[it as u64]);
        directory.set(256, side(self.size.0));
        directory.set(257, side(self.size.1));
        directory.set(258, short(&vec![8 * self.depth.bytes() as u64; channels]));
        directory.set(259, short(&[number]));
        let colours = if self.layout.colours() == 1 { 1 } else { 2 };
        directory.set(262, short(&[colours]));
        directory.set(277, short(&[channels as u64]));
        directory.set(284, short(&[1]));
        if predicts(self.compression) && !is_float {
            directory.set(317, short(&[2]));
        }
        if self.layout.has_alpha() {
            directory.set(338, short(&[u64::from(self.alpha)]));
        }
        if is_float {
            directory.set(339, short(&vec![3; channels]));
        }
    }
}

/// Whether differences of neighbours are stored, which these compress better.
fn predicts(compression: Compression) -> bool {
    matches!(compression, Compression::Lzw | Compression::Deflate)
}

/// A strip of rows of so many bytes.
fn compressed(compression: Compression, raw: Vec<u8>, row: usize) -> Result<Vec<u8>, Refusal> {
    Ok(match compression {
        Compression::None => raw,
        Compression::Lzw => Lzw::with_tiff_size_switch(BitOrder::Msb, 8).encode(&raw)?,
        Compression::Deflate => zlib(&raw),
        Compression::PackBits => raw.chunks(row).flat_map(packed).collect(),
    })
}

/// A row, run by run (TIFF 6.0, section 9).
fn packed(row: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let run_at = |at: usize| {
        let same = row[at..].iter().take(128);
        same.take_while(|it| **it == row[at]).count()
    };
    let mut at = 0;
    while at < row.len() {
        let run = run_at(at);
        if run > 1 {
            out.extend([(257 - run) as u8, row[at]]);
            at += run;
            continue;
        }
        let start = at;
        while at < row.len() && at - start < 128 && run_at(at) < 3 {
            at += 1;
        }
        out.push((at - start - 1) as u8);
        out.extend_from_slice(&row[start..at]);
    }
    out
}
