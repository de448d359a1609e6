//! The crosshair: a line across all charts at the time under the pointer.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlCanvasElement, HtmlElement, PointerEvent};

use super::listener::Listener;

/// Position in the width of a plot: 0 is the left edge, 1 the right edge. `None` outside of all plots.
pub(super) type PlotFraction = Option<f64>;

#[derive(Debug)]
pub(super) struct Crosshair {
    pointer: Rc<Cell<PlotFraction>>,
    shown: PlotFraction,
    _listeners: [Listener; 2],
}

impl Crosshair {
    /// Follows the pointer over the plots within `panels`.
    pub(super) fn new(panels: &HtmlElement) -> Result<Self, JsValue> {
        let pointer: Rc<Cell<PlotFraction>> = Rc::default();
        let (moved, left) = (Rc::clone(&pointer), Rc::clone(&pointer));
        let listeners = [
            Listener::new(panels.clone(), "pointermove", move |event: Event| moved.set(fraction_at(&event)))?,
            Listener::new(panels.clone(), "pointerleave", move |_: Event| left.set(None))?,
        ];
        Ok(Self { pointer, shown: None, _listeners: listeners })
    }

    pub(super) const fn fraction(&self) -> PlotFraction {
        self.shown
    }

    /// Moves to the pointer. Returns true if the position changed.
    pub(super) fn follow_pointer(&mut self) -> bool {
        let pointer = self.pointer.get();
        let has_moved = pointer.map(f64::to_bits) != self.shown.map(f64::to_bits);
        self.shown = pointer;
        has_moved
    }
}

fn fraction_at(event: &Event) -> PlotFraction {
    let pointer: &PointerEvent = event.unchecked_ref();
    let target: Element = event.target()?.dyn_into().ok()?;
    let plot = target.closest(".plot").ok()??;
    let canvas: HtmlCanvasElement = plot.query_selector(".plot-canvas").ok()??.dyn_into().ok()?;
    let place = canvas.get_attribute("data-plot")?;
    let [left, _, width, _] = place.split(' ').map(|side| side.parse::<f64>().ok()).collect::<Option<Vec<_>>>()?[..]
    else {
        return None;
    };
    let shown = canvas.get_bounding_client_rect();
    let on_canvas = (f64::from(pointer.client_x()) - shown.left()) * f64::from(canvas.width()) / shown.width();
    let at = (on_canvas - left) / width;
    (0.0..=1.0).contains(&at).then_some(at)
}
