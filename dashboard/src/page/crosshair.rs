//! The crosshair: a line across all charts at the time under the pointer.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlElement};

use super::listener::Listener;
use super::plot_place::PlotPlace;

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
    let plot = PlotPlace::of(event)?;
    let place = plot.of_pointer(event.dyn_ref()?);
    plot.has_time(place).then_some(place.x / plot.width)
}
