//! The share of fine texture that a picture lost, place by place, on a grid of cells.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::changes::{Change, Changes};
use super::octaves::{CELL, NOTHING, OCTAVES, Octaves, cells};
use super::untouched::Untouched;
use crate::engine::masks::bilinear::{Bilinear, between};
use crate::engine::masks::each::each;
use crate::engine::masks::faces::Face;
use crate::engine::masks::smoothstep;
use crate::engine::operations::{Cancel, Gaussian, exp2, gloss, log2};
use crate::engine::original::Original;
use crate::engine::raster::{Image, Plane, Region, Resample, Room, wide};

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

/// Skin has more than this in its finest octave, if only the noise of its photograph: a filter leaves 0.3 to 0.5
/// levels. Photographs have 0.5 to 2.5 in their smoothest tenth.
const LEAST_OF_SKIN: f32 = 0.5 / 255.0;

/// It has more than this share of what a quarter of the picture's skin exceeds, though no more than the second is asked
/// of any.
const LEAST_SHARE: f32 = 0.3;
const MOST_ASKED: f32 = 0.8 / 255.0;

/// Of what is asked, so much is asked in black, and all from the second of these tones on.
const ASKED_IN_BLACK: f32 = 0.2;
const DARK: [f32; 2] = [0.04, 0.3];

/// Losses at which a cell of skin counts as hardly and as wholly smoothed where its surroundings are judged.
const JUDGED: [f32; 2] = [0.15, 0.25];

/// The share of the skin around a place that has lost texture: up to the second, the place has lost the less, whatever
/// it looks like by itself. Networks smooth whole faces, and chance makes small even spots.
const FEW: [f32; 2] = [0.0, 0.3];

/// What tells that the skin around a place was smoothed as a whole, as a sum: so much for each of what its octaves are like.
/// In texture each octave is strong in places of its own; of what was smoothed or drawn by a network the finer ones are but
/// the edges of the coarser, and are strong where those are. Noise tells the opposite as surely, whatever the skin: smoothed
/// skin is empty, its finest octave weak beside the second, and that strong beside the third; soft edges all over are focus.
/// Found by logistic regression on nine photographs and what networks made of them, each stored in eight ways.
const TOGETHER: f32 = 4.51;
const EMPTY: f32 = 0.34;
const SHORT_OF_FINEST: f32 = 0.34;
const COARSE: f32 = 0.94;
const SOFTER: f32 = 0.42;
const USUAL: f32 = 2.84;

/// Radius over which octaves are compared for how they vary together, in pixels.
const TOGETHER_GATHER: f64 = 8.0;

/// A face is smoothed as a whole more often than not, and out of focus in parts: so much counts the mean of all its skin. So
/// does that of all other skin, which filters of faces leave alone.
const AS_A_WHOLE: f32 = 0.8;

/// But not where it was smoothed in part. What is told of the skin of a face that a network made deviates by 0.1 to 0.36 from
/// place to place, of untouched faces by up to 0.58, and where half of a face was filtered by 0.68 to 1: between these, the
/// mean counts less and less, and what is told has to be more than is told in the middle between both parts.
const IN_PART: [f32; 2] = [0.55, 0.7];

/// Small faces have more features for the skin between them, in which octaves are strong whatever was done to it, so that what
/// was smoothed tells less of it: that sum is −0.37 to 0.6 in small faces that networks made, and −1.6 to −0.38 in those of
/// photographs. By so much more is told where faces are larger than the first of these sizes, wholly from the second on, less
/// from the third on, and no longer from the fourth on, in pixels. In even smaller ones nothing is told.
const IN_SMALL_FACES: f32 = 0.2;
const SMALL: [f32; 4] = [120.0, 160.0, 350.0, 450.0];

/// What is nearer to the middle of a face than the first of these belongs to it, and from the second on nothing does, in sizes
/// of the face.
const OF_A_FACE: [f32; 2] = [0.7, 1.1];

/// That sum where skin is hardly and wholly smoothed.
const TELLING: [f32; 2] = [-0.12, 0.12];

