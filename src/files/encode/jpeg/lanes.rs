//! Blocks of 8 × 8 samples in registers: turned over, and quantised.
//!
//! Both are written out for AVX2 and for any processor, and give the same bits: one only moves samples, the
//! other multiplies and rounds to the nearest, halves to even.

use crate::files::lanes::Portable;

/// Columns of samples that are transformed together: blocks side by side.
pub const COLUMNS: usize = 128;

/// Eight rows of samples.
pub type Rows = [[f32; COLUMNS]; 8];

/// How a processor handles blocks.
pub trait Lanes: Copy {
    /// Turns the block that begins at a column over, into the same place of `to`.
    fn turn(self, from: &Rows, at: usize, to: &mut Rows);

    /// Multiplies each sample of a block by its factor and rounds. Each byte of the answer has the bits of one row
    /// set where it is not zero, the first column lowest.
    fn quantise(
        self,
        from: &Rows,
        at: usize,
        factors: &[[f32; 8]; 8],
        to: &mut [i16; 64],
    ) -> [u8; 8];
}

/// The nearest whole number, halves to even, of a value of less than 2²².
#[inline(always)]
pub fn rounded(value: f32) -> f32 {
    // Values of that size have no bits for anything smaller.
    const WHOLE: f32 = 12_582_912.0;
    (value + WHOLE) - WHOLE
}

impl Lanes for Portable {
    #[inline(always)]
    fn turn(self, from: &Rows, at: usize, to: &mut Rows) {
        for (x, row) in to.iter_mut().enumerate() {
            for (y, out) in row[at..at + 8].iter_mut().enumerate() {
                *out = from[y][at + x];
            }
        }
    }

    #[inline(always)]
    fn quantise(
        self,
        from: &Rows,
        at: usize,
        factors: &[[f32; 8]; 8],
        to: &mut [i16; 64],
    ) -> [u8; 8] {
        let mut filled = [0; 8];
        let out = to.as_chunks_mut::<8>().0;
        for (y, (out, filled)) in out.iter_mut().zip(&mut filled).enumerate() {
            for x in 0..8 {
                out[x] = rounded(from[y][at + x] * factors[y][x]) as i16;
                *filled |= u8::from(out[x] != 0) << x;
            }
        }
        filled
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use core::arch::x86_64::{__m128i, __m256, __m256i};

    use pulp::cast;
    use pulp::x86::V3;

    use super::{Lanes, Rows};

    #[inline(always)]
    fn load(row: &[f32], at: usize) -> __m256 {
        let lanes: [f32; 8] = *row[at..].first_chunk().expect("a block inside its row");
        cast(lanes)
    }

    impl Lanes for V3 {
        #[inline(always)]
        fn turn(self, from: &Rows, at: usize, to: &mut Rows) {
            let avx = self.avx;
            let mut rows = [avx._mm256_setzero_ps(); 8];
            for (lanes, row) in rows.iter_mut().zip(from) {
                *lanes = load(row, at);
            }
            // Pairs of rows, then fours, then halves.
            let mut pairs = rows;
            for i in 0..4 {
                let (one, other) = (rows[2 * i], rows[2 * i + 1]);
                pairs[2 * i] = avx._mm256_unpacklo_ps(one, other);
                pairs[2 * i + 1] = avx._mm256_unpackhi_ps(one, other);
            }
            let mut fours = pairs;
            for i in 0..4 {
                let four = i / 2 * 4;
                let (one, other) = (pairs[four + i % 2], pairs[four + 2 + i % 2]);
                let column = four + i % 2 * 2;
                fours[column] = avx._mm256_shuffle_ps::<0b0100_0100>(one, other);
                fours[column + 1] = avx._mm256_shuffle_ps::<0b1110_1110>(one, other);
            }
            for (x, row) in to.iter_mut().enumerate() {
                let (one, other) = (fours[x % 4], fours[4 + x % 4]);
                let turned = match x / 4 {
                    0 => avx._mm256_permute2f128_ps::<0x20>(one, other),
                    _ => avx._mm256_permute2f128_ps::<0x31>(one, other),
                };
                let lanes: [f32; 8] = cast(turned);
                row[at..at + 8].copy_from_slice(&lanes);
            }
        }

        #[inline(always)]
        fn quantise(
            self,
            from: &Rows,
            at: usize,
            factors: &[[f32; 8]; 8],
            to: &mut [i16; 64],
        ) -> [u8; 8] {
            let (avx, avx2) = (self.avx, self.avx2);
            let zero = avx._mm256_setzero_si256();
            let out = to.as_chunks_mut::<8>().0;
            let mut filled = [0; 8];
            for y in 0..8 {
                let scaled = avx._mm256_mul_ps(load(&from[y], at), cast(factors[y]));
                let whole: __m256i = avx._mm256_cvtps_epi32(scaled);
                let empty = avx2._mm256_cmpeq_epi32(whole, zero);
                let low: __m128i = avx._mm256_castsi256_si128(whole);
                let high = avx2._mm256_extracti128_si256::<1>(whole);
                out[y] = cast(self.sse2._mm_packs_epi32(low, high));
                filled[y] = !(avx._mm256_movemask_ps(avx._mm256_castsi256_ps(empty)) as u8);
            }
            filled
        }
    }
}

#[cfg(test)]
mod tests {
    use pulp::Arch;

    use super::*;
    use crate::files::lanes::{Work, run};

    struct Both<'a> {
        rows: &'a Rows,
        factors: &'a [[f32; 8]; 8],
    }

    impl<L: Lanes> Work<L> for Both<'_> {
        type Made = (Rows, [i16; 64], [u8; 8]);

        fn run(self, lanes: L) -> Self::Made {
            let (mut turned, mut whole) = ([[0.0; COLUMNS]; 8], [0; 64]);
            lanes.turn(self.rows, 16, &mut turned);
            let filled = lanes.quantise(self.rows, 16, self.factors, &mut whole);
            (turned, whole, filled)
        }
    }

    #[test]
    fn all_processors_agree() {
        let value = |i: usize| (i * i % 89) as f32 * 0.5 - 7.5;
        let rows: Rows = core::array::from_fn(|y| core::array::from_fn(|x| value(y * COLUMNS + x)));
        let factors = core::array::from_fn(|y| core::array::from_fn(|x| 1.0 / (1 + x + y) as f32));
        let both = || Both {
            rows: &rows,
            factors: &factors,
        };
        let (turned, whole, filled) = run(Arch::new(), both());
        assert!((turned, whole, filled) == both().run(Portable));
        assert_eq!(turned[3][16 + 5], rows[5][16 + 3]);
        assert_eq!(whole[0], rows[0][16].round_ties_even() as i16);
        assert_eq!(filled[2] & 1 != 0, whole[16] != 0);
    }
}
