//! A program of the user's own that turns one picture file into another.
//!
//! The command goes to the shell, so that quotes, pipes and variables mean what they mean there. The
//! program and all it starts form a process group of their own, so that nothing of them stays when it
//! fails, takes too long or is interrupted.

use std::io::{self, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::engine::operations::Cancel;

/// Where the program finds its picture, and where it leaves its own.
const PLACES: [&str; 2] = ["{in}", "{out}"];

/// Time between two looks at a running program.
const LOOK: Duration = Duration::from_millis(10);

/// How long a program that is to end may take for it before it is ended.
const GRACE: Duration = Duration::from_secs(2);

/// How long is waited for the last words of a program that has ended. What it started in the
/// background may keep its output open for ever.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// Bytes of a program's last words that are kept for an error.
const KEPT: usize = 4096;

/// Hears what a program prints, piece by piece, on a thread of its own.
pub type Listener = fn(&[u8]);

/// A command with places for the files `{in}` and `{out}`, and the time that it may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    command: String,
    timeout: Duration,
}

/// How a run of a program went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It ended and said that all went well.
    Well(Started),
    /// It was interrupted.
    Cancelled,
    /// It failed; in words.
    Failed(String),
}

/// What a program started in the background may still run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Started(Pid);

impl Started {
    /// Ends it: it is of no use where the program did not do what it was for.
    pub fn end(self) {
        signal_group(self.0, Signal::KILL);
    }
}

impl Program {
    /// A program from its command line.
    ///
    /// # Errors
    /// When the command does not say where its files go.
    pub fn new(command: &str, timeout: Duration) -> Result<Self, String> {
        match PLACES.iter().find(|it| !command.contains(**it)) {
            None => Ok(Self {
                command: command.to_string(),
                timeout,
            }),
            Some(place) => Err(format!(
                "the command {command:?} does not say {place}; \
                 {{in}} stands for the picture it gets and {{out}} for the one it writes"
            )),
        }
    }

    /// Runs the program and waits until it ends, is cancelled or takes too long. All that it prints
    /// goes to `listener`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn run(
        &self,
        input: &Path,
        output: &Path,
        listener: Listener,
        cancel: &Cancel,
    ) -> io::Result<Ended> {
        let (reader, writer) = io::pipe()?;
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(with_files(&self.command, input, output))
            // One that asks a question gets no answer instead of waiting for one.
            .stdin(Stdio::null())
            // What it prints is about its work; the program's own stdout is for results.
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .spawn()?;
        let words = listen(reader, listener);
        let ended = match self.wait(&mut child, cancel) {
            Ok(ended) => ended,
            Err(error) => {
                end_group(&mut child);
                return Err(error);
            }
        };
        let said = |what: String| Ended::Failed(with_last_words(what, &words));
        Ok(match ended {
            Waited::Ended(status) if status.success() => {
                Ended::Well(Started(Pid::from_child(&child)))
            }
            Waited::Ended(status) => {
                Started(Pid::from_child(&child)).end();
                said(described(status))
            }
            Waited::Cancelled => Ended::Cancelled,
            Waited::TooLong => said(format!(
                "the program did not end within {} s and was stopped",
                self.timeout.as_secs()
            )),
        })
    }

    fn wait(&self, child: &mut Child, cancel: &Cancel) -> io::Result<Waited> {
        let start = Instant::now();
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Waited::Ended(status));
            }
            if cancel.is_cancelled() {
                end_group(child);
                return Ok(Waited::Cancelled);
            }
            if start.elapsed() >= self.timeout {
                end_group(child);
                return Ok(Waited::TooLong);
            }
            thread::sleep(LOOK);
        }
    }
}

enum Waited {
    Ended(ExitStatus),
    Cancelled,
    TooLong,
}

/// Asks a program and all it started to end, and ends what is left after a while.
fn end_group(child: &mut Child) {
    let group = Pid::from_child(child);
    signal_group(group, Signal::TERM);
    let start = Instant::now();
    while start.elapsed() < GRACE && matches!(child.try_wait(), Ok(None)) {
        thread::sleep(LOOK);
    }
    signal_group(group, Signal::KILL);
    // Without this it would stay behind as an entry in the table of processes.
    let _ = child.wait();
}

fn signal_group(group: Pid, signal: Signal) {
    // A group that has gone already is what is wanted.
    let _ = kill_process_group(group, signal);
}

/// Hands on all that a program prints, and sends its last words when it has said all.
fn listen(mut reader: io::PipeReader, listener: Listener) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        let mut last = Vec::new();
        while let Ok(count) = reader.read(&mut buffer)
            && count > 0
        {
            listener(&buffer[..count]);
            last.extend_from_slice(&buffer[..count]);
            last.drain(..last.len().saturating_sub(KEPT));
        }
        // Nobody waits for the words of a program that did well.
        let _ = sender.send(last);
    });
    receiver
}

/// What went wrong, and the last line that the program said.
fn with_last_words(what: String, words: &Receiver<Vec<u8>>) -> String {
    let last = words.recv_timeout(LAST_WORDS).unwrap_or_default();
    let text = String::from_utf8_lossy(&last);
    let line = text.lines().map(str::trim).rfind(|it| !it.is_empty());
    match line {
        Some(line) => {
            let printable: String = line.chars().filter(|it| !it.is_control()).collect();
            format!("{what}: {printable}")
        }
        None => what,
    }
}

