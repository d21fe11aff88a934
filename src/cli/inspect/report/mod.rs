//! `inspect --report FILE.png`: pictures, crops, loss map and chart of each picture on one sheet.

mod canvas;
mod chart;

use std::io;
use std::path::Path;

use image::RgbImage;

use self::canvas::{Canvas, FAINT, INK, LINE};
use super::chart::{headline, summaries};
use crate::engine::masks::MaskName;
use crate::engine::raster::{Image, Plane, Region, Tile};
use crate::engine::recipe::{Kind, Layer, Recipe};
use crate::engine::render::{Cancel, Plan};
use crate::files::{Inspected, Pictures};

/// Width of the sheet and of its margins, in pixels.
const WIDTH: u32 = 1640;
const MARGIN: u32 = 20;

/// Pictures side by side, and the room of each, in pixels.
const COLUMNS: u32 = 4;
const COLUMN: u32 = (WIDTH - MARGIN) / COLUMNS - MARGIN;

/// Height of the crops at 1:1 and of the tallest picture, in pixels.
const CROP: u32 = 300;
const TALLEST: u32 = 480;

/// What was added is shown this much stronger.
const AMPLIFIED: f32 = 4.0;

/// The sheets of a batch, one below the other. Each is kept as PNG, since a batch may be large.
#[derive(Default)]
pub struct Report {
    sheets: Vec<Vec<u8>>,
    height: u32,
}

impl Report {
    /// Adds the sheet of a picture; `None` when cancelled.
    ///
    /// # Errors
    /// When it is too tall for a PNG.
    pub fn add(
        &mut self,
        input: &Path,
        inspected: &Inspected,
        cancel: &Cancel,
    ) -> Option<io::Result<()>> {
        let sheet = sheet(input, inspected, cancel)?;
        Some(self.keep(&sheet))
    }

    fn keep(&mut self, sheet: &RgbImage) -> io::Result<()> {
        let height = self.height.checked_add(sheet.height());
        self.height = height
            .filter(|it| *it <= i32::MAX as u32)
            .ok_or_else(|| io::Error::other("there are too many pictures for one report"))?;
        let mut bytes = Vec::new();
        let mut encoder = encoder(&mut bytes, sheet.height()).write_header()?;
        encoder.write_image_data(sheet.as_raw())?;
        encoder.finish()?;
        self.sheets.push(bytes);
        Ok(())
    }

    /// The whole report as PNG; `None` where no picture was measured.
    ///
    /// # Errors
    /// When it cannot be coded.
    pub fn png(&self) -> io::Result<Option<Vec<u8>>> {
        if self.sheets.is_empty() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        let mut writer = encoder(&mut bytes, self.height).write_header()?;
        let mut rows = writer.stream_writer()?;
        for sheet in &self.sheets {
            let mut reader = png::Decoder::new(io::Cursor::new(sheet)).read_info()?;
            while let Some(row) = reader.next_row()? {
                io::Write::write_all(&mut rows, row.data())?;
            }
        }
        rows.finish()?;
        writer.finish()?;
        Ok(Some(bytes))
    }
}

fn encoder(bytes: &mut Vec<u8>, height: u32) -> png::Encoder<'_, &mut Vec<u8>> {
    let mut encoder = png::Encoder::new(bytes, WIDTH, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
}

