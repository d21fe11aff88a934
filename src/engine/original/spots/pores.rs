//! Spots that are taken away from the pores in them: what is round and smooth of a spot, and what is coarse of the rest.

use super::fit::{Fit, Tried};
use super::heal::{Around, Window};
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region};

/// A spot reaches about this many sizes (see [`Fit`]).
const REACH: f64 = 1.6;

/// The pores of a spot stay if they have at most this many times the energy of those around it.
const MOST_ENERGY: f32 = 1.3;

/// What is left of a spot that is no even disc or ellipse is coarser than these shares of how far it reaches; what is
/// finer than this many pixels is pores.
const COARSE: [f64; 2] = [0.3, 0.15];
const LEAST_COARSE: f64 = 1.0;

/// If what is left of a spot is somewhere so many times as high, squared, as it is around the spot, no smooth shape is all of
/// it: a white head sits in a red one, and its pores go with it.
const MOST_PEAK: f32 = 8.0;

/// A spot that stands out by so many deviations is no smooth shape over skin: its lumps, its rim and its head are higher
/// than pores, so that its pores go with it.
const STRONG: f64 = 5.5;

/// The mean of squares in the spot and around it.
#[derive(Default)]
struct Energies {
    inside: (f32, f32),
    around: (f32, f32),
}

impl Energies {
    fn add(&mut self, [own, covered]: [f32; 2], [beside, clean]: [f32; 2]) {
        self.inside.0 += covered * own * own;
        self.inside.1 += covered;
        self.around.0 += clean * beside * beside;
        self.around.1 += clean;
    }

    /// How many times what is around it is in the spot.
    fn ratio(&self) -> f32 {
        mean(self.inside) / mean(self.around).max(1e-12)
    }

    /// How many times the mean of squares around it the largest square in the spot is.
    fn peak(&self, own: &Plane, covered: &Plane) -> f32 {
        let samples = own.samples().iter().zip(covered.samples());
        let squares = samples.map(|(own, covered)| covered * own * own);
        squares.fold(0.0, f32::max) / mean(self.around).max(1e-12)
    }
}

fn mean((sum, weight): (f32, f32)) -> f32 {
    sum / weight.max(1e-6)
}

impl Window<'_> {
    /// Whether the spot may be a smooth shape over skin.
    pub(super) fn may_keep_pores(&self) -> bool {
        self.spot.strength < STRONG
    }

    /// The samples of the patch with nothing but the spot taken away; `None` if what is left is no skin like that
    /// around it.
    pub(super) fn keep_pores(&self, look: &Around, cancel: &Cancel) -> Option<Vec<Plane>> {
        match &look.differences[..] {
            [red, green, blue] => self.keep_pores_of([red, green, blue], look, cancel),
            planes => self.keep_pores_of([&planes[0]], look, cancel),
        }
    }

    fn keep_pores_of<const N: usize>(
        &self,
        differences: [&Plane; N],
        look: &Around,
        cancel: &Cancel,
    ) -> Option<Vec<Plane>> {
        let Region {
            x: left,
            y: top,
            width,
            height,
        } = self.region;
        let bounds = Region::of_size(width, height);
        let blur = |plane: &Plane, gaussian: &Gaussian| {
            gaussian.blur(plane, bounds, bounds, bounds, cancel)
        };
        let covered = self.plane(|x, y| self.coverage(left + x, top + y));
        let fit = {
            let middle = [self.spot.x - left as f64, self.spot.y - top as f64];
            let usable = |x: usize, y: usize| !look.blocked[y * width + x];
            let tried = Tried::of_size(self.spot.radius / REACH);
            Fit::new(differences, usable, middle, &tried)?
        };
        if fit.cored {
            return None;
        }
        let shape = self.plane(|x, y| {
            let covered = covered.at(x, y);
            if covered == 0.0 {
                return 0.0;
            }
            let place = [x as f64 - fit.middle[0], y as f64 - fit.middle[1]];
            fit.shape.at(fit.stretch.distance(place)) * covered
        });
        let coarses = COARSE.iter().map(|it| it * self.spot.radius);
        let coarses = coarses.filter(|it| *it >= LEAST_COARSE).map(Gaussian::new);
        let coarses: Vec<Gaussian> = coarses.collect();
        let tones = match coarses.is_empty() {
            true => Vec::new(),
            false => look.tones(bounds, cancel),
        };
        let (mut energies, mut rests) = (Energies::default(), Vec::new());
        for (channel, &amount) in fit.heights.iter().enumerate() {
            let without = |it: &Plane| {
                it.clone()
                    .zip_map(&shape, move |it, shape| it - amount * shape)
            };
            let mut rest = without(differences[channel]);
            for coarse in &coarses {
                let tone = &tones[channel];
                let coarse = blur(&rest.clone().zip_map(tone, |it, tone| it - tone), coarse);
                // As much of its energy as there is around the spot is skin: Wiener's share of it stays.
                let mut energies = Energies::default();
                self.compare(&mut energies, &coarse, &coarse, &covered, &look.clean);
                if energies.peak(&coarse, &covered) > MOST_PEAK {
                    return None;
                }
                let share = 1.0 - 1.0 / energies.ratio().max(1.0);
                let spot = coarse.zip_map(&covered, move |it, covered| share * it * covered);
                rest = rest.zip_map(&spot, |it, spot| it - spot);
            }
            let pores = rest
                .clone()
                .zip_map(&blur(&rest, &look.fine), |it, low| it - low);
            self.compare(
                &mut energies,
                &pores,
                &look.textures[channel],
                &covered,
                &look.clean,
            );
            rests.push(rest);
        }
        if energies.ratio() > MOST_ENERGY {
            return None;
        }
        let part = self.patch.seen_from(&self.region);
        let healed = look
            .before
            .planes()
            .iter()
            .zip(&look.differences)
            .zip(&rests);
        // What does not change must stay the same to the bit.
        let healed = healed.map(|((own, difference), rest)| {
            let removed = difference.clone().zip_map(rest, |it, rest| it - rest);
            own.clone()
                .zip_map(&removed, |it, removed| it - removed)
                .crop(part)
        });
        Some(healed.collect())
    }

    pub(super) fn plane(&self, value: impl Fn(usize, usize) -> f32) -> Plane {
        let Region { width, height, .. } = self.region;
        let samples = (0..width * height).map(|i| value(i % width, i / width));
        Plane::from_samples(width, height, samples.collect())
    }

    fn compare(
        &self,
        energies: &mut Energies,
        own: &Plane,
        beside: &Plane,
        covered: &Plane,
        clean: &Plane,
    ) {
        for y in 0..self.region.height {
            let clean = clean.row(y).iter().zip(beside.row(y));
            let rows = own.row(y).iter().zip(covered.row(y)).zip(clean);
            for ((own, covered), (clean, beside)) in rows {
                energies.add([*own, *covered], [*beside, *clean]);
            }
        }
    }
}
