//! Samples of components into pixels: chroma brought to luma's size, and colours, as libjpeg does both, to the bit.

use pulp::{Arch, Simd, WithSimd};

use super::coefficients::{Block, Blocks};
use super::frame::{Colours, Component, Frame};
use super::transform::{Lanes, Pair, doubled, flat};
use crate::files::lanes::{Work, run};

/// The samples of a row of groups of blocks, one plane for each component.
pub struct Planes {
    planes: Vec<Plane>,
    /// A row of each component at the size of the picture.
    rows: [Vec<u8>; 3],
    /// A row of a component on its way there, with one sample more at both ends.
    sums: Vec<u16>,
}

struct Plane {
    samples: Vec<u8>,
    width: usize,
    steps: Pair,
}

/// What is needed of a row of groups to finish the pixels of the next one, or of the one before: one row of samples of
/// each component.
pub struct Rim(Vec<Vec<u8>>);

/// The rows of samples from which a row of pixels is made: the nearest one of each component, and the next nearest.
type Sources<'a> = [(&'a [u8], &'a [u8]); 3];

impl Planes {
    /// Room for a row of a frame.
    pub fn new(frame: &Frame) -> Self {
        let plane = |component: &Component| {
            let (across, down) = component.blocks;
            let width = (frame.groups.0 * across).next_multiple_of(2) * 8;
            Plane {
                samples: vec![0; width * down * 8],
                width,
                steps: doubled(&component.steps),
            }
        };
        Self {
            planes: frame.components.iter().map(plane).collect(),
            // Rows of pairs may be one longer than the picture.
            rows: [(); 3].map(|()| vec![0; frame.size.0 + 1]),
            sums: vec![0; frame.size.0 + 2],
        }
    }

    /// Transforms a row of groups.
    pub fn fill(&mut self, blocks: &Blocks) {
        for (plane, (start, row)) in self.planes.iter_mut().zip(&blocks.parts) {
            let work = Transform {
                blocks: &blocks.blocks[*start..],
                busy: &blocks.busy[*start..],
                row: *row,
                plane,
            };
            run(Arch::new(), work);
        }
    }

    /// The first row of samples of each component, or the last one.
    pub fn rim(&self, is_last: bool) -> Rim {
        let rim = |it: &Plane| {
            let row = if is_last { it.rows() - 1 } else { 0 };
            it.row(row).to_vec()
        };
        Rim(self.planes.iter().map(rim).collect())
    }

    /// Writes one row of pixels, counted from the first one of these groups.
    ///
    /// The last rows of a picture may be fewer than those of the groups: `rows` is how many there are.
    pub fn write(&mut self, frame: &Frame, y: usize, rows: usize, out: &mut [u8]) {
        let Self {
            planes,
            rows: scaled,
            sums,
        } = self;
        let mut sources: Sources = [(&[], &[]); 3];
        for ((source, plane), component) in sources.iter_mut().zip(planes).zip(&frame.components) {
            let reach = component.reach.1;
            let near = y / reach;
            let last = (rows - 1) / reach;
            let far = match (reach, y % 2) {
                (1, _) => near,
                (_, 0) => near.saturating_sub(1),
                _ => last.min(near + 1),
            };
            *source = (plane.row(near), plane.row(far));
        }
        Arch::new().dispatch(Write {
            frame,
            sources,
            lower: y % 2,
            rows: scaled,
            sums,
            out,
        });
    }

    /// Writes the two rows of pixels at the border of two rows of groups.
    pub fn write_border(&mut self, frame: &Frame, above: &Rim, below: &Rim, out: &mut [u8]) {
        let (upper, lower) = out.split_at_mut(out.len() / 2);
        for (side, out) in [upper, lower].into_iter().enumerate() {
            let (near, far) = match side {
                0 => (above, below),
                _ => (below, above),
            };
            let mut sources: Sources = [(&[], &[]); 3];
            for (source, (near, far)) in sources.iter_mut().zip(near.0.iter().zip(&far.0)) {
                *source = (near, far);
            }
            // The upper one is the lower one of its pair.
            Arch::new().dispatch(Write {
                frame,
                sources,
                lower: 1 - side,
                rows: &mut self.rows,
                sums: &mut self.sums,
                out,
            });
        }
    }
}

impl Plane {
    fn rows(&self) -> usize {
        self.samples.len() / self.width
    }

    fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.width..][..self.width]
    }
}

struct Transform<'a> {
    blocks: &'a [Block],
    busy: &'a [bool],
    row: usize,
    plane: &'a mut Plane,
}

impl<L: Lanes> Work<L> for Transform<'_> {
    type Made = ();

    #[inline(always)]
    fn run(self, lanes: L) {
        let Self {
            blocks,
            busy,
            row,
            plane,
        } = self;
        let width = plane.width;
        let bands = plane.samples.chunks_exact_mut(8 * width);
        for (i, band) in bands.enumerate() {
            let blocks = blocks[i * row..][..row].as_chunks::<2>().0;
            let busy = busy[i * row..][..row].as_chunks::<2>().0;
            for (x, ([one, other], busy)) in blocks.iter().zip(busy).enumerate() {
                let samples = if *busy == [false; 2] {
                    let (one, other) = (flat(one[0], &plane.steps), flat(other[0], &plane.steps));
                    [core::array::from_fn(|x| if x < 8 { one } else { other }); 8]
                } else {
                    lanes.transform([one, other], &plane.steps)
                };
                for (y, samples) in samples.iter().enumerate() {
                    band[y * width + 16 * x..][..16].copy_from_slice(samples);
                }
            }
        }
    }
}

