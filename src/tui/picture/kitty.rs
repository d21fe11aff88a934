//! The graphics protocol of kitty, as PNG: a picture is sent under a new id, shown, and only then
//! is the one before deleted, so that the screen is never blank between them.
//!
//! Every command asks for no answer (`q=2`) and leaves the cursor where it is (`C=1`).

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage};
use ratatui::layout::Rect;

/// Bytes of base64 in one escape sequence.
const CHUNK: usize = 4096;

/// Prints pictures, one at a time.
#[derive(Debug)]
pub struct Kitty {
    next: u32,
    shown: Option<u32>,
}

impl Kitty {
    /// A printer whose pictures have ids from `first` on, so that programs that share a terminal
    /// do not delete each other's.
    pub fn new(first: u32) -> Self {
        Self {
            // 0 stands for no id.
            next: first.max(1),
            shown: None,
        }
    }

    /// The bytes that show a picture in its place instead of the one before.
    ///
    /// # Errors
    /// When the picture cannot be encoded.
    pub fn show(&mut self, image: &RgbImage, place: Rect) -> io::Result<Vec<u8>> {
        let mut png = Vec::new();
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
            .write_image(
                image.as_raw(),
                image.width(),
                image.height(),
                ExtendedColorType::Rgb8,
            )
            .map_err(io::Error::other)?;
        let encoded = STANDARD.encode(&png).into_bytes();
        let id = self.next;
        self.next = self.next.checked_add(1).unwrap_or(1);
        let mut out = Vec::with_capacity(encoded.len() + encoded.len() / 100 + 256);
        let chunks = encoded.chunks(CHUNK);
        let last = chunks.len().saturating_sub(1);
        write!(out, "\x1b[{};{}H", place.y + 1, place.x + 1)?;
        for (i, chunk) in chunks.enumerate() {
            let more = u8::from(i < last);
            if i == 0 {
                write!(out, "\x1b_Ga=T,f=100,i={id},q=2,C=1,m={more};")?;
            } else {
                write!(out, "\x1b_Gm={more},q=2;")?;
            }
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\x1b\\");
        }
        out.extend(self.clear());
        self.shown = Some(id);
        Ok(out)
    }

    /// The bytes that delete the picture that is shown.
    pub fn clear(&mut self) -> Vec<u8> {
        match self.shown.take() {
            Some(id) => format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\").into_bytes(),
            None => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_shown_before_the_one_it_replaces_is_deleted() {
        let mut kitty = Kitty::new(7);
        let place = Rect::new(10, 4, 8, 4);
        let image = RgbImage::new(64, 64);
        let first = kitty.show(&image, place).expect("it is encoded");
        let second = kitty.show(&image, place).expect("it is encoded");
        let text = String::from_utf8_lossy(&second).into_owned();
        assert!(
            String::from_utf8_lossy(&first).starts_with("\x1b[5;11H\x1b_Ga=T,f=100,i=7,q=2,C=1")
        );
        let shown = text.find("i=8").expect("a new id");
        let deleted = text.find("a=d,d=I,i=7").expect("the old one goes");
        assert!(shown < deleted);
        assert!(String::from_utf8_lossy(&kitty.clear()).contains("i=8"));
        assert!(kitty.clear().is_empty());
    }
}
