//! What skin lost as far as the skin around it tells: whether a network made it, in a face as a whole or place by place.

use rayon::prelude::*;

use super::blocks::{BLOCK, around};
use super::octaves::cells;
use super::skin_cells::{STRIP, SkinCells};
use crate::engine::masks::bilinear::{Bilinear, between};
use crate::engine::masks::smoothstep;
use crate::engine::operations::log2;
use crate::engine::raster::{Plane, Region, wide};

/// Losses at which a cell of skin counts as hardly and as wholly smoothed where its surroundings are judged.
const JUDGED: [f32; 2] = [0.15, 0.25];

/// The share of the skin around a place that has lost texture: up to the second, the place has lost the less, whatever
/// it looks like by itself. Networks smooth whole faces, and chance makes small even spots.
const FEW: [f32; 2] = [0.0, 0.3];

/// What tells that the skin around a place was smoothed as a whole, as a sum: so much for each of what its octaves are like.
/// In texture each octave is strong in places of its own; of what was smoothed or drawn by a network the finer ones are but
/// the edges of the coarser, and are strong where those are. Noise tells the opposite as surely, whatever the skin: smoothed
/// skin is empty, its finest octave weak beside the second, and that strong beside the third; soft edges all over are focus.
/// Found by logistic regression on nine photographs and what networks made of them, each stored in eight ways.
const TOGETHER: f32 = 4.51;
const EMPTY: f32 = 0.34;
const SHORT_OF_FINEST: f32 = 0.34;
const COARSE: f32 = 0.94;
const SOFTER: f32 = 0.42;
const USUAL: f32 = 2.84;

/// A face is smoothed as a whole more often than not, and out of focus in parts: so much counts the mean of all its skin. So
/// does that of all other skin, which filters of faces leave alone.
const AS_A_WHOLE: f32 = 0.8;

/// But not where it was smoothed in part. What is told of the skin of a face that a network made deviates by 0.1 to 0.36 from
/// place to place, of untouched faces by up to 0.58, and where half of a face was filtered by 0.68 to 1: between these, the
/// mean counts less and less, and what is told has to be more than is told in the middle between both parts.
const IN_PART: [f32; 2] = [0.55, 0.7];

/// Small faces have more features for the skin between them, in which octaves are strong whatever was done to it, so that what
/// was smoothed tells less of it: that sum is −0.37 to 0.6 in small faces that networks made, and −1.6 to −0.38 in those of
/// photographs. By so much more is told there. In even smaller ones no more than elsewhere is.
const IN_SMALL_FACES: f32 = 0.2;

/// Pictures in which faces are small, or even smaller, were reduced as a rule, and edges are sharp in them whatever was done to
/// the skin: that logarithm is −0.2 to 0.6 on them. Where a soft kernel reduced them (a triangle is 0.3 softer than Lanczos's
/// window) edges are below zero, and with them all texture has less in its finest octave. So much less is told for each by
/// which they are: of photographs reduced by a triangle that sum is −0.9 to 0 then, and was −0.5 to 0.4.
const SOFTLY_REDUCED: f32 = 1.2;

/// That sum where skin is hardly and wholly smoothed.
const TELLING: [f32; 2] = [-0.12, 0.12];

/// What is smoothed by its surroundings has lost this much.
const BY_SURROUNDINGS: f32 = 0.3;

/// Between these sums skin may have been smoothed, which counts for up to so much of a loss: below the usual threshold, since
/// photographs of small faces lie there as well, but what may be is told from what is not, and a lower threshold takes it.
const IN_DOUBT: f32 = 0.1;
const DOUBTFUL: [f32; 2] = [-1.4, TELLING[0]];

/// How far around a place its skin is judged: in lengths of the picture's longer side, and at least, in pixels.
pub const SURROUNDINGS: (f64, f64) = (0.1, 24.0);

/// What a picture's octaves are like.
pub struct Like<'a> {
    /// In each cell, the logarithm of the finest octave's usual amplitude over the next one's, and that amplitude.
    pub ratio: &'a Plane,
    pub amplitude: &'a Plane,
    /// In each block, that logarithm on edges, …
    pub edges: &'a Plane,
    /// … of the second octave over the third, summed over skin, …
    pub finer: &'a Plane,
    /// … and how the two finest vary together, summed over skin: their covariance, and the variance of each.
    pub together: &'a [Plane; 3],
}

/// What the skin around each block of cells is like.
pub struct Surroundings {
    /// How much skin there is.
    pub skin: Plane,
    /// How much softer than sharp edges are, in that logarithm, where the picture was reduced softly.
    pub softness: Plane,
    /// What its texture lost, as far as that is sure, where it was smoothed as a whole.
    lost: Plane,
}

