//! `repore [PATH]...`: the terminal UI.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::args::Args;
use super::{DONE, SOME_FAILED, WRONG_USAGE, complain};
use crate::files::{Job, list_pictures};
use crate::tui::{Options, RenderSettings, run as run_tui};

/// Opens pictures and folders.
pub fn run(args: &Args) -> u8 {
    let options = match options(args) {
        Ok(options) => options,
        Err(what) => {
            complain(what);
            return WRONG_USAGE;
        }
    };
    match run_tui(options) {
        Ok(last_words) => {
            last_words.iter().for_each(complain);
            DONE
        }
        Err(error) => {
            complain(format!("the terminal failed: {error}"));
            SOME_FAILED
        }
    }
}

fn options(args: &Args) -> Result<Options, String> {
    let here = [PathBuf::from(".")];
    let paths = match args.paths.as_slice() {
        [] => &here,
        paths => paths,
    };
    let missing = paths.iter().find(|it| !it.exists());
    if let Some(path) = missing {
        return Err(format!(
            "cannot open {}: there is no such file or folder",
            path.display()
        ));
    }
    let pictures = list_pictures(paths).map_err(|it| it.to_string())?;
    if pictures.is_empty() {
        return Err(super::no_picture_in(paths));
    }
    let choice = args.shared.choosing.recipe_choice()?;
    let dumb = std::env::var("TERM").is_ok_and(|it| it == "dumb");
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() || dumb {
        return Err(
            "the terminal UI needs a terminal that can move its cursor; \
             use `repore render` without one"
                .to_string(),
        );
    }
    args.shared.common.start_threads()?;
    Ok(Options {
        pictures,
        settings: RenderSettings {
            job: Job {
                folder: args.place.output_dir.clone(),
                ..args.shared.job()
            },
            choice,
        },
        link: args.screen.link,
        preview: args.screen.preview,
    })
}
