//! Texture by example: a patch spread without seam and without visible repeat, with the patch's own
//! histogram.
//!
//! Tiling and blending (Heitz and Neyret 2018; Deliot and Heitz 2019; Burley 2019): the plane is laid
//! out with triangles, a piece of the patch that chance picks is laid on every vertex, and each pixel
//! blends the three pieces that reach it. That is done on a copy of the patch whose histogram was
//! made normal, because there a blend that keeps the variance keeps the histogram; the way back is a
//! table. Every sample is a function of its position, the seed and the layer alone.

use pulp::{Arch, Simd, WithSimd};

use super::Random;
use super::normal::{quantile, share_below};
use super::periodic::periodic_part;
use crate::engine::raster::{Plane, Region, wide};

/// The shortest side of a patch, in pixels: below it pieces are smaller than the pores on them.
pub const SMALLEST_PATCH: usize = 48;

/// Side of a triangle as a share of the patch. Small triangles repeat little and keep the statistics
/// of the whole patch on small fields; large ones leave more of the patch as it was.
const TRIANGLE: f64 = 0.3;

/// Triangles are not smaller than this, in pixels, …
const SMALLEST_TRIANGLE: f64 = 20.0;

/// … as long as they are not a larger share of the patch than this.
const LARGEST_SHARE: f64 = 0.42;

/// How close the middle of a piece comes to the patch's edge, in sides of a triangle. From half a side
/// on a piece gives way to its neighbours, so that what lies across the edge hardly shows.
const MARGIN: f64 = 0.48;

/// Height of an equilateral triangle of side 1.
const ROW: f64 = 0.866_025_403_784_438_6;

/// The middles of this many by this many neighbouring pieces are spread evenly over the patch.
const STRATA: usize = 4;

/// The way back from the normal histogram is tabulated from minus to plus this many deviations.
const TABLE_REACH: f32 = 4.5;

/// Steps of the table.
const TABLE_STEPS: usize = 2048;

/// Side of the blocks whose mean is taken away, in high-pass radii: blending leaves a little tone
/// where pieces meet, which the patch does not have. What a high pass leaves of waves that blocks take away, twice
/// their side and longer, is a twelfth at most.
const BLOCK: f64 = 8.0;

/// The smallest and largest side of those blocks, in pixels.
const BLOCK_SIDES: (f64, f64) = (24.0, 64.0);

/// The vertices of a field are counted from here, so that they are positive beyond its edges.
const FIRST_VERTEX: i64 = 1 << 24;

/// A patch made ready to be spread by example.
#[derive(Clone, Debug, PartialEq)]
pub struct Synthesis {
    /// The patch with a normal histogram; to its right its first columns again, so that a run of
    /// pixels is never cut in two.
    normal: Plane,
    width: usize,
    height: usize,
    /// From normal values back to the patch's own: what each step begins with and how much it rises.
    table: Vec<[f32; 2]>,
    grid: Grid,
    block: usize,
}

/// The triangles: rows of vertices, each row half a side further right than the one above.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Grid {
    /// Pixels from a vertex to the next one in its row.
    side: i64,
    /// Pixels from a row of vertices to the next one.
    row: i64,
}

/// Which piece lies on a vertex: the column and row of the patch at the picture's origin.
#[derive(Clone, Copy, Debug, Default)]
struct Piece {
    x: usize,
    y: usize,
}

impl Synthesis {
    /// Makes a high-passed patch ready. `radius` is that of its high pass, in pixels.
    pub fn new(patch: &Plane, radius: f64) -> Self {
        let (width, height) = (patch.width(), patch.height());
        let grid = Grid {
            side: triangle(width),
            row: ((triangle(height) as f64 * ROW).round() as i64).max(1),
        };
        let normal = to_normal(&periodic_part(patch), &shown(width, height, &grid));
        Self {
            normal: repeated(&normal, grid.side as usize),
            width,
            height,
            table: way_back(patch),
            grid,
            block: block_side(radius),
        }
    }

    /// The texture in a region of the picture, as chance lays it under a seed for a layer.
    pub fn spread(&self, seed: u64, layer: u64, region: Region) -> Plane {
        let random = [0, 1].map(|channel| Random::new(seed, layer, channel));
        // Blocks are aligned to the origin and each pixel needs the middles of those around it.
        let block = self.block as i64;
        let (x, y) = (region.x as i64, region.y as i64);
        let first = |at: i64| (at - block / 2).div_euclid(block) * block;
        let end = |at: i64| (at + block / 2).div_euclid(block) * block + block;
        let (left, top) = (first(x), first(y));
        let (right, bottom) = (
            end(x + region.width as i64 - 1),
            end(y + region.height as i64 - 1),
        );
        let (width, height) = ((right - left) as usize, (bottom - top) as usize);
        let field = self.field(random, left, top, width, height);
        let part = Region::new(
            (x - left) as usize,
            (y - top) as usize,
            region.width,
            region.height,
        );
        without_tone(&field, self.block, part)
    }

