//! Values on a wide grid, read between its nodes along cubic B-splines: smooth to the second derivative, and a
//! function of the place alone.

use crate::engine::raster::Region;

/// One value for each node of a grid that lies over the picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    /// Where the first node lies, in pixels of the picture: x, y.
    pub origin: [f64; 2],
    /// From node to node, in pixels: across, down.
    pub spacing: [f64; 2],
    pub columns: usize,
    pub rows: usize,
    /// Row by row.
    pub values: Vec<f64>,
}

impl Grid {
    /// The values along the row `y` of the picture, in the columns from `x` on.
    pub fn read_row(&self, x: usize, y: usize, out: &mut [f64]) {
        let (top, down) = weights((y as f64 - self.origin[1]) / self.spacing[1]);
        // Each column of nodes, read down at this row, is good for all pixels around it.
        let column = |i: usize| {
            let value = |(j, weight): (usize, &f64)| {
                let row = clamped(top + j as isize, self.rows);
                weight * self.values[row * self.columns + i]
            };
            down.iter().enumerate().map(value).sum::<f64>()
        };
        let columns: Vec<f64> = (0..self.columns).map(column).collect();
        let place = |i: usize| ((x + i) as f64 - self.origin[0]) / self.spacing[0];
        let mut start = 0;
        while start < out.len() {
            // Pixels between the same two nodes lie on one cubic.
            let floor = place(start).floor();
            let node = |j: isize| columns[clamped(floor as isize + j, self.columns)];
            let [a, b, c, d] = [node(-1), node(0), node(1), node(2)];
            let cubic = [
                (a + 4.0 * b + c) / 6.0,
                (c - a) / 2.0,
                (a - 2.0 * b + c) / 2.0,
                (d - a + 3.0 * (b - c)) / 6.0,
            ];
            let end = (start + 1..out.len()).find(|it| place(*it).floor() != floor);
            let end = end.unwrap_or(out.len());
            for (i, out) in out[start..end].iter_mut().enumerate() {
                let t = place(start + i) - floor;
                *out = cubic[0] + t * (cubic[1] + t * (cubic[2] + t * cubic[3]));
            }
            start = end;
        }
    }

    /// Whether all nodes that have a say in a region hold at least a value.
    pub fn is_at_least(&self, least: f64, region: Region) -> bool {
        let nodes = |axis: usize, first: usize, length: usize, count: usize| {
            let node = |pixel: usize| (pixel as f64 - self.origin[axis]) / self.spacing[axis];
            let (first, last) = (
                node(first).floor() as isize,
                node(first + length).ceil() as isize,
            );
            clamped(first - 1, count)..=clamped(last + 1, count)
        };
        let mut rows = nodes(1, region.y, region.height, self.rows);
        rows.all(|row| {
            let mut columns = nodes(0, region.x, region.width, self.columns);
            columns.all(|column| self.values[row * self.columns + column] >= least)
        })
    }

    /// The value at a place of the picture, in pixels.
    pub fn at(&self, place: [f64; 2]) -> f64 {
        let (left, across) = weights((place[0] - self.origin[0]) / self.spacing[0]);
        let (top, down) = weights((place[1] - self.origin[1]) / self.spacing[1]);
        let mut sum = 0.0;
        for (j, down) in down.iter().enumerate() {
            let row = clamped(top + j as isize, self.rows) * self.columns;
            for (i, across) in across.iter().enumerate() {
                sum += down * across * self.values[row + clamped(left + i as isize, self.columns)];
            }
        }
        sum
    }

    /// The same over the picture made smaller: `factors` are pixels of this one for each pixel of the smaller.
    pub fn reduced(&self, factors: [f64; 2], values: impl Fn(f64) -> f64) -> Self {
        let place = |axis: usize| (self.origin[axis] + 0.5) / factors[axis] - 0.5;
        Self {
            origin: [place(0), place(1)],
            spacing: [self.spacing[0] / factors[0], self.spacing[1] / factors[1]],
            values: self.values.iter().map(|it| values(*it)).collect(),
            ..*self
        }
    }
}

/// The first of four nodes around a place on the grid, and their weights.
fn weights(place: f64) -> (isize, [f64; 4]) {
    let floor = place.floor();
    let t = place - floor;
    let s = 1.0 - t;
    let outer = |t: f64| t * t * t / 6.0;
    let inner = |t: f64| (4.0 - 3.0 * t * t * (2.0 - t)) / 6.0;
    (floor as isize - 1, [outer(s), inner(t), inner(s), outer(t)])
}

fn clamped(index: isize, count: usize) -> usize {
    index.clamp(0, count as isize - 1) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        Grid {
            origin: [3.5, 1.5],
            spacing: [8.0, 5.0],
            columns: 6,
            rows: 7,
            values: (0..42).map(|i| f64::from(i * i % 17)).collect(),
        }
    }

    #[test]
    fn a_row_has_the_values_of_its_places() {
        let mut row = [0.0; 30];
        grid().read_row(11, 13, &mut row);
        for (i, value) in row.iter().enumerate() {
            let expected = grid().at([11.0 + i as f64, 13.0]);
            assert!((value - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn straight_lines_stay_straight() {
        let mut grid = grid();
        for row in 0..grid.rows {
            for column in 0..grid.columns {
                let (x, y) = (3.5 + 8.0 * column as f64, 1.5 + 5.0 * row as f64);
                grid.values[row * grid.columns + column] = 0.5 * x - 0.25 * y + 2.0;
            }
        }
        let value = grid.at([21.3, 14.9]);
        assert!((value - (0.5 * 21.3 - 0.25 * 14.9 + 2.0)).abs() < 1e-9);
    }

    #[test]
    fn a_smaller_picture_has_the_same_values_in_the_same_places() {
        let half = grid().reduced([2.0, 2.0], |it| it / 2.0);
        // The pixel 9 of the half stands for the pixels 18 and 19.
        let expected = grid().at([18.5, 14.5]) / 2.0;
        assert!((half.at([9.0, 7.0]) - expected).abs() < 1e-12);
    }
}
