//! Where places lie in a face: how deep inside its outline, and how near to eyes, brows, lips and nostrils. All lengths are
//! in sizes of the face.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::engine::masks::faces::{Face, hull};
use crate::engine::raster::{Plane, Region, wide};

// Points of the mesh.

/// The outline of a face, without its ears and most of the forehead.
const OVAL: [usize; 36] = [
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152,
    148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
];
const FOREHEAD: usize = 10;
const CHIN: usize = 152;
/// Between the eyes.
const NASION: usize = 168;
const EYES: [[usize; 16]; 2] = [
    [
        33, 7, 163, 144, 145, 153, 154, 155, 133, 173, 157, 158, 159, 160, 161, 246,
    ],
    [
        263, 249, 390, 373, 374, 380, 381, 382, 362, 398, 384, 385, 386, 387, 388, 466,
    ],
];
const BROWS: [[usize; 10]; 2] = [
    [46, 53, 52, 65, 55, 107, 66, 105, 63, 70],
    [276, 283, 282, 295, 285, 336, 296, 334, 293, 300],
];
const LIPS: [usize; 20] = [
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
];
const NOSTRILS: [usize; 9] = [98, 97, 2, 326, 327, 79, 309, 238, 458];
const CHEEKS: [[usize; 7]; 2] = [
    [50, 101, 118, 117, 123, 187, 205],
    [280, 330, 347, 346, 352, 411, 425],
];
const NOSE: [usize; 7] = [6, 197, 195, 122, 351, 3, 248];
const BETWEEN_BROWS: [usize; 8] = [151, 108, 69, 104, 337, 299, 333, 9];

/// The forehead reaches so far beyond the points of the mesh that lie well above the eyes.
const FOREHEAD_BEYOND: f64 = 0.2;
const WELL_ABOVE: f64 = 0.05;

/// The distance from the middle that places at the mesh's outline have, and by how much a size of the face changes it.
const AT_OUTLINE: f32 = 0.8;
const OUTLINE_SIZE: f32 = 0.6;

/// Farther away from brows, lips and nostrils nothing is asked, and farther from eyes, around which glasses are.
const FAR: f64 = 0.12;
const FAR_FROM_EYES: f64 = 0.3;

/// Where the pixels of a picture lie in a face.
pub struct Places {
    /// To the right of the line from forehead to chin, as an upright face is seen.
    pub u: Plane,
    /// Down from between the eyes.
    pub v: Plane,
    /// How deep inside the mesh's outline; below 0 outside.
    pub depth: Plane,
    /// Distance from the middle: 1 lies around the whole head.
    pub r: Plane,
}

/// Columns for which the nearest edge of an outline is looked for together: few enough for the registers.
const BESIDE: usize = 32;

/// A face as the mask sees it.
pub struct Geometry<'a> {
    face: &'a Face,
    outline: Outline,
    /// With the forehead.
    head: Outline,
    /// Between the eyes.
    middle: [f64; 2],
    /// From the chin to the forehead, of length 1.
    up: [f64; 2],
}

impl<'a> Geometry<'a> {
    pub fn of(face: &'a Face) -> Self {
        let points = &face.points;
        let (top, chin) = (points[FOREHEAD], points[CHIN]);
        let (x, y) = (top[0] - chin[0], top[1] - chin[1]);
        let length = libm::hypot(x, y).max(1e-9);
        let up = [x / length, y / length];
        let above = |it: [f64; 2]| {
            let from = points[NASION];
            (it[0] - from[0]) * up[0] + (it[1] - from[1]) * up[1]
        };
        let raised = OVAL.iter().map(|i| points[*i]);
        let raised = raised.filter(|it| above(*it) > WELL_ABOVE * face.size);
        let by = FOREHEAD_BEYOND * face.size;
        let raised = raised.map(|[x, y]| [x + by * up[0], y + by * up[1]]);
        let all: Vec<[f64; 2]> = points.iter().copied().chain(raised).collect();
        let middle_of = |eye: &[usize]| {
            let ends = [points[eye[0]], points[eye[8]]];
            [0, 1].map(|axis: usize| (ends[0][axis] + ends[1][axis]) / 2.0)
        };
        let eyes = EYES.each_ref().map(|it| middle_of(it));
        Self {
            face,
            outline: Outline::around(points, face.size),
            head: Outline::around(&all, face.size),
            middle: [0, 1].map(|axis: usize| (eyes[0][axis] + eyes[1][axis]) / 2.0),
            up,
        }
    }

