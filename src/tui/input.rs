//! Reads the terminal: keys, mouse, paste, and the terminal's own answers, which never become keys.
//!
//! The sequences are those of ECMA-48 and of xterm's "Control Sequences"; see also the keyboard and
//! graphics protocols of kitty.

mod parser;

use std::io;
use std::os::fd::AsFd;
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use crossterm::event::{KeyEvent, MouseEvent};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use parser::Parser;

/// Something that came from the terminal.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A key was pressed.
    Key(KeyEvent),
    /// The mouse did something.
    Mouse(MouseEvent),
    /// Text was pasted.
    Pasted(String),
    /// The terminal's window got or lost the focus.
    Focus(bool),
    /// The terminal answers a question.
    Reply(Reply),
}

/// An answer of the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `CSI 0 n`: all is well, and everything before the question was taken in.
    Well,
    /// `CSI ? … c`: device attributes.
    Attributes(Vec<u16>),
    /// `CSI 6 ; height ; width t`: the size of a cell in pixels.
    Cell {
        /// Pixels from left to right.
        width: u16,
        /// Pixels from top to bottom.
        height: u16,
    },
    /// `CSI ? mode ; state $ y`: whether a mode is known; 1 and 2 are on and off.
    Mode(u16, u16),
    /// `CSI ? 1 ; 0 ; count S`: colours that a sixel picture may have.
    SixelColours(u16),
    /// `APC G … ST`: of kitty's graphics.
    Graphics(String),
    /// `DCS … ST`: a setting, or the terminal's name.
    Control(String),
    /// Any other, which nobody asked for.
    Other,
}

/// What came of reading for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// There was something.
    Bytes,
    /// Nothing came in time.
    Silence,
    /// Nothing will come any more.
    End,
}

/// Reads what is there, or waits for it; `None` waits for ever.
///
/// # Errors
/// When the terminal has gone.
pub fn read(parser: &mut Parser, patience: Option<Duration>) -> io::Result<Heard> {
    let stdin = io::stdin();
    let timeout = match patience {
        Some(patience) => Some(Timespec::try_from(patience).map_err(io::Error::other)?),
        None => None,
    };
    let mut fds = [PollFd::from_borrowed_fd(stdin.as_fd(), PollFlags::IN)];
    match poll(&mut fds, timeout.as_ref()) {
        Ok(0) => return Ok(Heard::Silence),
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(Heard::Bytes),
        Err(error) => return Err(error.into()),
    }
    let mut buffer = [0; 4096];
    match rustix::io::read(stdin.as_fd(), &mut buffer) {
        Ok(0) => Ok(Heard::End),
        Ok(count) => {
            parser.feed(&buffer[..count]);
            Ok(Heard::Bytes)
        }
        Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => Ok(Heard::Bytes),
        Err(error) => Err(error.into()),
    }
}

/// Reads on a thread of its own, so that nothing keeps a key waiting. `None` is the end.
pub fn listen<T: Send + 'static>(
    mut parser: Parser,
    sender: Sender<T>,
    wrap: impl Fn(Option<Input>) -> T + Send + 'static,
) {
    thread::spawn(move || {
        loop {
            let started = Instant::now();
            let patience = parser.patience();
            let heard = read(&mut parser, patience);
            if matches!(heard, Ok(Heard::Silence))
                && patience.is_some_and(|it| started.elapsed() >= it)
            {
                parser.give_up();
            }
            for input in parser.take() {
                if sender.send(wrap(Some(input))).is_err() {
                    return;
                }
            }
            if matches!(heard, Ok(Heard::End) | Err(_)) {
                // When nobody listens, the interface has ended already.
                let _ = sender.send(wrap(None));
                return;
            }
        }
    });
}
