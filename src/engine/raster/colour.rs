//! The two ways from colour to grey that retouchers know.

/// Luma of encoded RGB with Photoshop's weights for Luminosity: 0.30, 0.59, 0.11.
#[inline(always)]
pub fn luma(r: f32, g: f32, b: f32) -> f32 {
    0.30 * r + 0.59 * g + 0.11 * b
}

/// The same of levels of 8 bits: whole numbers of 16 bits, of which twice as many are added at once, and one conversion.
#[inline(always)]
pub fn luma_of_levels(r: u8, g: u8, b: u8) -> f32 {
    let [r, g, b] = [r, g, b].map(u16::from);
    f32::from(30 * r + 59 * g + 11 * b) * (1.0 / 25_500.0)
}

/// White in [fine luma](super::Image::fine_luma), whole numbers of which black is 0: sixteenths of a level of 8 bits, so that
/// sixteen of them add up in 16 bits.
pub const FINE_WHITE: u16 = 16 * 255;

/// Luma as the nearest whole number up to [`FINE_WHITE`].
#[inline(always)]
pub fn to_fine(luma: f32) -> u16 {
    let white = f32::from(FINE_WHITE);
    (luma * white + 0.5).clamp(0.0, white) as u16
}

/// The same of the luma of levels of 8 bits.
#[inline(always)]
pub fn fine_luma_of_levels(r: u8, g: u8, b: u8) -> u16 {
    let [r, g, b] = [r, g, b].map(u16::from);
    // Sixteen hundredths, in binary: exact enough for each of the sums. All is done in 16 bits, with the upper half of
    // the product alone.
    let quarters = (u32::from(30 * r + 59 * g + 11 * b) * 41_943) >> 16;
    (quarters as u16 + 2) >> 2
}

/// Photoshop's Desaturate: HSL lightness, the middle between the largest and the smallest channel.
#[inline(always)]
pub fn desaturate(r: f32, g: f32, b: f32) -> f32 {
    (r.max(g).max(b) + r.min(g).min(b)) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grey_stays_what_it_is() {
        assert!((luma(0.4, 0.4, 0.4) - 0.4).abs() < 1e-6);
        assert_eq!(desaturate(0.4, 0.4, 0.4), 0.4);
    }

    #[test]
    fn fine_luma_is_the_nearest_whole_number() {
        for (r, g) in (0..=255).flat_map(|r| (0..=255).map(move |g| (r, g))) {
            for b in [0, 1, 100, 253, 255] {
                let [red, green, blue] = [r, g, b].map(|it| f32::from(it) / 255.0);
                let wanted = to_fine(luma(red, green, blue));
                assert_eq!(fine_luma_of_levels(r, g, b), wanted, "{r}, {g}, {b}");
            }
        }
        assert_eq!(to_fine(1.0), FINE_WHITE);
        assert_eq!([-0.5, 7.0, f32::NAN].map(to_fine), [0, FINE_WHITE, 0]);
    }

    #[test]
    fn worked_values() {
        assert!((luma(1.0, 0.5, 0.25) - 0.6225).abs() < 1e-6);
        assert_eq!(desaturate(1.0, 0.5, 0.25), 0.625);
    }
}
