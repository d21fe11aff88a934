//! Skin made by formula: the donor for pictures that have no real skin left.
//!
//! A model of the relief of skin, lit from above: fine furrows, the borders between the cells of a jittered hexagonal
//! lattice (S. Worley 1996, F2 − F1) in two sizes; pores, dark pits of several sizes and shapes on another such
//! lattice; and grain. Where furrows and pores are deep changes slowly from place to place. It is a function of its
//! scale alone, and the same on every machine.

use super::graft::LIBRARY_RIM;
use super::{Cancel, Gaussian, HighPass, Random};
use crate::engine::raster::{Image, Plane, Region, Tile};

/// Side of the patch that can be grafted, in pixels; a rim of [`LIBRARY_RIM`] lies around it.
const PATCH: usize = 256;

/// Side of all that is made.
const SIDE: usize = PATCH + 2 * LIBRARY_RIM as usize;

/// From one large cell to the next at scale 1, in pixels: 0.8 mm of a face that is 1200 px from brows to chin.
const SPACING: f64 = 8.0;

/// Size of the face, in pixels, that scale 1 suits.
pub const FACE: f64 = 1440.0;

/// The standard deviation of what a high pass of 2 px keeps, as real skin has in the mean: 3 levels of 8 bits.
pub const FORMULA_DEVIATION: f32 = 0.0125;

/// That radius, in pixels.
const RADIUS: f64 = 2.0;

/// How far points leave their places in a lattice, in spacings.
const JITTER: f32 = 0.45;

/// What the draws are made with.
const SEED: u64 = 0x736B_696E;

/// Points are counted from here, so that they are positive beyond the edges.
const FIRST: i64 = 1 << 10;

/// Distance of rows in a hexagonal lattice of spacing 1.
const ROW: f64 = 0.866_025_403_784_438_6;

/// What light shows of skin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surface {
    /// What lies in it: most of all its pores, which are dark.
    Matt,
    /// What shines on it: its relief. Pores would be black holes where texture is so strong.
    Glossy,
}

impl Surface {
    /// How much of the relief is furrows, and how much pores.
    fn relief(self) -> [f32; 2] {
        match self {
            Self::Matt => [0.5, 0.8],
            Self::Glossy => [1.0, 0.25],
        }
    }
}

/// Skin by formula around mid grey, `scale` times as coarse as at 1: 384 × 384 pixels.
pub fn skin_by_formula(scale: f64, surface: Surface) -> Image {
    let spacing = SPACING * scale;
    let warp = [0, 1].map(|channel| smooth_noise(channel, 0.9 * spacing, 0.35 * spacing));
    let large = furrows(spacing, 0.30, 2, &warp).zip_map(&depths(3, spacing), product);
    let small = furrows(0.6 * spacing, 0.32, 4, &warp).zip_map(&depths(5, spacing), product);
    let pores = pores(0.9 * spacing, 0.13 * spacing).zip_map(&depths(6, 3.0 * spacing), product);
    let furrows = large.zip_map(&small, |large, small| large + 0.6 * small);
    let [of_furrows, of_pores] = surface.relief();
    let relief = furrows.zip_map(&pores, |furrows, pores| {
        of_furrows * furrows + of_pores * pores
    });
    // As sharp as a lens shows it.
    let relief = blur(&relief, 0.75);
    let lit = detail(&lit(&relief, (spacing / SPACING) as f32));
    let grain = smooth_noise(7, 0.5, 0.6).zip_map(&smooth_noise(8, 1.1, 0.45), |a, b| a + b);
    let by = 1.0 / deviation(&lit).max(f32::MIN_POSITIVE);
    let skin = lit.zip_map(&grain, |lit, grain| by * lit + grain);
    let by = FORMULA_DEVIATION / deviation(&detail(&skin)).max(f32::MIN_POSITIVE);
    let skin = skin.map(|it| 0.5 + by * it);
    Image::from_tile(&Tile::new(bounds(), vec![skin]))
}

fn product(one: f32, other: f32) -> f32 {
    one * other
}

fn bounds() -> Region {
    Region::of_size(SIDE, SIDE)
}

fn blur(plane: &Plane, sigma: f64) -> Plane {
    Gaussian::new(sigma).blur(plane, bounds(), bounds(), bounds(), &Cancel::default())
}

fn detail(plane: &Plane) -> Plane {
    HighPass::new(RADIUS).detail(plane, bounds(), bounds(), bounds(), &Cancel::default())
}

