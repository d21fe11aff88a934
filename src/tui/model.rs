//! Everything the interface knows. Plain data: changed by `update`, drawn by `view`.

mod entry;
mod setting;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub use self::entry::{Edit, Entry};
pub use self::setting::{Owner, Setting, StackCursor};
use super::geometry::{Size, View, middle_of_cell, placed};
use super::layout::Layout;
use super::message::{
    Ahead, Effect, LowLayer, Marking, Preview, PreviewRequest, RenderRequest, SavePatch, Show,
    Sight, Subject, Toning,
};
use super::picture::{Offer, Protocol};
use super::tool::Tool;
use crate::engine::masks::{Point, Tip};
use crate::engine::operations::Spots;
use crate::engine::original::spots::{Spot, named};
use crate::engine::recipe::{Operation, Recipe};
use crate::engine::render::Inspection;
use crate::files::Donor;

/// The three panes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    /// The list of pictures.
    Pictures,
    /// The layer stack and its parameters.
    Parameters,
    /// The preview.
    Preview,
}

/// What lies over the three panes.
#[derive(Clone, Debug, PartialEq)]
pub enum Dialog {
    /// The keys, scrolled by so many rows.
    Help(usize),
    /// Choosing a preset.
    Presets(usize),
    /// Choosing the kind of a new layer.
    AddLayer(usize),
    /// Typing a value for the selected parameter.
    Type(String),
    /// Typing a filter for the list.
    Filter,
    /// Choosing the donor of a graft layer: those from the library come after `self` and `original`.
    Donors {
        /// Where the cursor is.
        at: usize,
        /// The saved patches.
        library: Vec<Donor>,
    },
    /// Typing the name under which a patch is saved; the name is still empty in the patch.
    SaveDonor(String, SavePatch),
    /// Typing the name of the file that a low layer goes to.
    LowLayer(String, LowLayer),
    /// Typing the name of the file that is made of a low layer.
    Toning(String, Toning),
    /// The meter's panel.
    Meter,
    /// All that is to be said.
    Said,
    /// Leaving with changes that were not written, or renders that run; and why a recipe could not be written.
    Quit(Option<String>),
    /// Replacing results that exist.
    Overwrite(Vec<RenderRequest>),
}

impl Dialog {
    /// The text that is being typed.
    pub fn typed(&mut self) -> Option<&mut String> {
        match self {
            Dialog::Type(text)
            | Dialog::SaveDonor(text, _)
            | Dialog::LowLayer(text, _)
            | Dialog::Toning(text, _) => Some(text),
            _ => None,
        }
    }
}

/// What the meter does.
#[derive(Clone, Debug, Default)]
pub enum Meter {
    /// Nothing.
    #[default]
    Idle,
    /// It measures for its panel.
    Measuring,
    /// It has measured, or could not.
    Measured(Result<Box<Inspection>, String>),
    /// It looks for the settings that come closest.
    Tuning,
}

/// What a drag of the mouse does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drag {
    /// Moves the slider of the selected setting.
    Slider,
    /// Pans the preview; the cell where the mouse was last.
    Pan(u16, u16),
    /// Moves the loupe.
    Loupe,
    /// Draws with the tool.
    Tool,
}

/// The state of the interface.
#[derive(Debug)]
pub struct Model {
    /// All pictures.
    pub entries: Vec<Entry>,
    /// The position of the cursor among those that the filter lets through.
    pub cursor: usize,
    /// The open picture.
    pub open: Option<usize>,
    /// Only names that hold this are listed.
    pub filter: String,
    /// Where keys go.
    pub focus: Pane,
    /// Where the cursor is in the layer stack.
    pub stack: StackCursor,
    /// Which part of the picture is looked at.
    pub view: View,
    /// The middle of the loupe if it is used, as shares of the picture's width and height.
    pub loupe: Option<(f64, f64)>,
    /// What the preview shows.
    pub show: Show,
    /// What lies over the panes.
    pub dialog: Option<Dialog>,
    /// The last thing that happened, for the status line.
    pub status: String,
    /// What the meter does.
    pub meter: Meter,
    /// The number of the newest wish to measure or to look for settings.
    pub measures: u64,
    /// A copied recipe, and the folder that paths in it start from.
    pub clipboard: Option<(Recipe, PathBuf)>,
    /// The folder that folders which are not absolute start from.
    pub working_folder: PathBuf,
    /// Renders that run or wait, with the share that is done.
    pub renders: BTreeMap<usize, f64>,
    /// Renders whose results exist, to be asked about as soon as no dialog is open.
    pub existing: Vec<RenderRequest>,
    /// How many renders of this round have ended, for the gauge.
    pub renders_ended: usize,
    /// The newest preview.
    pub preview: Option<Preview>,
    /// The number of the newest wish for a preview.
    pub wish: u64,
    /// The first of the wishes up to the newest that differ in nothing but the recipe.
    pub alike: u64,
    /// What the newest wish was for, without the recipe.
    sight: Option<Sight>,
    /// What may be looked at after the newest preview.
    pub ahead: Vec<Ahead>,
    /// The terminal's size in cells.
    pub screen: Size,
    /// Pixels of a cell.
    pub cell: Size,
    /// How the preview gets onto the screen.
    pub protocol: Protocol,
    /// The ways that there are.
    pub protocols: Vec<Protocol>,
    /// What the mouse is dragging.
    pub drag: Option<Drag>,
    /// Results are replaced without asking.
    pub overwrite: bool,
    /// What works in the preview: the brush or the marquee.
    pub tool: Option<Tool>,
    /// What the next stroke of the brush is painted with; `None` before the brush is first used.
    pub tip: Option<Tip>,
    /// The graft layer for which the next of the best patches is to be taken once they are known.
    pub next_patch_of: Option<usize>,
    /// The low layer that somebody works on.
    pub toning: Option<Toning>,
}

