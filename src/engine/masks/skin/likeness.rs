//! How much like skin every pixel of a picture's reduced copy is. Each face gives the colours of its
//! own skin, so that no tone is taken for granted; its geometry says where eyes, brows and lips are.

use super::flood::{Flood, flooded_by_face};
use crate::engine::masks::{Face, median, smoothstep};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region, Tile, luma};

/// Added before logarithms are taken, so that noise in black does not count as colour.
const BLACK: f32 = 0.02;

/// Colours closer than this to each other in all pixels make a grey picture.
const GREY: f32 = 0.02;

/// Faces beyond this many do not count: each costs a look at the whole copy.
const MOST_FACES: usize = 8;

/// How far a colour may lie from a face's own, in deviations, at a tolerance of ½.
const REACH: f32 = 3.4;

/// The least and most that colour and tone of a face's skin are taken to vary, as logarithms: along
/// the direction of its saturation, across it, and in luma.
const VARIATION: [(f32, f32); 3] = [(0.06, 0.12), (0.045, 0.09), (0.2, 0.4)];

/// Skin under other light varies more than in the middle of a face, by these factors.
const BEYOND_MIDDLE: [f32; 3] = [1.5, 1.5, 1.3];

/// How far from the middle of a face skin is sure, where other things begin to be, and where hair does, in outlines.
const SURE_FACE: f32 = 0.55;
const SURE_BESIDE: f32 = 1.05;
const SURE_HAIR: f32 = 1.02;

/// Colours farther apart than this are not a face's, and hair has this much more fine texture than cheeks.
const SURE_COLOUR: f32 = 0.6;
const SURE_ROUGH: f32 = 2.0;

/// Beyond the edges of a face only colours this close to its own are skin, and above its eyes closer ones by a share.
const BEYOND_EDGES: f32 = 0.6;
const ABOVE_EYES: f32 = 0.4;

/// What a face, or all of them together, say about a copy.
pub struct Likeness {
    /// Distance from skin colour: 1 is as far as counts at a tolerance of ½.
    apart: Plane,
    /// What is left beside eyes, brows, lips, nostrils and hair, 0..=1.
    kept: Plane,
    /// Size of the largest face, in pixels of the copy.
    pub face: f64,
}

impl Likeness {
    /// From a copy and the faces in it, in its pixels; `None` without faces.
    pub fn of(copy: &Tile, faces: &[Face]) -> Option<Self> {
        let measured = Measured::of(copy);
        let each = faces.iter().take(MOST_FACES);
        let each = each.filter_map(|it| FaceSkin::of(&measured, *it));
        each.map(|it| it.likeness(&measured)).reduce(|one, other| {
            let apart = one.apart.zip_map(&other.apart, f32::min);
            let kept = one.kept.zip_map(&other.kept, |one, other| one * other);
            let face = one.face.max(other.face);
            Self { apart, kept, face }
        })
    }

    /// The coverage at a tolerance of 0..=1.
    pub fn coverage(&self, tolerance: f64) -> Plane {
        let covered = within(&self.apart, tolerance);
        covered.zip_map(&self.kept, |covered, kept| covered * kept)
    }
}

/// What lies within the tolerance of skin colour.
fn within(apart: &Plane, tolerance: f64) -> Plane {
    let reach = (2.0 * tolerance as f32).max(1e-3);
    let coverage = |it: f32| 1.0 - smoothstep(0.75, 1.05, it / reach);
    apart.clone().map(coverage)
}

/// A copy, measured for all faces.
struct Measured {
    region: Region,
    /// Red, green and blue, softened by a pixel.
    soft: [Plane; 3],
    /// Logarithms of red over green, blue over green, and luma of those.
    colours: [Plane; 3],
    /// What is finer than two pixels, in the logarithm of luma.
    fine: Plane,
    /// No colours tell anything.
    grey: bool,
}

