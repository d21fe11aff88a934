//! A photo's two layers as files: split off, and merged again.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::decode::read_photo_with;
use super::encode::{EncodeOptions, encode};
use super::identity::same_file;
use super::metadata::{Edit, Metadata};
use super::output::{check_output, output_format};
use super::{FileError, Format, Photo, ReadOptions, SafeWriter, Strip, Timings};
use crate::engine::raster::{Depth, Image};
use crate::engine::render::{Cancel, Separation, resized};

/// How results are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Writing {
    /// The format; `None` is what the file's extension says.
    pub format: Option<Format>,
    /// Its depth; `None` is the photo's.
    pub depth: Option<Depth>,
    /// JPEG quality, 1..=100; `None` is 95, and no coarser than the photo was.
    pub quality: Option<u8>,
    /// Whether an existing file is replaced.
    pub overwrite: bool,
    /// What of the metadata is dropped.
    pub strip: Strip,
}

/// Files that were written from others.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// What a person should know.
    pub notes: Vec<String>,
    /// How long it took.
    pub timings: Timings,
    /// How long a program that worked on it took, in milliseconds.
    pub program_ms: Option<f64>,
}

/// A photo that is taken apart into two files.
#[derive(Clone, Debug)]
pub struct Split {
    /// The photo.
    pub photo: PathBuf,
    /// The Gaussian's deviation, in pixels.
    pub radius: f64,
    /// Where its tone goes.
    pub low: PathBuf,
    /// Where its texture goes.
    pub high: PathBuf,
    /// How the photo is read.
    pub read: ReadOptions,
    /// How the layers are written; they always have 16 bits.
    pub writing: Writing,
}

impl Split {
    /// Writes both layers, or none. `None` is a split that was cancelled.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn run(&self, cancel: &Cancel) -> Result<Option<Written>, FileError> {
        let mut clock = Clock::start();
        let mut written = Written::default();
        let formats = self.formats()?;
        for layer in [&self.low, &self.high] {
            check_output(layer, [self.photo.as_path()], self.writing.overwrite)?;
        }
        let photo = read_photo_with(&self.photo, self.read)?;
        written.notes.extend(photo.notes.iter().cloned());
        clock.lap(&mut written.timings.read_ms);
        let Ok(layers) = Separation::split(&photo.image, self.radius, &|_, _| {}, cancel) else {
            return Ok(None);
        };
        clock.lap(&mut written.timings.render_ms);
        let edit = layer_edit(&photo, self.radius);
        let mut encoded = |layer, path, format| {
            let (metadata, notes) = photo.metadata.for_result(format, self.writing.strip, &edit);
            // The same is to be said of both layers; once is enough.
            written.notes.extend(notes);
            written.notes.dedup();
            self.writing.encoded(layer, &metadata, path, format)
        };
        let low = encoded(layers.low, &self.low, formats[0])?;
        let high = encoded(layers.high, &self.high, formats[1])?;
        clock.lap(&mut written.timings.encode_ms);
        if cancel.is_cancelled() {
            return Ok(None);
        }
        self.place(&low, &high)?;
        clock.lap(&mut written.timings.write_ms);
        Ok(Some(written))
    }

    /// The formats of the two layers.
    ///
    /// # Errors
    /// When both would go to one file, or nothing says a format that holds 16 bits.
    pub fn formats(&self) -> Result<[Format; 2], FileError> {
        if self.low == self.high || same_file(&self.low, &self.high) {
            let cause = "both layers would go there";
            return Err(
                FileError::new("write", &self.low, cause).with_cure("name a file for each of them")
            );
        }
        let format = self.writing.format;
        Ok([
            layer_format(&self.low, format)?,
            layer_format(&self.high, format)?,
        ])
    }

    /// Puts both files in their places when both are on the disk.
    fn place(&self, low: &[u8], high: &[u8]) -> Result<(), FileError> {
        let overwrite = self.writing.overwrite;
        let (mut first, mut second) = (SafeWriter::new(&self.low)?, SafeWriter::new(&self.high)?);
        first.fill(low)?;
        second.fill(high)?;
        first.place(overwrite)?;
        second.place(overwrite).inspect_err(|_| {
            // One layer alone is of no use; one that was replaced is gone in any case.
            let _ = std::fs::remove_file(&self.low);
        })
    }
}

