//! `repore [PATH]...`: the terminal UI.

use std::path::PathBuf;

use super::args::Shared;

/// Opens pictures and folders.
pub fn run(_paths: &[PathBuf], _shared: &Shared) -> u8 {
    super::WRONG_USAGE
}