/// What is smoothed by its surroundings has lost this much.
const BY_SURROUNDINGS: f32 = 0.3;

/// Between these sums skin may have been smoothed, which counts for up to so much of a loss: below the usual threshold, since
/// photographs of small faces lie there as well, but what may be is told from what is not, and a lower threshold takes it.
const IN_DOUBT: f32 = 0.1;
const DOUBTFUL: [f32; 2] = [-1.4, TELLING[0]];

/// So much more of the finest octave than the edges nearby, in the same logarithm, has the skin of a picture of any
/// sharpness, for its texture is finer than an edge.
const FINER_THAN_EDGES: f32 = 1.0;

/// Edges of that logarithm are out of focus, and so is what lies between them; those above the second are sharp.
const SOFT_EDGES: [f32; 2] = [-1.2, -1.0];

/// Cells whose edges are counted together, a side.
pub(super) const BLOCK: usize = 4;

/// How far around a place edges are counted: in lengths of the picture's longer side, and at least, in pixels.
const NEARBY: (f64, f64) = (0.025, 16.0);

/// The same for skin.
const SURROUNDINGS: (f64, f64) = (0.1, 24.0);

/// Rows of cells for which skin and tones are made at once: whole blocks of them.
const STRIP: usize = 64;

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
    let changes = changes.into_inner().unwrap_or_else(PoisonError::into_inner);
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
    let [finest, next, finer, together @ ..] =
        sums.into_inner().unwrap_or_else(PoisonError::into_inner);
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
        let mut edges = Bilinear::new([BLOCK as f32; 2], [&sharpness], strip);
        let plenty = plenty.as_ref();
        let mut plenty = plenty.map(|it| Bilinear::new([BLOCK as f32; 2], [it], strip));
        let rows = ratio.chunks_exact_mut(all.width);
        for (y, (ratio, amplitude)) in rows.zip(amplitude.chunks_exact_mut(all.width)).enumerate() {
            edges.row(y, &mut edge);
            if let Some(plenty) = &mut plenty {
                plenty.row(y, &mut much);
            }
            let (of_skin, least) = match &skin {
                Some(skin) => (skin.row(y), skin.least),
                None => ([nothing.as_slice(); 3], LEAST_OF_SKIN),
            };
            Arch::new().dispatch(Lose {
                ratio,
                amplitude,
                edge: &edge,
                much: &much,
                skin: of_skin,
                least,
                gloss,
            });
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

/// Makes losses of a row's ratios, and of its amplitudes what surroundings may add; as a struct, since a compiler need not
/// inline a closure into what it makes for wide registers.
struct Lose<'a> {
    ratio: &'a mut [f32],
    amplitude: &'a mut [f32],
    /// The logarithms on edges around each cell.
    edge: &'a [f32],
    /// What the amplitudes that are plenty are multiplied by.
    much: &'a [f32],
    /// Skin, its tone and its brightest channel.
    skin: [&'a [f32]; 3],
    /// The usual amplitude that it has at least.
    least: f32,
    /// How many times as strong as on light skin its texture is.
    gloss: f32,
}

impl WithSimd for Lose<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let ([skin, tone, brightest], gloss) = (self.skin, self.gloss);
        let cells = self.ratio.iter_mut().zip(self.amplitude);
        let cells = cells.zip(self.edge).zip(self.much);
        for ((((((it, amplitude), edge), much), skin), tone), brightest) in
            cells.zip(skin).zip(tone).zip(brightest)
        {
            let promised = PROMISED_RATIO.min(edge + FINER_THAN_EDGES);
            let clipped = smoothstep(CLIPPED[0], CLIPPED[1], *brightest);
            let sharp = smoothstep(SOFT_EDGES[0], SOFT_EDGES[1], *edge) * (1.0 - clipped);
            let open =
                |much: f32| sharp * (1.0 - smoothstep(PLENTY[0], PLENTY[1], *amplitude / much));
            let below_promise = open(*much) * (1.0 - exp2(*it - promised));
            let light = smoothstep(DARK[0], DARK[1], *tone);
            let asked = self.least * (ASKED_IN_BLACK + (1.0 - ASKED_IN_BLACK) * light);
            let below_skin = skin * (1.0 - *amplitude / asked);
            *it = below_promise.max(sharp * below_skin).max(0.0);
            *amplitude = open(*much * gloss);
        }
    }
}

