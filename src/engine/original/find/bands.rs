//! What both pictures still share after the AI: structures of a few pixels, evened out so that contrast and tone do
//! not matter.

use rayon::prelude::*;

use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Image, Plane, Region, Resample};

/// The band lies between Gaussians of these radii, in pixels of the copy that is looked at.
const FINE: f64 = 1.0;
const COARSE: f64 = 4.0;

/// Its amplitude is measured over this radius, in pixels of the copy.
const AROUND: f64 = 8.0;

/// Amplitude of the band that counts as no structure: about two levels of 8 bits.
const FLOOR: f32 = 0.008;

/// What rounding leaves of flat places is less than this.
const ROUNDING: f32 = 2e-6;

/// Beyond so many amplitudes a structure counts no more.
const MOST: f32 = 3.0;

/// Near the edge of a copy the band shows the edge, in pixels.
pub const EDGE: usize = 6;

/// Rows that are looked at together, and as many around them as the widest Gaussian reads.
const ROWS: usize = 128;

/// The luma of a picture on a copy of at most so many pixels, made band by band.
pub fn luma_copy(picture: &Image, pixels: f64) -> Plane {
    let (width, height) = (picture.width(), picture.height());
    let shrink = (pixels / (width as f64 * height as f64)).sqrt().min(1.0);
    if shrink == 1.0 {
        return picture.tile(picture.bounds()).luma();
    }
    picture.reduced_luma(shrunk((width, height), shrink))
}

/// A plane at another size.
pub fn resized(plane: &Plane, size: (usize, usize)) -> Plane {
    let resample = Resample::new((plane.width(), plane.height()), size);
    let target = Region::of_size(size.0, size.1);
    resample.apply(&plane.crop(resample.needs(target)), target)
}

/// A size made smaller, at least one pixel.
pub fn shrunk((width, height): (usize, usize), factor: f64) -> (usize, usize) {
    let shrunk = |length: usize| ((length as f64 * factor).round() as usize).max(1);
    (shrunk(width), shrunk(height))
}

/// The structures of a luma: its middle band over the band's amplitude around, within ±[`MOST`]. They are made band by
/// band of rows on all threads, so that nothing else is as large as the luma.
pub fn structures(luma: &Plane, cancel: &Cancel) -> Plane {
    let (width, height) = (luma.width(), luma.height());
    let bounds = Region::of_size(width, height);
    let [fine, coarse, around] = [FINE, COARSE, AROUND].map(Gaussian::new);
    let mut structures = Plane::unfilled(width, height);
    let bands = structures.samples_mut().par_chunks_mut(width * ROWS);
    bands.enumerate().for_each(|(i, out)| {
        let to = Region::new(0, i * ROWS, width, ROWS).within(&bounds);
        let from = to.expanded(around.halo(), &bounds);
        let blurred = |it: &Gaussian| it.blur(luma, bounds, from, bounds, cancel);
        let band = blurred(&fine).zip_map(&blurred(&coarse), |fine, coarse| {
            let between = fine - coarse;
            if between.abs() < ROUNDING {
                0.0
            } else {
                between
            }
        });
        let squares = band.clone().map(|it| it * it);
        let energy = around.blur(&squares, from, to, bounds, cancel);
        let band = band.crop(to.seen_from(&from));
        let pairs = band.samples().iter().zip(energy.samples());
        for (out, (band, energy)) in out.iter_mut().zip(pairs) {
            *out = (band / (energy + FLOOR * FLOOR).sqrt()).clamp(-MOST, MOST);
        }
    });
    structures
}
