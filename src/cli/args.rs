//! Every command and flag.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::engine::operations::parameter::{Adjust, Allowed, Value};
use crate::engine::operations::{Rectangle, Texture};
use crate::engine::raster::Depth;
use crate::files::{
    Chosen, Format, Job, Originals, ReadOptions, RecipeChoice, Strip, Writing, check_named,
};
use crate::tui::{LinkSpeed, PreviewChoice};

/// Puts real skin texture back into portraits that an AI retouch made smooth.
#[derive(Debug, Parser)]
#[command(name = "repore", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Pictures and folders to open in the terminal UI [default: .]
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,

    #[command(flatten)]
    pub screen: Screen,

    #[command(flatten)]
    pub shared: Shared,
}

/// How the terminal UI uses the terminal.
#[derive(Clone, Debug, clap::Args)]
pub struct Screen {
    /// How fast the way to the terminal is: auto (measured), slow, fast, or bytes a second as in 500k
    #[arg(long, value_name = "SPEED", default_value = "auto")]
    pub link: LinkSpeed,

    /// How the preview is shown; V in the UI goes through what the terminal knows
    #[arg(long, value_enum, value_name = "PROTOCOL", default_value_t)]
    pub preview: PreviewChoice,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Render pictures at full size
    Render(RenderArgs),
    /// Print pictures in the terminal and leave
    Show(ShowArgs),
    /// List the built-in recipes, or print one
    Presets(PresetsArgs),
    /// Skin that is saved by name, for grafts onto other pictures
    Donors(DonorsArgs),
    /// Split a photo into a low layer (tone) and a high one (texture), 16 bits each
    Split(SplitArgs),
    /// Put a low and a high layer together: low + 2·high − 1
    Merge(MergeArgs),
    /// Have a program work on a photo's low layer alone, and put its texture back
    Tone(ToneArgs),
    /// Measure the texture of pictures, octave by octave, against their originals
    ///
    /// An octave from A to B px holds the waves that are A to B pixels long (1/B < |f| <= 1/A cycles a pixel, in all
    /// directions; 1 to 2 px are diagonal waves alone). Its rms is that of the luma, 0.30 R + 0.59 G + 0.11 B of the
    /// encoded values, through an ideal band filter, in levels of 255, over the pixels of the mask. Recovered is the
    /// rms as a share of the original's; coherent the share of the energy that is the original's own (correlation
    /// squared). --mask says where to measure, in place of skin or all where there is none; what a recipe makes is
    /// measured too only if --recipe names one.
    Inspect(InspectArgs),
    /// Find the recipe whose texture comes closest to a reference
    ///
    /// Finds the amounts and radii of a recipe's noise, graft and texture layers at which the picture's result has the
    /// fine detail of the reference, octave by octave, and prints the recipe. Layers that are of no use are switched
    /// off, or left out where no recipe was chosen. The reference may show something else; a donor in the library is
    /// library:NAME.
    Match(MatchArgs),
    /// Write a mask as a grey picture
    Mask(MaskArgs),
    /// Print what the terminal was asked and has answered, and how previews are shown on it
    Doctor(DoctorArgs),
    /// Have viuer draw a preview of the terminal UI
    #[command(hide = true)]
    DrawPreview(DrawArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man,
}

#[derive(Debug, clap::Args)]
pub struct RenderArgs {
    /// Pictures to render; a folder stands for the pictures in it
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,

    /// The file to write, for a single input [default: STEM.repored.EXT beside the input]
    #[arg(short, long, value_name = "FILE", conflicts_with = "output_dir")]
    pub output: Option<PathBuf>,

    /// The folder to write STEM.repored.EXT in; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,

    #[command(flatten)]
    pub shared: Shared,
}

#[derive(Debug, clap::Args)]
pub struct ShowArgs {
    /// Pictures to print
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// How they are shown; cells where the terminal does not know that
    #[arg(long, value_enum, value_name = "PROTOCOL", default_value_t)]
    pub preview: PreviewChoice,

    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Debug, clap::Args)]
pub struct PresetsArgs {
    /// The recipe to print
    pub name: Option<String>,
}

#[derive(Debug, clap::Args)]
pub struct MaskArgs {
    /// The mask: smoothed, midtones, skin, brush or file
    pub name: String,

    /// The picture
    pub input: PathBuf,

    /// The file to write: grey, 8 bits unless --depth 16 is given
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    #[command(flatten)]
    pub choosing: Choosing,

    #[command(flatten)]
    pub encoding: Encoding,

    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, clap::Args)]
