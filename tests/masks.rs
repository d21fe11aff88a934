//! What masks find in real pictures: the samples.

use std::path::Path;
use std::sync::Arc;

use repore::engine::masks::MaskName;
use repore::engine::operations::Gaussian;
use repore::engine::raster::{self, Depth, Image, Layout, Plane, Region, Resample, Samples, Tile};
use repore::engine::recipe::{Kind, Layer, Recipe};
use repore::engine::render::{Cancel, Inputs, Plan, TileSize};
use repore::files::read_photo;

fn sample(name: &str) -> Inputs {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("samples")
        .join(name);
    Inputs::alone(read_photo(&path).expect(name).image)
}

#[test]
fn the_face_of_every_sample_is_found_where_it_is() {
    for (name, x, y, size) in [
        ("astronaut.png", 0.44, 0.24, 0.21),
        ("glasses.jpg", 0.60, 0.57, 0.98),
        ("stubble.jpg", 0.75, 0.65, 0.61),
    ] {
        let inputs = sample(name);
        let width = inputs.picture.width() as f64;
        let [face] = inputs.faces() else {
            panic!("{name}: one face for {:?}", inputs.faces());
        };
        let near = |is: f64, should: f64| (is / width - should).abs() < 0.02;
        let middle = face.middle();
        assert!(
            near(middle[0], x) && near(middle[1], y),
            "{name}: {middle:?}"
        );
        assert!(near(face.size, size), "{name}: {}", face.size);
    }
}

#[test]
fn a_face_is_found_in_a_picture_that_lies_on_its_side_or_head() {
    let upright = sample("astronaut.png");
    let side = upright.picture.width();
    assert_eq!(side, upright.picture.height());
    let [x, y] = upright.faces()[0].middle();
    let last = side as f64 - 1.0;
    for (turn, place) in [
        (1, [last - y, x]),
        (2, [last - x, last - y]),
        (3, [y, last - x]),
    ] {
        let tile = upright.picture.tile(upright.picture.bounds());
        let planes = tile.planes().iter().map(|plane| {
            let samples = (0..side * side).map(|i| {
                let (x, y) = (i % side, i / side);
                match turn {
                    1 => plane.at(y, side - 1 - x),
                    2 => plane.at(side - 1 - x, side - 1 - y),
                    _ => plane.at(side - 1 - y, x),
                }
            });
            Plane::from_samples(side, side, samples.collect())
        });
        let turned = Tile::new(upright.picture.bounds(), planes.collect());
        let inputs = Inputs::alone(Arc::new(Image::from_tile(&turned)));
        let [face] = inputs.faces() else {
            panic!("turned {turn} times: {:?}", inputs.faces());
        };
        let apart = [0, 1].map(|axis: usize| (face.middle()[axis] - place[axis]).abs());
        assert!(
            apart.iter().all(|it| *it < 4.0),
            "turned {turn} times: {apart:?}"
        );
    }
}

#[test]
fn a_face_that_fills_the_picture_is_found() {
    let whole = sample("astronaut.png").picture;
    let part = Region::new(193, 92, 64, 72);
    let inputs = Inputs::alone(Arc::new(Image::from_tile(&whole.tile(part))));
    let [face] = inputs.faces() else {
        panic!("{:?}", inputs.faces());
    };
    let [x, y] = face.middle();
    assert!((x - 31.0).abs() < 6.0 && (y - 30.0).abs() < 6.0, "{x}, {y}");
}

#[test]
fn clones_of_inputs_share_what_was_found() {
    let inputs = sample("astronaut.png");
    let clone = inputs.clone();
    assert!(std::ptr::eq(inputs.faces(), clone.faces()));
}

/// Noise through the skin mask of a picture.
fn through_skin(inputs: Inputs) -> Plan {
    through(inputs, &[MaskName::Skin])
}

