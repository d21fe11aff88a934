//! How much of a picture is its original as it was, and what storing it added there.
//!
//! Encoding with losses and added grain change every cell, but not as a filter or a network does: in the second octave by as
//! much wherever one looks, whatever the texture there, and in no relation to it. Filters and networks take the more the more
//! there is, and what they take is the texture itself.

use rayon::prelude::*;

use super::octaves::{OCTAVES, Octaves, cells};
use crate::engine::masks::smoothstep;
use crate::engine::operations::log2;
use crate::engine::original::Original;
use crate::engine::raster::{Image, Plane, Region};

/// Rows of cells that are asked together, and how many times at most.
const ASKED: (usize, usize) = (8, 16);

/// The octave that tells: of what encoding adds, the finest has the more the more texture there is.
const TELLING: usize = 1;

/// Amplitude from which a cell has texture.
const TEXTURED: f32 = 1.0 / 255.0;

/// As few textured cells tell nothing.
const FEW: usize = 64;

/// Where a picture is as it was, at least this share of its textured cells is so, and their changes are half as large as
/// the mean change there.
const LEAST_CHANGED: f64 = 0.07;

/// Cells whose change is at most so many times the mean of those that are as they were are so themselves …
const AS_IT_WAS: f32 = 4.0;

/// … and this share of their energy, for the last bits.
const LAST_BITS: f32 = 1e-5;

/// Only cells with so many times the energy of that change are asked: others are changed much by any encoding.
const CLEAR_OF_NOISE: f32 = 25.0;

/// The share of a picture's cells that are as they were from which the others count as changed on purpose, and that from
/// which they wholly do.
const MUCH_UNTOUCHED: [f32; 2] = [0.15, 0.3];

/// What is added is taken for noise up to these amplitudes in the second octave: JPEG of quality 90 adds 0.2 levels of 8 bits.
const NOISE: [f32; 2] = [0.28 / 255.0, 0.36 / 255.0];

/// The mean cosine of the original's detail and the change, either way: noise has none, what filters leave has −1 to −0.2.
const RELATED: [f32; 2] = [0.1, 0.2];

/// Amplitudes for which noise is told apart: the first is an eighth of a level, each of the others is twice as much.
const AMPLITUDES: usize = 10;

/// The energies of a cell in an octave: the picture's, its original's and their difference's.
type Energies = [f32; 3];

/// What is known of those parts of a picture that are their original as it was.
pub struct Untouched {
    /// How surely what differs otherwise was changed on purpose, 0..=1.
    pub on_purpose: f32,
    /// The energy of what storing added, in each octave, for amplitudes of the original's texture.
    noise: [[f32; AMPLITUDES]; OCTAVES],
}

impl Untouched {
    /// Looks at some of a picture's rows.
    pub fn look(picture: &Image, original: &Original) -> Self {
        let bounds = picture.bounds();
        let all = cells(bounds);
        let (rows, times) = ASKED;
        let step = all.height.div_ceil(times).max(rows);
        let tops: Vec<usize> = (0..all.height).step_by(step).collect();
        let strips = tops.par_iter().map(|top| {
            let to = Region::new(0, *top, all.width, rows).within(&all);
            let mine = |region, out: &mut [u16]| picture.fine_luma(region, out);
            let theirs = |region, out: &mut [u16]| original.fine_luma(region, out);
            let octaves: [Octaves<OCTAVES>; 3] =
                Octaves::look_beside(mine, theirs, (to, bounds), 0.0);
            let of_octave = |octave| octaves.each_ref().map(|it| it.cells(octave));
            let planes: [_; OCTAVES] = std::array::from_fn(of_octave);
            let cell = |i: usize| planes.each_ref().map(|it| of_cell(it, i));
            (0..to.width * to.height).map(cell).collect()
        });
        let strips: Vec<Vec<[Energies; OCTAVES]>> = strips.collect();
        Self::of_cells(&strips.concat())
    }

