//! The font of the axes: the width of a text, as the canvas draws it.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::dom;
use crate::chart::axes::FONT_PX;

#[derive(Clone, Debug)]
pub(super) struct LabelFont {
    family: String,
    /// Of a canvas that is not in the page.
    context: CanvasRenderingContext2d,
}

impl LabelFont {
    pub(super) fn new(family: String) -> Result<Self, JsValue> {
        let canvas: HtmlCanvasElement = dom::element("canvas", "")?;
        let context = canvas.get_context("2d")?;
        let context: CanvasRenderingContext2d =
            context.ok_or_else(|| JsValue::from_str("the browser has no 2d canvas context"))?.unchecked_into();
        context.set_font(&format!("{FONT_PX}px {family}"));
        Ok(Self { family, context })
    }

    pub(super) fn family(&self) -> &str {
        &self.family
    }

    /// The width of a text in CSS pixels.
    pub(super) fn width(&self, text: &str) -> f64 {
        // The call fails on no text; the fallback is the usual width of a digit.
        self.context.measure_text(text).map_or(text.len() as f64 * FONT_PX * 0.6, |metrics| metrics.width())
    }
}
