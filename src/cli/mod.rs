//! The command line: one file per subcommand.

mod args;
mod closest;
mod completions;
mod doctor;
mod donors;
mod draw;
mod inspect;
mod json;
mod layers;
mod man;
mod mask;
mod open;
mod presets;
mod render;
mod show;
mod tone;

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};

use crate::engine::render::Cancel;

/// All done.
const DONE: u8 = 0;
/// Some pictures failed; the rest are done.
const SOME_FAILED: u8 = 1;
/// Wrong usage or recipe; nothing done.
const WRONG_USAGE: u8 = 2;
/// Interrupted; no half-written file left.
const INTERRUPTED: u8 = 130;

/// Runs the program with the arguments of this process.
pub fn run() -> ExitCode {
    let args = Args::parse();
    let code = match args.command {
        None => open::run(&args),
        Some(Command::Render(it)) => render::run(&it),
        Some(Command::Show(it)) => show::run(&it),
        Some(Command::Presets(it)) => presets::run(it.name.as_deref()),
        Some(Command::Split(it)) => layers::split(&it),
        Some(Command::Merge(it)) => layers::merge(&it),
        Some(Command::Tone(it)) => tone::run(&it),
        Some(Command::Inspect(it)) => inspect::run(&it),
        Some(Command::Match(it)) => closest::run(&it),
        Some(Command::Mask(it)) => mask::run(&it),
        Some(Command::Donors(it)) => donors::run(it.action.as_ref()),
        Some(Command::Doctor(it)) => doctor::run(&it),
        Some(Command::DrawPreview(it)) => draw::run(&it),
        Some(Command::Completions(it)) => completions::run(it.shell),
        Some(Command::Man) => man::run(),
    };
    ExitCode::from(code)
}

/// Says what went wrong, on stderr.
fn complain(what: impl std::fmt::Display) {
    // When stderr is gone there is nobody left to tell.
    let _ = writeln!(io::stderr(), "repore: {what}");
}

/// A flag that goes up when this process is interrupted or asked to end.
fn watch_signals() -> Result<Cancel, String> {
    let cancel = Cancel::default();
    let on_signal = cancel.clone();
    let watched = ctrlc::set_handler(move || on_signal.cancel());
    watched.map_err(|it| format!("cannot watch for signals: {it}"))?;
    Ok(cancel)
}

/// The error of folders that were named and have no picture in them.
fn no_picture_in(folders: &[PathBuf]) -> String {
    let names: Vec<String> = folders.iter().map(|it| it.display().to_string()).collect();
    format!("there is no picture in {}", names.join(", "))
}

/// Prints to stdout. A reader that has heard enough, as in `repore presets | head`, is no error.
fn print(text: &str) -> u8 {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            complain(format!("cannot write to stdout: {error}"));
            SOME_FAILED
        }
        _ => DONE,
    }
}

/// Prints a line about a picture to stdout.
fn print_line(line: &str) {
    let mut out = io::stdout().lock();
    // A reader that has gone away does not keep the pictures from being rendered.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
