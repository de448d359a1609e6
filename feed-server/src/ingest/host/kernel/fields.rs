//! Lines, fields and numbers of a text.

use memchr::memchr;

/// The lines of a text, without line feeds.
pub fn lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (line, rest) = match memchr(b'\n', text) {
            Some(end) => (&text[..end], &text[end + 1..]),
            None => (text, &text[text.len()..]),
        };
        text = rest;
        Some(line)
    })
}

/// The fields of a line, which spaces and tabs separate.
#[derive(Clone, Debug)]
pub struct Fields<'t> {
    rest: &'t [u8],
}

impl<'t> Fields<'t> {
    pub const fn new(line: &'t [u8]) -> Self {
        Self { rest: line }
    }

    /// The next field as a number; `None` also if it is none.
    pub fn number(&mut self) -> Option<u64> {
        number(self.next()?)
    }

    /// Fills `numbers` with the next fields. Returns how many there were before the line ended or a field was no number.
    pub fn numbers(&mut self, numbers: &mut [u64]) -> usize {
        let mut filled = 0;
        for place in numbers {
            let Some(value) = self.number() else { break };
            *place = value;
            filled += 1;
        }
        filled
    }
}

impl<'t> Iterator for Fields<'t> {
    type Item = &'t [u8];

    fn next(&mut self) -> Option<&'t [u8]> {
        let start = self.rest.iter().position(|&byte| !is_space(byte))?;
        let from = &self.rest[start..];
        let end = from.iter().position(|&byte| is_space(byte)).unwrap_or(from.len());
        let (field, rest) = from.split_at(end);
        self.rest = rest;
        Some(field)
    }
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A decimal number without a sign. `None` if it is none or does not fit.
pub fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
    }
    Some(value)
}

/// A decimal number with or without a minus sign, such as a temperature.
pub fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(digits) => 0_i64.checked_sub_unsigned(number(digits)?),
        None => i64::try_from(number(text)?).ok(),
    }
}

/// A finite number with or without a fraction, such as a load average.
pub fn decimal(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_separated_by_any_number_of_spaces_and_tabs() {
        let fields: Vec<&[u8]> = Fields::new(b"  eth0:\t 12  7 ").collect();
        assert_eq!(fields, [&b"eth0:"[..], b"12", b"7"]);
        assert_eq!(Fields::new(b" \t ").next(), None);
    }

    #[test]
    fn a_number_has_digits_only_and_fits_in_64_bits() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for text in [&b""[..], b"-1", b"1.5", b"18446744073709551616", b"1x", b"\xff"] {
            assert_eq!(number(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_signed_number_has_at_most_one_sign_and_fits_in_64_bits() {
        assert_eq!(signed(b"-9223372036854775808"), Some(i64::MIN));
        assert_eq!((signed(b"42000"), signed(b"-5500"), signed(b"-0")), (Some(42_000), Some(-5_500), Some(0)));
        for text in [&b""[..], b"-", b"--1", b"+1", b"9223372036854775808", b"-9223372036854775809", b"1 "] {
            assert_eq!(signed(text), None, "{text:?}");
        }
    }

    #[test]
    fn numbers_end_at_the_first_field_that_is_none() {
        let mut numbers = [9; 4];
        assert_eq!(Fields::new(b"1 2 x 4").numbers(&mut numbers), 2);
        assert_eq!(numbers, [1, 2, 9, 9]);
    }
}
