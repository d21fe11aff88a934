//! The sums that all blurring is made of, as wide as the processor allows.
//!
//! Each sample is summed up in the same order for any width, with plain multiplications and
//! additions, so that all processors agree to the bit.

use pulp::{Arch, Scalar, Simd, WithSimd};

use crate::engine::raster::lanes;

/// Samples that are summed up together, in registers.
const WIDE: usize = 64;

/// The same for what is left of a row.
const NARROW: usize = 8;

/// Levels that are summed up together.
const LEVELS: usize = 32;

/// Taps to each side up to which there is a loop for their number.
pub const FEW: usize = 2;

/// Pairs of rows that are summed up together. More would not stay in registers and in the nearest cache.
const TOGETHER: usize = 16;

/// Rows that [`sum_rows`] takes at most.
pub const MOST_ROWS: usize = 32;

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

/// Two rows made of the same `N` rows.
pub trait Weigh<const N: usize> {
    /// The samples of both rows from those of the others.
    fn weigh<S: Simd>(&self, simd: S, rows: [S::f32s; N]) -> [S::f32s; 2];
}

/// Sets both of `out`, which are as long as each other, to what is made of rows that are at least as long. Those are read
/// once for both.
pub fn sum_both<const N: usize>(
    arch: Arch,
    out: [&mut [f32]; 2],
    rows: [&[f32]; N],
    weigh: impl Weigh<N>,
) {
    arch.dispatch(Both { out, rows, weigh });
}

/// Sets both of `out` to `scale`·(`taps[0]`·middle + Σ `taps[i]`·(the row `i` before it + the row `i` after it)): of the
/// first seven rows for one, and of the last seven for the other. All rows are as long, and sums have room in 16 bits.
pub fn sum_levels(
    arch: Arch,
    out: [&mut [f32]; 2],
    rows: [&[i16]; 9],
    taps: &[i16; 4],
    scale: f32,
) {
    let length = out[0].len();
    arch.dispatch(LevelSums {
        rows: rows.map(|it| &it[..length]),
        out: out.map(|it| &mut it[..length]),
        taps,
        scale,
    });
}

/// Σ `taps[i]`·(the rows `i` before one + the rows `i` after another).
#[inline(always)]
pub fn sum_sides<S: Simd, const N: usize, const TAPS: usize>(
    simd: S,
    taps: &[f32; TAPS],
    rows: &[S::f32s; N],
    (one, other): (usize, usize),
) -> S::f32s {
    let mut sum = simd.splat_f32s(0.0);
    for (i, tap) in taps.iter().enumerate() {
        let sides = simd.add_f32s(rows[one - i], rows[other + i]);
        let term = simd.mul_f32s(simd.splat_f32s(*tap), sides);
        sum = simd.add_f32s(sum, term);
    }
    sum
}

/// A tap and the two rows that it weighs.
type Pair<'r> = (f32, &'r [f32], &'r [f32]);

/// Sets each of `sums` to Σ `weights[j][i]`·`rows[j]`, in the order of the rows. Rows and sums are as long as the first sum,
/// or longer.
///
/// A row is read once for all sums, which stay in registers meanwhile: many rows may come from a farther cache.
pub fn sum_rows<const SUMS: usize>(
    arch: Arch,
    sums: [&mut [f32]; SUMS],
    rows: &[&[f32]],
    weights: &[[f32; SUMS]],
) {
    assert!(rows.len() <= MOST_ROWS);
    arch.dispatch(Rows {
        sums,
        rows,
        weights,
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
            let middle = lanes::<N, _>(middle, x);
            for lane in 0..N {
                sums[lane] = tap * middle[lane];
            }
        }
        for (tap, one, other) in others {
            let (one, other) = (lanes::<N, _>(one, x), lanes::<N, _>(other, x));
            for lane in 0..N {
                sums[lane] += tap * (one[lane] + other[lane]);
            }
        }
        *block = sums;
    }
    blocks.len() * N
}

struct LevelSums<'o> {
    out: [&'o mut [f32]; 2],
    rows: [&'o [i16]; 9],
    taps: &'o [i16; 4],
    scale: f32,
}

impl WithSimd for LevelSums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            out: [one, other],
            rows,
            taps,
            scale,
        } = self;
        let done = levels_in_blocks::<LEVELS>([&mut *one, &mut *other], rows, taps, scale);
        let rows = rows.map(|it| &it[done..]);
        levels_in_blocks::<1>([&mut one[done..], &mut other[done..]], rows, taps, scale);
    }
}

/// Sums up as many blocks of `N` samples as fit; returns how many samples that were.
#[inline(always)]
fn levels_in_blocks<const N: usize>(
    [one, other]: [&mut [f32]; 2],
    rows: [&[i16]; 9],
    taps: &[i16; 4],
    scale: f32,
) -> usize {
    let (ones, others) = (one.as_chunks_mut::<N>().0, other.as_chunks_mut::<N>().0);
    let blocks = ones.len();
    for (i, (one, other)) in ones.iter_mut().zip(others).enumerate() {
        let [a, b, c, d, e, f, g, h, j] = rows.map(|it| lanes(it, i * N));
        levels_in_block(one, [a, b, c, d, e, f, g], taps, scale);
        levels_in_block(other, [c, d, e, f, g, h, j], taps, scale);
    }
    blocks * N
}

