//! `strength = "match"`: the strength at which a layer's result has as much fine texture inside the
//! layer's mask as a reference has.
//!
//! It is measured on the result itself, with all layers below: on tiles of the picture that chance
//! picks where the mask covers, which is all of them in pictures of a few megapixels.

use std::sync::Arc;

use rayon::prelude::*;

use super::plan::{Plan, Step};
use super::stack::{Kept, MaskCache};
use crate::engine::masks::{MaskSources, Smoothed};
use crate::engine::operations::{Cancel, Graft, GraftTexture, HighPass, Random, Rectangle, Tiling};
use crate::engine::raster::{Image, Part, Plane, Region, Tile};

/// The fine band is what a Gaussian of this radius takes away, in pixels.
const FINE: f64 = 2.0;

/// Side of the tiles that are measured, in pixels.
const TILE: usize = 128;

/// Covered tiles that are measured at most, and tiles that are looked at for it.
const MEASURED: usize = 160;
const LOOKED_AT: usize = 640;

/// Tiles that are looked at together.
const TOGETHER: usize = 32;

/// The largest strength, 1 for 100 %.
const MOST: f64 = 10.0;

/// Skin of which more than this share is smoothed is no reference.
const SPOILED: f32 = 0.3;

/// A strength is improved until the energy is this close, in decibels, or so many times.
const CLOSE: f64 = 0.02;
const TRIES: usize = 12;

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
        let samples = self.samples(step);
        if samples.is_empty() {
            return unmatched("its masks cover nothing");
        }
        let Some((wanted, reference)) = self.reference(&samples, graft) else {
            return unmatched("there is neither an original nor unspoiled skin");
        };
        let energy = |factor: f64| self.energy(step, &samples, factor);
        let (none, full) = (energy(0.0), energy(1.0));
        if none >= wanted {
            return Match {
                percent: 0.0,
                remark: format!(
                    "strength 0 %: the picture has as much texture as {reference} there"
                ),
            };
        }
        if step.opacity == 0.0 || full <= none {
            return unmatched("the layer adds no texture");
        }
        // Energy grows with the square of the strength, nearly: what is missing says how much more.
        let (mut factor, mut found) = (1.0, full);
        for _ in 0..TRIES {
            if decibels(found / wanted).abs() < CLOSE || found <= none {
                break;
            }
            factor = (factor * ((wanted - none) / (found - none)).sqrt()).min(MOST);
            found = energy(factor);
        }
        let percent = (factor * 1000.0).round() / 10.0;
        let remark = if factor == MOST && decibels(found / wanted) < -0.5 {
            format!("strength {percent} % is the most there is and does not reach {reference}")
        } else {
            format!("strength {percent} % matches {reference}")
        };
        Match { percent, remark }
    }

    /// Tiles where the step's masks cover.
    fn samples(&self, step: &Step) -> Vec<Sample> {
        let bounds = self.picture().bounds();
        let columns = bounds.width.div_ceil(TILE);
        let tiles = columns * bounds.height.div_ceil(TILE);
        let random = Random::new(0, 0, 0).row(0);
        let mut order: Vec<usize> = (0..tiles).collect();
        order.sort_by_key(|it| (random.bits(*it), *it));
        order.truncate(LOOKED_AT);
        let mut samples = Vec::new();
        for some in order.chunks(TOGETHER) {
            let tiles = some.par_iter().filter_map(|tile| {
                let corner = (tile % columns * TILE, tile / columns * TILE);
                let region = Region::new(corner.0, corner.1, TILE, TILE).within(&bounds);
                self.sample(step, region)
            });
            samples.extend(tiles.collect::<Vec<_>>());
            if samples.len() >= MEASURED {
                break;
            }
        }
        samples
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
        if step.opacity == 0.0 {
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

    /// The mean energy of the result's fine band under the masks, at a strength.
    fn energy(&self, step: &Step, samples: &[Sample], factor: f64) -> f64 {
        weighted(samples, |sample| {
            let mut result = sample.painted.over(step, &sample.backdrop, factor as f32);
            // As it will be written: strong texture loses its peaks in shadows and highlights.
            for plane in result.planes_mut() {
                for it in plane.samples_mut() {
                    *it = it.clamp(0.0, 1.0);
                }
            }
            self.fine_band(&result, sample.region)
        })
    }

    /// The energy that is wanted, and whose it is.
    fn reference(&self, samples: &[Sample], graft: Option<&Graft>) -> Option<(f64, &'static str)> {
        if let Some(original) = &self.original {
            let energy = weighted(samples, |sample| {
                self.fine_band(&original.tile(sample.backdrop.region()), sample.region)
            });
            return Some((energy, "the original"));
        }
        if let Some(energy) = self.own_skin() {
            return Some((energy, "the picture's own skin"));
        }
        let graft = graft?;
        let donor = self.inputs.donor(graft).ok()?;
        let as_pattern = Graft {
            radius: FINE,
            tiling: Tiling::Pattern,
            ..graft.clone()
        };
        let texture = GraftTexture::take(&as_pattern, &donor).ok()?;
        Some((mean_square(texture.detail()), "the donor"))
    }

    /// The energy of the picture's best patches that no AI made smooth.
    fn own_skin(&self) -> Option<f64> {
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
        let sources = MaskSources {
            picture,
            original: None,
            file: None,
            found: &self.inputs.findings.masks,
        };
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

/// The mean square of a band over samples, each pixel by its weight.
fn weighted(samples: &[Sample], band: impl Fn(&Sample) -> Plane + Sync) -> f64 {
    // Summed up in the order of the samples, which threads do not change.
    let sums: Vec<(f64, f64)> = samples
        .par_iter()
        .map(|sample| {
            let band = band(sample);
            let pairs = band.samples().iter().zip(sample.weights.samples());
            pairs.fold((0.0, 0.0), |(energy, weight), (it, w)| {
                let (it, w) = (f64::from(*it), f64::from(*w));
                (energy + w * it * it, weight + w)
            })
        })
        .collect();
    let add = |(a, b): (f64, f64), (c, d): &(f64, f64)| (a + c, b + d);
    let (energy, weight) = sums.iter().fold((0.0, 0.0), add);
    energy / weight
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