/// Noise through masks of a picture.
fn through(inputs: Inputs, masks: &[MaskName]) -> Plan {
    let mut layer = Layer::new(Kind::Noise);
    layer.masks = masks.to_vec();
    let recipe = Recipe {
        layers: vec![layer],
        ..Recipe::default()
    };
    Plan::new(&recipe, inputs)
}

/// The mean coverage of a square, given by its middle and side in shares of the picture's width.
fn coverage(plan: &Plan, (x, y): (f64, f64), side: f64) -> f32 {
    let width = plan.picture().width() as f64;
    let at = |it: f64| (it * width) as usize;
    let region = Region::new(at(x - side / 2.0), at(y - side / 2.0), at(side), at(side));
    let plane = plan.coverage(0, region, &Cancel::default());
    let plane = plane.expect("there is a face");
    plane.samples().iter().sum::<f32>() / plane.samples().len() as f32
}

#[test]
fn skin_is_cheeks_forehead_neck_and_ears_and_neither_eyes_nor_hair_nor_clothes() {
    let astronaut = through_skin(sample("astronaut.png"));
    let glasses = through_skin(sample("glasses.jpg"));
    let stubble = through_skin(sample("stubble.jpg"));
    for (plan, place, what) in [
        (&glasses, (0.33, 0.55), "a cheek"),
        (&glasses, (0.61, 0.52), "the nose"),
        (&stubble, (0.55, 0.62), "a cheek"),
        (&stubble, (0.30, 0.92), "the neck"),
        (&stubble, (0.33, 0.71), "an ear's lobe"),
    ] {
        let is = coverage(plan, place, 0.04);
        assert!(is > 0.8, "{what} at {place:?}: {is}");
    }
    for (plan, place, what) in [
        (&astronaut, (0.35, 0.75), "the suit"),
        (&astronaut, (0.75, 0.15), "the wall"),
        (&glasses, (0.10, 0.10), "hair"),
        (&stubble, (0.45, 0.15), "hair"),
        (&stubble, (0.10, 0.40), "the wall"),
        (&stubble, (0.70, 1.12), "the hood"),
    ] {
        let is = coverage(plan, place, 0.04);
        assert!(is < 0.2, "{what} at {place:?}: {is}");
    }
}

#[test]
fn skin_comes_close_to_eyes_and_lips() {
    for (name, place, what) in [
        ("glasses.jpg", (0.637, 0.718), "above the lips"),
        ("stubble.jpg", (0.731, 0.500), "beside an eye"),
    ] {
        let is = coverage(&through_skin(sample(name)), place, 0.02);
        assert!(is > 0.6, "{what} in {name}: {is}");
    }
}

/// A sample with each pixel's luma and colours as `develop` makes them.
fn developed(name: &str, develop: impl Fn([f32; 3]) -> [f32; 3]) -> Inputs {
    let picture = sample(name).picture;
    let tile = picture.tile(picture.bounds());
    let mut planes = tile.planes().to_vec();
    for i in 0..planes[0].samples().len() {
        let colours = develop([0, 1, 2].map(|channel: usize| planes[channel].samples()[i]));
        for (plane, colour) in planes.iter_mut().zip(colours) {
            plane.samples_mut()[i] = colour;
        }
    }
    let tile = Tile::new(picture.bounds(), planes);
    Inputs::alone(Arc::new(Image::from_tile(&tile)))
}

fn luma([red, green, blue]: [f32; 3]) -> f32 {
    raster::luma(red, green, blue)
}

#[test]
fn where_colours_hardly_tell_skin_only_what_is_sure_counts() {
    let faded = |it: [f32; 3]| it.map(|colour| luma(it) + 0.4 * (colour - luma(it)));
    let toned = |it: [f32; 3]| [1.0, 0.86, 0.68].map(|share| share * luma(it));
    for (name, cheek, beside) in [
        ("astronaut.png", (0.41, 0.24), [(0.34, 0.28), (0.57, 0.30)]),
        ("stubble.jpg", (0.55, 0.62), [(0.10, 0.40), (0.70, 1.12)]),
    ] {
        for (how, inputs) in [
            ("faded", developed(name, faded)),
            ("toned", developed(name, toned)),
        ] {
            let plan = through_skin(inputs);
            let is = coverage(&plan, cheek, 0.02);
            assert!(is > 0.8, "{how} {name}, the cheek: {is}");
            for place in beside {
                let is = coverage(&plan, place, 0.02);
                assert!(is < 0.2, "{how} {name}, {place:?}: {is}");
            }
        }
    }
}

