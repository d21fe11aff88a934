//! The octaves of a whole picture under a mask, by its cosine transform: waves have no end, and what an edge far away
//! has of a band is small, but more than what skin shares with its original.

use rayon::prelude::*;

use super::cosine::{Cosine, LANES, Lines, Numbers, suits};
use super::spectrum::{Shape, Spectrum};
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

/// Adds those of another part.
pub(super) fn add(all: &mut Energies, part: &Energies) {
    for (all, part) in all.iter_mut().zip(part) {
        all.add(part);
    }
}

/// What counts of a part of a picture, and how much each of its pixels does.
pub(super) struct Part<'a> {
    pub core: Region,
    pub coverage: &'a Plane,
}

/// Those of a part of a picture, which must be one of its [parts]; `None` when cancelled.
pub(super) fn energies(subject: &Subject, part: &Part, cancel: &Cancel) -> Option<Energies> {
    in_piece(subject, part, RIM, cancel)
}

/// The same with so much around it.
fn in_piece(subject: &Subject, part: &Part, rim: usize, cancel: &Cancel) -> Option<Energies> {
    if part.coverage.samples().iter().all(|it| *it == 0.0) {
        return Some(Energies::default());
    }
    let around = part.core.expanded(rim, &subject.bounds);
    Piece::new(subject, (part.core, around), part.coverage, cancel).energies()
}

/// The parts that a picture is measured in.
pub(super) fn parts(bounds: Region) -> Vec<Region> {
    pieces(bounds, MOST)
}

/// Bytes that measuring a picture takes, beside what its luma is made from.
pub(super) fn bytes(bounds: Region, is_pair: bool) -> usize {
    let of_part = |core: &Region| {
        let spectrum = shape(core.expanded(RIM, &bounds), is_pair).bytes();
        spectrum + core.width * core.height * size_of::<f32>()
    };
    parts(bounds).iter().map(of_part).max().unwrap_or(0)
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

/// What is transformed for a region.
fn shape(around: Region, is_pair: bool) -> Shape {
    Shape {
        width: suiting(around.width),
        height: suiting(around.height),
        is_pair,
    }
}

struct Piece<'a> {
    subject: &'a Subject<'a>,
    /// What counts.
    core: Region,
    /// What is transformed, before its mirror image.
    around: Region,
    /// How much each pixel of the core counts.
    coverage: &'a Plane,
    across: Cosine,
    down: Cosine,
    shape: Shape,
    cancel: &'a Cancel,
}

impl<'a> Piece<'a> {
    fn new(
        subject: &'a Subject<'a>,
        (core, around): (Region, Region),
        coverage: &'a Plane,
        cancel: &'a Cancel,
    ) -> Self {
        let shape = shape(around, subject.reference.is_some());
        Self {
            subject,
            core,
            around,
            coverage,
            across: Cosine::new(shape.width),
            down: Cosine::new(shape.height),
            shape,
            cancel,
        }
    }

    fn goes_on(&self) -> Option<()> {
        (!self.cancel.is_cancelled()).then_some(())
    }

    fn energies(&self) -> Option<Energies> {
        let mut all = Energies::default();
        let take = |octave: usize, bands: &[Vec<Numbers>]| {
            all[octave] = self.energy(bands)?;
            Some(())
        };
        self.spectrum()?.octaves(&self.down, self.cancel, take)?;
        Some(all)
    }

    fn spectrum(&self) -> Option<Spectrum> {
        let strips = (0..self.shape.height).into_par_iter().step_by(ROWS);
        let rows = strips.map(|y| self.goes_on().map(|()| self.strip(y)));
        let rows: Option<Vec<Vec<Vec<Numbers>>>> = rows.collect();
        let rows = rows?.into_iter().flatten().collect();
        Spectrum::of_rows(rows, self.shape, &self.down, self.cancel)
    }

