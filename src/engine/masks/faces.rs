//! Where the faces are: the SeetaFace cascade of `rustface`, asked about a reduced copy that is
//! turned several ways, because the cascade knows upright frontal faces only.

use std::io::Cursor;

use rayon::prelude::*;
use rustface::{FaceInfo, ImageData, create_detector_with_model, read_model};

use crate::engine::raster::{Plane, Region, Resample};

/// The cascade's weights; `faces/LICENCE.md` says where they come from.
const MODEL: &[u8] = include_bytes!("faces/seeta_fd_frontal_v1.0.bin");

/// The longest side of the copy that is searched, in pixels. Faces of a twelfth of it are found.
const SEARCHED_SIDE: usize = 480;

/// A rim around the copy, as a share of its longest side: faces that fill the picture or touch its
/// edge are found, and the cascade, which shifts its windows, stays inside.
const RIM: f64 = 0.2;

/// The turns that are tried, in degrees.
const TURNS: [f64; 5] = [-30.0, -15.0, 0.0, 15.0, 30.0];

/// The turns between, tried where the first ones find nothing sure.
const MORE_TURNS: [f64; 4] = [-37.5, -22.5, 7.5, 22.5];

/// Windows that the cascade gives less are not looked at.
const LEAST_SCORE: f64 = 1.0;

/// Scores of one face, summed over all turns. Portraits have 40 to 100, small or half-turned faces
/// 10 to 50; what is no face is seen at one turn or two and has up to 4.
const SURE_EVIDENCE: f64 = 9.0;

/// A smaller copy is not searched, in pixels a side: the cascade's window is 40.
const SMALLEST_SIDE: usize = 48;

/// A face in a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Face {
    /// The middle of the face, between eyes and upper lip: column, in pixels.
    pub x: f64,
    /// The same: row, in pixels.
    pub y: f64,
    /// Side of the square from brows to chin, in pixels.
    pub size: f64,
    /// How far the head is tilted, in degrees, clockwise as the picture is seen.
    pub roll: f64,
}

impl Face {
    /// The same face in a picture that is `factor` times as large.
    pub(super) fn scaled(self, factor: f64) -> Face {
        Face {
            x: (self.x + 0.5) * factor - 0.5,
            y: (self.y + 0.5) * factor - 0.5,
            size: self.size * factor,
            roll: self.roll,
        }
    }
}

/// What the cascade saw at one turn, in pixels of the copy.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    face: Face,
    score: f64,
}

/// The faces of a picture whose luma is given, the surest first.
///
/// The cascade's own arithmetic includes one platform function (`exp`), whose last bit can differ
/// between machines; it decides between whole pixels of the copy, where that does not show.
pub(super) fn find(luma: &Plane) -> Vec<Face> {
    let longest = luma.width().max(luma.height());
    let shrink = (SEARCHED_SIDE as f64 / longest as f64).min(1.0);
    let size = |length: usize| ((length as f64 * shrink).round() as usize).max(1);
    let (width, height) = (size(luma.width()), size(luma.height()));
    if width.min(height) < SMALLEST_SIDE {
        return Vec::new();
    }
    let resample = Resample::new((luma.width(), luma.height()), (width, height));
    let copy = levelled(resample.apply(luma, Region::of_size(width, height)));

    let mut sightings = see(&copy, &TURNS);
    let mut faces = merge(&sightings);
    if faces.is_empty() {
        sightings.extend(see(&copy, &MORE_TURNS));
        faces = merge(&sightings);
    }
    faces
        .into_iter()
        .map(|it| it.scaled(1.0 / shrink))
        .collect()
}

/// Black and white at the first and last hundredth, and a dark picture lifted, so that dark skin in
/// a dark picture has as much contrast as any.
fn levelled(luma: Plane) -> Plane {
    let mut sorted = luma.samples().to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| sorted[((sorted.len() - 1) as f64 * share) as usize];
    let (black, white) = (at(0.01), at(0.99));
    let range = (white - black).max(0.02);
    let middle = ((at(0.5) - black) / range).clamp(0.05, 1.0);
    let gamma = (libm::logf(0.45) / libm::logf(middle)).clamp(0.25, 1.0);
    let gamma = if middle < 0.4 { gamma } else { 1.0 };
    luma.map(|it| libm::powf(((it - black) / range).clamp(0.0, 1.0), gamma))
}

