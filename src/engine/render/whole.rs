//! Whole pictures, tile by tile on all threads: at full size, or scaled down.

use std::sync::atomic::{AtomicUsize, Ordering};

use pulp::Arch;
use rayon::prelude::*;

use super::Cancel;
use super::plan::Plan;
use crate::engine::raster::{
    Depth, Image, Layout, Plane, Region, Resample, Samples, Tile, join, store,
};

/// The render was cancelled: there is no picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cancelled")]
pub struct Cancelled;

/// Told after each piece of work: how many of how many rows are done. Called from any thread.
pub type Progress<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Size of the tiles in which a picture is rendered, in pixels. It changes the time that a render
/// takes and never its result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileSize {
    /// Columns, at least 1.
    pub width: usize,
    /// Rows, at least 1.
    pub height: usize,
}

impl TileSize {
    /// A size that suits how far the plan's layers read.
    fn for_plan(plan: &Plan) -> Self {
        Self::for_halo(plan.halo())
    }

    /// The same for bands that are coded while others are made: 64 rows wherever that costs little, as many as codecs
    /// take together.
    pub(super) fn for_bands(plan: &Plan) -> Self {
        let height = (4 * plan.halo()).next_power_of_two().clamp(64, 1024);
        Self {
            width: height.max(BAND_WIDTH),
            height,
        }
    }

    /// A size that suits how far beyond a tile is read: wide rims ask for larger tiles.
    pub(super) fn for_halo(halo: usize) -> Self {
        let side = (4 * halo).next_power_of_two().clamp(256, 1024);
        Self {
            width: side,
            height: side,
        }
    }
}

/// Columns of the tiles of low bands: with the planes that are made for them they stay in a core's cache.
const BAND_WIDTH: usize = 512;

/// Rows of the source that one piece of a reduced render should have at least.
const REDUCED_BAND: usize = 128;

impl Plan {
    /// Renders the whole picture at full size, in the given depth. Alpha is carried over.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn render(
        &self,
        depth: Depth,
        progress: Progress,
        cancel: &Cancel,
    ) -> Result<Image, Cancelled> {
        self.render_in_tiles(depth, TileSize::for_plan(self), progress, cancel)
    }

    /// The same, in tiles of a given size.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn render_in_tiles(
        &self,
        depth: Depth,
        size: TileSize,
        progress: Progress,
        cancel: &Cancel,
    ) -> Result<Image, Cancelled> {
        let assembly = self.assembly(size, progress, cancel);
        assembly.image(depth, &|region| self.tile(region, cancel))
    }

    fn assembly<'a>(
        &'a self,
        size: TileSize,
        progress: Progress<'a>,
        cancel: &'a Cancel,
    ) -> Assembly<'a> {
        let picture = self.picture();
        Assembly {
            bounds: picture.bounds(),
            layout: picture.layout(),
            alpha: Some(picture),
            size,
            progress,
            cancel,
        }
    }

    /// Renders a region, which must lie inside the picture, and scales it down to `width` ×
    /// `height` pixels: the true picture, never a render of a smaller one.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn render_reduced(
        &self,
        region: Region,
        (width, height): (usize, usize),
        cancel: &Cancel,
    ) -> Result<Tile, Cancelled> {
        let render = |region| self.tile(region, cancel);
        reduce(region, (width, height), cancel, render)
    }

    /// The coverage of a layer's masks in a region, scaled down in the same way; `None` where the
    /// layer has none, or does not apply.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn coverage_reduced(
        &self,
        layer: usize,
        region: Region,
        size: (usize, usize),
        cancel: &Cancel,
    ) -> Result<Option<Plane>, Cancelled> {
        let has_masks = |step: &super::plan::Step| step.index == layer && !step.masks.is_empty();
        if !self.steps.iter().any(has_masks) {
            return Ok(None);
        }
        let tile = reduce(region, size, cancel, |region| {
            let coverage = self.coverage(layer, region, cancel);
            Tile::new(region, coverage.into_iter().collect())
        })?;
        Ok(tile.planes().first().cloned())
    }
}

/// A whole picture that is put together from tiles, on all threads.
pub(super) struct Assembly<'a> {
    /// The picture, or the part of it that is put together.
    pub bounds: Region,
    /// Its channels.
    pub layout: Layout,
    /// The picture of that size whose alpha it gets, if it has any.
    pub alpha: Option<&'a Image>,
    pub size: TileSize,
    pub progress: Progress<'a>,
    pub cancel: &'a Cancel,
}

/// What makes the colour planes of a region.
pub(super) type MakeTile<'a> = &'a (dyn Fn(Region) -> Tile + Sync);

