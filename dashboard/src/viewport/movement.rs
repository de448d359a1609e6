//! What moves the view.

use std::ops::Range;

use protocol::{Interval, Timestamp};

use super::spans;
use super::view::{LIVE_SPANS, LONGEST_FIXED, Motion, SHORTEST_FIXED, View};
use super::visited::Visited;

/// A view that was changed by one gesture, such as turns of a wheel with shorter pauses, is one step of undo.
const GESTURE_PAUSE: Interval = Interval::from_millis(700);

/// What a hand does to the view. Several of one kind in a row are one step of undo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gesture {
    Zoom,
    Pan,
    Other,
}

#[derive(Clone, Debug)]
pub struct Viewport {
    view: View,
    /// The span to which a fixed view returns.
    live_span: Interval,
    /// The server's time.
    now: Timestamp,
    /// The oldest time that the server may have.
    oldest: Timestamp,
    visited: Visited,
    last_gesture: Option<(Gesture, Timestamp)>,
    /// The hand has moved the right edge to the newest time.
    is_at_newest: bool,
}

impl Viewport {
    pub fn live(span: Interval) -> Self {
        let span = live(span);
        Self {
            view: View::Live { span },
            live_span: span,
            now: Timestamp::default(),
            oldest: Timestamp::MIN,
            visited: Visited::default(),
            last_gesture: None,
            is_at_newest: false,
        }
    }

    /// A fixed view of `span` up to `to`, as in a link. Its live span is the same, if that is long enough.
    pub fn fixed(span: Interval, to: Timestamp) -> Self {
        let span = fixed(span);
        Self { view: View::Fixed { from: to - span, to }, ..Self::live(span) }
    }

    pub const fn view(&self) -> View {
        self.view
    }

    pub fn span(&self) -> Interval {
        match self.view {
            View::Live { span } => span,
            View::Fixed { from, to } => to.since(from),
        }
    }

    /// The server's time.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The span of the live view, also while another one is shown.
    pub const fn live_span(&self) -> Interval {
        self.live_span
    }

    /// The time at the right edge of all charts, by the server's clock.
    pub const fn right(&self) -> Timestamp {
        match self.view {
            View::Live { .. } => self.now,
            View::Fixed { to, .. } => to,
        }
    }

    /// The times on screen.
    pub fn shown(&self) -> Range<Timestamp> {
        self.right() - self.span()..self.right()
    }

    pub const fn motion(&self) -> Motion {
        match self.view {
            View::Live { .. } => Motion::Live,
            View::Fixed { .. } => Motion::Fixed,
        }
    }

    pub fn is_fixed(&self) -> bool {
        self.motion() == Motion::Fixed
    }

    /// The time from the right edge of a fixed view to now; zero for a live one.
    pub fn behind(&self) -> Interval {
        self.now.since(self.right())
    }

    /// The time at `fraction` of the width: 0 is the left edge, 1 the right edge.
    pub fn time_at(&self, fraction: f64) -> Timestamp {
        let shown = self.shown();
        shown.start + part(self.span(), fraction.clamp(0.0, 1.0))
    }

    /// The time of the values to show beside the charts: that of the pointer, or else of the right edge. `None` for the newest ones.
    pub fn read_at(&self, pointer: Option<f64>) -> Option<Timestamp> {
        pointer.map(|fraction| self.time_at(fraction)).or_else(|| self.is_fixed().then(|| self.right()))
    }

    /// The place of a time in the width, which may be outside of it.
    pub fn fraction_of(&self, time: Timestamp) -> f64 {
        time.micros_since(self.shown().start) as f64 / self.span().micros().max(1) as f64
    }

    /// Follows the server's clock. A fixed view in the future, as of a link from another clock, is moved to now.
    pub fn follow(&mut self, server_now: Timestamp) {
        self.now = server_now;
        if self.is_fixed() && self.right() > server_now && server_now > Timestamp::default() {
            self.view = self.placed(self.shown().start, self.span());
        }
    }

    /// Sets the oldest time that can be shown, as far as it is known.
    pub const fn set_oldest(&mut self, oldest: Timestamp) {
        self.oldest = oldest;
    }

    /// Holds a live view where it is, or returns to the live one.
    pub fn toggle_hold(&mut self) {
        if self.is_fixed() {
            self.go_live();
        } else {
            self.hold();
        }
    }

    pub fn hold(&mut self) {
        let Range { start: from, end: to } = self.shown();
        if !self.is_fixed() {
            self.change(Gesture::Other, View::Fixed { from, to });
        }
    }

    pub fn go_live(&mut self) {
        self.change(Gesture::Other, View::Live { span: self.live_span });
    }

    /// Shows a range of time, at least as long as the shortest fixed span.
    pub fn show(&mut self, range: Range<Timestamp>) {
        self.change(Gesture::Other, self.within(&range));
    }

    /// Shows everything since the oldest time, or the longest span.
    pub fn show_all(&mut self) {
        let span = fixed(self.now.since(self.oldest));
        self.change(Gesture::Other, self.placed(self.now - span, span));
    }

