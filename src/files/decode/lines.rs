//! PNGs of the usual kind, line by line, by one thread after the other.
//!
//! Usual are grey or RGB with or without alpha, 8 or 16 bits a sample, without interlacing, animation and a transparent
//! colour. Everything else, and everything damaged, is for another decoder.

use std::io::BufReader;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Mutex;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use super::shared::{Reader, Shared};
use super::spans::{ByDepth, Sample, Sink, Spans};
use crate::engine::guarded::lock;
use crate::files::contain::contain;

/// About so many bytes of lines are read together.
const PIECE: usize = 1 << 18;

/// The lines of a PNG of the usual kind. `None` for a file of another kind, or one that is seen to be damaged.
pub fn usual(file: Shared) -> Option<ByDepth<Lines<u8>, Lines<u16>>> {
    let reader = open(&file)?;
    let info = reader.info();
    let is_usual = !info.interlaced
        && info.trns.is_none()
        && info.animation_control.is_none()
        && info.color_type != ColorType::Indexed;
    match info.bit_depth {
        BitDepth::Eight if is_usual => Some(ByDepth::Eight(Lines::new(file, reader))),
        BitDepth::Sixteen if is_usual => Some(ByDepth::Sixteen(Lines::new(file, reader))),
        _ => None,
    }
}

/// A sample that PNGs have.
pub trait Raw: Sample {
    /// Reads the next line. `None` if it is not in the file.
    fn read(reader: &mut Reading, bytes: &mut Vec<u8>, out: &mut [Self]) -> Option<()>;
}

impl Raw for u8 {
    fn read(reader: &mut Reading, _: &mut Vec<u8>, out: &mut [Self]) -> Option<()> {
        reader.read_row(out).ok()?.map(|_| ())
    }
}

impl Raw for u16 {
    fn read(reader: &mut Reading, bytes: &mut Vec<u8>, out: &mut [Self]) -> Option<()> {
        bytes.resize(2 * out.len(), 0);
        reader.read_row(bytes).ok()??;
        for (out, pair) in out.iter_mut().zip(bytes.as_chunks().0) {
            *out = Self::from_be_bytes(*pair);
        }
        Some(())
    }
}

/// The lines of a file.
pub struct Lines<T> {
    file: Shared,
    size: (usize, usize),
    channels: usize,
    /// Lines of a span.
    height: usize,
    /// Who reads them, with memory for a line, and the span that comes next. Nobody does once the file is seen to be damaged.
    reading: Mutex<(Option<Reading>, Vec<u8>, usize)>,
    samples: PhantomData<T>,
}

type Reading = png::Reader<BufReader<Reader>>;

impl<T: Raw> Lines<T> {
    fn new(file: Shared, reading: Reading) -> Self {
        let info = reading.info();
        let size = (info.width as usize, info.height as usize);
        let channels = info.color_type.samples();
        let line = size.0 * channels * size_of::<T>();
        Self {
            file,
            size,
            channels,
            height: (PIECE / line.max(1)).clamp(1, size.1.max(1)),
            reading: Mutex::new((Some(reading), Vec::new(), 0)),
            samples: PhantomData,
        }
    }

    /// Fills the lines of a span; the last ones, if the file is sound behind them too.
    fn fill(&self, reading: &mut Reading, bytes: &mut Vec<u8>, out: &mut [T]) -> Option<()> {
        for line in out.chunks_exact_mut(self.size.0 * self.channels) {
            T::read(reading, bytes, line)?;
        }
        Some(())
    }
}

impl<T: Raw> Spans for Lines<T> {
    type Sample = T;
    type Workshop = ();

    fn size(&self) -> (usize, usize) {
        self.size
    }

    fn channels(&self) -> usize {
        self.channels
    }

    fn span_count(&self) -> usize {
        self.size.1.div_ceil(self.height)
    }

    fn span_of(&self, y: usize) -> usize {
        y / self.height
    }

    fn rows_of_span(&self, span: usize) -> Range<usize> {
        span * self.height..((span + 1) * self.height).min(self.size.1)
    }

    fn workshop(&self) {}

    fn step(&self, (): &mut (), sink: &dyn Sink<T>) -> Option<bool> {
        let mut reading = lock(&self.reading);
        let (reader, bytes, next) = &mut *reading;
        if *next == self.span_count() {
            return Some(false);
        }
        // It comes back if all goes well.
        let mut lines = reader.take()?;
        let mut filled = None;
        sink.put(*next, &mut |out| {
            filled = contain(|| self.fill(&mut lines, bytes, out)).flatten();
        });
        filled?;
        *next += 1;
        if *next == self.span_count() {
            contain(|| lines.finish())?.ok()?;
        }
        *reader = Some(lines);
        Some(true)
    }

    fn again(&self) -> Option<Self> {
        Some(Self::new(self.file.clone(), open(&self.file)?))
    }
}

