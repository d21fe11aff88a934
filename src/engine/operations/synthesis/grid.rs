//! The triangles, and the pieces of the patch that chance lays on their vertices.

use crate::engine::operations::Random;

/// Side of a triangle as a share of the patch. Small triangles repeat little and keep the statistics
/// of the whole patch on small fields; large ones leave more of the patch as it was.
const TRIANGLE: f64 = 0.3;

/// Triangles are not smaller than this, in pixels, …
const SMALLEST_TRIANGLE: f64 = 20.0;

/// … as long as they are not a larger share of the patch than this.
const LARGEST_SHARE: f64 = 0.42;

/// How close the middle of a piece comes to the patch's edge, in sides of a triangle. From half a side
/// on a piece gives way to its neighbours, so that what lies across the edge hardly shows.
pub const MARGIN: f64 = 0.48;

/// Height of an equilateral triangle of side 1.
pub const ROW: f64 = 0.866_025_403_784_438_6;

/// The middles of this many by this many neighbouring pieces are spread evenly over the patch.
const STRATA: usize = 4;

/// The vertices of a field are counted from here, so that they are positive beyond its edges.
const FIRST_VERTEX: i64 = 1 << 24;

/// The triangles: rows of vertices, each row half a side further right than the one above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// Pixels from a vertex to the next one in its row.
    pub side: i64,
    /// Pixels from a row of vertices to the next one.
    pub row: i64,
}

impl Grid {
    /// The triangles for a patch of this size.
    pub fn of_patch(width: usize, height: usize) -> Self {
        Self {
            side: triangle(width),
            row: ((triangle(height) as f64 * ROW).round() as i64).max(1),
        }
    }
}

/// A patch, its triangles, and what chance draws from: which part of the patch, and where in it.
#[derive(Clone, Copy, Debug)]
pub struct Draw {
    pub size: (usize, usize),
    pub grid: Grid,
    pub random: [Random; 2],
}

/// Which piece lies on a vertex: the column and row of the patch at the picture's origin.
#[derive(Clone, Copy, Debug, Default)]
pub struct Piece {
    pub x: usize,
    pub y: usize,
}

/// The pieces on the vertices around a region.
pub struct Pieces {
    first: (i64, i64),
    columns: usize,
    pieces: Vec<Piece>,
}

impl Pieces {
    /// On all vertices that are needed for so many columns and rows of pixels.
    pub fn new(draw: &Draw, (left, top): (i64, i64), (width, height): (usize, usize)) -> Self {
        let Grid { side, row } = draw.grid;
        let rows = (
            top.div_euclid(row),
            (top + height as i64).div_euclid(row) + 2,
        );
        // A row of vertices is half a side further right than the one above.
        let column = |x: i64, row: i64| (x - row * side / 2).div_euclid(side);
        let columns = (
            column(left, rows.1) - 1,
            column(left + width as i64, rows.0) + 3,
        );
        let vertices =
            (rows.0..rows.1).flat_map(|row| (columns.0..columns.1).map(move |it| (it, row)));
        Self {
            first: (columns.0, rows.0),
            columns: (columns.1 - columns.0) as usize,
            pieces: vertices.map(|it| draw.piece(it)).collect(),
        }
    }

    /// Those of a row of vertices, from a column on.
    #[inline(always)]
    pub fn row(&self, row: i64, column: i64) -> &[Piece] {
        let first = (row - self.first.1) as usize * self.columns;
        &self.pieces[first..first + self.columns][(column - self.first.0) as usize..]
    }
}

impl Draw {
    /// The piece that chance lays on a vertex.
    fn piece(&self, (column, row): (i64, i64)) -> Piece {
        let (u, v) = (
            (column + FIRST_VERTEX) as usize,
            (row + FIRST_VERTEX) as usize,
        );
        let [which, place] = self.random;
        // Of STRATA × STRATA vertices each has another part: the rank of its draw among theirs.
        let (group_u, group_v) = (u / STRATA * STRATA, v / STRATA * STRATA);
        let own = (which.row(v).bits(u), v, u);
        let rank = (group_v..group_v + STRATA)
            .map(|v| {
                let row = which.row(v);
                let others = (group_u..group_u + STRATA).map(|u| (row.bits(u), v, u));
                others.filter(|it| *it < own).count()
            })
            .sum::<usize>();
        let draw = place.row(v).bits(u);
        let middle = |part: usize, bits: u32, size: usize, side: f64| {
            let unit = (part as f64 + f64::from(bits) / 65_536.0) / STRATA as f64;
            let margin = MARGIN * side;
            (margin + (size as f64 - 2.0 * margin) * towards_ends(unit)).floor() as i64
        };
        let Grid { side, row: height } = self.grid;
        let (wide, tall) = self.size;
        let x = middle(rank % STRATA, draw & 0xFFFF, wide, side as f64);
        let y = middle(rank / STRATA, draw >> 16, tall, height as f64 / ROW);
        let vertex_x = column * side + (row * side).div_euclid(2);
        Piece {
            x: (x - vertex_x).rem_euclid(wide as i64) as usize,
            y: (y - row * height).rem_euclid(tall as i64) as usize,
        }
    }
}

/// Pushes even draws of 0..1 apart, towards both ends: pieces in the middle of the patch cover it more
/// often than those at its edges.
pub fn towards_ends(unit: f64) -> f64 {
    unit * unit * (3.0 - 2.0 * unit)
}

/// Side of the triangles for a patch of this length, in whole pixels.
fn triangle(length: usize) -> i64 {
    let length = length as f64;
    let side = (TRIANGLE * length)
        .max(SMALLEST_TRIANGLE)
        .min(LARGEST_SHARE * length);
    (side.round() as i64).max(1)
}
