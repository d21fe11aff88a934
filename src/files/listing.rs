//! Pictures in folders.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::FileError;
use super::tone::is_of_tone;

/// Extensions of pictures that can be read.
const EXTENSIONS: &[&str] = &[
    "jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "webp", "bmp", "gif", "ppm", "pgm", "pnm",
];

/// Whether a path has the extension of a picture.
pub fn is_picture(path: &Path) -> bool {
    let extension = path.extension().and_then(|it| it.to_str());
    extension.is_some_and(|it| EXTENSIONS.contains(&it.to_ascii_lowercase().as_str()))
}

/// The pictures that paths lead to, each once: files as they are, and what is in folders, sorted by name,
/// without this program's own results and layers, without originals and without hidden files.
///
/// # Errors
/// When a folder cannot be read.
pub fn list_pictures(paths: &[PathBuf]) -> Result<Vec<PathBuf>, FileError> {
    let mut pictures = Vec::new();
    for path in paths {
        if path.is_dir() {
            pictures.extend(folder(path)?);
        } else {
            pictures.push(path.clone());
        }
    }
    let mut listed = HashSet::new();
    let as_named = |it: &Path| it.strip_prefix(".").unwrap_or(it).to_path_buf();
    pictures.retain(|it| listed.insert(as_named(it)));
    Ok(pictures)
}

fn folder(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let refuse = |error| FileError::from_io("read", folder, &error);
    let mut pictures = Vec::new();
    for entry in fs::read_dir(folder).map_err(refuse)? {
        let path = entry.map_err(refuse)?.path();
        if is_picture(&path) && !is_by_product(&path) && path.is_file() {
            // `.` in front of every name would only be noise.
            let path = path
                .strip_prefix("./")
                .map(Path::to_path_buf)
                .unwrap_or(path);
            pictures.push(path);
        }
    }
    pictures.sort();
    Ok(pictures)
}

/// Whether a picture is a result, a layer, an original or hidden.
fn is_by_product(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let ends_so = stem.ends_with(".repored") || stem.ends_with(".original");
    name.starts_with('.') || ends_so || is_of_tone(&stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_and_originals_are_not_listed() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in [
            "b.JPG",
            "a.png",
            "a.repored.png",
            "a.original.png",
            "a.low-layer.tif",
            "a.toned.png",
            "a.toned-2.png",
            ".hidden.png",
            "a.png.repore.toml",
            "notes.txt",
        ] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let listed = list_pictures(&[folder.path().to_path_buf()]).expect("a list");
        let names: Vec<_> = listed.iter().filter_map(|it| it.file_name()).collect();
        assert_eq!(names, ["a.png", "b.JPG"]);
    }

    #[test]
    fn a_picture_that_is_named_twice_is_listed_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for name in ["a.png", "b.png"] {
            fs::write(at(name), "").expect("a file");
        }
        let listed = list_pictures(&[at("b.png"), folder.path().to_path_buf(), at("b.png")]);
        assert_eq!(listed.expect("a list"), [at("b.png"), at("a.png")]);
    }
}
