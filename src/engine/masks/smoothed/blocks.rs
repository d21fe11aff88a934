//! Blocks of cells, in which what is only asked for around a place is summed.

use super::octaves::CELL;
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region, wide};

/// Cells of a block, a side.
pub const BLOCK: usize = 4;

/// The sums over blocks of cells.
pub fn block_sums(cells: &Plane) -> Plane {
    let (width, height) = (cells.width(), cells.height());
    let mut sums = Plane::filled(width.div_ceil(BLOCK), height.div_ceil(BLOCK), 0.0);
    for y in 0..height {
        let (blocks, cut) = cells.row(y).as_chunks::<BLOCK>();
        let row = sums.row_mut(y / BLOCK);
        let last = row.get_mut(blocks.len());
        if let Some(sum) = last {
            *sum += cut.iter().sum::<f32>();
        }
        let blocks = row.iter_mut().zip(blocks);
        wide!({
            for (sum, block) in blocks {
                *sum += block.iter().sum::<f32>();
            }
        });
    }
    sums
}

/// Sums over blocks of cells, gathered from so far around: in lengths of the picture, and at least in pixels.
pub fn around(sums: &Plane, bounds: Region, (share, least): (f64, f64)) -> Plane {
    let all = Region::of_size(sums.width(), sums.height());
    let nearby = share * bounds.width.max(bounds.height) as f64;
    let radius = nearby.max(least) / (BLOCK * CELL) as f64;
    Gaussian::new(radius).blur(sums, all, all, all, &Cancel::default())
}
