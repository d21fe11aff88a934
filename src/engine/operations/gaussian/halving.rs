//! Grids halved and doubled again, along rows and down columns.

use pulp::{Arch, Simd};

use super::pixels::{unweave, weave};
use super::sums::{Weigh, sum_both, sum_levels, sum_sides};
use super::taps;

/// A run of positions on a grid; those beyond the picture are negative or beyond its last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    pub first: isize,
    pub length: usize,
}

impl Run {
    pub fn new(first: isize, length: usize) -> Self {
        Self { first, length }
    }

    /// One that is never empty.
    fn from_to(first: isize, last: isize) -> Self {
        Self::new(first, (last - first + 1) as usize)
    }

    pub fn last(self) -> isize {
        self.first + self.length as isize - 1
    }

    pub fn widened(self, by: usize) -> Self {
        Self::new(self.first - by as isize, self.length + 2 * by)
    }

    /// With one more if it is odd in length.
    pub fn of_even_length(self) -> Self {
        Self::new(self.first, self.length.next_multiple_of(2))
    }

    /// In whole pairs, each of an even position and the next.
    pub fn in_pairs(self) -> Self {
        Self::from_to(
            self.first.div_euclid(2) * 2,
            self.last().div_euclid(2) * 2 + 1,
        )
    }

    /// The pieces that it touches, of so many positions each from 0 on.
    pub fn pieces(self, side: usize) -> std::ops::RangeInclusive<isize> {
        self.first.div_euclid(side as isize)..=self.last().div_euclid(side as isize)
    }
}

/// The binomial weights of order 6: for each distance from the middle …
const SIXTH: [i16; 4] = [20, 15, 6, 1];

/// … and their sum over both sides.
const SIXTH_SUM: f32 = 64.0;

/// Goes from a grid to every second of its samples, and back, with the binomial weights of an even order.
///
/// All weights are of pairs that lie alike to both sides; one in the middle is a pair with itself.
#[derive(Clone, Debug)]
pub struct Halving {
    /// For each distance from a sample on the finer grid.
    down: Vec<f32>,
    /// For each distance on the coarser grid from a sample that lies on it …
    even: Vec<f32>,
    /// … and from one that lies in the middle between two.
    odd: Vec<f32>,
}

impl Halving {
    pub fn new(order: usize) -> Self {
        let taps = taps::halving(order, 2);
        let every_second = |first: usize| taps[first..].iter().step_by(2);
        let mut down: Vec<f32> = taps.iter().map(|it| *it as f32).collect();
        let mut even: Vec<f32> = every_second(0).map(|it| 2.0 * *it as f32).collect();
        down[0] *= 0.5;
        even[0] *= 0.5;
        Self {
            down,
            even,
            odd: every_second(1).map(|it| 2.0 * *it as f32).collect(),
        }
    }

    /// How far on the finer grid a sample of the coarser one reaches.
    pub fn reach(&self) -> usize {
        self.down.len() - 1
    }

    /// What of the finer grid a run of the coarser one is made of.
    pub fn finer(&self, run: Run) -> Run {
        let (first, last) = (2 * run.first, 2 * run.last());
        Run::from_to(first, last).widened(self.reach())
    }

    /// What of the coarser grid a run of the finer one is made of.
    pub fn coarser(&self, run: Run) -> Run {
        let (first, last) = (run.first.div_euclid(2), run.last().div_euclid(2));
        let after = self.odd.len() as isize;
        Run::from_to(first - self.before() as isize, last + after)
    }

    /// Samples of the coarser grid before the one that lies at or before a position, of which that is made.
    fn before(&self) -> usize {
        self.even.len() - 1
    }