/// The sheet of one picture; `None` when cancelled.
fn sheet(input: &Path, inspected: &Inspected, cancel: &Cancel) -> Option<RgbImage> {
    let pictures = &inspected.pictures;
    let picture = &pictures.inputs.picture;
    let size = fitted(picture);
    let losses = Losses::of(inspected, size, cancel)?;
    let crop = losses.worst(picture.bounds());
    let mut words = vec![headline(inspected)];
    words.extend(summaries(&inspected.inspection));
    let shown = shown(pictures, size, crop);
    let tallest = shown.iter().map(|it| it.whole.region().height as u32).max();
    let tallest = tallest.unwrap_or(0).max(size.1 as u32);
    let height = MARGIN
        + LINE * (2 + words.len() as u32)
        + LINE
        + tallest
        + MARGIN
        + LINE
        + crop.height as u32
        + MARGIN
        + chart::HEIGHT
        + 2 * MARGIN;
    let mut canvas = Canvas::new(WIDTH, height);
    let mut y = MARGIN;
    let room = WIDTH - 2 * MARGIN;
    canvas.words((MARGIN, y), room, &input.display().to_string(), INK);
    for line in words {
        y += LINE;
        canvas.words((MARGIN, y), room, &line, FAINT);
    }
    y += 2 * LINE;
    let column = |i: usize| MARGIN + i as u32 * (COLUMN + MARGIN);
    for (i, shown) in shown.iter().enumerate() {
        let at = (column(i), y + LINE);
        canvas.words((column(i), y), COLUMN, shown.name, INK);
        canvas.picture(at, &shown.whole);
        if shown.name != ORIGINAL {
            mark(&mut canvas, at, crop, picture.bounds(), size);
        }
    }
    let x = column(shown.len());
    canvas.words((x, y), COLUMN, losses.title, INK);
    canvas.heat((x, y + LINE), &losses.luma, &losses.shares);
    mark(&mut canvas, (x, y + LINE), crop, picture.bounds(), size);
    y += LINE + tallest + MARGIN;
    for (i, shown) in shown.iter().enumerate() {
        let title = format!("{}, 1:1 at {},{}", shown.name, crop.x, crop.y);
        canvas.words((column(i), y), COLUMN, &title, INK);
        match &shown.crop {
            Some(tile) => canvas.picture((column(i), y + LINE), tile),
            None => canvas.words(
                (column(i), y + LINE),
                COLUMN,
                "it shows something else",
                FAINT,
            ),
        }
    }
    if let Some(result) = &pictures.result {
        let x = column(shown.len());
        canvas.words((x, y), COLUMN, "added, 4 times as strong", INK);
        canvas.picture((x, y + LINE), &added(picture, result, crop));
    }
    y += LINE + crop.height as u32 + MARGIN;
    chart::draw(&mut canvas, (MARGIN, y), room, &inspected.inspection);
    (!cancel.is_cancelled()).then(|| canvas.into_image())
}

/// What the original is called.
const ORIGINAL: &str = "original";

/// One of the pictures that stand side by side.
struct Shown {
    name: &'static str,
    /// All of it, scaled to its column.
    whole: Tile,
    /// The crop at 1:1; of an original where it lies over the picture.
    crop: Option<Tile>,
}

fn shown(pictures: &Pictures, size: (usize, usize), crop: Region) -> Vec<Shown> {
    let picture = &pictures.inputs.picture;
    let mut shown = Vec::new();
    if let Some(original) = &pictures.inputs.original {
        let over = pictures.inputs.original_to_compare(&mut Vec::new());
        shown.push(Shown {
            name: ORIGINAL,
            whole: original.reduced(fitted(original)),
            crop: over.map(|it| it.tile(crop)),
        });
    }
    for (name, image) in [
        ("before", Some(picture.as_ref())),
        ("after", pictures.result.as_ref()),
    ] {
        let Some(image) = image else { continue };
        shown.push(Shown {
            name,
            whole: image.reduced(size),
            crop: Some(image.tile(crop)),
        });
    }
    shown
}

/// Where the crop lies in a picture that was scaled to a size.
fn mark(canvas: &mut Canvas, at: (u32, u32), crop: Region, bounds: Region, size: (usize, usize)) {
    let x = |it: usize| (it * size.0 / bounds.width) as u32;
    let y = |it: usize| (it * size.1 / bounds.height) as u32;
    let corner = (at.0 + x(crop.x), at.1 + y(crop.y));
    canvas.outline(corner, (x(crop.width), y(crop.height)), [255, 220, 0]);
}

