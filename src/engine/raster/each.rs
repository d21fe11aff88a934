//! Planes made sample by sample from other ones.

use super::{Plane, lanes, wide};

/// Samples that are made in one loop.
const BLOCK: usize = 256;

/// A plane, each of whose samples is made from those that some planes have there.
///
/// # Panics
/// If the planes differ in size.
#[inline(always)]
pub fn each<const N: usize>(planes: [&Plane; N], make: impl Fn([f32; N]) -> f32) -> Plane {
    let size = |it: &Plane| (it.width(), it.height());
    let (width, height) = size(planes[0]);
    assert!(planes.iter().all(|it| size(it) == (width, height)));
    let mut out = Plane::unfilled(width, height);
    let (samples, made) = (planes.map(Plane::samples), out.samples_mut());
    let count = made.len();
    let in_blocks = count / BLOCK * BLOCK;
    wide!({
        for at in (0..in_blocks).step_by(BLOCK) {
            make_block::<BLOCK, N>(&mut made[at..], samples, at, &make);
        }
        for at in in_blocks..count {
            make_block::<1, N>(&mut made[at..], samples, at, &make);
        }
    });
    out
}

/// Makes `SIZE` samples, the first of which lie at a place of the planes.
#[inline(always)]
fn make_block<const SIZE: usize, const N: usize>(
    out: &mut [f32],
    planes: [&[f32]; N],
    at: usize,
    make: &impl Fn([f32; N]) -> f32,
) {
    // Of a known size, so that none of them is looked up in the loop.
    let mut blocks = [&[0.0; SIZE]; N];
    for (block, plane) in blocks.iter_mut().zip(planes) {
        *block = lanes(plane, at);
    }
    let out: &mut [f32; SIZE] = out.first_chunk_mut().expect("as many are left");
    for i in 0..SIZE {
        let mut samples = [0.0; N];
        for (sample, block) in samples.iter_mut().zip(&blocks) {
            *sample = block[i];
        }
        out[i] = make(samples);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sample_is_made_of_those_in_its_place() {
        let plane = |from: usize| {
            let samples = (0..700).map(|it| (from + it) as f32);
            Plane::from_samples(7, 100, samples.collect())
        };
        let made = each([&plane(0), &plane(1000)], |[one, other]| other - 2.0 * one);
        for (i, made) in made.samples().iter().enumerate() {
            assert_eq!(*made, 1000.0 - i as f32);
        }
    }
}