/// The format of a layer: the one that was chosen, or else the one its extension names.
///
/// # Errors
/// When nothing says the format, or it holds less than 16 bits.
pub(super) fn layer_format(layer: &Path, chosen: Option<Format>) -> Result<Format, FileError> {
    let format = output_format(layer, chosen)?;
    if format.nearest_depth(Depth::Sixteen) == Depth::Sixteen {
        return Ok(format);
    }
    let cause = format!(
        "a {} holds 8 bits, and of a layer in 8 bits the photo does not come back",
        format.name()
    );
    Err(FileError::new("write", layer, cause).with_cure("end it in .tif or .png"))
}

/// What the history of a photo's layer says of its making.
pub(super) fn layer_edit(photo: &Photo, radius: f64) -> Edit {
    let done = format!("split radius = {radius}");
    Edit::split(done, 8 * photo.image.depth().bytes())
}

/// Two layers that are put together.
#[derive(Clone, Debug)]
pub struct Merge {
    /// Tone, in any format and depth.
    pub low: PathBuf,
    /// Texture; it gives the result its profile and metadata, as nobody worked on it.
    pub high: PathBuf,
    /// Where the result goes.
    pub output: PathBuf,
    /// Whether a low layer of another size is scaled to the high one's.
    pub fit: bool,
    /// How the layers are read.
    pub read: ReadOptions,
    /// How the result is written. Its depth, if it is not given, is that of the photo that the
    /// layers were split from if they still tell it, or else the larger of theirs.
    pub writing: Writing,
}

impl Merge {
    /// Writes the result. `None` is a merge that was cancelled.
    ///
    /// # Errors
    /// When something cannot be read or written, or the layers do not fit together.
    pub fn run(&self, cancel: &Cancel) -> Result<Option<Written>, FileError> {
        let mut clock = Clock::start();
        let format = output_format(&self.output, self.writing.format)?;
        let sources = [self.low.as_path(), self.high.as_path()];
        check_output(&self.output, sources, self.writing.overwrite)?;
        let read = |path| read_photo_with(path, self.read);
        let (low, high) = rayon::join(|| read(&self.low), || read(&self.high));
        let (low, high) = (low?, high?);
        let mut written = Written::default();
        written.notes.extend(low.notes.iter().cloned());
        written.notes.extend(high.notes.iter().cloned());
        let wanted = self.depth(&low, &high);
        written
            .notes
            .extend(format.losses(wanted, high.image.layout()));
        let depth = format.nearest_depth(wanted);
        let toned = fitted(low, &high, depth, self.fit, &mut written.notes).map_err(|misfit| {
            let cause = format!(
                "{}×{} pixels, and {} has {}×{}",
                misfit.own.0,
                misfit.own.1,
                self.high.display(),
                misfit.wanted.0,
                misfit.wanted.1
            );
            FileError::new("merge", &self.low, format!("it has {cause}"))
                .with_cure(misfit.cure("merge layers of one size"))
        })?;
        clock.lap(&mut written.timings.read_ms);
        let layers = Separation {
            low: toned,
            high: Arc::unwrap_or_clone(high.image),
        };
        if layers.look_exchanged() {
            let note = "the low layer looks like a high one, and the high one like a low one: were they exchanged?";
            written.notes.push(note.to_string());
        }
        let Ok(image) = layers.merge(depth, cancel) else {
            return Ok(None);
        };
        clock.lap(&mut written.timings.render_ms);
        let edit = Edit::new("merge");
        let result = (image, &high.metadata, &edit);
        let done = self
            .writing
            .write(result, &self.output, &mut written, cancel)?;
        Ok(done.map(|()| written))
    }

    fn depth(&self, low: &Photo, high: &Photo) -> Depth {
        let told = || high.metadata.split_depth().or(low.metadata.split_depth());
        let deepest = || {
            let depths = [low.image.depth(), high.image.depth()];
            depths.into_iter().max_by_key(|it| it.bytes())
        };
        let depth = self.writing.depth.or_else(told).or_else(deepest);
        depth.unwrap_or(Depth::Sixteen)
    }
}

