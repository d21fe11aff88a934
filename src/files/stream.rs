//! A result on its way to the disk: bands are rendered, coded and written at the same time.

use std::fs::File;
use std::io::{self, BufWriter};
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use super::encode::{Bands, EncodeOptions, Refusal, Strip, encode};
use super::job::{Stage, Timings};
use super::layers::Clock;
use super::metadata::Metadata;
use super::{FileError, SafeWriter};
use crate::engine::raster::Depth;
use crate::engine::render::{Cancel, Plan, Progress};

/// Bytes of coded bands that may wait for the disk.
const WAITING: usize = 64 << 20;

/// After so many bytes the disk is asked to take them, while others are still made.
const FLUSHED: usize = 16 << 20;

/// How a result is written.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    pub output: &'a Path,
    pub depth: Depth,
    pub options: EncodeOptions,
    pub metadata: &'a Metadata,
}

impl Destination<'_> {
    /// Renders a plan into a file that is not in its place yet; `None` if it was cancelled. What was
    /// rendered and encoded by itself is timed.
    ///
    /// # Errors
    /// When the picture does not fit its format, or cannot be written.
    pub fn fill(
        self,
        plan: &Plan,
        progress: &(dyn Fn(Stage) + Sync),
        cancel: &Cancel,
        timings: &mut Timings,
    ) -> Result<Option<SafeWriter>, FileError> {
        let mut clock = Clock::start();
        let rows: Progress = &|done, total| progress(Stage::Render(done, total));
        let depth = self.options.format.nearest_depth(self.depth);
        let picture = plan.picture();
        let size = (picture.width(), picture.height());
        let mut writer = SafeWriter::new(self.output)?;
        let refuse = |it| self.refusal(it);
        let kind = (picture.layout(), depth);
        let bands = Bands::new(size, kind, self.metadata, self.options).map_err(refuse)?;
        let Some(bands) = bands else {
            let Ok(image) = plan.render(depth, rows, cancel) else {
                return Ok(None);
            };
            progress(Stage::Write);
            clock.lap(&mut timings.render_ms);
            let bytes = encode(image, self.metadata, self.options).map_err(refuse)?;
            clock.lap(&mut timings.encode_ms);
            if cancel.is_cancelled() {
                return Ok(None);
            }
            writer.fill(&bytes)?;
            return Ok(Some(writer));
        };
        let row = size.0 * picture.layout().channels() * depth.bytes();
        let (send, receive) = sync_channel((WAITING / (64 * row)).clamp(2, 256));
        let (ended, written) = thread::scope(|scope| {
            // It mostly waits for the disk.
            let writing = scope.spawn(|| write_bands(&bands, receive, writer.file()));
            let ended = plan.render_bands(
                depth,
                rows,
                cancel,
                |y, band| bands.code(y, &band),
                |coded| match send.send(coded) {
                    Ok(()) => ControlFlow::Continue(()),
                    // It failed, and says why at the end.
                    Err(_) => ControlFlow::Break(()),
                },
            );
            drop(send);
            progress(Stage::Write);
            clock.lap(&mut timings.render_ms);
            let written = writing.join();
            (ended, written.unwrap_or_else(|it| resume_unwind(it)))
        });
        if ended.is_err() {
            return Ok(None);
        }
        written.map_err(refuse)?;
        Ok(Some(writer))
    }

    fn refusal(&self, cause: Refusal) -> FileError {
        match cause.downcast::<io::Error>() {
            Ok(it) => FileError::from_io("write", self.output, &it),
            Err(it) => FileError::new("write", self.output, it.to_string()),
        }
    }
}

/// Writes coded bands as they come, from top to bottom, onto the disk.
fn write_bands(
    bands: &Bands,
    receive: Receiver<Result<Vec<Strip>, Refusal>>,
    file: &mut File,
) -> Result<(), Refusal> {
    let disk = file.try_clone()?;
    let mut joint = bands.begin(BufWriter::new(file))?;
    let mut waiting = 0;
    for coded in receive {
        for strip in coded? {
            waiting += strip.size();
            joint.add(strip)?;
        }
        if waiting >= FLUSHED {
            disk.sync_data()?;
            waiting = 0;
        }
    }
    joint.finish()?;
    Ok(disk.sync_all()?)
}
