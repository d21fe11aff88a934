//! One picture from file to file: read it and all it needs, render, write.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::decode::{open_photo, read_photo_with, read_provenance};
use super::donors::{named_file, read_named};
use super::encode::EncodeOptions;
use super::fingerprint::fingerprint;
use super::identity::same_file;
use super::metadata::{Provenance, SOFTWARE};
use super::output::{check_output, check_place, output_format};
use super::photo::COPIES;
use super::stream::Destination;
use super::{FileError, Format, Originals, Photo, Protected, ReadOptions, find_original};
use crate::engine::raster::Depth;
use crate::engine::recipe::Recipe;
use crate::engine::render::{self, Cancel, Plan, Skipped, reads_in_order};

/// A picture to be rendered at full size.
#[derive(Clone, Debug)]
pub struct Job {
    /// The picture.
    pub input: PathBuf,
    /// Where its result goes; `None` is `STEM.repored.EXT` in `folder`.
    pub output: Option<PathBuf>,
    /// The folder of a result that has no path of its own; `None` is the picture's.
    pub folder: Option<PathBuf>,
    /// What is done to it.
    pub recipe: Recipe,
    /// The folder that paths in the recipe start from.
    pub recipe_folder: PathBuf,
    /// The file that the recipe was read from, if it was.
    pub recipe_file: Option<PathBuf>,
    /// Where its original is looked for.
    pub originals: Originals,
    /// The result's format; `None` is the output's extension, or else the picture's format.
    pub format: Option<Format>,
    /// The result's depth; `None` is the picture's.
    pub depth: Option<Depth>,
    /// JPEG quality, 1..=100; `None` is 95, and no coarser than the picture was.
    pub quality: Option<u8>,
    /// Whether an existing file is replaced.
    pub overwrite: bool,
    /// Whether a result that is there already, from the same input, recipe and version, is left as
    /// it is; one from others is replaced.
    pub resume: bool,
    /// How the pictures are read.
    pub read: ReadOptions,
    /// What of the metadata is dropped.
    pub strip: Strip,
    /// Further files that are never written to: the other pictures of a batch.
    pub protected: Protected,
}

/// What of a picture's metadata is dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strip {
    /// Everything but the profile.
    pub metadata: bool,
    /// What an image generator wrote of prompts and workflows.
    pub prompts: bool,
}

/// What a job is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Reading the picture and what it needs.
    Read,
    /// Rendering: so many of so many rows.
    Render(usize, usize),
    /// Encoding and writing.
    Write,
}

/// How long the stages of a job took, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Timings {
    /// Reading, and decoding what is not decoded while it is rendered.
    pub read_ms: f64,
    /// Rendering, and encoding and writing what can be meanwhile.
    pub render_ms: f64,
    /// Encoding where that is a stage of its own.
    pub encode_ms: f64,
    /// What was left to encode, and writing to the disk.
    pub write_ms: f64,
}

impl Timings {
    /// All stages together.
    pub fn total_ms(&self) -> f64 {
        self.read_ms + self.render_ms + self.encode_ms + self.write_ms
    }
}

impl fmt::Display for Timings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "read {:.0} ms, render {:.0} ms, encode {:.0} ms, write {:.0} ms",
            self.read_ms, self.render_ms, self.encode_ms, self.write_ms
        )
    }
}

/// A finished job.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The file that was written.
    pub output: PathBuf,
    /// Whether it was there already and nothing that it depends on has changed.
    pub unchanged: bool,
    /// The original that was used.
    pub original: Option<PathBuf>,
    /// The recipe that was rendered, with everything filled in that was found.
    pub recipe: Recipe,
    /// Layers that could not apply.
    pub skipped: Vec<Skipped>,
    /// What else a person should know.
    pub notes: Vec<String>,
    /// How long it took.
    pub timings: Timings,
}

/// A picture and everything that its recipe needs, read from disk.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The picture.
    pub photo: Photo,
    /// Where its original was found.
    pub original_path: Option<PathBuf>,
    /// Its original.
    pub original: Option<Photo>,
    /// The pictures that the recipe names.
    pub files: BTreeMap<String, Photo>,
    /// The files that all of these were read from.
    pub sources: Vec<PathBuf>,
}

impl Inputs {
    /// Whether files that were decoded while they were rendered are sound to their ends.
    fn are_sound(&self) -> bool {
        let beside = self.original.iter().chain(self.files.values());
        self.photo.is_sound() && beside.into_iter().all(Photo::is_sound)
    }

