//! What was changed on purpose in a picture, the rest of which is its original as it was.
//!
//! Where an editor smoothed a part and left the rest alone, the difference tells the part, whatever the filter left of
//! its texture. How much texture the part lost is then asked of all that was changed nearby, and what was changed more
//! counts for more: filters that leave edges alone take all of what is faint and little of what is strong.

use rayon::prelude::*;

use super::bilinear::Bilinear;
use super::loss::{BLOCK, block_sums};
use super::octaves::{CELL, OCTAVES, Octaves, cells};
use crate::engine::masks::smoothstep;
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::original::Original;
use crate::engine::raster::{Image, Plane, Region};

/// Cells whose change is no more than this share of both energies are as they were, but for the last bits.
const UNCHANGED: f32 = 1e-5;

/// The share of a picture's cells that are as they were from which the others count as changed on purpose, and that from
/// which they wholly do. Any encoding with losses changes nearly all.
const MUCH_UNCHANGED: [f32; 2] = [0.15, 0.3];

/// Rows of cells that are asked for it, about.
const ASKED: usize = 96;

/// How far around a place changes are looked at, in feathers.
const NEARBY: f64 = 3.0;

/// Radius over which what is changed is gathered, in feathers: the softness of its edge.
const EDGE: f64 = 0.4;

/// A cell is changed by half where its change has this share of the energy that is usual nearby, which is that of half
/// the amplitude …
const HALF_AMPLITUDE: f32 = 0.25;

/// … or this share of its own energy.
const LEAST_CHANGE: f32 = 1e-4;

/// Shares of changed cells from which a place is hardly and wholly changed.
const CHANGED: [f32; 2] = [0.25, 0.75];

/// Losses of what was changed count for so much more: that it was smoothed, and not only moved or made brighter, needs no more
/// proof than that.
const MEANT: f32 = 1.5;

/// A loss of this and more has its edge where half is changed.
const CLEAR: f32 = 0.4;

/// Sums over blocks of cells.
pub struct Changes {
    /// For each octave: changes times losses, and what they are to be divided by.
    losses: [[Plane; 2]; OCTAVES],
    /// The square roots of changes, and theirs: their ratio tells the usual change.
    usual: [Plane; 2],
}

/// How surely what differs from the original was changed on purpose, 0..=1: whether much of what has texture is as it was.
/// `floor` is the amplitude that counts as nothing.
pub fn on_purpose(picture: &Image, original: &Original, floor: f32) -> f32 {
    let bounds = picture.bounds();
    let rows = bounds.height.div_ceil(CELL);
    let tops: Vec<usize> = (0..rows).step_by(rows.div_ceil(ASKED)).collect();
    let counts = tops.par_iter().map(|row| {
        let strip = Region::new(0, row * CELL, bounds.width, CELL).within(&bounds);
        let (mine, theirs) = (picture.luma(strip), original.luma(strip));
        let mut counts = [0usize; 2];
        for left in (0..strip.width).step_by(CELL) {
            let columns = left..(left + CELL).min(strip.width);
            let [mut sum, mut squares, mut unlike] = [0.0f32; 3];
            for y in 0..strip.height {
                let (mine, theirs) = (
                    &mine.row(y)[columns.clone()],
                    &theirs.row(y)[columns.clone()],
                );
                for (a, b) in mine.iter().zip(theirs) {
                    sum += b;
                    squares += b * b;
                    unlike += (a - b) * (a - b);
                }
            }
            let count = (columns.len() * strip.height) as f32;
            let energy = squares / count - (sum / count) * (sum / count);
            let textured = energy > floor * floor;
            counts[0] += usize::from(textured);
            counts[1] += usize::from(textured && unlike / count <= UNCHANGED * energy);
        }
        counts
    });
    let [textured, unchanged] = counts.reduce(|| [0; 2], |[a, b], [c, d]| [a + c, b + d]);
    let share = unchanged as f32 / textured.max(1) as f32;
    smoothstep(MUCH_UNCHANGED[0], MUCH_UNCHANGED[1], share)
}

impl Changes {
    /// Of a picture that nothing is known of yet.
    pub fn none(bounds: Region) -> Self {
        let all = cells(bounds);
        Self::filled(all.width, all.height)
    }

    fn filled(width: usize, height: usize) -> Self {
        let (width, height) = (width.div_ceil(BLOCK), height.div_ceil(BLOCK));
        let plane = || Plane::filled(width, height, 0.0);
        Self {
            losses: [(); OCTAVES].map(|()| [plane(), plane()]),
            usual: [plane(), plane()],
        }
    }

