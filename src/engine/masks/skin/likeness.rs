//! How much like skin every pixel of a picture's reduced copy is. Each face gives the colours of its
//! own skin, so that no tone is taken for granted; the points of its mesh say where eyes, brows and lips are.

use std::f32::consts::LN_2;

use super::body::Body;
use super::flood::Edges;
use super::geometry::{Features, Geometry, Places};
use crate::engine::masks::each::each;
use crate::engine::masks::{Face, median, ranked, smoothstep};
use crate::engine::operations::{Cancel, Gaussian, log2};
use crate::engine::raster::{Plane, Region, Room, Tile, luma};

/// Added before logarithms are taken, so that noise in black does not count as colour.
const BLACK: f32 = 0.02;

/// The same for fine texture, of which black has the more in logarithms the noisier it is.
const NOISY_BLACK: f32 = 0.06;

/// Channels that differ by the same amount wherever one of them has the same level, to less than this, make a picture
/// without colours: a grey or a toned one. One pixel of so many may be off, for on an edge the copy has a mean of two.
const GREY: f32 = 0.02;
const LEVELS: usize = 128;
const OFF: usize = 500;

/// What is as rough as this is as rough as any skin, of which an AI leaves hardly any texture.
const SMOOTHEST: f32 = 0.022;

/// How far a colour may lie from a face's own, in deviations, at a tolerance of ½.
const REACH: f32 = 3.4;

/// The least and most that colour and tone of a face's skin are taken to vary, as logarithms: along
/// the direction of its saturation, across it, and in luma.
const VARIATION: [(f32, f32); 3] = [(0.06, 0.12), (0.045, 0.09), (0.2, 0.4)];

/// Those of colour are the less, the less saturated skin is than this, to a share: in a faded picture all colours are alike.
const SATURATED: f32 = 0.12;
const FADED: f32 = 0.6;

/// Skin under other light varies more than in the middle of a face, by these factors.
const BEYOND_MIDDLE: [f32; 3] = [1.5, 1.5, 1.3];

/// So deep inside the mesh's outline, and not above the brows, skin is sure: how far down from between the eyes.
const SURE_FACE: (f32, f32) = (0.055, -0.145);

/// How far from the middle of a face other things begin to be, and where colours don't tell them.
const SURE_BESIDE: f32 = 1.05;
const SURE_BESIDE_IN_GREY: f32 = 1.2;

/// Colours farther apart than this are not a face's, and hair has this much more fine texture than cheeks.
const SURE_COLOUR: f32 = 0.6;
const SURE_ROUGH: f32 = 2.0;

/// So deep inside the outline a place is the face's own in any case, whatever lies beyond.
const OWN: f32 = 0.03;

/// Beyond the edges of a face only colours this close to its own are skin, on its neck, and above its eyes closer ones by a
/// share.
const BEYOND_EDGES: f32 = 0.3;
const OF_NECK: f32 = 0.6;
const ABOVE_EYES: f32 = 0.4;

/// Eyes, brows and nostrils are left out from so much darker than the skin around them on, and wholly from the second:
/// what is a little darker beside them lies in their shade.
const DARK: (f32, f32) = (0.2, 0.4);

/// Within the mesh's outline, colours so many times as far apart are still skin, in shade and shine.
const INSIDE: f32 = 3.2;

/// What the faces say about a copy.
pub struct Likeness {
    faces: Vec<OfFace>,
    /// What is left beside the features of all faces, 0..=1.
    plain: Plane,
    /// Size of the largest face, in pixels of the copy.
    pub face: f64,
}

/// What one face says.
struct OfFace {
    /// Distance from skin colour: 1 is as far as counts at a tolerance of ½.
    apart: Plane,
    /// What is left beside hair and beyond edges, 0..=1.
    kept: Plane,
    /// How surely a place is the face's own, 0..=1.
    inside: Plane,
    /// Ears, neck, shoulders and hands; in grey pictures nothing is known of them.
    body: Option<Body>,
}

impl OfFace {
    /// The coverage at a tolerance of 0..=1, but for the body's.
    fn coverage(&self, tolerance: f64) -> Plane {
        let like = within(tolerance);
        each(
            [&self.apart, &self.kept, &self.inside],
            |[apart, kept, inside]| (like(apart) * kept).max(like(apart / INSIDE) * inside),
        )
    }

