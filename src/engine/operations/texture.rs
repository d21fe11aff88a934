//! Method 2, frequency separation: the original's fine detail over the AI picture's tone.

use std::ops::Range;

use super::parameter::{Allowed, Choice, Parameter, Settings, parameter};
use super::{Cancel, Flowing, Gaussian, Source};
use crate::engine::raster::{Part, Region, RowSet, RowSource, Strip};

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
    /// What separates texture from tone, to be made once for all regions.
    pub fn gaussian(&self) -> Gaussian {
        Gaussian::new(self.radius)
    }

    /// The source of a texture layer for the region `to`, whose [`gaussian`](Self::gaussian) is this.
    ///
    /// `replace`: b + t·((O − G(O)) − (b − G(b))); `add`: b + t·(O − G(O)). Backdrop and original have the same colours;
    /// they are read as far beyond `to` as the Gaussian reads, as far as the picture reaches at `bounds`.
    /// Once cancelled, what is returned is unfinished.
    pub fn paint<'a>(
        &self,
        gaussian: &Gaussian,
        (below, original): (Below<'a>, Part<'a>),
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Detail<'a> {
        let fine = self.separated(below, original.clone());
        let low = gaussian.flowing(fine, to, bounds, cancel);
        self.paint_with(original, low, to)
    }

    /// The same where the low layer of what is [separated](Self::separated) is known for the region. The original lies
    /// as the backdrop does, in planes or in pixels.
    pub fn paint_with<'a>(
        &self,
        original: Part<'a>,
        low: Flowing<Separated<'a>>,
        to: Region,
    ) -> Detail<'a> {
        Detail {
            rows: RowSet::new(),
            original,
            low,
            to,
            amount: (self.amount / 100.0) as f32,
            mode: self.mode,
        }
    }

    /// What is separated into texture and tone.
    pub fn separated<'a>(&self, below: Below<'a>, original: Part<'a>) -> Separated<'a> {
        let (backdrop, is_picture) = match below {
            Below::Picture(part) => (part, true),
            Below::Layers(part) => (part, false),
        };
        // A high pass is linear: that of the difference is the difference of the two, at half
        // the work, and exactly nothing where both are the same.
        let backdrop = (self.mode == Mode::Replace).then_some(backdrop);
        let has_pixels = |it: &Part| it.has_pixels();
        let (original, backdrop) = match original.has_pixels() && backdrop.iter().all(has_pixels) {
            true => (original.as_pixels(), backdrop.map(Part::as_pixels)),
            false => (original.as_planes(), backdrop.map(Part::as_planes)),
        };
        let fine = match (original, backdrop) {
            (Part::Stored(original), Some(Part::Stored(picture)))
                if is_picture && original.is_stored_as(&picture) =>
            {
                Fine::Stored(original, picture)
            }
            (original, backdrop) => Fine::Read(original, backdrop),
        };
        Separated {
            fine,
            room: Vec::new(),
            levels: Vec::new(),
            rows: RowSet::new(),
        }
    }
}

/// What a texture layer lies over.
pub enum Below<'a> {
    /// The picture without layers, everywhere.
    Picture(Part<'a>),
    /// What layers may have changed.
    Layers(Part<'a>),
}

/// What is separated into texture and tone: the original, or what it has that the backdrop has not.
pub struct Separated<'a> {
    fine: Fine<'a>,
    room: Vec<f32>,
    levels: Vec<i16>,
    rows: RowSet,
}

enum Fine<'a> {
    /// Original and picture, stored alike: one is taken from the other as it is. Only the picture itself, and everywhere:
    /// how a difference is rounded must not depend on the region.
    Stored(Strip<'a>, Strip<'a>),
    /// The original and its backdrop, if that counts.
    Read(Part<'a>, Option<Part<'a>>),
}

impl RowSource for Separated<'_> {
    fn planes(&self) -> usize {
        match &self.fine {
            Fine::Stored(original, _) => original.planes(),
            Fine::Read(original, _) => original.planes(),
        }
    }

    fn interleaved(&self) -> usize {
        match &self.fine {
            Fine::Stored(original, _) => original.interleaved(),
            Fine::Read(original, _) => original.interleaved(),
        }
    }

    fn read(&mut self, y: usize, columns: Range<usize>, out: &mut [Vec<f32>]) {
        match &mut self.fine {
            Fine::Stored(original, picture) => {
                original.less(picture, y, columns, &mut self.room, out);
            }
            Fine::Read(original, backdrop) => {
                original.read(y, columns.clone(), out);
                if let Some(backdrop) = backdrop {
                    let rows = out.iter_mut().map(|it| it.iter_mut());
                    backdrop.merge(y, columns, rows, &mut self.rows, |o, b| *o -= b);
                }
            }
        }
    }

    fn level(&self) -> Option<f32> {
        match &self.fine {
            Fine::Stored(original, _) => original.level(),
            Fine::Read(..) => None,
        }
    }

    fn read_levels(&mut self, y: usize, columns: Range<usize>, out: &mut [Vec<i16>]) {
        let Fine::Stored(original, picture) = &self.fine else {
            unreachable!("samples that are no levels")
        };
        original.levels_less(picture, y, columns, &mut self.levels, out);
    }
}

/// The source of a texture layer.
pub struct Detail<'a> {
    original: Part<'a>,
    low: Flowing<Separated<'a>>,
    to: Region,
    amount: f32,
    mode: Mode,
    rows: RowSet,
}

impl Source for Detail<'_> {
    fn planes(&self) -> usize {
        self.original.planes()
    }

    fn interleaved(&self) -> usize {
        self.original.interleaved()
    }

    fn paint(&mut self, y: usize, backdrop: &[Vec<f32>], out: &mut [Vec<f32>]) {
        let (to, amount) = (self.to, self.amount);
        self.low.read(y, out);
        let columns = to.x..to.right();
        let samples = out.iter_mut().zip(backdrop);
        let samples = samples.map(|(low, below)| low.iter_mut().zip(below));
        let (original, room) = (&mut self.original, &mut self.rows);
        match self.mode {
            // Where original and backdrop are the same nothing is low, and nothing is left.
            Mode::Replace => original.merge(to.y + y, columns, samples, room, |(low, b), o| {
                *low = b + amount * (o - *low - b);
            }),
            Mode::Add => original.merge(to.y + y, columns, samples, room, |(low, b), o| {
                *low = b + amount * (o - *low);
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::{Random, painted};
    use crate::engine::raster::{Plane, Tile};

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
        let part = |plane: &Plane| Part::Made(Tile::new(bounds, vec![plane.clone()]).into());
        let pair = (Below::Layers(part(&b)), part(&o));
        let gaussian = texture.gaussian();
        let mut source = texture.paint(&gaussian, pair, bounds, bounds, &Cancel::default());
        let painted = painted(&mut source, std::slice::from_ref(&b));
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
