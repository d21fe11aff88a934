//! Frequency separation into two layers, the way retouchers take a photo apart by hand, and back.
//!
//! low = G_R(photo), high = (photo − low)/2 + ½, photo = low + 2·high − 1. The high layer is taken
//! from the low one as it is stored, so that what was rounded there comes back.

use super::Cancel;
use super::whole::{Assembly, Cancelled, Progress, TileSize};
use crate::engine::operations::Gaussian;
use crate::engine::raster::{Depth, Image, Layout, Region, Resample, Tile};

/// A photo taken apart: two pictures of 16 bits with its size, channels and alpha.
#[derive(Clone, Debug)]
pub struct Separation {
    /// Tone and colour: what a Gaussian leaves.
    pub low: Image,
    /// Texture around mid grey, at half its contrast.
    pub high: Image,
}

impl Separation {
    /// Takes a photo apart at a radius in pixels. Merged again, 16-bit samples come back within one
    /// level and 8-bit ones exactly.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn split(
        photo: &Image,
        radius: f64,
        progress: Progress,
        cancel: &Cancel,
    ) -> Result<Self, Cancelled> {
        let low = low_layer(photo, radius, progress, cancel)?;
        let high = assembly(photo, Some(photo), &|_, _| {}, cancel);
        let high = high.image(Depth::Sixteen, &|region| {
            let halved = |photo, low| 0.5 * (photo - low) + 0.5;
            zip(photo.tile(region), &low.tile(region), halved)
        })?;
        Ok(Self { low, high })
    }

    /// Whether each layer looks like the other one: a high layer is mid grey wherever it is seen from afar, a low one in few
    /// pictures.
    pub fn look_exchanged(&self) -> bool {
        tone(&self.low) < GREY && tone(&self.high) > 4.0 * GREY
    }

    /// Puts the layers together. They may differ in depth and channels, as a program that worked on
    /// one of them may have changed these: a low layer that has colour gives the result colour, and
    /// alpha is that of the low layer, or else of the high one.
    ///
    /// # Errors
    /// When it is cancelled.
    ///
    /// # Panics
    /// If the layers differ in size.
    pub fn merge(&self, depth: Depth, cancel: &Cancel) -> Result<Image, Cancelled> {
        let Self { low, high } = self;
        assert_eq!(low.bounds(), high.bounds(), "layers of one size");
        let colours = high.layout().colours();
        let colours = if colours == 1 && has_colour(low) {
            3
        } else {
            colours
        };
        let alpha = [low, high].into_iter().find(|it| it.layout().has_alpha());
        let assembly = Assembly {
            layout: layout(colours, alpha.is_some()),
            ..assembly(low, alpha, &|_, _| {}, cancel)
        };
        assembly.image(depth, &|region| {
            let low = low.tile(region).with_channels(colours);
            let high = high.tile(region).with_channels(colours);
            zip(low, &high, |low, high| low + (2.0 * high - 1.0))
        })
    }
}

/// The low layer of a photo alone, 16 bits: for a program that works on tone.
///
/// # Errors
/// When it is cancelled.
pub fn low_layer(
    photo: &Image,
    radius: f64,
    progress: Progress,
    cancel: &Cancel,
) -> Result<Image, Cancelled> {
    let (gaussian, bounds) = (Gaussian::new(radius), photo.bounds());
    let assembly = Assembly {
        size: TileSize::for_halo(gaussian.halo()),
        ..assembly(photo, Some(photo), progress, cancel)
    };
    assembly.image(Depth::Sixteen, &|region| {
        let from = region.expanded(gaussian.halo(), &bounds);
        let source = photo.tile(from);
        let planes = source.planes().iter();
        let blurred = planes.map(|it| gaussian.blur(it, from, region, bounds, cancel));
        Tile::new(region, blurred.collect())
    })
}

/// The photo with the tone of another low layer: photo + (toned − low), which is that layer merged
/// with the photo's own high one, unrounded. Channels and alpha are the photo's.
///
/// # Errors
/// When it is cancelled.
///
/// # Panics
/// If the pictures differ in size.
pub fn retone(
    photo: &Image,
    low: &Image,
    toned: &Image,
    depth: Depth,
    cancel: &Cancel,
) -> Result<Image, Cancelled> {
    assert_eq!(photo.bounds(), low.bounds(), "a layer of the photo's size");
    assert_eq!(photo.bounds(), toned.bounds(), "a tone of the photo's size");
    let colours = photo.layout().colours();
    let assembly = assembly(photo, Some(photo), &|_, _| {}, cancel);
    assembly.image(depth, &|region| {
        let toned = toned.tile(region).with_channels(colours);
        let change = zip(toned, &low.tile(region), |toned, low| toned - low);
        zip(photo.tile(region), &change, |photo, change| photo + change)
    })
}

