//! Colours, read from the style sheet. Only `style/tokens.css` defines colours.

use std::rc::Rc;

use wasm_bindgen::JsValue;

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
    let light =
        dom::window().ok().and_then(|window| window.match_media("(prefers-color-scheme: light)").ok().flatten());
    if light.is_some_and(|query| query.matches()) { Theme::Light } else { Theme::Dark }
}

impl Palette {
    /// Reads the colours of the applied theme.
    pub(super) fn read(theme: Theme) -> Result<Self, JsValue> {
        let root = dom::document()?.document_element().ok_or_else(|| JsValue::from_str("no document element"))?;
        let style = dom::window()?.get_computed_style(&root)?.ok_or_else(|| JsValue::from_str("no style"))?;
        let property = |name: &str| style.get_property_value(name).map(|value| value.trim().to_owned());
        let color = |name: &str| {
            let value = property(name)?;
            value.parse::<Color>().map_err(|error| JsValue::from_str(&format!("{name}: {error}")))
        };
        let series =
            (1..=SERIES_COLORS).map(|number| color(&format!("--series-{number}"))).collect::<Result<_, _>>()?;
        let axes = AxisColors { grid: color("--grid")?, axis: color("--axis")?, label: color("--text-soft")? };
        let ramp = Rc::new(if theme == Theme::Dark { ColorRamp::dark() } else { ColorRamp::light() });
        let (panel, track) = (color("--panel")?, color("--panel-edge")?);
        Ok(Self { series, ramp, panel, track, axes, label_font: LabelFont::new(property("--font")?)? })
    }
}
