//! A chart on screen: one opaque canvas, with the labels of the axes around the plot.

use std::ops::Range;

use plotters::drawing::IntoDrawingArea;
use plotters_canvas::CanvasBackend;
use protocol::{Interval, Timestamp};
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::canvas::Canvas;
use super::crosshair::{PlotFraction, ReadSeries};
use super::dom::{self, Text};
use super::foreign_text::{foreign, isolated};
use super::navigation::Fractions;
use super::render_context::{LINE_PX, RenderContext, Shade};
use super::theme::Palette;
use super::value_format::ValueFormat;
use crate::chart::axes::{self, Look, Mark, Marks, PlotBox};
use crate::chart::live::Change;
use crate::chart::{ChosenSeries, Kind, LiveChart, LogLimit, Options, PixelBackend, Shown, heatmap};
use crate::store::Group;
use crate::surface::{Color, Composite, Pixels};
use crate::view::{self, LabelRoom, Steps, ValueAxis, Window};
use crate::viewport::Motion;

/// Margins of the plot for labels, in CSS pixels.
const LEFT_PX: f64 = 66.0;
const RIGHT_PX: f64 = 10.0;
const TOP_PX: f64 = 8.0;
const BOTTOM_PX: f64 = 20.0;

/// Distance of the names beside the rows of a heatmap, in CSS pixels.
const NAME_SPACING_PX: f64 = 16.0;

/// Room for a label beside the plot, in CSS pixels.
const LABEL_ROOM_PX: f64 = LEFT_PX - axes::LABEL_GAP_PX - 2.0;

#[derive(Debug)]
pub(super) struct ChartView {
    root: HtmlElement,
    canvas: Canvas,
    crosshair: HtmlElement,
    crosshair_label: Text,
    /// A series that stands out until another one is read, by number.
    pointed_out: Option<usize>,
    /// The series that is read, and its value, beside its line.
    reading: Text,
    selection: HtmlElement,
    selected: Fractions,
    /// What the labels of the values leave out.
    note: Text,
    chart: LiveChart,
    composite: Composite,
    /// The shade of the series on the canvas.
    shade: Shade,
    kind: Kind,
    scale: f64,
    axes_are_old: bool,
    /// The newest column of the axes, for labels that move with time.
    axes_column: i64,
}

