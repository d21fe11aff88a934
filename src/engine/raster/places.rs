//! Which of many small places lie in a region.

use std::collections::HashMap;

use super::Region;

/// Side of the squares by which places are looked up, in pixels.
const SQUARE: usize = 128;

/// Places by number, kept for look-up by region.
#[derive(Clone, Debug, Default)]
pub struct Places {
    regions: Vec<Region>,
    /// The numbers of the places that touch a square, by its column and row.
    squares: HashMap<(usize, usize), Vec<usize>>,
}

impl Places {
    /// Places numbered in the order given.
    pub fn new(regions: impl Iterator<Item = Region>) -> Self {
        let mut places = Self::default();
        for (number, region) in regions.enumerate() {
            for square in squares(region) {
                places.squares.entry(square).or_default().push(number);
            }
            places.regions.push(region);
        }
        places
    }

    /// The numbers of the places that share a pixel with a region, in order.
    pub fn within(&self, region: Region) -> Vec<usize> {
        let lists = squares(region).filter_map(|it| self.squares.get(&it));
        let mut numbers: Vec<usize> = lists
            .flatten()
            .copied()
            .filter(|it| !self.regions[*it].within(&region).is_empty())
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// The squares that a region touches.
fn squares(region: Region) -> impl Iterator<Item = (usize, usize)> {
    let span = |from: usize, to: usize| from / SQUARE..to.div_ceil(SQUARE);
    let columns = span(region.x, region.right());
    span(region.y, region.bottom()).flat_map(move |row| columns.clone().map(move |it| (it, row)))
}
