//! Pieces of the patch, blended row by row.

use pulp::{Simd, WithSimd};

use super::grid::{Grid, Piece, Pieces};
use crate::engine::raster::Plane;

/// Pixels that are blended together. Vectors may reach as far beyond the ends of rows.
pub const LANES: usize = 8;

/// How pieces are blended in one row of pixels, from a vertex of the row of vertices above to the next one: a rhombus of
/// two triangles, which repeats along the row.
#[derive(Clone, Debug, PartialEq)]
pub struct Weights {
    /// The first pixel of the rhombus that begins at the origin.
    start: i64,
    /// Pixels to its diagonal. Left of that lies a triangle that points down, right of it one that points up.
    diagonal: usize,
    /// For each pixel those of the triangle's three pieces; their squares add up to 1, so that variance is kept.
    of_pieces: [Vec<f32>; 3],
}

impl Weights {
    /// Those of a row of pixels.
    fn of_row(grid: &Grid, y: i64) -> Self {
        let Grid { side, row } = *grid;
        let down = y.rem_euclid(row) as f64 / row as f64;
        // Where the rhombus begins, between pixels.
        let corner = (y * side) as f64 / (2 * row) as f64;
        let start = corner.ceil() as i64;
        let diagonal = (corner + (1.0 - down) * side as f64).ceil() as i64 - start;
        let mut of_pieces = [(); 3].map(|()| Vec::with_capacity(side as usize + LANES));
        for i in 0..side {
            let across = ((start + i) as f64 - corner) / side as f64;
            let corners = match i < diagonal {
                true => [1.0 - down - across, down, across],
                false => [across + down - 1.0, 1.0 - down, 1.0 - across],
            };
            let powers = corners.map(|it| {
                let square = it.max(0.0) * it.max(0.0);
                square * square
            });
            let length = powers.iter().map(|it| it * it).sum::<f64>().sqrt();
            for (weights, power) in of_pieces.iter_mut().zip(powers) {
                weights.push((power / length) as f32);
            }
        }
        for weights in &mut of_pieces {
            weights.resize(side as usize + LANES, 0.0);
        }
        Self {
            start,
            diagonal: diagonal as usize,
            of_pieces,
        }
    }
}

/// The weights of all rows of pixels: after two rows of triangles they are the same again, a side further right.
pub fn all_weights(grid: &Grid) -> Vec<Weights> {
    (0..2 * grid.row)
        .map(|y| Weights::of_row(grid, y))
        .collect()
}

/// A row of blended pieces.
pub struct Blended<'a> {
    /// To the right of the patch are its first columns again, a side of a triangle and [`LANES`].
    pub patch: &'a Plane,
    pub size: (usize, usize),
    pub grid: Grid,
    pub weights: &'a [Weights],
    pub pieces: &'a Pieces,
    /// The first pixel of the row.
    pub corner: (i64, i64),
    /// [`LANES`] samples longer than the row: the last ones mean nothing.
    pub out: &'a mut [f32],
}

impl WithSimd for Blended<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Grid { side, row } = self.grid;
        let ((width, height), (left, y)) = (self.size, self.corner);
        let weights = &self.weights[y.rem_euclid(2 * row) as usize];
        let start = weights.start + y.div_euclid(2 * row) * side;
        let first = (left - start).div_euclid(side);
        let (above, side) = (y.div_euclid(row), side as usize);
        let above = [above, above + 1].map(|it| self.pieces.row(it, first).windows(2));
        let [above, below] = above;
        let y = y.rem_euclid(height as i64) as usize;
        let mut x = left.rem_euclid(width as i64) as usize;
        let mut begun = (left - start).rem_euclid(side as i64) as usize;
        let length = self.out.len() - LANES;
        let mut done = 0;
        for (above, below) in above.zip(below) {
            let (&[a, b], &[c, d]) = (above, below) else {
                unreachable!("two of each")
            };
            // Vectors write over what belongs to the next pixels, which come later.
            for (end, corners) in [(weights.diagonal, [a, c, b]), (side, [d, b, c])] {
                let count = end.saturating_sub(begun).min(length - done);
                let whole = count.next_multiple_of(LANES);
                let [a, b, c] = corners;
                let piece = |it: Piece| {
                    let row = self.patch.row(within(y + it.y, height));
                    &row[within(x + it.x, width)..][..whole]
                };
                let part = begun.min(end)..begun.min(end) + whole;
                let [d, e, f] = &weights.of_pieces;
                weigh(
                    &mut self.out[done..][..whole],
                    [&d[part.clone()], &e[part.clone()], &f[part]],
                    [piece(a), piece(b), piece(c)],
                );
                (begun, done, x) = (begun.max(end), done + count, within(x + count, width));
            }
            if done == length {
                break;
            }
            begun = 0;
        }
    }
}

