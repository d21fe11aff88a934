//! From interleaved samples to planes and back, as wide as the processor allows.

use pulp::{Arch, Simd, WithSimd};

use super::wide;

/// Pixels that are taken apart together.
const AT_ONCE: usize = 64;

/// Converts the first `planes.len()` channels of a row of interleaved pixels, each into a row of its
/// own that is as long as the row has pixels.
pub fn split<T: Copy, O>(
    arch: Arch,
    pixels: &[T],
    channels: usize,
    planes: &mut [&mut [O]],
    convert: impl Fn(T) -> O,
) {
    arch.dispatch(Split {
        pixels,
        channels,
        planes,
        convert,
    });
}

/// Makes one sample of the first three channels of each pixel of a row.
pub fn mix<T: Copy, O>(
    arch: Arch,
    pixels: &[T],
    channels: usize,
    out: &mut [O],
    mix: impl Fn(T, T, T) -> O,
) {
    arch.dispatch(Mix {
        pixels,
        channels,
        out,
        mix,
    });
}

/// Changes each item of a row by its sample in a row as it is stored.
pub fn merge<I: Iterator, T: Copy>(
    arch: Arch,
    row: I,
    stored: &[T],
    convert: impl Fn(T) -> f32,
    change: impl Fn(I::Item, f32),
) {
    arch.dispatch(Merge {
        row,
        stored,
        change: |own, sample| change(own, convert(sample)),
    });
}

/// Sets each sample of a row to the difference of those in two rows as they are stored.
pub fn subtract<T: Copy, O>(
    arch: Arch,
    out: &mut [O],
    [ones, others]: [&[T]; 2],
    difference: impl Fn(T, T) -> O,
) {
    arch.dispatch(Merge {
        row: out.iter_mut().zip(ones),
        stored: others,
        change: |(out, one): (&mut O, &T), other| *out = difference(*one, other),
    });
}

/// Sets a row of pixels of red, green and blue to a row of samples, each of which is all of its pixel's.
pub fn spread(samples: &[f32], pixels: &mut [f32]) {
    let pixels = pixels.as_chunks_mut::<3>().0;
    wide!({
        for (pixel, sample) in pixels.iter_mut().zip(samples) {
            *pixel = [*sample; 3];
        }
    });
}

/// Splits a row of pixels into rows of their samples.
pub fn split_pixels(pixels: &[f32], planes: &mut [Vec<f32>]) {
    let arch = Arch::new();
    match planes {
        [r, g, b] => split(arch, pixels, 3, &mut [r, g, b], |it| it),
        _ => unreachable!("pixels of red, green and blue"),
    }
}

/// Converts rows of planes into one row of interleaved pixels with as many channels.
pub fn join<T: Copy>(arch: Arch, planes: &[&[f32]], pixels: &mut [T], convert: impl Fn(f32) -> T) {
    arch.dispatch(Join {
        planes,
        pixels,
        convert,
    });
}

struct Split<'a, 'p, T, O, F> {
    pixels: &'a [T],
    channels: usize,
    planes: &'a mut [&'p mut [O]],
    convert: F,
}

impl<T: Copy, O, F: Fn(T) -> O> WithSimd for Split<'_, '_, T, O, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            pixels,
            channels,
            planes,
            convert,
        } = self;
        match (channels, planes) {
            // The common ones, in loops that the compiler turns into wide loads and shuffles.
            (1, [grey]) => {
                for (out, sample) in grey.iter_mut().zip(pixels) {
                    *out = convert(*sample);
                }
            }
            (3, [r, g, b]) => {
                let pixels = pixels.as_chunks::<3>().0;
                let count = pixels.len();
                let (r, g, b) = (&mut r[..count], &mut g[..count], &mut b[..count]);
                for i in 0..count {
                    r[i] = convert(pixels[i][0]);
                    g[i] = convert(pixels[i][1]);
                    b[i] = convert(pixels[i][2]);
                }
            }
            (_, planes) => {
                for (channel, plane) in planes.iter_mut().enumerate() {
                    let pixels = pixels.chunks_exact(channels);
                    for (out, pixel) in plane.iter_mut().zip(pixels) {
                        *out = convert(pixel[channel]);
                    }
                }
            }
        }
    }
}