#[test]
fn the_suit_of_a_faded_picture_is_no_skin() {
    let faded = |it: [f32; 3]| it.map(|colour| luma(it) + 0.2 * (colour - luma(it)));
    let plan = through_skin(developed("astronaut.png", faded));
    let [cheek, suit] = [(0.41, 0.24), (0.613, 0.557)].map(|it| coverage(&plan, it, 0.02));
    assert!(cheek > 0.8 && suit < 0.2, "{cheek}, {suit}");
}

#[test]
fn black_and_cold_faces_reach_their_outline_and_their_ears() {
    let crushed = |it: [f32; 3]| it.map(|colour| ((colour - 0.2) / 0.8).max(0.0));
    let cold = |[red, green, blue]: [f32; 3]| [0.65 * red, 0.9 * green, (1.3 * blue).min(1.0)];
    for (is, place) in [
        (developed("glasses.jpg", crushed), (0.133, 0.282)),
        (developed("glasses.jpg", cold), (0.113, 0.372)),
        (developed("stubble.jpg", cold), (0.33, 0.71)),
    ] {
        let edge = coverage(&through_skin(is), place, 0.02);
        assert!(edge > 0.6, "{place:?}: {edge}");
    }
}

#[test]
fn a_neck_in_shade_and_one_that_shines_are_skin() {
    type Light = fn(f32, f32, f32) -> f32;
    let shade: Light =
        |sample, _, down| sample * (1.0 - 0.65 * ((down - 0.6) / 0.15).clamp(0.0, 1.0));
    let shine: Light = |sample, across, down| {
        let stripes = 0.5 + 0.5 * (40.0 * across).sin();
        sample + (1.0 - sample) * 0.5 * stripes * ((down - 0.65) / 0.1).clamp(0.0, 1.0)
    };
    for (light, neck) in [(shade, (0.36, 1.01)), (shine, (0.50, 1.04))] {
        let picture = sample("stubble.jpg").picture;
        let bounds = picture.bounds();
        let mut tile = picture.tile(bounds);
        for plane in tile.planes_mut() {
            for y in 0..bounds.height {
                let down = y as f32 / bounds.height as f32;
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    *sample = light(*sample, x as f32 / bounds.width as f32, down);
                }
            }
        }
        let skin = through_skin(Inputs::alone(Arc::new(Image::from_tile(&tile))));
        let [neck, hood] = [neck, (0.70, 1.12)].map(|place| coverage(&skin, place, 0.04));
        assert!(neck > 0.9 && hood < 0.05, "{neck}, {hood}");
    }
}

#[test]
fn smoothed_skin_is_told_from_skin_without_an_original() {
    for name in ["astronaut.png", "glasses.jpg", "stubble.jpg"] {
        let original = format!("originals/{name}");
        let [ai, original] = [name, &original].map(|it| mean(it, &[MaskName::Smoothed], None));
        assert!(ai > original && original < 0.05, "{name}: {ai}, {original}");
    }
    for name in ["glasses.jpg", "stubble.jpg"] {
        let skin = mean(name, &[MaskName::Skin], None);
        let both = mean(name, &[MaskName::Skin, MaskName::Smoothed], None);
        assert!(both > 0.5 * skin, "{name}: {both} of {skin}");
    }
    // As even as smoothed skin.
    let wall = mean("astronaut.png", &[MaskName::Smoothed], Some((0.75, 0.15)));
    assert_eq!(wall, 0.0, "the wall");
}

