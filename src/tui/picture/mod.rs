//! Pictures on the terminal: which protocol, and how each is brought there.

mod cells;
mod coder;
mod colours;
mod iterm;
mod kitty;
pub mod probe;
mod sixel;

pub use cells::Cells;
pub use coder::{Coded, Coder, Job, Payload};
pub use colours::Colours;
pub use kitty::{Coded as KittyCoded, Kitty, farewell};

use image::RgbImage;
use ratatui::layout::Rect;

use super::geometry::{Size, placed};

/// How pictures get onto the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The graphics protocol of kitty.
    Kitty,
    /// The inline images of iTerm2.
    Iterm,
    /// Sixel graphics.
    Sixel,
    /// Cells like those of text, drawn with them.
    Cells(Colours),
}

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
}