impl Model {
    /// The state at the start.
    pub fn new(
        paths: Vec<PathBuf>,
        screen: Size,
        cell: Size,
        offer: Offer,
        overwrite: bool,
    ) -> Self {
        let entries = paths.into_iter().map(|path| Entry {
            path,
            ..Entry::default()
        });
        Self {
            entries: entries.collect(),
            cursor: 0,
            open: None,
            filter: String::new(),
            focus: Pane::Pictures,
            stack: StackCursor { layer: 0, row: 1 },
            view: View::default(),
            loupe: None,
            show: Show::After,
            dialog: None,
            status: String::new(),
            meter: Meter::Idle,
            measures: 0,
            clipboard: None,
            working_folder: PathBuf::new(),
            renders: BTreeMap::new(),
            existing: Vec::new(),
            renders_ended: 0,
            preview: None,
            wish: 0,
            alike: 0,
            sight: None,
            ahead: Vec::new(),
            screen,
            cell,
            protocol: offer.chosen,
            protocols: offer.all,
            drag: None,
            overwrite,
            tool: None,
            tip: None,
            next_patch_of: None,
            toning: None,
        }
    }

    /// Screen pixels of a cell, as the preview's protocol counts them.
    pub fn preview_cell(&self) -> Size {
        self.protocol.cell(self.cell)
    }

    /// Where everything is on the screen; `None` if it is too small.
    pub fn layout(&self) -> Option<Layout> {
        Layout::of(self.screen)
    }

    /// The pictures that the filter lets through.
    pub fn listed(&self) -> Vec<usize> {
        let wanted = self.filter.to_lowercase();
        let fits = |i: &usize| self.entries[*i].name().to_lowercase().contains(&wanted);
        (0..self.entries.len()).filter(fits).collect()
    }

