//! Source specifications, as the command line writes them: `host:hz=10`, `synthetic:groups=12,series=8,hz=100`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;
use thiserror::Error;

use crate::duration;

/// Rates a source may be asked for. Above 10 kHz a row lasts less than the clock's own jitter.
const MAX_HZ: f64 = 10_000.0;
const MAX_SYNTHETIC_GROUPS: u32 = 10_000;
const MAX_SYNTHETIC_SERIES: u32 = protocol::limits::MAX_GROUP_SERIES as u32;
/// A day of history at start: more is a mistake.
const MAX_PREFILL: Duration = Duration::from_hours(24);

/// Which source, with which settings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "Table")]
pub enum SourceSpec {
    /// This machine.
    Host(HostSpec),
    /// Made-up signals.
    Synthetic(SyntheticSpec),
}

impl SourceSpec {
    /// Series that it is sure to have.
    pub const fn known_series(&self) -> usize {
        match self {
            // As many as the machine has.
            Self::Host(_) => 0,
            Self::Synthetic(spec) => spec.groups as usize * spec.series as usize,
        }
    }
}

/// Settings of the host source.
#[derive(Clone, Debug, PartialEq)]
pub struct HostSpec {
    /// Rows a second of what is worth reading that often.
    pub hz: f64,
}

/// Settings of the synthetic source.
#[derive(Clone, Debug, PartialEq)]
pub struct SyntheticSpec {
    /// Groups, a panel each.
    pub groups: u32,
    /// Series in each group.
    pub series: u32,
    /// Rows a second in each group.
    pub hz: f64,
    /// How much history to put in place at start.
    pub prefill: Duration,
    /// Same seed, same signals.
    pub seed: u64,
}

impl Default for HostSpec {
    fn default() -> Self {
        Self { hz: 10.0 }
    }
}

impl Default for SyntheticSpec {
    fn default() -> Self {
        Self { groups: 12, series: 8, hz: 100.0, prefill: Duration::from_mins(1), seed: 1 }
    }
}

/// What is wrong with a source specification.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum SpecError {
    /// No source of that name.
    #[error("unknown source `{0}`: expected `host` or `synthetic`")]
    UnknownSource(String),
    /// No setting of that name.
    #[error("source `{source_name}` has no setting `{key}`: expected {expected}")]
    UnknownKey {
        /// The source.
        source_name: &'static str,
        /// The key found.
        key: String,
        /// The keys there are.
        expected: &'static str,
    },
    /// A setting without a value.
    #[error("`{0}` is not a setting: expected `key=value`")]
    NotASetting(String),
    /// A value out of range or of the wrong form.
    #[error("`{key}={value}`: expected {expected}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value found.
        value: String,
        /// What would be right.
        expected: String,
    },
}

impl SourceSpec {
    /// `host` or `synthetic`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Host(_) => "host",
            Self::Synthetic(_) => "synthetic",
        }
    }

    fn from_settings<'s>(
        source: &str,
        settings: impl IntoIterator<Item = (&'s str, &'s str)>,
    ) -> Result<Self, SpecError> {
        match source {
            "host" => {
                let mut spec = HostSpec::default();
                for (key, value) in settings {
                    match key {
                        "hz" => spec.hz = hz(value)?,
                        _ => return Err(unknown_key("host", key, "`hz`")),
                    }
                }
                Ok(Self::Host(spec))
            }
            "synthetic" => {
                let mut spec = SyntheticSpec::default();
                for (key, value) in settings {
                    match key {
                        "groups" => spec.groups = count("groups", value, MAX_SYNTHETIC_GROUPS)?,
                        "series" => spec.series = count("series", value, MAX_SYNTHETIC_SERIES)?,
                        "hz" => spec.hz = hz(value)?,
                        "prefill" => spec.prefill = prefill(value)?,
                        "seed" => spec.seed = number("seed", value, "a whole number")?,
                        _ => {
                            let expected = "`groups`, `series`, `hz`, `prefill` or `seed`";
                            return Err(unknown_key("synthetic", key, expected));
                        }
                    }
                }
                Ok(Self::Synthetic(spec))
            }
            other => Err(SpecError::UnknownSource(other.to_owned())),
        }
    }
}

impl FromStr for SourceSpec {
    type Err = SpecError;

