//! As much of the coarsest waves in the field as in the patch.
//!
//! A high pass leaves little of them, and seams between pieces add to it: a fifth on average, and more where texture is
//! uneven. So pieces get less of them beforehand. How much less is found on fields that are made to measure it.

use core::f64::consts::TAU;

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::{Field, Synthesis};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region};

/// The waves that are balanced, in high-pass radii. Seams make more of the longer ones than a high pass leaves.
const OCTAVES: [(f64, f64); 3] = [(4.0, 8.0), (8.0, 16.0), (16.0, 32.0)];

/// They are balanced up to this length, in pixels; what is longer is tone, which is taken away.
const LONGEST: f64 = 64.0;

/// What pieces get less of is what a Gaussian of this radius leaves, in the shortest of the waves.
const COARSE: f64 = 2.5 / 8.0;

/// Side of the fields that are measured, in pixels: as many of the shortest waves as this are long, but no fewer than so
/// many pixels.
const MEASURED: usize = 384;
const WAVES: f64 = 48.0;
const LEAST_MEASURED: f64 = 192.0;

/// Along rows and columns there are no shorter waves than this, in pixels; an octave that begins below is not balanced.
const SHORTEST: f64 = 2.0;

/// The share that pieces get less, at least and at most.
const LESS: (f64, f64) = (-0.5, 1.5);

/// Without their tone fields vary less than the patch. They are scaled by this at most: half a decibel.
const MOST_SCALED: f64 = 1.06;

/// How much of what pieces lose a field is thought to lose, before that is measured.
const LOST: f64 = 0.8;

/// The synthesis of a texture, of which `of_texture` makes one, so that its fields have the power that the patch has.
pub fn balanced(
    patch: &Plane,
    mut texture: Plane,
    radius: f64,
    of_texture: impl Fn(&Plane) -> Synthesis,
) -> Synthesis {
    let mut synthesis = of_texture(&texture);
    let octaves = OCTAVES.map(|(shortest, longest)| (shortest * radius, longest * radius));
    for waves in octaves {
        if waves.0 >= SHORTEST && waves.1 <= LONGEST {
            synthesis = with_balanced(waves, patch, &mut texture, synthesis, &of_texture);
        }
    }
    let field = field(&synthesis, MEASURED);
    let (before, after) = (
        deviation(&field.with_tone((MEASURED, MEASURED))),
        deviation(&samples(&field, MEASURED)),
    );
    let lost = if after > 0.0 { before / after } else { 1.0 };
    synthesis.scaled(lost.min(MOST_SCALED) as f32)
}

/// The same for waves of one octave, in pixels: takes from the texture what it has too much of.
fn with_balanced(
    waves: (f64, f64),
    patch: &Plane,
    texture: &mut Plane,
    plain: Synthesis,
    of_texture: &impl Fn(&Plane) -> Synthesis,
) -> Synthesis {
    let own = Coarse::of(patch, waves);
    let (before, wanted) = (energy_of_field(&plain, waves), own.less(0.0));
    if before.min(wanted) == 0.0 {
        return plain;
    }
    let coarse = around_torus(&Gaussian::new(COARSE * waves.0), texture);
    let mut taken = 0.0;
    let mut with_less = |less: f64| {
        for (it, coarse) in texture.samples_mut().iter_mut().zip(coarse.samples()) {
            *it -= (less - taken) as f32 * coarse;
        }
        taken = less;
        of_texture(texture)
    };
    let first = own.less_for(wanted - (before - wanted) / LOST);
    let made = with_less(first);
    let after = energy_of_field(&made, waves);
    // What the field lost of what the pieces lost.
    let lost = (before - after) / (wanted - own.less(first));
    if lost.is_nan() || lost <= 0.0 {
        return made;
    }
    with_less(own.less_for(own.less(first) - (after - wanted) / lost))
}

/// The power of the waves that are balanced.
struct Coarse {
    /// With none taken away, and the products with what would be.
    own: f64,
    both: f64,
    taken: f64,
}

impl Coarse {
    /// Of a plane.
    fn of(plane: &Plane, waves: (f64, f64)) -> Self {
        let (width, height) = (plane.width(), plane.height());
        // The highest frequencies along each side, in cycles.
        let highest = |size: usize| ((size as f64 / waves.0) as usize).min(size / 2);
        let (columns, rows) = (highest(width) + 1, highest(height));
        let (across, tall) = (roots(width), roots(height));
        let across: Vec<[Vec<f64>; 2]> = (0..columns).map(|it| wave(&across, it)).collect();
        let tall: Vec<[Vec<f64>; 2]> = (0..=rows).map(|it| wave(&tall, it)).collect();
        // Each row of pixels at all frequencies along it.
        let row = |y: usize| -> Vec<[f64; 2]> {
            let samples: Vec<f64> = plane.row(y).iter().map(|it| f64::from(*it)).collect();
            with_waves(&samples, &across)
        };
        let along: Vec<Vec<[f64; 2]>> = (0..height).into_par_iter().map(row).collect();
        // Of each column of frequencies: the power, and its products with the Gaussian and with its square.
        let column = |x: usize| {
            let (re, im): (Vec<f64>, Vec<f64>) =
                along.iter().map(|it| (it[x][0], it[x][1])).unzip();
            let pairs = [re, im].map(|it| with_waves(&it, &tall));
            let mut sums = [0.0; 3];
            for (y, ([a, c], [d, b])) in pairs[0].iter().zip(&pairs[1]).enumerate() {
                let frequency = libm::hypot(x as f64 / width as f64, y as f64 / height as f64);
                if !(waves.0..waves.1).contains(&(1.0 / frequency)) {
                    continue;
                }
                // This frequency and the one that runs the other way down.
                let square = |re: f64, im: f64| re * re + im * im;
                let (down, up) = (square(a - b, c + d), square(a + b, d - c));
                let is_both = y == 0 || 2 * y == height;
                let energy = if is_both { down } else { down + up };
                // A column of frequencies but the first stands for its mirror image too.
                let energy = energy * if x == 0 { 1.0 } else { 2.0 };
                let turn = TAU * frequency * COARSE * waves.0;
                let gain = libm::exp(-0.5 * turn * turn);
                for (sum, share) in sums.iter_mut().zip([1.0, gain, gain * gain]) {
                    *sum += energy * share;
                }
            }
            sums
        };
        let columns: Vec<[f64; 3]> = (0..columns).into_par_iter().map(column).collect();
        let sum = |i: usize| columns.iter().map(|it| it[i]).sum::<f64>();
        let pixels = (width * height) as f64;
        let scale = 1.0 / (pixels * pixels);
        Self {
            own: sum(0) * scale,
            both: sum(1) * scale,
            taken: sum(2) * scale,
        }
    }

