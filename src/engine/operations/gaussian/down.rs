//! Reduces columns to the rows of a grid.

use pulp::Arch;

use super::halving::{Halving, Run};
use super::pairs::Pairs;
use crate::engine::raster::{Region, RowSet, RowSource};

/// Rows of a source on ever coarser grids, made when they are asked for, best from top to bottom: no more of them is in
/// memory than one of the next grid is made of.
pub struct Down<'h> {
    halving: &'h Halving,
    from: Region,
    source: Source,
    /// From the first coarser grid on.
    levels: Vec<Level<f32>>,
}

/// A source's own rows.
enum Source {
    Samples(Level<f32>),
    /// In levels of so much, which are summed up without rounding, and twice as many at once.
    Levels(Level<i16>, f32),
}

/// Rows of a grid.
struct Level<T> {
    /// Those of the rows at and beyond the picture's edges that are made of nothing but its first row, or its last one:
    /// others beyond are the same.
    ends: (isize, isize),
    made: Pairs<Vec<Vec<T>>>,
}

impl<T: Clone + Default> Level<T> {
    /// Room for so many pairs of rows, one for each plane and of so many samples.
    fn new(ends: (isize, isize), pairs: usize, (planes, width): (usize, usize)) -> Self {
        let row = vec![vec![T::default(); width]; planes];
        Self {
            ends,
            made: Pairs::new(pairs, &row),
        }
    }

    fn clamped(&self, y: isize) -> isize {
        y.clamp(self.ends.0, self.ends.1)
    }

    /// A row that was made.
    fn row(&self, y: isize) -> &Vec<Vec<T>> {
        self.made.row(self.clamped(y))
    }

    /// Reads a row of the source and the one beside it, if they are not there.
    fn read(&mut self, y: isize, from: Region, mut read: impl FnMut(usize, &mut [Vec<T>])) {
        let y = self.clamped(y);
        let both = 2 * y.div_euclid(2)..;
        for (rows, y) in self.made.missing(y).into_iter().flatten().zip(both) {
            // The one beside may not be there, and nobody needs it then.
            let y = y.clamp(from.y as isize, from.bottom() as isize - 1);
            read(y as usize, rows);
        }
    }
}

impl<'h> Down<'h> {
    /// For a source that is read where `from` lies, of a picture that covers `bounds`, and a grid that is halved so often,
    /// at least once.
    pub fn new(
        halving: &'h Halving,
        halvings: usize,
        source: &impl RowSource,
        (from, bounds): (Region, Region),
    ) -> Self {
        let form = (source.planes(), from.width * source.interleaved());
        let reach = halving.reach() as isize;
        let pairs_for_one = halving.finer(Run::new(0, 2)).pieces(2).count();
        let mut ends = (bounds.y as isize, bounds.bottom() as isize - 1);
        let own = match source.level().filter(|_| halving.sums_up_levels()) {
            Some(level) => Source::Levels(Level::new(ends, pairs_for_one, form), level),
            None => Source::Samples(Level::new(ends, pairs_for_one, form)),
        };
        let mut levels = Vec::new();
        for level in 1..=halvings {
            ends = (
                (ends.0 - reach).div_euclid(2),
                (ends.1 + reach + 1).div_euclid(2),
            );
            let pairs = if level == halvings { 1 } else { pairs_for_one };
            levels.push(Level::new(ends, pairs, form));
        }
        Self {
            halving,
            from,
            source: own,
            levels,
        }
    }

    /// A row of the grid, one for each plane of the source.
    pub fn row(&mut self, source: &mut impl RowSource, y: isize) -> &RowSet {
        let own = (&mut self.source, self.from);
        make(self.halving, &mut self.levels, own, source, y);
        self.levels[self.levels.len() - 1].row(y)
    }
}

/// Makes a row of the last of these levels and the one beside it, if they are not there.
fn make(
    halving: &Halving,
    levels: &mut [Level<f32>],
    (own, from): (&mut Source, Region),
    source: &mut impl RowSource,
    y: isize,
) {
    let Some((level, finer)) = levels.split_last_mut() else {
        let columns = from.x..from.right();
        return match own {
            Source::Samples(rows) => rows.read(y, from, |y, out| {
                source.read(y, columns.clone(), out);
            }),
            Source::Levels(rows, _) => rows.read(y, from, |y, out| {
                source.read_levels(y, columns.clone(), out);
            }),
        };
    };
    let y = level.clamped(y);
    let Some([one, other]) = level.made.missing(y) else {
        return;
    };
    let pair = y.div_euclid(2);
    let needed = halving.finer(Run::new(2 * pair, 2));
    for y in needed.first..=needed.last() {
        make(halving, finer, (&mut *own, from), source, y);
    }
    let arch = Arch::new();
    for (plane, (one, other)) in one.iter_mut().zip(other).enumerate() {
        let out = [one.as_mut_slice(), other];
        match (finer.last(), &*own) {
            (Some(finer), _) | (None, Source::Samples(finer)) => {
                halving.halve(arch, out, pair, |y| finer.row(y)[plane].as_slice());
            }
            (None, Source::Levels(finer, level)) => {
                let row = |y: isize| finer.row(y)[plane].as_slice();
                halving.halve_levels(arch, out, pair, row, *level);
            }
        }
    }
}
