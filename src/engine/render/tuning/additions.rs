//! References that are the picture with something added, as grain. What they have more tells more than both together:
//! beside a strong texture faint grain moves the energy of the whole by less than chance does.

use crate::engine::meter::{BANDS, Cell};

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
