//! The content of a chart in one display frame: rows of a group over a span of time, and the style.

use std::rc::Rc;

use protocol::{Interval, Timestamp};
use series::Summary;

use super::columns::Columns;
use super::extremes::Extremes;
use super::held::Held;
use crate::store::{ColumnSummaries, Group, Past};
use crate::surface::{Color, ColorRamp, Dash, Stroke};
use crate::view::Window;

#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    pub line_width_px: f32,
    /// The colours of the series. If there are more series than colours, they repeat with other dashes.
    pub series: Rc<[Color]>,
    /// The colours of heatmap values.
    pub ramp: Rc<ColorRamp>,
}

impl Style {
    /// The colour of a series by its number. The list of colours must not be empty.
    pub(super) fn color(&self, series: usize) -> Color {
        self.series[series % self.series.len()]
    }
}

/// The style of the series of one chart.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ChosenStyle {
    /// With one colour for each series.
    pub(super) style: Style,
    /// One for each series.
    pub(super) dashes: Rc<[Dash]>,
    /// The series that stands out: the others are faint.
    pub(super) emphasized: Option<usize>,
}

/// A line that stands out is wider by this factor.
pub(super) const EMPHASIS: f32 = 1.5;

/// The part of their alpha that other lines keep.
const FAINT: f32 = 0.3;

impl ChosenStyle {
    /// The stroke of a series on a surface whose left column has the number `first_column`.
    pub(super) fn stroke(&self, series: usize, first_column: i64) -> Stroke {
        let dash = self.dashes.get(series).copied().unwrap_or_default();
        let (factor, strength) = match self.emphasized {
            Some(emphasized) if emphasized == series => (EMPHASIS, 1.0),
            Some(_) => (1.0, FAINT),
            None => (1.0, 1.0),
        };
        let width_px = self.style.line_width_px * factor;
        let color = self.style.color(series);
        let color = color.with_alpha((f32::from(color.a) * strength).round() as u8);
        Stroke { width_px, color, dashes: dash.on_columns(width_px, first_column) }
    }

    /// The series in the order in which they are drawn: the last is on top. It is the one that stands out, or the first, which is the most
    /// important one.
    pub(super) fn drawing_order(&self, count: usize) -> impl Iterator<Item = usize> {
        let last = self.emphasized.filter(|&series| series < count);
        (0..count).rev().filter(move |&series| Some(series) != last).chain(last)
    }
}

/// Series of a group over a span of time, on a surface.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scene<'a> {
    pub(super) group: &'a Group,
    /// The places of the series in the group.
    pub(super) places: &'a [usize],
    pub(super) window: &'a Window,
    pub(super) now: Timestamp,
    /// Number of the column at the surface's left edge.
    pub(super) left: i64,
    /// Of the surface, in columns.
    pub(super) width: u32,
    /// Of a fixed view: the rows do not cover it, and the answer to a query is read instead.
    pub(super) reads_answer: bool,
}

impl<'a> Scene<'a> {
    pub(super) fn new(group: &'a Group, places: &'a [usize], window: &'a Window, now: Timestamp, width: u32) -> Self {
        Self { group, places, window, now, left: window.visible(now).start, width, reads_answer: false }
    }

    /// Smallest and largest value on screen.
    pub(super) fn extremes(&self) -> Extremes {
        let row_at = |column| self.group.first_row_at(self.window.start_of(column));
        let rows = row_at(self.left)..row_at(self.left.saturating_add(i64::from(self.width)));
        let mut extremes = Extremes::default();
        for &place in self.places {
            let mut own = self.past_summary(place);
            own.extend(&self.group.summary(place, rows.clone()));
            extremes.add(&own);
        }
        extremes
    }

    /// Smallest and largest value of a fixed view, with those of the rows beside it, to which its lines lead.
    pub(super) fn fixed_extremes(&self) -> Extremes {
        let (group, past) = (self.group, self.group.past());
        let (left, right) =
            (self.window.start_of(self.left), self.window.start_of(self.left.saturating_add(i64::from(self.width))));
        let known = past.range().filter(|_| self.reads_answer);
        let is_sparse = past.is_sparse(group.interval);
        let beside = known.filter(|_| is_sparse).map_or(Interval::ZERO, |_| between_rows(group, past));
        let first = known.map_or(left, |known| known.end.max(left));
        let rows = group.first_row_at(first)..group.first_row_at(right);
        let rows = if known.is_some() { rows } else { rows.start.saturating_sub(1)..rows.end.saturating_add(1) };
        let mut extremes = Extremes::default();
        for &place in self.places {
            let until = if known.is_some() { right + beside } else { self.rows_begin() };
            let mut own = past.summary(place, left - beside..until);
            own.extend(&group.summary(place, rows.clone()));
            extremes.add(&own);
        }
        extremes
    }

    /// The summary of a series on screen before the group's rows.
    fn past_summary(&self, place: usize) -> Summary {
        let past = self.group.past();
        if past.range().is_none() {
            return Summary::EMPTY;
        }
        past.summary(place, self.window.start_of(self.left)..self.rows_begin())
    }

    /// The time of the group's oldest row, or the right edge without rows.
    pub(super) fn rows_begin(&self) -> Timestamp {
        self.group.oldest().unwrap_or(self.now)
    }

    /// The columns on screen, from the surface's left edge.
    pub(super) const fn columns<'b>(&self, summaries: &'b ColumnSummaries) -> SceneColumns<'b> {
        SceneColumns::new(summaries, self.left, self.width)
    }

    /// The columns on screen, in which each value holds until the next, unless there is a hole between them.
    pub(super) fn held<'b>(&self, columns: &'b SceneColumns<'b>) -> Held<'b, SceneColumns<'b>> {
        let hold = self.group.longest_step().micros() / self.column_us();
        self.hold(columns, hold.max(self.columns_of_bucket()))
    }

    /// The columns on screen, in which the last value of a bucket that is longer than a column holds until its end.
    pub(super) fn filled<'b>(&self, columns: &'b SceneColumns<'b>) -> Held<'b, SceneColumns<'b>> {
        self.hold(columns, self.columns_of_bucket())
    }

    fn hold<'b>(&self, columns: &'b SceneColumns<'b>, hold: u64) -> Held<'b, SceneColumns<'b>> {
        Held::new(columns, hold.min(u64::from(self.width)) as u32)
    }

    /// Columns of a bucket after the first: 0 for rows, and for buckets that are as long as a column.
    fn columns_of_bucket(&self) -> u64 {
        self.group.step().micros().div_ceil(self.column_us()).saturating_sub(1)
    }

    fn column_us(&self) -> u64 {
        self.window.column_us().unsigned_abs().max(1)
    }
}

/// The longest time between two rows of an answer that a line joins.
fn between_rows(group: &Group, past: &Past) -> Interval {
    Interval::from_micros(group.longest_step().micros().saturating_add(past.longest().micros()))
}

/// The summaries of a scene's columns.
#[derive(Clone, Copy, Debug)]
pub(super) struct SceneColumns<'a> {
    summaries: &'a ColumnSummaries,
    left: i64,
    width: u32,
}

impl<'a> SceneColumns<'a> {
    pub(super) const fn new(summaries: &'a ColumnSummaries, left: i64, width: u32) -> Self {
        Self { summaries, left, width }
    }
}

impl Columns for SceneColumns<'_> {
    fn series(&self) -> usize {
        self.summaries.series()
    }

    fn width(&self) -> u32 {
        self.width
    }

    fn summary(&self, series: usize, x: u32) -> Summary {
        self.summaries.summary(series, self.left.saturating_add(i64::from(x)))
    }
}
