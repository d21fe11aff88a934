//! Pictures that arrive row by row while they are rendered, and are let go behind that.

use std::sync::Arc;

use super::plan::Plan;
use crate::engine::masks::MaskName;
use crate::engine::operations::parameter::Strength;
use crate::engine::operations::{Align, Lows, Spots};
use crate::engine::raster::{Image, Region};
use crate::engine::recipe::{Layer, Operation, Recipe};

/// Rows beyond a tile that are few beside a picture.
const FARTHEST: usize = 384;

/// Rows that masks read beyond a tile at most.
const RIM: usize = 64;

impl Plan {
    /// Has the rows made that a tile needs. Threads begin with different pictures, so that they do not wait for each
    /// other.
    pub(super) fn await_rows(&self, tile: &Region) {
        let needed = tile.expanded(self.rim() + RIM, &self.picture().bounds());
        let mut pictures = self.pictures();
        if rayon::current_thread_index().is_some_and(|it| it % 2 == 1) {
            pictures.reverse();
        }
        for picture in pictures.into_iter().flatten() {
            picture
                .await_rows(needed.y.min(picture.height())..needed.bottom().min(picture.height()));
        }
    }

    /// Lets rows go that nobody needs when all above a row is rendered.
    pub(super) fn let_go(&self, rendered: usize) {
        let needed = rendered.saturating_sub(self.rim() + RIM);
        for picture in self.pictures().into_iter().flatten() {
            picture.let_go(needed);
        }
    }

    /// The picture, the original, if there is one, and the file of a mask, if its rows are those of the picture and
    /// nothing else is made from it.
    fn pictures(&self) -> [Option<&Arc<Image>>; 3] {
        let path = &self.resolved().masks.file.path;
        let mask = self.file(path).filter(|it| {
            it.bounds() == self.picture().bounds() && self.resolved().is_mask_alone(path)
        });
        [Some(self.picture()), self.inputs.original.as_ref(), mask]
    }
}

/// Whether a recipe reads its picture and the original from top to bottom, a band at a time: nothing is looked for in
/// them as wholes. All others can be rendered from pictures that arrive row by row as well, but take them together first.
pub fn reads_in_order(recipe: &Recipe) -> bool {
    let enabled = recipe.layers.iter().filter(|it| it.enabled);
    enabled.into_iter().all(layer_reads_in_order)
}

fn layer_reads_in_order(layer: &Layer) -> bool {
    let masks = layer.masks.iter();
    let looks = |it: &MaskName| matches!(it, MaskName::Smoothed | MaskName::Skin);
    let paints_in_order = match &layer.operation {
        Operation::Texture(it) => {
            // What is kept of a very wide blur is made in large pieces.
            let lows = Lows::new(it.radius, Region::of_size(1, 1));
            let is_wide = lows.is_some_and(|it| it.rim() > FARTHEST);
            it.align == Align::Off && it.spots != Spots::LeaveOut && !is_wide
        }
        Operation::Graft(it) => it.patch.is_some() && it.strength != Strength::Match,
        Operation::Noise(it) => it.strength != Strength::Match,
        Operation::Picture(_) => true,
    };
    paints_in_order && !masks.into_iter().any(looks)
}

#[cfg(test)]
mod tests {
    use std::ops::{ControlFlow, Range};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::engine::operations::Random;
    use crate::engine::raster::{Depth, Image, Layout, Piece, Rows, Samples};
    use crate::engine::render::{Cancel, Inputs};

    const SIZE: (usize, usize) = (600, 1500);

    /// Grey rows that must not be asked for again when they were let go.
    #[derive(Debug, Default)]
    struct Strict {
        samples: Vec<u8>,
        gone: AtomicUsize,
        farthest: AtomicUsize,
        /// Most rows that were held.
        most: AtomicUsize,
    }

