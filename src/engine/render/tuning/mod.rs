//! `repore match`: the recipe whose result has the fine detail of a reference, which may show something else.
//!
//! What counts is the typical energy of each band (see [`meter::typical`]), of the result as it would be stored. The
//! layers are rendered on blocks of the picture that chance picks, what they would make at other settings is told by a
//! model, and the best of that is rendered again until it stays the same. So the gain of a blend mode by tone, rounding
//! and the texture that the picture has itself are all in what is compared.
//!
//! A reference that shows the same may be the picture with something added, as grain: what it has more is then compared
//! with what the layers add (see `is_addition`).

mod additions;
mod model;
mod places;

use std::sync::Arc;

use rayon::prelude::*;

use self::additions::{Channels, is_addition, rounding, survived};
use self::model::{Dials, Energies, Filter, Measured, Scale, Wanted, closest, decibels};
use self::places::{Place, Places};
use super::{Cancel, Inputs, Plan, Skipped};
use crate::engine::masks::MaskName;
use crate::engine::meter::{
    BANDS, CELL, Cell, OCTAVES, Octave, Profiler, Weights, alike, smoothest, typical,
};
use crate::engine::operations::Graft;
use crate::engine::operations::parameter::Strength;
use crate::engine::raster::{Depth, Image, Plane, Region, Tile, store};
use crate::engine::recipe::{Operation, Recipe};

/// Settings are improved until none changes by more than this share, or so many times.
const STEADY: f64 = 0.005;
const TRIES: usize = 12;

/// A further layer is worth it when it brings the result closer by this much, in decibels, and share.
const WORTH: f64 = 0.25;
const WORTH_SHARE: f64 = 0.2;

/// Simpler recipes this much farther away, in decibels, are preferred.
const CLOSE: f64 = 0.3;

/// How far a band may be off for reasons that more pixels do not mend.
const DOUBT: f64 = 0.02;

/// What a recipe is tuned to.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The picture.
    pub picture: Arc<Image>,
    /// The part of it that counts; `None` is its skin, or all where none is found.
    pub patch: Option<Region>,
}

impl Reference {
    /// What a picture is tuned to where no other reference is named, and what that is: its original, else its own
    /// unspoiled skin, else the donor of a graft of its recipe.
    pub fn own(inputs: &Inputs, recipe: &Recipe) -> Option<(Self, &'static str)> {
        if let Some(original) = &inputs.original {
            let picture = original.clone();
            return Some((
                Self {
                    picture,
                    patch: None,
                },
                "the original",
            ));
        }
        let grafts = recipe.layers.iter().filter_map(|it| match &it.operation {
            Operation::Graft(graft) if it.enabled => Some(graft.clone()),
            _ => None,
        });
        let own = (Graft::default(), "the picture's own skin");
        let donors = grafts.map(|it| (it, "the donor"));
        std::iter::once(own)
            .chain(donors)
            .find_map(|(graft, whose)| {
                let picture = inputs.donor(&graft).ok()?;
                let found = || inputs.patches(&graft).ok()?.first().copied();
                let patch = graft.patch.or_else(found)?;
                let [x, y, width, height] =
                    [patch.x, patch.y, patch.width, patch.height].map(|it| it as usize);
                let patch = Some(Region::new(x, y, width, height));
                Some((Self { picture, patch }, whose))
            })
    }
}

/// What may become of the recipe that the search begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freedom {
    /// Layers that are of no use are switched off.
    Tune,
    /// Layers that are of no use are left out, and masks that cover nothing are taken off.
    Choose,
}

/// A recipe that was found.
#[derive(Clone, Debug)]
pub struct Tuned {
    /// The recipe.
    pub recipe: Recipe,
    /// Its result by octaves against the reference: typical rms, in levels of 255.
    pub octaves: Vec<Octave>,
    /// How far the two are apart, in decibels: the root mean square over the bands, each as sure as it is.
    pub difference: f64,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// Why no recipe was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Untuned {
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
    /// No layer can be tuned.
    #[error("the recipe has no texture, graft or noise that applies{0}")]
    NoLayer(String),
    /// The masks leave nothing to measure.
    #[error("the masks of its layers cover nothing of the picture")]
    NoPlace,
    /// The reference leaves nothing to measure.
    #[error("the reference is too small, or the patch is not inside it")]
    NoReference,
}