/// What a result has more than its picture, about mid grey.
fn added(picture: &Image, result: &Image, region: Region) -> Tile {
    let (before, after) = (picture.tile(region), result.tile(region));
    let pairs = after.planes().iter().zip(before.planes());
    let planes = pairs.map(|(after, before)| {
        after
            .clone()
            .zip_map(before, |after, before| 0.5 + AMPLIFIED * (after - before))
    });
    Tile::new(region, planes.collect())
}

/// The size of a picture in its column.
fn fitted(picture: &Image) -> (usize, usize) {
    let (width, height) = (picture.width() as f64, picture.height() as f64);
    let scale = (f64::from(COLUMN) / width)
        .min(f64::from(TALLEST) / height)
        .min(1.0);
    let side = |it: f64| ((it * scale).round() as usize).max(1);
    (side(width), side(height))
}

/// Where the AI took texture away.
struct Losses {
    title: &'static str,
    luma: Plane,
    shares: Plane,
    /// Those where the meter looks.
    measured: Plane,
}

impl Losses {
    /// As the `smoothed` mask sees them, at a size; `None` when cancelled.
    fn of(inspected: &Inspected, size: (usize, usize), cancel: &Cancel) -> Option<Self> {
        let pictures = &inspected.pictures;
        let picture = &pictures.inputs.picture;
        let shares = |masks: Vec<MaskName>| {
            let mut layer = Layer::new(Kind::Noise);
            layer.masks = masks;
            let recipe = Recipe {
                layers: vec![layer],
                ..Recipe::default()
            };
            let plan = Plan::new(&recipe, pictures.inputs.clone());
            let shares = plan.coverage_reduced(0, picture.bounds(), size, cancel);
            let nothing = || Plane::filled(size.0, size.1, 0.0);
            Some(shares.ok()?.unwrap_or_else(nothing))
        };
        let all = shares(vec![MaskName::Smoothed])?;
        // What is lost beside the skin is not what people look for.
        let measured = match inspected.inspection.mask {
            Some(MaskName::Skin) => shares(vec![MaskName::Smoothed, MaskName::Skin])?,
            _ => all.clone(),
        };
        Some(Self {
            title: match pictures.inputs.original {
                Some(_) => "loss map: less texture than the original",
                None => "loss map: less texture than the rest promises",
            },
            luma: picture.reduced(size).luma(),
            shares: all,
            measured,
        })
    }

    /// The part of a picture that lost most, in its pixels.
    fn worst(&self, bounds: Region) -> Region {
        let width = (COLUMN as usize).min(bounds.width);
        let height = (CROP as usize).min(bounds.height);
        let (columns, rows) = (self.measured.width(), self.measured.height());
        let part = |length: usize, of: usize, all: usize| (length * all).div_ceil(of).min(all);
        let (wide, tall) = (
            part(width, bounds.width, columns),
            part(height, bounds.height, rows),
        );
        let sum = |x: usize, y: usize| {
            let rows = y..y + tall;
            rows.map(|y| self.measured.row(y)[x..x + wide].iter().sum::<f32>())
                .sum::<f32>()
        };
        let steps = |all: usize, part: usize| (0..=all - part).step_by((part / 4).max(1));
        let places = steps(rows, tall).flat_map(|y| steps(columns, wide).map(move |x| (x, y)));
        let worst = places
            .map(|(x, y)| (sum(x, y), x, y))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        let (sum, x, y) = worst.unwrap_or((0.0, 0, 0));
        let at = |it: usize, all: usize, of: usize, side: usize| (it * of / all).min(of - side);
        // Nothing was lost: the middle.
        let (x, y) = match sum > 0.0 {
            true => (
                at(x, columns, bounds.width, width),
                at(y, rows, bounds.height, height),
            ),
            false => ((bounds.width - width) / 2, (bounds.height - height) / 2),
        };
        Region::new(x, y, width, height)
    }
}
