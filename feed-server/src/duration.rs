//! Durations in the form of a configuration: `250ms`, `60s`, `5m`, `24h`.

use std::time::Duration;

use thiserror::Error;

#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("a duration must be a number and a unit, such as 250ms, 60s, 5m or 24h, found `{0}`")]
pub struct DurationError(String);

/// # Errors
/// If `text` is not a whole number and a unit, or too large.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let wrong = || DurationError(text.to_owned());
    let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong()),
    };
    number.checked_mul(millis).map(Duration::from_millis).ok_or_else(wrong)
}

/// Formats in the largest unit that gives a whole number.
pub fn format(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0 => "0s".to_owned(),
        _ if millis.is_multiple_of(3_600_000) => format!("{}h", millis / 3_600_000),
        _ if millis.is_multiple_of(60_000) => format!("{}m", millis / 60_000),
        _ if millis.is_multiple_of(1_000) => format!("{}s", millis / 1_000),
        _ => format!("{millis}ms"),
    }
}

/// For `#[serde(with = "duration")]`.
///
/// # Errors
/// If [`parse`] fails.
pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
    parse(&text).map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formatted_duration_parses_to_the_same_duration() {
        for text in ["0s", "250ms", "60500ms", "59s", "1m", "90m", "24h"] {
            assert_eq!(format(parse(text).expect("valid")), text);
        }
        assert_eq!(parse("60s"), Ok(Duration::from_mins(1)));
    }

    #[test]
    fn texts_that_are_no_duration_are_refused() {
        for text in ["", "5", "m", "-1s", "1.5s", "1d", "99999999999999999999s", "18446744073709551615h"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
