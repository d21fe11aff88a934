//! What messages change, and what they ask for. Pure: no disk, no terminal, no clock.

mod brush;
mod dialogs;
mod donors;
mod marquee;
mod meter;
mod mouse;
mod patches;
mod protocol;
mod recipe;
mod renders;
mod spots;
mod tone;
mod tools;

pub use donors::rows as donor_rows;
pub use recipe::slide_of;

use super::geometry::{View, Zoom};
use super::keys::{Action, action_of};
use super::loupe;
use super::message::{Effect, Message, Preview, Show, Subject};
use super::model::{Dialog, Edit, Model, Pane};
use super::tool::Tool;
use crate::engine::operations::parameter::Allowed;

/// Screen pixels that one step of a pan moves, as a share of the box.
const PAN_STEP: f64 = 0.125;

/// Changes the model; the answer says what the shell should do.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let effects = answer(model, message);
    renders::ask(model);
    effects
}

fn answer(model: &mut Model, message: Message) -> Vec<Effect> {
    match message {
        Message::Key(key) => match model.dialog.clone() {
            Some(dialog) => dialogs::key(model, dialog, &key),
            None => key_pressed(model, &key),
        },
        Message::Mouse(event) => mouse::mouse(model, event),
        Message::Pasted(text) => dialogs::pasted(model, text.trim()),
        Message::Resized(size) => {
            model.screen = size;
            let mut effects = vec![Effect::Redraw];
            effects.extend(model.wish_preview());
            effects
        }
        Message::Surveyed(surveys) => {
            for (entry, survey) in model.entries.iter_mut().zip(surveys) {
                entry.survey = survey;
            }
            Vec::new()
        }
        Message::RecipeRead { picture, recipe } => {
            match recipe {
                Ok((recipe, folder)) => {
                    model.entries[picture].edit = Some(Edit::new(recipe, folder));
                }
                Err(why) => unreadable(model, picture, why),
            }
            if model.open != Some(picture) {
                return Vec::new();
            }
            model.clamp_stack();
            model.wish_preview()
        }
        Message::PictureRead { picture, size } => {
            model.entries[picture].size = Some(size);
            Vec::new()
        }
        Message::PictureFailed { picture, why } => {
            unreadable(model, picture, why);
            Vec::new()
        }
        // An older wish: its answer no longer matters.
        Message::PreviewReady(preview) if !model.takes(&preview) => Vec::new(),
        Message::PreviewReady(preview) => preview_ready(model, preview),
        Message::PreviewAhead(ahead) => {
            if ahead.number == model.wish {
                model.ahead.push(ahead);
            }
            Vec::new()
        }
        Message::RenderProgress { picture, share } => {
            if let Some(state) = model.renders.get_mut(&picture) {
                *state = share;
            }
            Vec::new()
        }
        Message::RenderExists(request) => {
            renders::exists(model, request);
            Vec::new()
        }
        Message::RenderEnded { picture, result } => renders::ended(model, picture, result),
        Message::RecipeWritten {
            picture,
            recipe,
            error,
        } => recipe_written(model, picture, recipe, error),
        Message::DonorsListed(library) => donors::listed(model, library),
        Message::DonorSaved(result) => {
            model.status = result.unwrap_or_else(|why| why);
            Vec::new()
        }
        Message::LowWritten(layer, result) => tone::low_written(model, layer, result),
        Message::Toned(result) => {
            tone::toned(model, result);
            Vec::new()
        }
        Message::Measured { number, result } => {
            meter::measured(model, number, result);
            Vec::new()
        }
        Message::Tuned { request, result } => meter::tuned(model, &request, result),
        Message::Terminate => {
            let mut effects = write_all(model, true);
            effects.push(Effect::Quit);
            effects
        }
    }
}

fn key_pressed(model: &mut Model, key: &crossterm::event::KeyEvent) -> Vec<Effect> {
    let by_tool = tools::key(model, key);
    by_tool.unwrap_or_else(|| action_of(key).map_or_else(Vec::new, |action| act(model, action)))
}

fn preview_ready(model: &mut Model, preview: Preview) -> Vec<Effect> {
    let donor = match &preview.subject {
        Subject::Donor { size, .. } => Some(*size),
        Subject::Picture => None,
    };
    let why = preview.remarks.first().cloned();
    let mut preview = preview;
    // The same pixels need not be sent to the terminal again.
    if let Some(old) = model.preview.take().filter(|it| it.image == preview.image) {
        preview.image = old.image;
    }
    model.preview = Some(preview);
    if let Some(effects) = patches::known(model) {
        return effects;
    }
    match (donor, &model.tool) {
        (Some(size), _) => return marquee::donor_shown(model, size),
        (None, Some(Tool::Marquee(_))) => {
            model.tool = None;
            model.status = why.unwrap_or_else(|| "the donor is not there".to_string());
        }
        (None, _) => {}
    }
    Vec::new()
}