    fn of_cells(all: &[[Energies; OCTAVES]]) -> Self {
        let none = Self {
            on_purpose: 0.0,
            noise: [[0.0; AMPLITUDES]; OCTAVES],
        };
        let has_texture = |it: &&[Energies; OCTAVES]| it[TELLING][1] > TEXTURED * TEXTURED;
        let textured: Vec<&[Energies; OCTAVES]> = all.iter().filter(has_texture).collect();
        if textured.len() < FEW {
            return none;
        }
        let mut changes: Vec<f32> = textured.iter().map(|it| it[TELLING][2]).collect();
        let place = (LEAST_CHANGED * changes.len() as f64) as usize;
        let (_, least, _) = changes.select_nth_unstable_by(place, f32::total_cmp);
        let unlike = |cells: &[&[Energies; OCTAVES]], octave: usize| {
            let sum: f64 = cells.iter().map(|it| f64::from(it[octave][2])).sum();
            (sum / cells.len().max(1) as f64) as f32
        };
        let as_it_was = |mean: f32| {
            let strong = |it: &&&[Energies; OCTAVES]| it[TELLING][1] > CLEAR_OF_NOISE * mean;
            let strong: Vec<_> = textured.iter().filter(strong).copied().collect();
            let count = strong.len();
            let is_same = |it: &&[Energies; OCTAVES]| {
                let [_, theirs, unlike] = it[TELLING];
                unlike <= AS_IT_WAS * mean + LAST_BITS * theirs
            };
            let same: Vec<_> = strong.into_iter().filter(is_same).collect();
            // Few tell nothing of how many others are as they were.
            let share = match count >= FEW {
                true => same.len() as f32 / count as f32,
                false => 0.0,
            };
            (same, share)
        };
        let mut mean = 2.0 * *least;
        let (mut same, mut share) = as_it_was(mean);
        if mean > 0.0 {
            mean = unlike(&same, TELLING);
            (same, share) = as_it_was(mean);
        }
        let cosines = same.iter().map(|it| {
            let [mine, theirs, unlike] = it[TELLING];
            let both = 2.0 * (theirs * unlike).sqrt();
            f64::from((mine - theirs - unlike) / both.max(f32::MIN_POSITIVE))
        });
        let related = match mean > 0.0 {
            true => (cosines.sum::<f64>() / same.len().max(1) as f64) as f32,
            false => 0.0,
        };
        let sure = smoothstep(MUCH_UNTOUCHED[0], MUCH_UNTOUCHED[1], share)
            * (1.0 - smoothstep(RELATED[0], RELATED[1], related.abs()))
            * (1.0 - smoothstep(NOISE[0], NOISE[1], mean.sqrt()));
        if sure == 0.0 {
            return none;
        }
        let of_octave = |octave: usize| {
            let mut parts = [const { Vec::new() }; AMPLITUDES];
            for it in &same {
                parts[amplitude(it[octave][1])].push(*it);
            }
            // Of what is rare, that which is a little weaker tells.
            let mut last = unlike(&same, octave);
            parts.map(|part| {
                if mean > 0.0 && part.len() >= FEW {
                    last = unlike(&part, octave);
                }
                last
            })
        };
        Self {
            on_purpose: sure,
            noise: match mean > 0.0 {
                true => std::array::from_fn(of_octave),
                false => none.noise,
            },
        }
    }

    /// The energy of what storing added to an octave, where the original's is `theirs`.
    pub fn noise(&self, octave: usize, theirs: f32) -> f32 {
        self.noise[octave][amplitude(theirs)]
    }

    /// Whether storing added nothing anywhere.
    pub fn is_exact(&self) -> bool {
        self.noise.as_flattened().iter().all(|it| *it == 0.0)
    }
}

fn of_cell(planes: &[Plane; 3], i: usize) -> Energies {
    planes.each_ref().map(|it| it.samples()[i])
}

/// Which of the amplitudes an energy has.
fn amplitude(energy: f32) -> usize {
    let eighths = energy * (8.0 * 255.0 * 8.0 * 255.0) + f32::MIN_POSITIVE;
    (0.5 * log2(eighths)).clamp(0.0, (AMPLITUDES - 1) as f32) as usize
}
