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
    /// A part at 1:1 in the preview.
    Loupe,
    /// Zoom in.
    ZoomIn,
    /// Zoom out.
    ZoomOut,
    /// Show the preview in another way.
    NextProtocol,
    /// All that is to be said, in full.
    Say,
    /// The meter's panel.
    Meter,
    /// Find the settings that come closest to the original.
    Tune,
    /// Undo.
    Undo,
    /// Redo.
    Redo,
    /// Mark or unmark the picture.
    MarkPicture,
    /// Mark or unmark all pictures that are listed.
    MarkAll,
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
    /// Start or leave the brush.
    Brush,
    /// A smaller brush or patch.
    Smaller,
    /// A larger brush or patch.
    Larger,
    /// Brush strokes erase, or add again.
    Erase,
    /// Mark a patch for the graft.
    Marquee,
    /// The next of the best patches for the graft.
    NextPatch,
    /// Keep what was found for the layer.
    KeepFound,
    /// The next spot that the AI removed.
    NextSpot,
    /// The spot before.
    PreviousSpot,
    /// Have the spot come back, or stay removed.
    KeepSpot,
    /// Save the patch to the donor library.
    SaveDonor,
    /// Choose the donor of the graft.
    ChooseDonor,
    /// Write the low layer for an AI, and merge what it made.
    Tone,
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
    /// Stop until the shell has the program go on.
    Suspend,
    /// Close what is open.
    Escape,
    /// Quit.
    Quit,
}

/// What a key asks of the brush or the marquee while the preview has the focus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolAction {
    /// Move by so many steps to the right and down.
    Move(i8, i8),
    /// Move farther, or change the size.
    Stretch(i8, i8),
    /// Paint a dot; take the patch.
    Apply,
    /// Paint a line from the last dot or line.
    Line,
}

/// A row of a table.
pub struct Binding<A: 'static = Action> {
    /// Names of the keys, as the help shows them.
    pub keys: &'static [&'static str],
    /// What they do.
    pub action: A,
    /// What the help says.
    pub help: &'static str,
}

const fn row<A>(keys: &'static [&'static str], action: A, help: &'static str) -> Binding<A> {
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
    row(&["Z"], Action::Loupe, "loupe: a part at 1:1; arrows in the preview or the mouse move it"),
    row(&["+", "="], Action::ZoomIn, "zoom in"),
    row(&["-"], Action::ZoomOut, "zoom out"),
    row(&["V"], Action::NextProtocol, "the preview by the next protocol: kitty, sixel, cells, off"),
    row(&["B"], Action::Brush, "brush: paint where the layer works"),
    row(&["["], Action::Smaller, "smaller brush or patch"),
    row(&["]"], Action::Larger, "larger brush or patch"),
    row(&["x"], Action::Erase, "the brush erases, or adds again"),
    row(&["m"], Action::Marquee, "mark a patch of skin for the graft"),
    row(&["t"], Action::NextPatch, "try the next of the best patches for the graft"),
    row(&["f"], Action::KeepFound, "keep the patch and the strength that were found"),
    row(&["."], Action::NextSpot, "to the next spot that the AI removed, at 1:1"),
    row(&[","], Action::PreviousSpot, "to the spot before"),
    row(&["e"], Action::KeepSpot, "the spot comes back, or stays removed; a click does it too"),
    row(&["S"], Action::SaveDonor, "save the patch to the donor library"),
    row(&["C"], Action::ChooseDonor, "choose the donor of the graft"),
    row(&["T"], Action::Tone, "tone: write the low layer for an AI, merge what it made"),
    row(&["i"], Action::Meter, "meter: texture by octaves, before and after"),
    row(&["F"], Action::Tune, "find the settings closest to the original, or to unspoiled skin"),
    row(&["u"], Action::Undo, "undo"),
    row(&["Ctrl-r"], Action::Redo, "redo"),
    row(&["r"], Action::Render, "render this picture at full size"),
    row(&["v"], Action::MarkPicture, "mark the picture"),
    row(&["A"], Action::MarkAll, "mark all pictures of the list, or none"),
    row(&["R"], Action::RenderMarked, "render all marked pictures"),
    row(&["c"], Action::CancelRenders, "cancel renders"),
    row(&["y"], Action::Copy, "copy the recipe"),
    row(&["P"], Action::Paste, "paste the recipe"),
    row(&["o"], Action::Presets, "choose a preset"),
    row(&["w"], Action::Write, "write the recipe beside the picture"),
    row(&["/"], Action::Filter, "filter the list by typing"),
    row(&["!"], Action::Say, "what failed and what was skipped, in full"),
    row(&["?", "F1"], Action::Help, "help"),
    row(&["Ctrl-l"], Action::Redraw, "draw the screen anew"),
    row(&["Ctrl-z"], Action::Suspend, "suspend; the shell's fg resumes"),
    row(&["Esc"], Action::Escape, "close, or clear the filter"),
    row(&["q", "Ctrl-c"], Action::Quit, "quit"),
];

