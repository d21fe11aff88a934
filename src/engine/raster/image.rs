//! Images as files store them: interleaved samples of 8, 16 or 32 bits.
//!
//! They stay in this form in memory; `f32` planes exist only for the tile in work, so that a
//! picture takes no more room than its file's own depth needs. One that arrives row by row takes less: rows are made
//! when they are asked for, and may be let go.

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock};

use pulp::Arch;
use rayon::prelude::*;

use super::arriving::{Held, Rows, Stored};
use super::extremes::{Columns, Ends};
use super::interleave::{mix, split};
use super::store::{from_eight, from_sixteen};
use super::{
    FINE_WHITE, Plane, Region, Resample, StoredRows, Strip, Tile, fine_luma_of_levels, luma,
    luma_of_levels, to_fine,
};
use crate::engine::guarded::{lock, unpoisoned};

/// Which channels an image has, in the order in which they are interleaved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Grey.
    Grey,
    /// Grey and alpha.
    GreyAlpha,
    /// Red, green, blue.
    Rgb,
    /// Red, green, blue, alpha.
    Rgba,
}

/// Rows that [`Image::reduced`] makes together: they are summed up while the picture is read, a few at a time.
const REDUCED_ROWS: usize = 32;

impl Layout {
    /// Channels of a pixel, alpha included.
    pub fn channels(self) -> usize {
        self.colours() + usize::from(self.has_alpha())
    }

    /// Colour channels of a pixel: 1 or 3.
    pub fn colours(self) -> usize {
        match self {
            Layout::Grey | Layout::GreyAlpha => 1,
            Layout::Rgb | Layout::Rgba => 3,
        }
    }

    /// Whether the last channel is alpha.
    pub fn has_alpha(self) -> bool {
        matches!(self, Layout::GreyAlpha | Layout::Rgba)
    }
}

/// How a sample is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Depth {
    /// 8 bits, 0..=255.
    Eight,
    /// 16 bits, 0..=65535.
    Sixteen,
    /// 32-bit float, nominally 0..=1.
    Float,
}

impl Depth {
    /// Bytes of a sample.
    pub fn bytes(self) -> usize {
        match self {
            Depth::Eight => 1,
            Depth::Sixteen => 2,
            Depth::Float => 4,
        }
    }
}

/// Interleaved samples, row by row.
#[derive(Clone, Debug, PartialEq)]
pub enum Samples {
    /// 8 bits.
    Eight(Vec<u8>),
    /// 16 bits.
    Sixteen(Vec<u16>),
    /// 32-bit float.
    Float(Vec<f32>),
}

impl Samples {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Samples::Eight(it) => it.len(),
            Samples::Sixteen(it) => it.len(),
            Samples::Float(it) => it.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The samples do not fill an image of the size that was named.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an image of {width}×{height} with {channels} channels does not have {samples} samples")]
pub struct SizeError {
    width: usize,
    height: usize,
    channels: usize,
    samples: usize,
}

/// A picture: at least 1×1 pixels, interleaved samples in the file's own encoded values.
#[derive(Clone, Debug)]
pub struct Image {
    width: usize,
    height: usize,
    layout: Layout,
    store: Store,
}

/// Where samples are.
#[derive(Clone, Debug)]
enum Store {
    Whole(Samples),
    Arriving(Arc<Arriving>),
}

#[derive(Debug)]
struct Arriving {
    depth: Depth,
    rows: Arc<dyn Rows>,
    /// All of them, if somebody wants them so.
    whole: OnceLock<Samples>,
}

/// The same samples, wherever they are.
impl PartialEq for Image {
    fn eq(&self, other: &Self) -> bool {
        let form = |it: &Self| (it.width, it.height, it.layout);
        form(self) == form(other) && self.samples() == other.samples()
    }
}

impl Image {
    /// A picture from its interleaved samples.
    ///
    /// # Errors
    /// When the number of samples is not width × height × channels, or the picture is empty.
    pub fn new(
        width: usize,
        height: usize,
        layout: Layout,
        samples: Samples,
    ) -> Result<Self, SizeError> {
        let expected = width
            .checked_mul(height)
            .and_then(|it| it.checked_mul(layout.channels()));
        if width == 0 || height == 0 || expected != Some(samples.len()) {
            return Err(SizeError {
                width,
                height,
                channels: layout.channels(),
                samples: samples.len(),
            });
        }
        Ok(Self::whole(width, height, layout, samples))
    }

