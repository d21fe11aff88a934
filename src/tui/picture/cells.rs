//! The preview as cells of two pixels each, drawn into ratatui's own buffer: what it sends are the
//! cells that changed.

use std::sync::Arc;

use image::{Rgb, RgbImage};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;

use super::Colours;

/// In a draft, a cell whose samples differ by no more from those on the screen stays as it is.
const DRAFT_TOLERANCE: u8 = 4;

/// Characters from dark to light, where there are no colours.
const RAMP: &[u8] = b" .,:-=+*coaOX#%@";

/// A picture as it is on the screen.
#[derive(Clone, Debug)]
pub struct Cells {
    /// What it was made from.
    source: Arc<RgbImage>,
    /// Nothing was left as it was before.
    exact: bool,
    /// What the screen shows, which may be a little behind the source.
    shown: RgbImage,
    place: Rect,
    colours: Colours,
}

impl Cells {
    /// A picture in its place, after the one on the screen. A draft leaves cells alone that changed so
    /// little that nobody sees it; they are compared with what is on the screen, so that small
    /// steps cannot add up.
    pub fn after(
        before: Option<Self>,
        source: &Arc<RgbImage>,
        place: Rect,
        colours: Colours,
        draft: bool,
    ) -> Self {
        let before = before.filter(|it| it.place == place && it.colours == colours);
        let shown = match before {
            Some(it) if Arc::ptr_eq(&it.source, source) && (it.exact || draft) => return it,
            Some(it) if draft && it.shown.dimensions() == source.dimensions() => {
                nearly(&it.shown, source)
            }
            _ => source.as_ref().clone(),
        };
        Self {
            source: source.clone(),
            exact: !draft,
            shown,
            place,
            colours,
        }
    }

    /// The cells that it covers.
    pub fn place(&self) -> Rect {
        self.place
    }

    /// Draws the picture.
    pub fn draw(&self, buffer: &mut Buffer) {
        let area = self.place.intersection(buffer.area);
        for row in area.y..area.bottom() {
            for column in area.x..area.right() {
                let x = u32::from(column - self.place.x);
                let y = 2 * u32::from(row - self.place.y);
                let Some(above) = self.shown.get_pixel_checked(x, y) else {
                    continue;
                };
                let below = self.shown.get_pixel_checked(x, y + 1);
                let (symbol, front, back) = self.look(above, below, column, row);
                if let Some(cell) = buffer.cell_mut((column, row)) {
                    cell.set_symbol(symbol).set_fg(front).set_bg(back);
                }
            }
        }
    }

    /// The character of two pixels with its colours. The last row may have one pixel only.
    fn look(
        &self,
        above: &Rgb<u8>,
        below: Option<&Rgb<u8>>,
        column: u16,
        row: u16,
    ) -> (&'static str, Color, Color) {
        if self.colours == Colours::None {
            let light = luma(above).midpoint(below.map_or(0.0, luma));
            return (character(light), Color::Reset, Color::Reset);
        }
        let (x, y) = (u32::from(column), 2 * u32::from(row));
        let upper = self.colours.colour(above.0, x, y);
        match below.map(|it| self.colours.colour(it.0, x, y + 1)) {
            None => ("▀", upper, Color::Reset),
            // A space needs one colour only.
            Some(lower) if lower == upper => (" ", Color::Reset, upper),
            Some(lower) => ("▄", lower, upper),
        }
    }
}

/// The pixels of `source`, but those of `shown` in cells where they hardly differ.
fn nearly(shown: &RgbImage, source: &RgbImage) -> RgbImage {
    let mut out = shown.clone();
    let near = |x: u32, y: u32| match (
        shown.get_pixel_checked(x, y),
        source.get_pixel_checked(x, y),
    ) {
        (Some(a), Some(b)) => {
            let pairs = a.0.iter().zip(b.0);
            pairs
                .into_iter()
                .all(|(a, b)| a.abs_diff(b) <= DRAFT_TOLERANCE)
        }
        _ => true,
    };
    for y in (0..source.height()).step_by(2) {
        for x in 0..source.width() {
            // A cell that is sent may as well be right.
            if !(near(x, y) && near(x, y + 1)) {
                for y in [y, y + 1] {
                    if let Some(pixel) = source.get_pixel_checked(x, y) {
                        out.put_pixel(x, y, *pixel);
                    }
                }
            }
        }
    }
    out
}