#[inline(always)]
fn levels_in_block<const N: usize>(
    out: &mut [f32; N],
    [a, b, c, middle, d, e, f]: [&[i16; N]; 7],
    taps: &[i16; 4],
    scale: f32,
) {
    for lane in 0..N {
        let near = taps[0] * middle[lane] + taps[1] * (c[lane] + d[lane]);
        let sum = near + taps[2] * (b[lane] + e[lane]) + taps[3] * (a[lane] + f[lane]);
        out[lane] = f32::from(sum) * scale;
    }
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
    fn with_simd<S: Simd>(self, simd: S) {
        let (wide, end) = S::as_mut_simd_f32s(self.out);
        let (fours, ones) = wide.as_chunks_mut::<4>();
        let mut start = 0;
        for four in fours {
            *four = sum_at(simd, self.taps, self.row, (start, self.interleaved));
            start += 4 * S::F32_LANES;
        }
        for one in ones {
            [*one] = sum_at(simd, self.taps, self.row, (start, self.interleaved));
            start += S::F32_LANES;
        }
        for (sample, start) in end.iter_mut().zip(start..) {
            [*sample] = sum_at(
                Scalar::new(),
                self.taps,
                self.row,
                (start, self.interleaved),
            );
        }
    }
}

/// `WIDTH` registers of samples along a row whose samples lie `apart`, the first of which is made of those from `start` on.
#[inline(always)]
fn sum_at<S: Simd, const WIDTH: usize>(
    simd: S,
    taps: &[f32],
    row: &[f32],
    (start, apart): (usize, usize),
) -> [S::f32s; WIDTH] {
    let middle = (taps.len() - 1) * apart;
    // All that is read, looked up once.
    let row = &row[start..][..2 * middle + WIDTH * S::F32_LANES];
    let tap = simd.splat_f32s(taps[0]);
    let mut sums = registers_at::<S, WIDTH>(row, middle);
    for sum in &mut sums {
        *sum = simd.mul_f32s(tap, *sum);
    }
    let (mut before, mut after) = (middle, middle);
    for tap in &taps[1..] {
        before -= apart;
        after += apart;
        let tap = simd.splat_f32s(*tap);
        let ones = registers_at::<S, WIDTH>(row, before);
        let others = registers_at::<S, WIDTH>(row, after);
        for i in 0..WIDTH {
            let sides = simd.add_f32s(ones[i], others[i]);
            sums[i] = simd.add_f32s(sums[i], simd.mul_f32s(tap, sides));
        }
    }
    sums
}

/// `WIDTH` registers of samples.
#[inline(always)]
fn registers_at<S: Simd, const WIDTH: usize>(row: &[f32], at: usize) -> [S::f32s; WIDTH] {
    let (registers, _) = S::as_simd_f32s(&row[at..]);
    *registers
        .first_chunk()
        .expect("a block lies inside its row")
}

struct Both<'o, W, const N: usize> {
    out: [&'o mut [f32]; 2],
    rows: [&'o [f32]; N],
    weigh: W,
}

impl<W: Weigh<N>, const N: usize> WithSimd for Both<'_, W, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { out, rows, weigh } = self;
        let length = out[0].len();
        let mut wide: [&[S::f32s]; N] = [&[]; N];
        let mut ends: [&[f32]; N] = [&[]; N];
        for ((row, wide), end) in rows.iter().zip(&mut wide).zip(&mut ends) {
            (*wide, *end) = S::as_simd_f32s(&row[..length]);
        }
        let [one, other] = out;
        let (one, one_end) = S::as_mut_simd_f32s(&mut one[..length]);
        let (other, other_end) = S::as_mut_simd_f32s(&mut other[..length]);
        both(simd, [one, other], wide, &weigh);
        both(Scalar::new(), [one_end, other_end], ends, &weigh);
    }
}

/// What of the rows fills whole registers.
// Loops in place of closures, which are not compiled for such registers.
#[inline(always)]
fn both<S: Simd, const N: usize>(
    simd: S,
    [one, other]: [&mut [S::f32s]; 2],
    rows: [&[S::f32s]; N],
    weigh: &impl Weigh<N>,
) {
    for (i, (one, other)) in one.iter_mut().zip(other).enumerate() {
        let mut samples = [simd.splat_f32s(0.0); N];
        for (sample, row) in samples.iter_mut().zip(&rows) {
            *sample = row[i];
        }
        [*one, *other] = weigh.weigh(simd, samples);
    }
}

struct Rows<'o, const SUMS: usize> {
    sums: [&'o mut [f32]; SUMS],
    rows: &'o [&'o [f32]],
    weights: &'o [[f32; SUMS]],
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
        sum_heads(simd, sums, heads, weights);
        for i in 0..tails.first().map_or(0, |it| it.len()) {
            for (which, sum) in ends.iter_mut().enumerate() {
                let terms = weights.iter().zip(tails);
                sum[i] = terms.fold(0.0, |sum, (weights, row)| sum + weights[which] * row[i]);
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
) {
    let length = sums[0].len();
    let pairs = length / 2 * 2;
    for at in (0..pairs).step_by(2) {
        sum_registers::<S, SUMS, 2>(simd, &mut sums, rows, weights, at);
    }
    for at in pairs..length {
        sum_registers::<S, SUMS, 1>(simd, &mut sums, rows, weights, at);
    }
}

/// `WIDTH` registers of each sum, from one on.
#[inline(always)]
fn sum_registers<S: Simd, const SUMS: usize, const WIDTH: usize>(
    simd: S,
    sums: &mut [&mut [S::f32s]; SUMS],
    rows: &[&[S::f32s]],
    weights: &[[f32; SUMS]],
    at: usize,
) {
    let mut made = [[simd.splat_f32s(0.0); WIDTH]; SUMS];
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
