//! Pictures read and measured: what `repore inspect` reports.

use std::path::{Path, PathBuf};

use super::donors::named_file;
use super::job::Inputs as Loaded;
use super::{Chosen, FileError, Originals, ReadOptions, load_inputs, read_named};
use crate::engine::meter::Reading;
use crate::engine::raster::Image;
use crate::engine::render::{Cancel, Inputs, Inspection, Plan, inspection_recipe};

/// A picture that is to be measured.
#[derive(Clone, Debug)]
pub struct Inspect {
    /// The picture.
    pub input: PathBuf,
    /// Where its original is looked for.
    pub originals: Originals,
    /// A picture whose luma says where to measure, in place of the skin mask.
    pub mask: Option<PathBuf>,
    /// A recipe whose result is measured too.
    pub recipe: Option<Chosen>,
    /// How the pictures are read.
    pub read: ReadOptions,
}

/// What was measured.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// The original that it was compared with.
    pub original: Option<PathBuf>,
    /// `skin`, `all`, or the file that says where.
    pub mask: String,
    /// The figures.
    pub inspection: Inspection,
    /// What a person should know.
    pub notes: Vec<String>,
    /// The files that were read.
    pub sources: Vec<PathBuf>,
    /// What was measured, pixel by pixel.
    pub pictures: Pictures,
}

/// The pictures that were measured.
#[derive(Clone, Debug)]
pub struct Pictures {
    /// The picture and its original.
    pub inputs: Inputs,
    /// What the recipe made.
    pub result: Option<Image>,
}

impl Inspect {
    /// Reads and measures; `None` when it is cancelled.
    ///
    /// # Errors
    /// When something cannot be read.
    pub fn run(&self, cancel: &Cancel) -> Result<Option<Inspected>, FileError> {
        // Named on the command line, so it starts from the working folder.
        let mask = self.mask.as_ref();
        let mask = mask.map(|it| std::path::absolute(it).unwrap_or_else(|_| it.clone()));
        let mask = mask.map(|it| it.to_string_lossy().into_owned());
        let recipe = inspection_recipe(mask.as_deref());
        let mut loaded = load_inputs(
            &self.input,
            &self.originals,
            &recipe,
            Path::new(""),
            self.read,
        )?;
        if let Some(chosen) = &self.recipe {
            for path in chosen.recipe.files() {
                let photo = read_named(path, &chosen.folder, self.read)?;
                loaded.files.insert(path.to_string(), photo);
            }
        }
        self.check_memory(&loaded)?;
        let mut sources = loaded.sources.clone();
        if let Some(chosen) = &self.recipe {
            sources.extend(chosen.file.clone());
            let named = chosen.recipe.files().into_iter();
            sources.extend(named.filter_map(|it| named_file(it, &chosen.folder)));
        }
        let mut notes = loaded.photo.notes.clone();
        let inputs = loaded.for_render().until(cancel);
        let result = match &self.recipe {
            Some(chosen) => {
                let plan = Plan::new(&chosen.recipe, inputs.clone());
                notes.extend(plan.skipped().iter().map(ToString::to_string));
                let Ok(image) = plan.render(inputs.picture.depth(), &|_, _| {}, cancel) else {
                    return Ok(None);
                };
                Some(image)
            }
            None => None,
        };
        let Some(inspection) = Inspection::take(&inputs, &recipe, result.as_ref(), cancel) else {
            return Ok(None);
        };
        notes.extend(inspection.notes.iter().cloned());
        let mask = match (inspection.mask, &self.mask) {
            (None, _) => "all".to_string(),
            (Some(_), Some(file)) => file.to_string_lossy().into_owned(),
            (Some(_), None) => "skin".to_string(),
        };
        Ok(Some(Inspected {
            original: loaded.original_path,
            mask,
            inspection,
            notes,
            sources,
            pictures: Pictures { inputs, result },
        }))
    }

    /// The pictures, what a recipe makes of them, and what measuring takes have to fit into the memory that there is for one.
    fn check_memory(&self, loaded: &Loaded) -> Result<(), FileError> {
        let image = &loaded.photo.image;
        let copies = if self.recipe.is_some() { 2 } else { 1 };
        let pictures = copies * image.bytes() + loaded.bytes_beside();
        let measuring = Reading::bytes(image.bounds(), loaded.original.is_some());
        let size = (image.width(), image.height());
        let action = ("measure", &*self.input);
        self.read
            .check_memory(action, size, (pictures + measuring) as u64)
    }
}
