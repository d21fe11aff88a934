//! Metadata in the segments of a JPEG.

use super::{Metadata, NO_CREDENTIALS, Own, Resolution, photoshop, xmp};
use crate::files::Format;
use crate::files::containers::jpeg::{
    APP0, APP1, APP2, APP13, APP14, COMMENT, Header, LARGEST_SEGMENT, Segment,
};
use crate::files::containers::png::latin_1;

const JFIF: &[u8] = b"JFIF\0";
const EXIF: &[u8] = b"Exif\0\0";
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
const MORE_XMP: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";
const PROFILE: &[u8] = b"ICC_PROFILE\0";
/// An index of further pictures in the file, by their offsets.
const MORE_PICTURES: &[u8] = b"MPF\0";
const FIRST_OF_MORE: &str =
    "only the first of its pictures is used; previews or a gain map behind it are dropped";
/// Content credentials: a signature of the pixels as they were.
const CREDENTIALS: u8 = 0xEB;

/// Bytes of the extended part of an XMP packet in one segment, as the specification has them.
const MORE_XMP_PART: usize = 65_400;

/// Bytes of a profile in one segment, behind signature, number and count.
const PROFILE_PART: usize = LARGEST_SEGMENT - PROFILE.len() - 2;

/// What only a JPEG holds, and how its pixels are coded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JpegForm {
    /// Its segments, in order.
    pub segments: Vec<Segment>,
    /// How much coarser chroma is sampled than luma, across and down.
    pub subsampling: Option<(u8, u8)>,
    /// Quantisation tables of luma and chroma, row by row.
    pub tables: [Option<[u16; 64]>; 2],
}

impl JpegForm {
    fn new(header: &Header) -> Self {
        let subsampling = match header.components.as_slice() {
            // Chroma of one sample, so that luma's number says it all.
            [luma, rest @ ..] if rest.len() == 2 => rest
                .iter()
                .all(|it| (it.across, it.down) == (1, 1))
                .then_some((luma.across, luma.down)),
            _ => None,
        };
        let kept = |it: &&Segment| {
            it.marker != APP14
                && it.marker != CREDENTIALS
                && it.after(APP2, MORE_PICTURES).is_none()
        };
        Self {
            segments: header.segments.iter().filter(kept).cloned().collect(),
            subsampling,
            tables: [header.table_of(0).copied(), header.table_of(1).copied()],
        }
    }

    /// Without everything but the profile.
    pub(super) fn stripped(mut self) -> Self {
        self.segments.retain(|it| it.after(APP2, PROFILE).is_some());
        self
    }

    pub(super) fn drop_profile(&mut self) {
        self.segments.retain(|it| it.after(APP2, PROFILE).is_none());
    }

    /// Its comments, but those that are no text.
    pub(super) fn comments(&self) -> Vec<String> {
        let all = self.segments.iter().filter(|it| it.marker == COMMENT);
        all.filter_map(|it| comment_text(&it.data)).collect()
    }

    /// What another format does not hold.
    pub(super) fn unshared(&self, format: Format) -> Vec<String> {
        let mut lost = Vec::new();
        let is_held = |it: &Segment| format == Format::Png && comment_text(&it.data).is_some();
        let mut comments = self.segments.iter().filter(|it| it.marker == COMMENT);
        if !comments.all(is_held) {
            lost.push("the JPEG's comment".to_string());
        }
        if self
            .segments
            .iter()
            .any(|it| it.after(APP1, MORE_XMP).is_some())
        {
            lost.push(
                "an extended part of the XMP that is not whole or cannot be read".to_string(),
            );
        }
        lost
    }
}

