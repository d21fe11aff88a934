//! Previews, made off the input loop. The newest wish wins; older ones are cancelled.

mod compose;
mod donor;
mod found;
mod levels;
mod views;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use image::RgbImage;

use self::compose::{detail, masked, reduced, split, to_screen};
use self::levels::{histogram, level_for, levels, reduced_region};
use self::views::{Kept, Of};
use super::display::to_rgb;
use super::geometry::{Frame, Size};
use super::loupe;
use super::message::{
    Ahead, AheadKind, Histogram, Marking, Message, Preview, PreviewRequest, Show, Sight, Subject,
};
use crate::engine::operations::Rectangle;
use crate::engine::original::spots::Spot;
use crate::engine::raster::Image;
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Cancelled, Inputs as RenderInputs, Plan};
use crate::files::{FileError, Originals, find_original, glimpse, read_named, read_photo};

/// How long the keys must rest before the true picture is computed at fit.
const REST: Duration = Duration::from_millis(150);

/// The true picture of no more pixels is made at once; a draft would not be much quicker.
const DIRECT_PIXELS: usize = 300_000;

/// A copy may have to be enlarged by this much where there is nothing finer yet.
const COARSEST: f64 = 4.0;

/// Pictures kept in memory.
const KEPT_PICTURES: usize = 2;

