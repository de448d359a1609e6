//! One panel on screen: title, chart or tiles, legend.

mod choices;
mod values;

use std::ops::Range;
use std::rc::Rc;

use protocol::{Interval, SeriesId, Timestamp};
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::crosshair::{PlotFraction, ReadPoint};
use super::dom::{self, Text};
use super::foreign_text::{foreign, isolated};
use super::group_needs::{PanelPlace, Reads, ShownPanel};
use super::legend::{Legend, LegendContent};
use super::menu::Menu;
use super::navigation::{Fractions, span_text};
use super::panel_body::PanelBody;
use super::panel_help::PanelHelp;
use super::panel_source::PanelSource;
use super::past_requests::ChartOnScreen;
use super::render_context::{RenderContext, Shade};
use super::value_format::ValueFormat;
use crate::chart::Shown;
use crate::layout::{self, PanelSpec, PlacedPanel, Size};
use crate::store::{Group, SampleAge, Store};
use crate::surface::Color;

/// The time and the series of which values are shown.
#[derive(Clone, Debug)]
pub(super) struct ReadAt<'a> {
    /// The times on screen.
    pub(super) shown: Range<Timestamp>,
    /// The time of which the values are shown; the newest values without one.
    pub(super) at: Option<Timestamp>,
    pub(super) point: Option<&'a ReadPoint>,
}

/// A transform of more series has no earlier values: their summaries would take seconds.
const MOST_READ: usize = 1_000;

/// Summaries that are longer are stated.
const MANY_COLUMNS: u64 = 4;

/// The oldest row may be as much later than the left edge: of a live view, rows leave the rings.
const NO_LACK: Interval = Interval::from_secs(2);

#[derive(Debug)]
pub(super) struct Panel {
    spec: PanelSpec,
    source: PanelSource,
    hidden_groups: usize,
    /// The series that the filter of the page admits.
    among: Rc<Shown>,
    root: HtmlElement,
    title: Text,
    unit_note: Text,
    limit_note: Text,
    age: Text,
    body: PanelBody,
    legend: Legend,
    menu: Menu,
    _help: Option<PanelHelp>,
    format: ValueFormat,
    is_stale: bool,
    /// It is a transform, and a part of the view is older than the rows.
    reads_summaries: bool,
    /// The summaries that are shown are longer than columns: the samples of these times are not kept any more.
    coarse: Option<Interval>,
    /// Of the last drawing.
    visibility: Visibility,
    is_on_screen: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Visibility {
    /// The panel is far from the screen, or this is not known yet.
    Hidden,
    /// On screen or close to it, to be measured before it is drawn.
    Unmeasured,
    /// Not drawn since it was measured.
    Blank,
    Drawn,
}

impl Panel {
    /// A panel that is not in the page yet; `None` if its group does not exist.
    pub(super) fn new(placed: PlacedPanel, store: &mut Store) -> Result<Option<Self>, JsValue> {
        let Some(source) = PanelSource::bind(&placed, store) else { return Ok(None) };
        let Some(group) = source.shown(store) else { return Ok(None) };
        let root: HtmlElement = dom::element("section", classes(placed.spec.size))?;
        let head: HtmlElement = dom::element("header", "panel-head")?;
        let title: HtmlElement = dom::element("h3", "panel-title")?;
        let age: HtmlElement = dom::element("span", "panel-age")?;
        let unit_note: HtmlElement = dom::element("span", "panel-unit")?;
        let limit_note: HtmlElement = dom::element("span", "panel-limit")?;
        let (legend, menu) = (Legend::new()?, Menu::new(&placed.spec)?);
        head.append_with_node_5(&title, &unit_note, &limit_note, &age, legend.opener())?;
        head.append_child(menu.element())?;
        let help = help_of(&placed.spec, store.groups(), source.name()).map(PanelHelp::new).transpose()?;
        if let Some(help) = &help {
            head.insert_before(help.opener(), Some(menu.element()))?;
        }
        let format = format_of(&placed.spec, group);
        let mut body = PanelBody::new(placed.spec.options(), &format)?;
        body.set_shown(&placed.spec.shown);
        root.append_with_node_3(&head, body.element(), legend.element())?;
        if let Some(help) = &help {
            head.after_with_node_1(help.element())?;
        }
        root.set_attribute("data-group", source.name())?;
        let mut panel = Self {
            spec: placed.spec,
            source,
            hidden_groups: placed.hidden_groups,
            among: Rc::default(),
            root,
            title: Text::new(title),
            unit_note: Text::new(unit_note),
            limit_note: Text::new(limit_note),
            age: Text::new(age),
            body,
            legend,
            menu,
            _help: help,
            format,
            is_stale: false,
            reads_summaries: false,
            coarse: None,
            visibility: Visibility::Hidden,
            is_on_screen: false,
        };
        panel.describe(store)?;
        Ok(Some(panel))
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.root
    }

