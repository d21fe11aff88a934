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
    fn worked_values() {
        assert!((luma(1.0, 0.5, 0.25) - 0.6225).abs() < 1e-6);
        assert_eq!(desaturate(1.0, 0.5, 0.25), 0.625);
    }
}