/// A low layer at another size, for what came back larger or smaller than it went: 16 bits, without
/// its alpha.
pub fn resized(layer: &Image, size: (usize, usize)) -> Image {
    let resample = Resample::fine((layer.width(), layer.height()), size);
    let cancel = Cancel::default();
    let assembly = Assembly {
        bounds: Region::of_size(size.0, size.1),
        layout: layout(layer.layout().colours(), false),
        ..assembly(layer, None, &|_, _| {}, &cancel)
    };
    let image = assembly.image(Depth::Sixteen, &|region| {
        let source = layer.tile(resample.needs(region));
        let planes = source.planes().iter();
        Tile::new(
            region,
            planes.map(|it| resample.apply(it, region)).collect(),
        )
    });
    image.expect("nobody cancels it")
}

/// How far a high layer is from mid grey at most, seen from afar: the deviation of the means of its blocks.
const GREY: f64 = 0.02;

/// Side of these blocks, in pixels.
const BLOCK: usize = 64;

/// How far a picture is from mid grey, seen from afar: the root mean square over its blocks.
fn tone(image: &Image) -> f64 {
    let size = (image.width(), image.height());
    let blocks = image.reduced_luma((size.0.div_ceil(BLOCK), size.1.div_ceil(BLOCK)));
    let squares = blocks
        .samples()
        .iter()
        .map(|it| f64::from(it - 0.5).powi(2));
    (squares.sum::<f64>() / blocks.samples().len() as f64).sqrt()
}

/// A picture with the size and channels of another, tile by tile.
fn assembly<'a>(
    frame: &Image,
    alpha: Option<&'a Image>,
    progress: Progress<'a>,
    cancel: &'a Cancel,
) -> Assembly<'a> {
    Assembly {
        bounds: frame.bounds(),
        layout: frame.layout(),
        alpha,
        size: TileSize::for_halo(0),
        progress,
        cancel,
    }
}

fn layout(colours: usize, has_alpha: bool) -> Layout {
    match (colours, has_alpha) {
        (1, false) => Layout::Grey,
        (1, true) => Layout::GreyAlpha,
        (_, false) => Layout::Rgb,
        (_, true) => Layout::Rgba,
    }
}

/// Whether a picture's channels differ anywhere. Programs often write grey as three equal channels.
fn has_colour(image: &Image) -> bool {
    let rows = 0..image.height();
    image.layout().colours() == 3
        && rows.into_iter().any(|y| {
            let tile = image.tile(Region::new(0, y, image.width(), 1));
            let planes = tile.planes();
            planes.iter().any(|it| it != &planes[0])
        })
}

