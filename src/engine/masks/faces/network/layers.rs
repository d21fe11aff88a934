//! The layers that the networks are made of. Maps lie in memory row by row, with all channels of a pixel together.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::engine::raster::wide;

/// Channels that are summed at once, and pixels.
const LANES: usize = 16;
const PIXELS: usize = 4;

/// Values of some channels at each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub values: Vec<f32>,
}

impl Map {
    pub fn filled(height: usize, width: usize, channels: usize, value: f32) -> Self {
        Self {
            height,
            width,
            channels,
            values: vec![value; height * width * channels],
        }
    }

    /// Values of one channel beside each other.
    pub fn row(values: Vec<f32>) -> Self {
        Self {
            height: 1,
            width: values.len(),
            channels: 1,
            values,
        }
    }

    /// The channels of a pixel; `None` outside.
    fn pixel(&self, y: Option<usize>, x: Option<usize>) -> Option<&[f32]> {
        let (y, x) = (
            y.filter(|it| *it < self.height)?,
            x.filter(|it| *it < self.width)?,
        );
        Some(&self.values[(y * self.width + x) * self.channels..][..self.channels])
    }

    /// Made row by row on all threads.
    fn by_rows(
        (height, width): (usize, usize),
        channels: usize,
        row: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Self {
        let mut map = Self::filled(height, width, channels, 0.0);
        let rows = map.values.par_chunks_mut((width * channels).max(1));
        rows.enumerate().for_each(|(y, out)| row(y, out));
        map
    }

    /// With 0 for all that is below.
    pub fn above_zero(mut self) -> Self {
        let values = &mut self.values;
        wide!({
            for it in values {
                *it = it.max(0.0);
            }
        });
        self
    }

    /// With what is below 0 multiplied by the slope of its channel.
    pub fn bent(mut self, slopes: &[f32]) -> Self {
        let pixels = self.values.chunks_exact_mut(slopes.len().max(1));
        wide!({
            for pixel in pixels {
                for (it, slope) in pixel.iter_mut().zip(slopes) {
                    *it = if *it < 0.0 { slope * *it } else { *it };
                }
            }
        });
        self
    }

    /// The sum with a map of the same size.
    pub fn plus(mut self, other: &Map) -> Self {
        let pairs = self.values.iter_mut().zip(&other.values);
        wide!({
            for (it, other) in pairs {
                *it += other;
            }
        });
        self
    }

    /// With nothing around it: rows, columns and channels before and behind.
    pub fn padded(&self, [rows, columns, channels]: [[usize; 2]; 3]) -> Self {
        let mut out = Self::filled(
            rows[0] + self.height + rows[1],
            columns[0] + self.width + columns[1],
            channels[0] + self.channels + channels[1],
            0.0,
        );
        for y in 0..self.height {
            for x in 0..self.width {
                let from = (y * self.width + x) * self.channels;
                let to = ((rows[0] + y) * out.width + columns[0] + x) * out.channels + channels[0];
                out.values[to..][..self.channels]
                    .copy_from_slice(&self.values[from..][..self.channels]);
            }
        }
        out
    }
}

/// Windows that slide over a map.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
    pub height: usize,
    pub width: usize,
    pub stride: usize,
    /// They reach beyond the map, so that there is one for every pixel, or every so many.
    pub same: bool,
}

impl Windows {
    /// How many there are along one axis, and how far the first reaches beyond the map.
    fn along(&self, length: usize, side: usize) -> (usize, usize) {
        if !self.same {
            return ((length + self.stride).saturating_sub(side) / self.stride, 0);
        }
        let count = length.div_ceil(self.stride);
        let covered = count.saturating_sub(1) * self.stride + side;
        (count, covered.saturating_sub(length) / 2)
    }

    fn over(&self, map: &Map) -> ((usize, usize), (usize, usize)) {
        let (rows, above) = self.along(map.height, self.height);
        let (columns, before) = self.along(map.width, self.width);
        ((rows, columns), (above, before))
    }

    /// The largest value in each window.
    pub fn largest(&self, map: &Map) -> Map {
        let (size, (above, before)) = self.over(map);
        Map::by_rows(size, map.channels, |y, out| {
            for (x, out) in out.chunks_mut(map.channels.max(1)).enumerate() {
                out.fill(f32::NEG_INFINITY);
                for (j, i) in (0..self.height).flat_map(|j| (0..self.width).map(move |i| (j, i))) {
                    let y = (y * self.stride + j).checked_sub(above);
                    let x = (x * self.stride + i).checked_sub(before);
                    let pixel = map.pixel(y, x).into_iter().flatten();
                    for (out, it) in out.iter_mut().zip(pixel) {
                        *out = out.max(*it);
                    }
                }
            }
        })
    }
}

