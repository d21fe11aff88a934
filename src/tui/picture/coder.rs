//! Makes pictures ready for the wire, on a thread of its own.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::thread;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{ExtendedColorType, ImageEncoder, RgbImage, RgbaImage, imageops};
use ratatui::layout::Rect;

use super::{Abilities, Colours, Protocol, iterm, kitty, placeholders, sixel, viuer};
use crate::tui::geometry::Size;
use crate::tui::stage::{Made, Order, Quality};

/// Something to make ready.
#[derive(Debug)]
pub enum Job {
    /// A picture.
    Picture(Order),
    /// A picture that may be wanted next, for a terminal that keeps it; whether it stays there.
    Ahead(Order, bool),
    /// A see-through layer over it, and where.
    Layer(Arc<RgbaImage>, Rect),
}

/// A picture in the words of a protocol.
#[derive(Debug)]
pub enum Payload {
    /// For kitty, which keeps it.
    Kitty(kitty::Coded),
    /// Bytes that draw it from the cursor on.
    Bytes(Vec<u8>),
}

/// Something that is ready.
#[derive(Debug)]
pub enum Coded {
    /// A picture for a protocol; `None` if it cannot be encoded.
    Picture(Protocol, Option<(Made, Payload)>),
    /// A picture that may be wanted next, and whether it stays; `None` if it cannot be encoded.
    Ahead(Option<(Made, kitty::Coded)>, bool),
    /// A layer; `None` if it cannot be encoded.
    Layer(Arc<RgbaImage>, Rect, Option<kitty::Coded>),
}

/// The thread that encodes.
#[derive(Debug)]
pub struct Coder {
    jobs: Sender<(Abilities, Job)>,
}

impl Coder {
    /// Starts the thread; it answers by `done`.
    pub fn start(done: impl Fn(Coded) + Send + 'static) -> Self {
        let (jobs, queue) = mpsc::channel::<(Abilities, Job)>();
        thread::spawn(move || {
            let mut density = Density::default();
            for (abilities, job) in queue {
                done(match job {
                    Job::Picture(order) => {
                        let made = picture(abilities, order, &mut density);
                        Coded::Picture(abilities.protocol, made)
                    }
                    Job::Ahead(order, stays) => {
                        let coded = for_kitty(&order, abilities.cell, &mut density).ok();
                        let made = coded.map(|(coded, exact)| (order.made(exact), coded));
                        Coded::Ahead(made, stays)
                    }
                    Job::Layer(layer, place) => {
                        let size = (layer.width(), layer.height());
                        let png = png(layer.as_raw(), size, ExtendedColorType::Rgba8);
                        let coded = png.map(|png| kitty::Coded { png, scaled: false });
                        Coded::Layer(layer, place, coded.ok())
                    }
                });
            }
        });
        Self { jobs }
    }

    /// Has something made ready for a terminal that can do so much.
    pub fn encode(&self, abilities: Abilities, job: Job) {
        // The thread ends only with the program.
        let _ = self.jobs.send((abilities, job));
    }
}

/// Bytes that a pixel took lately: how large a picture can be is known before it is encoded.
#[derive(Debug)]
struct Density {
    png: f64,
    sixel: sixel::Experience,
    /// The ids in kitty of the next picture that viuer draws, and of the one before.
    viuer: (u32, u32),
}

impl Default for Density {
    fn default() -> Self {
        // A photograph with some noise.
        Self {
            png: 2.1,
            sixel: sixel::Experience::default(),
            viuer: kitty::ids_of_others(std::process::id()),
        }
    }
}

fn picture(abilities: Abilities, order: Order, density: &mut Density) -> Option<(Made, Payload)> {
    let (payload, exact) = match abilities.protocol {
        Protocol::Kitty => {
            let (coded, exact) = for_kitty(&order, abilities.cell, density).ok()?;
            (Payload::Kitty(coded), exact)
        }
        Protocol::KittyTmux => {
            let (coded, exact) = for_kitty(&order, abilities.cell, density).ok()?;
            let bytes = placeholders::encode(&coded.png, order.place);
            (Payload::Bytes(bytes), exact)
        }
        Protocol::Iterm => {
            let (bytes, exact) = iterm::encode(&order.image, order.quality, order.budget).ok()?;
            (Payload::Bytes(bytes), exact)
        }
        Protocol::Sixel => {
            let (image, quality, budget) = (&order.image, order.quality, order.budget);
            let sixel = &mut density.sixel;
            let (bytes, exact) =
                sixel::encode(image, quality, budget, abilities.registers, sixel).ok()?;
            (Payload::Bytes(bytes), exact)
        }
        Protocol::Viuer(means) => {
            let truecolor = abilities.colours == Colours::True;
            let ids = density.viuer;
            let (bytes, exact) =
                viuer::encode(&order, means, truecolor, abilities.cell, ids).ok()?;
            density.viuer = (ids.1, ids.0);
            kitty::others_show(std::process::id());
            (Payload::Bytes(bytes), exact)
        }
        Protocol::Cells(_) | Protocol::Off => return None,
    };
    Some((order.made(exact), payload))
}

