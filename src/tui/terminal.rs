//! A terminal that is asked what it can show, without the interface, and what is to be said of it.

use std::fs::OpenOptions;
use std::io;

use rustix::termios::{QueueSelector, tcflush};

use super::input::Parser;
use super::link::{Link, LinkSpeed};
use super::picture::probe::{self, Answers};
use super::picture::{Abilities, Colours, Offer, PreviewChoice, Protocol, Surroundings};
use super::screen::Takeover;

/// What a terminal has answered, and what is made of it.
#[derive(Clone, Debug)]
pub struct Terminal {
    surroundings: Surroundings,
    answers: Answers,
    /// Whether it tells the system how large its window is in pixels.
    window: bool,
    /// What it can.
    pub abilities: Abilities,
    /// How a preview is shown.
    pub offer: Offer,
}

impl Terminal {
    /// Asks the terminal that the standard input comes from. The standard output may go elsewhere. What
    /// is typed meanwhile is lost; a dumb terminal is asked nothing.
    ///
    /// # Errors
    /// When there is no terminal, or it has gone.
    pub fn ask(wanted: PreviewChoice) -> io::Result<Self> {
        let surroundings = Surroundings::of_process();
        let mut answers = Answers::default();
        if !surroundings.is_dumb() {
            let takeover = Takeover::begin()?;
            let screen = OpenOptions::new().write(true).open("/dev/tty")?;
            let (mut parser, mut typed) = (Parser::default(), Vec::new());
            answers = probe::ask(screen, wanted, &surroundings, &mut parser, &mut typed)?;
            // An answer that comes late must not be taken for something that was typed.
            let _ = tcflush(io::stdin(), QueueSelector::IFlush);
            drop(takeover);
        }
        Ok(Self::of(wanted, answers, surroundings))
    }

    /// What is made of its answers.
    pub fn of(wanted: PreviewChoice, answers: Answers, surroundings: Surroundings) -> Self {
        let window = probe::cell_of_window();
        Self {
            abilities: Abilities::of(wanted, &answers, &surroundings, window),
            offer: wanted.offer(&answers, &surroundings),
            window: window.is_some(),
            answers,
            surroundings,
        }
    }

    /// Whether it has answered anything.
    pub fn answers(&self) -> bool {
        self.answers.attributes.is_some()
    }

    /// Everything that is known of it.
    pub fn report(&self, speed: LinkSpeed) -> Report {
        let asked = self.answers.asked.iter().map(|it| Exchange {
            about: it.question.name(),
            sent: readable(it.question.text().as_bytes()),
            answer: it.answer.as_deref().map(readable),
        });
        Report {
            environment: self.surroundings.told.clone(),
            asked: asked.collect(),
            chosen: self.chosen(speed),
            advice: self.advice(),
        }
    }

    fn chosen(&self, speed: LinkSpeed) -> Vec<Choice> {
        let choice = |what, value: String, why: &str| Choice {
            what,
            value,
            why: why.to_string(),
        };
        let Abilities {
            cell,
            colours,
            synchronized,
            ..
        } = self.abilities;
        let from = match (self.answers.cell.is_some(), self.window) {
            (true, _) => "the terminal says so",
            (false, true) => "by the size of the window in pixels",
            (false, false) => "assumed, as nothing tells it",
        };
        let offered: Vec<&str> = self.offer.all.iter().map(|it| it.name()).collect();
        let synchronized = if synchronized { "yes" } else { "no" };
        let link = Link::new(speed, self.abilities.remote, self.abilities.answers);
        vec![
            choice(
                "preview",
                self.offer.chosen.name().to_string(),
                &self.offer.why.to_string(),
            ),
            choice("V goes through", offered.join(", "), ""),
            choice("cell", format!("{}×{} px", cell.width, cell.height), from),
            choice("colours", colours.to_string(), self.why_colours()),
            choice(
                "synchronized output",
                synchronized.to_string(),
                "a frame is shown when it is complete",
            ),
            choice("link", link.told(), self.why_link(speed)),
        ]
    }

