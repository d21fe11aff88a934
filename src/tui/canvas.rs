//! What is on the screen, and how it gets there: cells by ratatui, the picture by its protocol, as
//! frames that the link takes.

mod ahead;
mod layer;

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use image::{RgbImage, RgbaImage, imageops};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;

use self::ahead::Ahead;
use self::layer::{Layer, same};
use super::geometry::Size;
use super::link::{Link, LinkSpeed};
use super::model::{Dialog, Model};
use super::overlay::{Drawn, Overlay};
use super::picture::{
    Abilities, Cells, Coded, Coder, Colours, Job, Kitty, Means, Payload, Protocol, farewell,
    placeholders,
};
use super::screen::{FrameBuffer, Output, Writer, erase};
use super::stage::{Made, Quality, Stage, Wanted};
use super::view;

/// A status query: its answer says that everything before it was taken in.
const FENCE: &[u8] = b"\x1b[5n";

/// The screen.
#[derive(Debug)]
pub struct Canvas {
    terminal: Terminal<CrosstermBackend<FrameBuffer>>,
    frame: FrameBuffer,
    /// What ratatui writes when nothing has changed.
    empty: Vec<u8>,
    writer: Writer,
    coder: Coder,
    link: Link,
    stage: Stage<Payload>,
    abilities: Abilities,
    /// The last frame was written.
    idle: bool,
    /// The picture on the screen if it is made of cells.
    cells: Option<Cells>,
    /// What stands for a picture that a dialog would lie under, and what it was made from.
    behind: Option<(Arc<RgbImage>, Cells)>,
    kitty: Kitty,
    /// What the terminal shows until the picture that is being sent is complete.
    before: Option<Made>,
    /// What the tools draw over the preview.
    drawn: Drawn,
    layer: Layer,
    ahead: Ahead,
    /// When the first of the changes came that are not drawn yet.
    touched: Option<Instant>,
    /// Bytes for the next frame that nothing else would cause.
    owed: Vec<u8>,
}

/// How long a change of the text waits for the picture that belongs to it, so that both go together.
const TOGETHER: Duration = Duration::from_millis(20);

/// Bytes of a cell with two colours, and how long cells that stand for a picture may be on the way.
const BYTES_OF_CELL: usize = 40;
const LONGEST_BEHIND: Duration = Duration::from_millis(250);

