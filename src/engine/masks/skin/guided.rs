//! The guided filter (He, Sun, Tang 2013) in its fast form (He, Sun 2015): the coverage of a reduced copy as a linear
//! function of the picture's colours around each place, which is then taken of the full picture.

use super::likeness::blur;
use crate::engine::raster::{Plane, Region, Tile};

/// Variance of colour that is no edge.
const NO_EDGE: f64 = 4e-4;

/// For every pixel of a copy: factors of red, green and blue, and what is added.
pub struct Guide {
    planes: [Plane; 4],
}

impl Guide {
    /// Follows the edges of `copy`, which has three channels, over `radius` pixels of it.
    pub fn new(copy: &Tile, coverage: &Plane, radius: f64) -> Self {
        let colours = copy.planes();
        let product = |one: &Plane, other: &Plane| {
            blur(
                &one.clone().zip_map(other, |one, other| one * other),
                radius,
            )
        };
        let means = [0, 1, 2].map(|i: usize| blur(&colours[i], radius));
        let mean = blur(coverage, radius);
        let with = [0, 1, 2].map(|i: usize| product(&colours[i], coverage));
        let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
            .map(|(i, j): (usize, usize)| product(&colours[i], &colours[j]));
        let (width, height) = (coverage.width(), coverage.height());
        let mut planes = [0; 4].map(|_| Plane::filled(width, height, 0.0));
        for i in 0..width * height {
            let at = |plane: &Plane| f64::from(plane.samples()[i]);
            let m = [0, 1, 2].map(|k: usize| at(&means[k]));
            let covariance = [0, 1, 2].map(|k: usize| at(&with[k]) - m[k] * at(&mean));
            let [rr, rg, rb, gg, gb, bb] = [0, 1, 2, 3, 4, 5].map(|k: usize| at(&pairs[k]));
            let factors = solve(
                [
                    rr - m[0] * m[0] + NO_EDGE,
                    rg - m[0] * m[1],
                    rb - m[0] * m[2],
                    gg - m[1] * m[1] + NO_EDGE,
                    gb - m[1] * m[2],
                    bb - m[2] * m[2] + NO_EDGE,
                ],
                covariance,
            );
            let of_mean: f64 = (0..3).map(|k| factors[k] * m[k]).sum();
            for k in 0..3 {
                planes[k].samples_mut()[i] = factors[k] as f32;
            }
            planes[3].samples_mut()[i] = (at(&mean) - of_mean) as f32;
        }
        Self {
            planes: planes.map(|it| blur(&it, radius / 2.0)),
        }
    }

    /// The coverage of a tile with three channels; `interpolate` brings a plane of the copy to it.
    pub fn coverage(&self, tile: &Tile, interpolate: impl Fn(&Plane) -> Plane) -> Plane {
        let mut sum = interpolate(&self.planes[3]);
        for (factor, colour) in self.planes.iter().zip(tile.planes()) {
            let factor = interpolate(factor);
            let samples = factor.samples().iter().zip(colour.samples());
            for (sum, (factor, colour)) in sum.samples_mut().iter_mut().zip(samples) {
                *sum += factor * colour;
            }
        }
        sum
    }

    /// The coverage of the copy itself.
    pub fn of_copy(&self, copy: &Tile) -> Plane {
        self.coverage(copy, Plane::clone)
    }

    /// The part of each plane that a region of the copy covers is all that `interpolate` gets.
    pub fn crop(&self, region: Region) -> Guide {
        Guide {
            planes: [0, 1, 2, 3].map(|i: usize| self.planes[i].crop(region)),
        }
    }
}

/// Solves a symmetric, positive definite system, given by its upper triangle, by Cramer's rule.
fn solve([a, b, c, d, e, f]: [f64; 6], [x, y, z]: [f64; 3]) -> [f64; 3] {
    let (aa, ab, ac) = (d * f - e * e, c * e - b * f, b * e - c * d);
    let (bb, bc, cc) = (a * f - c * c, b * c - a * e, a * d - b * b);
    let determinant = a * aa + b * ab + c * ac;
    [
        (aa * x + ab * y + ac * z) / determinant,
        (ab * x + bb * y + bc * z) / determinant,
        (ac * x + bc * y + cc * z) / determinant,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_is_solved() {
        // [[4, 1, 2], [1, 3, 0], [2, 0, 5]] times [1, 2, 3]
        let solved = solve([4.0, 1.0, 2.0, 3.0, 0.0, 5.0], [12.0, 7.0, 17.0]);
        for (is, should) in solved.iter().zip([1.0, 2.0, 3.0]) {
            assert!((is - should).abs() < 1e-12, "{solved:?}");
        }
    }
}
