//! The smooth round shape that comes closest to a spot: a disc with a soft rim, that much higher or lower in each
//! channel, and another in the middle of craters and of spots with a head.

use super::Stretch;
use crate::engine::raster::{Plane, store::to_whole, wide};

/// What is looked at around a spot of a size, and the radii and softnesses that are tried: in sizes.
const REACH: f64 = 3.4;
const RADII: [f64; 8] = [0.5, 0.65, 0.8, 1.0, 1.2, 1.45, 1.7, 2.0];
const SOFTNESSES: [f64; 3] = [0.1, 0.25, 0.45];

/// No rim is sharper than this, in pixels: pictures are not.
const LEAST_SOFTNESS: f64 = 0.4;

/// Rings for a pixel of distance.
const RINGS: f64 = 2.0;

/// In so many directions a shape may be longer than wide, this many times at first and then as many times as these. It
/// has to explain so many times as much as a round one.
const ANGLES: usize = 6;
const USUAL_STRETCH: f64 = 2.0;
const STRETCHES: [f64; 3] = [1.5, USUAL_STRETCH, 2.7];
const LEAST_GAIN: f64 = 1.2;

/// A crater, or a head in a spot, is a disc of this share of the radius in its middle. It has to explain so many times as
/// much as without, as two heights fit pores better than one.
const CORE: f64 = 0.5;
const LEAST_CORE_GAIN: f64 = 1.4;

/// What stands out of a crater may be its middle alone. Shapes with cores are tried up to so many times the size, which
/// brings the rim of such a one into sight.
const WITH_RIM: f64 = 2.2;

/// A rim is at least this share as high as its middle is deep, measured from the rim.
const LEAST_RIM: f64 = 0.35;

/// How often the middle is looked for, each time at half the distance.
const MIDDLES: usize = 3;

/// A disc with a soft rim.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shape {
    /// Where half its height is left, in pixels.
    pub radius: f64,
    /// In pixels; twice as far outside an eighth of the height is left.
    pub softness: f64,
}

/// The shape of a spot in so many planes.
#[derive(Clone, Copy, Debug)]
pub struct Fit<const N: usize> {
    /// In pixels of the planes.
    pub middle: [f64; 2],
    pub shape: Shape,
    /// Distances from the middle are measured by it.
    pub stretch: Stretch,
    /// Its height in each plane, in samples.
    pub heights: [f32; N],
    /// Whether it has a core: a crater, or a head in a spot.
    pub cored: bool,
    /// Whether what is around the core stands out as well, the other way: uneven tone does not.
    pub rimmed: bool,
    /// What it explains: the squares that are less for it.
    explained: f64,
}

impl Shape {
    /// Its height at a distance from its middle, 0..=1.
    pub fn at(&self, distance: f64) -> f32 {
        let place = ((distance - self.radius) / self.softness).clamp(-30.0, 30.0);
        (1.0 / (1.0 + libm::exp(place))) as f32
    }

    /// One of the usual softness that reaches so far, in pixels.
    pub fn usual(reach: f64) -> Self {
        let radius = reach / (1.0 + 2.0 * SOFTNESSES[1]);
        Self {
            radius,
            softness: (SOFTNESSES[1] * radius).max(LEAST_SOFTNESS),
        }
    }

    /// The one in its middle.
    fn core(&self) -> Self {
        Self {
            radius: CORE * self.radius,
            ..*self
        }
    }

    /// How far it reaches, in pixels: an eighth of its height is left there.
    pub fn reach(&self) -> f64 {
        self.radius + 2.0 * self.softness
    }
}

