//! Sizes on the screen, and which part of a picture they look at.

use ratatui::layout::Rect;

use crate::engine::masks::Point;
use crate::engine::raster::Region;

/// A size in cells or pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
}

impl Size {
    /// A size from its columns and rows.
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height }
    }

    /// Whether it holds nothing.
    pub fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }
}

/// How large a picture is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Zoom {
    /// As a whole.
    Fit,
    /// So many screen pixels for one of the picture; 1 is 1:1.
    Scale(f64),
}

/// The largest magnification.
const LARGEST_SCALE: f64 = 8.0;
/// The smallest reduction that keys lead to.
const SMALLEST_SCALE: f64 = 1.0 / 64.0;

/// Pixels that are made ahead of a pan at most.
const MOST_AROUND: usize = 3_000_000;

/// Which part of a picture is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// How large.
    pub zoom: Zoom,
    /// The middle, as shares of the picture's width and height.
    pub centre: (f64, f64),
}

impl Default for View {
    fn default() -> Self {
        Self {
            zoom: Zoom::Fit,
            centre: (0.5, 0.5),
        }
    }
}

/// A part of a picture and the size in which it is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// The part, in pixels of the picture.
    pub region: Region,
    /// The size on the screen, in screen pixels.
    pub shown: Size,
    /// Screen pixels for one of the picture.
    pub scale: f64,
}

impl Frame {
    /// Screen pixels for one of the picture, to the right and down. Shown sizes are whole numbers, so
    /// that these differ a little from `scale`.
    fn scales(self) -> (f64, f64) {
        (
            self.shown.width as f64 / self.region.width as f64,
            self.shown.height as f64 / self.region.height as f64,
        )
    }

    /// A frame at 1:1 with up to half as much around it on each side; `None` where it is not at 1:1, or nothing is around
    /// it.
    pub fn with_surroundings(self, picture: Region) -> Option<Frame> {
        let grown = self.grown(2, picture);
        let pixels = grown.region.width * grown.region.height;
        let grows = self.scale == 1.0 && grown.region != self.region;
        (grows && pixels <= MOST_AROUND).then_some(grown)
    }

    /// A frame at 1:1 with up to a quarter as much around it on each side.
    pub fn with_margin(self, picture: Region) -> Frame {
        self.grown(4, picture)
    }

    fn grown(self, part: usize, picture: Region) -> Frame {
        let along = |start: usize, length: usize, all: usize| {
            let from = start.saturating_sub(length / part);
            (from, (start + length + length / part).min(all) - from)
        };
        let (x, width) = along(self.region.x, self.region.width, picture.width);
        let (y, height) = along(self.region.y, self.region.height, picture.height);
        Frame {
            region: Region::new(x, y, width, height),
            shown: Size::new(width, height),
            scale: self.scale,
        }
    }

    /// The position in the picture of one on the screen, in screen pixels from the corner of what is
    /// shown, where the first pixel reaches from 0 to 1.
    pub fn to_picture(self, (x, y): (f64, f64)) -> Point {
        let (across, down) = self.scales();
        // In the picture, sample centres are whole numbers.
        [
            self.region.x as f64 + x / across - 0.5,
            self.region.y as f64 + y / down - 0.5,
        ]
    }

    /// The position on the screen of one in the picture: the reverse of
    /// [`to_picture`](Self::to_picture).
    pub fn to_screen(self, [x, y]: Point) -> (f64, f64) {
        let (across, down) = self.scales();
        (
            (x + 0.5 - self.region.x as f64) * across,
            (y + 0.5 - self.region.y as f64) * down,
        )
    }
}

/// The rectangle of cells that `shown` screen pixels cover in the middle of a box.
pub fn placed(shown: Size, within: Rect, cell: Size) -> Rect {
    let cells = |pixels: usize, cell: usize, room: u16| {
        let cells = pixels.div_ceil(cell.max(1));
        u16::try_from(cells).unwrap_or(room).clamp(1, room.max(1))
    };
    let width = cells(shown.width, cell.width, within.width);
    let height = cells(shown.height, cell.height, within.height);
    Rect::new(
        within.x + (within.width.saturating_sub(width)) / 2,
        within.y + (within.height.saturating_sub(height)) / 2,
        width,
        height,
    )
}

