//! The sums that all blurring is made of, as wide as the processor allows.
//!
//! Each sample is summed up in the same order for any width, with plain multiplications and
//! additions, so that all processors agree to the bit.

use pulp::{Arch, Simd, WithSimd};

use super::taps::SPLINE_REACH;

/// Samples that are summed up together, in registers.
const WIDE: usize = 64;

/// The same for what is left of a row.
pub const NARROW: usize = 8;

/// Taps to each side up to which there is a loop for their number.
pub const FEW: usize = 2;

/// Pairs of rows that are summed up together. More would not stay in registers and in the nearest cache.
const TOGETHER: usize = 16;

/// Rows that [`sum_rows`] takes at most.
pub const MOST_ROWS: usize = 48;

/// Rows of a grid between which a sample lies, as a spline sees it.
pub const BETWEEN: usize = 2 * SPLINE_REACH;

/// `taps[0]`·`before(0)` + Σ `taps[j]`·(`before(j)` + `after(j)`) for every sample of `out`.
///
/// `before` and `after` give rows that are at least as long as `out`.
pub fn sum_pairs<'a, B, A>(arch: Arch, out: &mut [f32], taps: &[f32], before: B, after: A)
where
    B: Fn(usize) -> &'a [f32],
    A: Fn(usize) -> &'a [f32],
{
    let length = out.len();
    let mut first = 0;
    for taps in taps.chunks(TOGETHER) {
        // Found once for a row, not for each of its blocks: that takes half of the time.
        let mut pairs: [Pair; TOGETHER] = [(0.0, &[], &[]); TOGETHER];
        for ((pair, tap), j) in pairs.iter_mut().zip(taps).zip(first..) {
            *pair = (*tap, &before(j)[..length], &after(j)[..length]);
        }
        arch.dispatch(Pairs {
            out,
            pairs: &pairs[..taps.len()],
            is_first: first == 0,
        });
        first += taps.len();
    }
}

/// The same along one row, whose samples lie `interleaved` apart: as many pixels longer than `out` as there are taps to
/// both sides.
pub fn sum_along(arch: Arch, out: &mut [f32], taps: &[f32], row: &[f32], interleaved: usize) {
    let reach = taps.len() - 1;
    if reach <= FEW {
        let before = |j: usize| &row[(reach - j) * interleaved..];
        let after = |j: usize| &row[(reach + j) * interleaved..];
        return sum_pairs(arch, out, taps, before, after);
    }
    arch.dispatch(Along {
        out,
        taps,
        row,
        interleaved,
    });
}

/// Σ `weights[i]`·`rows[i]` for every sample of `out`; the rows are at least as long.
pub fn sum_between(arch: Arch, out: &mut [f32], weights: &[f32; BETWEEN], rows: [&[f32]; BETWEEN]) {
    arch.dispatch(Between { out, weights, rows });
}

/// Each sample of `out` from [`BETWEEN`] blocks of a row, which is as many samples longer in blocks: Σ over a block of
/// `weights`·samples, the weights of the first block first. Blocks have `step` samples, a multiple of [`NARROW`].
pub fn sum_blocks(arch: Arch, out: &mut [f32], weights: &[f32], row: &[f32], step: usize) {
    arch.dispatch(Blocks {
        out,
        weights,
        row,
        step,
    });
}

/// Blocks of `step` samples of `out`, each from [`BETWEEN`] samples of a row from its own on: Σ `weights[i]`·sample, with
/// a weight for each sample of the block.
pub fn enlarge_blocks(
    arch: Arch,
    out: &mut [f32],
    weights: &[Vec<f32>; BETWEEN],
    row: &[f32],
    step: usize,
) {
    arch.dispatch(Enlarged {
        out,
        weights,
        row,
        step,
    });
}

/// A tap and the two rows that it weighs.
type Pair<'r> = (f32, &'r [f32], &'r [f32]);

/// Adds Σ `weights[j][i]`·`rows[j]` to each of `sums`, in the order of the rows, or sets them to it where nothing was
/// summed up yet. Rows and sums are as long as the first sum, or longer.
///
/// A row is read once for all sums, which stay in registers meanwhile: many rows may come from a farther cache.
pub fn sum_rows<const SUMS: usize>(
    arch: Arch,
    sums: [&mut [f32]; SUMS],
    rows: &[&[f32]],
    weights: &[[f32; SUMS]],
    is_first: bool,
) {
    assert!(rows.len() <= MOST_ROWS);
    arch.dispatch(Rows {
        sums,
        rows,
        weights,
        is_first,
    });
}

struct Pairs<'o> {
    out: &'o mut [f32],
    pairs: &'o [Pair<'o>],
    /// Whether the first pair is the one sample in the middle, and nothing was summed up yet.
    is_first: bool,
}

