//! Method 1, synthetic noise: 50 % grey plus noise, softened by a small Gaussian.

use std::ops::Range;

use super::parameter::{
    Allowed, Choice, LARGEST_STRENGTH, Parameter, Settings, Strength, parameter,
};
use super::{Cancel, Flowing, Gaussian, Random, Source};
use crate::engine::raster::{Region, RowSource, wide};

/// How the draws are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Distribution {
    /// Evenly on ± the amount.
    Uniform,
    /// Normally, with the amount as standard deviation.
    Gaussian,
}

impl Choice for Distribution {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("uniform", Distribution::Uniform),
        ("gaussian", Distribution::Gaussian),
    ];
}

/// Settings of a noise layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    /// Range or deviation of the noise, in per cent of full scale.
    pub amount: f64,
    /// Radius of the Gaussian that softens it, in pixels.
    pub blur: f64,
    /// Scales the noise.
    pub strength: Strength,
    /// How the draws are spread.
    pub distribution: Distribution,
    /// One draw a pixel for all channels.
    pub monochromatic: bool,
}

impl Default for Noise {
    fn default() -> Self {
        Self {
            amount: 3.0,
            blur: 0.4,
            strength: Strength::Percent(100.0),
            distribution: Distribution::Uniform,
            monochromatic: true,
        }
    }
}

impl Settings for Noise {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(
            amount,
            "%",
            Allowed::number(0.0, 100.0, 0.1, 1.0),
            "noise amount: range or deviation of the noise"
        ),
        parameter!(
            blur,
            "px",
            Allowed::number(0.0, 20.0, 0.05, 0.5),
            "noise blur: softens the grain"
        ),
        parameter!(
            strength,
            "%",
            Allowed::PercentOrMatch {
                max: LARGEST_STRENGTH
            },
            "scales the noise, or matches the reference"
        ),
        parameter!(
            distribution,
            "",
            Allowed::OneOf(Distribution::names),
            "how the draws are spread"
        ),
        parameter!(
            monochromatic,
            "",
            Allowed::Flag,
            "one draw a pixel for all channels"
        ),
    ];
}

impl Noise {
    /// The Gaussian that softens it.
    pub fn softening(&self) -> Gaussian {
        Gaussian::new(self.blur)
    }

    /// The source of a noise layer, ½ + strength·Gaussian(noise), for a region of a picture with
    /// this many colour channels: one plane for all of them if it is monochromatic. `softening` is its
    /// [`softening`](Self::softening), made once for all regions.
    pub fn paint(
        &self,
        softening: &Gaussian,
        place: NoisePlace,
        region: Region,
        cancel: &Cancel,
    ) -> Grain {
        let planes = if self.monochromatic {
            1
        } else {
            place.channels as u64
        };
        let draws = Draws {
            channels: (0..planes)
                .map(|it| Random::new(place.seed, place.layer, it))
                .collect(),
            amount: (self.amount / 100.0) as f32,
            distribution: self.distribution,
        };
        Grain {
            softened: softening.flowing(draws, region, place.bounds, cancel),
            factor: place.factor,
        }
    }
}

/// The source of a noise layer.
pub struct Grain {
    softened: Flowing<Draws>,
    factor: f32,
}

impl Source for Grain {
    fn planes(&self) -> usize {
        self.softened.planes()
    }

    fn paint(&mut self, y: usize, _: &[Vec<f32>], out: &mut [Vec<f32>]) {
        self.softened.read(y, out);
        let factor = self.factor;
        for row in out {
            wide!({ row.iter_mut().for_each(|it| *it = 0.5 + factor * *it) });
        }
    }
}

/// Where noise is painted: everything its draws depend on.
#[derive(Clone, Copy, Debug)]
pub struct NoisePlace {
    /// The recipe's seed.
    pub seed: u64,
    /// The layer's position in the recipe.
    pub layer: u64,
    /// Colour channels of the picture.
    pub channels: usize,
    /// The whole picture.
    pub bounds: Region,
    /// Strength: 1 for 100 %.
    pub factor: f32,
}

/// Noise as it is drawn, one plane for each source of draws.
struct Draws {
    channels: Vec<Random>,
    amount: f32,
    distribution: Distribution,
}

impl RowSource for Draws {
    fn planes(&self) -> usize {
        self.channels.len()
    }

    fn read(&mut self, y: usize, columns: Range<usize>, out: &mut [Vec<f32>]) {
        for (random, out) in self.channels.iter().zip(out) {
            let row = random.row(y);
            match self.distribution {
                Distribution::Uniform => draw(
                    self.amount,
                    columns.start,
                    out,
                    #[inline(always)]
                    move |x| row.signed(x),
                ),
                Distribution::Gaussian => draw(
                    self.amount,
                    columns.start,
                    out,
                    #[inline(always)]
                    move |x| row.normal(x),
                ),
            }
        }
    }
}

#[inline(always)]
fn draw(amount: f32, first: usize, out: &mut [f32], one: impl Fn(usize) -> f32) {
    // Columns of 32 bits, as the draws count them, and values of its own keep the loop wide.
    let first = first as u32;
    wide!({
        for (x, out) in (first..).zip(out) {
            *out = amount * one(x as usize);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::painted as painted_over;
    use crate::engine::raster::Plane;

    fn painted(noise: &Noise, region: Region) -> Vec<Plane> {
        let place = NoisePlace {
            seed: 1,
            layer: 0,
            channels: 3,
            bounds: Region::of_size(200, 200),
            factor: 1.0,
        };
        let blank = Plane::filled(region.width, region.height, 0.0);
        painted_over(
            &mut noise.paint(&noise.softening(), place, region, &Cancel::default()),
            &[blank],
        )
    }

    #[test]
    fn uniform_noise_stays_within_its_amount() {
        let noise = Noise {
            blur: 0.0,
            ..Noise::default()
        };
        let plane = &painted(&noise, Region::of_size(200, 200))[0];
        let extremes = plane.samples().iter().map(|it| (it - 0.5).abs());
        let largest = extremes.fold(0.0, f32::max);
        assert!((0.0299..=0.030_001).contains(&largest), "{largest}");
    }

    #[test]
    fn monochromatic_noise_has_one_draw_for_all_channels() {
        let region = Region::new(3, 4, 20, 10);
        let mono = painted(&Noise::default(), region);
        assert_eq!(mono.len(), 1);
        let colour = painted(
            &Noise {
                monochromatic: false,
                ..Noise::default()
            },
            region,
        );
        assert_eq!(mono[0], colour[0]);
        assert_ne!(colour[0], colour[1]);
    }

    #[test]
    fn no_amount_is_mid_grey() {
        let noise = Noise {
            amount: 0.0,
            ..Noise::default()
        };
        let plane = &painted(&noise, Region::of_size(9, 9))[0];
        assert!(plane.samples().iter().all(|it| *it == 0.5));
    }
}
