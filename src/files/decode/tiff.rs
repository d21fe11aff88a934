//! TIFFs of the usual kind, strip by strip on all threads.
//!
//! Usual are strips of interleaved unsigned samples of 8 or 16 bits, grey or RGB with or without alpha, as they are or
//! packed by LZW, Deflate or PackBits. Everything else, and everything damaged, is for another decoder. Strips that are not
//! packed are read in pieces, so that those of any height take little memory.

use std::io::{BufReader, Read, Seek, SeekFrom};
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tiff::ColorType;
use tiff::decoder::{ChunkType, Decoder, DecodingResult, Limits};
use tiff::tags::{ByteOrder, CompressionMethod, PhotometricInterpretation, Tag};

use super::shared::{Reader, Shared};
use super::spans::{ByDepth, Sample, Sink, Spans};
use crate::engine::guarded::lock;
use crate::files::contain::contain;

/// Bytes that are read at once of strips that are not packed.
const PIECE: usize = 1 << 18;

/// The strips of a TIFF of the usual kind. `None` for a file of another kind, or one that is seen to be damaged.
pub fn usual(file: Shared) -> Option<ByDepth<Strips<u8>, Strips<u16>>> {
    match contain(|| Layout::read(&file)).flatten()? {
        (layout, 8) => Some(ByDepth::Eight(Strips::new(file, layout))),
        (layout, _) => Some(ByDepth::Sixteen(Strips::new(file, layout))),
    }
}

/// A sample that TIFFs have.
pub trait Raw: Sample {
    /// Samples out of their bytes.
    fn convert(bytes: &[u8], order: ByteOrder, out: &mut [Self]);
    /// Samples that were unpacked; `None` if they are of another kind.
    fn unpacked(result: &DecodingResult) -> Option<&[Self]>;
}

impl Raw for u8 {
    fn convert(bytes: &[u8], _: ByteOrder, out: &mut [Self]) {
        out.copy_from_slice(bytes);
    }

    fn unpacked(result: &DecodingResult) -> Option<&[Self]> {
        match result {
            DecodingResult::U8(it) => Some(it),
            _ => None,
        }
    }
}

impl Raw for u16 {
    fn convert(bytes: &[u8], order: ByteOrder, out: &mut [Self]) {
        let pairs = out.iter_mut().zip(bytes.as_chunks().0);
        match order {
            ByteOrder::LittleEndian => pairs.for_each(|(out, it)| *out = u16::from_le_bytes(*it)),
            ByteOrder::BigEndian => pairs.for_each(|(out, it)| *out = u16::from_be_bytes(*it)),
        }
    }

    fn unpacked(result: &DecodingResult) -> Option<&[Self]> {
        match result {
            DecodingResult::U16(it) => Some(it),
            _ => None,
        }
    }
}

/// Where the rows of a file are.
#[derive(Clone)]
struct Layout {
    size: (usize, usize),
    channels: usize,
    /// Rows of a strip; the last one may have fewer.
    rows: usize,
    packing: Packing,
}

#[derive(Clone)]
enum Packing {
    /// None; where strips begin.
    Plain(Arc<[u64]>, ByteOrder),
    /// For the decoder.
    Packed,
}

