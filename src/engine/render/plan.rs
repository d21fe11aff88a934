//! What a recipe means for given pictures: which layers apply, and what they are made from.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use super::{Base, Findings};
use crate::engine::masks::{MaskName, MaskSources, Masks};
use crate::engine::operations::parameter::{Choice, Strength};
use crate::engine::operations::{
    Align, Cancel, Gaussian, Graft, GraftTexture, Lows, Mode, Noise, Overlay, Spots, Texture,
};
use crate::engine::original::{Alignment, Original};
use crate::engine::raster::{Blend, Image};
use crate::engine::recipe::{Kind, Layer, Operation, Recipe};

/// Why there is nothing of an original.
const NO_ORIGINAL: &str = "there is no original";

/// The pictures a render works with.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The picture that is restored.
    pub picture: Arc<Image>,
    /// What it looked like before the AI, if it is there.
    pub original: Option<Arc<Image>>,
    /// Pictures that the recipe names, by the path that it names them with.
    pub files: BTreeMap<String, Arc<Image>>,
    /// What was found out about these pictures.
    pub findings: Arc<Findings>,
    /// Ends what is looked for in them, where whole pictures have to be looked at.
    pub cancel: Cancel,
}

impl Inputs {
    /// The original pixel by pixel over the picture.
    ///
    /// # Errors
    /// With the words that say why it cannot be had.
    pub(super) fn original_as_it_lies(&self) -> Result<Original, String> {
        let given = self.original.as_ref().ok_or(NO_ORIGINAL)?;
        let (original, picture) = (given.bounds(), self.picture.bounds());
        Original::as_it_lies(given.clone(), picture).ok_or_else(|| {
            format!(
                "the original has {}×{} pixels and the picture {}×{}; align = \"auto\" finds how they lie",
                original.width, original.height, picture.width, picture.height
            )
        })
    }

    /// The original brought onto the picture.
    ///
    /// # Errors
    /// With the words that say why it cannot be had.
    pub(super) fn aligned_original(&self) -> Result<Original, String> {
        let given = self.original.as_ref().ok_or(NO_ORIGINAL)?;
        let found = self.alignment().ok_or(NO_ORIGINAL)?;
        let alignment = found.map_err(|it| it.to_string())?;
        Ok(self.brought_over(given, alignment))
    }

    /// The original as a layer asks for it.
    ///
    /// # Errors
    /// With the words that say why it cannot be had.
    pub(super) fn original_over_picture(&self, align: Align) -> Result<Original, String> {
        match align {
            Align::Off => self.original_as_it_lies(),
            Align::Auto => self.aligned_original(),
        }
    }

    /// A picture with nothing beside it.
    pub fn alone(picture: Arc<Image>) -> Self {
        Self {
            picture,
            original: None,
            files: BTreeMap::new(),
            findings: Arc::default(),
            cancel: Cancel::default(),
        }
    }

    /// The same pictures, in which is looked no longer than until `cancel` is raised.
    pub fn until(self, cancel: &Cancel) -> Self {
        Self {
            cancel: cancel.clone(),
            ..self
        }
    }
}

/// A layer that cannot apply to these pictures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Its position in the recipe, from 0.
    pub layer: usize,
    /// Its kind.
    pub kind: Kind,
    /// Its number and name, as messages show them.
    pub label: String,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} skipped: {}", self.label, self.reason)
    }
}

/// A recipe made ready for given pictures. It cannot fail to render.
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) inputs: Inputs,
    /// The original, if it lies over the picture.
    pub(super) original: Option<Original>,
    /// The recipe with everything that was found filled in.
    resolved: Recipe,
    pub(super) steps: Vec<Step>,
    skipped: Vec<Skipped>,
    notes: Vec<String>,
    /// The lowest steps as they were painted before, if they need not be painted again.
    pub(super) base: Option<Base>,
}

/// A layer that applies.
#[derive(Clone, Debug)]
pub(super) struct Step {
    /// Position in the recipe: what random draws depend on.
    pub index: usize,
    pub painter: Painter,
    /// 0..=1
    pub opacity: f32,
    pub blend: Blend,
    pub masks: Vec<MaskName>,
}

/// An operation with all that it paints from. `factor` is a strength, 1 for 100 %.
#[derive(Clone, Debug)]
pub(super) enum Painter {
    Texture {
        texture: Texture,
        gaussian: Gaussian,
        original: Original,
        /// Whether nothing that lies below changes what is separated: the picture itself, or the original alone.
        over_picture: bool,
        /// The low layer of the whole picture, where the radius is wide and that is so.
        lows: Option<Arc<Lows>>,
    },
    Graft {
        texture: Arc<GraftTexture>,
        factor: f32,
        /// It is painted only where this original is left out, if there is one.
        beside: Option<Original>,
    },
    Noise {
        noise: Noise,
        softening: Gaussian,
        factor: f32,
    },
    Picture {
        overlay: Overlay,
        picture: Arc<Image>,
    },
}

