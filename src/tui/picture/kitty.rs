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

use crate::tui::stage::Made;

/// Bytes of base64 in one escape sequence.
const CHUNK: usize = 4096;

/// Pictures that are kept in the terminal, with the layer and the one that is being sent.
const SLOTS: u32 = 4;

/// The first id of this process, 0 before there is one.
static FIRST: AtomicU32 = AtomicU32::new(0);

/// The bytes that delete whatever this process may have sent; none if it never sent a picture.
pub fn farewell() -> Vec<u8> {
    match FIRST.load(Ordering::Relaxed) {
        0 => Vec::new(),
        first => (first..first + SLOTS)
            .map(deleted)
            .collect::<String>()
            .into_bytes(),
    }
}

fn deleted(id: u32) -> String {
    format!("\x1b_Ga=d,d=I,i={id},q=2\x1b\\")
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

impl Held {
    fn place(&self) -> Rect {
        match self {
            Held::Picture(it) => it.place,
            Held::Layer(place) => *place,
        }
    }
}

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
}

/// Keeps the books of what the terminal holds and shows.
#[derive(Debug)]
pub struct Kitty {
    first: u32,
    slots: [Option<Slot>; SLOTS as usize],
    shown: Option<usize>,
    layer: Option<usize>,
    transfer: Option<Transfer>,
    uses: u64,
}

impl Kitty {
    /// The books of a terminal in which the process with this number has shown nothing yet.
    pub fn new(process: u32) -> Self {
        // Programs that share a terminal must not delete each other's pictures.
        let first = 1 + process.wrapping_mul(SLOTS) % 0x00ff_ffff;
        Self {
            first,
            slots: [const { None }; SLOTS as usize],
            shown: None,
            layer: None,
            transfer: None,
            uses: 0,
        }
    }

    /// Begins to send a picture.
    pub fn send(&mut self, made: Made, coded: Coded) -> Vec<u8> {
        self.begin(Held::Picture(made), coded)
    }

    /// The bytes that show a see-through layer over the picture instead of the one before. It is
    /// mostly empty and not worth slices.
    pub fn show_layer(&mut self, coded: Coded, place: Rect) -> Vec<u8> {
        let mut out = self.begin(Held::Layer(place), coded);
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
        let Some(Transfer { slot, content, .. }) = self.transfer.take() else {
            return (out, None);
        };
        self.slots[slot] = Some(content);
        (out, Some(self.place(slot).into_bytes()))
    }

    /// Gives up what is on its way.
    pub fn give_up(&mut self) -> Vec<u8> {
        match self.transfer.take() {
            // The end of a file that is cut off: there is nothing to show, and nobody wants to know.
            Some(it) => format!("\x1b_Gm=0,q=2;\x1b\\{}", deleted(self.id(it.slot))).into_bytes(),
            None => Vec::new(),
        }
    }

    /// Where the best copy of a picture is, for a place of such a size.
    fn find(&self, image: &RgbImage, place: Rect) -> Option<usize> {
        let quality = |slot: &Option<Slot>| match &slot.as_ref()?.held {
            Held::Picture(it) => ((it.place.width, it.place.height) == (place.width, place.height)
                && it.image.as_ref() == image)
                .then_some(it.quality),
            Held::Layer(_) => None,
        };
        let found = self.slots.iter().enumerate();
        let found = found.filter_map(|(at, slot)| Some((at, quality(slot)?)));
        found.max_by_key(|it| it.1).map(|it| it.0)
    }

    /// Whether the terminal holds a picture for a place of such a size.
    pub fn holds(&self, image: &RgbImage, place: Rect) -> bool {
        self.find(image, place).is_some()
    }

    /// The bytes that show a picture which the terminal holds; `None` if it does not.
    pub fn show_held(&mut self, image: &RgbImage, place: Rect) -> Option<(Vec<u8>, Made)> {
        let at = self.find(image, place)?;
        let mut out = self.give_up();
        let Held::Picture(made) = &mut self.slots[at].as_mut()?.held else {
            return None;
        };
        made.place = place;
        let made = made.clone();
        out.extend(self.place(at).into_bytes());
        Some((out, made))
    }

    /// The bytes that take the layer away.
    pub fn clear_layer(&mut self) -> Vec<u8> {
        match self.layer.take() {
            Some(at) => {
                self.slots[at] = None;
                deleted(self.id(at)).into_bytes()
            }
            None => Vec::new(),
        }
    }

