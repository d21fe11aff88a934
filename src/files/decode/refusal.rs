//! Why a decoder refuses a file, in words that say what to do.

use std::path::Path;

use image::ImageError;

use crate::files::FileError;

/// What is wrong with a file that is cut off.
pub const SHORT: &str = "the file ends early";

/// The error of a file that its decoder refuses.
pub fn refusal(path: &Path, error: &ImageError) -> FileError {
    match error {
        ImageError::IoError(it) => FileError::from_io("read", path, it),
        ImageError::Unsupported(it) => FileError::new("read", path, it.to_string())
            .with_cure("convert it to PNG, TIFF or JPEG"),
        ImageError::Decoding(it) if ends_early(it) => {
            FileError::new("read", path, SHORT).with_cure("copy it again")
        }
        ImageError::Decoding(it) => FileError::new("read", path, format!("it is damaged: {it}"))
            .with_cure("copy or export it again"),
        ImageError::Limits(_) => FileError::new("read", path, "it is too large for any memory")
            .with_cure(
                "scale it down; if it is no large picture it is damaged, so export it again",
            ),
        other => FileError::new("read", path, other.to_string()),
    }
}

/// Whether a decoder missed the rest of a file.
fn ends_early(error: &image::error::DecodingError) -> bool {
    let text = error.to_string().to_lowercase();
    let words = [
        "unexpected end of file",
        "unexpectedeof",
        "not enough bytes",
    ];
    words.iter().any(|it| text.contains(it))
}
