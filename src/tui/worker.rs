//! Previews, made off the input loop. The newest wish wins; older ones are cancelled.

mod base;
mod compose;
mod donor;
mod draft;
mod found;
mod levels;
mod load;
mod mailbox;
mod marking;
mod mask;
mod search;
mod views;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::thread;

use image::RgbImage;

use self::base::tuned;
use self::compose::{detail, reduced, split, to_screen};
use self::found::Found;
use self::levels::level_for;
use self::load::Loaded;
use self::mailbox::{Mailbox, Task};
use self::mask::Covered;
use self::search::{Planned, Search};
use self::views::{Kept, Of};
use super::geometry::{Frame, Size};
use super::loupe;
use super::message::{
    Ahead, AheadKind, Histogram, Message, Preview, PreviewRequest, Show, Subject,
};
use crate::engine::operations::Rectangle;
use crate::engine::original::spots::Spot;
use crate::engine::recipe::Recipe;
use crate::engine::render::{Base, Cancel, Cancelled, Inputs as RenderInputs, Plan};
use crate::files::{FileError, Originals, ReadOptions};

/// The true picture of no more pixels is made at once; a draft would not be much quicker.
const DIRECT_PIXELS: usize = 300_000;

/// The worker's end that wishes are sent to.
#[derive(Clone, Debug)]
pub struct PreviewWorker {
    mailbox: Arc<Mailbox>,
}

impl PreviewWorker {
    /// Starts the worker for these pictures, which are read as the options say; it answers with messages.
    pub fn start(
        paths: Vec<PathBuf>,
        originals: Originals,
        read: ReadOptions,
        answers: Sender<Message>,
    ) -> Self {
        let mailbox = Arc::new(Mailbox::default());
        let mut desk = Desk::new(paths, (originals, read), mailbox.clone(), answers);
        // Threads of its own: on those of renders and searches a draft would wait until they are through with a tile.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(rayon::current_num_threads());
        let pool = pool.build();
        thread::spawn(move || match pool {
            Ok(pool) => pool.install(|| desk.work()),
            Err(_) => desk.work(),
        });
        Self { mailbox }
    }

    /// Wishes for nothing any more.
    pub fn leave(&self) {
        self.mailbox.clear();
    }

    /// Gets ready for changes of a layer of the picture that was wished for last, when there is nothing else to do.
    pub fn prepare(&self, layer: usize) {
        self.mailbox.leave_layer(layer);
    }

    /// Wishes for a preview. What the worker does for an earlier wish is cancelled, but for a draft of the same
    /// view: while a key is held, none would ever be finished.
    pub fn wish(&self, request: PreviewRequest) {
        self.mailbox.leave_wish(request);
    }
}

/// Whether a frame is drafted before it is rendered. At 1:1 a draft would tell nothing.
fn is_drafted(frame: Frame) -> bool {
    frame.scale < 1.0 && frame.region.width * frame.region.height > DIRECT_PIXELS
}

/// A recipe that was planned for the full picture, and what was found for it.
struct Last {
    found: Found,
    remarks: Vec<String>,
    spots: Option<(usize, Arc<[Spot]>)>,
    /// The layer that it changed of the recipe before.
    tuned: Option<usize>,
}

/// What is known of a wish beside the picture that answers it.
#[derive(Clone)]
struct Known {
    frame: Frame,
    subject: Subject,
    skipped: Vec<usize>,
    remarks: Vec<String>,
    uncovered: bool,
    resolved: Arc<Recipe>,
    patches: Option<(usize, Vec<Rectangle>)>,
    spots: Option<(usize, Arc<[Spot]>)>,
    histogram: Arc<Histogram>,
}

impl Known {
    /// Says before all else why the layer whose mask is shown covers nothing.
    fn tell_uncovered(&mut self, why: String) {
        self.uncovered = true;
        self.remarks.retain(|it| *it != why);
        self.remarks.insert(0, why);
    }
}