#[command(
    mut_arg("recipe", |arg| arg.help("The recipe whose result is measured too: a file or a preset [default: none]")),
    mut_arg("mask", |arg| arg.help("A picture whose luma says where to measure")),
)]
pub struct InspectArgs {
    /// Pictures to measure; a folder stands for the pictures in it
    #[arg(value_name = "INPUT", required = true)]
    pub inputs: Vec<PathBuf>,

    /// Write a sheet of each picture into this PNG: before, after, crops at 1:1, where texture was lost, and the
    /// octaves as a chart
    #[arg(long, value_name = "FILE.png")]
    pub report: Option<PathBuf>,

    #[command(flatten)]
    pub choosing: Choosing,

    /// Exit with 1 when the rms of the octaves up to 8 px together, of the result or else of the picture, is below
    /// this share of the original's, or cannot be told
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub fail_below: Option<f64>,

    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, clap::Args)]
pub struct MatchArgs {
    /// The picture
    pub input: PathBuf,

    /// A picture with the texture that is wanted
    #[arg(long, value_name = "FILE")]
    pub reference: PathBuf,

    /// The part of the reference that counts, in pixels [default: skin, or all where there is none]
    #[arg(long, value_name = "X,Y,W,H", value_parser = rectangle)]
    pub patch: Option<Rectangle>,

    /// The recipe file to write [default: it is printed]
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,

    #[command(flatten)]
    pub choosing: Choosing,

    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, clap::Args)]
pub struct SplitArgs {
    /// The photo
    pub photo: PathBuf,

    #[command(flatten)]
    pub radius: RadiusArg,

    /// The file of the low layer, G(photo): PNG or TIFF
    #[arg(long, value_name = "FILE")]
    pub low: PathBuf,

    /// The file of the high layer, (photo − low)/2 + ½: PNG or TIFF
    #[arg(long, value_name = "FILE")]
    pub high: PathBuf,

    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, clap::Args)]
pub struct MergeArgs {
    /// The low layer, in any format and depth
    #[arg(long, value_name = "FILE")]
    pub low: PathBuf,

    /// The high layer; the result gets its profile and metadata
    #[arg(long, value_name = "FILE")]
    pub high: PathBuf,

    /// The file to write; its depth is that of the photo that was split, as far as the layers tell it
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Scale a low layer of another size to the high one's
    #[arg(long)]
    pub fit: bool,

    #[command(flatten)]
    pub encoding: Encoding,

    #[command(flatten)]
    pub common: Common,
}

#[derive(Debug, clap::Args)]
pub struct ToneArgs {
    /// The photo
    pub photo: PathBuf,

    #[command(flatten)]
    pub radius: RadiusArg,

    /// The program, for the shell: {in} is the low layer, a PNG of 16 bits, {out} the picture to write
    #[arg(long, value_name = "CMD")]
    pub run: String,

    /// Time that the program may take
    #[arg(long, value_name = "SECONDS", default_value_t = 600,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub timeout: u32,

    /// The file to write
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,

    /// Scale what comes back in another size to the photo's
    #[arg(long)]
    pub fit: bool,

    #[command(flatten)]
    pub encoding: Encoding,

    #[command(flatten)]
    pub common: Common,
}

/// Where tone ends and texture begins.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct RadiusArg {
    /// The Gaussian's radius in pixels: what is finer is texture
    #[arg(long, value_name = "PX", value_parser = radius)]
    pub radius: f64,
}

#[derive(Debug, clap::Args)]
pub struct DonorsArgs {
    #[command(subcommand)]
    pub action: Option<DonorsAction>,
}

#[derive(Debug, Subcommand)]
pub enum DonorsAction {
    /// List the saved patches (the default)
    List,
    /// Save a patch of a picture; recipes use it as donor = "library:NAME"
    Save {
        /// What to call it
        name: String,
        /// The picture it is in
        input: PathBuf,
        /// The patch, in pixels [default: the best one is found]
        #[arg(long, value_name = "X,Y,W,H", value_parser = rectangle)]
        patch: Option<Rectangle>,
        /// Replace a patch of that name
        #[arg(long)]
        overwrite: bool,

        #[command(flatten)]
        reading: Reading,
    },
    /// Print a saved patch and where it is from
    Show {
        /// Its name
        name: String,
    },
    /// Remove a saved patch
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, clap::Args)]
pub struct DoctorArgs {
    #[command(flatten)]
    pub screen: Screen,

    /// Print one line of JSON
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, clap::Args)]
pub struct DrawArgs {
    /// What viuer draws with
    #[arg(value_enum)]
    pub means: PreviewChoice,

    /// The size of the picture in pixels
    #[arg(value_name = "WxH", value_parser = numbers::<2>)]
    pub size: [u32; 2],

