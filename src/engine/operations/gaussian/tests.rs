//! The blur against a slow and obvious one.

use super::*;
use crate::engine::operations::Random;
use crate::engine::raster::{Part, Tile, row_set};

/// The same blur, slow and obvious, in `f64`.
fn reference(plane: &Plane, sigma: f64) -> Vec<f64> {
    let taps = taps::exact(sigma);
    let reach = taps.len() as isize - 1;
    let (width, height) = (plane.width() as isize, plane.height() as isize);
    let mut across = vec![0.0; plane.samples().len()];
    let mut out = across.clone();
    for y in 0..height {
        for x in 0..width {
            for i in -reach..=reach {
                let at = (x + i).clamp(0, width - 1) as usize;
                across[(y * width + x) as usize] +=
                    taps[i.unsigned_abs()] * f64::from(plane.at(at, y as usize));
            }
        }
    }
    for y in 0..height {
        for x in 0..width {
            for i in -reach..=reach {
                let at = (y + i).clamp(0, height - 1);
                out[(y * width + x) as usize] +=
                    taps[i.unsigned_abs()] * across[(at * width + x) as usize];
            }
        }
    }
    out
}

fn noise(width: usize, height: usize) -> Plane {
    let random = Random::new(7, 0, 0);
    let samples = (0..width * height).map(|i| random.row(i / width).signed(i % width));
    Plane::from_samples(width, height, samples.collect())
}

fn whole(plane: &Plane, sigma: f64) -> Plane {
    let bounds = Region::of_size(plane.width(), plane.height());
    Gaussian::new(sigma).blur(plane, bounds, bounds, bounds, &Cancel::default())
}

fn check(plane: &Plane, sigma: f64, tolerance: f64) {
    let (width, height) = (plane.width(), plane.height());
    for (fast, slow) in whole(plane, sigma)
        .samples()
        .iter()
        .zip(reference(plane, sigma))
    {
        assert!(
            (f64::from(*fast) - slow).abs() < tolerance,
            "{width}×{height} at {sigma}: {fast} for {slow}"
        );
    }
}

#[test]
fn it_equals_the_slow_version() {
    for (width, height) in [(1, 1), (1, 23), (67, 1), (37, 41), (131, 64)] {
        for sigma in [0.0, 0.1, 0.3, 0.5, 0.8, 2.0, 3.1] {
            check(&noise(width, height), sigma, 2e-6);
        }
    }
}

#[test]
fn on_a_coarser_grid_it_is_at_most_a_ten_thousandth_off() {
    let made = |width: usize, height: usize, sample: fn(usize, usize) -> bool| {
        let samples =
            (0..width * height).map(|i| f32::from(u8::from(sample(i % width, i / width))));
        Plane::from_samples(width, height, samples.collect())
    };
    for (width, height) in [(1, 1), (1, 90), (83, 1), (101, 67)] {
        for sigma in [
            3.2, 3.7, 4.2, 6.0, 6.39, 6.4, 8.0, 8.4, 13.2, 15.99, 16.0, 24.0, 50.0, 127.9, 128.0,
            200.0,
        ] {
            let noise = noise(width, height).map(|it| 0.5 + 0.5 * it);
            let dots = made(width, height, |x, y| x % 50 == 0 && y % 33 == 0);
            let steps = made(width, height, |x, y| x > 40 && y < 40);
            let board = made(width, height, |x, y| (x + y) % 2 == 0);
            let stripes = made(width, height, |x, _| x / 2 % 2 == 0);
            for plane in [noise, dots, steps, board, stripes] {
                check(&plane, sigma, 1e-4);
            }
        }
    }
}

#[test]
fn a_small_radius_blurs_noise_by_the_factor_of_its_taps() {
    // At 0.3 px the taps are 0.0450, 0.9100, 0.0450: noise keeps their power in both directions.
    let blurred = whole(&noise(256, 256), 0.3);
    let power = |plane: &Plane| plane.samples().iter().map(|v| v * v).sum::<f32>();
    let kept = (power(&blurred) / power(&noise(256, 256))).sqrt();
    let expected = 0.91 * 0.91 + 2.0 * 0.045 * 0.045;
    assert!((kept - expected).abs() < 0.005, "{kept} for {expected}");
}

#[test]
fn a_region_alone_equals_the_region_of_the_whole_bit_for_bit() {
    let plane = noise(301, 267);
    let bounds = Region::of_size(301, 267);
    for sigma in [0.4, 3.0, 3.7, 7.0, 8.0, 13.0, 16.0, 25.0] {
        let gaussian = Gaussian::new(sigma);
        let all = whole(&plane, sigma);
        for to in [
            Region::new(0, 0, 1, 1),
            Region::new(50, 30, 33, 5),
            Region::new(290, 260, 11, 7),
            Region::new(131, 117, 64, 70),
        ] {
            let from = to.expanded(gaussian.halo(), &bounds);
            let part = gaussian.blur(&plane.crop(from), from, to, bounds, &Cancel::default());
            assert_eq!(part, all.crop(to));
        }
    }
}

#[test]
fn the_low_layer_in_pieces_is_that_of_the_whole_bit_for_bit() {
    let plane = noise(1100, 700);
    let bounds = Region::of_size(1100, 700);
    for sigma in [4.0, 8.0, 30.0, 110.0] {
        let lows = Lows::new(sigma, bounds).expect("a wide one");
        let all = whole(&plane, sigma);
        for to in [
            Region::new(0, 0, 70, 50),
            Region::new(500, 300, 64, 300),
            Region::new(1090, 693, 10, 7),
        ] {
            let source = |region| Part::Made(Tile::new(region, vec![plane.crop(region)]).into());
            let mut part = lows.flowing(source(to), to, source, &Cancel::default());
            let wanted = all.crop(to);
            let mut row = row_set(1, to.width);
            for y in 0..to.height {
                part.read(y, &mut row);
                assert_eq!(row[0], wanted.row(y));
            }
        }
    }
    assert!(Lows::new(3.0, bounds).is_none());
}

/// Rows that flow are those of a whole blur, to the bit, whichever are asked for first.
#[test]
fn rows_blurred_while_they_are_read_are_the_same() {
    let plane = noise(70, 50);
    let bounds = Region::of_size(70, 50);
    for sigma in [0.0, 0.2, 0.4, 0.5, 1.0, 2.0, 9.0, 20.0] {
        let gaussian = Gaussian::new(sigma);
        for to in [
            bounds,
            Region::new(0, 0, 33, 9),
            Region::new(31, 20, 39, 30),
        ] {
            let cancel = Cancel::default();
            let expected = gaussian.blur(&plane, bounds, to, bounds, &cancel);
            let mut flowing = gaussian.flowing((&plane, bounds), to, bounds, &cancel);
            let mut row = row_set(1, to.width);
            for y in (0..to.height).chain([3, 8, 8, 0, 1, 0]) {
                flowing.read(y, &mut row);
                assert_eq!(row[0], expected.row(y), "{sigma}, {to:?}, row {y}");
            }
        }
    }
}
