//! Where the faces are, and where in them eyes, brows, nose and lips: BlazeFace (Bazarevsky et al. 2019) looks for them in
//! a reduced copy, in turned copies too if it finds none, and the network behind MediaPipe's face mesh (Kartynnik et al.
//! 2019) places its points on each and says whether it is one.

mod detector;
mod mesh;
mod network;

use std::sync::{Arc, OnceLock};

use self::detector::Detector;
use self::mesh::Mesh;
use crate::engine::masks::bilinear::between;
use crate::engine::raster::{Region, Resample, Tile};

/// How the picture is looked at: turned by so many degrees, with so much room around it. The later looks are tried where the
/// ones before show no certain face: faces that fill the picture want room, and so do the corners of one that is half turned.
const LOOKS: [(f64, f64); 7] = [
    (0.0, 1.0),
    (0.0, 1.5),
    (90.0, 1.0),
    (-90.0, 1.0),
    (180.0, 1.0),
    (45.0, 1.2),
    (-45.0, 1.2),
];

/// Faces beyond this many are not looked at.
const MOST_FACES: usize = 8;

/// A smaller copy is not searched, in pixels a side.
const SMALLEST_SIDE: usize = 32;

/// How sure the mesh is of a face, and so sure that no other turn is tried: odds of one to one and of twenty to one, as
/// logarithms.
const SURE: f32 = 0.0;
const CERTAIN: f32 = 3.0;

/// Middles of one face seen twice are closer than this, in sizes of the face.
const SAME: f64 = 0.3;

/// The square root of the area inside a face's outline, as a share of the face's size.
const ROOT_OF_AREA: f64 = 0.85;

/// A face in a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    /// The points of the mesh, by their numbers in it; columns and rows, in pixels.
    pub(super) points: Arc<[[f64; 2]]>,
    /// Side of the square from brows to chin, in pixels.
    pub size: f64,
}

impl Face {
    /// From the points of the mesh.
    fn of(points: Arc<[[f64; 2]]>) -> Self {
        let size = area(&hull(&points)).sqrt() / ROOT_OF_AREA;
        Self { points, size }
    }

    /// The middle of its points: column and row, in pixels.
    pub fn middle(&self) -> [f64; 2] {
        let count = self.points.len() as f64;
        [0, 1].map(|axis: usize| self.points.iter().map(|it| it[axis]).sum::<f64>() / count)
    }

    /// The same face in a picture that is `factor` times as large.
    pub(super) fn scaled(&self, factor: f64) -> Face {
        let scaled = |it: &[f64; 2]| it.map(|it| (it + 0.5) * factor - 0.5);
        Face {
            points: self.points.iter().map(scaled).collect(),
            size: self.size * factor,
        }
    }

    fn is_near(&self, other: &Face) -> bool {
        let [one, other_middle] = [self, other].map(Face::middle);
        let apart = libm::hypot(one[0] - other_middle[0], one[1] - other_middle[1]);
        apart < SAME * self.size.max(other.size)
    }
}

/// The networks, read once.
fn networks() -> Option<&'static (Detector, Mesh)> {
    static NETWORKS: OnceLock<Option<(Detector, Mesh)>> = OnceLock::new();
    let read = || Some((Detector::read()?, Mesh::read()?));
    NETWORKS.get_or_init(read).as_ref()
}

/// The faces in a reduced copy of a picture, the surest first.
pub(super) fn find(copy: &Tile) -> Vec<Face> {
    let (width, height) = (copy.region().width, copy.region().height);
    let Some((detector, mesh)) = networks().filter(|_| width.min(height) >= SMALLEST_SIDE) else {
        return Vec::new();
    };
    let copy = Pixels::of(copy);
    let mut best: (f32, Vec<Face>) = (SURE, Vec::new());
    for (turn, room) in LOOKS {
        let mut faces: Vec<Face> = Vec::new();
        let mut surest = SURE;
        let squares = detector.find(&copy, turn, room);
        for square in squares.into_iter().take(MOST_FACES) {
            let Some((points, sure)) = mesh.place(&copy, square).filter(|(_, it)| *it >= SURE)
            else {
                continue;
            };
            surest = surest.max(sure);
            let face = Face::of(points);
            if faces.iter().all(|known| !known.is_near(&face)) {
                faces.push(face);
            }
        }
        if surest > best.0 {
            best = (surest, faces);
        }
        if best.0 >= CERTAIN {
            break;
        }
    }
    best.1
}