impl Measured {
    fn of(copy: &Tile) -> Self {
        let region = Region::of_size(copy.region().width, copy.region().height);
        let copy = copy.clone().with_channels(3);
        let soft = [0, 1, 2].map(|i| blur(&copy.planes()[i], 1.0));
        let grey = same(&soft[0], &soft[1]) && same(&soft[2], &soft[1]);
        let log = |it: &Plane| it.clone().map(|it| libm::logf(it.max(0.0) + BLACK));
        let over_green = |it: &Plane| log(it).zip_map(&log(&soft[1]), |it, green| it - green);
        let [r, g, b] = &soft;
        let samples = r.samples().iter().zip(g.samples()).zip(b.samples());
        let tone = samples.map(|((r, g), b)| luma(*r, *g, *b)).collect();
        let tone = log(&Plane::from_samples(region.width, region.height, tone));
        let sharp = log(&copy.luma());
        let colours = [over_green(r), over_green(b), tone];
        Self {
            region,
            soft,
            colours,
            fine: blur(&sharp, 2.0).zip_map(&sharp, |soft, sharp| sharp - soft),
            grey,
        }
    }

    fn colour(&self, i: usize) -> [f32; 3] {
        [0, 1, 2].map(|axis: usize| self.colours[axis].samples()[i])
    }
}

fn same(one: &Plane, other: &Plane) -> bool {
    let pairs = one.samples().iter().zip(other.samples());
    pairs
        .into_iter()
        .all(|(one, other)| (one - other).abs() < GREY)
}

/// A blur of a whole copy. It is never cancelled, as what is found is kept.
pub fn blur(plane: &Plane, sigma: f64) -> Plane {
    let bounds = Region::of_size(plane.width(), plane.height());
    Gaussian::new(sigma).blur(plane, bounds, bounds, bounds, &Cancel::default())
}

/// The colours of a face's cheeks, nose and forehead.
struct FaceSkin {
    face: Face,
    /// Sine and cosine of the head's tilt.
    tilt: (f64, f64),
    middle: [f32; 3],
    /// The direction in which skin grows more saturated.
    saturation: [f32; 2],
    variation: [f32; 3],
}

/// A place in a face: to its left and downwards, in sizes of the face, and the distance from its
/// middle, 1 at its outline.
#[derive(Clone, Copy)]
struct Place {
    u: f32,
    v: f32,
    r: f32,
}

impl Place {
    fn is_cheek(self) -> bool {
        (self.u.abs() - 0.24).abs() < 0.11 && (self.v - 0.10).abs() < 0.13
    }

    fn is_nose_or_forehead(self) -> bool {
        (self.u.abs() < 0.07 && (self.v + 0.02).abs() < 0.12)
            || (self.u.abs() < 0.22 && (self.v + 0.47).abs() < 0.08)
    }

    /// 1 well above the nose, 0 below it.
    fn above(self) -> f32 {
        1.0 - smoothstep(-0.35, 0.1, self.v)
    }

    /// 1 in the middle of a rounded box and 0 well outside: its middle right of the nose (and, as
    /// faces are symmetric, left of it), its half width and height.
    fn near(self, (u, v): (f32, f32), (width, height): (f32, f32)) -> f32 {
        let (x, y) = ((self.u.abs() - u) / width, (self.v - v) / height);
        libm::expf(-(x * x * x * x + y * y * y * y))
    }

    /// 1 inside an ellipse and 0 outside.
    fn inside(self, (u, v): (f32, f32), (width, height): (f32, f32)) -> f32 {
        let (x, y) = ((self.u.abs() - u) / width, (self.v - v) / height);
        1.0 - smoothstep(0.83, 1.25, x * x + y * y)
    }
}

impl FaceSkin {
    /// `None` where nothing of the face lies in the picture.
    fn of(measured: &Measured, face: Face) -> Option<Self> {
        let angle = face.roll.to_radians();
        let mut skin = Self {
            face,
            tilt: (libm::sin(angle), libm::cos(angle)),
            middle: [0.0; 3],
            saturation: [0.8, -0.6],
            variation: [1.0; 3],
        };
        let count = measured.region.width * measured.region.height;
        let sampled = |i: &usize| {
            let place = skin.place(measured, *i);
            place.is_cheek() || place.is_nose_or_forehead()
        };
        let colours: Vec<[f32; 3]> = (0..count)
            .filter(sampled)
            .map(|i| measured.colour(i))
            .collect();
        if colours.is_empty() {
            return None;
        }
        skin.middle =
            [0, 1, 2].map(|axis: usize| median(colours.iter().map(|it| it[axis]).collect()));
        let [red, blue, _] = skin.middle;
        let saturated = (red * red + blue * blue).sqrt();
        // Under blue light hardly anything is saturated; then the direction of most skin is used.
        if saturated > 0.08 {
            skin.saturation = [red / saturated, blue / saturated];
        }
        skin.variation = [0, 1, 2].map(|axis: usize| {
            let apart = colours.iter().map(|it| skin.axes(*it)[axis].abs());
            // The median deviation of normal values is 0.67 of their standard deviation.
            let deviation = BEYOND_MIDDLE[axis] * median(apart.collect()) / 0.6745;
            deviation.clamp(VARIATION[axis].0, VARIATION[axis].1)
        });
        Some(skin)
    }

