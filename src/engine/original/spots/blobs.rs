//! Blobs in one scale of a difference that stand out from what is usual around them.

use super::usual;
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::raster::{Plane, Region, row_set, wide};

/// Filters that blobs are found by, on the finest level and on the others. The outer Gaussian is wide, as the AI left what
/// is coarser alone: the difference has little there that a blob could drown in. One filter is enough for the smallest
/// blobs, on the finest level, which costs most; but rim and middle of a small crater answer against each other to it, and
/// only its middle alone to a finer one.
const FINEST_FILTERS: [Filter; 2] = [Filter::of_cores(0.7, 1.75), Filter::of_blobs(1.3, 3.25)];
const FILTERS: [Filter; 2] = [Filter::of_blobs(1.0, 2.5), Filter::of_blobs(1.6, 4.0)];

/// Pores answer to the finer one as middles of craters do: from 4.4 deviations on as many craters again are found, for
/// 1.5 % of the skin in place of 0.1 %.
const LEAST_CORE_STRENGTH: f32 = 6.0;

/// Edges are slopes of what a Gaussian of the first radius leaves, spread by one of the second, in pixels of a level.
const EDGES: (f64, f64) = (1.0, 2.5);

/// A blob that stands out by less than so many deviations is taken for a pore: one whose size is a pixel of the
/// picture, and by how much less for one that is wider by a factor of e. There is less room for wide blobs, so that
/// chance makes fewer of them.
const LEAST_STRENGTH: f64 = 4.3;
const LESS_WHEN_WIDE: f64 = 0.4;

/// In colour it has to stand out by so many times as much: few blemishes are seen in red less green alone, and noise of
/// cameras and networks has blobs there that luma has not.
const MORE_IN_COLOUR: f32 = 1.3;

/// Of what a blob is in the original, at most this share was there before the AI, or is still there after it: what
/// the AI made itself, and moles and freckles that it softened, are not what it removed.
const MOST_LEFT: f32 = 0.5;

/// Where the picture answers the other way, by more than this share of what is gone in the middle or all around it, the
/// AI made or moved something: the original has no more there than the picture. How far is looked, in sizes of a blob.
const MOST_MADE: f32 = 0.7;
const AROUND: f64 = 2.0;

/// A blob longer than this many times its width is a line or an edge.
const LONGEST: f32 = 3.0;

/// Networks move edges by about this share of the blob's size: what that alone makes in the difference is no blob.
const EDGE_SHIFT: f32 = 0.08;

/// Deviations below this are rounding: a sixth of a step of 8 bits.
const LEAST_DEVIATION: f32 = 0.0006;

/// Where strengths are usually lower than they would be by chance, as where nothing changed, they count for no more
/// than this times as much.
const LEAST_SCALE: f32 = 0.75;

/// What is looked at: what the AI changed, and the edges of the picture.
pub struct Level {
    /// Pixels of the picture, across or down, for one of the level.
    pub step: f64,
    /// Original less picture: luma, and red less green if there are colours.
    pub changes: Vec<Plane>,
    /// The same channels of the picture; luma is the first.
    pub picture: Vec<Plane>,
}

/// A blob of a level.
#[derive(Clone, Copy, Debug)]
pub struct Blob {
    /// In pixels of the level.
    pub x: f64,
    pub y: f64,
    /// The deviation of the finer Gaussian that answers to it most, in pixels of the level.
    pub size: f64,
    /// In deviations of what is around it.
    pub strength: f32,
    /// How many times as much as the least that is no pore, for its size.
    pub surprise: f32,
    /// What stands out: a number in the changes of the level.
    pub channel: usize,
    /// Whether it may be the middle of a small crater and nothing else.
    pub is_core: bool,
}

impl Level {
    /// At half the size.
    pub fn halved(&self) -> Self {
        Self {
            step: 2.0 * self.step,
            changes: self.changes.iter().map(halved).collect(),
            picture: self.picture.iter().map(halved).collect(),
        }
    }

    /// The blobs of all scales of this level whose middles are `wanted`.
    pub fn blobs(&self, wanted: impl Fn(&Blob) -> bool, cancel: &Cancel) -> Vec<Blob> {
        let luma = &self.picture[0];
        let bounds = Region::of_size(luma.width(), luma.height());
        let edges = {
            let [fine, wide] = [EDGES.0, EDGES.1].map(Gaussian::new);
            let smooth = fine.blur(luma, bounds, bounds, bounds, cancel);
            wide.blur(&gradient(&smooth), bounds, bounds, bounds, cancel)
        };
        let filters = if self.step == 1.0 {
            FINEST_FILTERS
        } else {
            FILTERS
        };
        let mut found = Vec::new();
        for filter in filters {
            let answers = Answers::new(&filter);
            let channels = if filter.of_cores {
                1
            } else {
                self.changes.len()
            };
            for channel in 0..channels {
                let change = answers.to(&self.changes[channel], bounds, cancel);
                let strengths = Strengths::of(&change, &edges, filter.size as f32);
                let least = filter.least_strength(self.step, channel);
                let blobs = peaks(&change, &strengths, (channel, &filter), least);
                let was_removed = |blob: &Blob| {
                    let around = blob.around(bounds);
                    let own = answers.to(&self.picture[channel], around, cancel);
                    was_removed(blob, (&change, bounds), (&own, around))
                };
                let blobs = blobs.into_iter().filter(&wanted);
                found.extend(blobs.filter(was_removed));
            }
        }
        found
    }
}

