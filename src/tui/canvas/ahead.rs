//! What is sent to a terminal that keeps pictures before it is wanted: the picture before or after, and what is around
//! the part that is looked at.

use std::time::{Duration, Instant};

use super::Canvas;
use crate::tui::message::{self, AheadKind};
use crate::tui::model::Model;
use crate::tui::picture::{Job, KittyCoded, Protocol};
use crate::tui::stage::{Made, Order, Quality, exact_bytes};

/// What is sent before it is wanted, where the terminal keeps it.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Since when the wanted picture has been there, with nothing else to do.
    pub(super) rests_since: Option<Instant>,
    pub(super) coding: bool,
    pub(super) ready: Option<(Made, KittyCoded, bool)>,
}

/// How long a slow link must rest before something is sent ahead.
const AHEAD_REST: Duration = Duration::from_millis(1000);
/// What takes no longer on the link is sent ahead at once.
const UNNOTICED: Duration = Duration::from_millis(100);
/// What would take longer is not sent ahead.
const TOO_LONG: Duration = Duration::from_millis(2000);

impl Canvas {
    /// Has made ready what may be wanted next; answers when to ask again.
    pub(super) fn order_ahead(&mut self, model: &Model, now: Instant) -> Option<Instant> {
        let rests = self.abilities.protocol == Protocol::Kitty && self.stage.rests();
        if !rests {
            (self.ahead.rests_since, self.ahead.ready) = (None, None);
            return None;
        }
        let since = *self.ahead.rests_since.get_or_insert(now);
        let busy = self.ahead.coding || self.ahead.ready.is_some();
        if busy || self.kitty.sending().is_some() {
            return None;
        }
        let (order, stays) = model.ahead.iter().find_map(|it| self.ahead_order(it))?;
        let wait = if self.link.duration(exact_bytes(&order.image)) < UNNOTICED {
            Duration::ZERO
        } else {
            AHEAD_REST
        };
        if now < since + wait {
            return Some(since + wait);
        }
        self.ahead.coding = true;
        self.coder.encode(self.abilities, Job::Ahead(order, stays));
        None
    }

    /// How something is made ready that may be wanted next; `None` if the terminal has it, or it would take
    /// the link too long.
    fn ahead_order(&self, ahead: &message::Ahead) -> Option<(Order, bool)> {
        let (image, frame) = (&ahead.image, ahead.frame);
        let shown = self.stage.shown()?.place;
        // Only of all its pixels a part can be shown.
        let around = self.stage.shown()?.frame != frame;
        let takes = self.link.duration(exact_bytes(image));
        let quality = if around {
            Quality::Exact
        } else {
            Quality::Settled
        };
        let held = self.kitty.holds(image, frame, shown);
        (!held && (!around || takes < TOO_LONG)).then(|| {
            let order = Order {
                image: image.clone(),
                place: shown,
                frame,
                quality,
                budget: self.link.settled_budget(),
            };
            (order, ahead.kind == AheadKind::Other)
        })
    }
}
