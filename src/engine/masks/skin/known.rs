//! Where the guided filter leaves no coverage or all of it, whatever colours the picture has there: nothing is read of it.

use std::ops::Range;

use super::EDGE;
use super::guided::Guide;
use crate::engine::raster::{Depth, Image, Region};

/// So much beyond the filter's values that become no coverage, and full, is left for rounding.
const MARGIN: f32 = 1e-3;

/// Side of the blocks that are told apart, in pixels of the picture.
const BLOCK: usize = 64;

/// What is known of coverage before the picture is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known {
    Nothing,
    Full,
    Open,
}

/// What is known for each pixel of a picture's copy.
pub struct KnownCells {
    cells: Vec<Known>,
    copy: Region,
    picture: Region,
}

impl KnownCells {
    /// As the filter has it.
    pub fn of(guide: &Guide, picture: &Image) -> Self {
        // Samples of floats may be anything: where colours count at all, nothing is known.
        let any = picture.depth() == Depth::Float;
        let [least, most] = guide.ends();
        let ends = least.samples().iter().zip(most.samples());
        let known = |(least, most): (&f32, &f32)| match any && least != most {
            true => Known::Open,
            false if *most < EDGE.0 - MARGIN => Known::Nothing,
            false if *least > EDGE.1 + MARGIN => Known::Full,
            false => Known::Open,
        };
        Self {
            cells: ends.map(known).collect(),
            copy: Region::of_size(least.width(), least.height()),
            picture: picture.bounds(),
        }
    }

    /// Nothing, of a copy that is so large.
    pub fn open((width, height): (usize, usize), picture: &Image) -> Self {
        Self {
            cells: vec![Known::Open; width * height],
            copy: Region::of_size(width, height),
            picture: picture.bounds(),
        }
    }

    /// A region of the picture in parts, and what is known of each and of so many pixels around it.
    pub fn parts(&self, region: Region, halo: usize) -> Vec<(Region, Known)> {
        let mut parts: Vec<(Region, Known)> = Vec::new();
        for y in (region.y..region.bottom()).step_by(BLOCK) {
            for x in (region.x..region.right()).step_by(BLOCK) {
                let block = Region::new(x, y, BLOCK, BLOCK).within(&region);
                let known = self.around(block.expanded(halo, &self.picture));
                match parts.last_mut() {
                    Some((last, of_last)) if *of_last == known && last.y == y => {
                        last.width += block.width;
                    }
                    _ => parts.push((block, known)),
                }
            }
        }
        parts
    }

    /// What is known of all of a region.
    fn around(&self, region: Region) -> Known {
        let copy = self.copy;
        let columns = cells(region.x..region.right(), copy.width, self.picture.width);
        let rows = cells(region.y..region.bottom(), copy.height, self.picture.height);
        let known = self.cells[rows.start * copy.width + columns.start];
        let same = |y: usize| {
            let row = &self.cells[y * copy.width..][columns.clone()];
            row.iter().all(|it| *it == known)
        };
        match rows.clone().all(same) {
            true => known,
            false => Known::Open,
        }
    }
}

/// The cells of an axis, of which there are `count` in `length` pixels, that some pixels are read between, and one more to
/// each side, for rounding.
fn cells(pixels: Range<usize>, count: usize, length: usize) -> Range<usize> {
    let before = |pixel: usize| {
        let place = (pixel as f64 + 0.5) * count as f64 / length as f64 - 0.5;
        place.max(0.0) as usize
    };
    let first = before(pixels.start).saturating_sub(1);
    first.min(count - 1)..(before(pixels.end - 1) + 3).min(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cells_between_which_pixels_are_read_are_all_looked_at() {
        for (count, length) in [(640, 4800), (100, 100), (7, 200), (1, 9)] {
            for pixel in 0..length {
                let place = (pixel as f32 + 0.5) / (length as f32 / count as f32) - 0.5;
                let left = place.clamp(0.0, (count - 1) as f32) as usize;
                let right = (left + 1).min(count - 1);
                let cells = cells(pixel..pixel + 1, count, length);
                assert!(cells.contains(&left) && cells.contains(&right), "{pixel}");
            }
        }
    }

    #[test]
    fn a_region_falls_into_parts_of_one_kind() {
        let picture = Region::of_size(640, 320);
        let mut known = KnownCells {
            cells: vec![Known::Nothing; 64 * 32],
            copy: Region::of_size(64, 32),
            picture,
        };
        for y in 0..32 {
            known.cells[64 * y + 40..64 * (y + 1)].fill(Known::Full);
            known.cells[64 * y + 36..64 * y + 40].fill(Known::Open);
        }
        let parts = known.parts(Region::new(10, 20, 630, 100), 4);
        let area: usize = parts.iter().map(|(it, _)| it.width * it.height).sum();
        assert_eq!(area, 630 * 100);
        for (part, kind) in &parts {
            let is = |x: usize| known.cells[x / 10];
            let all = (part.x..part.right()).all(|x| is(x) == *kind);
            assert!(all || *kind == Known::Open, "{part:?} {kind:?}");
        }
        let kinds: Vec<Known> = parts.iter().map(|it| it.1).collect();
        let row = [Known::Nothing, Known::Open, Known::Full];
        assert_eq!(kinds, [row, row].concat());
    }
}
