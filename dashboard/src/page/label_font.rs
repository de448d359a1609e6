//! The font of the axes: the width of a text, as the canvas draws it.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use super::dom;
use crate::chart::axes::FONT_PX;

/// The usual width of a character, in parts of the font size: used if the browser refuses a canvas.
const USUAL_WIDTH: f64 = 0.6;

#[derive(Clone, Debug)]
pub(super) struct LabelFont {
    family: String,
    /// Of a canvas that is not in the page.
    context: Option<CanvasRenderingContext2d>,
}

impl LabelFont {
    pub(super) fn new(family: String) -> Result<Self, JsValue> {
        let canvas: HtmlCanvasElement = dom::element("canvas", "")?;
        let context = canvas.get_context("2d").ok().flatten();
        let context: Option<CanvasRenderingContext2d> = context.map(JsCast::unchecked_into);
        if let Some(context) = &context {
            context.set_font(&format!("{FONT_PX}px {family}"));
        }
        Ok(Self { family, context })
    }

    pub(super) fn family(&self) -> &str {
        &self.family
    }

    /// The width of a text in CSS pixels.
    pub(super) fn width(&self, text: &str) -> f64 {
        let measured = self.context.as_ref().and_then(|context| context.measure_text(text).ok());
        measured.map_or_else(|| text.chars().count() as f64 * FONT_PX * USUAL_WIDTH, |metrics| metrics.width())
    }
}
