//! Times as text in UTC, as an address has them: `2026-11-30T22:05:59.25Z`, by RFC 3339.

use protocol::Timestamp;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400;

/// A time to the microsecond, without zeros at the end of its fraction.
pub fn format(time: Timestamp) -> String {
    let (seconds, micros) = (time.micros().div_euclid(SECOND), time.micros().rem_euclid(SECOND));
    let (day, within) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    // From 1 March of the year 0: Hinnant, "chrono-Compatible Low-Level Date Algorithms".
    let (era, of_era) = ((day + 719_468).div_euclid(146_097), (day + 719_468).rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let (month, day) = ((shifted + 2) % 12 + 1, of_year - (153 * shifted + 2) / 5 + 1);
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    let fraction = fraction.trim_end_matches('0');
    let (hour, minute, second) = (within / 3_600, within / 60 % 60, within % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

/// The time of a text; `None` if it is not a date and a time of the years 1 to 9999, or has no offset. Digits beyond the microsecond are
/// ignored, and so is a leap second.
pub fn parse(text: &str) -> Option<Timestamp> {
    let number = |range: std::ops::Range<usize>| -> Option<i64> {
        let digits = text.get(range)?;
        digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok())?
    };
    let sign = |at: usize, allowed: &[u8]| text.as_bytes().get(at).filter(|sign| allowed.contains(sign)).map(|_| ());
    let (year, month, day) = (number(0..4)?, number(5..7)?, number(8..10)?);
    let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
    [(4, &b"-"[..]), (7, b"-"), (10, b"Tt "), (13, b":"), (16, b":")].iter().try_for_each(|&(at, is)| sign(at, is))?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year == 0 || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let rest = text.get(19..)?;
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("0", rest),
    };
    let micros: i64 = format!("{fraction:0<6}").get(..6).filter(|_| !fraction.is_empty())?.parse().ok()?;
    let (shifted_year, shifted) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let of_era = shifted_year.rem_euclid(400);
    let of_year = (153 * shifted + 2) / 5 + day - 1;
    let days = shifted_year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    let seconds = days * DAY + hour * 3_600 + minute * 60 + second.min(59) - offset_seconds(rest)?;
    Some(Timestamp::from_micros(seconds * SECOND + micros))
}

/// `Z`, `+02:00`.
fn offset_seconds(text: &str) -> Option<i64> {
    if text.eq_ignore_ascii_case("z") {
        return Some(0);
    }
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = rest.split_once(':')?;
    let number = |digits: &str| -> Option<i64> {
        (digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit())).then(|| digits.parse().ok())?
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_are_written_in_utc_with_as_many_digits_as_needed() {
        let text = |micros| format(Timestamp::from_micros(micros));
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(text(951_782_400_250_000), "2000-02-29T00:00:00.25Z");
        assert_eq!(text(1_796_076_359_123_456), "2026-11-30T22:05:59.123456Z");
    }

    #[test]
    fn offsets_and_long_fractions_are_read() {
        let same =
            ["2026-11-30T22:05:59.1234561Z", "2026-12-01 00:05:59.123456+02:00", "2026-11-30t19:35:59.123456-02:30"];
        for text in same {
            assert_eq!(parse(text), Some(Timestamp::from_micros(1_796_076_359_123_456)), "{text}");
        }
        assert_eq!(parse("2016-12-31T23:59:60Z"), parse("2016-12-31T23:59:59Z"), "a leap second");
    }

    #[test]
    fn other_texts_are_no_time() {
        let texts = [
            "",
            "now",
            "2026",
            "2026-11-30",
            "2026-11-30T22:05:59",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-11-30T24:00:00Z",
            "2026-11-30T22:60:00Z",
            "2026-11-30T22:05:59.Z",
            "2026-11-30T22:05:59Zx",
            "2026-11-30T22:05:59+2:00",
            "0000-01-01T00:00:00Z",
            "+026-11-30T22:05:59Z",
            "2026-11-30T22:05:59€",
        ];
        for text in texts {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_time_that_was_written_is_read(micros in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
            let time = Timestamp::from_micros(micros);
            prop_assert_eq!(parse(&format(time)), Some(time));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _time = parse(&text);
        }
    }
}
