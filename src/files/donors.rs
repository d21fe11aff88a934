//! The donor library: patches of skin, saved by name in the user's data folder.
//!
//! A donor is two files: `NAME.png`, the patch with a rim around it, and `NAME.toml`, which says where
//! it is from.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, InlineTable, Item, value};

use super::encode::{EncodeOptions, Refusal, encode};
use super::metadata::Metadata;
use super::safe_write::already_exists;
use super::{FileError, Format, Photo, ReadOptions, SafeWriter, read_photo_with, user_folder};
use crate::engine::operations::{LIBRARY, LIBRARY_RIM, Rectangle, SMALLEST_PATCH};
use crate::engine::raster::{Depth, Image, Layout, Region, Samples, store};

/// The folder that saved patches lie in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Donors {
    folder: PathBuf,
}

/// A saved patch, without its pixels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Donor {
    /// What a recipe calls it, after `library:`.
    pub name: String,
    /// The picture of the patch and its rim.
    pub path: PathBuf,
    /// The file name of the picture it is from; empty if it is not known.
    pub source: String,
    /// Width and height of that picture, in pixels.
    pub source_size: (u32, u32),
    /// Where in that picture it is.
    pub patch: Rectangle,
}

impl Donors {
    /// The user's library: `donors` in [`user_folder`]. It need not exist.
    ///
    /// # Errors
    /// When the environment names no home.
    pub fn of_user() -> Result<Self, FileError> {
        Ok(Self::at(user_folder("the donor library")?.join("donors")))
    }

    /// The library in a folder.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// All saved patches, by name.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn list(&self) -> Result<Vec<Donor>, FileError> {
        let refuse = |it: &std::io::Error| FileError::from_io("read", &self.folder, it);
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(refuse(&error)),
        };
        let mut donors = Vec::new();
        for entry in entries {
            let path = entry.map_err(|it| refuse(&it))?.path();
            let name = path.file_stem().and_then(|it| it.to_str());
            if let (Some("png"), Some(name)) = (path.extension().and_then(|it| it.to_str()), name)
                && check_donor_name(name).is_ok()
            {
                donors.push(self.described(name));
            }
        }
        donors.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(donors)
    }

    /// One saved patch.
    ///
    /// # Errors
    /// When there is none of that name; the error says which there are.
    pub fn find(&self, name: &str) -> Result<Donor, FileError> {
        check_donor_name(name)?;
        if self.picture(name).is_file() {
            return Ok(self.described(name));
        }
        let there: Vec<String> = self.list()?.into_iter().map(|it| it.name).collect();
        let cure = if there.is_empty() {
            "the library is empty; save one with `repore donors save`".to_string()
        } else {
            format!("the library has {}", there.join(", "))
        };
        let error = FileError::new(
            "use the donor",
            Path::new(name),
            "there is none of that name",
        );
        Err(error.with_cure(cure))
    }

    /// The pixels of a saved patch and its rim.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be read.
    pub fn read(&self, name: &str, options: ReadOptions) -> Result<Photo, FileError> {
        read_photo_with(&self.find(name)?.path, options)
    }

    /// Saves a patch of a picture by name.
    ///
    /// # Errors
    /// When the name cannot be used or is taken, the patch does not lie inside the picture or is too
    /// small, or the files cannot be written.
    pub fn save(
        &self,
        name: &str,
        source: &Path,
        photo: &Photo,
        patch: Rectangle,
        overwrite: bool,
    ) -> Result<Donor, FileError> {
        check_donor_name(name)?;
        let refuse = |cause: String| FileError::new("save a patch of", source, cause);
        let image = &photo.image;
        check_patch(image, patch).map_err(refuse)?;
        let path = self.picture(name);
        if path.exists() && !overwrite {
            return Err(already_exists(&path));
        }
        fs::create_dir_all(&self.folder)
            .map_err(|it| FileError::from_io("write", &self.folder, &it))?;
        let bytes = png(image, patch, photo.metadata.icc.as_deref());
        let bytes = bytes.map_err(|it| refuse(it.to_string()))?;
        let donor = Donor {
            name: name.to_string(),
            path: path.clone(),
            source: source
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned(),
            source_size: (image.width() as u32, image.height() as u32),
            patch,
        };
        // The description comes first: a picture that is there has one.
        let description = SafeWriter::new(&self.description(name))?;
        description.finish(donor.to_toml().as_bytes(), true)?;
        SafeWriter::new(&path)?.finish(&bytes, overwrite)?;
        Ok(donor)
    }

    /// Removes a saved patch.
    ///
    /// # Errors
    /// When there is none of that name, or it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<(), FileError> {
        let donor = self.find(name)?;
        fs::remove_file(&donor.path)
            .map_err(|it| FileError::from_io("remove", &donor.path, &it))?;
        let description = self.description(name);
        match fs::remove_file(&description) {
            Err(it) if it.kind() != ErrorKind::NotFound => {
                Err(FileError::from_io("remove", &description, &it))
            }
            _ => Ok(()),
        }
    }

    fn picture(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.png"))
    }

    fn description(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.toml"))
    }

    /// A saved patch as its description has it; what that does not say stays empty.
    fn described(&self, name: &str) -> Donor {
        let text = fs::read_to_string(self.description(name)).unwrap_or_default();
        Donor::from_toml(name, self.picture(name), &text)
    }
}

