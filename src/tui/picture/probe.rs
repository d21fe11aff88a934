//! Asks the terminal what it can show, once, before the interface starts.
//!
//! Over SSH the environment says next to nothing, so the terminal is asked. First for its device
//! attributes, which every terminal knows; then, if these speak of a modern one, what is still
//! open, with the device attributes once more as the end of the answer. A terminal that answers
//! nothing costs the time limit and gets cells.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::{PreviewChoice, Protocol, Surroundings};
use crate::tui::geometry::Size;
use crate::tui::input::{self, Heard, Input, Parser, Reply};
use crate::tui::screen::write_to;

/// How long a terminal may take for the next byte of its answer.
const PATIENCE: Duration = Duration::from_millis(1000);
/// The same over SSH.
const PATIENCE_SSH: Duration = Duration::from_millis(2500);

/// Something that a terminal is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// What are you? Every terminal answers this.
    Attributes,
    /// How large is a cell, in pixels?
    Cell,
    /// Can you wait until a frame is complete?
    Synchronized,
    /// What became of this 24-bit colour?
    Truecolor,
    /// Would this picture, which is not shown, be one for you?
    Kitty,
    /// Who are you?
    Name,
    /// How many colours may a sixel picture have?
    SixelColours,
}

impl Question {
    /// The bytes that ask it.
    pub fn text(self) -> &'static str {
        match self {
            Question::Attributes => "\x1b[c",
            Question::Cell => "\x1b[16t",
            Question::Synchronized => "\x1b[?2026$p",
            Question::Truecolor => "\x1b[48:2:1:2:3m\x1bP$qm\x1b\\\x1b[m",
            Question::Kitty => "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\",
            Question::Name => "\x1b[>q",
            Question::SixelColours => "\x1b[?1;1;0S",
        }
    }

    /// What it is about.
    pub fn name(self) -> &'static str {
        match self {
            Question::Attributes => "device attributes",
            Question::Cell => "size of a cell",
            Question::Synchronized => "synchronized output",
            Question::Truecolor => "24-bit colours",
            Question::Kitty => "kitty graphics",
            Question::Name => "name and version",
            Question::SixelColours => "colours of sixel",
        }
    }

    /// Whether something is an answer to it.
    fn fits(self, reply: &Reply) -> bool {
        match reply {
            Reply::Attributes(_) => self == Question::Attributes,
            Reply::Cell { .. } => self == Question::Cell,
            Reply::Mode(..) => self == Question::Synchronized,
            Reply::Graphics(_) => self == Question::Kitty,
            Reply::SixelColours(_) => self == Question::SixelColours,
            Reply::Control(it) if it.starts_with(">|") => self == Question::Name,
            Reply::Control(_) => self == Question::Truecolor,
            Reply::Well | Reply::Other => false,
        }
    }
}

/// A question that was asked, and the bytes that answered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// What came back; `None` if nothing did.
    pub answer: Option<Vec<u8>>,
}

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
    /// What it was asked, in this order.
    pub asked: Vec<Asked>,
}

impl Answers {
    /// Takes in an answer and the bytes that it came as.
    fn take(&mut self, reply: &Reply, bytes: Vec<u8>) {
        let open = |it: &&mut Asked| it.question.fits(reply) && it.answer.is_none();
        if let Some(asked) = self.asked.iter_mut().find(open) {
            asked.answer = Some(bytes);
        }
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

    /// Whether its device attributes have sixel among them.
    pub fn has_sixel(&self) -> bool {
        self.attributes.as_ref().is_some_and(|it| it.contains(&4))
    }

    /// Whether the name is that of a terminal which shows iTerm2's pictures best.
    pub fn is_like_iterm(&self) -> bool {
        let name = self.name.as_deref().unwrap_or_default();
        ["iTerm2", "WezTerm", "Konsole"]
            .iter()
            .any(|it| name.starts_with(it))
    }
}

/// Asks the terminal, which reads from `screen` and writes to the standard input. Raw mode must be on,
/// and nobody else may read the keyboard. What is typed meanwhile stays with the keys in `typed`.
///
/// # Errors
/// When the terminal has gone.
pub fn ask(
    screen: impl AsFd,
    wanted: PreviewChoice,
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
    let mut questions = Vec::new();
    loop {
        // The device attributes are the end of each round of answers.
        questions.push(Question::Attributes);
        let text: String = questions.iter().map(|it| it.text()).collect();
        write_to(&screen, text.as_bytes())?;
        let asked = questions.iter().map(|it| Asked {
            question: *it,
            answer: None,
        });
        answers.asked.extend(asked);
        let attributes = answers.attributes.take();
        if !listen(patience, parser, typed, &mut answers)? {
            answers.attributes = attributes;
            return Ok(answers);
        }
        questions = if attributes.is_none() {
            open_questions(&answers, surroundings)
        } else {
            Vec::new()
        };
        let before = |it: &Asked| it.question == Question::SixelColours;
        if questions.is_empty()
            && !answers.asked.iter().any(before)
            && !surroundings.is_multiplexed()
            && wanted.offer(&answers, surroundings).chosen == Protocol::Sixel
        {
            questions.push(Question::SixelColours);
        }
        if questions.is_empty() {
            return Ok(answers);
        }
    }
}

/// What is worth asking a terminal with these device attributes. Those of a plain VT100, or of a
/// multiplexer that says to be one, know nothing of pictures.
fn open_questions(answers: &Answers, surroundings: &Surroundings) -> Vec<Question> {
    if answers.class() < 60 || surroundings.is_multiplexed() {
        return Vec::new();
    }
    let mut open = vec![Question::Cell, Question::Synchronized];
    if !surroundings.says_truecolor() {
        open.push(Question::Truecolor);
    }
    if !surroundings.iterm {
        // Terminals with kitty graphics that know them well have no sixel. Of those with sixel some
        // are better at iTerm2's pictures; over SSH only their name tells.
        match (answers.has_sixel(), surroundings.term.starts_with("xterm")) {
            (false, _) => open.push(Question::Kitty),
            (true, true) => open.push(Question::Name),
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
        for (input, bytes) in parser.take_with_bytes() {
            match input {
                Input::Reply(reply) => answers.take(&reply, bytes),
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

/// What a terminal has answered that wrote these bytes.
#[cfg(test)]
pub fn answers(bytes: &str) -> Answers {
    let mut parser = Parser::default();
    parser.feed(bytes.as_bytes());
    let mut answers = Answers::default();
    for (input, bytes) in parser.take_with_bytes() {
        match input {
            Input::Reply(reply) => answers.take(&reply, bytes),
            other => panic!("{other:?} in {bytes:?}"),
        }
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_asked_only_what_they_can_know() {
        let asked = |answer: &str, term: &str| {
            let surroundings = Surroundings {
                term: term.to_string(),
                ..Surroundings::default()
            };
            open_questions(&answers(answer), &surroundings)
        };
        assert_eq!(asked("\x1b[?6c", "xterm-256color"), []);
        assert_eq!(asked("\x1b[?62;4c", "tmux-256color"), []);
        assert_eq!(asked("", "xterm-256color"), []);
        assert_eq!(
            asked("\x1b[?62;4;22c", "foot"),
            [Question::Cell, Question::Synchronized]
        );
        assert!(asked("\x1b[?62;c", "xterm-kitty").contains(&Question::Kitty));
        assert!(asked("\x1b[?65;4;6c", "xterm-256color").contains(&Question::Name));
    }
}
