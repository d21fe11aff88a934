//! The colour of a face's skin, and how far other colours lie from it.

use crate::engine::masks::median;

/// How far a colour may lie from a face's own, in deviations, at a tolerance of ½.
const REACH: f32 = 3.4;

/// The least and most that colour and tone of a face's skin are taken to vary, as logarithms: along
/// the direction of its saturation, across it, and in luma.
const VARIATION: [(f32, f32); 3] = [(0.06, 0.12), (0.045, 0.09), (0.2, 0.4)];

/// Those of colour are the less, the less saturated skin is than this, to a share: in a faded picture all colours are alike.
const SATURATED: f32 = 0.12;
const FADED: f32 = 0.6;

/// Skin under other light varies more than in the middle of a face, by these factors.
const BEYOND_MIDDLE: [f32; 3] = [1.5, 1.5, 1.3];

/// The colour of a face's skin and how it varies, in logarithms.
#[derive(Clone, Copy)]
pub struct SkinColour {
    /// Red over green, blue over green, and luma.
    pub middle: [f32; 3],
    /// The direction in which skin grows more saturated.
    saturation: [f32; 2],
    /// Along that direction, across it, and in luma.
    pub variation: [f32; 3],
}

impl SkinColour {
    /// That of some samples of a face.
    pub fn of(colours: &[[f32; 3]]) -> Self {
        let mut skin = Self {
            middle: [0, 1, 2]
                .map(|axis: usize| median(colours.iter().map(|it| it[axis]).collect())),
            saturation: [0.8, -0.6],
            variation: [1.0; 3],
        };
        let [red, blue, _] = skin.middle;
        let saturated = (red * red + blue * blue).sqrt();
        // Under blue light hardly anything is saturated; then the direction of most skin is used.
        if saturated > 0.08 {
            skin.saturation = [red / saturated, blue / saturated];
        }
        let faded = (saturated / SATURATED).clamp(FADED, 1.0);
        skin.variation = [0, 1, 2].map(|axis: usize| {
            let apart = colours.iter().map(|it| skin.axes(*it)[axis].abs());
            // The median deviation of normal values is 0.67 of their standard deviation.
            let deviation = BEYOND_MIDDLE[axis] * median(apart.collect()) / 0.6745;
            let (least, most) = VARIATION[axis];
            let least = if axis == 2 { least } else { faded * least };
            deviation.clamp(least, most)
        });
        skin
    }

    /// How saturated it is.
    pub fn saturated(&self) -> f32 {
        let [red, blue, _] = self.middle;
        libm::hypotf(red, blue)
    }

    /// How a colour differs from the face's: in saturation, across it, in luma.
    #[inline(always)]
    fn axes(&self, colour: [f32; 3]) -> [f32; 3] {
        let [red, blue, tone] = [0, 1, 2].map(|i: usize| colour[i] - self.middle[i]);
        let [along, across] = self.saturation;
        [
            red * along + blue * across,
            blue * along - red * across,
            tone,
        ]
    }

    /// The same without a share of what shade does: it makes skin more saturated.
    #[inline(always)]
    pub fn unshaded(&self, colour: [f32; 3], share: f32) -> [f32; 3] {
        let [saturation, hue, tone] = self.axes(colour);
        let shade = (-tone).max(0.0) * share;
        let saturated = if saturation > 0.0 { 2.5 } else { 0.0 };
        [
            saturation / (1.0 + saturated * shade),
            hue / (1.0 + 1.2 * shade),
            tone,
        ]
    }

    /// Distance from the face's colours, where 1 is as far as counts, so far from its middle.
    #[inline(always)]
    pub fn apart(&self, colour: [f32; 3], r: f32, grey: bool) -> f32 {
        let face = line([(1.0, 1.0), (1.35, 0.0)], r);
        let [mut saturation, hue, mut tone] = self.unshaded(colour, face);
        saturation *= if saturation < 0.0 {
            1.7 - 0.7 * face
        } else {
            1.0
        };
        tone *= line([(0.8, 0.5), (1.3, 1.0)], r);
        let squared = |it: f32, axis: usize| {
            let deviations = it / self.variation[axis];
            deviations * deviations
        };
        // What lies far from the face must be more like it. Without colours nothing there counts.
        let (squares, reach) = if grey {
            (squared(tone, 2), line([(0.9, 0.8), (1.3, 0.0)], r))
        } else {
            (
                squared(saturation, 0) + squared(hue, 1) + squared(tone, 2),
                line([(0.95, 1.0), (1.15, 0.8), (1.6, 0.65), (4.0, 0.45)], r),
            )
        };
        squares.sqrt() / (REACH * reach).max(1e-3)
    }
}

/// A line through points, level before the first and after the last.
#[inline(always)]
pub fn line<const N: usize>(points: [(f32, f32); N], at: f32) -> f32 {
    // Without an early way out, so that loops stay wide.
    let (mut value, last) = (points[0].1, points[N - 1]);
    for pair in points.windows(2) {
        let ((left, from), (right, to)) = (pair[0], pair[1]);
        let between = from + (to - from) * (at - left) / (right - left);
        value = if at < left { value } else { between };
    }
    if at < last.0 { value } else { last.1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_level_beyond_its_points() {
        let points = [(0.5, 1.0), (1.0, 3.0), (2.0, 2.0)];
        for (at, value) in [
            (0.0, 1.0),
            (0.5, 1.0),
            (0.75, 2.0),
            (1.0, 3.0),
            (1.5, 2.5),
            (7.0, 2.0),
        ] {
            assert_eq!(line(points, at), value, "{at}");
        }
    }
}
