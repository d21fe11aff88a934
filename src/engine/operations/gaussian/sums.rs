//! The two sums that all blurring is made of, as wide as the processor allows.
//!
//! Each sample is summed up in the same order for any width, with plain multiplications and
//! additions, so that all processors agree to the bit.

use pulp::{Arch, Simd, WithSimd};

/// Samples that are summed up together, in registers.
const WIDE: usize = 32;

/// The same for what is left of a row.
const NARROW: usize = 8;

/// `taps[0]`·`before(0)` + Σ `taps[j]`·(`before(j)` + `after(j)`) for every sample of `out`.
///
/// `before` and `after` give rows that are at least as long as `out`.
pub fn sum_pairs<'a, B, A>(arch: Arch, out: &mut [f32], taps: &[f32], before: B, after: A)
where
    B: Fn(usize) -> &'a [f32],
    A: Fn(usize) -> &'a [f32],
{
    // Found once for a row, not for each of its blocks: that takes half of the time.
    let length = out.len();
    let pair = |(j, tap): (usize, &f32)| (*tap, &before(j)[..length], &after(j)[..length]);
    let pairs: Vec<Pair> = taps.iter().enumerate().map(pair).collect();
    arch.dispatch(Pairs { out, pairs: &pairs });
}

/// Σ `weights[i]`·`rows[i]` for every sample of `out`; the rows are at least as long.
pub fn sum_four(arch: Arch, out: &mut [f32], weights: [f32; 4], rows: [&[f32]; 4]) {
    arch.dispatch(Four { out, weights, rows });
}

/// A tap and the two rows that it weighs.
type Pair<'r> = (f32, &'r [f32], &'r [f32]);

struct Pairs<'o> {
    out: &'o mut [f32],
    pairs: &'o [Pair<'o>],
}

impl WithSimd for Pairs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { out, pairs } = self;
        let mut done = 0;
        done += pairs_in_blocks::<WIDE>(&mut out[done..], done, pairs);
        done += pairs_in_blocks::<NARROW>(&mut out[done..], done, pairs);
        pairs_in_blocks::<1>(&mut out[done..], done, pairs);
    }
}

/// Sums up as many blocks of `N` samples as fit; returns how many samples that were.
#[inline(always)]
fn pairs_in_blocks<const N: usize>(out: &mut [f32], start: usize, pairs: &[Pair]) -> usize {
    let Some(((first, middle, _), others)) = pairs.split_first() else {
        return 0;
    };
    let blocks = out.as_chunks_mut::<N>().0;
    for (i, block) in blocks.iter_mut().enumerate() {
        let x = start + i * N;
        let centre = lanes::<N>(middle, x);
        let mut sums = [0.0; N];
        for lane in 0..N {
            sums[lane] = first * centre[lane];
        }
        for (tap, one, other) in others {
            let (one, other) = (lanes::<N>(one, x), lanes::<N>(other, x));
            for lane in 0..N {
                sums[lane] += tap * (one[lane] + other[lane]);
            }
        }
        *block = sums;
    }
    blocks.len() * N
}

struct Four<'o> {
    out: &'o mut [f32],
    weights: [f32; 4],
    rows: [&'o [f32]; 4],
}

impl WithSimd for Four<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { out, weights, rows } = self;
        let [a, b, c, d] = rows.map(|it| &it[..out.len()]);
        for (i, out) in out.iter_mut().enumerate() {
            *out = weights[0] * a[i] + weights[1] * b[i] + weights[2] * c[i] + weights[3] * d[i];
        }
    }
}

#[inline(always)]
fn lanes<const N: usize>(samples: &[f32], at: usize) -> &[f32; N] {
    samples[at..]
        .first_chunk()
        .expect("a block lies inside its row")
}
