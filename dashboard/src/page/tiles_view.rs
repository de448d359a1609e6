//! Tiles on screen: one canvas for all series, with texts above it.

use protocol::{Interval, Timestamp};
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::canvas::Canvas;
use super::dom::{self, Text};
use super::foreign_text::foreign;
use super::render_context::{RenderContext, Shade};
use super::value_format::ValueFormat;
use crate::chart::{ChosenSeries, Direction, Kind, Shown, TileChart, TileLayout};
use crate::store::Group;
use crate::surface::{Color, Composite, Pixels};
use crate::view::{Steps, Window};
use crate::viewport::Motion;

/// Tiles of a live view are drawn at most as often: their figures cannot be read faster, and each is a canvas.
const PAUSE: Interval = Interval::from_millis(400);

#[derive(Debug)]
pub(super) struct TilesView {
    root: HtmlElement,
    canvas: Canvas,
    chart: TileChart,
    composite: Composite,
    background_is_old: bool,
    /// The shade of the series on the canvas.
    shade: Shade,
    texts: Vec<TileTexts>,
    /// The layout of the texts.
    layout: TileLayout,
    scale: f64,
    /// The view of the last drawing.
    view: Option<(Motion, Interval, Timestamp)>,
    /// That of the group at the last drawing.
    generation: u64,
}

#[derive(Debug)]
struct TileTexts {
    root: HtmlElement,
    name: Text,
    value: Text,
    trend: Text,
}

