//! What the tools draw over the preview: painted coverage, the ring of the brush, the marquee. It is
//! a picture too, so that it is seen in every protocol, and at once, while the worker still makes
//! the picture of what was painted.

mod rings;

use std::sync::Arc;

use image::{RgbImage, Rgba, RgbaImage};

pub use rings::Ring;

use super::geometry::Frame;
use super::message::{Preview, Subject};
use super::model::Model;
use super::tool::Tool;
use crate::engine::masks::{Brush, BrushMode, Point, Stroke};
use crate::engine::operations::{Cancel, Rectangle};
use crate::engine::raster::{Plane, Region};

/// How strongly coverage is shown in red, as in the view of a mask.
const COVERAGE_STRENGTH: f32 = 0.6;

/// Red is coverage.
const COVERED: [u8; 3] = [255, 0, 0];
/// Blue is what a line takes away while it is drawn and coverage is not shown.
const ERASED: [u8; 3] = [0, 96, 255];

const BLACK: Rgba<u8> = Rgba([0, 0, 0, 255]);
const WHITE: Rgba<u8> = Rgba([255; 4]);

/// Length of a dash of the marquee, in screen pixels.
const DASH: i64 = 4;

/// What is drawn into a preview.
#[derive(Clone, Debug, PartialEq)]
pub enum Overlay {
    /// The brush at work.
    Brush {
        /// What the preview shows.
        frame: Frame,
        /// What is painted, if it is shown.
        painted: Option<Brush>,
        /// The line that is being drawn.
        live: Option<Stroke>,
        /// The middle of the tip.
        cursor: Point,
        /// Radius of the tip, in pixels of the picture.
        radius: f64,
    },
    /// A patch that is being marked.
    Marquee {
        /// What the preview shows.
        frame: Frame,
        /// The patch, in pixels of the donor.
        patch: Rectangle,
        /// Its texture, amplified.
        texture: Texture,
    },
    /// The spots that the AI removed.
    Spots {
        /// What the preview shows.
        frame: Frame,
        /// Those that lie in it.
        rings: Vec<Ring>,
    },
}

/// A picture that is told from another by where it is in memory.
#[derive(Clone, Debug)]
pub struct Texture(Arc<RgbImage>);

impl PartialEq for Texture {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Overlay {
    /// What is to be drawn into the preview on the screen, if there is anything.
    pub fn of(model: &Model) -> Option<Self> {
        let preview: &Preview = model.current_preview()?;
        let frame = preview.frame;
        match (model.tool.as_ref()?, &preview.subject) {
            (Tool::Brush(painting), Subject::Picture) => {
                let tip = model.tip();
                let painted = &model.edit()?.recipe.masks.brush;
                let live = painting.live.as_ref().map(|(points, erase)| {
                    let mut tip = tip.clone();
                    if *erase {
                        tip.mode = BrushMode::Erase;
                    }
                    Stroke {
                        tip,
                        points: points.as_slice().into(),
                    }
                });
                Some(Overlay::Brush {
                    frame,
                    painted: painting.overlay.then(|| painted.clone()),
                    live,
                    cursor: painting.cursor,
                    radius: tip.radius,
                })
            }
            (Tool::Marquee(marquee), Subject::Donor { texture, .. }) => Some(Overlay::Marquee {
                frame,
                patch: marquee.patch,
                texture: Texture(texture.clone()),
            }),
            (Tool::Spots(walk), Subject::Picture) => {
                let (layer, spots) = preview.spots.as_ref()?;
                let kept = model.kept_spots(*layer, spots);
                Some(Overlay::Spots {
                    frame,
                    rings: rings::seen(&frame, spots, &kept, walk.at),
                })
            }
            _ => None,
        }
    }

