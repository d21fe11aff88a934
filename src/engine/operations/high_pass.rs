//! High pass: keeps detail finer than the radius and takes the rest away.

use super::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region};

/// A high pass of one radius, ready to use.
#[derive(Clone, Debug)]
pub struct HighPass {
    gaussian: Gaussian,
}

impl HighPass {
    /// Keeps what a Gaussian of standard deviation `radius`, in pixels, would take away.
    pub fn new(radius: f64) -> Self {
        Self {
            gaussian: Gaussian::new(radius),
        }
    }

    /// How far beyond a region it reads, in pixels.
    pub fn halo(&self) -> usize {
        self.gaussian.halo()
    }

    /// The signed detail of the region `to`: image − Gaussian(image), around 0, with gain 1.
    ///
    /// The arguments are those of [`Gaussian::blur`].
    pub fn detail(
        &self,
        source: &Plane,
        from: Region,
        to: Region,
        bounds: Region,
        cancel: &Cancel,
    ) -> Plane {
        let low = self.gaussian.blur(source, from, to, bounds, cancel);
        let image = source.crop(to.seen_from(&from));
        image.zip_map(&low, |image, low| image - low)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flat_picture_has_no_detail() {
        let bounds = Region::of_size(9, 9);
        let flat = Plane::filled(9, 9, 0.3);
        let detail = HighPass::new(4.0).detail(&flat, bounds, bounds, bounds, &Cancel::default());
        assert!(detail.samples().iter().all(|it| it.abs() < 1e-6));
    }

    #[test]
    fn a_dot_keeps_all_but_its_blurred_self() {
        let bounds = Region::of_size(9, 9);
        let mut dot = Plane::filled(9, 9, 0.0);
        dot.row_mut(4)[4] = 1.0;
        let detail = HighPass::new(0.3).detail(&dot, bounds, bounds, bounds, &Cancel::default());
        // At 0.3 px the taps are 0.045, 0.91, 0.045.
        assert!((detail.at(4, 4) - (1.0 - 0.91 * 0.91)).abs() < 1e-3);
        assert!((detail.at(5, 4) + 0.91 * 0.045).abs() < 1e-3);
    }
}
