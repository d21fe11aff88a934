//! `repore inspect INPUT...`: how much texture pictures have, against their originals.

mod chart;
mod lines;
mod report;

use std::path::{Path, PathBuf};

use self::report::Report;
use super::args::InspectArgs;
use super::layers::{prepared, wrong};
use super::{DONE, INTERRUPTED, SOME_FAILED, complain, json, print, print_line};
use crate::engine::render::Cancel;
use crate::files::{
    FileError, Format, Inspect, Inspected, RecipeChoice, SafeWriter, check_output, list_pictures,
    output_format,
};

/// Measures all inputs; a picture that cannot be read does not keep the others from being measured.
pub fn run(args: &InspectArgs) -> u8 {
    match checked(args) {
        Ok((inputs, choice, cancel)) => match may_report(args, &inputs) {
            Ok(()) => measure(args, &inputs, &choice, &cancel),
            Err(error) => {
                complain(error);
                SOME_FAILED
            }
        },
        Err(what) => wrong(what),
    }
}

/// What can be checked before anything is read: the pictures, and the recipe that is asked for.
fn checked(args: &InspectArgs) -> Result<(Vec<PathBuf>, RecipeChoice, Cancel), String> {
    let choosing = &args.choosing;
    let changed = !choosing.set.is_empty() || choosing.seed.is_some();
    if changed && choosing.recipe.is_none() {
        return Err("--set and --seed change a recipe; name it with --recipe".to_string());
    }
    let mut choice = choosing.recipe_choice()?;
    // It says where to measure, and masks no layer.
    choice.mask = None;
    let inputs = list_pictures(&args.inputs).map_err(|it| it.to_string())?;
    if inputs.is_empty() {
        return Err(super::no_picture_in(&args.inputs));
    }
    if let Some(path) = &args.report {
        let png = output_format(path, None).map_err(|it| it.to_string())? == Format::Png;
        if !png {
            return Err(format!("--report {}: a report is a PNG", path.display()));
        }
    }
    Ok((inputs, choice, prepared(&args.common)?))
}

/// Whether a report may go where it is to go: known before anything is measured.
fn may_report(args: &InspectArgs, inputs: &[PathBuf]) -> Result<(), FileError> {
    let files = inputs.iter().map(PathBuf::as_path);
    let report = args.report.as_ref();
    report.map_or(Ok(()), |it| check_output(it, files, args.common.overwrite))
}

fn measure(args: &InspectArgs, inputs: &[PathBuf], choice: &RecipeChoice, cancel: &Cancel) -> u8 {
    let mut code = DONE;
    let mut sheets = Report::default();
    // What no report may be written over.
    let mut read: Vec<PathBuf> = inputs.to_vec();
    for input in inputs {
        match inspected(args, input, choice, cancel) {
            Ok(Some(inspected)) => {
                report(args, input, &inspected);
                read.extend(inspected.sources.iter().cloned());
                if let Some(path) = &args.report {
                    match sheets.add(input, &inspected, cancel) {
                        Some(Ok(())) => {}
                        Some(Err(error)) => {
                            complain(FileError::new("write", path, error.to_string()));
                            code = SOME_FAILED;
                        }
                        None => return interrupted(),
                    }
                }
                if let Some(reason) = too_little(args, &inspected) {
                    complain(format!("{}: {reason}", input.display()));
                    code = SOME_FAILED;
                }
            }
            Ok(None) => return interrupted(),
            Err(error) => {
                failed(args, input, &error);
                code = SOME_FAILED;
            }
        }
    }
    if let Some(path) = &args.report
        && let Err(error) = written(&sheets, path, &read, args.common.overwrite)
    {
        complain(error);
        code = SOME_FAILED;
    }
    code
}

fn interrupted() -> u8 {
    complain("interrupted");
    INTERRUPTED
}

/// Writes the report, unless no picture was measured.
fn written(
    sheets: &Report,
    path: &Path,
    read: &[PathBuf],
    overwrite: bool,
) -> Result<(), FileError> {
    check_output(path, read.iter().map(PathBuf::as_path), overwrite)?;
    let png = sheets
        .png()
        .map_err(|it| FileError::new("write", path, it.to_string()))?;
    match png {
        Some(bytes) => SafeWriter::new(path)?.finish(&bytes, overwrite),
        None => Ok(()),
    }
}

fn inspected(
    args: &InspectArgs,
    input: &Path,
    choice: &RecipeChoice,
    cancel: &Cancel,
) -> Result<Option<Inspected>, FileError> {
    let recipe = choice.given.as_ref().map(|_| choice.for_picture(input));
    let inspect = Inspect {
        input: input.to_path_buf(),
        originals: args.choosing.originals(),
        mask: args.choosing.mask.clone(),
        recipe: recipe.transpose()?,
        read: args.common.reading.options(),
    };
    inspect.run(cancel)
}

fn failed(args: &InspectArgs, input: &Path, error: &FileError) {
    complain(error);
    if args.common.json {
        print_line(&json::failed(input, error).to_string());
    }
}

fn report(args: &InspectArgs, input: &Path, inspected: &Inspected) {
    if args.common.json {
        print_line(&lines::line(input, inspected).to_string());
        return;
    }
    if args.common.quiet {
        return;
    }
    for note in &inspected.notes {
        complain(format!("{}: {note}", input.display()));
    }
    print(&chart::text(input, inspected, chart::coloured()));
}

/// Why a picture fails `--fail-below`, if it does.
fn too_little(args: &InspectArgs, inspected: &Inspected) -> Option<String> {
    let limit = args.fail_below?;
    match inspected.inspection.last().recovered() {
        None => Some(format!(
            "what was recovered cannot be told: {}",
            if inspected.original.is_some() {
                "there is too little to compare"
            } else {
                "there is no original"
            }
        )),
        Some(share) if share < limit => {
            Some(format!("recovered {share:.3}, which is below {limit}"))
        }
        Some(_) => None,
    }
}
