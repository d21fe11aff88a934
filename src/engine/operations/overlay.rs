//! A picture file as a layer: a scan of grain, a texture pack.

use super::parameter::{Allowed, Choice, Parameter, Settings, parameter};
use crate::engine::raster::{Image, Plane, Region, Resample, Tile};

/// How a picture of another size is laid over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// Scaled to the size of the picture below.
    Stretch,
    /// Repeated from the top left corner.
    Tile,
    /// Once, in the middle.
    Center,
}

impl Choice for Fit {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("stretch", Fit::Stretch),
        ("tile", Fit::Tile),
        ("center", Fit::Center),
    ];
}

/// Settings of a picture layer.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlay {
    /// The picture's path.
    pub path: String,
    /// How it is laid over.
    pub fit: Fit,
}

impl Default for Overlay {
    fn default() -> Self {
        Self {
            path: String::new(),
            fit: Fit::Stretch,
        }
    }
}

impl Settings for Overlay {
    const PARAMETERS: &'static [Parameter<Self>] = &[
        parameter!(path, "", Allowed::Text, "the picture that is laid over"),
        parameter!(
            fit,
            "",
            Allowed::OneOf(Fit::names),
            "how a picture of another size is laid over"
        ),
    ];
}

impl Overlay {
    /// The source of a picture layer in a region of the picture below, whose size is `bounds`, and
    /// the coverage of its alpha.
    pub fn paint(
        &self,
        picture: &Image,
        channels: usize,
        region: Region,
        bounds: Region,
    ) -> (Vec<Plane>, Option<Plane>) {
        match self.fit {
            Fit::Stretch => stretch(picture, channels, region, bounds),
            Fit::Tile => place(
                picture,
                channels,
                region,
                |x| Some(x % picture.width()),
                |y| Some(y % picture.height()),
            ),
            Fit::Center => place(
                picture,
                channels,
                region,
                |x| centred(x, bounds.width, picture.width()),
                |y| centred(y, bounds.height, picture.height()),
            ),
        }
    }
}

/// Where a position of the picture below falls in one laid over its middle.
fn centred(position: usize, below: usize, over: usize) -> Option<usize> {
    let start = (below as isize - over as isize).div_euclid(2);
    let position = usize::try_from(position as isize - start).ok()?;
    (position < over).then_some(position)
}

fn stretch(
    picture: &Image,
    channels: usize,
    region: Region,
    bounds: Region,
) -> (Vec<Plane>, Option<Plane>) {
    let resample = Resample::in_region(
        (picture.width(), picture.height()),
        (bounds.width, bounds.height),
        region,
    );
    let needs = resample.needs(region);
    let source = picture.tile(needs).with_channels(channels);
    let planes = source.planes().iter();
    let Some(alpha) = picture.alpha(needs) else {
        return (planes.map(|it| resample.apply(it, region)).collect(), None);
    };
    // Colours weigh as much as their alpha, so that what is hidden under none does not bleed.
    let scaled_alpha = resample.apply(&alpha, region);
    let planes = planes.map(|it| {
        let weighed = it.clone().zip_map(&alpha, |colour, alpha| colour * alpha);
        let unweighed = |sum: f32, alpha: f32| if alpha > 0.0 { sum / alpha } else { 0.0 };
        resample
            .apply(&weighed, region)
            .zip_map(&scaled_alpha, unweighed)
    });
    (planes.collect(), Some(scaled_alpha))
}

/// Picks each pixel of the region from the column and row of the picture that the functions say;
/// `None` is beyond the picture.
fn place(
    picture: &Image,
    channels: usize,
    region: Region,
    column: impl Fn(usize) -> Option<usize>,
    row: impl Fn(usize) -> Option<usize>,
) -> (Vec<Plane>, Option<Plane>) {
    let blank = Plane::filled(region.width, region.height, 0.0);
    let mut planes = vec![blank.clone(); picture.layout().colours()];
    let mut alpha = blank;
    let columns: Vec<_> = (region.x..region.right()).map(column).collect();
    for y in 0..region.height {
        let Some(from_y) = row(region.y + y) else {
            continue;
        };
        let line = Region::new(0, from_y, picture.width(), 1);
        let tile = picture.tile(line);
        let opaque = picture.alpha(line);
        for (x, from_x) in columns.iter().enumerate() {
            let Some(from_x) = *from_x else {
                continue;
            };
            for (plane, samples) in planes.iter_mut().zip(tile.planes()) {
                plane.row_mut(y)[x] = samples.at(from_x, 0);
            }
            alpha.row_mut(y)[x] = opaque.as_ref().map_or(1.0, |it| it.at(from_x, 0));
        }
    }
    let tile = Tile::new(region, planes).with_channels(channels);
    (tile.planes().to_vec(), Some(alpha))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::raster::{Layout, Samples};

    fn steps() -> Image {
        Image::new(2, 1, Layout::Grey, Samples::Eight(vec![0, 255])).expect("two samples")
    }

    fn row(fit: Fit, width: usize) -> (Vec<f32>, Option<Vec<f32>>) {
        let overlay = Overlay {
            fit,
            ..Overlay::default()
        };
        let bounds = Region::of_size(width, 1);
        let (planes, alpha) = overlay.paint(&steps(), 1, bounds, bounds);
        let samples = |plane: &Plane| plane.samples().to_vec();
        (samples(&planes[0]), alpha.as_ref().map(samples))
    }

    #[test]
    fn each_fit_does_what_it_says() {
        assert_eq!(row(Fit::Stretch, 4).0, [0.0, 0.25, 0.75, 1.0]);
        assert_eq!(row(Fit::Tile, 5).0, [0.0, 1.0, 0.0, 1.0, 0.0]);
        let (samples, alpha) = row(Fit::Center, 4);
        assert_eq!(samples, [0.0, 0.0, 1.0, 0.0]);
        assert_eq!(alpha, Some(vec![0.0, 1.0, 1.0, 0.0]));
    }

    #[test]
    fn colours_under_no_alpha_do_not_bleed() {
        let samples = Samples::Eight(vec![200, 255, 90, 0]);
        let picture = Image::new(2, 1, Layout::GreyAlpha, samples).expect("two pixels");
        let bounds = Region::of_size(4, 1);
        let (planes, alpha) = Overlay::default().paint(&picture, 1, bounds, bounds);
        let alpha = alpha.expect("it has alpha");
        assert_eq!(alpha.samples(), [1.0, 0.75, 0.25, 0.0]);
        for x in 0..3 {
            assert!((planes[0].at(x, 0) - 200.0 / 255.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_grey_picture_over_colour_is_grey() {
        let overlay = Overlay::default();
        let bounds = Region::of_size(2, 1);
        let (planes, _) = overlay.paint(&steps(), 3, bounds, bounds);
        assert_eq!(planes.len(), 3);
        assert_eq!(planes[0], planes[2]);
    }
}
