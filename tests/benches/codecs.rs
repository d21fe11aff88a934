//! What writing and reading a picture of 24 megapixels costs, format by format. Read the figures as ratios to `copy`,
//! which moves the same picture once.

use std::io::Cursor;
use std::path::Path;

use divan::{Bencher, counter::ItemsCount};
use image::ExtendedColorType;
use image::codecs::jpeg::JpegEncoder;
use repore::engine::operations::Random;
use repore::engine::raster::{Image, Layout, Samples};
use repore::files::metadata::{JpegForm, Metadata, Own};
use repore::files::{EncodeOptions, Format, ReadOptions, decode_photo, encode};

const WIDTH: usize = 6000;
const HEIGHT: usize = 4000;

fn main() {
    divan::main();
}

/// A slope with grain, as a photograph has, at 8 or 16 bits RGB.
fn picture(deep: bool) -> Image {
    let random = Random::new(1, 0, 0);
    let value = |i: usize| {
        let (x, y) = (i % (WIDTH * 3), i / (WIDTH * 3));
        let tone = 60.0 + 120.0 * (x as f32 / (WIDTH * 3) as f32) * (y as f32 / HEIGHT as f32);
        tone + 6.0 * random.row(y).signed(x)
    };
    let values = (0..WIDTH * HEIGHT * 3).map(value);
    let samples = match deep {
        true => Samples::Sixteen(values.map(|it| (it * 257.0) as u16).collect()),
        false => Samples::Eight(values.map(|it| it as u8).collect()),
    };
    Image::new(WIDTH, HEIGHT, Layout::Rgb, samples).expect("as many as it takes")
}

fn coded(image: Image, format: Format, subsampling: Option<(u8, u8)>) -> Vec<u8> {
    let form = JpegForm {
        subsampling,
        ..JpegForm::default()
    };
    let metadata = Metadata {
        own: match format {
            Format::Jpeg => Own::Jpeg(Box::new(form)),
            _ => Own::Nothing,
        },
        ..Metadata::default()
    };
    let options = EncodeOptions {
        format,
        quality: None,
    };
    encode(image, &metadata, options).expect("it fits")
}

fn write(bencher: Bencher, deep: bool, format: Format, subsampling: Option<(u8, u8)>) {
    let picture = picture(deep);
    bencher
        .counter(ItemsCount::new(WIDTH * HEIGHT))
        .with_inputs(|| picture.clone())
        .bench_values(|it| coded(it, format, subsampling));
}

fn read(bencher: Bencher, bytes: Vec<u8>) {
    bencher.counter(ItemsCount::new(WIDTH * HEIGHT)).bench(|| {
        let name = Path::new("picture");
        decode_photo(Cursor::new(bytes.as_slice()), name, ReadOptions::default())
            .expect("a picture")
    });
}

#[divan::bench(sample_count = 5, args = [8, 16])]
fn copy(bencher: Bencher, bits: usize) {
    let picture = picture(bits == 16);
    bencher
        .counter(ItemsCount::new(WIDTH * HEIGHT))
        .bench(|| picture.clone());
}

#[divan::bench(sample_count = 3, args = [(1, 1), (2, 1), (2, 2)])]
fn writing_jpeg(bencher: Bencher, subsampling: (u8, u8)) {
    write(bencher, false, Format::Jpeg, Some(subsampling));
}

#[divan::bench(sample_count = 3, args = [8, 16])]
fn writing_png(bencher: Bencher, bits: usize) {
    write(bencher, bits == 16, Format::Png, None);
}

#[divan::bench(sample_count = 3, args = [8, 16])]
fn writing_tiff(bencher: Bencher, bits: usize) {
    write(bencher, bits == 16, Format::Tiff, None);
}

/// Our own results, which restart markers part.
#[divan::bench(sample_count = 3, args = [(1, 1), (2, 1), (2, 2)])]
fn reading_jpeg(bencher: Bencher, subsampling: (u8, u8)) {
    read(
        bencher,
        coded(picture(false), Format::Jpeg, Some(subsampling)),
    );
}

/// A JPEG in one piece, as cameras write them.
#[divan::bench(sample_count = 3)]
fn reading_jpeg_in_one_piece(bencher: Bencher) {
    let Samples::Eight(samples) = picture(false).into_samples() else {
        unreachable!("8 bits were asked for");
    };
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 95);
    let (width, height) = (WIDTH as u32, HEIGHT as u32);
    let done = encoder.encode(&samples, width, height, ExtendedColorType::Rgb8);
    done.expect("it fits");
    read(bencher, bytes);
}

#[divan::bench(sample_count = 3, args = [8, 16])]
fn reading_png(bencher: Bencher, bits: usize) {
    read(bencher, coded(picture(bits == 16), Format::Png, None));
}

#[divan::bench(sample_count = 3, args = [8, 16])]
fn reading_tiff(bencher: Bencher, bits: usize) {
    read(bencher, coded(picture(bits == 16), Format::Tiff, None));
}
