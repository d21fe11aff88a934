//! The weights of a Gaussian: exact ones, and those of a blur between two splines that comes to the
//! same.

/// The centre tap and those to one side, ∝ exp(−i²/2s²) for i ≤ ⌈4σ⌉ and normalised, for a standard
/// deviation of exactly `sigma`.
pub fn exact(sigma: f64) -> Vec<f64> {
    if sigma <= 0.0 {
        return vec![1.0];
    }
    let reach = (4.0 * sigma).ceil() as usize;
    if sigma < 1.0 {
        return by_halving(sigma, reach);
    }
    // Above a pixel the deviation is almost s itself: only the ends are missing.
    let mut s = sigma;
    for _ in 0..12 {
        s *= sigma / deviation(&sampled(s, reach));
    }
    sampled(s, reach)
}

/// The deviation grows with s: halves the interval until it cannot be halved any more.
fn by_halving(sigma: f64, reach: usize) -> Vec<f64> {
    let (mut low, mut high) = (sigma * 0.5, sigma + 1.0);
    for _ in 0..80 {
        let middle = 0.5 * (low + high);
        if deviation(&sampled(middle, reach)) < sigma {
            low = middle;
        } else {
            high = middle;
        }
    }
    sampled(0.5 * (low + high), reach)
}

fn deviation(taps: &[f64]) -> f64 {
    let variances = (1..taps.len()).map(|i| 2.0 * (i * i) as f64 * taps[i]);
    variances.sum::<f64>().sqrt()
}

/// exp(−i²/2s²) for i from 0 to `reach`, normalised over both sides.
fn sampled(s: f64, reach: usize) -> Vec<f64> {
    let taps: Vec<f64> = (0..=reach)
        .map(|i| libm::exp(-((i * i) as f64) / (2.0 * s * s)))
        .collect();
    let sum = 2.0 * taps.iter().sum::<f64>() - taps[0];
    taps.iter().map(|it| it / sum).collect()
}

/// How far the spline reaches, in steps of the grid.
pub const SPLINE_REACH: usize = 3;

/// The quintic B-spline: 0 from [`SPLINE_REACH`] on, and all its integer shifts sum to 1.
pub fn spline(x: f64) -> f64 {
    // Six times a difference of powers (Schoenberg).
    let power = |reach: f64| {
        let rest = (reach - x.abs()).max(0.0);
        rest * rest * rest * rest * rest
    };
    (power(3.0) - 6.0 * power(2.0) + 15.0 * power(1.0)) / 120.0
}

/// Most samples to a step of the grid for which [`between_splines`] finds its taps: what it finds for
/// 16 is as good for 64.
const LARGEST_STEP: usize = 16;

/// The taps of a blur on a coarser grid, centre and one side, in whose place between a spline that
/// reduces and a spline that enlarges the whole comes closest to the exact Gaussian: least squares
/// over all its taps and all positions between the grid's. `ratio` is σ in steps of the grid.
pub fn between_splines(ratio: f64, step: usize) -> Vec<f64> {
    let step = step.min(LARGEST_STEP);
    let reach = (4.0 * ratio).ceil() as usize;
    let wanted = exact(ratio * step as f64);
    let both = both_splines(step);
    let middle = (both[0].len() / 2) as isize;
    // How each shift of the two splines goes with the Gaussian, and with another shift of itself.
    let with_gaussian = |shift: usize| {
        let mut sum = 0.0;
        for (position, kernel) in both.iter().enumerate() {
            for (i, weight) in kernel.iter().enumerate() {
                let at = i as isize - middle + (shift * step) as isize - position as isize;
                sum += weight * wanted.get(at.unsigned_abs()).unwrap_or(&0.0);
            }
        }
        sum
    };
    let with_shift = |shift: usize| {
        let offset = shift * step;
        let products = both.iter().map(|kernel| {
            let shifted = kernel.iter().skip(offset);
            shifted.zip(kernel).map(|(a, b)| a * b).sum::<f64>()
        });
        products.sum::<f64>()
    };
    let gaussian: Vec<f64> = (0..=reach).map(with_gaussian).collect();
    let own: Vec<f64> = (0..=2 * reach).map(with_shift).collect();
    // A tap but the centre's stands for two shifts, one to each side. The last row and column hold
    // the taps' sum to 1 (Lagrange's multiplier).
    let unknowns = reach + 2;
    let sides = |i: usize| if i == 0 { 1.0 } else { 2.0 };
    let mut rows = vec![vec![0.0; unknowns + 1]; unknowns];
    for i in 0..=reach {
        for j in 0..=reach {
            let shifts = own[i.abs_diff(j)] + own[i + j];
            rows[i][j] = 0.5 * sides(i) * sides(j) * shifts;
        }
        rows[i][reach + 1] = sides(i);
        rows[reach + 1][i] = sides(i);
        rows[i][unknowns] = sides(i) * gaussian[i];
    }
    rows[reach + 1][unknowns] = 1.0;
    let mut taps = solve(rows);
    taps.truncate(reach + 1);
    taps
}

