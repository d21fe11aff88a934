//! The share of fine texture that a picture lost, place by place, on a grid of cells.

use std::sync::Mutex;

use rayon::prelude::*;

use super::blocks::{BLOCK, around, block_sums};
use super::changes::{Change, Changes};
use super::octaves::{NOTHING, OCTAVES, Octaves, cells};
use super::skin_cells::{LEAST_OF_SKIN, STRIP, SkinCells};
use super::surroundings::{Like, SURROUNDINGS, Surroundings};
use super::untouched::Untouched;
use crate::engine::guarded::{lock, unpoisoned};
use crate::engine::masks::bilinear::Bilinear;
use crate::engine::masks::smoothstep;
use crate::engine::operations::{Cancel, exp2, gloss, log2};
use crate::engine::original::Original;
use crate::engine::raster::{Image, Plane, Region, Room, each, wide};

/// Radius over which the energy of each octave is gathered, in feathers: the finer, the more places there are.
const GATHER: [f64; OCTAVES] = [0.4, 0.56, 0.8];

/// Amplitude that counts as no texture beside an original: less than half a level of 8 bits.
const FLOOR_WITH_ORIGINAL: f32 = 0.0015;

/// Amplitude that promises nothing: less than a third of a level of 8 bits.
const FLOOR_ALONE: f32 = 0.3 / 255.0;

/// What is flat has so much more in its finest octave than is promised, for no rounding to count as a loss.
const FLAT: f32 = 1.001;

/// Base-2 logarithm of the finest octave's usual amplitude over the next one's, below which skin begins to look
/// smoothed. Untouched skin of photographs has 0.2 to 1.1 in its median, faces too small for pores 0; the same skin
/// after a network smoothed it has −0.4 to 0.2.
const PROMISED_RATIO: f32 = 0.3;

/// Usual amplitude of the finest octave from which texture is there by any measure, whatever the next octave has:
/// between these the ratio counts less and less. Smoothed skin has 0.6 to 3 levels of 8 bits in its median.
const PLENTY: [f32; 2] = [2.0 / 255.0, 4.0 / 255.0];

/// These amplitudes are so many halvings higher for each by which the third octave stays below the second, beyond the
/// first of these, and at most: coarse skin close to the camera has much in all octaves, and less the coarser they are; small
/// faces have more.
const FINE_SKIN: (f32, f32, f32) = (1.5, 0.2, 1.5);

/// Between these values of the brightest channel, the light clips what texture there is, and nothing can be told.
const CLIPPED: [f32; 2] = [0.92, 0.99];

/// Of what is asked, so much is asked in black, and all from the second of these tones on.
const ASKED_IN_BLACK: f32 = 0.2;
const DARK: [f32; 2] = [0.04, 0.3];

/// Radius over which octaves are compared for how they vary together, in pixels.
const TOGETHER_GATHER: f64 = 8.0;

/// So much more of the finest octave than the edges nearby, in the same logarithm, has the skin of a picture of any
/// sharpness, for its texture is finer than an edge.
const FINER_THAN_EDGES: f32 = 1.0;

/// Edges of that logarithm are out of focus, and so is what lies between them; those above the second are sharp.
const SOFT_EDGES: [f32; 2] = [-1.2, -1.0];

/// How far around a place edges are counted: in lengths of the picture's longer side, and at least, in pixels.
const NEARBY: (f64, f64) = (0.025, 16.0);

/// Cells that are looked at together, about: whole rows of them, so that the picture is read from one end to the other, which
/// takes a third of the time of reading tiles …
const LOOKED_AT: usize = 200_000;

/// … but no fewer rows than this, since some around them are looked at too.
const LEAST_ROWS: usize = 64;

/// So many planes of what is looked at together are there at once, about.
const PLANES: usize = 12;