/// Who reads lines of any length: the size of the picture is checked before memory is taken.
fn open(file: &Shared) -> Option<Reading> {
    let limits = Limits { bytes: usize::MAX };
    let mut decoder = Decoder::new_with_limits(Reader::new(file), limits);
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    contain(|| decoder.read_info()).and_then(Result::ok)
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};
    use std::sync::Arc;

    use image::DynamicImage;
    use png::Encoder;

    use super::super::arriving::{Arrives, Arriving};
    use super::super::spans;
    use super::*;
    use crate::engine::raster::{Rows, Samples};

    const SIZE: (u32, u32) = (401, 301);

    fn written(colours: ColorType, bits: BitDepth) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = Encoder::new(&mut file, SIZE.0, SIZE.1);
        encoder.set_color(colours);
        encoder.set_depth(bits);
        let count = SIZE.0 as usize * SIZE.1 as usize * colours.samples();
        let bytes = count * if bits == BitDepth::Sixteen { 2 } else { 1 };
        let samples: Vec<u8> = (0..bytes).map(|i| (i * i / 7919) as u8).collect();
        let mut writer = encoder.write_header().expect("memory");
        writer.write_image_data(&samples).expect("memory");
        writer.finish().expect("memory");
        file
    }

    fn open_usual(file: &[u8]) -> Option<ByDepth<Lines<u8>, Lines<u16>>> {
        let mut on_disk = tempfile::tempfile().expect("a file");
        on_disk.write_all(file).expect("room on the disk");
        usual(Arc::new(Mutex::new(on_disk)))
    }

    fn whole<T: Raw>(lines: &Lines<T>) -> Option<Samples> {
        spans::read(lines).map(T::pack)
    }

    /// All samples, as rows that others let go.
    fn in_rows<T: Raw>(lines: Lines<T>) -> Samples {
        let arriving = Arriving::new(lines);
        let (width, height) = arriving.size();
        let row = width * arriving.channels();
        let mut all = Vec::new();
        for y in 0..height {
            let piece = &arriving.read(y..y + 1)[0];
            let samples = T::unpack(piece.samples.as_ref().clone());
            all.extend_from_slice(&samples[(y - piece.rows.start) * row..][..row]);
            arriving.let_go(y);
        }
        assert!(arriving.finish());
        T::pack(all)
    }

    fn by_other(file: &[u8]) -> Samples {
        let decoder = image::codecs::png::PngDecoder::new(Cursor::new(file)).expect("a PNG");
        match DynamicImage::from_decoder(decoder).expect("a PNG") {
            DynamicImage::ImageLuma8(it) => Samples::Eight(it.into_raw()),
            DynamicImage::ImageLumaA8(it) => Samples::Eight(it.into_raw()),
            DynamicImage::ImageRgb8(it) => Samples::Eight(it.into_raw()),
            DynamicImage::ImageRgba8(it) => Samples::Eight(it.into_raw()),
            DynamicImage::ImageLuma16(it) => Samples::Sixteen(it.into_raw()),
            DynamicImage::ImageLumaA16(it) => Samples::Sixteen(it.into_raw()),
            DynamicImage::ImageRgb16(it) => Samples::Sixteen(it.into_raw()),
            DynamicImage::ImageRgba16(it) => Samples::Sixteen(it.into_raw()),
            other => panic!("{:?}", other.color()),
        }
    }

    #[test]
    fn lines_are_what_another_decoder_makes_of_them() {
        use ColorType::{Grayscale, GrayscaleAlpha, Rgb, Rgba};
        for colours in [Grayscale, GrayscaleAlpha, Rgb, Rgba] {
            for bits in [BitDepth::Eight, BitDepth::Sixteen] {
                let file = written(colours, bits);
                let expected = by_other(&file);
                let (all, rows) = match open_usual(&file).expect("a usual file") {
                    ByDepth::Eight(it) => (whole(&it), in_rows(it.again().expect("a file"))),
                    ByDepth::Sixteen(it) => (whole(&it), in_rows(it.again().expect("a file"))),
                };
                assert!(all.as_ref() == Some(&expected), "{colours:?} {bits:?}");
                assert!(rows == expected, "{colours:?} {bits:?}, in rows");
            }
        }
    }

    #[test]
    fn damage_is_found() {
        let sound = written(ColorType::Rgb, BitDepth::Eight);
        let (mut flipped, end) = (sound.clone(), sound.len());
        flipped[end / 2] ^= 1;
        // The second ends within its pixels, the third before its last chunk.
        for file in [
            flipped,
            sound[..end / 2].to_vec(),
            sound[..end - 12].to_vec(),
        ] {
            let Some(ByDepth::Eight(lines)) = open_usual(&file) else {
                panic!("its header is sound");
            };
            assert!(whole(&lines).is_none());
            assert!(!Arriving::new(lines.again().expect("a file")).finish());
        }
    }
}
