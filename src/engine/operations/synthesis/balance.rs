//! As much of the coarsest waves in the field as in the patch.
//!
//! A high pass leaves little of them, and seams between pieces add to it: a fifth on average, and more where texture is
//! uneven. So pieces get less of them beforehand. How much less is found on fields that are made to measure it.

use core::f64::consts::TAU;

use super::Synthesis;
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region};

/// The waves that are balanced, in high-pass radii.
const WAVES: (f64, f64) = (8.0, 16.0);

/// What pieces get less of is what a Gaussian of this radius leaves, in high-pass radii.
const COARSE: f64 = 2.5;

/// Side of the fields that are measured, in pixels.
const MEASURED: usize = 384;

/// The share that pieces get less, at least and at most.
const LESS: (f64, f64) = (-0.5, 1.5);

/// How much of what pieces lose a field is thought to lose, before that is measured.
const LOST: f64 = 0.8;

/// The synthesis of a texture, of which `of_texture` makes one, so that its fields have the power that the patch has.
pub fn balanced(
    patch: &Plane,
    mut texture: Plane,
    radius: f64,
    of_texture: impl Fn(&Plane) -> Synthesis,
) -> Synthesis {
    let plain = of_texture(&texture);
    let own = Coarse::of(patch, radius);
    let (before, wanted) = (energy_of_field(&plain, radius), own.less(0.0));
    if before.min(wanted) == 0.0 {
        return plain;
    }
    let coarse = around_torus(&Gaussian::new(COARSE * radius), &texture);
    let mut taken = 0.0;
    let mut with_less = |less: f64| {
        for (it, coarse) in texture.samples_mut().iter_mut().zip(coarse.samples()) {
            *it -= (less - taken) as f32 * coarse;
        }
        taken = less;
        of_texture(&texture)
    };
    let first = own.less_for(wanted - (before - wanted) / LOST);
    let made = with_less(first);
    let after = energy_of_field(&made, radius);
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
    fn of(plane: &Plane, radius: f64) -> Self {
        let (width, height) = (plane.width(), plane.height());
        // The highest frequencies along each side, in cycles.
        let highest = |size: usize| ((size as f64 / (WAVES.0 * radius)) as usize).min(size / 2);
        let (columns, rows) = (highest(width) + 1, highest(height));
        let (across, tall) = (roots(width), roots(height));
        let transformed: Vec<Vec<[f64; 2]>> = (0..height)
            .map(|y| along(plane.row(y), columns, &across))
            .collect();
        let mut power = Self {
            own: 0.0,
            both: 0.0,
            taken: 0.0,
        };
        for x in 0..columns {
            let column: Vec<[f64; 2]> = transformed.iter().map(|it| it[x]).collect();
            for y in (0..=rows).chain(height - rows..height) {
                let [re, im] = down(&column, y, &tall);
                let y = y.min(height - y);
                let frequency = (x as f64 / width as f64).hypot(y as f64 / height as f64);
                let wave = 1.0 / (frequency * radius);
                if (WAVES.0..WAVES.1).contains(&wave) {
                    // A column of frequencies but the first stands for its mirror image too.
                    let count = if x == 0 { 1.0 } else { 2.0 };
                    let turn = TAU * frequency * COARSE * radius;
                    let gain = libm::exp(-0.5 * turn * turn);
                    let energy = count * (re * re + im * im);
                    power.own += energy;
                    power.both += energy * gain;
                    power.taken += energy * gain * gain;
                }
            }
        }
        let pixels = (width * height) as f64;
        let scale = 1.0 / (pixels * pixels);
        Self {
            own: power.own * scale,
            both: power.both * scale,
            taken: power.taken * scale,
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

/// The first few frequencies of a row of real values, by definition.
fn along(row: &[f32], count: usize, roots: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let one = |frequency: usize| {
        let mut sum = [0.0; 2];
        let mut at = 0;
        for sample in row {
            let [cosine, sine] = roots[at];
            sum[0] += f64::from(*sample) * cosine;
            sum[1] += f64::from(*sample) * sine;
            at = step(at, frequency, roots.len());
        }
        sum
    };
    (0..count).map(one).collect()
}

/// One frequency of a column of complex values.
fn down(column: &[[f64; 2]], frequency: usize, roots: &[[f64; 2]]) -> [f64; 2] {
    let mut sum = [0.0; 2];
    let mut at = 0;
    for [re, im] in column {
        let [cosine, sine] = roots[at];
        sum[0] += re * cosine - im * sine;
        sum[1] += re * sine + im * cosine;
        at = step(at, frequency, roots.len());
    }
    sum
}

/// The next of `count` roots of unity, so many from the last.
fn step(at: usize, by: usize, count: usize) -> usize {
    let next = at + by;
    if next >= count { next - count } else { next }
}

fn roots(count: usize) -> Vec<[f64; 2]> {
    (0..count)
        .map(|i| libm::sincos(-TAU * i as f64 / count as f64))
        .map(|(sine, cosine)| [cosine, sine])
        .collect()
}

/// The power of the same waves in a field.
fn energy_of_field(synthesis: &Synthesis, radius: f64) -> f64 {
    let region = Region::of_size(MEASURED, MEASURED);
    let field = synthesis.spread(0, 0, region);
    let mut plane = Plane::unfilled(MEASURED, MEASURED);
    for y in 0..MEASURED {
        field.row(y, plane.row_mut(y));
    }
    Coarse::of(&plane, radius).own
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