fn zip(mut one: Tile, other: &Tile, change: impl Fn(f32, f32) -> f32) -> Tile {
    for (plane, other) in one.planes_mut().iter_mut().zip(other.planes()) {
        for (own, other) in plane.samples_mut().iter_mut().zip(other.samples()) {
            *own = change(*own, *other);
        }
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::Random;
    use crate::engine::raster::Samples;

    const LAYOUTS: [Layout; 4] = [Layout::Grey, Layout::GreyAlpha, Layout::Rgb, Layout::Rgba];

    /// Noise over the whole range, black and white included.
    fn eight(layout: Layout) -> Image {
        let random = Random::new(3, 0, 0);
        let count = 61 * 47 * layout.channels();
        let level = |i: usize| (random.row(i / 61).signed(i % 61) * 1.2 * 128.0 + 128.0) as u8;
        let samples = Samples::Eight((0..count).map(level).collect());
        Image::new(61, 47, layout, samples).expect("right size")
    }

    fn sixteen(layout: Layout) -> Image {
        let random = Random::new(4, 0, 0);
        let count = 61 * 47 * layout.channels();
        let level = |i: usize| (random.row(i / 61).signed(i % 61) * 40_000.0 + 32_768.0) as u16;
        let samples = Samples::Sixteen((0..count).map(level).collect());
        Image::new(61, 47, layout, samples).expect("right size")
    }

    fn split(photo: &Image, radius: f64) -> Separation {
        Separation::split(photo, radius, &|_, _| {}, &Cancel::default()).expect("nobody cancels it")
    }

    #[test]
    fn eight_bits_come_back_exactly() {
        for layout in LAYOUTS {
            let photo = eight(layout);
            for radius in [0.5, 2.3, 6.0, 40.0] {
                let layers = split(&photo, radius);
                assert_eq!(layers.low.layout(), layout);
                assert_eq!(layers.high.depth(), Depth::Sixteen);
                let merged = layers.merge(Depth::Eight, &Cancel::default());
                assert_eq!(merged.as_ref(), Ok(&photo), "{layout:?} at {radius}");
            }
        }
    }

    #[test]
    fn sixteen_bits_come_back_within_a_level() {
        for layout in LAYOUTS {
            let photo = sixteen(layout);
            for radius in [0.5, 6.0, 40.0] {
                let merged = split(&photo, radius).merge(Depth::Sixteen, &Cancel::default());
                let merged = merged.expect("nobody cancels it").into_samples();
                let (Samples::Sixteen(merged), Samples::Sixteen(photo)) = (merged, photo.samples())
                else {
                    panic!("16 bits were asked for");
                };
                let pairs = merged.iter().zip(photo);
                let worst = pairs.map(|(a, b)| a.abs_diff(*b)).max();
                assert!(worst <= Some(1), "{layout:?} at {radius}: {worst:?}");
            }
        }
    }

    #[test]
    fn the_layers_are_those_of_the_formulas() {
        let photo = sixteen(Layout::Grey);
        let (bounds, layers) = (photo.bounds(), split(&photo, 3.0));
        let tile = photo.tile(bounds);
        let cancel = Cancel::default();
        let blurred = Gaussian::new(3.0).blur(&tile.planes()[0], bounds, bounds, bounds, &cancel);
        let (low, high) = (layers.low.tile(bounds), layers.high.tile(bounds));
        for (i, blurred) in blurred.samples().iter().enumerate() {
            let photo = tile.planes()[0].samples()[i];
            let (low, high) = (low.planes()[0].samples()[i], high.planes()[0].samples()[i]);
            assert!((low - blurred).abs() < 1.0 / 65_535.0);
            assert!((high - (0.5 * (photo - blurred) + 0.5)).abs() < 1.0 / 65_535.0);
        }
    }

    #[test]
    fn layers_that_were_exchanged_are_known() {
        // Dark above, bright below, with grain.
        let random = Random::new(5, 0, 0);
        let level = |i: usize| {
            let grain = 8.0 * random.row(i / 200).signed(i % 200);
            (40.0 + (i / 200) as f32 + grain) as u8
        };
        let samples = Samples::Eight((0..200 * 160).map(level).collect());
        let photo = Image::new(200, 160, Layout::Grey, samples).expect("right size");
        let layers = split(&photo, 4.0);
        assert!(!layers.look_exchanged());
        let Separation { low, high } = layers;
        let exchanged = Separation {
            low: high.clone(),
            high: low,
        };
        assert!(exchanged.look_exchanged());
        let flat = Separation {
            low: high.clone(),
            high,
        };
        assert!(!flat.look_exchanged(), "mid grey all over is a tone too");
    }

    #[test]
    fn the_same_tone_gives_the_photo_itself() {
        for photo in LAYOUTS.map(eight).into_iter().chain(LAYOUTS.map(sixteen)) {
            let cancel = Cancel::default();
            let low = low_layer(&photo, 4.0, &|_, _| {}, &cancel).expect("nobody cancels it");
            let same = retone(&photo, &low, &low, photo.depth(), &cancel);
            assert_eq!(same, Ok(photo));
        }
    }

    #[test]
    fn what_a_program_made_of_the_low_layer_may_have_other_channels() {
        let photo = eight(Layout::Rgba);
        let mut layers = split(&photo, 4.0);
        let coloured = split(&eight(Layout::Rgb), 4.0).low;
        layers.low = coloured;
        let merged = layers.merge(Depth::Eight, &Cancel::default());
        let merged = merged.expect("nobody cancels it");
        assert_eq!(merged.alpha(merged.bounds()), photo.alpha(photo.bounds()));
        // Grey as three equal channels is grey; colour is colour.
        let grey = split(&eight(Layout::Grey), 4.0);
        let three = |coloured: &Image| Separation {
            low: resized(coloured, (61, 47)),
            high: grey.high.clone(),
        };
        let tile = grey.low.tile(grey.low.bounds()).with_channels(3);
        let cancel = Cancel::default();
        let of = |layers: Separation| layers.merge(Depth::Eight, &cancel).map(|it| it.layout());
        assert_eq!(of(three(&Image::from_tile(&tile))), Ok(Layout::Grey));
        assert_eq!(of(three(&layers.low)), Ok(Layout::Rgb));
    }
}
