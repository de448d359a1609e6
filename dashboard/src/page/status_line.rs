//! A line that says for a few seconds what was done. Screen readers say it too.

use protocol::{Interval, Timestamp};
use wasm_bindgen::JsValue;

use super::dom::{self, Text};

/// A text is shown for this long.
const SHOWN: Interval = Interval::from_secs(5);

#[derive(Debug)]
pub(super) struct StatusLine {
    line: Text,
    until: Timestamp,
}

impl StatusLine {
    pub(super) fn new() -> Result<Self, JsValue> {
        Ok(Self { line: Text::new(dom::by_id("status")?), until: Timestamp::default() })
    }

    pub(super) fn say(&mut self, text: &str, now: Timestamp) {
        self.line.set(text);
        self.until = now + SHOWN;
    }

    /// Removes a text that was shown long enough.
    pub(super) fn follow(&mut self, now: Timestamp) {
        if now >= self.until {
            self.line.set("");
        }
    }
}
