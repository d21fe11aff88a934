//! Where skin is, in the cells of a picture, and what the faces tell of it.

use std::ops::Range;

use rayon::prelude::*;

use super::blocks::{BLOCK, block_sums};
use super::octaves::CELL;
use crate::engine::masks::faces::Face;
use crate::engine::masks::smoothstep;
use crate::engine::raster::{Plane, Region, Resample, wide};

/// Skin has more than this in its finest octave, if only the noise of its photograph: a filter leaves 0.3 to 0.5
/// levels. Photographs have 0.5 to 2.5 in their smoothest tenth.
pub const LEAST_OF_SKIN: f32 = 0.5 / 255.0;

/// It has more than this share of what a quarter of the picture's skin exceeds, though no more than the second is asked
/// of any.
const LEAST_SHARE: f32 = 0.3;
const MOST_ASKED: f32 = 0.8 / 255.0;

/// Faces are small ones from the first of these sizes on, wholly from the second, less from the third, and no longer from the
/// fourth, in pixels.
const SMALL: [f32; 4] = [120.0, 160.0, 350.0, 450.0];

/// What is nearer to the middle of a face than the first of these belongs to it, and from the second on nothing does, in sizes
/// of the face.
const OF_A_FACE: [f32; 2] = [0.7, 1.1];

/// Rows of cells for which skin and tones are made at once: whole blocks of them.
pub const STRIP: usize = 64;

/// Where skin is, in the cells of a picture.
pub struct SkinCells {
    /// Its coverage in all of them, in 255ths: as floats they would be as large as what is looked for.
    covered: Vec<u8>,
    /// The luma of a small copy of the picture, and its brightest channel.
    tones: [Plane; 2],
    /// The mean luma of all skin.
    pub tone: f64,
    /// How much each block of cells belongs to a face.
    pub faces: Plane,
    /// How much it belongs to a small one, in which less is told than in others.
    pub small_faces: Plane,
    /// How much it belongs to a face of that size or less, in a picture that was reduced most likely.
    pub reduced_faces: Plane,
    /// Brings the copy to the size of the cells.
    resample: Resample,
    all: Region,
}

impl SkinCells {
    /// From the coverage on a small copy of the picture, the copy's luma and its brightest channel, and the picture's faces,
    /// for all cells.
    pub fn new(skin: &Plane, tones: [Plane; 2], faces: &[Face], all: Region) -> Self {
        let copy = (skin.width(), skin.height());
        let lumas = skin.samples().iter().zip(tones[0].samples());
        let (sum, count) = lumas.fold((0.0, 0.0), |(sum, count), (skin, luma)| {
            (sum + f64::from(skin * luma), count + f64::from(*skin))
        });
        let mut it = Self {
            covered: vec![0; all.width * all.height],
            tones,
            tone: sum / count.max(1.0),
            faces: near_faces(faces, all, |_| 1.0),
            small_faces: near_faces(faces, all, smallness),
            reduced_faces: near_faces(faces, all, at_most_small),
            resample: Resample::new(copy, (all.width, all.height)),
            all,
        };
        let strips = it.strips();
        let rooms = it.covered.chunks_mut(STRIP * all.width);
        let rooms: Vec<(Region, &mut [u8])> = strips.into_iter().zip(rooms).collect();
        let resample = &it.resample;
        rooms.into_par_iter().for_each(|(strip, room)| {
            let coverage = resample.apply_to((skin, Region::of_size(copy.0, copy.1)), strip);
            for (room, coverage) in room.iter_mut().zip(coverage.samples()) {
                *room = (255.0 * coverage + 0.5) as u8;
            }
        });
        it
    }

    /// The coverage of skin in some of the cells.
    pub fn coverage(&self, cells: Region) -> Plane {
        let mut coverage = Plane::unfilled(cells.width, cells.height);
        for y in 0..cells.height {
            let from = (cells.y + y) * self.all.width + cells.x;
            let covered = &self.covered[from..from + cells.width];
            let row = coverage.row_mut(y);
            wide!({
                for (out, covered) in row.iter_mut().zip(covered) {
                    *out = f32::from(*covered) * (1.0 / 255.0);
                }
            });
        }
        coverage
    }

    /// The picture's luma and brightest channel in some of the cells.
    pub fn tones(&self, cells: Region) -> [Plane; 2] {
        self.tones.each_ref().map(|it| {
            let whole = Region::of_size(it.width(), it.height());
            self.resample.apply_to((it, whole), cells)
        })
    }

    /// All cells in strips from top to bottom.
    pub fn strips(&self) -> Vec<Region> {
        let tops = (0..self.all.height).step_by(STRIP);
        let strip = |y| Region::new(0, y, self.all.width, STRIP).within(&self.all);
        tops.map(strip).collect()
    }

    /// The sums over blocks of cells of what `make` makes of the coverage of some rows, which is told which cells those are,
    /// counted row after row.
    pub fn sums(&self, make: impl Fn(Range<usize>, Plane) -> Plane + Sync) -> Plane {
        let strips = self.strips();
        let width = self.all.width;
        let of_strip = |strip: &Region| {
            let cells = strip.y * width..strip.bottom() * width;
            block_sums(&make(cells, self.coverage(*strip)))
        };
        let parts: Vec<Plane> = strips.par_iter().map(of_strip).collect();
        let size = [self.all.width, self.all.height].map(|it| it.div_ceil(BLOCK));
        let mut sums = Plane::filled(size[0], size[1], 0.0);
        for (strip, part) in strips.iter().zip(&parts) {
            let at = Region::new(0, strip.y / BLOCK, part.width(), part.height());
            sums.paste(part, at);
        }
        sums
    }

