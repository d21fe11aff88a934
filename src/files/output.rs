//! Where a result may go: to a format that can be told, never onto a file it is made from, and not onto another result.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::identity::check_no_input;
use super::safe_write::{already_exists, check_folder};
use super::{FileError, Format};

/// The format of an output: the one that was chosen, or else the one its extension names.
///
/// # Errors
/// When neither says, or it is to be standard output.
pub fn output_format(output: &Path, chosen: Option<Format>) -> Result<Format, FileError> {
    check_is_file(output)?;
    chosen.or_else(|| Format::of_path(output)).ok_or_else(|| {
        FileError::new("write", output, "its extension names no format")
            .with_cure("end it in .jpg, .png, .tif or .webp, or use --format")
    })
}

/// Makes sure that no standard output is meant: nobody who asks for that wants a file of this name.
fn check_is_file(output: &Path) -> Result<(), FileError> {
    match output == Path::new("-") {
        true => {
            let cause = "results are files, and do not go to standard output";
            Err(FileError::new("write", output, cause)
                .with_cure("name a file; ./- is one of this name"))
        }
        false => Ok(()),
    }
}

/// Makes sure that a result may go to `output`: none of its inputs, no folder or device, in a folder that is there,
/// and only if `replaces` says so a file that is there.
///
/// # Errors
/// When it may not.
pub fn check_output<'a>(
    output: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
    replaces: bool,
) -> Result<(), FileError> {
    check_is_file(output)?;
    check_folder(output)?;
    check_place(output, inputs, replaces)
}

/// The same of an output whose folder is made for it.
pub(super) fn check_place<'a>(
    output: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
    replaces: bool,
) -> Result<(), FileError> {
    check_no_input(output, inputs)?;
    if output.is_dir() {
        return Err(
            FileError::new("write", output, "it is a folder").with_cure("name a file in it")
        );
    }
    if output.exists() && !output.is_file() {
        // A result is put in its place by renaming, which would take /dev/null or /dev/stdout away from everyone.
        return Err(
            FileError::new("write", output, "it is a pipe or a device").with_cure("name a file")
        );
    }
    if output.exists() && !replaces {
        return Err(already_exists(output));
    }
    Ok(())
}

/// The results that were written so far, and which input each is of.
#[derive(Clone, Debug, Default)]
pub struct Results(BTreeMap<PathBuf, PathBuf>);

impl Results {
    /// Makes sure that a result of `input` at `output` would not replace that of another input.
    ///
    /// # Errors
    /// When it would.
    pub fn check(&self, output: &Path, input: &Path) -> Result<(), FileError> {
        match self.0.get(output) {
            Some(earlier) if earlier != input => {
                let cause = format!("its result would replace that of {}", earlier.display());
                Err(FileError::new("render", input, cause)
                    .with_cure("render pictures of one name into different folders"))
            }
            _ => Ok(()),
        }
    }

    /// Keeps in mind that `output` is the result of `input`.
    pub fn add(&mut self, output: &Path, input: &Path) {
        self.0.insert(output.to_path_buf(), input.to_path_buf());
    }
}
