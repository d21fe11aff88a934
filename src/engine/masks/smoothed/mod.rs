//! Where the AI took texture away.
//!
//! With an original, the local energy of each fine octave is compared with the original's. Without one, the finest
//! octave is compared with what the next one promises: real skin has as much of both or more of the finer, and
//! smoothed skin has less. Geometric means are compared, which see what is everywhere rather than a few features. Blur by
//! focus does the same to edges, so what lies between soft edges is left alone. Where a face tells what is skin, nothing
//! else counts; skin with next to nothing in its finest octave does, and so does the skin around a place as a whole, whose
//! octaves are strong in the same places where a network made it. Where that leaves doubt, a loss below the usual threshold says
//! how much of it.

mod blocks;
mod changes;
mod loss;
mod octaves;
mod skin_cells;
mod surroundings;
mod untouched;

use std::sync::Arc;

use super::MaskSources;
use super::bilinear::Bilinear;
use crate::engine::operations::Cancel;
use crate::engine::operations::parameter::{Allowed, Parameter, Settings, parameter};
use crate::engine::original::Original;
use crate::engine::raster::{Plane, Region};
use octaves::CELL;
use skin_cells::SkinCells;

/// Without an original, coverage of what lost just the threshold, at most, and for each unit of a low threshold: below it,
/// coverage fades out by the loss's square, so that of two places the one that lost more is covered more, if hardly.
const TOE: f32 = 0.04;
const TOE_SLOPE: f32 = 0.4;

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
            softness: 0.2,
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

/// What a picture's losses are found for: the feather's bits, and the original they are found beside, if any.
pub type LossesOf = (u64, Option<Original>);

impl Smoothed {
    /// Looks at the whole pictures now, so that [`coverage`](Self::coverage) in many threads at once need not.
    pub fn prepare(&self, sources: &MaskSources, cancel: &Cancel) {
        if let Some(original) = sources.original {
            self.losses(sources, Some(original), cancel);
        }
        if needs_alone(sources) {
            self.losses(sources, None, cancel);
        }
    }

    /// The coverage in a region of the picture.
    pub fn coverage(&self, sources: &MaskSources, region: Region) -> Plane {
        let is_alone = sources.original.is_none();
        self.loss(sources, region, self.of_loss(is_alone))
    }

    /// The coverage of a loss, which is less sure where the picture is measured by itself.
    fn of_loss(&self, is_alone: bool) -> impl Fn(f32) -> f32 + use<> {
        let (threshold, softness) = (self.threshold as f32, self.softness as f32);
        let toe = match is_alone {
            true => TOE.min(threshold * TOE_SLOPE),
            false => 0.0,
        };
        let per_threshold = 1.0 / threshold.max(1e-6);
        move |loss| {
            let above = ((loss - threshold) / softness).clamp(0.0, 1.0);
            let below = (loss * per_threshold).min(1.0);
            above.max(toe * below * below)
        }
    }

    /// What `coverage` makes of the share of texture that is missing, 0..=1.
    fn loss(&self, sources: &MaskSources, region: Region, coverage: impl Fn(f32) -> f32) -> Plane {
        let losses = |original| self.losses(sources, original, &Cancel::default());
        let confidence = sources.original.map(|it| it.confidence(region));
        let Some(Some(sure)) = confidence else {
            return read(losses(sources.original), region, coverage);
        };
        // Where the original shows something else, the picture is measured by itself.
        let [alone, beside] =
            [None, sources.original].map(|it| read(losses(it), region, |loss| loss));
        let toward_alone = alone.zip_map(&sure, |alone, sure| (1.0 - sure) * alone);
        let beside = beside.zip_map(&sure, |beside, sure| sure * beside);
        beside.zip_map(&toward_alone, |beside, alone| coverage(beside + alone))
    }

    /// The losses in cells, beside an original or by itself, and the side of a cell in pixels. Found once and remembered;
    /// those of a smaller copy are those of the full picture, as its own octaves are other ones.
    fn losses(
        &self,
        sources: &MaskSources,
        original: Option<&Original>,
        cancel: &Cancel,
    ) -> (Arc<Plane>, f32) {
        let wanted = (self.feather, original.is_some());
        if let Some((losses, factor)) = sources.found.losses_of_full(sources.picture, wanted) {
            return (losses, CELL as f32 / factor as f32);
        }
        let key = (self.feather.to_bits(), original.cloned());
        let find = || match original {
            Some(original) => loss::beside(sources.picture, original, self.feather, cancel),
            None => {
                let skin = skin_in_cells(sources);
                loss::alone(sources.picture, skin.as_ref(), self.feather, cancel)
            }
        };
        let losses = sources.found.losses.recall(key, cancel, find);
        (losses, CELL as f32)
    }
}

