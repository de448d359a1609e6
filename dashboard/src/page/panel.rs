//! One group on screen: title, plot, legend. Two canvases: the axes below, the series above.

use std::ops::Range;
use std::rc::Rc;

use plotters::drawing::IntoDrawingArea;
use plotters_canvas::CanvasBackend;
use protocol::{Interval, Timestamp};
use wasm_bindgen::{Clamped, JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlElement, ImageData};

use super::dom::{self, Text};
use super::legend::{Legend, short};
use super::menu::Menu;
use super::theme::Palette;
use crate::chart::axes::{self, Mark, PlotBox};
use crate::chart::line::{Change, MAX_SERIES_DRAWN};
use crate::chart::{LineChart, Options, Style};
use crate::store::{DerivedGroup, Group};
use crate::surface::Pixels;
use crate::view::{self, Mapping, TimeLabels, Unit, Window};

/// Room around the plot for labels, in CSS pixels.
const LEFT_PX: f64 = 66.0;
const RIGHT_PX: f64 = 10.0;
const TOP_PX: f64 = 8.0;
const BOTTOM_PX: f64 = 20.0;

/// Characters of a unit that fit beside a number on the axis, such as `MiB/s`. A longer one stands in the head, once.
const LONGEST_UNIT: usize = 5;

/// Width of a line in CSS pixels.
const LINE_PX: f64 = 1.5;

/// What is the same for all panels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look<'a> {
    /// How much time is shown.
    pub(super) span: Interval,
    /// How times are told.
    pub(super) times: TimeLabels,
    /// Colours.
    pub(super) palette: &'a Palette,
}

#[derive(Debug)]
pub(super) struct Panel {
    name: String,
    root: HtmlElement,
    title: Text,
    unit_note: Text,
    has_long_unit: bool,
    limit_note: Text,
    age: Text,
    plot: HtmlElement,
    axes: HtmlCanvasElement,
    series: HtmlCanvasElement,
    context: CanvasRenderingContext2d,
    legend: Legend,
    menu: Menu,
    chart: LineChart,
    options: Options,
    /// What is shown in place of the group itself.
    derived: Option<DerivedGroup>,
    unit: Unit,
    scale: f64,
    axes_are_old: bool,
    /// The newest column of the axes, where they move with time.
    axes_column: i64,
    is_stale: bool,
    sight: InSight,
}

/// Whether a panel is on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InSight {
    /// It is not, or not known to be.
    No,
    /// It has come on screen and must be measured before it can be drawn.
    Unmeasured,
    /// It is, and has its size.
    Yes,
}