impl Canvas {
    /// A screen that nothing is on yet.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn new(
        abilities: Abilities,
        speed: LinkSpeed,
        writer: Writer,
        coder: Coder,
    ) -> io::Result<Self> {
        let frame = FrameBuffer::default();
        let mut terminal = Terminal::new(CrosstermBackend::new(frame.clone()))?;
        terminal.draw(|_| {})?;
        frame.take();
        terminal.draw(|_| {})?;
        Ok(Self {
            terminal,
            empty: frame.take(),
            frame,
            writer,
            coder,
            link: Link::new(speed, abilities.remote, abilities.answers),
            stage: Stage::new(Instant::now()),
            abilities,
            idle: true,
            cells: None,
            behind: None,
            kitty: Kitty::new(std::process::id()),
            before: None,
            drawn: Drawn::default(),
            layer: Layer::default(),
            ahead: Ahead::default(),
            touched: Some(Instant::now()),
            owed: Vec::new(),
        })
    }

    /// Something has changed that is drawn.
    pub fn touch(&mut self) {
        self.touched.get_or_insert_with(Instant::now);
    }

    /// Has something written before the next frame, and not into the one that is being written.
    pub fn owe(&mut self, bytes: &[u8]) {
        self.owed.extend_from_slice(bytes);
    }

    /// The last frame was handed to the system.
    pub fn written(&mut self) {
        self.idle = true;
    }

    /// The terminal has taken in a frame.
    pub fn answered(&mut self, now: Instant) {
        self.link.answered(now);
    }

    /// The terminal says something about a picture.
    pub fn hear(&mut self, answer: &str) {
        if self.kitty.is_missing(answer) {
            self.forget();
        }
    }

    /// Something is ready for the wire.
    pub fn coded(&mut self, coded: Coded) {
        match coded {
            Coded::Picture(protocol, made) => {
                // It may have been made for another one.
                let fits = protocol == self.abilities.protocol;
                self.stage.coded(made.filter(|_| fits));
            }
            Coded::Ahead(made, stays) => {
                self.ahead.coding = false;
                self.ahead.ready = made.map(|(made, coded)| (made, coded, stays));
            }
            Coded::Layer(layer, place, coded) => {
                self.layer.coding = false;
                self.layer.ready = coded.map(|it| (layer, place, it));
            }
        }
    }

    /// Shows the preview by another protocol, after taking away what the one before has shown.
    pub fn show_by(&mut self, protocol: Protocol, size: Size) {
        self.forget();
        self.cells = None;
        self.stage.want(None, Instant::now());
        self.abilities.protocol = protocol;
        self.redraw(size);
    }

    /// The size of a cell in pixels.
    pub fn set_cell(&mut self, cell: Size) {
        self.abilities.cell = cell;
    }

    /// Has the next frame draw every cell. The terminal keeps its pictures.
    pub fn redraw(&mut self, size: Size) {
        let width = u16::try_from(size.width).unwrap_or(u16::MAX);
        let height = u16::try_from(size.height).unwrap_or(u16::MAX);
        // It writes into memory, so it cannot fail.
        let _ = self.terminal.resize(Rect::new(0, 0, width, height));
        if self.abilities.protocol != Protocol::Kitty {
            self.stage.show(None);
        }
        self.touch();
    }

    /// Has everything sent anew, as to a terminal that has forgotten it.
    pub fn begin_anew(&mut self, size: Size) {
        self.link.begin_anew();
        self.forget();
        self.redraw(size);
    }

    fn forget(&mut self) {
        self.owed.extend(self.kitty.clear());
        if matches!(
            self.abilities.protocol,
            Protocol::Viuer(Means::Kitty) | Protocol::KittyTmux
        ) {
            self.owed.extend(farewell());
        }
        self.stage.show(None);
        self.layer.shown = None;
        self.before = None;
        self.touch();
    }

    /// Gives the terminal back, for good or for a while.
    pub fn leave(&mut self) {
        self.writer.leave();
    }

    /// Draws and sends what there is, if it may go; answers when to ask again though nothing has happened.
    ///
    /// # Errors
    /// When the terminal has gone.
    pub fn step(&mut self, model: &Model) -> io::Result<Option<Instant>> {
        let now = Instant::now();
        self.link.check(now);
        let wanted = match self.is_covered(model) {
            true => None,
            false => self.picture(model),
        };
        self.stage.want(wanted, now);
        self.give_up_if_old();
        self.order(now);
        let layer = self.wanted_layer(model);
        self.order_layer(layer.as_ref());
        let ahead = self.order_ahead(model, now);
        let text = self.text_from(model);
        if self.idle && self.has_something(layer.as_ref(), text.is_some_and(|it| it <= now)) {
            self.send(model, layer.as_ref(), now)?;
            self.order(now);
        }
        let deadlines = [
            self.link.deadline(),
            self.stage.deadline(&self.link, now),
            ahead,
            text.filter(|it| *it > now),
        ];
        Ok(deadlines.into_iter().flatten().min())
    }

    /// From when on changes of the text are drawn; `None` if there are none.
    fn text_from(&self, model: &Model) -> Option<Instant> {
        let touched = self.touched?;
        Some(if model.awaits_preview() {
            touched + TOGETHER
        } else {
            touched
        })
    }

    fn is_cells(&self) -> bool {
        matches!(self.abilities.protocol, Protocol::Cells(_))
    }

    /// Whether a dialog lies over a picture that is not made of cells: it has to go meanwhile.
    fn is_covered(&self, model: &Model) -> bool {
        let covered = !matches!(model.dialog, None | Some(Dialog::Type(_) | Dialog::Filter));
        covered && !self.is_cells()
    }

    /// The picture that is to be seen, with what the tools draw where there is no layer for it.
    fn picture(&mut self, model: &Model) -> Option<Wanted> {
        let protocol = self.abilities.protocol;
        if protocol == Protocol::Off {
            return None;
        }
        let (preview, layout) = (model.preview.as_ref()?, model.layout()?);
        let overlay = Overlay::of(model).filter(|_| protocol != Protocol::Kitty);
        let image = match overlay {
            Some(overlay) => self.drawn.merged(&preview.image, overlay),
            None => preview.image.clone(),
        };
        let room = protocol.room(layout.picture, self.abilities.cell);
        // The one before the terminal became smaller.
        if image.width() as usize > room.width || image.height() as usize > room.height {
            return None;
        }
        Some(Wanted {
            place: protocol.place(&image, layout.picture, self.abilities.cell),
            image,
            frame: preview.frame,
            settled: preview.settled,
        })
    }

    /// A picture that takes its time is not sent to its end when another one is wanted.
    fn give_up_if_old(&mut self) {
        let (Some(sending), wanted) = (self.kitty.sending(), self.stage.wanted()) else {
            return;
        };
        if self.kitty.sends_ahead() {
            if self.lacks_wanted() {
                let bytes = self.kitty.give_up();
                self.owed.extend(bytes);
            }
            return;
        }
        let old = wanted
            .is_none_or(|it| !Arc::ptr_eq(&it.image, &sending.image) || it.place != sending.place);
        if old && sending.quality > Quality::Draft {
            let bytes = self.kitty.give_up();
            self.owed.extend(bytes);
            self.stage.show(self.before.take());
        }
    }

    /// Has made ready what should be sent next.
    fn order(&mut self, now: Instant) {
        if self.is_cells() || self.holds_wanted() {
            return;
        }
        if let Some(order) = self.stage.order(&self.link, now) {
            self.coder.encode(self.abilities, Job::Picture(order));
        }
    }

    /// Whether the wanted picture is not on the screen.
    fn lacks_wanted(&self) -> bool {
        let shown = self.stage.shown();
        match (self.stage.wanted(), shown) {
            (Some(wanted), Some(shown)) => {
                !Arc::ptr_eq(&wanted.image, &shown.image) || wanted.place != shown.place
            }
            (wanted, shown) => wanted.is_some() != shown.is_some(),
        }
    }

    /// Whether the wanted picture is not on the screen though the terminal has it.
    fn holds_wanted(&self) -> bool {
        let wanted = self.stage.wanted();
        self.abilities.protocol == Protocol::Kitty
            && self.lacks_wanted()
            && wanted.is_some_and(|it| self.kitty.holds(&it.image, it.frame, it.place))
    }

    fn has_something(&self, layer: Option<&(Arc<RgbaImage>, Rect)>, text: bool) -> bool {
        if self.link.takes_picture() {
            let cells = self.is_cells() && self.cells_are_old();
            if self.stage.is_ready() || cells {
                return true;
            }
        }
        if self.kitty.sending().is_some() && self.link.takes_slice() {
            return true;
        }
        let layers = !same(layer, self.layer.shown.as_ref())
            && (layer.is_none() || self.layer.ready.is_some());
        let vanishes = self.stage.wanted().is_none() && self.stage.shown().is_some();
        let ahead = self.ahead.ready.is_some() && self.kitty.sending().is_none();
        if ahead && self.link.takes_picture() {
            return true;
        }
        let small = text || !self.owed.is_empty() || layers || vanishes || self.holds_wanted();
        small && self.link.takes_text()
    }

    /// Whether the cells of the picture are not those that are wanted.
    fn cells_are_old(&self) -> bool {
        let settled = self.stage.wanted().is_some_and(|it| it.settled);
        let exact = self
            .stage
            .shown()
            .is_some_and(|it| it.quality == Quality::Exact);
        self.lacks_wanted() || (settled && !exact)
    }

    fn send(
        &mut self,
        model: &Model,
        layer: Option<&(Arc<RgbaImage>, Rect)>,
        now: Instant,
    ) -> io::Result<()> {
        let mut before = std::mem::take(&mut self.owed);
        let (mut erased, mut graphics) = (Vec::new(), Vec::new());
        if self.is_cells() {
            self.next_cells();
        } else {
            self.next_picture(&mut before, &mut erased, &mut graphics)?;
        }
        self.next_layer(layer, &mut graphics);
        self.next_behind(model);
        let behind = self.behind.as_ref().map(|(_, cells)| cells);
        let picture = self.cells.as_ref().or(behind);
        let plain = self.abilities.colours == Colours::None;
        let shown = self.stage.shown().map(|it| it.place);
        let placeholders = shown.filter(|_| self.abilities.protocol == Protocol::KittyTmux);
        self.terminal.draw(|frame| {
            view::draw(model, picture, frame);
            if plain {
                view::take_colours(frame.buffer_mut());
            }
            if let Some(place) = placeholders {
                placeholders::draw(place, frame.buffer_mut());
            }
        })?;
        self.touched = None;
        let mut cells = self.frame.take();
        if cells == self.empty {
            cells.clear();
        }
        let mut bytes = before;
        let drawn = !(erased.is_empty() && cells.is_empty() && graphics.is_empty());
        let synchronized = self.abilities.synchronized && drawn;
        if synchronized {
            bytes.extend_from_slice(b"\x1b[?2026h");
        }
        bytes.extend(erased);
        bytes.extend(cells);
        bytes.extend(graphics);
        if synchronized {
            bytes.extend_from_slice(b"\x1b[?2026l");
        }
        if bytes.is_empty() {
            return Ok(());
        }
        if self.link.wants_fence() {
            bytes.extend_from_slice(FENCE);
        }
        self.link.sent(bytes.len(), now);
        self.idle = false;
        self.writer.write(Output::Frame(bytes));
        Ok(())
    }

    /// The picture as cells while a dialog lies over it, unless they take too long on the way.
    fn next_behind(&mut self, model: &Model) {
        let before = self.behind.take();
        if !self.is_covered(model) {
            return;
        }
        let Some(Wanted { image, place, .. }) = self.picture(model) else {
            return;
        };
        let duration = self.link.duration(place.area() as usize * BYTES_OF_CELL);
        self.behind = match before {
            Some((of, cells)) if Arc::ptr_eq(&of, &image) && cells.place() == place => {
                Some((of, cells))
            }
            _ if duration > LONGEST_BEHIND => None,
            _ => {
                let (width, height) = (u32::from(place.width), 2 * u32::from(place.height));
                let small = imageops::thumbnail(&*image, width, height);
                let colours = self.abilities.colours;
                let cells = Cells::after(None, &Arc::new(small), place, colours, false);
                Some((image, cells))
            }
        };
    }

    /// The picture of cells that the next frame shows: a newer one only if the link has room for it.
    fn next_cells(&mut self) {
        let Protocol::Cells(colours) = self.abilities.protocol else {
            return;
        };
        let Some(wanted) = self.stage.wanted().cloned() else {
            self.cells = None;
            self.stage.show(None);
            return;
        };
        let moved = self.stage.shown().is_none_or(|it| it.place != wanted.place);
        if !self.cells_are_old() || !(moved || self.link.takes_picture()) {
            return;
        }
        let draft = !wanted.settled;
        let before = self.cells.take();
        self.cells = Some(Cells::after(
            before,
            &wanted.image,
            wanted.place,
            colours,
            draft,
        ));
        self.stage.show(Some(Made {
            image: wanted.image,
            place: wanted.place,
            frame: wanted.frame,
            quality: if draft {
                Quality::Draft
            } else {
                Quality::Exact
            },
        }));
    }

    /// What becomes of a picture that is not made of cells.
    fn next_picture(
        &mut self,
        before: &mut Vec<u8>,
        erased: &mut Vec<u8>,
        graphics: &mut Vec<u8>,
    ) -> io::Result<()> {
        if self.stage.wanted().is_none() {
            if let Some(shown) = self.stage.shown() {
                match self.abilities.protocol {
                    Protocol::Kitty => graphics.extend(self.kitty.hide()),
                    Protocol::Viuer(Means::Kitty) | Protocol::KittyTmux => {
                        graphics.extend(farewell());
                    }
                    _ => erase(erased, shown.place)?,
                }
                self.stage.show(None);
                self.layer.shown = None;
            }
            return Ok(());
        }
        if self.holds_wanted()
            && let Some(wanted) = self.stage.wanted()
            && let Some((bytes, quality)) =
                self.kitty
                    .show_held(&wanted.image, wanted.frame, wanted.place)
        {
            graphics.extend(bytes);
            let made = Made {
                image: wanted.image.clone(),
                place: wanted.place,
                frame: wanted.frame,
                quality,
            };
            self.stage.show(Some(made));
        }
        if self.link.takes_picture()
            && self.kitty.sending().is_none()
            && let Some((made, payload)) = self.stage.take()
        {
            match payload {
                Payload::Kitty(coded) => {
                    before.extend(self.kitty.send(made.clone(), coded));
                    self.before = self.stage.shown().cloned();
                }
                // It is shown where its characters are.
                Payload::Bytes(bytes) if self.abilities.protocol == Protocol::KittyTmux => {
                    before.extend(bytes);
                }
                Payload::Bytes(bytes) => {
                    self.uncover(&made, erased)?;
                    go_to(graphics, made.place)?;
                    graphics.extend(bytes);
                }
            }
            self.stage.show(Some(made));
        }
        if self.kitty.sending().is_none()
            && self.link.takes_picture()
            && let Some((made, coded, stays)) = self.ahead.ready.take()
        {
            before.extend(self.kitty.send_ahead(made, coded, stays));
        }
        if self.kitty.sending().is_some() && self.link.takes_slice() {
            let (data, placed) = self.kitty.slice(self.link.slice());
            before.extend(data);
            graphics.extend(placed.unwrap_or_default());
        }
        Ok(())
    }

    /// Blanks what the new picture does not cover of the old one.
    fn uncover(&self, made: &Made, erased: &mut Vec<u8>) -> io::Result<()> {
        match self.stage.shown() {
            Some(old) if old.place != made.place => erase(erased, old.place),
            _ => Ok(()),
        }
    }
}

fn go_to(bytes: &mut Vec<u8>, place: Rect) -> io::Result<()> {
    crossterm::queue!(bytes, crossterm::cursor::MoveTo(place.x, place.y))
}
