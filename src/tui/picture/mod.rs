//! Pictures on the terminal: which protocol, and how each is brought there.

mod cells;
mod choice;
mod coder;
mod colours;
mod iterm;
mod kitty;
pub mod placeholders;
pub mod probe;
mod sixel;
mod surroundings;
mod viuer;

pub use cells::Cells;
#[cfg(test)]
pub use choice::Why;
pub use choice::{Abilities, Offer, PreviewChoice};
pub use coder::{Coded, Coder, Job, Payload};
pub use colours::Colours;
pub use kitty::{Coded as KittyCoded, Kitty, farewell};
pub use surroundings::Surroundings;
pub use viuer::Means;

use image::RgbImage;
use ratatui::layout::Rect;

use super::geometry::{Size, placed};

/// How pictures get onto the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// The graphics protocol of kitty.
    Kitty,
    /// The same through tmux.
    KittyTmux,
    /// The inline images of iTerm2.
    Iterm,
    /// Sixel graphics.
    Sixel,
    /// Cells like those of text, drawn with them.
    Cells(Colours),
    /// By the crate viuer, with what it has.
    Viuer(Means),
    /// There is no preview.
    Off,
}

impl Protocol {
    /// Screen pixels of a cell, as this protocol counts them. `cell` is the terminal's own.
    pub fn cell(self, cell: Size) -> Size {
        match self {
            Protocol::Cells(_) | Protocol::Viuer(Means::Blocks) => Size::new(1, 2),
            Protocol::Kitty
            | Protocol::KittyTmux
            | Protocol::Iterm
            | Protocol::Sixel
            | Protocol::Viuer(_)
            | Protocol::Off => cell,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Kitty => "kitty",
            Protocol::KittyTmux => "kitty through tmux",
            Protocol::Iterm => "iTerm2",
            Protocol::Sixel => "sixel",
            Protocol::Cells(Colours::True) => "cells",
            Protocol::Cells(Colours::Indexed) => "cells of 256 colours",
            Protocol::Cells(Colours::Sixteen) => "cells of 16 colours",
            Protocol::Cells(Colours::None) => "characters",
            Protocol::Viuer(Means::Kitty) => "viuer with kitty's protocol",
            Protocol::Viuer(Means::Iterm) => "viuer with iTerm2's protocol",
            Protocol::Viuer(Means::Sixel) => "viuer with sixel",
            Protocol::Viuer(Means::Blocks) => "viuer with half blocks",
            Protocol::Off => "off",
        }
    }

    /// Screen pixels of a box of cells.
    pub fn room(self, within: Rect, cell: Size) -> Size {
        let cell = self.cell(cell);
        let height = usize::from(within.height) * cell.height;
        Size::new(
            usize::from(within.width) * cell.width,
            match self {
                // A sixel has six rows, of which the last would reach into the cells below.
                Protocol::Sixel => (height - height % 6).max(1),
                _ => height,
            },
        )
    }

    /// The rectangle of cells that a picture covers in the middle of a box.
    pub fn place(self, image: &RgbImage, within: Rect, cell: Size) -> Rect {
        let shown = Size::new(image.width() as usize, image.height() as usize);
        placed(shown, within, self.cell(cell))
    }
}