    /// The cells that it covers
    #[arg(value_name = "WxH+X+Y", value_parser = numbers::<4>)]
    pub place: [u32; 4],

    /// Its samples: four bytes a pixel
    pub file: PathBuf,

    /// The terminal has 24-bit colours
    #[arg(long)]
    pub truecolor: bool,
}

#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// Flags that say what is made of pictures, and from what.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Choosing {
    /// The recipe to use: a file or a preset [default: the one beside the picture, else full]
    #[arg(long, value_name = "FILE|PRESET")]
    pub recipe: Option<String>,

    /// Change one setting; LAYER is a kind, a name, a number, or mask.NAME for a mask's settings
    #[arg(long, value_name = "LAYER.KEY=VALUE")]
    pub set: Vec<String>,

    /// The original, or a folder of originals matched by file stem
    #[arg(long, value_name = "FILE|DIR")]
    pub original: Option<PathBuf>,

    /// A picture whose luma masks the layers
    #[arg(long, value_name = "FILE")]
    pub mask: Option<PathBuf>,

    /// Another seed for everything random
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=i64::MAX as u64))]
    pub seed: Option<u64>,
}

/// Flags that all commands on pictures share.
#[derive(Debug, Default, clap::Args)]
pub struct Shared {
    #[command(flatten)]
    pub choosing: Choosing,

    #[command(flatten)]
    pub encoding: Encoding,

    /// Leave results that are there already and up to date; replace those that are not
    #[arg(long, conflicts_with = "strip")]
    pub resume: bool,

    #[command(flatten)]
    pub common: Common,
}

/// Flags of commands that write a picture: how it is stored.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Encoding {
    /// The format of results [default: the input's]
    #[arg(long, value_enum)]
    pub format: Option<FormatArg>,

    /// JPEG quality of results [default: 95, and no coarser than the input]
    #[arg(long, value_name = "1..100", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: Option<u8>,

    /// Bits a sample of results [default: the input's]
    #[arg(long, value_enum)]
    pub depth: Option<DepthArg>,
}

/// Flags of all commands that read pictures and write some.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Common {
    /// Replace files that exist
    #[arg(long)]
    pub overwrite: bool,

    /// Drop all metadata but the colour profile
    #[arg(long)]
    pub strip: bool,

    /// Drop what image generators wrote: prompts, workflows, parameters
    #[arg(long)]
    pub strip_prompt: bool,

    #[command(flatten)]
    pub reading: Reading,

    /// Threads to use [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,

    /// Print one line of JSON for each picture
    #[arg(long)]
    pub json: bool,

    /// Print errors only
    #[arg(long)]
    pub quiet: bool,

    /// Print how long each stage took
    #[arg(long)]
    pub timings: bool,
}

/// Flags of all commands that read pictures.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Reading {
    /// Read JPEG and PNG files that end early as far as they go
    #[arg(long)]
    pub partial: bool,

    /// Memory that one picture and its result may take, as 800M or 4G [default: a sixth of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub max_memory: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum FormatArg {
    #[value(alias = "jpg")]
    Jpeg,
    Png,
    #[value(alias = "tif")]
    Tiff,
    Webp,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum DepthArg {
    #[value(name = "8")]
    Eight,
    #[value(name = "16")]
    Sixteen,
}

impl Shared {
    /// A job as these flags say, for a picture that is still to be named.
    pub fn job(&self) -> Job {
        Job {
            input: PathBuf::new(),
            output: None,
            folder: None,
            recipe: Default::default(),
            recipe_folder: PathBuf::new(),
            recipe_file: None,
            originals: self.choosing.originals(),
            format: self.encoding.format(),
            depth: self.encoding.depth(),
            quality: self.encoding.quality,
            overwrite: self.common.overwrite,
            resume: self.resume,
            read: self.common.reading.options(),
            strip: self.common.strip(),
            protected: Vec::new(),
        }
    }
}

impl Choosing {
    /// Which recipe pictures get.
    pub fn recipe_choice(&self) -> Result<RecipeChoice, String> {
        let given = self.recipe.as_deref().map(Chosen::by_name).transpose();
        let choice = RecipeChoice {
            given: given.map_err(|it| it.to_string())?,
            changes: self.set.clone(),
            seed: self.seed,
            mask: self.mask.clone(),
        };
        // What is wrong for every picture is wrong usage, known before anything is done.
        if let Some(chosen) = &choice.given {
            let mut recipe = chosen.recipe.clone();
            choice.change(&mut recipe)?;
            for name in recipe.files() {
                check_named(name, &chosen.folder).map_err(|it| it.to_string())?;
            }
        }
        must_exist("--mask names", self.mask.clone())?;
        must_exist("--original names", self.original.clone())?;
        Ok(choice)
    }

