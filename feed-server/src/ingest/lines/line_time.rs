//! Times within lines.

use protocol::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Keys whose value is the time of the line.
pub(super) const TIME_KEYS: [&str; 4] = ["ts", "time", "timestamp", "@timestamp"];

/// Seconds since the Unix epoch have fewer digits until the year 5138, milliseconds until then too, and so on.
const LEAST_MILLISECONDS: f64 = 1e11;
const LEAST_MICROSECONDS: f64 = 1e14;
const LEAST_NANOSECONDS: f64 = 1e17;

/// The time that a number states: seconds, milliseconds, microseconds or nanoseconds since the Unix epoch, by its size. `None` for other
/// numbers, such as seconds since a program began.
pub(super) fn of_number(number: f64) -> Option<Timestamp> {
    // 2001-09-09: smaller numbers are no times of today in seconds.
    if !(1e9..1e20).contains(&number) {
        return None;
    }
    let to_micros = match number {
        _ if number < LEAST_MILLISECONDS => 1e6,
        _ if number < LEAST_MICROSECONDS => 1e3,
        _ if number < LEAST_NANOSECONDS => 1.0,
        _ => 1e-3,
    };
    Some(Timestamp::from_micros((number * to_micros).round() as i64))
}

/// The time that a text states by RFC 3339, or a number in quotes.
pub(super) fn of_text(text: &str) -> Option<Timestamp> {
    if let Ok(number) = text.parse::<f64>() {
        return of_number(number);
    }
    let nanos = OffsetDateTime::parse(text, &Rfc3339).ok()?.unix_timestamp_nanos();
    i64::try_from(nanos / 1_000).ok().map(Timestamp::from_micros)
}

/// Returns true for times of the day and dates, such as `07:10:03`, `2026-12-01`, `12/01/26`, and for what follows them.
pub(super) fn is_clock(text: &str) -> bool {
    if matches!(text, "AM" | "PM") {
        return true;
    }
    let (mut digits, mut colons, mut others) = (0, 0, 0);
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' => digits += 1,
            b':' => colons += 1,
            b'-' | b'/' => others += 1,
            b'.' | b',' | b'+' | b'T' | b'Z' | b' ' => {}
            _ => return false,
        }
    }
    text.as_bytes().first().is_some_and(u8::is_ascii_digit) && digits >= 4 && (colons >= 2 || others == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_of_a_number_says_its_unit() {
        let micros = |number| of_number(number).map(Timestamp::micros);
        let stated = 1_796_109_920_295_919_i64;
        assert_eq!(micros(1_796_109_920.295_919), Some(stated));
        assert_eq!(micros(1_796_109_920_295.919), Some(stated));
        assert_eq!(micros(1_796_109_920_295_919.0), Some(stated));
        assert!(micros(1_796_109_920_295_919_000.0).is_some_and(|found| (found - stated).abs() <= 1));
        for other in [0.0, -5.0, 12.5, 86_400.0, 1e20, f64::NAN, f64::INFINITY] {
            assert_eq!(of_number(other), None, "{other}");
        }
    }

    #[test]
    fn a_text_is_a_time_by_rfc_3339() {
        let micros = |text| of_text(text).map(Timestamp::micros);
        assert_eq!(micros("2026-12-01T07:58:40.25+01:00"), Some(1_796_108_320_250_000));
        assert_eq!(micros("2026-12-01T06:58:40.25Z"), Some(1_796_108_320_250_000));
        assert_eq!(micros("1796108320.25"), Some(1_796_108_320_250_000));
        for other in ["", "now", "2026-12-01", "07:58:40", "2026-13-01T00:00:00Z"] {
            assert_eq!(micros(other), None, "{other}");
        }
    }
}