/// Opens the first picture.
pub fn start(model: &mut Model) -> Vec<Effect> {
    open_listed(model, 0)
}

/// The reason stands where the picture would.
fn unreadable(model: &mut Model, picture: usize, why: String) {
    if model.open == Some(picture) {
        model.preview = None;
    }
    fail(model, picture, why);
}

fn fail(model: &mut Model, picture: usize, why: String) {
    model.status = why.clone();
    model.entries[picture].failure = Some(why);
}

fn recipe_written(
    model: &mut Model,
    picture: usize,
    recipe: crate::engine::recipe::Recipe,
    error: Option<String>,
) -> Vec<Effect> {
    if let Some(why) = error {
        if let Some(Dialog::Quit(failure)) = &mut model.dialog {
            *failure = Some(why.clone());
        }
        model.status = why;
        return Vec::new();
    }
    let entry = &mut model.entries[picture];
    entry.survey.edited = true;
    model.status = format!("wrote {}.repore.toml", entry.name());
    if let Some(edit) = &mut entry.edit {
        edit.written = recipe;
        // Undo comes back to what is on the disk.
        edit.last_changed = None;
    }
    // It was written to be left: nothing is lost any more.
    match model.dialog {
        Some(Dialog::Quit(_)) if model.unwritten().is_empty() => vec![Effect::Quit],
        _ => Vec::new(),
    }
}

/// Does what a key on the main screen asks for.
fn act(model: &mut Model, action: Action) -> Vec<Effect> {
    if protocol::lacks(model, action) {
        return Vec::new();
    }
    match action {
        Action::NextPane => focus(model, true),
        Action::PreviousPane => focus(model, false),
        Action::Down => move_by(model, 1),
        Action::Up => move_by(model, -1),
        Action::First => move_to(model, false),
        Action::Last => move_to(model, true),
        Action::Less => adjust_or_pan(model, -1.0, false),
        Action::More => adjust_or_pan(model, 1.0, false),
        Action::MuchLess => adjust_or_pan(model, -1.0, true),
        Action::MuchMore => adjust_or_pan(model, 1.0, true),
        Action::Enter => enter(model),
        Action::Default => recipe::reset(model),
        Action::Toggle => recipe::toggle_layer(model),
        Action::AddLayer => dialog(model, Dialog::AddLayer(0)),
        Action::DeleteLayer => recipe::delete_layer(model),
        Action::LayerUp => recipe::move_layer(model, true),
        Action::LayerDown => recipe::move_layer(model, false),
        Action::NextPicture => step_picture(model, 1),
        Action::PreviousPicture => step_picture(model, -1),
        Action::Before => show(model, Show::Before),
        Action::Split => show(model, Show::Split),
        Action::Detail => show(model, Show::Detail),
        Action::Mask => match &mut model.tool {
            Some(Tool::Brush(painting)) => {
                painting.overlay = !painting.overlay;
                Vec::new()
            }
            _ => show(model, Show::Mask),
        },
        Action::FitOrFull => {
            let zoom = match model.view.zoom {
                Zoom::Fit => Zoom::Scale(1.0),
                Zoom::Scale(_) => Zoom::Fit,
            };
            look(model, View { zoom, ..model.view })
        }
        Action::Loupe => {
            model.loupe = match model.loupe {
                None => Some(model.view.centre),
                Some(_) => None,
            };
            model.wish_preview()
        }
        Action::ZoomIn => zoom(model, true),
        Action::ZoomOut => zoom(model, false),
        Action::Brush => brush::toggle(model),
        Action::Marquee => marquee::toggle(model),
        Action::NextPatch => patches::next(model),
        Action::KeepFound => patches::keep_found(model),
        Action::NextSpot => spots::step(model, true),
        Action::PreviousSpot => spots::step(model, false),
        Action::KeepSpot => spots::toggle(model),
        Action::SaveDonor => donors::ask_name(model),
        Action::ChooseDonor => donors::ask_donor(model),
        Action::Smaller => tools::resize(model, false),
        Action::Larger => tools::resize(model, true),
        Action::Erase => {
            match model.tool {
                Some(Tool::Brush(_)) => brush::toggle_erase(model),
                _ => model.status = "B starts the brush".to_string(),
            }
            Vec::new()
        }
        Action::Undo => recipe::undo(model),
        Action::Redo => recipe::redo(model),
        Action::MarkPicture => {
            if let Some(&picture) = model.listed().get(model.cursor) {
                let entry = &mut model.entries[picture];
                entry.marked = !entry.marked;
            }
            Vec::new()
        }
        Action::MarkAll => {
            let listed = model.listed();
            let marked = !listed.iter().all(|it| model.entries[*it].marked);
            for picture in listed {
                model.entries[picture].marked = marked;
            }
            Vec::new()
        }
        Action::Render => match model.open {
            Some(picture) => renders::render(model, &[picture]),
            None => Vec::new(),
        },
        Action::RenderMarked => {
            let marked = (0..model.entries.len()).filter(|i| model.entries[*i].marked);
            let marked: Vec<usize> = marked.collect();
            if marked.is_empty() {
                model.status = "no picture is marked; v marks one, A all".to_string();
            }
            renders::render(model, &marked)
        }
        Action::CancelRenders => {
            if model.renders.is_empty() {
                model.status = "no render is running".to_string();
                return Vec::new();
            }
            vec![Effect::CancelRenders]
        }
        Action::Copy => {
            recipe::copy(model);
            Vec::new()
        }
        Action::Paste => recipe::paste(model),
        Action::Tone => tone::ask(model),
        Action::NextProtocol => protocol::next(model),
        Action::Meter => meter::open(model),
        Action::Tune => meter::tune(model),
        Action::Presets => dialog(model, Dialog::Presets(0)),
        Action::Write => match (model.open, model.edit()) {
            (Some(picture), Some(edit)) => vec![Effect::WriteRecipe {
                picture,
                recipe: edit.recipe.clone(),
                keep_old: false,
            }],
            _ => Vec::new(),
        },
        Action::Filter => {
            model.focus = Pane::Pictures;
            dialog(model, Dialog::Filter)
        }
        Action::Say => {
            if model.said().is_empty() {
                model.status = "there is nothing to say".to_string();
                return Vec::new();
            }
            dialog(model, Dialog::Said)
        }
        Action::Help => dialog(model, Dialog::Help(0)),
        Action::Redraw => vec![Effect::RedrawAll],
        Action::Suspend => vec![Effect::Suspend],
        Action::Escape if model.tool.is_some() => tools::leave(model),
        Action::Escape => {
            model.status.clear();
            set_filter(model, String::new())
        }
        Action::Quit => quit(model),
    }
}

