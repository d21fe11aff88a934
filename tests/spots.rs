//! Spots that the AI removed stay removed, pores come back, and nothing else changes: on skin with planted blemishes.

use std::sync::{Arc, OnceLock};

use repore::engine::masks::{Found, MaskName, MaskSources, Masks};
use repore::engine::operations::{Align, Gaussian, HighPass, Random};
use repore::engine::original::spots::Spot;
use repore::engine::raster::{Depth, Image, Layout, Plane, Region, Samples, Tile, store::to_eight};
use repore::engine::recipe::{Operation, Recipe, preset};
use repore::engine::render::{Cancel, Findings, Inputs, Plan, TileSize};

const WIDE: usize = 720;
const HIGH: usize = 600;

/// From one planted blemish to the next.
const APART: usize = 90;

/// The root mean square of the pores.
const PORES: f32 = 0.02;

const BOUNDS: Region = Region {
    x: 0,
    y: 0,
    width: WIDE,
    height: HIGH,
};

fn soft_noise(layer: u64, radius: f64, amplitude: f32) -> Plane {
    let random = Random::new(9, layer, 0);
    let samples = (0..WIDE * HIGH).map(|i| random.row(i / WIDE).normal(i % WIDE));
    let noise = Plane::from_samples(WIDE, HIGH, samples.collect());
    let soft = Gaussian::new(radius).blur(&noise, BOUNDS, BOUNDS, BOUNDS, &Cancel::default());
    // White noise blurred by σ keeps 1/(2·√π·σ) of its deviation.
    let gain = amplitude * 2.0 * 1.7725 * radius as f32;
    soft.map(|it| it * gain)
}

fn sum(a: &Plane, b: &Plane, factor: f32) -> Plane {
    a.clone().zip_map(b, |a, b| a + factor * b)
}

/// Skin without pores, as the AI leaves it: tone in red, green and blue.
fn smooth() -> &'static Tile {
    static SMOOTH: OnceLock<Tile> = OnceLock::new();
    SMOOTH.get_or_init(|| {
        let tone = sum(&soft_noise(0, 40.0, 0.05), &soft_noise(1, 12.0, 0.01), 1.0);
        let channel = |level: f32| tone.clone().map(|it| level + it);
        Tile::new(BOUNDS, vec![channel(0.72), channel(0.56), channel(0.47)])
    })
}

/// The same with pores: as fine as pores are, and darker than they are bright.
fn skin() -> &'static Tile {
    static SKIN: OnceLock<Tile> = OnceLock::new();
    SKIN.get_or_init(|| {
        let fine = sum(&soft_noise(2, 0.9, 0.7), &soft_noise(3, 1.8, 0.7), 1.0);
        let pores = fine.map(|it| PORES * (it - 0.2 * it * it + 0.2));
        let planes = smooth().planes().iter().map(|it| sum(it, &pores, 1.0));
        Tile::new(BOUNDS, planes.collect())
    })
}

#[derive(Clone, Copy, Debug)]
struct Blemish {
    x: f32,
    y: f32,
    /// Of a disc with its area.
    diameter: f32,
    /// So many times as long as wide, from the upper left to the lower right.
    longer: f32,
    /// What it adds to red, green and blue.
    colour: [f32; 3],
}

const DARK: [f32; 3] = [-1.0, -1.0, -1.0];
const RED: [f32; 3] = [-0.15, -1.0, -0.9];
const BROWN: [f32; 3] = [-0.7, -1.0, -1.1];
const BRIGHT: [f32; 3] = [1.0, 1.0, 1.0];

impl Blemish {
    fn plant(&self, tile: &mut Tile) {
        for (plane, amount) in tile.planes_mut().iter_mut().zip(self.colour) {
            for y in 0..HIGH {
                for (x, sample) in plane.row_mut(y).iter_mut().enumerate() {
                    *sample += amount * self.at(x, y);
                }
            }
        }
    }

