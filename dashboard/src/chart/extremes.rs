//! The extremes of the values on screen, and what a logarithmic axis cannot show of them.

use std::fmt;

use series::Summary;

use super::columns::Columns;

/// The extremes of all series on screen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extremes {
    all: Summary,
    /// Series with a value of 0 or below.
    not_positive: usize,
}

impl Default for Extremes {
    fn default() -> Self {
        Self { all: Summary::EMPTY, not_positive: 0 }
    }
}

impl Extremes {
    /// Adds a series.
    pub(super) fn add(&mut self, series: &Summary) {
        self.not_positive += usize::from(!series.is_empty() && series.min <= 0.0);
        self.all.extend(series);
    }

    /// Smallest and largest value.
    pub(super) fn range(&self) -> Option<(f64, f64)> {
        (!self.all.is_empty()).then_some((self.all.min, self.all.max))
    }

    /// Smallest and largest value above zero. The columns are read only if a value is not above zero.
    pub(super) fn range_above_zero(&self, columns: &impl Columns) -> Option<(f64, f64)> {
        let (low, high) = self.range().filter(|(_, high)| *high > 0.0)?;
        if low > 0.0 {
            return Some((low, high));
        }
        let series = (0..columns.series()).flat_map(|series| (0..columns.width()).map(move |x| (series, x)));
        let lowest =
            series.fold(high, |lowest, (series, x)| lowest.min(smallest_above_zero(&columns.summary(series, x))));
        Some((lowest, high))
    }

    pub(super) fn log_limit(&self) -> LogLimit {
        match self.range() {
            Some((_, high)) if high <= 0.0 => LogLimit::Everything,
            _ if self.not_positive > 0 => LogLimit::Series(self.not_positive),
            _ => LogLimit::Nothing,
        }
    }
}

/// The smallest known value above zero; infinite without one. NaN is no value.
fn smallest_above_zero(summary: &Summary) -> f64 {
    let values = [summary.min, summary.first, summary.last, summary.max];
    values.into_iter().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min)
}

/// The values on screen that a logarithmic axis cannot show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLimit {
    #[default]
    Nothing,
    /// Some values of so many series.
    Series(usize),
    /// All values of all series.
    Everything,
}

impl fmt::Display for LogLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => Ok(()),
            Self::Series(1) => f.write_str("1 series has values of 0 or below, which a logarithmic axis cannot show"),
            Self::Series(count) => {
                write!(f, "{count} series have values of 0 or below, which a logarithmic axis cannot show")
            }
            Self::Everything => f.write_str("All values are 0 or below, which a logarithmic axis cannot show"),
        }
    }
}
