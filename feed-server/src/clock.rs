//! The server's clock.

use std::time::{SystemTime, UNIX_EPOCH};

use protocol::Timestamp;

/// The current time by this machine's clock. A time before 1970 reads as 1970.
pub fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

/// The same in whole seconds since 1970.
pub fn now_s() -> u64 {
    (now().micros() / 1_000_000).unsigned_abs()
}
