//! Recipes as TOML: read with every key, type and range checked, and written so that what is read
//! again is the same recipe.

use toml_edit::{Array, ArrayOfTables, DocumentMut, InlineTable, Item, Table, TableLike, value};

use super::set::find_spec;
use super::strokes::{self, STROKE};
use super::{Kind, Layer, Operation, Recipe, RecipeError};
use crate::engine::masks::MaskName;
use crate::engine::operations::Rectangle;
use crate::engine::operations::parameter::{Adjust, Allowed, Choice, Value};

/// The version of the recipe format.
const VERSION: i64 = 1;

/// The key of a texture layer for the spots that come back.
const KEPT: &str = "kept";

impl Recipe {
    /// Reads a recipe.
    ///
    /// # Errors
    /// When the text is not TOML, or a key is unknown, of the wrong type or out of range.
    pub fn from_toml(text: &str) -> Result<Self, RecipeError> {
        let document: DocumentMut = text.parse().map_err(|error| syntax(text, &error))?;
        let mut recipe = Recipe::default();
        for (key, item) in document.iter() {
            match key {
                "version" => check_version(item)?,
                "seed" => recipe.seed = seed(item)?,
                "layer" => recipe.layers = layers(item)?,
                "mask" => read_masks(item, &mut recipe)?,
                other => {
                    return Err(RecipeError::value(
                        "recipe",
                        format!(
                            "there is no key \"{other}\"; the keys are version, seed, layer, mask{}",
                            here(item)
                        ),
                    ));
                }
            }
        }
        Ok(recipe)
    }

    /// The recipe as TOML, with every setting of every layer written out.
    pub fn to_toml(&self) -> String {
        let mut document = DocumentMut::new();
        document["version"] = value(VERSION);
        document["seed"] = value(i64::try_from(self.seed).unwrap_or(i64::MAX));
        let mut layers = ArrayOfTables::new();
        for layer in &self.layers {
            let mut table = Table::new();
            table["kind"] = value(layer.kind().name());
            write_settings(layer, &mut table);
            if let Operation::Texture(texture) = &layer.operation
                && !texture.kept.is_empty()
            {
                table[KEPT] = strokes::list(texture.kept.iter());
            }
            layers.push(table);
        }
        if !layers.is_empty() {
            document["layer"] = Item::ArrayOfTables(layers);
        }
        let mut masks = Table::new();
        masks.set_implicit(true);
        let plain = Recipe::default().masks;
        for (name, mask) in MaskName::NAMES {
            let settings = self.masks.settings(*mask);
            let mut table = Table::new();
            write_settings(settings, &mut table);
            let mut unchanged = Table::new();
            write_settings(plain.settings(*mask), &mut unchanged);
            let mut told = self.layers.iter().any(|it| it.masks.contains(mask))
                || table.to_string() != unchanged.to_string();
            if *mask == MaskName::Brush
                && let Some(strokes) = strokes::write(&self.masks.brush.strokes)
            {
                table[STROKE] = strokes;
                told = true;
            }
            if told {
                masks[name] = Item::Table(table);
            }
        }
        if !masks.is_empty() {
            document["mask"] = Item::Table(masks);
        }
        document.to_string()
    }
}

fn syntax(text: &str, error: &toml_edit::TomlError) -> RecipeError {
    let start = error.span().map_or(0, |it| it.start).min(text.len());
    let before = text.as_bytes().iter().take(start);
    RecipeError::Syntax {
        line: before.filter(|it| **it == b'\n').count() + 1,
        what: error.message().replace('\n', ", "),
    }
}

fn check_version(item: &Item) -> Result<(), RecipeError> {
    match item.as_integer() {
        Some(VERSION) => Ok(()),
        _ => Err(RecipeError::value(
            "recipe",
            format!(
                "version {} is not {VERSION}, the only one this program knows",
                shown(item)
            ),
        )),
    }
}

fn seed(item: &Item) -> Result<u64, RecipeError> {
    let seed = item.as_integer().and_then(|it| u64::try_from(it).ok());
    seed.ok_or_else(|| {
        RecipeError::value(
            "recipe",
            format!("seed {} is not a whole number from 0", shown(item)),
        )
    })
}

/// The tables of a list: `[[layer]]` and `layer = [{ … }]` say the same.
pub(super) fn tables(item: &Item) -> Option<Vec<&dyn TableLike>> {
    match item {
        Item::ArrayOfTables(tables) => Some(tables.iter().map(|it| it as &dyn TableLike).collect()),
        Item::Value(toml_edit::Value::Array(array)) => array
            .iter()
            .map(|it| it.as_inline_table().map(|it| it as &dyn TableLike))
            .collect(),
        _ => None,
    }
}

