//! The state of one transform over one group.

use protocol::{Interval, Timestamp};

use super::across::Across;
use super::histogram::{BadBuckets, BucketRates, Buckets};
use super::moving_mean::MovingMean;
use super::quantile::SlidingQuantile;
use super::rate::{Difference, Rate};
use super::transform::Transform;
use crate::number;

/// One series of the group that a transform reads.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The display name. Transforms that keep the series apart name their output after it.
    pub name: &'a str,
    /// The value of the label [`le`](super::histogram::BUCKET_BOUND), which makes the series a histogram bucket.
    pub bucket_bound: Option<&'a str>,
}

/// Computes the rows of a transform.
#[derive(Clone, Debug)]
pub struct Evaluator {
    names: Vec<String>,
    kernel: Kernel,
}

#[derive(Clone, Debug)]
enum Kernel {
    /// One output series for each input series.
    Each(Vec<PerSeries>),
    /// One output series for the whole group.
    Across(Across),
    /// One output series for each bucket.
    Buckets(BucketRates),
    /// One output series for the complete histogram.
    BucketQuantile { rates: BucketRates, means: Vec<MovingMean>, row: Vec<f64>, quantile: f64 },
}

#[derive(Clone, Debug)]
enum PerSeries {
    Rate(Rate),
    Difference(Difference),
    Mean(MovingMean),
    Quantile(Box<SlidingQuantile>),
}

impl Evaluator {
    /// An evaluator for rows of `inputs`. Two rows that are more than `longest_step` apart have a hole between them.
    ///
    /// # Errors
    /// [`BadBuckets`] if the transform reads histogram buckets and those of the group are malformed. A group without
    /// buckets is no error: `buckets` then has no output series.
    pub fn new(transform: Transform, inputs: &[Input<'_>], longest_step: Interval) -> Result<Self, BadBuckets> {
        let each = |kernel: &dyn Fn() -> PerSeries| Self {
            names: inputs.iter().map(|input| input.name.to_owned()).collect(),
            kernel: Kernel::Each(inputs.iter().map(|_| kernel()).collect()),
        };
        let bucket_rates = || {
            let buckets = Buckets::find(inputs.iter().map(|input| (input.name, input.bucket_bound)))?;
            Ok(buckets.map(|buckets| BucketRates::new(buckets, longest_step)))
        };
        Ok(match transform {
            Transform::Rate => each(&|| PerSeries::Rate(Rate::new(longest_step))),
            Transform::Difference => each(&|| PerSeries::Difference(Difference::new(longest_step))),
            Transform::Mean(window) => each(&|| PerSeries::Mean(MovingMean::new(window))),
            Transform::Across(across) => Self { names: vec![transform.to_string()], kernel: Kernel::Across(across) },
            Transform::Quantile { quantile, window } => {
                let quantile = quantile.fraction();
                match bucket_rates()? {
                    Some(rates) => {
                        let count = rates.buckets().bounds.len();
                        let means = vec![MovingMean::new(window); count];
                        let kernel = Kernel::BucketQuantile { rates, means, row: vec![0.0; count], quantile };
                        Self { names: vec![transform.to_string()], kernel }
                    }
                    None => each(&|| PerSeries::Quantile(Box::new(SlidingQuantile::new(quantile, window)))),
                }
            }
            Transform::Buckets => match bucket_rates()? {
                Some(rates) => {
                    let names = rates.buckets().bounds.iter().map(|&bound| bucket_name(bound)).collect();
                    Self { names, kernel: Kernel::Buckets(rates) }
                }
                None => Self { names: Vec::new(), kernel: Kernel::Each(Vec::new()) },
            },
        })
    }

    /// Display names of the output series.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Computes one output row, which has as many values as there are [`names`](Self::names), from one row of the inputs.
    /// An output is NaN if the inputs so far do not determine it.
    ///
    /// Hot: once a row of each transformed group.
    pub fn next(&mut self, time: Timestamp, values: &[f64], row: &mut [f64]) {
        match &mut self.kernel {
            Kernel::Each(each) => {
                for ((kernel, &value), output) in each.iter_mut().zip(values).zip(row) {
                    *output = match kernel {
                        PerSeries::Rate(rate) => rate.next(time, value),
                        PerSeries::Difference(difference) => difference.next(time, value),
                        PerSeries::Mean(mean) => mean.next(time, value),
                        PerSeries::Quantile(quantile) => quantile.next(time, value),
                    };
                }
            }
            Kernel::Across(across) => {
                if let Some(output) = row.first_mut() {
                    *output = across.of(values);
                }
            }
            Kernel::Buckets(rates) => rates.next(time, values, row),
            Kernel::BucketQuantile { rates, means, row: each, quantile } => {
                rates.next(time, values, each);
                for (mean, rate) in means.iter_mut().zip(each.iter_mut()) {
                    *rate = mean.next(time, *rate);
                }
                if let Some(output) = row.first_mut() {
                    *output = rates.quantile(each, *quantile);
                }
            }
        }
    }
}

/// A bound as it fits a legend: 10,000,000 is `1e7`.
fn bucket_name(bound: f64) -> String {
    if bound == f64::INFINITY { "≤ ∞".to_owned() } else { format!("≤ {}", number::plain(bound)) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const INPUTS: [Input<'_>; 3] = [
        Input { name: "a", bucket_bound: Some("1") },
        Input { name: "b", bucket_bound: Some("2") },
        Input { name: "c", bucket_bound: Some("+Inf") },
    ];

    proptest! {
        #[test]
        fn no_row_makes_a_transform_panic(
            rows in proptest::collection::vec((any::<i64>(), proptest::array::uniform3(any::<f64>())), 0..30),
            which in 0_usize..6,
        ) {
            let texts = ["rate", "diff", "mean:5s", "p99:10s", "sum", "buckets"];
            let transform: Transform = texts[which].parse().expect("well formed");
            for inputs in [&INPUTS[..], &[]] {
                let mut evaluator = Evaluator::new(transform, inputs, Interval::from_secs(1)).expect("well formed");
                let mut row = vec![0.0; evaluator.names().len()];
                for (time, values) in &rows {
                    evaluator.next(Timestamp::from_micros(*time), &values[..inputs.len()], &mut row);
                }
            }
        }
    }

    #[test]
    fn a_histogram_has_one_output_for_each_bucket_or_one_for_its_quantile() {
        let names = |text: &str| {
            let transform = text.parse().expect("well formed");
            Evaluator::new(transform, &INPUTS, Interval::from_secs(1)).expect("well formed").names().to_vec()
        };
        assert_eq!(names("buckets"), ["≤ 1", "≤ 2", "≤ ∞"]);
        assert_eq!(names("p50:1s"), ["p50:1s"]);
        assert_eq!(names("rate"), ["a", "b", "c"]);
    }
}
