//! A line chart that scrolls: each frame it draws only the columns that changed.
//!
//! Where there are at most two samples a pixel column, the samples themselves are joined by lines. Where there are more,
//! each column shows its exact envelope, so that what a frame costs follows pixels and not samples.

use std::ops::Range;
use std::rc::Rc;

use protocol::Timestamp;

use super::options::Options;
use crate::store::{Envelopes, Group, Summary};
use crate::surface::{Color, ColumnSpan, LinePainter, Pixels, Stroke};
use crate::view::{RangeTracker, Scale, Steps, Window};

/// More samples a column than this are drawn as an envelope: a line through them would be nothing but vertical strokes.
const MAX_SAMPLES_PER_COLUMN: u64 = 2;

/// Series that a chart draws: the first of its group. Nobody tells more apart.
pub const MAX_SERIES_DRAWN: usize = 256;

/// How lines look.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Width of a line in device pixels.
    pub line_width_px: f32,
    /// A colour a series, over and over.
    pub series: Rc<[Color]>,
}

/// What of a surface changed in a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: leave the canvas alone.
    Nothing,
    /// The series; the surface's dirty columns say which.
    Series,
    /// The value axis too.
    Axis,
}

/// The lines of one group.
#[derive(Debug)]
pub struct LineChart {
    pixels: Pixels,
    /// Rows of the surface above and below the plot.
    margin: u32,
    painter: LinePainter,
    envelopes: Envelopes,
    range: RangeTracker,
    scale: Scale,
    drawn: Option<Drawn>,
}

/// What the surface shows.
#[derive(Clone, Debug, PartialEq)]
struct Drawn {
    right: i64,
    column_us: i64,
    end_row: u64,
    generation: u64,
    series: usize,
    scale: Scale,
    style: Style,
}

impl LineChart {
    /// A chart without a size yet, whose value axis is round in `steps`.
    pub fn new(steps: Steps) -> Self {
        Self {
            pixels: Pixels::new(0, 0),
            margin: 0,
            painter: LinePainter::new(),
            envelopes: Envelopes::default(),
            range: RangeTracker::new(steps),
            scale: Scale::new(0.0, 1.0, 0),
            drawn: None,
        }
    }

    /// Takes over what a person has chosen.
    pub fn set_options(&mut self, options: Options) {
        self.range.set_mapping(options.mapping);
        self.range.set_mode(options.range);
        self.drawn = None;
    }

    /// Gives the chart another size in device pixels. The surface is higher than the plot by `margin` at both ends, so
    /// that a line along an end of the axis keeps its width.
    pub fn resize(&mut self, width: u32, height: u32, margin: u32) {
        let surface = (width, height + 2 * margin);
        if (surface, margin) != ((self.pixels.width(), self.pixels.height()), self.margin) {
            self.pixels.resize(surface.0, surface.1);
            self.margin = margin;
            self.drawn = None;
        }
    }

    /// Gives all memory back; the value axis stays what it is.
    pub fn release(&mut self) {
        self.pixels = Pixels::new(0, 0);
        self.envelopes = Envelopes::default();
        self.drawn = None;
    }

    /// Draws everything anew at the next call.
    pub fn repaint(&mut self) {
        self.drawn = None;
    }

    /// The surface.
    pub const fn pixels(&self) -> &Pixels {
        &self.pixels
    }

    /// The surface, to take its dirty columns.
    pub const fn pixels_mut(&mut self) -> &mut Pixels {
        &mut self.pixels
    }

    /// The value axis as it was last drawn, over the plot's height.
    pub const fn scale(&self) -> Scale {
        self.scale
    }

    /// Draws what has changed since the last call.
    ///
    /// Hot: once a chart and display frame.
    pub fn draw(&mut self, group: &Group, window: &Window, now: Timestamp, style: &Style) -> Change {
        let width = self.pixels.width();
        let column_us = window.column_us();
        let right = window.column_of(now);
        let changed = self.envelopes.update(group, MAX_SERIES_DRAWN, column_us, width as usize, right);
        let new_rows = self.drawn.as_ref().map_or(0, |drawn| drawn.end_row)..group.rows().end;
        let scrolled = self.drawn.as_ref().map_or(i64::MAX, |drawn| right.saturating_sub(drawn.right));
        if changed.is_none() && scrolled == 0 && new_rows.is_empty() && self.is_current(group, column_us, style) {
            return Change::Nothing;
        }
        let visible = window.visible(now);
        let left = visible.start;
        let before = self.scale;
        let visible_rows = group.first_row_at(window.start_of(left))..group.first_row_at(window.start_of(visible.end));
        self.scale = self.rescale(group, visible_rows, now);
        let whole = !self.is_current(group, column_us, style)
            || before != self.scale
            || changed == Some(i64::MIN)
            || !(0..i64::from(width)).contains(&scrolled);
        let first = if whole {
            self.pixels.clear();
            0
        } else {
            self.pixels.shift_left(scrolled as u32);
            let stroke = Stroke { width_px: style.line_width_px, color: Color::opaque(0, 0, 0) };
            let oldest_new = first_changed_column(group, &new_rows, column_us).unwrap_or(right);
            let first = (oldest_new - left).clamp(0, i64::from(width)) as u32;
            first.saturating_sub(stroke.reach())
        };
        if first < width {
            self.pixels.clear_columns(first..width);
            self.paint(group, &View { window, now, left, clip: first..width }, style);
        }
        self.drawn = Some(Drawn {
            right,
            column_us,
            end_row: group.rows().end,
            generation: group.generation(),
            series: group.series().len(),
            scale: self.scale,
            style: style.clone(),
        });
        if before == self.scale && !whole { Change::Series } else { Change::Axis }
    }

