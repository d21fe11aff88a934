//! The segments of a JPEG (ITU-T T.81, annex B).

/// The first two bytes of a JPEG.
pub const START: [u8; 2] = [0xFF, 0xD8];
/// The last two bytes of a JPEG.
pub const END: [u8; 2] = [0xFF, 0xD9];
/// The first of the eight markers between independent pieces of a scan.
pub const RESTART: u8 = 0xD0;
/// Quantisation tables.
pub const TABLES: u8 = 0xDB;
/// Huffman codes.
pub const CODES: u8 = 0xC4;
/// How many blocks lie between two restart markers.
pub const INTERVAL: u8 = 0xDD;
/// Which components follow, coded.
pub const SCAN: u8 = 0xDA;
/// Size and components of a picture that is coded from top to bottom, 8 bits a sample.
pub const BASELINE: u8 = 0xC0;

/// The first application segment; they go on to APP15.
pub const APP0: u8 = 0xE0;
/// EXIF and XMP.
pub const APP1: u8 = 0xE1;
/// Profiles.
pub const APP2: u8 = 0xE2;
/// Photoshop's resources.
pub const APP13: u8 = 0xED;
/// How Adobe's encoder turned the colours into components.
pub const APP14: u8 = 0xEE;
/// A comment.
pub const COMMENT: u8 = 0xFE;

/// The most bytes that a segment holds.
pub const LARGEST_SEGMENT: usize = 65_533;

/// The order in which a JPEG stores the coefficients of a block: place in the file → place in rows.
pub const ZIGZAG: [usize; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// An application segment or comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Second byte of its marker.
    pub marker: u8,
    /// What is in it, without marker and length.
    pub data: Vec<u8>,
}

impl Segment {
    /// A segment that begins with a signature.
    pub fn new(marker: u8, signature: &[u8], data: &[u8]) -> Self {
        Self {
            marker,
            data: [signature, data].concat(),
        }
    }

    /// What follows a signature, if the segment has it.
    pub fn after(&self, marker: u8, signature: &[u8]) -> Option<&[u8]> {
        (self.marker == marker).then(|| self.data.strip_prefix(signature))?
    }
}

/// A component of the picture: how finely it is sampled, and its quantisation table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// Samples across, relative to the other components.
    pub across: u8,
    /// Samples down.
    pub down: u8,
    /// Number of its table.
    pub table: u8,
}

/// What stands before the coded pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header {
    /// Application segments and comments, in order.
    pub segments: Vec<Segment>,
    /// The components of the picture; none if it has no frame.
    pub components: Vec<Component>,
    /// Quantisation tables by number, row by row.
    pub tables: [Option<[u16; 64]>; 4],
    /// Whether an end marker follows the picture. Decoders fill what is missing with grey.
    pub ends: bool,
}

impl Header {
    /// Reads the segments of a JPEG up to its picture.
    pub fn read(bytes: &[u8]) -> Self {
        let mut header = Self::default();
        let mut at = START.len();
        while let Some(&[0xFF, marker, high, low]) = bytes.get(at..).and_then(|it| it.first_chunk())
        {
            // A marker may be padded with any number of FF.
            if marker == 0xFF {
                at += 1;
                continue;
            }
            let length = usize::from(u16::from_be_bytes([high, low]));
            if marker == SCAN {
                // It is at the very end of almost every file.
                header.ends = bytes[at..].windows(2).rev().any(|it| it == END);
                break;
            }
            let data = bytes.get(at + 4..at + 2 + length).unwrap_or_default();
            match marker {
                APP0..=0xEF | COMMENT if length >= 2 => header.segments.push(Segment {
                    marker,
                    data: data.to_vec(),
                }),
                TABLES => header.read_tables(data),
                // Frames of all kinds; the other numbers between are tables of other sorts.
                0xC0..=0xCF if ![0xC4, 0xC8, 0xCC].contains(&marker) => {
                    header.read_frame(data);
                }
                _ => {}
            }
            at += 2 + length.max(2);
        }
        header
    }

    fn read_tables(&mut self, mut data: &[u8]) {
        while let Some((&head, rest)) = data.split_first() {
            let (number, wide) = (usize::from(head & 15), head >> 4 != 0);
            let length = if wide { 128 } else { 64 };
            let (Some(slot), Some(values)) = (self.tables.get_mut(number), rest.get(..length))
            else {
                return;
            };
            let mut table = [0; 64];
            for (i, place) in ZIGZAG.iter().enumerate() {
                table[*place] = if wide {
                    u16::from_be_bytes([values[2 * i], values[2 * i + 1]])
                } else {
                    u16::from(values[i])
                };
            }
            *slot = Some(table);
            data = &rest[length..];
        }
    }

    fn read_frame(&mut self, data: &[u8]) {
        // Precision, height, width and number of components come first.
        let components = data.get(6..).unwrap_or_default().chunks_exact(3);
        self.components = components
            .map(|it| Component {
                across: it[1] >> 4,
                down: it[1] & 15,
                table: it[2],
            })
            .collect();
    }

    /// The quantisation table of a component.
    pub fn table_of(&self, component: usize) -> Option<&[u16; 64]> {
        let number = self.components.get(component)?.table;
        self.tables.get(usize::from(number))?.as_ref()
    }
}

/// A segment as it stands in the file.
pub fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).expect("a segment of at most 65533 bytes");
    [&[0xFF, marker][..], &length.to_be_bytes(), data].concat()
}

/// Puts segments into an encoded JPEG, in place of its own application segments.
pub fn with_segments(encoded: &[u8], segments: &[Segment]) -> Vec<u8> {
    let mut at = START.len();
    while let Some(&[0xFF, APP0..=0xEF, high, low]) =
        encoded.get(at..).and_then(|it| it.first_chunk())
    {
        at += 2 + usize::from(u16::from_be_bytes([high, low]));
    }
    let more: usize = segments.iter().map(|it| it.data.len() + 4).sum();
    let mut out = Vec::with_capacity(encoded.len() + more);
    out.extend(START);
    for it in segments {
        out.extend(segment(it.marker, &it.data));
    }
    out.extend_from_slice(&encoded[at..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_put_in_and_read_again() {
        let frame = [8, 0, 9, 0, 9, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];
        let mut encoded = START.to_vec();
        encoded.extend([0xFF, APP0, 0, 4, 1, 2, 0xFF, 0xC0, 0, 17]);
        encoded.extend(frame);
        encoded.extend([0xFF, SCAN, 0, 2, 7, 7]);
        let segments = [
            Segment::new(APP1, b"Exif\0\0", b"II"),
            Segment::new(COMMENT, b"", b"hello"),
        ];
        let whole = with_segments(&encoded, &segments);
        let header = Header::read(&whole);
        assert_eq!(header.segments, segments);
        assert_eq!(header.components.len(), 3);
        assert_eq!(
            (header.components[0].across, header.components[1].table),
            (2, 1)
        );
        assert!(!header.ends);
        assert!(Header::read(&[whole, END.to_vec()].concat()).ends);
    }
}
