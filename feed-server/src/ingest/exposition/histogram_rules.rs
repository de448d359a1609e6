//! The rules of OpenMetrics on the samples of one histogram.

use thiserror::Error;

/// The reason why samples are no histogram.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum BrokenHistogram {
    #[error("the last bucket must have le=\"+Inf\"")]
    NoInfiniteBucket,
    #[error("the bounds of buckets must rise, found {found} after {before}")]
    Bounds { before: f64, found: f64 },
    #[error("the values of buckets must not fall, found {found} after {before}")]
    Values { before: f64, found: f64 },
    #[error("the count must be the value of the last bucket, {expected}, found {found}")]
    Count { expected: f64, found: f64 },
    #[error("a count and a sum must come together")]
    CountWithoutSum,
    #[error("there must be no sum if a bound of a bucket is negative")]
    SumOfNegative,
    #[error("the sum must not be negative if no bound of a bucket is")]
    NegativeSum,
}

/// The samples of one histogram so far.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    has_samples: bool,
    /// Bound and value of the last bucket.
    bucket: Option<(f64, f64)>,
    has_negative_bound: bool,
    count: Option<f64>,
    sum: Option<f64>,
    /// The sum of a gauge histogram.
    gauge_sum: Option<f64>,
}

impl Histogram {
    pub(super) fn add(&mut self, suffix: &str, bound: f64, value: f64) -> Result<(), BrokenHistogram> {
        self.has_samples = true;
        match suffix {
            "_bucket" => {
                self.has_negative_bound |= bound < 0.0;
                if let Some((before_bound, before)) = self.bucket.replace((bound, value)) {
                    if bound <= before_bound {
                        return Err(BrokenHistogram::Bounds { before: before_bound, found: bound });
                    }
                    if value < before {
                        return Err(BrokenHistogram::Values { before, found: value });
                    }
                }
            }
            "_count" | "_gcount" => self.count = Some(value),
            "_sum" => self.sum = Some(value),
            "_gsum" => self.gauge_sum = Some(value),
            _ => {}
        }
        Ok(())
    }

    pub(super) fn end(self) -> Result<(), BrokenHistogram> {
        if !self.has_samples {
            return Ok(());
        }
        let Some((_, expected)) = self.bucket.filter(|(bound, _)| *bound == f64::INFINITY) else {
            return Err(BrokenHistogram::NoInfiniteBucket);
        };
        if let Some(found) = self.count.filter(|count| count.total_cmp(&expected).is_ne()) {
            return Err(BrokenHistogram::Count { expected, found });
        }
        if self.count.is_some() != self.sum.or(self.gauge_sum).is_some() {
            return Err(BrokenHistogram::CountWithoutSum);
        }
        if self.has_negative_bound && self.sum.is_some() {
            return Err(BrokenHistogram::SumOfNegative);
        }
        if !self.has_negative_bound && self.gauge_sum.is_some_and(|sum| sum < 0.0) {
            return Err(BrokenHistogram::NegativeSum);
        }
        Ok(())
    }
}
