//! Directories out of a file or a block: what is damaged is left out, and nothing is followed without end.

use std::io::{self, Read, Seek, SeekFrom};

use super::{
    BYTE, ByteOrder, Directories, Directory, EXIF, Field, GPS, INTEROPERABILITY, LONG, ORIENTATION,
    Place, SHORT, SIDES, Stance, Width, size_of_kind,
};

/// More fields than a directory has.
const MOST_FIELDS: u64 = 4096;

/// Values of one block may have so many bytes together; what goes beyond is left out.
const MOST_BYTES: u64 = 256 << 20;

/// Directories that are followed one after the other.
const MOST_DIRECTORIES: usize = 64;

impl Directories {
    /// Reads all that can be read; fields that point outside are left out.
    ///
    /// # Errors
    /// When there is no directory at all.
    pub fn read(source: &mut (impl Read + Seek)) -> io::Result<Self> {
        let (mut reader, first) = Reader::begin(source)?;
        let (mut list, mut seen) = (Vec::new(), Vec::new());
        let mut next = first;
        while next != 0 && !seen.contains(&next) && list.len() < MOST_DIRECTORIES {
            seen.push(next);
            let Ok((directory, link, following)) = reader.directory(next, Kind::Main) else {
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
        Ok(Self {
            order: reader.order,
            width: reader.width,
            list,
            stance: reader.stance,
        })
    }
}

/// What a directory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A picture.
    Main,
    /// What EXIF says of it.
    Exif,
    /// What hangs below these.
    Other,
}

impl Kind {
    /// The tags that point to directories below.
    fn pointers(self) -> &'static [u16] {
        match self {
            Kind::Main => &[EXIF, GPS],
            Kind::Exif => &[INTEROPERABILITY],
            Kind::Other => &[],
        }
    }

    /// That of the directory to which such a tag points.
    fn of(pointer: u16) -> Self {
        match pointer {
            EXIF => Kind::Exif,
            _ => Kind::Other,
        }
    }
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

impl<'a, S: Read + Seek> Reader<'a, S> {
    /// Reads the head of a block; with the offset of its first directory.
    fn begin(source: &'a mut S) -> io::Result<(Self, u64)> {
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
        let reader = Self {
            source,
            length,
            order,
            width,
            budget: MOST_BYTES,
            stance: Stance::default(),
        };
        Ok((reader, first))
    }

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

    /// The directory at an offset, and where it has the offset of the one that follows, and that.
    fn directory(&mut self, offset: u64, kind: Kind) -> io::Result<(Directory, Place, u64)> {
        let inline = self.width.bytes();
        let head = self.at(offset, self.width.bytes_of_field_count() as u64)?;
        // One that claims more is damaged: what can be read of it is kept.
        let claimed = self.order.number(&head);
        let fields = claimed.min(MOST_FIELDS);
        let row = 4 + 2 * inline as u64;
        let start = offset + head.len() as u64;
        let mut directory = Directory::default();
        for i in 0..fields {
            let at = start + i * row;
            let Ok(entry) = self.at(at, row) else {
                break;
            };
            let Some((tag, field, place)) = self.field(at, &entry) else {
                continue;
            };
            let below = field.number(self.order);
            match below.filter(|_| kind.pointers().contains(&tag)) {
                Some(below) => {
                    if let Ok((below, ..)) = self.directory(below, Kind::of(tag)) {
                        directory.below.push((tag, below));
                    }
                }
                None => {
                    self.note(kind, tag, &field, place);
                    directory.fields.push((tag, field));
                }
            }
        }
        let link = start + fields * row;
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

    /// The field of an entry of a directory's table, which stands at an offset: its tag, its values, and where these
    /// begin. `None` if it is damaged.
    fn field(&mut self, at: u64, entry: &[u8]) -> Option<(u16, Field, u64)> {
        let inline = self.width.bytes();
        let tag = self.order.number(&entry[..2]) as u16;
        let kind = self.order.number(&entry[2..4]) as u16;
        let count = self.order.number(&entry[4..4 + inline]);
        let length = count.checked_mul(size_of_kind(kind)? as u64)?;
        let place = if length <= inline as u64 {
            at + 4 + inline as u64
        } else {
            self.order.number(&entry[4 + inline..])
        };
        let bytes = self.at(place, length).ok()?;
        Some((tag, Field { kind, count, bytes }, place))
    }

    /// Notes where a number stands that depends on how the picture does.
    fn note(&mut self, directory: Kind, tag: u16, field: &Field, offset: u64) {
        if field.count != 1 || !matches!(field.kind, BYTE | SHORT | LONG) {
            return;
        }
        let width = field.bytes.len();
        let place = Place { offset, width };
        let side = SIDES.iter().position(|it| *it == tag);
        match (directory, side) {
            (Kind::Main, _) if tag == ORIENTATION => self.stance.orientations.push(place),
            // Those of the first directory's.
            (Kind::Exif, Some(side)) => {
                self.stance.sides[side].get_or_insert(place);
            }
            _ => {}
        }
    }
}
