//! Files whose rows are made span by span, on all threads: what their decoders share.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::engine::guarded::lock;
use crate::engine::raster::{Depth, Samples};

/// A file whose pixels are made in spans of rows, by whoever has time for the next one.
pub trait Spans: Send + Sync + Sized {
    /// What its samples are.
    type Sample: Sample;
    /// What a thread needs to make spans.
    type Workshop: Send;

    /// Columns and rows.
    fn size(&self) -> (usize, usize);
    /// Samples of a pixel, 1 to 4.
    fn channels(&self) -> usize;
    /// How many spans there are; together they are all rows.
    fn span_count(&self) -> usize;
    /// The span that a row of pixels is in.
    fn span_of(&self, y: usize) -> usize;
    /// The rows of pixels in a span.
    fn rows_of_span(&self, span: usize) -> Range<usize>;
    /// A new workshop.
    fn workshop(&self) -> Self::Workshop;
    /// Makes the next spans, from top to bottom; whether there were any. `None` if the file is damaged.
    fn step(&self, workshop: &mut Self::Workshop, sink: &dyn Sink<Self::Sample>) -> Option<bool>;
    /// The same file from its start.
    fn again(&self) -> Option<Self>;
}

/// A file by the bits of its samples.
pub enum ByDepth<E, S> {
    /// 8 bits.
    Eight(E),
    /// 16 bits.
    Sixteen(S),
}

/// Rows that are made together.
pub trait Sink<T>: Sync {
    /// Gives room for a span of rows to whoever fills it.
    fn put(&self, span: usize, fill: &mut dyn FnMut(&mut [T]));
}

/// A sample of 8 or 16 bits.
pub trait Sample: Copy + Default + Send + Sync {
    /// How many bits it has.
    const DEPTH: Depth;
    /// What stands for samples that a damaged file does not have; it never reaches a result.
    const GREY: Self;

    /// As pictures hold them.
    fn pack(samples: Vec<Self>) -> Samples;
    /// Out of what pictures hold; empty if that is of another kind.
    fn unpack(samples: Samples) -> Vec<Self>;
}

impl Sample for u8 {
    const DEPTH: Depth = Depth::Eight;
    const GREY: Self = 0x80;

    fn pack(samples: Vec<Self>) -> Samples {
        Samples::Eight(samples)
    }

    fn unpack(samples: Samples) -> Vec<Self> {
        match samples {
            Samples::Eight(it) => it,
            _ => Vec::new(),
        }
    }
}

impl Sample for u16 {
    const DEPTH: Depth = Depth::Sixteen;
    const GREY: Self = 0x8080;

    fn pack(samples: Vec<Self>) -> Samples {
        Samples::Sixteen(samples)
    }

    fn unpack(samples: Samples) -> Vec<Self> {
        match samples {
            Samples::Sixteen(it) => it,
            _ => Vec::new(),
        }
    }
}

/// All samples, row by row, on all threads. `None` if the file is damaged.
pub fn read<S: Spans>(spans: &S) -> Option<Vec<S::Sample>> {
    read_with(spans, |work| {
        rayon::scope(|scope| {
            for _ in 1..rayon::current_num_threads() {
                scope.spawn(|_| work());
            }
            work();
        });
    })
}

/// The same on this thread alone.
pub fn read_alone<S: Spans>(spans: &S) -> Option<Vec<S::Sample>> {
    read_with(spans, |work| work())
}

fn read_with<S: Spans>(spans: &S, run: impl FnOnce(&(dyn Fn() + Sync))) -> Option<Vec<S::Sample>> {
    let width = spans.size().0 * spans.channels();
    let mut samples = vec![S::Sample::default(); width * spans.size().1];
    let mut rest = samples.as_mut_slice();
    let mut places = Vec::with_capacity(spans.span_count());
    for span in 0..spans.span_count() {
        let (place, others) = rest.split_at_mut(spans.rows_of_span(span).len() * width);
        places.push(Mutex::new(place));
        rest = others;
    }
    let sink = Whole(places);
    let is_damaged = AtomicBool::new(false);
    run(&|| {
        let mut workshop = spans.workshop();
        while !is_damaged.load(Ordering::Relaxed) {
            match spans.step(&mut workshop, &sink) {
                Some(true) => {}
                Some(false) => break,
                None => is_damaged.store(true, Ordering::Relaxed),
            }
        }
    });
    drop(sink);
    (!is_damaged.into_inner()).then_some(samples)
}

/// A picture that is held as a whole.
struct Whole<'a, T>(Vec<Mutex<&'a mut [T]>>);

impl<T: Send> Sink<T> for Whole<'_, T> {
    fn put(&self, span: usize, fill: &mut dyn FnMut(&mut [T])) {
        fill(&mut lock(&self.0[span]));
    }
}
