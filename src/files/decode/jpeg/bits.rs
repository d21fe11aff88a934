//! The bits of a piece of a scan, with nothing between them.

use std::ops::Range;

/// Bytes of zeros for which nothing is read.
const MORE: usize = 1 << 17;

/// A piece of a scan on its way into bits: its bytes without the zero that stands behind each FF.
#[derive(Default)]
pub struct Bits {
    /// What of the file is not in `bytes` yet.
    source: Range<usize>,
    bytes: Vec<u8>,
    place: Place,
}

/// How far bits were read.
#[derive(Clone, Copy, Default)]
struct Place {
    /// The next byte.
    at: usize,
    /// Bits that were taken out of the bytes, the next one highest.
    waiting: u64,
    /// How many of them count.
    count: u32,
}

/// The first FF from a place on.
#[inline(always)]
pub fn find_marker(bytes: &[u8], from: usize) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let chunks = rest.as_chunks::<32>().0;
    let has_one = |chunk: &[u8; 32]| chunk.iter().fold(false, |any, it| any | (*it == 0xFF));
    let clean = chunks.iter().position(has_one).unwrap_or(chunks.len()) * 32;
    let found = rest[clean..].iter().position(|it| *it == 0xFF)?;
    Some(from + clean + found)
}

impl Bits {
    /// Begins with another piece of the file.
    pub fn begin(&mut self, source: Range<usize>) {
        self.source = source;
        self.bytes.clear();
        self.place = Place::default();
    }

    /// Makes sure that so many bytes are there, or all.
    pub fn fill(&mut self, file: &[u8], least: usize) {
        let done = self.place.at.min(self.bytes.len());
        if self.bytes.len() - done >= least || self.source.is_empty() {
            return;
        }
        self.bytes.copy_within(done.., 0);
        self.bytes.truncate(self.bytes.len() - done);
        self.place.at -= done;
        while self.bytes.len() < least + MORE && !self.source.is_empty() {
            let end = self.source.end.min(self.source.start + MORE);
            let marker = find_marker(&file[..end], self.source.start);
            let copied = marker.map_or(end, |it| it + 1);
            self.bytes
                .extend_from_slice(&file[self.source.start..copied]);
            self.source.start = copied + usize::from(marker.is_some());
        }
    }

    /// Reads on with a cursor; `None` if that went wrong, or beyond the end.
    #[inline(always)]
    pub fn read(&mut self, work: impl FnOnce(&mut Cursor) -> Option<()>) -> Option<()> {
        let mut cursor = Cursor {
            bytes: &self.bytes,
            place: self.place,
        };
        work(&mut cursor)?;
        self.place = cursor.place;
        (self.taken() <= 8 * self.bytes.len()).then_some(())
    }

    /// Whether nothing is left but bits that fill up the last byte.
    pub fn is_done(&self) -> bool {
        self.source.is_empty() && 8 * self.bytes.len() < self.taken() + 8
    }

    /// Bits that were read since the bytes begin.
    fn taken(&self) -> usize {
        8 * self.place.at - self.place.count as usize
    }
}

/// Takes bits out of bytes that are in memory.
#[derive(Clone)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    place: Place,
}

impl Cursor<'_> {
    /// Makes sure that 56 bits wait. Zeros follow the last byte.
    #[inline(always)]
    pub fn fill(&mut self) {
        let place = &mut self.place;
        let next = match self.bytes.get(place.at..).and_then(|it| it.first_chunk()) {
            Some(next) => u64::from_be_bytes(*next),
            None => end_of(self.bytes, place.at),
        };
        place.waiting |= next >> place.count;
        place.at += ((63 - place.count) >> 3) as usize;
        place.count |= 56;
    }

    /// The next bits, the first one highest.
    #[inline(always)]
    pub fn waiting(&self) -> u64 {
        self.place.waiting
    }

    /// Goes on; no further than bits wait.
    #[inline(always)]
    pub fn skip(&mut self, bits: u32) {
        self.place.waiting <<= bits & 63;
        self.place.count = self.place.count.wrapping_sub(bits);
    }
}

/// The last bytes, as if zeros followed.
#[cold]
fn end_of(bytes: &[u8], at: usize) -> u64 {
    let mut last = [0; 8];
    let rest = bytes.get(at..).unwrap_or_default();
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(last)
}
