//! repore puts real skin texture back into portraits that an AI retouch made smooth.
//!
//! Four modules, and imports that point one way: `cli` → `tui` → `files` → `engine`.
//!
//! - [`engine`]: pure; pictures and a recipe in, a picture out.
//! - [`files`]: disk; pictures and recipes.
//! - [`tui`]: the terminal interface.
//! - [`cli`]: one file per subcommand.

pub mod cli;
pub mod engine;
pub mod files;
pub mod tui;
