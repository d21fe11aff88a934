//! Whole pictures, band by band from top to bottom, so that the result never exists as a whole.
//!
//! Threads take bands in their order, or tiles of a band where the picture has few bands. Who makes the last piece of a
//! band puts it together and hands it on, so that only a few bands are in memory, and what is made of them comes in order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use pulp::Arch;
use rayon::prelude::*;

use super::plan::Plan;
use super::stack::{Stack, Wanted};
use super::whole::{TileSize, one_by_one};
use super::{Cancel, Cancelled, Progress};
use crate::engine::guarded::lock;
use crate::engine::raster::{Depth, Image, Region, Samples, join, store};

impl Plan {
    /// Renders the whole picture in bands from top to bottom, which are a multiple of 64 rows high
    /// but for the last one.
    ///
    /// `make` is given each band with its first row, from all threads and in any order; `take` gets
    /// what it made of them, from top to bottom, until it breaks.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn render_bands<R: Send>(
        &self,
        depth: Depth,
        progress: Progress,
        cancel: &Cancel,
        make: impl Fn(usize, Image) -> R + Sync,
        take: impl FnMut(R) -> ControlFlow<()> + Send,
    ) -> Result<(), Cancelled> {
        let bands = Bands {
            plan: self,
            size: TileSize::for_bands(self),
            progress,
            cancel,
            make,
        };
        match depth {
            Depth::Eight => {
                let own = match self.backdrop().whole_samples() {
                    Some(Samples::Eight(it)) => Some(it.as_slice()),
                    _ => None,
                };
                bands.run(own, store::to_eight, Samples::Eight, take)
            }
            Depth::Sixteen => {
                let own = match self.backdrop().whole_samples() {
                    Some(Samples::Sixteen(it)) => Some(it.as_slice()),
                    _ => None,
                };
                bands.run(own, store::to_sixteen, Samples::Sixteen, take)
            }
            // Floats may have values that are never written.
            Depth::Float => bands.run(None, store::to_float, Samples::Float, take),
        }
    }

    /// The whole picture in floats that are not clamped.
    ///
    /// # Errors
    /// When it is cancelled.
    pub(super) fn unclamped(&self, cancel: &Cancel) -> Result<Image, Cancelled> {
        let (whole, layout) = (self.picture().bounds(), self.picture().layout());
        let size = TileSize::for_bands(self);
        let row = whole.width * layout.channels();
        let mut samples = vec![0.0; row * whole.height];
        let bands = samples.par_chunks_mut(row * size.height).enumerate();
        one_by_one(bands).for_each(|(i, samples)| {
            let band = Region::new(0, i * size.height, whole.width, size.height).within(&whole);
            for x in (0..band.width).step_by(size.width) {
                let tile = Region::new(x, band.y, size.width, band.height).within(&band);
                let stack = self.stack(tile, Wanted::Pixels, cancel);
                self.fill(samples, (band, tile), stack, cancel, |it| it);
            }
        });
        if cancel.is_cancelled() {
            return Err(Cancelled);
        }
        let image = Image::new(whole.width, whole.height, layout, Samples::Float(samples));
        Ok(image.expect("as many samples as the picture has"))
    }

    /// Stores the samples of a tile of a region, with the picture's alpha.
    fn fill<T: Copy>(
        &self,
        samples: &mut [T],
        (region, tile): (Region, Region),
        stack: Stack,
        cancel: &Cancel,
        store: impl Fn(f32) -> T + Copy,
    ) {
        let arch = Arch::new();
        let picture = self.picture();
        let channels = picture.layout().channels();
        let alpha = picture.alpha(tile);
        stack.rows(cancel, |(x, y), rows| {
            let start = (y * region.width + tile.x + x - region.x) * channels;
            if let (None, [pixels]) = (&alpha, rows) {
                let out = &mut samples[start..][..pixels.len()];
                return join(arch, &[pixels], out, store);
            }
            let rows = rows.iter().map(Vec::as_slice);
            let rows: Vec<&[f32]> = rows.chain(alpha.iter().map(|it| it.row(y))).collect();
            let out = &mut samples[start..][..tile.width * channels];
            join(arch, &rows, out, store);
        });
    }
}

struct Bands<'a, M> {
    plan: &'a Plan,
    size: TileSize,
    progress: Progress<'a>,
    cancel: &'a Cancel,
    make: M,
}

/// Bands for each thread from which on a thread takes a whole one: there is nothing to put together then.
const BANDS_ENOUGH: usize = 8;

