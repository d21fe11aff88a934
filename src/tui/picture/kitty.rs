//! The graphics protocol of kitty, as PNG: a picture is sent under an id of ours, placed, and only
//! then is the placement of the one before deleted, so that the screen is never blank between them.
//!
//! A few pictures stay in the terminal, so that going back to one costs a placement. Sending is done
//! in slices, between which text may go and after which sending may be given up. Every command
//! leaves the cursor where it is (`C=1`) and asks for no answer but that a picture is gone (`q=1`).

use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::atomic::{AtomicU32, Ordering};

use image::RgbImage;
use ratatui::layout::Rect;

use super::placeholders;
use crate::engine::raster::Region;
use crate::tui::geometry::Frame;
use crate::tui::stage::{Made, Quality};

/// Bytes of base64 in one escape sequence.
const CHUNK: usize = 4096;

/// Pictures that are kept in the terminal, with the layer and the one that is being sent.
const SLOTS: u32 = 4;

/// The first id of this process, 0 before there is one.
static FIRST: AtomicU32 = AtomicU32::new(0);

/// The bytes that delete whatever this process may have sent; none if it never sent a picture.
pub fn farewell() -> Vec<u8> {
    let mut bytes = placeholders::deleted();
    if let first @ 1.. = FIRST.load(Ordering::Relaxed) {
        bytes.extend((first..first + SLOTS).flat_map(|it| deleted(it).into_bytes()));
    }
    bytes
}

/// Two ids for pictures that are drawn past these books, one shown after the other; what has them is deleted
/// with all others.
pub fn ids_of_others(process: u32) -> (u32, u32) {
    let first = first_id(process);
    (first, first + 1)
}

/// A picture with one of our ids is about to be shown past these books.
pub fn others_show(process: u32) {
    FIRST.store(first_id(process), Ordering::Relaxed);
}

/// Programs that share a terminal must not delete each other's pictures.
fn first_id(process: u32) -> u32 {
    1 + process.wrapping_mul(SLOTS) % 0x00ff_ffff
}

/// The bytes that delete a picture.
pub fn deleted(id: u32) -> String {
    format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\")
}

/// What goes into one escape sequence after the other of a PNG file in base64, each with whether it is the first, and 1
/// while more follow.
pub fn chunks(png: &[u8]) -> impl Iterator<Item = (bool, u8, &[u8])> {
    let last = png.len().div_ceil(CHUNK).saturating_sub(1);
    let chunks = png.chunks(CHUNK).enumerate();
    chunks.map(move |(i, chunk)| (i == 0, u8::from(i < last), chunk))
}

/// A picture or a layer as it is sent.
#[derive(Clone, Debug)]
pub struct Coded {
    /// A PNG file in base64.
    pub png: Vec<u8>,
    /// Whether the terminal scales it to the cells of its place.
    pub scaled: bool,
}

/// What a slot holds.
#[derive(Clone, Debug)]
enum Held {
    /// A picture.
    Picture(Made),
    /// A see-through layer over one.
    Layer(Rect),
}

/// What becomes of something when it has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    /// It is shown.
    Show,
    /// It waits until it is wanted.
    Wait,
    /// It waits, and is kept while others come and go.
    Stay,
}

/// Where a picture is that is wanted: a slot, and the part of what it holds.
type Found = (usize, Option<Region>);

#[derive(Clone, Debug)]
struct Slot {
    held: Held,
    scaled: bool,
    /// Grows with every use.
    used: u64,
}

/// Something on its way.
#[derive(Debug)]
struct Transfer {
    slot: usize,
    content: Slot,
    chunks: VecDeque<Vec<u8>>,
    then: Then,
}

/// Keeps the books of what the terminal holds and shows.
#[derive(Debug)]
pub struct Kitty {
    first: u32,
    slots: [Option<Slot>; SLOTS as usize],
    shown: Option<usize>,
    layer: Option<usize>,
    /// What is kept while others come and go.
    staying: Option<usize>,
    transfer: Option<Transfer>,
    uses: u64,
}

impl Kitty {
    /// The books of a terminal in which the process with this number has shown nothing yet.
    pub fn new(process: u32) -> Self {
        Self {
            first: first_id(process),
            slots: [const { None }; SLOTS as usize],
            shown: None,
            layer: None,
            staying: None,
            transfer: None,
            uses: 0,
        }
    }

    /// Begins to send a picture.
    pub fn send(&mut self, made: Made, coded: Coded) -> Vec<u8> {
        self.begin(Held::Picture(made), coded, Then::Show)
    }

    /// Begins to send a picture that is not shown yet. One that stays is kept while others come and go, until
    /// the next that stays.
    pub fn send_ahead(&mut self, made: Made, coded: Coded, stays: bool) -> Vec<u8> {
        let then = if stays { Then::Stay } else { Then::Wait };
        if stays {
            self.staying = None;
        }
        self.begin(Held::Picture(made), coded, then)
    }

