//! XMP packets: what a render adds to their history, and how its recipe is found again.
//!
//! Everything else in a packet stays as it is, to the byte. (XMP specification, parts 1 and 2.) A large one is in two
//! parts in a JPEG, and in one elsewhere.

mod extended;
mod found;
mod properties;

use quick_xml::escape::{escape, unescape};
use quick_xml::name::{NamespaceResolver, QName};

pub use self::extended::{joined, name_of_extended, split};
use self::found::{Found, Place, Side, resolved};

const RDF: &str = "http://www.w3.org/1999/02/22-rdf-syntax-ns#";
const MEDIA_MANAGEMENT: &str = "http://ns.adobe.com/xap/1.0/mm/";
const EVENT: &str = "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#";
const TIFF: &str = "http://ns.adobe.com/tiff/1.0/";
const EXIF: &str = "http://ns.adobe.com/exif/1.0/";

/// The namespace of this program's own properties; a name, not an address.
const OWN: &str = "urn:repore:1";

/// The prefixes of an entry and the namespaces that they stand for.
const NAMESPACES: [(&str, &str); 3] = [("rdf", RDF), ("stEvt", EVENT), ("repore", OWN)];

/// Its properties: what a render depends on, and the bits a sample of a photo that was split.
const FINGERPRINT: &str = "fingerprint";
const BITS: &str = "bits";

/// The program's name and version, as histories show it.
pub const SOFTWARE: &str = concat!("repore ", env!("CARGO_PKG_VERSION"));

/// What a render says of itself. It names no time and no path: the same render has the same bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provenance {
    /// The recipe as TOML, with all that was found filled in.
    pub recipe: String,
    /// Of everything that the result depends on, in hexadecimal digits.
    pub fingerprint: String,
}

/// Something that was done to a picture, as its history tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    /// What was done, with all that it was done with.
    pub parameters: String,
    /// A property of this program's own and its value.
    own: Option<(&'static str, String)>,
}

impl Edit {
    /// Something that needs no more than words.
    pub fn new(parameters: impl Into<String>) -> Self {
        Self {
            parameters: parameters.into(),
            own: None,
        }
    }

    /// The making of a layer of a photo that has so many bits a sample.
    pub fn split(parameters: impl Into<String>, bits: usize) -> Self {
        Self {
            own: Some((BITS, bits.to_string())),
            ..Self::new(parameters)
        }
    }

    /// The entry of a history, in an element that has `declarations` of namespaces.
    fn entry(&self, declarations: &str) -> String {
        let own = self.own.iter();
        let own = own.map(|(name, it)| format!("<repore:{name}>{}</repore:{name}>\n", escape(it)));
        format!(
            "<rdf:li{declarations} rdf:parseType=\"Resource\">\n\
             <stEvt:action>edited</stEvt:action>\n\
             <stEvt:softwareAgent>{SOFTWARE}</stEvt:softwareAgent>\n\
             <stEvt:changed>/</stEvt:changed>\n\
             <stEvt:parameters>{}</stEvt:parameters>\n\
             {}</rdf:li>\n",
            escape(&self.parameters),
            own.collect::<String>(),
        )
    }
}

impl From<Provenance> for Edit {
    fn from(render: Provenance) -> Self {
        Self {
            parameters: render.recipe,
            own: Some((FINGERPRINT, render.fingerprint)),
        }
    }
}

/// The bits a sample of the photo that a layer was split from, as its history tells them.
pub fn split_bits(packet: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(packet).ok()?;
    let found = Found::in_packet(text)?;
    text[found.bits?].parse().ok()
}

impl Provenance {
    /// The last render that a packet tells of.
    pub fn last_in(packet: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(packet).ok()?;
        let found = Found::in_packet(text)?;
        let (recipe, fingerprint) = found.renders.last()?.clone();
        Some(Self {
            recipe: unescape(&text[recipe]).ok()?.into_owned(),
            fingerprint: text[fingerprint].to_string(),
        })
    }
}

/// A packet with an edit at the end of its history; a new packet where there is none. `None` for a
/// packet that cannot be understood.
pub fn with_edit(packet: Option<&[u8]>, edit: &Edit) -> Option<Vec<u8>> {
    let Some(packet) = packet else {
        return Some(new_packet(&description("", edit)).into_bytes());
    };
    let text = std::str::from_utf8(packet).ok()?;
    let (at, addition) = match Found::in_packet(text)?.place? {
        Place::InHistory { at, missing } => (at, edit.entry(&missing)),
        Place::InRdf { at, about } => (at, description(&about, edit)),
    };
    Some([&text[..at], &addition, &text[at..]].concat().into_bytes())
}

