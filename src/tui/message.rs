//! What happens, and what should be done about it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crossterm::event::{KeyEvent, MouseEvent};
use image::RgbImage;

use super::geometry::{Frame, Size, View};
use super::picture::Protocol;
use crate::engine::operations::Rectangle;
use crate::engine::original::spots::Spot;
use crate::engine::raster::Image;
use crate::engine::recipe::Recipe;
use crate::engine::render::Inspection;
use crate::files::Donor;

/// Something that happened.
#[derive(Debug)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Pasted(String),
    /// The terminal has another size, in cells.
    Resized(Size),
    /// Which pictures have an original, and which have a result.
    Surveyed(Vec<Survey>),
    /// A picture's recipe was read, or could not be.
    RecipeRead {
        /// The picture.
        picture: usize,
        /// Its recipe, and the folder that paths in it start from.
        recipe: Result<(Recipe, PathBuf), String>,
    },
    /// A picture was read.
    PictureRead {
        /// The picture.
        picture: usize,
        /// Its size in pixels.
        size: Size,
    },
    /// A picture could not be read.
    PictureFailed {
        /// The picture.
        picture: usize,
        /// Why.
        why: String,
    },
    /// A preview is ready.
    PreviewReady(Preview),
    /// A picture is ready that may be looked at next.
    PreviewAhead(Ahead),
    /// A full-size render has come so far.
    RenderProgress {
        /// The picture.
        picture: usize,
        /// Share that is done, 0..=1.
        share: f64,
    },
    /// The result of a full-size render is there already.
    RenderExists(RenderRequest),
    /// A full-size render has ended.
    RenderEnded {
        /// The picture.
        picture: usize,
        /// The file that was written and what should be known of it; `None` if it was cancelled.
        result: Result<Option<(PathBuf, Vec<String>)>, String>,
    },
    /// A recipe was written, or could not be.
    RecipeWritten {
        /// The picture.
        picture: usize,
        /// What was written.
        recipe: Recipe,
        /// Why it was not.
        error: Option<String>,
    },
    /// The donor library was looked through.
    DonorsListed(Result<Vec<Donor>, String>),
    /// A patch was saved to the donor library, or could not be: what to say.
    DonorSaved(Result<String, String>),
    /// The low layer of a picture was written, or was not.
    LowWritten(LowLayer, LowResult),
    /// A picture was merged with the tone that somebody made: the file that was written and what
    /// should be known of it, or why there is none.
    Toned(Result<(PathBuf, Vec<String>), String>),
    /// A picture and its result were measured, or could not be.
    Measured {
        /// The wish that this answers.
        number: u64,
        /// What was found.
        result: Result<Box<Inspection>, String>,
    },
    /// Settings that come closest were found, or could not be.
    Tuned {
        /// The wish that this answers.
        request: Box<MeasureRequest>,
        /// The recipe, and how close it comes to what.
        result: Result<(Box<Recipe>, String), String>,
    },
    /// The process is asked to end, or the terminal has gone.
    Terminate,
}

/// What is on disk beside a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// It has an original.
    pub paired: bool,
    /// It has a recipe of its own.
    pub edited: bool,
    /// It has a result.
    pub rendered: bool,
}

/// What should be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Read a picture's recipe.
    ReadRecipe {
        /// The picture.
        picture: usize,
    },
    /// Make a preview; an earlier request is no longer wanted.
    Preview(PreviewRequest),
    /// Get ready for changes of a layer of the picture that was previewed last, when there is nothing else to do.
    Prepare {
        /// The layer.
        layer: usize,
    },
    /// Render at full size, in the background.
    Render(RenderRequest),
    /// Cancel all full-size renders.
    CancelRenders,
    /// Write a picture's recipe beside it.
    WriteRecipe {
        /// The picture.
        picture: usize,
        /// What is written.
        recipe: Recipe,
        /// Whether a recipe that is there is kept as a copy.
        keep_old: bool,
    },
    /// Look through the donor library.
    ListDonors,
    /// Save a patch to the donor library.
    SaveDonor(SavePatch),
    /// Write the low layer of a picture.
    WriteLow(LowLayer),
    /// Wait for the tone that somebody makes of a low layer, and merge it.
    AwaitTone(Toning),
    /// Wait no longer.
    LeaveTone,
    /// Measure a picture and its result; an earlier wish of this kind or the next is no longer wanted.
    Measure(MeasureRequest),
    /// Look for the settings that come closest to the original, or else to unspoiled skin.
    Tune(MeasureRequest),
    /// Neither measure nor look any longer.
    LeaveMeasure,
    /// Show the preview by another protocol; what the one before has shown is taken away.
    Show(Protocol),
    /// The preview that was wished for is no longer wanted.
    LeavePreview,
    /// Draw every cell anew.
    Redraw,
    /// Draw everything anew, the picture too.
    RedrawAll,
    /// Stop until the shell has the program go on.
    Suspend,
    /// Leave.
    Quit,
}

/// A patch on its way into the donor library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavePatch {
    /// What recipes will call it.
    pub name: String,
    /// The open picture.
    pub picture: usize,
    /// What the graft names as its donor: the picture, its original or a path.
    pub donor: String,
    /// The folder that paths in the recipe start from.
    pub folder: PathBuf,
    /// The patch, in pixels of the donor.
    pub patch: Rectangle,
}

/// The low layer of a picture on its way into a file.
#[derive(Clone, Debug, PartialEq)]
pub struct LowLayer {
    /// The picture.
    pub picture: usize,
    /// What is finer is texture, in pixels.
    pub radius: f64,
    /// The file.
    pub path: PathBuf,
    /// Whether an existing file is replaced.
    pub replace: bool,
}

