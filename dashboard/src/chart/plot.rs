//! Converts values to heights on a surface: a scale in the middle of a surface that may be higher.

use crate::surface::Pixels;
use crate::view::Scale;

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

    /// The height of a value in pixels from the surface's top, which may be outside the axis. NaN for NaN.
    pub fn y(&self, value: f64) -> f32 {
        self.scale.y(value.clamp(-LARGEST, LARGEST)) + self.top
    }

    /// [`y`](Self::y), clamped to the ends of the axis.
    ///
    /// Hot: twice for each column of each series.
    pub fn y_within(&self, value: f64) -> f32 {
        self.y(value).clamp(self.top, self.bottom)
    }
}