/// Finds the settings of a recipe's texture, graft and noise layers at which the picture's result comes closest to a
/// reference.
///
/// # Errors
/// When there is nothing to tune or to measure, or it is cancelled.
pub fn tune(
    recipe: &Recipe,
    inputs: &Inputs,
    reference: &Reference,
    freedom: Freedom,
    cancel: &Cancel,
) -> Result<Tuned, Untuned> {
    let search = Search::new(recipe, inputs, reference, freedom, cancel)?;
    search.run()
}

/// Layers and their settings, and what they come to.
#[derive(Clone, Debug)]
struct Try {
    /// Positions in the recipe.
    layers: Vec<usize>,
    dials: Vec<Dials>,
    result: Outcome,
    /// In decibels.
    difference: f64,
}

/// What was measured of a picture.
#[derive(Clone, Copy, Debug, Default)]
struct Outcome {
    /// Its energies.
    all: Energies,
    /// What is compared: the same, or those of what it has more than the picture.
    compared: Energies,
}

/// What is measured of a render.
#[derive(Clone, Copy)]
enum Subject {
    /// As it is stored.
    Result,
    /// What that has more than the picture.
    More,
    /// The same before it is rounded.
    Added,
}

impl Outcome {
    fn new(all: Energies, added: Option<Energies>) -> Self {
        let rounded = |added: Energies| core::array::from_fn(|it| added[it] + rounding(it));
        Self {
            all,
            compared: added.map_or(all, rounded),
        }
    }
}

struct Search<'a> {
    /// With patches filled in.
    recipe: Recipe,
    inputs: &'a Inputs,
    profiler: Profiler,
    places: Places,
    /// How much each of the picture's cells counts.
    cells: Vec<Weights>,
    reference: Outcome,
    /// Whether what was added is compared, not the whole.
    compares_additions: bool,
    /// Whether what the reference has more differs from channel to channel.
    grain_in_colours: bool,
    /// How sure each band is.
    weights: Energies,
    /// As deep as the reference is stored.
    depth: Depth,
    /// Layers that can be tuned.
    layers: Vec<usize>,
    freedom: Freedom,
    notes: Vec<String>,
    cancel: &'a Cancel,
}

impl<'a> Search<'a> {
    fn new(
        recipe: &Recipe,
        inputs: &'a Inputs,
        reference: &Reference,
        freedom: Freedom,
        cancel: &'a Cancel,
    ) -> Result<Self, Untuned> {
        let plan = Plan::new(recipe, inputs.clone());
        let mut recipe = plan.resolved().clone();
        let applies = |index: &usize| !plan.skipped().iter().any(|it| it.layer == *index);
        let tunable = |index: &usize| {
            let layer = &recipe.layers[*index];
            layer.enabled && layer.opacity > 0.0 && dials(&layer.operation).is_some()
        };
        let layers: Vec<usize> = (0..recipe.layers.len())
            .filter(tunable)
            .filter(applies)
            .collect();
        if layers.is_empty() {
            let reasons = plan.skipped().iter().map(Skipped::to_string);
            let reasons: Vec<String> = reasons.collect();
            let reasons = reasons.join("; ");
            return Err(Untuned::NoLayer(match reasons.is_empty() {
                true => reasons,
                false => format!(" ({reasons})"),
            }));
        }
        let mut notes = Vec::new();
        let mut places = Places::of_layers(&plan, &layers, inputs, cancel);
        if places.blocks.is_empty() && freedom == Freedom::Choose {
            for index in &layers {
                recipe.layers[*index]
                    .masks
                    .retain(|it| *it == MaskName::File);
            }
            let plan = Plan::new(&recipe, inputs.clone());
            places = Places::of_layers(&plan, &layers, inputs, cancel);
            notes.push("the masks cover next to nothing and were taken off".to_string());
        }
        let mut search = Self {
            recipe,
            inputs,
            profiler: Profiler::default(),
            places,
            cells: Vec::new(),
            reference: Outcome::default(),
            compares_additions: false,
            grain_in_colours: false,
            weights: Energies::default(),
            depth: reference.picture.depth(),
            layers,
            freedom,
            notes,
            cancel,
        };
        search.compare(reference)?;
        Ok(search)
    }

