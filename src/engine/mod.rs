//! The pure engine: pictures and a recipe in, a picture out.
//!
//! Nothing in here knows a path, a terminal, a clock or the environment. Imports point one way:
//! [`render`] → [`recipe`] → [`masks`] → [`original`] → [`operations`] →
//! [`raster`]; [`render`] measures with [`meter`], which needs nothing but [`operations`] and [`raster`].

pub(crate) mod guarded;
pub mod masks;
pub mod meter;
pub mod operations;
pub mod original;
pub mod raster;
pub mod recipe;
pub mod render;