/// The interleaved samples of some columns of a band, with the first of them.
type Piece<T> = (usize, Vec<T>);

impl<M> Bands<'_, M> {
    /// `own` are the picture's samples, if they are stored as the result's are.
    fn run<T, R>(
        &self,
        own: Option<&[T]>,
        store: impl Fn(f32) -> T + Copy + Sync,
        wrap: impl Fn(Vec<T>) -> Samples + Sync,
        take: impl FnMut(R) -> ControlFlow<()> + Send,
    ) -> Result<(), Cancelled>
    where
        T: Copy + Default + Send + Sync,
        R: Send,
        M: Fn(usize, Image) -> R + Sync,
    {
        let whole = self.plan.picture().bounds();
        let count = whole.height.div_ceil(self.size.height);
        let width = match count >= BANDS_ENOUGH * rayon::current_num_threads() {
            true => whole.width,
            false => self.size.width,
        };
        let columns = whole.width.div_ceil(width);
        let open: Vec<Mutex<Vec<Piece<T>>>> = (0..count).map(|_| Mutex::default()).collect();
        let queue = Queue::new(take);
        let (next, rows_done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let work = || {
            while !self.cancel.is_cancelled() && !queue.is_closed() {
                let job = next.fetch_add(1, Ordering::Relaxed);
                if job >= count * columns {
                    break;
                }
                let (band, column) = (job / columns, job % columns);
                let height = self.size.height;
                let region = Region::new(column * width, band * height, width, height);
                let region = region.within(&whole);
                self.plan.await_rows(&region);
                let Some(samples) = self.piece(region, own, store) else {
                    break;
                };
                let piece = (region.x, samples);
                let mut pieces = lock(&open[band]);
                pieces.push(piece);
                if pieces.len() < columns {
                    continue;
                }
                let pieces = std::mem::take(&mut *pieces);
                let samples = wrap(self.joined(pieces, region.height));
                let layout = self.plan.picture().layout();
                let image = Image::new(whole.width, region.height, layout, samples);
                let image = image.expect("as many samples as the band has");
                let finished = queue.put(band, (self.make)(region.y, image));
                self.plan
                    .let_go((finished * self.size.height).min(whole.height));
                let before = rows_done.fetch_add(region.height, Ordering::Relaxed);
                (self.progress)(before + region.height, whole.height);
            }
        };
        rayon::scope(|scope| {
            for _ in 1..rayon::current_num_threads() {
                scope.spawn(|_| work());
            }
            work();
        });
        match self.cancel.is_cancelled() && rows_done.into_inner() < whole.height {
            true => Err(Cancelled),
            false => Ok(()),
        }
    }

    /// The samples of a region, made tile by tile; `None` once it is cancelled.
    fn piece<T: Copy + Default>(
        &self,
        region: Region,
        own: Option<&[T]>,
        store: impl Fn(f32) -> T + Copy,
    ) -> Option<Vec<T>> {
        let length = region.width * self.plan.picture().layout().channels();
        let mut samples = vec![T::default(); length * region.height];
        for x in (region.x..region.right()).step_by(self.size.width) {
            let tile = Region {
                x,
                width: self.size.width,
                ..region
            };
            let tile = tile.within(&region);
            let touched = self.plan.touched(tile, Wanted::Pixels, self.cancel);
            if self.cancel.is_cancelled() {
                return None;
            }
            match (touched, own) {
                (None, Some(own)) => self.copy(&mut samples, region, own, tile),
                (touched, _) => {
                    let untouched = || self.plan.untouched(tile, Wanted::Pixels);
                    let stack = touched.unwrap_or_else(untouched);
                    let cancel = self.cancel;
                    self.plan
                        .fill(&mut samples, (region, tile), stack, cancel, store);
                }
            }
        }
        // The last tile may have ended early.
        (!self.cancel.is_cancelled()).then_some(samples)
    }

    /// Copies the picture's own samples of a tile of a region.
    fn copy<T: Copy>(&self, samples: &mut [T], region: Region, own: &[T], tile: Region) {
        let picture = self.plan.picture();
        let (channels, width) = (picture.layout().channels(), picture.width());
        for y in 0..tile.height {
            let from = ((tile.y + y) * width + tile.x) * channels;
            let start = (y * region.width + tile.x - region.x) * channels;
            let out = &mut samples[start..][..tile.width * channels];
            out.copy_from_slice(&own[from..][..tile.width * channels]);
        }
    }

    /// A band of so many rows from its pieces.
    fn joined<T: Copy>(&self, mut pieces: Vec<Piece<T>>, rows: usize) -> Vec<T> {
        if pieces.len() == 1 {
            return pieces.swap_remove(0).1;
        }
        pieces.sort_by_key(|(x, _)| *x);
        let mut samples = Vec::with_capacity(pieces.iter().map(|(_, it)| it.len()).sum());
        for y in 0..rows {
            for (_, piece) in &pieces {
                let row = piece.len() / rows;
                samples.extend_from_slice(&piece[y * row..][..row]);
            }
        }
        samples
    }
}

