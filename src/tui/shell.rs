//! The loop between the terminal, the model and the threads that work for it.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use crossterm::event::Event;
use image::{RgbImage, RgbaImage};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

use super::geometry::Size;
use super::measure::Measures;
use super::message::{Effect, Message, SavePatch, Survey};
use super::model::{Dialog, Model};
use super::overlay::{Drawn, Overlay};
use super::picture::probe::{self, Abilities, Surroundings};
use super::picture::{Cells, Colours, Protocol};
use super::renders::{RenderSettings, Renders};
use super::screen::{FrameBuffer, LayerChange, Output, PictureChange, Takeover, Writer, restore};
use super::tone::Tones;
use super::update::{start, update};
use super::view;
use super::worker::PreviewWorker;
use crate::engine::recipe::Recipe;
use crate::engine::render::{ORIGINAL, SELF};
use crate::files::{
    Donors, FileError, Originals, RecipeChoice, find_original, read_photo, sidecar_path,
    write_recipe,
};

/// What the interface is opened with.
#[derive(Clone, Debug)]
pub struct Options {
    /// The pictures to list.
    pub pictures: Vec<PathBuf>,
    /// What renders do, and which recipe a picture begins with.
    pub settings: RenderSettings,
}

/// Something for the loop.
enum LoopEvent {
    /// Something that happened.
    Message(Box<Message>),
    /// The last frame was written.
    Idle,
}

