//! Renders in the background, and the question that comes before a result is replaced.

use std::path::PathBuf;

use super::{fail, look_at};
use crate::tui::message::{Effect, RenderRequest};
use crate::tui::model::{Dialog, Model};

/// Renders pictures that are not being rendered already.
pub fn render(model: &mut Model, pictures: &[usize]) -> Vec<Effect> {
    let mut effects = Vec::new();
    for &picture in pictures {
        if model.renders.contains_key(&picture) {
            continue;
        }
        let edit = model.entries[picture].edit.as_ref();
        effects.push(start(
            model,
            RenderRequest {
                picture,
                recipe: edit.map(|it| (it.recipe.clone(), it.folder.clone())),
                overwrite: model.overwrite,
            },
        ));
    }
    effects
}

fn start(model: &mut Model, request: RenderRequest) -> Effect {
    model.renders.insert(request.picture, 0.0);
    Effect::Render(request)
}

/// The result of a render is there already: asks whether it is replaced.
pub fn exists(model: &mut Model, request: RenderRequest) {
    model.renders.remove(&request.picture);
    match &mut model.dialog {
        Some(Dialog::Overwrite(requests)) => requests.push(request),
        _ => model.existing.push(request),
    }
}

/// Asks what waits to be asked, unless keys go to another dialog: one that is meant for that must not replace a file.
pub fn ask(model: &mut Model) {
    if model.dialog.is_none() && !model.existing.is_empty() {
        let requests = std::mem::take(&mut model.existing);
        model.dialog = Some(Dialog::Overwrite(requests));
    }
}

/// Answers the question.
pub fn answer(model: &mut Model, requests: Vec<RenderRequest>, name: &str) -> Vec<Effect> {
    match name {
        "y" | "Enter" => {
            model.dialog = None;
            let replace = requests.into_iter().map(|it| RenderRequest {
                overwrite: true,
                ..it
            });
            replace.map(|it| start(model, it)).collect()
        }
        "n" | "Esc" | "q" | "Ctrl-c" => {
            model.dialog = None;
            Vec::new()
        }
        _ => Vec::new(),
    }
}

/// Says what became of a render. What can be rendered can be looked at: where that failed before, it is tried again.
pub fn ended(
    model: &mut Model,
    picture: usize,
    result: Result<Option<(PathBuf, Vec<String>)>, String>,
) -> Vec<Effect> {
    model.renders.remove(&picture);
    model.renders_ended += 1;
    if model.renders.is_empty() {
        model.renders_ended = 0;
    }
    let mut effects = Vec::new();
    match result {
        Ok(Some((output, remarks))) => {
            let entry = &mut model.entries[picture];
            entry.survey.rendered = true;
            let failed = entry.failure.take().is_some();
            if failed && model.open == Some(picture) {
                effects = look_at(model, picture);
            }
            model.status = format!("wrote {}", output.display());
            if !remarks.is_empty() {
                model
                    .status
                    .push_str(&format!("  ({})", remarks.join("; ")));
            }
        }
        Ok(None) => model.status = "render cancelled".to_string(),
        Err(why) => fail(model, picture, why),
    }
    effects
}
