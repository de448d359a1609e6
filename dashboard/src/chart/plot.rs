//! Converts values to heights on a surface: a scale in the middle of a surface that may be higher.

use series::Summary;

use crate::surface::{ColumnSpan, Pixels};
use crate::view::{Mapping, Scale};

/// Sums are clamped to this, so that they have a height.
const LARGEST: f64 = 1e300;

/// A value axis on a surface. If the surface is higher than the axis, half of the difference is above the axis and half
/// below, for lines along its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plot {
    scale: Scale,
    top: f32,
    bottom: f32,
}

impl Plot {
    pub fn new(pixels: &Pixels, scale: Scale) -> Self {
        let top = pixels.height().saturating_sub(scale.height_px()) as f32 / 2.0;
        Self { scale, top, bottom: top + scale.height_px() as f32 }
    }

    pub(super) fn mapping(&self) -> Mapping {
        self.scale.mapping()
    }

    /// The height of a value in pixels from the surface's top, which may be outside the axis. NaN for NaN and, on a
    /// logarithmic axis, for a value that is not above zero.
    pub fn y(&self, value: f64) -> f32 {
        self.scale.y(value.clamp(-LARGEST, LARGEST)) + self.top
    }

    /// [`y`](Self::y), clamped to the ends of the axis. A value without a place is at the lower end.
    ///
    /// Hot: twice for each column of each series.
    pub fn y_within(&self, value: f64) -> f32 {
        let y = self.y(value);
        let y = if y.is_nan() && !value.is_nan() { self.bottom } else { y };
        y.clamp(self.top, self.bottom)
    }

    /// The heights of the values in a column. `None` if none has a place; a value without one beside others that have is at
    /// the lower end of the axis.
    ///
    /// Hot: once for each column of each series.
    pub(super) fn span(&self, summary: &Summary) -> Option<ColumnSpan> {
        // The largest value has the smallest y.
        let min = self.y(summary.max);
        if summary.is_empty() || min.is_nan() {
            return None;
        }
        let (first, last, max) = (self.y(summary.first), self.y(summary.last), self.y(summary.min));
        if !max.is_nan() {
            return Some(ColumnSpan { first, last, min, max });
        }
        let max = self.bottom.max(min).max(first).max(last);
        let or_end = |y: f32| if y.is_nan() { max } else { y };
        Some(ColumnSpan { first: or_end(first), last: or_end(last), min, max })
    }
}
