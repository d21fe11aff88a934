//! The meter and the search for settings, off the input loop. The newest wish wins; older ones are cancelled.

use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::thread;

use super::message::{MeasureRequest, Message};
use crate::engine::render::{Cancel, Freedom};
use crate::files::{Chosen, Closest, Inspect, Originals, ReadOptions, Sought};

/// What measures and searches.
#[derive(Debug)]
pub struct Measures {
    paths: Vec<PathBuf>,
    originals: Originals,
    read: ReadOptions,
    messages: Sender<Message>,
    /// Ends what goes on.
    running: Cancel,
}

impl Measures {
    /// Nothing to be done yet; answers come as messages.
    pub fn new(
        paths: Vec<PathBuf>,
        originals: Originals,
        read: ReadOptions,
        messages: Sender<Message>,
    ) -> Self {
        Self {
            paths,
            originals,
            read,
            messages,
            running: Cancel::default(),
        }
    }

    /// Measures a picture and what its recipe makes of it.
    pub fn measure(&mut self, request: MeasureRequest) {
        let inspect = Inspect {
            input: self.paths[request.picture].clone(),
            originals: self.originals.clone(),
            mask: None,
            recipe: Some(chosen(&request)),
            read: self.read,
        };
        self.start(move |cancel| {
            let measured = inspect.run(cancel).transpose()?;
            Some(Message::Measured {
                number: request.number,
                result: measured
                    .map(|it| Box::new(it.inspection))
                    .map_err(|it| it.to_string()),
            })
        });
    }

    /// Looks for the settings of a recipe that come closest to the original, or else to unspoiled skin.
    pub fn tune(&mut self, request: MeasureRequest) {
        let closest = Closest {
            input: self.paths[request.picture].clone(),
            originals: self.originals.clone(),
            reference: Sought::Own,
            patch: None,
            recipe: chosen(&request),
            freedom: Freedom::Tune,
            read: self.read,
        };
        self.start(move |cancel| {
            let found = closest.run(&request.folder, cancel).transpose()?;
            let result = found.map(|it| {
                let said = format!("{:.1} dB from {}", it.tuned.difference, it.reference);
                (Box::new(it.tuned.recipe), said)
            });
            let result = result.map_err(|it| it.to_string());
            let request = Box::new(request);
            Some(Message::Tuned { request, result })
        });
    }

    /// Ends what goes on.
    pub fn leave(&self) {
        self.running.cancel();
    }

    /// Has `work` done on another thread, and what was done before no longer. It answers nothing once it was cancelled.
    fn start(&mut self, work: impl FnOnce(&Cancel) -> Option<Message> + Send + 'static) {
        self.leave();
        self.running = Cancel::default();
        let (cancel, messages) = (self.running.clone(), self.messages.clone());
        thread::spawn(move || {
            if let Some(message) = work(&cancel) {
                // When the interface has ended, nobody listens any more.
                let _ = messages.send(message);
            }
        });
    }
}

fn chosen(request: &MeasureRequest) -> Chosen {
    Chosen {
        recipe: request.recipe.clone(),
        folder: request.folder.clone(),
        source: String::new(),
        file: None,
    }
}
