//! The coarse grid of a wide Gaussian, shared by the tiles of a picture.
//!
//! Such a Gaussian reads so far beyond a tile that tile by tile most of the work would be done many
//! times. The samples of its grid are functions of their positions alone, so each is made once, in
//! pieces, when a tile first asks for it. Pieces that were made long ago give way to new ones.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Blurred;
use super::decimated::{Decimated, Run};
use crate::engine::operations::Cancel;
use crate::engine::raster::{Plane, Region, RowSource};

/// Columns and rows of a piece at least, in pixels, …
const PIECE: (usize, usize) = (1024, 64);

/// … and in steps of the grid: what is read around a piece is little beside it.
const STEPS: usize = 16;

/// Samples of pieces that are kept in any case, in each plane: 16 MiB of three.
const KEPT: usize = 4 << 18;

/// Rows of pieces that a tile and those made before it need.
const ROWS_IN_USE: usize = 3;

/// A piece of the grid, one plane for each of the picture.
type Piece = Arc<OnceLock<Vec<Plane>>>;

/// Column and row of a piece.
type Place = (isize, isize);

/// What a wide Gaussian leaves of one picture.
#[derive(Debug)]
pub struct Lows {
    gaussian: Decimated,
    bounds: Region,
    /// Columns and rows of the grid in a piece.
    side: (usize, usize),
    /// Pieces that are kept at most.
    most: usize,
    pieces: Mutex<Pieces>,
}

#[derive(Debug, Default)]
struct Pieces {
    known: BTreeMap<Place, Piece>,
    /// The oldest first.
    order: VecDeque<Place>,
}

impl Lows {
    /// For a standard deviation of `sigma` pixels, in a picture that covers `bounds`; `None` where the
    /// Gaussian is so narrow that it has no grid.
    pub fn new(sigma: f64, bounds: Region) -> Option<Self> {
        let gaussian = Decimated::new(sigma)?;
        let step = gaussian.step();
        let side = (STEPS.max(PIECE.0 / step), STEPS.max(PIECE.1 / step));
        let columns = bounds.width.div_ceil(side.0 * step) + 2;
        let rows = ROWS_IN_USE + rayon::current_num_threads();
        Some(Self {
            gaussian,
            bounds,
            side,
            most: (columns * rows).max(KEPT / (side.0 * side.1)),
            pieces: Mutex::default(),
        })
    }

    /// How many rows beyond a region it reads, in pixels: whole pieces.
    pub fn rim(&self) -> usize {
        self.gaussian.halo() + self.side.1 * self.gaussian.step()
    }

    /// The blurred planes of a region, as many as `planes` says, each with so many samples of a pixel side by side.
    ///
    /// `source` gives what reads any region of the picture, always the same samples. Once cancelled, what is returned
    /// is unfinished.
    pub fn blurred<R: RowSource>(
        &self,
        to: Region,
        (planes, interleaved): (usize, usize),
        source: impl Fn(Region) -> R,
        cancel: &Cancel,
    ) -> Blurred {
        let (wide, tall) = self.gaussian.grid_around(to);
        let mut pieces = Vec::new();
        for row in tall.pieces(self.side.1) {
            for column in wide.pieces(self.side.0) {
                let (piece, is_new) = self.piece((column, row));
                // What another thread has begun is waited for when all the rest is done.
                if is_new && !cancel.is_cancelled() {
                    piece.get_or_init(|| self.make((column, row), &source));
                }
                pieces.push(((column, row), piece));
            }
        }
        let mut grids = vec![Plane::filled(wide.length * interleaved, tall.length, 0.0); planes];
        let in_samples = |(x, y): (isize, isize)| (x * interleaved as isize, y);
        for (place, piece) in pieces {
            if cancel.is_cancelled() {
                break;
            }
            let made = piece.get_or_init(|| self.make(place, &source));
            for (grid, plane) in grids.iter_mut().zip(made) {
                let corner = in_samples(self.corner(place));
                copy_common(plane, corner, grid, in_samples((wide.first, tall.first)));
            }
        }
        self.gaussian.blur_grids(&grids, interleaved, to)
    }

    /// A piece, and whether nobody has asked for it before, or not since it gave way.
    fn piece(&self, at: Place) -> (Piece, bool) {
        let mut pieces = self.pieces.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = pieces.known.get(&at) {
            return (known.clone(), false);
        }
        if pieces.order.len() == self.most
            && let Some(oldest) = pieces.order.pop_front()
        {
            pieces.known.remove(&oldest);
        }
        pieces.order.push_back(at);
        (pieces.known.entry(at).or_default().clone(), true)
    }

    /// Where a piece begins on the grid.
    fn corner(&self, (column, row): Place) -> (isize, isize) {
        (column * self.side.0 as isize, row * self.side.1 as isize)
    }

    /// Makes a piece, whoever may be cancelled meanwhile: others may need it.
    fn make<R: RowSource>(&self, place: Place, source: impl Fn(Region) -> R) -> Vec<Plane> {
        let (left, top) = self.corner(place);
        let run = |first, length| Run { first, length };
        let grid = (run(left, self.side.0), run(top, self.side.1));
        let mut source = source(self.gaussian.sources_of(grid, self.bounds));
        let never = Cancel::default();
        self.gaussian.reduce(&mut source, grid, self.bounds, &never)
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
