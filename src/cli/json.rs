//! What `--json` prints.

use serde_json::{Map, Value as Json, json};

use crate::engine::masks::MaskName;
use crate::engine::operations::parameter::{Adjust, Choice, Value};
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

/// A recipe with the keys that it has in TOML.
pub fn recipe(recipe: &Recipe) -> Json {
    let layers = recipe.layers.iter().map(|layer| {
        let mut map = Map::new();
        map.insert("kind".to_string(), layer.kind().name().into());
        map.append(&mut settings(layer));
        Json::Object(map)
    });
    let masks = recipe.used_masks().into_iter().map(|mask: MaskName| {
        let map = settings(recipe.masks.settings(mask));
        (mask.name().to_string(), Json::Object(map))
    });
    json!({
        "version": 1,
        "seed": recipe.seed,
        "layer": layers.collect::<Vec<_>>(),
        "mask": masks.collect::<Map<_, _>>(),
    })
}

fn settings(settings: &dyn Adjust) -> Map<String, Json> {
    let pairs = settings.specs().into_iter().filter_map(|spec| {
        let json = match settings.get(spec.name)? {
            Value::Number(it) => json!(it),
            Value::Text(it) => json!(it),
            Value::Flag(it) => json!(it),
            Value::Names(it) => json!(it),
            Value::Rectangle(it) => {
                json!({ "x": it.x, "y": it.y, "width": it.width, "height": it.height })
            }
            Value::Open => Json::Null,
        };
        Some((spec.name.to_string(), json))
    });
    pairs.collect()
}

/// To as many digits as mean something.
pub fn rounded(value: Option<f64>) -> Option<f64> {
    value.map(|it| (it * 1e4).round() / 1e4)
}