impl Assembly<'_> {
    /// The picture in a depth, of the tiles that `make` makes.
    pub fn image(&self, depth: Depth, make: MakeTile) -> Result<Image, Cancelled> {
        let samples = match depth {
            Depth::Eight => Samples::Eight(self.samples(make, store::to_eight)?),
            Depth::Sixteen => Samples::Sixteen(self.samples(make, store::to_sixteen)?),
            Depth::Float => Samples::Float(self.samples(make, store::to_float)?),
        };
        let image = Image::new(self.bounds.width, self.bounds.height, self.layout, samples);
        Ok(image.expect("as many samples as the picture has"))
    }

    /// All interleaved samples, each stored by `store`.
    fn samples<T: Copy + Default + Send>(
        &self,
        make: MakeTile,
        store: impl Fn(f32) -> T + Copy + Sync,
    ) -> Result<Vec<T>, Cancelled> {
        let (width, height) = (self.bounds.width, self.bounds.height);
        let row = width * self.layout.channels();
        let rows = self.size.height.max(1);
        let mut samples = vec![T::default(); row * height];
        let done = AtomicUsize::new(0);
        let bands = samples.par_chunks_mut(row * rows).enumerate();
        bands.try_for_each(|(i, band)| {
            let top = self.bounds.y + i * rows;
            let region = Region::new(self.bounds.x, top, width, rows).within(&self.bounds);
            self.band(make, region, band, store)?;
            let before = done.fetch_add(region.height, Ordering::Relaxed);
            (self.progress)(before + region.height, height);
            Ok(())
        })?;
        Ok(samples)
    }

    /// Fills the samples of one band of rows, each tile as soon as it is made.
    fn band<T: Copy + Send>(
        &self,
        make: MakeTile,
        band: Region,
        samples: &mut [T],
        store: impl Fn(f32) -> T + Copy + Sync,
    ) -> Result<(), Cancelled> {
        let (channels, width) = (self.layout.channels(), self.size.width.max(1));
        let mut tiles: Vec<(usize, Vec<&mut [T]>)> = (0..band.width)
            .step_by(width)
            .map(|x| (x, Vec::new()))
            .collect();
        for row in samples.chunks_exact_mut(band.width * channels) {
            for ((_, rows), part) in tiles.iter_mut().zip(row.chunks_mut(width * channels)) {
                rows.push(part);
            }
        }
        tiles.into_par_iter().try_for_each(|(x, rows)| {
            let region = Region::new(band.x + x, band.y, width, band.height).within(&band);
            let tile = make(region);
            if self.cancel.is_cancelled() {
                return Err(Cancelled);
            }
            self.write(&tile, rows, store);
            Ok(())
        })
    }

    /// Stores the samples of a tile, row by row.
    fn write<T: Copy>(&self, tile: &Tile, rows: Vec<&mut [T]>, store: impl Fn(f32) -> T + Copy) {
        let arch = Arch::new();
        let alpha = self.alpha.and_then(|it| it.alpha(tile.region()));
        let planes: Vec<&Plane> = tile.planes().iter().chain(&alpha).collect();
        for (y, out) in rows.into_iter().enumerate() {
            let planes: Vec<&[f32]> = planes.iter().map(|it| it.row(y)).collect();
            join(arch, &planes, out, store);
        }
    }
}

/// Renders a region band by band and scales each band down, so that the region never exists as a
/// whole.
fn reduce(
    region: Region,
    (width, height): (usize, usize),
    cancel: &Cancel,
    render: impl Fn(Region) -> Tile + Sync,
) -> Result<Tile, Cancelled> {
    let resample = Resample::new((region.width, region.height), (width, height));
    let rows = (REDUCED_BAND * height / region.height.max(1)).max(1);
    let bands: Vec<Region> = (0..height)
        .step_by(rows)
        .map(|y| Region::new(0, y, width, rows.min(height - y)))
        .collect();
    let bands: Vec<Vec<Plane>> = bands
        .into_par_iter()
        .map(|band| {
            let needs = resample.needs(band);
            let tile = render(Region {
                x: region.x + needs.x,
                y: region.y + needs.y,
                ..needs
            });
            if cancel.is_cancelled() {
                return Err(Cancelled);
            }
            let planes = tile.planes().iter();
            Ok(planes.map(|it| resample.apply(it, band)).collect())
        })
        .collect::<Result<_, _>>()?;
    let channels = bands.first().map_or(0, Vec::len);
    let planes = (0..channels).map(|channel| {
        let rows = bands.iter().flat_map(|it| it[channel].samples());
        Plane::from_samples(width, height, rows.copied().collect())
    });
    Ok(Tile::new(Region::of_size(width, height), planes.collect()))
}