    /// Where originals are looked for.
    pub fn originals(&self) -> Originals {
        let named = self.original.clone();
        named.map_or(Originals::Beside, Originals::At)
    }
}

impl Encoding {
    /// The format of results, if it is given.
    pub fn format(&self) -> Option<Format> {
        self.format.map(|it| match it {
            FormatArg::Jpeg => Format::Jpeg,
            FormatArg::Png => Format::Png,
            FormatArg::Tiff => Format::Tiff,
            FormatArg::Webp => Format::WebP,
        })
    }

    /// The depth of results, if it is given.
    pub fn depth(&self) -> Option<Depth> {
        self.depth.map(|it| match it {
            DepthArg::Eight => Depth::Eight,
            DepthArg::Sixteen => Depth::Sixteen,
        })
    }
}

impl Common {
    /// How results are written, in this encoding.
    pub fn writing(&self, encoding: Encoding) -> Writing {
        Writing {
            format: encoding.format(),
            depth: encoding.depth(),
            quality: encoding.quality,
            overwrite: self.overwrite,
            strip: self.strip(),
        }
    }

    /// What of the metadata is dropped.
    pub fn strip(&self) -> Strip {
        Strip {
            metadata: self.strip,
            prompts: self.strip_prompt,
        }
    }

    /// Has everything that runs in parallel use so many threads.
    pub fn start_threads(&self) -> Result<(), String> {
        let mut pool = rayon::ThreadPoolBuilder::new();
        if let Some(threads) = self.threads {
            pool = pool.num_threads(usize::from(threads));
        }
        pool.build_global()
            .map_err(|it| format!("cannot start threads: {it}"))
    }
}

impl Reading {
    /// How pictures are read.
    pub fn options(&self) -> ReadOptions {
        let standard = ReadOptions::default();
        ReadOptions {
            max_memory: self.max_memory.unwrap_or(standard.max_memory),
            partial: self.partial,
        }
    }
}

/// A share, 1 for all; a result may have more texture than its original.
fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|it| (0.0..=10.0).contains(it));
    share.ok_or_else(|| "write a number from 0 to 10, 0.8 for 80 %".to_string())
}

/// A number of bytes, with K, M, G or T behind it for powers of 1024.
fn memory(text: &str) -> Result<u64, String> {
    let refuse = || "write it as 800M or 4G".to_string();
    let digits = text.trim_end_matches(|it: char| !it.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "" | "B" => 0,
        "K" | "KB" | "KIB" => 10,
        "M" | "MB" | "MIB" => 20,
        "G" | "GB" | "GIB" => 30,
        "T" | "TB" | "TIB" => 40,
        _ => return Err(refuse()),
    };
    let number: u64 = digits.parse().map_err(|_| refuse())?;
    number.checked_mul(1 << shift).ok_or_else(refuse)
}

/// A separation radius, as a texture layer has it.
fn radius(text: &str) -> Result<f64, String> {
    let specs = Texture::default().specs();
    let spec = specs.into_iter().find(|it| it.name == "radius");
    let spec = spec.expect("a texture layer has a radius");
    let parsed = spec.allowed.parse(text);
    spec.allowed.check(&parsed, spec.unit)?;
    match parsed {
        Value::Number(it) => Ok(it),
        other => Err(format!("{} is no number", other.shown())),
    }
}

/// So many numbers with an x or a plus between them.
fn numbers<const N: usize>(text: &str) -> Result<[u32; N], String> {
    let parts = text.split(['x', '+']).map(str::parse);
    let numbers: Result<Vec<u32>, _> = parts.collect();
    let numbers = numbers.map_err(|it| it.to_string())?;
    numbers
        .try_into()
        .map_err(|_| format!("there must be {N} numbers"))
}

/// A rectangle as `X,Y,W,H`.
fn rectangle(text: &str) -> Result<Rectangle, String> {
    let parsed = Allowed::Rectangle.parse(text);
    match &parsed {
        Value::Rectangle(it) => Allowed::Rectangle.check(&parsed, "").map(|()| *it),
        _ => Err("write it as X,Y,W,H in whole pixels".to_string()),
    }
}

/// Says so if a file that a flag names is not there.
pub(super) fn must_exist(
    who: &str,
    paths: impl IntoIterator<Item = PathBuf>,
) -> Result<(), String> {
    match paths.into_iter().find(|it| !it.exists()) {
        Some(path) => Err(format!("{who} {}, which does not exist", path.display())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_contradict_nobody() {
        Args::command().debug_assert();
    }
}
