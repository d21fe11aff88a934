//! Where the AI took texture away.
//!
//! With an original, the local energy of the fine band is compared with the original's. Without
//! one, it is compared with what the picture's next octave promises: real skin has more energy
//! from 1 to 2 px than from 2 to 4 px, and smoothed skin has less.

use super::MaskSources;
use crate::engine::operations::parameter::{Allowed, Parameter, Settings, parameter};
use crate::engine::operations::{Cancel, Gaussian, HighPass};
use crate::engine::original::Original;
use crate::engine::raster::{Image, Plane, Region};

/// The fine band is what a Gaussian of this radius takes away, in pixels.
const FINE: f64 = 2.0;

/// Without an original the fine band is split once more, here.
const FINEST: f64 = 1.0;

/// Amplitude that counts as no texture beside an original: less than half a level of 8 bits.
const FLOOR_WITH_ORIGINAL: f32 = 0.0015;

/// Amplitude of the next octave that promises nothing: a tenth of a level of 8 bits.
const FLOOR_ALONE: f32 = 0.0004;

/// Base-2 logarithm of the finest octave's amplitude over the next one's, below which skin begins
/// to look smoothed. Untouched skin of photographs has 0.6 to 1.1 in its median; the same skin
/// after a network smoothed it has −0.2 to 0.2.
const PROMISED_RATIO: f32 = 0.5;

/// How far the logarithm falls from there until all texture counts as lost.
const RATIO_RANGE: f32 = 0.7;

/// Settings of the `smoothed` mask.
#[derive(Clone, Debug, PartialEq)]
pub struct Smoothed {
    /// Share of the texture that may be missing before a place counts as smoothed.
    pub threshold: f64,
    /// From there, the further share that must be missing for full coverage.
    pub softness: f64,
    /// Radius over which energy is gathered, which is also the softness of the edge, in pixels.
    pub feather: f64,
    /// Turned round.
    pub invert: bool,
}

impl Default for Smoothed {
    fn default() -> Self {
        Self {
            threshold: 0.1,
            softness: 0.6,
            feather: 8.0,
            invert: false,
        }
    }
}

impl Settings for Smoothed {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(
            threshold,
            "",
            Allowed::number(0.0, 1.0, 0.01, 0.1),
            "share of texture that may be missing"
        ),
        parameter!(
            softness,
            "",
            Allowed::number(0.01, 1.0, 0.01, 0.1),
            "further share until full coverage"
        ),
        parameter!(
            feather,
            "px",
            Allowed::number(1.0, 64.0, 0.5, 4.0),
            "softness of the mask's edge"
        ),
        parameter!(invert, "", Allowed::Flag, "turned round"),
    ];
}

impl Smoothed {
    /// The coverage in a region of the picture.
    pub fn coverage(&self, sources: &MaskSources, region: Region, cancel: &Cancel) -> Plane {
        let (threshold, softness) = (self.threshold as f32, self.softness as f32);
        self.loss(sources, region, cancel)
            .map(|loss| ((loss - threshold) / softness).clamp(0.0, 1.0))
    }

    /// The share of texture that is missing, 0..=1.
    fn loss(&self, sources: &MaskSources, region: Region, cancel: &Cancel) -> Plane {
        let bounds = sources.picture.bounds();
        let gather = Gaussian::new(self.feather);
        let around = region.expanded(gather.halo(), &bounds);
        let amplitude = |band: Plane| {
            gather
                .blur(&band.map(|it| it * it), around, region, bounds, cancel)
                .map(f32::sqrt)
        };
        let beside = |original: &Original| {
            let (picture, original) = (
                |it| sources.picture.tile(it).luma(),
                |it| original.tile(it).luma(),
            );
            let mine = amplitude(fine_band(picture, around, bounds, cancel));
            let theirs = amplitude(fine_band(original, around, bounds, cancel));
            mine.zip_map(&theirs, |mine, theirs| {
                let floor = FLOOR_WITH_ORIGINAL * FLOOR_WITH_ORIGINAL;
                let kept = (mine * mine + floor) / (theirs * theirs + floor);
                (1.0 - kept.sqrt()).clamp(0.0, 1.0)
            })
        };
        let alone = || {
            let (finest, next) = octaves(sources.picture, around, cancel);
            let promise = libm::exp2f(PROMISED_RATIO) * FLOOR_ALONE;
            amplitude(finest).zip_map(&amplitude(next), |finest, next| {
                let ratio = libm::log2f((finest + promise) / (next + FLOOR_ALONE));
                ((PROMISED_RATIO - ratio) / RATIO_RANGE).clamp(0.0, 1.0)
            })
        };
        let Some(original) = sources.original else {
            return alone();
        };
        match original.confidence(region) {
            None => beside(original),
            // Where the original shows something else, the picture is measured by itself.
            Some(sure) => {
                let toward_alone = alone().zip_map(&sure, |alone, sure| (1.0 - sure) * alone);
                let beside = beside(original).zip_map(&sure, |beside, sure| sure * beside);
                beside.zip_map(&toward_alone, |beside, alone| beside + alone)
            }
        }
    }
}

