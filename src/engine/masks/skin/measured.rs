//! What is measured of a picture's reduced copy, for all faces alike.

use std::f32::consts::LN_2;

use super::flood::Edges;
use crate::engine::masks::{median, ranked};
use crate::engine::operations::{Cancel, Gaussian, log2};
use crate::engine::raster::{Plane, Region, Tile, each, luma};

/// Added before logarithms are taken, so that noise in black does not count as colour.
const BLACK: f32 = 0.02;

/// The same for fine texture, of which black has the more in logarithms the noisier it is.
const NOISY_BLACK: f32 = 0.06;

/// Channels that differ by the same amount wherever one of them has the same level, to less than this, make a picture
/// without colours: a grey or a toned one. One pixel of so many may be off, for on an edge the copy has a mean of two.
const GREY: f32 = 0.02;
const LEVELS: usize = 128;
const OFF: usize = 500;

/// A copy, measured for all faces.
pub struct Measured {
    pub region: Region,
    /// The edges between its pixels, softened by one.
    pub edges: Edges,
    /// Logarithms of red over green, blue over green, and luma of those.
    pub colours: [Plane; 3],
    /// How far the quarter of the first two that differ most are from those in the middle, at least.
    pub spread: f32,
    /// What is finer than two pixels, in the logarithm of luma.
    pub fine: Plane,
    /// No colours tell anything.
    pub grey: bool,
}

impl Measured {
    pub fn of(copy: &Tile) -> Self {
        let region = Region::of_size(copy.region().width, copy.region().height);
        let soft = colours(copy).map(|it| blur(it, 1.0));
        let grey = follows(&soft[0], &soft[1]) && follows(&soft[2], &soft[1]);
        let [r, g, b] = &soft;
        let over_green = |it: &Plane| each([it, g], |[it, g]| log(it, BLACK) - log(g, BLACK));
        let tone = each([r, g, b], |[r, g, b]| log(luma(r, g, b), BLACK));
        let colours = [over_green(r), over_green(b), tone];
        let fine = copy.luma().map(|it| log(it, NOISY_BLACK));
        Self {
            region,
            edges: Edges::of(&soft),
            spread: spread([&colours[0], &colours[1]]),
            colours,
            fine: blur(&fine, 2.0).zip_map(&fine, |soft, sharp| sharp - soft),
            grey,
        }
    }

    pub fn colour(&self, i: usize) -> [f32; 3] {
        [0, 1, 2].map(|axis: usize| self.colours[axis].samples()[i])
    }
}

/// How far the quarter of colours that differ most are from those in the middle, at least.
fn spread(colours: [&Plane; 2]) -> f32 {
    let [red, blue] = colours.map(|it| it.samples());
    let [reddish, bluish] = [red, blue].map(|it| median(it.to_vec()));
    let apart = each(colours, |[red, blue]| {
        let (red, blue) = (red - reddish, blue - bluish);
        (red * red + blue * blue).sqrt()
    });
    let place = red.len() * 3 / 4;
    ranked(apart.samples().to_vec(), place)
}

/// The natural logarithm of a sample, with so much added.
#[inline(always)]
fn log(sample: f32, black: f32) -> f32 {
    LN_2 * log2(sample.max(0.0) + black)
}

/// Whether one channel is the same function of another one everywhere, as it is in grey pictures and in toned ones.
fn follows(one: &Plane, other: &Plane) -> bool {
    let pairs = || one.samples().iter().zip(other.samples());
    let level = |it: f32| ((it * LEVELS as f32) as usize).min(LEVELS - 1);
    let mut levels = [(0.0f64, 0.0f64); LEVELS];
    for (one, other) in pairs() {
        let (sum, count) = &mut levels[level(*other)];
        *sum += f64::from(one - other);
        *count += 1.0;
    }
    let usual = levels.map(|(sum, count)| (sum / count.max(1.0)) as f32);
    let is_off =
        |(one, other): &(&f32, &f32)| (*one - *other - usual[level(**other)]).abs() >= GREY;
    // A few more than may be off are enough to tell.
    let enough = one.samples().len() / OFF + 1;
    pairs().filter(is_off).take(enough).count() < enough
}

/// Red, green and blue of a copy, which are one and the same where it is grey.
pub fn colours(copy: &Tile) -> [&Plane; 3] {
    let planes = copy.planes();
    [0, 1, 2].map(|it: usize| &planes[it.min(planes.len() - 1)])
}

/// A blur of a whole copy. It is never cancelled, as what is found is kept.
pub fn blur(plane: &Plane, sigma: f64) -> Plane {
    let bounds = Region::of_size(plane.width(), plane.height());
    Gaussian::new(sigma).blur(plane, bounds, bounds, bounds, &Cancel::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether a row of red follows one of green.
    fn check(green: &[f32], red: impl Fn(usize, f32) -> f32, follows: bool) {
        let plane = |samples: Vec<f32>| Plane::from_samples(green.len(), 1, samples);
        let red = green.iter().enumerate().map(|(i, it)| red(i, *it));
        let is = super::follows(&plane(red.collect()), &plane(green.to_vec()));
        assert_eq!(is, follows);
    }

    #[test]
    fn a_toned_picture_has_no_colours() {
        let ramp: Vec<f32> = (0..50_000).map(|i| (i % 250) as f32 / 249.0).collect();
        check(&ramp, |_, it| it, true);
        check(&ramp, |_, it| it.sqrt().max(0.1), true);
        // The same green with more red in one place than in the other.
        check(
            &ramp,
            |i, it| it + if i < 25_000 { 0.0 } else { 0.1 },
            false,
        );
        check(&ramp, |i, it| if i == 30 { 1.0 } else { it }, true);
        check(&ramp, |i, it| if i < 500 { 1.0 } else { it }, false);
        // Samples beyond what can be shown.
        check(&[-0.5, 1.5, f32::MAX], |_, it| it, true);
    }
}
