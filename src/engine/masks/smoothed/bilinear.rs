//! What was found in cells, for the pixels between their middles.

use super::octaves::CELL;
use crate::engine::raster::{Plane, Region, wide};

/// Values in the middles of square cells, read between them, best from top to bottom.
pub struct Bilinear<'a> {
    side: f32,
    values: &'a Plane,
    /// Columns of the region between the same two values: the left one, and how many.
    stretches: Vec<(usize, usize)>,
    /// How far each column is from there to the next value.
    across: Vec<f32>,
    top: usize,
    /// Rows of cells as wide as the region: the even and the odd one that was read last, and which ones those are.
    enlarged: [(Option<usize>, Vec<f32>); 2],
}

impl<'a> Bilinear<'a> {
    /// Cells of `side` pixels, to be read in a region of pixels.
    pub fn new(side: f32, values: &'a Plane, region: Region) -> Self {
        let mut stretches: Vec<(usize, usize)> = Vec::new();
        let mut across = Vec::with_capacity(region.width);
        for x in region.x..region.right() {
            let (left, part) = place(x, side, values.width());
            match stretches.last_mut() {
                Some((last, count)) if *last == left => *count += 1,
                _ => stretches.push((left, 1)),
            }
            across.push(part);
        }
        Self {
            side,
            values,
            stretches,
            across,
            top: region.y,
            enlarged: [(); 2].map(|()| (None, vec![0.0; region.width])),
        }
    }

    /// Reads one row of the region, counted from its top.
    pub fn row(&mut self, y: usize, out: &mut [f32]) {
        let (above, down) = place(self.top + y, self.side, self.values.height());
        let below = (above + 1).min(self.values.height() - 1);
        for row in [above, below] {
            let (held, enlarged) = &mut self.enlarged[row % 2];
            if held.replace(row) != Some(row) {
                enlarge(
                    self.values.row(row),
                    &self.stretches,
                    &self.across,
                    enlarged,
                );
            }
        }
        let [above, below] = [above, below].map(|row| self.enlarged[row % 2].1.as_slice());
        wide(move || {
            for ((out, above), below) in out.iter_mut().zip(above).zip(below) {
                *out = above + down * (below - above);
            }
        });
    }
}

/// A row of values, read between them in stretches of columns. Beyond the last its value goes on.
fn enlarge(row: &[f32], stretches: &[(usize, usize)], across: &[f32], out: &mut [f32]) {
    let mut begun = 0;
    for (left, count) in stretches {
        let (left, right) = (row[*left], row[(left + 1).min(row.len() - 1)]);
        let rise = right - left;
        let stretch = begun..begun + count;
        let (out, across) = (&mut out[stretch.clone()], &across[stretch]);
        begun += count;
        // The usual stretch, at once.
        if let (Ok(out), Ok(across)) = (out.try_into(), across.try_into()) {
            let (out, across): (&mut [f32; CELL], &[f32; CELL]) = (out, across);
            *out = across.map(|across| left + across * rise);
            continue;
        }
        for (out, across) in out.iter_mut().zip(across) {
            *out = left + across * rise;
        }
    }
}

/// The cell whose middle lies before a pixel, and how far the pixel is on the way to the next one's.
fn place(pixel: usize, side: f32, cells: usize) -> (usize, f32) {
    let place = ((pixel as f32 + 0.5) / side - 0.5).clamp(0.0, (cells - 1) as f32);
    let cell = place as usize;
    (cell, place - cell as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_between_cells_of_any_size() {
        let values = Plane::from_samples(40, 6, (0..240).map(|it| (it * it % 97) as f32).collect());
        for side in [4.0, 3.0, 2.0, 1.0, 0.5, 0.25] {
            let region = Region::new(3, 1, 8, 4);
            let mut cells = Bilinear::new(side, &values, region);
            let mut row = vec![0.0; region.width];
            for y in 0..region.height {
                cells.row(y, &mut row);
                let (top, down) = place(region.y + y, side, values.height());
                for (x, read) in row.iter().enumerate() {
                    let (left, across) = place(region.x + x, side, values.width());
                    let at = |x: usize, y: usize| values.at(x.min(39), y.min(5));
                    let between = |y| at(left, y) + across * (at(left + 1, y) - at(left, y));
                    let expected = between(top) + down * (between(top + 1) - between(top));
                    assert!((read - expected).abs() < 1e-3, "{side}: {read}, {expected}");
                }
            }
        }
    }
}
