//! A transform and its text form: `rate`, `diff`, `mean:5s`, `sum`, `avg`, `min`, `max`, `p99:10s`, `buckets`.

use std::fmt;
use std::str::FromStr;

use protocol::{Bounds, Interval};

use super::across::Across;
use crate::{decimal, duration};

/// A computation over the rows of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transform {
    /// `rate`: the increase of each counter per second.
    Rate,
    /// `diff`: each value minus the previous one.
    Difference,
    /// `mean:5s`: the moving mean of each series.
    Mean(Interval),
    /// `sum`, `avg`, `min`, `max`: one series from all series.
    Across(Across),
    /// `p99:10s`: a quantile of each series over a window. For a histogram: the quantile of the observations that
    /// its buckets counted.
    Quantile {
        /// The quantile to compute, such as p99.
        quantile: Quantile,
        /// Length of the window.
        window: Interval,
    },
    /// `buckets`: observations per second in each bucket of a histogram.
    Buckets,
}

/// A quantile in thousandths of a percent: p99 is 99,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantile(u32);

impl Quantile {
    /// The quantile of that percentage. `None` outside 0 to 100, and for more than three decimals: rounding would
    /// silently give another quantile.
    pub fn from_percent(percent: f64) -> Option<Self> {
        let thousandths = (percent * 1_000.0).round();
        let is_exact = (thousandths / 1_000.0).to_bits() == percent.to_bits();
        ((0.0..=100.0).contains(&percent) && is_exact).then_some(Self(thousandths as u32))
    }

    /// The quantile as a fraction, from 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }
}

const MIN_WINDOW: Interval = Interval::from_millis(10);
const MAX_WINDOW: Interval = Interval::from_secs(86_400);

const ACROSS: [(Across, &str); 4] =
    [(Across::Sum, "sum"), (Across::Average, "avg"), (Across::Min, "min"), (Across::Max, "max")];

impl Transform {
    /// Returns true if it reads counters, of which a summary of several values is known by its last one. Others read its mean.
    pub const fn reads_totals(self) -> bool {
        matches!(self, Self::Rate | Self::Difference | Self::Buckets)
    }

    /// The UCUM unit of the output for inputs in `unit`.
    pub fn unit(self, unit: &str) -> String {
        match self {
            // Seconds per second are a ratio.
            Self::Rate if unit == "s" => "1".to_owned(),
            Self::Rate if unit.is_empty() => "1/s".to_owned(),
            Self::Rate => format!("{unit}/s"),
            Self::Buckets => "{observation}/s".to_owned(),
            _ => unit.to_owned(),
        }
    }

    /// The bounds of the output's axis for inputs with `bounds`.
    pub fn bounds(self, bounds: Bounds) -> Bounds {
        match self {
            Self::Rate | Self::Buckets | Self::Across(Across::Sum) => Bounds::FromZero,
            Self::Difference => Bounds::Auto,
            _ => bounds,
        }
    }
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate => f.write_str("rate"),
            Self::Difference => f.write_str("diff"),
            Self::Mean(window) => write!(f, "mean:{window}"),
            Self::Across(across) => {
                let name = ACROSS.iter().find(|(known, _)| known == across).map_or("", |(_, name)| name);
                f.write_str(name)
            }
            Self::Quantile { quantile: Quantile(thousandths), window } => {
                write!(f, "p{}:{window}", f64::from(*thousandths) / 1_000.0)
            }
            Self::Buckets => f.write_str("buckets"),
        }
    }
}

/// Text that is not a transform.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown transform {found:?}: expected rate, diff, sum, avg, min, max, buckets, or mean or a percentile with a \
     window of 10ms to 24h, such as mean:5s or p99:10s"
)]
pub struct ParseTransformError {
    /// The text that was rejected.
    pub found: String,
}

impl FromStr for Transform {
    type Err = ParseTransformError;

    fn from_str(text: &str) -> Result<Self, ParseTransformError> {
        let across = || ACROSS.iter().find(|(_, name)| *name == text).map(|&(across, _)| Self::Across(across));
        let windowed = || {
            let (name, window) = text.split_once(':')?;
            let window = parse_window(window)?;
            match name.strip_prefix('p') {
                Some(percent) => {
                    let quantile = Quantile::from_percent(decimal::parse(percent)?)?;
                    Some(Self::Quantile { quantile, window })
                }
                None => (name == "mean").then_some(Self::Mean(window)),
            }
        };
        let known = match text {
            "rate" => Some(Self::Rate),
            "diff" => Some(Self::Difference),
            "buckets" => Some(Self::Buckets),
            _ => across().or_else(windowed),
        };
        known.ok_or_else(|| ParseTransformError { found: text.to_owned() })
    }
}

fn parse_window(text: &str) -> Option<Interval> {
    let micros = duration::parse(text).ok()?.as_micros();
    let window = Interval::from_micros(u64::try_from(micros).ok()?);
    (MIN_WINDOW..=MAX_WINDOW).contains(&window).then_some(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formatted_transform_parses_back() {
        for text in [
            "rate",
            "diff",
            "mean:5s",
            "mean:250ms",
            "sum",
            "avg",
            "min",
            "max",
            "p50:10s",
            "p99.9:60s",
            "p99.95:60s",
            "p99.999:60s",
            "buckets",
        ] {
            assert_eq!(text.parse::<Transform>().map(|transform| transform.to_string()).as_deref(), Ok(text));
        }
        assert_eq!("mean:5m".parse::<Transform>(), "mean:300s".parse());
    }

    #[test]
    fn unknown_transforms_are_refused_and_named() {
        for text in [
            "",
            "mean",
            "mean:",
            "mean:5",
            "mean:0s",
            "p101:5s",
            "p99.9999:5s",
            "pNaN:5s",
            "p:5s",
            "median:5s",
            "mean:25h",
            "mean:99999999999s",
        ] {
            let error = text.parse::<Transform>().expect_err(text);
            assert!(error.to_string().starts_with(&format!("unknown transform {text:?}: expected rate")), "{error}");
        }
    }

    #[test]
    fn a_rate_has_the_unit_per_second() {
        let rate = |unit| Transform::Rate.unit(unit);
        assert_eq!([rate("By"), rate("{packet}"), rate("s"), rate("")], ["By/s", "{packet}/s", "1", "1/s"]);
    }
}
