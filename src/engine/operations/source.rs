//! What a layer paints over its backdrop: a row at a time, so that most of it never lies in memory as planes.

use crate::engine::raster::{Plane, RowSet, row_set};

/// The source of a layer in one region of the picture.
pub trait Source: Send {
    /// One plane for all channels, or one for each.
    fn planes(&self) -> usize;

    /// How many samples of a pixel lie side by side in each row: 1, or all of its colours in a single plane.
    fn interleaved(&self) -> usize {
        1
    }

    /// Sets each of `out` to row `y` of its plane, counted from the region's top. `backdrop` is the same row of what
    /// lies below.
    fn paint(&mut self, y: usize, backdrop: &[Vec<f32>], out: &mut [Vec<f32>]);
}

/// A source that lies in memory.
impl Source for Vec<Plane> {
    fn planes(&self) -> usize {
        self.len()
    }

    fn paint(&mut self, y: usize, _: &[Vec<f32>], out: &mut [Vec<f32>]) {
        for (plane, out) in self.iter().zip(out) {
            out.copy_from_slice(plane.row(y));
        }
    }
}

/// All rows of a source, over a backdrop of the same size.
pub fn painted(source: &mut dyn Source, backdrop: &[Plane]) -> Vec<Plane> {
    let (width, height) = (backdrop[0].width(), backdrop[0].height());
    let planes = (0..source.planes()).map(|_| Plane::unfilled(width, height));
    let mut planes: Vec<Plane> = planes.collect();
    let mut rows: RowSet = row_set(planes.len(), width);
    for y in 0..height {
        let below: RowSet = backdrop.iter().map(|it| it.row(y).to_vec()).collect();
        source.paint(y, &below, &mut rows);
        for (plane, row) in planes.iter_mut().zip(&rows) {
            plane.row_mut(y).copy_from_slice(row);
        }
    }
    planes
}
