//! A program that works on a photo's low layer alone: its texture never leaves the photo.

use std::path::{Path, PathBuf};

use super::decode::read_photo_with;
use super::encode::{EncodeOptions, encode};
use super::layers::{Clock, Writing, Written, fitted, layer_edit, layer_format};
use super::metadata::Edit;
use super::output::{check_output, output_format};
use super::program::{Ended, Listener, Program, Started};
use super::{FileError, Format, Photo, ReadOptions};
use crate::engine::raster::Image;
use crate::engine::render::{Cancel, low_layer, retone};

/// What the names of low layers and of toned photos say behind the photo's own.
const LOW_LAYER: &str = "low-layer";
const TONED: &str = "toned";

/// Who makes the tone of a photo.
#[derive(Clone, Debug)]
pub enum Toner {
    /// A program that is run on the low layer; what it prints goes to the listener.
    Program(Program, Listener),
    /// Somebody who got the low layer, and put what became of it into this file.
    File(PathBuf),
}

/// A photo whose tone another program makes.
#[derive(Clone, Debug)]
pub struct Tone {
    /// The photo.
    pub photo: PathBuf,
    /// The Gaussian's deviation, in pixels: what is finer is texture.
    pub radius: f64,
    /// Who makes the tone.
    pub toner: Toner,
    /// Where the result goes.
    pub output: PathBuf,
    /// Whether what comes back in another size is scaled to the photo's.
    pub fit: bool,
    /// How pictures are read.
    pub read: ReadOptions,
    /// How the result is written.
    pub writing: Writing,
}

impl Tone {
    /// Has the tone made of the low layer and writes the photo with it. `None` is a run that was
    /// cancelled. Nothing stays of what was between.
    ///
    /// # Errors
    /// When the program fails or takes too long, what it wrote is no picture or has another size, or
    /// something cannot be read or written.
    pub fn run(&self, cancel: &Cancel) -> Result<Option<Written>, FileError> {
        let mut started = None;
        let result = self.toned(&mut started, cancel);
        if let (Err(_) | Ok(None), Some(started)) = (&result, started) {
            started.end();
        }
        result
    }

    fn toned(
        &self,
        started: &mut Option<Started>,
        cancel: &Cancel,
    ) -> Result<Option<Written>, FileError> {
        let mut clock = Clock::start();
        let format = output_format(&self.output, self.writing.format)?;
        let mut inputs = vec![self.photo.as_path()];
        if let Toner::File(file) = &self.toner {
            inputs.push(file);
        }
        check_output(&self.output, inputs, self.writing.overwrite)?;
        let photo = read_photo_with(&self.photo, self.read)?;
        let mut written = Written::default();
        written.notes.extend(photo.notes.iter().cloned());
        clock.lap(&mut written.timings.read_ms);
        let Ok(low) = low_layer(&photo.image, self.radius, &|_, _| {}, cancel) else {
            return Ok(None);
        };
        let mut split_ms = 0.0;
        clock.lap(&mut split_ms);
        let answer = match &self.toner {
            Toner::Program(program, listener) => {
                let program = (program, *listener, started);
                self.ask(program, &photo, &low, cancel)?
            }
            Toner::File(file) => Some(read_photo_with(file, self.read)?),
        };
        let Some(answer) = answer else {
            return Ok(None);
        };
        let depth = self.writing.depth.unwrap_or(photo.image.depth());
        written
            .notes
            .extend(format.losses(depth, photo.image.layout()));
        let depth = format.nearest_depth(depth);
        let answer = fitted(answer, &photo, depth, self.fit, &mut written.notes);
        let answer = answer.map_err(|misfit| {
            let cause = format!(
                "{} {}×{} pixels and the photo has {}×{}",
                match &self.toner {
                    Toner::Program(..) => "the program wrote".to_string(),
                    Toner::File(file) => format!("{} has", file.display()),
                },
                misfit.own.0,
                misfit.own.1,
                misfit.wanted.0,
                misfit.wanted.1
            );
            self.refuse(cause)
                .with_cure(misfit.cure("have it keep the size"))
        })?;
        let mut asked_ms = 0.0;
        clock.lap(&mut asked_ms);
        match &self.toner {
            Toner::Program(..) => written.program_ms = Some(asked_ms),
            Toner::File(_) => written.timings.read_ms += asked_ms,
        }
        let Ok(image) = retone(&photo.image, &low, &answer, depth, cancel) else {
            return Ok(None);
        };
        clock.lap(&mut written.timings.render_ms);
        written.timings.render_ms += split_ms;
        let edit = Edit::new(format!("tone radius = {}", self.radius));
        let result = (image, &photo.metadata, &edit);
        let done = self
            .writing
            .write(result, &self.output, &mut written, cancel)?;
        Ok(done.map(|()| written))
    }

