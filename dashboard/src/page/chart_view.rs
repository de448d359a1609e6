//! A live chart on screen. Two canvases: the axes below, the series above.

use plotters::drawing::IntoDrawingArea;
use plotters_canvas::CanvasBackend;
use protocol::Timestamp;
use series::{AxisFormat, log_labels};
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::canvas::{Canvas, Ground};
use super::crosshair::Place;
use super::dom::{self, Text};
use super::look::{LINE_PX, Look, Motion, Writing};
use super::theme::Palette;
use crate::chart::axes::{self, Mark, PlotBox};
use crate::chart::live::Change;
use crate::chart::{Kind, LiveChart, Options, heatmap};
use crate::store::Group;
use crate::surface::Color;
use crate::view::{self, Mapping, Steps, TimeLabels, Window};

/// Room around the plot for labels, in CSS pixels.
const LEFT_PX: f64 = 66.0;
const RIGHT_PX: f64 = 10.0;
const TOP_PX: f64 = 8.0;
const BOTTOM_PX: f64 = 20.0;

/// Names beside the rows of a heatmap stand so far apart, in CSS pixels.
const NAME_SPACING_PX: f64 = 16.0;

/// A longer name would not fit beside the plot.
const LONGEST_NAME: usize = 10;

#[derive(Debug)]
pub(super) struct ChartView {
    root: HtmlElement,
    axes: Canvas,
    series: Canvas,
    crosshair: HtmlElement,
    crosshair_label: Text,
    chart: LiveChart,
    kind: Kind,
    scale: f64,
    axes_are_old: bool,
    /// The newest column of the axes, where they move with time.
    axes_column: i64,
}