    pub(super) const fn spec(&self) -> &PanelSpec {
        &self.spec
    }

    /// On screen or close to it.
    pub(super) fn is_in_view(&self) -> bool {
        self.visibility != Visibility::Hidden
    }

    pub(super) const fn is_on_screen(&self) -> bool {
        self.is_on_screen
    }

    pub(super) const fn set_on_screen(&mut self, on_screen: bool) {
        self.is_on_screen = on_screen;
    }

    /// It is on screen, or was never drawn in this place.
    pub(super) fn awaits_drawing(&self) -> bool {
        self.is_on_screen || self.visibility == Visibility::Blank
    }

    /// Far from the screen a panel has no memory for pixels.
    pub(super) fn set_in_view(&mut self, in_view: bool) {
        if !in_view && self.is_in_view() {
            self.body.release();
        }
        self.visibility = match (in_view, self.visibility) {
            (false, _) => Visibility::Hidden,
            (true, Visibility::Hidden) => Visibility::Unmeasured,
            (true, known) => known,
        };
    }

    pub(super) fn awaits_measurement(&self) -> bool {
        self.visibility == Visibility::Unmeasured
    }

    /// Width and height of the body in CSS pixels.
    pub(super) fn measure(&self) -> (f64, f64) {
        let element = self.body.element();
        (f64::from(element.client_width()), f64::from(element.client_height()))
    }

    pub(super) fn resize(&mut self, size: (f64, f64), scale: f64, background: Color) -> Result<(), JsValue> {
        self.visibility = Visibility::Blank;
        self.body.resize(size, scale, background)
    }

    /// Draws everything for paper.
    pub(super) fn prepare_print(
        &mut self,
        size: (f64, f64),
        scale: f64,
        store: &Store,
        context: &RenderContext<'_>,
        shown: &Range<Timestamp>,
    ) -> Result<(), JsValue> {
        self.body.resize(size, scale, context.palette.panel)?;
        self.body.repaint();
        if let Some(group) = self.source.shown(store) {
            self.body.draw(group, context, shown.end, &self.format)?;
        }
        self.update_legend(store, &ReadAt { shown: shown.clone(), at: None, point: None }).map(drop)
    }

    /// Off screen it has no pixels again, on screen it is drawn in the colours of the screen.
    pub(super) fn finish_print(&mut self) {
        if self.is_in_view() {
            self.body.repaint();
        } else {
            self.body.release();
        }
    }

    /// Follows a change of the catalog.
    pub(super) fn bind(&mut self, group: usize, hidden_groups: usize, store: &mut Store) -> Result<(), JsValue> {
        let placed = PlacedPanel { spec: self.spec.clone(), group, hidden_groups };
        // The new use is registered before the old one is dropped, so that a group with both is not computed again.
        if let Some(source) = PanelSource::bind(&placed, store) {
            (self.source, self.hidden_groups) = (source, hidden_groups);
        }
        self.describe(store)
    }

