//! A region of the picture, taken through the whole stack of layers, a row at a time.

use std::ops::Range;
use std::sync::Arc;

use super::Cancel;
use super::plan::{Painter, Plan, Step};
use crate::engine::masks::MaskName;
use crate::engine::operations::{Below, NoisePlace, Source, painted};
use crate::engine::raster::{Image, Part, Plane, Region, RowSet, RowSource, Tile, row_set, spread};

/// Rows between two looks at the cancel flag.
const ROWS_BETWEEN_CHECKS: usize = 16;

/// Pixels of long rows that are taken through all layers together where each can be by itself: they stay in the nearest
/// cache.
const PIECE: usize = 512;

impl Plan {
    /// A region of the restored picture, which must lie inside it. Samples are not clamped.
    ///
    /// Once cancelled, what is returned is unfinished.
    pub fn tile(&self, region: Region, cancel: &Cancel) -> Tile {
        match self.touched(region, Wanted::Planes, cancel) {
            Some(stack) => stack.tile(cancel),
            None => self.backdrop().tile(region),
        }
    }

    /// What makes a region of the restored picture; `None` where no layer changes anything.
    ///
    /// Once cancelled, what is returned is unfinished.
    pub(super) fn touched(
        &self,
        region: Region,
        wanted: Wanted,
        cancel: &Cancel,
    ) -> Option<Stack<'_>> {
        if cancel.is_cancelled() {
            return None;
        }
        let (layers, needed) = self.painting(region, cancel);
        if layers.is_empty() {
            return None;
        }
        let backdrop = self.backdrop();
        let mut stack = Stack::new(backdrop, needed);
        let colours = backdrop.layout().colours();
        let paints_pixels = |step: &Step| step.painter.paints_pixels(colours);
        if wanted == Wanted::Pixels && layers.iter().all(|it| paints_pixels(it.step)) {
            stack.backdrop = stack.backdrop.as_pixels();
        }
        for Painting { step, to, coverage } in layers.into_iter().rev() {
            if cancel.is_cancelled() {
                return None;
            }
            if step.painter.halo() > 0 && !stack.layers.is_empty() {
                stack = stack.flattened(cancel);
            }
            stack.region = to;
            let painted = self.painted(step, &stack.backdrop, to, coverage, cancel);
            stack.layers.push((step, painted));
        }
        Some(stack)
    }

    /// The steps that change anything in a region, the highest first, and what of their backdrop they read.
    fn painting(&self, region: Region, cancel: &Cancel) -> (Vec<Painting<'_>>, Region) {
        let bounds = self.backdrop().bounds();
        let mut masks = MaskCache::new(self, cancel);
        let mut painting = Vec::new();
        let mut needed = region;
        for step in self.to_paint().iter().rev() {
            let coverage = match step.covered(&mut masks, needed) {
                Covered::Nowhere => continue,
                Covered::Everywhere => None,
                Covered::Partly(coverage) => Some(coverage),
            };
            let to = needed;
            painting.push(Painting { step, to, coverage });
            // A layer that reads its backdrop beyond the tile needs the layers below it there as well.
            needed = needed.expanded(step.painter.halo(), &bounds);
        }
        (painting, needed)
    }

    /// Finds out where steps paint in a region, for whoever renders it later over the same base.
    pub(super) fn find_coverage(&self, region: Region, cancel: &Cancel) {
        if self.coverages().is_some() && !cancel.is_cancelled() {
            self.painting(region, cancel);
        }
    }

    /// What makes a region of the restored picture, whether or not any layer changes it.
    pub(super) fn stack(&self, region: Region, wanted: Wanted, cancel: &Cancel) -> Stack<'_> {
        self.touched(region, wanted, cancel)
            .unwrap_or_else(|| self.untouched(region, wanted))
    }

    /// A region without layers.
    pub(super) fn untouched(&self, region: Region, wanted: Wanted) -> Stack<'_> {
        let mut stack = Stack::new(self.backdrop(), region);
        if wanted == Wanted::Pixels {
            stack.backdrop = stack.backdrop.as_pixels();
        }
        stack
    }

    /// How far beyond a tile the stack reads what lies below its layers, in pixels.
    pub(super) fn halo(&self) -> usize {
        self.to_paint().iter().map(|it| it.painter.halo()).sum()
    }

    /// How many rows bands have at least: twice as many as codecs take together where a layer makes whole blocks around
    /// what it paints, in rows above and below that are not painted.
    pub(super) fn least_rows(&self) -> usize {
        let is_by_example = |it: &Step| matches!(&it.painter, Painter::Graft { texture, .. } if texture.is_by_example());
        match self.to_paint().iter().any(is_by_example) {
            true => 128,
            false => 64,
        }
    }

    /// Whether masks may leave a part of the picture as it is.
    pub(super) fn has_masks(&self) -> bool {
        self.to_paint().iter().any(|it| !it.masks.is_empty())
    }

    /// How many rows beyond a tile it reads the picture and the original.
    pub(super) fn rim(&self) -> usize {
        self.to_paint().iter().map(|it| it.painter.rim()).sum()
    }

    /// The coverage of the masks of one layer of the recipe, all multiplied, in a region; `None`
    /// where the layer has no masks, or does not apply.
    pub fn coverage(&self, layer: usize, region: Region, cancel: &Cancel) -> Option<Plane> {
        let step = self.steps.iter().find(|it| it.index == layer)?;
        let product = MaskCache::new(self, cancel).product(&step.masks, region);
        product.map(Arc::unwrap_or_clone)
    }

    /// What a step lays over its backdrop in a region, where its masks have this coverage.
    pub(super) fn painted<'a>(
        &'a self,
        step: &'a Step,
        backdrop: &Part<'a>,
        to: Region,
        coverage: Option<Arc<Plane>>,
        cancel: &Cancel,
    ) -> Painted<'a> {
        let (source, alpha) = self.source(step, backdrop, to, cancel);
        let coverage = match (coverage, alpha) {
            (Some(coverage), Some(alpha)) => Some(Arc::new(alpha.zip_map(&coverage, |a, c| c * a))),
            (coverage, alpha) => coverage.or(alpha.map(Arc::new)),
        };
        Painted {
            source,
            coverage,
            width: to.width,
            grey: RowSet::new(),
            spread: Vec::new(),
        }
    }

    /// What a layer paints, and its own alpha.
    fn source<'a>(
        &'a self,
        step: &'a Step,
        backdrop: &Part<'a>,
        to: Region,
        cancel: &Cancel,
    ) -> (Box<dyn Source + 'a>, Option<Plane>) {
        let bounds = self.inputs.picture.bounds();
        let channels = backdrop.planes() * backdrop.interleaved();
        match &step.painter {
            Painter::Texture {
                texture,
                gaussian,
                original,
                over_picture,
                lows,
            } => {
                let part = |region| original.part(region, channels);
                let like_backdrop = |it: Part<'a>| match backdrop.interleaved() {
                    1 => it.as_planes(),
                    _ => it.as_pixels(),
                };
                let detail = match lows {
                    Some(lows) => {
                        let below = |it| Below::Picture(self.stored(it));
                        let source = |it| texture.separated(below(it), part(it));
                        let over = part(to);
                        let separated = texture.separated(below(to), over.clone());
                        let low = lows.flowing(separated, to, source, cancel);
                        texture.paint_with(like_backdrop(over), low, to)
                    }
                    None => {
                        let around = to.expanded(gaussian.halo(), &bounds);
                        let below = match over_picture {
                            true => Below::Picture(self.stored(around)),
                            false => Below::Layers(backdrop.clone()),
                        };
                        let over = like_backdrop(part(around));
                        texture.paint(gaussian, (below, over), to, bounds, cancel)
                    }
                };
                (Box::new(detail), original.confidence(to))
            }
            Painter::Graft {
                texture,
                factor,
                beside,
            } => {
                let place = (self.resolved().seed, step.index as u64);
                let spread = texture.paint(*factor, place, to, bounds);
                let left_out = beside.as_ref().map(|it| match it.confidence(to) {
                    Some(sure) => sure.map(|it| 1.0 - it),
                    None => Plane::filled(to.width, to.height, 0.0),
                });
                (Box::new(spread), left_out)
            }
            Painter::Noise {
                noise,
                softening,
                factor,
            } => {
                let place = NoisePlace {
                    seed: self.resolved().seed,
                    layer: step.index as u64,
                    channels,
                    bounds,
                    factor: *factor,
                };
                (Box::new(noise.paint(softening, place, to, cancel)), None)
            }
            Painter::Picture { overlay, picture } => {
                let (planes, alpha) = overlay.paint(picture, channels, to, bounds);
                (Box::new(planes), alpha)
            }
        }
    }

    /// A region of the picture without layers.
    fn stored(&self, region: Region) -> Part<'_> {
        Part::of(&self.inputs.picture, region)
    }
}

