//! Stacked values: positive ones upwards, negative ones downwards.

use super::columns::Columns;
use crate::view::Mapping;
use series::Summary;

/// The mean of a summary, or the middle of its extremes if the sum overflows. `None` without values.
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
    /// The upper end of the first value above zero.
    first: Option<f64>,
}

impl Stack {
    /// Adds a value. Returns its lower and upper end on the stack.
    pub(super) fn push(&mut self, value: f64) -> (f64, f64) {
        if value < 0.0 {
            let inner = self.down;
            // Clamped: the sum of two infinite values of opposite sign would be NaN.
            self.down = (inner + value).max(f64::MIN);
            (self.down, inner)
        } else {
            let inner = self.up;
            self.up = (inner + value).min(f64::MAX);
            self.first = self.first.or(Some(self.up).filter(|up| *up > 0.0));
            (inner, self.up)
        }
    }

    /// The lowest and the highest end with a place on an axis. `None` if there is no such end.
    pub(super) fn range(&self, mapping: Mapping) -> Option<(f64, f64)> {
        match mapping {
            Mapping::Linear => Some((self.down, self.up)),
            Mapping::Log => self.first.map(|first| (first, self.up)),
        }
    }
}

/// The lowest and the highest end of all columns' stacks; on a logarithmic axis, of those above zero. `None` without one.
pub fn stacked_range(columns: &impl Columns, mapping: Mapping) -> Option<(f64, f64)> {
    let stacks = (0..columns.width()).filter_map(|x| {
        let mut stack = Stack::default();
        let values = (0..columns.series()).filter_map(|series| level(&columns.summary(series, x)));
        let count = values.map(|value| stack.push(value)).count();
        if count > 0 { stack.range(mapping) } else { None }
    });
    stacks.reduce(|(low, high), (down, up)| (low.min(down), high.max(up)))
}
