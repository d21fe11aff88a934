//! The cosine coefficients of a large part of a picture, transformed where they lie: beside them there is room for some
//! columns, and for the coefficients of octaves that are taken out.
//!
//! All lines are real. With a reference its lines lie beside those of the picture, else twice as many of the picture
//! are transformed at once.

use rayon::prelude::*;

use super::OCTAVES;
use super::cosine::{Cosine, LANES, Lines, Numbers};
use crate::engine::operations::Cancel;

/// Strips of columns that are transformed together.
const TOGETHER: usize = 16;

/// The octave that is transformed where it lies: it has most of the coefficients.
const MOST: usize = 1;

/// The shortest and the longest wave of an octave, in pixels.
pub(super) type Waves = (f64, f64);

/// Samples, or their coefficients, of a picture, or of one with its reference.
pub(super) struct Spectrum {
    /// Some rows side by side each, from the top: one number for each column.
    bands: Vec<Vec<Numbers>>,
    shape: Shape,
}

/// How large it is, and how its rows lie in bands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub width: usize,
    pub height: usize,
    /// Whether there is a reference, in the imaginary parts; else those hold further lines of the picture.
    pub is_pair: bool,
}

/// The coefficients of one octave: of each band some, with the column of the first.
pub(super) struct Taken {
    waves: Waves,
    bands: Vec<(usize, Vec<Numbers>)>,
}

impl Shape {
    /// Lines in a band, or columns in a strip.
    pub fn lines(&self) -> usize {
        if self.is_pair { LANES } else { 2 * LANES }
    }

    /// Bytes that it takes, with all octaves but one taken out: those of the waves up to one length lie in the quarter of a
    /// circle.
    pub fn bytes(&self) -> usize {
        let all = self.width * self.height.next_multiple_of(self.lines());
        let sample = size_of::<Numbers>() / self.lines();
        let working = TOGETHER * 2 * self.height * size_of::<Numbers>();
        let share = |length: f64| core::f64::consts::PI / (length * length);
        let taken = OCTAVES.iter().enumerate().map(|(i, (from, to))| match i {
            0 => 1.0 - share(*to),
            MOST => 0.0,
            _ => share(*from) - share(*to),
        });
        let taken: f64 = taken.sum();
        (all as f64 * sample as f64 * (1.0 + taken)) as usize + working
    }

    /// The square of the frequency of a coefficient, in cycles a pixel.
    fn squared(at: usize, length: usize) -> f64 {
        (at as f64 / (2 * length) as f64).powi(2)
    }

    /// The columns whose waves are no shorter than those of an octave.
    fn wanted(&self, (from, _): Waves) -> usize {
        let most = (1.0 / from).powi(2);
        let is_wanted = |at: &usize| Self::squared(*at, self.width) <= most;
        (0..self.width).take_while(is_wanted).count()
    }

    /// The coefficients of an octave in a band.
    fn of_band(
        &self,
        (band, row): (usize, &[Numbers]),
        (from, to): Waves,
    ) -> (usize, Vec<Numbers>) {
        let (most, least) = ((1.0 / from).powi(2), (1.0 / to).powi(2));
        let first = band * self.lines();
        let down = |line: usize| Self::squared(first + line, self.height);
        let across = |at: usize| Self::squared(at, self.width);
        // The rows of a band are near each other, and so are the ends of what they have of a quarter of a ring.
        let last = self.lines() - 1;
        let start = (0..self.width).take_while(|at| across(*at) + down(last) <= least);
        let start = start.count();
        let end = (start..self.width).take_while(|at| across(*at) + down(0) <= most);
        let end = start + end.count();
        let numbers = row[start..end].iter().zip(start..).map(|(number, at)| {
            let mut taken = *number;
            let across = across(at);
            for line in 0..self.lines() {
                let squared = across + down(line);
                let stays = f32::from(u8::from(squared > least && squared <= most));
                if self.is_pair || line < LANES {
                    taken.re[line] *= stays;
                }
                match self.is_pair {
                    true => taken.im[line] *= stays,
                    false if line >= LANES => taken.im[line - LANES] *= stays,
                    false => {}
                }
            }
            taken
        });
        (start, numbers.collect())
    }
}

impl Spectrum {
    /// Of bands of rows that are transformed already.
    pub fn of_rows(
        bands: Vec<Vec<Numbers>>,
        shape: Shape,
        down: &Cosine,
        cancel: &Cancel,
    ) -> Option<Self> {
        let mut spectrum = Self { bands, shape };
        spectrum.columns(shape.width, |lines| down.forward(lines), cancel)?;
        Some(spectrum)
    }

