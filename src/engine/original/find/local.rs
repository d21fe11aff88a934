//! The drift of places: a smooth field of shifts over copies of growing size.

use super::cells::{CELL, Cells, gather};
use super::level::Level;
use super::solve::{Field, Shifts};
use crate::engine::operations::Cancel;
use crate::engine::original::grid::Grid;
use crate::engine::original::placement::Placement;

/// Springs between neighbouring cells and to where they were; the equations of a cell that shares half of its
/// structures weigh about 25. Stiff ones find what is sure, soft ones follow a drift that is known to be there.
pub const STIFF: f64 = 60.0;
pub const SOFT: f64 = 12.0;
const ANCHOR: f64 = 0.5;

/// The conjugate gradient's steps for one field.
const SOLVING_STEPS: usize = 40;

/// Improves the drift of a placement on a level.
pub fn refine_drift(
    level: &Level,
    placement: &mut Placement,
    (spring, steps): (f64, usize),
    cancel: &Cancel,
) {
    let mut total = drift_at_cells(level, placement);
    for _ in 0..steps {
        let cells = gather(level, &level.own(placement), cancel);
        let gathered = cells.gathered();
        let worth: Vec<f64> = gathered.sums.iter().map(|it| it.worth()).collect();
        let field = Field {
            cells: &cells,
            worth: &worth,
            spring,
            anchor: ANCHOR,
        };
        let more = field.shifts(SOLVING_STEPS);
        for (own, more) in total.iter_mut().zip(more) {
            *own = [0, 1].map(|i| own[i] + more[i].clamp(-1.0, 1.0));
        }
        placement.drift = Some(grids(level, &cells, &total));
        if cancel.is_cancelled() {
            return;
        }
    }
}

/// The drift that a placement has so far at the middles of a level's cells, in the level's pixels.
fn drift_at_cells(level: &Level, placement: &Placement) -> Shifts {
    let own = level.own(placement);
    let columns = level.picture.width().div_ceil(CELL);
    let rows = level.picture.height().div_ceil(CELL);
    let at = |i: usize| {
        let middle = Cells::middle(i % columns, i / columns);
        match &own.drift {
            Some([x, y]) => [x.at(middle), y.at(middle)],
            None => [0.0; 2],
        }
    };
    (0..columns * rows).map(at).collect()
}

/// A level's field of shifts as a drift of the full picture.
fn grids(level: &Level, cells: &Cells, shifts: &Shifts) -> [Grid; 2] {
    let full = level.picture_step;
    [0, 1].map(|axis| cell_grid(level, cells, |i| shifts[i][axis] * full[axis]))
}

/// Values of a level's cells as a grid over the full picture.
pub fn cell_grid(level: &Level, cells: &Cells, value: impl Fn(usize) -> f64) -> Grid {
    let full = level.picture_step;
    let first = Cells::middle(0, 0);
    Grid {
        origin: [0, 1].map(|i| (first[i] + 0.5) * full[i] - 0.5),
        spacing: full.map(|it| it * CELL as f64),
        columns: cells.columns,
        rows: cells.rows,
        values: (0..cells.sums.len()).map(value).collect(),
    }
}
