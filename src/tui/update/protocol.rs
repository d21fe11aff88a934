//! The preview by another protocol, or none at all.

use crate::tui::keys::Action;
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::picture::Protocol;

/// Shows the preview by the next of the protocols that there are.
pub fn next(model: &mut Model) -> Vec<Effect> {
    let count = model.protocols.len();
    let now = model.protocols.iter().position(|it| *it == model.protocol);
    let at = now.map_or(0, |it| (it + 1) % count.max(1));
    let Some(&protocol) = model.protocols.get(at) else {
        return Vec::new();
    };
    model.protocol = protocol;
    model.status = format!("preview: {} ({} of {count})", protocol.name(), at + 1);
    // It was made for cells of another size, and what is still made is too.
    model.preview = None;
    model.wish += 1;
    let mut effects = vec![Effect::Show(protocol)];
    if protocol == Protocol::Off {
        model.tool = None;
        effects.push(Effect::LeavePreview);
    }
    effects.extend(model.wish_preview());
    effects
}

/// Whether something needs the preview and there is none, which is said then.
pub fn lacks(model: &mut Model, action: Action) -> bool {
    let needs = matches!(
        action,
        Action::Before
            | Action::Split
            | Action::Detail
            | Action::Mask
            | Action::FitOrFull
            | Action::Loupe
            | Action::ZoomIn
            | Action::ZoomOut
            | Action::Brush
            | Action::Marquee
            | Action::NextPatch
            | Action::NextSpot
            | Action::PreviousSpot
    );
    let lacks = needs && model.protocol == Protocol::Off;
    if lacks {
        model.status = "the preview is off; V shows it".to_string();
    }
    lacks
}
