//! The loop between the terminal, the model and the threads that work for it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Instant;

use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use super::canvas::Canvas;
use super::geometry::Size;
use super::input::{self, Input, Parser, Reply};
use super::link::LinkSpeed;
use super::measure::Measures;
use super::message::{Effect, Message, SavePatch, Survey};
use super::model::Model;
use super::picture::probe::{self, Question};
use super::picture::{Coded, Coder, PreviewChoice, Surroundings};
use super::renders::{RenderSettings, Renders};
use super::screen::{Takeover, Writer, restore, write_all};
use super::terminal::Terminal;
use super::tone::Tones;
use super::update::{start, update};
use super::worker::PreviewWorker;
use crate::engine::recipe::Recipe;
use crate::engine::render::{ORIGINAL, SELF};
use crate::files::{
    Donors, FileError, OriginalFinder, Originals, ReadOptions, RecipeChoice, find_original,
    keep_recipe, read_photo_with, sidecar_path, write_recipe,
};

/// What the interface is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The pictures to list.
    pub pictures: Vec<PathBuf>,
    /// What renders do, and which recipe a picture begins with.
    pub settings: RenderSettings,
    /// How fast the way to the terminal is.
    pub link: LinkSpeed,
    /// How the preview is to be shown.
    pub preview: PreviewChoice,
}

/// Something for the loop.
enum LoopEvent {
    /// Something that happened.
    Message(Box<Message>),
    /// Something that came from the terminal; `None` if nothing will any more.
    Input(Option<Input>),
    /// The last frame was handed to the system.
    Written,
    /// A picture is ready for the wire.
    Coded(Coded),
    /// A signal.
    Signal(i32),
}

/// Runs the interface until it is left, and answers with what is to be said then.
///
/// # Errors
/// When there is no terminal, or it has gone.
pub fn run(options: Options) -> io::Result<Vec<String>> {
    let takeover = Takeover::begin()?;
    let (sender, events) = mpsc::channel();
    watch_signals(sender.clone())?;
    let surroundings = Surroundings::of_process();
    let (mut parser, mut typed) = (Parser::default(), Vec::new());
    let wanted = options.preview;
    let answers = probe::ask(io::stdout(), wanted, &surroundings, &mut parser, &mut typed)?;
    let terminal = Terminal::of(wanted, answers, surroundings);
    restore_on_panic();
    write_all(&takeover.enter()?)?;
    let messages = forward(sender.clone());
    for input in typed {
        // The other end is here.
        let _ = sender.send(LoopEvent::Input(Some(input)));
    }
    input::listen(parser, sender.clone(), LoopEvent::Input);
    let on_coded = sender.clone();
    let coder = Coder::start(move |coded| {
        let _ = on_coded.send(LoopEvent::Coded(coded));
    });
    let writer = Writer::start(move || {
        let _ = sender.send(LoopEvent::Written);
    });
    let canvas = Canvas::new(terminal.abilities, options.link, writer, coder)?;
    let mut shell = Shell::new(options, terminal, messages, canvas, takeover)?;
    let result = shell.run(&events);
    shell.canvas.leave();
    result.map(|()| shell.last_words)
}