    /// Measures the reference, and finds out which cells of both count.
    fn compare(&mut self, reference: &Reference) -> Result<(), Untuned> {
        let picture = &self.inputs.picture;
        let bounds = picture.bounds();
        let own = self.measured(&self.places.blocks, bounds, |region| {
            let luma = picture.tile(region).luma();
            [luma.clone(), luma]
        });
        let own = own.ok_or(Untuned::Cancelled)?;
        if own.is_empty() {
            return Err(Untuned::NoPlace);
        }
        let same = reference.patch.is_none() && places::same_scene(picture, &reference.picture);
        let places = match same {
            true => None,
            false => Some(Places::of_reference(reference, self.cancel)),
        };
        let blocks = places.as_ref().map_or(&self.places.blocks, |it| &it.blocks);
        let theirs = self.measured(blocks, reference.picture.bounds(), |region| {
            let luma = reference.picture.tile(region).luma();
            [luma.clone(), luma]
        });
        let theirs = theirs.ok_or(Untuned::Cancelled)?;
        if theirs.is_empty() {
            return Err(Untuned::NoReference);
        }
        let mut added = None;
        let [cells, weights] = if same {
            let more = self.measured(blocks, bounds, |region| {
                let [own, theirs] = [picture, &reference.picture].map(|it| it.tile(region).luma());
                let more = theirs.zip_map(&own, |theirs, own| theirs - own);
                [more, own]
            });
            let more = more.ok_or(Untuned::Cancelled)?;
            let weights = if is_addition(&theirs, &more) {
                // The picture's texture is not in the way, and every cell tells as much.
                let weights = survived(&more);
                added = Some(typical(&more, &weights, 0));
                weights
            } else {
                smoothest(&own)
            };
            [weights.clone(), weights]
        } else {
            alike(&own, &theirs)
        };
        self.compares_additions = added.is_some();
        if added.is_some() && Channels::of(picture, &reference.picture, blocks).differ() {
            self.grain_in_colours = true;
            if self.freedom == Freedom::Choose {
                for layer in &self.layers {
                    if let Operation::Noise(noise) = &mut self.recipe.layers[*layer].operation {
                        noise.monochromatic = false;
                    }
                }
            }
        }
        self.reference = Outcome::new(typical(&theirs, &weights, 0), added);
        let sure = |weights: &[Weights], band: usize| {
            let (sum, squares) = weights.iter().fold((0.0, 0.0), |(sum, squares), it| {
                (sum + it[band], squares + it[band] * it[band])
            });
            // As many cells as count, each as much as all others.
            (CELL * CELL) as f64 * sum * sum / squares
        };
        self.weights = core::array::from_fn(|band| {
            let (from, to) = BANDS[band];
            let pixels = sure(&cells, band).min(sure(&weights, band));
            // A band's energy is the mean of so many squares, of the picture and of the reference.
            let waves = pixels * core::f64::consts::PI * (from.powi(-2) - to.powi(-2));
            1.0 / (core::f64::consts::PI / waves.max(1.0) + DOUBT * DOUBT)
        });
        for (weight, energy) in self.weights.iter_mut().zip(self.reference.compared) {
            if energy < NOTHING {
                *weight = 0.0;
            }
        }
        if self.weights.iter().all(|it| *it == 0.0) {
            return Err(Untuned::NoReference);
        }
        self.cells = cells;
        Ok(())
    }

