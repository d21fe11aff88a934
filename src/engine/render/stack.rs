//! One tile of the picture, taken through the whole stack of layers.

use std::sync::Arc;

use super::Cancel;
use super::plan::{Painter, Plan, Step};
use crate::engine::masks::MaskName;
use crate::engine::operations::NoisePlace;
use crate::engine::raster::{Plane, Region, Tile};

impl Plan {
    /// A region of the restored picture, which must lie inside it. Samples are not clamped.
    ///
    /// Once cancelled, what is returned is unfinished.
    pub fn tile(&self, region: Region, cancel: &Cancel) -> Tile {
        let touched = self.touched(region, cancel);
        touched.unwrap_or_else(|| self.inputs.picture.tile(region))
    }

    /// The same; `None` where no layer changes anything.
    pub(super) fn touched(&self, region: Region, cancel: &Cancel) -> Option<Tile> {
        let picture = &self.inputs.picture;
        let bounds = picture.bounds();
        if cancel.is_cancelled() {
            return None;
        }
        // A layer that reads its backdrop beyond the tile needs the layers below it there as well.
        let mut masks = MaskCache::new(self, cancel);
        let mut layers = Vec::new();
        let mut needed = region;
        for step in self.steps.iter().rev() {
            let coverage = masks.product(&step.masks, needed);
            if step.changes_something(coverage.as_deref()) {
                layers.push((step, needed, coverage));
                needed = needed.expanded(step.painter.halo(), &bounds);
            }
        }
        if layers.is_empty() {
            return None;
        }
        let mut tile = picture.tile(needed);
        for (step, to, coverage) in layers.into_iter().rev() {
            if cancel.is_cancelled() {
                break;
            }
            let painted = self.painted(step, &tile, to, coverage, cancel);
            tile = step.composite(tile.crop(to), &painted);
        }
        Some(tile.crop(region))
    }

    /// How far beyond a tile the stack reads the picture, in pixels.
    pub(super) fn halo(&self) -> usize {
        self.steps.iter().map(|it| it.painter.halo()).sum()
    }

    /// The coverage of the masks of one layer of the recipe, all multiplied, in a region; `None`
    /// where the layer has no masks, or does not apply.
    pub fn coverage(&self, layer: usize, region: Region, cancel: &Cancel) -> Option<Plane> {
        let step = self.steps.iter().find(|it| it.index == layer)?;
        let product = MaskCache::new(self, cancel).product(&step.masks, region);
        product.map(Arc::unwrap_or_clone)
    }

    /// What a step lays over its backdrop in a region, where its masks have this coverage.
    pub(super) fn painted(
        &self,
        step: &Step,
        backdrop: &Tile,
        to: Region,
        coverage: Option<Arc<Plane>>,
        cancel: &Cancel,
    ) -> Painted {
        let (sources, alpha) = self.sources(step, backdrop, to, cancel);
        let coverage = match (coverage, alpha) {
            (Some(coverage), Some(alpha)) => Some(Arc::new(alpha.zip_map(&coverage, |a, c| c * a))),
            (coverage, alpha) => coverage.or(alpha.map(Arc::new)),
        };
        Painted { sources, coverage }
    }

    /// What a layer paints: one plane for all channels or one for each, and its own alpha.
    fn sources(
        &self,
        step: &Step,
        backdrop: &Tile,
        to: Region,
        cancel: &Cancel,
    ) -> (Vec<Plane>, Option<Plane>) {
        let bounds = self.inputs.picture.bounds();
        let channels = backdrop.planes().len();
        match &step.painter {
            Painter::Texture {
                texture,
                original,
                lows,
            } => {
                let tile = |region| original.tile(region).with_channels(channels);
                let planes = match lows {
                    Some(lows) => {
                        let picture = &self.inputs.picture;
                        let source = |it| texture.separated(&picture.tile(it), tile(it));
                        let lows = lows.blur(to, channels, source, cancel);
                        texture.paint_with(backdrop, tile(to), lows)
                    }
                    None => {
                        let original = tile(backdrop.region());
                        texture.paint(backdrop, original, to, bounds, cancel)
                    }
                };
                (planes, original.confidence(to))
            }
            Painter::Graft { texture, factor } => {
                let place = (self.resolved().seed, step.index as u64);
                (vec![texture.paint(*factor, place, to, bounds)], None)
            }
            Painter::Noise { noise, factor } => {
                let place = NoisePlace {
                    seed: self.resolved().seed,
                    layer: step.index as u64,
                    channels,
                    bounds,
                    factor: *factor,
                };
                (noise.paint(place, to, cancel), None)
            }
            Painter::Picture { overlay, picture } => overlay.paint(picture, channels, to, bounds),
        }
    }
}

