//! The environment, as far as it says something about the terminal.

use super::Colours;

/// Variables that say something about the terminal, in the order in which they are told.
const NAMES: [&str; 10] = [
    "TERM",
    "COLORTERM",
    "TERM_PROGRAM",
    "LC_TERMINAL",
    "KONSOLE_VERSION",
    "NO_COLOR",
    "SSH_CONNECTION",
    "TMUX",
    "STY",
    "ZELLIJ",
];

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
    /// Whether a terminal multiplexer says that it is between.
    pub inside: bool,
    /// Every variable that says something, with its value.
    pub told: Vec<(&'static str, Option<String>)>,
}

impl Surroundings {
    /// Reads the environment of this process.
    pub fn of_process() -> Self {
        let var = |name: &str| std::env::var(name).unwrap_or_default();
        let value = |name| std::env::var_os(name).map(|it| it.to_string_lossy().into_owned());
        let inside = ["TMUX", "STY", "ZELLIJ"];
        Self {
            term: var("TERM"),
            colorterm: var("COLORTERM"),
            no_color: var("NO_COLOR"),
            ssh: std::env::var_os("SSH_CONNECTION").is_some(),
            iterm: viuer::is_iterm_supported(),
            inside: inside.iter().any(|name| !var(name).is_empty()),
            told: NAMES.iter().map(|name| (*name, value(*name))).collect(),
        }
    }

    /// Whether the terminal can move its cursor.
    pub fn is_dumb(&self) -> bool {
        self.term == "dumb"
    }

    /// Whether the environment promises 24-bit colour.
    pub fn says_truecolor(&self) -> bool {
        matches!(self.colorterm.as_str(), "truecolor" | "24bit")
            || self.term.ends_with("-direct")
            || self.names_itself()
    }

    /// Whether `TERM` is that of a terminal and of no other.
    fn names_itself(&self) -> bool {
        ["kitty", "alacritty", "foot", "ghostty", "wezterm"]
            .iter()
            .any(|it| self.term.contains(it))
    }

    /// The colours of cells, if it was found out that there are all of them or not.
    pub fn colours(&self, truecolor: bool) -> Colours {
        Colours::of(&self.term, truecolor, self.no_color.is_empty())
    }

    /// Whether a terminal multiplexer is between: it answers for itself and passes no pictures on. A
    /// terminal that was started from within one inherits its variables, but not its `TERM`.
    pub fn is_multiplexed(&self) -> bool {
        ["tmux", "screen"]
            .iter()
            .any(|it| self.term.starts_with(it))
            || (self.inside && !self.names_itself())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multiplexer_is_known_by_its_name_or_its_variables() {
        let check = |term: &str, inside, between| {
            let surroundings = Surroundings {
                term: term.to_string(),
                inside,
                ..Surroundings::default()
            };
            assert_eq!(surroundings.is_multiplexed(), between, "{term}");
        };
        check("xterm-256color", false, false);
        check("xterm-256color", true, true);
        check("tmux-256color", false, true);
        check("screen.xterm-256color", false, true);
        check("xterm-kitty", true, false);
    }
}