    /// The cells of blocks, of the two pictures that `pair` makes of a region; `None` when cancelled.
    fn measured(
        &self,
        blocks: &[Place],
        bounds: Region,
        pair: impl Fn(Region) -> [Plane; 2] + Sync,
    ) -> Option<Vec<Cell>> {
        let cells: Option<Vec<Vec<Cell>>> = blocks
            .par_iter()
            .map(|place| {
                let around = self.profiler.around(place.block, bounds);
                let [one, other] = pair(around);
                let cells =
                    self.profiler
                        .cells([&one, &other], (around, place.block), &place.coverage);
                (!self.cancel.is_cancelled()).then_some(cells)
            })
            .collect();
        Some(cells?.into_iter().flatten().collect())
    }

    fn run(mut self) -> Result<Tuned, Untuned> {
        let mut best: Option<Try> = None;
        for count in 1..=self.layers.len() {
            let earlier = best.as_ref().map_or(&[][..], |it| &it.layers).to_vec();
            if earlier.len() + 1 != count {
                break;
            }
            let others: Vec<usize> = self
                .layers
                .iter()
                .copied()
                .filter(|it| !earlier.contains(it))
                .collect();
            let mut tries = Vec::new();
            for layer in others {
                let mut layers = earlier.clone();
                layers.push(layer);
                layers.sort_unstable();
                tries.push(self.tuned(layers)?);
            }
            let nearest = tries
                .iter()
                .map(|it| it.difference)
                .fold(f64::INFINITY, f64::min);
            // Of those that come as close, the last in the recipe: presets go from true texture to noise, and noise
            // has no patch that may not suit.
            let next = tries
                .into_iter()
                .rev()
                .find(|it| it.difference <= nearest + CLOSE);
            let Some(next) = next else { break };
            let worth = best.as_ref().is_none_or(|best| {
                let gain = best.difference - next.difference;
                gain > WORTH && gain > WORTH_SHARE * best.difference
            });
            if !worth {
                break;
            }
            best = Some(next);
        }
        match best {
            Some(best) => Ok(self.finished(best)),
            None => Err(Untuned::NoPlace),
        }
    }

    /// The best settings of some layers.
    fn tuned(&self, layers: Vec<usize>) -> Result<Try, Untuned> {
        let scales = layers
            .iter()
            .filter_map(|it| dials(&self.recipe.layers[*it].operation));
        let (mut at, scales): (Vec<Dials>, Vec<Scale>) = scales.unzip();
        let mut best: Option<(Try, Vec<Dials>)> = None;
        for _ in 0..TRIES {
            let (result, added) = self.rendered(&layers, &at).ok_or(Untuned::Cancelled)?;
            let difference = self.difference(&result.compared);
            if best
                .as_ref()
                .is_none_or(|(best, _)| difference < best.difference)
            {
                let measured = scales.iter().zip(&at).zip(added);
                let measured: Vec<Measured> = measured
                    .map(|((scale, dials), added)| Measured {
                        scale: *scale,
                        dials: *dials,
                        added,
                    })
                    .collect();
                let wanted = Wanted {
                    reference: &self.reference.compared,
                    weights: &self.weights,
                    result: &result.compared,
                };
                let next = closest(&measured, &wanted);
                let layers = layers.clone();
                let dials = std::mem::replace(&mut at, next.clone());
                let better = Try {
                    layers,
                    dials,
                    result,
                    difference,
                };
                best = Some((better, next));
            } else if let Some((best, next)) = &mut best {
                // The model went too far.
                *next = between(&best.dials, next);
                at.clone_from(next);
            }
            let steady = |(best, _): &(Try, _)| best.dials.iter().zip(&at).all(is_steady);
            if best.as_ref().is_some_and(steady) {
                break;
            }
        }
        best.map(|(best, _)| best).ok_or(Untuned::NoPlace)
    }

