//! Finds series, panels, actions, spans and labels by some of their letters.

use std::cell::RefCell;
use std::rc::Rc;

use protocol::Interval;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlDialogElement, HtmlElement, HtmlInputElement, KeyboardEvent};

use super::command::{COMMANDS, Command};
use super::dom;
use super::foreign_text::{foreign, isolated};
use super::label_filter::LabelFilter;
use super::listener::Listener;
use super::navigation::span_text;
use crate::find::Index;
use crate::store::{Group, Store};
use crate::viewport::spans;

/// Results in the list.
const RESULTS: usize = 20;

/// Labels that are offered for one that is being typed.
const LABELS: usize = 10;

/// The attribute with the place of a result in the list.
const PLACE: &str = "data-place";

/// What can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    Command(Command),
    Span(Interval),
    Panel {
        group: Rc<str>,
    },
    /// By its number in the group.
    Series {
        group: Rc<str>,
        number: usize,
    },
    /// Show only series with these labels.
    Filter(String),
}

/// What keys and clicks have done since the last display frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Typed,
    Up,
    Down,
    Choose,
    ChooseAt(usize),
}

#[derive(Debug)]
pub(super) struct Finder {
    dialog: HtmlDialogElement,
    input: HtmlInputElement,
    list: HtmlElement,
    count: HtmlElement,
    index: Index,
    entries: Vec<Finding>,
    results: Vec<Finding>,
    selected: usize,
    inputs: Rc<RefCell<Vec<Input>>>,
    _listeners: [Listener; 3],
}

impl Finder {
    pub(super) fn new() -> Result<Self, JsValue> {
        let (input, list): (HtmlInputElement, HtmlElement) = (dom::by_id("finder-text")?, dom::by_id("finder-list")?);
        let inputs: Rc<RefCell<Vec<Input>>> = Rc::default();
        let listen = |target: &HtmlElement, kind, act: fn(&Event) -> Option<Input>| {
            let inputs = Rc::clone(&inputs);
            Listener::new(target.clone(), kind, move |event: Event| inputs.borrow_mut().extend(act(&event)))
        };
        let listeners = [
            listen(&input, "input", |_| Some(Input::Typed))?,
            listen(&input, "keydown", input_of_key)?,
            listen(&list, "click", |event| Some(Input::ChooseAt(place_of(event)?)))?,
        ];
        Ok(Self {
            dialog: dom::by_id("finder")?,
            input,
            list,
            count: dom::by_id("finder-count")?,
            index: Index::default(),
            entries: Vec::new(),
            results: Vec::new(),
            selected: 0,
            inputs,
            _listeners: listeners,
        })
    }

    /// Opens the dialog over everything that there is now.
    pub(super) fn open(&mut self, store: &Store) -> Result<(), JsValue> {
        if self.dialog.open() {
            return Ok(());
        }
        (self.index, self.entries) = (Index::default(), Vec::new());
        self.add_all(store);
        self.input.set_value("");
        self.dialog.show_modal()?;
        self.search(store)
    }

    fn add_all(&mut self, store: &Store) {
        for keyed in COMMANDS.iter().filter(|keyed| keyed.command != Command::Find) {
            self.add(keyed.does, Finding::Command(keyed.command));
        }
        for span in spans::offered() {
            self.add(&format!("Show {}", span_text(span)), Finding::Span(span));
        }
        for group in store.groups() {
            let name: Rc<str> = group.name.as_str().into();
            self.add(&format!("{} {name}", group.title), Finding::Panel { group: Rc::clone(&name) });
            for series in group.series() {
                let found = Finding::Series { group: Rc::clone(&name), number: series.number };
                self.add(&format!("{} {}", series.name, group.title), found);
            }
        }
    }

    fn add(&mut self, text: &str, finding: Finding) {
        self.index.push(text);
        self.entries.push(finding);
    }

    /// What was chosen since the last call.
    pub(super) fn take(&mut self, store: &Store) -> Result<Option<Finding>, JsValue> {
        if !self.entries.is_empty() && !self.dialog.open() {
            self.forget();
        }
        for input in self.inputs.take() {
            match input {
                Input::Typed => self.search(store)?,
                Input::Up => self.select(self.selected.saturating_sub(1))?,
                Input::Down => self.select(self.selected + 1)?,
                Input::Choose => return Ok(self.choose(self.selected)),
                Input::ChooseAt(place) => return Ok(self.choose(place)),
            }
        }
        Ok(None)
    }

    fn choose(&mut self, place: usize) -> Option<Finding> {
        let chosen = self.results.get(place).cloned()?;
        self.dialog.close();
        self.forget();
        Some(chosen)
    }

