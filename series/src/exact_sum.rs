//! A sum whose result does not depend on the order of addition.

/// A sum of doubles, kept as an unevaluated sum of two doubles: some 106 bits.
///
/// Each addition keeps its rounding error (Knuth's `TwoSum`: "The Art of Computer Programming", volume 2, 4.2.2, theorem B). The
/// result is therefore the double that is nearest to the true sum of the values, in whatever order and parts they were added, unless
/// their exponents differ by more than those bits.
///
/// ```
/// use series::ExactSum;
///
/// let mut sum = ExactSum::of(&[0.1, 1e16]);
/// sum.add(ExactSum::of(&[-1e16]));
/// assert_eq!(sum.value(), 0.1);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ExactSum {
    high: f64,
    low: f64,
}

/// Values that are added in parallel, so that no addition waits for the previous one.
const LANES: usize = 8;

impl ExactSum {
    /// The sum of finite `values`. Values that are not finite are skipped.
    ///
    /// Hot: once a sample.
    pub fn of(values: &[f64]) -> Self {
        let (mut high, mut low) = ([0.0; LANES], [0.0; LANES]);
        let (whole, rest) = values.as_chunks::<LANES>();
        for chunk in whole {
            for lane in 0..LANES {
                let value = if chunk[lane].is_finite() { chunk[lane] } else { 0.0 };
                let (sum, error) = two_sum(high[lane], value);
                high[lane] = sum;
                low[lane] += error;
            }
        }
        let mut sum = Self::default();
        for lane in 0..LANES {
            sum.add(Self { high: high[lane], low: low[lane] });
        }
        rest.iter().copied().filter(|value| value.is_finite()).for_each(|value| sum.add(value.into()));
        sum
    }

    /// Adds another sum.
    pub fn add(&mut self, other: Self) {
        let (high, error) = two_sum(self.high, other.high);
        if !high.is_finite() {
            (self.high, self.low) = (high, 0.0);
            return;
        }
        let (low, low_error) = two_sum(self.low, other.low);
        let (high, carried) = two_sum(high, error + low);
        let (high, low) = two_sum(high, carried + low_error);
        (self.high, self.low) = (high, low);
    }

    /// The nearest double; not finite if a part of the sum is beyond all doubles.
    pub fn value(self) -> f64 {
        self.high + self.low
    }
}

impl From<f64> for ExactSum {
    fn from(value: f64) -> Self {
        Self { high: value, low: 0.0 }
    }
}

/// The rounded sum and its error.
fn two_sum(one: f64, other: f64) -> (f64, f64) {
    let sum = one + other;
    let of_other = sum - one;
    (sum, (one - (sum - of_other)) + (other - of_other))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_that_are_not_finite_are_skipped_and_an_overflow_is_infinite() {
        let bits = |values: &[f64]| ExactSum::of(values).value().to_bits();
        assert_eq!(bits(&[f64::NAN, 1.0, f64::INFINITY, 2.0]), 3.0_f64.to_bits());
        assert_eq!(bits(&[f64::NAN; 20]), 0);
        assert_eq!(bits(&[f64::MAX; 20]), f64::INFINITY.to_bits());
    }

    proptest! {
        #[test]
        fn the_sum_is_the_nearest_double_in_any_order_and_parts(
            cents in proptest::collection::vec(-100_000_000_i64..100_000_000, 0..300),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..6),
            rotation in any::<prop::sample::Index>(),
        ) {
            let mut values: Vec<f64> = cents.iter().map(|&cents| cents as f64 / 100.0).collect();
            // Each value is a multiple of 2^-60.
            let scale = 2.0_f64.powi(60);
            let expected = values.iter().map(|value| (value * scale) as i128).sum::<i128>() as f64 / scale;
            prop_assert_eq!(ExactSum::of(&values).value().to_bits(), expected.to_bits());
            let rotation = rotation.index(values.len() + 1);
            values.rotate_left(rotation);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(values.len() + 1)).collect();
            cuts.extend([0, values.len()]);
            cuts.sort_unstable();
            let mut sum = ExactSum::default();
            cuts.windows(2).for_each(|part| sum.add(ExactSum::of(&values[part[0]..part[1]])));
            prop_assert_eq!(sum.value().to_bits(), expected.to_bits());
        }
    }
}