/// The position of the middle of a cell, in screen pixels from the corner of the rectangle.
pub fn middle_of_cell(column: u16, row: u16, place: Rect, cell: Size) -> (f64, f64) {
    let along = |cell: u16, start: u16, size: usize| {
        (f64::from(cell) - f64::from(start) + 0.5) * size as f64
    };
    (
        along(column, place.x, cell.width),
        along(row, place.y, cell.height),
    )
}

impl View {
    /// What is shown of a picture in a box of so many screen pixels. Neither may be empty.
    pub fn frame(&self, picture: Size, available: Size) -> Frame {
        let scale = self.scale(picture, available);
        let part = |length: usize, room: usize, centre: f64| {
            let visible = ((room as f64 / scale).floor() as usize).clamp(1, length);
            let start = (centre * length as f64 - visible as f64 / 2.0)
                .round()
                .max(0.0) as usize;
            let shown = ((visible as f64 * scale).round() as usize).clamp(1, room.max(1));
            (start.min(length - visible), visible, shown)
        };
        let (x, width, shown_width) = part(picture.width, available.width, self.centre.0);
        let (y, height, shown_height) = part(picture.height, available.height, self.centre.1);
        Frame {
            region: Region::new(x, y, width, height),
            shown: Size::new(shown_width, shown_height),
            scale,
        }
    }

    /// Screen pixels for one pixel of the picture.
    pub fn scale(&self, picture: Size, available: Size) -> f64 {
        match self.zoom {
            Zoom::Scale(scale) => scale,
            Zoom::Fit => {
                let across = available.width as f64 / picture.width as f64;
                let down = available.height as f64 / picture.height as f64;
                // A small picture is not magnified.
                across.min(down).min(1.0)
            }
        }
    }

    /// The next larger or smaller power of two.
    pub fn zoomed(&self, closer: bool, picture: Size, available: Size) -> View {
        let exponent = self.scale(picture, available).log2();
        // A scale that is a power of two already goes on to the next.
        let next = if closer {
            (exponent + 1e-6).floor() + 1.0
        } else {
            (exponent - 1e-6).ceil() - 1.0
        };
        View {
            zoom: Zoom::Scale(next.exp2().clamp(SMALLEST_SCALE, LARGEST_SCALE)),
            ..*self
        }
    }