    /// The energies of the result with these layers alone, and of what each of them adds; `None` when cancelled.
    fn rendered(&self, layers: &[usize], at: &[Dials]) -> Option<(Outcome, Vec<Energies>)> {
        let together = self.with(layers, at);
        let mut plans = vec![Plan::new(&together, self.inputs.clone())];
        if layers.len() > 1 {
            for (layer, dials) in layers.iter().zip(at) {
                let alone = self.with(&[*layer], &[*dials]);
                plans.push(Plan::new(&alone, self.inputs.clone()));
            }
        }
        let mut subjects = vec![(Subject::Result, 0)];
        subjects.extend(self.compares_additions.then_some((Subject::More, 0)));
        let first_alone = plans.len() - layers.len().max(1);
        subjects.extend((0..layers.len()).map(|it| (Subject::Added, first_alone + it)));
        let picture = &self.inputs.picture;
        let mut energies = Vec::new();
        // Two planes go through the transform at once.
        for pair in subjects.chunks(2) {
            let [(one, plan), (other, other_plan)] = [pair[0], pair[pair.len() - 1]];
            let cells = self.measured(&self.places.blocks, picture.bounds(), |region| {
                let own = picture.tile(region).luma();
                let tile = plans[plan].tile(region, self.cancel);
                let other_tile = match other_plan == plan {
                    true => tile.clone(),
                    false => plans[other_plan].tile(region, self.cancel),
                };
                [
                    self.seen(one, tile, &own),
                    self.seen(other, other_tile, &own),
                ]
            })?;
            energies.extend((0..pair.len()).map(|it| typical(&cells, &self.cells, it)));
        }
        let all = energies.remove(0);
        let more = self.compares_additions.then(|| energies.remove(0));
        Some((Outcome::new(all, more), energies))
    }

    /// What is measured of a rendered tile, over the luma of the picture there.
    fn seen(&self, subject: Subject, tile: Tile, own: &Plane) -> Plane {
        let luma = match subject {
            Subject::Result | Subject::More => self.stored(tile).luma(),
            Subject::Added => tile.luma(),
        };
        match subject {
            Subject::Result => luma,
            Subject::More | Subject::Added => luma.zip_map(own, |it, own| it - own),
        }
    }

    /// A tile as it will be stored.
    fn stored(&self, mut tile: Tile) -> Tile {
        let store = |it: f32| match self.depth {
            Depth::Eight => f32::from(store::to_eight(it)) / 255.0,
            Depth::Sixteen => f32::from(store::to_sixteen(it)) / 65_535.0,
            Depth::Float => store::to_float(it),
        };
        for plane in tile.planes_mut() {
            for sample in plane.samples_mut() {
                *sample = store(*sample);
            }
        }
        tile
    }

    /// The recipe with these layers alone, and their dials turned so.
    fn with(&self, layers: &[usize], at: &[Dials]) -> Recipe {
        let mut recipe = self.recipe.clone();
        for (i, layer) in recipe.layers.iter_mut().enumerate() {
            layer.enabled = layers.contains(&i);
        }
        for (layer, dials) in layers.iter().zip(at) {
            turn(&mut recipe.layers[*layer].operation, dials);
        }
        recipe
    }

    fn difference(&self, result: &Energies) -> f64 {
        let bands = result
            .iter()
            .zip(&self.reference.compared)
            .zip(&self.weights);
        let bands = bands.filter(|(_, weight)| **weight > 0.0);
        let (sum, weights) = bands.fold((0.0, 0.0), |(sum, all), ((result, reference), weight)| {
            let miss = decibels(result.max(NOTHING), *reference);
            (sum + weight * miss * miss, all + weight)
        });
        (sum / weights).sqrt()
    }

    fn finished(&mut self, best: Try) -> Tuned {
        let mut recipe = self.with(&best.layers, &best.dials);
        if self.freedom == Freedom::Choose {
            recipe.layers.retain(|it| it.enabled);
            recipe.masks = recipe.masks.only(&recipe.used_masks());
        } else {
            // Layers that were off, or are of another kind, stay as they were.
            for (i, layer) in recipe.layers.iter_mut().enumerate() {
                if !self.layers.contains(&i) {
                    layer.enabled = self.recipe.layers[i].enabled;
                }
            }
        }
        if self.grain_in_colours {
            let told = told_of_grain(&recipe);
            self.notes.extend(told.map(str::to_string));
        }
        let rms = |energies: &Energies, (from, to): (f64, f64)| {
            let inside = BANDS.iter().zip(energies);
            let inside = inside.filter(|((a, b), _)| *a >= from - 0.01 && *b <= to + 0.01);
            255.0 * inside.map(|(_, energy)| energy).sum::<f64>().sqrt()
        };
        let octave = |(from_px, to_px)| Octave {
            from_px,
            to_px,
            rms: Some(rms(&best.result.all, (from_px, to_px))),
            reference_rms: Some(rms(&self.reference.all, (from_px, to_px))),
            coherent: None,
        };
        Tuned {
            recipe,
            octaves: OCTAVES.into_iter().map(octave).collect(),
            difference: best.difference,
            notes: std::mem::take(&mut self.notes),
        }
    }
}

