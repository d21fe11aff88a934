//! Reduces rows to the columns of a grid.

use pulp::Arch;

use super::decimated::Run;
use super::pixels;
use super::sums::{BETWEEN, NARROW, sum_blocks, sum_pairs};
use super::taps::{SPLINE_REACH, spline};
use crate::engine::raster::Region;

/// Steps that are summed up in blocks where rows hold one sample of a pixel: below, adding up the lanes of a block costs
/// more than the block.
const SMALLEST_BLOCK: usize = 2 * NARROW;

/// Reduces rows of some columns of a picture to some columns of a grid, with room for what lies between.
pub struct Across {
    step: usize,
    /// Samples of a pixel side by side.
    interleaved: usize,
    /// The spline's weights: centre and one side.
    down: Vec<f32>,
    /// The same for each block of a step that a sample of the grid is made from, the first block's first.
    blocks: Vec<f32>,
    /// The row where the grid needs it, with its ends repeated.
    padded: Vec<f32>,
    /// Where in it the row begins, and how many samples of the row lie before that and in it.
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
        let length = (from.width - skipped).min(columns - left);
        Self {
            step,
            interleaved,
            down: (0..reach).map(of_step).collect(),
            blocks: (0..2 * reach).map(|i| of_step(i.abs_diff(reach))).collect(),
            padded: vec![0.0; columns * interleaved],
            left: left * interleaved,
            skipped: skipped * interleaved,
            length: length * interleaved,
            phases: vec![0.0; columns * interleaved],
        }
    }

    /// Sets `out` to the samples of the grid in a row.
    pub fn reduce(&mut self, arch: Arch, row: &[f32], out: &mut [f32]) {
        let Self { left, length, .. } = *self;
        let (step, pixel) = (self.step, self.interleaved);
        self.padded[left..][..length].copy_from_slice(&row[self.skipped..][..length]);
        let (before, after) = self.padded.split_at_mut(left);
        pixels::repeat(&row[..pixel], before);
        pixels::repeat(&row[row.len() - pixel..], &mut after[length..]);
        if step >= SMALLEST_BLOCK && pixel == 1 {
            return sum_blocks(arch, out, &self.blocks, &self.padded, step);
        }
        pixels::unweave(&self.padded, step, pixel, &mut self.phases);
        let (step, spread) = (step as isize, self.phases.len() / step);
        let at = |offset: isize| {
            let (phase, shift) = (offset.rem_euclid(step), offset.div_euclid(step));
            let shift = SPLINE_REACH as isize + shift;
            &self.phases[phase as usize * spread + shift as usize * pixel..]
        };
        let (before, after) = (|j: usize| at(-(j as isize)), |j: usize| at(j as isize));
        sum_pairs(arch, out, &self.down, before, after);
    }
}
