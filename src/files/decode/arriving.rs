//! Pictures whose rows are made when they are asked for, so that they never exist as a whole.

use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock};

use super::spans::{Sample, Sink, Spans, read_alone};
use crate::engine::guarded::{lock, unpoisoned};
use crate::engine::raster::{Depth, Piece, Rows, Samples};

/// Spans of rows that were let go and wait for new ones, at most.
const SPARE: usize = 64;

/// What is known of a file as soon as its rows arrive.
pub trait Arrives: Rows {
    /// Columns and rows.
    fn size(&self) -> (usize, usize);

    /// Samples of a pixel, 1 to 4.
    fn channels(&self) -> usize;

    /// The bits of a sample.
    fn depth(&self) -> Depth;

    /// Reads whatever nobody asked for, on all threads; whether all of the file is sound.
    fn finish(&self) -> bool;
}

/// A file whose rows are made by whoever asks for them.
pub struct Arriving<S: Spans> {
    decoder: S,
    spans: Mutex<Held<S::Sample>>,
    /// Told when spans were made, or will never be.
    made: Condvar,
    workshops: Mutex<Vec<S::Workshop>>,
    is_damaged: AtomicBool,
    /// Everything, for those that ask for rows that were let go.
    whole: OnceLock<Vec<S::Sample>>,
}

struct Held<T> {
    /// Those that are there, by number.
    there: Vec<Option<Arc<Samples>>>,
    /// Those below this number were let go.
    gone: usize,
    /// Memory of those.
    spare: Vec<Vec<T>>,
}

impl<S: Spans> fmt::Debug for Arriving<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (width, height) = self.decoder.size();
        write!(f, "a file of {width}×{height} pixels")
    }
}

impl<S: Spans> Arriving<S> {
    /// Nothing is read yet.
    pub fn new(decoder: S) -> Self {
        let spans = Held {
            there: vec![None; decoder.span_count()],
            gone: 0,
            spare: Vec::new(),
        };
        Self {
            decoder,
            spans: Mutex::new(spans),
            made: Condvar::new(),
            workshops: Mutex::default(),
            is_damaged: AtomicBool::new(false),
            whole: OnceLock::new(),
        }
    }

    fn is_damaged(&self) -> bool {
        self.is_damaged.load(Ordering::Relaxed)
    }

    /// Makes some more rows; whether there were any to be made.
    fn step(&self) -> bool {
        if self.is_damaged() {
            return false;
        }
        let workshop = lock(&self.workshops).pop();
        let mut workshop = workshop.unwrap_or_else(|| self.decoder.workshop());
        let done = self.decoder.step(&mut workshop, self);
        lock(&self.workshops).push(workshop);
        if done.is_none() {
            self.is_damaged.store(true, Ordering::Relaxed);
            // Whoever is about to wait must see it.
            let _spans = lock(&self.spans);
            self.made.notify_all();
        }
        done == Some(true)
    }

    /// Waits for spans that others are making.
    fn wait(&self, wanted: &Range<usize>) {
        let mut spans = lock(&self.spans);
        while !spans.has(wanted) && !self.is_damaged() {
            spans = unpoisoned(self.made.wait(spans));
        }
    }

    /// Rows that are not to be had piece by piece.
    fn rest(&self, rows: Range<usize>) -> Piece {
        let row = self.row();
        let samples = match self.is_damaged() {
            true => vec![S::Sample::GREY; row * rows.len()],
            false => self.all()[row * rows.start..row * rows.end].to_vec(),
        };
        Piece {
            rows,
            samples: Arc::new(S::Sample::pack(samples)),
        }
    }

    /// All samples, read once more by this thread alone: others may wait for them.
    fn all(&self) -> &[S::Sample] {
        self.whole.get_or_init(|| {
            let again = self.decoder.again().and_then(|it| read_alone(&it));
            again.unwrap_or_else(|| vec![S::Sample::GREY; self.row() * self.decoder.size().1])
        })
    }

    /// Samples of a row.
    fn row(&self) -> usize {
        self.decoder.size().0 * self.decoder.channels()
    }
}

impl<S: Spans> Rows for Arriving<S> {
    fn read(&self, rows: Range<usize>) -> Vec<Piece> {
        if rows.is_empty() {
            return Vec::new();
        }
        let wanted = self.decoder.span_of(rows.start)..self.decoder.span_of(rows.end - 1) + 1;
        loop {
            let spans = lock(&self.spans);
            if spans.gone > wanted.start {
                break;
            }
            if spans.has(&wanted) {
                let there = spans.there[wanted.clone()].iter().flatten();
                let piece = |(number, samples): (usize, &Arc<Samples>)| Piece {
                    rows: self.decoder.rows_of_span(number),
                    samples: samples.clone(),
                };
                return wanted.clone().zip(there).map(piece).collect();
            }
            drop(spans);
            if self.is_damaged() {
                break;
            }
            if !self.step() {
                self.wait(&wanted);
            }
        }
        vec![self.rest(rows)]
    }

    fn let_go(&self, above: usize) {
        let mut spans = lock(&self.spans);
        let end = match above >= self.decoder.size().1 {
            true => spans.there.len(),
            false => self.decoder.span_of(above),
        };
        let Held { there, gone, spare } = &mut *spans;
        for span in there.iter_mut().take(end).skip(*gone) {
            if let Some(samples) = span.take().and_then(Arc::into_inner)
                && spare.len() < SPARE
            {
                spare.push(S::Sample::unpack(samples));
            }
        }
        *gone = end.max(*gone);
    }