/// What is to be said of the noise of a recipe whose reference has grain that differs from channel to channel.
fn told_of_grain(recipe: &Recipe) -> Option<&'static str> {
    let mut noises = recipe.layers.iter().filter(|it| it.enabled);
    let is_monochromatic = noises.find_map(|it| match &it.operation {
        Operation::Noise(noise) => Some(noise.monochromatic),
        _ => None,
    })?;
    Some(if is_monochromatic {
        "the grain of the reference differs from channel to channel; with monochromatic = false the noise would as well"
    } else {
        "the grain of the reference differs from channel to channel, and so does the noise"
    })
}

/// An energy of less is nothing: a thousandth of a level.
const NOTHING: f64 = 1.5e-11;

/// Whether two settings are as good as the same.
fn is_steady((one, other): (&Dials, &Dials)) -> bool {
    let amount = (one.amount - other.amount).abs() <= STEADY * one.amount.max(other.amount);
    let radius = one.radius.max(other.radius).max(0.3);
    amount && (one.radius - other.radius).abs() <= STEADY * radius
}

/// Halfway from some settings to others.
fn between(ones: &[Dials], others: &[Dials]) -> Vec<Dials> {
    let middle = |(one, other): (&Dials, &Dials)| Dials {
        amount: (one.amount * other.amount).sqrt(),
        radius: 0.5 * (one.radius + other.radius),
    };
    ones.iter().zip(others).map(middle).collect()
}

/// Where the search for an operation's settings begins, and what is tried.
fn dials(operation: &Operation) -> Option<(Dials, Scale)> {
    match operation {
        Operation::Noise(_) => Some((
            Dials {
                amount: 3.0,
                radius: 0.5,
            },
            Scale {
                filter: Filter::Low,
                radius: (0.0, 5.0),
                amount: (0.01, 100.0),
            },
        )),
        Operation::Graft(_) => Some((
            Dials {
                amount: 100.0,
                radius: 2.0,
            },
            Scale {
                filter: Filter::High,
                radius: (0.5, 12.0),
                amount: (0.5, 1000.0),
            },
        )),
        Operation::Texture(_) => Some((
            Dials {
                amount: 100.0,
                radius: 6.0,
            },
            Scale {
                filter: Filter::High,
                radius: (1.0, 24.0),
                amount: (0.5, 300.0),
            },
        )),
        Operation::Picture(_) => None,
    }
}

/// Sets what was found, as exactly as a person would write it.
fn turn(operation: &mut Operation, dials: &Dials) {
    let (amount, radius) = (
        rounded(dials.amount),
        (dials.radius * 100.0).round() / 100.0,
    );
    match operation {
        Operation::Noise(it) => {
            (it.amount, it.blur) = (amount, radius);
            it.strength = Strength::Percent(100.0);
        }
        Operation::Graft(it) => {
            (it.strength, it.radius) = (Strength::Percent(amount), radius);
        }
        Operation::Texture(it) => (it.amount, it.radius) = (amount, radius),
        Operation::Picture(_) => {}
    }
}

/// To three digits.
fn rounded(value: f64) -> f64 {
    let step = libm::pow(10.0, libm::floor(libm::log10(value)) - 2.0);
    // Not the product, which has more digits than were asked for.
    (value / step).round() / (1.0 / step).round().max(1.0) * step.max(1.0)
}
