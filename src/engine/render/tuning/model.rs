//! What other settings would make of the bands of a layer, and the settings that come closest to a reference.
//!
//! A layer's texture is a spectrum times the gain of a Gaussian (noise) or of a high pass (graft, texture). How the
//! energy of a band grows with the amount and with that filter's radius is known without a render; what was measured
//! at one setting is carried over to others (compare Newson, Delon and Galerne's choice of a grain's filter, 2017).

use crate::engine::meter::BANDS;
use crate::engine::operations::Gaussian;

/// The energies of all bands.
pub type Energies = [f64; BANDS.len()];

/// Which waves a layer's radius lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// The coarse ones.
    Low,
    /// The fine ones.
    High,
}

/// What is looked for of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dials {
    /// Amount or strength, in per cent.
    pub amount: f64,
    /// Blur or high-pass radius, in pixels.
    pub radius: f64,
}

/// What a layer's dials can be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// What the radius does.
    pub filter: Filter,
    /// The smallest and the largest radius that are tried, in pixels.
    pub radius: (f64, f64),
    /// The smallest and the largest amount, in per cent.
    pub amount: (f64, f64),
}

/// What was measured of a layer: its texture's energies at some dials.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What its dials can be.
    pub scale: Scale,
    /// Where they were.
    pub dials: Dials,
    /// What it added then.
    pub added: Energies,
}

/// What is wanted, and how sure that is.
pub struct Wanted<'a> {
    /// The reference's energies.
    pub reference: &'a Energies,
    /// How much each band counts.
    pub weights: &'a Energies,
    /// The result's energies at the dials that were measured.
    pub result: &'a Energies,
}

/// Positions on a scale that are tried before the best of them is improved, and how often it is.
const TRIED: usize = 24;
const HALVINGS: usize = 24;

/// Layers are turned one after the other, so many times.
const ROUNDS: usize = 24;

/// Where in a band the gain of a filter is looked at.
const RINGS: u32 = 12;
const RAYS: u32 = 16;

/// Frequencies from 0 to half a cycle a pixel at which it is known.
const STEPS: usize = 512;

/// A result keeps at least this share of its energy, whatever a layer takes away.
const KEPT: f64 = 0.02;

/// Turns the dials of all layers for the result that comes closest.
pub fn closest(layers: &[Measured], wanted: &Wanted) -> Vec<Dials> {
    let mut dials: Vec<Dials> = layers.iter().map(|it| it.dials).collect();
    let mut added: Vec<Energies> = layers.iter().map(|it| it.added).collect();
    // What there is without what the layers add, which may be less than nothing where they take away.
    let rest: Energies = core::array::from_fn(|band| {
        wanted.result[band] - layers.iter().map(|it| it.added[band]).sum::<f64>()
    });
    let rounds = if layers.len() == 1 { 1 } else { ROUNDS };
    for _ in 0..rounds {
        for (i, layer) in layers.iter().enumerate() {
            let others: Energies = core::array::from_fn(|band| {
                let others = added.iter().enumerate().filter(|(other, _)| *other != i);
                rest[band] + others.map(|(_, it)| it[band]).sum::<f64>()
            });
            (dials[i], added[i]) = turned(layer, &others, wanted);
        }
    }
    dials
}

/// The best dials of one layer, over what all others make, and what it adds there.
fn turned(layer: &Measured, others: &Energies, wanted: &Wanted) -> (Dials, Energies) {
    let at = shape(layer.scale.filter, layer.dials.radius);
    let unit = |radius: f64| -> Energies {
        let other = shape(layer.scale.filter, radius);
        core::array::from_fn(|band| layer.added[band] * other[band] / at[band].max(1e-12))
    };
    let of = |unit: &Energies, amount: f64| -> Energies {
        let factor = (amount / layer.dials.amount).powi(2);
        unit.map(|it| it * factor)
    };
    let miss = |added: &Energies| {
        let miss = |band: usize| {
            let floor = KEPT * wanted.result[band].min(wanted.reference[band]);
            let energy = (others[band] + added[band]).max(floor);
            decibels(energy, wanted.reference[band]).powi(2) * wanted.weights[band]
        };
        (0..BANDS.len()).map(miss).sum::<f64>()
    };
    let (least, most) = layer.scale.amount;
    let logarithms = (least.ln(), most.ln());
    let amount_for = |unit: &Energies| {
        let (log, miss) = lowest(logarithms, |log| miss(&of(unit, log.exp())));
        (log.exp(), miss)
    };
    // Radii are told apart by their squares near 0, and by their ratios beyond a pixel.
    let (from, to) = layer.scale.radius;
    let radius_of = |position: f64| position.exp_m1();
    let (position, _) = lowest((from.ln_1p(), to.ln_1p()), |position| {
        amount_for(&unit(radius_of(position))).1
    });
    let radius = radius_of(position);
    let unit = unit(radius);
    let amount = amount_for(&unit).0;
    (Dials { amount, radius }, of(&unit, amount))
}

/// Where a function is lowest, and how low: the best of some positions, improved by golden sections.
fn lowest((from, to): (f64, f64), value: impl Fn(f64) -> f64) -> (f64, f64) {
    let step = (to - from) / (TRIED - 1) as f64;
    let tried = (0..TRIED).map(|i| from + step * i as f64);
    let best = tried
        .map(|it| (it, value(it)))
        .min_by(|a, b| a.1.total_cmp(&b.1));
    let (middle, at_middle) = best.unwrap_or((from, f64::INFINITY));
    let (mut low, mut high) = ((middle - step).max(from), (middle + step).min(to));
    let golden = 0.5 * (5f64.sqrt() - 1.0);
    let (mut a, mut b) = (high - golden * (high - low), low + golden * (high - low));
    let (mut at_a, mut at_b) = (value(a), value(b));
    for _ in 0..HALVINGS {
        if at_a < at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - golden * (high - low);
            at_a = value(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + golden * (high - low);
            at_b = value(b);
        }
    }
    // At an end of the scale the best may be the end itself.
    [
        (a, at_a),
        (b, at_b),
        (middle, at_middle),
        (low, value(low)),
        (high, value(high)),
    ]
    .into_iter()
    .min_by(|a, b| a.1.total_cmp(&b.1))
    .unwrap_or((middle, at_middle))
}

/// The mean of the squared gain over each band's frequencies.
fn shape(filter: Filter, radius: f64) -> Energies {
    let gains = Gaussian::gains(radius, STEPS);
    let gain = |frequency: f64| gains[((2.0 * frequency * STEPS as f64) as usize).min(STEPS)];
    BANDS.map(|(from, to)| {
        let (mut sum, mut area) = (0.0, 0.0);
        for ring in 0..RINGS {
            let part = (f64::from(ring) + 0.5) / f64::from(RINGS);
            let size = 1.0 / to + part * (1.0 / from - 1.0 / to);
            for ray in 0..RAYS {
                let angle = (f64::from(ray) + 0.5) / f64::from(RAYS) * core::f64::consts::FRAC_PI_2;
                let (x, y) = (size * libm::cos(angle), size * libm::sin(angle));
                // Pixels carry no more than half a cycle across and down.
                if x.max(y) <= 0.5 {
                    let low = gain(x) * gain(y);
                    let gain = match filter {
                        Filter::Low => low,
                        Filter::High => 1.0 - low,
                    };
                    sum += size * gain * gain;
                    area += size;
                }
            }
        }
        sum / area
    })
}

/// How much one energy is above another.
pub fn decibels(energy: f64, reference: f64) -> f64 {
    10.0 * libm::log10(energy / reference)
}
