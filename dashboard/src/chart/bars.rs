//! Bars: the mean of each of equal parts of time.

use std::ops::Range;

use super::columns::Columns;
use super::plot::Plot;
use super::stack::{Stack, level};
use crate::surface::coverage::{ColumnCoverage, Strip};
use crate::surface::edge::Edge;
use crate::surface::{Color, Pixels};
use crate::view::{Mapping, Scale};
use series::Summary;

/// One in this many columns of a bar is the gap beside it.
const GAP_PARTS: u32 = 5;

/// Narrower bars have no gap.
const MIN_WIDTH_WITH_GAP: u32 = 3;

/// The columns of each bar. Bars begin at column numbers that are multiples of their width: they scroll with the chart, and
/// their content does not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarLayout {
    /// Columns of a bar, gap included. Zero counts as one.
    pub columns_per_bar: u32,
    /// The number of the column at the surface's left edge, as [`Window::visible`](crate::view::Window::visible) gives.
    pub first_column: i64,
}

impl BarLayout {
    /// The number of columns on either side that affect a column's pixels: as many more must be redrawn.
    pub fn reach(&self) -> u32 {
        self.width() - 1
    }

    fn width(&self) -> u32 {
        self.columns_per_bar.max(1)
    }

    /// The columns of the bar in which a column of the surface lies, counted from the surface's left edge.
    fn bar_at(&self, x: u32) -> Range<i64> {
        let width = i64::from(self.width());
        let start = i64::from(x) - self.first_column.wrapping_add(i64::from(x)).rem_euclid(width);
        start..start + width
    }

    /// The columns of a bar without its gap.
    fn inked(&self) -> u32 {
        let width = self.width();
        if width < MIN_WIDTH_WITH_GAP { width } else { width - (width / GAP_PARTS).max(1) }
    }
}

/// Draws bars. It owns scratch memory only.
#[derive(Debug, Default)]
pub struct BarsPainter {
    /// Top and bottom of each series in a bar: heights in pixels.
    segments: Vec<(f32, f32)>,
    column: ColumnCoverage,
}

impl BarsPainter {
    /// Draws a bar for each part of time on the columns of `clip`, which must be clear: the means of the series, stacked
    /// from zero in the order of the series, negative ones downwards. A bar that is cut by an edge of the surface is the
    /// mean of its columns on the surface.
    ///
    /// On a logarithmic axis the stack starts at the bottom edge. The `colors` of the series repeat.
    ///
    /// Hot: once a redrawn chart.
    pub fn paint(
        &mut self,
        pixels: &mut Pixels,
        columns: &impl Columns,
        scale: Scale,
        layout: BarLayout,
        colors: &[Color],
        clip: Range<u32>,
    ) {
        let clip = pixels.clip_columns(clip);
        if colors.is_empty() {
            return;
        }
        let plot = Plot::new(pixels, scale);
        let mut x = clip.start;
        while x < clip.end {
            let bar = layout.bar_at(x);
            let on_surface = |column: i64| column.clamp(0, i64::from(pixels.width())) as u32;
            let held = on_surface(bar.start)..on_surface(bar.end);
            let inked = x..on_surface(bar.start + i64::from(layout.inked())).min(clip.end);
            if !inked.is_empty() {
                self.stack(columns, plot, held.clone());
                for (series, &(top, bottom)) in self.segments.iter().enumerate() {
                    if top < bottom {
                        for x in inked.clone() {
                            self.column.push(Strip { width: 1.0, top: Edge::level(top), bottom: Edge::level(bottom) });
                            self.column.paint(pixels, x, colors[series % colors.len()]);
                        }
                    }
                }
            }
            x = held.end;
        }
    }

    fn stack(&mut self, columns: &impl Columns, plot: Plot, held: Range<u32>) {
        let mut stack = Stack::default();
        self.segments.clear();
        for series in 0..columns.series() {
            let mut all = Summary::EMPTY;
            held.clone().for_each(|x| all.extend(&columns.summary(series, x)));
            let (low, high) = level(&all).map_or((f64::NAN, f64::NAN), |value| stack.push(value));
            let (top, bottom) = (plot.y_within(high), plot.y_within(low));
            // The smallest value may be the low end of a logarithmic axis.
            let is_lowest = plot.mapping() == Mapping::Log && low == 0.0 && high > 0.0;
            self.segments.push((if is_lowest { top.min(bottom - 1.0) } else { top }, bottom));
        }
    }
}

/// The lowest and the highest end of all bars; on a logarithmic axis, of those above zero. `None` without one.
pub fn bars_range(columns: &impl Columns, layout: BarLayout, mapping: Mapping) -> Option<(f64, f64)> {
    let mut range: Option<(f64, f64)> = None;
    let mut x = 0;
    while x < columns.width() {
        let end = layout.bar_at(x).end.clamp(i64::from(x) + 1, i64::from(columns.width())) as u32;
        let mut stack = Stack::default();
        let mut has_value = false;
        for series in 0..columns.series() {
            let mut all = Summary::EMPTY;
            (x..end).for_each(|x| all.extend(&columns.summary(series, x)));
            if let Some(value) = level(&all) {
                stack.push(value);
                has_value = true;
            }
        }
        if let Some((down, up)) = stack.range(mapping).filter(|_| has_value) {
            let (low, high) = range.unwrap_or((down, up));
            range = Some((low.min(down), high.max(up)));
        }
        x = end;
    }
    range
}
