//! Every command and flag.

mod shared;
mod values;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub(super) use self::shared::must_exist;
pub use self::shared::{Choosing, Common, Encoding, Reading, Shared};
use self::values::{donor_name, numbers, radius, rectangle, share};
use crate::engine::operations::Rectangle;
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
    pub place: Place,

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

    #[command(flatten)]
    pub place: Place,

    #[command(flatten)]
    pub shared: Shared,
}

/// Where results go that have no path of their own.
#[derive(Clone, Debug, clap::Args)]
pub struct Place {
    /// The folder to write STEM.repored.EXT in; it is made if it is not there [default: the picture's]
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
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
        #[arg(value_parser = donor_name)]
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
        #[arg(value_parser = donor_name)]
        name: String,
    },
    /// Remove a saved patch
    Remove {
        /// Its name
        #[arg(value_parser = donor_name)]
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

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_contradict_nobody() {
        Args::command().debug_assert();
    }
}
