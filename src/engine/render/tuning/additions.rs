//! References that are the picture with something added, as grain. What they have more tells more than both together:
//! beside a strong texture faint grain moves the energy of the whole by less than chance does.

use super::places::Place;
use crate::engine::meter::{BANDS, Cell, Weights};
use crate::engine::raster::Image;

/// What a reference has more has nothing to do with the picture if their products over cells add up to no more than so
/// many deviations of what chance would make of them, in each band. An original has much to do with what an AI made of it.
const BY_CHANCE: f64 = 4.0;

/// The energy that rounding to 8 bits has in a band: what is added is told no finer.
pub fn rounding(band: usize) -> f64 {
    let (from, to) = BANDS[band];
    // The share of all frequencies; those of the finest band lie beyond the circle of 2 pixels, in the corners.
    let share = match band {
        0 => 1.0 - 0.25 * core::f64::consts::PI,
        _ => core::f64::consts::PI * (from.powi(-2) - to.powi(-2)),
    };
    share / (12.0 * 255.0 * 255.0)
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

/// How much cells count when what a reference has more, the first plane of `more`, is compared. Where it was rounded away
/// altogether, as faint noise in shadows of 8 bits, it tells nothing.
pub fn survived(more: &[Cell]) -> Vec<Weights> {
    let is_there = |it: &&Cell| it.energies[0].iter().sum::<f64>() > rounding(0);
    let there = more.iter().filter(is_there).count();
    let weight = |cell: &Cell| match there == 0 || is_there(&cell) {
        true => cell.weight,
        false => 0.0,
    };
    more.iter().map(|it| [weight(it); BANDS.len()]).collect()
}

/// What a reference has more than a picture in red and in green: the sums of their squares, and of their products.
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
            let more = |own: &[f32], theirs: &[f32]| -> Vec<f64> {
                let pairs = own.iter().zip(theirs);
                pairs.map(|(own, it)| f64::from(it - own)).collect()
            };
            let red = more(red.samples(), their_red.samples());
            let green = more(green.samples(), their_green.samples());
            let pairs = red.iter().zip(&green).zip(place.coverage.samples());
            for ((red, green), weight) in pairs {
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
        let rounding = self.pixels / (12.0 * 255.0 * 255.0);
        let is_loud = self.red.min(self.green) > LOUD * rounding;
        is_loud && self.both < ALIKE * (self.red * self.green).sqrt()
    }
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
    }
}