    /// The bytes that the pictures beside it take: its original, and those that its recipe names.
    pub fn bytes_beside(&self) -> usize {
        let beside = self.original.iter().chain(self.files.values());
        beside.map(|it| it.image.bytes()).sum()
    }

    /// The pixels alone, for the engine.
    pub fn for_render(&self) -> render::Inputs {
        let files = self.files.iter();
        render::Inputs {
            picture: self.photo.image.clone(),
            original: self.original.as_ref().map(|it| it.image.clone()),
            files: files
                .map(|(path, photo)| (path.clone(), photo.image.clone()))
                .collect(),
            findings: Arc::default(),
            cancel: Cancel::default(),
        }
    }
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Reads a picture, its original and the pictures that its recipe names.
///
/// # Errors
/// When one of them cannot be read.
pub fn load_inputs(
    picture: &Path,
    originals: &Originals,
    recipe: &Recipe,
    recipe_folder: &Path,
    options: ReadOptions,
) -> Result<Inputs, FileError> {
    let original = find_original(picture, originals)?;
    load_with(
        read_photo_with,
        (picture, original.as_deref()),
        (recipe, recipe_folder),
        options,
    )
}

/// Rows of pictures that are decoded before they are rendered, where there is something to wait for.
const ROWS_AHEAD: usize = 1024;

/// How the picture, its original and what masks are made from are read.
type Read = fn(&Path, ReadOptions) -> Result<Photo, FileError>;

fn load_with(
    read: Read,
    (picture, original): (&Path, Option<&Path>),
    (recipe, recipe_folder): (&Recipe, &Path),
    options: ReadOptions,
) -> Result<Inputs, FileError> {
    let read_original = || original.map(|it| read(it, options)).transpose();
    let read_files = || {
        let files = recipe.files().into_iter().map(|path| {
            let file = match named_file(path, recipe_folder) {
                Some(file) if recipe.is_mask_alone(path) => read(&file, options)?,
                _ => read_named(path, recipe_folder, options)?,
            };
            Ok((path.to_string(), file))
        });
        files.collect::<Result<BTreeMap<_, _>, FileError>>()
    };
    let read_pictures = || {
        let (photo, original) = rayon::join(|| read(picture, options), read_original);
        let (photo, original) = (photo?, original?);
        if !recipe.files().is_empty() {
            // Some of what is decoded while it is rendered, since the other files take their time.
            for photo in [Some(&photo), original.as_ref()].into_iter().flatten() {
                photo
                    .image
                    .await_rows(0..ROWS_AHEAD.min(photo.image.height()));
            }
        }
        Ok((photo, original))
    };
    let (pictures, files) = rayon::join(read_pictures, read_files);
    let (photo, original_photo) = pictures?;
    Ok(Inputs {
        photo,
        original: original_photo,
        original_path: original.map(Path::to_path_buf),
        files: files?,
        sources: sources(picture, original, recipe, recipe_folder),
    })
}

/// The files that a render reads: the picture, its original, and what its recipe names.
fn sources(
    picture: &Path,
    original: Option<&Path>,
    recipe: &Recipe,
    recipe_folder: &Path,
) -> Vec<PathBuf> {
    let pictures = [Some(picture), original].into_iter().flatten();
    let named = recipe.files().into_iter();
    let named = named.filter_map(|it| named_file(it, recipe_folder));
    pictures.map(Path::to_path_buf).chain(named).collect()
}

/// A job with everything read that it needs.
#[derive(Clone, Debug)]
pub struct Loaded(Found);

#[derive(Clone, Debug)]
enum Found {
    /// The result is there already.
    Unchanged(Box<Rendered>),
    Inputs {
        inputs: Box<Inputs>,
        fingerprint: Option<String>,
        output: PathBuf,
        format: Format,
        read_ms: f64,
    },
}

impl Loaded {
    /// Where the result goes, or is already.
    pub fn output(&self) -> &Path {
        match &self.0 {
            Found::Unchanged(it) => &it.output,
            Found::Inputs { output, .. } => output,
        }
    }

    /// The bytes that its pictures take, and the result in the making.
    pub fn memory(&self) -> u64 {
        let Found::Inputs { inputs, .. } = &self.0 else {
            return 0;
        };
        COPIES * inputs.photo.image.bytes() as u64 + inputs.bytes_beside() as u64
    }
}

impl Job {
    /// Runs the job. `None` is a job that was cancelled, which leaves no file.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn run(
        &self,
        progress: &(dyn Fn(Stage) + Sync),
        cancel: &Cancel,
    ) -> Result<Option<Rendered>, FileError> {
        progress(Stage::Read);
        self.render(self.load()?, progress, cancel)
    }

