//! The properties in an XMP packet, as places in its text.

use std::ops::Range;

use quick_xml::NsReader;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::{NamespaceResolver, PrefixDeclaration};

use super::RDF;
use super::found::resolved;

/// Declarations of namespaces may have so many bytes together, as each description repeats those around it.
const MOST_DECLARATIONS: usize = 1 << 20;

/// What a packet tells of the picture.
#[derive(Default)]
pub struct Properties {
    pub descriptions: Vec<Description>,
    /// Where the list of descriptions ends.
    pub end: usize,
}

/// A description: properties of the same thing.
pub struct Description {
    /// The prefix of its own name.
    pub prefix: String,
    /// Declarations of all namespaces that are known in it.
    pub scope: String,
    /// What it is about, as it stands.
    about: Option<Range<usize>>,
    pub properties: Vec<Property>,
}

/// A property of the picture, with all below it.
pub struct Property {
    /// Its namespace and local name.
    pub name: (String, String),
    /// The whole of it, of an attribute with the blank before it.
    pub place: Range<usize>,
    /// Its value.
    pub value: Range<usize>,
    /// Whether it is an attribute of the description, not an element in it.
    pub is_attribute: bool,
}

impl Properties {
    /// `None` if it is no well-formed XML with one list of descriptions and nothing else in that.
    pub fn in_packet(text: &str) -> Option<Self> {
        let mut reader = NsReader::from_str(text);
        let mut found = Self::default();
        let mut budget = MOST_DECLARATIONS;
        // Depth of the open elements, and that of the list once it has begun.
        let (mut depth, mut list) = (0, None);
        loop {
            let start = reader.buffer_position() as usize;
            let event = reader.read_event().ok()?;
            let end = reader.buffer_position() as usize;
            match event {
                Event::Eof => break,
                // It may define what the text stands for.
                Event::DocType(_) => return None,
                Event::Start(it) | Event::Empty(it) => {
                    let is_empty = text[start..end].ends_with("/>");
                    let name = resolved(reader.resolver(), it.name(), false);
                    let in_list = list.filter(|_| found.end == 0).map(|list| depth - list);
                    match in_list {
                        None if list.is_none() && name == (RDF, "RDF") && !is_empty => {
                            list = Some(depth);
                        }
                        Some(1) => {
                            let (RDF, "Description", Some(prefix)) =
                                (name.0, name.1, it.name().prefix())
                            else {
                                return None;
                            };
                            let description = Description {
                                prefix: prefix.into_inner().to_string(),
                                scope: scope(reader.resolver(), &mut budget)?,
                                about: None,
                                properties: Vec::new(),
                            };
                            found.descriptions.push(description);
                            found.see_attributes(&it, reader.resolver(), (text, start))?;
                        }
                        Some(2) => found.descriptions.last_mut()?.properties.push(Property {
                            name: (name.0.to_string(), name.1.to_string()),
                            place: start..end,
                            value: end..end,
                            is_attribute: false,
                        }),
                        _ => {}
                    }
                    depth += usize::from(!is_empty);
                }
                Event::End(_) => {
                    depth = usize::checked_sub(depth, 1)?;
                    let in_list = list.filter(|_| found.end == 0).map(|list| depth - list);
                    match in_list {
                        Some(0) => found.end = start,
                        Some(2) => {
                            let property = found.descriptions.last_mut()?.properties.last_mut()?;
                            property.place.end = end;
                            property.value.end = start;
                        }
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        (depth == 0 && found.end > 0).then_some(found)
    }

    fn see_attributes(
        &mut self,
        element: &BytesStart,
        resolver: &NamespaceResolver,
        (text, start): (&str, usize),
    ) -> Option<()> {
        let description = self.descriptions.last_mut()?;
        let inside: &str = element;
        for attribute in element.attributes().with_checks(false) {
            let attribute = attribute.ok()?;
            let place = |part: &str| {
                // What is inside of the element begins one behind the `<`.
                let at = (part.as_ptr() as usize).checked_sub(inside.as_ptr() as usize)?;
                let place = start + 1 + at..start + 1 + at + part.len();
                (text.get(place.clone()) == Some(part)).then_some(place)
            };
            let (key, value) = (place(attribute.key.into_inner())?, place(&attribute.value)?);
            let before = text[..key.start].trim_end().len();
            if before == key.start {
                return None;
            }
            let name = resolved(resolver, attribute.key, true);
            match name {
                (RDF, "about") => description.about = Some(value),
                // What is no property has no namespace of its own: `rdf:ID`, `xml:lang`, declarations.
                ("" | RDF, _) => {}
                _ if attribute.key.as_namespace_binding().is_some() => {}
                _ if attribute.key.prefix().is_some_and(|it| it.is_xml()) => {}
                (namespace, local) => description.properties.push(Property {
                    name: (namespace.to_string(), local.to_string()),
                    // With its last quotation mark.
                    place: before..value.end + 1,
                    value,
                    is_attribute: true,
                }),
            }
        }
        Some(())
    }

    /// What the descriptions are about, as it can stand between double quotation marks.
    pub fn about<'a>(&self, text: &'a str) -> &'a str {
        let mut all = self.descriptions.iter().filter_map(|it| it.about.clone());
        let about = all.next().map_or("", |it| &text[it]);
        // Between single ones it may have double ones: then it is no address.
        if about.contains('"') { "" } else { about }
    }
}

/// Declarations of all namespaces that are known at a place, as far as the budget of bytes goes.
fn scope(resolver: &NamespaceResolver, budget: &mut usize) -> Option<String> {
    let mut scope = String::new();
    for (prefix, namespace) in resolver.bindings() {
        let name = match prefix {
            PrefixDeclaration::Named("xml" | "xmlns") => continue,
            PrefixDeclaration::Named(it) => format!(":{it}"),
            PrefixDeclaration::Default => String::new(),
        };
        let namespace = namespace.into_inner().replace('"', "&quot;");
        let declaration = format!(" xmlns{name}=\"{namespace}\"");
        *budget = budget.checked_sub(declaration.len())?;
        scope.push_str(&declaration);
    }
    Some(scope)
}
