//! The chunks of a PNG (third edition, section 5).

use std::io::{Read, Seek, SeekFrom, Write};

use crc32fast::Hasher;
use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

/// The first bytes of a PNG.
pub const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";

/// Chunks beside the pixels may have so many bytes together; what goes beyond is left out.
const MOST_BYTES: u64 = 256 << 20;

/// A compressed block of metadata may have so many bytes; a larger one is left as it is.
const MOST_INFLATED: u64 = 64 << 20;

/// A chunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Its type.
    pub kind: [u8; 4],
    /// What is in it.
    pub data: Vec<u8>,
}

impl Chunk {
    /// A chunk of a type.
    pub fn new(kind: &[u8; 4], data: Vec<u8>) -> Self {
        Self { kind: *kind, data }
    }

    /// Whether it is a text, of any of the three kinds.
    pub fn is_text(&self) -> bool {
        matches!(&self.kind, b"tEXt" | b"zTXt" | b"iTXt")
    }

    /// The keyword of a text or profile: what stands before the first 0.
    pub fn keyword(&self) -> &[u8] {
        self.data.split(|it| *it == 0).next().unwrap_or_default()
    }

    /// Appends the chunk with its length and check sum.
    pub fn write(&self, out: &mut Vec<u8>) {
        let mut check = Hasher::new();
        check.update(&self.kind);
        check.update(&self.data);
        let length = u32::try_from(self.data.len()).expect("no chunk of 4 GiB was read or made");
        out.extend(length.to_be_bytes());
        out.extend(self.kind);
        out.extend_from_slice(&self.data);
        out.extend(check.finalize().to_be_bytes());
    }
}

/// A compressed text with a keyword.
pub fn compressed_text(keyword: &[u8], text: &[u8]) -> Option<Chunk> {
    let data = [keyword, &[0, 0], deflated(text)?.as_slice()].concat();
    Some(Chunk::new(b"zTXt", data))
}

/// What a text says: in Latin-1, and in UTF-8 if it is international.
pub fn text_of(chunk: &Chunk) -> Option<Vec<u8>> {
    let rest = chunk.data.get(chunk.keyword().len() + 1..)?;
    match (&chunk.kind, rest) {
        (b"tEXt", text) => Some(text.to_vec()),
        (b"zTXt", [0, packed @ ..]) => inflated(packed),
        (b"iTXt", [is_packed, 0, rest @ ..]) => {
            // Behind its language and its keyword in that.
            let text = rest.splitn(3, |it| *it == 0).nth(2)?;
            match is_packed {
                0 => Some(text.to_vec()),
                _ => inflated(text),
            }
        }
        _ => None,
    }
}

/// A text with a keyword, of the simplest kind that has its characters. It has no zeros.
pub fn text_chunk(keyword: &[u8], text: &str) -> Chunk {
    let bytes = text.chars().map(|it| u8::try_from(it).ok());
    match bytes.collect::<Option<Vec<u8>>>() {
        Some(bytes) => Chunk::new(b"tEXt", [keyword, &[0], &bytes].concat()),
        // Not compressed, and without language and keyword in that.
        None => Chunk::new(b"iTXt", [keyword, &[0; 5], text.as_bytes()].concat()),
    }
}

/// Characters of one byte each.
pub fn latin_1(bytes: &[u8]) -> String {
    bytes.iter().map(|it| char::from(*it)).collect()
}

/// What compressed metadata holds, if it is not too much.
pub fn inflated(data: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut decoder = ZlibDecoder::new(data).take(MOST_INFLATED);
    let length = decoder.read_to_end(&mut out).ok()?;
    (length < MOST_INFLATED as usize).then_some(out)
}

/// Metadata made as small as it gets.
pub fn deflated(data: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(data).ok()?;
    encoder.finish().ok()
}

/// The chunks of a PNG beside its pixels.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunks {
    /// The header's fields after the size: bit depth, colour type, compression, filter, interlace.
    pub form: [u8; 5],
    /// What stands before the pixels.
    pub before: Vec<Chunk>,
    /// What stands after them.
    pub after: Vec<Chunk>,
}

impl Chunks {
    /// Reads all chunks but those of the pixels. Damaged ones are left out.
    pub fn read(source: &mut (impl Read + Seek)) -> Self {
        let mut chunks = Self::default();
        let mut budget = MOST_BYTES;
        let mut pixels = false;
        let start = source.seek(SeekFrom::Start(SIGNATURE.len() as u64));
        let Ok(mut at) = start else {
            return chunks;
        };
        loop {
            let mut head = [0; 8];
            if source.read_exact(&mut head).is_err() {
                return chunks;
            }
            let length = u64::from(u32::from_be_bytes([head[0], head[1], head[2], head[3]]));
            let kind = [head[4], head[5], head[6], head[7]];
            at += 12 + length;
            match &kind {
                b"IEND" => return chunks,
                b"IDAT" => pixels = true,
                _ if length <= budget => {
                    budget -= length;
                    let mut data = vec![0; length as usize];
                    let mut sum = [0; 4];
                    let read = source.read_exact(&mut data);
                    if read.and_then(|()| source.read_exact(&mut sum)).is_err() {
                        return chunks;
                    }
                    let mut check = Hasher::new();
                    check.update(&kind);
                    check.update(&data);
                    if check.finalize().to_be_bytes() == sum {
                        chunks.take(Chunk { kind, data }, pixels);
                    }
                }
                _ => {}
            }
            if source.seek(SeekFrom::Start(at)).is_err() {
                return chunks;
            }
        }
    }

    fn take(&mut self, chunk: Chunk, after_pixels: bool) {
        if &chunk.kind == b"IHDR" {
            if let Some(form) = chunk.data.get(8..13) {
                self.form.copy_from_slice(form);
            }
        } else if after_pixels {
            self.after.push(chunk);
        } else {
            self.before.push(chunk);
        }
    }

    /// All chunks.
    pub fn iter(&self) -> impl Iterator<Item = &Chunk> {
        self.before.iter().chain(&self.after)
    }
}

/// Puts chunks into an encoded PNG: behind its header, and before its end.
pub fn with_chunks(encoded: &[u8], before: &[Chunk], after: &[Chunk]) -> Vec<u8> {
    // The header is always the first chunk, of 13 bytes; the end is always the last, and empty.
    let header = SIGNATURE.len() + 12 + 13;
    let end = encoded.len() - 12;
    let more: usize = before
        .iter()
        .chain(after)
        .map(|it| it.data.len() + 12)
        .sum();
    let mut out = Vec::with_capacity(encoded.len() + more);
    out.extend_from_slice(&encoded[..header]);
    before.iter().for_each(|it| it.write(&mut out));
    out.extend_from_slice(&encoded[header..end]);
    after.iter().for_each(|it| it.write(&mut out));
    out.extend_from_slice(&encoded[end..]);
    out
}
