//! Photoshop's resources as a text of a PNG: a raw profile as ImageMagick writes it, in hexadecimal digits, which
//! ExifTool and others read too. The format itself has no place for IPTC.

use std::fmt::Write;

use super::photoshop;
use crate::files::containers::png::{Chunk, compressed_text, text_of};

const KEYWORD: &[u8] = b"Raw profile type iptc";

/// Bytes in a row of digits.
const ROW: usize = 36;

/// The text that holds resources.
pub fn chunk(resources: &[u8]) -> Option<Chunk> {
    let mut text = format!("\niptc\n{:8}\n", resources.len());
    for row in resources.chunks(ROW) {
        for byte in row {
            write!(text, "{byte:02x}").ok()?;
        }
        text.push('\n');
    }
    compressed_text(KEYWORD, text.as_bytes())
}

/// The resources that a text holds, if it is one that holds some.
pub fn resources(chunk: &Chunk) -> Option<Vec<u8>> {
    if !chunk.is_text() || chunk.keyword() != KEYWORD {
        return None;
    }
    let text = text_of(chunk)?;
    let mut words = text
        .split(u8::is_ascii_whitespace)
        .filter(|it| !it.is_empty());
    let (_name, length) = (words.next()?, words.next()?);
    let digits = words.flatten().map(|it| char::from(*it).to_digit(16));
    let digits: Vec<u8> = digits.map(|it| Some(it? as u8)).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .map(|it| 16 * it[0] + it[1])
        .collect();
    let length: usize = std::str::from_utf8(length).ok()?.parse().ok()?;
    let whole = bytes.len() == length && digits.len() == 2 * length;
    match bytes.as_slice() {
        _ if !whole => None,
        [b'8', b'B', b'I', b'M', ..] => Some(bytes),
        // Some programs write the data sets alone.
        [0x1C, ..] => Some(photoshop::with_iptc(&bytes)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_come_back_and_damaged_ones_do_not() {
        let resources_in = photoshop::with_iptc(&[0x1C; 101]);
        let made = chunk(&resources_in).expect("it is made");
        assert_eq!(resources(&made), Some(resources_in.clone()));
        let plain = |text: &str| Chunk::new(b"tEXt", [KEYWORD, b"\0", text.as_bytes()].concat());
        assert_eq!(
            resources(&plain("\niptc\n       3\n1c\n0205\n")),
            Some(photoshop::with_iptc(&[0x1C, 2, 5]))
        );
        for damaged in [
            "",
            "iptc",
            "iptc 4 1c0205",
            "iptc 3 1c020",
            "iptc 3 1c02xx",
            "iptc 3 ffd8ff",
        ] {
            assert_eq!(resources(&plain(damaged)), None, "{damaged}");
        }
        assert_eq!(
            resources(&Chunk::new(b"tEXt", b"Comment\x001c".to_vec())),
            None
        );
    }
}