/// A luma, high-passed.
fn fine_band(
    luma: impl Fn(Region) -> Plane,
    region: Region,
    bounds: Region,
    cancel: &Cancel,
) -> Plane {
    let high_pass = HighPass::new(FINE);
    let from = region.expanded(high_pass.halo(), &bounds);
    high_pass.detail(&luma(from), from, region, bounds, cancel)
}

/// The luma of a picture in its finest octave and the one after.
fn octaves(picture: &Image, region: Region, cancel: &Cancel) -> (Plane, Plane) {
    let bounds = picture.bounds();
    let (finest, fine) = (Gaussian::new(FINEST), Gaussian::new(FINE));
    let from = region.expanded(fine.halo(), &bounds);
    let luma = picture.tile(from).luma();
    let once = finest.blur(&luma, from, region, bounds, cancel);
    let twice = fine.blur(&luma, from, region, bounds, cancel);
    let part = Region {
        x: region.x - from.x,
        y: region.y - from.y,
        ..region
    };
    (
        luma.crop(part).zip_map(&once, |luma, once| luma - once),
        once.zip_map(&twice, |once, twice| once - twice),
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::masks::Found;
    use crate::engine::operations::Random;
    use crate::engine::raster::{Layout, Samples};

    const SIDE: usize = 160;

    /// Skin of a kind: soft tone and grain that is a little coarser than a pixel.
    fn skin() -> Image {
        let random = Random::new(3, 0, 0);
        let bounds = Region::of_size(SIDE, SIDE);
        let grain = (0..SIDE * SIDE).map(|i| random.row(i / SIDE).signed(i % SIDE));
        let grain = Plane::from_samples(SIDE, SIDE, grain.collect());
        let grain = Gaussian::new(0.6).blur(&grain, bounds, bounds, bounds, &Cancel::default());
        picture(grain.map(|it| 0.6 + 0.05 * it))
    }

    fn picture(plane: Plane) -> Image {
        let samples = Samples::Float(plane.samples().to_vec());
        Image::new(SIDE, SIDE, Layout::Grey, samples).expect("a square")
    }

    /// The skin, smoothed in its left half.
    fn half_smoothed() -> Image {
        let skin = skin();
        let bounds = skin.bounds();
        let tile = skin.tile(bounds);
        let smooth = Gaussian::new(2.0).blur(
            &tile.planes()[0],
            bounds,
            bounds,
            bounds,
            &Cancel::default(),
        );
        let mut mixed = tile.planes()[0].clone();
        for y in 0..SIDE {
            mixed.row_mut(y)[..SIDE / 2].copy_from_slice(&smooth.row(y)[..SIDE / 2]);
        }
        picture(mixed)
    }

    fn means(picture: &Image, original: Option<&Image>) -> (f32, f32) {
        let lie = |it: &Image| Original::as_it_lies(Arc::new(it.clone()), picture.bounds());
        let original = original.and_then(lie);
        let sources = MaskSources {
            picture,
            original: original.as_ref(),
            file: None,
            found: &Found::default(),
        };
        let mask = Smoothed::default();
        let plane = mask.coverage(&sources, picture.bounds(), &Cancel::default());
        let mean = |from: usize, to: usize| {
            let rows = (0..SIDE).flat_map(|y| &plane.row(y)[from..to]);
            rows.sum::<f32>() / ((to - from) * SIDE) as f32
        };
        // The soft edge between the halves is left out.
        (mean(0, SIDE / 2 - 24), mean(SIDE / 2 + 24, SIDE))
    }

    #[test]
    fn the_smoothed_half_is_found_with_an_original() {
        let (left, right) = means(&half_smoothed(), Some(&skin()));
        assert!(left > 0.95 && right < 0.02, "{left}, {right}");
    }

    #[test]
    fn the_smoothed_half_is_found_without_an_original() {
        let (left, right) = means(&half_smoothed(), None);
        assert!(left > 0.95 && right < 0.05, "{left}, {right}");
    }

    #[test]
    fn a_flat_picture_promises_nothing() {
        let flat = picture(Plane::filled(SIDE, SIDE, 0.7));
        assert_eq!(means(&flat, None), (0.0, 0.0));
        assert_eq!(means(&flat, Some(&flat)), (0.0, 0.0));
    }
}
