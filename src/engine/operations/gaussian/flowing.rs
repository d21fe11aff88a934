//! Rows that are blurred while they are read, best from top to bottom: no more of them is in memory than the taps reach,
//! so that regions may be wide and tall.

use pulp::Arch;

use super::sums::{FEW, MOST_ROWS, sum_along, sum_pairs, sum_rows};
use super::{Blurred, TOGETHER, pixels};
use crate::engine::raster::{Region, RowSet, RowSource, row_set, split_pixels};

/// A region of a picture that is blurred while it is read.
pub struct Flowing<S> {
    source: S,
    flow: Flow,
    /// A row of pixels that is going to be split.
    whole: Vec<f32>,
}

enum Flow {
    /// Sums of as many rows as there are taps.
    Summed(Summed),
    /// On a coarser grid they are blurred before.
    Blurred(Blurred),
}

impl<S: RowSource> Flowing<S> {
    /// A region of a picture, with these taps: centre and one side.
    pub(super) fn summed(taps: Vec<f32>, source: S, to: Region, bounds: Region) -> Self {
        let form = (source.planes(), source.interleaved());
        let flow = Flow::Summed(Summed::new(taps, form, to, bounds));
        Self::new(source, flow)
    }

    /// What of a source is blurred already.
    pub(super) fn blurred(source: S, blurred: Blurred) -> Self {
        Self::new(source, Flow::Blurred(blurred))
    }

    fn new(source: S, flow: Flow) -> Self {
        Self {
            source,
            flow,
            whole: Vec::new(),
        }
    }

    /// How many planes there are.
    pub fn planes(&self) -> usize {
        self.source.planes()
    }

    /// One row of each plane, `y` counted from the region's top. Pixels whose samples lie side by side are split where
    /// there is a row for each sample.
    pub fn read(&mut self, y: usize, out: &mut [Vec<f32>]) {
        if out.len() == self.planes() {
            for (plane, out) in out.iter_mut().enumerate() {
                self.take(plane, y, out);
            }
            return;
        }
        let mut whole = std::mem::take(&mut self.whole);
        whole.resize(out[0].len() * self.source.interleaved(), 0.0);
        self.take(0, y, &mut whole);
        split_pixels(&whole, out);
        self.whole = whole;
    }

    /// One row of the only plane.
    pub(super) fn read_into(&mut self, y: usize, out: &mut [f32]) {
        match &mut self.flow {
            Flow::Summed(it) => it.read(&mut self.source, 0, y, out),
            Flow::Blurred(it) => {
                self.whole.resize(out.len(), 0.0);
                it.take(0, y, &mut self.whole);
                out.copy_from_slice(&self.whole);
            }
        }
    }

    /// A row of a plane, in exchange for a row as long.
    pub(super) fn take(&mut self, plane: usize, y: usize, row: &mut Vec<f32>) {
        match &mut self.flow {
            Flow::Summed(it) => it.read(&mut self.source, plane, y, row),
            Flow::Blurred(it) => it.take(plane, y, row),
        }
    }
}

/// Sums of the rows around, then of the samples around in each.
struct Summed {
    taps: Vec<f32>,
    /// What each row around rows that are made together weighs in each of them.
    weights: Vec<[f32; TOGETHER]>,
    to: Region,
    needed: Region,
    interleaved: usize,
    /// Rows of the source: which one each place holds, and its samples.
    held: Vec<(Option<usize>, RowSet)>,
    /// Rows that were made together down the columns, for each plane, with their ends repeated as far as the taps reach;
    /// and which ones those are.
    made: Vec<[Vec<f32>; TOGETHER]>,
    made_are: Option<usize>,
}

impl Summed {
    fn new(
        taps: Vec<f32>,
        (planes, interleaved): (usize, usize),
        to: Region,
        bounds: Region,
    ) -> Self {
        let reach = taps.len() - 1;
        let needed = to.expanded(reach, &bounds);
        let weight = |row: usize, of: usize| *taps.get(row.abs_diff(of + reach)).unwrap_or(&0.0);
        let row = |row: usize| std::array::from_fn(|of| weight(row, of));
        let rows = 2 * reach + TOGETHER;
        let width = (to.width + 2 * reach) * interleaved;
        let made = |_| std::array::from_fn(|_| vec![0.0; width]);
        Self {
            weights: (0..rows).map(row).collect(),
            held: vec![(None, row_set(planes, needed.width * interleaved)); rows],
            made: (0..planes).map(made).collect(),
            made_are: None,
            taps,
            to,
            needed,
            interleaved,
        }
    }

    fn read(&mut self, source: &mut impl RowSource, plane: usize, y: usize, out: &mut [f32]) {
        let group = y / TOGETHER;
        if self.made_are.replace(group) != Some(group) {
            self.make(source, group);
        }
        let row = &self.made[plane][y % TOGETHER];
        sum_along(Arch::new(), out, &self.taps, row, self.interleaved);
    }

    /// Makes the rows of a group.
    fn make(&mut self, source: &mut impl RowSource, group: usize) {
        let (needed, places, pixel) = (self.needed, self.held.len(), self.interleaved);
        let reach = self.taps.len() - 1;
        let (first, last) = (needed.y, needed.bottom() - 1);
        let top = self.to.y + group * TOGETHER;
        let row = |i: usize| (top + i).saturating_sub(reach).clamp(first, last);
        for y in row(0)..=row(places - 1) {
            let (held, samples) = &mut self.held[y % places];
            if held.replace(y) != Some(y) {
                source.read(y, needed.x..needed.right(), samples);
            }
        }
        let left = (reach - (self.to.x - needed.x)) * pixel;
        for (plane, made) in self.made.iter_mut().enumerate() {
            let row = |i: usize| self.held[row(i) % places].1[plane].as_slice();
            let mut sums = made
                .each_mut()
                .map(|it| &mut it[left..][..needed.width * pixel]);
            // Few are summed up one at a time: together, they would also be weighed by nothing.
            if reach <= FEW {
                for (i, sum) in sums.iter_mut().enumerate() {
                    let (above, below) = (|j| row(i + reach - j), |j| row(i + reach + j));
                    sum_pairs(Arch::new(), sum, &self.taps, above, below);
                }
            } else {
                let mut rows: [&[f32]; MOST_ROWS] = [&[]; MOST_ROWS];
                for (i, it) in rows.iter_mut().enumerate().take(places) {
                    *it = row(i);
                }
                sum_rows(Arch::new(), sums, &rows[..places], &self.weights);
            }
            for made in made {
                pixels::repeat_ends(made, left..left + needed.width * pixel, pixel);
            }
        }
    }
}
