//! Finds the spots of a picture: blobs of all sizes, each taken once, the faint ones only as far as they are few.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::{Mutex, MutexGuard};

use rayon::prelude::*;

use super::Spot;
use super::blobs::{Blob, Level};
use super::fit::{Fit, Tried};
use super::heal::FADE;
use crate::engine::guarded::lock;
use crate::engine::operations::Cancel;
use crate::engine::original::Original;
use crate::engine::raster::{Image, Plane, Region, Room, Tile};

/// Side of the squares that are searched one by one, and what is looked at around them, in pixels. So many planes of
/// them are in memory at the same time.
const SQUARE: usize = 1024;
const RIM: usize = 128;
const PLANES: usize = 8;

/// How often the difference is halved to find larger blobs.
const HALVINGS: usize = 2;

/// Where the original is trusted less, hardly anything of a spot comes back. More must not be asked: a spot is itself a
/// reason to trust the original less there.
const LEAST_CONFIDENCE: f32 = 0.2;

/// Spots that stand out by this many deviations are no matter of luck.
const CLEAR: f64 = 6.0;

/// Among hairs, seams and zips the AI always changed something: outside skin, spots have to surprise by so many times as much,
/// too.
const CLEAR_ELSEWHERE: f32 = 1.5;

/// Side of the squares in which fainter spots are held back on no more than a small share of the area.
const CELL: usize = 256;
const FAINT_SHARE: f64 = 0.015;

/// A wider blob over a stronger one that is as high as this is the same, and tells how wide it is.
const SAME_HEIGHT: f32 = 0.6;

/// But not if it is more than so many times as wide: uneven tone has no end.
const MOST_GROWTH: f64 = 2.0;

/// A crater that reaches so many times the size that its core was found by has a rim that is seen by itself. Half of the
/// pores that are taken for a core with a rim seem to reach farther.
const MOST_AROUND_A_CORE: f64 = 6.0;

/// Side of squares, in pixels: spots that are the same lie in one, or in two beside each other.
const TOGETHER: usize = 64;

/// So many blobs are looked at and so many spots are kept, the strongest.
const MOST_BLOBS: usize = 20_000;
const MOST_SPOTS: usize = 4_096;

/// Finds what the AI removed, the strongest first.
///
/// `skin` is where skin is likely, on a copy of the picture of any size; left open, it may be anywhere. The same pictures
/// give the same spots with any number of threads. Once cancelled, some may be missing.
pub fn find(
    picture: &Image,
    original: &Original,
    skin: Option<&Plane>,
    cancel: &Cancel,
) -> Vec<Spot> {
    let (width, height) = (picture.width(), picture.height());
    let columns = width.div_ceil(SQUARE);
    let squares = 0..columns * height.div_ceil(SQUARE);
    let bar = Bar::default();
    let found: Vec<Vec<Candidate>> = squares
        .into_par_iter()
        .map_init(
            || Room::new(PLANES),
            |_, i| {
                let (x, y) = ((i % columns) * SQUARE, (i / columns) * SQUARE);
                let square = Region::new(x, y, SQUARE, SQUARE).within(&picture.bounds());
                search(picture, original, square, &bar, cancel)
            },
        )
        .collect();
    let mut found = found.concat();
    found.sort_by(|a, b| {
        let order = b.surprise.total_cmp(&a.surprise);
        let order = order.then(a.spot.y.total_cmp(&b.spot.y));
        order.then(a.spot.x.total_cmp(&b.spot.x))
    });
    found.truncate(MOST_BLOBS);
    let skin = skin.map(|copy| LikelySkin {
        copy,
        bounds: picture.bounds(),
    });
    choose(&found, skin, picture.bounds())
}

/// Where skin is likely, on a copy of a picture.
#[derive(Clone, Copy)]
pub struct LikelySkin<'a> {
    /// Its coverage.
    pub copy: &'a Plane,
    /// The picture.
    pub bounds: Region,
}