    /// The bytes that show a see-through layer over the picture instead of the one before. It is
    /// mostly empty and not worth slices.
    pub fn show_layer(&mut self, coded: Coded, place: Rect) -> Vec<u8> {
        let mut out = self.begin(Held::Layer(place), coded, Then::Show);
        let (data, placed) = self.slice(usize::MAX);
        out.extend(data);
        out.extend(placed.unwrap_or_default());
        out
    }

    /// The picture that is on its way.
    pub fn sending(&self) -> Option<&Made> {
        match &self.transfer.as_ref()?.content.held {
            Held::Picture(made) => Some(made),
            Held::Layer(_) => None,
        }
    }

    /// Whether what is on its way is not to be shown yet.
    pub fn sends_ahead(&self) -> bool {
        self.transfer
            .as_ref()
            .is_some_and(|it| it.then != Then::Show)
    }

    /// The next so many bytes of what is on its way, and behind the last of them those that show it.
    pub fn slice(&mut self, budget: usize) -> (Vec<u8>, Option<Vec<u8>>) {
        let mut out = Vec::new();
        let Some(transfer) = &mut self.transfer else {
            return (out, None);
        };
        while out.len() < budget
            && let Some(chunk) = transfer.chunks.pop_front()
        {
            out.extend(chunk);
        }
        if !transfer.chunks.is_empty() {
            return (out, None);
        }
        let Some(Transfer {
            slot,
            content,
            then,
            ..
        }) = self.transfer.take()
        else {
            return (out, None);
        };
        let place = match &content.held {
            Held::Picture(it) => it.place,
            Held::Layer(place) => *place,
        };
        self.slots[slot] = Some(content);
        self.use_now(slot);
        if then == Then::Stay {
            self.staying = Some(slot);
        }
        let placed = (then == Then::Show).then(|| self.place(slot, place, None).into_bytes());
        (out, placed)
    }

    /// Gives up what is on its way.
    pub fn give_up(&mut self) -> Vec<u8> {
        match self.transfer.take() {
            // The end of a file that is cut off: there is nothing to show, and nobody wants to know.
            Some(it) => format!("\x1b_Gm=0,q=2;\x1b\\{}", deleted(self.id(it.slot))).into_bytes(),
            None => Vec::new(),
        }
    }

    /// Where the best copy of a picture is: as a whole for a place of such a size, or at 1:1 as a part of more.
    fn find(&self, image: &RgbImage, frame: Frame, place: Rect) -> Option<Found> {
        let pictures = self.slots.iter().enumerate();
        let pictures = pictures.filter_map(|(at, slot)| match &slot.as_ref()?.held {
            Held::Picture(it) => Some((at, it)),
            Held::Layer(_) => None,
        });
        let same = |it: &Made| {
            (it.place.width, it.place.height) == (place.width, place.height)
                && (std::ptr::eq(it.image.as_ref(), image) || it.image.as_ref() == image)
        };
        let whole = pictures.clone().filter(|it| same(it.1));
        if let Some((at, _)) = whole.max_by_key(|it| it.1.quality) {
            return Some((at, None));
        }
        let mut parts = pictures.filter_map(|(at, it)| Some((at, part_of(it, image, frame)?)));
        parts.next().map(|(at, part)| (at, Some(part)))
    }

    /// Whether the terminal holds a picture for a place of such a size, or more than that.
    pub fn holds(&self, image: &RgbImage, frame: Frame, place: Rect) -> bool {
        self.find(image, frame, place).is_some()
    }

    /// The bytes that show a picture which the terminal holds, and how good it is; `None` if it does not.
    pub fn show_held(
        &mut self,
        image: &RgbImage,
        frame: Frame,
        place: Rect,
    ) -> Option<(Vec<u8>, Quality)> {
        let (at, part) = self.find(image, frame, place)?;
        let mut out = self.give_up();
        let Held::Picture(made) = &self.slots[at].as_ref()?.held else {
            return None;
        };
        let quality = made.quality;
        self.use_now(at);
        out.extend(self.place(at, place, part).into_bytes());
        Some((out, quality))
    }

    /// The bytes that take the layer away; `None` while something is on its way: no other command may come between
    /// its slices.
    pub fn clear_layer(&mut self) -> Option<Vec<u8>> {
        if self.transfer.is_some() {
            return None;
        }
        let cleared = self.layer.take().map(|at| {
            self.slots[at] = None;
            deleted(self.id(at)).into_bytes()
        });
        Some(cleared.unwrap_or_default())
    }

    /// The bytes that take the picture and the layer off the screen; the terminal keeps the picture.
    pub fn hide(&mut self) -> Vec<u8> {
        let mut out = self.give_up();
        out.extend(self.clear_layer().unwrap_or_default());
        if let Some(at) = self.shown.take() {
            out.extend(hidden(self.id(at)).into_bytes());
        }
        out
    }

