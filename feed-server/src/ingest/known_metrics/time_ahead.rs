//! Samples whose times lie ahead of the clock.

use protocol::Interval;
use thiserror::Error;

/// A sample further ahead of this server's clock than this is refused: it would be the newest of its metric, and all that follow would seem to
/// come from a clock that was set back.
pub const MAX_AHEAD: Interval = Interval::from_secs(5);

/// By how much the first one is ahead.
#[derive(Clone, Copy, Debug, Error)]
#[error(
    "a sample has a time {} s ahead of this server's clock, at most {} s are allowed: compare the clocks. Further ones are counted",
    .0.micros() / 1_000_000, MAX_AHEAD.micros() / 1_000_000
)]
pub struct TimeAhead(pub Interval);