fn described(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        // POSIX, Shell Command Language, 2.8.2: these are the shell's own.
        (Some(127), _) => "there is no such program".to_string(),
        (Some(126), _) => "the program cannot be run".to_string(),
        (Some(code), _) => format!("the program failed with exit code {code}"),
        (None, Some(signal)) => format!("the program was ended by signal {signal}"),
        (None, None) => "the program failed".to_string(),
    }
}

/// How the shell reads the text at some place of a command.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quoting {
    Bare,
    Single,
    Double,
}

/// The command with its files filled in, each quoted as its place asks for: bare, or inside of
/// quotes that the user has put there.
fn with_files(command: &str, input: &Path, output: &Path) -> String {
    let files = [input, output].map(|it| it.to_string_lossy().into_owned());
    let mut out = String::new();
    let mut quoting = Quoting::Bare;
    let mut rest = command;
    while let Some(next) = rest.chars().next() {
        let mut places = PLACES.iter().zip(&files);
        if let Some((place, file)) = places.find(|(place, _)| rest.starts_with(**place)) {
            out.push_str(&quoted(file, quoting));
            rest = &rest[place.len()..];
            continue;
        }
        quoting = match (quoting, next) {
            (Quoting::Bare, '\'') => Quoting::Single,
            (Quoting::Bare, '"') => Quoting::Double,
            (Quoting::Single, '\'') | (Quoting::Double, '"') => Quoting::Bare,
            (same, _) => same,
        };
        // A backslash takes its meaning from the character behind it, but not in single quotes.
        let escapes = next == '\\' && quoting != Quoting::Single;
        let taken = rest.chars().take(if escapes { 2 } else { 1 });
        let taken = taken.map(char::len_utf8).sum();
        out.push_str(&rest[..taken]);
        rest = &rest[taken..];
    }
    out
}

fn quoted(file: &str, quoting: Quoting) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "/._-+".contains(it);
    match quoting {
        _ if file.chars().all(plain) => file.to_string(),
        Quoting::Bare => format!("'{}'", file.replace('\'', r"'\''")),
        Quoting::Single => file.replace('\'', r"'\''"),
        Quoting::Double => {
            let escaped = |it: char| match it {
                '"' | '\\' | '$' | '`' => vec!['\\', it],
                it => vec![it],
            };
            file.chars().flat_map(escaped).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str, seconds: u64) -> Ended {
        let folder = tempfile::Builder::new()
            .prefix("it's $a \"b`")
            .tempdir()
            .expect("a folder");
        let (input, output) = (folder.path().join("in"), folder.path().join("out"));
        std::fs::write(&input, "seen").expect("it is written");
        let program = Program::new(command, Duration::from_secs(seconds)).expect("both places");
        let ended = program.run(&input, &output, |_| {}, &Cancel::default());
        if matches!(ended, Ok(Ended::Well(_))) {
            let written = std::fs::read_to_string(&output);
            assert_eq!(written.expect("it is there"), "seen", "{command}");
        }
        ended.expect("it is started")
    }

    #[test]
    fn files_are_quoted_as_their_places_ask_for() {
        for command in [
            "cp {in} {out}",
            "cp '{in}' \"{out}\"",
            "cat <{in} | cat >\"{out}\"",
            "a=\"say \\\"{in}\\\"\"; test -n \"$a\" && cp {in} {out}",
            "echo it\\'s; cp {in} {out}",
        ] {
            let ended = run(command, 10);
            assert!(matches!(ended, Ended::Well(_)), "{command}: {ended:?}");
        }
    }

    #[test]
    fn a_failure_says_what_the_program_said_last() {
        let failed = |it: &str| Ended::Failed(it.to_string());
        assert_eq!(
            run(
                "echo first; echo 'no \u{1b}memory' >&2; exit 3 # {in} {out}",
                10
            ),
            failed("the program failed with exit code 3: no memory")
        );
        assert_eq!(
            run("kill -9 $$ # {in} {out}", 10),
            failed("the program was ended by signal 9")
        );
        let Ended::Failed(missing) = run("no-such-program {in} {out}", 10) else {
            panic!("there is none");
        };
        assert!(
            missing.starts_with("there is no such program: "),
            "{missing}"
        );
    }

    #[test]
    fn what_hangs_is_stopped_with_all_it_started() {
        let start = Instant::now();
        let mark = format!("86{}", std::process::id());
        let hangs = format!("(trap '' TERM; sleep {mark}) | sleep {mark} # {{in}} {{out}}");
        let Ended::Failed(words) = run(&hangs, 1) else {
            panic!("it hangs");
        };
        assert!(words.contains("did not end within 1 s"), "{words}");
        assert!(start.elapsed() < Duration::from_secs(10));
        let sleeping = || {
            let listed = Command::new("ps").args(["-eo", "args"]).output();
            let listed = String::from_utf8_lossy(&listed.expect("a list").stdout).into_owned();
            listed.lines().any(|it| it == format!("sleep {mark}"))
        };
        // What was orphaned is taken away by whoever runs the machine.
        while sleeping() && start.elapsed() < Duration::from_secs(10) {
            thread::sleep(LOOK);
        }
        assert!(!sleeping());
    }

    #[test]
    fn what_goes_on_in_the_background_does_not_keep_anybody_waiting() {
        let start = Instant::now();
        assert!(matches!(
            run("cp {in} {out}; sleep 20 &", 30),
            Ended::Well(_)
        ));
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_command_without_places_is_refused() {
        let refused = |command| Program::new(command, GRACE).expect_err("a place is missing");
        assert!(refused("cp {in} there").contains("{out}"));
        assert!(refused("cp here {out}").contains("{in}"));
    }
}
