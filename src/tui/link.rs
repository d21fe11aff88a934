//! How fast the way to the terminal is, and whether something more may go on it.
//!
//! Between this program and the eyes of a person there may be a megabyte of buffers. A write that
//! returns says nothing; so a status query goes behind each frame, and its answer says that
//! everything before it was taken in. What is not answered yet is on the way. Where there are no answers,
//! frames are paced by the clock. Pure: the time comes in as a value.

use std::collections::VecDeque;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// The rate that is assumed when answers stay away, in bytes a second.
const SLOW: f64 = 200_000.0;
/// The rate over SSH before anything is known, in bytes a second.
const UNKNOWN: f64 = 500_000.0;
/// The rate of a terminal on this machine before anything is known, in bytes a second.
const LOCAL: f64 = 50_000_000.0;

/// Share of a second that a draft may take on the link.
const DRAFT: f64 = 0.12;
/// Share of a second that the picture may take that is shown when the keys rest.
const SETTLED: f64 = 0.45;
/// A draft of fewer bytes would show nothing.
const SMALLEST_DRAFT: f64 = 24_000.0;
/// The same for the picture when the keys rest.
const SMALLEST_SETTLED: f64 = 64_000.0;

/// How long an answer may take beyond the time that the bytes need.
const PATIENCE: Duration = Duration::from_secs(3);
/// Answers that stay away in a row until no more are asked for.
const HOPELESS: usize = 3;
/// How long an answer that stayed away may still come.
const LATE: Duration = Duration::from_secs(10);

/// Frames of fewer bytes tell how long the way is, not how wide.
const SMALL: usize = 2_000;
/// Frames of at least so many bytes tell how wide the way is.
const TELLING: usize = 8_000;
/// The share that a new measurement has in the rate.
const WEIGHT: f64 = 0.4;
/// Bytes of text that may be on the way on any link.
const TEXT: f64 = 8_000.0;

/// What is said about the link from outside.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum LinkSpeed {
    /// It is measured.
    #[default]
    Auto,
    /// So many bytes a second, measured or not.
    Rate(f64),
}

impl FromStr for LinkSpeed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (number, factor) = match text {
            "auto" => return Ok(LinkSpeed::Auto),
            "slow" => return Ok(LinkSpeed::Rate(SLOW)),
            "fast" => return Ok(LinkSpeed::Rate(LOCAL)),
            _ => match text.char_indices().next_back() {
                Some((at, 'k')) => (&text[..at], 1e3),
                Some((at, 'M')) => (&text[..at], 1e6),
                _ => (text, 1.0),
            },
        };
        let rate = number.parse().map(|it: f64| it * factor);
        match rate {
            Ok(rate) if (1e3..=1e12).contains(&rate) => Ok(LinkSpeed::Rate(rate)),
            _ => Err("auto, slow, fast or bytes a second, as in 500k or 2M".to_string()),
        }
    }
}

/// A frame on the way.
#[derive(Clone, Copy, Debug)]
struct Flight {
    bytes: usize,
    sent: Instant,
    /// When it counts as arrived without an answer.
    due: Instant,
}

/// The way to the terminal.
#[derive(Debug)]
pub struct Link {
    rate: f64,
    fixed: bool,
    /// There and back.
    round_trip: Option<Duration>,
    flights: VecDeque<Flight>,
    /// When the last answer came.
    heard: Option<Instant>,
    /// The terminal answers status queries, and not a multiplexer that knows nothing of the way
    /// behind it.
    answers: bool,
    missed: usize,
    /// Until when each answer that stayed away may still come.
    late: VecDeque<Instant>,
}

impl Link {
    /// A link. `remote` is one over SSH; `answers` says whether the terminal itself answers.
    pub fn new(speed: LinkSpeed, remote: bool, answers: bool) -> Self {
        let rate = match speed {
            LinkSpeed::Rate(rate) => rate,
            LinkSpeed::Auto if remote => UNKNOWN,
            LinkSpeed::Auto => LOCAL,
        };
        Self {
            rate,
            fixed: matches!(speed, LinkSpeed::Rate(_)),
            round_trip: None,
            flights: VecDeque::new(),
            heard: None,
            answers,
            missed: 0,
            late: VecDeque::new(),
        }
    }

    /// Whether a status query belongs behind each frame.
    pub fn wants_fence(&self) -> bool {
        self.answers
    }

    /// Nothing is on the way any more, and answers that stay away are forgotten: the screen is drawn
    /// anew, perhaps on another terminal.
    pub fn begin_anew(&mut self) {
        self.missed = 0;
        self.flights.clear();
        self.late.clear();
        self.heard = None;
    }

