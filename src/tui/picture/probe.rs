//! What the terminal can show, asked once before the interface starts.
//!
//! Over SSH the environment says next to nothing, so the terminal is asked. First for its device
//! attributes, which every terminal knows; then, if these speak of a modern one, what is still
//! open, with the device attributes once more as the end of the answer. A terminal that answers
//! nothing costs the time limit and gets cells.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::{Colours, Protocol};
use crate::tui::geometry::Size;

/// How long a terminal may take for the next byte of its answer.
const PATIENCE: Duration = Duration::from_millis(1000);
/// The same over SSH.
const PATIENCE_SSH: Duration = Duration::from_millis(3000);

/// A cell of a terminal that does not say how large its cells are, in pixels.
const USUAL_CELL: Size = Size {
    width: 8,
    height: 16,
};

/// What a terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// How pictures get onto it.
    pub protocol: Protocol,
    /// The colours that text may have.
    pub colours: Colours,
    /// Pixels of a cell.
    pub cell: Size,
}

/// The environment, as far as it matters.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `TERM`
    pub term: String,
    /// `COLORTERM`
    pub colorterm: String,
    /// `NO_COLOR`
    pub no_color: String,
    /// Whether the terminal is at the other end of SSH.
    pub ssh: bool,
    /// Whether iTerm2 or one of its kind says who it is.
    pub iterm: bool,
}

impl Surroundings {
    /// Reads the environment of this process.
    pub fn of_process() -> Self {
        let var = |name: &str| std::env::var(name).unwrap_or_default();
        Self {
            term: var("TERM"),
            colorterm: var("COLORTERM"),
            no_color: var("NO_COLOR"),
            ssh: std::env::var_os("SSH_CONNECTION").is_some(),
            iterm: viuer::is_iterm_supported(),
        }
    }

    /// Whether the environment promises 24-bit colour.
    fn says_truecolor(&self) -> bool {
        matches!(self.colorterm.as_str(), "truecolor" | "24bit")
            || self.term.ends_with("-direct")
            || ["kitty", "alacritty", "foot", "ghostty", "wezterm"]
                .iter()
                .any(|it| self.term.contains(it))
    }

    /// The colours of cells, if it was found out that there are all of them or not.
    fn colours(&self, truecolor: bool) -> Colours {
        Colours::of(&self.term, truecolor, self.no_color.is_empty())
    }

    /// Whether a terminal multiplexer is between: it answers for itself and passes no pictures on.
    fn is_multiplexed(&self) -> bool {
        self.term.starts_with("tmux") || self.term.starts_with("screen")
    }
}

/// The question that every terminal answers.
const DEVICE_ATTRIBUTES: &str = "\x1b[c";
/// How large is a cell, in pixels?
const CELL_SIZE: &str = "\x1b[16t";
/// Would this picture, which is not shown, be one for you?
const KITTY_GRAPHICS: &str = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\";
/// What became of this 24-bit colour?
const TRUECOLOR: &str = "\x1b[48:2:1:2:3m\x1bP$qm\x1b\\\x1b[m";

/// Asks the terminal. Raw mode must be on, and nobody else may read the keyboard.
///
/// # Errors
/// When the terminal has gone.
pub fn ask(surroundings: &Surroundings) -> io::Result<Abilities> {
    let patience = if surroundings.ssh {
        PATIENCE_SSH
    } else {
        PATIENCE
    };
    let mut answer = question(DEVICE_ATTRIBUTES, patience)?;
    let open = open_questions(&answer, surroundings);
    if !open.is_empty() {
        answer.extend(question(&(open + DEVICE_ATTRIBUTES), patience)?);
    }
    let mut abilities = understand(&answer, surroundings);
    if abilities.cell.is_empty() {
        abilities.cell = cell_of_window().unwrap_or(USUAL_CELL);
    }
    if abilities.protocol == Protocol::Sixel && !viuer::is_sixel_supported() {
        // viuer asks by itself and prints sixel only if it heard the same.
        abilities.protocol = Protocol::Cells(surroundings.colours(true));
    }
    Ok(abilities)
}

fn question(text: &str, patience: Duration) -> io::Result<Vec<u8>> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    listen(patience)
}

/// What is worth asking a terminal with these device attributes. Those of a plain VT100, or of a
/// multiplexer that says to be one, know nothing of pictures.
fn open_questions(answer: &[u8], surroundings: &Surroundings) -> String {
    let Some(attributes) = device_attributes(answer) else {
        return String::new();
    };
    let class: u32 = attributes
        .split(';')
        .next()
        .and_then(|it| it.parse().ok())
        .unwrap_or(0);
    if class < 60 || surroundings.is_multiplexed() {
        return String::new();
    }
    let mut open = CELL_SIZE.to_string();
    if !has_sixel(&attributes) && !surroundings.iterm {
        // Terminals with kitty graphics that know them well have no sixel.
        open.push_str(KITTY_GRAPHICS);
        if !surroundings.says_truecolor() {
            open.push_str(TRUECOLOR);
        }
    }
    open
}

/// The size of a cell by the size of the window, if the terminal tells it to the system.
fn cell_of_window() -> Option<Size> {
    let window = crossterm::terminal::window_size().ok()?;
    let width = window.width.checked_div(window.columns)?;
    let height = window.height.checked_div(window.rows)?;
    let cell = Size::new(width.into(), height.into());
    (!cell.is_empty()).then_some(cell)
}

