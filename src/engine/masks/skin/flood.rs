//! What belongs to a face and what to its surroundings, told by the edges between them: both are flooded from places
//! that are sure, over the lowest edges first (F. Meyer 1991), until they meet.

use std::collections::VecDeque;

use crate::engine::operations::log2;
use crate::engine::raster::store::to_whole;
use crate::engine::raster::{Plane, wide};

/// Added before logarithms are taken, so that noise in black makes no edges.
const BLACK: f32 = 0.04;

/// How many heights of edges are told apart.
const HEIGHTS: usize = 256;

/// What is known of a pixel while the floods spread: that one came, the lowest edge over which it is going to come, counted
/// from here on, or none yet. There is a rim around the picture to which none comes.
const WET: u16 = 0;
const LOWEST: u16 = 1;
const DRY: u16 = LOWEST + HEIGHTS as u16;

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
                        *level = to_whole((255.0 * steps.min(1.0)).floor()) as u8;
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
        let mut pixels = vec![WET; rimmed * (self.height + 2)];
        for y in 0..self.height {
            let row = pixels[(y + 1) * rimmed + 1..][..self.width].iter_mut();
            let row = row.zip(sure.row(y));
            wide!({
                for (pixel, sure) in row {
                    *pixel = if *sure == 0.0 { DRY } else { WET };
                }
            });
        }
        let mut flooded = Plane::unfilled(self.width, self.height);
        let pairs = flooded.samples_mut().iter_mut().zip(sure.samples());
        wide!({
            for (flooded, sure) in pairs {
                *flooded = if *sure > 0.0 { 1.0 } else { 0.0 };
            }
        });
        let neighbours = |at: usize| {
            [
                (at - 1, self.across[at - 1]),
                (at + 1, self.across[at]),
                (at - rimmed, self.down[at - rimmed]),
                (at + rimmed, self.down[at]),
            ]
        };
        // A queue for each height, so that equal edges go in the order in which they were reached.
        let mut queues: Vec<VecDeque<(u32, bool)>> = vec![VecDeque::new(); HEIGHTS];
        let mut lowest = 0;
        // Where a flood is going to come over as low an edge before, the later one would find it there.
        let spread = |pixels: &mut [u16], queues: &mut [VecDeque<(u32, bool)>], at, face| {
            let mut reached = HEIGHTS;
            for (next, height) in neighbours(at) {
                let over = LOWEST + u16::from(height);
                if over < pixels[next] {
                    pixels[next] = over;
                    queues[usize::from(height)].push_back((next as u32, face));
                    reached = reached.min(usize::from(height));
                }
            }
            reached
        };
        let mut is_edge = vec![false; self.width];
        for y in 0..self.height {
            let start = (y + 1) * rimmed + 1;
            beside_dry(&pixels, (start, rimmed), &mut is_edge);
            let row = (start..).zip(sure.row(y)).zip(&is_edge);
            for ((at, sure), _) in row.filter(|((_, sure), is_edge)| **is_edge && **sure != 0.0) {
                spread(&mut pixels, &mut queues, at, *sure > 0.0);
            }
        }
        while lowest < HEIGHTS {
            let Some((at, face)) = queues[lowest].pop_front() else {
                lowest += 1;
                continue;
            };
            let at = at as usize;
            if pixels[at] == WET {
                continue;
            }
            pixels[at] = WET;
            if face {
                let (y, x) = (at / rimmed - 1, at % rimmed - 1);
                flooded.row_mut(y)[x] = 1.0;
            }
            lowest = lowest.min(spread(&mut pixels, &mut queues, at, face));
        }
        flooded
    }
}

/// Whether any pixel beside those from a place on is not wet, in rows that lie so far apart.
fn beside_dry(pixels: &[u16], (start, apart): (usize, usize), is_beside: &mut [bool]) {
    let row = |from: usize| &pixels[from..][..is_beside.len()];
    let (left, right) = (row(start - 1), row(start + 1));
    let (above, below) = (row(start - apart), row(start + apart));
    wide!({
        for (i, it) in is_beside.iter_mut().enumerate() {
            *it = left[i].max(right[i]).max(above[i]).max(below[i]) != WET;
        }
    });
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
