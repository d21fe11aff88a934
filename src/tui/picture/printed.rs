//! Pictures by viuer: iTerm2, sixel and half blocks.
//!
//! viuer writes to stdout at absolute cells and may end with a new line, so a picture must not
//! touch the last row. What the terminal can do was asked before; viuer is told, so that it does
//! not ask again and read keys as answers.

use image::{DynamicImage, RgbImage, imageops};
use ratatui::layout::Rect;

use super::Protocol;

/// The smallest part of a picture of half blocks that differs from the one before, and its cells;
/// `None` if none does. A picture of another size differs as a whole.
pub fn changed_cells(before: &RgbImage, image: &RgbImage, place: Rect) -> Option<(RgbImage, Rect)> {
    if before.dimensions() != image.dimensions() {
        return Some((image.clone(), place));
    }
    let differ = |(column, row): &(u32, u32)| {
        before.get_pixel(*column, *row) != image.get_pixel(*column, *row)
    };
    let pixels = (0..image.height()).flat_map(|row| (0..image.width()).map(move |it| (it, row)));
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for (column, row) in pixels.filter(differ) {
        (left, top) = (left.min(column), top.min(row));
        (right, bottom) = (right.max(column + 1), bottom.max(row + 1));
    }
    if left >= right {
        return None;
    }
    // A cell has two rows of pixels.
    let (first, last) = (top / 2, bottom.div_ceil(2));
    let height = (2 * last).min(image.height()) - 2 * first;
    let part = imageops::crop_imm(image, left, 2 * first, right - left, height);
    let cells = Rect::new(
        place.x + left as u16,
        place.y + first as u16,
        (right - left) as u16,
        (last - first) as u16,
    );
    Some((part.to_image(), cells))
}

/// A picture with an even number of rows, as half blocks come in pairs: the last one is repeated.
fn in_pairs(image: &RgbImage) -> RgbImage {
    let (width, height) = image.dimensions();
    RgbImage::from_fn(width, height.next_multiple_of(2), |x, y| {
        *image.get_pixel(x, y.min(height - 1))
    })
}

/// Prints a picture in its place. Nothing happens for [`Protocol::Kitty`], which viuer is not used
/// for.
///
/// # Errors
/// With what viuer said.
pub fn print_with_viuer(
    image: &RgbImage,
    place: Rect,
    protocol: Protocol,
) -> Result<(), viuer::ViuError> {
    let truecolor = match protocol {
        Protocol::Kitty => return Ok(()),
        Protocol::Blocks { truecolor } => truecolor,
        Protocol::Iterm | Protocol::Sixel => true,
    };
    let (width, height) = match protocol {
        // viuer takes a cell for 6×12 pixels, whatever it is: ask for the cells that make the
        // picture's own size.
        Protocol::Sixel => ((image.width() / 6).max(1), (image.height() / 12).max(1)),
        _ => (u32::from(place.width), u32::from(place.height)),
    };
    let config = viuer::Config {
        absolute_offset: true,
        x: place.x,
        y: i16::try_from(place.y).unwrap_or(i16::MAX),
        width: Some(width),
        height: Some(height),
        truecolor,
        use_kitty: false,
        use_iterm: protocol == Protocol::Iterm,
        use_sixel: protocol == Protocol::Sixel,
        ..viuer::Config::default()
    };
    let image = match protocol {
        Protocol::Blocks { .. } if image.height() % 2 == 1 => in_pairs(image),
        _ => image.clone(),
    };
    viuer::print(&DynamicImage::ImageRgb8(image), &config)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;

    #[test]
    fn only_the_cells_that_changed_are_printed() {
        let place = Rect::new(20, 5, 30, 18);
        let before = RgbImage::new(30, 35);
        assert_eq!(changed_cells(&before, &before, place), None);
        let mut after = before.clone();
        after.put_pixel(4, 7, Rgb([9; 3]));
        after.put_pixel(6, 10, Rgb([8; 3]));
        let (part, cells) = changed_cells(&before, &after, place).expect("a change");
        assert_eq!(cells, Rect::new(24, 8, 3, 3));
        assert_eq!(part.dimensions(), (3, 6));
        assert_eq!(*part.get_pixel(0, 1), Rgb([9; 3]));
        // The last row stands alone in its cell.
        after.put_pixel(29, 34, Rgb([7; 3]));
        let (part, cells) = changed_cells(&before, &after, place).expect("a change");
        assert_eq!((cells.bottom(), part.height()), (place.bottom(), 35 - 6));
        assert_eq!(in_pairs(&part).height(), 30);
        let other = RgbImage::new(20, 35);
        let (part, cells) = changed_cells(&other, &after, place).expect("a change");
        assert_eq!((part, cells), (after, place));
    }
}
