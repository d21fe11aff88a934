//! The coarse grid of a wide Gaussian, shared by the tiles of a picture.
//!
//! Such a Gaussian reads so far beyond a tile that tile by tile most of the work would be done many
//! times. The samples of its grid are functions of their positions alone, so each is made once, in
//! pieces, when a tile first asks for it. Pieces that were made long ago give way to new ones.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock};

use super::Flowing;
use super::decimated::{Decimated, Grid};
use super::halving::Run;
use crate::engine::guarded::lock;
use crate::engine::operations::Cancel;
use crate::engine::raster::{Plane, Region, RowSource};

/// Columns and rows of a piece at least, in pixels, …
const PIECE: (usize, usize) = (1024, 64);

/// … and in steps of the grid: what is read around a piece is little beside it.
const STEPS: usize = 24;

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

    /// The region `to` of a picture, to be read blurred.
    ///
    /// `source` gives what reads any region of the picture, always the same samples, and `own` is what it gives for this
    /// one. Once cancelled, what is returned is unfinished.
    pub fn flowing<R: RowSource>(
        &self,
        own: R,
        to: Region,
        source: impl Fn(Region) -> R,
        cancel: &Cancel,
    ) -> Flowing<R> {
        let interleaved = own.interleaved();
        let (wide, tall) = self.gaussian.grid_around(to);
        let (wide, tall) = (wide.pieces(self.side.0), tall.pieces(self.side.1));
        let corner = self.corner((*wide.start(), *tall.start()));
        let mut columns = Vec::new();
        for column in wide {
            let mut pieces = Vec::new();
            for row in tall.clone() {
                let (piece, is_new) = self.piece((column, row));
                // What another thread has begun is waited for when all the rest is done.
                if is_new && !cancel.is_cancelled() {
                    piece.get_or_init(|| self.make((column, row), &source));
                }
                pieces.push(((column, row), piece));
            }
            columns.push(pieces);
        }
        // In place of what is not made any more.
        let empty = OnceLock::new();
        let make_empty = || {
            let plane = Plane::filled(self.side.0, self.side.1, 0.0);
            vec![plane; own.planes() * interleaved]
        };
        let mut grid = Grid {
            corner,
            side: self.side,
            columns: Vec::new(),
        };
        for pieces in &columns {
            let pieces = pieces.iter().map(|(place, piece)| {
                let made = match cancel.is_cancelled() {
                    true => piece.get().unwrap_or_else(|| empty.get_or_init(make_empty)),
                    false => piece.get_or_init(|| self.make(*place, &source)),
                };
                made.as_slice()
            });
            grid.columns.push(pieces.collect());
        }
        let blurred = self.gaussian.blur_grid(&grid, interleaved, to);
        Flowing::blurred(own, blurred)
    }

    /// A piece, and whether nobody has asked for it before, or not since it gave way.
    fn piece(&self, at: Place) -> (Piece, bool) {
        let mut pieces = lock(&self.pieces);
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
        let grid = (Run::new(left, self.side.0), Run::new(top, self.side.1));
        let mut source = source(self.gaussian.sources_of(grid, self.bounds));
        let never = Cancel::default();
        self.gaussian.reduce(&mut source, grid, self.bounds, &never)
    }
}
