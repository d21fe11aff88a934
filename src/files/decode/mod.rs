//! Pictures from disk: pixels upright, in the file's own depth, with everything beside them.

mod arriving;
mod glimpse;
mod grey_tiff;
mod jpeg;
mod lines;
mod png;
mod refusal;
mod samples;
mod shared;
mod spans;
mod tiff;

pub(super) use arriving::Arrives;
pub use glimpse::{Glimpse, glimpse};

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::Path;
use std::sync::{Arc, Mutex};

use image::metadata::Orientation;
use image::{DynamicImage, ExtendedColorType, ImageDecoder, ImageError, ImageFormat, ImageReader};

use self::arriving::Arriving;
use self::refusal::{SHORT, refusal};
use self::samples::{to_image, to_pixels};
use self::shared::Shared;
use self::spans::{ByDepth, Sample, Spans};
use super::contain::contain;
use super::containers::jpeg::Header;
use super::containers::png::Chunks;
use super::metadata::{Directories, Metadata, NO_CREDENTIALS, Provenance};
use super::ordinary::open_ordinary;
use super::photo::COPIES;
use super::{FileError, Format, Photo, ReadOptions};
use crate::engine::raster::{Image, Layout, NEVER_KEPT};

/// Reads a picture file. Its content says what format it has, not its name.
///
/// # Errors
/// When the file cannot be read, is no picture, is damaged, or is too large.
pub fn read_photo(path: &Path) -> Result<Photo, FileError> {
    read_photo_with(path, ReadOptions::default())
}

/// The same with options.
///
/// # Errors
/// When the file cannot be read, is no picture, is damaged, or is too large.
pub fn read_photo_with(path: &Path, options: ReadOptions) -> Result<Photo, FileError> {
    open(path, options, false)
}

/// The same, but that rows of the picture may be made when they are asked for: what is damaged is told by
/// [`Photo::is_sound`] then, and not here.
pub(super) fn open_photo(path: &Path, options: ReadOptions) -> Result<Photo, FileError> {
    open(path, options, true)
}

fn open(path: &Path, options: ReadOptions, in_rows: bool) -> Result<Photo, FileError> {
    let file = open_ordinary(path).map_err(|it| FileError::from_io("read", path, &it))?;
    let metadata = file.metadata();
    let metadata = metadata.map_err(|it| FileError::from_io("read", path, &it))?;
    if metadata.is_dir() {
        return Err(FileError::new("read", path, "it is a folder").with_cure("name a picture file"));
    }
    if metadata.len() == 0 {
        return Err(FileError::new("read", path, "the file is empty").with_cure("copy it again"));
    }
    let decoding = Decoding {
        path,
        options,
        in_rows,
        is_on_disk: true,
    };
    decoding.contained(BufReader::new(file))
}

/// The last render that a picture's history tells of, found without decoding its pixels.
pub fn read_provenance(path: &Path) -> Option<Provenance> {
    let file = || open_ordinary(path).ok().map(BufReader::new);
    let found = contain(|| {
        let reader = ImageReader::new(file()?).with_guessed_format().ok()?;
        let metadata = match reader.format() {
            Some(ImageFormat::Jpeg) => Metadata::of_jpeg(&Header::read(&fs::read(path).ok()?)),
            Some(ImageFormat::Png) => Metadata::of_png(Chunks::read(&mut file()?), None),
            Some(ImageFormat::WebP) => Metadata {
                xmp: reader.into_decoder().ok()?.xmp_metadata().ok()?,
                ..Metadata::default()
            },
            _ => Metadata::of_tiff(Directories::read(&mut file()?).ok()?).0,
        };
        metadata.provenance()
    });
    found.flatten()
}

/// Decodes a picture from anything that can be read; `name` is what errors call it.
///
/// # Errors
/// When it is no picture, is damaged, or is too large.
pub fn decode_photo(
    source: impl BufRead + Seek,
    name: &Path,
    options: ReadOptions,
) -> Result<Photo, FileError> {
    let decoding = Decoding {
        path: name,
        options,
        in_rows: false,
        is_on_disk: false,
    };
    decoding.contained(source)
}

/// Pixels as they were decoded, and what is known beside them.
struct Decoded {
    pixels: Pixels,
    /// Whether three equal channels stand for one.
    is_grey: bool,
    metadata: Metadata,
    notes: Vec<String>,
}

