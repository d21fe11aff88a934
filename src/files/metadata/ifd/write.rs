//! Directories to bytes.

use super::{ByteOrder, Directories, Directory, Field, LONG, LONG8, Width};

impl Directories {
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
