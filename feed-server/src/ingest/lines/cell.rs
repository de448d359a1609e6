//! A text between two separators: a number, a number with a unit, a time, or another text.

use super::line_time;
use super::unit::{WrittenUnit, unit_of};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Cell<'t> {
    /// The unit is written behind the number: `12 %`, `3.4ms`.
    Number(f64, Option<WrittenUnit>),
    /// No value, as `[N/A]` or `-`.
    Missing,
    /// A time of the day or a date: it identifies nothing.
    Clock,
    Text(&'t str),
}

/// Texts that programs write in place of a number.
const MISSING: [&str; 9] = ["", "-", "N/A", "n/a", "[N/A]", "NA", "null", "[Not Supported]", "--"];

/// A longer text is no number: Rust's parser would read all digits.
const LONGEST_NUMBER: usize = 40;

impl<'t> Cell<'t> {
    pub(super) fn parse(text: &'t str) -> Self {
        let text = text.trim();
        if MISSING.contains(&text) {
            return Self::Missing;
        }
        if let Some(number) = number(text) {
            return Self::Number(number, None);
        }
        if let Some((number, unit)) = with_unit(text) {
            return Self::Number(number, Some(unit));
        }
        if line_time::is_clock(text) {
            return Self::Clock;
        }
        Self::Text(text)
    }
}

/// A decimal number, `NaN` or infinity. `inf` and `nan` are words of few programs, but the usual ones for these values.
pub(super) fn number(text: &str) -> Option<f64> {
    let first = *text.as_bytes().first()?;
    let may_begin = first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.');
    let is_word = || ["nan", "inf", "infinity"].iter().any(|word| text.eq_ignore_ascii_case(word));
    if text.len() > LONGEST_NUMBER || !(may_begin || is_word()) {
        return None;
    }
    text.parse().ok()
}

fn with_unit(text: &str) -> Option<(f64, WrittenUnit)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '+' | '-' | '.')))?;
    let (digits, unit) = text.split_at(end);
    Some((number(digits)?, unit_of(unit.trim_start())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_a_number_a_time_a_text_or_nothing() {
        let plain = |number| Cell::Number(number, None);
        assert_eq!(Cell::parse(" 12.5 "), plain(12.5));
        assert_eq!(Cell::parse("-1e-3"), plain(-0.001));
        assert_eq!(Cell::parse("+.5"), plain(0.5));
        assert!(matches!(Cell::parse("NaN"), Cell::Number(nan, None) if nan.is_nan()));
        assert_eq!(Cell::parse("-inf"), plain(f64::NEG_INFINITY));
        assert_eq!(Cell::parse("12 %"), Cell::Number(12.0, unit_of("%")));
        assert_eq!(Cell::parse("0.036ms"), Cell::Number(0.036, unit_of("ms")));
        assert_eq!(Cell::parse("8192 MiB"), Cell::Number(8192.0, unit_of("MiB")));
        for missing in ["", "  ", "-", "[N/A]", "null"] {
            assert_eq!(Cell::parse(missing), Cell::Missing, "{missing:?}");
        }
        for clock in ["07:10:03", "07:10:03.250", "2026-12-01", "12/01/26", "2026-12-01T07:10:03Z", "AM"] {
            assert_eq!(Cell::parse(clock), Cell::Clock, "{clock:?}");
        }
        for text in ["sda", "1.2.3", "e5", "0x10", "1_000", "12 apples", "1:2", "\u{e9}"] {
            assert_eq!(Cell::parse(text), Cell::Text(text), "{text:?}");
        }
    }
}
