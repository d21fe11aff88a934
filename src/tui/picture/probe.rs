//! What the terminal can show, asked once before the interface starts.
//!
//! Over SSH the environment says next to nothing, so the terminal is asked. First for its device
//! attributes, which every terminal knows; then, if these speak of a modern one, what is still
//! open, with the device attributes once more as the end of the answer. A terminal that answers
//! nothing costs the time limit and gets cells.

use std::io;
use std::time::{Duration, Instant};

use super::{Colours, Protocol};
use crate::tui::geometry::Size;
use crate::tui::input::{self, Heard, Input, Parser, Reply};
use crate::tui::screen::write_all;

/// How long a terminal may take for the next byte of its answer.
const PATIENCE: Duration = Duration::from_millis(1000);
/// The same over SSH.
const PATIENCE_SSH: Duration = Duration::from_millis(2500);

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
    /// Colours that a sixel picture may have.
    pub registers: u16,
    /// It shows what belongs together at once.
    pub synchronized: bool,
    /// It answers for itself, so that what it has taken in is known.
    pub answers: bool,
    /// It says how large its cells are.
    pub tells_cell: bool,
    /// It is at the other end of SSH.
    pub remote: bool,
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
pub const CELL_SIZE: &str = "\x1b[16t";
/// Can you wait until a frame is complete?
const SYNCHRONIZED: &str = "\x1b[?2026$p";
/// Who are you?
const NAME: &str = "\x1b[>q";
/// Would this picture, which is not shown, be one for you?
const KITTY_GRAPHICS: &str = "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\";
/// What became of this 24-bit colour?
const TRUECOLOR: &str = "\x1b[48:2:1:2:3m\x1bP$qm\x1b\\\x1b[m";
/// How many colours may a sixel picture have?
const SIXEL_COLOURS: &str = "\x1b[?1;1;0S";

/// Colours of a sixel picture where the terminal does not say.
const USUAL_REGISTERS: u16 = 256;

/// What a terminal has answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Its device attributes; `None` if it answered nothing.
    pub attributes: Option<Vec<u16>>,
    /// Pixels of a cell.
    pub cell: Option<Size>,
    /// Whether it knows kitty's graphics.
    pub kitty: bool,
    /// Whether it kept a 24-bit colour.
    pub truecolor: bool,
    /// Whether it can wait until a frame is complete.
    pub synchronized: bool,
    /// Its name and version.
    pub name: Option<String>,
    /// Colours of a sixel picture.
    pub registers: Option<u16>,
}

impl Answers {
    /// Takes in an answer.
    fn take(&mut self, reply: &Reply) {
        match reply {
            Reply::Attributes(it) => self.attributes = Some(it.clone()),
            Reply::Cell { width, height } => {
                self.cell = Some(Size::new((*width).into(), (*height).into()));
            }
            Reply::Graphics(it) => self.kitty |= it.starts_with("i=31") && it.ends_with(";OK"),
            Reply::Mode(2026, state) => self.synchronized = matches!(state, 1 | 2),
            Reply::SixelColours(it) => self.registers = Some(*it),
            Reply::Control(it) => match it.strip_prefix(">|") {
                Some(name) => self.name = Some(name.to_string()),
                None => {
                    self.truecolor |= ["48:2:1:2:3", "48:2::1:2:3"]
                        .iter()
                        .any(|colour| it.contains(colour));
                }
            },
            Reply::Mode(..) | Reply::Well | Reply::Other => {}
        }
    }

    /// The class of terminal that the device attributes begin with.
    fn class(&self) -> u16 {
        let first = self.attributes.as_ref().and_then(|it| it.first());
        first.copied().unwrap_or(0)
    }

    fn has_sixel(&self) -> bool {
        self.attributes.as_ref().is_some_and(|it| it.contains(&4))
    }

