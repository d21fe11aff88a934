//! How much fine detail is typical of a picture, in bands narrower than octaves: what two pictures of different
//! scenes are compared by.
//!
//! The mean of a picture's energy is that of its few edges and hairs. So energies are taken in cells of some skin
//! pores' size, and the mean of the middle half of them counts, each tone as often in one picture as in the other: grain that is
//! blended by Overlay is weaker in shadows and highlights.

use super::blocks::{self, Filters};
use super::transform::Block;
use crate::engine::raster::{Plane, Region};

/// The bands: shortest and longest wave, in pixels. The first is the first octave, the others are halves of octaves.
pub const BANDS: [(f64, f64); 9] = [
    (1.0, 2.0),
    (2.0, 2.0 * core::f64::consts::SQRT_2),
    (2.0 * core::f64::consts::SQRT_2, 4.0),
    (4.0, 4.0 * core::f64::consts::SQRT_2),
    (4.0 * core::f64::consts::SQRT_2, 8.0),
    (8.0, 8.0 * core::f64::consts::SQRT_2),
    (8.0 * core::f64::consts::SQRT_2, 16.0),
    (16.0, 16.0 * core::f64::consts::SQRT_2),
    (16.0 * core::f64::consts::SQRT_2, 32.0),
];

/// Side of a cell, in pixels.
pub const CELL: usize = 32;

/// A cell counts if so much of its area does.
const COVERED: f64 = 0.5;

/// Steps of tone from black to white that are told apart.
const TONES: usize = 16;

/// Two pictures that share less than this of their tones are compared over all of them.
const SHARED: f64 = 0.1;

/// An energy that is next to nothing: that of a hundredth of a level of 8 bits.
const LEAST: f64 = 1.5e-9;

/// A square of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// Its mean, 0..=1.
    pub tone: f64,
    /// Pixels that counted.
    pub weight: f64,
    /// The mean square of each of the [`BANDS`] of the first and the second picture that it was measured of, where the
    /// full scale is 1.
    pub energies: [[f64; BANDS.len()]; 2],
}

/// Measures cells.
pub struct Profiler {
    filters: Filters,
}

/// The blocks that a region of a picture is measured in.
pub fn blocks_of(region: Region) -> Vec<Region> {
    blocks::cores(region)
}

impl Default for Profiler {
    fn default() -> Self {
        Self {
            filters: Filters::new(&BANDS),
        }
    }
}

impl Profiler {
    /// The region whose values a block is measured from.
    pub fn around(&self, block: Region, bounds: Region) -> Region {
        blocks::around(block, bounds)
    }

    /// The cells of a block that are covered. `pair` holds the values of two pictures [around](Self::around) it; tones
    /// are those of the first.
    pub fn cells(
        &self,
        pair: [&Plane; 2],
        (around, block): (Region, Region),
        coverage: &Plane,
    ) -> Vec<Cell> {
        let mut cells = Vec::new();
        let mut places = Vec::new();
        for y in (0..block.height).step_by(CELL) {
            for x in (0..block.width).step_by(CELL) {
                let cell = Region::new(x, y, CELL, CELL);
                let cell = cell.within(&Region::of_size(block.width, block.height));
                let (mut weight, mut tone) = (0.0, 0.0);
                for y in cell.y..cell.bottom() {
                    let values = pair[0].row(block.y - around.y + y);
                    let values = &values[block.x - around.x + cell.x..][..cell.width];
                    let covered = &coverage.row(y)[cell.x..cell.right()];
                    for (value, covered) in values.iter().zip(covered) {
                        weight += f64::from(*covered);
                        tone += f64::from(covered * value);
                    }
                }
                if weight >= COVERED * (cell.width * cell.height) as f64 {
                    places.push(cell);
                    cells.push(Cell {
                        tone: tone / weight,
                        weight,
                        energies: Default::default(),
                    });
                }
            }
        }
        if cells.is_empty() {
            return cells;
        }
        let mut blocks = (Block::new(), Block::new());
        let take = |band: usize, core: &blocks::Core| {
            for (place, cell) in places.iter().zip(&mut cells) {
                let mut sums = [0.0; 2];
                for y in place.y..place.bottom() {
                    let weights = &coverage.row(y)[place.x..place.right()];
                    let rows = core.row(y, place.x..place.right());
                    for (sum, row) in sums.iter_mut().zip(rows) {
                        for (weight, it) in weights.iter().zip(row) {
                            *sum += f64::from(weight * it * it);
                        }
                    }
                }
                for (energies, sum) in cell.energies.iter_mut().zip(sums) {
                    energies[band] = sum / cell.weight;
                }
            }
        };
        self.filters.bands(pair, (around, block), &mut blocks, take);
        cells
    }
}

/// How much each band of a cell counts.
pub type Weights = [f64; BANDS.len()];

