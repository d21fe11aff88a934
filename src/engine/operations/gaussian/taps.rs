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

/// What reduces to a grid of every `step`th sample, a power of two, and enlarges from it: centre and one side, summing
/// up to 1. The grid is halved again and again, with the binomial weights of an even `order` each time.
///
/// That is how a B-spline of this order is made of others on finer grids, and what comes of it at last (compare Chui,
/// An introduction to wavelets, 1992): with few taps, what would look like something else on the grid is gone, as often
/// over as the order says.
pub fn halving(order: usize, step: usize) -> Vec<f64> {
    let mut both = vec![1.0];
    let mut apart = 1;
    while apart < step {
        for _ in 0..order {
            let (own, other) = (both.iter(), both.iter());
            let own = own.chain(std::iter::repeat_n(&0.0, apart));
            let other = std::iter::repeat_n(&0.0, apart).chain(other);
            both = own.zip(other).map(|(a, b)| 0.5 * (a + b)).collect();
        }
        apart *= 2;
    }
    both.split_off(both.len() / 2)
}

/// Most samples to a step of the grid for which [`between`] finds its taps: beyond, halving is a B-spline to five
/// digits, whatever the step.
const LARGEST_STEP: usize = 64;

/// The taps of a blur on a coarser grid, centre and so many to one side, in whose place between reducing and enlarging by
/// [`halving`] the whole comes closest to the exact Gaussian: least squares over all its taps and all positions between
/// the grid's. `ratio` is σ in steps of the grid.
pub fn between(ratio: f64, (order, step): (usize, usize), reach: usize) -> Vec<f64> {
    let step = step.min(LARGEST_STEP);
    let wanted = exact(ratio * step as f64);
    let both = both_ways(&halving(order, step), step);
    let middle = (both[0].len() / 2) as isize;
    // How each shift of the two goes with the Gaussian, and with another shift of itself.
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
fn both_ways(halving: &[f64], step: usize) -> Vec<Vec<f64>> {
    let reach = halving.len() as isize - 1;
    let size = step as isize;
    let weight = |at: isize| halving.get(at.unsigned_abs()).copied().unwrap_or(0.0);
    let middle = 2 * reach + size;
    (0..size)
        .map(|position| {
            let mut kernel = vec![0.0; 2 * middle as usize + 1];
            let shifts = (position - reach).div_euclid(size)..=(position + reach).div_euclid(size);
            for centre in shifts.map(|shift| shift * size) {
                let enlarged = weight(position - centre) * step as f64;
                for i in -reach..=reach {
                    kernel[(middle + centre + i) as usize] += enlarged * weight(i);
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
    fn halving_leaves_what_is_flat_as_it_is() {
        assert_eq!(halving(6, 2), [20.0, 15.0, 6.0, 1.0].map(|it| it / 64.0));
        for (order, step) in [(6, 2), (8, 2), (6, 4), (8, 4), (6, 32)] {
            let half = halving(order, step);
            assert_eq!(half.len(), order / 2 * (step - 1) + 1);
            for position in 0..step {
                let all = (-64..64).map(|shift| position as isize - shift * step as isize);
                let taps = all.map(|at| half.get(at.unsigned_abs()).unwrap_or(&0.0));
                let sum = taps.sum::<f64>() * step as f64;
                assert!((sum - 1.0).abs() < 1e-12, "{order}, {step}: {sum}");
            }
        }
    }
}
