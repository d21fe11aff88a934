//! The share of fine texture that a picture lost, place by place, on a grid of cells.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rayon::prelude::*;

use super::octaves::{CELL, OCTAVES, Octaves, cells};
use crate::engine::masks::smoothstep;
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::original::Original;
use crate::engine::raster::{Image, Plane, Region};

/// Radius over which the energy of each octave is gathered, in feathers: the finer, the more places there are.
const GATHER: [f64; OCTAVES] = [0.5, 0.7, 1.0];

/// Without an original two octaves are looked at, and both are gathered alike.
const GATHER_ALONE: [f64; 2] = [1.0; 2];

/// Amplitude that counts as no texture beside an original: less than half a level of 8 bits.
const FLOOR_WITH_ORIGINAL: f32 = 0.0015;

/// Amplitude of the next octave that promises nothing: less than a level of 8 bits.
const FLOOR_ALONE: f32 = 0.8 / 255.0;

/// Base-2 logarithm of the finest octave's amplitude over the next one's, below which skin begins to look smoothed.
/// Untouched skin of photographs has 0.2 to 1.1 in its median; the same skin after a network smoothed it has −0.5 to
/// 0.1.
const PROMISED_RATIO: f32 = 0.25;

/// Amplitude of the finest octave from which texture is there by any measure, whatever the next octave has: between
/// these the ratio counts less and less. Smoothed skin has 0.3 to 3 levels of 8 bits in its median, and faces that are
/// too small for pores, whose octaves hold features, have 6 and more.
const PLENTY: [f32; 2] = [3.0 / 255.0, 6.0 / 255.0];

/// Skin has more than this in its finest octave, if only the noise of its photograph: a network and a filter leave
/// half of it. Photographs have 0.9 to 2.6 levels in their smoothest twentieth.
const LEAST_OF_SKIN: f32 = 0.9 / 255.0;

/// Losses at which a cell of skin counts as hardly and as wholly smoothed where its surroundings are judged.
const JUDGED: [f32; 2] = [0.1, 0.3];

/// The share of the skin around a place that has lost texture: below these the place has not, whatever it looks like
/// by itself, and from there to the last it has. Networks smooth whole faces, and chance makes small even spots.
const FEW: [f32; 2] = [0.03, 0.15];
const MOST: [f32; 2] = [0.2, 0.5];

/// What is smoothed by its surroundings has lost this much.
const BY_SURROUNDINGS: f32 = 0.3;

/// So much more of the finest octave than the edges nearby, in the same logarithm, has the skin of a picture of any
/// sharpness, for its texture is finer than an edge.
const FINER_THAN_EDGES: f32 = 1.0;

/// Edges of that logarithm are out of focus, and so is what lies between them; those above the second are sharp.
const SOFT_EDGES: [f32; 2] = [-1.2, -1.0];

/// Cells whose edges are counted together, a side.
const BLOCK: usize = 4;

/// How far around a place edges and skin are counted: in lengths of the picture's longer side, and at least, in pixels.
const NEARBY: f64 = 0.025;
const NEARBY_AT_LEAST: f64 = 16.0;

/// Side of the tiles in which a picture is looked at, in cells: whole blocks of them.
const TILE: usize = 128;

/// The loss beside an original, 0..=1 in each cell: of that octave which lost most.
pub fn beside(picture: &Image, original: &Original, feather: f64) -> Plane {
    let bounds = picture.bounds();
    let gather = GATHER.map(|it| it * feather);
    let [loss] = in_tiles(bounds, |to| {
        let mine = Octaves::look(|it| picture.luma(it), to, bounds, gather);
        let theirs = Octaves::look(|it| original.luma(it), to, bounds, gather);
        let mut most = Plane::filled(to.width, to.height, 0.0);
        for (mine, theirs) in mine.energies.iter().zip(&theirs.energies) {
            let pairs = mine.samples().iter().zip(theirs.samples());
            for (most, (mine, theirs)) in most.samples_mut().iter_mut().zip(pairs) {
                let floor = FLOOR_WITH_ORIGINAL * FLOOR_WITH_ORIGINAL;
                let kept = ((mine + floor) / (theirs + floor)).sqrt();
                *most = most.max(1.0 - kept);
            }
        }
        [most]
    });
    loss
}

