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
    arch.dispatch(Pairs {
        out,
        taps,
        before,
        after,
    });
}

/// Σ `weights[i]`·`rows[i]` for every sample of `out`; the rows are at least as long.
pub fn sum_four(arch: Arch, out: &mut [f32], weights: [f32; 4], rows: [&[f32]; 4]) {
    arch.dispatch(Four { out, weights, rows });
}

struct Pairs<'o, B, A> {
    out: &'o mut [f32],
    taps: &'o [f32],
    before: B,
    after: A,
}

impl<'a, B, A> WithSimd for Pairs<'_, B, A>
where
    B: Fn(usize) -> &'a [f32],
    A: Fn(usize) -> &'a [f32],
{
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            out,
            taps,
            before,
            after,
        } = self;
        let mut done = 0;
        done += pairs_in_blocks::<WIDE>(&mut out[done..], done, taps, &before, &after);
        done += pairs_in_blocks::<NARROW>(&mut out[done..], done, taps, &before, &after);
        pairs_in_blocks::<1>(&mut out[done..], done, taps, &before, &after);
    }
}

/// Sums up as many blocks of `N` samples as fit; returns how many samples that were.
#[inline(always)]
fn pairs_in_blocks<'a, const N: usize>(
    out: &mut [f32],
    start: usize,
    taps: &[f32],
    before: &impl Fn(usize) -> &'a [f32],
    after: &impl Fn(usize) -> &'a [f32],
) -> usize {
    let blocks = out.as_chunks_mut::<N>().0;
    for (i, block) in blocks.iter_mut().enumerate() {
        let x = start + i * N;
        let centre = lanes::<N>(before(0), x);
        let mut sums = [0.0; N];
        for lane in 0..N {
            sums[lane] = taps[0] * centre[lane];
        }
        for (j, tap) in taps.iter().enumerate().skip(1) {
            let (one, other) = (lanes::<N>(before(j), x), lanes::<N>(after(j), x));
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