/// What a step lays over its backdrop.
pub(super) struct Painted {
    /// One plane for all channels, or one for each.
    sources: Vec<Plane>,
    coverage: Option<Arc<Plane>>,
}

impl Painted {
    /// The same with what differs from 50 % grey scaled, as another strength does.
    pub(super) fn scaled(&self, factor: f32) -> Painted {
        let sources = self.sources.iter().cloned();
        Painted {
            sources: sources
                .map(|it| it.map(|s| 0.5 + factor * (s - 0.5)))
                .collect(),
            coverage: self.coverage.clone(),
        }
    }
}

impl Step {
    /// Whether it changes anything where its masks have this coverage.
    pub(super) fn changes_something(&self, coverage: Option<&Plane>) -> bool {
        let covers = |it: &Plane| it.samples().iter().any(|sample| *sample != 0.0);
        self.opacity != 0.0 && coverage.is_none_or(covers)
    }

    /// Blends what the step paints over its backdrop, which has the same region.
    pub(super) fn composite(&self, mut backdrop: Tile, painted: &Painted) -> Tile {
        for (channel, plane) in backdrop.planes_mut().iter_mut().enumerate() {
            // A grey source serves all channels.
            let source = &painted.sources[channel.min(painted.sources.len() - 1)];
            let (coverage, opacity) = (painted.coverage.as_deref(), self.opacity);
            match self.painter {
                Painter::Picture { .. } => self
                    .blend
                    .composite_clamped(plane, source, coverage, opacity),
                _ => self.blend.composite(plane, source, coverage, opacity),
            }
        }
        backdrop
    }
}

impl Painter {
    /// How far beyond a tile it reads its backdrop, in pixels.
    fn halo(&self) -> usize {
        match self {
            Painter::Texture { lows: Some(_), .. } => 0,
            Painter::Texture { texture, .. } => texture.halo(),
            Painter::Graft { .. } | Painter::Noise { .. } | Painter::Picture { .. } => 0,
        }
    }
}

/// The masks of one tile and their products, each computed once: lower layers need larger regions than upper ones.
pub(super) struct MaskCache<'a> {
    plan: &'a Plan,
    cancel: &'a Cancel,
    known: Vec<(Vec<MaskName>, Region, Arc<Plane>)>,
}

impl<'a> MaskCache<'a> {
    pub(super) fn new(plan: &'a Plan, cancel: &'a Cancel) -> Self {
        Self {
            plan,
            cancel,
            known: Vec::new(),
        }
    }

    /// The coverage of all these masks together in a region; `None` without masks.
    pub(super) fn product(&mut self, masks: &[MaskName], region: Region) -> Option<Arc<Plane>> {
        let (last, others) = masks.split_last()?;
        let known = self.known.iter();
        let mut known = known.filter(|(names, known, _)| names == masks && known.contains(&region));
        if let Some((_, known, plane)) = known.next() {
            if *known == region {
                return Some(plane.clone());
            }
            return Some(Arc::new(plane.crop(region.seen_from(known))));
        }
        let made = match self.product(others, region) {
            Some(product) => {
                let last = self.product(&[*last], region)?;
                let product = Arc::unwrap_or_clone(product);
                product.zip_map(&last, |product, other| product * other)
            }
            None => {
                let sources = self.plan.mask_sources();
                let masks = self.plan.masks();
                masks.coverage(*last, &sources, region, self.cancel)
            }
        };
        let made = Arc::new(made);
        self.known.push((masks.to_vec(), region, made.clone()));
        Some(made)
    }
}