    /// The bytes that take the picture and the layer off the screen; the terminal keeps the picture.
    pub fn hide(&mut self) -> Vec<u8> {
        let mut out = self.give_up();
        out.extend(self.clear_layer());
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
        (self.shown, self.layer) = (None, None);
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
    fn begin(&mut self, held: Held, coded: Coded) -> Vec<u8> {
        FIRST.store(self.first, Ordering::Relaxed);
        let mut out = self.give_up();
        let free =
            (0..self.slots.len()).filter(|at| Some(*at) != self.shown && Some(*at) != self.layer);
        let slot = free
            .min_by_key(|at| self.slots[*at].as_ref().map_or(0, |it| it.used))
            .unwrap_or(0);
        let id = self.id(slot);
        if self.slots[slot].take().is_some() {
            out.extend(deleted(id).into_bytes());
        }
        let last = coded.png.len().div_ceil(CHUNK).saturating_sub(1);
        let chunk = |(i, chunk): (usize, &[u8])| {
            let more = u8::from(i < last);
            let mut bytes = match i {
                0 => format!("\x1b_Ga=t,f=100,i={id},q=1,m={more};").into_bytes(),
                _ => format!("\x1b_Gm={more},q=1;").into_bytes(),
            };
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\x1b\\");
            bytes
        };
        self.transfer = Some(Transfer {
            slot,
            chunks: coded.png.chunks(CHUNK).enumerate().map(chunk).collect(),
            content: Slot {
                held,
                scaled: coded.scaled,
                used: 0,
            },
        });
        out
    }

    /// Shows what a slot holds in its place, and then takes away what was shown before.
    fn place(&mut self, at: usize) -> String {
        let id = self.id(at);
        self.uses += 1;
        let Some(slot) = &mut self.slots[at] else {
            return String::new();
        };
        slot.used = self.uses;
        let (place, scaled) = (slot.held.place(), slot.scaled);
        let is_layer = matches!(slot.held, Held::Layer(_));
        let mut out = format!(
            "\x1b[{};{}H\x1b_Ga=p,i={id},p=1,q=1,C=1",
            place.y + 1,
            place.x + 1
        );
        if scaled {
            // Writing to a string cannot fail.
            let _ = write!(out, ",c={},r={}", place.width, place.height);
        }
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

fn hidden(id: u32) -> String {
    format!("\x1b_Ga=d,d=i,i={id},q=2\x1b\\")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::tui::stage::Quality;

    const PLACE: Rect = Rect {
        x: 10,
        y: 4,
        width: 8,
        height: 4,
    };

    fn made(shade: u8, quality: Quality) -> Made {
        Made {
            image: Arc::new(RgbImage::from_pixel(64, 64, image::Rgb([shade; 3]))),
            place: PLACE,
            quality,
        }
    }

    fn coded(length: usize, scaled: bool) -> Coded {
        Coded {
            png: vec![b'A'; length],
            scaled,
        }
    }

    fn text(bytes: Vec<u8>) -> String {
        String::from_utf8(bytes).expect("it is text")
    }

    /// Sends a picture as a whole.
    fn show(kitty: &mut Kitty, made: &Made) -> String {
        let mut out = kitty.send(made.clone(), coded(9000, false));
        let (data, placed) = kitty.slice(usize::MAX);
        out.extend(data);
        out.extend(placed.expect("it is complete"));
        text(out)
    }

    #[test]
    fn a_picture_is_shown_before_the_one_it_replaces_is_taken_away() {
        let mut kitty = Kitty::new(0);
        let first = show(&mut kitty, &made(1, Quality::Exact));
        assert!(
            first.starts_with("\x1b_Ga=t,f=100,i=1,q=1,m=1;AAAA"),
            "{first}"
        );
        assert_eq!(first.matches("m=0").count(), 1);
        assert!(
            first.ends_with("\x1b[5;11H\x1b_Ga=p,i=1,p=1,q=1,C=1\x1b\\"),
            "{first}"
        );
        let second = show(&mut kitty, &made(2, Quality::Exact));
        let shown = second.find("a=p,i=2").expect("a new id");
        assert!(shown < second.find("a=d,d=i,i=1").expect("the old one goes"));
        assert!(text(kitty.clear()).contains("d=I,i=1"));
        assert!(kitty.clear().is_empty());
    }

    #[test]
    fn a_picture_that_is_there_is_shown_again_for_a_few_bytes() {
        let mut kitty = Kitty::new(0);
        let before = made(1, Quality::Exact);
        show(&mut kitty, &before);
        show(&mut kitty, &made(2, Quality::Draft));
        // The same pixels, from elsewhere in memory.
        let again = before.image.as_ref().clone();
        let (bytes, held) = kitty.show_held(&again, PLACE).expect("it is there");
        assert_eq!(held.quality, Quality::Exact);
        assert!(bytes.len() < 100, "{}", bytes.len());
        assert!(text(bytes).contains("a=p,i=1"));
        let elsewhere = Rect { x: 30, ..PLACE };
        let (bytes, _) = kitty.show_held(&again, elsewhere).expect("it is there");
        assert!(text(bytes).starts_with("\x1b[5;31H"));
        let wider = Rect { width: 9, ..PLACE };
        assert!(kitty.show_held(&again, wider).is_none());
        assert!(kitty.show_held(&RgbImage::new(64, 64), PLACE).is_none());
    }

    #[test]
    fn the_terminal_never_holds_more_than_four() {
        let mut kitty = Kitty::new(0);
        let mut held = std::collections::BTreeSet::new();
        let id = |it: &str| {
            it.split([',', ';', '\x1b'])
                .next()
                .and_then(|it| it.parse::<u32>().ok())
        };
        for shade in 0..20 {
            let mut sent = show(&mut kitty, &made(shade, Quality::Draft));
            if shade % 3 == 0 {
                sent += &text(kitty.show_layer(coded(10, false), PLACE));
            }
            for command in sent.split("\x1b_G") {
                if let Some(rest) = command.strip_prefix("a=d,d=I,i=") {
                    held.remove(&id(rest));
                } else if let Some(rest) = command.strip_prefix("a=t,f=100,i=") {
                    assert!(held.insert(id(rest)), "{command}");
                }
                assert!(held.len() <= 4);
            }
        }
        assert_eq!(text(kitty.clear()).matches("d=I").count(), held.len());
    }

    #[test]
    fn sending_is_done_in_slices_and_can_be_given_up() {
        let mut kitty = Kitty::new(0);
        assert!(
            kitty
                .send(made(1, Quality::Exact), coded(20_000, true))
                .is_empty()
        );
        let (first, placed) = kitty.slice(8000);
        assert!((8000..8300).contains(&first.len()), "{}", first.len());
        assert!(placed.is_none() && kitty.sending().is_some());
        assert!(text(kitty.give_up()).starts_with("\x1b_Gm=0,q=2;"));
        assert!(kitty.sending().is_none());
        assert!(kitty.slice(8000).0.is_empty());
        kitty.send(made(1, Quality::Exact), coded(20_000, true));
        kitty.slice(8000);
        let (_, placed) = kitty.slice(usize::MAX);
        let placed = text(placed.expect("it is complete"));
        assert!(placed.ends_with("C=1,c=8,r=4\x1b\\"), "{placed}");
    }

    #[test]
    fn a_layer_lies_over_the_picture_and_goes_with_it() {
        let mut kitty = Kitty::new(0);
        show(&mut kitty, &made(1, Quality::Exact));
        let layer = text(kitty.show_layer(coded(100, false), PLACE));
        assert!(
            layer.contains("a=p,i=2,p=1,q=1,C=1,z=1") && !layer.contains("a=d"),
            "{layer}"
        );
        let next = text(kitty.show_layer(coded(100, false), PLACE));
        assert!(next.ends_with("a=d,d=I,i=2,q=2\x1b\\"), "{next}");
        let gone = text(kitty.hide());
        assert!(
            gone.contains("d=I,i=3") && gone.contains("d=i,i=1"),
            "{gone}"
        );
        assert!(kitty.clear_layer().is_empty());
    }

    #[test]
    fn the_terminal_may_say_that_a_picture_is_gone() {
        let kitty = Kitty::new(0);
        assert!(kitty.is_missing("i=2,p=1;ENOENT:no such image"));
        assert!(!kitty.is_missing("i=2;OK"));
        assert!(!kitty.is_missing("i=31;ENOENT:another's"));
    }
}
