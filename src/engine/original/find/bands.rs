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

/// Beyond so many amplitudes a structure counts no more.
const MOST: f32 = 3.0;

/// Near the edge of a copy the band shows the edge, in pixels.
pub const EDGE: usize = 6;

/// Rows that are blurred together.
const ROWS: usize = 64;

/// The luma of a picture on a copy of at most so many pixels, made band by band.
pub fn luma_copy(picture: &Image, pixels: f64) -> Plane {
    let (width, height) = (picture.width(), picture.height());
    let shrink = (pixels / (width as f64 * height as f64)).sqrt().min(1.0);
    if shrink == 1.0 {
        return picture.tile(picture.bounds()).luma();
    }
    picture.reduced(shrunk((width, height), shrink)).luma()
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

/// The structures of a luma: its middle band over the band's amplitude around, within ±[`MOST`].
pub fn structures(luma: &Plane, cancel: &Cancel) -> Plane {
    let coarse = blurred(luma, COARSE, cancel);
    let band = blurred(luma, FINE, cancel).zip_map(&coarse, |fine, coarse| fine - coarse);
    let energy = blurred(&band.clone().map(|it| it * it), AROUND, cancel);
    band.zip_map(&energy, |band, energy| {
        (band / (energy + FLOOR * FLOOR).sqrt()).clamp(-MOST, MOST)
    })
}

/// A whole plane, blurred on all threads.
fn blurred(plane: &Plane, radius: f64, cancel: &Cancel) -> Plane {
    let (gaussian, bounds) = (
        Gaussian::new(radius),
        Region::of_size(plane.width(), plane.height()),
    );
    let bands: Vec<Plane> = (0..bounds.height)
        .into_par_iter()
        .step_by(ROWS)
        .map(|y| {
            let band = Region::new(0, y, bounds.width, ROWS).within(&bounds);
            gaussian.blur(plane, bounds, band, bounds, cancel)
        })
        .collect();
    let samples = bands.iter().flat_map(|it| it.samples());
    Plane::from_samples(bounds.width, bounds.height, samples.copied().collect())
}
