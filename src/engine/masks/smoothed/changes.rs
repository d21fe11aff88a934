//! What was changed on purpose in a picture, the rest of which is its original as it was.
//!
//! Where an editor smoothed a part and left the rest alone, the difference tells the part, whatever the filter left of
//! its texture. How much texture the part lost is then asked of all that was changed nearby, and what was changed more
//! counts for more: filters that leave edges alone take all of what is faint and little of what is strong.

use rayon::prelude::*;

use super::blocks::{BLOCK, block_sums};
use super::octaves::{CELL, OCTAVES, Octaves, cells};
use super::untouched::Untouched;
use crate::engine::masks::bilinear::Bilinear;
use crate::engine::masks::smoothstep;
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region};

/// Least share of energies by which what is told of changes is divided, for the last bits.
const UNCHANGED: f32 = 1e-5;

/// How far around a place changes are looked at, in feathers.
const NEARBY: f64 = 4.0;

/// Radius over which what is changed is gathered, in feathers: the softness of its edge.
const EDGE: f64 = 0.4;

/// A cell is changed by half where its change has this share of the energy that is usual nearby, which is about that of half
/// the amplitude …
const HALF_AMPLITUDE: f32 = 0.2;

/// … or this share of its own energy.
const LEAST_CHANGE: f32 = 1e-4;

/// Shares of changed cells from which a place is hardly and wholly changed.
const CHANGED: [f32; 2] = [0.25, 0.75];

/// Losses of what was changed count for so much more: that it was smoothed, and not only moved or made brighter, needs no more
/// proof than that.
const MEANT: f32 = 1.5;

/// A loss of this and more has its edge where half is changed.
const CLEAR: f32 = 0.4;

/// So many times what storing added to a cell may be there by chance, in one cell and around it.
const BY_CHANCE: [f32; 2] = [3.0, 2.0];

/// Changes around a cell that are so many times what storing added are looked at cell by cell: weaker ones can be told around it
/// only.
const CLEAR_OF_NOISE: [f32; 2] = [6.0, 20.0];

/// What storing added counts so many times beside both energies.
const BESIDE_NOISE: f32 = 4.0;

/// Whether a cell was changed can be told by half where what is usual nearby would change it by so many times what storing added,
/// or by this share of the energy that counts as nothing.
const TOLD_BY_HALF: (f32, f32) = (4.0, 0.1);

/// Where nothing can be told, what surrounds it counts: from so many times as far, so much.
const FARTHER: [(f64, f32); 3] = [(1.0, 1.0), (3.0, 0.1), (9.0, 0.01)];

/// Rows of cells that are judged together: what is gathered for them needs memory for no more.
const ROWS: usize = 128;

/// So much counts that nothing was changed where nothing can be told at all.
const UNTOLD: f32 = 0.01;

/// What is told of changes cell by cell.
pub struct Change {
    /// The change, 0..=2.
    pub by: Plane,
    /// How much a change must be usual nearby for it to be told by half in this cell.
    pub told_from: Plane,
}

/// Sums over blocks of cells.
pub struct Changes {
    /// For each octave: changes times losses, and what they are to be divided by.
    losses: [[Plane; 2]; OCTAVES],
    /// The square roots of changes, and theirs: their ratio tells the usual change.
    usual: [Plane; 2],
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

