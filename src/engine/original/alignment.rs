//! What was found about how an original lies to its picture.

use super::find;
use super::grid::Grid;
use super::placement::Placement;
use crate::engine::operations::Cancel;
use crate::engine::raster::{Image, Plane, Region};

/// So far beyond the original's edge nothing is taken from it any more, in its pixels.
const RIM: f64 = 1.5;

/// Pixels of a row that are asked together whether the original may end there.
const STRETCH: usize = 64;

/// Rows from one that is looked at for figures to the next, in pixels.
const SUMMED_UP: usize = 8;

/// The ninths of a picture, and from which share on what is left out of one is told.
const PARTS: [&str; 9] = [
    "upper left",
    "top",
    "upper right",
    "left",
    "middle",
    "right",
    "lower left",
    "bottom",
    "lower right",
];
const NAMED: f64 = 0.05;

/// How an original lies to its picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Alignment {
    /// How far the original's middle lies from the picture's, right and down, in pixels of the picture.
    pub shift: [f64; 2],
    /// Pixels of the picture for each pixel of the original, across and down in the mean.
    pub scale: f64,
    /// How far places drifted from where shift, scale and turn put them: the root mean square, in pixels of the
    /// picture.
    pub drift: f64,
    /// The mean confidence over the picture, 0..=1.
    pub confidence: f64,
    /// The share of the picture where the original does not show the same, 0..=1: nothing is taken from it there.
    pub left_out: f64,
    /// The same share of each ninth of the picture, row by row from the upper left.
    pub left_out_of_parts: [f64; 9],
    pub(super) over: Over,
}

/// What it takes to bring the original onto the picture.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Over {
    /// `None` where the original lies over the picture pixel by pixel.
    pub placement: Option<Placement>,
    /// `None` where it is trusted everywhere.
    pub confidence: Option<Grid>,
    /// Pixels of the original.
    pub original: [usize; 2],
}

/// Why an original cannot be brought onto its picture.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Mismatch {
    /// They do not show the same.
    #[error("the original does not show the same as the picture")]
    Different,
    /// There is nothing to find a place by.
    #[error("nothing in the picture tells how the original, {original}, lies to it, {picture}")]
    Featureless {
        /// Its size in words.
        original: String,
        /// Its size in words.
        picture: String,
    },
}

impl Alignment {
    /// Of an original that lies over a picture of this size pixel by pixel.
    pub(super) fn identity(size: [usize; 2]) -> Self {
        Self {
            shift: [0.0; 2],
            scale: 1.0,
            drift: 0.0,
            confidence: 1.0,
            left_out: 0.0,
            left_out_of_parts: [0.0; 9],
            over: Over {
                placement: None,
                confidence: None,
                original: size,
            },
        }
    }

    /// Finds how `original` lies to `picture`.
    ///
    /// Both are looked at as wholes, on copies of a few megapixels. The same pictures give the same alignment on
    /// every machine and with any number of threads. Once cancelled, what is returned is unfinished.
    ///
    /// # Errors
    /// When they do not show the same, or nothing tells.
    pub fn find(picture: &Image, original: &Image, cancel: &Cancel) -> Result<Self, Mismatch> {
        find::find(picture, original, cancel)
    }

    /// Takes the mean of the confidence and the shares that are left out from places all over a picture of this size.
    pub(super) fn sum_up(&mut self, [width, height]: [usize; 2]) {
        let (mut sum, mut out, mut count) = (0.0, 0.0, 0.0);
        let mut parts = [(0.0, 0.0); 9];
        let rows = height.div_ceil(SUMMED_UP);
        for y in (0..rows).map(|it| it * height / rows) {
            let row = Region::new(0, y, width, 1);
            for (x, sure) in self.confidence_plane(row).samples().iter().enumerate() {
                let is_out = f64::from(u8::from(*sure < 0.5));
                sum += f64::from(*sure);
                out += is_out;
                count += 1.0;
                let part = &mut parts[3 * (3 * y / height) + 3 * x / width];
                *part = (part.0 + is_out, part.1 + 1.0);
            }
        }
        self.left_out_of_parts = parts.map(|(out, count): (f64, f64)| out / count.max(1.0));
        self.confidence = sum / count;
        self.left_out = out / count;
    }

    /// What a person is told; `None` where there is nothing to tell.
    pub fn words(&self) -> Option<String> {
        if self.is_identity() {
            return None;
        }
        let [right, down] = self.shift;
        let mut words = format!(
            "aligned: shift {right:.2}, {down:.2} px, scale {:.3}",
            self.scale
        );
        if self.drift >= 0.05 {
            words += &format!(", drift {:.1} px", self.drift);
        }
        if self.left_out >= 0.0005 {
            let share = 100.0 * self.left_out;
            words += &format!("; {share:.1} % of the picture left out: no match there");
            let parts = PARTS.iter().zip(self.left_out_of_parts);
            let named = parts.filter(|(_, share)| *share >= NAMED);
            let named = named.map(|(name, share)| format!("{name} {:.0} %", 100.0 * share));
            let named: Vec<String> = named.collect();
            if !named.is_empty() {
                words += &format!(" ({})", named.join(", "));
            }
        }
        Some(words)
    }

    /// Whether the original lies over the picture pixel by pixel and is trusted everywhere.
    pub fn is_identity(&self) -> bool {
        self.over.placement.is_none() && self.over.confidence.is_none()
    }