fn layers(item: &Item) -> Result<Vec<Layer>, RecipeError> {
    tables(item)
        .ok_or_else(|| {
            let shown = shown(item);
            RecipeError::value(
                "recipe",
                format!("layer {shown} is not a list of [[layer]] tables"),
            )
        })?
        .into_iter()
        .enumerate()
        .map(|(index, table)| layer(index, table))
        .collect()
}

fn layer(index: usize, table: &dyn TableLike) -> Result<Layer, RecipeError> {
    let name = table.get("name").and_then(Item::as_str);
    let kind = table.get("kind").and_then(Item::as_str);
    let place = match name.or(kind) {
        Some(label) => format!("layer {} \"{label}\"", index + 1),
        None => format!("layer {}", index + 1),
    };
    let kinds = Kind::names().join(", ");
    let kind = match table.get("kind") {
        None => {
            return Err(RecipeError::value(
                place,
                format!("it has no kind; the kinds are {kinds}"),
            ));
        }
        Some(item) => item.as_str().and_then(Kind::from_name).ok_or_else(|| {
            RecipeError::value(
                &place,
                format!("kind {} is not one of {kinds}", shown(item)),
            )
        })?,
    };
    let mut layer = Layer::new(kind);
    let mut handled: &[&str] = &["kind"];
    if let Operation::Texture(texture) = &mut layer.operation {
        handled = &["kind", KEPT];
        if let Some(item) = table.get(KEPT) {
            texture.kept = strokes::points(item, KEPT, &place)?;
        }
    }
    read_settings(&mut layer, table, &place, handled)?;
    Ok(layer)
}

fn read_masks(item: &Item, recipe: &mut Recipe) -> Result<(), RecipeError> {
    let tables = item.as_table_like().ok_or_else(|| {
        RecipeError::value("recipe", format!("mask {} is not a table", shown(item)))
    })?;
    for (name, item) in tables.iter() {
        let place = format!("mask.{name}");
        let mask = MaskName::from_name(name).ok_or_else(|| {
            RecipeError::value(
                &place,
                format!(
                    "there is no mask \"{name}\"; the masks are {}{}",
                    MaskName::names().join(", "),
                    here(item)
                ),
            )
        })?;
        let table = item
            .as_table_like()
            .ok_or_else(|| RecipeError::value(&place, format!("{} is not a table", shown(item))))?;
        let mut handled: &[&str] = &[];
        if mask == MaskName::Brush {
            handled = &[STROKE];
            if let Some(item) = table.get(STROKE) {
                recipe.masks.brush.strokes = strokes::read(item, &place)?;
            }
        }
        read_settings(recipe.masks.settings_mut(mask), table, &place, handled)?;
    }
    Ok(())
}

/// Reads every key of a table but those that are `handled` elsewhere.
pub(super) fn read_settings(
    settings: &mut dyn Adjust,
    table: &dyn TableLike,
    place: &str,
    handled: &[&str],
) -> Result<(), RecipeError> {
    for (key, item) in table.iter() {
        if handled.contains(&key) {
            continue;
        }
        let refuse = |what: String| RecipeError::value(place, what);
        let unknown = |what: String| refuse(format!("{what}{}", here(item)));
        let spec = find_spec(settings, key, handled).map_err(unknown)?;
        let value = read_value(item, &spec.allowed);
        let checked = spec.allowed.check(&value, spec.unit);
        checked.map_err(|what| refuse(format!("{key} {what}")))?;
        settings.put(key, value);
    }
    Ok(())
}

/// The value of a key that is not known, at the end of a message about it.
fn here(item: &Item) -> String {
    format!("; its value is {}", shown(item))
}

