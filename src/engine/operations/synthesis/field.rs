//! Blended texture without the tone that blending leaves in it.

use core::f64::consts::PI;

use pulp::{Arch, Simd, WithSimd};

use crate::engine::raster::{Plane, Region};

/// Side of the blocks whose means tell the tone, in pixels: blending leaves a little tone where pieces meet, which the
/// patch does not have.
const BLOCK: usize = 16;

/// Waves of this length are half taken away, in high-pass radii and at least in pixels.
const TONE: f64 = 16.0;
const SHORTEST_TONE: f64 = 32.0;

/// What is longer than this is tone whatever the radius, in pixels: after a high pass of so much, and of wider ones, which
/// leave more of it.
const LONGEST_TONE: (f64, f64) = (60.0, 44.0);
const WIDE: f64 = 8.0;

/// Blocks to each side that a tone is made from, where it is longer than blocks can tell by themselves.
const NEIGHBOURS: usize = 6;

/// The length of waves that are half taken away as tone after a high pass of a radius, in pixels.
fn tone_length(radius: f64) -> f64 {
    let (longest, at_least) = LONGEST_TONE;
    let longest = longest * (WIDE / radius).sqrt().min(1.0);
    (TONE * radius).clamp(SHORTEST_TONE, longest.max(at_least))
}

/// How the tone of a texture is found, which is taken from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tone {
    /// Weights of the means of blocks: of the own one, and of those so many further on.
    weights: Vec<f32>,
}

impl Tone {
    /// That of texture after a high pass of this radius, in pixels.
    pub fn new(radius: f64) -> Self {
        let length = tone_length(radius);
        if length <= SHORTEST_TONE {
            return Self { weights: vec![1.0] };
        }
        // A sinc in a window of raised cosine, …
        let reach = NEIGHBOURS as f64;
        let sinc = |x: f64| {
            if x == 0.0 {
                1.0
            } else {
                libm::sin(PI * x) / (PI * x)
            }
        };
        let window = |at: f64| 0.5 + 0.5 * libm::cos(PI * at / reach);
        let low = |at: i64| {
            let at = at.unsigned_abs() as f64;
            let within = at < reach;
            f64::from(u8::from(within)) * sinc(2.0 * BLOCK as f64 / length * at) * window(at)
        };
        // … less its second difference: means, and lines between them, have lost that much of waves.
        let sharp = |at: i64| 1.25 * low(at) - 0.125 * (low(at - 1) + low(at + 1));
        let weights: Vec<f64> = (0..=NEIGHBOURS as i64).map(sharp).collect();
        let sum = 2.0 * weights.iter().sum::<f64>() - weights[0];
        Self {
            weights: weights.iter().map(|it| (it / sum) as f32).collect(),
        }
    }

    /// Whole blocks that have to be known for a region of so many pixels from `start` on: where they begin and end.
    pub fn needs(&self, start: i64, length: usize) -> (i64, i64) {
        let (block, beyond) = (BLOCK as i64, self.beyond() as i64);
        let half = block / 2;
        let first = (start - half).div_euclid(block) - beyond;
        let last = (start + length as i64 - 1 + half).div_euclid(block) + beyond;
        (first * block, (last + 1) * block)
    }

    /// Which rows of a block tell its mean: all, or each of so many where blocks far around have to be known.
    pub fn step(&self) -> usize {
        if self.weights.len() > 1 { 2 } else { 1 }
    }

    /// Blocks beyond the nearest ones.
    fn beyond(&self) -> usize {
        self.weights.len() - 1
    }

    /// Tones in the middles of all blocks but the outermost, from their means.
    fn of_means(&self, means: &Plane) -> Plane {
        let beyond = self.beyond();
        let weighted = |at: &dyn Fn(usize) -> f32| {
            let sides = 1..=beyond;
            let pairs = sides.map(|it| self.weights[it] * (at(beyond - it) + at(beyond + it)));
            self.weights[0] * at(beyond) + pairs.sum::<f32>()
        };
        let (width, height) = (means.width() - 2 * beyond, means.height() - 2 * beyond);
        let mut across = Plane::filled(width, means.height(), 0.0);
        for y in 0..means.height() {
            let row = means.row(y);
            for (x, out) in across.row_mut(y).iter_mut().enumerate() {
                *out = weighted(&|it| row[x + it]);
            }
        }
        let mut tones = Plane::filled(width, height, 0.0);
        for y in 0..height {
            for (x, out) in tones.row_mut(y).iter_mut().enumerate() {
                *out = weighted(&|it| across.at(x, y + it));
            }
        }
        tones
    }
}