impl ChartView {
    pub(super) fn new(options: Options, steps: Steps) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("div", "plot")?;
        let canvas = Canvas::new("plot-canvas")?;
        root.set_tab_index(0);
        root.set_attribute("role", "group")?;
        root.set_attribute("aria-roledescription", "chart")?;
        canvas.element().set_attribute("aria-hidden", "true")?;
        let crosshair: HtmlElement = dom::element("div", "crosshair")?;
        let crosshair_label: HtmlElement = dom::element("span", "crosshair-label")?;
        crosshair.set_hidden(true);
        let reading: HtmlElement = dom::element("span", "crosshair-reading")?;
        crosshair.append_with_node_2(&crosshair_label, &reading)?;
        let note: HtmlElement = dom::element("span", "plot-note")?;
        let selection: HtmlElement = dom::element("div", "selection")?;
        selection.set_hidden(true);
        root.append_with_node_4(canvas.element(), &note, &selection, &crosshair)?;
        let (crosshair_label, reading) = (Text::new(crosshair_label), Text::new(reading));
        let mut chart = LiveChart::new(steps);
        chart.set_options(options);
        let kind = options.kind;
        Ok(Self {
            root,
            canvas,
            crosshair,
            crosshair_label,
            pointed_out: None,
            reading,
            selection,
            selected: None,
            note: Text::new(note),
            chart,
            composite: Composite::default(),
            shade: Shade::default(),
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
        self.root.set_attribute("aria-label", title)
    }

    /// Sets which series it may draw.
    pub(super) fn set_shown(&mut self, shown: &Shown) {
        self.chart.set_shown(shown);
    }

    /// Makes a series stand out until another one is read.
    pub(super) fn point_out(&mut self, number: usize) {
        self.pointed_out = Some(number);
        self.chart.emphasize(self.pointed_out);
    }

    /// Makes the series that is read stand out, with its value beside it. Returns its number and the text. `None` ends that.
    pub(super) fn read(
        &mut self,
        group: &Group,
        read: Option<(ReadSeries, &Range<Timestamp>)>,
        format: &ValueFormat,
    ) -> Result<Option<(usize, String)>, JsValue> {
        let height = f64::from(self.chart.scale().height_px());
        let found = read.and_then(|(series, column)| match series {
            ReadSeries::NearestTo(part) => self.chart.nearest(group, column, part * height),
            ReadSeries::Place(place) => self.chart.series_at(group, column, place),
            ReadSeries::None => None,
        });
        if found.is_some() {
            self.pointed_out = None;
        }
        self.chart.emphasize(found.map(|found| found.number).or(self.pointed_out));
        let Some(found) = found else {
            self.reading.set("");
            return Ok(None);
        };
        let name = group.place_of_number(found.number).map_or("", |place| &group.series()[place].name);
        let value = found.reading.map_or_else(|| "no value".to_owned(), |reading| format.range_text(reading));
        let text = format!("{}  {value}", isolated(name));
        self.reading.set(&text);
        let y = (TOP_PX + found.y / self.scale).clamp(TOP_PX, TOP_PX + height / self.scale);
        self.reading.element().style().set_property("top", &format!("{y}px"))?;
        Ok(Some((found.number, text)))
    }

    /// The times of the column at a time.
    pub(super) fn column_at(&self, at: Timestamp, span: Interval) -> Range<Timestamp> {
        let window = Window::new(span, self.width_px().max(1));
        let column = window.column_of(at);
        window.start_of(column)..window.start_of(column.saturating_add(1))
    }

    /// The columns of a chart that is `width` CSS pixels wide.
    pub(super) fn columns(width: f64, scale: f64) -> u32 {
        ((width - LEFT_PX - RIGHT_PX) * scale).round().max(0.0) as u32
    }

    /// Frees the memory of the pixels until the next resize.
    pub(super) fn release(&mut self) {
        self.canvas.fit(0, 0);
        self.chart.release();
        self.composite = Composite::default();
    }

    /// Fits the canvas to a width and a height in CSS pixels and fills the background: an opaque canvas is black at first.
    pub(super) fn resize(&mut self, (width, height): (f64, f64), scale: f64, background: Color) -> Result<(), JsValue> {
        let device = |css: f64| (css * scale).round().max(0.0) as u32;
        let (canvas_width, canvas_height) = (device(width), device(height));
        if self.canvas.fit(canvas_width, canvas_height) {
            self.canvas.fill(background);
        }
        self.canvas.place([0.0, 0.0, f64::from(canvas_width), f64::from(canvas_height)], scale)?;
        self.scale = scale;
        let plot_height = device(height - TOP_PX - BOTTOM_PX);
        self.chart.resize(Self::columns(width, scale), plot_height, self.margin_px());
        self.axes_are_old = true;
        let plot = self.plot();
        self.canvas.describe_plot([plot.left, plot.top, plot.width, plot.height])
    }

    /// Rows of the surface above and below the plot, for lines along its ends.
    fn margin_px(&self) -> u32 {
        (LINE_PX * self.scale).round() as u32
    }

    /// The plot on the canvas.
    fn plot(&self) -> PlotBox {
        let device = |css: f64| (css * self.scale).round() as i32;
        PlotBox {
            left: device(LEFT_PX),
            top: device(TOP_PX),
            width: self.chart.pixels().width() as i32,
            height: self.chart.pixels().height().saturating_sub(2 * self.margin_px()) as i32,
            scale: self.scale,
        }
    }

    /// Moves the crosshair and sets its label; `None` hides it.
    pub(super) fn set_crosshair(&mut self, fraction: PlotFraction, label: &str) -> Result<(), JsValue> {
        self.crosshair.set_hidden(fraction.is_none());
        let Some(fraction) = fraction else { return Ok(()) };
        self.crosshair_label.set(label);
        let x = LEFT_PX + fraction * f64::from(self.chart.pixels().width()) / self.scale;
        // In the right half the label is on the left side of the line.
        self.crosshair.class_list().toggle_with_force("is-right", fraction > 0.5)?;
        self.crosshair.style().set_property("transform", &format!("translateX({x}px)"))
    }

    /// Marks the selected part of the width; `None` hides the mark.
    pub(super) fn set_selection(&mut self, selected: Fractions) -> Result<(), JsValue> {
        if std::mem::replace(&mut self.selected, selected) == selected {
            return Ok(());
        }
        self.selection.set_hidden(selected.is_none());
        let Some((from, to)) = selected else { return Ok(()) };
        let width = f64::from(self.chart.pixels().width()) / self.scale;
        let style = self.selection.style();
        style.set_property("left", &format!("{}px", LEFT_PX + from * width))?;
        style.set_property("width", &format!("{}px", (to - from) * width))
    }

    /// The series of the chart.
    pub(super) const fn chosen(&self) -> &ChosenSeries {
        self.chart.chosen()
    }

    /// Columns of the surface.
    pub(super) fn width_px(&self) -> u32 {
        self.chart.pixels().width()
    }

    pub(super) fn repaint(&mut self) {
        self.axes_are_old = true;
    }

    /// Draws changes. Returns true if a canvas changed.
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
        let window = Window::new(context.span, width);
        let style = context.style(self.scale);
        let change = match context.motion {
            Motion::Live => self.chart.draw(group, &window, now, &style),
            Motion::Fixed => self.chart.draw_fixed(group, &window, now, &style),
        };
        let column = context.times.zone().map_or(0, |_| window.column_of(now));
        let is_redrawn = change == Change::Axis || self.axes_are_old || self.axes_column != column;
        if is_redrawn {
            self.axes_are_old = false;
            self.axes_column = column;
            let measure = |text: &str| context.palette.label_font.width(text);
            let room = LabelRoom { width_css_px: f64::from(width) / self.scale, measure: &measure };
            let (values, note) = match self.kind {
                Kind::Heatmap => (self.name_marks(group, room), None),
                _ => self.value_marks(format, room),
            };
            let times = view::clock_ticks(context.times, &window, now, room);
            let place = |at: f64| at * f64::from(width);
            let times: Vec<Mark> =
                times.into_iter().map(|tick| Mark { position_px: place(tick.at), label: tick.label }).collect();
            self.note.set(&note.unwrap_or_default());
            let marks = Marks { values: &values, times: &times };
            self.draw_axes(marks, context.palette, room)?;
        }
        let is_shaded = std::mem::replace(&mut self.shade, context.shade) != context.shade;
        let (changes, strength) = (self.chart.pixels_mut().take_changes(), context.shade.strength());
        let columns = if is_redrawn || is_shaded {
            self.composite.show(self.chart.pixels(), 0..width, strength);
            Some(0..width)
        } else {
            self.composite.follow(self.chart.pixels(), changes, strength)
        };
        let Some(columns) = columns else { return Ok(false) };
        let (plot, margin) = (self.plot(), self.margin_px() as i32);
        self.canvas.commit(self.composite.pixels(), (plot.left, plot.top - margin), columns)?;
        Ok(true)
    }

