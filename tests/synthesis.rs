//! A graft by example on a flat picture: what it paints has the statistics of its patch, and neither
//! repeats nor moves tone.

use std::collections::BTreeMap;
use std::sync::Arc;

use repore::engine::operations::{Gaussian, HighPass, Random, Rectangle};
use repore::engine::raster::{Image, Layout, Plane, Region, Samples, Tile};
use repore::engine::recipe::{Kind, Layer, Operation, Recipe};
use repore::engine::render::{Cancel, Inputs, Plan};

const FIELD: usize = 512;
const DONOR: usize = 400;

/// Skin of a kind: dark pits of several sizes at random places, and finer grain over them.
fn pores() -> Image {
    let bounds = Region::of_size(DONOR, DONOR);
    let cancel = Cancel::default();
    let mut skin = Plane::filled(DONOR, DONOR, 0.6);
    for (layer, (sigma, depth, every)) in [(1.1, 0.35, 40), (1.6, 0.6, 90), (2.3, 0.8, 300)]
        .into_iter()
        .enumerate()
    {
        let random = Random::new(5, layer as u64, 0);
        let pits = (0..DONOR * DONOR).map(|i| {
            let bits = random.row(i / DONOR).bits(i % DONOR);
            if bits.is_multiple_of(every) {
                -depth
            } else {
                0.0
            }
        });
        let pits = Plane::from_samples(DONOR, DONOR, pits.collect());
        let pits = Gaussian::new(sigma).blur(&pits, bounds, bounds, bounds, &cancel);
        skin = skin.zip_map(&pits, |skin, pit| skin + pit);
    }
    let random = Random::new(6, 0, 0);
    for y in 0..DONOR {
        for (x, sample) in skin.row_mut(y).iter_mut().enumerate() {
            *sample += 0.004 * random.row(y).normal(x);
        }
    }
    Image::from_tile(&Tile::new(bounds, vec![skin]))
}

fn flat(size: usize) -> Arc<Image> {
    let samples = Samples::Float(vec![0.5; size * size]);
    Arc::new(Image::new(size, size, Layout::Grey, samples).expect("a square"))
}

/// The high-pass radius that a graft has unless the recipe says another.
const USUAL: f64 = 2.0;

/// A graft from the donor onto a flat field.
fn recipe(patch: Option<Rectangle>, seed: u64, radius: f64) -> Recipe {
    let mut layer = Layer::new(Kind::Graft);
    if let Operation::Graft(graft) = &mut layer.operation {
        graft.radius = radius;
        graft.donor = "skin".to_string();
        graft.patch = patch;
    }
    Recipe {
        seed,
        layers: vec![layer],
        ..Recipe::default()
    }
}

fn inputs(donor: &Arc<Image>) -> Inputs {
    let mut inputs = Inputs::alone(flat(FIELD));
    inputs.files = BTreeMap::from([("skin".to_string(), donor.clone())]);
    inputs
}

/// The texture that a patch of the donor makes on a flat field.
fn field(donor: &Arc<Image>, patch: Rectangle, seed: u64) -> Plane {
    field_of(donor, patch, seed, USUAL)
}

/// The same with another high-pass radius.
fn field_of(donor: &Arc<Image>, patch: Rectangle, seed: u64, radius: f64) -> Plane {
    let plan = Plan::new(&recipe(Some(patch), seed, radius), inputs(donor));
    assert_eq!(plan.skipped(), []);
    let tile = plan.tile(Region::of_size(FIELD, FIELD), &Cancel::default());
    tile.planes()[0].clone().map(|it| it - 0.5)
}

/// The patch's own texture.
fn detail(donor: &Image, patch: Rectangle, radius: f64) -> Plane {
    let bounds = donor.bounds();
    let grey = donor.tile(bounds).desaturated();
    let detail = HighPass::new(radius).detail(&grey, bounds, bounds, bounds, &Cancel::default());
    let [x, y, width, height] = [patch.x, patch.y, patch.width, patch.height].map(|it| it as usize);
    detail.crop(Region::new(x, y, width, height))
}

/// Standard deviation and skewness.
fn shape(plane: &Plane) -> (f64, f64) {
    let count = plane.samples().len() as f64;
    let samples = || plane.samples().iter().map(|it| f64::from(*it));
    let mean = samples().sum::<f64>() / count;
    let moment = |power| samples().map(|it| (it - mean).powi(power)).sum::<f64>() / count;
    let deviation = moment(2).sqrt();
    (deviation, moment(3) / deviation.powi(3))
}

