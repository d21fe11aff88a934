//! Blend modes: how a source is mixed with the backdrop below it.
//!
//! The float forms of Photoshop's formulas, on encoded values. Soft Light is the one of the W3C
//! compositing specification and ISO 32000, which is Photoshop's own; the square-root-only form
//! often called Photoshop's fails in the shadows.

use super::wide;

/// How a layer's source is mixed with its backdrop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Blend {
    /// The source replaces the backdrop.
    #[default]
    Normal,
    /// b·s
    Multiply,
    /// b + s − b·s
    Screen,
    /// 2bs below mid grey, its mirror image above: the backdrop decides.
    Overlay,
    /// Overlay with backdrop and source exchanged.
    HardLight,
    /// A softer Overlay that reaches neither black nor white.
    SoftLight,
    /// b + 2s − 1
    LinearLight,
    /// The source where it is darker than the backdrop below mid grey, or lighter above it.
    PinLight,
    /// b + s
    LinearDodge,
    /// b + s − 1
    LinearBurn,
    /// b − s
    Subtract,
    /// b / s
    Divide,
    /// The smaller of the two.
    Darken,
    /// The larger of the two.
    Lighten,
    /// The absolute difference.
    Difference,
    /// b + s − 2bs
    Exclusion,
}

/// The largest quotient of [`Blend::Divide`]: far beyond white at any opacity, yet finite.
const LARGEST_QUOTIENT: f32 = 65_536.0;

