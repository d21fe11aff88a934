//! Any bytes as a picture file.
#![no_main]

use std::io::Cursor;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use repore::files::{ReadOptions, decode_photo};

fuzz_target!(|bytes: &[u8]| {
    for partial in [false, true] {
        let options = ReadOptions {
            max_memory: 64 << 20,
            partial,
        };
        let _ = decode_photo(Cursor::new(bytes), Path::new("picture"), options);
    }
});
