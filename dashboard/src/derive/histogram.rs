//! Histograms: a group whose series count how many observations were no greater than a bound, as
//! [Prometheus](https://prometheus.io/docs/concepts/metric_types/#histogram) has them. The label `le` is the bound.

use protocol::{Interval, Timestamp};

use super::rate::Rate;

/// The label that says a bucket's bound.
pub const BOUND: &str = "le";

/// What is wrong with the buckets of a group.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadBuckets {
    /// A bound that is no number.
    #[error("the bound {0:?} of a bucket is no number: expected a decimal number or +Inf")]
    Bound(String),
    /// Two buckets with the same bound.
    #[error("two buckets have the bound {0}: the series of one histogram make a group")]
    Repeated(f64),
    /// Not every series is a bucket.
    #[error("{0:?} has no label le: all series of a histogram's group are buckets")]
    Unlabelled(String),
}

/// The buckets of a group, from the lowest to the highest.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// Upper bounds, rising; the last is infinite where the histogram is whole.
    pub bounds: Vec<f64>,
    /// Which series of the group each is.
    pub series: Vec<usize>,
}

impl Buckets {
    /// The buckets among series, each with its name and the value of its label `le`; none where no series has one.
    ///
    /// # Errors
    /// When some are buckets and not all, or a bound is no number or occurs twice.
    pub fn find<'a>(series: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Result<Option<Self>, BadBuckets> {
        let (mut found, mut unlabelled) = (Vec::new(), None);
        for (place, (name, bound)) in series.into_iter().enumerate() {
            let Some(text) = bound else {
                unlabelled = unlabelled.or(Some(name));
                continue;
            };
            let bound = text.parse::<f64>().ok().filter(|&bound| bound > f64::NEG_INFINITY);
            found.push((bound.ok_or_else(|| BadBuckets::Bound(text.to_owned()))?, place));
        }
        if found.is_empty() {
            return Ok(None);
        }
        if let Some(name) = unlabelled {
            return Err(BadBuckets::Unlabelled(name.to_owned()));
        }
        found.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        if let Some(pair) = found.windows(2).find(|pair| pair[0].0 >= pair[1].0) {
            return Err(BadBuckets::Repeated(pair[0].0));
        }
        let (bounds, series) = found.into_iter().unzip();
        Ok(Some(Self { bounds, series }))
    }
}

/// How many observations a second fall into each bucket alone.
#[derive(Clone, Debug)]
pub struct BucketRates {
    buckets: Buckets,
    rates: Vec<Rate>,
}

impl BucketRates {
    /// Rates of rows that follow one another within `longest_step`.
    pub fn new(buckets: Buckets, longest_step: Interval) -> Self {
        let rates = vec![Rate::new(longest_step); buckets.series.len()];
        Self { buckets, rates }
    }

    /// The buckets.
    pub const fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// What each bucket got by a row of all series of the group: NaN where nothing can be said.
    ///
    /// Counters that are read one after another may seem to fall from bucket to bucket: such a bucket got nothing.
    pub fn next(&mut self, time: Timestamp, values: &[f64], rates: &mut [f64]) {
        let mut below = 0.0;
        for ((rate, &place), told) in self.rates.iter_mut().zip(&self.buckets.series).zip(rates) {
            let up_to = rate.next(time, values.get(place).copied().unwrap_or(f64::NAN));
            *told = if up_to.is_nan() { f64::NAN } else { (up_to - below).max(0.0) };
            // Not lower again, or what is above would count twice what was above before.
            below = below.max(up_to);
        }
    }

