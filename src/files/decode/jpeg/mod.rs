//! JPEGs of the usual kind, on all cores: the very pixels that libjpeg makes.
//!
//! What is coded is read by one thread after the other, row by row, or piece by piece on all of them where restart
//! markers part it. Whoever has read a row transforms it and makes its pixels, while the next one is read.
//!
//! Usual are sequential JPEGs of 8 bits in one scan, grey or of three components, whose chroma has half as many columns,
//! rows or both. Everything else, and everything damaged, is for another decoder.

mod bits;
mod codes;
mod coefficients;
mod frame;
mod means;
mod pixels;
#[cfg(test)]
mod tests;
mod transform;

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use self::coefficients::{Blocks, Reader, pieces};
use self::frame::{Colours, Frame};
use self::means::{Means, SIDE};
use self::pixels::{Planes, Rim, is_blunt};
use super::spans::{Sink, Spans};
use crate::engine::guarded::lock;

/// A JPEG whose pixels are made piece by piece.
pub struct Decoder {
    file: Vec<u8>,
    frame: Frame,
    pieces: Vec<Range<usize>>,
    /// Rows of groups that can be read without those before them.
    stretch: usize,
    /// The stretch that is read next.
    next: AtomicUsize,
    /// Who reads it, where all is one stretch, and the row of groups that comes next.
    shared: Mutex<(Reader, usize)>,
    /// Between each two rows of groups, what the first one to be ready left for the other.
    borders: Vec<Mutex<Option<Rim>>>,
}

/// Memory for a row of groups in work.
pub struct Workshop {
    blocks: Blocks,
    planes: Planes,
}

impl Workshop {
    fn new(frame: &Frame) -> Self {
        Self {
            blocks: Blocks::new(frame),
            planes: Planes::new(frame),
        }
    }
}

impl Decoder {
    /// For a file of the usual kind.
    ///
    /// # Errors
    /// With the file, when it is of another kind or seen to be damaged.
    pub fn new(file: Vec<u8>) -> Result<Self, Vec<u8>> {
        let found = Frame::read(&file).and_then(|frame| {
            let pieces = pieces(&file, &frame)?;
            Some((frame, pieces))
        });
        let Some((frame, pieces)) = found else {
            return Err(file);
        };
        let (across, down) = frame.groups;
        let is_apart = frame.interval > 0 && frame.interval.is_multiple_of(across);
        let stretch = match is_apart {
            true => frame.interval / across,
            false => down,
        };
        let has_borders = frame
            .components
            .iter()
            .any(|it| it.reach.1 == 2 && !is_blunt(it));
        let borders = if has_borders { down - 1 } else { 0 };
        Ok(Self {
            file,
            pieces,
            stretch,
            next: AtomicUsize::new(0),
            shared: Mutex::new((Reader::new(0), 0)),
            borders: (0..borders).map(|_| Mutex::default()).collect(),
            frame,
        })
    }

    /// The span that a row of groups makes by itself.
    fn own_span(&self, row: usize) -> usize {
        match self.borders.is_empty() {
            true => row,
            false => 2 * row,
        }
    }

    /// The rows of pixels that a row of groups makes by itself, counted from its first, and whether a border follows.
    fn own_rows(&self, row: usize) -> (Range<usize>, bool) {
        let rows = self.rows_of(row);
        if self.borders.is_empty() {
            return (0..rows, false);
        }
        let is_last = row + 1 == self.frame.groups.1;
        let from = usize::from(row > 0);
        let to = if is_last { rows } else { rows - 1 };
        (from..to.max(from), !is_last)
    }

    fn rows_of(&self, row: usize) -> usize {
        let group = self.frame.group.1;
        group.min(self.frame.size.1 - row * group)
    }

    /// The file itself.
    pub fn into_file(self) -> Vec<u8> {
        self.file
    }