/// As PNG, smaller if the budget is; whether it is exact.
fn for_kitty(order: &Order, cell: Size, density: &mut Density) -> io::Result<(kitty::Coded, bool)> {
    let image = order.image.as_ref();
    let pixels = f64::from(image.width()) * f64::from(image.height());
    for _ in 0..4 {
        let scale = (order.budget as f64 / (density.png * pixels)).sqrt();
        // Hardly smaller would be blurred for next to nothing.
        let whole = order.quality == Quality::Exact || scale > 0.9;
        let png = if whole {
            png(image.as_raw(), image.dimensions(), ExtendedColorType::Rgb8)?
        } else {
            reduced(image, order.place, cell, scale)?
        };
        let sent = if whole {
            pixels
        } else {
            pixels * scale * scale
        };
        density.png = png.len() as f64 / sent.max(1.0);
        // A little over the budget is no harm; much more was a wrong guess.
        if order.quality == Quality::Exact || png.len() <= order.budget + order.budget / 4 {
            return Ok((
                kitty::Coded {
                    png,
                    scaled: !whole,
                },
                whole,
            ));
        }
    }
    let png = reduced(image, order.place, cell, 0.1)?;
    Ok((kitty::Coded { png, scaled: true }, false))
}

/// A smaller picture that fills its cells when it is scaled up to them: what the picture itself does
/// not cover is see-through.
fn reduced(image: &RgbImage, place: Rect, cell: Size, scale: f64) -> io::Result<Vec<u8>> {
    let smaller = |length: f64| ((length * scale).round() as u32).max(1);
    let size = (
        smaller(image.width().into()),
        smaller(image.height().into()),
    );
    let canvas = (
        smaller(f64::from(place.width) * cell.width as f64).max(size.0),
        smaller(f64::from(place.height) * cell.height as f64).max(size.1),
    );
    let small = imageops::thumbnail(image, size.0, size.1);
    if canvas == size {
        return png(small.as_raw(), size, ExtendedColorType::Rgb8);
    }
    let mut padded = RgbaImage::new(canvas.0, canvas.1);
    for (x, y, pixel) in small.enumerate_pixels() {
        let [r, g, b] = pixel.0;
        padded.put_pixel(x, y, image::Rgba([r, g, b, 255]));
    }
    png(padded.as_raw(), canvas, ExtendedColorType::Rgba8)
}

/// A PNG file in base64.
pub fn png(
    samples: &[u8],
    (width, height): (u32, u32),
    colour: ExtendedColorType,
) -> io::Result<Vec<u8>> {
    let mut png = Vec::new();
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, FilterType::Adaptive)
        .write_image(samples, width, height, colour)
        .map_err(io::Error::other)?;
    Ok(STANDARD.encode(&png).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::geometry::View;

    /// Structure and grain, as photographs have.
    fn photo(width: u32, height: u32) -> RgbImage {
        let mut seed = 1_u32;
        RgbImage::from_fn(width, height, |x, y| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let grain = (seed >> 29) as u8;
            image::Rgb([
                (x / 3) as u8 ^ grain,
                (y / 3) as u8 ^ grain,
                ((x + y) / 4) as u8,
            ])
        })
    }

    fn order(quality: Quality, budget: usize) -> Order {
        Order {
            image: Arc::new(photo(637, 640)),
            place: Rect::new(0, 0, 80, 40),
            frame: View::default().frame(Size::new(637, 640), Size::new(640, 640)),
            quality,
            budget,
        }
    }

    const CELL: Size = Size {
        width: 8,
        height: 16,
    };

    fn decoded(base64: &[u8]) -> image::DynamicImage {
        let bytes = STANDARD.decode(base64).expect("it is base64");
        image::load_from_memory(&bytes).expect("it is a picture")
    }

    #[test]
    fn kitty_gets_what_the_budget_allows() {
        for budget in [24_000, 60_000, 120_000] {
            let order = order(Quality::Draft, budget);
            let (coded, exact) = for_kitty(&order, CELL, &mut Density::default()).expect("encoded");
            assert!(!exact && coded.scaled);
            let length = coded.png.len();
            assert!(
                length <= budget + budget / 4 && length > budget / 4,
                "{length} for {budget}"
            );
            let small = decoded(&coded.png).to_rgba8();
            // It has the shape of its cells, and what the picture does not cover is see-through.
            let (width, height) = small.dimensions();
            assert!(width.abs_diff(height) <= 1, "{width}×{height}");
            assert_eq!(small.get_pixel(0, 0).0[3], 255);
        }
    }

    #[test]
    fn an_exact_picture_has_every_pixel() {
        for (quality, budget) in [(Quality::Exact, 1), (Quality::Draft, 10_000_000)] {
            let order = order(quality, budget);
            let (coded, exact) = for_kitty(&order, CELL, &mut Density::default()).expect("encoded");
            assert!(exact && !coded.scaled);
            assert_eq!(&decoded(&coded.png).to_rgb8(), order.image.as_ref());
        }
    }
}
