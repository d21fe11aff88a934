//! Which original belongs to a picture.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::identity::same_file;
use super::{FileError, is_picture};

/// Where originals are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Originals {
    /// In a folder `originals` beside the picture, then as `STEM.original.EXT` beside it.
    #[default]
    Beside,
    /// This file, or in this folder by file stem.
    At(PathBuf),
}

/// The original of a picture, if there is one.
///
/// # Errors
/// When a file or folder that was named does not exist.
pub fn find_original(picture: &Path, from: &Originals) -> Result<Option<PathBuf>, FileError> {
    OriginalFinder::new(from).find(picture)
}

/// Finds the originals of many pictures. Each folder is read once: what changes in it later is not seen.
#[derive(Debug)]
pub struct OriginalFinder<'a> {
    from: &'a Originals,
    folders: HashMap<PathBuf, ByStem>,
}

/// The pictures of a folder by their stems, sorted.
type ByStem = HashMap<OsString, Vec<PathBuf>>;

impl<'a> OriginalFinder<'a> {
    /// One that has read nothing yet.
    pub fn new(from: &'a Originals) -> Self {
        Self {
            from,
            folders: HashMap::new(),
        }
    }

    /// The original of a picture, if there is one.
    ///
    /// # Errors
    /// When a file or folder that was named does not exist.
    pub fn find(&mut self, picture: &Path) -> Result<Option<PathBuf>, FileError> {
        let stem = picture.file_stem().unwrap_or_default();
        match self.from {
            Originals::At(path) if path.is_dir() => Ok(self.by_stem(path, stem, picture)),
            Originals::At(path) if path.exists() => Ok(Some(path.clone())),
            Originals::At(path) => Err(FileError::new(
                "read",
                path,
                "there is no such file or folder",
            )),
            Originals::Beside => {
                let folder = picture.parent().unwrap_or(Path::new(""));
                let kept = self.by_stem(&folder.join("originals"), stem, picture);
                let mut beside = stem.to_os_string();
                beside.push(".original");
                Ok(kept.or_else(|| self.by_stem(folder, &beside, picture)))
            }
        }
    }

    /// The first picture of a folder with this stem that is another file than `picture`, which is not its own original.
    fn by_stem(&mut self, folder: &Path, wanted: &OsStr, picture: &Path) -> Option<PathBuf> {
        let folders = self.folders.entry(folder.to_path_buf());
        let listed = folders.or_insert_with(|| listed(folder));
        let mut found = listed.get(wanted)?.iter();
        found.find(|it| !same_file(it, picture)).cloned()
    }
}

/// The pictures of a folder; none if it cannot be read.
fn listed(folder: &Path) -> ByStem {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let mut listed = ByStem::new();
    let entries = fs::read_dir(folder).into_iter().flatten();
    for path in entries.filter_map(Result::ok).map(|it| it.path()) {
        if let Some(stem) = path.file_stem().filter(|_| is_picture(&path)) {
            let same = listed.entry(stem.to_os_string()).or_default();
            same.push(path);
        }
    }
    for same in listed.values_mut() {
        same.sort();
    }
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn originals_are_found_in_their_folder_then_beside() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("originals")).expect("a folder");
        for name in [
            "a.jpg",
            "originals/a.tif",
            "b.jpg",
            "b.original.png",
            "c.jpg",
        ] {
            fs::write(at(name), "").expect("a file");
        }
        let find = |name: &str| find_original(&at(name), &Originals::Beside).expect("no error");
        assert_eq!(find("a.jpg"), Some(at("originals/a.tif")));
        assert_eq!(find("b.jpg"), Some(at("b.original.png")));
        assert_eq!(find("c.jpg"), None);
        let named = Originals::At(at("originals"));
        let find = |name: &str| find_original(&at(name), &named).expect("no error");
        assert_eq!(find("a.png"), Some(at("originals/a.tif")));
        assert_eq!(find("c.jpg"), None);
        assert!(find_original(&at("c.jpg"), &Originals::At(at("none"))).is_err());
        // Both in one folder: a picture is not its own original.
        fs::write(at("c.png"), "").expect("a file");
        let beside = Originals::At(folder.path().to_path_buf());
        let find = |name: &str| find_original(&at(name), &beside).expect("no error");
        assert_eq!(find("c.jpg"), Some(at("c.png")));
        assert_eq!(find("c.png"), Some(at("c.jpg")));
        assert_eq!(find("b.original.png"), None);
    }
}
