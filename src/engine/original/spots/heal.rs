//! The original without its spots. What is round and smooth of a spot is taken away, and its pores stay; where more
//! than pores would be left, it is replaced by the tone around it and by texture from beside it.

use rayon::prelude::*;

use super::Spot;
use super::fit::Shape;
use crate::engine::operations::{Cancel, Gaussian};
use crate::engine::original::Original;
use crate::engine::raster::{Image, Patchwork, Plane, Region, Tile};

/// Over this many pixels a healed place fades into what lies around it.
pub(super) const FADE: f64 = 2.0;

/// Directions and distances (in radii) in which texture is looked for.
const DIRECTIONS: usize = 12;
const DISTANCES: [f64; 2] = [2.2, 3.2];

/// The deviation of the picture's own fine detail from which on what lies around a spot is more and more edges, and that
/// from which on nothing else: it has detail of its own then.
const EDGES: [f32; 2] = [0.03, 0.06];

/// How far is looked around a spot whose pores may stay, in times of what changes, and more by so many pixels.
const NEAR: (f64, f64) = (2.4, 4.0);

/// Heals the spots of an original as if it were done one after the other: what it is in and around each spot. Once
/// cancelled, some are missing.
pub fn heal(picture: &Image, original: &Original, spots: &[Spot], cancel: &Cancel) -> Patchwork {
    let windows = spots
        .iter()
        .map(|spot| Window::around(spot, picture.bounds()));
    let windows: Vec<Window> = windows.collect();
    let mut healed = Patchwork::with_room(windows.iter().map(|it| it.patch));
    for wave in waves(&healed, &windows) {
        let heal = |&at: &usize| {
            (!cancel.is_cancelled()).then(|| {
                let look = |window: &Window| {
                    let mut before = original.tile(window.region);
                    healed.lay_over_until(at, &mut before);
                    let later = healed.within(window.region);
                    let later = later.into_iter().filter(|it| *it > at);
                    let blocked = window.covered(later.map(|it| &windows[it]));
                    window.look(picture.tile(window.region), before, blocked, cancel)
                };
                // Most spots need no more than what is near.
                let (far, near) = (&windows[at], windows[at].near());
                let keep_pores = || near.keep_pores(&look(&near), cancel);
                let planes = near.may_keep_pores().then(keep_pores).flatten();
                let planes = planes.unwrap_or_else(|| far.replace(&look(far), cancel));
                Tile::new(far.patch, planes).with_channels(original.layout().colours())
            })
        };
        let patches: Vec<Option<Tile>> = wave.par_iter().map(heal).collect();
        for (at, patch) in wave.into_iter().zip(patches) {
            if let Some(patch) = patch {
                healed.put(at, &patch, |x, y| windows[at].coverage(x, y) > 0.0);
            }
        }
    }
    healed
}

/// The spots in groups that can be healed at the same time: each needs those before it that lie in its window.
fn waves(room: &Patchwork, windows: &[Window]) -> Vec<Vec<usize>> {
    let mut wave_of: Vec<usize> = Vec::with_capacity(windows.len());
    let mut waves: Vec<Vec<usize>> = Vec::new();
    for (at, window) in windows.iter().enumerate() {
        let needed = room.within(window.region);
        let needed = needed.into_iter().filter(|it| *it < at);
        let wave = needed.map(|it| wave_of[it] + 1).max().unwrap_or(0);
        wave_of.push(wave);
        if waves.len() == wave {
            waves.push(Vec::new());
        }
        waves[wave].push(at);
    }
    waves
}

/// What lies in a window: planes of its size.
pub(super) struct Around {
    pub picture: Tile,
    /// The original with the spots before this one healed, in as many channels.
    pub before: Tile,
    /// Where spots lie that come later.
    pub blocked: Vec<bool>,
    /// Original less picture, for each channel.
    pub differences: Vec<Plane>,
    /// What `fine` takes away of them.
    pub textures: Vec<Plane>,
    pub fine: Gaussian,
    wide: Gaussian,
    /// 1 where there is no spot, 0 elsewhere.
    pub clean: Plane,
}

impl Around {
    /// What of the differences is coarse in a part of the window, as told by what is around the spot.
    pub(super) fn tones(&self, part: Region, cancel: &Cancel) -> Vec<Plane> {
        let bounds = Region::of_size(self.clean.width(), self.clean.height());
        let blur = |plane: &Plane| self.wide.blur(plane, bounds, part, bounds, cancel);
        let share = blur(&self.clean);
        let tones = self.differences.iter().map(|it| {
            let known = it.clone().zip_map(&self.clean, |it, clean| it * clean);
            blur(&known).zip_map(
                &share,
                |sum, share| {
                    if share > 1e-4 { sum / share } else { 0.0 }
                },
            )
        });
        tones.collect()
    }
}

