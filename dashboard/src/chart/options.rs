//! Display options of a group, and their text in a URL: `area,log`, `line,rate,0..100`.

use std::fmt;
use std::str::FromStr;

use super::kind::Kind;
use crate::store::{Group, Series};
use crate::view::{Mapping, RangeMode};
use series::transforms::Transform;
use series::transforms::histogram::BUCKET_BOUND;

/// How a group is displayed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Options {
    pub kind: Kind,
    /// If set, the output of the transform is shown in place of the group.
    pub transform: Option<Transform>,
    pub mapping: Mapping,
    pub range: RangeMode,
}

impl Options {
    /// The options of a group for which none were chosen: a heatmap for a histogram, and lines for other groups.
    pub fn usual(group: &Group) -> Self {
        let is_bucket = |series: &Series| series.labels.iter().any(|(key, _)| key == BUCKET_BOUND);
        if !group.series().is_empty() && group.series().iter().all(is_bucket) {
            Self { kind: Kind::Heatmap, transform: Some(Transform::Buckets), ..Self::default() }
        } else {
            Self::default()
        }
    }
}

const LOG: &str = "log";
const BETWEEN: &str = "..";

impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.kind)?;
        if let Some(transform) = self.transform {
            write!(f, ",{transform}")?;
        }
        if self.mapping == Mapping::Log {
            write!(f, ",{LOG}")?;
        }
        if let RangeMode::Fixed { low, high } = self.range {
            write!(f, ",{low}{BETWEEN}{high}")?;
        }
        Ok(())
    }
}

/// Text that is not a list of options.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadOptions {
    #[error(
        "unknown option {0:?}: expected a kind of chart (line, area, bars, heatmap, sparklines, gauges, stats), a \
         transform (such as rate, sum or p99:10s), a range (such as 0..100) or log"
    )]
    Unknown(String),
    #[error("invalid range {0:?}: expected two numbers, the lower first, such as 0..100")]
    Range(String),
}

impl FromStr for Options {
    type Err = BadOptions;

    fn from_str(text: &str) -> Result<Self, BadOptions> {
        let mut options = Self::default();
        for word in text.split(',') {
            if word == LOG {
                options.mapping = Mapping::Log;
            } else if let Some((low, high)) = word.split_once(BETWEEN) {
                let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
                options.range = match (number(low), number(high)) {
                    (Some(low), Some(high)) if low < high => RangeMode::Fixed { low, high },
                    _ => return Err(BadOptions::Range(word.to_owned())),
                };
            } else if let Some(kind) = Kind::find(word) {
                options.kind = kind;
            } else {
                let transform = word.parse().map_err(|_| BadOptions::Unknown(word.to_owned()))?;
                options.transform = Some(transform);
            }
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn options_are_parsed_from_a_url() {
        let options: Options = "area,p99:10s,log,-0.5..1e3".parse().expect("well formed");
        let range = RangeMode::Fixed { low: -0.5, high: 1e3 };
        let transform = "p99:10s".parse().ok();
        assert_eq!(options, Options { kind: Kind::Area, transform, mapping: Mapping::Log, range });
        assert_eq!("stats".parse::<Options>().expect("well formed").to_string(), "stats");
    }

    #[test]
    fn unknown_options_are_refused_and_named() {
        let said = |text: &str| text.parse::<Options>().expect_err("nonsense").to_string();
        assert!(said("pie").starts_with("unknown option \"pie\": expected a kind of chart (line, area"));
        assert_eq!(said("line,5..1"), "invalid range \"5..1\": expected two numbers, the lower first, such as 0..100");
        assert_eq!(said("0..NaN"), "invalid range \"0..NaN\": expected two numbers, the lower first, such as 0..100");
    }

    proptest! {
        #[test]
        fn printed_options_parse_back(kind in 0..Kind::ALL.len(), log: bool, low in -1e300_f64..1e300, span in 1e-3_f64..1e300) {
            let range = if span < 1e3 { RangeMode::Automatic } else { RangeMode::Fixed { low, high: low + span } };
            prop_assume!(low + span > low);
            let mapping = if log { Mapping::Log } else { Mapping::Linear };
            let transform = log.then(|| "mean:5s".parse().expect("well formed"));
            let options = Options { kind: Kind::ALL[kind], transform, mapping, range };
            prop_assert_eq!(options.to_string().parse::<Options>(), Ok(options));
        }
    }
}
