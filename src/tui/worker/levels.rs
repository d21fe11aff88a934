//! A picture with its reduced copies, which drafts are made from.

use std::sync::Arc;

use crate::engine::raster::{Image, Region};
use crate::engine::render::{Cancel, Findings, Inputs as RenderInputs};
use crate::tui::geometry::Frame;
use crate::tui::message::Histogram;

/// Reduced copies of a picture are made until it is no larger than this, in pixels a side.
const SMALLEST_COPY: usize = 512;

/// Steps of luma that the histogram tells apart.
const HISTOGRAM_BINS: usize = 128;

/// The picture and its reduced copies, with everything beside it reduced as well.
pub fn levels(full: RenderInputs) -> Vec<RenderInputs> {
    let mut levels = vec![full.clone()];
    while let Some(last) = levels.last()
        && last.picture.width().max(last.picture.height()) > SMALLEST_COPY
    {
        let halve = |image: &Arc<Image>| Arc::new(image.halved());
        let next = RenderInputs {
            picture: halve(&last.picture),
            original: last.original.as_ref().map(halve),
            files: last
                .files
                .iter()
                .map(|(path, it)| (path.clone(), halve(it)))
                .collect(),
            findings: Arc::new(Findings::of_copies(full.clone())),
            cancel: Cancel::default(),
        };
        levels.push(next);
    }
    levels
}

/// The shares of a picture by luma. Noise is outvoted in a reduced copy, as the mask smooths it away.
pub fn histogram(picture: &Image) -> Histogram {
    let mut counts = vec![0.0f32; HISTOGRAM_BINS];
    for luma in picture.tile(picture.bounds()).luma().samples() {
        let bin = (luma * HISTOGRAM_BINS as f32) as usize;
        counts[bin.min(HISTOGRAM_BINS - 1)] += 1.0;
    }
    let largest = counts.iter().copied().fold(1.0, f32::max);
    Histogram(counts.iter().map(|it| it / largest).collect())
}

/// Pixels that a draft renders at most.
const DRAFT_PIXELS: f64 = 300_000.0;

/// The reduced copy that a frame is drafted from, and its scale: as fine as the screen, or as fine as is quick.
pub fn level_for(frame: Frame, levels: usize) -> (usize, f64) {
    let as_fine = (-frame.scale.log2()).floor().max(0.0);
    let pixels = frame.region.width as f64 * frame.region.height as f64;
    // Each level has a quarter of the pixels.
    let quick = ((pixels / DRAFT_PIXELS).log2() / 2.0).ceil();
    let level = as_fine.max(quick) as usize;
    let level = level.min(levels - 1);
    (level, 0.5f64.powi(level as i32))
}

/// A region as it lies in a reduced copy.
pub fn reduced_region(region: Region, scale: f64, bounds: Region) -> Region {
    let down = |length: usize| (length as f64 * scale).floor() as usize;
    Region::new(
        down(region.x),
        down(region.y),
        down(region.width).max(1),
        down(region.height).max(1),
    )
    .within(&bounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::geometry::{Size, View, Zoom};

    #[test]
    fn drafts_are_as_fine_as_the_screen_or_as_is_quick() {
        let level = |zoom, picture: (usize, usize), available: (usize, usize)| {
            let (picture, available) = (
                Size::new(picture.0, picture.1),
                Size::new(available.0, available.1),
            );
            let view = View {
                zoom,
                centre: (0.5, 0.5),
            };
            level_for(view.frame(picture, available), 6)
        };
        assert_eq!(level(Zoom::Fit, (6000, 4000), (640, 640)), (4, 1.0 / 16.0));
        assert_eq!(level(Zoom::Fit, (6000, 4000), (300, 300)), (4, 1.0 / 16.0));
        assert_eq!(
            level(Zoom::Fit, (6000, 4000), (2000, 2000)),
            (4, 1.0 / 16.0)
        );
        assert_eq!(level(Zoom::Fit, (6000, 4000), (80, 80)), (5, 1.0 / 32.0));
        assert_eq!(level(Zoom::Scale(0.5), (6000, 4000), (300, 300)), (1, 0.5));
        assert_eq!(level(Zoom::Fit, (600, 400), (300, 300)), (1, 0.5));
    }
}
