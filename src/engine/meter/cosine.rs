//! The cosine transform of some lines at once: the same sums in the same order on every machine.
//!
//! A line that goes on beyond its ends as its own mirror image is a sum of cosines, and its Fourier transform is the
//! cosine transform of the line alone: Makhoul, A fast cosine transform in one and two dimensions (1980).

use crate::engine::raster::wide;

/// Lines that are transformed at once.
pub(super) const LANES: usize = 8;

/// What a length that suits is made of.
const PRIMES: [usize; 6] = [2, 3, 5, 7, 11, 13];

/// One complex number of each line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Numbers {
    pub re: [f32; LANES],
    pub im: [f32; LANES],
}

impl Numbers {
    #[inline(always)]
    fn each(make: impl Fn(usize) -> [f32; 2]) -> Self {
        let mut numbers = Self::default();
        for lane in 0..LANES {
            [numbers.re[lane], numbers.im[lane]] = make(lane);
        }
        numbers
    }

    #[inline(always)]
    fn plus(&self, other: &Self) -> Self {
        Self::each(|i| [self.re[i] + other.re[i], self.im[i] + other.im[i]])
    }

    #[inline(always)]
    fn minus(&self, other: &Self) -> Self {
        Self::each(|i| [self.re[i] - other.re[i], self.im[i] - other.im[i]])
    }

    /// Times a complex number.
    #[inline(always)]
    fn times(&self, [c, s]: [f32; 2]) -> Self {
        Self::each(|i| {
            let (re, im) = (self.re[i], self.im[i]);
            [re * c - im * s, re * s + im * c]
        })
    }

    /// This and a real number of times another.
    #[inline(always)]
    fn and(&self, times: f32, other: &Self) -> Self {
        Self::each(|i| {
            [
                self.re[i] + times * other.re[i],
                self.im[i] + times * other.im[i],
            ]
        })
    }

    /// Times −i.
    #[inline(always)]
    fn turned(&self) -> Self {
        Self::each(|i| [self.im[i], -self.re[i]])
    }

    /// Real and imaginary parts exchanged.
    #[inline(always)]
    fn swapped(&self) -> Self {
        Self {
            re: self.im,
            im: self.re,
        }
    }
}

/// Some lines side by side, or their coefficients.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    /// Of the first place of each line, then of the next.
    pub numbers: Vec<Numbers>,
    room: Vec<Numbers>,
}

impl Lines {
    pub fn new(length: usize) -> Self {
        let zeros = || vec![Numbers::default(); length];
        Self {
            numbers: zeros(),
            room: zeros(),
        }
    }

    fn exchange(&mut self) {
        core::mem::swap(&mut self.numbers, &mut self.room);
    }
}

/// The transform of lines of one length.
pub(super) struct Cosine {
    length: usize,
    fourier: Fourier,
    /// Where that has primes of another size.
    chirp: Option<Chirp>,
    /// exp(−πik/2·length).
    quarters: Vec<[f32; 2]>,
}

impl Cosine {
    /// Lines whose length does not [suit](suits) take about five times as long.
    pub fn new(length: usize) -> Self {
        let suits = suits(length);
        Self {
            length,
            fourier: Fourier::new(if suits { length } else { 1 }),
            chirp: (!suits).then(|| Chirp::new(length)),
            quarters: (0..length).map(|k| root(k, 4 * length)).collect(),
        }
    }

    /// From lines to coefficients: of the wave `k` half turns long the sum of sample · cos(π·k·(n + ½) / length).
    pub fn forward(&self, lines: &mut Lines) {
        wide!({
            for (n, it) in lines.numbers.iter().enumerate() {
                lines.room[folded(n, self.length)] = *it;
            }
            lines.exchange();
            self.transform(lines);
            for (k, out) in lines.room.iter_mut().enumerate() {
                let [c, s] = self.quarters[k];
                let [here, there] = [k, (self.length - k) % self.length];
                let here = lines.numbers[here].times([0.5 * c, 0.5 * s]);
                let there = lines.numbers[there].times([0.5 * c, -0.5 * s]);
                *out = here.plus(&there);
            }
            lines.exchange();
        });
    }

    /// The way back, times the length.
    pub fn inverse(&self, lines: &mut Lines) {
        wide!({
            lines.room[0] = lines.numbers[0].swapped();
            for k in 1..self.length {
                let [c, s] = self.quarters[k];
                let (here, there) = (&lines.numbers[k], &lines.numbers[self.length - k]);
                let number = here.plus(&there.turned()).times([c, -s]);
                // With both parts exchanged the transform goes the other way.
                lines.room[k] = number.swapped();
            }
            lines.exchange();
            self.transform(lines);
            for (n, out) in lines.room.iter_mut().enumerate() {
                *out = lines.numbers[folded(n, self.length)].swapped();
            }
            lines.exchange();
        });
    }