/// Where skin is, in the cells of a picture.
pub struct SkinCells {
    /// Its coverage in all of them, in 255ths: as floats they would be as large as what is looked for.
    covered: Vec<u8>,
    /// The luma of a small copy of the picture, and its brightest channel.
    tones: [Plane; 2],
    /// The mean luma of all skin.
    tone: f64,
    /// How much each block of cells belongs to a face, and how much to a small one.
    faces: Plane,
    small_faces: Plane,
    /// Brings the copy to the size of the cells.
    resample: Resample,
    all: Region,
}

impl SkinCells {
    /// From the coverage on a small copy of the picture, the copy's luma and its brightest channel, and the picture's faces,
    /// for all cells.
    pub fn new(skin: &Plane, tones: [Plane; 2], faces: &[Face], all: Region) -> Self {
        let copy = (skin.width(), skin.height());
        let lumas = skin.samples().iter().zip(tones[0].samples());
        let (sum, count) = lumas.fold((0.0, 0.0), |(sum, count), (skin, luma)| {
            (sum + f64::from(skin * luma), count + f64::from(*skin))
        });
        let mut it = Self {
            covered: vec![0; all.width * all.height],
            tones,
            tone: sum / count.max(1.0),
            faces: near_faces(faces, all, |_| 1.0),
            small_faces: near_faces(faces, all, smallness),
            resample: Resample::new(copy, (all.width, all.height)),
            all,
        };
        let strips = it.strips();
        let rooms = it.covered.chunks_mut(STRIP * all.width);
        let rooms: Vec<(Region, &mut [u8])> = strips.into_iter().zip(rooms).collect();
        let resample = &it.resample;
        rooms.into_par_iter().for_each(|(strip, room)| {
            let coverage = resample.apply_to((skin, Region::of_size(copy.0, copy.1)), strip);
            for (room, coverage) in room.iter_mut().zip(coverage.samples()) {
                *room = (255.0 * coverage + 0.5) as u8;
            }
        });
        it
    }

    /// The coverage of skin in some of the cells.
    fn coverage(&self, cells: Region) -> Plane {
        let mut coverage = Plane::unfilled(cells.width, cells.height);
        for y in 0..cells.height {
            let from = (cells.y + y) * self.all.width + cells.x;
            let covered = &self.covered[from..from + cells.width];
            let row = coverage.row_mut(y);
            wide!({
                for (out, covered) in row.iter_mut().zip(covered) {
                    *out = f32::from(*covered) * (1.0 / 255.0);
                }
            });
        }
        coverage
    }

    /// The picture's luma and brightest channel in some of the cells.
    fn tones(&self, cells: Region) -> [Plane; 2] {
        self.tones.each_ref().map(|it| {
            let whole = Region::of_size(it.width(), it.height());
            self.resample.apply_to((it, whole), cells)
        })
    }

    /// All cells in strips from top to bottom.
    fn strips(&self) -> Vec<Region> {
        let tops = (0..self.all.height).step_by(STRIP);
        let strip = |y| Region::new(0, y, self.all.width, STRIP).within(&self.all);
        tops.map(strip).collect()
    }

    /// The sums over blocks of cells of what `make` makes of the coverage of some rows, which is told which cells those are,
    /// counted row after row.
    fn sums(&self, make: impl Fn(Range<usize>, Plane) -> Plane + Sync) -> Plane {
        let strips = self.strips();
        let width = self.all.width;
        let of_strip = |strip: &Region| {
            let cells = strip.y * width..strip.bottom() * width;
            block_sums(&make(cells, self.coverage(*strip)))
        };
        let parts: Vec<Plane> = strips.par_iter().map(of_strip).collect();
        let size = [self.all.width, self.all.height].map(|it| it.div_ceil(BLOCK));
        let mut sums = Plane::filled(size[0], size[1], 0.0);
        for (strip, part) in strips.iter().zip(&parts) {
            let at = Region::new(0, strip.y / BLOCK, part.width(), part.height());
            sums.paste(part, at);
        }
        sums
    }