#[test]
fn skin_that_was_smoothed_in_part_is_told_place_by_place() {
    // What is blurred with its edges may be out of focus; what lies beside it is neither.
    let picture = sample("originals/glasses.jpg").picture;
    let bounds = picture.bounds();
    let whole = picture.tile(bounds);
    let blur = Gaussian::new(2.0);
    let blurred = |it: &Plane| blur.blur(it, bounds, bounds, bounds, &Cancel::default());
    let blurred = Tile::new(bounds, whole.planes().iter().map(blurred).collect());
    let half = through(beside(&whole, &blurred), &[MaskName::Smoothed]);
    let cheek = coverage(&half, (0.25, 0.73), 0.05);
    assert!(cheek < 0.05, "{cheek}");
    // A network smoothed the left half of the forehead and of the cheeks.
    let [ai, original] = ["stubble.jpg", "originals/stubble.jpg"].map(|name| {
        let picture = sample(name).picture;
        picture.tile(picture.bounds())
    });
    let [left, right] = halves(ai.region()).map(|half_of| {
        let of = |inputs: Inputs| {
            let plan = through(inputs, &[MaskName::Smoothed]);
            let plane = plan.coverage(0, half_of, &Cancel::default());
            let plane = plane.expect("there is a face");
            plane.samples().iter().sum::<f32>()
        };
        let everywhere = of(Inputs::alone(Arc::new(Image::from_tile(&ai))));
        of(beside(&ai, &original)) / everywhere
    });
    assert!(left > 0.7 && right < 0.05, "{left}, {right}");
}

#[test]
fn smoothed_skin_is_told_where_it_is_dark_and_shines() {
    // Skin dims what lies in it; what shines on it shows about twice as strong as on light skin.
    let dark = |name: &str| {
        let picture = sample(name).picture;
        let bounds = picture.bounds();
        let soft = Gaussian::new(4.0);
        let planes = picture.tile(bounds).planes().to_vec();
        let planes = planes.into_iter().map(|plane| {
            let tone = soft.blur(&plane, bounds, bounds, bounds, &Cancel::default());
            plane.zip_map(&tone, |it, tone| 0.25 * tone + 2.0 * (it - tone))
        });
        let tile = Tile::new(bounds, planes.collect());
        let picture = Arc::new(Image::from_tile(&tile));
        through(Inputs::alone(picture), &[MaskName::Smoothed])
    };
    for (name, place, what) in [
        ("glasses.jpg", (0.28, 0.84), "the jaw"),
        ("stubble.jpg", (0.60, 0.84), "the beard"),
    ] {
        let original = format!("originals/{name}");
        let [ai, original] = [name, &original].map(|it| coverage(&dark(it), place, 0.04));
        assert!(
            ai > 0.8 && original < 0.1,
            "{what} in {name}: {ai}, {original}"
        );
    }
}

#[test]
fn smoothed_skin_is_told_in_small_faces() {
    let lanczos = |plane: &Plane| {
        let [whole, half] = [1, 2].map(|by| (plane.width() / by, plane.height() / by));
        Resample::fine(whole, half).apply(plane, Region::of_size(half.0, half.1))
    };
    let [ai, original] = ["stubble.jpg", "originals/stubble.jpg"]
        .map(|name| smoothed_of_skin_when_halved(name, lanczos));
    assert!(ai > 0.65 && original < 0.05, "{ai}, {original}");
}

