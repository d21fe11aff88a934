//! The picture at an eighth of its size, from the means of its blocks: what lies between them is read as fast as it can be
//! passed over, and nothing is transformed.

use super::bits::Cursor;
use super::codes::Codes;
use super::coefficients::{Groups, Take};
use super::frame::{Colours, Frame};
use super::pixels::{colour, join};

/// Side of a block, in samples.
pub const SIDE: usize = 8;

/// Bits with which the next codes are looked up together.
const LOOKED_UP: u32 = 12;

/// Codes that are passed over together: the bits that they take with their values, how many places of a block they go
/// on, and whether the block ends with the last of them. No bits are a code that is too long.
#[derive(Clone, Copy, Default)]
struct Leap(u16);

impl Leap {
    const END: u16 = 1 << 15;

    fn new(bits: u32, advance: usize, is_end: bool) -> Self {
        let end = if is_end { Self::END } else { 0 };
        Self(end | (advance as u16) << 8 | bits as u16)
    }

    #[inline(always)]
    fn bits(self) -> u32 {
        u32::from(self.0 & 0xFF)
    }

    #[inline(always)]
    fn advance(self) -> usize {
        usize::from(self.0 >> 8 & 0x7F)
    }

    #[inline(always)]
    fn is_end(self) -> bool {
        self.0 >= Self::END
    }
}

/// What the next bits of a block lead to.
struct Leaps([Leap; 1 << LOOKED_UP]);

impl Leaps {
    fn new(codes: &Codes) -> Box<Self> {
        let mut leaps = Box::new(Self([Leap::default(); 1 << LOOKED_UP]));
        for (bits, leap) in (0u64..).zip(&mut leaps.0) {
            *leap = Self::leap(codes, bits << (64 - LOOKED_UP));
        }
        leaps
    }

    /// As many codes as are certain.
    fn leap(codes: &Codes, bits: u64) -> Leap {
        let (mut taken, mut advance) = (0, 0);
        while taken < LOOKED_UP {
            let Some(entry) = codes.any(bits << taken) else {
                break;
            };
            // A block has no more than 63 places, and what lies behind it is another one's.
            if taken + entry.length() > LOOKED_UP || advance + entry.advance() > 63 {
                break;
            }
            taken += entry.bits();
            if !entry.has_value() && entry.advance() == 0 {
                return Leap::new(taken, advance, true);
            }
            advance += entry.advance();
        }
        Leap::new(taken, advance, false)
    }
}

/// Rows of means of a row of groups, one plane for each component.
pub struct Means {
    leaps: [Option<Box<Leaps>>; 4],
    /// Samples as they would be stored.
    planes: Vec<Vec<u8>>,
    /// Of each block of the first group: its component, where it is, how far it is to that of the next group.
    places: Vec<(usize, usize, usize)>,
    /// A row of each component at the size of the result.
    rows: [Vec<u8>; 3],
}

impl Means {
    /// Room for a row of a frame.
    pub fn new(frame: &Frame) -> Self {
        let (mut planes, mut places) = (Vec::new(), Vec::new());
        for (i, component) in frame.components.iter().enumerate() {
            let (across, down) = component.blocks;
            let row = frame.groups.0 * across;
            planes.push(vec![0; row * down]);
            for y in 0..down {
                places.extend((0..across).map(|x| (i, y * row + x, across)));
            }
        }
        let leaps = [0, 1, 2, 3].map(|i| frame.others[i].as_deref().map(Leaps::new));
        Self {
            leaps,
            planes,
            places,
            rows: [(); 3].map(|()| vec![0; frame.size.0.div_ceil(SIDE) + 1]),
        }
    }

