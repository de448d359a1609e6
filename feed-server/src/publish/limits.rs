//! Limits on publishers besides those of the protocol and of the settings.

use std::time::Duration;

use protocol::Interval;

/// A publisher must send `Open` within this time.
pub const OPEN_DEADLINE: Duration = Duration::from_secs(5);

/// Bytes of a publisher's name. It is part of the names of its groups.
pub const MAX_PUBLISHER_BYTES: usize = 64;

/// Groups of one publisher that are registered. A page draws a panel for each.
pub const MAX_GROUPS: usize = 1_024;

/// Ids of groups, and of series, on one connection, also of what is left out: a bound on memory.
pub const MAX_IDS: usize = 100_000;

/// A group with a row less often than once a day is a mistake.
pub const MAX_INTERVAL: Interval = Interval::from_secs(86_400);
