//! How much a picture moves in each of its finest octaves, place by place.
//!
//! A pyramid of binomial filters (Burt & Adelson 1983) whose levels lie at even positions of the picture, so that it
//! is the same wherever one begins to look. The energy of each octave is its mean square over square cells.
//!
//! It is made of [fine luma](Image::fine_luma), in whole numbers of 16 bits, of which twice as many are worked on at once as of
//! floats. What rounding adds, 0.02 of a level of 8 bits, is far below what counts as texture.

use crate::engine::operations::{Cancel, Gaussian, log2};
#[cfg(doc)]
use crate::engine::raster::Image;
use crate::engine::raster::{FINE_WHITE, Plane, Region, each, wide};

/// Side of the cells, in pixels: a pixel of the coarsest octave.
pub const CELL: usize = 1 << (OCTAVES - 1);

/// How many octaves are looked at.
pub const OCTAVES: usize = 3;

/// How far beyond its cells the pyramid reads, in pixels: two pixels on each level, rounded up to whole cells.
const REACH: usize = 4 * CELL;

/// Amplitude that is added before a logarithm is taken: a fifth of a level of 8 bits.
pub const NOTHING: f32 = 0.2 / 255.0;

/// Rows that the filter reads for one: its weights are 1, 4, 6, 4 and 1 sixteenths.
const TAPS: usize = 5;

/// Rows of luma that are read together: few, so that they stay in the nearer caches.
const ROWS_AT_ONCE: usize = 32;

/// The cells of a picture.
pub fn cells(bounds: Region) -> Region {
    Region::of_size(bounds.width.div_ceil(CELL), bounds.height.div_ceil(CELL))
}

/// Reads the [fine luma](Image::fine_luma) of a region of a picture.
type ReadLuma<'a> = dyn Fn(Region, &mut [u16]) + 'a;

/// The energy of octaves in the cells of a region, and as far around it as it is gathered from.
pub struct Octaves<const N: usize> {
    /// From the finest on; the picture's own values squared, in the cells of `from`.
    energies: [Plane; N],
    from: Region,
    to: Region,
    all: Region,
}

impl<const N: usize> Octaves<N> {
    /// The finest `N`, at most [`OCTAVES`], of the cells `to` of a picture that covers `bounds`.
    ///
    /// They can be gathered by Gaussians of up to `widest` pixels. `luma` reads the [fine luma](Image::fine_luma) of a region of
    /// the picture.
    pub fn look(
        luma: impl Fn(Region, &mut [u16]),
        to: Region,
        bounds: Region,
        widest: f64,
    ) -> Self {
        let [octaves] = Self::look_at(&[&luma], to, bounds, widest);
        octaves
    }

    /// The same of two pictures, and last of their difference.
    pub fn look_beside(
        mine: impl Fn(Region, &mut [u16]),
        theirs: impl Fn(Region, &mut [u16]),
        (to, bounds): (Region, Region),
        widest: f64,
    ) -> [Self; 3] {
        Self::look_at(&[&mine, &theirs], to, bounds, widest)
    }

    /// The same of one picture, or of two and their difference.
    fn look_at<const COUNT: usize>(
        lumas: &[&ReadLuma],
        to: Region,
        bounds: Region,
        widest: f64,
    ) -> [Self; COUNT] {
        let all = cells(bounds);
        let from = to.expanded(Gaussian::new(widest / CELL as f64).halo(), &all);
        let pixels = Region::new(
            from.x * CELL,
            from.y * CELL,
            from.width * CELL,
            from.height * CELL,
        );
        let pixels = pixels.within(&bounds).expanded(REACH, &bounds);
        let level = |octave| Level::new(octave, (pixels, from), lumas.len(), COUNT);
        let mut levels: [Level; N] = std::array::from_fn(level);
        for y in (pixels.y..pixels.bottom()).step_by(ROWS_AT_ONCE) {
            let rows = Region::new(pixels.x, y, pixels.width, ROWS_AT_ONCE).within(&pixels);
            for (luma, room) in lumas.iter().zip(levels[0].next_rows(rows.height)) {
                luma(rows, room);
            }
            levels[0].arrived += rows.height;
            settle(&mut levels);
        }
        let mut energies = levels.map(|it| it.energies.into_iter());
        std::array::from_fn(|_| Self {
            energies: energies
                .each_mut()
                .map(|of| of.next().expect("energies of all that was looked at")),
            from,
            to,
            all,
        })
    }