    fn from_str(spec: &str) -> Result<Self, SpecError> {
        let (source, settings) = spec.split_once(':').unwrap_or((spec, ""));
        let settings: Vec<(&str, &str)> = settings
            .split(',')
            .filter(|setting| !setting.is_empty())
            .map(|setting| setting.split_once('=').ok_or_else(|| SpecError::NotASetting(setting.to_owned())))
            .collect::<Result<_, _>>()?;
        Self::from_settings(source, settings)
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(spec) => write!(f, "host:hz={}", spec.hz),
            Self::Synthetic(SyntheticSpec { groups, series, hz, prefill, seed }) => {
                let prefill = duration::format(*prefill);
                write!(f, "synthetic:groups={groups},series={series},hz={hz},prefill={prefill},seed={seed}")
            }
        }
    }
}

/// A `[[source]]` table of the configuration: `kind`, and the same settings as on the command line.
#[derive(Deserialize)]
struct Table {
    kind: String,
    #[serde(flatten)]
    settings: std::collections::BTreeMap<String, toml::Value>,
}

impl TryFrom<Table> for SourceSpec {
    type Error = SpecError;

    fn try_from(table: Table) -> Result<Self, SpecError> {
        let settings: Vec<(String, String)> = table
            .settings
            .into_iter()
            .map(|(key, value)| match value {
                toml::Value::String(text) => (key, text),
                other => (key, other.to_string()),
            })
            .collect();
        Self::from_settings(&table.kind, settings.iter().map(|(key, value)| (key.as_str(), value.as_str())))
    }
}

fn unknown_key(source_name: &'static str, key: &str, expected: &'static str) -> SpecError {
    SpecError::UnknownKey { source_name, key: key.to_owned(), expected }
}

fn bad_value(key: &'static str, value: &str, expected: impl Into<String>) -> SpecError {
    SpecError::BadValue { key, value: value.to_owned(), expected: expected.into() }
}

fn number<T: FromStr>(key: &'static str, value: &str, expected: &str) -> Result<T, SpecError> {
    value.parse().map_err(|_| bad_value(key, value, expected))
}

fn hz(value: &str) -> Result<f64, SpecError> {
    let expected = format!("rows a second, above 0 and at most {MAX_HZ}");
    let hz: f64 = number("hz", value, &expected)?;
    if !(hz.is_finite() && hz > 0.0 && hz <= MAX_HZ) {
        return Err(bad_value("hz", value, expected));
    }
    Ok(hz)
}

fn count(key: &'static str, value: &str, limit: u32) -> Result<u32, SpecError> {
    let expected = format!("a whole number from 1 to {limit}");
    let count = number(key, value, &expected)?;
    if count == 0 || count > limit {
        return Err(bad_value(key, value, expected));
    }
    Ok(count)
}

fn prefill(value: &str) -> Result<Duration, SpecError> {
    let expected = "a duration from `0s` to `24h`, such as `60s` or `5m`";
    let prefill = duration::parse(value).map_err(|_| bad_value("prefill", value, expected))?;
    if prefill > MAX_PREFILL {
        return Err(bad_value("prefill", value, expected));
    }
    Ok(prefill)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(spec: &str) -> String {
        spec.parse::<SourceSpec>().expect_err("must be refused").to_string()
    }

    #[test]
    fn a_spec_says_only_what_differs_from_the_default() {
        assert_eq!("host".parse(), Ok(SourceSpec::Host(HostSpec { hz: 10.0 })));
        assert_eq!("host:hz=2.5".parse(), Ok(SourceSpec::Host(HostSpec { hz: 2.5 })));
        let spec = SyntheticSpec { groups: 3, prefill: Duration::from_secs(2), ..SyntheticSpec::default() };
        assert_eq!("synthetic:groups=3,prefill=2s".parse(), Ok(SourceSpec::Synthetic(spec)));
    }

    #[test]
    fn a_spec_reads_back_as_it_is_written() {
        for spec in ["host:hz=10", "synthetic:groups=12,series=8,hz=100,prefill=1m,seed=1"] {
            assert_eq!(spec.parse::<SourceSpec>().expect("valid").to_string(), spec);
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        assert_eq!(refusal("hots"), "unknown source `hots`: expected `host` or `synthetic`");
        assert_eq!(refusal("host:hz=0"), "`hz=0`: expected rows a second, above 0 and at most 10000");
        assert_eq!(refusal("host:hz=NaN"), "`hz=NaN`: expected rows a second, above 0 and at most 10000");
        assert_eq!(refusal("host:rate=1"), "source `host` has no setting `rate`: expected `hz`");
        assert_eq!(refusal("host:hz"), "`hz` is not a setting: expected `key=value`");
        assert_eq!(refusal("synthetic:groups=0"), "`groups=0`: expected a whole number from 1 to 10000");
        let expected = "a duration from `0s` to `24h`, such as `60s` or `5m`";
        assert_eq!(refusal("synthetic:prefill=60"), format!("`prefill=60`: expected {expected}"));
    }
}
