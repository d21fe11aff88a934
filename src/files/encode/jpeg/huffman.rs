//! The standard Huffman codes of a JPEG (ITU-T T.81, annex K.3), and coefficients written in them.

use crate::files::containers::jpeg::ZIGZAG;

/// A code table as a JPEG holds it: how many codes there are of each length from 1 on, and what they stand for.
pub struct Table {
    pub lengths: [u8; 16],
    pub symbols: &'static [u8],
}

/// Codes of the first coefficients of luma and of chroma.
pub const FIRST: [Table; 2] = [
    Table {
        lengths: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    },
    Table {
        lengths: [0, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0],
        symbols: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
    },
];

/// Codes of the others.
pub const OTHERS: [Table; 2] = [
    Table {
        lengths: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 0x7D],
        symbols: &[
            0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51,
            0x61, 0x07, 0x22, 0x71, 0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1,
            0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62, 0x72, 0x82, 0x09, 0x0A, 0x16, 0x17, 0x18,
            0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39,
            0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57,
            0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75,
            0x76, 0x77, 0x78, 0x79, 0x7A, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92,
            0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7,
            0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2, 0xC3,
            0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8,
            0xD9, 0xDA, 0xE1, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2,
            0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
        ],
    },
    Table {
        lengths: [0, 2, 1, 2, 4, 4, 3, 4, 7, 5, 4, 4, 0, 1, 2, 0x77],
        symbols: &[
            0x00, 0x01, 0x02, 0x03, 0x11, 0x04, 0x05, 0x21, 0x31, 0x06, 0x12, 0x41, 0x51, 0x07,
            0x61, 0x71, 0x13, 0x22, 0x32, 0x81, 0x08, 0x14, 0x42, 0x91, 0xA1, 0xB1, 0xC1, 0x09,
            0x23, 0x33, 0x52, 0xF0, 0x15, 0x62, 0x72, 0xD1, 0x0A, 0x16, 0x24, 0x34, 0xE1, 0x25,
            0xF1, 0x17, 0x18, 0x19, 0x1A, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x35, 0x36, 0x37, 0x38,
            0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56,
            0x57, 0x58, 0x59, 0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74,
            0x75, 0x76, 0x77, 0x78, 0x79, 0x7A, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89,
            0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2, 0xA3, 0xA4, 0xA5,
            0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA,
            0xC2, 0xC3, 0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6,
            0xD7, 0xD8, 0xD9, 0xDA, 0xE2, 0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF2,
            0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
        ],
    },
];

/// A run of sixteen zeros.
const SIXTEEN_ZEROS: usize = 0xF0;
/// Nothing but zeros up to the end of the block.
const REST_IS_ZERO: usize = 0;

/// What is written for each symbol: the code, above eight bits with its length.
pub struct Codes {
    first: [u32; 256],
    others: [u32; 256],
}

impl Codes {
    /// The codes of luma (0) or of chroma (1).
    pub const fn new(component: usize) -> Self {
        Self {
            first: codes(&FIRST[component]),
            others: codes(&OTHERS[component]),
        }
    }
}

const fn codes(table: &Table) -> [u32; 256] {
    let mut codes = [0; 256];
    let (mut code, mut symbol, mut length) = (0, 0, 1);
    while length <= 16 {
        let end = symbol + table.lengths[length - 1] as usize;
        while symbol < end {
            codes[table.symbols[symbol] as usize] = code << 8 | length as u32;
            code += 1;
            symbol += 1;
        }
        code <<= 1;
        length += 1;
    }
    codes
}

/// A quantised block, column by column.
#[derive(Clone, Copy)]
pub struct Block {
    /// The coefficients.
    pub coefficients: [i16; 64],
    /// Those that are not zero, in the order in which they are written, the first one lowest.
    pub filled: u64,
}

impl Block {
    /// A block of zeros.
    pub const EMPTY: Self = Self {
        coefficients: [0; 64],
        filled: 0,
    };

    /// Notes which coefficients are not zero; each byte has the bits of one column.
    #[inline(always)]
    pub fn note(&mut self, columns: [u8; 8]) {
        self.filled = 0;
        for (table, column) in FILLED.iter().zip(columns) {
            self.filled |= table[usize::from(column)];
        }
    }
}

