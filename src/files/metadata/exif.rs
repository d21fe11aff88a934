//! EXIF blocks (CIPA DC-008): their orientation, and what they share with the tags of a TIFF.

use std::io::Cursor;

use image::metadata::Orientation;

use super::ifd::{self, ByteOrder, Directories, Directory, Place};

/// The orientation that a block names, if it does and means something.
pub fn orientation(block: &[u8]) -> Option<Orientation> {
    let directories = Directories::read(&mut Cursor::new(block)).ok()?;
    Orientation::from_exif(u8::try_from(number(&directories)?).ok()?)
}

/// The number of the orientation.
fn number(directories: &Directories) -> Option<u64> {
    let field = directories.list.first()?.get(ifd::ORIENTATION)?;
    field.number(directories.order)
}

/// Whether a picture of this orientation is stored with its sides exchanged.
pub fn lies_on_its_side(orientation: u64) -> bool {
    (5..=8).contains(&orientation)
}

/// Says that the picture, which is stored as the block tells, stands upright now: its orientation, in the thumbnail's
/// directory too, and its sides; a thumbnail that would lie is left out. Nothing else is touched.
pub fn make_upright(block: &mut [u8]) {
    let Ok(directories) = Directories::read(&mut Cursor::new(&*block)) else {
        return;
    };
    let (order, stance) = (directories.order, &directories.stance);
    let orientation = number(&directories).unwrap_or(1);
    let mut changes: Vec<(Place, u64)> = Vec::new();
    changes.extend(stance.orientations.iter().map(|it| (*it, 1)));
    changes.extend(
        stance
            .second
            .filter(|_| (2..=8).contains(&orientation))
            .map(|it| (it, 0)),
    );
    if let ([Some(width), Some(height)], true) = (stance.sides, lies_on_its_side(orientation)) {
        let number = |it: Place| order.number(&block[it.range()]);
        let exchanged = [(width, number(height)), (height, number(width))];
        let fits = |(place, number): &(Place, u64)| {
            order.number(&order.bytes(*number, place.width)) == *number
        };
        if exchanged.iter().all(fits) {
            changes.extend(exchanged);
        }
    }
    for (place, number) in changes {
        block[place.range()].copy_from_slice(&order.bytes(number, place.width));
    }
}

/// The tags of a block that a TIFF can hold, in the block's byte order: all but its thumbnail.
pub fn to_tiff(block: &[u8]) -> Option<(ByteOrder, Directory)> {
    let directories = Directories::read(&mut Cursor::new(block)).ok()?;
    let first = directories.list.into_iter().next()?;
    Some((directories.order, first))
}

/// Whether a block has a thumbnail: a second directory.
pub fn has_thumbnail(block: &[u8]) -> bool {
    Directories::read(&mut Cursor::new(block)).is_ok_and(|it| it.list.len() > 1)
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
            stance: Default::default(),
        };
        let mut block = directories.to_bytes();
        assert_eq!(orientation(&block), Some(Orientation::Rotate90));
        let before = block.clone();
        make_upright(&mut block);
        assert_eq!(orientation(&block), Some(Orientation::NoTransforms));
        let changed = block.iter().zip(&before).filter(|(a, b)| a != b).count();
        assert_eq!(
            changed, 3,
            "one byte in each directory, and in what leads to the second"
        );
        // What stands upright stays as it is.
        let upright = block.clone();
        make_upright(&mut block);
        assert_eq!(block, upright);
    }

    /// A thumbnail of a picture that was turned would lie on its side.
    #[test]
    fn a_turned_picture_has_its_sides_exchanged_and_no_thumbnail() {
        let order = ByteOrder::Little;
        let number = |kind, value| Field::numbers(kind, order, &[value]);
        let block = |stored: u64, sides: [(u16, u64); 2]| {
            let [(first, width), (second, height)] = sides;
            let exif = Directory {
                fields: vec![
                    (0xA002, number(first, width)),
                    (0xA003, number(second, height)),
                ],
                below: Vec::new(),
            };
            let picture = Directory {
                fields: vec![(ifd::ORIENTATION, number(SHORT, stored))],
                below: vec![(ifd::EXIF, exif)],
            };
            Directories {
                order,
                width: Width::Classic,
                list: vec![picture, Directory::default()],
                stance: Default::default(),
            }
            .to_bytes()
        };
        for (stored, expected, directories) in
            [(1, [40, 30], 2), (3, [40, 30], 1), (6, [30, 40], 1)]
        {
            let mut block = block(stored, [(SHORT, 40), (ifd::LONG, 30)]);
            make_upright(&mut block);
            let read = Directories::read(&mut Cursor::new(&block)).expect("a block");
            let exif = &read.list[0].below[0].1;
            let sides = [0xA002, 0xA003].map(|it| exif.get(it).and_then(|it| it.number(order)));
            assert_eq!(sides, expected.map(Some), "stored {stored}");
            assert_eq!(read.list.len(), directories, "stored {stored}");
        }
    }

    #[test]
    fn nonsense_is_no_orientation() {
        for block in [&b""[..], b"II", b"II*\0\x08\0\0\0", b"Exif\0\0MM\0*"] {
            assert_eq!(orientation(block), None);
            make_upright(&mut block.to_vec());
        }
    }
}
