//! The key table: what every key does, in the order in which the help shows it.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Focus the next pane, or the one before.
    NextPane,
    /// Focus the pane before.
    PreviousPane,
    /// Move down in the pane.
    Down,
    /// Move up in the pane.
    Up,
    /// Move to the first.
    First,
    /// Move to the last.
    Last,
    /// Adjust finely down, or pan left.
    Less,
    /// Adjust finely up, or pan right.
    More,
    /// Adjust coarsely down.
    MuchLess,
    /// Adjust coarsely up.
    MuchMore,
    /// Type a value, or open a picture.
    Enter,
    /// The parameter's default.
    Default,
    /// Layer on or off.
    Toggle,
    /// Add a layer.
    AddLayer,
    /// Delete the layer.
    DeleteLayer,
    /// Move the layer up.
    LayerUp,
    /// Move the layer down.
    LayerDown,
    /// Next picture from any pane.
    NextPicture,
    /// Previous picture from any pane.
    PreviousPicture,
    /// Before or after.
    Before,
    /// Split view.
    Split,
    /// What was added, amplified.
    Detail,
    /// The mask as an overlay.
    Mask,
    /// Fit or 1:1.
    FitOrFull,
    /// Zoom in.
    ZoomIn,
    /// Zoom out.
    ZoomOut,
    /// Undo.
    Undo,
    /// Redo.
    Redo,
    /// Mark or unmark the picture.
    MarkPicture,
    /// Render this picture.
    Render,
    /// Render all marked pictures.
    RenderMarked,
    /// Cancel renders.
    CancelRenders,
    /// Copy the recipe.
    Copy,
    /// Paste the recipe.
    Paste,
    /// Choose a preset.
    Presets,
    /// Write the recipe beside the picture.
    Write,
    /// Filter the list.
    Filter,
    /// Help.
    Help,
    /// Draw the whole screen anew.
    Redraw,
    /// Close what is open.
    Escape,
    /// Quit.
    Quit,
}

/// A row of the table.
pub struct Binding {
    /// Names of the keys, as the help shows them.
    pub keys: &'static [&'static str],
    /// What they do.
    pub action: Action,
    /// What the help says; empty for keys that share the row above.
    pub help: &'static str,
}

const fn row(keys: &'static [&'static str], action: Action, help: &'static str) -> Binding {
    Binding { keys, action, help }
}

/// Every key of the main screen.
#[rustfmt::skip]
pub const BINDINGS: &[Binding] = &[
    row(&["Tab"], Action::NextPane, "next pane"),
    row(&["Shift-Tab"], Action::PreviousPane, "previous pane"),
    row(&["j", "↓"], Action::Down, "down: pictures, layers, parameters; pans the preview"),
    row(&["k", "↑"], Action::Up, "up"),
    row(&["g", "Home"], Action::First, "to the first"),
    row(&["G", "End"], Action::Last, "to the last"),
    row(&["h", "←"], Action::Less, "less, in fine steps; pans the preview"),
    row(&["l", "→"], Action::More, "more, in fine steps"),
    row(&["H"], Action::MuchLess, "less, in coarse steps"),
    row(&["L"], Action::MuchMore, "more, in coarse steps"),
    row(&["Enter"], Action::Enter, "type a value; open the picture"),
    row(&["0"], Action::Default, "the parameter's default"),
    row(&["Space"], Action::Toggle, "layer on or off"),
    row(&["a"], Action::AddLayer, "add a layer"),
    row(&["D"], Action::DeleteLayer, "delete the layer"),
    row(&["K"], Action::LayerUp, "move the layer up"),
    row(&["J"], Action::LayerDown, "move the layer down"),
    row(&["n"], Action::NextPicture, "next picture"),
    row(&["p"], Action::PreviousPicture, "previous picture"),
    row(&["b"], Action::Before, "before / after"),
    row(&["s"], Action::Split, "split view: before | after"),
    row(&["d"], Action::Detail, "detail: what was added, amplified"),
    row(&["M"], Action::Mask, "the layer's mask as an overlay"),
    row(&["z"], Action::FitOrFull, "fit / 1:1"),
    row(&["+", "="], Action::ZoomIn, "zoom in"),
    row(&["-"], Action::ZoomOut, "zoom out"),
    row(&["u"], Action::Undo, "undo"),
    row(&["Ctrl-r"], Action::Redo, "redo"),
    row(&["r"], Action::Render, "render this picture at full size"),
    row(&["v"], Action::MarkPicture, "mark the picture"),
    row(&["R"], Action::RenderMarked, "render all marked pictures"),
    row(&["c"], Action::CancelRenders, "cancel renders"),
    row(&["y"], Action::Copy, "copy the recipe"),
    row(&["P"], Action::Paste, "paste the recipe"),
    row(&["o"], Action::Presets, "choose a preset"),
    row(&["w"], Action::Write, "write the recipe beside the picture"),
    row(&["/"], Action::Filter, "filter the list by typing"),
    row(&["?", "F1"], Action::Help, "help"),
    row(&["Ctrl-l"], Action::Redraw, "draw the screen anew"),
    row(&["Esc"], Action::Escape, "close, or clear the filter"),
    row(&["q", "Ctrl-c"], Action::Quit, "quit"),
];

/// The action of a key on the main screen.
pub fn action_of(key: &KeyEvent) -> Option<Action> {
    let name = name_of(key)?;
    BINDINGS
        .iter()
        .find(|it| it.keys.contains(&name.as_str()))
        .map(|it| it.action)
}

/// A key's name, as the table has it; `None` for one that is let go.
pub fn name_of(key: &KeyEvent) -> Option<String> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let name = match key.code {
        KeyCode::Char(' ') => "Space".to_string(),
        KeyCode::Char(it) => it.to_string(),
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => "Shift-Tab".to_string(),
        KeyCode::Tab => "Tab".to_string(),
        KeyCode::BackTab => "Shift-Tab".to_string(),
        KeyCode::Enter => "Enter".to_string(),
        KeyCode::Esc => "Esc".to_string(),
        KeyCode::Up => "↑".to_string(),
        KeyCode::Down => "↓".to_string(),
        KeyCode::Left => "←".to_string(),
        KeyCode::Right => "→".to_string(),
        KeyCode::Home => "Home".to_string(),
        KeyCode::End => "End".to_string(),
        KeyCode::Backspace => "Backspace".to_string(),
        KeyCode::F(it) => format!("F{it}"),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return Some(format!("Ctrl-{}", name.to_lowercase()));
    }
    if key.modifiers.contains(KeyModifiers::ALT) {
        return Some(format!("Alt-{name}"));
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_does_two_things() {
        let keys: Vec<&str> = BINDINGS.iter().flat_map(|it| it.keys).copied().collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{key}");
        }
    }

    #[test]
    fn keys_are_named_as_in_the_table() {
        let key = |code, modifiers| action_of(&KeyEvent::new(code, modifiers));
        let none = KeyModifiers::NONE;
        assert_eq!(key(KeyCode::Char('j'), none), Some(Action::Down));
        assert_eq!(
            key(KeyCode::Char('J'), KeyModifiers::SHIFT),
            Some(Action::LayerDown)
        );
        assert_eq!(
            key(KeyCode::Char('r'), KeyModifiers::CONTROL),
            Some(Action::Redo)
        );
        assert_eq!(key(KeyCode::BackTab, none), Some(Action::PreviousPane));
        assert_eq!(key(KeyCode::Char('j'), KeyModifiers::ALT), None);
    }
}
