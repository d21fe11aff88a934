//! Where the best patches of a donor are: what the skin mask knows, and the search for windows.

use std::sync::Arc;

use super::{Inputs, Plan};
use crate::engine::masks::{Face, Found, MaskName, MaskSources, Masks};
use crate::engine::operations::patches::{best_patches, cells};
use crate::engine::operations::{Cancel, Gaussian, Graft, LIBRARY_RIM, Rectangle};
use crate::engine::raster::{Image, Plane, Region, Resample, Tile, luma};
use crate::engine::recipe::Operation;

/// The longest side of the copy on which skin is found, in pixels.
const COPY_SIDE: usize = 1024;

/// Where the skin mask cannot tell, skin is looked for so far around the middle of a face, in sizes of
/// the face.
const AROUND_FACE: f64 = 1.6;

/// How far the middle of a face reaches, in its sizes: to cheeks and nose.
const MIDDLE_OF_FACE: f64 = 0.4;

/// How many standard deviations from the middle of a face skin colours lie, and the least deviation.
const FITTING: f32 = 2.0;
const LEAST_DEVIATION: f32 = 0.01;

/// Radius over which single pixels are outvoted, in pixels of the copy.
const SMOOTHING: f64 = 2.0;

/// The donor that is the picture itself.
pub const SELF: &str = "self";

/// The donor that is the picture's original.
pub const ORIGINAL: &str = "original";

impl Inputs {
    /// The picture that a graft's donor names.
    ///
    /// # Errors
    /// With the words that say why there is none.
    pub(super) fn donor(&self, name: &str) -> Result<&Arc<Image>, String> {
        match name {
            SELF => Ok(&self.picture),
            ORIGINAL => {
                let original = self.original.as_ref();
                original.ok_or_else(|| "its donor is the original, and there is none".to_string())
            }
            path => {
                let file = self.files.get(path);
                file.ok_or_else(|| format!("its donor {path} was not read"))
            }
        }
    }

    /// The patches of a graft's donor that suit it best, the best first; at most three, none over
    /// another. Found once and remembered.
    ///
    /// # Errors
    /// With the words that say why there is none.
    pub fn patches(&self, graft: &Graft) -> Result<Vec<Rectangle>, String> {
        let donor = self.donor(&graft.donor)?;
        if graft.has_library_donor() {
            return whole_patch(donor).map(|it| vec![it]);
        }
        let key = (graft.donor.clone(), graft.scale.to_bits());
        let found = self.findings.patches.recall(key, || {
            let skin = skin_of(donor).or_else(|| {
                // A picture of skin alone, as donor files are, has neither face nor surroundings.
                let (columns, rows) = cells(donor);
                graft
                    .has_file_donor()
                    .then(|| Plane::filled(columns, rows, 1.0))
            });
            let suspect = graft.donor == SELF;
            skin.map_or_else(Vec::new, |skin| {
                best_patches(donor, &skin, graft.scale, suspect)
            })
        });
        if found.is_empty() {
            return Err(match graft.donor.as_str() {
                SELF => "no unspoiled skin was found in the picture; \
                         mark a patch, or name a donor that has some"
                    .to_string(),
                _ => "no even skin was found in its donor; mark a patch".to_string(),
            });
        }
        Ok(found.as_ref().clone())
    }
}

impl Plan {
    /// The patches that suit a graft layer of the recipe best, whichever it uses; empty where there is
    /// none, or the layer is no graft. The first call for a donor looks at all of it.
    pub fn patches(&self, layer: usize) -> Vec<Rectangle> {
        match self.resolved().layers.get(layer).map(|it| &it.operation) {
            Some(Operation::Graft(graft)) => self.inputs.patches(graft).unwrap_or_default(),
            _ => Vec::new(),
        }
    }
}

/// The patch that a donor from the library is: all of it but its rim.
fn whole_patch(donor: &Image) -> Result<Rectangle, String> {
    let inside = |length: usize| {
        let length = u32::try_from(length).ok()?;
        length.checked_sub(2 * LIBRARY_RIM).filter(|it| *it > 0)
    };
    match (inside(donor.width()), inside(donor.height())) {
        (Some(width), Some(height)) => Ok(Rectangle {
            x: LIBRARY_RIM,
            y: LIBRARY_RIM,
            width,
            height,
        }),
        _ => Err("its donor is smaller than the rim of a saved patch".to_string()),
    }
}

