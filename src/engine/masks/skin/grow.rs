//! A coverage, widened or narrowed by a distance.

use crate::engine::raster::Plane;

/// The coverage with its edge, where it is ½, moved outwards by so many pixels, or inwards below 0.
pub fn grown(coverage: &Plane, by: f32) -> Plane {
    if by < 0.0 {
        let rest = coverage.clone().map(|it| 1.0 - it);
        return grown(&rest, -by).map(|it| 1.0 - it);
    }
    let reach = by.ceil() as usize + 1;
    let across = distances_across(coverage, reach as f32 + 1.0);
    let mut out = coverage.clone();
    for y in 0..coverage.height() {
        let rows = y.saturating_sub(reach)..(y + reach + 1).min(coverage.height());
        let mut nearest = vec![f32::INFINITY; coverage.width()];
        for other in rows {
            let down = y.abs_diff(other) as f32;
            for (nearest, across) in nearest.iter_mut().zip(across.row(other)) {
                *nearest = nearest.min(across * across + down * down);
            }
        }
        for (out, nearest) in out.row_mut(y).iter_mut().zip(nearest) {
            *out = out.max((by + 0.5 - nearest.sqrt()).clamp(0.0, 1.0));
        }
    }
    out
}

/// Along each row, how far the nearest covered pixel is, at most `most`.
fn distances_across(coverage: &Plane, most: f32) -> Plane {
    let mut out = Plane::filled(coverage.width(), coverage.height(), most);
    for y in 0..coverage.height() {
        let row = out.row_mut(y);
        let covered = coverage.row(y);
        let mut last = most;
        for x in 0..row.len() {
            last = if covered[x] >= 0.5 {
                0.0
            } else {
                (last + 1.0).min(most)
            };
            row[x] = last;
        }
        last = most;
        for x in (0..row.len()).rev() {
            last = if covered[x] >= 0.5 {
                0.0
            } else {
                (last + 1.0).min(most)
            };
            row[x] = row[x].min(last);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pixels are covered of one that grew.
    fn check(by: f32, covered: usize) {
        let mut dot = Plane::filled(9, 9, 0.0);
        dot.row_mut(4)[4] = 1.0;
        let grown = grown(&dot, by);
        let count = grown.samples().iter().filter(|it| **it >= 0.5).count();
        assert_eq!(count, covered, "grown by {by}");
    }

    #[test]
    fn a_pixel_grows_to_a_disc_and_shrinks_to_nothing() {
        check(0.0, 1);
        check(1.0, 5);
        check(1.5, 9);
        check(2.0, 13);
        check(-1.5, 0);
    }
}
