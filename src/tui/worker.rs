//! Previews, made off the input loop. The newest wish wins; older ones are cancelled.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use image::RgbImage;

use super::display::to_rgb;
use super::geometry::{Frame, Size};
use super::message::{Message, Preview, PreviewRequest, Show};
use crate::engine::raster::{Image, Plane, Region, Tile};
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Cancelled, Inputs as RenderInputs, Plan};
use crate::files::{FileError, Originals, find_original, read_named, read_photo};

/// How long the keys must rest before the true picture is computed at fit.
const REST: Duration = Duration::from_millis(150);

/// From this scale on a draft would not be quicker than the true picture.
const DIRECT_SCALE: f64 = 0.5;

/// Reduced copies of a picture are made until it is no larger than this, in pixels a side.
const SMALLEST_COPY: usize = 512;

/// Pictures kept in memory.
const KEPT_PICTURES: usize = 2;

/// Rendered views that are kept, for going back and forth.
const KEPT_VIEWS: usize = 8;

/// How much the detail view is amplified.
const DETAIL_GAIN: f32 = 8.0;

/// A slot for one wish: a newer one replaces it.
#[derive(Debug, Default)]
struct Mailbox {
    slot: Mutex<(Option<PreviewRequest>, Cancel)>,
    filled: Condvar,
}

/// The worker's end that wishes are sent to.
#[derive(Clone, Debug)]
pub struct PreviewWorker {
    mailbox: Arc<Mailbox>,
}

impl PreviewWorker {
    /// Starts the worker for these pictures; it answers with messages.
    pub fn start(paths: Vec<PathBuf>, originals: Originals, answers: Sender<Message>) -> Self {
        let mailbox = Arc::new(Mailbox::default());
        let mut desk = Desk {
            paths,
            originals,
            mailbox: mailbox.clone(),
            answers,
            pictures: VecDeque::new(),
            views: VecDeque::new(),
        };
        thread::spawn(move || desk.work());
        Self { mailbox }
    }

    /// Wishes for a preview. What the worker does for an earlier wish is cancelled.
    pub fn wish(&self, request: PreviewRequest) {
        let mut slot = lock(&self.mailbox.slot);
        slot.1.cancel();
        slot.1 = Cancel::default();
        slot.0 = Some(request);
        self.mailbox.filled.notify_one();
    }
}

/// A panic on another thread leaves nothing half-changed in the values guarded here.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A picture in memory with everything that belongs to it, at full size and reduced.
struct Loaded {
    picture: usize,
    /// Each half the size of the one before; the first is the full picture.
    levels: Vec<RenderInputs>,
    /// What could not be read beside the picture.
    remarks: Vec<String>,
    /// The pictures named by the recipe that are part of `levels`.
    files: Vec<String>,
}

/// A rendered view that is kept.
struct Kept {
    picture: usize,
    recipe: Recipe,
    frame: Frame,
    tile: Arc<Tile>,
}

struct Desk {
    paths: Vec<PathBuf>,
    originals: Originals,
    mailbox: Arc<Mailbox>,
    answers: Sender<Message>,
    pictures: VecDeque<Loaded>,
    views: VecDeque<Kept>,
}

