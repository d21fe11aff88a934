//! Deflate (RFC 1951) for filtered pixels: the best prefix codes for each block, and runs of one byte.
//!
//! Grain has no repetitions that are worth a search; what is left of it after filtering is bytes near
//! 0, for which their codes are everything. So this is as small on photographs as a search, at a
//! tenth of its time.

mod codes;

use codes::{codes, lengths};

/// Bytes that share a set of codes.
const BLOCK: usize = 128 << 10;

/// The longest code of a byte: four of them and the bits of an unfinished byte fit into 64.
const LONGEST: u8 = 13;

/// Bytes that are looked at together when runs are looked for.
const GROUP: usize = 8;

/// Shorter runs are hardly shorter as repetitions, and slower. Those of this length hold two groups.
const SHORTEST_RUN: usize = 3 * GROUP;

/// The symbol behind the last byte of a block.
const END: usize = 256;

/// The first of the symbols for the lengths of repetitions.
const FIRST_LENGTH: usize = 257;

/// The shortest and longest repetition.
const SHORTEST: usize = 3;
const LARGEST: usize = 258;

/// The head of a block takes fewer bits than this: 17 to begin with, 19 lengths of 3 bits, and for
/// each of 287 codes one of at most 7 bits with at most 7 more.
const HEAD: usize = 17 + 19 * 3 + 287 * 14;

/// Appends the compressed `bytes` to `out`, whole blocks that end on a whole byte, none of them the
/// last: others may follow.
pub fn deflate(bytes: &[u8], out: &mut Vec<u8>) {
    let mut bits = Bits {
        out,
        at: 0,
        pending: 0,
        count: 0,
    };
    bits.at = bits.out.len();
    for block in bytes.chunks(BLOCK) {
        write_block(block, &mut bits);
    }
    // A block of no stored bytes, which begins on a whole byte.
    bits.reserve(3 + 7 + 32);
    bits.put(0, 3);
    bits.put(0, (8 - bits.count) % 8);
    bits.put(0xFFFF_0000, 32);
    bits.out.truncate(bits.at);
}

/// The end of a stream of blocks on a whole byte: an empty last block, with codes that are known.
pub const LAST_BLOCK: [u8; 2] = [3, 0];

/// What a stream of deflated blocks begins with (RFC 1950): deflate, a window of 32 KiB, little search.
pub const ZLIB: [u8; 2] = [0x78, 0x01];

/// The whole stream of some bytes, with its head and check sum.
pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = ZLIB.to_vec();
    deflate(bytes, &mut out);
    out.extend(LAST_BLOCK);
    out.extend(simd_adler32::adler32(&bytes).to_be_bytes());
    out
}

/// Bits on their way into bytes, the first one lowest.
struct Bits<'a> {
    /// Longer than what was written, so that whole words fit.
    out: &'a mut Vec<u8>,
    /// Bytes that were written.
    at: usize,
    pending: u64,
    /// Fewer than 8 between two calls.
    count: u32,
}

impl Bits<'_> {
    /// Makes room for so many more bits.
    fn reserve(&mut self, bits: usize) {
        self.out
            .resize(self.at + bits / 8 + 2 * size_of::<u64>(), 0);
    }

    /// At most 32 bits, for which there is room.
    #[inline(always)]
    fn put(&mut self, value: u32, count: u32) {
        self.pending |= u64::from(value) << self.count;
        self.count += count;
        self.flush();
    }

    /// Writes all whole bytes of what is pending.
    #[inline(always)]
    fn flush(&mut self) {
        self.out[self.at..self.at + 8].copy_from_slice(&self.pending.to_le_bytes());
        self.at += (self.count / 8) as usize;
        self.pending >>= self.count & !7;
        self.count &= 7;
    }

    /// The codes of bytes; `table` has each one's bits above and their number in the lowest 8.
    fn put_all(&mut self, bytes: &[u8], table: &[u32; 256]) {
        let (fours, rest) = bytes.as_chunks::<4>();
        for four in fours {
            for byte in four {
                let entry = table[usize::from(*byte)];
                self.pending |= u64::from(entry >> 8) << self.count;
                self.count += entry & 0xFF;
            }
            self.flush();
        }
        for byte in rest {
            let entry = table[usize::from(*byte)];
            self.put(entry >> 8, entry & 0xFF);
        }
    }
}

