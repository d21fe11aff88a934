//! Which file a path leads to, however it is written.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::FileError;

/// What tells a file that is there from all others, also through links.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Identity(#[cfg(unix)] (u64, u64), #[cfg(not(unix))] PathBuf);

impl Identity {
    /// That of the file that a path leads to, if it leads to one.
    fn of(path: &Path) -> Option<Self> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let file = fs::metadata(path).ok()?;
            Some(Self((file.dev(), file.ino())))
        }
        #[cfg(not(unix))]
        fs::canonicalize(path).ok().map(Self)
    }
}

/// Whether two paths lead to one file, also through links.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    let one = Identity::of(one);
    one.is_some() && one == Identity::of(other)
}

/// Files that are never written to, as many as there are: each is looked at once.
#[derive(Clone, Debug, Default)]
pub struct Protected(Arc<Known>);

#[derive(Debug, Default)]
struct Known {
    files: HashMap<Identity, PathBuf>,
    /// Without links: a file that another program saves anew is another one in the same place.
    places: HashMap<PathBuf, PathBuf>,
}

impl<P: AsRef<Path>> FromIterator<P> for Protected {
    fn from_iter<I: IntoIterator<Item = P>>(paths: I) -> Self {
        let mut known = Known::default();
        for path in paths {
            let path = path.as_ref();
            if let (Some(file), Ok(place)) = (Identity::of(path), fs::canonicalize(path)) {
                known.files.insert(file, path.to_path_buf());
                known.places.insert(place, path.to_path_buf());
            }
        }
        Self(Arc::new(known))
    }
}

impl Protected {
    /// Makes sure that an output is none of them.
    ///
    /// # Errors
    /// When it is one.
    pub fn check(&self, output: &Path) -> Result<(), FileError> {
        let Known { files, places } = self.0.as_ref();
        let input = Identity::of(output).and_then(|it| files.get(&it));
        let place = || fs::canonicalize(output).ok();
        let input = input.or_else(|| places.get(&place()?));
        input.map_or(Ok(()), |it| Err(is_input(output, it)))
    }
}

/// Makes sure that an output is none of its inputs, also not through a link.
///
/// # Errors
/// When it is one of them.
pub fn check_no_input<'a>(
    output: &Path,
    inputs: impl IntoIterator<Item = &'a Path>,
) -> Result<(), FileError> {
    let Some(output_file) = Identity::of(output) else {
        return Ok(());
    };
    let input = inputs
        .into_iter()
        .find(|it| Identity::of(it).as_ref() == Some(&output_file));
    input.map_or(Ok(()), |it| Err(is_input(output, it)))
}

fn is_input(output: &Path, input: &Path) -> FileError {
    let cause = format!("it is the input {}", input.display());
    FileError::new("write", output, cause)
        .with_cure("inputs are never written to; choose another output")
}