impl WithSimd for Pairs<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            out,
            pairs,
            is_first,
        } = self;
        // The smallest Gaussians know how many there are, and look nothing up for each block: that is half of their time.
        match pairs {
            [middle, a] if is_first => with_one(out, middle, a),
            [middle, a, b] if is_first => with_two(out, middle, a, b),
            _ => {
                let mut done = 0;
                done += pairs_in_blocks::<WIDE>(&mut out[done..], done, pairs, is_first);
                done += pairs_in_blocks::<NARROW>(&mut out[done..], done, pairs, is_first);
                pairs_in_blocks::<1>(&mut out[done..], done, pairs, is_first);
            }
        }
    }
}

/// The middle and one pair.
#[inline(always)]
fn with_one(out: &mut [f32], middle: &Pair, a: &Pair) {
    let length = out.len();
    let (factors, m) = ([middle.0, a.0], &middle.1[..length]);
    let (before, after) = (&a.1[..length], &a.2[..length]);
    for (i, out) in out.iter_mut().enumerate() {
        *out = factors[0] * m[i] + factors[1] * (before[i] + after[i]);
    }
}

/// The middle and two pairs.
#[inline(always)]
fn with_two(out: &mut [f32], middle: &Pair, a: &Pair, b: &Pair) {
    let length = out.len();
    let (factors, m) = ([middle.0, a.0, b.0], &middle.1[..length]);
    let (before, after) = (&a.1[..length], &a.2[..length]);
    let (earlier, later) = (&b.1[..length], &b.2[..length]);
    for (i, out) in out.iter_mut().enumerate() {
        let sum = factors[0] * m[i] + factors[1] * (before[i] + after[i]);
        *out = sum + factors[2] * (earlier[i] + later[i]);
    }
}

/// Sums up as many blocks of `N` samples as fit; returns how many samples that were.
#[inline(always)]
fn pairs_in_blocks<const N: usize>(
    out: &mut [f32],
    start: usize,
    pairs: &[Pair],
    is_first: bool,
) -> usize {
    let blocks = out.as_chunks_mut::<N>().0;
    let (first, others) = pairs.split_at(usize::from(is_first));
    for (i, block) in blocks.iter_mut().enumerate() {
        let x = start + i * N;
        let mut sums = *block;
        for (tap, middle, _) in first {
            let middle = lanes::<N>(middle, x);
            for lane in 0..N {
                sums[lane] = tap * middle[lane];
            }
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

struct Along<'o> {
    out: &'o mut [f32],
    taps: &'o [f32],
    row: &'o [f32],
    interleaved: usize,
}

impl WithSimd for Along<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let mut done = 0;
        done += self.in_blocks::<WIDE>(done);
        done += self.in_blocks::<NARROW>(done);
        self.in_blocks::<1>(done);
    }
}

impl Along<'_> {
    /// Sums up as many blocks of `N` samples as fit; returns how many samples that were.
    #[inline(always)]
    fn in_blocks<const N: usize>(&mut self, start: usize) -> usize {
        let (apart, taps) = (self.interleaved, self.taps);
        let middle = (taps.len() - 1) * apart;
        let blocks = self.out[start..].as_chunks_mut::<N>().0;
        for (i, block) in blocks.iter_mut().enumerate() {
            // All that a block reads, looked up once.
            let row = &self.row[start + i * N..][..2 * middle + N];
            let mut sums = lanes::<N>(row, middle).map(|it| taps[0] * it);
            let (mut before, mut after) = (middle, middle);
            for tap in &taps[1..] {
                before -= apart;
                after += apart;
                let (one, other) = (lanes::<N>(row, before), lanes::<N>(row, after));
                for lane in 0..N {
                    sums[lane] += tap * (one[lane] + other[lane]);
                }
            }
            *block = sums;
        }
        blocks.len() * N
    }
}

struct Between<'o> {
    out: &'o mut [f32],
    weights: &'o [f32; BETWEEN],
    rows: [&'o [f32]; BETWEEN],
}

impl WithSimd for Between<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { out, weights, rows } = self;
        let [a, b, c, d, e, f] = rows.map(|it| &it[..out.len()]);
        for (i, out) in out.iter_mut().enumerate() {
            let one = weights[0] * a[i] + weights[1] * b[i] + weights[2] * c[i];
            let other = weights[3] * d[i] + weights[4] * e[i] + weights[5] * f[i];
            *out = one + other;
        }
    }
}

struct Blocks<'o> {
    out: &'o mut [f32],
    weights: &'o [f32],
    row: &'o [f32],
    step: usize,
}

impl WithSimd for Blocks<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            out,
            weights,
            row,
            step,
        } = self;
        out.fill(0.0);
        for (number, block) in row.chunks_exact(step).enumerate() {
            // A block is read once for all samples that it is a part of.
            let mut sums = [[0.0; NARROW]; BETWEEN];
            for (i, samples) in block.as_chunks::<NARROW>().0.iter().enumerate() {
                for (which, sums) in sums.iter_mut().enumerate() {
                    let weights = lanes::<NARROW>(weights, which * step + i * NARROW);
                    for lane in 0..NARROW {
                        sums[lane] += weights[lane] * samples[lane];
                    }
                }
            }
            for (which, sums) in sums.iter().enumerate() {
                if let Some(out) = number.checked_sub(which).and_then(|at| out.get_mut(at)) {
                    let [a, b, c, d, e, f, g, h] = sums;
                    *out += ((a + b) + (c + d)) + ((e + f) + (g + h));
                }
            }
        }
    }
}