/// Runs the interface until it is left.
///
/// # Errors
/// When there is no terminal, or it has gone.
pub fn run(options: Options) -> io::Result<()> {
    let takeover = Takeover::begin()?;
    let abilities = probe::ask(&Surroundings::of_process())?;
    restore_on_panic();
    takeover.enter()?;
    let (sender, events) = mpsc::channel();
    let messages = forward(sender.clone());
    let on_signal = messages.clone();
    ctrlc::set_handler(move || {
        let _ = on_signal.send(Message::Terminate);
    })
    .map_err(io::Error::other)?;
    read_keys(messages.clone());
    let writer = Writer::start(abilities.protocol, move || {
        let _ = sender.send(LoopEvent::Idle);
    });
    let mut shell = Shell::new(options, abilities, messages, writer)?;
    let result = shell.run(&events);
    shell.writer.restore();
    drop(takeover);
    result
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

/// Reads keys on a thread of their own, so that nothing keeps them waiting.
fn read_keys(messages: Sender<Message>) {
    thread::spawn(move || {
        loop {
            let message = match crossterm::event::read() {
                Ok(Event::Key(key)) => Message::Key(key),
                Ok(Event::Mouse(event)) => Message::Mouse(event),
                Ok(Event::Paste(text)) => Message::Pasted(text),
                Ok(Event::Resize(width, height)) => {
                    Message::Resized(Size::new(width.into(), height.into()))
                }
                Ok(Event::FocusGained | Event::FocusLost) => continue,
                // The terminal has gone.
                Err(_) => Message::Terminate,
            };
            let last = matches!(message, Message::Terminate);
            if messages.send(message).is_err() || last {
                return;
            }
        }
    });
}

/// Finds out what is beside each picture, without holding anything up.
fn survey(pictures: Vec<PathBuf>, settings: RenderSettings, messages: Sender<Message>) {
    thread::spawn(move || {
        let surveys = pictures.iter().map(|path| Survey {
            paired: matches!(find_original(path, &settings.job.originals), Ok(Some(_))),
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
    terminal: Terminal<CrosstermBackend<FrameBuffer>>,
    frame: FrameBuffer,
    writer: Writer,
    /// The last frame was written.
    idle: bool,
    /// Something changed since the last frame.
    dirty: bool,
    /// The picture on the screen if it is made of cells.
    cells: Option<Cells>,
    /// The picture on the screen if it is not, and where.
    shown: Option<(Arc<RgbImage>, Rect)>,
    /// What the tools draw over the preview.
    drawn: Drawn,
    /// The layer on the screen, and where.
    layer: Option<(Arc<RgbaImage>, Rect)>,
    abilities: Abilities,
    worker: PreviewWorker,
    renders: Renders,
    tones: Tones,
    measures: Measures,
    choice: RecipeChoice,
    originals: Originals,
    messages: Sender<Message>,
}

impl Shell {
    fn new(
        options: Options,
        abilities: Abilities,
        messages: Sender<Message>,
        writer: Writer,
    ) -> io::Result<Self> {
        let Options { pictures, settings } = options;
        let (width, height) = crossterm::terminal::size()?;
        let frame = FrameBuffer::default();
        let originals: Originals = settings.job.originals.clone();
        survey(pictures.clone(), settings.clone(), messages.clone());
        let mut model = Model::new(
            pictures.clone(),
            Size::new(width.into(), height.into()),
            abilities.protocol.cell(abilities.cell),
            settings.job.overwrite,
        );
        model.largest_picture = abilities.protocol.limit(model.largest_picture);
        Ok(Self {
            model,
            terminal: Terminal::new(CrosstermBackend::new(frame.clone()))?,
            frame,
            writer,
            idle: true,
            dirty: true,
            cells: None,
            shown: None,
            drawn: Drawn::default(),
            layer: None,
            abilities,
            worker: PreviewWorker::start(pictures.clone(), originals.clone(), messages.clone()),
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
        })
    }

    fn run(&mut self, events: &Receiver<LoopEvent>) -> io::Result<()> {
        let effects = start(&mut self.model);
        self.carry_out(effects);
        loop {
            if self.dirty && self.idle {
                self.draw()?;
            }
            let Ok(first) = events.recv() else {
                return Ok(());
            };
            // Everything that has come in is dealt with before the next frame.
            for event in std::iter::once(first).chain(events.try_iter()) {
                let message = match event {
                    LoopEvent::Idle => {
                        self.idle = true;
                        continue;
                    }
                    LoopEvent::Message(message) => message,
                };
                self.dirty = true;
                let effects = update(&mut self.model, *message);
                if !self.carry_out(effects) {
                    return Ok(());
                }
            }
        }
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
                Effect::Redraw => self.redraw(),
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
        thread::spawn(move || {
            let saved = save_patch(&picture, &originals, &save);
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

    fn write_recipe(&self, picture: usize, recipe: Recipe, keep_old: bool) -> Message {
        let entry = &self.model.entries[picture];
        let folder = entry.edit.as_ref().map(|it| it.folder.clone());
        let written = write_sidecar(&entry.path, folder.as_deref(), &recipe, keep_old);
        Message::RecipeWritten {
            picture,
            recipe,
            error: written.err().map(|it| it.to_string()),
        }
    }

    /// Has the next frame draw every cell and the picture.
    fn redraw(&mut self) {
        let size = self.model.screen;
        let width = u16::try_from(size.width).unwrap_or(u16::MAX);
        let height = u16::try_from(size.height).unwrap_or(u16::MAX);
        // It writes into memory, so it cannot fail.
        let _ = self.terminal.resize(Rect::new(0, 0, width, height));
        self.shown = None;
        self.layer = None;
        self.dirty = true;
    }

    fn draw(&mut self) -> io::Result<()> {
        let picture = self.next_picture();
        if matches!(picture, PictureChange::Clear) {
            self.redraw();
        }
        self.next_cells();
        let (model, cells) = (&self.model, self.cells.as_ref());
        let plain = self.abilities.colours == Colours::None;
        self.terminal.draw(|frame| {
            view::draw(model, cells, frame);
            if plain {
                view::take_colours(frame.buffer_mut());
            }
        })?;
        if let PictureChange::Show { image, place, .. } = &picture {
            self.shown = Some((image.clone(), *place));
        }
        let layer = self.next_layer();
        self.dirty = false;
        self.idle = false;
        self.writer.write(Output::Frame {
            cells: self.frame.take(),
            picture,
            layer,
        });
        Ok(())
    }

    /// The picture of cells that the next frame shows.
    fn next_cells(&mut self) {
        let protocol = self.abilities.protocol;
        let (Protocol::Cells(colours), Some(preview), Some(layout)) =
            (protocol, &self.model.preview, self.model.layout())
        else {
            self.cells = None;
            return;
        };
        let image = match Overlay::of(&self.model) {
            Some(overlay) => self.drawn.merged(&preview.image, overlay),
            None => preview.image.clone(),
        };
        let place = protocol.place(&image, layout.picture, self.abilities.cell);
        let draft = !preview.settled;
        self.cells = Some(Cells::after(
            self.cells.take(),
            &image,
            place,
            colours,
            draft,
        ));
    }

    /// What becomes of the picture in the next frame, if it is not made of cells.
    fn next_picture(&mut self) -> PictureChange {
        if matches!(self.abilities.protocol, Protocol::Cells(_)) {
            return PictureChange::Keep;
        }
        let covered = !matches!(
            self.model.dialog,
            None | Some(Dialog::Type(_) | Dialog::Filter)
        );
        let preview = self.model.preview.as_ref().filter(|_| !covered);
        match (preview, self.model.layout(), &self.shown) {
            (Some(preview), Some(layout), shown) => {
                let protocol = self.abilities.protocol;
                // Kitty shows it as a layer of its own.
                let overlay = Overlay::of(&self.model).filter(|_| protocol != Protocol::Kitty);
                let image = &match overlay {
                    Some(overlay) => self.drawn.merged(&preview.image, overlay),
                    None => preview.image.clone(),
                };
                let place = protocol.place(image, layout.picture, self.abilities.cell);
                match shown {
                    Some((old, at)) if Arc::ptr_eq(old, image) && *at == place => {
                        PictureChange::Keep
                    }
                    old => PictureChange::Show {
                        image: image.clone(),
                        place,
                        uncovered: old.as_ref().map(|it| it.1).filter(|it| *it != place),
                    },
                }
            }
            (_, _, Some(_)) => PictureChange::Clear,
            _ => PictureChange::Keep,
        }
    }
}

impl Shell {
    /// What becomes of the layer over the picture that the next frame shows.
    fn next_layer(&mut self) -> LayerChange {
        let preview = self.model.current_preview().map(|it| it.image.clone());
        let overlay =
            Overlay::of(&self.model).filter(|_| self.abilities.protocol == Protocol::Kitty);
        let wanted = match (&self.shown, preview, overlay) {
            (Some((shown, place)), Some(preview), Some(overlay))
                if Arc::ptr_eq(shown, &preview) =>
            {
                Some((self.drawn.layer(&preview, overlay), *place))
            }
            _ => None,
        };
        let same = match (&self.layer, &wanted) {
            (Some((old, at)), Some((new, place))) => Arc::ptr_eq(old, new) && at == place,
            (None, None) => true,
            _ => false,
        };
        if same {
            return LayerChange::Keep;
        }
        self.layer = wanted.clone();
        match wanted {
            Some((layer, place)) => LayerChange::Show { layer, place },
            None => LayerChange::Clear,
        }
    }
}

/// Saves a patch of a picture, or of what its graft names as the donor.
fn save_patch(picture: &Path, originals: &Originals, save: &SavePatch) -> Result<(), FileError> {
    let source = match save.donor.as_str() {
        SELF => picture.to_path_buf(),
        ORIGINAL => find_original(picture, originals)?.ok_or_else(|| {
            FileError::new("save a patch of the original of", picture, "it has none")
        })?,
        path => save.folder.join(path),
    };
    let photo = read_photo(&source)?;
    Donors::of_user()?
        .save(&save.name, &source, &photo, save.patch, false)
        .map(|_| ())
}

/// Writes a picture's recipe beside it. Paths in the recipe start from `folder` and are made to
/// start from the picture's; a recipe that is there is kept as a copy if asked for.
fn write_sidecar(
    picture: &Path,
    folder: Option<&Path>,
    recipe: &Recipe,
    keep_old: bool,
) -> Result<(), FileError> {
    let sidecar = sidecar_path(picture);
    let beside = picture.parent().unwrap_or(Path::new(""));
    let mut recipe = recipe.clone();
    if let Some(folder) = folder.filter(|it| *it != beside) {
        recipe.move_files(|path| {
            let path = folder.join(path);
            let absolute = std::path::absolute(&path).unwrap_or(path);
            absolute.to_string_lossy().into_owned()
        });
    }
    if keep_old && sidecar.exists() {
        let mut copy = sidecar.clone().into_os_string();
        copy.push(".bak");
        std::fs::copy(&sidecar, &copy)
            .map_err(|it| FileError::from_io("keep a copy of", &sidecar, &it))?;
    }
    write_recipe(&sidecar, &recipe)
}
