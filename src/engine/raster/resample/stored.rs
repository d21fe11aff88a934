//! Resampling straight from rows as they are stored: where a picture shrinks, each is read once for both target rows that it
//! is a part of, whose sums stay in registers from one row to the next.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::Resample;
use crate::engine::raster::{Plane, Region, lanes};

/// Samples that are summed up at once, in registers.
const WIDE: usize = 32;

/// Samples of a pixel that are read at once, where there are colours: a whole register.
const PIXEL: usize = 4;

/// The first source row that a target row is made of, and the weights from there on.
type Taps<'a> = (usize, &'a [f32]);

/// Rows of a picture as they are stored.
pub(in crate::engine::raster) struct StoredRows<R, C> {
    /// What a row has in all of its columns.
    pub row: R,
    /// Samples of each pixel.
    pub channels: usize,
    pub convert: C,
}

impl Resample {
    /// The target region from rows as they are stored: a plane for each of so many colours, 1 or 3, which come first in
    /// their pixels.
    pub(in crate::engine::raster) fn apply_to_stored<'r, T, R, C>(
        &self,
        source: &StoredRows<R, C>,
        colours: usize,
        target: Region,
    ) -> Vec<Plane>
    where
        T: Copy + 'r,
        R: Fn(usize) -> &'r [T],
        C: Fn(T) -> f32,
    {
        let plane = |_| Plane::unfilled(target.width, target.height);
        let mut planes: Vec<Plane> = (0..colours).map(plane).collect();
        self.each_row(source, target, |y, sums| match planes.as_mut_slice() {
            [grey] => {
                for (out, [sum]) in grey.row_mut(y).iter_mut().zip(sums.pixels()) {
                    *out = sum;
                }
            }
            [r, g, b] => {
                let [r, g, b] = [r, g, b].map(|it| it.row_mut(y).iter_mut());
                for (((r, g), b), sum) in r.zip(g).zip(b).zip(sums.pixels::<PIXEL>()) {
                    [*r, *g, *b, _] = sum;
                }
            }
            _ => unreachable!("grey or RGB"),
        });
        planes
    }

    /// The target region from pixels that fill a register, row by row.
    pub fn apply_to_pixels(
        &self,
        source: &[[f32; PIXEL]],
        width: usize,
        target: Region,
    ) -> Vec<[f32; PIXEL]> {
        let rows = StoredRows {
            row: |y: usize| source[y * width..][..width].as_flattened(),
            channels: PIXEL,
            convert: |it: f32| it,
        };
        let mut pixels = Vec::with_capacity(target.width * target.height);
        self.each_row(&rows, target, |_, sums| {
            pixels.extend(sums.pixels::<PIXEL>())
        });
        pixels
    }

    /// Sums up each target row, down the columns of its source.
    fn each_row<'r, T, R, C>(
        &self,
        source: &StoredRows<R, C>,
        target: Region,
        mut take: impl FnMut(usize, Sums),
    ) where
        T: Copy + 'r,
        R: Fn(usize) -> &'r [T],
        C: Fn(T) -> f32,
    {
        let from = self.needs(target);
        let columns = from.x * source.channels..from.right() * source.channels;
        let rows: Vec<Taps> = self.rows.of(target.y..target.bottom()).collect();
        // Of a target row and the next one; the last pixel can be read as a register.
        let mut sums = [(); 2].map(|()| vec![0.0; columns.len() + PIXEL]);
        let mut done = from.y;
        for (y, own) in rows.iter().enumerate() {
            let end = own.0 + own.1.len();
            let next = *rows.get(y + 1).unwrap_or(&(end, &[]));
            let [sum, next_sum] = &mut sums;
            // Where a picture grows, the next row may need what was added to this one before.
            source.add(next.0..done, &columns, [next_sum], [next]);
            source.add(done..next.0.min(end), &columns, [sum], [*own]);
            source.add(
                next.0.max(done)..end,
                &columns,
                [sum, next_sum],
                [*own, next],
            );
            done = end;
            take(
                y,
                Sums {
                    sums: sum,
                    start: from.x,
                    channels: source.channels,
                    resample: self,
                    columns: target.x..target.right(),
                },
            );
            sum.fill(0.0);
            sums.swap(0, 1);
        }
    }
}

