//! The guided filter (He, Sun, Tang 2013) in its fast form (He, Sun 2015): the coverage of a reduced copy as a linear
//! function of the picture's colours around each place, which is then taken of the full picture.

use super::measured::{blur, colours};
use crate::engine::masks::bilinear::{Bilinear, between};
use crate::engine::raster::{Ends, Image, Plane, Region, Tile, each, row_set, wide};

/// Variance of colour that is no edge.
const NO_EDGE: f64 = 4e-4;

/// For every pixel of a copy: factors of red, green and blue, and what is added.
pub struct Guide {
    planes: [Plane; 4],
    is_finite: bool,
}

impl Guide {
    /// Follows the edges of `copy` over `radius` pixels of it.
    pub fn new(copy: &Tile, coverage: &Plane, radius: f64) -> Self {
        let colours = colours(copy);
        let product = |one: &Plane, other: &Plane| {
            blur(&each([one, other], |[one, other]| one * other), radius)
        };
        let means = colours.map(|it| blur(it, radius));
        let mean = blur(coverage, radius);
        let with = colours.map(|it| product(it, coverage));
        let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
            .map(|(i, j): (usize, usize)| product(colours[i], colours[j]));
        let [with_r, with_g, with_b] = with;
        let mut planes = [with_r, with_g, with_b, mean];
        fit(
            means.each_ref().map(Plane::samples),
            pairs.each_ref().map(Plane::samples),
            planes.each_mut().map(Plane::samples_mut),
        );
        drop((means, pairs));
        let planes = planes.map(|it| blur(&it, radius / 2.0));
        let is_finite = |it: &Plane| it.samples().iter().all(|it| it.is_finite());
        Self {
            is_finite: planes.iter().all(is_finite),
            planes,
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
            let colours = [0, 1, 2].map(|colour: usize| colours[colour.min(last)].as_slice());
            let out = coverage.row_mut(y);
            weigh(colours, ([above, below], down), finish, out);
        }
        coverage
    }

    /// The coverage of the copy itself.
    pub fn of_copy(&self, copy: &Tile) -> Plane {
        let [r, g, b] = colours(copy);
        let [of_r, of_g, of_b, added] = self.planes.each_ref();
        each(
            [added, of_r, r, of_g, g, of_b, b],
            |[added, of_r, r, of_g, g, of_b, b]| added + of_r * r + of_g * g + of_b * b,
        )
    }

    /// The least and the most that coverage may be before it is finished between some pixels of the copy, whose places in the
    /// picture have colours between these ends.
    pub fn ends(&self, copy: Region, [r, g, b]: Ends) -> [f32; 2] {
        let mut least = vec![f32::INFINITY; copy.width];
        let mut most = vec![f32::NEG_INFINITY; copy.width];
        for y in copy.y..copy.bottom() {
            let planes = self.planes.each_ref();
            let [of_r, of_g, of_b, added] = planes.map(|it| &it.row(y)[copy.x..copy.right()]);
            let ends = least.iter_mut().zip(&mut most);
            let cells = ends.zip(of_r).zip(of_g).zip(of_b).zip(added);
            wide!({
                for (((((least, most), of_r), of_g), of_b), added) in cells {
                    let (mut low, mut high) = (*added, *added);
                    for (factor, [one, other]) in [(of_r, r), (of_g, g), (of_b, b)] {
                        let (one, other) = (factor * one, factor * other);
                        low += one.min(other);
                        high += one.max(other);
                    }
                    *least = least.min(low);
                    *most = most.max(high);
                }
            });
        }
        [
            least.into_iter().fold(f32::INFINITY, f32::min),
            most.into_iter().fold(f32::NEG_INFINITY, f32::max),
        ]
    }

    /// Whether it tells something everywhere: where colours are beyond all measure, sums of their products are no numbers.
    pub fn is_finite(&self) -> bool {
        self.is_finite
    }

    /// Columns and rows of the copy.
    pub fn size(&self) -> (usize, usize) {
        (self.planes[0].width(), self.planes[0].height())
    }
}

/// Fits a linear function of colours to the coverage around each place, from means around it: of colours; of their
/// products, red by red, by green and by blue, green by green and by blue, blue by blue; and of coverage times each colour, and of
/// coverage, which become the factors of the colours, and what is added.
fn fit(colours: [&[f32]; 3], pairs: [&[f32]; 6], planes: [&mut [f32]; 4]) {
    let count = planes[0].len();
    let [r, g, b] = colours.map(|it| &it[..count]);
    let [rr, rg, rb, gg, gb, bb] = pairs.map(|it| &it[..count]);
    let [of_r, of_g, of_b, added] = planes.map(|it| &mut it[..count]);
    wide!({
        for i in 0..count {
            let mean = f64::from(added[i]);
            let m = [f64::from(r[i]), f64::from(g[i]), f64::from(b[i])];
            let factors = solve(
                [
                    f64::from(rr[i]) - m[0] * m[0] + NO_EDGE,
                    f64::from(rg[i]) - m[0] * m[1],
                    f64::from(rb[i]) - m[0] * m[2],
                    f64::from(gg[i]) - m[1] * m[1] + NO_EDGE,
                    f64::from(gb[i]) - m[1] * m[2],
                    f64::from(bb[i]) - m[2] * m[2] + NO_EDGE,
                ],
                [
                    f64::from(of_r[i]) - m[0] * mean,
                    f64::from(of_g[i]) - m[1] * mean,
                    f64::from(of_b[i]) - m[2] * mean,
                ],
            );
            let of_mean = factors[0] * m[0] + factors[1] * m[1] + factors[2] * m[2];
            of_r[i] = factors[0] as f32;
            of_g[i] = factors[1] as f32;
            of_b[i] = factors[2] as f32;
            added[i] = (mean - of_mean) as f32;
        }
    });
}

/// A row of colours, weighed by factors between two rows of them, those of the colours and what is added, so far from one to the
/// other.
#[inline(always)]
fn weigh(
    colours: [&[f32]; 3],
    ([above, below], down): ([[&[f32]; 4]; 2], f32),
    finish: impl Fn(f32) -> f32,
    out: &mut [f32],
) {
    let count = out.len();
    let [r, g, b] = colours.map(|it| &it[..count]);
    let [r0, g0, b0, added0] = above.map(|it| &it[..count]);
    let [r1, g1, b1, added1] = below.map(|it| &it[..count]);
    wide!({
        for (x, out) in out.iter_mut().enumerate() {
            let added = between(added0[x], added1[x], down);
            let of_red = between(r0[x], r1[x], down) * r[x];
            let of_green = between(g0[x], g1[x], down) * g[x];
            let of_blue = between(b0[x], b1[x], down) * b[x];
            *out = finish(added + of_red + of_green + of_blue);
        }
    });
}

/// Solves a symmetric, positive definite system, given by its upper triangle, by Cramer's rule.
#[inline(always)]
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