/// How much the cells of two pictures of one scene count when they are compared: `one` has the texture that is hardly
/// to be seen beside that of its edges, so its smoothest cells count most (by the inverse of the variance of energies).
pub fn smoothest(one: &[Cell]) -> Vec<Weights> {
    let usual: Weights = core::array::from_fn(|band| {
        let mut energies: Vec<f64> = one.iter().map(|it| it.energies[0][band]).collect();
        energies.sort_by(f64::total_cmp);
        energies
            .get(energies.len() * 3 / 10)
            .map_or(0.0, |it| it + LEAST)
    });
    let weights = |cell: &Cell| {
        let weight =
            |band: usize| cell.weight / (cell.energies[0][band] / usual[band] + 1.0).powi(2);
        core::array::from_fn(weight)
    };
    one.iter().map(weights).collect()
}

/// How much the cells of two pictures count when they are compared: each tone as much in one as in the other, as far
/// as they share their tones.
pub fn alike(one: &[Cell], other: &[Cell]) -> [Vec<Weights>; 2] {
    let (mine, theirs) = (tones(one), tones(other));
    let shared: Vec<f64> = mine.iter().zip(&theirs).map(|(a, b)| a.min(*b)).collect();
    let few = shared.iter().sum::<f64>() < SHARED;
    [(one, mine), (other, theirs)].map(|(cells, own)| {
        let weight = |cell: &Cell| match own[tone(cell)] {
            _ if few => cell.weight,
            own if own > 0.0 => cell.weight * shared[tone(cell)] / own,
            _ => 0.0,
        };
        cells.iter().map(|it| [weight(it); BANDS.len()]).collect()
    })
}

fn tone(cell: &Cell) -> usize {
    ((cell.tone * TONES as f64) as usize).min(TONES - 1)
}

/// The share of each step of tone.
fn tones(cells: &[Cell]) -> [f64; TONES] {
    let all: f64 = cells.iter().map(|it| it.weight).sum();
    let mut tones = [0.0; TONES];
    for cell in cells {
        tones[tone(cell)] += cell.weight / all;
    }
    tones
}

/// The typical energy of each band over cells, each with its weights, of the first or second picture.
pub fn typical(cells: &[Cell], weights: &[Weights], which: usize) -> [f64; BANDS.len()] {
    core::array::from_fn(|band| {
        let pairs = cells.iter().zip(weights);
        let pairs = pairs.map(|(cell, weights)| (cell.energies[which][band], weights[band]));
        let mut pairs: Vec<(f64, f64)> = pairs.filter(|(_, weight)| *weight > 0.0).collect();
        middle(&mut pairs)
    })
}

/// The mean of the middle half of values with weights; 0 where there is none. It is as little moved by the few that are
/// large as the median, and surer.
fn middle(pairs: &mut [(f64, f64)]) -> f64 {
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
    let all: f64 = pairs.iter().map(|it| it.1).sum();
    let (from, to) = (0.25 * all, 0.75 * all);
    let (mut sum, mut below) = (0.0, 0.0f64);
    for (value, weight) in pairs.iter() {
        let above = below + weight;
        sum += value * (above.min(to) - below.max(from)).max(0.0);
        below = above;
    }
    if all > 0.0 { sum / (to - from) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_half_is_not_moved_by_a_few() {
        let mut even = [(4.0, 1.0), (1.0, 1.0), (900.0, 1.0), (2.0, 1.0)];
        assert_eq!(middle(&mut even), 3.0);
        let mut uneven = [(5.0, 8.0), (0.0, 1.0), (100.0, 1.0)];
        assert_eq!(middle(&mut uneven), 5.0);
        assert_eq!(middle(&mut []), 0.0);
    }

    fn cell(tone: f64, energy: f64) -> Cell {
        Cell {
            tone,
            weight: 1.0,
            energies: [[energy; BANDS.len()]; 2],
        }
    }

    #[test]
    fn tones_count_alike_as_far_as_they_are_shared() {
        let one = [cell(0.5, 1.0), cell(0.5, 1.0), cell(0.9, 9.0)];
        let other = [cell(0.5, 2.0), cell(0.1, 9.0), cell(0.1, 9.0)];
        let [mine, theirs] = alike(&one, &other);
        assert_eq!((mine[0][0], mine[2][0]), (0.5, 0.0));
        assert_eq!((theirs[0][0], theirs[1][0]), (1.0, 0.0));
        // Nothing is shared: all of both counts.
        let [mine, theirs] = alike(&one[2..], &other[1..]);
        assert_eq!((mine[0][0], theirs[1][0]), (1.0, 1.0));
    }

    #[test]
    fn the_smoothest_cells_count_most() {
        let cells = [cell(0.5, 1e-6), cell(0.5, 1e-6), cell(0.5, 1e-3)];
        let weights = smoothest(&cells);
        assert!(weights[0][3] > 1000.0 * weights[2][3]);
    }
}
