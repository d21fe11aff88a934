//! From interleaved samples of 8 bits to coded blocks: colours apart, cosines, steps.
//!
//! Luma and chroma are rounded to 8 bits, because pixels that came out of a JPEG have whole ones, and theirs are found
//! again; from there to the coefficients nothing is. The cosine transform is that of Arai, Agui and Nakajima (1988): the
//! factors that it leaves out are part of those of quantising.

use pulp::Arch;

use super::huffman::{Bits, Block, Codes};
use super::lanes::{COLUMNS, Lanes, Rows, rounded};
use crate::files::lanes::{Work, run};

/// Blocks side by side that are transformed together.
const BLOCKS: usize = COLUMNS / 8;

/// Most rows of blocks that luma has for one of chroma.
const MOST_DOWN: usize = 4;

/// Codes of luma and of chroma.
static CODES: [Codes; 2] = [Codes::new(0), Codes::new(1)];

/// How pixels become blocks.
pub struct Transform {
    /// How many samples of luma one of chroma stands for, across and down, 1, 2 or 4; grey has 1 and 1.
    factors: (usize, usize),
    /// Whether there is chroma.
    has_colour: bool,
    /// Channels of a pixel in memory.
    channels: usize,
    /// What coefficients are multiplied by, column by column: luma's and chroma's.
    scales: [[[f32; 8]; 8]; 2],
}

impl Transform {
    /// For pixels of so many channels, the last of which may be alpha, and quantisation tables that are stored row
    /// by row.
    pub fn new(channels: usize, factors: (usize, usize), tables: &[[u16; 64]; 2]) -> Self {
        Self {
            factors,
            has_colour: channels > 2,
            channels,
            scales: [scales(&tables[0]), scales(&tables[1])],
        }
    }

    /// Codes rows of a picture that is so many pixels wide.
    pub fn code(&self, samples: &[u8], width: usize) -> Vec<u8> {
        run(
            Arch::new(),
            Coder {
                transform: self,
                source: Source {
                    samples,
                    width,
                    height: samples.len() / (width * self.channels),
                    channels: self.channels,
                },
            },
        )
    }
}

/// What a table's coefficients are multiplied by before they are rounded, column by column.
fn scales(table: &[u16; 64]) -> [[f32; 8]; 8] {
    // What the transform leaves out for each frequency.
    let left_out = |frequency: usize| match frequency {
        0 => 1.0,
        _ => libm::cos(frequency as f64 * core::f64::consts::PI / 16.0) * core::f64::consts::SQRT_2,
    };
    core::array::from_fn(|x| {
        core::array::from_fn(|y| {
            let step = f64::from(table[8 * y + x]) * 8.0;
            (1.0 / (step * left_out(x) * left_out(y))) as f32
        })
    })
}

struct Source<'a> {
    samples: &'a [u8],
    width: usize,
    height: usize,
    channels: usize,
}

/// Rows of one component's samples, at luma's resolution.
type Tall = [Rows; MOST_DOWN];

struct Coder<'a> {
    transform: &'a Transform,
    source: Source<'a>,
}

impl<L: Lanes> Work<L> for Coder<'_> {
    type Made = Vec<u8>;

    #[inline(always)]
    fn run(self, lanes: L) -> Vec<u8> {
        let Self { transform, source } = self;
        let (across, down) = transform.factors;
        let mut bits = Bits::with_capacity(source.samples.len() / 4);
        let mut before = [0; 3];
        let mut planes = [[[[0.0; COLUMNS]; 8]; MOST_DOWN]; 3];
        let mut luma = [[Block::EMPTY; BLOCKS]; MOST_DOWN];
        let mut chroma = [[Block::EMPTY; BLOCKS]; 2];
        for top in (0..source.height).step_by(8 * down) {
            for left in (0..source.width).step_by(COLUMNS) {
                let units = (source.width - left).min(COLUMNS).div_ceil(8 * across);
                source.read((left, top), (8 * units * across, 8 * down), &mut planes);
                for (plane, blocks) in planes[0].iter_mut().zip(&mut luma).take(down) {
                    let blocks = &mut blocks[..units * across];
                    transform_blocks(lanes, plane, &transform.scales[0], blocks);
                }
                if transform.has_colour {
                    for (plane, blocks) in planes[1..].iter_mut().zip(&mut chroma) {
                        reduce(plane, (across, down));
                        let blocks = &mut blocks[..units];
                        transform_blocks(lanes, &mut plane[0], &transform.scales[1], blocks);
                    }
                }
                for unit in 0..units {
                    for row in luma.iter().take(down) {
                        for block in &row[unit * across..][..across] {
                            bits.block(&CODES[0], block, &mut before[0]);
                        }
                    }
                    if transform.has_colour {
                        bits.block(&CODES[1], &chroma[0][unit], &mut before[1]);
                        bits.block(&CODES[1], &chroma[1][unit], &mut before[2]);
                    }
                }
            }
        }
        bits.finish()
    }
}

