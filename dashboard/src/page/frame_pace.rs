//! Decides when the next display frame is due: the page draws only if something may have changed.
//!
//! A frame costs CPU time of all processes of the browser, also if nothing changes in it (docs/decisions/0018-display-frames.md).
//! No clock: times are arguments.

use protocol::{Interval, Timestamp};

use crate::view::Window;

/// Messages that are closer than this, several times in a row, are a stream. It is drawn once a display frame without waiting
/// for the next message: between two display frames there may be none or two.
const STREAM_GAP: Interval = Interval::from_millis(40);
const STREAM_MESSAGES: u32 = 4;

/// More are not counted. A gap halves the count: a single late message does not end a stream.
const MOST_CLOSE_MESSAGES: u32 = 16;

/// Without a stream, a message so soon after a frame waits: for another message, an input, or the next column. A minute on 300 columns
/// moves five times a second, and within a column a new value changes only its height. Shorter columns are drawn as they are due.
const SHORT_AFTER_FRAME: Interval = Interval::from_millis(170);

/// A waiting message is drawn this long after the last frame.
const FRAME_PATIENCE: Interval = Interval::from_millis(230);

/// Figures of a stream. Those that change more often cannot be read, and each change costs the browser layout and painting.
const FIGURES_INTERVAL: Interval = Interval::from_millis(500);

/// Without a stream. Ages of samples are shown in seconds, also if no message arrives.
const FIGURES_AT_REST: Interval = Interval::from_secs(1);

/// Figures wait this much longer for a frame that something else needs.
const FIGURES_PATIENCE: Interval = Interval::from_millis(250);

/// Panels close to the screen are drawn as often. One that comes on screen is drawn in the next frame.
const NEAR_INTERVAL: Interval = Interval::from_secs(5);

/// A chart that moves by a column waits at most this long for a frame with new samples: one frame shows both.
const COLUMN_PATIENCE: Interval = Interval::from_millis(100);

/// A pause of less than a display frame.
const NO_PAUSE: Interval = Interval::from_millis(16);

/// Which panels are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    OnScreen,
    /// Also those close to the screen.
    Near,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FramePace {
    /// About the number of messages in a row that were close to the one before.
    close_messages: u32,
    message: Timestamp,
    frame: Timestamp,
    /// The time at which the next frame begins, unless a message or an input is drawn earlier.
    due: Timestamp,
    figures_due: Timestamp,
    near_due: Timestamp,
}

impl FramePace {
    /// A message has arrived. Returns the pause before the frame that shows it.
    pub(super) fn message_arrived(&mut self, now: Timestamp) -> Interval {
        let gap = now.since(self.message);
        let close = self.close_messages;
        self.close_messages = if gap < STREAM_GAP { (close + 1).min(MOST_CLOSE_MESSAGES) } else { close / 2 };
        self.message = now;
        let since = now.since(self.frame);
        let is_drawn_at_once = self.is_streaming(now) || since >= SHORT_AFTER_FRAME;
        self.due = if is_drawn_at_once { now } else { self.due.min(self.frame + FRAME_PATIENCE) };
        self.due.since(now)
    }

    /// Makes the figures due in the next frame: an input, or what is not routine, may have changed them.
    pub(super) fn expect_figures(&mut self) {
        self.figures_due = Timestamp::default();
    }

    /// Begins a display frame.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.frame = now;
    }

    /// Returns true if the figures are due, and schedules the next ones.
    pub(super) fn take_figures_due(&mut self, now: Timestamp) -> bool {
        let interval = if self.is_streaming(now) { FIGURES_INTERVAL } else { FIGURES_AT_REST };
        take_due(&mut self.figures_due, now, interval)
    }

    /// The panels that are drawn.
    pub(super) fn take_reach(&mut self, now: Timestamp) -> Reach {
        if take_due(&mut self.near_due, now, NEAR_INTERVAL) { Reach::Near } else { Reach::OnScreen }
    }

    /// The pause after a frame, if a chart must move by a column within `column`. Messages and inputs end it.
    pub(super) fn pause(&mut self, now: Timestamp, column: Option<Interval>) -> Interval {
        let figures = (self.figures_due + FIGURES_PATIENCE).since(now);
        let pause = column.map_or(figures, |column| column.min(figures));
        let pause = if self.is_streaming(now) || pause < NO_PAUSE { Interval::ZERO } else { pause };
        self.due = now + pause;
        pause
    }

    fn is_streaming(&self, now: Timestamp) -> bool {
        self.close_messages >= STREAM_MESSAGES && now.since(self.message) < STREAM_GAP
    }
}

fn take_due(due: &mut Timestamp, now: Timestamp, interval: Interval) -> bool {
    let is_due = now >= *due;
    if is_due {
        *due = now + interval;
    }
    is_due
}

