//! An XMP packet in two parts, as a JPEG holds a large one: the main packet, which names the other, and the extended one
//! with further properties (XMP specification, part 3, section 1.1.3.1).

use std::collections::HashSet;
use std::ops::Range;

use super::RDF;
use super::properties::{Description, Properties, Property};

const NOTE: &str = "http://ns.adobe.com/xmp/note/";
const NAME: &str = "HasExtendedXMP";

/// A packet in two parts.
pub struct Parts {
    pub main: Vec<u8>,
    /// The extended part and its name, which is its MD5 sum; `None` if all fits into the main one.
    pub extended: Option<(String, Vec<u8>)>,
}

/// The name of the extended part that a main packet says it has.
pub fn name_of_extended(main: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(main).ok()?;
    let properties = Properties::in_packet(text)?;
    let mut all = properties.descriptions.iter().flat_map(|it| &it.properties);
    let value = all.find(|it| is_name(it))?.value.clone();
    Some(text[value].trim().to_string())
}

/// One packet with the properties of both parts; of one that both have, the main packet's. `None` if they cannot be
/// understood.
pub fn joined(main: &[u8], extended: &[u8]) -> Option<Vec<u8>> {
    let (main, extended) = (
        std::str::from_utf8(main).ok()?,
        std::str::from_utf8(extended).ok()?,
    );
    let (ours, theirs) = (
        Properties::in_packet(main)?,
        Properties::in_packet(extended)?,
    );
    let own = ours.descriptions.iter().flat_map(|it| &it.properties);
    let known: HashSet<_> = own.clone().map(|it| &it.name).collect();
    let names: Vec<_> = own
        .filter(|it| is_name(it))
        .map(|it| it.place.clone())
        .collect();
    let about = ours.about(main);
    let mut added = String::new();
    for description in &theirs.descriptions {
        let new = |it: &&Property| !known.contains(&it.name) && !is_name(it);
        let new: Vec<&Property> = description.properties.iter().filter(new).collect();
        added.push_str(&with(extended, description, &new, about));
    }
    Some(without(main, &names, ours.end, &added).into_bytes())
}

/// A packet in two parts, the main one of at most `room` bytes: the largest properties go. `None` if it cannot be
/// understood, or what is left does not fit.
pub fn split(packet: &[u8], room: usize) -> Option<Parts> {
    if packet.len() <= room {
        return Some(Parts {
            main: packet.to_vec(),
            extended: None,
        });
    }
    let text = std::str::from_utf8(packet).ok()?;
    let properties = Properties::in_packet(text)?;
    let about = properties.about(text);
    let padding = padding(text).filter(|it| it.start >= properties.end);
    let mut places: Vec<Range<usize>> = padding.into_iter().collect();
    let mut left = text.len() - places.iter().map(Range::len).sum::<usize>();
    if left <= room {
        return Some(Parts {
            main: without(text, &places, properties.end, "").into_bytes(),
            extended: None,
        });
    }
    left += reference(about, &name_by_sum(b"")).len();
    let mut largest: Vec<(usize, &Property)> = Vec::new();
    for (number, description) in properties.descriptions.iter().enumerate() {
        for property in &description.properties {
            // A name from elsewhere is of no use any more.
            if is_name(property) {
                left -= property.place.len();
                places.push(property.place.clone());
            } else {
                largest.push((number, property));
            }
        }
    }
    largest.sort_by_key(|(_, it)| std::cmp::Reverse(it.place.len()));
    let mut moved = vec![Vec::new(); properties.descriptions.len()];
    for (number, property) in largest {
        if left <= room {
            break;
        }
        left -= property.place.len();
        places.push(property.place.clone());
        moved[number].push(property);
    }
    if left > room {
        return None;
    }
    let descriptions = properties.descriptions.iter().zip(&moved);
    let descriptions: String = descriptions
        .map(|(it, moved)| with(text, it, moved, about))
        .collect();
    let extended = format!(
        "<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"{RDF}\">\n{descriptions}</rdf:RDF></x:xmpmeta>"
    );
    let name = name_by_sum(extended.as_bytes());
    places.sort_by_key(|it| it.start);
    let main = without(text, &places, properties.end, &reference(about, &name));
    Some(Parts {
        main: main.into_bytes(),
        extended: Some((name, extended.into_bytes())),
    })
}

/// The name of an extended part: its MD5 sum in capital hexadecimal digits. It guards nothing.
fn name_by_sum(extended: &[u8]) -> String {
    format!("{:X}", md5::compute(extended))
}

fn is_name(property: &Property) -> bool {
    property.name.0 == NOTE && property.name.1 == NAME
}

/// A description that tells the name of the extended part.
fn reference(about: &str, name: &str) -> String {
    format!(
        "<rdf:Description xmlns:rdf=\"{RDF}\" rdf:about=\"{about}\" xmlns:xmpNote=\"{NOTE}\" \
         xmpNote:{NAME}=\"{name}\"/>\n"
    )
}

/// A description with some of its properties, as they stand, that can stand anywhere; nothing for none.
fn with(text: &str, description: &Description, properties: &[&Property], about: &str) -> String {
    if properties.is_empty() {
        return String::new();
    }
    let texts = |attributes: bool| -> String {
        let them = properties.iter().filter(|it| it.is_attribute == attributes);
        them.map(|it| &text[it.place.clone()]).collect()
    };
    let (prefix, scope) = (&description.prefix, &description.scope);
    format!(
        "<{prefix}:Description{scope} {prefix}:about=\"{about}\"{}>{}</{prefix}:Description>\n",
        texts(true),
        texts(false)
    )
}

