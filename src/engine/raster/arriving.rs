//! Pictures that arrive from top to bottom, while others work on the rows that are there.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::Samples;

/// Makes the rows of a picture when they are asked for.
///
/// It may be asked from many threads at once. Whoever asks may have to wait for another one of them, or does the work
/// himself: never for a thread that is not at work already.
pub trait Rows: fmt::Debug + Send + Sync {
    /// Pieces that hold these rows, from top to bottom. Rows that were let go are made again, which takes long.
    fn read(&self, rows: Range<usize>) -> Vec<Piece>;

    /// Says that no row above this one is going to be asked for again, so that its memory can be used for others.
    fn let_go(&self, above: usize);

    /// All samples.
    fn whole(&self) -> Samples;
}

/// Some rows of a picture.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Which ones.
    pub rows: Range<usize>,
    /// Their interleaved samples, in whole rows.
    pub samples: Arc<Samples>,
}

/// A sample as pictures store it.
pub(super) trait Stored: Copy {
    /// Samples of this kind; none of another.
    fn of(samples: &Samples) -> &[Self];
}

impl Stored for u8 {
    fn of(samples: &Samples) -> &[Self] {
        match samples {
            Samples::Eight(it) => it,
            _ => &[],
        }
    }
}

impl Stored for u16 {
    fn of(samples: &Samples) -> &[Self] {
        match samples {
            Samples::Sixteen(it) => it,
            _ => &[],
        }
    }
}

impl Stored for f32 {
    fn of(samples: &Samples) -> &[Self] {
        match samples {
            Samples::Float(it) => it,
            _ => &[],
        }
    }
}

/// Some rows of a picture, wherever they are.
#[derive(Clone, Debug)]
pub(super) enum Held<'a> {
    /// In the picture as a whole.
    Whole(&'a Samples),
    /// In pieces that arrived.
    Pieces(Vec<Piece>),
}

impl Held<'_> {
    /// One of the rows, which has so many samples.
    pub fn row<T: Stored>(&self, y: usize, length: usize) -> &[T] {
        match self {
            Held::Whole(samples) => &T::of(samples)[y * length..][..length],
            Held::Pieces(pieces) => {
                let piece = pieces.iter().find(|it| it.rows.contains(&y));
                let piece = piece.expect("the rows that were asked for");
                &T::of(&piece.samples)[(y - piece.rows.start) * length..][..length]
            }
        }
    }
}
