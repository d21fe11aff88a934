//! `repore completions SHELL`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::Args;

/// Prints completions for a shell.
pub fn run(shell: Shell) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "repore", &mut script);
    super::print(&String::from_utf8_lossy(&script))
}
