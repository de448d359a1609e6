//! A panel as a PNG: what is on screen, with a line that names host and time.

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, CssStyleDeclaration, DomRect, Element, HtmlCanvasElement, HtmlElement};

use crate::page::dom;

/// Elements whose text is drawn. A text of an element that is not one of them is not in the picture.
const TEXTS: &str = ".panel-title, .panel-unit, .panel-limit, .panel-age, .plot-note, .legend-name, .legend-value, \
                     .tile-name, .tile-value, .tile-trend";

/// Of the line below the panel, in CSS pixels.
const FOOTER_PX: f64 = 22.0;
const INDENT_PX: f64 = 12.0;

/// The address of a picture of a panel, with a line of text below.
pub(in crate::page) fn of_panel(panel: &HtmlElement, footer: &str) -> Result<String, JsValue> {
    let (scale, bounds) = (dom::window()?.device_pixel_ratio(), panel.get_bounding_client_rect());
    let (width, height) = (bounds.width(), bounds.height() + FOOTER_PX);
    let canvas: HtmlCanvasElement = dom::element("canvas", "")?;
    canvas.set_width((width * scale).ceil() as u32);
    canvas.set_height((height * scale).ceil() as u32);
    let context = canvas.get_context("2d")?.ok_or_else(|| JsValue::from_str("the browser refused a canvas"))?;
    let context: CanvasRenderingContext2d = context.unchecked_into();
    context.scale(scale, scale)?;
    context.translate(-bounds.left(), -bounds.top())?;
    context.set_text_baseline("middle");
    context.set_fill_style_str(&style_of(panel)?.get_property_value("background-color")?);
    context.fill_rect(bounds.left(), bounds.top(), width, height);
    for element in within(panel, "canvas")? {
        let (place, canvas) = (element.get_bounding_client_rect(), element.unchecked_into::<HtmlCanvasElement>());
        if canvas.width() > 0 {
            let (x, y, width, height) = (place.left(), place.top(), place.width(), place.height());
            context.draw_image_with_html_canvas_element_and_dw_and_dh(&canvas, x, y, width, height)?;
        }
    }
    for swatch in within(panel, ".legend-swatch")? {
        if let Some(place) = visible(&swatch) {
            context.set_fill_style_str(&style_of(&swatch)?.get_property_value("background-color")?);
            context.fill_rect(place.left(), place.top(), place.width(), place.height());
        }
    }
    for element in within(panel, TEXTS)? {
        let text = element.text_content().unwrap_or_default();
        if let (Some(place), false) = (visible(&element), text.is_empty()) {
            draw_text(&context, &text, &place, &style_of(&element)?)?;
        }
    }
    let line = DomRect::new_with_x_and_y_and_width_and_height(
        bounds.left() + INDENT_PX,
        bounds.bottom(),
        width - 2.0 * INDENT_PX,
        FOOTER_PX - INDENT_PX / 2.0,
    )?;
    draw_text(&context, footer, &line, &style_of(panel)?)?;
    canvas.to_data_url_with_type("image/png")
}

fn within(panel: &HtmlElement, selector: &str) -> Result<Vec<Element>, JsValue> {
    let found = panel.query_selector_all(selector)?;
    Ok((0..found.length()).filter_map(|place| found.get(place)?.dyn_into().ok()).collect())
}

fn style_of(element: &Element) -> Result<CssStyleDeclaration, JsValue> {
    dom::window()?.get_computed_style(element)?.ok_or_else(|| JsValue::from_str("no computed style"))
}

/// The place of an element, unless it has none, or is in the part of a list that is not on screen.
fn visible(element: &Element) -> Option<DomRect> {
    let place = element.get_bounding_client_rect();
    let list = element.closest(".legend").ok()?;
    let is_in_list = list.is_none_or(|list| {
        let list = list.get_bounding_client_rect();
        place.top() >= list.top() - 1.0 && place.bottom() <= list.bottom() + 1.0
    });
    (place.width() > 0.0 && is_in_list).then_some(place)
}

fn draw_text(
    context: &CanvasRenderingContext2d,
    text: &str,
    place: &DomRect,
    style: &CssStyleDeclaration,
) -> Result<(), JsValue> {
    let of = |name: &str| style.get_property_value(name);
    context.save();
    context.begin_path();
    context.rect(place.left(), place.top(), place.width(), place.height());
    context.clip();
    context.set_font(&format!("{} {} {}", of("font-weight")?, of("font-size")?, of("font-family")?));
    context.set_fill_style_str(&of("color")?);
    let (align, x) = match of("text-align")?.as_str() {
        "right" | "end" => ("right", place.right()),
        "center" => ("center", place.left() + place.width() / 2.0),
        _ => ("left", place.left()),
    };
    context.set_text_align(align);
    context.fill_text(text, x, place.top() + place.height() / 2.0)?;
    context.restore();
    Ok(())
}
