//! How many pixels lie on an inch or centimetre of paper, in the words of each format.

use super::ifd::{ByteOrder, Directory, Field, RATIONAL, SHORT};

const X: u16 = 0x011A;
const Y: u16 = 0x011B;
const UNIT: u16 = 0x0128;

const CM_PER_INCH: f64 = 2.54;

/// Pixels per inch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Resolution {
    /// Across.
    pub x: f64,
    /// Down.
    pub y: f64,
}

impl Resolution {
    fn new(x: f64, y: f64) -> Option<Self> {
        let sound = |it: f64| it.is_finite() && it > 0.0;
        (sound(x) && sound(y)).then(|| Self {
            x: exact(x),
            y: exact(y),
        })
    }

    /// From the first segment of a JPEG, behind its signature.
    pub fn from_jfif(data: &[u8]) -> Option<Self> {
        let &[_, _, unit, x1, x0, y1, y0] = data.first_chunk()?;
        let factor = match unit {
            1 => 1.0,
            2 => CM_PER_INCH,
            _ => return None,
        };
        let density = |high, low| f64::from(u16::from_be_bytes([high, low])) * factor;
        Self::new(density(x1, x0), density(y1, y0))
    }

    /// From the `pHYs` chunk of a PNG.
    pub fn from_png(data: &[u8]) -> Option<Self> {
        let &[a, b, c, d, e, f, g, h, unit] = data.first_chunk()?;
        let per_inch = |bytes| f64::from(u32::from_be_bytes(bytes)) * CM_PER_INCH / 100.0;
        (unit == 1).then(|| Self::new(per_inch([a, b, c, d]), per_inch([e, f, g, h])))?
    }

    /// From the tags of a TIFF or an EXIF block.
    pub fn from_tags(directory: &Directory, order: ByteOrder) -> Option<Self> {
        let factor = match directory.get(UNIT).and_then(|it| it.number(order)) {
            Some(2) | None => 1.0,
            Some(3) => CM_PER_INCH,
            Some(_) => return None,
        };
        let ratio = |tag| {
            let field: &Field = directory.get(tag)?;
            let (above, below) = field.bytes.get(..8)?.split_at(4);
            (field.kind == RATIONAL)
                .then(|| factor * order.number(above) as f64 / order.number(below) as f64)
        };
        Self::new(ratio(X)?, ratio(Y)?)
    }

    /// The first segment of a JPEG, without its signature.
    pub fn to_jfif(self) -> Vec<u8> {
        let whole = |it: f64| it.round().clamp(1.0, 65_535.0) as u16;
        let mut data = vec![1, 1, 1];
        data.extend(whole(self.x).to_be_bytes());
        data.extend(whole(self.y).to_be_bytes());
        data.extend([0, 0]);
        data
    }

    /// The `pHYs` chunk of a PNG.
    pub fn to_png(self) -> Vec<u8> {
        let per_metre = |it: f64| (it * 100.0 / CM_PER_INCH).round().clamp(1.0, 2e9) as u32;
        let mut data = per_metre(self.x).to_be_bytes().to_vec();
        data.extend(per_metre(self.y).to_be_bytes());
        data.push(1);
        data
    }

    /// Puts it into the tags of a TIFF, unless they have one.
    pub fn add_to_tags(self, directory: &mut Directory, order: ByteOrder) {
        if directory.get(X).is_some() && directory.get(Y).is_some() {
            return;
        }
        let ratio = |it: f64| {
            let above = (it.min(400_000.0) * 10_000.0).round() as u64;
            let bytes = [order.bytes(above, 4), order.bytes(10_000, 4)].concat();
            Field {
                kind: RATIONAL,
                count: 1,
                bytes,
            }
        };
        directory.set(X, ratio(self.x));
        directory.set(Y, ratio(self.y));
        directory.set(UNIT, Field::numbers(SHORT, order, &[2]));
    }
}

/// A PNG counts whole pixels per metre: 11811 of them were meant to be 300 per inch.
fn exact(per_inch: f64) -> f64 {
    let whole = per_inch.round();
    if (per_inch - whole).abs() < 0.013 {
        whole
    } else {
        per_inch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_hundred_per_inch_stays_so_in_every_format() {
        let resolution = Resolution { x: 300.0, y: 72.0 };
        assert_eq!(
            Resolution::from_jfif(&resolution.to_jfif()),
            Some(resolution)
        );
        assert_eq!(Resolution::from_png(&resolution.to_png()), Some(resolution));
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let mut tags = Directory::default();
            resolution.add_to_tags(&mut tags, order);
            assert_eq!(Resolution::from_tags(&tags, order), Some(resolution));
        }
    }

    #[test]
    fn an_aspect_ratio_is_no_resolution() {
        assert_eq!(Resolution::from_jfif(&[1, 1, 0, 0, 1, 0, 1]), None);
        assert_eq!(Resolution::from_png(&[0, 0, 0, 1, 0, 0, 0, 1, 0]), None);
        assert_eq!(Resolution::from_png(&[0; 9]), None);
    }
}
