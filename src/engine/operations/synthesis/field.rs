//! Blended texture without the tone that blending leaves in it.

use pulp::{Arch, Simd, WithSimd};

use crate::engine::raster::Plane;

/// Side of the blocks whose mean is taken away, in high-pass radii: blending leaves a little tone
/// where pieces meet, which the patch does not have. What a high pass leaves of waves that blocks take away, twice
/// their side and longer, is a twelfth at most.
const BLOCK: f64 = 8.0;

/// The smallest and largest side of those blocks, in pixels.
const BLOCK_SIDES: (f64, f64) = (16.0, 64.0);

/// The side of the blocks after a high pass of this radius, in pixels.
pub fn block_side(radius: f64) -> usize {
    let side = (BLOCK * radius).clamp(BLOCK_SIDES.0, BLOCK_SIDES.1);
    // Even, so that blocks have middles between pixels.
    2 * (side * 0.5).round() as usize
}

/// Blended texture in a region, less the means of blocks with linear steps between their middles.
#[derive(Clone, Debug)]
pub struct Field {
    /// Whole blocks, half a block or more beyond the region to all sides.
    blended: Plane,
    means: Plane,
    /// How far a pixel has come from the middle of a block to the next one's.
    come: Vec<f32>,
    /// Where in `blended` the region begins.
    corner: (usize, usize),
}

impl Field {
    pub fn new(blended: Plane, block: usize, corner: (usize, usize)) -> Self {
        let (columns, rows) = (blended.width() / block, blended.height() / block);
        let share = 1.0 / (block * block) as f32;
        let mut means = Plane::filled(columns, rows, 0.0);
        let mut sums = vec![0.0; blended.width()];
        let arch = Arch::new();
        for row in 0..rows {
            sums.fill(0.0);
            for y in row * block..(row + 1) * block {
                arch.dispatch(Add {
                    to: &mut sums,
                    row: blended.row(y),
                });
            }
            for (mean, sums) in means.row_mut(row).iter_mut().zip(sums.chunks_exact(block)) {
                *mean = sums.iter().sum::<f32>() * share;
            }
        }
        let come = (0..block).map(|i| (i as f32 + 0.5) / block as f32);
        Self {
            blended,
            means,
            come: come.collect(),
            corner,
        }
    }

    /// Row `y` of the region.
    pub fn row(&self, y: usize, out: &mut [f32]) {
        let (block, y) = (self.come.len(), self.corner.1 + y);
        let past_first_middle = y - block / 2;
        let (above, down) = (
            past_first_middle / block,
            self.come[past_first_middle % block],
        );
        let pairs = self.means.row(above).iter().zip(self.means.row(above + 1));
        let tones: Vec<f32> = pairs
            .map(|(above, below)| above + down * (below - above))
            .collect();
        Arch::new().dispatch(WithoutTone {
            blended: &self.blended.row(y)[self.corner.0..][..out.len()],
            tones: &tones,
            come: &self.come,
            past_first_middle: self.corner.0 - block / 2,
            out,
        });
    }
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
