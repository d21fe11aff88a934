//! What was found for a recipe stands in for the next one until it is found anew, and what was not is left out: a draft
//! need not wait.

use crate::engine::operations::parameter::{LARGEST_STRENGTH, Strength};
use crate::engine::operations::{Align, Graft, Spots};
use crate::engine::recipe::{Layer, Operation, Recipe};
use crate::engine::render::Plan;

/// A recipe, and what was found for it in the full picture.
#[derive(Clone, Debug)]
pub struct Found {
    pub recipe: Recipe,
    pub resolved: Recipe,
    /// The layers that do not apply.
    pub skipped: Vec<usize>,
}

impl Found {
    pub fn of(recipe: &Recipe, plan: &Plan) -> Self {
        Self {
            recipe: recipe.clone(),
            resolved: plan.resolved().clone(),
            skipped: plan.skipped().iter().map(|it| it.layer).collect(),
        }
    }
}

/// A recipe that leaves nothing open.
#[derive(Debug, PartialEq)]
pub struct Filled {
    pub recipe: Recipe,
    /// Whether something of it has still to be looked for: it is drawn without.
    pub is_open: bool,
}

/// A recipe with what it leaves open filled in from the one before, and without the layers that did not apply. Where
/// something has to be looked for, it is made to do without.
pub fn filled(recipe: &Recipe, last: Option<&Found>) -> Filled {
    let mut filled = recipe.clone();
    let mut is_open = false;
    for (index, layer) in filled.layers.iter_mut().enumerate() {
        let open = layer.clone();
        if last.and_then(|it| fill_layer(layer, index, it)).is_none() {
            *layer = open;
            is_open |= do_without(layer);
        }
    }
    // The mask of the full picture is made anew, and the loupe would wait for it.
    let masks = |it: &Recipe| (it.masks.smoothed.feather, it.masks.skin.clone());
    is_open |= last.is_some_and(|it| masks(&it.recipe) != masks(recipe));
    Filled {
        recipe: filled,
        is_open,
    }
}

/// Fills in what a layer leaves open; `None` where something has to be looked for.
fn fill_layer(layer: &mut Layer, index: usize, last: &Found) -> Option<()> {
    let before = last.recipe.layers.get(index);
    if last.skipped.contains(&index) {
        // What is changed may apply now.
        layer.enabled = false;
        return (before?
            == &Layer {
                enabled: true,
                ..layer.clone()
            })
            .then_some(());
    }
    match layer.enabled {
        true => fill(layer, before?, &last.resolved.layers.get(index)?.operation),
        false => Some(()),
    }
}

/// Has a layer do without what is looked for; whether it leaves something open.
fn do_without(layer: &mut Layer) -> bool {
    let natural = |it: &mut Strength| {
        let is_open = *it == Strength::Match;
        if is_open {
            *it = Strength::Percent(100.0);
        }
        is_open
    };
    match &mut layer.operation {
        Operation::Texture(it) => {
            let is_open = it.align == Align::Auto || it.spots == Spots::LeaveOut;
            (it.align, it.spots) = (Align::Off, Spots::BringBack);
            is_open && layer.enabled
        }
        Operation::Graft(it) => {
            let is_open = natural(&mut it.strength);
            let is_given = it.patch.is_some() || it.has_library_donor() || it.has_built_in_donor();
            let was_enabled = layer.enabled;
            layer.enabled &= is_given;
            was_enabled && (is_open || !is_given)
        }
        Operation::Noise(it) => natural(&mut it.strength) && layer.enabled,
        Operation::Picture(_) => false,
    }
}

/// Fills in what a layer leaves open.
fn fill(layer: &mut Layer, before: &Layer, found: &Operation) -> Option<()> {
    if layer.masks != before.masks || !before.enabled {
        return None;
    }
    match (&mut layer.operation, &before.operation, found) {
        (Operation::Graft(it), Operation::Graft(before), Operation::Graft(found)) => {
            if it.donor != before.donor {
                return None;
            }
            if it.patch.is_none() {
                it.patch = Some(found.patch?);
                if found.donor != before.donor {
                    return take_donor(it, before, found);
                }
            }
            strength(&mut it.strength, found.strength)
        }
        (Operation::Noise(it), Operation::Noise(_), Operation::Noise(found)) => {
            strength(&mut it.strength, found.strength)
        }
        (Operation::Texture(it), Operation::Texture(before), Operation::Texture(_)) => {
            (it.align == before.align && it.spots == before.spots).then_some(())
        }
        (Operation::Picture(it), Operation::Picture(before), Operation::Picture(_)) => {
            (it.path == before.path).then_some(())
        }
        _ => None,
    }
}

/// Takes the donor that was found in place of the named one, with the scale that was found for it and a strength as much
/// above the tuned one as was found; `None` where that is not known.
fn take_donor(graft: &mut Graft, before: &Graft, found: &Graft) -> Option<()> {
    if graft.scale != before.scale {
        return None;
    }
    graft.strength = match (graft.strength, before.strength, found.strength) {
        (now, before, found) if now == before => found,
        (Strength::Percent(now), Strength::Percent(before), Strength::Percent(found))
            if before > 0.0 =>
        {
            Strength::Percent((now * found / before).min(LARGEST_STRENGTH))
        }
        _ => return None,
    };
    graft.donor.clone_from(&found.donor);
    graft.scale = found.scale;
    Some(())
}