    /// The measured group, whose default settings the address leaves out.
    pub(super) fn measured<'a>(&self, store: &'a Store) -> Option<&'a Group> {
        self.source.measured(store)
    }

    fn describe(&mut self, store: &Store) -> Result<(), JsValue> {
        let Some(group) = self.source.shown(store) else { return Ok(()) };
        let title = match (&self.spec.title, self.spec.query.transform) {
            (Some(title), _) => foreign(title).into_owned(),
            (None, Some(transform)) => format!("{}: {transform}", isolated(&group.title)),
            (None, None) => foreign(&group.title).into_owned(),
        };
        self.title.set_with_title(&title);
        let format = format_of(&self.spec, group);
        let unit_changed = format.unit != self.format.unit;
        self.format = format;
        if unit_changed {
            // The range of the axis is in the old unit.
            self.renew_body()?;
        }
        self.unit_note.set_with_title(self.format.long_unit.as_deref().unwrap_or_default());
        self.limit_note.set_with_title(&self.limits(store));
        self.root.class_list().toggle_with_force("has-tiles", self.spec.kind.is_tiles())?;
        self.legend.describe(group)?;
        self.body.describe(&title)
    }

    /// The part of the query that is not shown, and why.
    fn limits(&self, store: &Store) -> String {
        if let Some(error) = self.source.error(store) {
            foreign(&error).into_owned()
        } else if self.reads_summaries {
            "computed from summaries".to_owned()
        } else if let Some(bucket) = self.coarse {
            format!("summaries of {}: the samples are no longer kept", span_text(bucket))
        } else if self.hidden_groups > 0 {
            format!("{} more groups match and are not shown", self.hidden_groups)
        } else {
            let chosen = self.body.chosen();
            let left_out = match chosen.left_out() {
                0 => String::new(),
                more if self.spec.kind.is_tiles() => format!("{more} more series are not shown"),
                _ => format!("{} of {} series are shown", chosen.numbers().len(), chosen.in_window()),
            };
            let log_limit = match &self.body {
                PanelBody::Chart(chart) => chart.log_limit().to_string(),
                PanelBody::Tiles(_) | PanelBody::Refused(_) => String::new(),
            };
            let separator = if left_out.is_empty() || log_limit.is_empty() { "" } else { "; " };
            format!("{left_out}{separator}{log_limit}")
        }
    }

    pub(super) fn set_crosshair(&mut self, fraction: PlotFraction, label: &str) -> Result<(), JsValue> {
        self.body.set_crosshair(fraction, label)
    }

    pub(super) fn set_selection(&mut self, selected: Fractions) -> Result<(), JsValue> {
        self.body.set_selection(selected)
    }

    fn renew_body(&mut self) -> Result<(), JsValue> {
        let mut body = PanelBody::new(self.spec.options(), &self.format)?;
        body.set_shown(&self.spec.shown.and(&self.among));
        self.body.element().replace_with_with_node_1(body.element())?;
        self.body = body;
        self.legend.forget();
        if self.is_in_view() {
            self.visibility = Visibility::Unmeasured;
        }
        Ok(())
    }

    /// Draws changes. Returns true if a canvas changed.
    ///
    /// Hot: once a panel and display frame.
    pub(super) fn draw(
        &mut self,
        store: &Store,
        context: &RenderContext<'_>,
        right: Timestamp,
    ) -> Result<bool, JsValue> {
        let Some(group) = self.source.shown(store) else { return Ok(false) };
        self.visibility = Visibility::Drawn;
        let shade = if self.is_stale { Shade::Dimmed } else { context.shade };
        self.body.draw(group, &RenderContext { shade, ..*context }, right, &self.format)
    }

    /// Shows the values that are read. Returns the text of the series that is read, if it is one of this panel.
    pub(super) fn update_legend(&mut self, store: &Store, read: &ReadAt<'_>) -> Result<Option<String>, JsValue> {
        let Some(group) = self.source.shown(store) else { return Ok(None) };
        self.reads_summaries = self.source.is_derived()
            && group.past().has_buckets()
            && group.oldest().is_none_or(|oldest| oldest > read.shown.start + NO_LACK);
        self.coarse = self.coarse_summaries(group, &read.shown);
        let content = LegendContent {
            format: &self.format,
            times: &read.shown,
            read: read.at.map(|at| at..at),
            read_series: None,
            shown: &self.spec.shown,
            among: &self.among,
            order: self.spec.order,
        };
        let mut found = None;
        match &mut self.body {
            PanelBody::Chart(chart) => {
                let column = read.at.map(|at| chart.column_at(at, read.shown.end.since(read.shown.start)));
                let point = read.point.filter(|point| point.plot == *chart.element());
                found = chart.read(group, point.map(|point| point.series).zip(column.as_ref()), &self.format)?;
                let read_series = found.as_ref().map(|&(number, _)| number);
                self.legend.update(group, &LegendContent { read: column, read_series, ..content })?;
                if let Some(colors) = chart.color_range(&self.format) {
                    self.unit_note.set_with_title(&colors);
                }
            }
            PanelBody::Tiles(tiles) => tiles.update(group, &self.format),
            PanelBody::Refused(_) => self.legend.update(group, &content)?,
        }
        self.limit_note.set_with_title(&self.limits(store));
        Ok(found.map(|(_, text)| text))
    }

    /// Shows the age of the newest sample if it is stale at `now`, by the server's clock. Returns true if its chart must be drawn again. `newest` is
    /// the time of the newest sample of all groups.
    pub(super) fn mark_stale(
        &mut self,
        store: &Store,
        newest: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, JsValue> {
        let stale: Option<SampleAge> = self.source.measured(store).and_then(|group| group.shown_staleness(newest, now));
        let is_changed = self.is_stale != stale.is_some();
        if is_changed {
            self.is_stale = stale.is_some();
            self.root.class_list().toggle_with_force("is-stale", self.is_stale)?;
        }
        self.age.set(&stale.map_or_else(String::new, |stale| stale.to_string()));
        Ok(is_changed)
    }

    pub(super) fn shown(&self) -> ShownPanel<'_> {
        let place = if self.is_in_view() { PanelPlace::OnScreen } else { PanelPlace::OffScreen };
        let reads = match &self.body {
            PanelBody::Chart(_) if !self.source.is_derived() => Reads::Columns(self.body.chart_width()),
            PanelBody::Chart(_) | PanelBody::Tiles(_) | PanelBody::Refused(_) => Reads::Rows,
        };
        ShownPanel { group: self.source.name(), place, reads }
    }

    pub(super) const fn has_tiles(&self) -> bool {
        self.spec.kind.is_tiles()
    }

    /// The columns of its canvas, of which each is a length of time.
    pub(super) fn columns(&self) -> u32 {
        self.body.columns()
    }

    /// What its chart or its tiles read of the measured group, if it has a size and knows which series it draws.
    pub(super) fn chart(&self, store: &Store) -> Option<ChartOnScreen> {
        let (group, width_px) = (self.source.measured(store)?, self.body.chart_width()?);
        let series = if self.source.is_derived() {
            self.source.read(store).filter(|read| read.len() <= MOST_READ)?
        } else {
            self.drawn_series(group)?
        };
        Some(ChartOnScreen { group: group.name.clone(), title: group.title.clone(), width_px, series })
    }

    /// The length of the summaries from which it is drawn if that is many columns.
    fn coarse_summaries(&self, group: &Group, shown: &Range<Timestamp>) -> Option<Interval> {
        let width_px = self.body.chart_width().filter(|_| !self.source.is_derived())?;
        let column = Interval::from_micros(shown.end.since(shown.start).micros() / u64::from(width_px));
        let past = group.past();
        let is_read = past.range().is_some() && past.has_buckets() && !group.covers(shown.start, column);
        let is_coarse = past.longest().micros() > MANY_COLUMNS * column.micros().max(past.step().micros());
        (is_read && is_coarse).then(|| past.longest())
    }

    fn drawn_series(&self, group: &Group) -> Option<Vec<SeriesId>> {
        let chosen = self.body.chosen();
        if chosen.left_out() > 0 && group.rows().is_empty() {
            // The largest are known with the first row.
            return None;
        }
        let place = |&number: &usize| group.place_of_number(number);
        Some(chosen.numbers().iter().filter_map(|number| group.series()[place(number)?].id).collect())
    }

    pub(super) fn repaint(&mut self) {
        self.body.repaint();
    }
}

/// Tiles have no room for help.
fn help_of(spec: &PanelSpec, groups: &[Group], name: &str) -> Option<&'static str> {
    if spec.size == Size::Tile || !layout::is_host(groups) { None } else { layout::help_of(name) }
}

const fn classes(size: Size) -> &'static str {
    match size {
        Size::Normal => "panel",
        Size::Wide => "panel is-wide",
        Size::Tile => "panel is-tile",
    }
}

fn format_of(spec: &PanelSpec, group: &Group) -> ValueFormat {
    ValueFormat::new(spec.unit.as_deref().unwrap_or(&group.unit), &group.bounds)
}
