//! A picture file in memory.

use std::path::Path;
use std::sync::Arc;

use super::decode::Arrives;
use super::metadata::Metadata;
use super::{FileError, Format};
use crate::engine::raster::Image;

/// A picture file in memory.
#[derive(Clone, Debug)]
pub struct Photo {
    /// The pixels, upright.
    pub image: Arc<Image>,
    /// The format to write it back in; `None` for formats that are only read.
    pub format: Option<Format>,
    /// What the file says beside its pixels; its orientation is upright.
    pub metadata: Metadata,
    /// What a person should know of how it was read.
    pub notes: Vec<String>,
    /// What makes its rows when they are asked for, if it was not read as a whole.
    pub(super) arriving: Option<Arc<dyn Arrives>>,
}

impl Photo {
    /// Reads what nobody asked for, and says whether all of the file is sound: of one that was not read as a whole that
    /// is not known before.
    pub(super) fn is_sound(&self) -> bool {
        self.arriving.as_ref().is_none_or(|it| it.finish())
    }
}

/// How often a picture is in memory at most: as it was read, as its result, and as a file.
pub(super) const COPIES: u64 = 3;

/// How picture files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// A picture may take so many bytes: its pixels, those of its result, and the file in the making, or what measuring it needs.
    pub max_memory: u64,
    /// Whether a JPEG or PNG that ends early is read as far as it goes.
    pub partial: bool,
}

impl ReadOptions {
    /// Whether a picture that needs so many bytes to be read or measured may take them.
    ///
    /// # Errors
    /// If they are more than there are for one.
    pub(super) fn check_memory(
        self,
        (action, path): (&'static str, &Path),
        (width, height): (usize, usize),
        bytes: u64,
    ) -> Result<(), FileError> {
        let limit = self.max_memory;
        if bytes <= limit {
            return Ok(());
        }
        let cause = format!(
            "{width}×{height} pixels need {} MiB of memory, and the limit is {} MiB",
            bytes >> 20,
            limit >> 20
        );
        Err(FileError::new(action, path, cause)
            .with_cure("scale it down, or raise the limit with --max-memory"))
    }
}

impl Default for ReadOptions {
    /// A sixth of the machine's memory, but at least 1 GiB; 4 GiB where the machine does not say.
    fn default() -> Self {
        Self {
            max_memory: machine_memory().map_or(4 << 30, |it| (it / 6).max(1 << 30)),
            partial: false,
        }
    }
}

/// The memory of the machine in bytes, where it says.
fn machine_memory() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|it| it.starts_with("MemTotal:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    kibibytes.checked_mul(1024)
}