    /// A quantile, from 0 to 1, of what fell into buckets, by a straight line within the bucket where it lies: as
    /// Prometheus' [`histogram_quantile`](https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
    /// In the last bucket, which is open, it is that bucket's lower bound; the first begins at zero, if its bound is
    /// above. NaN when nothing fell in, or when there is no last bucket (`+Inf`) or no other.
    pub fn quantile(&self, counts: &[f64], quantile: f64) -> f64 {
        let known = |&count: &f64| if count.is_nan() { 0.0 } else { count };
        let total: f64 = counts.iter().map(known).sum();
        let is_whole = self.buckets.bounds.len() > 1 && self.buckets.bounds.last() == Some(&f64::INFINITY);
        if !is_whole || total <= 0.0 || !total.is_finite() {
            return f64::NAN;
        }
        let (mut rank, mut low) = (quantile.clamp(0.0, 1.0) * total, None);
        for (count, &high) in counts.iter().map(known).zip(&self.buckets.bounds) {
            let start = low.unwrap_or(if high > 0.0 { 0.0 } else { high });
            if rank <= count && count > 0.0 {
                return if high.is_infinite() { start } else { start * (1.0 - rank / count) + high * (rank / count) };
            }
            rank -= count;
            low = Some(high);
        }
        self.buckets.bounds.iter().rev().copied().find(|bound| bound.is_finite()).unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rates() -> BucketRates {
        let series = [("c", Some("+Inf")), ("a", Some("0.1")), ("b", Some("1"))];
        let buckets = Buckets::find(series).expect("well formed").expect("a histogram");
        BucketRates::new(buckets, Interval::from_secs(3))
    }

    #[test]
    fn buckets_stand_in_the_order_of_their_bounds() {
        let buckets = rates().buckets().clone();
        assert_eq!(buckets, Buckets { bounds: vec![0.1, 1.0, f64::INFINITY], series: vec![1, 2, 0] });
        assert_eq!(Buckets::find([("x", None)]), Ok(None));
    }

    #[test]
    fn malformed_buckets_are_named() {
        let said =
            |series: &[(&str, Option<&str>)]| Buckets::find(series.iter().copied()).expect_err("malformed").to_string();
        assert!(said(&[("a", Some("high"))]).starts_with("the bound \"high\" of a bucket is no number"));
        assert!(said(&[("a", Some("1")), ("b", Some("1.0"))]).starts_with("two buckets have the bound 1"));
        assert!(said(&[("a", Some("1")), ("b", None)]).starts_with("\"b\" has no label le"));
    }

    #[test]
    fn counters_that_hold_all_below_become_rates_of_each() {
        let mut rates = rates();
        let mut told = [0.0; 3];
        rates.next(Timestamp::from_micros(0), &[10.0, 4.0, 8.0], &mut told);
        assert!(told.iter().all(|rate| rate.is_nan()));
        // In two seconds: 2 up to 0.1, 6 up to 1, 10 in all.
        rates.next(Timestamp::from_micros(2_000_000), &[20.0, 6.0, 14.0], &mut told);
        assert_eq!(told.map(f64::to_bits), [1.0, 2.0, 2.0].map(f64::to_bits));
        // 5 a second: the middle lies three quarters into the second bucket.
        assert!((rates.quantile(&told, 0.5) - (0.1 + 0.9 * 0.75)).abs() < 1e-12);
        assert!((rates.quantile(&told, 0.1) - 0.05).abs() < 1e-12);
        assert!((rates.quantile(&told, 0.99) - 1.0).abs() < 1e-12, "beyond the highest bound nothing is known");
        assert!(rates.quantile(&[f64::NAN; 3], 0.5).is_nan());
    }

    #[test]
    fn buckets_that_fall_are_not_counted_twice() {
        let mut rates = rates();
        let mut told = [0.0; 3];
        rates.next(Timestamp::from_micros(0), &[0.0; 3], &mut told);
        rates.next(Timestamp::from_micros(1_000_000), &[12.0, 10.0, 5.0], &mut told);
        assert_eq!(told.map(f64::to_bits), [10.0, 0.0, 2.0].map(f64::to_bits));
    }

    #[test]
    fn a_histogram_that_is_not_whole_has_no_quantile() {
        let of = |bounds: &[&str]| {
            let buckets = Buckets::find(bounds.iter().map(|&bound| ("", Some(bound)))).expect("well formed");
            BucketRates::new(buckets.expect("a histogram"), Interval::from_secs(3))
        };
        assert!(of(&["1", "2"]).quantile(&[1.0, 1.0], 0.5).is_nan());
        assert!(of(&["+Inf"]).quantile(&[1.0], 0.5).is_nan());
        let far = of(&["-1e308", "1e308", "+Inf"]).quantile(&[0.0, 5.0, 0.0], 0.5);
        assert_eq!(far.to_bits(), 0.0_f64.to_bits(), "bounds whose distance is no number");
        assert!(Buckets::find([("", Some("-Inf"))]).is_err());
    }

    proptest! {
        #[test]
        fn a_quantile_lies_within_the_bounds(counts in proptest::collection::vec(any::<f64>(), 3), quantile: f64) {
            let told = rates().quantile(&counts, quantile);
            prop_assert!(told.is_nan() || (0.0..=1.0).contains(&told) || counts.iter().any(|count| *count < 0.0), "{told}");
        }
    }
}
