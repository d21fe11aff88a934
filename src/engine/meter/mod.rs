//! The texture meter: how much fine detail a picture has, octave by octave, and how much of it is its original's.
//!
//! An octave from a to b pixels holds the waves whose length is a to b: all spatial frequencies f, in whatever
//! direction, with 1/b < |f| ≤ 1/a cycles a pixel. Pixels carry ½ cycle across and down and 0.71 along the diagonal,
//! so the octave from 1 to 2 pixels holds diagonal waves alone. A band of a picture is what an ideal filter lets
//! through of its luma; figures are taken over the pixels of a mask.
//!
//! Whoever computes them independently does this. L = 0.30 R + 0.59 G + 0.11 B of the encoded values, 0..=1, of W × H
//! pixels, is mirrored at its right and lower edge with the edge pixels twice, to 2W × 2H, so that it has no seam. Of its
//! discrete Fourier transform the frequencies (u/2W, v/2H), u and v signed, with 1/b < |f| ≤ 1/a stay and all others are
//! set to 0; the transform back, in the first W × H pixels, is the band B. With the mask's coverage m, 0..=1 in each pixel,
//! rms = 255·√(Σ m·B² / Σ m), and with the reference's band R, coherent = (Σ m·B·R)² / (Σ m·B² · Σ m·R²). Here it is the
//! same by a cosine transform. Sides of more than 4096 pixels are measured in pieces with 512 pixels around them, and where
//! a side of more than 3072 has a prime factor above 13 the mirror image turns 256 pixels and more beyond the edge once again;
//! neither moves figures by more than some hundredths of their size. Tone is G₆(L) − G₆(L of the reference), the nearest
//! pixel repeating beyond the edges; its shift is the mean of the sizes by the mask, and the largest where m ≥ ½.

mod blocks;
mod cosine;
mod halo;
mod profile;
mod repetition;
mod spectrum;
mod tone;
mod transform;
mod whole;

pub use halo::halo;
pub use profile::{BANDS, CELL, Cell, Profiler, Weights, alike, blocks_of, smoothest, typical};
pub use repetition::repetition;

use super::operations::Cancel;
use super::raster::{Plane, Region};

/// The octaves: shortest and longest wave, in pixels.
pub const OCTAVES: [(f64, f64); 5] = [
    (1.0, 2.0),
    (2.0, 4.0),
    (4.0, 8.0),
    (8.0, 16.0),
    (16.0, 32.0),
];

/// The longest wave of the octaves that count for what was recovered, in pixels.
pub const RECOVERED_UP_TO: f64 = 8.0;

/// Radius of the Gaussian below which a difference is one of tone, in pixels.
pub const TONE_RADIUS: f64 = 6.0;

/// An octave is measured where there is room for this many of its longest waves, squared.
const WAVES: f64 = 4.0;

/// Below this rms, in levels of 255, there is nothing to compare with.
const NOTHING: f64 = 1e-3;

/// Makes the values of a region, which lies inside the picture: luma, or how much each pixel counts.
pub type Values<'a> = &'a (dyn Fn(Region) -> Plane + Sync);

/// What is measured.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The picture as a region.
    pub bounds: Region,
    /// Its luma, 0..=1.
    pub luma: Values<'a>,
    /// The luma of what it is compared with, pixel by pixel.
    pub reference: Option<Values<'a>>,
    /// How much each pixel counts, 0..=1.
    pub coverage: Values<'a>,
}

/// What was measured. Levels are those of 8 bits: 255 from black to white.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Pixels that counted.
    pub pixels: f64,
    /// From the finest, as in [`OCTAVES`].
    pub octaves: Vec<Octave>,
    /// `None` where there is nothing to compare with.
    pub tone: Option<Tone>,
    /// How much of what was added repeats itself, 0..=1: [`repetition`]. It is not part of what [`take`](Self::take)
    /// measures.
    pub repetition: Option<f64>,
    /// How far it goes beyond its edges: [`halo`]. It is not part of what [`take`](Self::take) measures.
    pub halo: Option<f64>,
}

/// One octave.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Octave {
    /// The shortest wave, in pixels.
    pub from_px: f64,
    /// The longest wave, in pixels.
    pub to_px: f64,
    /// The picture's rms, in levels; `None` where the mask has no room for the octave.
    pub rms: Option<f64>,
    /// The reference's rms, in levels.
    pub reference_rms: Option<f64>,
    /// The share of the picture's energy that is the reference's own: the square of the correlation, 0..=1. The rest
    /// is synthetic.
    pub coherent: Option<f64>,
}

/// How far the picture's tone is from the reference's, coarser than [`TONE_RADIUS`], in levels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// The mean of the differences' sizes.
    pub mean: f64,
    /// The largest.
    pub max: f64,
}

impl Octave {
    /// The picture's rms as a share of the reference's.
    pub fn recovered(&self) -> Option<f64> {
        share(self.rms?, self.reference_rms?)
    }
}

impl Reading {
    /// Measures a subject; `None` when it is cancelled.
    pub fn take(subject: &Subject, cancel: &Cancel) -> Option<Self> {
        let (mut sums, mut bands) = (tone::Sums::default(), whole::Energies::default());
        for core in whole::parts(subject.bounds) {
            let coverage = &whole::coverage(subject, core);
            let part = whole::Part { core, coverage };
            sums.add(&tone::sums(subject, &part, cancel)?);
            whole::add(&mut bands, &whole::energies(subject, &part, cancel)?);
        }
        let compared = subject.reference.is_some();
        let octave = |(i, (from_px, to_px)): (usize, (f64, f64))| {
            let band = &bands[i];
            let room = sums.weight >= (WAVES * to_px) * (WAVES * to_px);
            let rms = |energy: f64| room.then(|| 255.0 * (energy / sums.weight).sqrt());
            let reference_rms = rms(band.reference).filter(|_| compared);
            let product = band.picture * band.reference;
            let tells = reference_rms.is_some_and(|it| it > NOTHING) && product > 0.0;
            Octave {
                from_px,
                to_px,
                rms: rms(band.picture),
                reference_rms,
                coherent: tells.then(|| (band.both * band.both / product).min(1.0)),
            }
        };
        let tone = Tone {
            mean: 255.0 * sums.sizes / sums.weight,
            max: 255.0 * sums.most,
        };
        Some(Self {
            pixels: sums.weight,
            octaves: OCTAVES.into_iter().enumerate().map(octave).collect(),
            tone: (compared && sums.weight > 0.0).then_some(tone),
            repetition: None,
            halo: None,
        })
    }

    /// Bytes that [`take`](Self::take) needs, about, for a picture of this size, with a reference or without, beside what
    /// its values are made from and what each thread works on.
    pub fn bytes(bounds: Region, is_pair: bool) -> usize {
        whole::bytes(bounds, is_pair)
    }

    /// The rms of the octaves up to [`RECOVERED_UP_TO`] together, as a share of the reference's.
    pub fn recovered(&self) -> Option<f64> {
        let fine = self.octaves.iter();
        let fine = fine.filter(|it| it.to_px <= RECOVERED_UP_TO);
        let (mut picture, mut reference) = (0.0, 0.0);
        for octave in fine {
            picture += octave.rms?.powi(2);
            reference += octave.reference_rms?.powi(2);
        }
        share(picture.sqrt(), reference.sqrt())
    }
}

fn share(rms: f64, reference: f64) -> Option<f64> {
    (reference > NOTHING).then(|| rms / reference)
}

#[cfg(test)]
mod tests;
