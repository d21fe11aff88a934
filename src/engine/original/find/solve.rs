//! Linear equations: a few, solved at once, and the many of a field of shifts, solved step by step.

use super::cells::Cells;

/// The solution of a symmetric system; `None` where it has none.
pub fn solve(mut matrix: Vec<Vec<f64>>, mut right: Vec<f64>) -> Option<Vec<f64>> {
    let count = right.len();
    let largest = (0..count).map(|i| matrix[i][i]).fold(0.0, f64::max);
    for i in 0..count {
        let pivot =
            (i..count).max_by(|a, b| matrix[*a][i].abs().total_cmp(&matrix[*b][i].abs()))?;
        if matrix[pivot][i].abs() <= 1e-9 * largest || largest == 0.0 {
            return None;
        }
        matrix.swap(i, pivot);
        right.swap(i, pivot);
        let (above, below) = matrix.split_at_mut(i + 1);
        for (j, row) in below.iter_mut().enumerate() {
            let factor = row[i] / above[i][i];
            for (own, other) in row[i..].iter_mut().zip(&above[i][i..]) {
                *own -= factor * other;
            }
            right[i + 1 + j] -= factor * right[i];
        }
    }
    for i in (0..count).rev() {
        let known: f64 = (i + 1..count).map(|j| matrix[i][j] * right[j]).sum();
        right[i] = (right[i] - known) / matrix[i][i];
    }
    right.iter().all(|it| it.is_finite()).then_some(right)
}

/// One shift for each cell, x and y one after the other.
pub type Shifts = Vec<[f64; 2]>;

/// The equations of a smooth field of shifts: each cell's own ones, and springs between neighbours.
pub struct Field<'a> {
    pub cells: &'a Cells,
    /// What each cell's own equations are worth.
    pub worth: &'a [f64],
    /// Stiffness of the springs that keep neighbours alike.
    pub spring: f64,
    /// Stiffness of the springs that keep each where it is.
    pub anchor: f64,
}

impl Field<'_> {
    /// The shifts that satisfy all equations best, after so many of the conjugate gradient's steps (Hestenes and Stiefel
    /// 1952), from 0 on.
    pub fn shifts(&self, steps: usize) -> Shifts {
        let mut shifts = vec![[0.0; 2]; self.cells.sums.len()];
        let pull = |(sums, worth): (&super::cells::Sums, &f64)| sums.pull.map(|it| it * worth);
        let mut rest: Shifts = self.cells.sums.iter().zip(self.worth).map(pull).collect();
        let mut conditioned = self.conditioned(&rest);
        let mut direction = conditioned.clone();
        let mut energy = dot(&rest, &conditioned);
        let start = energy;
        for _ in 0..steps {
            if energy <= 1e-12 * start {
                break;
            }
            let through = self.apply(&direction);
            let length = energy / dot(&direction, &through);
            add(&mut shifts, &direction, length);
            add(&mut rest, &through, -length);
            conditioned = self.conditioned(&rest);
            let next = dot(&rest, &conditioned);
            let keep = next / energy;
            for (own, new) in direction.iter_mut().zip(&conditioned) {
                *own = [0, 1].map(|i| new[i] + keep * own[i]);
            }
            energy = next;
        }
        shifts
    }

    fn apply(&self, shifts: &Shifts) -> Shifts {
        let (columns, rows) = (self.cells.columns, self.cells.rows);
        let each = |i: usize| {
            let [x, y] = shifts[i];
            let [xx, xy, yy] = self.cells.sums[i].gradients.map(|it| it * self.worth[i]);
            let mut out = [xx * x + xy * y, xy * x + yy * y];
            let (column, row) = (i % columns, i / columns);
            let mut hold = |other: [f64; 2], spring: f64| {
                out[0] += spring * (x - other[0]);
                out[1] += spring * (y - other[1]);
            };
            hold([0.0; 2], self.anchor);
            if column > 0 {
                hold(shifts[i - 1], self.spring);
            }
            if column + 1 < columns {
                hold(shifts[i + 1], self.spring);
            }
            if row > 0 {
                hold(shifts[i - columns], self.spring);
            }
            if row + 1 < rows {
                hold(shifts[i + columns], self.spring);
            }
            out
        };
        (0..shifts.len()).map(each).collect()
    }

    /// Divided by what each equation weighs by itself, which makes the steps even.
    fn conditioned(&self, rest: &Shifts) -> Shifts {
        let own = self.cells.sums.iter().zip(self.worth).zip(rest);
        own.map(|((sums, worth), rest)| {
            let held = 4.0 * self.spring + self.anchor;
            [
                rest[0] / (worth * sums.gradients[0] + held),
                rest[1] / (worth * sums.gradients[2] + held),
            ]
        })
        .collect()
    }
}

fn dot(one: &Shifts, other: &Shifts) -> f64 {
    let pairs = one.iter().zip(other);
    pairs.map(|(a, b)| a[0] * b[0] + a[1] * b[1]).sum()
}

fn add(to: &mut Shifts, what: &Shifts, factor: f64) {
    for (own, other) in to.iter_mut().zip(what) {
        *own = [0, 1].map(|i| own[i] + factor * other[i]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_system_is_solved() {
        let matrix = vec![
            vec![0.0, 2.0, 1.0],
            vec![2.0, 1.0, 0.0],
            vec![1.0, 0.0, 4.0],
        ];
        let solution = solve(matrix, vec![7.0, 4.0, 13.0]).expect("it has one");
        for (found, expected) in solution.iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - expected).abs() < 1e-9);
        }
        assert_eq!(
            solve(vec![vec![1.0, 1.0], vec![1.0, 1.0]], vec![1.0, 2.0]),
            None
        );
    }
}