    /// The energy of an octave in each cell by itself.
    pub fn cells(&self, octave: usize) -> Plane {
        let inside = Region::new(
            self.to.x - self.from.x,
            self.to.y - self.from.y,
            self.to.width,
            self.to.height,
        );
        self.energies[octave].crop(inside)
    }

    /// The energy of an octave in each cell, and as far around as they are gathered from.
    pub fn cells_gathered_from(&self, octave: usize) -> &Plane {
        &self.energies[octave]
    }

    /// The mean energy of an octave around each cell, by a Gaussian of `radius` pixels.
    pub fn energy(&self, octave: usize, radius: f64) -> Plane {
        // Beside much, a wide Gaussian may leave less than nothing.
        let energy = self.gathered(&self.energies[octave], radius);
        energy.map(|it| it.max(0.0))
    }

    /// The share of another picture's amplitude that an octave keeps around each cell. `floor` is the amplitude that counts as
    /// nothing.
    ///
    /// What is gathered is (a − b) / (a + b) of two energies: it is as far above 0 where one is larger as below where the other
    /// is, so that texture that is only another one loses nothing; and it is bounded, so that no cell outweighs its neighbours.
    pub fn kept_of(&self, other: &Self, octave: usize, floor: f32, radius: f64) -> Plane {
        let (mine, theirs) = (&self.energies[octave], &other.energies[octave]);
        let both = 2.0 * floor * floor;
        let differ = mine
            .clone()
            .zip_map(theirs, move |a, b| (a - b) / (a + b + both));
        self.gathered(&differ, radius).map(|it| {
            ((1.0 + it) / (1.0 - it).max(f32::MIN_POSITIVE))
                .max(0.0)
                .sqrt()
        })
    }

    /// The logarithms of an octave's amplitude in each cell, and as far around as they are gathered from.
    pub fn logarithms(&self, octave: usize) -> Plane {
        each([&self.energies[octave]], |[it]| {
            0.5 * log2(it + NOTHING * NOTHING)
        })
    }

    /// The mean around each cell of what is known of all that are gathered from. Of [logarithms](Self::logarithms), it is of what is
    /// everywhere, rather than in a few edges.
    pub fn around(&self, plane: &Plane, radius: f64) -> Plane {
        self.gathered(plane, radius)
    }

    /// How far the [logarithms](Self::logarithms) of two octaves vary together around each cell, from their means there:
    /// their covariance, and the variance of each.
    pub fn together(
        &self,
        [one, other]: &[Plane; 2],
        [mean, other_mean]: &[Plane; 2],
        radius: f64,
    ) -> [Plane; 3] {
        let from_means = |[one, other]: [&Plane; 2], [mean, other_mean]: [&Plane; 2]| {
            let products = each([one, other], |[one, other]| one * other);
            let of_products = self.gathered(&products, radius);
            each([&of_products, mean, other_mean], |[it, mean, other]| {
                it - mean * other
            })
        };
        [
            from_means([one, other], [mean, other_mean]),
            from_means([one, one], [mean, mean]),
            from_means([other, other], [other_mean, other_mean]),
        ]
    }

    fn gathered(&self, plane: &Plane, radius: f64) -> Plane {
        let gather = Gaussian::new(radius / CELL as f64);
        gather.blur(plane, self.from, self.to, self.all, &Cancel::default())
    }
}

/// A level of the pyramid, through which rows go from top to bottom: no more of them is in memory than the filter reads.
struct Level {
    width: usize,
    height: usize,
    /// Of each picture the last rows that came, one after the other: row `y` in place `y % places`.
    held: Vec<Vec<u16>>,
    places: usize,
    /// How many rows came, and how many of them went through the filter.
    arrived: usize,
    done: usize,
    /// The row that went through it last, of each picture.
    smooth: Vec<Vec<u16>>,
    /// Room for a row and two samples beyond each end.
    down: Vec<u16>,
    /// The mean squares of what the filter takes away, in cells of `side` pixels from `corner` on: of each picture, and of two
    /// of them the same for their difference.
    energies: Vec<Plane>,
    /// The sums of squares of each column in the row of cells that is not whole yet.
    columns: Vec<Vec<u32>>,
    corner: (usize, usize),
    side: usize,
}