    /// The blended pieces, with what tone they have.
    fn field(
        &self,
        random: [Random; 2],
        left: i64,
        top: i64,
        width: usize,
        height: usize,
    ) -> Plane {
        let mut out = Plane::filled(width, height, 0.0);
        let pieces = Pieces::new(self, random, left, top, width, height);
        for y in 0..height {
            self.blend_row(&pieces, left, top + y as i64, out.row_mut(y));
            Arch::new().dispatch(Back {
                table: &self.table,
                values: out.row_mut(y),
            });
        }
        out
    }

    /// One row of blended pieces, still with a normal histogram.
    fn blend_row(&self, pieces: &Pieces, left: i64, y: i64, out: &mut [f32]) {
        let Grid { side, row } = self.grid;
        let below = y.div_euclid(row);
        let down = (y.rem_euclid(row)) as f64 / row as f64;
        let length = side as f64;
        // Where column 0 of the cells begins in this row of pixels.
        let origin = y as f64 * length / (2 * row) as f64;
        let right = left + out.len() as i64;
        let mut cell = ((left as f64 - origin) / length).floor() as i64;
        loop {
            let start = cell as f64 * length + origin;
            // Left of the diagonal lies a triangle that points down, right of it one that points up.
            let diagonal = start + (1.0 - down) * length;
            let corners = [(cell, below), (cell, below + 1), (cell + 1, below)];
            let leaning = [1.0 - down, down, 0.0];
            self.blend_run(
                &pieces.at(corners),
                y,
                Run::new(start, diagonal, leaning, [-1.0, 0.0, 1.0], length),
                left,
                out,
            );
            let corners = [(cell + 1, below + 1), (cell + 1, below), (cell, below + 1)];
            let leaning = [0.0, 1.0 - down, down];
            self.blend_run(
                &pieces.at(corners),
                y,
                Run::new(diagonal, start + length, leaning, [1.0, 0.0, -1.0], length),
                left,
                out,
            );
            cell += 1;
            if (start + length).ceil() as i64 >= right {
                break;
            }
        }
    }

    /// The pixels of one row inside one triangle.
    fn blend_run(&self, pieces: &[Piece; 3], y: i64, run: Run, left: i64, out: &mut [f32]) {
        let from = run.start.max(left);
        let to = run.end.min(left + out.len() as i64);
        if from >= to {
            return;
        }
        let out = &mut out[(from - left) as usize..(to - left) as usize];
        let slices = pieces.map(|piece| {
            let row = (y + piece.y as i64).rem_euclid(self.height as i64) as usize;
            let column = (from + piece.x as i64).rem_euclid(self.width as i64) as usize;
            &self.normal.row(row)[column..][..out.len()]
        });
        let [a, b, c] = slices;
        let power = |weight: f32| {
            let square = weight.max(0.0) * weight.max(0.0);
            square * square
        };
        // The middle weight is the same in the whole run.
        let steady = power(run.weights[1]);
        let ([first, _, third], [first_step, _, third_step]) = (run.weights, run.steps);
        let begun = (from - run.start) as i32;
        wide(|| {
            for i in 0..out.len() {
                let along = (begun + i as i32) as f32;
                let one = power(first + first_step * along);
                let two = power(third + third_step * along);
                let sum = one * a[i] + steady * b[i] + two * c[i];
                out[i] = sum / (one * one + steady * steady + two * two).sqrt();
            }
        });
    }
}

/// Takes normal values back to the patch's own.
struct Back<'a> {
    table: &'a [[f32; 2]],
    values: &'a mut [f32],
}

impl WithSimd for Back<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        const SCALE: f32 = TABLE_STEPS as f32 / (2.0 * TABLE_REACH);
        const LAST: f32 = (TABLE_STEPS - 1) as f32;
        // Above 2²³ floats have no fraction, and their low bits are the number.
        const NO_FRACTION: f32 = 8_388_608.0;
        let Ok(table) = <&[[f32; 2]; TABLE_STEPS]>::try_from(self.table) else {
            unreachable!("a step for each entry")
        };
        let (blocks, rest) = self.values.as_chunks_mut::<8>();
        for values in blocks.iter_mut().map(|it| it.as_mut_slice()).chain([rest]) {
            let (mut steps, mut parts) = ([0; 8], [0.0; 8]);
            for (i, value) in values.iter().enumerate() {
                let at = (value.clamp(-TABLE_REACH, TABLE_REACH) + TABLE_REACH) * SCALE;
                let step = at.min(LAST).floor();
                steps[i] = (step + NO_FRACTION).to_bits() as usize % TABLE_STEPS;
                parts[i] = at - step;
            }
            for (i, value) in values.iter_mut().enumerate() {
                let [low, rise] = table[steps[i]];
                *value = low + parts[i] * rise;
            }
        }
    }
}