    /// Whether the name is that of a terminal which shows iTerm2's pictures best.
    fn is_like_iterm(&self) -> bool {
        let name = self.name.as_deref().unwrap_or_default();
        ["iTerm2", "WezTerm", "Konsole"]
            .iter()
            .any(|it| name.starts_with(it))
    }
}

/// Asks the terminal. Raw mode must be on, and nobody else may read the keyboard. What is typed
/// meanwhile stays with the keys in `typed`.
///
/// # Errors
/// When the terminal has gone.
pub fn ask(
    surroundings: &Surroundings,
    parser: &mut Parser,
    typed: &mut Vec<Input>,
) -> io::Result<Answers> {
    let patience = if surroundings.ssh {
        PATIENCE_SSH
    } else {
        PATIENCE
    };
    let mut answers = Answers::default();
    let mut question = String::new();
    loop {
        write_all((question.clone() + DEVICE_ATTRIBUTES).as_bytes())?;
        let known = Answers {
            attributes: None,
            ..answers.clone()
        };
        let attributes = std::mem::replace(&mut answers, known).attributes;
        if !listen(patience, parser, typed, &mut answers)? {
            answers.attributes = attributes;
            return Ok(answers);
        }
        let next = if attributes.is_none() {
            open_questions(&answers, surroundings)
        } else if question != SIXEL_COLOURS
            && !surroundings.is_multiplexed()
            && protocol(&answers, surroundings) == Protocol::Sixel
        {
            SIXEL_COLOURS.to_string()
        } else {
            String::new()
        };
        if next.is_empty() {
            return Ok(answers);
        }
        question = next;
    }
}

/// What is worth asking a terminal with these device attributes. Those of a plain VT100, or of a
/// multiplexer that says to be one, know nothing of pictures.
fn open_questions(answers: &Answers, surroundings: &Surroundings) -> String {
    if answers.class() < 60 || surroundings.is_multiplexed() {
        return String::new();
    }
    let mut open = [CELL_SIZE, SYNCHRONIZED].concat();
    if !surroundings.says_truecolor() {
        open.push_str(TRUECOLOR);
    }
    if !surroundings.iterm {
        // Terminals with kitty graphics that know them well have no sixel. Of those with sixel some
        // are better at iTerm2's pictures; over SSH only their name tells.
        match (answers.has_sixel(), surroundings.term.starts_with("xterm")) {
            (false, _) => open.push_str(KITTY_GRAPHICS),
            (true, true) => open.push_str(NAME),
            (true, false) => {}
        }
    }
    open
}

/// The size of a cell by the size of the window, if the terminal tells it to the system.
pub fn cell_of_window() -> Option<Size> {
    let window = crossterm::terminal::window_size().ok()?;
    let width = window.width.checked_div(window.columns)?;
    let height = window.height.checked_div(window.rows)?;
    let cell = Size::new(width.into(), height.into());
    (!cell.is_empty()).then_some(cell)
}

/// Listens until the terminal has told its device attributes; `false` if it stays silent.
fn listen(
    patience: Duration,
    parser: &mut Parser,
    typed: &mut Vec<Input>,
    answers: &mut Answers,
) -> io::Result<bool> {
    let start = Instant::now();
    while answers.attributes.is_none() {
        let left = patience.saturating_sub(start.elapsed());
        let heard = input::read(parser, Some(left))?;
        for input in parser.take() {
            match input {
                Input::Reply(reply) => answers.take(&reply),
                other => typed.push(other),
            }
        }
        match heard {
            Heard::Bytes if !left.is_zero() => {}
            Heard::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            Heard::Bytes | Heard::Silence => return Ok(answers.attributes.is_some()),
        }
    }
    Ok(true)
}

/// How pictures get onto a terminal that has answered this.
fn protocol(answers: &Answers, surroundings: &Surroundings) -> Protocol {
    let multiplexed = surroundings.is_multiplexed();
    if answers.kitty && !answers.is_like_iterm() {
        Protocol::Kitty
    } else if (surroundings.iterm || answers.is_like_iterm()) && !multiplexed {
        Protocol::Iterm
    } else if answers.has_sixel() {
        Protocol::Sixel
    } else {
        Protocol::Cells(surroundings.colours(surroundings.says_truecolor() || answers.truecolor))
    }
}