    fn whole(&self) -> Samples {
        S::Sample::pack(self.all().to_vec())
    }
}

impl<S: Spans> Arrives for Arriving<S> {
    fn size(&self) -> (usize, usize) {
        self.decoder.size()
    }

    fn channels(&self) -> usize {
        self.decoder.channels()
    }

    fn depth(&self) -> Depth {
        S::Sample::DEPTH
    }

    fn finish(&self) -> bool {
        self.let_go(self.decoder.size().1);
        rayon::scope(|scope| {
            for _ in 0..rayon::current_num_threads() {
                scope.spawn(|_| while self.step() {});
            }
        });
        !self.is_damaged()
    }
}

impl<T> Held<T> {
    /// Whether all of these are there.
    fn has(&self, wanted: &Range<usize>) -> bool {
        self.there[wanted.clone()].iter().all(Option::is_some)
    }
}

impl<S: Spans> Sink<S::Sample> for Arriving<S> {
    fn put(&self, span: usize, fill: &mut dyn FnMut(&mut [S::Sample])) {
        let length = self.decoder.rows_of_span(span).len() * self.row();
        let spare = lock(&self.spans).spare.pop();
        let mut samples = spare.unwrap_or_default();
        samples.resize(length, S::Sample::default());
        fill(&mut samples);
        let mut spans = lock(&self.spans);
        if span >= spans.gone {
            spans.there[span] = Some(Arc::new(S::Sample::pack(samples)));
        } else if spans.spare.len() < SPARE {
            spans.spare.push(samples);
        }
        drop(spans);
        self.made.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::super::jpeg::Decoder;
    use super::super::spans;
    use super::*;

    const FILES: [&[u8]; 3] = [
        include_bytes!("../../../tests/fixtures/jpeg/422.jpg"),
        include_bytes!("../../../tests/fixtures/jpeg/420.jpg"),
        include_bytes!("../../../tests/fixtures/jpeg/420-rows.jpg"),
    ];

    fn decoder(file: &[u8]) -> Decoder {
        Decoder::new(file.to_vec()).expect("a usual file")
    }

    /// The samples of some rows out of the pieces that hold them.
    fn samples(arriving: &Arriving<Decoder>, rows: Range<usize>) -> Vec<u8> {
        let row = arriving.size().0 * arriving.channels();
        let mut found = Vec::new();
        for piece in arriving.read(rows.clone()) {
            let Samples::Eight(it) = &*piece.samples else {
                unreachable!("a JPEG has 8 bits");
            };
            let from = rows.start.max(piece.rows.start) - piece.rows.start;
            let to = rows.end.min(piece.rows.end) - piece.rows.start;
            found.extend_from_slice(&it[from * row..to * row]);
        }
        found
    }

    #[test]
    fn rows_are_those_of_the_whole_in_any_order() {
        for file in FILES {
            let whole = spans::read(&decoder(file)).expect("a sound file");
            let arriving = Arriving::new(decoder(file));
            let (width, height) = arriving.size();
            let row = width * arriving.channels();
            for (from, to) in [
                (20, 33),
                (0, 1),
                (31, height),
                (15, 17),
                (0, height),
                (7, 7),
            ] {
                let found = samples(&arriving, from..to);
                assert_eq!(found, whole[from * row..to * row], "{from}..{to}");
            }
        }
    }

    #[test]
    fn rows_that_were_let_go_can_be_had_again() {
        for file in FILES {
            let whole = spans::read(&decoder(file)).expect("a sound file");
            let arriving = Arriving::new(decoder(file));
            let row = arriving.size().0 * arriving.channels();
            arriving.read(0..30);
            arriving.let_go(28);
            assert_eq!(samples(&arriving, 28..40), whole[28 * row..40 * row]);
            assert!(arriving.whole.get().is_none());
            assert_eq!(samples(&arriving, 3..31), whole[3 * row..31 * row]);
            assert_eq!(arriving.whole(), Samples::Eight(whole));
            assert!(arriving.finish());
        }
    }

    #[test]
    fn few_rows_are_held_when_those_above_are_let_go() {
        for file in FILES {
            let arriving = Arriving::new(decoder(file));
            for y in 0..arriving.size().1 {
                arriving.read(y..y + 1);
                arriving.let_go(y);
                let held = lock(&arriving.spans).there.iter().flatten().count();
                assert!(held <= 4, "{held} spans at {y}");
            }
        }
    }

    #[test]
    fn threads_that_want_the_same_rows_all_get_them() {
        for file in FILES {
            let whole = spans::read(&decoder(file)).expect("a sound file");
            let arriving = Arriving::new(decoder(file));
            let height = arriving.size().1;
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| assert_eq!(samples(&arriving, 0..height), whole));
                }
            });
        }
    }

    #[test]
    fn damage_is_found_at_the_end_at_the_latest() {
        for file in FILES {
            // The last quarter is missing.
            let file = [&file[..file.len() * 3 / 4], &[0xFF, 0xD9]].concat();
            let Ok(decoder) = Decoder::new(file) else {
                continue;
            };
            let arriving = Arriving::new(decoder);
            let (width, height) = arriving.size();
            let found = samples(&arriving, 0..height);
            assert_eq!(found.len(), width * height * arriving.channels());
            assert!(!arriving.finish());
        }
    }
}