impl Desk {
    fn work(&mut self) {
        loop {
            let (request, cancel) = self.next_wish();
            let (number, picture) = (request.number, request.picture);
            let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.answer(&request, &cancel)
            }));
            let why = match answer {
                Ok(Ok(())) => continue,
                Ok(Err(error)) => error.to_string(),
                Err(_) => {
                    self.pictures.clear();
                    format!("the preview {number} of this picture failed; that is a bug in repore")
                }
            };
            // Nobody listens any more when the interface has ended.
            if self
                .answers
                .send(Message::PictureFailed { picture, why })
                .is_err()
            {
                return;
            }
        }
    }

    fn next_wish(&self) -> (PreviewRequest, Cancel) {
        let mut slot = lock(&self.mailbox.slot);
        loop {
            if let Some(request) = slot.0.take() {
                return (request, slot.1.clone());
            }
            let waited = self.mailbox.filled.wait(slot);
            slot = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether no newer wish comes in for a while.
    fn rests(&self) -> bool {
        let slot = lock(&self.mailbox.slot);
        let newer = |slot: &mut (Option<PreviewRequest>, Cancel)| slot.0.is_none();
        let waited = self.mailbox.filled.wait_timeout_while(slot, REST, newer);
        let (slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
        slot.0.is_none()
    }

    fn answer(&mut self, request: &PreviewRequest, cancel: &Cancel) -> Result<(), FileError> {
        self.load(request)?;
        if cancel.is_cancelled() {
            return Ok(());
        }
        let loaded = self.pictures.front().expect("it was just loaded");
        let full = &loaded.levels[0];
        let size = Size::new(full.picture.width(), full.picture.height());
        let frame = request.view.frame(size, request.available);
        let plan = Plan::new(&request.recipe, full.clone());
        let remarks = remarks(&plan, &loaded.remarks);
        let skipped: Vec<usize> = plan.skipped().iter().map(|it| it.layer).collect();
        let known = self.known(request, &frame).is_some();
        if frame.scale < DIRECT_SCALE && !known {
            if let Ok(image) = draft(loaded, plan.resolved(), request, frame, cancel) {
                self.send(
                    request,
                    frame,
                    image,
                    false,
                    (skipped.clone(), remarks.clone()),
                );
            }
            if !self.rests() {
                return Ok(());
            }
        }
        if let Ok(image) = self.settled(&plan, request, frame, cancel) {
            self.send(request, frame, image, true, (skipped, remarks));
        }
        Ok(())
    }

    fn send(
        &self,
        request: &PreviewRequest,
        frame: Frame,
        image: Option<RgbImage>,
        settled: bool,
        (skipped, remarks): (Vec<usize>, Vec<String>),
    ) {
        let Some(image) = image else {
            return;
        };
        // When the interface has ended, nobody listens any more.
        let _ = self.answers.send(Message::PreviewReady(Preview {
            number: request.number,
            picture: request.picture,
            image: Arc::new(image),
            scale: frame.scale,
            settled,
            skipped,
            remarks,
        }));
    }

    /// Has the picture of a wish, and what its recipe names, first in memory.
    fn load(&mut self, request: &PreviewRequest) -> Result<(), FileError> {
        let files: Vec<String> = request
            .recipe
            .files()
            .iter()
            .map(|it| it.to_string())
            .collect();
        let at = self
            .pictures
            .iter()
            .position(|it| it.picture == request.picture);
        if let Some(loaded) = at.and_then(|at| self.pictures.remove(at))
            && loaded.files == files
        {
            self.pictures.push_front(loaded);
            return Ok(());
        }
        self.pictures.truncate(KEPT_PICTURES - 1);
        self.views.retain(|it| it.picture != request.picture);
        let path = &self.paths[request.picture];
        let photo = read_photo(path)?;
        let picture = photo.image;
        // When the interface has ended, nobody listens any more.
        let _ = self.answers.send(Message::PictureRead {
            picture: request.picture,
            size: Size::new(picture.width(), picture.height()),
        });
        let mut remarks = Vec::new();
        let original = find_original(path, &self.originals)
            .and_then(|it| it.map(|it| read_photo(&it)).transpose())
            .unwrap_or_else(|error| {
                remarks.push(error.to_string());
                None
            });
        let mut inputs = RenderInputs::alone(picture);
        inputs.original = original.map(|it| it.image);
        for file in &files {
            match read_named(file, &request.folder) {
                Ok(photo) => {
                    inputs.files.insert(file.clone(), photo.image);
                }
                Err(error) => remarks.push(error.to_string()),
            }
        }
        self.pictures.push_front(Loaded {
            picture: request.picture,
            levels: levels(inputs),
            remarks,
            files,
        });
        Ok(())
    }

    /// The true pixels of what a wish shows.
    fn settled(
        &mut self,
        plan: &Plan,
        request: &PreviewRequest,
        frame: Frame,
        cancel: &Cancel,
    ) -> Result<Option<RgbImage>, Cancelled> {
        let mut view = |recipe: &Recipe, plan: &Plan| {
            if let Some(tile) = self.kept(request.picture, recipe, &frame) {
                return Ok(tile);
            }
            let tile = Arc::new(plan.render_reduced(frame.region, reduced(frame), cancel)?);
            self.views.truncate(KEPT_VIEWS - 1);
            self.views.push_front(Kept {
                picture: request.picture,
                recipe: recipe.clone(),
                frame,
                tile: tile.clone(),
            });
            Ok(tile)
        };
        let untouched = Recipe::default();
        let before_plan = || Plan::new(&untouched, RenderInputs::alone(plan.picture().clone()));
        let composed = match request.show {
            Show::After => view(&request.recipe, plan)?.as_ref().clone(),
            Show::Before => view(&untouched, &before_plan())?.as_ref().clone(),
            Show::Split => {
                let before = view(&untouched, &before_plan())?;
                split(&before, &*view(&request.recipe, plan)?)
            }
            Show::Detail => {
                let before = view(&untouched, &before_plan())?;
                detail(&before, &*view(&request.recipe, plan)?)
            }
            Show::Mask => {
                let after = view(&request.recipe, plan)?;
                let size = reduced(frame);
                let mask = plan.coverage_reduced(request.layer, frame.region, size, cancel)?;
                masked(&after, mask.as_ref())
            }
        };
        Ok(to_screen(&composed, frame))
    }

    /// The kept view that answers a wish by itself, if there is one.
    fn known(&self, request: &PreviewRequest, frame: &Frame) -> Option<Arc<Tile>> {
        match request.show {
            Show::After => self.kept(request.picture, &request.recipe, frame),
            Show::Before => self.kept(request.picture, &Recipe::default(), frame),
            Show::Split | Show::Detail | Show::Mask => None,
        }
    }

    fn kept(&self, picture: usize, recipe: &Recipe, frame: &Frame) -> Option<Arc<Tile>> {
        let same = |it: &&Kept| it.picture == picture && it.frame == *frame && it.recipe == *recipe;
        self.views.iter().find(same).map(|it| it.tile.clone())
    }
}

/// The size in which a frame is rendered: what is magnified on the screen is rendered 1:1.
fn reduced(frame: Frame) -> (usize, usize) {
    if frame.scale >= 1.0 {
        (frame.region.width, frame.region.height)
    } else {
        (frame.shown.width, frame.shown.height)
    }
}

/// 8 bits, and magnified by whole pixels if the frame says so.
fn to_screen(tile: &Tile, frame: Frame) -> Option<RgbImage> {
    let image = to_rgb(tile)?;
    if frame.scale <= 1.0 {
        return Some(image);
    }
    let (width, height) = (
        u32::try_from(frame.shown.width).ok()?,
        u32::try_from(frame.shown.height).ok()?,
    );
    Some(image::imageops::resize(
        &image,
        width,
        height,
        image::imageops::FilterType::Nearest,
    ))
}

/// The picture and its reduced copies, with everything beside it reduced as well.
fn levels(full: RenderInputs) -> Vec<RenderInputs> {
    let mut levels = vec![full];
    while let Some(last) = levels.last()
        && last.picture.width().max(last.picture.height()) > SMALLEST_COPY
    {
        let halve = |image: &Arc<Image>| Arc::new(image.halved());
        let next = RenderInputs {
            picture: halve(&last.picture),
            original: last.original.as_ref().map(halve),
            files: last
                .files
                .iter()
                .map(|(path, it)| (path.clone(), halve(it)))
                .collect(),
            findings: Arc::default(),
        };
        levels.push(next);
    }
    levels
}

/// A quick picture from a reduced copy. What was found in the full picture is not looked for again.
fn draft(
    loaded: &Loaded,
    resolved: &Recipe,
    request: &PreviewRequest,
    frame: Frame,
    cancel: &Cancel,
) -> Result<Option<RgbImage>, Cancelled> {
    let wanted = (-frame.scale.log2()).floor().max(0.0) as usize;
    let level = wanted.min(loaded.levels.len() - 1);
    let scale = 0.5f64.powi(level as i32);
    let inputs = loaded.levels[level].clone();
    let bounds = inputs.picture.bounds();
    let down = |length: usize| (length as f64 * scale).floor() as usize;
    let region = Region::new(
        down(frame.region.x),
        down(frame.region.y),
        down(frame.region.width).max(1),
        down(frame.region.height).max(1),
    )
    .within(&bounds);
    let size = (frame.shown.width, frame.shown.height);
    let recipe = resolved.reduced(scale);
    let plan = Plan::new(&recipe, inputs.clone());
    let before = || {
        let plan = Plan::new(
            &Recipe::default(),
            RenderInputs::alone(inputs.picture.clone()),
        );
        plan.render_reduced(region, size, cancel)
    };
    let after = || plan.render_reduced(region, size, cancel);
    let composed = match request.show {
        Show::After => after()?,
        Show::Before => before()?,
        Show::Split => split(&before()?, &after()?),
        Show::Detail => detail(&before()?, &after()?),
        Show::Mask => {
            let mask = plan.coverage_reduced(request.layer, region, size, cancel)?;
            masked(&after()?, mask.as_ref())
        }
    };
    Ok(to_rgb(&composed))
}

/// Layers that do not apply and what else should be known.
fn remarks(plan: &Plan, beside: &[String]) -> Vec<String> {
    let skipped = plan.skipped().iter().map(ToString::to_string);
    let beside = beside.iter().cloned();
    beside
        .chain(skipped)
        .chain(plan.notes().iter().cloned())
        .collect()
}

/// As it was read on the left, restored on the right, and a line between.
fn split(before: &Tile, after: &Tile) -> Tile {
    let mut composed = after.clone();
    let middle = after.region().width / 2;
    for (out, before) in composed.planes_mut().iter_mut().zip(before.planes()) {
        for y in 0..out.height() {
            let row = out.row_mut(y);
            row[..middle].copy_from_slice(&before.row(y)[..middle]);
            row[middle] = 1.0;
        }
    }
    composed
}

/// What was added, amplified about mid grey.
fn detail(before: &Tile, after: &Tile) -> Tile {
    let mut composed = after.clone();
    for (out, before) in composed.planes_mut().iter_mut().zip(before.planes()) {
        for (out, before) in out.samples_mut().iter_mut().zip(before.samples()) {
            *out = 0.5 + DETAIL_GAIN * (*out - before);
        }
    }
    composed
}

/// The picture with a coverage in red; without a mask everything is covered.
fn masked(picture: &Tile, coverage: Option<&Plane>) -> Tile {
    let mut composed = picture.clone().with_channels(3);
    for (channel, plane) in composed.planes_mut().iter_mut().enumerate() {
        let red = if channel == 0 { 1.0 } else { 0.0 };
        for (i, sample) in plane.samples_mut().iter_mut().enumerate() {
            let coverage = coverage.map_or(1.0, |it| it.samples()[i]);
            *sample += 0.6 * coverage * (red - *sample);
        }
    }
    composed
}
