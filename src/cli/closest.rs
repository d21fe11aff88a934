//! `repore match INPUT --reference FILE`: the recipe that comes closest to a reference.

use std::path::Path;

use serde_json::json;

use super::args::MatchArgs;
use super::layers::{prepared, wrong};
use super::{DONE, INTERRUPTED, SOME_FAILED, complain, json, print, print_line};
use crate::engine::operations::{Distribution, LIBRARY};
use crate::engine::recipe::{Operation, Recipe};
use crate::engine::render::{Cancel, Freedom};
use crate::files::{Closest, FileError, Found, RecipeChoice, Sought, check_output, sidecar_path};

/// Finds the recipe and prints or writes it.
pub fn run(args: &MatchArgs) -> u8 {
    let (choice, cancel) = match checked(args) {
        Ok(checked) => checked,
        Err(what) => return wrong(what),
    };
    match found(args, &choice, &cancel) {
        Ok(Some(found)) => report(args, &found),
        Ok(None) => {
            complain("interrupted");
            INTERRUPTED
        }
        Err(error) => {
            complain(&error);
            if args.common.json {
                print_line(&json::failed(&args.input, &error).to_string());
            }
            SOME_FAILED
        }
    }
}

/// What can be checked before anything is read.
fn checked(args: &MatchArgs) -> Result<(RecipeChoice, Cancel), String> {
    let choice = args.choosing.recipe_choice()?;
    let in_library = args.reference.to_string_lossy().starts_with(LIBRARY);
    if !in_library {
        super::args::must_exist("--reference names", [args.reference.clone()])?;
    }
    Ok((choice, prepared(&args.common)?))
}

fn found(
    args: &MatchArgs,
    choice: &RecipeChoice,
    cancel: &Cancel,
) -> Result<Option<Found>, FileError> {
    if let Some(output) = &args.output {
        // Known from the start, so that nobody waits for a recipe that cannot be kept.
        check_output(output, [args.input.as_path()], args.common.overwrite)?;
    }
    // A recipe that nobody chose may lose layers.
    let chosen = choice.given.is_some() || sidecar_path(&args.input).exists();
    let closest = Closest {
        input: args.input.clone(),
        originals: args.choosing.originals(),
        reference: Sought::Named(args.reference.clone()),
        patch: args.patch,
        recipe: choice.for_picture(&args.input)?,
        freedom: if chosen {
            Freedom::Tune
        } else {
            Freedom::Choose
        },
        read: args.common.reading.options(),
    };
    // Paths in a printed recipe start from where it is printed.
    let folder = args.output.as_deref().and_then(Path::parent);
    let Some(found) = closest.run(folder.unwrap_or(Path::new("")), cancel)? else {
        return Ok(None);
    };
    if let Some(output) = &args.output {
        found.write(output, args.common.overwrite)?;
    }
    Ok(Some(found))
}

fn report(args: &MatchArgs, found: &Found) -> u8 {
    let tuned = &found.tuned;
    if args.common.json {
        let octaves = tuned.octaves.iter();
        let octaves = octaves.map(|it| {
            json!({
                "from_px": it.from_px,
                "to_px": it.to_px,
                "rms": json::rounded(it.rms),
                "reference_rms": json::rounded(it.reference_rms),
                "recovered": json::rounded(it.recovered()),
            })
        });
        let line = json!({
            "input": args.input.to_string_lossy(),
            "output": args.output.as_ref().map(|it| it.to_string_lossy()),
            "original": found.original.as_ref().map(|it| it.to_string_lossy()),
            "reference": args.reference.to_string_lossy(),
            "patch": args.patch.map(|it| {
                json!({ "x": it.x, "y": it.y, "width": it.width, "height": it.height })
            }),
            "recipe": json::recipe(&tuned.recipe),
            "octaves": octaves.collect::<Vec<_>>(),
            "difference_db": json::rounded(Some(tuned.difference)),
            "notes": tuned.notes.iter().cloned().chain(other_noise(&tuned.recipe)).collect::<Vec<_>>(),
        });
        print_line(&line.to_string());
        return DONE;
    }
    if !args.common.quiet {
        let input = args.input.display();
        for note in tuned
            .notes
            .iter()
            .cloned()
            .chain(other_noise(&tuned.recipe))
        {
            complain(format!("{input}: {note}"));
        }
        complain(format!(
            "{input}: {:.1} dB from {}",
            tuned.difference, found.reference
        ));
    }
    match args.output {
        Some(_) => DONE,
        None => print(&tuned.recipe.to_toml()),
    }
}

/// What the amounts of uniform noise in a recipe are as those of Gaussian noise: the octaves of both are the same, so that
/// nothing in them tells which the reference has.
fn other_noise(recipe: &Recipe) -> Vec<String> {
    let layers = recipe.layers.iter().filter(|it| it.enabled);
    let noises = layers.filter_map(|it| match &it.operation {
        Operation::Noise(it) if it.distribution == Distribution::Uniform => Some(it.amount),
        _ => None,
    });
    let words = |amount: f64| {
        let gaussian = amount / 3.0f64.sqrt();
        format!("{amount} % of uniform noise are as much as {gaussian:.2} % of gaussian")
    };
    noises.map(words).collect()
}
