//! Keys and mouse.

use anyhow::{Context, Result};
use serde_json::json;

use crate::Page;
use crate::page::tab;

/// A step of the mouse. Positions are in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mouse {
    Move(f64, f64),
    /// The left button, where the mouse is.
    Press,
    Release,
}

impl Page {
    /// Presses and releases a key, named as [`KeyboardEvent.key`] does: `p`, `?`, `Escape`, `ArrowLeft`.
    ///
    /// # Errors
    /// When the page is closed.
    ///
    /// [`KeyboardEvent.key`]: https://developer.mozilla.org/en-US/docs/Web/API/KeyboardEvent/key
    pub async fn press(&self, key: &str) -> Result<()> {
        tab!(self, press(key))
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
        let middle = middle.with_context(|| format!("no element matches `{selector}`"))?;
        self.drag(middle, middle).await
    }

    /// Moves the mouse to a position in CSS pixels.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn move_mouse(&self, x: f64, y: f64) -> Result<()> {
        tab!(self, mouse(&[Mouse::Move(x, y)]))
    }

    /// Presses the left button at one position and releases it at another, in CSS pixels.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn drag(&self, from: (f64, f64), to: (f64, f64)) -> Result<()> {
        let mut steps = vec![Mouse::Move(from.0, from.1), Mouse::Press];
        if from != to {
            // A page may recognise a drag only if the mouse moves while the button is down.
            steps.push(Mouse::Move(f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1)));
            steps.push(Mouse::Move(to.0, to.1));
        }
        steps.push(Mouse::Release);
        tab!(self, mouse(&steps))
    }
}
