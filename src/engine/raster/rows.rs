//! Rows of samples that are made where they are read, so that what they are made from never lies in memory as planes.

use std::ops::Range;
use std::sync::Arc;

use super::{Image, Plane, Region, Strip, Tile};

/// One row of samples for each plane.
pub type RowSet = Vec<Vec<f32>>;

/// So many rows of this width, of any values.
pub fn row_set(planes: usize, width: usize) -> RowSet {
    vec![vec![0.0; width]; planes]
}

/// Planes that are read row by row.
pub trait RowSource {
    /// How many planes there are.
    fn planes(&self) -> usize;

    /// Sets each of `out` to the columns of row `y` of its plane, in pixels of the whole picture. They are as long as
    /// there are columns.
    fn read(&mut self, y: usize, columns: Range<usize>, out: &mut [Vec<f32>]);
}

/// A part of a picture: of the picture itself, or of planes that were made from it.
#[derive(Clone, Debug)]
pub enum Part<'a> {
    /// Samples as they are stored.
    Stored(Strip<'a>),
    /// The planes of a region.
    Made(Arc<Tile>),
}

impl<'a> Part<'a> {
    /// A region of a picture as it is stored.
    pub fn of(image: &'a Image, region: Region) -> Self {
        Part::Stored(image.strip(region.y..region.bottom()))
    }
}

impl RowSource for Part<'_> {
    fn planes(&self) -> usize {
        match self {
            Part::Stored(strip) => strip.colours(),
            Part::Made(tile) => tile.planes().len(),
        }
    }

    fn read(&mut self, y: usize, columns: Range<usize>, out: &mut [Vec<f32>]) {
        match self {
            Part::Stored(strip) => strip.read(y, columns, out),
            Part::Made(tile) => {
                let region = tile.region();
                let columns = columns.start - region.x..columns.end - region.x;
                for (plane, out) in tile.planes().iter().zip(out) {
                    out.copy_from_slice(&plane.row(y - region.y)[columns.clone()]);
                }
            }
        }
    }
}

/// A plane that holds a region of the picture.
impl RowSource for (&Plane, Region) {
    fn planes(&self) -> usize {
        1
    }

    fn read(&mut self, y: usize, columns: Range<usize>, out: &mut [Vec<f32>]) {
        let (plane, region) = self;
        let columns = columns.start - region.x..columns.end - region.x;
        out[0].copy_from_slice(&plane.row(y - region.y)[columns]);
    }
}
