use proptest::prelude::*;

use super::super::spans;
use super::*;
use crate::engine::raster::{Image, Layout, Samples};
use crate::files::metadata::{JpegForm, Metadata, Own};
use crate::files::{EncodeOptions, Format, encode};

/// Pixels, unless the file is damaged or of another kind.
fn read(file: &[u8]) -> Option<Vec<u8>> {
    spans::read(&Decoder::new(file.to_vec()).ok()?)
}

/// The same by the decoder that unusual files go to.
fn read_by_other(file: &[u8]) -> Option<Vec<u8>> {
    let file = std::io::Cursor::new(file);
    let decoder = image::codecs::jpeg::JpegDecoder::new(file).ok()?;
    let pixels = image::DynamicImage::from_decoder(decoder).ok()?;
    Some(pixels.into_bytes())
}

fn on_threads<T: Send>(count: usize, work: impl FnOnce() -> T + Send) -> T {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(count);
    pool.build().expect("some threads").install(work)
}

/// Files and the CRC-32 of the pixels that libjpeg makes of them.
const REFERENCES: [(&[u8], u32); 10] = [
    (
        include_bytes!("../../../../tests/fixtures/jpeg/444.jpg"),
        0x239C_E809,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/422.jpg"),
        0x2BB1_B20B,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/440.jpg"),
        0x0E8E_5CFF,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/420.jpg"),
        0x69B6_DD2C,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/420-intervals.jpg"),
        0x69B6_DD2C,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/420-rows.jpg"),
        0x69B6_DD2C,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/mixed.jpg"),
        0x07EF_68CE,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/narrow.jpg"),
        0xF319_F58A,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/grey.jpg"),
        0x3F62_AC47,
    ),
    (
        include_bytes!("../../../../tests/fixtures/jpeg/rgb.jpg"),
        0x7423_A502,
    ),
];

#[test]
fn pixels_are_those_of_libjpeg_on_any_number_of_threads() {
    for (number, (file, expected)) in REFERENCES.into_iter().enumerate() {
        for threads in [1, 2, 5] {
            let pixels = on_threads(threads, || read(file)).expect("a usual file");
            assert_eq!(
                crc32fast::hash(&pixels),
                expected,
                "file {number}, {threads}"
            );
        }
    }
}

/// Waves of colour with grain, coded by our own encoder.
fn coded(size: (usize, usize), layout: Layout, factors: (u8, u8)) -> Vec<u8> {
    let channels = layout.channels();
    let sample = |i: usize| {
        let (x, y) = (i / channels % size.0, i / channels / size.0);
        let wave = 100.0 * libm::sin((x + 3 * y + 40 * (i % channels)) as f64 / 21.0);
        let grain = (i as u32).wrapping_mul(2_654_435_761) >> 28;
        (128.0 + wave) as u8 + grain as u8
    };
    let samples = (0..size.0 * size.1 * channels).map(sample).collect();
    let image = Image::new(size.0, size.1, layout, Samples::Eight(samples));
    let form = JpegForm {
        subsampling: Some(factors),
        ..JpegForm::default()
    };
    let metadata = Metadata {
        own: Own::Jpeg(Box::new(form)),
        ..Metadata::default()
    };
    let options = EncodeOptions {
        format: Format::Jpeg,
        quality: None,
    };
    encode(image.expect("right size"), &metadata, options).expect("a JPEG")
}

#[test]
fn what_we_write_is_read_as_another_decoder_reads_it() {
    for layout in [Layout::Grey, Layout::Rgb] {
        for factors in [(1, 1), (2, 1), (1, 2), (2, 2)] {
            for size in [(1, 1), (9, 200), (147, 65), (150, 129)] {
                let file = coded(size, layout, factors);
                let (own, other) = (read(&file), read_by_other(&file));
                let (own, other) = (own.expect("usual"), other.expect("a picture"));
                assert_eq!(own.len(), other.len());
                let differences = own
                    .iter()
                    .zip(&other)
                    .map(|(one, other)| one.abs_diff(*other));
                let (most, sum) = differences.fold((0, 0), |(most, sum), it| {
                    (it.max(most), sum + usize::from(it))
                });
                let mean = sum as f64 / own.len() as f64;
                // They round differently, and chroma between samples is up to each decoder.
                assert!(
                    most <= 12 && mean < 0.6,
                    "{layout:?} {factors:?} {size:?}: {most} {mean}"
                );
            }
        }
    }
}

