//! What `--json` prints.

use serde_json::{Map, Value as Json, json};
use toml_edit::{DocumentMut, Item, TableLike, Value};

use crate::engine::operations::parameter::{Adjust, Choice, Value as Setting};
use crate::engine::recipe::Recipe;
use crate::engine::render::Skipped;
use crate::files::{Chosen, FileError, Job, Rendered, Timings};

/// The line of a picture that is done.
pub fn done(job: &Job, chosen: &Chosen, rendered: &Rendered) -> Json {
    json!({
        "input": job.input.to_string_lossy(),
        "output": rendered.output.to_string_lossy(),
        "unchanged": rendered.unchanged,
        "original": rendered.original.as_ref().map(|it| it.to_string_lossy()),
        "recipe": recipe(&rendered.recipe),
        "recipe_source": chosen.source,
        "skipped": rendered.skipped.iter().map(skipped).collect::<Vec<_>>(),
        "notes": rendered.notes,
        "ms": timings(&rendered.timings),
    })
}

/// The line of a picture that failed.
pub fn failed(input: &std::path::Path, error: &FileError) -> Json {
    json!({
        "input": input.to_string_lossy(),
        "output": null,
        "error": error.to_string(),
    })
}

fn skipped(skipped: &Skipped) -> Json {
    json!({
        "layer": skipped.layer + 1,
        "kind": skipped.kind.name(),
        "reason": skipped.reason,
    })
}

/// How long the stages took, in milliseconds.
pub fn timings(timings: &Timings) -> Json {
    let rounded = |ms: f64| (ms * 1000.0).round() / 1000.0;
    json!({
        "read": rounded(timings.read_ms),
        "render": rounded(timings.render_ms),
        "encode": rounded(timings.encode_ms),
        "write": rounded(timings.write_ms),
        "total": rounded(timings.total_ms()),
    })
}

/// A recipe with the keys and values that it has in TOML, and those that TOML leaves out because they are plain or
/// open, which is null.
pub fn recipe(recipe: &Recipe) -> Json {
    let document: DocumentMut = recipe.to_toml().parse().expect("a recipe is TOML");
    let mut map = table(document.as_table());
    // TOML has no numbers as large as the largest.
    map.insert("seed".to_string(), json!(recipe.seed));
    let layers = map.entry("layer").or_insert(json!([]));
    let tables = layers.as_array_mut().into_iter().flatten();
    for (layer, table) in recipe.layers.iter().zip(tables) {
        add_missing(table, layer);
    }
    let masks = map.entry("mask").or_insert(json!({}));
    for mask in recipe.used_masks() {
        let table = &mut masks[mask.name()];
        if table.is_null() {
            *table = json!({});
        }
        add_missing(table, recipe.masks.settings(mask));
    }
    Json::Object(map)
}

fn add_missing(table: &mut Json, settings: &dyn Adjust) {
    let specs = settings.specs().into_iter();
    for (spec, setting) in specs.filter_map(|it| Some((it, settings.get(it.name)?))) {
        let slot = &mut table[spec.name];
        if slot.is_null() {
            *slot = match setting {
                Setting::Number(it) => json!(it),
                Setting::Text(it) => json!(it),
                Setting::Flag(it) => json!(it),
                Setting::Names(it) => json!(it),
                Setting::Rectangle(_) | Setting::Open => Json::Null,
            };
        }
    }
}

fn table(table: &dyn TableLike) -> Map<String, Json> {
    let pairs = table.iter();
    pairs.map(|(key, it)| (key.to_string(), item(it))).collect()
}

fn item(item: &Item) -> Json {
    match item {
        Item::None => Json::Null,
        Item::Value(it) => value(it),
        Item::Table(it) => Json::Object(table(it)),
        Item::ArrayOfTables(it) => it.iter().map(|it| Json::Object(table(it))).collect(),
    }
}

fn value(value: &Value) -> Json {
    match value {
        Value::String(it) => json!(it.value()),
        Value::Integer(it) => json!(it.value()),
        Value::Float(it) => json!(it.value()),
        Value::Boolean(it) => json!(it.value()),
        Value::Datetime(it) => json!(it.value().to_string()),
        Value::Array(it) => it.iter().map(self::value).collect(),
        Value::InlineTable(it) => Json::Object(table(it)),
    }
}

/// To as many digits as mean something: four behind the point, and of small numbers the first four.
pub fn rounded(value: Option<f64>) -> Option<f64> {
    value.map(|it| {
        let small = it != 0.0 && it.abs() < 0.1;
        let digits = if small {
            3 - it.abs().log10().floor() as i32
        } else {
            4
        };
        let step = 10f64.powi(digits.clamp(4, 12));
        (it * step).round() / step
    })
}
