//! Which original belongs to a picture.

use std::fs;
use std::path::{Path, PathBuf};

use super::safe_write::same_file;
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
    match from {
        Originals::At(path) if path.is_dir() => Ok(by_stem(path, &stem(picture), picture)),
        Originals::At(path) if path.exists() => Ok(Some(path.clone())),
        Originals::At(path) => Err(FileError::new(
            "read",
            path,
            "there is no such file or folder",
        )),
        Originals::Beside => {
            let folder = picture.parent().unwrap_or(Path::new(""));
            let kept = by_stem(&folder.join("originals"), &stem(picture), picture);
            Ok(kept.or_else(|| by_stem(folder, &format!("{}.original", stem(picture)), picture)))
        }
    }
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

/// The first picture of a folder with this stem that is another file than `picture`, which is not its own original.
fn by_stem(folder: &Path, wanted: &str, picture: &Path) -> Option<PathBuf> {
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    let entries = fs::read_dir(folder).ok()?.filter_map(Result::ok);
    let mut found: Vec<PathBuf> = entries
        .map(|it| it.path())
        .filter(|it| is_picture(it) && stem(it) == wanted && !same_file(it, picture))
        .collect();
    found.sort();
    found.into_iter().next()
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
