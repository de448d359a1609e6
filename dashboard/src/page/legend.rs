//! The legend of a panel: colour, name and value of each series. A click on an entry hides the series, a click with Shift shows it alone.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use protocol::Timestamp;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, MouseEvent};

use super::dom::{self, Text};
use super::legend_entry::{EntryState, LegendEntry, NUMBER};
use super::legend_order::{LegendOrder, LegendView};
use super::listener::Listener;
use super::value_format::ValueFormat;
use crate::chart::Shown;
use crate::layout::Order;
use crate::store::Group;
use crate::view;

/// Entries of a closed legend: the number that fits on the widest screen. Clipped text and scrolling lists cost more
/// than all charts.
const MAX_CLOSED_ENTRIES: usize = 12;

const MAX_OPEN_ENTRIES: usize = 500;

/// Entries that fit on the narrowest screen: up to this number, the button to open the legend is hidden.
const ALWAYS_VISIBLE_ENTRIES: usize = 8;

/// A choice of series in the legend, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LegendClick {
    /// Hide the series, or show it again.
    Toggle(usize),
    /// Show it alone, or all again.
    Alone(usize),
}

/// What the entries show.
#[derive(Clone, Debug)]
pub(super) struct LegendContent<'a> {
    pub(super) format: &'a ValueFormat,
    /// The times on screen.
    pub(super) times: &'a Range<Timestamp>,
    /// The column under the crosshair; the newest values are shown without one.
    pub(super) read: Option<Range<Timestamp>>,
    /// The series that is read in the chart, by number.
    pub(super) read_series: Option<usize>,
    pub(super) shown: &'a Shown,
    /// The series to list.
    pub(super) among: &'a Rc<Shown>,
    pub(super) order: Order,
}

#[derive(Debug)]
pub(super) struct Legend {
    root: HtmlElement,
    list: HtmlElement,
    filter: HtmlInputElement,
    order: LegendOrder,
    /// In the order of the list: another order is written into the same elements.
    entries: Vec<LegendEntry>,
    /// The number of series without an entry in an open list, as its last element.
    rest: Option<HtmlElement>,
    opener: HtmlElement,
    opener_text: Text,
    is_open: Rc<Cell<bool>>,
    choices: Rc<RefCell<Vec<LegendClick>>>,
    _listeners: [Listener; 3],
}

