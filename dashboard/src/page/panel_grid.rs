//! The panels of the page. Those on screen are drawn.

mod choices;

use std::collections::HashMap;
use std::ops::Range;

use protocol::{Interval, Timestamp};
use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement};

use super::chart_view::ChartView;
use super::crosshair::PlotFraction;
use super::dom;
use super::frame_pace::{Reach, column_due};
use super::group_needs::ShownPanel;
use super::label_filter::LabelFilter;
use super::menu::PanelAction;
use super::navigation::Fractions;
use super::panel::{Panel, ReadAt};
use super::panel_row::{self, PanelRow};
use super::past_requests::ChartOnScreen;
use super::render_context::RenderContext;
use super::visibility_observer::Observers;
use crate::layout::{Layout, PanelSpec, Size};
use crate::link::Clock;
use crate::store::Store;
use crate::surface::Color;
use crate::view::Window;
use crate::viewport::Viewport;

/// With more panels, the browser's layout takes seconds.
pub(super) const MAX_PANELS: usize = 2_000;

/// Drawing time of a display frame. The remaining panels are drawn in the next one, so that the page stays responsive. Half of
/// a display frame: the other half is for the browser and for incoming messages.
const FRAME_BUDGET_US: i64 = 8_000;

/// Panels on paper. The pixels of so many take about 300 MB.
const MAX_PRINTED_PANELS: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drawn {
    Completely,
    /// The time of a display frame did not suffice for all panels.
    Partly,
}

/// Whether the page shows any panel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum PanelsShown {
    #[default]
    Some,
    NoPanel,
    /// By the filter.
    AllHidden,
}

#[derive(Debug)]
pub(super) struct PanelGrid {
    element: HtmlElement,
    rows: Vec<PanelRow>,
    /// In the order of the rows.
    panels: Vec<Panel>,
    /// Panels of the address and of the menus, which differ from the default layout.
    chosen: Vec<PanelSpec>,
    filter: Option<LabelFilter>,
    /// In place of the default layout of the catalog.
    layout: Option<Layout>,
    panels_shown: PanelsShown,
    has_named_unplaced: bool,
    observers: Option<Observers>,
    size_changed: bool,
    /// Device pixels per CSS pixel at the last measurement.
    scale: f64,
    /// The panel with which the next display frame starts.
    next: usize,
}

impl PanelGrid {
    pub(super) fn new(chosen: Vec<PanelSpec>, filter: Option<LabelFilter>) -> Result<Self, JsValue> {
        let element = dom::by_id("panels")?;
        let (rows, panels) = (Vec::new(), Vec::new());
        Ok(Self {
            element,
            rows,
            panels,
            chosen,
            filter,
            layout: None,
            panels_shown: PanelsShown::default(),
            has_named_unplaced: false,
            observers: None,
            size_changed: true,
            scale: 0.0,
            next: 0,
        })
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.element
    }

    /// Sets the observers that call [`set_in_view`](Self::set_in_view) and [`set_on_screen`](Self::set_on_screen).
    pub(super) fn set_observers(&mut self, observers: Observers) {
        self.panels.iter().for_each(|panel| observers.observe(panel.element()));
        self.observers = Some(observers);
    }

    pub(super) fn set_in_view(&mut self, element: &Element, in_view: bool) {
        if let Some(panel) = self.panel_mut(element) {
            panel.set_in_view(in_view);
        }
    }

    pub(super) fn set_on_screen(&mut self, element: &Element, on_screen: bool) {
        if let Some(panel) = self.panel_mut(element) {
            panel.set_on_screen(on_screen);
        }
    }

    fn panel_mut(&mut self, element: &Element) -> Option<&mut Panel> {
        self.panels.iter_mut().find(|panel| panel.element().is_same_node(Some(element)))
    }

    /// Measures the panels before the next display frame.
    pub(super) fn size_changed(&mut self) {
        self.size_changed = true;
    }