impl Plan {
    /// Finds out which layers apply and prepares them. That takes seconds where something has to be looked for in large
    /// pictures; once that was cancelled the plan is unfinished, and good for nothing.
    pub fn new(recipe: &Recipe, inputs: Inputs) -> Self {
        let aligned = recipe.layers.iter().any(aligns);
        let original = if aligned {
            inputs.aligned_original()
        } else {
            inputs.original_as_it_lies()
        };
        let mut plan = Self {
            inputs,
            original: original.ok(),
            resolved: recipe.clone(),
            steps: Vec::new(),
            skipped: Vec::new(),
            notes: Vec::new(),
            base: None,
        };
        for (index, layer) in recipe.layers.iter().enumerate() {
            if !layer.enabled {
                continue;
            }
            let label = recipe.layer_label(index);
            match plan.step(index, layer, &label) {
                Ok(step) => plan.steps.push(step),
                Err(reason) => plan.skipped.push(Skipped {
                    layer: index,
                    kind: layer.kind(),
                    label,
                    reason,
                }),
            }
        }
        plan
    }

    /// The picture that is restored.
    pub fn picture(&self) -> &Arc<Image> {
        &self.inputs.picture
    }

    /// The recipe with everything filled in that it left to be found: patches and strengths. Rendering it gives the
    /// same samples, bit for bit.
    pub fn resolved(&self) -> &Recipe {
        &self.resolved
    }

    /// The settings of the masks.
    pub(super) fn masks(&self) -> &Masks {
        &self.resolved.masks
    }