/// A row of pixels inside one triangle: from where to where, and the weights of its corners at its
/// first pixel and how they change from pixel to pixel.
struct Run {
    start: i64,
    end: i64,
    weights: [f32; 3],
    steps: [f32; 3],
}

impl Run {
    /// Between two points of a row; `leaning` are the weights at the first, `turns` says which of them
    /// fall and rise over a `length` of pixels.
    fn new(from: f64, to: f64, leaning: [f64; 3], turns: [f64; 3], length: f64) -> Self {
        let start = from.ceil();
        let late = (start - from) / length;
        let weight = |i: usize| (leaning[i] + turns[i] * late) as f32;
        Self {
            start: start as i64,
            end: to.ceil() as i64,
            weights: [weight(0), weight(1), weight(2)],
            steps: turns.map(|it| (it / length) as f32),
        }
    }
}

/// The pieces on the vertices around a region.
struct Pieces {
    first: (i64, i64),
    columns: usize,
    pieces: Vec<Piece>,
}

impl Pieces {
    fn new(
        synthesis: &Synthesis,
        random: [Random; 2],
        left: i64,
        top: i64,
        width: usize,
        height: usize,
    ) -> Self {
        let Grid { side, row } = synthesis.grid;
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
            pieces: vertices.map(|it| synthesis.piece(random, it)).collect(),
        }
    }

    fn at(&self, vertices: [(i64, i64); 3]) -> [Piece; 3] {
        vertices.map(|(column, row)| {
            let (column, row) = (
                (column - self.first.0) as usize,
                (row - self.first.1) as usize,
            );
            self.pieces[row * self.columns + column]
        })
    }
}

impl Synthesis {
    /// The piece that chance lays on a vertex. `random` draws which part of the patch, and where in it.
    fn piece(&self, random: [Random; 2], (column, row): (i64, i64)) -> Piece {
        let (u, v) = (
            (column + FIRST_VERTEX) as usize,
            (row + FIRST_VERTEX) as usize,
        );
        // Of STRATA × STRATA vertices each has another part: the rank of its draw among theirs.
        let (group_u, group_v) = (u / STRATA * STRATA, v / STRATA * STRATA);
        let own = (random[0].row(v).bits(u), v, u);
        let others = (0..STRATA * STRATA).map(|i| {
            let (u, v) = (group_u + i % STRATA, group_v + i / STRATA);
            (random[0].row(v).bits(u), v, u)
        });
        let rank = others.filter(|it| *it < own).count();
        let draw = random[1].row(v).bits(u);
        let middle = |part: usize, bits: u32, size: usize, side: f64| {
            let unit = (part as f64 + f64::from(bits) / 65_536.0) / STRATA as f64;
            let margin = MARGIN * side;
            (margin + (size as f64 - 2.0 * margin) * towards_ends(unit)).floor() as i64
        };
        let Grid { side, row: height } = self.grid;
        let x = middle(rank % STRATA, draw & 0xFFFF, self.width, side as f64);
        let y = middle(rank / STRATA, draw >> 16, self.height, height as f64 / ROW);
        let vertex_x = column * side + (row * side).div_euclid(2);
        Piece {
            x: (x - vertex_x).rem_euclid(self.width as i64) as usize,
            y: (y - row * height).rem_euclid(self.height as i64) as usize,
        }
    }
}