/// 0..=1
fn luma(pixel: &Rgb<u8>) -> f32 {
    let [r, g, b] = pixel.0.map(f32::from);
    (0.30 * r + 0.59 * g + 0.11 * b) / 255.0
}

fn character(light: f32) -> &'static str {
    let at = (light * RAMP.len() as f32) as usize;
    let at = at.min(RAMP.len() - 1);
    std::str::from_utf8(&RAMP[at..=at]).unwrap_or(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Rect = Rect {
        x: 2,
        y: 1,
        width: 6,
        height: 4,
    };

    /// A picture of 6×7 pixels: its last row is half a cell.
    fn picture() -> RgbImage {
        RgbImage::from_fn(6, 7, |x, y| Rgb([20 * x as u8, 30 * y as u8, 9]))
    }

    fn after(before: Option<Cells>, picture: &RgbImage, draft: bool) -> Cells {
        let picture = Arc::new(picture.clone());
        Cells::after(before, &picture, PLACE, Colours::True, draft)
    }

    fn drawn(cells: &Cells) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 10, 6));
        cells.draw(&mut buffer);
        buffer
    }

    /// How many cells ratatui would send.
    fn sent(before: &Cells, after: &Cells) -> usize {
        drawn(before).diff(&drawn(after)).len()
    }

    #[test]
    fn two_pixels_share_a_cell_and_the_last_row_may_be_alone() {
        let buffer = drawn(&after(None, &picture(), false));
        let cell = &buffer[(3, 2)];
        assert_eq!(cell.symbol(), "▄");
        assert_eq!(
            (cell.bg, cell.fg),
            (Color::Rgb(20, 60, 9), Color::Rgb(20, 90, 9))
        );
        let last = &buffer[(7, 4)];
        assert_eq!((last.symbol(), last.bg), ("▀", Color::Reset));
        assert_eq!(last.fg, Color::Rgb(100, 180, 9));
        assert_eq!(buffer[(8, 4)], ratatui::buffer::Cell::EMPTY);
    }

    #[test]
    fn a_picture_larger_than_the_screen_is_cut() {
        let cells = after(None, &picture(), false);
        cells.draw(&mut Buffer::empty(Rect::new(0, 0, 4, 2)));
        cells.draw(&mut Buffer::empty(Rect::new(0, 0, 1, 1)));
    }

    #[test]
    fn only_the_cells_that_changed_are_sent() {
        let first = after(None, &picture(), false);
        let mut changed = picture();
        changed.put_pixel(4, 3, Rgb([200; 3]));
        changed.put_pixel(1, 6, Rgb([200; 3]));
        assert_eq!(
            sent(&first, &after(Some(first.clone()), &changed, false)),
            2
        );
        assert_eq!(
            sent(&first, &after(Some(first.clone()), &picture(), false)),
            0
        );
    }

    #[test]
    fn a_draft_leaves_what_hardly_changed_and_the_settled_picture_does_not() {
        let first = after(None, &picture(), false);
        let moved = |by: u8| {
            let mut moved = picture();
            moved.pixels_mut().for_each(|it| it.0[2] += by);
            moved
        };
        let draft = after(Some(first.clone()), &moved(4), true);
        assert_eq!(sent(&first, &draft), 0);
        // It is compared with what is on the screen, so that steps add up.
        let next = after(Some(draft.clone()), &moved(5), true);
        assert_eq!(sent(&first, &next), 24);
        let settled = after(Some(draft.clone()), &moved(4), false);
        assert_eq!(sent(&first, &settled), 24);
        // The same picture, which has settled meanwhile, is drawn exactly.
        let source = Arc::new(moved(4));
        let draft = Cells::after(Some(first.clone()), &source, PLACE, Colours::True, true);
        let settled = Cells::after(Some(draft), &source, PLACE, Colours::True, false);
        assert_eq!(settled.shown, *source);
    }

    #[test]
    fn without_colours_light_and_dark_are_characters() {
        let steps = RgbImage::from_fn(3, 2, |x, _| Rgb([[0; 3], [128; 3], [255; 3]][x as usize]));
        let cells = Cells::after(None, &Arc::new(steps), PLACE, Colours::None, false);
        let buffer = drawn(&cells);
        let symbols: Vec<&str> = (2..5).map(|x| buffer[(x, 1)].symbol()).collect();
        assert_eq!(symbols, [" ", "c", "@"]);
        assert!((2..5).all(|x| buffer[(x, 1)].fg == Color::Reset));
    }
}