fn strength(open: &mut Strength, found: Strength) -> Option<()> {
    if *open == Strength::Match {
        *open = found;
    }
    (*open != Strength::Match).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Rectangle;
    use crate::engine::recipe::preset;

    /// The recipe `full` with a patch and strengths that were found.
    fn last() -> Found {
        let recipe = preset("full").expect("built in");
        let mut resolved = recipe.clone();
        for layer in &mut resolved.layers {
            match &mut layer.operation {
                Operation::Graft(it) => {
                    it.patch = Some(Rectangle {
                        x: 1,
                        y: 2,
                        width: 96,
                        height: 96,
                    });
                    it.strength = Strength::Percent(70.0);
                }
                Operation::Noise(it) => it.strength = Strength::Percent(40.0),
                _ => {}
            }
        }
        Found {
            recipe,
            resolved,
            skipped: Vec::new(),
        }
    }

    #[test]
    fn what_was_found_stays_while_a_value_is_tuned() {
        let last = last();
        let mut recipe = last.recipe.clone();
        recipe.set("noise.amount=4").expect("it fits");
        recipe.set("graft.strength=match").expect("it fits");
        recipe.set("noise.strength=match").expect("it fits");
        let filled = filled(&recipe, Some(&last));
        let mut expected = last.resolved.clone();
        expected.set("noise.amount=4").expect("it fits");
        assert_eq!((filled.recipe, filled.is_open), (expected, false));
    }

    #[test]
    fn a_donor_that_took_the_place_of_another_stays_while_it_is_tuned() {
        let recipe = preset("graft").expect("built in");
        let with = |recipe: &Recipe, changes: &[&str]| {
            let mut recipe = recipe.clone();
            for change in changes {
                recipe.set(change).expect("it fits");
            }
            recipe
        };
        let place = ["graft.donor=built-in", "graft.patch=64,64,256,256"];
        let before = with(&recipe, &["graft.strength=80", "graft.scale=1"]);
        let resolved = with(&before, &["graft.strength=120", "graft.scale=0.5"]);
        let last = Found {
            resolved: with(&resolved, &place),
            recipe: before.clone(),
            skipped: Vec::new(),
        };
        let tuned = |change: &str| filled(&with(&before, &[change]), Some(&last));
        for (change, becomes) in [
            ("graft.radius=1", "graft.radius=1"),
            ("graft.strength=40", "graft.strength=60"),
        ] {
            let found = tuned(change);
            let expected = with(&last.resolved, &[becomes]);
            assert_eq!((found.recipe, found.is_open), (expected, false));
        }
        // Skin by formula is made anew for another scale.
        let open = tuned("graft.scale=2");
        assert!(open.is_open && !open.recipe.layers[0].enabled);
    }

    #[test]
    fn what_is_new_is_looked_for() {
        let last = last();
        for change in [
            "graft.donor=original",
            "graft.masks=none",
            "texture.align=off",
        ] {
            let mut recipe = last.recipe.clone();
            recipe.set(change).expect("it fits");
            assert!(filled(&recipe, Some(&last)).is_open, "{change}");
        }
        let mut moved = last.recipe.clone();
        moved.layers.swap(0, 1);
        assert!(filled(&moved, Some(&last)).is_open);
    }

    #[test]
    fn a_recipe_does_without_what_is_looked_for() {
        let mut recipe = preset("full").expect("built in");
        recipe.set("noise.strength=match").expect("it fits");
        let open = filled(&recipe, None);
        assert!(open.is_open);
        let mut expected = recipe.clone();
        for change in [
            "texture.align=off",
            "texture.spots=bring-back",
            "noise.strength=100",
        ] {
            expected.set(change).expect("it fits");
        }
        expected.layers[1].enabled = false;
        assert_eq!(open.recipe, expected);
        // What is there already stays while one layer is looked for.
        let last = last();
        let mut changed = last.recipe.clone();
        changed.set("texture.align=off").expect("it fits");
        let open = filled(&changed, Some(&last)).recipe;
        let patch = |it: &Recipe| match &it.layers[1].operation {
            Operation::Graft(graft) => graft.patch,
            _ => None,
        };
        assert!(open.layers[1].enabled);
        assert_eq!(patch(&open), patch(&last.resolved));
        // Nothing is looked for where nothing is open.
        let noise = preset("noise").expect("built in");
        assert_eq!(
            (filled(&noise, None).recipe, filled(&noise, None).is_open),
            (noise, false)
        );
    }

    #[test]
    fn layers_that_did_not_apply_stay_away_until_they_are_changed() {
        let mut last = last();
        last.skipped = vec![1];
        let same = filled(&last.recipe, Some(&last));
        assert!(!same.is_open && !same.recipe.layers[1].enabled && same.recipe.layers[0].enabled);
        let mut changed = last.recipe.clone();
        changed.set("graft.radius=3").expect("it fits");
        assert!(filled(&changed, Some(&last)).is_open);
    }
}
