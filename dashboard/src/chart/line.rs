//! A line chart that scrolls: each frame it draws only the columns that changed.
//!
//! Where there are at most two samples a pixel column, the samples themselves are joined by lines. Where there are more,
//! each column shows its exact envelope, so that what a frame costs follows pixels and not samples.

use std::ops::Range;

use protocol::Timestamp;

use crate::store::{Envelopes, Group};
use crate::surface::{Color, ColumnSpan, LinePainter, Pixels, Stroke};
use crate::view::{RangeTracker, Scale, Steps, Window};

/// More samples a column than this are drawn as an envelope: a line through them would be nothing but vertical strokes.
const MAX_SAMPLES_PER_COLUMN: u64 = 2;

/// How lines look.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// Width of a line in device pixels.
    pub line_width_px: f32,
    /// A colour a series, over and over.
    pub series: Vec<Color>,
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
    /// A chart of `width` x `height` device pixels, whose value axis is round in `steps`.
    pub fn new(width: u32, height: u32, steps: Steps) -> Self {
        Self {
            pixels: Pixels::new(width, height),
            painter: LinePainter::new(),
            envelopes: Envelopes::default(),
            range: RangeTracker::new(steps),
            scale: Scale::new(0.0, 1.0, height),
            drawn: None,
        }
    }

    /// Gives the chart another size; everything is drawn anew.
    pub fn resize(&mut self, width: u32, height: u32) {
        if (width, height) != (self.pixels.width(), self.pixels.height()) {
            self.pixels.resize(width, height);
            self.drawn = None;
        }
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

    /// The value axis as it was last drawn.
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
        let changed = self.envelopes.update(group, column_us, width as usize);
        let new_rows = self.drawn.as_ref().map_or(0, |drawn| drawn.end_row)..group.rows().end;
        let scrolled = self.drawn.as_ref().map_or(i64::MAX, |drawn| right.saturating_sub(drawn.right));
        if changed.is_none() && scrolled == 0 && new_rows.is_empty() && self.is_current(group, column_us, style) {
            return Change::Nothing;
        }
        let visible = window.visible(now);
        let left = visible.start;
        let before = self.scale;
        self.scale = self.rescale(group, visible, now);
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

    /// The value axis for what is in these columns.
    fn rescale(&mut self, group: &Group, columns: Range<i64>, now: Timestamp) -> Scale {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for column in columns {
            for span in (0..group.series().len()).filter_map(|series| self.envelopes.span(series, column)) {
                low = low.min(span.min);
                high = high.max(span.max);
            }
        }
        let (low, high) = self.range.update((low <= high).then_some((low, high)), &group.bounds, now);
        Scale::new(low, high, self.pixels.height())
    }

    fn paint(&mut self, group: &Group, view: &View<'_>, style: &Style) {
        if style.series.is_empty() {
            return;
        }
        let rows = group.first_row_at(view.window.start_of(view.left)).saturating_sub(1)..group.rows().end;
        let dense = rows.end - rows.start > u64::from(self.pixels.width()) * MAX_SAMPLES_PER_COLUMN;
        // The first series is the most important one, so it is drawn last, on top.
        for series in (0..group.series().len()).rev() {
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
        let (envelopes, scale) = (&self.envelopes, self.scale);
        let columns = (view.clip.start.saturating_sub(stroke.reach())..view.clip.end).map(|x| {
            // The greatest value has the least y.
            let span = envelopes.span(series, view.left + i64::from(x)).map(|span| ColumnSpan {
                first: scale.y(span.first),
                last: scale.y(span.last),
                min: scale.y(span.max),
                max: scale.y(span.min),
            });
            (x, span)
        });
        self.painter.envelope(&mut self.pixels, columns, stroke, view.clip.clone());
    }

    fn paint_line(&mut self, group: &Group, series: usize, view: &View<'_>, stroke: Stroke) {
        let scale = self.scale;
        // Only rows that can reach the clip: its own, and one beyond.
        let first_column = view.left + i64::from(view.clip.start) - i64::from(stroke.reach());
        let first_row = group.first_row_at(view.window.start_of(first_column)).saturating_sub(1);
        let longest = group.longest_step().micros() as i64;
        let mut previous: Option<Timestamp> = None;
        let points = group.iter(series, first_row..group.rows().end).flat_map(|(time, value)| {
            let hole = previous.replace(time).filter(|&previous| time.micros_since(previous) > longest);
            let x = view.window.x_of(time, view.now);
            let hole = hole.map(|_| (x, f32::NAN));
            hole.into_iter().chain([(x, if value.is_finite() { scale.y(value) } else { f32::NAN })])
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

#[cfg(test)]
mod tests {
    use protocol::{Body, Frame, Interval};

    use super::*;
    use crate::store::Store;
    use crate::view::Steps;

    const WIDTH: u32 = 200;
    const HEIGHT: u32 = 80;

    fn style() -> Style {
        Style { line_width_px: 1.5, series: vec![Color::opaque(255, 0, 0), Color::opaque(0, 255, 0)] }
    }

    /// A store with one group of two series, `hz` rows a second, and a source of further rows.
    struct Feed {
        store: Store,
        hz: i64,
        row: i64,
        sequence: u64,
    }

    impl Feed {
        fn new(hz: i64) -> Self {
            let mut store = Store::new(Interval::from_secs(20));
            let catalog = crate::chart::testing::catalog(Interval::from_micros((1_000_000 / hz) as u64));
            store.apply(&Frame::decode(&catalog).expect("decodes"));
            Self { store, hz, row: 0, sequence: 0 }
        }

        fn now(&self) -> Timestamp {
            Timestamp::from_micros((self.row - 1) * 1_000_000 / self.hz)
        }

        fn run(&mut self, rows: i64, value: impl Fn(i64) -> f64) {
            for _ in 0..rows {
                let time = Timestamp::from_micros(self.row * 1_000_000 / self.hz);
                let values = [value(self.row), -value(self.row)];
                self.row += 1;
                self.sequence += 1;
                let frame = crate::chart::testing::samples(self.sequence, time, values);
                let frame = Frame::decode(&frame).expect("decodes");
                assert!(matches!(frame.body, Body::Samples(_)));
                self.store.apply(&frame);
            }
        }

        fn draw(&self, chart: &mut LineChart, now: Timestamp) -> Change {
            let window = Window::new(Interval::from_secs(20), WIDTH);
            chart.draw(&self.store.groups()[0], &window, now, &style())
        }
    }

    fn chart() -> LineChart {
        LineChart::new(WIDTH, HEIGHT, Steps::Decimal)
    }

    fn wave(row: i64) -> f64 {
        (row as f64 / 17.0).sin() * 10.0 + (row % 5) as f64
    }

    #[test]
    fn drawing_bit_by_bit_gives_the_same_picture_as_drawing_at_once() {
        for hz in [2, 10, 100] {
            let mut feed = Feed::new(hz);
            feed.run(hz * 15, wave);
            let mut chart_bit_by_bit = chart();
            for _ in 0..40 {
                feed.run((hz / 5).max(1), wave);
                feed.draw(&mut chart_bit_by_bit, feed.now());
            }
            let mut at_once = chart();
            feed.draw(&mut at_once, feed.now());
            assert_eq!(chart_bit_by_bit.scale(), at_once.scale(), "{hz} Hz");
            // An x is rounded anew at each place on its way to the left, so the last bits of an edge may differ; and the
            // leftmost columns once had a neighbour that has left the window.
            for (x, y) in (2..WIDTH).flat_map(|x| (0..HEIGHT).map(move |y| (x, y))) {
                let at = |chart: &LineChart| chart.pixels().pixel(x, y).expect("inside");
                let (one, other) = (at(&chart_bit_by_bit), at(&at_once));
                let far = one.iter().zip(other).any(|(a, b)| a.abs_diff(b) > 2);
                assert!(!far, "{hz} Hz at {x}, {y}: {one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn nothing_new_draws_nothing() {
        let mut feed = Feed::new(10);
        feed.run(100, wave);
        let mut chart = chart();
        assert_eq!(feed.draw(&mut chart, feed.now()), Change::Axis);
        chart.pixels_mut().take_dirty();
        assert_eq!(feed.draw(&mut chart, feed.now()), Change::Nothing);
        assert_eq!(chart.pixels_mut().take_dirty(), None);
    }

    #[test]
    fn a_hole_in_time_is_not_bridged() {
        let mut feed = Feed::new(10);
        feed.run(60, |_| 5.0);
        feed.row += 60;
        feed.run(60, |_| 5.0);
        let mut chart = chart();
        feed.draw(&mut chart, feed.now());
        let drawn = |x| (0..HEIGHT).any(|y| chart.pixels().pixel(x, y).is_some_and(|pixel| pixel[3] > 0));
        // 20 s on 200 columns: the last 6 s are drawn, the 6 s before are the hole, and before it is drawn again.
        assert!((145..WIDTH).all(drawn) && !(85..135).any(drawn) && (30..75).all(drawn));
    }

    #[test]
    fn no_value_is_too_odd_to_draw() {
        for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, 1e-300, -0.0] {
            for hz in [2, 100] {
                let mut feed = Feed::new(hz);
                feed.run(hz * 10, |row| if row % 3 == 0 { odd } else { wave(row) });
                feed.draw(&mut chart(), feed.now());
                let mut feed = Feed::new(hz);
                feed.run(hz * 10, |_| odd);
                feed.draw(&mut chart(), feed.now());
                feed.draw(&mut chart(), Timestamp::MIN);
                feed.draw(&mut chart(), Timestamp::MAX);
                feed.draw(&mut LineChart::new(0, 0, Steps::Decimal), feed.now());
            }
        }
    }

    #[test]
    fn a_spike_of_one_sample_is_seen_at_any_density() {
        for hz in [2, 10, 1_000] {
            let mut feed = Feed::new(hz);
            let spike = hz * 7 + hz / 2;
            feed.run(hz * 15, |row| if row == spike { 100.0 } else { 0.0 });
            let mut chart = chart();
            feed.draw(&mut chart, feed.now());
            let y = chart.scale().y(100.0).round().clamp(0.0, HEIGHT as f32 - 1.0) as u32;
            let seen = (0..WIDTH).any(|x| chart.pixels().pixel(x, y).is_some_and(|pixel| pixel[3] > 0));
            assert!(seen, "{hz} Hz");
        }
    }
}