    impl Rows for Strict {
        fn read(&self, rows: Range<usize>) -> Vec<Piece> {
            let gone = self.gone.load(Ordering::SeqCst);
            assert!(gone <= rows.start, "{rows:?} after {gone}");
            self.most.fetch_max(rows.end - gone, Ordering::SeqCst);
            self.farthest.fetch_max(rows.end, Ordering::SeqCst);
            let samples = self.samples[rows.start * SIZE.0..rows.end * SIZE.0].to_vec();
            vec![Piece {
                rows,
                samples: Arc::new(Samples::Eight(samples)),
            }]
        }

        fn let_go(&self, above: usize) {
            self.gone.fetch_max(above, Ordering::SeqCst);
        }

        fn whole(&self) -> Samples {
            panic!("nobody needs the whole picture");
        }
    }

    fn noise(seed: u64) -> Vec<u8> {
        let random = Random::new(seed, 0, 0).row(0);
        (0..SIZE.0 * SIZE.1).map(|i| random.bits(i) as u8).collect()
    }

    fn in_bands(plan: &Plan, threads: usize) -> Vec<Samples> {
        let mut bands = Vec::new();
        let (make, cancel) = (|_, band: Image| band.into_samples(), Cancel::default());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let done = pool.expect("some threads").install(|| {
            plan.render_bands(Depth::Eight, &|_, _| {}, &cancel, make, |band| {
                bands.push(band);
                ControlFlow::Continue(())
            })
        });
        assert_eq!(done, Ok(()));
        bands
    }

    #[test]
    fn rows_are_let_go_when_nobody_needs_them_any_more_and_not_before() {
        let texture = "[[layer]]\nkind = \"texture\"\nradius = 8\nmasks = [\"midtones\"]";
        let recipe = Recipe::from_toml(texture).expect("a recipe");
        assert!(reads_in_order(&recipe));
        let whole = |seed| {
            let samples = Samples::Eight(noise(seed));
            Arc::new(Image::new(SIZE.0, SIZE.1, Layout::Grey, samples).expect("right size"))
        };
        let plan = |picture, original| {
            let inputs = Inputs {
                original: Some(original),
                ..Inputs::alone(picture)
            };
            Plan::new(&recipe, inputs)
        };
        let expected = in_bands(&plan(whole(1), whole(2)), 1);
        for threads in [1, 2] {
            let strict = [1, 2].map(|seed| {
                Arc::new(Strict {
                    samples: noise(seed),
                    ..Strict::default()
                })
            });
            let [picture, original] = strict
                .clone()
                .map(|it| Arc::new(Image::arriving(SIZE, Layout::Grey, Depth::Eight, it)));
            assert!(in_bands(&plan(picture, original), threads) == expected);
            for it in strict {
                assert_eq!(it.farthest.load(Ordering::SeqCst), SIZE.1);
                assert!(it.gone.load(Ordering::SeqCst) > SIZE.1 - 300);
                // Two bands and what lies around them. A second thread may stand still for any time.
                assert!(threads > 1 || it.most.load(Ordering::SeqCst) < 500);
            }
        }
    }

    #[test]
    fn what_looks_at_whole_pictures_does_not_read_in_order() {
        let check = |toml: &str, expected| {
            let recipe = Recipe::from_toml(&format!("[[layer]]\n{toml}\n")).expect("a recipe");
            assert_eq!(reads_in_order(&recipe), expected, "{toml}");
        };
        check("kind = \"noise\"", true);
        check("kind = \"noise\"\nstrength = \"match\"", false);
        check("kind = \"noise\"\nmasks = [\"midtones\", \"brush\"]", true);
        check("kind = \"noise\"\nmasks = [\"smoothed\"]", false);
        check("kind = \"noise\"\nmasks = [\"skin\"]", false);
        check(
            "kind = \"noise\"\nmasks = [\"skin\"]\nenabled = false",
            true,
        );
        check("kind = \"texture\"", true);
        check("kind = \"texture\"\nradius = 90", false);
        check("kind = \"texture\"\nalign = \"auto\"", false);
        check("kind = \"texture\"\nspots = \"leave-out\"", false);
        check("kind = \"graft\"\nstrength = 50", false);
        check(
            "kind = \"graft\"\nstrength = 50\npatch = { x = 0, y = 0, width = 64, height = 64 }",
            true,
        );
    }
}