    /// Columns, rows and samples of the picture at an eighth of its size, on all threads that can help. Most of the file
    /// is passed over. `None` if it is damaged.
    pub fn means(&self) -> Option<((usize, usize), Vec<u8>)> {
        let (width, height) = (
            self.frame.size.0.div_ceil(SIDE),
            self.frame.size.1.div_ceil(SIDE),
        );
        let group = self.frame.group.1 / SIDE * width * self.channels();
        let mut samples = vec![0; width * height * self.channels()];
        let stretches = samples.par_chunks_mut(group * self.stretch).enumerate();
        let read = stretches.map(|(stretch, out)| {
            let (mut reader, mut means) = (Reader::new(stretch), Means::new(&self.frame));
            for out in out.chunks_mut(group) {
                reader.row(&self.file, &self.frame, &self.pieces, &mut means)?;
                means.write(&self.frame, out);
            }
            Some(())
        });
        read.collect::<Option<()>>()?;
        Some(((width, height), samples))
    }

    /// Makes the pixels of a row of groups that was read.
    fn finish(&self, row: usize, workshop: &mut Workshop, sink: &dyn Sink<u8>) {
        let width = self.frame.size.0 * self.channels();
        let planes = &mut workshop.planes;
        planes.fill(&workshop.blocks);
        let (own, has_border) = self.own_rows(row);
        let rows = self.rows_of(row);
        sink.put(self.own_span(row), &mut |out| {
            for (y, out) in own.clone().zip(out.chunks_exact_mut(width)) {
                planes.write(&self.frame, y, rows, out);
            }
        });
        if row > 0 && !self.borders.is_empty() {
            self.border(row - 1, planes, false, sink);
        }
        if has_border {
            self.border(row, planes, true, sink);
        }
    }

    /// Makes the border below a row of groups if its other side is there, or else leaves this side.
    fn border(&self, row: usize, planes: &mut Planes, is_above: bool, sink: &dyn Sink<u8>) {
        let own = planes.rim(is_above);
        let mut left = lock(&self.borders[row]);
        let Some(other) = left.take() else {
            *left = Some(own);
            return;
        };
        drop(left);
        let (above, below) = if is_above { (own, other) } else { (other, own) };
        sink.put(2 * row + 1, &mut |out| {
            planes.write_border(&self.frame, &above, &below, out);
        });
    }
}

impl Spans for Decoder {
    type Sample = u8;
    type Workshop = Workshop;

    fn size(&self) -> (usize, usize) {
        self.frame.size
    }

    fn channels(&self) -> usize {
        match self.frame.colours {
            Colours::Grey => 1,
            _ => 3,
        }
    }

    fn span_count(&self) -> usize {
        self.frame.groups.1 + self.borders.len()
    }

    fn span_of(&self, y: usize) -> usize {
        let group = self.frame.group.1;
        let (row, y) = (y / group, y % group);
        let (own, _) = self.own_rows(row);
        let span = self.own_span(row);
        if y < own.start {
            span - 1
        } else if y < own.end {
            span
        } else {
            span + 1
        }
    }

    fn rows_of_span(&self, span: usize) -> Range<usize> {
        let group = self.frame.group.1;
        let (row, is_border) = match self.borders.is_empty() {
            true => (span, false),
            false => (span / 2, span % 2 == 1),
        };
        if is_border {
            let border = (row + 1) * group;
            return border - 1..border + 1;
        }
        let (own, _) = self.own_rows(row);
        row * group + own.start..row * group + own.end
    }

    fn workshop(&self) -> Workshop {
        Workshop::new(&self.frame)
    }

    fn step(&self, workshop: &mut Workshop, sink: &dyn Sink<u8>) -> Option<bool> {
        let down = self.frame.groups.1;
        if self.stretch >= down {
            let row = {
                let mut shared = lock(&self.shared);
                let (reader, row) = &mut *shared;
                if *row == down {
                    return Some(false);
                }
                reader.row(&self.file, &self.frame, &self.pieces, &mut workshop.blocks)?;
                *row += 1;
                if *row == down && !reader.is_done(&self.pieces) {
                    return None;
                }
                *row - 1
            };
            self.finish(row, workshop, sink);
            return Some(true);
        }
        let stretch = self.next.fetch_add(1, Ordering::Relaxed);
        let rows = stretch * self.stretch..down.min((stretch + 1) * self.stretch);
        if rows.is_empty() {
            return Some(false);
        }
        let mut reader = Reader::new(stretch);
        for row in rows {
            reader.row(&self.file, &self.frame, &self.pieces, &mut workshop.blocks)?;
            self.finish(row, workshop, sink);
        }
        Some(true)
    }

    fn again(&self) -> Option<Self> {
        Self::new(self.file.clone()).ok()
    }
}
