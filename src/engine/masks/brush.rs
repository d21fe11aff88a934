//! Painted strokes, kept as vectors: points in pixels of the full picture, and the tip that was
//! drawn along them.
//!
//! Within one stroke opacity does not build up, over strokes it does, as when Photoshop paints on a
//! layer mask: a stroke's coverage is that of the nearest point of its line.

use std::sync::Arc;

use crate::engine::operations::Cancel;
use crate::engine::operations::parameter::{Allowed, Choice, Parameter, Settings, parameter};
use crate::engine::raster::{Plane, Region};

/// Coordinates of a stroke lie within so many pixels of the picture's origin.
pub const FARTHEST: f64 = 1e6;

/// Whether a stroke adds coverage or takes it away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BrushMode {
    /// Towards full coverage.
    #[default]
    Add,
    /// Towards none.
    Erase,
}

impl Choice for BrushMode {
    const NAMES: &'static [(&'static str, Self)] =
        &[("add", BrushMode::Add), ("erase", BrushMode::Erase)];
}

/// What a stroke is drawn with.
#[derive(Clone, Debug, PartialEq)]
pub struct Tip {
    /// Adds or erases.
    pub mode: BrushMode,
    /// Radius of the tip, in pixels.
    pub radius: f64,
    /// Share of the radius that is fully covered, in per cent; beyond it coverage falls off.
    pub hardness: f64,
    /// Coverage in the middle of the tip, in per cent.
    pub opacity: f64,
}

impl Default for Tip {
    fn default() -> Self {
        Self {
            mode: BrushMode::Add,
            radius: 24.0,
            hardness: 50.0,
            opacity: 100.0,
        }
    }
}

impl Settings for Tip {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(
            mode,
            "",
            Allowed::OneOf(BrushMode::names),
            "whether strokes add to the mask or erase"
        ),
        parameter!(
            radius,
            "px",
            Allowed::number(0.5, 2000.0, 0.5, 10.0),
            "radius of the tip"
        ),
        parameter!(
            hardness,
            "%",
            Allowed::number(0.0, 100.0, 1.0, 10.0),
            "share of the radius that is fully covered"
        ),
        parameter!(
            opacity,
            "%",
            Allowed::number(0.0, 100.0, 1.0, 10.0),
            "coverage that one stroke leaves"
        ),
    ];
}

/// A position in pixels of the full picture; sample centres are whole numbers.
pub type Point = [f64; 2];

/// A line that was painted.
#[derive(Clone, Debug, PartialEq)]
pub struct Stroke {
    /// What it was drawn with.
    pub tip: Tip,
    /// The line's points, one or more; one alone is a dot.
    pub points: Arc<[Point]>,
}

/// Settings of the `brush` mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Brush {
    /// Turned round: strokes that add take away from full coverage.
    pub invert: bool,
    /// What was painted, the oldest stroke first.
    pub strokes: Vec<Stroke>,
}

impl Settings for Brush {
    const PARAMETERS: &'static [Parameter<Self>] =
        &[parameter!(invert, "", Allowed::Flag, "turned round")];
}

impl Brush {
    /// Whether no stroke leaves any coverage.
    pub fn is_empty(&self) -> bool {
        let adds = |it: &Stroke| it.tip.mode == BrushMode::Add && it.tip.opacity > 0.0;
        !self.strokes.iter().any(adds)
    }

    /// The coverage in a region of the picture, before it may be turned round.
    pub fn coverage(&self, region: Region, cancel: &Cancel) -> Plane {
        let mut plane = Plane::filled(region.width, region.height, 0.0);
        for stroke in &self.strokes {
            if cancel.is_cancelled() {
                break;
            }
            stroke.paint(&mut plane, region);
        }
        plane
    }

    /// The same strokes on the picture reduced to `scale`, 0..=1.
    pub fn reduced(&self, scale: f64) -> Brush {
        self.mapped(scale, |[x, y]| {
            // Sample centres are whole numbers, so it is pixel edges that scale.
            [(x + 0.5) * scale - 0.5, (y + 0.5) * scale - 0.5]
        })
    }

    /// The same strokes with every point moved and every radius multiplied by `scale`.
    pub fn mapped(&self, scale: f64, moved: impl Fn(Point) -> Point) -> Brush {
        let strokes = self.strokes.iter().map(|stroke| Stroke {
            tip: Tip {
                radius: stroke.tip.radius * scale,
                ..stroke.tip
            },
            points: stroke.points.iter().map(|it| moved(*it)).collect(),
        });
        Brush {
            invert: self.invert,
            strokes: strokes.collect(),
        }
    }
}

