use super::*;
use crate::engine::operations::Random;

const SIDE: usize = 384;

fn region() -> Region {
    Region::of_size(SIDE, SIDE)
}

/// Values of every pixel; regions of them are cut out of it.
fn made(value: impl Fn(usize, usize) -> f64) -> Plane {
    let values = (0..SIDE * SIDE).map(|i| value(i % SIDE, i / SIDE) as f32);
    Plane::from_samples(SIDE, SIDE, values.collect())
}

fn everywhere(region: Region) -> Plane {
    Plane::filled(region.width, region.height, 1.0)
}

/// White noise, uniform on ±amount.
fn noise(seed: u64, amount: f64) -> Plane {
    let random = Random::new(seed, 0, 0);
    made(|x, y| amount * f64::from(random.row(y).signed(x)))
}

fn read(picture: &Plane, reference: Option<&Plane>, coverage: Values) -> Reading {
    let luma = |region: Region| picture.crop(region);
    let reference = reference.map(|it| move |region: Region| it.crop(region));
    let subject = Subject {
        bounds: region(),
        luma: &luma,
        reference: reference.as_ref().map(|it| it as Values),
        coverage,
    };
    Reading::take(&subject, &Cancel::default()).expect("it is not cancelled")
}

#[track_caller]
fn check_close(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() <= tolerance * expected.abs().max(1e-9),
        "{found} for {expected}"
    );
}

#[test]
fn a_wave_has_its_rms_in_its_own_octave_and_nothing_in_the_others() {
    // (across, down) in cycles a pixel, in the order of the octaves.
    for (i, (across, down)) in [
        (0.42, 0.45),
        (0.3, 0.15),
        (0.0, 0.18),
        (0.07, 0.06),
        (0.045, 0.0),
    ]
    .into_iter()
    .enumerate()
    {
        let wave = made(|x, y| {
            let turn = across * x as f64 + down * y as f64;
            0.5 + 0.04 * libm::sin(core::f64::consts::TAU * turn)
        });
        // Away from the rim, where the mirror image breaks the wave.
        let inner = |region: Region| {
            let mut plane = Plane::filled(region.width, region.height, 0.0);
            for y in 0..region.height {
                for x in 0..region.width {
                    let near = |at: usize| (64..SIDE - 64).contains(&at);
                    let counts = near(region.x + x) && near(region.y + y);
                    plane.row_mut(y)[x] = f32::from(u8::from(counts));
                }
            }
            plane
        };
        let rms = 255.0 * 0.04 / core::f64::consts::SQRT_2;
        for (k, octave) in read(&wave, None, &inner).octaves.iter().enumerate() {
            let found = octave.rms.expect("there is room");
            if i == k {
                check_close(found, rms, 0.03);
            } else {
                assert!(found < 0.06 * rms, "octave {k} has {found} of wave {i}");
            }
        }
    }
}

#[test]
fn white_noise_has_in_each_octave_its_share_of_the_square_of_frequencies() {
    let amount = 0.1;
    let all = 255.0 * amount / 3.0_f64.sqrt();
    let octaves = read(&noise(1, amount), None, &everywhere).octaves;
    let pi = core::f64::consts::PI;
    for octave in &octaves[1..] {
        let ring = pi * (octave.from_px.powi(-2) - octave.to_px.powi(-2));
        check_close(octave.rms.expect("there is room"), all * ring.sqrt(), 0.05);
    }
    // What a circle of ½ leaves of the square.
    let corners = 1.0 - pi / 4.0;
    check_close(
        octaves[0].rms.expect("there is room"),
        all * corners.sqrt(),
        0.03,
    );
}

#[test]
fn what_is_half_the_originals_is_half_coherent() {
    let (own, other) = (noise(1, 0.1), noise(2, 0.1));
    let mixed = own.clone().zip_map(&other, |a, b| a + b);
    let reading = read(&mixed, Some(&own), &everywhere);
    for octave in &reading.octaves[..3] {
        check_close(
            octave.recovered().expect("it is compared"),
            2.0_f64.sqrt(),
            0.04,
        );
        check_close(octave.coherent.expect("it is compared"), 0.5, 0.08);
    }
    let reading = read(&other, Some(&own), &everywhere);
    check_close(reading.recovered().expect("it is compared"), 1.0, 0.03);
    assert!(reading.octaves[1].coherent.expect("it is compared") < 0.01);
    let reading = read(&own, Some(&own), &everywhere);
    check_close(
        reading.octaves[2].coherent.expect("it is compared"),
        1.0,
        1e-6,
    );
}

#[test]
fn another_tone_is_measured_and_texture_is_none() {
    let own = noise(1, 0.02);
    let lighter = own.clone().map(|it| it + 3.0 / 255.0);
    let tone = read(&lighter, Some(&own), &everywhere)
        .tone
        .expect("compared");
    check_close(tone.mean, 3.0, 1e-3);
    check_close(tone.max, 3.0, 1e-2);
    let flat = made(|_, _| 0.0);
    let tone = read(&own, Some(&flat), &everywhere).tone.expect("compared");
    assert!(tone.mean < 0.3, "{}", tone.mean);
}

