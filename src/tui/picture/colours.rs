//! Colours as a terminal has them: all, 256, 16 or none.
//!
//! Where there are few, neighbouring pixels share what a colour lies between: an ordered dither, which
//! depends on the place alone, so that a pixel that stays the same is sent once.

use std::fmt;

use ratatui::style::Color;

/// How many colours cells have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// 24 bits.
    True,
    /// The 256 of xterm: a cube of 6×6×6, and 24 greys.
    Indexed,
    /// The 16 that every colour terminal has.
    Sixteen,
    /// None: light and dark are told by characters.
    None,
}

impl fmt::Display for Colours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Colours::True => "24 bits",
            Colours::Indexed => "256",
            Colours::Sixteen => "16",
            Colours::None => "none",
        })
    }
}

/// The levels of a channel of the cube of 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];
/// The first of the cube's colours, behind the 16.
const CUBE_START: u8 = 16;
/// The first grey of the 24, which are 8, 18, … 238.
const GREYS_START: u8 = 232;
/// A colour whose channels differ by less has the finer steps of the greys.
const NEARLY_GREY: u8 = 10;

/// The 16 colours as xterm has them; others differ a little.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The share of a step of the cube that is dithered, around its middle: over all of it, even surfaces
/// would look like a chessboard.
const CUBE_DITHER: f32 = 1.0 / 3.0;

/// How far a dither among 16 colours moves a sample.
const SIXTEEN_SPREAD: f32 = 96.0;

/// The order in which the pixels of a square become lighter (Bayer 1973), four to a side.
const ORDER: [[u8; 4]; 4] = [[0, 8, 2, 10], [12, 4, 14, 6], [3, 11, 1, 9], [15, 7, 13, 5]];

/// What a pixel needs beyond half a step to be lighter, -½..½.
fn threshold(x: u32, y: u32) -> f32 {
    let order = ORDER[(y % 4) as usize][(x % 4) as usize];
    (f32::from(order) + 0.5) / 16.0 - 0.5
}

impl Colours {
    /// What a terminal of this name has, if it was told or promised 24 bits, and if its user wants any
    /// (`NO_COLOR`).
    pub fn of(term: &str, truecolor: bool, wanted: bool) -> Self {
        let is = |names: &[&str]| names.contains(&term);
        if !wanted || is(&["dumb", "vt100", "vt102", "vt220"]) || term.ends_with("-m") {
            Colours::None
        } else if truecolor {
            Colours::True
        } else if is(&["linux", "ansi", "cygwin", "xterm-color"]) || term.ends_with("-16color") {
            Colours::Sixteen
        } else {
            Colours::Indexed
        }
    }

    /// The colour of a pixel in its place, counted from the corner of the screen.
    pub fn colour(self, rgb: [u8; 3], x: u32, y: u32) -> Color {
        match self {
            Colours::True => Color::Rgb(rgb[0], rgb[1], rgb[2]),
            Colours::Indexed => Color::Indexed(indexed(rgb, threshold(x, y))),
            Colours::Sixteen => sixteen(rgb, threshold(x, y)),
            Colours::None => Color::Reset,
        }
    }
}

/// One of the 256 colours.
fn indexed(rgb: [u8; 3], threshold: f32) -> u8 {
    let (low, high) = (rgb.iter().min(), rgb.iter().max());
    if let (Some(low), Some(high)) = (low, high)
        && high - low < NEARLY_GREY
    {
        return grey(*low, *high, threshold);
    }
    rgb.iter().fold(0, |index, sample| {
        6 * index + cube_level(*sample, threshold)
    }) + CUBE_START
}

/// The level of the cube below or above a sample.
fn cube_level(sample: u8, threshold: f32) -> u8 {
    let above = CUBE.iter().position(|it| *it >= sample).unwrap_or(5);
    let below = above.saturating_sub(1);
    let step = f32::from((CUBE[above] - CUBE[below]).max(1));
    let share = f32::from(sample - CUBE[below]) / step;
    let chosen = if share > 0.5 + CUBE_DITHER * threshold {
        above
    } else {
        below
    };
    chosen as u8
}

fn grey(low: u8, high: u8, threshold: f32) -> u8 {
    let value = (f32::from(low) + f32::from(high)) / 2.0;
    let at = ((value - 8.0) / 10.0 + 0.5 - threshold).floor();
    match at as i32 {
        i32::MIN..0 => CUBE_START,
        at @ 0..24 => GREYS_START + at as u8,
        // White is the cube's.
        _ => GREYS_START - 1,
    }
}

