//! Histograms: groups whose series are cumulative buckets, as in
//! [Prometheus](https://prometheus.io/docs/concepts/metric_types/#histogram). Each series counts the observations up to
//! and including its upper bound, which is the value of its label `le`. Of several histograms, such as those of several paths, the buckets
//! with the same bound are added: they have the same bounds if one program has written them.

use std::collections::BinaryHeap;

use protocol::{Interval, Timestamp};

use super::rate::Rate;
use crate::{decimal, ordered};

/// The label whose value is a bucket's upper bound.
pub const BUCKET_BOUND: &str = "le";

/// Malformed buckets of a group.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum BadBuckets {
    /// A bound that is not a number.
    #[error("bucket bound le={0:?} is not a number: expected a decimal number or +Inf")]
    Bound(String),
    /// Some series are buckets and this one is not.
    #[error("series {0:?} has no label le: all series of a histogram's group must be buckets")]
    Unlabelled(String),
}

/// The buckets of a group, by rising bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Buckets {
    /// Upper bounds, rising. The last is infinite if the histogram is complete.
    pub bounds: Vec<f64>,
    /// The indices in the group of each bucket's series.
    pub series: Vec<Vec<usize>>,
}

impl Buckets {
    /// The buckets among series, given as display name and value of the label `le`. `None` if no series has the label.
    ///
    /// # Errors
    /// [`BadBuckets`] if only some of the series are buckets, or a bound is not a number.
    pub fn find<'a>(series: impl IntoIterator<Item = (&'a str, Option<&'a str>)>) -> Result<Option<Self>, BadBuckets> {
        let (mut found, mut unlabelled) = (Vec::new(), None);
        for (place, (name, bound)) in series.into_iter().enumerate() {
            let Some(text) = bound else {
                unlabelled = unlabelled.or(Some(name));
                continue;
            };
            let bound = decimal::parse(text).filter(|&bound| bound > f64::NEG_INFINITY);
            found.push((bound.ok_or_else(|| BadBuckets::Bound(text.to_owned()))?, place));
        }
        if found.is_empty() {
            return Ok(None);
        }
        if let Some(name) = unlabelled {
            return Err(BadBuckets::Unlabelled(name.to_owned()));
        }
        // By bound, as `f64::total_cmp` orders them. A heap sort: a tenth of the code that `sort_by` would add for this type.
        let ordered = found.into_iter().map(|(bound, place)| (ordered::key(bound), place, bound.to_bits()));
        let ordered = ordered.collect::<BinaryHeap<_>>().into_sorted_vec();
        let mut buckets = Self { bounds: Vec::new(), series: Vec::new() };
        for (_, place, bits) in ordered {
            let bound = f64::from_bits(bits);
            match buckets.series.last_mut() {
                Some(same) if buckets.bounds.last() == Some(&bound) => same.push(place),
                _ => {
                    buckets.bounds.push(bound);
                    buckets.series.push(vec![place]);
                }
            }
        }
        Ok(Some(buckets))
    }
}

/// Observations per second in each bucket, lower buckets excluded.
#[derive(Clone, Debug)]
pub struct BucketRates {
    buckets: Buckets,
    /// As the series of the buckets.
    rates: Vec<Vec<Rate>>,
}

impl BucketRates {
    /// Rates of rows that have no hole between them if they are at most `longest_step` apart.
    pub fn new(buckets: Buckets, longest_step: Interval) -> Self {
        let rates = buckets.series.iter().map(|series| vec![Rate::new(longest_step); series.len()]).collect();
        Self { buckets, rates }
    }

    /// The buckets of the rates, in order.
    pub const fn buckets(&self) -> &Buckets {
        &self.buckets
    }

    /// Computes the rate of each bucket from one row of all series of the group, or NaN.
    ///
    /// Buckets that were not read at the same instant may seem to fall from one to the next: such a rate is zero.
    pub fn next(&mut self, time: Timestamp, values: &[f64], rates: &mut [f64]) {
        let mut below = 0.0;
        for ((each, series), bucket) in self.rates.iter_mut().zip(&self.buckets.series).zip(rates) {
            let mut cumulative = f64::NAN;
            for (rate, &place) in each.iter_mut().zip(series) {
                let of_one = rate.next(time, values.get(place).copied().unwrap_or(f64::NAN));
                // A histogram that has no rate yet does not hide the others.
                cumulative =
                    if cumulative.is_nan() { of_one } else { cumulative + if of_one.is_nan() { 0.0 } else { of_one } };
            }
            *bucket = if cumulative.is_nan() { f64::NAN } else { (cumulative - below).max(0.0) };
            // The running maximum, or observations would count twice in the bucket above a fall.
            below = below.max(cumulative);
        }
    }

