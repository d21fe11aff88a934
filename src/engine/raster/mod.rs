//! What a picture is: images as files store them, planes of `f32` as the engine computes them,
//! regions, colour and blend modes.

mod arriving;
mod blend;
mod colour;
mod each;
mod extremes;
mod image;
mod interleave;
mod patchwork;
mod places;
mod plane;
mod pool;
mod region;
mod resample;
mod rows;
pub mod store;
mod strip;
mod wide;

pub use arriving::{Piece, Rows};
pub use blend::Blend;
pub use colour::{FINE_WHITE, desaturate, fine_luma_of_levels, luma, luma_of_levels, to_fine};
pub use each::each;
pub use extremes::Ends;
pub use image::{Depth, Image, Layout, Samples, SizeError};
pub(crate) use interleave::join;
pub(super) use interleave::{split, split_pixels, spread};
pub use patchwork::Patchwork;
pub use plane::{Plane, Tile};
pub use pool::{NEVER_KEPT, Room};
pub use region::Region;
use resample::StoredRows;
pub use resample::{Resample, Summing};
pub use rows::{MOST_LEVELS, Part, RowSet, RowSource, row_set};
pub use strip::Strip;
pub(super) use wide::lanes;
pub(crate) use wide::{Once, wide};
