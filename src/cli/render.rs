//! `repore render INPUT...`: full-size renders of one picture or a batch.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::RenderArgs;
use super::{
    DONE, INTERRUPTED, SOME_FAILED, WRONG_USAGE, complain, json, print_line, watch_signals,
};
use crate::engine::render::Cancel;
use crate::files::{
    Chosen, FileError, Job, Loaded, Protected, RecipeChoice, Rendered, Results, Stage,
    list_pictures, output_format,
};

/// Renders all inputs; a picture that fails does not keep the others from being done.
pub fn run(args: &RenderArgs) -> u8 {
    match Batch::new(args) {
        Ok(batch) => batch.run(),
        Err(what) => {
            complain(what);
            WRONG_USAGE
        }
    }
}

struct Batch<'a> {
    args: &'a RenderArgs,
    inputs: Vec<PathBuf>,
    protected: Protected,
    choice: RecipeChoice,
    cancel: Cancel,
    bar: ProgressBar,
}

impl<'a> Batch<'a> {
    /// Checks everything that can be checked before anything is done.
    fn new(args: &'a RenderArgs) -> Result<Self, String> {
        args.shared.common.start_threads()?;
        let choice = args.shared.choosing.recipe_choice()?;
        let inputs = list_pictures(&args.inputs).map_err(|it| it.to_string())?;
        if inputs.is_empty() {
            return Err(super::no_picture_in(&args.inputs));
        }
        if args.output.is_some() && inputs.len() > 1 {
            return Err(format!(
                "--output names one file and there are {} pictures; use --output-dir",
                inputs.len()
            ));
        }
        if let Some(output) = &args.output {
            output_format(output, args.shared.encoding.format()).map_err(|it| it.to_string())?;
        }
        // A recipe that is wrong for all pictures is wrong usage.
        let wrong = |it: &PathBuf| choice.for_picture(it).err();
        let wrong: Option<Vec<FileError>> = inputs.iter().map(wrong).collect();
        if let Some(first) = wrong.and_then(|it| it.into_iter().next()) {
            return Err(first.to_string());
        }
        Ok(Self {
            args,
            protected: inputs.iter().collect(),
            inputs,
            choice,
            cancel: watch_signals()?,
            bar: progress_bar(args.shared.common.quiet || args.shared.common.json),
        })
    }

    fn run(&self) -> u8 {
        let (mut failed, mut unchanged) = (0, 0);
        // Two inputs of one name would silently replace each other's result.
        let mut written = Results::default();
        let mut next = None;
        for (i, input) in self.inputs.iter().enumerate() {
            let ready = next.take();
            let (rendered, loaded) = self.render(input, i, ready, &mut written);
            next = loaded;
            match rendered {
                Ok(Some(rendered)) => unchanged += usize::from(rendered.unchanged),
                Ok(None) => {
                    self.bar.finish_and_clear();
                    complain(format!("interrupted: {i} of {} done", self.inputs.len()));
                    return INTERRUPTED;
                }
                Err(error) => {
                    failed += 1;
                    self.bar.suspend(|| complain(&error));
                    if self.args.shared.common.json {
                        print_line(&json::failed(input, &error).to_string());
                    }
                }
            }
        }
        self.bar.finish_and_clear();
        if self.inputs.len() > 1 && (failed > 0 || !self.args.shared.common.quiet) {
            let done = self.inputs.len() - failed - unchanged;
            complain(format!("{done} done, {failed} failed, {unchanged} skipped"));
        }
        if failed == 0 { DONE } else { SOME_FAILED }
    }

    /// Renders one picture, which may be loaded already, and loads the next one meanwhile. `None` is a
    /// batch that was interrupted.
    fn render(
        &self,
        input: &Path,
        index: usize,
        ready: Option<Loaded>,
        written: &mut Results,
    ) -> (Result<Option<Rendered>, FileError>, Option<Loaded>) {
        let begun = self.begin(input, index, ready, written);
        let (job, chosen, loaded) = match begun {
            Ok(Some(begun)) => begun,
            Ok(None) => return (Ok(None), None),
            Err(error) => return (Err(error), None),
        };
        let memory = loaded.memory();
        let (rendered, next) = rayon::join(
            || job.render(loaded, &|stage| self.show(stage), &self.cancel),
            || self.load_early(index + 1, memory),
        );
        if let Ok(Some(rendered)) = &rendered {
            written.add(&rendered.output, input);
            self.report(&job, &chosen, rendered);
        }
        (rendered, next)
    }