    fn place(&self, measured: &Measured, i: usize) -> Place {
        let (x, y) = (i % measured.region.width, i / measured.region.width);
        let (dx, dy) = (
            (x as f64 - self.face.x) / self.face.size,
            (y as f64 - self.face.y) / self.face.size,
        );
        let (sin, cos) = self.tilt;
        let (u, v) = ((cos * dx + sin * dy) as f32, (cos * dy - sin * dx) as f32);
        let (x, y) = (u / 0.56, (v - 0.03) / if v < 0.0 { 0.78 } else { 0.74 });
        let r = (x * x + y * y).sqrt();
        Place { u, v, r }
    }

    /// How a colour differs from the face's: in saturation, across it, in luma.
    fn axes(&self, colour: [f32; 3]) -> [f32; 3] {
        let [red, blue, tone] = [0, 1, 2].map(|i: usize| colour[i] - self.middle[i]);
        let [along, across] = self.saturation;
        [
            red * along + blue * across,
            blue * along - red * across,
            tone,
        ]
    }

    /// Distance from the face's colours, where 1 is as far as counts.
    fn apart(&self, colour: [f32; 3], place: Place, grey: bool) -> f32 {
        let [mut saturation, mut hue, mut tone] = self.axes(colour);
        let face = line(&[(1.0, 1.0), (1.35, 0.0)], place.r);
        // Shade makes skin more saturated; highlights, less.
        let shade = (-tone).max(0.0) * face;
        saturation *= if saturation > 0.0 {
            1.0 / (1.0 + 2.5 * shade)
        } else {
            1.7 - 0.7 * face
        };
        hue /= 1.0 + 1.2 * shade;
        tone *= line(&[(0.8, 0.5), (1.3, 1.0)], place.r);
        let squared =
            |it: f32, axis: usize| (it / self.variation[axis]) * (it / self.variation[axis]);
        // What lies far from the face must be more like it. Without colours nothing there counts.
        let (squares, reach) = if grey {
            (squared(tone, 2), line(&[(0.9, 0.8), (1.05, 0.0)], place.r))
        } else {
            (
                squared(saturation, 0) + squared(hue, 1) + squared(tone, 2),
                line(
                    &[(0.95, 1.0), (1.15, 0.8), (1.6, 0.65), (4.0, 0.45)],
                    place.r,
                ),
            )
        };
        squares.sqrt() / (REACH * reach).max(1e-3)
    }

    fn likeness(&self, measured: &Measured) -> Likeness {
        let (width, height) = (measured.region.width, measured.region.height);
        let places: Vec<Place> = (0..width * height)
            .map(|i| self.place(measured, i))
            .collect();
        let plane = |of: &dyn Fn(usize, Place) -> f32| {
            let samples = places.iter().enumerate().map(|(i, place)| of(i, *place));
            Plane::from_samples(width, height, samples.collect())
        };
        let apart = plane(&|i, place| self.apart(measured.colour(i), place, measured.grey));
        let covered = within(&apart, 0.5);
        let weight = plane(&|i, place| {
            let face = if place.r < 1.1 {
                covered.samples()[i]
            } else {
                0.0
            };
            face + 1e-3
        });
        let size = self.face.size;
        let darkness = self.beside(&measured.colours[2], &weight, 0.09 * size);
        let redness = self.beside(&measured.colours[0], &weight, 0.12 * size);
        let roughness = blur(&measured.fine.clone().map(|it| it * it), 0.02 * size).map(f32::sqrt);
        let cheeks = places
            .iter()
            .enumerate()
            .filter(|(i, place)| place.is_cheek() && covered.samples()[*i] > 0.5);
        let usual = median(cheeks.map(|(i, _)| roughness.samples()[i]).collect()) + 0.015;
        let rough = roughness.map(|it| it / usual);
        let connected = self.connected(measured, &places, &apart, &rough);
        let kept = plane(&|i, place| {
            let dark = -darkness.samples()[i];
            let red = if measured.grey {
                0.0
            } else {
                redness.samples()[i]
            };
            let below = self.middle[2] - measured.colours[2].samples()[i];
            let rough = rough.samples()[i];
            let dark_hair = smoothstep(2.5, 4.5, rough) * smoothstep(0.0, 0.25, below);
            let around = place.above() * smoothstep(0.8, 0.95, place.r);
            let hair = dark_hair.max(around * smoothstep(1.1, 2.0, rough));
            (1.0 - features(place, dark, red)) * (1.0 - hair) * connected.samples()[i]
        });
        Likeness {
            apart,
            kept,
            face: size,
        }
    }

