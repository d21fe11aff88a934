//! What works in the preview while it is on: the brush, the marquee, or a walk through spots.

use super::geometry::Size;
use crate::engine::masks::Point;
use crate::engine::operations::{self, Rectangle};

/// The smallest patch that can be marked, in pixels a side.
pub const SMALLEST_PATCH: u32 = operations::SMALLEST_PATCH as u32;

/// The patch that is proposed, in pixels a side.
const PROPOSED_PATCH: u32 = 160;

/// What works in the preview.
#[derive(Clone, Debug, PartialEq)]
pub enum Tool {
    /// Paints on the brush mask.
    Brush(Painting),
    /// Marks a patch of skin for a graft layer.
    Marquee(Marquee),
    /// Walks through the spots that the AI removed.
    Spots(Walk),
}

/// A walk through spots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Walk {
    /// The texture layer that leaves them out.
    pub layer: usize,
    /// The one that was gone to, by its number among all.
    pub at: Option<usize>,
}

/// The brush at work. What it paints with is the model's tip.
#[derive(Clone, Debug, PartialEq)]
pub struct Painting {
    /// Where the brush is, in pixels of the picture.
    pub cursor: Point,
    /// Where the last dot or line ended: a straight line can go on from there.
    pub last: Option<Point>,
    /// The line that the mouse is drawing, and whether it erases.
    pub live: Option<(Vec<Point>, bool)>,
    /// What is painted is shown in red.
    pub overlay: bool,
}

impl Painting {
    /// A brush that has not painted yet.
    pub fn at(cursor: Point) -> Self {
        Self {
            cursor,
            last: None,
            live: None,
            overlay: true,
        }
    }
}

/// A patch that is being marked.
#[derive(Clone, Debug, PartialEq)]
pub struct Marquee {
    /// The graft layer that it is for.
    pub layer: usize,
    /// What is marked, in pixels of the donor.
    pub patch: Rectangle,
    /// Size of the donor, once it is known.
    pub donor: Option<Size>,
    /// Where a drag of the mouse began.
    pub anchor: Option<Point>,
}

impl Marquee {
    /// A patch of a usual size around a point of a donor.
    pub fn proposed([x, y]: Point, donor: Size) -> Rectangle {
        let side = |length: usize| {
            let third = u32::try_from(length / 3).unwrap_or(PROPOSED_PATCH);
            third.clamp(SMALLEST_PATCH, PROPOSED_PATCH)
        };
        let (width, height) = (side(donor.width), side(donor.height));
        let start =
            |centre: f64, side: u32| (centre - f64::from(side) / 2.0).round().max(0.0) as u32;
        let patch = Rectangle {
            x: start(x, width),
            y: start(y, height),
            width,
            height,
        };
        inside(patch, donor)
    }

    /// The rectangle between two points of a donor.
    pub fn between(from: Point, to: Point, donor: Size) -> Rectangle {
        let side = |axis: usize| {
            let (low, high) = (from[axis].min(to[axis]), from[axis].max(to[axis]));
            let start = low.round().max(0.0) as u32;
            // The pixels that both points lie on are part of it.
            let end = high.round().max(0.0) as u32 + 1;
            (start, end.saturating_sub(start))
        };
        let ((x, width), (y, height)) = (side(0), side(1));
        inside(
            Rectangle {
                x,
                y,
                width,
                height,
            },
            donor,
        )
    }

    /// The patch moved by whole pixels, as far as the donor allows.
    pub fn moved(&self, (right, down): (i64, i64)) -> Rectangle {
        let Some(donor) = self.donor else {
            return self.patch;
        };
        let along =
            |start: u32, by: i64| u32::try_from((i64::from(start) + by).max(0)).unwrap_or(u32::MAX);
        let patch = Rectangle {
            x: along(self.patch.x, right),
            y: along(self.patch.y, down),
            ..self.patch
        };
        inside(patch, donor)
    }