    /// A disc or an ellipse with a soft rim.
    fn at(&self, x: usize, y: usize) -> f32 {
        let (across, down) = (x as f32 - self.x, y as f32 - self.y);
        let factor = (0.5 * self.longer).sqrt();
        let distance = ((across + down) / (2.0 * factor)).hypot((across - down) * factor);
        1.0 / (1.0 + ((distance - 0.5 * self.diameter) / (0.3 + 0.06 * self.diameter)).exp())
    }
}

/// Blemishes of one contrast all over the picture, of all sizes and colours.
fn blemishes(contrast: f32) -> Vec<Blemish> {
    let diameters = [3.0, 5.0, 8.0, 12.0, 16.0, 20.0];
    let colours = [DARK, RED, BROWN, BRIGHT];
    let columns = WIDE / APART;
    (0..columns * (HIGH / APART))
        .map(|i| Blemish {
            x: (APART * (i % columns) + APART / 2) as f32 + 0.3 * (i % 3) as f32,
            y: (APART * (i / columns) + APART / 2) as f32 + 0.2 * (i % 4) as f32,
            diameter: diameters[i % diameters.len()],
            longer: 1.0,
            colour: colours[(i / diameters.len()) % colours.len()].map(|it| it * contrast),
        })
        .collect()
}

fn with(tile: &Tile, blemishes: &[Blemish]) -> Tile {
    let mut tile = tile.clone();
    for it in blemishes {
        it.plant(&mut tile);
    }
    tile
}

fn inputs(picture: &Tile, original: &Tile) -> Inputs {
    let image = |tile: &Tile| Arc::new(Image::from_tile(tile));
    let mut inputs = Inputs::alone(image(picture));
    inputs.original = Some(image(original));
    inputs
}

/// The same as a file of 8 bits has it.
fn eight_bits(tile: &Tile) -> Arc<Image> {
    let planes = tile.planes();
    let pixels = (0..planes[0].samples().len())
        .flat_map(|i| planes.iter().map(move |it| to_eight(it.samples()[i])));
    let samples = Samples::Eight(pixels.collect());
    let Region { width, height, .. } = tile.region();
    Arc::new(Image::new(width, height, Layout::Rgb, samples).expect("as many as it has"))
}

fn recipe(spots: &str) -> Recipe {
    let mut recipe = preset("separation").expect("built in");
    for change in ["texture.align=off", &format!("texture.spots={spots}")] {
        recipe.set(change).expect("it fits");
    }
    recipe
}

fn keep(recipe: &mut Recipe, places: &[Spot]) {
    if let Operation::Texture(texture) = &mut recipe.layers[0].operation {
        texture.kept = places.iter().map(|it| [it.x, it.y]).collect();
    }
}

fn render(recipe: &Recipe, inputs: &Inputs) -> Tile {
    Plan::new(recipe, inputs.clone()).tile(BOUNDS, &Cancel::default())
}

/// The share of a blemish's fine detail, as the plain formula brings it all back, that is in `result` and not in
/// `clean`: the projection of their difference on it.
fn came_back(result: &Tile, clean: &Tile, blemish: &Blemish) -> f32 {
    came_back_together(result, clean, &[*blemish])
}

/// The same of blemishes that lie over each other.
fn came_back_together(result: &Tile, clean: &Tile, blemishes: &[Blemish]) -> f32 {
    let near = Region::new(
        blemishes[0].x as usize - APART / 2,
        blemishes[0].y as usize - APART / 2,
        APART,
        APART,
    )
    .within(&BOUNDS);
    let (mut product, mut energy) = (0.0, 0.0);
    for channel in 0..3 {
        let at = |i: usize| {
            let heights = blemishes
                .iter()
                .map(|it| it.colour[channel] * it.at(i % WIDE, i / WIDE));
            heights.sum()
        };
        let samples = (0..WIDE * HIGH).map(at);
        let plane = Plane::from_samples(WIDE, HIGH, samples.collect());
        let profile = HighPass::new(6.0).detail(&plane, BOUNDS, near, BOUNDS, &Cancel::default());
        let (result, clean) = (&result.planes()[channel], &clean.planes()[channel]);
        for y in 0..near.height {
            for x in 0..near.width {
                let (i, j) = (near.x + x, near.y + y);
                product += (result.at(i, j) - clean.at(i, j)) * profile.at(x, y);
                energy += profile.at(x, y) * profile.at(x, y);
            }
        }
    }
    product / energy
}

