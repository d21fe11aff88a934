//! References that are the picture with something added, as grain. What they have more tells more than both together:
//! beside a strong texture faint grain moves the energy of the whole by less than chance does.

use super::places::Place;
use crate::engine::meter::{BANDS, Cell, Weights};
use crate::engine::raster::{Image, Plane};

/// What a reference has more has nothing to do with the picture if their products over cells add up to no more than so
/// many deviations of what chance would make of them, in each band. An original has much to do with what an AI made of it.
const BY_CHANCE: f64 = 4.0;

/// The energy of rounding to 8 bits, at all frequencies.
const ROUNDING: f64 = 1.0 / (12.0 * 255.0 * 255.0);

/// With less energy in all bands, nothing of what was added is left.
const LEAST_LEFT: f64 = 0.2 * ROUNDING;

/// The energy that rounding to 8 bits has in a band: what is added is told no finer.
pub fn rounding(band: usize) -> f64 {
    let (from, to) = BANDS[band];
    // The share of all frequencies; those of the finest band lie beyond the circle of 2 pixels, in the corners.
    let share = match band {
        0 => 1.0 - 0.25 * core::f64::consts::PI,
        _ => core::f64::consts::PI * (from.powi(-2) - to.powi(-2)),
    };
    share * ROUNDING
}

/// Whether what a reference has more than the picture is independent of it. `theirs` are the reference's cells; of `more`
/// the first plane is what it has more, and the second the picture.
pub fn is_addition(theirs: &[Cell], more: &[Cell]) -> bool {
    (0..BANDS.len()).all(|band| {
        // |o|² = |b + d|² = |b|² + 2·b·d + |d|², so the cells' energies tell the products.
        let products = theirs.iter().zip(more).map(|(theirs, more)| {
            let [added, own] = more.energies.map(|it| it[band]);
            theirs.weight * (theirs.energies[0][band] - own - added)
        });
        let (sum, squares) = products.fold((0.0, 0.0), |(sum, squares), it| {
            (sum + it, squares + it * it)
        });
        sum * sum <= BY_CHANCE * BY_CHANCE * squares
    })
}

/// What is added to a whole picture is there in this share of its cells at least.
const LEAST_SURVIVED: f64 = 0.25;

/// How much cells count when what a reference has more, the first plane of `more`, is compared. Where it was rounded away
/// altogether, as faint noise in shadows of 8 bits, it tells nothing; but where few cells have any, as after one spot was
/// removed, that most have none tells most.
pub fn survived(more: &[Cell]) -> Vec<Weights> {
    let is_there = |it: &Cell| it.energies[0].iter().sum::<f64>() > LEAST_LEFT;
    let sum = |cells: &mut dyn Iterator<Item = &Cell>| cells.map(|it| it.weight).sum::<f64>();
    let there = sum(&mut more.iter().filter(|it| is_there(it)));
    let all_count = there < LEAST_SURVIVED * sum(&mut more.iter());
    let weight = |cell: &Cell| {
        if all_count || is_there(cell) {
            cell.weight
        } else {
            0.0
        }
    };
    more.iter().map(|it| [weight(it); BANDS.len()]).collect()
}

/// What a reference has more than a picture in red and in green, but for its tone: the sums of their squares, and of their
/// products.
#[derive(Clone, Copy, Debug, Default)]
pub struct Channels {
    red: f64,
    green: f64,
    both: f64,
    pixels: f64,
}

/// Channels whose correlation is less than this have noise of their own: JPEG and rounding leave noise that is the same in
/// all of them with more, and what differs with less.
const ALIKE: f64 = 0.5;

/// Noise with less than so many times the energy of rounding is mostly that.
const LOUD: f64 = 2.0;