impl Level {
    /// Of so many octaves above the finest, in a part of so many pictures: its pixels, and the cells that are asked for.
    fn new(octave: usize, (pixels, to): (Region, Region), pictures: usize, count: usize) -> Self {
        let (width, height) = (
            pixels.width.div_ceil(1 << octave),
            pixels.height.div_ceil(1 << octave),
        );
        // To the finest, rows come many at a time.
        let places = if octave == 0 { 2 * ROWS_AT_ONCE } else { TAPS };
        Self {
            width,
            height,
            held: vec![vec![0; width * places]; pictures],
            places,
            arrived: 0,
            done: 0,
            smooth: vec![vec![0; width]; pictures],
            down: vec![0; width + 4],
            energies: vec![Plane::filled(to.width, to.height, 0.0); count],
            columns: vec![vec![0; width]; count],
            corner: (
                (to.x * CELL - pixels.x) >> octave,
                (to.y * CELL - pixels.y) >> octave,
            ),
            side: CELL >> octave,
        }
    }

    /// Where the next rows that come are put, so many of each picture.
    fn next_rows(&mut self, count: usize) -> impl Iterator<Item = &mut [u16]> {
        let (place, width) = (self.arrived % self.places, self.width);
        let room = place * width..(place + count) * width;
        self.held
            .iter_mut()
            .map(move |held| &mut held[room.clone()])
    }

    /// Whether all came that the filter reads for the next row.
    fn is_ready(&self) -> bool {
        self.done < self.height && (self.arrived == self.height || self.arrived > self.done + 2)
    }

    /// Takes a row of each picture through the filter, and adds the squares of what it takes away. Beyond the edge the
    /// nearest pixel repeats.
    fn filter_row(&mut self) {
        let y = self.done;
        let begin = |by: isize| {
            let row = y.saturating_add_signed(by).min(self.height - 1);
            row % self.places * self.width
        };
        let begins = [-2, -1, 0, 1, 2].map(begin);
        for (held, smooth) in self.held.iter().zip(&mut self.smooth) {
            let rows = begins.map(|it| &held[it..][..self.width]);
            smooth_row(rows, &mut self.down, smooth);
        }
        let ((left, top), side) = (self.corner, self.side);
        let (columns, rows) = (self.energies[0].width(), self.energies[0].height());
        if !(top..top + rows * side).contains(&y) {
            return;
        }
        let part = left..(left + columns * side).min(self.width);
        let rows = self.held.iter().zip(&self.smooth);
        let taken = rows.map(|(held, smooth)| Taken {
            whole: &held[begins[2]..][part.clone()],
            smooth: &smooth[part.clone()],
        });
        let taken: Vec<Taken> = taken.collect();
        // Each by itself, and after them both.
        let each = taken.chunks(1).chain([taken.as_slice()]);
        for (sums, taken) in self.columns.iter_mut().zip(each) {
            let sums = &mut sums[..part.len()];
            add_squares(sums, taken);
        }
        let (row, rows) = ((y - top) / side, (y - top) % side + 1);
        if rows == side || y + 1 == self.height {
            for (energy, columns) in self.energies.iter_mut().zip(&mut self.columns) {
                let columns = &mut columns[..part.len()];
                gather(columns, rows, side, energy.row_mut(row));
                columns.fill(0);
            }
        }
    }
}

/// Takes the rows of a level through the filter as far as they came, and every second pixel of every second row of what
/// it leaves, from the first, to the next level.
fn settle(levels: &mut [Level]) {
    let [level, coarser @ ..] = levels else {
        return;
    };
    while level.is_ready() {
        level.filter_row();
        if level.done.is_multiple_of(2)
            && let Some(next) = coarser.first_mut()
        {
            for (of, out) in level.smooth.iter().zip(next.next_rows(1)) {
                every_second(of, out);
            }
            next.arrived += 1;
            settle(coarser);
        }
        level.done += 1;
    }
}

/// The middle one of five rows through the binomial filter; `down` has room for it and two samples beyond each end.
fn smooth_row(rows: [&[u16]; TAPS], down: &mut [u16], out: &mut [u16]) {
    let width = out.len();
    binomial(rows, &mut down[2..][..width]);
    let (first, last) = (down[2], down[width + 1]);
    down[..2].fill(first);
    down[width + 2..].fill(last);
    let shifted = |by: usize| &down[by..][..width];
    binomial([0, 1, 2, 3, 4].map(shifted), out);
}

/// The weighted mean of five rows, rounded.
fn binomial(rows: [&[u16]; TAPS], out: &mut [u16]) {
    let [a, b, c, d, e] = rows.map(|it| &it[..out.len()]);
    wide!({
        for (x, out) in out.iter_mut().enumerate() {
            *out = (6 * c[x] + 4 * (b[x] + d[x]) + (a[x] + e[x]) + 8) >> 4;
        }
    });
}