/// How the rows of a stack are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// One for each colour.
    Planes,
    /// One of whole pixels, if all layers can paint so. The samples are the same, bit for bit.
    Pixels,
}

/// Layers over a backdrop, in one region of the picture.
pub(super) struct Stack<'a> {
    region: Region,
    backdrop: Part<'a>,
    /// From the lowest to the highest.
    layers: Vec<(&'a Step, Painted<'a>)>,
}

impl<'a> Stack<'a> {
    fn new(picture: &'a Image, region: Region) -> Self {
        Self {
            region,
            backdrop: Part::of(picture, region),
            layers: Vec::new(),
        }
    }

    /// Hands on the rows of the region from the top, one row of samples for each channel, or one of pixels, in one piece
    /// or several from left to right, each with its first column. Once cancelled, not all of them.
    pub fn rows(mut self, cancel: &Cancel, mut take: impl FnMut((usize, usize), &[Vec<f32>])) {
        let Region { y: top, width, .. } = self.region;
        let interleaved = self.backdrop.interleaved();
        let is_spread = |(_, painted): &(_, Painted)| painted.is_spread(interleaved);
        let piece = match !self.layers.is_empty() && self.layers.iter().all(is_spread) {
            true => PIECE.min(width),
            false => width,
        };
        let mut rows = row_set(self.backdrop.planes(), piece * interleaved);
        let mut source = rows.clone();
        for y in 0..self.region.height {
            if y % ROWS_BETWEEN_CHECKS == 0 && cancel.is_cancelled() {
                break;
            }
            for x in (0..width).step_by(piece) {
                let columns = x..width.min(x + piece);
                for row in rows.iter_mut().chain(&mut source) {
                    row.resize(columns.len() * interleaved, 0.0);
                }
                let first = self.region.x;
                self.backdrop.read(
                    top + y,
                    first + columns.start..first + columns.end,
                    &mut rows,
                );
                for (step, painted) in &mut self.layers {
                    let place = (y, columns.clone(), interleaved);
                    painted.lay_over(step, place, &mut rows, &mut source);
                }
                take((x, y), &rows);
            }
        }
    }