impl Surroundings {
    /// Of a picture with these cells of skin.
    pub fn of(skin: &SkinCells, like: &Like, bounds: Region) -> Self {
        let skins = skin.sums(|_, skin| skin);
        let gathered = |sums: &Plane| around(sums, bounds, SURROUNDINGS);
        let all = gathered(&skins);
        let by_cells = skin.sums(|cells, mut skin| {
            let ratios = &like.ratio.samples()[cells.clone()];
            let amplitudes = &like.amplitude.samples()[cells];
            let cells = skin.samples_mut().iter_mut().zip(amplitudes).zip(ratios);
            wide!({
                for ((skin, amplitude), ratio) in cells {
                    let strength = EMPTY * log2(255.0 * amplitude.max(f32::MIN_POSITIVE));
                    *skin = -*skin * (strength + SHORT_OF_FINEST * ratio);
                }
            });
            skin
        });
        let by_blocks = by_cells.zip_map(like.finer, |sum, finer| sum + COARSE * finer);
        let sums = gathered(&by_blocks);
        let edges = gathered(&skins.zip_map(like.edges, |skin, edges| skin * edges));
        let edges = edges.zip_map(&all, |sum, skin| sum / skin.max(1e-3));
        let softness = edges
            .clone()
            .zip_map(&skin.reduced_faces, |edges, reduced| {
                reduced * (-edges).max(0.0)
            });
        let [both, one, other] = like.together.each_ref().map(gathered);
        let variances = one.zip_map(&other, |one, other| (one * other).max(0.0).sqrt());
        let together = both.zip_map(&variances, |both, it| both / it.max(1e-3));
        let telling = sums.zip_map(&all, |sum, skin| sum / skin.max(1e-3) - USUAL);
        let telling = telling.zip_map(&together, |it, together| it + TOGETHER * together);
        let telling = telling.zip_map(&skin.small_faces, |it, small| it + IN_SMALL_FACES * small);
        let telling = telling.zip_map(&edges, |it, edges| it - SOFTER * edges);
        let telling = telling.zip_map(&softness, |it, soft| it - SOFTLY_REDUCED * soft);
        let lost = as_a_whole(&telling, &all, &skin.faces).map(lost_as_a_whole);
        Self {
            skin: all,
            softness,
            lost,
        }
    }

    /// The losses of cells of skin, judged by the skin around them as well; none elsewhere. `open` is the share that may
    /// be added.
    pub fn judge(&self, mut loss: Plane, open: &Plane, skin: &SkinCells, bounds: Region) -> Plane {
        let few = skin.sums(|cells, mut skin| {
            let cells = skin.samples_mut().iter_mut().zip(&loss.samples()[cells]);
            wide!({
                for (skin, loss) in cells {
                    *skin *= smoothstep(JUDGED[0], JUDGED[1], *loss);
                }
            });
            skin
        });
        let few = around(&few, bounds, SURROUNDINGS);
        let share = few.zip_map(&self.skin, |it, skin| it / skin.max(1e-3));
        let all = cells(bounds);
        let strips = loss.samples_mut().par_chunks_mut(STRIP * all.width);
        strips.zip(skin.strips()).for_each(|(losses, strip)| {
            let coverage = skin.coverage(strip);
            let mut around = Bilinear::new([BLOCK as f32; 2], [&share, &self.lost], strip);
            for (y, losses) in losses.chunks_exact_mut(all.width).enumerate() {
                let ([above, below], down) = around.rows(y);
                let [share, lost] = [0, 1].map(|i: usize| above[i].iter().zip(&below[i]));
                let cells = losses.iter_mut().zip(share.zip(lost));
                let cells = cells.zip(coverage.row(y).iter().zip(open.row(strip.y + y)));
                wide!({
                    for ((it, (share, lost)), (skin, open)) in cells {
                        let share = between(*share.0, *share.1, down);
                        let filled = between(*lost.0, *lost.1, down) * open;
                        let judged = (*it * smoothstep(FEW[0], FEW[1], share)).max(filled);
                        // Half a cell of skin is its edge.
                        *it = judged * (2.0 * skin).min(1.0);
                    }
                });
            }
        });
        loss
    }
}

/// What is told in each block beside all skin of faces where it belongs to one, and beside all other skin elsewhere.
fn as_a_whole(telling: &Plane, skin: &Plane, faces: &Plane) -> Plane {
    let [of_faces, elsewhere] = [Whole::of, Whole::of_others].map(|of| of(telling, skin, faces));
    telling.clone().zip_map(faces, |it, face| {
        it + face * of_faces.beyond(it) + (1.0 - face) * elsewhere.beyond(it)
    })
}

