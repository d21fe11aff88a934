//! The filters of a PNG (third edition, section 9): what is left of a row when its neighbours are known.

use pulp::{Arch, Simd, WithSimd};

/// Filters that are tried, with their numbers.
const SUB: usize = 0;
const UP: usize = 1;
const AVERAGE: usize = 2;
const PAETH: usize = 3;

/// Filters rows of so many bytes a pixel, each in the way that leaves least.
pub struct Filter {
    arch: Arch,
    /// Bytes of a pixel.
    pixel: usize,
    /// The row in each of the filters.
    tried: [Vec<u8>; 4],
}

impl Filter {
    /// For rows of a length in bytes.
    pub fn new(pixel: usize, row: usize) -> Self {
        Self {
            arch: Arch::new(),
            pixel,
            tried: std::array::from_fn(|_| vec![0; row]),
        }
    }

    /// Appends the filtered row with the filter's number in front. Without the row above, none is
    /// used that needs it.
    pub fn row(&mut self, row: &[u8], above: Option<&[u8]>, out: &mut Vec<u8>) {
        let filtered = self.arch.dispatch(Rows {
            row,
            above,
            pixel: self.pixel,
            tried: &mut self.tried,
        });
        out.push(filtered as u8 + 1);
        out.extend_from_slice(&self.tried[filtered]);
    }
}

struct Rows<'a> {
    row: &'a [u8],
    above: Option<&'a [u8]>,
    pixel: usize,
    tried: &'a mut [Vec<u8>; 4],
}

impl WithSimd for Rows<'_> {
    type Output = usize;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> usize {
        let Self {
            row,
            above,
            pixel,
            tried,
        } = self;
        let [sub, up, average, paeth] = tried;
        // Left of the first pixel is nothing.
        let first = pixel.min(row.len());
        let Some(above) = above else {
            sub[..first].copy_from_slice(&row[..first]);
            each(&mut sub[first..], [&row[first..], row], |[x, left]| {
                x.wrapping_sub(left)
            });
            return SUB;
        };
        let above = &above[..row.len()];
        let head = [&row[..first], &above[..first]];
        sub[..first].copy_from_slice(&row[..first]);
        each(&mut average[..first], head, |[x, up]| {
            x.wrapping_sub(up / 2)
        });
        each(&mut paeth[..first], head, |[x, up]| x.wrapping_sub(up));
        each(up, [row, above], |[x, up]| x.wrapping_sub(up));
        each(&mut sub[first..], [&row[first..], row], |[x, left]| {
            x.wrapping_sub(left)
        });
        let tail = [&row[first..], row, &above[first..]];
        each(&mut average[first..], tail, |[x, left, up]| {
            x.wrapping_sub((left & up) + ((left ^ up) >> 1))
        });
        let corners = [&row[first..], row, &above[first..], above];
        each(&mut paeth[first..], corners, |[x, left, up, corner]| {
            x.wrapping_sub(predicted(left, up, corner))
        });
        let costs = [&*sub, &*up, &*average, &*paeth].map(|it| cost(it));
        let tried = [SUB, UP, AVERAGE, PAETH];
        tried.into_iter().min_by_key(|it| costs[*it]).unwrap_or(SUB)
    }
}

/// `change` of the bytes of all inputs at the same place.
#[inline(always)]
fn each<const N: usize>(out: &mut [u8], inputs: [&[u8]; N], change: impl Fn([u8; N]) -> u8) {
    let inputs = inputs.map(|it| &it[..out.len()]);
    for (i, out) in out.iter_mut().enumerate() {
        *out = change(inputs.map(|it| it[i]));
    }
}

/// Whichever of three neighbours is closest to left + up − corner.
#[inline(always)]
fn predicted(left: u8, up: u8, corner: u8) -> u8 {
    let [a, b, c] = [left, up, corner].map(i16::from);
    let (to_left, to_up, to_corner) = ((b - c).abs(), (a - c).abs(), (a + b - 2 * c).abs());
    if to_left <= to_up && to_left <= to_corner {
        left
    } else if to_up <= to_corner {
        up
    } else {
        corner
    }
}

/// The sum of all bytes as distances from 0, which their code lengths go with.
#[inline(always)]
fn cost(filtered: &[u8]) -> u64 {
    // As many as 16 bits can sum up.
    let parts = filtered.chunks(256);
    let part = |it: &[u8]| {
        it.iter()
            .map(|it| u16::from(it.cast_signed().unsigned_abs()))
            .sum::<u16>()
    };
    parts.map(|it| u64::from(part(it))).sum()
}
