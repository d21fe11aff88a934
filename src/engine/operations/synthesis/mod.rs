//! Texture by example: a patch spread without seam and without visible repeat, with the patch's own
//! histogram.
//!
//! Tiling and blending (Heitz and Neyret 2018; Deliot and Heitz 2019; Burley 2019): the plane is laid
//! out with triangles, a piece of the patch that chance picks is laid on every vertex, and each pixel
//! blends the three pieces that reach it. That is done on a copy of the patch whose histogram was
//! made normal, because there a blend that keeps the variance keeps the histogram; the way back is a
//! table. Every sample is a function of its position, the seed and the layer alone.

mod balance;
mod blend;
mod field;
mod grid;
mod histogram;

use balance::balanced;
use blend::{Blended, LANES, Weights, all_weights};
pub use field::Field;
use field::Tone;
use grid::{Draw, Grid, Pieces};
use histogram::{Back, shown, to_normal, way_back};
use pulp::Arch;

use super::Random;
use super::periodic::periodic_part;
use crate::engine::raster::{Plane, Region};

/// The shortest side of a patch, in pixels: below it pieces are smaller than the pores on them.
pub const SMALLEST_PATCH: usize = 48;

/// A patch made ready to be spread by example.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthesis {
    /// The patch with a normal histogram; to its right its first columns again, so that a run of
    /// pixels is never cut in two.
    normal: Plane,
    size: (usize, usize),
    /// From normal values back to the patch's own: what the middle of each step is and how much it rises.
    table: Vec<[f32; 2]>,
    grid: Grid,
    weights: Vec<Weights>,
    tone: Tone,
}

impl Synthesis {
    /// Makes a high-passed patch ready. `radius` is that of its high pass, in pixels.
    pub fn new(patch: &Plane, radius: f64) -> Self {
        let (width, height) = (patch.width(), patch.height());
        let grid = Grid::of_patch(width, height);
        let (shown, table) = (shown(width, height, &grid), way_back(patch));
        let weights = all_weights(&grid);
        let of_texture = |texture: &Plane| Self {
            normal: repeated(&to_normal(texture, &shown), grid.side as usize + LANES),
            size: (width, height),
            table: table.clone(),
            grid,
            weights: weights.clone(),
            tone: Tone::new(radius),
        };
        balanced(patch, periodic_part(patch), radius, of_texture)
    }

    /// The same with its fields scaled.
    fn scaled(mut self, factor: f32) -> Self {
        for step in &mut self.table {
            *step = step.map(|it| factor * it);
        }
        self
    }

    /// The texture in a region of the picture, as chance lays it under a seed for a layer.
    pub fn spread(&self, seed: u64, layer: u64, region: Region) -> Field {
        let random = [0, 1].map(|channel| Random::new(seed, layer, channel));
        let (x, y) = (region.x as i64, region.y as i64);
        let (left, right) = self.tone.needs(x, region.width);
        let (top, bottom) = self.tone.needs(y, region.height);
        let size = ((right - left) as usize, (bottom - top) as usize);
        let corner = ((x - left) as usize, (y - top) as usize);
        let step = self.tone.step();
        let rows = (0..size.1)
            .filter(|y| y.is_multiple_of(step) || (corner.1..corner.1 + region.height).contains(y));
        let blended = self.blended(random, (left, top), size, rows);
        Field::new(blended, &self.tone, corner)
    }

    /// Some rows of the blended pieces, with what tone they have.
    fn blended(
        &self,
        random: [Random; 2],
        (left, top): (i64, i64),
        (width, height): (usize, usize),
        rows: impl Iterator<Item = usize>,
    ) -> Plane {
        let draw = Draw {
            size: self.size,
            grid: self.grid,
            random,
        };
        let pieces = Pieces::new(&draw, (left, top), (width, height));
        let mut out = Plane::unfilled(width, height);
        let mut row = vec![0.0; width + LANES];
        let arch = Arch::new();
        for y in rows {
            arch.dispatch(Blended {
                patch: &self.normal,
                size: self.size,
                grid: self.grid,
                weights: &self.weights,
                pieces: &pieces,
                corner: (left, top + y as i64),
                out: &mut row,
            });
            arch.dispatch(Back {
                table: &self.table,
                values: &row[..width],
                out: out.row_mut(y),
            });
        }
        out
    }
}

/// The plane with its first `more` columns once more to its right.
fn repeated(plane: &Plane, more: usize) -> Plane {
    let width = plane.width() + more;
    let rows = (0..plane.height()).flat_map(|y| plane.row(y).iter().cycle().take(width));
    Plane::from_samples(width, plane.height(), rows.copied().collect())
}