fn deviation(plane: &Plane) -> f32 {
    let squares = plane.samples().iter().map(|it| f64::from(it * it));
    (squares.sum::<f64>() / plane.samples().len() as f64).sqrt() as f32
}

/// Normal noise, blurred, with a standard deviation.
fn smooth_noise(channel: u64, sigma: f64, to: f64) -> Plane {
    let random = Random::new(SEED, 0, channel);
    let mut plane = Plane::filled(SIDE, SIDE, 0.0);
    for y in 0..SIDE {
        let row = random.row(y);
        for (x, it) in plane.row_mut(y).iter_mut().enumerate() {
            *it = row.normal(x);
        }
    }
    let plane = blur(&plane, sigma);
    let by = to as f32 / deviation(&plane).max(f32::MIN_POSITIVE);
    plane.map(|it| by * it)
}

/// How deep something is from place to place: 0..=2, about 0.8.
fn depths(channel: u64, sigma: f64) -> Plane {
    smooth_noise(channel, sigma, 0.4).map(|it| (0.8 + it).clamp(0.0, 2.0))
}

/// The point of a lattice in a column and row, in pixels.
fn point(random: Random, spacing: f64, column: i64, row: i64) -> (f32, f32) {
    let (u, v) = ((column + FIRST) as usize, (row + FIRST) as usize);
    let draws = random.row(v);
    let shifted = 0.5 * row.rem_euclid(2) as f64;
    let at = |place: f64, draw: f32| (place * spacing) as f32 + JITTER * spacing as f32 * draw;
    (
        at(column as f64 + shifted, draws.signed(2 * u)),
        at(row as f64 * ROW, draws.signed(2 * u + 1)),
    )
}

/// Grooves of depth 1 where two points of a lattice are equally near; `width` in spacings.
fn furrows(spacing: f64, width: f32, channel: u64, [right, down]: &[Plane; 2]) -> Plane {
    let random = Random::new(SEED, 1, channel);
    let first = -3_i64;
    let columns = (SIDE as f64 / spacing) as usize + 8;
    let rows = (SIDE as f64 / (spacing * ROW)) as usize + 8;
    let points: Vec<(f32, f32)> = (0..rows * columns)
        .map(|i| {
            let (column, row) = ((i % columns) as i64, (i / columns) as i64);
            point(random, spacing, column + first, row + first)
        })
        .collect();
    let near = |place: f32, step: f64, count: usize| {
        let at = (f64::from(place) / step).floor() as i64 - first;
        let at = |by: i64| (at + by).clamp(0, count as i64 - 1) as usize;
        at(-2)..=at(3)
    };
    let mut out = Plane::filled(SIDE, SIDE, 0.0);
    for y in 0..SIDE {
        for x in 0..SIDE {
            let (px, py) = (x as f32 + right.at(x, y), y as f32 + down.at(x, y));
            let (mut nearest, mut next) = (f32::INFINITY, f32::INFINITY);
            for row in near(py, spacing * ROW, rows) {
                for column in near(px, spacing, columns) {
                    let (qx, qy) = points[row * columns + column];
                    let square = (px - qx) * (px - qx) + (py - qy) * (py - qy);
                    if square < nearest {
                        (nearest, next) = (square, nearest);
                    } else {
                        next = next.min(square);
                    }
                }
            }
            let apart = (next.sqrt() - nearest.sqrt()) / (width * spacing as f32);
            out.row_mut(y)[x] = -libm::expf(-apart * apart);
        }
    }
    out
}

/// Pits of about 1 deep on a lattice; `size` is their usual deviation, in pixels.
fn pores(spacing: f64, size: f64) -> Plane {
    let random = Random::new(SEED, 2, 0);
    let looks = [1, 2, 3, 4].map(|channel| Random::new(SEED, 2, channel));
    let mut out = Plane::filled(SIDE, SIDE, 0.0);
    let columns = (SIDE as f64 / spacing) as i64 + 2;
    let rows = (SIDE as f64 / (spacing * ROW)) as i64 + 2;
    for row in -1..rows {
        for column in -1..columns {
            let (px, py) = point(random, spacing, column, row);
            let (u, v) = ((column + FIRST) as usize, (row + FIRST) as usize);
            let sigma = size as f32 * libm::expf(0.25 * looks[0].row(v).normal(u));
            let depth = (0.5 + 0.5 * looks[1].row(v).normal(u)).max(0.0);
            let (sin, cos) = libm::sincosf(core::f32::consts::PI * looks[2].row(v).signed(u));
            let long = 1.4 + 0.4 * looks[3].row(v).signed(u);
            let reach = 5.0 * sigma + 1.0;
            let span = |at: f32| {
                let clamp = |it: f32| it.clamp(0.0, SIDE as f32) as usize;
                clamp(at - reach)..clamp(at + reach + 1.0)
            };
            for y in span(py) {
                for x in span(px) {
                    let (dx, dy) = (x as f32 - px, y as f32 - py);
                    let (along, across) = (cos * dx + sin * dy, cos * dy - sin * dx);
                    let square = along * along / long + across * across * long;
                    out.row_mut(y)[x] -= depth * libm::expf(-square / (2.0 * sigma * sigma));
                }
            }
        }
    }
    out
}

