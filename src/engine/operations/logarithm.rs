//! Logarithms and powers of two in plain arithmetic, of which a processor does many at once.

use std::f32::consts::{LN_2, SQRT_2};

/// Base-2 logarithm of a positive normal number, to 1e-6 beside the exact one; that of the smallest of them of any that is not.
///
/// log₂ m = 2/ln 2 · artanh t with t = (m − 1) / (m + 1), whose series ends soon for m between √½ and √2.
#[inline(always)]
pub fn log2(value: f32) -> f32 {
    const TWICE: f32 = 2.0 / LN_2;
    let bits = value.max(f32::MIN_POSITIVE).to_bits() as i32;
    let exponent = (bits - (0.5 * SQRT_2).to_bits() as i32) >> 23;
    let mantissa = f32::from_bits((bits - (exponent << 23)) as u32);
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let square = t * t;
    let series = 1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0));
    exponent as f32 + TWICE * (t + t * square * series)
}

/// Two to a power between −126 and 126, beyond which it counts as the nearest of them; to 1e-6 of the exact one.
///
/// The nearest whole power is one of bits, the rest is at most a half: 2ᶠ = Σ (f ln 2)ⁿ / n!.
#[inline(always)]
pub fn exp2(power: f32) -> f32 {
    /// Adding it rounds to whole numbers, which then are the lowest bits.
    const ROUNDING: f32 = 1.5 * (1 << 23) as f32;
    let power = power.clamp(-126.0, 126.0);
    let rounded = power + ROUNDING;
    let x = (power - (rounded - ROUNDING)) * LN_2;
    let rest = 1.0 / 6.0 + x * (1.0 / 24.0 + x * (1.0 / 120.0 + x * (1.0 / 720.0)));
    let series = 1.0 + x * (1.0 + x * (0.5 + x * rest));
    let whole = rounded.to_bits() as i32 - ROUNDING.to_bits() as i32;
    series * f32::from_bits(((whole + 127) << 23) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_exact_arithmetic() {
        for i in -1250..1250 {
            let power = 0.1 * f64::from(i);
            let value = power.exp2() as f32;
            let (found, exact) = (f64::from(log2(value)), f64::from(value).log2());
            assert!(
                (found - exact).abs() < 1e-6 * exact.abs().max(1.0),
                "{value}: {found}"
            );
        }
        assert_eq!([0.25, 1.0, 8.0].map(log2), [-2.0, 0.0, 3.0]);
        assert_eq!([0.0, -0.0, -1.0, f32::NAN].map(log2), [-126.0; 4]);
    }

    #[test]
    fn powers_are_those_of_exact_arithmetic() {
        for i in -12_500..12_500 {
            let power = 0.01 * i as f32;
            let (found, exact) = (f64::from(exp2(power)), f64::from(power).exp2());
            assert!((found / exact - 1.0).abs() < 1e-6, "{power}: {found}");
        }
        assert_eq!([-2.0, 0.0, 3.0].map(exp2), [0.25, 1.0, 8.0]);
        assert!(exp2(-1000.0) < 1e-37 && exp2(1000.0).is_finite());
    }
}
