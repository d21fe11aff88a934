//! Rows of a picture as files store them, read one at a time.

use std::ops::Range;

use pulp::Arch;

use super::arriving::{Held, Stored};
use super::image::finite;
use super::interleave::{merge, split, subtract};
use super::patchwork::{Patch, lay_over_row};
use super::store::{from_eight, from_sixteen};
use super::{Depth, Image, Patchwork, Region};

/// A level of 8 bits.
const LEVEL: f32 = 1.0 / 255.0;

/// Rows of a picture, as files store them.
#[derive(Clone, Debug)]
pub struct Strip<'a> {
    image: &'a Image,
    held: Held<'a>,
    /// What lies over them, if anything lies over the picture anywhere.
    patches: Option<Vec<&'a Patch>>,
    /// Whether the colours of a pixel stay side by side.
    in_pixels: bool,
}

impl<'a> Strip<'a> {
    pub(super) fn new(image: &'a Image, held: Held<'a>) -> Self {
        Self {
            image,
            held,
            patches: None,
            in_pixels: false,
        }
    }

    /// The same rows under what lies over a region of them, which has as many colours.
    pub fn under(self, patches: &'a Patchwork, region: Region) -> Self {
        Self {
            patches: Some(patches.seen_in(region)),
            ..self
        }
    }

    /// Rows that are read together: one for each colour, or one of pixels.
    pub fn planes(&self) -> usize {
        self.image.layout().colours() / self.interleaved()
    }

    /// Samples of a pixel side by side in each of them.
    pub fn interleaved(&self) -> usize {
        match self.in_pixels {
            true => self.image.layout().colours(),
            false => 1,
        }
    }

    /// Whether pixels are nothing but colours.
    pub fn has_pixels(&self) -> bool {
        !self.image.layout().has_alpha()
    }

    /// The same rows, whose pixels stay together if they are nothing but colours.
    pub fn as_pixels(self) -> Self {
        let in_pixels = self.has_pixels();
        Self { in_pixels, ..self }
    }

    /// The same rows in planes.
    pub fn as_planes(self) -> Self {
        Self {
            in_pixels: false,
            ..self
        }
    }

    /// The colours of a row of the picture, in some of its columns, as a [tile](Image::tile) has them: one row for each,
    /// or one of pixels.
    pub fn read(&self, y: usize, columns: Range<usize>, out: &mut [Vec<f32>]) {
        match self.image.depth() {
            Depth::Eight => self.split(y, columns.clone(), out, from_eight),
            Depth::Sixteen => self.split(y, columns.clone(), out, from_sixteen),
            Depth::Float => self.split(y, columns.clone(), out, finite),
        }
        if let Some(patches) = &self.patches {
            lay_over_row(patches, y, columns, out);
        }
    }

    /// Whether rows that are read have the samples of stored ones in their order.
    pub fn is_read_as_stored(&self) -> bool {
        self.planes() == 1 && self.has_pixels() && self.patches.is_none()
    }

    /// Changes each item of a row by its sample of the picture, which is [read as it is
    /// stored](Self::is_read_as_stored).
    pub fn merge<I: Iterator>(
        &self,
        y: usize,
        columns: Range<usize>,
        row: I,
        change: impl Fn(I::Item, f32),
    ) {
        let arch = Arch::new();
        match self.image.depth() {
            Depth::Eight => merge(arch, row, self.pixels(y, columns), from_eight, change),
            Depth::Sixteen => merge(arch, row, self.pixels(y, columns), from_sixteen, change),
            Depth::Float => merge(arch, row, self.pixels(y, columns), finite, change),
        }
    }

    /// Whether [`less`](Self::less) can take another's samples away: they are stored as these are, and nothing lies over
    /// either picture. That nothing does here would not be enough: a difference of levels is rounded in its own way.
    pub fn is_stored_as(&self, other: &Strip) -> bool {
        let form = |it: &Strip| (it.image.depth(), it.image.layout());
        form(self) == form(other) && self.patches.is_none() && other.patches.is_none()
    }

    /// What is [read](Self::read), less what another strip that [is stored as this one](Self::is_stored_as) has there:
    /// levels are whole numbers, so that their difference is exact, and one conversion is enough. `room` is for a row of
    /// pixels.
    pub fn less(
        &self,
        other: &Strip,
        y: usize,
        columns: Range<usize>,
        room: &mut Vec<f32>,
        out: &mut [Vec<f32>],
    ) {
        let at = (y, columns);
        match self.image.depth() {
            Depth::Eight => self.difference(other, at, room, out, |one: u8, other: u8| {
                f32::from(i16::from(one) - i16::from(other)) * LEVEL
            }),
            Depth::Sixteen => self.difference(other, at, room, out, |one: u16, other: u16| {
                (i32::from(one) - i32::from(other)) as f32 * (1.0 / 65_535.0)
            }),
            Depth::Float => self.difference(other, at, room, out, |one, other| {
                finite(one) - finite(other)
            }),
        }
    }

    /// What one level is, where samples are stored in 8 bits.
    pub fn level(&self) -> Option<f32> {
        (self.image.depth() == Depth::Eight).then_some(LEVEL)
    }

    /// The same as [`less`](Self::less) in [levels](Self::level), of which there must be some.
    pub fn levels_less(
        &self,
        other: &Strip,
        y: usize,
        columns: Range<usize>,
        room: &mut Vec<i16>,
        out: &mut [Vec<i16>],
    ) {
        self.difference(other, (y, columns), room, out, |one: u8, other: u8| {
            i16::from(one) - i16::from(other)
        });
    }

    fn difference<T: Stored, O: Copy + Default>(
        &self,
        other: &Strip,
        (y, columns): (usize, Range<usize>),
        room: &mut Vec<O>,
        out: &mut [Vec<O>],
        difference: impl Fn(T, T) -> O,
    ) {
        let rows = [self, other].map(|it| it.pixels(y, columns.clone()));
        if let [whole] = out
            && self.is_read_as_stored()
        {
            return subtract(Arch::new(), whole, rows, difference);
        }
        room.resize(rows[0].len(), O::default());
        subtract(Arch::new(), room, rows, difference);
        self.spread(room, out, |it: O| it);
    }

    fn pixels<T: Stored>(&self, y: usize, columns: Range<usize>) -> &[T] {
        let channels = self.image.layout().channels();
        let row = self.held.row(y, self.image.width() * channels);
        &row[columns.start * channels..columns.end * channels]
    }

    fn split<T: Stored>(
        &self,
        y: usize,
        columns: Range<usize>,
        out: &mut [Vec<f32>],
        convert: impl Fn(T) -> f32,
    ) {
        self.spread(self.pixels(y, columns), out, convert);
    }

    /// The colours of pixels as they are stored, as they are read.
    fn spread<T: Copy, O>(&self, pixels: &[T], out: &mut [Vec<O>], convert: impl Fn(T) -> O) {
        let (arch, channels) = (Arch::new(), self.image.layout().channels());
        match out {
            [whole] if self.in_pixels => split(arch, pixels, 1, &mut [whole], convert),
            [grey] => split(arch, pixels, channels, &mut [grey], convert),
            [r, g, b] => split(arch, pixels, channels, &mut [r, g, b], convert),
            _ => unreachable!("grey or RGB"),
        }
    }
}
