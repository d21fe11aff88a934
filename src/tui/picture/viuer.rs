//! Pictures drawn by the crate viuer, on a terminal that is played for it.
//!
//! viuer prints to the standard output, asks the terminal what it can and reads the keyboard until it answers,
//! and ends with a new line. None of that may happen inside the interface. So viuer runs in a process of its own
//! (`repore draw-preview`) on a pseudo-terminal: what it asks is answered here in the true terminal's place, and
//! what it prints is taken as bytes, which go to the screen like those of any other protocol.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use image::{Pixel, RgbaImage, imageops};
use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};

use super::kitty;
use crate::tui::geometry::Size;
use crate::tui::stage::{Order, Quality};

/// How long viuer may take for a picture.
const PATIENCE: Duration = Duration::from_secs(5);

/// viuer never ends a picture in kitty that fits into one escape sequence: it needs more samples than these.
const FEWEST_PIXELS: u32 = 800;

/// What viuer draws with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// kitty's protocol: raw samples.
    Kitty,
    /// That of iTerm2: PNG.
    Iterm,
    /// Sixel, for cells of 6×12 pixels whatever they are.
    Sixel,
    /// Half blocks.
    Blocks,
}

impl Means {
    /// What it is called, in the words of `--preview`.
    fn word(self) -> &'static str {
        match self {
            Means::Kitty => "kitty",
            Means::Iterm => "iterm",
            Means::Sixel => "sixel",
            Means::Blocks => "cells",
        }
    }

    /// What a terminal answers that knows this.
    fn answers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Means::Kitty => &[
                // Not as a file: that would have viuer wait for the keyboard after each picture.
                ("a=q,t=d", "\x1b_Gi=31;OK\x1b\\"),
                ("a=q,t=t", "\x1b_Gi=31;EINVAL:no files\x1b\\"),
                ("\x1b[c", "\x1b[?62;c"),
            ],
            Means::Sixel => &[("\x1b[c", "\x1b[?62;4;6c")],
            Means::Iterm | Means::Blocks => &[("\x1b[c", "\x1b[?6c")],
        }
    }

    /// Bytes that a pixel takes, more or less.
    fn density(self) -> f64 {
        match self {
            Means::Kitty => 5.4,
            Means::Iterm => 2.8,
            // They are drawn in one size only.
            Means::Sixel | Means::Blocks => 0.0,
        }
    }
}

/// The bytes that draw a picture in its place; whether it is as good as viuer can. In kitty it gets the id
/// `ids.0`, and the one with `ids.1` is deleted.
///
/// # Errors
/// When viuer does not draw it in time.
pub fn encode(
    order: &Order,
    means: Means,
    truecolor: bool,
    cell: Size,
    ids: (u32, u32),
) -> io::Result<(Vec<u8>, bool)> {
    let (image, whole) = fitting(order, means, cell);
    let mut file = tempfile::NamedTempFile::new()?;
    file.write_all(image.as_raw())?;
    let mut command = Command::new(std::env::current_exe()?);
    let Rect {
        x,
        y,
        width,
        height,
    } = order.place;
    command
        .args(["draw-preview", means.word()])
        .arg(format!("{}x{}", image.width(), image.height()))
        .arg(format!("{width}x{height}+{x}+{y}"))
        .arg(file.path());
    if means == Means::Iterm {
        // viuer knows such a terminal by this alone, and over SSH there is nothing.
        command.env("TERM_PROGRAM", "iTerm.app");
    }
    if truecolor {
        command.arg("--truecolor");
    }
    let mut printed = run(command, order.place, means)?;
    // What came before were questions.
    let start = format!("\x1b[{};", y + 1);
    let at = find(&printed, start.as_bytes()).ok_or(io::ErrorKind::InvalidData)?;
    printed.drain(..at);
    while printed.last() == Some(&b'\n') {
        printed.pop();
    }
    if means == Means::Kitty {
        printed = with_id(&printed, ids.0).ok_or(io::ErrorKind::InvalidData)?;
        printed.extend(kitty::deleted(ids.1).into_bytes());
    }
    Ok((printed, whole))
}

/// The picture in the size that its budget allows, with what its cells have beyond it, which is see-through: viuer
/// stretches it to whole cells. Whether it is the whole one.
fn fitting(order: &Order, means: Means, cell: Size) -> (RgbaImage, bool) {
    let image = order.image.as_ref();
    let cells = |count: u16, cell: usize| (usize::from(count) * cell) as u32;
    let (width, height) = match means {
        Means::Kitty | Means::Iterm => (
            cells(order.place.width, cell.width).max(image.width()),
            cells(order.place.height, cell.height).max(image.height()),
        ),
        Means::Sixel | Means::Blocks => image.dimensions(),
    };
    let mut padded = RgbaImage::new(width, height);
    for (x, y, pixel) in image.enumerate_pixels() {
        padded.put_pixel(x, y, pixel.to_rgba());
    }
    let pixels = f64::from(width) * f64::from(height);
    let scale = (order.budget as f64 / (pixels * means.density()).max(1.0)).sqrt();
    if order.quality == Quality::Exact || scale >= 1.0 {
        return (padded, true);
    }
    let smallest = (f64::from(FEWEST_PIXELS) / pixels).sqrt();
    let scale = scale.max(smallest).min(1.0);
    let smaller = |length: u32| ((f64::from(length) * scale).ceil() as u32).max(1);
    let small = imageops::thumbnail(&padded, smaller(width), smaller(height));
    (small, false)
}

fn find(within: &[u8], what: &[u8]) -> Option<usize> {
    within.windows(what.len()).position(|it| it == what)
}