impl<const N: usize> Fit<N> {
    /// The shape of a spot of about the size that is `tried` whose middle is near a place, and its height over what lies
    /// around it; `None` where there is too little to see. Pixels that are not `usable` are not looked at.
    pub fn new(
        planes: [&Plane; N],
        usable: impl Fn(usize, usize) -> bool,
        middle: [f64; 2],
        tried: &Tried,
    ) -> Option<Self> {
        let size = tried.size;
        let look = |middle: [f64; 2], stretch: Stretch| {
            let rings = Rings::around(planes, &usable, (middle, stretch), size);
            rings.fit((middle, stretch), &tried.profiles)
        };
        let mut best = look(middle, Stretch::NONE)?;
        let mut step = 0.5 * size.min(2.0);
        for _ in 0..MIDDLES {
            let [x, y] = best.middle;
            for there in [[x - step, y], [x + step, y], [x, y - step], [x, y + step]] {
                if let Some(fit) = look(there, Stretch::NONE)
                    && fit.explained > best.explained
                {
                    best = fit;
                }
            }
            step *= 0.5;
        }
        let best = stretched(best, look);
        let place = (best.middle, best.stretch);
        let cored = Rings::around(planes, &usable, place, size).fit_cored(place, &tried.profiles);
        let is_better = |it: &Self| it.explained > LEAST_CORE_GAIN * best.explained;
        if let Some(cored) = cored.filter(is_better) {
            return Some(cored);
        }
        let rings = Rings::around(planes, &usable, place, WITH_RIM * size);
        let cored = rings.fit_cored(place, &tried.wider);
        let alone = [&tried.profiles, &tried.wider].map(|it| rings.fit(place, it));
        let alone = alone.iter().flatten().map(|it| it.explained);
        let alone = alone.fold(0.0, f64::max);
        let is_better = |it: &Self| it.rimmed && it.explained > LEAST_CORE_GAIN * alone;
        Some(cored.filter(is_better).unwrap_or(best))
    }
}

/// The same longer one way, if that explains clearly more: pores make the best ellipse a little better than the best
/// disc on any skin.
fn stretched<const N: usize>(
    round: Fit<N>,
    look: impl Fn([f64; 2], Stretch) -> Option<Fit<N>>,
) -> Fit<N> {
    let (middle, least) = (round.middle, LEAST_GAIN * round.explained);
    let turn = core::f64::consts::PI / ANGLES as f64;
    let better = |best: (Fit<N>, f64), (times, angle): (f64, f64)| match look(
        middle,
        Stretch::new(times, angle),
    ) {
        Some(fit) if fit.explained > best.0.explained.max(least) => (fit, angle),
        _ => best,
    };
    let all_round = (0..ANGLES).map(|it| (USUAL_STRETCH, it as f64 * turn));
    let (best, angle) = all_round.fold((round, 0.0), better);
    if best.stretch == Stretch::NONE {
        return best;
    }
    let near = [angle - 0.5 * turn, angle, angle + 0.5 * turn];
    let near = STRETCHES
        .iter()
        .flat_map(|it| near.map(|angle| (*it, angle)));
    near.fold((best, angle), better).0
}

/// How far is looked from the middle of a spot of a size, in pixels, and how many rings that are.
fn rings(size: f64) -> (f64, usize) {
    let reach = REACH * size + 1.0;
    (reach, (reach * RINGS) as usize + 1)
}

/// A shape with its height, and that of its core, in each ring.
struct Profile {
    shape: Shape,
    heights: Vec<f64>,
    cores: Vec<f64>,
}

/// All shapes that are tried for spots of a size.
pub struct Tried {
    pub size: f64,
    profiles: Vec<Profile>,
    /// Those that are tried with a core, up to the rim of a crater.
    wider: Vec<Profile>,
}

impl Tried {
    /// For a size as that of a [`Blob`](super::blobs::Blob), in pixels of the planes.
    pub fn of_size(size: f64) -> Self {
        Self {
            size,
            profiles: profiles(size),
            wider: profiles(WITH_RIM * size),
        }
    }
}