    /// What the program makes of the low layer, and what it may have started meanwhile.
    fn ask(
        &self,
        (program, listener, started): (&Program, Listener, &mut Option<Started>),
        photo: &Photo,
        low: &Image,
        cancel: &Cancel,
    ) -> Result<Option<Photo>, FileError> {
        let folder = tempfile::Builder::new().prefix("repore-").tempdir();
        let folder = folder
            .map_err(|it| self.refuse(format!("there is no room for a temporary folder: {it}")))?;
        let [input, output] = ["low.png", "toned.png"].map(|it| folder.path().join(it));
        self.hand_over(photo, low, &input)?;
        let ended = program.run(&input, &output, listener, cancel);
        let ended = ended.map_err(|it| self.refuse(format!("the shell cannot be run: {it}")))?;
        match ended {
            Ended::Cancelled => return Ok(None),
            Ended::Failed(words) => return Err(self.refuse(words)),
            Ended::Well(it) => *started = Some(it),
        }
        if !output.exists() {
            return Err(self
                .refuse("the program ended well and wrote no picture".to_string())
                .with_cure("have it write to {out}"));
        }
        let answer = read_photo_with(&output, self.read);
        let answer = answer.map_err(|it| {
            self.refuse(format!(
                "what the program wrote cannot be read: {}",
                it.cause
            ))
        })?;
        // A folder that cannot be removed is for the person to know of.
        let closed = folder.close();
        closed.map_err(|it| self.refuse(format!("a temporary folder was left behind: {it}")))?;
        Ok(Some(answer))
    }

    /// Writes the low layer with its profile alone: camera, place and history are nobody's business.
    fn hand_over(&self, photo: &Photo, low: &Image, input: &Path) -> Result<(), FileError> {
        let mut metadata = photo.metadata.clone();
        metadata.strip();
        let options = EncodeOptions {
            format: Format::Png,
            quality: None,
        };
        let bytes = encode(low.clone(), &metadata, options);
        let bytes = bytes.map_err(|it| self.refuse(it.to_string()))?;
        std::fs::write(input, bytes).map_err(|it| FileError::from_io("write", input, &it))
    }

    fn refuse(&self, cause: String) -> FileError {
        FileError::new("tone", &self.photo, cause)
    }
}

/// Writes the low layer of a photo into a file, with all metadata. `None` is one that was cancelled.
///
/// # Errors
/// When something cannot be read or written, or the file's format holds less than 16 bits.
pub fn write_low(
    photo: &Path,
    radius: f64,
    low: &Path,
    (read, writing): (ReadOptions, Writing),
    cancel: &Cancel,
) -> Result<Option<Written>, FileError> {
    layer_format(low, writing.format)?;
    check_output(low, [photo], writing.overwrite)?;
    let photo = read_photo_with(photo, read)?;
    let Ok(layer) = low_layer(&photo.image, radius, &|_, _| {}, cancel) else {
        return Ok(None);
    };
    let mut written = Written::default();
    let edit = layer_edit(&photo, radius);
    let done = writing.write((layer, &photo.metadata, &edit), low, &mut written, cancel)?;
    Ok(done.map(|()| written))
}

/// Where the low layer of a photo goes that nobody gave a name.
pub fn low_layer_path(photo: &Path) -> PathBuf {
    photo.with_extension(format!("{LOW_LAYER}.tif"))
}

/// A free name for a photo that got another tone: `STEM.toned.EXT` beside it, or with a number.
pub fn toned_path(photo: &Path, format: Option<Format>) -> PathBuf {
    let own = Format::of_path(photo);
    let format = format.or(own).unwrap_or(Format::Png);
    let extension = match photo.extension() {
        Some(it) if own == Some(format) => it.to_string_lossy().into_owned(),
        _ => format.extensions()[0].to_string(),
    };
    let first = photo.with_extension(format!("{TONED}.{extension}"));
    let numbered = |n: u32| photo.with_extension(format!("{TONED}-{n}.{extension}"));
    let names = std::iter::once(first).chain((2..).map(numbered));
    let mut names = names.skip_while(|it| it.exists());
    names.next().expect("some number is free")
}

/// Whether a file's stem is that of a low layer or of a toned photo.
pub(super) fn is_of_tone(stem: &str) -> bool {
    let last = stem.rsplit_once('.').map_or("", |it| it.1);
    last == LOW_LAYER
        || last
            .strip_prefix(TONED)
            .is_some_and(|it| it.is_empty() || it.starts_with('-'))
}
