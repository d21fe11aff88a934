//! Quick pictures from reduced copies, while the keys do not rest.

use std::sync::Arc;

use image::RgbImage;

use super::compose::{detail, masked, split};
use super::found::Filled;
use super::levels::{level_for, reduced_region};
use super::load::Loaded;
use super::{Desk, Known, found, is_drafted};
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Cancelled, Inputs as RenderInputs, Plan};
use crate::tui::display::to_rgb;
use crate::tui::geometry::Frame;
use crate::tui::message::{PreviewRequest, Show, Subject};

/// What a draft says that does without something.
const LOOKING: &str = "looking at the whole picture; this draft does without what is looked for";

impl Desk {
    /// Sends a draft that is made with what was found for the recipe before, and without what has still to be found;
    /// `false` if none is needed, or it is cancelled.
    pub(super) fn draft_at_once(&mut self, request: &PreviewRequest, cancel: &Cancel) -> bool {
        if request.marking.is_some() || request.patches_of.is_some() {
            return false;
        }
        let loaded = self.pictures.front().expect("it was just loaded");
        let frame = request.frame_of(&loaded.levels[0].picture);
        if !is_drafted(frame) || self.answers_at_once(request, frame) {
            return false;
        }
        let last = loaded.last.as_ref();
        let Filled { recipe, is_open } = found::filled(&request.recipe, last);
        let mut known = Known {
            frame,
            subject: Subject::Picture,
            skipped: last.map_or_else(Vec::new, |it| it.skipped.clone()),
            remarks: last.map_or_else(Vec::new, |it| it.remarks.clone()),
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
            let mask = plan.coverage_reduced(request.layer, region, size, cancel)?;
            masked(&after()?, mask.as_ref())
        }
    };
    Ok(to_rgb(&composed))
}
