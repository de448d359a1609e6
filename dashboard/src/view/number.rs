//! Numbers with as many digits as tell something.

/// Digits that a reading shows. A fourth would flicker too fast to read.
const SIGNIFICANT_DIGITS: i32 = 3;

/// Outside these a plain number would be mostly zeros.
const SMALLEST_PLAIN: f64 = 1e-4;
const LARGEST_PLAIN: f64 = 1e6;

/// Decimals that leave about three significant digits.
pub fn decimals_for(value: f64) -> usize {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    let magnitude = value.abs().log10().floor() as i32;
    (SIGNIFICANT_DIGITS - 1 - magnitude).clamp(0, 12) as usize
}

/// The value as [`plain`] would show it.
pub fn rounded(value: f64) -> f64 {
    // 10^12 at most: exact.
    let shift = 10_f64.powi(decimals_for(value) as i32);
    let rounded = (value * shift).round() / shift;
    if rounded.is_finite() { rounded } else { value }
}

/// About three significant digits without trailing zeros; powers of ten only where zeros would fill the line.
pub fn plain(value: f64) -> String {
    let size = value.abs();
    if value == 0.0 || (SMALLEST_PLAIN..LARGEST_PLAIN).contains(&size) {
        return trimmed(format!("{:.*}", decimals_for(value), value));
    }
    let text = format!("{value:.*e}", SIGNIFICANT_DIGITS as usize - 1);
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{}e{exponent}", trimmed(digits.to_owned())),
        None => text,
    }
}

/// The same number without zeros behind the point, and without the sign of a zero.
pub fn trimmed(mut text: String) -> String {
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" { "0".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_tell_enough() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (1.204, "1.2"),
            (12.345, "12.3"),
            (123.45, "123"),
            (1023.4, "1023"),
            (0.041_26, "0.0413"),
            (-2.5, "-2.5"),
            (1.5e-9, "1.5e-9"),
            (f64::MAX, "1.8e308"),
        ] {
            assert_eq!(plain(value), text, "{value}");
        }
    }

    #[test]
    fn rounding_is_what_is_shown() {
        assert!((rounded(999.96) - 1000.0).abs() < 1e-9);
        assert!((rounded(0.123_45) - 0.123).abs() < 1e-9);
        assert!(rounded(f64::MAX).is_finite());
    }
}
