//! The file formats that pictures are written in.

use std::path::Path;

/// A file format that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// JPEG, 8 bits.
    Jpeg,
    /// PNG, 8 and 16 bits.
    Png,
    /// TIFF, 8 and 16 bits and float.
    Tiff,
    /// Lossless WebP, 8 bits.
    WebP,
}

impl Format {
    /// All formats with the names that `--format` knows.
    pub const NAMES: [(&'static str, Format); 4] = [
        ("jpeg", Format::Jpeg),
        ("png", Format::Png),
        ("tiff", Format::Tiff),
        ("webp", Format::WebP),
    ];

    /// Extensions of its files, the usual one first.
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Format::Jpeg => &["jpg", "jpeg", "jpe", "jfif"],
            Format::Png => &["png"],
            Format::Tiff => &["tif", "tiff"],
            Format::WebP => &["webp"],
        }
    }

    /// The format that a path's extension stands for.
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::NAMES
            .iter()
            .map(|(_, format)| *format)
            .find(|it| it.extensions().contains(&extension.as_str()))
    }

    /// The name that `--format` knows.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, it)| *it == self)
            .map_or("", |(name, _)| name)
    }
}