/// A spot with what lies around it.
pub(super) struct Window<'a> {
    pub(super) spot: &'a Spot,
    /// What is looked at.
    pub(super) region: Region,
    /// What changes.
    pub(super) patch: Region,
}

impl<'a> Window<'a> {
    fn around(spot: &'a Spot, bounds: Region) -> Self {
        let reach = spot.reach() + FADE;
        Self {
            spot,
            region: square(spot, reach * (DISTANCES[1] + 1.0) + 8.0).within(&bounds),
            patch: square(spot, reach).within(&bounds),
        }
    }

    /// The same with less around it.
    fn near(&self) -> Self {
        let reach = NEAR.0 * (self.spot.reach() + FADE) + NEAR.1;
        Self {
            region: square(self.spot, reach).within(&self.region),
            ..*self
        }
    }

    /// Where other spots lie.
    fn covered<'b>(&self, others: impl Iterator<Item = &'b Window<'b>>) -> Vec<bool> {
        let own = self.region;
        let mut covered = vec![false; own.width * own.height];
        for other in others {
            let reach = other.spot.radius + FADE;
            let shared = other.patch.within(&own);
            for y in shared.y..shared.bottom() {
                for x in shared.x..shared.right() {
                    covered[(y - own.y) * own.width + x - own.x] |=
                        other.spot.distance([x as f64, y as f64]) < reach;
                }
            }
        }
        covered
    }

    /// 1 in the spot, 0 outside, smooth between, for a pixel of the picture.
    pub(super) fn coverage(&self, x: usize, y: usize) -> f32 {
        let distance = self.spot.distance([x as f64, y as f64]);
        let t = ((self.spot.radius + FADE - distance) / FADE).clamp(0.0, 1.0) as f32;
        t * t * (3.0 - 2.0 * t)
    }

    fn look(&self, picture: Tile, before: Tile, blocked: Vec<bool>, cancel: &Cancel) -> Around {
        let Region { width, height, .. } = self.region;
        let bounds = Region::of_size(width, height);
        let blur = |plane: &Plane, gaussian: &Gaussian| {
            gaussian.blur(plane, bounds, bounds, bounds, cancel)
        };
        let before = before.with_channels(picture.planes().len());
        // What the healed place is made from: all but the spots.
        let clean = self.plane(|x, y| {
            let usable = !blocked[y * width + x]
                && self.coverage(self.region.x + x, self.region.y + y) == 0.0;
            f32::from(u8::from(usable))
        });
        let wide = Gaussian::new(self.spot.radius.max(2.5));
        let differences: Vec<Plane> = before
            .planes()
            .iter()
            .zip(picture.planes())
            .map(|(o, b)| o.clone().zip_map(b, |o, b| o - b))
            .collect();
        let fine = Gaussian::new((0.6 * self.spot.radius).clamp(1.0, 4.0));
        let textures: Vec<Plane> = differences
            .iter()
            .map(|it| it.clone().zip_map(&blur(it, &fine), |it, low| it - low))
            .collect();
        Around {
            picture,
            before,
            blocked,
            differences,
            textures,
            fine,
            wide,
            clean,
        }
    }

    /// The samples of the patch with the tone around it and texture from beside it.
    fn replace(&self, look: &Around, cancel: &Cancel) -> Vec<Plane> {
        let source = self.source(look, cancel);
        let tones = look.tones(self.patch.seen_from(&self.region), cancel);
        let channels = tones.iter().enumerate();
        channels
            .map(|(channel, tone)| self.blend(look, (channel, tone), source))
            .collect()
    }

    /// The samples of the patch. Where two textures fade into each other their squares add up, so that neither place
    /// is smoother than the rest.
    fn blend(
        &self,
        look: &Around,
        (channel, tone): (usize, &Plane),
        source: Option<Source>,
    ) -> Plane {
        let (own, picture) = (
            &look.before.planes()[channel],
            &look.picture.planes()[channel],
        );
        let difference = &look.differences[channel];
        let texture = &look.textures[channel];
        let mut healed = Plane::filled(self.patch.width, self.patch.height, 0.0);
        let (left, top) = (self.patch.x - self.region.x, self.patch.y - self.region.y);
        let grain = |x: usize, y: usize| {
            source.map_or(0.0, |it| {
                let [dx, dy] = it.offset;
                it.share * texture.at(x.wrapping_add_signed(dx), y.wrapping_add_signed(dy))
            })
        };
        let even = self.even(|x, y| grain(left + x, top + y));
        for row in 0..self.patch.height {
            for column in 0..self.patch.width {
                let (x, y) = (left + column, top + row);
                let coverage = self.coverage(self.patch.x + column, self.patch.y + row);
                let value = if coverage == 0.0 {
                    own.at(x, y)
                } else {
                    let rest = 1.0 - coverage;
                    let change = rest * difference.at(x, y)
                        + coverage * tone.at(column, row)
                        + (1.0 - rest * rest).sqrt() * (grain(x, y) - even(column, row));
                    picture.at(x, y) + change
                };
                healed.row_mut(row)[column] = value;
            }
        }
        healed
    }

    /// What of a texture would look like the spot again, for each pixel of the patch: how bright it is as a whole, and how
    /// much more in the middle.
    fn even(&self, texture: impl Fn(usize, usize) -> f32) -> impl Fn(usize, usize) -> f32 {
        let shape = Shape::usual(self.spot.radius);
        let bump = move |x: usize, y: usize| {
            let place = [(self.patch.x + x) as f64, (self.patch.y + y) as f64];
            shape.at(self.spot.distance(place))
        };
        // The least squares of what is left, over the spot.
        let [mut all, mut bumps, mut squares, mut sum, mut product] = [0.0f32; 5];
        for y in 0..self.patch.height {
            for x in 0..self.patch.width {
                let weight = self.coverage(self.patch.x + x, self.patch.y + y);
                let (bump, value) = (bump(x, y), texture(x, y));
                all += weight;
                bumps += weight * bump;
                squares += weight * bump * bump;
                sum += weight * value;
                product += weight * bump * value;
            }
        }
        let spread = all * squares - bumps * bumps;
        let slope = if spread > 1e-3 * all * squares {
            (all * product - bumps * sum) / spread
        } else {
            0.0
        };
        let level = if all > 0.0 {
            (sum - slope * bumps) / all
        } else {
            0.0
        };
        move |x, y| level + slope * bump(x, y)
    }

    /// Where the texture lies that is most like that around the spot: as strong, under as bright skin, with no edges.
    /// `None` where there is nothing but spots, or there are edges all around, as in an eye: what lies there is no texture.
    fn source(&self, look: &Around, cancel: &Cancel) -> Option<Source> {
        let Around {
            textures, clean, ..
        } = look;
        let luma = look.picture.luma();
        let bounds = Region::of_size(clean.width(), clean.height());
        let smooth = look.fine.blur(&luma, bounds, bounds, bounds, cancel);
        let edges = luma.clone().zip_map(&smooth, |it, smooth| it - smooth);
        let own = self.patch.seen_from(&self.region);
        let around = own.expanded((self.spot.radius * 0.5) as usize + 3, &bounds);
        let planes = [&luma, &edges];
        let here = Look::of(planes, textures, clean, around)?;
        let mut best: Option<(f32, [isize; 2], f32)> = None;
        for distance in DISTANCES {
            let reach = distance * (self.spot.reach() + FADE);
            for turn in 0..DIRECTIONS {
                let angle = turn as f64 * core::f64::consts::TAU / DIRECTIONS as f64;
                let offset = [
                    (reach * libm::cos(angle)).round() as isize,
                    (reach * libm::sin(angle)).round() as isize,
                ];
                let Some(there) = moved(own, offset, clean) else {
                    continue;
                };
                let Some(other) = Look::of(planes, textures, clean, there) else {
                    continue;
                };
                let all = (there.width * there.height) as f32;
                if other.pixels < all {
                    continue;
                }
                let cost = here.unlike(&other);
                if best.is_none_or(|(least, ..)| cost < least) {
                    best = Some((cost, offset, here.edges.max(other.edges)));
                }
            }
        }
        let (_, offset, edges) = best?;
        let [least, most] = EDGES;
        let share = 1.0 - ((edges - least) / (most - least)).clamp(0.0, 1.0);
        (share > 0.0).then_some(Source { offset, share })
    }
}

