//! Keys, mouse and fingers.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Tab;
use crate::input::{Modifier, Mouse, Position, path};

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

    pub(crate) async fn mouse(&self, steps: &[Mouse], modifier: Modifier) -> Result<()> {
        let key = match modifier {
            Modifier::None => None,
            Modifier::Shift => Some('\u{e008}'),
            Modifier::Control => Some('\u{e009}'),
        };
        if let Some(key) = key {
            self.perform("key", &[json!({ "type": "keyDown", "value": key })]).await?;
        }
        let mut at = (0.0, 0.0);
        for step in steps {
            let (device, action) = match *step {
                Mouse::Move(x, y) => {
                    at = (x, y);
                    ("pointer", json!({ "type": "pointerMove", "x": x, "y": y }))
                }
                Mouse::Press(_) => ("pointer", json!({ "type": "pointerDown", "button": 0 })),
                Mouse::Release(_) => ("pointer", json!({ "type": "pointerUp", "button": 0 })),
                Mouse::Wheel(x, y) => {
                    // The protocol has whole numbers here.
                    let [x, y, dx, dy] = [at.0, at.1, x, y].map(|number| number.round() as i64);
                    ("wheel", json!({ "type": "scroll", "x": x, "y": y, "deltaX": dx, "deltaY": dy }))
                }
            };
            self.perform(device, &[action]).await?;
        }
        if let Some(key) = key {
            self.perform("key", &[json!({ "type": "keyUp", "value": key })]).await?;
        }
        Ok(())
    }

    pub(crate) async fn touch(&self, from: &[Position], to: &[Position]) -> Result<()> {
        let steps: Vec<_> = path(from, to).collect();
        let sources = (0..from.len()).map(|finger| {
            let place =
                |step: &Vec<Position>| json!({ "type": "pointerMove", "x": step[finger].0, "y": step[finger].1 });
            let mut actions: Vec<Value> = steps.iter().map(place).collect();
            actions.insert(1, json!({ "type": "pointerDown", "button": 0 }));
            actions.push(json!({ "type": "pointerUp", "button": 0 }));
            let parameters = json!({ "pointerType": "touch" });
            json!({ "type": "pointer", "id": format!("finger {finger}"), "parameters": parameters, "actions": actions })
        });
        let sources: Vec<Value> = sources.collect();
        self.call("input.performActions", json!({ "actions": sources })).await.map(drop)
    }

    /// `device` is also its name: the browser keeps the state of each device between calls.
    async fn perform(&self, device: &str, actions: &[Value]) -> Result<()> {
        let source = json!({ "type": device, "id": device, "actions": actions });
        self.call("input.performActions", json!({ "actions": [source] })).await.map(drop)
    }
}
