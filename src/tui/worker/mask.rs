//! Where a layer paints: what its masks cover, in red over the picture.

use crate::engine::raster::{Plane, Region, Tile};
use crate::engine::render::{Cancel, Cancelled, Plan};

/// How strong the red is where the coverage is 1.
const RED: f32 = 0.6;

/// What a layer covers of a view.
pub(super) enum Covered {
    /// All of it: it has no masks.
    Everywhere,
    /// As much as its masks say.
    By(Plane),
    /// Nothing, for a reason that a person should know.
    Nothing(String),
}

impl Covered {
    /// What a layer covers of a region that is scaled down to a size.
    pub(super) fn of(
        plan: &Plan,
        layer: usize,
        (region, size): (Region, (usize, usize)),
        cancel: &Cancel,
    ) -> Result<Self, Cancelled> {
        let recipe = plan.resolved();
        if let Some(skipped) = plan.skipped().iter().find(|it| it.layer == layer) {
            return Ok(Self::Nothing(skipped.to_string()));
        }
        let Some(selected) = recipe.layers.get(layer) else {
            return Ok(Self::Nothing("there is no layer".to_string()));
        };
        let label = recipe.layer_label(layer);
        if !selected.enabled {
            return Ok(Self::Nothing(format!("{label} is off: it paints nowhere")));
        }
        let coverage = plan.coverage_reduced(layer, region, size, cancel)?;
        Ok(match coverage {
            None => Self::Everywhere,
            Some(it) if it.samples().iter().all(|it| *it == 0.0) => Self::Nothing(format!(
                "{label} paints nothing here: its masks are empty in all that is shown"
            )),
            Some(it) => Self::By(it),
        })
    }

    /// The picture with what is covered in red.
    pub(super) fn over(&self, picture: &Tile) -> Tile {
        let mut composed = picture.clone().with_channels(3);
        for (channel, plane) in composed.planes_mut().iter_mut().enumerate() {
            let red = if channel == 0 { 1.0 } else { 0.0 };
            for (i, sample) in plane.samples_mut().iter_mut().enumerate() {
                let coverage = match self {
                    Self::Everywhere => 1.0,
                    Self::By(coverage) => coverage.samples()[i],
                    Self::Nothing(_) => 0.0,
                };
                *sample += RED * coverage * (red - *sample);
            }
        }
        composed
    }

    /// Why nothing is covered, where nothing is.
    pub(super) fn why_nothing(self) -> Option<String> {
        match self {
            Self::Nothing(why) => Some(why),
            Self::Everywhere | Self::By(_) => None,
        }
    }
}
