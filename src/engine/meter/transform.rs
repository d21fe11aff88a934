//! The Fourier transform of a square block, two real planes at once: the same sums in the same order on every machine.

/// Side of a block, in pixels: a power of two.
pub(super) const SIDE: usize = 256;

/// A block of complex numbers, row by row, or its spectrum.
#[derive(Clone)]
pub(super) struct Block {
    pub re: Vec<f32>,
    pub im: Vec<f32>,
}

/// The roots of unity.
pub(super) struct Transform {
    cos: Vec<f32>,
    sin: Vec<f32>,
}

impl Block {
    pub fn new() -> Self {
        let zeros = || vec![0.0; SIDE * SIDE];
        Self {
            re: zeros(),
            im: zeros(),
        }
    }

    fn transpose(&mut self) {
        for y in 1..SIDE {
            for x in 0..y {
                self.re.swap(y * SIDE + x, x * SIDE + y);
                self.im.swap(y * SIDE + x, x * SIDE + y);
            }
        }
    }
}

impl Transform {
    pub fn new() -> Self {
        let angle = |i: usize| core::f64::consts::TAU * i as f64 / SIDE as f64;
        Self {
            cos: (0..SIDE / 2).map(|i| libm::cos(angle(i)) as f32).collect(),
            sin: (0..SIDE / 2).map(|i| libm::sin(angle(i)) as f32).collect(),
        }
    }

    /// The spectrum. Its rows and columns lie in the order that [`frequency`] tells, columns for rows.
    pub fn forward(&self, block: &mut Block) {
        self.down(block);
        block.transpose();
        self.down(block);
    }

    /// The block of a spectrum.
    pub fn inverse(&self, block: &mut Block) {
        self.up(block);
        block.transpose();
        self.up(block);
        let norm = 1.0 / (SIDE * SIDE) as f32;
        for it in block.re.iter_mut().chain(&mut block.im) {
            *it *= norm;
        }
    }

    /// All columns at once: Gentleman and Sande's transform (1966), which leaves them in bit-reversed order.
    fn down(&self, block: &mut Block) {
        let mut half = SIDE / 2;
        while half > 0 {
            self.pairs(half, block, |c, s, a, b| {
                let (re, im) = (*a.0 - *b.0, *a.1 - *b.1);
                *a.0 += *b.0;
                *a.1 += *b.1;
                *b.0 = re * c + im * s;
                *b.1 = im * c - re * s;
            });
            half /= 2;
        }
    }

    /// The way back: Cooley and Tukey's transform (1965) of values in bit-reversed order.
    fn up(&self, block: &mut Block) {
        let mut half = 1;
        while half < SIDE {
            self.pairs(half, block, |c, s, a, b| {
                let (re, im) = (*b.0 * c - *b.1 * s, *b.1 * c + *b.0 * s);
                *b.0 = *a.0 - re;
                *b.1 = *a.1 - im;
                *a.0 += re;
                *a.1 += im;
            });
            half *= 2;
        }
    }

    /// Gives a butterfly each number of every pair of rows that lie `half` rows apart, with their root.
    fn pairs(&self, half: usize, block: &mut Block, butterfly: impl Fn(f32, f32, Pair, Pair)) {
        let stride = SIDE / (2 * half);
        for start in (0..SIDE).step_by(2 * half) {
            let rows = start * SIDE..(start + 2 * half) * SIDE;
            let (re_a, re_b) = block.re[rows.clone()].split_at_mut(half * SIDE);
            let (im_a, im_b) = block.im[rows].split_at_mut(half * SIDE);
            for i in 0..half {
                let (c, s) = (self.cos[i * stride], self.sin[i * stride]);
                let row = i * SIDE..(i + 1) * SIDE;
                let a = re_a[row.clone()].iter_mut().zip(&mut im_a[row.clone()]);
                let b = re_b[row.clone()].iter_mut().zip(&mut im_b[row]);
                for (a, b) in a.zip(b) {
                    butterfly(c, s, a, b);
                }
            }
        }
    }
}

/// Real and imaginary part.
type Pair<'a> = (&'a mut f32, &'a mut f32);

/// The frequency of a row or column of a spectrum, in cycles a pixel, −½ to below ½.
pub(super) fn frequency(position: usize) -> f64 {
    let wave = position.reverse_bits() >> (usize::BITS - SIDE.trailing_zeros());
    let signed = if wave < SIDE / 2 {
        wave as f64
    } else {
        wave as f64 - SIDE as f64
    };
    signed / SIDE as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_is_the_block_and_a_wave_is_one_number() {
        let transform = Transform::new();
        let mut block = Block::new();
        let (across, down) = (5.0, 40.0);
        let wave = |x: usize, y: usize| {
            let turn = (across * x as f64 + down * y as f64) / SIDE as f64;
            libm::cos(core::f64::consts::TAU * turn) as f32
        };
        for y in 0..SIDE {
            for x in 0..SIDE {
                block.re[y * SIDE + x] = wave(x, y);
            }
        }
        let before = block.clone();
        transform.forward(&mut block);
        for y in 0..SIDE {
            for x in 0..SIDE {
                // Columns for rows.
                let at = (frequency(y) * SIDE as f64, frequency(x) * SIDE as f64);
                let expected = if at == (across, down) || at == (-across, -down) {
                    (SIDE * SIDE) as f32 / 2.0
                } else {
                    0.0
                };
                assert!((block.re[y * SIDE + x] - expected).abs() < 0.1);
            }
        }
        transform.inverse(&mut block);
        for (value, expected) in block.re.iter().zip(&before.re) {
            assert!((value - expected).abs() < 1e-5);
        }
    }
}
