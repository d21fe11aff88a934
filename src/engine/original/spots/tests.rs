//! Which spots a place names.

use super::{Spot, Stretch, named};

fn spot(x: f64, y: f64, radius: f64) -> Spot {
    Spot {
        x,
        y,
        radius,
        strength: 5.0,
        stretch: Stretch::NONE,
    }
}

#[test]
fn a_place_names_the_nearest_spot_that_it_lies_in() {
    let spots = [
        spot(10.0, 10.0, 4.0),
        spot(15.0, 10.0, 4.0),
        spot(40.0, 40.0, 0.5),
    ];
    let check = |place: [f64; 2], expected: [bool; 3]| {
        assert_eq!(named(&spots, &[place]), expected, "{place:?}");
    };
    check([11.0, 11.0], [true, false, false]);
    check([13.0, 10.0], [false, true, false]);
    check([41.0, 40.0], [false, false, true]);
    check([25.0, 25.0], [false; 3]);
    assert!(named(&[], &[[1.0, 1.0]]).is_empty());
}

#[test]
fn a_spot_of_a_copy_lies_where_its_pixels_went() {
    // The pixels 6 and 7 become the pixel 3.
    let half = spot(6.5, 0.5, 4.0).reduced(2.0);
    assert_eq!((half.x, half.y, half.radius), (3.0, 0.0, 2.0));
}

#[test]
fn a_long_spot_is_named_along_its_length() {
    // Down and to the right, 4 times as long as wide: half as wide and twice as long as the circle.
    let long = Spot {
        stretch: Stretch::new(4.0, core::f64::consts::FRAC_PI_4),
        ..spot(20.0, 20.0, 4.0)
    };
    assert!((long.reach() - 8.0).abs() < 1e-9);
    assert_eq!(named(&[long], &[[25.0, 25.0]]), [true]);
    assert_eq!(named(&[long], &[[22.0, 18.0]]), [false]);
}
