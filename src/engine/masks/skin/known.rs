//! Where the guided filter leaves no coverage or all of it, as colours vary too little there to tell: most of a picture, of
//! which nothing more has to be made.

use std::ops::Range;

use super::EDGE;
use super::guided::Guide;
use crate::engine::raster::{Image, Region};

/// So much beyond the filter's values that become no coverage, and full, is left for rounding.
const MARGIN: f32 = 1e-3;

/// Colours farther from 0 than this, which samples of floats may have, round to more than that: of them nothing is known.
const USUAL: f32 = 8.0;

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
    if !guide.is_finite() {
        return vec![(region, Known::Open)];
    }
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
            let known = match colours.as_flattened().iter().all(|it| it.abs() < USUAL) {
                true => Known::between(guide.ends(cells, colours)),
                false => Known::Open,
            };
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
    use crate::engine::masks::skin::edge;
    use crate::engine::operations::Random;
    use crate::engine::raster::{Layout, Plane, Samples};

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
    fn what_is_known_is_what_the_filter_makes_of_the_picture() {
        let (width, height) = (900, 500);
        let random = Random::new(4, 0, 0);
        let level = |i: usize| {
            let (x, y) = (i % (3 * width) / 3, i / (3 * width));
            let noise = 20.0 * random.row(y).signed(i % (3 * width));
            (if x < width / 2 { 170.0 } else { 90.0 } + noise) as u8
        };
        let samples = Samples::Eight((0..3 * width * height).map(level).collect());
        let picture = Image::new(width, height, Layout::Rgb, samples).expect("as many");
        let copy = picture.reduced((90, 50));
        let covered = (0..90 * 50).map(|i| f32::from(u8::from(i % 90 < 45)));
        let coverage = Plane::from_samples(90, 50, covered.collect());
        let guide = Guide::new(&copy, &coverage, 3.0);
        let region = Region::new(30, 7, width - 40, height - 7);
        let mut found = Vec::new();
        for (part, known) in parts(&guide, &picture, region, 4) {
            assert!(region.contains(&part), "{part:?}");
            found.resize(found.len() + part.width * part.height, known);
            let around = part.expanded(4, &picture.bounds());
            let made = guide.coverage(&picture, around, [10.0; 2], edge);
            let of_all = |value: f32| made.samples().iter().all(|it| *it == value);
            match known {
                Known::Nothing => assert!(of_all(0.0), "{part:?}"),
                Known::Full => assert!(of_all(1.0), "{part:?}"),
                Known::Open => {}
            }
        }
        let count = |of| found.iter().filter(|it| **it == of).count();
        assert_eq!(found.len(), region.width * region.height);
        assert!(count(Known::Nothing) > found.len() / 4);
        assert!(count(Known::Full) > found.len() / 4);
        assert!(count(Known::Open) > 0);
    }

    #[test]
    fn of_colours_beyond_all_measure_nothing_is_known() {
        let samples = Samples::Float(vec![1e20; 40 * 40]);
        let picture = Image::new(40, 40, Layout::Grey, samples).expect("as many");
        let nothing = Plane::filled(40, 40, 0.0);
        let guide = Guide::new(&picture.reduced((40, 40)), &nothing, 3.0);
        let parts = parts(&guide, &picture, picture.bounds(), 4);
        assert_eq!(parts, [(picture.bounds(), Known::Open)]);
    }

    #[test]
    fn beside_colours_beyond_all_measure_nothing_is_known() {
        let sample = |i: usize| if i % 192 < 56 { 1e20 } else { 0.5 };
        let samples = Samples::Float((0..192 * 40).map(sample).collect());
        let picture = Image::new(192, 40, Layout::Grey, samples).expect("as many");
        let nothing = Plane::filled(192, 40, 0.0);
        let guide = Guide::new(&picture.reduced((192, 40)), &nothing, 3.0);
        // The filter reaches so far, and looks at no colours of its own here.
        let region = Region::new(64, 0, 128, 40);
        assert_eq!(parts(&guide, &picture, region, 4), [(region, Known::Open)]);
    }
}