/// The loss of a picture by itself, 0..=1 in each cell: how far its finest octave stays below what the next octave
/// promises, unless edges nearby are as soft; in `skin`, a coverage of the cells, also how far it stays below the least
/// that skin has.
pub fn alone(picture: &Image, skin: Option<&Plane>, feather: f64) -> Plane {
    let bounds = picture.bounds();
    let gather = GATHER_ALONE.map(|it| it * feather);
    let blocks = Region::of_size(
        cells(bounds).width.div_ceil(BLOCK),
        cells(bounds).height.div_ceil(BLOCK),
    );
    // Of these only sums are needed, which take a sixteenth of the memory.
    let edges = Mutex::new([(); 2].map(|()| Plane::filled(blocks.width, blocks.height, 0.0)));
    let [mut loss, amplitude] = in_tiles(bounds, |to| {
        let octaves = Octaves::look(|it| picture.luma(it), to, bounds, gather);
        let [finest, next] = octaves.energies;
        let amplitude = finest.clone().map(f32::sqrt);
        let strength = next.clone().map(f32::sqrt);
        let ratio = finest.clone().zip_map(&next, |finest, next| {
            let promise = libm::exp2f(PROMISED_RATIO) * FLOOR_ALONE;
            libm::log2f((finest.sqrt() + promise) / (next.sqrt() + FLOOR_ALONE))
        });
        // What has no texture at all says nothing of sharpness.
        for (sums, energy) in lock(&edges).iter_mut().zip([finest, next]) {
            let weighted = |x: usize, y: usize| energy.at(x, y) * strength.at(x, y);
            let of_tile = block_sums((to.width, to.height), weighted);
            let (width, height) = (of_tile.width(), of_tile.height());
            sums.paste(
                &of_tile,
                Region::new(to.x / BLOCK, to.y / BLOCK, width, height),
            );
        }
        [ratio, amplitude]
    });
    let [finest, next] = edges.into_inner().unwrap_or_else(PoisonError::into_inner);
    let sharpness = sharpness(&finest, &next, bounds);
    let all = cells(bounds);
    let grid = Bilinear::new(BLOCK, &sharpness, all);
    let mut edges = vec![0.0; all.width];
    for y in 0..all.height {
        grid.row(y, &mut edges);
        let skin = skin.map(|it| it.row(y));
        let cells = loss.row_mut(y).iter_mut().zip(&edges);
        for (x, (it, edges)) in cells.enumerate() {
            let promised = PROMISED_RATIO.min(edges + FINER_THAN_EDGES);
            let sharp = smoothstep(SOFT_EDGES[0], SOFT_EDGES[1], *edges);
            let amplitude = amplitude.at(x, y);
            let plenty = smoothstep(PLENTY[0], PLENTY[1], amplitude);
            let below_promise = (1.0 - plenty) * (1.0 - libm::exp2f(*it - promised));
            let below_skin = skin.map_or(0.0, |it| it[x] * (1.0 - amplitude / LEAST_OF_SKIN));
            *it = sharp * below_promise.max(below_skin).max(0.0);
        }
    }
    if let Some(skin) = skin {
        by_surroundings(&mut loss, &amplitude, skin, bounds);
    }
    loss
}

/// Judges cells of skin by the skin around them as well.
fn by_surroundings(loss: &mut Plane, amplitude: &Plane, skin: &Plane, bounds: Region) {
    let size = (loss.width(), loss.height());
    let smoothed = block_sums(size, |x, y| {
        smoothstep(JUDGED[0], JUDGED[1], loss.at(x, y)) * skin.at(x, y)
    });
    let skin_around = around(&block_sums(size, |x, y| skin.at(x, y)), bounds);
    let share = around(&smoothed, bounds).zip_map(&skin_around, |it, skin| it / skin.max(1e-3));
    let all = cells(bounds);
    let grid = Bilinear::new(BLOCK, &share, all);
    let mut shares = vec![0.0; all.width];
    for y in 0..all.height {
        grid.row(y, &mut shares);
        for (x, it) in loss.row_mut(y).iter_mut().enumerate() {
            let plenty = smoothstep(PLENTY[0], PLENTY[1], amplitude.at(x, y));
            let filled = BY_SURROUNDINGS * smoothstep(MOST[0], MOST[1], shares[x]) * (1.0 - plenty);
            let judged = (*it * smoothstep(FEW[0], FEW[1], shares[x])).max(filled);
            *it += skin.at(x, y) * (judged - *it);
        }
    }
}