fn dialog(model: &mut Model, dialog: Dialog) -> Vec<Effect> {
    model.dialog = Some(dialog);
    Vec::new()
}

fn quit(model: &mut Model) -> Vec<Effect> {
    if model.unwritten().is_empty() && model.renders.is_empty() {
        return vec![Effect::Quit];
    }
    dialog(model, Dialog::Quit(None))
}

/// Writes every recipe that was changed.
fn write_all(model: &Model, keep_old: bool) -> Vec<Effect> {
    let unwritten = model.unwritten().into_iter();
    let effects = unwritten.filter_map(|picture| {
        let edit = model.entries[picture].edit.as_ref()?;
        Some(Effect::WriteRecipe {
            picture,
            recipe: edit.recipe.clone(),
            keep_old,
        })
    });
    effects.collect()
}

fn focus(model: &mut Model, forwards: bool) -> Vec<Effect> {
    let panes = [Pane::Pictures, Pane::Parameters, Pane::Preview];
    let now = panes.iter().position(|it| *it == model.focus).unwrap_or(0);
    let next = if forwards { now + 1 } else { now + 2 };
    model.focus = panes[next % panes.len()];
    Vec::new()
}

fn move_by(model: &mut Model, by: isize) -> Vec<Effect> {
    match model.focus {
        Pane::Pictures => {
            let cursor = model.cursor.saturating_add_signed(by);
            open_listed(model, cursor)
        }
        Pane::Parameters => recipe::move_cursor(model, by > 0),
        Pane::Preview => pan(model, 0.0, by as f64 * PAN_STEP),
    }
}

fn move_to(model: &mut Model, last: bool) -> Vec<Effect> {
    match model.focus {
        Pane::Pictures => open_listed(model, if last { usize::MAX } else { 0 }),
        Pane::Parameters => recipe::cursor_to(model, last),
        Pane::Preview => Vec::new(),
    }
}

fn step_picture(model: &mut Model, by: isize) -> Vec<Effect> {
    let cursor = model.cursor.saturating_add_signed(by);
    open_listed(model, cursor)
}

