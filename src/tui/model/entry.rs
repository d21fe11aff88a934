//! A picture in the list, and its recipe while it is worked on.

use std::path::PathBuf;

use crate::engine::recipe::Recipe;
use crate::tui::geometry::Size;
use crate::tui::message::Survey;

/// A picture in the list.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Its file.
    pub path: PathBuf,
    /// What is on disk beside it.
    pub survey: Survey,
    /// Marked for rendering.
    pub marked: bool,
    /// Its size in pixels, once it was read.
    pub size: Option<Size>,
    /// Why it could not be read or rendered.
    pub failure: Option<String>,
    /// Its recipe, once it was opened.
    pub edit: Option<Edit>,
}

impl Entry {
    /// Its file name.
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }
}

/// A recipe that is worked on.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// As it is now.
    pub recipe: Recipe,
    /// As it was read or last written.
    pub written: Recipe,
    /// The folder that paths in it start from.
    pub folder: PathBuf,
    /// Earlier states, the latest last.
    pub undo: Vec<Recipe>,
    /// Undone states, the latest undone last.
    pub redo: Vec<Recipe>,
    /// The setting that was changed last: changing it on and on is one step to undo.
    pub last_changed: Option<(usize, usize)>,
}

impl Edit {
    /// A recipe as it was read.
    pub fn new(recipe: Recipe, folder: PathBuf) -> Self {
        Self {
            written: recipe.clone(),
            recipe,
            folder,
            undo: Vec::new(),
            redo: Vec::new(),
            last_changed: None,
        }
    }

    /// Whether something was changed since it was read or written.
    pub fn is_changed(&self) -> bool {
        self.recipe != self.written
    }
}
