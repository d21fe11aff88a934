//! A fingerprint of all that a result depends on: the same one, the same result.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

use super::FileError;

/// The SHA-256 of settings and files, in hexadecimal digits.
///
/// # Errors
/// When a file cannot be read.
pub fn fingerprint<'a>(
    settings: &str,
    files: impl Iterator<Item = &'a Path>,
) -> Result<String, FileError> {
    let mut hash = Sha256::new();
    hash.update(settings);
    for path in files {
        let length = add(&mut hash, path).map_err(|it| FileError::from_io("read", path, &it))?;
        hash.update(length.to_le_bytes());
    }
    let digits = hash.finalize();
    Ok(digits.iter().map(|it| format!("{it:02x}")).collect())
}

fn add(hash: &mut Sha256, path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let (mut buffer, mut length) = (vec![0; 1 << 16], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(length),
            read => {
                hash.update(&buffer[..read]);
                length += read as u64;
            }
        }
    }
}
