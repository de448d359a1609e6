//! Values and times.

use protocol::Timestamp;

use super::Format;
use super::bad_line::{BadLine, shown};

/// Later times are clamped to this, the year 5138, which fits [`Timestamp`].
const MAX_SECONDS: f64 = 1e11;

/// A decimal number, `NaN`, or an infinity in any case of letters. Both formats exclude hexadecimal numbers and underscores.
///
/// Hot: once per sample, watched by `benches/exposition.rs`.
///
/// # Errors
/// If it is no number.
pub fn value(text: &str) -> Result<f64, BadLine> {
    let is_signed_nan = || text.starts_with(['+', '-']) && text[1..].eq_ignore_ascii_case("nan");
    match text.parse::<f64>() {
        Ok(value) if !value.is_nan() || !is_signed_nan() => Ok(value),
        _ => Err(BadLine::Value(shown(text))),
    }
}

/// The time of a sample: whole milliseconds in the text format, seconds in OpenMetrics.
///
/// # Errors
/// If it is no such time.
pub fn time(text: &str, format: Format) -> Result<Timestamp, BadLine> {
    let (micros, expected) = match format {
        Format::Text => {
            let millis = text.parse::<i64>().ok().filter(|_| !text.starts_with('+'));
            (millis.map(|millis| millis as f64 * 1e3), "a whole number of milliseconds")
        }
        Format::OpenMetrics => {
            let seconds = text.parse::<f64>().ok().filter(|seconds| seconds.is_finite());
            (seconds.map(|seconds| seconds * 1e6), "a number of seconds")
        }
    };
    let time = |micros: f64| Timestamp::from_micros(micros.clamp(-MAX_SECONDS * 1e6, MAX_SECONDS * 1e6).round() as i64);
    micros.map(time).ok_or_else(|| BadLine::Time { expected, found: shown(text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_decimal() {
        for (text, expected) in [
            ("1", 1.0),
            ("-1.5e-3", -0.0015),
            ("+2", 2.0),
            (".5", 0.5),
            ("1.", 1.0),
            ("0000012", 12.0),
            ("+Inf", f64::INFINITY),
            ("-inf", f64::NEG_INFINITY),
            ("Infinity", f64::INFINITY),
            ("18446744073709551615", 18_446_744_073_709_551_615.0),
        ] {
            assert_eq!(value(text), Ok(expected), "{text}");
        }
        assert!(value("NaN").is_ok_and(f64::is_nan) && value("nan").is_ok_and(f64::is_nan));
        for text in ["", "a", "1_2", "0x1p-3", "0x1", "0b1", "0o1", "1 2", "+NaN", "-nan", "--1", "1e", "\u{661}"] {
            assert_eq!(value(text), Err(BadLine::Value(text.to_owned())));
        }
    }

    #[test]
    fn a_time_is_in_milliseconds_or_in_seconds() {
        let micros = |text, format| time(text, format).map(Timestamp::micros).ok();
        assert_eq!(micros("1700000000123", Format::Text), Some(1_700_000_000_123_000));
        assert_eq!(micros("-2", Format::Text), Some(-2_000));
        assert_eq!(micros("1700000000.123456", Format::OpenMetrics), Some(1_700_000_000_123_456));
        assert_eq!(micros("-1.5e1", Format::OpenMetrics), Some(-15_000_000));
        for (text, format) in [("9223372036854775807", Format::Text), ("12345678901234567890.5", Format::OpenMetrics)] {
            assert_eq!(micros(text, format), Some(100_000_000_000_000_000), "{text}");
        }
        for text in ["1.5", "1e3", "", "NaN", "+1", "9223372036854775808"] {
            assert_eq!(micros(text, Format::Text), None, "{text}");
        }
        for text in ["NaN", "Inf", "-Inf", "z", "1_2", "0x1p-3", "1e400"] {
            assert_eq!(micros(text, Format::OpenMetrics), None, "{text}");
        }
    }
}
