//! Where a picture and a reference are measured.

use rayon::prelude::*;

use super::Reference;
use crate::engine::masks::MaskName;
use crate::engine::meter::blocks_of;
use crate::engine::operations::Random;
use crate::engine::raster::{Image, Plane, Region};
use crate::engine::render::inspection::measured_in;
use crate::engine::render::{Cancel, Inputs, Plan, inspection_recipe};

/// Blocks that are measured at most, and that are looked at for them.
const MEASURED: usize = 32;
const LOOKED_AT: usize = 320;

/// Blocks that are looked at together.
const TOGETHER: usize = 16;

/// A block is measured if so much of it counts.
const COVERED: f32 = 0.25;

/// So few pixels of skin tell nothing sure.
const FEW: f32 = 16_384.0;

/// The side of the copies by which two pictures are told to show the same, and how well they have to go together.
const GLANCE: usize = 48;
const SAME: f64 = 0.97;

/// A block of a picture, and how much each of its pixels counts.
pub struct Place {
    pub block: Region,
    pub coverage: Plane,
}

/// The blocks of a picture that chance picks.
pub struct Places {
    pub blocks: Vec<Place>,
}

impl Places {
    /// Where all these layers paint, on skin if that can be told.
    pub fn of_layers(plan: &Plan, layers: &[usize], inputs: &Inputs, cancel: &Cancel) -> Self {
        let bounds = inputs.picture.bounds();
        let painted = |region: Region| {
            let coverages = layers
                .iter()
                .filter_map(|it| plan.coverage(*it, region, cancel));
            coverages.reduce(|one, other| one.zip_map(&other, f32::min))
        };
        let skin = Skin::new(inputs.clone(), cancel);
        let coverage = |region: Region| match (painted(region), skin.coverage(region, cancel)) {
            (Some(painted), Some(skin)) => Some(painted.zip_map(&skin, |a, b| a * b)),
            (painted, skin) => painted.or(skin),
        };
        let places = Self::picked(bounds, coverage);
        if places.pixels() < FEW && skin.plan.is_some() {
            return Self::picked(bounds, painted);
        }
        places
    }

    /// The reference's patch, or its skin, or all of it.
    pub fn of_reference(reference: &Reference, cancel: &Cancel) -> Self {
        let bounds = reference.picture.bounds();
        if let Some(patch) = reference.patch {
            return Self::picked(patch.within(&bounds), |_| None);
        }
        let skin = Skin::new(Inputs::alone(reference.picture.clone()), cancel);
        Self::picked(bounds, |region| skin.coverage(region, cancel))
    }

    fn pixels(&self) -> f32 {
        let samples = self.blocks.iter().flat_map(|it| it.coverage.samples());
        samples.sum()
    }

    fn picked(region: Region, coverage: impl Fn(Region) -> Option<Plane> + Sync) -> Self {
        let mut order: Vec<(usize, Region)> = blocks_of(region).into_iter().enumerate().collect();
        let random = Random::new(0, 0, 0).row(0);
        order.sort_by_key(|(i, _)| (random.bits(*i), *i));
        order.truncate(LOOKED_AT);
        let mut blocks = Vec::new();
        for some in order.chunks(TOGETHER) {
            let places = some.par_iter().map(|(_, block)| {
                let all = || Plane::filled(block.width, block.height, 1.0);
                Place {
                    block: *block,
                    coverage: coverage(*block).unwrap_or_else(all),
                }
            });
            let places: Vec<Place> = places.collect();
            blocks.extend(places.into_iter().filter(|it| {
                let samples = it.coverage.samples();
                samples.iter().sum::<f32>() >= COVERED * samples.len() as f32
            }));
            if blocks.len() >= MEASURED {
                break;
            }
        }
        blocks.truncate(MEASURED);
        Self { blocks }
    }
}

/// The skin of a picture, where it is found.
struct Skin {
    plan: Option<Plan>,
}

impl Skin {
    fn new(inputs: Inputs, cancel: &Cancel) -> Self {
        let plan = Plan::new(&inspection_recipe(None), inputs);
        let found = measured_in(&plan, cancel) == Some(Some(MaskName::Skin));
        Self {
            plan: found.then_some(plan),
        }
    }

    fn coverage(&self, region: Region, cancel: &Cancel) -> Option<Plane> {
        self.plan.as_ref()?.coverage(0, region, cancel)
    }
}

/// Whether two pictures of one size show the same, but for texture.
pub fn same_scene(one: &Image, other: &Image) -> bool {
    if one.bounds() != other.bounds() {
        return false;
    }
    let size = (GLANCE.min(one.width()), GLANCE.min(one.height()));
    let [one, other] = [one, other].map(|it| it.reduced(size).luma());
    let mean = |plane: &Plane| {
        let samples = plane.samples();
        samples.iter().map(|it| f64::from(*it)).sum::<f64>() / samples.len() as f64
    };
    let (a, b) = (mean(&one), mean(&other));
    let pairs = one.samples().iter().zip(other.samples());
    let (mut both, mut own, mut theirs, mut apart) = (0.0, 0.0, 0.0, 0.0);
    for (x, y) in pairs {
        let (x, y) = (f64::from(*x) - a, f64::from(*y) - b);
        both += x * y;
        own += x * x;
        theirs += y * y;
        apart += (x - y) * (x - y);
    }
    let pixels = (size.0 * size.1) as f64;
    // Two flat pictures go together as well.
    let flat = own / pixels < 1e-4 && apart / pixels < 1e-4 && (a - b).abs() < 0.02;
    flat || both > SAME * (own * theirs).sqrt()
}