impl Layout {
    /// That of a file, and the bits of its samples.
    fn read(file: &Shared) -> Option<(Self, u8)> {
        let mut decoder = open(file)?;
        let (width, height) = decoder.dimensions().ok()?;
        let (channels, bits) = match decoder.colortype().ok()? {
            ColorType::Gray(bits @ (8 | 16)) => (1, bits),
            ColorType::RGB(bits @ (8 | 16)) => (3, bits),
            ColorType::RGBA(bits @ (8 | 16)) => (4, bits),
            _ => return None,
        };
        let tag = |decoder: &mut Decoder<_>, tag, usually: u64| match decoder.find_tag(tag) {
            Ok(Some(it)) => it.into_u64().ok(),
            Ok(None) => Some(usually),
            Err(_) => None,
        };
        let all = |decoder: &mut Decoder<_>, tag, value: u64| match decoder.find_tag(tag) {
            Ok(Some(it)) => it
                .into_u64_vec()
                .is_ok_and(|it| it.iter().all(|it| *it == value)),
            Ok(None) => true,
            Err(_) => false,
        };
        let inverted = PhotometricInterpretation::WhiteIsZero.to_u16().into();
        let is_usual = decoder.get_chunk_type() == ChunkType::Strip
            && width > 0
            && height > 0
            && tag(&mut decoder, Tag::PhotometricInterpretation, inverted)? != inverted
            && tag(&mut decoder, Tag::SamplesPerPixel, 1)? == channels as u64
            && tag(&mut decoder, Tag::PlanarConfiguration, 1)? == 1
            && all(&mut decoder, Tag::SampleFormat, 1);
        if !is_usual {
            return None;
        }
        let (width, height) = (width as usize, height as usize);
        let rows = tag(&mut decoder, Tag::RowsPerStrip, height as u64)?;
        let rows = usize::try_from(rows).unwrap_or(height).min(height);
        let offsets = decoder.get_tag_u64_vec(Tag::StripOffsets).ok()?;
        if rows == 0 || offsets.len() != height.div_ceil(rows) {
            return None;
        }
        let compression = tag(&mut decoder, Tag::Compression, 1)?;
        let packing = match CompressionMethod::from_u16(u16::try_from(compression).ok()?)? {
            CompressionMethod::None if tag(&mut decoder, Tag::Predictor, 1)? == 1 => {
                let row = (width * channels).checked_mul(usize::from(bits) / 8)?;
                let bytes = decoder.get_tag_u64_vec(Tag::StripByteCounts).ok()?;
                let tops = (0..height).step_by(rows);
                let needed = tops.map(|top| (rows.min(height - top) * row) as u64);
                if bytes.len() != offsets.len()
                    || bytes.iter().zip(needed).any(|(it, least)| *it < least)
                {
                    return None;
                }
                Packing::Plain(offsets.into(), decoder.byte_order())
            }
            CompressionMethod::LZW
            | CompressionMethod::Deflate
            | CompressionMethod::OldDeflate
            | CompressionMethod::PackBits => Packing::Packed,
            _ => return None,
        };
        let layout = Self {
            size: (width, height),
            channels,
            rows,
            packing,
        };
        Some((layout, bits))
    }
}

/// The strips of a file.
pub struct Strips<T> {
    file: Shared,
    layout: Layout,
    /// Rows of a span, which is a strip or a part of one; the last of a strip may have fewer.
    part: usize,
    /// The span that is made next.
    next: AtomicUsize,
    samples: PhantomData<T>,
}

/// What a thread needs to read spans.
pub struct Workshop {
    bytes: Vec<u8>,
    unpacking: Option<(Decoder<BufReader<Reader>>, DecodingResult)>,
}

impl<T: Raw> Strips<T> {
    fn new(file: Shared, layout: Layout) -> Self {
        let row = (layout.size.0 * layout.channels * size_of::<T>()).max(1);
        let part = match layout.packing {
            Packing::Plain(..) => (PIECE / row).clamp(1, layout.rows),
            Packing::Packed => layout.rows,
        };
        Self {
            file,
            layout,
            part,
            next: AtomicUsize::new(0),
            samples: PhantomData,
        }
    }

    /// Spans of a strip that is not the last one.
    fn parts(&self) -> usize {
        self.layout.rows.div_ceil(self.part)
    }

    /// Fills the samples of a span. `None` if they are not in the file.
    fn fill(&self, span: usize, workshop: &mut Workshop, out: &mut [T]) -> Option<()> {
        let strip = span / self.parts();
        match &self.layout.packing {
            Packing::Plain(offsets, order) => {
                let above = self.rows_of_span(span).start - strip * self.layout.rows;
                let row = self.layout.size.0 * self.layout.channels * size_of::<T>();
                workshop.bytes.resize(size_of_val(out), 0);
                let at = offsets.get(strip)?.checked_add((above * row) as u64)?;
                let mut file = lock(&self.file);
                file.seek(SeekFrom::Start(at)).ok()?;
                file.read_exact(&mut workshop.bytes).ok()?;
                drop(file);
                T::convert(&workshop.bytes, *order, out);
            }
            Packing::Packed => {
                if workshop.unpacking.is_none() {
                    workshop.unpacking = Some((open(&self.file)?, DecodingResult::U8(Vec::new())));
                }
                let (decoder, unpacked) = workshop.unpacking.as_mut()?;
                let row = self.layout.size.0 * self.layout.channels * size_of::<T>();
                let number = u32::try_from(strip).ok()?;
                let unpack = || decoder.read_chunk_to_buffer(unpacked, number, row);
                contain(unpack)?.ok()?;
                out.copy_from_slice(T::unpacked(unpacked)?.get(..out.len())?);
            }
        }
        Some(())
    }
}