    /// A picture's job, with everything loaded; `None` is a batch that was interrupted.
    fn begin(
        &self,
        input: &Path,
        index: usize,
        ready: Option<Loaded>,
        written: &Results,
    ) -> Result<Option<(Job, Chosen, Loaded)>, FileError> {
        if self.cancel.is_cancelled() {
            return Ok(None);
        }
        let chosen = self.choice.for_picture(input)?;
        let job = self.job(input, &chosen);
        let name = input.file_name().unwrap_or_default().to_string_lossy();
        let count = format!("{}/{}", index + 1, self.inputs.len());
        self.bar.set_prefix(format!("{count} {name}"));
        // What its name promises is known before it is read; what it is, only then.
        let expected = job.expected_output();
        expected.map_or(Ok(()), |it| written.check(&it, input))?;
        self.show(Stage::Read);
        let loaded = ready.map_or_else(|| job.load(), Ok)?;
        written.check(loaded.output(), input)?;
        Ok(Some((job, chosen, loaded)))
    }

    /// Loads a picture before its turn, if there is memory for it beside so many bytes in use. Whatever
    /// keeps it from being loaded is told when its turn has come.
    fn load_early(&self, index: usize, used: u64) -> Option<Loaded> {
        let input = self.inputs.get(index)?;
        let chosen = self.choice.for_picture(input).ok()?;
        let mut job = self.job(input, &chosen);
        job.read.max_memory = job.read.max_memory.checked_sub(used)?;
        job.load().ok()
    }

    fn job(&self, input: &Path, chosen: &Chosen) -> Job {
        Job {
            input: input.to_path_buf(),
            output: self.args.output.clone(),
            folder: self.args.place.output_dir.clone(),
            recipe: chosen.recipe.clone(),
            recipe_folder: chosen.folder.clone(),
            recipe_file: chosen.file.clone(),
            protected: self.protected.clone(),
            ..self.args.shared.job()
        }
    }

    fn show(&self, stage: Stage) {
        match stage {
            Stage::Read => {
                self.bar.set_length(1);
                self.bar.set_position(0);
                self.bar.set_message("reading");
            }
            Stage::Render(done, total) => {
                self.bar.set_message("rendering");
                self.bar.set_length(total as u64);
                self.bar.set_position(done as u64);
            }
            Stage::Write => self.bar.set_message("writing"),
        }
    }

    fn report(&self, job: &Job, chosen: &Chosen, rendered: &Rendered) {
        let shared = &self.args.shared;
        if shared.common.json {
            print_line(&json::done(job, chosen, rendered).to_string());
            return;
        }
        if shared.common.quiet {
            return;
        }
        self.bar.suspend(|| {
            let input = job.input.display();
            if rendered.unchanged {
                let output = rendered.output.display();
                complain(format!("{input}: skipped; {output} is up to date"));
                return;
            }
            for it in &rendered.skipped {
                complain(format!("{input}: {it}"));
            }
            for note in &rendered.notes {
                complain(format!("{input}: {note}"));
            }
            if io::stdout().is_terminal() {
                print_line(&format!("{input} → {}", rendered.output.display()));
            }
            if shared.common.timings {
                print_line(&format!("{input}: {}", rendered.timings));
            }
        });
    }
}

/// A bar on stderr, which indicatif hides by itself where that is no terminal.
fn progress_bar(hidden: bool) -> ProgressBar {
    if hidden {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(1);
    let style = ProgressStyle::with_template("{prefix} {wide_bar} {percent:>3} % {msg:<9}");
    bar.set_style(style.expect("the template is a fixed text"));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
