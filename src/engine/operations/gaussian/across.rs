//! Reduces rows to the columns of a grid.

use pulp::Arch;

use super::halving::{Halving, Phases, Run};
use crate::engine::raster::{Region, RowSet, row_set, split};

/// Reduces rows of some columns of a picture to some columns of a grid, with room for what lies between.
pub struct Across<'h> {
    halving: &'h Halving,
    /// The row where the grid needs it, one for each sample of a pixel, with its ends repeated.
    padded: RowSet,
    /// Where in it the row begins, and how many pixels of the row lie before that and in it.
    left: usize,
    skipped: usize,
    length: usize,
    /// The row on ever coarser grids, but for the last one.
    halved: RowSet,
    phases: Phases,
}

impl<'h> Across<'h> {
    /// For rows that lie as `from` does, to the columns `wide` of a grid that is halved so often.
    pub fn new(
        halving: &'h Halving,
        halvings: usize,
        from: Region,
        (wide, interleaved): (Run, usize),
    ) -> Self {
        let finer = |run: Run| halving.finer(run.of_even_length());
        let mut needed = finer(wide);
        let mut halved = Vec::new();
        for _ in 1..halvings {
            halved.push(vec![0.0; needed.of_even_length().length]);
            needed = finer(needed);
        }
        halved.reverse();
        let start = needed.first - from.x as isize;
        let left = (-start).clamp(0, needed.length as isize) as usize;
        let skipped = start.clamp(0, from.width as isize) as usize;
        Self {
            halving,
            padded: row_set(interleaved, needed.length),
            left,
            skipped,
            length: (from.width - skipped).min(needed.length - left),
            halved,
            phases: Phases::default(),
        }
    }

    /// Sets each of `out` to the samples of the grid in a row, one for each sample of a pixel.
    pub fn reduce<'o>(
        &mut self,
        arch: Arch,
        row: &[f32],
        out: impl Iterator<Item = &'o mut [f32]>,
    ) {
        let inside = self.left..self.left + self.length;
        let pixel = self.padded.len();
        let read = &row[self.skipped * pixel..][..self.length * pixel];
        let rows = self.padded.iter_mut().map(|it| &mut it[inside.clone()]);
        let mut rows: Vec<&mut [f32]> = rows.collect();
        split(arch, read, pixel, &mut rows, |it| it);
        let last = &row[row.len() - pixel..];
        for (colour, (padded, out)) in self.padded.iter_mut().zip(out).enumerate() {
            padded[..inside.start].fill(row[colour]);
            padded[inside.end..].fill(last[colour]);
            let mut finer: &[f32] = padded;
            for coarser in &mut self.halved {
                self.halving
                    .halve_along(arch, finer, &mut self.phases, coarser);
                finer = coarser;
            }
            self.halving.halve_along(arch, finer, &mut self.phases, out);
        }
    }
}
