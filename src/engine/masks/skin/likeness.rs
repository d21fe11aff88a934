//! How much like skin every pixel of a picture's reduced copy is. Each face gives the colours of its
//! own skin, so that no tone is taken for granted; the points of its mesh say where eyes, brows and lips are.

use super::body::Body;
use super::colour::{SkinColour, line};
use super::geometry::{Features, Geometry, Places};
use super::measured::{Measured, blur};
use crate::engine::masks::{Face, median, smoothstep};
use crate::engine::raster::{Plane, Room, Tile, each};

/// What is as rough as this is as rough as any skin, of which an AI leaves hardly any texture.
const SMOOTHEST: f32 = 0.022;

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

/// So many planes of a copy are there at once, about.
const PLANES: usize = 32;

/// Room for the planes of a copy that come and go while it is looked at.
pub fn room(copy: &Tile) -> Room {
    Room::of_samples(PLANES * copy.region().width * copy.region().height)
}

/// The skin of a face's cheeks, nose and forehead, and where it lies.
pub struct FaceSkin<'a> {
    geometry: Geometry<'a>,
    pub places: Places,
    cheeks: Vec<usize>,
    pub size: f64,
    pub colour: SkinColour,
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