#[test]
fn a_file_that_ends_early_or_goes_on_is_for_the_other_decoder() {
    for (file, _) in REFERENCES {
        let scan = Frame::read(file).expect("usual").start;
        for end in (scan..file.len()).step_by(23) {
            assert!(read(&file[..end]).is_none());
            // The same with an end marker.
            assert!(
                read(&[&file[..end], &[0xFF, 0xD9]].concat()).is_none() || end + 4 > file.len()
            );
        }
        let more = [&file[..file.len() - 2], &[0x55; 3], &[0xFF, 0xD9]].concat();
        assert!(read(&more).is_none());
    }
}

/// A file of which some bytes are others.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..5);
    (0..REFERENCES.len(), changes).prop_map(|(number, changes)| {
        let mut file = REFERENCES[number].0.to_vec();
        for (at, byte) in changes {
            let at = at.index(file.len());
            file[at] = byte;
        }
        file
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn damaged_files_are_read_whole_or_not_at_all(file in damaged()) {
        let size = Frame::read(&file).map(|it| it.size.0 * it.size.1 * it.components.len());
        if size.is_some_and(|it| it > 1 << 22) {
            return Ok(());
        }
        if let Some(pixels) = read(&file) {
            prop_assert_eq!(Some(pixels.len()), size);
        }
    }

    #[test]
    fn any_bytes_in_a_scan_are_read_or_refused(
        number in 0..REFERENCES.len(),
        scan in prop::collection::vec(any::<u8>(), 0..4000),
    ) {
        let file = REFERENCES[number].0;
        let start = Frame::read(file).expect("usual").start;
        let _ = read(&[&file[..start], &scan, &[0xFF, 0xD9]].concat());
    }
}

/// The mean of each square of 16 by 16 pixels, of a picture where each of them stands for `factor` by `factor`.
fn means(size: (usize, usize), channels: usize, samples: &[u8], factor: usize) -> Vec<f64> {
    let side = 16 / factor;
    let mut means = Vec::new();
    for y in 0..size.1 / side {
        for x in 0..size.0 / side * channels {
            let (left, channel) = (x / channels * side, x % channels);
            let at = |i: usize| ((y * side + i / side) * size.0 + left + i % side) * channels;
            let sum: f64 = (0..side * side)
                .map(|i| f64::from(samples[at(i) + channel]))
                .sum();
            means.push(sum / (side * side) as f64);
        }
    }
    means
}

#[test]
fn an_eighth_of_a_picture_has_its_means_on_any_number_of_threads() {
    for (number, (file, _)) in REFERENCES.into_iter().enumerate() {
        let decoder = Decoder::new(file.to_vec()).expect("a usual file");
        let (size, channels) = (decoder.size(), decoder.channels());
        let (small, samples) = decoder.means().expect("a sound file");
        assert_eq!(small, (size.0.div_ceil(8), size.1.div_ceil(8)));
        for threads in [1, 5] {
            let again = on_threads(threads, || decoder.means());
            assert_eq!(again, Some((small, samples.clone())));
        }
        let whole = (size.0 / 8, size.1 / 8);
        let inside: Vec<u8> = samples
            .chunks(small.0 * channels)
            .take(whole.1)
            .flat_map(|row| &row[..whole.0 * channels])
            .copied()
            .collect();
        let found = means(whole, channels, &inside, 8);
        let expected = means(size, channels, &read(file).expect("a usual file"), 1);
        let columns = (size.0 / 16 * channels, whole.0 / 2 * channels);
        assert_eq!(columns.0, columns.1);
        for (at, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let apart = (found - expected).abs();
            assert!(apart < 4.0, "file {number}, {at}: {found}, not {expected}");
        }
    }
}

#[test]
fn an_eighth_of_a_damaged_picture_is_none() {
    for (file, _) in REFERENCES {
        let start = Decoder::new(file.to_vec())
            .expect("a usual file")
            .frame
            .start;
        let damaged = [&file[..(start + file.len()) / 2], &[0xFF, 0xD9]].concat();
        if let Ok(decoder) = Decoder::new(damaged) {
            assert_eq!(decoder.means(), None);
        }
    }
}