/// What became of a low layer.
#[derive(Clone, Debug, PartialEq)]
pub enum LowResult {
    /// It was written, and the file has this time.
    Written(SystemTime),
    /// There is a file of that name.
    Exists,
    /// It could not be written.
    Failed(String),
}

/// A low layer that somebody works on.
#[derive(Clone, Debug, PartialEq)]
pub struct Toning {
    /// The layer as it was written.
    pub low: LowLayer,
    /// The time of its file.
    pub written: SystemTime,
    /// The file that is waited for: it counts once it is newer than the low layer.
    pub answer: PathBuf,
    /// Whether the file is taken as it is now.
    pub now: bool,
}

/// A wish to measure a picture, or to look for settings.
#[derive(Clone, Debug, PartialEq)]
pub struct MeasureRequest {
    /// Grows with every wish.
    pub number: u64,
    /// The picture.
    pub picture: usize,
    /// What is done to it.
    pub recipe: Recipe,
    /// The folder that paths in the recipe start from.
    pub folder: PathBuf,
}

/// What the preview shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// The restored picture.
    After,
    /// The picture as it was read.
    Before,
    /// As it was read on the left, restored on the right.
    Split,
    /// What was added, amplified about mid grey.
    Detail,
    /// The restored picture, with the mask of the selected layer in red.
    Mask,
}

/// A wish for a preview.
#[derive(Clone, Debug, PartialEq)]
pub struct PreviewRequest {
    /// Grows with every wish.
    pub number: u64,
    /// The picture.
    pub picture: usize,
    /// What is done to it.
    pub recipe: Recipe,
    /// The folder that paths in the recipe start from.
    pub folder: PathBuf,
    /// Which part is looked at.
    pub view: View,
    /// Screen pixels that are there for it.
    pub available: Size,
    /// The middle of the loupe, as shares of the picture's width and height.
    pub loupe: Option<(f64, f64)>,
    /// What is shown.
    pub show: Show,
    /// The selected layer, whose mask may be shown.
    pub layer: usize,
    /// The patch that is being marked: the donor of its layer is shown instead of the picture.
    pub marking: Option<Marking>,
    /// The graft layer for which the best patches are asked.
    pub patches_of: Option<usize>,
}

/// What a wish is for, without the recipe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sight {
    picture: usize,
    view: View,
    available: Size,
    loupe: Option<(f64, f64)>,
    show: Show,
    layer: usize,
    marking: Option<Marking>,
    patches_of: Option<usize>,
}

impl PreviewRequest {
    /// What of a picture is seen, and how large.
    pub fn frame_of(&self, picture: &Image) -> Frame {
        let size = Size::new(picture.width(), picture.height());
        self.view.frame(size, self.available)
    }

    /// What it is for, without the recipe.
    pub fn sight(&self) -> Sight {
        Sight {
            picture: self.picture,
            view: self.view,
            available: self.available,
            loupe: self.loupe,
            show: self.show,
            layer: self.layer,
            marking: self.marking,
            patches_of: self.patches_of,
        }
    }
}

/// A patch that is being marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marking {
    /// The graft layer that it is for.
    pub layer: usize,
    /// What is marked, in pixels of the donor.
    pub patch: Rectangle,
}

/// What a preview shows a part of.
#[derive(Clone, Debug)]
pub enum Subject {
    /// The picture.
    Picture,
    /// The donor of a graft layer.
    Donor {
        /// Its size in pixels.
        size: Size,
        /// The texture of the patch that is being marked, amplified about mid grey.
        texture: Arc<RgbImage>,
    },
}

/// A preview.
#[derive(Clone, Debug)]
pub struct Preview {
    /// The wish that it answers.
    pub number: u64,
    /// The picture.
    pub picture: usize,
    /// What the screen shows.
    pub image: Arc<RgbImage>,
    /// Which part of the subject it shows, and how large.
    pub frame: Frame,
    /// What it shows a part of.
    pub subject: Subject,
    /// Whether these are the true pixels, not a draft's.
    pub settled: bool,
    /// Layers that do not apply.
    pub skipped: Vec<usize>,
    /// Why they do not, and what else should be known.
    pub remarks: Vec<String>,
    /// Whether the layer whose mask it shows covers nothing of it; the first remark says why.
    pub uncovered: bool,
    /// The recipe with everything filled in that was found: patches and strengths.
    pub resolved: Arc<Recipe>,
    /// The best patches of the layer that they were asked for, the best first.
    pub patches: Option<(usize, Vec<Rectangle>)>,
    /// The first texture layer that leaves spots out, and the spots that were found for it.
    pub spots: Option<(usize, Arc<[Spot]>)>,
    /// How much of the picture has which luma.
    pub histogram: Arc<Histogram>,
}

/// A picture that may be looked at next.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// The wish after whose answer it was made.
    pub number: u64,
    /// What the screen would show.
    pub image: Arc<RgbImage>,
    /// Which part of the picture it shows, and how large.
    pub frame: Frame,
    /// What it is of.
    pub kind: AheadKind,
}

/// What may be looked at next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AheadKind {
    /// The same part before, or after.
    Other,
    /// More than the screen shows, at 1:1: panning shows another part of it.
    Around,
}

/// Shares of a picture by luma, from black to white; the largest is 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Histogram(pub Vec<f32>);

/// A wish for a full-size render.
#[derive(Clone, Debug, PartialEq)]
pub struct RenderRequest {
    /// The picture.
    pub picture: usize,
    /// What is done to it; `None` is its recipe on disk, or the standard one.
    pub recipe: Option<(Recipe, PathBuf)>,
    /// Whether an existing result is replaced.
    pub overwrite: bool,
}
