//! `repore show FILE...`: prints pictures in the terminal by viuer, and leaves.

use std::io::{self, IsTerminal};
use std::path::Path;

use viuer::ViuError;

use super::args::ShowArgs;
use super::{DONE, SOME_FAILED, WRONG_USAGE, complain};
use crate::files::{FileError, ReadOptions, read_photo_with};
use crate::tui::{Colours, PreviewChoice, Protocol, Size, Terminal, to_display};

/// Rows left free below a picture, for the prompt.
const PROMPT_ROWS: usize = 2;

/// Prints pictures one below the other, as large as the terminal allows.
pub fn run(args: &ShowArgs) -> u8 {
    if args.preview == PreviewChoice::Off {
        complain("show prints pictures; --preview off leaves nothing to do");
        return WRONG_USAGE;
    }
    let config = config(args.preview);
    let mut code = DONE;
    for file in &args.files {
        if let Err(error) = show(file, args.reading.options(), &config) {
            complain(error);
            code = SOME_FAILED;
        }
    }
    code
}

/// What viuer may use. It waits for ever for the answer of a terminal that gives none, so that it is
/// allowed only what the terminal has said before, and a pipe is asked nothing.
fn config(wanted: PreviewChoice) -> viuer::Config {
    let plain = viuer::Config {
        absolute_offset: false,
        use_kitty: false,
        use_sixel: false,
        use_iterm: false,
        ..viuer::Config::default()
    };
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return plain;
    }
    let Ok(terminal) = Terminal::ask(wanted) else {
        return plain;
    };
    let chosen = terminal.offer.chosen;
    let answers = terminal.answers();
    // Over SSH viuer does not see that a terminal is of iTerm2's kind; these have sixel as well.
    let iterm = chosen == Protocol::Iterm && viuer::is_iterm_supported();
    let sixel = matches!(chosen, Protocol::Sixel | Protocol::Iterm) && !iterm;
    viuer::Config {
        truecolor: terminal.abilities.colours == Colours::True,
        use_kitty: chosen == Protocol::Kitty && answers,
        use_sixel: sixel && answers,
        use_iterm: iterm,
        ..plain
    }
}

fn show(file: &Path, read: ReadOptions, config: &viuer::Config) -> Result<(), FileError> {
    let photo = read_photo_with(file, read)?;
    let refuse = |what: String| FileError::new("show", file, what);
    let (columns, rows) = viuer::terminal_size();
    let cells = Size {
        width: usize::from(columns),
        height: usize::from(rows).saturating_sub(PROMPT_ROWS).max(1),
    };
    let image = &photo.image;
    // Cells are about twice as high as wide; a picture is never magnified here.
    let width = cells
        .width
        .min(cells.height * 2 * image.width() / image.height().max(1));
    let config = viuer::Config {
        width: u32::try_from(width.max(1)).ok(),
        ..*config
    };
    let picture = to_display(image).ok_or_else(|| refuse("it is too large".to_string()))?;
    match viuer::print(&picture, &config) {
        // A reader that has heard enough is no error.
        Err(ViuError::Io(it)) if it.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map(|_| ()).map_err(|it| refuse(it.to_string())),
    }
}
