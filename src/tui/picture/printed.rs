//! Pictures by viuer: iTerm2 and sixel.
//!
//! viuer writes to stdout at absolute cells and may end with a new line, so a picture must not
//! touch the last row. What the terminal can do was asked before; viuer is told, so that it does
//! not ask again and read keys as answers.

use image::{DynamicImage, RgbImage};
use ratatui::layout::Rect;

use super::Protocol;

/// Prints a picture in its place. Nothing happens for protocols that viuer is not used for.
///
/// # Errors
/// With what viuer said.
pub fn print_with_viuer(
    image: &RgbImage,
    place: Rect,
    protocol: Protocol,
) -> Result<(), viuer::ViuError> {
    if matches!(protocol, Protocol::Kitty | Protocol::Cells(_)) {
        return Ok(());
    }
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
        truecolor: true,
        use_kitty: false,
        use_iterm: protocol == Protocol::Iterm,
        use_sixel: protocol == Protocol::Sixel,
        ..viuer::Config::default()
    };
    viuer::print(&DynamicImage::ImageRgb8(image.clone()), &config)?;
    Ok(())
}