    /// The usual amplitude of the finest octave that all skin but black has at least, from that of each cell.
    pub fn least(&self, amplitude: &Plane) -> f32 {
        let each = |take: &mut dyn FnMut(f32)| {
            let pairs = self.covered.iter().zip(amplitude.samples());
            let skin = pairs.filter(|(covered, _)| **covered > 127);
            skin.for_each(|(_, amplitude)| take(*amplitude));
        };
        match upper_quartile(each) {
            Some(rough) => (LEAST_SHARE * rough).clamp(LEAST_OF_SKIN, MOST_ASKED),
            None => LEAST_OF_SKIN,
        }
    }
}

/// How much each block of cells belongs to a face, each of which counts as its size in pixels says.
fn near_faces(faces: &[Face], all: Region, counts: impl Fn(f64) -> f32) -> Plane {
    let mut near = Plane::filled(all.width.div_ceil(BLOCK), all.height.div_ceil(BLOCK), 0.0);
    let side = (BLOCK * CELL) as f64;
    for face in faces {
        let ([column, row], counts) = (face.middle(), counts(face.size));
        for y in 0..near.height() {
            let down = (y as f64 + 0.5) * side - 0.5 - row;
            for (x, near) in near.row_mut(y).iter_mut().enumerate() {
                let across = (x as f64 + 0.5) * side - 0.5 - column;
                let far = (libm::hypot(across, down) / face.size) as f32;
                let here = 1.0 - smoothstep(OF_A_FACE[0], OF_A_FACE[1], far);
                *near = near.max(counts * here);
            }
        }
    }
    near
}

/// How much a face of a size in pixels is a small one.
fn smallness(size: f64) -> f32 {
    let [from, wholly, ..] = SMALL;
    smoothstep(from, wholly, size as f32) * at_most_small(size)
}

/// How much a face of a size in pixels is a small one or an even smaller one.
fn at_most_small(size: f64) -> f32 {
    let [.., less, to] = SMALL;
    1.0 - smoothstep(less, to, size as f32)
}

/// The value that three quarters of some values, none of them negative, do not exceed, without a copy of them all;
/// `each` tells them twice.
fn upper_quartile(each: impl Fn(&mut dyn FnMut(f32))) -> Option<f32> {
    // Such numbers are in the order of their bits.
    let counts = |key: &dyn Fn(u32) -> Option<u32>| {
        let mut counts = vec![0usize; 1 << 16];
        each(&mut |it| {
            if let Some(key) = key(it.to_bits()) {
                counts[key as usize] += 1;
            }
        });
        counts
    };
    let find = |counts: &[usize], mut place: usize| {
        for (key, count) in (0u32..).zip(counts) {
            match place.checked_sub(*count) {
                Some(rest) => place = rest,
                None => return Some((key, place)),
            }
        }
        None
    };
    let upper = counts(&|bits| Some(bits >> 16));
    let place = upper.iter().sum::<usize>() * 3 / 4;
    let (upper, place) = find(&upper, place)?;
    let lower = counts(&|bits| (bits >> 16 == upper).then_some(bits & 0xffff));
    let (lower, _) = find(&lower, place)?;
    Some(f32::from_bits(upper << 16 | lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A face around a place.
    fn face(middle: [f64; 2], size: f64) -> Face {
        let points = [middle].into();
        Face { points, size }
    }

    #[test]
    fn what_is_near_a_face_belongs_to_it() {
        let all = Region::of_size(200, 120);
        let faces = [face([200.0, 200.0], 150.0), face([700.0, 200.0], 90.0)];
        let near = near_faces(&faces, all, |_| 1.0);
        assert_eq!((near.width(), near.height()), (50, 30));
        // Blocks of 16 pixels, counted from 0.
        assert_eq!([near.at(12, 12), near.at(43, 12)], [1.0, 1.0]);
        assert_eq!([near.at(28, 12), near.at(12, 25)], [0.0, 0.0]);
        let small = near_faces(&faces, all, smallness);
        assert!(small.at(12, 12) > 0.8 && small.at(43, 12) == 0.0);
        assert_eq!(
            [90.0, 160.0, 350.0, 450.0].map(smallness),
            [0.0, 1.0, 1.0, 0.0]
        );
    }

    #[test]
    fn the_upper_quartile_is_that_of_the_sorted_values() {
        let quartile =
            |values: &[f32]| upper_quartile(|take| values.iter().for_each(|it| take(*it)));
        assert_eq!(quartile(&[]), None);
        for count in [1, 2, 5, 4000] {
            let mut values: Vec<f32> = (0..count)
                .map(|it| (it * 7919 % 4001) as f32 * 1e-5)
                .collect();
            let found = quartile(&values);
            values.sort_by(f32::total_cmp);
            assert_eq!(found, Some(values[count * 3 / 4]), "of {count}");
        }
    }
}