/// Every second sample of a row, from the first.
fn every_second(of: &[u16], out: &mut [u16]) {
    let (pairs, rest) = of.as_chunks::<2>();
    if let ([last], Some(out)) = (rest, out.last_mut()) {
        *out = *last;
    }
    let kept = out.iter_mut().zip(pairs);
    wide!({
        for (out, [kept, _]) in kept {
            *out = *kept;
        }
    });
}

/// A row of a picture, and what the filter leaves of it.
#[derive(Clone, Copy)]
struct Taken<'a> {
    whole: &'a [u16],
    smooth: &'a [u16],
}

impl<'a> Taken<'a> {
    /// The first columns of both.
    #[inline(always)]
    fn first(self, count: usize) -> (&'a [u16], &'a [u16]) {
        (&self.whole[..count], &self.smooth[..count])
    }
}

/// Adds to the sum of each column the square of what the filter takes from a picture, or of the difference of two.
fn add_squares(sums: &mut [u32], taken: &[Taken]) {
    wide!({
        // Both are below 2¹², so that nothing is lost in 16 bits, nor sixteen squares of the difference in 32.
        let less = |whole: u16, smooth: u16| whole as i16 - smooth as i16;
        let square = |it: i16| (i32::from(it) * i32::from(it)) as u32;
        let count = sums.len();
        match taken {
            [one, other] => {
                let ((one, smooth_one), (other, smooth_other)) =
                    (one.first(count), other.first(count));
                for (x, sum) in sums.iter_mut().enumerate() {
                    let unlike = less(one[x], smooth_one[x]) - less(other[x], smooth_other[x]);
                    *sum += square(unlike);
                }
            }
            taken => {
                for (whole, smooth) in taken.iter().map(|it| it.first(count)) {
                    for ((sum, whole), smooth) in sums.iter_mut().zip(whole).zip(smooth) {
                        *sum += square(less(*whole, *smooth));
                    }
                }
            }
        }
    });
}

/// The mean squares in cells of `side` columns, the last of which may be cut, from sums over so many rows of each column.
fn gather(columns: &[u32], rows: usize, side: usize, cells: &mut [f32]) {
    wide!({
        match side {
            4 => gather_by::<4>(columns, rows, cells),
            2 => gather_by::<2>(columns, rows, cells),
            _ => gather_by::<1>(columns, rows, cells),
        }
    });
}

