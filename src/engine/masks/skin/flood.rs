//! What belongs to a face and what to its surroundings, told by the edges between them: both are flooded from places
//! that are sure, over the lowest edges first (F. Meyer 1991), until they meet.

use std::collections::VecDeque;

use crate::engine::operations::log2;
use crate::engine::raster::{Plane, wide};

/// Added before logarithms are taken, so that noise in black makes no edges.
const BLACK: f32 = 0.04;

/// How many heights of edges are told apart.
const HEIGHTS: usize = 256;

/// What a pixel belongs to while the floods spread; there is a rim of those around the picture that belong to neither.
const DRY: u8 = 0;
const FACE: u8 = 1;
const BESIDE: u8 = 2;
const RIM: u8 = 3;

/// The heights of the edges between the pixels of a picture, which has a rim of one pixel around it here.
pub struct Edges {
    width: usize,
    height: usize,
    /// From each pixel to the one on its right, and below it.
    across: Vec<u8>,
    down: Vec<u8>,
}

impl Edges {
    /// Those of a picture in red, green and blue.
    pub fn of(colours: &[Plane; 3]) -> Self {
        let (width, height) = (colours[0].width(), colours[0].height());
        let rimmed = width + 2;
        let mut edges = Self {
            width,
            height,
            across: vec![0; rimmed * (height + 2)],
            down: vec![0; rimmed * (height + 2)],
        };
        let per_step = 1.0 / (log2(1.0 + BLACK) - log2(BLACK));
        let mut levels = [(); 2].map(|()| [(); 3].map(|()| vec![0u8; width]));
        for y in 0..height {
            let [own, above] = &mut levels;
            std::mem::swap(own, above);
            for (own, plane) in own.iter_mut().zip(colours) {
                let row = own.iter_mut().zip(plane.row(y));
                wide!({
                    for (level, it) in row {
                        let steps = (log2(it.max(0.0) + BLACK) - log2(BLACK)) * per_step;
                        *level = (255.0 * steps.min(1.0)) as u8;
                    }
                });
            }
            let start = (y + 1) * rimmed + 1;
            for (own, above) in own.iter().zip(above.iter()) {
                raise(&mut edges.across[start..][..width - 1], own, &own[1..]);
                if y > 0 {
                    raise(&mut edges.down[start - rimmed..][..width], above, own);
                }
            }
        }
        edges
    }

    /// 1 where the face's flood came first and 0 elsewhere. `sure` is above 0 where pixels surely belong to the face, and
    /// below 0 where they surely don't.
    pub fn flooded_by_face(&self, sure: &Plane) -> Plane {
        let rimmed = self.width + 2;
        let mut floods = vec![RIM; rimmed * (self.height + 2)];
        for y in 0..self.height {
            let row = floods[(y + 1) * rimmed + 1..][..self.width].iter_mut();
            let row = row.zip(sure.row(y));
            wide!({
                for (flood, sure) in row {
                    let wet = if *sure > 0.0 { FACE } else { BESIDE };
                    *flood = if *sure == 0.0 { DRY } else { wet };
                }
            });
        }
        let neighbours = |at: usize| {
            [
                (at - 1, self.across[at - 1]),
                (at + 1, self.across[at]),
                (at - rimmed, self.down[at - rimmed]),
                (at + rimmed, self.down[at]),
            ]
        };
        // A queue for each height, so that equal edges go in the order in which they were reached.
        let mut queues: Vec<VecDeque<(u32, u8)>> = vec![VecDeque::new(); HEIGHTS];
        for at in rimmed..floods.len() - rimmed {
            let flood = floods[at];
            if flood == FACE || flood == BESIDE {
                for (next, height) in neighbours(at) {
                    if floods[next] == DRY {
                        queues[usize::from(height)].push_back((next as u32, flood));
                    }
                }
            }
        }
        let mut lowest = 0;
        while lowest < HEIGHTS {
            let Some((at, flood)) = queues[lowest].pop_front() else {
                lowest += 1;
                continue;
            };
            let at = at as usize;
            if floods[at] != DRY {
                continue;
            }
            floods[at] = flood;
            for (next, height) in neighbours(at) {
                if floods[next] == DRY {
                    let height = usize::from(height);
                    queues[height].push_back((next as u32, flood));
                    lowest = lowest.min(height);
                }
            }
        }
        let mut flooded = Plane::unfilled(self.width, self.height);
        for y in 0..self.height {
            let row = &floods[(y + 1) * rimmed + 1..][..self.width];
            let row = flooded.row_mut(y).iter_mut().zip(row);
            wide!({
                for (flooded, flood) in row {
                    *flooded = if *flood == FACE { 1.0 } else { 0.0 };
                }
            });
        }
        flooded
    }
}

/// Raises edges to what levels beside them differ by.
fn raise(edges: &mut [u8], ones: &[u8], others: &[u8]) {
    let levels = ones.iter().zip(others);
    let edges = edges.iter_mut().zip(levels);
    wide!({
        for (edge, (one, other)) in edges {
            *edge = (*edge).max(one.abs_diff(*other));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of tones with a face at its left end and something else at its right: how far the face reaches.
    fn check(tones: &[f32], reaches: usize) {
        let row = Plane::from_samples(tones.len(), 1, tones.to_vec());
        let colours = [0; 3].map(|_| row.clone());
        let mut sure = Plane::filled(tones.len(), 1, 0.0);
        sure.row_mut(0)[0] = 1.0;
        sure.row_mut(0)[tones.len() - 1] = -1.0;
        let flooded = Edges::of(&colours).flooded_by_face(&sure);
        assert_eq!(
            flooded.samples().iter().sum::<f32>(),
            reaches as f32,
            "{tones:?}"
        );
    }

    #[test]
    fn floods_meet_at_the_highest_edge() {
        check(&[0.5, 0.52, 0.5, 0.3, 0.31, 0.3], 3);
        check(&[0.5, 0.3, 0.31, 0.3, 0.31, 0.3], 1);
        // A slope is no edge.
        check(&[0.5, 0.45, 0.4, 0.35, 0.3, 0.2, 0.21], 5);
    }

    #[test]
    fn where_nothing_is_sure_there_is_no_face() {
        let flat = [0; 3].map(|_| Plane::filled(3, 3, 0.5));
        let flooded = Edges::of(&flat).flooded_by_face(&Plane::filled(3, 3, 0.0));
        assert!(flooded.samples().iter().all(|it| *it == 0.0));
    }
}