/// What the skin of a picture tells together.
struct Whole {
    mean: f32,
    /// How much that counts.
    weight: f32,
    /// What is told of skin by itself less than this much tells nothing.
    middle: f32,
}

impl Whole {
    /// Of skin that shares are counted of.
    fn of(telling: &Plane, skin: &Plane, shares: &Plane) -> Self {
        let (telling, skin) = (telling.samples(), skin.samples());
        let mean = |of: &dyn Fn(f32) -> Option<f32>| {
            let blocks = telling.iter().zip(skin).zip(shares.samples());
            let (sum, count) = blocks.fold((0.0, 0.0), |(sum, count), ((it, skin), share)| {
                let weight = skin * share;
                of(*it).map_or((sum, count), |it| (sum + it * weight, count + weight))
            });
            sum / count.max(1e-3)
        };
        let whole = mean(&|it| Some(it));
        let deviation = mean(&|it| Some((it - whole) * (it - whole))).sqrt();
        let in_part = smoothstep(IN_PART[0], IN_PART[1], deviation);
        let above = mean(&|it| (it > whole).then_some(it));
        let below = mean(&|it| (it <= whole).then_some(it));
        Self {
            mean: whole,
            weight: AS_A_WHOLE * (1.0 - in_part),
            middle: in_part * (0.5 * (above + below)).max(0.0),
        }
    }

    /// Of all other skin.
    fn of_others(telling: &Plane, skin: &Plane, shares: &Plane) -> Self {
        Self::of(telling, skin, &shares.clone().map(|share| 1.0 - share))
    }

    /// What is told of a place beyond what it tells by itself.
    fn beyond(&self, it: f32) -> f32 {
        self.weight * (self.mean - it) - self.middle
    }
}

/// What skin lost as a whole, from what tells that it was smoothed.
fn lost_as_a_whole(telling: f32) -> f32 {
    let sure = smoothstep(TELLING[0], TELLING[1], telling);
    let doubt = (telling - DOUBTFUL[0]) / (DOUBTFUL[1] - DOUBTFUL[0]);
    (BY_SURROUNDINGS * sure).max(IN_DOUBT * doubt.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faces_and_other_skin_are_judged_each_as_a_whole() {
        let plane = |of: fn(usize) -> f32| Plane::from_samples(8, 1, (0..8).map(of).collect());
        let faces = plane(|x| f32::from(u8::from(x < 3)));
        let telling = plane(|x| if x < 3 { 0.5 + 0.1 * x as f32 } else { -1.0 });
        let skin = plane(|x| if x < 6 { 1.0 } else { 0.0 });
        let judged = as_a_whole(&telling, &skin, &faces);
        for x in 0..8 {
            let (it, whole) = (telling.at(x, 0), if x < 3 { 0.6 } else { -1.0 });
            let expected = it + AS_A_WHOLE * (whole - it);
            assert!((judged.at(x, 0) - expected).abs() < 1e-5, "{judged:?}");
        }
    }

    #[test]
    fn a_face_that_was_smoothed_in_part_is_judged_place_by_place() {
        let plane = |of: &dyn Fn(usize) -> f32| Plane::from_samples(8, 1, (0..8).map(of).collect());
        let all = plane(&|_| 1.0);
        for (untouched, smoothed, told) in [(-0.8, 0.8, 0.0), (0.1, 1.7, 0.9), (-1.8, -0.2, 0.0)] {
            let telling = plane(&|x| if x < 4 { untouched } else { smoothed });
            let judged = as_a_whole(&telling, &all, &all);
            for x in 0..8 {
                let expected = telling.at(x, 0) - told;
                assert!((judged.at(x, 0) - expected).abs() < 1e-5, "{judged:?}");
            }
        }
    }

    #[test]
    fn what_tells_more_that_skin_was_smoothed_has_lost_more() {
        let telling = (-300..=100).map(|it| it as f32 / 100.0);
        let losses: Vec<f32> = telling.map(lost_as_a_whole).collect();
        assert!(losses.is_sorted(), "{losses:?}");
        assert_eq!(lost_as_a_whole(-1.5), 0.0);
        assert_eq!(lost_as_a_whole(0.2), BY_SURROUNDINGS);
        let [less, more] = [-0.8, -0.4].map(lost_as_a_whole);
        assert!(
            0.0 < less && less < more && more < IN_DOUBT,
            "{less}, {more}"
        );
    }
}