/// The loss beside an original, 0..=1 in each cell: of that octave which lost most. Cells count alike, whatever they have:
/// filters that leave edges alone take texture between them. Where much of the picture is its original as it was, what
/// is not was changed on purpose, and is judged as a whole.
pub fn beside(picture: &Image, original: &Original, feather: f64, cancel: &Cancel) -> Plane {
    let bounds = picture.bounds();
    let gather = GATHER.map(|it| it * feather);
    let widest = gather[OCTAVES - 1];
    let mine = |region, out: &mut [u16]| picture.fine_luma(region, out);
    let theirs = |region, out: &mut [u16]| original.fine_luma(region, out);
    let loss = |mine: &Octaves<OCTAVES>, theirs: &Octaves<OCTAVES>, to: Region| {
        let mut most = Plane::filled(to.width, to.height, 0.0);
        for (octave, radius) in gather.into_iter().enumerate() {
            let kept = mine.kept_of(theirs, octave, FLOOR_WITH_ORIGINAL, radius);
            for (most, kept) in most.samples_mut().iter_mut().zip(kept.samples()) {
                *most = most.max(1.0 - kept);
            }
        }
        most
    };
    let untouched = Untouched::look(picture, original);
    if untouched.on_purpose == 0.0 {
        let [loss] = in_strips(bounds, cancel, |to| {
            let [mine, theirs] = [
                Octaves::look(mine, to, bounds, widest),
                Octaves::look(theirs, to, bounds, widest),
            ];
            [loss(&mine, &theirs, to)]
        });
        return loss;
    }
    let changes = Mutex::new(Changes::none(bounds));
    let found = in_strips(bounds, cancel, |to| {
        let [mine, theirs, unlike] = Octaves::look_beside(mine, theirs, (to, bounds), widest);
        let at = (FLOOR_WITH_ORIGINAL, feather);
        let (change, of_tile) = Changes::look([&mine, &theirs, &unlike], &untouched, at);
        lock(&changes).add(&of_tile, to);
        let Change { by, told_from } = change;
        [loss(&mine, &theirs, to), by, told_from]
    });
    let changes = unpoisoned(changes.into_inner());
    changes.judge(found, untouched.on_purpose, feather, bounds)
}