/// Where a texture is taken from.
#[derive(Clone, Copy)]
struct Source {
    /// How far away it lies, to the right and down.
    offset: [isize; 2],
    /// How much of it is taken.
    share: f32,
}

/// All pixels that are at most `reach` from a spot's middle, across and down.
fn square(spot: &Spot, reach: f64) -> Region {
    let low = |place: f64| (place - reach).floor().max(0.0) as usize;
    let high = |place: f64| (place + reach).ceil().max(0.0) as usize + 1;
    let (x, y) = (low(spot.x), low(spot.y));
    let wide = high(spot.x).saturating_sub(x);
    Region::new(x, y, wide, high(spot.y).saturating_sub(y))
}

/// A part of a plane, moved; `None` when it leaves the plane.
fn moved(part: Region, [dx, dy]: [isize; 2], plane: &Plane) -> Option<Region> {
    let x = part.x.checked_add_signed(dx)?;
    let y = part.y.checked_add_signed(dy)?;
    let moved = Region::new(x, y, part.width, part.height);
    let inside = moved.right() <= plane.width() && moved.bottom() <= plane.height();
    inside.then_some(moved)
}

/// What skin looks like, by figures of its clean pixels.
struct Look {
    pixels: f32,
    /// Mean luma of the picture.
    luma: f32,
    /// Its deviation: edges.
    contrast: f32,
    /// Deviation of its own fine detail.
    edges: f32,
    /// Energy of the texture for a pixel.
    energy: f32,
}

