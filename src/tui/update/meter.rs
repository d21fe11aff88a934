//! The meter's panel, and the settings that come closest to the original.

use super::recipe::change;
use crate::engine::recipe::Recipe;
use crate::engine::render::Inspection;
use crate::tui::message::{Effect, MeasureRequest};
use crate::tui::model::{Dialog, Meter, Model};

/// Opens the panel and has the open picture measured.
pub fn open(model: &mut Model) -> Vec<Effect> {
    let Some(request) = request(model) else {
        return Vec::new();
    };
    if matches!(model.meter, Meter::Tuning) {
        model.status = "settings are no longer looked for; F begins anew".to_string();
    }
    model.meter = Meter::Measuring;
    model.dialog = Some(Dialog::Meter);
    vec![Effect::Measure(request)]
}

/// Closes the panel; what is still being measured is not wanted any more.
pub fn close(model: &mut Model) -> Vec<Effect> {
    model.dialog = None;
    let measuring = matches!(model.meter, Meter::Measuring);
    model.meter = Meter::Idle;
    match measuring {
        true => vec![Effect::LeaveMeasure],
        false => Vec::new(),
    }
}

/// Shows what was measured, if it was asked for last.
pub fn measured(model: &mut Model, number: u64, result: Result<Box<Inspection>, String>) {
    if number == model.measures && matches!(model.meter, Meter::Measuring) {
        model.meter = Meter::Measured(result);
    }
}

/// Has the settings looked for; asked again, it is left.
pub fn tune(model: &mut Model) -> Vec<Effect> {
    if matches!(model.meter, Meter::Tuning) {
        model.meter = Meter::Idle;
        model.status = "no settings are looked for any more".to_string();
        return vec![Effect::LeaveMeasure];
    }
    let Some(request) = request(model) else {
        return Vec::new();
    };
    model.meter = Meter::Tuning;
    model.status = "looking for the settings that come closest…  F leaves it".to_string();
    vec![Effect::Tune(request)]
}

/// Takes the settings that were found, as one step to undo.
pub fn tuned(
    model: &mut Model,
    request: &MeasureRequest,
    result: Result<(Box<Recipe>, String), String>,
) -> Vec<Effect> {
    if request.number != model.measures || !matches!(model.meter, Meter::Tuning) {
        return Vec::new();
    }
    model.meter = Meter::Idle;
    let (recipe, said) = match result {
        Ok(found) => found,
        Err(why) => {
            model.status = why;
            return Vec::new();
        }
    };
    if model.open != Some(request.picture) {
        let name = model.entries[request.picture].name();
        model.status =
            format!("settings were found for {name}, which is no longer open; F there looks again");
        return Vec::new();
    }
    let same = model.edit().is_some_and(|it| it.recipe == request.recipe);
    if !same {
        model.status = "the recipe was changed meanwhile; F looks again".to_string();
        return Vec::new();
    }
    let effects = change(model, None, |it| *it = *recipe);
    model.status = format!("{said}; u brings the earlier recipe back");
    effects
}

fn request(model: &mut Model) -> Option<MeasureRequest> {
    let (picture, edit) = (model.open?, model.edit()?);
    let (recipe, folder) = (edit.recipe.clone(), edit.folder.clone());
    model.measures += 1;
    Some(MeasureRequest {
        number: model.measures,
        picture,
        recipe,
        folder,
    })
}
