//! Where the best patches of a donor are: what the skin mask knows, and the search for windows.

use std::sync::Arc;

use super::{Inputs, Plan};
use crate::engine::masks::{Found, MaskName, MaskSources, Masks, Midtones};
use crate::engine::operations::parameter::{LARGEST_STRENGTH, Strength};
use crate::engine::operations::patches::{CELL, Patches, Usual, best_patches, cells};
use crate::engine::operations::{
    BUILT_IN, Cancel, FACE, FORMULA_DEVIATION, GLOSSY, Graft, LIBRARY_RIM, Rectangle, Surface,
    gloss, skin_by_formula,
};
use crate::engine::original::{Alignment, Mismatch};
use crate::engine::raster::{Image, Plane, Region, Resample};
use crate::engine::recipe::Operation;

/// The longest side of the copy on which skin is found, in pixels.
const COPY_SIDE: usize = 1024;

/// The usual amplitude of the octave after the finest in smoothed skin, and what its detail had in the photograph: networks
/// and filters leave a share of it that differs much, so that four times as much left tells of twice as much before. This is
/// of light skin; dark skin had more by its [`gloss`].
const LEFT: f64 = 1.0 / 255.0;
const BEFORE: f64 = 3.75 / 255.0;

/// Less than this is left by nothing but rounding.
const LEAST_LEFT: f64 = 0.3 / 255.0;

/// What is left counts as texture. But much of it was drawn by the network, so that this share is added at least.
const LEAST_ADDED: f64 = 0.6;

/// By how much less or more skin is made at most, but for dim light and the gloss of dark skin.
const STRONGER: [f64; 2] = [0.6, 2.0];

/// Skin whose usual tone is below this may lie where a mask of midtones holds back the most of a graft. By so much more is
/// made at most.
const DIM: f64 = 0.5;
const MOST_IN_DIM_LIGHT: f64 = 2.0;

/// From this gloss on, what shines on skin shows more texture than what lies in it.
const GLOSSIER: f64 = std::f64::consts::SQRT_2;

/// The least and the most that skin by formula is magnified. What faces have that would need less are features, no pores.
const SCALES: [f64; 2] = [0.25, 4.0];

/// The donor that is the picture itself.
pub const SELF: &str = "self";

/// The donor that is the picture's original.
pub const ORIGINAL: &str = "original";

impl Inputs {
    /// The picture that a graft's donor names.
    ///
    /// # Errors
    /// With the words that say why there is none.
    pub(super) fn donor(&self, graft: &Graft) -> Result<Arc<Image>, String> {
        match graft.donor.as_str() {
            SELF => Ok(self.picture.clone()),
            ORIGINAL => {
                let original = self.original.clone();
                original.ok_or_else(|| "its donor is the original, and there is none".to_string())
            }
            BUILT_IN => Ok(self.made(graft.scale, Surface::Matt)),
            GLOSSY => Ok(self.made(graft.scale, Surface::Glossy)),
            path => {
                let file = self.files.get(path).cloned();
                file.ok_or_else(|| format!("its donor {path} was not read"))
            }
        }
    }

    /// Skin by formula, made once.
    fn made(&self, scale: f64, surface: Surface) -> Arc<Image> {
        let make = || skin_by_formula(scale, surface);
        let made = &self.findings.made;
        made.recall((scale.to_bits(), surface), &self.cancel, make)
    }

    /// What a graft takes instead, if its donor is a picture that has no skin to give: skin by formula, glossy where that is
    /// dark, as coarse as suits the largest face, and as strong as suits what is left of the skin's texture, where any is,
    /// and its tone. `None` where there is
    /// something better, as an original of the same person, or no face to say how coarse. `midtones` is the layer's mask of
    /// them, if it has one.
    pub(super) fn built_in(&self, graft: &Graft, midtones: Option<&Midtones>) -> Option<Graft> {
        let is_theirs = || matches!(self.alignment(), Some(Err(Mismatch::Different)));
        if graft.donor != SELF || self.original.is_some() && !is_theirs() {
            return None;
        }
        let sizes = self.faces().iter().map(|it| it.size);
        let face = sizes.max_by(f64::total_cmp)?;
        let scale = graft.scale * face / FACE;
        let usual = self.searched(graft, &self.picture).usual;
        // What small faces have are features, no pores.
        let most = if scale < SCALES[0] {
            1.0
        } else {
            f64::INFINITY
        };
        let stronger = usual.map_or(1.0, |it| stronger(&it, midtones)).min(most);
        let scale = scale.clamp(SCALES[0], SCALES[1]);
        let strength = match graft.strength {
            Strength::Percent(it) => {
                // As it will be written, too.
                let tenths = (10.0 * stronger * it).round();
                Strength::Percent((tenths / 10.0).min(LARGEST_STRENGTH))
            }
            Strength::Match => Strength::Match,
        };
        Some(Graft {
            donor: built_in_for(usual.map(|it| it.tone)).to_string(),
            // As it will be written.
            scale: (100.0 * scale).round() / 100.0,
            strength,
            ..graft.clone()
        })
    }

