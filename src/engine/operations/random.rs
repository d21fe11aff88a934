//! Random numbers that are a function of where they are drawn, never of when.
//!
//! A counter-based hash instead of a sequential generator: the same grain for any tile, crop and
//! number of threads, and on every machine, since it is whole-number arithmetic.

/// A source of draws, fixed by seed, layer and channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Random {
    key: u64,
}

impl Random {
    /// The draws of one layer and channel under a seed.
    pub fn new(seed: u64, layer: u64, channel: u64) -> Self {
        Self {
            key: mix(mix(mix(seed) ^ layer) ^ channel),
        }
    }

    /// The draws of one row.
    #[inline(always)]
    pub fn row(self, y: usize) -> RandomRow {
        let key = mix(self.key ^ y as u64);
        RandomRow {
            first: key as u32,
            second: (key >> 32) as u32,
        }
    }
}

/// The draws of one row of pixels.
#[derive(Clone, Copy, Debug)]
pub struct RandomRow {
    first: u32,
    second: u32,
}

impl RandomRow {
    /// 32 random bits for column `x`.
    #[inline(always)]
    pub fn bits(self, x: usize) -> u32 {
        // Rounds of multiply and xor-shift (constants by T. Ettinger's search for low bias); the
        // second half of the row's key goes in between, so that no two rows are shifted copies.
        let mut hash = (x as u32).wrapping_mul(0x9E37_79B9) ^ self.first;
        hash = (hash ^ (hash >> 16)).wrapping_mul(0x21F0_AAAD);
        hash = (hash ^ (hash >> 15)).wrapping_add(self.second);
        hash = hash.wrapping_mul(0x735A_2D97);
        hash ^ (hash >> 15)
    }

    /// Uniform on −1..1 for column `x`.
    #[inline(always)]
    pub fn signed(self, x: usize) -> f32 {
        self.bits(x) as i32 as f32 * (1.0 / 2_147_483_648.0)
    }

    /// Standard normal for column `x`, by the transform of Box and Muller.
    #[inline(always)]
    pub fn normal(self, x: usize) -> f32 {
        // The two uniforms come from different streams of the same row.
        let other = RandomRow {
            first: self.second ^ 0x5851_F42D,
            second: self.first,
        };
        let unit = (self.bits(x) as f32 + 0.5) * (1.0 / 4_294_967_296.0);
        let turn = other.bits(x) as f32 * (core::f32::consts::TAU / 4_294_967_296.0);
        (-2.0 * libm::logf(unit)).sqrt() * libm::cosf(turn)
    }
}

/// The finaliser of SplitMix64.
fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIDE: usize = 256;

    fn field(draw: impl Fn(RandomRow, usize) -> f32) -> Vec<f64> {
        let random = Random::new(1, 2, 0);
        let rows = (0..SIDE).map(|y| random.row(y));
        rows.flat_map(|row| (0..SIDE).map(move |x| (row, x)))
            .map(|(row, x)| f64::from(draw(row, x)))
            .collect()
    }

    fn deviation(values: &[f64]) -> f64 {
        (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt()
    }

    #[test]
    fn uniform_draws_fill_their_range_evenly() {
        let field = field(RandomRow::signed);
        assert!((deviation(&field) - 1.0 / 3f64.sqrt()).abs() < 0.01);
        assert!(field.iter().all(|v| (-1.0..=1.0).contains(v)));
        for bin in 0..16 {
            let low = f64::from(bin) / 8.0 - 1.0;
            let hits = field
                .iter()
                .filter(|v| (low..low + 0.125).contains(v))
                .count();
            let expected = field.len() / 16;
            assert!(hits.abs_diff(expected) < expected / 10, "bin {bin}: {hits}");
        }
    }

    #[test]
    fn normal_draws_have_deviation_one_and_normal_tails() {
        let field = field(RandomRow::normal);
        assert!((deviation(&field) - 1.0).abs() < 0.01);
        let fourth = field.iter().map(|v| v.powi(4)).sum::<f64>() / field.len() as f64;
        assert!((fourth - 3.0).abs() < 0.15, "kurtosis {fourth}");
    }

    #[test]
    fn neighbours_are_independent() {
        for draw in [RandomRow::signed, RandomRow::normal] {
            let field = field(draw);
            let power: f64 = field.iter().map(|v| v * v).sum();
            for (dx, dy) in [
                (1, 0),
                (0, 1),
                (1, 1),
                (2, 0),
                (0, 2),
                (7, 3),
                (0, 16),
                (16, 0),
            ] {
                let mut sum = 0.0;
                for y in 0..SIDE - dy {
                    for x in 0..SIDE - dx {
                        sum += field[y * SIDE + x] * field[(y + dy) * SIDE + x + dx];
                    }
                }
                assert!((sum / power).abs() < 0.02, "lag {dx},{dy}: {}", sum / power);
            }
        }
    }

    #[test]
    fn seed_layer_and_channel_each_change_the_draws() {
        let bits = |seed, layer, channel| Random::new(seed, layer, channel).row(5).bits(9);
        let all = [bits(1, 1, 0), bits(2, 1, 0), bits(1, 2, 0), bits(1, 1, 1)];
        for (i, one) in all.iter().enumerate() {
            assert!(all[..i].iter().all(|other| other != one));
        }
    }

    #[test]
    fn the_draws_are_the_same_on_every_machine() {
        assert_eq!(Random::new(1, 1, 0).row(0).bits(0), 0x66CF_D0FC);
        assert_eq!(Random::new(1, 1, 0).row(100).bits(200), 0xB9CB_F9CA);
    }
}
