//! Converts times to columns. Columns are numbered from the Unix epoch, not from the left edge: a chart scrolls by whole
//! columns, and the content of a column does not change while it moves across the screen.

use std::ops::Range;

use protocol::{Interval, Timestamp};

/// The span of time that a chart shows, divided into the columns of its surface.
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

    pub fn span(&self) -> Interval {
        self.span
    }

    pub fn width_px(&self) -> u32 {
        self.width_px
    }

    pub fn column_us(&self) -> i64 {
        self.column_us
    }

    /// The time that all columns show, in microseconds: more than the span if that is less than a microsecond a column.
    pub fn shown_us(&self) -> i64 {
        self.column_us.saturating_mul(i64::from(self.width_px))
    }

    /// The column of a time.
    pub fn column_of(&self, time: Timestamp) -> i64 {
        time.micros().div_euclid(self.column_us)
    }

    /// The first time of a column.
    pub fn start_of(&self, column: i64) -> Timestamp {
        Timestamp::from_micros(column.saturating_mul(self.column_us))
    }

    /// The columns on screen at `now`, of which the last is that of `now`.
    pub fn visible(&self, now: Timestamp) -> Range<i64> {
        let end = self.column_of(now).saturating_add(1);
        end.saturating_sub(i64::from(self.width_px))..end
    }

    /// The position of a time at `now`, in pixels from the left edge of the surface, which may be outside.
    pub fn x_of(&self, time: Timestamp, now: Timestamp) -> f32 {
        // Whole columns first, then the fraction: f32 is not precise enough for a time in microseconds.
        let column = self.column_of(time);
        let whole = column.saturating_sub(self.visible(now).start);
        let part = time.micros().saturating_sub(self.start_of(column).micros());
        (whole as f64 + part as f64 / self.column_us as f64) as f32
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
    }

    #[test]
    fn a_window_without_width_or_span_has_one_column() {
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
        fn a_time_is_in_its_column(span in 0_u64..1 << 50, width: u32, time in -1_i64 << 60..1 << 60) {
            let window = Window::new(Interval::from_micros(span), width);
            let column = window.column_of(Timestamp::from_micros(time));
            prop_assert!(window.start_of(column).micros() <= time);
            prop_assert!(time < window.start_of(column + 1).micros());
        }

        #[test]
        fn the_window_shows_its_complete_span(span in 1_u64..1 << 50, width in 1_u32..10_000) {
            let window = Window::new(Interval::from_micros(span), width);
            prop_assert!(window.column_us() as u64 * u64::from(width) >= span);
        }

        #[test]
        fn no_time_and_no_size_panics(span: u64, width: u32, time: i64, now: i64) {
            let window = Window::new(Interval::from_micros(span), width);
            let (time, now) = (Timestamp::from_micros(time), Timestamp::from_micros(now));
            prop_assert!(window.x_of(time, now).is_finite());
        }
    }
}
