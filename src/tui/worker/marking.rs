//! The donor of a graft layer while its patch is being marked.

use std::sync::Arc;

use super::compose::to_screen;
use super::levels::{level_for, reduced_region};
use super::views::Of;
use super::{Desk, Known, donor, is_drafted};
use crate::engine::raster::Image;
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Inputs as RenderInputs, Plan};
use crate::tui::display::to_rgb;
use crate::tui::geometry::Size;
use crate::tui::message::{Marking, PreviewRequest, Subject};

impl Desk {
    /// Shows the donor of the layer whose patch is being marked, as it is, with the patch's texture.
    pub(super) fn answer_marking(
        &mut self,
        request: &PreviewRequest,
        marking: Marking,
        known: Known,
        cancel: &Cancel,
    ) {
        let loaded = self.pictures.front().expect("it was just loaded");
        let found = |level: &RenderInputs| {
            let found = donor::of_layer(&request.recipe, marking.layer, level);
            found.map(|(graft, donor)| (graft.clone(), donor.clone()))
        };
        let levels: Result<Vec<_>, String> = loaded.levels.iter().map(found).collect();
        let Ok(levels) = levels else {
            return;
        };
        let (graft, donor) = &levels[0];
        let size = Size::new(donor.width(), donor.height());
        let frame = request.frame_of(donor);
        let room = donor::inset(request.available);
        let known = Known {
            frame,
            subject: Subject::Donor {
                size,
                texture: Arc::new(donor::texture(graft.radius, donor, marking.patch, room)),
            },
            ..known
        };
        let untouched = Recipe::default();
        let of = Of {
            donor: &graft.donor,
            ..Of::picture(request, &untouched, frame)
        };
        let plan = |donor: &Arc<Image>| Plan::new(&untouched, RenderInputs::alone(donor.clone()));
        if is_drafted(frame) && self.kept(of).is_none() {
            let (level, scale) = level_for(frame, levels.len());
            let region = reduced_region(frame.region, scale, levels[level].1.bounds());
            let size = (frame.shown.width, frame.shown.height);
            let draft = plan(&levels[level].1).render_reduced(region, size, cancel);
            if let Ok(tile) = draft {
                self.send(request, known.clone(), to_rgb(&tile), false);
            }
            if !self.mailbox.rests() {
                return;
            }
        }
        if let Ok(tile) = self.view(of, &plan(donor), cancel) {
            self.send(request, known, to_screen(&tile, frame), true);
        }
    }
}
