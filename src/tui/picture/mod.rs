//! Pictures on the terminal: which protocol, and how each is printed.

mod cells;
mod colours;
mod kitty;
mod printed;
pub mod probe;

pub use cells::Cells;
pub use colours::Colours;
pub use kitty::Kitty;
pub use printed::print_with_viuer;

use image::RgbImage;
use ratatui::layout::Rect;

use super::geometry::{Size, placed};

/// How pictures get onto the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The graphics protocol of kitty, in our own words: pictures need ids so that one can take
    /// another's place without a flicker, and no answer may come back as keys.
    Kitty,
    /// The inline images of iTerm2, by viuer.
    Iterm,
    /// Sixel graphics, by viuer.
    Sixel,
    /// Cells like those of text, drawn with them.
    Cells(Colours),
}

/// viuer makes sixel pictures of 6×12 pixels for each cell that it is told, at most this wide.
const SIXEL_LIMIT: usize = 996;

impl Protocol {
    /// Screen pixels of a cell, as this protocol counts them. `cell` is the terminal's own.
    pub fn cell(self, cell: Size) -> Size {
        match self {
            Protocol::Cells(_) => Size::new(1, 2),
            Protocol::Kitty | Protocol::Iterm | Protocol::Sixel => cell,
        }
    }

    /// The rectangle of cells that a picture covers in the middle of a box.
    pub fn place(self, image: &RgbImage, within: Rect, cell: Size) -> Rect {
        let shown = Size::new(image.width() as usize, image.height() as usize);
        placed(shown, within, self.cell(cell))
    }

    /// Screen pixels that a picture may have in a box of so many.
    pub fn limit(self, available: Size) -> Size {
        match self {
            Protocol::Sixel => Size::new(available.width.min(SIXEL_LIMIT), available.height),
            _ => available,
        }
    }
}
