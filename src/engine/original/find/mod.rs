//! Finds how an original lies to its picture.
//!
//! The AI took the fine texture away, so both are compared by the structures of a few pixels that they still share, on
//! copies of growing size: first scale, turn and shift of the whole, then the drift of places. Where nothing is known,
//! every scale and offset is tried on thumbnails.

mod bands;
mod cells;
mod judge;
mod level;
mod local;
mod search;
mod solve;
mod whole;

use self::cells::gather;
use self::judge::{Verdict, confidence, drifts, plainest};
use self::level::{Copies, Level};
use self::local::{SOFT, STIFF, cell_grid, refine_drift};
use self::search::search;
use self::whole::refine_whole;
use super::alignment::{Alignment, Mismatch, Over, shift_and_scale};
use super::placement::{Affine, Placement};
use crate::engine::operations::Cancel;
use crate::engine::raster::Image;

/// The longest side of the first copy, in pixels; each further one is twice as large.
const FIRST: usize = 160;

/// The longest side of the largest copy on which places are compared: finer structures are the AI's own.
const LARGEST: usize = 1280;

/// A pixel of a copy on which the drift of places is followed stands for at least so many pixels of the picture: what is
/// finer the AI made up, and leads a few tenths of a pixel away.
const LEAST_STEP: f64 = 1.5;

/// The longest side of the copy on which it is decided what to believe.
const DECISIVE: usize = 640;

/// Steps on the first copy, where the way may be long, on each further one, and for the drift on each.
const FIRST_STEPS: usize = 12;
const STEPS: usize = 3;
const DRIFT_STEPS: usize = 3;

/// Further steps on the largest copy for a drift that is there, whose waves may be short.
const FOLLOWING_STEPS: usize = 8;

/// From this likeness on the first copy nothing else is tried.
const CERTAIN: f64 = 0.8;

/// Places of the search that are followed.
const FOLLOWED: usize = 6;

/// Pictures with a shorter side than this show too little, in pixels.
const LEAST_SIDE: usize = 64;

/// Finds how `original` lies to `picture`: see [`Alignment::find`].
pub fn find(picture: &Image, original: &Image, cancel: &Cancel) -> Result<Alignment, Mismatch> {
    let sides = [picture, original].map(|it| it.width().min(it.height()));
    if sides.iter().any(|it| *it < LEAST_SIDE) {
        return unplaced(picture, original);
    }
    let copies = Copies::of(picture, original);
    let mut placement = begin(&copies, cancel);
    let mut levels = Vec::new();
    let finest = finest(&copies);
    for longest in sizes(copies.longest(), finest) {
        let level = Level::new(&copies, longest, placement.whole.magnification(), cancel);
        refine_whole(&level, &mut placement, STEPS, cancel);
        if longest <= LARGEST {
            levels.push(level);
        }
    }
    let decisive = levels.iter().rfind(|it| it.longest() <= DECISIVE);
    let decisive = decisive.expect("the first size is small");
    match judge::verdict(decisive, &placement, cancel) {
        Verdict::Same => {}
        Verdict::Nothing => return unplaced(picture, original),
        Verdict::Different => return Err(Mismatch::Different),
    }
    let mut drifted = placement.clone();
    let followed = levels.partition_point(|it| it.longest() <= finest.max(decisive.longest()));
    for level in &levels[..followed] {
        refine_drift(level, &mut drifted, (STIFF, DRIFT_STEPS), cancel);
    }
    let drifts = drifts(decisive, &placement, &drifted, cancel);
    let placement = if drifts {
        let last = &levels[followed - 1];
        refine_drift(last, &mut drifted, (SOFT, FOLLOWING_STEPS), cancel);
        drifted
    } else {
        let resized = resized(&copies);
        Placement::of(plainest(&placement.whole, &resized, copies.picture_size))
    };
    let largest = levels.last().expect("there is a first size");
    let cells = gather(largest, &largest.own(&placement), cancel);
    let sure = confidence(&cells);
    Ok(described(
        &copies,
        cell_grid(largest, &cells, |i| sure[i]),
        placement,
    ))
}

/// Where nothing can be found by looking: the original lies as it is, if it has the picture's size.
fn unplaced(picture: &Image, original: &Image) -> Result<Alignment, Mismatch> {
    if picture.bounds() == original.bounds() {
        return Ok(Alignment::identity([picture.width(), picture.height()]));
    }
    let size = |it: &Image| format!("{}×{} pixels", it.width(), it.height());
    Err(Mismatch::Featureless {
        original: size(original),
        picture: size(picture),
    })
}

/// The best place on the first copy: of the whole original over the whole picture, or else of all.
fn begin(copies: &Copies, cancel: &Cancel) -> Placement {
    let refined = |whole: Affine| {
        let mut placement = Placement::of(whole);
        let longest = FIRST.min(copies.longest());
        let level = Level::new(copies, longest, whole.magnification(), cancel);
        refine_whole(&level, &mut placement, FIRST_STEPS, cancel);
        let sums = gather(&level, &level.own(&placement), cancel).all();
        // What few pixels have in common may be chance.
        let overlap = (2.0 * sums.pixels / level.pixels()).min(1.0);
        (sums.likeness() * overlap.sqrt(), placement)
    };
    let mut best = refined(resized(copies));
    if best.0 < CERTAIN {
        for candidate in search(copies, cancel).iter().take(FOLLOWED) {
            let found = refined(candidate.whole);
            if found.0 > best.0 {
                best = found;
            }
        }
    }
    best.1
}

/// The whole original over the whole picture.
fn resized(copies: &Copies) -> Affine {
    let scale = [0, 1].map(|i| copies.original_size[i] as f64 / copies.picture_size[i] as f64);
    Affine::scaling(scale, [0.0, 0.0])
}

/// The longest side of the finest copy on which the drift is looked for.
fn finest(copies: &Copies) -> usize {
    let full = copies.picture_size[0].max(copies.picture_size[1]) as f64;
    ((full / LEAST_STEP) as usize).clamp(FIRST, LARGEST)
}

/// The longest sides of all copies but the first: each twice as large as the one before, `finest`, and the largest there
/// is.
fn sizes(largest: usize, finest: usize) -> Vec<usize> {
    let doubled = std::iter::successors(Some(2 * FIRST), |it| Some(2 * it));
    let mut sizes: Vec<usize> = doubled.take_while(|it| *it < finest.min(largest)).collect();
    for longest in [finest.min(largest), largest] {
        // One that is hardly larger than the one before tells nothing new.
        if sizes.last().is_none_or(|it| longest >= it + it / 8) {
            sizes.push(longest);
        }
    }
    sizes
}

/// What was found, in figures for people.
fn described(copies: &Copies, sure: super::grid::Grid, placement: Placement) -> Alignment {
    let (shift, scale) = shift_and_scale(&placement, copies.picture_size, copies.original_size);
    let drift = placement.drift.as_ref().map_or(0.0, |[x, y]| {
        let squares = x.values.iter().zip(&y.values).map(|(x, y)| x * x + y * y);
        (squares.sum::<f64>() / x.values.len() as f64).sqrt()
    });
    let placed = !placement.is_identity();
    let mut alignment = Alignment {
        shift,
        scale,
        drift,
        confidence: 1.0,
        left_out: 0.0,
        left_out_of_parts: [0.0; 9],
        over: Over {
            placement: placed.then_some(placement),
            confidence: sure.values.iter().any(|it| *it < 0.5).then_some(sure),
            original: copies.original_size,
        },
    };
    alignment.sum_up(copies.picture_size);
    alignment
}