    /// Reads all that the job needs.
    ///
    /// # Errors
    /// When something cannot be read, or the result cannot go where it is to go. Damage is told when it is rendered
    /// where pictures are decoded meanwhile.
    pub fn load(&self) -> Result<Loaded, FileError> {
        self.load_by(match reads_in_order(&self.recipe) {
            true => open_photo,
            false => read_photo_with,
        })
    }

    fn load_by(&self, read: Read) -> Result<Loaded, FileError> {
        let clock = Instant::now();
        if let Some(output) = &self.output {
            // Known from the start, so that nobody waits for a render that cannot be kept.
            self.check_output(output, std::slice::from_ref(&self.input))?;
        }
        let original = find_original(&self.input, &self.originals)?;
        let fingerprint = || match self.strip.metadata {
            // It is kept in the metadata, so a result that has none needs none.
            true => Ok(None),
            false => self.fingerprint(original.as_deref()).map(Some),
        };
        let load = || {
            load_with(
                read,
                (&self.input, original.as_deref()),
                (&self.recipe, &self.recipe_folder),
                self.read,
            )
        };
        let (fingerprint, mut inputs) = if self.resume {
            let fingerprint = fingerprint()?;
            if let Some(fingerprint) = &fingerprint
                && let Some(unchanged) = self.unchanged(original.clone(), fingerprint)
            {
                return Ok(Loaded(Found::Unchanged(Box::new(unchanged))));
            }
            (fingerprint, load()?)
        } else {
            let (fingerprint, inputs) = rayon::join(fingerprint, load);
            (fingerprint?, inputs?)
        };
        let (output, format) = self.destination(&inputs.photo)?;
        self.check_output(&output, &inputs.sources)?;
        if original.is_some_and(|it| same_file(&it, &self.input)) {
            let note = "its original is the picture itself, which gives it no texture";
            inputs.photo.notes.push(note.to_string());
        }
        Ok(Loaded(Found::Inputs {
            inputs: Box::new(inputs),
            fingerprint,
            output,
            format,
            read_ms: milliseconds(clock),
        }))
    }

    /// Renders what was loaded and writes the result. `None` is a job that was cancelled, which leaves
    /// no file.
    ///
    /// # Errors
    /// When something cannot be written.
    pub fn render(
        &self,
        loaded: Loaded,
        progress: &(dyn Fn(Stage) + Sync),
        cancel: &Cancel,
    ) -> Result<Option<Rendered>, FileError> {
        let (inputs, fingerprint, output, format, read_ms) = match loaded.0 {
            Found::Unchanged(it) => return Ok(Some(*it)),
            Found::Inputs {
                inputs,
                fingerprint,
                output,
                format,
                read_ms,
            } => (inputs, fingerprint, output, format, read_ms),
        };
        let mut timings = Timings {
            read_ms,
            ..Timings::default()
        };
        let clock = Instant::now();
        let plan = Plan::new(&self.recipe, inputs.for_render().until(cancel));
        if cancel.is_cancelled() {
            return Ok(None);
        }
        let depth = self.depth.unwrap_or(inputs.photo.image.depth());
        let mut notes = plan.notes().to_vec();
        notes.extend(inputs.photo.notes.iter().cloned());
        notes.extend(format.losses(depth, inputs.photo.image.layout()));
        notes.extend(misnamed(&output, format));
        let provenance = Provenance {
            recipe: told(plan.resolved()),
            fingerprint: fingerprint.unwrap_or_default(),
        };
        let metadata = &inputs.photo.metadata;
        let (metadata, said) = metadata.for_result(format, self.strip, &provenance.into());
        notes.extend(said);
        if let Some(folder) = &self.folder {
            fs::create_dir_all(folder).map_err(|it| FileError::from_io("write", folder, &it))?;
        }
        let destination = Destination {
            output: &output,
            depth,
            options: EncodeOptions {
                format,
                quality: self.quality,
            },
            metadata: &metadata,
        };
        let planned_ms = milliseconds(clock);
        let written = destination.fill(&plan, progress, cancel, &mut timings)?;
        let Some(written) = written.filter(|_| !cancel.is_cancelled()) else {
            return Ok(None);
        };
        if !inputs.are_sound() {
            // Whoever reads all of it before says what is wrong, or makes the best of it.
            return self.render(self.load_by(read_photo_with)?, progress, cancel);
        }
        written.place(self.replaces(&output))?;
        // Making the plan is part of rendering.
        timings.render_ms += planned_ms;
        let others = timings.render_ms + timings.encode_ms;
        timings.write_ms = (milliseconds(clock) - others).max(0.0);
        Ok(Some(Rendered {
            output,
            unchanged: false,
            original: inputs.original_path,
            recipe: plan.resolved().clone(),
            skipped: plan.skipped().to_vec(),
            notes,
            timings,
        }))
    }

