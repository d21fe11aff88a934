//! `repore draw-preview`: has viuer draw one picture for the interface, which plays the terminal for it.

use image::{DynamicImage, RgbaImage};

use super::args::DrawArgs;
use super::{DONE, SOME_FAILED, complain};
use crate::tui::PreviewChoice;

/// Draws the picture.
pub fn run(args: &DrawArgs) -> u8 {
    match draw(args) {
        Ok(()) => DONE,
        Err(what) => {
            complain(what);
            SOME_FAILED
        }
    }
}

fn draw(args: &DrawArgs) -> Result<(), String> {
    let samples = std::fs::read(&args.file).map_err(|it| it.to_string())?;
    let [width, height] = args.size;
    let picture = RgbaImage::from_raw(width, height, samples);
    let picture = picture.ok_or("the samples are not those of such a picture")?;
    let [columns, rows, x, y] = args.place;
    let cell = |it: u32| u16::try_from(it).map_err(|it| it.to_string());
    let config = viuer::Config {
        absolute_offset: true,
        x: cell(x)?,
        y: i16::try_from(y).map_err(|it| it.to_string())?,
        width: Some(columns),
        height: Some(rows),
        truecolor: args.truecolor,
        use_kitty: args.means == PreviewChoice::Kitty,
        use_iterm: args.means == PreviewChoice::Iterm,
        use_sixel: args.means == PreviewChoice::Sixel,
        ..viuer::Config::default()
    };
    let picture = DynamicImage::ImageRgba8(picture);
    viuer::print(&picture, &config).map_err(|it| it.to_string())?;
    Ok(())
}