    /// Moved by screen pixels; the middle stays where the picture still fills the box.
    pub fn panned(&self, (dx, dy): (f64, f64), picture: Size, available: Size) -> View {
        let scale = self.scale(picture, available);
        let moved = |centre: f64, by: f64, length: usize, room: usize| {
            let margin = (room as f64 / scale / length as f64 / 2.0).min(0.5);
            (centre + by / scale / length as f64).clamp(margin, 1.0 - margin)
        };
        View {
            centre: (
                moved(self.centre.0, dx, picture.width, available.width),
                moved(self.centre.1, dy, picture.height, available.height),
            ),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURE: Size = Size {
        width: 6000,
        height: 4000,
    };
    const BOX: Size = Size {
        width: 600,
        height: 600,
    };

    #[test]
    fn fit_shows_the_whole_picture() {
        let frame = View::default().frame(PICTURE, BOX);
        assert_eq!(frame.region, Region::of_size(6000, 4000));
        assert_eq!(frame.shown, Size::new(600, 400));
    }

    #[test]
    fn one_to_one_shows_as_many_pixels_as_the_box_has() {
        let view = View {
            zoom: Zoom::Scale(1.0),
            centre: (0.5, 0.5),
        };
        let frame = view.frame(PICTURE, BOX);
        assert_eq!(frame.region, Region::new(2700, 1700, 600, 600));
        assert_eq!(frame.shown, BOX);
    }

    #[test]
    fn what_is_around_ends_at_the_edge_of_the_picture() {
        let view = View {
            zoom: Zoom::Scale(1.0),
            centre: (0.0, 0.5),
        };
        let (frame, picture) = (view.frame(PICTURE, BOX), Region::of_size(6000, 4000));
        let around = frame.with_surroundings(picture).expect("there is more");
        assert_eq!(around.region, Region::new(0, 1400, 900, 1200));
        assert_eq!(around.shown, Size::new(900, 1200));
        let margin = frame.with_margin(picture);
        assert_eq!(margin.region, Region::new(0, 1550, 750, 900));
        assert_eq!(
            View::default()
                .frame(PICTURE, BOX)
                .with_surroundings(picture),
            None
        );
        let small = Size::new(500, 400);
        let whole = view.frame(small, BOX);
        assert_eq!(whole.with_surroundings(whole.region), None);
    }

    #[test]
    fn a_small_picture_is_not_magnified_to_fit() {
        let frame = View::default().frame(Size::new(30, 20), BOX);
        assert_eq!(frame.shown, Size::new(30, 20));
    }

    #[test]
    fn zooming_goes_in_powers_of_two_from_any_fit() {
        let closer = View::default().zoomed(true, PICTURE, BOX);
        assert_eq!(closer.zoom, Zoom::Scale(0.125));
        assert_eq!(closer.zoomed(true, PICTURE, BOX).zoom, Zoom::Scale(0.25));
        assert_eq!(
            View::default().zoomed(false, PICTURE, BOX).zoom,
            Zoom::Scale(0.0625)
        );
    }

    #[test]
    fn positions_on_the_screen_and_in_the_picture_answer_each_other() {
        for zoom in [
            Zoom::Fit,
            Zoom::Scale(0.25),
            Zoom::Scale(1.0),
            Zoom::Scale(8.0),
        ] {
            let view = View {
                zoom,
                centre: (0.4, 0.7),
            };
            let frame = view.frame(PICTURE, BOX);
            for screen in [(0.0, 0.0), (0.5, 0.5), (123.0, 45.0)] {
                let there = frame.to_picture(screen);
                let back = frame.to_screen(there);
                assert!((back.0 - screen.0).abs() < 1e-6 && (back.1 - screen.1).abs() < 1e-6);
            }
        }
        // At 1:1 the middle of the first screen pixel is the first pixel of the region.
        let view = View {
            zoom: Zoom::Scale(1.0),
            centre: (0.5, 0.5),
        };
        let frame = view.frame(PICTURE, BOX);
        assert_eq!(frame.to_picture((0.5, 0.5)), [2700.0, 1700.0]);
        assert_eq!(frame.to_picture((10.5, 0.5)), [2710.0, 1700.0]);
        // At fit a screen pixel stands for ten: its middle is between the fifth and the sixth.
        let frame = View::default().frame(PICTURE, BOX);
        assert_eq!(frame.to_picture((0.5, 0.5)), [4.5, 4.5]);
    }

    #[test]
    fn a_picture_lies_in_the_middle_of_its_box() {
        let within = Rect::new(20, 1, 40, 20);
        let cell = Size::new(8, 16);
        let place = placed(Size::new(160, 320), within, cell);
        assert_eq!(place, Rect::new(30, 1, 20, 20));
        assert_eq!(middle_of_cell(30, 2, place, cell), (4.0, 24.0));
        assert_eq!(
            placed(Size::new(9999, 1), within, cell),
            Rect::new(20, 10, 40, 1)
        );
    }

    #[test]
    fn panning_stops_at_the_edge() {
        let view = View {
            zoom: Zoom::Scale(1.0),
            centre: (0.5, 0.5),
        };
        let corner = view.panned((-1e9, 1e9), PICTURE, BOX);
        let frame = corner.frame(PICTURE, BOX);
        assert_eq!(frame.region, Region::new(0, 3400, 600, 600));
    }
}
