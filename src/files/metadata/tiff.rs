//! Metadata in the tags of a TIFF.

use super::ifd::{self, BYTE, ByteOrder, Directories, Directory, Field, SHORT, UNDEFINED, Width};
use super::{Metadata, NO_CREDENTIALS, Own, Resolution, exif, photoshop};

const XMP: u16 = 700;
const IPTC: u16 = 33_723;
const PHOTOSHOP: u16 = 34_377;
const PROFILE: u16 = 34_675;

/// Photoshop's layers, which are those of the picture as it was.
const LAYERS: u16 = 37_724;

/// Content credentials: a signature of the pixels as they were.
const SIGNATURE: u16 = 52_545;

/// Tags of the pixels as they were stored, and of what else the file holds beside them.
const STRUCTURE: &[u16] = &[
    254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 288,
    289, 292, 293, 317, 320, 322, 323, 324, 325, 330, 332, 333, 334, 336, 338, 339, 340, 341, 347,
    512, 513, 514, 515, 517, 518, 519, 520, 521, 529, 530, 531, 532, LAYERS, SIGNATURE,
];

/// How the strips of a TIFF are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// LZW.
    Lzw,
    /// Deflate, as Adobe numbers it.
    #[default]
    Deflate,
    /// PackBits.
    PackBits,
}

/// What only a TIFF holds, and how its pixels are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct TiffForm {
    /// The byte order of the file and of all its values.
    pub order: ByteOrder,
    /// How wide its offsets are.
    pub width: Width,
    /// Its tags, without those of the pixels as they were stored.
    pub directory: Directory,
    /// How its strips are compressed.
    pub compression: Compression,
    /// The kind of its alpha: 1 multiplied in, 2 not.
    pub alpha: u16,
}

impl TiffForm {
    pub(super) fn make_upright(&mut self) {
        let Some(field) = self.directory.get(ifd::ORIENTATION) else {
            return;
        };
        if field.number(self.order).is_some_and(exif::lies_on_its_side) {
            self.directory.exchange_sides();
        }
        let upright = Field::numbers(SHORT, self.order, &[1]);
        self.directory.set(ifd::ORIENTATION, upright);
    }

    /// Without everything but the profile, and what else fixes the colours.
    pub(super) fn stripped(mut self) -> Self {
        const COLOURS: [u16; 4] = [301, 318, 319, PROFILE];
        self.directory.below.clear();
        self.directory
            .fields
            .retain(|(tag, _)| COLOURS.contains(tag));
        self
    }

    pub(super) fn drop_profile(&mut self) {
        self.directory.take(PROFILE);
    }
}

impl Metadata {
    /// What the tags of a TIFF say, and what has to be said of what cannot be kept.
    pub fn of_tiff(directories: Directories) -> (Self, Vec<String>) {
        let Directories {
            order, width, list, ..
        } = directories;
        let pages = list.len();
        let mut directory = list.into_iter().next().unwrap_or_default();
        let mut notes = Vec::new();
        if pages > 1 {
            notes.push(format!("only the first of its {pages} pages is used"));
        }
        if directory.get(LAYERS).is_some() {
            notes.push("Photoshop's layers are dropped; the result is flat".to_string());
        }
        if directory.get(SIGNATURE).is_some() {
            notes.push(NO_CREDENTIALS.to_string());
        }
        let number = |tag| directory.get(tag).and_then(|it| it.number(order));
        let compression = match number(259) {
            Some(1) => Compression::None,
            Some(5) => Compression::Lzw,
            Some(32_773) => Compression::PackBits,
            _ => Compression::Deflate,
        };
        let alpha = match number(338) {
            Some(1) => 1,
            _ => 2,
        };
        directory.fields.retain(|(tag, _)| !STRUCTURE.contains(tag));
        let bytes = |tag| directory.get(tag).map(|it| it.bytes.clone());
        let metadata = Self {
            icc: bytes(PROFILE),
            exif: exif_block(&directory, order),
            xmp: bytes(XMP),
            photoshop: bytes(PHOTOSHOP),
            iptc: bytes(IPTC),
            resolution: Resolution::from_tags(&directory, order),
            own: Own::Tiff(TiffForm {
                order,
                width,
                directory,
                compression,
                alpha,
            }),
        };
        (metadata, notes)
    }

    /// The tags of a TIFF with this metadata, without those of its pixels, and their byte order.
    pub fn tiff_tags(&self) -> (ByteOrder, Directory) {
        if let Own::Tiff(form) = &self.own {
            let mut directory = form.directory.clone();
            if let Some(xmp) = &self.xmp {
                directory.set(XMP, Field::bytes(BYTE, xmp.clone()));
            }
            return (form.order, directory);
        }
        let shared = self.exif.as_deref().and_then(exif::to_tiff);
        let (order, mut directory) = shared.unwrap_or((ByteOrder::Little, Directory::default()));
        directory.fields.retain(|(tag, _)| !STRUCTURE.contains(tag));
        let iptc = self.iptc.clone();
        let iptc = iptc.or_else(|| Some(photoshop::iptc(self.photoshop.as_deref()?)?.to_vec()));
        for (tag, kind, block) in [
            (XMP, BYTE, &self.xmp),
            (IPTC, UNDEFINED, &iptc),
            (PHOTOSHOP, BYTE, &self.photoshop),
            (PROFILE, UNDEFINED, &self.icc),
        ] {
            if let Some(block) = block {
                directory.set(tag, Field::bytes(kind, block.clone()));
            }
        }
        if let Some(resolution) = self.resolution {
            resolution.add_to_tags(&mut directory, order);
        }
        (order, directory)
    }
}

/// The tags of a TIFF that an EXIF block holds in other formats: all that have no place of their own.
fn exif_block(directory: &Directory, order: ByteOrder) -> Option<Vec<u8>> {
    let mut shared = directory.clone();
    let elsewhere = [XMP, IPTC, PHOTOSHOP, PROFILE];
    shared.fields.retain(|(tag, _)| !elsewhere.contains(tag));
    let is_resolution = |tag: u16| matches!(tag, 282 | 283 | 296);
    if shared.below.is_empty() && shared.fields.iter().all(|(tag, _)| is_resolution(*tag)) {
        return None;
    }
    let block = Directories {
        order,
        width: Width::Classic,
        list: vec![shared],
        stance: Default::default(),
    };
    Some(block.to_bytes())
}
