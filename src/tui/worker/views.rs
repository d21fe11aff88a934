//! Rendered views that are kept, for going back and forth.

use std::sync::Arc;

use super::Desk;
use super::compose::reduced;
use crate::engine::raster::{Plane, Tile};
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Cancelled, Plan, SELF};
use crate::tui::geometry::Frame;
use crate::tui::message::{PreviewRequest, Show};

/// Rendered views that are kept, for going back and forth.
const KEPT_VIEWS: usize = 8;

/// A rendered view that is kept.
pub struct Kept {
    pub picture: usize,
    /// What of the picture is shown: itself for `self`, or the donor of this name.
    pub donor: String,
    pub recipe: Recipe,
    pub frame: Frame,
    pub tile: Arc<Tile>,
}

/// What a view is of.
#[derive(Clone, Copy)]
pub struct Of<'a> {
    pub picture: usize,
    pub donor: &'a str,
    pub recipe: &'a Recipe,
    pub frame: Frame,
}

impl<'a> Of<'a> {
    /// That of the picture of a wish.
    pub fn picture(request: &'a PreviewRequest, recipe: &'a Recipe, frame: Frame) -> Self {
        Self {
            picture: request.picture,
            donor: SELF,
            recipe,
            frame,
        }
    }
}

impl Desk {
    /// Whether a kept view answers a wish by itself.
    pub(super) fn answers_at_once(&self, request: &PreviewRequest, frame: Frame) -> bool {
        let untouched = Recipe::default();
        let recipe = match request.show {
            Show::After => &request.recipe,
            Show::Before => &untouched,
            Show::Split | Show::Detail | Show::Mask => return false,
        };
        self.kept(Of::picture(request, recipe, frame)).is_some()
    }

    /// The true samples of a view: kept ones, or rendered and kept.
    pub(super) fn view(
        &mut self,
        of: Of,
        plan: &Plan,
        cancel: &Cancel,
    ) -> Result<Arc<Tile>, Cancelled> {
        if let Some(tile) = self.kept(of) {
            return Ok(tile);
        }
        let tile = plan.render_reduced(of.frame.region, reduced(of.frame), cancel)?;
        let tile = Arc::new(tile);
        self.views.truncate(KEPT_VIEWS - 1);
        self.views.push_front(Kept {
            picture: of.picture,
            donor: of.donor.to_string(),
            recipe: of.recipe.clone(),
            frame: of.frame,
            tile: tile.clone(),
        });
        Ok(tile)
    }

    pub(super) fn kept(&self, of: Of) -> Option<Arc<Tile>> {
        let same = |it: &&Kept| {
            it.picture == of.picture && it.donor == of.donor && it.recipe == *of.recipe
        };
        let mut views = self.views.iter().filter(same);
        if let Some(kept) = views.clone().find(|it| it.frame == of.frame) {
            return Some(kept.tile.clone());
        }
        // At 1:1 it may be a part of one.
        let kept = views.find(|it| {
            (it.frame.scale, of.frame.scale) == (1.0, 1.0)
                && it.frame.region.contains(&of.frame.region)
        })?;
        let crop = |it: &Plane| it.crop(of.frame.region.seen_from(&kept.frame.region));
        let planes = kept.tile.planes().iter().map(crop).collect();
        Some(Arc::new(Tile::new(of.frame.region, planes)))
    }
}
