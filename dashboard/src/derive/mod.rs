//! Derived signals: rows of a group in, rows of another out.
//!
//! A [`Derivation`] says what is computed, as a URL writes it: `rate`, `mean:5s`, `p99:10s`. [`Derived`] computes it, row
//! by row as rows come, at a cost a row that does not depend on the window, and keeps what it needs of the past in a
//! bounded place.
//!
//! ```
//! use dashboard::derive::{Derivation, Derived, Source};
//! use protocol::{Interval, Timestamp};
//!
//! let derivation: Derivation = "rate".parse()?;
//! let sources = [Source { name: "requests", bound: None }];
//! let mut derived = Derived::start(derivation, &sources, Interval::from_secs(3))?;
//! let mut row = [0.0];
//! derived.next(Timestamp::from_micros(0), &[100.0], &mut row);
//! derived.next(Timestamp::from_micros(500_000), &[150.0], &mut row);
//! assert_eq!(row[0].to_bits(), 100.0_f64.to_bits());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | file | subject |
//! | --- | --- |
//! | [`derivation`] | what is computed, and how it is written |
//! | [`rate`] | counters to rates, and differences |
//! | [`moving_average`] | means over a window |
//! | [`quantile`] | quantiles over a window, from a sketch |
//! | [`panes`] | sliding windows |
//! | [`across`] | one series from all of a group |
//! | [`histogram`] | buckets: their rates, and quantiles of what fell into them |
//!
//! # What this module does not know
//! Rings, frames, pixels, the DOM. It never panics, whatever the values and times.

pub mod across;
pub mod derivation;
pub mod histogram;
pub mod moving_average;
pub mod panes;
pub mod quantile;
pub mod rate;

use protocol::{Interval, Timestamp};

pub use across::Across;
pub use derivation::Derivation;
use histogram::{BadBuckets, BucketRates, Buckets};
use moving_average::MovingAverage;
use quantile::SlidingQuantile;
use rate::{Difference, Rate};

/// A series that something is derived from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a str,
    /// The value of its label `le`.
    pub bound: Option<&'a str>,
}

/// Computes derived rows.
#[derive(Clone, Debug)]
pub struct Derived {
    names: Vec<String>,
    of: Of,
}

#[derive(Clone, Debug)]
enum Of {
    /// One series for each.
    Each(Vec<One>),
    /// One series for all.
    All(Across),
    /// One series for each bucket.
    Buckets(BucketRates),
    /// One series for a whole histogram.
    BucketQuantile { rates: BucketRates, counts: Vec<MovingAverage>, row: Vec<f64>, quantile: f64 },
}

#[derive(Clone, Debug)]
enum One {
    Rate(Rate),
    Difference(Difference),
    Mean(MovingAverage),
    Quantile(Box<SlidingQuantile>),
}

impl Derived {
    /// Begins to compute from rows of `sources`, which follow one another within `longest_step`.
    ///
    /// # Errors
    /// When a histogram is asked for and the buckets of the group are malformed; a group without buckets has none.
    pub fn start(derivation: Derivation, sources: &[Source<'_>], longest_step: Interval) -> Result<Self, BadBuckets> {
        let each = |one: &dyn Fn() -> One| Self {
            names: sources.iter().map(|source| source.name.to_owned()).collect(),
            of: Of::Each(sources.iter().map(|_| one()).collect()),
        };
        let rates = || {
            let buckets = Buckets::find(sources.iter().map(|source| (source.name, source.bound)))?;
            Ok(buckets.map(|buckets| BucketRates::new(buckets, longest_step)))
        };
        Ok(match derivation {
            Derivation::Rate => each(&|| One::Rate(Rate::new(longest_step))),
            Derivation::Difference => each(&|| One::Difference(Difference::new(longest_step))),
            Derivation::Mean(window) => each(&|| One::Mean(MovingAverage::new(window))),
            Derivation::Across(across) => Self { names: vec![derivation.to_string()], of: Of::All(across) },
            Derivation::Quantile { quantile, window } => {
                let quantile = quantile.part();
                match rates()? {
                    Some(rates) => {
                        let count = rates.buckets().series.len();
                        let counts = vec![MovingAverage::new(window); count];
                        let of = Of::BucketQuantile { rates, counts, row: vec![0.0; count], quantile };
                        Self { names: vec![derivation.to_string()], of }
                    }
                    None => each(&|| One::Quantile(Box::new(SlidingQuantile::new(quantile, window)))),
                }
            }
            Derivation::Buckets => match rates()? {
                Some(rates) => {
                    let names = rates.buckets().bounds.iter().map(|bound| format!("≤ {bound}")).collect();
                    Self { names, of: Of::Buckets(rates) }
                }
                None => Self { names: Vec::new(), of: Of::Each(Vec::new()) },
            },
        })
    }

    /// What the derived series are called.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Computes a row from one of the sources: as many values as there are [`names`](Self::names). NaN where nothing can be
    /// said.
    ///
    /// Hot: once a row of each group that something is derived from.
    pub fn next(&mut self, time: Timestamp, values: &[f64], row: &mut [f64]) {
        match &mut self.of {
            Of::Each(each) => {
                for ((one, &value), told) in each.iter_mut().zip(values).zip(row) {
                    *told = match one {
                        One::Rate(rate) => rate.next(time, value),
                        One::Difference(difference) => difference.next(time, value),
                        One::Mean(mean) => mean.next(time, value),
                        One::Quantile(quantile) => quantile.next(time, value),
                    };
                }
            }
            Of::All(across) => {
                if let Some(told) = row.first_mut() {
                    *told = across.of(values);
                }
            }
            Of::Buckets(rates) => rates.next(time, values, row),
            Of::BucketQuantile { rates, counts, row: each, quantile } => {
                rates.next(time, values, each);
                for (count, rate) in counts.iter_mut().zip(each.iter_mut()) {
                    *rate = count.next(time, *rate);
                }
                if let Some(told) = row.first_mut() {
                    *told = rates.quantile(each, *quantile);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SOURCES: [Source<'_>; 3] = [
        Source { name: "a", bound: Some("1") },
        Source { name: "b", bound: Some("2") },
        Source { name: "c", bound: Some("+Inf") },
    ];

    proptest! {
        #[test]
        fn no_row_is_too_odd(
            rows in proptest::collection::vec((any::<i64>(), proptest::array::uniform3(any::<f64>())), 0..30),
            which in 0_usize..6,
        ) {
            let texts = ["rate", "diff", "mean:5s", "p99:10s", "sum", "buckets"];
            let derivation: Derivation = texts[which].parse().expect("well formed");
            for sources in [&SOURCES[..], &[]] {
                let mut derived = Derived::start(derivation, sources, Interval::from_secs(1)).expect("well formed");
                let mut row = vec![0.0; derived.names().len()];
                for (time, values) in &rows {
                    derived.next(Timestamp::from_micros(*time), &values[..sources.len()], &mut row);
                }
            }
        }
    }

    #[test]
    fn a_histogram_has_one_series_a_bucket_or_one_for_all() {
        let names = |text: &str| {
            let derivation = text.parse().expect("well formed");
            Derived::start(derivation, &SOURCES, Interval::from_secs(1)).expect("well formed").names().to_vec()
        };
        assert_eq!(names("buckets"), ["≤ 1", "≤ 2", "≤ inf"]);
        assert_eq!(names("p50:1s"), ["p50:1s"]);
        assert_eq!(names("rate"), ["a", "b", "c"]);
    }
}
