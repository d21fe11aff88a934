//! What a picture file says beside its pixels, and how it gets into the result.
//!
//! A result in the input's own format takes over the blocks as they are, in their order. For another
//! format they are taken from the fields that all formats share; what it cannot hold is said.

mod exif;
mod generator;
mod ifd;
mod jpeg;
mod photoshop;
mod png;
mod raw_profile;
mod resolution;
mod tiff;
mod xmp;

pub use ifd::{ByteOrder, Directories, Directory, Field, Width};
pub use ifd::{LONG, LONG8, SHORT, align, head, write_directory};
pub use jpeg::JpegForm;
pub use resolution::Resolution;
pub use tiff::{Compression, TiffForm};
pub use xmp::{Edit, Provenance, SOFTWARE};

use image::metadata::Orientation;

use super::containers::png::Chunks;
use super::{Format, Strip};
use crate::engine::raster::Depth;

/// What is said where a file has a signature of its pixels as they were.
pub(super) const NO_CREDENTIALS: &str =
    "its content credentials are dropped: they vouch for the pixels as they were";

/// What a picture file says beside its pixels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    /// The ICC profile.
    pub icc: Option<Vec<u8>>,
    /// The EXIF block: directories of tags, as in a TIFF.
    pub exif: Option<Vec<u8>>,
    /// The XMP packet.
    pub xmp: Option<Vec<u8>>,
    /// Photoshop's image resources.
    pub photoshop: Option<Vec<u8>>,
    /// The IPTC data sets.
    pub iptc: Option<Vec<u8>>,
    /// Pixels per inch.
    pub resolution: Option<Resolution>,
    /// The same and more as its own format holds it.
    pub own: Own,
}

/// What the picture's own format holds, to be written back into the same format.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Own {
    /// Nothing that the shared fields do not have.
    #[default]
    Nothing,
    /// Segments of a JPEG, and how its pixels are coded.
    Jpeg(Box<JpegForm>),
    /// Chunks of a PNG.
    Png(Chunks),
    /// Tags of a TIFF, and how its pixels are stored.
    Tiff(TiffForm),
}

impl Metadata {
    /// The orientation in which the picture is stored.
    pub fn orientation(&self) -> Orientation {
        let exif = self.exif.as_deref().and_then(exif::orientation);
        exif.unwrap_or(Orientation::NoTransforms)
    }

    /// Says that the pixels stand upright now.
    pub fn make_upright(&mut self) {
        let on_side = exif::lies_on_its_side(self.orientation().to_exif().into());
        if let Some(exif) = &mut self.exif {
            exif::make_upright(exif);
        }
        if let Some(xmp) = &mut self.xmp {
            xmp::make_upright(xmp, on_side);
        }
        if let Own::Tiff(form) = &mut self.own {
            form.make_upright();
        }
    }

    /// Drops everything but the profile, and what else fixes the colours.
    pub fn strip(&mut self) {
        let own = match std::mem::take(&mut self.own) {
            Own::Jpeg(form) => Own::Jpeg(Box::new(form.stripped())),
            Own::Png(chunks) => Own::Png(png::stripped(chunks)),
            Own::Tiff(form) => Own::Tiff(form.stripped()),
            Own::Nothing => Own::Nothing,
        };
        *self = Self {
            icc: self.icc.take(),
            own,
            ..Self::default()
        };
    }

    /// Drops what an image generator wrote of prompts, workflows and settings.
    pub fn strip_prompts(&mut self) {
        if let Some(exif) = &mut self.exif {
            generator::blank_exif(exif);
        }
        match &mut self.own {
            Own::Png(chunks) => {
                chunks
                    .before
                    .retain(|it| !generator::is_generator_chunk(it));
                chunks.after.retain(|it| !generator::is_generator_chunk(it));
            }
            Own::Tiff(form) => generator::strip_tags(&mut form.directory),
            Own::Jpeg(_) | Own::Nothing => {}
        }
    }