    /// Of all that the result depends on.
    fn fingerprint(&self, original: Option<&Path>) -> Result<String, FileError> {
        let settings = format!(
            "{SOFTWARE}\n{}\n{:?}",
            self.recipe.to_toml(),
            (
                self.format,
                self.depth,
                self.quality,
                self.strip,
                self.read.partial
            )
        );
        let sources = sources(&self.input, original, &self.recipe, &self.recipe_folder);
        fingerprint(&settings, &sources)
    }

    /// The result that is there already, if it may stay.
    fn unchanged(&self, original: Option<PathBuf>, fingerprint: &str) -> Option<Rendered> {
        let output = self.expected_output().filter(|_| self.resume)?;
        let earlier = read_provenance(&output)?;
        if earlier.fingerprint != fingerprint {
            return None;
        }
        let earlier = Recipe::from_toml(&earlier.recipe);
        let mut recipe = earlier.unwrap_or_else(|_| self.recipe.clone());
        // It tells files without their folders.
        let files = self.recipe.files();
        recipe.move_files(|name| {
            let is_it = |path: &&&str| Path::new(path).file_name() == Some(name.as_ref());
            files.iter().find(is_it).map_or(name, |it| it).to_string()
        });
        Some(Rendered {
            output,
            unchanged: true,
            original,
            recipe,
            skipped: Vec::new(),
            notes: Vec::new(),
            timings: Timings::default(),
        })
    }

    /// Whether a file at the output's place is replaced: when resuming, only an earlier result.
    fn replaces(&self, output: &Path) -> bool {
        self.overwrite || (self.resume && read_provenance(output).is_some())
    }

    /// Where the result goes, as far as that is known before the picture is read.
    pub fn expected_output(&self) -> Option<PathBuf> {
        if self.output.is_some() {
            return self.output.clone();
        }
        let format = self.format.or_else(|| Format::of_path(&self.input))?;
        Some(self.output_as(format))
    }

    /// Where the result goes, and in what format.
    fn destination(&self, photo: &Photo) -> Result<(PathBuf, Format), FileError> {
        if let Some(output) = &self.output {
            return Ok((output.clone(), output_format(output, self.format)?));
        }
        // A format that is only read is written as PNG, which loses nothing.
        let format = self.format.or(photo.format).unwrap_or(Format::Png);
        Ok((self.output_as(format), format))
    }

    /// `STEM.repored.EXT`, in the folder of results or beside the picture.
    fn output_as(&self, format: Format) -> PathBuf {
        let own = self.input.extension();
        let own = own.filter(|_| Format::of_path(&self.input) == Some(format));
        let mut name = self.input.file_stem().unwrap_or_default().to_os_string();
        name.push(".repored.");
        name.push(own.unwrap_or(format.extensions()[0].as_ref()));
        let folder = self.folder.as_deref().or(self.input.parent());
        folder.unwrap_or(Path::new("")).join(name)
    }

    /// Whether a result may go there: never onto a file it is made from or another picture of the batch.
    fn check_output(&self, output: &Path, sources: &[PathBuf]) -> Result<(), FileError> {
        self.protected.check(output)?;
        let inputs = sources.iter().chain(&self.recipe_file);
        let inputs = inputs.map(PathBuf::as_path);
        let replaces = self.replaces(output);
        match self.folder {
            Some(_) => check_place(output, inputs, replaces),
            None => check_output(output, inputs, replaces),
        }
    }
}

/// A recipe as a result's history tells it: where things lie on this machine is nobody's business.
fn told(recipe: &Recipe) -> String {
    let mut told = recipe.clone();
    told.move_files(|path| {
        let name = Path::new(path).file_name();
        name.map_or_else(String::new, |it| it.to_string_lossy().into_owned())
    });
    told.to_toml()
}

/// What to say of a file whose name promises another format than it has.
fn misnamed(output: &Path, format: Format) -> Option<String> {
    let promised = Format::of_path(output).filter(|it| *it != format)?;
    let name = output.file_name()?.to_string_lossy();
    Some(format!(
        "{name} is named as {} and written as {}, as --format says",
        promised.name(),
        format.name()
    ))
}