impl Channels {
    /// Of some places of a picture and a reference of the same size.
    pub fn of(picture: &Image, reference: &Image, places: &[Place]) -> Self {
        let mut sums = Self::default();
        for place in places {
            let (own, theirs) = (picture.tile(place.block), reference.tile(place.block));
            let ([red, green, _], [their_red, their_green, _]) = (own.planes(), theirs.planes())
            else {
                return Self::default();
            };
            let weights = place.coverage.samples();
            let more = |own: &Plane, theirs: &Plane| {
                let more = theirs.clone().zip_map(own, |theirs, own| theirs - own);
                without_tone(more.samples(), weights)
            };
            let (red, green) = (more(red, their_red), more(green, their_green));
            for ((red, green), weight) in red.iter().zip(&green).zip(weights) {
                let weight = f64::from(*weight);
                sums.red += weight * red * red;
                sums.green += weight * green * green;
                sums.both += weight * red * green;
                sums.pixels += weight;
            }
        }
        sums
    }

    /// Whether each has its own.
    pub fn differ(&self) -> bool {
        let is_loud = self.red.min(self.green) > LOUD * ROUNDING * self.pixels;
        is_loud && self.both < ALIKE * (self.red * self.green).sqrt()
    }
}

/// Values less their mean: a grade that moves tones is no grain.
fn without_tone(values: &[f32], weights: &[f32]) -> Vec<f64> {
    let weighted = values.iter().zip(weights);
    let (sum, all) = weighted.fold((0.0, 0.0), |(sum, all), (it, weight)| {
        let weight = f64::from(*weight);
        (sum + weight * f64::from(*it), all + weight)
    });
    let mean = if all > 0.0 { sum / all } else { 0.0 };
    values.iter().map(|it| f64::from(*it) - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_differ_by_what_they_do_not_share() {
        let channels = |both: f64, energy: f64| Channels {
            red: energy,
            green: 4.0 * energy,
            both: 2.0 * both * energy,
            pixels: 1000.0,
        };
        assert!(channels(0.1, 1.0).differ());
        assert!(!channels(0.9, 1.0).differ());
        assert!(!channels(0.1, 1e-3).differ());
        assert!(!Channels::default().differ());
    }

    #[test]
    fn a_grade_does_not_make_channels_differ() {
        use crate::engine::operations::Random;
        use crate::engine::raster::{Layout, Region, Samples};
        const SIDE: usize = 64;
        let picture = |grade: [f32; 3], grain: f32, own: f32| {
            let random = Random::new(5, 0, 0);
            let samples = (0..SIDE * SIDE * 3).map(|i| {
                let shared = random.row(0).signed(i / 3);
                0.5 + grade[i % 3] + grain * shared + own * random.row(1).signed(i)
            });
            let samples = Samples::Float(samples.collect());
            Image::new(SIDE, SIDE, Layout::Rgb, samples).expect("a square")
        };
        let plain = picture([0.0; 3], 0.0, 0.0);
        let place = Place {
            block: Region::of_size(SIDE, SIDE),
            coverage: Plane::filled(SIDE, SIDE, 1.0),
        };
        let differ =
            |graded: Image| Channels::of(&plain, &graded, core::slice::from_ref(&place)).differ();
        assert!(!differ(picture([0.012, -0.012, 0.0], 0.015, 0.0)));
        assert!(!differ(picture([0.016; 3], 0.015, 0.0)));
        assert!(differ(picture([0.016; 3], 0.0, 0.015)));
        assert!(!differ(picture([0.012, -0.012, 0.0], 0.0, 0.0)));
    }

    #[test]
    fn cells_whose_addition_was_rounded_away_do_not_count() {
        let cell = |energy: f64| Cell {
            tone: 0.5,
            weight: 2.0,
            energies: [[energy; BANDS.len()]; 2],
        };
        let weights = |energies: &[f64]| {
            let cells: Vec<Cell> = energies.iter().map(|it| cell(*it)).collect();
            survived(&cells)
                .iter()
                .map(|it| it[3])
                .collect::<Vec<f64>>()
        };
        assert_eq!(weights(&[0.0, 1e-5, 0.0]), [0.0, 2.0, 0.0]);
        assert_eq!(weights(&[0.0, 0.0]), [2.0, 2.0]);
        // One changed place is no grain.
        assert_eq!(weights(&[0.0, 1e-5, 0.0, 0.0, 0.0]), [2.0; 5]);
    }
}
