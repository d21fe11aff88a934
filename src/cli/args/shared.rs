//! Flags that commands share, and what they mean for those who do the work.

use std::path::PathBuf;

use clap::ValueEnum;

use super::values::memory;
use crate::engine::raster::Depth;
use crate::files::{
    Chosen, Format, Job, Originals, ReadOptions, RecipeChoice, Strip, Writing, check_named,
};

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

    /// Memory that one picture and its result, or measuring it, may take, as 800M or 4G [default: a sixth of the machine's]
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
            protected: Default::default(),
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

/// Says so if a file that a flag names is not there.
pub fn must_exist(who: &str, paths: impl IntoIterator<Item = PathBuf>) -> Result<(), String> {
    match paths.into_iter().find(|it| !it.exists()) {
        Some(path) => Err(format!("{who} {}, which does not exist", path.display())),
        None => Ok(()),
    }
}
