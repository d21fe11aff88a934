//! `strength = "match"`: the strength at which a layer's result has as much fine texture inside the
//! layer's mask as a reference has.
//!
//! It is measured on the result itself, with all layers below, as it will be stored: first on some tiles that chance
//! picks where the mask covers, then, improved, on all of them.

use std::sync::Arc;

use rayon::prelude::*;

use super::plan::{Plan, Step};
use super::stack::{Kept, MaskCache};
use crate::engine::masks::{MaskName, MaskSources, Masks, Smoothed};
use crate::engine::operations::parameter::LARGEST_STRENGTH;
use crate::engine::operations::{Cancel, Graft, GraftTexture, HighPass, Random, Rectangle, Tiling};
use crate::engine::raster::{Depth, Image, Part, Plane, Region, Tile, wide};

/// The fine band is what a Gaussian of this radius takes away, in pixels.
const FINE: f64 = 2.0;

/// Side of the tiles that are measured, in pixels.
const TILE: usize = 128;

/// So many covered tiles are measured first, and those that were looked at together with the last of them.
const FIRST: usize = 160;

/// Tiles that are looked at at most, in the order of chance: 67 megapixels.
const LOOKED_AT: usize = 4096;

/// Tiles that are looked at together.
const TOGETHER: usize = 32;

/// The largest strength, 1 for 100 %.
const MOST: f64 = LARGEST_STRENGTH / 100.0;

/// Skin of which more than this share is smoothed is no reference.
const SPOILED: f32 = 0.3;

/// Of all skin at least this share has to be unspoiled to be the reference: where an AI smoothed most of it, what looks
/// unspoiled is features and chance. It has so many pixels at least.
const UNSPOILED: f64 = 0.4;
const ENOUGH: f64 = 2048.0;

/// A strength is improved until the energy is this close, in decibels, or so many times.
const CLOSE: f64 = 0.03;
const TRIES: usize = 20;

/// On all tiles it is measured so often at most.
const WHOLES: usize = 3;

/// A strength that was found, and the words for it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Match {
    /// In per cent, rounded to a tenth, so that it is the same after it was written and read.
    pub percent: f64,
    /// What a person is told.
    pub remark: String,
}

impl Plan {
    /// The strength at which `step`, over the steps that the plan has so far, matches its reference.
    /// `graft` holds the settings of a graft layer.
    pub(super) fn matching(&self, step: &Step, graft: Option<&Graft>) -> Match {
        let unmatched = |why: &str| Match {
            percent: 100.0,
            remark: format!("strength cannot be matched, {why}; 100 % is used"),
        };
        const ADDS_NONE: &str = "the layer adds no texture";
        if step.opacity == 0.0 {
            return unmatched(ADDS_NONE);
        }
        let tiles = self.tiles();
        let (samples, looked_at) = self.samples(step, &tiles);
        if samples.is_empty() {
            return unmatched("its masks cover nothing");
        }
        let Some((reference, whose)) = self.reference(step, &tiles, graft) else {
            return unmatched("there is neither an original nor unspoiled skin");
        };
        let rest = tiles.get(looked_at..).unwrap_or_default();
        // Without the layer, with it, and as it should be.
        let of_sample = |sample: &Sample, factor: f64| {
            let [none, found] = [What::Below, What::Result(factor)];
            let [none, found] = [none, found].map(|it| self.energy(step, sample, it));
            let wanted = match reference {
                Reference::Original => self.energy(step, sample, What::Original),
                Reference::Energy(energy) => (energy * found.1, found.1),
            };
            [none, found, wanted]
        };
        let on_all = |factor: f64| {
            let some = sums(&samples, |it| of_sample(it, factor));
            let more = sums(rest, |it| {
                let sample = self.sample(step, *it);
                sample.map_or([(0.0, 0.0); 3], |it| of_sample(&it, factor))
            });
            [0, 1, 2].map(|i| mean(add(some[i], more[i])))
        };
        let on_samples = |factor: f64| {
            let [found] = sums(&samples, |it| [self.energy(step, it, What::Result(factor))]);
            mean(found)
        };
        // On the samples first, which stay in memory. Then all tiles say how much more these have to gain.
        let [none_here, _, wanted_here] = sums(&samples, |it| of_sample(it, 0.0)).map(mean);
        let gain = |wanted: f64| stronger(&on_samples, none_here, wanted);
        let (mut factor, mut gained) = match wanted_here > none_here {
            true => gain(wanted_here),
            false => (1.0, on_samples(1.0)),
        };
        let [mut none, mut found, mut wanted] = on_all(factor);
        for _ in 1..WHOLES {
            let more = (wanted - none) / (found - none);
            let is_close = decibels(found / wanted).abs() < CLOSE;
            if is_close || none >= wanted || found <= none || factor == MOST && more >= 1.0 {
                break;
            }
            // At first a layer can take more texture away than it adds.
            let some = (gained - none_here).max(0.1 * none_here);
            (factor, gained) = gain(none_here + more * some);
            [none, found, wanted] = on_all(factor);
        }
        if none >= wanted {
            return Match {
                percent: 0.0,
                remark: format!("strength 0 %: the picture has as much texture as {whose} there"),
            };
        }
        if found <= none {
            return unmatched(ADDS_NONE);
        }
        let percent = (factor * 1000.0).round() / 10.0;
        let remark = if factor == MOST && decibels(found / wanted) < -0.5 {
            format!("strength {percent} % is the most there is and does not reach {whose}")
        } else {
            format!("strength {percent} % matches {whose}")
        };
        Match { percent, remark }
    }