/// Power in the octaves of wavelength 1–2, 2–4, 4–8, 8–16 and 16–32 px, in decibels.
fn octaves(plane: &Plane) -> [f64; 5] {
    let (width, height) = (plane.width(), plane.height());
    let spectrum = Spectrum::of(plane, width, height);
    let mut power = [0.0; 5];
    for (i, (re, im)) in spectrum.samples.iter().enumerate() {
        let frequency = |at: usize, size: usize| at.min(size - at) as f64 / size as f64;
        let f = frequency(i % width, width).hypot(frequency(i / width, height));
        let octave = (1.0 / f).log2().floor();
        if f > 0.0 && (0.0..5.0).contains(&octave) {
            power[octave as usize] += re * re + im * im;
        }
    }
    let pixels = (width * height) as f64;
    power.map(|it| 10.0 * (it / (pixels * pixels)).log10())
}

/// The largest correlation of a plane with itself moved by more than `beyond` pixels and at most half
/// its size.
fn repeat(plane: &Plane, beyond: f64) -> f64 {
    let (width, height) = (plane.width(), plane.height());
    let (wide, high) = (2 * width, 2 * height);
    let mut padded = Plane::filled(wide, high, 0.0);
    for y in 0..height {
        padded.row_mut(y)[..width].copy_from_slice(plane.row(y));
    }
    let mut spectrum = Spectrum::of(&padded, wide, high);
    for (re, im) in &mut spectrum.samples {
        (*re, *im) = (*re * *re + *im * *im, 0.0);
    }
    // The power of a real plane is even, so forwards and backwards are the same.
    spectrum.transform();
    let at = |x: usize, y: usize| spectrum.samples[y * wide + x].0;
    let whole = at(0, 0) / (width * height) as f64;
    let mut largest = 0.0f64;
    for y in (0..=height / 2).chain(high - height / 2..high) {
        for x in 0..=width / 2 {
            let down = y.min(high - y);
            if (x as f64).hypot(down as f64) > beyond {
                let overlap = ((width - x) * (height - down)) as f64;
                largest = largest.max(at(x, y) / overlap / whole);
            }
        }
    }
    largest
}

/// A discrete Fourier transform in two dimensions.
struct Spectrum {
    width: usize,
    height: usize,
    samples: Vec<(f64, f64)>,
}

impl Spectrum {
    fn of(plane: &Plane, width: usize, height: usize) -> Self {
        let samples = plane.samples().iter().map(|it| (f64::from(*it), 0.0));
        let mut spectrum = Self {
            width,
            height,
            samples: samples.collect(),
        };
        spectrum.transform();
        spectrum
    }

    fn transform(&mut self) {
        for row in self.samples.chunks_exact_mut(self.width) {
            let transformed = transform(row);
            row.copy_from_slice(&transformed);
        }
        for x in 0..self.width {
            let column: Vec<_> = (0..self.height)
                .map(|y| self.samples[y * self.width + x])
                .collect();
            for (y, it) in transform(&column).into_iter().enumerate() {
                self.samples[y * self.width + x] = it;
            }
        }
    }
}

/// By halves as long as the length is even, then by its definition.
fn transform(samples: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let length = samples.len();
    let turned = |(re, im): (f64, f64), part: f64| {
        let (sine, cosine) = (-std::f64::consts::TAU * part / length as f64).sin_cos();
        (re * cosine - im * sine, re * sine + im * cosine)
    };
    if !length.is_multiple_of(2) {
        let sum = |frequency: usize| {
            let terms = samples.iter().enumerate();
            terms.fold((0.0, 0.0), |sum, (i, it)| {
                let term = turned(*it, (i * frequency % length) as f64);
                (sum.0 + term.0, sum.1 + term.1)
            })
        };
        return (0..length).map(sum).collect();
    }
    let half = |first: usize| {
        transform(
            &samples
                .iter()
                .skip(first)
                .step_by(2)
                .copied()
                .collect::<Vec<_>>(),
        )
    };
    let (even, odd) = (half(0), half(1));
    (0..length)
        .map(|i| {
            let one = even[i % (length / 2)];
            let other = turned(odd[i % (length / 2)], i as f64);
            (one.0 + other.0, one.1 + other.1)
        })
        .collect()
}

