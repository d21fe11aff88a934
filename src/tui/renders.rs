//! Full-size renders in the background, one after the other.

use std::cell::LazyCell;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use super::message::{Message, RenderRequest};
use crate::engine::guarded::lock;
use crate::engine::render::Cancel;
use crate::files::{Job, Protected, RecipeChoice, Results, Stage};

/// A job without its picture and recipe, and which recipe a picture gets that was not opened.
#[derive(Clone, Debug)]
pub struct RenderSettings {
    /// Everything but input, recipe and its folder.
    pub job: Job,
    /// The recipe of pictures that were not opened.
    pub choice: RecipeChoice,
}

/// The queue of full-size renders.
#[derive(Debug)]
pub struct Renders {
    requests: Sender<RenderRequest>,
    waiting: Arc<Mutex<VecDeque<Cancel>>>,
}

impl Renders {
    /// Starts the thread that renders; it answers with messages.
    pub fn start(paths: Vec<PathBuf>, settings: RenderSettings, answers: Sender<Message>) -> Self {
        let (requests, queue) = mpsc::channel();
        let waiting = Arc::new(Mutex::new(VecDeque::new()));
        let cancels = waiting.clone();
        thread::spawn(move || run(&paths, &settings, &queue, &cancels, &answers));
        Self { requests, waiting }
    }

    /// Adds a render to the queue.
    pub fn add(&self, request: RenderRequest) {
        let mut waiting = lock(&self.waiting);
        waiting.push_back(Cancel::default());
        // The thread ends only with the program.
        let _ = self.requests.send(request);
    }

    /// Cancels the render that runs and all that wait.
    pub fn cancel(&self) {
        let waiting = lock(&self.waiting);
        waiting.iter().for_each(Cancel::cancel);
    }
}

fn run(
    paths: &[PathBuf],
    settings: &RenderSettings,
    queue: &Receiver<RenderRequest>,
    cancels: &Mutex<VecDeque<Cancel>>,
    answers: &Sender<Message>,
) {
    // It takes a look at each of them.
    let protected = LazyCell::new(|| paths.iter().collect::<Protected>());
    let mut written = Results::default();
    for request in queue {
        let cancel = {
            let waiting = lock(cancels);
            waiting.front().cloned().unwrap_or_default()
        };
        let picture = request.picture;
        let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            render(
                &paths[picture],
                (settings, &protected),
                request,
                &mut written,
                (&cancel, answers),
            )
        }));
        let message = answer.unwrap_or_else(|_| Message::RenderEnded {
            picture,
            result: Err("the render failed; that is a bug in repore".to_string()),
        });
        lock(cancels).pop_front();
        if answers.send(message).is_err() {
            return;
        }
    }
}

fn render(
    path: &Path,
    (settings, protected): (&RenderSettings, &Protected),
    request: RenderRequest,
    written: &mut Results,
    (cancel, answers): (&Cancel, &Sender<Message>),
) -> Message {
    let picture = request.picture;
    let ended = |result| Message::RenderEnded { picture, result };
    if cancel.is_cancelled() {
        return ended(Ok(None));
    }
    let (recipe, folder) = match &request.recipe {
        Some(it) => it.clone(),
        None => match settings.choice.for_picture(path) {
            Ok(chosen) => (chosen.recipe, chosen.folder),
            Err(error) => return ended(Err(error.to_string())),
        },
    };
    let job = Job {
        input: path.to_path_buf(),
        recipe,
        recipe_folder: folder,
        overwrite: request.overwrite,
        protected: protected.clone(),
        ..settings.job.clone()
    };
    let output = job.expected_output();
    if let Some(Err(error)) = output.as_ref().map(|it| written.check(it, path)) {
        return ended(Err(error.to_string()));
    }
    let exists = output.is_some_and(|it| it.is_file());
    if exists && !request.overwrite {
        return Message::RenderExists(request);
    }
    let progress = |stage: Stage| {
        let share = match stage {
            Stage::Read => 0.0,
            // Reading and writing take their share of the time.
            Stage::Render(done, total) => 0.1 + 0.7 * done as f64 / total.max(1) as f64,
            Stage::Write => 0.8,
        };
        // When the interface has ended, nobody listens any more.
        let _ = answers.send(Message::RenderProgress { picture, share });
    };
    ended(match job.run(&progress, cancel) {
        Ok(Some(rendered)) => {
            let skipped = rendered.skipped.iter().map(ToString::to_string);
            let remarks = skipped.chain(rendered.notes).collect();
            written.add(&rendered.output, path);
            Ok(Some((rendered.output, remarks)))
        }
        Ok(None) => Ok(None),
        Err(error) => Err(error.to_string()),
    })
}
