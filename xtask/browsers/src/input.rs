//! Keys, mouse and fingers.

use anyhow::{Context, Result};
use serde_json::json;

use crate::Page;
use crate::page::tab;

/// A key that is held during a gesture of the mouse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Modifier {
    #[default]
    None,
    Shift,
    Control,
}

/// A position in CSS pixels.
pub type Position = (f64, f64);

/// A step of the mouse.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Mouse {
    Move(f64, f64),
    /// The left button, where the mouse is. The number counts the clicks at this position: 2 for the second of a double click.
    Press(u32),
    Release(u32),
    /// Turns the wheel by so many CSS pixels.
    Wheel(f64, f64),
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

    /// Moves the mouse to a position.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn move_mouse(&self, x: f64, y: f64) -> Result<()> {
        self.mouse(&[Mouse::Move(x, y)], Modifier::None).await
    }

    /// Presses the left button at one position and releases it at another.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn drag(&self, from: Position, to: Position) -> Result<()> {
        self.drag_with(Modifier::None, from, to).await
    }

    /// The same while a key is held.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn drag_with(&self, modifier: Modifier, from: Position, to: Position) -> Result<()> {
        let mut steps = vec![Mouse::Move(from.0, from.1), Mouse::Press(1)];
        if from != to {
            // A page may recognise a drag only if the mouse moves while the button is down.
            steps.push(Mouse::Move(f64::midpoint(from.0, to.0), f64::midpoint(from.1, to.1)));
            steps.push(Mouse::Move(to.0, to.1));
        }
        steps.push(Mouse::Release(1));
        self.mouse(&steps, modifier).await
    }

    /// Clicks twice at a position.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn double_click(&self, (x, y): Position) -> Result<()> {
        let clicks = [Mouse::Press(1), Mouse::Release(1), Mouse::Press(2), Mouse::Release(2)];
        self.mouse(&[&[Mouse::Move(x, y)], &clicks[..]].concat(), Modifier::None).await
    }

    /// Turns the wheel at a position by so many CSS pixels, to the right and down.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn wheel(&self, modifier: Modifier, (x, y): Position, by: (f64, f64)) -> Result<()> {
        self.mouse(&[Mouse::Move(x, y), Mouse::Wheel(by.0, by.1)], modifier).await
    }

    /// Puts fingers down at `from`, moves them in a few steps to `to`, and lifts them.
    ///
    /// # Errors
    /// When the page is closed.
    pub async fn touch(&self, from: &[Position], to: &[Position]) -> Result<()> {
        tab!(self, touch(from, to))
    }

    async fn mouse(&self, steps: &[Mouse], modifier: Modifier) -> Result<()> {
        tab!(self, mouse(steps, modifier))
    }
}

/// The steps of moving fingers, the first and the last included.
pub(crate) fn path(from: &[Position], to: &[Position]) -> impl Iterator<Item = Vec<Position>> {
    const STEPS: u32 = 5;
    (0..=STEPS).map(move |step| {
        let part = f64::from(step) / f64::from(STEPS);
        let between =
            |(from, to): (&Position, &Position)| (from.0 + (to.0 - from.0) * part, from.1 + (to.1 - from.1) * part);
        from.iter().zip(to).map(between).collect()
    })
}