/// A low layer whose size is not the photo's.
pub(super) struct Misfit {
    /// Its width and height.
    pub own: (usize, usize),
    /// The photo's.
    pub wanted: (usize, usize),
    /// Whether it could be scaled.
    scales: bool,
}

impl Misfit {
    /// What would help.
    pub(super) fn cure(&self, advice: &str) -> String {
        if self.scales {
            format!("{advice}, or let --fit scale it")
        } else {
            format!("{advice}; its proportions differ, so scaling it would not help")
        }
    }
}

/// Sides of a layer that is scaled may be off from the proportions by this much, in pixels of its
/// own: programs round them.
const ROUNDED: f64 = 1.0;

/// The pixels of a low layer that came back from another program, ready to be merged with what is
/// left of its photo into a result of a depth; what there is to be said of them goes to `notes`.
pub(super) fn fitted(
    low: Photo,
    photo: &Photo,
    depth: Depth,
    fit: bool,
    notes: &mut Vec<String>,
) -> Result<Image, Misfit> {
    let size = |it: &Image| (it.width(), it.height());
    let (own, wanted) = (size(&low.image), size(&photo.image));
    if low.image.depth() == Depth::Eight && depth != Depth::Eight {
        notes.push("the low layer has 8 bits a sample: smooth tones may show steps".to_string());
    }
    if let (Some(theirs), Some(ours)) = (&low.metadata.icc, &photo.metadata.icc)
        && theirs != ours
    {
        notes.push(
            "the low layer has another colour profile; its values are used as they are".to_string(),
        );
    }
    if own == wanted {
        return Ok(Arc::unwrap_or_clone(low.image));
    }
    let scale = own.0 as f64 / wanted.0 as f64;
    let scales = (own.1 as f64 - scale * wanted.1 as f64).abs() <= ROUNDED * scale.max(1.0);
    if !fit || !scales {
        return Err(Misfit {
            own,
            wanted,
            scales,
        });
    }
    notes.push(format!(
        "the low layer of {}×{} pixels was scaled to {}×{}",
        own.0, own.1, wanted.0, wanted.1
    ));
    Ok(resized(&low.image, wanted))
}

impl Writing {
    /// Writes a picture with the metadata of the photo it was made from and what was done to it.
    /// `None` is one that was cancelled.
    pub(super) fn write(
        &self,
        (image, metadata, edit): (Image, &Metadata, &Edit),
        output: &Path,
        written: &mut Written,
        cancel: &Cancel,
    ) -> Result<Option<()>, FileError> {
        let mut clock = Clock::start();
        let format = output_format(output, self.format)?;
        written
            .notes
            .extend(format.losses(image.depth(), image.layout()));
        let (metadata, notes) = metadata.for_result(format, self.strip, edit);
        written.notes.extend(notes);
        let bytes = self.encoded(image, &metadata, output, format)?;
        clock.lap(&mut written.timings.encode_ms);
        if cancel.is_cancelled() {
            return Ok(None);
        }
        SafeWriter::new(output)?.finish(&bytes, self.overwrite)?;
        clock.lap(&mut written.timings.write_ms);
        Ok(Some(()))
    }

    fn encoded(
        &self,
        image: Image,
        metadata: &Metadata,
        path: &Path,
        format: Format,
    ) -> Result<Vec<u8>, FileError> {
        let options = EncodeOptions {
            format,
            quality: self.quality,
        };
        let encoded = encode(image, metadata, options);
        encoded.map_err(|it| FileError::new("write", path, it.to_string()))
    }
}

/// Times the stages of a job, one after the other.
pub struct Clock(Instant);

impl Clock {
    /// From now on.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Writes how long the stage took, in milliseconds, and starts the next one.
    pub fn lap(&mut self, slot: &mut f64) {
        *slot = self.0.elapsed().as_secs_f64() * 1000.0;
        self.0 = Instant::now();
    }
}
