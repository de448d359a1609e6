//! The body of a panel: a chart or tiles, or the reason why there is none.

use protocol::Timestamp;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::chart_view::ChartView;
use super::crosshair::PlotFraction;
use super::dom;
use super::navigation::Fractions;
use super::render_context::RenderContext;
use super::tiles_view::TilesView;
use super::value_format::ValueFormat;
use crate::chart::{ChosenSeries, Options, Shown};
use crate::store::Group;
use crate::surface::Color;
use crate::view::Steps;

#[derive(Debug)]
pub(super) enum PanelBody {
    Chart(ChartView),
    Tiles(TilesView),
    Refused(RefusedBody),
}

/// A text in place of a canvas that the browser refused.
#[derive(Debug)]
pub(super) struct RefusedBody {
    root: HtmlElement,
    /// None.
    chosen: ChosenSeries,
}

impl RefusedBody {
    fn new(error: &JsValue) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("div", "plot plot-refused")?;
        root.set_attribute("role", "alert")?;
        root.set_text_content(Some(&error.as_string().unwrap_or_else(|| format!("{error:?}"))));
        Ok(Self { root, chosen: ChosenSeries::default() })
    }
}

impl PanelBody {
    pub(super) fn new(options: Options, format: &ValueFormat) -> Result<Self, JsValue> {
        let steps = Steps::of(&format.unit);
        let body = if options.kind.is_tiles() {
            TilesView::new(options.kind, steps).map(Self::Tiles)
        } else {
            ChartView::new(options, steps).map(Self::Chart)
        };
        body.or_else(|error| RefusedBody::new(&error).map(Self::Refused))
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        match self {
            Self::Chart(chart) => chart.element(),
            Self::Tiles(tiles) => tiles.element(),
            Self::Refused(refused) => &refused.root,
        }
    }

    /// Frees the memory of the pixels until the next resize.
    pub(super) fn release(&mut self) {
        match self {
            Self::Chart(chart) => chart.release(),
            Self::Tiles(tiles) => tiles.release(),
            Self::Refused(_) => {}
        }
    }

    pub(super) fn resize(&mut self, size: (f64, f64), scale: f64, background: Color) -> Result<(), JsValue> {
        match self {
            Self::Chart(chart) => chart.resize(size, scale, background),
            Self::Tiles(tiles) => tiles.resize(size, scale, background),
            Self::Refused(_) => Ok(()),
        }
    }

    pub(super) fn describe(&mut self, title: &str) -> Result<(), JsValue> {
        match self {
            Self::Chart(chart) => chart.describe(title),
            Self::Tiles(_) | Self::Refused(_) => Ok(()),
        }
    }

    /// Sets which series it may show.
    pub(super) fn set_shown(&mut self, shown: &Shown) {
        match self {
            Self::Chart(chart) => chart.set_shown(shown),
            Self::Tiles(tiles) => tiles.set_shown(shown),
            Self::Refused(_) => {}
        }
    }

    pub(super) fn set_crosshair(&mut self, fraction: PlotFraction, label: &str) -> Result<(), JsValue> {
        match self {
            Self::Chart(chart) => chart.set_crosshair(fraction, label),
            Self::Tiles(_) | Self::Refused(_) => Ok(()),
        }
    }

    pub(super) fn set_selection(&mut self, selected: Fractions) -> Result<(), JsValue> {
        match self {
            Self::Chart(chart) => chart.set_selection(selected),
            Self::Tiles(_) | Self::Refused(_) => Ok(()),
        }
    }

    /// Draws changes. Returns true if a canvas changed.
    pub(super) fn draw(
        &mut self,
        group: &Group,
        context: &RenderContext<'_>,
        right: Timestamp,
        format: &ValueFormat,
    ) -> Result<bool, JsValue> {
        match self {
            Self::Chart(chart) => chart.draw(group, context, right, format),
            Self::Tiles(tiles) => tiles.draw(group, context, right, format),
            Self::Refused(_) => Ok(false),
        }
    }

    /// The columns of the canvas.
    pub(super) fn columns(&self) -> u32 {
        match self {
            Self::Chart(chart) => chart.width_px(),
            Self::Tiles(tiles) => tiles.width_px(),
            Self::Refused(_) => 0,
        }
    }

    /// The width of a chart in columns; `None` for tiles, and before it is measured.
    pub(super) fn chart_width(&self) -> Option<u32> {
        match self {
            Self::Chart(chart) => Some(chart.width_px()).filter(|&width| width > 0),
            Self::Tiles(tiles) => Some(tiles.tile_width_px()).filter(|&width| width > 0),
            Self::Refused(_) => None,
        }
    }

    /// The series that it shows.
    pub(super) const fn chosen(&self) -> &ChosenSeries {
        match self {
            Self::Chart(chart) => chart.chosen(),
            Self::Tiles(tiles) => tiles.chosen(),
            Self::Refused(refused) => &refused.chosen,
        }
    }

    /// Draws everything in the next display frame, in the colours of the palette then.
    pub(super) fn repaint(&mut self) {
        match self {
            Self::Chart(chart) => chart.repaint(),
            Self::Tiles(tiles) => tiles.repaint(),
            Self::Refused(_) => {}
        }
    }
}
