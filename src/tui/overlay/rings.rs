//! Rings around the spots that the AI removed.

use image::{Rgba, RgbaImage};

use crate::engine::masks::Point;
use crate::engine::original::spots::Spot;
use crate::tui::geometry::Frame;

/// Red is a spot that stays removed, green one that comes back.
const REMOVED: [u8; 3] = [255, 0, 0];
const KEPT: [u8; 3] = [0, 200, 80];

/// A spot on the screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ring {
    /// Its middle and how far it reaches, in pixels of the picture.
    pub middle: Point,
    /// In pixels of the picture.
    pub radius: f64,
    /// Whether it comes back.
    pub kept: bool,
    /// Whether it is the one that was gone to.
    pub chosen: bool,
}

/// The spots that lie in what a preview shows; `kept` tells for each whether it comes back.
pub fn seen(frame: &Frame, spots: &[Spot], kept: &[bool], chosen: Option<usize>) -> Vec<Ring> {
    let rings = spots
        .iter()
        .zip(kept)
        .enumerate()
        .map(|(at, (it, kept))| Ring {
            middle: [it.x, it.y],
            radius: it.radius,
            kept: *kept,
            chosen: chosen == Some(at),
        });
    let region = frame.region;
    let is_seen = |it: &Ring| {
        let [x, y] = it.middle;
        let across = region.x as f64 - it.radius..region.right() as f64 + it.radius;
        let down = region.y as f64 - it.radius..region.bottom() as f64 + it.radius;
        across.contains(&x) && down.contains(&y)
    };
    rings.filter(is_seen).collect()
}

/// A ring around a spot: red where it stays removed, green where it comes back, twice as thick for the one that was
/// gone to. It lies outside, so that the spot itself is seen.
pub fn draw(image: &mut RgbaImage, frame: &Frame, ring: &Ring) {
    let scale = frame.shown.width as f64 / frame.region.width as f64;
    let (x, y) = frame.to_screen(ring.middle);
    let radius = ring.radius * scale + 2.0;
    let thickness = if ring.chosen { 2.0 } else { 1.0 };
    let [r, g, b] = if ring.kept { KEPT } else { REMOVED };
    let span = |middle: f64, length: u32| {
        let first = (middle - radius - thickness).max(0.0) as u32;
        first..((middle + radius + thickness + 1.0).max(0.0) as u32).min(length)
    };
    for row in span(y, image.height()) {
        for column in span(x, image.width()) {
            let (dx, dy) = (f64::from(column) + 0.5 - x, f64::from(row) + 0.5 - y);
            if (dx.hypot(dy) - radius).abs() < 0.6 * thickness {
                image.put_pixel(column, row, Rgba([r, g, b, 255]));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::original::spots::Stretch;
    use crate::engine::raster::Region;
    use crate::tui::geometry::Size;

    #[test]
    fn a_ring_lies_around_its_spot_and_tells_whether_it_comes_back() {
        let frame = Frame {
            region: Region::new(100, 0, 60, 60),
            shown: Size::new(60, 60),
            scale: 1.0,
        };
        let spot = |x: f64| Spot {
            x,
            y: 29.5,
            radius: 6.0,
            strength: 5.0,
            stretch: Stretch::NONE,
        };
        let rings = seen(&frame, &[spot(129.5), spot(40.0)], &[true, false], Some(0));
        assert_eq!(rings.len(), 1);
        let mut image = RgbaImage::new(60, 60);
        draw(&mut image, &frame, &rings[0]);
        let green = Rgba([0, 200, 80, 255]);
        assert_eq!(*image.get_pixel(37, 29), green);
        assert_eq!(*image.get_pixel(30, 22), green);
        assert_eq!(image.get_pixel(30, 30).0[3], 0);
        assert_eq!(image.get_pixel(44, 30).0[3], 0);
        draw(
            &mut image,
            &frame,
            &Ring {
                kept: false,
                ..rings[0]
            },
        );
        assert_eq!(*image.get_pixel(37, 29), Rgba([255, 0, 0, 255]));
    }
}
