//! The best patches of a picture for a graft: even skin with much fine texture and little else.
//!
//! The picture is measured in cells of a few pixels at full size, where there is skin at all; windows
//! of several sizes are then judged by sums over their cells.

mod cells;

use self::cells::{Measure, around_skin, measured};
use super::{Cancel, Rectangle, SMALLEST_PATCH};
use crate::engine::raster::{Image, Plane, Region};

/// Side of a cell, in pixels: two blocks of a JPEG.
pub const CELL: usize = 16;

/// Sides of the windows that are tried, in pixels of the magnified donor.
const SIDES: [usize; 7] = [256, 192, 160, 128, 96, 64, SMALLEST_PATCH];

/// Windows that are offered.
const OFFERED: usize = 3;

/// The coverage of skin that a window has at least, in the mean.
const SKIN_MEAN: f64 = 0.9;

/// More than this is no even skin: how much cells differ, how far single pixels stand out, and power of
/// coarser structure for that of detail. Real skin has up to 0.2, 1.8 and 1.3.
const UNEVEN: f64 = 0.45;
const PEAKED: f64 = 2.0;
const STRUCTURE: f64 = 2.0;

/// Even skin has up to this power of coarser structure for that of detail. What has more are creases and edges, which a graft
/// would draw all over a face.
const EVEN_STRUCTURE: f64 = 0.3;

/// Base-2 logarithm of the finest octave's amplitude over the next one's: the best patches of photographs have 0.6 to
/// 1.3, and what networks drew in place of texture up to 0.5.
const UNSPOILED: f64 = 0.55;

/// In smoothed pictures single smaller windows look unspoiled by chance: least side in pixels, and how
/// far pixels may stand out. Unspoiled skin has about as much texture as is usual, as a logarithm.
const SUSPECT_SIDE: usize = 96;
const SUSPECT_PEAKED: f64 = 1.6;
const SUSPECT_STRENGTH: f64 = -0.4;

/// What networks draw instead of texture, stubble and short hair at the hairline have one direction: more than this share
/// of it. Unspoiled skin has 0.2 to 0.34.
const SUSPECT_LINES: f64 = 0.35;

/// More power than this, six levels of 8 bits, has stubble and what is drawn over it; dry skin has one to five.
const SUSPECT_POWER: f64 = 0.0235 * 0.0235;

/// Less power than this, a level of 8 bits, is what storing a smoothed picture adds: as fine as texture, but 0.5 to 0.7 levels.
const SUSPECT_LEAST: f64 = 1.5e-5;

/// Hairs are dark lines: detail whose skewness is below this has some.
const SUSPECT_SKEWNESS: f64 = -0.5;

/// Less power than that of a tenth of a level of 8 bits is no texture.
const LEAST_POWER: f64 = 1.6e-7;

/// What is found in the skin of a picture.
#[derive(Debug, Default)]
pub struct Patches {
    /// Those that suit a graft best, the best first, none over another.
    pub best: Vec<Rectangle>,
    /// What half of the skin stays below; `None` without skin.
    pub usual: Option<Usual>,
}

/// What is usual in the skin of a picture, 1 from black to white.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    /// Amplitude of the octave after the finest.
    pub next: f64,
    /// Amplitude of all detail that a graft of the usual radius would take.
    pub fine: f64,
    /// Tone.
    pub tone: f64,
}

/// The patches of a picture that suit a graft best.
///
/// `skin` is the coverage of skin in each cell of [`CELL`] pixels, `scale` the magnification that the
/// patch will get. A picture may be all smoothed by an AI; if it is `suspect`, only skin counts that is
/// not. Once cancelled, some may be missing.
pub fn best_patches(
    picture: &Image,
    skin: &Plane,
    (scale, suspect): (f64, bool),
    cancel: &Cancel,
) -> Patches {
    let (columns, rows) = cells(picture);
    assert_eq!((skin.width(), skin.height()), (columns, rows));
    // No window reaches beyond skin.
    let part = around_skin(skin);
    let cells = measured(picture, skin, part, cancel);
    // Three fifths are less than what is usual, and four fifths in a picture that may be smoothed for the most part.
    let share = if suspect { 0.8 } else { 0.6 };
    let judge = Judge {
        scale,
        usual: share_below(&cells, share, |it| it.fine),
        suspect,
    };
    let usual = cells.iter().any(|it| it.count > 0.0).then(|| Usual {
        next: share_below(&cells, 0.5, |it| it.next).sqrt(),
        fine: share_below(&cells, 0.5, |it| it.fine).sqrt(),
        tone: share_below(&cells, 0.5, |it| it.tone),
    });
    let sums = Sums::new(part, cells);
    let mut windows: Vec<(f64, Window)> = SIDES
        .iter()
        .flat_map(|side| sums.windows(*side, scale))
        .filter_map(|window| Some((judge.score(&sums.over(&window), &window)?, window)))
        .collect();
    // Equal scores go by place, so that the order is always the same.
    windows.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.key().cmp(&other.key())));
    let mut best: Vec<Window> = Vec::new();
    for (_, window) in windows {
        if best.iter().all(|it| !it.overlaps(&window)) {
            best.push(window);
            if best.len() == OFFERED {
                break;
            }
        }
    }
    Patches {
        best: best.iter().map(Window::rectangle).collect(),
        usual,
    }
}

