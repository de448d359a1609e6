//! Where values stand on a surface: a scale, in the middle of a surface that may be higher than it.

use crate::surface::Pixels;
use crate::view::Scale;

/// Sums beyond this count as this, so that they have a height.
const LARGEST: f64 = 1e300;

/// A value axis on a surface. What the surface is higher than the axis is room above and below, half each, for lines
/// along its ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plot {
    scale: Scale,
    top: f32,
    bottom: f32,
}

impl Plot {
    /// The axis `scale` on `pixels`.
    pub fn new(pixels: &Pixels, scale: Scale) -> Self {
        let top = pixels.height().saturating_sub(scale.height_px()) as f32 / 2.0;
        Self { scale, top, bottom: top + scale.height_px() as f32 }
    }

    /// The height of a value on the surface, in pixels from its top, on the axis or off it; NaN for not a number.
    pub fn y(&self, value: f64) -> f32 {
        self.scale.y(value.clamp(-LARGEST, LARGEST)) + self.top
    }

    /// The same, held between the ends of the axis: how far a filled shape reaches.
    ///
    /// Hot: twice for each column of each series.
    pub fn y_within(&self, value: f64) -> f32 {
        self.y(value).clamp(self.top, self.bottom)
    }
}