    /// The open picture.
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.open?)
    }

    /// The recipe of the open picture.
    pub fn edit(&self) -> Option<&Edit> {
        self.entry()?.edit.as_ref()
    }

    /// The recipe of the open picture, to change.
    pub fn edit_mut(&mut self) -> Option<&mut Edit> {
        self.entries.get_mut(self.open?)?.edit.as_mut()
    }

    /// All that is to be said: what happened last, why the open picture failed, and what is to be known of it.
    pub fn said(&self) -> Vec<&str> {
        let status = Some(self.status.as_str()).filter(|it| !it.is_empty());
        let failure = self.entry().and_then(|it| it.failure.as_deref());
        let preview = self.preview.as_ref();
        let preview = preview.filter(|it| Some(it.picture) == self.open);
        let remarks = preview.into_iter().flat_map(|it| &it.remarks);
        let all = status.into_iter().chain(failure);
        let mut said: Vec<&str> = Vec::new();
        for text in all.chain(remarks.map(String::as_str)) {
            if !said.contains(&text) {
                said.push(text);
            }
        }
        said
    }

    /// What goes on in the background for minutes, and the key that it belongs to.
    pub fn under_way(&self) -> Option<&'static str> {
        match (&self.meter, &self.toning) {
            (Meter::Tuning, Some(_)) => Some("F and T: looking, waiting…"),
            (Meter::Tuning, None) => Some("F: looking for settings…"),
            (_, Some(_)) => Some("T: waiting for the tone…"),
            _ => None,
        }
    }

    /// Whether a layer does not apply to the open picture, as far as the preview has found out.
    pub fn is_skipped(&self, layer: usize) -> bool {
        let preview = self.preview.as_ref();
        preview.is_some_and(|it| Some(it.picture) == self.open && it.skipped.contains(&layer))
    }

    /// The size of what the preview shows a part of: the open picture, or the donor that a patch is
    /// being marked on.
    pub fn shown_size(&self) -> Option<Size> {
        match &self.tool {
            Some(Tool::Marquee(marquee)) => marquee.donor,
            _ => self.entry()?.size,
        }
    }

    /// The preview that is on the screen, if it shows what the tool works on.
    pub fn current_preview(&self) -> Option<&Preview> {
        let of_donor = |it: &Preview| matches!(it.subject, Subject::Donor { .. });
        let on_donor = matches!(self.tool, Some(Tool::Marquee(_)));
        let preview = self.preview.as_ref();
        preview.filter(|it| Some(it.picture) == self.open && of_donor(it) == on_donor)
    }

    /// The position in what is shown of the middle of a cell, which may lie beyond the preview.
    pub fn pointed(&self, column: u16, row: u16) -> Option<Point> {
        let (layout, preview) = (self.layout()?, self.current_preview()?);
        let cell = self.preview_cell();
        let place = placed(preview.frame.shown, layout.picture, cell);
        let middle = middle_of_cell(column, row, place, cell);
        Some(preview.frame.to_picture(middle))
    }

    /// Pixels of the screen that are there for the preview.
    pub fn preview_pixels(&self) -> Size {
        let Some(layout) = self.layout() else {
            return Size::default();
        };
        self.protocol.room(layout.picture, self.cell)
    }

    /// Keeps the cursor of the layer stack on something that exists.
    pub fn clamp_stack(&mut self) {
        let layers = self.edit().map_or(0, |it| it.recipe.layers.len());
        self.stack.layer = self.stack.layer.min(layers.saturating_sub(1));
        self.stack.row = self.stack.row.min(self.settings(self.stack.layer).len());
    }

    /// Puts the marquee away when the layer that it is for is no graft any more, and spots when theirs brings all
    /// back.
    pub fn check_tool(&mut self) {
        let (layer, fits): (usize, fn(&Operation) -> bool) = match &self.tool {
            Some(Tool::Marquee(it)) => (it.layer, |it| matches!(it, Operation::Graft(_))),
            Some(Tool::Spots(it)) => (
                it.layer,
                |it| matches!(it, Operation::Texture(it) if it.spots == Spots::LeaveOut),
            ),
            Some(Tool::Brush(_)) | None => return,
        };
        let layer = self.edit().and_then(|it| it.recipe.layers.get(layer));
        if layer.is_none_or(|it| !fits(&it.operation)) {
            self.tool = None;
            // It said what the tool's keys do.
            self.status.clear();
        }
    }

    /// Which of the spots of a layer come back.
    pub fn kept_spots(&self, layer: usize, spots: &[Spot]) -> Vec<bool> {
        let layer = self.edit().and_then(|it| it.recipe.layers.get(layer));
        match layer.map(|it| &it.operation) {
            Some(Operation::Texture(texture)) => named(spots, &texture.kept),
            _ => vec![false; spots.len()],
        }
    }

    /// Wishes for a preview of what is looked at now.
    pub fn wish_preview(&mut self) -> Vec<Effect> {
        let available = self.preview_pixels();
        let (Some(picture), Some(edit)) = (self.open, self.edit()) else {
            return Vec::new();
        };
        if available.is_empty() || self.protocol == Protocol::Off {
            return Vec::new();
        }
        let (recipe, folder) = (edit.recipe.clone(), edit.folder.clone());
        let marking = match &self.tool {
            Some(Tool::Marquee(it)) => Some(Marking {
                layer: it.layer,
                patch: it.patch,
            }),
            _ => None,
        };
        self.wish += 1;
        self.ahead.clear();
        let request = PreviewRequest {
            number: self.wish,
            picture,
            recipe,
            folder,
            view: self.view,
            available,
            loupe: self.loupe,
            show: self.show,
            layer: self.stack.layer,
            marking,
            patches_of: self.next_patch_of,
        };
        let sight = Some(request.sight());
        if sight != self.sight {
            self.alike = self.wish;
            self.sight = sight;
        }
        vec![Effect::Preview(request)]
    }

    /// Whether the answer to the newest wish is still to come.
    pub fn awaits_preview(&self) -> bool {
        let newest = self
            .preview
            .as_ref()
            .is_some_and(|it| it.number == self.wish);
        self.protocol != Protocol::Off && self.wish > 0 && !newest
    }

    /// Whether a preview is to be shown: the newest that was wished for, or a draft of an earlier recipe
    /// that is newer than what is shown, so that something moves while a key is held.
    pub fn takes(&self, preview: &Preview) -> bool {
        if Some(preview.picture) != self.open {
            return false;
        }
        let shown = self.preview.as_ref().map_or(0, |it| it.number);
        let draft = !preview.settled && preview.number >= self.alike.max(shown + 1);
        preview.number == self.wish || draft
    }

    /// Screen pixels for one of the open picture.
    pub fn scale(&self) -> Option<f64> {
        let size = self.entry()?.size?;
        Some(self.view.scale(size, self.preview_pixels()))
    }

    /// Whether the preview holds the loupe: at 1:1 there is nothing to magnify.
    pub fn loupe_shows(&self) -> bool {
        let marking = matches!(self.tool, Some(Tool::Marquee(_)));
        self.loupe.is_some() && !marking && self.scale().is_some_and(|it| it < 1.0)
    }

    /// Pictures whose recipes were changed and not written.
    pub fn unwritten(&self) -> Vec<usize> {
        let changed = |i: &usize| {
            let edit = self.entries[*i].edit.as_ref();
            edit.is_some_and(Edit::is_changed)
        };
        (0..self.entries.len()).filter(changed).collect()
    }
}

/// The first of `count` rows that is shown when `room` rows are there and `cursor` is to be seen.
pub fn scrolled(cursor: usize, count: usize, room: usize) -> usize {
    cursor
        .saturating_sub(room / 2)
        .min(count.saturating_sub(room))
}