/// What may come back of blemishes, as shares of their fine detail: in the median and at worst, and how many of them
/// may have more than a fifth.
struct Limits {
    median: f32,
    worst: f32,
    over_a_fifth: f32,
}

/// Plants blemishes of a contrast, in root mean squares of the pores, and checks what comes back of those of at least
/// a diameter, and that no other skin is touched.
fn check(contrast: f32, least_diameter: f32, limits: &Limits) {
    check_all(&blemishes(contrast * PORES), least_diameter, limits);
}

fn check_all(planted: &[Blemish], least_diameter: f32, limits: &Limits) {
    let inputs = inputs(smooth(), &with(skin(), planted));
    let result = render(&recipe("leave-out"), &inputs);
    let looked_at = planted.iter().filter(|it| it.diameter >= least_diameter);
    let mut shares: Vec<f32> = looked_at.map(|it| came_back(&result, skin(), it)).collect();
    shares.sort_by(f32::total_cmp);
    let (middle, last) = (shares[shares.len() / 2], shares[shares.len() - 1]);
    let over = shares.iter().filter(|it| **it > 0.2).count() as f32 / shares.len() as f32;
    assert!(middle.abs() <= limits.median, "{shares:.2?}");
    assert!(last <= limits.worst, "{shares:.2?}");
    assert!(over <= limits.over_a_fifth, "{shares:.2?}");
    let spots = inputs.spots(Align::Off);
    let stray = spots.iter().filter(|spot| {
        let mut distances = planted
            .iter()
            .map(|it| spot.distance([f64::from(it.x), f64::from(it.y)]));
        distances.all(|it| it > 14.0)
    });
    let area: f64 = stray
        .map(|it| core::f64::consts::PI * (it.radius + 1.0).powi(2))
        .sum();
    assert!(area < 0.03 * (WIDE * HIGH) as f64, "{area}");
}

#[test]
fn strong_blemishes_stay_removed() {
    let limits = Limits {
        median: 0.05,
        worst: 0.2,
        over_a_fifth: 0.0,
    };
    check(16.0, 3.0, &limits);
    // Pores under a blemish have a part of its shape themselves, which nobody can tell from it: here an eighth of its
    // height in the mean, and what of it is missed comes back.
    let limits = Limits {
        worst: 0.35,
        over_a_fifth: 0.05,
        ..limits
    };
    check(8.0, 3.0, &limits);
}

/// Scratches and scabs.
#[test]
fn long_blemishes_stay_removed() {
    let long = blemishes(12.0 * PORES).into_iter();
    let long: Vec<Blemish> = long.map(|it| Blemish { longer: 2.5, ..it }).collect();
    let limits = Limits {
        median: 0.05,
        worst: 0.35,
        over_a_fifth: 0.05,
    };
    check_all(&long, 5.0, &limits);
}

/// Of craters with these rims, whose middles are so much less wide and so much higher, at most this much comes back at the
/// median, and of at most one in so many more than a fifth.
fn check_craters(rims: &[Blemish], (width, height): (f32, f32), (median, one_in): (f32, usize)) {
    let middle = |it: &Blemish| Blemish {
        diameter: width * it.diameter,
        colour: it.colour.map(|it| -height * it),
        ..*it
    };
    let middles: Vec<Blemish> = rims.iter().map(middle).collect();
    let original = with(&with(skin(), rims), &middles);
    let result = render(&recipe("leave-out"), &inputs(smooth(), &original));
    let parts = rims.iter().zip(&middles);
    let shares = parts.map(|(rim, middle)| came_back_together(&result, skin(), &[*rim, *middle]));
    let mut shares: Vec<f32> = shares.collect();
    shares.sort_by(f32::total_cmp);
    let over = shares.iter().filter(|it| **it > 0.2).count();
    assert!(shares[shares.len() / 2].abs() < median, "{shares:.2?}");
    assert!(one_in * over <= shares.len(), "{shares:.2?}");
}

