//! Images as files store them: interleaved samples of 8, 16 or 32 bits.
//!
//! They stay in this form in memory; `f32` planes exist only for the tile in work, so that a
//! picture takes no more room than its file's own depth needs.

use pulp::Arch;
use rayon::prelude::*;

use super::interleave::split;
use super::store::{from_eight, from_sixteen};
use super::{Plane, Region, Resample, Tile, luma, wide};

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

/// Columns and rows that [`Image::reduced`] makes at once: of a large picture what they are made from still fits into
/// a cache.
const REDUCED_TILE: (usize, usize) = (64, 8);

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
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    width: usize,
    height: usize,
    layout: Layout,
    samples: Samples,
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
        Ok(Self {
            width,
            height,
            layout,
            samples,
        })
    }

    /// An RGB float picture from three planes of equal size, or a grey one from one.
    pub fn from_tile(tile: &Tile) -> Self {
        let (planes, region) = (tile.planes(), tile.region());
        let pixels = region.width * region.height;
        let mut samples = Vec::with_capacity(pixels * planes.len());
        for pixel in 0..pixels {
            samples.extend(planes.iter().map(|plane| plane.samples()[pixel]));
        }
        Self {
            width: region.width,
            height: region.height,
            layout: if planes.len() == 1 {
                Layout::Grey
            } else {
                Layout::Rgb
            },
            samples: Samples::Float(samples),
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
        match self.samples {
            Samples::Eight(_) => Depth::Eight,
            Samples::Sixteen(_) => Depth::Sixteen,
            Samples::Float(_) => Depth::Float,
        }
    }

    /// The interleaved samples.
    pub fn samples(&self) -> &Samples {
        &self.samples
    }

    /// Takes the picture apart into its interleaved samples.
    pub fn into_samples(self) -> Samples {
        self.samples
    }

    /// The colour planes of a region, which must lie inside. Samples that are not finite become
    /// 0 (NaN) or the nearest of 0 and 1.
    pub fn tile(&self, region: Region) -> Tile {
        assert!(self.bounds().contains(&region), "a region of the picture");
        let colours = self.layout.colours();
        let planes = match &self.samples {
            Samples::Eight(it) => self.split(it, colours, region, from_eight),
            Samples::Sixteen(it) => self.split(it, colours, region, from_sixteen),
            Samples::Float(it) => self.split(it, colours, region, finite),
        };
        Tile::new(region, planes)
    }

    /// Luma of a region, which must lie inside: that of its [tile](Self::tile), without the tile.
    pub fn luma(&self, region: Region) -> Plane {
        assert!(self.bounds().contains(&region), "a region of the picture");
        match &self.samples {
            Samples::Eight(it) => self.to_luma(it, region, from_eight),
            Samples::Sixteen(it) => self.to_luma(it, region, from_sixteen),
            Samples::Float(it) => self.to_luma(it, region, finite),
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
        let samples = match &self.samples {
            Samples::Eight(it) => Samples::Eight(self.halve(it, |sum: u32| ((sum + 2) / 4) as u8)),
            Samples::Sixteen(it) => {
                Samples::Sixteen(self.halve(it, |sum: u32| ((sum + 2) / 4) as u16))
            }
            Samples::Float(it) => Samples::Float(self.halve(it, |sum: f32| sum * 0.25)),
        };
        Image {
            width: self.width.div_ceil(2),
            height: self.height.div_ceil(2),
            layout: self.layout,
            samples,
        }
    }

    /// The picture's colour planes at another size (width, height), made tile by tile so that the
    /// planes never exist at full size.
    pub fn reduced(&self, (width, height): (usize, usize)) -> Tile {
        let resample = Resample::new((self.width, self.height), (width, height));
        let whole = Region::of_size(width, height);
        let corners = (0..height).step_by(REDUCED_TILE.1);
        let corners: Vec<(usize, usize)> = corners
            .flat_map(|y| (0..width).step_by(REDUCED_TILE.0).map(move |x| (x, y)))
            .collect();
        let tiles: Vec<Tile> = corners
            .into_par_iter()
            .map(|(x, y)| {
                let to = Region::new(x, y, REDUCED_TILE.0, REDUCED_TILE.1).within(&whole);
                let source = self.tile(resample.needs(to));
                let planes = source.planes().iter();
                Tile::new(to, planes.map(|it| resample.apply(it, to)).collect())
            })
            .collect();
        let planes = (0..self.layout.colours()).map(|channel| {
            let mut plane = Plane::filled(width, height, 0.0);
            for tile in &tiles {
                plane.paste(&tile.planes()[channel], tile.region());
            }
            plane
        });
        Tile::new(whole, planes.collect())
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
        match &self.samples {
            Samples::Eight(it) => self.gather(it, channel, region, from_eight),
            Samples::Sixteen(it) => self.gather(it, channel, region, from_sixteen),
            Samples::Float(it) => self.gather(it, channel, region, finite),
        }
    }

    /// The first of its channels in a region.
    fn split<T: Copy>(
        &self,
        samples: &[T],
        count: usize,
        region: Region,
        convert: impl Fn(T) -> f32,
    ) -> Vec<Plane> {
        let arch = Arch::new();
        let channels = self.layout.channels();
        let planes = (0..count).map(|_| Plane::unfilled(region.width, region.height));
        let mut planes: Vec<Plane> = planes.collect();
        for y in 0..region.height {
            let start = ((region.y + y) * self.width + region.x) * channels;
            let pixels = &samples[start..][..region.width * channels];
            match planes.as_mut_slice() {
                [grey] => split(arch, pixels, channels, &mut [grey.row_mut(y)], &convert),
                [r, g, b] => {
                    let mut rows = [r.row_mut(y), g.row_mut(y), b.row_mut(y)];
                    split(arch, pixels, channels, &mut rows, &convert);
                }
                _ => unreachable!("grey or RGB"),
            }
        }
        planes
    }

    fn to_luma<T: Copy>(&self, samples: &[T], region: Region, convert: impl Fn(T) -> f32) -> Plane {
        let arch = Arch::new();
        let channels = self.layout.channels();
        let mut out = Plane::unfilled(region.width, region.height);
        let mut rows = [(); 2].map(|()| vec![0.0; region.width]);
        let [green, blue] = &mut rows;
        for y in 0..region.height {
            let start = ((region.y + y) * self.width + region.x) * channels;
            let pixels = &samples[start..][..region.width * channels];
            let out = out.row_mut(y);
            if self.layout.colours() == 1 {
                split(arch, pixels, channels, &mut [out], &convert);
                continue;
            }
            split(
                arch,
                pixels,
                channels,
                &mut [&mut *out, green, blue],
                &convert,
            );
            wide(|| {
                for (out, (green, blue)) in out.iter_mut().zip(green.iter().zip(&*blue)) {
                    *out = luma(*out, *green, *blue);
                }
            });
        }
        out
    }

    fn gather<T: Copy>(
        &self,
        samples: &[T],
        channel: usize,
        region: Region,
        convert: impl Fn(T) -> f32,
    ) -> Plane {
        let channels = self.layout.channels();
        let mut plane = Vec::with_capacity(region.width * region.height);
        for y in region.y..region.bottom() {
            let row = &samples[(y * self.width + region.x) * channels..][..region.width * channels];
            plane.extend(row.chunks_exact(channels).map(|it| convert(it[channel])));
        }
        Plane::from_samples(region.width, region.height, plane)
    }
}

#[inline(always)]
fn finite(sample: f32) -> f32 {
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