/// The time within which a chart that shows `window` must move by a column after `now`.
pub(super) fn column_due(window: &Window, now: Timestamp) -> Interval {
    let next = window.start_of(window.column_of(now).saturating_add(1));
    let half = Interval::from_micros(window.column_us().unsigned_abs() / 2);
    (next + half.min(COLUMN_PATIENCE)).since(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_000_000_000;
    const DISPLAY_FRAME_US: i64 = 16_667;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(START + micros)
    }

    /// The number of display frames in two seconds of a page that receives messages at these times, in milliseconds, and whose
    /// charts move by a column each `column_ms`.
    fn frames(messages_ms: impl IntoIterator<Item = i64>, column_ms: u64) -> usize {
        let mut pace = FramePace::default();
        let mut messages = messages_ms.into_iter().map(|millis| millis * 1_000).peekable();
        let window = Window::new(Interval::from_millis(column_ms), 1);
        let (mut frames, mut due) = (0, at(0));
        for display in 0..120 {
            let now = display * DISPLAY_FRAME_US;
            while let Some(message) = messages.next_if(|&message| message <= now) {
                due = at(message) + pace.message_arrived(at(message));
            }
            if at(now) < due {
                continue;
            }
            frames += 1;
            pace.begin(at(now));
            pace.take_figures_due(at(now));
            due = at(now) + pace.pause(at(now), Some(column_due(&window, at(now))));
        }
        frames
    }

    #[test]
    fn a_page_at_10_hz_draws_once_a_column() {
        let count = frames((0..20).map(|message| 100 * message + 3), 200);
        assert!((9..=12).contains(&count), "{count} frames in 2 s");
    }

    #[test]
    fn short_columns_are_drawn_as_they_are_due() {
        let count = frames((0..20).map(|message| 100 * message + 3), 50);
        assert!((35..=45).contains(&count), "{count} frames for 40 columns");
    }

    #[test]
    fn a_message_that_waits_does_not_delay_a_column() {
        let mut pace = FramePace::default();
        pace.begin(at(0));
        pace.take_figures_due(at(0));
        assert_eq!(pace.pause(at(0), Some(Interval::from_millis(120))), Interval::from_millis(120));
        assert_eq!(pace.message_arrived(at(100_000)), Interval::from_millis(20));
    }

    #[test]
    fn a_rare_message_is_drawn_at_once() {
        let mut pace = FramePace::default();
        let draw = |pace: &mut FramePace, now| {
            pace.begin(now);
            pace.take_figures_due(now);
            pace.pause(now, None)
        };
        draw(&mut pace, at(0));
        assert_eq!(pace.message_arrived(at(400_000)), Interval::ZERO);
        draw(&mut pace, at(400_000));
        assert_eq!(pace.message_arrived(at(410_000)), Interval::from_millis(220));
    }

    #[test]
    fn two_sources_at_10_hz_are_drawn_together() {
        for offset in [1, 17, 40, 50, 60, 99] {
            let count = frames((0..20).flat_map(|message| [100 * message + 3, 100 * message + 3 + offset]), 200);
            assert!((9..=12).contains(&count), "{count} frames in 2 s, {offset} ms apart");
        }
    }

    #[test]
    fn a_stream_is_drawn_once_a_display_frame() {
        for gap in [10, 20, 30] {
            let count = frames((0..2_000 / gap).map(|message| gap * message), 200);
            assert!(count > 110, "{count} of 120 frames, {gap} ms apart");
        }
    }

    #[test]
    fn a_late_message_does_not_end_a_stream() {
        let count = frames((0..120).map(|message| 16 * message + if message > 60 { 70 } else { 0 }), 200);
        assert!(count >= 112, "{count} of 120 frames");
    }

    #[test]
    fn without_messages_only_columns_and_figures_are_drawn() {
        let columns = frames([], 200);
        assert!((10..=12).contains(&columns), "{columns} frames for 10 columns");
        let figures = frames([], 300_000);
        assert!((1..=3).contains(&figures), "{figures} frames in 2 s");
    }

    #[test]
    fn short_columns_are_drawn_once_a_display_frame() {
        assert_eq!(frames([], 5), 120);
    }

    #[test]
    fn an_input_is_followed_by_figures_at_once() {
        let mut pace = FramePace::default();
        assert!(pace.take_figures_due(at(0)));
        assert!(!pace.take_figures_due(at(100_000)));
        pace.expect_figures();
        assert!(pace.take_figures_due(at(100_000)));
        assert!(!pace.take_figures_due(at(200_000)));
    }

    #[test]
    fn figures_are_due_once_a_second_and_twice_in_a_stream() {
        let shown = |message_us: i64| {
            let mut pace = FramePace::default();
            let due = |frame: &i64| {
                let now = at(frame * DISPLAY_FRAME_US);
                if frame * DISPLAY_FRAME_US % message_us < DISPLAY_FRAME_US {
                    pace.message_arrived(now);
                }
                pace.take_figures_due(now)
            };
            (0..120).filter(due).count()
        };
        // The first of a stream are those of a page at rest: after 0, 1, and 1.5 s.
        assert_eq!([shown(100_000), shown(DISPLAY_FRAME_US)], [2, 3]);
    }
}
