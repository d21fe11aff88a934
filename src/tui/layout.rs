//! Where everything is on the screen: used to draw, and to find what the mouse points at.

use ratatui::layout::Rect;

use super::geometry::Size;

/// The smallest terminal that the interface works in.
pub const SMALLEST: Size = Size {
    width: 60,
    height: 20,
};

/// From this width on the three panes stand side by side.
const SIDE_BY_SIDE: u16 = 80;
/// Columns of list and parameters where one stands above the other.
const STACKED: u16 = 30;

/// The rectangles of the screen, in cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The list of pictures with its border.
    pub pictures: Rect,
    /// The preview with its border.
    pub preview: Rect,
    /// The picture inside the preview, which only the picture's printer draws into.
    pub picture: Rect,
    /// The layer stack with its border.
    pub parameters: Rect,
    /// What happens.
    pub status: Rect,
    /// What the keys do.
    pub hints: Rect,
}

/// Columns of a setting's name.
const NAME_WIDTH: u16 = 15;
/// Columns of a setting's value.
const VALUE_WIDTH: u16 = 9;

impl Layout {
    /// The rectangles of a screen; `None` if it is too small.
    pub fn of(screen: Size) -> Option<Self> {
        if screen.width < SMALLEST.width || screen.height < SMALLEST.height {
            return None;
        }
        let width = u16::try_from(screen.width).ok()?;
        let height = u16::try_from(screen.height).ok()?;
        let (status, hints) = (
            Rect::new(0, height - 2, width, 1),
            Rect::new(0, height - 1, width, 1),
        );
        if width < SIDE_BY_SIDE {
            let preview = Rect::new(0, 0, width - STACKED, height - 2);
            let list = (height / 4).clamp(5, 8);
            return Some(Self {
                pictures: Rect::new(preview.width, 0, STACKED, list),
                preview,
                picture: inner(preview),
                parameters: Rect::new(preview.width, list, STACKED, height - 2 - list),
                status,
                hints,
            });
        }
        let left = (width / 5).clamp(18, 32);
        let right = (width * 3 / 10).clamp(32, 44);
        let body = height - 2;
        let pictures = Rect::new(0, 0, left, body);
        let preview = Rect::new(left, 0, width - left - right, body);
        Some(Self {
            pictures,
            preview,
            picture: inner(preview),
            parameters: Rect::new(width - right, 0, right, body),
            status,
            hints,
        })
    }

    /// Where the slider is in a row of a setting: its first column and its width.
    pub fn slider(row: Rect) -> (u16, u16) {
        let start = row.x + NAME_WIDTH;
        let width = row.width.saturating_sub(NAME_WIDTH + VALUE_WIDTH);
        (start, width)
    }
}

/// A rectangle without its border.
pub fn inner(rect: Rect) -> Rect {
    Rect::new(
        rect.x + 1,
        rect.y + 1,
        rect.width.saturating_sub(2),
        rect.height.saturating_sub(2),
    )
}

/// Whether a cell lies in a rectangle.
pub fn hits(rect: Rect, column: u16, row: u16) -> bool {
    (rect.x..rect.right()).contains(&column) && (rect.y..rect.bottom()).contains(&row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_panes_share_the_screen_without_overlap() {
        for (width, height) in [(80, 24), (120, 40), (300, 100)] {
            let layout = Layout::of(Size::new(width, height)).expect("large enough");
            assert_eq!(layout.pictures.right(), layout.preview.x);
            assert_eq!(layout.preview.right(), layout.parameters.x);
            assert_eq!(usize::from(layout.parameters.right()), width);
            assert_eq!(layout.preview.bottom(), layout.status.y);
            assert_eq!(usize::from(layout.hints.bottom()), height);
        }
    }

    #[test]
    fn on_a_narrow_screen_the_list_is_above_the_parameters() {
        for (width, height) in [(60, 20), (79, 24), (70, 60)] {
            let layout = Layout::of(Size::new(width, height)).expect("large enough");
            assert_eq!(layout.preview.right(), layout.pictures.x);
            assert_eq!(layout.pictures.bottom(), layout.parameters.y);
            assert_eq!(layout.pictures.x, layout.parameters.x);
            assert_eq!(usize::from(layout.parameters.right()), width);
            assert_eq!(layout.preview.bottom(), layout.parameters.bottom());
            assert_eq!(layout.preview.bottom(), layout.status.y);
            assert!(inner(layout.pictures).height >= 3);
            assert!(Layout::slider(inner(layout.parameters)).1 >= 4);
        }
    }

    #[test]
    fn a_small_screen_has_no_layout() {
        assert_eq!(Layout::of(Size::new(59, 20)), None);
        assert_eq!(Layout::of(Size::new(60, 19)), None);
    }
}
