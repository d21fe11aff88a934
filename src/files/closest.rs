//! The recipe that comes closest to a reference: what `repore match` finds.

use std::path::{Path, PathBuf};

use super::{Chosen, FileError, Originals, Photo, ReadOptions, load_inputs, read_photo_with};
use super::{donors::read_named, output::check_output, safe_write::SafeWriter};
use crate::engine::operations::{LIBRARY, LIBRARY_RIM, Rectangle};
use crate::engine::raster::Region;
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Freedom, Reference, Tuned, Untuned, tune};

/// What a recipe shall come close to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sought {
    /// A picture, or the name of a donor in the library.
    Named(PathBuf),
    /// The picture's original, else its own unspoiled skin, else the donor of its graft.
    Own,
}

/// A picture whose recipe is looked for.
#[derive(Clone, Debug)]
pub struct Closest {
    /// The picture.
    pub input: PathBuf,
    /// Where its original is looked for.
    pub originals: Originals,
    /// What it shall come close to.
    pub reference: Sought,
    /// The part of the reference that counts.
    pub patch: Option<Rectangle>,
    /// The recipe that the search begins with.
    pub recipe: Chosen,
    /// What may become of its layers.
    pub freedom: Freedom,
    /// How the pictures are read.
    pub read: ReadOptions,
}

/// A recipe that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The recipe, its figures, and what a person should know.
    pub tuned: Tuned,
    /// What it comes close to, in words.
    pub reference: String,
    /// The original that it was found with.
    pub original: Option<PathBuf>,
    /// The files that were read.
    sources: Vec<PathBuf>,
}

impl Closest {
    /// Reads the pictures and finds the recipe, whose paths start from `folder`; `None` when it is cancelled.
    ///
    /// # Errors
    /// When something cannot be read, or there is nothing to tune or to measure.
    pub fn run(&self, folder: &Path, cancel: &Cancel) -> Result<Option<Found>, FileError> {
        let Chosen {
            recipe,
            folder: from,
            ..
        } = &self.recipe;
        let loaded = load_inputs(&self.input, &self.originals, recipe, from, self.read)?;
        let inputs = loaded.for_render().until(cancel);
        let (reference, whose) = match &self.reference {
            Sought::Named(path) => (self.named(path)?, path.display().to_string()),
            Sought::Own => {
                let own = Reference::own(&inputs, recipe);
                let nothing = "there is neither an original nor unspoiled skin to match";
                let own = own.ok_or_else(|| FileError::new("match", &self.input, nothing))?;
                (own.0, own.1.to_string())
            }
        };
        let mut tuned = match tune(recipe, &inputs, &reference, self.freedom, cancel) {
            Ok(tuned) => tuned,
            Err(Untuned::Cancelled) => return Ok(None),
            Err(reason) => return Err(self.refuse(&reason)),
        };
        move_files(&mut tuned.recipe, from, folder);
        tuned.notes.splice(0..0, loaded.photo.notes.iter().cloned());
        let mut sources = loaded.sources;
        if let Sought::Named(path) = &self.reference {
            sources.push(path.clone());
        }
        sources.extend(self.recipe.file.clone());
        Ok(Some(Found {
            tuned,
            reference: whose,
            original: loaded.original_path,
            sources,
        }))
    }

    fn named(&self, path: &Path) -> Result<Reference, FileError> {
        let name = path.to_string_lossy();
        let in_library = name.starts_with(LIBRARY);
        let photo: Photo = match in_library {
            true => read_named(&name, Path::new(""), self.read)?,
            false => read_photo_with(path, self.read)?,
        };
        let bounds = photo.image.bounds();
        let patch = match self.patch {
            Some(Rectangle {
                x,
                y,
                width,
                height,
            }) => {
                let [x, y, width, height] = [x, y, width, height].map(|it| it as usize);
                let patch = Region::new(x, y, width, height);
                if !bounds.contains(&patch) {
                    let (width, height) = (bounds.width, bounds.height);
                    let cause = format!("the patch reaches beyond its {width}×{height} pixels");
                    return Err(FileError::new("match", path, cause));
                }
                Some(patch)
            }
            // The patch that was saved; its rim is there for filters.
            None if in_library => {
                let rim = LIBRARY_RIM as usize;
                let inside = |length: usize| length.saturating_sub(2 * rim);
                Some(Region::new(
                    rim,
                    rim,
                    inside(bounds.width),
                    inside(bounds.height),
                ))
            }
            None => None,
        };
        Ok(Reference {
            picture: photo.image,
            patch,
        })
    }

    fn refuse(&self, reason: &Untuned) -> FileError {
        let path = match (reason, &self.reference) {
            (Untuned::NoReference, Sought::Named(path)) => path,
            _ => &self.input,
        };
        FileError::new("match", path, reason.to_string())
    }
}

impl Found {
    /// Writes the recipe to a file that is none of those that were read.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, output: &Path, overwrite: bool) -> Result<(), FileError> {
        check_output(output, self.sources.iter().map(PathBuf::as_path), overwrite)?;
        let text = self.tuned.recipe.to_toml();
        SafeWriter::new(output)?.finish(text.as_bytes(), overwrite)
    }
}

/// Makes the paths of a recipe lead to the same files from another folder.
fn move_files(recipe: &mut Recipe, from: &Path, to: &Path) {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let to = absolute(to);
    if absolute(from) == to {
        return;
    }
    recipe.move_files(|name| {
        let path = absolute(&from.join(name));
        let path = path.strip_prefix(&to).unwrap_or(&path);
        path.to_string_lossy().into_owned()
    });
}
