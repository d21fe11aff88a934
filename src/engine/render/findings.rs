//! What was found out about the pictures of a render, once for all plans made from them.

use std::sync::{Arc, OnceLock};

use super::matching::Match;
use super::whole::{Assembly, TileSize};
use super::{Inputs, Plan};
use crate::engine::masks::{Face, Found, Memory};
use crate::engine::operations::patches::Patches;
use crate::engine::operations::{Align, Graft, GraftError, GraftTexture, Spots, Surface};
use crate::engine::original::spots::{self, LikelySkin, Spot};
use crate::engine::original::{Alignment, Mismatch, Original};
use crate::engine::raster::{Image, Patchwork};
use crate::engine::recipe::{Operation, Recipe};

/// Pixels of a picture over which the original is held at most: they take 12 bytes each.
const HELD_PIXELS: usize = 32_000_000;

/// Spots of a smaller radius in pixels, as they have in small copies, are not to be seen there: they are not healed.
const LEAST_SEEN: f64 = 1.0;

/// Everything that is found by looking at whole pictures, each thing when a plan first asks for it.
///
/// Clones of [`Inputs`] share it, so that a preview made after every key does not look again. What
/// is found depends on the pictures alone, or on them and a key (see
/// [`Memory`](crate::engine::masks::Memory)): inputs that get another picture need new findings.
#[derive(Debug, Default)]
pub struct Findings {
    /// The pictures that these are smaller copies of.
    full: Option<Inputs>,
    /// How the original lies to the picture.
    alignment: OnceLock<Result<Arc<Alignment>, Mismatch>>,
    /// Whether these pictures are rendered again and again.
    for_previews: bool,
    /// The original brought over the picture, if it is held; `None` inside where bringing it over was cancelled.
    held: OnceLock<Option<Arc<Image>>>,
    /// What the AI removed, by how the original is laid over the picture: as it lies, and aligned.
    spots: [OnceLock<Arc<[Spot]>>; 2],
    /// The same in the order in which they are looked at.
    walk: [OnceLock<Arc<[Spot]>>; 2],
    /// The original without spots, by how it is laid over the picture and which spots it keeps.
    healed: Memory<(bool, Vec<[f64; 2]>), Patchwork>,
    /// What masks find out about the picture.
    pub(super) masks: Arc<Found>,
    /// The patches of donors, by the donor's name and the bits of its magnification.
    pub(super) patches: Memory<(String, u64), Patches>,
    /// Skin by formula, by the bits of its scale.
    pub(super) made: Memory<(u64, Surface), Image>,
    /// The strengths of layers that match their reference, by the recipe up to and with the layer.
    pub(super) strengths: Memory<Recipe, Match>,
    /// The textures of patches, by the settings that make them.
    pub(super) textures: Memory<Graft, Result<Arc<GraftTexture>, GraftError>>,
}

impl Findings {
    /// For pictures that are rendered again and again, as previews are: an original that has to be brought over its
    /// picture is then held in memory as it lies there.
    pub fn for_previews() -> Self {
        Self {
            for_previews: true,
            ..Self::default()
        }
    }

    /// For smaller copies of these pictures: what is known of them holds for the copies.
    pub fn of_copies(full: Inputs) -> Self {
        let found = full.findings.masks.clone();
        Self {
            masks: Arc::new(Found::of_copy(full.picture.clone(), found)),
            full: Some(full),
            ..Self::for_previews()
        }
    }
}

impl Inputs {
    /// What was found, or is found now. Once cancelled, it is unfinished and not remembered.
    fn once<T: Clone>(&self, known: &OnceLock<T>, find: impl FnOnce() -> T) -> T {
        if let Some(known) = known.get() {
            return known.clone();
        }
        // Whoever asks meanwhile finds the same, rather than to wait for a search that may be cancelled.
        let found = find();
        match self.cancel.is_cancelled() {
            true => found,
            false => known.get_or_init(|| found).clone(),
        }
    }

    /// How the original lies to the picture; `None` without an original. Found once and remembered; the first call
    /// looks at both as wholes, which takes a second or so for pictures of 24 megapixels.
    ///
    /// # Errors
    /// When the original does not show the same as the picture.
    pub fn alignment(&self) -> Option<Result<Arc<Alignment>, Mismatch>> {
        let original = self.original.as_ref()?;
        let find = || match &self.findings.full {
            Some(full) => self.alignment_of_copies(full, original),
            None => Alignment::find(&self.picture, original, &self.cancel).map(Arc::new),
        };
        Some(self.once(&self.findings.alignment, find))
    }

    /// The alignment that was found for the full pictures, as it is for these smaller copies.
    fn alignment_of_copies(
        &self,
        full: &Inputs,
        original: &Image,
    ) -> Result<Arc<Alignment>, Mismatch> {
        let (Some(found), Some(whole)) = (full.alignment(), &full.original) else {
            return Alignment::find(&self.picture, original, &self.cancel).map(Arc::new);
        };
        let factors = |full: &Image, copy: &Image| [pixels_for_one(full, copy); 2];
        let picture = factors(&full.picture, &self.picture);
        Ok(Arc::new(found?.reduced(picture, factors(whole, original))))
    }

    /// The original brought onto the picture: for previews once and for all, so that a key does not do it again.
    pub(super) fn brought_over(
        &self,
        original: &Arc<Image>,
        alignment: Arc<Alignment>,
    ) -> Original {
        let picture = self.picture.bounds();
        let original = Original::aligned(original.clone(), alignment);
        let fits = picture.width * picture.height <= HELD_PIXELS;
        if !(self.findings.for_previews && original.is_placed() && fits) {
            return original;
        }
        let assembly = Assembly {
            bounds: picture,
            layout: original.layout(),
            alpha: None,
            size: TileSize::for_halo(0),
            progress: &|_, _| {},
            cancel: &self.cancel,
        };
        let make = || assembly.unclamped(&|region| original.tile(region));
        let held = self.once(&self.findings.held, || make().ok().map(Arc::new));
        match held {
            Some(held) => original.held(held),
            None => original,
        }
    }

