//! Parts of a picture that were made anew, to be laid over the rest wherever it is read.

use std::ops::Range;

use super::places::Places;
use super::{Region, Tile};

/// Tiles that take the place of parts of a picture, later ones over earlier ones.
#[derive(Clone, Debug, Default)]
pub struct Patchwork {
    /// By number; `None` where there is none yet.
    tiles: Vec<Option<Tile>>,
    places: Places,
}

impl Patchwork {
    /// Room for tiles of these regions, numbered in the order given.
    pub fn with_room(regions: impl ExactSizeIterator<Item = Region>) -> Self {
        Self {
            tiles: vec![None; regions.len()],
            places: Places::new(regions),
        }
    }

    /// Puts a tile into its room.
    pub fn put(&mut self, number: usize, tile: Option<Tile>) {
        self.tiles[number] = tile;
    }

    /// The numbers of those that share a pixel with a region, in order.
    pub fn within(&self, region: Region) -> Vec<usize> {
        self.places.within(region)
    }

    /// Lays them over a tile of the picture.
    pub fn lay_over(&self, tile: &mut Tile) {
        self.lay_over_until(self.tiles.len(), tile);
    }

    /// The same with the first `count` alone.
    pub fn lay_over_until(&self, count: usize, tile: &mut Tile) {
        let region = tile.region();
        let numbers = self.within(region).into_iter();
        let patches = numbers.take_while(|it| *it < count);
        for patch in patches.filter_map(|it| self.tiles[it].as_ref()) {
            let own = patch.region();
            let shared = own.within(&region);
            let from = patch.clone().with_channels(tile.planes().len());
            for (plane, patch) in tile.planes_mut().iter_mut().zip(from.planes()) {
                let part = patch.crop(shared.seen_from(&own));
                plane.paste(&part, shared.seen_from(&region));
            }
        }
    }

    /// Those that are seen in a region.
    pub(super) fn seen_in(&self, region: Region) -> Vec<&Tile> {
        let numbers = self.within(region).into_iter();
        numbers.filter_map(|it| self.tiles[it].as_ref()).collect()
    }
}

/// Lays what tiles have of row `y` over some columns of it: a row for each of their planes, or one of pixels.
pub(super) fn lay_over_row(tiles: &[&Tile], y: usize, columns: Range<usize>, out: &mut [Vec<f32>]) {
    let row = Region::new(columns.start, y, columns.len(), 1);
    for tile in tiles {
        let shared = tile.region().within(&row);
        if shared.is_empty() {
            continue;
        }
        let from = shared.seen_from(&tile.region());
        let to = shared.x - row.x;
        let interleaved = tile.planes().len() / out.len();
        for (channel, plane) in tile.planes().iter().enumerate() {
            let samples = &plane.row(from.y)[from.x..from.right()];
            let out = &mut out[channel / interleaved][to * interleaved..];
            let out = out.iter_mut().skip(channel % interleaved);
            for (out, sample) in out.step_by(interleaved).zip(samples) {
                *out = *sample;
            }
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
            patchwork.put(number, Some(patch(regions[number], value)));
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