/// The true pixels of what a wish shows.
struct Settled {
    /// `None` where there is no room for any.
    image: Option<RgbImage>,
    /// Why the layer whose mask is shown covers nothing.
    uncovered: Option<String>,
}

struct Desk {
    paths: Vec<PathBuf>,
    originals: Originals,
    read: ReadOptions,
    mailbox: Arc<Mailbox>,
    answers: Sender<Message>,
    pictures: VecDeque<Loaded>,
    views: VecDeque<Kept>,
    /// What is being looked for in the full picture.
    search: Option<Search>,
    /// The layers below the one that is tuned, in the first picture.
    base: Option<Base>,
    /// The last wish, if the picture that is first was planned for it.
    latest: Option<PreviewRequest>,
}

impl Desk {
    fn new(
        paths: Vec<PathBuf>,
        (originals, read): (Originals, ReadOptions),
        mailbox: Arc<Mailbox>,
        answers: Sender<Message>,
    ) -> Self {
        Self {
            paths,
            originals,
            read,
            mailbox,
            answers,
            pictures: VecDeque::new(),
            views: VecDeque::new(),
            search: None,
            base: None,
            latest: None,
        }
    }

    fn work(&mut self) {
        loop {
            let (task, cancel) = self.mailbox.next();
            let request = match task {
                Task::Answer(request) => *request,
                Task::Prepare(layer) => {
                    // What fails here fails when it is wished for, and is said then.
                    let latest = self.latest.take();
                    let done = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                        latest.inspect(|it| self.prepare(it, layer, &cancel))
                    }));
                    self.latest = done.ok().flatten();
                    continue;
                }
            };
            let (number, picture) = (request.number, request.picture);
            self.latest = None;
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

    fn answer(&mut self, request: &PreviewRequest, cancel: &Cancel) -> Result<(), FileError> {
        if !self.load(request)? {
            return Ok(());
        }
        if cancel.is_cancelled() {
            return Ok(());
        }
        // A draft does not wait for what a changed recipe has looked for in the full picture.
        let drafted = self.draft_at_once(request, cancel);
        if drafted && !self.mailbox.rests() {
            return Ok(());
        }
        let Some(Planned { plan, patches }) = self.planned(request) else {
            return Ok(());
        };
        self.latest = Some(request.clone());
        let loaded = self.pictures.front_mut().expect("it was just loaded");
        let before = loaded.last.as_ref();
        let tuned = before.and_then(|it| tuned(&it.found.recipe, &request.recipe));
        let again = tuned.filter(|_| before.is_some_and(|it| it.tuned == tuned));
        let full = loaded.levels[0].clone();
        let last = Last {
            found: Found::of(&request.recipe, &plan),
            remarks: remarks(&plan, &loaded.remarks),
            spots: plan.spots(),
            tuned,
        };
        let mut known = Known {
            frame: request.frame_of(&full.picture),
            subject: Subject::Picture,
            skipped: last.found.skipped.clone(),
            remarks: last.remarks.clone(),
            uncovered: false,
            resolved: Arc::new(last.found.resolved.clone()),
            patches,
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
        let is_there = self.answers_at_once(request, known.frame);
        if !drafted && is_drafted(known.frame) && !is_there {
            self.send_draft(plan.resolved(), request, &known, cancel);
            if !self.mailbox.rests() {
                return Ok(());
            }
        }
        let mut plan = self.over_base(plan);
        // What is there already is shown first.
        if let Some(layer) = again.filter(|_| !is_there) {
            if self.paint_base(&plan, layer, known.frame, cancel).is_err() {
                return Ok(());
            }
            plan = self.over_base(plan);
        }
        let frame = known.frame;
        let settled = self.settled(&plan, request, frame, cancel);
        let settled = settled.and_then(|it| {
            let image = self.with_loupe(it.image, &plan, request, &known, cancel)?;
            Ok((image, it.uncovered))
        });
        if let Ok((image, uncovered)) = settled {
            if let Some(why) = uncovered {
                known.tell_uncovered(why);
            }
            self.send(request, known.clone(), image, true);
            self.look_ahead(request, &plan, &known, cancel);
            // What is selected may be tuned next. A newer wish needs no answer to this one.
            let layer = tuned.unwrap_or(request.layer);
            let _ = self.paint_base(&plan, layer, known.frame, cancel);
        }
        Ok(())
    }

    /// Paints what lies below a layer of the picture of a wish that was answered, so that the first change of the layer
    /// is seen as soon as the others.
    fn prepare(&mut self, request: &PreviewRequest, layer: usize, cancel: &Cancel) {
        if let Some(Planned { plan, .. }) = self.planned(request) {
            let frame = request.frame_of(plan.picture());
            let plan = self.over_base(plan);
            // What cancels it is a wish, which needs no answer to this.
            let _ = self.paint_base(&plan, layer, frame, cancel);
        }
    }

    /// The plan of a wish for the full picture, as soon as everything is found for it; `None` if a newer wish comes in
    /// before. What is looked for goes on then.
    fn planned(&mut self, request: &PreviewRequest) -> Option<Planned> {
        let wanted = (&request.recipe, request.patches_of);
        loop {
            self.seek(request);
            let search = self.search.take()?;
            if !self.mailbox.awaits(|| search.is_done()) {
                self.search = Some(search);
                return None;
            }
            if let Some(planned) = search.found(wanted) {
                return Some(planned);
            }
        }
    }

    /// Begins to look for what a wish leaves open, unless something is being looked for in its picture already.
    fn seek(&mut self, request: &PreviewRequest) {
        let wanted = (&request.recipe, request.patches_of);
        let levels = &self.pictures.front().expect("it was just loaded").levels;
        let full = &levels[0];
        match self.search.take() {
            Some(search) if search.is_of(full) => self.search = Some(search),
            other => {
                if let Some(search) = other {
                    search.end();
                }
                let frame = request.frame_of(&full.picture);
                let (drafted, scale) = level_for(frame, levels.len());
                let is_used = drafted > 0 && is_drafted(frame);
                let copy = is_used.then(|| (&levels[drafted], scale));
                self.search = Some(Search::start(wanted, (full, copy), &self.mailbox));
            }
        }
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
            let made = made.and_then(|it| self.with_loupe(it.image, plan, &request, known, cancel));
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
            uncovered: known.uncovered,
            resolved: known.resolved,
            patches: known.patches,
            spots: known.spots,
            histogram: known.histogram,
        }));
    }

    /// The true pixels of what a wish shows in a frame.
    fn settled(
        &mut self,
        plan: &Plan,
        request: &PreviewRequest,
        frame: Frame,
        cancel: &Cancel,
    ) -> Result<Settled, Cancelled> {
        let untouched = Recipe::default();
        let before_plan = Plan::new(&untouched, RenderInputs::alone(plan.picture().clone()));
        let before = (Of::picture(request, &untouched, frame), &before_plan);
        let after = (Of::picture(request, &request.recipe, frame), plan);
        let mut view = |(of, plan): (Of, &Plan)| self.view(of, plan, cancel);
        let mut uncovered = None;
        let composed = match request.show {
            Show::After => view(after)?.as_ref().clone(),
            Show::Before => view(before)?.as_ref().clone(),
            Show::Split => split(&*view(before)?, &*view(after)?),
            Show::Detail => detail(&*view(before)?, &*view(after)?),
            Show::Mask => {
                let after = view(after)?;
                let view = (frame.region, reduced(frame));
                let covered = Covered::of(plan, request.layer, view, cancel)?;
                let composed = covered.over(&after);
                uncovered = covered.why_nothing();
                composed
            }
        };
        Ok(Settled {
            image: to_screen(&composed, frame),
            uncovered,
        })
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
        let magnified = self.settled(plan, request, place, cancel)?;
        if let Some(magnified) = magnified.image {
            loupe::draw(&mut image, &known.frame, &magnified, &place);
        }
        Ok(Some(image))
    }
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