    fn why_colours(&self) -> &'static str {
        let surroundings = &self.surroundings;
        match self.abilities.colours {
            Colours::None if !surroundings.no_color.is_empty() => "NO_COLOR is set",
            Colours::True if surroundings.says_truecolor() => "COLORTERM or TERM says so",
            Colours::True => "the terminal kept a colour of 24 bits",
            _ => "by TERM; neither COLORTERM nor the terminal says more",
        }
    }

    fn why_link(&self, speed: LinkSpeed) -> &'static str {
        match speed {
            LinkSpeed::Rate(_) => "--link says so",
            LinkSpeed::Auto if !self.abilities.answers => {
                "assumed, as the terminal itself does not answer: --link says how fast it is"
            }
            LinkSpeed::Auto if self.abilities.remote => "over SSH, until it is measured",
            LinkSpeed::Auto => "on this machine, until it is measured",
        }
    }

    /// What to try.
    fn advice(&self) -> Vec<String> {
        let mut advice = Vec::new();
        let surroundings = &self.surroundings;
        if surroundings.is_dumb() {
            advice.push(
                "TERM=dumb has no terminal UI, and nothing was asked; `repore render` works without one"
                    .to_string(),
            );
            return advice;
        }
        if !self.answers() {
            advice.push("the terminal answers nothing: each start waits for it".to_string());
        }
        let pictures = !matches!(self.offer.chosen, Protocol::Cells(_) | Protocol::Off);
        if surroundings.is_multiplexed() && !pictures {
            advice.push(
                "--preview kitty-tmux if kitty 0.28 or Ghostty is outside, and tmux has allow-passthrough on"
                    .to_string(),
            );
            advice.push(
                "without tmux, screen or zellij between there may be real pictures".to_string(),
            );
        }
        if self.abilities.colours == Colours::Indexed {
            advice
                .push("export COLORTERM=truecolor if the terminal has 24-bit colours".to_string());
        }
        if !pictures && !surroundings.is_multiplexed() {
            advice.push(
                "--preview kitty, iterm or sixel if the terminal knows one of them though it does not say so"
                    .to_string(),
            );
        }
        advice.push(
            "--preview cells if pictures are wrong, --preview off for none at all".to_string(),
        );
        if self.abilities.remote {
            advice.push(
                "--link 300k if the link is slower than was measured; ssh -C for cells".to_string(),
            );
        }
        advice
    }
}

/// Everything that is known of a terminal.
#[derive(Clone, Debug)]
pub struct Report {
    /// Variables that matter, and their values.
    pub environment: Vec<(&'static str, Option<String>)>,
    /// What was asked.
    pub asked: Vec<Exchange>,
    /// What was chosen.
    pub chosen: Vec<Choice>,
    /// What to try.
    pub advice: Vec<String>,
}

/// A question and its answer, as readable text.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// What it is about.
    pub about: &'static str,
    /// What was sent.
    pub sent: String,
    /// What came back, if anything did.
    pub answer: Option<String>,
}

/// Something that was chosen.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What.
    pub what: &'static str,
    /// As what.
    pub value: String,
    /// Why.
    pub why: String,
}

/// Bytes of escape sequences so that they can be read and sent in a letter.
fn readable(bytes: &[u8]) -> String {
    let mut out = String::new();
    for part in String::from_utf8_lossy(bytes).chars() {
        match part {
            '\x1b' => out.push_str("ESC"),
            '\x07' => out.push_str("BEL"),
            it if it.is_control() => out.extend(it.escape_default()),
            it => out.push(it),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::picture::probe::answers;

    fn terminal(term: &str, answer: &str) -> Terminal {
        let surroundings = Surroundings {
            term: term.to_string(),
            ..Surroundings::default()
        };
        Terminal::of(PreviewChoice::Auto, answers(answer), surroundings)
    }

    /// The value and the reason of a choice.
    fn chosen(terminal: &Terminal, what: &str) -> String {
        let report = terminal.report(LinkSpeed::Auto);
        let found = report.chosen.iter().find(|it| it.what == what);
        found.map_or_else(String::new, |it| format!("{}: {}", it.value, it.why))
    }

    #[test]
    fn sequences_are_readable() {
        assert_eq!(readable(b"\x1b_Gi=31;OK\x1b\\"), "ESC_Gi=31;OKESC\\");
        assert_eq!(
            readable(b"\x1b]11;?\x07\x01\xff"),
            "ESC]11;?BEL\\u{1}\u{fffd}"
        );
    }

    #[test]
    fn what_is_chosen_is_said_with_its_reason() {
        let kitty = terminal(
            "xterm-kitty",
            "\x1b[?62;c\x1b[6;17;8t\x1b[?2026;2$y\x1b_Gi=31;OK\x1b\\",
        );
        let preview = chosen(&kitty, "preview");
        assert_eq!(
            preview,
            "kitty: the terminal says that it shows kitty's pictures"
        );
        assert_eq!(chosen(&kitty, "cell"), "8×17 px: the terminal says so");
        assert!(chosen(&kitty, "colours").starts_with("24 bits: "));
        assert!(chosen(&kitty, "synchronized output").starts_with("yes"));
        assert_eq!(
            chosen(&kitty, "V goes through"),
            "kitty, cells, viuer with kitty's protocol, off: "
        );
        let silent = terminal("xterm-256color", "");
        assert!(chosen(&silent, "preview").contains("answered nothing"));
        assert!(chosen(&silent, "colours").starts_with("256: "));
        assert!(chosen(&silent, "link").contains("--link"));
        let inside = terminal("tmux-256color", "\x1b[?1;2c");
        assert!(chosen(&inside, "preview").contains("tmux"));
    }

    #[test]
    fn there_is_something_to_try_where_something_is_missing() {
        let advice = |it: &Terminal| it.report(LinkSpeed::Auto).advice.join("\n");
        assert!(advice(&terminal("xterm-256color", "\x1b[?6c")).contains("COLORTERM"));
        assert!(advice(&terminal("tmux-256color", "\x1b[?1;2c")).contains("tmux"));
        assert!(advice(&terminal("dumb", "")).contains("TERM=dumb"));
        let kitty = terminal("xterm-kitty", "\x1b[?62;c\x1b_Gi=31;OK\x1b\\");
        assert!(!advice(&kitty).contains("COLORTERM"));
    }
}
