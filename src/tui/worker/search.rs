//! Plans for full pictures, on threads of their own: what has to be looked for takes seconds, and keys go on meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use super::found::{Found, filled};
use super::mailbox::Mailbox;
use crate::engine::guarded::lock;
use crate::engine::operations::Rectangle;
use crate::engine::recipe::Recipe;
use crate::engine::render::{Cancel, Findings, Inputs, Plan};

/// What was found for a recipe in the full picture.
pub struct Planned {
    pub plan: Plan,
    /// The patches of a layer that were asked for.
    pub patches: Option<(usize, Vec<Rectangle>)>,
}

/// A recipe on its way to being planned.
pub struct Search {
    /// What is found out about the picture.
    findings: Arc<Findings>,
    recipe: Recipe,
    patches_of: Option<usize>,
    /// Ends it.
    cancel: Cancel,
    found: Arc<Mutex<Option<thread::Result<Planned>>>>,
}

impl Search {
    /// Begins to plan a recipe for a picture; the mailbox is stirred when that is done. Thereafter what drafts ask for is
    /// found out about the smaller copy that they are made from, at a scale, so that the first key need not wait for it.
    pub fn start(
        (recipe, patches_of): (&Recipe, Option<usize>),
        (inputs, copy): (&Inputs, Option<(&Inputs, f64)>),
        mailbox: &Arc<Mailbox>,
    ) -> Self {
        let search = Self {
            findings: inputs.findings.clone(),
            recipe: recipe.clone(),
            patches_of,
            cancel: Cancel::default(),
            found: Arc::default(),
        };
        let inputs = inputs.clone().until(&search.cancel);
        let copy = copy.map(|(inputs, scale)| (inputs.clone().until(&search.cancel), scale));
        let (recipe, found) = (recipe.clone(), search.found.clone());
        let cancel = search.cancel.clone();
        let mailbox = mailbox.clone();
        thread::spawn(move || {
            let planned = catch_unwind(AssertUnwindSafe(|| {
                let plan = Plan::new(&recipe, inputs);
                let drafted = filled(&recipe, Some(&Found::of(&recipe, &plan))).recipe;
                let planned = Planned {
                    patches: patches_of.map(|it| (it, plan.patches(it))),
                    plan,
                };
                (planned, drafted)
            }));
            let (planned, drafted) = match planned {
                Ok((planned, drafted)) => (Ok(planned), Some(drafted)),
                Err(panic) => (Err(panic), None),
            };
            *lock(&found) = Some(planned);
            mailbox.stir();
            // What a cancelled search leaves unfinished would be looked for anew.
            if let (Some(drafted), Some((inputs, scale))) = (drafted, copy)
                && !cancel.is_cancelled()
            {
                Plan::new(&drafted.reduced(scale), inputs);
            }
        });
        search
    }

    /// Whether it looks in these pictures.
    pub fn is_of(&self, inputs: &Inputs) -> bool {
        Arc::ptr_eq(&self.findings, &inputs.findings)
    }

    pub fn is_done(&self) -> bool {
        lock(&self.found).is_some()
    }

    /// What was found, if it is done and was for this recipe. A panic goes on here.
    pub fn found(self, (recipe, patches_of): (&Recipe, Option<usize>)) -> Option<Planned> {
        let found = lock(&self.found).take()?;
        let planned = found.unwrap_or_else(|it| resume_unwind(it));
        (self.recipe == *recipe && self.patches_of == patches_of).then_some(planned)
    }

    /// Looks no longer; what was found so far is kept.
    pub fn end(self) {
        self.cancel.cancel();
    }
}