    /// The spots that the AI removed, the strongest first, in pixels of the picture; none without an original that
    /// can be laid over it in this way. Found once and remembered; the first call looks at both pictures as wholes.
    pub fn spots(&self, align: Align) -> Arc<[Spot]> {
        match self.original_over_picture(align) {
            Ok(original) => self.spots_of(&original, align),
            Err(_) => Arc::default(),
        }
    }

    fn spots_of(&self, original: &Original, align: Align) -> Arc<[Spot]> {
        let find = || match &self.findings.full {
            Some(full) => {
                let factor = pixels_for_one(&full.picture, &self.picture);
                let spots = full.spots(align);
                spots.iter().map(|it| it.reduced(factor)).collect()
            }
            None => {
                let skin = self.findings.masks.likely_skin(&self.picture);
                spots::find(&self.picture, original, skin.as_ref(), &self.cancel).into()
            }
        };
        self.once(&self.findings.spots[place_of(align)], find)
    }

    /// The same spots, those on what is likely skin first: among hairs and lashes the AI always changed something.
    fn spots_to_look_at(&self, align: Align) -> Arc<[Spot]> {
        let order = || {
            let found = self.spots(align);
            let picture = &self.picture;
            let Some(skin) = self.findings.masks.likely_skin(picture) else {
                return found;
            };
            let skin = LikelySkin {
                copy: &skin,
                bounds: picture.bounds(),
            };
            let (first, others): (Vec<Spot>, Vec<Spot>) =
                found.iter().partition(|it| skin.holds(it));
            first.into_iter().chain(others).collect()
        };
        self.once(&self.findings.walk[place_of(align)], order)
    }

    /// The original without its spots but those that `kept` names, and how many were left out.
    pub(super) fn without_spots(
        &self,
        original: Original,
        align: Align,
        kept: &[[f64; 2]],
    ) -> (Original, usize) {
        let found = self.spots_of(&original, align);
        let kept_spots = spots::named(&found, kept);
        let left_out = found.iter().zip(&kept_spots).filter(|(_, kept)| !**kept);
        let mut left_out: Vec<Spot> = left_out.map(|(it, _)| *it).collect();
        if left_out.is_empty() {
            return (original, 0);
        }
        let count = left_out.len();
        left_out.retain(|it| it.radius >= LEAST_SEEN);
        let heal = || spots::heal(&self.picture, &original, &left_out, &self.cancel);
        let key = (align == Align::Auto, kept.to_vec());
        let healed = self.findings.healed.recall(key, &self.cancel, heal);
        (original.with_healed(healed), count)
    }

    /// The faces of the picture, the surest first; positions in its pixels.
    pub fn faces(&self) -> &[Face] {
        self.findings.masks.faces(&self.picture)
    }
}

impl Plan {
    /// The first texture layer of the recipe that leaves spots out, and all spots that were found for it, those on skin
    /// first and the strongest of both first; `None` where none does.
    pub fn spots(&self) -> Option<(usize, Arc<[Spot]>)> {
        let layers = self.resolved().layers.iter().enumerate();
        let mut leaves_out = layers.filter_map(|(at, layer)| match &layer.operation {
            Operation::Texture(it) if it.spots == Spots::LeaveOut && layer.enabled => {
                Some((at, it.align))
            }
            _ => None,
        });
        let (layer, align) = leaves_out.next()?;
        let applies = self.skipped().iter().all(|it| it.layer != layer);
        applies.then(|| (layer, self.inputs.spots_to_look_at(align)))
    }
}

/// Where findings stand that are one for each way to lay the original over the picture.
fn place_of(align: Align) -> usize {
    match align {
        Align::Off => 0,
        Align::Auto => 1,
    }
}

/// How many pixels, across or down, stand for one of a copy that was halved some times; odd sizes are rounded up.
fn pixels_for_one(full: &Image, copy: &Image) -> f64 {
    let factor = full.width() as f64 / copy.width() as f64;
    factor.log2().round().exp2()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Random;
    use crate::engine::original::spots::Stretch;
    use crate::engine::raster::{Layout, Region, Samples};

    fn noise(seed: u64) -> Arc<Image> {
        let row = Random::new(seed, 0, 0).row(0);
        let samples = (0..100 * 60).map(|i| (128.0 + 20.0 * row.signed(i)) as u8);
        let samples = Samples::Eight(samples.collect());
        Arc::new(Image::new(100, 60, Layout::Grey, samples).expect("right size"))
    }

    #[test]
    fn spots_that_a_copy_is_too_small_for_are_counted_but_not_healed() {
        let mut inputs = Inputs::alone(noise(1));
        inputs.original = Some(noise(2));
        let spot = |x: f64, radius: f64| Spot {
            x,
            y: 30.0,
            radius,
            strength: 5.0,
            stretch: Stretch::NONE,
        };
        let spots: Arc<[Spot]> = [spot(30.0, 4.0), spot(70.0, 0.4)].into();
        let known = &inputs.findings.spots[place_of(Align::Off)];
        known.set(spots).expect("nothing was looked for");
        let original = || inputs.original_as_it_lies().expect("of the same size");
        let (healed, count) = inputs.without_spots(original(), Align::Off, &[]);
        assert_eq!(count, 2);
        let changes = |x: usize| {
            let around = Region::new(x - 5, 25, 10, 10);
            healed.tile(around) != original().tile(around)
        };
        assert_eq!([changes(30), changes(70)], [true, false]);
    }
}
