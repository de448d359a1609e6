//! Summaries: a few numbers that describe many values.

/// Values that are folded in parallel, so that no addition waits for the previous one.
const LANES: usize = 8;

/// First, last, minimum, maximum, sum and count of some values in time order.
///
/// Values that are not finite are skipped: NaN marks a value that was not measured.
///
/// ```
/// use series::Summary;
///
/// let mut summary = Summary::of(&[2.0, f64::NAN, 8.0]);
/// summary.extend(&Summary::of(&[5.0]));
/// assert_eq!(summary, Summary { first: 2.0, last: 5.0, min: 2.0, max: 8.0, sum: 15.0, count: 3 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The earliest of the finite values.
    pub first: f64,
    /// The latest of the finite values.
    pub last: f64,
    /// The minimum of the values.
    pub min: f64,
    /// The maximum of the values.
    pub max: f64,
    /// The sum of the values.
    pub sum: f64,
    /// The number of values.
    pub count: u32,
}

impl Summary {
    /// The summary of no values.
    pub const EMPTY: Self =
        Self { first: f64::NAN, last: f64::NAN, min: f64::INFINITY, max: f64::NEG_INFINITY, sum: 0.0, count: 0 };

    /// The summary of `values`.
    ///
    /// Hot: once a sample.
    pub fn of(values: &[f64]) -> Self {
        let (Some(&first), Some(&last)) = (values.first(), values.last()) else { return Self::EMPTY };
        let (mut min, mut max, mut sum) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES], [0.0; LANES]);
        let (whole, rest) = values.as_chunks::<LANES>();
        let mut take = |lane: usize, value: f64| {
            // Comparisons, not `f64::min`, are one instruction each.
            min[lane] = if value < min[lane] { value } else { min[lane] };
            max[lane] = if value > max[lane] { value } else { max[lane] };
            sum[lane] += value;
        };
        for chunk in whole {
            for (lane, &value) in chunk.iter().enumerate() {
                take(lane, value);
            }
        }
        for (lane, &value) in rest.iter().enumerate() {
            take(lane, value);
        }
        let sum: f64 = sum.into_iter().sum();
        if !sum.is_finite() {
            return Self::of_finite_among(values);
        }
        let count = values.len() as u32;
        let (min, max) = (min.into_iter().fold(min[0], f64::min), max.into_iter().fold(max[0], f64::max));
        Self { first, last, min, max, sum, count }
    }

    /// [`of`](Self::of) for values whose sum is not finite.
    #[cold]
    fn of_finite_among(values: &[f64]) -> Self {
        let mut summary = Self::EMPTY;
        for &value in values.iter().filter(|value| value.is_finite()) {
            summary.extend(&Self { first: value, last: value, min: value, max: value, sum: value, count: 1 });
        }
        summary
    }

    /// Returns true if the count is zero.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The arithmetic mean; NaN for a count of zero.
    pub fn mean(&self) -> f64 {
        self.sum / f64::from(self.count)
    }

    /// Adds the summary of later values.
    pub fn extend(&mut self, later: &Self) {
        if later.is_empty() {
            return;
        }
        if self.is_empty() {
            self.first = later.first;
        }
        self.last = later.last;
        self.min = if later.min < self.min { later.min } else { self.min };
        self.max = if later.max > self.max { later.max } else { self.max };
        self.sum += later.sum;
        // A frame may state any counts.
        self.count = self.count.saturating_add(later.count);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reference(values: &[f64]) -> Summary {
        let mut summary = Summary::EMPTY;
        for &value in values.iter().filter(|value| value.is_finite()) {
            summary.extend(&Summary { first: value, last: value, min: value, max: value, sum: value, count: 1 });
        }
        summary
    }

    #[test]
    fn values_that_are_not_finite_are_skipped() {
        let summary = Summary::of(&[f64::NAN, f64::INFINITY, 3.0, -1.0, f64::NEG_INFINITY]);
        assert_eq!(summary, Summary { first: 3.0, last: -1.0, min: -1.0, max: 3.0, sum: 2.0, count: 2 });
        assert!(Summary::of(&[f64::NAN; 20]).is_empty());
        assert!(Summary::of(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn the_summary_equals_a_fold_over_single_values(values in proptest::collection::vec(any::<f64>(), 0..200)) {
            let (at_once, reference) = (Summary::of(&values), reference(&values));
            prop_assert_eq!(at_once.count, reference.count);
            let exact = |s: Summary| [s.first, s.last, s.min, s.max].map(f64::to_bits);
            prop_assume!(reference.count > 0);
            // A minimum of zero may have either sign.
            let exact = |s: Summary| exact(Summary { min: s.min + 0.0, max: s.max + 0.0, ..s });
            prop_assert_eq!(exact(at_once), exact(reference));
        }

        #[test]
        fn a_summary_of_two_parts_equals_that_of_the_whole(values in proptest::collection::vec(-1_000_i32..1_000, 0..200), cut in 0_usize..200) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let (before, after) = values.split_at(cut.min(values.len()));
            let mut cut = Summary::of(before);
            cut.extend(&Summary::of(after));
            let whole = Summary::of(&values);
            prop_assert_eq!((cut.count, cut.sum, cut.min, cut.max), (whole.count, whole.sum, whole.min, whole.max));
            prop_assert_eq!((cut.first.to_bits(), cut.last.to_bits()), (whole.first.to_bits(), whole.last.to_bits()));
        }
    }
}
