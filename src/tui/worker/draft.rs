//! Quick pictures from reduced copies, while the keys do not rest.

use std::sync::Arc;

use image::RgbImage;

use super::compose::{detail, split};
use super::found::Filled;
use super::levels::{level_for, reduced_region};
use super::load::{Loaded, Untouched};
use super::mask::Covered;
use super::{Desk, Known, found, is_drafted};
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Cancelled, Inputs as RenderInputs, Plan};
use crate::tui::display::to_rgb;
use crate::tui::geometry::Frame;
use crate::tui::message::{PreviewRequest, Show, Subject};

/// What a draft says that does without something.
const LOOKING: &str = "looking at the whole picture; this draft does without what is looked for";

/// What is said of a picture that is shown as it was read meanwhile.
const AS_IT_IS: &str = "looking at the whole picture; until then it is shown without its layers";

impl Desk {
    /// Sends a draft that is made with what was found for the recipe before, and without what has still to be found;
    /// `false` if none is needed, or it is cancelled.
    pub(super) fn draft_at_once(&mut self, request: &PreviewRequest, cancel: &Cancel) -> bool {
        if request.marking.is_some() || request.patches_of.is_some() {
            return false;
        }
        let loaded = self.pictures.front().expect("it was just loaded");
        let frame = request.frame_of(&loaded.levels[0].picture);
        if self.answers_at_once(request, frame) {
            return false;
        }
        let last = loaded.last.as_ref();
        let Filled { recipe, is_open } = found::filled(&request.recipe, last.map(|it| &it.found));
        if !is_drafted(frame) {
            // Masks and detail are nothing without what is looked for.
            let is_picture = matches!(request.show, Show::After | Show::Split);
            return is_open && last.is_none() && is_picture && self.show_as_it_is(request);
        }
        let mut known = Known {
            frame,
            subject: Subject::Picture,
            skipped: last.map_or_else(Vec::new, |it| it.found.skipped.clone()),
            remarks: last.map_or_else(Vec::new, |it| it.remarks.clone()),
            uncovered: false,
            resolved: Arc::new(recipe.clone()),
            patches: None,
            spots: last.and_then(|it| it.spots.clone()),
            histogram: loaded.histogram.clone(),
        };
        if is_open {
            known.remarks = vec![LOOKING.to_string()];
            // What is open is shown as open.
            known.resolved = Arc::new(request.recipe.clone());
            self.seek(request);
        }
        let loupe = request.loupe.filter(|_| !is_open);
        let request = PreviewRequest {
            loupe,
            ..request.clone()
        };
        self.send_draft(&recipe, &request, &known, cancel)
    }

    /// Shows the very pixels of the picture while nothing was found for it yet: at 1:1 a smaller copy would tell nothing.
    fn show_as_it_is(&mut self, request: &PreviewRequest) -> bool {
        self.seek(request);
        let loaded = self.pictures.front().expect("it was just loaded");
        let picture = loaded.levels[0].picture.clone();
        let size = (picture.width(), picture.height());
        let untouched = Untouched {
            copy: picture,
            scale: 1.0,
            histogram: loaded.histogram.clone(),
            remarks: vec![AS_IT_IS.to_string()],
        };
        self.send_untouched(request, size, untouched)
    }

    /// Sends a draft of a recipe that leaves nothing open, unless it is cancelled.
    pub(super) fn send_draft(
        &mut self,
        resolved: &Recipe,
        request: &PreviewRequest,
        known: &Known,
        cancel: &Cancel,
    ) -> bool {
        let loaded = self.pictures.front().expect("it was just loaded");
        let full = loaded.levels[0].clone();
        self.mailbox.drafts(Some(request.sight()));
        let drafted = draft(loaded, resolved, request, known.frame, cancel);
        let drafted = drafted.and_then(|it| match request.loupe {
            Some(_) => self.with_loupe(it, &Plan::new(resolved, full), request, known, cancel),
            None => Ok(it),
        });
        self.mailbox.drafts(None);
        match drafted {
            Ok(image) => self.send(request, known.clone(), image, false),
            Err(Cancelled) => return false,
        }
        true
    }
}