impl Donor {
    fn to_toml(&self) -> String {
        let numbers = |pairs: &[(&str, u32)]| {
            let mut table = InlineTable::new();
            for (key, number) in pairs {
                table.insert(*key, i64::from(*number).into());
            }
            value(table)
        };
        let mut document = DocumentMut::new();
        document["version"] = value(1);
        document["name"] = value(&self.name);
        document["source"] = value(&self.source);
        let (width, height) = self.source_size;
        document["source_size"] = numbers(&[("width", width), ("height", height)]);
        document["patch"] = numbers(&[
            ("x", self.patch.x),
            ("y", self.patch.y),
            ("width", self.patch.width),
            ("height", self.patch.height),
        ]);
        document["rim"] = value(i64::from(LIBRARY_RIM));
        document.to_string()
    }

    fn from_toml(name: &str, path: PathBuf, text: &str) -> Self {
        let document: DocumentMut = text.parse().unwrap_or_default();
        let number = |table: &str, key: &str| {
            let item = document
                .get(table)
                .and_then(|it| it.as_table_like()?.get(key));
            let number = item.and_then(Item::as_integer);
            number.and_then(|it| u32::try_from(it).ok()).unwrap_or(0)
        };
        let source = document.get("source").and_then(Item::as_str);
        Self {
            name: name.to_string(),
            path,
            source: source.unwrap_or_default().to_string(),
            source_size: (
                number("source_size", "width"),
                number("source_size", "height"),
            ),
            patch: Rectangle {
                x: number("patch", "x"),
                y: number("patch", "y"),
                width: number("patch", "width"),
                height: number("patch", "height"),
            },
        }
    }
}

/// Reads a picture that a recipe names: a donor from the library, or a path from the recipe's folder.
///
/// # Errors
/// When it cannot be read.
pub fn read_named(name: &str, folder: &Path, options: ReadOptions) -> Result<Photo, FileError> {
    match name.strip_prefix(LIBRARY) {
        Some(name) => Donors::of_user()?.read(name, options),
        None => read_photo_with(&folder.join(name), options),
    }
}

/// The file of a picture that a recipe names, if the name leads to one.
pub fn named_file(name: &str, folder: &Path) -> Option<PathBuf> {
    match name.strip_prefix(LIBRARY) {
        Some(name) => Some(Donors::of_user().ok()?.find(name).ok()?.path),
        None => Some(folder.join(name)).filter(|it| it.is_file()),
    }
}

