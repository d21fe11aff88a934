//! Patches that were found, and those saved by name.

use super::*;

/// The two best patches of the donor, as the worker finds them.
fn answer_patches(model: &mut Model, open: bool) {
    let patches = [900, 1200].map(|x| Rectangle {
        x,
        y: 500,
        width: 128,
        height: 128,
    });
    let mut resolved = recipe(model).clone();
    if let (true, Operation::Graft(graft)) = (open, &mut resolved.layers[1].operation) {
        graft.patch = Some(patches[0]);
        graft.strength = Strength::Percent(137.0);
    }
    let found = Preview {
        resolved: resolved.into(),
        patches: model.next_patch_of.map(|it| (it, patches.to_vec())),
        ..preview(model, Subject::Picture)
    };
    let effects = update(model, Message::PreviewReady(found));
    if let [Effect::Preview(_)] = effects[..] {
        answer(model);
    }
}

#[test]
fn the_best_patches_come_in_turn() {
    let mut model = model();
    answer_patches(&mut model, true);
    let effects = keys(&mut model, "t");
    let [Effect::Preview(PreviewRequest { patches_of, .. })] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(*patches_of, Some(1));
    // The first one is used already, so the second is next.
    answer_patches(&mut model, true);
    assert_eq!(graft(&model).1.patch.map(|it| it.x), Some(1200));
    assert_eq!(
        model.status,
        "patch 2 of 2 for layer 2 \"graft\": 128×128 at 1200, 500; m shows it"
    );
    keys(&mut model, "t");
    answer_patches(&mut model, false);
    assert_eq!(graft(&model).1.patch.map(|it| it.x), Some(900));
    // Each is a step to undo.
    keys(&mut model, "uu");
    assert_eq!(graft(&model).1.patch, None);
}

#[test]
fn what_was_found_is_shown_and_can_be_kept() {
    let mut model = model();
    if let Some(edit) = model.edit_mut() {
        edit.recipe.set("graft.strength=match").expect("it fits");
    }
    answer_patches(&mut model, true);
    keys(&mut model, "\tj");
    while model.stack.layer == 0 {
        keys(&mut model, "j");
    }
    let screen = shown(&model);
    assert!(screen.contains("900,500 128×128"), "{screen}");
    assert!(screen.contains("match 137 %"), "{screen}");
    assert_eq!(graft(&model).1.patch, None);
    keys(&mut model, "f");
    assert_eq!(model.status, "kept what was found: strength, patch");
    assert_eq!(graft(&model).1.patch.map(|it| it.x), Some(900));
    assert_eq!(graft(&model).1.strength, Strength::Percent(137.0));
    keys(&mut model, "f");
    assert!(model.status.starts_with("nothing was left open"));
    keys(&mut model, "u");
    assert_eq!(graft(&model).1.strength, Strength::Match);
}

fn donor(name: &str) -> Donor {
    Donor {
        name: name.to_string(),
        path: Default::default(),
        source: "neck.jpg".to_string(),
        source_size: (900, 900),
        patch: Rectangle {
            x: 5,
            y: 6,
            width: 160,
            height: 150,
        },
    }
}

#[test]
fn a_patch_is_saved_to_the_library_by_name() {
    let mut model = model();
    keys(&mut model, "S");
    assert_eq!(model.status, "layer 2 \"graft\" has no patch; m marks one");
    let mut model = marking();
    keys(&mut model, "S");
    assert!(shown(&model).contains("A name for the patch of 160×160"));
    assert_eq!(keys(&mut model, "\n"), []);
    keys(&mut model, "S");
    let effects = keys(&mut model, "neck-2\n");
    let [Effect::SaveDonor(save)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(
        (save.name.as_str(), save.donor.as_str()),
        ("neck-2", "self")
    );
    assert_eq!((save.patch.x, save.patch.width), (2920, 160));
    update(&mut model, Message::DonorSaved(Ok("saved".to_string())));
    assert_eq!(model.status, "saved");
    update(
        &mut model,
        Message::DonorSaved(Err("it exists".to_string())),
    );
    assert_eq!(model.status, "it exists");
}

#[test]
fn a_donor_is_chosen_from_the_library() {
    let mut model = marking();
    keys(&mut model, "\n");
    assert_eq!(keys(&mut model, "C"), [Effect::ListDonors]);
    let library = vec![donor("brow"), donor("neck")];
    update(&mut model, Message::DonorsListed(Ok(library.clone())));
    let screen = shown(&model);
    for row in [
        "self",
        "the picture before the AI",
        "brow",
        "160×150 of neck.jpg",
    ] {
        assert!(screen.contains(row), "{row}: {screen}");
    }
    let effects = keys(&mut model, "jjj\n");
    assert!(matches!(effects[..], [Effect::Preview(_)]));
    assert_eq!(graft(&model).1.donor, "library:neck");
    assert_eq!(graft(&model).1.patch, None);
    // It is where the cursor starts the next time, and it cannot be saved again.
    update(&mut model, Message::DonorsListed(Ok(library)));
    assert!(matches!(model.dialog, Some(Dialog::Donors { at: 3, .. })));
    key(&mut model, KeyCode::Esc);
    answer(&mut model);
    keys(&mut model, "mS");
    assert!(
        model.status.contains("in the library already"),
        "{}",
        model.status
    );
    key(&mut model, KeyCode::Esc);
    keys(&mut model, "u");
    assert_eq!(graft(&model).1.donor, "self");
    update(
        &mut model,
        Message::DonorsListed(Err("cannot read".to_string())),
    );
    assert_eq!(model.status, "cannot read");
}

#[test]
fn the_marquee_begins_at_the_patch_that_was_found_and_shows_it() {
    let mut model = model();
    answer_patches(&mut model, true);
    keys(&mut model, "z");
    answer_patches(&mut model, true);
    keys(&mut model, "m");
    assert_eq!(patch(&model), (900, 500, 128, 128));
    let size = Size::new(6000, 4000);
    let seen = model.view.frame(size, model.preview_pixels()).region;
    assert!(seen.x < 900 && seen.right() > 1028, "{seen:?}");
}
