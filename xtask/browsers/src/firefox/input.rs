//! Keys and mouse.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Tab;
use crate::input::Mouse;

/// [The protocol's codes][codes] of keys that act without producing text.
///
/// [codes]: https://www.w3.org/TR/webdriver2/#keyboard-actions
const KEYS: [(&str, char); 13] = [
    ("Backspace", '\u{e003}'),
    ("Tab", '\u{e004}'),
    ("Enter", '\u{e006}'),
    ("Escape", '\u{e00c}'),
    ("PageUp", '\u{e00e}'),
    ("PageDown", '\u{e00f}'),
    ("End", '\u{e010}'),
    ("Home", '\u{e011}'),
    ("ArrowLeft", '\u{e012}'),
    ("ArrowUp", '\u{e013}'),
    ("ArrowRight", '\u{e014}'),
    ("ArrowDown", '\u{e015}'),
    ("Delete", '\u{e017}'),
];

impl Tab {
    pub(crate) async fn press(&self, key: &str) -> Result<()> {
        let character = match KEYS.iter().find(|(name, _)| *name == key) {
            Some((_, code)) => code.to_string(),
            None if key.chars().count() == 1 => key.to_owned(),
            None => bail!("the key {key} is not in the table of keys"),
        };
        let actions = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": character }));
        self.perform("key", &actions).await
    }

    pub(crate) async fn mouse(&self, steps: &[Mouse]) -> Result<()> {
        let actions = steps.iter().map(|step| match *step {
            Mouse::Move(x, y) => json!({ "type": "pointerMove", "x": x, "y": y }),
            Mouse::Press => json!({ "type": "pointerDown", "button": 0 }),
            Mouse::Release => json!({ "type": "pointerUp", "button": 0 }),
        });
        self.perform("pointer", &actions.collect::<Vec<_>>()).await
    }

    /// `device` is also its name: the browser keeps the state of each device between calls.
    async fn perform(&self, device: &str, actions: &[Value]) -> Result<()> {
        let source = json!({ "type": device, "id": device, "actions": actions });
        self.call("input.performActions", json!({ "actions": [source] })).await.map(drop)
    }
}
