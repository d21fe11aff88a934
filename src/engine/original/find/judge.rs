//! What to believe of what was found: whether both show the same at all, whether places drifted, and where the
//! original can be trusted.

use super::cells::{Cells, Sums, gather};
use super::level::Level;
use crate::engine::operations::Cancel;
use crate::engine::original::placement::{Affine, Placement};

/// Two pictures that are less alike than this show different things. Pairs are alike by 0.95 and more, an original and
/// another photo, laid over each other as well as they can be, by 0.26 and less.
const LEAST_LIKENESS: f64 = 0.45;

/// Structures with less energy for a pixel than this are nothing to judge by.
const LEAST_ENERGY: f64 = 0.06;

/// At least this share of the picture must lie over the original.
const LEAST_OVERLAP: f64 = 0.1;

/// The whole original lies over the whole picture, unless it was moved by more than this in the mean, in pixels:
/// networks move edges by up to a quarter of a pixel, and pictures are resized far more often than moved by so little.
const UNMOVED: f64 = 0.35;

/// It is not turned or stretched, unless that moves places by more than this in the mean, in pixels.
const UNTURNED: f64 = 0.25;

/// Places drifted if following them takes away so much of the difference in so large a share of the cells. Networks that
/// keep places leave 0.1 in a fifth and 0.28 in a thirtieth of the cells; a drift of 2 px makes 0.14 in a fifth, and where
/// a face alone drifts it is much in few cells.
const DRIFTED: [(f64, f64); 2] = [(0.12, 0.2), (0.35, 0.03)];

/// Energy for a pixel that is shared wherever nothing speaks against it, so that skin without structures is trusted
/// as what lies around it; and the energy that is when the wide surrounding is judged itself.
const BENEFIT: f64 = 0.3;
const WIDE_BENEFIT: f64 = 0.05;

/// Likeness from which on a cell is trusted at all, and in full.
const DOUBTFUL: f64 = 0.42;
const SURE: f64 = 0.65;

/// Whether both show the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Same,
    Different,
    /// There is nothing to judge by.
    Nothing,
}

pub fn verdict(level: &Level, placement: &Placement, cancel: &Cancel) -> Verdict {
    let sums = gather(level, &level.own(placement), cancel).all();
    let energy = sums.picture.min(sums.original) / sums.pixels.max(1.0);
    let overlap = sums.pixels / level.pixels();
    if energy < LEAST_ENERGY && overlap > LEAST_OVERLAP {
        return Verdict::Nothing;
    }
    if overlap < LEAST_OVERLAP || sums.likeness() < LEAST_LIKENESS {
        return Verdict::Different;
    }
    Verdict::Same
}

/// Whether places drifted enough to follow them: a field of shifts always finds something in what the AI made up.
pub fn drifts(level: &Level, still: &Placement, drifted: &Placement, cancel: &Cancel) -> bool {
    let differences = |placement: &Placement| {
        let cells = gather(level, &level.own(placement), cancel);
        let around = cells.gathered().gathered();
        let difference = |it: &Sums| it.picture + it.original - 2.0 * it.both + 1.0;
        around.sums.iter().map(difference).collect::<Vec<f64>>()
    };
    let (before, after) = (differences(still), differences(drifted));
    let pairs = before.iter().zip(&after);
    let gains: Vec<f64> = pairs.map(|(before, after)| 1.0 - after / before).collect();
    DRIFTED.iter().any(|(least, share)| {
        let drifted = gains.iter().filter(|it| *it > least).count();
        drifted as f64 > share * gains.len() as f64
    })
}

/// The plainest placement that a found one, for a picture of so many pixels, cannot be told from: the whole original over
/// the whole picture (`resized`), one that is moved alone, or scaled and moved. Simpler ones are more likely, and free of
/// the small errors of what they leave out.
pub fn plainest(found: &Affine, resized: &Affine, picture: [usize; 2]) -> Affine {
    if apart(found, resized, picture) < UNMOVED {
        return *resized;
    }
    let middle = picture.map(|it| (it as f64 - 1.0) / 2.0);
    let scaled = |[across, down]: [f64; 2]| {
        let there = found.at(middle);
        Affine {
            x: [across, 0.0, there[0] - across * middle[0]],
            y: [0.0, down, there[1] - down * middle[1]],
        }
    };
    let evenly = (found.x[0] + found.y[1]) / 2.0;
    let scales = [[1.0; 2], [resized.x[0], resized.y[1]], [evenly; 2]];
    let plain = scales.map(scaled).into_iter();
    let near = |it: &Affine| apart(found, it, picture) < UNTURNED;
    plain.into_iter().find(near).unwrap_or(*found)
}

/// How far two placements lie apart all over a picture, in the mean, in pixels of whichever has the larger ones.
fn apart(one: &Affine, other: &Affine, picture: [usize; 2]) -> f64 {
    let parts = [0.0, 0.25, 0.5, 0.75, 1.0];
    let [width, height] = picture.map(|it| it as f64 - 1.0);
    let places = parts
        .iter()
        .flat_map(|y| parts.map(|x| [x * width, y * height]));
    let squares = places.map(|place| {
        let (here, there) = (one.at(place), other.at(place));
        let away = [0, 1].map(|i| here[i] - there[i]);
        away[0] * away[0] + away[1] * away[1]
    });
    let mean = squares.sum::<f64>() / (parts.len() * parts.len()) as f64;
    mean.sqrt() / one.magnification().max(1.0)
}

/// How far the original can be trusted in each cell, 0..=1.
pub fn confidence(cells: &Cells) -> Vec<f64> {
    let near = cells.gathered();
    // Smooth skin of somebody else has as little structure as that of the same person: what lies far around it tells.
    let wide = near.gathered().gathered();
    let each = near.sums.iter().zip(&wide.sums).map(|(near, wide)| {
        let around = sure(likeness(wide, WIDE_BENEFIT));
        sure(likeness(near, BENEFIT * around))
    });
    each.collect()
}

/// How alike both are in a cell where so much energy for a pixel counts as shared.
fn likeness(cell: &Sums, benefit: f64) -> f64 {
    let benefit = benefit * cell.pixels + 1e-9;
    // All structures of the picture have to be the original's as well; the AI may have taken away others.
    let energy = cell.picture.max((cell.picture * cell.original).sqrt());
    (cell.both + benefit) / (energy + benefit)
}

/// From a likeness to what it is worth, 0..=1.
fn sure(likeness: f64) -> f64 {
    let t = ((likeness - DOUBTFUL) / (SURE - DOUBTFUL)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