/// A square of a picture that may be turned.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Square {
    /// Its middle: column and row, in pixels.
    middle: [f64; 2],
    /// In pixels.
    side: f64,
    /// How far it is turned, in degrees, clockwise as the picture is seen.
    roll: f64,
}

impl Square {
    /// Where a place of the square lies in the picture; places in it are shares of its side, from its upper left corner.
    fn place(&self, place: [f64; 2]) -> [f64; 2] {
        self.turned(place, self.turn())
    }

    /// Sine and cosine of how far it is turned.
    fn turn(&self) -> (f64, f64) {
        let angle = self.roll.to_radians();
        (libm::sin(angle), libm::cos(angle))
    }

    /// The same as [`place`](Self::place), once the turn is known.
    fn turned(&self, place: [f64; 2], (sin, cos): (f64, f64)) -> [f64; 2] {
        let [dx, dy] = place.map(|it| (it - 0.5) * self.side);
        [
            self.middle[0] + cos * dx - sin * dy,
            self.middle[1] + sin * dx + cos * dy,
        ]
    }

    /// The picture in it, in `side` by `side` pixels: red, green and blue of each after the other. Beyond the picture's edge
    /// `beyond` says what there is, or the nearest pixel repeats.
    fn pixels(&self, picture: &Pixels, side: usize, beyond: Option<f32>) -> Vec<f32> {
        let from = picture.size;
        // A picture that is much larger is made smaller first, so that nothing aliases.
        let shrink = (side as f64 / self.side).min(1.0);
        let length = |it: usize| ((it as f64 * shrink).round() as usize).max(1);
        let size = [length(from.0), length(from.1)];
        let by = [
            size[0] as f64 / from.0 as f64,
            size[1] as f64 / from.1 as f64,
        ];
        let shares = (0..side).map(|it| (it as f64 + 0.5) / side as f64);
        let shares: Vec<f64> = shares.collect();
        let scaled = |it: f64, axis: usize| (it + 0.5) * by[axis] - 0.5;
        // Only what lies in the square is made smaller.
        let ends = [shares[0], shares[side - 1]];
        let corners = ends.map(|down| ends.map(|across| self.place([across, down])));
        let seen = |axis: usize| {
            let along = corners.as_flattened().iter();
            let along = along.map(|it| scaled(it[axis], axis));
            let last = (size[axis] - 1) as f64;
            let (low, high) = along.fold((last, 0.0f64), |(low, high), it| {
                (low.min(it), high.max(it))
            });
            let (low, high) = (low.floor().max(0.0), (high.ceil() + 1.0).min(last));
            (low as usize, high.max(low) as usize + 1)
        };
        let ((left, right), (top, bottom)) = (seen(0), seen(1));
        let part = Region::new(left, top, right - left, bottom - top);
        let resample = Resample::in_region(from, (size[0], size[1]), part);
        let smaller = Smaller {
            samples: resample.apply_to_pixels(&picture.samples, from.0, part),
            part,
            last: size.map(|it| it - 1),
        };
        let turn = self.turn();
        let mut pixels = Vec::with_capacity(3 * side * side);
        for down in &shares {
            for across in &shares {
                let [x, y] = self.turned([*across, *down], turn);
                let place = [scaled(x, 0), scaled(y, 1)];
                let pixel = match beyond.filter(|_| smaller.ends_before(place)) {
                    Some(value) => [value; 4],
                    None => smaller.at(place),
                };
                pixels.extend_from_slice(&pixel[..3]);
            }
        }
        pixels
    }
}

/// A picture whose colours lie together: red, green and blue of each pixel, and nothing, so that it fills a register.
struct Pixels {
    /// Columns and rows.
    size: (usize, usize),
    samples: Vec<[f32; 4]>,
}

impl Pixels {
    fn of(picture: &Tile) -> Self {
        let planes = picture.planes();
        let last = planes.len() - 1;
        let [r, g, b] = [0, 1, 2].map(|it: usize| planes[it.min(last)].samples());
        let colours = r.iter().zip(g).zip(b);
        Self {
            size: (picture.region().width, picture.region().height),
            samples: colours.map(|((r, g), b)| [*r, *g, *b, 0.0]).collect(),
        }
    }
}

