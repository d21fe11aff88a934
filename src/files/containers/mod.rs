//! What picture files are made of beside the coded pixels: segments of a JPEG, chunks of a PNG.
//!
//! They are walked leniently: a part that cannot be read is left out, and the pixels' own decoder
//! has the last word on whether the file is whole.

pub mod jpeg;
pub mod png;