    /// Writes the pixels of the row of groups, as far as the rows of `out` go.
    pub fn write(&mut self, frame: &Frame, out: &mut [u8]) {
        let width = frame.size.0.div_ceil(SIDE);
        let channels = match frame.colours {
            Colours::Grey => 1,
            _ => 3,
        };
        for (y, out) in out.chunks_exact_mut(width * channels).enumerate() {
            let components = self.planes.iter().zip(&frame.components);
            for ((plane, component), row) in components.zip(&mut self.rows) {
                let from = frame.groups.0 * component.blocks.0 * (y / component.reach.1);
                let reach = component.reach.0;
                let repeated = row.chunks_mut(reach).zip(&plane[from..]);
                repeated.for_each(|(row, it)| row.fill(*it));
            }
            let rows = [0, 1, 2].map(|i| &self.rows[i][..width]);
            match frame.colours {
                Colours::Grey => out.copy_from_slice(rows[0]),
                Colours::Rgb => join(rows, out.as_chunks_mut().0),
                Colours::Luma => colour(rows, out.as_chunks_mut().0),
            }
        }
    }
}

impl Take for Means {
    fn begin(&mut self) {}

    #[inline(always)]
    fn take(&mut self, groups: Groups) -> Option<()> {
        let Groups {
            frame,
            range,
            cursor,
            before,
        } = groups;
        let mut kinds = Vec::with_capacity(self.places.len());
        for (component, start, step) in &self.places {
            let (first, others) = frame.components[*component].codes;
            let kind = Kind {
                first: frame.first[first].as_deref()?,
                leaps: self.leaps[others].as_deref()?,
                others: frame.others[others].as_deref()?,
                step: i32::from(frame.components[*component].steps[0]),
            };
            kinds.push((*component, *start, *step, kind));
        }
        let planes = &mut self.planes;
        // Kept in registers.
        let mut own = cursor.clone();
        for group in range {
            for (component, start, step, kind) in &kinds {
                let mean = own.mean(kind, &mut before[*component])?;
                planes[*component][start + group * step] = mean;
            }
        }
        *cursor = own;
        Some(())
    }
}

/// What blocks of a component are read with.
struct Kind<'a> {
    first: &'a Codes,
    leaps: &'a Leaps,
    others: &'a Codes,
    /// What the first coefficient is multiplied by.
    step: i32,
}

impl Cursor<'_> {
    /// The mean of a block, which is passed over.
    #[inline(always)]
    fn mean(&mut self, kind: &Kind, before: &mut i32) -> Option<u8> {
        self.fill();
        let entry = kind.first.any(self.waiting())?;
        match entry.has_value() {
            true => *before += self.value(entry),
            false => self.skip(entry.bits()),
        }
        let first = i16::try_from(*before).ok()?;
        let mut at = 0;
        loop {
            self.fill();
            // Twice what may be looked up, and the last value, are less than what waits.
            for _ in 0..2 {
                let leap = kind.leaps.0[(self.waiting() >> (64 - LOOKED_UP)) as usize];
                let to = at + leap.advance();
                if leap.bits() == 0 || to >= 63 {
                    self.rest(kind.others, at)?;
                    return Some(level(first, kind.step));
                }
                self.skip(leap.bits());
                if leap.is_end() {
                    return Some(level(first, kind.step));
                }
                at = to;
            }
        }
    }

    /// Passes over the rest of a block code by code.
    #[cold]
    fn rest(&mut self, others: &Codes, mut at: usize) -> Option<()> {
        loop {
            self.fill();
            let entry = others.any(self.waiting())?;
            self.skip(entry.bits());
            at += entry.advance();
            match entry.has_value() {
                false if entry.advance() == 0 => return Some(()),
                false if at > 62 => return None,
                true if at >= 63 => return (at == 63).then_some(()),
                _ => {}
            }
        }
    }
}

/// The sample that a block of this mean has.
#[inline(always)]
fn level(first: i16, step: i32) -> u8 {
    let mean = (i32::from(first) * step + SIDE as i32 / 2) >> 3;
    (mean + 128).clamp(0, 255) as u8
}
