//! What the terminal can show, asked once before the interface starts.
//!
//! Over SSH the environment says next to nothing, so the terminal is asked, with the device
//! attributes, which every terminal knows, as the last question: their answer ends the wait. A
//! terminal that answers nothing costs the time limit and gets half blocks.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Protocol;
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
            ssh: std::env::var_os("SSH_CONNECTION").is_some(),
            iterm: viuer::is_iterm_supported(),
        }
    }

    /// Whether a terminal multiplexer is between: it answers for itself and passes no pictures on.
    fn is_multiplexed(&self) -> bool {
        self.term.starts_with("tmux") || self.term.starts_with("screen")
    }
}

/// Asks the terminal. Raw mode must be on, and nobody else may read the keyboard.
///
/// # Errors
/// When the terminal has gone.
pub fn ask(surroundings: &Surroundings) -> io::Result<Abilities> {
    let mut questions = String::new();
    if !surroundings.is_multiplexed() && surroundings.term != "linux" {
        // Name; kitty graphics; cell and window size in pixels; does it keep a 24-bit colour?
        questions.push_str("\x1b[>0q\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[14t");
        questions.push_str("\x1b[48:2:1:2:3m\x1bP$qm\x1b\\\x1b[m");
    }
    questions.push_str("\x1b[c");
    let mut out = io::stdout();
    out.write_all(questions.as_bytes())?;
    out.flush()?;
    let patience = if surroundings.ssh {
        PATIENCE_SSH
    } else {
        PATIENCE
    };
    let answer = listen(patience)?;
    let sized = crossterm::terminal::window_size().ok();
    let mut abilities = understand(&answer, surroundings);
    if abilities.cell.is_empty() {
        let cell =
            sized.filter(|it| it.width > 0 && it.height > 0 && it.columns > 0 && it.rows > 0);
        abilities.cell = cell.map_or(USUAL_CELL, |it| {
            Size::new(
                usize::from(it.width / it.columns),
                usize::from(it.height / it.rows),
            )
        });
    }
    if abilities.protocol == Protocol::Sixel && !viuer::is_sixel_supported() {
        // viuer asks by itself and prints sixel only if it heard the same.
        abilities.protocol = Protocol::Blocks { truecolor: true };
    }
    Ok(abilities)
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
    while !has_device_attributes(&answer) && start.elapsed() < 2 * patience {
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
    let found = text.match_indices("\x1b[?").find_map(|(at, start)| {
        let rest = &text[at + start.len()..];
        let end = rest.find(|it: char| !it.is_ascii_digit() && it != ';')?;
        rest[end..]
            .starts_with('c')
            .then(|| rest[..end].to_string())
    });
    found
}

fn has_device_attributes(answer: &[u8]) -> bool {
    device_attributes(answer).is_some()
}

/// What an answer means.
fn understand(answer: &[u8], surroundings: &Surroundings) -> Abilities {
    let text = String::from_utf8_lossy(answer);
    let sixel = device_attributes(answer).is_some_and(|it| it.split(';').any(|it| it == "4"));
    // These two answer that they know the protocol, and know too little of it.
    let shy = text.contains("WezTerm") || text.contains("Konsole");
    let kitty = text.contains("\x1b_Gi=31;OK") && !shy;
    let truecolor = matches!(surroundings.colorterm.as_str(), "truecolor" | "24bit")
        || text.contains("48:2:1:2:3")
        || text.contains("48:2::1:2:3")
        || surroundings.term.ends_with("-direct")
        || surroundings.term.contains("kitty");
    let protocol = if kitty {
        Protocol::Kitty
    } else if surroundings.iterm && !surroundings.is_multiplexed() {
        Protocol::Iterm
    } else if sixel && !surroundings.is_multiplexed() {
        Protocol::Sixel
    } else {
        Protocol::Blocks { truecolor }
    };
    Abilities {
        protocol,
        cell: cell_size(&text).unwrap_or_default(),
    }
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

    fn check(answer: &str, term: &str, protocol: Protocol, cell: Size) {
        let surroundings = Surroundings {
            term: term.to_string(),
            ..Surroundings::default()
        };
        let understood = understand(answer.as_bytes(), &surroundings);
        assert_eq!(understood, Abilities { protocol, cell }, "{answer:?}");
    }

    #[test]
    fn answers_of_terminals_are_understood() {
        let none = Size::default();
        check(
            "\x1bP>|kitty(0.26.5)\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[6;17;8t\x1b[4;680;960t\
             \x1bP1$r48:2:1:2:3m\x1b\\\x1b[?62;c",
            "xterm-kitty",
            Protocol::Kitty,
            Size::new(8, 17),
        );
        check(
            "\x1bP>|XTerm(379)\x1b\\\x1b[6;17;8t\x1bP1$r0;48:2::1:2:3m\x1b\\\
             \x1b[?63;1;2;4;6;9;15;16;22;28c",
            "xterm-256color",
            Protocol::Sixel,
            Size::new(8, 17),
        );
        check(
            "\x1b[?1;2c",
            "tmux-256color",
            Protocol::Blocks { truecolor: false },
            none,
        );
        check(
            "\x1b[?1;2;4c",
            "screen-256color",
            Protocol::Blocks { truecolor: false },
            none,
        );
        check(
            "\x1bP>|WezTerm 2024\x1b\\\x1b_Gi=31;OK\x1b\\\x1b[?65;4;6;18;22c",
            "xterm-256color",
            Protocol::Sixel,
            none,
        );
        check("", "xterm", Protocol::Blocks { truecolor: false }, none);
    }

    #[test]
    fn only_the_device_attributes_end_the_wait() {
        assert!(!has_device_attributes(b"\x1b[?2026;2$y"));
        assert!(!has_device_attributes(b"\x1b[?62;"));
        assert!(has_device_attributes(b"\x1b[?2026;2$y\x1b[?62;c"));
    }
}
