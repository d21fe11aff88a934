//! Metadata in the chunks of a PNG.

use super::{Metadata, Own, Resolution, jpeg, photoshop, raw_profile};
use crate::files::Format;
use crate::files::containers::png::{
    Chunk, Chunks, deflated, inflated, latin_1, text_chunk, text_of,
};

const XMP_KEYWORD: &[u8] = b"XML:com.adobe.xmp";

const COMMENT_KEYWORD: &[u8] = b"Comment";

/// Chunks that belong to the pixels as they were: palette and transparency, further frames, and
/// what Apple notes about where the pixels' data begins.
const OF_THE_PIXELS: &[&[u8; 4]] = &[
    b"PLTE", b"tRNS", b"hIST", b"acTL", b"fcTL", b"fdAT", b"iDOT",
];

/// Chunks whose values depend on the colour type.
const OF_THE_COLOUR_TYPE: &[&[u8; 4]] = &[b"sBIT", b"bKGD"];

/// Chunks that fix what the colours mean.
const OF_THE_COLOURS: &[&[u8; 4]] = &[
    b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT",
];

/// Chunks known to stay true when the pixels change, though their names do not say so.
const STILL_TRUE: &[&[u8; 4]] = &[
    b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI", b"sBIT", b"bKGD", b"sPLT",
    b"tIME",
];

impl Metadata {
    /// What the chunks of a PNG say. `icc` is its profile, inflated.
    pub fn of_png(mut chunks: Chunks, icc: Option<Vec<u8>>) -> Self {
        keep_one_profile(&mut chunks);
        let find = |kind: &[u8; 4]| chunks.iter().find(|it| it.kind == *kind);
        let exif = find(b"eXIf").map(|it| it.data.clone());
        let xmp = chunks.iter().find(|it| is_xmp(it)).and_then(text_of);
        let resolution = find(b"pHYs").and_then(|it| Resolution::from_png(&it.data));
        let profiles = chunks.iter().filter_map(raw_profile::resources);
        let profiles: Vec<Vec<u8>> = profiles.collect();
        let iptc = profiles.iter().find_map(|it| photoshop::iptc(it));
        Self {
            icc,
            exif,
            xmp,
            iptc: iptc.map(<[u8]>::to_vec),
            photoshop: profiles.into_iter().next(),
            resolution,
            own: Own::Png(chunks),
        }
    }

    /// The chunks of a PNG with this metadata, before and after its pixels. `form` is the header of
    /// the result behind its size: depth and colour type count.
    pub fn png_chunks(&self, form: [u8; 5]) -> (Vec<Chunk>, Vec<Chunk>) {
        let xmp = self.xmp.as_deref().map(xmp_chunk);
        let exif = self.exif.as_ref().map(|it| Chunk::new(b"eXIf", it.clone()));
        let Own::Png(chunks) = &self.own else {
            let profile = self.icc.as_deref().and_then(profile_chunk);
            let resolution = self.resolution.map(|it| Chunk::new(b"pHYs", it.to_png()));
            let resources = self.resources();
            let resources = resources.as_deref().and_then(raw_profile::chunk);
            let new = [profile, resolution, exif, xmp, resources];
            let comments = self.comments().into_iter();
            let comments = comments.map(|it| text_chunk(COMMENT_KEYWORD, &it));
            let new = new.into_iter().flatten().chain(comments);
            return (new.collect(), Vec::new());
        };
        let same_colours = chunks.form[..2] == form[..2];
        let kept = |chunk: &&Chunk| {
            let kind = &chunk.kind;
            // The fourth letter is small in the names of chunks that may stay when pixels change.
            let safe = kind[3].is_ascii_lowercase() || STILL_TRUE.contains(&kind);
            safe && !OF_THE_PIXELS.contains(&kind)
                && (same_colours || !OF_THE_COLOUR_TYPE.contains(&kind))
        };
        let current = |chunk: &Chunk| match (&chunk.kind, &xmp, &exif) {
            (_, Some(xmp), _) if is_xmp(chunk) => xmp.clone(),
            (b"eXIf", _, Some(exif)) => exif.clone(),
            _ => chunk.clone(),
        };
        let part = |them: &[Chunk]| them.iter().filter(kept).map(current).collect::<Vec<_>>();
        let (mut before, after) = (part(&chunks.before), part(&chunks.after));
        if !chunks.iter().any(is_xmp) {
            before.extend(xmp.clone());
        }
        (before, after)
    }
}

/// Only what fixes the colours.
pub(super) fn stripped(mut chunks: Chunks) -> Chunks {
    chunks
        .before
        .retain(|it| OF_THE_COLOURS.contains(&&it.kind));
    chunks.after.clear();
    chunks
}

/// The comments among the texts.
pub(super) fn comments(chunks: &Chunks) -> Vec<String> {
    chunks.iter().filter_map(comment).collect()
}

fn comment(chunk: &Chunk) -> Option<String> {
    if !chunk.is_text() || chunk.keyword() != COMMENT_KEYWORD {
        return None;
    }
    let text = text_of(chunk)?;
    match &chunk.kind {
        b"iTXt" => String::from_utf8(text).ok(),
        _ => Some(latin_1(&text)),
    }
}

/// What another format does not hold.
pub(super) fn unshared(chunks: &Chunks, format: Format) -> Option<String> {
    let held_comment = |it: &Chunk| {
        format == Format::Jpeg && comment(it).is_some_and(|it| jpeg::holds_comment(&it))
    };
    let held = |it: &Chunk| is_xmp(it) || raw_profile::resources(it).is_some() || held_comment(it);
    let texts = chunks.iter().filter(|it| it.is_text() && !held(it));
    let names: Vec<_> = texts
        .map(|it| String::from_utf8_lossy(it.keyword()))
        .collect();
    (!names.is_empty()).then(|| format!("the PNG's texts ({})", names.join(", ")))
}

fn is_xmp(chunk: &Chunk) -> bool {
    &chunk.kind == b"iTXt" && chunk.keyword() == XMP_KEYWORD
}

/// An uncompressed text without language and translation.
fn xmp_chunk(packet: &[u8]) -> Chunk {
    Chunk::new(b"iTXt", [XMP_KEYWORD, &[0; 5], packet].concat())
}

/// A PNG has one profile: of several, the first that can be read stays.
fn keep_one_profile(chunks: &mut Chunks) {
    let profiles = chunks.before.iter().enumerate();
    let profiles: Vec<usize> = profiles
        .filter(|(_, it)| &it.kind == b"iCCP")
        .map(|(i, _)| i)
        .collect();
    if profiles.len() < 2 {
        return;
    }
    let reads = |it: &&usize| {
        let chunk = &chunks.before[**it];
        // The name ends with a 0, and the number of the method follows.
        let data = chunk.data.get(chunk.keyword().len() + 2..);
        data.and_then(inflated).is_some()
    };
    let kept = profiles.iter().find(reads).or(profiles.first()).copied();
    let mut at = 0;
    chunks.before.retain(|it| {
        at += 1;
        &it.kind != b"iCCP" || Some(at - 1) == kept
    });
}

fn profile_chunk(profile: &[u8]) -> Option<Chunk> {
    let data = [b"ICC Profile\0\0", deflated(profile)?.as_slice()].concat();
    Some(Chunk::new(b"iCCP", data))
}
