//! A canvas that shows the pixels of a surface.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use js_sys::{Object, Reflect};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, Event, HtmlCanvasElement, ImageData};

use super::dom;
use super::listener::Listener;
use crate::surface::pixels::MAX_SIDE_PX;
use crate::surface::{Color, Pixels};

#[derive(Debug)]
pub(super) struct Canvas {
    element: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    /// The browser has lost the pixels, and gives an empty canvas.
    is_empty: Rc<Cell<bool>>,
    _restored: Listener,
}

impl Canvas {
    /// An opaque canvas of zero size. A browser without a GPU blends a translucent one with all below it in each display frame.
    pub(super) fn new(classes: &str) -> Result<Self, JsValue> {
        let element: HtmlCanvasElement = dom::element("canvas", classes)?;
        let options = Object::new();
        Reflect::set(&options, &"alpha".into(), &false.into())?;
        let context = element.get_context_with_context_options("2d", &options)?;
        let context = context
            .ok_or_else(|| JsValue::from_str("the browser refused a canvas: close other tabs, and reload the page"))?
            .unchecked_into();
        let is_empty = Rc::new(Cell::new(false));
        let emptied = Rc::clone(&is_empty);
        let restored = Listener::new(element.clone(), "contextrestored", move |_: Event| emptied.set(true))?;
        let canvas = Self { element, context, is_empty, _restored: restored };
        canvas.fit(0, 0);
        Ok(canvas)
    }

    pub(super) const fn element(&self) -> &HtmlCanvasElement {
        &self.element
    }

    /// Width and height in device pixels.
    pub(super) fn size(&self) -> (u32, u32) {
        (self.element.width(), self.element.height())
    }

    /// Returns true once after the browser has lost the pixels, as at the end of its GPU process: everything must be drawn again.
    pub(super) fn take_emptied(&self) -> bool {
        self.is_empty.take()
    }

    /// Sets the size in device pixels, up to [`MAX_SIDE_PX`]. Returns true if it changed, which clears the canvas.
    pub(super) fn fit(&self, width: u32, height: u32) -> bool {
        let (width, height) = (width.min(MAX_SIDE_PX), height.min(MAX_SIDE_PX));
        let resized = self.size() != (width, height);
        if resized {
            self.element.set_width(width);
            self.element.set_height(height);
        }
        resized
    }

    pub(super) fn fill(&self, color: Color) {
        let (width, height) = self.size();
        self.context.set_fill_style_str(&color.to_string());
        self.context.fill_rect(0.0, 0.0, f64::from(width), f64::from(height));
    }

    /// Places it in its parent: left, top, width and height in device pixels, at `scale` device pixels per CSS pixel. The CSS
    /// size must match the device pixels exactly, or the browser blurs them.
    pub(super) fn place(&self, [left, top, width, height]: [f64; 4], scale: f64) -> Result<(), JsValue> {
        let style = self.element.style();
        for (name, device) in [("left", left), ("top", top), ("width", width), ("height", height)] {
            style.set_property(name, &format!("{}px", device / scale))?;
        }
        Ok(())
    }

    /// States where its plot is, for scripts: left, top, width and height in its pixels.
    pub(super) fn describe_plot(&self, plot: [i32; 4]) -> Result<(), JsValue> {
        self.element.set_attribute("data-plot", &plot.map(|side| side.to_string()).join(" "))
    }

    /// Copies columns of a surface to the canvas, on which the surface's corner is at `place`.
    ///
    /// Hot: once a chart that changed and display frame.
    pub(super) fn commit(&self, pixels: &Pixels, place: (i32, i32), columns: Range<u32>) -> Result<(), JsValue> {
        // A new view of Wasm's memory each time: memory moves when it grows.
        let bytes = Clamped(pixels.bytes());
        let image = ImageData::new_with_u8_clamped_array_and_sh(bytes, pixels.width(), pixels.height())?;
        self.context.put_image_data_with_dirty_x_and_dirty_y_and_dirty_width_and_dirty_height(
            &image,
            f64::from(place.0),
            f64::from(place.1),
            f64::from(columns.start),
            0.0,
            f64::from(columns.end - columns.start),
            f64::from(pixels.height()),
        )
    }
}
