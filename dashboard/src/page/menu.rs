//! A panel's menu: kind of chart, axis, range. Made when it is first opened.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Event, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlSelectElement};

use super::dom;
use super::listener::Listener;
use crate::chart::{Kind, Options};
use crate::view::{Mapping, RangeMode};
use series::Transform;

#[derive(Debug)]
pub(super) struct Menu {
    root: HtmlElement,
    chosen: Rc<Cell<Option<Options>>>,
    _listeners: [Listener; 2],
}

#[derive(Debug)]
struct Form {
    kind: HtmlSelectElement,
    derivation: HtmlSelectElement,
    mapping: HtmlSelectElement,
    low: HtmlInputElement,
    high: HtmlInputElement,
}

impl Menu {
    /// A closed menu that will show `options`.
    pub(super) fn new(options: Options) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("details", "menu")?;
        let summary: HtmlElement = dom::element("summary", "menu-opener")?;
        summary.set_title("How this is shown");
        summary.set_attribute("aria-label", "How this is shown")?;
        root.append_child(&summary)?;
        let form: Rc<RefCell<Option<Form>>> = Rc::default();
        let chosen: Rc<Cell<Option<Options>>> = Rc::default();
        let (made, place) = (Rc::clone(&form), root.clone());
        let opened = Listener::new(root.clone(), "toggle", move |_: Event| {
            if made.borrow().is_none() {
                match Form::new(&place, options) {
                    Ok(new) => *made.borrow_mut() = Some(new),
                    Err(error) => web_sys::console::error_1(&error),
                }
            }
        })?;
        let said = Rc::clone(&chosen);
        let changed = Listener::new(root.clone(), "change", move |_: Event| {
            if let Some(form) = form.borrow().as_ref() {
                said.set(form.read().or(said.get()));
            }
        })?;
        Ok(Self { root, chosen, _listeners: [opened, changed] })
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.root
    }

    /// What was chosen since this was last asked.
    pub(super) fn take(&self) -> Option<Options> {
        self.chosen.take()
    }
}

impl Form {
    fn new(menu: &HtmlElement, options: Options) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("div", "menu-form")?;
        let kinds = Kind::ALL.map(|kind| (kind.name(), kind.title(), kind == options.kind));
        let kind = select(&root, "Show as", &kinds)?;
        let derivation = derivations(&root, options.transform)?;
        let is_log = options.mapping == Mapping::Log;
        let mapping = select(&root, "Axis", &[("linear", "Linear", !is_log), ("log", "Logarithmic", is_log)])?;
        let (low, high) = match options.range {
            RangeMode::Fixed { low, high } => (low.to_string(), high.to_string()),
            RangeMode::Automatic => Default::default(),
        };
        let (low, high) = (number(&root, "From", &low)?, number(&root, "To", &high)?);
        menu.append_child(&root)?;
        Ok(Self { kind, derivation, mapping, low, high })
    }

    /// What the form says; none while its range is none, which the browser then points out.
    fn read(&self) -> Option<Options> {
        let ends = [&self.low, &self.high].map(|input| input.value().parse::<f64>().ok().filter(|end| end.is_finite()));
        let (range, complaint) = match ends {
            [None, None] => (Some(RangeMode::Automatic), ""),
            [Some(low), Some(high)] if low < high => (Some(RangeMode::Fixed { low, high }), ""),
            [Some(_), Some(_)] => (None, "This must be the greater number"),
            _ => (None, "Both ends, or none for an axis that follows the data"),
        };
        self.high.set_custom_validity(complaint);
        self.high.report_validity();
        let mapping = if self.mapping.value() == "log" { Mapping::Log } else { Mapping::Linear };
        // The empty text says that nothing is derived.
        let transform = self.derivation.value().parse().ok();
        Some(Options { kind: Kind::find(&self.kind.value())?, transform, mapping, range: range? })
    }
}

/// What can be derived, as far as a menu offers it; an address may say more.
const DERIVATIONS: [(&str, &str); 12] = [
    ("", "Values as they are"),
    ("rate", "Rate a second"),
    ("diff", "Difference"),
    ("mean:5s", "Mean of 5 s"),
    ("sum", "Sum of all"),
    ("avg", "Average of all"),
    ("min", "Least of all"),
    ("max", "Greatest of all"),
    ("p50:10s", "Median of 10 s"),
    ("p90:10s", "90th percentile of 10 s"),
    ("p99:10s", "99th percentile of 10 s"),
    ("buckets", "Buckets of a histogram"),
];

fn derivations(form: &HtmlElement, chosen: Option<Transform>) -> Result<HtmlSelectElement, JsValue> {
    let chosen = chosen.map(|chosen| chosen.to_string()).unwrap_or_default();
    let mut choices: Vec<_> = DERIVATIONS.iter().map(|&(value, title)| (value, title, value == chosen)).collect();
    if !choices.iter().any(|&(.., is_chosen)| is_chosen) {
        choices.push((&chosen, &chosen, true));
    }
    select(form, "Values", &choices)
}

fn field<T: JsCast + AsRef<web_sys::Node>>(form: &HtmlElement, name: &str, control: &T) -> Result<(), JsValue> {
    let label: HtmlElement = dom::element("label", "menu-field")?;
    let text: HtmlElement = dom::element("span", "menu-label")?;
    text.set_text_content(Some(name));
    label.append_child(&text)?;
    label.append_child(control.as_ref())?;
    form.append_child(&label)?;
    Ok(())
}

/// A choice of values with their titles, of which one is chosen.
fn select(form: &HtmlElement, name: &str, choices: &[(&str, &str, bool)]) -> Result<HtmlSelectElement, JsValue> {
    let select: HtmlSelectElement = dom::element("select", "menu-control")?;
    for &(value, title, is_chosen) in choices {
        let option: HtmlOptionElement = dom::element("option", "")?;
        option.set_value(value);
        option.set_text(title);
        option.set_selected(is_chosen);
        select.append_child(&option)?;
    }
    field(form, name, &select)?;
    Ok(select)
}

fn number(form: &HtmlElement, name: &str, value: &str) -> Result<HtmlInputElement, JsValue> {
    let input: HtmlInputElement = dom::element("input", "menu-control")?;
    input.set_type("number");
    input.set_attribute("step", "any")?;
    input.set_placeholder("auto");
    input.set_value(value);
    field(form, name, &input)?;
    Ok(input)
}