/// The coverage of skin in each cell of a picture; `None` where nothing tells where skin is.
fn skin_of(picture: &Image) -> Option<Plane> {
    let (columns, rows) = cells(picture);
    if columns == 0 || rows == 0 {
        return None;
    }
    let longest = picture.width().max(picture.height());
    let shrink = (COPY_SIDE as f64 / longest as f64).min(1.0);
    let size = |length: usize| ((length as f64 * shrink).round() as usize).max(1);
    let copy = picture.reduced((size(picture.width()), size(picture.height())));
    let copy = Image::from_tile(&copy);
    let found = Found::default();
    let sources = MaskSources {
        picture: &copy,
        original: None,
        file: None,
        found: &found,
    };
    let masks = Masks::default();
    let coverage = match masks.missing(MaskName::Skin, &sources) {
        None => masks.coverage(MaskName::Skin, &sources, copy.bounds(), &Cancel::default()),
        Some(_) => around_faces(&copy, &found)?,
    };
    let resample = Resample::new((copy.width(), copy.height()), (columns, rows));
    Some(resample.apply(&coverage, Region::of_size(columns, rows)))
}

/// What has the colour of a face's middle, near that face; `None` in a picture without faces.
fn around_faces(picture: &Image, found: &Found) -> Option<Plane> {
    let faces = found.faces(picture);
    if faces.is_empty() {
        return None;
    }
    let bounds = picture.bounds();
    let tile = picture.tile(bounds).with_channels(3);
    let mut coverage = Plane::filled(bounds.width, bounds.height, 0.0);
    for face in faces {
        let colour = FaceColour::of(&tile, face);
        let near = disc(face, AROUND_FACE * face.size, bounds);
        for (x, y) in near {
            if colour.fits(colour_at(&tile, x, y)) {
                coverage.row_mut(y)[x] = 1.0;
            }
        }
    }
    let smoothing = Gaussian::new(SMOOTHING);
    Some(smoothing.blur(&coverage, bounds, bounds, bounds, &Cancel::default()))
}

/// The pixels of a disc around the middle of a face.
fn disc(face: &Face, radius: f64, bounds: Region) -> impl Iterator<Item = (usize, usize)> {
    let span = |middle: f64, length: usize| {
        let first = (middle - radius).ceil().clamp(0.0, length as f64) as usize;
        let end = (middle + radius).floor().clamp(-1.0, length as f64 - 1.0) + 1.0;
        first..(end as usize).max(first)
    };
    let (columns, rows) = (span(face.x, bounds.width), span(face.y, bounds.height));
    let (middle_x, middle_y) = (face.x, face.y);
    rows.flat_map(move |y| columns.clone().map(move |x| (x, y)))
        .filter(move |(x, y)| {
            let (dx, dy) = (*x as f64 - middle_x, *y as f64 - middle_y);
            dx * dx + dy * dy <= radius * radius
        })
}

/// Luma, and the shares of red and green.
fn colour_at(tile: &Tile, x: usize, y: usize) -> [f32; 3] {
    let [r, g, b] = [0, 1, 2].map(|channel| tile.planes()[channel].at(x, y));
    let sum = (r + g + b).max(1e-3);
    [luma(r, g, b), r / sum, g / sum]
}

/// The colours of most of the middle of a face: their medians, and how far they lie around them.
struct FaceColour {
    medians: [f32; 3],
    deviations: [f32; 3],
}

impl FaceColour {
    fn of(tile: &Tile, face: &Face) -> Self {
        let middle = disc(face, MIDDLE_OF_FACE * face.size, tile.region());
        let colours: Vec<[f32; 3]> = middle.map(|(x, y)| colour_at(tile, x, y)).collect();
        let median = |mut them: Vec<f32>| {
            them.sort_unstable_by(f32::total_cmp);
            them.get(them.len() / 2).copied().unwrap_or(0.0)
        };
        let medians = [0, 1, 2].map(|i| median(colours.iter().map(|it| it[i]).collect()));
        let deviations = [0, 1, 2].map(|i| {
            let apart = colours.iter().map(|it| (it[i] - medians[i]).abs());
            // The median deviation of normal values is 0.67 of their standard deviation.
            (median(apart.collect()) / 0.6745).max(LEAST_DEVIATION)
        });
        Self {
            medians,
            deviations,
        }
    }

    fn fits(&self, colour: [f32; 3]) -> bool {
        (0..3).all(|i| (colour[i] - self.medians[i]).abs() <= FITTING * self.deviations[i])
    }
}
