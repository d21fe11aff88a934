//! What was found in cells, for the pixels between their middles.

use pulp::{Arch, Simd, WithSimd};

use crate::engine::raster::{Plane, Region, wide};

/// Columns that are read together.
const LANES: usize = 8;

/// Values in the middles of cells, read between them, best from top to bottom: of some planes that have the same cells.
pub struct Bilinear<'a, const N: usize> {
    /// Columns and rows of pixels in a cell.
    sides: [f32; 2],
    values: [&'a Plane; N],
    /// Columns of the region between the same two values: the left one, and how many.
    stretches: Vec<(usize, usize)>,
    /// How far each column is from there to the next value.
    across: Vec<f32>,
    top: usize,
    /// Rows of cells as wide as the region: the even and the odd one that was read last, and which ones those are.
    enlarged: [(Option<usize>, [Vec<f32>; N]); 2],
}

impl<'a, const N: usize> Bilinear<'a, N> {
    /// Cells of so many columns and rows of pixels, to be read in a region of pixels.
    pub fn new(sides: [f32; 2], values: [&'a Plane; N], region: Region) -> Self {
        let mut stretches: Vec<(usize, usize)> = Vec::new();
        let room = region.width + LANES;
        let mut across = Vec::with_capacity(room);
        for x in region.x..region.right() {
            let (left, part) = place(x, sides[0], values[0].width());
            match stretches.last_mut() {
                Some((last, count)) if *last == left => *count += 1,
                _ => stretches.push((left, 1)),
            }
            across.push(part);
        }
        across.resize(room, 0.0);
        Self {
            sides,
            values,
            stretches,
            across,
            top: region.y,
            enlarged: [(); 2].map(|()| (None, [(); N].map(|()| vec![0.0; room]))),
        }
    }

    /// Reads one row of the region, counted from its top, of the only plane.
    pub fn row(&mut self, y: usize, out: &mut [f32]) {
        self.row_of(y, out, |it| it);
    }

    /// The same of what `make` makes of the values there.
    pub fn row_of(&mut self, y: usize, out: &mut [f32], make: impl Fn(f32) -> f32) {
        let ([above, below], down) = self.rows(y);
        let (above, below) = (above[0].as_slice(), below[0].as_slice());
        wide!({
            for ((out, above), below) in out.iter_mut().zip(above).zip(below) {
                *out = make(between(*above, *below, down));
            }
        });
    }

    /// The rows of cells that a row of the region lies [`between`], each with a value for every column of the region and some
    /// more, and how far down from one to the other it is.
    pub fn rows(&mut self, y: usize) -> ([&[Vec<f32>; N]; 2], f32) {
        let height = self.values[0].height();
        let (above, down) = place(self.top + y, self.sides[1], height);
        let below = (above + 1).min(height - 1);
        for row in [above, below] {
            let (held, enlarged) = &mut self.enlarged[row % 2];
            if held.replace(row) != Some(row) {
                for (values, enlarged) in self.values.iter().zip(enlarged) {
                    enlarge(values.row(row), &self.stretches, &self.across, enlarged);
                }
            }
        }
        ([above, below].map(|row| &self.enlarged[row % 2].1), down)
    }
}

/// What lies between two values.
#[inline(always)]
pub fn between(one: f32, other: f32, way: f32) -> f32 {
    one + way * (other - one)
}

/// A row of values, read between them in stretches of columns. Beyond the last its value goes on.
fn enlarge(row: &[f32], stretches: &[(usize, usize)], across: &[f32], out: &mut [f32]) {
    Arch::new().dispatch(Enlarge {
        row,
        stretches,
        across,
        out,
    });
}

/// As a struct, since a compiler need not inline a closure into what it makes for wide registers.
struct Enlarge<'a> {
    row: &'a [f32],
    stretches: &'a [(usize, usize)],
    across: &'a [f32],
    out: &'a mut [f32],
}

impl WithSimd for Enlarge<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            row,
            stretches,
            across,
            out,
        } = self;
        let mut begun = 0;
        for (left, count) in stretches {
            let (left, right) = (row[*left], row[(left + 1).min(row.len() - 1)]);
            let rise = right - left;
            let end = begun + count;
            // What is set beyond the stretch is set again by the next one.
            while begun < end {
                let across: Option<&[f32; LANES]> = across[begun..].first_chunk();
                let out: Option<&mut [f32; LANES]> = out[begun..].first_chunk_mut();
                if let (Some(across), Some(out)) = (across, out) {
                    *out = across.map(|it| left + it * rise);
                }
                begun += LANES;
            }
            begun = end;
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
        for side in [17.5, 4.0, 3.0, 2.0, 1.0, 0.5, 0.25] {
            let region =
                Region::new(3, 1, 29, 4).within(&Region::of_size((40.0 * side) as usize, 9));
            let mut cells = Bilinear::new([side; 2], [&values], region);
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