/// What the cascade sees at several turns.
fn see(copy: &Plane, turns: &[f64]) -> Vec<Sighting> {
    let seen: Vec<Vec<Sighting>> = turns
        .par_iter()
        .map(|turn| see_turned(copy, *turn))
        .collect();
    seen.concat()
}

fn see_turned(copy: &Plane, turn: f64) -> Vec<Sighting> {
    let rim = (RIM * copy.width().max(copy.height()) as f64) as usize;
    let (width, height) = (copy.width() + 2 * rim, copy.height() + 2 * rim);
    let angle = turn.to_radians();
    let (sin, cos) = (libm::sin(angle), libm::cos(angle));
    let middle = |length: usize| (length as f64 - 1.0) / 2.0;
    // Where a place of the turned copy lies in the copy.
    let back = |x: f64, y: f64| {
        let (dx, dy) = (x - middle(width), y - middle(height));
        (
            middle(copy.width()) + cos * dx - sin * dy,
            middle(copy.height()) + sin * dx + cos * dy,
        )
    };
    let turned = (0..width * height).map(|i| {
        let (x, y) = back((i % width) as f64, (i / width) as f64);
        (255.0 * between(copy, x, y) + 0.5) as u8
    });
    let turned: Vec<u8> = turned.collect();
    let Ok(model) = read_model(Cursor::new(MODEL)) else {
        return Vec::new();
    };
    let mut detector = create_detector_with_model(model);
    detector.set_score_thresh(LEAST_SCORE);
    let seen = detector.detect(&ImageData::new(&turned, width as u32, height as u32));
    let place = |it: &FaceInfo| {
        let (square, side) = (it.bbox(), f64::from(it.bbox().width()));
        let corner = (f64::from(square.x()), f64::from(square.y()));
        let (x, y) = back(corner.0 + side / 2.0, corner.1 + side / 2.0);
        let face = Face {
            x,
            y,
            size: side,
            roll: turn,
        };
        Sighting {
            face,
            score: it.score(),
        }
    };
    seen.iter().map(place).collect()
}

/// The sample between pixels; beyond the edge the nearest pixel repeats.
fn between(plane: &Plane, x: f64, y: f64) -> f32 {
    let (right, bottom) = (plane.width() - 1, plane.height() - 1);
    let (x, y) = (x.clamp(0.0, right as f64), y.clamp(0.0, bottom as f64));
    let (left, top) = (x as usize, y as usize);
    let (fx, fy) = ((x - left as f64) as f32, (y - top as f64) as f32);
    let row = |y: usize| {
        let (one, other) = (plane.at(left, y), plane.at((left + 1).min(right), y));
        one + fx * (other - one)
    };
    let (upper, lower) = (row(top), row((top + 1).min(bottom)));
    upper + fy * (lower - upper)
}

/// Sightings of one face become one face: their mean, weighted by score. How well each turn fits
/// tells the head's tilt.
fn merge(sightings: &[Sighting]) -> Vec<Face> {
    let mut sorted = sightings.to_vec();
    sorted.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut groups: Vec<Vec<Sighting>> = Vec::new();
    for sighting in sorted {
        let same = |group: &&mut Vec<Sighting>| {
            let (first, it) = (group[0].face, sighting.face);
            let apart = libm::hypot(first.x - it.x, first.y - it.y);
            apart < 0.4 * first.size && (0.5..2.0).contains(&(it.size / first.size))
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.push(sighting),
            None => groups.push(vec![sighting]),
        }
    }
    let evidence = |group: &[Sighting]| group.iter().map(|it| it.score).sum::<f64>();
    groups.retain(|it| evidence(it) >= SURE_EVIDENCE);
    groups.sort_by(|a, b| evidence(b).total_cmp(&evidence(a)));
    let mean = |group: &[Sighting], of: fn(&Face) -> f64| {
        let weighted: f64 = group.iter().map(|it| it.score * of(&it.face)).sum();
        weighted / evidence(group)
    };
    let face = |group: &Vec<Sighting>| Face {
        x: mean(group, |it| it.x),
        y: mean(group, |it| it.y),
        size: mean(group, |it| it.size),
        roll: mean(group, |it| it.roll),
    };
    groups.iter().map(face).collect()
}
