//! What a terminal can show, and the protocol that the preview goes by: all that is chosen is chosen here.
//!
//! `auto` never takes viuer. A picture takes it 2.2 MB in kitty where a PNG takes 0.8 MB, and 0.8 MB in iTerm2 where a
//! JPEG takes 0.2 MB; its sixel pictures fill half their box; it sends all half blocks anew where ours
//! send those that changed; and on the same machine as kitty, where it sends next to nothing, it reads the keyboard.

use std::fmt;

use super::probe::Answers;
use super::{Colours, Means, Protocol, Surroundings};
use crate::tui::geometry::Size;

/// A cell of a terminal that does not say how large its cells are, in pixels.
pub const USUAL_CELL: Size = Size {
    width: 8,
    height: 16,
};

/// Colours of a sixel picture where the terminal does not say.
pub const USUAL_REGISTERS: u16 = 256;

/// How the preview is to be shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum PreviewChoice {
    /// The best that the terminal is known to show
    #[default]
    Auto,
    /// The graphics protocol of kitty
    Kitty,
    /// The same through tmux, which must allow it: set -g allow-passthrough on
    KittyTmux,
    /// The inline images of iTerm2
    Iterm,
    /// Sixel graphics
    Sixel,
    /// Half blocks: every terminal has them
    Cells,
    /// The crate viuer, with whatever of these the terminal knows
    Viuer,
    /// No preview
    Off,
}

impl PreviewChoice {
    /// What there is for a terminal that has answered this, and which of it is chosen.
    pub fn offer(self, answers: &Answers, surroundings: &Surroundings) -> Offer {
        let (chosen, why) = self.choose(answers, surroundings);
        let known = known(answers, surroundings).into_iter().map(|it| it.0);
        let cells = Protocol::Cells(colours(answers, surroundings));
        let viuer = Protocol::Viuer(means(answers, surroundings));
        let mut all: Vec<Protocol> = known.chain([cells, viuer, Protocol::Off]).collect();
        if !all.contains(&chosen) {
            all.insert(0, chosen);
        }
        Offer { chosen, why, all }
    }

    fn choose(self, answers: &Answers, surroundings: &Surroundings) -> (Protocol, Why) {
        let cells = Protocol::Cells(colours(answers, surroundings));
        let protocol = match self {
            PreviewChoice::Auto => return automatic(answers, surroundings),
            PreviewChoice::Kitty => Protocol::Kitty,
            PreviewChoice::KittyTmux => Protocol::KittyTmux,
            PreviewChoice::Iterm => Protocol::Iterm,
            PreviewChoice::Sixel => Protocol::Sixel,
            PreviewChoice::Cells => cells,
            PreviewChoice::Viuer => Protocol::Viuer(means(answers, surroundings)),
            PreviewChoice::Off => Protocol::Off,
        };
        (protocol, Why::Asked)
    }
}

/// The ways in which the preview can be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The one that it begins with.
    pub chosen: Protocol,
    /// Why it is this one.
    pub why: Why,
    /// What a key goes through: everything that the terminal is known to show, cells, and no preview at
    /// all, with what it begins with.
    pub all: Vec<Protocol>,
}

/// Why a protocol was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It was asked for.
    Asked,
    /// The terminal said that it can show kitty's pictures.
    SaysKitty,
    /// The environment or its name says that the terminal is of iTerm2's kind.
    IsIterm,
    /// Its device attributes have sixel.
    HasSixel,
    /// It answered nothing.
    Silent,
    /// A multiplexer is between.
    Multiplexed,
    /// It said nothing of pictures.
    NoPictures,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Asked => "it was asked for",
            Why::SaysKitty => "the terminal says that it shows kitty's pictures",
            Why::IsIterm => "the terminal's name or the environment says so",
            Why::HasSixel => "the terminal's device attributes have 4, sixel",
            Why::Silent => "the terminal answered nothing",
            Why::Multiplexed => "tmux, screen or zellij is between and passes no pictures on",
            Why::NoPictures => "the terminal knows none of the graphics protocols",
        })
    }
}

/// What is known to be shown, the best first.
fn known(answers: &Answers, surroundings: &Surroundings) -> Vec<(Protocol, Why)> {
    let multiplexed = surroundings.is_multiplexed();
    let like_iterm = answers.is_like_iterm();
    let mut known = Vec::new();
    if answers.kitty && !like_iterm {
        known.push((Protocol::Kitty, Why::SaysKitty));
    }
    if (surroundings.iterm || like_iterm) && !multiplexed {
        known.push((Protocol::Iterm, Why::IsIterm));
    }
    if answers.has_sixel() {
        known.push((Protocol::Sixel, Why::HasSixel));
    }
    known
}