#[test]
fn tone_goes_on_beyond_the_edge_as_the_nearest_pixel() {
    let flat = made(|_, _| 0.5);
    let brighter = made(|x, _| if x == 0 { 0.6 } else { 0.5 });
    let tone = read(&brighter, Some(&flat), &everywhere).tone;
    // The first column and all before it: half of a Gaussian of radius 6, and half of its middle tap.
    let expected = 25.5 * (0.5 + 0.5 / (6.0 * core::f64::consts::TAU.sqrt()));
    check_close(tone.expect("compared").max, expected, 1e-3);
}

#[test]
fn only_what_the_mask_covers_counts_and_a_small_one_leaves_octaves_out() {
    let halves = {
        let (fine, strong) = (noise(1, 0.02), noise(1, 0.1));
        made(|x, y| {
            let side = if x < SIDE / 2 { &fine } else { &strong };
            f64::from(side.at(x, y))
        })
    };
    let left = |width: usize| {
        move |region: Region| {
            let mut plane = Plane::filled(region.width, region.height, 0.0);
            for y in 0..region.height {
                for x in 0..region.width {
                    let counts = region.x + x < width && region.y + y < width;
                    plane.row_mut(y)[x] = f32::from(u8::from(counts));
                }
            }
            plane
        }
    };
    let whole = read(&noise(1, 0.02), None, &everywhere);
    let part = read(&halves, None, &left(SIDE / 2 - 16));
    for (part, whole) in part.octaves[1..3].iter().zip(&whole.octaves[1..3]) {
        check_close(
            part.rms.expect("there is room"),
            whole.rms.expect("there is room"),
            0.08,
        );
    }
    let small = read(&halves, None, &left(40));
    assert!(small.octaves[3].rms.is_none() && small.octaves[2].rms.is_some());
    let nothing = read(&halves, Some(&halves), &left(0));
    assert!(nothing.tone.is_none() && nothing.recovered().is_none());
    assert!(nothing.octaves.iter().all(|it| it.rms.is_none()));
}

#[test]
fn a_picture_alone_has_the_rms_that_it_has_beside_a_reference() {
    let picture = noise(3, 0.05);
    let covered = |region: Region| {
        let values = (0..region.width * region.height).map(|i| (region.y + i / region.width) % 7);
        let values = values.map(|it| it as f32 / 7.0);
        Plane::from_samples(region.width, region.height, values.collect())
    };
    let (alone, beside) = (
        read(&picture, None, &covered),
        read(&picture, Some(&noise(4, 0.02)), &covered),
    );
    for (alone, beside) in alone.octaves.iter().zip(&beside.octaves) {
        let [alone, beside] = [alone, beside].map(|it| it.rms.expect("there is room"));
        check_close(alone, beside, 1e-5);
    }
}

#[test]
fn a_picture_of_one_pixel_is_measured() {
    let one = |_: Region| Plane::filled(1, 1, 0.5);
    let subject = Subject {
        bounds: Region::of_size(1, 1),
        luma: &one,
        reference: Some(&one),
        coverage: &everywhere,
    };
    let reading = Reading::take(&subject, &Cancel::default()).expect("it is not cancelled");
    assert_eq!(reading.recovered(), None);
}

/// The repetition of `added` over a flat picture.
fn repeats(added: &Plane) -> f64 {
    let luma = |region: Region| added.crop(region);
    let flat = |region: Region| Plane::filled(region.width, region.height, 0.5);
    let subject = Subject {
        bounds: region(),
        luma: &luma,
        reference: Some(&flat),
        coverage: &everywhere,
    };
    repetition(&subject, &Cancel::default()).expect("something was added")
}

#[test]
fn a_stamped_pattern_repeats_and_noise_does_not() {
    let random = Random::new(5, 0, 0);
    let noise = |x: usize, y: usize| 0.5 + 0.1 * f64::from(random.row(y).signed(x));
    let stamped = repeats(&made(|x, y| noise(x % 90, y % 70)));
    assert!(stamped > 0.97, "{stamped}");
    let half = made(|x, y| 0.5 * noise(x % 90, y % 70) + 0.5 * noise(x + 400, y));
    check_close(repeats(&half), 0.5, 0.1);
    let free = repeats(&made(noise));
    assert!(free < 0.05, "{free}");
}

#[test]
fn rims_beside_an_edge_are_halos_and_texture_is_none() {
    let edge = |x: usize| if x < 190 { 0.3 } else { 0.7 };
    let rims = |x: usize| match x {
        170..190 => -0.04,
        190..210 => 0.04,
        _ => 0.0,
    };
    let before = made(|x, _| edge(x));
    let measured = |picture: &Plane| {
        let (picture, before) = (|it: Region| picture.crop(it), |it: Region| before.crop(it));
        halo(&picture, &[&before], region(), &Cancel::default()).expect("there is an edge")
    };
    assert_eq!(measured(&before), 0.0);
    let with_rims = measured(&made(|x, _| edge(x) + rims(x)));
    // Rims of a tenth of the edge, but for the flank itself.
    assert!((0.05..0.1).contains(&with_rims), "{with_rims}");
    let grain = noise(9, 0.05);
    let textured = measured(&made(|x, y| edge(x) + f64::from(grain.at(x, y))));
    assert!(textured < 0.02, "{textured}");
}

