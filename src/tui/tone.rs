//! Low layers written and merged again in the background, and the wait in between.

use std::fs;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, SystemTime};

use super::message::{LowLayer, LowResult, Message, Toning};
use super::renders::RenderSettings;
use crate::engine::render::Cancel;
use crate::files::{FileError, Tone, Toner, Writing, toned_path, write_low};

/// Time between two looks at a file that is waited for.
const LOOK: Duration = Duration::from_millis(400);

/// What is to be done for the low layers of pictures.
#[derive(Debug)]
pub struct Tones {
    paths: Vec<PathBuf>,
    settings: RenderSettings,
    messages: Sender<Message>,
    /// Ends the wait that goes on.
    waiting: Cancel,
}

impl Tones {
    /// Nothing to be done yet; answers come as messages.
    pub fn new(paths: Vec<PathBuf>, settings: RenderSettings, messages: Sender<Message>) -> Self {
        Self {
            paths,
            settings,
            messages,
            waiting: Cancel::default(),
        }
    }

    /// Writes a low layer.
    pub fn write(&self, layer: LowLayer) {
        let photo = self.paths[layer.picture].clone();
        let read = self.settings.job.read;
        let writing = Writing {
            overwrite: layer.replace,
            ..Writing::default()
        };
        let messages = self.messages.clone();
        thread::spawn(move || {
            let result = if layer.path.is_file() && !layer.replace {
                LowResult::Exists
            } else {
                let options = (read, writing);
                let cancel = Cancel::default();
                match write_low(&photo, layer.radius, &layer.path, options, &cancel) {
                    Ok(_) => LowResult::Written(
                        stamp(&layer.path).map_or_else(SystemTime::now, |it| it.0),
                    ),
                    Err(error) => LowResult::Failed(error.to_string()),
                }
            };
            // When the interface has ended, nobody listens any more.
            let _ = messages.send(Message::LowWritten(layer, result));
        });
    }

    /// Waits for what is made of a low layer, and merges it. An earlier wait ends.
    pub fn wait(&mut self, toning: Toning) {
        self.leave();
        self.waiting = Cancel::default();
        let cancel = self.waiting.clone();
        let tone = self.tone(&toning);
        let messages = self.messages.clone();
        thread::spawn(move || {
            if !toning.now && !arrives(&toning, &cancel) {
                return;
            }
            if let Some(result) = merged(tone, &cancel).transpose() {
                let _ = messages.send(Message::Toned(result.map_err(|it| it.to_string())));
            }
        });
    }

    /// Ends the wait.
    pub fn leave(&self) {
        self.waiting.cancel();
    }

    fn tone(&self, toning: &Toning) -> Tone {
        let job = &self.settings.job;
        Tone {
            photo: self.paths[toning.low.picture].clone(),
            radius: toning.low.radius,
            toner: Toner::File(toning.answer.clone()),
            output: toned_path(&self.paths[toning.low.picture], job.format),
            fit: true,
            read: job.read,
            writing: Writing {
                format: job.format,
                depth: job.depth,
                quality: job.quality,
                overwrite: false,
                strip: job.strip,
            },
        }
    }
}

/// When a file was written, and how large it is.
fn stamp(path: &std::path::Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

/// Waits until the file is newer than the low layer and is not being written any more; `false` is a
/// wait that was cancelled.
fn arrives(toning: &Toning, cancel: &Cancel) -> bool {
    let mut before = None;
    while !cancel.is_cancelled() {
        let now = stamp(&toning.answer).filter(|it| it.0 > toning.written && it.1 > 0);
        if now.is_some() && now == before {
            return true;
        }
        before = now;
        thread::sleep(LOOK);
    }
    false
}

fn merged(tone: Tone, cancel: &Cancel) -> Result<Option<(PathBuf, Vec<String>)>, FileError> {
    let written = tone.run(cancel)?;
    Ok(written.map(|it| (tone.output, it.notes)))
}
