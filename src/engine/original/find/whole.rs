//! Scale, turn and shift of the whole picture: Gauss and Newton's steps over copies of growing size.

use super::cells::{Cells, gather};
use super::level::Level;
use super::solve::solve;
use crate::engine::operations::Cancel;
use crate::engine::original::placement::{Affine, Placement};

/// A step that moves no corner of the copy so far, in its pixels, is the last.
const STILL: f64 = 0.01;

/// What a cell that shares nothing still says, beside one that shares half.
const LEAST_WORTH: f64 = 0.02;

/// Moves a placement on a level until it lies best, in so many steps at most.
pub fn refine_whole(level: &Level, placement: &mut Placement, steps: usize, cancel: &Cancel) {
    for _ in 0..steps {
        let cells = gather(level, &level.own(placement), cancel);
        let Some((step, moved)) = best_step(level, &cells) else {
            break;
        };
        placement.whole = placement.whole.after(&step);
        if moved < STILL || cancel.is_cancelled() {
            break;
        }
    }
}

/// The affine step, in pixels of the full picture, that the cells ask for together, and how far it moves a corner of
/// the copy.
fn best_step(level: &Level, cells: &Cells) -> Option<(Affine, f64)> {
    let middle = [level.picture.width(), level.picture.height()].map(|it| (it as f64 - 1.0) / 2.0);
    let reach = middle[0].max(middle[1]).max(1.0);
    // Unknown: shift, and what x and y (in reaches from the middle) add to it; for x, then for y.
    let mut matrix = vec![vec![0.0; 6]; 6];
    let mut right = vec![0.0; 6];
    for (i, sums) in cells.sums.iter().enumerate() {
        let place = Cells::middle(i % cells.columns, i / cells.columns);
        let basis = [
            1.0,
            (place[0] - middle[0]) / reach,
            (place[1] - middle[1]) / reach,
        ];
        let worth = sums.worth() + LEAST_WORTH;
        let [xx, xy, yy] = sums.gradients.map(|it| it * worth);
        for a in 0..3 {
            right[a] += worth * basis[a] * sums.pull[0];
            right[a + 3] += worth * basis[a] * sums.pull[1];
            for b in 0..3 {
                let both = basis[a] * basis[b];
                matrix[a][b] += both * xx;
                matrix[a][b + 3] += both * xy;
                matrix[a + 3][b] += both * xy;
                matrix[a + 3][b + 3] += both * yy;
            }
        }
    }
    let step = solve(matrix, right)?;
    let row = |at: usize, own: usize| {
        let slopes = [step[at + 1] / reach, step[at + 2] / reach];
        let shift = step[at] - slopes[0] * middle[0] - slopes[1] * middle[1];
        let mut row = [slopes[0], slopes[1], shift];
        row[own] += 1.0;
        row
    };
    let own = Affine {
        x: row(0, 0),
        y: row(3, 1),
    };
    let moved = (0..2).map(|i| (0..3).map(|j| step[3 * i + j].abs()).sum::<f64>());
    let moved = moved.fold(0.0, f64::max);
    let enlarge = Affine::scaling(level.picture_step, [0.0, 0.0]);
    Some((enlarge.after(&own).after(&enlarge.inverse()), moved))
}
