//! What is found in an XMP packet, as places in its text.

use std::ops::Range;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{Namespace, NamespaceResolver, QName, ResolveResult};

use super::{BITS, EVENT, EXIF, FINGERPRINT, MEDIA_MANAGEMENT, OWN, RDF, TIFF, missing};

/// Where an addition belongs.
#[derive(Debug)]
pub enum Place {
    /// Before the end of the history's list, with declarations of the namespaces that it lacks.
    InHistory { at: usize, missing: String },
    /// Before the end of the descriptions, as one more about the same thing.
    InRdf { at: usize, about: String },
}

/// What was found in a packet, as places in its text.
#[derive(Debug, Default)]
pub struct Found {
    pub place: Option<Place>,
    /// Recipe and fingerprint of each render of this program.
    pub renders: Vec<(Range<usize>, Range<usize>)>,
    /// The bits that the last split tells of.
    pub bits: Option<Range<usize>>,
    /// The digits of orientations.
    pub orientations: Vec<usize>,
    /// The picture's sides, as often as they are told, each with the number of the description that tells it.
    pub sides: Vec<(usize, Side, Range<usize>)>,
}

/// A side of the picture and the property that tells its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    ImageWidth,
    ImageLength,
    PixelXDimension,
    PixelYDimension,
}

impl Side {
    fn named(namespace: &str, local: &str) -> Option<Self> {
        match (namespace, local) {
            (TIFF, "ImageWidth") => Some(Self::ImageWidth),
            (TIFF, "ImageLength") => Some(Self::ImageLength),
            (EXIF, "PixelXDimension") => Some(Self::PixelXDimension),
            (EXIF, "PixelYDimension") => Some(Self::PixelYDimension),
            _ => None,
        }
    }

    /// The one that is across, as the same namespace calls it.
    pub fn other(self) -> Self {
        match self {
            Self::ImageWidth => Self::ImageLength,
            Self::ImageLength => Self::ImageWidth,
            Self::PixelXDimension => Self::PixelYDimension,
            Self::PixelYDimension => Self::PixelXDimension,
        }
    }
}

impl Found {
    /// `None` if it is no well-formed XML.
    pub fn in_packet(text: &str) -> Option<Self> {
        let mut reader = NsReader::from_str(text);
        let mut walk = Walk::default();
        loop {
            let start = reader.buffer_position() as usize;
            let event = reader.read_event().ok()?;
            let end = reader.buffer_position() as usize;
            match event {
                Event::Eof => return Some(walk.finish()),
                Event::Start(it) | Event::Empty(it) if text[start..end].ends_with("/>") => {
                    walk.see_attributes(&it, reader.resolver(), start);
                }
                Event::Start(it) => {
                    walk.see_attributes(&it, reader.resolver(), start);
                    let (namespace, local) = resolved(reader.resolver(), it.name(), false);
                    walk.path.push((namespace.to_string(), local.to_string()));
                }
                Event::Text(_) => walk.see_text(text, start..end)?,
                // Escaped characters inside of a text arrive one by one.
                Event::GeneralRef(_) => {
                    if let Some(range) = &mut walk.recipe {
                        range.end = end;
                    }
                }
                Event::End(_) => walk.leave(start, reader.resolver()),
                _ => {}
            }
        }
    }
}

/// The way through a packet.
#[derive(Default)]
struct Walk {
    found: Found,
    /// The elements that are open, by namespace and name.
    path: Vec<(String, String)>,
    /// What the descriptions are about.
    about: Option<String>,
    /// The number of the last description below the list of them, and whether it is about the picture itself.
    description: (usize, bool),
    /// The recipe in the entry of the history that is open.
    recipe: Option<Range<usize>>,
    end_of_rdf: Option<usize>,
}

