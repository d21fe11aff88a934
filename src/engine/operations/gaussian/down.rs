//! Reduces columns to the rows of a grid.

use pulp::Arch;

use super::halving::{Halving, Run};
use super::pairs::Pairs;
use crate::engine::raster::{Region, RowSet, RowSource, row_set};

/// Rows of a source on ever coarser grids, made when they are asked for, best from top to bottom: no more of them is in
/// memory than one of the next grid is made of.
pub struct Down<'h> {
    halving: &'h Halving,
    from: Region,
    /// The source's own rows first.
    levels: Vec<Level>,
}

/// Rows of a grid.
struct Level {
    /// Those of the rows at and beyond the picture's edges that are made of nothing but its first row, or its last one:
    /// others beyond are the same.
    ends: (isize, isize),
    made: Pairs<RowSet>,
}

impl Level {
    fn clamped(&self, y: isize) -> isize {
        y.clamp(self.ends.0, self.ends.1)
    }

    /// A row that was made.
    fn row(&self, y: isize) -> &RowSet {
        self.made.row(self.clamped(y))
    }
}

impl<'h> Down<'h> {
    /// For a source that is read where `from` lies, of a picture that covers `bounds`, and a grid that is halved so often.
    pub fn new(
        halving: &'h Halving,
        halvings: usize,
        source: &impl RowSource,
        (from, bounds): (Region, Region),
    ) -> Self {
        let width = from.width * source.interleaved();
        let row = row_set(source.planes(), width);
        let reach = halving.reach() as isize;
        let pairs_for_one = halving.finer(Run::new(0, 2)).pieces(2).count();
        let mut ends = (bounds.y as isize, bounds.bottom() as isize - 1);
        let mut levels = Vec::new();
        for level in 0..=halvings {
            let pairs = if level == halvings { 1 } else { pairs_for_one };
            levels.push(Level {
                ends,
                made: Pairs::new(pairs, &row),
            });
            ends = (
                (ends.0 - reach).div_euclid(2),
                (ends.1 + reach + 1).div_euclid(2),
            );
        }
        Self {
            halving,
            from,
            levels,
        }
    }

    /// A row of the grid, one for each plane of the source.
    pub fn row(&mut self, source: &mut impl RowSource, y: isize) -> &RowSet {
        make(self.halving, &mut self.levels, source, self.from, y);
        self.levels[self.levels.len() - 1].row(y)
    }
}

/// Makes a row of the last of these levels and the one beside it, if they are not there.
fn make(
    halving: &Halving,
    levels: &mut [Level],
    source: &mut impl RowSource,
    from: Region,
    y: isize,
) {
    let Some((level, finer)) = levels.split_last_mut() else {
        return;
    };
    let y = level.clamped(y);
    let Some(made) = level.made.missing(y) else {
        return;
    };
    let pair = y.div_euclid(2);
    let Some(last) = finer.len().checked_sub(1) else {
        for (rows, y) in made.into_iter().zip(2 * pair..) {
            // The one beside may not be there, and nobody needs it then.
            let y = y.clamp(from.y as isize, from.bottom() as isize - 1);
            source.read(y as usize, from.x..from.right(), rows);
        }
        return;
    };
    let needed = halving.finer(Run::new(2 * pair, 2));
    for y in needed.first..=needed.last() {
        make(halving, finer, source, from, y);
    }
    let [one, other] = made;
    for (plane, (one, other)) in one.iter_mut().zip(other).enumerate() {
        let row = |y: isize| finer[last].row(y)[plane].as_slice();
        halving.halve(Arch::new(), [one, other], pair, row);
    }
}
