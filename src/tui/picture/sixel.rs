//! Sixel graphics by `icy_sixel`, at the true size of the cells.
//!
//! A terminal cannot scale a sixel picture. A smaller draft has fewer colours, and squares of equal
//! pixels, which the run lengths of the format shorten.

use icy_sixel::{EncodeOptions, QuantizeMethod, SixelError};
use image::{RgbImage, imageops};

use crate::tui::stage::Quality;

/// A way to encode: the sides of its squares, its colours and its diffusion.
#[derive(Clone, Copy, Debug)]
struct Way {
    side: u32,
    colours: u16,
    diffusion: f32,
    /// Bytes a pixel that portraits take, more or less.
    density: f64,
}

const fn way(side: u32, colours: u16, diffusion: f32, density: f64) -> Way {
    Way {
        side,
        colours,
        diffusion,
        density,
    }
}

/// The best first. Squares of six fill the six rows of a sixel.
const WAYS: [Way; 8] = [
    way(1, 256, 0.5, 1.03),
    way(1, 256, 0.0, 0.83),
    way(1, 64, 0.0, 0.62),
    way(2, 64, 0.0, 0.44),
    way(3, 64, 0.0, 0.33),
    way(3, 32, 0.0, 0.25),
    way(6, 64, 0.0, 0.16),
    way(6, 32, 0.0, 0.13),
];

/// What was learned from earlier pictures: how their bytes compare with what was expected.
#[derive(Debug)]
pub struct Experience(f64);

impl Default for Experience {
    fn default() -> Self {
        Self(1.0)
    }
}

/// The bytes that draw a picture from the cursor on; whether it is as good as sixel can be. `registers` is
/// how many colours the terminal has for it.
///
/// # Errors
/// When it cannot be encoded.
pub fn encode(
    image: &RgbImage,
    quality: Quality,
    budget: usize,
    registers: u16,
    experience: &mut Experience,
) -> Result<(Vec<u8>, bool), SixelError> {
    let pixels = f64::from(image.width()) * f64::from(image.height());
    let expected = |way: &Way| way.density * pixels * experience.0;
    let fits = |way: &Way| quality == Quality::Exact || expected(way) <= budget as f64;
    let at = WAYS.iter().position(fits).unwrap_or(WAYS.len() - 1);
    let way = WAYS[at];
    let samples = squares(image, way.side);
    let options = EncodeOptions {
        max_colors: way.colours.min(registers),
        diffusion: way.diffusion,
        quantize_method: QuantizeMethod::Wu,
    };
    let (width, height) = (image.width() as usize, image.height() as usize);
    let text = icy_sixel::encoder::sixel_encode(&samples, width, height, &options)?;
    experience.0 = (text.len() as f64 / (way.density * pixels)).clamp(0.1, 4.0);
    Ok((text.into_bytes(), at == 0))
}

/// The samples of a picture, opaque, with the mean of each square in all its pixels.
fn squares(image: &RgbImage, side: u32) -> Vec<u8> {
    let (width, height) = image.dimensions();
    let small =
        (side > 1).then(|| imageops::thumbnail(image, width.div_ceil(side), height.div_ceil(side)));
    let small = small.as_ref().unwrap_or(image);
    let mut samples = Vec::with_capacity(4 * image.as_raw().len() / 3);
    for y in 0..height {
        for x in 0..width {
            let [r, g, b] = small.get_pixel(x / side, y / side).0;
            samples.extend([r, g, b, 255]);
        }
    }
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    fn photo() -> RgbImage {
        let mut seed = 1_u32;
        RgbImage::from_fn(240, 201, |x, y| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (seed >> 28) as u8;
            image::Rgb([(x / 2) as u8 ^ grain, y as u8 ^ grain, 90])
        })
    }

    #[test]
    fn a_smaller_budget_gives_fewer_bytes_and_the_same_size_on_the_screen() {
        let mut lengths = Vec::new();
        for budget in [usize::MAX, 30_000, 15_000, 5_000] {
            let mut experience = Experience::default();
            let (bytes, best) = encode(&photo(), Quality::Draft, budget, 256, &mut experience)
                .expect("it is encoded");
            assert_eq!(best, budget == usize::MAX);
            let shown = icy_sixel::SixelImage::decode(&bytes).expect("it is sixel");
            // The last six rows are sent as a whole.
            assert_eq!(
                (shown.width, shown.height.div_ceil(6)),
                (240, 201_usize.div_ceil(6))
            );
            lengths.push(bytes.len());
        }
        assert!(lengths.is_sorted_by(|a, b| a > b), "{lengths:?}");
    }

    #[test]
    fn what_was_learned_from_one_picture_serves_the_next() {
        let mut experience = Experience::default();
        // Grain takes more than was expected, so that the second try takes a coarser way.
        let first = encode(&photo(), Quality::Draft, 33_000, 256, &mut experience);
        let second = encode(&photo(), Quality::Draft, 33_000, 256, &mut experience);
        let length = |it: Result<(Vec<u8>, bool), SixelError>| it.expect("encoded").0.len();
        let (first, second) = (length(first), length(second));
        assert!(second <= first && second < 40_000, "{first}, {second}");
    }
}
