//! The standard normal distribution, for histograms that are taken to it and back.

/// The share of values below `value`.
pub fn share_below(value: f64) -> f64 {
    0.5 * libm::erfc(-value * core::f64::consts::FRAC_1_SQRT_2)
}

/// The value that a share of 0..1 lies below: the inverse of [`share_below`], to nine digits.
///
/// The rational approximations are P. J. Acklam's.
pub fn quantile(share: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209460984245205e2,
        -2.759285104469687e2,
        1.383_577_518_672_69e2,
        -3.066479806614716e1,
        2.506628277459239,
    ];
    const B: [f64; 6] = [
        -5.447609879822406e1,
        1.615858368580409e2,
        -1.556989798598866e2,
        6.680131188771972e1,
        -1.328068155288572e1,
        1.0,
    ];
    const C: [f64; 6] = [
        -7.784894002430293e-3,
        -3.223964580411365e-1,
        -2.400758277161838,
        -2.549732539343734,
        4.374664141464968,
        2.938163982698783,
    ];
    const D: [f64; 5] = [
        7.784695709041462e-3,
        3.224671290700398e-1,
        2.445134137142996,
        3.754408661907416,
        1.0,
    ];
    /// Shares below this and above its counterpart are tails.
    const TAIL: f64 = 0.02425;
    let polynomial = |them: &[f64], at: f64| them.iter().fold(0.0, |sum, it| sum * at + it);
    let tail = |share: f64| {
        let at = (-2.0 * libm::log(share)).sqrt();
        polynomial(&C, at) / polynomial(&D, at)
    };
    if share < TAIL {
        tail(share)
    } else if share > 1.0 - TAIL {
        -tail(1.0 - share)
    } else {
        let centred = share - 0.5;
        let square = centred * centred;
        centred * polynomial(&A, square) / polynomial(&B, square)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        assert!((quantile(0.5)).abs() < 1e-9);
        assert!((quantile(0.841_344_746_068_543) - 1.0).abs() < 1e-8);
        assert!((quantile(1e-5) + 4.264_890_793_922_602).abs() < 1e-7);
        assert!((share_below(1.959_963_984_540_054) - 0.975).abs() < 1e-12);
    }

    #[test]
    fn the_quantile_is_the_inverse() {
        for i in 1..1000 {
            let share = f64::from(i) / 1000.0;
            assert!(
                (share_below(quantile(share)) - share).abs() < 1e-9,
                "{share}"
            );
        }
    }
}
