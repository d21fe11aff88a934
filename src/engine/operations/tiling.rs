//! How the texture of a patch is spread over a picture.

use super::parameter::Choice;
use crate::engine::raster::Plane;

/// How a patch is spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiling {
    /// By-example synthesis: no seam, no visible repeat.
    Blend,
    /// Repeated as by Photoshop's Pattern Stamp, aligned to the picture's origin.
    Pattern,
}

impl Choice for Tiling {
    const NAMES: &'static [(&'static str, Self)] =
        &[("blend", Tiling::Blend), ("pattern", Tiling::Pattern)];
}

/// Row `y` of the patch repeated from the picture's origin, from column `x` on.
pub fn repeat(patch: &Plane, y: usize, x: usize, out: &mut [f32]) {
    let row = patch.row(y % patch.height());
    let (first, others) = out.split_at_mut(out.len().min(row.len() - x % row.len()));
    first.copy_from_slice(&row[x % row.len()..][..first.len()]);
    for out in others.chunks_mut(row.len()) {
        out.copy_from_slice(&row[..out.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_repeats_from_the_origin() {
        let patch = Plane::from_samples(3, 2, (0..6).map(|i| i as f32).collect());
        let repeated = |y: usize, x: usize| {
            let mut row = [0.0; 8];
            repeat(&patch, y, x, &mut row);
            row
        };
        assert_eq!(repeated(3, 4), [4.0, 5.0, 3.0, 4.0, 5.0, 3.0, 4.0, 5.0]);
        assert_eq!(repeated(4, 6), [0.0, 1.0, 2.0, 0.0, 1.0, 2.0, 0.0, 1.0]);
    }
}
