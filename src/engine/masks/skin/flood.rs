//! What belongs to a face and what to its surroundings, told by the edges between them: both are flooded from places
//! that are sure, over the lowest edges first (F. Meyer 1991), until they meet.

use std::collections::VecDeque;

use crate::engine::raster::Plane;

/// Added before logarithms are taken, so that noise in black makes no edges.
const BLACK: f32 = 0.04;

/// How many heights of edges are told apart.
const HEIGHTS: usize = 256;

/// Which flood a pixel belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flood {
    /// The face's.
    Face,
    /// That of everything else.
    Beside,
}

/// 1 where the face's flood came first and 0 elsewhere. `colours` are red, green and blue; `sure` says of a pixel, by its
/// place in a row after the other, what it surely belongs to.
pub fn flooded_by_face(colours: &[Plane; 3], sure: impl Fn(usize) -> Option<Flood>) -> Plane {
    let (width, height) = (colours[0].width(), colours[0].height());
    let log = |it: f32| libm::logf(it.max(0.0) + BLACK);
    let (least, most) = (log(0.0), log(1.0));
    let level = |it: &f32| (255.0 * ((log(*it) - least) / (most - least)).min(1.0)) as u8;
    let levels = [0, 1, 2].map(|i: usize| -> Vec<u8> {
        let samples = colours[i].samples();
        samples.iter().map(level).collect()
    });
    let edge = |one: usize, other: usize| {
        let apart = levels.iter().map(|it| it[one].abs_diff(it[other]));
        usize::from(apart.max().unwrap_or(0))
    };
    let mut floods: Vec<Option<Flood>> = (0..width * height).map(sure).collect();
    // A queue for each height, so that equal edges go in the order in which they were reached.
    let mut queues: Vec<VecDeque<(usize, Flood)>> = vec![VecDeque::new(); HEIGHTS];
    let neighbours = |at: usize| {
        let (x, y) = (at % width, at / width);
        [
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
            (y > 0).then(|| at - width),
            (y + 1 < height).then_some(at + width),
        ]
    };
    for at in 0..floods.len() {
        if let Some(flood) = floods[at] {
            let dry = neighbours(at).into_iter().flatten();
            for next in dry.filter(|next| floods[*next].is_none()) {
                queues[edge(at, next)].push_back((next, flood));
            }
        }
    }
    let mut lowest = 0;
    while lowest < HEIGHTS {
        let Some((at, flood)) = queues[lowest].pop_front() else {
            lowest += 1;
            continue;
        };
        if floods[at].is_some() {
            continue;
        }
        floods[at] = Some(flood);
        for next in neighbours(at).into_iter().flatten() {
            if floods[next].is_none() {
                let height = edge(at, next);
                queues[height].push_back((next, flood));
                lowest = lowest.min(height);
            }
        }
    }
    let faces = floods.iter().map(|it| match it {
        Some(Flood::Face) => 1.0,
        _ => 0.0,
    });
    Plane::from_samples(width, height, faces.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A row of tones with a face at its left end and something else at its right: how far the face reaches.
    fn check(tones: &[f32], reaches: usize) {
        let row = Plane::from_samples(tones.len(), 1, tones.to_vec());
        let colours = [0; 3].map(|_| row.clone());
        let flooded = flooded_by_face(&colours, |at| match at {
            0 => Some(Flood::Face),
            at if at + 1 == tones.len() => Some(Flood::Beside),
            _ => None,
        });
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
        let flooded = flooded_by_face(&flat, |_| None);
        assert!(flooded.samples().iter().all(|it| *it == 0.0));
    }
}
