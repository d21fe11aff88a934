//! Huffman codes, turned into tables that are looked up with the next bits (ITU-T T.81, annexes C and F).

/// Bits with which a table is looked up; longer codes are rare.
const LOOKED_UP: u32 = 10;

/// Most bits of a code.
const LONGEST: u32 = 16;

/// A symbol and what comes with it, as numbers side by side in 32 bits.
///
/// The lowest eight bits are those of the code and of the value behind it together, the next those of the code, the next
/// those of the value, and above them is how many places a block is advanced.
#[derive(Clone, Copy)]
pub struct Entry(u32);

impl Entry {
    /// A code that is longer than what is looked up, or none at all.
    const LONG: Self = Self(1 << 31);
    /// No value follows: nothing but zeros, or sixteen of them.
    const EMPTY: u32 = 1 << 30;

    fn new(length: u32, size: u32, advance: u32) -> Self {
        let kind = if size == 0 { Self::EMPTY } else { 0 };
        Self(kind | advance << 24 | size << 16 | length << 8 | (length + size))
    }

    /// Bits of the code and the value.
    #[inline(always)]
    pub fn bits(self) -> u32 {
        self.0 & 0xFF
    }

    /// Bits of the code.
    #[inline(always)]
    pub fn length(self) -> u32 {
        self.0 >> 8 & 0xFF
    }

    /// Bits of the value.
    #[inline(always)]
    pub fn size(self) -> u32 {
        self.0 >> 16 & 0xFF
    }

    /// How many places to go on to the value; 0 at the end of a block.
    #[inline(always)]
    pub fn advance(self) -> usize {
        (self.0 >> 24 & 0x1F) as usize
    }

    /// Whether a value follows.
    #[inline(always)]
    pub fn has_value(self) -> bool {
        self.0 < Self::EMPTY
    }

    #[inline(always)]
    pub fn is_long(self) -> bool {
        self.0 >= Self::LONG.0
    }
}

/// The codes of a table.
pub struct Codes {
    short: [Entry; 1 << LOOKED_UP],
    /// Of each length the first code, and the number of its symbol.
    starts: [(u32, usize); 17],
    /// Of each length how many codes there are.
    counts: [u32; 17],
    entries: Vec<Entry>,
}

impl Codes {
    /// Codes of first coefficients: each symbol is the size of what is added to the one before.
    pub fn of_first(lengths: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        // With 8 bits a sample nothing is larger.
        let is_usual = symbols.iter().all(|it| *it <= 11);
        is_usual.then(|| Self::new(lengths, symbols, |_| 0))?
    }

    /// Codes of the others: zeros that come before, and the size of the value.
    pub fn of_others(lengths: &[u8; 16], symbols: &[u8]) -> Option<Self> {
        let is_usual = |it: &u8| matches!((it >> 4, it & 15), (_, 1..=10) | (0 | 15, 0));
        let advance = |symbol: u8| match symbol {
            0 => 0,
            _ => u32::from(symbol >> 4) + 1,
        };
        let is_usual = symbols.iter().all(is_usual);
        is_usual.then(|| Self::new(lengths, symbols, advance))?
    }

    fn new(lengths: &[u8; 16], symbols: &[u8], advance: impl Fn(u8) -> u32) -> Option<Self> {
        let mut codes = Self {
            short: [Entry::LONG; 1 << LOOKED_UP],
            starts: [(0, 0); 17],
            counts: [0; 17],
            entries: Vec::with_capacity(symbols.len()),
        };
        let mut code = 0;
        for (length, count) in (1..=LONGEST).zip(lengths) {
            let count = u32::from(*count);
            codes.starts[length as usize] = (code, codes.entries.len());
            codes.counts[length as usize] = count;
            for _ in 0..count {
                let symbol = *symbols.get(codes.entries.len())?;
                let entry = Entry::new(length, u32::from(symbol & 15), advance(symbol));
                codes.entries.push(entry);
                if length <= LOOKED_UP {
                    let free = LOOKED_UP - length;
                    let places = (code << free) as usize..((code + 1) << free) as usize;
                    codes.short.get_mut(places)?.fill(entry);
                }
                code += 1;
            }
            // More codes than there can be of this length.
            if code > 1 << length {
                return None;
            }
            code <<= 1;
        }
        Some(codes)
    }

    /// What the next bits stand for, which are the highest ones of `waiting`.
    #[inline(always)]
    pub fn short(&self, waiting: u64) -> Entry {
        self.short[(waiting >> (64 - LOOKED_UP)) as usize]
    }

    /// The same for a code of any length.
    #[inline(always)]
    pub fn any(&self, waiting: u64) -> Option<Entry> {
        let entry = self.short(waiting);
        match entry.is_long() {
            true => self.long(waiting),
            false => Some(entry),
        }
    }

    /// The same for a long code.
    #[cold]
    pub fn long(&self, waiting: u64) -> Option<Entry> {
        for length in LOOKED_UP + 1..=LONGEST {
            let (first, number) = self.starts[length as usize];
            let code = (waiting >> (64 - length)) as u32;
            let place = code.wrapping_sub(first);
            if place < self.counts[length as usize] {
                return self.entries.get(number + place as usize).copied();
            }
        }
        None
    }
}