impl Panel {
    /// A panel for `group`, not yet in the page.
    pub(super) fn new(group: &Group, options: Options) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("section", "panel")?;
        let head: HtmlElement = dom::element("header", "panel-head")?;
        let title: HtmlElement = dom::element("h2", "panel-title")?;
        let age: HtmlElement = dom::element("span", "panel-age")?;
        let unit_note: HtmlElement = dom::element("span", "panel-unit")?;
        let limit_note: HtmlElement = dom::element("span", "panel-limit")?;
        let legend = Legend::new()?;
        let menu = Menu::new(options)?;
        head.append_with_node_5(&title, &unit_note, &limit_note, &age, legend.opener())?;
        head.append_child(menu.element())?;
        let plot: HtmlElement = dom::element("div", "plot")?;
        let axes: HtmlCanvasElement = dom::element("canvas", "plot-axes")?;
        let series: HtmlCanvasElement = dom::element("canvas", "plot-series")?;
        for canvas in [&axes, &series] {
            fit(canvas, 0, 0);
        }
        series.set_attribute("role", "img")?;
        plot.append_with_node_2(&axes, &series)?;
        root.append_with_node_3(&head, &plot, legend.element())?;
        let context = series.get_context("2d")?.ok_or_else(|| JsValue::from_str("no 2d canvas"))?;
        let unit = Unit::parse(&group.unit, &group.bounds);
        let mut chart = LineChart::new(unit.steps());
        chart.set_options(options);
        let mut panel = Self {
            name: group.name.clone(),
            root,
            title: Text::new(title),
            unit_note: Text::new(unit_note),
            has_long_unit: false,
            limit_note: Text::new(limit_note),
            age: Text::new(age),
            plot,
            axes,
            series,
            context: context.unchecked_into(),
            legend,
            menu,
            chart,
            options,
            derived: None,
            unit,
            scale: 1.0,
            axes_are_old: true,
            axes_column: 0,
            is_stale: false,
            sight: InSight::No,
        };
        panel.describe(group)?;
        Ok(panel)
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.root
    }

    /// The name of its group.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn is_in_view(&self) -> bool {
        self.sight != InSight::No
    }

    /// It came on screen or left it. Off screen it takes no memory for pixels.
    pub(super) fn set_in_view(&mut self, in_view: bool) {
        if !in_view && self.is_in_view() {
            fit(&self.axes, 0, 0);
            fit(&self.series, 0, 0);
            self.chart.release();
            self.derived = None;
        }
        self.sight = match (in_view, self.sight) {
            (false, _) => InSight::No,
            (true, InSight::No) => InSight::Unmeasured,
            (true, known) => known,
        };
    }

    /// Whether it must be measured before it can be drawn.
    pub(super) fn awaits_layout(&self) -> bool {
        self.sight == InSight::Unmeasured
    }

    /// Width and height of the plot with its labels, in CSS pixels.
    pub(super) fn measure(&self) -> (f64, f64) {
        (f64::from(self.plot.client_width()), f64::from(self.plot.client_height()))
    }

    /// Takes over what the catalog says.
    pub(super) fn describe(&mut self, source: &Group) -> Result<(), JsValue> {
        let derived = self.derived.take();
        let described = self.describe_shown(derived.as_ref().map_or(source, DerivedGroup::group));
        self.derived = derived;
        described
    }

    fn describe_shown(&mut self, group: &Group) -> Result<(), JsValue> {
        self.title.set(&match self.options.derivation {
            Some(derivation) => format!("{}: {derivation}", group.title),
            None => group.title.clone(),
        });
        self.series.set_attribute("aria-label", &format!("{}, live chart", group.title))?;
        self.unit = Unit::parse(&group.unit, &group.bounds);
        let many = self.unit.format(2.0).unit;
        self.has_long_unit = many.trim().chars().count() > LONGEST_UNIT;
        self.unit_note.set(if self.has_long_unit { many.trim() } else { "" });
        let series = group.series().len();
        self.limit_note.set(&if series > MAX_SERIES_DRAWN {
            format!("the first {MAX_SERIES_DRAWN} of {series} series")
        } else {
            String::new()
        });
        self.axes_are_old = true;
        self.legend.rebuild(group)
    }

    /// Fits the canvases to what was measured.
    pub(super) fn resize(&mut self, (width, height): (f64, f64), scale: f64) -> Result<(), JsValue> {
        self.sight = InSight::Yes;
        let device = |css: f64| (css * scale).round().max(0.0) as u32;
        fit(&self.axes, device(width), device(height));
        let (plot_width, plot_height) = (width - LEFT_PX - RIGHT_PX, height - TOP_PX - BOTTOM_PX);
        let (device_width, device_height, margin) = (device(plot_width), device(plot_height), device(LINE_PX));
        let surface_height = device_height + 2 * margin;
        if fit(&self.series, device_width, surface_height) {
            self.chart.repaint();
        }
        let style = self.series.style();
        // Exactly as many CSS pixels as the device pixels are worth, or the browser would blur them.
        for (name, css) in [
            ("left", f64::from(device(LEFT_PX)) / scale),
            ("top", (f64::from(device(TOP_PX)) - f64::from(margin)) / scale),
            ("width", f64::from(device_width) / scale),
            ("height", f64::from(surface_height) / scale),
        ] {
            style.set_property(name, &format!("{css}px"))?;
        }
        self.scale = scale;
        self.chart.resize(device_width, device_height, margin);
        self.axes_are_old = true;
        Ok(())
    }

    /// What a person has chosen since this was last asked.
    pub(super) fn take_options(&mut self, source: &Group) -> Result<Option<Options>, JsValue> {
        let Some(options) = self.menu.take() else { return Ok(None) };
        if options.derivation != self.options.derivation {
            // Other values in another unit: what the axis has seen means nothing any more.
            self.derived = None;
            self.chart = LineChart::new(self.unit.steps());
            self.sight = InSight::Unmeasured;
        }
        self.options = options;
        self.chart.set_options(options);
        self.describe(source)?;
        Ok(Some(options))
    }

    /// Draws what changed. Whether anything was put on screen.
    ///
    /// Hot: once a panel and display frame.
    pub(super) fn draw(&mut self, source: &Group, look: &Look<'_>, now: Timestamp) -> Result<bool, JsValue> {
        let derived = self.derive(source)?;
        let drawn = self.draw_group(derived.as_ref().map_or(source, DerivedGroup::group), look, now);
        self.derived = derived;
        drawn
    }

    /// What is shown in place of the group, up to its newest row; none where the group itself is.
    fn derive(&mut self, source: &Group) -> Result<Option<DerivedGroup>, JsValue> {
        let Some(derivation) = self.options.derivation else { return Ok(None) };
        let (derived, is_new) = if let Some(mut known) = self.derived.take() {
            (known.update(source).map(|()| known), false)
        } else {
            let begun = DerivedGroup::new(derivation, source);
            (begun.and_then(|mut begun| begun.update(source).map(|()| begun)), true)
        };
        match derived {
            Ok(derived) => {
                if is_new {
                    self.describe_shown(derived.group())?;
                }
                Ok(Some(derived))
            }
            Err(error) => {
                self.limit_note.set(&error.to_string());
                Ok(None)
            }
        }
    }

    fn draw_group(&mut self, group: &Group, look: &Look<'_>, now: Timestamp) -> Result<bool, JsValue> {
        let Look { span, times, palette } = *look;
        let (width, height) = (self.chart.pixels().width(), self.chart.pixels().height());
        if width == 0 || height == 0 {
            return Ok(false);
        }
        let window = Window::new(span, width);
        let style = Style { line_width_px: (LINE_PX * self.scale) as f32, series: Rc::clone(&palette.series) };
        let change = self.chart.draw(group, &window, now, &style);
        if let Some(columns) = self.chart.pixels_mut().take_dirty() {
            commit(&self.context, self.chart.pixels(), columns)?;
        }
        let column = if times == TimeLabels::Relative { 0 } else { window.column_of(now) };
        if change == Change::Axis || self.axes_are_old || self.axes_column != column {
            self.axes_are_old = false;
            self.axes_column = column;
            self.draw_axes(&window, times, now, palette)?;
        }
        Ok(change != Change::Nothing)
    }

    /// Shows each series' newest value, and how old the newest is when that is too old.
    pub(super) fn update_legend(&mut self, source: &Group, now: Timestamp) -> Result<(), JsValue> {
        let derived = self.derived.take();
        let updated = self.show_values(derived.as_ref().map_or(source, DerivedGroup::group), now);
        self.derived = derived;
        updated
    }

    fn show_values(&mut self, group: &Group, now: Timestamp) -> Result<(), JsValue> {
        self.legend.update(group, &self.unit, self.has_long_unit)?;
        let age_us = group.newest().map(|newest| now.micros_since(newest));
        let limit = group.longest_step().micros().max(1_000_000) as i64;
        let stale = age_us.filter(|&age_us| age_us > limit);
        if self.is_stale != stale.is_some() {
            self.is_stale = stale.is_some();
            self.root.class_list().toggle_with_force("is-stale", self.is_stale)?;
        }
        self.age.set(&stale.map_or_else(String::new, |age_us| format!("{} s old", age_us / 1_000_000)));
        Ok(())
    }

    /// Draws the axes anew at the next frame.
    pub(super) fn repaint_axes(&mut self) {
        self.axes_are_old = true;
    }

    fn draw_axes(
        &mut self,
        window: &Window,
        times: TimeLabels,
        now: Timestamp,
        palette: &Palette,
    ) -> Result<(), JsValue> {
        let context: CanvasRenderingContext2d =
            self.axes.get_context("2d")?.ok_or_else(|| JsValue::from_str("no 2d canvas"))?.unchecked_into();
        context.clear_rect(0.0, 0.0, f64::from(self.axes.width()), f64::from(self.axes.height()));
        let backend = CanvasBackend::with_canvas_object(self.axes.clone())
            .ok_or_else(|| JsValue::from_str("plotters has no canvas"))?;
        let device = |css: f64| (css * self.scale).round() as i32;
        let plot = PlotBox {
            left: device(LEFT_PX),
            top: device(TOP_PX),
            width: self.chart.pixels().width() as i32,
            height: self.chart.scale().height_px() as i32,
            scale: self.scale,
        };
        let scale = self.chart.scale();
        let css_height = f64::from(plot.height) / self.scale;
        let (low, high, steps) = (scale.low(), scale.high(), self.unit.steps());
        let (ticks, labels) = match scale.mapping() {
            Mapping::Linear => {
                let ticks = view::value_ticks(low, high, css_height, steps);
                let labels = self.unit.axis(&ticks).labels(&ticks);
                (ticks, labels)
            }
            Mapping::Log => {
                let ticks = view::log_ticks(low, high, css_height, steps);
                let labels = view::log_labels(&self.unit, &ticks);
                (ticks, labels)
            }
        };
        let labels = labels.into_iter().map(|label| short(&label, self.has_long_unit));
        let place = |(&tick, label)| Mark { position_px: f64::from(scale.y(tick)), label };
        let values: Vec<Mark> = ticks.iter().zip(labels).map(place).collect();
        let times: Vec<Mark> = view::clock_ticks(times, window, now, f64::from(plot.width) / self.scale)
            .into_iter()
            .map(|tick| Mark { position_px: tick.at * f64::from(plot.width), label: tick.label })
            .collect();
        axes::draw(&backend.into_drawing_area(), plot, &values, &times, palette.axes, &palette.font)
            .map_err(|error| JsValue::from_str(&error.to_string()))
    }
}

/// Gives a canvas so many device pixels. Whether that emptied it: setting a size, even the same one, does.
fn fit(canvas: &HtmlCanvasElement, width: u32, height: u32) -> bool {
    let resized = (canvas.width(), canvas.height()) != (width, height);
    if resized {
        canvas.set_width(width);
        canvas.set_height(height);
    }
    resized
}

/// Puts columns of a surface on a canvas.
fn commit(context: &CanvasRenderingContext2d, pixels: &Pixels, columns: Range<u32>) -> Result<(), JsValue> {
    let image = ImageData::new_with_u8_clamped_array_and_sh(Clamped(pixels.bytes()), pixels.width(), pixels.height())?;
    context.put_image_data_with_dirty_x_and_dirty_y_and_dirty_width_and_dirty_height(
        &image,
        0.0,
        0.0,
        f64::from(columns.start),
        0.0,
        f64::from(columns.end - columns.start),
        f64::from(pixels.height()),
    )
}