/// Brings what is made in any order into order.
struct Queue<R, F> {
    state: Mutex<Waiting<R, F>>,
    closed: AtomicBool,
}

struct Waiting<R, F> {
    /// The number of what is taken next.
    next: usize,
    early: BTreeMap<usize, R>,
    take: F,
}

impl<R, F: FnMut(R) -> ControlFlow<()>> Queue<R, F> {
    fn new(take: F) -> Self {
        Self {
            state: Mutex::new(Waiting {
                next: 0,
                early: BTreeMap::new(),
                take,
            }),
            closed: AtomicBool::new(false),
        }
    }

    /// Up to which number all were put.
    fn put(&self, number: usize, made: R) -> usize {
        let mut state = lock(&self.state);
        state.early.insert(number, made);
        let Waiting { next, early, take } = &mut *state;
        while let Some(made) = early.remove(next) {
            *next += 1;
            if !self.is_closed() && take(made).is_break() {
                self.closed.store(true, Ordering::Relaxed);
            }
        }
        *next
    }

    fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::masks::{MaskName, Stroke, Tip};
    use crate::engine::operations::Random;
    use crate::engine::raster::Layout;
    use crate::engine::recipe::{Recipe, preset};
    use crate::engine::render::Inputs;

    const WIDTH: usize = 1300;
    const HEIGHT: usize = 150;

    fn picture(deep: bool) -> Arc<Image> {
        picture_of(HEIGHT, Layout::Rgba, deep, 1)
    }

    fn picture_of(height: usize, layout: Layout, deep: bool, seed: u64) -> Arc<Image> {
        let random = Random::new(seed, 0, 0).row(0);
        let draws = (0..WIDTH * height * layout.channels()).map(|i| random.bits(i));
        let samples = match deep {
            true => Samples::Sixteen(draws.map(|it| it as u16).collect()),
            false => Samples::Eight(draws.map(|it| it as u8).collect()),
        };
        Arc::new(Image::new(WIDTH, height, layout, samples).expect("right size"))
    }

    /// Puts the first layer of a recipe into one dot of the picture.
    fn in_a_dot(recipe: &mut Recipe) {
        recipe.layers[0].masks = vec![MaskName::Brush];
        recipe.masks.brush.strokes = vec![Stroke {
            tip: Tip {
                radius: 9.0,
                ..Tip::default()
            },
            points: vec![[20.0, 70.0]].into(),
        }];
    }

    /// Noise in one dot of the picture.
    fn plan(picture: Arc<Image>) -> Plan {
        let mut recipe = preset("noise").expect("built in");
        in_a_dot(&mut recipe);
        Plan::new(&recipe, Inputs::alone(picture))
    }

    /// Texture of another picture, by a change to its layer, everywhere or in one dot.
    fn texture(pictures: [Arc<Image>; 2], change: &str, everywhere: bool) -> Plan {
        let mut recipe = preset("separation").expect("built in");
        for change in ["texture.align=off", "texture.spots=bring-back", change] {
            recipe.set(change).expect("it fits");
        }
        if !everywhere {
            in_a_dot(&mut recipe);
        }
        let [picture, original] = pictures;
        let mut inputs = Inputs::alone(picture);
        inputs.original = Some(original);
        Plan::new(&recipe, inputs)
    }

