//! Planes of `f32` samples, and tiles: the planes of one region of a picture.

use super::{Region, desaturate, luma, pool, wide};

/// One channel: `width` × `height` samples, row by row, nominally 0..=1.
#[derive(Debug, PartialEq)]
pub struct Plane {
    width: usize,
    height: usize,
    samples: Vec<f32>,
}

impl Clone for Plane {
    fn clone(&self) -> Self {
        let mut plane = Self::unfilled(self.width, self.height);
        plane.samples.copy_from_slice(&self.samples);
        plane
    }
}

impl Drop for Plane {
    fn drop(&mut self) {
        pool::give(std::mem::take(&mut self.samples));
    }
}

impl Plane {
    /// A plane of one value.
    pub fn filled(width: usize, height: usize, value: f32) -> Self {
        let mut plane = Self::unfilled(width, height);
        plane.samples.fill(value);
        plane
    }

    /// A plane of any values, for those who set them all.
    pub(in crate::engine) fn unfilled(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            samples: pool::take(width * height),
        }
    }

    /// A plane from its samples, row by row.
    ///
    /// # Panics
    /// If there are not `width` × `height` samples.
    pub fn from_samples(width: usize, height: usize, samples: Vec<f32>) -> Self {
        assert_eq!(samples.len(), width * height, "a plane of {width}×{height}");
        Self {
            width,
            height,
            samples,
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

    /// All samples, row by row.
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// All samples, row by row, to change.
    pub fn samples_mut(&mut self) -> &mut [f32] {
        &mut self.samples
    }

    /// One row.
    pub fn row(&self, y: usize) -> &[f32] {
        &self.samples[y * self.width..][..self.width]
    }

    /// One row, to change.
    pub fn row_mut(&mut self, y: usize) -> &mut [f32] {
        &mut self.samples[y * self.width..][..self.width]
    }

    /// The sample in column `x` of row `y`.
    pub fn at(&self, x: usize, y: usize) -> f32 {
        self.samples[y * self.width + x]
    }

    /// A rectangle cut out of it; `part` counts from this plane's own corner.
    pub fn crop(&self, part: Region) -> Plane {
        if part == Region::of_size(self.width, self.height) {
            return self.clone();
        }
        let mut cropped = Plane::unfilled(part.width, part.height);
        for y in 0..part.height {
            let row = &self.row(part.y + y)[part.x..part.right()];
            cropped.row_mut(y).copy_from_slice(row);
        }
        cropped
    }

    /// Lays another plane into it; `at` counts from this plane's own corner.
    pub fn paste(&mut self, part: &Plane, at: Region) {
        for y in 0..at.height {
            self.row_mut(at.y + y)[at.x..at.right()].copy_from_slice(part.row(y));
        }
    }

    /// The same plane with `change` applied to every sample.
    pub fn map(mut self, change: impl Fn(f32) -> f32) -> Plane {
        let samples = &mut self.samples;
        wide!({
            for sample in samples {
                *sample = change(*sample);
            }
        });
        self
    }

    /// `change(own, other)` for every pair of samples.
    ///
    /// # Panics
    /// If the sizes differ.
    pub fn zip_map(mut self, other: &Plane, change: impl Fn(f32, f32) -> f32) -> Plane {
        assert_eq!((self.width, self.height), (other.width, other.height));
        let pairs = self.samples.iter_mut().zip(&other.samples);
        wide!({
            for (own, other) in pairs {
                *own = change(*own, *other);
            }
        });
        self
    }
}

/// The colour planes (1 grey or 3 RGB) of one region of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    region: Region,
    planes: Vec<Plane>,
}

impl Tile {
    /// A tile from its planes.
    ///
    /// # Panics
    /// If a plane has not the size of the region, or there are not 1 or 3 of them.
    pub fn new(region: Region, planes: Vec<Plane>) -> Self {
        assert!(planes.len() == 1 || planes.len() == 3, "grey or RGB");
        for plane in &planes {
            assert_eq!((plane.width, plane.height), (region.width, region.height));
        }
        Self { region, planes }
    }

    /// Where in the picture it lies.
    pub fn region(&self) -> Region {
        self.region
    }

    /// The colour planes: grey, or red, green and blue.
    pub fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// The colour planes, to change.
    pub fn planes_mut(&mut self) -> &mut [Plane] {
        &mut self.planes
    }

    /// The colour planes by themselves.
    pub fn into_planes(self) -> Vec<Plane> {
        self.planes
    }

    /// Luma of every pixel.
    pub fn luma(&self) -> Plane {
        self.to_grey(luma)
    }

    /// Photoshop's Desaturate of every pixel.
    pub fn desaturated(&self) -> Plane {
        self.to_grey(desaturate)
    }

    fn to_grey(&self, convert: impl Fn(f32, f32, f32) -> f32) -> Plane {
        match self.planes.as_slice() {
            [r, g, b] => {
                let mut grey = r.clone();
                let others = g.samples.iter().zip(&b.samples);
                let samples = grey.samples.iter_mut().zip(others);
                wide!({
                    for (r, (g, b)) in samples {
                        *r = convert(*r, *g, *b);
                    }
                });
                grey
            }
            planes => planes[0].clone(),
        }
    }

    /// The part of it that covers `region`, which must lie inside.
    pub fn crop(self, region: Region) -> Tile {
        if region == self.region {
            return self;
        }
        assert!(self.region.contains(&region), "a crop lies inside its tile");
        let part = region.seen_from(&self.region);
        Tile::new(region, self.planes.iter().map(|it| it.crop(part)).collect())
    }

    /// With as many colour planes as asked for: grey is repeated, RGB becomes its luma.
    pub fn with_channels(self, channels: usize) -> Tile {
        match (self.planes.len(), channels) {
            (1, 3) => {
                let [grey] = <[Plane; 1]>::try_from(self.planes).expect("one plane was counted");
                Tile::new(self.region, vec![grey.clone(), grey.clone(), grey])
            }
            (3, 1) => Tile::new(self.region, vec![self.luma()]),
            _ => self,
        }
    }
}