/// What reducing and enlarging make of a single sample, for each position between the grid's.
fn both_splines(step: usize) -> Vec<Vec<f64>> {
    let steps = SPLINE_REACH as isize;
    let reach = steps * step as isize;
    let of_step = |at: isize| spline(at as f64 / step as f64);
    let middle = 2 * reach;
    (0..step as isize)
        .map(|position| {
            let mut kernel = vec![0.0; 2 * middle as usize + 1];
            for shift in 1 - steps..=steps {
                let centre = shift * step as isize;
                let weight = of_step(position - centre);
                for i in -reach..=reach {
                    kernel[(middle + centre + i) as usize] += weight * of_step(i) / step as f64;
                }
            }
            kernel
        })
        .collect()
}

/// Solves linear equations, each a row of factors with its right side last (Gauss, with pivots).
fn solve(mut rows: Vec<Vec<f64>>) -> Vec<f64> {
    let count = rows.len();
    for column in 0..count {
        let largest = (column..count)
            .max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))
            .expect("the rows from the diagonal down");
        rows.swap(column, largest);
        let pivot = rows[column].clone();
        for row in &mut rows[column + 1..] {
            let factor = row[column] / pivot[column];
            for (value, pivot) in row.iter_mut().zip(&pivot).skip(column) {
                *value -= factor * pivot;
            }
        }
    }
    let mut found = vec![0.0; count];
    for i in (0..count).rev() {
        let known: f64 = (i + 1..count).map(|j| rows[i][j] * found[j]).sum();
        found[i] = (rows[i][count] - known) / rows[i][i];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_taps_deviate_by_sigma_and_sum_to_one() {
        for sigma in [0.05, 0.3, 0.4, 0.5, 1.0, 6.0, 200.0] {
            let taps = exact(sigma);
            let sum = 2.0 * taps.iter().sum::<f64>() - taps[0];
            assert!((sum - 1.0).abs() < 1e-12);
            assert!((deviation(&taps) - sigma).abs() < 1e-9, "{sigma}");
        }
    }

    #[test]
    fn the_shifts_of_a_spline_sum_to_one() {
        for x in [0.0, 0.25, 0.5, 0.99] {
            let sum: f64 = (-3..=3).map(|shift| spline(x + f64::from(shift))).sum();
            assert!((sum - 1.0).abs() < 1e-12);
        }
    }

    /// The error of a whole blur along one line is at most half of the sum here for samples of 0..=1,
    /// and that of both directions at most the sum: reached only by a picture made to reach it.
    #[test]
    fn between_splines_it_is_the_exact_gaussian_to_a_ten_thousandth() {
        for step in [2, 4, 32] {
            for ratio in [2.0, 2.01, 2.2, 2.5, 2.9, 3.3, 3.99] {
                let (low, exact) = (between_splines(ratio, step), exact(ratio * step as f64));
                let reach = ((low.len() + 2 * SPLINE_REACH) * step) as isize;
                let size = step as f64;
                for position in 0..step as isize {
                    let mut errors = 0.0;
                    for at in -reach..=reach {
                        let mut tap = 0.0;
                        for from in -2..=3 {
                            let enlarge = spline(position as f64 / size - f64::from(from));
                            for (i, weight) in low.iter().enumerate() {
                                for side in if i == 0 { vec![0.0] } else { vec![-1.0, 1.0] } {
                                    let grid = f64::from(from) + side * i as f64;
                                    let reduce = spline(at as f64 / size - grid) / size;
                                    tap += enlarge * weight * reduce;
                                }
                            }
                        }
                        let apart = (at - position).unsigned_abs();
                        errors += (tap - exact.get(apart).unwrap_or(&0.0)).abs();
                    }
                    assert!(errors < 1.05e-4, "{step}, {ratio}: {errors}");
                }
            }
        }
    }
}