    /// The same with the body's.
    fn whole_coverage(&self, tolerance: f64) -> Plane {
        let face = self.coverage(tolerance);
        match &self.body {
            Some(body) => face.zip_map(&body.coverage(tolerance), f32::max),
            None => face,
        }
    }
}

impl Likeness {
    /// From a copy and the faces in it, in its pixels; `None` without faces.
    pub fn of(copy: &Tile, faces: &[Face]) -> Option<Self> {
        let _room = room(copy);
        let measured = Measured::of(copy);
        let seen: Vec<FaceSkin> = faces
            .iter()
            .filter_map(|it| FaceSkin::of(&measured, it))
            .collect();
        let largest = seen.iter().map(|it| it.size).reduce(f64::max)?;
        let (mut each, mut plain) = (Vec::new(), None::<Plane>);
        for face in &seen {
            let (of_face, features) = face.likeness(&measured);
            let left = features.map(|it| 1.0 - it);
            plain = Some(match plain {
                Some(plain) => plain.zip_map(&left, |one, other| one * other),
                None => left,
            });
            each.push(of_face);
        }
        Some(Self {
            faces: each,
            plain: plain?,
            face: largest,
        })
    }

    /// The coverage at a tolerance of 0..=1.
    pub fn coverage(&self, tolerance: f64) -> Plane {
        let faces = self.faces.iter().map(|it| it.whole_coverage(tolerance));
        let all = faces.reduce(|one, other| one.zip_map(&other, f32::max));
        let coverage = all.expect("likeness is that to a face");
        coverage.zip_map(&self.plain, |it, plain| it * plain)
    }
}

/// The coverage at a distance from skin colour, of what lies within the tolerance of it.
pub fn within(tolerance: f64) -> impl Fn(f32) -> f32 + Copy {
    let reach = (2.0 * tolerance as f32).max(1e-3);
    move |apart| 1.0 - smoothstep(0.75, 1.05, apart / reach)
}

/// A copy, measured for all faces.
pub struct Measured {
    region: Region,
    /// The edges between its pixels, softened by one.
    pub edges: Edges,
    /// Logarithms of red over green, blue over green, and luma of those.
    pub colours: [Plane; 3],
    /// How far the quarter of the first two that differ most are from those in the middle, at least.
    pub spread: f32,
    /// What is finer than two pixels, in the logarithm of luma.
    fine: Plane,
    /// No colours tell anything.
    grey: bool,
}

impl Measured {
    fn of(copy: &Tile) -> Self {
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

/// So many planes of a copy are there at once, about.
const PLANES: usize = 32;

/// Room for the planes of a copy that come and go while it is looked at.
pub fn room(copy: &Tile) -> Room {
    Room::of_samples(PLANES * copy.region().width * copy.region().height)
}

/// A blur of a whole copy. It is never cancelled, as what is found is kept.
pub fn blur(plane: &Plane, sigma: f64) -> Plane {
    let bounds = Region::of_size(plane.width(), plane.height());
    Gaussian::new(sigma).blur(plane, bounds, bounds, bounds, &Cancel::default())
}

/// The skin of a face's cheeks, nose and forehead, and where it lies.
pub struct FaceSkin<'a> {
    geometry: Geometry<'a>,
    pub places: Places,
    cheeks: Vec<usize>,
    pub size: f64,
    pub colour: SkinColour,
}

/// The colour of a face's skin and how it varies, in logarithms.
#[derive(Clone, Copy)]
pub struct SkinColour {
    /// Red over green, blue over green, and luma.
    middle: [f32; 3],
    /// The direction in which skin grows more saturated.
    saturation: [f32; 2],
    /// Along that direction, across it, and in luma.
    pub variation: [f32; 3],
}

impl<'a> FaceSkin<'a> {
    /// `None` where nothing of the face lies in the picture.
    fn of(measured: &Measured, face: &'a Face) -> Option<Self> {
        let geometry = Geometry::of(face);
        let cheeks = geometry.cheeks(measured.region);
        let sampled = geometry.nose_and_brow(measured.region);
        let sampled = cheeks.iter().chain(&sampled);
        let colours: Vec<[f32; 3]> = sampled.map(|i| measured.colour(*i)).collect();
        if colours.is_empty() {
            return None;
        }
        Some(Self {
            places: geometry.places(measured.region),
            geometry,
            cheeks,
            size: face.size,
            colour: SkinColour::of(&colours),
        })
    }
}

impl SkinColour {
    /// That of some samples of a face.
    fn of(colours: &[[f32; 3]]) -> Self {
        let mut skin = Self {
            middle: [0, 1, 2]
                .map(|axis: usize| median(colours.iter().map(|it| it[axis]).collect())),
            saturation: [0.8, -0.6],
            variation: [1.0; 3],
        };
        let [red, blue, _] = skin.middle;
        let saturated = (red * red + blue * blue).sqrt();
        // Under blue light hardly anything is saturated; then the direction of most skin is used.
        if saturated > 0.08 {
            skin.saturation = [red / saturated, blue / saturated];
        }
        let faded = (saturated / SATURATED).clamp(FADED, 1.0);
        skin.variation = [0, 1, 2].map(|axis: usize| {
            let apart = colours.iter().map(|it| skin.axes(*it)[axis].abs());
            // The median deviation of normal values is 0.67 of their standard deviation.
            let deviation = BEYOND_MIDDLE[axis] * median(apart.collect()) / 0.6745;
            let (least, most) = VARIATION[axis];
            let least = if axis == 2 { least } else { faded * least };
            deviation.clamp(least, most)
        });
        skin
    }

