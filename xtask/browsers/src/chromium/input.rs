//! Keys, mouse and fingers.

use anyhow::Result;
use serde_json::json;

use super::Tab;
use crate::input::{Modifier, Mouse, Position, path};

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

    pub(crate) async fn mouse(&self, steps: &[Mouse], modifier: Modifier) -> Result<()> {
        let modifiers = match modifier {
            Modifier::None => 0,
            Modifier::Control => 2,
            Modifier::Shift => 8,
        };
        let (mut at, mut is_down) = ((0.0, 0.0), false);
        for step in steps {
            let (kind, button, clicks, wheel) = match *step {
                Mouse::Move(x, y) => {
                    at = (x, y);
                    ("mouseMoved", if is_down { "left" } else { "none" }, 0, None)
                }
                Mouse::Press(clicks) => ("mousePressed", "left", clicks, None),
                Mouse::Release(clicks) => ("mouseReleased", "left", clicks, None),
                Mouse::Wheel(x, y) => ("mouseWheel", "none", 0, Some((x, y))),
            };
            is_down = matches!(step, Mouse::Press(_)) || (is_down && !matches!(step, Mouse::Release(_)));
            let mut event = json!({
                "type": kind, "x": at.0, "y": at.1, "button": button, "buttons": u8::from(is_down), "clickCount": clicks,
                "modifiers": modifiers,
            });
            if let Some((x, y)) = wheel {
                event["deltaX"] = x.into();
                event["deltaY"] = y.into();
            }
            self.call("Input.dispatchMouseEvent", event).await?;
        }
        Ok(())
    }

    pub(crate) async fn touch(&self, from: &[Position], to: &[Position]) -> Result<()> {
        let mut kind = "touchStart";
        for fingers in path(from, to) {
            let points: Vec<_> = (0..).zip(&fingers).map(|(id, (x, y))| json!({ "id": id, "x": x, "y": y })).collect();
            self.call("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points })).await?;
            kind = "touchMove";
        }
        self.call("Input.dispatchTouchEvent", json!({ "type": "touchEnd", "touchPoints": [] })).await.map(drop)
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
