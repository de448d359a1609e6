//! The span of time that the page shows, live or paused.

use std::ops::Range;

use protocol::{Interval, Timestamp};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    /// The right edge follows the server's clock.
    Live,
    /// The right edge stays; data keeps arriving.
    Paused,
}

/// All charts show the `span` before the right edge.
#[derive(Clone, Copy, Debug)]
pub struct Viewport {
    span: Interval,
    right: Timestamp,
    motion: Motion,
}

impl Viewport {
    pub fn live(span: Interval) -> Self {
        Self { span, right: Timestamp::default(), motion: Motion::Live }
    }

    pub const fn span(&self) -> Interval {
        self.span
    }

    /// The time at the right edge of all charts, by the server's clock.
    pub const fn right(&self) -> Timestamp {
        self.right
    }

    /// The times on screen.
    pub fn shown(&self) -> Range<Timestamp> {
        self.right - self.span..self.right
    }

    pub const fn motion(&self) -> Motion {
        self.motion
    }

    pub fn is_paused(&self) -> bool {
        self.motion == Motion::Paused
    }

    /// Moves the right edge to `server_now`, unless paused: panels that scroll into view while paused show the same time
    /// as the other panels.
    pub fn follow(&mut self, server_now: Timestamp) {
        if self.motion == Motion::Live {
            self.right = server_now;
        }
    }

    /// Pauses, or resumes live motion.
    pub fn toggle_pause(&mut self) {
        self.motion = match self.motion {
            Motion::Live => Motion::Paused,
            Motion::Paused => Motion::Live,
        };
    }

    /// The time at `fraction` of the width: 0 is the left edge, 1 the right edge.
    pub fn time_at(&self, fraction: f64) -> Timestamp {
        self.right - Interval::from_micros(((1.0 - fraction) * self.span.micros() as f64) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn a_paused_viewport_stays_until_it_is_resumed() {
        let mut viewport = Viewport::live(Interval::from_secs(60));
        viewport.follow(at(100));
        viewport.toggle_pause();
        viewport.follow(at(200));
        assert_eq!((viewport.right(), viewport.is_paused()), (at(100), true));
        viewport.toggle_pause();
        viewport.follow(at(201));
        assert_eq!((viewport.right(), viewport.motion()), (at(201), Motion::Live));
    }

    #[test]
    fn time_at_maps_the_width_to_the_span() {
        let mut viewport = Viewport::live(Interval::from_secs(60));
        viewport.follow(at(100));
        assert_eq!(viewport.shown(), at(40)..at(100));
        assert_eq!([0.0, 0.75, 1.0].map(|fraction| viewport.time_at(fraction)), [at(40), at(85), at(100)]);
    }
}
