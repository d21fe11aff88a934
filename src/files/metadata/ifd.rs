//! Image file directories: the tables of tags that TIFF files and EXIF blocks are made of.
//!
//! Values stay the bytes that they were, in the byte order of their block, so that a tag nobody here
//! knows survives as it is. (TIFF 6.0, section 2; BigTIFF; EXIF 2.32, section 4.6.)

use std::io::{self, Read, Seek, SeekFrom};

/// More fields than a directory has.
const MOST_FIELDS: u64 = 4096;

/// Values of one block may have so many bytes together; what goes beyond is left out.
const MOST_BYTES: u64 = 256 << 20;

/// Directories that are followed one after the other.
const MOST_DIRECTORIES: usize = 64;

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

impl Directories {
    /// Reads all that can be read; fields that point outside are left out.
    ///
    /// # Errors
    /// When there is no directory at all.
    pub fn read(source: &mut (impl Read + Seek)) -> io::Result<Self> {
        let length = source.seek(SeekFrom::End(0))?;
        let mut head = [0; 16];
        source.seek(SeekFrom::Start(0))?;
        source.read_exact(&mut head[..8])?;
        let order = match &head[..2] {
            b"II" => ByteOrder::Little,
            b"MM" => ByteOrder::Big,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        let (width, first) = match order.number(&head[2..4]) {
            42 => (Width::Classic, order.number(&head[4..8])),
            43 => {
                source.read_exact(&mut head[8..])?;
                (Width::Big, order.number(&head[8..]))
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        };
        let mut reader = Reader {
            source,
            length,
            order,
            width,
            budget: MOST_BYTES,
            stance: Stance::default(),
        };
        let (mut list, mut seen) = (Vec::new(), Vec::new());
        let mut next = first;
        while next != 0 && !seen.contains(&next) && list.len() < MOST_DIRECTORIES {
            seen.push(next);
            let Ok((directory, link, following)) = reader.directory(next, &[EXIF, GPS], true)
            else {
                break;
            };
            list.push(directory);
            next = following;
            if list.len() == 1 && next != 0 {
                reader.stance.second = Some(link);
            }
        }
        if list.is_empty() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let stance = reader.stance;
        Ok(Self {
            order,
            width,
            list,
            stance,
        })
    }

    /// The block as bytes: its head, then each directory with its values behind it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = head(self.order, self.width);
        let mut link = out.len() - self.width.bytes();
        for directory in &self.list {
            let start = align(&mut out);
            let offset = self.order.bytes(start as u64, self.width.bytes());
            out[link..link + offset.len()].copy_from_slice(&offset);
            link = write_directory(&mut out, 0, directory, (self.order, self.width));
        }
        out
    }
}

/// The head of a block, with room for the offset of its first directory at the end.
pub fn head(order: ByteOrder, width: Width) -> Vec<u8> {
    let mut out = match order {
        ByteOrder::Little => b"II".to_vec(),
        ByteOrder::Big => b"MM".to_vec(),
    };
    match width {
        Width::Classic => out.extend(order.bytes(42, 2)),
        Width::Big => {
            out.extend(order.bytes(43, 2));
            out.extend(order.bytes(8, 2));
            out.extend([0; 2]);
        }
    }
    out.extend(vec![0; width.bytes()]);
    out
}

/// Directories begin at even offsets.
pub fn align(out: &mut Vec<u8>) -> usize {
    if out.len() % 2 == 1 {
        out.push(0);
    }
    out.len()
}

/// Appends a directory and all below it; returns where the offset of the next one belongs. `out` is what
/// follows the first `before` bytes, an even number, of the block.
pub fn write_directory(
    out: &mut Vec<u8>,
    before: usize,
    directory: &Directory,
    (order, width): (ByteOrder, Width),
) -> usize {
    enum Entry<'a> {
        Field(&'a Field),
        Below(&'a Directory),
    }
    let mut entries: Vec<(u16, Entry)> = Vec::new();
    let known = |it: &&(u16, Field)| width == Width::Big || !matches!(it.1.kind, 16..=18);
    entries.extend(
        directory
            .fields
            .iter()
            .filter(known)
            .map(|(tag, it)| (*tag, Entry::Field(it))),
    );
    entries.extend(
        directory
            .below
            .iter()
            .map(|(tag, it)| (*tag, Entry::Below(it))),
    );
    // Tags stand in ascending order.
    entries.sort_by_key(|(tag, _)| *tag);
    let inline = width.bytes();
    out.extend(order.bytes(entries.len() as u64, width.bytes_of_field_count()));
    let table = out.len();
    let row = 4 + 2 * inline;
    out.resize(table + entries.len() * row + inline, 0);
    for (i, (tag, entry)) in entries.iter().enumerate() {
        let (kind, count, value) = match entry {
            Entry::Field(it) if it.bytes.len() <= inline => (it.kind, it.count, it.bytes.clone()),
            Entry::Field(it) => {
                let at = before + align(out);
                out.extend_from_slice(&it.bytes);
                (it.kind, it.count, order.bytes(at as u64, inline))
            }
            Entry::Below(it) => {
                let at = before + align(out);
                write_directory(out, before, it, (order, width));
                let kind = if width == Width::Big { LONG8 } else { LONG };
                (kind, 1, order.bytes(at as u64, inline))
            }
        };
        let mut bytes = order.bytes(u64::from(*tag), 2);
        bytes.extend(order.bytes(u64::from(kind), 2));
        bytes.extend(order.bytes(count, inline));
        bytes.extend(value);
        out[table + i * row..][..bytes.len()].copy_from_slice(&bytes);
    }
    table + entries.len() * row
}

struct Reader<'a, S> {
    source: &'a mut S,
    length: u64,
    order: ByteOrder,
    width: Width,
    /// Bytes that may still be read.
    budget: u64,
    stance: Stance,
}

impl<S: Read + Seek> Reader<'_, S> {
    fn at(&mut self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let end = offset.checked_add(length);
        if length > self.budget || end.is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.budget -= length;
        self.source.seek(SeekFrom::Start(offset))?;
        let mut bytes = vec![0; length as usize];
        self.source.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    /// The directory at an offset, and where it has the offset of the one that follows, and that. `pointers` are the tags
    /// that point to directories below it.
    fn directory(
        &mut self,
        offset: u64,
        pointers: &[u16],
        top: bool,
    ) -> io::Result<(Directory, Place, u64)> {
        let inline = self.width.bytes();
        let head = self.at(offset, self.width.bytes_of_field_count() as u64)?;
        // One that claims more is damaged: what can be read of it is kept.
        let claimed = self.order.number(&head);
        let fields = claimed.min(MOST_FIELDS);
        let row = 4 + 2 * inline;
        let start = offset + head.len() as u64;
        let mut directory = Directory::default();
        for i in 0..fields {
            let at = start + i * row as u64;
            let Ok(entry) = self.at(at, row as u64) else {
                break;
            };
            let tag = self.order.number(&entry[..2]) as u16;
            let kind = self.order.number(&entry[2..4]) as u16;
            let count = self.order.number(&entry[4..4 + inline]);
            let Some(size) = size_of_kind(kind) else {
                continue;
            };
            let Some(length) = count.checked_mul(size as u64) else {
                continue;
            };
            let place = if length <= inline as u64 {
                at + 4 + inline as u64
            } else {
                self.order.number(&entry[4 + inline..])
            };
            let Ok(bytes) = self.at(place, length) else {
                continue;
            };
            let field = Field { kind, count, bytes };
            if let Some(below) = field.number(self.order).filter(|_| pointers.contains(&tag)) {
                let further: &[u16] = if tag == EXIF {
                    &[INTEROPERABILITY]
                } else {
                    &[]
                };
                if let Ok((below, ..)) = self.directory(below, further, false) {
                    directory.below.push((tag, below));
                }
                continue;
            }
            if count == 1 && matches!(kind, BYTE | SHORT | LONG) {
                let place = Place {
                    offset: place,
                    width: size,
                };
                match SIDES.iter().position(|it| *it == tag) {
                    _ if top && tag == ORIENTATION => self.stance.orientations.push(place),
                    Some(side) if pointers.contains(&INTEROPERABILITY) => {
                        // Those of the first directory's.
                        self.stance.sides[side].get_or_insert(place);
                    }
                    _ => {}
                }
            }
            directory.fields.push((tag, field));
        }
        let link = start + fields * row as u64;
        let next = self.at(link, inline as u64);
        let next = next.map_or(0, |it| self.order.number(&it));
        // Inside the table there is none.
        let next = if claimed == fields { next } else { 0 };
        let link = Place {
            offset: link,
            width: inline,
        };
        Ok((directory, link, next))
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
