//! The graphics protocol of kitty, as PNG: a picture is sent under a new id, shown, and only then
//! is the one before deleted, so that the screen is never blank between them.
//!
//! Every command asks for no answer (`q=2`) and leaves the cursor where it is (`C=1`).

use std::io::{self, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage, RgbaImage};
use ratatui::layout::Rect;

/// Bytes of base64 in one escape sequence.
const CHUNK: usize = 4096;

/// Prints a picture at a time, and a layer over it.
#[derive(Debug)]
pub struct Kitty {
    next: u32,
    shown: Option<u32>,
    layer: Option<u32>,
}

impl Kitty {
    /// A printer whose pictures have ids from `first` on, so that programs that share a terminal
    /// do not delete each other's.
    pub fn new(first: u32) -> Self {
        Self {
            // 0 stands for no id.
            next: first.max(1),
            shown: None,
            layer: None,
        }
    }

    /// The bytes that show a picture in its place instead of the one before.
    ///
    /// # Errors
    /// When the picture cannot be encoded.
    pub fn show(&mut self, image: &RgbImage, place: Rect) -> io::Result<Vec<u8>> {
        let size = (image.width(), image.height());
        let before = self.shown.take();
        let (id, mut out) = self.sent(image.as_raw(), size, ExtendedColorType::Rgb8, place)?;
        out.extend(deleted(before));
        self.shown = Some(id);
        Ok(out)
    }

    /// The bytes that show a see-through layer over the picture instead of the one before. It is mostly
    /// empty, so that it is sent much sooner than the picture would be.
    ///
    /// # Errors
    /// When the layer cannot be encoded.
    pub fn show_layer(&mut self, layer: &RgbaImage, place: Rect) -> io::Result<Vec<u8>> {
        let size = (layer.width(), layer.height());
        let before = self.layer.take();
        let (id, mut out) = self.sent(layer.as_raw(), size, ExtendedColorType::Rgba8, place)?;
        out.extend(deleted(before));
        self.layer = Some(id);
        Ok(out)
    }

    /// The bytes that delete the layer.
    pub fn clear_layer(&mut self) -> Vec<u8> {
        deleted(self.layer.take())
    }

    /// The bytes that delete the picture that is shown, and the layer.
    pub fn clear(&mut self) -> Vec<u8> {
        let mut out = deleted(self.shown.take());
        out.extend(self.clear_layer());
        out
    }

    /// A new id, and the bytes that send samples under it and show them. What has alpha lies above.
    fn sent(
        &mut self,
        samples: &[u8],
        (width, height): (u32, u32),
        colour: ExtendedColorType,
        place: Rect,
    ) -> io::Result<(u32, Vec<u8>)> {
        let mut png = Vec::new();
        PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
            .write_image(samples, width, height, colour)
            .map_err(io::Error::other)?;
        let encoded = STANDARD.encode(&png).into_bytes();
        let id = self.next;
        self.next = self.next.checked_add(1).unwrap_or(1);
        let above = if colour == ExtendedColorType::Rgba8 {
            ",z=1"
        } else {
            ""
        };
        let mut out = Vec::with_capacity(encoded.len() + encoded.len() / 100 + 256);
        let chunks = encoded.chunks(CHUNK);
        let last = chunks.len().saturating_sub(1);
        write!(out, "\x1b[{};{}H", place.y + 1, place.x + 1)?;
        for (i, chunk) in chunks.enumerate() {
            let more = u8::from(i < last);
            if i == 0 {
                write!(out, "\x1b_Ga=T,f=100,i={id},q=2,C=1{above},m={more};")?;
            } else {
                write!(out, "\x1b_Gm={more},q=2;")?;
            }
            out.extend_from_slice(chunk);
            out.extend_from_slice(b"\x1b\\");
        }
        Ok((id, out))
    }
}

fn deleted(id: Option<u32>) -> Vec<u8> {
    match id {
        Some(id) => format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\").into_bytes(),
        None => Vec::new(),
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

    #[test]
    fn a_layer_lies_over_the_picture_and_goes_with_it() {
        let mut kitty = Kitty::new(7);
        let place = Rect::new(10, 4, 8, 4);
        let shown = kitty.show(&RgbImage::new(64, 64), place);
        shown.expect("it is encoded");
        let layer = kitty.show_layer(&RgbaImage::new(640, 640), place);
        let layer = layer.expect("it is encoded");
        let text = String::from_utf8_lossy(&layer);
        assert!(text.contains("i=8,q=2,C=1,z=1"), "{text}");
        assert!(!text.contains("a=d"), "{text}");
        // An empty layer costs next to nothing.
        assert!(layer.len() < 20_000, "{}", layer.len());
        let gone = String::from_utf8_lossy(&kitty.clear()).into_owned();
        assert!(gone.contains("i=7") && gone.contains("i=8"), "{gone}");
        assert!(kitty.clear_layer().is_empty());
    }
}
