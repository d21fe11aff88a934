//! Method 2, frequency separation: the original's fine detail over the AI picture's tone.

use super::parameter::{Allowed, Choice, Parameter, Settings, parameter};
use super::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region, Tile, wide};

/// What becomes of the backdrop's own fine detail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The original's takes its place.
    Replace,
    /// The original's is added, for an AI that was run on the low layer alone.
    Add,
}

impl Choice for Mode {
    const NAMES: &'static [(&'static str, Self)] =
        &[("replace", Mode::Replace), ("add", Mode::Add)];
}

/// Whether the original is brought onto the picture first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// It is taken to lie right.
    Off,
    /// Shift, scale and drift are found.
    Auto,
}

impl Choice for Align {
    const NAMES: &'static [(&'static str, Self)] = &[("off", Align::Off), ("auto", Align::Auto)];
}

/// What becomes of blemishes that the AI removed on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spots {
    /// Their fine detail comes back with the rest.
    BringBack,
    /// Their fine detail is held back.
    LeaveOut,
}

impl Choice for Spots {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("bring-back", Spots::BringBack),
        ("leave-out", Spots::LeaveOut),
    ];
}

/// Settings of a texture layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Texture {
    /// Separation radius, in pixels: detail finer than this is texture, the rest is tone.
    pub radius: f64,
    /// How much of the original's detail is used, in per cent.
    pub amount: f64,
    /// What becomes of the backdrop's own fine detail.
    pub mode: Mode,
    /// Whether the original is brought onto the picture first.
    pub align: Align,
    /// What becomes of blemishes that the AI removed.
    pub spots: Spots,
    /// Places of spots that come back nevertheless, x and y in pixels of the picture.
    pub kept: Vec<[f64; 2]>,
}

impl Default for Texture {
    fn default() -> Self {
        Self {
            radius: 6.0,
            amount: 100.0,
            mode: Mode::Replace,
            align: Align::Off,
            spots: Spots::BringBack,
            kept: Vec::new(),
        }
    }
}

impl Settings for Texture {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(
            radius,
            "px",
            Allowed::number(0.5, 200.0, 0.1, 1.0),
            "separation radius: finer detail comes from the original"
        ),
        parameter!(
            amount,
            "%",
            Allowed::number(0.0, 300.0, 1.0, 10.0),
            "how much of the original's detail is used"
        ),
        parameter!(
            mode,
            "",
            Allowed::OneOf(Mode::names),
            "replace the picture's own detail, or add to it"
        ),
        parameter!(
            align,
            "",
            Allowed::OneOf(Align::names),
            "bring the original onto the picture first"
        ),
        parameter!(
            spots,
            "",
            Allowed::OneOf(Spots::names),
            "what becomes of blemishes that the AI removed"
        ),
    ];
}

impl Texture {
    /// How far beyond a region it reads backdrop and original, in pixels.
    pub fn halo(&self) -> usize {
        Gaussian::new(self.radius).halo()
    }

    /// The source of a texture layer for the region `to`.
    ///
    /// `replace`: b + t·((O − G(O)) − (b − G(b))); `add`: b + t·(O − G(O)). Backdrop and original
    /// cover the same region and have the same number of planes. Once cancelled, what is returned
    /// is unfinished.
    pub fn paint(
        &self,
        backdrop: &Tile,
        original: Tile,
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Vec<Plane> {
        let from = backdrop.region();
        let gaussian = Gaussian::new(self.radius);
        let fine = self.separated(backdrop, original);
        let corner = (to.x - from.x, to.y - from.y);
        let planes = backdrop.planes().iter().zip(&fine);
        planes
            .map(|(b, fine)| {
                let low = gaussian.blur(fine, from, to, bounds, cancel);
                self.over(b, fine, corner, low)
            })
            .collect()
    }

    /// The same where the low layer of what is [separated](Self::separated) is known for the region
    /// of the backdrop.
    pub fn paint_with(&self, backdrop: &Tile, original: Tile, lows: Vec<Plane>) -> Vec<Plane> {
        let fine = self.separated(backdrop, original);
        let planes = backdrop.planes().iter().zip(&fine).zip(lows);
        planes
            .map(|((b, fine), low)| self.over(b, fine, (0, 0), low))
            .collect()
    }

    /// What is separated into texture and tone.
    pub fn separated(&self, backdrop: &Tile, original: Tile) -> Vec<Plane> {
        assert_eq!(backdrop.region(), original.region());
        let originals = original.into_planes().into_iter();
        match self.mode {
            // A high pass is linear: that of the difference is the difference of the two, at half
            // the work, and exactly nothing where both are the same.
            Mode::Replace => {
                let planes = originals.zip(backdrop.planes());
                planes.map(|(o, b)| o.zip_map(b, |o, b| o - b)).collect()
            }
            Mode::Add => originals.collect(),
        }
    }

    /// b + amount·(fine − low) in place of `low`, from the column and row `left` and `top` of the others on.
    fn over(
        &self,
        backdrop: &Plane,
        fine: &Plane,
        (left, top): (usize, usize),
        mut low: Plane,
    ) -> Plane {
        let amount = (self.amount / 100.0) as f32;
        for y in 0..low.height() {
            let (b, fine) = (&backdrop.row(top + y)[left..], &fine.row(top + y)[left..]);
            let low = low.row_mut(y);
            wide(|| {
                for (low, (b, fine)) in low.iter_mut().zip(b.iter().zip(fine)) {
                    *low = b + amount * (fine - *low);
                }
            });
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Random;

    fn noise(seed: u64) -> Plane {
        let random = Random::new(seed, 0, 0);
        let samples = (0..31 * 29).map(|i| 0.5 + 0.3 * random.row(i / 31).signed(i % 31));
        Plane::from_samples(31, 29, samples.collect())
    }

    fn check(mode: Mode, formula: impl Fn(f32, f32, f32, f32) -> f32) {
        let bounds = Region::of_size(31, 29);
        let (b, o) = (noise(1), noise(2));
        let low = |plane: &Plane| {
            Gaussian::new(2.5).blur(plane, bounds, bounds, bounds, &Cancel::default())
        };
        let texture = Texture {
            radius: 2.5,
            amount: 70.0,
            mode,
            ..Texture::default()
        };
        let painted = texture.paint(
            &Tile::new(bounds, vec![b.clone()]),
            Tile::new(bounds, vec![o.clone()]),
            bounds,
            bounds,
            &Cancel::default(),
        );
        let (low_b, low_o) = (low(&b), low(&o));
        for (i, sample) in painted[0].samples().iter().enumerate() {
            let expected = formula(
                b.samples()[i],
                o.samples()[i],
                low_b.samples()[i],
                low_o.samples()[i],
            );
            assert!((sample - expected).abs() < 1e-5, "{sample} for {expected}");
        }
    }

    #[test]
    fn replace_swaps_the_detail() {
        check(Mode::Replace, |b, o, low_b, low_o| {
            b + 0.7 * ((o - low_o) - (b - low_b))
        });
    }

    #[test]
    fn add_adds_the_detail() {
        check(Mode::Add, |b, o, _, low_o| b + 0.7 * (o - low_o));
    }
}
