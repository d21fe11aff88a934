//! Whole pictures, band by band from top to bottom, so that the result never exists as a whole.
//!
//! Threads take tiles in the order of reading. Who makes the last tile of a band puts it together and
//! hands it on, so that only a few bands are in memory, and what is made of them comes in order.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use pulp::Arch;

use super::plan::Plan;
use super::stack::Stack;
use super::whole::TileSize;
use super::{Cancel, Cancelled, Progress};
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
                let own = match self.picture().whole_samples() {
                    Some(Samples::Eight(it)) => Some(it.as_slice()),
                    _ => None,
                };
                bands.run(own, store::to_eight, Samples::Eight, take)
            }
            Depth::Sixteen => {
                let own = match self.picture().whole_samples() {
                    Some(Samples::Sixteen(it)) => Some(it.as_slice()),
                    _ => None,
                };
                bands.run(own, store::to_sixteen, Samples::Sixteen, take)
            }
            // Floats may have values that are never written.
            Depth::Float => bands.run(None, store::to_float, Samples::Float, take),
        }
    }
}

struct Bands<'a, M> {
    plan: &'a Plan,
    size: TileSize,
    progress: Progress<'a>,
    cancel: &'a Cancel,
    make: M,
}

/// The interleaved samples of a tile, with its first column.
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
        let columns = whole.width.div_ceil(self.size.width);
        let count = whole.height.div_ceil(self.size.height);
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
                let region = Region::new(
                    column * self.size.width,
                    band * self.size.height,
                    self.size.width,
                    self.size.height,
                )
                .within(&whole);
                self.plan.await_rows(&region);
                let touched = self.plan.touched(region, self.cancel);
                if self.cancel.is_cancelled() {
                    break;
                }
                let samples = match (touched, own) {
                    (Some(stack), _) => self.interleaved(stack, region, store),
                    (None, Some(own)) => self.copied(own, region),
                    (None, None) => self.interleaved(self.plan.untouched(region), region, store),
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

    /// The samples of a region as they are stored, with the picture's alpha.
    fn interleaved<T: Copy + Default>(
        &self,
        stack: Stack,
        region: Region,
        store: impl Fn(f32) -> T + Copy,
    ) -> Vec<T> {
        let arch = Arch::new();
        let picture = self.plan.picture();
        let alpha = picture.alpha(region);
        let length = region.width * picture.layout().channels();
        let mut samples = vec![T::default(); length * region.height];
        stack.rows(self.cancel, |y, rows| {
            let rows = rows.iter().map(Vec::as_slice);
            let rows: Vec<&[f32]> = rows.chain(alpha.iter().map(|it| it.row(y))).collect();
            join(arch, &rows, &mut samples[y * length..][..length], store);
        });
        samples
    }

    /// The picture's own samples in a region.
    fn copied<T: Copy>(&self, own: &[T], region: Region) -> Vec<T> {
        let picture = self.plan.picture();
        let (channels, width) = (picture.layout().channels(), picture.width());
        let mut samples = Vec::with_capacity(region.width * region.height * channels);
        for y in region.y..region.bottom() {
            let row = &own[(y * width + region.x) * channels..];
            samples.extend_from_slice(&row[..region.width * channels]);
        }
        samples
    }

    /// A band of so many rows from its tiles.
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::masks::{MaskName, Stroke, Tip};
    use crate::engine::operations::Random;
    use crate::engine::raster::Layout;
    use crate::engine::recipe::preset;
    use crate::engine::render::Inputs;

    const SIZE: (usize, usize) = (1300, 150);

    fn picture(deep: bool) -> Arc<Image> {
        let random = Random::new(1, 0, 0).row(0);
        let draws = (0..SIZE.0 * SIZE.1 * 4).map(|i| random.bits(i));
        let samples = match deep {
            true => Samples::Sixteen(draws.map(|it| it as u16).collect()),
            false => Samples::Eight(draws.map(|it| it as u8).collect()),
        };
        Arc::new(Image::new(SIZE.0, SIZE.1, Layout::Rgba, samples).expect("right size"))
    }

    /// Noise in one dot of the picture.
    fn plan(picture: Arc<Image>) -> Plan {
        let mut recipe = preset("noise").expect("built in");
        recipe.layers[0].masks = vec![MaskName::Brush];
        recipe.masks.brush.strokes = vec![Stroke {
            tip: Tip {
                radius: 9.0,
                ..Tip::default()
            },
            points: vec![[20.0, 70.0]].into(),
        }];
        Plan::new(&recipe, Inputs::alone(picture))
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
            plan.touched(Region::new(512, 64, 512, 64), &cancel)
                .is_none()
        );
        assert!(plan.touched(Region::new(0, 64, 512, 64), &cancel).is_some());
    }

    #[test]
    fn copied_tiles_lie_between_the_others() {
        for deep in [false, true] {
            let plan = plan(picture(deep));
            for depth in [Depth::Eight, Depth::Sixteen, Depth::Float] {
                let whole = plan.render(depth, &|_, _| {}, &Cancel::default());
                let whole = whole.expect("nobody cancels it").into_samples();
                let bands = in_bands(&plan, depth);
                let same = match whole {
                    Samples::Eight(whole) => bands.iter().flat_map(eight).eq(&whole),
                    Samples::Sixteen(whole) => bands.iter().flat_map(sixteen).eq(&whole),
                    Samples::Float(whole) => bands.iter().flat_map(float).eq(&whole),
                };
                assert!(same, "{deep}, {depth:?}");
            }
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
