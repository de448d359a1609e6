//! A view, and the limits of its span.

use std::ops::Range;

use protocol::{Interval, Timestamp};

/// The shortest live span and the longest: a shorter one is not read while it moves.
pub const LIVE_SPANS: Range<Interval> = Interval::from_secs(1)..Interval::from_secs(86_400);

/// The shortest fixed span: eight samples at 8 kHz.
pub const SHORTEST_FIXED: Interval = Interval::from_millis(1);

/// The longest fixed span, 31 days: a longer one exceeds the history of any server.
pub const LONGEST_FIXED: Interval = Interval::from_secs(2_678_400);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// The right edge follows the server's clock.
    Live { span: Interval },
    /// Both edges stay; data keeps arriving.
    Fixed { from: Timestamp, to: Timestamp },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    Live,
    Fixed,
}