impl Look {
    /// That of a part: of the picture's luma and the fine detail of that, and of the textures.
    fn of(
        [luma, detail]: [&Plane; 2],
        textures: &[Plane],
        clean: &Plane,
        part: Region,
    ) -> Option<Self> {
        let [mut pixels, mut sum, mut squares, mut edges, mut energy] = [0.0f32; 5];
        for y in part.y..part.bottom() {
            for x in part.x..part.right() {
                let weight = clean.at(x, y);
                let value = luma.at(x, y);
                pixels += weight;
                sum += weight * value;
                squares += weight * value * value;
                edges += weight * detail.at(x, y) * detail.at(x, y);
                for texture in textures {
                    energy += weight * texture.at(x, y) * texture.at(x, y);
                }
            }
        }
        let mean = sum / pixels;
        (pixels > 0.0).then(|| Self {
            pixels,
            luma: mean,
            contrast: (squares / pixels - mean * mean).max(0.0).sqrt(),
            edges: (edges / pixels).sqrt(),
            energy: energy / pixels,
        })
    }

    fn unlike(&self, other: &Self) -> f32 {
        let ratio = f64::from((other.energy + 1e-7) / (self.energy + 1e-7));
        let edges = (other.contrast - self.contrast).max(0.0);
        libm::log(ratio).abs() as f32 + 10.0 * (other.luma - self.luma).abs() + 10.0 * edges
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Stretch;
    use super::*;
    use crate::engine::operations::Random;
    use crate::engine::raster::{Layout, Samples};

    const SIDE: usize = 128;
    const SPOT: Spot = Spot {
        x: 64.0,
        y: 64.0,
        radius: 8.0,
        strength: 1e3,
        stretch: Stretch::NONE,
    };

    /// How far the healed original is from the picture within the spot: the root mean square, and the most.
    fn healed(
        picture: impl Fn(usize, usize) -> f32,
        original: impl Fn(usize, usize) -> f32,
    ) -> [f32; 2] {
        let image = |value: &dyn Fn(usize, usize) -> f32| {
            let samples = (0..SIDE * SIDE)
                .map(|i| value(i % SIDE, i / SIDE))
                .collect();
            Image::new(SIDE, SIDE, Layout::Grey, Samples::Float(samples)).expect("a square")
        };
        let (picture, original) = (image(&picture), Arc::new(image(&original)));
        let bounds = picture.bounds();
        let lies = Original::as_it_lies(original, bounds).expect("of one size");
        let mut tile = lies.tile(bounds);
        heal(&picture, &lies, &[SPOT], &Cancel::default()).lay_over(&mut tile);
        let (healed, picture) = (tile.luma(), picture.luma(bounds));
        let all = (0..SIDE * SIDE).map(|i| (i % SIDE, i / SIDE));
        let inside = all.filter(|(x, y)| SPOT.distance([*x as f64, *y as f64]) < SPOT.radius);
        let far = inside.map(|(x, y)| (healed.at(x, y) - picture.at(x, y)).abs());
        let far: Vec<f32> = far.collect();
        let squares = far.iter().map(|it| it * it).sum::<f32>();
        [
            (squares / far.len() as f32).sqrt(),
            far.into_iter().fold(0.0, f32::max),
        ]
    }

    #[test]
    fn edges_of_an_eye_are_no_texture() {
        // The AI moved them by a little.
        let bars = |x: usize, y: usize| if (x + y / 2) % 18 < 9 { 0.2 } else { 0.7 };
        let [_, most] = healed(bars, |x, y| bars(x + 3, y));
        assert!(most < 0.05, "{most}");
    }

    #[test]
    fn skin_gets_the_texture_beside_it() {
        let random = Random::new(1, 0, 0);
        let grain = |x: usize, y: usize| 0.03 * random.row(y).signed(x);
        let [rms, _] = healed(|_, _| 0.6, |x, y| 0.6 + grain(x, y));
        // That of even noise.
        let expected = 0.03 / 3f32.sqrt();
        assert!((0.75 * expected..1.25 * expected).contains(&rms), "{rms}");
    }
}