/// What `coverage` makes of losses in cells of so many pixels a side, in a region of pixels.
fn read((losses, side): (Arc<Plane>, f32), region: Region, coverage: impl Fn(f32) -> f32) -> Plane {
    let mut cells = Bilinear::new([side; 2], [&losses], region);
    let mut plane = Plane::unfilled(region.width, region.height);
    for y in 0..region.height {
        cells.row_of(y, plane.row_mut(y), &coverage);
    }
    plane
}

/// The skin in the picture's cells, where a face tells.
fn skin_in_cells(sources: &MaskSources) -> Option<SkinCells> {
    let skin = sources.found.likely_skin(sources.picture)?;
    let copy = sources.found.copy(sources.picture);
    let brightest = copy.planes().iter().cloned();
    let brightest = brightest.reduce(|one, other| one.zip_map(&other, f32::max))?;
    let all = octaves::cells(sources.picture.bounds());
    let faces = sources.found.faces(sources.picture);
    Some(SkinCells::new(&skin, [copy.luma(), brightest], faces, all))
}

/// Whether the picture is measured by itself somewhere.
fn needs_alone(sources: &MaskSources) -> bool {
    sources.original.is_none_or(|it| !it.is_trusted())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::masks::Found;
    use crate::engine::operations::{Gaussian, Random};
    use crate::engine::raster::{Image, Layout, Samples};

    const SIDE: usize = 256;

    /// Columns of the left half with a hair in it, and those around it that stay sharp.
    const LASH: std::ops::Range<usize> = 63..65;
    const SHARP: std::ops::Range<usize> = 58..70;

    /// Skin of a kind: soft tone, grain that is a little coarser than a pixel, and a lash.
    fn skin() -> Plane {
        let random = Random::new(3, 0, 0);
        let grain = (0..SIDE * SIDE).map(|i| random.row(i / SIDE).signed(i % SIDE));
        let grain = Plane::from_samples(SIDE, SIDE, grain.collect());
        let mut skin = blurred(&grain, 0.6).map(|it| 0.6 + 0.15 * it);
        for y in 0..SIDE {
            skin.row_mut(y)[LASH].fill(0.3);
        }
        skin
    }

    fn blurred(plane: &Plane, radius: f64) -> Plane {
        let bounds = Region::of_size(SIDE, SIDE);
        Gaussian::new(radius).blur(plane, bounds, bounds, bounds, &Cancel::default())
    }

    fn picture(plane: Plane) -> Image {
        let samples = Samples::Float(plane.samples().to_vec());
        Image::new(SIDE, SIDE, Layout::Grey, samples).expect("a square")
    }

    /// The skin, smoothed in its left half, but for the lash.
    fn half_smoothed() -> Image {
        let (mut mixed, smooth) = (skin(), blurred(&skin(), 2.0));
        for y in 0..SIDE {
            let (mixed, smooth) = (mixed.row_mut(y), smooth.row(y));
            for part in [0..SHARP.start, SHARP.end..SIDE / 2] {
                mixed[part.clone()].copy_from_slice(&smooth[part]);
            }
        }
        picture(mixed)
    }

    /// The mean coverage between lash and middle, and right of the middle, but for soft edges.
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
        let plane = mask.coverage(&sources, picture.bounds());
        let mean = |columns: std::ops::Range<usize>| {
            let rows = (0..SIDE).flat_map(|y| &plane.row(y)[columns.clone()]);
            rows.sum::<f32>() / (columns.len() * SIDE) as f32
        };
        (
            mean(SHARP.end + 24..SIDE / 2 - 20),
            mean(SIDE / 2 + 24..SIDE),
        )
    }

    #[test]
    fn what_lost_more_is_covered_more_from_the_first_loss_on() {
        for threshold in [0.0, 0.001, 0.1, 0.9, 1.0] {
            let mask = Smoothed {
                threshold,
                ..Smoothed::default()
            };
            let coverage = (0..=1000).map(|it| mask.of_loss(true)(it as f32 / 1000.0));
            let coverage: Vec<f32> = coverage.collect();
            assert_eq!(coverage[0], 0.0, "{threshold}");
            assert!(coverage.is_sorted(), "{threshold}: {coverage:?}");
            let below = coverage[(999.0 * threshold) as usize];
            assert!(below <= TOE, "{threshold}: {below}");
        }
        let usual = Smoothed::default().of_loss(true);
        assert!(0.0 < usual(0.05) && usual(0.05) < usual(0.09));
        let beside = Smoothed::default().of_loss(false);
        assert_eq!(beside(0.09), 0.0);
        assert_eq!(beside(0.2), usual(0.2));
        assert!((usual(0.2) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn the_smoothed_half_is_found_with_an_original() {
        let (left, right) = means(&half_smoothed(), Some(&picture(skin())));
        assert!(left > 0.95 && right < 0.02, "{left}, {right}");
    }

    #[test]
    fn the_smoothed_half_is_found_without_an_original() {
        let (left, right) = means(&half_smoothed(), None);
        assert!(left > 0.9 && right < 0.02, "{left}, {right}");
    }

    /// The skin with another kind of it in its left half.
    fn left_half(other: impl Fn(Plane) -> Plane) -> Image {
        let (mut mixed, other) = (skin(), other(skin()));
        for y in 0..SIDE {
            mixed.row_mut(y)[..SIDE / 2].copy_from_slice(&other.row(y)[..SIDE / 2]);
        }
        picture(mixed)
    }

    /// A filter that leaves alone what stands out, and takes a part of all else.
    fn faint(skin: Plane) -> Plane {
        let low = blurred(&skin, 2.0);
        skin.zip_map(&low, |it, low| {
            let detail = it - low;
            let kept = (detail.abs() / 0.05).min(1.0);
            low + detail * kept
        })
    }

    #[test]
    fn a_faint_filter_is_found_to_its_edge_where_the_rest_is_as_it_was() {
        let original = picture(skin());
        let half = left_half(faint);
        let (left, right) = means(&half, Some(&original));
        assert!(left > 0.8 && right == 0.0, "{left}, {right}");
        // Where nothing is as it was, so little does not count.
        let (left, _) = means(&picture(faint(skin())), Some(&original));
        assert!(left < 0.4, "{left}");
    }

    /// What storing a picture adds to it: half a level or so, the same everywhere.
    fn stored(it: &Image) -> Image {
        let random = Random::new(9, 0, 0);
        let luma = it.luma(it.bounds());
        let noise = (0..SIDE * SIDE).map(|i| 0.004 * random.row(i / SIDE).signed(i % SIDE));
        let noise = Plane::from_samples(SIDE, SIDE, noise.collect());
        picture(luma.zip_map(&noise, |it, noise| it + noise))
    }

    #[test]
    fn a_faint_filter_is_found_to_its_edge_in_a_picture_stored_with_losses() {
        let original = picture(skin());
        let (left, right) = means(&stored(&left_half(faint)), Some(&original));
        assert!(left > 0.7 && right < 0.02, "{left}, {right}");
        // Where nothing but noise differs, nothing was smoothed, and where all was filtered, so little does not count.
        let (left, right) = means(&stored(&original), Some(&original));
        assert!(left < 0.02 && right < 0.02, "{left}, {right}");
        let (left, _) = means(&stored(&picture(faint(skin()))), Some(&original));
        assert!(left < 0.4, "{left}");
    }

    #[test]
    fn what_was_moved_or_made_brighter_was_not_smoothed() {
        let original = picture(skin());
        let moved = left_half(|skin| {
            let mut moved = skin.clone();
            for y in 0..SIDE {
                let from = skin.row((y + 2) % SIDE);
                moved.row_mut(y)[1..].copy_from_slice(&from[..SIDE - 1]);
            }
            moved
        });
        let brighter = left_half(|skin| skin.map(|it| 0.1 + 0.95 * it));
        for changed in [moved, brighter] {
            let (left, right) = means(&changed, Some(&original));
            assert!(left < 0.02 && right == 0.0, "{left}, {right}");
        }
    }

    #[test]
    fn a_flat_ground_that_stayed_does_not_say_that_the_rest_was_changed_on_purpose() {
        let on_ground = |mut plane: Plane| {
            for y in 0..SIDE {
                plane.row_mut(y)[..SIDE / 2].fill(0.9);
            }
            picture(plane)
        };
        let (_, right) = means(&on_ground(faint(skin())), Some(&on_ground(skin())));
        assert!(right < 0.4, "{right}");
    }

    #[test]
    fn each_octave_that_lost_texture_counts() {
        // The finest octave alone, and all but the finest.
        let (skin, soft) = (skin(), blurred(&skin(), 0.7));
        let coarse = blurred(&skin, 4.0);
        let fine = blurred(&skin, 1.0);
        let without_coarse = skin.clone().zip_map(&fine, |it, fine| it - fine);
        let without_coarse = without_coarse.zip_map(&coarse, |it, coarse| it + coarse);
        for smoothed in [soft, without_coarse] {
            let (left, right) = means(&picture(smoothed), Some(&picture(skin.clone())));
            assert!(left > 0.9 && right > 0.9, "{left}, {right}");
        }
    }

    #[test]
    fn a_picture_out_of_focus_is_not_smoothed() {
        let (left, right) = means(&picture(blurred(&skin(), 2.0)), None);
        assert!(left < 0.05 && right < 0.05, "{left}, {right}");
    }

    #[test]
    fn a_flat_picture_promises_nothing() {
        let flat = picture(Plane::filled(SIDE, SIDE, 0.7));
        assert_eq!(means(&flat, None), (0.0, 0.0));
        assert_eq!(means(&flat, Some(&flat)), (0.0, 0.0));
    }
}
