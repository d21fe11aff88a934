//! Bands of parts of a picture, block by block. A block is transformed with a rim around it, so that its bands are those
//! of the whole picture to a good approximation; what lies beyond the picture is its mirror image.

use super::transform::{Block, SIDE, Transform, frequency};
use crate::engine::raster::{Plane, Region};

/// The rim of a block, in pixels.
const RIM: usize = 64;

/// Side of the part of a block that is measured, in pixels.
pub(super) const CORE: usize = SIDE - 2 * RIM;

/// So many of the rim's outermost pixels fade out.
const FADE: usize = 32;

/// The cores of the blocks that a region is measured in.
pub(super) fn cores(region: Region) -> Vec<Region> {
    let starts = |start: usize, end: usize| (start..end).step_by(CORE);
    let cores = starts(region.y, region.bottom())
        .flat_map(|y| starts(region.x, region.right()).map(move |x| Region::new(x, y, CORE, CORE)));
    cores.map(|it| it.within(&region)).collect()
}

/// What the bands of a core are made from: the core and its rim, as far as the picture goes.
pub(super) fn around(core: Region, bounds: Region) -> Region {
    core.expanded(RIM, &bounds)
}

/// What a block is looked at through.
pub(super) struct Filters {
    transform: Transform,
    /// For each band 1 at its frequencies.
    bands: Vec<Vec<f32>>,
    /// How far each row and column of a block is there.
    fade: Vec<f32>,
}

impl Filters {
    /// For bands from the shortest to the longest of their waves, in pixels.
    pub(super) fn new(bands: &[(f64, f64)]) -> Self {
        let band = |(from, to): &(f64, f64)| {
            let (from, to) = (*from, *to);
            gains(move |f| f32::from(u8::from(f * to > 1.0 && f * from <= 1.0)))
        };
        let fade = |i: usize| {
            let depth = (i.min(SIDE - 1 - i) as f64 + 0.5) / FADE as f64;
            (0.5 - 0.5 * libm::cos(core::f64::consts::PI * depth.min(1.0))) as f32
        };
        Self {
            transform: Transform::new(),
            bands: bands.iter().map(band).collect(),
            fade: (0..SIDE).map(fade).collect(),
        }
    }

    /// Gives `take` each band of two pictures in the core of a block, by its number. `pair` holds their values
    /// [around] the core.
    pub(super) fn bands(
        &self,
        pair: [&Plane; 2],
        (around, core): (Region, Region),
        (spectrum, band): &mut (Block, Block),
        mut take: impl FnMut(usize, &Core),
    ) {
        self.lay(pair[0], around, core, &mut spectrum.re);
        self.lay(pair[1], around, core, &mut spectrum.im);
        self.transform.forward(spectrum);
        for (i, gains) in self.bands.iter().enumerate() {
            self.filter(spectrum, gains, band);
            take(i, &Core { block: band });
        }
    }

    /// Lays the values around a core into a block, less their mean.
    fn lay(&self, values: &Plane, around: Region, core: Region, block: &mut [f32]) {
        let all = values.samples().iter();
        let mean = all.map(|it| f64::from(*it)).sum::<f64>() / values.samples().len() as f64;
        // The block begins a rim before the core, which may lie outside the picture.
        let columns: Vec<usize> = (0..SIDE)
            .map(|i| mirrored(i + core.x, RIM + around.x, around.width))
            .collect();
        for (y, out) in block.chunks_mut(SIDE).enumerate() {
            let row = values.row(mirrored(y + core.y, RIM + around.y, around.height));
            for ((out, x), fade) in out.iter_mut().zip(&columns).zip(&self.fade) {
                *out = (row[*x] - mean as f32) * fade * self.fade[y];
            }
        }
    }

    /// The block of what a filter lets through of a spectrum.
    fn filter(&self, spectrum: &Block, gains: &[f32], band: &mut Block) {
        let through = |out: &mut [f32], values: &[f32]| {
            for ((out, value), gain) in out.iter_mut().zip(values).zip(gains) {
                *out = value * gain;
            }
        };
        through(&mut band.re, &spectrum.re);
        through(&mut band.im, &spectrum.im);
        self.transform.inverse(band);
    }
}

/// One band of two pictures in the core of a block.
pub(super) struct Core<'a> {
    block: &'a Block,
}

impl Core<'_> {
    /// The values of both in a row of the core from one column to before another.
    pub fn row(&self, y: usize, columns: core::ops::Range<usize>) -> [&[f32]; 2] {
        let start = (y + RIM) * SIDE + RIM;
        let row = start + columns.start..start + columns.end;
        [&self.block.re[row.clone()], &self.block.im[row]]
    }
}

/// A gain for every frequency of a spectrum, by its size in cycles a pixel.
fn gains(gain: impl Fn(f64) -> f32) -> Vec<f32> {
    let mut gains = Vec::with_capacity(SIDE * SIDE);
    for y in 0..SIDE {
        for x in 0..SIDE {
            gains.push(gain(libm::hypot(frequency(x), frequency(y))));
        }
    }
    gains
}

/// The index of `position − start` in a row of `length` values that goes on as its own mirror image on both sides.
pub(super) fn mirrored(position: usize, start: usize, length: usize) -> usize {
    let (position, start, period) = (position as isize, start as isize, 2 * length as isize);
    let folded = (position - start).rem_euclid(period) as usize;
    folded.min(2 * length - 1 - folded)
}