/// A repetition of the byte before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    start: usize,
    length: usize,
}

/// The runs of a block, from its start to its end.
fn runs(block: &[u8]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    let (mut done, mut before) = (0, None);
    for (i, group) in block.as_chunks::<GROUP>().0.iter().enumerate() {
        let (at, byte) = (i * GROUP, group[0]);
        let wide = u64::from_le_bytes(*group);
        let is_second = before.replace(wide) == Some(wide) && wide == wide.rotate_left(8);
        if !is_second || at < done {
            continue;
        }
        let first = at - GROUP;
        let earlier = block[done..first].iter().rev();
        let first = first - earlier.take_while(|it| **it == byte).count();
        let later = block[at + GROUP..].iter();
        let end = at + GROUP + later.take_while(|it| **it == byte).count();
        // The first byte is written, the others repeat it.
        if end - first > SHORTEST_RUN {
            runs.push(Run {
                start: first + 1,
                length: end - first - 1,
            });
            done = end;
        }
    }
    runs
}

impl Run {
    /// The repetitions that it is written as, and how many bytes are left over.
    fn parts(self) -> (impl Iterator<Item = usize>, usize) {
        let (whole, rest) = (self.length / LARGEST, self.length % LARGEST);
        let last = (rest >= SHORTEST).then_some(rest);
        let left = if last.is_some() { 0 } else { rest };
        (std::iter::repeat_n(LARGEST, whole).chain(last), left)
    }
}

/// Symbol, further bits and their number, for a repetition of a length of 3..=258.
fn symbol(length: usize) -> (usize, u32, u32) {
    if length == LARGEST {
        return (285, 0, 0);
    }
    let code = length - SHORTEST;
    if code < 8 {
        return (FIRST_LENGTH + code, 0, 0);
    }
    // Four symbols for each number of further bits.
    let bits = code.ilog2() - 2;
    let symbol = FIRST_LENGTH + 4 * (bits as usize + 1) + (code >> bits) - 4;
    (symbol, (code & ((1 << bits) - 1)) as u32, bits)
}

/// A block with codes of its own.
fn write_block(block: &[u8], bits: &mut Bits) {
    let runs = runs(block);
    let mut counts = [0; 286];
    counts[END] = 1;
    each_part(block, &runs, |part| match part {
        Part::Bytes(bytes) => count(bytes, &mut counts),
        Part::Repeat(length) => counts[symbol(length).0] += 1,
    });
    let lengths = lengths(&counts, LONGEST);
    let codes = codes(&lengths);
    let symbols = counts.iter().zip(&lengths);
    let size: usize = symbols
        .map(|(count, length)| *count as usize * usize::from(*length))
        .sum();
    // A repetition has up to 5 further bits and 1 for the distance; the head is short.
    let repeats: u32 = counts[FIRST_LENGTH..].iter().sum();
    bits.reserve(size + 6 * repeats as usize + HEAD);
    write_lengths(&lengths, bits);
    let mut table = [0; 256];
    for ((entry, code), length) in table.iter_mut().zip(&codes).zip(&lengths) {
        *entry = u32::from(*code) << 8 | u32::from(*length);
    }
    each_part(block, &runs, |part| match part {
        Part::Bytes(bytes) => bits.put_all(bytes, &table),
        Part::Repeat(length) => {
            let (symbol, further, count) = symbol(length);
            bits.put(u32::from(codes[symbol]), u32::from(lengths[symbol]));
            bits.put(further, count);
            // The only distance that there is, a byte back.
            bits.put(0, 1);
        }
    });
    bits.put(u32::from(codes[END]), u32::from(lengths[END]));
}

/// What a block is written as.
enum Part<'a> {
    Bytes(&'a [u8]),
    /// So many more of the byte before.
    Repeat(usize),
}

fn each_part<'a>(block: &'a [u8], runs: &[Run], mut take: impl FnMut(Part<'a>)) {
    let mut done = 0;
    for run in runs {
        take(Part::Bytes(&block[done..run.start]));
        let (parts, left) = run.parts();
        parts.for_each(|it| take(Part::Repeat(it)));
        done = run.start + run.length - left;
    }
    take(Part::Bytes(&block[done..]));
}