impl LikelySkin<'_> {
    /// Whether the middle of a spot lies on it.
    pub fn holds(&self, spot: &Spot) -> bool {
        let on_copy = |at: f64, length: usize, copied: usize| {
            let place = (at + 0.5) / length as f64 * copied as f64;
            (place.max(0.0) as usize).min(copied - 1)
        };
        let x = on_copy(spot.x, self.bounds.width, self.copy.width());
        let y = on_copy(spot.y, self.bounds.height, self.copy.height());
        self.copy.at(x, y) > 0.5
    }
}

/// What a blob must surprise by to be looked at: as much as the last of the [`MOST_BLOBS`] strongest candidates so far.
#[derive(Default)]
struct Bar {
    /// The bits of their surprises, which are in the order of these: the least on top.
    strongest: Mutex<BinaryHeap<Reverse<u32>>>,
}

impl Bar {
    fn height(&self) -> f32 {
        let strongest = self.strongest();
        let least = strongest.peek().filter(|_| strongest.len() >= MOST_BLOBS);
        least.map_or(0.0, |it| f32::from_bits(it.0))
    }

    fn raise(&self, found: &[Candidate]) {
        let mut strongest = self.strongest();
        for it in found {
            strongest.push(Reverse(it.surprise.to_bits()));
            if strongest.len() > MOST_BLOBS {
                strongest.pop();
            }
        }
    }

    fn strongest(&self) -> MutexGuard<'_, BinaryHeap<Reverse<u32>>> {
        lock(&self.strongest)
    }
}

/// A blob with what it would be as a spot.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    spot: Spot,
    /// See [`Blob`].
    surprise: f32,
    /// It is believed to be no wider than this, in pixels.
    widest: f64,
    /// In samples.
    height: f32,
    /// See [`Fit`].
    cored: bool,
}

/// The candidates whose middles lie in a square of the picture.
fn search(
    picture: &Image,
    original: &Original,
    square: Region,
    bar: &Bar,
    cancel: &Cancel,
) -> Vec<Candidate> {
    let from = square.expanded(RIM, &picture.bounds());
    if cancel.is_cancelled() {
        return Vec::new();
    }
    let confidence = original.confidence(from);
    let mut level = level(picture, original, from);
    let mut finest: Option<Vec<Plane>> = None;
    let mut found = Vec::new();
    for halvings in 0..=HALVINGS {
        if halvings > 0 {
            let halved = level.halved();
            let before = std::mem::replace(&mut level, halved);
            finest.get_or_insert(before.changes);
        }
        let factor = level.step;
        let middle = |blob: &Blob| [blob.x, blob.y].map(|it| (it + 0.5) * factor - 0.5);
        let bar_height = bar.height();
        let is_wanted = |blob: &Blob| {
            let [x, y] = middle(blob);
            let (x, y) = (pixel(x, from.width), pixel(y, from.height));
            let trusted = |it: &Plane| it.at(x, y) >= LEAST_CONFIDENCE;
            let inside = square.contains(&Region::new(from.x + x, from.y + y, 1, 1));
            inside && blob.surprise >= bar_height && confidence.as_ref().is_none_or(trusted)
        };
        let blobs = level.blobs(is_wanted, cancel);
        let changes = finest.as_ref().unwrap_or(&level.changes);
        let mut tried: Option<Tried> = None;
        let before = found.len();
        found.extend(blobs.into_iter().filter_map(|blob| {
            let [x, y] = middle(&blob);
            let size = blob.size * factor;
            let blob = Blob { x, y, size, ..blob };
            // Blobs of a size come one after the other.
            tried.take_if(|it| it.size != size);
            let tried = tried.get_or_insert_with(|| Tried::of_size(size));
            Candidate::new(&changes[blob.channel], &blob, tried, from)
        }));
        bar.raise(&found[before..]);
    }
    found
}

fn pixel(place: f64, length: usize) -> usize {
    (place.round().max(0.0) as usize).min(length - 1)
}

/// Rows that are read together.
const ROWS: usize = 64;

