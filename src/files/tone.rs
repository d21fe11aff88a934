//! A program that works on a photo's low layer alone: its texture never leaves the photo.

use std::path::{Path, PathBuf};

use super::decode::read_photo_with;
use super::encode::{EncodeOptions, encode};
use super::layers::{Clock, Writing, Written, fitted};
use super::metadata::Edit;
use super::output::{check_output, output_format};
use super::program::{Ended, Listener, Program};
use super::{FileError, Format, Photo, ReadOptions};
use crate::engine::raster::Image;
use crate::engine::render::{Cancel, low_layer, retone};

/// A photo whose tone another program makes.
#[derive(Clone, Debug)]
pub struct Tone {
    /// The photo.
    pub photo: PathBuf,
    /// The Gaussian's deviation, in pixels: what is finer is texture.
    pub radius: f64,
    /// The program.
    pub program: Program,
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
    /// Runs the program on the low layer and writes the photo with the tone that it made. `None` is
    /// a run that was cancelled. Nothing stays of what was between.
    ///
    /// # Errors
    /// When the program fails or takes too long, what it wrote is no picture or has another size, or
    /// something cannot be read or written.
    pub fn run(&self, listener: Listener, cancel: &Cancel) -> Result<Option<Written>, FileError> {
        let mut clock = Clock::start();
        let format = output_format(&self.output, self.writing.format)?;
        let photo_path = [self.photo.as_path()];
        check_output(&self.output, photo_path, self.writing.overwrite)?;
        let photo = read_photo_with(&self.photo, self.read)?;
        let mut written = Written::default();
        written.notes.extend(photo.notes.iter().cloned());
        clock.lap(&mut written.timings.read_ms);
        let Ok(low) = low_layer(&photo.image, self.radius, &|_, _| {}, cancel) else {
            return Ok(None);
        };
        let mut split_ms = 0.0;
        clock.lap(&mut split_ms);
        let Some(answer) = self.ask(&photo, &low, listener, cancel)? else {
            return Ok(None);
        };
        let depth = self.writing.depth.unwrap_or(photo.image.depth());
        let depth = format.nearest_depth(depth);
        let answer = fitted(answer, &photo, depth, self.fit, &mut written.notes);
        let answer = answer.map_err(|misfit| {
            let cause = format!(
                "the program wrote {}×{} pixels and the photo has {}×{}",
                misfit.own.0, misfit.own.1, misfit.wanted.0, misfit.wanted.1
            );
            self.refuse(cause)
                .with_cure(misfit.cure("have it keep the size"))
        })?;
        clock.lap(written.program_ms.insert(0.0));
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

    /// What the program makes of the low layer.
    fn ask(
        &self,
        photo: &Photo,
        low: &Image,
        listener: Listener,
        cancel: &Cancel,
    ) -> Result<Option<Photo>, FileError> {
        let folder = tempfile::Builder::new().prefix("repore-").tempdir();
        let folder = folder
            .map_err(|it| self.refuse(format!("there is no room for a temporary folder: {it}")))?;
        let [input, output] = ["low.png", "toned.png"].map(|it| folder.path().join(it));
        self.hand_over(photo, low, &input)?;
        let ended = self.program.run(&input, &output, listener, cancel);
        let ended = ended.map_err(|it| self.refuse(format!("the shell cannot be run: {it}")))?;
        match ended {
            Ended::Cancelled => return Ok(None),
            Ended::Failed(words) => return Err(self.refuse(words)),
            Ended::Well if !output.exists() => {
                return Err(self
                    .refuse("the program ended well and wrote no picture".to_string())
                    .with_cure("have it write to {out}"));
            }
            Ended::Well => {}
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