/// The text without some places, in order, and with an addition at another.
fn without(text: &str, places: &[Range<usize>], at: usize, addition: &str) -> String {
    let mut out = String::with_capacity(text.len() + addition.len());
    let (mut behind, mut addition) = (0, Some(addition));
    for place in places {
        if place.start >= at
            && let Some(addition) = addition.take()
        {
            out.push_str(&text[behind..at]);
            out.push_str(addition);
            behind = at;
        }
        out.push_str(&text[behind..place.start]);
        behind = place.end;
    }
    if let Some(addition) = addition {
        out.push_str(&text[behind..at]);
        out.push_str(addition);
        behind = at;
    }
    out.push_str(&text[behind..]);
    out
}

/// The blanks that packets have at their end, so that something can be added in place.
fn padding(text: &str) -> Option<Range<usize>> {
    let end = text.rfind("<?xpacket")?;
    Some(text[..end].trim_end().len()..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DC: &str = "http://purl.org/dc/elements/1.1/";

    /// A packet with an attribute and two elements, of so many bytes each.
    fn packet(sizes: [usize; 3]) -> String {
        let [a, b, c] = sizes.map(|it| "x".repeat(it));
        format!(
            "<?xpacket begin='' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/' xmlns:dc='{DC}'>\
             <r:RDF xmlns:r='{RDF}'><r:Description r:about='uuid:7' dc:a='{a}' dc:d = \"&lt;4>\">\
             <dc:b><r:Bag><r:li>{b}</r:li></r:Bag></dc:b> <dc:c>{c}</dc:c></r:Description></r:RDF></x:xmpmeta>\
             {}<?xpacket end='w'?>",
            " ".repeat(100)
        )
    }

    /// Names and values of all properties, in the order of their names.
    fn told(packet: &[u8]) -> Vec<(String, String)> {
        let text = std::str::from_utf8(packet).expect("text");
        let found = Properties::in_packet(text).expect("it is understood");
        let all = found.descriptions.iter().flat_map(|it| &it.properties);
        let mut all: Vec<_> = all
            .map(|it| (it.name.1.clone(), text[it.value.clone()].to_string()))
            .collect();
        all.sort();
        all
    }

    #[test]
    fn what_is_split_and_joined_tells_the_same() {
        for sizes in [[2000, 3, 3], [3, 2000, 3], [3, 3, 2000], [2000; 3]] {
            let whole = packet(sizes);
            let mut both = whole.clone().into_bytes();
            // And once more, with what was joined.
            for _ in 0..2 {
                let parts = split(&both, 1500).expect("it is split");
                assert!(parts.main.len() <= 1500, "{sizes:?}");
                let (name, extended) = parts.extended.expect("it does not fit");
                assert_eq!(name, name_by_sum(&extended));
                assert_eq!(name_of_extended(&parts.main), Some(name));
                let moved = sizes.iter().filter(|it| **it == 2000).count();
                assert_eq!(told(&extended).len(), moved, "{sizes:?}");
                both = joined(&parts.main, &extended).expect("they are joined");
                assert_eq!(told(&both), told(whole.as_bytes()), "{sizes:?}");
            }
        }
    }

    #[test]
    fn names_are_capital_and_keep_their_zeros() {
        assert_eq!(name_by_sum(b"a"), "0CC175B9C0F1B6A831C399E269772661");
    }

    #[test]
    fn padding_goes_before_properties_do() {
        let whole = packet([3, 3, 300]);
        let parts = split(whole.as_bytes(), whole.len() - 50).expect("it is made to fit");
        assert!(parts.extended.is_none());
        assert_eq!(parts.main.len(), whole.len() - 100);
        assert_eq!(told(&parts.main), told(whole.as_bytes()));
    }

    #[test]
    fn of_a_property_in_both_parts_the_main_ones_stays() {
        let (main, extended) = (packet([3, 3, 3]), packet([5, 5, 5]));
        let both = joined(main.as_bytes(), extended.as_bytes()).expect("they are joined");
        assert_eq!(String::from_utf8(both).expect("text"), main);
    }

    #[test]
    fn what_cannot_be_understood_is_neither_split_nor_joined() {
        let good = packet([3, 3, 3]);
        let with_entities = format!("<!DOCTYPE x [<!ENTITY a \"b\">]>{good}");
        let strange = good
            .replace("<r:Description", "<dc:Thing")
            .replace("</r:Description", "</dc:Thing");
        for bad in [
            "",
            "hello",
            "<a></b>",
            &good[..300],
            &with_entities,
            &strange,
        ] {
            assert!(
                split(bad.as_bytes(), 0).is_none() || bad.is_empty(),
                "{bad}"
            );
            assert!(joined(good.as_bytes(), bad.as_bytes()).is_none(), "{bad}");
            assert!(joined(bad.as_bytes(), good.as_bytes()).is_none(), "{bad}");
        }
        assert!(split(good.as_bytes(), 100).is_none(), "too little room");
        for cut in 0..good.len() {
            joined(good.as_bytes(), &good.as_bytes()[..cut]);
        }
    }
}
