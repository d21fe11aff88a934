//! Disk: pictures and recipes, found, read and written.

mod contain;
pub mod containers;
mod decode;
mod donors;
mod encode;
mod error;
mod fingerprint;
mod format;
mod inspect;
mod job;
mod layers;
mod listing;
pub mod metadata;
mod originals;
mod output;
mod photo;
mod program;
mod recipes;
mod safe_write;
mod tone;

pub use decode::{decode_photo, read_photo, read_photo_with, read_provenance};
pub use donors::{Donor, Donors, check_named, read_named};
pub use encode::{EncodeOptions, encode};
pub use error::FileError;
pub use format::Format;
pub use inspect::{Inspect, Inspected};
pub use job::{Inputs, Job, Rendered, Stage, Strip, Timings, load_inputs};
pub use layers::{Merge, Split, Writing, Written};
pub use listing::{is_picture, list_pictures};
pub use originals::{Originals, find_original};
pub use output::{check_no_input, output_format};
pub use photo::{Photo, ReadOptions};
pub use program::{Listener, Program};
pub use recipes::{Chosen, RecipeChoice, read_recipe, sidecar_path, write_recipe};
pub use safe_write::SafeWriter;
pub use tone::{Tone, Toner, low_layer_path, toned_path, write_low};