    /// The bytes that make the terminal forget everything.
    pub fn clear(&mut self) -> Vec<u8> {
        let mut out = self.give_up();
        for at in 0..self.slots.len() {
            if self.slots[at].take().is_some() {
                out.extend(deleted(self.id(at)).into_bytes());
            }
        }
        (self.shown, self.layer, self.staying) = (None, None, None);
        out
    }

    /// Whether an answer of the terminal says that it does not have what it should: then it holds
    /// nothing that can be relied on.
    pub fn is_missing(&self, answer: &str) -> bool {
        let id = answer
            .split([',', ';'])
            .find_map(|it| it.strip_prefix("i=")?.parse().ok());
        let ours = id.is_some_and(|it: u32| (self.first..self.first + SLOTS).contains(&it));
        ours && !answer.ends_with(";OK")
    }

    fn id(&self, slot: usize) -> u32 {
        self.first + slot as u32
    }

    /// Begins to send something, in the slot that was not used for the longest time.
    fn begin(&mut self, held: Held, coded: Coded, then: Then) -> Vec<u8> {
        FIRST.store(self.first, Ordering::Relaxed);
        let mut out = self.give_up();
        let taken = [self.shown, self.layer, self.staying];
        let free = (0..self.slots.len()).filter(|at| !taken.contains(&Some(*at)));
        let slot = free
            .min_by_key(|at| self.slots[*at].as_ref().map_or(0, |it| it.used))
            .unwrap_or(0);
        let id = self.id(slot);
        if self.slots[slot].take().is_some() {
            out.extend(deleted(id).into_bytes());
        }
        let sequence = |(is_first, more, chunk): (bool, u8, &[u8])| {
            let mut bytes = match is_first {
                true => format!("\x1b_Ga=t,f=100,i={id},q=1,m={more};").into_bytes(),
                false => format!("\x1b_Gm={more},q=1;").into_bytes(),
            };
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\x1b\\");
            bytes
        };
        self.transfer = Some(Transfer {
            slot,
            then,
            chunks: chunks(&coded.png).map(sequence).collect(),
            content: Slot {
                held,
                scaled: coded.scaled,
                used: 0,
            },
        });
        out
    }

    fn use_now(&mut self, at: usize) {
        self.uses += 1;
        if let Some(slot) = &mut self.slots[at] {
            slot.used = self.uses;
        }
    }

    /// Shows what a slot holds, or a part of it, and then takes away what was shown before.
    fn place(&mut self, at: usize, place: Rect, part: Option<Region>) -> String {
        let id = self.id(at);
        let Some(slot) = &self.slots[at] else {
            return String::new();
        };
        let is_layer = matches!(slot.held, Held::Layer(_));
        let mut out = format!(
            "\x1b[{};{}H\x1b_Ga=p,i={id},p=1,q=1,C=1",
            place.y + 1,
            place.x + 1
        );
        // Writing to a string cannot fail.
        let _ = match part {
            Some(it) => write!(out, ",x={},y={},w={},h={}", it.x, it.y, it.width, it.height),
            None if slot.scaled => write!(out, ",c={},r={}", place.width, place.height),
            None => Ok(()),
        };
        out.push_str(if is_layer { ",z=1\x1b\\" } else { "\x1b\\" });
        if is_layer {
            if let Some(old) = self.layer.replace(at).filter(|it| *it != at) {
                self.slots[old] = None;
                out.push_str(&deleted(self.id(old)));
            }
        } else if let Some(old) = self.shown.replace(at).filter(|it| *it != at) {
            out.push_str(&hidden(self.id(old)));
        }
        out
    }
}

/// The part of an exact picture at 1:1 that is the same as another, if there is one.
fn part_of(held: &Made, image: &RgbImage, frame: Frame) -> Option<Region> {
    let exact = held.quality == Quality::Exact;
    let full = held.frame.scale == 1.0 && frame.scale == 1.0;
    if !exact || !full || !held.frame.region.contains(&frame.region) {
        return None;
    }
    let part = frame.region.seen_from(&held.frame.region);
    let same = |y: usize| {
        row(&held.image, (part.x, part.y + y), part.width) == row(image, (0, y), part.width)
    };
    let fits = (image.width() as usize, image.height() as usize) == (part.width, part.height);
    (fits && (0..part.height).all(same)).then_some(part)
}

/// The samples of so many pixels from one on.
fn row(image: &RgbImage, (x, y): (usize, usize), width: usize) -> Option<&[u8]> {
    let start = 3 * (y * image.width() as usize + x);
    image.as_raw().get(start..start + 3 * width)
}

fn hidden(id: u32) -> String {
    format!("\x1b_Ga=d,d=i,i={id},q=2\x1b\\")
}

#[cfg(test)]
mod tests;