/// One of the 16 colours: the nearest to the dithered one, as eyes weigh the channels.
fn sixteen(rgb: [u8; 3], threshold: f32) -> Color {
    let moved = rgb.map(|it| f32::from(it) - SIXTEEN_SPREAD * threshold);
    let distance = |to: &[u8; 3]| {
        let parts = moved.iter().zip(to).zip([2.0, 4.0, 3.0]);
        parts
            .map(|((a, b), weight)| weight * (a - f32::from(*b)).powi(2))
            .sum::<f32>()
    };
    let nearest = SIXTEEN
        .iter()
        .min_by(|a, b| distance(&a.1).total_cmp(&distance(&b.1)));
    nearest.map_or(Color::Reset, |it| it.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_have_the_colours_that_their_names_tell() {
        let check = |term: &str, truecolor, wanted, colours| {
            assert_eq!(Colours::of(term, truecolor, wanted), colours, "{term}");
        };
        check("xterm-256color", true, true, Colours::True);
        check("xterm-256color", false, true, Colours::Indexed);
        check("screen", false, true, Colours::Indexed);
        check("linux", false, true, Colours::Sixteen);
        check("rxvt-16color", false, true, Colours::Sixteen);
        check("vt100", false, true, Colours::None);
        check("xterm-256color", true, false, Colours::None);
    }

    /// The mean colour of a square of pixels that all have one.
    fn mean(rgb: [u8; 3], shown: impl Fn(Color) -> [u8; 3], colours: Colours) -> [f32; 3] {
        let mut sums = [0.0; 3];
        for y in 0..4 {
            for x in 0..4 {
                for (sum, part) in sums.iter_mut().zip(shown(colours.colour(rgb, x, y))) {
                    *sum += f32::from(part) / 16.0;
                }
            }
        }
        sums
    }

    fn of_index(colour: Color) -> [u8; 3] {
        let Color::Indexed(index) = colour else {
            panic!("{colour:?} is no index");
        };
        match index {
            16..232 => {
                let at = usize::from(index - 16);
                [CUBE[at / 36], CUBE[at / 6 % 6], CUBE[at % 6]]
            }
            _ => [8 + 10 * (index - 232); 3],
        }
    }

    #[test]
    fn a_square_of_256_colours_has_nearly_the_mean_of_what_it_shows() {
        let step = |sample: u8| {
            let above = CUBE.iter().position(|it| *it >= sample).unwrap_or(5);
            f32::from(CUBE[above] - CUBE[above.saturating_sub(1)])
        };
        for rgb in [
            [201, 154, 131],
            [96, 60, 45],
            [240, 200, 190],
            [128; 3],
            [3; 3],
            [253; 3],
        ] {
            let mean = mean(rgb, of_index, Colours::Indexed);
            let grey = rgb[0] == rgb[1];
            for (mean, sample) in mean.iter().zip(rgb) {
                let limit = if grey { 4.0 } else { step(sample) / 3.0 };
                let error = (mean - f32::from(sample)).abs();
                assert!(error <= limit, "{rgb:?}: {mean:?}");
            }
        }
        // In the middle between two levels it is a dither, and far from it a plain surface.
        let shades = |rgb| {
            let all = (0..16).map(|i| of_index(Colours::Indexed.colour(rgb, i % 4, i / 4)));
            all.collect::<std::collections::BTreeSet<_>>().len()
        };
        assert!(shades([155, 95, 95]) > 1);
        assert_eq!(shades([145, 95, 95]), 1);
        // What the palette has is not dithered.
        for rgb in [[0; 3], [255; 3], [215, 175, 135], [128; 3], [238; 3]] {
            for x in 0..4 {
                assert_eq!(of_index(Colours::Indexed.colour(rgb, x, 1)), rgb);
            }
        }
    }

    #[test]
    fn a_square_of_16_colours_tells_light_from_dark() {
        let shown = |colour| {
            let found = SIXTEEN.iter().find(|it| it.0 == colour);
            found.map_or([0; 3], |it| it.1)
        };
        let luma = |rgb: [f32; 3]| 0.30 * rgb[0] + 0.59 * rgb[1] + 0.11 * rgb[2];
        let mut before = -1.0;
        for light in [0, 40, 90, 140, 180, 220, 255] {
            let now = luma(mean([light; 3], shown, Colours::Sixteen));
            assert!(now > before, "{light}: {now} after {before}");
            before = now;
        }
    }
}