impl ChartView {
    /// A chart that is not in the page yet.
    pub(super) fn new(options: Options, steps: Steps) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("div", "plot")?;
        let (axes, series) =
            (Canvas::new("plot-axes", Ground::Opaque)?, Canvas::new("plot-series", Ground::Transparent)?);
        series.element().set_attribute("role", "img")?;
        let crosshair: HtmlElement = dom::element("div", "crosshair")?;
        let crosshair_label: HtmlElement = dom::element("span", "crosshair-label")?;
        crosshair.set_hidden(true);
        crosshair.append_child(&crosshair_label)?;
        root.append_with_node_3(axes.element(), series.element(), &crosshair)?;
        let crosshair_label = Text::new(crosshair_label);
        let mut chart = LiveChart::new(steps);
        chart.set_options(options);
        let kind = options.kind;
        Ok(Self {
            root,
            axes,
            series,
            crosshair,
            crosshair_label,
            chart,
            kind,
            scale: 1.0,
            axes_are_old: true,
            axes_column: 0,
        })
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.root
    }

    pub(super) fn describe(&mut self, title: &str) -> Result<(), JsValue> {
        self.axes_are_old = true;
        self.series.element().set_attribute("aria-label", &format!("{title}, live chart"))
    }

    /// Takes no memory for pixels until it is resized.
    pub(super) fn release(&mut self) {
        self.axes.fit(0, 0);
        self.series.fit(0, 0);
        self.chart.release();
    }

    /// Fits the canvases to a width and a height in CSS pixels. What is to be drawn in a later frame stands on `ground`: an
    /// opaque canvas is black at first.
    pub(super) fn resize(&mut self, (width, height): (f64, f64), scale: f64, ground: Color) -> Result<(), JsValue> {
        let device = |css: f64| (css * scale).round().max(0.0) as u32;
        if self.axes.fit(device(width), device(height)) {
            self.axes.fill(ground);
        }
        let (plot_width, plot_height) = (width - LEFT_PX - RIGHT_PX, height - TOP_PX - BOTTOM_PX);
        let (device_width, device_height, margin) = (device(plot_width), device(plot_height), device(LINE_PX));
        let surface_height = device_height + 2 * margin;
        if self.series.fit(device_width, surface_height) {
            self.chart.repaint();
        }
        let (left, top) = (f64::from(device(LEFT_PX)), f64::from(device(TOP_PX)) - f64::from(margin));
        self.series.place([left, top, f64::from(device_width), f64::from(surface_height)], scale)?;
        self.scale = scale;
        self.chart.resize(device_width, device_height, margin);
        self.axes_are_old = true;
        Ok(())
    }

    /// Puts the line across the chart, with what is written at it; `None` takes it away.
    pub(super) fn set_crosshair(&mut self, place: Place, label: &str) -> Result<(), JsValue> {
        self.crosshair.set_hidden(place.is_none());
        let Some(place) = place else { return Ok(()) };
        self.crosshair_label.set(label);
        let x = LEFT_PX + place * f64::from(self.chart.pixels().width()) / self.scale;
        // Near the right edge the text stands on the other side of the line.
        self.crosshair.class_list().toggle_with_force("is-right", place > 0.5)?;
        self.crosshair.style().set_property("transform", &format!("translateX({x}px)"))
    }

    /// Draws the axes anew at the next frame.
    pub(super) fn repaint_axes(&mut self) {
        self.axes_are_old = true;
    }

    /// Draws what changed. Whether anything was put on screen.
    ///
    /// Hot: once a panel and display frame.
    pub(super) fn draw(
        &mut self,
        group: &Group,
        look: &Look<'_>,
        now: Timestamp,
        writing: &Writing,
    ) -> Result<bool, JsValue> {
        let (width, height) = (self.chart.pixels().width(), self.chart.pixels().height());
        if width == 0 || height == 0 {
            return Ok(false);
        }
        let window = Window::new(look.span, width);
        let style = look.style(self.scale);
        let change = match look.motion {
            Motion::Live => self.chart.draw(group, &window, now, &style),
            Motion::Held => self.chart.draw_held(group, &window, now, &style),
        };
        if let Some(columns) = self.chart.pixels_mut().take_dirty() {
            self.series.commit(self.chart.pixels(), columns)?;
        }
        let column = if look.times == TimeLabels::Relative { 0 } else { window.column_of(now) };
        if change == Change::Axis || self.axes_are_old || self.axes_column != column {
            self.axes_are_old = false;
            self.axes_column = column;
            let values = if self.kind == Kind::Heatmap { self.names(group) } else { self.values(writing) };
            let times = view::clock_ticks(look.times, &window, now, f64::from(width) / self.scale);
            let place = |at: f64| at * f64::from(width);
            let times: Vec<Mark> =
                times.into_iter().map(|tick| Mark { position_px: place(tick.at), label: tick.label }).collect();
            self.draw_axes(&values, &times, look.palette)?;
        }
        Ok(change != Change::Nothing)
    }

    /// What the colours of a heatmap mean: the least and the greatest value.
    pub(super) fn legend_of_colors(&self, writing: &Writing) -> Option<String> {
        let scale = self.chart.scale();
        (self.kind == Kind::Heatmap)
            .then(|| format!("{} – {}", writing.unit.format(scale.low()), writing.unit.format(scale.high())))
    }

    /// Marks of the value axis.
    fn values(&self, writing: &Writing) -> Vec<Mark> {
        let scale = self.chart.scale();
        let css_height = f64::from(scale.height_px()) / self.scale;
        let (low, high, steps) = (scale.low(), scale.high(), Steps::of(&writing.unit));
        let (ticks, labels) = match scale.mapping() {
            Mapping::Linear => {
                let ticks = view::value_ticks(low, high, css_height, steps);
                let labels = AxisFormat::new(&writing.unit, &ticks).labels(&ticks);
                (ticks, labels)
            }
            Mapping::Log => {
                let ticks = view::log_ticks(low, high, css_height, steps);
                let labels = log_labels(&writing.unit, &ticks);
                (ticks, labels)
            }
        };
        let place =
            |(&tick, label): (_, String)| Mark { position_px: f64::from(scale.y(tick)), label: writing.short(&label) };
        ticks.iter().zip(labels).map(place).collect()
    }

    /// Marks of a heatmap's rows: names of series, as many as find room.
    fn names(&self, group: &Group) -> Vec<Mark> {
        let (count, height) = (group.series().len(), self.chart.scale().height_px());
        let room = (f64::from(height) / self.scale / NAME_SPACING_PX).max(1.0) as usize;
        let every = count.div_ceil(room).max(1);
        let mark = |series: usize| {
            let rows = heatmap::rows_of(series, count, height);
            let name = &group.series()[series].name;
            let mut label: String = name.chars().take(LONGEST_NAME).collect();
            if name.chars().count() > LONGEST_NAME {
                label.push('…');
            }
            Mark { position_px: f64::midpoint(f64::from(rows.start), f64::from(rows.end)), label }
        };
        (0..count).step_by(every).map(mark).collect()
    }

    fn draw_axes(&self, values: &[Mark], times: &[Mark], palette: &Palette) -> Result<(), JsValue> {
        self.axes.fill(palette.panel);
        let backend = CanvasBackend::with_canvas_object(self.axes.element().clone())
            .ok_or_else(|| JsValue::from_str("plotters has no canvas"))?;
        let device = |css: f64| (css * self.scale).round() as i32;
        let plot = PlotBox {
            left: device(LEFT_PX),
            top: device(TOP_PX),
            width: self.chart.pixels().width() as i32,
            height: self.chart.scale().height_px() as i32,
            scale: self.scale,
        };
        axes::draw(&backend.into_drawing_area(), plot, values, times, palette.axes, &palette.font)
            .map_err(|error| JsValue::from_str(&error.to_string()))
    }
}