/// The logarithm of the octaves' ratio on the edges around each block of cells.
fn sharpness(finest: &Plane, next: &Plane, bounds: Region) -> Plane {
    around(finest, bounds).zip_map(&around(next, bounds), |finest, next| {
        // As many of both where there is nothing at all.
        0.5 * libm::log2f((finest + f32::MIN_POSITIVE) / (next + f32::MIN_POSITIVE))
    })
}

/// The sums over blocks of so many columns and rows of cells.
fn block_sums((width, height): (usize, usize), cell: impl Fn(usize, usize) -> f32) -> Plane {
    let mut sums = Plane::filled(width.div_ceil(BLOCK), height.div_ceil(BLOCK), 0.0);
    for y in 0..height {
        for (block, sum) in sums.row_mut(y / BLOCK).iter_mut().enumerate() {
            let cells = block * BLOCK..((block + 1) * BLOCK).min(width);
            *sum += cells.map(|x| cell(x, y)).sum::<f32>();
        }
    }
    sums
}

/// Sums over blocks of cells, gathered from [`NEARBY`].
fn around(sums: &Plane, bounds: Region) -> Plane {
    let all = Region::of_size(sums.width(), sums.height());
    let nearby = NEARBY * bounds.width.max(bounds.height) as f64;
    let radius = nearby.max(NEARBY_AT_LEAST) / (BLOCK * CELL) as f64;
    Gaussian::new(radius).blur(sums, all, all, all, &Cancel::default())
}

/// Planes over all cells of a picture, made tile by tile on all threads.
fn in_tiles<const N: usize>(
    bounds: Region,
    look: impl Fn(Region) -> [Plane; N] + Sync,
) -> [Plane; N] {
    let all = cells(bounds);
    let corners = (0..all.height).step_by(TILE);
    let corners = corners.flat_map(|y| (0..all.width).step_by(TILE).map(move |x| (x, y)));
    let tiles: Vec<Region> = corners
        .map(|(x, y)| Region::new(x, y, TILE, TILE).within(&all))
        .collect();
    let planes = [(); N].map(|()| Plane::filled(all.width, all.height, 0.0));
    let planes = Mutex::new(planes);
    tiles.par_iter().for_each(|tile| {
        let parts = look(*tile);
        for (plane, part) in lock(&planes).iter_mut().zip(&parts) {
            plane.paste(part, *tile);
        }
    });
    planes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Values in the middles of square cells, read between them.
pub struct Bilinear<'a> {
    side: f32,
    values: &'a Plane,
    /// For each column of the region that is read: the value to the left, and how far it is from there to the next.
    columns: Vec<(usize, f32)>,
    top: usize,
}

impl<'a> Bilinear<'a> {
    /// Cells of `side` pixels, to be read in a region of pixels.
    pub fn new(side: usize, values: &'a Plane, region: Region) -> Self {
        let columns = region.x..region.right();
        Self {
            side: side as f32,
            values,
            columns: columns
                .map(|x| place(x, side as f32, values.width()))
                .collect(),
            top: region.y,
        }
    }

    /// Reads one row of the region, counted from its top.
    pub fn row(&self, y: usize, out: &mut [f32]) {
        let (above, down) = place(self.top + y, self.side, self.values.height());
        let below = (above + 1).min(self.values.height() - 1);
        let (above, below) = (self.values.row(above), self.values.row(below));
        let (Some((first, _)), Some((last, _))) = (self.columns.first(), self.columns.last())
        else {
            return;
        };
        let end = (last + 2).min(self.values.width());
        let pairs = above[*first..end].iter().zip(&below[*first..end]);
        let mut between: Vec<f32> = pairs
            .map(|(above, below)| above + down * (below - above))
            .collect();
        // Beyond the last cell its value goes on.
        between.extend(between.last().copied());
        for (out, (left, across)) in out.iter_mut().zip(&self.columns) {
            let (left, right) = (between[left - first], between[left - first + 1]);
            *out = left + across * (right - left);
        }
    }
}

/// The cell whose middle lies before a pixel, and how far the pixel is on the way to the next one's.
fn place(pixel: usize, side: f32, cells: usize) -> (usize, f32) {
    let place = ((pixel as f32 + 0.5) / side - 0.5).clamp(0.0, (cells - 1) as f32);
    (place as usize, place - place.floor())
}