impl Metadata {
    /// What no result holds of a JPEG, in words: it belongs to the file or the pixels as they were.
    pub fn dropped_of_jpeg(header: &Header) -> Vec<&'static str> {
        let has = |is: fn(&Segment) -> bool| header.segments.iter().any(is);
        let more = has(|it| it.after(APP2, MORE_PICTURES).is_some()).then_some(FIRST_OF_MORE);
        let credentials = has(|it| it.marker == CREDENTIALS).then_some(NO_CREDENTIALS);
        more.into_iter().chain(credentials).collect()
    }

    /// What the segments of a JPEG say.
    pub fn of_jpeg(header: &Header) -> Self {
        let first = |marker, signature: &[u8]| {
            let mut found = header
                .segments
                .iter()
                .filter_map(|it| it.after(marker, signature));
            found.next().map(<[u8]>::to_vec)
        };
        let resources = header
            .segments
            .iter()
            .filter_map(|it| it.after(APP13, photoshop::SIGNATURE));
        let photoshop = Some(resources.collect::<Vec<_>>().concat());
        let photoshop = photoshop.filter(|it| !it.is_empty());
        let exif = first(APP1, EXIF);
        let in_exif = || {
            let (order, directory) = super::exif::to_tiff(exif.as_deref()?)?;
            Resolution::from_tags(&directory, order)
        };
        let jfif = first(APP0, JFIF);
        let mut form = JpegForm::new(header);
        let mut xmp = first(APP1, XMP);
        if let Some((name, whole)) = xmp.as_deref().and_then(|it| joined_xmp(header, it)) {
            xmp = Some(whole);
            form.segments
                .retain(|it| part_of_xmp(it).is_none_or(|it| it.name != name.as_bytes()));
        }
        Self {
            icc: profile(header),
            xmp,
            iptc: photoshop
                .as_deref()
                .and_then(photoshop::iptc)
                .map(<[u8]>::to_vec),
            photoshop,
            resolution: jfif
                .as_deref()
                .and_then(Resolution::from_jfif)
                .or_else(in_exif),
            exif,
            own: Own::Jpeg(Box::new(form)),
        }
    }

    /// The segments of a JPEG with this metadata.
    pub fn jpeg_segments(&self) -> Vec<Segment> {
        let exif = self.exif.iter().filter(|it| holds_exif(it));
        let exif: Vec<Segment> = exif.map(|it| Segment::new(APP1, EXIF, it)).collect();
        let xmp = self.xmp.as_deref().and_then(xmp_segments);
        let xmp = xmp.unwrap_or_default();
        let Own::Jpeg(form) = &self.own else {
            let jfif = self
                .resolution
                .map_or(vec![1, 1, 0, 0, 1, 0, 1, 0, 0], Resolution::to_jfif);
            let mut segments = vec![Segment::new(APP0, JFIF, &jfif)];
            segments.extend(exif);
            segments.extend(xmp);
            segments.extend(self.profile_segments());
            segments.extend(self.resource_segments());
            let comments = self.comments().into_iter().filter(|it| holds_comment(it));
            segments.extend(comments.map(|it| Segment::new(COMMENT, b"", it.as_bytes())));
            return segments;
        };
        // What has changed goes where it was, and what is new behind the head and the EXIF block.
        let mut segments = form.segments.clone();
        for (signature, new) in [(EXIF, exif), (XMP, xmp)] {
            if new.is_empty() {
                continue;
            }
            let same = |it: &Segment| it.after(APP1, signature).is_some();
            let replaced = if let Some(at) = segments.iter().position(same) {
                at..at + 1
            } else {
                let head = |it: &&Segment| it.marker == APP0 || it.after(APP1, EXIF).is_some();
                let at = segments.iter().take_while(head).count();
                at..at
            };
            segments.splice(replaced, new);
        }
        segments
    }

    fn profile_segments(&self) -> Vec<Segment> {
        let parts: Vec<&[u8]> = self
            .icc
            .iter()
            .flat_map(|it| it.chunks(PROFILE_PART))
            .collect();
        let Ok(count) = u8::try_from(parts.len()) else {
            return Vec::new();
        };
        let numbered = parts.iter().zip(1u8..);
        numbered
            .map(|(part, number)| {
                Segment::new(APP2, PROFILE, &[&[number, count][..], part].concat())
            })
            .collect()
    }

    fn resource_segments(&self) -> Vec<Segment> {
        let resources = self.resources().unwrap_or_default();
        let part = LARGEST_SEGMENT - photoshop::SIGNATURE.len();
        let parts = resources.chunks(part);
        parts
            .map(|it| Segment::new(APP13, photoshop::SIGNATURE, it))
            .collect()
    }
}

/// What a comment says. Its encoding is not told: it is UTF-8, or else is taken for Latin-1. `None` if it is no text.
fn comment_text(data: &[u8]) -> Option<String> {
    // Some programs write the end of a C string.
    let text = data.strip_suffix(b"\0").unwrap_or(data);
    let is_text = !text.contains(&0);
    is_text.then(|| match std::str::from_utf8(text) {
        Ok(text) => text.to_string(),
        Err(_) => latin_1(text),
    })
}