    /// An RGB float picture from three planes of equal size, or a grey one from one.
    pub fn from_tile(tile: &Tile) -> Self {
        let (planes, region) = (tile.planes(), tile.region());
        let pixels = region.width * region.height;
        let mut samples = Vec::with_capacity(pixels * planes.len());
        for pixel in 0..pixels {
            samples.extend(planes.iter().map(|plane| plane.samples()[pixel]));
        }
        let layout = match planes.len() {
            1 => Layout::Grey,
            _ => Layout::Rgb,
        };
        Self::whole(region.width, region.height, layout, Samples::Float(samples))
    }

    fn whole(width: usize, height: usize, layout: Layout, samples: Samples) -> Self {
        Self {
            width,
            height,
            layout,
            store: Store::Whole(samples),
        }
    }

    /// A picture of at least 1×1 pixels whose rows are made when they are asked for.
    pub fn arriving(
        (width, height): (usize, usize),
        layout: Layout,
        depth: Depth,
        rows: Arc<dyn Rows>,
    ) -> Self {
        let whole = OnceLock::new();
        Self {
            width,
            height,
            layout,
            store: Store::Arriving(Arc::new(Arriving { depth, rows, whole })),
        }
    }

    /// Has rows made now, if they are made when they are asked for.
    pub fn await_rows(&self, rows: Range<usize>) {
        if let Store::Arriving(it) = &self.store {
            it.rows.read(rows);
        }
    }

    /// Says that no row above this one is going to be read again, so that their memory can be used for others.
    pub fn let_go(&self, above: usize) {
        if let Store::Arriving(it) = &self.store {
            it.rows.let_go(above);
        }
    }

    /// Bytes of all its samples.
    pub fn bytes(&self) -> usize {
        self.width * self.height * self.layout.channels() * self.depth().bytes()
    }

    /// The interleaved samples, if they are there as a whole.
    pub fn whole_samples(&self) -> Option<&Samples> {
        match &self.store {
            Store::Whole(it) => Some(it),
            Store::Arriving(it) => it.whole.get(),
        }
    }

    fn held(&self, rows: Range<usize>) -> Held<'_> {
        match (&self.store, self.whole_samples()) {
            (Store::Arriving(it), None) => Held::Pieces(it.rows.read(rows)),
            _ => Held::Whole(self.samples()),
        }
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The whole picture as a region.
    pub fn bounds(&self) -> Region {
        Region::of_size(self.width, self.height)
    }

    /// Which channels it has.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// How its samples are stored.
    pub fn depth(&self) -> Depth {
        match &self.store {
            Store::Whole(Samples::Eight(_)) => Depth::Eight,
            Store::Whole(Samples::Sixteen(_)) => Depth::Sixteen,
            Store::Whole(Samples::Float(_)) => Depth::Float,
            Store::Arriving(it) => it.depth,
        }
    }

    /// The interleaved samples. Those of a picture that arrives row by row are put together, and stay so.
    pub fn samples(&self) -> &Samples {
        match &self.store {
            Store::Whole(it) => it,
            Store::Arriving(it) => it.whole.get_or_init(|| it.rows.whole()),
        }
    }

    /// Takes the picture apart into its interleaved samples.
    pub fn into_samples(self) -> Samples {
        match self.store {
            Store::Whole(it) => it,
            Store::Arriving(_) => self.samples().clone(),
        }
    }

    /// The colour planes of a region, which must lie inside. Samples that are not finite become
    /// 0 (NaN) or the nearest of 0 and 1.
    pub fn tile(&self, region: Region) -> Tile {
        assert!(self.bounds().contains(&region), "a region of the picture");
        let planes = match self.depth() {
            Depth::Eight => self.split(region, from_eight),
            Depth::Sixteen => self.split(region, from_sixteen),
            Depth::Float => self.split(region, finite),
        };
        Tile::new(region, planes)
    }