/// The terminal's answer, up to its device attributes or until it stays silent.
fn listen(patience: Duration) -> io::Result<Vec<u8>> {
    let stdin = io::stdin();
    let mut answer = Vec::new();
    if !stdin.is_terminal() {
        return Ok(answer);
    }
    let mut buffer = [0; 1024];
    let start = Instant::now();
    while device_attributes(&answer).is_none() && start.elapsed() < 2 * patience {
        let timeout = Timespec::try_from(patience).map_err(io::Error::other)?;
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        if poll(&mut fds, Some(&timeout))? == 0 {
            break;
        }
        let count = rustix::io::read(&stdin, &mut buffer)?;
        if count == 0 {
            break;
        }
        answer.extend_from_slice(&buffer[..count]);
    }
    Ok(answer)
}

/// `CSI ? … c`
fn device_attributes(answer: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(answer);
    text.match_indices("\x1b[?").find_map(|(at, start)| {
        let rest = &text[at + start.len()..];
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != ';')?;
        rest[end..]
            .starts_with('c')
            .then(|| rest[..end].to_string())
    })
}

/// What an answer means.
fn understand(answer: &[u8], surroundings: &Surroundings) -> Abilities {
    let text = String::from_utf8_lossy(answer);
    let sixel = device_attributes(answer).is_some_and(|it| has_sixel(&it));
    let truecolor = surroundings.says_truecolor()
        || text.contains("48:2:1:2:3")
        || text.contains("48:2::1:2:3");
    let colours = surroundings.colours(truecolor);
    let protocol = if text.contains("\x1b_Gi=31;OK") {
        Protocol::Kitty
    } else if surroundings.iterm && !surroundings.is_multiplexed() {
        Protocol::Iterm
    } else if sixel && !surroundings.is_multiplexed() {
        Protocol::Sixel
    } else {
        Protocol::Cells(colours)
    };
    Abilities {
        protocol,
        colours,
        cell: cell_size(&text).unwrap_or_default(),
    }
}

fn has_sixel(attributes: &str) -> bool {
    attributes.split(';').any(|it| it == "4")
}

/// `CSI 6 ; height ; width t`
fn cell_size(text: &str) -> Option<Size> {
    let start = text.find("\x1b[6;")? + "\x1b[6;".len();
    let (numbers, _) = text[start..].split_once('t')?;
    let (height, width) = numbers.split_once(';')?;
    let size = Size::new(width.parse().ok()?, height.parse().ok()?);
    (!size.is_empty()).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(term: &str) -> Surroundings {
        Surroundings {
            term: term.to_string(),
            ..Surroundings::default()
        }
    }

    fn check(answer: &str, term: &str, protocol: Protocol, cell: Size) {
        let understood = understand(answer.as_bytes(), &at(term));
        assert_eq!(
            (understood.protocol, understood.cell),
            (protocol, cell),
            "{answer:?}"
        );
    }

    #[test]
    fn answers_of_terminals_are_understood() {
        let none = Size::default();
        let plain = Protocol::Cells(Colours::Indexed);
        check(
            "\x1b[?62;c\x1b[6;17;8t\x1b_Gi=31;OK\x1b\\\x1b[?62;c",
            "xterm-kitty",
            Protocol::Kitty,
            Size::new(8, 17),
        );
        check(
            "\x1b[?63;1;2;4;6;9;15;16;22;28c\x1b[6;17;8t\x1b[?63;1;2;4;6;9;15;16;22;28c",
            "xterm-256color",
            Protocol::Sixel,
            Size::new(8, 17),
        );
        check(
            "\x1b[?64;1;2;6c\x1b[6;17;8t\x1bP1$r0;48:2::1:2:3m\x1b\\\x1b[?64;1;2;6c",
            "xterm-256color",
            Protocol::Cells(Colours::True),
            Size::new(8, 17),
        );
        check("\x1b[?1;2c", "tmux-256color", plain, none);
        check("\x1b[?1;2;4c", "screen-256color", plain, none);
        check(
            "\x1b[?6c",
            "alacritty",
            Protocol::Cells(Colours::True),
            none,
        );
        check("", "xterm", plain, none);
    }

    #[test]
    fn who_wants_no_colours_gets_none() {
        let mut surroundings = at("xterm-kitty");
        surroundings.no_color = "1".to_string();
        let understood = understand(b"\x1b[?62;c", &surroundings);
        assert_eq!(understood.colours, Colours::None);
        assert_eq!(understood.protocol, Protocol::Cells(Colours::None));
    }

    #[test]
    fn terminals_are_asked_only_what_they_can_know() {
        let asked = |answer: &str, term: &str| open_questions(answer.as_bytes(), &at(term));
        assert_eq!(asked("\x1b[?6c", "xterm-256color"), "");
        assert_eq!(asked("\x1b[?62;4c", "tmux-256color"), "");
        assert_eq!(asked("", "xterm-256color"), "");
        assert_eq!(asked("\x1b[?62;4;22c", "foot"), CELL_SIZE);
        assert!(asked("\x1b[?62;c", "xterm-kitty").contains(KITTY_GRAPHICS));
    }

    #[test]
    fn only_the_device_attributes_end_the_wait() {
        assert!(device_attributes(b"\x1b[?2026;2$y").is_none());
        assert!(device_attributes(b"\x1b[?62;").is_none());
        assert!(device_attributes(b"\x1b[?2026;2$y\x1b[?62;c").is_some());
    }
}
