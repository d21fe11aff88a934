//! The texture meter on a picture, its original and what a recipe makes of it.

use std::sync::Arc;

use super::{Cancel, Inputs, Plan};
use crate::engine::masks::MaskName;
use crate::engine::meter::{Reading, Subject, Values, halo, repetition};
use crate::engine::operations::Align;
use crate::engine::original::{Alignment, Original};
use crate::engine::raster::{Image, Plane, Region};
use crate::engine::recipe::{Kind, Layer, Recipe};

/// A mask that covers less than this share of the picture is not measured in: what it found is no face.
const LEAST_SKIN: f64 = 0.005;

/// The longest side of the copy that tells how much of a picture a mask covers.
const GLANCE: usize = 256;

/// What the meter found about a picture.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The mask that was measured in; `None` where that is the whole picture.
    pub mask: Option<MaskName>,
    /// How the original was found to lie to the picture.
    pub alignment: Option<Arc<Alignment>>,
    /// How many spots the AI removed; `None` without an original that lies over the picture.
    pub spots: Option<usize>,
    /// The picture against its original.
    pub picture: Reading,
    /// What a recipe makes of it against the original.
    pub result: Option<Reading>,
    /// What a person should know.
    pub notes: Vec<String>,
}

/// The recipe that reads what an inspection in a mask needs: the `file` mask is made from `path`.
pub fn inspection_recipe(path: Option<&str>) -> Recipe {
    let mut recipe = Recipe::standard();
    let mut layer = Layer::new(Kind::Noise);
    layer.masks = vec![path.map_or(MaskName::Skin, |_| MaskName::File)];
    recipe.layers = vec![layer];
    recipe.masks.file.path = path.unwrap_or_default().to_string();
    recipe
}

/// The mask that the plan of an [`inspection_recipe`] measures in: `Some(None)` is the whole picture, where the mask
/// covers too little. `None` when cancelled.
pub(super) fn measured_in(plan: &Plan, cancel: &Cancel) -> Option<Option<MaskName>> {
    let wanted = plan.resolved().layers[0].masks[0];
    Some(plan.covers_enough(cancel)?.then_some(wanted))
}

impl Inspection {
    /// Measures a picture in the mask of `recipe`, which is an [`inspection_recipe`]; `result` is the picture with
    /// its texture restored. `None` when it is cancelled.
    ///
    /// The original is brought onto the picture first; pixels where it does not show the same do not count.
    pub fn take(
        inputs: &Inputs,
        recipe: &Recipe,
        result: Option<&Image>,
        cancel: &Cancel,
    ) -> Option<Self> {
        let mut notes = Vec::new();
        let original = inputs.original_to_compare(&mut notes);
        let plan = Plan::new(recipe, inputs.clone());
        let mask = measured_in(&plan, cancel)?;
        // That nothing is skin is no news; a file that masks nothing is.
        if mask.is_none() && recipe.layers[0].masks[0] == MaskName::File {
            notes.push("the mask covers next to nothing; all of the picture counts".to_string());
        }
        let coverage = |region: Region| {
            let all = || Plane::filled(region.width, region.height, 1.0);
            let masked = mask.and_then(|_| plan.coverage(0, region, cancel));
            let masked = masked.unwrap_or_else(all);
            match original.as_ref().and_then(|it| it.confidence(region)) {
                Some(sure) => masked.zip_map(&sure, |it, sure| if sure >= 0.5 { it } else { 0.0 }),
                None => masked,
            }
        };
        let reference = original
            .as_ref()
            .map(|it| move |region: Region| it.tile(region).luma());
        let reference = reference.as_ref().map(|it| it as Values);
        let read = |image: &Image| {
            let luma = |region: Region| image.tile(region).luma();
            let subject = Subject {
                bounds: image.bounds(),
                luma: &luma,
                reference,
                coverage: &coverage,
            };
            Reading::take(&subject, cancel)
        };
        let before = |region: Region| inputs.picture.tile(region).luma();
        let mut picture = read(&inputs.picture)?;
        let bounds = inputs.picture.bounds();
        picture.halo = reference.and_then(|it| halo(&before, &[it], bounds, cancel));
        let result = match result {
            Some(image) => {
                let after = |region: Region| image.tile(region).luma();
                let others: Vec<Values> =
                    [&before as Values].into_iter().chain(reference).collect();
                let added = Subject {
                    bounds,
                    luma: &after,
                    reference: Some(&before),
                    coverage: &coverage,
                };
                Some(Reading {
                    halo: halo(&after, &others, bounds, cancel),
                    repetition: repetition(&added, cancel),
                    ..read(image)?
                })
            }
            None => None,
        };
        if cancel.is_cancelled() {
            return None;
        }
        // Spots are told where the original could be laid over the picture.
        let align = match (inputs.alignment(), &original) {
            (Some(Err(_)), Some(_)) => Align::Off,
            _ => Align::Auto,
        };
        Some(Self {
            mask,
            spots: original.as_ref().map(|_| inputs.spots(align).len()),
            alignment: inputs.alignment().and_then(Result::ok),
            picture,
            result,
            notes,
        })
    }

    /// What counts: the result where there is one, else the picture.
    pub fn last(&self) -> &Reading {
        self.result.as_ref().unwrap_or(&self.picture)
    }
}

impl Inputs {
    /// The original brought onto the picture, or else as it lies where the sizes allow that; what a person should know
    /// of it is added to `notes`.
    pub fn original_to_compare(&self, notes: &mut Vec<String>) -> Option<Original> {
        self.original.as_ref()?;
        match self.aligned_original() {
            Ok(original) => {
                notes.extend(original.alignment().and_then(Alignment::words));
                Some(original)
            }
            Err(reason) => {
                let as_it_lies = self.original_as_it_lies().ok();
                notes.push(match as_it_lies {
                    Some(_) => format!("{reason}; compared pixel by pixel"),
                    None => format!("{reason}; not compared"),
                });
                as_it_lies
            }
        }
    }
}

impl Plan {
    /// Whether the masks of the first layer are there and cover enough to measure in; `None` when cancelled.
    fn covers_enough(&self, cancel: &Cancel) -> Option<bool> {
        let bounds = self.picture().bounds();
        let longest = bounds.width.max(bounds.height);
        let glance = |side: usize| (side * GLANCE.min(longest)).div_ceil(longest);
        let size = (glance(bounds.width), glance(bounds.height));
        let Some(coverage) = self.coverage_reduced(0, bounds, size, cancel).ok()? else {
            return Some(false);
        };
        let samples = coverage.samples();
        let sum: f64 = samples.iter().map(|it| f64::from(*it)).sum();
        Some(sum / samples.len() as f64 >= LEAST_SKIN)
    }
}
