//! Values on top of each other: those above zero upwards, those below it downwards.

use super::columns::Columns;
use series::Summary;

/// What some values came to: their mean, or the middle of their extremes where the sum is beyond all numbers. None of
/// no values.
pub(super) fn level(summary: &Summary) -> Option<f64> {
    if summary.is_empty() {
        return None;
    }
    let mean = summary.mean();
    let level = if mean.is_finite() { mean } else { summary.min / 2.0 + summary.max / 2.0 };
    level.is_finite().then_some(level)
}

/// A stack that grows from zero in both directions.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stack {
    up: f64,
    down: f64,
}

impl Stack {
    /// Puts a value on the stack: from where to where it lies, the lower first.
    pub(super) fn push(&mut self, value: f64) -> (f64, f64) {
        if value < 0.0 {
            let inner = self.down;
            // Held, or a second endless one would be no number.
            self.down = (inner + value).max(f64::MIN);
            (self.down, inner)
        } else {
            let inner = self.up;
            self.up = (inner + value).min(f64::MAX);
            (inner, self.up)
        }
    }
}

/// How far the stacks of all columns reach, below zero and above: what an axis has to hold. None if there is no value.
pub fn stacked_range(columns: &impl Columns) -> Option<(f64, f64)> {
    let stacks = (0..columns.width()).filter_map(|x| {
        let mut stack = Stack::default();
        let values = (0..columns.series()).filter_map(|series| level(&columns.summary(series, x)));
        let count = values.map(|value| stack.push(value)).count();
        (count > 0).then_some((stack.down, stack.up))
    });
    stacks.reduce(|(low, high), (down, up)| (low.min(down), high.max(up)))
}