/// Sets the orientation that a packet names to upright, and exchanges the sides that it tells if the picture was stored
/// on its side.
pub fn make_upright(packet: &mut Vec<u8>, on_side: bool) {
    let text = std::str::from_utf8(packet).ok();
    let Some((text, found)) = text.and_then(|it| Some((it, Found::in_packet(it)?))) else {
        return;
    };
    let upright = found.orientations.iter().map(|at| (*at..at + 1, "1"));
    let sides = found.sides.iter().filter(|_| on_side);
    let exchanged = sides.filter_map(|(description, side, at)| {
        let is_other = |it: &&(usize, Side, _)| (it.0, it.1) == (*description, side.other());
        let (.., other) = found.sides.iter().find(is_other)?;
        Some((at.clone(), &text[other.clone()]))
    });
    let mut changes: Vec<_> = upright.chain(exchanged).collect();
    changes.sort_by_key(|(at, _)| at.start);
    let mut changed = String::with_capacity(text.len());
    let mut behind = 0;
    for (at, value) in changes {
        changed.push_str(&text[behind..at.start]);
        changed.push_str(value);
        behind = at.end;
    }
    changed.push_str(&text[behind..]);
    *packet = changed.into_bytes();
}

/// A description whose history begins with an edit. It declares the namespaces, as ImageMagick takes a slash in an
/// attribute inside of a list for the end of the tag.
fn description(about: &str, edit: &Edit) -> String {
    let declarations: String = NAMESPACES.into_iter().map(declaration).collect();
    let entry = edit.entry("");
    format!(
        "<rdf:Description{declarations} rdf:about=\"{about}\" xmlns:xmpMM=\"{MEDIA_MANAGEMENT}\">\
         <xmpMM:History><rdf:Seq>\n{entry}</rdf:Seq></xmpMM:History></rdf:Description>\n"
    )
}

fn declaration((prefix, namespace): (&str, &str)) -> String {
    format!(" xmlns:{prefix}=\"{namespace}\"")
}

/// Declarations of the namespaces that their prefixes do not stand for yet.
fn missing(resolver: &NamespaceResolver) -> String {
    let is_missing = |(prefix, namespace): &(&str, &str)| {
        resolved(resolver, QName(&format!("{prefix}:li")), false).0 != *namespace
    };
    NAMESPACES
        .into_iter()
        .filter(is_missing)
        .map(declaration)
        .collect()
}