    /// What a graft takes instead, if its donor is a picture that has no skin to give: the best patch of the original
    /// in places that the picture shows as well. `None` where there is none.
    pub(super) fn skin_of_original(&self, graft: &Graft, alignment: &Alignment) -> Option<Graft> {
        let donor = self.original.as_ref().filter(|_| graft.donor == SELF)?;
        let scale = (graft.scale * alignment.scale).clamp(0.25, 4.0);
        let key = (format!("{ORIGINAL} where it is trusted"), scale.to_bits());
        let found = self.findings.patches.recall(key, &self.cancel, || {
            let Some(mut skin) = skin_of(donor) else {
                return Patches::default();
            };
            for row in 0..skin.height() {
                for (column, skin) in skin.row_mut(row).iter_mut().enumerate() {
                    let middle = [column, row].map(|it| (it * CELL + CELL / 2) as f64);
                    *skin *= alignment.trust_at(middle, self.picture.bounds());
                }
            }
            // Stubble would not suit everywhere.
            let smooth = best_patches(donor, &skin, (scale, true), &self.cancel);
            match smooth.best.is_empty() {
                true => best_patches(donor, &skin, (scale, false), &self.cancel),
                false => smooth,
            }
        });
        Some(Graft {
            donor: ORIGINAL.to_string(),
            patch: Some(*found.best.first()?),
            scale,
            ..graft.clone()
        })
    }

    /// The patches of a graft's donor that suit it best, the best first; at most three, none over
    /// another. Found once and remembered.
    ///
    /// # Errors
    /// With the words that say why there is none.
    pub fn patches(&self, graft: &Graft) -> Result<Vec<Rectangle>, String> {
        let donor = &self.donor(graft)?;
        if graft.has_library_donor() || graft.has_built_in_donor() {
            return whole_patch(donor).map(|it| vec![it]);
        }
        let found = self.searched(graft, donor);
        if found.best.is_empty() {
            return Err(match graft.donor.as_str() {
                SELF => "no unspoiled skin was found in the picture; \
                         mark a patch, or name a donor that has some"
                    .to_string(),
                _ => "no even skin was found in its donor; mark a patch".to_string(),
            });
        }
        Ok(found.best.clone())
    }

    /// What is found in the skin of a graft's donor.
    fn searched(&self, graft: &Graft, donor: &Image) -> Arc<Patches> {
        let key = (graft.donor.clone(), graft.scale.to_bits());
        self.findings.patches.recall(key, &self.cancel, || {
            let skin = skin_of(donor).or_else(|| {
                // A picture of skin alone, as donor files are, has neither face nor surroundings.
                let (columns, rows) = cells(donor);
                graft
                    .has_file_donor()
                    .then(|| Plane::filled(columns, rows, 1.0))
            });
            let suspect = graft.donor == SELF;
            skin.map_or_else(Patches::default, |skin| {
                best_patches(donor, &skin, (graft.scale, suspect), &self.cancel)
            })
        })
    }
}