/// A row of pixels to be written.
struct Write<'a> {
    frame: &'a Frame,
    sources: Sources<'a>,
    /// 1 for the lower one of the two that stand for a row of samples.
    lower: usize,
    rows: &'a mut [Vec<u8>; 3],
    sums: &'a mut [u16],
    out: &'a mut [u8],
}

impl WithSimd for Write<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self {
            frame,
            sources,
            lower,
            rows,
            sums,
            out,
        } = self;
        let width = frame.size.0;
        if frame.colours == Colours::Grey {
            out.copy_from_slice(&sources[0].0[..width]);
            return;
        }
        for ((row, source), component) in rows.iter_mut().zip(sources).zip(&frame.components) {
            if component.reach != (1, 1) {
                scale(component, source, lower, sums, row);
            }
        }
        let mut ready: [&[u8]; 3] = [&[]; 3];
        for (i, component) in frame.components.iter().enumerate().take(3) {
            let row = match component.reach {
                (1, 1) => sources[i].0,
                _ => rows[i].as_slice(),
            };
            ready[i] = &row[..width];
        }
        let out = out.as_chunks_mut::<3>().0;
        match frame.colours {
            Colours::Rgb => join(ready, out),
            _ => colour(ready, out),
        }
    }
}

/// A row of a component that has fewer samples than the picture pixels, in triangles: three quarters of the nearest
/// sample and one of the next, across and down.
#[inline(always)]
fn scale(
    component: &Component,
    (near, far): (&[u8], &[u8]),
    lower: usize,
    sums: &mut [u16],
    out: &mut [u8],
) {
    let count = component.size.0;
    let (near, far) = (&near[..count], &far[..count]);
    if component.reach.0 == 1 {
        // Halves are rounded down and up in turns.
        let half = 1 + lower as u16;
        for (out, (near, far)) in out.iter_mut().zip(near.iter().zip(far)) {
            *out = ((3 * u16::from(*near) + u16::from(*far) + half) >> 2) as u8;
        }
        return;
    }
    if is_blunt(component) {
        for (out, near) in out.as_chunks_mut::<2>().0.iter_mut().zip(near) {
            *out = [*near; 2];
        }
        return;
    }
    let sums = &mut sums[..count + 2];
    if component.reach.1 == 1 {
        for (sum, near) in sums[1..].iter_mut().zip(near) {
            *sum = u16::from(*near);
        }
    } else {
        for (sum, (near, far)) in sums[1..].iter_mut().zip(near.iter().zip(far)) {
            *sum = 3 * u16::from(*near) + u16::from(*far);
        }
    }
    (sums[0], sums[count + 1]) = (sums[1], sums[count]);
    match component.reach.1 {
        1 => widen::<2, 1>(sums, out),
        _ => widen::<4, 7>(sums, out),
    }
}

/// Whether a component has too few columns for triangles.
pub fn is_blunt(component: &Component) -> bool {
    component.reach.0 == 2 && component.size.0 <= 2
}

/// Twice as many samples as sums; they are `1 << SHIFT` times too large, and the left one is rounded with `LEFT`.
#[inline(always)]
fn widen<const SHIFT: u32, const LESS: u16>(sums: &[u16], out: &mut [u8]) {
    let count = sums.len() - 2;
    let out = &mut out.as_chunks_mut::<2>().0[..count];
    let (before, here, after) = (&sums[..count], &sums[1..=count], &sums[2..]);
    // Halves are rounded down and up in turns.
    let (left, right) = match SHIFT {
        2 => (LESS, LESS + 1),
        _ => (LESS + 1, LESS),
    };
    for i in 0..count {
        let here = 3 * here[i];
        out[i] = [
            ((here + before[i] + left) >> SHIFT) as u8,
            ((here + after[i] + right) >> SHIFT) as u8,
        ];
    }
}

/// Samples side by side.
#[inline(always)]
pub fn join([r, g, b]: [&[u8]; 3], out: &mut [[u8; 3]]) {
    let count = out.len();
    let (r, g, b) = (&r[..count], &g[..count], &b[..count]);
    for i in 0..count {
        out[i] = [r[i], g[i], b[i]];
    }
}

/// A product with a factor × 2¹⁶, rounded.
#[inline(always)]
fn share(it: i16, factor: i16) -> i16 {
    let high = (i32::from(2 * it) * i32::from(factor)) >> 16;
    (high as i16 + 1) >> 1
}

#[inline(always)]
fn level(it: i16) -> u8 {
    it.clamp(0, 255) as u8
}

/// The colours of JFIF (ITU-R BT.601, full range), factors × 2¹⁶.
#[inline(always)]
pub fn colour([luma, blue, red]: [&[u8]; 3], out: &mut [[u8; 3]]) {
    let count = out.len();
    let (luma, blue, red) = (&luma[..count], &blue[..count], &red[..count]);
    for i in 0..count {
        let y = i16::from(luma[i]);
        let (b, r) = (i16::from(blue[i]) - 128, i16::from(red[i]) - 128);
        // 0.344 14 and 0.714 14, the second one as 1 - 0.285 86; 1.402 and 1.772 as what is whole and the rest.
        let green = -22_554 * i32::from(b) + 18_734 * i32::from(r) + (1 << 15);
        out[i] = [
            level(y + r + share(r, 26_345)),
            level(y - r + (green >> 16) as i16),
            level(y + 2 * b + share(b, -14_942)),
        ];
    }
}
