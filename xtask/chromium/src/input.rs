//! Keys and mouse.

use anyhow::{Context, Result};
use serde_json::json;

use super::Page;

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

impl Page {
    /// Presses and releases a key, named as [`KeyboardEvent.key`] does: `p`, `?`, `Escape`, `ArrowLeft`.
    ///
    /// # Errors
    /// When the page is closed.
    ///
    /// [`KeyboardEvent.key`]: https://developer.mozilla.org/en-US/docs/Web/API/KeyboardEvent/key
    pub async fn press(&self, key: &str) -> Result<()> {
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

    /// Clicks in the middle of the first element that a CSS selector finds, scrolled into view.
    ///
    /// # Errors
    /// When no element matches, or the page is closed.
    pub async fn click(&self, selector: &str) -> Result<()> {
        let script = format!(
            "(() => {{ const element = document.querySelector({}); if (!element) return null; \
             element.scrollIntoView({{ block: 'nearest', behavior: 'instant' }}); \
             const box = element.getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2] }})()",
            json!(selector)
        );
        let middle: Option<(f64, f64)> = self.evaluate(&script).await?;
        let (x, y) = middle.with_context(|| format!("no element matches `{selector}`"))?;
        self.drag((x, y), (x, y)).await
    }

    /// Moves the mouse to a position in CSS pixels.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn move_mouse(&self, x: f64, y: f64) -> Result<()> {
        self.mouse("mouseMoved", "none", (x, y)).await
    }

    /// Presses the left button at one position and releases it at another, in CSS pixels.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn drag(&self, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        self.mouse("mouseMoved", "none", from).await?;
        self.mouse("mousePressed", "left", from).await?;
        if from != to {
            // A page may recognise a drag only if the mouse moves while the button is down.
            self.mouse("mouseMoved", "left", (f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1))).await?;
            self.mouse("mouseMoved", "left", to).await?;
        }
        self.mouse("mouseReleased", "left", to).await
    }

    async fn mouse(&self, kind: &str, button: &str, (x, y): (f64, f64)) -> Result<()> {
        let held = u8::from(button == "left" && kind != "mouseReleased");
        let event = json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": held, "clickCount": 1 });
        self.call("Input.dispatchMouseEvent", event).await.map(drop)
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
