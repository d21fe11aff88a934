//! A mask from a picture file: its luma, scaled to the picture.

use super::MaskSources;
use crate::engine::operations::parameter::{Allowed, Parameter, Settings, parameter};
use crate::engine::raster::{Plane, Region, Resample};

/// Settings of the `file` mask.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileMask {
    /// The picture's path.
    pub path: String,
    /// Turned round.
    pub invert: bool,
}

impl Settings for FileMask {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(path, "", Allowed::Text, "the picture whose luma covers"),
        parameter!(invert, "", Allowed::Flag, "turned round"),
    ];
}

impl FileMask {
    /// The coverage in a region of the picture.
    pub fn coverage(&self, sources: &MaskSources, region: Region) -> Plane {
        let Some(file) = sources.file else {
            return Plane::filled(region.width, region.height, 0.0);
        };
        let (size, own) = (sources.picture.bounds(), file.bounds());
        if size == own {
            return file.luma(region).map(|it| it.clamp(0.0, 1.0));
        }
        let resample =
            Resample::in_region((own.width, own.height), (size.width, size.height), region);
        let luma = file.luma(resample.needs(region));
        resample.apply(&luma, region).map(|it| it.clamp(0.0, 1.0))
    }
}