fn level(picture: &Image, original: &Original, from: Region) -> Level {
    let channels = match picture.layout().colours() {
        1 => 1,
        _ => 2,
    };
    let planes = || (0..channels).map(|_| Plane::unfilled(from.width, from.height));
    let (mut changes, mut own): (Vec<Plane>, Vec<Plane>) = (planes().collect(), planes().collect());
    for y in (from.y..from.bottom()).step_by(ROWS) {
        let rows = Region {
            y,
            height: ROWS,
            ..from
        }
        .within(&from);
        let picture = picture.tile(rows);
        let original = original.tile(rows).with_channels(picture.planes().len());
        let here = rows.seen_from(&from);
        let [original, picture] = [&original, &picture].map(looked_at);
        for (channel, (original, picture)) in original.into_iter().zip(picture).enumerate() {
            changes[channel].paste(&original.zip_map(&picture, |o, b| o - b), here);
            own[channel].paste(&picture, here);
        }
    }
    Level {
        step: 1.0,
        changes,
        picture: own,
    }
}

/// Luma of a tile, and red less green if there are colours.
fn looked_at(tile: &Tile) -> Vec<Plane> {
    match tile.planes() {
        [red, green, _] => vec![
            tile.luma(),
            red.clone().zip_map(green, |red, green| red - green),
        ],
        _ => vec![tile.luma()],
    }
}

impl Candidate {
    /// What a blob of a change would be as a spot; the change's corner lies at that of `from` in the picture.
    fn new(change: &Plane, blob: &Blob, tried: &Tried, from: Region) -> Option<Self> {
        let fit = Fit::new([change], |_, _| true, [blob.x, blob.y], tried)?;
        let is_small_crater = || fit.rimmed && fit.shape.reach() < MOST_AROUND_A_CORE * blob.size;
        if blob.is_core && !is_small_crater() {
            return None;
        }
        Some(Self {
            spot: Spot {
                x: from.x as f64 + fit.middle[0],
                y: from.y as f64 + fit.middle[1],
                radius: fit.shape.reach() + 0.5,
                strength: f64::from(blob.strength),
                stretch: fit.stretch,
            },
            surprise: blob.surprise,
            widest: MOST_GROWTH * (fit.shape.reach() + 0.5),
            height: fit.heights[0].abs(),
            cored: fit.cored,
        })
    }

    /// Whether a weaker candidate is the same spot; if it tells better how wide that is, it is believed.
    fn takes_in(&mut self, weaker: &Candidate) -> bool {
        let (spot, other) = (&mut self.spot, &weaker.spot);
        let distance = spot.distance([other.x, other.y]);
        let inside = distance < spot.radius;
        // Beside a spot, one with a core fits as well: the core is where it is not.
        let over = !weaker.cored
            && distance < other.radius
            && other.radius > spot.radius
            && other.radius <= self.widest
            && weaker.height >= SAME_HEIGHT * self.height;
        if over {
            *spot = Spot {
                strength: spot.strength,
                radius: other.radius.max(distance + 0.7 * spot.radius),
                ..*other
            };
        }
        inside || over
    }
}

/// Takes each spot once.
fn distinct(found: &[Candidate]) -> Vec<Candidate> {
    let mut distinct: Vec<Candidate> = Vec::new();
    let mut squares: HashMap<[usize; 2], Vec<usize>> = HashMap::new();
    for it in found {
        let [column, row] = place(&it.spot).map(|it| it / TOGETHER);
        let mut near: Vec<usize> = (row.saturating_sub(1)..=row + 1)
            .flat_map(|row| (column.saturating_sub(1)..=column + 1).map(move |it| [it, row]))
            .filter_map(|square| squares.get(&square))
            .flatten()
            .copied()
            .collect();
        // The strongest comes first.
        near.sort_unstable();
        if !near.iter().any(|known| distinct[*known].takes_in(it)) {
            squares
                .entry([column, row])
                .or_default()
                .push(distinct.len());
            distinct.push(*it);
        }
    }
    distinct
}

