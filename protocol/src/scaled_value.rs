//! Single values as integers over a power of ten, less a value that the reader holds.
//!
//! The quotient of two exact numbers is rounded correctly, so a value that was parsed from decimal digits is restored bit for bit.

use crate::codec;

/// The writer uses no larger power of ten.
const MAX_DECIMALS: u8 = 10;
/// Marks values that are written in full.
const FULL: u8 = u8::MAX;
/// Integers are smaller, so that the difference of two fits a signed short.
const MAX_INTEGER: f64 = (1_i64 << 47) as f64;

const POWERS_OF_TEN: [f64; MAX_DECIMALS as usize + 1] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10];

/// A value as an update states it: in full, or less the value that the viewer holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum StatedValue {
    /// The value.
    Full(f64),
    /// The difference to the value that the viewer holds, over the power of ten of the update.
    Difference(i64),
}

/// How the values of an update are written: a power of ten, or in full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Scale(u8);

impl Scale {
    pub(crate) const FULL: Self = Self(FULL);
    const ONES: Self = Self(0);

    /// `None` for a byte without a meaning.
    pub(crate) fn of_byte(byte: u8) -> Option<Self> {
        (byte <= MAX_DECIMALS || byte == FULL).then_some(Self(byte))
    }

    pub(crate) const fn byte(self) -> u8 {
        self.0
    }

    pub(crate) const fn decimals(self) -> Option<u8> {
        if self.0 == FULL { None } else { Some(self.0) }
    }

    /// The smallest scale at which all values are integers; otherwise they are written in full.
    pub(crate) fn of(mut values: impl Iterator<Item = f64> + Clone) -> Self {
        let fits = |scale: Self, value: f64| scale.integer(value).is_some();
        // From value to value, it only rises.
        let scale = values
            .clone()
            .try_fold(Self::ONES, |scale, value| (scale.0..=MAX_DECIMALS).map(Self).find(|&scale| fits(scale, value)));
        scale.filter(|&scale| values.all(|value| fits(scale, value))).unwrap_or(Self::FULL)
    }

    /// The integer that restores the value bit for bit.
    pub(crate) fn integer(self, value: f64) -> Option<i64> {
        let power = POWERS_OF_TEN.get(usize::from(self.0))?;
        let rounded = (value * power).round();
        let integer = rounded as i64;
        let is_exact = rounded.abs() < MAX_INTEGER && (integer as f64 / power).to_bits() == value.to_bits();
        is_exact.then_some(integer)
    }

    /// Writes the difference of two values at this scale, or the first in full.
    pub(crate) fn put_difference(self, value: f64, held: f64, out: &mut Vec<u8>) {
        match self.integer(value).zip(self.integer(held)) {
            Some((value, held)) => codec::put_signed_short(value - held, out),
            None => out.extend_from_slice(&value.to_le_bytes()),
        }
    }

    /// Removes `count` values from the front of `bytes`, still encoded.
    pub(crate) fn take_values<'a>(self, bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
        if self == Self::FULL {
            let (values, rest) = bytes.split_at_checked(count * size_of::<f64>())?;
            *bytes = rest;
            return Some(values);
        }
        take_shorts(bytes, count)
    }

    /// The values that [`take_values`](Self::take_values) removed.
    pub(crate) fn stated(self, mut values: &[u8]) -> impl Iterator<Item = StatedValue> {
        std::iter::from_fn(move || {
            if self == Self::FULL {
                let (word, rest) = values.split_first_chunk()?;
                values = rest;
                return Some(StatedValue::Full(f64::from_le_bytes(*word)));
            }
            codec::take_signed_short(&mut values).map(StatedValue::Difference)
        })
    }

    /// The value that is stated by its difference to another.
    pub(crate) fn add(self, held: f64, stated: StatedValue) -> f64 {
        self.moved(held, stated, i64::wrapping_add)
    }

    /// Like [`add`](Self::add) for a value that falls by its difference.
    pub(crate) fn subtract(self, held: f64, stated: StatedValue) -> f64 {
        self.moved(held, stated, i64::wrapping_sub)
    }

    fn moved(self, held: f64, stated: StatedValue, by: fn(i64, i64) -> i64) -> f64 {
        match stated {
            StatedValue::Full(value) => value,
            StatedValue::Difference(difference) => {
                let power = POWERS_OF_TEN.get(usize::from(self.0)).copied().unwrap_or(1.0);
                // A cast of a float saturates.
                by((held * power).round() as i64, difference) as f64 / power
            }
        }
    }
}

/// Removes `count` shorts from the front of `bytes`, still encoded.
pub(crate) fn take_shorts<'a>(bytes: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let all = *bytes;
    for _ in 0..count {
        codec::take_short(bytes)?;
    }
    all.get(..all.len() - bytes.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_value_is_restored_from_its_difference_bit_for_bit(
            (value, held) in prop_oneof![
                (any::<f64>(), any::<f64>()),
                (-1_000_000_000_i64..1_000_000_000, any::<i32>()).prop_map(|(value, held)| (value as f64 / 1_000.0, f64::from(held) / 100.0)),
            ],
        ) {
            let scale = Scale::of([value, held].into_iter());
            let mut bytes = Vec::new();
            scale.put_difference(value, held, &mut bytes);
            let mut rest = &bytes[..];
            let taken = scale.take_values(&mut rest, 1).expect("one value");
            prop_assert!(rest.is_empty());
            let stated = scale.stated(taken).next().expect("one value");
            prop_assert_eq!(scale.add(held, stated).to_bits(), value.to_bits());
        }
    }

    #[test]
    fn the_difference_of_the_largest_integers_fits_a_short_and_larger_ones_are_written_in_full() {
        let largest = MAX_INTEGER - 1.0;
        for (value, held) in [(largest, -largest), (-largest, largest)] {
            let (scale, mut bytes) = (Scale::of([value, held].into_iter()), Vec::new());
            scale.put_difference(value, held, &mut bytes);
            let taken = scale.take_values(&mut &bytes[..], 1).expect("at most seven bytes");
            assert_eq!(
                (scale.decimals(), scale.stated(taken).map(|stated| scale.add(held, stated)).next()),
                (Some(0), Some(value))
            );
        }
        assert_eq!(Scale::of([MAX_INTEGER].into_iter()), Scale::FULL);
        assert_eq!(Scale::of([-MAX_INTEGER].into_iter()), Scale::FULL);
    }

    #[test]
    fn values_of_a_few_decimals_have_the_smallest_scale_that_restores_all() {
        let fits = |values: &[f64]| Scale::of(values.iter().copied()).decimals();
        assert_eq!(fits(&[3.0, -5.0]), Some(0));
        assert_eq!(fits(&[3.0, 0.125, 1.5]), Some(3));
        assert_eq!(fits(&[1.0 / 3.0, 1.0]), None);
        assert_eq!(fits(&[-0.0]), None, "its sign would be lost");
        assert_eq!(fits(&[f64::NAN]), None);
        assert_eq!(fits(&[MAX_INTEGER, 0.5]), None, "too large with one decimal");
    }
}
