//! Pointers and wheel over the charts, as acts on the view.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlElement, MouseEvent, PointerEvent, WheelEvent};

use super::hand::{Act, Grip, Hand, wheel_factor};
use crate::page::dom;
use crate::page::listener::Listener;
use crate::page::plot_place::PlotPlace;

/// Acts since the last display frame, and the listeners that record them.
#[derive(Debug)]
pub(super) struct Gestures {
    shared: Rc<Shared>,
    _listeners: Vec<Listener>,
}

#[derive(Debug, Default)]
struct Shared {
    hand: RefCell<Hand>,
    acts: RefCell<Vec<Act>>,
    /// The plot on which the gesture began.
    plot: RefCell<Option<PlotPlace>>,
    /// Where the pointer was last, in CSS pixels of the window.
    pointer: Cell<(f64, f64)>,
}

impl Gestures {
    pub(super) fn new(panels: &HtmlElement) -> Result<Self, JsValue> {
        let shared: Rc<Shared> = Rc::default();
        let passive = |kind, handler: fn(&Shared, &Event)| {
            let shared = Rc::clone(&shared);
            Listener::new(panels.clone(), kind, move |event: Event| handler(&shared, &event))
        };
        let wheel = {
            let shared = Rc::clone(&shared);
            Listener::active(panels.clone(), "wheel", move |event: Event| shared.turn(&event))?
        };
        let listeners = vec![
            passive("pointerdown", Shared::press)?,
            passive("pointermove", Shared::move_to)?,
            passive("pointerup", Shared::release)?,
            passive("pointercancel", Shared::cancel)?,
            passive("lostpointercapture", Shared::cancel)?,
            passive("dblclick", Shared::double_click)?,
            wheel,
        ];
        Ok(Self { shared, _listeners: listeners })
    }

    /// The acts since the last call.
    pub(super) fn take(&self) -> Vec<Act> {
        self.shared.acts.take()
    }

    /// Ends the gesture that is under way: further moves of its pointers do nothing.
    pub(super) fn let_go(&self) {
        self.shared.hand.take();
    }

    /// The plot on which the last gesture began.
    pub(super) fn plot(&self) -> Option<HtmlElement> {
        self.shared.plot.borrow().as_ref().map(|plot| plot.root.clone())
    }

    /// Where the pointer was last, in CSS pixels of the window.
    pub(super) fn pointer(&self) -> (f64, f64) {
        self.shared.pointer.get()
    }
}

impl Shared {
    fn press(&self, event: &Event) {
        let (Some(plot), Some(pointer)) = (PlotPlace::of(event), event.dyn_ref::<PointerEvent>()) else { return };
        // A second finger may be on another plot.
        let begun = self.plot.borrow().clone().filter(|_| !self.hand.borrow().is_idle());
        let plot = begun.unwrap_or(plot);
        let place = plot.of_pointer(pointer);
        let grip = match (pointer.pointer_type().as_str(), pointer.button()) {
            ("touch", _) => Grip::Finger,
            (_, 1) => Grip::Pan,
            (_, 0) if pointer.shift_key() || plot.is_below(place) => Grip::Pan,
            (_, 0) => Grip::Select,
            _ => return,
        };
        let is_begun = self.hand.borrow_mut().press(pointer.pointer_id(), place, grip, plot.width);
        if !is_begun {
            return;
        }
        if grip != Grip::Finger {
            // Else the browser selects text, or scrolls with the middle button.
            pointer.prevent_default();
            // The browser then leaves the focus where it was: Enter would press a button instead of zooming.
            dom::blur();
            // Fails only if the pointer has been released already.
            let _released = plot.root.set_pointer_capture(pointer.pointer_id());
        }
        *self.plot.borrow_mut() = Some(plot);
    }

    fn move_to(&self, event: &Event) {
        let Some(pointer) = event.dyn_ref::<PointerEvent>() else { return };
        self.pointer.set((f64::from(pointer.client_x()), f64::from(pointer.client_y())));
        if let Some(plot) = &*self.plot.borrow() {
            let acts = self.hand.borrow_mut().move_to(pointer.pointer_id(), plot.of_pointer(pointer));
            self.acts.borrow_mut().extend(acts);
        }
    }

    fn release(&self, event: &Event) {
        let Some(pointer) = event.dyn_ref::<PointerEvent>() else { return };
        self.acts.borrow_mut().extend(self.hand.borrow_mut().release(pointer.pointer_id()));
    }

    fn cancel(&self, event: &Event) {
        let Some(pointer) = event.dyn_ref::<PointerEvent>() else { return };
        self.acts.borrow_mut().extend(self.hand.borrow_mut().cancel(pointer.pointer_id()));
    }

    fn double_click(&self, event: &Event) {
        if PlotPlace::of(event).is_some() {
            self.acts.borrow_mut().push(Act::ZoomOut);
        }
    }

    /// A wheel without Ctrl, Cmd or Shift scrolls the page.
    fn turn(&self, event: &Event) {
        let (Some(plot), Some(wheel)) = (PlotPlace::of(event), event.dyn_ref::<WheelEvent>()) else { return };
        let pixels = |delta: f64| match wheel.delta_mode() {
            WheelEvent::DOM_DELTA_LINE => delta * 16.0,
            WheelEvent::DOM_DELTA_PAGE => delta * plot.width,
            _ => delta,
        };
        let (dx, dy) = (pixels(wheel.delta_x()), pixels(wheel.delta_y()));
        let act = if wheel.ctrl_key() || wheel.meta_key() {
            let pointer: &MouseEvent = wheel;
            let at = (plot.of_pointer(pointer).x / plot.width).clamp(0.0, 1.0);
            Act::Zoom { factor: wheel_factor(dy), at }
        } else if wheel.shift_key() || dx.abs() > dy.abs() {
            Act::Pan { by: (if dx == 0.0 { dy } else { dx }) / plot.width }
        } else {
            return;
        };
        wheel.prevent_default();
        let mut acts = self.acts.borrow_mut();
        acts.push(act);
        if matches!(act, Act::Pan { .. }) {
            acts.push(Act::Panned);
        }
    }
}