/// Blended texture in a region less its tone, which has linear steps between the middles of blocks.
#[derive(Clone, Debug)]
pub struct Field {
    /// Whole blocks, as many around the region as its tone needs, where some rows are left out.
    blended: Plane,
    tones: Plane,
    /// How far a pixel has come from the middle of a block to the next one's.
    come: [f32; BLOCK],
    /// Where in `blended` the region begins, and where in what `tones` has.
    corner: (usize, usize),
    among_tones: (usize, usize),
}

impl Field {
    pub fn new(blended: Plane, tone: &Tone, corner: (usize, usize)) -> Self {
        let tones = tone.of_means(&means(&blended, tone.step()));
        let outermost = tone.beyond() * BLOCK;
        let come: [usize; BLOCK] = std::array::from_fn(|it| it);
        Self {
            blended,
            tones,
            come: come.map(|it| (it as f32 + 0.5) / BLOCK as f32),
            corner,
            among_tones: (corner.0 - outermost, corner.1 - outermost),
        }
    }

    /// What a region of this size would be with its tone.
    pub fn with_tone(&self, (width, height): (usize, usize)) -> Plane {
        let (x, y) = self.corner;
        self.blended.crop(Region::new(x, y, width, height))
    }

    /// Row `y` of the region.
    pub fn row(&self, y: usize, out: &mut [f32]) {
        let past_first_middle = self.among_tones.1 + y - BLOCK / 2;
        let (above, down) = (
            past_first_middle / BLOCK,
            self.come[past_first_middle % BLOCK],
        );
        let pairs = self.tones.row(above).iter().zip(self.tones.row(above + 1));
        let tones: Vec<f32> = pairs
            .map(|(above, below)| above + down * (below - above))
            .collect();
        Arch::new().dispatch(WithoutTone {
            blended: &self.blended.row(self.corner.1 + y)[self.corner.0..][..out.len()],
            tones: &tones,
            come: &self.come,
            past_first_middle: self.among_tones.0 - BLOCK / 2,
            out,
        });
    }
}

/// The means of blocks, of each row of so many.
fn means(blended: &Plane, step: usize) -> Plane {
    let (columns, rows) = (blended.width() / BLOCK, blended.height() / BLOCK);
    let share = step as f32 / (BLOCK * BLOCK) as f32;
    let mut means = Plane::filled(columns, rows, 0.0);
    let mut sums = vec![0.0; blended.width()];
    let arch = Arch::new();
    for row in 0..rows {
        sums.fill(0.0);
        for y in (row * BLOCK..(row + 1) * BLOCK).step_by(step) {
            arch.dispatch(Add {
                to: &mut sums,
                row: blended.row(y),
            });
        }
        for (mean, sums) in means.row_mut(row).iter_mut().zip(sums.chunks_exact(BLOCK)) {
            *mean = sums.iter().sum::<f32>() * share;
        }
    }
    means
}

struct Add<'a> {
    to: &'a mut [f32],
    row: &'a [f32],
}

impl WithSimd for Add<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        for (to, sample) in self.to.iter_mut().zip(self.row) {
            *to += sample;
        }
    }
}

/// A row of blended texture less its tones, which are those in the middles of blocks.
struct WithoutTone<'a> {
    blended: &'a [f32],
    tones: &'a [f32],
    come: &'a [f32],
    past_first_middle: usize,
    out: &'a mut [f32],
}

impl WithSimd for WithoutTone<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let block = self.come.len();
        let (mut out, mut blended) = (self.out, self.blended);
        let (mut left, mut begun) = (
            self.past_first_middle / block,
            self.past_first_middle % block,
        );
        while !out.is_empty() {
            let stretch = out.len().min(block - begun);
            let (now, later) = out.split_at_mut(stretch);
            let (samples, rest) = blended.split_at(stretch);
            let (tone, rise) = (self.tones[left], self.tones[left + 1] - self.tones[left]);
            for ((out, sample), come) in now.iter_mut().zip(samples).zip(&self.come[begun..]) {
                *out = sample - (tone + come * rise);
            }
            (out, blended) = (later, rest);
            (left, begun) = (left + 1, 0);
        }
    }
}
