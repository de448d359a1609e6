//! What is computed, and how it is written: `rate`, `diff`, `mean:5s`, `sum`, `avg`, `min`, `max`, `p99:10s`, `buckets`.

use std::fmt;
use std::str::FromStr;

use protocol::{Bounds, Interval};

use super::across::Across;

/// What is computed from a group's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derivation {
    /// Each counter's rise a second.
    Rate,
    /// Each value less the one before.
    Difference,
    /// Each series' mean over a window.
    Mean(Interval),
    /// One series from all.
    Across(Across),
    /// Each series' quantile over a window; of a histogram, that of what fell into its buckets.
    Quantile {
        /// Which.
        quantile: Quantile,
        /// Over how long.
        window: Interval,
    },
    /// What falls into each bucket of a histogram, a second.
    Buckets,
}

/// A quantile in thousandths of a percent: p99 is 99,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quantile(u32);

impl Quantile {
    /// The quantile in percent; none beyond 0 to 100. Thousandths of a percent count, and no more: what would be rounded
    /// is none, for it would be another quantile than was asked for.
    pub fn percent(percent: f64) -> Option<Self> {
        let thousandths = (percent * 1_000.0).round();
        let is_exact = (thousandths / 1_000.0).to_bits() == percent.to_bits();
        ((0.0..=100.0).contains(&percent) && is_exact).then_some(Self(thousandths as u32))
    }

    /// From 0 to 1.
    pub fn part(self) -> f64 {
        f64::from(self.0) / 100_000.0
    }
}

const MIN_WINDOW: Interval = Interval::from_millis(10);
const MAX_WINDOW: Interval = Interval::from_secs(86_400);

const ACROSS: [(Across, &str); 4] =
    [(Across::Sum, "sum"), (Across::Average, "avg"), (Across::Least, "min"), (Across::Greatest, "max")];

impl Derivation {
    /// The unit of what is computed from values of a unit, in UCUM.
    pub fn unit(self, unit: &str) -> String {
        match self {
            // Seconds a second are a part of the time.
            Self::Rate if unit == "s" => "1".to_owned(),
            Self::Rate if unit.is_empty() => "1/s".to_owned(),
            Self::Rate => format!("{unit}/s"),
            Self::Buckets => "{observation}/s".to_owned(),
            _ => unit.to_owned(),
        }
    }

    /// Where the axis of what is computed begins and ends.
    pub fn bounds(self, bounds: Bounds) -> Bounds {
        match self {
            Self::Rate | Self::Buckets | Self::Across(Across::Sum) => Bounds::FromZero,
            Self::Difference => Bounds::Auto,
            _ => bounds,
        }
    }
}

impl fmt::Display for Derivation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate => f.write_str("rate"),
            Self::Difference => f.write_str("diff"),
            Self::Mean(window) => write!(f, "mean:{}", Written(*window)),
            Self::Across(across) => {
                let name = ACROSS.iter().find(|(known, _)| known == across).map_or("", |(_, name)| name);
                f.write_str(name)
            }
            Self::Quantile { quantile: Quantile(thousandths), window } => {
                write!(f, "p{}:{}", f64::from(*thousandths) / 1_000.0, Written(*window))
            }
            Self::Buckets => f.write_str("buckets"),
        }
    }
}

/// A window as text: `5s`, `250ms`.
struct Written(Interval);

impl fmt::Display for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.micros() / 1_000;
        if millis.is_multiple_of(1_000) { write!(f, "{}s", millis / 1_000) } else { write!(f, "{millis}ms") }
    }
}

/// A text that is no derivation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "nothing is derived by {0:?}: expected rate, diff, sum, avg, min, max, buckets, mean or a percentile with a window \
     from 10ms to 86400s, such as mean:5s or p99:10s"
)]
pub struct UnknownDerivation(String);

impl FromStr for Derivation {
    type Err = UnknownDerivation;

    fn from_str(text: &str) -> Result<Self, UnknownDerivation> {
        let across = || ACROSS.iter().find(|(_, name)| *name == text).map(|&(across, _)| Self::Across(across));
        let windowed = || {
            let (what, window) = text.split_once(':')?;
            let window = read_window(window)?;
            match what.strip_prefix('p') {
                Some(percent) => {
                    let quantile = Quantile::percent(percent.parse().ok()?)?;
                    Some(Self::Quantile { quantile, window })
                }
                None => (what == "mean").then_some(Self::Mean(window)),
            }
        };
        let known = match text {
            "rate" => Some(Self::Rate),
            "diff" => Some(Self::Difference),
            "buckets" => Some(Self::Buckets),
            _ => across().or_else(windowed),
        };
        known.ok_or_else(|| UnknownDerivation(text.to_owned()))
    }
}

fn read_window(text: &str) -> Option<Interval> {
    let millis = match text.strip_suffix("ms") {
        Some(millis) => millis.parse::<u64>().ok()?,
        None => text.strip_suffix('s')?.parse::<u64>().ok()?.checked_mul(1_000)?,
    };
    let window = Interval::from_micros(millis.checked_mul(1_000)?);
    (MIN_WINDOW..=MAX_WINDOW).contains(&window).then_some(window)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
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
            assert_eq!(text.parse::<Derivation>().map(|derivation| derivation.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn nonsense_is_named() {
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
            "mean:99999999999s",
        ] {
            let error = text.parse::<Derivation>().expect_err(text);
            assert!(
                error.to_string().starts_with(&format!("nothing is derived by {text:?}: expected rate")),
                "{error}"
            );
        }
    }

    #[test]
    fn a_rate_has_the_unit_per_second() {
        let rate = |unit| Derivation::Rate.unit(unit);
        assert_eq!([rate("By"), rate("{packet}"), rate("s"), rate("")], ["By/s", "{packet}/s", "1", "1/s"]);
    }
}
