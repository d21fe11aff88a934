//! Regions that are blurred on a grid, enlarged down the columns when they are read.

use pulp::Arch;

use super::halving::{Halving, Run};
use super::pairs::Pairs;
use crate::engine::raster::{Plane, Region};

/// A region of a picture whose rows are enlarged when they are read, so that blurred planes need not be in memory.
#[derive(Clone, Debug)]
pub struct Blurred {
    halving: Halving,
    planes: Vec<Doubled>,
    /// Row of the picture that the region begins with.
    top: isize,
}

/// A plane of the grid, with as many columns as there are pixels, and its rows on ever finer grids.
#[derive(Clone, Debug)]
struct Doubled {
    grid: Plane,
    /// Where on the grid its rows lie.
    lies: Run,
    /// Where in its rows the region begins, and how many samples it has.
    start: usize,
    width: usize,
    /// Rows of finer grids, from the coarsest on, of which some of the next finer are made; the last are the picture's.
    levels: Vec<Pairs<Vec<f32>>>,
}

impl Blurred {
    /// A region from planes of a grid that was halved so often, with as many columns as there are pixels: `lies` is where
    /// their rows lie, and `start` the sample with which the region begins in them.
    pub fn new(
        halving: &Halving,
        halvings: usize,
        (planes, lies): (Vec<Plane>, Run),
        start: usize,
        (to, interleaved): (Region, usize),
    ) -> Self {
        let width = to.width * interleaved;
        let row = vec![0.0; width];
        let pairs_for_one = halving.coarser(Run::new(0, 2)).length.div_ceil(2) + 1;
        let level = |level| Pairs::new(if level == 1 { 1 } else { pairs_for_one }, &row);
        let doubled = |grid| Doubled {
            grid,
            lies,
            start,
            width,
            levels: (1..=halvings).rev().map(level).collect(),
        };
        Self {
            halving: halving.clone(),
            planes: planes.into_iter().map(doubled).collect(),
            top: to.y as isize,
        }
    }

    /// Row `y` of a plane, counted from the region's top, in exchange for a row as long.
    pub fn take(&mut self, plane: usize, y: usize, row: &mut Vec<f32>) {
        let y = self.top + y as isize;
        let Doubled {
            grid,
            lies,
            start,
            width,
            levels,
        } = &mut self.planes[plane];
        let of_grid = |y: isize| &grid.row((y - lies.first) as usize)[*start..][..*width];
        make(&self.halving, levels, &of_grid, y);
        if let Some(picture) = levels.last_mut() {
            picture.take(y, row);
        }
    }
}

/// Makes a row of the last of these levels and the one beside it, if they are not there.
fn make<'g>(
    halving: &Halving,
    levels: &mut [Pairs<Vec<f32>>],
    of_grid: &impl Fn(isize) -> &'g [f32],
    y: isize,
) {
    let Some((level, coarser)) = levels.split_last_mut() else {
        return;
    };
    let Some(both) = level.missing(y) else {
        return;
    };
    let (pair, out) = (y.div_euclid(2), both.map(Vec::as_mut_slice));
    let Some(last) = coarser.len().checked_sub(1) else {
        return halving.double(Arch::new(), out, pair, of_grid);
    };
    let needed = halving.coarser(Run::new(2 * pair, 2));
    for y in needed.first..=needed.last() {
        make(halving, coarser, of_grid, y);
    }
    halving.double(Arch::new(), out, pair, |y| coarser[last].row(y).as_slice());
}
