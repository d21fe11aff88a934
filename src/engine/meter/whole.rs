//! The octaves of a whole picture under a mask, by its cosine transform: waves have no end, and what an edge far away
//! has of a band is small, but more than what skin shares with its original.
//!
//! Picture and reference go through it as real and imaginary part.

use rayon::prelude::*;

use super::cosine::{Cosine, LANES, Lines, Numbers, suits};
use super::{OCTAVES, Subject, blocks};
use crate::engine::operations::Cancel;
use crate::engine::raster::{Plane, Region};

/// Longer pictures are measured in pieces of at most this side, each with so much around it, in pixels.
const MOST: usize = 4096;
const RIM: usize = 512;

/// Where a long length does not [suit](suits), the mirror image goes on for so many pixels at least before it turns again:
/// that moves small shares by some hundredths, and a transform of just that length would take too long.
const LONG: usize = 3072;
const BEYOND: usize = 256;

/// Rows that are read together.
const ROWS: usize = 8 * LANES;

/// What is taken off all samples, so that they are small.
const GREY: f32 = 0.5;

/// Energy of one band, summed over pixels.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Energy {
    pub picture: f64,
    pub reference: f64,
    /// Picture × reference.
    pub both: f64,
}

impl Energy {
    fn add(&mut self, other: &Self) {
        self.picture += other.picture;
        self.reference += other.reference;
        self.both += other.both;
    }
}

/// The energies of all octaves.
pub(super) type Energies = [Energy; OCTAVES.len()];

/// Those of a whole picture; `None` when cancelled.
pub(super) fn energies(subject: &Subject, cancel: &Cancel) -> Option<Energies> {
    in_pieces(subject, (MOST, RIM), cancel)
}

/// The same in pieces of at most this side, each with so much around it.
fn in_pieces(subject: &Subject, (most, rim): (usize, usize), cancel: &Cancel) -> Option<Energies> {
    let mut all = Energies::default();
    for core in pieces(subject.bounds, most) {
        let around = core.expanded(rim, &subject.bounds);
        let piece = Piece::new(subject, (core, around), cancel);
        if piece.coverage.samples().iter().all(|it| *it == 0.0) {
            continue;
        }
        let spectrum = piece.spectrum()?;
        for (all, octave) in all.iter_mut().zip(OCTAVES) {
            all.add(&piece.energy(&spectrum, octave)?);
        }
    }
    Some(all)
}

/// The pieces of a picture, as even as can be.
fn pieces(bounds: Region, most: usize) -> Vec<Region> {
    let along = |start: usize, length: usize| {
        let count = length.div_ceil(most).max(1);
        let end = move |i: usize| start + i * length / count;
        (0..count).map(move |i| (end(i), end(i + 1) - end(i)))
    };
    let rows = along(bounds.y, bounds.height);
    let each = rows.flat_map(|(y, height)| {
        let columns = along(bounds.x, bounds.width);
        columns.map(move |(x, width)| Region::new(x, y, width, height))
    });
    each.collect()
}

/// The length whose lines are transformed for those of a length; where it is longer, they go on as their mirror image.
fn suiting(length: usize) -> usize {
    match length <= LONG || suits(length) {
        true => length,
        false => (length + BEYOND..).find(|it| suits(*it)).unwrap_or(length),
    }
}

/// The coefficients of a piece: lines of some columns each.
type Spectrum = Vec<Vec<Numbers>>;

struct Piece<'a> {
    subject: &'a Subject<'a>,
    /// What counts.
    core: Region,
    /// What is transformed, before its mirror image.
    around: Region,
    /// How much each pixel of the core counts.
    coverage: Plane,
    across: Cosine,
    down: Cosine,
    width: usize,
    height: usize,
    cancel: &'a Cancel,
}

impl<'a> Piece<'a> {
    fn new(subject: &'a Subject<'a>, (core, around): (Region, Region), cancel: &'a Cancel) -> Self {
        let (width, height) = (suiting(around.width), suiting(around.height));
        Self {
            subject,
            core,
            around,
            coverage: coverage(subject, core),
            across: Cosine::new(width),
            down: Cosine::new(height),
            width,
            height,
            cancel,
        }
    }

