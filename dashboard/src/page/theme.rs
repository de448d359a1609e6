//! Colours, read from the style sheet. Only `style/tokens.css` defines colours.

use std::rc::Rc;

use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement};

use super::dom;
use super::label_font::LabelFont;
use super::parameters::Theme;
use crate::chart::axes::AxisColors;
use crate::surface::{Color, ColorRamp};

/// The number of series colours; further series repeat them.
pub(super) const SERIES_COLORS: usize = 8;

/// The colours that canvases need.
#[derive(Clone, Debug)]
pub(super) struct Palette {
    pub(super) series: Rc<[Color]>,
    pub(super) ramp: Rc<ColorRamp>,
    /// Background of a panel.
    pub(super) panel: Color,
    /// The empty part of a gauge.
    pub(super) track: Color,
    pub(super) axes: AxisColors,
    pub(super) label_font: LabelFont,
}

pub(super) fn apply(theme: Theme) -> Result<(), JsValue> {
    let root = dom::document()?.document_element().ok_or_else(|| JsValue::from_str("no document element"))?;
    root.set_attribute("data-theme", theme.name())
}

/// The theme that the browser prefers.
pub(super) fn preferred() -> Theme {
    if matches("(prefers-color-scheme: light)") { Theme::Light } else { Theme::Dark }
}

/// Returns true if the user has forced the colours of the system. The browser's preference then says if they are light.
pub(super) fn is_forced() -> bool {
    matches("(forced-colors: active)")
}

fn matches(query: &str) -> bool {
    let query = dom::window().ok().and_then(|window| window.match_media(query).ok().flatten());
    query.is_some_and(|query| query.matches())
}

impl Palette {
    /// Reads the colours of the applied theme. Where the user has forced colours, these are those of the system.
    pub(super) fn read(theme: Theme) -> Result<Self, JsValue> {
        let document = dom::document()?;
        let root = document.document_element().ok_or_else(|| JsValue::from_str("no document element"))?;
        let computed = |element: &Element| {
            dom::window()?.get_computed_style(element)?.ok_or_else(|| JsValue::from_str("no computed style"))
        };
        // The value of a custom property may be the name of a colour; the colour of an element is numbers.
        let probe: HtmlElement = dom::element("span", "color-probe")?;
        root.append_child(&probe)?;
        let style = computed(&probe)?;
        let color = |name: &str| {
            probe.style().set_property("color", &format!("var({name})"))?;
            let value = style.get_property_value("color")?;
            value.parse::<Color>().map_err(|error| JsValue::from_str(&format!("{name}: {error}")))
        };
        let series =
            (1..=SERIES_COLORS).map(|number| color(&format!("--series-{number}"))).collect::<Result<_, _>>()?;
        let axes = AxisColors { grid: color("--grid")?, axis: color("--axis")?, label: color("--text-soft")? };
        let ramp = Rc::new(if theme == Theme::Dark { ColorRamp::dark() } else { ColorRamp::light() });
        let (panel, track) = (color("--panel")?, color("--panel-edge")?);
        probe.remove();
        let font = computed(&root)?.get_property_value("--font")?.trim().to_owned();
        Ok(Self { series, ramp, panel, track, axes, label_font: LabelFont::new(font)? })
    }
}
