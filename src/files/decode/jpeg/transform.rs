//! Blocks of coefficients back into samples: the inverse cosine transform in whole numbers that libjpeg uses, after
//! Loeffler, Ligtenberg and Moschytz (1989), to the bit.
//!
//! It is written out for AVX2, two blocks side by side, and for any processor. Both give the same: numbers of 16 bits
//! that no picture exceeds, sums of 32.

use super::coefficients::Block;
use crate::files::lanes::Portable;

/// Two blocks side by side, row by row.
pub type Pair = [[i16; 16]; 8];

/// Bits behind the point of the factors.
const POINT: u32 = 13;
/// What the first half leaves of them.
const FIRST: u32 = POINT - 2;
/// The second half takes the rest, and a factor of 8.
const SECOND: u32 = POINT + 2 + 3;

// Sums of the cosines and sines of the paper's figure 1, × 2¹³.
const C0_298: i16 = 2446;
const C0_390: i16 = 3196;
const C0_541: i16 = 4433;
const C0_765: i16 = 6270;
const C0_899: i16 = 7373;
const C1_175: i16 = 9633;
const C1_501: i16 = 12_299;
const C1_847: i16 = 15_137;
const C1_961: i16 = 16_069;
const C2_053: i16 = 16_819;
const C2_562: i16 = 20_995;
const C3_072: i16 = 25_172;

/// Pairs of factors for pairs of rows: `a * one + b * other`.
const EVEN: [[i16; 2]; 2] = [[C0_541, C0_541 - C1_847], [C0_541 + C0_765, C0_541]];
const SUMS: [[i16; 2]; 2] = [[C1_175 - C1_961, C1_175], [C1_175, C1_175 - C0_390]];
const OUTER: [[i16; 2]; 2] = [[C0_298 - C0_899, -C0_899], [-C0_899, C1_501 - C0_899]];
const INNER: [[i16; 2]; 2] = [[C2_053 - C2_562, -C2_562], [-C2_562, C3_072 - C2_562]];

/// How a processor transforms blocks.
pub trait Lanes: Copy {
    /// Two blocks into samples, which lie side by side in each row.
    fn transform(self, blocks: [&Block; 2], steps: &Pair) -> [[u8; 16]; 8];
}

/// A block that is nothing but a mean.
#[inline(always)]
pub fn flat(first: i16, steps: &Pair) -> u8 {
    let mean = i32::from(first.wrapping_mul(steps[0][0]));
    (((mean + 4) >> 3) + 128).clamp(0, 255) as u8
}

/// The factors of a component's blocks, for two blocks side by side.
pub fn doubled(steps: &Block) -> Pair {
    core::array::from_fn(|y| core::array::from_fn(|x| steps[8 * y + x % 8]))
}

impl Lanes for Portable {
    #[inline(always)]
    fn transform(self, blocks: [&Block; 2], steps: &Pair) -> [[u8; 16]; 8] {
        let mut rows = *steps;
        for (y, row) in rows.iter_mut().enumerate() {
            for (x, out) in row.iter_mut().enumerate() {
                *out = out.wrapping_mul(blocks[x / 8][8 * y + x % 8]);
            }
        }
        let halfway = turned(&half::<FIRST>(&rows));
        let samples = turned(&half::<SECOND>(&halfway));
        samples.map(|row| row.map(|it| it.saturating_add(128).clamp(0, 255) as u8))
    }
}

/// Turns two blocks over, each in its place.
#[inline(always)]
fn turned(rows: &Pair) -> Pair {
    core::array::from_fn(|y| core::array::from_fn(|x| rows[x % 8][x / 8 * 8 + y]))
}