/// The rim of a crater goes with its middle, which stands out most.
#[test]
fn craters_stay_removed() {
    let rims = blemishes(8.0 * PORES).into_iter();
    let rims: Vec<Blemish> = rims.filter(|it| it.diameter >= 8.0).collect();
    check_craters(&rims, (0.5, 1.8), (0.1, 8));
}

/// Where rim and middle are a pixel or two wide, they answer against each other to all but the finest filter.
#[test]
fn small_craters_stay_removed() {
    let rims = blemishes(24.0 * PORES).into_iter();
    let rims: Vec<Blemish> = rims.filter(|it| it.diameter <= 5.0).collect();
    check_craters(&rims, (0.55, 1.9), (0.05, 6));
}

/// A bright head in the middle of a faint red spot goes with it.
#[test]
fn white_heads_stay_removed() {
    let red: Vec<Blemish> = blemishes(6.0 * PORES)
        .into_iter()
        .map(|it| Blemish {
            diameter: 15.0,
            colour: RED.map(|it| it * 6.0 * PORES),
            ..it
        })
        .collect();
    let head = |it: &Blemish| Blemish {
        diameter: 5.0,
        colour: [0.78, 1.3, 1.04].map(|it| it * 6.0 * PORES),
        ..*it
    };
    let heads: Vec<Blemish> = red.iter().map(head).collect();
    let result = {
        let original = with(&with(skin(), &red), &heads);
        render(&recipe("leave-out"), &inputs(smooth(), &original))
    };
    let shares = heads.iter().map(|it| came_back(&result, skin(), it));
    let mut shares: Vec<f32> = shares.collect();
    shares.sort_by(f32::total_cmp);
    assert!(shares[shares.len() / 2].abs() < 0.1, "{shares:.2?}");
}

#[test]
fn blemishes_no_higher_than_pores_stay_removed() {
    // Twice as faint, chance has twice the part, and one of 3 px is not much higher than pores that happen to lie
    // together.
    let limits = Limits {
        median: 0.05,
        worst: 0.4,
        over_a_fifth: 0.3,
    };
    check(4.0, 8.0, &limits);
}

#[test]
fn skin_without_spots_keeps_its_texture() {
    let inputs = inputs(smooth(), skin());
    let [plain, left_out] = ["bring-back", "leave-out"].map(|it| render(&recipe(it), &inputs));
    let mut moved = 0;
    for (a, b) in plain.planes()[0]
        .samples()
        .iter()
        .zip(left_out.planes()[0].samples())
    {
        moved += usize::from((a - b).abs() > 0.2 * PORES);
    }
    assert!(moved < 3 * WIDE * HIGH / 100, "{moved}");
}

/// A blemish is itself a reason to doubt that both show the same there, where nothing else tells.
#[test]
fn blemishes_that_the_alignment_doubts_stay_removed() {
    // Both share structures on the left, and hardly anything on the right, where the blemishes lie.
    let shared = soft_noise(7, 2.5, 0.06);
    let samples = shared.samples().iter().enumerate();
    let samples = samples.map(|(i, it)| if i % WIDE < WIDE / 2 { *it } else { 0.0 });
    let shared = Plane::from_samples(WIDE, HIGH, samples.collect());
    let with_shared = |tile: &Tile| {
        let planes = tile.planes().iter().map(|it| sum(it, &shared, 1.0));
        Tile::new(BOUNDS, planes.collect())
    };
    let mut planted = blemishes(0.4);
    planted.retain(|it| it.x > (WIDE / 2) as f32);
    let clean = with_shared(skin());
    let inputs = inputs(&with_shared(smooth()), &with(&clean, &planted));
    let mut aligned = recipe("leave-out");
    aligned.set("texture.align=auto").expect("it fits");
    let result = render(&aligned, &inputs);
    for it in &planted {
        let share = came_back(&result, &clean, it);
        assert!(share < 0.3, "{it:?}: {share}");
    }
}