impl Legend {
    pub(super) fn new() -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("div", "legend-area")?;
        let list: HtmlElement = dom::element("ul", "legend")?;
        let filter: HtmlInputElement = dom::element("input", "legend-filter")?;
        filter.set_type("search");
        filter.set_placeholder("Filter series");
        filter.set_attribute("aria-label", "Filter series by name")?;
        filter.set_hidden(true);
        root.append_with_node_2(&filter, &list)?;
        let opener: HtmlElement = dom::element("button", "legend-opener")?;
        opener.set_attribute("type", "button")?;
        opener.set_attribute("aria-expanded", "false")?;
        let is_open = Rc::new(Cell::new(false));
        let (open, toggled, button, field) = (Rc::clone(&is_open), list.clone(), opener.clone(), filter.clone());
        let opening = Listener::new(opener.clone(), "click", move |_: Event| {
            open.set(!open.get());
            field.set_hidden(!open.get());
            let (state, name) = (if open.get() { "true" } else { "false" }, "is-open");
            // Cannot fail: the names are well formed.
            let _done = toggled
                .class_list()
                .toggle_with_force(name, open.get())
                .map(|_| button.set_attribute("aria-expanded", state));
        })?;
        let choices: Rc<RefCell<Vec<LegendClick>>> = Rc::default();
        let choosing = ["click", "dblclick"].map(|kind| {
            let choices = Rc::clone(&choices);
            Listener::new(list.clone(), kind, move |event: Event| choices.borrow_mut().extend(choice_of(&event)))
        });
        let [clicks, double_clicks] = choosing;
        let (order, opener_text) = (LegendOrder::default(), Text::new(opener.clone()));
        let (entries, rest, listeners) = (Vec::new(), None, [opening, clicks?, double_clicks?]);
        Ok(Self {
            root,
            list,
            filter,
            order,
            entries,
            rest,
            opener,
            opener_text,
            is_open,
            choices,
            _listeners: listeners,
        })
    }

    /// The button that opens and closes the list.
    pub(super) const fn opener(&self) -> &HtmlElement {
        &self.opener
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.root
    }

    /// The choices since the last call.
    pub(super) fn take_choices(&self) -> Vec<LegendClick> {
        self.choices.take()
    }

    fn max_entries(&self) -> usize {
        if self.is_open.get() { MAX_OPEN_ENTRIES } else { MAX_CLOSED_ENTRIES }
    }

    /// Follows a change of the catalog.
    pub(super) fn describe(&mut self, group: &Group) -> Result<(), JsValue> {
        if self.order.is_empty() {
            self.order.begin(group, self.max_entries());
        }
        self.show(group)
    }

    /// Makes the next call of [`describe`](Self::describe) list the series of another group.
    pub(super) fn forget(&mut self) {
        self.order = LegendOrder::default();
    }

    pub(super) fn update(&mut self, group: &Group, content: &LegendContent<'_>) -> Result<(), JsValue> {
        let filter = if self.is_open.get() { self.filter.value().trim().to_ascii_lowercase() } else { String::new() };
        let listed = LegendView {
            max_entries: self.max_entries(),
            shown: content.times.clone(),
            read: content.read.clone(),
            order: content.order,
            filter,
            among: Rc::clone(content.among),
        };
        if self.order.update(group, &listed) {
            self.show(group)?;
        }
        for (place, entry) in self.order.places(group).into_iter().zip(&mut self.entries) {
            let series = &group.series()[place];
            let value = match &content.read {
                Some(column) => group.reading(place, column).map(|reading| content.format.range_text(reading)),
                None => group.latest(place).map(|value| content.format.text(value)),
            };
            let state = EntryState {
                has_ended: group.has_ended(place),
                is_hidden: !content.shown.has(&series.name),
                is_read: content.read_series == Some(series.number),
            };
            entry.set_value(&value.unwrap_or_else(|| content.format.text(f64::NAN)), state)?;
        }
        Ok(())
    }

    /// Writes names and colours of the listed series, with as many entries.
    fn show(&mut self, group: &Group) -> Result<(), JsValue> {
        let places = self.order.places(group);
        for entry in self.entries.drain(places.len().min(self.entries.len())..) {
            entry.element().remove();
        }
        if let Some(rest) = self.rest.take() {
            rest.remove();
        }
        while self.entries.len() < places.len() {
            let entry = LegendEntry::new()?;
            self.list.append_child(entry.element())?;
            self.entries.push(entry);
        }
        let names = || places.iter().map(|&place| group.series()[place].name.as_str());
        for ((own, &place), entry) in places.iter().enumerate().zip(&mut self.entries) {
            let series = &group.series()[place];
            entry.describe(series, view::common_beginning(names(), &series.name, own))?;
        }
        let count = self.order.in_window();
        let is_filtered = !self.filter.value().is_empty();
        self.opener.set_hidden(count <= ALWAYS_VISIBLE_ENTRIES && !is_filtered);
        self.opener_text.set(&format!("{count} series"));
        let more = count.saturating_sub(self.entries.len());
        if self.is_open.get() && more > 0 {
            let rest: HtmlElement = dom::element("li", "legend-entry legend-rest")?;
            rest.set_text_content(Some(&format!("{more} more series are not listed")));
            self.list.append_child(&rest)?;
            self.rest = Some(rest);
        }
        Ok(())
    }
}

/// What a click on an entry chooses.
fn choice_of(event: &Event) -> Option<LegendClick> {
    let target: Element = event.target()?.dyn_into().ok()?;
    let number = target.closest(&format!("[{NUMBER}]")).ok()??.get_attribute(NUMBER)?.parse().ok()?;
    let click: &MouseEvent = event.dyn_ref()?;
    let is_alone = event.type_() == "dblclick" || click.shift_key() || click.ctrl_key() || click.meta_key();
    Some(if is_alone { LegendClick::Alone(number) } else { LegendClick::Toggle(number) })
}