fn new_packet(description: &str) -> String {
    format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n\
         <x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\n\
         <rdf:RDF xmlns:rdf=\"{RDF}\">\n\
         {description}\
         </rdf:RDF>\n\
         </x:xmpmeta>\n\
         <?xpacket end=\"w\"?>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance(recipe: &str) -> Provenance {
        Provenance {
            recipe: recipe.to_string(),
            fingerprint: "0123abc".to_string(),
        }
    }

    fn check_added(packet: &str) -> String {
        let ours = provenance("[[layer]]\nname = \"<a & 'b'>\"\n");
        let with =
            with_edit(Some(packet.as_bytes()), &ours.clone().into()).expect("it is understood");
        assert_eq!(Provenance::last_in(&with).as_ref(), Some(&ours));
        let text = String::from_utf8(with).expect("text");
        // What was there is there, in order.
        let common = packet
            .bytes()
            .zip(text.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        assert!(text.ends_with(&packet[common..]), "{text}");
        text
    }

    #[test]
    fn a_new_packet_tells_of_the_render() {
        let ours = provenance("seed = 3");
        let packet = with_edit(None, &ours.clone().into()).expect("a packet");
        assert_eq!(Provenance::last_in(&packet), Some(ours));
        let twice = check_added(std::str::from_utf8(&packet).expect("text"));
        assert_eq!(twice.matches("<xmpMM:History>").count(), 1, "one history");
    }

    #[test]
    fn a_split_is_no_render_and_tells_the_bits() {
        let packet = with_edit(None, &Edit::split("split radius = 6", 8)).expect("a packet");
        assert_eq!(split_bits(&packet), Some(8));
        assert_eq!(Provenance::last_in(&packet), None);
        let ours = provenance("seed = 3");
        let both = with_edit(Some(&packet), &ours.clone().into()).expect("a packet");
        assert_eq!(Provenance::last_in(&both), Some(ours));
        assert_eq!(split_bits(&both), Some(8));
    }

    #[test]
    fn a_packet_without_history_gets_one_about_the_same_thing() {
        let text = check_added(
            "<x:xmpmeta xmlns:x='adobe:ns:meta/'><r:RDF xmlns:r='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <r:Description r:about='uuid:7' xmlns:dc='http://purl.org/dc/elements/1.1/' dc:format='image/jpeg'/>\
             </r:RDF></x:xmpmeta>   ",
        );
        assert!(text.contains("rdf:about=\"uuid:7\""), "{text}");
    }

    #[test]
    fn a_history_that_is_there_goes_on() {
        let text = check_added(
            "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\
             <rdf:Description rdf:about='' xmlns:mm='http://ns.adobe.com/xap/1.0/mm/'>\
             <mm:History><rdf:Seq><rdf:li>one</rdf:li></rdf:Seq></mm:History>\
             <mm:Other><rdf:Seq><rdf:li>two</rdf:li></rdf:Seq></mm:Other>\
             </rdf:Description></rdf:RDF>",
        );
        assert!(text.find("softwareAgent") < text.find("mm:Other"), "{text}");
    }

    /// ImageMagick takes a slash in a tag inside of a list for the tag's end.
    #[test]
    fn an_entry_declares_only_what_its_packet_does_not() {
        let ours = provenance("seed = 3").into();
        let entry = |packet: Option<&[u8]>| {
            let with = with_edit(packet, &ours).expect("it is understood");
            let text = String::from_utf8(with).expect("text");
            let from = text.rfind("<rdf:li").expect("an entry");
            let length = text[from..].find('>').expect("an end");
            text[from..from + length].to_string()
        };
        let plain = "<rdf:li rdf:parseType=\"Resource\"";
        assert_eq!(entry(None), plain);
        let first = with_edit(None, &ours).expect("a packet");
        assert_eq!(entry(Some(&first)), plain);
        let adobe = format!(
            "<rdf:RDF xmlns:rdf='{RDF}'><rdf:Description rdf:about='' xmlns:mm='{MEDIA_MANAGEMENT}' \
             xmlns:stEvt='{EVENT}'><mm:History><rdf:Seq><rdf:li stEvt:action='saved'/></rdf:Seq></mm:History>\
             </rdf:Description></rdf:RDF>"
        );
        let with_own = "<rdf:li xmlns:repore=\"urn:repore:1\" rdf:parseType=\"Resource\"";
        assert_eq!(entry(Some(adobe.as_bytes())), with_own);
        // A prefix that stands for something else is no declaration.
        let other = adobe.replace(EVENT, "urn:other");
        assert!(entry(Some(other.as_bytes())).contains(&declaration(("stEvt", EVENT))));
    }

    #[test]
    fn the_orientation_is_set_upright() {
        let packet = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns:t='http://ns.adobe.com/tiff/1.0/'>\
             <rdf:Description t:XOrientation='6' t:Orientation = \"6\"/>\
             <rdf:Description><t:Orientation> 8 </t:Orientation></rdf:Description></rdf:RDF>";
        let mut upright = packet.as_bytes().to_vec();
        make_upright(&mut upright, true);
        let expected = packet.replace("\"6\"", "\"1\"").replace(" 8 ", " 1 ");
        assert_eq!(String::from_utf8(upright).expect("text"), expected);
    }

    #[test]
    fn the_sides_of_a_picture_that_lay_are_exchanged() {
        let packet = |sides: [&str; 4]| {
            let [x, y, width, length] = sides;
            format!(
                "<rdf:RDF xmlns:rdf='{RDF}' xmlns:t='{TIFF}' xmlns:e='{EXIF}'>\
                 <rdf:Description t:ImageWidth='{width}' t:ImageLength = \"{length}\"/>\
                 <rdf:Description><e:PixelXDimension> {x} </e:PixelXDimension>\
                 <e:PixelYDimension>{y}</e:PixelYDimension></rdf:Description></rdf:RDF>"
            )
        };
        let check = |sides, on_side, expected| {
            let mut upright = packet(sides).into_bytes();
            make_upright(&mut upright, on_side);
            assert_eq!(String::from_utf8(upright).expect("text"), packet(expected));
        };
        let sides = ["6000", "4000", "12000", "800"];
        check(sides, true, ["4000", "6000", "800", "12000"]);
        check(sides, false, sides);
        let odd = ["6000", "many", "12000", "800"];
        check(odd, true, ["6000", "many", "800", "12000"]);
    }

    #[test]
    fn sides_are_those_of_the_picture_itself_wherever_their_names_stand() {
        let packet = |width: &str, length: &str| {
            format!(
                "<rdf:RDF xmlns:rdf='{RDF}' xmlns:t='{TIFF}' xmlns:my-t='x'>\
                 <rdf:Description my-t:ImageWidth='7' my-t:source='see t:ImageWidth' \
                 t:ImageWidth='{width}' t:ImageLength='{length}'/>\
                 <rdf:Description t:ImageWidth='30' t:ImageLength='25' rdf:about='uuid:other'/>\
                 <rdf:Description><x><rdf:Description t:ImageWidth='3' t:ImageLength='2'/></x>\
                 </rdf:Description></rdf:RDF>"
            )
        };
        let mut upright = packet("6000", "400").into_bytes();
        make_upright(&mut upright, true);
        let expected = packet("400", "6000");
        assert_eq!(String::from_utf8(upright).expect("text"), expected);
    }

    #[test]
    fn what_is_no_xml_is_left_alone() {
        let ours = provenance("");
        for bad in [&b"<rdf:RDF"[..], b"\xFE\xFF\0<", b"<a></b>", b"hello"] {
            assert_eq!(with_edit(Some(bad), &ours.clone().into()), None);
            assert_eq!(Provenance::last_in(bad), None);
        }
    }
}