    /// Luma of a region, which must lie inside: that of its [tile](Self::tile), without the tile, but for rounding.
    pub fn luma(&self, region: Region) -> Plane {
        assert!(self.bounds().contains(&region), "a region of the picture");
        match self.depth() {
            Depth::Eight => self.plane_of_luma(region, from_eight, luma_of_levels),
            Depth::Sixteen => self.plane_of_luma(region, from_sixteen, luma_of(from_sixteen)),
            Depth::Float => self.plane_of_luma(region, finite, luma_of(finite)),
        }
    }

    /// Luma over a region, which must lie inside, in whole numbers up to [`FINE_WHITE`], row by row: for
    /// what need not be told more exactly than a sixteenth of a level of 8 bits. `out` has room for the region.
    pub fn fine_luma(&self, region: Region, out: &mut [u16]) {
        assert!(self.bounds().contains(&region), "a region of the picture");
        match self.depth() {
            Depth::Eight => {
                let fine = |level| u16::from(level) * (FINE_WHITE / 255);
                self.to_luma(region, out, fine, fine_luma_of_levels);
            }
            Depth::Sixteen => {
                let fine = |it| to_fine(from_sixteen(it));
                self.to_luma(region, out, fine, fine_luma_of(from_sixteen));
            }
            Depth::Float => {
                let fine = |it| to_fine(finite(it));
                self.to_luma(region, out, fine, fine_luma_of(finite));
            }
        }
    }

    /// The least and the most of each colour in some columns of a region, which must lie inside; they are counted from its
    /// left edge, and none are empty.
    pub fn extremes(&self, region: Region, columns: &[Range<usize>]) -> Vec<Ends> {
        assert!(self.bounds().contains(&region), "a region of the picture");
        match self.depth() {
            Depth::Eight => self.extremes_of(region, columns, |it: u8| it, from_eight),
            Depth::Sixteen => self.extremes_of(region, columns, |it: u16| it, from_sixteen),
            Depth::Float => self.extremes_of(region, columns, finite, |it| it),
        }
    }

    /// The alpha of a region, which must lie inside, if the picture has any.
    pub fn alpha(&self, region: Region) -> Option<Plane> {
        assert!(self.bounds().contains(&region), "a region of the picture");
        self.layout
            .has_alpha()
            .then(|| self.channel(self.layout.colours(), region))
    }

    /// The picture at half its size, rounded up: each sample is the mean of the two by two that it
    /// stands for.
    pub fn halved(&self) -> Image {
        let samples = match self.samples() {
            Samples::Eight(it) => Samples::Eight(self.halve(it, |sum: u32| ((sum + 2) / 4) as u8)),
            Samples::Sixteen(it) => {
                Samples::Sixteen(self.halve(it, |sum: u32| ((sum + 2) / 4) as u16))
            }
            Samples::Float(it) => Samples::Float(self.halve(it, |sum: f32| sum * 0.25)),
        };
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        Self::whole(width, height, self.layout, samples)
    }

    /// The picture's colour planes at another size (width, height), made tile by tile so that the
    /// planes never exist at full size.
    pub fn reduced(&self, size: (usize, usize)) -> Tile {
        let planes = self.reduced_by(size, self.layout.colours(), |tile| tile);
        Tile::new(Region::of_size(size.0, size.1), planes)
    }

    /// The luma of the [reduced](Self::reduced) picture, whose colours never exist as a whole.
    pub fn reduced_luma(&self, size: (usize, usize)) -> Plane {
        let luma = |tile: Tile| Tile::new(tile.region(), vec![tile.luma()]);
        self.reduced_by(size, 1, luma).swap_remove(0)
    }

