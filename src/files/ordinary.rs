//! Files that have an end: neither pipes nor devices, which may keep a reader waiting for ever.

use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Opens a file to be read.
///
/// # Errors
/// When it cannot be opened, or is a pipe or a device.
pub fn open_ordinary(path: &Path) -> io::Result<File> {
    let kind = fs::metadata(path)?.file_type();
    // What becomes of a folder is said by who reads it.
    if kind.is_file() || kind.is_dir() {
        return File::open(path);
    }
    let what = "it is a pipe or a device; save the picture as a file";
    Err(io::Error::other(what))
}