    /// The planes of the region.
    pub fn tile(self, cancel: &Cancel) -> Tile {
        let region = self.region;
        let planes = 0..self.backdrop.planes();
        let planes = planes.map(|_| Plane::unfilled(region.width, region.height));
        let mut planes: Vec<Plane> = planes.collect();
        self.rows(cancel, |(_, y), rows| {
            for (plane, row) in planes.iter_mut().zip(rows) {
                plane.row_mut(y).copy_from_slice(row);
            }
        });
        Tile::new(region, planes)
    }

    /// The same region as a backdrop for more layers.
    fn flattened(self, cancel: &Cancel) -> Self {
        Self {
            region: self.region,
            backdrop: Part::Made(Arc::new(self.tile(cancel))),
            layers: Vec::new(),
        }
    }
}

/// What a step lays over its backdrop in a region.
pub(super) struct Painted<'a> {
    source: Box<dyn Source + 'a>,
    coverage: Option<Arc<Plane>>,
    /// Columns of the region.
    width: usize,
    /// A grey row of the source, before it is spread over pixels.
    grey: RowSet,
    /// The coverage of some pixels, once for each sample of a pixel.
    spread: Vec<f32>,
}

impl Painted<'_> {
    /// Whether the source is spread over pixels that have so many samples side by side. Such a source looks at no
    /// backdrop.
    fn is_spread(&self, interleaved: usize) -> bool {
        self.source.interleaved() < interleaved
    }

    /// Blends some columns of row `y`, counted from the region's top, over their backdrop, which has so many samples of a
    /// pixel side by side. `source` is room for as many.
    fn lay_over(
        &mut self,
        step: &Step,
        (y, columns, interleaved): (usize, Range<usize>, usize),
        backdrop: &mut RowSet,
        source: &mut RowSet,
    ) {
        let planes = self.source.planes();
        if self.is_spread(interleaved) {
            if columns.start == 0 {
                self.grey.resize_with(planes, Vec::new);
                self.grey[0].resize(self.width, 0.0);
                self.source.paint(y, &[], &mut self.grey);
            }
            spread(&self.grey[0][columns.clone()], &mut source[0]);
        } else {
            self.source.paint(y, backdrop, &mut source[..planes]);
        }
        let coverage = self.coverage.as_ref().map(|it| &it.row(y)[columns]);
        let coverage = match coverage {
            Some(coverage) if interleaved > 1 => {
                self.spread.resize(backdrop[0].len(), 0.0);
                spread(coverage, &mut self.spread);
                Some(self.spread.as_slice())
            }
            coverage => coverage,
        };
        for (channel, row) in backdrop.iter_mut().enumerate() {
            // A grey source serves all channels.
            let source = &source[channel.min(planes - 1)];
            match step.painter {
                Painter::Picture { .. } => {
                    let blend = step.blend;
                    blend.composite_clamped(row, source, coverage, step.opacity);
                }
                _ => step.blend.composite(row, source, coverage, step.opacity),
            }
        }
    }
}

