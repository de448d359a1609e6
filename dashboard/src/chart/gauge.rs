//! Gauges: an arc of three quarters of a circle, filled up to the value.
//!
//! Each pixel is shaded by the distance of its middle from the edge of the arc, which is exact for a straight edge across
//! the pixel and close for an arc this wide.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_PI_4, PI, TAU};

use crate::surface::{Color, Pixels};
use crate::view::Scale;

/// Start of the arc at the lower left, as an angle clockwise from the right.
const START: f32 = 3.0 * FRAC_PI_4;
/// The arc's angle: 270 degrees.
const SWEEP: f32 = 1.5 * PI;
/// Width of the arc, as a part of the outer radius.
const ARC_PART: f32 = 0.17;
/// A smaller arc is not drawn.
const MIN_RADIUS_PX: f32 = 1.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaugeStyle {
    /// Colour of the arc beyond the value.
    pub track: Color,
    /// Colour of the arc up to the value.
    pub value: Color,
}

/// Position of a gauge on a surface: device pixels, y growing downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaugePlace {
    /// The middle of the circle.
    pub center: (f32, f32),
    /// Of the outer edge.
    pub radius: f32,
}

impl GaugePlace {
    /// The largest gauge in the middle of a surface of this size.
    pub fn in_size(width_px: u32, height_px: u32) -> Self {
        let (width, height) = (width_px as f32, height_px as f32);
        // The arc is open below: the circle's lowest part takes no room.
        let down = FRAC_1_SQRT_2;
        let radius = (width / 2.0).min(height / (1.0 + down));
        Self { center: (width / 2.0, (height - radius * (1.0 + down)) / 2.0 + radius), radius }
    }
}

/// A part of a ring.
#[derive(Clone, Copy, Debug)]
struct Arc {
    /// Of its middle line.
    radius: f32,
    half: f32,
    /// Angles clockwise from the gauge's start.
    from: f32,
    to: f32,
}

/// A pixel's middle, relative to the gauge's middle.
#[derive(Clone, Copy, Debug)]
struct Place {
    x: f32,
    y: f32,
    distance: f32,
    /// Clockwise from the gauge's start, 0 to a whole turn.
    angle: f32,
}

impl Arc {
    /// The part of a pixel that the arc with its round ends covers.
    fn round(&self, place: Place) -> f32 {
        let distance = if (self.from..=self.to).contains(&place.angle) {
            (place.distance - self.radius).abs()
        } else {
            let to_end = |angle: f32| {
                let (sin, cos) = (START + angle).sin_cos();
                (place.x - cos * self.radius).hypot(place.y - sin * self.radius)
            };
            to_end(self.from).min(to_end(self.to))
        };
        (self.half - distance + 0.5).clamp(0.0, 1.0)
    }
}

/// Draws a gauge in the middle of the surface, which must be clear: `value` between the ends of `scale`, whose height is
/// ignored. A value beyond an end fills all or nothing; NaN fills nothing.
pub fn paint(pixels: &mut Pixels, value: f64, scale: Scale, style: GaugeStyle) {
    let GaugePlace { center, radius } = GaugePlace::in_size(pixels.width(), pixels.height());
    if radius < MIN_RADIUS_PX {
        return;
    }
    // As wide as it can be while its round ends stay on the surface, below which the circle is open.
    let half = (radius * ARC_PART / 2.0).max(0.5).min(radius / 2.0);
    let middle = (radius - half).max(0.0);
    let filled = SWEEP * scale.part(value) as f32;
    let track = Arc { radius: middle, half, from: 0.0, to: SWEEP };
    let fill = Arc { to: filled, ..track };
    let innermost = middle - half - 1.0;
    for y in 0..pixels.height() {
        for x in 0..pixels.width() {
            let (from_x, from_y) = (x as f32 + 0.5 - center.0, y as f32 + 0.5 - center.1);
            let distance = from_x.hypot(from_y);
            if distance < innermost || distance > radius + 1.0 {
                continue;
            }
            let angle = (from_y.atan2(from_x) - START).rem_euclid(TAU);
            let place = Place { x: from_x, y: from_y, distance, angle };
            pixels.blend(x, y, style.track, track.round(place));
            if filled > 0.0 {
                pixels.blend(x, y, style.value, fill.round(place));
            }
        }
    }
}
