//! Heatmaps: a row a series, a column of time, and a colour for each amount.

use std::ops::Range;

use super::columns::Columns;
use super::stack::level;
use crate::surface::{ColorRamp, Pixels};
use crate::view::Scale;

/// How many columns on either side shape a column's pixels: none.
pub const REACH: u32 = 0;

/// The rows of the surface that show a series, the first series at the bottom. Rows share the height as evenly as whole
/// pixels allow. Where there are more series than pixels, several share one.
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

/// Draws, on the columns of `clip`, the mean of each series in the colour of `ramp` for where it stands on `intensity`,
/// linear or logarithmic; the height of that scale has no meaning here. Where there is no value nothing is drawn.
///
/// Where several series share a row of pixels it shows the greatest.
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
            if let Some(value) = greatest {
                pixels.blend_run(x, rows, ramp.at(intensity.part(value)), 1.0);
            }
        }
    }
}

/// The least and greatest mean of a column: what the scale of intensity has to hold. None if there is no value.
pub fn intensity_range(columns: &impl Columns) -> Option<(f64, f64)> {
    let all = (0..columns.series()).flat_map(|series| (0..columns.width()).map(move |x| (series, x)));
    let values = all.filter_map(|(series, x)| level(&columns.summary(series, x)));
    values.map(|value| (value, value)).reduce(|(low, high), (value, _)| (low.min(value), high.max(value)))
}