/// Four tables, because a count that was just written cannot be read yet.
fn count(bytes: &[u8], counts: &mut [u32; 286]) {
    let mut tables = [[0u32; 256]; 4];
    let (fours, rest) = bytes.as_chunks::<4>();
    for four in fours {
        for (table, byte) in tables.iter_mut().zip(four) {
            table[usize::from(*byte)] += 1;
        }
    }
    for byte in rest {
        tables[0][usize::from(*byte)] += 1;
    }
    for table in tables {
        for (count, more) in counts.iter_mut().zip(table) {
            *count += more;
        }
    }
}

/// The head of a block: what codes it has (RFC 1951, section 3.2.7).
fn write_lengths(lengths: &[u8], bits: &mut Bits) {
    /// The order in which the lengths of the codes for lengths are written.
    const ORDER: [usize; 19] = [
        16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
    ];
    /// So many lengths of 0, 11..=138.
    const ZEROS: usize = 18;
    let last = lengths.iter().rposition(|it| *it > 0).unwrap_or(END);
    let used = &lengths[..=last.max(END)];
    // The one distance has a code of one bit.
    let all: Vec<u8> = used.iter().copied().chain([1]).collect();
    let mut symbols: Vec<(usize, u32, u32)> = Vec::new();
    let mut at = 0;
    while at < all.len() {
        let zeros = all[at..].iter().take(138).take_while(|it| **it == 0);
        match zeros.count() {
            zeros @ 11.. => {
                symbols.push((ZEROS, zeros as u32 - 11, 7));
                at += zeros;
            }
            _ => {
                symbols.push((usize::from(all[at]), 0, 0));
                at += 1;
            }
        }
    }
    let mut counts = [0; 19];
    symbols.iter().for_each(|it| counts[it.0] += 1);
    let own = self::lengths(&counts, 7);
    let codes = codes(&own);
    let written = ORDER.iter().rposition(|it| own[*it] > 0).unwrap_or(0) + 1;
    let written = written.max(4);
    // Not the last block, codes of its own.
    bits.put(0b100, 3);
    bits.put((used.len() - FIRST_LENGTH) as u32, 5);
    bits.put(0, 5);
    bits.put((written - 4) as u32, 4);
    for place in &ORDER[..written] {
        bits.put(u32::from(own[*place]), 3);
    }
    for (symbol, further, count) in symbols {
        bits.put(u32::from(codes[symbol]), u32::from(own[symbol]));
        bits.put(further, count);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn check(bytes: &[u8]) -> usize {
        let mut out = Vec::new();
        deflate(bytes, &mut out);
        let length = out.len();
        out.extend(LAST_BLOCK);
        let mut back = Vec::new();
        let mut decoder = flate2::read::DeflateDecoder::new(out.as_slice());
        decoder.read_to_end(&mut back).expect("valid blocks");
        assert!(back == bytes, "{} bytes", bytes.len());
        length
    }

    /// Normal around 0, as what a filter leaves of grain.
    fn grain(count: usize, deviation: f32) -> Vec<u8> {
        let random = crate::engine::operations::Random::new(1, 0, 0).row(0);
        let byte = |i: usize| (deviation * random.normal(i)) as i8 as u8;
        (0..count).map(byte).collect()
    }

    #[test]
    fn everything_comes_back() {
        check(&[]);
        check(&[7]);
        check(&[0; 3]);
        for deviation in [0.1, 0.7, 5.0, 100.0, 1e6] {
            for count in [1, 5, 100, BLOCK - 1, BLOCK, 2 * BLOCK + 77] {
                check(&grain(count, deviation));
            }
        }
    }

    #[test]
    fn runs_of_any_length_and_place_come_back() {
        for length in (1..40).chain(255..265).chain(510..530) {
            for before in 0..9 {
                let run = std::iter::repeat_n(5, length);
                let around = |count| (0..count).map(|i| i as u8);
                let bytes: Vec<u8> = around(before).chain(run).chain(around(11)).collect();
                check(&bytes);
            }
        }
        assert!(check(&[0; 3 * BLOCK]) < 1500);
    }

    #[test]
    fn grain_is_as_small_as_a_search_makes_it() {
        use std::io::Write;
        let bytes = grain(4 * BLOCK, 5.0);
        let mut searched =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
        searched.write_all(&bytes).expect("memory");
        let searched = searched.finish().expect("memory").len();
        let own = check(&bytes);
        assert!(own * 100 < searched * 102, "{own} for {searched}");
    }
}
