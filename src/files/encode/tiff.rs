//! Pictures to TIFF: strips, compressed on all cores, with all tags of the source in its byte order.
//!
//! No library in reach writes foreign tags with their types, the directories below them and either
//! byte order; the directories are those of the metadata, so little is left to do here.

use std::io::Write;

use flate2::Compression as Level;
use flate2::write::ZlibEncoder;
use rayon::prelude::*;
use weezl::BitOrder;
use weezl::encode::Encoder as Lzw;

use super::Refusal;
use crate::engine::raster::{Depth, Image, Samples};
use crate::files::metadata::{
    self, ByteOrder, Compression, Directory, Field, LONG, LONG8, Metadata, Own, SHORT, Width,
};

/// Bytes of a strip before it is compressed.
const STRIP: usize = 256 << 10;

/// Offsets of a TIFF that is no BigTIFF end here; a rest is left for the tags.
const LARGEST_CLASSIC: usize = (4 << 30) - (64 << 20);

/// The bytes of a TIFF.
pub fn encode(image: &Image, metadata: &Metadata) -> Result<Vec<u8>, Refusal> {
    let (compression, given_width, alpha) = match &metadata.own {
        Own::Tiff(form) => (form.compression, form.width, form.alpha),
        _ => (Compression::default(), Width::Classic, 2),
    };
    let (order, mut directory) = metadata.tiff_tags();
    let layout = image.layout();
    let row = image.width() * layout.channels();
    let rows = (STRIP / (row * image.depth().bytes())).clamp(1, image.height());
    let strips = Strips {
        compression,
        channels: layout.channels(),
        row,
        row_bytes: row * image.depth().bytes(),
        rows,
    };
    let put16 = |out: &mut Vec<u8>, it: u16| match order {
        ByteOrder::Little => out.extend(it.to_le_bytes()),
        ByteOrder::Big => out.extend(it.to_be_bytes()),
    };
    let put32 = |out: &mut Vec<u8>, it: u32| match order {
        ByteOrder::Little => out.extend(it.to_le_bytes()),
        ByteOrder::Big => out.extend(it.to_be_bytes()),
    };
    let strips = match image.samples() {
        Samples::Eight(it) => strips.of(it, Vec::push, u8::wrapping_sub),
        Samples::Sixteen(it) => strips.of(it, put16, u16::wrapping_sub),
        Samples::Float(it) => {
            let bits: Vec<u32> = it.iter().map(|it| it.to_bits()).collect();
            // Differences of floats would need a predictor of their own.
            strips.of(&bits, put32, |v, _| v)
        }
    }?;
    let total: usize = strips.iter().map(Vec::len).sum();
    let width = if total > LARGEST_CLASSIC {
        Width::Big
    } else {
        given_width
    };
    let mut out = metadata::head(order, width);
    let link = out.len() - width.bytes();
    out.reserve(total);
    let (mut offsets, mut lengths) = (Vec::new(), Vec::new());
    for strip in &strips {
        offsets.push(metadata::align(&mut out) as u64);
        lengths.push(strip.len() as u64);
        out.extend_from_slice(strip);
    }
    describe(&mut directory, image, order, (compression, alpha));
    let wide = if width == Width::Big { LONG8 } else { LONG };
    directory.set(273, Field::numbers(wide, order, &offsets));
    directory.set(278, Field::numbers(LONG, order, &[rows as u64]));
    directory.set(279, Field::numbers(wide, order, &lengths));
    let at = metadata::align(&mut out) as u64;
    let at = order.bytes(at, width.bytes());
    out[link..link + at.len()].copy_from_slice(&at);
    metadata::write_directory(&mut out, &directory, order, width);
    Ok(out)
}

/// The tags of the pixels.
fn describe(
    directory: &mut Directory,
    image: &Image,
    order: ByteOrder,
    (compression, alpha): (Compression, u16),
) {
    let layout = image.layout();
    let channels = layout.channels();
    let short = |numbers: &[u64]| Field::numbers(SHORT, order, numbers);
    let is_float = image.depth() == Depth::Float;
    let number = match compression {
        Compression::None => 1,
        Compression::Lzw => 5,
        Compression::Deflate => 8,
        Compression::PackBits => 32_773,
    };
    let side = |it: usize| Field::numbers(LONG, order, &[it as u64]);
    directory.set(256, side(image.width()));
    directory.set(257, side(image.height()));
    directory.set(
        258,
        short(&vec![8 * image.depth().bytes() as u64; channels]),
    );
    directory.set(259, short(&[number]));
    directory.set(262, short(&[if layout.colours() == 1 { 1 } else { 2 }]));
    directory.set(277, short(&[channels as u64]));
    directory.set(284, short(&[1]));
    if predicts(compression) && !is_float {
        directory.set(317, short(&[2]));
    }
    if layout.has_alpha() {
        directory.set(338, short(&[u64::from(alpha)]));
    }
    if is_float {
        directory.set(339, short(&vec![3; channels]));
    }
}

/// Whether differences of neighbours are stored, which these compress better.
fn predicts(compression: Compression) -> bool {
    matches!(compression, Compression::Lzw | Compression::Deflate)
}

struct Strips {
    compression: Compression,
    channels: usize,
    /// Samples of a row.
    row: usize,
    /// Bytes of a row.
    row_bytes: usize,
    /// Rows of a strip.
    rows: usize,
}

impl Strips {
    fn of<T: Copy + Sync>(
        &self,
        samples: &[T],
        put: impl Fn(&mut Vec<u8>, T) + Sync,
        difference: impl Fn(T, T) -> T + Sync,
    ) -> Result<Vec<Vec<u8>>, Refusal> {
        let strips = samples.par_chunks(self.row * self.rows);
        let strip = |samples: &[T]| {
            let mut raw = Vec::with_capacity(size_of_val(samples));
            for row in samples.chunks(self.row) {
                for (i, sample) in row.iter().enumerate() {
                    let sample = match i.checked_sub(self.channels) {
                        Some(left) if predicts(self.compression) => difference(*sample, row[left]),
                        _ => *sample,
                    };
                    put(&mut raw, sample);
                }
            }
            self.compressed(raw)
        };
        strips.map(strip).collect()
    }

    fn compressed(&self, raw: Vec<u8>) -> Result<Vec<u8>, Refusal> {
        Ok(match self.compression {
            Compression::None => raw,
            Compression::Lzw => Lzw::with_tiff_size_switch(BitOrder::Msb, 8).encode(&raw)?,
            Compression::Deflate => {
                let mut encoder = ZlibEncoder::new(Vec::new(), Level::new(4));
                encoder.write_all(&raw)?;
                encoder.finish()?
            }
            Compression::PackBits => raw.chunks(self.row_bytes).flat_map(packed).collect(),
        })
    }
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