    /// How saturated it is.
    pub fn saturated(&self) -> f32 {
        let [red, blue, _] = self.middle;
        libm::hypotf(red, blue)
    }

    /// How a colour differs from the face's: in saturation, across it, in luma.
    #[inline(always)]
    fn axes(&self, colour: [f32; 3]) -> [f32; 3] {
        let [red, blue, tone] = [0, 1, 2].map(|i: usize| colour[i] - self.middle[i]);
        let [along, across] = self.saturation;
        [
            red * along + blue * across,
            blue * along - red * across,
            tone,
        ]
    }

    /// The same without a share of what shade does: it makes skin more saturated.
    #[inline(always)]
    pub fn unshaded(&self, colour: [f32; 3], share: f32) -> [f32; 3] {
        let [saturation, hue, tone] = self.axes(colour);
        let shade = (-tone).max(0.0) * share;
        let saturated = if saturation > 0.0 { 2.5 } else { 0.0 };
        [
            saturation / (1.0 + saturated * shade),
            hue / (1.0 + 1.2 * shade),
            tone,
        ]
    }

    /// Distance from the face's colours, where 1 is as far as counts, so far from its middle.
    #[inline(always)]
    fn apart(&self, colour: [f32; 3], r: f32, grey: bool) -> f32 {
        let face = line([(1.0, 1.0), (1.35, 0.0)], r);
        let [mut saturation, hue, mut tone] = self.unshaded(colour, face);
        saturation *= if saturation < 0.0 {
            1.7 - 0.7 * face
        } else {
            1.0
        };
        tone *= line([(0.8, 0.5), (1.3, 1.0)], r);
        let squared = |it: f32, axis: usize| {
            let deviations = it / self.variation[axis];
            deviations * deviations
        };
        // What lies far from the face must be more like it. Without colours nothing there counts.
        let (squares, reach) = if grey {
            (squared(tone, 2), line([(0.9, 0.8), (1.3, 0.0)], r))
        } else {
            (
                squared(saturation, 0) + squared(hue, 1) + squared(tone, 2),
                line([(0.95, 1.0), (1.15, 0.8), (1.6, 0.65), (4.0, 0.45)], r),
            )
        };
        squares.sqrt() / (REACH * reach).max(1e-3)
    }
}

impl FaceSkin<'_> {
    /// What the face says, and how surely places are its features.
    fn likeness(&self, measured: &Measured) -> (OfFace, Plane) {
        let (places, colour, grey) = (&self.places, self.colour, measured.grey);
        let [red, blue, tone] = &measured.colours;
        let apart = each([red, blue, tone, &places.r], move |[red, blue, tone, r]| {
            colour.apart([red, blue, tone], r, grey)
        });
        let covered = each([&apart], |[apart]| within(0.5)(apart));
        let size = self.size;
        let squares = each([&measured.fine], |[fine]| fine * fine);
        let squares = blur(&squares, 0.018 * size);
        let cheeks = self.cheeks.iter().filter(|i| covered.samples()[**i] > 0.5);
        let roughness = cheeks.map(|i| squares.samples()[*i].sqrt());
        let usual = median(roughness.collect()) + SMOOTHEST;
        let rough = squares.map(|it| it.sqrt() / usual);
        let connected = self.connected(measured, &apart, &rough);
        let middle = colour.middle[2];
        let dark_hair = each([&rough, tone], |[rough, tone]| {
            smoothstep(2.5, 4.5, rough) * smoothstep(0.0, 0.25, middle - tone)
        });
        let kept = each(
            [&dark_hair, &places.v, &places.depth, &rough, &connected],
            |[dark, v, depth, rough, connected]| {
                let any = hair(v, depth) * smoothstep(1.1, 2.0, rough);
                (1.0 - dark.max(any)) * connected
            },
        );
        drop(connected);
        let inside = |deep: f32| {
            each(
                [&places.depth, &places.v, &dark_hair],
                move |[depth, v, hair]| {
                    let face = smoothstep(0.0, deep, depth) * smoothstep(-0.23, -0.155, v);
                    face * (1.0 - hair)
                },
            )
        };
        let weight = covered.zip_map(&places.r, |covered, r| {
            let face = if r < 1.1 { covered } else { 0.0 };
            face + 1e-3
        });
        let lightness = beside(tone, &weight, 0.082 * size);
        let redness = beside(red, &weight, 0.11 * size);
        drop(weight);
        let features = self.geometry.features(measured.region);
        let features = features.sure([&lightness, &redness, &rough], grey);
        drop((lightness, redness, rough));
        let mut of_face = OfFace {
            apart,
            kept,
            inside: inside(SURE_FACE.0),
            body: None,
        };
        if !grey {
            let face = of_face.coverage(0.5);
            let face = face.zip_map(&features, |it, feature| it * (1.0 - feature));
            of_face.body = Some(Body::of(self, measured, &face, &dark_hair));
        }
        // A body begins where the face is sure.
        of_face.inside = inside(OWN);
        (of_face, features)
    }

