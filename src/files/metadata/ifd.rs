//! Image file directories: the tables of tags that TIFF files and EXIF blocks are made of.
//!
//! Values stay the bytes that they were, in the byte order of their block, so that a tag nobody here
//! knows survives as it is. (TIFF 6.0, section 2; BigTIFF; EXIF 2.32, section 4.6.)

mod read;
mod write;

pub use write::{align, head, write_directory};

/// Where the tag of a directory points to further directories: from the main one, and from EXIF's.
pub const EXIF: u16 = 0x8769;
pub const GPS: u16 = 0x8825;
pub const INTEROPERABILITY: u16 = 0xA005;

pub const ORIENTATION: u16 = 0x0112;

/// Width and height of the picture, in EXIF's directory.
const SIDES: [u16; 2] = [0xA002, 0xA003];

/// A field type whose values are two bytes.
pub const SHORT: u16 = 3;
/// A field type whose values are four bytes.
pub const LONG: u16 = 4;
/// A field type whose values are two numbers of four bytes.
pub const RATIONAL: u16 = 5;
/// A field type whose values are bytes.
pub const BYTE: u16 = 1;
/// A field type whose values are bytes that mean nothing by themselves.
pub const UNDEFINED: u16 = 7;
/// A field type whose values are eight bytes, in BigTIFF only.
pub const LONG8: u16 = 16;

/// In which order the bytes of a number stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByteOrder {
    /// The lowest first, `II`.
    Little,
    /// The highest first, `MM`.
    Big,
}

impl ByteOrder {
    /// A number of up to eight bytes.
    pub fn number(self, bytes: &[u8]) -> u64 {
        let shifted = |sum: u64, byte: &u8| (sum << 8) | u64::from(*byte);
        match self {
            ByteOrder::Little => bytes.iter().rev().fold(0, shifted),
            ByteOrder::Big => bytes.iter().fold(0, shifted),
        }
    }

    /// The lowest `width` bytes of a number.
    pub fn bytes(self, number: u64, width: usize) -> Vec<u8> {
        match self {
            ByteOrder::Little => number.to_le_bytes()[..width].to_vec(),
            ByteOrder::Big => number.to_be_bytes()[8 - width..].to_vec(),
        }
    }
}

/// How wide offsets and counts are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Four bytes: EXIF blocks and TIFF.
    Classic,
    /// Eight bytes: BigTIFF.
    Big,
}

impl Width {
    /// Bytes of an offset.
    pub fn bytes(self) -> usize {
        match self {
            Width::Classic => 4,
            Width::Big => 8,
        }
    }

    fn bytes_of_field_count(self) -> usize {
        match self {
            Width::Classic => 2,
            Width::Big => 8,
        }
    }
}

/// A value of a tag, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The field type of TIFF.
    pub kind: u16,
    /// How many values.
    pub count: u64,
    /// The values.
    pub bytes: Vec<u8>,
}

impl Field {
    /// Bytes that mean nothing by themselves.
    pub fn bytes(kind: u16, bytes: Vec<u8>) -> Self {
        Self {
            kind,
            count: bytes.len() as u64,
            bytes,
        }
    }

    /// Whole numbers of one type.
    pub fn numbers(kind: u16, order: ByteOrder, numbers: &[u64]) -> Self {
        let width = size_of_kind(kind).unwrap_or(1);
        Self {
            kind,
            count: numbers.len() as u64,
            bytes: numbers
                .iter()
                .flat_map(|it| order.bytes(*it, width))
                .collect(),
        }
    }

    /// The first value, if it is a whole number without sign.
    pub fn number(&self, order: ByteOrder) -> Option<u64> {
        let width = match self.kind {
            BYTE | SHORT | LONG | 13 | LONG8 | 18 => size_of_kind(self.kind)?,
            _ => return None,
        };
        self.bytes.get(..width).map(|it| order.number(it))
    }
}

/// Bytes of one value of a field type.
fn size_of_kind(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 => Some(1),
        3 | 8 => Some(2),
        4 | 9 | 11 | 13 => Some(4),
        5 | 10 | 12 | 16..=18 => Some(8),
        _ => None,
    }
}

/// A directory with those below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    /// Tags and values, in the order in which they are stored.
    pub fields: Vec<(u16, Field)>,
    /// Tags and the directories that they point to.
    pub below: Vec<(u16, Directory)>,
}