    /// Rows 2·`pair` and 2·`pair` + 1 of the coarser grid from those of the finer one.
    pub fn halve<'r>(
        &self,
        arch: Arch,
        out: [&mut [f32]; 2],
        pair: isize,
        row: impl Fn(isize) -> &'r [f32],
    ) {
        let first = 4 * pair - self.reach() as isize;
        match *self.down {
            [a, b, c, d] => sum_both::<9>(arch, out, rows(first, row), Halved([a, b, c, d])),
            [a, b, c, d, e] => {
                sum_both::<11>(arch, out, rows(first, row), Halved([a, b, c, d, e]));
            }
            _ => unreachable!("orders of 6 and 8"),
        }
    }

    /// Whether sums of [levels](crate::engine::raster::MOST_LEVELS), by weights that are whole numbers, have room in 16
    /// bits.
    pub fn sums_up_levels(&self) -> bool {
        self.down.len() == SIXTH.len()
    }

    /// The same as [`halve`](Self::halve) for rows of levels of so much, which [are summed up](Self::sums_up_levels)
    /// exactly.
    pub fn halve_levels<'r>(
        &self,
        arch: Arch,
        out: [&mut [f32]; 2],
        pair: isize,
        row: impl Fn(isize) -> &'r [i16],
        level: f32,
    ) {
        let first = 4 * pair - self.reach() as isize;
        let rows = std::array::from_fn(|i| row(first + i as isize));
        sum_levels(arch, out, rows, &SIXTH, level / SIXTH_SUM);
    }

    /// Rows 2·`pair` and 2·`pair` + 1 of the finer grid from those of the coarser one.
    pub fn double<'r>(
        &self,
        arch: Arch,
        out: [&mut [f32]; 2],
        pair: isize,
        row: impl Fn(isize) -> &'r [f32],
    ) {
        let first = pair - self.before() as isize;
        match (&*self.even, &*self.odd) {
            (&[a, b], &[c, d]) => {
                sum_both::<4>(arch, out, rows(first, row), Doubled([a, b], [c, d]));
            }
            (&[a, b, c], &[d, e]) => {
                sum_both::<5>(arch, out, rows(first, row), Doubled([a, b, c], [d, e]));
            }
            _ => unreachable!("orders of 6 and 8"),
        }
    }

    /// Samples of the coarser grid from a row of the [finer](Self::finer) ones, and of one more sample of the coarser
    /// grid where they are odd in number.
    pub fn halve_along(&self, arch: Arch, row: &[f32], room: &mut Phases, out: &mut [f32]) {
        let Phases { read, made } = room;
        made.iter_mut()
            .for_each(|it| it.resize(out.len().div_ceil(2), 0.0));
        // The first sample lies `reach` behind the row's start, and what two are made of four samples behind that of the
        // two before.
        unweave(row, read);
        let at = |y: isize| {
            let position = (y + self.reach() as isize) as usize;
            &read[position % 4][position / 4..]
        };
        let [even, odd] = made;
        self.halve(arch, [even, odd], 0, at);
        weave(even, odd, out);
    }

    /// A run in whole pairs of the finer grid, from a row of the coarser one that has at least [those](Self::coarser) of
    /// which it is made.
    pub fn double_along(
        &self,
        arch: Arch,
        (row, lies): (&[f32], Run),
        room: &mut Phases,
        (out, run): (&mut [f32], Run),
    ) {
        let middle = run.first.div_euclid(2) - lies.first;
        room.made
            .iter_mut()
            .for_each(|it| it.resize(run.length / 2, 0.0));
        let [even, odd] = &mut room.made;
        self.double(arch, [even, odd], 0, |y| &row[(middle + y) as usize..]);
        weave(even, odd, out);
    }
}

fn rows<'r, const N: usize>(first: isize, row: impl Fn(isize) -> &'r [f32]) -> [&'r [f32]; N] {
    std::array::from_fn(|i| row(first + i as isize))
}

/// Two samples of the coarser grid, one after the other.
struct Halved<const TAPS: usize>([f32; TAPS]);

impl<const N: usize, const TAPS: usize> Weigh<N> for Halved<TAPS> {
    #[inline(always)]
    fn weigh<S: Simd>(&self, simd: S, rows: [S::f32s; N]) -> [S::f32s; 2] {
        let middle = TAPS - 1;
        [
            sum_sides(simd, &self.0, &rows, (middle, middle)),
            sum_sides(simd, &self.0, &rows, (middle + 2, middle + 2)),
        ]
    }
}

/// A sample of the finer grid that lies on the coarser one, and the next.
struct Doubled<const EVEN: usize>([f32; EVEN], [f32; 2]);

