//! One group on screen: title, chart or tiles, legend.

use protocol::Timestamp;
use wasm_bindgen::JsValue;
use web_sys::HtmlElement;

use super::chart_view::ChartView;
use super::crosshair::PlotFraction;
use super::dom::{self, Text};
use super::legend::Legend;
use super::menu::Menu;
use super::render_context::RenderContext;
use super::tiles_view::TilesView;
use super::value_format::ValueFormat;
use crate::chart::Options;
use crate::chart::live::MAX_SERIES_DRAWN;
use crate::store::{DerivedGroup, Group, Stale};
use crate::surface::Color;
use crate::view::Steps;

#[derive(Debug)]
pub(super) struct Panel {
    name: String,
    root: HtmlElement,
    title: Text,
    unit_note: Text,
    limit_note: Text,
    age: Text,
    body: Body,
    legend: Legend,
    menu: Menu,
    options: Options,
    /// What is shown in place of the group itself.
    derived: Option<DerivedGroup>,
    format: ValueFormat,
    is_stale: bool,
    sight: InSight,
}

/// What shows the values.
#[derive(Debug)]
enum Body {
    Chart(ChartView),
    Tiles(TilesView),
}

impl Body {
    fn new(options: Options, format: &ValueFormat) -> Result<Self, JsValue> {
        let steps = Steps::of(&format.unit);
        if options.kind.is_tiles() {
            TilesView::new(options.kind, steps).map(Self::Tiles)
        } else {
            ChartView::new(options, steps).map(Self::Chart)
        }
    }

    const fn element(&self) -> &HtmlElement {
        match self {
            Self::Chart(chart) => chart.element(),
            Self::Tiles(tiles) => tiles.element(),
        }
    }

