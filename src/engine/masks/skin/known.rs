//! Where the guided filter leaves no coverage or all of it, as colours vary too little there to tell: most of a picture, of
//! which nothing more has to be made.

use std::ops::Range;

use super::EDGE;
use super::guided::Guide;
use crate::engine::raster::{Image, Region};

/// So much beyond the filter's values that become no coverage, and full, is left for rounding.
const MARGIN: f32 = 1e-3;

/// Side of the blocks that are told apart, in pixels of the picture.
const BLOCK: usize = 64;

/// What is known of the coverage of a region.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Known {
    Nothing,
    Full,
    Open,
}

impl Known {
    /// From the least and the most that there is before it is finished.
    fn between([least, most]: [f32; 2]) -> Self {
        if most < EDGE.0 - MARGIN {
            Known::Nothing
        } else if least > EDGE.1 + MARGIN {
            Known::Full
        } else {
            Known::Open
        }
    }
}

/// A region of a picture in parts, and what a filter and the colours there let know of each and of so many pixels around it.
/// Of blocks that lie beside each other the same ones are one part.
pub fn parts(guide: &Guide, picture: &Image, region: Region, halo: usize) -> Vec<(Region, Known)> {
    let bounds = picture.bounds();
    let mut parts: Vec<(Region, Known)> = Vec::new();
    for y in (region.y..region.bottom()).step_by(BLOCK) {
        let row = Region::new(region.x, y, region.width, BLOCK).within(&region);
        let around_row = row.expanded(halo, &bounds);
        let lefts = (row.x..row.right()).step_by(BLOCK);
        let blocks = lefts.map(|x| Region::new(x, y, BLOCK, BLOCK).within(&row));
        let blocks: Vec<Region> = blocks.collect();
        let around = blocks.iter().map(|it| it.expanded(halo, &bounds));
        let around: Vec<Region> = around.collect();
        let columns = around.iter();
        let columns = columns.map(|it| it.x - around_row.x..it.right() - around_row.x);
        let colours = picture.extremes(around_row, &columns.collect::<Vec<_>>());
        for ((block, around), colours) in blocks.iter().zip(around).zip(colours) {
            let cells = cells_around(around, guide.size(), bounds);
            let known = Known::between(guide.ends(cells, colours));
            match parts.last_mut() {
                Some((last, of_last)) if *of_last == known && last.y == y => {
                    last.width += block.width;
                }
                _ => parts.push((*block, known)),
            }
        }
    }
    parts
}

/// The pixels of a copy that those of a region are read between.
fn cells_around(region: Region, copy: (usize, usize), picture: Region) -> Region {
    let columns = cells(region.x..region.right(), copy.0, picture.width);
    let rows = cells(region.y..region.bottom(), copy.1, picture.height);
    Region::new(columns.start, rows.start, columns.len(), rows.len())
}

/// The same along an axis, on which there are `count` for `length` pixels, and one more to each side, for rounding.
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
}
