//! Where layers paint, remembered by region while one of them is tuned.

use std::collections::HashMap;
use std::sync::Mutex;

use super::Cancel;
use super::stack::Covered;
use crate::engine::guarded::lock;
use crate::engine::masks::MaskName;
use crate::engine::raster::Region;

/// The coverage of masks that do not change, in the regions in which it was asked for.
#[derive(Debug)]
pub(super) struct Coverages {
    known: Mutex<Known>,
    /// Samples that are kept at most.
    most: usize,
}

#[derive(Debug, Default)]
struct Known {
    places: HashMap<(Vec<MaskName>, Region), Covered>,
    samples: usize,
}

impl Coverages {
    /// Room for so many samples of four bytes.
    pub fn with_room(most: usize) -> Self {
        Self {
            known: Mutex::default(),
            most,
        }
    }

    /// What the masks cover in a region, found now unless it is remembered. Once cancelled, what `find` gives is unfinished
    /// and not remembered.
    pub fn recall(
        &self,
        masks: &[MaskName],
        region: Region,
        cancel: &Cancel,
        find: impl FnOnce() -> Covered,
    ) -> Covered {
        let place = (masks.to_vec(), region);
        if let Some(covered) = lock(&self.known).places.get(&place) {
            return covered.clone();
        }
        let found = find();
        // Where nothing is painted is remembered as well.
        let samples = found.samples().max(1);
        if cancel.is_cancelled() || samples > self.most {
            return found;
        }
        let mut known = lock(&self.known);
        if known.samples + samples > self.most {
            // What is looked at now lies elsewhere, or in other tiles.
            *known = Known::default();
        }
        known.samples += samples;
        // Two threads may have found the same.
        if let Some(same) = known.places.insert(place, found.clone()) {
            known.samples -= same.samples().max(1);
        }
        found
    }

    /// How many places are remembered.
    #[cfg(test)]
    pub fn places(&self) -> usize {
        lock(&self.known).places.len()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::raster::Plane;

    const MASKS: [MaskName; 2] = [MaskName::Skin, MaskName::Midtones];

    fn covered(width: usize) -> Covered {
        Covered::Partly(Arc::new(Plane::filled(width, 1, 0.5)))
    }

    /// Whether it had to be found.
    fn is_found(coverages: &Coverages, masks: &[MaskName], width: usize, cancel: &Cancel) -> bool {
        let mut is_found = false;
        let region = Region::of_size(width, 1);
        let given = coverages.recall(masks, region, cancel, || {
            is_found = true;
            covered(width)
        });
        assert_eq!(given.samples(), width);
        is_found
    }

    #[test]
    fn what_was_found_is_remembered_as_long_as_there_is_room() {
        let (coverages, cancel) = (Coverages::with_room(100), Cancel::default());
        let find = |masks: &[MaskName], width| is_found(&coverages, masks, width, &cancel);
        assert!(find(&MASKS, 40));
        assert!(!find(&MASKS, 40));
        assert!(find(&MASKS[..1], 40));
        assert!(find(&MASKS, 30), "there is room for this one alone");
        assert!(find(&MASKS, 40), "it gave way");
        assert!(find(&MASKS, 101) && find(&MASKS, 101), "too large");
        assert!(!find(&MASKS, 30));
    }

    #[test]
    fn what_was_cancelled_is_not_remembered() {
        let (coverages, cancel) = (Coverages::with_room(100), Cancel::default());
        cancel.cancel();
        assert!(is_found(&coverages, &MASKS, 9, &cancel));
        assert!(is_found(&coverages, &MASKS, 9, &Cancel::default()));
        assert!(!is_found(&coverages, &MASKS, 9, &cancel));
    }
}