    /// The rate, in words.
    pub fn told(&self) -> String {
        if self.rate >= LOCAL {
            "fast".to_string()
        } else {
            format!("{:.0} kB/s", self.rate / 1e3)
        }
    }

    /// The rate in bytes a second.
    #[cfg(test)]
    fn rate(&self) -> f64 {
        self.rate
    }

    /// Bytes that a draft may have.
    pub fn draft_budget(&self) -> usize {
        (self.rate * DRAFT).max(SMALLEST_DRAFT) as usize
    }

    /// Bytes that a picture may have when the keys rest.
    pub fn settled_budget(&self) -> usize {
        (self.rate * SETTLED).max(SMALLEST_SETTLED) as usize
    }

    /// How long so many bytes are on the way.
    pub fn duration(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64((bytes as f64 / self.rate).clamp(0.0, 3600.0))
    }

    /// A frame has been handed to the writer, with a fence behind it if they are wanted.
    pub fn sent(&mut self, bytes: usize, now: Instant) {
        // What is on the way already goes first.
        let start = self.flights.back().map_or(now, |it| it.due.max(now));
        let start = if self.answers { now } else { start };
        let due = start
            + self.duration(bytes)
            + if self.answers {
                PATIENCE
            } else {
                Duration::ZERO
            };
        self.flights.push_back(Flight {
            bytes,
            sent: now,
            due,
        });
    }

    /// An answer has come.
    pub fn answered(&mut self, now: Instant) {
        self.missed = 0;
        while self.late.front().is_some_and(|it| *it < now) {
            self.late.pop_front();
        }
        if self.late.pop_front().is_some() {
            return;
        }
        let Some(flight) = self.flights.pop_front() else {
            return;
        };
        // A frame behind another one starts to arrive when that one has arrived.
        let waited = self.heard.is_some_and(|it| it > flight.sent);
        let since = if waited {
            self.heard.unwrap_or(now)
        } else {
            flight.sent
        };
        let took = now.saturating_duration_since(since);
        self.heard = Some(now);
        if flight.bytes < SMALL && !waited {
            self.round_trip = Some(match self.round_trip {
                // The shortest is the truest, but the way may have become longer.
                Some(old) => took.min(old + old / 8),
                None => took,
            });
        }
        if flight.bytes >= TELLING && !self.fixed {
            let way = if waited {
                Duration::ZERO
            } else {
                self.round_trip.unwrap_or_default()
            };
            let took = took.saturating_sub(way).max(Duration::from_millis(1));
            let measured = flight.bytes as f64 / took.as_secs_f64();
            self.rate += WEIGHT * (measured - self.rate);
        }
    }

    /// Lets go of frames whose time is over; to be asked before anything is decided.
    pub fn check(&mut self, now: Instant) {
        while self.flights.front().is_some_and(|it| it.due <= now) {
            self.flights.pop_front();
            if self.answers {
                self.late.push_back(now + LATE);
                self.missed += 1;
                if !self.fixed {
                    self.rate = self.rate.min(SLOW);
                }
                if self.missed >= HOPELESS {
                    self.answers = false;
                    self.late.clear();
                }
            }
        }
    }

    /// When there is something to [`check`](Self::check).
    pub fn deadline(&self) -> Option<Instant> {
        self.flights.front().map(|it| it.due)
    }

    /// Bytes on the way.
    fn on_the_way(&self) -> usize {
        self.flights.iter().map(|it| it.bytes).sum()
    }

    /// Whether a picture may go: nothing to speak of is on the way.
    pub fn takes_picture(&self) -> bool {
        self.on_the_way() < SMALL
    }

    /// Whether text may go: it may follow a draft, but not pile up.
    pub fn takes_text(&self) -> bool {
        (self.on_the_way() as f64) < (self.rate * 2.0 * DRAFT).max(TEXT + SMALLEST_DRAFT)
    }

    /// Bytes of a slice of a picture that is sent in slices.
    pub fn slice(&self) -> usize {
        self.draft_budget() / 2
    }