/// Pushes even draws of 0..1 apart, towards both ends: pieces in the middle of the patch cover it more
/// often than those at its edges.
fn towards_ends(unit: f64) -> f64 {
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

fn block_side(radius: f64) -> usize {
    let side = (BLOCK * radius).clamp(BLOCK_SIDES.0, BLOCK_SIDES.1);
    // Even, so that blocks have middles between pixels.
    2 * (side * 0.5).round() as usize
}

/// How often each pixel of a patch is shown, as columns and rows whose product it is.
fn shown(width: usize, height: usize, grid: &Grid) -> [Vec<f64>; 2] {
    let across = share_shown(width, grid.side as f64, grid.side as f64);
    // Pieces are a little lower than they are wide, as rows of triangles are.
    let tall = grid.row as f64 / ROW;
    [across, share_shown(height, tall, 0.9 * tall)]
}

/// How often each of `size` pixels is shown, when pieces that reach `reach` pixels to both sides are
/// laid with `margin` for triangles of `side`.
fn share_shown(size: usize, side: f64, reach: f64) -> Vec<f64> {
    const DRAWS: usize = 256;
    let margin = MARGIN * side;
    let weight = |distance: f64| {
        // One of two pieces on an edge of a triangle.
        let own = (1.0 - distance / reach).max(0.0);
        let (own, other) = (libm::pow(own, 8.0), libm::pow(1.0 - own, 8.0));
        own / (own + other)
    };
    let length = size as f64;
    let mut shown = vec![0.0; size];
    for draw in 0..DRAWS {
        let unit = (draw as f64 + 0.5) / DRAWS as f64;
        let middle = margin + (length - 2.0 * margin) * towards_ends(unit);
        for (i, shown) in shown.iter_mut().enumerate() {
            let distance = (i as f64 + 0.5 - middle).abs();
            *shown += weight(distance.min(length - distance));
        }
    }
    shown
}

/// The patch with a normal histogram. Ranks count each pixel as often as it is shown, so that the field
/// is normal.
fn to_normal(patch: &Plane, [columns, rows]: &[Vec<f64>; 2]) -> Plane {
    let (width, samples) = (patch.width(), patch.samples());
    let mut order: Vec<u32> = (0..samples.len() as u32).collect();
    order.sort_unstable_by(|a, b| {
        let by_value = samples[*a as usize].total_cmp(&samples[*b as usize]);
        by_value.then(a.cmp(b))
    });
    let shown = |i: u32| columns[i as usize % width] * rows[i as usize / width];
    let total: f64 = order.iter().map(|it| shown(*it)).sum();
    let mut normal = Plane::filled(width, patch.height(), 0.0);
    let mut below = 0.0;
    for i in order {
        let own = shown(i);
        normal.samples_mut()[i as usize] = quantile((below + 0.5 * own) / total) as f32;
        below += own;
    }
    normal
}

/// The table from normal values to the patch's own: its quantiles at their shares. They are those of
/// the patch as it is, because its periodic part has lost the peaks at its edges.
fn way_back(patch: &Plane) -> Vec<[f32; 2]> {
    let mut sorted = patch.samples().to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let last = sorted.len() - 1;
    let step = 2.0 * f64::from(TABLE_REACH) / TABLE_STEPS as f64;
    let entry = |i: usize| {
        let share = share_below(i as f64 * step - f64::from(TABLE_REACH));
        let at = (share * sorted.len() as f64 - 0.5).clamp(0.0, last as f64);
        let low = at as usize;
        let high = (low + 1).min(last);
        let part = (at - low as f64) as f32;
        sorted[low] + part * (sorted[high] - sorted[low])
    };
    let entries: Vec<f32> = (0..=TABLE_STEPS).map(entry).collect();
    let steps = entries.windows(2);
    steps.map(|it| [it[0], it[1] - it[0]]).collect()
}

/// The plane with its first `more` columns once more to its right.
fn repeated(plane: &Plane, more: usize) -> Plane {
    let width = plane.width() + more;
    let rows = (0..plane.height()).flat_map(|y| plane.row(y).iter().cycle().take(width));
    Plane::from_samples(width, plane.height(), rows.copied().collect())
}

/// The part of a field of whole blocks, less the means of the blocks with linear steps between their
/// middles.
fn without_tone(field: &Plane, block: usize, part: Region) -> Plane {
    let (columns, rows) = (field.width() / block, field.height() / block);
    let share = 1.0 / (block * block) as f32;
    let mut sums = Plane::filled(columns, rows, 0.0);
    for y in 0..rows * block {
        let sums = sums.row_mut(y / block);
        for (sum, samples) in sums.iter_mut().zip(field.row(y).chunks_exact(block)) {
            *sum += samples.iter().sum::<f32>() * share;
        }
    }
    // How far a pixel has come from the middle of a block to the next one's.
    let come: Vec<f32> = (0..block)
        .map(|i| (i as f32 + 0.5) / block as f32)
        .collect();
    let mut tones = vec![0.0; columns];
    let mut out = field.crop(part);
    for y in 0..part.height {
        let past_first_middle = part.y + y - block / 2;
        let (above, down) = (past_first_middle / block, come[past_first_middle % block]);
        let pairs = sums.row(above).iter().zip(sums.row(above + 1));
        for (tone, (above, below)) in tones.iter_mut().zip(pairs) {
            *tone = above + down * (below - above);
        }
        let mut rest = out.row_mut(y);
        let mut past_first_middle = part.x - block / 2;
        while !rest.is_empty() {
            let (left, begun) = (past_first_middle / block, past_first_middle % block);
            let stretch = rest.len().min(block - begun);
            let (now, later) = rest.split_at_mut(stretch);
            let (tone, rise) = (tones[left], tones[left + 1] - tones[left]);
            for (sample, come) in now.iter_mut().zip(&come[begun..]) {
                *sample -= tone + come * rise;
            }
            rest = later;
            past_first_middle += stretch;
        }
    }
    out
}