    /// The patch wider and taller by whole pixels, at its right and lower edge, and whether it is as
    /// small as it may be.
    pub fn stretched(&self, (wider, taller): (i64, i64)) -> (Rectangle, bool) {
        let Some(donor) = self.donor else {
            return (self.patch, false);
        };
        let side = |length: u32, by: i64, start: u32, donor: usize| {
            let most = i64::try_from(donor).unwrap_or(i64::MAX) - i64::from(start);
            let wanted = i64::from(length) + by;
            let least = i64::from(SMALLEST_PATCH).min(most);
            let side = wanted.clamp(least, most.max(least));
            (u32::try_from(side).unwrap_or(length), wanted < least)
        };
        let Rectangle { x, y, .. } = self.patch;
        let (width, narrow) = side(self.patch.width, wider, x, donor.width);
        let (height, low) = side(self.patch.height, taller, y, donor.height);
        (
            Rectangle {
                x,
                y,
                width,
                height,
            },
            narrow || low,
        )
    }

    /// The patch with both sides at least as long as they must be, if the donor is large enough.
    pub fn large_enough(&self) -> Rectangle {
        let patch = Rectangle {
            width: self.patch.width.max(SMALLEST_PATCH),
            height: self.patch.height.max(SMALLEST_PATCH),
            ..self.patch
        };
        self.donor.map_or(patch, |it| inside(patch, it))
    }
}

/// A rectangle moved into a donor, and cut where it is larger.
pub fn inside(patch: Rectangle, donor: Size) -> Rectangle {
    let side = |start: u32, length: u32, donor: usize| {
        let donor = u32::try_from(donor).unwrap_or(u32::MAX);
        let length = length.clamp(1, donor.max(1));
        (start.min(donor.saturating_sub(length)), length)
    };
    let (x, width) = side(patch.x, patch.width, donor.width);
    let (y, height) = side(patch.y, patch.height, donor.height);
    Rectangle {
        x,
        y,
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONOR: Size = Size {
        width: 600,
        height: 400,
    };

    fn rectangle(x: u32, y: u32, width: u32, height: u32) -> Rectangle {
        Rectangle {
            x,
            y,
            width,
            height,
        }
    }

    fn marquee(patch: Rectangle) -> Marquee {
        Marquee {
            layer: 0,
            patch,
            donor: Some(DONOR),
            anchor: None,
        }
    }

    #[test]
    fn a_proposed_patch_lies_around_its_point_and_inside() {
        assert_eq!(
            Marquee::proposed([300.0, 200.0], DONOR),
            rectangle(220, 134, 160, 133)
        );
        assert_eq!(
            Marquee::proposed([0.0, 399.0], DONOR),
            rectangle(0, 267, 160, 133)
        );
        let tiny = Size::new(30, 20);
        assert_eq!(Marquee::proposed([5.0, 5.0], tiny), rectangle(0, 0, 30, 20));
    }

    #[test]
    fn a_drag_in_any_direction_marks_the_same() {
        let marked = rectangle(100, 50, 81, 61);
        let corners = [[100.2, 49.9], [180.0, 110.4]];
        assert_eq!(Marquee::between(corners[0], corners[1], DONOR), marked);
        assert_eq!(Marquee::between(corners[1], corners[0], DONOR), marked);
    }

    #[test]
    fn a_patch_stays_inside_its_donor() {
        let it = marquee(rectangle(500, 300, 80, 80));
        assert_eq!(it.moved((900, -900)), rectangle(520, 0, 80, 80));
        assert_eq!(it.stretched((900, 3)).0, rectangle(500, 300, 100, 83));
    }

    #[test]
    fn a_patch_is_not_made_too_small() {
        let it = marquee(rectangle(10, 10, 60, 60));
        assert_eq!(it.stretched((-20, 0)), (rectangle(10, 10, 48, 60), true));
        assert_eq!(
            marquee(rectangle(590, 10, 5, 70)).large_enough(),
            rectangle(552, 10, 48, 70)
        );
    }
}