    /// The tiles of the picture as chance orders them, as many as are looked at.
    fn tiles(&self) -> Vec<Region> {
        let bounds = self.picture().bounds();
        let columns = bounds.width.div_ceil(TILE);
        let tiles = columns * bounds.height.div_ceil(TILE);
        let random = Random::new(0, 0, 0).row(0);
        let mut order: Vec<usize> = (0..tiles).collect();
        order.sort_by_key(|it| (random.bits(*it), *it));
        order.truncate(LOOKED_AT);
        let region = |tile: usize| {
            let corner = (tile % columns * TILE, tile / columns * TILE);
            Region::new(corner.0, corner.1, TILE, TILE).within(&bounds)
        };
        order.into_iter().map(region).collect()
    }

    /// The first tiles where the step's masks cover, and at how many it looked for them.
    fn samples(&self, step: &Step, tiles: &[Region]) -> (Vec<Sample>, usize) {
        let (mut samples, mut looked_at) = (Vec::new(), 0);
        for some in tiles.chunks(TOGETHER) {
            let found = some.par_iter().filter_map(|it| self.sample(step, *it));
            samples.extend(found.collect::<Vec<_>>());
            looked_at += some.len();
            if samples.len() >= FIRST {
                break;
            }
        }
        (samples, looked_at)
    }

    /// One tile, unless the masks do not cover it.
    fn sample(&self, step: &Step, region: Region) -> Option<Sample> {
        let cancel = &self.inputs.cancel;
        if cancel.is_cancelled() {
            return None;
        }
        let around = region.expanded(HighPass::new(FINE).halo(), &self.picture().bounds());
        let mut masks = MaskCache::new(self, cancel);
        let coverage = masks.product(&step.masks, around);
        let weights = match &coverage {
            Some(coverage) => inside(coverage, around, region),
            None => Plane::filled(region.width, region.height, 1.0),
        };
        // What the original shows otherwise is nothing to compare with.
        let sure = self.original.as_ref().and_then(|it| it.confidence(region));
        let weights = match sure {
            Some(sure) => weights.zip_map(&sure, |weight, sure| weight * sure),
            None => weights,
        };
        let covered = weights.samples().iter().any(|it| *it > 0.0);
        if !covered {
            return None;
        }
        let backdrop = Arc::new(self.tile(around, cancel));
        let below = Part::Made(backdrop.clone());
        let painted = self.painted(step, &below, around, coverage, cancel);
        Some(Sample {
            region,
            weights,
            painted: painted.kept(&backdrop),
            backdrop,
        })
    }

    /// The energy of a fine band under the masks of a tile, and its weight.
    fn energy(&self, step: &Step, sample: &Sample, what: What) -> (f64, f64) {
        let band = match what {
            What::Below => self.fine_band(&sample.backdrop, sample.region),
            What::Original => {
                let around = sample.backdrop.region();
                let tile = self.original.as_ref().map(|it| it.tile(around));
                let tile = tile.as_ref().unwrap_or(&sample.backdrop);
                self.fine_band(tile, sample.region)
            }
            What::Result(factor) => {
                let mut result = sample.painted.over(step, &sample.backdrop, factor as f32);
                self.as_stored(&mut result);
                self.fine_band(&result, sample.region)
            }
        };
        weighted(&band, &sample.weights)
    }

