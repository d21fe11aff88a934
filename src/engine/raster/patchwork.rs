//! Parts of a picture that were made anew, to be laid over the rest wherever it is read.

use std::ops::Range;

use super::places::Places;
use super::{Region, Tile};

/// Patches that take the place of parts of a picture, later ones over earlier ones. Thousands of them may lie in memory:
/// they have 16 bits a sample.
#[derive(Clone, Debug, Default)]
pub struct Patchwork {
    /// By number; `None` where there is none yet.
    patches: Vec<Option<Patch>>,
    places: Places,
}

/// A part of a picture, with holes.
#[derive(Clone, Debug)]
pub(super) struct Patch {
    region: Region,
    /// For each colour the samples row by row: [`HOLE`], or −0.5..=1.5 as 0..=[`MOST`]. What was brought over by a sharp
    /// kernel goes beyond black and white.
    planes: Vec<Vec<u16>>,
}

/// Where the picture is as it was.
const HOLE: u16 = u16::MAX;
const MOST: u16 = HOLE - 1;

impl Patch {
    fn new(tile: &Tile, covers: impl Fn(usize, usize) -> bool) -> Self {
        let region = tile.region();
        let pixels = (region.y..region.bottom())
            .flat_map(|y| (region.x..region.right()).map(move |x| (x, y)));
        let covered: Vec<bool> = pixels.map(|(x, y)| covers(x, y)).collect();
        let level = |(sample, covered): (&f32, &bool)| match covered {
            true => ((0.5 * sample + 0.25).clamp(0.0, 1.0) * f32::from(MOST) + 0.5) as u16,
            false => HOLE,
        };
        let plane = |samples: &[f32]| samples.iter().zip(&covered).map(level).collect();
        Self {
            region,
            planes: tile.planes().iter().map(|it| plane(it.samples())).collect(),
        }
    }

    /// Row `y` of a plane, which must be one of the region's, in some of its columns.
    fn row(&self, plane: usize, y: usize, columns: Range<usize>) -> &[u16] {
        let row = (y - self.region.y) * self.region.width;
        let columns = columns.start - self.region.x..columns.end - self.region.x;
        &self.planes[plane][row..][columns]
    }

    /// Lays some columns of a row over samples that lie so many apart.
    fn lay_over(
        &self,
        (plane, y, columns): (usize, usize, Range<usize>),
        samples: &mut [f32],
        apart: usize,
    ) {
        let levels = self.row(plane, y, columns);
        for (sample, level) in samples.iter_mut().step_by(apart).zip(levels) {
            if *level != HOLE {
                *sample = 2.0 * f32::from(*level) / f32::from(MOST) - 0.5;
            }
        }
    }
}

impl Patchwork {
    /// Room for patches in these regions, numbered in the order given.
    pub fn with_room(regions: impl ExactSizeIterator<Item = Region>) -> Self {
        Self {
            patches: vec![None; regions.len()],
            places: Places::new(regions),
        }
    }

    /// Puts what a tile has in the pixels that it `covers` into its room.
    pub fn put(&mut self, number: usize, tile: &Tile, covers: impl Fn(usize, usize) -> bool) {
        self.patches[number] = Some(Patch::new(tile, covers));
    }

    /// The numbers of those that share a pixel with a region, in order.
    pub fn within(&self, region: Region) -> Vec<usize> {
        self.places.within(region)
    }

    /// Lays them over a tile of the picture. Grey patches serve all colours.
    pub fn lay_over(&self, tile: &mut Tile) {
        self.lay_over_until(self.patches.len(), tile);
    }

    /// The same with the first `count` alone.
    pub fn lay_over_until(&self, count: usize, tile: &mut Tile) {
        let region = tile.region();
        let numbers = self.within(region).into_iter();
        let patches = numbers.take_while(|it| *it < count);
        for patch in patches.filter_map(|it| self.patches[it].as_ref()) {
            let shared = patch.region.within(&region);
            let columns = shared.x..shared.right();
            for (channel, plane) in tile.planes_mut().iter_mut().enumerate() {
                let channel = channel.min(patch.planes.len() - 1);
                for y in shared.y..shared.bottom() {
                    let row = &mut plane.row_mut(y - region.y)[shared.x - region.x..];
                    patch.lay_over((channel, y, columns.clone()), row, 1);
                }
            }
        }
    }

    /// Those that are seen in a region.
    pub(super) fn seen_in(&self, region: Region) -> Vec<&Patch> {
        let numbers = self.within(region).into_iter();
        numbers.filter_map(|it| self.patches[it].as_ref()).collect()
    }
}

/// Lays what patches have of row `y` over some columns of it: a row for each of their colours, or one of pixels.
pub(super) fn lay_over_row(
    patches: &[&Patch],
    y: usize,
    columns: Range<usize>,
    out: &mut [Vec<f32>],
) {
    let row = Region::new(columns.start, y, columns.len(), 1);
    for patch in patches {
        let shared = patch.region.within(&row);
        if shared.is_empty() {
            continue;
        }
        let apart = patch.planes.len() / out.len();
        for channel in 0..patch.planes.len() {
            let first = (shared.x - row.x) * apart + channel % apart;
            let samples = &mut out[channel / apart][first..];
            patch.lay_over((channel, y, shared.x..shared.right()), samples, apart);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::{Image, Layout, Part, Plane, RowSource, Samples, row_set};

    #[test]
    fn rows_are_read_as_tiles_are() {
        let samples = Samples::Eight((0..20 * 16 * 3).map(|i| (i % 251) as u8).collect());
        let image = Image::new(20, 16, Layout::Rgb, samples).expect("as many as it has");
        let patch = |region: Region, value: f32| {
            let plane =
                |channel| Plane::filled(region.width, region.height, value + channel as f32 / 10.0);
            Tile::new(region, (0..3).map(plane).collect())
        };
        // Two that overlap, one that lies beside what is read, and one that was never made.
        let regions = [(3, 2, 6, 5), (7, 4, 5, 5), (15, 12, 5, 4), (4, 8, 2, 2)];
        let regions = regions.map(|(x, y, width, height)| Region::new(x, y, width, height));
        let mut patchwork = Patchwork::with_room(regions.into_iter());
        for (number, value) in [0.1, 0.4, 0.7].into_iter().enumerate() {
            patchwork.put(number, &patch(regions[number], value), |x, y| {
                (x + y) % 7 > 0
            });
        }
        let region = Region::new(2, 1, 12, 10);
        let mut expected = image.tile(region);
        patchwork.lay_over(&mut expected);
        let part = Part::of(&image, region).under(&patchwork, region);
        for mut part in [part.clone().as_planes(), part.as_pixels()] {
            let (planes, interleaved) = (part.planes(), part.interleaved());
            let mut rows = row_set(planes, region.width * interleaved);
            for y in 0..region.height {
                part.read(region.y + y, region.x..region.right(), &mut rows);
                for (channel, plane) in expected.planes().iter().enumerate() {
                    let row = &rows[channel / interleaved];
                    let read = row.iter().skip(channel % interleaved).step_by(interleaved);
                    assert!(read.eq(plane.row(y)), "channel {channel}, row {y}");
                }
            }
        }
    }
}