/// Whether a picture that a recipe names is there.
///
/// # Errors
/// When it is not.
pub fn check_named(name: &str, folder: &Path) -> Result<(), FileError> {
    if let Some(name) = name.strip_prefix(LIBRARY) {
        return Donors::of_user()?.find(name).map(|_| ());
    }
    let path = folder.join(name);
    if path.exists() {
        return Ok(());
    }
    Err(
        FileError::new("use the recipe's picture", &path, "it does not exist")
            .with_cure("its path starts from the folder of the recipe"),
    )
}

/// Whether something can be the name of a donor: names are file names on every system, and one word on a command line.
///
/// # Errors
/// When it cannot.
pub fn check_donor_name(name: &str) -> Result<(), FileError> {
    let fits = |it: char| it.is_alphanumeric() || matches!(it, '-' | '_' | '.');
    if !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(fits) {
        return Ok(());
    }
    let cause = "a donor's name is made of letters, digits, \"-\", \"_\" and \".\"";
    Err(FileError::new("use the donor name", Path::new(name), cause))
}

fn check_patch(image: &Image, patch: Rectangle) -> Result<(), String> {
    let Rectangle {
        x,
        y,
        width,
        height,
    } = patch;
    let region = Region::new(x as usize, y as usize, width as usize, height as usize);
    let (all_width, all_height) = (image.width(), image.height());
    if !image.bounds().contains(&region) {
        return Err(format!(
            "the patch {x},{y} {width}×{height} reaches beyond its {all_width}×{all_height} pixels"
        ));
    }
    if region.width.min(region.height) < SMALLEST_PATCH {
        return Err(format!(
            "the patch of {width}×{height} pixels is too small; \
             {SMALLEST_PATCH}×{SMALLEST_PATCH} is the least"
        ));
    }
    Ok(())
}

/// The patch and its rim as a PNG of 8 or 16 bits. Where the picture ends, its last pixels repeat, as
/// they do for the engine.
fn png(image: &Image, patch: Rectangle, icc: Option<&[u8]>) -> Result<Vec<u8>, Refusal> {
    let (width, height) = (
        patch.width + 2 * LIBRARY_RIM,
        patch.height + 2 * LIBRARY_RIM,
    );
    let inside = |at: u32, first: u32, length: usize| {
        let at = i64::from(first) + i64::from(at) - i64::from(LIBRARY_RIM);
        at.clamp(0, length as i64 - 1) as usize
    };
    let part = Region::new(
        inside(0, patch.x, image.width()),
        inside(0, patch.y, image.height()),
        0,
        0,
    );
    let (right, bottom) = (
        inside(width - 1, patch.x, image.width()),
        inside(height - 1, patch.y, image.height()),
    );
    let part = Region {
        width: right + 1 - part.x,
        height: bottom + 1 - part.y,
        ..part
    };
    let tile = image.tile(part);
    let mut samples = Vec::new();
    for y in 0..height {
        let row = inside(y, patch.y, image.height()) - part.y;
        for x in 0..width {
            let column = inside(x, patch.x, image.width()) - part.x;
            samples.extend(tile.planes().iter().map(|plane| plane.at(column, row)));
        }
    }
    let layout = match tile.planes().len() {
        1 => Layout::Grey,
        _ => Layout::Rgb,
    };
    let samples = match image.depth() {
        Depth::Eight => Samples::Eight(samples.into_iter().map(store::to_eight).collect()),
        _ => Samples::Sixteen(samples.into_iter().map(store::to_sixteen).collect()),
    };
    let picture = Image::new(width as usize, height as usize, layout, samples)?;
    let metadata = Metadata {
        icc: icc.map(<[u8]>::to_vec),
        ..Metadata::default()
    };
    let options = EncodeOptions {
        format: Format::Png,
        quality: None,
    };
    encode(picture, &metadata, options)
}