impl Painted<'_> {
    /// The same in memory, to be laid over its backdrop more than once.
    pub fn kept(mut self, backdrop: &Tile) -> Kept {
        Kept {
            sources: painted(self.source.as_mut(), backdrop.planes()),
            coverage: self.coverage,
        }
    }
}

/// What a step lays over its backdrop in a region, in memory.
pub(super) struct Kept {
    /// One plane for all channels, or one for each.
    sources: Vec<Plane>,
    coverage: Option<Arc<Plane>>,
}

impl Kept {
    /// Lays it over its backdrop with what differs from 50 % grey scaled, as another strength does.
    pub fn over(&self, step: &Step, backdrop: &Arc<Tile>, factor: f32) -> Tile {
        let sources = self.sources.iter().cloned();
        let scaled = sources.map(|it| it.map(move |s| 0.5 + factor * (s - 0.5)));
        let painted = Painted {
            source: Box::new(scaled.collect::<Vec<Plane>>()),
            coverage: self.coverage.clone(),
            width: backdrop.region().width,
            grey: RowSet::new(),
            spread: Vec::new(),
        };
        let stack = Stack {
            region: backdrop.region(),
            backdrop: Part::Made(backdrop.clone()),
            layers: vec![(step, painted)],
        };
        stack.tile(&Cancel::default())
    }
}

/// A step that changes something in a region.
struct Painting<'a> {
    step: &'a Step,
    /// Where it is painted: wider than the region if a layer above reads beyond it.
    to: Region,
    coverage: Option<Arc<Plane>>,
}

/// Where a step paints in a region.
#[derive(Clone, Debug)]
pub(super) enum Covered {
    Nowhere,
    /// It has no masks.
    Everywhere,
    Partly(Arc<Plane>),
}

impl Covered {
    fn by(coverage: Arc<Plane>) -> Self {
        match coverage.samples().iter().any(|it| *it != 0.0) {
            true => Covered::Partly(coverage),
            false => Covered::Nowhere,
        }
    }

    /// How many samples it has in memory.
    pub fn samples(&self) -> usize {
        match self {
            Covered::Nowhere | Covered::Everywhere => 0,
            Covered::Partly(coverage) => coverage.samples().len(),
        }
    }
}

impl Step {
    /// Where it changes anything.
    fn covered(&self, masks: &mut MaskCache, region: Region) -> Covered {
        match self.opacity {
            0.0 => Covered::Nowhere,
            _ => masks.covered(&self.masks, region),
        }
    }
}

impl Painter {
    /// Whether it paints rows of whole pixels over a picture of so many colours.
    fn paints_pixels(&self, colours: usize) -> bool {
        let has_pixels = |it: &Image| !it.layout().has_alpha();
        match self {
            Painter::Texture {
                over_picture: true,
                original,
                ..
            } => original.stored(colours).is_some_and(has_pixels),
            // What is grey is spread over pixels.
            Painter::Graft { .. } => true,
            Painter::Noise { noise, .. } => noise.monochromatic || colours == 1,
            Painter::Texture { .. } | Painter::Picture { .. } => false,
        }
    }

    /// How far beyond a tile it reads its backdrop, in pixels.
    fn halo(&self) -> usize {
        match self {
            Painter::Texture {
                over_picture: true, ..
            } => 0,
            Painter::Texture { gaussian, .. } => gaussian.halo(),
            Painter::Graft { .. } | Painter::Noise { .. } | Painter::Picture { .. } => 0,
        }
    }

    /// How many rows beyond a tile it reads the picture and the original.
    fn rim(&self) -> usize {
        match self {
            Painter::Texture {
                lows: Some(lows), ..
            } => lows.rim(),
            Painter::Texture { gaussian, .. } => gaussian.halo(),
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

    /// Where all these masks together let a layer paint.
    fn covered(&mut self, masks: &[MaskName], region: Region) -> Covered {
        if masks.is_empty() {
            return Covered::Everywhere;
        }
        let (coverages, cancel) = (self.plan.coverages(), self.cancel);
        let mut find = || {
            let product = self.product(masks, region);
            product.map_or(Covered::Everywhere, Covered::by)
        };
        match coverages {
            Some(coverages) => coverages.recall(masks, region, cancel, find),
            None => find(),
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