fn patches() -> Vec<Rectangle> {
    [(40, 40, 96, 96), (100, 60, 192, 112), (20, 90, 256, 256)]
        .map(|(x, y, width, height)| Rectangle {
            x,
            y,
            width,
            height,
        })
        .to_vec()
}

#[test]
fn a_field_has_the_statistics_of_its_patch() {
    let donor = Arc::new(pores());
    let each = |radius: f64| patches().into_iter().map(move |it| (it, radius));
    for (patch, radius) in [1.0, USUAL, 3.5, 6.0].into_iter().flat_map(each) {
        let field = field_of(&donor, patch, 1, radius);
        let detail = detail(&donor, patch, radius);
        let ((made, made_skew), (own, own_skew)) = (shape(&field), shape(&detail));
        assert!(
            (made / own - 1.0).abs() < 0.05,
            "{patch:?}, {radius} px: {made} for {own}"
        );
        assert!(
            (made_skew - own_skew).abs() < 0.2,
            "{patch:?}, {radius} px: {made_skew} for {own_skew}"
        );
        for (made, own) in octaves(&field).iter().zip(octaves(&detail)) {
            assert!(
                (made - own).abs() < 1.0,
                "{patch:?}, {radius} px: {made} dB for {own} dB"
            );
        }
    }
}

#[test]
fn a_field_does_not_repeat() {
    let donor = Arc::new(pores());
    for patch in patches() {
        let repeat = repeat(&field(&donor, patch, 1), 24.0);
        assert!(repeat <= 0.12, "{patch:?}: {repeat}");
    }
}

#[test]
fn a_field_has_no_tone() {
    let donor = Arc::new(pores());
    let bounds = Region::of_size(FIELD, FIELD);
    let each = |radius: f64| patches().into_iter().map(move |it| (it, radius));
    for (patch, radius) in [USUAL, 5.0, 8.0, 16.0].into_iter().flat_map(each) {
        let field = field_of(&donor, patch, 1, radius);
        let tone = Gaussian::new(24.0).blur(&field, bounds, bounds, bounds, &Cancel::default());
        let largest = tone
            .samples()
            .iter()
            .fold(0.0f32, |most, it| most.max(it.abs()));
        assert!(
            largest < 0.5 / 255.0,
            "{patch:?}, {radius} px: {}",
            largest * 255.0
        );
    }
}

#[test]
fn another_seed_is_another_field() {
    let (donor, patch) = (Arc::new(pores()), patches()[0]);
    let fields = [1, 2].map(|seed| field(&donor, patch, seed));
    let products = fields[0].samples().iter().zip(fields[1].samples());
    let together: f32 = products.map(|(a, b)| a * b).sum();
    let power: f32 = fields[0].samples().iter().map(|it| it * it).sum();
    assert!((together / power).abs() < 0.1);
}

/// The smallest patch that is blended, and one that a person would not choose: long and low.
#[test]
fn small_and_long_patches_work() {
    let donor = Arc::new(pores());
    for (width, height) in [(48, 48), (320, 48)] {
        let patch = Rectangle {
            x: 31,
            y: 57,
            width,
            height,
        };
        let (made, own) = (
            shape(&field(&donor, patch, 1)),
            shape(&detail(&donor, patch, USUAL)),
        );
        assert!((made.0 / own.0 - 1.0).abs() < 0.1, "{made:?} for {own:?}");
    }
}

#[test]
fn the_patch_that_was_found_is_told_and_gives_the_same_render() {
    let donor = Arc::new(pores());
    let plan = Plan::new(&recipe(None, 1, USUAL), inputs(&donor));
    let Operation::Graft(found) = &plan.resolved().layers[0].operation else {
        panic!("it is a graft");
    };
    let best = found.patch.expect("one was found");
    assert_eq!(plan.patches(0)[0], best);
    assert!(plan.patches(0).len() > 1);
    let told = format!("{},{},{},{}", best.x, best.y, best.width, best.height);
    assert!(plan.notes()[0].contains(&told), "{:?}", plan.notes());
    let written = Recipe::from_toml(&plan.resolved().to_toml()).expect("it was written by us");
    let again = Plan::new(&written, inputs(&donor));
    assert_eq!(again.notes(), [""; 0]);
    let region = Region::new(30, 40, 200, 100);
    let render = |plan: &Plan| plan.tile(region, &Cancel::default());
    assert_eq!(render(&plan), render(&again));
}
