//! The coarse grid of a very wide Gaussian, kept for a whole picture.
//!
//! Such a Gaussian reads so far beyond a tile that tile by tile most of the work would be done many
//! times. The samples of its grid are functions of their positions alone, so each is made once, in
//! pieces, when a tile first asks for it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::decimated::{Decimated, Run};
use crate::engine::operations::Cancel;
use crate::engine::raster::{Plane, Region};

/// Grids of this step and wider ones are kept: they have less than a fiftieth of the picture's samples.
const SMALLEST_STEP: usize = 8;

/// Side of a piece, in pixels.
const PIECE: usize = 512;

/// A piece of the grid, one plane for each channel.
type Piece = Arc<OnceLock<Vec<Plane>>>;

/// What a very wide Gaussian leaves of one picture.
#[derive(Debug)]
pub struct Lows {
    gaussian: Decimated,
    bounds: Region,
    pieces: Mutex<BTreeMap<(isize, isize), Piece>>,
}

impl Lows {
    /// For a standard deviation of `sigma` pixels, in a picture that covers `bounds`; `None` where the
    /// Gaussian is not wide enough for it to be worth while.
    pub fn new(sigma: f64, bounds: Region) -> Option<Self> {
        let gaussian = Decimated::new(sigma).filter(|it| it.step() >= SMALLEST_STEP)?;
        Some(Self {
            gaussian,
            bounds,
            pieces: Mutex::default(),
        })
    }

    /// The blurred planes of a region.
    ///
    /// `source` makes the planes of any region of the picture, always the same ones, and as many as
    /// `channels` says. Once cancelled, what is returned is unfinished.
    pub fn blur(
        &self,
        to: Region,
        channels: usize,
        source: impl Fn(Region) -> Vec<Plane>,
        cancel: &Cancel,
    ) -> Vec<Plane> {
        let (wide, tall) = self.gaussian.grid_around(to);
        let mut grids = vec![Plane::filled(wide.length, tall.length, 0.0); channels];
        let side = self.side();
        for row in tall.pieces(side) {
            for column in wide.pieces(side) {
                if cancel.is_cancelled() {
                    break;
                }
                let piece = self.piece((column, row));
                let planes = piece.get_or_init(|| self.make((column, row), &source));
                for (grid, plane) in grids.iter_mut().zip(planes) {
                    let corner = (column * side as isize, row * side as isize);
                    copy_common(plane, corner, grid, (wide.first, tall.first));
                }
            }
        }
        let grids = grids.iter();
        grids
            .map(|it| self.gaussian.blur_grid(it, to, cancel))
            .collect()
    }

    /// Samples of the grid along a piece.
    fn side(&self) -> usize {
        PIECE / self.gaussian.step()
    }

    fn piece(&self, at: (isize, isize)) -> Piece {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        pieces.entry(at).or_default().clone()
    }

    /// Makes a piece, whoever may be cancelled meanwhile: others may need it.
    fn make(
        &self,
        (column, row): (isize, isize),
        source: impl Fn(Region) -> Vec<Plane>,
    ) -> Vec<Plane> {
        let side = self.side();
        let run = |piece: isize| Run {
            first: piece * side as isize,
            length: side,
        };
        let (wide, tall) = (run(column), run(row));
        let from = self.gaussian.sources_of((wide, tall), self.bounds);
        let planes = source(from);
        let planes = planes.iter();
        planes
            .map(|it| {
                let never = Cancel::default();
                let regions = (from, from, self.bounds);
                self.gaussian.reduce(it, regions, (wide, tall), &never)
            })
            .collect()
    }
}

/// Copies what two rectangles of the grid have in common; corners are positions on the grid.
fn copy_common(from: &Plane, corner: (isize, isize), to: &mut Plane, to_corner: (isize, isize)) {
    let left = corner.0.max(to_corner.0);
    let right = (corner.0 + from.width() as isize).min(to_corner.0 + to.width() as isize);
    let top = corner.1.max(to_corner.1);
    let bottom = (corner.1 + from.height() as isize).min(to_corner.1 + to.height() as isize);
    if left >= right {
        return;
    }
    let length = (right - left) as usize;
    for y in top..bottom {
        let row = &from.row((y - corner.1) as usize)[(left - corner.0) as usize..][..length];
        let out = to.row_mut((y - to_corner.1) as usize);
        out[(left - to_corner.0) as usize..][..length].copy_from_slice(row);
    }
}
