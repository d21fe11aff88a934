//! Spots that the AI removed: pimples, scars and moles that the original has and the picture has not. They are found
//! as blobs in the difference of the two that stand out from the pores around them, and healed in the original before
//! its texture is taken, so that neither they nor the ring that a high pass makes around them come back.

mod blobs;
mod find;
mod fit;
mod heal;
mod pores;
mod usual;

pub use find::{LikelySkin, find};
pub use heal::heal;

/// A place where the AI removed something on purpose.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spot {
    /// Its middle, in pixels of the picture.
    pub x: f64,
    /// Its middle, in pixels of the picture.
    pub y: f64,
    /// How far it reaches, in pixels of the picture.
    pub radius: f64,
    /// How far it stands out from the pores around it, in their standard deviations.
    pub strength: f64,
    /// How much longer than wide it is.
    pub stretch: Stretch,
}

/// Longer one way than the other: an ellipse with the area of a circle.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// The long way: a vector of length 1.
    along: [f64; 2],
    /// Half the long axis over that of the circle, and that of the circle over half the short one: 1 is round.
    factor: f64,
}

impl Stretch {
    /// As wide as long.
    pub const NONE: Self = Self {
        along: [1.0, 0.0],
        factor: 1.0,
    };

    /// As many times as long as wide, the long way turned by an angle, in radians from right to down.
    pub fn new(times: f64, angle: f64) -> Self {
        Self {
            along: [libm::cos(angle), libm::sin(angle)],
            factor: times.sqrt(),
        }
    }

    /// How many times the radius of the circle it reaches.
    pub fn factor(&self) -> f64 {
        self.factor
    }

    /// The places of a row in a measure in which the ellipse is the circle: the first, given by how far it is from the
    /// middle, and how far it is from each to the next.
    fn along_row(&self, [x, y]: [f64; 2]) -> ([f32; 2], [f32; 2]) {
        let [dx, dy] = self.along;
        let measured = |x: f64, y: f64| {
            let along = (x * dx + y * dy) / self.factor;
            [along as f32, ((y * dx - x * dy) * self.factor) as f32]
        };
        (measured(x, y), measured(1.0, 0.0))
    }

    /// How far a place is from the middle, in a measure in which the ellipse is the circle.
    pub fn distance(&self, [x, y]: [f64; 2]) -> f64 {
        let along = (x * self.along[0] + y * self.along[1]) / self.factor;
        let across = (y * self.along[0] - x * self.along[1]) * self.factor;
        (along * along + across * across).sqrt()
    }
}

impl Spot {
    /// How far its middle is from a place, in pixels: less along a spot that is long, more across it.
    pub fn distance(&self, [x, y]: [f64; 2]) -> f64 {
        self.stretch.distance([x - self.x, y - self.y])
    }

    /// How far it reaches the long way, in pixels.
    pub fn reach(&self) -> f64 {
        self.radius * self.stretch.factor()
    }

    /// The same spot in a copy of the picture; `factor` pixels stand for one of the copy's.
    pub fn reduced(&self, factor: f64) -> Self {
        Self {
            x: (self.x + 0.5) / factor - 0.5,
            y: (self.y + 0.5) / factor - 0.5,
            radius: self.radius / factor,
            ..*self
        }
    }
}

/// Within this distance a place names a spot whatever its size, in pixels.
const NEAR: f64 = 1.5;

/// The spots that are named by `places`, by position in the list: for each place the nearest one that it lies in.
/// Places where there is none name nothing.
pub fn named(spots: &[Spot], places: &[[f64; 2]]) -> Vec<bool> {
    let mut named = vec![false; spots.len()];
    for place in places {
        let distances = spots.iter().map(|it| it.distance(*place)).enumerate();
        let nearest = distances.min_by(|(_, a), (_, b)| a.total_cmp(b));
        if let Some((at, distance)) = nearest
            && distance <= spots[at].radius.max(NEAR)
        {
            named[at] = true;
        }
    }
    named
}

#[cfg(test)]
mod tests;
