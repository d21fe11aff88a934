//! Which picture goes to the terminal next: the newest that is wanted, as good as the link allows.
//!
//! A change is shown as a draft that takes little time on the link; when the keys rest, a better one
//! follows, and after that the exact one. Nothing goes before the terminal has taken in what
//! was sent before, and what has become old by then is never sent. Pure: the time comes in as a value.

use std::sync::Arc;
use std::time::{Duration, Instant};

use image::RgbImage;
use ratatui::layout::Rect;

use super::geometry::Frame;
use super::link::Link;

/// How long the keys must rest before a picture is sent that takes its time.
const REST: Duration = Duration::from_millis(600);

/// Bytes that a sample of an exact picture takes on the wire, more or less: PNG in base64.
const BYTES_A_SAMPLE: f64 = 0.7;

/// Bytes that an exact picture takes on the wire, more or less.
pub fn exact_bytes(image: &RgbImage) -> usize {
    (image.as_raw().len() as f64 * BYTES_A_SAMPLE) as usize
}

/// How good a picture is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quality {
    /// As good as can be sent at once.
    Draft,
    /// As good as can be waited for.
    Settled,
    /// As good as the terminal can show it.
    Exact,
}

/// A picture that is to be seen.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The picture, in screen pixels.
    pub image: Arc<RgbImage>,
    /// The cells that it covers.
    pub place: Rect,
    /// Which part of the subject it shows, and how large.
    pub frame: Frame,
    /// Whether it is the true picture: a draft of one is not worth many bytes.
    pub settled: bool,
}

impl Wanted {
    fn is(&self, image: &Arc<RgbImage>, place: Rect) -> bool {
        Arc::ptr_eq(&self.image, image) && self.place == place
    }
}

/// A picture that is to be made ready for the wire.
#[derive(Clone, Debug)]
pub struct Order {
    /// The picture.
    pub image: Arc<RgbImage>,
    /// The cells that it will cover.
    pub place: Rect,
    /// Which part of the subject it shows, and how large.
    pub frame: Frame,
    /// How good it is to be.
    pub quality: Quality,
    /// Bytes that it may have; an exact picture has as many as it needs.
    pub budget: usize,
}

impl Order {
    /// The picture that was made; whether it turned out exact.
    pub fn made(self, exact: bool) -> Made {
        Made {
            quality: if exact { Quality::Exact } else { self.quality },
            image: self.image,
            place: self.place,
            frame: self.frame,
        }
    }
}

/// A picture that is ready, or was sent.
#[derive(Clone, Debug)]
pub struct Made {
    /// The picture.
    pub image: Arc<RgbImage>,
    /// The cells that it covers.
    pub place: Rect,
    /// Which part of the subject it shows, and how large.
    pub frame: Frame,
    /// How good it is: exact if it turned out so.
    pub quality: Quality,
}

/// What is on the screen, what is being made ready, and what is wanted.
#[derive(Debug)]
pub struct Stage<P> {
    wanted: Option<Wanted>,
    /// When it was first wanted.
    since: Instant,
    shown: Option<Made>,
    /// Something is being made ready.
    coding: bool,
    ready: Option<(Made, P)>,
}

impl<P> Stage<P> {
    /// An empty stage.
    pub fn new(now: Instant) -> Self {
        Self {
            wanted: None,
            since: now,
            shown: None,
            coding: false,
            ready: None,
        }
    }

    /// Says what is to be seen.
    pub fn want(&mut self, wanted: Option<Wanted>, now: Instant) {
        let same = match (&self.wanted, &wanted) {
            (Some(old), Some(new)) => new.is(&old.image, old.place) && old.settled == new.settled,
            (None, None) => true,
            _ => false,
        };
        if !same {
            self.since = now;
        }
        // A picture for another place is of no use. One of an older state is: it is sent if the link
        // becomes free before there is a newer one, so that something moves while a key is held.
        let place = wanted.as_ref().map(|it| it.place);
        if self
            .ready
            .as_ref()
            .is_some_and(|it| Some(it.0.place) != place)
        {
            self.ready = None;
        }
        self.wanted = wanted;
    }

    /// What is wanted.
    pub fn wanted(&self) -> Option<&Wanted> {
        self.wanted.as_ref()
    }

    /// What is on the screen, as far as was sent.
    pub fn shown(&self) -> Option<&Made> {
        self.shown.as_ref()
    }

    /// How good the wanted picture should be by now, and how long that stays so.
    fn aim(&self, link: &Link, now: Instant) -> Option<(&Wanted, Quality, Option<Instant>)> {
        let wanted = self.wanted.as_ref()?;
        if !wanted.settled {
            return Some((wanted, Quality::Draft, None));
        }
        let exact = self.since + REST.max(link.duration(exact_bytes(&wanted.image)));
        Some(if exact <= now {
            (wanted, Quality::Exact, None)
        } else {
            (wanted, Quality::Settled, Some(exact))
        })
    }

    /// What should be made ready now.
    pub fn order(&mut self, link: &Link, now: Instant) -> Option<Order> {
        if self.coding {
            return None;
        }
        let (wanted, quality, _) = self.aim(link, now)?;
        let does = |it: &Made| wanted.is(&it.image, it.place) && it.quality >= quality;
        if self.shown.as_ref().is_some_and(does)
            || self.ready.as_ref().is_some_and(|it| does(&it.0))
        {
            return None;
        }
        let order = Order {
            image: wanted.image.clone(),
            place: wanted.place,
            frame: wanted.frame,
            quality,
            budget: match quality {
                Quality::Draft => link.draft_budget(),
                Quality::Settled => link.settled_budget(),
                Quality::Exact => usize::MAX,
            },
        };
        self.coding = true;
        Some(order)
    }