    /// Of each pixel of a picture.
    pub fn places(&self, picture: Region) -> Places {
        let plane = || Plane::unfilled(picture.width, picture.height);
        let mut places = Places {
            u: plane(),
            v: plane(),
            depth: plane(),
            r: plane(),
        };
        let from_middle = |at: usize, axis: usize| (at as f64 - self.middle[axis]) / self.face.size;
        let across: Vec<f64> = (0..picture.width).map(|x| from_middle(x, 0)).collect();
        let [u, v, depth, r] = [
            &mut places.u,
            &mut places.v,
            &mut places.depth,
            &mut places.r,
        ]
        .map(|it| it.samples_mut().par_chunks_mut(picture.width));
        let rows = u.zip(v).zip(depth).zip(r).enumerate();
        rows.for_each(|(y, (((u, v), depth), r))| {
            let (dy, [ux, uy]) = (from_middle(y, 1), self.up);
            let row = u.iter_mut().zip(v).zip(&across);
            wide!({
                for ((u, v), dx) in row {
                    *u = (dy * ux - dx * uy) as f32;
                    *v = -(dx * ux + dy * uy) as f32;
                }
            });
            self.outline.depths((0, y), depth);
            self.head.depths((0, y), r);
            wide!({
                for r in r {
                    *r = AT_OUTLINE - *r / OUTLINE_SIZE;
                }
            });
        });
        places
    }

    /// The pixels, by their places in a row after the other, in the middles of the cheeks.
    pub fn cheeks(&self, picture: Region) -> Vec<usize> {
        let each = CHEEKS.iter().map(|it| self.inside(it, picture));
        each.flatten().collect()
    }

    /// The same on the nose and between the brows.
    pub fn nose_and_brow(&self, picture: Region) -> Vec<usize> {
        let mut inside = self.inside(&NOSE, picture);
        inside.extend(self.inside(&BETWEEN_BROWS, picture));
        inside
    }

    fn inside(&self, points: &[usize], picture: Region) -> Vec<usize> {
        let corners = self.corners(points);
        let outline = Outline::around(&corners, self.face.size);
        let inside = |(x, y): &(usize, usize)| outline.depth(*x as f64, *y as f64) > 0.0;
        let near = near(&corners, 0.0, picture);
        let pixels = pixels(near).filter(inside);
        pixels.map(|(x, y)| y * picture.width + x).collect()
    }

    fn corners(&self, points: &[usize]) -> Vec<[f64; 2]> {
        let points: Vec<[f64; 2]> = points.iter().map(|i| self.face.points[*i]).collect();
        hull(&points)
    }

    /// How deep each pixel of a picture lies in eyes, brows, lips and nostrils; below 0 outside, −1 far away.
    pub fn features(&self, picture: Region) -> Features {
        let depth = |features: &[&[usize]], far: f64| {
            let mut plane = Plane::filled(picture.width, picture.height, -1.0);
            for feature in features {
                self.deepen(&mut plane, &self.corners(feature), far, picture);
            }
            plane
        };
        Features {
            eyes: depth(&[&EYES[0], &EYES[1]], FAR_FROM_EYES),
            brows: depth(&[&BROWS[0], &BROWS[1]], FAR),
            lips: depth(&[&LIPS], FAR),
            nostrils: depth(&[&NOSTRILS], FAR),
        }
    }

    fn deepen(&self, plane: &mut Plane, corners: &[[f64; 2]], far: f64, picture: Region) {
        let size = self.face.size;
        let outline = Outline::around(corners, size);
        let sides = sides(corners);
        let near = near(corners, far * size, picture);
        if near.is_empty() {
            return;
        }
        let rows = plane.samples_mut().par_chunks_mut(picture.width);
        let rows = rows.enumerate().skip(near.y).take(near.height);
        rows.for_each(|(y, row)| {
            let [mut depths, mut squares] = [(); 2].map(|()| vec![0.0; near.width]);
            outline.depths((near.x, y), &mut depths);
            square_distances(&sides, (near.x, y), &mut squares);
            let row = row[near.x..near.right()].iter_mut();
            let row = row.zip(&depths).zip(&squares);
            let size = size as f32;
            wide!({
                for ((it, depth), square) in row {
                    let distance = square.sqrt() / size;
                    *it = it.max(if *depth > 0.0 { distance } else { -distance });
                }
            });
        });
    }
}

/// How deep each pixel lies in the features of a face.
pub struct Features {
    pub eyes: Plane,
    pub brows: Plane,
    pub lips: Plane,
    pub nostrils: Plane,
}

/// A convex outline, as the half planes that it is made of.
struct Outline {
    /// Factors of column and row, and what is added: the depth behind one edge.
    edges: Vec<[f32; 3]>,
}

impl Outline {
    fn around(points: &[[f64; 2]], size: f64) -> Self {
        let corners = hull(points);
        let next = corners.iter().cycle().skip(1);
        let edges = corners.iter().zip(next).map(|(a, b)| {
            let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
            let length = size * libm::hypot(dx, dy).max(1e-9);
            let (x, y) = (-dy / length, dx / length);
            [x as f32, y as f32, -(x * a[0] + y * a[1]) as f32]
        });
        Self {
            edges: edges.collect(),
        }
    }

    /// How deep a place lies inside, below 0 outside; beyond corners it is less far than it seems.
    fn depth(&self, x: f64, y: f64) -> f32 {
        let (x, y) = (x as f32, y as f32);
        let depths = self.edges.iter().map(|[a, b, c]| a * x + b * y + c);
        depths.fold(f32::INFINITY, f32::min)
    }