    /// What the value axis cannot show.
    pub(super) const fn log_limit(&self) -> LogLimit {
        self.chart.log_limit()
    }

    /// The values at the ends of the colour ramp of a heatmap.
    pub(super) fn color_range(&self, format: &ValueFormat) -> Option<String> {
        (self.kind == Kind::Heatmap).then(|| view::range_text(self.chart.scale(), &format.unit))
    }

    /// Marks at round values, and what their labels leave out.
    fn value_marks(&self, format: &ValueFormat, room: LabelRoom<'_>) -> (Vec<Mark>, Option<String>) {
        let scale = self.chart.scale();
        let css_height = f64::from(scale.height_px()) / self.scale;
        let fits = |label: &str| (room.measure)(label) <= LABEL_ROOM_PX;
        let ValueAxis { ticks, text } = ValueAxis::new(scale, &format.beside, css_height, &fits);
        let mark = |(&tick, label): (_, String)| Mark { position_px: f64::from(scale.y(tick)), label };
        (ticks.iter().zip(text.labels).map(mark).collect(), text.note)
    }

    /// Names of a heatmap's rows, as many as fit.
    fn name_marks(&self, group: &Group, room: LabelRoom<'_>) -> Vec<Mark> {
        let (numbers, height) = (self.chart.chosen().numbers(), self.chart.scale().height_px());
        let count = numbers.len();
        let names = (f64::from(height) / self.scale / NAME_SPACING_PX).max(1.0) as usize;
        let every = count.div_ceil(names).max(1);
        let mark = |series: usize| {
            let rows = heatmap::rows_of(series, count, height);
            let name = foreign(&group.series()[group.place_of_number(numbers[series])?].name);
            let label = view::shortened(&name, LABEL_ROOM_PX, room.measure);
            Some(Mark { position_px: f64::midpoint(f64::from(rows.start), f64::from(rows.end)), label })
        };
        (0..count).step_by(every).filter_map(mark).collect()
    }

    /// Draws the labels on the canvas, and the grid on the background of the series.
    fn draw_axes(&mut self, marks: Marks<'_>, palette: &Palette, room: LabelRoom<'_>) -> Result<(), JsValue> {
        let text_of = |error: &dyn std::fmt::Display| JsValue::from_str(&error.to_string());
        let plot = self.plot();
        let mut background = Pixels::new(self.chart.pixels().width(), self.chart.pixels().height());
        background.fill(palette.panel);
        let within = PlotBox { left: 0, top: self.margin_px() as i32, ..plot };
        let layer = PixelBackend::new(&mut background).into_drawing_area();
        axes::draw_grid(&layer, within, marks, palette.axes).map_err(|error| text_of(&error))?;
        drop(layer);
        let columns = |mark| plot.line_left(mark) as u32..(plot.line_left(mark) + plot.line_px()) as u32;
        self.composite.set_background(background, marks.times.iter().map(columns).collect());
        self.canvas.fill(palette.panel);
        let backend = CanvasBackend::with_canvas_object(self.canvas.element().clone())
            .ok_or_else(|| JsValue::from_str("plotters found no 2d canvas context"))?;
        let look = Look { color: palette.axes.label, font: palette.label_font.family(), room };
        axes::draw_labels(&backend.into_drawing_area(), plot, marks, look).map_err(|error| text_of(&error))
    }
}
