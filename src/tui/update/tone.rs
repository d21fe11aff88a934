//! The AI on tone alone: the low layer is written for it, and what it made is merged.

use std::path::{Path, PathBuf};

use crate::engine::operations::Texture;
use crate::engine::recipe::{Operation, Recipe};
use crate::files::low_layer_path;
use crate::tui::message::{Effect, LowLayer, LowResult, Toning};
use crate::tui::model::{Dialog, Model};

/// Asks where the low layer of the open picture goes; or, when somebody works on one, which file is
/// made of it.
pub fn ask(model: &mut Model) -> Vec<Effect> {
    if let Some(toning) = model.toning.clone() {
        let text = shown(&toning.answer);
        // Asked for again, the file is taken as it is.
        let now = true;
        return super::dialog(model, Dialog::Toning(text, Toning { now, ..toning }));
    }
    let (Some(picture), Some(edit), Some(entry)) = (model.open, model.edit(), model.entry()) else {
        return Vec::new();
    };
    let layer = LowLayer {
        picture,
        radius: separation_radius(&edit.recipe),
        path: low_layer_path(&entry.path),
        replace: false,
    };
    let text = shown(&layer.path);
    super::dialog(model, Dialog::LowLayer(text, layer))
}

/// Where the recipe separates tone from texture, in pixels.
fn separation_radius(recipe: &Recipe) -> f64 {
    let radius = recipe.layers.iter().find_map(|it| match &it.operation {
        Operation::Texture(texture) => Some(texture.radius),
        _ => None,
    });
    radius.unwrap_or(Texture::default().radius)
}

/// Has the low layer written into the file that was typed.
pub fn write(model: &mut Model, text: &str, layer: LowLayer) -> Vec<Effect> {
    model.dialog = None;
    model.status = format!("writing {text}…");
    let path = PathBuf::from(text);
    vec![Effect::WriteLow(LowLayer { path, ..layer })]
}

/// Asks for the answer to a low layer that was written, or for another name.
pub fn low_written(model: &mut Model, layer: LowLayer, result: LowResult) -> Vec<Effect> {
    match result {
        LowResult::Written(written) => {
            model.status = format!("wrote {}", layer.path.display());
            let toning = Toning {
                answer: layer.path.clone(),
                low: layer,
                written,
                now: false,
            };
            model.toning = Some(toning.clone());
            // What was opened in the meantime stays; T comes back to it.
            if model.dialog.is_some() {
                return Vec::new();
            }
            super::dialog(model, Dialog::Toning(shown(&toning.answer), toning))
        }
        LowResult::Exists => {
            model.status = format!("{} exists; Enter replaces it", layer.path.display());
            let text = shown(&layer.path);
            let replace = true;
            super::dialog(model, Dialog::LowLayer(text, LowLayer { replace, ..layer }))
        }
        LowResult::Failed(why) => {
            model.status = why;
            Vec::new()
        }
    }
}

/// Waits for the file that was typed.
pub fn wait(model: &mut Model, text: &str, toning: Toning) -> Vec<Effect> {
    model.dialog = None;
    let answer = PathBuf::from(text);
    // Another file than the one that is waited for may not be there yet.
    let now = toning.now && answer == toning.answer;
    let toning = Toning {
        answer,
        now,
        ..toning
    };
    model.status = match now {
        true => format!("merging {text}…"),
        false => format!("waiting for {text} to be written; T takes it as it is, or leaves it"),
    };
    model.toning = Some(toning.clone());
    vec![Effect::AwaitTone(toning)]
}

/// Waits no longer.
pub fn leave(model: &mut Model) -> Vec<Effect> {
    model.dialog = None;
    model.toning = None;
    model.status = "no tone is waited for any more".to_string();
    vec![Effect::LeaveTone]
}

/// Says what became of the merge. After one that failed, the next file can be waited for.
pub fn toned(model: &mut Model, result: Result<(PathBuf, Vec<String>), String>) {
    match result {
        Ok((output, notes)) => {
            model.toning = None;
            model.status = format!("wrote {}", output.display());
            if let Some(first) = notes.first() {
                model.status.push_str(&format!("  ({first})"));
            }
        }
        Err(why) => model.status = format!("{why}; T tries again"),
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