struct Enlarged<'o> {
    out: &'o mut [f32],
    weights: &'o [Vec<f32>; BETWEEN],
    row: &'o [f32],
    step: usize,
}

impl WithSimd for Enlarged<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let weights = self.weights.each_ref().map(|it| &it[..self.step]);
        let samples = self.row.windows(BETWEEN);
        for (block, samples) in self.out.chunks_exact_mut(self.step).zip(samples) {
            for (i, out) in block.iter_mut().enumerate() {
                let term = |which: usize| weights[which][i] * samples[which];
                *out = (term(0) + term(1) + term(2)) + (term(3) + term(4) + term(5));
            }
        }
    }
}

struct Rows<'o, const SUMS: usize> {
    sums: [&'o mut [f32]; SUMS],
    rows: &'o [&'o [f32]],
    weights: &'o [[f32; SUMS]],
    is_first: bool,
}

impl<const SUMS: usize> WithSimd for Rows<'_, SUMS> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let length = self.sums[0].len();
        let (rows, weights) = (&self.rows[..self.weights.len()], self.weights);
        let mut heads: [&[S::f32s]; MOST_ROWS] = [&[]; MOST_ROWS];
        let mut tails: [&[f32]; MOST_ROWS] = [&[]; MOST_ROWS];
        for ((row, head), tail) in rows.iter().zip(&mut heads).zip(&mut tails) {
            (*head, *tail) = S::as_simd_f32s(&row[..length]);
        }
        let (heads, tails) = (&heads[..rows.len()], &tails[..rows.len()]);
        let mut ends: [&mut [f32]; SUMS] = std::array::from_fn(|_| Default::default());
        let mut ends_left = ends.iter_mut();
        let sums = self.sums.map(|sum| {
            let (head, tail) = S::as_mut_simd_f32s(&mut sum[..length]);
            if let Some(end) = ends_left.next() {
                *end = tail;
            }
            head
        });
        sum_heads(simd, sums, heads, weights, self.is_first);
        for i in 0..tails.first().map_or(0, |it| it.len()) {
            for (which, sum) in ends.iter_mut().enumerate() {
                let start = if self.is_first { 0.0 } else { sum[i] };
                let terms = weights.iter().zip(tails);
                sum[i] = terms.fold(start, |sum, (weights, row)| sum + weights[which] * row[i]);
            }
        }
    }
}

/// What of the rows fills whole registers: pairs of them, and one that is left.
#[inline(always)]
fn sum_heads<S: Simd, const SUMS: usize>(
    simd: S,
    mut sums: [&mut [S::f32s]; SUMS],
    rows: &[&[S::f32s]],
    weights: &[[f32; SUMS]],
    is_first: bool,
) {
    let length = sums[0].len();
    let pairs = length / 2 * 2;
    for at in (0..pairs).step_by(2) {
        sum_registers::<S, SUMS, 2>(simd, &mut sums, rows, weights, (at, is_first));
    }
    for at in pairs..length {
        sum_registers::<S, SUMS, 1>(simd, &mut sums, rows, weights, (at, is_first));
    }
}

/// `WIDTH` registers of each sum, from one on.
#[inline(always)]
fn sum_registers<S: Simd, const SUMS: usize, const WIDTH: usize>(
    simd: S,
    sums: &mut [&mut [S::f32s]; SUMS],
    rows: &[&[S::f32s]],
    weights: &[[f32; SUMS]],
    (at, is_first): (usize, bool),
) {
    let mut made = [[simd.splat_f32s(0.0); WIDTH]; SUMS];
    if !is_first {
        for (made, sum) in made.iter_mut().zip(&*sums) {
            made.copy_from_slice(&sum[at..at + WIDTH]);
        }
    }
    for (row, weights) in rows.iter().zip(weights) {
        let samples = &row[at..at + WIDTH];
        for (made, weight) in made.iter_mut().zip(weights) {
            let weight = simd.splat_f32s(*weight);
            for (made, sample) in made.iter_mut().zip(samples) {
                *made = simd.add_f32s(*made, simd.mul_f32s(weight, *sample));
            }
        }
    }
    for (made, sum) in made.iter().zip(sums) {
        sum[at..at + WIDTH].copy_from_slice(made);
    }
}

#[inline(always)]
fn lanes<const N: usize>(samples: &[f32], at: usize) -> &[f32; N] {
    samples[at..]
        .first_chunk()
        .expect("a block lies inside its row")
}
