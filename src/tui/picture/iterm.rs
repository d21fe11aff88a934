//! The inline images of iTerm2, which WezTerm and Konsole know too: JPEG while something changes, PNG
//! when it is to be exact.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ExtendedColorType, RgbImage, imageops};

use super::coder::png;
use crate::engine::raster::{Image, Layout, Samples};
use crate::files::metadata::{JpegForm, Metadata, Own};
use crate::files::{self, EncodeOptions, Format};
use crate::tui::stage::Quality;

/// JPEG qualities to try at full size, the best first.
const QUALITIES: [u8; 3] = [92, 80, 65];
/// JPEG quality of a picture that is reduced.
const REDUCED_QUALITY: u8 = 75;
/// From this JPEG quality on, colour has as many samples as brightness.
const FULL_COLOUR: u8 = 90;
/// Each next size to try has this share of the sides of the one before.
const STEP: f64 = 0.7;

/// The bytes that draw a picture from the cursor on, in its own size in pixels; whether it is exact.
///
/// # Errors
/// When it cannot be encoded.
pub fn encode(image: &RgbImage, quality: Quality, budget: usize) -> io::Result<(Vec<u8>, bool)> {
    // A PNG of a photograph has at least half a byte a sample.
    if quality == Quality::Exact || image.as_raw().len() / 2 < budget {
        let file = png(image.as_raw(), image.dimensions(), ExtendedColorType::Rgb8)?;
        if quality == Quality::Exact || file.len() <= budget {
            return Ok((command(image, &file), true));
        }
    }
    let mut file = Vec::new();
    for quality in QUALITIES {
        file = jpeg(image, quality)?;
        if file.len() <= budget {
            return Ok((command(image, &file), false));
        }
    }
    let mut scale = (budget as f64 / file.len().max(1) as f64).sqrt().min(STEP);
    loop {
        let smaller = |length: u32| ((f64::from(length) * scale).round() as u32).max(1);
        let (width, height) = (smaller(image.width()), smaller(image.height()));
        let file = jpeg(&imageops::thumbnail(image, width, height), REDUCED_QUALITY)?;
        if file.len() <= budget || width.max(height) <= 16 {
            return Ok((command(image, &file), false));
        }
        scale *= STEP;
    }
}

/// The file is scaled by the terminal to the picture's size.
fn command(image: &RgbImage, file: &[u8]) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let mut out = format!(
        "\x1b]1337;File=inline=1;size={};width={width}px;height={height}px;\
         preserveAspectRatio=0;doNotMoveCursor=1:",
        file.len() / 4 * 3
    )
    .into_bytes();
    out.extend_from_slice(file);
    out.push(0x07);
    out
}

/// A JPEG file in base64.
fn jpeg(image: &RgbImage, quality: u8) -> io::Result<Vec<u8>> {
    let size = (image.width() as usize, image.height() as usize);
    let samples = Samples::Eight(image.as_raw().clone());
    let pixels = Image::new(size.0, size.1, Layout::Rgb, samples).map_err(io::Error::other)?;
    let form = JpegForm {
        subsampling: (quality < FULL_COLOUR).then_some((2, 2)),
        ..JpegForm::default()
    };
    let metadata = Metadata {
        own: Own::Jpeg(Box::new(form)),
        ..Metadata::default()
    };
    let options = EncodeOptions {
        format: Format::Jpeg,
        quality: Some(quality),
    };
    let file = files::encode(pixels, &metadata, options).map_err(io::Error::other)?;
    Ok(STANDARD.encode(&file).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> RgbImage {
        let mut seed = 1_u32;
        RgbImage::from_fn(320, 240, |x, y| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (seed >> 28) as u8;
            image::Rgb([(x / 2) as u8 ^ grain, y as u8 ^ grain, grain])
        })
    }

    fn decoded(bytes: &[u8]) -> RgbImage {
        let at = bytes.iter().position(|it| *it == b':').expect("a colon");
        let file = STANDARD
            .decode(&bytes[at + 1..bytes.len() - 1])
            .expect("base64");
        image::load_from_memory(&file).expect("a picture").to_rgb8()
    }

    #[test]
    fn a_draft_keeps_to_its_budget_and_its_size_on_the_screen() {
        for budget in [3_000, 10_000, 40_000] {
            let (bytes, exact) = encode(&photo(), Quality::Draft, budget).expect("encoded");
            assert!(!exact);
            assert!(bytes.len() < budget + 200, "{} for {budget}", bytes.len());
            let text = String::from_utf8_lossy(&bytes);
            assert!(text.contains("width=320px;height=240px;"), "{text}");
            assert!(decoded(&bytes).width() > 16);
        }
    }

    #[test]
    fn an_exact_picture_has_every_pixel() {
        for (quality, budget) in [(Quality::Exact, 1), (Quality::Draft, 10_000_000)] {
            let (bytes, exact) = encode(&photo(), quality, budget).expect("encoded");
            assert!(exact);
            assert_eq!(decoded(&bytes), photo());
        }
    }
}
