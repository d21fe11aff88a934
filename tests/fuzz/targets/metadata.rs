//! Any bytes as what stands beside the pixels, read and written again in every format.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use repore::files::Format;
use repore::files::containers::jpeg::Header;
use repore::files::containers::png::Chunks;
use repore::files::metadata::{Directories, Metadata, Provenance};

fuzz_target!(|bytes: &[u8]| {
    let mut all = vec![
        Metadata::of_jpeg(&Header::read(bytes)),
        Metadata::of_png(Chunks::read(&mut Cursor::new(bytes)), None),
        Metadata {
            exif: Some(bytes.to_vec()),
            xmp: Some(bytes.to_vec()),
            iptc: Some(bytes.to_vec()),
            photoshop: Some(bytes.to_vec()),
            ..Metadata::default()
        },
    ];
    if let Ok(directories) = Directories::read(&mut Cursor::new(bytes)) {
        all.push(Metadata::of_tiff(directories).0);
    }
    let ours = Provenance {
        recipe: "version = 1".to_string(),
        fingerprint: "0".to_string(),
    };
    for mut metadata in all {
        metadata.orientation();
        metadata.make_upright();
        metadata.strip_prompts();
        let _ = metadata.add_provenance(&ours, Format::Jpeg);
        metadata.jpeg_segments();
        metadata.png_chunks([8, 2, 0, 0, 0]);
        metadata.tiff_tags();
    }
});
