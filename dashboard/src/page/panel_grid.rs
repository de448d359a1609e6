//! The wall: one panel a group, of which those on screen are drawn.

use std::collections::{BTreeMap, HashMap};

use protocol::Timestamp;
use wasm_bindgen::JsValue;
use web_sys::{Element, HtmlElement};

use super::address;
use super::crosshair::PlotFraction;
use super::dom;
use super::panel::Panel;
use super::parameters::SHOW;
use super::render_context::RenderContext;
use super::visibility_observer::VisibilityObserver;
use crate::chart::Options;
use crate::link::Clock;
use crate::store::Store;
use crate::surface::Color;

/// Panels that a page makes. Beyond, laying the page out takes longer than anybody waits.
pub(super) const MAX_PANELS: usize = 2_000;

/// A frame that has drawn for so long leaves the other panels to the next one, so that the page stays at hand. Half of a
/// display frame: the other half is for the browser to show it, and for what comes in.
const FRAME_BUDGET_US: i64 = 8_000;

/// The attribute that tells a panel's element which group it shows.
const GROUP: &str = "data-group";

#[derive(Debug)]
pub(super) struct PanelGrid {
    element: HtmlElement,
    /// In the order of the store's groups.
    panels: Vec<Panel>,
    /// By the names of groups.
    options: BTreeMap<String, Options>,
    observer: Option<VisibilityObserver>,
    size_is_old: bool,
    /// Where the next frame begins to draw.
    next: usize,
}

impl PanelGrid {
    /// A wall without panels, whose groups will be shown as `options` say.
    pub(super) fn new(options: BTreeMap<String, Options>) -> Result<Self, JsValue> {
        let element = dom::by_id("panels")?;
        Ok(Self { element, panels: Vec::new(), options, observer: None, size_is_old: true, next: 0 })
    }

    /// The element, whose size the panels follow.
    pub(super) const fn element(&self) -> &HtmlElement {
        &self.element
    }

    /// Takes what will call [`seen`](Self::seen).
    pub(super) fn set_observer(&mut self, observer: VisibilityObserver) {
        self.panels.iter().for_each(|panel| observer.observe(panel.element()));
        self.observer = Some(observer);
    }

    /// A panel's element came on screen or left it.
    pub(super) fn set_in_view(&mut self, element: &Element, in_view: bool) {
        let Some(name) = element.get_attribute(GROUP) else { return };
        if let Some(panel) = self.panels.iter_mut().find(|panel| panel.name() == name) {
            panel.set_in_view(in_view);
        }
    }

    /// The wall's size or the screen's changed: measure before the next frame.
    pub(super) fn size_changed(&mut self) {
        self.size_is_old = true;
    }

    /// How many panels there are.
    pub(super) fn len(&self) -> usize {
        self.panels.len()
    }

    /// How many of them are on screen.
    pub(super) fn in_view(&self) -> usize {
        self.panels.iter().filter(|panel| panel.is_in_view()).count()
    }

    /// Draws all axes anew at the next frame.
    pub(super) fn repaint_axes(&mut self) {
        self.panels.iter_mut().for_each(Panel::repaint_axes);
    }

    /// One panel a group, in the order of the catalog. Panels that are there stay as they are.
    pub(super) fn rebuild(&mut self, store: &Store) -> Result<(), JsValue> {
        let panels = std::mem::take(&mut self.panels);
        let mut old: HashMap<String, Panel> =
            panels.into_iter().map(|panel| (panel.name().to_owned(), panel)).collect();
        for group in store.groups().iter().take(MAX_PANELS) {
            let panel = if let Some(mut panel) = old.remove(&group.name) {
                panel.describe(group)?;
                panel
            } else {
                self.size_is_old = true;
                let options = self.options.get(&group.name).copied();
                self.admit(Panel::new(group, options.unwrap_or_else(|| Options::usual(group)))?)?
            };
            self.panels.push(panel);
        }
        for gone in old.into_values() {
            if let Some(observer) = &self.observer {
                observer.unobserve(gone.element());
            }
            gone.element().remove();
            self.size_is_old = true;
        }
        Ok(())
    }

    fn admit(&self, panel: Panel) -> Result<Panel, JsValue> {
        panel.element().set_attribute(GROUP, panel.name())?;
        self.element.append_child(panel.element())?;
        if let Some(observer) = &self.observer {
            observer.observe(panel.element());
        }
        Ok(panel)
    }

    /// Draws what has changed on screen. How many canvases were changed.
    ///
    /// Hot: once a display frame.
    pub(super) fn draw(
        &mut self,
        store: &Store,
        context: &RenderContext<'_>,
        right: Timestamp,
        clock: &dyn Clock,
    ) -> Result<u64, JsValue> {
        self.lay_out(context.palette.panel)?;
        let start = clock.now();
        let (mut commits, count) = (0, self.panels.len().min(store.groups().len()));
        for place in (0..count).map(|step| (self.next + step) % count) {
            let panel = &mut self.panels[place];
            if !panel.is_in_view() {
                continue;
            }
            if clock.now().micros_since(start) > FRAME_BUDGET_US {
                self.next = place;
                return Ok(commits);
            }
            commits += u64::from(panel.draw(&store.groups()[place], context, right)?);
        }
        self.next = 0;
        Ok(commits)
    }

    /// Takes over what a person has chosen in the panels' menus, and writes it into the address.
    pub(super) fn take_choices(&mut self, store: &Store) -> Result<(), JsValue> {
        for (panel, group) in self.panels.iter_mut().zip(store.groups()).filter(|(panel, _)| panel.is_in_view()) {
            let Some(options) = panel.take_options(group)? else { continue };
            let text = (options != Options::usual(group)).then(|| options.to_string());
            address::set(&format!("{SHOW}{}", panel.name()), text.as_deref())?;
            self.options.insert(panel.name().to_owned(), options);
        }
        Ok(())
    }

    /// Shows values beside the panels on screen: those of a time, or the newest.
    pub(super) fn update_legends(&mut self, store: &Store, at: Option<Timestamp>) -> Result<(), JsValue> {
        for (panel, group) in self.panels.iter_mut().zip(store.groups()).filter(|(panel, _)| panel.is_in_view()) {
            panel.update_legend(group, at)?;
        }
        Ok(())
    }

    /// Marks the panels whose newest sample is too old at `now`, by the server's clock.
    pub(super) fn mark_stale(&mut self, store: &Store, now: Timestamp) -> Result<(), JsValue> {
        let mut panels = self.panels.iter_mut().zip(store.groups());
        panels.try_for_each(|(panel, group)| panel.mark_stale(group.stale(now)))
    }

    /// Puts the line across the charts on screen.
    pub(super) fn set_crosshair(&mut self, fraction: PlotFraction, label: &str) -> Result<(), JsValue> {
        let mut on_screen = self.panels.iter_mut().filter(|panel| panel.is_in_view());
        on_screen.try_for_each(|panel| panel.set_crosshair(fraction, label))
    }

    /// Fits the panels on screen that have to be. All are measured before any is changed: a change makes the browser lay
    /// the page out anew at the next measurement.
    fn lay_out(&mut self, ground: Color) -> Result<(), JsValue> {
        let all = std::mem::take(&mut self.size_is_old);
        let scale = dom::window()?.device_pixel_ratio();
        let panels = self.panels.iter_mut().filter(|panel| panel.is_in_view() && (all || panel.awaits_layout()));
        let measured: Vec<_> = panels.map(|panel| (panel.measure(), panel)).collect();
        measured.into_iter().try_for_each(|(size, panel)| panel.resize(size, scale, ground))
    }
}
