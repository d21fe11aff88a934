//! Pictures on their way into memory, and what is seen of them meanwhile.

use std::path::Path;
use std::sync::Arc;

use super::levels::{histogram, levels, reduced_region};
use super::{Desk, Known, Last};
use crate::engine::raster::Image;
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Findings, Inputs as RenderInputs, Plan};
use crate::files::{FileError, find_original, glimpse, read_named, read_photo_with};
use crate::tui::display::to_rgb;
use crate::tui::geometry::Size;
use crate::tui::message::{Histogram, Message, PreviewRequest, Subject};

/// A copy may have to be enlarged by this much where there is nothing finer yet.
const COARSEST: f64 = 4.0;

/// Pictures kept in memory.
const KEPT_PICTURES: usize = 2;

/// A picture in memory with everything that belongs to it, at full size and reduced.
pub struct Loaded {
    pub picture: usize,
    /// Each half the size of the one before; the first is the full picture.
    pub levels: Vec<RenderInputs>,
    /// What could not be read beside the picture.
    pub remarks: Vec<String>,
    pub histogram: Arc<Histogram>,
    /// What was last found for a recipe.
    pub last: Option<Last>,
    /// The pictures named by the recipe that are part of `levels`.
    pub files: Vec<String>,
}

/// A picture as it was read, to be shown before anything is made of it.
pub struct Untouched {
    /// The picture, or a smaller copy of it.
    pub copy: Arc<Image>,
    /// The copy's size as a share of the picture's.
    pub scale: f64,
    pub histogram: Arc<Histogram>,
    pub remarks: Vec<String>,
}

impl Untouched {
    /// One of which nothing else is known yet.
    fn new(copy: Arc<Image>, scale: f64) -> Self {
        Self {
            copy,
            scale,
            histogram: Arc::default(),
            remarks: Vec::new(),
        }
    }
}

impl Desk {
    /// Has the picture of a wish, and what its recipe names, first in memory; `false` if another picture
    /// was wished for meanwhile.
    pub(super) fn load(&mut self, request: &PreviewRequest) -> Result<bool, FileError> {
        let files: Vec<String> = request
            .recipe
            .files()
            .iter()
            .map(|it| it.to_string())
            .collect();
        let at = self
            .pictures
            .iter()
            .position(|it| it.picture == request.picture);
        if let Some(loaded) = at.and_then(|at| self.pictures.remove(at))
            && loaded.files == files
        {
            self.pictures.push_front(loaded);
            return Ok(true);
        }
        // The search of another picture would take its time from this one.
        if let Some(search) = self.search.take() {
            search.end();
        }
        self.pictures.truncate(KEPT_PICTURES - 1);
        self.views.retain(|it| it.picture != request.picture);
        self.base = None;
        let path = &self.paths[request.picture];
        let seen = glimpse(path).is_some_and(|it| {
            self.tell_size(request, it.size);
            let scale = it.image.width() as f64 / it.size.0 as f64;
            self.send_untouched(request, it.size, Untouched::new(it.image, scale))
        });
        if self.mailbox.wishes_elsewhere(request.picture) {
            return Ok(false);
        }
        let (inputs, remarks) = self.read_all(request, path, &files)?;
        let levels = levels(inputs);
        if !seen {
            // What the recipe makes of it may have to be looked for.
            let picture = &levels[0].picture;
            let size = (picture.width(), picture.height());
            let frame = request.frame_of(picture);
            // A copy that is as fine as the screen.
            let level = ((-frame.scale.log2()).floor().max(0.0) as usize).min(levels.len() - 1);
            let copy = levels[level].picture.clone();
            self.send_untouched(
                request,
                size,
                Untouched::new(copy, 0.5f64.powi(level as i32)),
            );
        }
        let smallest = levels.last().map(|it| histogram(&it.picture));
        self.pictures.push_front(Loaded {
            picture: request.picture,
            levels,
            histogram: Arc::new(smallest.unwrap_or_default()),
            last: None,
            remarks,
            files,
        });
        Ok(true)
    }

    /// Reads a picture, its original and the files that its recipe names; what of these cannot be read is a remark.
    fn read_all(
        &self,
        request: &PreviewRequest,
        path: &Path,
        files: &[String],
    ) -> Result<(RenderInputs, Vec<String>), FileError> {
        let read_original = || {
            let found = find_original(path, &self.originals)?;
            found.map(|it| read_photo_with(&it, self.read)).transpose()
        };
        let (photo, original) = rayon::join(|| read_photo_with(path, self.read), read_original);
        let picture = photo?.image;
        self.tell_size(request, (picture.width(), picture.height()));
        let mut remarks = Vec::new();
        let original = original.unwrap_or_else(|error| {
            remarks.push(error.to_string());
            None
        });
        let mut inputs = RenderInputs::alone(picture);
        inputs.findings = Arc::new(Findings::for_previews());
        inputs.original = original.map(|it| it.image);
        for file in files {
            match read_named(file, &request.folder, self.read) {
                Ok(photo) => {
                    inputs.files.insert(file.clone(), photo.image);
                }
                Err(error) => remarks.push(error.to_string()),
            }
        }
        Ok((inputs, remarks))
    }

    /// Says how large a picture is.
    fn tell_size(&self, request: &PreviewRequest, (width, height): (usize, usize)) {
        // When the interface has ended, nobody listens any more.
        let _ = self.answers.send(Message::PictureRead {
            picture: request.picture,
            size: Size::new(width, height),
        });
    }

    /// Shows a picture of a size as it was read; `false` if the copy is too small for that.
    pub(super) fn send_untouched(
        &self,
        request: &PreviewRequest,
        (width, height): (usize, usize),
        untouched: Untouched,
    ) -> bool {
        let Untouched { copy, scale, .. } = untouched;
        let frame = request
            .view
            .frame(Size::new(width, height), request.available);
        if frame.scale > COARSEST * scale || request.marking.is_some() {
            return false;
        }
        let region = reduced_region(frame.region, scale, copy.bounds());
        let plan = Plan::new(&Recipe::default(), RenderInputs::alone(copy));
        let shown = (frame.shown.width, frame.shown.height);
        let Ok(tile) = plan.render_reduced(region, shown, &Cancel::default()) else {
            return false;
        };
        let known = Known {
            frame,
            subject: Subject::Picture,
            skipped: Vec::new(),
            remarks: untouched.remarks,
            uncovered: false,
            resolved: Arc::new(request.recipe.clone()),
            patches: None,
            spots: None,
            histogram: untouched.histogram,
        };
        self.send(request, known, to_rgb(&tile), false);
        true
    }
}