/// Two Gaussians whose difference answers to blobs.
#[derive(Clone, Copy)]
struct Filter {
    /// Their deviations, in pixels of a level.
    size: f64,
    wide: f64,
    /// Whether it looks for the middles of small craters, which are seen in luma alone.
    of_cores: bool,
}

impl Filter {
    const fn of_blobs(size: f64, wide: f64) -> Self {
        Self {
            size,
            wide,
            of_cores: false,
        }
    }

    const fn of_cores(size: f64, wide: f64) -> Self {
        Self {
            size,
            wide,
            of_cores: true,
        }
    }

    /// How far a blob has to stand out in a channel of a level whose pixels are `step` of the picture.
    fn least_strength(&self, step: f64, channel: usize) -> f32 {
        if self.of_cores {
            return LEAST_CORE_STRENGTH;
        }
        let least = (LEAST_STRENGTH - LESS_WHEN_WIDE * libm::log(self.size * step)) as f32;
        if channel == 0 {
            least
        } else {
            MORE_IN_COLOUR * least
        }
    }
}

/// What a filter answers: its Gaussians, the finer one first.
struct Answers([Gaussian; 2]);

impl Answers {
    fn new(filter: &Filter) -> Self {
        Self([filter.size, filter.wide].map(Gaussian::new))
    }

    /// That to a region of a plane.
    fn to(&self, plane: &Plane, to: Region, cancel: &Cancel) -> Plane {
        let bounds = Region::of_size(plane.width(), plane.height());
        let [fine, wide] = &self.0;
        let mut answer = fine.blur(plane, bounds, to, bounds, cancel);
        let mut wide = wide.flowing((plane, bounds), to, bounds, cancel);
        let mut row = row_set(1, to.width);
        for y in 0..to.height {
            wide.read(y, &mut row);
            for (fine, wide) in answer.row_mut(y).iter_mut().zip(&row[0]) {
                *fine -= wide;
            }
        }
        answer
    }
}

/// Whether a blob is what the AI removed and not what it made or moved, by the answers to the change and, around the
/// blob, to the picture.
fn was_removed(
    blob: &Blob,
    (change, bounds): (&Plane, Region),
    (own, around): (&Plane, Region),
) -> bool {
    let (x, y) = blob.pixel();
    let gone = change.at(x, y);
    // As a share of what is gone; below 0 it goes the other way, as what the AI made does.
    let left = |x: usize, y: usize| own.at(x - around.x, y - around.y) / gone;
    let [columns, rows] = blob.near(bounds);
    let places = rows.iter().flat_map(|y| columns.map(|x| (x, *y)));
    let most = places.fold(0.0f32, |most, (x, y)| most.max(left(x, y).abs()));
    let (mut product, mut energy) = (0.0, 0.0);
    for y in around.y..around.bottom() {
        let changes = &change.row(y)[around.x..around.right()];
        for (change, own) in changes.iter().zip(own.row(y - around.y)) {
            product += change * own;
            energy += change * change;
        }
    }
    // The original is what is left and what is gone.
    most <= MOST_LEFT / (1.0 - MOST_LEFT)
        && left(x, y) >= -MOST_MADE
        && product >= -MOST_MADE * energy
}

impl Blob {
    /// The pixel of its middle.
    fn pixel(&self) -> (usize, usize) {
        (self.x.round() as usize, self.y.round() as usize)
    }

    /// What is looked at to tell whether the AI made it.
    fn around(&self, bounds: Region) -> Region {
        let reach = (AROUND * self.size).round() as usize;
        let (x, y) = self.pixel();
        Region::new(x, y, 1, 1).expanded(reach, &bounds)
    }

    /// The columns, and the rows, one size before its middle, in the middle, and one size behind.
    fn near(&self, bounds: Region) -> [[usize; 3]; 2] {
        [(self.x, bounds.width), (self.y, bounds.height)].map(|(middle, length)| {
            [-1.0, 0.0, 1.0].map(|steps| {
                ((middle + steps * self.size).round().max(0.0) as usize).min(length - 1)
            })
        })
    }
}

/// The mean of each two by two pixels.
fn halved(plane: &Plane) -> Plane {
    let (width, height) = ((plane.width() / 2).max(1), (plane.height() / 2).max(1));
    let (last, bottom) = (plane.width() - 1, plane.height() - 1);
    let mut half = Plane::filled(width, height, 0.0);
    for y in 0..height {
        let (upper, lower) = (plane.row(2 * y), plane.row((2 * y + 1).min(bottom)));
        for (x, out) in half.row_mut(y).iter_mut().enumerate() {
            let (left, right) = (2 * x, (2 * x + 1).min(last));
            *out = 0.25 * (upper[left] + upper[right] + lower[left] + lower[right]);
        }
    }
    half
}