impl Abilities {
    /// What a terminal can that has answered this. `window` is the size of a cell by the system.
    pub fn of(answers: &Answers, surroundings: &Surroundings, window: Option<Size>) -> Self {
        let truecolor = surroundings.says_truecolor() || answers.truecolor;
        Self {
            protocol: protocol(answers, surroundings),
            colours: surroundings.colours(truecolor),
            cell: answers.cell.or(window).unwrap_or(USUAL_CELL),
            registers: answers.registers.unwrap_or(USUAL_REGISTERS),
            synchronized: answers.synchronized,
            // A multiplexer that has taken something in says nothing about the way behind it.
            answers: answers.attributes.is_some() && !surroundings.is_multiplexed(),
            tells_cell: answers.cell.is_some(),
            remote: surroundings.ssh,
        }
    }
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

    fn answers(bytes: &str) -> Answers {
        let mut parser = Parser::default();
        parser.feed(bytes.as_bytes());
        let mut answers = Answers::default();
        for input in parser.take() {
            match input {
                Input::Reply(reply) => answers.take(&reply),
                other => panic!("{other:?} in {bytes:?}"),
            }
        }
        answers
    }

    fn check(answer: &str, term: &str, protocol: Protocol, cell: Size) {
        let understood = Abilities::of(&answers(answer), &at(term), None);
        assert_eq!(
            (understood.protocol, understood.cell),
            (protocol, cell),
            "{answer:?}"
        );
    }

    #[test]
    fn answers_of_terminals_are_understood() {
        let usual = USUAL_CELL;
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
        let wezterm = "\x1b[?65;4;6;18;22;52c\x1bP>|WezTerm 20240203\x1b\\\x1b[?65;4;6;18;22;52c";
        check(wezterm, "xterm-256color", Protocol::Iterm, usual);
        check("\x1b[?1;2c", "tmux-256color", plain, usual);
        check("\x1b[?1;2;4c", "tmux-256color", Protocol::Sixel, usual);
        check(
            "\x1b[?6c",
            "alacritty",
            Protocol::Cells(Colours::True),
            usual,
        );
        check("", "xterm", plain, usual);
    }

    #[test]
    fn a_terminal_that_stays_silent_is_not_waited_for() {
        assert!(!Abilities::of(&answers(""), &at("xterm"), None).answers);
        assert!(Abilities::of(&answers("\x1b[?6c"), &at("xterm"), None).answers);
        assert!(!Abilities::of(&answers("\x1b[?1;2c"), &at("tmux-256color"), None).answers);
    }

    #[test]
    fn who_wants_no_colours_gets_none() {
        let mut surroundings = at("xterm-kitty");
        surroundings.no_color = "1".to_string();
        let understood = Abilities::of(&answers("\x1b[?62;c"), &surroundings, None);
        assert_eq!(understood.colours, Colours::None);
        assert_eq!(understood.protocol, Protocol::Cells(Colours::None));
    }

    #[test]
    fn terminals_are_asked_only_what_they_can_know() {
        let asked = |answer: &str, term: &str| open_questions(&answers(answer), &at(term));
        assert_eq!(asked("\x1b[?6c", "xterm-256color"), "");
        assert_eq!(asked("\x1b[?62;4c", "tmux-256color"), "");
        assert_eq!(asked("", "xterm-256color"), "");
        assert_eq!(
            asked("\x1b[?62;4;22c", "foot"),
            [CELL_SIZE, SYNCHRONIZED].concat()
        );
        assert!(asked("\x1b[?62;c", "xterm-kitty").contains(KITTY_GRAPHICS));
        assert!(asked("\x1b[?65;4;6c", "xterm-256color").contains(NAME));
    }
}