    /// A tile as it will be written: strong texture loses its peaks in shadows and highlights, and rounding adds some.
    fn as_stored(&self, tile: &mut Tile) {
        let levels = (self.picture().depth() == Depth::Eight).then_some(255.0);
        for plane in tile.planes_mut() {
            let samples = plane.samples_mut();
            wide!({
                match levels {
                    Some(levels) => {
                        for it in samples {
                            *it = (it.clamp(0.0, 1.0) * levels + 0.5).floor() / levels;
                        }
                    }
                    None => samples.iter_mut().for_each(|it| *it = it.clamp(0.0, 1.0)),
                }
            });
        }
    }

    /// What the result is compared with, and whose it is.
    fn reference(
        &self,
        step: &Step,
        tiles: &[Region],
        graft: Option<&Graft>,
    ) -> Option<(Reference, &'static str)> {
        if self.original.is_some() {
            return Some((Reference::Original, "the original"));
        }
        let own_skin = self.own_skin(step, tiles).or_else(|| self.own_patches());
        if let Some(energy) = own_skin {
            return Some((Reference::Energy(energy), "the picture's own skin"));
        }
        let graft = graft?;
        let donor = self.inputs.donor(graft).ok()?;
        let as_pattern = Graft {
            radius: FINE,
            tiling: Tiling::Pattern,
            ..graft.clone()
        };
        let texture = GraftTexture::take(&as_pattern, &donor).ok()?;
        let energy = Reference::Energy(mean_square(texture.detail()));
        Some((energy, "the donor"))
    }

    /// The energy of all the picture's skin that no AI made smooth, outside the step's masks if there is some; `None` where
    /// there is little of it.
    fn own_skin(&self, step: &Step, tiles: &[Region]) -> Option<f64> {
        let (picture, cancel) = (self.picture(), &self.inputs.cancel);
        let sources = MaskSources::alone(picture, &self.inputs.findings.masks);
        let usual = Masks::default();
        if usual.missing(MaskName::Skin, &sources).is_some() {
            return None;
        }
        usual.prepare(MaskName::Smoothed, &sources, cancel);
        // All skin, what of it is unspoiled, and what of that lies outside.
        let of_tile = |region: &Region| -> [(f64, f64); 3] {
            let skin = usual.coverage(MaskName::Skin, &sources, *region, cancel);
            if skin.samples().iter().all(|it| *it == 0.0) {
                return [(0.0, 0.0); 3];
            }
            let smoothed = usual.coverage(MaskName::Smoothed, &sources, *region, cancel);
            let unspoiled = smoothed.zip_map(&skin, |smoothed, skin| skin * (1.0 - smoothed));
            let covered = MaskCache::new(self, cancel).product(&step.masks, *region);
            let outside = match &covered {
                Some(covered) => covered.as_ref().clone().map(|it| 1.0 - it),
                None => Plane::filled(region.width, region.height, 0.0),
            };
            let outside = outside.zip_map(&unspoiled, |outside, it| outside * it);
            let around = region.expanded(HighPass::new(FINE).halo(), &picture.bounds());
            let band = self.fine_band(&picture.tile(around), *region);
            [&skin, &unspoiled, &outside].map(|it| weighted(&band, it))
        };
        let [skin, unspoiled, outside] = sums(tiles, of_tile);
        if unspoiled.1 < ENOUGH.max(UNSPOILED * skin.1) {
            return None;
        }
        let taken = match outside.1 >= ENOUGH {
            true => outside,
            false => unspoiled,
        };
        Some(mean(taken))
    }

    /// The energy of the picture's best patches that no AI made smooth.
    fn own_patches(&self) -> Option<f64> {
        let picture = self.picture();
        let patches = self.inputs.patches(&Graft::default()).ok()?;
        let unspoiled: Vec<f64> = patches
            .iter()
            .map(region_of)
            .filter(|region| self.spoiled(picture, *region) < SPOILED)
            .map(|region| {
                let around = region.expanded(HighPass::new(FINE).halo(), &picture.bounds());
                mean_square(&self.fine_band(&picture.tile(around), region))
            })
            .collect();
        let count = unspoiled.len() as f64;
        (count > 0.0).then(|| unspoiled.iter().sum::<f64>() / count)
    }

