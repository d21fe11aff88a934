//! Rows of samples that are made where they are read, so that what they are made from never lies in memory as planes.

use std::ops::Range;
use std::sync::Arc;

use super::{Image, Patchwork, Plane, Region, Strip, Tile, wide};

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

    /// How many samples of a pixel lie side by side in each row: 1, or all of its colours in a single plane. Splitting
    /// pixels takes as long as a layer, and much can be done to them as they are.
    fn interleaved(&self) -> usize {
        1
    }

    /// Sets each of `out` to the columns of row `y` of its plane, in pixels of the whole picture. They are as long as
    /// there are samples.
    fn read(&mut self, y: usize, columns: Range<usize>, out: &mut [Vec<f32>]);

    /// What one level is, if all samples are whole numbers of levels within [`MOST_LEVELS`], whichever rows are read.
    fn level(&self) -> Option<f32> {
        None
    }

    /// The same as [`read`](Self::read), in levels, of which there must be some.
    fn read_levels(&mut self, _: usize, _: Range<usize>, _: &mut [Vec<i16>]) {
        unreachable!("samples that are no levels")
    }
}

/// Levels of 8 bits, and differences of them, lie between this and its negative.
pub const MOST_LEVELS: i16 = u8::MAX as i16;

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

    /// The same under what lies over it, which has as many colours.
    pub fn under(self, patches: &'a Patchwork, region: Region) -> Self {
        match self {
            Part::Stored(strip) => Part::Stored(strip.under(patches, region)),
            made => made,
        }
    }

    /// Whether it can be read in whole pixels.
    pub fn has_pixels(&self) -> bool {
        matches!(self, Part::Stored(strip) if strip.has_pixels())
    }

    /// The same in one plane of whole pixels, if it can be read so.
    pub fn as_pixels(self) -> Self {
        match self {
            Part::Stored(strip) => Part::Stored(strip.as_pixels()),
            made => made,
        }
    }

    /// The same in a plane for each colour.
    pub fn as_planes(self) -> Self {
        match self {
            Part::Stored(strip) => Part::Stored(strip.as_planes()),
            made => made,
        }
    }
}

impl Part<'_> {
    /// Changes each item of rows, one for each plane, by its sample as it is [read](RowSource::read). `room` is for rows
    /// that have to be read first.
    pub fn merge<I: Iterator>(
        &mut self,
        y: usize,
        columns: Range<usize>,
        mut rows: impl Iterator<Item = I>,
        room: &mut RowSet,
        change: impl Fn(I::Item, f32) + Copy,
    ) {
        if let Part::Stored(strip) = &*self
            && strip.is_read_as_stored()
            && let Some(row) = rows.next()
        {
            return strip.merge(y, columns, row, change);
        }
        let width = columns.len() * self.interleaved();
        room.resize_with(self.planes(), Vec::new);
        room.iter_mut().for_each(|it| it.resize(width, 0.0));
        self.read(y, columns, room);
        for (row, others) in rows.zip(&*room) {
            wide!({
                for (own, other) in row.zip(others) {
                    change(own, *other);
                }
            });
        }
    }
}

impl RowSource for Part<'_> {
    fn planes(&self) -> usize {
        match self {
            Part::Stored(strip) => strip.planes(),
            Part::Made(tile) => tile.planes().len(),
        }
    }

    fn interleaved(&self) -> usize {
        match self {
            Part::Stored(strip) => strip.interleaved(),
            Part::Made(_) => 1,
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
