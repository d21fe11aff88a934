//! The guided filter (He, Sun, Tang 2013) in its fast form (He, Sun 2015): the coverage of a reduced copy as a linear
//! function of the picture's colours around each place, which is then taken of the full picture.

use pulp::{Arch, Simd, WithSimd};

use super::likeness::{blur, each};
use crate::engine::masks::bilinear::{Bilinear, between};
use crate::engine::raster::{Image, Plane, Region, Tile, row_set};

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

    /// The coverage in a region of a picture that is `sides` times as wide and high as the copy, which `finish` is told of.
    pub fn coverage(
        &self,
        picture: &Image,
        region: Region,
        sides: [f32; 2],
        finish: impl Fn(f32) -> f32,
    ) -> Plane {
        let mut coverage = Plane::unfilled(region.width, region.height);
        let mut factors = Bilinear::new(sides, self.planes.each_ref(), region);
        let strip = picture.strip(region.y..region.bottom()).as_planes();
        let mut colours = row_set(strip.planes(), region.width);
        let finish = &finish;
        for y in 0..region.height {
            strip.read(region.y + y, region.x..region.right(), &mut colours);
            let ([above, below], down) = factors.rows(y);
            let [above, below] = [above, below].map(|it| it.each_ref().map(Vec::as_slice));
            let last = colours.len() - 1;
            Arch::new().dispatch(Weigh {
                colours: [0, 1, 2].map(|colour: usize| colours[colour.min(last)].as_slice()),
                factors: [above, below],
                down,
                finish,
                out: coverage.row_mut(y),
            });
        }
        coverage
    }

    /// The coverage of the copy itself.
    pub fn of_copy(&self, copy: &Tile) -> Plane {
        let [r, g, b] = [0, 1, 2].map(|i: usize| &copy.planes()[i]);
        let [of_r, of_g, of_b, added] = self.planes.each_ref();
        each(
            [added, of_r, r, of_g, g, of_b, b],
            |[added, of_r, r, of_g, g, of_b, b]| added + of_r * r + of_g * g + of_b * b,
        )
    }

    /// Whether a region of the copy is covered nowhere, whatever its colours.
    pub fn is_nothing_in(&self, region: Region) -> bool {
        let columns = region.x..region.right();
        self.planes.iter().all(|plane| {
            (region.y..region.bottom())
                .all(|y| plane.row(y)[columns.clone()].iter().all(|it| *it == 0.0))
        })
    }
}

/// A row of colours, weighed by factors between two rows of them; as a struct, since a compiler need not inline a closure
/// into what it makes for wide registers.
struct Weigh<'a, F> {
    colours: [&'a [f32]; 3],
    /// Those of the colours, and what is added.
    factors: [[&'a [f32]; 4]; 2],
    /// How far from one to the other.
    down: f32,
    finish: F,
    out: &'a mut [f32],
}

impl<F: Fn(f32) -> f32> WithSimd for Weigh<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let count = self.out.len();
        let [r, g, b] = self.colours.map(|it| &it[..count]);
        let [above, below] = self.factors;
        let [r0, g0, b0, added0] = above.map(|it| &it[..count]);
        let [r1, g1, b1, added1] = below.map(|it| &it[..count]);
        let down = self.down;
        for (x, out) in self.out.iter_mut().enumerate() {
            let added = between(added0[x], added1[x], down);
            let of_red = between(r0[x], r1[x], down) * r[x];
            let of_green = between(g0[x], g1[x], down) * g[x];
            let of_blue = between(b0[x], b1[x], down) * b[x];
            *out = (self.finish)(added + of_red + of_green + of_blue);
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