impl<T: Raw> Spans for Strips<T> {
    type Sample = T;
    type Workshop = Workshop;

    fn size(&self) -> (usize, usize) {
        self.layout.size
    }

    fn channels(&self) -> usize {
        self.layout.channels
    }

    fn span_count(&self) -> usize {
        self.span_of(self.layout.size.1 - 1) + 1
    }

    fn span_of(&self, y: usize) -> usize {
        let rows = self.layout.rows;
        y / rows * self.parts() + y % rows / self.part
    }

    fn rows_of_span(&self, span: usize) -> Range<usize> {
        let rows = self.layout.rows;
        let (strip, part) = (span / self.parts(), span % self.parts());
        let start = strip * rows + part * self.part;
        let end = (start + self.part).min((strip + 1) * rows);
        start..end.min(self.layout.size.1)
    }

    fn workshop(&self) -> Workshop {
        Workshop {
            bytes: Vec::new(),
            unpacking: None,
        }
    }

    fn step(&self, workshop: &mut Workshop, sink: &dyn Sink<T>) -> Option<bool> {
        let span = self.next.fetch_add(1, Ordering::Relaxed);
        if span >= self.span_count() {
            return Some(false);
        }
        let mut filled = None;
        sink.put(span, &mut |out| filled = self.fill(span, workshop, out));
        filled.map(|()| true)
    }

    fn again(&self) -> Option<Self> {
        Some(Self::new(self.file.clone(), self.layout.clone()))
    }
}

