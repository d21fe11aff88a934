//! Files that appear whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::FileError;

/// Writes a file beside its final place and renames it there at the end.
#[derive(Debug)]
pub struct SafeWriter {
    path: PathBuf,
    file: NamedTempFile,
}

impl SafeWriter {
    /// Begins a file in the folder of `path`, which must exist.
    ///
    /// # Errors
    /// When nothing can be written there.
    pub fn new(path: &Path) -> Result<Self, FileError> {
        let folder = check_folder(path)?;
        let mut builder = Builder::new();
        builder.prefix(".repore-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // A temporary file is private; the finished one gets what the umask allows.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder);
        Ok(Self {
            path: path.to_path_buf(),
            file: file.map_err(|it| FileError::from_io("write", path, &it))?,
        })
    }

    /// Writes `bytes`, flushes them to the disk and puts the file in its place. An existing file is
    /// replaced only if `overwrite` says so.
    ///
    /// # Errors
    /// When the disk is full, the folder has gone, or the file exists. Nothing is left behind then.
    pub fn finish(mut self, bytes: &[u8], overwrite: bool) -> Result<(), FileError> {
        self.fill(bytes)?;
        self.place(overwrite)
    }

    /// The file, to be filled and flushed to the disk by the caller.
    pub(super) fn file(&mut self) -> &mut fs::File {
        self.file.as_file_mut()
    }

    /// Writes `bytes` and flushes them to the disk. The file is not in its place yet.
    pub(super) fn fill(&mut self, bytes: &[u8]) -> Result<(), FileError> {
        let written = self.file.write_all(bytes);
        let written = written.and_then(|()| self.file.as_file().sync_all());
        written.map_err(|it| FileError::from_io("write", &self.path, &it))
    }

    /// Puts the file in its place.
    pub(super) fn place(self, overwrite: bool) -> Result<(), FileError> {
        let placed = if overwrite {
            self.file.persist(&self.path)
        } else {
            self.file.persist_noclobber(&self.path)
        };
        match placed {
            Ok(_) => {
                flush_folder(&self.path);
                Ok(())
            }
            Err(it) if it.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(already_exists(&self.path))
            }
            Err(it) => Err(FileError::from_io("write", &self.path, &it.error)),
        }
    }
}

/// The folder that a file is to be in.
///
/// # Errors
/// When there is none.
pub(super) fn check_folder(path: &Path) -> Result<&Path, FileError> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if folder.is_dir() {
        return Ok(folder);
    }
    let cause = format!("the folder {} does not exist", folder.display());
    Err(FileError::new("write", path, cause).with_cure("make it first"))
}

/// Has the folder's new entry reach the disk too. Where folders cannot be flushed, nothing is lost:
/// the file itself was.
fn flush_folder(path: &Path) {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            folder
        };
        let _ = fs::File::open(folder).and_then(|it| it.sync_all());
    }
    #[cfg(not(unix))]
    let _ = path;
}

/// The error of an output that is there already.
pub(super) fn already_exists(path: &Path) -> FileError {
    FileError::new("write", path, "it exists").with_cure("use --overwrite to replace it")
}