    /// Whether what is on the surface may stay there.
    fn is_current(&self, group: &Group, column_us: i64, style: &Style) -> bool {
        self.drawn.as_ref().is_some_and(|drawn| {
            drawn.column_us == column_us
                && drawn.generation == group.generation()
                && drawn.series == group.series().len()
                && drawn.scale == self.scale
                && drawn.style == *style
        })
    }

    /// The value axis for what is in these rows.
    fn rescale(&mut self, group: &Group, rows: Range<u64>, now: Timestamp) -> Scale {
        let mut seen = Summary::EMPTY;
        for series in 0..self.envelopes.series() {
            seen.extend(&group.summary(series, rows.clone()));
        }
        let (low, high) = self.range.update((!seen.is_empty()).then_some((seen.min, seen.max)), &group.bounds, now);
        Scale::mapped(self.range.mapping(), low, high, self.pixels.height() - 2 * self.margin)
    }

    fn paint(&mut self, group: &Group, view: &View<'_>, style: &Style) {
        if style.series.is_empty() {
            return;
        }
        let rows = group.first_row_at(view.window.start_of(view.left)).saturating_sub(1)..group.rows().end;
        let dense = rows.end - rows.start > u64::from(self.pixels.width()) * MAX_SAMPLES_PER_COLUMN;
        // The first series is the most important one, so it is drawn last, on top.
        for series in (0..self.envelopes.series()).rev() {
            let color = style.series[series % style.series.len()];
            let stroke = Stroke { width_px: style.line_width_px, color };
            if dense {
                self.paint_envelope(series, view, stroke);
            } else {
                self.paint_line(group, series, view, stroke);
            }
        }
    }

    fn paint_envelope(&mut self, series: usize, view: &View<'_>, stroke: Stroke) {
        let (envelopes, scale, margin) = (&self.envelopes, self.scale, self.margin as f32);
        let y = |value| scale.y(value) + margin;
        let columns = (view.clip.start.saturating_sub(stroke.reach())..view.clip.end).map(|x| {
            // The greatest value has the least y.
            let summary = envelopes.summary(series, view.left + i64::from(x));
            let span = (!summary.is_empty()).then(|| ColumnSpan {
                first: y(summary.first),
                last: y(summary.last),
                min: y(summary.max),
                max: y(summary.min),
            });
            (x, span)
        });
        self.painter.envelope(&mut self.pixels, columns, stroke, view.clip.clone());
    }

    fn paint_line(&mut self, group: &Group, series: usize, view: &View<'_>, stroke: Stroke) {
        let (scale, margin) = (self.scale, self.margin as f32);
        // Only rows that can reach the clip: its own, and one beyond.
        let first_column = view.left + i64::from(view.clip.start) - i64::from(stroke.reach());
        let first_row = group.first_row_at(view.window.start_of(first_column)).saturating_sub(1);
        let longest = group.longest_step().micros() as i64;
        let mut previous: Option<Timestamp> = None;
        let points = group.iter(series, first_row..group.rows().end).flat_map(|(time, value)| {
            let hole = previous.replace(time).filter(|&previous| time.micros_since(previous) > longest);
            let x = view.window.x_of(time, view.now);
            let hole = hole.map(|_| (x, f32::NAN));
            hole.into_iter().chain([(x, if value.is_finite() { scale.y(value) + margin } else { f32::NAN })])
        });
        self.painter.polyline(&mut self.pixels, points, stroke, view.clip.clone());
    }
}

/// What part of time a painter draws, and where.
struct View<'a> {
    window: &'a Window,
    now: Timestamp,
    /// The column at the surface's left edge.
    left: i64,
    /// Columns of the surface to draw on.
    clip: Range<u32>,
}

/// The oldest column that new rows touch: the line to the first of them begins at the row before.
fn first_changed_column(group: &Group, new_rows: &Range<u64>, column_us: i64) -> Option<i64> {
    if new_rows.is_empty() {
        return None;
    }
    let row = new_rows.start.saturating_sub(1).max(group.rows().start);
    Some(group.time(row).micros().div_euclid(column_us.max(1)))
}