/// Weighted sums over windows: of all channels.
#[derive(Clone, Debug)]
pub struct Convolution {
    windows: Windows,
    inputs: usize,
    outputs: usize,
    /// For [`LANES`] outputs after the others: for each place in the window, for each input, the weights.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Convolution {
    /// `weights` are those of each output, for each place in the window, for each input; `None` if there are not as many.
    pub fn new(windows: Windows, inputs: usize, weights: &[f32], bias: &[f32]) -> Option<Self> {
        let outputs = bias.len();
        let taps = windows.height * windows.width * inputs;
        if taps == 0 || weights.len() != taps * outputs {
            return None;
        }
        let groups = outputs.div_ceil(LANES);
        let mut sorted = vec![0.0; groups * taps * LANES];
        for (output, weights) in weights.chunks(taps).enumerate() {
            let group = output / LANES * taps * LANES + output % LANES;
            for (tap, weight) in weights.iter().enumerate() {
                sorted[group + tap * LANES] = *weight;
            }
        }
        let mut bias = bias.to_vec();
        bias.resize(groups * LANES, 0.0);
        Some(Self {
            windows,
            inputs,
            outputs,
            weights: sorted,
            bias,
        })
    }

    pub fn of(&self, map: &Map) -> Map {
        let (size, (above, before)) = self.windows.over(map);
        let nothing = vec![0.0; self.inputs];
        Map::by_rows(size, self.outputs, |y, out| {
            let mut pixels: Vec<[&[f32]; PIXELS]> = Vec::new();
            for (block, out) in out.chunks_mut(PIXELS * self.outputs).enumerate() {
                pixels.clear();
                for j in 0..self.windows.height {
                    for i in 0..self.windows.width {
                        let y = (y * self.windows.stride + j).checked_sub(above);
                        pixels.push(std::array::from_fn(|k| {
                            let x = (block * PIXELS + k) * self.windows.stride + i;
                            map.pixel(y, x.checked_sub(before)).unwrap_or(&nothing)
                        }));
                    }
                }
                Arch::new().dispatch(Sums {
                    of: self,
                    pixels: &pixels,
                    out,
                });
            }
        })
    }
}

/// The sums for a few pixels beside each other; as a struct, since a compiler need not inline a closure into what it makes
/// for wide registers.
struct Sums<'a> {
    of: &'a Convolution,
    /// For each place in the window, the inputs of each pixel.
    pixels: &'a [[&'a [f32]; PIXELS]],
    out: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (inputs, outputs) = (self.of.inputs, self.of.outputs);
        let (bias, _) = self.of.bias.as_chunks::<LANES>();
        let (weights, _) = self.of.weights.as_chunks::<LANES>();
        let taps = self.pixels.len() * inputs;
        for (group, bias) in bias.iter().enumerate() {
            let mut sums = [*bias; PIXELS];
            let weights = weights[group * taps..][..taps].chunks_exact(inputs);
            for (pixels, weights) in self.pixels.iter().zip(weights) {
                let [a, b, c, d] = pixels.map(|it| &it[..inputs]);
                for (i, weights) in weights.iter().enumerate() {
                    let pixels = [a[i], b[i], c[i], d[i]];
                    for (sums, pixel) in sums.iter_mut().zip(pixels) {
                        for (sum, weight) in sums.iter_mut().zip(weights) {
                            *sum += pixel * weight;
                        }
                    }
                }
            }
            let lanes = LANES.min(outputs - group * LANES);
            for (out, sums) in self.out.chunks_mut(outputs).zip(&sums) {
                out[group * LANES..][..lanes].copy_from_slice(&sums[..lanes]);
            }
        }
    }
}

/// Weighted sums over windows: of each channel by itself.
#[derive(Clone, Debug)]
pub struct Depthwise {
    windows: Windows,
    /// For each place in the window, for each channel.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Depthwise {
    /// `None` if there are not as many weights as channels in windows.
    pub fn new(windows: Windows, weights: &[f32], bias: &[f32]) -> Option<Self> {
        let count = windows.height * windows.width * bias.len();
        (count > 0 && weights.len() == count).then(|| Self {
            windows,
            weights: weights.to_vec(),
            bias: bias.to_vec(),
        })
    }

    pub fn of(&self, map: &Map) -> Map {
        let (size, corner) = self.windows.over(map);
        Map::by_rows(size, self.bias.len(), |y, out| {
            Arch::new().dispatch(Products {
                of: self,
                map,
                y,
                corner,
                out,
            });
        })
    }
}