impl Plan {
    /// The patches that suit a graft layer of the recipe best, whichever it uses; empty where there is
    /// none, or the layer is no graft. The first call for a donor looks at all of it.
    pub fn patches(&self, layer: usize) -> Vec<Rectangle> {
        match self.resolved().layers.get(layer).map(|it| &it.operation) {
            Some(Operation::Graft(graft)) => self.inputs.patches(graft).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// Which skin by formula suits skin of this tone, if anything is known of it.
fn built_in_for(tone: Option<f64>) -> &'static str {
    match tone.is_some_and(|it| gloss(it) > GLOSSIER) {
        true => GLOSSY,
        false => BUILT_IN,
    }
}

/// How much stronger than usual skin by formula is made for a picture, from what is usual in its skin and for a mask of
/// midtones.
fn stronger(usual: &Usual, midtones: Option<&Midtones>) -> f64 {
    let gloss = gloss(usual.tone);
    let before = gloss * BEFORE * (usual.next.max(LEAST_LEFT) / LEFT).sqrt();
    let missing = before * before - usual.fine * usual.fine;
    let added = missing.max(0.0).sqrt().max(LEAST_ADDED * before);
    let covered = midtones.filter(|it| usual.tone < DIM && !it.invert);
    let covered = covered.map_or(1.0, |it| f64::from(it.of_luma(usual.tone as f32)));
    let in_dim_light = (1.0 / covered).min(MOST_IN_DIM_LIGHT);
    let stronger = added / f64::from(FORMULA_DEVIATION);
    stronger.clamp(STRONGER[0], gloss * STRONGER[1]) * in_dim_light
}

/// The patch that a donor from the library or by formula is: all of it but its rim.
fn whole_patch(donor: &Image) -> Result<Rectangle, String> {
    let inside = |length: usize| {
        let length = u32::try_from(length).ok()?;
        length.checked_sub(2 * LIBRARY_RIM).filter(|it| *it > 0)
    };
    match (inside(donor.width()), inside(donor.height())) {
        (Some(width), Some(height)) => Ok(Rectangle {
            x: LIBRARY_RIM,
            y: LIBRARY_RIM,
            width,
            height,
        }),
        _ => Err("its donor is smaller than the rim of a saved patch".to_string()),
    }
}

/// The coverage of skin in each cell of a picture; `None` where nothing tells where skin is.
fn skin_of(picture: &Image) -> Option<Plane> {
    let (columns, rows) = cells(picture);
    if columns == 0 || rows == 0 {
        return None;
    }
    let longest = picture.width().max(picture.height());
    let shrink = (COPY_SIDE as f64 / longest as f64).min(1.0);
    let size = |length: usize| ((length as f64 * shrink).round() as usize).max(1);
    let copy = picture.reduced((size(picture.width()), size(picture.height())));
    let copy = Image::from_tile(&copy);
    let found = Found::default();
    let sources = MaskSources::alone(&copy, &found);
    let masks = Masks::default();
    if masks.missing(MaskName::Skin, &sources).is_some() {
        return None;
    }
    let coverage = masks.coverage(MaskName::Skin, &sources, copy.bounds(), &Cancel::default());
    let resample = Resample::new((copy.width(), copy.height()), (columns, rows));
    Some(resample.apply(&coverage, Region::of_size(columns, rows)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::{Layout, Samples};

    /// The tone of skin so light that nothing of its texture shines.
    const LIGHT: f64 = 0.8;

    fn check(left: f64, fine: f64, tone: f64, expected: f64) {
        let usual = Usual {
            next: left / 255.0,
            fine: fine / 255.0,
            tone,
        };
        let midtones = Midtones {
            low: 0.0,
            high: 1.0,
            feather: 0.35,
            ..Midtones::default()
        };
        let found = stronger(&usual, Some(&midtones));
        assert!((found - expected).abs() < 0.005, "{usual:?}: {found}");
    }

    #[test]
    fn dark_skin_gets_skin_that_shines() {
        assert_eq!(
            [Some(0.15), Some(0.5), None].map(built_in_for),
            [GLOSSY, BUILT_IN, BUILT_IN]
        );
        let grey = Samples::Eight(vec![128; 64]);
        let grey = Image::new(8, 8, Layout::Grey, grey).expect("right size");
        let inputs = Inputs::alone(Arc::new(grey));
        let [matt, glossy] = [BUILT_IN, GLOSSY].map(|donor| {
            let donor = donor.to_string();
            let graft = Graft {
                donor,
                ..Graft::default()
            };
            inputs.donor(&graft).expect("skin by formula")
        });
        let [matt, glossy] = [matt, glossy].map(|it| it.tile(it.bounds()));
        assert_eq!(matt.region(), glossy.region());
        assert_ne!(matt, glossy);
    }

    #[test]
    fn four_times_as_much_left_tells_of_twice_as_much_before() {
        // 3.75 levels before, of 3.19 that the formula has.
        check(1.0, 0.0, LIGHT, 1.176);
        check(0.36, 0.0, LIGHT, 0.706);
        check(4.0, 0.0, LIGHT, 2.0);
    }

    #[test]
    fn texture_that_is_left_counts_but_never_for_all() {
        check(1.0, 2.0, LIGHT, 0.995);
        check(1.0, 3.75, LIGHT, 0.706);
        check(1.0, 9.0, LIGHT, 0.706);
    }

    /// 1 level left in skin of a tone.
    fn dark(tone: f64) -> Usual {
        Usual {
            next: 1.0 / 255.0,
            fine: 0.0,
            tone,
        }
    }

    #[test]
    fn dark_skin_had_as_much_more_as_it_shines() {
        for tone in [0.01, 0.145, 0.175, 0.3, 0.6] {
            let [found, light] = [tone, LIGHT].map(|it| stronger(&dark(it), None));
            let gloss = gloss(tone) / gloss(LIGHT);
            assert!(
                (found / light / gloss - 1.0).abs() < 1e-9,
                "{tone}: {found}"
            );
        }
        // Also where more is left than counts in light skin.
        check(9.0, 0.0, LIGHT, 2.0);
        let much = Usual {
            next: 9.0 / 255.0,
            ..dark(0.145)
        };
        assert!((stronger(&much, None) / (2.0 * gloss(0.145)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn more_is_made_where_midtones_hold_it_back_in_dim_light() {
        check(1.0, 0.0, 0.175, 2.0 * stronger(&dark(0.175), None));
        check(1.0, 0.0, 0.01, 2.0 * stronger(&dark(0.01), None));
    }

    #[test]
    fn flat_skin_gets_as_much_as_skin_of_which_next_to_nothing_is_left() {
        check(0.0, 0.0, LIGHT, 0.644);
        check(1e-6, 0.0, LIGHT, 0.644);
    }
}