/// The octaves of a plane as the definition has them: the slow way, in f64.
fn slowly(plane: &Plane) -> Vec<Vec<f64>> {
    let (width, height) = (plane.width(), plane.height());
    // The Fourier transform of the mirrored picture, as cosines along each side.
    let waves = |length: usize| -> Vec<Vec<f64>> {
        let wave = |k: usize, n: usize| {
            let norm = if k == 0 { 1.0 } else { 2.0 } / length as f64;
            let turn = k as f64 * (n as f64 + 0.5) / length as f64;
            norm.sqrt() * libm::cos(core::f64::consts::PI * turn)
        };
        let along = |k: usize| (0..length).map(|n| wave(k, n)).collect();
        (0..length).map(along).collect()
    };
    let (across, down) = (waves(width), waves(height));
    let mut coefficients = vec![vec![0.0; width]; height];
    let sum = |one: &[f64], other: &[f64]| one.iter().zip(other).map(|(a, b)| a * b).sum::<f64>();
    let row = |y: usize| plane.row(y).iter().map(|it| f64::from(*it)).collect();
    let rows: Vec<Vec<f64>> = (0..height).map(row).collect();
    let rows: Vec<Vec<f64>> = rows
        .iter()
        .map(|row| across.iter().map(|it| sum(it, row)).collect())
        .collect();
    for (v, out) in coefficients.iter_mut().enumerate() {
        for (u, out) in out.iter_mut().enumerate() {
            *out = (0..height).map(|y| down[v][y] * rows[y][u]).sum();
        }
    }
    let band = |(from, to): (f64, f64)| {
        let mut band = vec![0.0; width * height];
        for (v, row) in coefficients.iter().enumerate() {
            let part = |u: usize| {
                let f = libm::hypot(
                    u as f64 / (2 * width) as f64,
                    v as f64 / (2 * height) as f64,
                );
                if f > 1.0 / to && f <= 1.0 / from {
                    row[u]
                } else {
                    0.0
                }
            };
            let part: Vec<f64> = (0..width).map(part).collect();
            let line: Vec<f64> = (0..width)
                .map(|x| (0..width).map(|u| part[u] * across[u][x]).sum())
                .collect();
            for (i, out) in band.iter_mut().enumerate() {
                *out += down[v][i / width] * line[i % width];
            }
        }
        band
    };
    OCTAVES.into_iter().map(band).collect()
}

/// Also where the two share next to nothing, and strong edges lie outside the mask.
#[test]
fn octaves_are_those_of_the_definition() {
    for (width, height) in [(150, 98), (110, 91)] {
        let random = Random::new(3, 0, 0);
        let made = |seed: usize, amount: f64| {
            let value = |i: usize| {
                let (x, y) = (i % width, i / width);
                let edge = if x + y / 3 > 105 { 0.8 } else { 0.2 };
                edge + amount * f64::from(random.row(y + 1000 * seed).signed(x))
            };
            let values = (0..width * height).map(|i| value(i) as f32);
            Plane::from_samples(width, height, values.collect())
        };
        let (picture, reference) = (made(1, 0.01), made(2, 0.02));
        let covered = |x: usize, y: usize| f32::from(u8::from(x < 66 && y < 80)) * 0.75;
        let coverage = |region: Region| {
            let values = (0..region.width * region.height)
                .map(|i| covered(region.x + i % region.width, region.y + i / region.width));
            Plane::from_samples(region.width, region.height, values.collect())
        };
        let (luma, other) = (
            |it: Region| picture.crop(it),
            |it: Region| reference.crop(it),
        );
        let subject = Subject {
            bounds: Region::of_size(width, height),
            luma: &luma,
            reference: Some(&other),
            coverage: &coverage,
        };
        let reading = Reading::take(&subject, &Cancel::default()).expect("it is not cancelled");
        let bands = slowly(&picture).into_iter().zip(slowly(&reference));
        for (octave, (own, theirs)) in reading.octaves.iter().zip(bands) {
            let Some(rms) = octave.rms else { continue };
            let (mut energy, mut other, mut both, mut all) = (0.0, 0.0, 0.0, 0.0);
            for (i, (own, theirs)) in own.iter().zip(&theirs).enumerate() {
                let weight = f64::from(covered(i % width, i / width));
                energy += weight * own * own;
                other += weight * theirs * theirs;
                both += weight * own * theirs;
                all += weight;
            }
            check_close(rms, 255.0 * (energy / all).sqrt(), 1e-3);
            let reference = octave.reference_rms.expect("it is compared");
            check_close(reference, 255.0 * (other / all).sqrt(), 1e-3);
            let coherent = octave.coherent.expect("it is compared");
            check_close(coherent, both * both / (energy * other), 0.01);
        }
    }
}
