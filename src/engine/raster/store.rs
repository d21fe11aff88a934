//! Samples of `f32` on their way into a file's own depth, and back.

/// 8 bits as 0..=1: the float nearest to v/255, without a division.
#[inline(always)]
pub fn from_eight(level: u8) -> f32 {
    // 1/255 in two parts, the first of so few bits that its product is exact; the sum is rounded once.
    const MOST: f32 = 0.003_921_509;
    const REST: f32 = (1.0 / 255.0 - MOST as f64) as f32;
    let level = f32::from(level);
    level * MOST + level * REST
}

/// 16 bits as 0..=1: the float nearest to v/65535, without a division.
#[inline(always)]
pub fn from_sixteen(level: u16) -> f32 {
    // The same: 2⁻¹⁶ and what is left.
    const MOST: f32 = 1.0 / 65_536.0;
    const REST: f32 = (1.0 / 65_535.0 - MOST as f64) as f32;
    let level = f32::from(level);
    level * MOST + level * REST
}

/// 0..=1 to 8 bits, clamped and rounded to the nearest level.
#[inline(always)]
pub fn to_eight(sample: f32) -> u8 {
    whole(sample, 255.0) as u8
}

/// 0..=1 to 16 bits, clamped and rounded to the nearest level.
#[inline(always)]
pub fn to_sixteen(sample: f32) -> u16 {
    whole(sample, 65_535.0) as u16
}

/// ⌊sample·most + ½⌋, clamped to 0..=`most` with what is not a number as 0.
#[inline(always)]
fn whole(sample: f32, most: f32) -> u32 {
    let level = (sample * most + 0.5).max(0.0).min(most);
    to_whole(level.floor())
}

/// A whole number below 2²³.
///
/// The compiler makes no wide loops of `as`, which saturates. From 2²³ on the low bits of a float are the number.
#[inline(always)]
pub fn to_whole(number: f32) -> u32 {
    const NO_FRACTION: f32 = 8_388_608.0;
    (number + NO_FRACTION).to_bits() - NO_FRACTION.to_bits()
}

/// Clamped to 0..=1; what is not a number becomes 0.
#[inline(always)]
pub fn to_float(sample: f32) -> f32 {
    if sample.is_nan() {
        0.0
    } else {
        sample.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_level_survives_the_way_through_f32() {
        for level in 0..=u8::MAX {
            assert_eq!(from_eight(level), f32::from(level) / 255.0);
            assert_eq!(to_eight(from_eight(level)), level);
        }
        for level in 0..=u16::MAX {
            assert_eq!(from_sixteen(level), f32::from(level) / 65_535.0);
            assert_eq!(to_sixteen(from_sixteen(level)), level);
        }
    }

    #[test]
    fn what_is_not_a_number_is_written_as_black() {
        assert_eq!(to_eight(f32::NAN), 0);
        assert_eq!(to_sixteen(f32::NAN), 0);
        assert_eq!(to_float(f32::NAN), 0.0);
        assert_eq!(to_eight(7.0), 255);
        assert_eq!(to_sixteen(-7.0), 0);
    }

    #[test]
    fn between_two_levels_it_is_the_nearest() {
        for i in -2_000..=66_000 {
            let sample = i as f32 / 65_000.0;
            assert_eq!(to_eight(sample), (sample * 255.0 + 0.5) as u8);
            assert_eq!(to_sixteen(sample), (sample * 65_535.0 + 0.5) as u16);
        }
    }
}