    /// All of it as a layer over the preview, see-through where there is nothing.
    pub fn layer(&self, preview: &RgbImage) -> RgbaImage {
        let mut image = RgbaImage::new(preview.width(), preview.height());
        match self {
            Overlay::Brush {
                frame,
                painted,
                live,
                cursor,
                radius,
            } => {
                draw_coverage(&mut image, frame, painted.as_ref(), live.as_ref());
                let scale = frame.shown.width as f64 / frame.region.width as f64;
                draw_ring(
                    &mut image,
                    preview,
                    frame.to_screen(*cursor),
                    radius * scale,
                );
            }
            Overlay::Marquee {
                frame,
                patch,
                texture,
            } => {
                draw_marquee(&mut image, frame, *patch);
                draw_inset(&mut image, frame, *patch, &texture.0);
            }
            Overlay::Spots { frame, rings } => {
                for it in rings {
                    rings::draw(&mut image, frame, it);
                }
            }
        }
        image
    }
}

/// The preview with a layer over it, in one picture.
pub fn merged(preview: &RgbImage, layer: &RgbaImage) -> RgbImage {
    let mut image = preview.clone();
    for (pixel, over) in image.pixels_mut().zip(layer.pixels()) {
        let [r, g, b, alpha] = over.0;
        if alpha > 0 {
            for (sample, to) in pixel.0.iter_mut().zip([r, g, b]) {
                let (from, to) = (f32::from(*sample), f32::from(to));
                *sample = (from + f32::from(alpha) / 255.0 * (to - from)).round() as u8;
            }
        }
    }
    image
}

/// What was drawn last: it is drawn anew only when something has changed.
#[derive(Debug, Default)]
pub struct Drawn(Option<Known>);

#[derive(Debug)]
struct Known {
    preview: Arc<RgbImage>,
    overlay: Overlay,
    layer: Arc<RgbaImage>,
    merged: Option<Arc<RgbImage>>,
}

impl Drawn {
    /// The layer over the preview.
    pub fn layer(&mut self, preview: &Arc<RgbImage>, overlay: Overlay) -> Arc<RgbaImage> {
        self.known(preview, overlay).layer.clone()
    }

    /// The preview and the layer in one picture, for protocols that show one only.
    pub fn merged(&mut self, preview: &Arc<RgbImage>, overlay: Overlay) -> Arc<RgbImage> {
        let known = self.known(preview, overlay);
        let merge = || Arc::new(merged(&known.preview, &known.layer));
        known.merged.get_or_insert_with(merge).clone()
    }

