//! Wishes on their way to the worker: a newer one replaces the one before. What to get ready for waits until none is there.

use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::engine::guarded::{lock, unpoisoned};
use crate::engine::render::Cancel;
use crate::tui::message::{PreviewRequest, Sight};

/// How long the keys must rest before the true picture is computed at fit: longer than from one press to the next while
/// one is held.
const REST: Duration = Duration::from_millis(40);

/// Wishes that come no faster than this are no held key: none of them has to wait.
const UNHURRIED: Duration = Duration::from_millis(120);

/// What the worker does next.
pub enum Task {
    /// Answers a wish.
    Answer(Box<PreviewRequest>),
    /// Gets ready for changes of a layer.
    Prepare(usize),
}

/// A slot for one wish.
#[derive(Debug, Default)]
pub struct Mailbox {
    slot: Mutex<Slot>,
    /// Told when a wish comes in, or a search ends.
    stirred: Condvar,
}

#[derive(Debug, Default)]
struct Slot {
    wish: Option<PreviewRequest>,
    /// The layer to get ready for.
    prepare: Option<usize>,
    /// Stops what is being done.
    cancel: Cancel,
    /// What is being drafted.
    drafting: Option<Sight>,
    /// When the newest wish came in, and whether another had come shortly before.
    came: Option<Instant>,
    is_hurried: bool,
}

impl Mailbox {
    /// Leaves a wish. What is done for an earlier one is cancelled, but for a draft of the same view: while a key is
    /// held, none would ever be finished.
    pub fn leave_wish(&self, request: PreviewRequest) {
        let mut slot = lock(&self.slot);
        if slot.drafting != Some(request.sight()) {
            slot.cancel.cancel();
        }
        slot.wish = Some(request);
        slot.prepare = None;
        let now = Instant::now();
        let before = slot.came.replace(now);
        slot.is_hurried = before.is_some_and(|it| now - it < UNHURRIED);
        self.stirred.notify_all();
    }

    /// Leaves a layer to get ready for. It stops nothing.
    pub fn leave_layer(&self, layer: usize) {
        let mut slot = lock(&self.slot);
        match &mut slot.wish {
            Some(wish) => wish.layer = layer,
            None => slot.prepare = Some(layer),
        }
        self.stirred.notify_all();
    }

    /// Takes the wish away, and cancels what is being done.
    pub fn clear(&self) {
        let mut slot = lock(&self.slot);
        slot.cancel.cancel();
        slot.wish = None;
        slot.prepare = None;
        self.stirred.notify_all();
    }

    /// Waits for what is to be done, and what cancels it.
    pub fn next(&self) -> (Task, Cancel) {
        let mut slot = lock(&self.slot);
        loop {
            let wish = slot.wish.take().map(|it| Task::Answer(Box::new(it)));
            if let Some(task) = wish.or_else(|| slot.prepare.take().map(Task::Prepare)) {
                slot.cancel = Cancel::default();
                return (task, slot.cancel.clone());
            }
            let waited = self.stirred.wait(slot);
            slot = unpoisoned(waited);
        }
    }

    /// Whether no newer wish comes in, for a while where they come fast.
    pub fn rests(&self) -> bool {
        let slot = lock(&self.slot);
        if !slot.is_hurried {
            return slot.wish.is_none();
        }
        let waited = self
            .stirred
            .wait_timeout_while(slot, REST, |slot| slot.wish.is_none());
        let (slot, _) = unpoisoned(waited);
        slot.wish.is_none()
    }

    /// Waits until something is done; `false` if a newer wish comes in before, or what is done for this one is
    /// cancelled. Whoever does it [tells](Self::stir) so.
    pub fn awaits(&self, is_done: impl Fn() -> bool) -> bool {
        let mut slot = lock(&self.slot);
        loop {
            if slot.wish.is_some() || slot.cancel.is_cancelled() {
                return false;
            }
            if is_done() {
                return true;
            }
            let waited = self.stirred.wait(slot);
            slot = unpoisoned(waited);
        }
    }

    /// Has whoever waits look again.
    pub fn stir(&self) {
        // Nobody is between looking and waiting meanwhile.
        let _slot = lock(&self.slot);
        self.stirred.notify_all();
    }

    /// Says what is being drafted.
    pub fn drafts(&self, sight: Option<Sight>) {
        lock(&self.slot).drafting = sight;
    }

    /// Whether the newest wish is for another picture.
    pub fn wishes_elsewhere(&self, picture: usize) -> bool {
        let slot = lock(&self.slot);
        slot.wish.as_ref().is_some_and(|it| it.picture != picture)
    }
}
