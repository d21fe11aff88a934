//! Regions that are blurred on a grid, enlarged down the columns when they are read.

use std::ops::Range;

use pulp::Arch;

use super::TOGETHER;
use super::sums::{BETWEEN, sum_rows};
use crate::engine::raster::Plane;

/// A region of a picture whose rows are enlarged when they are read, so that blurred planes need not be in memory.
#[derive(Clone, Debug)]
pub struct Blurred {
    /// The rows of the grid, with as many columns as there are pixels.
    planes: Vec<Plane>,
    /// What each row of the grid weighs in rows that are made together, for some groups in turn.
    groups: Vec<Vec<[f32; TOGETHER]>>,
    /// Rows made for each row of the grid.
    step: usize,
    /// Where in what is made the region begins, in samples and rows.
    start: usize,
    skipped: usize,
    /// Rows that were made together, for each plane, and which ones those are.
    made: Vec<[Vec<f32>; TOGETHER]>,
    made_are: Option<usize>,
}

impl Blurred {
    /// A region whose first row is `top` from rows of a grid, in which it has these samples: `up` has the weights for each
    /// position between two of them.
    pub fn new(
        planes: Vec<Plane>,
        up: &[[f32; BETWEEN]],
        samples: Range<usize>,
        top: usize,
    ) -> Self {
        let step = up.len();
        let rows = BETWEEN + (TOGETHER - 1) / step;
        let weight = |row: usize, position: usize| {
            let row = row.checked_sub(position / step);
            row.and_then(|it| up[position % step].get(it)).copied()
        };
        let group = |first: usize| {
            let row = |row| std::array::from_fn(|of| weight(row, first + of).unwrap_or(0.0));
            (0..rows).map(row).collect()
        };
        let made = |_: &Plane| std::array::from_fn(|_| vec![0.0; samples.len()]);
        Self {
            made: planes.iter().map(made).collect(),
            made_are: None,
            groups: (0..step).step_by(TOGETHER).map(group).collect(),
            step,
            start: samples.start,
            skipped: top % step,
            planes,
        }
    }

    /// Row `y` of a plane, counted from the region's top.
    pub fn row(&mut self, plane: usize, y: usize) -> &[f32] {
        let position = self.skipped + y;
        let group = position / TOGETHER;
        if self.made_are.replace(group) != Some(group) {
            self.make(group);
        }
        &self.made[plane][position % TOGETHER]
    }

    /// Makes the rows of a group.
    fn make(&mut self, group: usize) {
        let weights = &self.groups[group % self.groups.len()];
        let first = group * TOGETHER / self.step;
        for (plane, made) in self.planes.iter().zip(&mut self.made) {
            // The last group may reach beyond the grid with rows that nobody reads.
            let last = plane.height() - 1;
            let mut rows: [&[f32]; BETWEEN + TOGETHER] = [&[]; BETWEEN + TOGETHER];
            for (row, y) in rows.iter_mut().zip(first..).take(weights.len()) {
                *row = &plane.row(y.min(last))[self.start..];
            }
            let made = made.each_mut().map(Vec::as_mut_slice);
            sum_rows(Arch::new(), made, &rows[..weights.len()], weights, true);
        }
    }
}