    /// Drops the profile, which is not that of the pixels any more.
    pub fn drop_profile(&mut self) {
        self.icc = None;
        match &mut self.own {
            Own::Jpeg(form) => form.drop_profile(),
            Own::Tiff(form) => form.drop_profile(),
            Own::Png(_) | Own::Nothing => {}
        }
    }

    /// What a result in this format says: the same with what was done at the end of its history, and
    /// in words what a person should know of it.
    pub fn for_result(&self, format: Format, strip: Strip, edit: &Edit) -> (Self, Vec<String>) {
        let mut metadata = self.clone();
        if strip.prompts {
            metadata.strip_prompts();
        }
        if strip.metadata {
            metadata.strip();
            return (metadata, Vec::new());
        }
        let added = metadata.add_edit(edit, format);
        let mut notes: Vec<String> = added.err().into_iter().map(str::to_string).collect();
        notes.extend(metadata.losses(format));
        (metadata, notes)
    }

    /// Adds to the history, for a result in this format. The error is why the XMP stays as it is.
    fn add_edit(&mut self, edit: &Edit, format: Format) -> Result<(), &'static str> {
        let with = xmp::with_edit(self.xmp.as_deref(), edit);
        let with = with.ok_or("its XMP cannot be understood; no history was added")?;
        if format == Format::Jpeg && !jpeg::holds_xmp(&with) {
            return Err("a JPEG's XMP has no room for the history; none was added");
        }
        self.xmp = Some(with);
        Ok(())
    }

    /// The depth of the photo that a layer was split from, if its history tells it.
    pub fn split_depth(&self) -> Option<Depth> {
        let bits = xmp::split_bits(self.xmp.as_deref()?)?;
        let depths = [Depth::Eight, Depth::Sixteen, Depth::Float];
        depths.into_iter().find(|it| 8 * it.bytes() == bits)
    }

    /// The last render that the history tells of.
    pub fn provenance(&self) -> Option<Provenance> {
        Provenance::last_in(self.xmp.as_deref()?)
    }

    /// Photoshop's resources, with the IPTC among them.
    fn resources(&self) -> Option<Vec<u8>> {
        match (&self.photoshop, &self.iptc) {
            (Some(resources), Some(iptc)) if photoshop::iptc(resources).is_none() => {
                Some([photoshop::with_iptc(iptc), resources.clone()].concat())
            }
            (Some(resources), _) => Some(resources.clone()),
            (None, iptc) => iptc.as_deref().map(photoshop::with_iptc),
        }
    }

    /// What people wrote beside a picture in a format that has comments.
    fn comments(&self) -> Vec<String> {
        match &self.own {
            Own::Jpeg(form) => form.comments(),
            Own::Png(chunks) => png::comments(chunks),
            Own::Tiff(_) | Own::Nothing => Vec::new(),
        }
    }

    /// What a result in this format cannot hold, in words.
    pub fn losses(&self, format: Format) -> Vec<String> {
        let mut lost: Vec<String> = Vec::new();
        match (&self.own, format) {
            (Own::Jpeg(_), Format::Jpeg) | (Own::Png(_), Format::Png) => {}
            (Own::Jpeg(form), _) => lost.extend(form.unshared(format)),
            (Own::Png(chunks), _) => lost.extend(png::unshared(chunks, format)),
            _ => {}
        }
        if format == Format::WebP {
            if self.photoshop.is_some() {
                lost.push("Photoshop's resources".to_string());
            }
            if self.iptc.is_some() {
                lost.push("the IPTC data".to_string());
            }
        }
        if format == Format::WebP && self.resolution.is_some() && self.exif.is_none() {
            lost.push("the resolution".to_string());
        }
        let is_moved = format == Format::Tiff && !matches!(self.own, Own::Tiff(_));
        if is_moved && self.exif.as_deref().is_some_and(exif::has_thumbnail) {
            lost.push("the thumbnail of the EXIF block".to_string());
        }
        if format == Format::Jpeg {
            lost.extend(jpeg::too_large(self));
        }
        let name = format.name();
        let said = lost.into_iter();
        said.map(|it| format!("{name} does not hold {it}; dropped"))
            .collect()
    }
}