/// Around a torus, for what is at most one round too far.
#[inline(always)]
fn within(at: usize, size: usize) -> usize {
    if at >= size { at - size } else { at }
}

#[inline(always)]
fn weigh(out: &mut [f32], weights: [&[f32]; 3], rows: [&[f32]; 3]) {
    let ([a, b, c], [d, e, f]) = (weights, rows);
    let [a, b, c] = [chunks(a), chunks(b), chunks(c)];
    let [d, e, f] = [chunks(d), chunks(e), chunks(f)];
    let out = out.as_chunks_mut::<LANES>().0;
    let weights = a.iter().zip(b).zip(c);
    let rows = d.iter().zip(e).zip(f);
    for (out, (((a, b), c), ((d, e), f))) in out.iter_mut().zip(weights.zip(rows)) {
        let mut sums = [0.0; LANES];
        for i in 0..LANES {
            sums[i] = a[i] * d[i] + b[i] * e[i] + c[i] * f[i];
        }
        *out = sums;
    }
}

#[inline(always)]
fn chunks(samples: &[f32]) -> &[[f32; LANES]] {
    samples.as_chunks().0
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::engine::operations::Random;
    use crate::engine::operations::synthesis::grid::Draw;

    /// One pixel, by the definition.
    fn slow(draw: &Draw, pieces: &Pieces, patch: &Plane, (x, y): (i64, i64)) -> f32 {
        let Grid { side, row } = draw.grid;
        let down = y as f64 / row as f64;
        let across = x as f64 / side as f64 - 0.5 * down;
        let (column, vertex_row) = (across.floor() as i64, down.floor() as i64);
        let (u, v) = (across - across.floor(), down - down.floor());
        let corners = match u + v < 1.0 {
            true => [(0, 0, 1.0 - u - v), (0, 1, v), (1, 0, u)],
            false => [(1, 1, u + v - 1.0), (1, 0, 1.0 - v), (0, 1, 1.0 - u)],
        };
        let (mut sum, mut squares) = (0.0, 0.0);
        for (right, below, weight) in corners {
            let piece = pieces.row(vertex_row + below, column + right)[0];
            let at = |at: i64, by: usize, size: usize| (at + by as i64).rem_euclid(size as i64);
            let (width, height) = draw.size;
            let (x, y) = (at(x, piece.x, width), at(y, piece.y, height));
            let power = weight.powi(4);
            sum += power * f64::from(patch.at(x as usize, y as usize));
            squares += power * power;
        }
        (sum / squares.sqrt()) as f32
    }

    #[test]
    fn it_is_the_slow_version_wherever_a_row_begins() {
        for (width, height) in [(48, 48), (61, 97)] {
            let draw = Draw {
                size: (width, height),
                grid: Grid::of_patch(width, height),
                random: [1, 2].map(|it| Random::new(it, 0, 0)),
            };
            let wider = width + draw.grid.side as usize + LANES;
            let value = |i: usize| draw.random[0].row(i / wider).signed(i % wider % width);
            let samples = (0..wider * height).map(value).collect();
            let patch = Plane::from_samples(wider, height, samples);
            let weights = all_weights(&draw.grid);
            for (left, y) in [(-23, -9), (0, 0), (5, 17), (1203, 4001)] {
                let pieces = Pieces::new(&draw, (left, y), (150, 1));
                let mut out = vec![0.0; 150 + LANES];
                Arch::new().dispatch(Blended {
                    patch: &patch,
                    size: draw.size,
                    grid: draw.grid,
                    weights: &weights,
                    pieces: &pieces,
                    corner: (left, y),
                    out: &mut out,
                });
                for (x, found) in (left..).zip(&out[..150]) {
                    let expected = slow(&draw, &pieces, &patch, (x, y));
                    assert!(
                        (found - expected).abs() < 1e-4,
                        "{x},{y}: {found} for {expected}"
                    );
                }
            }
        }
    }
}