/// Hears of signals on a thread of its own.
fn watch_signals(events: Sender<LoopEvent>) -> io::Result<()> {
    let mut signals = Signals::new([SIGCONT, SIGHUP, SIGINT, SIGTERM, SIGTSTP, SIGWINCH])?;
    thread::spawn(move || {
        for signal in &mut signals {
            if events.send(LoopEvent::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// A panic of this thread ends the program: the terminal is given back first. One of another
/// thread is caught there, and its message would only spoil the screen.
fn restore_on_panic() {
    let main = thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if thread::current().id() == main {
            restore();
            before(panic);
        }
    }));
}

/// A sender of messages into the loop's channel.
fn forward(events: Sender<LoopEvent>) -> Sender<Message> {
    let (sender, messages) = mpsc::channel();
    thread::spawn(move || {
        for message in messages {
            if events.send(LoopEvent::Message(Box::new(message))).is_err() {
                return;
            }
        }
    });
    sender
}

/// Finds out what is beside each picture, without holding anything up.
fn survey(pictures: Vec<PathBuf>, settings: RenderSettings, messages: Sender<Message>) {
    thread::spawn(move || {
        let mut originals = OriginalFinder::new(&settings.job.originals);
        let surveys = pictures.iter().map(|path| Survey {
            paired: matches!(originals.find(path), Ok(Some(_))),
            edited: sidecar_path(path).exists(),
            rendered: {
                let mut job = settings.job.clone();
                job.input = path.clone();
                job.expected_output().is_some_and(|it| it.exists())
            },
        });
        // When the interface has ended, nobody listens any more.
        let _ = messages.send(Message::Surveyed(surveys.collect()));
    });
}

struct Shell {
    model: Model,
    canvas: Canvas,
    takeover: Takeover,
    tells_cell: bool,
    worker: PreviewWorker,
    renders: Renders,
    tones: Tones,
    measures: Measures,
    choice: RecipeChoice,
    originals: Originals,
    read: ReadOptions,
    messages: Sender<Message>,
    /// To be said when the terminal was given back.
    last_words: Vec<String>,
}

impl Shell {
    fn new(
        options: Options,
        terminal: Terminal,
        messages: Sender<Message>,
        canvas: Canvas,
        takeover: Takeover,
    ) -> io::Result<Self> {
        let Options {
            pictures, settings, ..
        } = options;
        let originals: Originals = settings.job.originals.clone();
        survey(pictures.clone(), settings.clone(), messages.clone());
        let mut model = Model::new(
            pictures.clone(),
            screen_size()?,
            terminal.abilities.cell,
            terminal.offer,
            settings.job.overwrite,
        );
        model.working_folder = std::env::current_dir().unwrap_or_default();
        Ok(Self {
            model,
            canvas,
            takeover,
            tells_cell: terminal.abilities.tells_cell,
            worker: PreviewWorker::start(
                pictures.clone(),
                originals.clone(),
                settings.job.read,
                messages.clone(),
            ),
            read: settings.job.read,
            originals,
            messages: messages.clone(),
            choice: settings.choice.clone(),
            measures: Measures::new(
                pictures.clone(),
                settings.job.originals.clone(),
                settings.job.read,
                messages.clone(),
            ),
            tones: Tones::new(pictures.clone(), settings.clone(), messages.clone()),
            renders: Renders::start(pictures, settings, messages),
            last_words: Vec::new(),
        })
    }

    fn run(&mut self, events: &Receiver<LoopEvent>) -> io::Result<()> {
        let ended = self.run_until_left(events);
        if ended.is_err() {
            // A terminal that has gone may be noticed by what is written to it: changes are kept all the same.
            let effects = update(&mut self.model, Message::Terminate);
            self.carry_out(effects);
        }
        ended
    }

    fn run_until_left(&mut self, events: &Receiver<LoopEvent>) -> io::Result<()> {
        let effects = start(&mut self.model);
        self.carry_out(effects);
        loop {
            let deadline = self.canvas.step(&self.model)?;
            let first = match deadline {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => events.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            let first = match first {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            };
            // Everything that has come in is dealt with before the next frame.
            for event in std::iter::once(first).chain(events.try_iter()) {
                if !self.take(event)? {
                    return Ok(());
                }
            }
        }
    }

    /// Deals with something that happened; `false` is the end.
    fn take(&mut self, event: LoopEvent) -> io::Result<bool> {
        let message = match event {
            LoopEvent::Message(message) => *message,
            LoopEvent::Written => {
                self.canvas.written();
                return Ok(true);
            }
            LoopEvent::Coded(coded) => {
                self.canvas.coded(coded);
                return Ok(true);
            }
            LoopEvent::Input(Some(Input::Key(key))) => Message::Key(key),
            LoopEvent::Input(Some(Input::Mouse(event))) => Message::Mouse(event),
            LoopEvent::Input(Some(Input::Pasted(text))) => Message::Pasted(text),
            LoopEvent::Input(Some(Input::Focus(_))) => return Ok(true),
            LoopEvent::Input(Some(Input::Reply(reply))) => return Ok(self.hear(&reply)),
            // The terminal has gone.
            LoopEvent::Input(None) | LoopEvent::Signal(SIGHUP | SIGTERM | SIGINT) => {
                Message::Terminate
            }
            LoopEvent::Signal(SIGWINCH) => {
                if self.tells_cell {
                    // The font may have changed.
                    self.canvas.owe(Question::Cell.text().as_bytes());
                } else if let Some(cell) = probe::cell_of_window() {
                    self.set_cell(cell);
                }
                Message::Resized(screen_size()?)
            }
            LoopEvent::Signal(SIGTSTP) => return Ok(self.carry_out(vec![Effect::Suspend])),
            LoopEvent::Signal(SIGCONT) => {
                // A process that was stopped from outside may go on in the middle of a frame.
                let entry = self.takeover.enter()?;
                self.canvas.owe(&entry);
                self.canvas.begin_anew(self.model.screen);
                Message::Resized(screen_size()?)
            }
            LoopEvent::Signal(_) => return Ok(true),
        };
        self.canvas.touch();
        let effects = update(&mut self.model, message);
        Ok(self.carry_out(effects))
    }

    /// Takes in an answer of the terminal; `false` is the end.
    fn hear(&mut self, reply: &Reply) -> bool {
        match reply {
            Reply::Well => self.canvas.answered(Instant::now()),
            Reply::Graphics(answer) => self.canvas.hear(answer),
            Reply::Cell { width, height } => {
                let cell = Size::new((*width).into(), (*height).into());
                if self.set_cell(cell) {
                    let size = self.model.screen;
                    let effects = update(&mut self.model, Message::Resized(size));
                    return self.carry_out(effects);
                }
            }
            _ => {}
        }
        true
    }

    /// The size of a cell in pixels; whether it has changed.
    fn set_cell(&mut self, cell: Size) -> bool {
        let changed = self.model.cell != cell;
        self.model.cell = cell;
        self.canvas.set_cell(cell);
        changed
    }

    /// Does what the model asks for; `false` is the end.
    fn carry_out(&mut self, effects: Vec<Effect>) -> bool {
        let mut effects = std::collections::VecDeque::from(effects);
        while let Some(effect) = effects.pop_front() {
            match effect {
                Effect::ReadRecipe { picture } => {
                    let message = self.read_recipe(picture);
                    effects.extend(update(&mut self.model, message));
                }
                Effect::Preview(request) => self.worker.wish(request),
                Effect::Prepare { layer } => self.worker.prepare(layer),
                Effect::Render(request) => self.renders.add(request),
                Effect::CancelRenders => self.renders.cancel(),
                Effect::WriteRecipe {
                    picture,
                    recipe,
                    keep_old,
                } => {
                    let message = self.write_recipe(picture, recipe, keep_old);
                    effects.extend(update(&mut self.model, message));
                }
                Effect::ListDonors => {
                    let library = Donors::of_user().and_then(|it| it.list());
                    let library = library.map_err(|it| it.to_string());
                    effects.extend(update(&mut self.model, Message::DonorsListed(library)));
                }
                Effect::SaveDonor(save) => self.save_donor(save),
                Effect::WriteLow(layer) => self.tones.write(layer),
                Effect::AwaitTone(toning) => self.tones.wait(toning),
                Effect::LeaveTone => self.tones.leave(),
                Effect::Measure(request) => self.measures.measure(request),
                Effect::Tune(request) => self.measures.tune(request),
                Effect::LeaveMeasure => self.measures.leave(),
                Effect::Show(protocol) => self.canvas.show_by(protocol, self.model.screen),
                Effect::LeavePreview => self.worker.leave(),
                Effect::Redraw => self.canvas.redraw(self.model.screen),
                Effect::RedrawAll => self.canvas.begin_anew(self.model.screen),
                Effect::Suspend => self.suspend(),
                Effect::Quit => {
                    self.renders.cancel();
                    self.measures.leave();
                    return false;
                }
            }
        }
        true
    }

    /// Saves a patch, without holding anything up.
    fn save_donor(&self, save: SavePatch) {
        let picture = self.model.entries[save.picture].path.clone();
        let (originals, messages) = (self.originals.clone(), self.messages.clone());
        let read = self.read;
        thread::spawn(move || {
            let saved = save_patch((&picture, &originals), read, &save);
            let said = saved.map(|()| format!("saved {} to the donor library", save.name));
            // When the interface has ended, nobody listens any more.
            let _ = messages.send(Message::DonorSaved(said.map_err(|it| it.to_string())));
        });
    }

    fn read_recipe(&self, picture: usize) -> Message {
        let path = &self.model.entries[picture].path;
        let recipe = self.choice.for_picture(path);
        Message::RecipeRead {
            picture,
            recipe: recipe
                .map(|it| (it.recipe, it.folder))
                .map_err(|it| it.to_string()),
        }
    }

    fn write_recipe(&mut self, picture: usize, recipe: Recipe, leaving: bool) -> Message {
        let entry = &self.model.entries[picture];
        let folder = entry.edit.as_ref().map(|it| it.folder.clone());
        let folder = folder.unwrap_or_default();
        let written = write_sidecar(&entry.path, &folder, &recipe, leaving);
        if let (Err(why), true) = (&written, leaving) {
            // Nobody can be asked any more.
            let name = entry.name();
            self.last_words.push(why.to_string());
            let kept = keep_recipe(&entry.path, &with_whole_paths(&recipe, &folder));
            self.last_words.push(match kept {
                Ok(path) => format!("the recipe of {name} was kept as {}", path.display()),
                Err(error) => format!("the recipe of {name} is lost: {error}"),
            });
        }
        Message::RecipeWritten {
            picture,
            recipe,
            error: written.err().map(|it| it.to_string()),
        }
    }

    /// Stops until the shell has this process go on, which SIGCONT tells.
    fn suspend(&mut self) {
        self.canvas.leave();
        // It is a signal that has a default.
        let _ = emulate_default_handler(SIGTSTP);
    }
}

/// The size of the terminal in cells.
fn screen_size() -> io::Result<Size> {
    let (width, height) = crossterm::terminal::size()?;
    Ok(Size::new(width.into(), height.into()))
}

/// Saves a patch of a picture, or of what its graft names as the donor.
fn save_patch(
    (picture, originals): (&Path, &Originals),
    read: ReadOptions,
    save: &SavePatch,
) -> Result<(), FileError> {
    let source = match save.donor.as_str() {
        SELF => picture.to_path_buf(),
        ORIGINAL => find_original(picture, originals)?.ok_or_else(|| {
            FileError::new("save a patch of the original of", picture, "it has none")
        })?,
        path => save.folder.join(path),
    };
    let photo = read_photo_with(&source, read)?;
    Donors::of_user()?
        .save(&save.name, &source, &photo, save.patch, false)
        .map(|_| ())
}

/// A recipe whose paths start from nowhere but the root.
fn with_whole_paths(recipe: &Recipe, folder: &Path) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.move_files(|path| {
        let path = folder.join(path);
        let absolute = std::path::absolute(&path).unwrap_or(path);
        absolute.to_string_lossy().into_owned()
    });
    recipe
}

/// Writes a picture's recipe beside it. Paths in the recipe start from `folder` and are made to
/// start from the picture's; a recipe that is there is kept as a copy if asked for.
fn write_sidecar(
    picture: &Path,
    folder: &Path,
    recipe: &Recipe,
    keep_old: bool,
) -> Result<(), FileError> {
    let sidecar = sidecar_path(picture);
    let beside = picture.parent().unwrap_or(Path::new(""));
    let recipe = match folder == beside {
        true => recipe.clone(),
        false => with_whole_paths(recipe, folder),
    };
    if keep_old && sidecar.exists() {
        let mut copy = sidecar.clone().into_os_string();
        copy.push(".bak");
        std::fs::copy(&sidecar, &copy)
            .map_err(|it| FileError::from_io("keep a copy of", &sidecar, &it))?;
    }
    write_recipe(&sidecar, &recipe)
}
