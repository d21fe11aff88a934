//! The layers that the networks are made of. Maps lie in memory row by row, with all channels of a pixel together.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use crate::engine::raster::{Plane, lanes, wide};

/// Outputs that are summed at once.
const LANES: usize = 16;

/// Rows that a thread makes one after the other, and pixels that are summed after each other at least, if it has as many.
const BAND: usize = 8;
const LEAST_PIXELS: usize = 64;

/// Side of the windows in which channels are summed by themselves.
const SIDE: usize = 3;

/// Values of some channels at each pixel.
#[derive(Debug, PartialEq)]
pub struct Map {
    pub channels: usize,
    pub rows: Plane,
}

impl Map {
    /// From the values of all pixels, row by row.
    pub fn new(height: usize, width: usize, channels: usize, values: Vec<f32>) -> Self {
        Self {
            channels,
            rows: Plane::from_samples(width * channels, height, values),
        }
    }

    /// Columns and rows.
    fn size(&self) -> (usize, usize) {
        (self.rows.width() / self.channels.max(1), self.rows.height())
    }

    /// All values.
    pub fn values(&self) -> &[f32] {
        self.rows.samples()
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

    /// How many there are from left to right and from top to bottom, and how far the first reaches beyond the map.
    fn over(&self, map: &Map) -> ((usize, usize), (usize, usize)) {
        let (width, height) = map.size();
        let (columns, before) = self.along(width, self.width);
        let (rows, above) = self.along(height, self.height);
        ((columns, rows), (before, above))
    }

    /// Whether each is a pixel.
    fn are_pixels(&self) -> bool {
        (self.height, self.width, self.stride) == (1, 1, 1)
    }

    /// The largest value in each window.
    pub fn largest(&self, map: &Map) -> Map {
        let ((columns, rows), (before, above)) = self.over(map);
        let (channels, (width, height)) = (map.channels, map.size());
        let mut made = Plane::filled(columns * channels, rows, f32::NEG_INFINITY);
        for y in 0..rows {
            let row = made.row_mut(y);
            let inside = (0..self.height).filter_map(|j| (y * self.stride + j).checked_sub(above));
            for from in inside.filter(|from| *from < height) {
                let from = map.rows.row(from);
                for i in 0..self.width {
                    let places = (0..columns).map(|x| (x * self.stride + i).checked_sub(before));
                    let pixels = row.chunks_exact_mut(channels).zip(places);
                    wide!({
                        for (pixel, place) in pixels {
                            if let Some(place) = place.filter(|it| *it < width) {
                                let from = &from[place * channels..][..channels];
                                for (out, it) in pixel.iter_mut().zip(from) {
                                    *out = out.max(*it);
                                }
                            }
                        }
                    });
                }
            }
        }
        Map {
            channels,
            rows: made,
        }
    }
}

/// The rows of a map that windows lie in, with nothing around them.
struct Rimmed<'a> {
    map: &'a Map,
    windows: Windows,
    before: usize,
    above: usize,
    /// Row `y` in place `y % height` of the window; and which one each place holds.
    room: Vec<(Option<usize>, Vec<f32>)>,
    nothing: Vec<f32>,
}

impl<'a> Rimmed<'a> {
    fn new(map: &'a Map, windows: Windows) -> Self {
        let ((columns, _), (before, above)) = windows.over(map);
        let width = columns.saturating_sub(1) * windows.stride + windows.width;
        let nothing = vec![0.0; width.max(before + map.size().0) * map.channels];
        Self {
            map,
            windows,
            before,
            above,
            room: vec![(None, nothing.clone()); windows.height],
            nothing,
        }
    }

    /// The rows of the windows in a row of them, from top to bottom.
    fn rows(&mut self, y: usize) -> Vec<&[f32]> {
        let Self { map, windows, .. } = self;
        let place = |j: usize| (y * windows.stride + j).checked_sub(self.above);
        let inside = |j: usize| place(j).filter(|it| *it < map.rows.height());
        for row in (0..windows.height).filter_map(inside) {
            let (held, room) = &mut self.room[row % windows.height];
            if held.replace(row) != Some(row) {
                let from = map.rows.row(row);
                room[self.before * map.channels..][..from.len()].copy_from_slice(from);
            }
        }
        let row = |j: usize| match inside(j) {
            Some(row) => self.room[row % windows.height].1.as_slice(),
            None => &self.nothing,
        };
        (0..windows.height).map(row).collect()
    }
}