    /// The usual amplitude of the finest octave that all skin but black has at least, from that of each cell.
    fn least(&self, amplitude: &Plane) -> f32 {
        let each = |take: &mut dyn FnMut(f32)| {
            let pairs = self.covered.iter().zip(amplitude.samples());
            let skin = pairs.filter(|(covered, _)| **covered > 127);
            skin.for_each(|(_, amplitude)| take(*amplitude));
        };
        match upper_quartile(each) {
            Some(rough) => (LEAST_SHARE * rough).clamp(LEAST_OF_SKIN, MOST_ASKED),
            None => LEAST_OF_SKIN,
        }
    }
}

/// The value that three quarters of some values, none of them negative, do not exceed, without a copy of them all;
/// `each` tells them twice.
fn upper_quartile(each: impl Fn(&mut dyn FnMut(f32))) -> Option<f32> {
    // Such numbers are in the order of their bits.
    let counts = |key: &dyn Fn(u32) -> Option<u32>| {
        let mut counts = vec![0usize; 1 << 16];
        each(&mut |it| {
            if let Some(key) = key(it.to_bits()) {
                counts[key as usize] += 1;
            }
        });
        counts
    };
    let find = |counts: &[usize], mut place: usize| {
        for (key, count) in (0u32..).zip(counts) {
            match place.checked_sub(*count) {
                Some(rest) => place = rest,
                None => return Some((key, place)),
            }
        }
        None
    };
    let upper = counts(&|bits| Some(bits >> 16));
    let place = upper.iter().sum::<usize>() * 3 / 4;
    let (upper, place) = find(&upper, place)?;
    let lower = counts(&|bits| (bits >> 16 == upper).then_some(bits & 0xffff));
    let (lower, _) = find(&lower, place)?;
    Some(f32::from_bits(upper << 16 | lower))
}

/// What a picture's octaves are like.
struct Like<'a> {
    /// In each cell, the logarithm of the finest octave's usual amplitude over the next one's, and that amplitude.
    ratio: &'a Plane,
    amplitude: &'a Plane,
    /// In each block, that logarithm on edges, …
    edges: &'a Plane,
    /// … of the second octave over the third, summed over skin, …
    finer: &'a Plane,
    /// … and how the two finest vary together, summed over skin: their covariance, and the variance of each.
    together: &'a [Plane; 3],
}

/// What the skin around each block of cells is like.
struct Surroundings {
    /// How much skin there is.
    skin: Plane,
    /// What its texture lost, as far as that is sure, where it was smoothed as a whole.
    lost: Plane,
}

impl Surroundings {
    fn of(skin: &SkinCells, like: &Like, bounds: Region) -> Self {
        let skins = skin.sums(|_, skin| skin);
        let gathered = |sums: &Plane| around(sums, bounds, SURROUNDINGS);
        let all = gathered(&skins);
        let by_cells = skin.sums(|cells, mut skin| {
            let ratios = &like.ratio.samples()[cells.clone()];
            let amplitudes = &like.amplitude.samples()[cells];
            let cells = skin.samples_mut().iter_mut().zip(amplitudes).zip(ratios);
            wide!({
                for ((skin, amplitude), ratio) in cells {
                    let strength = EMPTY * log2(255.0 * amplitude.max(f32::MIN_POSITIVE));
                    *skin = -*skin * (strength + SHORT_OF_FINEST * ratio);
                }
            });
            skin
        });
        let by_blocks = by_cells.zip_map(like.finer, |sum, finer| sum + COARSE * finer);
        let soft = skins.zip_map(like.edges, |skin, edges| skin * SOFTER * edges);
        let sums = gathered(&by_blocks.zip_map(&soft, |sum, soft| sum - soft));
        let [both, one, other] = like.together.each_ref().map(gathered);
        let variances = one.zip_map(&other, |one, other| (one * other).max(0.0).sqrt());
        let together = both.zip_map(&variances, |both, it| both / it.max(1e-3));
        let telling = sums.zip_map(&all, |sum, skin| sum / skin.max(1e-3) - USUAL);
        let telling = telling.zip_map(&together, |it, together| it + TOGETHER * together);
        let telling = telling.zip_map(&skin.small_faces, |it, small| it + IN_SMALL_FACES * small);
        let lost = as_a_whole(&telling, &all, &skin.faces).map(lost_as_a_whole);
        Self { skin: all, lost }
    }

