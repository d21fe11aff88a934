//! `repore mask NAME INPUT -o FILE`: a mask as a grey picture, which `--mask` reads back.

use std::path::PathBuf;

use super::args::MaskArgs;
use super::layers::{Files, prepared, wrong};
use crate::engine::masks::MaskName;
use crate::engine::operations::parameter::Choice;
use crate::engine::raster::{Depth, Image, Layout, Samples, store};
use crate::engine::recipe::{Kind, Layer};
use crate::engine::render::{Cancel, Plan};
use crate::files::metadata::Metadata;
use crate::files::{
    Chosen, Clock, EncodeOptions, FileError, Format, SafeWriter, Written, check_no_input,
    check_output, encode, load_inputs, output_format,
};

/// Writes one mask of one picture.
pub fn run(args: &MaskArgs) -> u8 {
    let (mask, format, chosen, cancel) = match checked(args) {
        Ok(checked) => checked,
        Err(what) => return wrong(what),
    };
    let files = Files {
        input: &args.input,
        beside: None,
        outputs: &[("output", &args.output)],
    };
    files.report(&args.common, write(args, (mask, format), chosen, &cancel))
}

/// What can be checked before anything is read.
fn checked(args: &MaskArgs) -> Result<(MaskName, Format, Chosen, Cancel), String> {
    let choice = args.choosing.recipe_choice()?;
    let mask = MaskName::from_name(&args.name).ok_or_else(|| {
        let names = MaskName::names().join(", ");
        format!("there is no mask \"{}\"; the masks are {names}", args.name)
    })?;
    let format =
        output_format(&args.output, args.encoding.format()).map_err(|it| it.to_string())?;
    let chosen = choice
        .for_picture(&args.input)
        .map_err(|it| it.to_string())?;
    Ok((mask, format, chosen, prepared(&args.common)?))
}

/// Makes and writes the mask; `None` is a mask that was interrupted, which leaves no file.
fn write(
    args: &MaskArgs,
    (mask, format): (MaskName, Format),
    chosen: Chosen,
    cancel: &Cancel,
) -> Result<Option<Written>, FileError> {
    let refuse = |cause: String| FileError::new("write", &args.output, cause);
    // Known from the start, so that nobody waits for a mask that cannot be kept.
    check_output(&args.output, [args.input.as_path()], args.common.overwrite)?;
    let mut clock = Clock::start();
    let mut written = Written::default();
    let mut recipe = chosen.recipe;
    // One layer that paints through this mask alone says what the mask needs and whether it is there.
    let mut layer = Layer::new(Kind::Noise);
    layer.masks = vec![mask];
    recipe.layers = vec![layer];
    let inputs = load_inputs(
        &args.input,
        &args.choosing.originals(),
        &recipe,
        &chosen.folder,
        args.common.reading.options(),
    )?;
    let sources = inputs.sources.iter().chain(&chosen.file);
    check_no_input(&args.output, sources.map(PathBuf::as_path))?;
    written.notes.extend(inputs.photo.notes.iter().cloned());
    clock.lap(&mut written.timings.read_ms);
    let plan = Plan::new(&recipe, inputs.for_render().until(cancel));
    if let Some(skipped) = plan.skipped().first() {
        let reason = skipped.reason.clone();
        return Err(FileError::new("make the mask of", &args.input, reason));
    }
    let picture = plan.picture();
    let size = (picture.width(), picture.height());
    let Ok(Some(coverage)) = plan.coverage_reduced(0, picture.bounds(), size, cancel) else {
        return Ok(None);
    };
    let samples = coverage.samples().iter();
    let samples = match format.nearest_depth(args.encoding.depth().unwrap_or(Depth::Eight)) {
        Depth::Eight => Samples::Eight(samples.map(|it| store::to_eight(*it)).collect()),
        _ => Samples::Sixteen(samples.map(|it| store::to_sixteen(*it)).collect()),
    };
    let image = Image::new(size.0, size.1, Layout::Grey, samples);
    let image = image.map_err(|it| refuse(it.to_string()))?;
    clock.lap(&mut written.timings.render_ms);
    // A mask has no profile and no camera: its values are coverages.
    let options = EncodeOptions {
        format,
        quality: args.encoding.quality,
    };
    let bytes =
        encode(image, &Metadata::default(), options).map_err(|it| refuse(it.to_string()))?;
    if cancel.is_cancelled() {
        return Ok(None);
    }
    clock.lap(&mut written.timings.encode_ms);
    SafeWriter::new(&args.output)?.finish(&bytes, args.common.overwrite)?;
    clock.lap(&mut written.timings.write_ms);
    Ok(Some(written))
}