impl<const N: usize, const EVEN: usize> Weigh<N> for Doubled<EVEN> {
    #[inline(always)]
    fn weigh<S: Simd>(&self, simd: S, rows: [S::f32s; N]) -> [S::f32s; 2] {
        let (own, next) = (EVEN - 1, EVEN);
        [
            sum_sides(simd, &self.0, &rows, (own, own)),
            sum_sides(simd, &self.1, &rows, (own, next)),
        ]
    }
}

/// Room for a row taken apart.
#[derive(Default)]
pub struct Phases {
    read: [Vec<f32>; 4],
    made: [Vec<f32>; 2],
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::MOST_LEVELS;

    /// The largest sums have room, and all are those of samples.
    #[test]
    fn levels_are_halved_as_samples_are() {
        let halving = Halving::new(6);
        assert!(halving.sums_up_levels() && !Halving::new(8).sums_up_levels());
        let level = |x: usize, y: isize| match x {
            0 => MOST_LEVELS,
            1 => -MOST_LEVELS,
            _ => ((x as isize * 37 + y * y * 11) % 511) as i16 - MOST_LEVELS,
        };
        let width = 2 * 32 + 5;
        let levels = |y| (0..width).map(|x| level(x, y)).collect::<Vec<i16>>();
        let levels: Vec<Vec<i16>> = (0..9).map(levels).collect();
        let samples = levels
            .iter()
            .map(|row| row.iter().map(|it| f32::from(*it) / 255.0));
        let samples: Vec<Vec<f32>> = samples.map(Iterator::collect).collect();
        let [mut ones, mut expected] = [0, 1].map(|_| [vec![0.0; width], vec![0.0; width]]);
        let out = ones.each_mut().map(Vec::as_mut_slice);
        let row = |y: isize| levels[(y + 3) as usize].as_slice();
        halving.halve_levels(Arch::new(), out, 0, row, 1.0 / 255.0);
        let out = expected.each_mut().map(Vec::as_mut_slice);
        let row = |y: isize| samples[(y + 3) as usize].as_slice();
        halving.halve(Arch::new(), out, 0, row);
        assert_eq!((ones[0][0], ones[1][1]), (1.0, -1.0));
        for (one, expected) in ones.iter().flatten().zip(expected.iter().flatten()) {
            assert!((one - expected).abs() < 1e-6, "{one} for {expected}");
        }
    }

    /// Runs that begin anywhere, beside single samples made as the words say.
    #[test]
    fn rows_and_columns_are_made_alike() {
        let sample = |at: isize| ((at * at) % 13) as f32;
        let row = |run: Run| (run.first..=run.last()).map(sample).collect::<Vec<f32>>();
        for order in [6, 8] {
            let (halving, taps) = (Halving::new(order), taps::halving(order, 2));
            let tap = |at: isize| *taps.get(at.unsigned_abs()).unwrap_or(&0.0);
            let near = |out: f32, expected: f64| (f64::from(out) - expected).abs() < 1e-4;
            for (first, length) in [(-3, 9), (0, 40), (5, 1), (6, 83)] {
                let run = Run::new(first, length);
                let mut room = Phases::default();
                let mut out = vec![0.0; length];
                let finer = row(halving.finer(run.of_even_length()));
                halving.halve_along(Arch::new(), &finer, &mut room, &mut out);
                for (out, at) in out.iter().zip(run.first..) {
                    let terms = (-4..=4).map(|i| tap(i) * f64::from(sample(2 * at + i)));
                    assert!(near(*out, terms.sum()), "{order}, {run:?}, {at}");
                }
                let run = run.in_pairs();
                let lies = halving.coarser(run).widened(2);
                let mut out = vec![0.0; run.length];
                let (coarse, to) = (row(lies), (&mut out[..], run));
                halving.double_along(Arch::new(), (&coarse, lies), &mut room, to);
                for (out, at) in out.iter().zip(run.first..) {
                    let terms = (lies.first..=lies.last())
                        .map(|from| 2.0 * tap(at - 2 * from) * f64::from(sample(from)));
                    assert!(near(*out, terms.sum()), "{order}, {run:?}, {at}");
                }
            }
        }
    }
}