    /// The losses of cells of skin, judged by the skin around them as well; none elsewhere. `open` is the share that may
    /// be added.
    fn judge(&self, mut loss: Plane, open: &Plane, skin: &SkinCells, bounds: Region) -> Plane {
        let few = skin.sums(|cells, mut skin| {
            let cells = skin.samples_mut().iter_mut().zip(&loss.samples()[cells]);
            wide!({
                for (skin, loss) in cells {
                    *skin *= smoothstep(JUDGED[0], JUDGED[1], *loss);
                }
            });
            skin
        });
        let few = around(&few, bounds, SURROUNDINGS);
        let share = few.zip_map(&self.skin, |it, skin| it / skin.max(1e-3));
        let all = cells(bounds);
        let strips = loss.samples_mut().par_chunks_mut(STRIP * all.width);
        strips.zip(skin.strips()).for_each(|(losses, strip)| {
            let coverage = skin.coverage(strip);
            let mut around = Bilinear::new([BLOCK as f32; 2], [&share, &self.lost], strip);
            for (y, losses) in losses.chunks_exact_mut(all.width).enumerate() {
                let ([above, below], down) = around.rows(y);
                let [share, lost] = [0, 1].map(|i: usize| above[i].iter().zip(&below[i]));
                let cells = losses.iter_mut().zip(share.zip(lost));
                let cells = cells.zip(coverage.row(y).iter().zip(open.row(strip.y + y)));
                wide!({
                    for ((it, (share, lost)), (skin, open)) in cells {
                        let share = between(*share.0, *share.1, down);
                        let filled = between(*lost.0, *lost.1, down) * open;
                        let judged = (*it * smoothstep(FEW[0], FEW[1], share)).max(filled);
                        // Half a cell of skin is its edge.
                        *it = judged * (2.0 * skin).min(1.0);
                    }
                });
            }
        });
        loss
    }
}

/// How much each block of cells belongs to a face, each of which counts as its size in pixels says.
fn near_faces(faces: &[Face], all: Region, counts: impl Fn(f64) -> f32) -> Plane {
    let mut near = Plane::filled(all.width.div_ceil(BLOCK), all.height.div_ceil(BLOCK), 0.0);
    let side = (BLOCK * CELL) as f64;
    for face in faces {
        let ([column, row], counts) = (face.middle(), counts(face.size));
        for y in 0..near.height() {
            let down = (y as f64 + 0.5) * side - 0.5 - row;
            for (x, near) in near.row_mut(y).iter_mut().enumerate() {
                let across = (x as f64 + 0.5) * side - 0.5 - column;
                let far = (libm::hypot(across, down) / face.size) as f32;
                let here = 1.0 - smoothstep(OF_A_FACE[0], OF_A_FACE[1], far);
                *near = near.max(counts * here);
            }
        }
    }
    near
}

/// How much a face of a size in pixels is a small one.
fn smallness(size: f64) -> f32 {
    let [from, wholly, less, to] = SMALL;
    let size = size as f32;
    smoothstep(from, wholly, size) * (1.0 - smoothstep(less, to, size))
}

/// What is told in each block beside all skin of faces where it belongs to one, and beside all other skin elsewhere.
fn as_a_whole(telling: &Plane, skin: &Plane, faces: &Plane) -> Plane {
    let [of_faces, elsewhere] = [Whole::of, Whole::of_others].map(|of| of(telling, skin, faces));
    telling.clone().zip_map(faces, |it, face| {
        it + face * of_faces.beyond(it) + (1.0 - face) * elsewhere.beyond(it)
    })
}