/// A value as messages show it: in one line, and not all of a long one.
pub(super) fn shown(item: &Item) -> String {
    const LONGEST: usize = 80;
    // A table with a header becomes one between braces.
    let text = match item.clone().into_value() {
        Ok(mut value) => {
            value.decor_mut().clear();
            value.to_string()
        }
        Err(item) => item.to_string(),
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A TOML value as a setting's value. What has no counterpart is returned as the text it was
/// written as, for the check to refuse.
fn read_value(item: &Item, allowed: &Allowed) -> Value {
    let shown = || shown(item);
    if let Some(it) = item.as_float() {
        return Value::Number(it);
    }
    if let Some(it) = item.as_integer() {
        return Value::Number(it as f64);
    }
    if let Some(it) = item.as_bool() {
        return Value::Flag(it);
    }
    if let Some(it) = item.as_str() {
        return Value::Text(it.to_string());
    }
    if let Some(array) = item.as_array() {
        let names: Option<Vec<String>> = array
            .iter()
            .map(|it| it.as_str().map(str::to_string))
            .collect();
        return names.map_or_else(|| Value::Text(shown()), Value::Names);
    }
    if let (Some(table), Allowed::Rectangle) = (item.as_table_like(), allowed) {
        return rectangle(table).map_or_else(|| Value::Text(shown()), Value::Rectangle);
    }
    Value::Text(shown())
}

/// A rectangle written as a table in one line.
pub(super) fn rectangle_of_toml(text: &str) -> Option<Rectangle> {
    let value: toml_edit::Value = text.parse().ok()?;
    rectangle(value.as_inline_table()?)
}

fn rectangle(table: &dyn TableLike) -> Option<Rectangle> {
    let number = |key: &str| {
        let item = table.get(key)?;
        u32::try_from(item.as_integer()?).ok()
    };
    (table.len() == 4).then_some(())?;
    Some(Rectangle {
        x: number("x")?,
        y: number("y")?,
        width: number("width")?,
        height: number("height")?,
    })
}

pub(super) fn write_settings(settings: &dyn Adjust, table: &mut Table) {
    for spec in settings.specs() {
        let item = match settings.get(spec.name) {
            None | Some(Value::Open) => continue,
            Some(Value::Text(text)) if text.is_empty() => continue,
            // Left out, a layer is enabled and a mask is not turned round.
            Some(Value::Flag(flag)) if flag == (spec.name == "enabled") && is_switch(spec.name) => {
                continue;
            }
            Some(Value::Number(it)) => value(it),
            Some(Value::Text(it)) => value(it),
            Some(Value::Flag(it)) => value(it),
            Some(Value::Names(names)) => value(names.into_iter().collect::<Array>()),
            Some(Value::Rectangle(it)) => {
                let mut inline = InlineTable::new();
                for (key, number) in [
                    ("x", it.x),
                    ("y", it.y),
                    ("width", it.width),
                    ("height", it.height),
                ] {
                    inline.insert(key, i64::from(number).into());
                }
                value(inline)
            }
        };
        table[spec.name] = item;
    }
}

fn is_switch(name: &str) -> bool {
    matches!(name, "enabled" | "invert")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::recipe::{Operation, PRESETS};

    /// Every key with a value that is not its default.
    const EVERYTHING: &str = r#"
version = 1
seed = 77

[[layer]]
kind = "texture"
name = "pores"
radius = 4.5
amount = 120
mode = "add"
align = "auto"
spots = "leave-out"
kept = [[812, 440.5], [7, 9]]
enabled = false

[[layer]]
kind = "graft"
donor = "neck.tif"
patch = { x = 812, y = 440, width = 160, height = 150 }
radius = 2.5
tiling = "pattern"
scale = 1.5
strength = "match"
opacity = 40
blend = "overlay"
masks = ["smoothed", "midtones"]

[[layer]]
kind = "noise"
amount = 2
distribution = "gaussian"
monochromatic = false
blur = 0.35
strength = 80
blend = "soft-light"
masks = ["file"]

[[layer]]
kind = "picture"
path = "grain.png"
fit = "tile"
blend = "hard-light"
opacity = 30

[mask.midtones]
low = 0.15
high = 0.8
feather = 0.1
invert = true

[mask.file]
path = "skin.png"
"#;

    fn check_refused(text: &str, words: &str) {
        assert_eq!(
            Recipe::from_toml(text)
                .expect_err("it does not fit")
                .to_string(),
            words
        );
    }

    #[test]
    fn a_recipe_survives_writing_and_reading() {
        let texts = PRESETS.iter().map(|it| it.text).chain([EVERYTHING, ""]);
        for text in texts {
            let recipe = Recipe::from_toml(text).expect("it is a recipe");
            let written = recipe.to_toml();
            assert_eq!(
                Recipe::from_toml(&written).as_ref(),
                Ok(&recipe),
                "{written}"
            );
        }
    }

    #[test]
    fn every_key_is_read() {
        let recipe = Recipe::from_toml(EVERYTHING).expect("it is a recipe");
        assert_eq!(recipe.seed, 77);
        let Operation::Texture(texture) = &recipe.layers[0].operation else {
            panic!("the first layer is a texture");
        };
        assert_eq!(texture.kept, [[812.0, 440.5], [7.0, 9.0]]);
        for (index, layer) in recipe.layers.iter().enumerate() {
            let plain = Layer::new(layer.kind());
            for spec in layer.specs() {
                let changed = layer.get(spec.name) != plain.get(spec.name);
                let excepted = matches!(
                    (index, spec.name),
                    (_, "name" | "enabled" | "masks") | (0, "opacity" | "blend") | (2, "opacity")
                );
                assert!(changed || excepted, "{} of layer {index}", spec.name);
            }
        }
        assert_eq!(recipe.files(), ["grain.png", "neck.tif", "skin.png"]);
    }

    #[test]
    fn keys_left_out_have_their_defaults() {
        let recipe = Recipe::from_toml("[[layer]]\nkind = \"graft\"").expect("it is a recipe");
        assert_eq!(recipe.layers, [Layer::new(Kind::Graft)]);
        assert_eq!(recipe.layers[0].opacity, 50.0);
        assert!(matches!(recipe.layers[0].operation, Operation::Graft(_)));
    }

    #[test]
    fn what_does_not_fit_is_refused_with_layer_key_value_and_what_is_allowed() {
        check_refused(
            "[[layer]]\nkind = \"noise\"\n[[layer]]\nkind = \"texture\"\nname = \"pores\"\nradius = 900",
            "layer 2 \"pores\": radius 900 px is outside 0.5 to 200 px",
        );
        check_refused(
            "[[layer]]\nkind = \"noise\"\namount = \"much\"",
            "layer 1 \"noise\": amount \"much\" is not a number from 0 to 100 %",
        );
        check_refused(
            "[[layer]]\nkind = \"noise\"\nblend = \"dissolve\"",
            "layer 1 \"noise\": blend \"dissolve\" is not one of normal, multiply, screen, overlay, \
             soft-light, hard-light, linear-light, pin-light, linear-dodge, linear-burn, subtract, \
             divide, darken, lighten, difference, exclusion",
        );
        check_refused(
            "[[layer]]\nkind = \"noise\"\nmasks = [\"skni\"]",
            "layer 1 \"noise\": masks \"skni\" is not one of smoothed, midtones, skin, brush, file",
        );
        check_refused(
            "[[layer]]\nkind = \"graft\"\npatch = { x = -1, y = 0, width = 9, height = 9 }",
            "layer 1 \"graft\": patch \"{ x = -1, y = 0, width = 9, height = 9 }\" is not a \
             rectangle in whole pixels, at least 1×1, as { x = 0, y = 0, width = 96, height = 96 }",
        );
        check_refused(
            "[[layer]]\nkind = \"blur\"",
            "layer 1 \"blur\": kind \"blur\" is not one of texture, graft, noise, picture",
        );
        check_refused(
            "[[layer]]\nradius = 2",
            "layer 1: it has no kind; the kinds are texture, graft, noise, picture",
        );
        check_refused(
            "[mask.midtones]\nlow = 2",
            "mask.midtones: low 2 is outside 0 to 1",
        );
        check_refused(
            "version = 2",
            "recipe: version 2 is not 1, the only one this program knows",
        );
        check_refused("seed = -4", "recipe: seed -4 is not a whole number from 0");
        check_refused(
            "layers = 3",
            "recipe: there is no key \"layers\"; the keys are version, seed, layer, mask; its value is 3",
        );
        check_refused(
            "layer = 3",
            "recipe: layer 3 is not a list of [[layer]] tables",
        );
        check_refused("mask = true", "recipe: mask true is not a table");
        check_refused("mask.skin = 7", "mask.skin: 7 is not a table");
    }

    #[test]
    fn a_key_that_is_not_known_is_named_with_its_value() {
        let check = |text: &str, place: &str, value: &str| {
            let error = Recipe::from_toml(text).expect_err("it does not fit");
            let error = error.to_string();
            let tail = format!("; its value is {value}");
            assert!(
                error.starts_with(place) && error.ends_with(&tail),
                "{error}"
            );
        };
        check(
            "[[layer]]\nkind = \"noise\"\nfoo = 1234 # as before",
            "layer 1 \"noise\": there is no key \"foo\"; the keys are amount,",
            "1234",
        );
        check(
            "[mask.midtones]\nlaw = \"0.2\"",
            "mask.midtones: there is no key \"law\"; the keys are low,",
            "\"0.2\"",
        );
        check(
            "[mask.skni]\nlow = 2\n[mask.skni.more]\nhigh = 3",
            "mask.skni: there is no mask \"skni\"; the masks are smoothed,",
            "{ low = 2, more = { high = 3 } }",
        );
        check(
            "foo = [\n  1, # one\n  2\n]",
            "recipe: there is no key \"foo\"; the keys are version,",
            "[ 1, # one 2 ]",
        );
        check(
            &format!("foo = \"{}\"", "é".repeat(900)),
            "recipe: there is no key \"foo\"",
            &format!("\"{}…", "é".repeat(79)),
        );
    }

    #[test]
    fn a_slip_in_the_toml_is_shown_by_its_line() {
        let error = Recipe::from_toml("version = 1\nseed = \n").expect_err("it does not fit");
        assert!(
            matches!(error, RecipeError::Syntax { line: 2, .. }),
            "{error}"
        );
    }
}
