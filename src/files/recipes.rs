//! Recipe files, and the one that lives beside a picture.

use std::fs;
use std::path::{Path, PathBuf};

use super::{FileError, SafeWriter, user_folder};
use crate::engine::recipe::{Recipe, preset};

/// Where a picture's own recipe lives: `NAME.EXT.repore.toml` beside it.
pub fn sidecar_path(picture: &Path) -> PathBuf {
    let mut name = picture.file_name().unwrap_or_default().to_os_string();
    name.push(".repore.toml");
    picture.with_file_name(name)
}

/// Reads and checks a recipe file.
///
/// # Errors
/// When it cannot be read or is no recipe.
pub fn read_recipe(path: &Path) -> Result<Recipe, FileError> {
    let text = fs::read(path).map_err(|it| FileError::from_io("read", path, &it))?;
    let text = String::from_utf8(text).map_err(|_| {
        FileError::new("use the recipe", path, "it is no text in UTF-8")
            .with_cure("save it as UTF-8, or name a recipe")
    })?;
    Recipe::from_toml(&text).map_err(|it| FileError::new("use the recipe", path, it.to_string()))
}

/// Writes a recipe file, in place of the one that is there.
///
/// # Errors
/// When it cannot be written.
pub fn write_recipe(path: &Path, recipe: &Recipe) -> Result<(), FileError> {
    SafeWriter::new(path)?.finish(recipe.to_toml().as_bytes(), true)
}

/// Writes the recipe of a picture into `recipes` in the user's folder, for when nothing can be written beside the
/// picture, and answers with the file. What is there already may be of another picture, and stays.
///
/// # Errors
/// When it cannot be written.
pub fn keep_recipe(picture: &Path, recipe: &Recipe) -> Result<PathBuf, FileError> {
    let folder = user_folder("a place for the recipe")?.join("recipes");
    fs::create_dir_all(&folder).map_err(|it| FileError::from_io("write", &folder, &it))?;
    let name = picture.file_name().unwrap_or_default().to_string_lossy();
    let first = folder.join(format!("{name}.repore.toml"));
    let numbered = |n: u32| folder.join(format!("{name}.{n}.repore.toml"));
    let mut paths = std::iter::once(first).chain((2..).map(numbered));
    let path = paths.find(|it| !it.exists());
    let path = path.expect("some number is free");
    SafeWriter::new(&path)?.finish(recipe.to_toml().as_bytes(), false)?;
    Ok(path)
}

/// Which recipe pictures get: one for all of them, or else each its own or the standard one, and
/// the changes that are made to it.
#[derive(Clone, Debug, Default)]
pub struct RecipeChoice {
    /// A recipe for all pictures.
    pub given: Option<Chosen>,
    /// Changes as `LAYER.KEY=VALUE`.
    pub changes: Vec<String>,
    /// Another seed.
    pub seed: Option<u64>,
    /// A picture for the `file` mask.
    pub mask: Option<PathBuf>,
}

/// A recipe and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The recipe.
    pub recipe: Recipe,
    /// The folder that paths in it start from.
    pub folder: PathBuf,
    /// The preset's name or the recipe file's path.
    pub source: String,
    /// The recipe file, if it is one.
    pub file: Option<PathBuf>,
}

impl Chosen {
    /// The preset of this name, or else the recipe file at this path.
    ///
    /// # Errors
    /// When it is neither.
    pub fn by_name(name: &str) -> Result<Self, FileError> {
        if let Some(recipe) = preset(name) {
            return Ok(Self {
                recipe,
                folder: PathBuf::new(),
                source: name.to_string(),
                file: None,
            });
        }
        Self::from_file(Path::new(name)).map_err(|error| {
            let names: Vec<&str> = crate::engine::recipe::PRESETS
                .iter()
                .map(|it| it.name)
                .collect();
            if Path::new(name).exists() {
                error
            } else {
                error.with_cure(format!("name a file or a preset: {}", names.join(", ")))
            }
        })
    }

    /// The recipe in a file; paths in it start from the file's folder.
    ///
    /// # Errors
    /// When it cannot be read or is no recipe.
    pub fn from_file(path: &Path) -> Result<Self, FileError> {
        Ok(Self {
            recipe: read_recipe(path)?,
            folder: path.parent().unwrap_or(Path::new("")).to_path_buf(),
            source: path.display().to_string(),
            file: Some(path.to_path_buf()),
        })
    }
}

impl RecipeChoice {
    /// The recipe of one picture.
    ///
    /// # Errors
    /// When its own recipe cannot be used, or a change does not fit.
    pub fn for_picture(&self, picture: &Path) -> Result<Chosen, FileError> {
        let sidecar = sidecar_path(picture);
        let mut chosen = match &self.given {
            Some(chosen) => chosen.clone(),
            None if sidecar.exists() => Chosen::from_file(&sidecar)?,
            None => Chosen {
                recipe: Recipe::standard(),
                folder: picture.parent().unwrap_or(Path::new("")).to_path_buf(),
                source: "full".to_string(),
                file: None,
            },
        };
        self.change(&mut chosen.recipe)
            .map_err(|it| FileError::new("change the recipe of", picture, it))?;
        Ok(chosen)
    }

    /// Makes the changes to a recipe.
    ///
    /// # Errors
    /// With the words that say what does not fit.
    pub fn change(&self, recipe: &mut Recipe) -> Result<(), String> {
        for change in &self.changes {
            recipe.set(change).map_err(|it| format!("--set {it}"))?;
        }
        if let Some(seed) = self.seed {
            recipe.seed = seed;
        }
        if let Some(mask) = &self.mask {
            // Named on the command line, so it starts from the working folder, not the recipe's.
            let mask = std::path::absolute(mask).unwrap_or_else(|_| mask.clone());
            recipe.mask_with_file(mask.to_string_lossy().into_owned());
        }
        Ok(())
    }
}
