//! The real program in a real pseudo-terminal: keys in, screen and bytes out.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::Folder;

/// How long anything may take.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// Pixels of a cell.
const CELL: (u16, u16) = (8, 16);

/// A terminal, by the pictures that it shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Terminal {
    /// By kitty's protocol.
    Kitty,
    /// By iTerm2's.
    Iterm,
    /// By sixel.
    Sixel,
    /// None, but cells of 24-bit colours.
    Cells,
    /// It answers nothing.
    Silent,
}

impl Terminal {
    /// What it answers to each occurrence of a question.
    fn answers(self) -> Vec<(&'static str, &'static str)> {
        let attributes = match self {
            Terminal::Kitty | Terminal::Iterm => "\x1b[?62;c",
            Terminal::Sixel => "\x1b[?62;4;22c",
            Terminal::Cells => "\x1b[?6c",
            Terminal::Silent => return Vec::new(),
        };
        let mut answers = vec![
            ("\x1b[c", attributes),
            ("\x1b[5n", "\x1b[0n"),
            ("\x1b[16t", "\x1b[6;16;8t"),
        ];
        if self == Terminal::Kitty {
            answers.push(("a=q", "\x1b_Gi=31;OK\x1b\\"));
        }
        answers
    }

    /// What it puts into the environment.
    fn prepare(self, command: &mut CommandBuilder) {
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        for name in [
            "SSH_CONNECTION",
            "TERM_PROGRAM",
            "LC_TERMINAL",
            "KONSOLE_VERSION",
            "NO_COLOR",
            "TMUX",
            "STY",
            "ZELLIJ",
        ] {
            command.env_remove(name);
        }
        if self == Terminal::Iterm {
            command.env("TERM_PROGRAM", "iTerm.app");
        }
    }
}

/// What the program wrote, as a screen and as bytes.
pub struct Heard {
    pub screen: vt100::Parser,
    pub bytes: Vec<u8>,
}

/// A running program with its keyboard and screen.
pub struct Session {
    child: Box<dyn Child + Send + Sync>,
    keyboard: Arc<Mutex<Box<dyn Write + Send>>>,
    pub heard: Arc<Mutex<Heard>>,
    master: Box<dyn MasterPty + Send>,
    /// The terminal goes away after the next bytes.
    leaving: Arc<AtomicBool>,
}

fn cells(count: u16) -> std::num::NonZero<u16> {
    std::num::NonZero::new(count).expect("a screen has cells")
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: columns * CELL.0,
        pixel_height: rows * CELL.1,
    }
}

impl Session {
    /// Starts the program on the folder, on a terminal that shows truecolor cells and no pictures.
    pub fn start(folder: &Folder, args: &[&str], columns: u16, rows: u16) -> Self {
        Self::start_on(Terminal::Cells, folder, args, columns, rows)
    }

    /// Starts the program on a terminal.
    pub fn start_on(
        terminal: Terminal,
        folder: &Folder,
        args: &[&str],
        columns: u16,
        rows: u16,
    ) -> Self {
        let pty = native_pty_system();
        let pair = pty.openpty(size(columns, rows)).expect("a pty");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_repore"));
        command.args(args);
        command.cwd(folder.path());
        // The user's donor library stays out of it.
        command.env("XDG_DATA_HOME", folder.at("data"));
        terminal.prepare(&mut command);
        let child = pair.slave.spawn_command(command).expect("the program runs");
        drop(pair.slave);
        let writer = pair.master.take_writer().expect("a keyboard");
        let session = Self {
            child,
            keyboard: Arc::new(Mutex::new(writer)),
            heard: Arc::new(Mutex::new(Heard {
                screen: vt100::Parser::new(cells(rows), cells(columns), 0),
                bytes: Vec::new(),
            })),
            master: pair.master,
            leaving: Arc::default(),
        };
        session.listen(terminal);
        session
    }