    /// Something is ready; `None` if it could not be made.
    pub fn coded(&mut self, made: Option<(Made, P)>) {
        self.coding = false;
        let place = self.wanted.as_ref().map(|it| it.place);
        self.ready = made.filter(|it| Some(it.0.place) == place);
    }

    /// Whether something could go.
    pub fn is_ready(&self) -> bool {
        self.ready.is_some()
    }

    /// Takes what goes now.
    pub fn take(&mut self) -> Option<(Made, P)> {
        self.ready.take()
    }

    /// Something was sent, or taken away.
    pub fn show(&mut self, made: Option<Made>) {
        self.shown = made;
    }

    /// Whether the wanted picture is on the screen, as good as it can be, and nothing else is under way.
    pub fn rests(&self) -> bool {
        let exact = match (&self.wanted, &self.shown) {
            (Some(wanted), Some(shown)) => {
                wanted.is(&shown.image, shown.place) && shown.quality == Quality::Exact
            }
            _ => false,
        };
        exact && !self.coding && self.ready.is_none()
    }

    /// When there is something to [`order`](Self::order) though nothing has happened.
    pub fn deadline(&self, link: &Link, now: Instant) -> Option<Instant> {
        let (wanted, _, until) = self.aim(link, now)?;
        let exact = |it: &Made| wanted.is(&it.image, it.place) && it.quality == Quality::Exact;
        until.filter(|_| !self.shown.as_ref().is_some_and(exact))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::geometry::{Size, View};
    use crate::tui::link::LinkSpeed;

    const PLACE: Rect = Rect {
        x: 20,
        y: 1,
        width: 40,
        height: 20,
    };

    fn wanted(settled: bool) -> Wanted {
        let size = Size::new(320, 320);
        Wanted {
            image: Arc::new(RgbImage::new(320, 320)),
            place: PLACE,
            frame: View::default().frame(size, size),
            settled,
        }
    }

    fn made(order: &Order) -> Made {
        Made {
            image: order.image.clone(),
            place: order.place,
            frame: order.frame,
            quality: order.quality,
        }
    }

    fn slow(now: Instant) -> (Link, Stage<()>) {
        (Link::new(LinkSpeed::Rate(1e6), true, true), Stage::new(now))
    }

    #[test]
    fn a_change_is_drafted_then_settled_then_exact() {
        let start = Instant::now();
        let (link, mut stage) = slow(start);
        let at = |ms| start + Duration::from_millis(ms);
        let show = |stage: &mut Stage<()>, now| {
            let order = stage.order(&link, now)?;
            stage.coded(Some((made(&order), ())));
            let (made, ()) = stage.take().expect("it is ready");
            stage.show(Some(made));
            Some((order.quality, order.budget))
        };
        stage.want(Some(wanted(false)), at(0));
        assert_eq!(show(&mut stage, at(0)), Some((Quality::Draft, 120_000)));
        assert_eq!(show(&mut stage, at(10)), None);
        assert_eq!(stage.deadline(&link, at(10)), None);
        stage.want(Some(wanted(true)), at(200));
        assert_eq!(show(&mut stage, at(200)), Some((Quality::Settled, 450_000)));
        assert_eq!(stage.deadline(&link, at(210)), Some(at(800)));
        assert_eq!(show(&mut stage, at(799)), None);
        assert_eq!(
            show(&mut stage, at(800)),
            Some((Quality::Exact, usize::MAX))
        );
        assert_eq!(stage.deadline(&link, at(900)), None);
        assert_eq!(show(&mut stage, at(9000)), None);
    }

    #[test]
    fn only_one_is_made_at_a_time_and_the_newest_next() {
        let now = Instant::now();
        let (link, mut stage) = slow(now);
        stage.want(Some(wanted(false)), now);
        let first = stage.order(&link, now).expect("an order");
        let last = wanted(false);
        stage.want(Some(wanted(false)), now);
        stage.want(Some(last.clone()), now);
        assert!(stage.order(&link, now).is_none());
        stage.coded(Some((made(&first), ())));
        // The old one may go while the newest is being made.
        let second = stage.order(&link, now).expect("an order");
        assert!(Arc::ptr_eq(&second.image, &last.image));
        assert!(stage.is_ready());
        stage.coded(Some((made(&second), ())));
        let (sent, ()) = stage.take().expect("it is ready");
        assert!(Arc::ptr_eq(&sent.image, &last.image));
        assert!(!stage.is_ready());
    }

    #[test]
    fn a_picture_for_another_place_is_dropped() {
        let now = Instant::now();
        let (link, mut stage) = slow(now);
        stage.want(Some(wanted(false)), now);
        let order = stage.order(&link, now).expect("an order");
        let moved = Wanted {
            place: Rect { x: 0, ..PLACE },
            ..wanted(false)
        };
        stage.want(Some(moved), now);
        stage.coded(Some((made(&order), ())));
        assert!(!stage.is_ready());
        stage.want(None, now);
        assert!(stage.order(&link, now).is_none());
    }

    #[test]
    fn a_link_that_is_slow_must_rest_longer_before_the_exact_picture() {
        let now = Instant::now();
        let mut stage: Stage<()> = Stage::new(now);
        let link = Link::new(LinkSpeed::Rate(50_000.0), true, true);
        stage.want(Some(wanted(true)), now);
        let seconds = (320.0 * 320.0 * 3.0 * BYTES_A_SAMPLE / 50_000.0) as u64;
        let deadline = stage.deadline(&link, now).expect("it is not exact");
        assert_eq!(deadline.duration_since(now).as_secs(), seconds);
    }
}