/// A smaller copy of a picture, of which a part is there.
struct Smaller {
    samples: Vec<[f32; 4]>,
    part: Region,
    /// The last column and row of the whole.
    last: [usize; 2],
}

impl Smaller {
    /// Whether a place lies outside.
    fn ends_before(&self, place: [f64; 2]) -> bool {
        place[0] < -0.5
            || place[1] < -0.5
            || place[0] > self.last[0] as f64 + 0.5
            || place[1] > self.last[1] as f64 + 0.5
    }

    /// The pixel between those around a place; beyond the edge the nearest one repeats.
    fn at(&self, place: [f64; 2]) -> [f32; 4] {
        let along = |axis: usize| {
            let last = self.last[axis];
            let at = place[axis].clamp(0.0, last as f64);
            let before = at as usize;
            (before, (before + 1).min(last), (at - before as f64) as f32)
        };
        let ((left, right, across), (above, below, down)) = (along(0), along(1));
        let part = self.part;
        let pixel = |x: usize, y: usize| &self.samples[(y - part.y) * part.width + (x - part.x)];
        let mixed = |[one, other]: [&[f32; 4]; 2], way: f32| {
            let mut mixed = *one;
            for (it, other) in mixed.iter_mut().zip(other) {
                *it = between(*it, *other, way);
            }
            mixed
        };
        let row = |y: usize| mixed([pixel(left, y), pixel(right, y)], across);
        mixed([&row(above), &row(below)], down)
    }
}

/// The corners of the smallest convex outline around points (A. M. Andrew 1979), clockwise as the picture is seen.
pub(super) fn hull(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let mut sorted = points.to_vec();
    sorted.sort_unstable_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    sorted.dedup();
    if sorted.len() < 3 {
        return sorted;
    }
    let half = |points: &mut dyn Iterator<Item = &[f64; 2]>| {
        let mut corners: Vec<[f64; 2]> = Vec::new();
        for point in points {
            while let [.., a, b] = corners[..] {
                if (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0]) > 0.0 {
                    break;
                }
                corners.pop();
            }
            corners.push(*point);
        }
        corners.pop();
        corners
    };
    let mut corners = half(&mut sorted.iter());
    corners.extend(half(&mut sorted.iter().rev()));
    corners
}

/// The area inside an outline.
fn area(corners: &[[f64; 2]]) -> f64 {
    let next = corners.iter().cycle().skip(1);
    let twice = corners
        .iter()
        .zip(next)
        .map(|(a, b)| a[0] * b[1] - a[1] * b[0]);
    (0.5 * twice.sum::<f64>()).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::Plane;

    #[test]
    fn an_outline_goes_around_all_points() {
        let points = [
            [1.0, 1.0],
            [0.0, 0.0],
            [2.0, 0.0],
            [2.0, 3.0],
            [0.0, 3.0],
            [2.0, 1.0],
        ];
        let corners = hull(&points);
        assert_eq!(corners, [[0.0, 0.0], [2.0, 0.0], [2.0, 3.0], [0.0, 3.0]]);
        assert_eq!(area(&corners), 6.0);
        assert_eq!(area(&hull(&points[..2])), 0.0);
    }

    #[test]
    fn a_turned_square_shows_the_picture_turned() {
        let tone = |x: usize, y: usize| (x + 10 * y) as f32;
        let samples = (0..64).map(|i| tone(i % 8, i / 8)).collect();
        let plane = Plane::from_samples(8, 8, samples);
        let picture = Pixels::of(&Tile::new(Region::of_size(8, 8), vec![plane; 3]));
        let square = |roll| Square {
            middle: [3.5, 3.5],
            side: 8.0,
            roll,
        };
        for (roll, first, second) in [
            (0.0, tone(0, 0), tone(1, 0)),
            (90.0, tone(7, 0), tone(7, 1)),
            (180.0, tone(7, 7), tone(6, 7)),
        ] {
            let pixels = square(roll).pixels(&picture, 8, None);
            assert!((pixels[0] - first).abs() < 1e-3, "{roll}: {}", pixels[0]);
            assert!((pixels[3] - second).abs() < 1e-3, "{roll}: {}", pixels[3]);
        }
        let larger = Square {
            side: 12.0,
            ..square(0.0)
        };
        assert_eq!(larger.pixels(&picture, 12, Some(-1.0))[..3], [-1.0; 3]);
    }
}