/// The loss of a picture by itself, 0..=1 in each cell: how far its finest octave usually stays below what the next
/// octave promises, unless edges nearby are as soft. In skin, where a face tells what it is, also how far it stays below
/// the least that skin has, and nothing but skin has lost any: walls and cloth are often as even as smoothed skin. Usual
/// is the geometric mean, in which features of a face count for little.
pub fn alone(picture: &Image, skin: Option<&SkinCells>, feather: f64, cancel: &Cancel) -> Plane {
    let bounds = picture.bounds();
    let blocks = Region::of_size(
        cells(bounds).width.div_ceil(BLOCK),
        cells(bounds).height.div_ceil(BLOCK),
    );
    // Of these only sums are needed, which take a sixteenth of the memory.
    let sums = Mutex::new([(); 6].map(|()| Plane::filled(blocks.width, blocks.height, 0.0)));
    let widest = feather.max(TOGETHER_GATHER);
    let finest_floor = FLAT * exp2(PROMISED_RATIO) * (NOTHING + FLOOR_ALONE) - NOTHING;
    let [mut ratio, mut amplitude] = in_strips(bounds, cancel, |to| {
        let luma = |region, out: &mut [u16]| picture.fine_luma(region, out);
        let octaves: Octaves<3> = Octaves::look(luma, to, bounds, widest);
        let logarithms = [0, 1].map(|octave| octaves.logarithms(octave));
        let means = logarithms.each_ref().map(|it| octaves.around(it, feather));
        let [usual, promise] = means.each_ref().map(|it| each([it], |[it]| exp2(it)));
        let part = Region::new(
            to.x / BLOCK,
            to.y / BLOCK,
            to.width.div_ceil(BLOCK),
            to.height.div_ceil(BLOCK),
        );
        if let Some(skin) = skin {
            let coarse = octaves.around(&octaves.logarithms(2), feather);
            let coverage = skin.coverage(to);
            let finer = each([&coverage, &promise, &coarse], |[skin, promise, coarse]| {
                skin * log2((promise + FLOOR_ALONE) / (exp2(coarse) + FLOOR_ALONE))
            });
            lock(&sums)[2].paste(&block_sums(&finer), part);
            drop((coarse, finer));
            let means = match feather == TOGETHER_GATHER {
                true => means,
                false => logarithms
                    .each_ref()
                    .map(|it| octaves.around(it, TOGETHER_GATHER)),
            };
            let together = octaves.together(&logarithms, &means, TOGETHER_GATHER);
            for (sums, it) in lock(&sums)[3..].iter_mut().zip(&together) {
                let of_skin = each([&coverage, it], |[skin, it]| skin * it);
                sums.paste(&block_sums(&of_skin), part);
            }
        }
        let ratio = each([&usual, &promise], |[usual, promise]| {
            log2((usual + finest_floor) / (promise + FLOOR_ALONE))
        });
        drop(promise);
        let [finest, next] = [0, 1].map(|octave| octaves.energy(octave, feather));
        for (sums, energy) in lock(&sums).iter_mut().zip([&finest, &next]) {
            // What has no texture at all says nothing of sharpness.
            let weighted = each([energy, &next], |[energy, next]| energy * next.sqrt());
            sums.paste(&block_sums(&weighted), part);
        }
        [ratio, usual]
    });
    let [finest, next, finer, together @ ..] = unpoisoned(sums.into_inner());
    let sharpness = sharpness(&finest, &next, bounds);
    let skin = skin.map(|skin| {
        let like = Like {
            ratio: &ratio,
            amplitude: &amplitude,
            edges: &sharpness,
            finer: &finer,
            together: &together,
        };
        let surroundings = Surroundings::of(skin, &like, bounds);
        (skin, surroundings, skin.least(&amplitude))
    });
    let plenty = skin.as_ref().map(|(_, surroundings, _)| {
        let finer = around(&finer, bounds, SURROUNDINGS);
        finer.zip_map(&surroundings.skin, |finer, skin| {
            let (factor, from, most) = FINE_SKIN;
            exp2((factor * (finer / skin.max(1e-3) - from)).clamp(0.0, most))
        })
    });
    let promised = skin.as_ref().map(|(_, surroundings, _)| {
        let softness = surroundings.softness.clone();
        softness.map(|it| PROMISED_RATIO - it)
    });
    // From here on `ratio` becomes the loss, and `amplitude` what the surroundings may add to it.
    let all = cells(bounds);
    let gloss = skin.as_ref().map_or(1.0, |(skin, ..)| gloss(skin.tone)) as f32;
    let strips = ratio.samples_mut().par_chunks_mut(STRIP * all.width);
    let strips = strips.zip(amplitude.samples_mut().par_chunks_mut(STRIP * all.width));
    strips.enumerate().for_each(|(i, (ratio, amplitude))| {
        let strip = Region::new(0, i * STRIP, all.width, STRIP).within(&all);
        let skin = skin.as_ref().map(|(skin, _, least)| OfStrip {
            coverage: skin.coverage(strip),
            tones: skin.tones(strip),
            least: *least,
        });
        let nothing = vec![0.0; all.width];
        let (mut edge, mut much) = (nothing.clone(), vec![1.0; all.width]);
        let mut promise = vec![PROMISED_RATIO; all.width];
        let in_cells = |it| Bilinear::new([BLOCK as f32; 2], [it], strip);
        let mut edges = in_cells(&sharpness);
        let [mut plenty, mut promised] = [&plenty, &promised].map(|it| it.as_ref().map(in_cells));
        let rows = ratio.chunks_exact_mut(all.width);
        for (y, (ratio, amplitude)) in rows.zip(amplitude.chunks_exact_mut(all.width)).enumerate() {
            edges.row(y, &mut edge);
            if let Some(plenty) = &mut plenty {
                plenty.row(y, &mut much);
            }
            if let Some(promised) = &mut promised {
                promised.row(y, &mut promise);
            }
            let (of_skin, least) = match &skin {
                Some(skin) => (skin.row(y), skin.least),
                None => ([nothing.as_slice(); 3], LEAST_OF_SKIN),
            };
            let row = Row {
                ratio,
                amplitude,
                edge: &edge,
                much: &much,
                promise: &promise,
                skin: of_skin,
                least,
                gloss,
            };
            row.lose();
        }
    });
    match skin {
        Some((skin, surroundings, _)) => surroundings.judge(ratio, &amplitude, skin, bounds),
        None => ratio,
    }
}