    /// The change in some cells, 0..=2, and what else they tell, from the octaves of a picture, of its original and of
    /// their difference. `floor` is the amplitude that counts as nothing.
    pub fn look(octaves: [&Octaves<OCTAVES>; 3], floor: f32) -> (Plane, Self) {
        let nothing = floor * floor;
        let octaves = octaves.map(|of| std::array::from_fn(|octave| of.cells(octave)));
        let [mine, theirs, unlike]: [[Plane; OCTAVES]; 3] = octaves;
        let size = (mine[0].width(), mine[0].height());
        let mut it = Self::filled(size.0, size.1);
        let mut most = Plane::filled(size.0, size.1, 0.0);
        for (octave, sums) in it.losses.iter_mut().enumerate() {
            let [mine, theirs] = [&mine[octave], &theirs[octave]];
            let both = mine
                .clone()
                .zip_map(theirs, move |a, b| a + b + 2.0 * nothing);
            let change = unlike[octave].clone().zip_map(&both, |it, both| it / both);
            let differ = mine.clone().zip_map(theirs, |a, b| a - b);
            let differ = differ.zip_map(&both, |it, both| it / both);
            let weight = change
                .clone()
                .zip_map(&differ, |change, it| change * it.abs());
            let lost = differ.zip_map(&weight, |it, weight| it * weight);
            *sums = [&lost, &weight].map(|it| block_sums(size, |x, y| it.at(x, y)));
            most = most.zip_map(&change, f32::max);
        }
        let roots = most.clone().map(f32::sqrt);
        let fourths = roots.clone().map(f32::sqrt);
        it.usual = [&roots, &fourths].map(|it| block_sums(size, |x, y| it.at(x, y)));
        (most, it)
    }

    /// Adds those of the cells `to`, which begin with a block.
    pub fn add(&mut self, part: &Self, to: Region) {
        let at = |it: &Plane| Region::new(to.x / BLOCK, to.y / BLOCK, it.width(), it.height());
        let (mine, theirs) = (self.losses.as_flattened_mut(), part.losses.as_flattened());
        let mine = mine.iter_mut().chain(&mut self.usual);
        for (sums, part) in mine.zip(theirs.iter().chain(&part.usual)) {
            sums.paste(part, at(part));
        }
    }

    /// The loss in each cell, from that which was found cell by cell and from the change of each, which surely was on
    /// purpose or less so.
    pub fn judge(
        self,
        [mut loss, mut change]: [Plane; 2],
        on_purpose: f32,
        feather: f64,
        bounds: Region,
    ) -> Plane {
        let around = |sums: &Plane| {
            let all = Region::of_size(sums.width(), sums.height());
            let radius = NEARBY * feather / (BLOCK * CELL) as f64;
            Gaussian::new(radius).blur(sums, all, all, all, &Cancel::default())
        };
        let mut lost = Plane::filled(self.usual[0].width(), self.usual[0].height(), 0.0);
        for [losses, weights] in &self.losses {
            let mean = around(losses).zip_map(&around(weights), |sum, weight| {
                sum / (weight + (BLOCK * BLOCK) as f32 * UNCHANGED)
            });
            lost = lost.zip_map(&mean, |most, mean| {
                let kept = (1.0 + mean) / (1.0 - mean).max(f32::MIN_POSITIVE);
                most.max(MEANT * (1.0 - kept.max(0.0).sqrt()))
            });
        }
        let usual = around(&self.usual[0]).zip_map(&around(&self.usual[1]), |roots, fourths| {
            let mean = roots / fourths.max(f32::MIN_POSITIVE);
            (mean * mean) * (mean * mean)
        });
        let all = cells(bounds);
        let (mut lost, mut usual) = (
            Bilinear::new(BLOCK as f32, &lost, all),
            Bilinear::new(BLOCK as f32, &usual, all),
        );
        let mut row = vec![0.0; all.width];
        for y in 0..all.height {
            usual.row(y, &mut row);
            for (it, usual) in change.row_mut(y).iter_mut().zip(&row) {
                *it /= *it + HALF_AMPLITUDE * usual + LEAST_CHANGE;
            }
        }
        let gather = Gaussian::new(EDGE * feather / CELL as f64);
        let changed = gather.blur(&change, all, all, all, &Cancel::default());
        for y in 0..all.height {
            lost.row(y, &mut row);
            let cells = loss.row_mut(y).iter_mut().zip(changed.row(y));
            for ((it, changed), lost) in cells.zip(&row) {
                let changed = smoothstep(CHANGED[0], CHANGED[1], *changed);
                // Beyond what is clear, only well inside.
                let most = it.max(lost.min(CLEAR));
                let clear = changed * most.min(CLEAR);
                let more = (2.0 * changed - 1.0).max(0.0) * (most - CLEAR).max(0.0);
                *it += on_purpose * (clear + more - *it);
            }
        }
        loss
    }
}
