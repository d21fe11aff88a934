//! Reduces rows to the columns of a grid.

use pulp::Arch;

use super::decimated::Run;
use super::pixels;
use super::sums::{BETWEEN, NARROW, sum_blocks, sum_pairs};
use super::taps::{SPLINE_REACH, spline};
use crate::engine::raster::{Region, RowSet, row_set, split};

/// Steps that are summed up and enlarged in blocks: below, that costs more than to bring samples into another order.
pub const SMALLEST_BLOCK: usize = 2 * NARROW;

/// Reduces rows of some columns of a picture to some columns of a grid, with room for what lies between.
pub struct Across {
    step: usize,
    /// The spline's weights: centre and one side.
    down: Vec<f32>,
    /// The same for each block of a step that a sample of the grid is made from, the first block's first.
    blocks: Vec<f32>,
    /// The row where the grid needs it, one for each sample of a pixel, with its ends repeated.
    padded: RowSet,
    /// Where in it the row begins, and how many pixels of the row lie before that and in it.
    left: usize,
    skipped: usize,
    length: usize,
    /// One row for each position between two samples of the grid.
    phases: Vec<f32>,
}

impl Across {
    /// For rows that lie as `from` does, to the columns `wide` of a grid of so many pixels a step.
    pub fn new(step: usize, from: Region, wide: Run, interleaved: usize) -> Self {
        let size = step as f64;
        let of_step = |i: usize| (spline(i as f64 / size) / size) as f32;
        let reach = SPLINE_REACH * step;
        let columns = step * (wide.length + BETWEEN);
        let start = (wide.first - SPLINE_REACH as isize) * step as isize - from.x as isize;
        let left = (-start).clamp(0, columns as isize) as usize;
        let skipped = start.clamp(0, from.width as isize) as usize;
        Self {
            step,
            down: (0..reach).map(of_step).collect(),
            blocks: (0..2 * reach).map(|i| of_step(i.abs_diff(reach))).collect(),
            padded: row_set(interleaved, columns),
            left,
            skipped,
            length: (from.width - skipped).min(columns - left),
            phases: vec![0.0; columns],
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
            if self.step >= SMALLEST_BLOCK {
                sum_blocks(arch, out, &self.blocks, padded, self.step);
                continue;
            }
            pixels::unweave(padded, self.step, &mut self.phases);
            let (step, spread) = (self.step as isize, self.phases.len() / self.step);
            let at = |offset: isize| {
                let (phase, shift) = (offset.rem_euclid(step), offset.div_euclid(step));
                let shift = SPLINE_REACH as isize + shift;
                &self.phases[phase as usize * spread + shift as usize..]
            };
            let (before, after) = (|j: usize| at(-(j as isize)), |j: usize| at(j as isize));
            sum_pairs(arch, out, &self.down, before, after);
        }
    }
}