/// The relief as light from above and a little from the left shows it: depth is dark, and so are slopes that face
/// away. `coarse` times the size makes slopes as much flatter.
fn lit(relief: &Plane, coarse: f32) -> Plane {
    let mut out = Plane::filled(SIDE, SIDE, 0.0);
    let last = SIDE - 1;
    for y in 0..SIDE {
        for x in 0..SIDE {
            let across = relief.at((x + 1).min(last), y) - relief.at(x.saturating_sub(1), y);
            let down = relief.at(x, (y + 1).min(last)) - relief.at(x, y.saturating_sub(1));
            let facing = -0.25 * across - 0.43 * down;
            out.row_mut(y)[x] = 0.35 * relief.at(x, y) + 0.7 * coarse * facing;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a graft of the usual radius takes from the patch.
    fn patch(scale: f64, surface: Surface) -> Plane {
        let skin = skin_by_formula(scale, surface).tile(bounds()).desaturated();
        let rim = LIBRARY_RIM as usize;
        detail(&skin).crop(Region::new(rim, rim, PATCH, PATCH))
    }

    fn mean(plane: &Plane, of: impl Fn(f32) -> f32) -> f32 {
        plane.samples().iter().map(|it| of(*it)).sum::<f32>() / plane.samples().len() as f32
    }

    #[test]
    fn it_has_the_texture_of_skin_at_any_scale() {
        for scale in [0.25, 0.7, 1.0, 4.0] {
            // Pits are deeper than hills are high, but in what shines.
            for (surface, skews) in [(Surface::Matt, -0.8..0.05), (Surface::Glossy, -0.2..0.4)] {
                let patch = patch(scale, surface);
                let power = mean(&patch, |it| it * it);
                let of_usual = power.sqrt() / FORMULA_DEVIATION;
                assert!((of_usual - 1.0).abs() < 0.1, "{scale}: {of_usual}");
                let skew = mean(&patch, |it| it * it * it) / (power * power.sqrt());
                assert!(skews.contains(&skew), "{scale}, {surface:?}: {skew}");
            }
        }
    }

    #[test]
    fn what_shines_has_no_black_holes() {
        /// How deep one of a thousand normal values is, in deviations.
        const NORMAL: f32 = 3.09;
        for scale in [0.3, 0.45, 0.6] {
            let deeper = |surface: Surface| {
                let patch = patch(scale, surface);
                let mut samples = patch.samples().to_vec();
                samples.sort_unstable_by(f32::total_cmp);
                let depth = -samples[samples.len() / 1000];
                depth / mean(&patch, |it| it * it).sqrt() - NORMAL
            };
            let (matt, glossy) = (deeper(Surface::Matt), deeper(Surface::Glossy));
            assert!(glossy < 0.5 * matt, "{scale}: {glossy} of {matt}");
        }
    }

    #[test]
    fn it_has_no_direction() {
        let patch = patch(1.0, Surface::Matt);
        let power = |dx: usize, dy: usize| {
            let inside = Region::new(dx, dy, PATCH - 1, PATCH - 1);
            let moved = patch.crop(inside);
            let still = patch.crop(Region::of_size(PATCH - 1, PATCH - 1));
            mean(&moved.zip_map(&still, |a, b| a - b), |it| it * it)
        };
        let (across, down) = (power(1, 0), power(0, 1));
        assert!((across / down - 1.0).abs() < 0.25, "{across}, {down}");
    }

    #[test]
    fn it_is_the_same_each_time() {
        assert_eq!(patch(0.8, Surface::Matt), patch(0.8, Surface::Matt));
    }
}