impl TilesView {
    pub(super) fn new(kind: Kind, steps: Steps) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("div", &format!("plot tiles tiles-{kind}"))?;
        let canvas = Canvas::new("plot-canvas")?;
        canvas.element().set_attribute("aria-hidden", "true")?;
        root.append_child(canvas.element())?;
        let chart = TileChart::new(kind, steps);
        Ok(Self {
            root,
            canvas,
            chart,
            composite: Composite::default(),
            background_is_old: true,
            shade: Shade::default(),
            texts: Vec::new(),
            layout: TileLayout::default(),
            scale: 1.0,
            view: None,
            generation: 0,
        })
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.root
    }

    /// Sets which series may have a tile.
    pub(super) fn set_shown(&mut self, shown: &Shown) {
        self.chart.set_shown(shown);
        self.view = None;
    }

    /// Frees the memory of the pixels until the next resize.
    pub(super) fn release(&mut self) {
        self.canvas.fit(0, 0);
        self.chart.resize(0, 0, self.scale);
        self.composite = Composite::default();
    }

    /// Fits the canvas to a width and a height in CSS pixels.
    pub(super) fn resize(&mut self, (width, height): (f64, f64), scale: f64, background: Color) -> Result<(), JsValue> {
        let device = |css: f64| (css * scale).floor().max(0.0) as u32;
        let (width, height) = (device(width), device(height));
        if self.canvas.fit(width, height) {
            self.canvas.fill(background);
        }
        self.canvas.describe_plot([0, 0, width as i32, height as i32])?;
        self.background_is_old = true;
        self.canvas.place([0.0, 0.0, f64::from(width), f64::from(height)], scale)?;
        self.chart.resize(width, height, scale);
        self.scale = scale;
        // Places the texts again.
        self.layout = TileLayout::default();
        Ok(())
    }

    /// Draws changes. Returns true if the canvas changed.
    ///
    /// Hot: once a panel and display frame.
    pub(super) fn draw(
        &mut self,
        group: &Group,
        context: &RenderContext<'_>,
        now: Timestamp,
        format: &ValueFormat,
    ) -> Result<bool, JsValue> {
        let (width, height) = (self.chart.pixels().width(), self.chart.pixels().height());
        if width == 0 || height == 0 {
            return Ok(false);
        }
        if self.canvas.take_emptied() {
            self.repaint();
        }
        let is_due = match (self.view, context.motion) {
            (Some((Motion::Live, span, drawn)), Motion::Live) if span == context.span => {
                now.micros_since(drawn).unsigned_abs() >= PAUSE.micros()
            }
            // An answer to a query changes a fixed view.
            (view, motion) => view != Some((motion, context.span, now)) || self.generation != group.generation(),
        };
        let is_old = self.chart.is_blank() || self.background_is_old || self.shade != context.shade;
        if !is_due && !is_old {
            return Ok(false);
        }
        self.view = Some((context.motion, context.span, now));
        self.generation = group.generation();
        let window = Window::new(context.span, width);
        self.chart.draw(group, &window, now, &context.style(self.scale), context.palette.track);
        let is_shaded = std::mem::replace(&mut self.shade, context.shade) != context.shade;
        let mut columns = self.chart.pixels_mut().take_dirty().filter(|columns| !columns.is_empty());
        if std::mem::take(&mut self.background_is_old) {
            let mut background = Pixels::new(width, height);
            background.fill(context.palette.panel);
            self.composite.set_background(background, Vec::new());
            self.canvas.fill(context.palette.panel);
            columns = Some(0..width);
        } else if is_shaded {
            columns = Some(0..width);
        }
        let mut is_changed = false;
        if let Some(columns) = columns {
            is_changed = self.composite.show(self.chart.pixels(), columns.clone(), context.shade.strength());
            if is_changed {
                self.canvas.commit(self.composite.pixels(), (0, 0), columns)?;
            }
        }
        if self.layout != self.chart.layout() {
            self.layout = self.chart.layout();
            self.lay_out()?;
            // New texts are not empty until the next figures.
            self.update(group, format);
        }
        Ok(is_changed)
    }

    /// Draws everything in the next display frame, in the colours of the palette then.
    pub(super) fn repaint(&mut self) {
        self.background_is_old = true;
    }

    /// Columns of a tile.
    pub(super) const fn tile_width_px(&self) -> u32 {
        self.chart.layout().size.0
    }

    /// Columns of the surface.
    pub(super) fn width_px(&self) -> u32 {
        self.chart.pixels().width()
    }

    /// The series of the tiles.
    pub(super) const fn chosen(&self) -> &ChosenSeries {
        self.chart.chosen()
    }

    /// Shows the newest value and the trend of each series.
    pub(super) fn update(&mut self, group: &Group, format: &ValueFormat) {
        for (tile, (texts, &number)) in self.texts.iter_mut().zip(self.chart.chosen().numbers()).enumerate() {
            if let Some(place) = group.place_of_number(number) {
                texts.name.set(&foreign(&group.series()[place].name));
            }
            let stat = self.chart.stat(tile, &format.beside);
            texts.value.set(&stat.value.to_string());
            let trend = stat.trend.filter(|_| self.chart.kind() == Kind::Stats).map(|trend| {
                let arrow = match trend.direction {
                    Direction::Up => "↗",
                    Direction::Down => "↘",
                    Direction::Level => "→",
                };
                format!("{arrow} {}", trend.percent.unwrap_or(trend.absolute))
            });
            texts.trend.set(&trend.unwrap_or_default());
        }
    }

    /// Creates the texts of all tiles.
    fn lay_out(&mut self) -> Result<(), JsValue> {
        for texts in self.texts.drain(..) {
            texts.root.remove();
        }
        for tile in 0..self.layout.count {
            let texts = TileTexts::new()?;
            let ((x, y), (width, height)) = (self.layout.corner(tile), self.layout.size);
            let style = texts.root.style();
            for (name, device) in [("left", x), ("top", y), ("width", width), ("height", height)] {
                style.set_property(name, &format!("{}px", f64::from(device) / self.scale))?;
            }
            self.root.append_child(&texts.root)?;
            self.texts.push(texts);
        }
        Ok(())
    }
}

impl TileTexts {
    fn new() -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("div", "tile")?;
        let name: HtmlElement = dom::element("span", "tile-name")?;
        let value: HtmlElement = dom::element("span", "tile-value")?;
        let trend: HtmlElement = dom::element("span", "tile-trend")?;
        root.append_with_node_3(&name, &value, &trend)?;
        Ok(Self { root, name: Text::new(name), value: Text::new(value), trend: Text::new(trend) })
    }
}