    /// Whether the next slice may go: one at most is on the way.
    pub fn takes_slice(&self) -> bool {
        self.on_the_way() <= self.slice() + SMALL
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    /// Sends frames of so many bytes over a link of this rate and round trip, each after the answer to
    /// the one before.
    fn drive(
        link: &mut Link,
        mut now: Instant,
        rate: f64,
        round_trip: u64,
        frames: &[usize],
    ) -> Instant {
        for bytes in frames {
            link.sent(*bytes, now);
            now += ms(round_trip) + Duration::from_secs_f64(*bytes as f64 / rate);
            link.check(now);
            link.answered(now);
        }
        now
    }

    #[test]
    fn the_rate_is_learned_from_answers() {
        for rate in [60_000.0, 1e6, 20e6] {
            let mut link = Link::new(LinkSpeed::Auto, true, true);
            let frames = [&[500][..], &[40_000; 20]].concat();
            drive(&mut link, Instant::now(), rate, 40, &frames);
            assert!(
                (link.rate() / rate - 1.0).abs() < 0.1,
                "{} for {rate}",
                link.rate()
            );
            let draft = link.draft_budget() as f64;
            assert!(
                draft == 24_000.0 || (draft / (0.12 * rate) - 1.0).abs() < 0.1,
                "{draft}"
            );
        }
    }

    #[test]
    fn a_speed_is_a_word_or_a_number() {
        let rate = |text: &str| text.parse::<LinkSpeed>();
        assert_eq!(rate("auto"), Ok(LinkSpeed::Auto));
        assert_eq!(rate("slow"), Ok(LinkSpeed::Rate(SLOW)));
        assert_eq!(rate("500k"), Ok(LinkSpeed::Rate(5e5)));
        assert_eq!(rate("1.5M"), Ok(LinkSpeed::Rate(1.5e6)));
        assert_eq!(rate("64000"), Ok(LinkSpeed::Rate(64e3)));
        for wrong in ["", "k", "quick", "-3k", "0", "NaN", "infM", "5ä"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_was_said_from_outside_is_not_measured() {
        let mut link = Link::new(LinkSpeed::Rate(3e5), true, true);
        drive(&mut link, Instant::now(), 1e7, 40, &[500, 90_000, 90_000]);
        assert!((link.rate() - 3e5).abs() < 1.0);
    }

    #[test]
    fn frames_behind_each_other_are_measured_one_by_one() {
        let now = Instant::now();
        let mut link = Link::new(LinkSpeed::Auto, true, true);
        for _ in 0..12 {
            link.sent(100_000, now);
        }
        for arrived in 1..=12 {
            link.answered(now + ms(40 + 100 * arrived));
        }
        assert!((link.rate() / 1e6 - 1.0).abs() < 0.1, "{}", link.rate());
    }

    #[test]
    fn a_picture_waits_for_the_answer_to_the_one_before() {
        let now = Instant::now();
        let mut link = Link::new(LinkSpeed::Rate(1e6), true, true);
        assert!(link.takes_picture() && link.takes_text());
        link.sent(600, now);
        assert!(link.takes_picture());
        link.sent(100_000, now);
        assert!(!link.takes_picture());
        // Text may follow a draft, but not pile up.
        assert!(link.takes_text());
        link.sent(200_000, now);
        assert!(!link.takes_text());
        for _ in 0..3 {
            link.answered(now + ms(400));
        }
        assert!(link.takes_picture() && link.deadline().is_none());
    }

    #[test]
    fn a_terminal_that_stops_to_answer_is_paced_by_the_clock() {
        let mut now = Instant::now();
        let mut link = Link::new(LinkSpeed::Auto, true, true);
        for _ in 0..HOPELESS {
            assert!(link.wants_fence());
            link.sent(50_000, now);
            let due = link.deadline().expect("something is on the way");
            link.check(due - ms(1));
            assert!(!link.takes_picture());
            link.check(due);
            assert!(link.takes_picture());
            now = due;
        }
        assert!(!link.wants_fence());
        link.sent(50_000, now);
        assert!(!link.takes_picture());
        assert_eq!(link.deadline(), Some(now + ms(250)));
        link.check(now + ms(250));
        assert!(link.takes_picture());
    }

    #[test]
    fn a_late_answer_is_not_taken_for_the_next() {
        let now = Instant::now();
        let mut link = Link::new(LinkSpeed::Auto, true, true);
        link.sent(50_000, now);
        let due = link.deadline().expect("something is on the way");
        link.check(due);
        link.sent(50_000, due);
        link.answered(due + ms(10));
        assert!(!link.takes_picture());
        link.answered(due + ms(200));
        assert!(link.takes_picture());
    }

    #[test]
    fn a_silent_terminal_is_never_asked() {
        let now = Instant::now();
        let mut link = Link::new(LinkSpeed::Auto, true, false);
        assert!(!link.wants_fence());
        link.sent(100_000, now);
        link.sent(100_000, now);
        link.check(now + ms(399));
        assert!(!link.takes_picture());
        link.check(now + ms(400));
        assert!(link.takes_picture());
    }
}