impl Directory {
    /// The value of a tag.
    pub fn get(&self, tag: u16) -> Option<&Field> {
        self.fields
            .iter()
            .find(|(it, _)| *it == tag)
            .map(|(_, field)| field)
    }

    /// Sets a tag, in place of the value that it had.
    pub fn set(&mut self, tag: u16, field: Field) {
        self.fields.retain(|(it, _)| *it != tag);
        self.fields.push((tag, field));
    }

    /// Takes a tag out.
    pub fn take(&mut self, tag: u16) -> Option<Field> {
        let at = self.fields.iter().position(|(it, _)| *it == tag)?;
        Some(self.fields.remove(at).1)
    }

    /// Exchanges the width and the height that EXIF's directory names.
    pub fn exchange_sides(&mut self) {
        let exif = self.below.iter_mut().find(|(tag, _)| *tag == EXIF);
        for (tag, _) in exif.into_iter().flat_map(|(_, it)| &mut it.fields) {
            if let Some(at) = SIDES.iter().position(|it| it == tag) {
                *tag = SIDES[1 - at];
            }
        }
    }
}

/// The directories of a TIFF file or an EXIF block, one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directories {
    /// The byte order of all values.
    pub order: ByteOrder,
    /// How wide its offsets are.
    pub width: Width,
    /// The first one describes the picture.
    pub list: Vec<Directory>,
    /// Where in the block they say how the picture stands.
    pub stance: Stance,
}

/// Where a block has what depends on how the picture stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stance {
    /// The orientations of the directories.
    pub orientations: Vec<Place>,
    /// The width and the height that EXIF's directory names.
    pub sides: [Option<Place>; 2],
    /// The offset of the directory that follows the first, in which EXIF has a thumbnail.
    pub second: Option<Place>,
}

/// Where a number stands in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// From the start of the block.
    pub offset: u64,
    /// How many bytes it has.
    pub width: usize,
}

impl Place {
    /// The bytes of the number, in a block that is in memory.
    pub fn range(self) -> std::ops::Range<usize> {
        let at = self.offset as usize;
        at..at + self.width
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn block(order: ByteOrder, width: Width) -> Directories {
        let number = |kind, value| Field::numbers(kind, order, &[value]);
        let below = Directory {
            fields: vec![(0x8827, number(SHORT, 200))],
            below: vec![(
                INTEROPERABILITY,
                Directory {
                    fields: vec![(1, Field::bytes(2, b"R98\0".to_vec()))],
                    below: Vec::new(),
                },
            )],
        };
        Directories {
            order,
            width,
            list: vec![
                Directory {
                    fields: vec![
                        (ORIENTATION, number(SHORT, 6)),
                        (0x010F, Field::bytes(2, b"a camera\0".to_vec())),
                    ],
                    below: vec![(EXIF, below)],
                },
                Directory {
                    fields: vec![(ORIENTATION, number(SHORT, 8))],
                    below: Vec::new(),
                },
            ],
            stance: Stance::default(),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for width in [Width::Classic, Width::Big] {
                let block = block(order, width);
                let bytes = block.to_bytes();
                let mut read = Directories::read(&mut Cursor::new(&bytes)).expect("a block");
                let stance = std::mem::take(&mut read.stance);
                assert_eq!(stance.orientations.len(), 2);
                for (place, expected) in stance.orientations.into_iter().zip([6, 8]) {
                    let at = place.offset as usize;
                    assert_eq!(order.number(&bytes[at..at + place.width]), expected);
                }
                for directory in &mut read.list {
                    directory
                        .fields
                        .sort_by_key(|(tag, _)| std::cmp::Reverse(*tag));
                }
                assert_eq!(read, block);
            }
        }
    }

    #[test]
    fn damage_is_left_out() {
        let bytes = block(ByteOrder::Big, Width::Classic).to_bytes();
        for cut in 0..bytes.len() {
            // Whatever is left: no panic, and no field that was not there.
            if let Ok(read) = Directories::read(&mut Cursor::new(&bytes[..cut])) {
                assert!(read.list.len() <= 2);
            }
        }
        // A directory that is its own successor.
        let mut endless = head(ByteOrder::Little, Width::Classic);
        endless[4] = 8;
        endless.extend([0, 0, 8, 0, 0, 0]);
        let read = Directories::read(&mut Cursor::new(&endless)).expect("one directory");
        assert_eq!(read.list.len(), 1);
    }
}
