//! The list of keys and gestures, and the switch of the single keys.

use wasm_bindgen::JsValue;
use web_sys::{HtmlDialogElement, HtmlElement, HtmlInputElement};

use super::address;
use super::command::{COMMANDS, is_character};
use super::dom;
use super::parameters::SingleKeys;

const GESTURES: [(&str, &str); 9] = [
    ("Drag", "Select a span of time"),
    ("Shift + drag, drag the time axis", "Move to other times"),
    ("Ctrl + wheel, pinch", "Zoom at the pointer"),
    ("Shift + wheel, one finger", "Move to other times"),
    ("Double click", "Show twice the span"),
    ("Drag in the overview", "Show another part of the history"),
    ("Click in a legend", "Hide a series, or show it again"),
    ("Shift + click in a legend", "Show a series alone, or all again"),
    ("Tab to a chart, arrow keys", "Read its values"),
];

#[derive(Debug)]
pub(super) struct Help {
    dialog: HtmlDialogElement,
    single_keys: HtmlInputElement,
}

impl Help {
    pub(super) fn new(single_keys: SingleKeys) -> Result<Self, JsValue> {
        let help = Self { dialog: dom::by_id("help")?, single_keys: dom::by_id("single-keys")? };
        help.single_keys.set_checked(single_keys == SingleKeys::On);
        Ok(help)
    }

    /// Opens the list, or closes it.
    pub(super) fn toggle(&self) -> Result<(), JsValue> {
        if self.dialog.open() {
            self.dialog.close();
            return Ok(());
        }
        let list: HtmlElement = dom::by_id("help-list")?;
        if list.child_element_count() == 0 {
            for (name, does) in GESTURES {
                row(&list, &[name], does)?;
            }
            for keyed in COMMANDS {
                row(&list, keyed.keys, keyed.does)?;
            }
        }
        self.dialog.show_modal()
    }

    /// Returns true if a key is a command, by the switch.
    pub(super) fn allows(&self, key: &str) -> bool {
        self.single_keys.checked() || !is_character(key)
    }

    /// Writes the switch into the address.
    pub(super) fn keep(&self) -> Result<(), JsValue> {
        address::set("keys", (!self.single_keys.checked()).then_some("off"))
    }

    pub(super) const fn switch(&self) -> &HtmlInputElement {
        &self.single_keys
    }
}

fn row(list: &HtmlElement, names: &[&str], does: &str) -> Result<(), JsValue> {
    let term: HtmlElement = dom::element("dt", "help-keys")?;
    for name in names {
        let key: HtmlElement = dom::element("kbd", "help-key")?;
        let is_letter = name.len() == 1 && name.is_ascii();
        key.set_text_content(Some(&if is_letter { name.to_ascii_uppercase() } else { (*name).to_owned() }));
        term.append_child(&key)?;
    }
    let description: HtmlElement = dom::element("dd", "help-does")?;
    description.set_text_content(Some(does));
    list.append_child(&term)?;
    list.append_child(&description)?;
    Ok(())
}
