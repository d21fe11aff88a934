//! One setting changed by its name: `noise.amount=4`, as `--set` takes it.

use super::toml::rectangle_of_toml;
use super::{Recipe, RecipeError};
use crate::engine::masks::MaskName;
use crate::engine::operations::Rectangle;
use crate::engine::operations::parameter::{Adjust, Allowed, Choice, Spec, Value};

impl Recipe {
    /// Applies `LAYER.KEY=VALUE`, where LAYER is a kind, a name or a number from 1;
    /// `mask.NAME.KEY=VALUE` and `seed=N` work too. A kind or name changes every layer that has it.
    ///
    /// # Errors
    /// With what is wrong and what is allowed.
    pub fn set(&mut self, assignment: &str) -> Result<(), RecipeError> {
        let refuse = |what: String| RecipeError::value(assignment, what);
        let (target, text) = assignment
            .split_once('=')
            .ok_or_else(|| refuse("it has no \"=\"; write LAYER.KEY=VALUE".to_string()))?;
        let (target, text) = (target.trim(), text.trim());
        if target == "seed" {
            // TOML's whole numbers end here, and the seed has to survive in a recipe.
            let seed = text.parse().ok().filter(|it| *it <= i64::MAX as u64);
            self.seed = seed.ok_or_else(|| {
                refuse(format!("a seed is a whole number from 0 to {}", i64::MAX))
            })?;
            return Ok(());
        }
        let (place, key) = target
            .rsplit_once('.')
            .ok_or_else(|| refuse("it names no key; write LAYER.KEY=VALUE".to_string()))?;
        if let Some(name) = place.strip_prefix("mask.") {
            let mask = MaskName::from_name(name).ok_or_else(|| {
                refuse(format!(
                    "there is no mask \"{name}\"; the masks are {}",
                    MaskName::names().join(", ")
                ))
            })?;
            return assign(self.masks.settings_mut(mask), key, text).map_err(refuse);
        }
        let chosen: Vec<usize> = match place.parse::<usize>() {
            Ok(number) => (0..self.layers.len()).filter(|i| i + 1 == number).collect(),
            Err(_) => (0..self.layers.len())
                .filter(|&i| {
                    let layer = &self.layers[i];
                    layer.name == place || layer.kind().name() == place
                })
                .collect(),
        };
        if chosen.is_empty() {
            let labels: Vec<String> = (0..self.layers.len())
                .map(|i| self.layer_label(i))
                .collect();
            return Err(refuse(format!(
                "the recipe has no layer \"{place}\"; it has {}",
                if labels.is_empty() {
                    "none".to_string()
                } else {
                    labels.join(", ")
                }
            )));
        }
        for index in chosen {
            assign(&mut self.layers[index], key, text).map_err(refuse)?;
        }
        Ok(())
    }
}

/// Sets one key from the text of a value.
fn assign(settings: &mut dyn Adjust, key: &str, text: &str) -> Result<(), String> {
    let spec = find_spec(settings, key, &[])?;
    let value = spec.allowed.parse(text);
    spec.allowed
        .check(&value, spec.unit)
        .map_err(|what| format!("{key} {what}"))?;
    settings.put(key, value);
    Ok(())
}

/// The parameter of this name, or the words that say which there are, `others` among them.
pub(super) fn find_spec(
    settings: &dyn Adjust,
    key: &str,
    others: &[&str],
) -> Result<&'static Spec, String> {
    let specs = settings.specs();
    let mut names: Vec<&str> = specs.iter().map(|it| it.name).collect();
    names.extend(others);
    specs.into_iter().find(|it| it.name == key).ok_or_else(|| {
        format!(
            "there is no key \"{key}\"; the keys are {}",
            names.join(", ")
        )
    })
}

impl Allowed {
    /// The value that a person typed. One that does not fit is returned as text, for
    /// [`check`](Self::check) to refuse.
    pub fn parse(&self, text: &str) -> Value {
        let text = text.trim();
        let text = text
            .strip_prefix('"')
            .and_then(|it| it.strip_suffix('"'))
            .unwrap_or(text);
        let plain = Value::Text(text.to_string());
        match self {
            Allowed::Number { .. } | Allowed::PercentOrMatch { .. } => {
                text.parse().map_or(plain, Value::Number)
            }
            Allowed::Flag => match text {
                "true" | "on" | "yes" => Value::Flag(true),
                "false" | "off" | "no" => Value::Flag(false),
                _ => plain,
            },
            Allowed::AnyOf(_) => {
                let names = text.trim_matches(['[', ']']).split(',');
                let names = names.map(|it| it.trim().trim_matches('"').to_string());
                Value::Names(names.filter(|it| !it.is_empty() && it != "none").collect())
            }
            Allowed::Rectangle if matches!(text, "" | "none" | "auto") => Value::Open,
            Allowed::Rectangle => rectangle(text).map_or(plain, Value::Rectangle),
            Allowed::OneOf(_) | Allowed::Text => plain,
        }
    }
}

