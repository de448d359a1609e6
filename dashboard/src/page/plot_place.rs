//! The plot of a chart under a pointer, and the pointer's place in it.

use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlCanvasElement, HtmlElement, MouseEvent};

/// A place in CSS pixels, from the upper left corner of a plot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub(super) x: f64,
    pub(super) y: f64,
}

/// A plot on screen, in CSS pixels of the window.
#[derive(Clone, Debug)]
pub(super) struct PlotPlace {
    /// The element around the plot and its labels.
    pub(super) root: HtmlElement,
    left: f64,
    top: f64,
    pub(super) width: f64,
    height: f64,
}

impl PlotPlace {
    /// The plot of the chart in which an event happened.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let target: Element = event.target()?.dyn_into().ok()?;
        let root: HtmlElement = target.closest(".plot").ok()??.dyn_into().ok()?;
        let canvas: HtmlCanvasElement = root.query_selector(".plot-canvas").ok()??.dyn_into().ok()?;
        let place = canvas.get_attribute("data-plot")?;
        let sides = place.split(' ').map(|side| side.parse::<i32>().ok().map(f64::from)).collect::<Option<Vec<_>>>()?;
        let [left, top, width, height] = sides[..] else { return None };
        let shown = canvas.get_bounding_client_rect();
        let scale = shown.width() / f64::from(canvas.width().max(1));
        Some(Self {
            root,
            left: shown.left() + left * scale,
            top: shown.top() + top * scale,
            width: width * scale,
            height: height * scale,
        })
        .filter(|place| place.width > 0.0)
    }

    /// The place of a pointer.
    pub(super) fn of_pointer(&self, pointer: &MouseEvent) -> Place {
        Place { x: f64::from(pointer.client_x()) - self.left, y: f64::from(pointer.client_y()) - self.top }
    }

    /// Returns true if a place is within the plot's width.
    pub(super) fn has_time(&self, place: Place) -> bool {
        (0.0..=self.width).contains(&place.x)
    }

    /// The part of the plot's height above a place; `None` beside the plot.
    pub(super) fn part_of_height(&self, place: Place) -> Option<f64> {
        Some(place.y / self.height).filter(|part| (0.0..=1.0).contains(part))
    }

    /// Returns true if a place is on the time axis, below the plot.
    pub(super) fn is_below(&self, place: Place) -> bool {
        place.y > self.height
    }
}