    /// How far the original can be trusted to show the same in each pixel of a region of the picture, 0..=1.
    pub fn confidence_plane(&self, region: Region) -> Plane {
        let everywhere = || Plane::filled(region.width, region.height, 1.0);
        self.confidence_in(region).unwrap_or_else(everywhere)
    }

    /// How far a place of the original, in its pixels, can be trusted to be what a picture of these `bounds` shows
    /// there, 0..=1. Where places drifted, it is that of a place a few pixels away.
    pub fn trust_at(&self, place: [f64; 2], bounds: Region) -> f32 {
        let placement = self.over.placement.as_ref();
        let [x, y] = placement.map_or(place, |it| it.whole.inverse().at(place));
        let inside = |it: f64, length: usize| it >= 0.0 && it < length as f64;
        if !inside(x, bounds.width) || !inside(y, bounds.height) {
            return 0.0;
        }
        let pixel = Region::new(x as usize, y as usize, 1, 1);
        self.confidence_plane(pixel).at(0, 0)
    }

    /// The same alignment between copies of both pictures that were made smaller, as previews use them.
    ///
    /// `picture` and `original` are how many pixels (across, down) stand for one of the copy's.
    pub fn reduced(&self, picture: [f64; 2], original: [f64; 2]) -> Self {
        let over = &self.over;
        let across = |i: usize| (over.original[i] as f64 / original[i]).round().max(1.0) as usize;
        Self {
            shift: [self.shift[0] / picture[0], self.shift[1] / picture[1]],
            scale: self.scale * (original[0] * original[1] / (picture[0] * picture[1])).sqrt(),
            drift: self.drift / (picture[0] * picture[1]).sqrt(),
            over: Over {
                placement: over
                    .placement
                    .as_ref()
                    .map(|it| it.reduced(picture, original)),
                confidence: over
                    .confidence
                    .as_ref()
                    .map(|it| it.reduced(picture, |it| it)),
                original: [across(0), across(1)],
            },
            ..*self
        }
    }

    pub(super) fn placement(&self) -> Option<&Placement> {
        self.over.placement.as_ref()
    }

    /// Samples of the original from one pixel of the picture to the next.
    pub(super) fn step(&self) -> f64 {
        let placement = self.over.placement.as_ref();
        placement.map_or(1.0, |it| it.whole.magnification())
    }

    /// How far the original can be trusted in each pixel of a region; `None` where that is 1 in all of them.
    pub(super) fn confidence_in(&self, region: Region) -> Option<Plane> {
        let over = &self.over;
        let trusted = over.confidence.as_ref();
        let trusted = trusted.is_none_or(|it| it.is_at_least(1.0, region));
        let placement = over.placement.as_ref();
        let placement = placement.map(|it| (it, it.farthest_drift()));
        let holds = |region| placement.is_none_or(|(it, drift)| over.holds(it, drift, region));
        if trusted && holds(region) {
            return None;
        }
        let mut plane = Plane::filled(region.width, region.height, 1.0);
        let mut values = vec![1.0; region.width];
        let mut places = [[0.0; 2]; STRETCH];
        for y in 0..region.height {
            let out = plane.row_mut(y);
            let y = region.y + y;
            if let Some(grid) = &over.confidence {
                grid.read_row(region.x, y, &mut values);
                for (out, value) in out.iter_mut().zip(&values) {
                    *out = value.clamp(0.0, 1.0) as f32;
                }
            }
            let Some((placement, _)) = placement else {
                continue;
            };
            let stretches = out.chunks_mut(STRETCH).zip(values.chunks(STRETCH));
            for (x, (out, values)) in (region.x..).step_by(STRETCH).zip(stretches) {
                if holds(Region::new(x, y, out.len(), 1)) {
                    continue;
                }
                let places = &mut places[..out.len()];
                placement.row(x, y, places);
                for ((out, value), place) in out.iter_mut().zip(values).zip(places) {
                    *out = (value.clamp(0.0, 1.0) * over.inside(*place)) as f32;
                }
            }
        }
        Some(plane)
    }
}

impl Over {
    /// Whether a place lies in the original: 1 inside, 0 outside, between them just beyond the edge.
    fn inside(&self, place: [f64; 2]) -> f64 {
        let depth = |axis: usize| {
            let last = self.original[axis] as f64 - 1.0;
            place[axis].min(last - place[axis])
        };
        (1.0 + depth(0).min(depth(1)) / RIM).clamp(0.0, 1.0)
    }

    /// Whether all of a region surely lies in the original, if it drifts so far at most.
    fn holds(&self, placement: &Placement, [across, down]: [f64; 2], region: Region) -> bool {
        let (left, right) = (region.x as f64 - across, region.right() as f64 + across);
        let (top, bottom) = (region.y as f64 - down, region.bottom() as f64 + down);
        let corners = [[left, top], [right, top], [left, bottom], [right, bottom]];
        let mut corners = corners.into_iter();
        corners.all(|it| self.inside(placement.whole.at(it)) == 1.0)
    }
}

/// The shift and scale that a placement means, for a picture and an original of these sizes.
pub(super) fn shift_and_scale(
    placement: &Placement,
    picture: [usize; 2],
    original: [usize; 2],
) -> ([f64; 2], f64) {
    let middle = |size: [usize; 2]| size.map(|it| (it as f64 - 1.0) / 2.0);
    let seen = placement.whole.inverse().at(middle(original));
    let from = middle(picture);
    (
        [seen[0] - from[0], seen[1] - from[1]],
        1.0 / placement.whole.magnification(),
    )
}