    fn release(&mut self) {
        match self {
            Self::Chart(chart) => chart.release(),
            Self::Tiles(tiles) => tiles.release(),
        }
    }
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
        let (legend, menu) = (Legend::new()?, Menu::new(options)?);
        head.append_with_node_5(&title, &unit_note, &limit_note, &age, legend.opener())?;
        head.append_child(menu.element())?;
        let format = ValueFormat::new(&group.unit, &group.bounds);
        let body = Body::new(options, &format)?;
        root.append_with_node_3(&head, body.element(), legend.element())?;
        let mut panel = Self {
            name: group.name.clone(),
            root,
            title: Text::new(title),
            unit_note: Text::new(unit_note),
            limit_note: Text::new(limit_note),
            age: Text::new(age),
            body,
            legend,
            menu,
            options,
            derived: None,
            format,
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
            self.body.release();
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

    /// Width and height of the chart with its labels, in CSS pixels.
    pub(super) fn measure(&self) -> (f64, f64) {
        let element = self.body.element();
        (f64::from(element.client_width()), f64::from(element.client_height()))
    }

    /// Fits the chart to what was measured, empty on `ground` until it is drawn.
    pub(super) fn resize(&mut self, size: (f64, f64), scale: f64, ground: Color) -> Result<(), JsValue> {
        self.sight = InSight::Yes;
        match &mut self.body {
            Body::Chart(chart) => chart.resize(size, scale, ground),
            Body::Tiles(tiles) => tiles.resize(size, scale),
        }
    }

    /// Takes over what the catalog says.
    pub(super) fn describe(&mut self, source: &Group) -> Result<(), JsValue> {
        let derived = self.derived.take();
        let described = self.describe_shown(derived.as_ref().map_or(source, DerivedGroup::group));
        self.derived = derived;
        described
    }

    fn describe_shown(&mut self, group: &Group) -> Result<(), JsValue> {
        let title = match self.options.transform {
            Some(derivation) => format!("{}: {derivation}", group.title),
            None => group.title.clone(),
        };
        self.title.set(&title);
        let format = ValueFormat::new(&group.unit, &group.bounds);
        let unit_changed = format.unit != self.format.unit;
        self.format = format;
        if unit_changed {
            // What the axis has seen means nothing in another unit.
            self.renew_body()?;
        }
        self.unit_note.set(self.format.long_unit.as_deref().unwrap_or_default());
        let series = group.series().len();
        self.limit_note.set(&if series > MAX_SERIES_DRAWN {
            format!("the first {MAX_SERIES_DRAWN} of {series} series")
        } else {
            String::new()
        });
        self.root.class_list().toggle_with_force("has-tiles", self.options.kind.is_tiles())?;
        self.legend.rebuild(group)?;
        match &mut self.body {
            Body::Chart(chart) => chart.describe(&title),
            Body::Tiles(_) => Ok(()),
        }
    }

    /// What a person has chosen since this was last asked.
    pub(super) fn take_options(&mut self, source: &Group) -> Result<Option<Options>, JsValue> {
        let Some(options) = self.menu.take() else { return Ok(None) };
        self.options = options;
        self.derived = None;
        self.renew_body()?;
        self.describe(source)?;
        Ok(Some(options))
    }

    /// Puts the line across the chart, with what is written at it.
    pub(super) fn set_crosshair(&mut self, fraction: PlotFraction, label: &str) -> Result<(), JsValue> {
        match &mut self.body {
            Body::Chart(chart) => chart.set_crosshair(fraction, label),
            Body::Tiles(_) => Ok(()),
        }
    }

    /// Begins anew with what shows the values.
    fn renew_body(&mut self) -> Result<(), JsValue> {
        let body = Body::new(self.options, &self.format)?;
        self.body.element().replace_with_with_node_1(body.element())?;
        self.body = body;
        if self.is_in_view() {
            self.sight = InSight::Unmeasured;
        }
        Ok(())
    }

    /// Draws what changed. Whether anything was put on screen.
    ///
    /// Hot: once a panel and display frame.
    pub(super) fn draw(
        &mut self,
        source: &Group,
        context: &RenderContext<'_>,
        now: Timestamp,
    ) -> Result<bool, JsValue> {
        let derived = self.derive(source)?;
        let group = derived.as_ref().map_or(source, DerivedGroup::group);
        let drawn = match &mut self.body {
            Body::Chart(chart) => chart.draw(group, context, now, &self.format),
            Body::Tiles(tiles) => tiles.draw(group, context, now),
        };
        self.derived = derived;
        drawn
    }

    /// What is shown in place of the group, up to its newest row; none where the group itself is.
    fn derive(&mut self, source: &Group) -> Result<Option<DerivedGroup>, JsValue> {
        let Some(derivation) = self.options.transform else { return Ok(None) };
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

    /// Shows each series' value at a time; its newest where that is none.
    pub(super) fn update_legend(&mut self, source: &Group, at: Option<Timestamp>) -> Result<(), JsValue> {
        let derived = self.derived.take();
        let updated = self.show_values(derived.as_ref().map_or(source, DerivedGroup::group), at);
        self.derived = derived;
        updated
    }

    fn show_values(&mut self, group: &Group, at: Option<Timestamp>) -> Result<(), JsValue> {
        match &mut self.body {
            Body::Chart(chart) => {
                self.legend.update(group, &self.format, at)?;
                if let Some(colors) = chart.color_range(&self.format) {
                    self.unit_note.set(&colors);
                }
            }
            Body::Tiles(tiles) => {
                tiles.update(group, &self.format);
                let hidden = tiles.hidden_series(group);
                self.limit_note.set(&if hidden > 0 {
                    format!("{hidden} more series are not shown")
                } else {
                    String::new()
                });
            }
        }
        Ok(())
    }

    /// Says how long ago the newest sample was when that is too long, and that it is the present when it is not.
    pub(super) fn mark_stale(&mut self, stale: Option<Stale>) -> Result<(), JsValue> {
        if self.is_stale != stale.is_some() {
            self.is_stale = stale.is_some();
            self.root.class_list().toggle_with_force("is-stale", self.is_stale)?;
        }
        self.age.set(&stale.map_or_else(String::new, |stale| format!("last sample {stale}")));
        Ok(())
    }

    /// Draws the axes anew at the next frame.
    pub(super) fn repaint_axes(&mut self) {
        if let Body::Chart(chart) = &mut self.body {
            chart.repaint_axes();
        }
    }
}
