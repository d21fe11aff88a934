//! The terminal interface.

mod display;
mod geometry;

pub use display::to_display;
pub use geometry::Size;