enum Pixels {
    Here(DynamicImage),
    /// Made when they are asked for; they are upright.
    Arriving(Arc<dyn Arrives>),
}

/// One picture on its way into memory.
struct Decoding<'a> {
    path: &'a Path,
    options: ReadOptions,
    /// Whether rows may be made when they are asked for.
    in_rows: bool,
    /// Whether the source is the file at the path, which can be opened once more.
    is_on_disk: bool,
}

impl Decoding<'_> {
    fn contained(&self, source: impl BufRead + Seek) -> Result<Photo, FileError> {
        contain(|| self.photo(source)).unwrap_or_else(|| {
            let cause = "it is damaged in a way that its decoder cannot take";
            Err(FileError::new("read", self.path, cause).with_cure("copy or export it again"))
        })
    }

    fn photo(&self, mut source: impl BufRead + Seek) -> Result<Photo, FileError> {
        let start = source.fill_buf();
        let start = start.map_err(|it| FileError::from_io("read", self.path, &it))?;
        let is_big_tiff = start.starts_with(b"II+\0") || start.starts_with(b"MM\0+");
        let mut reader = ImageReader::new(source);
        reader.no_limits();
        let reader = reader.with_guessed_format();
        let reader = reader.map_err(|it| FileError::from_io("read", self.path, &it))?;
        let (format, mut decoded) = match reader.format() {
            Some(ImageFormat::Jpeg) => (Some(Format::Jpeg), self.jpeg(reader.into_inner())?),
            Some(ImageFormat::Png) => (Some(Format::Png), self.png(reader.into_inner())?),
            // What guesses the format does not know BigTIFF.
            guess if is_big_tiff || guess == Some(ImageFormat::Tiff) => {
                (Some(Format::Tiff), self.tiff(reader.into_inner())?)
            }
            Some(ImageFormat::WebP) => (Some(Format::WebP), self.webp(reader.into_inner())?),
            None => return Err(self.unknown()),
            Some(_) => (None, self.other(reader)?),
        };
        let (image, arriving) = match decoded.pixels {
            Pixels::Here(mut pixels) => {
                pixels.apply_orientation(decoded.metadata.orientation());
                (to_image(self.path, pixels, decoded.is_grey)?, None)
            }
            Pixels::Arriving(rows) => {
                let layout = match rows.channels() {
                    1 => Layout::Grey,
                    2 => Layout::GreyAlpha,
                    3 => Layout::Rgb,
                    _ => Layout::Rgba,
                };
                let image = Image::arriving(rows.size(), layout, rows.depth(), rows.clone());
                (image, Some(rows))
            }
        };
        decoded.metadata.make_upright();
        Ok(Photo {
            image: Arc::new(image),
            format,
            metadata: decoded.metadata,
            notes: decoded.notes,
            arriving,
        })
    }

    fn jpeg(&self, mut source: impl BufRead) -> Result<Decoded, FileError> {
        // Given back at once when it is decoded.
        let mut bytes = Vec::with_capacity(NEVER_KEPT);
        let read = source.read_to_end(&mut bytes);
        read.map_err(|it| FileError::from_io("read", self.path, &it))?;
        let header = Header::read(&bytes);
        let mut notes = Vec::new();
        if !header.components.is_empty() && !header.ends {
            self.ends_early(&mut notes)?;
        }
        let dropped = Metadata::dropped_of_jpeg(&header).into_iter();
        notes.extend(dropped.map(str::to_string));
        let mut metadata = Metadata::of_jpeg(&header);
        if header.components.len() == 4 {
            metadata.drop_profile();
            notes.push(CMYK.to_string());
        }
        let in_rows = self.in_rows && metadata.orientation() == Orientation::NoTransforms;
        let pixels = match self.usual_jpeg(bytes, in_rows)? {
            Ok(pixels) => pixels,
            Err(bytes) => {
                let decoder = image::codecs::jpeg::JpegDecoder::new(Cursor::new(bytes));
                self.pixels(decoder.map_err(|it| self.refusal(&it))?)?
            }
        };
        Ok(Decoded {
            is_grey: false,
            pixels,
            metadata,
            notes,
        })
    }

    /// The pixels of a JPEG of the usual kind. Others come back as they were, and damaged ones: the decoder that makes
    /// the best of them says what it misses.
    fn usual_jpeg(
        &self,
        bytes: Vec<u8>,
        in_rows: bool,
    ) -> Result<Result<Pixels, Vec<u8>>, FileError> {
        let decoder = match jpeg::Decoder::new(bytes) {
            Ok(decoder) => decoder,
            Err(bytes) => return Ok(Err(bytes)),
        };
        let pixels = self.spans(decoder, in_rows)?;
        Ok(pixels.map_err(jpeg::Decoder::into_file))
    }

    /// The pixels of a file that is read in spans, or itself, if it is damaged.
    fn spans<S: Spans + 'static>(
        &self,
        spans: S,
        in_rows: bool,
    ) -> Result<Result<Pixels, S>, FileError> {
        let (size, channels) = (spans.size(), spans.channels());
        let bytes = (size.0 as u64 * size.1 as u64)
            .saturating_mul((channels * size_of::<S::Sample>()) as u64);
        self.check_size(size, bytes)?;
        if in_rows {
            return Ok(Ok(Pixels::Arriving(Arc::new(Arriving::new(spans)))));
        }
        let samples = spans::read(&spans).map(S::Sample::pack);
        let pixels = samples.and_then(|it| to_pixels(size, channels, it));
        Ok(pixels.map(Pixels::Here).ok_or(spans))
    }

    fn png(&self, mut source: impl BufRead + Seek) -> Result<Decoded, FileError> {
        let chunks = Chunks::read(&mut source);
        self.rewind(&mut source)?;
        let mut notes = Vec::new();
        if chunks.iter().any(|it| &it.kind == b"acTL") {
            notes.push(ANIMATED.to_string());
        }
        if chunks.iter().any(|it| &it.kind == b"caBX") {
            notes.push(NO_CREDENTIALS.to_string());
        }
        if self.options.partial {
            let (pixels, icc, whole) = self.partial_png(source)?;
            if !whole {
                notes.push(ENDS_EARLY.to_string());
            }
            let metadata = Metadata::of_png(chunks, icc);
            return Ok(Decoded {
                is_grey: false,
                pixels: Pixels::Here(pixels),
                metadata,
                notes,
            });
        }
        let decoder = image::codecs::png::PngDecoder::new(source);
        let mut decoder = decoder.map_err(|it| self.refusal(&it))?;
        let icc = decoder.icc_profile().unwrap_or_default();
        let metadata = Metadata::of_png(chunks, icc);
        let pixels = match self.usual_png(metadata.orientation())? {
            Some(pixels) => pixels,
            None => self.pixels(decoder).map_err(|it| match it.cause == SHORT {
                true => self.short(),
                false => it,
            })?,
        };
        Ok(Decoded {
            is_grey: false,
            pixels,
            metadata,
            notes,
        })
    }

    /// The pixels of a file that is a PNG of the usual kind and upright, if rows may be made when they are asked for.
    fn usual_png(&self, orientation: Orientation) -> Result<Option<Pixels>, FileError> {
        match self.in_rows && orientation == Orientation::NoTransforms {
            true => self.usual(lines::usual, true),
            false => Ok(None),
        }
    }

    /// The pixels of a file that is of the usual kind of a format; `None` for all others, and for damaged ones: the decoder
    /// for those says what they miss.
    fn usual<E: Spans + 'static, S: Spans + 'static>(
        &self,
        open: fn(Shared) -> Option<ByDepth<E, S>>,
        in_rows: bool,
    ) -> Result<Option<Pixels>, FileError> {
        let file = self.is_on_disk.then(|| File::open(self.path).ok());
        match file.flatten().and_then(|it| open(Arc::new(Mutex::new(it)))) {
            Some(ByDepth::Eight(it)) => Ok(self.spans(it, in_rows)?.ok()),
            Some(ByDepth::Sixteen(it)) => Ok(self.spans(it, in_rows)?.ok()),
            None => Ok(None),
        }
    }

    fn tiff(&self, mut source: impl BufRead + Seek) -> Result<Decoded, FileError> {
        let directories = Directories::read(&mut source);
        let directories = directories.map_err(|_| {
            FileError::new(
                "read",
                self.path,
                "it is damaged: it has no directory of tags",
            )
            .with_cure("copy or export it again")
        })?;
        let (mut metadata, mut notes) = Metadata::of_tiff(directories);
        let in_rows = self.in_rows && metadata.orientation() == Orientation::NoTransforms;
        if let Some(pixels) = self.usual(tiff::usual, in_rows)? {
            return Ok(Decoded {
                pixels,
                is_grey: false,
                metadata,
                notes,
            });
        }
        self.rewind(&mut source)?;
        if let Some(pixels) = self.grey_tiff(&mut source)? {
            return Ok(Decoded {
                pixels: Pixels::Here(pixels),
                is_grey: true,
                metadata,
                notes,
            });
        }
        self.rewind(&mut source)?;
        let decoder = image::codecs::tiff::TiffDecoder::new(source);
        let decoder = decoder.map_err(|it| self.refusal(&it))?;
        let is_cmyk = matches!(
            decoder.original_color_type(),
            ExtendedColorType::Cmyk8 | ExtendedColorType::Cmyk16
        );
        let pixels = self.pixels(decoder)?;
        if is_cmyk {
            metadata.drop_profile();
            notes.push(CMYK.to_string());
        }
        Ok(Decoded {
            is_grey: false,
            pixels,
            metadata,
            notes,
        })
    }

    fn webp(&self, source: impl BufRead + Seek) -> Result<Decoded, FileError> {
        let decoder = image::codecs::webp::WebPDecoder::new(source);
        let decoder = decoder.map_err(|it| self.refusal(&it))?;
        let notes = decoder.has_animation().then_some(ANIMATED);
        self.decoded(decoder, notes)
    }

    fn other<R: BufRead + Seek>(&self, reader: ImageReader<R>) -> Result<Decoded, FileError> {
        let is_gif = reader.format() == Some(ImageFormat::Gif);
        let decoder = reader.into_decoder();
        let decoder = decoder.map_err(|it| self.refusal(&it))?;
        self.decoded(decoder, is_gif.then_some(GIF))
    }

    fn decoded(
        &self,
        mut decoder: impl ImageDecoder,
        note: Option<&str>,
    ) -> Result<Decoded, FileError> {
        let metadata = Metadata {
            icc: decoder.icc_profile().unwrap_or_default(),
            exif: decoder.exif_metadata().unwrap_or_default(),
            xmp: decoder.xmp_metadata().unwrap_or_default(),
            ..Metadata::default()
        };
        Ok(Decoded {
            is_grey: false,
            pixels: self.pixels(decoder)?,
            metadata,
            notes: note.map(str::to_string).into_iter().collect(),
        })
    }

    fn pixels(&self, decoder: impl ImageDecoder) -> Result<Pixels, FileError> {
        let (width, height) = decoder.dimensions();
        self.check_size((width as usize, height as usize), decoder.total_bytes())?;
        let pixels = DynamicImage::from_decoder(decoder);
        pixels.map(Pixels::Here).map_err(|it| self.refusal(&it))
    }

    /// Decoded pixels must fit into the memory that there is for them.
    fn check_size(&self, size: (usize, usize), bytes: u64) -> Result<(), FileError> {
        let bytes = bytes.saturating_mul(COPIES);
        self.options.check_memory(("read", self.path), size, bytes)
    }

    /// A file that ends early is an error, unless it may be read in part.
    fn ends_early(&self, notes: &mut Vec<String>) -> Result<(), FileError> {
        if self.options.partial {
            notes.push(ENDS_EARLY.to_string());
            return Ok(());
        }
        Err(self.short())
    }

    /// The error of a file whose beginning is that of no picture.
    fn unknown(&self) -> FileError {
        let cause = "it has none of the formats that can be read";
        FileError::new("read", self.path, cause)
            .with_cure("if it is a picture, convert it to PNG, TIFF or JPEG")
    }

    /// The error of a file that ends early and may be read in part.
    fn short(&self) -> FileError {
        FileError::new("read", self.path, SHORT)
            .with_cure("copy it again, or take what is there with --partial")
    }

    /// Back to the start, for another reader.
    fn rewind(&self, source: &mut impl Seek) -> Result<(), FileError> {
        let rewound = source.rewind();
        rewound.map_err(|it| FileError::from_io("read", self.path, &it))
    }

    fn refusal(&self, error: &ImageError) -> FileError {
        refusal(self.path, error)
    }
}

const ENDS_EARLY: &str = "the file ends early; what is missing is grey";
const GIF: &str = "a GIF is read only, and only its first frame";
const ANIMATED: &str = "it is animated; only its first picture is used";
const CMYK: &str = "its CMYK was turned into RGB without its profile, so colours may differ, and it \
                    cannot be written back as CMYK";