fn automatic(answers: &Answers, surroundings: &Surroundings) -> (Protocol, Why) {
    if let Some(best) = known(answers, surroundings).first() {
        return *best;
    }
    let why = if surroundings.is_multiplexed() {
        Why::Multiplexed
    } else if answers.attributes.is_none() {
        Why::Silent
    } else {
        Why::NoPictures
    };
    (Protocol::Cells(colours(answers, surroundings)), why)
}

/// What viuer is given to draw with: what would be chosen without it.
fn means(answers: &Answers, surroundings: &Surroundings) -> Means {
    match automatic(answers, surroundings).0 {
        Protocol::Kitty => Means::Kitty,
        Protocol::Iterm => Means::Iterm,
        Protocol::Sixel => Means::Sixel,
        Protocol::KittyTmux | Protocol::Cells(_) | Protocol::Viuer(_) | Protocol::Off => {
            Means::Blocks
        }
    }
}

/// The colours of text and cells.
fn colours(answers: &Answers, surroundings: &Surroundings) -> Colours {
    surroundings.colours(surroundings.says_truecolor() || answers.truecolor)
}

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

impl Abilities {
    /// What a terminal can that has answered this. `window` is the size of a cell by the system.
    pub fn of(
        wanted: PreviewChoice,
        answers: &Answers,
        surroundings: &Surroundings,
        window: Option<Size>,
    ) -> Self {
        Self {
            protocol: wanted.choose(answers, surroundings).0,
            colours: colours(answers, surroundings),
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
    use crate::tui::picture::probe::answers;

    fn at(term: &str) -> Surroundings {
        Surroundings {
            term: term.to_string(),
            ..Surroundings::default()
        }
    }

    fn abilities(answer: &str, surroundings: &Surroundings) -> Abilities {
        Abilities::of(PreviewChoice::Auto, &answers(answer), surroundings, None)
    }

    fn check(answer: &str, term: &str, protocol: Protocol, cell: Size) {
        let understood = abilities(answer, &at(term));
        assert_eq!(
            (understood.protocol, understood.cell),
            (protocol, cell),
            "{answer:?}"
        );
    }

    const WEZTERM: &str =
        "\x1b[?65;4;6;18;22;52c\x1bP>|WezTerm 20240203\x1b\\\x1b[?65;4;6;18;22;52c";

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
        check(WEZTERM, "xterm-256color", Protocol::Iterm, usual);
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
        assert!(!abilities("", &at("xterm")).answers);
        assert!(abilities("\x1b[?6c", &at("xterm")).answers);
        assert!(!abilities("\x1b[?1;2c", &at("tmux-256color")).answers);
    }

    #[test]
    fn who_wants_no_colours_gets_none() {
        let mut surroundings = at("xterm-kitty");
        surroundings.no_color = "1".to_string();
        let understood = abilities("\x1b[?62;c", &surroundings);
        assert_eq!(understood.colours, Colours::None);
        assert_eq!(understood.protocol, Protocol::Cells(Colours::None));
    }

    #[test]
    fn what_is_asked_for_is_taken_and_the_key_goes_through_what_is_known() {
        let surroundings = at("xterm-256color");
        let cells = Protocol::Cells(Colours::Indexed);
        let check = |choice: PreviewChoice, answer: &str, all: &[Protocol]| {
            let offer = choice.offer(&answers(answer), &surroundings);
            assert_eq!(offer.why == Why::Asked, choice != PreviewChoice::Auto);
            assert_eq!(offer.all, all);
            offer.chosen
        };
        let viuer = Protocol::Viuer(Means::Blocks);
        let with_iterm = Protocol::Viuer(Means::Iterm);
        let all = [
            Protocol::Iterm,
            Protocol::Sixel,
            cells,
            with_iterm,
            Protocol::Off,
        ];
        let chosen = check(PreviewChoice::Auto, WEZTERM, &all);
        assert_eq!(chosen, Protocol::Iterm);
        let chosen = check(PreviewChoice::Cells, WEZTERM, &all);
        assert_eq!(chosen, cells);
        let plain = [Protocol::Kitty, cells, viuer, Protocol::Off];
        let chosen = check(PreviewChoice::Kitty, "\x1b[?6c", &plain);
        assert_eq!(chosen, Protocol::Kitty);
        check(PreviewChoice::Off, "", &[cells, viuer, Protocol::Off]);
    }
}
