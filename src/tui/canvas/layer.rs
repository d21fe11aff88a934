//! What the tools draw over the picture, where the protocol has see-through layers.

use std::sync::Arc;

use image::{RgbImage, RgbaImage};
use ratatui::layout::Rect;

use super::Canvas;
use crate::tui::model::Model;
use crate::tui::overlay::Overlay;
use crate::tui::picture::{Job, KittyCoded, Protocol};

/// The see-through layer over the picture, where the protocol has layers.
#[derive(Debug, Default)]
pub(super) struct Layer {
    pub(super) shown: Option<(Arc<RgbaImage>, Rect)>,
    pub(super) coding: bool,
    pub(super) ready: Option<(Arc<RgbaImage>, Rect, KittyCoded)>,
}

/// Whether two are the same at the same place.
pub(super) fn same<T>(a: Option<&(Arc<T>, Rect)>, b: Option<&(Arc<T>, Rect)>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1,
        (None, None) => true,
        _ => false,
    }
}

impl Canvas {
    /// The layer that belongs over the picture.
    pub(super) fn wanted_layer(&mut self, model: &Model) -> Option<(Arc<RgbaImage>, Rect)> {
        if self.abilities.protocol != Protocol::Kitty {
            return None;
        }
        let shown = self.stage.shown()?;
        let preview: &Arc<RgbImage> = &model.current_preview()?.image;
        let overlay = Overlay::of(model)?;
        Arc::ptr_eq(&shown.image, preview)
            .then(|| (self.drawn.layer(preview, overlay), shown.place))
    }

    /// Has the layer made ready for the wire, if it is another than the one that is shown.
    pub(super) fn order_layer(&mut self, layer: Option<&(Arc<RgbaImage>, Rect)>) {
        let Some((image, place)) = layer else {
            return;
        };
        let ready = self.layer.ready.as_ref();
        let made = ready.is_some_and(|it| Arc::ptr_eq(&it.0, image) && it.1 == *place);
        if self.layer.coding || made || same(layer, self.layer.shown.as_ref()) {
            return;
        }
        self.layer.coding = true;
        let job = Job::Layer(image.clone(), *place);
        self.coder.encode(self.abilities, job);
    }

    /// Shows the layer that is ready, or takes away the one that is no longer wanted.
    pub(super) fn next_layer(
        &mut self,
        layer: Option<&(Arc<RgbaImage>, Rect)>,
        graphics: &mut Vec<u8>,
    ) {
        if layer.is_none()
            && self.layer.shown.is_some()
            && let Some(bytes) = self.kitty.clear_layer()
        {
            graphics.extend(bytes);
            self.layer.shown = None;
        }
        // Nothing may come between the slices of a picture.
        if layer.is_none() || self.kitty.sending().is_some() {
            return;
        }
        if let Some((image, place, coded)) = self.layer.ready.take() {
            graphics.extend(self.kitty.show_layer(coded, place));
            self.layer.shown = Some((image, place));
        }
    }
}