    /// The coefficients across of some rows, from `first` on.
    fn strip(&self, first: usize) -> Vec<Vec<Numbers>> {
        let (around, width) = (self.around, self.shape.width);
        let row = |y: usize| blocks::mirrored(y, 0, around.height);
        let last = (first + ROWS).min(self.shape.height) - 1;
        let rows = (first..=last).map(row);
        let (top, bottom) = rows.fold((usize::MAX, 0), |(top, bottom), it| {
            (top.min(it), bottom.max(it))
        });
        let from = Region::new(around.x, around.y + top, around.width, bottom + 1 - top);
        let luma = (self.subject.luma)(from);
        let reference = self.subject.reference.map(|it| it(from));
        let columns: Vec<usize> = (0..width)
            .map(|x| blocks::mirrored(x, 0, around.width))
            .collect();
        let mut lines = Lines::new(width);
        let batches = (first..=last).step_by(self.shape.lines()).map(|y| {
            lines.numbers.fill(Numbers::default());
            for (line, y) in (y..=last).take(self.shape.lines()).enumerate() {
                let y = row(y) - top;
                let (lane, is_further) = (line % LANES, line >= LANES);
                for (out, x) in lines.numbers.iter_mut().zip(&columns) {
                    let parts = [&mut out.re[lane], &mut out.im[lane]];
                    *parts[usize::from(is_further)] = luma.at(*x, y) - GREY;
                }
                if let Some(reference) = &reference {
                    for (out, x) in lines.numbers.iter_mut().zip(&columns) {
                        out.im[lane] = reference.at(*x, y) - GREY;
                    }
                }
            }
            self.across.forward(&mut lines);
            lines.numbers.clone()
        });
        batches.collect()
    }

    /// What an octave, of which the columns are those of the picture again, has under the mask.
    fn energy(&self, bands: &[Vec<Numbers>]) -> Option<Energy> {
        let found = bands.par_iter().enumerate().map_init(
            || Lines::new(self.shape.width),
            |lines, (i, band)| {
                let first = i * self.shape.lines();
                self.goes_on().map(|()| self.under_rows(first, band, lines))
            },
        );
        let found: Option<Vec<Energy>> = found.collect();
        let mut all = Energy::default();
        // In the order of the rows, so that the figures do not depend on threads.
        for it in &found? {
            all.add(it);
        }
        Some(all)
    }

    /// What an octave has under the mask in some rows, from `first` on.
    fn under_rows(&self, first: usize, band: &[Numbers], lines: &mut Lines) -> Energy {
        let mut energy = Energy::default();
        let top = self.core.y - self.around.y;
        let rows = (first..first + self.shape.lines()).enumerate();
        let rows = rows.filter_map(|(line, y)| {
            let y = y.checked_sub(top).filter(|it| *it < self.core.height)?;
            Some((line, self.coverage.row(y)))
        });
        let covered = rows.filter(|(_, row)| row.iter().any(|it| *it > 0.0));
        let mut covered = covered.peekable();
        if covered.peek().is_none() {
            return energy;
        }
        lines.numbers.copy_from_slice(band);
        self.across.inverse(lines);
        let left = self.core.x - self.around.x;
        for (line, row) in covered {
            let (lane, is_further) = (line % LANES, line >= LANES);
            for (weight, it) in row.iter().zip(&lines.numbers[left..]) {
                let parts = [it.re[lane], it.im[lane]].map(f64::from);
                let picture = parts[usize::from(is_further)];
                let reference = if self.shape.is_pair { parts[1] } else { 0.0 };
                let weight = f64::from(*weight);
                energy.picture += weight * picture * picture;
                energy.reference += weight * reference * reference;
                energy.both += weight * picture * reference;
            }
        }
        let scale = 1.0 / (self.shape.width as f64 * self.shape.height as f64);
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
pub(super) fn coverage(subject: &Subject, region: Region) -> Plane {
    let parts = blocks::cores(region);
    let planes: Vec<Plane> = parts.par_iter().map(|it| (subject.coverage)(*it)).collect();
    let mut all = Plane::filled(region.width, region.height, 0.0);
    for (part, plane) in parts.iter().zip(&planes) {
        all.paste(plane, part.seen_from(&region));
    }
    all
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
        let measured = |most: usize, rim: usize| {
            let mut all = Energies::default();
            for core in pieces(bounds, most) {
                let coverage = &super::coverage(&subject, core);
                let part = in_piece(&subject, &Part { core, coverage }, rim, &none);
                add(&mut all, &part.expect("nobody cancels it"));
            }
            all
        };
        let (whole, parts) = (measured(MOST, RIM), measured(120, 64));
        for (whole, parts) in whole.iter().zip(&parts) {
            let of = |it: &Energy| [it.picture, it.reference, it.both];
            for (whole, part) in of(whole).into_iter().zip(of(parts)) {
                assert!((part - whole).abs() < 0.02 * whole, "{part} for {whole}");
            }
        }
    }
}
