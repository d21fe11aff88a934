//! Walking through the spots that the AI removed.

use super::*;
use crate::engine::operations::Spots;
use crate::engine::original::spots::{Spot, Stretch};
use crate::tui::geometry::Zoom;
use crate::tui::overlay::Overlay;

fn spots() -> Vec<Spot> {
    let places = [(900.0, 500.0), (3000.25, 2000.0), (4000.0, 1500.0)];
    let spot = |(x, y)| Spot {
        x,
        y,
        radius: 8.0,
        strength: 6.0,
        stretch: Stretch::NONE,
    };
    places.map(spot).to_vec()
}

fn answer_spots(model: &mut Model, spots: &[Spot]) {
    let found = Preview {
        spots: Some((0, spots.into())),
        ..preview(model, Subject::Picture)
    };
    update(model, Message::PreviewReady(found));
}

/// A picture whose texture layer leaves three spots out.
fn with_spots() -> Model {
    let mut model = model();
    answer_spots(&mut model, &spots());
    model
}

fn kept(model: &Model) -> &[[f64; 2]] {
    match &recipe(model).layers[0].operation {
        Operation::Texture(it) => &it.kept,
        other => panic!("no texture but {other:?}"),
    }
}

#[test]
fn a_key_walks_through_the_spots_at_1_to_1() {
    let mut model = with_spots();
    let effects = keys(&mut model, ".");
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    assert_eq!(model.view.zoom, Zoom::Scale(1.0));
    assert!(
        model
            .status
            .starts_with("spot 1 of 3 at 900, 500, 16 px wide")
    );
    let (x, y) = model.view.centre;
    assert!(
        (x - 0.15).abs() < 1e-9 && (y - 0.125).abs() < 1e-9,
        "{x} {y}"
    );
    answer_spots(&mut model, &spots());
    keys(&mut model, "..");
    assert!(model.status.starts_with("spot 3 of 3"));
    keys(&mut model, ".");
    assert!(model.status.starts_with("spot 1 of 3"));
    keys(&mut model, ",");
    assert!(model.status.starts_with("spot 3 of 3"));
    assert!(shown(&model).contains("SPOTS"));
    key(&mut model, KeyCode::Esc);
    assert_eq!(model.tool, None);
}

#[test]
fn a_spot_comes_back_and_stays_removed_again() {
    let mut model = with_spots();
    keys(&mut model, "e");
    assert_eq!(model.status, ". goes to the spots that the AI removed");
    keys(&mut model, "..");
    answer_spots(&mut model, &spots());
    let effects = keys(&mut model, "e");
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    assert_eq!(kept(&model), [[3000.3, 2000.0]]);
    assert!(model.status.contains("comes back"), "{}", model.status);
    keys(&mut model, "e");
    assert!(kept(&model).is_empty());
    // Each is a step to undo.
    keys(&mut model, "u");
    assert_eq!(kept(&model), [[3000.3, 2000.0]]);
    keys(&mut model, "u");
    assert!(kept(&model).is_empty());
}

#[test]
fn a_click_brings_the_spot_under_it_back() {
    let mut model = with_spots();
    keys(&mut model, ".");
    answer_spots(&mut model, &spots());
    let layout = model.layout().expect("it fits");
    let place = placed(
        model.current_preview().expect("it is there").frame.shown,
        layout.picture,
        model.preview_cell(),
    );
    let press = |model: &mut Model, column, row| {
        let kind = MouseEventKind::Down(LEFT);
        let modifiers = KeyModifiers::NONE;
        let event = MouseEvent {
            kind,
            column,
            row,
            modifiers,
        };
        update(model, Message::Mouse(event))
    };
    let (column, row) = (place.x + place.width / 2, place.y + place.height / 2);
    let [x, y] = model.pointed(column, row).expect("over the picture");
    let mut moved = spots();
    (moved[0].x, moved[0].y) = (x, y);
    answer_spots(&mut model, &moved);
    press(&mut model, column, row);
    assert_eq!(kept(&model).len(), 1);
    // Beside it a drag pans.
    assert_eq!(press(&mut model, place.x + 1, place.y + 1), []);
    assert_eq!(kept(&model).len(), 1);
}

#[test]
fn rings_show_what_stays_removed_and_what_comes_back() {
    let mut model = with_spots();
    assert_eq!(Overlay::of(&model), None);
    keys(&mut model, ".");
    answer_spots(&mut model, &spots());
    keys(&mut model, "e");
    answer_spots(&mut model, &spots());
    let Some(Overlay::Spots { rings, .. }) = Overlay::of(&model) else {
        panic!("no rings");
    };
    // The others are beyond what is seen at 1:1.
    assert_eq!(rings.len(), 1);
    assert!(rings[0].kept && rings[0].chosen);
}

#[test]
fn without_spots_it_says_why() {
    let mut model = model();
    answer(&mut model);
    keys(&mut model, ".");
    assert!(
        model.status.contains("spots = leave-out"),
        "{}",
        model.status
    );
    answer_spots(&mut model, &[]);
    keys(&mut model, ".");
    assert_eq!(model.status, "no spot that the AI removed was found");
    // The layer brings all back now: there is nothing to walk through.
    let mut model = with_spots();
    keys(&mut model, ".");
    recipe::change(&mut model, None, |recipe| {
        if let Operation::Texture(it) = &mut recipe.layers[0].operation {
            it.spots = Spots::BringBack;
        }
    });
    assert_eq!(model.tool, None);
}
