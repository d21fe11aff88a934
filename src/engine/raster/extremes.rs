//! The least and the most of each colour in parts of a picture: what can be told of many pixels at once.

use std::ops::Range;

use super::wide;

/// The least and the most of red, green and blue, or thrice of grey.
pub type Ends = [[f32; 2]; 3];

/// The least and the most of each column's samples in some rows as they are stored.
pub(super) struct Columns<T> {
    least: Vec<T>,
    most: Vec<T>,
}

impl<T> Default for Columns<T> {
    fn default() -> Self {
        Self {
            least: Vec::new(),
            most: Vec::new(),
        }
    }
}

impl<T: Copy + PartialOrd> Columns<T> {
    /// Adds a row, of whose samples `clean` makes some that can be compared.
    pub fn add(&mut self, row: &[T], clean: impl Fn(T) -> T) {
        if self.least.is_empty() {
            self.least.extend(row.iter().map(|it| clean(*it)));
            self.most.extend_from_slice(&self.least);
            return;
        }
        let ends = self.least.iter_mut().zip(&mut self.most);
        let samples = ends.zip(row);
        wide!({
            for ((least, most), it) in samples {
                let it = clean(*it);
                *least = less(it, *least);
                *most = more(it, *most);
            }
        });
    }

    /// Those of each colour in some columns of pixels, of which the first of so many samples are colours.
    pub fn of_pixels(
        &self,
        columns: Range<usize>,
        (colours, channels): (usize, usize),
        convert: impl Fn(T) -> f32,
    ) -> Ends {
        let samples = columns.start * channels..columns.end * channels;
        let (least, most) = (&self.least[samples.clone()], &self.most[samples]);
        [0, 1, 2].map(|colour: usize| {
            let colour = colour.min(colours - 1);
            let of = |them: &[T], end: fn(T, T) -> T| {
                let first = them[colour];
                let them = them[colour..].iter().step_by(channels);
                convert(them.fold(first, |one, other| end(one, *other)))
            };
            [of(least, less), of(most, more)]
        })
    }
}

#[inline(always)]
fn less<T: PartialOrd>(one: T, other: T) -> T {
    if one < other { one } else { other }
}

#[inline(always)]
fn more<T: PartialOrd>(one: T, other: T) -> T {
    if one > other { one } else { other }
}

#[cfg(test)]
mod tests {
    use crate::engine::raster::{Image, Layout, Region, Samples};

    #[test]
    fn extremes_are_those_of_each_colour_in_columns_of_a_region() {
        let levels = (0..4 * 11 * 7).map(|it| (it * 89 % 251) as u8).collect();
        let image = Image::new(11, 7, Layout::Rgba, Samples::Eight(levels)).expect("as many");
        let region = Region::new(2, 1, 8, 5);
        let columns = [0..8, 3..4, 5..8];
        let extremes = image.extremes(region, &columns);
        assert_eq!(extremes.len(), 3);
        for (columns, ends) in columns.into_iter().zip(extremes) {
            let part = Region::new(2 + columns.start, 1, columns.len(), 5);
            let tile = image.tile(part);
            for (plane, [least, most]) in tile.planes().iter().zip(ends) {
                let samples = || plane.samples().iter().copied();
                assert_eq!(samples().reduce(f32::min), Some(least), "{part:?}");
                assert_eq!(samples().reduce(f32::max), Some(most), "{part:?}");
            }
        }
    }

    #[test]
    fn what_is_not_finite_is_none() {
        let floats = Samples::Float(vec![0.5, f32::NAN, f32::NAN, f32::INFINITY, -2.0, 0.7]);
        let image = Image::new(6, 1, Layout::Grey, floats).expect("as many");
        let extremes = image.extremes(image.bounds(), &[0..2, 2..4, 4..6]);
        assert_eq!(
            extremes,
            [[[0.0, 0.5]; 3], [[0.0, 1.0]; 3], [[-2.0, 0.7]; 3]]
        );
    }
}