    /// So many planes at another size, of what `make` makes of each tile of it.
    fn reduced_by(
        &self,
        (width, height): (usize, usize),
        planes: usize,
        make: impl Fn(Tile) -> Tile + Sync,
    ) -> Vec<Plane> {
        let resample = Resample::new((self.width, self.height), (width, height));
        let whole = Region::of_size(width, height);
        let bands: Vec<usize> = (0..height).step_by(REDUCED_ROWS).collect();
        let planes = Mutex::new(vec![Plane::unfilled(width, height); planes]);
        bands.into_par_iter().for_each(|y| {
            let to = Region::new(0, y, width, REDUCED_ROWS).within(&whole);
            let tile = make(Tile::new(to, self.resampled(&resample, to)));
            let mut planes = lock(&planes);
            for (plane, part) in planes.iter_mut().zip(tile.planes()) {
                plane.paste(part, to);
            }
        });
        unpoisoned(planes.into_inner())
    }

    /// The colours of a region at another size.
    fn resampled(&self, resample: &Resample, to: Region) -> Vec<Plane> {
        match self.depth() {
            Depth::Eight => self.resampled_from(resample, to, from_eight),
            Depth::Sixteen => self.resampled_from(resample, to, from_sixteen),
            Depth::Float => self.resampled_from(resample, to, finite),
        }
    }

    fn resampled_from<T: Stored>(
        &self,
        resample: &Resample,
        to: Region,
        convert: impl Fn(T) -> f32,
    ) -> Vec<Plane> {
        let from = resample.needs(to);
        let held = self.held(from.y..from.bottom());
        let channels = self.layout.channels();
        let rows = StoredRows {
            row: |y: usize| held.row::<T>(y, self.width * channels),
            channels,
            convert,
        };
        resample.apply_to_stored(&rows, self.layout.colours(), to)
    }

    fn halve<T, S>(&self, samples: &[T], mean: impl Fn(S) -> T + Sync) -> Vec<T>
    where
        T: Copy + Default + Send + Sync,
        S: From<T> + std::ops::Add<Output = S>,
    {
        let channels = self.layout.channels();
        let (row, half_row) = (self.width * channels, self.width.div_ceil(2) * channels);
        let mut half = vec![T::default(); half_row * self.height.div_ceil(2)];
        half.par_chunks_mut(half_row)
            .enumerate()
            .for_each(|(y, out)| {
                let upper = &samples[2 * y * row..][..row];
                let lower = &samples[(2 * y + 1).min(self.height - 1) * row..][..row];
                for (i, out) in out.iter_mut().enumerate() {
                    let (x, channel) = (i / channels, i % channels);
                    let left = 2 * x * channels + channel;
                    let right = (2 * x + 1).min(self.width - 1) * channels + channel;
                    let sum = |row: &[T]| S::from(row[left]) + S::from(row[right]);
                    *out = mean(sum(upper) + sum(lower));
                }
            });
        half
    }

    fn channel(&self, channel: usize, region: Region) -> Plane {
        match self.depth() {
            Depth::Eight => self.gather(channel, region, from_eight),
            Depth::Sixteen => self.gather(channel, region, from_sixteen),
            Depth::Float => self.gather(channel, region, finite),
        }
    }

    /// Some of its rows, to be read one at a time.
    pub fn strip(&self, rows: Range<usize>) -> Strip<'_> {
        Strip::new(self, self.held(rows))
    }

    /// What a region has of each of its rows: its number there, and the samples.
    fn each_row<T: Stored>(&self, region: Region, mut work: impl FnMut(usize, &[T])) {
        let channels = self.layout.channels();
        let held = self.held(region.y..region.bottom());
        for y in 0..region.height {
            let row = held.row(region.y + y, self.width * channels);
            work(y, &row[region.x * channels..][..region.width * channels]);
        }
    }

    /// The colour channels in a region.
    fn split<T: Stored>(&self, region: Region, convert: impl Fn(T) -> f32) -> Vec<Plane> {
        let arch = Arch::new();
        let channels = self.layout.channels();
        let planes =
            (0..self.layout.colours()).map(|_| Plane::unfilled(region.width, region.height));
        let mut planes: Vec<Plane> = planes.collect();
        self.each_row(region, |y, pixels| match planes.as_mut_slice() {
            [grey] => split(arch, pixels, channels, &mut [grey.row_mut(y)], &convert),
            [r, g, b] => {
                let mut rows = [r.row_mut(y), g.row_mut(y), b.row_mut(y)];
                split(arch, pixels, channels, &mut rows, &convert);
            }
            _ => unreachable!("grey or RGB"),
        });
        planes
    }