    fn transform(&self, lines: &mut Lines) {
        match &self.chirp {
            Some(chirp) => chirp.transform(lines),
            None => self.fourier.transform(lines),
        }
    }
}

/// exp(−2πik/of).
fn root(k: usize, of: usize) -> [f32; 2] {
    let angle = -core::f64::consts::TAU * k as f64 / of as f64;
    [libm::cos(angle) as f32, libm::sin(angle) as f32]
}

/// The Fourier transform: Stockham's, which needs no sorting, of any radices (see Van Loan, Computational frameworks for
/// the fast Fourier transform, 1992, 1.7).
struct Fourier {
    length: usize,
    /// Their product is the length.
    radices: Vec<usize>,
    /// The roots of unity.
    roots: Vec<[f32; 2]>,
}

impl Fourier {
    /// Of a length that [suits].
    fn new(length: usize) -> Self {
        let (_, mut radices) = factors(length);
        // Two halvings at once are cheaper.
        let twos = radices.iter().filter(|it| **it == 2).count();
        radices.drain(..twos / 2 * 2);
        radices.splice(..0, std::iter::repeat_n(4, twos / 2));
        Self {
            length,
            radices,
            roots: (0..length).map(|k| root(k, length)).collect(),
        }
    }

    fn transform(&self, lines: &mut Lines) {
        let (mut length, mut stride) = (self.length, 1);
        for radix in &self.radices {
            let stage = Stage {
                roots: &self.roots,
                length,
                stride,
            };
            let (from, to) = (&lines.numbers[..], &mut lines.room[..]);
            wide!({
                match radix {
                    2 => stage.run(from, to, |[a, b]| [a.plus(&b), a.minus(&b)]),
                    3 => stage.odd::<3>(from, to),
                    4 => stage.run(from, to, four),
                    5 => stage.odd::<5>(from, to),
                    7 => stage.odd::<7>(from, to),
                    11 => stage.odd::<11>(from, to),
                    _ => stage.odd::<13>(from, to),
                }
            });
            lines.exchange();
            length /= radix;
            stride *= radix;
        }
    }
}

/// The same of any length, as a convolution of one that suits: Bluestein, A linear filtering approach to the computation
/// of the discrete Fourier transform (1970).
struct Chirp {
    /// exp(−πin²/length).
    turns: Vec<[f32; 2]>,
    /// The transform of the way back of these, over its length.
    spectrum: Vec<[f32; 2]>,
    longer: Fourier,
}

impl Chirp {
    fn new(length: usize) -> Self {
        let turn = |n: usize| root(n * n % (2 * length), 2 * length);
        let turns: Vec<[f32; 2]> = (0..length).map(turn).collect();
        let size = (2 * length..).find(|it| suits(*it)).unwrap_or(1);
        let longer = Fourier::new(size);
        let mut back = Lines::new(size);
        for (n, [c, s]) in turns.iter().enumerate() {
            let number = Numbers::each(|_| [*c, -s]);
            back.numbers[n] = number;
            back.numbers[(size - n) % size] = number;
        }
        longer.transform(&mut back);
        let each = back.numbers.iter();
        let spectrum = each.map(|it| [it.re[0], it.im[0]].map(|it| it / size as f32));
        Self {
            turns,
            spectrum: spectrum.collect(),
            longer,
        }
    }

    fn transform(&self, lines: &mut Lines) {
        let mut long = Lines::new(self.spectrum.len());
        let turned = lines.numbers.iter().zip(&self.turns);
        for (out, (it, turn)) in long.numbers.iter_mut().zip(turned) {
            *out = it.times(*turn);
        }
        self.longer.transform(&mut long);
        for (it, factor) in long.numbers.iter_mut().zip(&self.spectrum) {
            *it = it.times(*factor).swapped();
        }
        self.longer.transform(&mut long);
        let turned = long.numbers.iter().zip(&self.turns);
        for (out, (it, turn)) in lines.numbers.iter_mut().zip(turned) {
            *out = it.swapped().times(*turn);
        }
    }
}

/// One step of the transform: parts of `length` numbers, as many as `stride`, number by number.
struct Stage<'a> {
    roots: &'a [[f32; 2]],
    length: usize,
    stride: usize,
}

