//! `repore show FILE...`: prints pictures in the terminal and leaves.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::{DONE, SOME_FAILED, complain};
use crate::files::{FileError, read_photo};
use crate::tui::{Size, to_display};

/// Rows left free below a picture, for the prompt.
const PROMPT_ROWS: usize = 2;

/// Prints pictures one below the other, as large as the terminal allows.
pub fn run(files: &[PathBuf]) -> u8 {
    let mut code = DONE;
    for file in files {
        if let Err(error) = show(file) {
            complain(error);
            code = SOME_FAILED;
        }
    }
    code
}

fn show(file: &Path) -> Result<(), FileError> {
    let photo = read_photo(file)?;
    let refuse = |what: String| FileError::new("show", file, what);
    let terminal = io::stdout().is_terminal();
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
        absolute_offset: false,
        width: u32::try_from(width.max(1)).ok(),
        // Asking a pipe what it can show would wait for an answer that never comes.
        use_kitty: terminal,
        use_sixel: terminal,
        use_iterm: terminal,
        ..viuer::Config::default()
    };
    let picture = to_display(image).ok_or_else(|| refuse("it is too large".to_string()))?;
    viuer::print(&picture, &config).map_err(|it| refuse(it.to_string()))?;
    Ok(())
}