/// The slope of a plane, for each pixel.
fn gradient(plane: &Plane) -> Plane {
    let (last, bottom) = (plane.width() - 1, plane.height() - 1);
    let mut slopes = Plane::filled(plane.width(), plane.height(), 0.0);
    for y in 0..plane.height() {
        let row = plane.row(y);
        let (upper, lower) = (
            plane.row(y.saturating_sub(1)),
            plane.row((y + 1).min(bottom)),
        );
        for (x, out) in slopes.row_mut(y).iter_mut().enumerate() {
            let across = row[(x + 1).min(last)] - row[x.saturating_sub(1)];
            let down = lower[x] - upper[x];
            *out = 0.5 * (across * across + down * down).sqrt();
        }
    }
    slopes
}

/// Answers in deviations of what is usual around each, for one of its sign: pores are deeper than they are high.
struct Strengths {
    /// As deviations tell.
    plane: Plane,
    /// What they are usually, far around each place.
    usual: usual::Blocks,
}

impl Strengths {
    fn of(answer: &Plane, edges: &Plane, size: f32) -> Self {
        let mut strengths = answer.clone();
        let blocks = usual::deviations(answer);
        let mut usual = [vec![0.0; answer.width()], vec![0.0; answer.width()]];
        for y in 0..answer.height() {
            for (blocks, row) in blocks.iter().zip(&mut usual) {
                blocks.read_row(y, row);
            }
            let [above, below] = &usual;
            let usual = above.iter().zip(below).zip(edges.row(y));
            let row = strengths.row_mut(y).iter_mut().zip(usual);
            wide!({
                for (it, ((above, below), edge)) in row {
                    let usual = if *it > 0.0 { above } else { below };
                    let edge = EDGE_SHIFT * size * edge;
                    *it /= (usual * usual + edge * edge + LEAST_DEVIATION * LEAST_DEVIATION).sqrt();
                }
            });
        }
        Self {
            usual: usual::scale(&strengths),
            plane: strengths,
        }
    }

    /// How far the answer at a pixel stands out, either way.
    fn at(&self, x: usize, y: usize) -> f32 {
        self.plane.at(x, y).abs() / self.usual.at(x, y).max(LEAST_SCALE)
    }
}

/// Where a strength is above all around it and the answer is round.
fn peaks(
    answer: &Plane,
    strengths: &Strengths,
    (channel, filter): (usize, &Filter),
    least: f32,
) -> Vec<Blob> {
    let (width, height) = (answer.width(), answer.height());
    let step = (filter.size.round() as usize).max(1);
    let mut found = Vec::new();
    for y in step..height.saturating_sub(step) {
        for (x, told) in strengths.plane.row(y).iter().enumerate() {
            // Few are worth a closer look.
            if told.abs() < least * LEAST_SCALE || x < step || x + step >= width {
                continue;
            }
            let strength = strengths.at(x, y);
            let near = (y - 1..=y + 1).flat_map(|j| &strengths.plane.row(j)[x - 1..=x + 1]);
            if strength < least || near.into_iter().any(|it| it.abs() > told.abs()) {
                continue;
            }
            if let Some([dx, dy]) = roundness(answer, (x, y), step) {
                found.push(Blob {
                    x: x as f64 + dx,
                    y: y as f64 + dy,
                    size: filter.size,
                    strength,
                    surprise: strength / least,
                    channel,
                    is_core: filter.of_cores,
                });
            }
        }
    }
    found
}

/// How far the top of a round blob is from the pixel; `None` if it is no blob, or a long one: by the eigenvalues of
/// its second derivatives, as in Lowe, Distinctive image features (2004), 4.1.
fn roundness(answer: &Plane, (x, y): (usize, usize), step: usize) -> Option<[f64; 2]> {
    let middle = answer.at(x, y);
    let (left, right) = (answer.at(x - step, y), answer.at(x + step, y));
    let (upper, lower) = (answer.at(x, y - step), answer.at(x, y + step));
    let across = left + right - 2.0 * middle;
    let down = upper + lower - 2.0 * middle;
    let both = 0.25
        * (answer.at(x + step, y + step) + answer.at(x - step, y - step)
            - answer.at(x + step, y - step)
            - answer.at(x - step, y + step));
    let (trace, determinant) = (across + down, across * down - both * both);
    let longest = (LONGEST + 1.0) * (LONGEST + 1.0) / LONGEST;
    if determinant <= 0.0 || trace * trace > longest * determinant {
        return None;
    }
    let top = |before: f32, after: f32, curve: f32| {
        let shift = 0.5 * (before - after) / curve;
        f64::from(shift.clamp(-0.5, 0.5)) * step as f64
    };
    Some([top(left, right, across), top(upper, lower, down)])
}
