//! The periodic part of a picture: the picture without the jumps from one edge to the opposite one.
//!
//! Periodic-plus-smooth decomposition (L. Moisan, 2011): the smooth part is the solution of a Poisson
//! equation on a torus whose only sources are those jumps. Its two halves, from the jumps between
//! top and bottom and those between left and right, are sums of waves along the edge that decay away
//! from it, so that no two-dimensional transform is needed.

use crate::engine::raster::Plane;

/// A wave that has decayed below this share adds nothing that a sample could show.
const NEGLIGIBLE: f64 = 1e-7;

/// The periodic part of a plane: it can be repeated without a cross where its edges meet.
pub fn periodic_part(plane: &Plane) -> Plane {
    let across = transposed(&smooth_part(&transposed(plane)));
    let smooth = smooth_part(plane).zip_map(&across, |down, across| down + across);
    plane
        .clone()
        .zip_map(&smooth, |sample, smooth| sample - smooth)
}

/// The smooth part that the jumps between the last row and the first one make.
fn smooth_part(plane: &Plane) -> Plane {
    let (width, height) = (plane.width(), plane.height());
    let mut smooth = Plane::filled(width, height, 0.0);
    if height < 2 {
        return smooth;
    }
    let (first, last) = (plane.row(0), plane.row(height - 1));
    let jump: Vec<f64> = last
        .iter()
        .zip(first)
        .map(|(l, f)| f64::from(l - f))
        .collect();
    let turn = core::f64::consts::TAU / width as f64;
    let angles = (0..width).map(|i| turn * i as f64);
    let (sines, cosines): (Vec<f64>, Vec<f64>) = angles.map(libm::sincos).unzip();
    for frequency in 0..=width / 2 {
        let at = |x: usize| x * frequency % width;
        let sum = |wave: &[f64]| -> f64 { (0..width).map(|x| jump[x] * wave[at(x)]).sum() };
        let (real, imaginary) = (sum(&cosines), sum(&sines));
        // A frequency and its negative are one real wave; 0 and the highest have no partner.
        let partners = if frequency == 0 || 2 * frequency == width {
            1.0
        } else {
            2.0
        };
        let wave: Vec<f32> = (0..width)
            .map(|x| real * cosines[at(x)] + imaginary * sines[at(x)])
            .map(|it| (it * partners / width as f64) as f32)
            .collect();
        let profile = profile(cosines[frequency % width], height);
        for (y, share) in profile.iter().enumerate() {
            if share.abs() < NEGLIGIBLE {
                continue;
            }
            for (out, wave) in smooth.row_mut(y).iter_mut().zip(&wave) {
                *out += *share as f32 * wave;
            }
        }
    }
    smooth
}

/// How a wave of unit jump goes on from the first row to the last: the solution g of
/// g(y−1) + g(y+1) − (4 − 2 cos θ)·g(y) = δ(y) − δ(y − height + 1) on a circle of `height` rows.
fn profile(cosine: f64, height: usize) -> Vec<f64> {
    let last = (height - 1) as f64;
    let half = 2.0 - cosine;
    if half - 1.0 < 1e-12 {
        // The mean jump: a ramp.
        return (0..height)
            .map(|y| (y as f64 - 0.5 * last) / height as f64)
            .collect();
    }
    // The decaying root of λ + 1/λ = 4 − 2 cos θ.
    let decay = half - (half * half - 1.0).sqrt();
    let powers = std::iter::successors(Some(1.0), |it| Some(it * decay));
    let powers: Vec<f64> = powers.take(height + 1).collect();
    let scale = -1.0 / (1.0 - powers[height - 1] + 1.0 / decay - powers[height]);
    let (down, up) = (powers.iter(), powers[..height].iter().rev());
    down.zip(up).map(|(down, up)| scale * (down - up)).collect()
}

fn transposed(plane: &Plane) -> Plane {
    let (width, height) = (plane.width(), plane.height());
    let samples = (0..width).flat_map(|x| (0..height).map(move |y| plane.at(x, y)));
    Plane::from_samples(height, width, samples.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Random;

    /// The Laplacian of a plane at a pixel, on a torus.
    fn laplacian(plane: &Plane, x: usize, y: usize) -> f32 {
        let (width, height) = (plane.width(), plane.height());
        plane.at((x + 1) % width, y)
            + plane.at((x + width - 1) % width, y)
            + plane.at(x, (y + 1) % height)
            + plane.at(x, (y + height - 1) % height)
            - 4.0 * plane.at(x, y)
    }

    #[test]
    fn the_smooth_part_solves_its_equation() {
        for (width, height) in [(13, 8), (8, 13), (32, 32), (2, 5), (5, 1)] {
            let random = Random::new(3, 0, 0);
            let samples = (0..width * height).map(|i| random.row(i / width).signed(i % width));
            let plane = Plane::from_samples(width, height, samples.collect());
            let periodic = periodic_part(&plane);
            let smooth = plane.clone().zip_map(&periodic, |all, part| all - part);
            for y in 0..height {
                for x in 0..width {
                    let mut jumps = 0.0;
                    for (edge, here, there) in [
                        (y == 0, (x, 0), (x, height - 1)),
                        (y == height - 1, (x, height - 1), (x, 0)),
                        (x == 0, (0, y), (width - 1, y)),
                        (x == width - 1, (width - 1, y), (0, y)),
                    ] {
                        if edge {
                            jumps += plane.at(there.0, there.1) - plane.at(here.0, here.1);
                        }
                    }
                    let found = laplacian(&smooth, x, y);
                    assert!(
                        (found - jumps).abs() < 1e-4,
                        "{width}×{height} at {x},{y}: {found} for {jumps}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_ramp_becomes_a_ramp_of_one_step() {
        let ramp = Plane::from_samples(10, 1, (0..10).map(|it| it as f32).collect());
        let periodic = periodic_part(&ramp);
        // From 9 down to 0 it jumps by 9; spread evenly that is a tenth of the ramp a step.
        for x in 0..9 {
            let step = periodic.at(x + 1, 0) - periodic.at(x, 0);
            assert!((step - 0.1).abs() < 1e-5, "{step}");
        }
    }
}