/// A decoder that takes strips of any size: that of the picture was checked.
fn open(file: &Shared) -> Option<Decoder<BufReader<Reader>>> {
    let decoder = Decoder::new(Reader::new(file)).ok()?;
    Some(decoder.with_limits(Limits::unlimited()))
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Mutex;

    use image::DynamicImage;
    use tiff::encoder::colortype::{self, ColorType as Kind};
    use tiff::encoder::{Compression, DeflateLevel, Predictor, TiffEncoder, TiffValue};

    use super::super::arriving::{Arrives, Arriving};
    use super::super::spans;
    use super::*;
    use crate::engine::raster::{Rows, Samples};

    const SIZE: (u32, u32) = (37, 41);

    /// A file, by another encoder.
    fn written<K: Kind>(compression: Compression, predictor: Predictor, rows: u32) -> Vec<u8>
    where
        K::Inner: TryFrom<u64>,
        [K::Inner]: TiffValue,
    {
        let count = u64::from(SIZE.0 * SIZE.1) * K::BITS_PER_SAMPLE.len() as u64;
        let mask = (1 << K::BITS_PER_SAMPLE[0]) - 1;
        let sample = |i: u64| K::Inner::try_from((i * i / 7 * 257) & mask).ok();
        let samples: Option<Vec<_>> = (0..count).map(sample).collect();
        let mut file = io::Cursor::new(Vec::new());
        let encoder = TiffEncoder::new(&mut file).expect("memory");
        let mut encoder = encoder
            .with_compression(compression)
            .with_predictor(predictor);
        let mut picture = encoder.new_image::<K>(SIZE.0, SIZE.1).expect("a picture");
        picture.rows_per_strip(rows).expect("some rows");
        picture
            .write_data(&samples.expect("numbers that fit"))
            .expect("memory");
        file.into_inner()
    }

    /// The same numbers, most significant byte first, in one strip.
    fn turned_round() -> Vec<u8> {
        let (width, height) = SIZE;
        let mut file = b"MM\0*\0\0\0\x08\0\x09".to_vec();
        let begin = 8 + 2 + 9 * 12 + 4;
        let fields = [
            (256, width),
            (257, height),
            (258, 16),
            (259, 1),
            (262, 1),
            (273, begin),
            (277, 1),
            (278, u32::MAX),
            (279, 2 * width * height),
        ];
        for (tag, value) in fields {
            file.extend_from_slice(&u16::to_be_bytes(tag));
            file.extend_from_slice(&[0, 4, 0, 0, 0, 1]);
            file.extend_from_slice(&value.to_be_bytes());
        }
        file.extend_from_slice(&[0; 4]);
        for i in 0..width * height {
            file.extend_from_slice(&((i * 77) as u16).to_be_bytes());
        }
        file
    }

    fn on_disk(file: &[u8]) -> Shared {
        let mut on_disk = tempfile::tempfile().expect("a file");
        on_disk.write_all(file).expect("room on the disk");
        Arc::new(Mutex::new(on_disk))
    }

    /// All samples at once, and row by row in some order.
    fn read<T: Raw>(strips: Strips<T>) -> Option<Samples> {
        let whole = spans::read(&strips).map(T::pack)?;
        let arriving = Arriving::new(strips.again()?);
        let row = strips.size().0 * strips.channels();
        for y in [0, 40, 3, 17, 18, 39] {
            let piece = &arriving.read(y..y + 1)[0];
            let rows = T::unpack(piece.samples.as_ref().clone());
            let row_of = |samples: &[T], y: usize| T::pack(samples[y * row..][..row].to_vec());
            let expected = row_of(&T::unpack(whole.clone()), y);
            assert_eq!(row_of(&rows, y - piece.rows.start), expected, "row {y}");
        }
        Some(whole)
    }

    fn read_usual(file: &[u8]) -> Option<Samples> {
        match usual(on_disk(file))? {
            ByDepth::Eight(it) => read(it),
            ByDepth::Sixteen(it) => read(it),
        }
    }

    /// The samples by the decoder that unusual files go to.
    fn by_other(file: &[u8]) -> Samples {
        let decoder = image::codecs::tiff::TiffDecoder::new(io::Cursor::new(file));
        match DynamicImage::from_decoder(decoder.expect("a TIFF")).expect("a TIFF") {
            DynamicImage::ImageLuma8(it) => Samples::Eight(it.into_raw()),
            DynamicImage::ImageRgb8(it) => Samples::Eight(it.into_raw()),
            DynamicImage::ImageRgba8(it) => Samples::Eight(it.into_raw()),
            DynamicImage::ImageLuma16(it) => Samples::Sixteen(it.into_raw()),
            DynamicImage::ImageRgb16(it) => Samples::Sixteen(it.into_raw()),
            DynamicImage::ImageRgba16(it) => Samples::Sixteen(it.into_raw()),
            other => panic!("{:?}", other.color()),
        }
    }

    #[test]
    fn strips_are_what_another_decoder_makes_of_them() {
        let mut files = vec![turned_round()];
        let compressions = [
            (Compression::Uncompressed, Predictor::None),
            (Compression::Packbits, Predictor::None),
            (Compression::Lzw, Predictor::None),
            (Compression::Lzw, Predictor::Horizontal),
            (
                Compression::Deflate(DeflateLevel::Fast),
                Predictor::Horizontal,
            ),
        ];
        for (compression, predictor) in compressions {
            for rows in [1, 8, 41] {
                files.push(written::<colortype::Gray8>(compression, predictor, rows));
                files.push(written::<colortype::Gray16>(compression, predictor, rows));
                files.push(written::<colortype::RGB8>(compression, predictor, rows));
                files.push(written::<colortype::RGB16>(compression, predictor, rows));
                files.push(written::<colortype::RGBA16>(compression, predictor, rows));
            }
        }
        for file in files {
            assert_eq!(read_usual(&file).expect("a usual file"), by_other(&file));
        }
    }

    #[test]
    fn damage_is_found() {
        let plain = turned_round();
        let Some(ByDepth::Sixteen(strips)) = usual(on_disk(&plain[..plain.len() - 1])) else {
            panic!("its directory is sound");
        };
        assert!(spans::read(&strips).is_none());
        assert!(!Arriving::new(strips.again().expect("a file")).finish());
        let deflate = Compression::Deflate(DeflateLevel::Fast);
        let mut packed = written::<colortype::RGB16>(deflate, Predictor::None, 8);
        packed[40..80].fill(0);
        assert!(read_usual(&packed).is_none());
    }

    #[test]
    fn other_kinds_are_for_another_decoder() {
        let usual_kind = turned_round();
        // Which value of which field, counted from the first, makes it another kind.
        for (field, value) in [(4, 0), (2, 8), (3, 7), (7, 20), (1, 42), (8, 100)] {
            let mut file = usual_kind.clone();
            let at = 10 + field * 12 + 8;
            file[at..at + 4].copy_from_slice(&u32::to_be_bytes(value));
            let opened = usual(on_disk(&file));
            let is_sixteen = matches!(opened, Some(ByDepth::Sixteen(_)));
            assert!(!is_sixteen, "field {field} is {value}");
        }
    }
}
