//! Coefficients out of a scan (ITU-T T.81, annex F.2), one row of groups of blocks after the other.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use super::bits::{Bits, Cursor, find_marker};
use super::codes::{Codes, Entry};
use super::frame::Frame;
use crate::engine::raster::wide;
use crate::files::containers::jpeg::{END, RESTART, ZIGZAG};

/// The most bytes that a block takes: the longest code and the longest value for each coefficient, and some that are
/// looked at in advance.
const LARGEST_BLOCK: usize = 224;

/// Where a block has what is read first, second and so on; damaged blocks go on beyond their end.
static PLACES: [u8; 128] = {
    let mut places = [63; 128];
    let mut i = 0;
    while i < 64 {
        places[i] = ZIGZAG[i] as u8;
        i += 1;
    }
    places
};

/// A quantised block, row by row.
pub type Block = [i16; 64];

/// The blocks of a row of groups, component by component and row by row.
pub struct Blocks {
    pub blocks: Vec<Block>,
    /// Of each block whether it has more than a mean.
    pub busy: Vec<bool>,
    /// Of each component where its blocks begin, and how many there are in a row: an even number.
    pub parts: Vec<(usize, usize)>,
    /// Of each block of the first group where it is, how far it is to that of the next one, and its component.
    places: Vec<(usize, usize, usize)>,
}

impl Blocks {
    /// Room for a row of a frame.
    pub fn new(frame: &Frame) -> Self {
        let (mut parts, mut places, mut count) = (Vec::new(), Vec::new(), 0);
        for (i, component) in frame.components.iter().enumerate() {
            let (across, down) = component.blocks;
            let row = (frame.groups.0 * across).next_multiple_of(2);
            parts.push((count, row));
            for y in 0..down {
                places.extend((0..across).map(|x| (count + y * row + x, across, i)));
            }
            count += row * down;
        }
        Self {
            blocks: vec![[0; 64]; count],
            busy: vec![false; count],
            parts,
            places,
        }
    }
}

/// The coded pieces of a scan: what lies between restart markers.
pub fn pieces(file: &[u8], frame: &Frame) -> Option<Vec<Range<usize>>> {
    let total = frame.groups.0 * frame.groups.1;
    let count = match frame.interval {
        0 => 1,
        interval => total.div_ceil(interval),
    };
    let (mut pieces, mut start, mut at) = (Vec::new(), frame.start, frame.start);
    wide!({
        while let Some(found) = find_marker(file, at) {
            at = found + 2;
            match *file.get(found + 1)? {
                0 => {}
                marker => {
                    pieces.push(start..found);
                    start = at;
                    if pieces.len() == count {
                        // Each block takes at least a bit for its mean and one for its end.
                        let blocks: usize = frame.blocks_of_group() * total;
                        let is_plausible = 8 * (found - frame.start) >= 2 * blocks;
                        return (marker == END[1] && is_plausible).then_some(pieces);
                    }
                    let number = (pieces.len() - 1) % 8;
                    if marker != RESTART + number as u8 {
                        return None;
                    }
                }
            }
        }
        None
    })
}

/// What is taken out of a row of groups.
pub trait Take {
    /// Begins with a row.
    fn begin(&mut self);

    /// Takes some groups of it; `None` if they are damaged. It is compiled for the processor it runs on, if it is
    /// inlined, and no closure.
    fn take(&mut self, groups: Groups) -> Option<()>;
}

/// Some groups of blocks of a row.
pub struct Groups<'a, 'b> {
    pub frame: &'a Frame,
    pub range: Range<usize>,
    pub cursor: &'a mut Cursor<'b>,
    /// The first coefficients of the blocks before, of each component.
    pub before: &'a mut [i32; 3],
}

/// Takes them.
struct Taking<'a, 'b, T> {
    taken: &'a mut T,
    groups: Groups<'a, 'b>,
}

impl<T: Take> WithSimd for Taking<'_, '_, T> {
    type Output = Option<()>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Option<()> {
        self.taken.take(self.groups)
    }
}

impl Take for Blocks {
    fn begin(&mut self) {
        self.blocks.fill([0; 64]);
    }

