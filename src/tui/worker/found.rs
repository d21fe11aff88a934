//! What was found for a recipe stands in for the next one until it is found anew: a draft need not wait.

use super::Last;
use crate::engine::operations::parameter::Strength;
use crate::engine::recipe::{Layer, Operation, Recipe};

/// A recipe with what it leaves open filled in from the one before, and without the layers that did not
/// apply; `None` where something has to be looked for.
pub fn filled(recipe: &Recipe, last: &Last) -> Option<Recipe> {
    if recipe.masks.file.path != last.recipe.masks.file.path {
        return None;
    }
    let mut filled = recipe.clone();
    for (index, layer) in filled.layers.iter_mut().enumerate() {
        let before = last.recipe.layers.get(index);
        if last.skipped.contains(&index) {
            // What is changed may apply now.
            if before != Some(&*layer) {
                return None;
            }
            layer.enabled = false;
        } else if layer.enabled {
            fill(layer, before?, &last.resolved.layers.get(index)?.operation)?;
        }
    }
    Some(filled)
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
    fn last() -> Last {
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
        Last {
            recipe,
            resolved,
            skipped: Vec::new(),
            remarks: Vec::new(),
            spots: None,
        }
    }

    #[test]
    fn what_was_found_stays_while_a_value_is_tuned() {
        let last = last();
        let mut recipe = last.recipe.clone();
        recipe.set("noise.amount=4").expect("it fits");
        recipe.set("graft.strength=match").expect("it fits");
        recipe.set("noise.strength=match").expect("it fits");
        let filled = filled(&recipe, &last).expect("nothing is to be looked for");
        let mut expected = last.resolved.clone();
        expected.set("noise.amount=4").expect("it fits");
        assert_eq!(filled, expected);
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
            assert_eq!(filled(&recipe, &last), None, "{change}");
        }
        let mut moved = last.recipe.clone();
        moved.layers.swap(0, 1);
        assert_eq!(filled(&moved, &last), None);
    }

    #[test]
    fn layers_that_did_not_apply_stay_away_until_they_are_changed() {
        let mut last = last();
        last.skipped = vec![1];
        let same = filled(&last.recipe, &last).expect("nothing is to be looked for");
        assert!(!same.layers[1].enabled && same.layers[0].enabled);
        let mut changed = last.recipe.clone();
        changed.set("graft.radius=3").expect("it fits");
        assert_eq!(filled(&changed, &last), None);
    }
}