/// The shapes for a size.
fn profiles(size: f64) -> Vec<Profile> {
    let (_, rings) = rings(size);
    let radii = RADII.iter().map(|it| it * size);
    let shapes = radii.flat_map(|radius| {
        SOFTNESSES.map(|it| Shape {
            radius,
            softness: (it * radius).max(LEAST_SOFTNESS),
        })
    });
    let profile = |shape: Shape| {
        let heights = |shape: Shape| {
            let heights = (0..rings).map(|it| shape.at(it as f64 / RINGS).into());
            heights.collect()
        };
        Profile {
            shape,
            heights: heights(shape),
            cores: heights(shape.core()),
        }
    };
    shapes.map(profile).collect()
}

/// Some pixels that are about as far from a place.
#[derive(Clone, Copy)]
struct Ring<const N: usize> {
    pixels: f64,
    /// The sum of each plane.
    sums: [f64; N],
}

impl<const N: usize> Ring<N> {
    const EMPTY: Self = Self {
        pixels: 0.0,
        sums: [0.0; N],
    };

    /// Adds so many times another.
    fn add(&mut self, other: &Self, times: f64) {
        self.pixels += other.pixels * times;
        for (sum, other) in self.sums.iter_mut().zip(other.sums) {
            *sum += other * times;
        }
    }
}

/// The samples of planes by their distance from a place.
struct Rings<const N: usize> {
    rings: Vec<Ring<N>>,
}

impl<const N: usize> Rings<N> {
    fn around(
        planes: [&Plane; N],
        usable: impl Fn(usize, usize) -> bool,
        ([middle_x, middle_y], stretch): ([f64; 2], Stretch),
        size: f64,
    ) -> Self {
        let (reach, count) = rings(size);
        // The last is for what lies beyond.
        let mut rings = vec![Ring::EMPTY; count + 1];
        let span = |middle: f64, length: usize| {
            let reach = reach * stretch.factor();
            let low = (middle - reach).ceil().max(0.0) as usize;
            low..((middle + reach).floor().max(-1.0) + 1.0).min(length as f64) as usize
        };
        let columns = span(middle_x, planes[0].width());
        let mut numbers = vec![0; columns.len()];
        for y in span(middle_y, planes[0].height()) {
            let first = [columns.start as f64 - middle_x, y as f64 - middle_y];
            number(
                &mut numbers,
                stretch.along_row(first),
                (reach as f32, count),
            );
            let rows = planes.map(|it| &it.row(y)[columns.clone()]);
            for (i, number) in numbers.iter().enumerate() {
                let ring = &mut rings[*number as usize];
                if usable(columns.start + i, y) {
                    ring.pixels += 1.0;
                    for (sum, row) in ring.sums.iter_mut().zip(rows) {
                        *sum += f64::from(row[i]);
                    }
                }
            }
        }
        rings.truncate(count);
        Self { rings }
    }

    /// The shape for which the squares that are left, over an even ground, are least.
    fn fit(&self, (middle, stretch): ([f64; 2], Stretch), shapes: &[Profile]) -> Option<Fit<N>> {
        let mut totals = Ring::<N>::EMPTY;
        for ring in &self.rings {
            totals.add(ring, 1.0);
        }
        let all = totals.pixels;
        let mut best: Option<Fit<N>> = None;
        for Profile { shape, heights, .. } in shapes {
            let mut inside = Ring::<N>::EMPTY;
            let mut squares = 0.0;
            for (ring, height) in self.rings.iter().zip(heights) {
                inside.add(ring, *height);
                squares += ring.pixels * height * height;
            }
            let spread = squares - inside.pixels * inside.pixels / all;
            // A shape that is the same everywhere, or of which next to nothing is seen.
            if all < 9.0 || spread < 0.5 {
                continue;
            }
            let products: [f64; N] = std::array::from_fn(|plane| {
                inside.sums[plane] - totals.sums[plane] * inside.pixels / all
            });
            let explained = products.iter().map(|it| it * it).sum::<f64>() / spread;
            if best.is_none_or(|it| explained > it.explained) {
                best = Some(Fit {
                    middle,
                    shape: *shape,
                    stretch,
                    heights: products.map(|it| (it / spread) as f32),
                    cored: false,
                    rimmed: false,
                    explained,
                });
            }
        }
        best
    }

