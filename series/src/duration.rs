//! Durations as text, `250ms`, `60s`, `5m`, `24h`, and the units of time for display.
//!
//! ```text
//! duration = digits unit
//! unit     = "ms" | "s" | "m" | "h"
//! ```
//!
//! ```
//! use std::time::Duration;
//!
//! use series::duration;
//!
//! assert_eq!(duration::parse("250ms"), Ok(Duration::from_millis(250)));
//! assert_eq!(duration::format(Duration::from_secs(90)), "90s");
//! assert!(duration::parse("1.5s").is_err());
//! ```

use std::time::Duration;

use thiserror::Error;

/// A unit of time as it is displayed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeUnit {
    /// Its length in nanoseconds.
    pub nanos: u64,
    /// Its symbol with the blank that separates it from a number: ` ms`.
    pub symbol: &'static str,
}

impl TimeUnit {
    /// Every unit, from nanosecond to day.
    pub const ALL: [Self; 7] =
        [Self::NANOSECOND, Self::MICROSECOND, Self::MILLISECOND, Self::SECOND, Self::MINUTE, Self::HOUR, Self::DAY];
    /// The shortest unit, 1 ns.
    pub const NANOSECOND: Self = Self { nanos: 1, symbol: " ns" };
    /// A thousand nanoseconds, `µs`.
    pub const MICROSECOND: Self = Self { nanos: 1_000, symbol: " µs" };
    /// A million nanoseconds, `ms`.
    pub const MILLISECOND: Self = Self { nanos: 1_000_000, symbol: " ms" };
    /// A second of 1000 milliseconds.
    pub const SECOND: Self = Self { nanos: 1_000_000_000, symbol: " s" };
    /// A minute of 60 seconds.
    pub const MINUTE: Self = Self { nanos: 60 * Self::SECOND.nanos, symbol: " min" };
    /// An hour of 60 minutes.
    pub const HOUR: Self = Self { nanos: 60 * Self::MINUTE.nanos, symbol: " h" };
    /// A day of 24 hours.
    pub const DAY: Self = Self { nanos: 24 * Self::HOUR.nanos, symbol: " d" };

    /// Its length in whole microseconds.
    pub const fn micros(self) -> u64 {
        self.nanos / 1_000
    }

    /// Its length in seconds.
    pub const fn seconds(self) -> f64 {
        self.nanos as f64 / 1e9
    }
}

/// The units of the grammar, the largest first.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Text that is not a duration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a duration must be a whole number and a unit, such as 250ms, 60s, 5m or 24h, found `{found}`")]
pub struct ParseDurationError {
    /// The text that was rejected.
    pub found: String,
}

/// Parses a whole number and a unit.
///
/// # Errors
/// [`ParseDurationError`] if the text does not follow the grammar or the duration exceeds `u64::MAX` milliseconds.
pub fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    let read = || {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let (_, millis) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
        number.parse::<u64>().ok()?.checked_mul(millis).map(Duration::from_millis)
    };
    read().ok_or_else(|| ParseDurationError { found: text.to_owned() })
}

/// Formats a duration, to whole milliseconds, in the largest unit of which it is a multiple. [`parse`] reads it back.
pub fn format(duration: Duration) -> String {
    let millis = duration.as_millis();
    let unit = UNITS.into_iter().find(|(_, unit)| millis.is_multiple_of(u128::from(*unit)));
    match unit {
        Some((name, unit)) if millis > 0 => format!("{}{name}", millis / u128::from(unit)),
        _ => "0s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formatted_duration_parses_back() {
        for text in ["0s", "250ms", "60500ms", "59s", "1m", "90m", "24h"] {
            assert_eq!(format(parse(text).expect("valid")), text);
        }
        assert_eq!(parse("60s"), Ok(Duration::from_mins(1)));
    }

    #[test]
    fn text_that_is_not_a_duration_is_refused() {
        for text in ["", "5", "m", "-1s", "+1s", "1.5s", "1d", "1 s", "99999999999999999999s", "18446744073709551615h"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        let error = parse("soon").expect_err("not a duration").to_string();
        assert!(error.ends_with("found `soon`"), "{error}");
    }
}
