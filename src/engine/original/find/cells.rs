//! What the structures of both pictures say about how they lie to each other, cell by cell.

use rayon::prelude::*;

use super::bands::EDGE;
use super::level::Level;
use crate::engine::operations::Cancel;
use crate::engine::original::placement::{Placement, Places};
use crate::engine::original::sampler::Sampler;
use crate::engine::raster::{Plane, Region};

/// Side of a cell, in pixels of the level.
pub const CELL: usize = 16;

/// The sums of one cell.
///
/// With the original where a placement puts it, W, the picture P, the mean gradient g of both and weights w that
/// doubt large differences: the equations of Lucas and Kanade (1981) for the shift that is left, and how alike both
/// are.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sums {
    /// Σ w·g·gᵀ: xx, xy, yy.
    pub gradients: [f64; 3],
    /// Σ w·g·(P − W): x, y.
    pub pull: [f64; 2],
    /// Σ P², Σ W² and Σ P·W.
    pub picture: f64,
    pub original: f64,
    pub both: f64,
    /// Pixels that both have.
    pub pixels: f64,
}

impl Sums {
    /// How alike both are, −1..=1; 0 where one has no structure.
    pub fn likeness(&self) -> f64 {
        let energy = (self.picture * self.original).sqrt();
        if energy > 0.0 {
            self.both / energy
        } else {
            0.0
        }
    }

    /// How much more is shared than not, 0 up to 9: what an estimate from this cell is worth.
    pub fn worth(&self) -> f64 {
        let shared = self.likeness().max(0.0);
        let shared = (shared * shared).min(0.9);
        shared / (1.0 - shared)
    }

    pub fn add(&mut self, other: &Sums, weight: f64) {
        for (own, other) in self.gradients.iter_mut().zip(other.gradients) {
            *own += weight * other;
        }
        for (own, other) in self.pull.iter_mut().zip(other.pull) {
            *own += weight * other;
        }
        self.picture += weight * other.picture;
        self.original += weight * other.original;
        self.both += weight * other.both;
        self.pixels += weight * other.pixels;
    }
}

/// The cells of a level, row by row.
#[derive(Clone, Debug)]
pub struct Cells {
    pub columns: usize,
    pub rows: usize,
    pub sums: Vec<Sums>,
}

impl Cells {
    /// The middle of a cell, in pixels of the level.
    pub fn middle(column: usize, row: usize) -> [f64; 2] {
        [column, row].map(|it| (it * CELL) as f64 + (CELL as f64 - 1.0) / 2.0)
    }

    /// All cells together.
    pub fn all(&self) -> Sums {
        let mut all = Sums::default();
        for it in &self.sums {
            all.add(it, 1.0);
        }
        all
    }

    /// Each cell together with those around it, by a binomial window of five by five.
    pub fn gathered(&self) -> Cells {
        let along = |cells: &[Sums], stride: usize, index: usize, count: usize, at: usize| {
            let mut sum = Sums::default();
            for (offset, weight) in (-2isize..=2).zip([1.0, 4.0, 6.0, 4.0, 1.0]) {
                let Some(place) = at.checked_add_signed(offset).filter(|it| *it < count) else {
                    continue;
                };
                sum.add(&cells[index + place * stride - at * stride], weight / 16.0);
            }
            sum
        };
        let (columns, rows) = (self.columns, self.rows);
        let cells = 0..columns * rows;
        let across: Vec<Sums> = cells
            .clone()
            .map(|i| along(&self.sums, 1, i, columns, i % columns))
            .collect();
        Cells {
            sums: cells
                .map(|i| along(&across, columns, i, rows, i / columns))
                .collect(),
            ..*self
        }
    }
}

/// The sums of all cells of a level with the original where `placement`, which is the level's own, puts it.
pub fn gather(level: &Level, placement: &Placement, cancel: &Cancel) -> Cells {
    let (width, height) = (level.picture.width(), level.picture.height());
    let (columns, rows) = (width.div_ceil(CELL), height.div_ceil(CELL));
    let sampler = Sampler::new(placement.whole.magnification());
    let sums = (0..rows).into_par_iter().flat_map_iter(|row| {
        if cancel.is_cancelled() {
            return vec![Sums::default(); columns];
        }
        Strip::new(level, placement, &sampler, row).cells(columns)
    });
    Cells {
        columns,
        rows,
        sums: sums.collect(),
    }
}

/// One row of cells with the pixel rows above and below that gradients need.
struct Strip<'a> {
    level: &'a Level,
    region: Region,
    /// The original's structures over the region.
    warped: Plane,
    /// Whether the original has these pixels.
    there: Vec<bool>,
}

impl<'a> Strip<'a> {
    fn new(level: &'a Level, placement: &Placement, sampler: &Sampler, row: usize) -> Self {
        let (picture, original) = (&level.picture, &level.original);
        let bounds = Region::of_size(picture.width(), picture.height());
        let rows = Region::new(0, row * CELL, bounds.width, CELL).within(&bounds);
        let region = rows.expanded(1, &bounds);
        let places = placement.each(region);
        let edge = EDGE as f64;
        let inside = |it: f64, length: usize| it >= edge && it <= length as f64 - 1.0 - edge;
        let there = places.iter();
        let there =
            there.map(|[x, y]| inside(*x, original.width()) && inside(*y, original.height()));
        let there = there.collect();
        let all = Region::of_size(original.width(), original.height());
        let mut warped = sampler.read(core::slice::from_ref(original), all, &Places::Each(places));
        Self {
            level,
            region,
            there,
            warped: Plane::from_samples(region.width, region.height, warped.remove(0)),
        }
    }

    fn cells(&self, columns: usize) -> Vec<Sums> {
        let picture = &self.level.picture;
        let mut cells = vec![Sums::default(); columns];
        // Rows and columns near the picture's edge show the edge.
        let last = picture.height().saturating_sub(EDGE);
        let own = self.own_rows();
        for y in own.start.max(EDGE)..own.end.min(last) {
            for x in EDGE..picture.width().saturating_sub(EDGE) {
                if self.there[(y - self.region.y) * self.region.width + x] {
                    self.add_pixel(x, y, &mut cells[x / CELL]);
                }
            }
        }
        cells
    }

    /// The picture rows of the cells themselves.
    fn own_rows(&self) -> std::ops::Range<usize> {
        let start = self.region.y.div_ceil(CELL) * CELL;
        start..(start + CELL).min(self.level.picture.height())
    }

    #[inline(always)]
    fn add_pixel(&self, x: usize, y: usize, cell: &mut Sums) {
        let (picture, warped) = (&self.level.picture, &self.warped);
        let row = y - self.region.y;
        let slope = |plane: &Plane, row: usize| {
            let across = plane.at(x + 1, row) - plane.at(x - 1, row);
            [across, plane.at(x, row + 1) - plane.at(x, row - 1)]
        };
        let (own, other) = (slope(picture, y), slope(warped, row));
        let g = [0, 1].map(|i| f64::from(own[i] + other[i]) / 4.0);
        let (p, w) = (f64::from(picture.at(x, y)), f64::from(warped.at(x, row)));
        let difference = p - w;
        let weight = 1.0 / (1.0 + difference * difference);
        cell.gradients[0] += weight * g[0] * g[0];
        cell.gradients[1] += weight * g[0] * g[1];
        cell.gradients[2] += weight * g[1] * g[1];
        cell.pull[0] += weight * g[0] * difference;
        cell.pull[1] += weight * g[1] * difference;
        cell.picture += p * p;
        cell.original += w * w;
        cell.both += p * w;
        cell.pixels += 1.0;
    }
}
