//! Photoshop's resources as a text of a PNG: a raw profile as ImageMagick writes it, in hexadecimal digits, which
//! ExifTool and others read too. The format itself has no place for IPTC. Of those that are read, ExifTool's have a name
//! of two words, and ImageMagick's are of all resources or of the IPTC alone.

use std::fmt::Write;

use super::photoshop;
use crate::files::containers::png::{Chunk, compressed_text, text_of};

const KEYWORD: &[u8] = b"Raw profile type iptc";
const KEYWORD_OF_ALL: &[u8] = b"Raw profile type 8bim";

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
    if !chunk.is_text() || ![KEYWORD, KEYWORD_OF_ALL].contains(&chunk.keyword()) {
        return None;
    }
    let text = text_of(chunk)?;
    let lines = text.split(|it| *it == b'\n').map(<[u8]>::trim_ascii);
    let mut lines = lines.filter(|it| !it.is_empty());
    let (_name, length) = (lines.next()?, lines.next()?);
    let digits = lines.flatten().filter(|it| !it.is_ascii_whitespace());
    let digits = digits.map(|it| Some(char::from(*it).to_digit(16)? as u8));
    let digits: Vec<u8> = digits.collect::<Option<_>>()?;
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
    use crate::files::containers::png::deflated;

    #[test]
    fn resources_come_back_and_damaged_ones_do_not() {
        let resources_in = photoshop::with_iptc(&[0x1C; 101]);
        let made = chunk(&resources_in).expect("it is made");
        assert_eq!(resources(&made), Some(resources_in.clone()));
        let plain = |text: &str| Chunk::new(b"tEXt", [KEYWORD, b"\0", text.as_bytes()].concat());
        let whole = Some(photoshop::with_iptc(&[0x1C, 2, 5]));
        let text = "\niptc\n       3\n1c\n0205\n";
        assert_eq!(resources(&plain(text)), whole);
        // As ExifTool names it, and as an international text, plain and packed.
        let text = "\nIPTC profile\n       3\n1c0205\n";
        assert_eq!(resources(&plain(text)), whole);
        let packed = deflated(text.as_bytes()).expect("it is packed");
        for (is_packed, text) in [(0, text.as_bytes()), (1, &packed)] {
            let data = [KEYWORD, &[0, is_packed, 0], b"en\0\0", text].concat();
            assert_eq!(resources(&Chunk::new(b"iTXt", data)), whole);
        }
        for damaged in [
            "",
            "iptc",
            "iptc\n4\n1c0205",
            "iptc\n3\n1c020",
            "iptc\n3\n1c02xx",
            "iptc\n3\nffd8ff",
            "iptc\n99999999999999999999\n1c0205",
        ] {
            assert_eq!(resources(&plain(damaged)), None, "{damaged}");
        }
        assert_eq!(
            resources(&Chunk::new(b"tEXt", b"Comment\x001c".to_vec())),
            None
        );
    }
}