/// A quick picture from a reduced copy. What was found in the full picture is not looked for again.
fn draft(
    loaded: &Loaded,
    resolved: &Recipe,
    request: &PreviewRequest,
    frame: Frame,
    cancel: &Cancel,
) -> Result<Option<RgbImage>, Cancelled> {
    let (level, scale) = level_for(frame, loaded.levels.len());
    let inputs = loaded.levels[level].clone();
    let region = reduced_region(frame.region, scale, inputs.picture.bounds());
    let size = (frame.shown.width, frame.shown.height);
    let recipe = resolved.reduced(scale);
    let plan = Plan::new(&recipe, inputs.clone());
    let before = || {
        let plan = Plan::new(
            &Recipe::default(),
            RenderInputs::alone(inputs.picture.clone()),
        );
        plan.render_reduced(region, size, cancel)
    };
    let after = || plan.render_reduced(region, size, cancel);
    let composed = match request.show {
        Show::After => after()?,
        Show::Before => before()?,
        Show::Split => split(&before()?, &after()?),
        Show::Detail => detail(&before()?, &after()?),
        Show::Mask => {
            let covered = Covered::of(&plan, request.layer, (region, size), cancel)?;
            covered.over(&after()?)
        }
    };
    Ok(to_rgb(&composed))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::mpsc::{self, Receiver};

    use super::super::Last;
    use super::super::found::Found;
    use super::super::levels::levels;
    use super::*;
    use crate::engine::raster::{Image, Layout, Samples};
    use crate::engine::recipe::{Recipe, preset};
    use crate::files::{Originals, ReadOptions};
    use crate::tui::geometry::{Size, View, Zoom};
    use crate::tui::message::Message;

    /// A desk with a picture of 900×900 pixels and no original, and what it answers.
    fn desk(last: Option<Last>) -> (Desk, Receiver<Message>) {
        let samples = Samples::Eight((0..900 * 900 * 3).map(|it| (it % 251) as u8).collect());
        let image = Image::new(900, 900, Layout::Rgb, samples).expect("its size is right");
        let (answers, answered) = mpsc::channel();
        let read = (Originals::Beside, ReadOptions::default());
        let mut desk = Desk::new(vec![PathBuf::new()], read, Arc::default(), answers);
        desk.pictures.push_front(Loaded {
            picture: 0,
            levels: levels(RenderInputs::alone(Arc::new(image))),
            remarks: Vec::new(),
            histogram: Default::default(),
            last,
            files: Vec::new(),
        });
        (desk, answered)
    }

    fn request(recipe: Recipe, zoom: Zoom) -> PreviewRequest {
        PreviewRequest {
            number: 1,
            picture: 0,
            recipe,
            folder: Default::default(),
            view: View {
                zoom,
                centre: (0.5, 0.5),
            },
            available: Size::new(600, 600),
            loupe: None,
            show: Show::After,
            layer: 0,
            marking: None,
            patches_of: None,
        }
    }

    /// The draft of a part at 1:1, with its remarks.
    fn draft_at_full_size(last: Option<Last>) -> Option<(RgbImage, Vec<String>)> {
        let (mut desk, answered) = desk(last);
        let request = request(preset("full").expect("built in"), Zoom::Scale(1.0));
        let drafted = desk.draft_at_once(&request, &Cancel::default());
        let answer = answered.try_recv().ok();
        assert_eq!(drafted, answer.is_some());
        match answer? {
            Message::PreviewReady(it) if !it.settled => {
                Some((it.image.as_ref().clone(), it.remarks))
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn at_full_size_a_picture_is_shown_as_it_is_until_something_was_found() {
        let (image, remarks) = draft_at_full_size(None).expect("a draft");
        assert_eq!(image.dimensions(), (600, 600));
        let first = (3 * (150 * 900 + 150)) % 251;
        assert_eq!(usize::from(image.as_raw()[0]), first);
        assert_eq!(remarks, [AS_IT_IS]);
        // Then what was seen last is nearer to what comes.
        let mut last = Last {
            found: Found {
                recipe: preset("noise").expect("built in"),
                resolved: preset("noise").expect("built in"),
                skipped: Vec::new(),
            },
            remarks: Vec::new(),
            spots: None,
            tuned: None,
        };
        last.found.recipe.seed = 7;
        assert_eq!(draft_at_full_size(Some(last)), None);
    }

    #[test]
    fn what_lies_below_a_selected_layer_is_painted_before_it_is_tuned() {
        let mut recipe = preset("noise").expect("built in");
        recipe.layers[0].masks.clear();
        recipe.layers = vec![recipe.layers[0].clone(); 3];
        let (mut desk, _answered) = desk(None);
        let request = request(recipe, Zoom::Fit);
        // Upwards and downwards.
        for layer in [1, 2, 1] {
            desk.prepare(&request, layer, &Cancel::default());
            assert_eq!(desk.base.as_ref().map(|it| it.layers()), Some(layer));
        }
    }
}