/// Where a block that lies column by column has what is written first, second and so on.
static PLACES: [u8; 64] = places();

const fn places() -> [u8; 64] {
    let mut places = [0; 64];
    let mut i = 0;
    while i < 64 {
        places[i] = (ZIGZAG[i] % 8 * 8 + ZIGZAG[i] / 8) as u8;
        i += 1;
    }
    places
}

/// For each column, and each way in which its eight places can be filled, when they are written.
static FILLED: [[u64; 256]; 8] = filled();

const fn filled() -> [[u64; 256]; 8] {
    let places = places();
    let mut filled = [[0; 256]; 8];
    let mut i = 0;
    while i < 64 {
        let (column, bit) = (places[i] as usize / 8, places[i] as usize % 8);
        let mut bits = 0;
        while bits < 256 {
            if bits >> bit & 1 == 1 {
                filled[column][bits] |= 1 << i;
            }
            bits += 1;
        }
        i += 1;
    }
    filled
}

/// Coded coefficients on their way into bytes.
pub struct Bits {
    out: Vec<u8>,
    /// What is not in `out` yet, in its lowest `used` bits.
    waiting: u64,
    used: u32,
}

impl Bits {
    /// None so far, with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            out: Vec::with_capacity(bytes),
            waiting: 0,
            used: 0,
        }
    }

    /// Writes a block; `before` is the first coefficient of the component's block before it.
    #[inline(always)]
    pub fn block(&mut self, codes: &Codes, block: &Block, before: &mut i16) {
        let first = block.coefficients[0];
        self.coefficient(&codes.first, 0, i32::from(first) - i32::from(*before));
        *before = first;
        let mut left = block.filled & !1;
        let mut last = 0;
        while left != 0 {
            let at = left.trailing_zeros();
            left &= left - 1;
            let mut zeros = at - last - 1;
            last = at;
            while zeros > 15 {
                self.symbol(codes.others[SIXTEEN_ZEROS]);
                zeros -= 16;
            }
            let place = PLACES[at as usize & 63];
            let value = block.coefficients[usize::from(place) & 63];
            self.coefficient(&codes.others, zeros, i32::from(value));
        }
        if last != 63 {
            self.symbol(codes.others[REST_IS_ZERO]);
        }
    }

    /// A value behind so many zeros: the code of both, and the value's own bits.
    #[inline(always)]
    fn coefficient(&mut self, codes: &[u32; 256], zeros: u32, value: i32) {
        let length = 32 - value.unsigned_abs().leading_zeros();
        // Negative ones are written as what comes below all positive ones of that length.
        let bits = (value + (value >> 31)) as u32 & ((1 << length) - 1);
        let code = codes[(zeros << 4 | length) as usize & 255];
        self.put(code >> 8 << length | bits, (code & 255) + length);
    }

    #[inline(always)]
    fn symbol(&mut self, code: u32) {
        self.put(code >> 8, code & 255);
    }

    /// At most 32 bits.
    #[inline(always)]
    fn put(&mut self, bits: u32, length: u32) {
        let bits = u64::from(bits);
        self.used += length;
        if self.used <= 64 {
            self.waiting = self.waiting << length | bits;
            return;
        }
        self.used -= 64;
        let full = self.waiting << (length - self.used) | bits >> self.used;
        self.waiting = bits;
        self.eight(full);
    }

    #[inline(always)]
    fn eight(&mut self, full: u64) {
        let bytes = full.to_be_bytes();
        // A zero must follow a byte of FF, which would begin a marker.
        let markers = (!full).wrapping_sub(0x0101_0101_0101_0101) & full & 0x8080_8080_8080_8080;
        if markers != 0 {
            self.stuffed(&bytes);
        } else {
            self.out.extend_from_slice(&bytes);
        }
    }

    #[cold]
    fn stuffed(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.out.push(*byte);
            if *byte == 0xFF {
                self.out.push(0);
            }
        }
    }

    /// The bytes; the last one is filled up with ones.
    pub fn finish(mut self) -> Vec<u8> {
        let missing = (8 - self.used % 8) % 8;
        self.put((1 << missing) - 1, missing);
        let bytes = (self.waiting << ((64 - self.used) % 64)).to_be_bytes();
        self.stuffed(&bytes[..self.used as usize / 8]);
        self.out
    }
}
