//! A plain Fourier transform of powers of two: the same sums in the same order on every machine.

/// A complex number: real and imaginary part.
type Complex = [f64; 2];

/// Every product of two numbers on a torus of `width` × `height`, both powers of two: the transform of real values.
#[derive(Clone, Debug)]
pub struct Spectrum {
    width: usize,
    height: usize,
    values: Vec<Complex>,
}

impl Spectrum {
    /// Of values that are laid into the corner of a torus, row by row; elsewhere it is 0.
    pub fn of(values: &[f32], row: usize, (width, height): (usize, usize)) -> Self {
        let mut laid = vec![[0.0; 2]; width * height];
        for (y, values) in values.chunks(row).enumerate() {
            for (out, value) in laid[y * width..].iter_mut().zip(values) {
                out[0] = f64::from(*value);
            }
        }
        let mut spectrum = Self {
            width,
            height,
            values: laid,
        };
        spectrum.transform(-1.0);
        spectrum
    }

    /// For each offset (x, y) around the torus the sum of `self`(p) · `other`(p + offset), row by row.
    pub fn correlation(&self, other: &Spectrum) -> Vec<f64> {
        let product = self.values.iter().zip(&other.values);
        let mut product = Self {
            values: product
                .map(|([a, b], [c, d])| [a * c + b * d, a * d - b * c])
                .collect(),
            ..*self
        };
        product.transform(1.0);
        let count = (self.width * self.height) as f64;
        product.values.iter().map(|it| it[0] / count).collect()
    }

    fn transform(&mut self, sign: f64) {
        let twiddles = twiddles(self.width, sign);
        for row in self.values.chunks_mut(self.width) {
            transform(row, &twiddles);
        }
        let twiddles = self::twiddles(self.height, sign);
        let mut column = vec![[0.0; 2]; self.height];
        for x in 0..self.width {
            for (y, it) in column.iter_mut().enumerate() {
                *it = self.values[y * self.width + x];
            }
            transform(&mut column, &twiddles);
            for (y, it) in column.iter().enumerate() {
                self.values[y * self.width + x] = *it;
            }
        }
    }
}

/// The roots of unity for a transform of `count` values.
fn twiddles(count: usize, sign: f64) -> Vec<Complex> {
    let angle = |i: usize| sign * core::f64::consts::TAU * i as f64 / count as f64;
    let root = |i: usize| [libm::cos(angle(i)), libm::sin(angle(i))];
    (0..count / 2).map(root).collect()
}

/// Cooley and Tukey's transform (1965), in place, of a power of two.
fn transform(values: &mut [Complex], twiddles: &[Complex]) {
    let count = values.len();
    let bits = count.trailing_zeros();
    for i in 1..count {
        let mirrored = i.reverse_bits() >> (usize::BITS - bits);
        if i < mirrored {
            values.swap(i, mirrored);
        }
    }
    let mut half = 1;
    while half < count {
        let stride = count / (2 * half);
        for block in values.chunks_mut(2 * half) {
            let (even, odd) = block.split_at_mut(half);
            for (i, (a, b)) in even.iter_mut().zip(odd).enumerate() {
                let [c, s] = twiddles[i * stride];
                let turned = [b[0] * c - b[1] * s, b[0] * s + b[1] * c];
                *b = [a[0] - turned[0], a[1] - turned[1]];
                *a = [a[0] + turned[0], a[1] + turned[1]];
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_those_of_the_slow_sum() {
        let (width, height) = (8, 4);
        let one: Vec<f32> = (0..12).map(|i| (i * i % 7) as f32 - 3.0).collect();
        let other: Vec<f32> = (0..15).map(|i| (i * 5 % 11) as f32 - 5.0).collect();
        let at = |values: &[f32], row: usize, x: usize, y: usize| {
            let inside = x < row && y * row + x < values.len();
            if inside {
                f64::from(values[y * row + x])
            } else {
                0.0
            }
        };
        let correlation = Spectrum::of(&one, 4, (width, height)).correlation(&Spectrum::of(
            &other,
            5,
            (width, height),
        ));
        for (i, value) in correlation.iter().enumerate() {
            let (dx, dy) = (i % width, i / width);
            let mut expected = 0.0;
            for y in 0..height {
                for x in 0..width {
                    let far = at(&other, 5, (x + dx) % width, (y + dy) % height);
                    expected += at(&one, 4, x, y) * far;
                }
            }
            assert!((value - expected).abs() < 1e-9, "{value} for {expected}");
        }
    }

    #[test]
    fn one_value_is_its_own_transform() {
        let one = Spectrum::of(&[3.0], 1, (1, 1));
        assert_eq!(one.correlation(&one), [9.0]);
    }
}