    /// Enabled layers that cannot apply.
    pub fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// What a person should know of layers that apply in another way than the recipe says.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The pictures that masks are made from.
    pub(super) fn mask_sources(&self) -> MaskSources<'_> {
        MaskSources {
            picture: &self.inputs.picture,
            original: self.original.as_ref(),
            file: self.file(&self.masks().file.path).map(Arc::as_ref),
            found: &self.inputs.findings.masks,
        }
    }

    pub(super) fn file(&self, path: &str) -> Option<&Arc<Image>> {
        self.inputs.files.get(path)
    }

    fn step(&mut self, index: usize, layer: &Layer, label: &str) -> Result<Step, String> {
        for mask in &layer.masks {
            if let Some(reason) = self.masks().missing(*mask, &self.mask_sources()) {
                return Err(format!("its mask {} is empty: {reason}", mask.name()));
            }
        }
        let painter = match &layer.operation {
            Operation::Texture(texture) => self.texture(texture, label)?,
            Operation::Graft(graft) => self.graft(index, graft, label)?,
            Operation::Noise(noise) => Painter::Noise {
                factor: factor(noise.strength),
                softening: noise.softening(),
                noise: noise.clone(),
            },
            Operation::Picture(overlay) => self.overlay(overlay)?,
        };
        // What they find stays in memory; what it takes to find the rest does not.
        for mask in &layer.masks {
            let cancel = &self.inputs.cancel;
            self.masks().prepare(*mask, &self.mask_sources(), cancel);
        }
        let mut step = Step {
            index,
            painter,
            opacity: (layer.opacity / 100.0) as f32,
            blend: layer.blend,
            masks: layer.masks.clone(),
        };
        self.match_strength(&mut step, label);
        Ok(step)
    }

    /// Finds the strength of a step that leaves it open, and fills it in.
    fn match_strength(&mut self, step: &mut Step, label: &str) {
        let mut open = self.resolved.clone();
        open.layers.truncate(step.index + 1);
        let graft = match &open.layers[step.index].operation {
            Operation::Graft(it) if it.strength == Strength::Match => Some(it.clone()),
            Operation::Noise(it) if it.strength == Strength::Match => None,
            _ => return,
        };
        let findings = self.inputs.findings.clone();
        let strengths = &findings.strengths;
        let find = || self.matching(step, graft.as_ref());
        let found = strengths.recall(open, &self.inputs.cancel, find);
        self.notes.push(format!("{label}: {}", found.remark));
        let strength = Strength::Percent(found.percent);
        match &mut step.painter {
            Painter::Graft { factor: it, .. } | Painter::Noise { factor: it, .. } => {
                *it = factor(strength);
            }
            Painter::Texture { .. } | Painter::Picture { .. } => {}
        }
        match &mut self.resolved.layers[step.index].operation {
            Operation::Graft(it) => it.strength = strength,
            Operation::Noise(it) => it.strength = strength,
            Operation::Texture(_) | Operation::Picture(_) => {}
        }
    }

    fn texture(&mut self, texture: &Texture, label: &str) -> Result<Painter, String> {
        let mut original = self.inputs.original_over_picture(texture.align)?;
        if texture.align == Align::Auto {
            let words = original.alignment().and_then(Alignment::words);
            self.notes.extend(words.map(|it| format!("{label}: {it}")));
        }
        if texture.spots == Spots::LeaveOut {
            let (healed, count) = self
                .inputs
                .without_spots(original, texture.align, &texture.kept);
            original = healed;
            let things = if count == 1 { "spot" } else { "spots" };
            self.notes.push(format!(
                "{label}: {count} {things} that the AI removed left out"
            ));
        }
        let over_picture = self.steps.is_empty() || texture.mode == Mode::Add;
        let lows = || Lows::new(texture.radius, self.inputs.picture.bounds()).map(Arc::new);
        Ok(Painter::Texture {
            texture: texture.clone(),
            gaussian: texture.gaussian(),
            original,
            over_picture,
            lows: over_picture.then(lows).flatten(),
        })
    }

    fn graft(&mut self, index: usize, graft: &Graft, label: &str) -> Result<Painter, String> {
        let mut graft = graft.clone();
        if graft.patch.is_none() {
            let best = match self.inputs.patches(&graft) {
                Ok(best) => best[0],
                Err(why) => {
                    if let Some(painter) = self.graft_where_left_out(&graft, (&why, label))? {
                        return Ok(painter);
                    }
                    let masks = &self.resolved.layers[index].masks;
                    let midtones = masks.contains(&MaskName::Midtones);
                    let midtones = midtones.then_some(&self.resolved.masks.midtones);
                    let built_in = self.inputs.built_in(&graft, midtones);
                    graft = built_in.ok_or_else(|| why.clone())?;
                    let scale = graft.scale;
                    let strength = match graft.strength {
                        Strength::Percent(it) => format!(" and strength {it} % for its skin"),
                        Strength::Match => String::new(),
                    };
                    self.notes.push(format!(
                        "{label}: {why}; skin made by formula is used, at scale {scale} for the face{strength}"
                    ));
                    self.inputs.patches(&graft)?[0]
                }
            };
            // What was saved by name was chosen then; anything else a person should know.
            if !graft.has_library_donor() && !graft.has_built_in_donor() {
                self.notes.push(format!(
                    "{label}: the patch {},{},{},{} was found",
                    best.x, best.y, best.width, best.height
                ));
            }
            graft.patch = Some(best);
            self.resolved.layers[index].operation = Operation::Graft(graft.clone());
        }
        self.grafted(&graft, None)
    }

    /// What a graft without a patch of its own paints instead where a texture layer below leaves the original out: skin
    /// from where it does not. `None` where nothing is left out.
    fn graft_where_left_out(
        &mut self,
        graft: &Graft,
        (why, label): (&str, &str),
    ) -> Result<Option<Painter>, String> {
        let mut originals = self.steps.iter().filter_map(|it| match &it.painter {
            Painter::Texture { original, .. } => Some(original),
            _ => None,
        });
        let leaves_out = |it: &&Original| it.alignment().is_some_and(|it| it.left_out > 0.0);
        let Some(original) = originals.find(leaves_out).cloned() else {
            return Ok(None);
        };
        let alignment = original.alignment();
        let Some(instead) = alignment.and_then(|it| self.inputs.skin_of_original(graft, it)) else {
            return Ok(None);
        };
        if let Some(it) = instead.patch {
            self.notes.push(format!(
                "{label}: {why}; where the original is left out, its patch {},{},{},{} is used",
                it.x, it.y, it.width, it.height
            ));
        }
        self.grafted(&instead, Some(original)).map(Some)
    }

    fn grafted(&self, graft: &Graft, beside: Option<Original>) -> Result<Painter, String> {
        let donor = self.inputs.donor(graft)?;
        // What the texture depends on, so that another strength does not make it anew.
        let key = Graft {
            strength: Strength::Match,
            ..graft.clone()
        };
        let textures = &self.inputs.findings.textures;
        let take = || GraftTexture::take(graft, &donor).map(Arc::new);
        let texture = textures.recall(key, &self.inputs.cancel, take);
        let texture = texture.as_ref().clone().map_err(|it| it.to_string())?;
        Ok(Painter::Graft {
            texture,
            factor: factor(graft.strength),
            beside,
        })
    }

    fn overlay(&self, overlay: &Overlay) -> Result<Painter, String> {
        if overlay.path.is_empty() {
            return Err("it names no picture; set its path".to_string());
        }
        let picture = self.file(&overlay.path).cloned();
        Ok(Painter::Picture {
            overlay: overlay.clone(),
            picture: picture.ok_or_else(|| format!("its picture {} was not read", overlay.path))?,
        })
    }
}

/// Whether a layer asks for the original to be brought onto the picture.
fn aligns(layer: &Layer) -> bool {
    let asks = |it: &Texture| it.align == Align::Auto;
    layer.enabled && matches!(&layer.operation, Operation::Texture(it) if asks(it))
}

/// A strength as a factor; one that is still to be found is its natural one.
fn factor(strength: Strength) -> f32 {
    match strength {
        Strength::Percent(percent) => (percent / 100.0) as f32,
        Strength::Match => 1.0,
    }
}
