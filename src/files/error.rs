//! What can go wrong with a file: which one, why, and what would help.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A file could not be used. Shown as one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// What was tried: `read`, `write`, …
    pub action: &'static str,
    /// The file.
    pub path: PathBuf,
    /// Why, in plain words.
    pub cause: String,
    /// What would help, or empty.
    pub cure: String,
}

impl FileError {
    /// An error with a cause and no special cure.
    pub fn new(action: &'static str, path: &Path, cause: impl Into<String>) -> Self {
        Self {
            action,
            path: path.to_path_buf(),
            cause: cause.into(),
            cure: String::new(),
        }
    }

    /// The same error with what would help.
    pub fn with_cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = cure.into();
        self
    }

    /// What the operating system said, in plain words.
    pub fn from_io(action: &'static str, path: &Path, error: &io::Error) -> Self {
        let (cause, cure) = match error.kind() {
            io::ErrorKind::NotFound => ("there is no such file or folder", ""),
            io::ErrorKind::PermissionDenied => (
                "the permission is denied",
                "check the owner and mode of file and folder",
            ),
            io::ErrorKind::IsADirectory => ("it is a folder", "name a file"),
            io::ErrorKind::AlreadyExists | io::ErrorKind::NotADirectory => (
                "a file is where a folder should be",
                "choose another folder",
            ),
            io::ErrorKind::StorageFull => ("the disk is full", "free some space and run it again"),
            io::ErrorKind::ReadOnlyFilesystem => {
                ("the file system is read-only", "choose another folder")
            }
            io::ErrorKind::UnexpectedEof => ("the file ends early", "copy it again"),
            _ => return Self::new(action, path, error.to_string()),
        };
        Self::new(action, path, cause).with_cure(cure)
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        write!(
            f,
            "cannot {} {path}: {}",
            self.action,
            one_line(&self.cause)
        )?;
        if !self.cure.is_empty() {
            write!(f, "; {}", self.cure)?;
        }
        Ok(())
    }
}

impl std::error::Error for FileError {}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