    #[inline(always)]
    fn take(&mut self, groups: Groups) -> Option<()> {
        let Groups {
            frame,
            range,
            cursor,
            before,
        } = groups;
        let mut kinds = Vec::with_capacity(self.places.len());
        for (start, step, component) in &self.places {
            let (first, others) = frame.components[*component].codes;
            let first = frame.first[first].as_deref()?;
            let others = frame.others[others].as_deref()?;
            kinds.push((*start, *step, *component, first, others));
        }
        let (blocks, busy) = (&mut self.blocks, &mut self.busy);
        // Kept in registers.
        let mut own = cursor.clone();
        for group in range {
            for (start, step, component, first, others) in &kinds {
                let at = start + group * step;
                let codes = (*first, *others);
                busy[at] = own.block(codes, &mut before[*component], &mut blocks[at])?;
            }
        }
        *cursor = own;
        Some(())
    }
}

/// Reads rows of blocks from a place on.
pub struct Reader {
    bits: Bits,
    /// The piece that is read next.
    next: usize,
    /// Groups that are left of this one.
    left: usize,
    /// The first coefficient of the block before, of each component.
    before: [i32; 3],
}

impl Reader {
    /// Begins with a piece.
    pub fn new(piece: usize) -> Self {
        Self {
            bits: Bits::default(),
            next: piece,
            left: 0,
            before: [0; 3],
        }
    }

    /// Reads a row of groups; `None` if it is damaged.
    pub fn row(
        &mut self,
        file: &[u8],
        frame: &Frame,
        pieces: &[Range<usize>],
        taken: &mut impl Take,
    ) -> Option<()> {
        taken.begin();
        let mut from = 0;
        while from < frame.groups.0 {
            if self.left == 0 {
                self.bits.begin(pieces.get(self.next)?.clone());
                self.next += 1;
                self.before = [0; 3];
                self.left = match frame.interval {
                    0 => usize::MAX,
                    interval => interval,
                };
            }
            let to = frame.groups.0.min(from.saturating_add(self.left));
            let least = (to - from) * frame.blocks_of_group() * LARGEST_BLOCK;
            self.bits.fill(file, least);
            let before = &mut self.before;
            self.bits.read(|cursor| {
                let range = from..to;
                let groups = Groups {
                    frame,
                    range,
                    cursor,
                    before,
                };
                Arch::new().dispatch(Taking { taken, groups })
            })?;
            self.left -= to - from;
            from = to;
            if self.left == 0 && !self.bits.is_done() {
                return None;
            }
        }
        Some(())
    }

    /// Whether all that there is was read.
    pub fn is_done(&self, pieces: &[Range<usize>]) -> bool {
        self.next == pieces.len() && self.bits.is_done()
    }
}

impl Cursor<'_> {
    /// Reads a block, which was zero; whether it has more than a mean.
    #[inline(always)]
    fn block(
        &mut self,
        (first, others): (&Codes, &Codes),
        before: &mut i32,
        out: &mut Block,
    ) -> Option<bool> {
        self.fill();
        let mut entry = first.short(self.waiting());
        if entry.is_long() {
            entry = first.long(self.waiting())?;
        }
        if entry.has_value() {
            *before += self.value(entry);
        } else {
            self.skip(entry.bits());
        }
        out[0] = i16::try_from(*before).ok()?;
        let mut at = 0;
        loop {
            // Two codes and their values have 52 bits at most.
            self.fill();
            for _ in 0..2 {
                let mut entry = others.short(self.waiting());
                if !entry.has_value() {
                    if entry.is_long() {
                        entry = others.long(self.waiting())?;
                    }
                    if !entry.has_value() {
                        self.skip(entry.bits());
                        if entry.advance() == 0 {
                            return Some(at != 0);
                        }
                        at += entry.advance();
                        if at > 62 {
                            return None;
                        }
                        continue;
                    }
                }
                at += entry.advance();
                let value = self.value(entry);
                out[usize::from(PLACES[at & 127]) & 63] = value as i16;
                if at >= 63 {
                    return (at == 63).then_some(true);
                }
            }
        }
    }

    /// A value behind its code, both taken out.
    #[inline(always)]
    pub fn value(&mut self, entry: Entry) -> i32 {
        let bits = self.waiting() << (entry.length() & 63);
        self.skip(entry.bits());
        let size = entry.size();
        let value = (bits >> (size.wrapping_neg() & 63)) as i32;
        // What begins with 0 stands for the negative ones, from the least on.
        let negative = !((bits as i64 >> 63) as i32);
        value + (negative & ((-1 << (size & 31)) + 1))
    }
}
