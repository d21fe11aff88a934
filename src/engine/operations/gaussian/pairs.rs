//! The latest rows of a grid, which are made two at a time.

/// Pairs of rows that were made, each of an even row and the next and in the place of its number.
#[derive(Clone, Debug)]
pub struct Pairs<T> {
    held: Vec<[Held<T>; 2]>,
}

/// A row of a grid, or one for each plane.
#[derive(Clone, Debug)]
struct Held<T> {
    /// Which one it is, if it is there.
    is: Option<isize>,
    row: T,
}

impl<T: Clone> Pairs<T> {
    /// Room for so many pairs, with rows like this one.
    pub fn new(pairs: usize, row: &T) -> Self {
        let none = || Held {
            is: None,
            row: row.clone(),
        };
        Self {
            held: (0..pairs).map(|_| [none(), none()]).collect(),
        }
    }
}

impl<T> Pairs<T> {
    /// The place of a row's pair, and which of both it is.
    fn at(&self, y: isize) -> (usize, usize) {
        let pairs = self.held.len() as isize;
        let place = y.div_euclid(2).rem_euclid(pairs);
        (place as usize, y.rem_euclid(2) as usize)
    }

    /// A row that was made.
    pub fn row(&self, y: isize) -> &T {
        let (place, which) = self.at(y);
        &self.held[place][which].row
    }

    /// Both rows of a pair, to be made, if row `y`, which is one of them, is missing.
    pub fn missing(&mut self, y: isize) -> Option<[&mut T; 2]> {
        let (place, which) = self.at(y);
        let both = &mut self.held[place];
        if both[which].is == Some(y) {
            return None;
        }
        let even = 2 * y.div_euclid(2);
        for (held, y) in both.iter_mut().zip(even..) {
            held.is = Some(y);
        }
        Some(both.each_mut().map(|it| &mut it.row))
    }

    /// Takes a row that was made, in exchange for another. It has to be made again then.
    pub fn take(&mut self, y: isize, row: &mut T) {
        let (place, which) = self.at(y);
        let held = &mut self.held[place][which];
        held.is = None;
        std::mem::swap(&mut held.row, row);
    }
}
