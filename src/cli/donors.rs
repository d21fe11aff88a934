//! `repore donors`: skin that is saved by name, for grafts onto other pictures.

use std::path::Path;

use super::args::{DonorsAction, ShowArgs};
use super::{DONE, SOME_FAILED, complain, show};
use crate::engine::operations::{Graft, LIBRARY, Rectangle};
use crate::engine::render::Inputs;
use crate::files::{Donor, Donors, FileError, Photo, read_photo_with};
use crate::tui::PreviewChoice;

/// Lists, saves, shows or removes donors.
pub fn run(action: Option<&DonorsAction>) -> u8 {
    let text = match action {
        None | Some(DonorsAction::List) => list(),
        Some(DonorsAction::Save {
            name,
            input,
            patch,
            overwrite,
            reading,
        }) => {
            let photo = read_photo_with(input, reading.options());
            photo.and_then(|it| save(name, (input, &it), *patch, *overwrite))
        }
        Some(DonorsAction::Show { name }) => return print_donor(name),
        Some(DonorsAction::Remove { name }) => remove(name),
    };
    match text {
        Ok(text) => super::print(&text),
        Err(error) => {
            complain(error);
            SOME_FAILED
        }
    }
}

fn list() -> Result<String, FileError> {
    let donors = Donors::of_user()?.list()?;
    if donors.is_empty() {
        return Ok(
            "no skin is saved yet; `repore donors save NAME INPUT` saves some\n".to_string(),
        );
    }
    Ok(donors.iter().map(line).collect())
}

fn save(
    name: &str,
    (input, photo): (&Path, &Photo),
    patch: Option<Rectangle>,
    overwrite: bool,
) -> Result<String, FileError> {
    let patch = match patch {
        Some(patch) => patch,
        None => {
            let inputs = Inputs::alone(photo.image.clone());
            let found = inputs.patches(&Graft::default());
            let found = found.map_err(|_| {
                FileError::new("save a patch of", input, "no even skin was found in it")
                    .with_cure("name the patch with --patch X,Y,W,H")
            })?;
            found[0]
        }
    };
    let donor = Donors::of_user()?.save(name, input, photo, patch, overwrite)?;
    Ok(format!(
        "{}a recipe uses it as donor = \"{LIBRARY}{name}\"\n",
        line(&donor)
    ))
}

fn remove(name: &str) -> Result<String, FileError> {
    Donors::of_user()?.remove(name)?;
    Ok(format!("removed {name}\n"))
}

/// Prints where a donor is from, and what it looks like.
fn print_donor(name: &str) -> u8 {
    match Donors::of_user().and_then(|it| it.find(name)) {
        Ok(donor) => match super::print(&format!("{}{}\n", line(&donor), donor.path.display())) {
            DONE => show::run(&ShowArgs {
                files: vec![donor.path],
                preview: PreviewChoice::Auto,
                reading: Default::default(),
            }),
            code => code,
        },
        Err(error) => {
            complain(error);
            SOME_FAILED
        }
    }
}

fn line(donor: &Donor) -> String {
    let Rectangle {
        x,
        y,
        width,
        height,
    } = donor.patch;
    let origin = if donor.source.is_empty() {
        "of unknown origin".to_string()
    } else {
        let (all_width, all_height) = donor.source_size;
        format!("at {x},{y} of {} ({all_width}×{all_height})", donor.source)
    };
    format!("{:<16}{width}×{height} {origin}\n", donor.name)
}