/// The transform down each column, with so many bits less behind the point.
#[inline(always)]
fn half<const SHIFT: u32>(rows: &Pair) -> Pair {
    let mut out = [[0; 16]; 8];
    for x in 0..16 {
        let r: [i16; 8] = core::array::from_fn(|y| rows[y][x]);
        let middle = |it: i16| (i32::from(it) << POINT).wrapping_add(1 << (SHIFT - 1));
        let (sum, difference) = (r[0].wrapping_add(r[4]), r[0].wrapping_sub(r[4]));
        let (sum, difference) = (middle(sum), middle(difference));
        let even = EVEN.map(|it| times(r[2], r[6], it));
        let fours = [
            sum.wrapping_add(even[1]),
            difference.wrapping_add(even[0]),
            difference.wrapping_sub(even[0]),
            sum.wrapping_sub(even[1]),
        ];
        let (three, four) = (r[7].wrapping_add(r[3]), r[5].wrapping_add(r[1]));
        let sums = SUMS.map(|it| times(three, four, it));
        let outer = OUTER.map(|it| times(r[7], r[1], it));
        let inner = INNER.map(|it| times(r[5], r[3], it));
        let odd = [
            outer[1].wrapping_add(sums[1]),
            inner[1].wrapping_add(sums[0]),
            inner[0].wrapping_add(sums[1]),
            outer[0].wrapping_add(sums[0]),
        ];
        for y in 0..4 {
            out[y][x] = shortened::<SHIFT>(fours[y].wrapping_add(odd[y]));
            out[7 - y][x] = shortened::<SHIFT>(fours[y].wrapping_sub(odd[y]));
        }
    }
    out
}

#[inline(always)]
fn times(one: i16, other: i16, factors: [i16; 2]) -> i32 {
    let [a, b] = factors.map(i32::from);
    (i32::from(one) * a).wrapping_add(i32::from(other) * b)
}