impl Stroke {
    /// Paints onto the coverage of a region: a stroke that adds goes over what is there as white
    /// paint does, one that erases as black.
    fn paint(&self, plane: &mut Plane, region: Region) {
        let profile = Profile::new(&self.tip);
        let Some(touched) = touched(&self.points, profile.outer, region) else {
            return;
        };
        let distances = self.squared_distances(profile.outer, touched);
        let add = self.tip.mode == BrushMode::Add;
        for y in 0..touched.height {
            let row = &mut plane.row_mut(touched.y - region.y + y)[touched.x - region.x..];
            for (out, squared) in row.iter_mut().zip(distances.row(y)) {
                let painted = profile.coverage(*squared);
                let target = if add { 1.0 } else { 0.0 };
                *out += painted * (target - *out);
            }
        }
    }

    /// The squared distance of every pixel of a region to the line, infinite where it is beyond
    /// `reach` of all of the line's segments.
    fn squared_distances(&self, reach: f32, region: Region) -> Plane {
        let mut plane = Plane::filled(region.width, region.height, f32::INFINITY);
        // A dot is a segment without length.
        let single = [self.points[0], self.points[0]];
        let segments = if self.points.len() == 1 {
            single.windows(2)
        } else {
            self.points.windows(2)
        };
        for ends in segments {
            let Some(near) = touched(ends, reach, region) else {
                continue;
            };
            let segment = Segment::new(ends[0], ends[1]);
            for y in near.y..near.bottom() {
                let row = plane.row_mut(y - region.y);
                let row = &mut row[near.x - region.x..near.right() - region.x];
                segment.nearer(row, near.x, y);
            }
        }
        plane
    }
}

/// The part of a region that is within `reach` of the box around some points.
fn touched(points: &[Point], reach: f32, region: Region) -> Option<Region> {
    let side = |axis: usize, start: usize, length: usize| {
        let all = points.iter().map(|it| it[axis]);
        let (min, max) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(min, max), it| {
            (min.min(it), max.max(it))
        });
        let reach = f64::from(reach);
        // Negative and huge numbers saturate in `as`.
        let first = ((min - reach).ceil() as usize).max(start);
        let end = ((max + reach).floor() + 1.0) as usize;
        let end = end.min(start + length);
        (first < end).then(|| (first, end - first))
    };
    let (x, width) = side(0, region.x, region.width)?;
    let (y, height) = side(1, region.y, region.height)?;
    Some(Region::new(x, y, width, height))
}

/// A straight piece of a line. Pixels are counted from the whole pixel at its start, so that `f32`
/// is exact enough far from the picture's origin and does not depend on the tile.
struct Segment {
    origin: (i64, i64),
    /// Its start within that pixel, and the vector to its end.
    start: (f32, f32),
    along: (f32, f32),
    /// One over its squared length, or 0 for a dot.
    inverse: f32,
}

impl Segment {
    fn new(from: Point, to: Point) -> Self {
        let whole = [from[0].floor(), from[1].floor()];
        let along = (to[0] - from[0], to[1] - from[1]);
        let squared = along.0 * along.0 + along.1 * along.1;
        Self {
            origin: (whole[0] as i64, whole[1] as i64),
            start: ((from[0] - whole[0]) as f32, (from[1] - whole[1]) as f32),
            along: (along.0 as f32, along.1 as f32),
            inverse: if squared > 1e-12 {
                (1.0 / squared) as f32
            } else {
                0.0
            },
        }
    }

    /// Lowers the squared distances of a row of pixels that begins at (`x`, `y`) to those of this
    /// segment, where it is nearer.
    fn nearer(&self, row: &mut [f32], x: usize, y: usize) {
        let first = (x as i64 - self.origin.0) as i32;
        let dy = (y as i64 - self.origin.1) as f32 - self.start.1;
        let (along_x, along_y) = self.along;
        for (i, out) in row.iter_mut().enumerate() {
            let dx = (first + i as i32) as f32 - self.start.0;
            let t = ((dx * along_x + dy * along_y) * self.inverse).clamp(0.0, 1.0);
            let (ex, ey) = (dx - t * along_x, dy - t * along_y);
            *out = out.min(ex * ex + ey * ey);
        }
    }
}

/// How a tip's coverage falls off with the distance from the line.
struct Profile {
    /// Full coverage up to here, in pixels.
    inner: f32,
    /// None from here on.
    outer: f32,
    /// Coverage in the middle, 0..=1.
    peak: f32,
}