    /// The change in some cells and what else they tell, from the octaves of a picture, of its original and of their difference.
    /// `floor` is the amplitude that counts as nothing.
    pub fn look(
        octaves: [&Octaves<OCTAVES>; 3],
        untouched: &Untouched,
        (floor, feather): (f32, f64),
    ) -> (Change, Self) {
        let nothing = floor * floor;
        let size = octaves[0].cells(0);
        let size = (size.width(), size.height());
        let mut it = Self::filled(size.0, size.1);
        let mut most = Plane::filled(size.0, size.1, 0.0);
        let mut told_from = Plane::filled(size.0, size.1, f32::MAX);
        for (octave, sums) in it.losses.iter_mut().enumerate() {
            let [mine, theirs, unlike] = octaves.map(|it| it.cells(octave));
            let (noise, both) = beside_noise([&mine, &theirs], untouched, (octave, nothing));
            let mut change =
                unlike.zip_map(&noise, |it, noise| (it - BY_CHANCE[0] * noise).max(0.0));
            change = change.zip_map(&both, |it, both| it / both);
            if !untouched.is_exact() {
                change = faint_too(change, octaves, untouched, (octave, nothing), feather);
            }
            let needed = noise.map(|noise| TOLD_BY_HALF.0 * noise + TOLD_BY_HALF.1 * nothing);
            let all = mine.clone().zip_map(&theirs, |a, b| a + b);
            let told = needed.zip_map(&all, |it, all| it / all.max(f32::MIN_POSITIVE));
            told_from = told_from.zip_map(&told, f32::min);
            let differ = mine.zip_map(&theirs, |a, b| a - b);
            let differ = differ.zip_map(&both, |it, both| it / both);
            let weight = change
                .clone()
                .zip_map(&differ, |change, it| change * it.abs());
            let lost = differ.zip_map(&weight, |it, weight| it * weight);
            *sums = [&lost, &weight].map(block_sums);
            most = most.zip_map(&change, f32::max);
        }
        let roots = most.clone().map(f32::sqrt);
        let fourths = roots.clone().map(f32::sqrt);
        it.usual = [&roots, &fourths].map(block_sums);
        let by = most;
        (Change { by, told_from }, it)
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
        [mut loss, mut change, mut told]: [Plane; 3],
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
        let mut usual = Bilinear::new([BLOCK as f32; 2], [&usual], all);
        let mut row = vec![0.0; all.width];
        for y in 0..all.height {
            usual.row(y, &mut row);
            let cells = change.row_mut(y).iter_mut().zip(told.row_mut(y));
            for ((it, told), usual) in cells.zip(&row) {
                *told = usual / (usual + *told).max(f32::MIN_POSITIVE);
                *it *= *told / (*it + HALF_AMPLITUDE * usual + LEAST_CHANGE);
            }
        }
        let rows = |top: usize| Region::new(0, top, all.width, ROWS).within(&all);
        let strips: Vec<Region> = (0..all.height).step_by(ROWS).map(rows).collect();
        let strips = strips
            .par_iter()
            .zip(loss.samples_mut().par_chunks_mut(ROWS * all.width));
        strips.for_each(|(to, losses)| {
            let changed = farther(&change, feather, (*to, all));
            let told = farther(&told, feather, (*to, all));
            let changed = changed.zip_map(&told, |it, told| it / (told + UNTOLD));
            let mut lost = Bilinear::new([BLOCK as f32; 2], [&lost], *to);
            let mut row = vec![0.0; all.width];
            for (y, losses) in losses.chunks_mut(all.width).enumerate() {
                lost.row(y, &mut row);
                let cells = losses.iter_mut().zip(changed.row(y));
                for ((it, changed), lost) in cells.zip(&row) {
                    let changed = smoothstep(CHANGED[0], CHANGED[1], *changed);
                    // Beyond what is clear, only well inside.
                    let most = it.max(lost.min(CLEAR));
                    let clear = changed * most.min(CLEAR);
                    let more = (2.0 * changed - 1.0).max(0.0) * (most - CLEAR).max(0.0);
                    *it += on_purpose * (clear + more - *it);
                }
            }
        });
        loss
    }
}

/// What storing added to each cell of an octave, and both pictures' energies with it and with what counts as nothing.
fn beside_noise(
    [mine, theirs]: [&Plane; 2],
    untouched: &Untouched,
    (octave, nothing): (usize, f32),
) -> (Plane, Plane) {
    let noise = theirs.clone().map(|it| untouched.noise(octave, it));
    let both = mine.clone().zip_map(theirs, |a, b| a + b + 2.0 * nothing);
    let both = both.zip_map(&noise, |both, noise| both + BESIDE_NOISE * noise);
    (noise, both)
}

/// The changes of an octave, which are larger than noise in each cell, with those that are fainter but larger than it around each.
fn faint_too(
    change: Plane,
    octaves: [&Octaves<OCTAVES>; 3],
    untouched: &Untouched,
    (octave, nothing): (usize, f32),
    feather: f64,
) -> Plane {
    let [mine, theirs, unlike] = octaves.map(|it| it.cells_gathered_from(octave));
    let (noise, both) = beside_noise([mine, theirs], untouched, (octave, nothing));
    let [unlike, noise] = [unlike, &noise].map(|it| {
        let share = it.clone().zip_map(&both, |it, both| it / both);
        octaves[0].around(&share, EDGE * feather)
    });
    let clear = unlike.clone().zip_map(&noise, |it, noise| {
        smoothstep(CLEAR_OF_NOISE[0], CLEAR_OF_NOISE[1], it / noise.max(1e-9))
    });
    let faint = unlike.zip_map(&noise, |it, noise| (it - BY_CHANCE[1] * noise).max(0.0));
    let toward = change.zip_map(&faint, |it, faint| it - faint);
    let toward = toward.zip_map(&clear, |it, clear| clear * it);
    faint.zip_map(&toward, |faint, it| (faint + it).max(0.0))
}

/// Gathers what is told in the cells `to`: from nearby, and some from farther away.
fn farther(plane: &Plane, feather: f64, (to, all): (Region, Region)) -> Plane {
    let mut sum = Plane::filled(to.width, to.height, 0.0);
    for (times, weight) in FARTHER {
        let gather = Gaussian::new(times * EDGE * feather / CELL as f64);
        let gathered = gather.blur(plane, all, to, all, &Cancel::default());
        sum = sum.zip_map(&gathered, |sum, it| sum + weight * it.max(0.0));
    }
    sum
}
