//! Recipe × pictures → picture: which layers apply, tiles, threads, cancelling.
//!
//! Preview and export are the same function with another region: every tile is computed from the
//! same samples in the same order, whatever its size and whichever thread runs it.

mod arriving;
mod bands;
mod base;
mod coverages;
mod findings;
mod inspection;
mod matching;
mod patches;
mod plan;
mod separation;
mod stack;
mod tuning;
mod whole;

pub use super::operations::Cancel;
pub use arriving::reads_in_order;
pub use base::Base;
pub use findings::Findings;
pub use inspection::{Inspection, inspection_recipe};
pub use patches::{ORIGINAL, SELF};
pub use plan::{Inputs, Plan, Skipped};
pub use separation::{Separation, low_layer, resized, retone};
pub use tuning::{Freedom, Reference, Tuned, Untuned, tune};
pub use whole::{Cancelled, Progress, TileSize};