/// Whether a comment fits into a segment.
pub(super) fn holds_comment(text: &str) -> bool {
    text.len() <= LARGEST_SEGMENT
}

/// Whether a packet fits into segments.
pub(super) fn holds_xmp(packet: &[u8]) -> bool {
    xmp_segments(packet).is_some()
}

/// Whether an EXIF block fits into a segment.
fn holds_exif(block: &[u8]) -> bool {
    block.len() + EXIF.len() <= LARGEST_SEGMENT
}

/// The segments of a packet; what does not fit into the first is its extended part.
fn xmp_segments(packet: &[u8]) -> Option<Vec<Segment>> {
    let parts = xmp::split(packet, LARGEST_SEGMENT - XMP.len())?;
    let mut segments = vec![Segment::new(APP1, XMP, &parts.main)];
    if let Some((name, extended)) = &parts.extended {
        let length = u32::try_from(extended.len()).ok()?;
        let offsets = (0..length).step_by(MORE_XMP_PART);
        segments.extend(
            extended
                .chunks(MORE_XMP_PART)
                .zip(offsets)
                .map(|(part, offset)| {
                    let numbers = [length.to_be_bytes(), offset.to_be_bytes()].concat();
                    Segment::new(APP1, MORE_XMP, &[name.as_bytes(), &numbers, part].concat())
                }),
        );
    }
    Some(segments)
}

/// A piece of an extended part of the XMP.
struct PartOfXmp<'a> {
    name: &'a [u8; 32],
    /// Bytes of the whole, and where in it these stand.
    length: usize,
    offset: usize,
    bytes: &'a [u8],
}

fn part_of_xmp(segment: &Segment) -> Option<PartOfXmp<'_>> {
    let (name, rest) = segment.after(APP1, MORE_XMP)?.split_first_chunk()?;
    let (length, rest) = rest.split_first_chunk()?;
    let (offset, bytes) = rest.split_first_chunk()?;
    Some(PartOfXmp {
        name,
        length: u32::from_be_bytes(*length) as usize,
        offset: u32::from_be_bytes(*offset) as usize,
        bytes,
    })
}

/// The packet together with its extended part, and the name of that, if all pieces of it are there, once each.
fn joined_xmp(header: &Header, main: &[u8]) -> Option<(String, Vec<u8>)> {
    let name = xmp::name_of_extended(main)?;
    let parts = header.segments.iter().filter_map(part_of_xmp);
    let mut parts: Vec<_> = parts.filter(|it| it.name == name.as_bytes()).collect();
    parts.sort_by_key(|it| it.offset);
    let length = parts.first()?.length;
    let mut end = 0;
    for part in &parts {
        if part.length != length || part.offset != end {
            return None;
        }
        end += part.bytes.len();
    }
    let parts = parts.iter().map(|it| it.bytes);
    let extended = (end == length).then(|| parts.collect::<Vec<_>>().concat())?;
    Some((name, xmp::joined(main, &extended)?))
}

/// What does not fit into the segments of a JPEG.
pub(super) fn too_large(metadata: &Metadata) -> Vec<String> {
    let mut lost = Vec::new();
    if metadata.exif.as_deref().is_some_and(|it| !holds_exif(it)) {
        lost.push("an EXIF block of more than 64 KiB".to_string());
    }
    if metadata.xmp.as_deref().is_some_and(|it| !holds_xmp(it)) {
        lost.push("an XMP packet of more than 64 KiB that cannot be parted".to_string());
    }
    lost
}

/// The profile, if all its parts are there.
fn profile(header: &Header) -> Option<Vec<u8>> {
    let mut parts: Vec<(u8, &[u8])> = Vec::new();
    for part in header
        .segments
        .iter()
        .filter_map(|it| it.after(APP2, PROFILE))
    {
        let (&[number, count], data) = part.split_first_chunk()?;
        parts.push((number, data));
        if parts.len() == usize::from(count) {
            parts.sort_by_key(|(number, _)| *number);
            let whole = parts
                .iter()
                .zip(1u8..)
                .all(|((number, _), wanted)| *number == wanted);
            let data = parts.iter().map(|(_, data)| *data);
            return whole.then(|| data.collect::<Vec<_>>().concat());
        }
    }
    None
}