/// Moles that the AI left alone are in both, and come out as the plain formula has them.
#[test]
fn what_the_ai_left_alone_stays() {
    let moles = blemishes(0.2);
    let inputs = inputs(&with(smooth(), &moles), &with(skin(), &moles));
    let plain = render(&recipe("bring-back"), &inputs);
    let result = render(&recipe("leave-out"), &inputs);
    for mole in &moles {
        assert!(came_back(&result, &plain, mole).abs() < 0.05, "{mole:?}");
    }
}

/// Marks that the AI made are in the picture alone, and go as the plain formula has them go.
#[test]
fn what_the_ai_made_does_not_come_back() {
    let made = blemishes(0.2);
    let inputs = inputs(&with(smooth(), &made), skin());
    let plain = render(&recipe("bring-back"), &inputs);
    let result = render(&recipe("leave-out"), &inputs);
    let shares = made.iter().map(|it| came_back(&result, &plain, it));
    let mut shares: Vec<f32> = shares.collect();
    shares.sort_by(f32::total_cmp);
    // Pores that lie together beside a mark may still be taken for a spot that reaches into it.
    let over = shares.iter().filter(|it| **it > 0.2).count();
    assert!(shares[shares.len() / 2].abs() < 0.01, "{shares:.2?}");
    assert!(6 * over <= shares.len(), "{shares:.2?}");
}

/// A recipe that keeps every spot, or says nothing of them, gives the plain formula bit for bit; one that keeps one
/// gives that one back and no other.
#[test]
fn kept_spots_come_back() {
    let planted = blemishes(0.2);
    let inputs = inputs(smooth(), &with(skin(), &planted));
    let plain = render(&recipe("bring-back"), &inputs);
    let spots = inputs.spots(Align::Off);
    let mut keeping = recipe("leave-out");
    keep(&mut keeping, &spots);
    assert!(render(&keeping, &inputs) == plain);
    keep(&mut keeping, &spots[..1]);
    let result = render(&keeping, &inputs);
    let is_kept = |it: &Blemish| spots[0].distance([f64::from(it.x), f64::from(it.y)]) < 3.0;
    for blemish in &planted {
        let share = came_back(&result, skin(), blemish);
        assert_eq!(share > 0.5, is_kept(blemish), "{blemish:?}: {share}");
    }
    let mut elsewhere = recipe("leave-out");
    if let Operation::Texture(texture) = &mut elsewhere.layers[0].operation {
        texture.kept = vec![[1.0, 1.0], [-50.0, 1e6]];
    }
    let left_out = render(&recipe("leave-out"), &inputs);
    assert!(render(&elsewhere, &inputs) == left_out);
}