    /// The same of places beside each other, from the first of them on.
    fn depths(&self, (x, y): (usize, usize), out: &mut [f32]) {
        let y = y as f32;
        let depth = |[a, b, c]: &[f32; 3], x: f32| a * x + b * y + c;
        least(&self.edges, depth, x, out);
    }
}

/// Of places beside each other, from column `first` on, the least of what `of` says for each of some edges.
fn least<E>(edges: &[E], of: impl Fn(&E, f32) -> f32, first: usize, out: &mut [f32]) {
    Arch::new().dispatch(Least {
        edges,
        of,
        first,
        out,
    });
}

/// As a struct, since a compiler need not inline a closure into what it makes for wide registers.
struct Least<'a, E, F> {
    edges: &'a [E],
    of: F,
    first: usize,
    out: &'a mut [f32],
}

impl<E, F: Fn(&E, f32) -> f32> WithSimd for Least<'_, E, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (block, out) in self.out.chunks_mut(BESIDE).enumerate() {
            let first = (self.first + block * BESIDE) as u32;
            let columns: [f32; BESIDE] = std::array::from_fn(|i| (first + i as u32) as f32);
            let mut least = [f32::INFINITY; BESIDE];
            for edge in self.edges {
                for (least, x) in least.iter_mut().zip(&columns) {
                    let it = (self.of)(edge, *x);
                    *least = if it < *least { it } else { *least };
                }
            }
            out.copy_from_slice(&least[..out.len()]);
        }
    }
}

/// An edge between corners: where it begins, where it leads, and one over its length's square.
type Side = [f32; 5];

fn sides(corners: &[[f64; 2]]) -> Vec<Side> {
    let next = corners.iter().cycle().skip(1);
    let side = |([x, y], [to_x, to_y]): (&[f64; 2], &[f64; 2])| {
        let (ex, ey) = (to_x - x, to_y - y);
        [*x, *y, ex, ey, 1.0 / (ex * ex + ey * ey).max(1e-9)].map(|it| it as f32)
    };
    corners.iter().zip(next).map(side).collect()
}

/// The squared distances to the nearest of some sides, of places beside each other from the first of them on.
fn square_distances(sides: &[Side], (x, y): (usize, usize), out: &mut [f32]) {
    let y = y as f32;
    let square = |[left, top, ex, ey, per_square]: &Side, x: f32| {
        let (dx, dy) = (x - left, y - top);
        let along = ((dx * ex + dy * ey) * per_square).clamp(0.0, 1.0);
        let (across, down) = (dx - along * ex, dy - along * ey);
        across * across + down * down
    };
    least(sides, square, x, out);
}

/// The part of a picture that is no farther than so many pixels from some corners.
fn near(corners: &[[f64; 2]], far: f64, picture: Region) -> Region {
    let along = |axis: usize, length: usize| {
        let along = corners.iter().map(|it| it[axis]);
        let ends = along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| {
            (low.min(it), high.max(it))
        });
        let first = (ends.0 - far).floor().clamp(0.0, length as f64) as usize;
        let behind = (ends.1 + far + 1.0)
            .ceil()
            .clamp(first as f64, length as f64) as usize;
        (first, behind - first)
    };
    let ((x, width), (y, height)) = (along(0, picture.width), along(1, picture.height));
    Region::new(x, y, width, height)
}

fn pixels(region: Region) -> impl Iterator<Item = (usize, usize)> {
    let columns = region.x..region.x + region.width;
    (region.y..region.y + region.height).flat_map(move |y| columns.clone().map(move |x| (x, y)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: [[f64; 2]; 4] = [[10.0, 10.0], [30.0, 10.0], [30.0, 30.0], [10.0, 30.0]];

    #[test]
    fn depth_is_counted_from_the_nearest_edge() {
        let outline = Outline::around(&SQUARE, 10.0);
        for (x, y, depth) in [
            (20.0, 20.0, 1.0),
            (12.0, 25.0, 0.2),
            (20.0, 5.0, -0.5),
            (40.0, 20.0, -1.0),
        ] {
            let is = outline.depth(x, y);
            assert!((is - depth).abs() < 1e-6, "{x}, {y}: {is} for {depth}");
        }
        let beside: Vec<f32> = (0..70).map(|x| outline.depth(x as f64, 12.0)).collect();
        let mut depths = vec![0.0; 70];
        outline.depths((0, 12), &mut depths);
        assert_eq!(depths, beside);
        for (x, y, distance) in [(33, 34, 5.0f32), (20, 12, 2.0), (90, 20, 60.0)] {
            let mut squares = vec![0.0; 50];
            square_distances(&sides(&SQUARE), (x - 40.min(x), y), &mut squares);
            let is = squares[40.min(x)];
            assert!((is - distance * distance).abs() < 1e-3, "{x}, {y}: {is}");
        }
    }

    #[test]
    fn what_is_near_stays_in_the_picture() {
        let picture = Region::of_size(25, 100);
        assert_eq!(near(&SQUARE, 5.0, picture), Region::new(5, 5, 20, 31));
        let outside = SQUARE.map(|[x, y]| [x - 100.0, y]);
        assert_eq!(pixels(near(&outside, 5.0, picture)).count(), 0);
    }
}