#[inline(always)]
fn gather_by<const N: usize>(columns: &[u32], rows: usize, cells: &mut [f32]) {
    let white = f32::from(FINE_WHITE) * f32::from(FINE_WHITE);
    let one_of = |pixels: usize| 1.0 / (white * pixels as f32);
    let (wholes, cut) = columns.as_chunks::<N>();
    let weight = one_of(rows * N);
    for (cell, columns) in cells.iter_mut().zip(wholes) {
        *cell = weight * columns.iter().sum::<u32>() as f32;
    }
    if !cut.is_empty() {
        cells[wholes.len()] = one_of(rows * cut.len()) * cut.iter().sum::<u32>() as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::operations::{Random, exp2};
    use crate::engine::raster::to_fine;

    const GREY: f32 = 0.3;

    /// Noise of an amplitude around a grey.
    fn noise(width: usize, height: usize, amplitude: f32) -> Plane {
        let random = Random::new(5, 0, 0);
        let samples = (0..width * height).map(|i| random.row(i / width).signed(i % width));
        let samples = samples.map(|it| GREY + amplitude * it);
        Plane::from_samples(width, height, samples.collect())
    }

    fn look(plane: &Plane, to: Region) -> Octaves<OCTAVES> {
        let bounds = Region::of_size(plane.width(), plane.height());
        let luma = |region, out: &mut [u16]| {
            let part = plane.crop(region);
            for (out, luma) in out.iter_mut().zip(part.samples()) {
                *out = to_fine(*luma);
            }
        };
        Octaves::look(luma, to, bounds, 8.0)
    }

    fn gathered(octaves: &Octaves<OCTAVES>) -> [Plane; 4] {
        [0, 1, 2, 3].map(|i: usize| match i {
            3 => octaves.around(&octaves.logarithms(0), 8.0),
            _ => octaves.energy(i, 4.0 + 2.0 * i as f64),
        })
    }

    #[test]
    fn it_is_the_same_wherever_one_begins_to_look() {
        for (width, height) in [(203, 187), (1, 1), (9, 130)] {
            let plane = noise(width, height, 0.3);
            let all = cells(Region::of_size(width, height));
            let whole = gathered(&look(&plane, all));
            for part in [
                Region::new(0, 0, 1, 1),
                Region::new(all.width / 3, all.height / 2, 7, 5).within(&all),
                Region::new(all.width - 1, all.height - 1, 1, 1),
            ] {
                let part_of = whole.each_ref().map(|it| it.crop(part));
                assert!(gathered(&look(&plane, part)) == part_of, "{part:?}");
            }
        }
    }

    #[test]
    fn white_noise_has_the_energy_that_the_filter_takes_away() {
        let plane = noise(400, 400, 0.3);
        let octaves = look(&plane, cells(Region::of_size(400, 400)));
        // Of white noise the filter leaves the sum of its squared weights, twice its middle being correlated.
        let kept: f64 = 0.375 * 0.375 + 2.0 * (0.25 * 0.25 + 0.0625 * 0.0625);
        let variance = 0.3 * 0.3 / 3.0;
        let taken = (1.0 - 2.0 * 0.375 * 0.375 + kept * kept) * variance;
        let mean = |it: &Plane| it.samples().iter().sum::<f32>() / it.samples().len() as f32;
        let [finest, next] = [0, 1].map(|octave| octaves.energy(octave, 4.0));
        let found = f64::from(mean(&finest));
        assert!((found / taken - 1.0).abs() < 0.02, "{found} for {taken}");
        assert!(mean(&next) < 0.2 * mean(&finest));
    }

    #[test]
    fn a_few_edges_are_not_usual() {
        let mut plane = noise(200, 200, 0.02);
        let to = cells(Region::of_size(200, 200));
        let without = look(&plane, to);
        for y in 0..200 {
            plane.row_mut(y)[100] += 0.5;
        }
        let with = look(&plane, to);
        let ratio = |of: &dyn Fn(&Octaves<OCTAVES>) -> Plane| {
            let (with, without) = (of(&with), of(&without));
            with.at(25, 25) / without.at(25, 25)
        };
        assert!(ratio(&|it| it.energy(0, 8.0)) > 30.0);
        let usual = |it: &Octaves<OCTAVES>| it.around(&it.logarithms(0), 8.0).map(exp2);
        assert!(ratio(&usual) < 3.0);
    }

    #[test]
    fn texture_that_is_lost_between_edges_is_lost() {
        let grain = noise(200, 200, 0.02);
        let with_edges = |mut plane: Plane| {
            for y in 0..200 {
                for x in (0..200).step_by(12) {
                    plane.row_mut(y)[x] += 0.5;
                }
            }
            plane
        };
        let to = cells(Region::of_size(200, 200));
        let original = look(&with_edges(grain.clone()), to);
        let smoothed = look(&with_edges(grain.map(|it| GREY + 0.1 * (it - GREY))), to);
        let ratio = smoothed.energy(0, 8.0).at(25, 25) / original.energy(0, 8.0).at(25, 25);
        assert!(ratio > 0.98, "{ratio}");
        let kept = smoothed.kept_of(&original, 0, 0.0015, 8.0).at(25, 25);
        assert!(kept < 0.8, "{kept}");
        // Other grain that is as strong is no loss.
        let other = look(
            &with_edges(noise(203, 200, 0.02).crop(Region::new(3, 0, 200, 200))),
            to,
        );
        let kept = other.kept_of(&original, 0, 0.0015, 8.0).at(25, 25);
        assert!((kept - 1.0).abs() < 0.1, "{kept}");
    }

    #[test]
    fn octaves_of_noise_vary_by_themselves_and_those_of_lines_together() {
        let correlation = |plane: &Plane| {
            let whole = Region::of_size(plane.width(), plane.height());
            let octaves = look(plane, cells(whole));
            let logarithms = [0, 1].map(|octave| octaves.logarithms(octave));
            let means = logarithms.each_ref().map(|it| octaves.around(it, 8.0));
            let sums = octaves.together(&logarithms, &means, 8.0);
            let [both, one, other] = sums.map(|it| it.samples().iter().sum::<f32>());
            both / (one * other).sqrt()
        };
        let noise = noise(256, 256, 0.3);
        let mut lines = Plane::filled(256, 256, 0.5);
        for y in 0..256 {
            let row = lines.row_mut(y);
            row.iter_mut()
                .skip(y % 23)
                .step_by(23)
                .for_each(|it| *it = 0.6);
        }
        let (by_themselves, together) = (correlation(&noise), correlation(&lines));
        assert!(by_themselves < 0.4, "{by_themselves}");
        assert!(together > 0.8, "{together}");
    }
}
