//! What a picture is like in each of its cells.

use std::sync::Mutex;

use rayon::prelude::*;

use super::CELL;
use crate::engine::guarded::{lock, unpoisoned};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Image, Plane, Region};

/// Cells on a side of the tiles that are measured at once.
const TILE: usize = 16;

/// Radii between which the fine octaves lie, in pixels; the larger one is a graft's usual radius.
const FINE: [f64; 2] = [1.0, 2.0];

/// A cell with less skin is not measured, and no window has it.
const SKIN_LEAST: f32 = 0.5;

/// Pixels on a side of the blocks of a JPEG.
const BLOCK: usize = 8;

/// A table of sums over cells.
macro_rules! measure {
    ($($(#[$meta:meta])* $field:ident,)*) => {
        /// What is summed up over cells.
        #[derive(Clone, Copy, Debug, Default)]
        pub(super) struct Measure {
            $($(#[$meta])* pub $field: f64,)*
        }

        impl Measure {
            /// With so many times another one.
            pub fn plus(&self, other: &Measure, times: f64) -> Measure {
                Measure {
                    $($field: self.$field + times * other.$field,)*
                }
            }
        }
    };
}

measure! {
    /// Pixels that were measured.
    count,
    /// Coverage of skin, cell by cell.
    skin,
    /// Cells with hardly any skin.
    bare,
    /// Power of the detail that a graft takes.
    fine,
    /// Power of its finest octave.
    finest,
    /// Power of the octave after that.
    next,
    /// Square of a cell's power of detail: large where cells differ.
    uneven,
    /// Third power of the detail: below 0 where it has dark pits or hairs.
    cubes,
    /// Fourth power of the detail: large where few pixels hold most of the power.
    peaks,
    /// Products of the detail's slopes across and down, which differ where it has a direction.
    across,
    /// The same, down alone.
    down,
    /// The same, one times the other.
    crosswise,
    /// Power of what is coarser than detail within a cell, less its slope.
    structure,
    /// Square of that power: large where a few cells have an edge or a spot.
    marked,
    /// Tone of a cell.
    tone,
    /// Its square.
    tone_square,
    /// Pixels at the ends of the scale.
    clipped,
    /// Steps between neighbours across the edges of JPEG blocks.
    block_steps,
    /// As many of all other steps.
    other_steps,
}

/// The cells around all skin. `skin` has its coverage in each cell.
pub(super) fn around_skin(skin: &Plane) -> Region {
    let (mut left, mut right, mut top, mut bottom) = (skin.width(), 0, skin.height(), 0);
    for y in 0..skin.height() {
        let has_skin = |it: &f32| *it > SKIN_LEAST;
        let row = skin.row(y);
        if let Some(first) = row.iter().position(has_skin) {
            let last = row.iter().rposition(has_skin).unwrap_or(first);
            (left, right) = (left.min(first), right.max(last + 1));
            (top, bottom) = (top.min(y), y + 1);
        }
    }
    let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
    Region::new(left, top, width, height)
}

/// The cells of a part of a picture, measured where there is skin.
pub(super) fn measured(
    picture: &Image,
    skin: &Plane,
    part: Region,
    cancel: &Cancel,
) -> Vec<Measure> {
    let corners = (part.y..part.bottom()).step_by(TILE);
    let corners = corners.flat_map(|y| (part.x..part.right()).step_by(TILE).map(move |x| (x, y)));
    let bare = Measure {
        bare: 1.0,
        ..Measure::default()
    };
    let cells = Mutex::new(vec![bare; part.width * part.height]);
    let corners: Vec<(usize, usize)> = corners.collect();
    corners.into_par_iter().for_each(|(x, y)| {
        if cancel.is_cancelled() {
            return;
        }
        let measured = measure_tile(picture, skin, Region::new(x, y, TILE, TILE).within(&part));
        let mut cells = lock(&cells);
        for ((x, y), measure) in measured {
            cells[(y - part.y) * part.width + x - part.x] = measure;
        }
    });
    unpoisoned(cells.into_inner())
}

/// The cells of one tile that have skin, by their place.
fn measure_tile(picture: &Image, skin: &Plane, part: Region) -> Vec<((usize, usize), Measure)> {
    let places = (part.y..part.bottom()).flat_map(|y| (part.x..part.right()).map(move |x| (x, y)));
    let places: Vec<_> = places
        .filter(|(x, y)| skin.at(*x, *y) > SKIN_LEAST)
        .collect();
    if places.is_empty() {
        return Vec::new();
    }
    let bounds = picture.bounds();
    let pixels = |cells: usize| cells * CELL;
    let region = Region::new(
        pixels(part.x),
        pixels(part.y),
        pixels(part.width),
        pixels(part.height),
    );
    let [inner, outer] = FINE.map(Gaussian::new);
    let from = region.expanded(outer.halo(), &bounds);
    let grey = picture.tile(from).desaturated();
    let cancel = Cancel::default();
    let once = inner.blur(&grey, from, region, bounds, &cancel);
    let twice = outer.blur(&grey, from, region, bounds, &cancel);
    let grey = grey.crop(region.seen_from(&from));
    let measure = |(x, y): (usize, usize)| {
        let corner = (pixels(x - part.x), pixels(y - part.y));
        let measure = measure_cell([&grey, &once, &twice], corner, skin.at(x, y));
        ((x, y), measure)
    };
    places.into_iter().map(measure).collect()
}

/// One cell, from its samples and what two Gaussians left of them.
fn measure_cell([grey, once, twice]: [&Plane; 3], corner: (usize, usize), skin: f32) -> Measure {
    let at = |plane: &Plane, x: usize, y: usize| f64::from(plane.at(corner.0 + x, corner.1 + y));
    let detail_at = |x: usize, y: usize| at(grey, x, y) - at(twice, x, y);
    let middle = (CELL as f64 - 1.0) * 0.5;
    let mut it = Measure {
        count: (CELL * CELL) as f64,
        skin: f64::from(skin),
        ..Measure::default()
    };
    // The tone, its square, and its products with the distance from the middle.
    let (mut tone, mut square, mut rightwards, mut downwards) = (0.0, 0.0, 0.0, 0.0);
    for y in 0..CELL {
        for x in 0..CELL {
            let (sample, once, twice) = (at(grey, x, y), at(once, x, y), at(twice, x, y));
            let detail = sample - twice;
            it.fine += detail * detail;
            it.cubes += detail * detail * detail;
            it.peaks += detail * detail * detail * detail;
            it.finest += (sample - once) * (sample - once);
            it.next += (once - twice) * (once - twice);
            it.clipped += f64::from(u8::from(!(0.01..=0.99).contains(&sample)));
            tone += twice;
            square += twice * twice;
            rightwards += twice * (x as f64 - middle);
            downwards += twice * (y as f64 - middle);
            if x > 0 && y > 0 {
                let (across, down) = (detail - detail_at(x - 1, y), detail - detail_at(x, y - 1));
                it.across += across * across;
                it.down += down * down;
                it.crosswise += across * down;
            }
            if x > 0 {
                let step = (sample - at(grey, x - 1, y)).abs();
                if x.is_multiple_of(BLOCK) {
                    // One of so many steps in the cell lies on the edge of a block.
                    it.block_steps += (CELL - 2) as f64 * step;
                } else {
                    it.other_steps += step;
                }
            }
        }
    }
    let of_pixels = [&mut it.fine, &mut it.cubes, &mut it.peaks];
    for sum in of_pixels.into_iter().chain([&mut it.finest, &mut it.next]) {
        *sum /= it.count;
    }
    let mean = tone / it.count;
    // The power that a plane through the cell takes away: slope² times the variance of a place.
    let places = middle * (middle + 1.0) / 3.0;
    let slopes = rightwards * rightwards + downwards * downwards;
    let slope = slopes / (it.count * it.count * places);
    it.structure = (square / it.count - mean * mean - slope).max(0.0);
    it.marked = it.structure * it.structure;
    it.uneven = it.fine * it.fine;
    it.tone = mean;
    it.tone_square = mean * mean;
    it
}
