//! The terminal: taken over, written to by one thread, and given back as it was.

use std::io::{self, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute, queue, style};
use image::{RgbImage, RgbaImage};
use ratatui::layout::Rect;

use super::picture::{Kitty, Protocol, print_with_viuer};

/// How long a terminal that takes no more bytes may hold up the end.
const LAST_WORDS: Duration = Duration::from_millis(1500);

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

    /// Switches to a screen of our own, with mouse and paste.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn enter(&self) -> io::Result<()> {
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableMouseCapture,
            EnableBracketedPaste,
            cursor::Hide
        )
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
    let mut out = io::stdout();
    let _ = out.write_all(b"\x1b_Ga=d,d=A,q=2\x1b\\");
    let _ = execute!(
        out,
        style::ResetColor,
        DisableBracketedPaste,
        DisableMouseCapture,
        LeaveAlternateScreen,
        cursor::Show
    );
    let _ = disable_raw_mode();
}

/// Something to be written to the terminal.
#[derive(Debug)]
pub enum Output {
    /// Cells, and what becomes of the picture.
    Frame {
        /// Cells as escape sequences.
        cells: Vec<u8>,
        /// What becomes of the picture.
        picture: PictureChange,
        /// What becomes of the layer over it, where the protocol has layers.
        layer: LayerChange,
    },
    /// Give the terminal back.
    Restore,
}

/// What becomes of the picture on the screen.
#[derive(Debug)]
pub enum PictureChange {
    /// It stays.
    Keep,
    /// It goes; the cells were or will be drawn anew.
    Clear,
    /// Another one takes its place.
    Show {
        /// The picture.
        image: Arc<RgbImage>,
        /// Where it goes.
        place: Rect,
        /// Cells that only the one before covered.
        uncovered: Option<Rect>,
    },
}

/// What becomes of the layer over the picture.
#[derive(Debug)]
pub enum LayerChange {
    /// It stays as it is.
    Keep,
    /// It goes.
    Clear,
    /// Another one takes its place.
    Show {
        /// The layer.
        layer: Arc<RgbaImage>,
        /// Where the picture is.
        place: Rect,
    },
}

/// The one thread that writes to the terminal, so that a slow link never holds up the keys.
#[derive(Debug)]
pub struct Writer {
    outputs: Sender<Output>,
    restored: Receiver<()>,
}

impl Writer {
    /// Starts the thread. `idle` is called after each output.
    pub fn start(protocol: Protocol, mut idle: impl FnMut() + Send + 'static) -> Self {
        let (outputs, queue) = mpsc::channel();
        let (done, restored) = mpsc::channel();
        thread::spawn(move || {
            let mut kitty = Kitty::new(std::process::id());
            for output in queue {
                match output {
                    Output::Frame {
                        cells,
                        picture,
                        layer,
                    } => {
                        // Errors mean that the terminal has gone; reading keys will say so.
                        let _ = write_frame(&cells, &picture, &layer, protocol, &mut kitty);
                        idle();
                    }
                    Output::Restore => {
                        restore();
                        // The receiver may have lost its patience.
                        let _ = done.send(());
                        return;
                    }
                }
            }
        });
        Self { outputs, restored }
    }

    /// Writes something after all that was to be written before.
    pub fn write(&self, output: Output) {
        // The thread lives until it was told to restore.
        let _ = self.outputs.send(output);
    }

    /// Gives the terminal back, unless it takes no more bytes.
    pub fn restore(&self) {
        self.write(Output::Restore);
        let _ = self.restored.recv_timeout(LAST_WORDS);
    }
}

fn write_frame(
    cells: &[u8],
    picture: &PictureChange,
    layer: &LayerChange,
    protocol: Protocol,
    kitty: &mut Kitty,
) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut graphics = match picture {
        PictureChange::Keep => Vec::new(),
        PictureChange::Clear => kitty.clear(),
        PictureChange::Show { image, place, .. } if protocol == Protocol::Kitty => {
            kitty.show(image, *place)?
        }
        PictureChange::Show { .. } => Vec::new(),
    };
    match layer {
        LayerChange::Keep => {}
        LayerChange::Clear => graphics.extend(kitty.clear_layer()),
        LayerChange::Show { layer, place } => graphics.extend(kitty.show_layer(layer, *place)?),
    }
    // Drawn at once by terminals that know how; the others do not mind.
    bytes.extend_from_slice(b"\x1b[?2026h");
    bytes.extend_from_slice(cells);
    if let PictureChange::Show {
        uncovered: Some(area),
        ..
    } = picture
        && protocol != Protocol::Kitty
    {
        erase(&mut bytes, *area)?;
    }
    bytes.extend_from_slice(&graphics);
    bytes.extend_from_slice(b"\x1b[?2026l");
    let mut out = io::stdout().lock();
    out.write_all(&bytes)?;
    out.flush()?;
    drop(out);
    if let PictureChange::Show { image, place, .. } = picture {
        print_with_viuer(image, *place, protocol).map_err(io::Error::other)?;
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

/// Where ratatui writes: kept here, and sent as one frame.
#[derive(Clone, Debug, Default)]
pub struct FrameBuffer(Arc<Mutex<Vec<u8>>>);

impl FrameBuffer {
    /// Takes out what was written.
    pub fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for FrameBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