/// A rectangle as four numbers, or as recipes write it.
fn rectangle(text: &str) -> Option<Rectangle> {
    if text.starts_with('{') {
        return rectangle_of_toml(text);
    }
    let numbers: Result<Vec<u32>, _> = text.split(',').map(|it| it.trim().parse()).collect();
    let &[x, y, width, height] = numbers.ok()?.as_slice() else {
        return None;
    };
    Some(Rectangle {
        x,
        y,
        width,
        height,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::parameter::Strength;
    use crate::engine::recipe::Operation;

    fn check_refused(assignment: &str, words: &str) {
        let mut recipe = Recipe::standard();
        assert_eq!(
            recipe
                .set(assignment)
                .expect_err("it does not fit")
                .to_string(),
            words
        );
        assert_eq!(recipe, Recipe::standard());
    }

    #[test]
    fn layers_are_found_by_kind_name_and_number() {
        let mut recipe = Recipe::standard();
        recipe.layers[2].name = "grain".to_string();
        for (assignment, amount) in [
            ("noise.amount=4", 4.0),
            ("grain.amount = 5.5", 5.5),
            ("3.amount=6", 6.0),
        ] {
            recipe.set(assignment).expect("it fits");
            let Operation::Noise(noise) = &recipe.layers[2].operation else {
                panic!("the third layer is noise");
            };
            assert_eq!(noise.amount, amount);
        }
    }

    #[test]
    fn every_kind_of_value_can_be_set() {
        let mut recipe = Recipe::standard();
        for assignment in [
            "seed=42",
            "graft.patch=812,440,160,160",
            "graft.strength=match",
            "graft.donor=neck.png",
            "graft.masks=midtones",
            "noise.monochromatic=false",
            "noise.masks=[]",
            "texture.mode=add",
            "mask.midtones.low=0.25",
            "mask.smoothed.invert=true",
        ] {
            recipe.set(assignment).expect(assignment);
        }
        assert_eq!(recipe.seed, 42);
        let Operation::Graft(graft) = &recipe.layers[1].operation else {
            panic!("the second layer is a graft");
        };
        assert_eq!(graft.strength, Strength::Match);
        assert_eq!(graft.patch.map(|it| (it.x, it.height)), Some((812, 160)));
        assert_eq!(recipe.layers[1].masks, [MaskName::Midtones]);
        assert!(recipe.layers[2].masks.is_empty());
        assert!(recipe.masks.smoothed.invert);
        assert_eq!(recipe.masks.midtones.low, 0.25);
    }

    #[test]
    fn a_patch_can_be_written_as_in_a_recipe() {
        let mut recipe = Recipe::standard();
        recipe
            .set("graft.patch={ x = 812, y=440, width = 160, height = 96 }")
            .expect("a patch");
        let mut plain = Recipe::standard();
        plain.set("graft.patch=812,440,160,96").expect("a patch");
        assert_eq!(recipe, plain);
        for wrong in ["{ x = 812, y = 440 }", "{ x = 1.5", "{}"] {
            let refused = format!("graft.patch={wrong}");
            let words = format!(
                "{refused}: patch \"{wrong}\" is not a rectangle in whole pixels, at least \
                 1×1, as {{ x = 0, y = 0, width = 96, height = 96 }}"
            );
            check_refused(&refused, &words);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_would() {
        check_refused(
            "graft.radius=900",
            "graft.radius=900: radius 900 px is outside 0.1 to 100 px",
        );
        check_refused(
            "noise.amount=lots",
            "noise.amount=lots: amount \"lots\" is not a number from 0 to 100 %",
        );
        check_refused(
            "texture.mode=swap",
            "texture.mode=swap: mode \"swap\" is not one of replace, add",
        );
        check_refused(
            "grain.amount=3",
            "grain.amount=3: the recipe has no layer \"grain\"; it has layer 1 \"texture\", \
             layer 2 \"graft\", layer 3 \"noise\"",
        );
        check_refused(
            "noise.amuont=3",
            "noise.amuont=3: there is no key \"amuont\"; the keys are amount, blur, strength, \
             distribution, monochromatic, opacity, blend, masks, enabled, name",
        );
        check_refused("noise", "noise: it has no \"=\"; write LAYER.KEY=VALUE");
    }
}