/// What is made of sums.
#[derive(Clone, Debug, PartialEq)]
pub enum Bend {
    Straight,
    /// Below 0 counts as 0.
    AboveZero,
    /// Below 0, each channel has its slope.
    Slopes(Vec<f32>),
}

impl Bend {
    /// Bends the values of pixels.
    pub fn bend(&self, values: &mut [f32]) {
        match self {
            Bend::Straight => {}
            Bend::AboveZero => wide!({
                for it in values {
                    *it = it.max(0.0);
                }
            }),
            Bend::Slopes(slopes) => {
                let pixels = values.chunks_exact_mut(slopes.len().max(1));
                wide!({
                    for pixel in pixels {
                        for (it, slope) in pixel.iter_mut().zip(slopes) {
                            *it = if *it < 0.0 { slope * *it } else { *it };
                        }
                    }
                });
            }
        }
    }
}

/// Weighted sums over windows: of all channels, which may be sums of their own before.
#[derive(Clone, Debug)]
pub struct Convolution {
    before: Option<Depthwise>,
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
            before: None,
            windows,
            inputs,
            outputs,
            weights: sorted,
            bias,
        })
    }

    /// The same of what is summed up in each channel before; `None` if it is not of pixels, or of other channels.
    pub fn after(self, before: Depthwise) -> Option<Self> {
        let fits = self.windows.are_pixels() && self.inputs == before.bias.len();
        fits.then_some(Self {
            before: Some(before),
            ..self
        })
    }

    /// The sums with what another map of the size has in its channels, of which there may be fewer, bent.
    pub fn of(&self, map: &Map, plus: Option<&Map>, bend: &Bend) -> Map {
        let windows = self.before.as_ref().map_or(self.windows, |it| it.windows);
        let ((width, height), _) = windows.over(map);
        let mut made = Plane::unfilled(width * self.outputs, height);
        let row = (width * self.outputs).max(1);
        let bands = made.samples_mut().par_chunks_mut(BAND * row);
        bands.enumerate().for_each(|(band, out)| {
            let mut rimmed = Rimmed::new(map, windows);
            let mut apart = Vec::new();
            let rows = match self.windows.are_pixels() {
                true => LEAST_PIXELS.div_ceil(width.max(1)),
                false => 1,
            };
            for (i, out) in out.chunks_mut(rows * row).enumerate() {
                let (top, rows) = (band * BAND + i * rows, out.len() / row);
                if let Some(before) = &self.before {
                    let length = width * self.inputs;
                    apart.resize(rows * length, 0.0);
                    for (y, out) in (top..).zip(apart.chunks_exact_mut(length)) {
                        before.row(&rimmed.rows(y), out);
                    }
                    self.sum(&[&apart], self.inputs, out);
                } else if self.windows.are_pixels() {
                    let length = map.rows.width();
                    let pixels = &map.values()[top * length..][..rows * length];
                    self.sum(&[pixels], self.inputs, out);
                } else {
                    let apart = windows.stride * self.inputs;
                    self.sum(&rimmed.rows(top), apart, out);
                }
                if let Some(plus) = plus {
                    self.add(plus, top, out);
                }
                bend.bend(out);
            }
        });
        Map {
            channels: self.outputs,
            rows: made,
        }
    }

    fn sum(&self, rows: &[&[f32]], apart: usize, out: &mut [f32]) {
        Arch::new().dispatch(Sums {
            of: self,
            rows,
            apart,
            out,
        });
    }

    /// Adds a map's pixels from a row on.
    fn add(&self, plus: &Map, top: usize, out: &mut [f32]) {
        let from = &plus.values()[top * plus.rows.width()..];
        let sums = out.chunks_exact_mut(self.outputs);
        let pixels = sums.zip(from.chunks_exact(plus.channels));
        wide!({
            for (sums, pixel) in pixels {
                for (sum, it) in sums.iter_mut().zip(pixel) {
                    *sum += it;
                }
            }
        });
    }
}

