//! The loupe: a part of the picture at 1:1, laid into a preview that shows it smaller.

use image::{Rgb, RgbImage};

use super::geometry::{Frame, Size, View, Zoom};
use super::overlay::{draw_dashes, inset_corner};

/// The box's part that the loupe takes, across and down.
const SHARE: usize = 3;
/// Below this many screen pixels it may take up to half of the box.
const COMFORTABLE: usize = 96;
/// An outline smaller than this, in screen pixels, would be a blot.
const SMALLEST_OUTLINE: f64 = 4.0;

/// What a loupe on a place, given as shares of width and height, shows of a picture in a box of so many
/// screen pixels.
pub fn frame(centre: (f64, f64), picture: Size, available: Size) -> Frame {
    let side = |length: usize| (length / SHARE).max(COMFORTABLE.min(length / 2)).max(1);
    let room = Size::new(side(available.width), side(available.height));
    let zoom = Zoom::Scale(1.0);
    View { zoom, centre }.frame(picture, room)
}

/// Lays the loupe, framed, into the corner that is farthest from its place, and outlines the place.
pub fn draw(image: &mut RgbImage, of: &Frame, loupe: &RgbImage, place: &Frame) {
    let edge = |at: usize| at as f64 - 0.5;
    let region = place.region;
    let from = of.to_screen([edge(region.x), edge(region.y)]);
    let to = of.to_screen([edge(region.right()), edge(region.bottom())]);
    let size = image.dimensions();
    if to.0 - from.0 >= SMALLEST_OUTLINE && to.1 - from.1 >= SMALLEST_OUTLINE {
        draw_dashes(from, to, size, |x, y, colour| {
            image.put_pixel(x, y, Rgb(colour));
        });
    }
    let middle = (from.0.midpoint(to.0), from.1.midpoint(to.1));
    let framed = (loupe.width() + 2, loupe.height() + 2);
    let Some((left, top)) = inset_corner(middle, size, framed) else {
        return;
    };
    for y in 0..framed.1 {
        for x in 0..framed.0 {
            let inside = x.checked_sub(1).zip(y.checked_sub(1));
            let pixel = inside.and_then(|(x, y)| loupe.get_pixel_checked(x, y));
            image.put_pixel(left + x, top + y, pixel.copied().unwrap_or(Rgb([255; 3])));
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
        height: 420,
    };

    #[test]
    fn a_loupe_shows_a_third_of_the_box_at_one_to_one() {
        let it = frame((0.5, 0.5), PICTURE, BOX);
        assert_eq!((it.scale, it.shown), (1.0, Size::new(200, 140)));
        assert_eq!((it.region.x, it.region.y), (2900, 1930));
        // In cells there is less room, and it takes more of it.
        let it = frame((1.0, 0.0), PICTURE, Size::new(60, 54));
        assert_eq!(it.shown, Size::new(30, 27));
        assert_eq!((it.region.right(), it.region.y), (6000, 0));
        let tiny = frame((0.5, 0.5), Size::new(3, 2), Size::new(1, 1));
        assert_eq!(tiny.shown, Size::new(1, 1));
    }

    #[test]
    fn the_loupe_lies_far_from_what_it_shows() {
        let of = View::default().frame(PICTURE, BOX);
        let place = frame((0.2, 0.2), PICTURE, BOX);
        let loupe = RgbImage::from_fn(200, 140, |x, y| Rgb([x as u8, y as u8, 7]));
        let mut image = RgbImage::from_pixel(600, 400, Rgb([100; 3]));
        draw(&mut image, &of, &loupe, &place);
        // 201 × 141 pixels from the lower right corner, without the frame.
        for (x, y) in [(0, 0), (199, 139), (50, 60)] {
            assert_eq!(image.get_pixel(399 + x, 259 + y), loupe.get_pixel(x, y));
        }
        assert_eq!(*image.get_pixel(398, 258), Rgb([255; 3]));
        // The place is outlined: 20 × 14 pixels around 120, 80.
        assert!(matches!(
            image.get_pixel(110, 73).0,
            [0, 0, 0] | [255, 255, 255]
        ));
        assert_eq!(*image.get_pixel(120, 80), Rgb([100; 3]));
    }
}