    /// Multiplies the span. A live view stays live; of a fixed one, the time at `fraction` of the width stays where it is.
    pub fn zoom(&mut self, factor: f64, fraction: f64) {
        let view = self.zoomed(scaled(self.span(), factor), fraction);
        self.change(Gesture::Zoom, view);
    }

    /// Doubles the span about its centre.
    pub fn zoom_out(&mut self) {
        let view = self.zoomed(scaled(self.span(), 2.0), 0.5);
        self.change(Gesture::Other, view);
    }

    /// Takes the next shorter round span about the centre.
    pub fn step_in(&mut self) {
        let view = self.zoomed(spans::shorter(self.span()), 0.5);
        self.change(Gesture::Other, view);
    }

    /// Takes the next longer round span about the centre.
    pub fn step_out(&mut self) {
        let view = self.zoomed(spans::longer(self.span()), 0.5);
        self.change(Gesture::Other, view);
    }

    /// Takes a span, in a live view and in a fixed one. A live view that would be too long is fixed, up to now.
    pub fn set_span(&mut self, span: Interval) {
        let is_too_long = !self.is_fixed() && span > LIVE_SPANS.end;
        let view = if is_too_long { self.placed(self.now - span, span) } else { self.zoomed(span, 0.5) };
        self.change(Gesture::Other, view);
    }

    /// Moves by a part of the span: positive to later times. A live view becomes fixed.
    pub fn pan(&mut self, fraction: f64) {
        // There is nothing later than a live view.
        if fraction >= 0.0 && !self.is_fixed() {
            return;
        }
        let (from, span) = (self.shown().start, self.span());
        let by = part(span, fraction.abs());
        let from = if fraction < 0.0 { from - by } else { from + by };
        self.change(Gesture::Pan, self.placed(from, span));
        self.is_at_newest = fraction > 0.0 && from + span >= self.now;
    }

    /// Drags the view to a range, as on an overview. A right edge within `tolerance` of now is at the newest time.
    pub fn drag_to(&mut self, range: Range<Timestamp>, tolerance: Interval) {
        self.change(Gesture::Pan, self.within(&range));
        self.is_at_newest = range.end + tolerance >= self.now;
    }

    /// Ends a pan or a drag: if it has moved the view to the newest time, the view is live again.
    pub fn settle(&mut self) {
        if self.is_fixed() && self.is_at_newest {
            self.change(Gesture::Pan, View::Live { span: live(self.span()) });
        }
    }

    pub fn undo(&mut self) {
        if let Some(view) = self.visited.back(self.view) {
            self.return_to(view);
        }
    }

    pub fn redo(&mut self) {
        if let Some(view) = self.visited.forward(self.view) {
            self.return_to(view);
        }
    }

    fn return_to(&mut self, view: View) {
        (self.last_gesture, self.is_at_newest) = (None, false);
        self.set(view);
    }

    fn zoomed(&self, span: Interval, fraction: f64) -> View {
        match self.view {
            View::Live { .. } => View::Live { span: live(span) },
            View::Fixed { from, .. } => {
                let span = fixed(span);
                let at = from + part(self.span(), fraction);
                self.placed(at - part(span, fraction), span)
            }
        }
    }

    /// A fixed view that begins at `from`, moved into the times that can be shown. One that is longer than these ends now.
    fn placed(&self, from: Timestamp, span: Interval) -> View {
        let (span, latest) = (fixed(span), self.now - fixed(span));
        let from = from.max(self.oldest).min(latest);
        View::Fixed { from, to: from + span }
    }

    /// A fixed view of the part of a range that can be shown.
    fn within(&self, range: &Range<Timestamp>) -> View {
        let [from, to] = [range.start, range.end].map(|time| time.max(self.oldest).min(self.now));
        self.placed(from, to.since(from))
    }

    fn change(&mut self, gesture: Gesture, view: View) {
        if view == self.view {
            return;
        }
        let is_same = self.last_gesture.is_some_and(|(last, at)| {
            gesture != Gesture::Other && last == gesture && self.now.since(at) < GESTURE_PAUSE
        });
        if !is_same {
            self.visited.leave(self.view);
        }
        self.last_gesture = Some((gesture, self.now));
        self.is_at_newest = false;
        self.set(view);
    }

    const fn set(&mut self, view: View) {
        if let View::Live { span } = view {
            self.live_span = span;
        }
        self.view = view;
    }
}

fn part(span: Interval, fraction: f64) -> Interval {
    Interval::from_micros((span.micros() as f64 * fraction).round() as u64)
}

fn scaled(span: Interval, factor: f64) -> Interval {
    let factor = if factor.is_finite() { factor } else { 1.0 };
    part(span, factor)
}

fn live(span: Interval) -> Interval {
    span.clamp(LIVE_SPANS.start, LIVE_SPANS.end)
}

fn fixed(span: Interval) -> Interval {
    span.clamp(SHORTEST_FIXED, LONGEST_FIXED)
}

#[cfg(test)]
mod tests;