    /// The same of shapes with cores.
    fn fit_cored(
        &self,
        (middle, stretch): ([f64; 2], Stretch),
        shapes: &[Profile],
    ) -> Option<Fit<N>> {
        let mut totals = Ring::<N>::EMPTY;
        for ring in &self.rings {
            totals.add(ring, 1.0);
        }
        let mut best: Option<Fit<N>> = None;
        for profile in shapes {
            let (mut in_body, mut in_core) = (Ring::<N>::EMPTY, Ring::<N>::EMPTY);
            let [mut bodies, mut both, mut cores] = [0.0; 3];
            let heights = profile.heights.iter().zip(&profile.cores);
            for (ring, (body, core)) in self.rings.iter().zip(heights) {
                in_body.add(ring, *body);
                in_core.add(ring, *core);
                bodies += ring.pixels * body * body;
                both += ring.pixels * body * core;
                cores += ring.pixels * core * core;
            }
            let shared = |a: &Ring<N>, b: &Ring<N>| a.pixels * b.pixels / totals.pixels;
            bodies -= shared(&in_body, &in_body);
            both -= shared(&in_body, &in_core);
            cores -= shared(&in_core, &in_core);
            let spread = bodies * cores - both * both;
            // A core of which next to nothing is seen, or one that is nearly all of it.
            if totals.pixels < 9.0 || cores < 0.5 || spread < 0.05 * bodies * cores {
                continue;
            }
            let products = |inside: &Ring<N>| -> [f64; N] {
                let share = inside.pixels / totals.pixels;
                std::array::from_fn(|it| inside.sums[it] - totals.sums[it] * share)
            };
            let (of_body, of_core) = (products(&in_body), products(&in_core));
            let solved: [[f64; 2]; N] = std::array::from_fn(|it| {
                let (body, core) = (of_body[it], of_core[it]);
                [cores * body - both * core, bodies * core - both * body].map(|it| it / spread)
            });
            let explained = solved.iter().zip(of_body.iter().zip(of_core));
            let explained = explained.map(|(it, (body, core))| it[0] * body + it[1] * core);
            let explained = explained.sum();
            if best.is_none_or(|it| explained > it.explained) {
                best = Some(Fit {
                    middle,
                    shape: profile.shape,
                    stretch,
                    heights: solved.map(|it| it[0] as f32),
                    cored: true,
                    rimmed: is_rimmed(&solved),
                    explained,
                });
            }
        }
        best
    }
}

/// Whether the heights of a body go the other way than those of its core, in all planes together, and are no small share.
fn is_rimmed(heights: &[[f64; 2]]) -> bool {
    let sum = |one: usize, other: usize| heights.iter().map(|it| it[one] * it[other]).sum::<f64>();
    sum(0, 1) < 0.0 && sum(0, 0) >= LEAST_RIM * LEAST_RIM * sum(1, 1)
}

/// The numbers of the rings that the pixels of a row lie in; `rings` for those that lie at `reach` or beyond.
fn number(numbers: &mut [u32], (first, step): ([f32; 2], [f32; 2]), (reach, rings): (f32, usize)) {
    let last = rings as f32 - 1.0;
    wide!({
        for (i, number) in numbers.iter_mut().enumerate() {
            let i = i as u32 as f32;
            let (x, y) = (first[0] + i * step[0], first[1] + i * step[1]);
            let distance = (x * x + y * y).sqrt();
            let ring = (distance * RINGS as f32 + 0.5).floor().min(last);
            let ring = if distance < reach { ring } else { rings as f32 };
            *number = to_whole(ring);
        }
    });
}
