//! The spots that the AI removed: walks through them at 1:1, and has each come back or stay removed.

use super::look;
use super::recipe::change;
use crate::engine::masks::Point;
use crate::engine::original::spots::{Spot, named};
use crate::engine::recipe::Operation;
use crate::tui::geometry::{View, Zoom};
use crate::tui::message::Effect;
use crate::tui::model::Model;
use crate::tui::tool::{Tool, Walk};

/// Goes to the next spot, or to the one before, at 1:1.
pub fn step(model: &mut Model, forwards: bool) -> Vec<Effect> {
    let Some((layer, spots)) = known(model) else {
        return Vec::new();
    };
    let at = match model.tool {
        Some(Tool::Spots(Walk { at: Some(at), .. })) if forwards => (at + 1) % spots.len(),
        Some(Tool::Spots(Walk { at: Some(at), .. })) => {
            at.checked_sub(1).unwrap_or(spots.len() - 1)
        }
        _ if forwards => 0,
        _ => spots.len() - 1,
    };
    // The marquee showed another picture.
    let mut effects = super::tools::leave(model);
    go_to(model, layer, &spots, at);
    let Some(size) = model.shown_size() else {
        return effects;
    };
    let view = View {
        zoom: Zoom::Scale(1.0),
        centre: (
            spots[at].x / size.width as f64,
            spots[at].y / size.height as f64,
        ),
    };
    effects.extend(look(
        model,
        view.panned((0.0, 0.0), size, model.preview_pixels()),
    ));
    effects
}

/// Has the spot that was gone to come back, or stay removed again.
pub fn toggle(model: &mut Model) -> Vec<Effect> {
    let Some(Tool::Spots(Walk { at: Some(at), .. })) = model.tool else {
        model.status = ". goes to the spots that the AI removed".to_string();
        return Vec::new();
    };
    toggle_at(model, at)
}

/// The same for the spot at a place, while spots are shown; `None` where there is none.
pub fn click(model: &mut Model, place: Point) -> Option<Vec<Effect>> {
    if !matches!(model.tool, Some(Tool::Spots(_))) {
        return None;
    }
    let (_, spots) = known(model)?;
    let at = named(&spots, &[place]).iter().position(|it| *it)?;
    Some(toggle_at(model, at))
}

fn toggle_at(model: &mut Model, at: usize) -> Vec<Effect> {
    let Some((layer, spots)) = known(model) else {
        return Vec::new();
    };
    let Some(spot) = spots.get(at) else {
        return Vec::new();
    };
    let effects = change(model, None, |recipe| {
        if let Some(Operation::Texture(texture)) =
            recipe.layers.get_mut(layer).map(|it| &mut it.operation)
        {
            let names_it = |place: &[f64; 2]| named(&spots, &[*place])[at];
            if texture.kept.iter().any(names_it) {
                texture.kept.retain(|it| !names_it(it));
            } else {
                // A tenth of a pixel is enough to name it.
                texture
                    .kept
                    .push([spot.x, spot.y].map(|it| (it * 10.0).round() / 10.0));
            }
        }
    });
    go_to(model, layer, &spots, at);
    effects
}

fn go_to(model: &mut Model, layer: usize, spots: &[Spot], at: usize) {
    model.tool = Some(Tool::Spots(Walk {
        layer,
        at: Some(at),
    }));
    let spot = spots[at];
    let kept = model.kept_spots(layer, spots);
    let state = if kept[at] {
        "comes back; e removes it again"
    } else {
        "stays removed; e brings it back"
    };
    let back = kept.iter().filter(|it| **it).count();
    model.status = format!(
        "spot {} of {} at {:.0}, {:.0}, {:.0} px wide, {state}  ({back} come back)",
        at + 1,
        spots.len(),
        spot.x,
        spot.y,
        2.0 * spot.radius
    );
}

/// The layer that leaves spots out, and what was found; says why if there is none.
fn known(model: &mut Model) -> Option<(usize, std::sync::Arc<[Spot]>)> {
    let preview = model.preview.as_ref();
    let preview = preview.filter(|it| Some(it.picture) == model.open);
    let why = match preview.map(|it| &it.spots) {
        Some(Some((_, spots))) if spots.is_empty() => "no spot that the AI removed was found",
        Some(Some(known)) => return Some(known.clone()),
        Some(None) => "spots are found by a texture layer with an original and spots = leave-out",
        None => "the picture is not there yet",
    };
    model.status = why.to_string();
    None
}
