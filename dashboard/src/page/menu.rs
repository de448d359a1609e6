//! The menu of a panel: kind of chart, transform, axis, order of the legend; table, CSV and picture. Its form is created when it is first opened.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Element, Event, HtmlElement, HtmlInputElement, HtmlOptionElement, HtmlSelectElement};

use super::dom;
use super::listener::Listener;
use crate::chart::Kind;
use crate::layout::{Axis, Order, PanelSpec};
use crate::view::{Mapping, RangeMode};
use series::{Transform, decimal};

#[derive(Debug)]
pub(super) struct Menu {
    root: HtmlElement,
    chosen: Rc<RefCell<Option<PanelSpec>>>,
    act: Rc<Cell<Option<PanelAction>>>,
    _listeners: [Listener; 3],
}

/// What the menu does with a panel as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PanelAction {
    /// Save it as a picture.
    SavePicture,
    /// Save the values in the view.
    SaveValues,
    ShowTable,
}

impl PanelAction {
    const ALL: [(Self, &str); 3] = [
        (Self::ShowTable, "Show as table"),
        (Self::SaveValues, "Save values (CSV)"),
        (Self::SavePicture, "Save picture (PNG)"),
    ];
}

#[derive(Debug)]
struct Form {
    /// The settings that the form does not change.
    spec: PanelSpec,
    kind: HtmlSelectElement,
    transform: HtmlSelectElement,
    mapping: HtmlSelectElement,
    low: HtmlInputElement,
    high: HtmlInputElement,
    order: HtmlSelectElement,
}

impl Menu {
    pub(super) fn new(spec: &PanelSpec) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("details", "menu")?;
        let summary: HtmlElement = dom::element("summary", "menu-opener")?;
        summary.set_title("Chart settings");
        summary.set_attribute("aria-label", "Chart settings")?;
        root.append_child(&summary)?;
        let form: Rc<RefCell<Option<Form>>> = Rc::default();
        let chosen: Rc<RefCell<Option<PanelSpec>>> = Rc::default();
        let (created, parent, spec) = (Rc::clone(&form), root.clone(), spec.clone());
        let opened = Listener::new(root.clone(), "toggle", move |_: Event| {
            if created.borrow().is_none() {
                match Form::new(&parent, &spec) {
                    Ok(new) => *created.borrow_mut() = Some(new),
                    Err(error) => web_sys::console::error_1(&error),
                }
            }
            keep_on_screen(&parent);
        })?;
        let choice = Rc::clone(&chosen);
        let changed = Listener::new(root.clone(), "change", move |_: Event| {
            if let Some(spec) = form.borrow().as_ref().and_then(Form::read) {
                *choice.borrow_mut() = Some(spec);
            }
        })?;
        let act: Rc<Cell<Option<PanelAction>>> = Rc::default();
        let (taken, menu) = (Rc::clone(&act), root.clone());
        let clicked = Listener::new(root.clone(), "click", move |event: Event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let title = target.filter(|target| target.matches(".menu-act").unwrap_or(false));
            let title = title.and_then(|target| target.text_content());
            let found = PanelAction::ALL.iter().find(|(_, name)| title.as_deref() == Some(name));
            if let Some(&(act, _)) = found {
                taken.set(Some(act));
                // Cannot fail: the name of the attribute is well formed.
                let _done = menu.remove_attribute("open");
            }
        })?;
        Ok(Self { root, chosen, act, _listeners: [opened, changed, clicked] })
    }

    /// The act since the last call.
    pub(super) fn take_action(&self) -> Option<PanelAction> {
        self.act.take()
    }

    pub(super) const fn element(&self) -> &HtmlElement {
        &self.root
    }

    /// The choice since the last call.
    pub(super) fn take(&self) -> Option<PanelSpec> {
        self.chosen.take()
    }
}