    /// Takes in what the program writes, and answers.
    fn listen(&self, terminal: Terminal) {
        let mut reader = self.master.try_clone_reader().expect("a screen");
        let (into, keyboard) = (self.heard.clone(), self.keyboard.clone());
        let leaving = self.leaving.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 65_536];
            let mut answered = BTreeMap::new();
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if leaving.load(Ordering::SeqCst) {
                    return;
                }
                let mut heard = into.lock().expect("no panic");
                heard.screen.process(&buffer[..count]);
                heard.bytes.extend_from_slice(&buffer[..count]);
                let mut answer = Vec::new();
                for (question, reply) in terminal.answers() {
                    // A question may be cut in two.
                    let start: &mut usize = answered.entry(question).or_insert(0);
                    let asked = question.as_bytes();
                    let found = heard.bytes[*start..].windows(asked.len());
                    let found = found.filter(|it| *it == asked);
                    answer.extend(found.flat_map(|_| reply.bytes()));
                    *start = (heard.bytes.len() + 1)
                        .saturating_sub(asked.len())
                        .max(*start);
                }
                drop(heard);
                if !answer.is_empty() {
                    let mut keyboard = keyboard.lock().expect("no panic");
                    // A program that has ended does not read it.
                    let _ = keyboard.write_all(&answer);
                }
            }
        });
    }

    pub fn keys(&self, keys: &str) {
        let mut keyboard = self.keyboard.lock().expect("no panic");
        let written = keyboard.write_all(keys.as_bytes());
        written.expect("the program listens");
        keyboard.flush().expect("the program listens");
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        let resized = self.master.resize(size(columns, rows));
        resized.expect("it is resized");
        let mut heard = self.heard.lock().expect("no panic");
        let screen = heard.screen.screen_mut();
        screen.set_size(cells(rows), cells(columns));
    }

    /// Everything that the program wrote.
    pub fn bytes(&self) -> Vec<u8> {
        self.heard.lock().expect("no panic").bytes.clone()
    }

    pub fn screen(&self) -> String {
        let heard = self.heard.lock().expect("no panic");
        heard.screen.screen().contents()
    }

    /// Waits until something is so.
    pub fn await_that(&self, what: &str, mut is: impl FnMut() -> bool) {
        let start = Instant::now();
        while !is() {
            let screen = self.screen();
            assert!(start.elapsed() < PATIENCE, "no {what} on:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until the screen fits.
    pub fn await_screen(&self, what: &str, fits: impl Fn(&str) -> bool) {
        self.await_that(what, || fits(&self.screen()));
    }

    pub fn await_text(&self, text: &str) {
        self.await_screen(text, |screen| screen.contains(text));
    }

    /// Waits until the true picture is shown in cells.
    pub fn await_settled(&self) {
        self.await_screen("settled picture", |screen| {
            screen.contains('▄') && screen.contains(" · ") && !screen.contains("draft")
        });
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: &str) {
        let process = self.child.process_id().expect("it runs").to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &process])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits for the end and answers with the exit code and everything that was written.
    pub fn end(mut self) -> (u32, String) {
        let start = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("it can be asked") {
                break status;
            }
            let screen = self.screen();
            assert!(start.elapsed() < PATIENCE, "it does not end:\n{screen}");
            std::thread::sleep(Duration::from_millis(10));
        };
        std::thread::sleep(Duration::from_millis(50));
        let bytes = self.bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (status.exit_code(), text)
    }

    /// Takes the terminal away and waits for the end.
    pub fn hang_up(self) {
        // What listens holds the terminal open until it hears something: the screen is drawn anew.
        self.leaving.store(true, Ordering::SeqCst);
        self.keys("\x0c");
        std::thread::sleep(Duration::from_millis(300));
        let Self {
            mut child,
            keyboard,
            master,
            ..
        } = self;
        drop((master, keyboard));
        let start = Instant::now();
        while child.try_wait().expect("it can be asked").is_none() {
            assert!(start.elapsed() < PATIENCE, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// That the terminal was given back as it was.
pub fn check_restored(bytes: &str) {
    for (taken, given_back) in [
        ("\x1b[?1049h", "\x1b[?1049l"),
        ("\x1b[?25l", "\x1b[?25h"),
        ("\x1b[?1006h", "\x1b[?1006l"),
        ("\x1b[?2004h", "\x1b[?2004l"),
    ] {
        let taken_at = bytes.rfind(taken);
        assert!(taken_at.is_some(), "{taken:?} was never sent");
        let given_at = bytes.rfind(given_back);
        assert!(given_at > taken_at, "{given_back:?} does not come last");
    }
}