    fn in_bands(plan: &Plan, depth: Depth) -> Vec<Samples> {
        let mut bands = Vec::new();
        let cancel = Cancel::default();
        let done = plan.render_bands(
            depth,
            &|_, _| {},
            &cancel,
            |_, band| band.into_samples(),
            |band| {
                bands.push(band);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(done, Ok(()));
        bands
    }

    #[test]
    fn tiles_that_no_layer_changes_are_copied() {
        let cancel = Cancel::default();
        let plan = plan(picture(false));
        assert!(
            plan.touched(Region::new(512, 64, 512, 64), Wanted::Pixels, &cancel)
                .is_none()
        );
        assert!(
            plan.touched(Region::new(0, 64, 512, 64), Wanted::Pixels, &cancel)
                .is_some()
        );
    }

    #[test]
    fn copied_tiles_lie_between_the_others() {
        for deep in [false, true] {
            let plan = plan(picture(deep));
            for depth in [Depth::Eight, Depth::Sixteen, Depth::Float] {
                assert!(bands_are_the_whole(&plan, depth), "{deep}, {depth:?}");
            }
        }
    }

    /// Wholes are rendered in planes, and bands in pixels where all layers can.
    #[test]
    fn rows_of_pixels_have_the_samples_of_planes() {
        use Layout::{Grey, Rgb, Rgba};
        for (layout, other) in [(Rgb, Rgb), (Grey, Grey), (Rgba, Rgb), (Rgb, Grey)] {
            for change in ["texture.radius=0.7", "texture.radius=4", "texture.mode=add"] {
                for (everywhere, deep) in [(true, false), (false, true)] {
                    let pictures = [(layout, 1), (other, 2)];
                    let pictures =
                        pictures.map(|(layout, seed)| picture_of(HEIGHT, layout, deep, seed));
                    let plan = texture(pictures, change, everywhere);
                    let same = bands_are_the_whole(&plan, Depth::Float);
                    assert!(same, "{layout:?}, {other:?}, {change}, {deep}");
                }
            }
        }
    }

    /// The same for layers that are grey, alone and over a texture.
    #[test]
    fn grey_layers_have_the_samples_of_planes() {
        for layout in [Layout::Rgb, Layout::Grey, Layout::Rgba] {
            for monochromatic in ["true", "false"] {
                for everywhere in [true, false] {
                    let [own, other] = [1, 2].map(|seed| picture_of(HEIGHT, layout, false, seed));
                    let mut grey = preset("noise").expect("built in");
                    let mut graft = preset("graft").expect("built in");
                    let monochromatic = format!("noise.monochromatic={monochromatic}");
                    grey.set(&monochromatic).expect("it fits");
                    graft.set("graft.patch=9,9,64,64").expect("it fits");
                    grey.layers.append(&mut graft.layers);
                    for layer in &mut grey.layers {
                        layer.masks.clear();
                    }
                    if !everywhere {
                        in_a_dot(&mut grey);
                    }
                    let mut both = preset("separation").expect("built in");
                    for change in ["texture.align=off", "texture.spots=bring-back"] {
                        both.set(change).expect("it fits");
                    }
                    both.masks = grey.masks.clone();
                    both.layers.extend(grey.layers.iter().cloned());
                    for recipe in [grey, both] {
                        let mut inputs = Inputs::alone(own.clone());
                        inputs.original = Some(other.clone());
                        let plan = Plan::new(&recipe, inputs);
                        assert!(plan.skipped().is_empty());
                        let same = bands_are_the_whole(&plan, Depth::Float);
                        assert!(same, "{layout:?}, {monochromatic}, {everywhere}");
                    }
                }
            }
        }
    }

    #[test]
    fn bands_that_one_thread_makes_have_the_samples_of_those_in_pieces() {
        let height = 64 * BANDS_ENOUGH + 9;
        let pictures = [1, 2].map(|seed| picture_of(height, Layout::Rgb, false, seed));
        for everywhere in [true, false] {
            let plan = texture(pictures.clone(), "texture.radius=4", everywhere);
            for threads in [1, 2] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let pool = pool.expect("threads can be had");
                assert!(pool.install(|| bands_are_the_whole(&plan, Depth::Eight)));
            }
        }
    }

    fn bands_are_the_whole(plan: &Plan, depth: Depth) -> bool {
        let whole = plan.render(depth, &|_, _| {}, &Cancel::default());
        let whole = whole.expect("nobody cancels it").into_samples();
        let bands = in_bands(plan, depth);
        match whole {
            Samples::Eight(whole) => bands.iter().flat_map(eight).eq(&whole),
            Samples::Sixteen(whole) => bands.iter().flat_map(sixteen).eq(&whole),
            Samples::Float(whole) => bands.iter().flat_map(float).eq(&whole),
        }
    }

    fn eight(band: &Samples) -> &[u8] {
        match band {
            Samples::Eight(it) => it,
            _ => &[],
        }
    }

    fn sixteen(band: &Samples) -> &[u16] {
        match band {
            Samples::Sixteen(it) => it,
            _ => &[],
        }
    }

    fn float(band: &Samples) -> &[f32] {
        match band {
            Samples::Float(it) => it,
            _ => &[],
        }
    }
}
