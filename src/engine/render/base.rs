//! Lower layers that are painted once, while one above them is tuned.

use std::sync::Arc;

use super::coverages::Coverages;
use super::plan::{Plan, Step};
use super::{Cancel, Cancelled, Findings};
use crate::engine::original::Original;
use crate::engine::raster::Image;
use crate::engine::recipe::Recipe;

/// The lowest layers of a plan over its picture, in memory: floats as they are made, with the picture's alpha.
#[derive(Clone, Debug)]
pub struct Base {
    image: Arc<Image>,
    /// How many steps of the plan are painted in it.
    steps: usize,
    /// The recipe of those layers, and what was found out about the pictures they were painted over.
    recipe: Recipe,
    findings: Arc<Findings>,
    /// The original that masks were made beside, which layers above have a say in.
    original: Option<Original>,
    /// Where the layers above paint.
    coverages: Arc<Coverages>,
}

/// Coverages of the picture that are remembered over a base at most: those of a layer that is tuned and of one above it,
/// in tiles that overlap.
const COVERAGES: usize = 3;

impl Base {
    /// How many of the recipe's layers are painted in it, or do not apply.
    pub fn layers(&self) -> usize {
        self.recipe.layers.len()
    }

    fn is_of(&self, plan: &Plan) -> bool {
        let count = self.layers();
        Arc::ptr_eq(&self.findings, &plan.inputs.findings)
            && self.original == plan.original
            && plan.resolved().layers.len() >= count
            && lowest(plan.resolved(), count) == self.recipe
    }
}

fn lowest(recipe: &Recipe, layers: usize) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.layers.truncate(layers);
    recipe
}

impl Plan {
    /// The layers below one of the recipe, painted over the picture; `None` where none of them applies. It takes four bytes
    /// a sample, and as many for what it remembers of the masks above.
    ///
    /// # Errors
    /// When it is cancelled.
    pub fn base_below(&self, layer: usize, cancel: &Cancel) -> Result<Option<Base>, Cancelled> {
        let steps = self.steps.partition_point(|it| it.index < layer);
        if steps == 0 {
            return Ok(None);
        }
        let image = match &self.base {
            Some(base) if base.steps == steps => base.image.clone(),
            _ => {
                let mut below = self.clone();
                below.steps.truncate(steps);
                // More may be painted in it than is wanted.
                below.base = below.base.filter(|it| it.steps < steps);
                Arc::new(below.unclamped(cancel)?)
            }
        };
        Ok(Some(Base {
            image,
            steps,
            recipe: lowest(self.resolved(), layer),
            findings: self.inputs.findings.clone(),
            original: self.original.clone(),
            coverages: Arc::new(Coverages::with_room(
                COVERAGES * self.picture().width() * self.picture().height(),
            )),
        }))
    }

    /// The same plan, which does not paint the layers again that are painted in a base: it gives the same samples, bit for
    /// bit. Nothing changes where the base is of other layers or pictures.
    pub fn over(mut self, base: &Base) -> Self {
        if base.is_of(&self) {
            self.base = Some(base.clone());
        }
        self
    }

    /// Whether its lowest layers are not painted again.
    pub fn has_base(&self) -> bool {
        self.base.is_some()
    }

    /// What is remembered of where they paint.
    pub(super) fn coverages(&self) -> Option<&Coverages> {
        self.base.as_ref().map(|it| it.coverages.as_ref())
    }

    /// What its [steps to paint](Self::to_paint) lie over.
    pub(super) fn backdrop(&self) -> &Image {
        match &self.base {
            Some(base) => &base.image,
            None => &self.inputs.picture,
        }
    }

