//! Numbers from text.
//!
//! `f64::from_str` is faster, and always gives the nearest number. It is not used: its table of powers of five takes 10 KiB of the page's 300,
//! since it does not compress.

/// With a further digit a mantissa still fits into 128 bits: at least 38 digits are kept. Further ones do not change an `f64`, unless the value is
/// nearly halfway between two.
const MAX_MANTISSA: u128 = u128::MAX / 10 - 1;

/// Beyond these powers of ten, a mantissa is infinite or zero.
const MAX_POWER: i64 = 310;
const MIN_POWER: i64 = -370;

/// The number that a text writes as decimals, with or without an exponent, or as `inf` or `nan` in any case. It is the nearest `f64`; below
/// 2.3e-308 it may be a neighbour of the nearest.
///
/// ```
/// assert_eq!(series::decimal::parse("-1.5e-9"), Some(-1.5e-9));
/// assert_eq!(series::decimal::parse("+Inf"), Some(f64::INFINITY));
/// assert_eq!(series::decimal::parse("1,5"), None);
/// ```
pub fn parse(text: &str) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let is_word = |words: &[&str]| words.iter().any(|word| digits.eq_ignore_ascii_case(word));
    let magnitude = if is_word(&["inf", "infinity"]) {
        f64::INFINITY
    } else if is_word(&["nan"]) {
        f64::NAN
    } else {
        magnitude(digits)?
    };
    Some(sign * magnitude)
}

fn magnitude(text: &str) -> Option<f64> {
    let (number, mut power) = match text.split_once(['e', 'E']) {
        Some((number, power)) => (number, i64::from(power.parse::<i32>().ok()?)),
        None => (text, 0),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let mut mantissa = 0;
    for (digits, is_fraction) in [(whole, false), (fraction, true)] {
        for digit in digits.chars() {
            let digit = u128::from(digit.to_digit(10)?);
            let has_room = mantissa <= MAX_MANTISSA;
            if has_room {
                mantissa = mantissa * 10 + digit;
            }
            power += i64::from(!has_room) - i64::from(is_fraction);
        }
    }
    Some(scaled(mantissa, power))
}

/// The product of a mantissa and a power of ten.
fn scaled(mut mantissa: u128, power: i64) -> f64 {
    if mantissa == 0 || power < MIN_POWER {
        return 0.0;
    }
    if power > MAX_POWER {
        return f64::INFINITY;
    }
    // The value is `mantissa * 2^two`. Each step drops bits below 2^-120 of it.
    let mut two = 0;
    for _ in 0..power {
        if mantissa >> 124 != 0 {
            mantissa >>= 4;
            two += 4;
        }
        mantissa *= 10;
    }
    for _ in power..0 {
        let shift = mantissa.leading_zeros();
        mantissa = (mantissa << shift) / 10;
        two -= shift as i32;
    }
    // Two factors: one alone may be zero or infinite where the product is not.
    mantissa as f64 * 2_f64.powi(two / 2) * 2_f64.powi(two - two / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_are_no_numbers_are_refused() {
        for text in [
            "",
            "-",
            ".",
            "e5",
            "1e",
            "1e+",
            "1.2.3",
            "1,5",
            "0x10",
            " 1",
            "1 ",
            "1_000",
            "--1",
            "infinit",
            "1e99999999999",
        ] {
            assert_eq!(
                (parse(text), text.parse::<f64>().ok().filter(|_| text != "1e99999999999")),
                (None, None),
                "{text:?}"
            );
        }
    }

    #[test]
    fn numbers_beyond_an_f64_are_infinite_or_zero() {
        let zeros = "0".repeat(400);
        for (text, number) in [
            ("1e309".to_owned(), f64::INFINITY),
            (format!("1{zeros}"), f64::INFINITY),
            (format!("{zeros}1"), 1.0),
            (format!("0.{zeros}1"), 0.0),
            (format!("0.{zeros}1e401"), 1.0),
            ("1e-400".to_owned(), 0.0),
            ("-0".to_owned(), 0.0),
        ] {
            assert_eq!(parse(&text), Some(number), "{text}");
        }
        assert!(parse("NaN").is_some_and(f64::is_nan));
    }

    proptest! {
        #[test]
        fn each_number_is_parsed_from_its_texts(bits: u64) {
            let number = f64::from_bits(bits);
            prop_assume!(number.is_normal() || number == 0.0);
            for text in [number.to_string(), format!("{number:e}"), format!("{number:.40e}")] {
                prop_assert_eq!(parse(&text), Some(number), "{}", text);
            }
        }

        #[test]
        fn short_decimals_are_the_nearest_number(text in "[+-]?[0-9]{1,9}(\\.[0-9]{1,9})?(e-?[0-9]{1,2})?") {
            prop_assert_eq!(parse(&text), text.parse().ok());
        }
    }
}
