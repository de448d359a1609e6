//! Numbers as text, with three significant digits.

/// A fourth digit of a live value changes too fast to read.
const SIGNIFICANT_DIGITS: i32 = 3;

/// Numbers outside this range are written with an exponent: in plain form they would be mostly zeros.
const MIN_PLAIN: f64 = 1e-4;
const MAX_PLAIN: f64 = 1e6;

/// The number of decimals that leaves about three significant digits.
pub fn decimals_for(value: f64) -> usize {
    if value == 0.0 || !value.is_finite() {
        return 0;
    }
    let magnitude = value.abs().log10().floor() as i32;
    (SIGNIFICANT_DIGITS - 1 - magnitude).clamp(0, 12) as usize
}

/// The value, rounded as [`plain`] shows it.
pub fn rounded(value: f64) -> f64 {
    // 10^12 at most: exact.
    let shift = 10_f64.powi(decimals_for(value) as i32);
    let rounded = (value * shift).round() / shift;
    if rounded.is_finite() { rounded } else { value }
}

/// About three significant digits without trailing zeros; with an exponent below 0.0001 and from a million on.
///
/// ```
/// assert_eq!(series::number::plain(1.204), "1.2");
/// assert_eq!(series::number::plain(1.5e-9), "1.5e-9");
/// ```
pub fn plain(value: f64) -> String {
    if value == 0.0 || is_plain(value) {
        return trimmed(format!("{:.*}", decimals_for(value), value));
    }
    trimmed_exponent(&format!("{value:.*e}", SIGNIFICANT_DIGITS as usize - 1))
}

/// Returns true for numbers that [`plain`] writes without an exponent; false for zero.
pub(crate) fn is_plain(value: f64) -> bool {
    (MIN_PLAIN..MAX_PLAIN).contains(&value.abs())
}

/// [`plain`] of the quotient of a finite value and a factor, also if it exceeds the range of an `f64`.
pub(crate) fn plain_quotient(value: f64, factor: f64) -> String {
    let quotient = value / factor;
    if quotient.is_normal() || value == 0.0 {
        return plain(quotient);
    }
    // Two steps, the first of which is exact in decimals.
    let (size, exponent) = if value.abs() > 1.0 { (1e-20, 20) } else { (1e20, -20) };
    let text = format!("{:.*e}", SIGNIFICANT_DIGITS as usize - 1, value * size / factor);
    let shifted = text.split_once('e').and_then(|(digits, power)| {
        let power = power.parse::<i32>().ok()?;
        Some(trimmed_exponent(&format!("{digits}e{}", power + exponent)))
    });
    shifted.unwrap_or(text)
}

/// A number with an exponent, without trailing zeros before that.
pub(crate) fn trimmed_exponent(text: &str) -> String {
    match text.split_once('e') {
        Some((digits, exponent)) => format!("{}e{exponent}", trimmed(digits.to_owned())),
        None => text.to_owned(),
    }
}

/// The number without trailing zeros after the point, and zero without a sign.
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
    fn numbers_have_three_significant_digits() {
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
    fn rounded_values_match_the_text() {
        assert!((rounded(999.96) - 1000.0).abs() < 1e-9);
        assert!((rounded(0.123_45) - 0.123).abs() < 1e-9);
        assert!(rounded(f64::MAX).is_finite());
    }
}