impl Blend {
    /// Every mode with the name it has in recipes.
    pub const NAMES: [(&'static str, Blend); 16] = [
        ("normal", Blend::Normal),
        ("multiply", Blend::Multiply),
        ("screen", Blend::Screen),
        ("overlay", Blend::Overlay),
        ("soft-light", Blend::SoftLight),
        ("hard-light", Blend::HardLight),
        ("linear-light", Blend::LinearLight),
        ("pin-light", Blend::PinLight),
        ("linear-dodge", Blend::LinearDodge),
        ("linear-burn", Blend::LinearBurn),
        ("subtract", Blend::Subtract),
        ("divide", Blend::Divide),
        ("darken", Blend::Darken),
        ("lighten", Blend::Lighten),
        ("difference", Blend::Difference),
        ("exclusion", Blend::Exclusion),
    ];

    /// The mix of one backdrop sample and one source sample. Nothing is clamped.
    pub fn mix(self, b: f32, s: f32) -> f32 {
        match self {
            Blend::Normal => s,
            Blend::Multiply => b * s,
            Blend::Screen => b + s - b * s,
            Blend::Overlay => overlay(b, s),
            Blend::HardLight => overlay(s, b),
            Blend::SoftLight => soft_light(b, s),
            Blend::LinearLight => b + 2.0 * s - 1.0,
            Blend::PinLight => b.min(2.0 * s).max(2.0 * s - 1.0),
            Blend::LinearDodge => b + s,
            Blend::LinearBurn => b + s - 1.0,
            Blend::Subtract => b - s,
            Blend::Divide => divide(b, s),
            Blend::Darken => b.min(s),
            Blend::Lighten => b.max(s),
            Blend::Difference => (b - s).abs(),
            Blend::Exclusion => b + s - 2.0 * b * s,
        }
    }

    /// Lays a row of `source` over `backdrop`: b + coverage·opacity·(mix(b, s) − b).
    ///
    /// `opacity` is 0..=1; `coverage`, where there is one, holds 0..=1 a pixel. Nothing is clamped.
    ///
    /// # Panics
    /// If the rows differ in length.
    pub fn composite(
        self,
        backdrop: &mut [f32],
        source: &[f32],
        coverage: Option<&[f32]>,
        opacity: f32,
    ) {
        // The mode is chosen once here, so that each loop below is a plain one.
        match self {
            Blend::Normal => run(backdrop, source, coverage, opacity, |_, s| s),
            Blend::Multiply => run(backdrop, source, coverage, opacity, |b, s| b * s),
            Blend::Overlay => run(backdrop, source, coverage, opacity, overlay),
            Blend::SoftLight => run(backdrop, source, coverage, opacity, soft_light),
            Blend::LinearLight => run(backdrop, source, coverage, opacity, |b, s| {
                b + 2.0 * s - 1.0
            }),
            other => run(backdrop, source, coverage, opacity, |b, s| other.mix(b, s)),
        }
    }

    /// The same with the mix clamped to 0..=1 before opacity and coverage apply.
    ///
    /// So Photoshop lays picture over picture: measured on its own files, Subtract and Linear Light
    /// at part opacity differ by up to 57 of 255 levels without.
    ///
    /// # Panics
    /// If the rows differ in length.
    pub fn composite_clamped(
        self,
        backdrop: &mut [f32],
        source: &[f32],
        coverage: Option<&[f32]>,
        opacity: f32,
    ) {
        run(backdrop, source, coverage, opacity, |b, s| {
            self.mix(b, s).clamp(0.0, 1.0)
        });
    }
}

#[inline(always)]
fn run(
    backdrop: &mut [f32],
    source: &[f32],
    coverage: Option<&[f32]>,
    opacity: f32,
    mix: impl Fn(f32, f32) -> f32,
) {
    assert_eq!(backdrop.len(), source.len());
    let pairs = backdrop.iter_mut().zip(source);
    match coverage {
        Some(coverage) => {
            assert_eq!(source.len(), coverage.len());
            wide!({
                for ((b, s), coverage) in pairs.zip(coverage) {
                    *b += coverage * opacity * (mix(*b, *s) - *b);
                }
            });
        }
        None => {
            wide!({
                for (b, s) in pairs {
                    *b += opacity * (mix(*b, *s) - *b);
                }
            });
        }
    }
}

#[inline(always)]
fn overlay(b: f32, s: f32) -> f32 {
    if b < 0.5 {
        2.0 * b * s
    } else {
        1.0 - 2.0 * (1.0 - b) * (1.0 - s)
    }
}

#[inline(always)]
fn soft_light(b: f32, s: f32) -> f32 {
    if s <= 0.5 {
        b - (1.0 - 2.0 * s) * b * (1.0 - b)
    } else {
        let d = if b <= 0.25 {
            ((16.0 * b - 12.0) * b + 4.0) * b
        } else {
            b.sqrt()
        };
        b + (2.0 * s - 1.0) * (d - b)
    }
}

/// Nothing by nothing is nothing, and anything else by nothing is white, as in Photoshop.
#[inline(always)]
fn divide(b: f32, s: f32) -> f32 {
    if b == 0.0 {
        0.0
    } else if s <= 0.0 {
        LARGEST_QUOTIENT
    } else {
        (b / s).clamp(-LARGEST_QUOTIENT, LARGEST_QUOTIENT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Worked by hand: mode, backdrop, source, result.
    #[rustfmt::skip]
    const WORKED: &[(Blend, f32, f32, f32)] = &[
        (Blend::Normal,      0.2,  0.7,  0.7),
        (Blend::Multiply,    0.2,  0.7,  0.14),
        (Blend::Screen,      0.2,  0.7,  0.76),
        (Blend::Overlay,     0.2,  0.7,  0.28),
        (Blend::Overlay,     0.8,  0.7,  0.88),
        (Blend::HardLight,   0.2,  0.7,  0.52),
        (Blend::HardLight,   0.8,  0.3,  0.48),
        (Blend::SoftLight,   0.2,  0.3,  0.136),
        (Blend::SoftLight,   0.2,  0.75, 0.324),
        (Blend::SoftLight,   0.64, 0.75, 0.72),
        (Blend::LinearLight, 0.2,  0.7,  0.6),
        (Blend::LinearLight, 0.2,  0.1, -0.6),
        (Blend::PinLight,    0.8,  0.3,  0.6),
        (Blend::PinLight,    0.2,  0.7,  0.4),
        (Blend::PinLight,    0.5,  0.4,  0.5),
        (Blend::LinearDodge, 0.8,  0.7,  1.5),
        (Blend::LinearBurn,  0.2,  0.7, -0.1),
        (Blend::Subtract,    0.2,  0.7, -0.5),
        (Blend::Divide,      0.2,  0.8,  0.25),
        (Blend::Divide,      0.0,  0.0,  0.0),
        (Blend::Divide,      0.5,  0.0,  LARGEST_QUOTIENT),
        (Blend::Darken,      0.2,  0.7,  0.2),
        (Blend::Lighten,     0.2,  0.7,  0.7),
        (Blend::Difference,  0.2,  0.7,  0.5),
        (Blend::Exclusion,   0.2,  0.7,  0.62),
    ];

    #[test]
    fn every_mode_gives_its_worked_values() {
        for &(mode, b, s, expected) in WORKED {
            let mixed = mode.mix(b, s);
            assert!(
                (mixed - expected).abs() < 1e-6,
                "{mode:?} of {b}, {s}: {mixed}"
            );
            let mut backdrop = [b];
            mode.composite(&mut backdrop, &[s], None, 1.0);
            assert!((backdrop[0] - expected).abs() < 1e-6 * expected.abs().max(1.0));
        }
        for (_, mode) in Blend::NAMES {
            assert!(WORKED.iter().any(|row| row.0 == mode), "{mode:?} has a row");
        }
    }

    #[test]
    fn opacity_and_coverage_multiply() {
        let mut backdrop = [0.2];
        Blend::Normal.composite(&mut backdrop, &[1.0], Some(&[0.5]), 0.5);
        assert!((backdrop[0] - 0.4).abs() < 1e-6);
    }

    #[test]
    fn a_clamped_mix_is_clamped_before_opacity() {
        let mut backdrop = [0.2];
        Blend::Subtract.composite_clamped(&mut backdrop, &[0.8], None, 0.5);
        assert!((backdrop[0] - 0.1).abs() < 1e-6);
    }

    #[test]
    fn no_coverage_leaves_the_backdrop_alone_bit_for_bit() {
        for (_, mode) in Blend::NAMES {
            for b in [0.0, 0.1, 0.5, 1.0 / 3.0, 1.0, 1.7, -0.4] {
                let mut backdrop = [b];
                mode.composite(&mut backdrop, &[0.0], Some(&[0.0]), 1.0);
                assert_eq!(backdrop[0], b, "{mode:?}");
            }
        }
    }
}
