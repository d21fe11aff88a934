//! Where a picture lies in its original when nothing is known: every scale and offset is tried on thumbnails.

use rayon::prelude::*;

use super::bands::{resized, shrunk, structures};
use super::level::Copies;
use crate::engine::operations::Cancel;
use crate::engine::operations::Spectrum;
use crate::engine::original::placement::Affine;
use crate::engine::raster::Plane;

/// The longest side of the picture's thumbnail, in pixels.
const THUMBNAIL: usize = 64;

/// Pixels of the original on one of the picture that are tried, from and to, and from one to the next.
const SMALLEST: f64 = 0.4;
const LARGEST: f64 = 2.5;
const RATIO: f64 = 1.04;

/// The longest side of an original's thumbnail; one that would be larger is not tried.
const LARGEST_THUMBNAIL: usize = 448;

/// Thumbnails smaller than this, in pixels, show nothing.
const LEAST_SIDE: usize = 12;

/// The share of the smaller thumbnail that both must have in common.
const OVERLAP: f64 = 0.3;

/// A place that was found, and how alike both are there, 0..=1.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    pub whole: Affine,
    pub likeness: f64,
}

/// The places where both are most alike, the best first, at most one for each scale.
pub fn search(copies: &Copies, cancel: &Cancel) -> Vec<Candidate> {
    let steps = (libm::log(LARGEST / SMALLEST) / libm::log(RATIO)).ceil() as i32;
    let thumbnail = Thumbnail::of_picture(copies, cancel);
    let scales: Vec<f64> = (0..=steps)
        .map(|i| SMALLEST * libm::pow(RATIO, f64::from(i)))
        .collect();
    let found = scales
        .par_iter()
        .map(|it| thumbnail.best(copies, *it, cancel));
    let mut found: Vec<Candidate> = found.collect::<Vec<_>>().into_iter().flatten().collect();
    found.sort_by(|a, b| b.likeness.total_cmp(&a.likeness));
    found
}

/// The picture's thumbnail.
struct Thumbnail {
    structures: Plane,
    energy: Energy,
    /// Pixels of the full picture for each of the thumbnail's.
    step: f64,
    /// The original's luma, just larger than its largest thumbnail, and the pixels of the full one for each of its.
    original: (Plane, f64),
}

impl Thumbnail {
    fn of_picture(copies: &Copies, cancel: &Cancel) -> Self {
        let shrink = (THUMBNAIL as f64 / copies.longest() as f64).min(1.0);
        let size = shrunk((copies.picture.width(), copies.picture.height()), shrink);
        let structures = structures(&resized(&copies.picture, size), cancel);
        let longest = copies.original.width().max(copies.original.height());
        let shrink = (LARGEST_THUMBNAIL as f64 / longest as f64).min(1.0);
        let size_of_original = shrunk((copies.original.width(), copies.original.height()), shrink);
        let original = resized(&copies.original, size_of_original);
        let original_step = copies.original_size[0] as f64 / original.width() as f64;
        Self {
            energy: Energy::of(&structures),
            step: copies.picture_size[0] as f64 / structures.width() as f64,
            structures,
            original: (original, original_step),
        }
    }

    /// The best place at one scale.
    fn best(&self, copies: &Copies, scale: f64, cancel: &Cancel) -> Option<Candidate> {
        let (original, original_step) = &self.original;
        let factor = original_step / (scale * self.step);
        let size = shrunk((original.width(), original.height()), factor);
        let (smaller, larger) = (size.0.min(size.1), size.0.max(size.1));
        if smaller < LEAST_SIDE || larger > LARGEST_THUMBNAIL || cancel.is_cancelled() {
            return None;
        }
        let other = structures(&resized(original, size), cancel);
        let (own, theirs) = (&self.structures, Energy::of(&other));
        let torus = (
            (own.width() + other.width()).next_power_of_two(),
            (own.height() + other.height()).next_power_of_two(),
        );
        let spectrum = Spectrum::of(own.samples(), own.width(), torus);
        let correlation =
            spectrum.correlation(&Spectrum::of(other.samples(), other.width(), torus));
        let least =
            OVERLAP * (own.width() * own.height()).min(other.width() * other.height()) as f64;
        let mut best: Option<(f64, [isize; 2])> = None;
        for y in 1 - own.height() as isize..other.height() as isize {
            for x in 1 - own.width() as isize..other.width() as isize {
                let Some(overlap) = Overlap::at([x, y], own, &other) else {
                    continue;
                };
                if (overlap.pixels() as f64) < least {
                    continue;
                }
                let at = y.rem_euclid(torus.1 as isize) as usize * torus.0
                    + x.rem_euclid(torus.0 as isize) as usize;
                let energies = self.energy.within(overlap.own) * theirs.within(overlap.other);
                let floor = 0.1 * overlap.pixels() as f64;
                let likeness = correlation[at] / (energies.sqrt() + floor);
                // What few pixels have in common may be chance.
                let likeness = likeness * (1.0 - (least / (3.0 * overlap.pixels() as f64)));
                if best.is_none_or(|(most, _)| likeness > most) {
                    best = Some((likeness, [x, y]));
                }
            }
        }
        let (likeness, [x, y]) = best?;
        let (x_step, y_step) = (
            copies.original_size[0] as f64 / other.width() as f64,
            copies.original_size[1] as f64 / other.height() as f64,
        );
        let scale = [x_step / self.step, y_step / self.step];
        let corner = [x as f64 * x_step, y as f64 * y_step];
        Some(Candidate {
            whole: Affine::scaling(scale, corner),
            likeness,
        })
    }
}

/// The rectangles (left, top, right, bottom) of two thumbnails that lie over each other.
struct Overlap {
    own: [usize; 4],
    other: [usize; 4],
}

impl Overlap {
    /// With the corner of `own` at an offset in `other`.
    fn at([x, y]: [isize; 2], own: &Plane, other: &Plane) -> Option<Self> {
        let span = |offset: isize, own: usize, other: usize| {
            let from = offset.max(0);
            let to = (offset + own as isize).min(other as isize);
            (to > from).then_some([from, to])
        };
        let [left, right] = span(x, own.width(), other.width())?;
        let [top, bottom] = span(y, own.height(), other.height())?;
        let moved = |from: isize, offset: isize| (from - offset) as usize;
        Some(Self {
            own: [
                moved(left, x),
                moved(top, y),
                moved(right, x),
                moved(bottom, y),
            ],
            other: [left, top, right, bottom].map(|it| it as usize),
        })
    }

    fn pixels(&self) -> usize {
        let [left, top, right, bottom] = self.own;
        (right - left) * (bottom - top)
    }
}

/// Sums of squares over rectangles of a plane.
struct Energy {
    width: usize,
    /// The sum over all above and left of each corner.
    sums: Vec<f64>,
}

impl Energy {
    fn of(plane: &Plane) -> Self {
        let width = plane.width() + 1;
        let mut sums = vec![0.0; width * (plane.height() + 1)];
        for y in 0..plane.height() {
            let mut row = 0.0;
            for (x, sample) in plane.row(y).iter().enumerate() {
                row += f64::from(sample * sample);
                sums[(y + 1) * width + x + 1] = sums[y * width + x + 1] + row;
            }
        }
        Self { width, sums }
    }

    fn within(&self, [left, top, right, bottom]: [usize; 4]) -> f64 {
        let at = |x: usize, y: usize| self.sums[y * self.width + x];
        (at(right, bottom) - at(left, bottom) - at(right, top) + at(left, top)).max(0.0)
    }
}