/// A target row that is still as wide as the source.
struct Sums<'a> {
    sums: &'a [f32],
    /// The source column of the first of them, and how many there are of each pixel.
    start: usize,
    channels: usize,
    resample: &'a Resample,
    /// Those of the target.
    columns: Range<usize>,
}

impl<'a> Sums<'a> {
    /// The first `N` samples of each of its pixels.
    fn pixels<const N: usize>(&self) -> impl Iterator<Item = [f32; N]> + use<'a, N> {
        let Self {
            sums,
            start,
            channels,
            ..
        } = *self;
        let columns = self.resample.columns.of(self.columns.clone());
        columns.map(move |(first, weights)| {
            let mut made = [0.0; N];
            let mut at = (first - start) * channels;
            for weight in weights {
                let pixel = lanes::<N, _>(sums, at);
                for (made, sample) in made.iter_mut().zip(pixel) {
                    *made += sample * weight;
                }
                at += channels;
            }
            made
        })
    }
}

impl<R, C> StoredRows<R, C> {
    /// Adds some rows, weighed by the taps of target rows, to the sums of those.
    fn add<'r, T, const N: usize>(
        &self,
        rows: Range<usize>,
        columns: &Range<usize>,
        sums: [&mut Vec<f32>; N],
        taps: [Taps; N],
    ) where
        T: Copy + 'r,
        R: Fn(usize) -> &'r [T],
        C: Fn(T) -> f32,
    {
        if rows.is_empty() {
            return;
        }
        let stored = rows.clone().map(|y| &(self.row)(y)[columns.clone()]);
        let stored: Vec<&[T]> = stored.collect();
        Arch::new().dispatch(Add {
            rows: &stored,
            weights: taps.map(|(first, weights)| &weights[rows.start - first..rows.end - first]),
            convert: &self.convert,
            sums: sums.map(Vec::as_mut_slice),
        });
    }
}

/// As a struct, since a compiler need not inline a closure into what it makes for wide registers.
struct Add<'a, T, C, const N: usize> {
    rows: &'a [&'a [T]],
    weights: [&'a [f32]; N],
    convert: &'a C,
    sums: [&'a mut [f32]; N],
}

impl<T: Copy, C: Fn(T) -> f32, const N: usize> WithSimd for Add<'_, T, C, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let length = self.rows[0].len();
        let wide = length / WIDE * WIDE;
        for at in (0..wide).step_by(WIDE) {
            self.add_at::<WIDE>(at);
        }
        for at in wide..length {
            self.add_at::<1>(at);
        }
    }
}

impl<T: Copy, C: Fn(T) -> f32, const N: usize> Add<'_, T, C, N> {
    /// Adds `W` samples of each row, from one on.
    #[inline(always)]
    fn add_at<const W: usize>(&mut self, at: usize) {
        let mut made = [[0.0; W]; N];
        for (made, sums) in made.iter_mut().zip(&self.sums) {
            made.copy_from_slice(&sums[at..at + W]);
        }
        for (i, row) in self.rows.iter().enumerate() {
            let row = &row[at..at + W];
            let mut samples = [0.0; W];
            for (sample, stored) in samples.iter_mut().zip(row) {
                *sample = (self.convert)(*stored);
            }
            for (made, weights) in made.iter_mut().zip(&self.weights) {
                let weight = weights[i];
                for (made, sample) in made.iter_mut().zip(&samples) {
                    *made += sample * weight;
                }
            }
        }
        for (made, sums) in made.iter().zip(&mut self.sums) {
            sums[at..at + W].copy_from_slice(made);
        }
    }
}