impl Profile {
    fn new(tip: &Tip) -> Self {
        // The hardest edge is one pixel wide, so that it does not look like stairs.
        let inner = (tip.radius * tip.hardness / 100.0).min(tip.radius - 0.5);
        // A line that is finer than a pixel, as in drafts, covers a part of it.
        let finest = (2.0 * tip.radius).min(1.0);
        Self {
            inner: inner as f32,
            outer: (tip.radius + 0.5) as f32,
            peak: (finest * tip.opacity / 100.0) as f32,
        }
    }

    fn coverage(&self, squared_distance: f32) -> f32 {
        if squared_distance >= self.outer * self.outer {
            return 0.0;
        }
        let t = (self.outer - squared_distance.sqrt()) / (self.outer - self.inner);
        let t = t.min(1.0);
        self.peak * (t * t * (3.0 - 2.0 * t))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Random;

    fn stroke(
        mode: BrushMode,
        radius: f64,
        hardness: f64,
        opacity: f64,
        points: &[Point],
    ) -> Stroke {
        let tip = Tip {
            mode,
            radius,
            hardness,
            opacity,
        };
        Stroke {
            tip,
            points: points.into(),
        }
    }

    fn brush(strokes: Vec<Stroke>) -> Brush {
        Brush {
            invert: false,
            strokes,
        }
    }

    fn covered(brush: &Brush, region: Region) -> Plane {
        brush.coverage(region, &Cancel::default())
    }

    /// Strokes all over and beyond a picture of 300×200 pixels, the same on every run.
    fn scribble() -> Brush {
        let random = Random::new(11, 0, 0);
        let number = |stroke: usize, i: usize| f64::from(random.row(stroke).signed(i));
        let strokes = (0..12).map(|at| {
            let points: Vec<Point> = (0..1 + 3 * at)
                .map(|i| {
                    let (x, y) = (number(at, 2 * i + 5), number(at, 2 * i + 6));
                    [150.0 + 220.0 * x, 100.0 + 180.0 * y]
                })
                .collect();
            let mode = if at % 3 == 2 {
                BrushMode::Erase
            } else {
                BrushMode::Add
            };
            let radius = 20.0 + 19.0 * number(at, 0);
            let hardness = 50.0 + 50.0 * number(at, 1);
            stroke(mode, radius, hardness, 60.0 + 40.0 * number(at, 2), &points)
        });
        brush(strokes.collect())
    }

    #[test]
    fn a_dot_is_full_inside_its_hardness_half_at_mid_slope_and_nothing_beyond() {
        let dot = brush(vec![stroke(
            BrushMode::Add,
            10.5,
            2000.0 / 21.0 / 2.0,
            80.0,
            &[[30.0, 30.0]],
        )]);
        let plane = covered(&dot, Region::of_size(60, 60));
        // Full up to 5 px, none from 11 px, and half of the opacity in between.
        #[rustfmt::skip]
        let expected = [(0, 0.8), (5, 0.8), (8, 0.4), (11, 0.0), (25, 0.0)];
        for (distance, coverage) in expected {
            for (x, y) in [
                (30 + distance, 30),
                (30, 30 - distance),
                (30 - distance, 30),
            ] {
                let got = plane.at(x, y);
                assert!((got - coverage).abs() < 1e-5, "{got} at {x},{y}");
            }
        }
    }

    #[test]
    fn a_hard_edge_is_one_pixel_wide() {
        let dot = brush(vec![stroke(
            BrushMode::Add,
            8.0,
            100.0,
            100.0,
            &[[20.0, 20.0]],
        )]);
        let plane = covered(&dot, Region::of_size(40, 40));
        assert_eq!(
            (plane.at(27, 20), plane.at(28, 20), plane.at(29, 20)),
            (1.0, 0.5, 0.0)
        );
    }

    #[test]
    fn opacity_builds_up_over_strokes_but_not_within_one() {
        let there_and_back = [[10.0, 20.0], [50.0, 20.0], [10.0, 20.0]];
        let once = stroke(BrushMode::Add, 6.0, 100.0, 50.0, &there_and_back);
        let at =
            |strokes: Vec<Stroke>| covered(&brush(strokes), Region::of_size(60, 40)).at(30, 20);
        assert_eq!(at(vec![once.clone()]), 0.5);
        assert_eq!(at(vec![once.clone(), once.clone()]), 0.75);
        let erased = stroke(BrushMode::Erase, 6.0, 100.0, 50.0, &there_and_back);
        assert_eq!(at(vec![once.clone(), erased.clone()]), 0.25);
        assert_eq!(at(vec![erased, once]), 0.5);
    }

    #[test]
    fn coverage_equals_that_of_the_nearest_point_of_the_line() {
        let brush = scribble();
        let fast = covered(&brush, Region::of_size(300, 200));
        let distance = |p: Point, a: Point, b: Point| {
            let (lx, ly) = (b[0] - a[0], b[1] - a[1]);
            let (dx, dy) = (p[0] - a[0], p[1] - a[1]);
            let squared = lx * lx + ly * ly;
            let t = if squared > 0.0 {
                ((dx * lx + dy * ly) / squared).clamp(0.0, 1.0)
            } else {
                0.0
            };
            (dx - t * lx).hypot(dy - t * ly)
        };
        for y in (0..200).step_by(7) {
            for x in (0..300).step_by(5) {
                let p = [x as f64, y as f64];
                let mut slow = 0.0;
                for stroke in &brush.strokes {
                    let ends = stroke.points.windows(2).map(|it| distance(p, it[0], it[1]));
                    let dots = stroke.points.iter().map(|it| distance(p, *it, *it));
                    let nearest = ends.chain(dots).fold(f64::INFINITY, f64::min);
                    let tip = &stroke.tip;
                    let (inner, outer) = (
                        (tip.radius * tip.hardness / 100.0).min(tip.radius - 0.5),
                        tip.radius + 0.5,
                    );
                    let t = ((outer - nearest) / (outer - inner)).clamp(0.0, 1.0);
                    let painted = t * t * (3.0 - 2.0 * t) * tip.opacity / 100.0;
                    let target = if tip.mode == BrushMode::Add { 1.0 } else { 0.0 };
                    slow += painted * (target - slow);
                }
                let fast = f64::from(fast.at(x, y));
                assert!((fast - slow).abs() < 1e-4, "{fast} for {slow} at {x},{y}");
            }
        }
    }

    #[test]
    fn a_region_alone_is_the_region_of_the_whole_bit_for_bit() {
        let brush = scribble();
        let whole = covered(&brush, Region::of_size(300, 200));
        for region in [
            Region::new(0, 0, 1, 1),
            Region::new(17, 31, 64, 64),
            Region::new(255, 3, 45, 197),
        ] {
            assert_eq!(covered(&brush, region), whole.crop(region));
        }
    }

    #[test]
    fn only_erasing_leaves_the_mask_empty() {
        assert!(Brush::default().is_empty());
        let erase = stroke(BrushMode::Erase, 9.0, 50.0, 100.0, &[[5.0, 5.0]]);
        assert!(brush(vec![erase.clone()]).is_empty());
        let add = stroke(BrushMode::Add, 9.0, 50.0, 100.0, &[[5.0, 5.0]]);
        assert!(!brush(vec![add, erase]).is_empty());
    }

    #[test]
    fn reduced_strokes_cover_what_the_reduced_coverage_does() {
        let soft = stroke(
            BrushMode::Add,
            40.0,
            0.0,
            90.0,
            &[[60.0, 70.0], [200.0, 90.0]],
        );
        let brush = brush(vec![soft]);
        let full = covered(&brush, Region::of_size(256, 160));
        let half = covered(&brush.reduced(0.5), Region::of_size(128, 80));
        for y in 0..80 {
            for x in 0..128 {
                let mean: f32 = [(0, 0), (0, 1), (1, 0), (1, 1)]
                    .iter()
                    .map(|(dx, dy)| full.at(2 * x + dx, 2 * y + dy) / 4.0)
                    .sum();
                assert!((half.at(x, y) - mean).abs() < 0.02, "at {x},{y}");
            }
        }
    }

    #[test]
    fn strokes_far_out_and_tiny_ones_are_harmless() {
        let far = [[-FARTHEST, -FARTHEST], [FARTHEST, FARTHEST]];
        let brush = brush(vec![
            stroke(BrushMode::Add, 2000.0, 0.0, 100.0, &far),
            stroke(BrushMode::Add, 0.5, 100.0, 100.0, &[[-FARTHEST, 3.0]]),
        ]);
        let plane = covered(&brush.reduced(0.01), Region::new(700, 650, 90, 80));
        assert!(plane.samples().iter().all(|it| (0.0..=1.0).contains(it)));
        // The line runs through the diagonal.
        assert!(covered(&brush, Region::new(500, 500, 4, 4)).at(1, 1) > 0.99);
    }
}
