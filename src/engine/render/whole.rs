//! Whole pictures, tile by tile on all threads: at full size, or scaled down.

use std::sync::atomic::{AtomicUsize, Ordering};

use pulp::Arch;
use rayon::iter::MaxLen;
use rayon::prelude::*;

use super::Cancel;
use super::plan::Plan;
use super::stack::Wanted;
use crate::engine::raster::{
    Depth, Image, Layout, Plane, Region, Resample, Samples, Summing, Tile, join, store,
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
        let height = (4 * plan.halo()).next_power_of_two();
        let height = height.clamp(plan.least_rows(), 1024);
        let width = match plan.rim() {
            0 if plan.has_masks() => MASKED_WIDTH,
            0 => LONG_ROWS,
            _ => BAND_WIDTH,
        };
        Self {
            width: height.max(width),
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
const BAND_WIDTH: usize = 1024;

/// The same where every row is made by itself: reading long ones waits less for memory.
const LONG_ROWS: usize = 8192;

/// The same where masks may leave some tiles as they are.
const MASKED_WIDTH: usize = 2048;

/// A region that is scaled down is rendered in so many tiles from top to bottom at least, unless they had fewer rows
/// than this.
const PARTS: usize = 8;
const LEAST_ROWS: usize = 32;

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
        let channels = self.picture().layout().colours();
        let tiles = (self.reduced_tiles(region), channels);
        let rows = |region: Region, take: Take| {
            self.stack(region, Wanted::Pixels, cancel)
                .rows(cancel, take);
        };
        reduce(region, (width, height), tiles, cancel, &rows)
    }

    /// Finds out where the layers over its [base](Self::over) paint in a region, so that what is
    /// [reduced](Self::render_reduced) later from the region to that size need not find it. Nothing without a base.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn prepare_reduced(
        &self,
        region: Region,
        size: (usize, usize),
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let resample = Resample::new((region.width, region.height), size);
        let tiles = tiles_to_reduce(region, size, self.reduced_tiles(region), &resample);
        one_by_one(tiles.par_iter()).try_for_each(|(_, from)| {
            self.find_coverage(*from, cancel);
            match cancel.is_cancelled() {
                true => Err(Cancelled),
                false => Ok(()),
            }
        })
    }

    /// Tiles as they are rendered, but no fewer than threads that wait for them.
    fn reduced_tiles(&self, region: Region) -> TileSize {
        let size = TileSize::for_bands(self);
        TileSize {
            height: size.height.min((region.height / PARTS).max(LEAST_ROWS)),
            ..size
        }
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
        let rows = |region: Region, take: Take| {
            if let Some(coverage) = self.coverage(layer, region, cancel) {
                for y in 0..region.height {
                    take((0, y), &[coverage.row(y).to_vec()]);
                }
            }
        };
        let tiles = (TileSize::for_bands(self), 1);
        let tile = reduce(region, size, tiles, cancel, &rows)?;
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
        Ok(self.of(samples))
    }

    /// The picture in floats as they are made.
    pub fn unclamped(&self, make: MakeTile) -> Result<Image, Cancelled> {
        Ok(self.of(Samples::Float(self.samples(make, |it| it)?)))
    }

    fn of(&self, samples: Samples) -> Image {
        let image = Image::new(self.bounds.width, self.bounds.height, self.layout, samples);
        image.expect("as many samples as the picture has")
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
        // Who hears of the last bands may cancel as well.
        match self.cancel.is_cancelled() {
            true => Err(Cancelled),
            false => Ok(samples),
        }
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

/// What takes the rows of a region from the top, whole or in pieces: the first column and the row of each.
type Take<'a> = &'a mut dyn FnMut((usize, usize), &[Vec<f32>]);

/// What hands on the rows of a region.
type MakeRows<'a> = &'a (dyn Fn(Region, Take) + Sync);

/// Renders a region in tiles of about a size and scales each of them down while its rows are made, so that neither the
/// region nor a tile ever exists as a whole.
fn reduce(
    region: Region,
    (width, height): (usize, usize),
    (size, channels): (TileSize, usize),
    cancel: &Cancel,
    rows: MakeRows,
) -> Result<Tile, Cancelled> {
    let resample = Resample::new((region.width, region.height), (width, height));
    let tiles = tiles_to_reduce(region, (width, height), size, &resample);
    let parts = one_by_one(tiles.par_iter()).map(|(to, from)| {
        let mut summing = Summing::new(&resample, *to, channels);
        rows(*from, &mut |place, row| summing.add(place, row));
        match cancel.is_cancelled() {
            true => Err(Cancelled),
            false => Ok(summing.finish()),
        }
    });
    let parts: Vec<Vec<Plane>> = parts.collect::<Result<_, _>>()?;
    let mut planes = vec![Plane::unfilled(width, height); channels];
    for (part, (to, _)) in parts.iter().zip(&tiles) {
        for (plane, part) in planes.iter_mut().zip(part) {
            plane.paste(part, *to);
        }
    }
    Ok(Tile::new(Region::of_size(width, height), planes))
}

/// Pieces of work, each of which any thread may take: the last ones are not left to one thread.
pub(super) fn one_by_one<I: IndexedParallelIterator>(pieces: I) -> MaxLen<I> {
    pieces.with_max_len(1)
}

/// The tiles of a region that is scaled down, of about a size: where each lies in the result, and what of the picture it
/// is made from.
fn tiles_to_reduce(
    region: Region,
    (width, height): (usize, usize),
    size: TileSize,
    resample: &Resample,
) -> Vec<(Region, Region)> {
    let reduced = |length: usize, from: usize, to: usize| (length * to / from.max(1)).max(1);
    let size = (
        reduced(size.width, region.width, width),
        reduced(size.height, region.height, height),
    );
    let whole = Region::of_size(width, height);
    let corners = (0..height).step_by(size.1);
    let corners = corners.flat_map(|y| (0..width).step_by(size.0).map(move |x| (x, y)));
    let tile = |(x, y)| {
        let to = Region::new(x, y, size.0, size.1).within(&whole);
        let needs = resample.needs(to);
        let from = Region {
            x: region.x + needs.x,
            y: region.y + needs.y,
            ..needs
        };
        (to, from)
    };
    corners.map(tile).collect()
}