/// Laws 1 and 3.
/// The portrait's hair and lashes have spots as strong as those of its skin.
#[test]
fn spots_on_skin_are_looked_at_first() {
    let samples = concat!(env!("CARGO_MANIFEST_DIR"), "/samples/");
    let [picture, original] = ["stubble.jpg", "originals/stubble.jpg"].map(|it| {
        let path = format!("{samples}{it}");
        let photo = repore::files::read_photo(path.as_ref()).expect("a sample");
        photo.image
    });
    let mut inputs = Inputs::alone(picture.clone());
    inputs.original = Some(original);
    let plan = Plan::new(&recipe("leave-out"), inputs.clone());
    let (layer, walk) = plan.spots().expect("a layer leaves them out");
    let strongest = inputs.spots(Align::Off);
    assert_eq!((layer, walk.len()), (0, strongest.len()));
    assert!(strongest.iter().all(|it| walk.contains(it)));
    let (found, bounds) = (Found::default(), picture.bounds());
    let sources = MaskSources::alone(&picture, &found);
    let skin = Masks::default().coverage(MaskName::Skin, &sources, bounds, &Cancel::default());
    let on_skin = |spots: &[Spot]| {
        let is_on_skin = |it: &&Spot| skin.at(it.x as usize, it.y as usize) > 0.5;
        spots.iter().filter(is_on_skin).count()
    };
    let all = on_skin(&walk);
    let (first, others) = walk.split_at(all);
    assert!(on_skin(first) * 10 >= all * 9 && on_skin(others) * 10 <= all);
    assert!(on_skin(&strongest[..all]) < on_skin(first));
}

#[test]
fn tiles_and_threads_do_not_show() {
    let original = with(skin(), &blemishes(0.15));
    let render = |radius: f64, threads: usize, width: usize, height: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads").install(|| {
            // Levels of 8 bits: how their difference is rounded must not show which tile has a spot.
            let (picture, original) = (eight_bits(smooth()), eight_bits(&original));
            let mut inputs = Inputs::alone(picture);
            inputs.original = Some(original);
            let mut recipe = recipe("leave-out");
            recipe
                .set(&format!("texture.radius={radius}"))
                .expect("it fits");
            let plan = Plan::new(&recipe, inputs);
            let size = TileSize { width, height };
            let (progress, cancel) = (|_: usize, _: usize| {}, Cancel::default());
            let rendered = plan.render_in_tiles(Depth::Float, size, &progress, &cancel);
            rendered.expect("nobody cancels")
        })
    };
    // Below and above the radius from which on a coarse grid is shared by all tiles.
    for radius in [2.0, 6.0] {
        let one = render(radius, 1, 4096, 4096);
        for (threads, width, height) in [(2, 97, 61), (7, 256, 256)] {
            let tiled = render(radius, threads, width, height);
            assert!(tiled == one, "{threads} threads, radius {radius}");
        }
    }
}

#[test]
fn drafts_leave_out_the_same_spots() {
    let full = inputs(smooth(), &with(skin(), &blemishes(0.2)));
    let mut half = Inputs::alone(Arc::new(full.picture.halved()));
    half.original = full.original.as_ref().map(|it| Arc::new(it.halved()));
    half.findings = Arc::new(Findings::of_copies(full.clone()));
    let (whole, reduced) = (full.spots(Align::Off), half.spots(Align::Off));
    assert_eq!(whole.len(), reduced.len());
    assert!((reduced[0].x - (whole[0].x / 2.0 - 0.25)).abs() < 1e-9);
    let mut keeping = recipe("leave-out");
    keep(&mut keeping, &whole[..1]);
    let plan = Plan::new(&keeping.reduced(0.5), half);
    let left_out = format!("{} spots", whole.len() - 1);
    assert!(plan.notes()[0].contains(&left_out), "{:?}", plan.notes());
}

#[test]
fn greys_and_small_pictures_are_no_trouble() {
    for (width, height) in [(1, 1), (2, 90), (40, 33)] {
        let region = Region::of_size(width, height);
        let grey = |tile: &Tile| Tile::new(region, vec![tile.clone().crop(region).luma()]);
        let original = with(
            skin(),
            &[Blemish {
                x: 20.0,
                y: 15.0,
                diameter: 9.0,
                longer: 1.0,
                colour: DARK,
            }],
        );
        let inputs = inputs(&grey(smooth()), &grey(&original));
        let plan = Plan::new(&recipe("leave-out"), inputs);
        let tile = plan.tile(region, &Cancel::default());
        assert!(tile.planes()[0].samples().iter().all(|it| it.is_finite()));
    }
}