/// Whole cells in a picture: columns and rows.
pub fn cells(picture: &Image) -> (usize, usize) {
    (picture.width() / CELL, picture.height() / CELL)
}

/// The value that a share of the cells with skin stays below.
fn share_below(cells: &[Measure], share: f64, value: impl Fn(&Measure) -> f64) -> f64 {
    let skin = cells.iter().filter(|it| it.count > 0.0);
    let mut values: Vec<f64> = skin.map(value).collect();
    values.sort_unstable_by(f64::total_cmp);
    let place = (values.len() as f64 * share) as usize;
    values.get(place).copied().unwrap_or(0.0)
}

/// What windows are judged against.
struct Judge {
    /// Magnification that the patch will get.
    scale: f64,
    /// Far more power of detail than this is stubble, hair or an edge.
    usual: f64,
    /// Whether the picture may be smoothed all over.
    suspect: bool,
}

impl Judge {
    /// How well a window suits, or `None` where it does not. Each term is a share by which the patch
    /// would be better or worse.
    fn score(&self, sum: &Measure, window: &Window) -> Option<f64> {
        let cells = (window.side * window.side) as f64;
        let mean = |sum: f64| sum / cells;
        // How much larger the mean of squares is than the square of the mean.
        let excess = |squares: f64, plain: f64| {
            (mean(squares) / (mean(plain) * mean(plain)).max(1e-18) - 1.0).max(0.0)
        };
        let fine = mean(sum.fine);
        let covered = sum.bare == 0.0 && mean(sum.skin) >= SKIN_MEAN;
        if !covered || fine < LEAST_POWER || sum.clipped > 0.01 * sum.count {
            return None;
        }
        let (uneven, marked) = (
            excess(sum.uneven, sum.fine),
            excess(sum.marked, sum.structure),
        );
        let structure = mean(sum.structure) / fine;
        // 1 for normal values.
        let peaked = mean(sum.peaks) / (3.0 * fine * fine);
        if uneven > UNEVEN || peaked > PEAKED || structure > STRUCTURE {
            return None;
        }
        let strength = 0.5 * libm::log(fine / self.usual.max(LEAST_POWER));
        let ratio = 0.5 * libm::log2((mean(sum.finest) + 1e-9) / (mean(sum.next) + 1e-9));
        // Coherence of the structure tensor: 0 for no direction, 1 for parallel lines.
        let lines = libm::hypot(sum.across - sum.down, 2.0 * sum.crosswise)
            / (sum.across + sum.down).max(1e-12);
        let unspoiled = ratio >= UNSPOILED
            && strength >= SUSPECT_STRENGTH
            && peaked <= SUSPECT_PEAKED
            && window.side * CELL >= SUSPECT_SIDE
            && lines <= SUSPECT_LINES
            && mean(sum.cubes) >= SUSPECT_SKEWNESS * fine * fine.sqrt()
            && (SUSPECT_LEAST..=SUSPECT_POWER).contains(&fine);
        if self.suspect && !unspoiled {
            return None;
        }
        let size = libm::log((window.side * CELL) as f64 * self.scale / 96.0);
        let tone = mean(sum.tone);
        let spread = (mean(sum.tone_square) - tone * tone).max(0.0).sqrt();
        let blocks = sum.block_steps / sum.other_steps.max(1e-9) - 1.0;
        Some(
            strength.min(0.2) - (strength - 0.4).max(0.0) + size.min(0.25 * size).min(0.25)
                - uneven
                - 0.3 * structure
                - 0.6 * (structure - EVEN_STRUCTURE).max(0.0)
                - 0.4 * libm::log(1.0 + marked)
                - 0.8 * libm::log(peaked.max(1.0))
                - 8.0 * spread
                - lines
                - 1.5 * (0.4 - ratio).max(0.0)
                - 2.0 * (blocks - 0.05).max(0.0),
        )
    }
}

