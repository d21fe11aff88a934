//! The layers below the one that is tuned, painted once for all presses of its keys.
//!
//! They are painted when the keys rest, for the layer that was tuned last or is selected; or at the second press in a row:
//! for one it would not pay.

use super::compose::reduced;
use super::{Desk, is_drafted};
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Cancelled, Plan};
use crate::tui::geometry::Frame;

/// In a picture of more pixels all layers are painted each time: each takes 12 bytes, and as many where the layers above
/// paint.
const MOST_PIXELS: usize = 32_000_000;

/// The lowest layer that was changed, if nothing else was.
pub fn tuned(last: &Recipe, now: &Recipe) -> Option<usize> {
    if (last.seed, &last.masks) != (now.seed, &now.masks) {
        return None;
    }
    let mut pairs = last.layers.iter().zip(&now.layers);
    let (least, most) = (
        last.layers.len().min(now.layers.len()),
        last.layers.len().max(now.layers.len()),
    );
    pairs
        .position(|(last, now)| last != now)
        .or((least < most).then_some(least))
}

impl Desk {
    /// A plan that does not paint the layers again that are painted already.
    pub(super) fn over_base(&mut self, plan: Plan) -> Plan {
        let plan = match &self.base {
            Some(base) => plan.over(base),
            None => plan,
        };
        if !plan.has_base() {
            self.base = None;
        }
        plan
    }

    /// Paints the layers below one, unless that is done.
    ///
    /// # Errors
    /// When it is cancelled.
    pub(super) fn paint_base(
        &mut self,
        plan: &Plan,
        layer: usize,
        frame: Frame,
        cancel: &Cancel,
    ) -> Result<(), Cancelled> {
        let picture = plan.picture().bounds();
        let is_worth_it = is_drafted(frame) && picture.width * picture.height <= MOST_PIXELS;
        let is_done = self.base.as_ref().is_some_and(|it| it.layers() == layer);
        if is_worth_it
            && !is_done
            && let Some(base) = plan.base_below(layer, cancel)?
        {
            let plan = plan.clone().over(&base);
            self.base = Some(base);
            plan.prepare_reduced(frame.region, reduced(frame), cancel)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::recipe::preset;

    #[test]
    fn what_is_tuned_is_the_lowest_layer_that_changed() {
        let recipe = preset("full").expect("built in");
        let after = |changes: &[&str]| {
            let mut recipe = recipe.clone();
            for change in changes {
                recipe.set(change).expect("it fits");
            }
            tuned(&preset("full").expect("built in"), &recipe)
        };
        assert_eq!(after(&[]), None);
        assert_eq!(after(&["noise.amount=7"]), Some(2));
        assert_eq!(after(&["noise.amount=7", "graft.opacity=20"]), Some(1));
        assert_eq!(after(&["texture.radius=3"]), Some(0));
        assert_eq!(
            after(&["noise.amount=7", "mask.smoothed.threshold=0.4"]),
            None
        );
        let mut shorter = recipe.clone();
        shorter.layers.pop();
        assert_eq!(tuned(&recipe, &shorter), Some(2));
    }
}