    /// The share of a region that looks smoothed by itself.
    fn spoiled(&self, picture: &Image, region: Region) -> f32 {
        let sources = MaskSources::alone(picture, &self.inputs.findings.masks);
        let smoothed = Smoothed::default();
        let coverage = smoothed.coverage(&sources, region);
        coverage.samples().iter().sum::<f32>() / coverage.samples().len() as f32
    }

    /// The fine band of a tile's luma in a region inside it.
    fn fine_band(&self, tile: &Tile, region: Region) -> Plane {
        let bounds = self.picture().bounds();
        let (high_pass, cancel) = (HighPass::new(FINE), Cancel::default());
        high_pass.detail(&tile.luma(), tile.region(), region, bounds, &cancel)
    }
}

/// A tile that is measured: what lies below the layer, what the layer paints at 100 %, and where it
/// counts.
struct Sample {
    region: Region,
    weights: Plane,
    backdrop: Arc<Tile>,
    painted: Kept,
}

/// What is measured of a tile.
#[derive(Clone, Copy)]
enum What {
    /// What lies below the layer.
    Below,
    /// The original.
    Original,
    /// What the layer makes of it, at a strength.
    Result(f64),
}

/// What a result is compared with.
enum Reference {
    /// The original in the same places.
    Original,
    /// So much energy.
    Energy(f64),
}

/// The strength at which an energy that is `none` without the layer becomes `wanted`, and what it becomes.
fn stronger(energy: &impl Fn(f64) -> f64, none: f64, wanted: f64) -> (f64, f64) {
    let (mut below, mut above) = ((0.0, none), (1.0, energy(1.0)));
    while above.1 < wanted {
        if above.0 == MOST {
            return above;
        }
        let more = (2.0 * above.0).min(MOST);
        (below, above) = (above, (more, energy(more)));
    }
    // False position; an end that stays again counts half, or it would stay for long (the Illinois method).
    let (mut low, mut high) = (below.1 - wanted, above.1 - wanted);
    let (mut best, mut moved_up) = (above, None);
    for _ in 0..TRIES {
        if decibels(best.1 / wanted).abs() < 0.1 * CLOSE || high <= low {
            break;
        }
        let factor = below.0 + (above.0 - below.0) * -low / (high - low);
        best = (factor, energy(factor));
        let off = best.1 - wanted;
        let again = moved_up == Some(off < 0.0);
        let stays = if again { 0.5 } else { 1.0 };
        moved_up = Some(off < 0.0);
        if off < 0.0 {
            (below, low, high) = (best, off, stays * high);
        } else {
            (above, high, low) = (best, off, stays * low);
        }
    }
    best
}

/// The sum of a band's squares, each pixel by its weight, and of the weights.
fn weighted(band: &Plane, weights: &Plane) -> (f64, f64) {
    let pairs = band.samples().iter().zip(weights.samples());
    pairs.fold((0.0, 0.0), |(energy, weight), (it, w)| {
        let (it, w) = (f64::from(*it), f64::from(*w));
        (energy + w * it * it, weight + w)
    })
}

/// What is added up over tiles, in their order, which threads do not change.
fn sums<T: Sync, const N: usize>(
    tiles: &[T],
    of: impl Fn(&T) -> [(f64, f64); N] + Sync + Send,
) -> [(f64, f64); N] {
    let each: Vec<[(f64, f64); N]> = tiles.par_iter().map(of).collect();
    let none = [(0.0, 0.0); N];
    each.iter().fold(none, |sums, it| {
        core::array::from_fn(|i| add(sums[i], it[i]))
    })
}

fn add((a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    (a + c, b + d)
}

fn mean((sum, weight): (f64, f64)) -> f64 {
    sum / weight
}

fn mean_square(plane: &Plane) -> f64 {
    let squares = plane.samples().iter().map(|it| f64::from(it * it));
    squares.sum::<f64>() / plane.samples().len() as f64
}

fn decibels(ratio: f64) -> f64 {
    10.0 * libm::log10(ratio)
}

fn region_of(patch: &Rectangle) -> Region {
    let [x, y, width, height] = [patch.x, patch.y, patch.width, patch.height].map(|it| it as usize);
    Region::new(x, y, width, height)
}

fn inside(plane: &Plane, region: Region, part: Region) -> Plane {
    plane.crop(part.seen_from(&region))
}