#[test]
fn a_softly_reduced_photograph_is_not_smoothed() {
    // Four pixels a side of which those in the middle count three times, as a triangle of twice the new pixels' width does.
    let triangle = |plane: &Plane| {
        let half = Region::of_size(plane.width() / 2, plane.height() / 2);
        let along = |at: usize, length: usize| {
            [(0, 1.0), (1, 3.0), (2, 3.0), (3, 1.0)]
                .map(|(tap, weight)| ((2 * at + tap).clamp(1, length) - 1, weight / 8.0))
        };
        let samples = (0..half.width * half.height).map(|i| {
            let down = along(i / half.width, plane.height());
            let across = along(i % half.width, plane.width());
            let taps = down.iter().flat_map(|&(y, one)| {
                let taps = across.iter();
                taps.map(move |&(x, other)| one * other * plane.at(x, y))
            });
            taps.sum()
        });
        Plane::from_samples(half.width, half.height, samples.collect())
    };
    let [ai, original] = ["stubble.jpg", "originals/stubble.jpg"]
        .map(|name| smoothed_of_skin_when_halved(name, triangle));
    assert!(ai > 0.8 && original < 0.15, "{ai}, {original}");
}

/// The share of a sample's skin that counts as smoothed after its planes were made half as large.
fn smoothed_of_skin_when_halved(name: &str, halve: impl Fn(&Plane) -> Plane) -> f32 {
    let picture = sample(name).picture;
    let planes: Vec<Plane> = picture
        .tile(picture.bounds())
        .planes()
        .iter()
        .map(halve)
        .collect();
    let half = Region::of_size(planes[0].width(), planes[0].height());
    let inputs = Inputs::alone(Arc::new(Image::from_tile(&Tile::new(half, planes))));
    let [smoothed, skin] = [MaskName::Smoothed, MaskName::Skin].map(|mask| {
        let plan = through(inputs.clone(), &[mask]);
        let plane = plan.coverage(0, half, &Cancel::default());
        let plane = plane.expect("there is a face");
        plane.samples().iter().sum::<f32>()
    });
    smoothed / skin
}

/// The left and the right half of a region.
fn halves(whole: Region) -> [Region; 2] {
    let width = whole.width / 2;
    [whole.x, whole.x + width].map(|x| Region { x, width, ..whole })
}

/// The left half of a picture beside the right half of another.
fn beside(left: &Tile, right: &Tile) -> Inputs {
    let [_, half] = halves(left.region());
    let planes = left
        .planes()
        .iter()
        .zip(right.planes())
        .map(|(left, right)| {
            let mut plane = left.clone();
            plane.paste(&right.crop(half), half);
            plane
        });
    let tile = Tile::new(left.region(), planes.collect());
    Inputs::alone(Arc::new(Image::from_tile(&tile)))
}

/// The mean coverage of masks of a sample, or of a place in it.
fn mean(name: &str, masks: &[MaskName], place: Option<(f64, f64)>) -> f32 {
    let plan = through(sample(name), masks);
    if let Some(place) = place {
        return coverage(&plan, place, 0.04);
    }
    let plane = plan.coverage(0, plan.picture().bounds(), &Cancel::default());
    let plane = plane.expect("there is a face");
    plane.samples().iter().sum::<f32>() / plane.samples().len() as f32
}

#[test]
fn tiles_and_threads_do_not_show_in_skin() {
    let plan = through_skin(sample("astronaut.png"));
    let cancel = Cancel::default();
    let whole = plan.render(Depth::Float, &|_, _| {}, &cancel);
    let whole = whole.expect("nobody cancels");
    for threads in [1, 3] {
        let anew = through_skin(sample("astronaut.png"));
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let tiled = pool.expect("threads").install(|| {
            let (width, height) = (97, 61);
            let size = TileSize { width, height };
            anew.render_in_tiles(Depth::Float, size, &|_, _| {}, &cancel)
        });
        assert!(tiled.expect("nobody cancels") == whole, "{threads} threads");
    }
}

#[test]
fn without_a_face_the_skin_mask_says_so() {
    let grey = Image::new(3, 2, Layout::Grey, Samples::Eight(vec![128; 6])).expect("six");
    let plan = through_skin(Inputs::alone(Arc::new(grey)));
    let [skipped] = plan.skipped() else {
        panic!("{:?}", plan.skipped());
    };
    assert!(skipped.reason.contains("no face"), "{}", skipped.reason);
}