impl Source<'_> {
    /// Reads a part as luma and chroma around 0. Beyond the picture its last row and column repeat.
    #[inline(always)]
    fn read(
        &self,
        (left, top): (usize, usize),
        (width, height): (usize, usize),
        planes: &mut [Tall; 3],
    ) {
        let [luma, blue, red] = planes;
        let there = width.min(self.width - left) * self.channels;
        let mut padded = [0; 4 * COLUMNS];
        for y in 0..height {
            let row = (top + y).min(self.height - 1) * self.width + left;
            let mut pixels = &self.samples[row * self.channels..][..there];
            if there < width * self.channels {
                padded[..there].copy_from_slice(pixels);
                let last = &pixels[there - self.channels..];
                let missing = padded[there..].chunks_exact_mut(self.channels);
                missing.for_each(|it| it.copy_from_slice(last));
                pixels = &padded[..width * self.channels];
            }
            let (block, y) = (y / 8, y % 8);
            let luma = &mut luma[block][y][..width];
            match self.channels {
                1 => grey(pixels.as_chunks::<1>().0, luma),
                2 => grey(pixels.as_chunks::<2>().0, luma),
                channels => {
                    let chroma = (&mut blue[block][y][..width], &mut red[block][y][..width]);
                    match channels {
                        3 => colours(pixels.as_chunks::<3>().0, luma, chroma),
                        _ => colours(pixels.as_chunks::<4>().0, luma, chroma),
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn grey<const N: usize>(pixels: &[[u8; N]], luma: &mut [f32]) {
    for (out, pixel) in luma.iter_mut().zip(pixels) {
        *out = f32::from(pixel[0]) - 128.0;
    }
}

/// The colours of JFIF (ITU-R BT.601, full range).
#[inline(always)]
fn colours<const N: usize>(
    pixels: &[[u8; N]],
    luma: &mut [f32],
    (blue, red): (&mut [f32], &mut [f32]),
) {
    let count = pixels.len();
    let (luma, blue, red) = (&mut luma[..count], &mut blue[..count], &mut red[..count]);
    for i in 0..count {
        let [r, g, b] = [pixels[i][0], pixels[i][1], pixels[i][2]].map(f32::from);
        let y = 0.299 * r + 0.587 * g + 0.114 * b;
        luma[i] = rounded(y) - 128.0;
        blue[i] = rounded((b - y) * (0.5 / 0.886)).min(127.0);
        red[i] = rounded((r - y) * (0.5 / 0.701)).min(127.0);
    }
}

/// Chroma of fewer samples, each the mean of those that it stands for.
#[inline(always)]
fn reduce(plane: &mut Tall, (across, down): (usize, usize)) {
    if (across, down) == (1, 1) {
        return;
    }
    let share = 1.0 / (across * down) as f32;
    for y in 0..8 {
        let mut sums = [0.0; COLUMNS];
        for row in y * down..(y + 1) * down {
            for (sum, sample) in sums.iter_mut().zip(&plane[row / 8][row % 8]) {
                *sum += sample * share;
            }
        }
        // Rows above are done with: the row `y` lies in no row that is still to be read.
        let out = &mut plane[0][y];
        match across {
            1 => *out = sums,
            2 => sum_up(sums.as_chunks::<2>().0, out),
            _ => sum_up(sums.as_chunks::<4>().0, out),
        }
    }
}

#[inline(always)]
fn sum_up<const N: usize>(groups: &[[f32; N]], out: &mut [f32]) {
    for (out, group) in out.iter_mut().zip(groups) {
        *out = group.iter().sum();
    }
}

/// Transforms and quantises the blocks of eight rows.
#[inline(always)]
fn transform_blocks(
    lanes: impl Lanes,
    rows: &mut Rows,
    scales: &[[f32; 8]; 8],
    blocks: &mut [Block],
) {
    let mut turned = [[0.0; COLUMNS]; 8];
    cosines(rows);
    for i in 0..blocks.len() {
        lanes.turn(rows, 8 * i, &mut turned);
    }
    cosines(&mut turned);
    for (i, block) in blocks.iter_mut().enumerate() {
        let filled = lanes.quantise(&turned, 8 * i, scales, &mut block.coefficients);
        block.note(filled);
    }
}

/// The cosine transform down each column, but for a factor for each row.
#[inline(always)]
fn cosines(rows: &mut Rows) {
    const HALF: f32 = core::f32::consts::FRAC_1_SQRT_2;
    // cos 67.5°, and what the others take to a rotation by it.
    const SMALL: f32 = 0.382_683_43;
    const LESS: f32 = 0.541_196_1;
    const MORE: f32 = 1.306_563;
    let [r0, r1, r2, r3, r4, r5, r6, r7] = rows;
    for x in 0..COLUMNS {
        let sums = [r0[x] + r7[x], r1[x] + r6[x], r2[x] + r5[x], r3[x] + r4[x]];
        let differences = [r0[x] - r7[x], r1[x] - r6[x], r2[x] - r5[x], r3[x] - r4[x]];
        let (outer, inner) = (sums[0] + sums[3], sums[1] + sums[2]);
        let (far, near) = (sums[0] - sums[3], sums[1] - sums[2]);
        let turn = (near + far) * HALF;
        let [a, b, c] = [
            differences[3] + differences[2],
            differences[2] + differences[1],
            differences[1] + differences[0],
        ];
        let both = (a - c) * SMALL;
        let (two, four, three) = (LESS * a + both, MORE * c + both, b * HALF);
        let (plus, minus) = (differences[0] + three, differences[0] - three);
        (r0[x], r4[x]) = (outer + inner, outer - inner);
        (r2[x], r6[x]) = (far + turn, far - turn);
        (r5[x], r3[x]) = (minus + two, minus - two);
        (r1[x], r7[x]) = (plus + four, plus - four);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The transform by its definition (T.81, A.3.3).
    fn slow(block: &[[f64; 8]; 8], (u, v): (usize, usize)) -> f64 {
        let wave = |at: usize, frequency: usize| {
            libm::cos((2 * at + 1) as f64 * frequency as f64 * core::f64::consts::PI / 16.0)
        };
        let share = |frequency: usize| match frequency {
            0 => core::f64::consts::FRAC_1_SQRT_2,
            _ => 1.0,
        };
        let sum: f64 = (0..64)
            .map(|i| block[i / 8][i % 8] * wave(i % 8, u) * wave(i / 8, v))
            .sum();
        0.25 * share(u) * share(v) * sum
    }

    struct Once<'a>(&'a Rows, &'a [[f32; 8]; 8]);

    impl<L: Lanes> Work<L> for Once<'_> {
        type Made = Block;

        fn run(self, lanes: L) -> Block {
            let (mut rows, mut blocks) = (*self.0, [Block::EMPTY; 2]);
            transform_blocks(lanes, &mut rows, self.1, &mut blocks);
            blocks[1]
        }
    }

    #[test]
    fn coefficients_are_those_of_the_definition() {
        let value = |y: usize, x: usize| ((y * 37 + x * 101 + x * x * y) % 256) as f32 - 128.0;
        let mut rows: Rows = [[0.0; COLUMNS]; 8];
        let mut block = [[0.0; 8]; 8];
        for y in 0..8 {
            for x in 0..8 {
                rows[y][8 + x] = value(y, x);
                block[y][x] = f64::from(value(y, x));
            }
        }
        let made = run(Arch::new(), Once(&rows, &scales(&[1; 64])));
        for (i, found) in made.coefficients.iter().enumerate() {
            let exact = slow(&block, (i / 8, i % 8));
            assert!(
                (f64::from(*found) - exact).abs() < 0.501,
                "{found} for {exact}"
            );
        }
    }
}