    /// What edges do not part from the face, or is so much like its skin that it is skin nevertheless: neck, ears and
    /// hands.
    fn connected(&self, measured: &Measured, apart: &Plane, rough: &Plane) -> Plane {
        let (grey, places) = (measured.grey, &self.places);
        let Places { u, v, depth, r } = places;
        let sure = each([u, v, depth, r, apart, rough], move |place| {
            surely(place, grey)
        });
        let flooded = measured.edges.flooded_by_face(&sure);
        let connected = blur(&flooded, 0.009 * self.size);
        // Within a face, wrinkles and shine make edges too.
        if grey {
            return each([&connected, r], |[connected, r]| {
                connected.max(line([(0.65, 1.0), (0.85, 0.0)], r))
            });
        }
        each(
            [&connected, u, v, r, apart],
            |[connected, u, v, r, apart]| {
                let reach = BEYOND_EDGES + (OF_NECK - BEYOND_EDGES) * neck(u, v);
                let reach = reach * line([(0.7, 1.8), (0.9, 1.0)], r);
                let reach = reach * (1.0 - ABOVE_EYES * above(v) * smoothstep(0.7, 0.9, r));
                connected.max(1.0 - smoothstep(0.75, 1.05, apart / reach))
            },
        )
    }
}

/// 1 where a place surely belongs to a face, −1 where it surely does not, and 0 elsewhere: from where it lies, how far its
/// colour is from the face's and how rough it is.
#[inline(always)]
fn surely([u, v, depth, r, apart, rough]: [f32; 6], grey: bool) -> f32 {
    // Without early ways out, so that loops stay wide.
    let is_hair = (hair(v, depth) > 0.5) & (rough > SURE_ROUGH);
    let beside = match grey {
        true => {
            let is_neck = (v > 0.61) & (u.abs() < 0.41);
            (r > SURE_BESIDE_IN_GREY) & !is_neck | (r > 1.9)
        }
        false => (r > SURE_BESIDE) & (apart > SURE_COLOUR),
    };
    let is_neck = (neck(u, v) > 0.5) & (apart < 1.0);
    let is_face = (depth > SURE_FACE.0) & (v > SURE_FACE.1);
    let beside = if is_hair | (beside & !is_neck) {
        -1.0
    } else {
        0.0
    };
    if is_face { 1.0 } else { beside }
}

