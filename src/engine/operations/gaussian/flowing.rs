//! Rows that are blurred while they are read, best from top to bottom: no more of them is in memory than the taps reach,
//! so that regions may be wide.

use pulp::Arch;

use super::sums::sum_pairs;
use super::{Along, Blurred};
use crate::engine::raster::{Region, RowSet, RowSource, row_set};

/// A region of a picture that is blurred while it is read.
pub struct Flowing<S> {
    source: S,
    flow: Flow,
}

enum Flow {
    /// As many rows as there are taps, each blurred along itself.
    Rows(Held),
    /// On a coarser grid they are blurred before.
    Blurred(Blurred),
}

struct Held {
    taps: Vec<f32>,
    to: Region,
    needed: Region,
    across: Along,
    /// Rows as the source gives them.
    rows: RowSet,
    /// Which row of the picture each place holds, and what it holds.
    held: Vec<(Option<usize>, RowSet)>,
}

impl<S: RowSource> Flowing<S> {
    /// A region of a picture, with these taps.
    pub(super) fn summed(taps: Vec<f32>, source: S, to: Region, bounds: Region) -> Self {
        let flow = Flow::Rows(Held::new(taps, source.planes(), to, bounds));
        Self { source, flow }
    }

    /// What of a source is blurred already.
    pub(super) fn blurred(source: S, blurred: Blurred) -> Self {
        let flow = Flow::Blurred(blurred);
        Self { source, flow }
    }

    /// How many planes there are.
    pub fn planes(&self) -> usize {
        self.source.planes()
    }

    /// One row of each plane, `y` counted from the region's top.
    pub fn read(&mut self, y: usize, out: &mut [Vec<f32>]) {
        match &mut self.flow {
            Flow::Rows(it) => it.read(&mut self.source, y, out),
            Flow::Blurred(it) => it.read(y, out),
        }
    }
}

impl Held {
    fn new(taps: Vec<f32>, planes: usize, to: Region, bounds: Region) -> Self {
        let halo = taps.len() - 1;
        let needed = to.expanded(halo, &bounds);
        Self {
            across: Along::new(halo, to, needed),
            rows: row_set(planes, needed.width),
            held: vec![(None, row_set(planes, to.width)); 2 * halo + 1],
            taps,
            to,
            needed,
        }
    }

    fn read(&mut self, source: &mut impl RowSource, y: usize, out: &mut [Vec<f32>]) {
        let (needed, halo) = (self.needed, self.taps.len() - 1);
        let last = needed.bottom() - 1;
        let middle = self.to.y + y;
        let above = |j: usize| middle.saturating_sub(j).max(needed.y);
        let below = |j: usize| (middle + j).min(last);
        let places = self.held.len();
        for row in above(halo)..=below(halo) {
            let (held, blurred) = &mut self.held[row % places];
            if *held == Some(row) {
                continue;
            }
            source.read(row, needed.x..needed.right(), &mut self.rows);
            for (row, blurred) in self.rows.iter().zip(blurred) {
                self.across.blur(&self.taps, row, blurred);
            }
            *held = Some(row);
        }
        for (plane, out) in out.iter_mut().enumerate() {
            let row = |y: usize| self.held[y % places].1[plane].as_slice();
            let (above, below) = (|j| row(above(j)), |j| row(below(j)));
            sum_pairs(Arch::new(), out, &self.taps, above, below);
        }
    }
}
