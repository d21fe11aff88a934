//! The terminal interface: model, message, update, effect, keys, view, picture, worker.
//!
//! `update` is pure and says what should be done; the shell does it. Slow work
//! has threads of its own: previews, full-size renders, reading keys, writing to the terminal.

mod canvas;
mod display;
mod geometry;
mod input;
mod keys;
mod layout;
mod link;
mod loupe;
mod measure;
mod message;
mod model;
mod overlay;
mod picture;
mod renders;
mod screen;
mod shell;
mod stage;
mod terminal;
mod tone;
mod tool;
mod update;
mod view;
mod worker;

pub use display::to_display;
pub use geometry::{Size, View, Zoom};
pub use link::LinkSpeed;
pub use message::{Message, Preview, PreviewRequest, Show};
pub use picture::{Colours, PreviewChoice, Protocol};
pub use renders::RenderSettings;
pub use shell::{Options, run};
pub use terminal::{Report, Terminal};
pub use worker::PreviewWorker;
