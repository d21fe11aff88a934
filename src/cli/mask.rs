//! `repore mask NAME INPUT -o FILE`: a mask as a grey picture, which `--mask` reads back.

use std::path::{Path, PathBuf};

use super::args::MaskArgs;
use super::{DONE, INTERRUPTED, SOME_FAILED, WRONG_USAGE, complain, watch_signals};
use crate::engine::masks::MaskName;
use crate::engine::operations::parameter::Choice;
use crate::engine::raster::{Depth, Image, Layout, Samples, store};
use crate::engine::recipe::{Kind, Layer};
use crate::engine::render::{Cancel, Plan};
use crate::files::metadata::Metadata;
use crate::files::{
    EncodeOptions, FileError, Format, RecipeChoice, SafeWriter, check_no_input, encode,
    load_inputs, output_format,
};

/// Writes one mask of one picture.
pub fn run(args: &MaskArgs) -> u8 {
    let (mask, format, choice, cancel) = match checked(args) {
        Ok(checked) => checked,
        Err(what) => {
            complain(what);
            return WRONG_USAGE;
        }
    };
    match write(args, mask, format, &choice, &cancel) {
        Ok(Some(())) => DONE,
        Ok(None) => INTERRUPTED,
        Err(error) => {
            complain(error);
            SOME_FAILED
        }
    }
}

/// What can be checked before anything is read.
fn checked(args: &MaskArgs) -> Result<(MaskName, Format, RecipeChoice, Cancel), String> {
    args.shared.common.start_threads()?;
    let choice = args.shared.choosing.recipe_choice()?;
    let mask = MaskName::from_name(&args.name).ok_or_else(|| {
        let names = MaskName::names().join(", ");
        format!("there is no mask \"{}\"; the masks are {names}", args.name)
    })?;
    let format =
        output_format(&args.output, args.shared.encoding.format()).map_err(|it| it.to_string())?;
    Ok((mask, format, choice, watch_signals()?))
}

/// Makes and writes the mask; `None` is a mask that was interrupted, which leaves no file.
fn write(
    args: &MaskArgs,
    mask: MaskName,
    format: Format,
    choice: &RecipeChoice,
    cancel: &Cancel,
) -> Result<Option<()>, FileError> {
    let refuse = |cause: String| FileError::new("write", &args.output, cause);
    let chosen = choice.for_picture(&args.input)?;
    let mut recipe = chosen.recipe;
    // One layer that paints through this mask alone says what the mask needs and whether it is there.
    let mut layer = Layer::new(Kind::Noise);
    layer.masks = vec![mask];
    recipe.layers = vec![layer];
    let inputs = load_inputs(
        &args.input,
        &args.shared.choosing.originals(),
        &recipe,
        &chosen.folder,
        args.shared.common.read_options(),
    )?;
    let sources = inputs.sources.iter().chain(&chosen.file);
    check_no_input(&args.output, sources.map(PathBuf::as_path))?;
    let plan = Plan::new(&recipe, inputs.for_render().until(cancel));
    if let Some(skipped) = plan.skipped().first() {
        let cause = format!("of {}: {}", args.input.display(), skipped.reason);
        return Err(FileError::new(
            "make the mask",
            Path::new(&args.name),
            cause,
        ));
    }
    let picture = plan.picture();
    let size = (picture.width(), picture.height());
    let Ok(Some(coverage)) = plan.coverage_reduced(0, picture.bounds(), size, cancel) else {
        return Ok(None);
    };
    let samples = coverage.samples().iter();
    let samples = match format.nearest_depth(args.shared.encoding.depth().unwrap_or(Depth::Eight)) {
        Depth::Eight => Samples::Eight(samples.map(|it| store::to_eight(*it)).collect()),
        _ => Samples::Sixteen(samples.map(|it| store::to_sixteen(*it)).collect()),
    };
    let image = Image::new(size.0, size.1, Layout::Grey, samples);
    let image = image.map_err(|it| refuse(it.to_string()))?;
    // A mask has no profile and no camera: its values are coverages.
    let options = EncodeOptions {
        format,
        quality: args.shared.encoding.quality,
    };
    let bytes =
        encode(image, &Metadata::default(), options).map_err(|it| refuse(it.to_string()))?;
    if cancel.is_cancelled() {
        return Ok(None);
    }
    SafeWriter::new(&args.output)?.finish(&bytes, args.shared.common.overwrite)?;
    Ok(Some(()))
}