struct Mix<'a, T, O, M> {
    pixels: &'a [T],
    channels: usize,
    out: &'a mut [O],
    mix: M,
}

impl<T: Copy, O, M: Fn(T, T, T) -> O> WithSimd for Mix<'_, T, O, M> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let mix = self.mix;
        match self.channels {
            3 => {
                let (blocks, rest) = self.pixels.as_chunks::<3>().0.as_chunks::<AT_ONCE>();
                let (outs, out) = self.out.as_chunks_mut::<AT_ONCE>();
                // Taken apart first: compilers gather sums of three neighbours one by one.
                for (out, pixels) in outs.iter_mut().zip(blocks) {
                    let [mut r, mut g, mut b] = [[pixels[0][0]; AT_ONCE]; 3];
                    for i in 0..AT_ONCE {
                        [r[i], g[i], b[i]] = pixels[i];
                    }
                    for i in 0..AT_ONCE {
                        out[i] = mix(r[i], g[i], b[i]);
                    }
                }
                for (out, [r, g, b]) in out.iter_mut().zip(rest) {
                    *out = mix(*r, *g, *b);
                }
            }
            channels => {
                let pixels = self.pixels.chunks_exact(channels);
                for (out, pixel) in self.out.iter_mut().zip(pixels) {
                    *out = mix(pixel[0], pixel[1], pixel[2]);
                }
            }
        }
    }
}

struct Merge<'a, I, T, F> {
    row: I,
    stored: &'a [T],
    change: F,
}

impl<I: Iterator, T: Copy, F: Fn(I::Item, T)> WithSimd for Merge<'_, I, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            row,
            stored,
            change,
        } = self;
        for (own, sample) in row.zip(stored) {
            change(own, *sample);
        }
    }
}

struct Join<'a, 'p, T, F> {
    planes: &'a [&'p [f32]],
    pixels: &'a mut [T],
    convert: F,
}

impl<T: Copy, F: Fn(f32) -> T> WithSimd for Join<'_, '_, T, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            planes,
            pixels,
            convert,
        } = self;
        match planes {
            [grey] => {
                for (out, sample) in pixels.iter_mut().zip(*grey) {
                    *out = convert(*sample);
                }
            }
            [r, g, b] => {
                let pixels = pixels.as_chunks_mut::<3>().0;
                let count = pixels.len();
                let (r, g, b) = (&r[..count], &g[..count], &b[..count]);
                for i in 0..count {
                    pixels[i] = [convert(r[i]), convert(g[i]), convert(b[i])];
                }
            }
            planes => {
                for (channel, plane) in planes.iter().enumerate() {
                    let out = pixels[channel..].iter_mut().step_by(planes.len());
                    for (out, sample) in out.zip(*plane) {
                        *out = convert(*sample);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_split_is_joined_again() {
        let arch = Arch::new();
        for channels in 1..=4 {
            let pixels: Vec<u8> = (0..37 * channels).map(|i| (i * 7 % 251) as u8).collect();
            let mut planes = vec![vec![0.0; 37]; channels];
            let mut rows: Vec<&mut [f32]> = planes.iter_mut().map(Vec::as_mut_slice).collect();
            split(arch, &pixels, channels, &mut rows, f32::from);
            assert_eq!(planes[channels - 1][3], f32::from(pixels[4 * channels - 1]));
            let rows: Vec<&[f32]> = planes.iter().map(Vec::as_slice).collect();
            let mut joined = vec![0; pixels.len()];
            join(arch, &rows, &mut joined, |it| it as u8);
            assert_eq!(joined, pixels);
        }
    }
}