/// A square of cells.
#[derive(Clone, Copy, Debug)]
struct Window {
    column: usize,
    row: usize,
    side: usize,
}

impl Window {
    fn key(&self) -> (usize, usize, usize) {
        (self.row, self.column, self.side)
    }

    fn overlaps(&self, other: &Window) -> bool {
        let apart = |one: usize, other: usize, side: usize, other_side: usize| {
            one + side <= other || other + other_side <= one
        };
        !apart(self.column, other.column, self.side, other.side)
            && !apart(self.row, other.row, self.side, other.side)
    }

    fn rectangle(&self) -> Rectangle {
        let pixels = |cells: usize| (cells * CELL) as u32;
        Rectangle {
            x: pixels(self.column),
            y: pixels(self.row),
            width: pixels(self.side),
            height: pixels(self.side),
        }
    }
}

/// Sums over all cells above and to the left, each with its own cell, so that a window takes four of them.
struct Sums {
    part: Region,
    sums: Vec<Measure>,
}

impl Sums {
    /// In the place of the cells, whose measures are large.
    fn new(part: Region, mut cells: Vec<Measure>) -> Self {
        let columns = part.width;
        for row in 0..part.height {
            let mut along = Measure::default();
            for column in 0..columns {
                let at = row * columns + column;
                along = along.plus(&cells[at], 1.0);
                cells[at] = match row {
                    0 => Measure::default().plus(&along, 1.0),
                    _ => cells[at - columns].plus(&along, 1.0),
                };
            }
        }
        Self { part, sums: cells }
    }

    /// All windows of so many pixels a side after magnification.
    fn windows(&self, side: usize, scale: f64) -> impl Iterator<Item = Window> {
        let side = (side as f64 / scale / CELL as f64).ceil() as usize;
        let side = side.max(1);
        let places = |start: usize, length: usize| start..(start + length + 1).saturating_sub(side);
        let rows = places(self.part.y, self.part.height);
        let columns = places(self.part.x, self.part.width);
        rows.flat_map(move |row| {
            let columns = columns.clone();
            columns.map(move |column| Window { column, row, side })
        })
    }

