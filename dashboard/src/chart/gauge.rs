//! Gauges: an arc of three quarters of a circle, filled up to the value.
//!
//! Each pixel is shaded by how far its middle lies from the edge of the arc, which is exact for a straight edge across
//! the pixel and close for one this wide.

use std::f32::consts::{FRAC_1_SQRT_2, FRAC_PI_4, PI, TAU};

use crate::surface::{Color, Pixels};
use crate::view::Scale;

/// The arc begins at the lower left, clockwise from the right.
const START: f32 = 3.0 * FRAC_PI_4;
/// The arc's angle: 270 degrees.
const SWEEP: f32 = 1.5 * PI;
/// Width of the arc, as a part of the outer radius.
const ARC_PART: f32 = 0.17;
/// Width of the ring of thresholds, and of the gap between it and the arc, as parts of the outer radius.
const RING_PART: f32 = 0.045;
const GAP_PART: f32 = 0.045;
/// From one threshold's part of the ring to the next, in pixels.
const RING_GAP_PX: f32 = 1.5;
/// Smaller than this there is no room for an arc.
const SMALLEST_RADIUS_PX: f32 = 1.0;

/// From a value on, another colour.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    /// The least value of that colour.
    pub from: f64,
    /// The colour.
    pub color: Color,
}

/// How a gauge looks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaugeStyle<'a> {
    /// Colour of the arc where it is not filled.
    pub track: Color,
    /// Colour of values below all thresholds.
    pub value: Color,
    /// Thresholds, the lowest first. With any, a thin ring around the arc shows where their colours lie.
    pub thresholds: &'a [Threshold],
}

impl GaugeStyle<'_> {
    fn color_of(&self, value: f64) -> Color {
        let reached = self.thresholds.iter().rev().find(|threshold| value >= threshold.from);
        reached.map_or(self.value, |threshold| threshold.color)
    }
}

/// Where a gauge stands on a surface: device pixels, y growing downwards.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GaugePlace {
    /// The middle of the circle: what to write stands around it.
    pub center: (f32, f32),
    /// From there to the outermost edge.
    pub radius: f32,
}

impl GaugePlace {
    /// The largest gauge in the middle of a surface of this size.
    pub fn in_size(width_px: u32, height_px: u32) -> Self {
        let (width, height) = (width_px as f32, height_px as f32);
        // What is open below needs no room.
        let down = FRAC_1_SQRT_2;
        let radius = (width / 2.0).min(height / (1.0 + down));
        Self { center: (width / 2.0, (height - radius * (1.0 + down)) / 2.0 + radius), radius }
    }
}

/// A part of a ring.
#[derive(Clone, Copy, Debug)]
struct Arc {
    /// Radius of its middle line.
    radius: f32,
    /// Half its width.
    half: f32,
    /// Angles from the gauge's start, clockwise.
    from: f32,
    to: f32,
}

/// A pixel's middle, from the gauge's middle.
#[derive(Clone, Copy, Debug)]
struct Place {
    x: f32,
    y: f32,
    distance: f32,
    /// From the gauge's start, clockwise, 0 to a whole turn.
    angle: f32,
}

impl Arc {
    /// How much of a pixel the arc covers, with round ends.
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

    /// The same with straight ends.
    fn straight(&self, place: Place) -> f32 {
        let across = (self.half - (place.distance - self.radius).abs() + 0.5).clamp(0.0, 1.0);
        // An angle just before the start is nearly a whole turn: there the way back is the shorter one.
        let angle = if place.angle > f32::midpoint(SWEEP, TAU) { place.angle - TAU } else { place.angle };
        let along = |way: f32| (way * place.distance + 0.5).clamp(0.0, 1.0);
        across * along(angle - self.from) * along(self.to - angle)
    }
}

/// Draws a gauge in the middle of the surface, which is clear: `value` between the ends of `scale`, linear or
/// logarithmic, whose height has no meaning here. A value beyond an end fills all or nothing; not a number fills
/// nothing.
pub fn paint(pixels: &mut Pixels, value: f64, scale: Scale, style: &GaugeStyle<'_>) {
    let GaugePlace { center, radius } = GaugePlace::in_size(pixels.width(), pixels.height());
    if radius < SMALLEST_RADIUS_PX {
        return;
    }
    let ring_width = if style.thresholds.is_empty() { 0.0 } else { (radius * RING_PART).max(1.0) };
    let inset = if style.thresholds.is_empty() { 0.0 } else { ring_width + (radius * GAP_PART).max(1.0) };
    // As wide as it can be while its round ends stay on the surface, below which the circle is open.
    let half = (radius * ARC_PART / 2.0).max(0.5).min(radius / 2.0);
    let middle = (radius - inset - half).max(0.0);
    let filled = SWEEP * scale.part(value) as f32;
    let track = Arc { radius: middle, half, from: 0.0, to: SWEEP };
    let fill = Arc { to: filled, ..track };
    let ring = Arc { radius: radius - ring_width / 2.0, half: ring_width / 2.0, from: 0.0, to: SWEEP };
    let (color, innermost) = (style.color_of(value), middle - half - 1.0);
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
                pixels.blend(x, y, color, fill.round(place));
            }
            if ring_width > 0.0 && distance > radius - ring_width - 1.0 {
                paint_ring(pixels, (x, y), place, ring, scale, style);
            }
        }
    }
}

/// Shades a pixel of the ring: a part for the values below all thresholds, and one for each threshold.
fn paint_ring(pixels: &mut Pixels, at: (u32, u32), place: Place, ring: Arc, scale: Scale, style: &GaugeStyle<'_>) {
    let angle_of = |value: f64| SWEEP * scale.part(value) as f32;
    let gap = RING_GAP_PX / ring.radius.max(1.0) / 2.0;
    let mut from = 0.0;
    let mut color = style.value;
    for threshold in style.thresholds.iter().map(Some).chain([None]) {
        let to = threshold.map_or(SWEEP, |threshold| angle_of(threshold.from));
        if to > from {
            let inner = |angle: f32, toward: f32| if angle > 0.0 && angle < SWEEP { angle + toward } else { angle };
            let part = Arc { from: inner(from, gap), to: inner(to, -gap), ..ring };
            pixels.blend(at.0, at.1, color, part.straight(place));
            from = to;
        }
        color = threshold.map_or(color, |threshold| threshold.color);
    }
}
