//! What masks find out about a picture once, and the memory it is kept in.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock};

use super::faces::{self, Face};
use super::skin::{Likeness, Refined, Skin};
use super::smoothed::LossesOf;
use crate::engine::guarded::lock;
use crate::engine::operations::Cancel;
use crate::engine::raster::{Image, Plane, Tile};

/// The longest side of the copy on which whole pictures are looked at, in pixels.
pub(super) const COPY_SIDE: usize = 640;

/// What was found out about one picture, each thing when it is first asked for. It depends on that
/// picture alone, so the picture that is asked about must always be the same.
#[derive(Default)]
pub struct Found {
    /// The picture that this one is a smaller copy of, and what was found out about that.
    full: Option<(Arc<Image>, Arc<Found>)>,
    copy: OnceLock<Tile>,
    faces: OnceLock<Vec<Face>>,
    /// The texture it lost.
    pub(super) losses: Memory<LossesOf, Plane>,
    likeness: OnceLock<Option<Likeness>>,
    skin: Memory<[u64; 2], Refined>,
}

impl fmt::Debug for Found {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.debug_struct("Found")
            .field("faces", &self.faces)
            .finish_non_exhaustive()
    }
}

impl Found {
    /// For a smaller copy of a picture: its faces and their skin are those of the full one.
    pub fn of_copy(full: Arc<Image>, found: Arc<Found>) -> Self {
        Self {
            full: Some((full, found)),
            ..Self::default()
        }
    }

    /// The faces of the picture, the surest first.
    pub fn faces(&self, picture: &Image) -> &[Face] {
        self.faces.get_or_init(|| {
            if let Some((full, found)) = &self.full {
                let factor = picture.width() as f64 / full.width() as f64;
                return found
                    .faces(full)
                    .iter()
                    .map(|it| it.scaled(factor))
                    .collect();
            }
            let copy = self.copy(picture);
            let factor = picture.width() as f64 / copy.region().width as f64;
            let found = rayon::scope(|_| faces::find(copy)).into_iter();
            found.map(|it| it.scaled(factor)).collect()
        })
    }

    /// The losses of the full picture, if this is a smaller copy of one and they are known: beside an original or by
    /// itself, for a feather in pixels of the copy. With them comes how many pixels of the full one stand for one.
    pub(super) fn losses_of_full(
        &self,
        picture: &Image,
        (feather, is_beside): (f64, bool),
    ) -> Option<(Arc<Plane>, f64)> {
        let (full, found) = self.full.as_ref()?;
        // Odd sizes are rounded up when they are halved.
        let factor = (full.width() as f64 / picture.width() as f64)
            .log2()
            .round()
            .exp2();
        let feather = (feather * factor).to_bits();
        let losses = found
            .losses
            .known(|(of, original)| *of == feather && original.is_some() == is_beside)?;
        Some((losses, factor))
    }

    /// How much like the skin of its faces the picture's copy is; `None` without faces.
    pub(super) fn likeness(&self, picture: &Image) -> Option<&Likeness> {
        if let Some((full, found)) = &self.full {
            return found.likeness(full);
        }
        let find = || {
            let copy = self.copy(picture);
            let factor = copy.region().width as f64 / picture.width() as f64;
            let faces = self.faces(picture).iter().map(|it| it.scaled(factor));
            let faces: Vec<Face> = faces.collect();
            // Within a thread of the pool: going there for each loop takes as long as a short one does.
            rayon::scope(|_| Likeness::of(copy, &faces))
        };
        self.likeness.get_or_init(find).as_ref()
    }

    /// The coverage of what is like the skin of the picture's faces, on a small copy; `None` without faces. It is found
    /// sooner than the mask that is refined from it.
    pub fn likely_skin(&self, picture: &Image) -> Option<Plane> {
        let likeness = self.likeness(picture)?;
        Some(likeness.coverage(Skin::default().tolerance))
    }

    /// The skin of the picture with some settings; `None` where none is found.
    pub(super) fn skin(&self, picture: &Image, skin: &Skin) -> Option<Arc<Refined>> {
        let likeness = self.likeness(picture)?;
        let key = [skin.tolerance.to_bits(), skin.grow.to_bits()];
        let refine = || Refined::new(skin, likeness, self.copy(picture), picture);
        Some(self.skin.recall(key, &Cancel::default(), refine))
    }

    /// The picture, no larger than [`COPY_SIDE`].
    pub(super) fn copy(&self, picture: &Image) -> &Tile {
        if let Some((full, found)) = &self.full {
            return found.copy(full);
        }
        self.copy.get_or_init(|| {
            let longest = picture.width().max(picture.height());
            let shrink = (COPY_SIDE as f64 / longest as f64).min(1.0);
            let size = |length: usize| ((length as f64 * shrink).round() as usize).max(1);
            picture.reduced((size(picture.width()), size(picture.height())))
        })
    }
}

/// The last few values that were found, by what they were found for.
#[derive(Debug)]
pub struct Memory<K, V> {
    slots: Mutex<Vec<(K, Arc<V>)>>,
}

/// How many values a memory keeps.
const SLOTS: usize = 8;

impl<K, V> Default for Memory<K, V> {
    fn default() -> Self {
        Self {
            slots: Mutex::default(),
        }
    }
}

impl<K: PartialEq, V> Memory<K, V> {
    /// The value that was found last for a key that fits, if there is any.
    pub fn known(&self, fits: impl Fn(&K) -> bool) -> Option<Arc<V>> {
        let slots = lock(&self.slots);
        let (_, value) = slots.iter().find(|(key, _)| fits(key))?;
        Some(value.clone())
    }

    /// The value for `key`, found now unless it is remembered. Two threads that ask at once may
    /// both find it; `find` has to give the same each time. Once cancelled, what it gives is unfinished and not
    /// remembered.
    pub fn recall(&self, key: K, cancel: &Cancel, find: impl FnOnce() -> V) -> Arc<V> {
        let slots = || lock(&self.slots);
        if let Some((_, value)) = slots().iter().find(|(known, _)| *known == key) {
            return value.clone();
        }
        let value = Arc::new(find());
        if cancel.is_cancelled() {
            return value;
        }
        let mut slots = slots();
        slots.insert(0, (key, value.clone()));
        slots.truncate(SLOTS);
        value
    }
}