    fn goes_on(&self) -> Option<()> {
        (!self.cancel.is_cancelled()).then_some(())
    }

    fn spectrum(&self) -> Option<Spectrum> {
        let strips = (0..self.height).into_par_iter().step_by(ROWS);
        let rows = strips.map(|y| self.goes_on().map(|()| self.strip(y)));
        let rows: Option<Vec<Spectrum>> = rows.collect();
        let rows: Spectrum = rows?.into_iter().flatten().collect();
        let columns = (0..self.width.div_ceil(LANES)).into_par_iter();
        let columns = columns.map_init(
            || Lines::new(self.height),
            |lines, column| {
                self.goes_on()?;
                // The last columns may be fewer than lanes.
                lines.numbers.fill(Numbers::default());
                for (out, row) in lines.numbers.chunks_mut(LANES).zip(&rows) {
                    turned(row.get(column * LANES..).unwrap_or_default(), out);
                }
                self.down.forward(lines);
                Some(lines.numbers.clone())
            },
        );
        columns.collect()
    }

    /// The coefficients across of some rows, from `first` on.
    fn strip(&self, first: usize) -> Spectrum {
        let around = self.around;
        let row = |y: usize| blocks::mirrored(y, 0, around.height);
        let last = (first + ROWS).min(self.height) - 1;
        let rows = (first..=last).map(row);
        let (top, bottom) = rows.fold((usize::MAX, 0), |(top, bottom), it| {
            (top.min(it), bottom.max(it))
        });
        let from = Region::new(around.x, around.y + top, around.width, bottom + 1 - top);
        let luma = (self.subject.luma)(from);
        let reference = self.subject.reference.map(|it| it(from));
        let columns: Vec<usize> = (0..self.width)
            .map(|x| blocks::mirrored(x, 0, around.width))
            .collect();
        let mut lines = Lines::new(self.width);
        let batches = (first..=last).step_by(LANES).map(|y| {
            lines.numbers.fill(Numbers::default());
            for (lane, y) in (y..=last).take(LANES).enumerate() {
                let y = row(y) - top;
                for (out, x) in lines.numbers.iter_mut().zip(&columns) {
                    out.re[lane] = luma.at(*x, y) - GREY;
                    out.im[lane] = reference.as_ref().map_or(0.0, |it| it.at(*x, y) - GREY);
                }
            }
            self.across.forward(&mut lines);
            lines.numbers.clone()
        });
        batches.collect()
    }

    /// What an octave has under the mask.
    fn energy(&self, spectrum: &Spectrum, (from, to): (f64, f64)) -> Option<Energy> {
        let frequency = |at: usize, length: usize| at as f64 / (2 * length) as f64;
        let (most, least) = ((1.0 / from).powi(2), (1.0 / to).powi(2));
        let wanted = spectrum
            .par_iter()
            .enumerate()
            .filter(|(column, _)| frequency(column * LANES, self.width).powi(2) <= most);
        let columns = wanted.map_init(
            || Lines::new(self.height),
            |lines, (column, coefficients)| {
                self.goes_on()?;
                let across: [f64; LANES] = core::array::from_fn(|lane| {
                    frequency(column * LANES + lane, self.width).powi(2)
                });
                let all = lines.numbers.iter_mut().zip(coefficients).enumerate();
                for (v, (out, coefficient)) in all {
                    let down = frequency(v, self.height).powi(2);
                    *out = *coefficient;
                    for (lane, across) in across.iter().enumerate() {
                        let squared = across + down;
                        let stays = f32::from(u8::from(squared > least && squared <= most));
                        out.re[lane] *= stays;
                        out.im[lane] *= stays;
                    }
                }
                self.down.inverse(lines);
                Some(lines.numbers.clone())
            },
        );
        let columns: Option<Spectrum> = columns.collect();
        let columns = columns?;
        let rows = (0..self.core.height).into_par_iter().step_by(LANES);
        let found = rows.map_init(
            || Lines::new(self.width),
            |lines, y| self.goes_on().map(|()| self.under_rows(y, &columns, lines)),
        );
        let found: Option<Vec<Energy>> = found.collect();
        let mut all = Energy::default();
        // In the order of the rows, so that the figures do not depend on threads.
        for it in &found? {
            all.add(it);
        }
        Some(all)
    }