/// Puts the cursor on a listed picture, the last one at most, and opens it.
fn open_listed(model: &mut Model, cursor: usize) -> Vec<Effect> {
    let listed = model.listed();
    model.cursor = cursor.min(listed.len().saturating_sub(1));
    match listed.get(model.cursor) {
        Some(&picture) if model.open != Some(picture) => open(model, picture),
        _ => Vec::new(),
    }
}

fn open(model: &mut Model, picture: usize) -> Vec<Effect> {
    model.open = Some(picture);
    model.tool = None;
    model.next_patch_of = None;
    model.view.centre = View::default().centre;
    model.status.clear();
    look_at(model, picture)
}

/// Has the open picture shown, after its recipe was read.
fn look_at(model: &mut Model, picture: usize) -> Vec<Effect> {
    if model.entries[picture].edit.is_none() {
        return vec![Effect::ReadRecipe { picture }];
    }
    model.clamp_stack();
    model.wish_preview()
}

fn set_filter(model: &mut Model, filter: String) -> Vec<Effect> {
    model.filter = filter;
    let listed = model.listed();
    let kept = listed.iter().position(|it| Some(*it) == model.open);
    open_listed(model, kept.unwrap_or(0))
}

fn enter(model: &mut Model) -> Vec<Effect> {
    match model.focus {
        Pane::Pictures => {
            // Moving has opened it; what failed is tried again.
            let listed = model.listed();
            match listed.get(model.cursor) {
                Some(&picture) if model.entries[picture].failure.take().is_some() => {
                    open(model, picture)
                }
                _ => Vec::new(),
            }
        }
        Pane::Parameters => {
            let Some(setting) = model.selected_setting() else {
                return recipe::toggle_layer(model);
            };
            if matches!(setting.spec.allowed, Allowed::Flag) {
                return recipe::adjust(model, 1.0, false);
            }
            dialog(model, Dialog::Type(String::new()))
        }
        Pane::Preview => Vec::new(),
    }
}

fn adjust_or_pan(model: &mut Model, direction: f64, coarse: bool) -> Vec<Effect> {
    match model.focus {
        Pane::Pictures => Vec::new(),
        Pane::Parameters => recipe::adjust(model, direction, coarse),
        Pane::Preview => {
            let steps = if coarse { 4.0 } else { 1.0 };
            pan(model, direction * steps * PAN_STEP, 0.0)
        }
    }
}

/// Shows something else, or the restored picture if that is shown already.
fn show(model: &mut Model, what: Show) -> Vec<Effect> {
    model.show = if model.show == what {
        Show::After
    } else {
        what
    };
    model.wish_preview()
}

fn look(model: &mut Model, view: View) -> Vec<Effect> {
    if model.view == view {
        return Vec::new();
    }
    model.view = view;
    model.wish_preview()
}

fn zoom(model: &mut Model, closer: bool) -> Vec<Effect> {
    let Some(size) = model.shown_size() else {
        return Vec::new();
    };
    let view = model.view.zoomed(closer, size, model.preview_pixels());
    look(model, view)
}

/// Moves the view by shares of its box, or the loupe by twice as much of its own.
fn pan(model: &mut Model, across: f64, down: f64) -> Vec<Effect> {
    let Some(size) = model.shown_size() else {
        return Vec::new();
    };
    let room = model.preview_pixels();
    if let Some(centre) = model.loupe.filter(|_| model.loupe_shows()) {
        let region = loupe::frame(centre, size, room).region;
        let moved = |at: f64, by: f64, part: usize, length: usize| {
            at + 2.0 * by * part as f64 / length as f64
        };
        let centre = (
            moved(centre.0, across, region.width, size.width),
            moved(centre.1, down, region.height, size.height),
        );
        return move_loupe(model, centre);
    }
    let by = (across * room.width as f64, down * room.height as f64);
    let view = model.view.panned(by, size, room);
    look(model, view)
}

/// Brings the loupe to a place, given as shares of the picture, as far as it stays inside.
fn move_loupe(model: &mut Model, centre: (f64, f64)) -> Vec<Effect> {
    let Some(size) = model.shown_size() else {
        return Vec::new();
    };
    let region = loupe::frame(centre, size, model.preview_pixels()).region;
    let inside = |at: f64, part: usize, length: usize| {
        let margin = part as f64 / length as f64 / 2.0;
        at.clamp(margin, 1.0 - margin)
    };
    let centre = (
        inside(centre.0, region.width, size.width),
        inside(centre.1, region.height, size.height),
    );
    if model.loupe.replace(centre) == Some(centre) {
        return Vec::new();
    }
    model.wish_preview()
}

#[cfg(test)]
mod tests;
