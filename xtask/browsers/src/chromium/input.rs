//! Keys and mouse.

use anyhow::Result;
use serde_json::json;

use super::Tab;
use crate::input::Mouse;

/// Virtual key codes of keys that act without producing text: the browser handles these keys by their code.
const KEY_CODES: [(&str, u32); 14] = [
    ("Backspace", 8),
    ("Tab", 9),
    ("Enter", 13),
    ("Escape", 27),
    (" ", 32),
    ("PageUp", 33),
    ("PageDown", 34),
    ("End", 35),
    ("Home", 36),
    ("ArrowLeft", 37),
    ("ArrowUp", 38),
    ("ArrowRight", 39),
    ("ArrowDown", 40),
    ("Delete", 46),
];

impl Tab {
    pub(crate) async fn press(&self, key: &str) -> Result<()> {
        let text = match key {
            "Enter" => "\r",
            _ if key.chars().count() == 1 => key,
            _ => "",
        };
        for (kind, text) in [("keyDown", text), ("keyUp", "")] {
            let (code, key_code) = (code(key), key_code(key));
            let event =
                json!({ "type": kind, "key": key, "code": code, "windowsVirtualKeyCode": key_code, "text": text });
            self.call("Input.dispatchKeyEvent", event).await?;
        }
        Ok(())
    }

    pub(crate) async fn mouse(&self, steps: &[Mouse]) -> Result<()> {
        let (mut at, mut is_down) = ((0.0, 0.0), false);
        for step in steps {
            let (kind, button) = match *step {
                Mouse::Move(x, y) => {
                    at = (x, y);
                    ("mouseMoved", if is_down { "left" } else { "none" })
                }
                Mouse::Press => ("mousePressed", "left"),
                Mouse::Release => ("mouseReleased", "left"),
            };
            is_down = *step == Mouse::Press || (is_down && *step != Mouse::Release);
            let event = json!({
                "type": kind, "x": at.0, "y": at.1, "button": button, "buttons": u8::from(is_down), "clickCount": 1,
            });
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }
}

/// The code of the key's position on a keyboard: `KeyP`, `Digit1`; keys that produce no text have their name as code.
fn code(key: &str) -> String {
    match key.as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => format!("Key{}", key.to_ascii_uppercase()),
        [digit] if digit.is_ascii_digit() => format!("Digit{key}"),
        [b' '] => "Space".to_owned(),
        [_] => String::new(),
        _ => key.to_owned(),
    }
}

fn key_code(key: &str) -> u32 {
    match key.as_bytes() {
        [sign] if sign.is_ascii_alphanumeric() => u32::from(sign.to_ascii_uppercase()),
        _ => KEY_CODES.iter().find(|(name, _)| *name == key).map_or(0, |(_, code)| *code),
    }
}