/// Takes each spot of a picture once, the faint ones as long as they are few, and outside skin only those that are clear. Where
/// much stands out, faint ones are hardly spots, on skin or not: those outside take room as well.
fn choose(found: &[Candidate], skin: Option<LikelySkin>, bounds: Region) -> Vec<Spot> {
    let mut distinct = distinct(found);
    let columns = bounds.width.div_ceil(CELL);
    let cell = |[column, row]: [usize; 2]| {
        Region::new(column * CELL, row * CELL, CELL, CELL).within(&bounds)
    };
    let mut faint = vec![0.0; columns * bounds.height.div_ceil(CELL)];
    // In the end they have their sizes.
    distinct.retain(|Candidate { spot, .. }| {
        let [x, y] = place(spot);
        let at = [
            x.min(bounds.width - 1) / CELL,
            y.min(bounds.height - 1) / CELL,
        ];
        let room = FAINT_SHARE * (cell(at).width * cell(at).height) as f64;
        let taken = &mut faint[at[1] * columns + at[0]];
        let reach = spot.radius + FADE;
        let area = core::f64::consts::PI * reach * reach;
        let fits = *taken + area <= room;
        if spot.strength < CLEAR && fits {
            *taken += area;
        }
        spot.strength >= CLEAR || fits
    });
    if let Some(skin) = skin {
        let is_clear = |it: &Candidate| it.spot.strength >= CLEAR && it.surprise >= CLEAR_ELSEWHERE;
        distinct.retain(|it| is_clear(it) || skin.holds(&it.spot));
    }
    distinct.truncate(MOST_SPOTS);
    distinct.iter().map(|it| it.spot).collect()
}

/// The pixel in which a spot's middle lies.
fn place(spot: &Spot) -> [usize; 2] {
    [spot.x, spot.y].map(|it| it.max(0.0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::original::spots::Stretch;

    const BOUNDS: Region = Region {
        x: 0,
        y: 0,
        width: 512,
        height: 512,
    };

    fn candidate([x, y]: [f64; 2], (strength, surprise): (f64, f32)) -> Candidate {
        Candidate {
            spot: Spot {
                x,
                y,
                radius: 3.0,
                strength,
                stretch: Stretch::NONE,
            },
            surprise,
            widest: 6.0,
            height: 0.1,
            cored: false,
        }
    }

    /// The places of the spots that are chosen, with skin in the left eighth of the picture or nothing known of it.
    fn chosen(found: &[Candidate], is_known: bool) -> Vec<[f64; 2]> {
        let mut copy = Plane::filled(64, 64, 0.0);
        for y in 0..64 {
            copy.row_mut(y)[..8].fill(1.0);
        }
        let skin = LikelySkin {
            copy: &copy,
            bounds: BOUNDS,
        };
        let spots = choose(found, is_known.then_some(skin), BOUNDS);
        spots.iter().map(|it| [it.x, it.y]).collect()
    }

    #[test]
    fn outside_skin_a_spot_has_to_be_clearer() {
        let looks = [(9.0, 2.0), (9.0, 1.2), (5.0, 2.0), (5.0, 1.2)];
        let rows = [40.0, 100.0, 160.0, 220.0];
        let column = |x: f64| {
            rows.into_iter()
                .zip(looks)
                .map(move |(y, it)| candidate([x, y], it))
        };
        let found: Vec<Candidate> = column(30.0).chain(column(400.0)).collect();
        let at = |x: f64, count: usize| rows[..count].iter().map(move |y| [x, *y]);
        let with_skin: Vec<[f64; 2]> = at(30.0, 4).chain(at(400.0, 1)).collect();
        assert_eq!(chosen(&found, true), with_skin);
        let anywhere: Vec<[f64; 2]> = at(30.0, 4).chain(at(400.0, 4)).collect();
        assert_eq!(chosen(&found, false), anywhere);
    }

    #[test]
    fn what_stands_out_beside_skin_leaves_its_faint_spots_the_less_room() {
        let faint =
            |x: f64| (0..16).map(move |i| candidate([x, 8.0 + 15.0 * f64::from(i)], (5.0, 1.2)));
        let alone: Vec<Candidate> = faint(30.0).collect();
        let after_others: Vec<Candidate> = faint(150.0).chain(faint(30.0)).collect();
        assert!(chosen(&alone, true).len() > 3);
        assert_eq!(chosen(&after_others, true), [[0.0; 2]; 0]);
    }
}