/// What the skin of a picture tells together.
struct Whole {
    mean: f32,
    /// How much that counts.
    weight: f32,
    /// What is told of skin by itself less than this much tells nothing.
    middle: f32,
}

impl Whole {
    /// Of skin that shares are counted of.
    fn of(telling: &Plane, skin: &Plane, shares: &Plane) -> Self {
        let (telling, skin) = (telling.samples(), skin.samples());
        let mean = |of: &dyn Fn(f32) -> Option<f32>| {
            let blocks = telling.iter().zip(skin).zip(shares.samples());
            let (sum, count) = blocks.fold((0.0, 0.0), |(sum, count), ((it, skin), share)| {
                let weight = skin * share;
                of(*it).map_or((sum, count), |it| (sum + it * weight, count + weight))
            });
            sum / count.max(1e-3)
        };
        let whole = mean(&|it| Some(it));
        let deviation = mean(&|it| Some((it - whole) * (it - whole))).sqrt();
        let in_part = smoothstep(IN_PART[0], IN_PART[1], deviation);
        let above = mean(&|it| (it > whole).then_some(it));
        let below = mean(&|it| (it <= whole).then_some(it));
        Self {
            mean: whole,
            weight: AS_A_WHOLE * (1.0 - in_part),
            middle: in_part * (0.5 * (above + below)).max(0.0),
        }
    }

    /// Of all other skin.
    fn of_others(telling: &Plane, skin: &Plane, shares: &Plane) -> Self {
        Self::of(telling, skin, &shares.clone().map(|share| 1.0 - share))
    }

    /// What is told of a place beyond what it tells by itself.
    fn beyond(&self, it: f32) -> f32 {
        self.weight * (self.mean - it) - self.middle
    }
}

/// What skin lost as a whole, from what tells that it was smoothed.
fn lost_as_a_whole(telling: f32) -> f32 {
    let sure = smoothstep(TELLING[0], TELLING[1], telling);
    let doubt = (telling - DOUBTFUL[0]) / (DOUBTFUL[1] - DOUBTFUL[0]);
    (BY_SURROUNDINGS * sure).max(IN_DOUBT * doubt.clamp(0.0, 1.0))
}

/// The logarithm of the octaves' ratio on the edges around each block of cells.
fn sharpness(finest: &Plane, next: &Plane, bounds: Region) -> Plane {
    around(finest, bounds, NEARBY).zip_map(&around(next, bounds, NEARBY), |finest, next| {
        // As many of both where there is nothing at all; beside much, a wide Gaussian may leave less than that.
        let [finest, next] = [finest, next].map(|it| it.max(0.0) + f32::MIN_POSITIVE);
        0.5 * log2(finest / next)
    })
}

/// The sums over blocks of cells.
pub(super) fn block_sums(cells: &Plane) -> Plane {
    let (width, height) = (cells.width(), cells.height());
    let mut sums = Plane::filled(width.div_ceil(BLOCK), height.div_ceil(BLOCK), 0.0);
    for y in 0..height {
        let (blocks, cut) = cells.row(y).as_chunks::<BLOCK>();
        let row = sums.row_mut(y / BLOCK);
        let last = row.get_mut(blocks.len());
        if let Some(sum) = last {
            *sum += cut.iter().sum::<f32>();
        }
        let blocks = row.iter_mut().zip(blocks);
        wide!({
            for (sum, block) in blocks {
                *sum += block.iter().sum::<f32>();
            }
        });
    }
    sums
}