/// The sums for pixels beside each other; as a struct, since a compiler need not inline a closure into what it makes for wide
/// registers.
struct Sums<'a> {
    of: &'a Convolution,
    /// The rows of the windows, and how far apart those of two pixels lie in them.
    rows: &'a [&'a [f32]],
    apart: usize,
    out: &'a mut [f32],
}

impl WithSimd for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many pixels at once as there are registers for their sums.
        match S::F32_LANES {
            16 => self.in_registers::<S, 8, 1>(simd),
            8 => self.in_registers::<S, 4, 2>(simd),
            4 => self.in_registers::<S, 2, 4>(simd),
            _ => self.in_registers::<S, 1, LANES>(simd),
        }
    }
}

impl Sums<'_> {
    /// With sums in so many registers for each of so many pixels.
    #[inline(always)]
    fn in_registers<S: Simd, const PIXELS: usize, const REGISTERS: usize>(self, simd: S) {
        let Convolution {
            windows,
            inputs,
            outputs,
            ..
        } = *self.of;
        let across = windows.width * inputs;
        let count = self.out.len() / outputs;
        let groups = self
            .of
            .weights
            .chunks_exact(windows.height * across * LANES);
        for (group, (weights, bias)) in groups.zip(self.of.bias.chunks_exact(LANES)).enumerate() {
            let lanes = group * LANES..outputs.min((group + 1) * LANES);
            let mut x = 0;
            while x < count {
                // The last ones are summed up again where that fills the registers.
                if count >= PIXELS {
                    x = x.min(count - PIXELS);
                    let at = (x, self.apart, across);
                    let sums = sum_up::<S, PIXELS, REGISTERS>(simd, self.rows, at, weights, bias);
                    for (sums, x) in sums.iter().zip(x..) {
                        store(simd, sums, &mut self.out[x * outputs..][lanes.clone()]);
                    }
                    x += PIXELS;
                } else {
                    let at = (x, self.apart, across);
                    let [sums] = sum_up::<S, 1, REGISTERS>(simd, self.rows, at, weights, bias);
                    store(simd, &sums, &mut self.out[x * outputs..][lanes.clone()]);
                    x += 1;
                }
            }
        }
    }
}

/// The sums for some pixels, from the first of them on, whose windows lie so far apart and are so long in each row.
#[inline(always)]
fn sum_up<S: Simd, const PIXELS: usize, const REGISTERS: usize>(
    simd: S,
    rows: &[&[f32]],
    (first, apart, across): (usize, usize, usize),
    weights: &[f32],
    bias: &[f32],
) -> [[S::f32s; REGISTERS]; PIXELS] {
    let mut sums = [[simd.splat_f32s(0.0); REGISTERS]; PIXELS];
    for sums in &mut sums {
        sums.copy_from_slice(S::as_simd_f32s(bias).0);
    }
    for (row, weights) in rows.iter().zip(weights.chunks_exact(across * LANES)) {
        let mut windows: [&[f32]; PIXELS] = [&[]; PIXELS];
        for (i, window) in windows.iter_mut().enumerate() {
            *window = &row[(first + i) * apart..][..across];
        }
        let weights = S::as_simd_f32s(weights).0.as_chunks::<REGISTERS>().0;
        for (tap, weights) in weights[..across].iter().enumerate() {
            for (sums, window) in sums.iter_mut().zip(&windows) {
                let value = simd.splat_f32s(window[tap]);
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    *sum = simd.add_f32s(*sum, simd.mul_f32s(value, *weight));
                }
            }
        }
    }
    sums
}

/// Stores as many sums as there is room for.
#[inline(always)]
fn store<S: Simd, const REGISTERS: usize>(simd: S, sums: &[S::f32s; REGISTERS], out: &mut [f32]) {
    for (out, sum) in out.chunks_mut(S::F32_LANES).zip(sums) {
        simd.partial_store_f32s(out, *sum);
    }
}

/// Weighted sums over windows of [`SIDE`] pixels a side: of each channel by itself.
#[derive(Clone, Debug)]
pub struct Depthwise {
    windows: Windows,
    /// For each place in the window, for each channel.
    weights: Vec<f32>,
    bias: Vec<f32>,
}

