//! Time to columns. Columns are numbered from the Unix epoch, not from the left edge: a chart scrolls by whole columns,
//! and what a column holds does not change while it moves across the screen.

use std::ops::Range;

use protocol::{Interval, Timestamp};

/// The length of time that a chart shows, cut into the columns of its surface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    span: Interval,
    width_px: u32,
    column_us: i64,
}

impl Window {
    /// A window of `span` on `width_px` columns. Columns are whole microseconds: the window shows `span` and at most a
    /// microsecond a column more. No width counts as one column, no span as one microsecond a column.
    pub fn new(span: Interval, width_px: u32) -> Self {
        let width_px = width_px.max(1);
        let column_us = span.micros().div_ceil(u64::from(width_px)).max(1);
        Self { span, width_px, column_us: i64::try_from(column_us).unwrap_or(i64::MAX) }
    }

    /// The length of time shown.
    pub fn span(&self) -> Interval {
        self.span
    }

    /// Columns shown.
    pub fn width_px(&self) -> u32 {
        self.width_px
    }

    /// Microseconds in a column.
    pub fn column_us(&self) -> i64 {
        self.column_us
    }

    /// The column in which a time lies.
    pub fn column_of(&self, time: Timestamp) -> i64 {
        time.micros().div_euclid(self.column_us)
    }

    /// When a column begins.
    pub fn start_of(&self, column: i64) -> Timestamp {
        Timestamp::from_micros(column.saturating_mul(self.column_us))
    }

    /// The columns on screen at `now`, which lies in the last of them.
    pub fn visible(&self, now: Timestamp) -> Range<i64> {
        let end = self.column_of(now).saturating_add(1);
        end.saturating_sub(i64::from(self.width_px))..end
    }

    /// Where a column stands on the surface at `now`, if it is on screen.
    pub fn x_of_column(&self, column: i64, now: Timestamp) -> Option<u32> {
        let visible = self.visible(now);
        // Fits: it is less than the width.
        visible.contains(&column).then(|| column.abs_diff(visible.start) as u32)
    }

    /// Where a time stands on the surface at `now`, in pixels from the left; outside the surface when off screen.
    pub fn x_of(&self, time: Timestamp, now: Timestamp) -> f32 {
        // Whole columns first, then the part: a time's microseconds are too many for an f32.
        let column = self.column_of(time);
        let whole = column.saturating_sub(self.visible(now).start);
        let part = time.micros().saturating_sub(self.start_of(column).micros());
        (whole as f64 + part as f64 / self.column_us as f64) as f32
    }

    /// The time at a place on the surface at `now`: what a pointer there points at.
    pub fn time_at(&self, x: f32, now: Timestamp) -> Timestamp {
        let start = self.start_of(self.visible(now).start).micros();
        // The cast saturates, and takes NaN to 0.
        Timestamp::from_micros(start.saturating_add((f64::from(x) * self.column_us as f64) as i64))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// 150 ms a column.
    const MINUTE: Interval = Interval::from_secs(60);

    fn at_ms(millis: i64) -> Timestamp {
        Timestamp::from_micros(millis * 1_000)
    }

    #[test]
    fn a_minute_on_400_pixels_is_a_column_in_150_ms() {
        let window = Window::new(MINUTE, 400);
        assert_eq!(window.column_us(), 150_000);
        assert_eq!(window.column_of(at_ms(149)), 0);
        assert_eq!(window.column_of(at_ms(150)), 1);
        assert_eq!(window.column_of(at_ms(-1)), -1);
        assert_eq!(window.visible(at_ms(60_000)), 1..401);
        assert_eq!(window.x_of_column(400, at_ms(60_000)), Some(399));
        assert_eq!(window.x_of_column(0, at_ms(60_000)), None);
    }

    #[test]
    fn a_pointer_finds_the_time_it_points_at() {
        let (window, now) = (Window::new(MINUTE, 400), at_ms(1_700_000_000_000));
        let time = at_ms(1_699_999_990_075);
        let x = window.x_of(time, now);
        assert!(window.time_at(x, now).micros_since(time).abs() < 10_000);
    }

    #[test]
    fn no_width_and_no_span_are_a_window_too() {
        let window = Window::new(Interval::ZERO, 0);
        assert_eq!((window.width_px(), window.column_us()), (1, 1));
        assert_eq!(window.visible(at_ms(0)), 0..1);
    }

    proptest! {
        #[test]
        fn later_times_are_never_farther_left(span: u64, width: u32, a: i64, b: i64, now: i64) {
            let window = Window::new(Interval::from_micros(span), width);
            let (a, b) = (Timestamp::from_micros(a.min(b)), Timestamp::from_micros(a.max(b)));
            let now = Timestamp::from_micros(now);
            prop_assert!(window.column_of(a) <= window.column_of(b));
            prop_assert!(window.x_of(a, now) <= window.x_of(b, now));
        }

        #[test]
        fn a_time_lies_in_its_column(span in 0_u64..1 << 50, width: u32, time in -1_i64 << 60..1 << 60) {
            let window = Window::new(Interval::from_micros(span), width);
            let column = window.column_of(Timestamp::from_micros(time));
            prop_assert!(window.start_of(column).micros() <= time);
            prop_assert!(time < window.start_of(column + 1).micros());
        }

        #[test]
        fn the_window_shows_its_whole_span(span in 1_u64..1 << 50, width in 1_u32..10_000) {
            let window = Window::new(Interval::from_micros(span), width);
            prop_assert!(window.column_us() as u64 * u64::from(width) >= span);
        }

        #[test]
        fn nothing_panics(span: u64, width: u32, time: i64, now: i64, x: f32) {
            let window = Window::new(Interval::from_micros(span), width);
            let (time, now) = (Timestamp::from_micros(time), Timestamp::from_micros(now));
            window.time_at(x, now);
            window.x_of_column(window.column_of(time), now);
        }
    }
}