    fn over(&self, window: &Window) -> Measure {
        // What lies above and to the left of a corner of cells; nothing does at the part's edge.
        let at = |column: usize, row: usize| match (column, row) {
            (0, _) | (_, 0) => Measure::default(),
            _ => self.sums[(row - 1) * self.part.width + column - 1],
        };
        let (left, top) = (window.column - self.part.x, window.row - self.part.y);
        let (right, bottom) = (left + window.side, top + window.side);
        at(right, bottom)
            .plus(&at(left, bottom), -1.0)
            .plus(&at(right, top), -1.0)
            .plus(&at(left, top), 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::{Cancel, Gaussian, Random};
    use crate::engine::raster::Tile;

    const SIDE: usize = 480;

    /// Grain of 2 % over grey; `change` may do something to a place.
    fn skin(change: impl Fn(usize, usize, f32) -> f32) -> Image {
        let random = Random::new(4, 0, 0);
        let mut plane = Plane::filled(SIDE, SIDE, 0.5);
        for y in 0..SIDE {
            for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                *sample = change(x, y, *sample + 0.02 * random.row(y).normal(x));
            }
        }
        Image::from_tile(&Tile::new(Region::of_size(SIDE, SIDE), vec![plane]))
    }

    fn everywhere() -> Plane {
        Plane::filled(SIDE / CELL, SIDE / CELL, 1.0)
    }

    fn best(picture: &Image, skin: &Plane, how: (f64, bool)) -> Vec<Rectangle> {
        best_patches(picture, skin, how, &Cancel::default()).best
    }

    fn contains(patch: &Rectangle, x: u32, y: u32) -> bool {
        (patch.x..patch.x + patch.width).contains(&x)
            && (patch.y..patch.y + patch.height).contains(&y)
    }

    #[test]
    fn three_patches_are_offered_and_none_lies_over_another() {
        let patches = best(&skin(|_, _, it| it), &everywhere(), (1.0, false));
        assert_eq!(patches.len(), OFFERED);
        for (i, one) in patches.iter().enumerate() {
            assert!(one.width >= 96 && one.width == one.height);
            for other in &patches[..i] {
                let apart = one.x + one.width <= other.x
                    || other.x + other.width <= one.x
                    || one.y + one.height <= other.y
                    || other.y + other.height <= one.y;
                assert!(apart, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn even_skin_is_better_than_strong_texture_among_creases() {
        let picture = skin(|x, y, it| match x {
            0..240 => it + 0.08 * (x as f32 * 0.3).sin() * (y as f32 * 0.3).sin(),
            _ => 0.5 + 0.65 * (it - 0.5),
        });
        let best = best(&picture, &everywhere(), (1.0, false))[0];
        assert!(best.x >= 240, "{best:?}");
    }

    #[test]
    fn smooth_places_edges_and_slopes_are_avoided() {
        // Smooth on the left, a bright bar on the right, a steep slope below.
        let picture = skin(|x, y, it| match (x, y) {
            (0..160, _) => 0.5 + 0.1 * (it - 0.5),
            (400..440, _) => it + 0.3,
            (_, 330..) => it + (y - 330) as f32 * 0.003,
            _ => it,
        });
        let best = best(&picture, &everywhere(), (1.0, false))[0];
        assert!(best.x >= 144 && best.x + best.width <= 400, "{best:?}");
        assert!(best.y + best.height <= 352, "{best:?}");
    }

    #[test]
    fn a_patch_lies_in_skin() {
        let mut coverage = everywhere();
        for y in 0..SIDE / CELL {
            coverage.row_mut(y)[..20].fill(0.0);
        }
        for patch in best(&skin(|_, _, it| it), &coverage, (1.0, false)) {
            assert!(patch.x >= 320, "{patch:?}");
        }
        let nowhere = Plane::filled(SIDE / CELL, SIDE / CELL, 0.0);
        assert_eq!(best(&skin(|_, _, it| it), &nowhere, (1.0, false)), []);
    }

    #[test]
    fn a_patch_that_will_be_reduced_is_larger() {
        for patch in best(&skin(|_, _, it| it), &everywhere(), (0.5, false)) {
            assert!(patch.width >= 96, "{patch:?}");
        }
    }

    /// The grain of skin after a blur, with so much of its contrast.
    fn blurred(radius: f64, contrast: f32) -> Image {
        let bounds = Region::of_size(SIDE, SIDE);
        let grain = skin(|_, _, it| it).tile(bounds);
        let cancel = Cancel::default();
        let soft = Gaussian::new(radius).blur(&grain.planes()[0], bounds, bounds, bounds, &cancel);
        let soft = soft.map(|it| 0.5 + contrast * (it - 0.5));
        Image::from_tile(&Tile::new(bounds, vec![soft]))
    }

    #[test]
    fn smoothed_skin_counts_only_where_nobody_is_suspected() {
        let smooth = blurred(1.2, 1.0);
        assert_eq!(best(&smooth, &everywhere(), (1.0, true)), []);
        assert!(!best(&smooth, &everywhere(), (1.0, false)).is_empty());
    }

    #[test]
    fn what_storing_adds_to_smoothed_skin_is_no_skin() {
        // As soft as a lens makes skin; of the grain's power of 2 %, this leaves 1.77 levels.
        let stored = |levels: f32| blurred(0.7, levels / 1.77);
        assert_eq!(best(&stored(0.7), &everywhere(), (1.0, true)), []);
        assert!(!best(&stored(0.7), &everywhere(), (1.0, false)).is_empty());
        assert!(!best(&stored(1.5), &everywhere(), (1.0, true)).is_empty());
    }

    #[test]
    fn spots_are_avoided() {
        let picture = skin(|x, y, it| {
            let distance = (x as f32 - 240.0).hypot(y as f32 - 240.0);
            if distance < 4.0 { it - 0.3 } else { it }
        });
        for patch in best(&picture, &everywhere(), (1.0, false)) {
            assert!(!contains(&patch, 240, 240), "{patch:?}");
        }
    }

    #[test]
    fn what_is_usual_is_the_grain_whatever_stands_out() {
        let usual = |picture: &Image| {
            let found = best_patches(picture, &everywhere(), (1.0, true), &Cancel::default());
            found.usual.expect("there is skin").next
        };
        let grain = usual(&skin(|_, _, it| it));
        let half = usual(&skin(|_, _, it| 0.5 + 0.5 * (it - 0.5)));
        assert!((half / grain - 0.5).abs() < 0.01, "{half} of {grain}");
        let barred = usual(&skin(|x, _, it| if x < 40 { it + 0.3 } else { it }));
        assert!((barred / grain - 1.0).abs() < 0.05, "{barred} for {grain}");
    }
}