/// What is known of the skin in some rows of cells.
struct OfStrip {
    coverage: Plane,
    /// The picture's luma, and its brightest channel.
    tones: [Plane; 2],
    /// The usual amplitude that it has at least.
    least: f32,
}

impl OfStrip {
    /// Its coverage, tone and brightest channel in a row.
    fn row(&self, y: usize) -> [&[f32]; 3] {
        [&self.coverage, &self.tones[0], &self.tones[1]].map(|it| it.row(y))
    }
}

/// A row of cells, from ratios and amplitudes to losses.
struct Row<'a> {
    ratio: &'a mut [f32],
    amplitude: &'a mut [f32],
    /// The logarithms on edges around each cell.
    edge: &'a [f32],
    /// What the amplitudes that are plenty are multiplied by.
    much: &'a [f32],
    /// The ratio's logarithm that skin has at least.
    promise: &'a [f32],
    /// Skin, its tone and its brightest channel.
    skin: [&'a [f32]; 3],
    /// The usual amplitude that it has at least.
    least: f32,
    /// How many times as strong as on light skin its texture is.
    gloss: f32,
}

impl Row<'_> {
    /// Makes losses of the ratios, and of the amplitudes what surroundings may add.
    fn lose(self) {
        let ([skin, tone, brightest], gloss, least) = (self.skin, self.gloss, self.least);
        let cells = self.ratio.iter_mut().zip(self.amplitude);
        let cells = cells.zip(self.edge).zip(self.much).zip(self.promise);
        wide!({
            for (((((((it, amplitude), edge), much), promise), skin), tone), brightest) in
                cells.zip(skin).zip(tone).zip(brightest)
            {
                let promised = promise.min(edge + FINER_THAN_EDGES);
                let clipped = smoothstep(CLIPPED[0], CLIPPED[1], *brightest);
                let sharp = smoothstep(SOFT_EDGES[0], SOFT_EDGES[1], *edge) * (1.0 - clipped);
                let open =
                    |much: f32| sharp * (1.0 - smoothstep(PLENTY[0], PLENTY[1], *amplitude / much));
                let below_promise = open(*much) * (1.0 - exp2(*it - promised));
                let light = smoothstep(DARK[0], DARK[1], *tone);
                let asked = least * (ASKED_IN_BLACK + (1.0 - ASKED_IN_BLACK) * light);
                let below_skin = skin * (1.0 - *amplitude / asked);
                *it = below_promise.max(sharp * below_skin).max(0.0);
                *amplitude = open(*much * gloss);
            }
        });
    }
}

/// The logarithm of the octaves' ratio on the edges around each block of cells.
fn sharpness(finest: &Plane, next: &Plane, bounds: Region) -> Plane {
    around(finest, bounds, NEARBY).zip_map(&around(next, bounds, NEARBY), |finest, next| {
        // As many of both where there is nothing at all; beside much, a wide Gaussian may leave less than that.
        let [finest, next] = [finest, next].map(|it| it.max(0.0) + f32::MIN_POSITIVE);
        0.5 * log2(finest / next)
    })
}

/// Planes over all cells of a picture, made in strips on all threads; 0 where it was cancelled before.
fn in_strips<const N: usize>(
    bounds: Region,
    cancel: &Cancel,
    look: impl Fn(Region) -> [Plane; N] + Sync,
) -> [Plane; N] {
    let all = cells(bounds);
    let rows = (LOOKED_AT / all.width / BLOCK * BLOCK).max(LEAST_ROWS);
    let tops = (0..all.height).step_by(rows);
    let strips: Vec<Region> = tops
        .map(|y| Region::new(0, y, all.width, rows).within(&all))
        .collect();
    let planes = [(); N].map(|()| Plane::filled(all.width, all.height, 0.0));
    let planes = Mutex::new(planes);
    let room = || Room::of_samples(PLANES * LOOKED_AT);
    strips.par_iter().for_each_init(room, |_, strip| {
        if cancel.is_cancelled() {
            return;
        }
        let parts = look(*strip);
        for (plane, part) in lock(&planes).iter_mut().zip(&parts) {
            plane.paste(part, *strip);
        }
    });
    unpoisoned(planes.into_inner())
}
