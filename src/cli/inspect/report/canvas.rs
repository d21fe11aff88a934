//! A picture that rectangles, pictures and words are drawn into.

use image::{Rgb, RgbImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::engine::raster::{Plane, Tile, store};

/// A colour.
pub type Colour = [u8; 3];

pub const PAPER: Colour = [250, 250, 250];
pub const INK: Colour = [20, 20, 20];
pub const FAINT: Colour = [110, 110, 110];
pub const GREY: Colour = [150, 150, 150];
pub const GREEN: Colour = [60, 150, 80];

/// Height of a line of words, in pixels.
pub const LINE: u32 = 20;

/// Height and width of a letter, in pixels.
const LETTER: RasterHeight = RasterHeight::Size16;

/// What is drawn into; what lies outside is left out.
pub struct Canvas {
    image: RgbImage,
}

impl Canvas {
    /// Empty paper.
    pub fn new(width: u32, height: u32) -> Self {
        Self {
            image: RgbImage::from_pixel(width, height, Rgb(PAPER)),
        }
    }

    pub fn into_image(self) -> RgbImage {
        self.image
    }

    fn put(&mut self, x: u32, y: u32, colour: Colour) {
        if x < self.image.width() && y < self.image.height() {
            self.image.put_pixel(x, y, Rgb(colour));
        }
    }

    /// A filled rectangle.
    pub fn fill(&mut self, (x, y): (u32, u32), (width, height): (u32, u32), colour: Colour) {
        for y in y..y + height {
            for x in x..x + width {
                self.put(x, y, colour);
            }
        }
    }

    /// The outline of a rectangle, which lies inside it.
    pub fn outline(&mut self, (x, y): (u32, u32), (width, height): (u32, u32), colour: Colour) {
        let (width, height) = (width.max(1), height.max(1));
        self.fill((x, y), (width, 1), colour);
        self.fill((x, y + height - 1), (width, 1), colour);
        self.fill((x, y), (1, height), colour);
        self.fill((x + width - 1, y), (1, height), colour);
    }

    /// A picture in 8 bits of its own encoded values.
    pub fn picture(&mut self, (left, top): (u32, u32), tile: &Tile) {
        let planes = tile.planes();
        let at = |channel: usize, x: usize, y: usize| {
            let plane = planes.get(channel).unwrap_or(&planes[0]);
            store::to_eight(plane.at(x, y))
        };
        let region = tile.region();
        for y in 0..region.height {
            for x in 0..region.width {
                let colour = [0, 1, 2].map(|it| at(it, x, y));
                self.put(left + x as u32, top + y as u32, colour);
            }
        }
    }

    /// A picture's luma, in red where `shares` is 1.
    pub fn heat(&mut self, (left, top): (u32, u32), luma: &Plane, shares: &Plane) {
        for y in 0..luma.height() {
            for x in 0..luma.width() {
                let (grey, share) = (0.8 * luma.at(x, y), shares.at(x, y).clamp(0.0, 1.0));
                let mixed = [0.95, 0.15, 0.1].map(|it| grey + 0.75 * share * (it - grey));
                let colour = mixed.map(store::to_eight);
                self.put(left + x as u32, top + y as u32, colour);
            }
        }
    }

    /// One line of words, cut off with … where there is no more room.
    pub fn words(&mut self, (x, y): (u32, u32), width: u32, words: &str, colour: Colour) {
        let letter = get_raster_width(FontWeight::Regular, LETTER) as u32;
        let room = (width / letter) as usize;
        let too_long = words.chars().count() > room;
        let kept = words.chars().take(if too_long {
            room.saturating_sub(2)
        } else {
            room
        });
        let rest = if too_long { ".." } else { "" };
        for (i, letter_of) in kept.chain(rest.chars()).enumerate() {
            let left = x + i as u32 * letter;
            let raster = get_raster(plain(letter_of), FontWeight::Regular, LETTER);
            let Some(raster) = raster.or_else(|| get_raster('?', FontWeight::Regular, LETTER))
            else {
                continue;
            };
            for (down, row) in raster.rows().enumerate() {
                for (right, ink) in row.iter().enumerate() {
                    if *ink > 0 {
                        self.ink((left + right as u32, y + down as u32), *ink, colour);
                    }
                }
            }
        }
    }

    fn ink(&mut self, (x, y): (u32, u32), share: u8, colour: Colour) {
        if x >= self.image.width() || y >= self.image.height() {
            return;
        }
        let Rgb(below) = *self.image.get_pixel(x, y);
        let mix = |below: u8, above: u8| {
            let (below, above, share) = (u32::from(below), u32::from(above), u32::from(share));
            ((below * (255 - share) + above * share) / 255) as u8
        };
        let mixed = [0, 1, 2].map(|it| mix(below[it], colour[it]));
        self.put(x, y, mixed);
    }
}

/// Signs that the font does not have, by those that it has.
fn plain(letter: char) -> char {
    match letter {
        '–' | '—' => '-',
        '→' => '>',
        it => it,
    }
}