    /// A quantile, from 0 to 1, of the observations in the buckets, interpolated linearly within a bucket as in
    /// Prometheus' [`histogram_quantile`](https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile).
    ///
    /// A quantile in the `+Inf` bucket is that bucket's lower bound. The first bucket starts at zero if its bound is
    /// positive. NaN without observations, without a `+Inf` bucket, or without any other bucket.
    pub fn quantile(&self, counts: &[f64], quantile: f64) -> f64 {
        let known = |&count: &f64| if count.is_nan() { 0.0 } else { count };
        let total: f64 = counts.iter().map(known).sum();
        let is_complete = self.buckets.bounds.len() > 1 && self.buckets.bounds.last() == Some(&f64::INFINITY);
        if !is_complete || total <= 0.0 || !total.is_finite() {
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
    fn buckets_are_ordered_by_bound() {
        let buckets = rates().buckets().clone();
        assert_eq!(buckets, Buckets { bounds: vec![0.1, 1.0, f64::INFINITY], series: vec![vec![1], vec![2], vec![0]] });
        assert_eq!(Buckets::find([("x", None)]), Ok(None));
    }

    #[test]
    fn malformed_buckets_are_refused_and_named() {
        let said =
            |series: &[(&str, Option<&str>)]| Buckets::find(series.iter().copied()).expect_err("malformed").to_string();
        assert!(said(&[("a", Some("high"))]).starts_with("bucket bound le=\"high\" is not a number"));
        assert!(said(&[("a", Some("1")), ("b", None)]).starts_with("series \"b\" has no label le"));
    }

    #[test]
    fn cumulative_counters_become_rates_of_single_buckets() {
        let mut rates = rates();
        let mut row = [0.0; 3];
        rates.next(Timestamp::from_micros(0), &[10.0, 4.0, 8.0], &mut row);
        assert!(row.iter().all(|rate| rate.is_nan()));
        // In two seconds: 2 up to 0.1, 6 up to 1, 10 in all.
        rates.next(Timestamp::from_micros(2_000_000), &[20.0, 6.0, 14.0], &mut row);
        assert_eq!(row.map(f64::to_bits), [1.0, 2.0, 2.0].map(f64::to_bits));
        // 5 a second: the middle lies three quarters into the second bucket.
        assert!((rates.quantile(&row, 0.5) - (0.1 + 0.9 * 0.75)).abs() < 1e-12);
        assert!((rates.quantile(&row, 0.1) - 0.05).abs() < 1e-12);
        assert!((rates.quantile(&row, 0.99) - 1.0).abs() < 1e-12, "no quantile above the highest finite bound");
        assert!(rates.quantile(&[f64::NAN; 3], 0.5).is_nan());
    }

    #[test]
    fn buckets_of_several_histograms_with_the_same_bound_are_added() {
        let series = [("a", Some("1")), ("a", Some("+Inf")), ("b", Some("+Inf")), ("b", Some("1.0"))];
        let buckets = Buckets::find(series).expect("well formed").expect("histograms");
        assert_eq!(buckets.series, [vec![0, 3], vec![1, 2]]);
        let mut rates = BucketRates::new(buckets, Interval::from_secs(3));
        let mut row = [0.0; 2];
        rates.next(Timestamp::from_micros(0), &[0.0, 0.0, f64::NAN, f64::NAN], &mut row);
        rates.next(Timestamp::from_micros(1_000_000), &[1.0, 5.0, 0.0, 0.0], &mut row);
        assert_eq!(row.map(f64::to_bits), [1.0, 4.0].map(f64::to_bits), "the second has begun");
        rates.next(Timestamp::from_micros(2_000_000), &[2.0, 6.0, 20.0, 10.0], &mut row);
        assert_eq!(row.map(f64::to_bits), [11.0, 10.0].map(f64::to_bits));
    }

    #[test]
    fn observations_in_falling_buckets_count_once() {
        let mut rates = rates();
        let mut row = [0.0; 3];
        rates.next(Timestamp::from_micros(0), &[0.0; 3], &mut row);
        rates.next(Timestamp::from_micros(1_000_000), &[12.0, 10.0, 5.0], &mut row);
        assert_eq!(row.map(f64::to_bits), [10.0, 0.0, 2.0].map(f64::to_bits));
    }

    #[test]
    fn an_incomplete_histogram_has_no_quantile() {
        let of = |bounds: &[&str]| {
            let buckets = Buckets::find(bounds.iter().map(|&bound| ("", Some(bound)))).expect("well formed");
            BucketRates::new(buckets.expect("a histogram"), Interval::from_secs(3))
        };
        assert!(of(&["1", "2"]).quantile(&[1.0, 1.0], 0.5).is_nan());
        assert!(of(&["+Inf"]).quantile(&[1.0], 0.5).is_nan());
        let far = of(&["-1e308", "1e308", "+Inf"]).quantile(&[0.0, 5.0, 0.0], 0.5);
        assert_eq!(far.to_bits(), 0.0_f64.to_bits(), "the distance between the bounds overflows");
        assert!(Buckets::find([("", Some("-Inf"))]).is_err());
    }

    proptest! {
        #[test]
        fn a_quantile_is_within_the_bounds(counts in proptest::collection::vec(any::<f64>(), 3), quantile: f64) {
            let row = rates().quantile(&counts, quantile);
            prop_assert!(row.is_nan() || (0.0..=1.0).contains(&row) || counts.iter().any(|count| *count < 0.0), "{row}");
        }
    }
}
