//! Where each pixel of the picture lies in the original: turned, scaled and moved as a whole, and drifted by a
//! few pixels from place to place.

use super::grid::Grid;
use crate::engine::raster::Region;

/// A map from the picture's pixels to the original's.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placement {
    pub whole: Affine,
    /// How far places of the picture drifted, in its pixels, before they go through `whole`: x and y.
    pub drift: Option<[Grid; 2]>,
}

/// Where the pixels of a region lie, row by row.
#[derive(Clone, Debug)]
pub(super) enum Places {
    /// All pixels of a column in the same column, and all of a row in the same row.
    Grid { columns: Vec<f64>, rows: Vec<f64> },
    /// Each by itself: x, y.
    Each(Vec<[f64; 2]>),
}

impl Places {
    /// The least and the greatest of them along an axis.
    pub fn span(&self, axis: usize) -> (f64, f64) {
        let widen = |(low, high): (f64, f64), it: f64| (low.min(it), high.max(it));
        let none = (f64::INFINITY, f64::NEG_INFINITY);
        match self {
            Self::Grid { columns, rows } => {
                let along = [columns, rows][axis].iter().copied();
                along.fold(none, widen)
            }
            Self::Each(places) => places.iter().map(|it| it[axis]).fold(none, widen),
        }
    }
}

/// x ↦ `x[0]`·x + `x[1]`·y + `x[2]`, and y alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Affine {
    pub x: [f64; 3],
    pub y: [f64; 3],
}

impl Affine {
    pub const IDENTITY: Self = Self {
        x: [1.0, 0.0, 0.0],
        y: [0.0, 1.0, 0.0],
    };

    /// Scaled and moved, with the corner of the first pixel going to `corner`; sample centres lie half a pixel
    /// inside corners.
    pub fn scaling(scale: [f64; 2], corner: [f64; 2]) -> Self {
        let offset = |axis: usize| corner[axis] + 0.5 * scale[axis] - 0.5;
        Self {
            x: [scale[0], 0.0, offset(0)],
            y: [0.0, scale[1], offset(1)],
        }
    }

    pub fn at(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.x, self.y].map(|it| it[0] * x + it[1] * y + it[2])
    }

    /// First `inner`, then this.
    pub fn after(&self, inner: &Affine) -> Affine {
        let row = |it: [f64; 3]| {
            let through = |i: usize| it[0] * inner.x[i] + it[1] * inner.y[i];
            [through(0), through(1), through(2) + it[2]]
        };
        Affine {
            x: row(self.x),
            y: row(self.y),
        }
    }

    /// By how much it magnifies lengths, in the mean.
    pub fn magnification(&self) -> f64 {
        (self.x[0] * self.y[1] - self.x[1] * self.y[0]).abs().sqrt()
    }

    /// The way back.
    pub fn inverse(&self) -> Affine {
        let determinant = self.x[0] * self.y[1] - self.x[1] * self.y[0];
        let [a, b, c] = self.x;
        let [d, e, f] = self.y;
        let x = [e / determinant, -b / determinant];
        let y = [-d / determinant, a / determinant];
        Affine {
            x: [x[0], x[1], -(x[0] * c + x[1] * f)],
            y: [y[0], y[1], -(y[0] * c + y[1] * f)],
        }
    }
}

impl Placement {
    /// Without drift.
    pub fn of(whole: Affine) -> Self {
        Self { whole, drift: None }
    }

    /// Whether it puts pixel by pixel over each other.
    pub fn is_identity(&self) -> bool {
        *self == Self::of(Affine::IDENTITY)
    }

    /// Where the pixels of one row of the picture lie in the original, from column `x` on.
    pub fn row(&self, x: usize, y: usize, out: &mut [[f64; 2]]) {
        let mut drifts = [vec![0.0; out.len()], vec![0.0; out.len()]];
        if let Some(drift) = &self.drift {
            for (grid, values) in drift.iter().zip(&mut drifts) {
                grid.read_row(x, y, values);
            }
        }
        for (i, out) in out.iter_mut().enumerate() {
            let (across, down) = (drifts[0][i], drifts[1][i]);
            *out = self.whole.at([(x + i) as f64 + across, y as f64 + down]);
        }
    }

    /// How far a place drifts at most, across and down, in pixels of the picture.
    pub fn farthest_drift(&self) -> [f64; 2] {
        let farthest = |grid: &Grid| grid.values.iter().fold(0.0f64, |far, it| far.max(it.abs()));
        self.drift.as_ref().map_or([0.0; 2], |[across, down]| {
            [farthest(across), farthest(down)]
        })
    }

    /// The same, for all pixels of a region.
    pub fn places(&self, region: Region) -> Places {
        let [across, down] = [self.whole.x, self.whole.y];
        if self.drift.is_some() || across[1] != 0.0 || down[0] != 0.0 {
            return Places::Each(self.each(region));
        }
        let along = |[scale, offset]: [f64; 2], first: usize, length: usize| {
            let pixels = first..first + length;
            pixels.map(|it| scale * it as f64 + offset).collect()
        };
        Places::Grid {
            columns: along([across[0], across[2]], region.x, region.width),
            rows: along([down[1], down[2]], region.y, region.height),
        }
    }

    /// The same one by one, row by row.
    pub fn each(&self, region: Region) -> Vec<[f64; 2]> {
        let mut places = vec![[0.0; 2]; region.width * region.height];
        for (i, row) in places.chunks_mut(region.width.max(1)).enumerate() {
            self.row(region.x, region.y + i, row);
        }
        places
    }

    /// The same between both pictures made smaller: `picture` and `original` are pixels of the full ones for each
    /// pixel of the smaller ones, across and down.
    pub fn reduced(&self, picture: [f64; 2], original: [f64; 2]) -> Placement {
        let enlarge = Affine::scaling(picture, [0.0, 0.0]);
        let shrink = Affine::scaling(original.map(|it| 1.0 / it), [0.0, 0.0]);
        let drift = self.drift.as_ref().map(|[x, y]| {
            [
                x.reduced(picture, |it| it / picture[0]),
                y.reduced(picture, |it| it / picture[1]),
            ]
        });
        Placement {
            whole: shrink.after(&self.whole).after(&enlarge),
            drift,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_leads_back() {
        let affine = Affine {
            x: [1.2, 0.1, -7.0],
            y: [-0.2, 0.9, 31.0],
        };
        let [x, y] = affine.inverse().after(&affine).at([17.0, 5.0]);
        assert!((x - 17.0).abs() < 1e-9 && (y - 5.0).abs() < 1e-9);
    }

    #[test]
    fn halves_of_both_lie_over_each_other_as_the_wholes_do() {
        let placement = Placement {
            whole: Affine::scaling([1.5, 1.5], [12.0, -4.0]),
            drift: None,
        };
        let half = placement.reduced([2.0, 2.0], [2.0, 2.0]);
        // The pixel 10 of the half stands for the pixels 20 and 21.
        let [x, y] = placement.whole.at([20.5, 40.5]);
        let [half_x, half_y] = half.whole.at([10.0, 20.0]);
        assert!((half_x - (x - 0.5) / 2.0).abs() < 1e-9);
        assert!((half_y - (y - 0.5) / 2.0).abs() < 1e-9);
    }
}