// Of places in a face, as in [`Places`].

/// 1 well above the nose, 0 below it.
#[inline(always)]
fn above(v: f32) -> f32 {
    1.0 - smoothstep(-0.165, 0.245, v)
}

/// Where hair may be: above the brows, and beside the face from the nose on upwards.
#[inline(always)]
fn hair(v: f32, depth: f32) -> f32 {
    let over_brows = 1.0 - smoothstep(-0.19, -0.12, v);
    over_brows.max(above(v) * (1.0 - smoothstep(0.018, 0.073, depth)))
}

/// Where a neck is.
#[inline(always)]
fn neck(u: f32, v: f32) -> f32 {
    let wide = 1.0 - smoothstep(0.32, 0.46, u.abs());
    let low = smoothstep(0.52, 0.61, v) * (1.0 - smoothstep(0.98, 1.16, v));
    wide * low
}

impl Features {
    /// How surely each pixel is an eye, brow, lip, nostril or the rim of glasses: by where it is, and by how much lighter,
    /// redder or rougher it is than the skin around it.
    fn sure(&self, [lightness, redness, rough]: [&Plane; 3], grey: bool) -> Plane {
        let Self {
            eyes,
            brows,
            lips,
            nostrils,
        } = self;
        each(
            [eyes, brows, lips, nostrils, lightness, redness, rough],
            move |[eyes, brows, lips, nostrils, light, red, rough]| {
                let (dark, red) = (-light, if grey { 0.0 } else { red });
                let eye = smoothstep(-0.05, -0.018, eyes);
                let rim = smoothstep(-0.3, -0.25, eyes) * smoothstep(2.5, 4.5, rough);
                let brow = smoothstep(-0.027, 0.0, brows);
                let dark_beside = smoothstep(-0.082, -0.046, brows.max(eyes));
                let lashes = dark_beside * smoothstep(DARK.0, DARK.1, dark);
                let lip = smoothstep(-0.02, -0.003, lips);
                let like_lips = smoothstep(0.08, 0.17, red).max(smoothstep(0.3, 0.5, dark));
                let beside_lips = smoothstep(-0.082, -0.046, lips) * like_lips;
                let nostril =
                    smoothstep(-0.073, -0.037, nostrils) * smoothstep(DARK.0, DARK.1, dark);
                let eyes = eye.max(rim).max(brow).max(lashes);
                eyes.max(lip).max(beside_lips).max(nostril)
            },
        )
    }
}

/// How much larger a value is than that of the skin around it.
fn beside(values: &Plane, weight: &Plane, sigma: f64) -> Plane {
    let weighted = each([values, weight], |[value, weight]| value * weight);
    let (sums, weights) = (blur(&weighted, sigma), blur(weight, sigma));
    each([values, &sums, &weights], |[value, sum, weight]| {
        value - sum / weight
    })
}

/// A line through points, level before the first and after the last.
#[inline(always)]
fn line<const N: usize>(points: [(f32, f32); N], at: f32) -> f32 {
    // Without an early way out, so that loops stay wide.
    let (mut value, last) = (points[0].1, points[N - 1]);
    for pair in points.windows(2) {
        let ((left, from), (right, to)) = (pair[0], pair[1]);
        let between = from + (to - from) * (at - left) / (right - left);
        value = if at < left { value } else { between };
    }
    if at < last.0 { value } else { last.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_level_beyond_its_points() {
        let points = [(0.5, 1.0), (1.0, 3.0), (2.0, 2.0)];
        for (at, value) in [
            (0.0, 1.0),
            (0.5, 1.0),
            (0.75, 2.0),
            (1.0, 3.0),
            (1.5, 2.5),
            (7.0, 2.0),
        ] {
            assert_eq!(line(points, at), value, "{at}");
        }
    }

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