    pub(super) fn len(&self) -> usize {
        self.panels.len()
    }

    pub(super) fn in_view(&self) -> usize {
        self.panels.iter().filter(|panel| panel.is_in_view()).count()
    }

    /// What the panels read. A group may occur several times.
    pub(super) fn shown(&self) -> impl Iterator<Item = ShownPanel<'_>> {
        self.panels.iter().map(Panel::shown)
    }

    /// The width of a chart in columns: that of the first panel, or of one that is in the page for a moment.
    pub(super) fn expected_width(&self) -> Result<u32, JsValue> {
        let scale = dom::window()?.device_pixel_ratio();
        if let Some(panel) = self.panels.iter().find(|panel| panel.spec().size == Size::Normal) {
            return Ok(ChartView::columns(panel.measure().0, scale));
        }
        let element = |tag, class| dom::element::<HtmlElement>(tag, class);
        let (row, panel, body) = (element("div", "row-panels")?, element("section", "panel")?, element("div", "plot")?);
        panel.append_child(&body)?;
        row.append_child(&panel)?;
        self.element.append_child(&row)?;
        let width = f64::from(body.client_width());
        row.remove();
        Ok(ChartView::columns(width, scale))
    }

    /// The charts on screen of measured groups, with their sizes.
    pub(super) fn charts_on_screen(&self, store: &Store) -> Vec<ChartOnScreen> {
        let in_view = || self.panels.iter().filter(|panel| panel.is_in_view());
        // The overview shows the first, which should be a chart and not tiles.
        let (charts, computed) =
            (in_view().filter(|panel| !panel.has_tiles()), in_view().filter(|panel| panel.has_tiles()));
        charts.chain(computed).filter_map(|panel| panel.chart(store)).collect()
    }

    pub(super) fn repaint(&mut self) {
        self.panels.iter_mut().for_each(Panel::repaint);
    }

    /// Arranges the panels for the catalog. Panels with the same selector are kept.
    pub(super) fn rebuild(&mut self, store: &mut Store) -> Result<(), JsValue> {
        let panels = std::mem::take(&mut self.panels);
        let mut old: HashMap<String, Panel> =
            panels.into_iter().map(|panel| (panel.spec().query.selector.to_string(), panel)).collect();
        let mut old_rows = std::mem::take(&mut self.rows);
        let layout = self.layout.clone().unwrap_or_else(|| Layout::of_catalog(store.groups()));
        let layout = layout.with(&self.chosen, store.groups());
        for mut of_row in layout.place(store.groups()) {
            let row = match old_rows.iter().position(|row| row.is_of(&of_row)) {
                Some(place) => old_rows.remove(place),
                None => PanelRow::new(&of_row)?,
            };
            let first = self.panels.len();
            for placed in std::mem::take(&mut of_row.panels).into_iter().take(MAX_PANELS - first) {
                if let Some(mut panel) = old.remove(&placed.spec.query.selector.to_string()) {
                    panel.bind(placed.group, placed.hidden_groups, store)?;
                    self.panels.push(panel);
                } else if let Some(panel) = Panel::new(placed, store)? {
                    self.size_changed = true;
                    if let Some(observers) = &self.observers {
                        observers.observe(panel.element());
                    }
                    self.panels.push(panel);
                }
            }
            panel_row::order(row.body(), self.panels[first..].iter().map(Panel::element))?;
            row.set_count(self.panels.len() - first)?;
            self.rows.push(row);
        }
        for removed in old.into_values() {
            if let Some(observers) = &self.observers {
                observers.unobserve(removed.element());
            }
            removed.element().remove();
            self.size_changed = true;
        }
        for row in old_rows {
            row.element().remove();
        }
        panel_row::order(&self.element, self.rows.iter().map(PanelRow::element))?;
        self.panels.iter_mut().for_each(|panel| panel.set_filter(self.filter.as_ref(), store));
        self.note_shown();
        Ok(())
    }

    /// Sets a layout in place of the default one. The panels are made again by the next [`rebuild`](Self::rebuild): those with the same
    /// selector may have other settings.
    pub(super) fn set_layout(&mut self, layout: Layout) {
        self.layout = Some(layout);
        for panel in self.panels.drain(..) {
            if let Some(observers) = &self.observers {
                observers.unobserve(panel.element());
            }
            panel.element().remove();
        }
    }

    /// Shows only series with some labels, or all.
    pub(super) fn set_filter(&mut self, filter: Option<LabelFilter>, store: &Store) {
        self.filter = filter;
        self.panels.iter_mut().for_each(|panel| panel.set_filter(self.filter.as_ref(), store));
        self.note_shown();
        self.size_changed = true;
    }

    /// Returns, once, a selector of the address that selects nothing.
    pub(super) fn take_unplaced(&mut self) -> Option<String> {
        if std::mem::replace(&mut self.has_named_unplaced, true) {
            return None;
        }
        let is_placed =
            |spec: &PanelSpec| self.panels.iter().any(|panel| panel.spec().query.selector == spec.query.selector);
        // The selector of a panel may have become that of a group of the same name.
        let is_group = |spec: &PanelSpec| {
            let text = spec.query.selector.to_string();
            self.panels.iter().any(|panel| panel.spec().query.selector.whole_group() == Some(&text))
        };
        let unplaced = self.chosen.iter().find(|spec| !is_placed(spec) && !is_group(spec));
        let unplaced = unplaced.map(|spec| spec.query.selector.to_string());
        self.has_named_unplaced = unplaced.is_some();
        unplaced
    }

    pub(super) const fn panels_shown(&self) -> PanelsShown {
        self.panels_shown
    }

    fn note_shown(&mut self) {
        let is_hidden = |panel: &Panel| panel.element().hidden();
        self.panels_shown = if self.panels.is_empty() {
            PanelsShown::NoPanel
        } else if self.filter.is_some() && self.panels.iter().all(is_hidden) {
            PanelsShown::AllHidden
        } else {
            PanelsShown::Some
        };
    }

    /// Draws changes on screen. Returns also the number of panels whose canvas changed.
    ///
    /// Hot: once a display frame.
    pub(super) fn draw(
        &mut self,
        store: &Store,
        context: &RenderContext<'_>,
        right: Timestamp,
        reach: Reach,
        clock: &dyn Clock,
    ) -> Result<(Drawn, u64), JsValue> {
        self.measure_panels(context.palette.panel)?;
        let start = clock.now();
        let (mut commits, count) = (0, self.panels.len());
        for place in (0..count).map(|step| (self.next + step) % count) {
            let panel = &mut self.panels[place];
            if !panel.is_in_view() || (reach == Reach::OnScreen && !panel.awaits_drawing()) {
                continue;
            }
            if clock.now().micros_since(start) > FRAME_BUDGET_US {
                self.next = place;
                return Ok((Drawn::Partly, commits));
            }
            commits += u64::from(panel.draw(store, context, right)?);
        }
        self.next = 0;
        Ok((Drawn::Completely, commits))
    }

    /// Draws all panels, also those off screen, up to a bound, in the colours of the context.
    pub(super) fn prepare_print(
        &mut self,
        store: &Store,
        context: &RenderContext<'_>,
        shown: &Range<Timestamp>,
    ) -> Result<(), JsValue> {
        let scale = dom::window()?.device_pixel_ratio();
        self.rows.iter().for_each(|row| row.set_printed(true));
        let panels = || self.panels.iter().take(MAX_PRINTED_PANELS);
        let sizes: Vec<_> = panels().map(Panel::measure).collect();
        for (panel, size) in self.panels.iter_mut().zip(sizes) {
            panel.prepare_print(size, scale, store, context, shown)?;
        }
        Ok(())
    }

    /// Frees the pixels of panels off screen, and draws the others again.
    pub(super) fn finish_print(&mut self) {
        self.rows.iter().for_each(|row| row.set_printed(false));
        self.panels.iter_mut().for_each(Panel::finish_print);
        self.size_changed = true;
    }

    /// The time within which the narrowest chart on screen must move by a column; wider ones move by several then. `None` if none moves.
    pub(super) fn column_due(&self, viewport: &Viewport) -> Option<Interval> {
        if viewport.is_fixed() {
            return None;
        }
        let in_view = self.panels.iter().filter(|panel| panel.is_on_screen());
        let (tiles, charts): (Vec<&Panel>, Vec<&Panel>) = in_view.partition(|panel| panel.has_tiles());
        let shown = if charts.is_empty() { tiles } else { charts };
        let widths = shown.into_iter().map(Panel::columns).filter(|&columns| columns > 0);
        widths.min().map(|columns| column_due(&Window::new(viewport.span(), columns), viewport.right()))
    }

    /// Shows the values that are read. Returns the text of the series that is read.
    pub(super) fn update_legends(&mut self, store: &Store, read: &ReadAt<'_>) -> Result<Option<String>, JsValue> {
        let mut in_view = self.panels.iter_mut().filter(|panel| panel.is_in_view());
        in_view.try_fold(None, |found, panel| Ok(panel.update_legend(store, read)?.or(found)))
    }

    /// The columns of a plot.
    pub(super) fn columns_of(&self, plot: &Element) -> u32 {
        self.around(plot).map_or(0, Panel::columns)
    }

    /// Marks the panels with stale samples at `now`, by the server's clock. Returns true if a chart must be drawn again.
    pub(super) fn mark_stale(&mut self, store: &Store, now: Timestamp) -> Result<bool, JsValue> {
        let newest = store.newest();
        self.panels
            .iter_mut()
            .try_fold(false, |is_changed, panel| Ok(panel.mark_stale(store, newest, now)? | is_changed))
    }

    pub(super) fn set_crosshair(&mut self, fraction: PlotFraction, label: &str) -> Result<(), JsValue> {
        let mut in_view = self.panels.iter_mut().filter(|panel| panel.is_in_view());
        in_view.try_for_each(|panel| panel.set_crosshair(fraction, label))
    }

    /// The panel around an element.
    pub(super) fn around(&self, element: &Element) -> Option<&Panel> {
        self.panels.iter().find(|panel| panel.element().contains(Some(element)))
    }

    /// The act that was chosen in the menu of a panel.
    pub(super) fn take_action(&self) -> Option<(PanelAction, &Panel)> {
        let mut in_view = self.panels.iter().filter(|panel| panel.is_in_view());
        in_view.find_map(|panel| Some((panel.take_action()?, panel)))
    }

    /// Marks the selected part of the width in the charts on screen.
    pub(super) fn set_selection(&mut self, selected: Fractions) -> Result<(), JsValue> {
        let mut in_view = self.panels.iter_mut().filter(|panel| panel.is_in_view());
        in_view.try_for_each(|panel| panel.set_selection(selected))
    }

    /// Fits the panels on screen. All are measured before the first is resized: each resize invalidates the browser's layout.
    fn measure_panels(&mut self, background: Color) -> Result<(), JsValue> {
        let scale = dom::window()?.device_pixel_ratio();
        // A window that moves to another screen keeps its size in CSS pixels: the browser reports no change of it.
        let is_other_screen = std::mem::replace(&mut self.scale, scale).to_bits() != scale.to_bits();
        let all = std::mem::take(&mut self.size_changed) || is_other_screen;
        let panels = self.panels.iter_mut().filter(|panel| panel.is_in_view() && (all || panel.awaits_measurement()));
        let measured: Vec<_> = panels.map(|panel| (panel.measure(), panel)).collect();
        measured.into_iter().try_for_each(|(size, panel)| panel.resize(size, scale, background))
    }
}
