//! A file that many read at once, each at a place of its own.

use crate::engine::guarded::lock;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex};

/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;

/// A file whose place is nobody's.
pub type Shared = Arc<Mutex<File>>;

/// A file with a place in it of its own.
pub struct Reader {
    file: Shared,
    at: u64,
}

impl Reader {
    /// At its start.
    pub fn new(file: &Shared) -> BufReader<Self> {
        let file = file.clone();
        BufReader::with_capacity(BUFFER, Self { file, at: 0 })
    }
}

impl Read for Reader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let mut file = lock(&self.file);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(out)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Seek for Reader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => {
                let length = lock(&self.file).metadata()?.len();
                length.checked_add_signed(by)
            }
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