/// Sums over blocks of cells, gathered from so far around: in lengths of the picture, and at least in pixels.
fn around(sums: &Plane, bounds: Region, (share, least): (f64, f64)) -> Plane {
    let all = Region::of_size(sums.width(), sums.height());
    let nearby = share * bounds.width.max(bounds.height) as f64;
    let radius = nearby.max(least) / (BLOCK * CELL) as f64;
    Gaussian::new(radius).blur(sums, all, all, all, &Cancel::default())
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
    planes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face around a place.
    fn face(middle: [f64; 2], size: f64) -> Face {
        let points = [middle].into();
        Face { points, size }
    }

    #[test]
    fn what_is_near_a_face_belongs_to_it() {
        let all = Region::of_size(200, 120);
        let faces = [face([200.0, 200.0], 150.0), face([700.0, 200.0], 90.0)];
        let near = near_faces(&faces, all, |_| 1.0);
        assert_eq!((near.width(), near.height()), (50, 30));
        // Blocks of 16 pixels, counted from 0.
        assert_eq!([near.at(12, 12), near.at(43, 12)], [1.0, 1.0]);
        assert_eq!([near.at(28, 12), near.at(12, 25)], [0.0, 0.0]);
        let small = near_faces(&faces, all, smallness);
        assert!(small.at(12, 12) > 0.8 && small.at(43, 12) == 0.0);
        assert_eq!(
            [90.0, 160.0, 350.0, 450.0].map(smallness),
            [0.0, 1.0, 1.0, 0.0]
        );
    }

    #[test]
    fn faces_and_other_skin_are_judged_each_as_a_whole() {
        let plane = |of: fn(usize) -> f32| Plane::from_samples(8, 1, (0..8).map(of).collect());
        let faces = plane(|x| f32::from(u8::from(x < 3)));
        let telling = plane(|x| if x < 3 { 0.5 + 0.1 * x as f32 } else { -1.0 });
        let skin = plane(|x| if x < 6 { 1.0 } else { 0.0 });
        let judged = as_a_whole(&telling, &skin, &faces);
        for x in 0..8 {
            let (it, whole) = (telling.at(x, 0), if x < 3 { 0.6 } else { -1.0 });
            let expected = it + AS_A_WHOLE * (whole - it);
            assert!((judged.at(x, 0) - expected).abs() < 1e-5, "{judged:?}");
        }
    }

    #[test]
    fn a_face_that_was_smoothed_in_part_is_judged_place_by_place() {
        let plane = |of: &dyn Fn(usize) -> f32| Plane::from_samples(8, 1, (0..8).map(of).collect());
        let all = plane(&|_| 1.0);
        for (untouched, smoothed, told) in [(-0.8, 0.8, 0.0), (0.1, 1.7, 0.9), (-1.8, -0.2, 0.0)] {
            let telling = plane(&|x| if x < 4 { untouched } else { smoothed });
            let judged = as_a_whole(&telling, &all, &all);
            for x in 0..8 {
                let expected = telling.at(x, 0) - told;
                assert!((judged.at(x, 0) - expected).abs() < 1e-5, "{judged:?}");
            }
        }
    }

    #[test]
    fn what_tells_more_that_skin_was_smoothed_has_lost_more() {
        let telling = (-300..=100).map(|it| it as f32 / 100.0);
        let losses: Vec<f32> = telling.map(lost_as_a_whole).collect();
        assert!(losses.is_sorted(), "{losses:?}");
        assert_eq!(lost_as_a_whole(-1.5), 0.0);
        assert_eq!(lost_as_a_whole(0.2), BY_SURROUNDINGS);
        let [less, more] = [-0.8, -0.4].map(lost_as_a_whole);
        assert!(
            0.0 < less && less < more && more < IN_DOUBT,
            "{less}, {more}"
        );
    }

    #[test]
    fn the_upper_quartile_is_that_of_the_sorted_values() {
        let quartile =
            |values: &[f32]| upper_quartile(|take| values.iter().for_each(|it| take(*it)));
        assert_eq!(quartile(&[]), None);
        for count in [1, 2, 5, 4000] {
            let mut values: Vec<f32> = (0..count)
                .map(|it| (it * 7919 % 4001) as f32 * 1e-5)
                .collect();
            let found = quartile(&values);
            values.sort_by(f32::total_cmp);
            assert_eq!(found, Some(values[count * 3 / 4]), "of {count}");
        }
    }
}
