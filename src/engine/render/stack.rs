//! One tile of the picture, taken through the whole stack of layers.

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
        let picture = &self.inputs.picture;
        let bounds = picture.bounds();
        if cancel.is_cancelled() {
            return picture.tile(region);
        }
        // A layer that reads its backdrop beyond the tile needs the layers below it there as well.
        let mut regions = vec![region; self.steps.len() + 1];
        for (i, step) in self.steps.iter().enumerate().rev() {
            regions[i] = regions[i + 1].expanded(step.painter.halo(), &bounds);
        }
        let mut masks = MaskCache::new(self, cancel);
        let mut tile = picture.tile(regions[0]);
        for (step, to) in self.steps.iter().zip(&regions[1..]) {
            if cancel.is_cancelled() {
                break;
            }
            tile = self.paint(step, tile, *to, &mut masks, cancel);
        }
        tile.crop(region)
    }

    /// How far beyond a tile the stack reads the picture, in pixels.
    pub(super) fn halo(&self) -> usize {
        self.steps.iter().map(|it| it.painter.halo()).sum()
    }

    /// The coverage of the masks of one layer of the recipe, all multiplied, in a region; `None`
    /// where the layer has no masks, or does not apply.
    pub fn coverage(&self, layer: usize, region: Region, cancel: &Cancel) -> Option<Plane> {
        let step = self.steps.iter().find(|it| it.index == layer)?;
        MaskCache::new(self, cancel).product(&step.masks, region)
    }

    fn paint(
        &self,
        step: &Step,
        backdrop: Tile,
        to: Region,
        masks: &mut MaskCache,
        cancel: &Cancel,
    ) -> Tile {
        match self.painted(step, &backdrop, to, masks, cancel) {
            Some(painted) => step.composite(backdrop.crop(to), &painted),
            None => backdrop.crop(to),
        }
    }

    /// What a step lays over its backdrop in a region; `None` where that changes nothing.
    pub(super) fn painted(
        &self,
        step: &Step,
        backdrop: &Tile,
        to: Region,
        masks: &mut MaskCache,
        cancel: &Cancel,
    ) -> Option<Painted> {
        let coverage = masks.product(&step.masks, to);
        let uncovered = |it: &Plane| it.samples().iter().all(|sample| *sample == 0.0);
        let nothing = step.opacity == 0.0 || coverage.as_ref().is_some_and(uncovered);
        if nothing || cancel.is_cancelled() {
            return None;
        }
        let (sources, alpha) = self.sources(step, backdrop, to, cancel);
        let coverage = match (coverage, alpha) {
            (Some(coverage), Some(alpha)) => Some(coverage.zip_map(&alpha, |c, a| c * a)),
            (coverage, alpha) => coverage.or(alpha),
        };
        Some(Painted { sources, coverage })
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
                        let source = |it| texture.separated(&picture.tile(it), &tile(it));
                        let lows = lows.blur(to, channels, source, cancel);
                        texture.paint_with(backdrop, &tile(to), &lows)
                    }
                    None => {
                        let original = tile(backdrop.region());
                        texture.paint(backdrop, &original, to, bounds, cancel)
                    }
                };
                (planes, original.confidence(to))
            }
            Painter::Graft { texture, factor } => {
                let place = (self.resolved().seed, step.index as u64);
                (vec![texture.paint(*factor, place, to)], None)
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
    coverage: Option<Plane>,
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
    /// Blends what the step paints over its backdrop, which has the same region.
    pub(super) fn composite(&self, mut backdrop: Tile, painted: &Painted) -> Tile {
        for (channel, plane) in backdrop.planes_mut().iter_mut().enumerate() {
            // A grey source serves all channels.
            let source = &painted.sources[channel.min(painted.sources.len() - 1)];
            let (coverage, opacity) = (painted.coverage.as_ref(), self.opacity);
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

/// The masks of one tile, each computed once: lower layers need larger regions than upper ones.
pub(super) struct MaskCache<'a> {
    plan: &'a Plan,
    cancel: &'a Cancel,
    known: Vec<(MaskName, Region, Plane)>,
}

impl<'a> MaskCache<'a> {
    pub(super) fn new(plan: &'a Plan, cancel: &'a Cancel) -> Self {
        Self {
            plan,
            cancel,
            known: Vec::new(),
        }
    }

    pub(super) fn product(&mut self, masks: &[MaskName], region: Region) -> Option<Plane> {
        let (first, rest) = masks.split_first()?;
        let mut product = self.one(*first, region);
        for mask in rest {
            let other = self.one(*mask, region);
            product = product.zip_map(&other, |product, other| product * other);
        }
        Some(product)
    }

    fn one(&mut self, mask: MaskName, region: Region) -> Plane {
        let cached = self
            .known
            .iter()
            .position(|(name, known, _)| *name == mask && known.contains(&region));
        let at = cached.unwrap_or_else(|| {
            let sources = self.plan.mask_sources();
            let plane = self
                .plan
                .masks()
                .coverage(mask, &sources, region, self.cancel);
            self.known.push((mask, region, plane));
            self.known.len() - 1
        });
        let (_, known, plane) = &self.known[at];
        plane.crop(Region {
            x: region.x - known.x,
            y: region.y - known.y,
            ..region
        })
    }
}