    fn known(&mut self, preview: &Arc<RgbImage>, overlay: Overlay) -> &mut Known {
        let same = |it: &Known| Arc::ptr_eq(&it.preview, preview) && it.overlay == overlay;
        let kept = self.0.take().filter(same);
        self.0.insert(kept.unwrap_or_else(|| Known {
            preview: preview.clone(),
            layer: Arc::new(overlay.layer(preview)),
            overlay,
            merged: None,
        }))
    }
}

/// Tints what is painted and the line that is being drawn.
fn draw_coverage(
    image: &mut RgbaImage,
    frame: &Frame,
    painted: Option<&Brush>,
    live: Option<&Stroke>,
) {
    let scale = frame.shown.width as f64 / frame.region.width as f64;
    let region = Region::of_size(image.width() as usize, image.height() as usize);
    let on_screen = |brush: &Brush| -> Plane {
        // In the engine's terms the screen is a picture of its own, with samples on whole numbers.
        let mapped = brush.mapped(scale, |point| {
            let (x, y) = frame.to_screen(point);
            [x - 0.5, y - 0.5]
        });
        let plane = mapped.coverage(region, &Cancel::default());
        if brush.invert {
            plane.map(|it| 1.0 - it)
        } else {
            plane
        }
    };
    match (painted, live) {
        (Some(painted), live) => {
            let mut brush = painted.clone();
            brush.strokes.extend(live.cloned());
            tint(image, &on_screen(&brush), COVERED);
        }
        (None, Some(live)) => {
            let erases = live.tip.mode == BrushMode::Erase;
            let mut line = live.clone();
            line.tip.mode = BrushMode::Add;
            let brush = Brush {
                invert: false,
                strokes: vec![line],
            };
            let colour = if erases { ERASED } else { COVERED };
            tint(image, &on_screen(&brush), colour);
        }
        (None, None) => {}
    }
}

fn tint(image: &mut RgbaImage, coverage: &Plane, [r, g, b]: [u8; 3]) {
    for (pixel, coverage) in image.pixels_mut().zip(coverage.samples()) {
        let alpha = (COVERAGE_STRENGTH * coverage * 255.0).round() as u8;
        if alpha > 0 {
            pixel.0 = [r, g, b, alpha];
        }
    }
}

/// The outline of the tip, and a cross in its middle.
fn draw_ring(image: &mut RgbaImage, preview: &RgbImage, (x, y): (f64, f64), radius: f64) {
    // On a coarse screen both together would be a blot.
    let has_ring = radius >= 1.5;
    let has_cross = !has_ring || radius >= 7.0;
    let reach = radius.max(3.0) + 1.0;
    let (width, height) = (f64::from(image.width()), f64::from(image.height()));
    let span = |middle: f64, length: f64| {
        let first = (middle - reach).max(0.0) as u32;
        let end = (middle + reach + 1.0).clamp(0.0, length) as u32;
        first..end
    };
    for row in span(y, height) {
        for column in span(x, width) {
            let (dx, dy) = (f64::from(column) + 0.5 - x, f64::from(row) + 0.5 - y);
            let on_ring = has_ring && (dx.hypot(dy) - radius).abs() < 0.6;
            let arm = |along: f64, across: f64| {
                has_cross && across.abs() <= 0.5 && (1.0..=3.0).contains(&along.abs())
            };
            if on_ring || arm(dx, dy) || arm(dy, dx) {
                let under = preview.get_pixel(column, row).0;
                image.put_pixel(column, row, contrast(under));
            }
        }
    }
}

/// White on dark, black on light.
fn contrast(under: [u8; 3]) -> Rgba<u8> {
    let [r, g, b] = under.map(f32::from);
    let light = 0.30 * r + 0.59 * g + 0.11 * b > 127.0;
    if light { BLACK } else { WHITE }
}

/// The outline of the patch.
fn draw_marquee(image: &mut RgbaImage, frame: &Frame, patch: Rectangle) {
    let edge = |at: u32| f64::from(at) - 0.5;
    let from = frame.to_screen([edge(patch.x), edge(patch.y)]);
    let to = frame.to_screen([edge(patch.x + patch.width), edge(patch.y + patch.height)]);
    let size = image.dimensions();
    draw_dashes(from, to, size, |x, y, [r, g, b]| {
        image.put_pixel(x, y, Rgba([r, g, b, 255]));
    });
}

/// The outermost pixels of a rectangle in dashes of black and white, as far as they lie in a picture of
/// this size.
pub fn draw_dashes(
    (left, top): (f64, f64),
    (right, bottom): (f64, f64),
    size: (u32, u32),
    mut put: impl FnMut(u32, u32, [u8; 3]),
) {
    let (left, top) = (left.floor() as i64, top.floor() as i64);
    let (right, bottom) = (
        (right.ceil() as i64 - 1).max(left),
        (bottom.ceil() as i64 - 1).max(top),
    );
    let mut dot = |x: i64, y: i64| {
        let (Ok(column), Ok(row)) = (u32::try_from(x), u32::try_from(y)) else {
            return;
        };
        if column < size.0 && row < size.1 {
            let dark = (x + y).rem_euclid(2 * DASH) < DASH;
            put(column, row, if dark { [0; 3] } else { [255; 3] });
        }
    };
    for x in left..=right {
        dot(x, top);
        dot(x, bottom);
    }
    for y in top..=bottom {
        dot(left, y);
        dot(right, y);
    }
}

/// The corner of a picture for an inset that lies as far as possible from a place; `None` if there is no
/// room.
pub fn inset_corner(
    (x, y): (f64, f64),
    (width, height): (u32, u32),
    inset: (u32, u32),
) -> Option<(u32, u32)> {
    let far = |at: f64, length: u32, inset: u32| {
        let end = length.checked_sub(inset)?;
        Some(if at > f64::from(length) / 2.0 { 0 } else { end })
    };
    Some((far(x, width, inset.0)?, far(y, height, inset.1)?))
}

/// The texture of the patch, framed, in the corner that is farthest from the patch.
fn draw_inset(image: &mut RgbaImage, frame: &Frame, patch: Rectangle, texture: &RgbImage) {
    let middle = frame.to_screen([
        f64::from(patch.x) + f64::from(patch.width) / 2.0,
        f64::from(patch.y) + f64::from(patch.height) / 2.0,
    ]);
    let (width, height) = (texture.width() + 2, texture.height() + 2);
    let Some((left, top)) = inset_corner(middle, image.dimensions(), (width, height)) else {
        return;
    };
    for row in 0..height {
        for column in 0..width {
            let inside = (1..width - 1).contains(&column) && (1..height - 1).contains(&row);
            let pixel = if inside {
                let [r, g, b] = texture.get_pixel(column - 1, row - 1).0;
                Rgba([r, g, b, 255])
            } else {
                WHITE
            };
            image.put_pixel(left + column, top + row, pixel);
        }
    }
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::engine::masks::Tip;
    use crate::tui::geometry::Size;

    /// The left half of a picture of 200×100 pixels, shown at half its size.
    const FRAME: Frame = Frame {
        region: Region {
            x: 0,
            y: 0,
            width: 100,
            height: 100,
        },
        shown: Size {
            width: 50,
            height: 50,
        },
        scale: 0.5,
    };

    fn grey() -> RgbImage {
        RgbImage::from_pixel(50, 50, Rgb([100; 3]))
    }

    fn drawn(overlay: &Overlay, preview: &RgbImage) -> RgbImage {
        merged(preview, &overlay.layer(preview))
    }

    fn dot(mode: BrushMode, x: f64, y: f64) -> Stroke {
        Stroke {
            tip: Tip {
                mode,
                radius: 12.0,
                hardness: 100.0,
                opacity: 100.0,
            },
            points: [[x, y]].into(),
        }
    }

    fn brush(painted: Option<Vec<Stroke>>, live: Option<Stroke>) -> Overlay {
        Overlay::Brush {
            frame: FRAME,
            painted: painted.map(|strokes| Brush {
                invert: false,
                strokes,
            }),
            live,
            cursor: [80.5, 20.5],
            radius: 10.0,
        }
    }

    #[test]
    fn what_is_painted_is_red_where_it_is_in_the_picture() {
        let overlay = brush(Some(vec![dot(BrushMode::Add, 40.5, 60.5)]), None);
        let image = drawn(&overlay, &grey());
        let red = Rgb([193, 40, 40]);
        assert_eq!(*image.get_pixel(20, 30), red);
        assert_eq!(*image.get_pixel(24, 30), red);
        assert_eq!(*image.get_pixel(28, 30), Rgb([100; 3]));
    }

    #[test]
    fn a_line_that_is_drawn_adds_and_erases_at_once() {
        let painted = vec![dot(BrushMode::Add, 40.5, 60.5)];
        let erased = brush(Some(painted), Some(dot(BrushMode::Erase, 40.5, 60.5)));
        assert_eq!(*drawn(&erased, &grey()).get_pixel(20, 30), Rgb([100; 3]));
        let hidden = brush(None, Some(dot(BrushMode::Erase, 40.5, 60.5)));
        assert_eq!(
            *drawn(&hidden, &grey()).get_pixel(20, 30),
            Rgb([40, 98, 193])
        );
    }

    #[test]
    fn the_ring_is_seen_on_dark_and_on_light() {
        for (ground, ring) in [(30, 255), (220, 0)] {
            let ground = RgbImage::from_pixel(50, 50, Rgb([ground; 3]));
            let image = drawn(&brush(None, None), &ground);
            // The cursor is at 40.5, 10.5 on the screen, and the radius 5 pixels there.
            assert_eq!(*image.get_pixel(45, 10), Rgb([ring; 3]));
            assert_eq!(*image.get_pixel(40, 15), Rgb([ring; 3]));
            assert_eq!(image.get_pixel(48, 10), ground.get_pixel(48, 10));
        }
    }

    #[test]
    fn the_marquee_is_an_outline_with_its_texture_in_the_far_corner() {
        let texture = Arc::new(RgbImage::from_pixel(10, 8, Rgb([7, 8, 9])));
        let overlay = Overlay::Marquee {
            frame: FRAME,
            patch: Rectangle {
                x: 10,
                y: 20,
                width: 40,
                height: 30,
            },
            texture: Texture(texture),
        };
        let image = drawn(&overlay, &grey());
        let is_line = |x, y| matches!(image.get_pixel(x, y).0, [0, 0, 0] | [255, 255, 255]);
        // 5..25 by 10..25 on the screen.
        for (x, y) in [(5, 10), (24, 10), (5, 24), (24, 24), (12, 10), (5, 20)] {
            assert!(is_line(x, y), "{x},{y}");
        }
        assert_eq!(*image.get_pixel(12, 17), Rgb([100; 3]));
        assert_eq!(*image.get_pixel(25, 17), Rgb([100; 3]));
        // The patch is in the upper left, so the inset is in the lower right.
        assert_eq!(*image.get_pixel(48, 48), Rgb([7, 8, 9]));
        assert_eq!(*image.get_pixel(49, 49), Rgb([255; 3]));
    }

    #[test]
    fn the_same_is_drawn_once() {
        let mut drawn = Drawn::default();
        let preview = Arc::new(grey());
        let first = drawn.merged(&preview, brush(None, None));
        assert!(Arc::ptr_eq(
            &first,
            &drawn.merged(&preview, brush(None, None))
        ));
        let line = brush(None, Some(dot(BrushMode::Add, 5.0, 5.0)));
        assert!(!Arc::ptr_eq(&first, &drawn.merged(&preview, line)));
    }
}
