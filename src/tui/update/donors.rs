//! The donor library: saving the patch of a graft, and choosing where a graft takes its texture.

use super::marquee::{chosen_graft, graft};
use super::recipe::change;
use crate::engine::operations::{BUILT_IN, GLOSSY, LIBRARY};
use crate::engine::recipe::Operation;
use crate::engine::render::{ORIGINAL, SELF};
use crate::files::Donor;
use crate::tui::message::{Effect, SavePatch};
use crate::tui::model::{Dialog, Model};
use crate::tui::tool::Tool;

/// Donors that need no library.
const OWN: [(&str, &str); 2] = [
    (SELF, "the picture itself"),
    (ORIGINAL, "the picture before the AI"),
];

/// The last ones, for those who have no better.
const MADE: [(&str, &str); 2] = [
    (BUILT_IN, "skin made by formula"),
    (GLOSSY, "the same for dark or wet skin"),
];

/// Asks for the name under which the patch is saved: the one that is being marked, or else that of
/// the graft layer.
pub fn ask_name(model: &mut Model) -> Vec<Effect> {
    let Some((layer, (label, settings))) =
        chosen_graft(model).and_then(|it| Some((it, graft(model, it)?)))
    else {
        model.status = "there is no graft layer whose patch could be saved".to_string();
        return Vec::new();
    };
    let marked = match &model.tool {
        Some(Tool::Marquee(it)) => Some(it.patch),
        _ => None,
    };
    let preview = model.preview.as_ref();
    let preview = preview.filter(|it| Some(it.picture) == model.open);
    let resolved = preview.and_then(|it| it.resolved.layers.get(layer));
    let found = match resolved.map(|it| &it.operation) {
        // A patch of what is used instead is none of the donor's.
        Some(Operation::Graft(it)) if it.donor == settings.donor => it.patch,
        _ => None,
    };
    let patch = marked.or(settings.patch).or(found);
    let (Some(picture), Some(edit), Some(patch)) = (model.open, model.edit(), patch) else {
        model.status = format!("{label} has no patch; m marks one");
        return Vec::new();
    };
    if settings.has_built_in_donor() {
        model.status = format!("the skin of {label} is made by formula and needs no library");
        return Vec::new();
    }
    if settings.has_library_donor() {
        model.status = format!("the patch of {label} is in the library already");
        return Vec::new();
    }
    let save = SavePatch {
        name: String::new(),
        picture,
        donor: settings.donor,
        folder: edit.folder.clone(),
        patch,
    };
    super::dialog(model, Dialog::SaveDonor(String::new(), save))
}

/// Asks for the library, to choose from it.
pub fn ask_donor(model: &mut Model) -> Vec<Effect> {
    if chosen_graft(model).is_none() {
        model.status = "there is no graft layer; a adds one".to_string();
        return Vec::new();
    }
    vec![Effect::ListDonors]
}

/// Opens the choice, with the cursor on the donor that is used now.
pub fn listed(model: &mut Model, library: Result<Vec<Donor>, String>) -> Vec<Effect> {
    let library = match library {
        Ok(library) => library,
        Err(why) => {
            model.status = why;
            return Vec::new();
        }
    };
    let used = chosen_graft(model).and_then(|it| graft(model, it));
    let used = used.map(|(_, it)| it.donor).unwrap_or_default();
    let names = (0..count(&library)).map(|at| name(at, &library));
    let at = names.into_iter().position(|it| it == used).unwrap_or(0);
    super::dialog(model, Dialog::Donors { at, library })
}

/// How many donors there are to choose from.
pub fn count(library: &[Donor]) -> usize {
    OWN.len() + library.len() + MADE.len()
}

/// What a recipe calls one of the donors.
fn name(at: usize, library: &[Donor]) -> String {
    let own = OWN.iter().map(|(name, _)| (*name).to_string());
    let saved = library.iter().map(|it| format!("{LIBRARY}{}", it.name));
    let made = MADE.iter().map(|(name, _)| (*name).to_string());
    own.chain(saved).chain(made).nth(at).unwrap_or_default()
}

/// The rows of the choice.
pub fn rows(library: &[Donor]) -> Vec<String> {
    let row = |(name, about): &(&str, &str)| format!("{name:<16}{about}");
    let own = OWN.iter().map(row);
    let saved = library.iter().map(|it| {
        let from = if it.source.is_empty() {
            String::new()
        } else {
            format!(" of {}", it.source)
        };
        format!(
            "{:<16}{}×{}{from}",
            it.name, it.patch.width, it.patch.height
        )
    });
    own.chain(saved).chain(MADE.iter().map(row)).collect()
}

/// Takes a donor for the graft layer. The patch is left to be found, as it was one of another picture.
pub fn choose(model: &mut Model, at: usize, library: &[Donor]) -> Vec<Effect> {
    model.dialog = None;
    let donor = name(at, library);
    let Some((layer, (label, settings))) =
        chosen_graft(model).and_then(|it| Some((it, graft(model, it)?)))
    else {
        return Vec::new();
    };
    model.status = format!("{label} takes its texture from {donor}");
    if settings.donor == donor {
        return Vec::new();
    }
    // The marquee lies on another donor.
    model.tool = model
        .tool
        .take()
        .filter(|it| !matches!(it, Tool::Marquee(_)));
    change(model, None, |recipe| {
        if let Operation::Graft(graft) = &mut recipe.layers[layer].operation {
            graft.donor = donor;
            graft.patch = None;
        }
    })
}