    /// Frees the texts: 5 MB for 100,000 series.
    fn forget(&mut self) {
        (self.index, self.entries) = (Index::default(), Vec::new());
    }

    fn search(&mut self, store: &Store) -> Result<(), JsValue> {
        let query = self.input.value();
        let found = self.index.find(&query, RESULTS);
        let labels = labels_like(query.trim(), store).into_iter().map(Finding::Filter);
        self.results = labels.chain(found.into_iter().map(|place| self.entries[place].clone())).collect();
        self.list.set_text_content(None);
        for (place, finding) in self.results.iter().enumerate() {
            let (name, kind) = texts_of(finding, store);
            let item: HtmlElement = dom::element("li", "finder-result")?;
            item.set_attribute("role", "option")?;
            item.set_id(&format!("finder-{place}"));
            item.set_attribute(PLACE, &place.to_string())?;
            let (name_of, kind_of): (HtmlElement, HtmlElement) =
                (dom::element("span", "finder-name")?, dom::element("span", "finder-kind")?);
            name_of.set_text_content(Some(&name));
            kind_of.set_text_content(Some(&kind));
            item.append_with_node_2(&name_of, &kind_of)?;
            self.list.append_child(&item)?;
        }
        let count = if self.results.is_empty() { "Nothing matches" } else { "" };
        self.count.set_text_content(Some(count));
        self.select(0)
    }

    fn select(&mut self, place: usize) -> Result<(), JsValue> {
        self.selected = place.min(self.results.len().saturating_sub(1));
        let items = self.list.children();
        for at in 0..items.length() {
            let Some(item) = items.item(at) else { continue };
            let is_selected = at as usize == self.selected;
            item.set_attribute("aria-selected", if is_selected { "true" } else { "false" })?;
            if is_selected {
                self.input.set_attribute("aria-activedescendant", &item.id())?;
                item.scroll_into_view_with_bool(false);
            }
        }
        Ok(())
    }
}

/// Filters for a text with an equals sign: the text itself, and labels of series that begin so.
fn labels_like(text: &str, store: &Store) -> Vec<String> {
    let Some((key, value)) = text.split_once('=') else { return Vec::new() };
    let mut found = Vec::new();
    if LabelFilter::parse(text).is_ok() {
        found.push(text.to_owned());
    }
    let labels = store.groups().iter().flat_map(Group::series).flat_map(|series| &series.labels);
    for (known, of_series) in labels.filter(|(known, of_series)| known == key && of_series.starts_with(value)) {
        let filter = LabelFilter::text_of(known, of_series);
        if !found.contains(&filter) {
            found.push(filter);
        }
        if found.len() > LABELS {
            break;
        }
    }
    found
}

/// The name of a finding and what it is.
fn texts_of(finding: &Finding, store: &Store) -> (String, String) {
    let group_of = |name: &str| store.groups().iter().find(|group| group.name == name);
    let title = |group: Option<&Group>| group.map_or_else(String::new, |group| isolated(&group.title));
    match finding {
        Finding::Command(command) => {
            let keyed = COMMANDS.iter().find(|keyed| keyed.command == *command);
            let key =
                keyed.and_then(|keyed| keyed.keys.first()).map_or_else(String::new, |key| key.to_ascii_uppercase());
            (keyed.map_or("", |keyed| keyed.does).to_owned(), format!("action \u{b7} {key}"))
        }
        Finding::Span(span) => (format!("Show {}", span_text(*span)), "span".to_owned()),
        Finding::Panel { group } => (title(group_of(group)), format!("panel \u{b7} {}", isolated(group))),
        Finding::Series { group, number } => {
            let of = group_of(group);
            let place = of.and_then(|group| Some(&group.series()[group.place_of_number(*number)?]));
            let name = place.map_or_else(String::new, |series| foreign(&series.name).into_owned());
            (name, format!("series \u{b7} {}", title(of)))
        }
        Finding::Filter(filter) => (isolated(filter), "show only these labels".to_owned()),
    }
}

fn input_of_key(event: &Event) -> Option<Input> {
    let key: &KeyboardEvent = event.dyn_ref()?;
    let act = match key.key().as_str() {
        "ArrowUp" => Input::Up,
        "ArrowDown" => Input::Down,
        "Enter" if !key.is_composing() => Input::Choose,
        _ => return None,
    };
    event.prevent_default();
    Some(act)
}

/// The place of the result that was clicked.
fn place_of(event: &Event) -> Option<usize> {
    let target: Element = event.target()?.dyn_into().ok()?;
    target.closest(&format!("[{PLACE}]")).ok()??.get_attribute(PLACE)?.parse().ok()
}