impl Walk {
    fn see_attributes(&mut self, element: &BytesStart, resolver: &NamespaceResolver, start: usize) {
        let inside: &str = element;
        let opens = self.is_in(1, RDF, "RDF");
        if opens {
            self.description = (self.description.0 + 1, true);
        }
        for attribute in element.attributes().flatten() {
            let raw: &str = &attribute.value;
            let place = || {
                // The value is a part of what is inside of the element, which begins one behind the `<`.
                let at = (raw.as_ptr() as usize).checked_sub(inside.as_ptr() as usize)?;
                (inside.get(at..at + raw.len()) == Some(raw)).then_some(start + 1 + at)
            };
            let (namespace, local) = resolved(resolver, attribute.key, true);
            match (namespace, local) {
                // Raw, so that it can be written again as it stands.
                (RDF, "about") => {
                    let about = raw.replace('"', "&quot;");
                    let first = self.about.get_or_insert_with(|| about.clone());
                    if opens {
                        self.description.1 = *first == about;
                    }
                }
                (TIFF, "Orientation") if is_orientation(raw) => {
                    self.found.orientations.extend(place());
                }
                _ => {
                    let side = Side::named(namespace, local).filter(|_| is_number(raw));
                    if let (Some(side), true, Some(at)) = (side, opens, place()) {
                        let number = self.description.0;
                        self.found.sides.push((number, side, at..at + raw.len()));
                    }
                }
            }
        }
        if opens {
            // One that does not say is about the picture.
            self.about.get_or_insert_default();
            // What it is about may stand behind the sides.
            let (number, is_own) = self.description;
            self.found.sides.retain(|(it, ..)| is_own || *it != number);
        }
    }

    fn see_text(&mut self, text: &str, range: Range<usize>) -> Option<()> {
        let content = text[range.clone()].trim();
        let at = range.start + text[range.clone()].find(content)?;
        let inside = self.path.last();
        match inside.map(|(namespace, local)| (namespace.as_str(), local.as_str())) {
            Some((TIFF, "Orientation")) if is_orientation(content) => {
                self.found.orientations.push(at);
            }
            Some((namespace, local)) if Side::named(namespace, local).is_some() => {
                let side = Side::named(namespace, local).filter(|_| is_number(content));
                let (number, is_own) = self.description;
                if let (Some(side), true) = (side, is_own && self.is_in(3, RDF, "RDF")) {
                    self.found
                        .sides
                        .push((number, side, at..at + content.len()));
                }
            }
            // A text with escaped characters arrives in parts.
            Some((EVENT, "parameters")) => {
                let start = self.recipe.take().map_or(range.start, |it| it.start);
                self.recipe = Some(start..range.end);
            }
            Some((OWN, BITS)) => self.found.bits = Some(at..at + content.len()),
            Some((OWN, FINGERPRINT)) => {
                let recipe = self.recipe.take();
                let fingerprint = at..at + content.len();
                self.found
                    .renders
                    .extend(recipe.map(|it| (it, fingerprint)));
            }
            _ => {}
        }
        Some(())
    }

    /// Leaves an element whose end stands at a place.
    fn leave(&mut self, at: usize, resolver: &NamespaceResolver) {
        if self.is_in(1, RDF, "Seq") && self.is_in(2, MEDIA_MANAGEMENT, "History") {
            self.found.place = Some(Place::InHistory {
                at,
                missing: missing(resolver),
            });
        } else if self.is_in(1, RDF, "RDF") {
            self.end_of_rdf = Some(at);
        }
        if self.is_in(1, RDF, "li") {
            self.recipe = None;
        }
        self.path.pop();
    }

    /// Whether the open element of a depth, 1 for the innermost, is called so.
    fn is_in(&self, depth: usize, namespace: &str, local: &str) -> bool {
        let at = self.path.len().checked_sub(depth);
        let element = at.and_then(|it| self.path.get(it));
        element.is_some_and(|(n, l)| n == namespace && l == local)
    }

    fn finish(mut self) -> Found {
        if let (None, Some(at)) = (&self.found.place, self.end_of_rdf) {
            let about = self.about.unwrap_or_default();
            self.found.place = Some(Place::InRdf { at, about });
        }
        self.found
    }
}

/// An element's or attribute's namespace and local name.
pub fn resolved<'a>(
    resolver: &'a NamespaceResolver,
    name: QName<'a>,
    attribute: bool,
) -> (&'a str, &'a str) {
    let (namespace, local) = if attribute {
        resolver.resolve_attribute(name)
    } else {
        resolver.resolve_element(name)
    };
    match namespace {
        ResolveResult::Bound(Namespace(it)) => (it, local.into_inner()),
        _ => ("", local.into_inner()),
    }
}

fn is_orientation(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1'..=b'8'])
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit())
}
