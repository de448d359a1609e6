//! The body of a panel: a chart or tiles.

use protocol::Timestamp;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::chart_view::ChartView;
use super::crosshair::PlotFraction;
use super::render_context::RenderContext;
use super::tiles_view::TilesView;
use super::value_format::ValueFormat;
use crate::chart::{ChosenSeries, Options};
use crate::store::Group;
use crate::surface::Color;
use crate::view::Steps;

#[derive(Debug)]
pub(super) enum PanelBody {
    Chart(ChartView),
    Tiles(TilesView),
}

impl PanelBody {
    pub(super) fn new(options: Options, format: &ValueFormat) -> Result<Self, JsValue> {
        let steps = Steps::of(&format.unit);
        if options.kind.is_tiles() {
            TilesView::new(options.kind, steps).map(Self::Tiles)
        } else {
            ChartView::new(options, steps).map(Self::Chart)
        }
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        match self {
            Self::Chart(chart) => chart.element(),
            Self::Tiles(tiles) => tiles.element(),
        }
    }

    /// Frees the memory of the pixels until the next resize.
    pub(super) fn release(&mut self) {
        match self {
            Self::Chart(chart) => chart.release(),
            Self::Tiles(tiles) => tiles.release(),
        }
    }

    pub(super) fn resize(&mut self, size: (f64, f64), scale: f64, background: Color) -> Result<(), JsValue> {
        match self {
            Self::Chart(chart) => chart.resize(size, scale, background),
            Self::Tiles(tiles) => tiles.resize(size, scale, background),
        }
    }

    pub(super) fn describe(&mut self, title: &str) -> Result<(), JsValue> {
        match self {
            Self::Chart(chart) => chart.describe(title),
            Self::Tiles(_) => Ok(()),
        }
    }

    pub(super) fn set_crosshair(&mut self, fraction: PlotFraction, label: &str) -> Result<(), JsValue> {
        match self {
            Self::Chart(chart) => chart.set_crosshair(fraction, label),
            Self::Tiles(_) => Ok(()),
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
            Self::Tiles(tiles) => tiles.draw(group, context, right),
        }
    }

    /// The columns of the canvas.
    pub(super) fn columns(&self) -> u32 {
        match self {
            Self::Chart(chart) => chart.width_px(),
            Self::Tiles(tiles) => tiles.width_px(),
        }
    }

    /// The width of a chart in columns; `None` for tiles, and before it is measured.
    pub(super) fn chart_width(&self) -> Option<u32> {
        match self {
            Self::Chart(chart) => Some(chart.width_px()).filter(|&width| width > 0),
            Self::Tiles(_) => None,
        }
    }

    /// The series that it shows.
    pub(super) const fn chosen(&self) -> &ChosenSeries {
        match self {
            Self::Chart(chart) => chart.chosen(),
            Self::Tiles(tiles) => tiles.chosen(),
        }
    }

    /// Draws everything in the next display frame, in the colours of the palette then.
    pub(super) fn repaint(&mut self) {
        match self {
            Self::Chart(chart) => chart.repaint(),
            Self::Tiles(tiles) => tiles.repaint(),
        }
    }
}