impl Depthwise {
    /// `None` if there are not as many weights as channels in windows, or those have other sides.
    pub fn new(windows: Windows, weights: &[f32], bias: &[f32]) -> Option<Self> {
        let count = SIDE * SIDE * bias.len();
        let fits = (windows.height, windows.width) == (SIDE, SIDE);
        (fits && count > 0 && weights.len() == count).then(|| Self {
            windows,
            weights: weights.to_vec(),
            bias: bias.to_vec(),
        })
    }

    /// A row of sums from the rows of their windows.
    fn row(&self, rows: &[&[f32]], out: &mut [f32]) {
        if let Some(rows) = rows.first_chunk() {
            Arch::new().dispatch(Products {
                of: self,
                rows,
                out,
            });
        }
    }
}

/// The sums of each channel's products in a row; as a struct for the same reason.
struct Products<'a> {
    of: &'a Depthwise,
    rows: &'a [&'a [f32]; SIDE],
    out: &'a mut [f32],
}

impl WithSimd for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let channels = self.of.bias.len();
        let mut first = 0;
        first = self.of_channels::<LANES>(first, channels);
        first = self.of_channels::<8>(first, channels);
        self.of_channels::<1>(first, channels);
    }
}

impl Products<'_> {
    /// Those of as many channels, from the first on, as are a multiple of `N`; returns the first that is left.
    #[inline(always)]
    fn of_channels<const N: usize>(&mut self, first: usize, channels: usize) -> usize {
        let apart = self.of.windows.stride * channels;
        let end = first + (channels - first) / N * N;
        for channel in (first..end).step_by(N) {
            let bias = lanes::<N, _>(&self.of.bias, channel);
            let mut weights = [[[0.0; N]; SIDE]; SIDE];
            for (place, weights) in weights.as_flattened_mut().iter_mut().enumerate() {
                *weights = *lanes(&self.of.weights, place * channels + channel);
            }
            let [above, own, below] = self.rows.map(|it| &it[channel..]);
            for (x, out) in self.out.chunks_exact_mut(channels).enumerate() {
                let window = x * apart..x * apart + 2 * channels + N;
                let rows = [&above[window.clone()], &own[window.clone()], &below[window]];
                let mut sums = *bias;
                for (row, weights) in rows.iter().zip(&weights) {
                    for (i, weights) in weights.iter().enumerate() {
                        let values = lanes::<N, _>(row, i * channels);
                        for lane in 0..N {
                            sums[lane] += weights[lane] * values[lane];
                        }
                    }
                }
                out[channel..channel + N].copy_from_slice(&sums);
            }
        }
        end
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
        Map::new(height, width, channels, noise(height * width * channels, 1))
    }

    fn windows(side: usize, stride: usize, same: bool) -> Windows {
        Windows {
            height: side,
            width: side,
            stride,
            same,
        }
    }

    /// The sums for one output everywhere, as the formula has them; `weight` knows place and input.
    fn sums(map: &Map, windows: Windows, weight: impl Fn(usize, usize, usize) -> f32) -> Vec<f32> {
        let ((columns, rows), (before, above)) = windows.over(map);
        let (width, height) = map.size();
        let mut sums = Vec::new();
        for (y, x) in (0..rows).flat_map(|y| (0..columns).map(move |x| (y, x))) {
            let mut sum = 0.0;
            for (j, i) in (0..windows.height).flat_map(|j| (0..windows.width).map(move |i| (j, i)))
            {
                let y = (y * windows.stride + j).wrapping_sub(above);
                let x = (x * windows.stride + i).wrapping_sub(before);
                if y < height && x < width {
                    for input in 0..map.channels {
                        let value = map.values()[(y * width + x) * map.channels + input];
                        sum += value * weight(j, i, input);
                    }
                }
            }
            sums.push(sum);
        }
        sums
    }

    fn check(made: &Map, output: usize, expected: impl Iterator<Item = f32>) {
        let pixels = made.values().chunks_exact(made.channels);
        assert_eq!(pixels.len() * made.channels, made.values().len());
        let mut count = 0;
        for (pixel, expected) in pixels.zip(expected) {
            let is = pixel[output];
            assert!((is - expected).abs() < 1e-4, "{is} for {expected}");
            count += 1;
        }
        assert_eq!(count * made.channels, made.values().len());
    }

    #[test]
    fn sums_are_those_of_the_formula() {
        for (side, stride, same, outputs) in [
            (3, 1, true, 5),
            (3, 2, true, 21),
            (5, 2, false, 16),
            (1, 1, true, 40),
        ] {
            let windows = windows(side, stride, same);
            for map in [map(9, 11, 3), map(5, 6, 4)] {
                let taps = side * side * map.channels;
                let (weights, bias) = (noise(outputs * taps, 2), noise(outputs, 3));
                let layer = Convolution::new(windows, map.channels, &weights, &bias);
                let layer = layer.expect("as many weights");
                let made = layer.of(&map, None, &Bend::Straight);
                for (output, bias) in bias.iter().enumerate() {
                    let sums = sums(&map, windows, |j, i, input| {
                        weights[((output * side + j) * side + i) * map.channels + input]
                    });
                    check(&made, output, sums.into_iter().map(|it| bias + it));
                }
            }
        }
    }

    #[test]
    fn channels_are_summed_by_themselves_before() {
        for (stride, channels) in [(1, 24), (2, 16), (1, 9)] {
            let (around, map) = (windows(3, stride, true), map(10, 12, channels));
            let (weights, bias) = (noise(9 * channels, 2), noise(channels, 3));
            let apart = Depthwise::new(around, &weights, &bias).expect("as many weights");
            // What it makes by itself, told by a layer that leaves it as it is.
            let mut same = vec![0.0; channels * channels];
            same.iter_mut()
                .step_by(channels + 1)
                .for_each(|it| *it = 1.0);
            let layer =
                Convolution::new(windows(1, 1, true), channels, &same, &vec![0.0; channels]);
            let layer = layer.and_then(|it| it.after(apart)).expect("they fit");
            let made = layer.of(&map, None, &Bend::Straight);
            for (channel, bias) in bias.iter().enumerate() {
                let sums = sums(&map, around, |j, i, input| {
                    f32::from(u8::from(input == channel))
                        * weights[(j * 3 + i) * channels + channel]
                });
                check(&made, channel, sums.into_iter().map(|it| bias + it));
            }
        }
    }

    #[test]
    fn other_channels_are_added_and_sums_are_bent() {
        let (map, plus, outputs) = (map(4, 7, 3), map(4, 7, 2), 5);
        let (weights, bias) = (noise(3 * outputs, 2), noise(outputs, 3));
        let layer = Convolution::new(windows(1, 1, true), 3, &weights, &bias);
        let layer = layer.expect("as many weights");
        let straight = layer.of(&map, None, &Bend::Straight);
        let slopes = noise(outputs, 4);
        for (bend, slopes) in [
            (Bend::AboveZero, &vec![0.0; outputs]),
            (Bend::Slopes(slopes.clone()), &slopes),
        ] {
            let made = layer.of(&map, Some(&plus), &bend);
            for (output, slope) in slopes.iter().enumerate() {
                let sums = straight.values().chunks_exact(outputs);
                let sums = sums.zip(plus.values().chunks_exact(2));
                let sums = sums.map(|(sum, plus)| sum[output] + plus.get(output).unwrap_or(&0.0));
                let bent = sums.map(|it| if it < 0.0 { slope * it } else { it });
                check(&made, output, bent);
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
        assert_eq!(windows(true).over(&map(7, 8, 1)), ((4, 4), (0, 1)));
        assert_eq!(windows(false).over(&map(7, 8, 1)), ((4, 3), (0, 0)));
    }

    #[test]
    fn the_largest_values_are_found() {
        let map = Map::new(
            3,
            3,
            1,
            vec![1.0, 5.0, 2.0, -3.0, 0.0, -1.0, 7.0, -2.0, -4.0],
        );
        assert_eq!(
            windows(2, 2, true).largest(&map).values(),
            [5.0, 2.0, 7.0, -4.0]
        );
        assert_eq!(
            windows(2, 1, false).largest(&map).values(),
            [5.0, 5.0, 7.0, 0.0]
        );
    }
}
