//! The original as it lies over the picture: what layers and masks read in its place, and how it is brought there
//! when it lies elsewhere.

mod alignment;
mod find;
mod grid;
mod placement;
mod sampler;
pub mod spots;

use std::sync::Arc;

pub use alignment::{Alignment, Mismatch};
use sampler::Sampler;

use crate::engine::raster::{Image, Layout, Part, Patchwork, Plane, Region, Tile, to_fine, wide};

/// An original in the coordinates of the picture that it belongs to. Clones share its samples.
#[derive(Clone, Debug)]
pub struct Original {
    image: Arc<Image>,
    /// How it lies, if that was found out.
    alignment: Option<Arc<Alignment>>,
    /// What reads it, where it does not lie over the picture pixel by pixel.
    sampler: Option<Arc<Sampler>>,
    /// All of it, brought over the picture, where that was done once for many times.
    held: Option<Arc<Image>>,
    /// What it is in places where spots were healed.
    healed: Option<Arc<Patchwork>>,
}

/// The same samples, which lie in the same way.
impl PartialEq for Original {
    fn eq(&self, other: &Self) -> bool {
        let alignments = (&self.alignment, &other.alignment);
        let aligned = match alignments {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (one, other) => one.is_none() && other.is_none(),
        };
        aligned && Arc::ptr_eq(&self.image, &other.image)
    }
}

impl Original {
    /// The original as it was read, over a picture that covers `bounds`; `None` when their sizes differ.
    pub fn as_it_lies(image: Arc<Image>, bounds: Region) -> Option<Self> {
        let same = image.bounds() == bounds;
        same.then_some(Self {
            image,
            alignment: None,
            sampler: None,
            held: None,
            healed: None,
        })
    }

    /// The original brought onto the picture that `alignment` was found for.
    pub fn aligned(image: Arc<Image>, alignment: Arc<Alignment>) -> Self {
        let placed = alignment.placement().is_some();
        let sampler = placed.then(|| Arc::new(Sampler::new(alignment.step())));
        Self {
            image,
            alignment: Some(alignment),
            sampler,
            held: None,
            healed: None,
        }
    }

    /// Whether it has to be brought over the picture to be read.
    pub fn is_placed(&self) -> bool {
        self.sampler.is_some()
    }

    /// Its colours.
    pub fn layout(&self) -> Layout {
        match self.image.layout().colours() {
            1 => Layout::Grey,
            _ => Layout::Rgb,
        }
    }

    /// The same with all of its [tiles](Self::tile) at hand, in floats, for a picture that is rendered again and again.
    pub fn held(self, tiles: Arc<Image>) -> Self {
        Self {
            held: Some(tiles),
            ..self
        }
    }

    /// The same with other samples where spots were healed.
    pub fn with_healed(self, healed: Arc<Patchwork>) -> Self {
        Self {
            healed: Some(healed),
            ..self
        }
    }

    /// How it was brought onto the picture, if it was asked to be.
    pub fn alignment(&self) -> Option<&Alignment> {
        self.alignment.as_deref()
    }

    /// The colour planes over a region of the picture, which must lie inside.
    pub fn tile(&self, region: Region) -> Tile {
        let mut tile = self.brought_over(region);
        if let Some(healed) = &self.healed {
            healed.lay_over(&mut tile);
        }
        tile
    }

    /// What it is stored as, but for healed spots, where that lies over the picture as it is and has so many colours.
    pub fn stored(&self, colours: usize) -> Option<&Image> {
        let as_it_lies = (!self.is_placed()).then_some(&self.image);
        let stored = self.held.as_ref().or(as_it_lies)?;
        (stored.layout().colours() == colours).then_some(&**stored)
    }

    /// The same to be read row by row, with so many colours: as it is stored where it lies over the picture.
    pub fn part(&self, region: Region, colours: usize) -> Part<'_> {
        if let Some(image) = self.stored(colours) {
            let part = Part::of(image, region);
            return match &self.healed {
                Some(healed) => part.under(healed, region),
                None => part,
            };
        }
        Part::Made(Arc::new(self.tile(region).with_channels(colours)))
    }

    /// Luma over a region of the picture, which must lie inside.
    pub fn luma(&self, region: Region) -> Plane {
        match (&self.sampler, &self.healed) {
            (None, None) => self.image.luma(region),
            _ => self.tile(region).luma(),
        }
    }

    /// The same as [`Image::fine_luma`].
    pub fn fine_luma(&self, region: Region, out: &mut [u16]) {
        match (&self.sampler, &self.healed) {
            (None, None) => self.image.fine_luma(region, out),
            _ => {
                let luma = self.tile(region).luma();
                let pairs = out.iter_mut().zip(luma.samples());
                wide!({ pairs.for_each(|(out, luma)| *out = to_fine(*luma)) });
            }
        }
    }

    /// Whether it can be trusted in every pixel of the picture.
    pub fn is_trusted(&self) -> bool {
        self.alignment().is_none_or(Alignment::is_identity)
    }

    fn brought_over(&self, region: Region) -> Tile {
        if let Some(held) = &self.held {
            return held.tile(region);
        }
        let placement = self.alignment().and_then(Alignment::placement);
        let (Some(sampler), Some(placement)) = (&self.sampler, placement) else {
            return self.image.tile(region);
        };
        let places = placement.places(region);
        let from = sampler.needs(&places, self.image.bounds());
        let source = self.image.tile(from);
        let planes = sampler.read(source.planes(), from, &places).into_iter();
        let plane = |values| Plane::from_samples(region.width, region.height, values);
        Tile::new(region, planes.map(plane).collect())
    }

    /// How far the original can be trusted to show the same in each pixel of a region of the picture,
    /// 0..=1; `None` where that is 1 in all of them.
    pub fn confidence(&self, region: Region) -> Option<Plane> {
        self.alignment()?.confidence_in(region)
    }
}
