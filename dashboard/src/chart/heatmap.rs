//! Heatmaps: a row for each series, and values as colours.

use std::ops::Range;

use super::columns::Columns;
use super::stack::level;
use crate::surface::{ColorRamp, Pixels};
use crate::view::Scale;

/// A column's pixels do not depend on other columns.
pub const REACH: u32 = 0;

/// The rows of the surface that show a series, the first series at the bottom. Rows divide the height as evenly as whole
/// pixels allow. If there are more series than pixels, several share one.
pub fn rows_of(series: usize, count: usize, height_px: u32) -> Range<u32> {
    let (count, height) = (count.max(1) as u64, u64::from(height_px));
    let edge = |below: u64| (height - height * below.min(count) / count) as u32;
    let (series, per_row) = (series as u64, count.div_ceil(height.max(1)));
    if per_row > 1 {
        // The pixel in which its lower edge lies.
        let row = (height * series.min(count - 1) / count).min(height.saturating_sub(1));
        let bottom = height - row;
        return (bottom.saturating_sub(1)) as u32..bottom as u32;
    }
    edge(series + 1)..edge(series)
}

/// Draws the mean of each series on the columns of `clip`, as the colour of `ramp` at its position on `intensity`. The
/// height of that scale is ignored. A cell without a value stays clear, and so does one whose
/// value has no place on a logarithmic scale.
///
/// A row of pixels that several series share shows the largest.
///
/// Hot: once a redrawn chart.
pub fn paint(pixels: &mut Pixels, columns: &impl Columns, intensity: Scale, ramp: &ColorRamp, clip: Range<u32>) {
    let (count, height) = (columns.series(), pixels.height());
    for x in pixels.clip_columns(clip) {
        let mut series = 0;
        while series < count {
            let rows = rows_of(series, count, height);
            let mut greatest = None;
            while series < count && rows_of(series, count, height) == rows {
                let value = level(&columns.summary(series, x));
                greatest = value.map_or(greatest, |value| Some(greatest.map_or(value, |other: f64| other.max(value))));
                series += 1;
            }
            if let Some(part) = greatest.map(|value| intensity.part(value)).filter(|part| !part.is_nan()) {
                pixels.blend_run(x, rows, ramp.at(part), 1.0);
            }
        }
    }
}