impl Form {
    fn new(menu: &HtmlElement, spec: &PanelSpec) -> Result<Self, JsValue> {
        let root: HtmlElement = dom::element("div", "menu-form")?;
        let kinds = Kind::ALL.map(|kind| (kind.name(), kind.title(), kind == spec.kind));
        let kind = select(&root, "Chart", &kinds)?;
        let transform = transforms(&root, spec.query.transform)?;
        let is_log = spec.axis.mapping == Mapping::Log;
        let mapping = select(&root, "Axis", &[("linear", "Linear", !is_log), ("log", "Logarithmic", is_log)])?;
        let (low, high) = match spec.axis.range {
            RangeMode::Fixed { low, high } => (low.to_string(), high.to_string()),
            RangeMode::Automatic => Default::default(),
        };
        let (low, high) = (number(&root, "Minimum", &low)?, number(&root, "Maximum", &high)?);
        let orders = Order::ALL.map(|order| (order.name(), order.title(), order == spec.order));
        let order = select(&root, "Legend order", &orders)?;
        for (_, title) in PanelAction::ALL {
            let button: HtmlElement = dom::element("button", "menu-act")?;
            button.set_attribute("type", "button")?;
            button.set_text_content(Some(title));
            root.append_child(&button)?;
        }
        menu.append_child(&root)?;
        Ok(Self { spec: spec.clone(), kind, transform, mapping, low, high, order })
    }

    /// The choice; `None` while the range is invalid. The browser then shows the reason.
    fn read(&self) -> Option<PanelSpec> {
        let ends = [&self.low, &self.high].map(|input| decimal::parse(&input.value()).filter(|end| end.is_finite()));
        let (range, problem) = match ends {
            [None, None] => (Some(RangeMode::Automatic), ""),
            [Some(low), Some(high)] if low < high => (Some(RangeMode::Fixed { low, high }), ""),
            [Some(_), Some(_)] => (None, "Maximum must be above minimum"),
            _ => (None, "Enter both ends, or leave both empty for an automatic axis"),
        };
        self.high.set_custom_validity(problem);
        self.high.report_validity();
        let mapping = if self.mapping.value() == "log" { Mapping::Log } else { Mapping::Linear };
        // The empty text is no transform.
        let transform = self.transform.value().parse().ok();
        let mut spec = PanelSpec { kind: Kind::find(&self.kind.value())?, ..self.spec.clone() };
        spec.query.transform = transform;
        let order = self.order.value();
        spec.order = Order::ALL.into_iter().find(|known| known.name() == order)?;
        spec.axis = Axis { mapping, range: range? };
        Some(spec)
    }
}

/// Places an open form below its opener, or further to the right if its left side were off the screen.
fn keep_on_screen(menu: &HtmlElement) {
    let form = menu.query_selector(".menu-form").ok().flatten().and_then(|form| form.dyn_into::<HtmlElement>().ok());
    let Some(form) = form else { return };
    // Of an earlier width of the window. Cannot fail: it is a property.
    let _before = form.style().remove_property("right");
    let left = form.get_bounding_client_rect().left();
    if left < 0.0 {
        // Cannot fail: a length in pixels is valid.
        let _done = form.style().set_property("right", &format!("{left}px"));
    }
}

/// Closes the menus that are open, except that around an element. Returns true if one was.
pub(super) fn close_all(except: Option<&Element>) -> bool {
    let open = dom::document().and_then(|document| document.query_selector_all(".menu[open]"));
    let Ok(open) = open else { return false };
    let menus = (0..open.length()).filter_map(|place| open.get(place)?.dyn_into::<Element>().ok());
    let others: Vec<Element> =
        menus.filter(|menu| !except.is_some_and(|element| menu.contains(Some(element)))).collect();
    for menu in &others {
        // Cannot fail: the name of the attribute is well formed.
        let _done = menu.remove_attribute("open");
    }
    !others.is_empty()
}

/// Transforms in the menu; the address accepts others too.
const TRANSFORMS: [(&str, &str); 12] = [
    ("", "Measured values"),
    ("rate", "Rate per second"),
    ("diff", "Difference"),
    ("mean:5s", "Mean over 5 s"),
    ("sum", "Sum of all series"),
    ("avg", "Average of all series"),
    ("min", "Minimum of all series"),
    ("max", "Maximum of all series"),
    ("p50:10s", "Median over 10 s"),
    ("p90:10s", "90th percentile over 10 s"),
    ("p99:10s", "99th percentile over 10 s"),
    ("buckets", "Histogram buckets"),
];

fn transforms(form: &HtmlElement, chosen: Option<Transform>) -> Result<HtmlSelectElement, JsValue> {
    let chosen = chosen.map(|chosen| chosen.to_string()).unwrap_or_default();
    let mut choices: Vec<_> = TRANSFORMS.iter().map(|&(value, title)| (value, title, value == chosen)).collect();
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

/// `choices` are values, titles, and whether they are selected.
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
