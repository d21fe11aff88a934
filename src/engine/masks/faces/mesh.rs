//! The points of a face.

use std::sync::Arc;

use super::network::{Map, Network};
use super::{Pixels, Square};

/// The network's weights; `faces/LICENCE.md` says where they come from.
const MODEL: &[u8] = include_bytes!("face_landmark.tflite");

/// Side of what it looks at, in pixels.
const SIDE: usize = 192;

/// Points in its mesh, and what it says of each: column, row and depth.
const POINTS: usize = 468;
const SAID: usize = 3;

/// The outer corners of the eyes, as the picture is seen: of the left one, of the right one.
const EYES: [usize; 2] = [33, 263];

/// It looks at squares so many times as large as the face.
const AROUND: f64 = 1.5;

/// So many times more it looks at most, while the square moves, grows or turns by more than a share of its side, and an angle
/// in degrees.
const MORE_LOOKS: usize = 4;
const HARDLY: (f64, f64) = (0.03, 3.0);

/// The network.
pub struct Mesh {
    network: Network,
}

impl Mesh {
    /// `None` if the file is damaged.
    pub fn read() -> Option<Self> {
        let network = Network::read(MODEL)?;
        Some(Self { network })
    }

    /// The points of the face in a square of a picture, in the picture's pixels, and how sure it is a face: above 0 it
    /// rather is one. What one look tells makes a better square for the next, until they hardly differ; it is looked at
    /// upside down as well: a face that was taken for upright is seen more surely then.
    pub fn place(&self, picture: &Pixels, square: Square) -> Option<(Arc<[[f64; 2]]>, f32)> {
        let (first, _) = self.look(picture, square)?;
        let mut square = around(&first);
        let pixels = square.pixels(picture, SIDE, None);
        let turned = Square {
            roll: square.roll + 180.0,
            ..square
        };
        let from_last = pixels.as_chunks::<3>().0.iter().rev().flatten();
        let upside_down = self.look_at(from_last.copied().collect(), turned)?;
        let mut said = self.look_at(pixels, square)?;
        if upside_down.1 > said.1 {
            (square, said) = (turned, upside_down);
        }
        for _ in 0..MORE_LOOKS {
            let better = around(&said.0);
            if better.is_like(&square) {
                break;
            }
            square = better;
            said = self.look(picture, square)?;
        }
        Some(said)
    }

    fn look(&self, picture: &Pixels, square: Square) -> Option<(Arc<[[f64; 2]]>, f32)> {
        self.look_at(square.pixels(picture, SIDE, None), square)
    }

    /// At the pixels of a square.
    fn look_at(&self, pixels: Vec<f32>, square: Square) -> Option<(Arc<[[f64; 2]]>, f32)> {
        let said = self.network.run(Map::new(SIDE, SIDE, 3, pixels))?;
        let [points, sure] = &said[..] else {
            return None;
        };
        let place =
            |it: &[f32]| square.place([0, 1].map(|axis: usize| f64::from(it[axis]) / SIDE as f64));
        let points: Arc<[[f64; 2]]> = points.values().chunks_exact(SAID).map(place).collect();
        (points.len() == POINTS).then_some((points, *sure.values().first()?))
    }
}

impl Square {
    /// Whether another look from here would tell nothing new.
    fn is_like(&self, other: &Self) -> bool {
        let [x, y] = [0, 1].map(|axis: usize| self.middle[axis] - other.middle[axis]);
        let moved = libm::hypot(x, y).max((self.side - other.side).abs());
        let turned = (self.roll - other.roll + 540.0).rem_euclid(360.0) - 180.0;
        moved < HARDLY.0 * self.side && turned.abs() < HARDLY.1
    }
}

/// The square around a face, as its eyes are turned.
fn around(points: &[[f64; 2]]) -> Square {
    let [left, right] = EYES.map(|it| points[it]);
    let angle = libm::atan2(right[1] - left[1], right[0] - left[0]);
    let (sin, cos) = (libm::sin(angle), libm::cos(angle));
    let ends = |axis: [f64; 2]| {
        let along = points.iter().map(|it| axis[0] * it[0] + axis[1] * it[1]);
        along.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| {
            (low.min(it), high.max(it))
        })
    };
    let (across, down) = (ends([cos, sin]), ends([-sin, cos]));
    let (u, v) = ((across.0 + across.1) / 2.0, (down.0 + down.1) / 2.0);
    Square {
        middle: [cos * u - sin * v, sin * u + cos * v],
        side: AROUND * (across.1 - across.0).max(down.1 - down.0),
        roll: angle.to_degrees(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::{Plane, Region, Tile};

    #[test]
    fn the_square_lies_around_the_points_and_turns_with_the_eyes() {
        let mut points = [[50.0, 40.0]; POINTS];
        points[EYES[0]] = [50.0, 20.0];
        points[EYES[1]] = [50.0, 60.0];
        points[10] = [70.0, 40.0];
        let square = around(&points);
        assert!((square.roll - 90.0).abs() < 1e-9, "{square:?}");
        assert!((square.side - 60.0).abs() < 1e-9, "{square:?}");
        assert!((square.middle[0] - 60.0).abs() < 1e-9, "{square:?}");
        assert!((square.middle[1] - 40.0).abs() < 1e-9, "{square:?}");
    }

    #[test]
    fn squares_are_alike_that_hardly_differ() {
        let square = |x: f64, side: f64, roll: f64| Square {
            middle: [x, 30.0],
            side,
            roll,
        };
        let one = square(30.0, 50.0, 179.0);
        for (other, alike) in [
            (square(31.0, 51.0, 180.0), true),
            (square(30.0, 50.0, -180.0), true),
            (square(32.0, 50.0, 179.0), false),
            (square(30.0, 52.0, 179.0), false),
            (square(30.0, 50.0, 175.0), false),
            (square(30.0, 50.0, -1.0), false),
        ] {
            assert_eq!(one.is_like(&other), alike, "{other:?}");
        }
    }

    #[test]
    fn an_even_square_is_no_face() {
        let grey = Plane::filled(60, 60, 0.5);
        let picture = Pixels::of(&Tile::new(Region::of_size(60, 60), vec![grey]));
        let square = Square {
            middle: [30.0, 30.0],
            side: 50.0,
            roll: 0.0,
        };
        let (points, sure) = Mesh::read()
            .and_then(|it| it.place(&picture, square))
            .expect("it looks");
        assert_eq!(points.len(), POINTS);
        assert!(sure < 0.0, "{sure}");
    }
}