/// The sums of each channel's products in a row; as a struct for the same reason.
struct Products<'a> {
    of: &'a Depthwise,
    map: &'a Map,
    y: usize,
    /// How far the first window reaches beyond the map.
    corner: (usize, usize),
    out: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let (windows, channels) = (self.of.windows, self.of.bias.len());
        let width = self.map.width;
        // The window's places inside the map, from the first one on, and how many there are.
        let inside = |at: usize, before: usize, side: usize, length: usize| {
            let start = at * windows.stride;
            let first = before.saturating_sub(start).min(side);
            let last = (length + before).saturating_sub(start).min(side);
            (first, last.max(first))
        };
        let (above, before) = self.corner;
        let (top, bottom) = inside(self.y, above, windows.height, self.map.height);
        for (x, out) in self.out.chunks_mut(channels).enumerate() {
            let (left, right) = inside(x, before, windows.width, width);
            let pixel = |j: usize, i: usize| {
                let y = self.y * windows.stride + j - above;
                (y * width + x * windows.stride + i - before) * channels
            };
            let weights = |j: usize, i: usize| (j * windows.width + i) * channels;
            let (groups, rest) = out.as_chunks_mut::<LANES>();
            let first = channels - rest.len();
            for (group, out) in groups.iter_mut().enumerate() {
                let from = group * LANES;
                // In a place of its own, which may be a register.
                let mut sums = *out;
                sums.copy_from_slice(&self.of.bias[from..][..LANES]);
                for j in top..bottom {
                    for i in left..right {
                        let weights = &self.of.weights[weights(j, i) + from..][..LANES];
                        let values = &self.map.values[pixel(j, i) + from..][..LANES];
                        let products = weights.iter().zip(values);
                        for (sum, (weight, value)) in sums.iter_mut().zip(products) {
                            *sum += weight * value;
                        }
                    }
                }
                *out = sums;
            }
            rest.copy_from_slice(&self.of.bias[first..]);
            for j in top..bottom {
                for i in left..right {
                    let weights = &self.of.weights[weights(j, i) + first..];
                    let products = weights.iter().zip(&self.map.values[pixel(j, i) + first..]);
                    for (sum, (weight, value)) in rest.iter_mut().zip(products) {
                        *sum += weight * value;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Random;

    fn noise(count: usize, layer: u64) -> Vec<f32> {
        let random = Random::new(7, layer, 0);
        (0..count).map(|i| random.row(i).signed(0)).collect()
    }

    fn map(height: usize, width: usize, channels: usize) -> Map {
        Map {
            height,
            width,
            channels,
            values: noise(height * width * channels, 1),
        }
    }

    /// The sum for one output at one pixel, as the formula has it; `weight` knows place, input and output.
    fn sum(
        map: &Map,
        windows: Windows,
        (y, x): (usize, usize),
        weight: impl Fn(usize, usize, usize) -> f32,
    ) -> f32 {
        let rows = windows.over(map);
        let (above, before) = rows.1;
        let mut sum = 0.0;
        for j in 0..windows.height {
            for i in 0..windows.width {
                let y = (y * windows.stride + j).wrapping_sub(above);
                let x = (x * windows.stride + i).wrapping_sub(before);
                if y < map.height && x < map.width {
                    for input in 0..map.channels {
                        let value = map.values[(y * map.width + x) * map.channels + input];
                        sum += value * weight(j, i, input);
                    }
                }
            }
        }
        sum
    }

    #[test]
    fn sums_are_those_of_the_formula() {
        for (side, stride, same, outputs) in [
            (3, 1, true, 5),
            (3, 2, true, 21),
            (5, 2, false, 16),
            (1, 1, true, 40),
        ] {
            let windows = Windows {
                height: side,
                width: side,
                stride,
                same,
            };
            let map = map(9, 11, 3);
            let (weights, bias) = (noise(outputs * side * side * 3, 2), noise(outputs, 3));
            let made = Convolution::new(windows, 3, &weights, &bias).expect("as many weights");
            let made = made.of(&map);
            let each = noise(side * side * 3, 4);
            let apart = Depthwise::new(windows, &each, &bias[..3]).expect("as many weights");
            let apart = apart.of(&map);
            assert_eq!((made.height, made.width), (apart.height, apart.width));
            for (y, x) in [(0, 0), (1, 2), (made.height - 1, made.width - 1)] {
                for output in 0..outputs {
                    let expected = bias[output]
                        + sum(&map, windows, (y, x), |j, i, input| {
                            weights[((output * side + j) * side + i) * 3 + input]
                        });
                    let is = made.values[(y * made.width + x) * outputs + output];
                    assert!((is - expected).abs() < 1e-4, "{is} for {expected}");
                }
                for (channel, bias) in bias.iter().enumerate().take(3) {
                    let expected = bias
                        + sum(&map, windows, (y, x), |j, i, input| {
                            f32::from(u8::from(input == channel)) * each[(j * side + i) * 3 + input]
                        });
                    let is = apart.values[(y * apart.width + x) * 3 + channel];
                    assert!((is - expected).abs() < 1e-4, "{is} for {expected}");
                }
            }
        }
    }

    #[test]
    fn windows_that_stay_inside_are_fewer() {
        let windows = |same| Windows {
            height: 3,
            width: 2,
            stride: 2,
            same,
        };
        assert_eq!(windows(true).over(&map(7, 8, 1)), ((4, 4), (1, 0)));
        assert_eq!(windows(false).over(&map(7, 8, 1)), ((3, 4), (0, 0)));
    }

    #[test]
    fn a_map_is_padded_and_its_largest_values_are_found() {
        let padded = map(2, 2, 1).padded([[1, 0], [0, 1], [0, 1]]);
        assert_eq!((padded.height, padded.width, padded.channels), (3, 3, 2));
        let windows = Windows {
            height: 3,
            width: 3,
            stride: 3,
            same: false,
        };
        let most = noise(4, 1).into_iter().fold(0.0, f32::max);
        assert_eq!(windows.largest(&padded).values, [most, 0.0]);
    }
}