    fn plane_of_luma<T: Stored>(
        &self,
        region: Region,
        convert: impl Fn(T) -> f32,
        luma: impl Fn(T, T, T) -> f32,
    ) -> Plane {
        let mut plane = Plane::unfilled(region.width, region.height);
        self.to_luma(region, plane.samples_mut(), convert, luma);
        plane
    }

    /// Sets `out`, row by row, to what `luma` makes of a region's pixels, or `convert` of grey ones.
    fn to_luma<T: Stored, O>(
        &self,
        region: Region,
        out: &mut [O],
        convert: impl Fn(T) -> O,
        luma: impl Fn(T, T, T) -> O,
    ) {
        let (arch, channels) = (Arch::new(), self.layout.channels());
        self.each_row(region, |y, pixels| {
            let out = &mut out[y * region.width..][..region.width];
            match self.layout.colours() {
                1 => split(arch, pixels, channels, &mut [out], &convert),
                _ => mix(arch, pixels, channels, out, &luma),
            }
        });
    }

    fn extremes_of<T: Stored + PartialOrd>(
        &self,
        region: Region,
        columns: &[Range<usize>],
        clean: impl Fn(T) -> T + Copy,
        convert: impl Fn(T) -> f32 + Copy,
    ) -> Vec<Ends> {
        let mut all = Columns::default();
        self.each_row(region, |_, row| all.add(row, clean));
        let form = (self.layout.colours(), self.layout.channels());
        let of_each = columns.iter();
        let of_each = of_each.map(|columns| all.of_pixels(columns.clone(), form, convert));
        of_each.collect()
    }

    fn gather<T: Stored>(
        &self,
        channel: usize,
        region: Region,
        convert: impl Fn(T) -> f32,
    ) -> Plane {
        let channels = self.layout.channels();
        let mut plane = Vec::with_capacity(region.width * region.height);
        self.each_row(region, |_, row| {
            plane.extend(row.chunks_exact(channels).map(|it| convert(it[channel])));
        });
        Plane::from_samples(region.width, region.height, plane)
    }
}

/// Luma of samples as they are stored.
fn luma_of<T>(convert: impl Fn(T) -> f32) -> impl Fn(T, T, T) -> f32 {
    move |r, g, b| luma(convert(r), convert(g), convert(b))
}

fn fine_luma_of<T>(convert: impl Fn(T) -> f32) -> impl Fn(T, T, T) -> u16 {
    let luma = luma_of(convert);
    move |r, g, b| to_fine(luma(r, g, b))
}

/// What is not finite as 0 (NaN) or the nearest of 0 and 1.
#[inline(always)]
pub(super) fn finite(sample: f32) -> f32 {
    if sample.is_finite() {
        sample
    } else if sample == f32::INFINITY {
        1.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn infinite_samples_are_read_as_black_and_white() {
        let samples = Samples::Float(vec![f32::NAN, f32::INFINITY, f32::NEG_INFINITY]);
        let image = Image::new(3, 1, Layout::Grey, samples).expect("three samples");
        assert_eq!(
            image.tile(image.bounds()).planes()[0].samples(),
            [0.0, 1.0, 0.0]
        );
    }

    #[test]
    fn halving_takes_the_mean() {
        let samples = Samples::Eight(vec![0, 2, 4, 2, 4, 8]);
        let image = Image::new(3, 2, Layout::Grey, samples).expect("six samples");
        let half = image.halved();
        assert_eq!((half.width(), half.height()), (2, 1));
        assert_eq!(half.samples(), &Samples::Eight(vec![2, 6]));
    }

    #[test]
    fn a_wrong_number_of_samples_is_refused() {
        assert!(Image::new(2, 2, Layout::Rgb, Samples::Eight(vec![0; 11])).is_err());
        assert!(Image::new(0, 2, Layout::Rgb, Samples::Eight(vec![])).is_err());
        assert!(Image::new(usize::MAX, 2, Layout::Rgb, Samples::Eight(vec![0; 6])).is_err());
    }
}
