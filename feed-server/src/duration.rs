//! Durations in a configuration: `250ms`, `60s`, `5m`, `24h`.

use std::time::Duration;

pub use series::duration::{ParseDurationError, format, parse};

/// For `#[serde(deserialize_with = "duration::deserialize")]`.
///
/// # Errors
/// The errors of [`parse`].
pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
    parse(&text).map_err(serde::de::Error::custom)
}