    /// What edges do not part from the face, or is so much like its skin that it is skin nevertheless: neck, ears and
    /// hands.
    fn connected(
        &self,
        measured: &Measured,
        places: &[Place],
        apart: &Plane,
        rough: &Plane,
    ) -> Plane {
        let sure = |i: usize| {
            let (place, apart) = (places[i], apart.samples()[i]);
            let hair =
                place.r > SURE_HAIR && place.above() > 0.5 && rough.samples()[i] > SURE_ROUGH;
            let neck = place.v > 0.45 && place.u.abs() < 0.45;
            let beside = if measured.grey {
                place.r > SURE_BESIDE && !neck || place.r > 1.9
            } else {
                place.r > SURE_BESIDE && apart > SURE_COLOUR
            };
            if place.r < SURE_FACE {
                Some(Flood::Face)
            } else {
                (hair || beside).then_some(Flood::Beside)
            }
        };
        let flooded = flooded_by_face(&measured.soft, sure);
        let mut connected = blur(&flooded, 0.01 * self.face.size);
        for (i, it) in connected.samples_mut().iter_mut().enumerate() {
            let place = places[i];
            // Within a face, wrinkles and shine make edges too.
            let alike = if measured.grey {
                line(&[(0.6, 1.0), (0.8, 0.0)], place.r)
            } else {
                let reach = BEYOND_EDGES * line(&[(0.7, 1.8), (0.9, 1.0)], place.r);
                let reach =
                    reach * (1.0 - ABOVE_EYES * place.above() * smoothstep(0.7, 0.9, place.r));
                1.0 - smoothstep(0.75, 1.05, apart.samples()[i] / reach)
            };
            *it = it.max(alike);
        }
        connected
    }

    /// How much larger a value is than that of the skin around it.
    fn beside(&self, values: &Plane, weight: &Plane, sigma: f64) -> Plane {
        let weighted = values
            .clone()
            .zip_map(weight, |value, weight| value * weight);
        let weights = blur(weight, sigma);
        let around = blur(&weighted, sigma).zip_map(&weights, |sum, weight| sum / weight);
        values
            .clone()
            .zip_map(&around, |value, around| value - around)
    }
}

/// How surely a place is an eye, brow, lip or nostril: by where it is, and by how much darker or
/// redder than the skin around it.
fn features(place: Place, dark: f32, red: f32) -> f32 {
    let eyes = place.inside((0.20, -0.17), (0.145, 0.075));
    let lips = 0.9 * place.inside((0.0, 0.32), (0.19, 0.065));
    let around_eyes = place.near((0.20, -0.17), (0.17, 0.11));
    let brows = place.near((0.21, -0.29), (0.21, 0.12));
    let nostrils = place.near((0.0, 0.13), (0.14, 0.07));
    let mouth = place.near((0.0, 0.32), (0.27, 0.13));
    [
        eyes,
        lips,
        around_eyes.max(brows) * smoothstep(0.10, 0.30, dark),
        nostrils * smoothstep(0.25, 0.5, dark),
        mouth * smoothstep(0.05, 0.14, red).max(smoothstep(0.3, 0.5, dark)),
    ]
    .into_iter()
    .fold(0.0, f32::max)
}

/// A line through points, level before the first and after the last.
fn line(points: &[(f32, f32)], at: f32) -> f32 {
    let after = points.iter().position(|(x, _)| at < *x);
    match after {
        Some(0) => points[0].1,
        Some(i) => {
            let ((left, from), (right, to)) = (points[i - 1], points[i]);
            from + (to - from) * (at - left) / (right - left)
        }
        None => points[points.len() - 1].1,
    }
}