    /// Gives `take` the rows of each octave, by its number, with its columns transformed back.
    pub fn octaves(
        mut self,
        down: &Cosine,
        cancel: &Cancel,
        mut take: impl FnMut(usize, &[Vec<Numbers>]) -> Option<()>,
    ) -> Option<()> {
        let others = (0..OCTAVES.len()).filter(|it| *it != MOST);
        let others: Vec<(usize, Taken)> = others.map(|it| (it, self.taken(OCTAVES[it]))).collect();
        self.keep(OCTAVES[MOST]);
        let mut back = |spectrum: &mut Self, (octave, waves): (usize, Waves)| {
            let wanted = spectrum.shape.wanted(waves);
            spectrum.columns(wanted, |lines| down.inverse(lines), cancel)?;
            take(octave, &spectrum.bands)
        };
        back(&mut self, (MOST, OCTAVES[MOST]))?;
        for (octave, taken) in others {
            let waves = taken.waves;
            self.put(taken);
            back(&mut self, (octave, waves))?;
        }
        Some(())
    }

    /// The coefficients of an octave.
    fn taken(&self, waves: Waves) -> Taken {
        let bands = self.bands.par_iter().enumerate();
        let of_band = |(i, row): (usize, &Vec<Numbers>)| self.shape.of_band((i, row), waves);
        Taken {
            waves,
            bands: bands.map(of_band).collect(),
        }
    }

    /// Leaves the coefficients of an octave alone there.
    fn keep(&mut self, waves: Waves) {
        let shape = self.shape;
        self.bands.par_iter_mut().enumerate().for_each(|(i, row)| {
            let kept = shape.of_band((i, row), waves);
            lay(kept, row);
        });
    }

    /// Puts the coefficients of an octave in place of all that is there.
    fn put(&mut self, taken: Taken) {
        let bands = self.bands.par_iter_mut().zip(taken.bands);
        bands.for_each(|(row, taken)| lay(taken, row));
    }

    /// Transforms the first columns where they lie, some at a time.
    fn columns(
        &mut self,
        count: usize,
        transform: impl Fn(&mut Lines) + Sync,
        cancel: &Cancel,
    ) -> Option<()> {
        let Shape { height, .. } = self.shape;
        let (lines, is_pair) = (self.shape.lines(), self.shape.is_pair);
        let mut room: Vec<Lines> = (0..TOGETHER.min(count.div_ceil(lines)))
            .map(|_| Lines::new(height))
            .collect();
        for first in (0..count).step_by(TOGETHER * lines) {
            if cancel.is_cancelled() {
                return None;
            }
            let strips = (count - first).div_ceil(lines).min(TOGETHER);
            let bands = &self.bands;
            let strip = |(i, strip): (usize, &mut Lines)| {
                let left = first + i * lines;
                for (row, out) in bands.iter().zip(strip.numbers.chunks_mut(lines)) {
                    turned(&row[left..row.len().min(left + lines)], out, is_pair);
                }
                transform(strip);
            };
            room[..strips].par_iter_mut().enumerate().for_each(strip);
            let back = |(band, row): (usize, &mut Vec<Numbers>)| {
                for (i, strip) in room[..strips].iter().enumerate() {
                    let left = first + i * lines;
                    let top = band * lines;
                    let end = row.len().min(left + lines);
                    let from = &strip.numbers[top..height.min(top + lines)];
                    turned(from, &mut row[left..end], is_pair);
                }
            };
            self.bands.par_iter_mut().enumerate().for_each(back);
        }
        Some(())
    }
}

/// Lays some coefficients into a band, and nothing beside them.
fn lay((start, numbers): (usize, Vec<Numbers>), row: &mut [Numbers]) {
    row.fill(Numbers::default());
    row[start..start + numbers.len()].copy_from_slice(&numbers);
}

/// Rows for columns: from the numbers of some lines to those of the lines across. What is not there becomes 0.
fn turned(from: &[Numbers], to: &mut [Numbers], is_pair: bool) {
    for (line, out) in to.iter_mut().enumerate() {
        *out = Numbers::default();
        if is_pair {
            for (i, it) in from.iter().enumerate() {
                (out.re[i], out.im[i]) = (it.re[line], it.im[line]);
            }
            continue;
        }
        let (lane, is_further) = (line % LANES, line >= LANES);
        let read = |it: &Numbers| if is_further { it.im[lane] } else { it.re[lane] };
        for (i, it) in from.iter().enumerate() {
            match i.checked_sub(LANES) {
                None => out.re[i] = read(it),
                Some(i) => out.im[i] = read(it),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octaves_take_as_much_as_is_told() {
        for is_pair in [false, true] {
            let shape = Shape {
                width: 900,
                height: 700,
                is_pair,
            };
            let bands = shape.height.div_ceil(shape.lines());
            let spectrum = Spectrum {
                bands: vec![vec![Numbers::default(); shape.width]; bands],
                shape,
            };
            let others = (0..OCTAVES.len()).filter(|it| *it != MOST);
            let taken = others.map(|it| spectrum.taken(OCTAVES[it]));
            let taken = taken.flat_map(|it| it.bands).map(|(_, it)| it.len());
            let numbers = bands * shape.width + taken.sum::<usize>();
            let working = TOGETHER * 2 * shape.height;
            let found = (numbers + working) * size_of::<Numbers>();
            let told = shape.bytes();
            assert!(found.abs_diff(told) * 20 < told, "{found} for {told}");
        }
    }
}
