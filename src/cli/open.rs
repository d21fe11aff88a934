//! `repore [PATH]...`: the terminal UI.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use super::args::{Screen, Shared};
use super::{DONE, SOME_FAILED, WRONG_USAGE, complain};
use crate::files::list_pictures;
use crate::tui::{Options, RenderSettings, run as run_tui};

/// Opens pictures and folders.
pub fn run(paths: &[PathBuf], screen: &Screen, shared: &Shared) -> u8 {
    let options = match options(paths, screen, shared) {
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

fn options(paths: &[PathBuf], screen: &Screen, shared: &Shared) -> Result<Options, String> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here } else { paths };
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
    let choice = shared.choosing.recipe_choice()?;
    let dumb = std::env::var("TERM").is_ok_and(|it| it == "dumb");
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() || dumb {
        return Err(
            "the terminal UI needs a terminal that can move its cursor; \
             use `repore render` without one"
                .to_string(),
        );
    }
    shared.common.start_threads()?;
    Ok(Options {
        pictures,
        settings: RenderSettings {
            job: shared.job(),
            choice,
        },
        link: screen.link,
        preview: screen.preview,
    })
}
