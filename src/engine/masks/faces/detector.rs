//! Squares with faces in them.

use super::network::{Map, Network};
use super::{Pixels, Square};

/// The network's weights; `faces/LICENCE.md` says where they come from.
const MODEL: &[u8] = include_bytes!("face_detection_back.tflite");

/// Side of what it looks at, in pixels.
const SIDE: usize = 256;

/// Cells a side in its two grids, and guesses that it makes in each cell.
const GRIDS: [(usize, usize); 2] = [(16, 2), (8, 6)];

/// What it says of a guess: middle, size, and six points of a face, across and down.
const SAID: usize = 16;

/// Guesses less sure than this, 0..=1, are no faces.
const SURE: f32 = 0.4;

/// Guesses that share so much of what they cover are of one face.
const SHARED: f64 = 0.3;

/// The mesh looks at squares so many times as large.
const AROUND: f64 = 1.5;

/// The network.
pub struct Detector {
    network: Network,
}

/// One guess, in pixels of what the network looks at.
#[derive(Clone, Copy)]
struct Guess {
    score: f64,
    middle: [f64; 2],
    size: [f64; 2],
    /// Eyes, as the picture is seen: the left one, the right one.
    eyes: [[f64; 2]; 2],
}

impl Detector {
    /// `None` if the file is damaged.
    pub fn read() -> Option<Self> {
        let network = Network::read(MODEL)?;
        Some(Self { network })
    }

    /// The squares that the mesh should look at for faces, the surest first, in a picture that is turned by `turn` degrees
    /// and has so much `room` around it: 1 is none.
    pub fn find(&self, picture: &Pixels, turn: f64, room: f64) -> Vec<Square> {
        let (width, height) = (picture.size.0 as f64, picture.size.1 as f64);
        let whole = Square {
            middle: [(width - 1.0) / 2.0, (height - 1.0) / 2.0],
            side: room * width.max(height),
            roll: turn,
        };
        let pixels = whole.pixels(picture, SIDE, Some(0.0));
        let input = Map::new(
            SIDE,
            SIDE,
            3,
            pixels.into_iter().map(|it| 2.0 * it - 1.0).collect(),
        );
        let guesses = self.network.run(input).map(|it| guesses(&it));
        let each = merged(guesses.unwrap_or_default());
        each.iter().map(|it| it.square(&whole)).collect()
    }
}

impl Guess {
    /// What it covers with another, as a share of what both cover.
    fn shared(&self, other: &Guess) -> f64 {
        let along = |axis: usize| {
            let ends = |it: &Guess| {
                let half = it.size[axis] / 2.0;
                (it.middle[axis] - half, it.middle[axis] + half)
            };
            let (one, other) = (ends(self), ends(other));
            (one.1.min(other.1) - one.0.max(other.0)).max(0.0)
        };
        let both = along(0) * along(1);
        let all = self.size[0] * self.size[1] + other.size[0] * other.size[1] - both;
        if all > 0.0 { both / all } else { 0.0 }
    }

    /// The square for the mesh, in pixels of the picture of which the network looked at the square `whole`.
    fn square(&self, whole: &Square) -> Square {
        let place = |it: [f64; 2]| whole.place(it.map(|it| it / SIDE as f64));
        let eyes = self.eyes.map(place);
        let (across, down) = (eyes[1][0] - eyes[0][0], eyes[1][1] - eyes[0][1]);
        Square {
            middle: place(self.middle),
            side: AROUND * self.size[0].max(self.size[1]) / SIDE as f64 * whole.side,
            roll: libm::atan2(down, across).to_degrees(),
        }
    }
}

/// What the network says, as guesses that are sure enough.
fn guesses(said: &[Map]) -> Vec<Guess> {
    let [places, scores] = said else {
        return Vec::new();
    };
    let cells = GRIDS.iter().flat_map(|&(cells, each)| {
        (0..cells * cells * each).map(move |i| {
            let cell = i / each;
            [cell % cells, cell / cells].map(|it| (it as f64 + 0.5) / cells as f64 * SIDE as f64)
        })
    });
    let each = places.values().chunks_exact(SAID).zip(scores.values());
    let guess = |((said, score), cell): ((&[f32], &f32), [f64; 2])| {
        let score = 1.0 / (1.0 + libm::expf(-score));
        let pair = |i: usize| [f64::from(said[2 * i]), f64::from(said[2 * i + 1])];
        let from_cell = |it: [f64; 2]| [it[0] + cell[0], it[1] + cell[1]];
        (score > SURE).then(|| Guess {
            score: f64::from(score),
            middle: from_cell(pair(0)),
            size: pair(1),
            eyes: [from_cell(pair(2)), from_cell(pair(3))],
        })
    };
    each.zip(cells).filter_map(guess).collect()
}

/// Guesses of one face become one, their mean weighted by score.
fn merged(mut guesses: Vec<Guess>) -> Vec<Guess> {
    guesses.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut merged = Vec::new();
    while let Some(first) = guesses.first().copied() {
        let (same, rest): (Vec<Guess>, Vec<Guess>) = guesses
            .iter()
            .enumerate()
            .map(|(i, it)| (i == 0 || it.shared(&first) > SHARED, *it))
            .fold((Vec::new(), Vec::new()), |mut both, (same, it)| {
                if same {
                    both.0.push(it)
                } else {
                    both.1.push(it)
                };
                both
            });
        let scores: f64 = same.iter().map(|it| it.score).sum();
        let mean = |of: &dyn Fn(&Guess) -> [f64; 2]| {
            [0, 1].map(|axis: usize| {
                same.iter().map(|it| it.score * of(it)[axis]).sum::<f64>() / scores
            })
        };
        merged.push(Guess {
            score: first.score,
            middle: mean(&|it| it.middle),
            size: mean(&|it| it.size),
            eyes: [mean(&|it| it.eyes[0]), mean(&|it| it.eyes[1])],
        });
        guesses = rest;
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::{Plane, Region, Tile};

    fn guess(score: f64, x: f64) -> Guess {
        Guess {
            score,
            middle: [x, 50.0],
            size: [20.0; 2],
            eyes: [[x - 5.0, 45.0], [x + 5.0, 45.0]],
        }
    }

    #[test]
    fn guesses_of_one_face_become_their_mean() {
        let merged = merged(vec![guess(0.6, 52.0), guess(0.9, 150.0), guess(0.9, 50.0)]);
        assert_eq!(merged.len(), 2);
        let columns: Vec<f64> = merged.iter().map(|it| it.middle[0]).collect();
        assert!(columns.contains(&150.0), "{columns:?}");
        assert!(
            columns.iter().any(|it| (it - 50.8).abs() < 1e-9),
            "{columns:?}"
        );
    }

    #[test]
    fn an_empty_picture_has_no_face() {
        let detector = Detector::read().expect("the file is whole");
        let grey = Plane::filled(90, 70, 0.5);
        let picture = Pixels::of(&Tile::new(Region::of_size(90, 70), vec![grey]));
        for turn in [0.0, 45.0] {
            assert!(detector.find(&picture, turn, 1.2).is_empty());
        }
    }
}
