//! Where the pointer stands on a plot: a line across all charts at that time.

use std::cell::Cell;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, PointerEvent};

use super::listener::Listener;

/// A place on every plot, from 0 at its left edge to 1 at its right.
pub(super) type Place = Option<f64>;

/// Watches the pointer.
#[derive(Debug)]
pub(super) struct Crosshair {
    place: Rc<Cell<Place>>,
    shown: Place,
    _listeners: [Listener; 2],
}

impl Crosshair {
    /// Watches the pointer over the plots within `wall`.
    pub(super) fn new(wall: &HtmlElement) -> Result<Self, JsValue> {
        let place: Rc<Cell<Place>> = Rc::default();
        let (moved, left) = (Rc::clone(&place), Rc::clone(&place));
        let listeners = [
            Listener::new(wall.clone(), "pointermove", move |event: Event| moved.set(place_of(&event)))?,
            Listener::new(wall.clone(), "pointerleave", move |_: Event| left.set(None))?,
        ];
        Ok(Self { place, shown: None, _listeners: listeners })
    }

    /// Where it stands.
    pub(super) const fn shown(&self) -> Place {
        self.shown
    }

    /// Takes over where the pointer is. Whether that is elsewhere than it was.
    pub(super) fn follow(&mut self) -> bool {
        let place = self.place.get();
        let has_moved = place.map(f64::to_bits) != self.shown.map(f64::to_bits);
        self.shown = place;
        has_moved
    }
}

/// None beside all plots.
fn place_of(event: &Event) -> Place {
    let pointer: &PointerEvent = event.unchecked_ref();
    let target: Element = event.target()?.dyn_into().ok()?;
    let plot = target.closest(".plot").ok()??;
    let series = plot.query_selector(".plot-series").ok()??.get_bounding_client_rect();
    let at = (f64::from(pointer.client_x()) - series.left()) / series.width();
    (0.0..=1.0).contains(&at).then_some(at)
}