/// Keys of the brush while the preview has the focus; all others do what they always do.
#[rustfmt::skip]
pub const BRUSH_BINDINGS: &[Binding<ToolAction>] = &[
    row(&["h", "←"], ToolAction::Move(-1, 0), "move the brush to the left"),
    row(&["j", "↓"], ToolAction::Move(0, 1), "down"),
    row(&["k", "↑"], ToolAction::Move(0, -1), "up"),
    row(&["l", "→"], ToolAction::Move(1, 0), "to the right"),
    row(&["H", "Shift-←"], ToolAction::Stretch(-1, 0), "farther to the left"),
    row(&["J", "Shift-↓"], ToolAction::Stretch(0, 1), "farther down"),
    row(&["K", "Shift-↑"], ToolAction::Stretch(0, -1), "farther up"),
    row(&["L", "Shift-→"], ToolAction::Stretch(1, 0), "farther to the right"),
    row(&["Space", "Enter"], ToolAction::Apply, "paint a dot"),
    row(&["e"], ToolAction::Line, "paint a line from the last dot or line"),
];

/// Keys of the marquee while the preview has the focus; all others do what they always do.
#[rustfmt::skip]
pub const MARQUEE_BINDINGS: &[Binding<ToolAction>] = &[
    row(&["h", "←"], ToolAction::Move(-1, 0), "move the patch to the left"),
    row(&["j", "↓"], ToolAction::Move(0, 1), "down"),
    row(&["k", "↑"], ToolAction::Move(0, -1), "up"),
    row(&["l", "→"], ToolAction::Move(1, 0), "to the right"),
    row(&["H", "Shift-←"], ToolAction::Stretch(-1, 0), "narrower"),
    row(&["J", "Shift-↓"], ToolAction::Stretch(0, 1), "taller"),
    row(&["K", "Shift-↑"], ToolAction::Stretch(0, -1), "less tall"),
    row(&["L", "Shift-→"], ToolAction::Stretch(1, 0), "wider"),
    row(&["Enter", "Space"], ToolAction::Apply, "take the patch"),
];

/// The action of a key on the main screen.
pub fn action_of(key: &KeyEvent) -> Option<Action> {
    let name = name_of(key)?;
    // Where Shift makes no difference, an arrow is an arrow.
    look_up(BINDINGS, &name).or_else(|| look_up(BINDINGS, name.strip_prefix("Shift-")?))
}

/// The action of a key in one of the tables of tools.
pub fn tool_action_of(key: &KeyEvent, table: &[Binding<ToolAction>]) -> Option<ToolAction> {
    look_up(table, &name_of(key)?)
}

fn look_up<A: Copy>(table: &[Binding<A>], name: &str) -> Option<A> {
    let row = table.iter().find(|it| it.keys.contains(&name));
    row.map(|it| it.action)
}

/// Every row of the help: headings without keys, and keys with what they do.
pub fn help_rows() -> Vec<(String, &'static str)> {
    fn rows<A>(table: &'static [Binding<A>]) -> impl Iterator<Item = (String, &'static str)> {
        table.iter().map(|it| (it.keys.join(" "), it.help))
    }
    let heading = |text| std::iter::once((String::new(), text));
    rows(BINDINGS)
        .chain(heading(
            "With the brush (B), in the preview (the mouse paints too):",
        ))
        .chain(rows(BRUSH_BINDINGS))
        .chain(heading(
            "With the marquee (m), in the preview (the mouse draws it too):",
        ))
        .chain(rows(MARQUEE_BINDINGS))
        .collect()
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
        KeyCode::Up => shifted(key, "↑"),
        KeyCode::Down => shifted(key, "↓"),
        KeyCode::Left => shifted(key, "←"),
        KeyCode::Right => shifted(key, "→"),
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

/// The name of an arrow. Letters say by themselves whether Shift was held.
fn shifted(key: &KeyEvent, arrow: &str) -> String {
    if key.modifiers.contains(KeyModifiers::SHIFT) {
        format!("Shift-{arrow}")
    } else {
        arrow.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_unique<A>(table: &[Binding<A>]) {
        let keys: Vec<&str> = table.iter().flat_map(|it| it.keys).copied().collect();
        for (i, key) in keys.iter().enumerate() {
            assert!(!keys[..i].contains(key), "{key}");
        }
    }

    #[test]
    fn no_key_does_two_things() {
        check_unique(BINDINGS);
        check_unique(BRUSH_BINDINGS);
        check_unique(MARQUEE_BINDINGS);
    }

    #[test]
    fn the_help_fits_the_smallest_screen() {
        for (keys, help) in help_rows() {
            assert!(12 + help.chars().count() <= 76, "{keys}: {help}");
            assert!(keys.chars().count() < 14, "{keys}");
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
        assert_eq!(key(KeyCode::Up, KeyModifiers::SHIFT), Some(Action::Up));
        let wider = tool_action_of(
            &KeyEvent::new(KeyCode::Right, KeyModifiers::SHIFT),
            MARQUEE_BINDINGS,
        );
        assert_eq!(wider, Some(ToolAction::Stretch(1, 0)));
    }
}
