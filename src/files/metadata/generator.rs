//! What image generators write into their pictures: prompts, workflows and settings.

use std::io::{Cursor, Read};

use flate2::read::ZlibDecoder;

use super::ifd::{Directories, Directory};
use crate::files::containers::png::Chunk;

/// Keywords of PNG texts that hold nothing else: ComfyUI, AUTOMATIC1111 and its relatives, InvokeAI,
/// Fooocus, DreamStudio.
const KEYWORDS: &[&str] = &[
    "prompt",
    "negative_prompt",
    "workflow",
    "parameters",
    "generation_data",
    "fooocus_scheme",
    "dream",
    "sd-metadata",
    "invokeai",
    "invokeai_metadata",
    "invokeai_graph",
    "invokeai_workflow",
];

/// Tags of EXIF that generators put their texts into.
const TAGS: &[u16] = &[
    0x010E, // ImageDescription
    0x010F, // Make, by ComfyUI
    0x0110, // Model, by ComfyUI
    0x9286, // UserComment, by AUTOMATIC1111
    0x9C9C, // XPComment
];

/// A compressed text is looked at so far.
const MOST_TEXT: u64 = 1 << 20;

/// Whether a chunk of a PNG tells how the picture was generated.
pub fn is_generator_chunk(chunk: &Chunk) -> bool {
    if !chunk.is_text() {
        return false;
    }
    let keyword = String::from_utf8_lossy(chunk.keyword()).to_ascii_lowercase();
    KEYWORDS.contains(&keyword.as_str()) || is_generator_text(&text_of(chunk))
}

fn text_of(chunk: &Chunk) -> String {
    let rest = &chunk.data[(chunk.keyword().len() + 1).min(chunk.data.len())..];
    let plain = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    let inflated = |it: &[u8]| {
        let mut text = Vec::new();
        // What can be inflated is looked at; a damaged rest tells nothing.
        let _ = ZlibDecoder::new(it).take(MOST_TEXT).read_to_end(&mut text);
        plain(&text)
    };
    match (&chunk.kind, rest) {
        (b"tEXt", rest) => plain(rest),
        (b"zTXt", [_, rest @ ..]) => inflated(rest),
        (b"iTXt", [compressed, _, rest @ ..]) => {
            let mut parts = rest.splitn(3, |it| *it == 0);
            let text = parts.nth(2).unwrap_or_default();
            if *compressed == 1 {
                inflated(text)
            } else {
                plain(text)
            }
        }
        _ => String::new(),
    }
}

/// Whether a text looks like the settings of a generator.
fn is_generator_text(text: &str) -> bool {
    let text = text.trim_start_matches(['\0', ' ']);
    let has = |words: &[&str]| words.iter().all(|it| text.contains(it));
    let json = text.starts_with('{');
    text.starts_with("prompt:")
        || text.starts_with("workflow:")
        || has(&["Steps: ", "Sampler: "])
        || (json && has(&["\"class_type\""]))
        || (json && has(&["\"prompt\"", "\"steps\""]))
}

/// The text of a tag: plain, behind the name of a character set, or in 16 bits.
fn tag_text(bytes: &[u8]) -> String {
    let bytes = match bytes {
        [b'A' | b'U' | b'J', _, _, _, _, _, _, _, rest @ ..]
            if bytes.starts_with(b"ASCII\0") || bytes.starts_with(b"UNICODE\0") =>
        {
            rest
        }
        _ => bytes,
    };
    // What is left of 16-bit text without its zeros can be read, if it is Latin.
    let letters: Vec<u8> = bytes.iter().copied().filter(|it| *it != 0).collect();
    String::from_utf8_lossy(&letters).into_owned()
}

/// Takes a generator's texts out of the tags of a TIFF.
pub fn strip_tags(directory: &mut Directory) {
    let told = |tag: u16, bytes: &[u8]| TAGS.contains(&tag) && is_generator_text(&tag_text(bytes));
    directory
        .fields
        .retain(|(tag, field)| !told(*tag, &field.bytes));
    for (_, below) in &mut directory.below {
        strip_tags(below);
    }
}

/// Blanks a generator's texts in an EXIF block, where they stand: nothing else moves.
pub fn blank_exif(block: &mut [u8]) {
    let Ok(directories) = Directories::read(&mut Cursor::new(&*block)) else {
        return;
    };
    let all = directories.list.iter();
    let below = all.clone().flat_map(|it| it.below.iter().map(|(_, it)| it));
    for (tag, field) in all.chain(below).flat_map(|it| &it.fields) {
        if TAGS.contains(tag) && is_generator_text(&tag_text(&field.bytes)) {
            let length = field.bytes.len();
            let found = block.windows(length).position(|it| it == field.bytes);
            if let Some(at) = found {
                block[at..at + length].fill(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::metadata::ifd::{ByteOrder, EXIF, Field, Width};

    fn text(kind: &[u8; 4], data: &[u8]) -> Chunk {
        Chunk::new(kind, data.to_vec())
    }

    #[test]
    fn prompts_are_told_from_other_texts() {
        assert!(is_generator_chunk(&text(b"tEXt", b"prompt\0{}")));
        assert!(is_generator_chunk(&text(b"iTXt", b"workflow\0\0\0\0\0{}")));
        assert!(is_generator_chunk(&text(
            b"tEXt",
            b"Comment\0{\"prompt\": \"a face\", \"steps\": 28}"
        )));
        assert!(!is_generator_chunk(&text(
            b"tEXt",
            b"Comment\0for the studio"
        )));
        assert!(!is_generator_chunk(&text(b"tEXt", b"Author\0me")));
        assert!(!is_generator_chunk(&text(b"pHYs", b"prompt\0{}")));
        for kind in [b"tEXt", b"zTXt", b"iTXt"] {
            for data in [&b""[..], b"a", b"a\0", b"a\0\x01", b"a\0\x01\0\0"] {
                assert!(!is_generator_chunk(&text(kind, data)));
            }
        }
    }

    #[test]
    fn a_prompt_in_exif_is_blanked_and_the_rest_stays() {
        let comment = [
            &b"UNICODE\0"[..],
            b"\0a\0,\0 \0S\0t\0e\0p\0s\0:\0 \x002\0,\0 \0S\0a\0m\0p\0l\0e\0r\0:\0 \0E",
        ]
        .concat();
        let directories = Directories {
            order: ByteOrder::Big,
            width: Width::Classic,
            list: vec![Directory {
                fields: vec![(0x010E, Field::bytes(2, b"a portrait\0".to_vec()))],
                below: vec![(
                    EXIF,
                    Directory {
                        fields: vec![(0x9286, Field::bytes(7, comment.clone()))],
                        below: Vec::new(),
                    },
                )],
            }],
            stance: Default::default(),
        };
        let mut block = directories.to_bytes();
        let length = block.len();
        blank_exif(&mut block);
        assert_eq!(block.len(), length);
        assert!(block.windows(10).any(|it| it == b"a portrait"));
        assert!(!block.windows(comment.len()).any(|it| it == comment));
    }
}
