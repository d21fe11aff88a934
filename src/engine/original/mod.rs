//! The original as it lies over the picture: what layers and masks read in its place.

use std::sync::Arc;

use crate::engine::raster::{Image, Plane, Region, Tile};

/// An original in the coordinates of the picture that it belongs to. Clones share its samples.
#[derive(Clone, Debug)]
pub struct Original {
    image: Arc<Image>,
}

impl Original {
    /// The original as it was read, over a picture that covers `bounds`; `None` when their sizes differ.
    pub fn as_it_lies(image: Arc<Image>, bounds: Region) -> Option<Self> {
        (image.bounds() == bounds).then_some(Self { image })
    }

    /// The colour planes over a region of the picture, which must lie inside.
    pub fn tile(&self, region: Region) -> Tile {
        self.image.tile(region)
    }

    /// How far the original can be trusted to show the same in each pixel of a region of the picture,
    /// 0..=1; `None` where it can be trusted everywhere.
    pub fn confidence(&self, _region: Region) -> Option<Plane> {
        None
    }
}