/// A slot for one wish: a newer one replaces it.
#[derive(Debug, Default)]
struct Mailbox {
    slot: Mutex<Slot>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Slot {
    wish: Option<PreviewRequest>,
    /// Stops what is being done.
    cancel: Cancel,
    /// What is being drafted.
    drafting: Option<Sight>,
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

    /// Wishes for nothing any more.
    pub fn leave(&self) {
        let mut slot = lock(&self.mailbox.slot);
        slot.cancel.cancel();
        slot.wish = None;
    }

    /// Wishes for a preview. What the worker does for an earlier wish is cancelled, but for a draft of the same
    /// view: while a key is held, none would ever be finished.
    pub fn wish(&self, request: PreviewRequest) {
        let mut slot = lock(&self.mailbox.slot);
        if slot.drafting != Some(request.sight()) {
            slot.cancel.cancel();
        }
        slot.wish = Some(request);
        self.mailbox.filled.notify_one();
    }
}

/// A panic on another thread leaves nothing half-changed in the values guarded here.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether a frame is drafted before it is rendered. At 1:1 a draft would tell nothing.
fn is_drafted(frame: Frame) -> bool {
    frame.scale < 1.0 && frame.region.width * frame.region.height > DIRECT_PIXELS
}

/// A picture in memory with everything that belongs to it, at full size and reduced.
struct Loaded {
    picture: usize,
    /// Each half the size of the one before; the first is the full picture.
    levels: Vec<RenderInputs>,
    /// What could not be read beside the picture.
    remarks: Vec<String>,
    histogram: Arc<Histogram>,
    /// What was last found for a recipe.
    last: Option<Last>,
    /// The pictures named by the recipe that are part of `levels`.
    files: Vec<String>,
}

/// A recipe that was planned for the full picture, and what was found for it.
struct Last {
    recipe: Recipe,
    resolved: Recipe,
    skipped: Vec<usize>,
    remarks: Vec<String>,
    spots: Option<(usize, Arc<[Spot]>)>,
}

/// What is known of a wish beside the picture that answers it.
#[derive(Clone)]
struct Known {
    frame: Frame,
    subject: Subject,
    skipped: Vec<usize>,
    remarks: Vec<String>,
    resolved: Arc<Recipe>,
    patches: Option<(usize, Vec<Rectangle>)>,
    spots: Option<(usize, Arc<[Spot]>)>,
    histogram: Arc<Histogram>,
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
            if let Some(request) = slot.wish.take() {
                slot.cancel = Cancel::default();
                return (request, slot.cancel.clone());
            }
            let waited = self.mailbox.filled.wait(slot);
            slot = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Whether no newer wish comes in for a while.
    fn rests(&self) -> bool {
        let slot = lock(&self.mailbox.slot);
        let waited = self
            .mailbox
            .filled
            .wait_timeout_while(slot, REST, |slot| slot.wish.is_none());
        let (slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
        slot.wish.is_none()
    }

    fn answer(&mut self, request: &PreviewRequest, cancel: &Cancel) -> Result<(), FileError> {
        if !self.load(request)? {
            return Ok(());
        }
        if cancel.is_cancelled() {
            return Ok(());
        }
        // A draft does not wait for what a changed recipe has looked for in the full picture.
        let drafted = self.draft_at_once(request, cancel);
        if drafted && !self.rests() {
            return Ok(());
        }
        let loaded = self.pictures.front_mut().expect("it was just loaded");
        let full = loaded.levels[0].clone();
        let plan = Plan::new(&request.recipe, full.clone());
        let size = Size::new(full.picture.width(), full.picture.height());
        let last = Last {
            recipe: request.recipe.clone(),
            resolved: plan.resolved().clone(),
            skipped: plan.skipped().iter().map(|it| it.layer).collect(),
            remarks: remarks(&plan, &loaded.remarks),
            spots: plan.spots(),
        };
        let mut known = Known {
            frame: request.view.frame(size, request.available),
            subject: Subject::Picture,
            skipped: last.skipped.clone(),
            remarks: last.remarks.clone(),
            resolved: Arc::new(last.resolved.clone()),
            patches: request.patches_of.map(|it| (it, plan.patches(it))),
            spots: last.spots.clone(),
            histogram: loaded.histogram.clone(),
        };
        loaded.last = Some(last);
        if let Some(marking) = request.marking {
            match donor::of_layer(&request.recipe, marking.layer, &full) {
                Ok(_) => {
                    self.answer_marking(request, marking, known, cancel);
                    return Ok(());
                }
                Err(why) => known.remarks.insert(0, why),
            }
        }
        if !drafted && is_drafted(known.frame) && !self.answers_at_once(request, known.frame) {
            self.send_draft(plan.resolved(), request, &known, cancel);
            if !self.rests() {
                return Ok(());
            }
        }
        let settled = self.settled(&plan, request, known.frame, cancel);
        let settled = settled.and_then(|it| self.with_loupe(it, &plan, request, &known, cancel));
        if let Ok(image) = settled {
            self.send(request, known.clone(), image, true);
            self.look_ahead(request, &plan, &known, cancel);
        }
        Ok(())
    }

    /// Makes what may be looked at next, while there is nothing else to do: the picture before or after, and at 1:1
    /// what is around the part that is looked at, of both.
    fn look_ahead(
        &mut self,
        request: &PreviewRequest,
        plan: &Plan,
        known: &Known,
        cancel: &Cancel,
    ) {
        let show = match request.show {
            Show::After => Show::Before,
            Show::Before => Show::After,
            Show::Split | Show::Detail | Show::Mask => return,
        };
        let other = PreviewRequest {
            show,
            ..request.clone()
        };
        let picture = plan.picture().bounds();
        let around = known.frame.with_surroundings(picture);
        // While one is well inside of what is there, it need not be made anew.
        let inside = known.frame.with_margin(picture);
        let wanted = [
            (other, AheadKind::Other),
            (request.clone(), AheadKind::Around),
        ];
        for (request, kind) in wanted {
            let frame = match around {
                Some(_) if self.answers_at_once(&request, inside) => continue,
                Some(around) => around,
                None if kind == AheadKind::Around => continue,
                None => known.frame,
            };
            let made = self.settled(plan, &request, frame, cancel);
            let made = made.and_then(|it| self.with_loupe(it, plan, &request, known, cancel));
            match made {
                Ok(Some(image)) => self.send_ahead(&request, image, frame, kind),
                Ok(None) | Err(Cancelled) => return,
            }
        }
    }

    fn send_ahead(&self, request: &PreviewRequest, image: RgbImage, frame: Frame, kind: AheadKind) {
        // When the interface has ended, nobody listens any more.
        let _ = self.answers.send(Message::PreviewAhead(Ahead {
            number: request.number,
            image: Arc::new(image),
            frame,
            kind,
        }));
    }

    /// Sends a draft that is made with what was found for the recipe before; `false` if it has to be
    /// looked for, or no draft is needed.
    fn draft_at_once(&mut self, request: &PreviewRequest, cancel: &Cancel) -> bool {
        if request.marking.is_some() || request.patches_of.is_some() {
            return false;
        }
        let loaded = self.pictures.front().expect("it was just loaded");
        let picture = &loaded.levels[0].picture;
        let size = Size::new(picture.width(), picture.height());
        let frame = request.view.frame(size, request.available);
        let Some(last) = loaded.last.as_ref().filter(|_| is_drafted(frame)) else {
            return false;
        };
        let Some(recipe) = found::filled(&request.recipe, last) else {
            return false;
        };
        if self.answers_at_once(request, frame) {
            return false;
        }
        let known = Known {
            frame,
            subject: Subject::Picture,
            skipped: last.skipped.clone(),
            remarks: last.remarks.clone(),
            resolved: Arc::new(recipe.clone()),
            patches: None,
            spots: last.spots.clone(),
            histogram: loaded.histogram.clone(),
        };
        self.send_draft(&recipe, request, &known, cancel)
    }

    /// Sends a draft of a recipe that leaves nothing open, unless it is cancelled.
    fn send_draft(
        &mut self,
        resolved: &Recipe,
        request: &PreviewRequest,
        known: &Known,
        cancel: &Cancel,
    ) -> bool {
        let loaded = self.pictures.front().expect("it was just loaded");
        let full = loaded.levels[0].clone();
        lock(&self.mailbox.slot).drafting = Some(request.sight());
        let drafted = draft(loaded, resolved, request, known.frame, cancel);
        let drafted = drafted.and_then(|it| match request.loupe {
            Some(_) => self.with_loupe(it, &Plan::new(resolved, full), request, known, cancel),
            None => Ok(it),
        });
        lock(&self.mailbox.slot).drafting = None;
        match drafted {
            Ok(image) => self.send(request, known.clone(), image, false),
            Err(Cancelled) => return false,
        }
        true
    }

    /// Shows the donor of the layer whose patch is being marked, as it is, with the patch's texture.
    fn answer_marking(
        &mut self,
        request: &PreviewRequest,
        marking: Marking,
        known: Known,
        cancel: &Cancel,
    ) {
        let loaded = self.pictures.front().expect("it was just loaded");
        let found = |level: &RenderInputs| {
            let found = donor::of_layer(&request.recipe, marking.layer, level);
            found.map(|(graft, donor)| (graft.clone(), donor.clone()))
        };
        let levels: Result<Vec<_>, String> = loaded.levels.iter().map(found).collect();
        let Ok(levels) = levels else {
            return;
        };
        let (graft, donor) = &levels[0];
        let size = Size::new(donor.width(), donor.height());
        let frame = request.view.frame(size, request.available);
        let room = donor::inset(request.available);
        let known = Known {
            frame,
            subject: Subject::Donor {
                size,
                texture: Arc::new(donor::texture(graft.radius, donor, marking.patch, room)),
            },
            ..known
        };
        let untouched = Recipe::default();
        let of = Of {
            donor: &graft.donor,
            ..Of::picture(request, &untouched, frame)
        };
        let plan = |donor: &Arc<Image>| Plan::new(&untouched, RenderInputs::alone(donor.clone()));
        if is_drafted(frame) && self.kept(of).is_none() {
            let (level, scale) = level_for(frame, levels.len());
            let region = reduced_region(frame.region, scale, levels[level].1.bounds());
            let size = (frame.shown.width, frame.shown.height);
            let draft = plan(&levels[level].1).render_reduced(region, size, cancel);
            if let Ok(tile) = draft {
                self.send(request, known.clone(), to_rgb(&tile), false);
            }
            if !self.rests() {
                return;
            }
        }
        if let Ok(tile) = self.view(of, &plan(donor), cancel) {
            self.send(request, known, to_screen(&tile, frame), true);
        }
    }

    fn send(&self, request: &PreviewRequest, known: Known, image: Option<RgbImage>, settled: bool) {
        let Some(image) = image else {
            return;
        };
        // When the interface has ended, nobody listens any more.
        let _ = self.answers.send(Message::PreviewReady(Preview {
            number: request.number,
            picture: request.picture,
            image: Arc::new(image),
            frame: known.frame,
            subject: known.subject,
            settled,
            skipped: known.skipped,
            remarks: known.remarks,
            resolved: known.resolved,
            patches: known.patches,
            spots: known.spots,
            histogram: known.histogram,
        }));
    }

    /// Has the picture of a wish, and what its recipe names, first in memory; `false` if another picture
    /// was wished for meanwhile.
    fn load(&mut self, request: &PreviewRequest) -> Result<bool, FileError> {
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
            return Ok(true);
        }
        self.pictures.truncate(KEPT_PICTURES - 1);
        self.views.retain(|it| it.picture != request.picture);
        let path = &self.paths[request.picture];
        let seen = glimpse(path).is_some_and(|it| {
            self.tell_size(request, it.size);
            let scale = it.image.width() as f64 / it.size.0 as f64;
            self.send_untouched(request, it.size, it.image, scale)
        });
        if self.wishes_elsewhere(request.picture) {
            return Ok(false);
        }
        let read_original = || {
            let found = find_original(path, &self.originals)?;
            found.map(|it| read_photo(&it)).transpose()
        };
        let (photo, original) = rayon::join(|| read_photo(path), read_original);
        let picture = photo?.image;
        self.tell_size(request, (picture.width(), picture.height()));
        let mut remarks = Vec::new();
        let original = original.unwrap_or_else(|error| {
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
        let levels = levels(inputs);
        if !seen {
            // What the recipe makes of it may have to be looked for.
            let picture = &levels[0].picture;
            let size = (picture.width(), picture.height());
            let frame = request
                .view
                .frame(Size::new(size.0, size.1), request.available);
            // A copy that is as fine as the screen.
            let level = ((-frame.scale.log2()).floor().max(0.0) as usize).min(levels.len() - 1);
            let copy = levels[level].picture.clone();
            self.send_untouched(request, size, copy, 0.5f64.powi(level as i32));
        }
        let smallest = levels.last().map(|it| histogram(&it.picture));
        self.pictures.push_front(Loaded {
            picture: request.picture,
            levels,
            histogram: Arc::new(smallest.unwrap_or_default()),
            last: None,
            remarks,
            files,
        });
        Ok(true)
    }

    /// Says how large a picture is.
    fn tell_size(&self, request: &PreviewRequest, (width, height): (usize, usize)) {
        // When the interface has ended, nobody listens any more.
        let _ = self.answers.send(Message::PictureRead {
            picture: request.picture,
            size: Size::new(width, height),
        });
    }

    /// Shows a picture as it was read, from a copy at a scale; `false` if that is too small a copy.
    fn send_untouched(
        &self,
        request: &PreviewRequest,
        (width, height): (usize, usize),
        copy: Arc<Image>,
        scale: f64,
    ) -> bool {
        let frame = request
            .view
            .frame(Size::new(width, height), request.available);
        if frame.scale > COARSEST * scale || request.marking.is_some() {
            return false;
        }
        let region = reduced_region(frame.region, scale, copy.bounds());
        let plan = Plan::new(&Recipe::default(), RenderInputs::alone(copy));
        let shown = (frame.shown.width, frame.shown.height);
        let Ok(tile) = plan.render_reduced(region, shown, &Cancel::default()) else {
            return false;
        };
        let known = Known {
            frame,
            subject: Subject::Picture,
            skipped: Vec::new(),
            remarks: Vec::new(),
            resolved: Arc::new(request.recipe.clone()),
            patches: None,
            spots: None,
            histogram: Arc::default(),
        };
        self.send(request, known, to_rgb(&tile), false);
        true
    }

    /// Whether the newest wish is for another picture.
    fn wishes_elsewhere(&self, picture: usize) -> bool {
        let slot = lock(&self.mailbox.slot);
        slot.wish.as_ref().is_some_and(|it| it.picture != picture)
    }

    /// The true pixels of what a wish shows.
    fn settled(
        &mut self,
        plan: &Plan,
        request: &PreviewRequest,
        frame: Frame,
        cancel: &Cancel,
    ) -> Result<Option<RgbImage>, Cancelled> {
        let untouched = Recipe::default();
        let before_plan = Plan::new(&untouched, RenderInputs::alone(plan.picture().clone()));
        let before = (Of::picture(request, &untouched, frame), &before_plan);
        let after = (Of::picture(request, &request.recipe, frame), plan);
        let mut view = |(of, plan): (Of, &Plan)| self.view(of, plan, cancel);
        let composed = match request.show {
            Show::After => view(after)?.as_ref().clone(),
            Show::Before => view(before)?.as_ref().clone(),
            Show::Split => split(&*view(before)?, &*view(after)?),
            Show::Detail => detail(&*view(before)?, &*view(after)?),
            Show::Mask => {
                let after = view(after)?;
                let size = reduced(frame);
                let mask = plan.coverage_reduced(request.layer, frame.region, size, cancel)?;
                masked(&after, mask.as_ref())
            }
        };
        Ok(to_screen(&composed, frame))
    }

    /// A picture with the loupe in it, if one is asked for. What the loupe shows is true in a draft as well.
    fn with_loupe(
        &mut self,
        image: Option<RgbImage>,
        plan: &Plan,
        request: &PreviewRequest,
        known: &Known,
        cancel: &Cancel,
    ) -> Result<Option<RgbImage>, Cancelled> {
        let Some(mut image) = image else {
            return Ok(None);
        };
        let Some(centre) = request.loupe.filter(|_| known.frame.scale < 1.0) else {
            return Ok(Some(image));
        };
        let size = Size::new(plan.picture().width(), plan.picture().height());
        let place = loupe::frame(centre, size, request.available);
        if let Some(magnified) = self.settled(plan, request, place, cancel)? {
            loupe::draw(&mut image, &known.frame, &magnified, &place);
        }
        Ok(Some(image))
    }
}

/// A quick picture from a reduced copy. What was found in the full picture is not looked for again.
fn draft(
    loaded: &Loaded,
    resolved: &Recipe,
    request: &PreviewRequest,
    frame: Frame,
    cancel: &Cancel,
) -> Result<Option<RgbImage>, Cancelled> {
    let (level, scale) = level_for(frame, loaded.levels.len());
    let inputs = loaded.levels[level].clone();
    let region = reduced_region(frame.region, scale, inputs.picture.bounds());
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