/// The same picture under an id, with no answer and the cursor left where it is.
fn with_id(printed: &[u8], id: u32) -> Option<Vec<u8>> {
    let start = b"\x1b_G";
    let at = find(printed, start)? + start.len();
    let keys = format!("i={id},q=2,C=1,");
    Some([&printed[..at], keys.as_bytes(), &printed[at..]].concat())
}

/// A pseudo-terminal: the end of the terminal, and that of the program.
fn open(place: Rect) -> io::Result<(File, File)> {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY)?;
    fcntl_setfd(&terminal, FdFlags::CLOEXEC)?;
    grantpt(&terminal)?;
    unlockpt(&terminal)?;
    let name = ptsname(&terminal, Vec::new())?;
    let path = OsStr::from_bytes(name.as_bytes());
    let program = rustix::fs::open(
        path,
        OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut modes = tcgetattr(&program)?;
    modes.make_raw();
    tcsetattr(&program, OptionalActions::Now, &modes)?;
    let size = Winsize {
        ws_row: place.bottom() + 2,
        ws_col: place.right() + 1,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    tcsetwinsize(&program, size)?;
    Ok((File::from(terminal), File::from(program)))
}

/// Everything that a command prints on a terminal that can do so much.
fn run(mut command: Command, place: Rect, means: Means) -> io::Result<Vec<u8>> {
    let (terminal, program) = open(place)?;
    command
        .stdin(Stdio::from(program.try_clone()?))
        .stdout(Stdio::from(program))
        .stderr(Stdio::null());
    let mut child = command.spawn()?;
    // The program's end is then open in the program alone, so that its end can be seen here.
    drop(command);
    let printed = listen(terminal, means);
    end(&mut child, printed.is_ok());
    printed
}

/// Ends a child that may still run.
fn end(child: &mut Child, ended: bool) {
    if !ended {
        // It may have ended meanwhile.
        let _ = child.kill();
    }
    let _ = child.wait();
}

fn listen(mut terminal: File, means: Means) -> io::Result<Vec<u8>> {
    let start = Instant::now();
    let mut printed = Vec::new();
    let mut answered = vec![0; means.answers().len()];
    let mut buffer = [0; 65_536];
    loop {
        let left = PATIENCE.saturating_sub(start.elapsed());
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut fds = [PollFd::new(&terminal, PollFlags::IN)];
        if poll(&mut fds, Some(&timeout))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let count = match terminal.read(&mut buffer) {
            Ok(0) => return Ok(printed),
            Ok(count) => count,
            Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => {
                // Linux tells in this way that the program's end was closed.
                return Ok(printed);
            }
            Err(error) => return Err(error),
        };
        printed.extend_from_slice(&buffer[..count]);
        for ((question, answer), looked) in means.answers().iter().zip(&mut answered) {
            while let Some(at) = find(&printed[*looked..], question.as_bytes()) {
                terminal.write_all(answer.as_bytes())?;
                *looked += at + question.len();
            }
            // The beginning of a question may have come.
            *looked = (*looked).max(printed.len().saturating_sub(question.len() - 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use image::RgbImage;

    use super::*;
    use crate::tui::geometry::View;

    const PLACE: Rect = Rect {
        x: 3,
        y: 2,
        width: 8,
        height: 4,
    };

    #[test]
    fn questions_are_answered_and_what_is_printed_is_taken() {
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "test -t 0 && printf '\\033[c'; IFS= read -r -d c answer 2>/dev/null || \
             answer=$(dd bs=1 count=9 2>/dev/null); printf 'heard'; stty size",
        ]);
        let printed = run(command, PLACE, Means::Sixel).expect("it ends");
        let printed = String::from_utf8_lossy(&printed);
        assert!(printed.contains("\x1b[cheard8 12"), "{printed:?}");
    }

    #[test]
    fn a_draft_is_as_small_as_its_budget_asks() {
        let mut order = Order {
            image: Arc::new(RgbImage::new(637, 640)),
            place: Rect::new(3, 2, 80, 40),
            frame: View::default().frame(Size::new(640, 640), Size::new(640, 640)),
            quality: Quality::Draft,
            budget: 120_000,
        };
        let cell = Size::new(8, 16);
        let (small, whole) = fitting(&order, Means::Kitty, cell);
        let bytes = f64::from(small.width() * small.height()) * Means::Kitty.density();
        assert!(!whole && bytes < 125_000.0 && bytes > 90_000.0, "{bytes}");
        // As wide as its cells.
        assert!(small.width().abs_diff(small.height()) <= 1);
        order.budget = 1;
        let (small, _) = fitting(&order, Means::Kitty, cell);
        assert!(small.width() * small.height() >= FEWEST_PIXELS);
        assert!(fitting(&order, Means::Blocks, cell).1);
        order.quality = Quality::Exact;
        assert!(fitting(&order, Means::Kitty, cell).1);
    }

    #[test]
    fn a_picture_of_kitty_gets_an_id() {
        let printed = b"\x1b[3;4H\x1b_Gf=32,a=T,m=1;AAAA\x1b\\\x1b_Gm=0;AA\x1b\\";
        let with = with_id(printed, 7).expect("there is one");
        let text = String::from_utf8_lossy(&with);
        assert!(
            text.starts_with("\x1b[3;4H\x1b_Gi=7,q=2,C=1,f=32,a=T,m=1;AAAA"),
            "{text}"
        );
        assert!(text.ends_with("\x1b_Gm=0;AA\x1b\\"));
    }
}