impl Stage<'_> {
    #[inline(always)]
    fn run<const R: usize>(
        &self,
        from: &[Numbers],
        to: &mut [Numbers],
        small: impl Fn([Numbers; R]) -> [Numbers; R],
    ) {
        let (stride, rows) = (self.stride, self.length / R);
        for row in 0..rows {
            let turns: [[f32; 2]; R] = core::array::from_fn(|k| self.roots[row * k * stride]);
            let out = &mut to[stride * R * row..][..stride * R];
            for part in 0..stride {
                let numbers = core::array::from_fn(|i| from[part + stride * (row + rows * i)]);
                let numbers = small(numbers);
                out[part] = numbers[0];
                for k in 1..R {
                    out[part + stride * k] = numbers[k].times(turns[k]);
                }
            }
        }
    }

    /// Of a radix that is an odd prime: numbers that lie mirrored share their cosines and sines.
    #[inline(always)]
    fn odd<const R: usize>(&self, from: &[Numbers], to: &mut [Numbers]) {
        let step = self.roots.len() / R;
        let roots: [[f32; 2]; R] = core::array::from_fn(|k| self.roots[k * step]);
        self.run(
            from,
            to,
            #[inline(always)]
            |numbers: [Numbers; R]| {
                let mut out = [numbers[0]; R];
                for i in 1..=R / 2 {
                    out[0] = out[0].plus(&numbers[i].plus(&numbers[R - i]));
                }
                for k in 1..=R / 2 {
                    let (mut even, mut odd) = (numbers[0], Numbers::default());
                    for i in 1..=R / 2 {
                        let [c, s] = roots[i * k % R];
                        even = even.and(c, &numbers[i].plus(&numbers[R - i]));
                        odd = odd.and(-s, &numbers[i].minus(&numbers[R - i]));
                    }
                    let odd = odd.turned();
                    (out[k], out[R - k]) = (even.plus(&odd), even.minus(&odd));
                }
                out
            },
        );
    }
}

#[inline(always)]
fn four([a, b, c, d]: [Numbers; 4]) -> [Numbers; 4] {
    let (even, odd) = (a.plus(&c), b.plus(&d));
    let (across, turned) = (a.minus(&c), b.minus(&d).turned());
    [
        even.plus(&odd),
        across.plus(&turned),
        even.minus(&odd),
        across.minus(&turned),
    ]
}

/// Where a sample of a line goes: those at even places first, then the others from behind.
fn folded(n: usize, length: usize) -> usize {
    match n % 2 {
        0 => n / 2,
        _ => length - 1 - n / 2,
    }
}

/// What is left of a length without its small primes, and those.
fn factors(length: usize) -> (usize, Vec<usize>) {
    let (mut rest, mut primes) = (length, Vec::new());
    for prime in PRIMES {
        while rest > 1 && rest.is_multiple_of(prime) {
            rest /= prime;
            primes.push(prime);
        }
    }
    (rest, primes)
}

/// Whether lines of this length are transformed fast.
pub(super) fn suits(length: usize) -> bool {
    length > 0 && factors(length).0 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(length: usize) {
        let value = |n: usize, lane: usize| {
            let it = (n * 7 + lane * 13 + n * n * 3) % 29;
            [it as f32 / 29.0, ((it * 5) % 17) as f32 / 17.0]
        };
        let mut lines = Lines::new(length);
        for (n, it) in lines.numbers.iter_mut().enumerate() {
            *it = Numbers::each(|lane| value(n, lane));
        }
        let before = lines.numbers.clone();
        let cosine = Cosine::new(length);
        cosine.forward(&mut lines);
        for (k, found) in lines.numbers.iter().enumerate() {
            let wave = |n: usize| {
                let turn = k as f64 * (n as f64 + 0.5) / length as f64;
                libm::cos(core::f64::consts::PI * turn)
            };
            for part in 0..2 {
                let sum = (0..length).map(|n| wave(n) * f64::from(value(n, 3)[part]));
                let expected: f64 = sum.sum();
                let found = f64::from([found.re[3], found.im[3]][part]);
                assert!((found - expected).abs() < 1e-3, "{length}: {k}");
            }
        }
        cosine.inverse(&mut lines);
        for (found, expected) in lines.numbers.iter().zip(before) {
            let back =
                Numbers::each(|i| [expected.re[i], expected.im[i]].map(|it| it * length as f32));
            let off = found.minus(&back);
            let off = off
                .re
                .iter()
                .chain(&off.im)
                .fold(0.0f32, |most, it| most.max(it.abs()));
            assert!(off < 1e-4 * length as f32, "{length}: {off}");
        }
    }

    #[test]
    fn coefficients_are_those_of_the_slow_sum_and_lead_back() {
        for length in [
            1, 2, 3, 4, 5, 6, 7, 8, 12, 17, 30, 77, 91, 96, 103, 125, 143, 144, 158,
        ] {
            check(length);
        }
    }

    #[test]
    fn lengths_of_small_primes_suit() {
        let suiting = |length: &usize| suits(*length);
        let found: Vec<usize> = (0..32).filter(suiting).collect();
        let others = [0, 17, 19, 23, 29, 31];
        let expected: Vec<usize> = (0..32).filter(|it| !others.contains(it)).collect();
        assert_eq!(found, expected);
    }
}
