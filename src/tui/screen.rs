//! The terminal: taken over, written to by one thread, and given back as it was.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, queue, style};
use ratatui::layout::Rect;

use super::picture::farewell;
use crate::engine::guarded::lock;

/// How long a terminal that takes no more bytes may hold up the end.
const LAST_WORDS: Duration = Duration::from_millis(1500);

/// What is written at once: a frame that takes long can be given up after so many bytes.
const SLICE: usize = 8192;

/// The terminal is to be given back: what is still to be written no longer matters.
static LEAVING: AtomicBool = AtomicBool::new(false);

/// Takes the terminal over until it is dropped.
#[derive(Debug)]
pub struct Takeover(());

impl Takeover {
    /// Switches to raw mode, so that the terminal can be asked questions.
    ///
    /// # Errors
    /// When there is no terminal.
    pub fn begin() -> io::Result<Self> {
        enable_raw_mode()?;
        Ok(Self(()))
    }

    /// Takes the terminal over for a screen of our own, also after it was given back for a while. The answer is what has
    /// to be written for that screen, with mouse and paste.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn enter(&self) -> io::Result<Vec<u8>> {
        enable_raw_mode()?;
        LEAVING.store(false, Ordering::SeqCst);
        let mut bytes = Vec::new();
        queue!(
            bytes,
            EnterAlternateScreen,
            EnableMouseCapture,
            EnableBracketedPaste,
            cursor::Hide
        )?;
        Ok(bytes)
    }
}

impl Drop for Takeover {
    fn drop(&mut self) {
        // The lines above are undone by `restore`, which has its time limit; this cannot block.
        let _ = disable_raw_mode();
    }
}

/// Gives the terminal back as it was. Errors mean that it has gone, and are of no interest.
pub fn restore() {
    LEAVING.store(true, Ordering::SeqCst);
    // The end of whatever was cut off.
    let mut bytes = b"\x1b\\\x1b[?2026l".to_vec();
    bytes.extend(farewell());
    let _ = queue!(
        bytes,
        style::ResetColor,
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = write_all(&bytes);
    let _ = disable_raw_mode();
}

/// Writes past the buffer and the lock of the standard library: a thread that panics must not wait
/// for one that writes.
pub fn write_all(bytes: &[u8]) -> io::Result<()> {
    write_to(io::stdout(), bytes)
}

/// The same, to where a terminal reads.
pub fn write_to(screen: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&screen, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Something to be written to the terminal.
#[derive(Debug)]
pub enum Output {
    /// Cells and pictures as escape sequences.
    Frame(Vec<u8>),
    /// Give the terminal back.
    Restore,
}

/// The one thread that writes to the terminal, so that a slow link never holds up the keys, and nothing gets into the
/// middle of a frame: a question there would be taken for a part of a picture.
#[derive(Debug)]
pub struct Writer {
    outputs: Sender<Output>,
    restored: Receiver<()>,
}

impl Writer {
    /// Starts the thread. `idle` is called after each output.
    pub fn start(mut idle: impl FnMut() + Send + 'static) -> Self {
        let (outputs, queue) = mpsc::channel();
        let (done, restored) = mpsc::channel();
        thread::spawn(move || {
            for output in queue {
                match output {
                    Output::Frame(bytes) => {
                        // Errors mean that the terminal has gone; reading keys will say so.
                        let _ = write_frame(&bytes);
                        idle();
                    }
                    Output::Restore => {
                        restore();
                        // The receiver may have lost its patience.
                        let _ = done.send(());
                    }
                }
            }
        });
        Self { outputs, restored }
    }

    /// Writes something after all that was to be written before.
    pub fn write(&self, output: Output) {
        // The thread lives as long as this end of the channel.
        let _ = self.outputs.send(output);
    }

    /// Gives the terminal back, unless it takes no more bytes. A frame that is being written is cut off.
    pub fn leave(&self) {
        LEAVING.store(true, Ordering::SeqCst);
        self.write(Output::Restore);
        let _ = self.restored.recv_timeout(LAST_WORDS);
    }
}

fn write_frame(bytes: &[u8]) -> io::Result<()> {
    for slice in bytes.chunks(SLICE) {
        if LEAVING.load(Ordering::SeqCst) {
            break;
        }
        write_all(slice)?;
    }
    Ok(())
}

/// Blanks a rectangle of cells, and with them the pixels of sixel and iTerm2 pictures.
pub fn erase(bytes: &mut Vec<u8>, area: Rect) -> io::Result<()> {
    queue!(bytes, style::ResetColor)?;
    for row in area.y..area.bottom() {
        queue!(bytes, cursor::MoveTo(area.x, row))?;
        bytes.extend(std::iter::repeat_n(b' ', usize::from(area.width)));
    }
    Ok(())
}

/// What ratatui erases the display with.
const ERASE: &[u8] = b"\x1b[2J";
/// The same from the upper left corner down.
const ERASE_BELOW: &[u8] = b"\x1b[H\x1b[J";

/// Where ratatui writes: kept here, and sent as one frame.
#[derive(Clone, Debug, Default)]
pub struct FrameBuffer(Arc<Mutex<Vec<u8>>>);

impl FrameBuffer {
    /// Takes out what was written.
    pub fn take(&self) -> Vec<u8> {
        let bytes = std::mem::take(&mut *lock(&self.0));
        // In kitty, erasing all of the display takes the pictures with it; erasing below does not.
        match bytes.windows(ERASE.len()).position(|it| it == ERASE) {
            Some(at) => [&bytes[..at], ERASE_BELOW, &bytes[at + ERASE.len()..]].concat(),
            None => bytes,
        }
    }
}

impl Write for FrameBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut buffer = lock(&self.0);
        buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