    /// The steps that are not painted yet.
    pub(super) fn to_paint(&self) -> &[Step] {
        let painted = self.base.as_ref().map_or(0, |it| it.steps);
        &self.steps[painted..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::masks::MaskName;
    use crate::engine::operations::Random;
    use crate::engine::raster::{Layout, Region, Samples};
    use crate::engine::recipe::preset;
    use crate::engine::render::Inputs;

    fn picture(layout: Layout, seed: u64) -> Arc<Image> {
        let random = Random::new(seed, 0, 0).row(0);
        let count = 300 * 200 * layout.channels();
        let samples = (0..count).map(|i| random.bits(i) as u8).collect();
        Arc::new(Image::new(300, 200, layout, Samples::Eight(samples)).expect("right size"))
    }

    fn plan(layout: Layout, change: &str) -> Plan {
        let mut recipe = preset("full").expect("built in");
        for change in [
            "texture.align=off",
            "texture.spots=bring-back",
            "graft.patch=9,9,96,96",
            change,
        ] {
            recipe.set(change).expect("it fits");
        }
        let mut inputs = Inputs::alone(picture(layout, 1));
        inputs.original = Some(picture(Layout::Rgb, 2));
        Plan::new(&recipe, inputs)
    }

    #[test]
    fn layers_that_are_painted_once_give_the_same_samples() {
        let (cancel, change) = (Cancel::default(), "noise.amount=5");
        for layout in [Layout::Rgb, Layout::Rgba, Layout::Grey] {
            let plan = plan(layout, change);
            let region = Region::new(20, 10, 250, 170);
            let wanted = plan.tile(region, &cancel);
            let reduced = plan.render_reduced(region, (100, 68), &cancel);
            for layer in [1, 2] {
                let base = plan.base_below(layer, &cancel).expect("nobody cancels it");
                let over = plan.clone().over(&base.expect("layers below"));
                assert!(over.has_base());
                assert_eq!(over.to_paint().len(), 3 - layer);
                assert_eq!(over.tile(region, &cancel), wanted);
                assert_eq!(over.render_reduced(region, (100, 68), &cancel), reduced);
                // Where the layers paint is remembered now, and here beforehand.
                assert_eq!(over.render_reduced(region, (100, 68), &cancel), reduced);
                let again = plan.base_below(layer, &cancel).expect("nobody cancels it");
                let over = plan.clone().over(&again.expect("layers below"));
                let prepared = over.prepare_reduced(region, (100, 68), &cancel);
                assert_eq!(prepared, Ok(()));
                let places = || over.coverages().map(Coverages::places);
                let found = places();
                assert!(found > Some(0));
                assert_eq!(over.render_reduced(region, (100, 68), &cancel), reduced);
                assert_eq!(places(), found, "nothing had to be found");
            }
        }
    }

    #[test]
    fn a_base_serves_what_it_was_painted_of() {
        let cancel = Cancel::default();
        let first = plan(Layout::Rgb, "noise.amount=5");
        assert!(
            first
                .base_below(0, &cancel)
                .expect("nobody cancels it")
                .is_none()
        );
        let base = first.base_below(2, &cancel).expect("nobody cancels it");
        let base = base.expect("layers below");
        let with = |change: &str| {
            let mut recipe = first.resolved().clone();
            recipe.set(change).expect("it fits");
            Plan::new(&recipe, first.inputs.clone())
                .over(&base)
                .has_base()
        };
        assert!(with("noise.amount=7"));
        assert!(!with("graft.radius=4"));
        // The mask of the layers above is made beside another original.
        let above = |align: &str| {
            let mut recipe = preset("noise").expect("built in");
            recipe.layers[0].masks.clear();
            recipe
                .layers
                .extend(preset("separation").expect("built in").layers);
            recipe.layers[1].masks = vec![MaskName::Smoothed];
            recipe.set(align).expect("it fits");
            Plan::new(&recipe, first.inputs.clone())
        };
        let over_noise = above("texture.align=auto").base_below(1, &cancel);
        let over_noise = over_noise
            .expect("nobody cancels it")
            .expect("a layer below");
        let lies = above("texture.align=off");
        assert_ne!(lies.original, over_noise.original);
        assert!(!lies.over(&over_noise).has_base());
        assert!(!with("mask.smoothed.threshold=0.3"));
        assert!(!plan(Layout::Rgb, "noise.amount=5").over(&base).has_base());
    }
}
