//! Where a layer paints: one file each. A mask is a coverage of 0..=1 for every pixel, made from
//! the picture as it was read, never from what lower layers made of it.

mod bilinear;
mod brush;
mod faces;
mod file;
mod found;
mod midtones;
mod skin;
mod smoothed;

pub use brush::{Brush, BrushMode, FARTHEST, Point, Stroke, Tip};
pub use faces::Face;
pub use file::FileMask;
pub use found::{Found, Memory};
pub use midtones::Midtones;
pub use skin::Skin;
pub use smoothed::Smoothed;

use super::operations::Cancel;
use super::operations::parameter::{Adjust, Choice};
use super::original::Original;
use super::raster::{Image, Plane, Region};

/// The masks a layer can list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MaskName {
    /// Where the AI took texture away.
    Smoothed,
    /// Neither shadows nor highlights.
    Midtones,
    /// Skin colour.
    Skin,
    /// Painted strokes.
    Brush,
    /// The luma of a picture file.
    File,
}

impl Choice for MaskName {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("smoothed", MaskName::Smoothed),
        ("midtones", MaskName::Midtones),
        ("skin", MaskName::Skin),
        ("brush", MaskName::Brush),
        ("file", MaskName::File),
    ];
}

/// The settings of every mask of a recipe.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Masks {
    /// Where the AI took texture away.
    pub smoothed: Smoothed,
    /// Neither shadows nor highlights.
    pub midtones: Midtones,
    /// Skin colour.
    pub skin: Skin,
    /// Painted strokes.
    pub brush: Brush,
    /// The luma of a picture file.
    pub file: FileMask,
}

impl Masks {
    /// The settings of one mask.
    pub fn settings(&self, name: MaskName) -> &dyn Adjust {
        match name {
            MaskName::Smoothed => &self.smoothed,
            MaskName::Midtones => &self.midtones,
            MaskName::Skin => &self.skin,
            MaskName::Brush => &self.brush,
            MaskName::File => &self.file,
        }
    }

    /// The settings of the masks that are listed; the others are as if nothing were said of them.
    pub fn only(&self, listed: &[MaskName]) -> Self {
        let mut only = Self::default();
        for mask in listed {
            match mask {
                MaskName::Smoothed => only.smoothed = self.smoothed.clone(),
                MaskName::Midtones => only.midtones = self.midtones.clone(),
                MaskName::Skin => only.skin = self.skin.clone(),
                MaskName::Brush => only.brush = self.brush.clone(),
                MaskName::File => only.file = self.file.clone(),
            }
        }
        only
    }

    /// The settings of one mask, to change.
    pub fn settings_mut(&mut self, name: MaskName) -> &mut dyn Adjust {
        match name {
            MaskName::Smoothed => &mut self.smoothed,
            MaskName::Midtones => &mut self.midtones,
            MaskName::Skin => &mut self.skin,
            MaskName::Brush => &mut self.brush,
            MaskName::File => &mut self.file,
        }
    }

    /// Why a mask cannot be made from these pictures, if it cannot.
    pub fn missing(&self, name: MaskName, sources: &MaskSources) -> Option<String> {
        match name {
            MaskName::Smoothed | MaskName::Midtones => None,
            MaskName::Skin => Skin::missing(sources.picture, sources.found),
            MaskName::Brush if self.brush.invert || !self.brush.is_empty() => None,
            MaskName::Brush => Some(
                "nothing is painted on the brush mask; paint a stroke, or leave the mask out"
                    .to_string(),
            ),
            MaskName::File if sources.file.is_some() => None,
            MaskName::File if self.file.path.is_empty() => {
                Some("the file mask names no picture; set mask.file.path".to_string())
            }
            MaskName::File => Some(format!("the mask {} was not read", self.file.path)),
        }
    }

    /// Looks at whole pictures now where a mask has to, so that [`coverage`](Self::coverage) in many threads at once
    /// need not. Once cancelled, that is left to it.
    pub fn prepare(&self, name: MaskName, sources: &MaskSources, cancel: &Cancel) {
        if name == MaskName::Smoothed {
            self.smoothed.prepare(sources, cancel);
        }
    }

    /// The coverage of one mask in a region, which must lie inside the picture. A mask that is
    /// [missing](Self::missing) covers nothing.
    pub fn coverage(
        &self,
        name: MaskName,
        sources: &MaskSources,
        region: Region,
        cancel: &Cancel,
    ) -> Plane {
        let (plane, invert) = match name {
            MaskName::Smoothed => (
                self.smoothed.coverage(sources, region),
                self.smoothed.invert,
            ),
            MaskName::Midtones => (
                self.midtones.coverage(sources.picture, region, cancel),
                self.midtones.invert,
            ),
            MaskName::File => (self.file.coverage(sources, region), self.file.invert),
            MaskName::Brush => (self.brush.coverage(region, cancel), self.brush.invert),
            MaskName::Skin => (
                self.skin
                    .coverage(sources.picture, sources.found, region, cancel),
                self.skin.invert,
            ),
        };
        if invert {
            plane.map(|it| 1.0 - it)
        } else {
            plane
        }
    }
}

/// The pictures that masks are made from.
#[derive(Clone, Copy, Debug)]
pub struct MaskSources<'a> {
    /// The picture that is restored.
    pub picture: &'a Image,
    /// Its original as it lies over the picture, if there is one.
    pub original: Option<&'a Original>,
    /// The picture of the `file` mask.
    pub file: Option<&'a Image>,
    /// What was found out about the picture.
    pub found: &'a Found,
}

impl<'a> MaskSources<'a> {
    /// A picture with nothing beside it.
    pub fn alone(picture: &'a Image, found: &'a Found) -> Self {
        Self {
            picture,
            original: None,
            file: None,
            found,
        }
    }
}

/// 0 below `from`, 1 above `to`, and a smooth step between.
#[inline(always)]
fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    // Without an early way out, so that loops stay wide.
    let per_unit = 1.0 / (to - from);
    let t = (value - from) * per_unit;
    let step = t * t * (3.0 - 2.0 * t);
    let step = if value <= from { 0.0 } else { step };
    if value >= to { 1.0 } else { step }
}

/// The upper one of the middle two values; 0 of none.
fn median(them: Vec<f32>) -> f32 {
    let middle = them.len() / 2;
    ranked(them, middle)
}

/// The value before which so many smaller ones come; 0 of none.
fn ranked(mut them: Vec<f32>, before: usize) -> f32 {
    match before < them.len() {
        true => *them.select_nth_unstable_by(before, f32::total_cmp).1,
        false => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_smooth_step_is_steep_in_the_middle_only() {
        assert_eq!(smoothstep(0.2, 0.4, 0.2), 0.0);
        assert!((smoothstep(0.2, 0.4, 0.3) - 0.5).abs() < 1e-6);
        assert!((smoothstep(0.2, 0.4, 0.25) - 0.15625).abs() < 1e-6);
        assert_eq!(smoothstep(0.2, 0.4, 0.4), 1.0);
        assert_eq!(smoothstep(0.3, 0.3, 0.3), 1.0);
    }
}
