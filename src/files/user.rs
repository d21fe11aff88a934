//! What is kept for the user, beside no picture.

use std::env;
use std::path::{Path, PathBuf};

use super::FileError;

/// The user's folder: `repore` in `XDG_DATA_HOME`, or else in `~/.local/share` (`%APPDATA%` on Windows). It need
/// not exist. `what` is looked for in it.
///
/// # Errors
/// When the environment names no home.
pub fn user_folder(what: &str) -> Result<PathBuf, FileError> {
    // The specification has relative paths ignored.
    let named = |key: &str| env::var_os(key).map(PathBuf::from);
    let absolute = |key: &str| named(key).filter(|it| it.is_absolute());
    let data = absolute("XDG_DATA_HOME")
        .or_else(|| absolute("APPDATA").filter(|_| cfg!(windows)))
        .or_else(|| absolute("HOME").map(|it| it.join(".local/share")));
    data.map(|it| it.join("repore")).ok_or_else(|| {
        let cause = "the environment names neither XDG_DATA_HOME nor HOME";
        FileError::new("find", Path::new(what), cause).with_cure("set one of them")
    })
}