#[inline(always)]
fn shortened<const SHIFT: u32>(sum: i32) -> i16 {
    (sum >> SHIFT).clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use core::arch::x86_64::__m256i;

    use pulp::cast;
    use pulp::x86::V3;

    use super::{Block, EVEN, FIRST, INNER, Lanes, OUTER, POINT, Pair, SECOND, SUMS};

    /// Numbers of 32 bits: those of the first four columns of both blocks, and those of the last four.
    type Sums = (__m256i, __m256i);

    impl Lanes for V3 {
        #[inline(always)]
        fn transform(self, blocks: [&Block; 2], steps: &Pair) -> [[u8; 16]; 8] {
            let (avx, avx2) = (self.avx, self.avx2);
            let (one, other) = (blocks[0].as_chunks::<8>().0, blocks[1].as_chunks::<8>().0);
            let mut rows = [avx._mm256_setzero_si256(); 8];
            for y in 0..8 {
                let one = avx._mm256_castsi128_si256(cast(one[y]));
                let both = avx2._mm256_inserti128_si256::<1>(one, cast(other[y]));
                rows[y] = avx2._mm256_mullo_epi16(both, cast(steps[y]));
            }
            let halfway = turned(self, half::<{ FIRST as i32 }>(self, rows));
            let samples = turned(self, half::<{ SECOND as i32 }>(self, halfway));
            let middle = avx._mm256_set1_epi16(128);
            let mut out = [[0; 16]; 8];
            let pairs = out.as_chunks_mut::<2>().0;
            for y in 0..4 {
                let above = avx2._mm256_adds_epi16(samples[2 * y], middle);
                let below = avx2._mm256_adds_epi16(samples[2 * y + 1], middle);
                let packed = avx2._mm256_packus_epi16(above, below);
                pairs[y] = cast(avx2._mm256_permute4x64_epi64::<0b1101_1000>(packed));
            }
            out
        }
    }

    #[inline(always)]
    fn pair(simd: V3, one: __m256i, other: __m256i) -> Sums {
        (
            simd.avx2._mm256_unpacklo_epi16(one, other),
            simd.avx2._mm256_unpackhi_epi16(one, other),
        )
    }

    #[inline(always)]
    fn times(simd: V3, pairs: Sums, factors: [i16; 2]) -> Sums {
        let factors = simd.avx._mm256_set1_epi32(cast(factors));
        (
            simd.avx2._mm256_madd_epi16(pairs.0, factors),
            simd.avx2._mm256_madd_epi16(pairs.1, factors),
        )
    }

    #[inline(always)]
    fn add(simd: V3, one: Sums, other: Sums) -> Sums {
        (
            simd.avx2._mm256_add_epi32(one.0, other.0),
            simd.avx2._mm256_add_epi32(one.1, other.1),
        )
    }

    #[inline(always)]
    fn subtract(simd: V3, one: Sums, other: Sums) -> Sums {
        (
            simd.avx2._mm256_sub_epi32(one.0, other.0),
            simd.avx2._mm256_sub_epi32(one.1, other.1),
        )
    }

    #[inline(always)]
    fn shortened<const SHIFT: i32>(simd: V3, sums: Sums) -> __m256i {
        simd.avx2._mm256_packs_epi32(
            simd.avx2._mm256_srai_epi32::<SHIFT>(sums.0),
            simd.avx2._mm256_srai_epi32::<SHIFT>(sums.1),
        )
    }

    /// What is taken as it is, with half of the last bit that is kept.
    #[inline(always)]
    fn middle<const SHIFT: i32>(simd: V3, rows: __m256i) -> Sums {
        // In the upper halves, which are 2¹⁶.
        let high = pair(simd, simd.avx._mm256_setzero_si256(), rows);
        let whole = (
            simd.avx2._mm256_srai_epi32::<{ 16 - POINT as i32 }>(high.0),
            simd.avx2._mm256_srai_epi32::<{ 16 - POINT as i32 }>(high.1),
        );
        let round = simd.avx._mm256_set1_epi32(1 << (SHIFT - 1));
        add(simd, whole, (round, round))
    }

    /// The transform down each column.
    #[inline(always)]
    fn half<const SHIFT: i32>(simd: V3, r: [__m256i; 8]) -> [__m256i; 8] {
        let avx2 = simd.avx2;
        let sum = middle::<SHIFT>(simd, avx2._mm256_add_epi16(r[0], r[4]));
        let difference = middle::<SHIFT>(simd, avx2._mm256_sub_epi16(r[0], r[4]));
        let twos = pair(simd, r[2], r[6]);
        let even = (times(simd, twos, EVEN[0]), times(simd, twos, EVEN[1]));
        let three = avx2._mm256_add_epi16(r[7], r[3]);
        let sums = pair(simd, three, avx2._mm256_add_epi16(r[5], r[1]));
        let sums = (times(simd, sums, SUMS[0]), times(simd, sums, SUMS[1]));
        let (outer, inner) = (pair(simd, r[7], r[1]), pair(simd, r[5], r[3]));
        let fours = [
            add(simd, sum, even.1),
            add(simd, difference, even.0),
            subtract(simd, difference, even.0),
            subtract(simd, sum, even.1),
        ];
        let odd = [
            add(simd, times(simd, outer, OUTER[1]), sums.1),
            add(simd, times(simd, inner, INNER[1]), sums.0),
            add(simd, times(simd, inner, INNER[0]), sums.1),
            add(simd, times(simd, outer, OUTER[0]), sums.0),
        ];
        let mut out = r;
        for y in 0..4 {
            out[y] = shortened::<SHIFT>(simd, add(simd, fours[y], odd[y]));
            out[7 - y] = shortened::<SHIFT>(simd, subtract(simd, fours[y], odd[y]));
        }
        out
    }

    /// Turns two blocks over, each in its place: pairs of rows, then fours, then eights.
    #[inline(always)]
    fn turned(simd: V3, rows: [__m256i; 8]) -> [__m256i; 8] {
        let avx2 = simd.avx2;
        let (mut pairs, mut fours, mut out) = (rows, rows, rows);
        for i in 0..4 {
            pairs[2 * i] = avx2._mm256_unpacklo_epi16(rows[2 * i], rows[2 * i + 1]);
            pairs[2 * i + 1] = avx2._mm256_unpackhi_epi16(rows[2 * i], rows[2 * i + 1]);
        }
        for i in 0..4 {
            // Of the upper four rows, and then of the lower ones, two columns each.
            let from = i / 2 * 4 + i % 2;
            let to = i / 2 * 4 + i % 2 * 2;
            fours[to] = avx2._mm256_unpacklo_epi32(pairs[from], pairs[from + 2]);
            fours[to + 1] = avx2._mm256_unpackhi_epi32(pairs[from], pairs[from + 2]);
        }
        for i in 0..4 {
            out[2 * i] = avx2._mm256_unpacklo_epi64(fours[i], fours[i + 4]);
            out[2 * i + 1] = avx2._mm256_unpackhi_epi64(fours[i], fours[i + 4]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulp::Arch;

    use super::*;
    use crate::files::lanes::{Work, run};

    struct Once<'a> {
        blocks: [&'a Block; 2],
        steps: &'a Pair,
        out: &'a mut [[u8; 16]; 8],
    }

    impl<L: Lanes> Work<L> for Once<'_> {
        type Made = ();

        fn run(self, lanes: L) {
            *self.out = lanes.transform(self.blocks, self.steps);
        }
    }

    fn transformed(blocks: [&Block; 2], steps: &Block) -> [[u8; 16]; 8] {
        let mut out = [[0; 16]; 8];
        let (steps, out_) = (&doubled(steps), &mut out);
        run(
            Arch::new(),
            Once {
                blocks,
                steps,
                out: out_,
            },
        );
        out
    }

    /// The inverse transform by its definition (T.81, A.3.3).
    fn slow(block: &Block, (x, y): (usize, usize)) -> f64 {
        let wave = |at: usize, frequency: usize| {
            let share = if frequency == 0 { 0.5f64.sqrt() } else { 1.0 };
            let angle = (2 * at + 1) as f64 * frequency as f64 * core::f64::consts::PI / 16.0;
            share * libm::cos(angle)
        };
        let sum: f64 = (0..64)
            .map(|i| f64::from(block[i]) * wave(x, i % 8) * wave(y, i / 8))
            .sum();
        128.0 + 0.25 * sum
    }

    #[test]
    fn samples_are_those_of_the_definition() {
        let value = |i: usize, k: usize| ((i * i * k + 7 * i) % 81) as i16 - 40;
        let one: Block = core::array::from_fn(|i| value(i, 13) / (1 + i as i16 / 4));
        let other: Block = core::array::from_fn(|i| value(i, 29) / (1 + i as i16 / 4));
        let found = transformed([&one, &other], &[1; 64]);
        for (i, block) in [one, other].iter().enumerate() {
            for at in 0..64 {
                let exact = slow(block, (at % 8, at / 8)).clamp(0.0, 255.0);
                let found = f64::from(found[at / 8][8 * i + at % 8]);
                assert!((found - exact).abs() < 0.8, "{found} for {exact}");
            }
        }
    }

    #[test]
    fn a_mean_alone_is_the_same_in_a_hurry() {
        let steps = [3; 64];
        for mean in [-9000, -700, -343, -1, 0, 1, 2, 99, 341, 700, 10_922] {
            let mut block = [0; 64];
            block[0] = mean;
            let found = transformed([&block, &block], &steps);
            assert_eq!(found, [[flat(mean, &doubled(&steps)); 16]; 8], "{mean}");
        }
    }

    proptest! {
        #[test]
        fn all_processors_agree(
            one in prop::collection::vec(any::<i16>(), 64),
            other in prop::collection::vec(-1024..1024i16, 64),
            steps in prop::collection::vec(0..400i16, 64),
        ) {
            let block = |it: Vec<i16>| <Block>::try_from(it).expect("64 of them");
            let (one, other, steps) = (block(one), block(other), block(steps));
            let portable = Portable.transform([&one, &other], &doubled(&steps));
            prop_assert_eq!(transformed([&one, &other], &steps), portable);
        }
    }
}