    /// The power with so much less.
    fn less(&self, less: f64) -> f64 {
        self.own - 2.0 * less * self.both + less * less * self.taken
    }

    /// How much less leaves a power, as far as that is allowed.
    fn less_for(&self, power: f64) -> f64 {
        let root = self.both * self.both - self.taken * (self.own - power);
        let less = (self.both - root.max(0.0).sqrt()) / self.taken;
        if less.is_finite() {
            less.clamp(LESS.0, LESS.1)
        } else {
            0.0
        }
    }
}

/// A wave of a frequency along a side: its cosine and its sine.
fn wave(roots: &[[f64; 2]], frequency: usize) -> [Vec<f64>; 2] {
    let at = (0..roots.len()).map(|it| roots[it * frequency % roots.len()]);
    let (cosine, sine) = at.map(|[cosine, sine]| (cosine, sine)).unzip();
    [cosine, sine]
}

/// The sums of products with the cosine and the sine of each wave.
fn with_waves(samples: &[f64], waves: &[[Vec<f64>; 2]]) -> Vec<[f64; 2]> {
    let mut sums = vec![[0.0; 2]; waves.len()];
    Arch::new().dispatch(WithWaves {
        samples,
        waves,
        sums: &mut sums,
    });
    sums
}

struct WithWaves<'a> {
    samples: &'a [f64],
    waves: &'a [[Vec<f64>; 2]],
    sums: &'a mut [[f64; 2]],
}

impl WithSimd for WithWaves<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (sums, [cosine, sine]) in self.sums.iter_mut().zip(self.waves) {
            *sums = [dot(self.samples, cosine), dot(self.samples, sine)];
        }
    }
}

/// The sum of products, in an order that is the same for registers of any width.
#[inline(always)]
fn dot(samples: &[f64], wave: &[f64]) -> f64 {
    // Sums that do not wait for each other: an addition takes as long as several.
    const LANES: usize = 32;
    let (blocks, rest) = samples.as_chunks::<LANES>();
    let (waves, waves_rest) = wave.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (block, wave) in blocks.iter().zip(waves) {
        for i in 0..LANES {
            sums[i] += block[i] * wave[i];
        }
    }
    let rest = rest.iter().zip(waves_rest);
    sums.iter().sum::<f64>() + rest.map(|(sample, wave)| sample * wave).sum::<f64>()
}

fn roots(count: usize) -> Vec<[f64; 2]> {
    (0..count)
        .map(|i| libm::sincos(-TAU * i as f64 / count as f64))
        .map(|(sine, cosine)| [cosine, sine])
        .collect()
}

/// The power of the same waves in a field.
fn energy_of_field(synthesis: &Synthesis, waves: (f64, f64)) -> f64 {
    let side = (WAVES * waves.0).clamp(LEAST_MEASURED, MEASURED as f64) as usize;
    Coarse::of(&samples(&field(synthesis, side), side), waves).own
}

/// A field that is measured, of a side in pixels.
fn field(synthesis: &Synthesis, side: usize) -> Field {
    synthesis.spread(0, 0, Region::of_size(side, side))
}

fn samples(field: &Field, side: usize) -> Plane {
    let mut plane = Plane::unfilled(side, side);
    for y in 0..side {
        field.row(y, plane.row_mut(y));
    }
    plane
}

/// The standard deviation of samples.
fn deviation(plane: &Plane) -> f64 {
    let count = plane.samples().len() as f64;
    let sum = |of: &dyn Fn(f64) -> f64| plane.samples().iter().map(|it| of(f64::from(*it))).sum();
    let mean: f64 = sum(&|it| it) / count;
    let squares: f64 = sum(&|it| (it - mean) * (it - mean));
    (squares / count).sqrt()
}

/// What a Gaussian leaves of a plane that goes on at the opposite edges.
fn around_torus(gaussian: &Gaussian, plane: &Plane) -> Plane {
    let (width, height, halo) = (plane.width(), plane.height(), gaussian.halo());
    let bounds = Region::of_size(width + 2 * halo, height + 2 * halo);
    let mut around = Plane::unfilled(bounds.width, bounds.height);
    let start = |size: usize| (size - halo % size) % size;
    for y in 0..bounds.height {
        let row = plane.row((y + start(height)) % height);
        let samples = row.iter().cycle().skip(start(width));
        for (out, sample) in around.row_mut(y).iter_mut().zip(samples) {
            *out = *sample;
        }
    }
    let inside = Region::new(halo, halo, width, height);
    gaussian.blur(&around, bounds, inside, bounds, &Cancel::default())
}
