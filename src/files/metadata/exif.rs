//! EXIF blocks (CIPA DC-008): their orientation, and what they share with the tags of a TIFF.

use std::io::Cursor;

use image::metadata::Orientation;

use super::ifd::{self, ByteOrder, Directories, Directory};

/// The orientation that a block names, if it does and means something.
pub fn orientation(block: &[u8]) -> Option<Orientation> {
    let directories = Directories::read(&mut Cursor::new(block)).ok()?;
    let field = directories.list.first()?.get(ifd::ORIENTATION)?;
    let number = field.number(directories.order)?;
    Orientation::from_exif(u8::try_from(number).ok()?)
}

/// Sets the orientation to upright, in the thumbnail's directory too. Nothing else is touched.
pub fn make_upright(block: &mut [u8]) {
    let Ok(directories) = Directories::read(&mut Cursor::new(&*block)) else {
        return;
    };
    for place in directories.orientations {
        let upright = directories.order.bytes(1, place.width);
        let at = place.offset as usize;
        block[at..at + place.width].copy_from_slice(&upright);
    }
}

/// The tags of a block that a TIFF can hold, in the block's byte order: all but its thumbnail.
pub fn to_tiff(block: &[u8]) -> Option<(ByteOrder, Directory)> {
    let directories = Directories::read(&mut Cursor::new(block)).ok()?;
    let first = directories.list.into_iter().next()?;
    Some((directories.order, first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ifd::{Field, SHORT, Width};

    #[test]
    fn the_orientation_is_set_upright_in_place() {
        let order = ByteOrder::Big;
        let turned = Directory {
            fields: vec![
                (ifd::ORIENTATION, Field::numbers(SHORT, order, &[6])),
                (0x010E, Field::bytes(2, b"as it was\0".to_vec())),
            ],
            below: Vec::new(),
        };
        let directories = Directories {
            order,
            width: Width::Classic,
            list: vec![turned.clone(), turned],
            orientations: Vec::new(),
        };
        let mut block = directories.to_bytes();
        assert_eq!(orientation(&block), Some(Orientation::Rotate90));
        let before = block.clone();
        make_upright(&mut block);
        assert_eq!(orientation(&block), Some(Orientation::NoTransforms));
        let changed = block.iter().zip(&before).filter(|(a, b)| a != b).count();
        assert_eq!(changed, 2, "one byte in each directory");
    }

    #[test]
    fn nonsense_is_no_orientation() {
        for block in [&b""[..], b"II", b"II*\0\x08\0\0\0", b"Exif\0\0MM\0*"] {
            assert_eq!(orientation(block), None);
            make_upright(&mut block.to_vec());
        }
    }
}
