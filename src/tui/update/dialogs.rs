//! Keys while something lies over the panes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::recipe::Step;
use super::{donors, meter, recipe, renders, set_filter, tone, write_all};
use crate::engine::operations::parameter::Choice;
use crate::engine::recipe::{Kind, PRESETS, preset};
use crate::tui::keys::name_of;
use crate::tui::message::{Effect, LowLayer, SavePatch};
use crate::tui::model::{Dialog, Model};
use crate::tui::view::last_help_row;

/// Does what a key asks for in a dialog.
pub fn key(model: &mut Model, dialog: Dialog, key: &KeyEvent) -> Vec<Effect> {
    let Some(name) = name_of(key) else {
        return Vec::new();
    };
    match dialog {
        Dialog::Quit(_) => quit(model, &name),
        Dialog::Overwrite(requests) => renders::answer(model, requests, &name),
        // Quitting works from everywhere; typed text may hold a q.
        _ if name == "Ctrl-c" => {
            model.dialog = None;
            super::quit(model)
        }
        Dialog::Meter => meter::close(model),
        Dialog::Said => close(model),
        Dialog::Help(row) => {
            help(model, row, &name);
            Vec::new()
        }
        Dialog::Presets(at) => match choose(at, PRESETS.len(), &name) {
            Chosen::At(at) => super::dialog(model, Dialog::Presets(at)),
            Chosen::Nothing => close(model),
            Chosen::This => {
                model.dialog = None;
                let name = PRESETS[at].name;
                let done = format!("preset {name}; u brings the earlier recipe back");
                preset(name).map_or_else(Vec::new, |it| recipe::replace(model, it, done))
            }
        },
        Dialog::AddLayer(at) => match choose(at, Kind::NAMES.len(), &name) {
            Chosen::At(at) => super::dialog(model, Dialog::AddLayer(at)),
            Chosen::Nothing => close(model),
            Chosen::This => {
                model.dialog = None;
                recipe::add_layer(model, Kind::NAMES[at].1)
            }
        },
        Dialog::Donors { at, library } => match choose(at, donors::count(&library), &name) {
            Chosen::At(at) => super::dialog(model, Dialog::Donors { at, library }),
            Chosen::Nothing => close(model),
            Chosen::This => donors::choose(model, at, &library),
        },
        Dialog::SaveDonor(text, save) => match edited(text.clone(), key) {
            Some(text) => super::dialog(model, Dialog::SaveDonor(text, save)),
            None if key.code == KeyCode::Enter && !text.is_empty() => {
                model.dialog = None;
                model.status = format!("saving {text}…");
                vec![Effect::SaveDonor(SavePatch { name: text, ..save })]
            }
            None => close(model),
        },
        Dialog::LowLayer(text, layer) => match edited(text.clone(), key) {
            // Another name is another file: whether it may be replaced is to be asked again.
            Some(text) => {
                let replace = false;
                super::dialog(model, Dialog::LowLayer(text, LowLayer { replace, ..layer }))
            }
            None if key.code == KeyCode::Enter && !text.is_empty() => {
                tone::write(model, &text, layer)
            }
            None => close(model),
        },
        Dialog::Toning(text, toning) => match edited(text.clone(), key) {
            Some(text) => super::dialog(model, Dialog::Toning(text, toning)),
            None if key.code == KeyCode::Enter && !text.is_empty() => {
                tone::wait(model, &text, toning)
            }
            None => tone::leave(model),
        },
        Dialog::Type(text) => typed(model, text, key),
        Dialog::Filter => filter(model, key),
    }
}

/// Adds pasted text to what is being typed.
pub fn pasted(model: &mut Model, text: &str) -> Vec<Effect> {
    if model.dialog == Some(Dialog::Filter) {
        return set_filter(model, model.filter.clone() + text);
    }
    if let Some(Dialog::LowLayer(_, layer)) = &mut model.dialog {
        layer.replace = false;
    }
    if let Some(typed) = model.dialog.as_mut().and_then(Dialog::typed) {
        typed.push_str(text);
    }
    Vec::new()
}

fn close(model: &mut Model) -> Vec<Effect> {
    model.dialog = None;
    Vec::new()
}

fn quit(model: &mut Model, name: &str) -> Vec<Effect> {
    match name {
        "y" | "w" | "Enter" if model.unwritten().is_empty() => vec![Effect::Quit],
        // The last recipe that could be written ends it; what could not is asked about again.
        "y" | "w" | "Enter" => {
            model.dialog = Some(Dialog::Quit(None));
            write_all(model, false)
        }
        "n" | "q" | "Ctrl-c" => vec![Effect::Quit],
        "Esc" | "c" => close(model),
        _ => Vec::new(),
    }
}

fn help(model: &mut Model, row: usize, name: &str) {
    let last = last_help_row(model.screen);
    let row = row.min(last);
    model.dialog = match name {
        "j" | "↓" => Some(Dialog::Help((row + 1).min(last))),
        "k" | "↑" => Some(Dialog::Help(row.saturating_sub(1))),
        _ => None,
    };
}

enum Chosen {
    At(usize),
    This,
    Nothing,
}

fn choose(at: usize, count: usize, name: &str) -> Chosen {
    match name {
        "j" | "↓" => Chosen::At((at + 1) % count),
        "k" | "↑" => Chosen::At((at + count - 1) % count),
        "Enter" | "l" | "→" | "Space" => Chosen::This,
        "Esc" | "q" | "h" | "←" => Chosen::Nothing,
        _ => Chosen::At(at),
    }
}

/// Text that goes on to the next key; `None` if the key ends typing.
fn edited(mut text: String, key: &KeyEvent) -> Option<String> {
    let plain = !key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char(it) if plain => text.push(it),
        KeyCode::Char('u') => text.clear(),
        KeyCode::Backspace => {
            text.pop();
        }
        KeyCode::Enter | KeyCode::Esc => return None,
        _ => {}
    }
    Some(text)
}

fn typed(model: &mut Model, text: String, key: &KeyEvent) -> Vec<Effect> {
    if let Some(text) = edited(text.clone(), key) {
        return super::dialog(model, Dialog::Type(text));
    }
    let setting = model.selected_setting();
    let Some(setting) = setting.filter(|_| key.code == KeyCode::Enter) else {
        // What was wrong with it does not matter any more.
        model.status.clear();
        return close(model);
    };
    let spec = setting.spec;
    let value = spec.allowed.parse(&text);
    match spec.allowed.check(&value, spec.unit) {
        Ok(()) => {
            model.dialog = None;
            model.status.clear();
            recipe::set(model, setting, value, Step::Single)
        }
        Err(what) => {
            model.status = format!("{} {what}", spec.name);
            Vec::new()
        }
    }
}

fn filter(model: &mut Model, key: &KeyEvent) -> Vec<Effect> {
    match edited(model.filter.clone(), key) {
        Some(text) => set_filter(model, text),
        None if key.code == KeyCode::Esc => {
            model.dialog = None;
            set_filter(model, String::new())
        }
        None => close(model),
    }
}
