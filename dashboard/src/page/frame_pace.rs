//! Decides when the next display frame is due: the page draws only if something may have changed.
//!
//! A frame costs about a millisecond of the browser's processes before anything is drawn, sixty times a second 7 % of a core.
//! No clock: times are those of `requestAnimationFrame`, in milliseconds.

use protocol::{Interval, Timestamp};

use crate::view::Window;

/// Messages closer than this are a stream, which is drawn once a display frame without waiting for the next message: between
/// two display frames there may be none or two.
const STREAM_GAP_MS: f64 = 40.0;

/// Figures that change more often cannot be read.
const FIGURES_INTERVAL_MS: f64 = 250.0;

/// Figures wait this much longer for a frame that something else needs.
const FIGURES_PATIENCE_MS: f64 = 250.0;

/// Ages of samples are shown in seconds, also if no message arrives.
const FIGURES_AT_REST_MS: f64 = 1_000.0;

/// A chart that moves by a column waits at most this long for a frame with new samples: at 10 Hz, one frame shows both.
const MAX_COLUMN_PATIENCE_MS: f64 = 100.0;

/// A pause of less than a display frame.
const NO_PAUSE_MS: f64 = 16.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NextFrame {
    /// The next one of the display.
    Now,
    /// After a pause, unless one is requested earlier.
    After(Interval),
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FramePace {
    /// A message has arrived since the last display frame.
    has_news: bool,
    is_streaming: bool,
    news_ms: f64,
    figures_due_ms: f64,
}

impl FramePace {
    pub(super) const fn message_arrived(&mut self) {
        self.has_news = true;
    }

    /// Begins a display frame.
    pub(super) fn begin(&mut self, time_ms: f64) {
        let is_close = time_ms - self.news_ms < STREAM_GAP_MS;
        if std::mem::take(&mut self.has_news) {
            (self.is_streaming, self.news_ms) = (is_close, time_ms);
        } else {
            self.is_streaming &= is_close;
        }
    }

    /// Returns true if the figures are due, and schedules the next ones.
    pub(super) fn take_figures_due(&mut self, time_ms: f64) -> bool {
        let is_due = time_ms >= self.figures_due_ms;
        if is_due {
            self.figures_due_ms = time_ms + FIGURES_INTERVAL_MS;
        }
        is_due
    }

    /// The frame after that of `time_ms`, if a chart must move by a column within `column_ms`.
    pub(super) fn next(&self, time_ms: f64, column_ms: Option<f64>) -> NextFrame {
        if self.is_streaming {
            return NextFrame::Now;
        }
        let were_shown_now = self.figures_due_ms >= time_ms + FIGURES_INTERVAL_MS;
        let figures_ms =
            if were_shown_now { FIGURES_AT_REST_MS } else { self.figures_due_ms - time_ms + FIGURES_PATIENCE_MS };
        let pause_ms = column_ms.map_or(figures_ms, |column_ms| column_ms.min(figures_ms));
        if pause_ms < NO_PAUSE_MS {
            NextFrame::Now
        } else {
            NextFrame::After(Interval::from_micros((pause_ms * 1e3) as u64))
        }
    }
}

/// Milliseconds within which a chart that shows `window` must move by a column after `now`.
pub(super) fn column_due_ms(window: &Window, now: Timestamp) -> f64 {
    let next = window.start_of(window.column_of(now).saturating_add(1));
    let length_ms = window.column_us() as f64 / 1e3;
    next.micros_since(now) as f64 / 1e3 + (length_ms / 2.0).min(MAX_COLUMN_PATIENCE_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_MS: f64 = 1_000.0 / 60.0;

    /// The times of the display frames in two seconds, of a page that receives a message each `message_ms`, and whose charts
    /// move by a column each `column_ms`.
    fn frames(message_ms: f64, column_ms: f64) -> Vec<f64> {
        let mut pace = FramePace::default();
        let (mut frames, mut due_ms, mut next_message_ms) = (Vec::new(), 0.0, 0.0);
        let window = Window::new(Interval::from_micros((column_ms * 1e3) as u64), 1);
        for display in 0..120 {
            let time_ms = 1_000.0 + f64::from(display) * FRAME_MS;
            if next_message_ms <= time_ms {
                next_message_ms = time_ms + message_ms - FRAME_MS / 2.0;
                pace.message_arrived();
                due_ms = time_ms;
            }
            if time_ms < due_ms {
                continue;
            }
            frames.push(time_ms);
            pace.begin(time_ms);
            pace.take_figures_due(time_ms);
            let column_ms = column_due_ms(&window, Timestamp::from_micros((time_ms * 1e3) as i64));
            due_ms = match pace.next(time_ms, Some(column_ms)) {
                NextFrame::Now => time_ms,
                NextFrame::After(pause) => time_ms + pause.as_secs_f64() * 1e3,
            };
        }
        frames
    }

    #[test]
    fn a_page_at_10_hz_draws_once_a_message() {
        let count = frames(100.0, 200.0).len();
        assert!((19..=22).contains(&count), "{count} frames in 2 s");
    }

    #[test]
    fn a_stream_is_drawn_once_a_display_frame() {
        assert_eq!(frames(10.0, 200.0).len(), 120);
        assert_eq!(frames(20.0, 200.0).len(), 120);
    }

    #[test]
    fn without_messages_only_columns_and_figures_are_drawn() {
        let columns = frames(1e9, 200.0).len();
        assert!((10..=12).contains(&columns), "{columns} frames for 10 columns");
        let figures = frames(1e9, 300_000.0).len();
        assert!((2..=4).contains(&figures), "{figures} frames in 2 s");
    }

    #[test]
    fn short_columns_are_drawn_once_a_display_frame() {
        assert_eq!(frames(1e9, 5.0).len(), 120);
    }

    #[test]
    fn figures_are_due_four_times_a_second() {
        let mut pace = FramePace::default();
        let shown = (0..120).filter(|&frame| pace.take_figures_due(f64::from(frame) * FRAME_MS)).count();
        assert_eq!(shown, 8);
    }
}
