//! Rectangles of whole pixels inside a picture.

/// A rectangle of pixels; the origin is the picture's top left corner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region {
    /// Left edge, in pixels.
    pub x: usize,
    /// Top edge, in pixels.
    pub y: usize,
    /// Width, in pixels.
    pub width: usize,
    /// Height, in pixels.
    pub height: usize,
}

impl Region {
    /// A rectangle from its left, top, width and height.
    pub fn new(x: usize, y: usize, width: usize, height: usize) -> Self {
        Self {
            x,
            y,
            width,
            height,
        }
    }

    /// A whole picture of this size.
    pub fn of_size(width: usize, height: usize) -> Self {
        Self::new(0, 0, width, height)
    }

    /// The first column right of the region.
    pub fn right(&self) -> usize {
        self.x + self.width
    }

    /// The first row below the region.
    pub fn bottom(&self) -> usize {
        self.y + self.height
    }

    /// Whether it holds no pixel.
    pub fn is_empty(&self) -> bool {
        self.width == 0 || self.height == 0
    }

    /// Whether every pixel of `other` lies inside.
    pub fn contains(&self, other: &Region) -> bool {
        other.x >= self.x
            && other.y >= self.y
            && other.right() <= self.right()
            && other.bottom() <= self.bottom()
    }

    /// The same pixels counted from the corner of another region, which must contain it.
    pub fn seen_from(&self, other: &Region) -> Region {
        Region::new(self.x - other.x, self.y - other.y, self.width, self.height)
    }

    /// The part of it that lies inside `bounds`.
    pub fn within(&self, bounds: &Region) -> Region {
        let x = self.x.clamp(bounds.x, bounds.right());
        let y = self.y.clamp(bounds.y, bounds.bottom());
        Region {
            x,
            y,
            width: self.right().clamp(x, bounds.right()) - x,
            height: self.bottom().clamp(y, bounds.bottom()) - y,
        }
    }

    /// Grown by `halo` pixels on every side, as far as `bounds` allows.
    pub fn expanded(&self, halo: usize, bounds: &Region) -> Region {
        let x = self.x.saturating_sub(halo).max(bounds.x);
        let y = self.y.saturating_sub(halo).max(bounds.y);
        Region {
            x,
            y,
            width: self.right().saturating_add(halo).min(bounds.right()) - x,
            height: self.bottom().saturating_add(halo).min(bounds.bottom()) - y,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_halo_stops_at_the_picture() {
        let picture = Region::of_size(10, 8);
        let tile = Region::new(2, 3, 4, 4);
        assert_eq!(tile.expanded(3, &picture), Region::new(0, 0, 9, 8));
        assert_eq!(tile.expanded(usize::MAX, &picture), picture);
    }

    #[test]
    fn what_lies_outside_is_cut_off() {
        let picture = Region::of_size(10, 8);
        assert_eq!(
            Region::new(6, 6, 9, 9).within(&picture),
            Region::new(6, 6, 4, 2)
        );
        assert!(Region::new(20, 0, 5, 5).within(&picture).is_empty());
    }
}