    /// What a band, of which the columns are given, has under the mask in some rows of the core, from `y` on.
    fn under_rows(&self, y: usize, columns: &Spectrum, lines: &mut Lines) -> Energy {
        let mut energy = Energy::default();
        let rows = y..(y + LANES).min(self.core.height);
        let covered = |y: usize| self.coverage.row(y).iter().any(|it| *it > 0.0);
        if !rows.clone().any(covered) {
            return energy;
        }
        let top = self.core.y - self.around.y;
        lines.numbers.fill(Numbers::default());
        for (out, column) in lines.numbers.chunks_mut(LANES).zip(columns) {
            turned(&column[top + rows.start..top + rows.end], out);
        }
        self.across.inverse(lines);
        let scale = 1.0 / (self.width as f64 * self.height as f64);
        let band = &lines.numbers[self.core.x - self.around.x..];
        for (lane, y) in rows.enumerate() {
            for (weight, it) in self.coverage.row(y).iter().zip(band) {
                let (picture, reference) = (f64::from(it.re[lane]), f64::from(it.im[lane]));
                let weight = f64::from(*weight);
                energy.picture += weight * picture * picture;
                energy.reference += weight * reference * reference;
                energy.both += weight * picture * reference;
            }
        }
        let [picture, reference, both] =
            [energy.picture, energy.reference, energy.both].map(|it| it * scale * scale);
        Energy {
            picture,
            reference,
            both,
        }
    }
}

/// How much each pixel of a region counts.
fn coverage(subject: &Subject, region: Region) -> Plane {
    let parts = blocks::cores(region);
    let planes: Vec<Plane> = parts.par_iter().map(|it| (subject.coverage)(*it)).collect();
    let mut all = Plane::filled(region.width, region.height, 0.0);
    for (part, plane) in parts.iter().zip(&planes) {
        all.paste(plane, part.seen_from(&region));
    }
    all
}

/// Rows for columns: from numbers of some lines to those of the lines across. What is not there stays as it is.
fn turned(from: &[Numbers], to: &mut [Numbers]) {
    for (lane, out) in to.iter_mut().enumerate() {
        for (i, it) in from.iter().take(LANES).enumerate() {
            (out.re[i], out.im[i]) = (it.re[lane], it.im[lane]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::{Gaussian, Random};

    #[test]
    fn pieces_with_their_surroundings_tell_what_the_whole_does() {
        let (width, height) = (350, 230);
        let bounds = Region::of_size(width, height);
        let none = Cancel::default();
        let made = |seed: u64| {
            let random = Random::new(seed, 0, 0);
            let value = |i: usize| random.row(i / width).signed(i % width);
            let noise =
                Plane::from_samples(width, height, (0..width * height).map(value).collect());
            let soft = Gaussian::new(3.0).blur(&noise, bounds, bounds, bounds, &none);
            noise.zip_map(&soft, |it, soft| 0.5 + 0.05 * it + soft)
        };
        let (picture, reference) = (made(1), made(2));
        let luma = |it: Region| picture.crop(it);
        let theirs = |it: Region| reference.crop(it).zip_map(&picture.crop(it), |a, b| a + b);
        let coverage = |it: Region| Plane::filled(it.width, it.height, 0.5);
        let subject = Subject {
            bounds,
            luma: &luma,
            reference: Some(&theirs),
            coverage: &coverage,
        };
        let whole = in_pieces(&subject, (MOST, RIM), &none).expect("nobody cancels it");
        let parts = in_pieces(&subject, (120, 64), &none).expect("nobody cancels it");
        for (whole, parts) in whole.iter().zip(&parts) {
            let of = |it: &Energy| [it.picture, it.reference, it.both];
            for (whole, part) in of(whole).into_iter().zip(of(parts)) {
                assert!((part - whole).abs() < 0.02 * whole, "{part} for {whole}");
            }
        }
    }
}
